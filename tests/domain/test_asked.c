/* SPDX-License-Identifier: Apache-2.0 */
/* What is known now of whom a referral is for. */
#include <string.h>

#include "base/canon.h"
#include "domain/asked.h"
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
	autojson json_t *info = json_pack("{s:s, s:[s], s:s, s:[s], s:[s], s:s}", "language", "es", "times", "weekday_morning", "residence", "US-NJ",
	    "insurance", "medicaid", "not_said", "urgency", "need", "grief");
	autojson json_t *want = json_pack("{s:s, s:s, s:s, s:[s], s:s, s:[s]}", "need", "alcohol", "language", "es", "to", "X", "times",
	    "weekday_morning", "residence", "US-NJ", "insurance", "medicaid");
	autojson json_t *band = json_pack("{s:s, s:s}", "age_band", "13_17", "language", "fr");

	ok(asked_lay(facts, info) == 0 && json_equal(facts, want), "an answer is laid over the request, and changes nothing that is not asked for");
	ok(asked_lay(facts, NULL) == 0 && json_equal(facts, want), "a step without one says nothing");
	ok(asked_doubt(facts, band) == 0 && !strcmp(json_str(facts, "age_band"), "13_17") && !strcmp(json_str(facts, "language"), "es"),
	    "of an answer that does not count only the minor stays");
}

int
main(void)
{
	test_bands();
	test_lay();
	return done_testing();
}
