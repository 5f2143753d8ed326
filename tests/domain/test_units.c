/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Units of service: all of somebody's contacts count, in each row in which they were met; and what is left out of a
 * table is in no number: whatever was done there, the rest reads the same.
 */
#include <stdbool.h>
#include <stdint.h>

#include "base/canon.h"
#include "base/cleanup.h"
#include "domain/report.h"
#include "domain/units.h"
#include "tests/dice.h"
#include "tests/domain/quoted.h"
#include "tests/tap.h"

enum { WORLDS = 1000, CONTACTS = 60, PEOPLE = 16, VALUES = 4 };

enum { TABLES = 3 };

/* Of each table.  No quarter has four months; what is no row is no row of any. */
static const char *const name[TABLES][VALUES] = { { "forum", "in_person", "online_text", "phone" }, { "2026-01", "2026-02", "2026-03", "2026-04" },
	{ "Harbor", "House", "Quay", "Yard" } };

struct contact {
	size_t	who, value[TABLES];
	int	minutes;
};

static void
add(json_t *units, const struct contact *c, int times)
{
	char who[16];

	(void)snprintf(who, sizeof(who), "person %zu", c->who);
	for (int i = 0; i < times; i++)
		if (units_add(units, who, c->minutes, (const char *const[UNITS_BY]){ [UNITS_MODALITY] = name[0][c->value[0]],
		    [UNITS_MONTH] = name[1][c->value[1]], [UNITS_PROGRAM] = name[2][c->value[2]] }) != 0)
			abort();
}

/* What is told of these; NULL: nothing. */
static json_t *
tell(json_t *units)
{
	json_t *ret = NULL;
	int r = units_tell(units, &ret);

	if (r < 0 || (r == 0) != (ret != NULL))
		abort();
	return ret;
}

static const json_t *
row(const json_t *told, size_t by, const char *value)
{
	const json_t *rows = json_arr(json_array_get(json_arr(told, "tables"), by), "rows");

	for (size_t i = 0; i < json_array_size(rows); i++)
		if (!strcmp(json_str(json_array_get(rows, i), "value"), value))
			return json_array_get(rows, i);
	return NULL;
}

/* Whether its rows are there, but for that of one table. */
static bool
is_shown_but(const json_t *told, const struct contact *c, size_t but)
{
	bool shown = true;

	for (size_t by = 0; by < TABLES; by++)
		shown = shown && (by == but || row(told, by, name[by][c->value[by]]) != NULL);
	return shown;
}

static bool
is_shown(const json_t *told, const struct contact *c)
{
	return is_shown_but(told, c, TABLES);
}

/* Whether what is told of that row is so, of the contacts that are shown; of a row that is not: whether they are too few. */
static bool
is_true(const json_t *told, size_t by, size_t value, const struct contact *c, size_t n)
{
	const json_t *shown = row(told, by, name[by][value]);
	bool met[PEOPLE] = { false };
	int64_t people = 0, contacts = 0, minutes = 0;

	for (size_t i = 0; i < n; i++) {
		if (c[i].value[by] != value || !is_shown_but(told, &c[i], by))
			continue;
		people += !met[c[i].who];
		met[c[i].who] = true;
		contacts++;
		minutes += c[i].minutes;
	}
	if (shown == NULL)
		return people < REPORT_LEAST;
	return people >= REPORT_LEAST && json_int(shown, "people", 0) == report_people(people) && (by != TABLES - 1 || json_object_get(shown, "contacts") == NULL) &&
	    (json_object_get(shown, "contacts") == NULL) == (json_object_get(shown, "minutes") == NULL) &&
	    (json_object_get(shown, "contacts") == NULL || (people >= REPORT_SUM_LEAST && report_round(contacts, 1, people, 5, &contacts) == 0 &&
	    json_int(shown, "contacts", -1) == contacts && report_round(minutes, 1, people, 60, &minutes) == 0 && json_int(shown, "minutes", -1) == minutes));
}

static void
drop_others(json_t *told)
{
	for (size_t by = 0; by < TABLES; by++)
		(void)json_object_del(json_array_get(json_arr(told, "tables"), by), "others");
}

static void
test_random(void)
{
	size_t wrong = 0, moved = 0, silent = 0, left = 0, sums = 0;

	for (size_t w = 0; w < WORLDS; w++) {
		autojson json_t *units = json_array(), *more = json_array(), *none = json_array(), *told = NULL, *same = NULL, *without = NULL;
		struct contact c[CONTACTS];
		size_t n = 5 + dice_roll(CONTACTS - 5), people = 5 + dice_roll(PEOPLE - 5);

		for (size_t i = 0; i < n; i++) {
			c[i] = (struct contact){ dice_roll(people), { dice_roll(3) == 0 ? dice_roll(VALUES) : VALUES - 1, dice_roll(VALUES - 1), dice_roll(4) == 0 ? dice_roll(VALUES) : 1 },
			    1 + (int)dice_roll(90) };
			add(units, &c[i], 1);
		}
		told = tell(units);
		silent += told == NULL;
		for (size_t i = 0; i < n; i++) {
			bool shown = is_shown(told, &c[i]);

			left += !shown;
			add(more, &c[i], shown ? 1 : 3);
			if (shown)
				add(none, &c[i], 1);
		}
		same = tell(more);
		without = tell(none);
		for (size_t i = 0; i < TABLES * VALUES && told != NULL; i++)
			wrong += !is_true(told, i / VALUES, i % VALUES, c, n);
		for (size_t i = 0; i < VALUES; i++)
			sums += json_object_get(row(told, 0, name[0][i]), "contacts") != NULL;
		moved += told == NULL ? same != NULL : !json_equal(told, same);
		drop_others(told);
		drop_others(without);
		moved += told == NULL ? without != NULL : !json_equal(told, without);
	}
	is_int(wrong, 0, "what is told of a row is so, and no row of %d people is left out", REPORT_LEAST);
	is_int(moved, 0, "were there three times as much of what is left out, or nothing, the rest would read the same");
	ok(silent > 0 && left > 0 && sums > 0, "of %zu of %d nothing is said; %zu contacts are left out; of %zu rows the sums are told", silent, WORLDS, left, sums);
}

/* Ten are called in January, and see each other in February, which was nobody's first; three of them besides in person, once in a month of its own. */
static void
test_ten(void)
{
	autojson json_t *units = json_array(), *told = NULL, *want = json_of("{'people':10,'contacts':30,'minutes':1020,'tables':["
	    "{'by':'modality','rows':[{'value':'online_text','people':10,'contacts':20,'minutes':600},{'value':'phone','people':10,'contacts':10,'minutes':420}],"
	    "'others':'some are left out, here and of every other number: fewer than 5 people'},"
	    "{'by':'month','rows':[{'value':'2026-01','people':10,'contacts':10,'minutes':420},{'value':'2026-02','people':10,'contacts':20,'minutes':600}],"
	    "'others':'some are left out, here and of every other number: fewer than 5 people'},"
	    "{'by':'program','rows':[{'value':'Harbor','people':10}]}]}");

	for (size_t i = 0; i < 10; i++) {
		add(units, &(struct contact){ i, { 3, 0 }, 41 }, 1);
		add(units, &(struct contact){ i, { 2, 1 }, 30 }, 2);
		if (i < 3)
			add(units, &(struct contact){ i, { 1, 1 }, 600 }, 4);
		if (i < 3)
			add(units, &(struct contact){ i, { 3, 2 }, 600 }, 4);
	}
	told = tell(units);
	ok(json_equal(told, want), "each contact and minute counts where it was; three people's are nowhere");
}

/* Nine by text, twelve by phone: told of the phone, the sum of both would tell the nine's. */
static void
test_nine(void)
{
	autojson json_t *units = json_array(), *told = NULL;

	for (size_t i = 0; i < 12; i++) {
		add(units, &(struct contact){ i, { 3, 0 }, 60 }, 2);
		if (i < 9)
			add(units, &(struct contact){ i, { 2, 0 }, 60 }, 1);
	}
	told = tell(units);
	ok(json_int(told, "people", 0) == 12 && json_int(told, "contacts", 0) == 35 && json_int(told, "minutes", 0) == 1980, "the sum of all twelve is told");
	ok(json_int(row(told, 0, "phone"), "people", 0) == 10 && json_int(row(told, 0, "online_text"), "people", 0) == 10 &&
	    json_object_get(row(told, 0, "phone"), "contacts") == NULL && json_object_get(row(told, 0, "phone"), "minutes") == NULL &&
	    json_object_get(row(told, 0, "online_text"), "contacts") == NULL, "but of neither row, nor how many are in one and not in the other");
	ok(json_int(row(told, 1, "2026-01"), "contacts", 0) == 35 && json_object_get(json_array_get(json_arr(told, "tables"), 0), "others") == NULL,
	    "and nothing is left out");
}

/* Meetings have no minutes, and a table of their own. */
static void
test_series(void)
{
	autojson json_t *units = json_array(), *told = NULL, *want = json_of("{'people':10,'contacts':20,'tables':[{'by':'month','rows':["
	    "{'value':'2026-01','people':10,'contacts':20}]},{'by':'series','rows':[{'value':'Recovery school','people':10,'contacts':20}]}]}");

	for (size_t i = 0; i < 20; i++) {
		char who[16];

		(void)snprintf(who, sizeof(who), "Sam %zu", i % 10);
		if (units_add(units, who, 0, (const char *const[UNITS_BY]){ [UNITS_MONTH] = "2026-01", [UNITS_SERIES] = "Recovery school" }) != 0)
			abort();
	}
	told = tell(units);
	ok(json_equal(told, want), "what is in no table has none");
}

int
main(void)
{
	autojson json_t *nobody = json_array(), *four = json_array(), *cross = json_array(), *told = NULL;

	ok(tell(nobody) == NULL, "of nobody nothing is said");
	for (size_t i = 0; i < 4; i++)
		add(four, &(struct contact){ i, { 3, 0 }, 60 }, 20);
	ok(tell(four) == NULL, "nor of four");
	/* Five by phone, one of them in February, as nobody else but four by text; six in person in January. */
	for (size_t i = 0; i < 15; i++)
		add(cross, &(struct contact){ i, { i < 5 ? 3 : i < 9 ? 2 : 1, i == 0 || (i >= 5 && i < 9) }, 60 }, 1);
	told = tell(cross);
	ok(json_int(told, "people", 0) == 6 && row(told, 0, "in_person") != NULL && row(told, 0, "phone") == NULL,
	    "what is left out of one table may leave too few in the other, and so on");
	test_ten();
	test_nine();
	test_series();
	test_random();
	return done_testing();
}
