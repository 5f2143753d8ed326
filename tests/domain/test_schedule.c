/* SPDX-License-Identifier: Apache-2.0 */
/* What is taken and what is refused, with its path; test_times.py holds the reckoning against others. */
#include "base/canon.h"
#include "base/cleanup.h"
#include "domain/schedule.h"
#include "domain/when.h"
#include "domain/zone.h"
#include "tests/dice.h"
#include "tests/domain/tzif.h"
#include "tests/tap.h"

#define RULE(text) "{\"rule\": \"" text "\", \"from\": \"2026-01-06\", \"opens\": \"19:00\", \"closes\": \"20:00\"}"

static const struct {
	const char	*json, *begins;		/* What the reason begins with. */
} refused[] = {
	{ "{}", "/days: " },
	{ "{\"days\": [\"someday\"]}", "/days/0: " },
	{ "{\"days\": [\"mon\"], \"opens\": \"24:00\"}", "/opens: " },
	{ "{\"days\": [\"mon\"], \"opens\": \"9:00\"}", "/opens: " },
	{ "{\"days\": [\"mon\"], \"closes\": \"12:60\"}", "/closes: " },
	{ "{\"days\": [\"mon\"], \"timezone\": \"../../etc/passwd\"}", "/timezone: " },
	{ "{\"days\": [\"mon\"], \"from\": \"2026-02-29\"}", "/from: " },
	{ "{\"days\": [\"mon\"], \"from\": \"9900-01-01\"}", "/from: " },
	{ "{\"days\": [\"mon\"], \"from\": \"2026-02-02\", \"until\": \"2026-02-01\"}", "/until: " },
	{ "{\"days\": [\"mon\"], \"except\": [\"2026-02-02\", \"never\"]}", "/except/1: " },
	{ "{\"days\": [\"mon\"], \"opens\": \"10:00\", \"closes\": \"11:00\", \"minutes\": 60}", "/minutes: " },
	{ "{\"days\": [\"mon\"], \"minutes\": 10081}", "/minutes: " },
	{ "{\"days\": [\"mon\"], \"minutes\": -1}", "/minutes: " },
	{ "{\"days\": [1]}", "/days/0: " }, { "{\"days\": [\"mon\"], \"except\": [3]}", "/except/0: " },
	{ "{\"days\": [\"mon\"], \"opens\": \"24:01\"}", "/opens: " }, { "{\"days\": [\"mon\"], \"opens\": \"10:5\"}", "/opens: " },
	{ "{\"days\": [\"mon\"], \"opens\": \"\"}", "/opens: " }, { "{\"days\": [\"mon\"], \"closes\": \"10:00x\"}", "/closes: " },
	{ "{\"days\": [\"mon\"], \"closes\": \"10:\"}", "/closes: " }, { "{\"days\": [\"mon\"], \"until\": \"2026-02-30\"}", "/until: " },
	{ "{\"days\": [\"mon\"], \"from\": \"1969-12-31\"}", "/from: " },
	{ "{\"rule\": \"FREQ=DAILY;INTERVAL=2\"}", "/from: " }, { "{\"rule\": \"FREQ=DAILY;COUNT=2\"}", "/from: " },
	{ "{\"rule\": \"FREQ=WEEKLY\"}", "/from: " }, { "{\"rule\": \"FREQ=MONTHLY\"}", "/from: " },
	{ "{\"rule\": \"FREQ=DAILY\", \"from\": \"2026-01-06\", \"days\": [\"mon\"]}", "/rule: not with" },
	{ "{\"rule\": \"FREQ=DAILY\", \"from\": \"2026-01-06\", \"frequency\": \"weekly\"}", "/rule: not with" },
	{ RULE("FREQ=YEARLY"), "/rule: FREQ " }, { RULE("FREQ=daily"), "/rule: FREQ " }, { RULE("INTERVAL=2"), "/rule: FREQ is" },
	{ RULE("FREQ=DAILY;FREQ=DAILY"), "/rule: FREQ is there twice" }, { RULE("FREQ=DAILY;"), "/rule: only" },
	{ RULE("FREQ=DAILY;BYSETPOS=1"), "/rule: only" }, { RULE("FREQ=DAILY;INTERVAL=0"), "/rule: INTERVAL" },
	{ RULE("FREQ=DAILY;INTERVAL=1001"), "/rule: INTERVAL" }, { RULE("FREQ=DAILY;INTERVAL=2x"), "/rule: INTERVAL" },
	{ RULE("FREQ=DAILY;INTERVAL=00001"), "/rule: INTERVAL" }, { RULE("FREQ=DAILY;INTERVAL="), "/rule: INTERVAL" },
	{ RULE("FREQ=DAILY;COUNT=5x"), "/rule: COUNT" }, { RULE("FREQ=DAILY;COUNT=1001"), "/rule: COUNT" },
	{ RULE("FREQ=DAILY;COUNT=0"), "/rule: COUNT" }, { RULE("FREQ=DAILY;COUNT=-1"), "/rule: COUNT" }, { RULE("FREQ=DAILY;COUNT"), "/rule: COUNT" },
	{ RULE("FREQ=DAILY;COUNT=2;UNTIL=20260201"), "/rule: COUNT and UNTIL" },
	{ RULE("FREQ=DAILY;UNTIL=20260230"), "/rule: UNTIL" }, { RULE("FREQ=DAILY;UNTIL=20260201T100000"), "/rule: UNTIL" },
	{ RULE("FREQ=DAILY;UNTIL=2026-02-01"), "/rule: UNTIL" }, { RULE("FREQ=DAILY;WKST=XX"), "/rule: WKST" },
	{ RULE("FREQ=WEEKLY;BYDAY="), "/rule: BYDAY" }, { RULE("FREQ=WEEKLY;BYDAY=MO,"), "/rule: BYDAY" },
	{ RULE("FREQ=WEEKLY;BYDAY=MOTU"), "/rule: BYDAY" }, { RULE("FREQ=WEEKLY;BYDAY=2MO"), "/rule: BYDAY with a number" },
	{ RULE("FREQ=MONTHLY;BYDAY=6MO"), "/rule: BYDAY" }, { RULE("FREQ=MONTHLY;BYDAY=0MO"), "/rule: BYDAY" },
	{ RULE("FREQ=MONTHLY;BYDAY=-MO"), "/rule: BYDAY" }, { RULE("FREQ=MONTHLY;BYDAY=M"), "/rule: BYDAY" },
	{ RULE("FREQ=MONTHLY;BYDAY=MO,-"), "/rule: BYDAY" }, { RULE("FREQ=MONTHLY;BYDAY=+MO"), "/rule: BYDAY" }, { RULE("FREQ=MONTHLY;BYDAY=XX"), "/rule: BYDAY" },
	{ RULE("FREQ=MONTHLY;BYDAY= MO"), "/rule: BYDAY" }, { RULE("FREQ=MONTHLY;BYDAY=-*MO"), "/rule: BYDAY" },
	{ RULE("FREQ=MONTHLY;BYMONTHDAY="), "/rule: BYMONTHDAY" }, { RULE("FREQ=MONTHLY;BYMONTHDAY=-"), "/rule: BYMONTHDAY" },
	{ RULE("FREQ=MONTHLY;BYMONTHDAY=1-2"), "/rule: BYMONTHDAY" },
	{ RULE("FREQ=MONTHLY;BYMONTHDAY=0"), "/rule: BYMONTHDAY" }, { RULE("FREQ=MONTHLY;BYMONTHDAY=32"), "/rule: BYMONTHDAY" },
	{ RULE("FREQ=MONTHLY;BYMONTHDAY=1,"), "/rule: BYMONTHDAY" }, { RULE("FREQ=WEEKLY;BYMONTHDAY=1"), "/rule: BYMONTHDAY is not" },
};

/* Days of 2026 on which it begins, by number in the year from 1. */
static const struct {
	const char	*json;
	int		 days[6];
} begins[] = {
	{ RULE("FREQ=MONTHLY;BYDAY=2TU"), { 13, 41, 69, 104, 132, 160 } },
	{ RULE("FREQ=MONTHLY;BYDAY=-1TU,+1TH"), { 27, 36, 55, 64, 90, 92 } },
	{ RULE("FREQ=MONTHLY;BYMONTHDAY=31;COUNT=3"), { 31, 90, 151 } },
	{ RULE("FREQ=MONTHLY;BYMONTHDAY=-1,+15"), { 15, 31, 46, 59, 74, 90 } },
	{ "{\"days\": [\"tue\"], \"from\": \"2026-01-06\", \"frequency\": \"biweekly\", \"opens\": \"19:00\", \"closes\": \"20:00\"}", { 6, 20, 34, 48, 62, 76 } },
	{ "{\"days\": [\"tue\"], \"until\": \"2026-01-20\", \"opens\": \"19:00\", \"closes\": \"20:00\", \"timezone\": \"Etc/UTC\"}", { 6, 13, 20 } },
	{ "{\"rule\": \"FREQ=DAILY\", \"opens\": \"19:00\", \"closes\": \"20:00\"}", { 1, 2, 3, 4, 5, 6 } },
	{ "{\"rule\": \"FREQ=MONTHLY;BYDAY=2TU\", \"opens\": \"19:00\", \"closes\": \"20:00\"}", { 13, 41, 69, 104, 132, 160 } },
	{ "{\"rule\": \"FREQ=MONTHLY;BYMONTHDAY=15\", \"opens\": \"19:00\", \"closes\": \"20:00\"}", { 15, 46, 74, 105, 135, 166 } },
	{ RULE("FREQ=MONTHLY"), { 6, 37, 65, 96, 126, 157 } },
	{ RULE("FREQ=WEEKLY;INTERVAL=2;BYDAY=SU,TU;WKST=MO"), { 6, 11, 20, 25, 34, 39 } },
	{ RULE("FREQ=WEEKLY;INTERVAL=2;BYDAY=SU,TU;WKST=SU"), { 6, 18, 20, 32, 34, 46 } },
	{ RULE("FREQ=DAILY;INTERVAL=10;UNTIL=20260126"), { 6, 16, 26 } },
	{ RULE("FREQ=DAILY;INTERVAL=10;UNTIL=20260126T185959Z"), { 6, 16 } },
	{ "{\"days\": [\"tue\"], \"from\": \"2026-01-14\", \"frequency\": \"monthly\", \"opens\": \"19:00\", \"closes\": \"20:00\"}", { 20, 48, 76, 111, 139, 167 } },
	{ "{\"days\": [\"fri\", \"mon\"], \"from\": \"2026-01-14\", \"frequency\": \"once\", \"opens\": \"19:00\", \"closes\": \"20:00\"}", { 16 } },
	{ "{\"days\": [\"tue\"], \"opens\": \"19:00\", \"closes\": \"20:00\", \"from\": \"2026-01-06\", \"except\": [\"2026-01-13\"], \"until\": \"2026-01-27\"}",
	  { 6, 20, 27 } },
};

static struct schedule
must_read(const char *text, json_t **ret)
{
	struct schedule s = { .lacks = "nothing was read" };
	struct err err = { "" };

	*ret = json_loads(text, 0, NULL);
	if (*ret == NULL || schedule_read(*ret, &s, &err) != 0)
		ok(false, "%s: %s", text, err.text);
	return s;
}

static void
test_refused(void)
{
	for (size_t i = 0; i < nelem(refused); i++) {
		autojson json_t *json = json_loads(refused[i].json, 0, NULL);
		struct schedule s = { .interval = 77 };
		struct err err = { "" };

		ok(json != NULL && schedule_read(json, &s, &err) == E_BAD && s.interval == 77 &&
		    strncmp(err.text, refused[i].begins, strlen(refused[i].begins)) == 0, "%s: %s", refused[i].json, err.text);
	}
}

static void
test_days(const struct zone *utc)
{
	const int64_t year = when_days(2026, 1, 1);

	for (size_t i = 0; i < nelem(begins); i++) {
		autojson json_t *json = NULL;
		struct schedule s = must_read(begins[i].json, &json);
		struct schedule_span span[7];
		size_t n = schedule_between(&s, utc, year * WHEN_DAY, (year + 180) * WHEN_DAY, span, 6), k;

		for (k = 0; k < n && span[k].begins == (year + begins[i].days[k] - 1) * WHEN_DAY + 19 * WHEN_HOUR &&
		    span[k].ends == span[k].begins + WHEN_HOUR; k++)
			continue;
		ok(k == n && (n == 6 || begins[i].days[n] == 0), "%s begins on its days", begins[i].json);
	}
}

static void
test_lacks(const struct zone *utc)
{
	static const struct { const char *json, *lacks; } some[] = {
		{ "{\"days\": [\"tue\"]}", "the hours" }, { "{\"days\": [\"tue\"], \"opens\": \"19:00\"}", "how long it lasts" },
		{ "{\"days\": [\"tue\"], \"opens\": \"19:00\", \"minutes\": 60, \"frequency\": \"biweekly\"}", "the first day" },
		{ "{\"days\": [\"tue\"], \"opens\": \"19:00\", \"minutes\": 60, \"frequency\": \"monthly\"}", "the first day" },
		{ "{\"days\": [\"tue\"], \"opens\": \"19:00\", \"minutes\": 60, \"frequency\": \"weekly\"}", NULL },
		{ "{\"days\": [\"tue\"], \"opens\": \"19:00\", \"minutes\": 60, \"irregular\": true}", "all of when it is, see its note" },
		{ "{\"days\": [\"tue\"], \"opens\": \"19:00\", \"minutes\": 60, \"irregular\": false}", NULL },
	};
	struct schedule_span span[400];
	struct schedule_fit fit = { .longest = 77 };

	for (size_t i = 0; i < nelem(some); i++) {
		autojson json_t *json = NULL;
		struct schedule s = must_read(some[i].json, &json);
		size_t n = schedule_between(&s, utc, 0, 100 * WHEN_DAY, span, 400);

		is_str(s.lacks, some[i].lacks, "%s", some[i].json);
		ok((n == 0) == (some[i].lacks != NULL), "and it is reckoned with only if nothing lacks");
		if (some[i].lacks != NULL)
			ok(schedule_overlap(&s, utc, span, 0, 0, WHEN_DAY, 1, &fit) == E_LATER && fit.longest == 77, "nor held against anything");
		else
			is_int(schedule_between(&s, utc, 0, (SCHEDULE_DAYS + 1) * WHEN_DAY, span, 400), 0, "nor over more than its bound");
	}
}

static void
test_windows(const struct zone *utc)
{
	static const char *const bad[] = { "", "Tue", "Tue 18-20", "Tue 18:00", "Tue 18:00-", "Tue 25:00-26:00", "Tue 24:00-01:00", "Xyz 18:00-20:00", "Tue 18:00-20:00,",
		"Tue 18:00-20:00 Wed 18:00-20:00", "Tue-Xyz 18:00-20:00", "Tue18:00-20:00",
		"Tue 1:00-2:00", "Mon 01:00-02:00,Mon 01:00-02:00,Mon 01:00-02:00,Mon 01:00-02:00,Mon 01:00-02:00,Mon 01:00-02:00,Mon 01:00-02:00,"
		"Mon 01:00-02:00,Mon 01:00-02:00,Mon 01:00-02:00,Mon 01:00-02:00,Mon 01:00-02:00,Mon 01:00-02:00,Mon 01:00-02:00,Mon 01:00-02:00,"
		"Mon 01:00-02:00,Mon 01:00-02:00" };
	struct schedule s[SCHEDULE_WINDOWS];
	struct schedule_span span[64];
	int64_t monday = when_days(2026, 11, 23) * WHEN_DAY;
	struct err err = { "" };
	size_t n;

	for (size_t i = 0; i < nelem(bad); i++) {
		err = (struct err){ "" };
		ok(schedule_windows(bad[i], s, &err) == 0 && err.text[0] != '\0', "\"%s\" is refused", bad[i]);
	}
	n = schedule_windows("  fri-Mon 22:00-02:00 , Mon 02:00-03:00,daily 12:00-24:00", s, &err);
	is_int(n, 3, "three kinds of windows are read");
	n = schedule_free(s, n, utc, monday, monday + 7 * WHEN_DAY, span, nelem(span));
	/* Sunday's night until 03:00 with the hour after it, seven noons of which four go on until 02:00. */
	is_int(n, 8, "those that touch are one");
	ok(span[0].begins == monday - 2 * WHEN_HOUR && span[0].ends == monday + 3 * WHEN_HOUR, "the night and the hour behind it");
	ok(span[1].begins == monday + 12 * WHEN_HOUR && span[1].ends == monday + 26 * WHEN_HOUR, "the evening and the night");
	ok(span[2].ends == monday + 48 * WHEN_HOUR, "a Tuesday ends at midnight");
}

/* Whenever it meets, that hour of the week is one of its hours; and few others are. */
static void
test_hours(const struct zone *utc)
{
	static const struct { const char *json; int most; } schedules[] = {
		{ "{\"days\":[\"tue\"],\"opens\":\"18:00\",\"closes\":\"20:00\"}", 2 },
		{ "{\"days\":[\"mon\"],\"opens\":\"00:30\",\"closes\":\"00:15\"}", 25 },
		{ "{\"days\":[\"sun\"],\"opens\":\"23:30\",\"minutes\":90}", 2 },
		{ "{\"days\":[\"thu\",\"fri\"],\"opens\":\"09:15\",\"minutes\":10080}", 168 },
		{ "{\"rule\":\"FREQ=MONTHLY;BYDAY=2TU,-1SU\",\"from\":\"2026-01-01\",\"opens\":\"10:00\",\"minutes\":60}", 2 },
		{ "{\"rule\":\"FREQ=MONTHLY;BYMONTHDAY=13\",\"from\":\"2026-01-01\",\"opens\":\"10:00\",\"minutes\":61}", 14 },
		{ "{\"rule\":\"FREQ=WEEKLY\",\"from\":\"2026-11-21\",\"opens\":\"10:30\",\"minutes\":60}", 2 },
		{ "{\"rule\":\"FREQ=DAILY;INTERVAL=9\",\"from\":\"2026-11-21\",\"opens\":\"10:30\",\"minutes\":30}", 7 },
		{ "{\"days\":[\"mon\"],\"opens\":\"10:00\"}", 0 },
	};
	static const int ahead[][2] = { { 0, 0 }, { -18000, -14400 }, { 20700, 20700 }, { 43200, 50400 }, { -43200, -39600 } };

	for (size_t i = 0; i < nelem(schedules); i++) {
		autojson json_t *json = json_loads(schedules[i].json, 0, NULL);
		int64_t year = when_days(2026, 11, 1);
		unsigned hours = 0, missed = 0, wide = 0;
		struct schedule_span span[400];
		struct schedule s;
		size_t n;

		if (json == NULL || schedule_read(json, &s, NULL) != 0) {
			ok(0, "%s", schedules[i].json);
			continue;
		}
		n = schedule_between(&s, utc, year * WHEN_DAY, (year + 365) * WHEN_DAY, span, nelem(span));
		for (size_t k = 0; k < nelem(ahead); k++) {
			struct schedule_week week = { { 0 } };
			unsigned all = 0;

			schedule_hours(&s, ahead[k][0], ahead[k][1], &week);
			for (int h = 0; h < SCHEDULE_HOURS; h++)
				all += schedule_week_has(&week, h);
			hours = k == 0 ? all : hours;
			wide += all > hours + 3 * 2;
			for (size_t m = 0; m < n; m++)	/* Local times as if they were UTC, put back by what the zone is ahead. */
				for (int64_t ms = span[m].begins; ms < span[m].ends; ms += 5 * WHEN_MINUTE)
					for (int j = 0; j < 2; j++) {
						int64_t hour = (ms / 1000 - ahead[k][j]) / 3600 + 3 * 24;

						missed += !schedule_week_has(&week, (int)(hour % SCHEDULE_HOURS));
					}
		}
		ok(missed == 0 && wide == (schedules[i].most == 14 || schedules[i].most == 7 ? wide : 0) && hours <= (unsigned)schedules[i].most &&
		    (n > 0) == (hours > 0), "%u hours of a week: %s", hours, schedules[i].json);
	}
}

/* The last day of a rule that counts; 0: it is not known. */
static const struct {
	const char	*json;
	int64_t		 last;
} counted[] = {
	{ "{\"rule\": \"FREQ=DAILY;INTERVAL=610;COUNT=7\", \"from\": \"2026-01-06\", \"opens\": \"19:00\", \"minutes\": 60}", 20459 + 3660 },
	{ "{\"rule\": \"FREQ=DAILY;INTERVAL=610;COUNT=8\", \"from\": \"2026-01-06\", \"opens\": \"19:00\", \"minutes\": 60}", 0 },
	{ "{\"rule\": \"FREQ=DAILY;INTERVAL=610;COUNT=8\", \"from\": \"2026-01-06\", \"until\": \"2036-01-14\", \"opens\": \"19:00\", \"minutes\": 60}",
	  20459 + 3660 },
	{ "{\"rule\": \"FREQ=DAILY;INTERVAL=610;COUNT=8\", \"from\": \"2026-01-06\", \"until\": \"2036-01-15\", \"opens\": \"19:00\", \"minutes\": 60}", 0 },
	{ "{\"rule\": \"FREQ=DAILY;BYDAY=MO;BYMONTHDAY=31;COUNT=1000\", \"from\": \"2026-01-06\", \"opens\": \"19:00\", \"minutes\": 60}", 0 },
	{ "{\"rule\": \"FREQ=WEEKLY;COUNT=520\", \"from\": \"2026-01-06\", \"opens\": \"19:00\", \"minutes\": 60}", 20459 + 519 * 7 },
	{ "{\"rule\": \"FREQ=DAILY;COUNT=1000\", \"from\": \"2026-01-06\", \"opens\": \"19:00\", \"minutes\": 60}", 20459 + 999 },
};

/* Behind ten years of counting it is to be asked about; nothing is followed longer, however rarely it has a day. */
static void
test_counted(const struct zone *utc)
{
	for (size_t i = 0; i < nelem(counted); i++) {
		autojson json_t *json = NULL;
		struct schedule s = must_read(counted[i].json, &json);
		struct schedule_week week = { { 0 } };
		struct schedule_span span[4];
		struct schedule_fit fit;
		int64_t until;
		size_t n;

		if (counted[i].last != 0) {
			ok(s.lacks == NULL && s.last == counted[i].last, "ends: %s", counted[i].json);
			continue;
		}
		until = (s.first + SCHEDULE_COUNTED) * WHEN_DAY;
		ok(s.lacks == NULL && schedule_lacks(&s, until) == NULL && strstr(schedule_lacks(&s, until + 1), "ten years") != NULL,
		    "how long it goes on is not known: %s", counted[i].json);
		n = schedule_between(&s, utc, s.first * WHEN_DAY, (s.first + 300) * WHEN_DAY, span, nelem(span));
		schedule_hours(&s, 0, 0, &week);
		ok(n > 0 && schedule_overlap(&s, utc, span, n, s.first * WHEN_DAY, (s.first + 300) * WHEN_DAY, 30, &fit) == 0, "... in ten years it is");
		n = schedule_between(&s, utc, until - 300 * WHEN_DAY, until + 1, span, nelem(span));
		ok(n == 0 && schedule_overlap(&s, utc, span, 0, until - 300 * WHEN_DAY, until + 1, 30, &fit) == E_LATER, "... behind them neither yes nor no");
	}
}

/* 65 days left out are one too many. */
static void
test_bounds(const struct zone *utc)
{
	autojson json_t *far = NULL, *days = json_pack("{s:[s], s:s, s:s, s:o}", "days", "mon", "opens", "10:00", "closes", "11:00",
	    "except", json_array());
	struct schedule_span span[4];
	struct schedule s;
	struct err err = { "" };

	for (int i = 0; i < SCHEDULE_EXCEPT; i++)
		(void)json_array_append_new(json_object_get(days, "except"), json_string("2026-02-02"));
	ok(schedule_read(days, &s, &err) == 0 && s.n_except == SCHEDULE_EXCEPT, "as many days left out as there may be");
	(void)json_array_append_new(json_object_get(days, "except"), json_string("2026-02-02"));
	ok(schedule_read(days, &s, &err) == E_BAD && strncmp(err.text, "/except/64: ", 12) == 0, "and one more is refused");
	s = must_read("{\"days\": [\"thu\", \"fri\"], \"opens\": \"10:00\", \"closes\": \"11:00\"}", &far);
	is_int(schedule_between(&s, utc, 0, WHEN_DAY, span, 4), 1, "1970 begins with a Thursday");
	is_int(schedule_between(&s, utc, -1, WHEN_DAY, span, 4), 0, "nothing before 1970");
	is_int(schedule_between(&s, utc, WHEN_MAX - WHEN_DAY, WHEN_MAX + 1, span, 4), 0, "nothing behind the calendar");
	is_int(schedule_between(&s, utc, 0, 100 * WHEN_DAY, span, 2), 2, "no more than there is room for");
}

/* On 29 March 2026 clocks go from 02:00 to 03:00. */
static void
test_forward(void)
{
	static const struct { const char *json; size_t meets; int64_t after; int minutes; } some[] = {
		{ "{\"days\": [\"sun\"], \"opens\": \"02:30\", \"closes\": \"03:00\"}", 0, 0, 0 },
		{ "{\"days\": [\"sun\"], \"opens\": \"01:30\", \"closes\": \"03:30\"}", 1, 30, 60 },
		{ "{\"days\": [\"sun\"], \"opens\": \"02:30\", \"minutes\": 30}", 1, 90, 30 },
		{ "{\"days\": [\"sun\"], \"opens\": \"03:00\", \"closes\": \"04:00\"}", 1, 60, 60 },
	};
	const int64_t sunday = when_days(2026, 3, 29) * WHEN_DAY;
	struct zone *berlin = NULL;

	ok(zone_parse(berlin_file, sizeof(berlin_file) - 1, &berlin, NULL) == 0, "a zone with summer is read");
	for (size_t i = 0; i < nelem(some) && berlin != NULL; i++) {
		autojson json_t *json = NULL;
		struct schedule s = must_read(some[i].json, &json);
		struct schedule_span span[4];

		is_int(schedule_between(&s, berlin, sunday, sunday + WHEN_DAY, span, 4), (long long)some[i].meets, "%s when clocks go forward", some[i].json);
		ok(some[i].meets == 0 || (span[0].begins == sunday + (some[i].after - 60) * WHEN_MINUTE + WHEN_HOUR &&
		    span[0].ends == span[0].begins + some[i].minutes * WHEN_MINUTE), "lasts %d minutes", some[i].minutes);
	}
	zone_free(berlin);
}

static const char *const day_names[] = { "mon", "tue", "wed", "thu", "fri", "sat", "sun" };

/* Meetings and free time drawn at random, held against each other minute by minute. */
static void
test_overlap(const struct zone *utc)
{
	enum { DAYS = 14, MINUTES = DAYS * 24 * 60 };
	static unsigned char is_free[MINUTES + 3 * 24 * 60];	/* From a day before. */
	const int64_t from = when_days(2026, 11, 23) * WHEN_DAY, until = from + DAYS * WHEN_DAY;
	unsigned wrong = 0, found = 0, none = 0;

	for (int round = 0; round < 1000; round++) {
		struct schedule_span span[128], meeting[64];
		struct schedule s, window[SCHEDULE_WINDOWS];
		struct schedule_fit want = { 0 }, got = { 0 };
		int wanted = 15 + 15 * (int)dice_roll(8), r;
		char text[400] = "", opens[8], closes[8];
		autojson json_t *json = NULL;
		size_t n, m, len = 0;

		for (unsigned i = 0; i <= dice_roll(4); i++) {
			int start = (int)dice_roll(96) * 15, end = (int)dice_roll(97) * 15;

			len += (size_t)snprintf(text + len, sizeof(text) - len, "%s%s %02d:%02d-%02d:%02d", i > 0 ? ", " : "",
			    day_names[dice_roll(7)], start / 60, start % 60, end / 60, end % 60);
		}
		(void)snprintf(opens, sizeof(opens), "%02u:%02u", dice_roll(24), 15 * dice_roll(4));
		(void)snprintf(closes, sizeof(closes), "%02u:%02u", dice_roll(24), 15 * dice_roll(4));
		json = json_pack("{s:[s,s], s:s, s:s}", "days", day_names[dice_roll(7)], day_names[dice_roll(7)], "opens", opens, "closes", closes);
		n = schedule_windows(text, window, NULL);
		if (n == 0 || schedule_read(json, &s, NULL) != 0) {
			wrong++;
			continue;
		}
		n = schedule_free(window, n, utc, from, until, span, nelem(span));
		m = schedule_between(&s, utc, from, until, meeting, nelem(meeting));
		memset(is_free, 0, sizeof(is_free));
		for (size_t k = 0; k < n; k++)
			memset(&is_free[(span[k].begins - from) / WHEN_MINUTE + 24 * 60], 1, (size_t)((span[k].ends - span[k].begins) / WHEN_MINUTE));
		want.meets = (unsigned)m;
		for (size_t i = 0; i < m; i++) {
			int run = 0, best = 0;

			for (int64_t ms = meeting[i].begins; ms < meeting[i].ends; ms += WHEN_MINUTE) {
				run = is_free[(ms - from) / WHEN_MINUTE + 24 * 60] ? run + 1 : 0;
				best = run > best ? run : best;
				if (run == wanted && want.next == 0)
					want.next = ms - (wanted - 1) * WHEN_MINUTE;
			}
			want.fits += best >= wanted;
			want.longest = best > want.longest ? best : want.longest;
		}
		r = schedule_overlap(&s, utc, span, n, from, until, wanted, &got);
		wrong += r != (want.fits > 0 ? 0 : E_NOTFOUND) || got.meets != want.meets || got.fits != want.fits ||
		    got.longest != want.longest || got.next != want.next;
		found += r == 0;
		none += r == E_NOTFOUND;
	}
	is_int(wrong, 0, "each overlap is the one that counting minutes finds");
	ok(found > 100 && none > 100, "%u of 1000 pairs fit, %u do not", found, none);
}

int
main(void)
{
	struct zone *utc = NULL;

	printf("# dice %llu\n", (unsigned long long)dice);
	if (zone_parse(utc_file, sizeof(utc_file) - 1, &utc, NULL) != 0) {
		ok(false, "UTC is read");
		return done_testing();
	}
	test_counted(utc);
	test_bounds(utc);
	test_forward();
	test_overlap(utc);
	test_refused();
	test_days(utc);
	test_lacks(utc);
	test_windows(utc);
	test_hours(utc);
	zone_free(utc);
	return done_testing();
}
