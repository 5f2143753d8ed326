/* SPDX-License-Identifier: Apache-2.0 */
/* hsds_part.h: schedules. */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/canon.h"
#include "base/grammar.h"
#include "hsds_part.h"

enum { DAYS = 7, SCHEDULES = 32, NOTE = 300, DATE = 10, CLOCK = 5, ZONE_EAST = 14, ZONE_WEST = -12 };

/* Appends a line to the note; false if it does not fit. */
static bool
add_note(char note[NOTE + 1], const char *text)
{
	size_t n = strlen(note), m = strlen(text);

	if (n + (n > 0) + m > NOTE)
		return false;
	if (n > 0)
		note[n++] = '\n';
	memcpy(note + n, text, m + 1);
	return true;
}

const char *
part_day(const char *p, size_t *ret_n, size_t *ret_sign)
{
	static const struct { const char *ical, *day; } names[] = {
		{ "MO", "mon" }, { "TU", "tue" }, { "WE", "wed" }, { "TH", "thu" }, { "FR", "fri" }, { "SA", "sat" },
		{ "SU", "sun" },
	};

	*ret_n = strcspn(p, ", ");
	*ret_sign = strspn(p, "+-0123456789");
	for (size_t i = 0; i < nelem(names); i++)
		if (*ret_n - *ret_sign == 2 && strncmp(p + *ret_sign, names[i].ical, 2) == 0)
			return names[i].day;
	return NULL;
}

/* "TH,FR" or "1MO,-1WE" as days; parts with a number are also noted, since days cannot say them. */
static int
days(struct hsds *h, const struct at *at, json_t *out, char *note)
{
	autojson json_t *byday = NULL;
	bool ordinal = false;
	int r = walk_code(h, at, "byday", &byday);

	for (const char *p = json_string_value(byday); r == 0 && p != NULL && *p != '\0'; p += strspn(p, ", ")) {
		size_t sign, n;
		const char *day = part_day(p, &n, &sign);

		if (day == NULL)
			return walk_bad(h, at, "byday", "\"%.*s\" is no day; write MO,TU,WE,TH,FR,SA,SU", (int)(n < 16 ? n : 16), p);
		r = walk_put(h, at, "byday", out, "days", json_string(day), DAYS);
		ordinal = ordinal || sign > 0;
		p += n;
	}
	if (r == 0 && ordinal) {
		char text[128];

		(void)snprintf(text, sizeof(text), "byday %s", json_string_value(byday));
		(void)add_note(note, text);	/* The first line: it fits. */
	}
	return r;
}

/* A schedule has one zone: the first that it says. */
static int
take_zone(struct hsds *h, const struct at *at, const char *key, const char *found, char zone[16])
{
	if (found[0] == '\0' || strcmp(found, zone) == 0)
		return 0;
	if (zone[0] != '\0')
		return walk_lost(h, at, key, "zone: the schedule has another one");
	(void)snprintf(zone, 16, "%s", found);
	return 0;
}

/* "hh:mm[:ss][zone]"; ${zone} gets the IANA name of a zone written there. */
static int
clock_time(struct hsds *h, const struct at *at, const char *key, const char *to, json_t *out, char zone[16])
{
	autojson json_t *v = NULL;
	char hm[CLOCK + 1], found[16] = "";
	const char *text, *rest;
	int hours, minutes, end = 0, r = walk_code(h, at, key, &v);
	bool short_hour;

	if (r != 0 || v == NULL)
		return r;
	text = json_string_value(v);
	short_hour = text[1] == ':';		/* 9:30 */
	(void)snprintf(hm, sizeof(hm), "%s%.*s", short_hour ? "0" : "", CLOCK - short_hour, text);
	if (!grammar_ok(GRAMMAR_CLOCK_TIME, hm))
		return walk_lost(h, at, key, "string: not a time hh:mm");
	rest = text + CLOCK - short_hour;
	if (rest[0] == ':' && strspn(rest + 1, "0123456789") == 2) {
		if (strncmp(rest, ":00", 3) != 0)
			r = walk_lost(h, at, key, "string: without its seconds");
		rest += 3;
	}
	if (strcmp(rest, "Z") == 0)
		(void)snprintf(found, sizeof(found), "Etc/UTC");
	else if (sscanf(rest, "%3d:%2d%n", &hours, &minutes, &end) == 2 && rest[end] == '\0' && minutes == 0 &&
	    hours >= ZONE_WEST && hours <= ZONE_EAST)
		(void)snprintf(found, sizeof(found), hours == 0 ? "Etc/UTC" : "Etc/GMT%+d", -hours);
	else if (rest[0] != '\0' && r == 0)
		r = walk_lost(h, at, key, "string: the zone \"%.8s\" has no name", rest);
	if (r == 0)
		r = take_zone(h, at, key, found, zone);
	return r == 0 && json_object_set_new(out, to, json_string(hm)) != 0 ? -ENOMEM : r;
}

/* The first 10 characters of ${key} if they are a date. */
static int
date(struct hsds *h, const struct at *at, const char *key, const char *to, json_t *out)
{
	autojson json_t *v = NULL;
	const char *other;
	char day[DATE + 1];
	int r = walk_code(h, at, key, &v);

	if (r != 0 || v == NULL)
		return r;
	(void)snprintf(day, sizeof(day), "%s", json_string_value(v));
	other = json_str(out, to);
	if (!grammar_ok(GRAMMAR_DATE, day) || (other != NULL && strcmp(other, day) != 0))
		return walk_lost(h, at, key, "string: no place in a record");
	if (json_string_length(v) > DATE && walk_lost(h, at, key, "string: only its day was kept") != 0)
		return -ENOMEM;
	return json_object_set_new(out, to, json_string(day)) == 0 ? 0 : -ENOMEM;
}

static int
frequency(struct hsds *h, const struct at *at, json_t *out, char *note)
{
	autojson json_t *freq = NULL;
	const char *name = NULL;
	double interval = 1, count = 0;
	bool there, counted = false;
	char text[160];
	int r = walk_code(h, at, "freq", &freq);

	if (r == 0)
		r = walk_number(h, at, "interval", &there, &interval);
	if (r == 0)
		r = walk_number(h, at, "count", &counted, &count);
	if (r != 0)
		return r;
	if (freq == NULL && !there)
		name = counted && count == 1 ? "once" : NULL;
	if (counted && name == NULL && walk_lost(h, at, "count", "number: no place in a record") != 0)
		return -ENOMEM;
	if (freq == NULL && !there && name == NULL)
		return 0;
	if (!there)
		interval = 1;
	if (name == NULL && (freq == NULL || strcmp(json_string_value(freq), "WEEKLY") == 0))
		name = interval == 1 ? "weekly" : interval == 2 ? "biweekly" : NULL;
	else if (name == NULL && strcmp(json_string_value(freq), "MONTHLY") == 0)
		name = interval == 1 ? "monthly" : NULL;
	if (name != NULL)
		return json_object_set_new(out, "frequency", json_string(name)) == 0 ? 0 : -ENOMEM;
	(void)snprintf(text, sizeof(text), "%s, interval %.17g", freq != NULL ? json_string_value(freq) : "WEEKLY", interval);
	return add_note(note, text) ? 0 : walk_lost(h, at, "freq", "string: no room in the note");
}

/* What the fields cannot say, the narrowing rules first. */
static int
notes(struct hsds *h, const struct at *at, char *note)
{
	static const struct { const char *key; bool rule; } parts[] = {
		{ "byweekno", true }, { "bymonthday", true }, { "byyearday", true },
		{ "description", false }, { "notes", false }, { "attending_type", false },
	};

	for (size_t i = 0; i < nelem(parts); i++) {
		autojson json_t *v = NULL;
		autofree char *line = NULL;
		int r = walk_text(h, at, parts[i].key, NOTE, &v);

		if (r != 0)
			return r;
		if (v == NULL)
			continue;
		if (asprintf(&line, "%s%s%s", parts[i].rule ? parts[i].key : "", parts[i].rule ? " " : "", json_string_value(v)) < 0) {
			line = NULL;
			return -ENOMEM;
		}
		if (!add_note(note, line) && walk_lost(h, at, parts[i].key, "string: no room in the note") != 0)
			return -ENOMEM;
	}
	return 0;
}

static int
zone_of(struct hsds *h, const struct at *at, json_t *out, char zone[16])
{
	char found[16] = "";
	double offset;
	bool there;
	int r = walk_number(h, at, "timezone", &there, &offset);

	if (r != 0)
		return r;
	if (there && offset == trunc(offset) && offset >= ZONE_WEST && offset <= ZONE_EAST)
		(void)snprintf(found, sizeof(found), offset == 0 ? "Etc/UTC" : "Etc/GMT%+d", -(int)offset);
	else if (there && r == 0)
		r = walk_lost(h, at, "timezone", "number: a zone of that offset has no name");
	if (r == 0)
		r = take_zone(h, at, "timezone", found, zone);
	if (r == 0 && zone[0] != '\0' && json_object_set_new(out, "timezone", json_string(zone)) != 0)
		r = -ENOMEM;
	return r;
}

static int
schedule(struct hsds *h, const struct at *at, json_t *body)
{
	static const char * const known[] = {
		"byday", "opens_at", "closes_at", "timezone", "freq", "interval", "count", "valid_from", "valid_to", "dtstart",
		"until",
		"byweekno", "bymonthday", "byyearday", "description", "notes", "attending_type", NULL
	};
	autojson json_t *out = json_object();
	char note[NOTE + 1] = "", zone[16] = "";
	int r = out != NULL ? days(h, at, out, note) : -ENOMEM;

	if (r == 0 && json_object_size(out) == 0)
		return walk_lost(h, at, NULL, "schedule without byday");
	if (r == 0)
		r = clock_time(h, at, "opens_at", "opens", out, zone);
	if (r == 0)
		r = clock_time(h, at, "closes_at", "closes", out, zone);
	if (r == 0)
		r = zone_of(h, at, out, zone);
	if (r == 0)
		r = frequency(h, at, out, note);
	if (r == 0)
		r = date(h, at, "valid_from", "from", out);
	if (r == 0)
		r = date(h, at, "dtstart", "from", out);
	if (r == 0)
		r = date(h, at, "valid_to", "until", out);
	if (r == 0)
		r = date(h, at, "until", "until", out);
	if (r == 0)
		r = notes(h, at, note);
	if (r == 0 && note[0] != '\0' && json_object_set_new(out, "note", json_string(note)) != 0)
		r = -ENOMEM;
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
