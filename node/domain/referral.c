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

enum { ATTEMPTS_BEFORE_FAIL = 3 };

enum need {
	NOTHING,
	CONSENTED,		/* A consent is in force. */
	UNCONSENTED,
	CANCELLING,		/* A late withdrawal awaits confirmation. */
	TRIED,			/* Three attempts to reach the member. */
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

	ROW(CONSENT_PENDING, CONSENT,	BY_S | BY_M,	NOTHING,	SENT,		REQUEST | NOTIFY)
	END(CONSENT_PENDING, WITHDRAW,	BY_S | BY_M,	NOTHING,	WITHDRAWN,	0)
	END(CONSENT_PENDING, EXPIRE,	BY_W,		NOTHING,	EXPIRED,	NOTIFY)

	ROW(SENT,	RECEIVE,	BY_T,		NOTHING,	RECEIVED,	ACK)
	END(SENT,	WITHDRAW,	BY_S | BY_M,	NOTHING,	WITHDRAWN,	CHANGE | STOP | NOTIFY)
	END(SENT,	REVOKE,		BY_M,		CONSENTED,	CONSENT_REVOKED, CHANGE | STOP | ACK | NOTIFY)
	END(SENT,	EXPIRE,		BY_W,		NOTHING,	EXPIRED,	STOP | NOTIFY)

	ROW(RECEIVED,	ACCEPT,		BY_T,		NOTHING,	ACCEPTED,	ANSWER | DISCLOSE | NOTIFY)
	ROW(RECEIVED,	WAITLIST,	BY_T,		NOTHING,	WAITLISTED,	ANSWER | NOTIFY)
	ROW(RECEIVED,	ASK_INFO,	BY_T,		NOTHING,	INFO_REQUESTED,	ANSWER | NOTIFY)
	ROW(RECEIVED,	FORWARD,	BY_T,		NOTHING,	FORWARDED,	ANSWER | NOTIFY)
	END(RECEIVED,	DECLINE,	BY_T,		NOTHING,	DECLINED,	ANSWER | NOTIFY)
	END(RECEIVED,	WITHDRAW,	BY_S | BY_M,	NOTHING,	WITHDRAWN,	CHANGE | STOP | NOTIFY)
	END(RECEIVED,	REVOKE,		BY_M,		CONSENTED,	CONSENT_REVOKED, CHANGE | STOP | ACK | NOTIFY)
	END(RECEIVED,	EXPIRE,		BY_W,		NOTHING,	EXPIRED,	STOP | NOTIFY)

	ROW(INFO_REQUESTED, GIVE_INFO,	BY_S | BY_M,	NOTHING,	RECEIVED,	INFO | NOTIFY)
	END(INFO_REQUESTED, WITHDRAW,	BY_S | BY_M,	NOTHING,	WITHDRAWN,	CHANGE | STOP | NOTIFY)
	END(INFO_REQUESTED, REVOKE,	BY_M,		CONSENTED,	CONSENT_REVOKED, CHANGE | STOP | ACK | NOTIFY)
	END(INFO_REQUESTED, EXPIRE,	BY_W,		NOTHING,	EXPIRED,	STOP | NOTIFY)

	ROW(WAITLISTED,	ACCEPT,		BY_T,		NOTHING,	ACCEPTED,	ANSWER | DISCLOSE | NOTIFY)
	ROW(WAITLISTED,	FORWARD,	BY_T,		NOTHING,	FORWARDED,	ANSWER | NOTIFY)
	END(WAITLISTED,	DECLINE,	BY_T,		NOTHING,	DECLINED,	ANSWER | NOTIFY)
	END(WAITLISTED,	WITHDRAW,	BY_S | BY_M,	NOTHING,	WITHDRAWN,	CHANGE | STOP | NOTIFY)
	END(WAITLISTED,	REVOKE,		BY_M,		CONSENTED,	CONSENT_REVOKED, CHANGE | STOP | ACK | NOTIFY)
	END(WAITLISTED,	EXPIRE,		BY_W,		NOTHING,	EXPIRED,	STOP | NOTIFY)

	ROW(ACCEPTED,	CONSENT,	BY_S | BY_M,	UNCONSENTED,	ACCEPTED,	DISCLOSE | NOTIFY)
	ROW(ACCEPTED,	CONTACT,	BY_T,		CONSENTED,	CONTACTING,	PROGRESS | NOTIFY)
	ROW(ACCEPTED,	SCHEDULE,	BY_T,		CONSENTED,	SCHEDULED,	PROGRESS | NOTIFY)
	ROW(ACCEPTED,	ENGAGE,		BY_T,		CONSENTED,	ENGAGED,	PROGRESS | NOTIFY)
	ROW(ACCEPTED,	WAITLIST,	BY_T,		NOTHING,	WAITLISTED,	ANSWER | NOTIFY)
	ROW(ACCEPTED,	FORWARD,	BY_T,		NOTHING,	FORWARDED,	ANSWER | STOP | NOTIFY)
	END(ACCEPTED,	DECLINE,	BY_T,		NOTHING,	DECLINED,	ANSWER | STOP | NOTIFY)

	ROW(CONTACTING,	CONTACT,	BY_T,		NOTHING,	CONTACTING,	PROGRESS | NOTIFY)
	ROW(CONTACTING,	SCHEDULE,	BY_T,		NOTHING,	SCHEDULED,	PROGRESS | NOTIFY)
	ROW(CONTACTING,	ENGAGE,		BY_T,		NOTHING,	ENGAGED,	PROGRESS | NOTIFY)
	END(CONTACTING,	FAIL,		BY_T,		TRIED,		FAILED,		OUTCOME | NOTIFY)

	ROW(SCHEDULED,	SCHEDULE,	BY_T | BY_M,	NOTHING,	SCHEDULED,	PROGRESS | CHANGE | NOTIFY)
	ROW(SCHEDULED,	ENGAGE,		BY_T,		NOTHING,	ENGAGED,	PROGRESS | NOTIFY)
	ROW(SCHEDULED,	NO_SHOW,	BY_T,		NOTHING,	CONTACTING,	PROGRESS | NOTIFY)
	ROW(SCHEDULED,	CLOSE,		BY_T,		NOTHING,	CLOSED,		OUTCOME | NOTIFY)

	ROW(ENGAGED,	ENGAGE,		BY_T,		NOTHING,	ENGAGED,	PROGRESS | NOTIFY)
	ROW(ENGAGED,	SCHEDULE,	BY_T,		NOTHING,	SCHEDULED,	PROGRESS | NOTIFY)
	ROW(ENGAGED,	PAUSE,		BY_T | BY_M,	NOTHING,	PAUSED,		PROGRESS | CHANGE | NOTIFY)
	ROW(ENGAGED,	FORWARD,	BY_T,		NOTHING,	FORWARDED,	ANSWER | STOP | NOTIFY)
	ROW(ENGAGED,	CLOSE,		BY_T | BY_M,	NOTHING,	CLOSED,		OUTCOME | CHANGE | NOTIFY)
	END(ENGAGED,	FAIL,		BY_T,		NOTHING,	FAILED,		OUTCOME | NOTIFY)

	ROW(PAUSED,	RESUME,		BY_T | BY_M,	NOTHING,	ENGAGED,	PROGRESS | CHANGE | NOTIFY)
	ROW(PAUSED,	CLOSE,		BY_M,		NOTHING,	CLOSED,		CHANGE | NOTIFY)

	/* Once accepted, the member leaves at once; the source asks, and the
	 * target's silence is a yes. */
#define LATE(from)							\
	END(from, WITHDRAW, BY_M, NOTHING,	WITHDRAWN, CHANGE | STOP | NOTIFY)	\
	ROW(from, WITHDRAW, BY_S, NOTHING,	from, CHANGE | STOP | NOTIFY)		\
	END(from, CONFIRM, BY_T, CANCELLING,	WITHDRAWN, ANSWER | NOTIFY)		\
	END(from, EXPIRE, BY_W, CANCELLING,	WITHDRAWN, NOTIFY)			\
	END(from, REVOKE, BY_M, CONSENTED,	CONSENT_REVOKED, CHANGE | STOP | ACK | NOTIFY)
	LATE(ACCEPTED)
	LATE(CONTACTING)
	LATE(SCHEDULED)
	LATE(ENGAGED)
	LATE(PAUSED)
#undef LATE
#undef END
#undef ROW
};

/* Owner, reminder, expiry.  States that are not open have no owner. */
static const struct referral_clock clocks[REFERRAL_NSTATES] = {
	[REFERRAL_DRAFT] = { REFERRAL_BY_SOURCE, 7 * WHEN_DAY, 0,
	    "send the request", "staff are reminded" },
	[REFERRAL_CONSENT_PENDING] = { REFERRAL_BY_MEMBER, 3 * WHEN_DAY, 7 * WHEN_DAY,
	    "give or refuse consent", "the member is asked again, then the referral expires" },
	[REFERRAL_SENT] = { REFERRAL_BY_TARGET, WHEN_DAY, 14 * WHEN_DAY,
	    "acknowledge the request",
	    "the request is sent again and staff are told, then the referral expires" },
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
	    "say whether to go on", "the member is asked" },
};
static const struct referral_clock clock_consent = { REFERRAL_BY_MEMBER, 3 * WHEN_DAY, 0,
    "give or refuse consent", "the member is asked again" };
static const struct referral_clock clock_cancelling = { REFERRAL_BY_TARGET, WHEN_DAY,
    3 * WHEN_DAY, "confirm the withdrawal", "after 72 hours it counts as confirmed" };

struct referral
referral_start(enum referral_side side)
{
	return (struct referral){ .side = side, .state = REFERRAL_DRAFT };
}

bool
referral_is_open(enum referral_state state)
{
	return state != REFERRAL_FORWARDED && state != REFERRAL_CLOSED && state != REFERRAL_ENDED;
}

static bool
need_met(enum need need, const struct referral *r)
{
	switch (need) {
	case CONSENTED:
		return r->consented;
	case UNCONSENTED:
		return !r->consented;
	case CANCELLING:
		return r->cancelling;
	case TRIED:
		return r->attempts >= ATTEMPTS_BEFORE_FAIL;
	case NOTHING:
		break;
	}
	return true;
}

/* While a withdrawal awaits confirmation, only what ends the referral for good. */
static bool
applies(const struct rule *rule, const struct referral *r)
{
	if (r->cancelling && rule->to != REFERRAL_CLOSED && rule->to != REFERRAL_ENDED)
		return false;
	return need_met(rule->need, r);
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

int
referral_step(const struct referral *r, enum referral_input input, enum referral_actor actor,
    struct referral *ret_next, unsigned *ret_effects)
{
	assert(r->state < REFERRAL_NSTATES && input < REFERRAL_NINPUTS &&
	    actor < REFERRAL_NACTORS);

	const struct rule *rule = find_rule(r->state, input, actor);
	struct referral next = *r;
	unsigned effects;

	if (rule == NULL || !applies(rule, r)) {
		if (r->state != REFERRAL_DRAFT && r->last_input == input && r->last_actor == actor)
			return E_EXISTS;
		return E_REFUSED;
	}
	next.state = rule->to;
	next.end = rule->end;
	next.last_input = input;
	next.last_actor = actor;
	next.consented = (r->consented || input == REFERRAL_IN_CONSENT) &&
	    input != REFERRAL_IN_REVOKE;
	next.cancelling = input == REFERRAL_IN_WITHDRAW && referral_is_open(rule->to);
	if (input == REFERRAL_IN_CONTACT)
		next.attempts++;
	if (rule->to == REFERRAL_ENGAGED)
		next.attempts = 0;

	effects = rule->effects;
	if (effects & DISCLOSE) {
		if (!next.consented)
			effects ^= DISCLOSE | ASK;
		else if (r->disclosed)
			effects &= ~(unsigned)DISCLOSE;
		else
			next.disclosed = true;
	}
	effects = owed(effects, r->side, actor);
	*ret_next = next;
	*ret_effects = effects;
	return 0;
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

/* "accept, decline": what ${actor} may do to ${r} now; "" if nothing. */
static const char *
possible(const struct referral *r, enum referral_actor actor, char *out, size_t size)
{
	size_t len = 0;

	out[0] = '\0';
	for (size_t i = 0; i < nelem(rules); i++) {
		const char *name = referral_input_name(rules[i].input);

		if (rules[i].from != r->state || !(rules[i].actors & 1u << actor) ||
		    !applies(&rules[i], r))
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
static void
explain_need(const struct referral *r, const struct rule *rule, struct err *reterr)
{
	const char *input = referral_input_name(rule->input);
	const char *state = referral_state_name(r->state);

	if (r->cancelling)
		(void)err_set(reterr, E_REFUSED, "the withdrawal of this %s referral awaits the "
		    "target's confirmation, so it cannot %s; the target can confirm, and after "
		    "72 hours it counts as confirmed", state, input);
	else if (rule->need == CONSENTED && rule->input == REFERRAL_IN_REVOKE)
		(void)err_set(reterr, E_REFUSED, "no consent is in force for this %s referral, so "
		    "there is none to revoke; to stop the referral, withdraw it", state);
	else if (rule->need == CONSENTED)
		(void)err_set(reterr, E_REFUSED, "referral is %s but the member's consent has not "
		    "been recorded, so it cannot %s; record the consent first", state, input);
	else if (rule->need == UNCONSENTED)
		(void)err_set(reterr, E_REFUSED, "the member's consent to this %s referral is "
		    "recorded already; nothing needs to be done", state);
	else if (rule->need == CANCELLING)
		(void)err_set(reterr, E_REFUSED, "nobody has asked to withdraw this %s referral, "
		    "so it cannot %s; to end it, decline it or record an outcome", state, input);
	else
		(void)err_set(reterr, E_REFUSED, "the member has been tried %u times, and %d are "
		    "needed before a referral that is %s may fail; record each attempt with contact",
		    r->attempts, ATTEMPTS_BEFORE_FAIL, state);
}

void
referral_explain_refusal(const struct referral *r, enum referral_input input,
    enum referral_actor actor, struct err *reterr)
{
	const struct rule *rule = find_rule(r->state, input, actor);
	const struct referral_clock *turn = referral_clock(r);
	const char *state = referral_state_name(r->state);
	const char *who = referral_actor_name(actor);
	const char *verb = referral_input_name(input);
	char can[256];

	if (turn == NULL) {
		(void)err_set(reterr, E_REFUSED, "referral is %s%s%s%s; nothing more can be "
		    "recorded. To start again send a new referral", state,
		    r->state == REFERRAL_ENDED ? " (" : "",
		    r->state == REFERRAL_ENDED ? referral_end_name(r->end) : "",
		    r->state == REFERRAL_ENDED ? ")" : "");
		return;
	}
	if (rule != NULL) {
		explain_need(r, rule, reterr);
		return;
	}
	for (enum referral_actor a = 0; a < REFERRAL_NACTORS; a++)
		if (find_rule(r->state, input, a) != NULL) {
			(void)err_set(reterr, E_REFUSED, "%s is not for the %s while a referral is "
			    "%s: only the %s can do it", verb, who, state, referral_actor_name(a));
			return;
		}
	if (possible(r, actor, can, sizeof(can))[0] != '\0')
		(void)err_set(reterr, E_REFUSED, "%s is not possible while a referral is %s; "
		    "the %s can now: %s", verb, state, who, can);
	else
		(void)err_set(reterr, E_REFUSED, "%s is not possible while a referral is %s; "
		    "it is for the %s to %s", verb, state, referral_actor_name(turn->owner),
		    turn->owes);
}

static int
claim_rank(const struct referral_claim *c)
{
	if (c->actor == REFERRAL_BY_MEMBER && (c->input == REFERRAL_IN_WITHDRAW ||
	    c->input == REFERRAL_IN_CLOSE))
		return 0;
	if (c->input == REFERRAL_IN_REVOKE)
		return 1;
	switch (c->actor) {
	case REFERRAL_BY_TARGET:
		return 2;
	case REFERRAL_BY_MEMBER:
		return 3;
	case REFERRAL_BY_SOURCE:
		return 4;
	case REFERRAL_BY_WARDEN:
	case REFERRAL_NACTORS:
		break;
	}
	return 5;
}

bool
referral_wins(const struct referral_claim *a, const struct referral_claim *b)
{
	int ra = claim_rank(a), rb = claim_rank(b);

	return ra != rb ? ra < rb : strcmp(a->id, b->id) < 0;
}

static int
parse_name(const char *name, const char *const *names, size_t n, size_t *ret)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(name, names[i]) == 0) {
			*ret = i;
			return 0;
		}
	return E_BAD;
}

#define X(name, text) text,
/* NOLINTBEGIN(bugprone-macro-parentheses): an array's initializer. */
#define NAMES(what, LIST, N)						\
static const char *const what##_names[] = { LIST(X) };			\
const char *								\
referral_##what##_name(enum referral_##what v)				\
{									\
	return (unsigned)v < N ? what##_names[v] : "unknown";		\
}									\
int									\
referral_##what##_parse(const char *name, enum referral_##what *ret)	\
{									\
	size_t i;							\
									\
	if (parse_name(name, what##_names, N, &i) != 0)			\
		return E_BAD;						\
	*ret = (enum referral_##what)i;					\
	return 0;							\
}

/* NOLINTEND(bugprone-macro-parentheses) */
NAMES(state, REFERRAL_STATES, REFERRAL_NSTATES)
NAMES(input, REFERRAL_INPUTS, REFERRAL_NINPUTS)
NAMES(actor, REFERRAL_ACTORS, REFERRAL_NACTORS)
NAMES(end, REFERRAL_ENDS, REFERRAL_NENDS)
NAMES(reason, REFERRAL_REASONS, REFERRAL_NREASONS)
NAMES(outcome, REFERRAL_OUTCOMES, REFERRAL_NOUTCOMES)
#undef NAMES
#undef X

int
referral_stage_parse(const char *stage, enum referral_input *ret)
{
	static const char *const stages[] = { "first_contact", "engaged", "closed" };
	static const enum referral_input inputs[] = {
		REFERRAL_IN_ENGAGE, REFERRAL_IN_ENGAGE, REFERRAL_IN_CLOSE,
	};
	size_t i;

	if (parse_name(stage, stages, nelem(stages), &i) != 0)
		return E_BAD;
	*ret = inputs[i];
	return 0;
}

int
referral_decision_parse(const char *decision, enum referral_input *ret)
{
	static const char *const decisions[] = { "accept", "waitlist", "decline" };
	static const enum referral_input inputs[] = {
		REFERRAL_IN_ACCEPT, REFERRAL_IN_WAITLIST, REFERRAL_IN_DECLINE,
	};
	size_t i;

	if (parse_name(decision, decisions, nelem(decisions), &i) != 0)
		return E_BAD;
	*ret = inputs[i];
	return 0;
}
