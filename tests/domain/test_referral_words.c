/* SPDX-License-Identifier: Apache-2.0 */
/* What the machine says to people: refusals, clocks, names. */
#include <string.h>

#include "domain/referral.h"
#include "domain/when.h"
#include "tests/tap.h"

static void
is_refused_at(struct referral r, enum referral_input input, enum referral_actor actor, int64_t at,
    const char *want)
{
	struct err err = { "" };
	struct referral next;
	unsigned fx;

	const struct referral_move move = { .input = input, .actor = actor, .at = at };

	ok(referral_step(&r, &move, &next, &fx) == E_REFUSED, "refused: %s %s",
	    referral_actor_name(actor), referral_input_name(input));
	referral_explain_refusal(&r, &move, &err);
	is_str(err.text, want, "and why");
}

static void
is_refused(struct referral r, enum referral_input input, enum referral_actor actor, const char *want)
{
	is_refused_at(r, input, actor, r.since, want);
}

static void
test_refusals_in_words(void)
{
	struct referral closed = { .state = REFERRAL_CLOSED };
	struct referral ended = { .state = REFERRAL_ENDED, .end = REFERRAL_END_DECLINED };
	struct referral accepted = { .state = REFERRAL_ACCEPTED };
	struct referral consented = { .state = REFERRAL_ACCEPTED, .consented = true };
	struct referral left = { .state = REFERRAL_ENDED, .end = REFERRAL_END_WITHDRAWN, .last_input = REFERRAL_IN_WITHDRAW, .last_actor = REFERRAL_BY_MEMBER };
	struct referral cancelling = { .state = REFERRAL_ENGAGED, .consented = true, .cancelling = true };
	struct referral received = { .state = REFERRAL_RECEIVED };
	struct referral trying = { .state = REFERRAL_CONTACTING, .consented = true, .attempts = 1, .channels = 2 };
	struct referral revoked = { .state = REFERRAL_ENDED, .end = REFERRAL_END_CONSENT_REVOKED };
	struct referral mistaken = { .state = REFERRAL_ENDED, .end = REFERRAL_END_MISTAKEN };

	is_refused(closed, REFERRAL_IN_CLOSE, REFERRAL_BY_TARGET, "referral is closed; nothing more "
	    "can be recorded. To start again reopen it, within 30 days, or send a new referral");
	is_refused(ended, REFERRAL_IN_ACCEPT, REFERRAL_BY_TARGET, "referral is ended (declined); "
	    "nothing more can be recorded. To start again reopen it, within 30 days, or send a new referral");
	is_refused(accepted, REFERRAL_IN_ENGAGE, REFERRAL_BY_TARGET, "referral is accepted but the "
	    "member's consent has not been recorded, so it cannot engage; record the consent first");
	is_refused(consented, REFERRAL_IN_CONFIRM, REFERRAL_BY_TARGET, "nobody has asked to withdraw "
	    "this accepted referral, so it cannot confirm; to end it, decline it or record an outcome");
	is_refused(cancelling, REFERRAL_IN_SCHEDULE, REFERRAL_BY_TARGET, "the withdrawal of this "
	    "engaged referral awaits the target's confirmation, so it cannot schedule; the target can "
	    "confirm, and after 72 hours it counts as confirmed");
	is_refused(trying, REFERRAL_IN_FAIL, REFERRAL_BY_TARGET, "the member has been tried 1 times "
	    "in 1 ways, and 3 times in 2 are needed before a referral that is contacting may fail; record each attempt "
	    "with contact");
	is_refused(received, REFERRAL_IN_EXPIRE, REFERRAL_BY_WARDEN, "the time for a referral that is received has not "
	    "run out, so it cannot expire");
	revoked.since = 1;
	is_refused(revoked, REFERRAL_IN_REOPEN, REFERRAL_BY_SOURCE, "referral is ended, because the member took the consent back, so the source "
	    "cannot reopen it; if the member asks for it, it is reopened as theirs (--member), else send a new referral");
	is_refused_at(revoked, REFERRAL_IN_REOPEN, REFERRAL_BY_MEMBER, 31 * WHEN_DAY, "referral is ended, and that is more than 30 days ago; "
	    "send a new referral");
	closed.since = -40 * WHEN_DAY;
	is_refused(left, REFERRAL_IN_REOPEN, REFERRAL_BY_SOURCE, "referral is ended, because the member left, so the source cannot reopen it; "
	    "if the member asks for it, it is reopened as theirs (--member), else send a new referral");
	is_refused_at(closed, REFERRAL_IN_REOPEN, REFERRAL_BY_SOURCE, 0, "referral is closed, and that is more than 30 days ago; "
	    "send a new referral");
	mistaken.since = 1;
	is_refused(mistaken, REFERRAL_IN_REOPEN, REFERRAL_BY_SOURCE, "referral is ended, because it was entered in error; "
	    "send a new referral");
	is_refused(mistaken, REFERRAL_IN_MISTAKE, REFERRAL_BY_SOURCE, "referral is ended, and was marked as entered in error already");
	received.began = received.since - 2 * WHEN_DAY;
	is_refused(received, REFERRAL_IN_MISTAKE, REFERRAL_BY_SOURCE, "referral is received, and was sent more than a day ago: "
	    "only with a supervisor's agreement is it marked as entered in error");
	is_refused(received, REFERRAL_IN_ACCEPT, REFERRAL_BY_SOURCE, "accept is not for the source "
	    "while a referral is received: only the target can do it");
	is_refused(received, REFERRAL_IN_CLOSE, REFERRAL_BY_TARGET, "close is not possible while a "
	    "referral is received; the target can now: accept, waitlist, ask_info, forward, decline");
	is_refused(accepted, REFERRAL_IN_CLOSE, REFERRAL_BY_WARDEN, "close is not possible while a "
	    "referral is accepted; it is for the member to give or refuse consent");
}

static void
test_every_refusal_has_words(void)
{
	long silent = 0, n = 0;

	for (unsigned flags = 0; flags < 8; flags++)
		for (unsigned s = 0; s < REFERRAL_NSTATES; s++)
			for (unsigned i = 0; i < REFERRAL_NINPUTS; i++)
				for (unsigned a = 0; a < REFERRAL_NACTORS; a++) {
					struct referral r = {
						.state = s, .consented = flags & 1,
						.cancelling = flags & 2,
						.attempts = flags & 4 ? 3 : 0, .channels = flags & 4 ? 3 : 0,
						.last_input = REFERRAL_NINPUTS,
					}, next;
					struct err err = { "" };
					const struct referral_move move = { .input = i, .actor = a };
					unsigned fx;

					if (referral_step(&r, &move, &next, &fx) == 0)
						continue;
					referral_explain_refusal(&r, &move, &err);
					n++;
					silent += strlen(err.text) < 40 ||
					    (strstr(err.text, referral_state_name(s)) == NULL);
				}
	ok(silent == 0 && n > 5000, "%ld refusals, each with a sentence that names the state", n);
}

static void
test_clocks(void)
{
	struct referral r = { .state = REFERRAL_ACCEPTED };

	for (r.state = 0; r.state < REFERRAL_NSTATES; r.state++) {
		const struct referral_clock *c = referral_clock(&r);

		if (!referral_is_open(r.state))
			ok(c == NULL, "%s has no clock", referral_state_name(r.state));
		else
			ok(c != NULL && c->remind_ms > 0 && c->owes != NULL && c->then != NULL &&
			    (c->expire_ms == 0 || c->expire_ms > c->remind_ms),
			    "%s has an owner and a clock", referral_state_name(r.state));
	}
	r.state = REFERRAL_ACCEPTED;
	is_int(referral_clock(&r)->owner, REFERRAL_BY_MEMBER, "accepted: first the member consents");
	r.consented = true;
	is_int(referral_clock(&r)->owner, REFERRAL_BY_TARGET, "then the target makes contact");
	r.state = REFERRAL_SENT;
	is_int(referral_clock(&r)->remind_ms, 86400000, "a day for the acknowledgement");
}

static void
test_winner(void)
{
	/* Best first. */
	static const struct referral_claim order[] = {
		{ REFERRAL_IN_WITHDRAW, REFERRAL_BY_MEMBER, "B" },
		{ REFERRAL_IN_CLOSE, REFERRAL_BY_MEMBER, "C" },
		{ REFERRAL_IN_REVOKE, REFERRAL_BY_MEMBER, "A" },
		{ REFERRAL_IN_ACCEPT, REFERRAL_BY_TARGET, "1" },
		{ REFERRAL_IN_DECLINE, REFERRAL_BY_TARGET, "2" },
		{ REFERRAL_IN_PAUSE, REFERRAL_BY_MEMBER, "0" },
		{ REFERRAL_IN_WITHDRAW, REFERRAL_BY_SOURCE, "0" },
		{ REFERRAL_IN_EXPIRE, REFERRAL_BY_WARDEN, "0" },
	};

	for (size_t i = 0; i < nelem(order); i++)
		for (size_t j = 0; j < nelem(order); j++)
			ok(referral_wins(&order[i], &order[j]) == (i < j), "%zu against %zu", i, j);
}

static void
test_names(void)
{
	enum referral_state s;
	enum referral_input i = REFERRAL_IN_SEND;
	enum referral_actor a;
	enum referral_end e;
	enum referral_reason w;
	enum referral_outcome o;
	enum referral_channel c;
	unsigned wrong = 0;

	for (unsigned n = 0; n < REFERRAL_NSTATES; n++)
		wrong += referral_state_parse(referral_state_name(n), &s) != 0 || s != n;
	for (unsigned n = 0; n < REFERRAL_NINPUTS; n++)
		wrong += referral_input_parse(referral_input_name(n), &i) != 0 || i != n;
	for (unsigned n = 0; n < REFERRAL_NACTORS; n++)
		wrong += referral_actor_parse(referral_actor_name(n), &a) != 0 || a != n;
	for (unsigned n = 0; n < REFERRAL_NENDS; n++)
		wrong += referral_end_parse(referral_end_name(n), &e) != 0 || e != n;
	for (unsigned n = 0; n < REFERRAL_NREASONS; n++)
		wrong += referral_reason_parse(referral_reason_name(n), &w) != 0 || w != n;
	for (unsigned n = 0; n < REFERRAL_NOUTCOMES; n++)
		wrong += referral_outcome_parse(referral_outcome_name(n), &o) != 0 || o != n;
	for (unsigned n = 0; n < REFERRAL_NCHANNELS; n++)
		wrong += referral_channel_parse(referral_channel_name(n), &c) != 0 || c != n;
	ok(wrong == 0, "every name comes back");
	ok(referral_state_parse("Draft", &s) == E_BAD && referral_input_parse("", &i) == E_BAD &&
	    referral_actor_parse("court", &a) == E_BAD && referral_end_parse("won", &e) == E_BAD &&
	    referral_reason_parse("attended", &w) == E_BAD &&
	    referral_outcome_parse("cured", &o) == E_BAD, "others are refused");
	is_str(referral_state_name(REFERRAL_NSTATES), "unknown", "no name beyond the end");
}

int
main(void)
{
	test_refusals_in_words();
	test_every_refusal_has_words();
	test_clocks();
	test_winner();
	test_names();
	return done_testing();
}
