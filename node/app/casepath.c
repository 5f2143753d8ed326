/* SPDX-License-Identifier: Apache-2.0 */
#include "casepath.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "agreed.h"
#include "base/canon.h"
#include "base/event.h"
#include "case.h"
#include "domain/when.h"
#include "intake.h"
#include "remind.h"
#include "store/audit.h"
#include "store/outbox.h"
#include "traffic.h"
#include "untold.h"
#include "waits.h"

enum { CLOCKS_A_TURN = 16 };

#define EARLY	WHEN_DAY	/* By so much a partner's clock may be ahead of ours. */

/* What the conditions of a step look at is in its content. */
static int
read_move(const json_t *content, struct referral_move *move)
{
	const char *channel = json_str(content, "channel");

	move->meets_at = json_int(content, "meets_at", 0);
	move->supervised = json_is_true(json_object_get(content, "supervised"));
	return channel == NULL ? 0 : referral_channel_parse(channel, &move->channel);
}

static int
read_stored(struct step_row *row)
{
	autojson json_t *content = NULL;
	int r = row->content != NULL ? canon_stored(row->content, &content) : 0;

	return r != 0 || content == NULL || read_move(content, &row->step.move) == 0 ? r : ERR_CORRUPT;
}

int
case_path(struct app *app, const struct case_row *row, struct path **ret, struct err *reterr)
{
	autopath struct path *path = path_new(row->r.side);
	struct step_row *steps = NULL;
	size_t n = 0;
	int r = path == NULL ? -ENOMEM : step_list(app->db, row->id, &steps, &n);

	for (size_t i = 0; i < n && r == 0; i++) {
		steps[i].step.move.heard = steps[i].recorded;
		if ((r = read_stored(&steps[i])) == 0 && (r = path_add(path, &steps[i].step, NULL)) == E_LATER)
			r = 0;
	}
	step_list_free(steps, n);
	if (r > 0)
		return ERR_CORRUPT;	/* What the rules refused was not stored. */
	if (r == 0 && n == 0 && row->r.state != REFERRAL_DRAFT)
		return err_next(reterr, err_set(reterr, E_REFUSED, "referral %s was recorded by an older release, and stays as it is",
		    row->id), "speak to the partner, and send a new referral");
	if (r == 0)
		*ret = take(path);
	return r;
}

/* Does the partner have it?  What we say is acknowledged; the rest is theirs, or made on both sides. */
static int
has(void *cookie, const struct path_step *step)
{
	struct app *app = cookie;
	struct traffic t;
	int r = traffic_get(app->db, step->id, &t);
	bool has = r == E_NOTFOUND || (r == 0 && t.acked_at != 0);

	if (r == 0)
		traffic_free(&t);
	return r < 0 ? r : has ? 0 : E_LATER;
}

/* The step on which one of ours is made; PATH_NONE: none was sent. */
static int
stand(struct app *app, const struct path *path, enum referral_input input, enum referral_actor actor, size_t *ret)
{
	const struct referral_move move = { .input = input, .actor = actor, .at = app_now(app) };

	*ret = path_tip(path);
	return actor == REFERRAL_BY_MEMBER && (input == REFERRAL_IN_WITHDRAW || input == REFERRAL_IN_REVOKE) ?
	    path_stand(path, &move, has, app, ret) : 0;
}

int
case_on(struct app *app, const struct case_row *row, enum referral_input input, enum referral_actor actor,
    json_t *content, struct err *reterr)
{
	autopath struct path *path = NULL;
	size_t on;
	int r = case_path(app, row, &path, reterr);

	if (r != 0 || (r = stand(app, path, input, actor, &on)) != 0)
		return r;
	if (on == PATH_NONE)
		return err_set(reterr, E_REFUSED, "referral %s was not sent yet", row->id);
	return json_object_set_new(content, "prev", json_string(path_at(path, on)->id)) != 0 ||
	    json_object_set_new(content, "leg", json_integer(path_after(path, on)->leg + (input == REFERRAL_IN_REOPEN))) != 0 ?
	    -ENOMEM : 0;
}

/* The newest of the steps with one of ${inputs} on the path; NULL if there is none. */
static const struct step_row *
newest_step(const struct path *path, const struct step_row *steps, unsigned inputs)
{
	const struct step_row *found = NULL;

	for (size_t i = path_next(path, PATH_NONE); i != PATH_NONE; i = path_next(path, i))
		if (1u << path_at(path, i)->move.input & inputs)
			found = &steps[i];
	return found;
}

static const char *
newest(const struct path *path, const struct step_row *steps, unsigned inputs)
{
	const struct step_row *found = newest_step(path, steps, inputs);

	return found != NULL ? found->content : NULL;
}

int
case_newest(struct app *app, const struct case_row *row, unsigned inputs, json_t **ret, int64_t *ret_at)
{
	autopath struct path *path = NULL;
	const struct step_row *found = NULL;
	struct step_row *steps = NULL;
	size_t n = 0;
	int r = case_path(app, row, &path, NULL);

	if (r == 0 && (r = step_list(app->db, row->id, &steps, &n)) == 0)
		found = newest_step(path, steps, inputs);
	if (r == 0)
		r = found == NULL || found->content == NULL ? E_NOTFOUND : canon_stored(found->content, ret);
	if (r == 0)
		*ret_at = found->recorded;
	step_list_free(steps, n);
	return r;
}

/* What is shown of the last outcome and the last reason: of steps that count. */
static int
say_outcome(struct case_row *row, const struct path *path, const struct step_row *steps)
{
	const char *outcome = newest(path, steps, 1u << REFERRAL_IN_CLOSE | 1u << REFERRAL_IN_FAIL | 1u << REFERRAL_IN_ENGAGE);
	const char *declined = newest(path, steps, 1u << REFERRAL_IN_DECLINE), *reason = NULL;
	autojson json_t *content = NULL;
	int r = declined != NULL ? canon_stored(declined, &content) : 0;

	if (r != 0)
		return r;
	reason = json_str(content, "reason");
	free(row->outcome);
	free(row->reason);
	row->outcome = outcome != NULL ? strdup(outcome) : NULL;
	row->reason = reason != NULL ? strdup(reason) : NULL;
	return (outcome != NULL && row->outcome == NULL) || (reason != NULL && row->reason == NULL) ? -ENOMEM : 0;
}

/* A disclosure goes only while its consent counts and nothing since has stopped it. */
static int
withhold(struct app *app, const struct path *path)
{
	int r = 0;

	for (size_t i = 0; i < path_size(path) && r == 0; i++) {
		bool may = path_at(path, i)->move.input != REFERRAL_IN_CONSENT;

		if (!may && path_standing(path, i, NULL) == PATH_COUNTS) {
			may = true;
			for (size_t k = path_next(path, i); k != PATH_NONE; k = path_next(path, k))
				may = may && !(path_effects(path, k) & REFERRAL_STOP_DISCLOSURE);
		}
		if (!may)
			r = traffic_withhold(app, path_at(path, i)->id);
	}
	return r;
}

static int64_t
remind_at(const struct case_row *row)
{
	struct referral r = row->r;

	if (r.since == 0)
		r.since = row->created;
	return referral_remind_at(&r, (unsigned)row->reminded + 1);
}

/* The next of: a reminder, its end, the end of the time in which the source may be told. */
static int
wind(struct app *app, struct case_row *row)
{
	struct referral since = row->r;
	int64_t at = remind_at(row), expire, until = 0, from;
	int r = case_tells(app->db, row->id, &until, &from);

	if (r != 0 && r != E_NOTFOUND)
		return r;
	if (since.since == 0)
		since.since = row->created;
	if ((expire = referral_strike_at(&since)) < at)
		at = expire;
	if (until != 0 && until < at)
		at = until;
	row->clock_due = at != INT64_MAX ? at : 0;
	return 0;
}

int
case_wind(struct app *app, struct case_row *row)
{
	int r = wind(app, row);

	return r != 0 ? r : case_put(app->db, row);
}

/* What waited has its place, or none.  That a member left stays among what waits, so that it goes on being named. */
static int
waits_no_more(struct app *app, const struct case_row *row, const struct path *path, size_t i)
{
	const struct path_step *step = path_at(path, i);
	enum path_standing standing = path_standing(path, i, NULL);
	int r = 0;

	if (standing == PATH_WAITS || (standing == PATH_VOID && path_leaves(step)))
		return 0;
	if (standing == PATH_VOID)
		r = audit_case(app->db, app_now(app), "node", "waiting-dropped", row->id, step->id);
	return r != 0 ? r : step_waits_no_more(app->db, row->id, step->id);
}

/* The steps have changed: ${row} is what they come to. */
static int
settle(struct app *app, struct case_row *row, const struct path *path)
{
	struct step_row *steps = NULL;
	bool told = false;
	size_t n = 0;
	int r = step_list(app->db, row->id, &steps, &n);

	for (size_t i = 0; i < n && i < path_size(path) && r == 0; i++)
		if (steps[i].waits)
			r = waits_no_more(app, row, path, i);
	if (r != 0) {
		step_list_free(steps, n);
		return r;
	}
	row->r = *path_state(path);
	row->updated = app_now(app);
	row->reminded = 0;
	if ((r = wind(app, row)) == 0 && (r = agreed_settle(app, row, path, steps, n, &told)) == 0 && (r = say_outcome(row, path, steps)) == 0 &&
	    (r = case_put(app->db, row)) == 0 && row->r.side == REFERRAL_AT_SOURCE)
		r = withhold(app, path);
	step_list_free(steps, n);
	return r == 0 && told ? untold_look(app, row) : r;
}

/* Which of its steps count now; the caller frees. */
static bool *
counting(const struct path *path)
{
	bool *counts = calloc(path_size(path) + 1, sizeof(*counts));

	for (size_t i = path_next(path, PATH_NONE); counts != NULL && i != PATH_NONE; i = path_next(path, i))
		counts[i] = true;
	return counts;
}

/* The person concerned and our staff hear of each step that counts and did not before: the one that came, and what had waited for it. */
static int
news(struct app *app, const struct case_row *row, const struct path *path, const bool *before, size_t n)
{
	int r = 0;

	for (size_t i = path_next(path, PATH_NONE); i != PATH_NONE && r == 0; i = path_next(path, i))
		if ((i >= n || !before[i]) && (r = intake_news(app, row, path_at(path, i), path_before(path, i)->state, path_effects(path, i))) == 0)
			r = remind_heard(app, row, path_at(path, i), path_effects(path, i));
	return r;
}

/* Add a step to the path and the store.  E_LATER: it waits. */
static int
record(struct app *app, const struct case_row *row, struct path *path, const struct path_step *step,
    const json_t *content, const char *who, struct err *reterr)
{
	autofree char *text = NULL;
	struct step_row stored = { .step = *step, .recorded = app_now(app) };
	int waits, r = step_has(app->db, row->id, step->id);

	/* The path does not know what is apart: a partner who had it may use its id for another. */
	if (r != E_NOTFOUND)
		return r == 0 ? E_EXISTS : r;
	if ((r = waits_room(app, row, path, step, reterr)) != 0)
		return r;
	stored.step.move.heard = stored.recorded;
	waits = path_add(path, &stored.step, reterr);
	if (waits != 0 && waits != E_LATER)
		return waits;
	if (content != NULL && (r = canon_text(content, &text, reterr)) != 0)
		return r;
	stored.content = text;
	stored.waits = waits == E_LATER;
	if ((r = step_put(app->db, row->id, &stored)) != 0 || (r = audit_case(app->db, app_now(app), who,
	    referral_input_name(step->move.input), row->id, NULL)) != 0)
		return r;
	return waits;
}

/* What a partner's step was made on, or (no ${prev}) what waits, may be what we can make ourselves: a receipt, or a clock that has run out. */
static int
derive_prev(struct app *app, const struct case_row *row, struct path *path, const char *prev, const char *who, bool *ret_made)
{
	struct path_step step;
	int r = 0;

	while (r == 0 && path_wanted(path, row->id, prev, app_now(app) + EARLY, &step) == 0)
		if ((r = record(app, row, path, &step, NULL, who, NULL)) == 0)
			*ret_made = true;
	return r > 0 ? 0 : r;
}

static int
explain(const struct app *app, const struct case_row *row, const struct path *path, const struct path_step *step, struct err *reterr)
{
	const struct referral_clock *turn = referral_clock(path_state(path));
	bool ours = turn == NULL || (turn->owner == REFERRAL_BY_TARGET) == (row->r.side == REFERRAL_AT_TARGET);
	autojson json_t *can = case_moves(app, row);
	autobuf struct buf b = { 0 };
	const json_t *command;
	size_t i;
	int r;

	/* A partner's may have been made on an earlier state: path_add has said what is wrong there. */
	if (path_tip(path) == path_find(path, step->prev) &&
	    step->move.leg == path_state(path)->leg + (step->move.input == REFERRAL_IN_REOPEN))
		referral_explain_refusal(path_state(path), &step->move, reterr);
	if (can == NULL)
		return -ENOMEM;
	/* While it is the other side's turn, what is possible is not what was wanted. */
	json_array_foreach(can, i, command)
		if (ours && (r = buf_printf(&b, "%s%s", i > 0 ? ", or " : "", json_string_value(command))) != 0)
			return r;
	return b.len > 0 ? err_next(reterr, E_REFUSED, "%s", b.data) :
	    err_next(reterr, E_REFUSED, "cairn show %s shows its state and whose turn it is", row->id);
}

static int
fill_step(struct app *app, const struct path *path, const struct case_step *in, struct path_step *ret, struct err *reterr)
{
	const enum referral_side own = path_state(path)->side;
	size_t on = PATH_NONE;
	int r = in->prev != NULL ? 0 : stand(app, path, in->input, in->actor, &on);

	if (r != 0)
		return r;
	*ret = (struct path_step){ .move = { .input = in->input, .actor = in->actor,
	    .at = in->at != 0 ? in->at : app_now(app), .leg = in->prev != NULL ? (unsigned)in->leg :
	    (on != PATH_NONE ? path_after(path, on)->leg : 1) + (in->input == REFERRAL_IN_REOPEN) } };
	ret->by = in->prev == NULL ? own : own == REFERRAL_AT_SOURCE ? REFERRAL_AT_TARGET : REFERRAL_AT_SOURCE;
	(void)snprintf(ret->id, sizeof(ret->id), "%s", in->id);
	if (in->prev != NULL || on != PATH_NONE)
		(void)snprintf(ret->prev, sizeof(ret->prev), "%s", in->prev != NULL ? in->prev : path_at(path, on)->id);
	if (in->content != NULL && read_move(in->content, &ret->move) != 0)
		return err_set(reterr, E_BAD, "channel: this way to reach somebody is not known");
	return 0;
}

/* One of ours that would change nothing. */
static bool
is_again(const struct path *path, const struct path_step *step)
{
	struct referral next;
	unsigned effects;

	return referral_step(path_state(path), &step->move, &next, &effects) == E_EXISTS;
}

int
case_may_step(struct app *app, const struct case_row *row, const struct case_step *in, struct err *reterr)
{
	autopath struct path *path = NULL;
	struct path_step step;
	int r = case_path(app, row, &path, reterr);

	if (r != 0 || (r = fill_step(app, path, in, &step, reterr)) != 0)
		return r;
	r = is_again(path, &step) ? E_EXISTS : path_add(path, &step, reterr);
	return r == E_REFUSED ? explain(app, row, path, &step, reterr) : r;
}

int
case_step(struct app *app, struct case_row *row, const struct case_step *in, struct err *reterr)
{
	autopath struct path *path = NULL;
	autofree bool *before = NULL;
	struct path_step step;
	bool made = false;
	size_t n;
	int r, settled;

	if (in->at > app_now(app) + EARLY)
		return err_set(reterr, E_REFUSED, "it was written, by its author's clock, more than a day from now");
	if ((r = case_path(app, row, &path, reterr)) != 0)
		return r;
	if (path_size(path) == 0 && (r = case_put(app->db, row)) != 0)
		return r;	/* The steps refer to it. */
	n = path_size(path);
	if ((before = counting(path)) == NULL)
		return -ENOMEM;
	if (in->prev != NULL && *in->prev != '\0' && (r = derive_prev(app, row, path, in->prev, in->who, &made)) != 0)
		return r;
	if ((r = fill_step(app, path, in, &step, reterr)) != 0)
		return r;
	if (in->prev == NULL && is_again(path, &step))
		return E_EXISTS;
	r = record(app, row, path, &step, in->content, in->who, reterr);
	if ((r == 0 || r == E_LATER) && (settled = derive_prev(app, row, path, NULL, in->who, &made)) != 0)
		return settled;
	/* The caller may keep what was done; the step before stands in any case. */
	if (r > 0 && r != E_LATER && made && (settled = settle(app, row, path)) != 0)
		return settled;
	if (r == E_REFUSED)
		return explain(app, row, path, &step, reterr);
	if (r != 0 && r != E_LATER)
		return r;
	if ((r = settle(app, row, path)) != 0 || (r = news(app, row, path, before, n)) != 0)
		return r;
	/* Staff have not seen what a member does in their chat, or a clock. */
	return in->prev == NULL && strcmp(in->who, "member") != 0 && strcmp(in->who, "node") != 0 ? remind_done(app, row->id) : 0;
}

/* It does not go (any more). */
static int
hold(struct app *app, const char *id)
{
	int r = outbox_void(app->db, "traffic", id);

	return r != 0 ? r : traffic_stop(app, id);
}

int
case_hold(struct app *app, const struct case_row *row, const char *id)
{
	autopath struct path *path = NULL;
	size_t on;
	int r = case_path(app, row, &path, NULL);

	if (r != 0)
		return r > 0 ? 0 : r;
	if ((on = path_find(path, id)) == PATH_NONE)
		return hold(app, id);
	for (size_t i = 0; i < path_size(path) && r == 0; i++)
		if (path_follows(path, i, on))
			r = hold(app, path_at(path, i)->id);
	return r;
}

int
case_untell(struct app *app, struct case_row *row, const char *id)
{
	autopath struct path *before = NULL, *path = NULL;
	size_t on;
	int r = case_path(app, row, &before, NULL);

	if (r != 0 || (on = path_find(before, id)) == PATH_NONE)
		return r > 0 ? 0 : r;
	/* Whoever has built on it has it. */
	for (size_t i = 0; i < path_size(before); i++)
		if (path_follows(before, i, on) && path_at(before, i)->by != row->r.side && *path_at(before, i)->id != ID_DERIVED)
			return traffic_acked(app, row->org, id);
	for (size_t i = 0; i < path_size(before) && r == 0; i++) {
		const char *one = path_at(before, i)->id;

		if (path_follows(before, i, on) && (r = step_apart(app->db, row->id, one)) == 0 && (r = hold(app, one)) == 0)
			r = audit_case(app->db, app_now(app), "node", "untold", row->id, one);
	}
	if (r != 0 || (r = case_path(app, row, &path, NULL)) != 0)
		return r > 0 ? ERR_CORRUPT : r;
	return settle(app, row, path);
}

/* A step that both sides make by themselves. */
static int
derive(struct app *app, struct case_row *row, size_t on, enum referral_input input, struct path *path, const char *who)
{
	autofree bool *before = counting(path);
	size_t n = path_size(path);
	struct path_step step;
	int r;

	if (before == NULL)
		return -ENOMEM;
	path_derive(row->id, path_at(path, on)->id, path_after(path, on), input, &step);
	r = record(app, row, path, &step, NULL, who, NULL);
	if (r == 0)
		r = settle(app, row, path);
	return r != 0 ? r : news(app, row, path, before, n);
}

int
case_received(struct app *app, struct case_row *row, const char *request, const char *who)
{
	autopath struct path *path = NULL;
	int r = case_path(app, row, &path, NULL);
	size_t on;

	if (r != 0)
		return r == E_REFUSED ? 0 : r;
	on = path_find(path, request);
	if (on == PATH_NONE || path_standing(path, on, NULL) > PATH_OVERTAKEN)
		return 0;
	r = derive(app, row, on, REFERRAL_IN_RECEIVE, path, who);
	return r > 0 ? 0 : r;
}

static int
strike(void *cookie, const struct case_row *due)
{
	struct app *app = cookie;
	const int64_t now = app_now(app);
	struct case_row row = *due;
	autopath struct path *path = NULL;
	int64_t until = 0, from;
	int r = case_path(app, due, &path, NULL);

	if (r == E_REFUSED) {
		row.clock_due = 0;	/* Of an older release: there is nothing to wait for. */
		return case_put(app->db, &row);
	}
	if (r != 0)
		return r;
	/* Texts that settle() frees. */
	row.disclosure = due->disclosure != NULL ? strdup(due->disclosure) : NULL;
	row.outcome = due->outcome != NULL ? strdup(due->outcome) : NULL;
	row.reason = due->reason != NULL ? strdup(due->reason) : NULL;
	row.r = *path_state(path);
	if ((due->disclosure != NULL && row.disclosure == NULL) || (due->outcome != NULL && row.outcome == NULL) || (due->reason != NULL && row.reason == NULL))
		r = -ENOMEM;	/* Nothing is stored without them. */
	else if ((r = case_tells(app->db, row.id, &until, &from)) != 0 || (until != 0 && until <= now && (r = untold_look(app, &row)) != 0))
		;	/* Before what comes next: that moment says nothing of what else happens. */
	else if (path_tip(path) != PATH_NONE && referral_strike_at(&row.r) <= now) {
		r = derive(app, &row, path_tip(path), REFERRAL_IN_EXPIRE, path, "clock");
		if (r > 0) {
			row.clock_due = 0;	/* Too many steps: it strikes no more. */
			r = case_put(app->db, &row);
		}
	} else {
		while (remind_at(&row) <= now)
			row.reminded++;
		if ((r = case_wind(app, &row)) == 0 && row.reminded > due->reminded)
			r = remind_struck(app, &row);
	}
	free(row.disclosure);
	free(row.outcome);
	free(row.reason);
	return r;
}

int
case_clock_step(struct app *app, bool *ret_more)
{
	int r = case_due(app->db, app_now(app), CLOCKS_A_TURN, strike, app);

	*ret_more |= r == 0 && case_next_due(app->db) <= app_now(app);
	return r;
}

int64_t
case_clock_due(struct app *app)
{
	return case_next_due(app->db);
}
