/* SPDX-License-Identifier: Apache-2.0 */
#include "caseview.h"

#include <errno.h>
#include <string.h>

#include "base/canon.h"
#include "case.h"
#include "casepath.h"
#include "domain/referral.h"
#include "domain/when.h"
#include "intake.h"
#include "view.h"

/* What a step's content says, but for what every content says. */
static int
put_details(json_t *line, const char *text)
{
	static const char *const every[] = { "v", "id", "seq", "referral", "prev", "leg", "body", "sent_at" };
	json_t *details;
	int r = view_part(line, "details", text);

	details = json_obj(line, "details");
	/* Who somebody is, is shown once. */
	if (json_object_get(details, "consent") != NULL)
		return json_object_del(line, "details") != 0 ? ERR_CORRUPT : r;
	for (size_t i = 0; i < nelem(every) && details != NULL; i++)
		(void)json_object_del(details, every[i]);
	return r;
}

/* The steps that count, each from where the one before ended. */
static int
put_history(json_t *out, const struct path *path, const struct step_row *steps)
{
	json_t *lines = json_array();

	if (json_object_set_new(out, "history", lines) != 0)
		return -ENOMEM;
	for (size_t i = path_next(path, PATH_NONE); i != PATH_NONE; i = path_next(path, i)) {
		const struct referral_move *move = &path_at(path, i)->move;
		/* That the member spoke, one side says. */
		const char *said = move->actor != REFERRAL_BY_MEMBER ? NULL : path_at(path, i)->by == REFERRAL_AT_SOURCE ? "source" : "target";
		json_t *line = json_pack("{s:o, s:s, s:s*, s:s, s:s, s:s}", "at", view_time(move->at), "actor",
		    referral_actor_name(move->actor), "said_by", said, "input", referral_input_name(move->input),
		    "from", referral_state_name(path_before(path, i)->state),
		    "to", referral_state_name(path_after(path, i)->state));
		int r;

		if (line == NULL || json_array_append_new(lines, line) != 0)
			return -ENOMEM;
		if ((r = put_details(line, steps[i].content)) != 0)
			return r;
	}
	return 0;
}

/* Steps that do not count, and why. */
static int
put_overtaken(json_t *out, const struct path *path)
{
	autojson json_t *lines = json_array();
	int r = lines == NULL;

	for (size_t i = 0; i < path_size(path) && r == 0; i++) {
		const struct referral_move *move = &path_at(path, i)->move, *won = NULL;
		const char *input = referral_input_name(move->input), *actor = referral_actor_name(move->actor);
		const char *heed = path_leaves(path_at(path, i)) ? ": take the member at their word, and ask the partner's staff" : "";
		json_t *text = NULL;
		size_t by;

		switch (path_standing(path, i, &by)) {
		case PATH_COUNTS:
			continue;
		case PATH_OVERTAKEN:
			won = &path_at(path, by)->move;
			text = json_sprintf("%s by the %s was overtaken: %s by the %s was made at the same time and counts; if it "
			    "still holds, do it again", input, actor, referral_input_name(won->input),
			    referral_actor_name(won->actor));
			break;
		case PATH_WAITS:
			text = json_sprintf("%s by the %s waits for something said before it that has not arrived%s", input, actor, heed);
			break;
		case PATH_VOID:
			text = json_sprintf("%s by the %s was not possible when it was made%s", input, actor, heed);
			break;
		}
		r = json_array_append_new(lines, json_pack("{s:o, s:s, s:s, s:o}", "at", view_time(move->at), "actor", actor, "input",
		    input, "text", text));
	}
	if (r == 0 && json_array_size(lines) > 0)
		r = json_object_set(out, "overtaken", lines);
	return r != 0 ? -ENOMEM : 0;
}

/* Ours, that was never told: the consent ended before the partner had it. */
static int
put_untold(struct app *app, json_t *out, const struct case_row *row)
{
	autojson json_t *lines = json_array();
	struct step_row *steps = NULL;
	size_t n = 0;
	int r = lines == NULL ? -ENOMEM : step_list_apart(app->db, row->id, &steps, &n);

	for (size_t i = 0; i < n && r == 0; i++) {
		const char *input = referral_input_name(steps[i].step.move.input);
		json_t *line = json_pack("{s:o, s:s, s:o}", "at", view_time(steps[i].step.move.at), "input", input, "text",
		    json_sprintf("%s was never told to the partner: the consent ended before they had it, or it was made on such a step; "
		    "once there is a consent again, and if it still holds, do it again", input));

		if (line == NULL || json_array_append_new(lines, line) != 0)
			r = -ENOMEM;
		else
			r = put_details(line, steps[i].content);
	}
	step_list_free(steps, n);
	return r != 0 || n == 0 ? r : json_object_set(out, "untold", lines) != 0 ? -ENOMEM : 0;
}

static int
add_old(void *cookie, const struct step_old *s)
{
	return json_array_append_new(cookie, json_pack("{s:o, s:s, s:s, s:s, s:s}", "at", view_time(s->at), "actor", s->actor, "input",
	    s->input, "from", s->from, "to", s->to)) != 0 ? -ENOMEM : 0;
}

/* Of an older release: it can be read, and does not go on. */
static int
put_old(struct app *app, json_t *out, const struct case_row *row)
{
	autojson json_t *lines = json_array();
	int r = lines == NULL ? -ENOMEM : step_old_each(app->db, row->id, add_old, lines);

	if (r == 0 && referral_clock(&row->r) != NULL)
		r = json_object_set_new(out, "next", json_string("begun with an older release: it stays as it is; speak to the partner, "
		    "and send a new referral"));
	return r != 0 ? r : json_object_set(out, "history", lines) != 0 ? -ENOMEM : 0;
}

static int
put_steps(struct app *app, json_t *out, const struct case_row *row)
{
	autopath struct path *path = NULL;
	struct step_row *steps = NULL;
	size_t n = 0;
	int r = case_path(app, row, &path, NULL);

	if (r != 0)
		return r == E_REFUSED ? put_old(app, out, row) : r;
	if ((r = step_list(app->db, row->id, &steps, &n)) != 0)
		return r;
	if (path_tip(path) != PATH_NONE &&
	    json_object_set_new(out, "last_step", json_string(path_at(path, path_tip(path))->id)) != 0)
		r = -ENOMEM;
	if (r == 0 && (r = put_history(out, path, steps)) == 0)
		r = put_overtaken(out, path);
	if (r == 0)
		r = put_untold(app, out, row);
	step_list_free(steps, n);
	return r;
}

static int
add_child(void *cookie, const struct case_row *row)
{
	return json_array_append_new(cookie, json_string(row->id)) != 0 ? -ENOMEM : 0;
}

static int
put_full(struct app *app, const struct case_row *row, json_t *out)
{
	autojson json_t *children = json_array();
	int r;

	if (children == NULL || json_object_set_new(out, "moves", case_moves(app, row)) != 0)
		return -ENOMEM;
	if ((r = intake_alike(app, row->id, out)) != 0 || (r = view_part(out, "request", row->request)) != 0 ||
	    (r = view_part(out, "disclosure", row->disclosure)) != 0 ||
	    (r = put_steps(app, out, row)) != 0 || (r = case_children(app->db, row->id, add_child, children)) != 0)
		return r;
	return json_array_size(children) > 0 && json_object_set(out, "went_on_as", children) != 0 ? -ENOMEM : 0;
}

static int
put_delivery(struct app *app, const struct case_row *row, bool full, json_t *out)
{
	int64_t silent, stopped;
	int r = traffic_silent(app->db, row->id, &silent, &stopped);

	if (r != 0)
		return r;
	if (silent > 0)
		r = json_object_set_new(out, "delivery", json_string(full ? "not acknowledged by the partner for an hour or "
		    "more, or refused, and what was said later no longer waits for it; ask its staff what cairn list rejected shows there" :
		    "not acknowledged by the partner for an hour or more, or refused"));
	else if (stopped > 0)
		r = json_object_set_new(out, "delivery", json_string(full ? "something said of it was given up, or withheld "
		    "because its consent ended: the partner may not have it; speak to its staff" : "given up or withheld"));
	return r != 0 ? -ENOMEM : 0;
}

static int
put_turn(const struct case_row *row, json_t *out)
{
	const struct referral_clock *clock = referral_clock(&row->r);
	int64_t expire = referral_strike_at(&row->r);
	int r = 0;

	if (row->r.state == REFERRAL_ENDED)
		r |= json_object_set_new(out, "end", json_string(referral_end_name(row->r.end)));
	if (row->r.cancelling)
		r |= json_object_set_new(out, "withdrawal", json_string("asked for; the target has not confirmed it yet"));
	if (row->r.leg > 1)
		r |= json_object_set_new(out, "leg", json_integer(row->r.leg));
	if (clock == NULL)
		return r;
	r |= json_object_set_new(out, "next", json_sprintf("%s: %s", referral_actor_name(clock->owner), clock->owes));
	if (row->clock_due != 0)
		r |= json_object_set_new(out, "due", view_time(row->clock_due));
	r |= json_object_set_new(out, "then", json_string(clock->then));
	if (expire != INT64_MAX)
		r |= json_object_set_new(out, "until", view_time(expire));
	if (row->reminded > 0)
		r |= json_object_set_new(out, "overdue", json_sprintf("%s has not come: it was due since %lld reminder%s",
		    clock->owes, (long long)row->reminded, row->reminded == 1 ? "" : "s"));
	return r;
}

int
caseview(struct app *app, const struct case_row *row, bool full, json_t **ret)
{
	const json_t *outcome;
	autojson json_t *out = json_pack("{s:s, s:s, s:s, s:s, s:s*, s:s*, s:o, s:o, s:b}", "id", row->id, "direction",
	    row->r.side == REFERRAL_AT_SOURCE ? "out" : "in", "org", row->org, "state",
	    referral_state_name(row->r.state), "reason", row->reason, "part_of", row->part_of, "created",
	    view_time(row->created), "updated", view_time(row->updated), "consented", row->r.consented);
	int r;

	if (out == NULL || put_turn(row, out) != 0)
		return -ENOMEM;
	if ((r = put_delivery(app, row, full, out)) != 0 || (r = view_part(out, "outcome", row->outcome)) != 0)
		return r;
	/* In a list one word is enough: the code, or how far it has come. */
	if (!full && (outcome = json_obj(out, "outcome")) != NULL) {
		static const char *const names[] = { "outcome", "failure", "progress", "stage" };
		json_t *word = NULL;

		for (size_t i = 0; i < nelem(names) && word == NULL; i++)
			word = json_object_get(outcome, names[i]);
		if (word != NULL && json_object_set(out, "outcome", word) != 0)
			return -ENOMEM;
	}
	if (full && (r = put_full(app, row, out)) != 0)
		return r;
	*ret = take(out);
	return 0;
}
