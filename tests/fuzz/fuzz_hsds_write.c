/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Export: what a node holds, written as HSDS and read again: the same bodies, each under its own
 * source, all of them in the schema; what is written depends on the records alone.
 *
 * An input is a record {"id", "source", "body"} or a list of them.  A node holds only what its
 * schema accepts, so of a body what is refused is left out, member by member.
 */
#include <stdio.h>

#include "hsds.h"

const unsigned fuzz_changes = 300;

enum { RECORDS_MAX = 8, SOURCE_MAX = 255, ID_MAX = 100 };

#define SOURCE	"hsds:service/"

static const struct ev_desc *program;

/* Of ${body} what the schema accepts; a name and a description there are always. */
static json_t *
sound(const json_t *body)
{
	json_t *whole = json_pack("{s:s, s:s}", "name", "N", "description", "D");
	const char *key;
	json_t *value;

	json_object_foreach((json_t *)(uintptr_t)body, key, value) {
		autojson json_t *with = json_copy(whole);

		claim(json_object_set(with, key, value) == 0);
		if (event_check(program, with, NULL) == 0)
			claim(json_object_set(whole, key, value) == 0);
	}
	return whole;
}

/* The records that a node could hold: each source, or id, once. */
static json_t *
held(const json_t *wish)
{
	autojson json_t *seeds = json_object();
	json_t *records = json_array();
	const json_t *one;
	size_t i;

	json_array_foreach(wish, i, one) {
		const char *source = json_str(one, "source"), *id = json_str(one, "id");
		const char *seed = source != NULL ? source : id;
		json_t *record;

		if (seed == NULL || *seed == '\0' || strlen(seed) > SOURCE_MAX || json_array_size(records) == RECORDS_MAX ||
		    json_object_get(seeds, seed) != NULL)
			continue;
		(void)json_object_set_new(seeds, seed, json_true());
		record = json_pack("{s:o}", "body", sound(json_obj((json_t *)(uintptr_t)one, "body")));
		if (id != NULL)
			(void)json_object_set_new(record, "id", json_string(id));
		if (source != NULL)
			(void)json_object_set_new(record, "source", json_string(source));
		(void)json_array_append_new(records, record);
	}
	return records;
}

/* A plain source of a service: what HSDS calls it, it keeps. */
static bool
from_hsds(const char *source)
{
	size_t n = source != NULL ? strlen(source) : 0;

	if (n <= strlen(SOURCE) || n > strlen(SOURCE) + ID_MAX || strncmp(source, SOURCE, strlen(SOURCE)) != 0)
		return false;
	for (const char *s = source; *s != '\0'; s++)
		if (*s <= ' ' || *s >= 0x7f)
			return false;
	return true;
}

static void
same_body(const json_t *record, const json_t *again)
{
	const char *source = json_str(record, "source");
	const json_t *body = json_object_get(record, "body");
	autojson json_t *read = json_deep_copy(json_object_get(again, "body"));

	if (from_hsds(source))
		claim(strcmp(json_str(again, "source"), source) == 0);
	if (json_object_get(body, "source") == NULL)
		claim(json_object_del(read, "source") == 0);
	if (!json_equal(body, read)) {
		fprintf(stderr, "held: ");
		(void)json_dumpf(body, stderr, JSON_SORT_KEYS);
		fprintf(stderr, "\nread: ");
		(void)json_dumpf(read, stderr, JSON_SORT_KEYS);
		fuzz_fail(__FILE__, __LINE__, "\nthe body that is read is the one that was written");
	}
}

int
LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc, (void)argv;
	fuzz_start();
	program = event_find(ev_records, ev_n_records, "program");
	claim(program != NULL);
	return 0;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	autojson json_t *wish = fuzz_json(data, len), *list = NULL, *records = NULL, *before = NULL;
	autojson json_t *page = NULL, *twice = NULL, *read = NULL, *unmapped = NULL;
	struct err err = { "" };
	size_t n;

	list = json_is_object(wish) ? json_pack("[O]", wish) : json_incref(wish);
	records = held(list);
	before = json_deep_copy(records);
	n = json_array_size(records);
	claim(hsds_write(records, "Harbor", NULL, &page, &err) == 0);
	claim(hsds_write(records, "Harbor", NULL, &twice, &err) == 0);
	claim(json_equal(records, before) && json_equal(page, twice));
	claim(json_int(page, "total_items", -1) == (json_int_t)n);
	claim(json_is_true(json_object_get(page, "empty")) == (n == 0));
	if (n == 0)
		return 0;
	hsds_holds(page);
	claim(hsds_read(page, &read, &unmapped, &err) == 0);
	claim(json_array_size(read) == n);
	for (size_t i = 0; i < n; i++)
		same_body(json_array_get(records, i), json_array_get(read, i));
	return 0;
}
