/* SPDX-License-Identifier: Apache-2.0 */
/* What is known now of whom a referral is for; and what the answer to a question and a decline say beyond their step. */
#include <string.h>

#include "base/canon.h"
#include "domain/asked.h"
#include "domain/telling.h"
#include "events.h"
#include "base/event.h"
#include "tests/tap.h"

static const char *const bands[] = { "under_13", "13_17", "18_25", "26_59", "60_plus" };

/* Which of two words on somebody's age holds: the newer, but for a minor of whom it was said later that they are none. */
static void
test_bands(void)
{
	int wrong = 0, doubts = 0;

	for (size_t i = 0; i < nelem(bands); i++)
		for (size_t k = 0; k < nelem(bands); k++) {
			autojson json_t *facts = json_pack("{s:s}", "age_band", bands[i]), *info = json_pack("{s:s}", "age_band", bands[k]);
			autojson json_t *late = json_pack("{s:s}", "age_band", bands[i]);

			wrong += asked_lay(facts, info) != 0 || strcmp(json_str(facts, "age_band"), bands[i < 2 && k >= 2 ? i : k]) != 0;
			doubts += asked_doubt(late, info) != 0 || strcmp(json_str(late, "age_band"), bands[i >= 2 && k < 2 ? k : i]) != 0;
			wrong += asked_minor(bands[k]) != (k < 2);
		}
	is_int(wrong, 0, "of two words on an age the newer holds; who was a minor once is one");
	is_int(doubts, 0, "one that does not count makes a minor of an adult, and nothing else of anybody");
	ok(!asked_minor(NULL), "of whom nothing is said that is not known");
}

static void
test_lay(void)
{
	autojson json_t *facts = json_pack("{s:s, s:s, s:s, s:[s]}", "need", "alcohol", "language", "en", "to", "X", "times", "night");
	autojson json_t *info = json_pack("{s:s, s:[s], s:s, s:[s], s:[s], s:s}", "language", "es", "times", "weekday_morning", "residence",
	    "US-NJ", "insurance", "medicaid", "not_said", "urgency", "need", "grief");
	autojson json_t *want = json_pack("{s:s, s:s, s:s, s:[s], s:s, s:[s]}", "need", "alcohol", "language", "es", "to", "X", "times",
	    "weekday_morning", "residence", "US-NJ", "insurance", "medicaid");
	autojson json_t *band = json_pack("{s:s, s:s}", "age_band", "13_17", "language", "fr");

	ok(asked_lay(facts, info) == 0 && json_equal(facts, want), "an answer is laid over the request, and changes nothing else");
	ok(asked_lay(facts, NULL) == 0 && json_equal(facts, want), "a step without one says nothing");
	ok(asked_doubt(facts, band) == 0 && !strcmp(json_str(facts, "age_band"), "13_17") && !strcmp(json_str(facts, "language"), "es"),
	    "of an answer that does not count only the minor stays");
}

static void
test_why(void)
{
	static const char *const neutral[] = { "no_capacity", TELLING_NEUTRAL };
	int told = 0, bare = 0, n = 0;

	for (int i = 1; event_enum_text(&ev_decline_reason_names, i) != NULL; i++, n++) {
		const char *reason = event_enum_text(&ev_decline_reason_names, i);
		bool ours = !strcmp(reason, neutral[0]) || !strcmp(reason, neutral[1]);
		autojson json_t *decline = json_pack("{s:s, s:s, s:s}", "decision", "decline", "reason", reason, "body", reason);

		told += telling_says(decline) == !ours;
		bare += telling_bare(decline) == 0 && !telling_says(decline) && (ours || strstr(json_str(decline, "body"), reason) == NULL);
	}
	ok(n >= 10 && told == n, "of %d reasons two say nothing of the member", n);
	is_int(bare, n, "and any other is taken out, of the words as well");
	{
		autojson json_t *words = json_pack("{s:s, s:s, s:s, s:s, s:s, s:s}", "decision", "decline", "reason", "no_capacity", "reason_text",
		    "Jo was here.", "body", "-", "notice", "-", "scope", "-");
		autojson json_t *wait = json_pack("{s:s, s:i}", "decision", "waitlist", "position", 3);

		ok(telling_says(words) && telling_bare(words) == 0 && json_str(words, "reason_text") == NULL, "words of one's own may say anything");
		ok(json_str(words, "notice") == NULL && json_str(words, "scope") == NULL, "without them no notice is wanted");
		ok(!telling_says(wait), "a waiting list says nothing of whom it is for");
	}
}

static void
test_facts(void)
{
	autojson json_t *said = json_pack("{s:s, s:{s:s, s:[s], s:[s, s]}, s:s, s:s, s:s}", "change", "give_info", "info", "residence",
	    "US-NJ", "times", "night", "not_said", "insurance", "times", "body", "New Jersey", "notice", "-", "scope", "-");
	autojson json_t *unsaid = json_pack("{s:s, s:{s:[s]}}", "change", "give_info", "info", "not_said", "insurance");
	autojson json_t *leaves = json_pack("{s:s}", "change", "withdraw"), *want = json_pack("[s, s, s]", "residence", "times", "insurance");

	ok(!telling_says(unsaid) && !telling_says(leaves), "that something is not said says nothing");
	ok(telling_says(said) && telling_bare(said) == 0 && !telling_says(said), "facts do, and can be taken out");
	ok(json_equal(json_object_get(json_obj(said, "info"), "not_said"), want), "each is then named once as what is not said");
	ok(strstr(json_str(said, "body"), "Jersey") == NULL, "and the words are gone");
	ok(json_str(said, "notice") == NULL && json_str(said, "scope") == NULL, "with what goes under a consent alone");
}

int
main(void)
{
	test_bands();
	test_lay();
	test_why();
	test_facts();
	return done_testing();
}
