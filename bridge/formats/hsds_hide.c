/* SPDX-License-Identifier: Apache-2.0 */
/* hsds_merge.h: hidden beats visible. */
#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <strings.h>

#include "base/canon.h"
#include "hsds.h"
#include "hsds_merge.h"
#include "hsds_tree.h"
#include "hsds_write.h"

enum { SECRET_MIN = 4, SECRETS_MAX = 256 };

static bool
is_redacted(const json_t *place)
{
	const char *visibility = json_str(place, "visibility");

	return visibility != NULL && strcmp(visibility, "redacted") == 0;
}

/* 1: their names are the same; 0: one has none; -1: they are not. */
static int
names(const json_t *a, const json_t *b)
{
	const char *one = json_str(a, "name"), *other = json_str(b, "name");

	return one == NULL || other == NULL ? 0 : strcasecmp(one, other) == 0 ? 1 : -1;
}

/* The redacted place of ${body} that ${item} was: by name, or the only one that may be. */
static const json_t *
hidden_as(const json_t *body, const json_t *item)
{
	const json_t *only = NULL;
	json_t *place;
	size_t i, n = 0;

	json_array_foreach(json_object_get(body, "locations"), i, place) {
		if (!is_redacted(place) || names(place, item) < 0)
			continue;
		if (names(place, item) > 0)
			return place;
		only = place;
		n++;
	}
	return n == 1 ? only : NULL;
}

/* Is ${item} what is read of ${place} once it was written?  Blanks around words do not come back, nor half a position. */
static bool
is_read_of(const json_t *place, const json_t *item)
{
	autojson json_t *records = json_pack("[{s:s, s:{s:s, s:s, s:[O]}}]", "source", "x", "body", "name", "N", "description", "D", "locations",
	    (json_t *)(uintptr_t)place);
	autojson json_t *page = NULL, *read = NULL, *lost = NULL;

	if (json_equal(place, item))
		return true;
	if (records == NULL || hsds_write(records, "N", NULL, &page, NULL) != 0)
		return false;
	/* Where what HSDS has no field for would be said. */
	(void)json_object_del(json_array_get(json_object_get(page, "contents"), 0), "attributes");
	return hsds_read(page, &read, &lost, NULL) == 0 &&
	    json_equal(json_array_get(json_object_get(json_obj(json_array_get(read, 0), "body"), "locations"), 0), item);
}

/* A redacted place hides all places of the service but those that the record still shows, as they were or by name. */
static bool
is_hidden(const json_t *body, const json_t *item)
{
	bool any = false, shown = false, named = false;
	json_t *place;
	size_t i;

	json_array_foreach(json_object_get(body, "locations"), i, place) {
		if (is_read_of(place, item) && !is_redacted(place))
			return false;
		any = any || is_redacted(place);
		shown = shown || (!is_redacted(place) && names(place, item) > 0);
		named = named || (is_redacted(place) && names(place, item) > 0);
	}
	return any && (named || !shown);
}

static bool
all_blank(const json_t *o, const char * const keys[], size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (!walk_absent(json_object_get(o, keys[i])))
			return false;
	}
	return true;
}

/* Does ${object} say of the place only what a record may? */
static bool
is_bare(const json_t *object)
{
	static const char * const known[] = { "id", "location_type", "name", "addresses", "accessibility", NULL };
	static const char * const secrets[] = { "address_1", "address_2", "postal_code", "attention" };
	const char *key;
	json_t *v;
	size_t i;

	json_object_foreach((json_t *)object, key, v) {
		bool may = false;

		for (i = 0; known[i] != NULL; i++)
			may = may || strcmp(key, known[i]) == 0;
		if (!may)
			return false;
	}
	json_array_foreach(json_object_get(object, "addresses"), i, v) {
		if (!all_blank(v, secrets, nelem(secrets)))
			return false;
	}
	return true;
}

/* Had the file this place hidden already, as we write them, and the record the same places? */
static bool
is_as_was(const struct merge *m, const char *source, const json_t *body, const json_t *object)
{
	json_t *record;
	size_t i;

	if (!is_bare(object))
		return false;
	json_array_foreach(m->records, i, record) {
		if (strcmp(json_str(record, "source"), source) == 0)
			return json_equal(json_object_get(json_obj(record, "body"), "locations"), json_object_get(body, "locations"));
	}
	return false;
}

/* The location that says of ${place} (or NULL) what a record may. */
static json_t *
stand_in(const char *service, unsigned n, const json_t *place)
{
	struct writer w = { .seed = service };
	autojson json_t *body = place != NULL ? json_pack("{s:[O]}", "locations", place) : json_object();
	autojson json_t *out = json_object();
	json_t *location;
	char id[UUID_LEN + 1];

	if (body == NULL || out == NULL || write_locations(&w, body, out) != 0)
		return NULL;
	location = json_obj(json_array_get(json_object_get(out, "service_at_locations"), 0), "location");
	location = location != NULL ? json_incref(location) : json_pack("{s:s}", "location_type", "physical");
	/* Not made of the place's own identifier, by which others know its address. */
	write_uuid(service, UINT32_MAX - n, id);
	if (json_object_set_new(location, "id", json_string(id)) != 0) {
		json_decref(location);
		return NULL;
	}
	return location;
}

/* Calls ${fn} for each place of ${m} that its service's record hides. */
static int
each_hidden(const struct merge *m, int (*fn)(void *, const char *service, const json_t *body, json_t *item, json_t *object),
    void *cookie)
{
	const char *service = "";
	autojson json_t *source = NULL;
	const json_t *body = NULL;
	json_t *row;
	size_t i;
	int r = 0;

	json_array_foreach(m->origins, i, row) {
		const char *what = json_string_value(json_array_get(row, 0));
		json_t *item = json_array_get(row, 1), *object = json_array_get(row, 2);

		if (strcmp(what, HSDS_SERVICE) == 0) {
			json_decref(source);
			source = merge_source(json_string_value(item));
			if (source == NULL)
				return -ENOMEM;
			service = json_string_value(item);
			body = json_object_get(m->now, json_string_value(source));
		} else if (strcmp(what, "locations") == 0 && r == 0 && is_hidden(body, item) &&
		    !is_as_was(m, json_string_value(source), body, object)) {
			r = fn(cookie, service, body, item, object);
		}
	}
	return r;
}

static int
collect(void *cookie, const char *service, const json_t *body, json_t *item, json_t *object)
{
	json_t *ids = cookie;
	const char *id = json_str(object, "id");

	if (id == NULL || json_object_get(ids, id) != NULL)
		return 0;
	return json_object_set_new(ids, id, stand_in(service, (unsigned)json_object_size(ids), hidden_as(body, item))) == 0 ?
	    0 : -ENOMEM;
}

int
hide_collect(const struct merge *m, json_t *ids)
{
	return each_hidden(m, collect, ids);
}

struct hiding {
	const json_t	*ids;
	json_t		*places;	/* Set: each with its stand-in. */
	json_t		*gone;		/* Set: its rows, each with null. */
	json_t		*secrets;	/* Texts that give it away. */
	json_t		*services;	/* Set: what records were made of. */
};

static int
secret(struct hiding *h, const json_t *v)
{
	if (json_string_length(v) < SECRET_MIN || json_array_size(h->secrets) >= SECRETS_MAX)
		return 0;
	return json_array_append(h->secrets, (json_t *)(uintptr_t)v) == 0 ? 0 : -ENOMEM;
}

/* A row of a table may be of something else too: then only the tie is cut. */
static int
drop_row(struct hiding *h, json_t *row)
{
	static const char * const links[] = { "organization_id", "service_id", "service_at_location_id", "contact_id" };

	for (size_t i = 0; i < nelem(links); i++) {
		if (json_object_get(row, links[i]) != NULL) {
			(void)json_object_del(row, "location_id");
			return 0;
		}
	}
	return tree_add(h->gone, row, json_null());
}

static int
hide(struct hiding *h, json_t *place, json_t *instead)
{
	const char *key;
	json_t *v, *item;
	size_t i;
	int r = tree_get(h->places, place) == NULL ? tree_add(h->places, place, instead) : 0;

	json_array_foreach(json_object_get(place, "addresses"), i, item) {
		if (r == 0)
			r = secret(h, json_object_get(item, "address_1"));
	}
	if (r == 0)
		r = secret(h, json_object_get(place, "external_identifier"));
	json_object_foreach(place, key, v) {
		json_array_foreach(v, i, item) {
			if (r == 0 && json_is_object(item))
				r = drop_row(h, item);
		}
	}
	return r;
}

static int
hide_item(void *cookie, const char *service, const json_t *body, json_t *item, json_t *object)
{
	struct hiding *h = cookie;
	const char *id = json_str(object, "id");
	json_t *known = id != NULL ? json_object_get(h->ids, id) : NULL;
	autojson json_t *instead = known != NULL ? json_incref(known) :
	    stand_in(service, (unsigned)json_object_size(h->places) + 1000000, hidden_as(body, item));

	return instead != NULL ? hide(h, object, instead) : -ENOMEM;
}

static int
hide_known(struct hiding *h, json_t *place)
{
	const char *id = json_str(place, "id");
	json_t *instead = id != NULL ? json_object_get(h->ids, id) : NULL;

	return instead != NULL ? hide(h, place, instead) : 0;
}

/* Places among the members of ${o} with a known identifier. */
static int
find_places(void *cookie, json_t *o)
{
	static const char * const lists[] = { "locations", "locations.csv" };
	struct hiding *h = cookie;
	json_t *item;
	size_t i;
	int r = hide_known(h, json_obj(o, "location"));

	for (size_t k = 0; k < nelem(lists); k++) {
		json_array_foreach(json_object_get(o, lists[k]), i, item) {
			if (r == 0)
				r = hide_known(h, item);
		}
	}
	return r;
}

/* Of a service at a hidden place, what a record reads of it. */
static int
bare(struct hiding *h, json_t *o)
{
	static const char * const known[] = {
		"id", "service_id", "service", "location_id", "location", "email", "phones", "contacts", "schedules", "service_areas",
	};
	json_t *place = json_object_get(o, "location"), *v;
	const char *link = json_str(o, "location_id"), *key;
	void *next;

	if (!json_is_object(o) || tree_get(h->services, o) != NULL || ((place == NULL || tree_get(h->places, place) == NULL) &&
	    (link == NULL || json_object_get(h->ids, link) == NULL)))
		return 0;
	json_object_foreach_safe(o, next, key, v) {
		bool keep = false;

		for (size_t i = 0; i < nelem(known); i++)
			keep = keep || strcmp(key, known[i]) == 0;
		if (!keep && json_object_del(o, key) != 0)
			return -ENOMEM;
	}
	return 0;
}

static int
bare_each(void *cookie, json_t *o)
{
	static const char * const lists[] = { "service_at_locations", "service_at_location.csv" };
	struct hiding *h = cookie;
	json_t *item;
	size_t i;
	int r = json_obj(o, "service") != NULL ? bare(h, o) : 0;

	for (size_t k = 0; k < nelem(lists); k++) {
		json_array_foreach(json_object_get(o, lists[k]), i, item) {
			if (r == 0)
				r = bare(h, item);
		}
	}
	return r;
}

static bool
tells(const struct hiding *h, const char *text)
{
	json_t *v;
	size_t i;

	json_array_foreach(h->secrets, i, v) {
		if (strcasestr(text, json_string_value(v)) != NULL)
			return true;
	}
	return false;
}

/* Puts stand-ins in, in place; texts that repeat an address go. */
static int
blank(void *cookie, json_t *o)
{
	struct hiding *h = cookie;
	json_t *instead = tree_get(h->places, o), *v;
	const char *key, *link = json_str(o, "location_id");
	void *next;

	if (instead != NULL) {
		autojson json_t *copy = json_deep_copy(instead);

		return copy != NULL && json_object_clear(o) == 0 && json_object_update(o, copy) == 0 ? 0 : -ENOMEM;
	}
	if (link != NULL && (instead = json_object_get(h->ids, link)) != NULL &&
	    json_object_set(o, "location_id", json_object_get(instead, "id")) != 0)
		return -ENOMEM;
	json_object_foreach_safe(o, next, key, v) {
		/* A service is found by its name, and its record says that. */
		if (json_is_string(v) && strcmp(key, "id") != 0 && strcmp(key, "name") != 0 && tells(h, json_string_value(v)) &&
		    json_object_del(o, key) != 0)
			return -ENOMEM;
	}
	return 0;
}

/* A record that shows what another hides. */
static int
hide_now(struct merge *m, const struct hiding *h)
{
	static const char * const secrets[] = { "address", "postal_code", "latitude_e6", "longitude_e6" };
	json_t *body = NULL, *row, *place;
	size_t i, k;

	json_array_foreach(m->origins, i, row) {
		const char *what = json_string_value(json_array_get(row, 0));
		json_t *item = json_array_get(row, 1);

		if (strcmp(what, HSDS_SERVICE) == 0) {
			autojson json_t *source = merge_source(json_string_value(item));

			if (source == NULL)
				return -ENOMEM;
			body = json_object_get(m->now, json_string_value(source));
		}
		if (strcmp(what, "locations") != 0 || tree_get(h->places, json_array_get(row, 2)) == NULL)
			continue;
		json_array_foreach(json_object_get(body, "locations"), k, place) {
			if (!json_equal(place, item))
				continue;
			for (size_t s = 0; s < nelem(secrets); s++)
				(void)json_object_del(place, secrets[s]);
			if (json_object_set_new(place, "visibility", json_string("redacted")) != 0)
				return -ENOMEM;
		}
	}
	return 0;
}

int
hide_apply(struct merge *m, const json_t *ids)
{
	autojson json_t *places = json_object();
	autojson json_t *gone = json_object();
	autojson json_t *secrets = json_array();
	autojson json_t *services = json_object();
	struct hiding h = { ids, places, gone, secrets, services };
	json_t *row;
	size_t i;
	int r;

	if (places == NULL || gone == NULL || secrets == NULL || services == NULL)
		return -ENOMEM;
	r = each_hidden(m, hide_item, &h);
	json_array_foreach(m->origins, i, row) {
		if (r == 0 && strcmp(json_string_value(json_array_get(row, 0)), HSDS_SERVICE) == 0)
			r = tree_add(services, json_array_get(row, 2), NULL);
	}
	if (r == 0)
		r = tree_each(m->root, find_places, &h);
	if (r != 0 || json_object_size(places) == 0)
		return r;
	r = hide_now(m, &h);
	if (r == 0)
		r = tree_each(m->root, bare_each, &h);
	if (r == 0)
		r = tree_each(m->root, blank, &h);
	return r == 0 ? tree_swap(&m->root, gone) : r;
}
