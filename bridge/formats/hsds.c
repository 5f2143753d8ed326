/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <string.h>

#include "base/canon.h"
#include "hsds.h"
#include "hsds_service.h"
#include "hsds_table.h"

enum { NAME = 200 };

struct reader {
	struct hsds	 h;
	json_t		*records;
	json_t		*ids;		/* By the service ids seen: {"service", "body"}; no body: no record was made. */
	size_t		 services, others;	/* Others: of which no record is made, such as a taxonomy. */
};

static void
organization_clear(struct organization *o)
{
	json_decref(o->name);
	json_decref(o->places);
}
#define autoorganization __attribute__((cleanup(organization_clear)))

static const char * const service_known[] = {
	"name", "description", "eligibility_description", "minimum_age", "maximum_age", "fees_description", "fees",
	"cost_options", "email", "phones", "contacts", "url", "additional_urls", "schedules", "service_areas",
	"service_at_locations", "languages", "attributes", "capacities", "assured_date", "last_modified", "status", "organization", NULL
};

/* The id of ${at} and what is known of it; NULL the first time. */
static int
read_id(struct reader *rd, const struct at *at, json_t **ret_id, json_t **ret_known)
{
	int r = walk_code(&rd->h, at, "id", ret_id);

	if (r == 0 && *ret_id == NULL)
		return walk_bad(&rd->h, at, "id", "a service needs an id");
	if (r == 0)
		r = walk_origin(&rd->h, HSDS_SERVICE, *ret_id, at->object, NULL);
	*ret_known = r == 0 ? json_object_get(rd->ids, json_string_value(*ret_id)) : NULL;
	return r;
}

/* A service that was read already, at one more location. */
static int
one_more_location(struct reader *rd, const struct at *at, const struct organization *org, const struct at *where,
    const json_t *known)
{
	json_t *body = json_obj(known, "body");
	int r;

	if (where == NULL || !json_equal(json_obj(known, "service"), at->object))
		return walk_bad(&rd->h, at, "id", "another service of this file has the same id");
	if (body == NULL)
		return walk_lost(&rd->h, where, NULL, "service at a location: no record was made of the service");
	r = service_place(&rd->h, where, org, body);
	return r == 0 ? service_finish(&rd->h, at, org, body) : r;
}

/* ${where}: the service at a location that it was found in, or NULL. */
static int
read_service(struct reader *rd, const struct at *at, const struct organization *org, const struct at *where)
{
	autojson json_t *id = NULL;
	autojson json_t *status = NULL;
	autojson json_t *name = NULL;
	autojson json_t *body = json_object();
	json_t *known = NULL, *entry;
	int r = body != NULL ? read_id(rd, at, &id, &known) : -ENOMEM;

	if (r == 0 && known != NULL)
		return one_more_location(rd, at, org, where, known);
	if (r == 0)
		r = walk_text(&rd->h, at, "name", NAME, &name);
	if (r == 0 && name == NULL)
		r = walk_bad(&rd->h, at, "name", "a service needs a name");
	if (r == 0)
		r = walk_code(&rd->h, at, "status", &status);
	if (r != 0)
		return r;
	rd->services++;
	entry = json_pack("{s:O}", "service", at->object);
	if (json_object_set_new(rd->ids, json_string_value(id), entry) != 0)
		return -ENOMEM;
	if (status != NULL && strcmp(json_string_value(status), "active") != 0)
		return walk_lost(&rd->h, where != NULL ? where : at, NULL, "service: it is %s, so no record was made",
		    json_string_value(status));
	r = walk_set(body, "name", name);
	if (r == 0)
		r = service_source(&rd->h, at, id, org->name, body);
	if (r == 0)
		r = service_fill(&rd->h, at, org, body);
	if (r == 0 && where != NULL)
		r = service_place(&rd->h, where, org, body);
	if (r == 0)
		r = service_finish(&rd->h, at, org, body);
	if (r == 0)
		r = walk_rest(&rd->h, at, service_known);
	if (r == 0 && (json_object_set(entry, "body", body) != 0 || json_array_append_new(rd->records,
	    json_pack("{s:o, s:s, s:O}", "source", json_sprintf("hsds:service/%s", json_string_value(id)), "kind", "program",
	    "body", body)) != 0))
		r = -ENOMEM;
	return r;
}

/* Marks the location that ${item}, a service at a location, uses: by its id, or with what is inside. */
static int
mark_used(json_t *used, const json_t *item)
{
	const char *link = json_str(item, "location_id");
	json_t *inside = json_obj(item, "location");
	const char *id = json_str(inside, "id");

	if (id != NULL)
		return json_object_set(used, id, inside);
	return link != NULL && json_object_get(used, link) == NULL ? json_object_set_new(used, link, json_true()) : 0;
}

/* Indexes the organization's locations by id and lists those that are of no service. */
static int
read_places(struct hsds *h, const struct at *at, const json_t *services, json_t *places)
{
	autojson json_t *used = json_object();
	json_t *list, *item, *service, *inside;
	size_t i, k;
	int r = used != NULL ? walk_objects(h, at, "locations", &list) : -ENOMEM;

	if (r != 0)
		return r;
	json_array_foreach(services, k, service) {
		json_array_foreach(json_arr(service, "service_at_locations"), i, item) {
			if (mark_used(used, item) != 0)
				return -ENOMEM;
		}
		if (json_obj(service, "location") != NULL && mark_used(used, service) != 0)
			return -ENOMEM;
	}
	json_array_foreach(list, i, item) {
		const struct at in = { .up = at, .key = "locations" }, here = { .up = &in, .index = i, .object = item };
		const char *id = json_str(item, "id");

		if (id != NULL && json_object_set_new(places, id, json_pack("{s:I, s:O}", "index", (json_int_t)i,
		    "location", item)) != 0)
			return -ENOMEM;
		inside = id != NULL ? json_object_get(used, id) : NULL;
		if (inside == NULL)
			r = walk_lost(h, &here, NULL, "object: a place of no service");
		else if (json_is_object(inside) && !json_equal(inside, item))
			r = walk_lost(h, &here, NULL, "object: a service has its own version of this place");
		if (r != 0)
			return r;
	}
	return 0;
}

/* Lists what of the organization itself has no place; its services are read by the caller. */
static int
read_organization(struct hsds *h, const struct at *at, const json_t *services, struct organization *ret)
{
	/* A description that only repeats the name says nothing: HSDS wants one. */
	bool repeats = json_equal(json_object_get(at->object, "description"), json_object_get(at->object, "name"));
	const char * const known[] = {
		"name", "email", "website", "additional_websites", "phones", "contacts", "locations", "services",
		repeats ? "description" : NULL, NULL
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
		r = service_offers(h, at, name, scratch);
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
	if (r == 0 && json_array_size(services) == 0)
		r = walk_lost(&rd->h, at, NULL, "object: an organization without a service, so no record was made");
	if (r != 0)
		return r;
	rd->others++;
	json_array_foreach(services, i, item) {
		const struct at in = { .up = at, .key = "services" }, here = { .up = &in, .index = i, .object = item };

		r = read_service(rd, &here, &org, NULL);
		if (r == 0 && !walk_absent(json_object_get(item, "organization")))
			r = walk_lost(&rd->h, &here, "organization", "object: the organization around it was used");
		if (r != 0)
			return r;
	}
	return 0;
}

/* A service that names its organization inside; ${where} as above. */
static int
lone_service(struct reader *rd, const struct at *at, const struct at *where)
{
	autoorganization struct organization org = { 0 };
	struct at here = { .up = at, .key = "organization" };
	autojson json_t *self = json_pack("[O, O]", at->object, where != NULL ? where->object : at->object);
	json_t *inside;
	int r = self != NULL ? walk_object(&rd->h, at, "organization", &inside) : -ENOMEM;

	if (r != 0)
		return r;
	here.object = inside;
	if (inside != NULL)
		r = read_organization(&rd->h, &here, self, &org);
	if (r == 0 && inside != NULL && !walk_absent(json_object_get(inside, "services")))
		r = walk_lost(&rd->h, &here, "services", "list: the service around it was used");
	return r == 0 ? read_service(rd, at, &org, where) : r;
}

static int
service_at_location(struct reader *rd, const struct at *at)
{
	struct at here = { .up = at, .key = "service" };
	json_t *service;
	int r = walk_object(&rd->h, at, "service", &service);

	if (r == 0 && service == NULL)
		return walk_bad(&rd->h, at, NULL, "this is a service at a location without its service: nothing to import");
	here.object = service;
	return r == 0 ? lone_service(rd, &here, at) : r;
}

/* What else a file of HSDS may be, by a member that only it has. */
static const struct { const char *mark, *what; bool data; } others[] = {
	{ "openapi", "the description of a programming interface (OpenAPI)", false },
	{ "$schema", "a JSON schema", false },
	{ "properties", "a JSON schema", false },
	{ "openapi_url", "the description of a service that speaks HSDS", true },
	{ "resources", "the description of tables; import the directory that holds them", false },
	{ "taxonomy", "a term of a taxonomy", true },
	{ "taxonomy_detail", "a term of a taxonomy", true },
	{ "term_uri", "a term of a taxonomy", true },
	{ "version", "a taxonomy, or the description of a service that speaks HSDS", true },
	{ "location_type", "a location without a service", true },
	{ "addresses", "a location without a service", true },
};

static int
read_item(struct reader *rd, const struct at *at)
{
	if (!json_is_object(at->object))
		return walk_bad(&rd->h, at, NULL, "%s where an organization or service must be", walk_kind(at->object));
	if (json_object_get(at->object, "service") != NULL || json_object_get(at->object, "location") != NULL)
		return service_at_location(rd, at);
	if (walk_is_service(at->object))
		return lone_service(rd, at, NULL);
	for (size_t i = 0; i < nelem(others) && json_object_get(at->object, "services") == NULL; i++) {
		if (json_object_get(at->object, others[i].mark) == NULL)
			continue;
		rd->others++;
		return others[i].data ? walk_lost(&rd->h, at, NULL, "object: %s, so no record was made", others[i].what) :
		    walk_bad(&rd->h, at, NULL, "nothing to import: this is %s", others[i].what);
	}
	if (json_object_get(at->object, "name") == NULL)
		return walk_bad(&rd->h, at, NULL, "nothing to import: this is neither an organization nor a service, nor a list"
		    " or page of them");
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
	if (r == 0 && rd->services + rd->others == 0)
		r = walk_bad(&rd->h, &root, NULL, "nothing to import: there is no service here; export organizations or services"
		    " in full");
	if (r == 0 && json_is_array(contents) && pages > 1)
		r = walk_lost(&rd->h, &root, "total_pages", "number: the other pages are other files");
	return r;
}

/* Tables: the documents they make, and the rows that no document has. */
static int
read_tables(struct reader *rd, const json_t *doc)
{
	autojson json_t *made = NULL;
	autojson json_t *rows = NULL;
	autojson json_t *loose = NULL;
	json_t *path;
	size_t i;
	int r = table_join(&rd->h, doc, &made, &rows, &loose, NULL);

	if (r != 0)
		return r;
	rd->h.rows = rows;
	r = read_document(rd, made);
	rd->h.rows = NULL;
	json_array_foreach(loose, i, path) {
		if (r == 0)
			r = walk_known(&rd->h, json_string_value(path), "row: nothing that was read refers to it");
	}
	return r;
}

/* ${origins} NULL: ${doc} may be tables. */
static int
read_all(const json_t *doc, json_t *origins, json_t **ret_records, json_t **ret_unmapped, struct err *err)
{
	autojson json_t *records = json_array();
	autojson json_t *unmapped = json_array();
	autojson json_t *ids = json_object();
	autojson json_t *seen = json_object();
	struct reader rd = { .h = { .unmapped = unmapped, .err = err, .seen = seen, .origins = origins }, .records = records, .ids = ids };
	int r;

	if (records == NULL || unmapped == NULL || ids == NULL || seen == NULL)
		return -ENOMEM;
	r = origins == NULL && table_is(doc) ? read_tables(&rd, doc) : read_document(&rd, doc);
	if (r != 0)
		return r;
	*ret_records = take(records);
	*ret_unmapped = take(unmapped);
	return 0;
}

int
hsds_read(const json_t *doc, json_t **ret_records, json_t **ret_unmapped, struct err *err)
{
	return read_all(doc, NULL, ret_records, ret_unmapped, err);
}

int
walk_trace(const json_t *doc, json_t **ret_records, json_t **ret_origins, struct err *err)
{
	autojson json_t *unmapped = NULL;
	autojson json_t *origins = json_array();
	int r = origins != NULL ? read_all(doc, origins, ret_records, &unmapped, err) : -ENOMEM;

	if (r == 0)
		*ret_origins = take(origins);
	return r;
}
