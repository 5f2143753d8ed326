/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The clock of a referral in two whole nodes: staff are reminded and the doctor says so; what nobody answers ends,
 * on both sides by the same step, though neither tells the other.
 */
#include <stdio.h>
#include <string.h>

#include "base/canon.h"
#include "domain/when.h"
#include "story_refer.h"
#include "tests/tap.h"

enum { MOMENT = 60000 };

static bool
both(struct host *h, const struct referral_story *s, const char *state)
{
	return refer_state(h, SOURCE, s, state) && refer_state(h, TARGET, s, state);
}

/* What each side says, and the doctor of each. */
static bool
reminded(struct host *h, size_t i, const struct referral_story *s, const char *words)
{
	autojson json_t *shown = refer_show(h, i, s);
	const char *overdue = json_str(shown, "overdue");

	printf("# %s: %s\n", h->node[i].name, overdue != NULL ? overdue : "-");
	return overdue != NULL && strstr(overdue, words) != NULL && story_ill(h, i, "referrals", "1 referral waits");
}

static bool
calm(struct host *h, size_t i, const struct referral_story *s)
{
	autojson json_t *shown = refer_show(h, i, s);

	return json_str(shown, "overdue") == NULL && story_well(h, i, "referrals");
}

static void
later(struct host *h, int64_t ms)
{
	*h->now += ms;
	host_run(h, MOMENT);
}

/* What ended it, and of which step both know. */
static void
is_ended(struct host *h, const struct referral_story *s, const char *end)
{
	autojson json_t *a = refer_show(h, SOURCE, s), *b = refer_show(h, TARGET, s);
	const json_t *history = json_arr(a, "history"), *last = json_array_get(history, json_array_size(history) - 1);

	ok(both(h, s, "ended") && !strcmp(json_str(a, "end"), end) && !strcmp(json_str(b, "end"), end), "it ends as %s on both sides",
	    end);
	ok(!strcmp(json_str(last, "input"), "expire") && !strcmp(json_str(last, "actor"), "warden") && refer_count(a, "expire") == 1,
	    "by the clock, once");
	is_str(json_str(a, "last_step"), json_str(b, "last_step"), "which both sides call by the same name");
	ok(calm(h, SOURCE, s) && calm(h, TARGET, s), "and nobody is reminded of it any more");
}

/* The partner is away for a day, by a clock that goes on; then its staff do not answer. */
static void
test_reminders(struct host *h, struct referral_story *s)
{
	autojson json_t *reply = NULL;

	refer_begin(h, s);
	host_stop(h, TARGET);
	reply = host_ok(h, SOURCE, "refer", refer_args(h, s, STORY_REFER));
	(void)snprintf(s->id, sizeof(s->id), "%s", json_str(reply, "referral"));
	host_run(h, 23 * WHEN_HOUR);
	ok(refer_state(h, SOURCE, s, "sent") && calm(h, SOURCE, s), "for a day the partner may be silent");
	host_run(h, WHEN_HOUR + MOMENT);
	ok(reminded(h, SOURCE, s, "acknowledge the request has not come: it was due since 1 reminder"), "then doctor says so, and show what is due");
	host_start(h, TARGET);
	host_run(h, 2 * WHEN_HOUR);
	ok(both(h, s, "received") && calm(h, SOURCE, s) && calm(h, TARGET, s), "it comes, and all is well");
	later(h, 3 * WHEN_DAY);
	ok(reminded(h, SOURCE, s, "answer the request has not come") && reminded(h, TARGET, s, "answer the request has not come"),
	    "two working days without an answer: staff of both sides are reminded");
	host_stop(h, SOURCE);
	host_start(h, SOURCE);
	ok(reminded(h, SOURCE, s, "due since 1 reminder"), "which is known after another start");
	ok(refer_step(h, s, STORY_ACCEPT) && calm(h, SOURCE, s) && calm(h, TARGET, s), "and is over with the answer");
}

/* Taken back when it was accepted already: the target is asked; after 72 hours its silence is a yes. */
static void
test_late_withdrawal(struct host *h, const struct referral_story *s)
{
	json_decref(host_ok(h, SOURCE, "withdraw", json_pack("{s:s}", "id", s->id)));
	host_run(h, MOMENT);
	ok(both(h, s, "accepted") && calm(h, TARGET, s), "a late withdrawal waits for the target");
	later(h, WHEN_DAY);
	ok(both(h, s, "accepted") && reminded(h, SOURCE, s, "confirm the withdrawal") && reminded(h, TARGET, s, "confirm the withdrawal"),
	    "after a day it is overdue");
	later(h, 2 * WHEN_DAY - 5 * MOMENT);
	ok(both(h, s, "accepted"), "a moment before 72 hours it is not confirmed");
	later(h, 5 * MOMENT);
	is_ended(h, s, "withdrawn");
}

/* Nobody answers for two weeks; one of the two nodes sleeps through the end. */
static void
test_expiry(struct host *h)
{
	struct referral_story s;

	refer_begin(h, &s);
	(void)ok(refer_step(h, &s, STORY_REFER), "a referral that nobody answers");
	later(h, 14 * WHEN_DAY - WHEN_HOUR);
	ok(both(h, &s, "received") && reminded(h, TARGET, &s, "answer the request"), "for two weeks staff are reminded");
	host_stop(h, TARGET);
	later(h, WHEN_HOUR);
	ok(refer_state(h, SOURCE, &s, "ended"), "then it expires");
	host_start(h, TARGET);
	host_run(h, MOMENT);
	is_ended(h, &s, "expired");
}

/* Of one that was erased only its consents are left: nobody is reminded of that. */
static void
test_erased(struct host *h)
{
	struct referral_story s;

	refer_to(h, &s, STORY_CONSENT);
	later(h, 4 * WHEN_DAY);
	ok(reminded(h, SOURCE, &s, "make first contact") && reminded(h, TARGET, &s, "make first contact"), "first contact is overdue");
	json_decref(host_ok(h, SOURCE, "erase", json_pack("{s:s, s:s}", "id", s.id, "confirm", s.id)));
	host_run(h, MOMENT);
	ok(story_well(h, SOURCE, "referrals"), "of a referral that is erased nobody is reminded");
}

int
main(void)
{
	struct referral_story s;
	struct host h;

	story_begin(&h, 71);
	story_trust(&h);
	story_publish(&h);
	test_reminders(&h, &s);
	test_late_withdrawal(&h, &s);
	test_expiry(&h);
	test_erased(&h);
	ok(story_clean(&h, SOURCE) && story_clean(&h, TARGET) && story_complaints(&h) == 0, "and nothing of it was rejected");
	host_end(&h);
	return done_testing();
}
