/* SPDX-License-Identifier: Apache-2.0 */
#include <stdint.h>

#include "base/err.h"
#include "domain/when.h"
#include "tests/tap.h"

static const struct {
	const char	*text;
	int64_t		 ms;
} good[] = {
	{ "1970-01-01T00:00:00Z", 0 },
	{ "2000-02-29T12:00:00Z", 951825600000 },
	{ "2026-11-21T03:04:05Z", 1795230245000 },
	{ "2026-11-21T03:04:05.678Z", 1795230245678 },
	{ "2100-03-01T00:00:00Z", 4107542400000 },
	{ "9999-12-31T23:59:59.999Z", WHEN_MAX },
};

static const char *const bad[] = {
	"", "2026", "2026-11-21", "2026-11-21T03:04:05", "2026-11-21t03:04:05Z", "2026-11-21T03:04:05z",
	"2026-11-21 03:04:05Z", "2026-11-21T03:04:05+00:00", "2026-11-21T03:04Z",
	"2026-11-21T03:04:05.Z", "2026-11-21T03:04:05.1234567890Z", "2026-11-21T03:04:05.12",
	"2026-11-21T03:04:05Z ", " 2026-11-21T03:04:05Z", "2026-11-21T03:04:05.5ZZ",
	"2026-00-21T03:04:05Z", "2026-13-21T03:04:05Z", "2026-11-00T03:04:05Z",
	"2026-11-31T03:04:05Z", "2026-02-29T03:04:05Z", "2100-02-29T00:00:00Z",
	"2026-11-21T24:00:00Z", "2026-11-21T03:60:05Z", "2026-11-21T03:04:60Z",
	"1969-12-31T23:59:59Z", "0001-01-01T00:00:00Z", "+2026-11-21T03:04:05Z",
	"2026-1-21T03:04:05Z", "20261121T030405Z", "2026-11-21T0x:04:05Z", "2026-11-2/T03:04:05Z",
	"2026-11-2:T03:04:05Z",
};

static void
test_both_ways(void)
{
	char text[WHEN_TEXT];

	for (size_t i = 0; i < nelem(good); i++) {
		int64_t ms = -1;

		ok(when_parse(good[i].text, &ms) == 0 && ms == good[i].ms, "parse %s", good[i].text);
		is_str(when_print(good[i].ms, text), good[i].text, "print %s", good[i].text);
	}
	for (size_t i = 0; i < nelem(bad); i++) {
		int64_t ms = 77;

		ok(when_parse(bad[i], &ms) == E_BAD && ms == 77, "refuse \"%s\"", bad[i]);
	}
}

/* Every day from 1 March of the year -800 to the year 3000, counted beside it: the proleptic Gregorian calendar has a year 0. */
static void
test_calendar(void)
{
	static const int lengths[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
	int y = -800, m = 3, d = 1, wrong = 0;
	int64_t day = when_days(y, m, d);

	for (; y < 3000; day++) {
		int y2, m2, d2, leap = m == 2 && y % 4 == 0 && (y % 100 != 0 || y % 400 == 0);

		when_split(day, &y2, &m2, &d2);
		wrong += y2 != y || m2 != m || d2 != d || when_days(y, m, d) != day;
		if (++d <= lengths[m - 1] + leap)
			continue;
		d = 1;
		if (++m > 12) {
			m = 1;
			y++;
		}
	}
	is_int(wrong, 0, "each day has one number and back, before 1970 and before the year 0 too");
	is_int(when_days(1970, 1, 1), 0, "and 1970 begins with 0");
}

static void
test_edges(void)
{
	char text[WHEN_TEXT];
	int64_t ms = 0;

	ok(when_parse("2026-11-21T03:04:05.5Z", &ms) == 0 && ms % 1000 == 500, "one digit is tenths");
	ok(when_parse("2026-11-21T03:04:05.999999999Z", &ms) == 0 && ms == 1795230245999,
	    "a fraction is cut, not rounded");
	is_str(when_print(-1, text), "1970-01-01T00:00:00Z", "before the beginning");
	is_str(when_print(INT64_MAX, text), "9999-12-31T23:59:59.999Z", "after the end");
	is_str(when_print_day(1795230245678, text), "2026-11-21", "a day");
	is_str(when_print_day(INT64_MIN, text), "1970-01-01", "the first day");
}

static void
test_walk(void)
{
	unsigned seed = 20261121;
	int64_t ms = 0, again;
	char text[WHEN_TEXT];
	long wrong = 0;

	for (; ms <= WHEN_MAX; ms += 3 * WHEN_HOUR + rand_r(&seed) % (100 * WHEN_DAY))
		wrong += when_parse(when_print(ms, text), &again) != 0 || again != ms;
	ok(wrong == 0, "print and parse agree over eight thousand years");
}

int
main(void)
{
	test_both_ways();
	test_calendar();
	test_edges();
	test_walk();
	return done_testing();
}
