/* SPDX-License-Identifier: Apache-2.0 */
#include "untold.h"

#include <errno.h>
#include <string.h>

#include "base/canon.h"
#include "base/event.h"
#include "base/id.h"
#include "casepath.h"
#include "disclosure.h"
#include "events.h"
#include "handlers.h"
#include "origin.h"
#include "traffic.h"

#define TYPE_SETTLE	ID_NAMESPACE "referral.settle"
#define TYPE_SETTLED	ID_NAMESPACE "referral.settled"

enum { AGAIN_MS = 300 * 1000 };		/* A partner who is not trusted now is asked later. */

static const char *const news[] = { ID_NAMESPACE "referral.progress", ID_NAMESPACE "referral.outcome" };

struct asking {
	struct app	*app;
	const struct case_row *row;
};

static int
hold_one(void *cookie, const char *content_id)
{
	struct asking *a = cookie;

	return case_hold(a->app, a->row, content_id);
}

/* 0; E_LATER: they cannot be asked now. */
static int
ask(struct app *app, const struct case_row *row)
{
	autojson json_t *content = json_pack("{s:s, s:s}", "referral", row->id, "body",
	    "The consent to tell you more has ended. Which of the steps of this referral do you have?");
	struct asking a = { app, row };
	char id[ID_LEN + 1];
	int r = content == NULL ? -ENOMEM : traffic_send(app, row->org, row->id, TYPE_SETTLE, content, id, NULL);

	for (size_t i = 0; i < nelem(news) && r == 0; i++)
		r = traffic_untold_each(app->db, row->id, news[i], INT64_MAX, hold_one, &a);
	return r == E_NOTFOUND || r == E_REFUSED ? E_LATER : r;
}

int
untold_look(struct app *app, struct case_row *row)
{
	int64_t before, from, until = 0;
	int r;

	if (row->r.side != REFERRAL_AT_TARGET)
		return 0;
	if ((r = case_tells(app->db, row->id, &before, &from)) != 0)
		return r == E_NOTFOUND ? 0 : r;
	if ((r = disclosure_tells(app, row, &until)) != 0 && r != E_REFUSED)
		return r;
	r = before != 0 && until == 0 ? ask(app, row) : 0;
	if (r == E_LATER) {
		until = app_now(app) + AGAIN_MS;
		r = 0;
	}
	if (r != 0 || until == before)
		return r;
	return (r = case_tells_until(app->db, row->id, until)) != 0 ? r : case_wind(app, row);
}

int
untold_refused(struct app *app, const char *content_id)
{
	struct traffic t;
	struct case_row row;
	int r = traffic_get(app->db, content_id, &t);

	if (r != 0)
		return r == E_NOTFOUND ? 0 : r;
	if (t.referral != NULL && disclosure_of(t.type) && (r = case_get(app->db, t.referral, &row)) == 0) {
		r = untold_look(app, &row);
		case_free(&row);
	}
	traffic_free(&t);
	return r == E_NOTFOUND ? 0 : r;
}

int
untold_takes(struct app *app, const char *referral, int64_t seq, struct err *reason)
{
	int64_t until, from;
	int r = case_tells(app->db, referral, &until, &from);

	if (r != 0)
		return r == E_NOTFOUND ? 0 : r;
	return seq >= from ? 0 : err_set(reason, E_EXISTS, "its sender was told that this has not come, and takes it as unsaid");
}

/* The ids of the partner's steps that we hold. */
static int
list_theirs(struct app *app, const char *referral, json_t *have)
{
	struct step_row *steps = NULL;
	size_t n = 0;
	int r = step_list(app->db, referral, &steps, &n);

	for (size_t i = 0; i < n && r == 0; i++)
		if (steps[i].step.by == REFERRAL_AT_TARGET)
			r = json_array_append_new(have, json_string(steps[i].step.id)) != 0 ? -ENOMEM : 0;
	step_list_free(steps, n);
	return r;
}

int
on_referral_settle(struct app *app, const struct ev_referral_settle *ev, const struct origin *origin)
{
	autojson json_t *have = json_array(), *content = NULL;
	struct case_row row = { 0 };
	char id[ID_LEN + 1];
	bool known;
	int r = case_get(app->db, ev->referral, &row);

	if (r < 0)
		return r;
	/* Of what was erased, and of another's, we have nothing. */
	known = r == 0 && !strcmp(row.org, origin->org) && row.r.side == REFERRAL_AT_SOURCE;
	case_free(&row);
	if (have == NULL)
		return -ENOMEM;
	if (known && ((r = case_takes_from(app->db, ev->referral, ev->seq)) != 0 || (r = list_theirs(app, ev->referral, have)) != 0))
		return r;
	content = json_pack("{s:s, s:s, s:O, s:s}", "referral", ev->referral, "of", ev->id, "have", have, "body",
	    "These steps of yours have come; no older news is taken any more.");
	if (content == NULL)
		return -ENOMEM;
	return known ? traffic_send(app, origin->org, ev->referral, TYPE_SETTLED, content, id, origin->reason) :
	    traffic_unknown(app, origin->org, ev->id, TYPE_SETTLED, content);
}

struct settling {
	struct app	*app;
	struct case_row	*row;
	const struct ev_referral_settled *ev;
};

/* One that the source had not acknowledged when it was asked. */
static int
settle_one(void *cookie, const char *content_id)
{
	struct settling *s = cookie;

	for (size_t i = 0; i < s->ev->n_have; i++)
		if (!strcmp(s->ev->have[i], content_id))
			return traffic_acked(s->app, s->row->org, content_id);
	return case_untell(s->app, s->row, content_id);
}

static bool
is_news(const char *type)
{
	for (size_t i = 0; i < nelem(news); i++)
		if (!strcmp(news[i], type))
			return true;
	return false;
}

/* What was held because it was made on something that has come after all, goes on. */
static int
go_on(struct app *app, const struct case_row *row)
{
	struct step_row *steps = NULL;
	size_t n = 0;
	int r = step_list(app->db, row->id, &steps, &n);

	for (size_t i = 0; i < n && r == 0; i++) {
		struct traffic t;

		if ((r = traffic_get(app->db, steps[i].step.id, &t)) != 0) {
			r = r == E_NOTFOUND ? 0 : r;
			continue;
		}
		if (t.acked_at == 0 && t.resend_at == 0 && !is_news(t.type)) {
			t.resend_at = app_now(app);
			r = traffic_put(app->db, &t);
		}
		traffic_free(&t);
	}
	step_list_free(steps, n);
	return r;
}

/* The number of our question; E_REFUSED: there was none. */
static int
find_question(struct app *app, const struct ev_referral_settled *ev, const struct origin *origin, int64_t *ret)
{
	struct traffic t;
	int r = traffic_get(app->db, ev->of, &t);

	if (r == 0) {
		if (strcmp(t.type, TYPE_SETTLE) != 0 || strcmp(t.org, origin->org) != 0 || t.referral == NULL ||
		    strcmp(t.referral, ev->referral) != 0)
			r = E_NOTFOUND;
		*ret = t.seq;
		traffic_free(&t);
	}
	return r == E_NOTFOUND ? err_set(origin->reason, E_REFUSED, "the sender was not asked that") : r;
}

int
on_referral_settled(struct app *app, const struct ev_referral_settled *ev, const struct origin *origin)
{
	struct case_row row;
	struct settling s = { .app = app, .row = &row, .ev = ev };
	int64_t before = 0;
	int r = find_question(app, ev, origin, &before);

	if (r != 0 || (r = case_get(app->db, ev->referral, &row)) != 0)
		return r == E_NOTFOUND ? 0 : r;		/* It was erased meanwhile. */
	for (size_t i = 0; i < nelem(news) && r == 0; i++)
		r = traffic_untold_each(app->db, row.id, news[i], before, settle_one, &s);
	if (r == 0)
		r = go_on(app, &row);
	case_free(&row);
	return r;
}
