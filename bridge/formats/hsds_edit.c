/* SPDX-License-Identifier: Apache-2.0 */
/* hsds_merge.h: lists of a record that were edited, where the document has them. */
#include <errno.h>
#include <string.h>

#include "base/canon.h"
#include "hsds_merge.h"
#include "hsds_tree.h"
#include "hsds_write.h"

enum { WHAT, ITEM, OBJECT, KEY };	/* Of a row of walk_trace(). */

static const struct list {
	const char	*member;
	int		(*write)(struct writer *, const json_t *body, json_t *out);
} lists[];

static int
languages(struct writer *w, const json_t *body, json_t *out)
{
	return write_languages(w, json_object_get(body, "languages"), out);
}

static const struct list lists[] = {
	{ "schedules", write_schedules }, { "languages", languages }, { "locations", write_locations }, { "contacts", write_contacts },
	{ "capacities", write_capacities },
};

/* ---- whose is what ------------------------------------------------------------- */

struct owning {
	json_t	*owners, *source;
	json_t	*services;	/* Set: each with its source. */
};

/* Whom two have is nobody's. */
static int
own(void *cookie, json_t *o)
{
	struct owning *w = cookie;
	const json_t *before = tree_get(w->owners, o);

	return before == NULL || json_equal(before, w->source) ? tree_add(w->owners, o, w->source) :
	    tree_add(w->owners, o, json_null());
}

static int
disown(void *cookie, json_t *o)
{
	return tree_add(cookie, o, json_null());
}

/* A service, or one at a location with what is beside it; the organization is not its own. */
static int
own_service(void *cookie, json_t *o)
{
	struct owning *w = cookie;
	json_t *inside = json_obj(o, "service"), *organization = json_obj(o, "organization");
	int r;

	w->source = tree_get(w->services, inside != NULL && tree_get(w->services, inside) != NULL ? inside : o);
	if (w->source == NULL)
		return 0;
	r = tree_each(o, own, w);
	return r == 0 && organization != NULL ? tree_each(organization, disown, w->owners) : r;
}

int
edit_owners(const struct merge *m, json_t **ret)
{
	autojson json_t *owners = json_object();
	autojson json_t *services = json_object();
	struct owning w = { .owners = owners, .services = services };
	json_t *row;
	size_t i;
	int r = owners != NULL && services != NULL ? 0 : -ENOMEM;

	json_array_foreach(m->origins, i, row) {
		if (r == 0 && strcmp(json_string_value(json_array_get(row, WHAT)), HSDS_SERVICE) == 0) {
			autojson json_t *source = merge_source(json_string_value(json_array_get(row, ITEM)));

			r = source != NULL ? tree_add(services, json_array_get(row, OBJECT), source) : -ENOMEM;
		}
	}
	if (r == 0)
		r = tree_each(m->tables ? m->made : m->root, own_service, &w);
	if (r == 0)
		*ret = take(owners);
	return r;
}

/* ---- one item ------------------------------------------------------------------- */

/* How HSDS writes ${item} of list ${l}: borrowed from ${ret_out}; NULL if it is none of the objects that can be changed in place. */
static int
written(const struct list *l, json_t *item, json_t **ret_out, json_t **ret)
{
	struct writer w = { .seed = "" };
	autojson json_t *body = json_pack("{s:[O]}", l->member, item);
	autojson json_t *out = json_object();
	int r = body != NULL && out != NULL ? l->write(&w, body, out) : -ENOMEM;

	if (r != 0)
		return r;
	if (l->write == write_locations)
		*ret = json_obj(json_array_get(json_object_get(out, "service_at_locations"), 0), "location");
	else
		*ret = json_array_get(json_object_get(out, l->write == write_contacts ? "phones" : l->member), 0);
	*ret_out = take(out);
	return 0;
}

/* What ${now} has otherwise than ${old} becomes so in ${o}. */
static int
patch(json_t *o, const json_t *old, const json_t *now)
{
	const char *key;
	json_t *v;
	size_t i;

	json_object_foreach((json_t *)now, key, v) {
		json_t *before = json_object_get(old, key), *there = json_object_get(o, key);

		if (strcmp(key, "id") == 0 || json_equal(before, v))
			continue;
		if (json_is_array(v) && json_array_size(v) == json_array_size(before) && json_array_size(there) >= json_array_size(v)) {
			for (i = 0; i < json_array_size(v); i++) {
				if (json_is_object(json_array_get(v, i)) && patch(json_array_get(there, i), json_array_get(before, i),
				    json_array_get(v, i)) != 0)
					return -ENOMEM;
			}
		} else if (json_object_set_new(o, key, json_deep_copy(v)) != 0) {
			return -ENOMEM;
		}
	}
	json_object_foreach((json_t *)old, key, v) {
		if (strcmp(key, "id") != 0 && json_object_get(now, key) == NULL)
			(void)json_object_del(o, key);
	}
	return 0;
}

struct editing {
	struct merge		*m;
	const char		*source;
	const json_t		*owners;
	json_t			*gone;
};

/* ${now} NULL: it is gone. */
static int
change(struct editing *e, const struct list *l, const json_t *row, json_t *old, json_t *now)
{
	json_t *o = json_array_get(row, OBJECT);
	const char *key = json_string_value(json_array_get(row, KEY)), *owner = json_string_value(tree_get(e->owners, o));
	autojson json_t *out = NULL, *old_out = NULL;
	json_t *was = NULL, *is = NULL;
	int r;

	if (owner == NULL || strcmp(owner, e->source) != 0)
		return 0;
	if (now == NULL && key == NULL)
		return tree_add(e->gone, o, json_null());
	if (key != NULL) {
		json_t *value = json_object_get(now, "value");

		if (value == NULL)
			(void)json_object_del(o, key);
		return value == NULL || json_object_set(o, key, value) == 0 ? 0 : -ENOMEM;
	}
	r = written(l, old, &old_out, &was);
	if (r == 0)
		r = written(l, now, &out, &is);
	return r == 0 && was != NULL && is != NULL ? patch(o, was, is) : r;
}

static int
change_all(struct editing *e, const struct list *l, json_t *old, json_t *now)
{
	json_t *row;
	size_t i;

	json_array_foreach(e->m->origins, i, row) {
		int r = json_array_get(row, ITEM) == old && strcmp(json_string_value(json_array_get(row, WHAT)), l->member) == 0 ?
		    change(e, l, row, old, now) : 0;

		if (r != 0)
			return r;
	}
	return 0;
}

/* Puts what is in ${from}, a part of a service, into each copy of the service. */
static int
add(struct editing *e, const json_t *from)
{
	json_t *row, *v;
	const char *key;
	size_t i;

	json_array_foreach(e->m->origins, i, row) {
		json_t *o = json_array_get(row, OBJECT), *list;
		autojson json_t *copy = json_deep_copy(from);
		const char *owner = json_string_value(tree_get(e->owners, o));

		if (strcmp(json_string_value(json_array_get(row, WHAT)), HSDS_SERVICE) != 0 || owner == NULL ||
		    strcmp(owner, e->source) != 0)
			continue;
		if (copy == NULL)
			return -ENOMEM;
		json_object_foreach(copy, key, v) {
			list = json_object_get(o, key);
			if (json_is_array(list) ? json_is_array(v) && json_array_extend(list, v) != 0 :
			    walk_absent(list) && json_object_set(o, key, v) != 0)
				return -ENOMEM;
		}
	}
	return 0;
}

/* ---- one list --------------------------------------------------------------------- */

/* The place of ${item} in ${list} among those that ${used} leaves; -1: none. */
static long
place_of(const json_t *list, const json_t *item, const json_t *used)
{
	json_t *v;
	size_t i;

	json_array_foreach(list, i, v) {
		if (json_equal(v, item) && json_is_false(json_array_get(used, i)))
			return (long)i;
	}
	return -1;
}

/* Equal ones are the same; of the others those at the same place are an edit; the rest went or came. */
static int
edit_list(struct editing *e, const struct list *l, const json_t *old, const json_t *now)
{
	autojson json_t *used = json_array(), *same = json_array(), *added = json_array(), *out = json_object(), *body = NULL;
	struct writer w = { .seed = e->source, .n = 100000 };
	json_t *item;
	size_t i;
	int r = 0;

	for (i = 0; i < json_array_size(now); i++)
		r |= json_array_append_new(used, json_false());
	json_array_foreach(old, i, item) {
		long k = place_of(now, item, used);

		r |= json_array_append_new(same, k >= 0 ? json_true() : json_false());
		if (k >= 0)
			r |= json_array_set_new(used, (size_t)k, json_true());
	}
	if (r != 0 || added == NULL || out == NULL)
		return -ENOMEM;
	json_array_foreach(old, i, item) {
		bool edit = json_is_false(json_array_get(used, i));

		if (r != 0 || json_is_true(json_array_get(same, i)))
			continue;
		r = change_all(e, l, item, edit ? json_array_get(now, i) : NULL);
		if (edit)
			(void)json_array_set_new(used, i, json_true());
	}
	json_array_foreach(now, i, item) {
		if (json_is_false(json_array_get(used, i)) && json_array_append(added, item) != 0)
			return -ENOMEM;
	}
	if (r != 0 || json_array_size(added) == 0)
		return r;
	body = json_pack("{s:O}", l->member, added);
	r = body != NULL ? l->write(&w, body, out) : -ENOMEM;
	return r == 0 ? add(e, out) : r;
}

int
edit_lists(struct merge *m, const char *source, const json_t *old, const json_t *now, const json_t *owners)
{
	autojson json_t *gone = json_object();
	struct editing e = { m, source, owners, gone };
	int r = gone != NULL ? 0 : -ENOMEM;

	for (size_t i = 0; r == 0 && i < nelem(lists); i++) {
		const json_t *was = json_object_get(old, lists[i].member), *is = json_object_get(now, lists[i].member);

		if (!json_equal(was, is) && (was != NULL || is != NULL))
			r = edit_list(&e, &lists[i], was, is);
	}
	if (r == 0)
		r = tree_swap(&m->root, gone);
	return r == 0 && m->tables ? tree_swap(&m->made, gone) : r;
}
