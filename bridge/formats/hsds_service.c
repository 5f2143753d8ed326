/* SPDX-License-Identifier: Apache-2.0 */
/* hsds_service.h: the parts of a service put together. */
#include <errno.h>
#include <math.h>
#include <string.h>

#include "base/canon.h"
#include "base/event.h"
#include "base/grammar.h"
#include "events.h"
#include "hsds_part.h"
#include "hsds_service.h"

enum { DESCRIPTION = 4000, ELIGIBILITY = 2000, LABEL = 100, LANGUAGES = 64, AGE_MAX = 120, DAY = 10 };

/* An age that is not whole is a rule, in thousandths of a year; ages of records are whole. */
static int
exact_age(json_t *body, const char *limit, long long thousandths)
{
	json_t *rules = json_object_get(body, "eligible_if");

	if (rules == NULL && json_object_set_new(body, "eligible_if", rules = json_pack("{s:[{s:[]}]}", "all", "all")) != 0)
		return -ENOMEM;
	return json_array_append_new(json_object_get(json_array_get(json_object_get(rules, "all"), 0), "all"),
	    json_pack("{s:s, s:I}", "kind", "age", limit, (json_int_t)thousandths)) == 0 ? 0 : -ENOMEM;
}

static int
age(struct hsds *h, const struct at *at, const char *key, bool least, json_t *body)
{
	bool there;
	double years;
	int r = walk_number(h, at, key, &there, &years);

	if (r != 0 || !there)
		return r;
	if (!(years >= 0 && years <= AGE_MAX))
		return walk_lost(h, at, key, "number: not years from 0 to %d", AGE_MAX);
	/* Somebody of that age may come still. */
	if (years != trunc(years))
		return least ? exact_age(body, "age_from", llround(years * 1000)) : exact_age(body, "age_below", llround(years * 1000) + 1);
	return json_object_set_new(body, key, json_integer((json_int_t)years)) == 0 ? 0 : -ENOMEM;
}

static int
words(struct hsds *h, const struct at *at, json_t *body)
{
	autojson json_t *description = NULL;
	autojson json_t *eligibility = NULL;
	int r = walk_text(h, at, "description", DESCRIPTION, &description);

	if (r == 0)
		r = walk_text(h, at, "eligibility_description", ELIGIBILITY, &eligibility);
	if (r == 0)
		r = walk_set(body, "eligibility", eligibility);
	if (r == 0 && description == NULL)
		r = walk_lost(h, at, "description", "nothing: the name stands in for it");
	return r == 0 ? walk_set(body, "description", description != NULL ? description : json_object_get(body, "name")) : r;
}

/* The location of a service_at_location: inside it, or by its id among the organization's. */
static int
location(struct hsds *h, const struct at *at, const struct organization *org, json_t *body)
{
	const char *id = json_str(at->object, "location_id");
	struct at here = { .up = at, .key = "location" }, list = { .up = org->at, .key = "locations" };
	json_t *inside, *place;
	int r = walk_object(h, at, "location", &inside);

	if (r != 0)
		return r;
	if (inside != NULL || id == NULL) {
		here.object = inside;
		return inside != NULL ? part_location(h, &here, body) : 0;
	}
	place = json_object_get(org->places, id);
	if (place == NULL)
		return walk_lost(h, at, "location_id", "string: there is no such location in the file");
	here = (struct at){ .up = &list, .index = (size_t)json_int(place, "index", 0), .object = json_obj(place, "location") };
	return part_location(h, &here, body);
}

/* What ${at}, a service at a location, adds to the service; "service" is read by the caller. */
int
service_place(struct hsds *h, const struct at *at, const struct organization *org, json_t *body)
{
	static const char * const known[] = {
		"service", "location", "email", "phones", "contacts", "schedules", "service_areas", NULL
	};
	int r = location(h, at, org, body);

	if (r == 0)
		r = part_reach(h, at, NULL, body);
	if (r == 0)
		r = part_schedules(h, at, body);
	if (r == 0)
		r = part_areas(h, at, body);
	return r == 0 ? walk_rest(h, at, known) : r;
}

static int
at_locations(struct hsds *h, const struct at *at, const struct organization *org, json_t *body)
{
	json_t *list = NULL, *item;
	size_t i;
	int r = walk_objects(h, at, "service_at_locations", &list);

	json_array_foreach(list, i, item) {
		const struct at in = { .up = at, .key = "service_at_locations" },
		    here = { .up = &in, .index = i, .object = item };

		if (r == 0)
			r = service_place(h, &here, org, body);
		if (r == 0 && !walk_absent(json_object_get(item, "service")))
			r = walk_lost(h, &here, "service", "object: the service around it was used");
	}
	return r;
}

/* "source": the organization's name, the service's id and the day of its last change. */
int
service_source(struct hsds *h, const struct at *at, const json_t *id, const json_t *organization, json_t *body)
{
	autojson json_t *changed = NULL, *assured = NULL;
	char day[DAY + 1] = "";
	int r = walk_code(h, at, "last_modified", &changed);

	if (r == 0)
		r = walk_code(h, at, "assured_date", &assured);
	if (r != 0)
		return r;
	if (assured != NULL && !grammar_ok(GRAMMAR_DATE, json_string_value(assured))) {
		json_decref(take(assured));
		if (walk_lost(h, at, "assured_date", "string: not a date") != 0)
			return -ENOMEM;
	}
	if (changed != NULL)
		(void)snprintf(day, sizeof(day), "%s", json_string_value(changed));
	if (changed != NULL && !grammar_ok(GRAMMAR_DATE, day)) {
		r = walk_lost(h, at, "last_modified", "string: not a date");
		day[0] = '\0';
	} else if (changed != NULL && json_string_length(changed) > DAY &&
	    strcmp(json_string_value(changed) + DAY, "T00:00:00Z") != 0) {
		r = walk_lost(h, at, "last_modified", "string: only its day was kept");
	}
	return r == 0 && json_object_set_new(body, "source", json_pack("{s:O, s:O, s:s*, s:O*}", "name",
	    organization != NULL ? organization : json_object_get(body, "name"), "foreign_id", id,
	    "updated", day[0] != '\0' ? day : NULL, "assured", assured)) != 0 ? -ENOMEM : r;
}

/* What the organization offers to all of its services. */
int
service_offers(struct hsds *h, const struct at *at, json_t *name, json_t *body)
{
	json_t *label = name != NULL && json_string_length(name) <= LABEL ? name : NULL;
	int r;

	h->given = label;
	r = part_reach(h, at, label, body);
	if (r == 0)
		r = part_web(h, at, "website", body);
	if (r == 0)
		r = part_webs(h, at, "additional_websites", body);
	h->given = NULL;
	return r;
}

/* Its own ways to be reached come first; of the organization's, what does not fit beside them is listed here. */
static int
add_organization(struct hsds *h, const struct organization *org, json_t *body)
{
	/* Most of its list was made when the organization itself was read, and is not made twice. */
	autojson json_t *list = json_array();
	struct hsds quiet = { .unmapped = list, .err = h->err, .rows = h->rows };
	json_t *row;
	size_t i;
	int r = list != NULL ? service_offers(&quiet, org->at, org->name, body) : -ENOMEM;

	json_array_foreach(list, i, row) {
		if (walk_known(h, json_str(row, "path"), json_str(row, "why")) != 0)
			return -ENOMEM;
	}
	return r;
}

/* The last word: what would not be a program record does not leave this file. */
static int
check(struct hsds *h, const struct at *at, const json_t *body)
{
	struct rec_program program = { 0 };
	struct err err = { "" };
	int r = event_parse(&rec_program_desc, body, &program, &err);

	if (r == 0)
		event_free(&rec_program_desc, &program);
	return r > 0 ? walk_bad(h, at, NULL, "does not make a program: %s", err.text) : r;
}

int
service_fill(struct hsds *h, const struct at *at, const struct organization *org, json_t *body)
{
	int r = words(h, at, body);

	if (r == 0)
		r = part_languages(h, at, body, LANGUAGES);
	if (r == 0)
		r = age(h, at, "minimum_age", true, body);
	if (r == 0)
		r = age(h, at, "maximum_age", false, body);
	if (r == 0)
		r = part_costs(h, at, body);
	if (r == 0)
		r = part_reach(h, at, NULL, body);
	if (r == 0)
		r = part_web(h, at, "url", body);
	if (r == 0)
		r = part_webs(h, at, "additional_urls", body);
	if (r == 0)
		r = part_schedules(h, at, body);
	if (r == 0)
		r = part_areas(h, at, body);
	if (r == 0)
		r = part_capacities(h, at, body);
	if (r == 0)
		r = part_attributes(h, at, body);
	return r == 0 ? at_locations(h, at, org, body) : r;
}

/* What comes last, for a service at several locations again with each. */
int
service_finish(struct hsds *h, const struct at *at, const struct organization *org, json_t *body)
{
	int r = org->at != NULL ? add_organization(h, org, body) : 0;

	if (r == 0)
		r = part_webs_last(body);
	if (r == 0)
		r = part_members(h, at, body);
	return r == 0 ? check(h, at, body) : r;
}
