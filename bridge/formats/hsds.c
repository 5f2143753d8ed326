/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <math.h>
#include <string.h>

#include "base/canon.h"
#include "base/event.h"
#include "base/grammar.h"
#include "events.h"
#include "hsds.h"
#include "hsds_part.h"

enum { NAME = 200, DESCRIPTION = 4000, ELIGIBILITY = 2000, LABEL = 100, LANGUAGES = 64, AGE_MAX = 120, DAY = 10 };

#define TAXONOMY "org.cairnpeer."

struct reader {
	struct hsds	 h;
	json_t		*records;
	json_t		*ids;		/* Object of the service ids seen. */
	size_t		 services;
};

/* Whose service it is; all but ${at} NULL where the file does not say. */
struct organization {
	const struct at	*at;
	json_t		*name;
	json_t		*places;	/* Its locations by id. */
};

static void
organization_clear(struct organization *o)
{
	json_decref(o->name);
	json_decref(o->places);
}
#define autoorganization __attribute__((cleanup(organization_clear)))

/* Lists of ours that an attribute may name; the member of a program it goes to. */
static const struct list {
	const char		*taxonomy, *member;
	const struct ev_enum	*values;
	bool			 many;
} lists[] = {
	{ TAXONOMY "form", "forms", &ev_form_names, true },
	{ TAXONOMY "condition", "conditions", &ev_condition_names, true },
	{ TAXONOMY "audience", "audiences", &ev_audience_names, true },
	{ TAXONOMY "setting", "settings", &ev_setting_names, true },
	{ TAXONOMY "modality", "modalities", &ev_modality_names, true },
	{ TAXONOMY "accessibility", "accessibility", &ev_accessibility_names, true },
	{ TAXONOMY "cost", "cost", &ev_cost_names, false },
	{ TAXONOMY "law", "law", &ev_law_names, false },
};

static int
attribute(struct hsds *h, const struct at *at, json_t *body)
{
	json_t *term;
	const char *taxonomy, *code;
	int r = walk_object(h, at, "taxonomy_term", &term);

	if (r != 0)
		return r;
	taxonomy = json_str(term, "taxonomy");
	code = json_str(term, "code");
	for (size_t i = 0; taxonomy != NULL && i < nelem(lists); i++) {
		if (strcmp(taxonomy, lists[i].taxonomy) != 0)
			continue;
		if (event_enum_value(lists[i].values, code) == 0)
			return walk_lost(h, at, NULL, "object: its code is not on the list %s", taxonomy);
		if (lists[i].many)
			return walk_put(h, at, NULL, body, lists[i].member, json_string(code), (size_t)lists[i].values->n);
		return json_object_set_new(body, lists[i].member, json_string(code)) == 0 ? 0 : -ENOMEM;
	}
	return walk_lost(h, at, NULL, "object: a taxonomy that records do not have");
}

static int
attributes(struct hsds *h, const struct at *at, json_t *body)
{
	json_t *list = NULL, *item;
	size_t i;
	int r = walk_objects(h, at, "attributes", &list);

	if (r != 0)
		return r;
	json_array_foreach(list, i, item) {
		const struct at in = { .up = at, .key = "attributes" },
		    here = { .up = &in, .index = i, .object = item };

		r = attribute(h, &here, body);
		if (r != 0)
			return r;
	}
	return 0;
}

static int
age(struct hsds *h, const struct at *at, const char *key, json_t *body)
{
	bool there;
	double years;
	int r = walk_number(h, at, key, &there, &years);

	if (r != 0 || !there)
		return r;
	if (!(years >= 0 && years <= AGE_MAX && years == trunc(years)))
		return walk_lost(h, at, key, "number: not whole years from 0 to %d", AGE_MAX);
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
	struct at here = { .up = at, .key = "location" };
	json_t *inside;
	int r = walk_object(h, at, "location", &inside);

	if (r != 0)
		return r;
	here.object = inside != NULL || id == NULL ? inside : json_object_get(org->places, id);
	if (here.object == NULL)
		return id != NULL ? walk_lost(h, at, "location_id", "string: there is no such location in the file") : 0;
	return part_location(h, &here, body);
}

static int
at_locations(struct hsds *h, const struct at *at, const struct organization *org, json_t *body)
{
	static const char * const known[] = { "location", "email", "phones", "contacts", "schedules", "service_areas", NULL };
	json_t *list = NULL, *item;
	size_t i;
	int r = walk_objects(h, at, "service_at_locations", &list);

	json_array_foreach(list, i, item) {
		const struct at in = { .up = at, .key = "service_at_locations" },
		    here = { .up = &in, .index = i, .object = item };

		if (r == 0)
			r = location(h, &here, org, body);
		if (r == 0)
			r = part_reach(h, &here, NULL, body);
		if (r == 0)
			r = part_schedules(h, &here, body);
		if (r == 0)
			r = part_areas(h, &here, body);
		if (r == 0)
			r = walk_rest(h, &here, known);
	}
	return r;
}

/* "source": the organization's name, the service's id and the day of its last change. */
static int
source(struct hsds *h, const struct at *at, const json_t *id, const json_t *organization, json_t *body)
{
	autojson json_t *changed = NULL;
	char day[DAY + 1] = "";
	int r = walk_code(h, at, "last_modified", &changed);

	if (r != 0)
		return r;
	if (changed != NULL)
		(void)snprintf(day, sizeof(day), "%s", json_string_value(changed));
	if (changed != NULL && !grammar_ok(GRAMMAR_DATE, day)) {
		r = walk_lost(h, at, "last_modified", "string: not a date");
		day[0] = '\0';
	}
	return r == 0 && json_object_set_new(body, "source", json_pack("{s:O, s:O, s:s*}", "name",
	    organization != NULL ? organization : json_object_get(body, "name"), "foreign_id", id,
	    "updated", day[0] != '\0' ? day : NULL)) != 0 ? -ENOMEM : r;
}

/* What the organization offers to all of its services. */
static int
from_organization(struct hsds *h, const struct at *at, json_t *name, json_t *body)
{
	json_t *label = name != NULL && json_string_length(name) <= LABEL ? name : NULL;
	int r = part_reach(h, at, label, body);

	if (r == 0)
		r = part_web(h, at, "website", body);
	return r == 0 ? part_webs(h, at, "additional_websites", body) : r;
}

/* Its own ways to be reached come first; of the organization's, what does not fit is listed here. */
static int
add_organization(struct hsds *h, const struct organization *org, json_t *body)
{
	/* The rest of its list is made once, when the organization itself is read. */
	autojson json_t *list = json_array();
	struct hsds quiet = { .unmapped = list, .err = h->err };
	json_t *row;
	size_t i;
	int r = list != NULL ? from_organization(&quiet, org->at, org->name, body) : -ENOMEM;

	json_array_foreach(list, i, row) {
		if (strncmp(json_str(row, "why"), "more than", 9) == 0 && json_array_append(h->unmapped, row) != 0)
			return -ENOMEM;
	}
	return r;
}

static int
fill(struct hsds *h, const struct at *at, const struct organization *org, json_t *body)
{
	int r = words(h, at, body);

	if (r == 0)
		r = part_languages(h, at, body, LANGUAGES);
	if (r == 0)
		r = age(h, at, "minimum_age", body);
	if (r == 0)
		r = age(h, at, "maximum_age", body);
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
		r = at_locations(h, at, org, body);
	if (r == 0)
		r = attributes(h, at, body);
	return r == 0 && org->at != NULL ? add_organization(h, org, body) : r;
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

static const char * const service_known[] = {
	"name", "description", "eligibility_description", "minimum_age", "maximum_age", "fees_description", "fees",
	"cost_options", "email", "phones", "contacts", "url", "additional_urls", "schedules", "service_areas",
	"service_at_locations", "languages", "attributes", "last_modified", "status", "organization", NULL
};

static int
remember_id(struct reader *rd, const struct at *at, json_t **ret)
{
	int r = walk_code(&rd->h, at, "id", ret);

	if (r == 0 && *ret == NULL)
		return walk_bad(&rd->h, at, "id", "a service needs an id");
	if (r == 0 && json_object_get(rd->ids, json_string_value(*ret)) != NULL)
		return walk_bad(&rd->h, at, "id", "another service of this file has the same id");
	return r == 0 && json_object_set_new(rd->ids, json_string_value(*ret), json_true()) != 0 ? -ENOMEM : r;
}

static int
read_service(struct reader *rd, const struct at *at, const struct organization *org)
{
	autojson json_t *id = NULL;
	autojson json_t *status = NULL;
	autojson json_t *name = NULL;
	autojson json_t *body = json_object();
	int r = body != NULL ? remember_id(rd, at, &id) : -ENOMEM;

	if (r == 0)
		r = walk_text(&rd->h, at, "name", NAME, &name);
	if (r == 0 && name == NULL)
		r = walk_bad(&rd->h, at, "name", "a service needs a name");
	if (r == 0)
		r = walk_code(&rd->h, at, "status", &status);
	if (r != 0)
		return r;
	rd->services++;
	if (status != NULL && strcmp(json_string_value(status), "active") != 0)
		return walk_lost(&rd->h, at, NULL, "service: it is %s, so no record was made", json_string_value(status));
	r = walk_set(body, "name", name);
	if (r == 0)
		r = source(&rd->h, at, id, org->name, body);
	if (r == 0)
		r = fill(&rd->h, at, org, body);
	if (r == 0)
		r = walk_rest(&rd->h, at, service_known);
	if (r == 0)
		r = check(&rd->h, at, body);
	if (r == 0 && json_array_append_new(rd->records, json_pack("{s:o, s:s, s:O}", "source",
	    json_sprintf("hsds:service/%s", json_string_value(id)), "kind", "program", "body", body)) != 0)
		r = -ENOMEM;
	return r;
}

/* Indexes the organization's locations by id and lists those that are of no service. */
static int
read_places(struct hsds *h, const struct at *at, const json_t *services, json_t *places)
{
	autojson json_t *used = json_object();
	json_t *list, *item, *service;
	size_t i, k;
	int r = used != NULL ? walk_objects(h, at, "locations", &list) : -ENOMEM;

	if (r != 0)
		return r;
	json_array_foreach(services, k, service) {
		json_array_foreach(json_arr(service, "service_at_locations"), i, item) {
			const char *link = json_str(item, "location_id"), *inside = json_str(json_obj(item, "location"), "id");

			if ((link != NULL && json_object_set_new(used, link, json_true()) != 0) ||
			    (inside != NULL && json_object_set_new(used, inside, json_true()) != 0))
				return -ENOMEM;
		}
	}
	json_array_foreach(list, i, item) {
		const struct at in = { .up = at, .key = "locations" }, here = { .up = &in, .index = i };
		const char *id = json_str(item, "id");

		if (id != NULL && json_object_set(places, id, item) != 0)
			return -ENOMEM;
		if ((id == NULL || json_object_get(used, id) == NULL) &&
		    walk_lost(h, &here, NULL, "object: a place of no service") != 0)
			return -ENOMEM;
	}
	return 0;
}

/* Lists what of the organization itself has no place; its services are read by the caller. */
static int
read_organization(struct hsds *h, const struct at *at, const json_t *services, struct organization *ret)
{
	static const char * const known[] = {
		"name", "email", "website", "additional_websites", "phones", "contacts", "locations", "services", NULL
	};
	autojson json_t *scratch = json_object();
	autojson json_t *name = NULL;
	autojson json_t *places = json_object();
	int r = walk_text(h, at, "name", NAME, &name);

	if (r == 0 && name == NULL)
		r = walk_bad(h, at, "name", "an organization needs a name");
	if (r == 0 && (scratch == NULL || places == NULL))
		r = -ENOMEM;
	if (r == 0)
		r = from_organization(h, at, name, scratch);
	if (r == 0)
		r = read_places(h, at, services, places);
	if (r == 0)
		r = walk_rest(h, at, known);
	if (r == 0)
		*ret = (struct organization){ .at = at, .name = take(name), .places = take(places) };
	return r;
}

static int
organization_services(struct reader *rd, const struct at *at)
{
	autoorganization struct organization org = { 0 };
	json_t *services, *item;
	size_t i;
	int r = walk_objects(&rd->h, at, "services", &services);

	if (r == 0)
		r = read_organization(&rd->h, at, services, &org);
	if (r != 0)
		return r;
	json_array_foreach(services, i, item) {
		const struct at in = { .up = at, .key = "services" }, here = { .up = &in, .index = i, .object = item };

		r = read_service(rd, &here, &org);
		if (r != 0)
			return r;
	}
	return 0;
}

/* A service that names its organization inside. */
static int
lone_service(struct reader *rd, const struct at *at)
{
	autoorganization struct organization org = { 0 };
	struct at here = { .up = at, .key = "organization" };
	autojson json_t *self = json_pack("[O]", at->object);
	json_t *inside;
	int r = self != NULL ? walk_object(&rd->h, at, "organization", &inside) : -ENOMEM;

	if (r != 0)
		return r;
	here.object = inside;
	if (inside != NULL)
		r = read_organization(&rd->h, &here, self, &org);
	return r == 0 ? read_service(rd, at, &org) : r;
}

static int
read_item(struct reader *rd, const struct at *at)
{
	static const char * const marks[] = { "status", "organization", "organization_id", "service_at_locations" };

	if (!json_is_object(at->object))
		return walk_bad(&rd->h, at, NULL, "%s where an organization or service must be", walk_kind(at->object));
	if (json_object_get(at->object, "service") != NULL || json_object_get(at->object, "location") != NULL)
		return walk_bad(&rd->h, at, NULL, "this is a service at a location; export services or organizations in full");
	for (size_t i = 0; i < nelem(marks); i++) {
		if (json_object_get(at->object, marks[i]) != NULL)
			return lone_service(rd, at);
	}
	if (json_object_get(at->object, "name") == NULL)
		return walk_bad(&rd->h, at, NULL, "this is neither an organization nor a service, nor a list or page of them");
	return organization_services(rd, at);
}

static int
read_items(struct reader *rd, const struct at *at, const json_t *items)
{
	json_t *item;
	size_t i;

	json_array_foreach(items, i, item) {
		const struct at here = { .up = at, .index = i, .object = item };
		int r = read_item(rd, &here);

		if (r != 0)
			return r;
	}
	return 0;
}

static int
read_document(struct reader *rd, const json_t *doc)
{
	const struct at root = { .object = doc }, page = { .up = &root, .key = "contents" };
	json_t *contents = json_object_get(doc, "contents");
	long long pages = json_int(doc, "total_pages", 1);
	int r;

	if (json_is_array(doc))
		r = read_items(rd, &root, doc);
	else if (json_is_array(contents))
		r = read_items(rd, &page, contents);
	else
		r = read_item(rd, &root);
	if (r == 0 && rd->services == 0)
		r = walk_bad(&rd->h, &root, NULL, "there is no service here; export organizations or services in full");
	if (r == 0 && json_is_array(contents) && pages > 1)
		r = walk_lost(&rd->h, &root, NULL, "page %lld of %lld: the other pages are other files",
		    json_int(doc, "page_number", 1), pages);
	return r;
}

int
hsds_read(const json_t *doc, json_t **ret_records, json_t **ret_unmapped, struct err *err)
{
	autojson json_t *records = json_array();
	autojson json_t *unmapped = json_array();
	autojson json_t *ids = json_object();
	struct reader rd = { .h = { .unmapped = unmapped, .err = err }, .records = records, .ids = ids };
	int r;

	if (records == NULL || unmapped == NULL || ids == NULL)
		return -ENOMEM;
	r = read_document(&rd, doc);
	if (r != 0)
		return r;
	*ret_records = take(records);
	*ret_unmapped = take(unmapped);
	return 0;
}
