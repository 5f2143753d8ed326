/* SPDX-License-Identifier: Apache-2.0 */
#include "crisis.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/canon.h"
#include "schedule.h"
#include "when.h"
#include "zone.h"

enum {
	DAYS	= 35,
	HOURS	= 24,
	SHIFTS	= 14,		/* Schedules of a way, at most. */
	SPANS	= 64,		/* Of one of them in DAYS, with what began before. */
};

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

/* ---- Whether a line answers now. ---- */

struct shifts {
	struct schedule_span	 span[SHIFTS * SPANS];
	const char		*zone[SHIFTS * SPANS];
	size_t			 n;
	bool			 unsaid;	/* There are others. */
};

static void
add_shift(struct shifts *all, const json_t *json, int64_t now, crisis_zones *zones, void *cookie)
{
	struct schedule s;
	const struct zone *zone;
	size_t n, room = nelem(all->span) - all->n;

	if (schedule_read(json, &s, NULL) != 0 || schedule_lacks(&s, now + DAYS * WHEN_DAY) != NULL || s.zone == NULL ||
	    (zone = zones(cookie, s.zone)) == NULL) {
		all->unsaid = true;
		return;
	}
	/* What closed within this minute may go on, as below. */
	n = schedule_between(&s, zone, now - WHEN_MINUTE, now + DAYS * WHEN_DAY, all->span + all->n, room < SPANS ? room : SPANS);
	for (size_t i = all->n; i < all->n + n; i++) {
		all->zone[i] = s.zone;
		/* Many write the last minute of a day for its end. */
		all->span[i].ends += s.minutes == 0 && s.closes == HOURS * 60 - 1 ? WHEN_MINUTE : 0;
	}
	all->n += n;
}

/* Until when, if shifts that touch each other are one. */
static void
open_until(const struct shifts *all, int64_t now, struct crisis_hours *ret)
{
	int64_t end = now;
	bool more = true;

	while (more) {
		more = false;
		for (size_t i = 0; i < all->n; i++)
			if (all->span[i].begins <= end && all->span[i].ends > end) {
				end = all->span[i].ends;
				ret->zone = all->zone[i];
				more = true;
			}
	}
	ret->open = end > now ? CRISIS_OPEN : CRISIS_CLOSED;
	ret->at = end > now && end < now + DAYS * WHEN_DAY ? end : 0;
}

void
crisis_open(const json_t *way, int64_t now, crisis_zones *zones, void *cookie, struct crisis_hours *ret)
{
	const json_t *list = json_arr(way, "schedules");
	struct shifts all = { .n = 0 };
	json_t *item;
	size_t i;

	*ret = (struct crisis_hours){ .open = CRISIS_OPEN, .always = json_is_true(json_object_get(way, "always")) };
	if (ret->always)
		return;
	json_array_foreach(list, i, item)
		add_shift(&all, item, now, zones, cookie);
	open_until(&all, now, ret);
	if (ret->open == CRISIS_OPEN) {
		ret->at = all.unsaid ? 0 : ret->at;
		return;
	}
	if (all.unsaid || json_array_size(list) == 0) {
		ret->open = CRISIS_UNSAID;
		return;
	}
	for (i = 0; i < all.n; i++)
		if (all.span[i].begins > now && (ret->at == 0 || all.span[i].begins < ret->at)) {
			ret->at = all.span[i].begins;
			ret->zone = all.zone[i];
		}
}

const char *
crisis_when(int64_t at, int64_t now, const struct zone *zone, char out[CRISIS_WHEN])
{
	static const char *const days[] = { "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday" };
	int64_t local = at / 1000 + zone_offset(zone, at / 1000), day = local / 86400, away = day - (now / 1000 + zone_offset(zone, now / 1000)) / 86400;
	int minutes = (int)(local % 86400 / 60);
	char date[WHEN_TEXT];

	if (away == 1 && minutes == 0)
		(void)snprintf(out, CRISIS_WHEN, "at midnight");
	else if (away < 7)
		(void)snprintf(out, CRISIS_WHEN, "%s%s%sat %02d:%02d", away > 1 ? "on " : "", away > 1 ? days[(day + 3) % 7] : away == 1 ? "tomorrow" : "", away > 0 ? " " : "",
		    minutes / 60, minutes % 60);
	else
		(void)snprintf(out, CRISIS_WHEN, "on %s at %02d:%02d", when_print_day(day * WHEN_DAY, date), minutes / 60, minutes % 60);
	return out;
}
