/* SPDX-License-Identifier: Apache-2.0 */
/* hsds.h: a document taken apart by its services, and put together again. */
#include <errno.h>
#include <string.h>

#include "base/canon.h"
#include "base/heap.h"
#include "hsds.h"
#include "hsds_table.h"
#include "hsds_tree.h"

#define SOURCE	"hsds:service/"
#define MARK	"org.cairnpeer.kept"	/* Stands for a service that is a part of its own: {MARK: source}. */

/* Text that reads as the same values again: a double has 17 digits. */
static char *
print(const json_t *v)
{
	return json_text(v, JSON_COMPACT | JSON_ENCODE_ANY | JSON_REAL_PRECISION(17));
}

static int
add_part(json_t *parts, const char *source, const json_t *v)
{
	autofree char *text = v != NULL ? print(v) : strdup("");

	return text != NULL && json_array_append_new(parts, json_pack("{s:s, s:s}", "source", source, "text", text)) == 0 ?
	    0 : -ENOMEM;
}

/* Is there nothing that would be taken for a mark, and in tables nothing but plain values? */
static int
plain(const json_t *v, unsigned depth, struct err *err)
{
	const char *key;
	json_t *item;
	size_t i;
	int r = 0;

	if (json_is_object(v) && json_object_get(v, MARK) != NULL)
		return err_set(err, E_BAD, "the file has a member \"%s\", which stands for something here", MARK);
	if (depth == 0 && (json_is_object(v) || json_is_array(v)))
		return err_set(err, E_BAD, "a field of a table is a list or an object");
	json_array_foreach(v, i, item) {
		if (r == 0)
			r = plain(item, depth - 1, err);
	}
	json_object_foreach((json_t *)v, key, item) {
		if (r == 0)
			r = plain(item, depth - 1, err);
	}
	return r;
}

/* Takes the services of ${origins} out of ${doc}, which has them; each becomes a part, once. */
static int
take_out(json_t **doc, const json_t *origins, json_t *parts)
{
	autojson json_t *marks = json_object();
	autojson json_t *seen = json_object();
	json_t *row;
	size_t i;

	json_array_foreach(origins, i, row) {
		const char *id = json_string_value(json_array_get(row, 1));
		json_t *object = json_array_get(row, 2);
		autojson json_t *mark = NULL;

		if (strcmp(json_string_value(json_array_get(row, 0)), HSDS_SERVICE) != 0)
			continue;
		mark = json_pack("{s:o}", MARK, json_sprintf("%s%s", SOURCE, id));
		if (mark == NULL || tree_add(marks, object, mark) != 0)
			return -ENOMEM;
		if (json_object_get(seen, id) == NULL && (json_object_set_new(seen, id, json_true()) != 0 ||
		    add_part(parts, json_str(mark, MARK), object) != 0))
			return -ENOMEM;
	}
	return tree_swap(doc, marks);
}

int
hsds_split(const json_t *doc, json_t **ret_parts, struct err *err)
{
	enum { ROW = 3, ANY = 1 << 30 };	/* Tables, rows, fields. */
	bool tables = table_is(doc);
	autojson json_t *rest = json_deep_copy(doc);
	autojson json_t *parts = json_array();
	autojson json_t *around = json_array();
	autojson json_t *records = NULL;
	autojson json_t *origins = NULL;
	json_t *record;
	size_t i;
	int r = rest != NULL && parts != NULL && around != NULL ? plain(doc, tables ? ROW : ANY, err) : -ENOMEM;

	if (r == 0)
		r = tables ? hsds_read(doc, &records, &origins, err) : walk_trace(rest, &records, &origins, err);
	if (r == 0 && !tables)
		r = take_out(&rest, origins, parts);
	/* Rows of several tables make a service: they stay together. */
	json_array_foreach(records, i, record) {
		if (r == 0 && tables)
			r = add_part(parts, json_str(record, "source"), NULL);
	}
	if (r == 0)
		r = add_part(around, "", rest);
	if (r == 0 && json_array_extend(around, parts) != 0)
		r = -ENOMEM;
	if (r == 0)
		*ret_parts = take(around);
	return r;
}

static json_t *
load(const char *text)
{
	return heap_load(text, strlen(text), JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, NULL);
}

/*
 * What stands for ${v} (stolen): itself with its marks replaced; NULL if a part that it cannot be without is gone.
 * Negative: out of memory or a part that is no JSON.
 */
static int
fill_in(json_t **v, const json_t *parts)
{
	const char *source = json_str(*v, MARK), *key, *text;
	json_t *item;
	void *next;

	if (source != NULL) {
		text = json_str(parts, source);
		json_decref(*v);
		*v = text != NULL ? load(text) : NULL;
		return text != NULL && *v == NULL ? E_BAD : 0;
	}
	for (size_t i = 0; i < json_array_size(*v);) {
		json_t *inside = json_incref(json_array_get(*v, i));
		int r = fill_in(&inside, parts);

		if (r != 0 || (inside != NULL && json_array_set(*v, i, inside) != 0)) {
			json_decref(inside);
			return r != 0 ? r : -ENOMEM;
		}
		if (inside == NULL)
			(void)json_array_remove(*v, i);
		else
			i++;
		json_decref(inside);
	}
	json_object_foreach_safe(*v, next, key, item) {
		json_t *inside = json_incref(item);
		int r = fill_in(&inside, parts);

		if (r != 0 || (inside != NULL && json_object_set(*v, key, inside) != 0)) {
			json_decref(inside);
			return r != 0 ? r : -ENOMEM;
		}
		if (inside == NULL) {
			/* A service at a location without the service. */
			json_decref(*v);
			*v = NULL;
			return 0;
		}
		json_decref(inside);
	}
	return 0;
}

int
hsds_join(const json_t *parts, json_t **ret_doc, struct err *err)
{
	autojson json_t *texts = json_object();
	const char *rest = NULL;
	json_t *part, *doc;
	size_t i;
	int r;

	json_array_foreach(parts, i, part) {
		const char *source = json_str(part, "source");

		if (source != NULL && *source == '\0')
			rest = json_str(part, "text");
		else if (source == NULL || json_object_set(texts, source, json_object_get(part, "text")) != 0)
			return -ENOMEM;
	}
	doc = rest != NULL ? load(rest) : NULL;
	r = doc != NULL && texts != NULL ? fill_in(&doc, texts) : E_BAD;
	if (r == 0 && doc == NULL)
		return E_NOTFOUND;
	if (r != 0) {
		json_decref(doc);
		return err_set(err, r, "what was kept of a file is damaged, or needs more memory than it may; import the file again");
	}
	*ret_doc = doc;
	return 0;
}
