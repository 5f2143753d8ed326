/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/canon.h"
#include "bridge/formats/hsds.h"
#include "cairn.h"

/* Asks for the program ${item} of a list of records, which a list does not hold in full. */
static int
fetch(struct cairn *c, const json_t *item, json_t *records)
{
	const json_t *id = json_object_get(item, "id");
	autojson json_t *request = json_pack("{s:O, s:b}", "id", id, "draft", 1);
	autojson json_t *record = NULL;
	int r;

	if (request == NULL)
		return out_problem(c, EXIT_FATAL, NULL, "the node lists a record without an id");
	r = client_call(c, "show", request, &record);
	if (r != EXIT_OK)
		return r;
	if (json_obj(record, "body") == NULL)
		return out_problem(c, EXIT_FATAL, NULL, "the node shows a record without a body");
	return json_array_append(records, record) == 0 ? EXIT_OK : out_problem(c, EXIT_FATAL, NULL, "out of memory");
}

static int
fetch_all(struct cairn *c, json_t *records)
{
	autojson json_t *request = json_pack("{s:s}", "what", "records");
	autojson json_t *list = NULL;
	json_t *item;
	size_t i;
	int r = request != NULL ? client_call(c, "list", request, &list) : out_problem(c, EXIT_FATAL, NULL, "out of memory");

	json_array_foreach(json_arr(list, "items"), i, item) {
		const char *kind = json_str(item, "kind");

		if (r == EXIT_OK && kind != NULL && strcmp(kind, "program") == 0)
			r = fetch(c, item, records);
	}
	return r;
}

int
export_hsds(struct cairn *c, const struct verb *v, json_t *args)
{
	const char *path = json_str(args, "out");
	autojson json_t *records = json_array();
	autojson json_t *doc = NULL;
	struct config config;
	struct err err = { "" };
	int r;

	(void)v;
	if (records == NULL)
		return out_problem(c, EXIT_FATAL, NULL, "out of memory");
	r = fetch_all(c, records);
	if (r != EXIT_OK)
		return r;
	r = client_config(c, &config);
	if (r != EXIT_OK)
		return r;
	r = hsds_write(records, config.organization, &doc, &err);
	config_free(&config);
	if (r != 0)
		return out_problem(c, EXIT_FATAL, NULL, "%s", err.text[0] != '\0' ? err.text : err_name(r));
	if (path == NULL)
		return out_json(doc);
	r = keys_write(c, doc, path);
	if (r != EXIT_OK)
		return r;
	if (c->json)
		return out_json(json_object_get(doc, "total_items"));
	out_line("%s: %zu program%s", path, json_array_size(records), json_array_size(records) == 1 ? "" : "s");
	return EXIT_OK;
}
