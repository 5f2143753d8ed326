/* SPDX-License-Identifier: Apache-2.0 */
#include "crisis.h"

#include <string.h>

#include "base/canon.h"
#include "schedule.h"
#include "when.h"

enum { DAYS = 35, HOURS = 24 };

bool
crisis_is(const char *kind, const json_t *body)
{
	json_t *item;
	size_t i;

	if (strcmp(kind, "program") != 0)
		return false;
	json_array_foreach(json_arr(body, "settings"), i, item)
		if (json_is_string(item) && strcmp(json_string_value(item), "crisis_service") == 0)
			return true;
	return false;
}

const char *
crisis_number(const json_t *body)
{
	static const char *const hows[] = { "phone", "sms" };

	for (size_t k = 0; k < nelem(hows); k++) {
		json_t *contact;
		size_t i;

		json_array_foreach(json_arr(body, "contacts"), i, contact)
			if (json_str(contact, "how") != NULL && strcmp(json_str(contact, "how"), hows[k]) == 0 && json_str(contact, "value") != NULL)
				return json_str(contact, "value");
	}
	return NULL;
}

int
crisis_refuse(const json_t *body, struct err *reterr)
{
	const char *number = crisis_number(body);

	if (number == NULL)
		return err_set(reterr, E_REFUSED, "it is a crisis service, which takes no referral, and its number is not said: give the person another's");
	return err_set(reterr, E_REFUSED, "it is a crisis service, which takes no referral: give the person its number, %s", number);
}

static bool
begins(const struct schedule *s, int64_t day)
{
	for (size_t i = 0; i < s->n_except; i++)
		if (s->except[i] == day)
			return false;
	return schedule_on(s, day);
}

/* Marks the whole hours of each day, from today on, that it answers in. */
static void
mark(const json_t *json, int64_t today, bool hour[DAYS * HOURS])
{
	struct schedule s;

	if (schedule_read(json, &s, NULL) != 0 || schedule_lacks(&s, (today + DAYS) * WHEN_DAY) != NULL)
		return;
	/* Of what began before, the rest; a week is the most that a schedule lasts. */
	for (int day = -7; day < DAYS; day++) {
		int from = day * HOURS * 60 + s.opens, until = s.minutes > 0 ? from + s.minutes : day * HOURS * 60 + s.closes;

		if (!begins(&s, today + day))
			continue;
		if (s.minutes == 0 && s.closes <= s.opens)
			until += HOURS * 60;
		/* Many write the last minute of a day for its end. */
		until += s.minutes == 0 && s.closes == HOURS * 60 - 1;
		for (int h = from <= 0 ? 0 : (from + 59) / 60; h < until / 60 && h < DAYS * HOURS; h++)
			hour[h] = true;
	}
}

bool
crisis_always(const char *kind, const json_t *body, int64_t now)
{
	bool hour[DAYS * HOURS] = { false };
	json_t *item;
	size_t i;

	if (strcmp(kind, "crisis_line") == 0) {
		json_array_foreach(json_arr(body, "ways"), i, item)
			if (json_is_true(json_object_get(item, "always")))
				return true;
		return false;
	}
	json_array_foreach(json_arr(body, "schedules"), i, item)
		mark(item, now / WHEN_DAY, hour);
	for (i = 0; i < nelem(hour); i++)
		if (!hour[i])
			return false;
	return true;
}

int
crisis_check(const char *kind, const json_t *body, int64_t now, struct err *reterr)
{
	if (!crisis_is(kind, body))
		return 0;
	if (crisis_number(body) == NULL)
		return err_set(reterr, E_BAD, "contacts: a crisis service is called, nobody is referred to it; give the phone or sms number that it "
		    "answers, or make it a crisis_line");
	if (json_obj(body, "source") != NULL || json_arr(body, "alternatives") != NULL || json_str(body, "no_alternative") != NULL ||
	    crisis_always(kind, body, now))
		return 0;
	return err_set(reterr, E_BAD, "schedules: a crisis service answers at any hour (every day, 00:00 to 00:00); if it does not, name in alternatives "
	    "where to turn at the other hours, or say in no_alternative that there is nowhere");
}
