/* SPDX-License-Identifier: Apache-2.0 */
/* hsds.h: the services of a document in full, whatever its shape. */
#include <errno.h>
#include <string.h>

#include "base/canon.h"
#include "hsds.h"
#include "hsds_merge.h"
#include "hsds_table.h"
#include "hsds_write.h"

/* ${service} under its source; one that is there already gets its places. */
static int
keep(json_t *kept, json_t *service)
{
	const char *id = json_str(service, "id");
	autojson json_t *source = id != NULL ? merge_source(id) : NULL;
	json_t *before = source != NULL ? json_object_get(kept, json_string_value(source)) : NULL, *place;
	size_t i;

	if (source == NULL)
		return id != NULL ? -ENOMEM : 0;
	if (before == NULL)
		return json_object_set(kept, json_string_value(source), service) == 0 ? 0 : -ENOMEM;
	json_array_foreach(json_object_get(service, "service_at_locations"), i, place) {
		if (write_append(before, "service_at_locations", json_incref(place)) != 0)
			return -ENOMEM;
	}
	return 0;
}

static const json_t *
place_with(const json_t *organization, const char *id)
{
	json_t *place;
	size_t i;

	json_array_foreach(json_object_get(organization, "locations"), i, place) {
		if (json_str(place, "id") != NULL && strcmp(json_str(place, "id"), id) == 0)
			return place;
	}
	return NULL;
}

/* What it only refers to comes with it. */
static int
from_organization(json_t *kept, const json_t *organization, const json_t *inside)
{
	autojson json_t *service = json_deep_copy(inside);
	autojson json_t *around = json_deep_copy(organization);
	json_t *link;
	size_t i;

	if (service == NULL || around == NULL)
		return -ENOMEM;
	(void)json_object_del(around, "services");
	json_array_foreach(json_object_get(service, "service_at_locations"), i, link) {
		const char *id = json_str(link, "location_id");
		const json_t *place = id != NULL && json_obj(link, "location") == NULL ? place_with(organization, id) : NULL;

		if (place != NULL && json_object_set_new(link, "location", json_deep_copy(place)) != 0)
			return -ENOMEM;
	}
	if (walk_absent(json_object_get(service, "organization")) && json_object_set(service, "organization", around) != 0)
		return -ENOMEM;
	return keep(kept, service);
}

static int
item(json_t *kept, const json_t *o)
{
	json_t *inside = json_obj(o, "service"), *service;
	size_t i;
	int r = 0;

	if (inside != NULL) {
		autojson json_t *place = json_deep_copy(o);
		autojson json_t *copy = json_deep_copy(inside);

		if (place == NULL || copy == NULL)
			return -ENOMEM;
		(void)json_object_del(place, "service");
		r = write_append(copy, "service_at_locations", json_incref(place));
		return r == 0 ? keep(kept, copy) : r;
	}
	if (walk_is_service(o)) {
		autojson json_t *copy = json_deep_copy(o);

		return copy != NULL ? keep(kept, copy) : -ENOMEM;
	}
	json_array_foreach(json_object_get(o, "services"), i, service) {
		if (r == 0)
			r = from_organization(kept, o, service);
	}
	return r;
}

int
hsds_full(const json_t *doc, json_t *kept, struct err *err)
{
	autojson json_t *unmapped = json_array();
	autojson json_t *made = NULL, *rows = NULL, *loose = NULL;
	struct hsds h = { .unmapped = unmapped, .err = err };
	const json_t *list = json_is_array(doc) ? doc : json_object_get(doc, "contents");
	json_t *o;
	size_t i;
	int r = 0;

	if (table_is(doc)) {
		r = unmapped != NULL ? table_join(&h, doc, &made, &rows, &loose, NULL) : -ENOMEM;
		list = made;
	}
	if (r == 0 && !json_is_array(list))
		return item(kept, doc);
	json_array_foreach(list, i, o) {
		if (r == 0)
			r = item(kept, o);
	}
	return r;
}
