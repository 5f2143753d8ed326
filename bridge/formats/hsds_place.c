/* SPDX-License-Identifier: Apache-2.0 */
/* hsds_part.h: where a service is and what it costs. */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/buf.h"
#include "base/canon.h"
#include "base/event.h"
#include "base/grammar.h"
#include "events.h"
#include "hsds_part.h"

enum { LOCATIONS = 32, NAME = 200, ADDRESS = 300, LOCALITY = 100, POSTAL = 20, AREA = 500, COST_NOTE = 500,
	ACCESSIBILITY = 12, MODALITIES = 7 };

/* Appends a line if all of it fits. */
static bool
add_line(struct buf *b, const char *text, const char *between, size_t max)
{
	if (b->len + strlen(between) + strlen(text) > max)
		return false;
	return (b->len == 0 || buf_puts(b, between) == 0) && buf_puts(b, text) == 0;
}

/* Keys of ${at} joined by ${between} as one string, or NULL. */
static int
joined(struct hsds *h, const struct at *at, const char * const keys[], size_t n, const char *between, size_t max,
    json_t **ret)
{
	autobuf struct buf b = { 0 };

	for (size_t i = 0; i < n; i++) {
		autojson json_t *v = NULL;
		int r = walk_text(h, at, keys[i], max, &v);

		if (r == 0 && v != NULL && !add_line(&b, json_string_value(v), between, max))
			r = walk_lost(h, at, keys[i], "string: no room beside the rest");
		if (r != 0)
			return r;
	}
	*ret = b.len > 0 ? json_stringn(b.data, b.len) : NULL;
	return b.len > 0 && *ret == NULL ? -ENOMEM : 0;
}

static int
set_joined(struct hsds *h, const struct at *at, const char * const keys[], size_t n, const char *between, size_t max,
    json_t *into, const char *to)
{
	autojson json_t *v = NULL;
	int r = joined(h, at, keys, n, between, max, &v);

	return r == 0 ? walk_set(into, to, v) : r;
}

static const char * const street[] = { "address_1", "address_2" };

/* An address as the place itself. */
static int
place(struct hsds *h, const struct at *at, json_t *out)
{
	static const char * const known[] = {
		"address_1", "address_2", "city", "region", "state_province", "postal_code", "country", "address_type", NULL
	};
	/* HSDS knows two levels of region where a record has one; the state is the one people search by. */
	static const char * const states[] = { "state_province" }, * const regions[] = { "region" };
	static const char * const cities[] = { "city" }, * const codes[] = { "postal_code" };
	bool state = !walk_absent(json_object_get(at->object, "state_province"));
	autojson json_t *country = NULL;
	const char *type = json_str(at->object, "address_type");
	int r = set_joined(h, at, street, nelem(street), "\n", ADDRESS, out, "address");

	if (r == 0)
		r = set_joined(h, at, cities, 1, "", LOCALITY, out, "locality");
	if (r == 0)
		r = set_joined(h, at, state ? states : regions, 1, "", LOCALITY, out, "region");
	if (r == 0 && state && !walk_absent(json_object_get(at->object, "region")))
		r = walk_lost(h, at, "region", "string: no place beside state_province");
	if (r == 0)
		r = set_joined(h, at, codes, 1, "", POSTAL, out, "postal_code");
	if (r == 0)
		r = walk_code(h, at, "country", &country);
	if (r == 0 && country != NULL && !grammar_ok(GRAMMAR_ISO_3166, json_string_value(country)))
		r = walk_lost(h, at, "country", "string: not a country code of ISO 3166");
	else if (r == 0)
		r = walk_set(out, "country", country);
	if (r == 0 && type != NULL && strcmp(type, "physical") != 0)
		r = walk_lost(h, at, "address_type", "string: kept as the place itself");
	return r == 0 ? walk_rest(h, at, known) : r;
}

/* Of several addresses the first that is no letter box is the place; the others are listed. */
static int
addresses(struct hsds *h, const struct at *at, json_t *out)
{
	json_t *list = NULL, *item;
	size_t i, chosen = 0;
	int r = walk_objects(h, at, "addresses", &list);

	if (r != 0)
		return r;
	json_array_foreach(list, i, item) {
		const char *type = json_str(item, "address_type");

		if (type == NULL || strcmp(type, "physical") == 0) {
			chosen = i;
			break;
		}
	}
	json_array_foreach(list, i, item) {
		const struct at in = { .up = at, .key = "addresses" }, here = { .up = &in, .index = i, .object = item };

		if (i == chosen && !json_is_string(json_object_get(item, "address_type")) &&
		    !walk_absent(json_object_get(item, "address_type")))
			return walk_bad(h, &here, "address_type", "%s where a string must be",
			    walk_kind(json_object_get(item, "address_type")));
		r = i == chosen ? place(h, &here, out) : walk_lost(h, &here, NULL, "object: a place has one address");
		if (r != 0)
			return r;
	}
	return 0;
}

static int
degrees(struct hsds *h, const struct at *at, const char *key, double limit, const char *to, json_t *out)
{
	bool there;
	double d;
	int r = walk_number(h, at, key, &there, &d);

	if (r != 0 || !there)
		return r;
	if (!(d >= -limit && d <= limit))
		return walk_lost(h, at, key, "number: outside -%g to %g", limit, limit);
	if (fabs(d * 1e6 - round(d * 1e6)) > 1e-3 && walk_lost(h, at, key, "number: kept to six decimals") != 0)
		return -ENOMEM;
	return json_object_set_new(out, to, json_integer((json_int_t)llround(d * 1e6))) == 0 ? 0 : -ENOMEM;
}

/* Half a position is none. */
static int
half_position(struct hsds *h, const struct at *at, const char *missing, const char *have, const char *key, json_t *out)
{
	if (json_object_get(out, missing) != NULL || json_object_get(out, have) == NULL)
		return 0;
	(void)json_object_del(out, have);
	return walk_lost(h, at, key, "number: half a position is none");
}

/* Descriptions are free text in HSDS; only those that are a code, ours or that of older exports, are understood. */
static int
accessibility(struct hsds *h, const struct at *at, json_t *out)
{
	static const struct { const char *code, *ours; } codes[] = {
		{ "elevator", "step_free" }, { "ramp", "step_free" }, { "deaf_interpreter", "sign_language" },
	};
	static const char * const known[] = { "description", NULL };
	json_t *list = NULL, *item;
	size_t i;
	int r = walk_objects(h, at, "accessibility", &list);

	json_array_foreach(list, i, item) {
		const struct at in = { .up = at, .key = "accessibility" },
		    here = { .up = &in, .index = i, .object = item };
		autojson json_t *v = NULL;
		const char *ours;
		bool translated = false;

		r = walk_text(h, &here, "description", ADDRESS, &v);
		if (r != 0)
			return r;
		ours = json_string_value(v);
		for (size_t k = 0; ours != NULL && k < nelem(codes); k++) {
			if (strcasecmp(ours, codes[k].code) == 0)
				ours = codes[k].ours, translated = true;
		}
		if (translated)
			r = walk_lost(h, &here, "description", "string: kept as %s", ours);
		if (r == 0 && ours != NULL && event_enum_value(&ev_accessibility_names, ours) != 0)
			r = walk_put(h, &here, NULL, out, "accessibility", json_string(ours), ACCESSIBILITY);
		else if (r == 0 && ours != NULL)
			r = walk_lost(h, &here, "description", "string: free text, not a code of ours");
		if (r == 0)
			r = walk_rest(h, &here, known);
		if (r != 0)
			return r;
	}
	return r;
}

/* Languages of a place that the service speaks anyway are placed; others say nothing about the service. */
static int
place_languages(struct hsds *h, const struct at *at, const json_t *body)
{
	json_t *list = NULL, *item, *spoken;
	size_t i, k;
	int r = walk_objects(h, at, "languages", &list);

	if (r != 0)
		return r;
	json_array_foreach(list, i, item) {
		const struct at in = { .up = at, .key = "languages" }, here = { .up = &in, .index = i, .object = item };
		static const char * const members[] = { "code", NULL };
		const char *code = json_str(item, "code");
		char ours[LANGUAGE_MAX];
		bool known = false;

		json_array_foreach(json_object_get(body, "languages"), k, spoken)
			known = known || (code != NULL && part_language(code, ours) && strcmp(json_string_value(spoken), ours) == 0);
		if (known ? walk_rest(h, &here, members) != 0 :
		    walk_lost(h, &here, NULL, "object: of the place, not of the service") != 0)
			return -ENOMEM;
	}
	return 0;
}

/* What a virtual or postal location has in common with a place, which has ${known} beside. */
static int
people_there(struct hsds *h, const struct at *at, const char * const known[], json_t *body)
{
	int r = part_reach(h, at, NULL, body);

	if (r == 0)
		r = part_web(h, at, "url", body);
	if (r == 0)
		r = part_schedules(h, at, body);
	if (r == 0)
		r = place_languages(h, at, body);
	return r == 0 ? walk_rest(h, at, known) : r;
}

/*
 * A location of a type that nobody may go to, such as the "redacted" of a branch of HSDS: its town is told, and neither where it is nor how
 * it is reached, which may lead there.  That it is confidential is kept: a file that shows the address later does not bring it out.
 */
static int
confidential(struct hsds *h, const struct at *at, json_t *out)
{
	static const char * const secret[] = { "address", "postal_code", "latitude_e6", "longitude_e6" };
	static const char * const reach[] = { "phones", "email", "contacts", "url" };
	int r = json_object_set_new(out, "visibility", json_string("redacted")) == 0 ?
	    walk_lost(h, at, "location_type", "string: taken as a confidential place; nothing is told of it but name and town") : -ENOMEM;

	for (size_t i = 0; i < nelem(secret); i++)
		(void)json_object_del(out, secret[i]);
	for (size_t i = 0; i < nelem(reach) && r == 0; i++)
		if (!walk_absent(json_object_get(at->object, reach[i])))
			r = walk_lost(h, at, reach[i], "of a confidential place");
	return r;
}

int
part_location(struct hsds *h, const struct at *at, json_t *body)
{
	static const char * const names[] = { "name" };
	static const char * const of_place[] = {
		"location_type", "url", "name", "latitude", "longitude", "languages", "addresses", "contacts", "accessibility",
		"phones", "schedules", "email", NULL
	}, * const of_none[] = { "url", "languages", "contacts", "phones", "schedules", "email", NULL };
	autojson json_t *out = json_pack("{s:s}", "visibility", "public");
	autojson json_t *type = NULL;
	const char *kind;
	bool hidden;
	int r = out != NULL ? walk_code(h, at, "location_type", &type) : -ENOMEM;

	if (r != 0)
		return r;
	kind = type != NULL ? json_string_value(type) : "physical";
	/* No place to go to. */
	if (strcmp(kind, "virtual") == 0 || strcmp(kind, "postal") == 0)
		return people_there(h, at, of_none, body);
	hidden = strcmp(kind, "physical") != 0;
	r = set_joined(h, at, names, 1, "", NAME, out, "name");
	if (r == 0)
		r = addresses(h, at, out);
	if (r == 0)
		r = degrees(h, at, "latitude", 90, "latitude_e6", out);
	if (r == 0)
		r = degrees(h, at, "longitude", 180, "longitude_e6", out);
	if (r == 0)
		r = half_position(h, at, "latitude_e6", "longitude_e6", "longitude", out);
	if (r == 0)
		r = half_position(h, at, "longitude_e6", "latitude_e6", "latitude", out);
	if (r == 0)
		r = accessibility(h, at, out);
	if (r == 0 && hidden)
		r = confidential(h, at, out);
	if (r == 0)
		r = walk_put(h, at, NULL, body, "locations", json_incref(out), LOCATIONS);
	if (r == 0)
		r = walk_put(h, at, NULL, body, "modalities", json_string("in_person"), MODALITIES);
	if (r == 0 && hidden)
		r = part_schedules(h, at, body);
	if (r == 0 && hidden)
		r = place_languages(h, at, body);
	return r != 0 ? r : hidden ? walk_rest(h, at, of_place) : people_there(h, at, of_place, body);
}

int
part_areas(struct hsds *h, const struct at *at, json_t *body)
{
	static const char * const known[] = { "name", "description", NULL };
	static const char * const words[] = { "name", "description" };
	json_t *area = json_object_get(body, "service_area"), *list = NULL, *item;
	size_t i;
	int r = walk_objects(h, at, "service_areas", &list);

	json_array_foreach(list, i, item) {
		const struct at in = { .up = at, .key = "service_areas" },
		    here = { .up = &in, .index = i, .object = item };
		autobuf struct buf b = { 0 };
		autojson json_t *v = NULL;
		const char *old = json_str(area, "text");

		r = joined(h, &here, words, nelem(words), ": ", AREA, &v);
		if (r == 0)
			r = walk_rest(h, &here, known);
		if (r != 0)
			return r;
		if (v == NULL || (old != NULL && strstr(old, json_string_value(v)) != NULL))
			continue;
		if ((old != NULL && !add_line(&b, old, "", AREA)) || !add_line(&b, json_string_value(v), "\n", AREA)) {
			if (walk_lost(h, &here, NULL, "object: no room beside the other areas") != 0)
				return -ENOMEM;
			continue;
		}
		area = json_pack("{s:b, s:s}", "anywhere", 0, "text", b.data);
		if (json_object_set_new(body, "service_area", area) != 0)
			return -ENOMEM;
	}
	return r;
}

/* One cost option as a line: "Adults: 35 USD per session (from 2026-01-01 until 2026-12-31)"; "" if it says nothing. */
static int
cost_line(struct hsds *h, const struct at *at, bool there, double amount, struct buf *line)
{
	autojson json_t *option = NULL;
	autojson json_t *currency = NULL;
	autojson json_t *what = NULL;
	autojson json_t *from = NULL;
	autojson json_t *until = NULL;
	char number[40] = "";
	int r = walk_text(h, at, "option", COST_NOTE / 2, &option);

	if (r == 0)
		r = walk_code(h, at, "currency", &currency);
	if (r == 0)
		r = walk_text(h, at, "amount_description", COST_NOTE / 2, &what);
	if (r == 0)
		r = walk_code(h, at, "valid_from", &from);
	if (r == 0)
		r = walk_code(h, at, "valid_to", &until);
	if (there)
		(void)snprintf(number, sizeof(number), amount == trunc(amount) && fabs(amount) < 1e15 ? "%.0f" :
		    fabs(amount * 100 - round(amount * 100)) < 1e-6 && fabs(amount) < 1e12 ? "%.2f" : "%.17g", amount);
	else if (r == 0 && currency != NULL)
		r = walk_lost(h, at, "currency", "string: there is no amount");
#define S(v)	((v) != NULL ? json_string_value(v) : "")
	if (r == 0)
		r = buf_printf(line, "%s%s%s%s%s%s%s", S(option), option != NULL && (there || what != NULL) ? ": " : "", number,
		    there && currency != NULL ? " " : "", there ? S(currency) : "", there && what != NULL ? " " : "", S(what));
	if (r == 0 && line->len > 0 && (from != NULL || until != NULL))
		r = buf_printf(line, " (%s%s%s%s%s)", from != NULL ? "from " : "", S(from), from != NULL && until != NULL ? " " : "",
		    until != NULL ? "until " : "", S(until));
#undef S
	if (r == 0 && line->len == 0 && from != NULL)
		r = walk_lost(h, at, "valid_from", "string: there is no option or amount");
	if (r == 0 && line->len == 0 && until != NULL)
		r = walk_lost(h, at, "valid_to", "string: there is no option or amount");
	return r;
}

/* Options in words under the note; all of them nothing is free, any of them more is a fee. */
static int
cost_options(struct hsds *h, const struct at *at, struct buf *note, json_t *body)
{
	static const char * const known[] = {
		"option", "amount", "currency", "amount_description", "valid_from", "valid_to", NULL
	};
	bool all_free = true, any_fee = false;
	json_t *list = NULL, *item;
	size_t i;
	int r = walk_objects(h, at, "cost_options", &list);

	json_array_foreach(list, i, item) {
		const struct at in = { .up = at, .key = "cost_options" },
		    here = { .up = &in, .index = i, .object = item };
		autobuf struct buf line = { 0 };
		double amount = 0;
		bool there = false;

		r = walk_number(h, &here, "amount", &there, &amount);
		if (r == 0)
			r = cost_line(h, &here, there, amount, &line);
		if (r == 0 && line.len > 0 && !add_line(note, line.data, "\n", COST_NOTE))
			r = walk_lost(h, &here, NULL, "object: no room in the cost note");
		if (r == 0)
			r = walk_rest(h, &here, known);
		if (r != 0)
			return r;
		all_free = all_free && there && amount == 0;
		any_fee = any_fee || (there && amount > 0);
	}
	if (r != 0 || list == NULL || (!all_free && !any_fee))
		return r;
	return json_object_set_new(body, "cost", json_string(all_free ? "free" : "fee")) == 0 ? 0 : -ENOMEM;
}

int
part_costs(struct hsds *h, const struct at *at, json_t *body)
{
	autobuf struct buf note = { 0 };
	autojson json_t *fees = NULL;
	autojson json_t *old = NULL;
	int r = walk_text(h, at, "fees_description", COST_NOTE, &fees);

	if (r == 0)
		r = walk_text(h, at, "fees", COST_NOTE, &old);	/* Its name before 3.0. */
	if (r == 0 && fees != NULL)
		r = buf_puts(&note, json_string_value(fees));
	if (r == 0 && old != NULL && !json_equal(fees, old) && !add_line(&note, json_string_value(old), "\n", COST_NOTE))
		r = walk_lost(h, at, "fees", "string: no room in the cost note");
	if (r == 0)
		r = cost_options(h, at, &note, body);
	if (r == 0 && note.len > 0 && json_object_set_new(body, "cost_note", json_stringn(note.data, note.len)) != 0)
		r = -ENOMEM;
	return r;
}
