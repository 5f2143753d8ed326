/* SPDX-License-Identifier: Apache-2.0 */
/*
 * schedules: schedules of HSDS as those of a record, for test_hsds_times.py.  Each line of standard input is a
 * schedule; its answer is one line {"is": as a record has it or null, "again": after it was exported and read, "lost": paths}.
 */
#include <stdio.h>

#include "base/canon.h"
#include "base/cleanup.h"
#include "bridge/formats/hsds.h"

static json_t *
service(json_t *schedule)
{
	return json_pack("{s:s, s:s, s:s, s:s, s:[O]}", "id", "s", "name", "N", "description", "D", "status", "active", "schedules", schedule);
}

static json_t *
first_of(const json_t *records)
{
	return json_array_get(json_arr(json_obj(json_array_get(records, 0), "body"), "schedules"), 0);
}

static void
answer(json_t *schedule)
{
	autojson json_t *doc = service(schedule), *records = NULL, *lost = NULL, *page = NULL, *again = NULL, *rest = NULL, *out = NULL;
	autojson json_t *paths = json_array();
	autofree char *text = NULL;
	struct err err = { "" };
	json_t *row;
	size_t i;

	if (hsds_read(doc, &records, &lost, &err) != 0 || hsds_write(records, "N", NULL, &page, &err) != 0 ||
	    hsds_read(page, &again, &rest, &err) != 0) {
		printf("{\"bad\": \"%s\"}\n", err.text);
		return;
	}
	json_array_foreach(lost, i, row)
		(void)json_array_append(paths, json_object_get(row, "path"));
	out = json_pack("{s:O?, s:O?, s:O}", "is", first_of(records), "again", first_of(again), "lost", paths);
	text = json_dumps(out, JSON_COMPACT);
	printf("%s\n", text);
}

int
main(void)
{
	static char line[64 * 1024];

	while (fgets(line, sizeof(line), stdin) != NULL) {
		autojson json_t *schedule = json_loads(line, 0, NULL);

		answer(schedule);
	}
	return 0;
}
