/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/canon.h"
#include "hsds_table.h"

enum { TABLE_NAME = 64, DEEP = 4 };

#define ORGANIZATIONS	"organizations.csv"
#define SERVICES	"services.csv"
#define LOCATIONS	"locations.csv"
#define AT_LOCATION	"service_at_location.csv"

/*
 * Rows of ${from} go into the member ${to} of the row of ${into} whose id ${link} of them has; if ${one}, ${link} is
 * a column of ${into} instead, and the row is that member.  An ${into} of NULL is any table of things.
 */
static const struct tie {
	const char	*from, *link, *into, *to;
	bool		 one;
} ties[] = {
	{ SERVICES, "organization_id", ORGANIZATIONS, "services", false },
	{ LOCATIONS, "organization_id", ORGANIZATIONS, "locations", false },
	{ "programs.csv", "organization_id", ORGANIZATIONS, "programs", false },
	{ "programs.csv", "program_id", SERVICES, "program", true },
	{ AT_LOCATION, "service_id", SERVICES, "service_at_locations", false },
	{ LOCATIONS, "location_id", AT_LOCATION, "location", true },
	{ "addresses.csv", "location_id", LOCATIONS, "addresses", false },
	{ "accessibility.csv", "location_id", LOCATIONS, "accessibility", false },
	{ "contacts.csv", "organization_id", ORGANIZATIONS, "contacts", false },
	{ "contacts.csv", "service_id", SERVICES, "contacts", false },
	{ "contacts.csv", "service_at_location_id", AT_LOCATION, "contacts", false },
	{ "contacts.csv", "location_id", LOCATIONS, "contacts", false },
	{ "phones.csv", "organization_id", ORGANIZATIONS, "phones", false },
	{ "phones.csv", "service_id", SERVICES, "phones", false },
	{ "phones.csv", "service_at_location_id", AT_LOCATION, "phones", false },
	{ "phones.csv", "location_id", LOCATIONS, "phones", false },
	{ "phones.csv", "contact_id", "contacts.csv", "phones", false },
	{ "languages.csv", "service_id", SERVICES, "languages", false },
	{ "languages.csv", "location_id", LOCATIONS, "languages", false },
	{ "languages.csv", "phone_id", "phones.csv", "languages", false },
	{ "schedules.csv", "service_id", SERVICES, "schedules", false },
	{ "schedules.csv", "service_at_location_id", AT_LOCATION, "schedules", false },
	{ "schedules.csv", "location_id", LOCATIONS, "schedules", false },
	{ "service_areas.csv", "service_id", SERVICES, "service_areas", false },
	{ "service_areas.csv", "service_at_location_id", AT_LOCATION, "service_areas", false },
	{ "cost_options.csv", "service_id", SERVICES, "cost_options", false },
	{ "required_documents.csv", "service_id", SERVICES, "required_documents", false },
	{ "funding.csv", "organization_id", ORGANIZATIONS, "funding", false },
	{ "funding.csv", "service_id", SERVICES, "funding", false },
	{ "organization_identifiers.csv", "organization_id", ORGANIZATIONS, "organization_identifiers", false },
	{ "url.csv", "organization_id", ORGANIZATIONS, "additional_websites", false },
	{ "url.csv", "service_id", SERVICES, "additional_urls", false },
	{ "service_capacity.csv", "service_id", SERVICES, "capacities", false },
	{ "units.csv", "unit_id", "service_capacity.csv", "unit", true },
	{ "taxonomy_terms.csv", "taxonomy_term_id", "attributes.csv", "taxonomy_term", true },
	{ "taxonomies.csv", "taxonomy_id", "taxonomy_terms.csv", "taxonomy_detail", true },
	{ "attributes.csv", "link_id", NULL, "attributes", false },
	{ "metadata.csv", "resource_id", NULL, "metadata", false },
};

struct join {
	struct hsds	*h;
	json_t		*tables;	/* A copy of the document, whose rows get the members. */
	json_t		*index;		/* Per table: row by id. */
	json_t		*things;	/* The same of all tables of ${into}. */
};

bool
table_is(const json_t *doc)
{
	const char *key;
	json_t *v;

	json_object_foreach((json_t *)doc, key, v) {
		size_t n = strspn(key, "abcdefghijklmnopqrstuvwxyz_");

		if (n == 0 || n > TABLE_NAME || strcmp(key + n, ".csv") != 0)
			return false;
	}
	return json_object_size(doc) > 0;
}

/* Is it a table that others are tied to? */
static bool
is_thing(const char *name)
{
	for (size_t i = 0; i < nelem(ties); i++) {
		if (ties[i].into != NULL && strcmp(ties[i].into, name) == 0)
			return strcmp(name, "attributes.csv") != 0 && strcmp(name, "taxonomy_terms.csv") != 0;
	}
	return false;
}

static int
index_table(struct join *j, const char *name, const json_t *table)
{
	json_t *ids = json_object(), *row;
	size_t i;

	if (json_object_set_new(j->index, name, ids) != 0)
		return -ENOMEM;
	json_array_foreach(table, i, row) {
		const char *id = json_str(row, "id");

		/* Of two rows with one id the second is tied to nothing, and listed if it holds something. */
		if (id == NULL || json_object_get(ids, id) != NULL)
			continue;
		if (json_object_set(ids, id, row) != 0 || (is_thing(name) && json_object_set(j->things, id, row) != 0))
			return -ENOMEM;
	}
	return 0;
}

static int
put_into(json_t *row, const char *member, json_t *value)
{
	json_t *list = json_object_get(row, member);

	if (list == NULL) {
		list = json_array();
		if (json_object_set_new(row, member, list) != 0)
			return -ENOMEM;
	}
	/* A table may have a column of the member's name: it stays, and walk_objects() says what is wrong. */
	return !json_is_array(list) || json_array_append(list, value) == 0 ? 0 : -ENOMEM;
}

/* Of several things with one identifier, the one that a row says it is about. */
static json_t *
entity_row(const struct join *j, const json_t *row, const char *id)
{
	const char *entity = json_str(row, "link_entity");
	char name[TABLE_NAME + 8];

	if (entity == NULL || strlen(entity) > TABLE_NAME)
		return NULL;
	(void)snprintf(name, sizeof(name), "%ss.csv", entity);
	if (json_object_get(j->index, name) == NULL)
		(void)snprintf(name, sizeof(name), "%s.csv", entity);
	return json_object_get(json_object_get(j->index, name), id);
}

/* What entity_row() goes by, for a row that is about one of table ${name}. */
static json_t *
entity(const char *name)
{
	size_t n = strcspn(name, ".");

	return json_stringn(name, n - (n > 0 && name[n - 1] == 's'));
}

static int
apply(struct join *j, const struct tie *t)
{
	const json_t *ids = json_object_get(j->index, t->one ? t->from : t->into != NULL ? t->into : "");
	json_t *row, *other;
	size_t i;

	if (t->into == NULL)
		ids = j->things;
	json_array_foreach(json_object_get(j->tables, t->one ? t->into : t->from), i, row) {
		const char *id = json_str(row, t->link);

		other = id != NULL ? json_object_get(ids, id) : NULL;
		if (t->into == NULL && id != NULL && entity_row(j, row, id) != NULL)
			other = entity_row(j, row, id);
		if (other == NULL)
			continue;
		if (t->one ? json_object_set(row, t->to, other) != 0 : put_into(other, t->to, row) != 0)
			return -ENOMEM;
	}
	return 0;
}

/* Every object below ${v} is in a document. */
static int
mark(json_t *reached, const json_t *v)
{
	char address[32];
	const char *key;
	json_t *item;
	size_t i;

	json_array_foreach(v, i, item) {
		if (mark(reached, item) != 0)
			return -ENOMEM;
	}
	if (!json_is_object(v))
		return 0;
	walk_address(v, address);
	if (json_object_get(reached, address) != NULL)
		return 0;
	if (json_object_set_new(reached, address, json_true()) != 0)
		return -ENOMEM;
	json_object_foreach((json_t *)v, key, item) {
		if (mark(reached, item) != 0)
			return -ENOMEM;
	}
	return 0;
}

/* Organizations, and the services that are in none of them. */
static int
documents(struct join *j, json_t *made)
{
	json_t *row;
	size_t i;

	json_array_foreach(json_object_get(j->tables, ORGANIZATIONS), i, row) {
		if (json_array_append(made, row) != 0)
			return -ENOMEM;
	}
	json_array_foreach(json_object_get(j->tables, SERVICES), i, row) {
		const char *id = json_str(row, "organization_id");

		if (id != NULL && json_object_get(json_object_get(j->index, ORGANIZATIONS), id) != NULL)
			continue;
		if (json_array_append(made, row) != 0)
			return -ENOMEM;
	}
	return 0;
}

static int
name_rows(struct join *j, const json_t *reached, json_t *rows, json_t *loose)
{
	char address[32];
	const char *name;
	json_t *table, *row;
	size_t i;

	json_object_foreach(j->tables, name, table) {
		json_array_foreach(table, i, row) {
			autojson json_t *path = json_sprintf("$[\"%s\"][%zu]", name, i);

			walk_address(row, address);
			if (path == NULL || json_object_set(rows, address, path) != 0)
				return -ENOMEM;
			if (json_object_get(reached, address) == NULL && json_array_append(loose, path) != 0)
				return -ENOMEM;
		}
	}
	return 0;
}

static int
index_tables(struct join *j)
{
	const struct at root = { .object = j->tables };
	const char *name;
	json_t *table;

	json_object_foreach(j->tables, name, table) {
		int r = walk_objects(j->h, &root, name, &table);

		if (r == 0)
			r = index_table(j, name, table);
		if (r != 0)
			return r;
	}
	return 0;
}

int
table_join(struct hsds *h, const json_t *doc, json_t **ret_made, json_t **ret_rows, json_t **ret_loose, json_t **ret_tables)
{
	autojson json_t *tables = json_deep_copy(doc);
	autojson json_t *index = json_object();
	autojson json_t *things = json_object();
	autojson json_t *reached = json_object();
	autojson json_t *rows = json_object();
	autojson json_t *loose = json_array();
	autojson json_t *made = json_array();
	struct join j = { h, tables, index, things };
	int r;

	if (tables == NULL || index == NULL || things == NULL || reached == NULL || rows == NULL || loose == NULL ||
	    made == NULL)
		return -ENOMEM;
	r = index_tables(&j);
	for (size_t i = 0; i < nelem(ties) && r == 0; i++)
		r = apply(&j, &ties[i]);
	if (r == 0)
		r = documents(&j, made);
	if (r == 0)
		r = mark(reached, made);
	if (r == 0)
		r = name_rows(&j, reached, rows, loose);
	if (r != 0)
		return r;
	/* The documents hold the rows; ${rows} is keyed by where they are. */
	*ret_made = take(made);
	*ret_rows = take(rows);
	*ret_loose = take(loose);
	if (ret_tables != NULL)
		*ret_tables = take(tables);
	return 0;
}

/* Appends ${row} to table ${name} if it is in none. */
static int
home(json_t *tables, json_t *known, const char *name, json_t *row)
{
	json_t *table = json_object_get(tables, name);
	char address[32];

	walk_address(row, address);
	if (json_object_get(known, address) != NULL)
		return 0;
	if (!json_is_array(table)) {
		table = json_array();
		if (json_object_set_new(tables, name, table) != 0)
			return -ENOMEM;
	}
	return json_array_append(table, row) == 0 && json_object_set_new(known, address, json_true()) == 0 ? 0 : -ENOMEM;
}

/* The rows that ${t} put into ${row} of table ${name} go back to their table. */
static int
part_row(json_t *tables, json_t *known, const struct tie *t, const char *name, json_t *row)
{
	autojson json_t *inside = json_incref(json_object_get(row, t->to));
	json_t *id = json_object_get(row, "id"), *item;
	size_t i;

	if (t->one && json_is_object(inside)) {
		if (home(tables, known, t->from, inside) != 0 || json_object_set(row, t->link, json_object_get(inside, "id")) != 0)
			return -ENOMEM;
		return json_object_del(row, t->to);
	}
	if (t->one || !json_is_array(inside))
		return 0;
	json_array_foreach(inside, i, item) {
		char address[32];

		walk_address(item, address);
		/* What is in a row without an identifier finds no way back: hsds_merge() says so. */
		if (id != NULL && json_object_get(known, address) == NULL && (json_object_set(item, t->link, id) != 0 ||
		    (t->into == NULL && json_object_set_new(item, "link_entity", entity(name)) != 0)))
			return -ENOMEM;
		if (home(tables, known, t->from, item) != 0)
			return -ENOMEM;
	}
	return json_object_del(row, t->to);
}

int
table_part(json_t *tables)
{
	autojson json_t *known = json_object();
	const char *name;
	json_t *table, *row;
	size_t i;

	if (known == NULL)
		return -ENOMEM;
	json_object_foreach(tables, name, table) {
		json_array_foreach(table, i, row) {
			char address[32];

			walk_address(row, address);
			if (json_object_set_new(known, address, json_true()) != 0)
				return -ENOMEM;
		}
	}
	/* A new row may have parts of its own, and these again: a contact's phone's languages. */
	for (size_t k = 0; k < DEEP * nelem(ties); k++) {
		const struct tie *t = &ties[k % nelem(ties)];
		void *next;

		json_object_foreach_safe(tables, next, name, table) {
			if (t->into != NULL ? strcmp(t->into, name) != 0 : !is_thing(name))
				continue;
			json_array_foreach(table, i, row) {
				if (part_row(tables, known, t, name, row) != 0)
					return -ENOMEM;
			}
		}
	}
	return 0;
}
