/* SPDX-License-Identifier: Apache-2.0 */
/* hsds.h: a document with what its records say now. */
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/canon.h"
#include "hsds.h"
#include "hsds_merge.h"
#include "hsds_part.h"
#include "hsds_table.h"
#include "hsds_tree.h"
#include "hsds_write.h"

json_t *
merge_source(const char *id)
{
	return json_sprintf("hsds:service/%s", id);
}

void
merge_close(struct merge *m)
{
	if (m->tables)
		json_decref(m->made);
	json_decref(m->root);
	json_decref(m->records);
	json_decref(m->origins);
	json_decref(m->now);
}
#define automerge __attribute__((cleanup(merge_close)))

static json_t *
read_from(const struct merge *m)
{
	return m->tables ? m->made : m->root;
}

static int
open_tables(const json_t *doc, struct merge *m, struct err *err)
{
	autojson json_t *unmapped = json_array();
	autojson json_t *rows = NULL, *loose = NULL;
	struct hsds h = { .unmapped = unmapped, .err = err };

	return unmapped != NULL ? table_join(&h, doc, &m->made, &rows, &loose, &m->root) : -ENOMEM;
}

int
merge_open(const json_t *doc, const json_t *records, struct merge *ret, struct err *err)
{
	json_t *record;
	size_t i;
	int r = 0;

	*ret = (struct merge){ .tables = table_is(doc), .now = json_object() };
	if (ret->tables)
		r = open_tables(doc, ret, err);
	else
		ret->root = json_deep_copy(doc);
	if (r == 0 && (ret->root == NULL || ret->now == NULL))
		r = -ENOMEM;
	json_array_foreach(records, i, record) {
		const char *source = json_str(record, "source");

		if (r == 0 && source != NULL && json_object_set_new(ret->now, source, json_deep_copy(json_obj(record, "body"))) != 0)
			r = err_set(err, E_BAD, "[%zu]: a body is wanted", i);
	}
	return r == 0 ? walk_trace(read_from(ret), &ret->records, &ret->origins, err) : r;
}

int
hsds_hidden(const json_t *doc, const json_t *records, json_t *ids, struct err *err)
{
	automerge struct merge m = { 0 };
	int r = merge_open(doc, records, &m, err);

	return r == 0 ? hide_collect(&m, ids) : r;
}

/* Calls ${fn} for each copy of the service ${source} in the document. */
static int
each_copy(const struct merge *m, const char *source, int (*fn)(void *, json_t *service), void *cookie)
{
	json_t *row;
	size_t i;
	int r = 0;

	json_array_foreach(m->origins, i, row) {
		autojson json_t *name = NULL;

		if (r != 0 || strcmp(json_string_value(json_array_get(row, 0)), HSDS_SERVICE) != 0)
			continue;
		name = merge_source(json_string_value(json_array_get(row, 1)));
		if (name == NULL)
			return -ENOMEM;
		if (strcmp(json_string_value(name), source) == 0)
			r = fn(cookie, json_array_get(row, 2));
	}
	return r;
}

struct bodies {
	const char	*source;
	const json_t	*old, *now;
};

/* Members that HSDS has under one name. */
static int
edit_plain(void *cookie, json_t *o)
{
	static const struct { const char *ours, *theirs; } members[] = {
		{ "name", "name" }, { "description", "description" }, { "eligibility", "eligibility_description" },
		{ "minimum_age", "minimum_age" }, { "maximum_age", "maximum_age" }, { "cost_note", "fees_description" },
	};
	const struct bodies *b = cookie;
	const json_t *sure = json_object_get(json_obj(b->now, "source"), "assured");
	const char *day = json_str(json_obj(b->now, "source"), "updated"), *before = json_str(json_obj(b->old, "source"), "updated");

	for (size_t i = 0; i < nelem(members); i++) {
		json_t *is = json_object_get(b->now, members[i].ours), *was = json_object_get(b->old, members[i].ours);

		if (json_equal(is, was) || (is == NULL && was == NULL))
			continue;
		if (is == NULL)
			(void)json_object_del(o, members[i].theirs);
		else if (json_object_set(o, members[i].theirs, is) != 0)
			return -ENOMEM;
	}
	if (sure != NULL && !json_equal(sure, json_object_get(json_obj(b->old, "source"), "assured")) &&
	    json_object_set(o, "assured_date", (json_t *)(uintptr_t)sure) != 0)
		return -ENOMEM;
	if (day != NULL && (before == NULL || strcmp(day, before) != 0) &&
	    json_object_set_new(o, "last_modified", json_sprintf("%sT00:00:00Z", day)) != 0)
		return -ENOMEM;
	return 0;
}

/* An older word of ours about member ${key} has no say any more. */
static void
drop_member(json_t *o, const char *key)
{
	json_t *list = json_object_get(o, "attributes");

	for (size_t i = json_array_size(list); i-- > 0;) {
		const json_t *term = json_obj(json_array_get(list, i), "taxonomy_term");
		const char *taxonomy = json_str(term, "taxonomy"), *code = json_str(term, "code");

		if (taxonomy != NULL && code != NULL && strcmp(taxonomy, HSDS_MEMBER) == 0 && strcmp(code, key) == 0)
			(void)json_array_remove(list, i);
	}
	if (list != NULL && json_array_size(list) == 0)
		(void)json_object_del(o, "attributes");
}

/* What reading it would give otherwise than the record, word for word. */
static int
complete(void *cookie, json_t *o)
{
	const struct bodies *b = cookie;
	char seed[256];
	struct writer w = { .seed = seed };
	const char *key;
	json_t *v;
	int r = 0;

	(void)snprintf(seed, sizeof(seed), "%.200s kept", b->source);
	json_object_foreach((json_t *)b->now, key, v) {
		if (r != 0 || json_equal(v, json_object_get(b->old, key)))
			continue;
		drop_member(o, key);
		r = write_member(&w, key, v, o);
	}
	json_object_foreach((json_t *)b->old, key, v) {
		if (r != 0 || json_object_get(b->now, key) != NULL)
			continue;
		drop_member(o, key);
		r = write_member(&w, key, NULL, o);
	}
	return r;
}

static int
leave_out(void *cookie, json_t *o)
{
	return tree_add(cookie, o, json_null());
}

/* A service at a location goes with the service. */
static int
leave_out_around(void *cookie, json_t *o)
{
	json_t *inside = json_obj(o, "service");

	return inside != NULL && tree_get(cookie, inside) != NULL ? tree_add(cookie, o, json_null()) : 0;
}

static int
drop_services(struct merge *m)
{
	autojson json_t *gone = json_object();
	json_t *record;
	size_t i;
	int r = gone != NULL ? 0 : -ENOMEM;

	json_array_foreach(m->records, i, record) {
		const char *source = json_str(record, "source");

		if (r == 0 && json_object_get(m->now, source) == NULL)
			r = each_copy(m, source, leave_out, gone);
	}
	if (r != 0 || json_object_size(gone) == 0)
		return r;
	r = tree_each(m->root, leave_out_around, gone);
	if (r == 0)
		r = tree_swap(&m->root, gone);
	if (r == 0 && m->tables)
		r = tree_swap(&m->made, gone);
	return r == 0 && json_is_null(m->root) ? E_NOTFOUND : r;
}

/* Calls ${fn} for each service whose record ${records} has otherwise; ${ret_n} of them. */
static int
each_changed(struct merge *m, const json_t *records, int (*fn)(struct merge *, struct bodies *, void *), void *cookie,
    size_t *ret_n)
{
	json_t *record;
	size_t i, n = 0;

	json_array_foreach(records, i, record) {
		struct bodies b = { .source = json_str(record, "source"), .old = json_obj(record, "body") };
		int r;

		b.now = json_object_get(m->now, b.source);
		if (b.now == NULL || json_equal(b.old, b.now))
			continue;
		n++;
		r = fn != NULL ? fn(m, &b, cookie) : 0;
		if (r != 0)
			return r;
	}
	*ret_n = n;
	return 0;
}

static int
edit_one(struct merge *m, struct bodies *b, void *owners)
{
	int r = each_copy(m, b->source, edit_plain, b);

	return r == 0 ? edit_lists(m, b->source, b->old, b->now, owners) : r;
}

static int
complete_one(struct merge *m, struct bodies *b, void *cookie)
{
	(void)cookie;
	return each_copy(m, b->source, complete, b);
}

/* Reads what it is by now, in the place of what it was. */
static int
read_again(struct merge *m, struct err *err)
{
	json_t *records = NULL, *origins = NULL;
	int r = walk_trace(read_from(m), &records, &origins, err);

	if (r != 0)
		return r;
	json_decref(m->records);
	json_decref(m->origins);
	m->records = records;
	m->origins = origins;
	return 0;
}

/* Are the tables read as what they were made of? */
static int
reads_as(const struct merge *m, struct err *err)
{
	autojson json_t *records = NULL, *unmapped = NULL;
	int r = hsds_read(m->root, &records, &unmapped, err);

	return r != 0 || json_equal(records, m->records) ? r :
	    err_set(err, E_BAD, "rows of these tables have the same identifier, or none: what was edited has no place in them");
}

int
hsds_merge(const json_t *doc, const json_t *records, const json_t *ids, json_t **ret, struct err *err)
{
	automerge struct merge m = { 0 };
	autojson json_t *owners = NULL;
	size_t n = 0, wrong = 0;
	int r = merge_open(doc, records, &m, err);

	if (r == 0)
		r = drop_services(&m);
	if (r == 0)
		r = hide_apply(&m, ids);
	if (r == 0)
		r = edit_owners(&m, &owners);
	if (r == 0)
		r = each_changed(&m, m.records, edit_one, owners, &n);
	if (r == 0)
		r = read_again(&m, err);
	if (r == 0)
		r = each_changed(&m, m.records, complete_one, NULL, &n);
	if (r == 0 && n > 0)
		r = read_again(&m, err);
	if (r == 0)
		r = each_changed(&m, m.records, NULL, NULL, &wrong);
	if (r == 0 && wrong > 0)
		r = err_set(err, E_BAD, "%zu services could not be written as their records have them", wrong);
	if (r == 0 && m.tables)
		r = table_part(m.root);
	if (r == 0 && m.tables)
		r = reads_as(&m, err);
	if (r == 0)
		*ret = json_incref(m.root);
	return r;
}
