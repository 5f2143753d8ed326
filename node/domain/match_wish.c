/* SPDX-License-Identifier: Apache-2.0 */
/* What a member must and would like to have, read from texts; and the times that suit both. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/buf.h"
#include "base/canon.h"
#include "base/cleanup.h"
#include "base/event.h"
#include "events.h"
#include "match.h"
#include "schedule.h"
#include "zone.h"

enum { DAY = 24 * 60, WEEK = 7 * DAY, EACH = 5, NUMBER_MAX = 720 };

/* Hours of the time slots, in their order; the night has two parts of each day. */
static const struct {
	int	first_day, last_day, from, until;
} hours[][2] = {
	[EV_TIME_SLOT_WEEKDAY_MORNING] = { { 0, 4, 6 * 60, 12 * 60 } },
	[EV_TIME_SLOT_WEEKDAY_AFTERNOON] = { { 0, 4, 12 * 60, 17 * 60 } },
	[EV_TIME_SLOT_WEEKDAY_EVENING] = { { 0, 4, 17 * 60, 22 * 60 } },
	[EV_TIME_SLOT_WEEKEND_MORNING] = { { 5, 6, 6 * 60, 12 * 60 } },
	[EV_TIME_SLOT_WEEKEND_AFTERNOON] = { { 5, 6, 12 * 60, 17 * 60 } },
	[EV_TIME_SLOT_WEEKEND_EVENING] = { { 5, 6, 17 * 60, 22 * 60 } },
	[EV_TIME_SLOT_NIGHT] = { { 0, 6, 22 * 60, DAY }, { 0, 6, 0, 6 * 60 } },
};

static const struct { int64_t from, below; } bands[EV_AGE_BAND_END] = {	/* Thousandths of a year. */
	[EV_AGE_BAND_UNDER_13] = { 0, 13000 }, [EV_AGE_BAND_13_17] = { 13000, 18000 }, [EV_AGE_BAND_18_25] = { 18000, 26000 },
	[EV_AGE_BAND_26_59] = { 26000, 60000 }, [EV_AGE_BAND_60_PLUS] = { 60000, 150000 },
};

#define X(name, text, points, values) { text, values },
static const struct { const char *name; const struct ev_enum *values; } kinds[MATCH_NPREFS] = { MATCH_PREFERENCES(X) };
#undef X

bool
match_has(const json_t *list, const char *value)
{
	for (size_t i = 0; i < json_array_size(list); i++) {
		const char *item = json_string_value(json_array_get(list, i));

		if (item != NULL && strcasecmp(item, value) == 0)
			return true;
	}
	return false;
}

bool
match_speaks(const json_t *languages, const char *tag)
{
	size_t n = strlen(tag);

	for (size_t i = 0; i < json_array_size(languages); i++) {
		const char *item = json_string_value(json_array_get(languages, i));

		if (item != NULL && strncasecmp(item, tag, n) == 0 && (item[n] == '\0' || item[n] == '-'))
			return true;
	}
	return false;
}

uint8_t
match_slots(const json_t *list)
{
	uint8_t ret = 0;

	for (size_t i = 0; i < json_array_size(list); i++) {
		int slot = event_enum_value(&ev_time_slot_names, json_string_value(json_array_get(list, i)));

		if (slot > 0)
			ret |= (uint8_t)(1u << (slot - 1));
	}
	return ret;
}

int
match_slot_times(const json_t *list, struct buf *out)
{
	uint8_t slots = match_slots(list);
	const char *comma = "";
	int r = 0;

	for (size_t slot = 1; slot < nelem(hours); slot++)
		for (size_t k = 0; k < nelem(hours[slot]) && slots >> (slot - 1) & 1; k++) {
			int first = hours[slot][k].first_day, last = hours[slot][k].last_day, from = hours[slot][k].from, until = hours[slot][k].until;

			if (until == 0 || r != 0)
				continue;
			r = buf_printf(out, "%s%s %02d:%02d-%02d:%02d", comma, first > 0 ? "Sat-Sun" : last < 6 ? "Mon-Fri" : "daily",
			    from / 60, from % 60, until / 60, until % 60);
			comma = ", ";
		}
	return r;
}

/* Each minute of a week says in which slots it is. */
static void
paint(uint8_t week[WEEK])
{
	memset(week, 0, WEEK);
	for (size_t slot = 1; slot < nelem(hours); slot++)
		for (size_t k = 0; k < nelem(hours[slot]); k++)
			for (int day = hours[slot][k].first_day; day <= hours[slot][k].last_day; day++)
				for (int m = hours[slot][k].from; m < hours[slot][k].until; m++)
					week[day * DAY + m] = (uint8_t)(1u << (slot - 1));
}

/* The longest stretch of the windows in each set of slots; a week goes round. */
static int
read_at(const char *at, struct match_wish *w, struct err *reterr)
{
	struct schedule windows[SCHEDULE_WINDOWS];
	size_t n = schedule_windows(at, windows, reterr);
	autofree uint8_t *week = malloc(WEEK);
	autofree bool *free_then = calloc(WEEK, sizeof(bool));

	if (n == 0) {
		err_add(reterr, "at");
		return E_BAD;
	}
	if (week == NULL || free_then == NULL)
		return -ENOMEM;
	paint(week);
	for (size_t i = 0; i < n; i++) {
		int length = windows[i].closes - windows[i].opens;

		length += length <= 0 ? DAY : 0;
		for (int day = 0; day < 7; day++)
			for (int m = 0; m < length && windows[i].by_day[day] & 1u << EACH; m++)
				free_then[(day * DAY + windows[i].opens + m) % WEEK] = true;
	}
	for (unsigned set = 0; set < nelem(w->together); set++) {
		int run = 0, best = 0;

		for (int m = 0; m < 2 * WEEK && run < WEEK; m++) {
			run = free_then[m % WEEK] && week[m % WEEK] & set ? run + 1 : 0;
			best = run > best ? run : best;
		}
		w->together[set] = (uint16_t)best;
	}
	return 0;
}

static int
read_times(const json_t *args, struct match_wish *w, struct err *reterr)
{
	const char *at = json_str(args, "at"), *minutes = json_str(args, "minutes");
	const json_t *slots = json_arr(args, "time");
	char *end;
	long wanted = MATCH_MINUTES;

	w->slots = match_slots(slots);
	for (size_t i = 0; i < json_array_size(slots); i++)
		if (event_enum_value(&ev_time_slot_names, json_string_value(json_array_get(slots, i))) == 0)
			return err_set(reterr, E_BAD, "time: weekday_morning, weekday_evening and so on are wanted; cairn help match lists them");
	w->zone = json_str(args, "zone");
	if (w->zone != NULL && ((at == NULL && w->slots == 0) || !zone_is_name(w->zone)))
		return err_set(reterr, E_BAD, "zone: that of at and time is wanted, such as America/New_York");
	if (at == NULL)
		return minutes == NULL ? 0 : err_set(reterr, E_BAD, "at: minutes says more of times; which times?");
	if (minutes != NULL && ((wanted = strtol(minutes, &end, 10)) < 1 || wanted > DAY || *end != '\0'))
		return err_set(reterr, E_BAD, "minutes: between 1 and %d is wanted", DAY);
	w->minutes = (int)wanted;
	return read_at(at, w, reterr);
}

static int
read_prefs(const json_t *list, struct match_wish *w, struct err *reterr)
{
	if (json_array_size(list) > MATCH_PREFS)
		return err_set(reterr, E_BAD, "prefer: at most %d", MATCH_PREFS);
	for (size_t i = 0; i < json_array_size(list); i++) {
		const char *text = json_string_value(json_array_get(list, i)), *sign = text != NULL ? strchr(text, '=') : NULL;
		struct match_pref *p = &w->prefs[i];
		char *end = NULL;

		for (p->kind = 0; p->kind < MATCH_NPREFS && sign != NULL; p->kind++)
			if (strlen(kinds[p->kind].name) == (size_t)(sign - text) &&
			    strncmp(kinds[p->kind].name, text, (size_t)(sign - text)) == 0)
				break;
		if (sign == NULL || p->kind == MATCH_NPREFS || sign[1] == '\0')
			return err_set(reterr, E_BAD, "prefer: KIND=VALUE is wanted, such as experience=grief; cairn help match lists the kinds");
		p->value = sign + 1;
		if (kinds[p->kind].values != NULL && event_enum_value(kinds[p->kind].values, p->value) == 0)
			return err_set(reterr, E_BAD, "prefer: no %s is called that; protocol.md lists them", kinds[p->kind].name);
		if (p->kind == MATCH_PREF_AGE)
			p->number = (unsigned)event_enum_value(&ev_age_group_names, p->value);
		if (p->kind == MATCH_PREF_RESPONSE || p->kind == MATCH_PREF_DISTANCE) {
			p->number = (unsigned)strtoul(p->value, &end, 10);
			if (*end != '\0' || p->number < 1 || p->number > NUMBER_MAX)
				return err_set(reterr, E_BAD, p->kind == MATCH_PREF_RESPONSE ? "prefer: response wants hours between 1 and %d" :
				    "prefer: distance wants kilometres between 1 and %d", NUMBER_MAX);
		}
		if (p->kind == MATCH_PREF_DISTANCE && !w->has_near)
			return err_set(reterr, E_BAD, "prefer: a distance from where? say about where the member is with --near 40.7357,-74.1724");
		w->n_prefs = i + 1;
	}
	return 0;
}

static int
read_near(const json_t *args, struct match_wish *w, struct err *reterr)
{
	const char *near = json_str(args, "near");

	w->has_near = near != NULL;
	if (near != NULL && place_parse(near, &w->near) != 0)
		return err_set(reterr, E_BAD, "near: latitude and longitude in degrees are wanted, as 40.7357,-74.1724");
	return 0;
}

/* A list whose texts are of a closed list, or, without one, not empty. */
static int
read_list(const json_t *args, const char *key, const struct ev_enum *values, const json_t **ret, struct err *reterr)
{
	*ret = json_arr(args, key);
	for (size_t i = 0; i < json_array_size(*ret); i++) {
		const char *item = json_string_value(json_array_get(*ret, i));

		if (item == NULL || *item == '\0' || (values != NULL && event_enum_value(values, item) == 0))
			return err_set(reterr, E_BAD, "%s: the value is not on its list; cairn help match shows it", key);
	}
	if (json_array_size(*ret) == 0)
		*ret = NULL;
	return 0;
}

int
match_wish_read(const json_t *args, struct match_wish *ret, struct err *reterr)
{
	struct match_wish w = { .language = json_str(args, "language"), .role = json_str(args, "role"),
		.certified = json_is_true(json_object_get(args, "certified")) };
	int r;

	w.need = (unsigned)event_enum_value(&ev_need_names, json_str(args, "need"));
	w.age_band = (unsigned)event_enum_value(&ev_age_band_names, json_str(args, "age_band"));
	if (w.need == 0)
		return err_set(reterr, E_BAD, "need: what is the support about? cairn help match lists the values");
	if (w.age_band == 0)
		return err_set(reterr, E_BAD, "age_band: minors and adults are matched apart, so an age band is asked first");
	w.age_from = bands[w.age_band].from;
	w.age_below = bands[w.age_band].below;
	if (w.role != NULL && event_enum_value(&ev_role_names, w.role) == 0)
		return err_set(reterr, E_BAD, "role: cairn help match lists the values");
	if (json_array_size(json_arr(args, "accessibility")) > MATCH_EASES)
		return err_set(reterr, E_BAD, "accessibility: at most %d", MATCH_EASES);
	if ((r = read_list(args, "modality", &ev_modality_names, &w.modalities, reterr)) != 0 ||
	    (r = read_list(args, "accessibility", &ev_accessibility_names, &w.eases, reterr)) != 0 ||
	    (r = read_list(args, "only", &ev_audience_names, &w.only, reterr)) != 0 ||
	    (r = read_list(args, "avoid", NULL, &w.avoid, reterr)) != 0 ||
	    (r = read_list(args, "conflict", NULL, &w.conflict, reterr)) != 0 ||
	    (r = read_list(args, "known", NULL, &w.known, reterr)) != 0 ||
	    (r = read_list(args, "not_town", NULL, &w.towns, reterr)) != 0 ||
	    (r = read_times(args, &w, reterr)) != 0 || (r = read_near(args, &w, reterr)) != 0 ||
	    (r = read_prefs(json_arr(args, "prefer"), &w, reterr)) != 0)
		return r;
	if ((r = eligibility_facts(args, &w.facts, reterr)) != 0)
		return r;
	if (w.facts.has_age && (w.facts.age < w.age_from || w.facts.age >= w.age_below))
		return err_set(reterr, E_BAD, "age: it is not in the age band");
	*ret = w;
	return 0;
}
