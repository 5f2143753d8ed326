/* SPDX-License-Identifier: Apache-2.0 */
#include "referral.h"

#include <assert.h>
#include <stddef.h>
#include <string.h>

#include "when.h"

#define BY_S	(1u << REFERRAL_BY_SOURCE)
#define BY_T	(1u << REFERRAL_BY_TARGET)
#define BY_M	(1u << REFERRAL_BY_MEMBER)
#define BY_W	(1u << REFERRAL_BY_WARDEN)

#define REQUEST		REFERRAL_SEND_REQUEST
#define INFO		REFERRAL_SEND_INFO
#define DISCLOSE	REFERRAL_SEND_DISCLOSURE
#define CHANGE		REFERRAL_SEND_CHANGE
#define ASK		REFERRAL_ASK_MEMBER
#define STOP		REFERRAL_STOP_DISCLOSURE
#define ACK		REFERRAL_SEND_ACK
#define ANSWER		REFERRAL_SEND_ANSWER
#define PROGRESS	REFERRAL_SEND_PROGRESS
#define OUTCOME		REFERRAL_SEND_OUTCOME
#define NOTIFY		REFERRAL_NOTIFY_STAFF

#define SOON	(3 * WHEN_DAY)		/* What is owed by then waits for somebody. */

enum { ATTEMPTS_BEFORE_FAIL = 3, CHANNELS_BEFORE_FAIL = 2, REOPEN_DAYS = 30, MISTAKE_HOURS = 24 };

enum need {
	NOTHING,
	CONSENTED,		/* A consent was given. */
	CANCELLING,		/* A late withdrawal awaits confirmation. */
	TRIED,			/* Three attempts to reach the member, in two ways. */
	RECENT,			/* Ended less than 30 days ago, and not as a mistake. */
	STAYED,			/* RECENT, and it was not the member who left or took the consent back. */
	FRESH,			/* Sent less than a day ago, or a supervisor agrees. */
	OVERDUE,		/* The state's clock ran out. */
};

/* The whole machine.  A row that is absent is a refusal. */
static const struct rule {
	enum referral_state	from;
	enum referral_input	input;
	unsigned		actors;
	enum need		need;
	enum referral_state	to;
	enum referral_end	end;
	unsigned		effects;
} rules[] = {
#define ROW(from, input, actors, need, to, effects)			\
	{ REFERRAL_##from, REFERRAL_IN_##input, actors, need,		\
	  REFERRAL_##to, REFERRAL_END_NONE, effects },
#define END(from, input, actors, need, end, effects)			\
	{ REFERRAL_##from, REFERRAL_IN_##input, actors, need,		\
	  REFERRAL_ENDED, REFERRAL_END_##end, effects },
	ROW(DRAFT,	ASK_CONSENT,	BY_S,		NOTHING,	CONSENT_PENDING,	ASK)
	ROW(DRAFT,	SEND,		BY_S,		NOTHING,	SENT,		REQUEST | NOTIFY)
	END(DRAFT,	WITHDRAW,	BY_S | BY_M,	NOTHING,	WITHDRAWN,	0)

	ROW(CONSENT_PENDING, SEND,	BY_S,		NOTHING,	SENT,		REQUEST | NOTIFY)
	END(CONSENT_PENDING, WITHDRAW,	BY_S | BY_M,	NOTHING,	WITHDRAWN,	0)
	END(CONSENT_PENDING, EXPIRE,	BY_W,		OVERDUE,	EXPIRED,	NOTIFY)

	/* Until it is accepted, source and member leave at once. */
#define EARLY(from)							\
	END(from, WITHDRAW, BY_S | BY_M, NOTHING, WITHDRAWN, CHANGE | STOP | NOTIFY)	\
	END(from, EXPIRE, BY_W, OVERDUE,	EXPIRED, STOP | NOTIFY)			\
	END(from, REVOKE, BY_M, NOTHING,	CONSENT_REVOKED, CHANGE | STOP | ACK | NOTIFY) \
	END(from, MISTAKE, BY_S, FRESH,		MISTAKEN, CHANGE | STOP | NOTIFY)
	EARLY(SENT)
	EARLY(RECEIVED)
	EARLY(INFO_REQUESTED)
	EARLY(WAITLISTED)
#undef EARLY
	ROW(SENT,	RECEIVE,	BY_T,		NOTHING,	RECEIVED,	ACK)

	ROW(RECEIVED,	ACCEPT,		BY_T,		NOTHING,	ACCEPTED,	ANSWER | ASK | NOTIFY)
	ROW(RECEIVED,	WAITLIST,	BY_T,		NOTHING,	WAITLISTED,	ANSWER | NOTIFY)
	ROW(RECEIVED,	ASK_INFO,	BY_T,		NOTHING,	INFO_REQUESTED,	ANSWER | NOTIFY)
	ROW(RECEIVED,	FORWARD,	BY_T,		NOTHING,	FORWARDED,	ANSWER | STOP | NOTIFY)
	END(RECEIVED,	DECLINE,	BY_T,		NOTHING,	DECLINED,	ANSWER | STOP | NOTIFY)

	ROW(INFO_REQUESTED, GIVE_INFO,	BY_S | BY_M,	NOTHING,	RECEIVED,	INFO | NOTIFY)

	ROW(WAITLISTED,	ACCEPT,		BY_T,		NOTHING,	ACCEPTED,	ANSWER | ASK | NOTIFY)
	ROW(WAITLISTED,	WAITLIST,	BY_T,		NOTHING,	WAITLISTED,	ANSWER | NOTIFY)
	ROW(WAITLISTED,	FORWARD,	BY_T,		NOTHING,	FORWARDED,	ANSWER | STOP | NOTIFY)
	END(WAITLISTED,	DECLINE,	BY_T,		NOTHING,	DECLINED,	ANSWER | STOP | NOTIFY)

	ROW(ACCEPTED,	CONTACT,	BY_T,		CONSENTED,	CONTACTING,	PROGRESS | NOTIFY)
	ROW(ACCEPTED,	SCHEDULE,	BY_T,		CONSENTED,	SCHEDULED,	PROGRESS | NOTIFY)
	ROW(ACCEPTED,	ENGAGE,		BY_T,		CONSENTED,	ENGAGED,	PROGRESS | NOTIFY)
	ROW(ACCEPTED,	WAITLIST,	BY_T,		NOTHING,	WAITLISTED,	ANSWER | STOP | NOTIFY)
	ROW(ACCEPTED,	FORWARD,	BY_T,		NOTHING,	FORWARDED,	ANSWER | STOP | NOTIFY)
	END(ACCEPTED,	DECLINE,	BY_T,		NOTHING,	DECLINED,	ANSWER | STOP | NOTIFY)

	ROW(CONTACTING,	CONTACT,	BY_T,		NOTHING,	CONTACTING,	PROGRESS | NOTIFY)
	ROW(CONTACTING,	SCHEDULE,	BY_T,		NOTHING,	SCHEDULED,	PROGRESS | NOTIFY)
	ROW(CONTACTING,	ENGAGE,		BY_T,		NOTHING,	ENGAGED,	PROGRESS | NOTIFY)
	END(CONTACTING,	FAIL,		BY_T,		TRIED,		FAILED,		OUTCOME | STOP | NOTIFY)

	ROW(SCHEDULED,	SCHEDULE,	BY_T | BY_M,	NOTHING,	SCHEDULED,	PROGRESS | CHANGE | NOTIFY)
	ROW(SCHEDULED,	ENGAGE,		BY_T,		NOTHING,	ENGAGED,	PROGRESS | NOTIFY)
	ROW(SCHEDULED,	NO_SHOW,	BY_T,		NOTHING,	CONTACTING,	PROGRESS | NOTIFY)
	ROW(SCHEDULED,	CLOSE,		BY_T,		NOTHING,	CLOSED,		OUTCOME | STOP | NOTIFY)

	ROW(ENGAGED,	ENGAGE,		BY_T,		NOTHING,	ENGAGED,	PROGRESS | NOTIFY)
	ROW(ENGAGED,	SCHEDULE,	BY_T,		NOTHING,	SCHEDULED,	PROGRESS | NOTIFY)
	ROW(ENGAGED,	PAUSE,		BY_T | BY_M,	NOTHING,	PAUSED,		PROGRESS | CHANGE | NOTIFY)
	ROW(ENGAGED,	FORWARD,	BY_T,		NOTHING,	FORWARDED,	ANSWER | STOP | NOTIFY)
	ROW(ENGAGED,	CLOSE,		BY_T | BY_M,	NOTHING,	CLOSED,		OUTCOME | CHANGE | STOP | NOTIFY)
	END(ENGAGED,	FAIL,		BY_T,		NOTHING,	FAILED,		OUTCOME | STOP | NOTIFY)

	ROW(PAUSED,	RESUME,		BY_T | BY_M,	NOTHING,	ENGAGED,	PROGRESS | CHANGE | NOTIFY)
	ROW(PAUSED,	CLOSE,		BY_M,		NOTHING,	CLOSED,		CHANGE | STOP | NOTIFY)

	/* Once accepted, the member leaves at once; the source asks, and the
	 * target's silence is a yes.  A consent may be renewed. */
#define LATE(from)							\
	ROW(from, CONSENT, BY_S | BY_M, NOTHING, from, DISCLOSE | NOTIFY)		\
	END(from, WITHDRAW, BY_M, NOTHING,	WITHDRAWN, CHANGE | STOP | NOTIFY)	\
	ROW(from, WITHDRAW, BY_S, NOTHING,	from, CHANGE | STOP | NOTIFY)		\
	END(from, CONFIRM, BY_T, CANCELLING,	WITHDRAWN, ANSWER | NOTIFY)		\
	END(from, EXPIRE, BY_W, CANCELLING,	WITHDRAWN, NOTIFY)			\
	END(from, REVOKE, BY_M, NOTHING,	CONSENT_REVOKED, CHANGE | STOP | ACK | NOTIFY) \
	END(from, MISTAKE, BY_S, FRESH,		MISTAKEN, CHANGE | STOP | NOTIFY)
	LATE(ACCEPTED)
	LATE(CONTACTING)
	LATE(SCHEDULED)
	LATE(ENGAGED)
	LATE(PAUSED)
#undef LATE

#define OVER(from)							\
	ROW(from, REOPEN, BY_S, STAYED, RECEIVED, CHANGE | NOTIFY)		\
	ROW(from, REOPEN, BY_M, RECENT, RECEIVED, CHANGE | NOTIFY)		\
	END(from, MISTAKE, BY_S, FRESH, MISTAKEN, CHANGE | STOP | NOTIFY)
	OVER(FORWARDED)
	OVER(CLOSED)
	OVER(ENDED)
#undef OVER
#undef END
#undef ROW
};

/* Owner, reminder, expiry.  States that are not open have no owner. */
static const struct referral_clock clocks[REFERRAL_NSTATES] = {
	[REFERRAL_DRAFT] = { REFERRAL_BY_SOURCE, 7 * WHEN_DAY, 0,
	    "send the request", "staff are reminded" },
	[REFERRAL_CONSENT_PENDING] = { REFERRAL_BY_MEMBER, 3 * WHEN_DAY, 7 * WHEN_DAY,
	    "give or refuse consent", "staff are reminded to ask the member, then the referral expires" },
	[REFERRAL_SENT] = { REFERRAL_BY_TARGET, WHEN_DAY, 14 * WHEN_DAY,
	    "acknowledge the request",
	    "staff are reminded, then the referral expires" },
	[REFERRAL_RECEIVED] = { REFERRAL_BY_TARGET, 2 * WHEN_DAY, 14 * WHEN_DAY,
	    "answer the request", "staff on both sides are reminded, then the referral expires" },
	[REFERRAL_INFO_REQUESTED] = { REFERRAL_BY_SOURCE, 3 * WHEN_DAY, 7 * WHEN_DAY,
	    "give the information asked for", "staff are reminded, then the referral expires" },
	[REFERRAL_WAITLISTED] = { REFERRAL_BY_TARGET, 14 * WHEN_DAY, 42 * WHEN_DAY,
	    "review the waiting list", "after two missed reviews the referral expires" },
	[REFERRAL_ACCEPTED] = { REFERRAL_BY_TARGET, 3 * WHEN_DAY, 0,
	    "make first contact", "staff on both sides are reminded" },
	[REFERRAL_CONTACTING] = { REFERRAL_BY_TARGET, 3 * WHEN_DAY, 0,
	    "reach the member", "staff are reminded" },
	[REFERRAL_SCHEDULED] = { REFERRAL_BY_TARGET, 14 * WHEN_DAY, 0,
	    "say whether the meeting took place", "staff are reminded" },
	[REFERRAL_ENGAGED] = { REFERRAL_BY_TARGET, 30 * WHEN_DAY, 0,
	    "give news or an outcome", "staff are reminded" },
	[REFERRAL_PAUSED] = { REFERRAL_BY_MEMBER, 30 * WHEN_DAY, 0,
	    "say whether to go on", "staff are reminded to ask the member" },
};
static const struct referral_clock clock_consent = { REFERRAL_BY_MEMBER, 3 * WHEN_DAY, 0,
    "give or refuse consent", "staff are reminded to ask the member" };
static const struct referral_clock clock_cancelling = { REFERRAL_BY_TARGET, WHEN_DAY,
    3 * WHEN_DAY, "confirm the withdrawal", "after 72 hours it counts as confirmed" };

struct referral
referral_start(enum referral_side side)
{
	return (struct referral){ .side = side, .state = REFERRAL_DRAFT, .leg = 1 };
}

bool
referral_is_open(enum referral_state state)
{
	return state != REFERRAL_FORWARDED && state != REFERRAL_CLOSED && state != REFERRAL_ENDED;
}

const struct referral_clock *
referral_clock(const struct referral *r)
{
	if (!referral_is_open(r->state))
		return NULL;
	if (r->cancelling)
		return &clock_cancelling;
	if (r->state == REFERRAL_ACCEPTED && !r->consented)
		return &clock_consent;
	return &clocks[r->state];
}

enum referral_waiting
referral_waiting(const struct referral *r, bool reminded)
{
	const struct referral_clock *clock = referral_clock(r);

	if (clock == NULL)
		return REFERRAL_WAITS_NOT;
	if ((clock->owner == REFERRAL_BY_TARGET) == (r->side == REFERRAL_AT_TARGET) && (reminded || clock->remind_ms <= SOON))
		return REFERRAL_WAITS_FOR_US;
	return reminded ? REFERRAL_WAITS_LATE : REFERRAL_WAITS_NOT;
}

/* ${n} days later, not counting Saturday and Sunday (UTC); the first of 1970 was a Thursday. */
static int64_t
business_days(int64_t from, unsigned n)
{
	while (n > 0) {
		int64_t weekday;

		from += WHEN_DAY;
		weekday = (from / WHEN_DAY + 4) % 7;
		n -= weekday != 0 && weekday != 6;
	}
	return from;
}

/* From when this side counts: a date ahead of its own clock stands, one before it heard of the step does not. */
static int64_t
begins(const struct referral *r)
{
	return r->heard > r->since ? r->heard : r->since;
}

int64_t
referral_remind_at(const struct referral *r, unsigned n)
{
	const struct referral_clock *clock = referral_clock(r);

	if (clock == NULL)
		return INT64_MAX;
	if (r->state == REFERRAL_RECEIVED)
		return business_days(begins(r), 2 * n);
	if (r->state == REFERRAL_SCHEDULED && !r->cancelling && r->meets_at > r->since)
		return r->meets_at + n * WHEN_DAY;
	return begins(r) + n * clock->remind_ms;
}

int64_t
referral_expire_at(const struct referral *r)
{
	const struct referral_clock *clock = referral_clock(r);

	return clock != NULL && clock->expire_ms > 0 ? r->since + clock->expire_ms : INT64_MAX;
}

int64_t
referral_strike_at(const struct referral *r)
{
	const struct referral_clock *clock = referral_clock(r);

	return clock != NULL && clock->expire_ms > 0 ? begins(r) + clock->expire_ms : INT64_MAX;
}

/* Whoever left decides alone whether to come back. */
static bool
left(const struct referral *r)
{
	return r->end == REFERRAL_END_CONSENT_REVOKED || (r->last_actor == REFERRAL_BY_MEMBER &&
	    (r->last_input == REFERRAL_IN_WITHDRAW || r->last_input == REFERRAL_IN_CLOSE));
}

static bool
need_met(enum need need, const struct referral *r, const struct referral_move *move)
{
	const int64_t at = move->at > r->since ? move->at : r->since;

	switch (need) {
	case CONSENTED:
		return r->consented;
	case CANCELLING:
		return r->cancelling && (move->input != REFERRAL_IN_EXPIRE || at >= referral_expire_at(r));
	case TRIED:
		return r->attempts >= ATTEMPTS_BEFORE_FAIL &&
		    __builtin_popcount(r->channels) >= CHANNELS_BEFORE_FAIL;
	case STAYED:
		if (left(r))
			return false;
		/* FALLTHROUGH */
	case RECENT:
		return r->end != REFERRAL_END_MISTAKEN && at - r->since <= REOPEN_DAYS * WHEN_DAY;
	case FRESH:
		return r->end != REFERRAL_END_MISTAKEN &&
		    (move->supervised || at - r->began <= MISTAKE_HOURS * WHEN_HOUR);
	case OVERDUE:
		return at >= referral_expire_at(r);
	case NOTHING:
		break;
	}
	return true;
}

/* While a withdrawal awaits confirmation, only what ends the referral for good. */
static bool
applies(const struct rule *rule, const struct referral *r, const struct referral_move *move)
{
	if (r->cancelling && rule->to != REFERRAL_CLOSED && rule->to != REFERRAL_ENDED)
		return false;
	return need_met(rule->need, r, move);
}

/* The row, whether or not its conditions hold. */
static const struct rule *
find_rule(enum referral_state from, enum referral_input input, enum referral_actor actor)
{
	for (size_t i = 0; i < nelem(rules); i++)
		if (rules[i].from == from && rules[i].input == input &&
		    rules[i].actors & 1u << actor)
			return &rules[i];
	return NULL;
}

/* The part of a row's effects that this side owes. */
static unsigned
owed(unsigned effects, enum referral_side side, enum referral_actor actor)
{
	static const unsigned acting[] = {
		[REFERRAL_AT_SOURCE] = REQUEST | INFO | CHANGE,
		[REFERRAL_AT_TARGET] = ANSWER | PROGRESS | OUTCOME,
	};
	static const unsigned always[] = {
		[REFERRAL_AT_SOURCE] = DISCLOSE | ASK | STOP,
		[REFERRAL_AT_TARGET] = ACK | STOP,
	};
	bool own = actor != REFERRAL_BY_WARDEN &&
	    (actor == REFERRAL_BY_TARGET) == (side == REFERRAL_AT_TARGET);

	return effects & (always[side] | (own ? acting[side] : NOTIFY));
}

static struct referral
after(const struct referral *r, const struct rule *rule, const struct referral_move *move)
{
	struct referral next = *r;

	next.state = rule->to;
	next.end = rule->end;
	next.last_input = move->input;
	next.last_actor = move->actor;
	next.since = move->at > r->since ? move->at : r->since;
	next.heard = move->heard > r->heard ? move->heard : r->heard;
	next.cancelling = move->input == REFERRAL_IN_WITHDRAW && referral_is_open(rule->to);
	next.meets_at = rule->to != REFERRAL_SCHEDULED ? 0 :
	    move->input == REFERRAL_IN_SCHEDULE ? move->meets_at : r->meets_at;
	if (move->input == REFERRAL_IN_SEND)
		/* What came before is the source's own; here both sides begin alike. */
		next.began = next.since = move->at;
	if (move->input == REFERRAL_IN_CONSENT)
		next.consented = next.disclosed = true;
	/* Whoever comes back is asked anew. */
	if (move->input == REFERRAL_IN_REVOKE || move->input == REFERRAL_IN_REOPEN ||
	    (move->input == REFERRAL_IN_WITHDRAW && move->actor == REFERRAL_BY_MEMBER))
		next.consented = false;
	if (move->input == REFERRAL_IN_CONTACT) {
		next.attempts++;
		next.channels |= 1u << move->channel;
	}
	if (rule->to == REFERRAL_ENGAGED || move->input == REFERRAL_IN_REOPEN)
		next.attempts = next.channels = 0;
	if (move->input == REFERRAL_IN_REOPEN)
		next.leg++;
	return next;
}

int
referral_step(const struct referral *r, const struct referral_move *move, struct referral *ret_next,
    unsigned *ret_effects)
{
	assert(r->state < REFERRAL_NSTATES && move->input < REFERRAL_NINPUTS &&
	    move->actor < REFERRAL_NACTORS && move->channel < REFERRAL_NCHANNELS);

	const struct rule *rule = find_rule(r->state, move->input, move->actor);
	struct referral next;
	unsigned effects;

	if (rule == NULL || !applies(rule, r, move)) {
		if (r->state != REFERRAL_DRAFT && r->last_input == move->input && r->last_actor == move->actor)
			return E_EXISTS;
		return E_REFUSED;
	}
	next = after(r, rule, move);
	effects = rule->effects;
	if (next.consented && move->input == REFERRAL_IN_ACCEPT)
		effects &= ~(unsigned)ASK;
	effects = owed(effects, r->side, move->actor);
	*ret_next = next;
	*ret_effects = effects;
	return 0;
}

bool
referral_may_say(const struct referral *r, enum referral_side by, const struct referral_move *move)
{
	return move->actor != REFERRAL_BY_MEMBER || by == REFERRAL_AT_SOURCE ||
	    (move->input == REFERRAL_IN_REVOKE && r->disclosed);
}

/* "accept, decline": what the actor of ${move} may do to ${r} then; "" if nothing. */
static const char *
possible(const struct referral *r, const struct referral_move *move, char *out, size_t size)
{
	size_t len = 0;

	out[0] = '\0';
	for (size_t i = 0; i < nelem(rules); i++) {
		const char *name = referral_input_name(rules[i].input);

		if (rules[i].from != r->state || !(rules[i].actors & 1u << move->actor) ||
		    !applies(&rules[i], r, move))
			continue;
		assert(len + strlen(name) + 3 < size);
		if (len > 0) {
			memcpy(out + len, ", ", 3);
			len += 2;
		}
		memcpy(out + len, name, strlen(name) + 1);
		len += strlen(name);
	}
	return out;
}

/* The row is there, its condition is not met. */
static int
explain_need(const struct referral *r, const struct rule *rule, struct err *reterr)
{
	const char *input = referral_input_name(rule->input);
	const char *state = referral_state_name(r->state);

	if (r->cancelling)
		return err_set(reterr, E_REFUSED, "the withdrawal of this %s referral awaits the "
		    "target's confirmation, so it cannot %s; the target can confirm, and after "
		    "72 hours it counts as confirmed", state, input);
	switch (rule->need) {
	case CONSENTED:
		return err_set(reterr, E_REFUSED, "referral is %s but the member's consent has not "
		    "been recorded, so it cannot %s; record the consent first", state, input);
	case CANCELLING:
		return err_set(reterr, E_REFUSED, "nobody has asked to withdraw this %s referral, "
		    "so it cannot %s; to end it, decline it or record an outcome", state, input);
	case OVERDUE:
		return err_set(reterr, E_REFUSED, "the time for a referral that is %s has not run out, so it cannot %s",
		    state, input);
	case STAYED:
		if (left(r))
			return err_set(reterr, E_REFUSED, "referral is %s, because the member %s, so the %s cannot %s it; if the member asks for it, "
			    "it is reopened as theirs (--member), else send a new referral", state, r->end == REFERRAL_END_CONSENT_REVOKED ?
			    "took the consent back" : "left", referral_actor_name(REFERRAL_BY_SOURCE), input);
		/* FALLTHROUGH */
	case RECENT:
		return err_set(reterr, E_REFUSED, "referral is %s, %s; send a new referral", state,
		    r->end == REFERRAL_END_MISTAKEN ? "because it was entered in error" :
		    "and that is more than 30 days ago");
	case FRESH:
		return err_set(reterr, E_REFUSED, "referral is %s, and %s", state,
		    r->end == REFERRAL_END_MISTAKEN ? "was marked as entered in error already" :
		    "was sent more than a day ago: only with a supervisor's agreement is it marked as entered in error");
	case TRIED:
	case NOTHING:
		break;
	}
	return err_set(reterr, E_REFUSED, "the member has been tried %u times in %d ways, and %d times in %d are "
	    "needed before a referral that is %s may fail; record each attempt with contact", r->attempts,
	    __builtin_popcount(r->channels), ATTEMPTS_BEFORE_FAIL, CHANNELS_BEFORE_FAIL, state);
}

void
referral_explain_refusal(const struct referral *r, const struct referral_move *move, struct err *reterr)
{
	const struct rule *rule = find_rule(r->state, move->input, move->actor);
	const struct referral_clock *turn = referral_clock(r);
	const char *state = referral_state_name(r->state);
	const char *who = referral_actor_name(move->actor);
	const char *verb = referral_input_name(move->input);
	char can[256];

	if (rule != NULL) {
		(void)explain_need(r, rule, reterr);
		return;
	}
	if (turn == NULL) {
		(void)err_set(reterr, E_REFUSED, "referral is %s%s%s%s; nothing more can be recorded. To start again "
		    "reopen it, within 30 days, or send a new referral", state, r->state == REFERRAL_ENDED ? " (" : "",
		    r->state == REFERRAL_ENDED ? referral_end_name(r->end) : "",
		    r->state == REFERRAL_ENDED ? ")" : "");
		return;
	}
	for (enum referral_actor a = 0; a < REFERRAL_NACTORS; a++)
		if (find_rule(r->state, move->input, a) != NULL) {
			(void)err_set(reterr, E_REFUSED, "%s is not for the %s while a referral is "
			    "%s: only the %s can do it", verb, who, state, referral_actor_name(a));
			return;
		}
	if (possible(r, move, can, sizeof(can))[0] != '\0')
		(void)err_set(reterr, E_REFUSED, "%s is not possible while a referral is %s; "
		    "the %s can now: %s", verb, state, who, can);
	else
		(void)err_set(reterr, E_REFUSED, "%s is not possible while a referral is %s; "
		    "it is for the %s to %s", verb, state, referral_actor_name(turn->owner),
		    turn->owes);
}

unsigned
referral_rank(const struct referral_claim *c)
{
	if (c->actor == REFERRAL_BY_MEMBER && (c->input == REFERRAL_IN_WITHDRAW ||
	    c->input == REFERRAL_IN_CLOSE))
		return REFERRAL_RANK_LEAVE;
	if (c->input == REFERRAL_IN_REVOKE)
		return REFERRAL_RANK_REVOKE;
	switch (c->actor) {
	case REFERRAL_BY_TARGET:
		return REFERRAL_RANK_OTHER;
	case REFERRAL_BY_MEMBER:
		return REFERRAL_RANK_OTHER + 1;
	case REFERRAL_BY_SOURCE:
		return REFERRAL_RANK_OTHER + 2;
	case REFERRAL_BY_WARDEN:
	case REFERRAL_NACTORS:
		break;
	}
	return REFERRAL_RANK_OTHER + 3;
}

bool
referral_wins(const struct referral_claim *a, const struct referral_claim *b)
{
	unsigned ra = referral_rank(a), rb = referral_rank(b);

	return ra != rb ? ra < rb : strcmp(a->id, b->id) < 0;
}
