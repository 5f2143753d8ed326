/* SPDX-License-Identifier: Apache-2.0 */
/* on_erasure: a partner has forgotten somebody, and asks us to; or says what it did. */
#include <stdlib.h>
#include <string.h>

#include "base/canon.h"
#include "base/event.h"
#include "erase.h"
#include "events.h"
#include "handlers.h"
#include "origin.h"
#include "store/askstore.h"
#include "store/casestore.h"
#include "store/consentstore.h"
#include "store/holdstore.h"
#include "store/subject.h"

static int
each_told(void *cookie, const struct disclosed_row *d)
{
	(void)d;
	*(bool *)cookie = true;
	return 0;
}

/*
 * Whom we referred is ours to forget, whatever the other side does; so is who was ever disclosed to us, or whom
 * staff did more for than to decline.
 */
static int
is_for_staff(struct app *app, const struct case_row *row, bool *ret)
{
	struct consent_row consent = { 0 };
	struct step_row *steps = NULL;
	size_t n = 0;
	int r = consent_for(app->db, row->id, &consent);

	*ret = r == 0 || row->r.side == REFERRAL_AT_SOURCE;
	consent_row_free(&consent);
	if ((r != 0 && r != E_NOTFOUND) || (r = disclosed_each(app->db, row->id, each_told, ret)) != 0 ||
	    (r = step_list(app->db, row->id, &steps, &n)) != 0)
		return r;
	for (size_t i = 0; i < n; i++)
		*ret |= steps[i].step.by == REFERRAL_AT_TARGET && steps[i].step.move.input != REFERRAL_IN_DECLINE;
	step_list_free(steps, n);
	return 0;
}

int
on_erasure_request(struct app *app, const struct ev_erasure_request *ev, const struct origin *origin)
{
	const char *state;
	struct case_row row;
	char who[SUBJECT_NAME];
	struct held held;
	bool staff;
	int r = case_get(app->db, ev->referral, &row);

	if (r < 0)
		return r;
	if (r != 0 || strcmp(row.org, origin->org) != 0) {
		if (r == 0)
			case_free(&row);
		/* Another's referral is as unknown to them as none. */
		r = r != 0 ? erase_state(app, ev->referral, &state) : 1;
		return r < 0 ? r : erase_answer(app, origin->org, ev->referral, ev->id, r == 0 ? "erased" : "unknown", origin->reason);
	}
	r = is_for_staff(app, &row, &staff);
	case_free(&row);
	if (r != 0 || (r = ask_put(app->db, ev->referral, origin->org, false)) != 0)
		return r;
	if ((r = hold_of(app->db, subject_referral(ev->referral, who), &held)) < 0)
		return r;
	/* Staff decide when the hold is lifted; what needs no decision is then done. */
	if (r == 0 && ((r = erase_answer(app, origin->org, ev->referral, NULL, "held", origin->reason)) != 0 || staff))
		return r;
	if (r == 0) {
		(void)snprintf(who, sizeof(who), "partner:%s", origin->org);
		return erase_want(app, ev->referral, who);
	}
	/* Of whom nobody told us who they are, and whom nobody here took on, nothing needs to be kept. */
	(void)snprintf(who, sizeof(who), "partner:%s", origin->org);
	if ((r = erase_answer(app, origin->org, ev->referral, NULL, staff ? "asked" : "erased", origin->reason)) != 0 || staff)
		return r;
	return erase_want(app, ev->referral, who);
}

int
on_erasure_ack(struct app *app, const struct ev_erasure_ack *ev, const struct origin *origin)
{
	struct ask ask = { .referral = ev->referral, .org = origin->org, .ours = true,
	    .answer = event_enum_text(&ev_erasure_result_names, ev->result), .until = ev->until };
	int r = ask_answer(app->db, &ask);

	return r == E_NOTFOUND ? err_set(origin->reason, E_REFUSED, "nobody asked this partner to erase that referral") : r;
}
