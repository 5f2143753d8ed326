/* SPDX-License-Identifier: Apache-2.0 */
#include "fields.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdbool.h>
#include <string.h>
#include <strings.h>

#include "base/canon.h"
#include "asked.h"
#include "crisis.h"
#include "search.h"
#include "when.h"

#define ANYONE	"anyone"	/* Of common.json#/$defs/audience. */

/*
 * Beginnings of words that would tell a neighbour why somebody is in a room.
 * English only, and no list is complete: the schema asks for a neutral name.
 */
static const char *const telling[] = {
	"abstin", "addict", "aids", "alcohol", "anorex", "anxi", "autis", "bereave", "bipolar", "bulimi",
	"cancer", "cocaine", "depress", "detox", "diabet", "disorder", "drink", "drug", "eating", "gambl",
	"grief", "griev", "heroin", "hiv", "illness", "mental", "meth", "narcotic", "opioid", "overdos",
	"panic", "prison", "psycho", "ptsd", "reentry", "relaps", "schizo", "self-harm", "sober", "sobri",
	"stimulant", "stroke", "substance", "suicid", "trauma",
};

static bool
in_word(char c)
{
	unsigned char u = (unsigned char)c;

	return u >= 0x80 || isalnum(u);
}

static const char *
tells(const char *name)
{
	bool start = true;

	for (const char *p = name; *p != '\0'; p++) {
		for (size_t i = 0; start && i < nelem(telling); i++)
			if (strncasecmp(p, telling[i], strlen(telling[i])) == 0)
				return telling[i];
		start = !in_word(*p);
	}
	return NULL;
}

/* The rows of free places: a list in programs and groups, one in specialists. */
static const json_t *
capacity(const json_t *body, size_t i)
{
	const json_t *one = json_obj(body, "capacity");

	return one != NULL ? (i == 0 ? one : NULL) : json_array_get(json_arr(body, "capacities"), i);
}

static bool
same_text(const char *a, const char *b, const char *absent)
{
	return strcmp(a != NULL ? a : absent, b != NULL ? b : absent) == 0;
}

/* For whom the row is. */
static const char *
audience_of(const json_t *row)
{
	const char *whom = json_str(row, "audience");

	return whom != NULL ? whom : ANYONE;
}

static int
check_capacity(const json_t *body, int64_t now, struct err *reterr)
{
	const json_t *row, *other;

	for (size_t i = 0; (row = capacity(body, i)) != NULL; i++) {
		long long maximum = json_int(row, "maximum", INT_MAX);

		if (json_int(row, "open", 0) > maximum)
			return err_set(reterr, E_BAD, "free places: %lld are open of %lld; correct one of the two",
			    json_int(row, "open", 0), maximum);
		if (json_int(row, "updated_at", 0) > now + WHEN_SKEW ||
		    json_int(json_obj(row, "waitlist"), "updated_at", 0) > now + WHEN_SKEW)
			return err_set(reterr, E_BAD, "free places: updated_at is later than now; write when they were counted");
		for (size_t k = 0; k < i; k++) {
			other = capacity(body, k);
			if (same_text(json_str(row, "unit"), json_str(other, "unit"), "people") &&
			    strcmp(audience_of(row), audience_of(other)) == 0)
				return err_set(reterr, E_BAD, "free places: two rows are about %s for %s; make them one",
				    json_str(row, "unit") != NULL ? json_str(row, "unit") : "people",
				    audience_of(row));
		}
	}
	return 0;
}

static int
check_channels(const char *kind, const json_t *body, struct err *reterr)
{
	const json_t *list = json_arr(body, "alternatives"), *ways = json_arr(body, "modalities");
	const char *only = json_str(body, "modality");
	size_t i;
	json_t *item;

	if (strcmp(kind, "program") != 0 && strcmp(kind, "group") != 0)
		return 0;
	if (only == NULL && json_array_size(ways) == 1)
		only = json_string_value(json_array_get(ways, 0));
	json_array_foreach(list, i, item)
		if (only != NULL && json_str(item, "record") == NULL && strcmp(json_str(item, "modality"), only) == 0)
			return err_set(reterr, E_BAD, "alternatives: %s is how people take part already; name another way", only);
	if (only == NULL || list != NULL || json_str(body, "no_alternative") != NULL || json_obj(body, "source") != NULL)
		return 0;
	return err_set(reterr, E_BAD, "%s is the only way to take part; name another in alternatives, or say in "
	    "no_alternative why there is none", only);
}

static int
check_review(const json_t *body, const char *today, struct err *reterr)
{
	const json_t *review = json_obj(body, "review");
	const char *day = json_str(review, "day"), *due = json_str(review, "due"), *told = json_str(body, "told_on");

	if (day != NULL && strcmp(day, today) > 0)
		return err_set(reterr, E_BAD, "review: %s is later than today; write when it was looked at", day);
	if (day != NULL && strcmp(due, day) <= 0)
		return err_set(reterr, E_BAD, "review: it is due on %s, not after it was done; write a later day", due);
	if (told != NULL && strcmp(told, today) > 0)
		return err_set(reterr, E_BAD, "told_on: %s is later than today; write when it was told", told);
	return 0;
}

static int
check_line(const json_t *body, struct err *reterr)
{
	size_t i;
	json_t *way;

	json_array_foreach(json_arr(body, "ways"), i, way)
		if (json_is_true(json_object_get(way, "always")) && json_arr(way, "schedules") != NULL)
			return err_set(reterr, E_BAD, "ways[%zu]: it answers day and night and has hours too; leave one out", i);
	return 0;
}

/* The first of ${list} that is, or is not, one of minors; of audiences that are neither nothing is said. */
static const char *
one_of_age(const json_t *list, bool minors)
{
	static const char *const ages[2][3] = { { "adults", "older_adults", NULL }, { "youth", NULL } };
	json_t *item;
	size_t i;

	json_array_foreach(list, i, item) {
		const char *text = json_is_string(item) ? json_string_value(item) : "";
		bool digits = strcmp(text, "under_13") == 0 || (*text >= '0' && *text <= '9');

		if (digits && asked_minor(text) == minors)
			return text;
		for (size_t k = 0; ages[minors][k] != NULL; k++)
			if (strcmp(ages[minors][k], text) == 0)
				return text;
	}
	return NULL;
}

bool
fields_mixes(const char *kind, const json_t *body, const char **ret_where, const char **ret_minors, const char **ret_adults)
{
	*ret_where = json_array_size(json_arr(body, "age_bands")) > 0 ? "age_bands" : "audiences";
	*ret_minors = one_of_age(json_arr(body, *ret_where), true);
	*ret_adults = one_of_age(json_arr(body, *ret_where), false);
	return strcmp(kind, "group") == 0 && *ret_minors != NULL && *ret_adults != NULL;
}

static int
check_ages(const char *kind, const json_t *body, struct err *reterr)
{
	const char *where, *minors, *adults;

	if (!fields_mixes(kind, body, &where, &minors, &adults))
		return 0;
	return err_set(reterr, E_BAD, "%s: %s and %s would meet in one room; adults and minors are apart: make two groups of it", where, minors, adults);
}

int
fields_check(const char *kind, const json_t *body, int64_t now, struct err *reterr)
{
	long long least = json_int(body, "minimum_age", 0), most = json_int(body, "maximum_age", 1000);
	const char *name = json_str(body, "neutral_name"), *word;
	char today[WHEN_TEXT];
	int r;

	if (least > most)
		return err_set(reterr, E_BAD, "minimum_age %lld is above maximum_age %lld; correct one of the two", least, most);
	if (name == NULL)
		name = json_str(body, "name");
	if (strcmp(kind, "group") == 0 && (word = tells(name)) != NULL)
		return err_set(reterr, E_BAD, "the room would be called \"%s\", and \"%s...\" tells servers and neighbours "
		    "what it is about; give a neutral_name without it", name, word);
	if ((r = check_ages(kind, body, reterr)) != 0 || (r = check_capacity(body, now, reterr)) != 0 || (r = check_channels(kind, body, reterr)) != 0 ||
	    (r = check_review(body, when_print_day(now, today), reterr)) != 0 || (r = crisis_check(kind, body, now, reterr)) != 0)
		return r;
	return check_line(body, reterr);
}

enum fields_reader
fields_reader(const char *kind, const json_t *body)
{
	bool story = strcmp(kind, "story") == 0;
	const char *wish = json_str(body, story ? "shared_with" : "readers");

	if ((!story && strcmp(kind, "statement") != 0) || json_is_true(json_object_get(body, "withdrawn")))
		return FIELDS_ANYONE;
	if (wish == NULL || (strcmp(wish, "members") != 0 && strcmp(wish, "anyone") != 0))
		return FIELDS_STAFF;
	return strcmp(wish, "members") == 0 ? FIELDS_MEMBERS : FIELDS_ANYONE;
}

/* What is for one of these is not for the other; who is meant by any other two may be the same people. */
static bool
is_for(const char *whom, const char *audience)
{
	static const char *const apart[][2] = { { "men", "women" }, { "youth", "adults" }, { "youth", "older_adults" }, { "young_adults", "older_adults" } };

	for (size_t i = 0; audience != NULL && i < nelem(apart); i++)
		for (int k = 0; k < 2; k++)
			if (strcmp(whom, apart[i][k]) == 0 && strcmp(audience, apart[i][!k]) == 0)
				return false;
	return true;
}

int
fields_open(const json_t *body, const char *audience)
{
	const json_t *row;
	long long sum = -1;

	for (size_t i = 0; (row = capacity(body, i)) != NULL; i++)
		sum = (sum < 0 ? 0 : sum) + (is_for(audience_of(row), audience) ? json_int(row, "open", 0) : 0);
	return sum > INT_MAX ? INT_MAX : (int)sum;
}

int
fields_places(const json_t *body, const char *audience, struct buf *out)
{
	const json_t *row;
	size_t from = out->len;
	int r = 0;

	for (size_t i = 0; r == 0 && (row = capacity(body, i)) != NULL; i++) {
		const char *whom = audience_of(row), *unit = json_str(row, "unit");

		if (!is_for(whom, audience))
			continue;
		r = buf_printf(out, "%s%lld %s%s%s", out->len > from ? ", " : "", json_int(row, "open", 0), unit == NULL || strcmp(unit, "people") == 0 ? "places" : unit,
		    strcmp(whom, ANYONE) != 0 ? " for " : "", strcmp(whom, ANYONE) != 0 ? whom : "");
	}
	for (size_t i = from; i < out->len; i++)
		out->data[i] = (char)(out->data[i] == '_' ? ' ' : out->data[i]);
	return r;
}

int64_t
fields_open_at(const json_t *body)
{
	const json_t *row;
	int64_t oldest = INT64_MAX;

	for (size_t i = 0; (row = capacity(body, i)) != NULL; i++) {
		int64_t said = json_int(row, "updated_at", 0), waits = json_int(json_obj(row, "waitlist"), "updated_at", said);

		said = waits < said ? waits : said;
		oldest = said < oldest ? said : oldest;
	}
	return oldest != INT64_MAX ? oldest : 0;
}

/* The last day on which whoever it is from changed or checked it. */
static int
source_aged(const json_t *source, int64_t now, struct err *reterr)
{
	const char *updated = json_str(source, "updated"), *assured = json_str(source, "assured");
	const char *last = updated == NULL || (assured != NULL && strcmp(assured, updated) > 0) ? assured : updated;
	char limit[WHEN_TEXT];

	if (last == NULL || now < FIELDS_SOURCE_FRESH || strcmp(last, when_print_day(now - FIELDS_SOURCE_FRESH, limit)) >= 0)
		return 0;
	return err_set(reterr, E_LATER, "whoever it comes from last changed or checked it on %s; ask before you rely on it", last);
}

int
fields_aged(const char *kind, const json_t *body, int64_t now, struct err *reterr)
{
	const char *due = json_str(json_obj(body, "review"), "due");
	int64_t said = fields_open_at(body);
	char day[WHEN_TEXT];

	if (due != NULL && strcmp(due, when_print_day(now, day)) < 0)
		return err_set(reterr, E_LATER, strcmp(kind, "crisis_line") == 0 ?
		    "nobody has tried it since its review was due on %s; have a second number ready" :
		    "its review was due on %s and has not come; look it up elsewhere before you rely on it", due);
	if (said == 0 || now - said <= FIELDS_CAPACITY_FRESH)
		return source_aged(json_obj(body, "source"), now, reterr);
	return err_set(reterr, E_LATER, "free places and who waits were said on %s, %" PRId64 " days ago; ask before you rely on it",
	    when_print_day(said, day), (int64_t)((now - said) / WHEN_DAY));
}

/* What says where a place is. */
static const char *const secret[] = { "address", "postal_code", "latitude_e6", "longitude_e6" };

/* A place with its address taken away. */
static int
hide(json_t *place)
{
	for (size_t i = 0; i < nelem(secret); i++)
		(void)json_object_del(place, secret[i]);
	return json_object_set_new(place, "visibility", json_string("redacted")) != 0 ? -ENOMEM : 0;
}

/* What says neither name nor town may be any place.  Hidden beats visible: another spelling (search_same) is the same. */
static bool
same_place(const json_t *hidden, const json_t *place)
{
	const char *name = json_str(hidden, "name"), *town = json_str(hidden, "locality");
	const char *other = json_str(place, "name");

	if (name != NULL && other != NULL)
		return search_same(name, other);
	other = json_str(place, "locality");
	return town == NULL || other == NULL || search_same(town, other);
}

static bool
is_hidden(const json_t *place)
{
	const char *visibility = json_str(place, "visibility");

	return visibility != NULL && strcmp(visibility, "redacted") == 0;
}

/* The places of a body: a list in programs, one in groups. */
static json_t *
place_at(const json_t *body, size_t i)
{
	json_t *one = json_obj(body, "location");

	return one != NULL ? (i == 0 ? one : NULL) : json_array_get(json_arr(body, "locations"), i);
}

bool
fields_place(const json_t *body)
{
	return place_at(body, 0) != NULL;
}

/* Does a place of ${body}, which is to be all redacted or all public, pass ${test} against ${place}? */
static bool
any_place(const json_t *body, bool hidden, bool (*test)(const json_t *, const json_t *), const json_t *place)
{
	const json_t *one;

	for (size_t i = 0; (one = place_at(body, i)) != NULL; i++)
		if (is_hidden(one) == hidden && test(one, place))
			return true;
	return false;
}

/* Where ${place} is, is what ${shown} said in public already. */
static bool
is_shown(const json_t *shown, const json_t *place)
{
	for (size_t i = 0; i < nelem(secret); i++) {
		const json_t *one = json_object_get(shown, secret[i]), *other = json_object_get(place, secret[i]);

		if (other != NULL && !json_equal(one, other) && (!json_is_string(one) || !json_is_string(other) ||
		    strcasecmp(json_string_value(one), json_string_value(other)) != 0))
			return false;
	}
	return true;
}

static bool
is_any(const json_t *one, const json_t *other)
{
	(void)one, (void)other;
	return true;
}

/* Hides what is the same as a redacted place of ${by}; ${strict}: and whatever may be one of them under another name. */
static int
hide_by(const json_t *by, json_t *body, bool strict, unsigned *ret_n)
{
	json_t *place;
	unsigned n = 0;

	for (size_t k = 0; any_place(by, true, is_any, NULL) && (place = place_at(body, k)) != NULL; k++) {
		bool known = any_place(by, true, same_place, place);

		if (is_hidden(place) || (!known && (!strict || is_shown(NULL, place) || any_place(by, false, is_shown, place))))
			continue;
		if (hide(place) != 0)
			return -ENOMEM;
		n++;
	}
	*ret_n = n;
	return 0;
}

int
fields_hide(const json_t *by, json_t *body, unsigned *ret_n)
{
	return hide_by(by, body, true, ret_n);
}

int
fields_hidden(const json_t *body, const json_t *was, json_t *list)
{
	autojson json_t *now = was != NULL ? json_deep_copy(was) : NULL;
	json_t *place;
	unsigned n;

	if (was != NULL && (now == NULL || hide_by(body, now, false, &n) != 0))
		return -ENOMEM;
	for (size_t i = 0; (place = place_at(body, i)) != NULL; i++)
		if (is_hidden(place) && json_array_append(list, place) != 0)
			return -ENOMEM;
	for (size_t i = 0; now != NULL && (place = place_at(was, i)) != NULL; i++)
		if (!is_hidden(place) && is_hidden(place_at(now, i)) && json_array_append(list, place) != 0)
			return -ENOMEM;
	return 0;
}

/* Texts that both have: 1 the same words, -1 not; 0: one is missing. */
static int
agree(const json_t *a, const json_t *b, const char *key)
{
	const char *one = json_str(a, key), *other = json_str(b, key);

	return one == NULL || other == NULL ? 0 : search_same(one, other) ? 1 : -1;
}

static bool
is_one(const json_t *hidden, const json_t *place)
{
	const json_t *lat = json_object_get(hidden, "latitude_e6"), *lon = json_object_get(hidden, "longitude_e6");

	if (lat != NULL && lon != NULL && json_equal(lat, json_object_get(place, "latitude_e6")) &&
	    json_equal(lon, json_object_get(place, "longitude_e6")))
		return true;
	return agree(hidden, place, "locality") >= 0 && (agree(hidden, place, "name") > 0 || agree(hidden, place, "address") > 0);
}

int
fields_hide_any(const json_t *list, json_t *body, unsigned *ret_n)
{
	json_t *place, *hidden;
	unsigned n = 0;
	size_t i;

	for (size_t k = 0; (place = place_at(body, k)) != NULL; k++)
		json_array_foreach(list, i, hidden) {
			if (is_hidden(place) || !is_one(hidden, place))
				continue;
			if (hide(place) != 0)
				return -ENOMEM;
			n++;
		}
	*ret_n = n;
	return 0;
}
