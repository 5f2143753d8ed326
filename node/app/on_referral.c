/* SPDX-License-Identifier: Apache-2.0 */
/* on_referral: what a partner says about a referral. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/canon.h"
#include "base/canon.h"
#include "base/event.h"
#include "case.h"
#include "disclosure.h"
#include "domain/origin.h"
#include "erase.h"
#include "events.h"
#include "handlers.h"
#include "intake.h"
#include "origin.h"
#include "store/consentstore.h"
#include "traffic.h"

/* The referral that the partner means: theirs and ours, on the side from which they may speak. */
static int
find(struct app *app, const char *id, const struct origin *origin, enum referral_side own_side,
    struct case_row *ret)
{
	int r = case_get(app->db, id, ret);

	if (r == E_NOTFOUND)
		return err_set(origin->reason, E_REFUSED, "no such referral is known here");
	if (r != 0)
		return r;
	if (!strcmp(ret->org, origin->org) && ret->r.side == own_side)
		return 0;
	case_free(ret);
	return err_set(origin->reason, E_REFUSED, "this referral is not the sender's to change");
}

/* Apply the partner's step; one that was applied before needs only another acknowledgement. */
static int
apply(struct app *app, struct case_row *row, enum referral_input input, enum referral_actor actor,
    const char *content_id, const struct origin *origin)
{
	char who[80];
	int r;

	(void)snprintf(who, sizeof(who), "partner:%s", origin->org);
	r = case_step(app, row, input, actor, who, content_id, origin->reason);
	return r == E_EXISTS ? 0 : r;
}

/* Replace ${*text} by the content as received. */
static int
keep(char **text, const struct origin *origin)
{
	char *copy = json_text(origin->content, JSON_COMPACT);

	if (copy == NULL)
		return -ENOMEM;
	free(*text);
	*text = copy;
	return 0;
}

int
on_referral_request(struct app *app, const struct ev_referral_request *ev, const struct origin *origin)
{
	struct case_row row = { .id = ev->referral, .org = (char *)origin->org,
	    .r = referral_start(REFERRAL_AT_TARGET), .created = app_now(app) };
	struct case_row known;
	const char *erased;
	int r = case_get(app->db, ev->referral, &known);

	if (r == 0) {
		case_free(&known);
		return err_set(origin->reason, E_REFUSED, "a referral with this id exists already");
	}
	/* What was erased does not come back by a repetition. */
	if (r == E_NOTFOUND && (r = erase_state(app, ev->referral, &erased)) == 0)
		return err_set(origin->reason, E_REFUSED, "a referral with this id was erased here");
	if (r != E_NOTFOUND || (r = origin_check(json_str(origin->content, "origin"),
	    json_is_true(json_object_get(origin->content, "voluntary")), origin->reason)) != 0 ||
	    (r = keep(&row.request, origin)) != 0)
		return r;
	if ((r = apply(app, &row, REFERRAL_IN_SEND, REFERRAL_BY_SOURCE, ev->id, origin)) == 0)
		r = apply(app, &row, REFERRAL_IN_RECEIVE, REFERRAL_BY_TARGET, ev->id, origin);
	free(row.request);
	return r;
}

int
on_referral_ack(struct app *app, const struct ev_referral_ack *ev, const struct origin *origin)
{
	int r = 0;

	for (size_t i = 0; i < ev->n_ack_of && r == 0; i++)
		r = traffic_acked(app, origin->org, ev->ack_of[i]);
	return r;
}

int
on_referral_answer(struct app *app, const struct ev_referral_answer *ev, const struct origin *origin)
{
	static const enum referral_input input[EV_DECISION_END] = {
		[EV_DECISION_ACCEPT] = REFERRAL_IN_ACCEPT, [EV_DECISION_WAITLIST] = REFERRAL_IN_WAITLIST,
		[EV_DECISION_DECLINE] = REFERRAL_IN_DECLINE,
	};
	const char *reason = event_enum_text(&ev_decline_reason_names, ev->reason);
	struct case_row row;
	int r = find(app, ev->referral, origin, REFERRAL_AT_SOURCE, &row);

	if (r != 0)
		return r;
	/* To answer is to have received, even if the acknowledgement is still on its way. */
	if (row.r.state == REFERRAL_SENT)
		r = apply(app, &row, REFERRAL_IN_RECEIVE, REFERRAL_BY_TARGET, ev->id, origin);
	if (r == 0 && reason != NULL) {
		free(row.reason);
		if ((row.reason = strdup(reason)) == NULL)
			r = -ENOMEM;
	}
	if (r == 0)
		r = apply(app, &row, input[ev->decision], REFERRAL_BY_TARGET, ev->id, origin);
	case_free(&row);
	return r;
}

int
on_referral_disclosure(struct app *app, const struct ev_referral_disclosure *ev,
    const struct origin *origin)
{
	struct consent_row consent = { .id = ev->consent.id, .referral = ev->referral,
	    .org = (char *)origin->org, .granted_at = app_now(app) };
	autofree char *text = NULL;
	struct case_row row;
	int r = find(app, ev->referral, origin, REFERRAL_AT_TARGET, &row);

	if (r != 0)
		return r;
	if ((r = disclosure_received(app, &row, origin->content, origin->reason)) == 0)
		r = keep(&row.disclosure, origin);
	if (r == 0)
		r = apply(app, &row, REFERRAL_IN_CONSENT, REFERRAL_BY_MEMBER, ev->id, origin);
	if (r == 0)
		r = intake_disclosed(app, row.id, json_obj(origin->content, "identity"));
	if (r == 0) {
		text = json_text(json_object_get(origin->content, "consent"), JSON_COMPACT);
		consent.consent = text;
		r = text != NULL ? consent_put(app->db, &consent) : -ENOMEM;
		if (r == E_REFUSED)
			r = err_set(origin->reason, E_REFUSED, "the consent's id is another consent's");
	}
	case_free(&row);
	return r;
}

int
on_referral_outcome(struct app *app, const struct ev_referral_outcome *ev, const struct origin *origin)
{
	struct case_row row;
	int r = find(app, ev->referral, origin, REFERRAL_AT_SOURCE, &row);

	if (r != 0)
		return r;
	if ((r = keep(&row.outcome, origin)) == 0)
		r = apply(app, &row, ev->stage == EV_STAGE_CLOSED ? REFERRAL_IN_CLOSE : REFERRAL_IN_ENGAGE,
		    REFERRAL_BY_TARGET, ev->id, origin);
	case_free(&row);
	return r;
}
