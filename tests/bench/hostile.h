/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hostile: records of a partner who wants to slow others down: within the schemas and the 44 KiB of an event, first in every list,
 * offered by the index to every question, and then of no use: a rule of as many terms as there may be, which nobody meets, and
 * schedules that were over long ago, of rules that rarely have a day.
 */
#ifndef CAIRN_BENCH_HOSTILE_H
#define CAIRN_BENCH_HOSTILE_H

#include "filled.h"

enum { HOSTILE = 1000, HOSTILE_ID = 100000000, PARTS = 3, CLAUSES = 8, TIMETABLES = 32, PLACES = 32 };

static inline json_t *
all_of(const char *const *list, size_t n)
{
	json_t *ret = json_array();

	for (size_t i = 0; i < n; i++)
		bench_must(json_array_append_new(ret, json_string(list[i])));
	return ret;
}
#define ALL_OF(list) all_of(list, nelem(list))

/* Each part with as many terms as it may have; none tells until all are looked at. */
static inline json_t *
hostile_rule(int depth)
{
	static const char *const parts[PARTS] = { "all", "any", "none" };
	json_t *ret = json_object();

	if (depth == 2) {
		json_decref(ret);
		return json_pack("{s:s, s:[s, s]}", "kind", "insurance", "insurances", "military", "private");
	}
	for (size_t i = 0; i < PARTS; i++) {
		json_t *list = json_array();

		for (size_t k = 0; k < CLAUSES; k++)
			bench_must(json_array_append_new(list, hostile_rule(depth + 1)));
		bench_must(json_object_set_new(ret, parts[i], list));
	}
	if (depth == 0)
		bench_must(json_array_set_new(json_object_get(ret, "all"), 0, json_pack("{s:[{s:s, s:i}]}", "all", "kind", "age", "age_below", 1)));
	return ret;
}

static inline json_t *
hostile_body(const char *kind)
{
	json_t *body = json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:s, s:o, s:o, s:o}", "name", words(20, true), "description", words(200, true), "languages",
	    ALL_OF(languages), "conditions", ALL_OF(conditions), "audiences", ALL_OF(audiences), "modalities", ALL_OF(modalities), "cost", "free",
	    "session_types", ALL_OF(sessions), "eligible_if", hostile_rule(0), "times", ALL_OF(times)), *list;

	bench_need(body != NULL);
	bench_must(json_object_set_new(body, "capacity", json_pack("{s:i, s:i, s:I}", "open", 9, "maximum", 9, "updated_at", (json_int_t)now)));
	bench_must(json_object_set_new(body, "credential", json_object()));
	if (!strcmp(kind, "specialist"))
		bench_must(json_object_set_new(body, "alias", words(2, true)));
	else {
		list = json_array();
		for (int i = 0; i < TIMETABLES; i++)
			bench_must(json_array_append_new(list, json_pack("{s:s, s:s, s:s, s:i, s:s}", "rule", "FREQ=DAILY;BYDAY=MO;BYMONTHDAY=31;COUNT=8",
			    "from", "2010-01-01", "opens", "00:00", "minutes", 1440, "timezone", PICK(zones))));
		bench_must(json_object_set_new(body, "schedules", list));
		list = json_array();
		for (int i = 0; i < PLACES; i++) {
			struct place at = place();

			bench_must(json_array_append_new(list, json_pack("{s:s, s:i, s:i}", "visibility", "public", "latitude_e6", at.lat, "longitude_e6", at.lon)));
		}
		bench_must(json_object_set_new(body, "locations", list));
	}
	return body;
}

static inline void
hostile_add(struct app *app, int i, const char *kind)
{
	fill_body(app, HOSTILE_ID + i, orgs[0], kind, 300, hostile_body(kind));
}

#endif /* !CAIRN_BENCH_HOSTILE_H */
