/* SPDX-License-Identifier: Apache-2.0 */
/* What staff do about a referral, one row a verb: the step it is, and the content that tells the partner. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/canon.h"
#include "base/id.h"
#include "case.h"
#include "casepath.h"
#include "disclosure.h"
#include "domain/referral.h"
#include "domain/when.h"
#include "hold.h"
#include "named.h"
#include "traffic.h"

/* The first that is possible is shown first: the usual way on. */
#define ANSWER		ID_NAMESPACE "referral.answer", "decision"
#define PROGRESS	ID_NAMESPACE "referral.progress", "progress"
#define OUTCOME		ID_NAMESPACE "referral.outcome", "stage"
#define CHANGE		ID_NAMESPACE "referral.change", "change"

enum { ACT_ARGS = 4 };

static const struct act {
	const char		*verb;
	enum referral_side	 side;
	enum referral_actor	 actor;		/* SOURCE: or the member, if the operator says so. */
	enum referral_input	 input;
	const char		*type, *key, *value;	/* Of the content. */
	const char		*rest;		/* Of the command, behind the id. */
	const char		*body;
	const char		*args[ACT_ARGS];	/* Of the operator, that go into the content. */
} acts[] = {
#define TARGET(verb, input, what, value, rest, body, ...)		\
	{ verb, REFERRAL_AT_TARGET, REFERRAL_BY_TARGET, REFERRAL_IN_##input, what, value, rest, body, { __VA_ARGS__ } },
#define SOURCE(verb, input, value, rest, body, ...)			\
	{ verb, REFERRAL_AT_SOURCE, REFERRAL_BY_SOURCE, REFERRAL_IN_##input, CHANGE, value, rest, body, { __VA_ARGS__ } },
#define MEMBER(verb, input, value, rest, body, ...)			\
	{ verb, REFERRAL_AT_SOURCE, REFERRAL_BY_MEMBER, REFERRAL_IN_##input, CHANGE, value, rest, body, { __VA_ARGS__ } },
	TARGET("accept", ACCEPT, ANSWER, "accept", "", "The request is accepted.", NULL)
	TARGET("confirm", CONFIRM, ANSWER, "confirm", "", "The withdrawal is confirmed.", NULL)
	TARGET("contact", CONTACT, PROGRESS, "contact", "CHANNEL", "The member was tried, and not reached.", "channel")
	TARGET("engage", ENGAGE, PROGRESS, "engage", "", "There is contact.", "sessions")
	TARGET("schedule", SCHEDULE, PROGRESS, "schedule", "TIME", "A meeting is arranged.", "meets_at")
	TARGET("no-show", NO_SHOW, PROGRESS, "no_show", "", "The meeting did not take place.", NULL)
	TARGET("pause", PAUSE, PROGRESS, "pause", "", "The support pauses.", NULL)
	TARGET("resume", RESUME, PROGRESS, "resume", "", "The support goes on.", NULL)
	TARGET("close", CLOSE, OUTCOME, "closed", "--code ...", "The referral is closed.", "outcome", "sessions")
	TARGET("fail", FAIL, OUTCOME, "failed", "lost_contact", "The referral failed.", "failure")
	TARGET("waitlist", WAITLIST, ANSWER, "waitlist", "", "The request is on the waiting list.", "position", "wait_days")
	TARGET("ask", ASK_INFO, ANSWER, "ask_info", "WHAT", "Before it is decided, something must be known.", "asks")
	TARGET("decline", DECLINE, ANSWER, "decline", "--reason ...", "The request is declined.", "reason", "reason_text")
	TARGET("forward", FORWARD, ANSWER, "forward", "RECORD", "Another program would suit better.", "to", "to_org")
	SOURCE("inform", GIVE_INFO, "give_info", "--language ...", "The answer to the question.", "info")
	SOURCE("withdraw", WITHDRAW, "withdraw", "", "The request is taken back.", NULL)
	SOURCE("reopen", REOPEN, "reopen", "", "The referral is open again.", NULL)
	SOURCE("mistake", MISTAKE, "mistake", "", "The request was entered in error.", "supervised")
	MEMBER("schedule", SCHEDULE, "schedule", "TIME", "The member would rather meet at another time.", "meets_at")
	MEMBER("pause", PAUSE, "pause", "", "The member wants to pause.", NULL)
	MEMBER("resume", RESUME, "resume", "", "The member wants to go on.", NULL)
	MEMBER("close", CLOSE, "close", "", "The member is done.", "outcome")
#undef TARGET
#undef SOURCE
#undef MEMBER
};

static bool
possible(const struct app *app, const struct case_row *row, enum referral_input input, enum referral_actor actor)
{
	const struct referral_move move = { .input = input, .actor = actor, .at = app_now(app) };
	struct referral next;
	unsigned effects;

	return referral_step(&row->r, &move, &next, &effects) == 0;
}

static int
add_move(json_t *list, const char *verb, const char *id, const char *rest)
{
	return json_array_append_new(list, json_sprintf("cairn %s %s%s%s", verb, id, *rest != '\0' ? " " : "", rest));
}

json_t *
case_moves(const struct app *app, const struct case_row *row)
{
	autojson json_t *ret = json_array();
	int r = ret == NULL;

	if (row->r.side == REFERRAL_AT_SOURCE && possible(app, row, REFERRAL_IN_CONSENT, REFERRAL_BY_MEMBER))
		r |= add_move(ret, "consent", row->id, "--template");
	if (row->r.side == REFERRAL_AT_SOURCE && row->r.state == REFERRAL_FORWARDED)
		r |= add_move(ret, "refer RECORD --part-of", row->id, "--need ...");
	for (size_t i = 0; i < nelem(acts) && r == 0; i++)
		if (acts[i].side == row->r.side && possible(app, row, acts[i].input, acts[i].actor))
			r |= add_move(ret, acts[i].verb, row->id, acts[i].rest);
		else if (acts[i].side == row->r.side && acts[i].actor == REFERRAL_BY_SOURCE &&
		    possible(app, row, acts[i].input, REFERRAL_BY_MEMBER))
			r |= add_move(ret, acts[i].verb, row->id, "--member");
	if (r == 0 && row->r.consented && possible(app, row, REFERRAL_IN_REVOKE, REFERRAL_BY_MEMBER))
		r |= add_move(ret, "revoke", row->id, "--how ... --recorded-by-file ...");
	return r == 0 ? take(ret) : NULL;
}

/* The answer to a question, of the arguments that are there. */
static json_t *
info_of(const json_t *args)
{
	static const char *const names[] = { "language", "modality", "urgency", "age_band", "times", "residence", "insurance",
	    "not_said" };
	autojson json_t *info = json_object();

	for (size_t i = 0; i < nelem(names) && info != NULL; i++) {
		json_t *value = json_object_get(args, names[i]);

		if (value != NULL && json_object_set(info, names[i], value) != 0)
			return NULL;
	}
	return take(info);
}

/* A count, as a number or as the digits that somebody typed. */
static int
copy_count(const char *key, json_t *value, json_t *content, struct err *reterr)
{
	const char *text = json_string_value(value);

	if (text == NULL)
		return json_object_set(content, key, value) != 0 ? -ENOMEM : 0;
	if (*text == '\0' || strlen(text) > 9 || text[strspn(text, "0123456789")] != '\0')
		return err_set(reterr, E_BAD, "%s: a number is wanted", key);
	return json_object_set_new(content, key, json_integer(strtol(text, NULL, 10))) != 0 ? -ENOMEM : 0;
}

static bool
is_count(const char *key)
{
	return !strcmp(key, "position") || !strcmp(key, "wait_days") || !strcmp(key, "sessions");
}

/* Copy what ${act} takes of the operator's arguments; the schema judges it. */
static int
copy_args(const struct act *act, const json_t *args, json_t *content, struct err *reterr)
{
	for (size_t i = 0; i < ACT_ARGS && act->args[i] != NULL; i++) {
		json_t *value = json_object_get(args, act->args[i]);
		int64_t ms;
		int r;

		if (value != NULL && !strcmp(act->args[i], "meets_at") && json_is_string(value)) {
			if (when_parse(json_string_value(value), &ms) != 0)
				return err_set(reterr, E_BAD, "meets_at: a day and time such as 2026-11-21T10:30:00Z is wanted");
			if (json_object_set_new(content, act->args[i], json_integer(ms)) != 0)
				return -ENOMEM;
		} else if (value == NULL && !strcmp(act->args[i], "info")) {
			if ((value = info_of(args)) == NULL || json_object_set_new(content, "info", value) != 0)
				return -ENOMEM;
		} else if (value != NULL && is_count(act->args[i])) {
			if ((r = copy_count(act->args[i], value, content, reterr)) != 0)
				return r;
		} else if (value != NULL && json_object_set(content, act->args[i], value) != 0) {
			return -ENOMEM;
		}
	}
	return 0;
}

static int
make_content(struct app *app, const struct act *act, enum referral_actor actor, const json_t *args, json_t **ret,
    struct err *reterr)
{
	const char *value = act->value, *reason = json_str(args, "reason"), *outcome = json_str(args, "outcome");
	autojson json_t *content = NULL;
	int r;

	if (act->input == REFERRAL_IN_NO_SHOW && json_is_true(json_object_get(args, "cancelled")))
		value = "visit_cancelled";
	if (reason == NULL)
		reason = outcome;
	content = json_pack("{s:s, s:o}", act->key, value, "body", json_sprintf("%s%s%s%s", act->body,
	    reason != NULL ? " " : "", reason != NULL ? reason : "", reason != NULL ? "." : ""));
	if (content == NULL || (r = copy_args(act, args, content, reterr)) < 0)
		return -ENOMEM;
	if (r == 0 && act->actor != REFERRAL_BY_TARGET)
		r = json_object_set_new(content, "by", json_string(referral_actor_name(actor)));
	else if (r == 0 && strcmp(act->key, "decision") != 0)
		r = json_object_set_new(content, "happened_at", json_integer(app_now(app)));
	if (r == 0)
		*ret = take(content);
	return r;
}

static bool
by_member(const struct act *act, const json_t *args)
{
	return act->actor == REFERRAL_BY_MEMBER ||
	    (act->actor == REFERRAL_BY_SOURCE && json_is_true(json_object_get(args, "by_member")));
}

/* The row of that verb on this side; that of the other side, if there is no other. */
static const struct act *
find_act(const char *verb, enum referral_side side)
{
	const struct act *found = NULL;

	for (size_t i = 0; i < nelem(acts); i++)
		if (!strcmp(acts[i].verb, verb) && (found == NULL || acts[i].side == side))
			found = &acts[i];
	return found;
}

/* While an erasure waits for a hold it may end, and no more; and what becomes of the member is theirs to let be told. */
static int
may_act(struct app *app, const struct case_row *row, const struct act *act, struct err *reterr)
{
	static const enum referral_input ends[] = { REFERRAL_IN_WITHDRAW, REFERRAL_IN_CLOSE, REFERRAL_IN_FAIL, REFERRAL_IN_DECLINE, REFERRAL_IN_CONFIRM };
	bool end = false, court;
	int r;

	for (size_t i = 0; i < nelem(ends); i++)
		end = end || act->input == ends[i];
	if ((!end && (r = hold_bars(app, row->id, reterr)) != 0) || (r = disclosure_to_court(row, &court)) != 0)
		return r;
	return (row->r.consented || court) && disclosure_of(act->type) ? disclosure_may_report(app, row, CONSENT_GENERAL, reterr) : 0;
}

int
case_act(struct app *app, const char *verb, const char *actor, const json_t *args, json_t **ret, struct err *reterr)
{
	autojson json_t *content = NULL;
	const struct act *act;
	enum referral_actor by;
	struct case_row row;
	int r = case_need(app, args, &row, reterr);

	if (r != 0)
		return r;
	act = find_act(verb, row.r.side);
	by = act->actor != REFERRAL_BY_TARGET && by_member(act, args) ? REFERRAL_BY_MEMBER : act->actor;
	if (act->side != row.r.side)
		r = case_not_ours(&row, row.r.side == REFERRAL_AT_SOURCE ? "was sent by us: this is the partner's to say" :
		    "came from a partner: this is theirs to say", reterr);
	else if ((r = may_act(app, &row, act, reterr)) == 0 && (r = make_content(app, act, by, args, &content, reterr)) == 0 &&
	    (r = named_may(app, &row, act->type, content, reterr)) == 0)
		r = case_tell(app, &row, act->input, by, actor, act->type, content, ret, reterr);
	case_free(&row);
	return r;
}
