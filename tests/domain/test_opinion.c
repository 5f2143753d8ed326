/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What people said of the support they had: of all and of each program, the last that each said; of fewer than ten nothing, nor what would tell of
 * them: beside what is told of the programs, what is told of all leaves ten people or more, or nobody.
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

#include "base/canon.h"
#include "base/cleanup.h"
#include "domain/opinion.h"
#include "domain/report.h"
#include "tests/dice.h"
#include "tests/domain/quoted.h"
#include "tests/tap.h"

enum { WORLDS = 1000, PEOPLE = 60, PROGRAMS = 5 };

static const char *const names[PROGRAMS] = { "Anchor", "Beacon", "Current", "Drift", NULL };

static void
says(json_t *opinions, size_t person, const char *program, int each)
{
	autojson json_t *said = json_pack("{s:i, s:i, s:i, s:i}", "heard", each, "respected", each, "chose", 1, "useful", 5);
	char who[24];

	(void)snprintf(who, sizeof(who), "person %zu", person);
	if (opinion_add(opinions, who, program, said) != 0)
		abort();
}

static json_t *
tell(const json_t *opinions)
{
	json_t *rows = json_array();

	if (opinion_tell(opinions, "member", rows) != 0)
		abort();
	return rows;
}

static void
test_rows(void)
{
	autojson json_t *opinions = json_object(), *none = NULL, *one = NULL, *two = NULL, *three = NULL;
	autojson json_t *of_one = json_of("[{'by':'member','people':10,'heard':40,'respected':40,'chose':10,'useful':50},"
	    "{'by':'member','program':'Beacon','people':10,'heard':40,'respected':40,'chose':10,'useful':50}]");
	autojson json_t *of_all = json_of("[{'by':'member','people':11,'heard':40,'respected':40,'chose':10,'useful':50}]");
	autojson json_t *of_two = json_of("[{'by':'member','people':23,'heard':35,'respected':35,'chose':10,'useful':50},"
	    "{'by':'member','program':'Anchor','people':15,'heard':30,'respected':30,'chose':10,'useful':50},"
	    "{'by':'member','program':'Beacon','people':10,'heard':40,'respected':40,'chose':10,'useful':50}]");

	for (size_t i = 0; i < 9; i++)
		says(opinions, i, "Beacon", 1);
	none = tell(opinions);
	is_int((int)json_array_size(none), 0, "of nine nothing is told");
	for (size_t i = 0; i < 10; i++)
		says(opinions, i, "Beacon", 4);
	one = tell(opinions);
	ok(json_equal(one, of_one), "of ten the means of what each said last, and of their program");
	says(opinions, 10, "Anchor", 4);
	two = tell(opinions);
	ok(json_equal(two, of_all), "of one in another program nothing, so of neither program");
	for (size_t i = 10; i < 23; i++)
		says(opinions, i, "Anchor", 3);
	three = tell(opinions);
	ok(json_equal(three, of_two), "of two that are large enough, in the order of their names, and of about how many");
}

/* Ten people or more are left by what is told of programs, or none. */
static void
test_rest(void)
{
	int wrong = 0, told = 0;

	for (int world = 0; world < WORLDS; world++) {
		autojson json_t *opinions = json_object(), *rows = NULL;
		size_t n[PROGRAMS] = { 0 }, rest, count = dice_roll(PEOPLE);

		for (size_t i = 0; i < count; i++) {
			size_t p = dice_roll(1 + dice_roll(PROGRAMS));

			n[p]++;
			says(opinions, i, names[p], 1 + (int)dice_roll(5));
		}
		rows = tell(opinions);
		rest = count;
		for (size_t i = 1; i < json_array_size(rows); i++) {
			const char *name = json_str(json_array_get(rows, i), "program");

			for (size_t p = 0; p < PROGRAMS; p++)
				if (!strcmp(name, names[p] != NULL ? names[p] : "not_said")) {
					rest -= n[p];
					told++;
					wrong += n[p] < REPORT_SUM_LEAST || json_int(json_array_get(rows, i), "people", 0) % 5 != 0;
				}
		}
		wrong += json_array_size(rows) > 0 && rest > 0 && rest < REPORT_SUM_LEAST;
		wrong += (count >= REPORT_SUM_LEAST) != (json_array_size(rows) > 0);
	}
	ok(wrong == 0 && told > WORLDS / 4, "in %d random worlds the rest is of ten or nobody; %d rows of programs", WORLDS, told);
}

int
main(void)
{
	test_rows();
	test_rest();
	return done_testing();
}
