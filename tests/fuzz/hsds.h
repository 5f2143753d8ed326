/* SPDX-License-Identifier: Apache-2.0 */
/* hsds: what holds of a document in HSDS that is read, for the targets that make one. */
#ifndef CAIRN_FUZZ_HSDS_H
#define CAIRN_FUZZ_HSDS_H

#include "base/canon.h"
#include "base/event.h"
#include "bridge/formats/hsds.h"
#include "events.h"
#include "fuzz.h"

/* Records that a node takes: its schema accepts each, as it is, and each source is there once. */
static inline void
hsds_records_hold(const json_t *records)
{
	const struct ev_desc *program = event_find(ev_records, ev_n_records, "program");
	autojson json_t *sources = json_object();
	const json_t *item;
	struct err err = { "" };
	size_t i;

	claim(program != NULL && json_is_array(records));
	json_array_foreach(records, i, item) {
		const char *source = json_str(item, "source");

		claim(json_object_size(item) == 3 && source != NULL && strncmp(source, "hsds:service/", 13) == 0);
		claim(json_object_get(sources, source) == NULL);
		(void)json_object_set_new(sources, source, json_true());
		claim(json_str(item, "kind") != NULL && strcmp(json_str(item, "kind"), "program") == 0);
		if (event_check(program, json_obj(item, "body"), &err) != 0)
			fuzz_fail(__FILE__, __LINE__, err.text);
	}
}

/* What a redacted place does not say. */
static const char *const hsds_secret[] = { "address", "postal_code", "latitude_e6", "longitude_e6" };

/* The body of ${record} with something of each kind edited; NULL if that is no program any more. */
static inline json_t *
hsds_edited(const json_t *record, size_t i)
{
	const struct ev_desc *program = event_find(ev_records, ev_n_records, "program");
	autojson json_t *body = json_deep_copy(json_obj(record, "body"));
	json_t *list = json_object_get(body, "schedules"), *place = json_array_get(json_object_get(body, "locations"), 0);
	struct err err = { "" };

	(void)json_object_set_new(body, "description", json_string("Edited."));
	(void)json_object_set_new(body, "anonymity", json_string("alias_welcome"));
	if (i % 2 == 0)
		(void)json_object_del(body, "languages");
	if (json_array_size(list) > 1)
		(void)json_array_remove(list, 0);
	else if (list != NULL)
		(void)json_object_set_new(json_array_get(list, 0), "opens", json_string("03:07"));
	if (json_object_get(body, "contacts") == NULL)
		(void)json_object_set_new(body, "contacts", json_array());
	(void)json_array_append_new(json_object_get(body, "contacts"), json_pack("{s:s, s:s}", "how", "phone", "value", "+1 555 0177"));
	if (place != NULL && i % 3 == 0) {
		for (size_t k = 0; k < nelem(hsds_secret); k++)
			(void)json_object_del(place, hsds_secret[k]);
		(void)json_object_set_new(place, "visibility", json_string("redacted"));
	}
	return event_check(program, body, &err) == 0 ? json_incref(body) : NULL;
}

/* Has it a place of a type that makes it confidential?  Such a one does not go out as it came. */
static inline bool
hsds_confidential(const json_t *value)
{
	const char *type = json_str(value, "location_type"), *key;
	const json_t *member;
	size_t i;

	if (type != NULL && strcmp(type, "physical") != 0 && strcmp(type, "virtual") != 0 && strcmp(type, "postal") != 0)
		return true;
	json_object_foreach((json_t *)(uintptr_t)value, key, member)
		if (hsds_confidential(member))
			return true;
	json_array_foreach(value, i, member)
		if (hsds_confidential(member))
			return true;
	return false;
}

/* Have two rows of one table the same identifier? */
static inline bool
hsds_same_ids(const json_t *doc)
{
	const char *name;
	json_t *table, *row;
	size_t i;

	json_object_foreach((json_t *)(uintptr_t)doc, name, table) {
		autojson json_t *ids = json_object();
		const char *end = strrchr(name, '.');

		if (end == NULL || strcmp(end, ".csv") != 0)
			continue;
		json_array_foreach(table, i, row) {
			const char *id = json_str(row, "id");

			if (id != NULL && json_object_get(ids, id) != NULL)
				return true;
			if (id != NULL)
				claim(json_object_set_new(ids, id, json_true()) == 0);
		}
	}
	return false;
}

/* Each of the places ${theirs} is one of ${mine}, or was hidden with another of its identifier. */
static inline void
hsds_places_hold(const json_t *mine, const json_t *theirs)
{
	json_t *place, *other;
	size_t i, k;

	claim((json_array_size(mine) == 0) == (json_array_size(theirs) == 0) && json_array_size(theirs) <= json_array_size(mine));
	json_array_foreach(theirs, i, place) {
		const char *visibility = json_str(place, "visibility");
		bool same = false;

		json_array_foreach(mine, k, other)
			same |= json_equal(place, other);
		if (same)
			continue;
		claim(visibility != NULL && strcmp(visibility, "redacted") == 0);
		for (k = 0; k < nelem(hsds_secret); k++)
			claim(json_object_get(place, hsds_secret[k]) == NULL);
	}
}

/* What is kept of a document: it comes back, and what was edited is in it. */
static inline void
hsds_kept_holds(const json_t *doc, const json_t *read)
{
	autojson json_t *parts = NULL, *joined = NULL, *ids = json_object(), *merged = NULL, *records = json_deep_copy(read);
	autojson json_t *edited = NULL, *again = NULL, *lost = NULL, *kept = json_object();
	struct err err = { "" };
	json_t *record;
	size_t i;
	int r;

	if (hsds_split(doc, &parts, &err) == E_BAD)
		return;
	claim(hsds_join(parts, &joined, &err) == 0 && json_equal(joined, doc));
	if (hsds_merge(doc, records, ids, &merged, &err) != 0)
		fuzz_fail(__FILE__, __LINE__, err.text);
	claim(json_equal(merged, doc) || hsds_confidential(doc));
	json_array_foreach(records, i, record) {
		json_t *body = hsds_edited(record, i);

		if (body != NULL)
			(void)json_object_set_new(record, "body", body);
	}
	claim(hsds_hidden(doc, records, ids, &err) == 0);
	r = hsds_merge(doc, records, ids, &edited, &err);
	if (r == E_BAD && hsds_same_ids(doc) && strstr(err.text, "same identifier") != NULL)
		return;
	if (r != 0)
		fuzz_fail(__FILE__, __LINE__, err.text);
	claim(hsds_read(edited, &again, &lost, &err) == 0 && json_array_size(again) == json_array_size(records));
	json_array_foreach(records, i, record) {
		json_t *mine = json_obj(record, "body"), *theirs = json_obj(json_array_get(again, i), "body");

		/* A place that is hidden once is hidden everywhere. */
		if (json_object_size(ids) > 0) {
			hsds_places_hold(json_object_get(mine, "locations"), json_object_get(theirs, "locations"));
			(void)json_object_del(mine, "locations");
			(void)json_object_del(theirs, "locations");
		}
		claim(json_equal(mine, theirs));
	}
	claim(hsds_full(edited, kept, &err) == 0);
}

/* What is true of any document that is read. */
static inline void
hsds_holds(const json_t *doc)
{
	autojson json_t *copy = json_deep_copy(doc), *records = NULL, *unmapped = NULL, *again = NULL, *lost = NULL;
	struct err err = { "" };
	const json_t *row;
	size_t i;
	int r = hsds_read(doc, &records, &unmapped, &err);

	claim(json_equal(copy, doc));
	claim(hsds_read(copy, &again, &lost, NULL) == r);
	if (r != 0) {
		claim(r == E_BAD && records == NULL && unmapped == NULL);
		fuzz_err(&err, true);
		claim(err.text[0] == '$');
		return;
	}
	hsds_records_hold(records);
	/* A file in which nothing was found is refused. */
	claim(json_array_size(records) + json_array_size(unmapped) > 0);
	claim(json_equal(records, again) && json_equal(unmapped, lost));
	hsds_kept_holds(doc, records);
	json_array_foreach(unmapped, i, row) {
		claim(json_str(row, "path") != NULL && json_str(row, "path")[0] == '$' && json_object_size(row) == 2);
		claim(json_str(row, "why") != NULL && *json_str(row, "why") != '\0');
	}
}

#endif /* !CAIRN_FUZZ_HSDS_H */
