/* SPDX-License-Identifier: Apache-2.0 */
/* on_referral: what a partner says about a referral. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "agreed.h"
#include "base/canon.h"
#include "base/event.h"
#include "case.h"
#include "casepath.h"
#include "disclosure.h"
#include "domain/origin.h"
#include "erase.h"
#include "events.h"
#include "handlers.h"
#include "named.h"
#include "origin.h"
#include "store/dirstore.h"
#include "traffic.h"
#include "untold.h"

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

/* What every step of a partner says of itself. */
struct heard {
	const char	*referral, *id, *prev;
	int64_t		 leg, at;
	bool		 kept;		/* With its content. */
};

/* A partner's body is free text, which may name somebody: it is neither kept nor shown. */
static json_t *
without_words(const struct origin *origin)
{
	json_t *said = json_copy((json_t *)(uintptr_t)origin->content);

	if (said != NULL)
		(void)json_object_del(said, "body");
	return said;
}

static int
apply(struct app *app, struct case_row *row, const struct heard *heard, enum referral_input input,
    enum referral_actor actor, const struct origin *origin)
{
	autojson json_t *said = heard->kept ? without_words(origin) : NULL;
	char who[80];
	const struct case_step step = { .input = input, .actor = actor, .who = who, .id = heard->id,
	    .prev = heard->prev, .leg = heard->leg, .at = heard->at, .content = said };
	int r;

	if (heard->kept && said == NULL)
		return -ENOMEM;
	(void)snprintf(who, sizeof(who), "partner:%s", origin->org);
	r = case_step(app, row, &step, origin->reason);
	/* Known: one that was withheld and one that was sent have one id.  No place: it comes again. */
	return r == E_EXISTS ? 0 : r == E_NOTFOUND ? E_REFUSED : r;
}

/* One of the partner's, who is on the other side. */
static int
hear(struct app *app, const struct heard *heard, enum referral_input input, enum referral_actor actor,
    const struct origin *origin)
{
	struct case_row row;
	int r = find(app, heard->referral, origin, actor == REFERRAL_BY_TARGET ? REFERRAL_AT_SOURCE : REFERRAL_AT_TARGET,
	    &row);

	if (r != 0)
		return r;
	r = apply(app, &row, heard, input, actor, origin);
	case_free(&row);
	return r;
}

#define HEARD(ev)	{ (ev)->referral, (ev)->id, (ev)->prev, (ev)->leg, (ev)->sent_at, true }

/* Of a request we say ourselves what it says. */
static int
keep(char **text, const struct origin *origin)
{
	autojson json_t *said = without_words(origin);
	char *copy;

	if (said == NULL || case_put_words(said) != 0 || (copy = json_text(said, JSON_COMPACT)) == NULL)
		return -ENOMEM;
	free(*text);
	*text = copy;
	return 0;
}

/* Somebody is asked for who is ours, is published, and takes people in. */
static int
is_asked_for(struct app *app, const char *to, struct err *reterr)
{
	autojson json_t *body = NULL;
	struct own_record rec;
	int r = own_get(app->db, to, &rec);

	if (r == E_NOTFOUND)
		return err_set(reterr, E_REFUSED, "it is for a record that is none of ours");
	if (r != 0)
		return r;
	if ((r = canon_stored(rec.body, &body)) == 0 && (r = case_takes(rec.kind, body, reterr)) == E_REFUSED)
		err_add(reterr, "the record that it is for");
	else if (r == 0 && rec.record == NULL)
		r = err_set(reterr, E_REFUSED, "it is for a record that is not published");
	own_free(&rec);
	return r;
}

int
on_referral_request(struct app *app, const struct ev_referral_request *ev, const struct origin *origin)
{
	struct case_row row = { .id = ev->referral, .org = (char *)origin->org,
	    .r = referral_start(REFERRAL_AT_TARGET), .created = app_now(app) };
	const struct heard heard = { ev->referral, ev->id, "", 1, ev->sent_at, false };
	struct case_row known;
	char who[80];
	const char *erased;
	int r = case_get(app->db, ev->referral, &known);

	if (r == 0) {
		case_free(&known);
		return err_set(origin->reason, E_REFUSED, "a referral with this id exists already");
	}
	/* What was erased does not come back by a repetition. */
	if (r == E_NOTFOUND && (r = erase_state(app, ev->referral, &erased)) == 0)
		return err_set(origin->reason, E_REFUSED, "a referral with this id was erased here");
	if (r != E_NOTFOUND)
		return r;
	if (json_is_false(json_object_get(origin->content, "voluntary")))
		return err_set(origin->reason, E_REFUSED, "the request says that the member does not want it, and peer support is voluntary");
	if ((r = origin_check(json_str(origin->content, "origin"), json_is_true(json_object_get(origin->content, "voluntary")),
	    origin->reason)) != 0 || (r = is_asked_for(app, ev->to, origin->reason)) != 0 || (r = keep(&row.request, origin)) != 0)
		return r;
	(void)snprintf(who, sizeof(who), "partner:%s", origin->org);
	if ((r = apply(app, &row, &heard, REFERRAL_IN_SEND, REFERRAL_BY_SOURCE, origin)) == 0)
		r = case_received(app, &row, ev->id, who);
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
on_referral_refused(struct app *app, const struct ev_referral_refused *ev, const struct origin *origin)
{
	return traffic_refused(app, origin->org, ev->of, ev->why);
}

int
on_referral_answer(struct app *app, const struct ev_referral_answer *ev, const struct origin *origin)
{
	static const enum referral_input input[EV_DECISION_END] = {
		[EV_DECISION_ACCEPT] = REFERRAL_IN_ACCEPT, [EV_DECISION_WAITLIST] = REFERRAL_IN_WAITLIST,
		[EV_DECISION_DECLINE] = REFERRAL_IN_DECLINE, [EV_DECISION_ASK_INFO] = REFERRAL_IN_ASK_INFO,
		[EV_DECISION_FORWARD] = REFERRAL_IN_FORWARD, [EV_DECISION_CONFIRM] = REFERRAL_IN_CONFIRM,
	};
	const struct heard heard = HEARD(ev);

	return hear(app, &heard, input[ev->decision], REFERRAL_BY_TARGET, origin);
}

int
on_referral_progress(struct app *app, const struct ev_referral_progress *ev, const struct origin *origin)
{
	static const enum referral_input input[EV_PROGRESS_END] = {
		[EV_PROGRESS_CONTACT] = REFERRAL_IN_CONTACT, [EV_PROGRESS_SCHEDULE] = REFERRAL_IN_SCHEDULE,
		[EV_PROGRESS_NO_SHOW] = REFERRAL_IN_NO_SHOW, [EV_PROGRESS_VISIT_CANCELLED] = REFERRAL_IN_NO_SHOW,
		[EV_PROGRESS_ENGAGE] = REFERRAL_IN_ENGAGE, [EV_PROGRESS_PAUSE] = REFERRAL_IN_PAUSE,
		[EV_PROGRESS_RESUME] = REFERRAL_IN_RESUME,
	};
	const struct heard heard = HEARD(ev);
	int r = untold_takes(app, ev->referral, ev->seq, origin->reason);

	return r != 0 ? r : hear(app, &heard, input[ev->progress], REFERRAL_BY_TARGET, origin);
}

int
on_referral_outcome(struct app *app, const struct ev_referral_outcome *ev, const struct origin *origin)
{
	const struct heard heard = HEARD(ev);
	int r = untold_takes(app, ev->referral, ev->seq, origin->reason);

	return r != 0 ? r : hear(app, &heard, ev->stage == EV_STAGE_CLOSED ? REFERRAL_IN_CLOSE : REFERRAL_IN_FAIL, REFERRAL_BY_TARGET,
	    origin);
}

int
on_referral_change(struct app *app, const struct ev_referral_change *ev, const struct origin *origin)
{
	static const enum referral_input input[EV_CHANGE_END] = {
		[EV_CHANGE_WITHDRAW] = REFERRAL_IN_WITHDRAW, [EV_CHANGE_GIVE_INFO] = REFERRAL_IN_GIVE_INFO,
		[EV_CHANGE_SCHEDULE] = REFERRAL_IN_SCHEDULE, [EV_CHANGE_PAUSE] = REFERRAL_IN_PAUSE,
		[EV_CHANGE_RESUME] = REFERRAL_IN_RESUME, [EV_CHANGE_CLOSE] = REFERRAL_IN_CLOSE,
		[EV_CHANGE_REOPEN] = REFERRAL_IN_REOPEN, [EV_CHANGE_MISTAKE] = REFERRAL_IN_MISTAKE,
	};
	const struct heard heard = HEARD(ev);
	int r = ev->change == EV_CHANGE_GIVE_INFO ? named_heard(app, ev->referral, origin) : 0;

	return r != 0 ? r : hear(app, &heard, input[ev->change], ev->by == EV_CHANGE_BY_MEMBER ? REFERRAL_BY_MEMBER : REFERRAL_BY_SOURCE,
	    origin);
}

int
on_referral_withheld(struct app *app, const struct ev_referral_withheld *ev, const struct origin *origin)
{
	const struct heard heard = HEARD(ev);

	return hear(app, &heard, REFERRAL_IN_CONSENT, REFERRAL_BY_MEMBER, origin);
}

int
on_referral_disclosure(struct app *app, const struct ev_referral_disclosure *ev,
    const struct origin *origin)
{
	const struct heard heard = HEARD(ev);
	struct case_row row;
	int r = find(app, ev->referral, origin, REFERRAL_AT_TARGET, &row);

	if (r != 0)
		return r;
	/* Overtaken, by a decline for one: it is forgotten at once, and nothing is held under its consent. */
	if ((r = disclosure_received(app, &row, origin->content, origin->reason)) == 0 &&
	    (r = apply(app, &row, &heard, REFERRAL_IN_CONSENT, REFERRAL_BY_MEMBER, origin)) == 0)
		r = agreed_received(app, &row, ev->id, origin->content, origin->reason);
	case_free(&row);
	return r;
}
