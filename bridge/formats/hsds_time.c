/* SPDX-License-Identifier: Apache-2.0 */
/* hsds_part.h: schedules; hsds_rule.c: on which days. */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/canon.h"
#include "base/grammar.h"
#include "hsds_part.h"
#include "hsds_time.h"

enum { SCHEDULES = 32, CLOCK = 5, ZONE_EAST = 14, ZONE_WEST = -12 };

const struct time_key_row time_keys[TIME_N] = {
#define X(id, name, number) { name, number },
	TIME_KEYS(X)
#undef X
};

/* Where clocks are not put forward and back, and no zone is named after the offset. */
static const struct { double hours; const char *name; } places[] = {
	{ -9.5, "Pacific/Marquesas" }, { 3.5, "Asia/Tehran" }, { 4.5, "Asia/Kabul" }, { 5.5, "Asia/Kolkata" },
	{ 5.75, "Asia/Kathmandu" }, { 6.5, "Asia/Yangon" }, { 8.75, "Australia/Eucla" }, { 9.5, "Australia/Darwin" },
};

const char *
time_zone_name(double hours, char ret[24])
{
	for (size_t i = 0; i < nelem(places); i++)
		if (places[i].hours == hours)
			return places[i].name;
	if (hours != trunc(hours) || hours < ZONE_WEST || hours > ZONE_EAST)
		return NULL;
	/* "Etc/GMT+5" is five hours west: HSDS counts the other way. */
	(void)snprintf(ret, 24, hours == 0 ? "Etc/UTC" : "Etc/GMT%+d", -(int)hours);
	return ret;
}

bool
time_zone_hours(const char *name, double *ret)
{
	int hours = 0, end = 0;

	for (size_t i = 0; i < nelem(places); i++) {
		if (strcmp(places[i].name, name) == 0) {
			*ret = places[i].hours;
			return true;
		}
	}
	if (strcmp(name, "Etc/UTC") != 0 && (sscanf(name, "Etc/GMT%3d%n", &hours, &end) != 1 || name[end] != '\0'))
		return false;
	*ret = -hours;
	return true;
}

/* A schedule has one zone: the first that it says. */
static int
take_zone(struct time_read *t, enum time_key key, double hours)
{
	char made[24];
	const char *name = time_zone_name(hours, made), *is = json_str(t->out, "timezone");

	if (name == NULL || (is != NULL && strcmp(is, name) != 0)) {
		t->odd |= 1u << key;
		return 0;
	}
	return json_object_set_new(t->out, "timezone", json_string(name)) == 0 ? 0 : -ENOMEM;
}

/* "hh:mm[:ss][zone]". */
static int
clock_time(struct time_read *t, enum time_key key, const char *to)
{
	autojson json_t *v = NULL;
	const char *name = time_keys[key].name, *text, *rest;
	char hm[CLOCK + 1];
	int hours, minutes, end = 0, r = walk_code(t->h, t->at, name, &v);
	bool short_hour;

	if (r != 0 || v == NULL)
		return r;
	text = json_string_value(v);
	short_hour = text[1] == ':';		/* 9:30 */
	(void)snprintf(hm, sizeof(hm), "%s%.*s", short_hour ? "0" : "", CLOCK - short_hour, text);
	if (key == TIME_CLOSES_AT && strcmp(hm, "24:00") == 0)
		memcpy(hm, "00", 2);
	if (!grammar_ok(GRAMMAR_CLOCK_TIME, hm))
		return walk_lost(t->h, t->at, name, "string: not a time hh:mm");
	if (json_object_set_new(t->out, to, json_string(hm)) != 0)
		return -ENOMEM;
	rest = text + CLOCK - short_hour;
	if (rest[0] == ':' && strspn(rest + 1, "0123456789") == 2) {
		if (strncmp(rest, ":00", 3) != 0)
			r = walk_lost(t->h, t->at, name, "string: without its seconds");
		rest += 3;
	}
	if (r != 0 || rest[0] == '\0')
		return r;
	if (strcmp(rest, "Z") == 0)
		return take_zone(t, key, 0);
	if (strchr("+-", rest[0]) != NULL && sscanf(rest + 1, "%2d:%2d%n", &hours, &minutes, &end) == 2 &&
	    rest[1 + end] == '\0' && end == CLOCK && hours >= 0 && minutes >= 0)
		return take_zone(t, key, (rest[0] == '-' ? -1 : 1) * (hours + minutes / 60.0));
	return walk_lost(t->h, t->at, name, "string: the zone \"%.8s\" has no name", rest);
}

/* ---- The note. ---- */

/* Appends a line; false if it does not fit. */
static bool
add_note(char note[TIME_NOTE + 1], const char *text)
{
	size_t n = strlen(note), m = strlen(text);

	if (n + (n > 0) + m > TIME_NOTE)
		return false;
	if (n > 0)
		note[n++] = '\n';
	memcpy(note + n, text, m + 1);
	return true;
}

/* What no field says: named in the list, and there to be read. */
static int
odd_lines(struct time_read *t, char note[TIME_NOTE + 1])
{
	for (size_t i = 0; i < TIME_N; i++) {
		const json_t *v = json_object_get(t->at->object, time_keys[i].name);
		const char *text = json_string_value(v);
		char line[TIME_NOTE + 1];
		bool fits;

		if (!(t->odd & 1u << i))
			continue;
		if (text != NULL)
			(void)snprintf(line, sizeof(line), "%s %s", time_keys[i].name, text);
		else
			(void)snprintf(line, sizeof(line), "%s %.17g", time_keys[i].name, json_number_value(v));
		fits = (text == NULL || (walk_is_code(text) && strchr(text, '\n') == NULL)) && add_note(note, line);
		if (walk_lost(t->h, t->at, time_keys[i].name, "%s: no field can say it; %s", walk_kind(v), fits ? TIME_NOTED :
		    "the note has no room") != 0)
			return -ENOMEM;
	}
	return t->odd == 0 || json_object_set_new(t->out, "irregular", json_true()) == 0 ? 0 : -ENOMEM;
}

static int
notes(struct time_read *t)
{
	static const char *const words[] = { "description", "notes", "attending_type" };
	char note[TIME_NOTE + 1] = "";
	int r = odd_lines(t, note);

	for (size_t i = 0; r == 0 && i < nelem(words); i++) {
		autojson json_t *v = NULL;

		r = walk_text(t->h, t->at, words[i], TIME_NOTE, &v);
		if (r == 0 && v != NULL && !add_note(note, json_string_value(v)))
			r = walk_lost(t->h, t->at, words[i], "string: no room in the note");
	}
	return r != 0 || note[0] == '\0' || json_object_set_new(t->out, "note", json_string(note)) == 0 ? r : -ENOMEM;
}

/* ---- A schedule. ---- */

static int
schedule(struct hsds *h, const struct at *at, json_t *body)
{
	static const char *const known[] = {
#define X(id, name, number) name,
		TIME_KEYS(X)
#undef X
		"description", "notes", "attending_type", NULL
	};
	autojson json_t *out = json_object();
	struct time_read t = { .h = h, .at = at, .out = out };
	double offset = 0;
	bool there = false;
	int r = out != NULL ? time_rule(&t, &there) : -ENOMEM;

	if (r == 0 && !there)
		return walk_lost(h, at, NULL, "schedule without byday, or a rule that is known here");
	if (r == 0)
		r = clock_time(&t, TIME_OPENS_AT, "opens");
	if (r == 0)
		r = clock_time(&t, TIME_CLOSES_AT, "closes");
	if (r == 0)
		r = walk_number(h, at, "timezone", &there, &offset);
	if (r == 0 && there)
		r = take_zone(&t, TIME_TIMEZONE, offset);
	if (r == 0)
		r = notes(&t);
	if (r == 0)
		r = walk_put(h, at, NULL, body, "schedules", json_incref(out), SCHEDULES);
	return r == 0 ? walk_rest(h, at, known) : r;
}

int
part_schedules(struct hsds *h, const struct at *at, json_t *body)
{
	json_t *list = NULL, *item;
	size_t i;
	int r = walk_objects(h, at, "schedules", &list);

	if (r != 0)
		return r;
	json_array_foreach(list, i, item) {
		const struct at in = { .up = at, .key = "schedules" }, here = { .up = &in, .index = i, .object = item };

		r = schedule(h, &here, body);
		if (r != 0)
			return r;
	}
	return 0;
}
