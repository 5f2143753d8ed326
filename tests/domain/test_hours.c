/* SPDX-License-Identifier: Apache-2.0 */
/* When somebody may be called: as people write it, typed, and back; the same minutes of a week. */
#include <stdlib.h>
#include <string.h>

#include "base/canon.h"
#include "base/event.h"
#include "domain/hours.h"
#include "domain/schedule.h"
#include "events.h"
#include "tests/domain/quoted.h"
#include "tests/tap.h"

enum { WEEK = 7 * 24 * 60 };

/* The minutes of a week in which a window is open. */
static int
paint(const char *text, bool week[WEEK])
{
	struct schedule windows[SCHEDULE_WINDOWS];
	size_t n = schedule_windows(text, windows, NULL);

	memset(week, 0, WEEK * sizeof(*week));
	for (size_t i = 0; i < n; i++)
		for (int day = 0; day < 7; day++) {
			int closes = windows[i].closes > windows[i].opens ? windows[i].closes : windows[i].closes + 24 * 60;

			for (int m = windows[i].opens; windows[i].by_day[day] != 0 && m < closes; m++)
				week[(day * 24 * 60 + m) % WEEK] = true;
		}
	return (int)n;
}

static void
goes_round(const char *text, const char *want)
{
	static bool before[WEEK], after[WEEK];
	autobuf struct buf out = { 0 };
	autojson json_t *list = NULL;
	int n = paint(text, before);

	if (!ok(hours_typed(text, &list) == 0 && hours_text(list, &out) == 0, "%s", text))
		return;
	is_str(out.data, want, "goes and comes");
	ok(paint(out.data, after) == n && !memcmp(before, after, sizeof(before)), "and means the same minutes");
}

static void
test_random(void)
{
	static const char *const days[] = { "Mon", "tue", "Wed", "thu", "Fri", "Sat", "sun" };
	static bool before[WEEK], after[WEEK];
	unsigned seed = 20261121;
	int wrong = 0;

	for (int i = 0; i < 3000; i++) {
		autobuf struct buf text = { 0 }, out = { 0 };
		autojson json_t *list = NULL;
		int n = 1 + rand_r(&seed) % SCHEDULE_WINDOWS;

		for (int k = 0; k < n; k++) {
			int a = rand_r(&seed) % 7, b = rand_r(&seed) % 7;

			bool one = rand_r(&seed) % 3 == 0;

			if (buf_printf(&text, "%s%s%s%s %02d:%02d-%02d:%02d", k > 0 ? ", " : "", days[a], one ? "" : "-", one ? "" : days[b],
			    rand_r(&seed) % 24, rand_r(&seed) % 60, rand_r(&seed) % 24, rand_r(&seed) % 60) != 0)
				abort();
		}
		wrong += paint(text.data, before) != n || hours_typed(text.data, &list) != 0 || hours_text(list, &out) != 0 ||
		    paint(out.data, after) != n || memcmp(before, after, sizeof(before)) != 0;
	}
	is_int(wrong, 0, "whatever the hours, the other side calls in the same");
}

static void
test_bad(void)
{
	static const char *const bad[] = { "{\"to\":\"fri\",\"opens\":\"17:00\",\"closes\":\"19:00\"}",
	    "{\"from\":\"mon\",\"to\":\"Friday\",\"opens\":\"17:00\",\"closes\":\"19:00\"}", "{\"from\":\"mon\",\"to\":\"fri\",\"closes\":\"19:00\"}",
	    "{\"from\":\"mon\",\"to\":\"fri\",\"opens\":\"17:00\"}" };
	autobuf struct buf out = { 0 };
	json_t *none = NULL;

	is_int(hours_typed("whenever", &none), E_BAD, "what is no time is none");
	for (size_t i = 0; i < nelem(bad); i++) {
		autojson json_t *one = json_loads(bad[i], 0, NULL), *list = json_pack("[O]", one);

		is_int(hours_text(list, &out), E_BAD, "nor %s", bad[i]);
	}
	ok(hours_text(NULL, &out) == 0 && out.len == 0, "of nothing nothing is said");
}

/* As many as a disclosure may hold; what staff write and no partner could read is refused when they write it. */
static void
test_most(void)
{
	autojson json_t *disclosure = json_source("schemas/referral.disclosure.example.json"), *hours = NULL, *more = NULL;
	json_t *contact = json_obj(json_obj(disclosure, "identity"), "contact");
	struct err err = { "" };
	char text[400] = "";

	for (int i = 0; i < 16; i++)
		(void)snprintf(text + strlen(text), sizeof(text) - strlen(text), "%sMon %02d:00-%02d:30", i > 0 ? ", " : "", i, i);
	ok(hours_typed(text, &hours) == 0 && json_array_size(hours) == 16, "16 times of the week are taken");
	(void)json_object_del(contact, "safe_times");
	(void)json_object_set(contact, "safe_hours", hours);
	(void)json_object_set_new(contact, "timezone", json_string("UTC"));
	is_int(event_check(&ev_referral_disclosure_desc, disclosure, &err), 0, "and go with a disclosure %s", err.text);
	(void)json_array_append(hours, json_array_get(hours, 0));
	is_int(event_check(&ev_referral_disclosure_desc, disclosure, &err), E_BAD, "17 do not");
	ok(strstr(err.text, "/identity/contact/safe_hours") != NULL && strstr(err.text, "16") != NULL, "and it is said where, and how many do: %s", err.text);
	(void)strcat(text, ", Tue 10:00-11:00");
	is_int(hours_typed(text, &more), E_BAD, "and staff cannot write them");
}

int
main(void)
{
	goes_round("Mon-Fri 17:00-19:00", "Mon-Fri 17:00-19:00");
	goes_round("daily 08:00-24:00", "daily 08:00-00:00");
	goes_round("Tue 18:00-20:00, fri-mon 22:00-06:00", "Tue 18:00-20:00, Fri-Mon 22:00-06:00");
	goes_round("sun 00:00-24:00", "Sun 00:00-00:00");
	goes_round("Tue-Mon 10:00-11:00", "daily 10:00-11:00");
	test_random();
	test_bad();
	test_most();
	return done_testing();
}
