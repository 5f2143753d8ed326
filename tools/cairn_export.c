/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "base/canon.h"
#include "base/newfile.h"
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

/* The files that the node keeps, [{name, doc}], the last imported last. */
static int
fetch_feeds(struct cairn *c, json_t *feeds)
{
	autojson json_t *request = json_pack("{s:s}", "what", "feeds");
	autojson json_t *list = NULL;
	json_t *item;
	size_t i;
	int r = request != NULL ? client_call(c, "list", request, &list) : out_problem(c, EXIT_FATAL, NULL, "out of memory");

	json_array_foreach(json_arr(list, "items"), i, item) {
		const char *name = json_str(item, "name");
		autojson json_t *ask = json_pack("{s:s}", "feed", name != NULL ? name : "");
		autojson json_t *answer = NULL, *doc = NULL;
		struct err err = { "" };
		int joined;

		if (r == EXIT_OK)
			r = ask != NULL ? client_call(c, "show", ask, &answer) : out_problem(c, EXIT_FATAL, NULL, "out of memory");
		if (r != EXIT_OK)
			return r;
		joined = hsds_join(json_arr(answer, "parts"), &doc, &err);
		if (joined == E_NOTFOUND)
			continue;	/* All of it was withdrawn. */
		if (joined != 0)
			return out_problem(c, EXIT_FATAL, NULL, "%s: %s", name, err.text[0] != '\0' ? err.text : err_name(joined));
		if (json_array_append_new(feeds, json_pack("{s:s, s:O}", "name", name, "doc", doc)) != 0)
			return out_problem(c, EXIT_FATAL, NULL, "out of memory");
	}
	return r;
}

/* What is hidden in one file is hidden in all: first every file is asked, then each is merged in place. */
static int
merge(const json_t *records, json_t *feeds, struct err *err)
{
	autojson json_t *ids = json_object();
	json_t *feed;
	size_t i;
	int r = ids != NULL ? 0 : -ENOMEM;

	json_array_foreach(feeds, i, feed) {
		if (r == 0)
			r = hsds_hidden(json_object_get(feed, "doc"), records, ids, err);
	}
	json_array_foreach(feeds, i, feed) {
		json_t *doc = NULL;

		if (r == 0)
			r = hsds_merge(json_object_get(feed, "doc"), records, ids, &doc, err);
		if (r == E_NOTFOUND)
			r = json_object_del(feed, "doc") == 0 ? 0 : -ENOMEM;
		else if (r == 0 && json_object_set_new(feed, "doc", doc) != 0)
			r = -ENOMEM;
	}
	return r;
}

/* All programs as a page; of a service in several files the last imported has the say. */
static int
make_page(const json_t *records, const json_t *feeds, const char *organization, json_t **ret, struct err *err)
{
	autojson json_t *kept = json_object();
	int r = kept != NULL ? 0 : -ENOMEM;

	for (size_t i = json_array_size(feeds); r == 0 && i-- > 0;) {
		const json_t *doc = json_object_get(json_array_get(feeds, i), "doc");
		autojson json_t *services = json_object();

		if (doc == NULL)
			continue;
		r = services != NULL ? hsds_full(doc, services, err) : -ENOMEM;
		if (r == 0 && json_object_update_missing(kept, services) != 0)
			r = -ENOMEM;
	}
	return r == 0 ? hsds_write(records, organization, kept, ret, err) : r;
}

/* The file ${name}, in its own shape. */
static int
pick(const char *name, const json_t *feeds, json_t **ret, struct err *err)
{
	json_t *feed;
	size_t i;

	json_array_foreach(feeds, i, feed) {
		json_t *doc = json_object_get(feed, "doc");

		if (strcmp(json_str(feed, "name"), name) == 0 && doc != NULL) {
			*ret = json_incref(doc);
			return 0;
		}
	}
	return err_set(err, E_NOTFOUND, "%s: no file is kept under this name, or all in it was withdrawn", name);
}

int
export_hsds(struct cairn *c, const struct verb *v, json_t *args)
{
	const char *path = json_str(args, "out");
	const char *feed = json_str(args, "feed");
	autojson json_t *records = json_array();
	autojson json_t *feeds = json_array();
	autojson json_t *doc = NULL;
	struct config config;
	struct err err = { "" };
	int r;

	(void)v;
	if (records == NULL || feeds == NULL)
		return out_problem(c, EXIT_FATAL, NULL, "out of memory");
	r = fetch_all(c, records);
	if (r == EXIT_OK)
		r = fetch_feeds(c, feeds);
	if (r != EXIT_OK)
		return r;
	r = client_config(c, &config);
	if (r != EXIT_OK)
		return r;
	r = merge(records, feeds, &err);
	if (r == 0)
		r = feed != NULL ? pick(feed, feeds, &doc, &err) : make_page(records, feeds, config.organization, &doc, &err);
	config_free(&config);
	if (r != 0)
		return out_problem(c, r == E_NOTFOUND ? EXIT_BAD : EXIT_FATAL, r == E_NOTFOUND ? "cairn list feeds shows the names" : NULL,
		    "%s", err.text[0] != '\0' ? err.text : err_name(r));
	if (path == NULL)
		return out_json(doc);
	r = keys_write(c, doc, path);
	if (r != EXIT_OK)
		return r;
	if (c->json)
		return out_json(feed != NULL ? json_object_get(args, "feed") : json_object_get(doc, "total_items"));
	if (feed != NULL) {
		out_line("%s: what was imported as %s, with what was edited here since", path, feed);
		return EXIT_OK;
	}
	out_line("%s: %zu program%s", path, json_array_size(records), json_array_size(records) == 1 ? "" : "s");
	return EXIT_OK;
}

/* What the node answers of one part, behind what others have. */
static int
merge_part(const json_t *answer, json_t *doc)
{
	const char *name;
	json_t *items;

	json_object_foreach(json_obj(answer, "sections"), name, items) {
		json_t *list = json_object_get(doc, name);

		if (list == NULL && json_object_set_new(doc, name, list = json_array()) != 0)
			return -ENOMEM;
		if (json_array_extend(list, items) != 0)
			return -ENOMEM;
	}
	return 0;
}

/* One part, as many answers as it takes. */
static int
fetch_part(struct cairn *c, const json_t *id, const json_t *part, json_t *doc)
{
	long long after = 0;
	int r = EXIT_OK;

	do {
		autojson json_t *request = json_pack("{s:O, s:O, s:I}", "id", id, "part", part, "after", (json_int_t)after), *answer = NULL;

		if (request == NULL)
			return out_problem(c, EXIT_FATAL, NULL, "out of memory");
		if ((r = client_call(c, "export member", request, &answer)) != EXIT_OK)
			return r;
		if (merge_part(answer, doc) != 0)
			return out_problem(c, EXIT_FATAL, NULL, "out of memory");
		after = json_int(answer, "next", 0);
	} while (after > 0);
	return r;
}

static int
write_member(const struct cairn *c, json_t *doc, const char *path)
{
	autosecret char *text = NULL;
	struct err err = { "" };
	int r = time_to_text(doc);

	if (r == 0 && (text = json_text(doc, JSON_INDENT(2))) == NULL)
		r = -ENOMEM;
	if (r == 0)
		r = newfile_make(path, 0600, text, strlen(text), &err);
	return r == 0 ? EXIT_OK : out_problem(c, EXIT_FATAL, NULL, "%s", err.text[0] != '\0' ? err.text : err_name(r));
}

int
export_member(struct cairn *c, const struct verb *v, json_t *args)
{
	const char *path = json_str(args, "out");
	const json_t *id = json_object_get(args, "id");
	autojson json_t *request = json_pack("{s:O}", "id", id), *doc = NULL, *parts = NULL;
	json_t *part;
	struct stat st;
	size_t i;
	int r;

	(void)v;
	if (lstat(path, &st) == 0)
		return out_problem(c, EXIT_REFUSED, "name a file that is not there", "%s exists and is left as it is", path);
	if (request == NULL)
		return out_problem(c, EXIT_FATAL, NULL, "out of memory");
	if ((r = client_call(c, "export member", request, &doc)) != EXIT_OK)
		return r;
	parts = json_incref(json_arr(doc, "parts"));
	(void)json_object_del(doc, "parts");
	json_array_foreach(parts, i, part)
		if ((r = fetch_part(c, id, part, doc)) != EXIT_OK)
			return r;
	if ((r = write_member(c, doc, path)) != EXIT_OK)
		return r;
	if (c->json)
		return out_json(json_object_get(args, "out"));
	out_line("%s: all that is kept of them. Hand it over yourself, and delete it.", path);
	return EXIT_OK;
}
