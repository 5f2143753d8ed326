/* SPDX-License-Identifier: Apache-2.0 */
#include "domain/referral.h"
#include "domain/when.h"
#include "tests/tap.h"

/* When nothing is said of time: late enough for a clock, early enough for all else. */
static int
step(const struct referral *r, enum referral_input input, enum referral_actor actor, struct referral *ret_next,
    unsigned *ret_fx)
{
	const struct referral_move move = { .input = input, .actor = actor, .channel = REFERRAL_VIA_PHONE,
	    .at = r->since + (input == REFERRAL_IN_EXPIRE ? 1000 * WHEN_DAY : WHEN_HOUR) };

	return referral_step(r, &move, ret_next, ret_fx);
}

/* One letter a state, in order of the enum. */
static const char letters[REFERRAL_NSTATES + 1] = "dpsriwachuUfxz";

/*
 * The policy a second time, as a picture: for each actor, state x input ->
 * state, '.' refused.  h scheduled, u engaged, U paused, x closed, z ended.
 * Consent is given (but where it is the input), three attempts were made and
 * no withdrawal is awaiting confirmation.
 *
 *                                   ask_consent           schedule
 *                                   |send                 |no_show
 *                                   ||receive             ||engage
 *                                   |||accept             |||pause
 *                                   ||||decline           ||||resume
 *                                   |||||waitlist         |||||close
 *                                   ||||||ask_info        ||||||fail
 *                                   |||||||give_info      |||||||withdraw
 *                                   ||||||||forward       ||||||||confirm
 *                                   |||||||||consent      |||||||||revoke
 *                                   ||||||||||contact     ||||||||||expire
 *                                                                      reopen
 *                                                                      |mistake
 */
static const char picture[REFERRAL_NACTORS][REFERRAL_NSTATES][REFERRAL_NINPUTS + 1] = {
	[REFERRAL_BY_SOURCE] = {
		[REFERRAL_DRAFT] =		"ps......." ".." ".......z..." "..",
		[REFERRAL_CONSENT_PENDING] =	".s......." ".." ".......z..." "..",
		[REFERRAL_SENT] =		"........." ".." ".......z..." ".z",
		[REFERRAL_RECEIVED] =		"........." ".." ".......z..." ".z",
		[REFERRAL_INFO_REQUESTED] =	".......r." ".." ".......z..." ".z",
		[REFERRAL_WAITLISTED] =		"........." ".." ".......z..." ".z",
		[REFERRAL_ACCEPTED] =		"........." "a." ".......a..." ".z",
		[REFERRAL_CONTACTING] =		"........." "c." ".......c..." ".z",
		[REFERRAL_SCHEDULED] =		"........." "h." ".......h..." ".z",
		[REFERRAL_ENGAGED] =		"........." "u." ".......u..." ".z",
		[REFERRAL_PAUSED] =		"........." "U." ".......U..." ".z",
		[REFERRAL_FORWARDED] =		"........." ".." "..........." "rz",
		[REFERRAL_CLOSED] =		"........." ".." "..........." "rz",
		[REFERRAL_ENDED] =		"........." ".." "..........." "rz",
	},
	[REFERRAL_BY_TARGET] = {
		[REFERRAL_DRAFT] =		"........." ".." "..........." "..",
		[REFERRAL_CONSENT_PENDING] =	"........." ".." "..........." "..",
		[REFERRAL_SENT] =		"..r......" ".." "..........." "..",
		[REFERRAL_RECEIVED] =		"...azwi.f" ".." "..........." "..",
		[REFERRAL_INFO_REQUESTED] =	"........." ".." "..........." "..",
		[REFERRAL_WAITLISTED] =		"...azw..f" ".." "..........." "..",
		[REFERRAL_ACCEPTED] =		"....zw..f" ".c" "h.u........" "..",
		[REFERRAL_CONTACTING] =		"........." ".c" "h.u...z...." "..",
		[REFERRAL_SCHEDULED] =		"........." ".." "hcu..x....." "..",
		[REFERRAL_ENGAGED] =		"........f" ".." "h.uU.xz...." "..",
		[REFERRAL_PAUSED] =		"........." ".." "....u......" "..",
		[REFERRAL_FORWARDED] =		"........." ".." "..........." "..",
		[REFERRAL_CLOSED] =		"........." ".." "..........." "..",
		[REFERRAL_ENDED] =		"........." ".." "..........." "..",
	},
	[REFERRAL_BY_MEMBER] = {
		[REFERRAL_DRAFT] =		"........." ".." ".......z..." "..",
		[REFERRAL_CONSENT_PENDING] =	"........." ".." ".......z..." "..",
		[REFERRAL_SENT] =		"........." ".." ".......z.z." "..",
		[REFERRAL_RECEIVED] =		"........." ".." ".......z.z." "..",
		[REFERRAL_INFO_REQUESTED] =	".......r." ".." ".......z.z." "..",
		[REFERRAL_WAITLISTED] =		"........." ".." ".......z.z." "..",
		[REFERRAL_ACCEPTED] =		"........." "a." ".......z.z." "..",
		[REFERRAL_CONTACTING] =		"........." "c." ".......z.z." "..",
		[REFERRAL_SCHEDULED] =		"........." "h." "h......z.z." "..",
		[REFERRAL_ENGAGED] =		"........." "u." "...U.x.z.z." "..",
		[REFERRAL_PAUSED] =		"........." "U." "....ux.z.z." "..",
		[REFERRAL_FORWARDED] =		"........." ".." "..........." "r.",
		[REFERRAL_CLOSED] =		"........." ".." "..........." "r.",
		[REFERRAL_ENDED] =		"........." ".." "..........." "r.",
	},
	[REFERRAL_BY_WARDEN] = {
		[REFERRAL_DRAFT] =		"........." ".." "..........." "..",
		[REFERRAL_CONSENT_PENDING] =	"........." ".." "..........z" "..",
		[REFERRAL_SENT] =		"........." ".." "..........z" "..",
		[REFERRAL_RECEIVED] =		"........." ".." "..........z" "..",
		[REFERRAL_INFO_REQUESTED] =	"........." ".." "..........z" "..",
		[REFERRAL_WAITLISTED] =		"........." ".." "..........z" "..",
		[REFERRAL_ACCEPTED] =		"........." ".." "..........." "..",
		[REFERRAL_CONTACTING] =		"........." ".." "..........." "..",
		[REFERRAL_SCHEDULED] =		"........." ".." "..........." "..",
		[REFERRAL_ENGAGED] =		"........." ".." "..........." "..",
		[REFERRAL_PAUSED] =		"........." ".." "..........." "..",
		[REFERRAL_FORWARDED] =		"........." ".." "..........." "..",
		[REFERRAL_CLOSED] =		"........." ".." "..........." "..",
		[REFERRAL_ENDED] =		"........." ".." "..........." "..",
	},
};

/* What each input obliges the two sides to, from the words of the protocol. */
static unsigned
duties(const struct referral *r, enum referral_input input, enum referral_actor actor)
{
	bool source = r->side == REFERRAL_AT_SOURCE;
	bool late = r->state >= REFERRAL_ACCEPTED, early = r->state <= REFERRAL_CONSENT_PENDING;
	bool by_target = actor == REFERRAL_BY_TARGET;
	unsigned fx = 0;

	switch (input) {
	case REFERRAL_IN_ASK_CONSENT:
		return source ? REFERRAL_ASK_MEMBER : 0;
	case REFERRAL_IN_SEND:
		return source ? REFERRAL_SEND_REQUEST : REFERRAL_NOTIFY_STAFF;
	case REFERRAL_IN_CONSENT:
		return source ? REFERRAL_SEND_DISCLOSURE : REFERRAL_NOTIFY_STAFF;
	case REFERRAL_IN_RECEIVE:
		return source ? 0 : REFERRAL_SEND_ACK;
	case REFERRAL_IN_FORWARD:
	case REFERRAL_IN_DECLINE:
		fx = REFERRAL_STOP_DISCLOSURE;
		/* FALLTHROUGH */
	case REFERRAL_IN_ACCEPT:
	case REFERRAL_IN_WAITLIST:
	case REFERRAL_IN_ASK_INFO:
	case REFERRAL_IN_CONFIRM:
		if (input == REFERRAL_IN_WAITLIST && late)
			fx = REFERRAL_STOP_DISCLOSURE;
		return fx | (source ? REFERRAL_NOTIFY_STAFF : REFERRAL_SEND_ANSWER);
	case REFERRAL_IN_GIVE_INFO:
		return source ? REFERRAL_SEND_INFO : REFERRAL_NOTIFY_STAFF;
	case REFERRAL_IN_CLOSE:
	case REFERRAL_IN_FAIL:
		fx = REFERRAL_STOP_DISCLOSURE;
		if (source != by_target)
			return fx | (source ? REFERRAL_SEND_CHANGE : REFERRAL_SEND_OUTCOME);
		return fx | REFERRAL_NOTIFY_STAFF;
	case REFERRAL_IN_WITHDRAW:
		if (early)
			return 0;
		/* FALLTHROUGH */
	case REFERRAL_IN_MISTAKE:
		return REFERRAL_STOP_DISCLOSURE |
		    (source ? REFERRAL_SEND_CHANGE : REFERRAL_NOTIFY_STAFF);
	case REFERRAL_IN_REVOKE:
		return REFERRAL_STOP_DISCLOSURE | (source ? REFERRAL_SEND_CHANGE :
		    REFERRAL_NOTIFY_STAFF | REFERRAL_SEND_ACK);
	case REFERRAL_IN_EXPIRE:
		return REFERRAL_NOTIFY_STAFF | (late || early ? 0 : REFERRAL_STOP_DISCLOSURE);
	default:	/* Contact, schedule, no_show, engage, pause, resume, reopen. */
		if (source != by_target)
			return source ? REFERRAL_SEND_CHANGE : REFERRAL_SEND_PROGRESS;
		return REFERRAL_NOTIFY_STAFF;
	}
}

static void
check_cell(struct referral r, enum referral_input input, enum referral_actor actor, char want)
{
	struct referral next = { .attempts = 99 };
	unsigned fx = 77;
	int rc = step(&r, input, actor, &next, &fx);
	bool right;

	if (want == '.')
		right = rc == E_REFUSED && next.attempts == 99 && fx == 77;
	else
		right = rc == 0 && letters[next.state] == want && next.last_input == input &&
		    next.last_actor == actor && fx == duties(&r, input, actor) &&
		    (next.end != REFERRAL_END_NONE) == (next.state == REFERRAL_ENDED);
	ok(right, "%s at %s: %s %s -> %c", referral_state_name(r.state),
	    r.side == REFERRAL_AT_SOURCE ? "source" : "target", referral_actor_name(actor),
	    referral_input_name(input), want);
	if (!right)
		printf("# got %d, state %s, effects %#x, want effects %#x\n", rc,
		    referral_state_name(next.state), fx, duties(&r, input, actor));
}

static void
test_every_cell(void)
{
	for (unsigned side = 0; side < 2; side++)
		for (unsigned a = 0; a < REFERRAL_NACTORS; a++)
			for (unsigned s = 0; s < REFERRAL_NSTATES; s++)
				for (unsigned i = 0; i < REFERRAL_NINPUTS; i++) {
					struct referral r = {
						.side = side, .state = s, .attempts = 3, .channels = 6,
						.consented = i != REFERRAL_IN_CONSENT,
						.last_input = REFERRAL_NINPUTS,
					};

					check_cell(r, i, a, picture[a][s][i]);
				}
}

static const struct {
	enum referral_state	from;
	enum referral_input	input;
	enum referral_actor	actor;
	enum referral_end	end;
} endings[] = {
	{ REFERRAL_RECEIVED, REFERRAL_IN_DECLINE, REFERRAL_BY_TARGET, REFERRAL_END_DECLINED },
	{ REFERRAL_WAITLISTED, REFERRAL_IN_DECLINE, REFERRAL_BY_TARGET, REFERRAL_END_DECLINED },
	{ REFERRAL_ACCEPTED, REFERRAL_IN_DECLINE, REFERRAL_BY_TARGET, REFERRAL_END_DECLINED },
	{ REFERRAL_CONTACTING, REFERRAL_IN_FAIL, REFERRAL_BY_TARGET, REFERRAL_END_FAILED },
	{ REFERRAL_ENGAGED, REFERRAL_IN_FAIL, REFERRAL_BY_TARGET, REFERRAL_END_FAILED },
	{ REFERRAL_CONSENT_PENDING, REFERRAL_IN_EXPIRE, REFERRAL_BY_WARDEN, REFERRAL_END_EXPIRED },
	{ REFERRAL_SENT, REFERRAL_IN_EXPIRE, REFERRAL_BY_WARDEN, REFERRAL_END_EXPIRED },
	{ REFERRAL_RECEIVED, REFERRAL_IN_EXPIRE, REFERRAL_BY_WARDEN, REFERRAL_END_EXPIRED },
	{ REFERRAL_INFO_REQUESTED, REFERRAL_IN_EXPIRE, REFERRAL_BY_WARDEN, REFERRAL_END_EXPIRED },
	{ REFERRAL_WAITLISTED, REFERRAL_IN_EXPIRE, REFERRAL_BY_WARDEN, REFERRAL_END_EXPIRED },
};

static void
test_endings(void)
{
	struct referral r = { .consented = true, .attempts = 3, .channels = 6 }, next;
	unsigned fx;

	for (size_t i = 0; i < nelem(endings); i++) {
		r.state = endings[i].from;
		ok(step(&r, endings[i].input, endings[i].actor, &next, &fx) == 0 &&
		    next.end == endings[i].end, "%s by %s ends as %s",
		    referral_state_name(r.state), referral_input_name(endings[i].input),
		    referral_end_name(endings[i].end));
	}
	for (r.state = 0; r.state < REFERRAL_NSTATES; r.state++) {
		if (step(&r, REFERRAL_IN_WITHDRAW, REFERRAL_BY_MEMBER, &next, &fx) == 0)
			ok(next.end == REFERRAL_END_WITHDRAWN, "a member leaves from %s",
			    referral_state_name(r.state));
		if (step(&r, REFERRAL_IN_REVOKE, REFERRAL_BY_MEMBER, &next, &fx) == 0)
			ok(next.end == REFERRAL_END_CONSENT_REVOKED && !next.consented,
			    "a member revokes in %s", referral_state_name(r.state));
	}
}

/* After acceptance the source asks, and only endings are possible until the target answers. */
static void
test_late_withdrawal(void)
{
	static const struct {
		enum referral_input	input;
		enum referral_actor	actor;
		enum referral_state	only_from;	/* NSTATES: from all. */
	} still[] = {
		{ REFERRAL_IN_CONFIRM, REFERRAL_BY_TARGET, REFERRAL_NSTATES },
		{ REFERRAL_IN_EXPIRE, REFERRAL_BY_WARDEN, REFERRAL_NSTATES },
		{ REFERRAL_IN_WITHDRAW, REFERRAL_BY_MEMBER, REFERRAL_NSTATES },
		{ REFERRAL_IN_REVOKE, REFERRAL_BY_MEMBER, REFERRAL_NSTATES },
	};

	for (enum referral_state s = REFERRAL_ACCEPTED; s <= REFERRAL_PAUSED; s++) {
		struct referral r = { .state = s, .consented = true, .attempts = 3, .channels = 6 }, next, done;
		unsigned fx, ended = 0, open = 0;

		ok(step(&r, REFERRAL_IN_WITHDRAW, REFERRAL_BY_SOURCE, &next, &fx) == 0 &&
		    next.state == s && next.cancelling &&
		    fx == (REFERRAL_SEND_CHANGE | REFERRAL_STOP_DISCLOSURE),
		    "source asks to withdraw from %s", referral_state_name(s));
		ok(step(&next, REFERRAL_IN_WITHDRAW, REFERRAL_BY_SOURCE, &done, &fx) ==
		    E_EXISTS, "asking again changes nothing");
		is_int(referral_clock(&next)->expire_ms, 72 * 3600000LL, "its clock is 72 hours");
		for (size_t i = 0; i < nelem(still); i++)
			ok(step(&next, still[i].input, still[i].actor, &done, &fx) == 0 &&
			    done.state == REFERRAL_ENDED && !done.cancelling,
			    "then %s ends it", referral_input_name(still[i].input));
		ok(step(&next, REFERRAL_IN_CONFIRM, REFERRAL_BY_TARGET, &done, &fx) == 0 &&
		    fx == REFERRAL_NOTIFY_STAFF, "and the source's staff hear of it");
		for (unsigned i = 0; i < REFERRAL_NINPUTS; i++)
			for (unsigned a = 0; a < REFERRAL_NACTORS; a++)
				if (step(&next, i, a, &done, &fx) == 0) {
					ended += done.state == REFERRAL_ENDED ||
					    done.state == REFERRAL_CLOSED;
					open += done.state != REFERRAL_ENDED &&
					    done.state != REFERRAL_CLOSED;
				}
		ok(open == 0 && ended >= 4, "and nothing goes on");
	}
}

static void
test_conditions(void)
{
	struct referral r = { .state = REFERRAL_ACCEPTED }, next;
	unsigned fx;

	for (unsigned i = 0; i < REFERRAL_NINPUTS; i++)
		if (i == REFERRAL_IN_CONTACT || i == REFERRAL_IN_SCHEDULE || i == REFERRAL_IN_ENGAGE)
			is_int(step(&r, i, REFERRAL_BY_TARGET, &next, &fx), E_REFUSED,
			    "no %s before consent", referral_input_name(i));
	r.state = REFERRAL_ACCEPTED;
	r.consented = true;
	r.last_input = REFERRAL_IN_ACCEPT;
	ok(step(&r, REFERRAL_IN_CONSENT, REFERRAL_BY_MEMBER, &next, &fx) == 0 && fx == REFERRAL_SEND_DISCLOSURE,
	    "a consent is renewed, and what it covers is disclosed");
	is_int(step(&r, REFERRAL_IN_CONFIRM, REFERRAL_BY_TARGET, &next, &fx), E_REFUSED,
	    "nothing to confirm");

	r.state = REFERRAL_CONTACTING;
	for (unsigned n = 0; n < 3; n++) {
		is_int(r.attempts, n, "attempts counted");
		is_int(step(&r, REFERRAL_IN_FAIL, REFERRAL_BY_TARGET, &next, &fx), E_REFUSED,
		    "%u attempts are too few to give up", n);
		ok(step(&r, REFERRAL_IN_CONTACT, REFERRAL_BY_TARGET, &r, &fx) == 0, "try");
	}
	is_int(step(&r, REFERRAL_IN_FAIL, REFERRAL_BY_TARGET, &next, &fx), E_REFUSED, "three by telephone are not enough");
	ok(referral_step(&r, &(struct referral_move){ .input = REFERRAL_IN_CONTACT, .actor = REFERRAL_BY_TARGET,
	    .channel = REFERRAL_VIA_POST }, &r, &fx) == 0, "a letter");
	ok(step(&r, REFERRAL_IN_FAIL, REFERRAL_BY_TARGET, &next, &fx) == 0, "three in two ways are enough");
	ok(step(&r, REFERRAL_IN_ENGAGE, REFERRAL_BY_TARGET, &next, &fx) == 0 &&
	    next.attempts == 0 && next.channels == 0, "reaching the member starts the count again");
}

static int
at(const struct referral *r, enum referral_input input, enum referral_actor actor, int64_t when, bool supervised)
{
	struct referral next;
	unsigned fx;

	return referral_step(r, &(struct referral_move){ .input = input, .actor = actor, .at = when,
	    .supervised = supervised }, &next, &fx);
}

static void
test_times(void)
{
	struct referral r = { .state = REFERRAL_CLOSED, .began = WHEN_DAY, .since = 10 * WHEN_DAY, .leg = 1 }, next;
	unsigned fx;

	ok(at(&r, REFERRAL_IN_REOPEN, REFERRAL_BY_SOURCE, 40 * WHEN_DAY, false) == 0 &&
	    at(&r, REFERRAL_IN_REOPEN, REFERRAL_BY_SOURCE, 40 * WHEN_DAY + 1, false) == E_REFUSED, "30 days to reopen");
	r.attempts = 2;
	ok(step(&r, REFERRAL_IN_REOPEN, REFERRAL_BY_MEMBER, &next, &fx) == 0 && next.leg == 2 &&
	    next.state == REFERRAL_RECEIVED && next.attempts == 0, "in a new leg");
	for (int how = 0; how < 4; how++) {
		static const enum referral_input leaving[] = { REFERRAL_IN_WITHDRAW, REFERRAL_IN_CLOSE, REFERRAL_IN_WITHDRAW, REFERRAL_IN_REVOKE };
		static const enum referral_actor who[] = { REFERRAL_BY_MEMBER, REFERRAL_BY_MEMBER, REFERRAL_BY_SOURCE, REFERRAL_BY_MEMBER };
		struct referral gone = { .state = how == 2 ? REFERRAL_RECEIVED : REFERRAL_ENGAGED, .consented = true, .disclosed = true, .leg = 1 };

		ok(step(&gone, leaving[how], who[how], &gone, &fx) == 0 && !referral_is_open(gone.state), "%s by the %s ends it",
		    referral_input_name(leaving[how]), referral_actor_name(who[how]));
		is_int(gone.consented, leaving[how] == REFERRAL_IN_CLOSE || how == 2, "whoever leaves it wants nothing told any more");
		is_int(step(&gone, REFERRAL_IN_REOPEN, REFERRAL_BY_SOURCE, &next, &fx), how == 2 ? 0 : E_REFUSED, "only who left it comes back");
		ok(step(&gone, REFERRAL_IN_REOPEN, REFERRAL_BY_MEMBER, &next, &fx) == 0 && !next.consented && next.disclosed, "and is asked anew");
		ok(step(&next, REFERRAL_IN_ACCEPT, REFERRAL_BY_TARGET, &next, &fx) == 0 && fx & REFERRAL_ASK_MEMBER &&
		    step(&next, REFERRAL_IN_CONTACT, REFERRAL_BY_TARGET, &next, &fx) == E_REFUSED, "before anybody is contacted");
	}
	r.state = REFERRAL_ENDED;
	r.end = REFERRAL_END_CONSENT_REVOKED;
	r.last_input = REFERRAL_IN_REVOKE;
	r.last_actor = REFERRAL_BY_MEMBER;
	ok(at(&r, REFERRAL_IN_REOPEN, REFERRAL_BY_MEMBER, 40 * WHEN_DAY, false) == 0 &&
	    at(&r, REFERRAL_IN_REOPEN, REFERRAL_BY_MEMBER, 40 * WHEN_DAY + 1, false) == E_REFUSED, "who took a consent back may come again");
	is_int(at(&r, REFERRAL_IN_REOPEN, REFERRAL_BY_SOURCE, 11 * WHEN_DAY, false), E_REFUSED, "by their own word alone");
	r.end = REFERRAL_END_MISTAKEN;
	ok(at(&r, REFERRAL_IN_REOPEN, REFERRAL_BY_SOURCE, 11 * WHEN_DAY, false) == E_REFUSED &&
	    at(&r, REFERRAL_IN_MISTAKE, REFERRAL_BY_SOURCE, 11 * WHEN_DAY, true) == E_REFUSED, "a mistake is final");
	r = (struct referral){ .state = REFERRAL_RECEIVED, .began = WHEN_DAY, .since = WHEN_DAY, .leg = 1 };
	ok(at(&r, REFERRAL_IN_MISTAKE, REFERRAL_BY_SOURCE, 2 * WHEN_DAY, false) == 0 &&
	    at(&r, REFERRAL_IN_MISTAKE, REFERRAL_BY_SOURCE, 2 * WHEN_DAY + 1, false) == E_REFUSED &&
	    at(&r, REFERRAL_IN_MISTAKE, REFERRAL_BY_SOURCE, 9 * WHEN_DAY, true) == 0,
	    "a mistake is said within a day, or with a supervisor");
	r.since = 9 * WHEN_DAY;
	is_int(at(&r, REFERRAL_IN_MISTAKE, REFERRAL_BY_SOURCE, 2 * WHEN_DAY, false), E_REFUSED, "and dated back it is no earlier than what it follows");
	r.since = WHEN_DAY;
	ok(at(&r, REFERRAL_IN_EXPIRE, REFERRAL_BY_WARDEN, 15 * WHEN_DAY - 1, false) == E_REFUSED &&
	    at(&r, REFERRAL_IN_EXPIRE, REFERRAL_BY_WARDEN, 15 * WHEN_DAY, false) == 0, "no clock strikes early");
	ok(step(&r, REFERRAL_IN_ASK_INFO, REFERRAL_BY_TARGET, &r, &fx) == 0 &&
	    referral_step(&r, &(struct referral_move){ .input = REFERRAL_IN_GIVE_INFO, .at = 5 }, &next, &fx) == 0 &&
	    next.since == r.since, "a clock that is slow does not turn time back");
	/* 1970-01-02 was a Friday. */
	r.state = REFERRAL_RECEIVED;
	r.since = WHEN_DAY;
	ok(referral_remind_at(&r, 1) == 5 * WHEN_DAY && referral_remind_at(&r, 2) == 7 * WHEN_DAY,
	    "two business days from Friday are Tuesday");
	r.state = REFERRAL_SCHEDULED;
	r.meets_at = 20 * WHEN_DAY;
	ok(referral_remind_at(&r, 1) == 21 * WHEN_DAY, "asked the day after the meeting");
	r.cancelling = true;
	ok(referral_remind_at(&r, 1) == 2 * WHEN_DAY, "but after a day if it is to be taken back");
	r.cancelling = false;
	r.meets_at = r.since;
	ok(referral_remind_at(&r, 1) == r.since + referral_clock(&r)->remind_ms, "and by the clock if the day of the meeting is not known");
	r.state = REFERRAL_ENGAGED;
	ok(referral_remind_at(&r, 2) == 61 * WHEN_DAY && referral_expire_at(&r) == INT64_MAX, "others by the clock");
	r.state = REFERRAL_CLOSED;
	ok(referral_remind_at(&r, 1) == INT64_MAX && referral_expire_at(&r) == INT64_MAX, "what is closed reminds nobody");
}

/* For whom something waits, in words: us at the source, us at the target; with "!" once staff were reminded of it. */
static void
test_waiting(void)
{
	static const struct { enum referral_state state; bool consented, cancelling; const char *at_source, *at_target; } all[] = {
		{ REFERRAL_DRAFT, false, false, "!", "!late" },
		{ REFERRAL_CONSENT_PENDING, false, false, "us", "!late" },
		{ REFERRAL_SENT, false, false, "!late", "us" },
		{ REFERRAL_RECEIVED, false, false, "!late", "us" },
		{ REFERRAL_INFO_REQUESTED, false, false, "us", "!late" },
		{ REFERRAL_WAITLISTED, false, false, "!late", "!" },
		{ REFERRAL_ACCEPTED, false, false, "us", "!late" },
		{ REFERRAL_ACCEPTED, true, false, "!late", "us" },
		{ REFERRAL_CONTACTING, true, false, "!late", "us" },
		{ REFERRAL_SCHEDULED, true, false, "!late", "!" },
		{ REFERRAL_ENGAGED, true, false, "!late", "!" },
		{ REFERRAL_ENGAGED, true, true, "!late", "us" },
		{ REFERRAL_PAUSED, true, false, "!", "!late" },
		{ REFERRAL_FORWARDED, true, false, "", "" },
		{ REFERRAL_CLOSED, true, false, "", "" },
		{ REFERRAL_ENDED, true, false, "", "" },
	};

	for (size_t i = 0; i < nelem(all); i++)
		for (int side = 0; side < 2; side++) {
			const char *words = side == REFERRAL_AT_SOURCE ? all[i].at_source : all[i].at_target;
			struct referral r = { .side = (enum referral_side)side, .state = all[i].state, .consented = all[i].consented,
			    .cancelling = all[i].cancelling };
			enum referral_waiting then = !strcmp(words, "") ? REFERRAL_WAITS_NOT : !strcmp(words, "!late") ? REFERRAL_WAITS_LATE :
			    REFERRAL_WAITS_FOR_US;

			ok(referral_waiting(&r, false) == (strcmp(words, "us") == 0 ? REFERRAL_WAITS_FOR_US : REFERRAL_WAITS_NOT) &&
			    referral_waiting(&r, true) == then, "%s at the %s: %s", referral_state_name(r.state),
			    side == REFERRAL_AT_SOURCE ? "source" : "target", words);
		}
}

/* A step's date is its author's; whose turn it then is has all the time from when they had it. */
static void
test_heard(void)
{
	struct referral r = { .state = REFERRAL_SENT, .began = WHEN_DAY, .since = WHEN_DAY, .leg = 1 };
	const struct referral_move late = { .input = REFERRAL_IN_RECEIVE, .actor = REFERRAL_BY_TARGET, .at = WHEN_DAY, .heard = 30 * WHEN_DAY };
	unsigned fx;

	ok(referral_step(&r, &late, &r, &fx) == 0 && r.since == WHEN_DAY && r.heard == 30 * WHEN_DAY, "a request that took a month, or is dated back");
	is_int(referral_expire_at(&r), 15 * WHEN_DAY, "may be over on the other side");
	is_int(referral_strike_at(&r), 44 * WHEN_DAY, "and here is not before there was time to answer");
	/* 1970-01-31 was a Saturday. */
	is_int(referral_remind_at(&r, 1), 33 * WHEN_DAY, "nor is anybody reminded of it");
	r.state = REFERRAL_WAITLISTED;
	is_int(referral_remind_at(&r, 1), 44 * WHEN_DAY, "whatever the clock");
	ok(referral_step(&r, &(struct referral_move){ .input = REFERRAL_IN_ACCEPT, .actor = REFERRAL_BY_TARGET, .at = 31 * WHEN_DAY,
	    .heard = 29 * WHEN_DAY }, &r, &fx) == 0 && r.heard == 30 * WHEN_DAY, "what was heard before what it follows waited for that");
	ok(referral_strike_at(&r) == INT64_MAX, "what has no end has none");
	r.state = REFERRAL_CLOSED;
	ok(referral_strike_at(&r) == INT64_MAX, "nor what is closed");
	r = (struct referral){ .state = REFERRAL_RECEIVED, .since = 3 * WHEN_DAY, .heard = 2 * WHEN_DAY, .leg = 1 };
	is_int(referral_strike_at(&r), 17 * WHEN_DAY, "a date that is ahead of this side's clock stands");
}

/* Of the member, the target says that they took back what was disclosed to it, and nothing else. */
static void
test_may_say(void)
{
	struct referral r = { .state = REFERRAL_ENGAGED, .consented = true, .disclosed = true, .leg = 1 };

	for (unsigned i = 0; i < REFERRAL_NINPUTS; i++)
		for (unsigned a = 0; a < REFERRAL_NACTORS; a++) {
			const struct referral_move move = { .input = i, .actor = a };

			r.disclosed = true;
			if (!referral_may_say(&r, REFERRAL_AT_SOURCE, &move) ||
			    referral_may_say(&r, REFERRAL_AT_TARGET, &move) != (a != REFERRAL_BY_MEMBER || i == REFERRAL_IN_REVOKE))
				ok(false, "%s by the %s", referral_input_name(i), referral_actor_name(a));
			r.disclosed = false;
			if (!referral_may_say(&r, REFERRAL_AT_SOURCE, &move) ||
			    referral_may_say(&r, REFERRAL_AT_TARGET, &move) != (a != REFERRAL_BY_MEMBER))
				ok(false, "%s by the %s before anything was disclosed", referral_input_name(i), referral_actor_name(a));
		}
	ok(true, "the target speaks for the member in one thing only");
}

/* Both copies of the needed path, step for step. */
static void
test_story(void)
{
	static const struct {
		enum referral_input	input;
		enum referral_actor	actor;
		unsigned		source, target;
		enum referral_state	to;
	} story[] = {
		{ REFERRAL_IN_SEND, REFERRAL_BY_SOURCE, REFERRAL_SEND_REQUEST, REFERRAL_NOTIFY_STAFF,
		  REFERRAL_SENT },
		{ REFERRAL_IN_RECEIVE, REFERRAL_BY_TARGET, 0, REFERRAL_SEND_ACK, REFERRAL_RECEIVED },
		{ REFERRAL_IN_ACCEPT, REFERRAL_BY_TARGET,
		  REFERRAL_NOTIFY_STAFF | REFERRAL_ASK_MEMBER, REFERRAL_SEND_ANSWER,
		  REFERRAL_ACCEPTED },
		{ REFERRAL_IN_CONSENT, REFERRAL_BY_MEMBER, REFERRAL_SEND_DISCLOSURE,
		  REFERRAL_NOTIFY_STAFF, REFERRAL_ACCEPTED },
		{ REFERRAL_IN_ENGAGE, REFERRAL_BY_TARGET, REFERRAL_NOTIFY_STAFF,
		  REFERRAL_SEND_PROGRESS, REFERRAL_ENGAGED },
		{ REFERRAL_IN_CLOSE, REFERRAL_BY_TARGET, REFERRAL_NOTIFY_STAFF | REFERRAL_STOP_DISCLOSURE,
		  REFERRAL_SEND_OUTCOME | REFERRAL_STOP_DISCLOSURE, REFERRAL_CLOSED },
	};
	struct referral a = referral_start(REFERRAL_AT_SOURCE), b = referral_start(REFERRAL_AT_TARGET);
	struct referral again;
	unsigned fa, fb, fx;

	for (size_t i = 0; i < nelem(story); i++) {
		ok(step(&a, story[i].input, story[i].actor, &a, &fa) == 0 &&
		    step(&b, story[i].input, story[i].actor, &b, &fb) == 0 &&
		    a.state == story[i].to && b.state == story[i].to, "%s by %s",
		    referral_input_name(story[i].input), referral_actor_name(story[i].actor));
		ok(fa == story[i].source && fb == story[i].target, "each side owes its part");
		if (story[i].input != REFERRAL_IN_ENGAGE && story[i].input != REFERRAL_IN_CONSENT)
			is_int(step(&a, story[i].input, story[i].actor, &again, &fx), E_EXISTS,
			    "told twice, done once");
	}
	ok(a.disclosed && b.side == REFERRAL_AT_TARGET && !referral_is_open(a.state), "closed on both");
}

static void
test_random_walk(void)
{
	unsigned seed = 20261121, fa, fb, fx;
	long steps = 0, runs = 0, disclosed = 0, wrong = 0;
	struct referral a = referral_start(REFERRAL_AT_SOURCE), b = referral_start(REFERRAL_AT_TARGET);

	printf("# seed %u\n", seed);
	for (long i = 0; i < 400000; i++) {
		enum referral_input input = (unsigned)rand_r(&seed) % REFERRAL_NINPUTS;
		enum referral_actor actor = (unsigned)rand_r(&seed) % REFERRAL_NACTORS;
		struct referral next, before = a;
		int ra, rb;

		/* Endings are likely everywhere: most are passed over. */
		if ((input == REFERRAL_IN_WITHDRAW || input == REFERRAL_IN_EXPIRE ||
		    input == REFERRAL_IN_DECLINE || input == REFERRAL_IN_FORWARD || input == REFERRAL_IN_MISTAKE ||
		    input == REFERRAL_IN_REVOKE) && referral_is_open(a.state) && rand_r(&seed) % 20 != 0)
			continue;
		ra = step(&a, input, actor, &next, &fa);
		rb = step(&b, input, actor, &b, &fb);
		wrong += ra != rb;
		if (ra != 0) {
			if (referral_is_open(a.state))
				continue;
			wrong += referral_clock(&a) != NULL;
			runs++;
			a = referral_start(REFERRAL_AT_SOURCE);
			b = referral_start(REFERRAL_AT_TARGET);
			continue;
		}
		a = next;
		steps++;
		wrong += a.state != b.state || a.end != b.end || a.consented != b.consented ||
		    a.cancelling != b.cancelling || a.attempts != b.attempts;
		wrong += !referral_is_open(before.state) && input != REFERRAL_IN_REOPEN && input != REFERRAL_IN_MISTAKE;
		wrong += (fb & REFERRAL_SEND_DISCLOSURE) != 0;
		if (fa & REFERRAL_SEND_DISCLOSURE) {
			disclosed++;
			wrong += input != REFERRAL_IN_CONSENT || a.state < REFERRAL_ACCEPTED;
		}
		/* The clock may expire exactly where the table lets it. */
		if (referral_is_open(a.state))
			wrong += (step(&a, REFERRAL_IN_EXPIRE, REFERRAL_BY_WARDEN, &next,
			    &fx) == 0) != (referral_clock(&a)->expire_ms != 0);
	}
	printf("# %ld steps, %ld referrals, %ld disclosures\n", steps, runs, disclosed);
	ok(wrong == 0, "both sides agree, nothing is disclosed but by a consent");
	ok(runs > 1000 && disclosed > 500 && steps > 8000, "and the walk went far");
}

int
main(void)
{
	test_every_cell();
	test_endings();
	test_late_withdrawal();
	test_conditions();
	test_times();
	test_heard();
	test_may_say();
	test_story();
	test_random_walk();
	test_waiting();
	return done_testing();
}
