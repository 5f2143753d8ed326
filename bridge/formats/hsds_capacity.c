/* SPDX-License-Identifier: Apache-2.0 */
/* hsds_part.h, hsds_write.h: free places, HSDS 3.1. */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "base/canon.h"
#include "base/event.h"
#include "base/grammar.h"
#include "events.h"
#include "hsds_part.h"
#include "hsds_write.h"

enum { MOST = 100000, ROWS = 16, MOMENT = 40, SECONDS = 19, MILLIS = 4 };

/* What a record counts in: its own word, or the same in the singular. */
static const char *
unit_of(const char *name)
{
	static const struct { const char *said, *ours; } units[] = {
		{ "people", "people" }, { "person", "people" }, { "seats", "seats" }, { "seat", "seats" }, { "beds", "beds" },
		{ "bed", "beds" }, { "sessions", "sessions" }, { "session", "sessions" }, { "families", "families" }, { "family", "families" },
	};

	for (size_t i = 0; name != NULL && i < nelem(units); i++) {
		if (strcasecmp(name, units[i].said) == 0)
			return units[i].ours;
	}
	return NULL;
}

/* "2024-09-25T14:23:06.5+01:00" in milliseconds since 1970. */
static bool
moment(const char *text, json_int_t *ret)
{
	char utc[MOMENT];
	size_t n = strlen(text), digits;
	int hours = 0, minutes = 0, end = 0;
	int64_t ms;

	if (n <= SECONDS || n >= sizeof(utc))
		return false;
	digits = text[SECONDS] == '.' ? 1 + strspn(text + SECONDS + 1, "0123456789") : 0;
	if (strcmp(text + SECONDS + digits, "Z") != 0) {
		const char *zone = text + SECONDS + digits;

		if ((*zone != '+' && *zone != '-') || sscanf(zone + 1, "%2d:%2d%n", &hours, &minutes, &end) != 2 || zone[1 + end] != '\0' ||
		    hours > 14 || minutes > 59)
			return false;
		hours = *zone == '-' ? -hours : hours;
		minutes = *zone == '-' ? -minutes : minutes;
	}
	(void)snprintf(utc, sizeof(utc), "%.*sZ", SECONDS + (int)(digits > MILLIS ? MILLIS : digits), text);
	if (!grammar_ok(GRAMMAR_DATE_TIME_UTC, utc) || !grammar_time_ms(utc, &ms))
		return false;
	*ret = ms - (hours * 60LL + minutes) * 60000;
	return *ret >= 0;
}

static void
print_moment(json_int_t ms, char ret[MOMENT])
{
	time_t seconds = (time_t)(ms / 1000);
	struct tm tm;

	if (gmtime_r(&seconds, &tm) == NULL || tm.tm_year > 9999 - 1900)
		(void)snprintf(ret, MOMENT, "1970-01-01T00:00:00.000Z");
	else {
		size_t n = strftime(ret, MOMENT, "%Y-%m-%dT%H:%M:%S", &tm);

		(void)snprintf(ret + n, MOMENT - n, ".%03dZ", (int)(ms % 1000));
	}
}

/* A whole number of ${low} to MOST; -1: none, or listed. */
static int
count(struct hsds *h, const struct at *at, const char *key, int low, json_int_t *ret)
{
	bool there;
	double n;
	int r = walk_number(h, at, key, &there, &n);

	*ret = -1;
	if (r != 0 || !there)
		return r;
	if (!(n >= low && n <= MOST && n == trunc(n)))
		return walk_lost(h, at, key, "number: not a whole number from %d to %d", low, MOST);
	*ret = (json_int_t)n;
	return 0;
}

/* The unit; ${ret} NULL: it has none.  E_NOTFOUND: one that records do not have. */
static int
unit(struct hsds *h, const struct at *at, const char **ret)
{
	static const char * const known[] = { "name", NULL };
	struct at here = { .up = at, .key = "unit" };
	autojson json_t *name = NULL;
	json_t *inside;
	int r = walk_object(h, at, "unit", &inside);

	*ret = NULL;
	if (r != 0 || inside == NULL)
		return r;
	here.object = inside;
	r = walk_code(h, &here, "name", &name);
	if (r != 0)
		return r;
	*ret = unit_of(json_string_value(name));
	if (*ret == NULL)
		return E_NOTFOUND;
	if (strcmp(*ret, json_string_value(name)) != 0)
		r = walk_lost(h, &here, "name", "string: kept as %s", *ret);
	return r == 0 ? walk_rest(h, &here, known) : r;
}

/* One row for each unit: what is counted for whom is words in HSDS. */
static bool
has_unit(const json_t *body, const char *name)
{
	json_t *row;
	size_t i;

	json_array_foreach(json_object_get(body, "capacities"), i, row) {
		const char *other = json_str(row, "unit");

		if (strcmp(other != NULL ? other : "people", name != NULL ? name : "people") == 0)
			return true;
	}
	return false;
}

static int
capacity(struct hsds *h, const struct at *at, json_t *body)
{
	static const char * const known[] = { "available", "maximum", "updated", "unit", NULL };
	autojson json_t *updated = NULL;
	json_int_t open, most, said = 0;
	const char *name;
	char text[MOMENT];
	int r = unit(h, at, &name);

	if (r == E_NOTFOUND)
		return walk_lost(h, at, NULL, "object: a unit that records do not have");
	if (r == 0)
		r = count(h, at, "available", 0, &open);
	if (r == 0)
		r = count(h, at, "maximum", 1, &most);
	if (r == 0)
		r = walk_code(h, at, "updated", &updated);
	if (r != 0)
		return r;
	if (open < 0 || updated == NULL || !moment(json_string_value(updated), &said))
		return walk_lost(h, at, NULL, "object: free places need a number and a moment at which it was right");
	if (most >= 0 && open > most)
		return walk_lost(h, at, NULL, "object: more places are free than there are");
	if (has_unit(body, name))
		return walk_lost(h, at, NULL, "object: there is a row of this unit already");
	print_moment(said, text);
	if (strcmp(text, json_string_value(updated)) != 0)
		r = walk_lost(h, at, "updated", "string: kept as the same moment, %s", text);
	if (r == 0)
		r = walk_put(h, at, NULL, body, "capacities", json_pack("{s:s*, s:I, s:I, s:o*}", "unit", name, "open", open, "updated_at", said,
		    "maximum", most >= 0 ? json_integer(most) : NULL), ROWS);
	return r == 0 ? walk_rest(h, at, known) : r;
}

int
part_capacities(struct hsds *h, const struct at *at, json_t *body)
{
	json_t *list = NULL, *item;
	size_t i;
	int r = walk_objects(h, at, "capacities", &list);

	json_array_foreach(list, i, item) {
		const struct at in = { .up = at, .key = "capacities" }, here = { .up = &in, .index = i, .object = item };

		if (r == 0)
			r = capacity(h, &here, body);
	}
	return r;
}

int
write_capacities(struct writer *w, const json_t *body, json_t *out)
{
	json_t *row;
	size_t i;

	json_array_foreach(json_object_get(body, "capacities"), i, row) {
		autojson json_t *item = write_item(w), *counted = write_item(w);
		const json_t *most = json_object_get(row, "maximum");
		char text[MOMENT];

		print_moment(json_int(row, "updated_at", 0), text);
		if (item == NULL || json_object_set_new(counted, "name", json_string(json_str(row, "unit") != NULL ? json_str(row, "unit") :
		    "people")) != 0 || (json_str(row, "unit") != NULL && json_object_set(item, "unit", counted) != 0) ||
		    json_object_set(item, "available", json_object_get(row, "open")) != 0 ||
		    (most != NULL && json_object_set_new(item, "maximum", json_integer(json_integer_value(most))) != 0) ||
		    json_object_set_new(item, "updated", json_string(text)) != 0 ||
		    write_append(out, "capacities", json_incref(item)) != 0)
			return -ENOMEM;
	}
	return 0;
}
