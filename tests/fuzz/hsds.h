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
	json_array_foreach(unmapped, i, row) {
		claim(json_str(row, "path") != NULL && json_str(row, "path")[0] == '$' && json_object_size(row) == 2);
		claim(json_str(row, "why") != NULL && *json_str(row, "why") != '\0');
	}
}

#endif /* !CAIRN_FUZZ_HSDS_H */
