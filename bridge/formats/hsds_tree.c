/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>

#include "base/canon.h"
#include "hsds_tree.h"

enum { VALUE = 1 };	/* A member is [object, value]. */

int
tree_add(json_t *set, json_t *object, json_t *value)
{
	char address[32];

	walk_address(object, address);
	return json_object_set_new(set, address, json_pack("[O, O?]", object, value)) == 0 ? 0 : -ENOMEM;
}

json_t *
tree_get(const json_t *set, const json_t *object)
{
	char address[32];

	walk_address(object, address);
	return json_array_get(json_object_get(set, address), VALUE);
}

/* What stands for ${v} in the end: NULL if nothing. */
static int
swap(json_t *v, const json_t *set, json_t **ret)
{
	json_t *value = json_is_object(v) ? tree_get(set, v) : NULL;

	if (value == NULL) {
		*ret = json_incref(v);
		return tree_swap(ret, set);
	}
	*ret = json_is_null(value) ? NULL : json_deep_copy(value);
	return *ret != NULL || json_is_null(value) ? 0 : -ENOMEM;
}

int
tree_swap(json_t **doc, const json_t *set)
{
	json_t *value = json_is_object(*doc) ? tree_get(set, *doc) : NULL, *item;
	const char *key;
	void *next;

	if (value != NULL) {
		json_t *copy = json_deep_copy(value);

		if (copy == NULL)
			return -ENOMEM;
		json_decref(*doc);
		*doc = copy;
		return 0;
	}
	for (size_t i = 0; i < json_array_size(*doc);) {
		autojson json_t *inside = NULL;
		int r = swap(json_array_get(*doc, i), set, &inside);

		if (r != 0)
			return r;
		if (inside == NULL)
			(void)json_array_remove(*doc, i);
		else if (json_array_set(*doc, i++, inside) != 0)
			return -ENOMEM;
	}
	json_object_foreach_safe(*doc, next, key, item) {
		autojson json_t *inside = NULL;
		int r = swap(item, set, &inside);

		if (r != 0)
			return r;
		if (inside == NULL)
			(void)json_object_del(*doc, key);
		else if (json_object_set(*doc, key, inside) != 0)
			return -ENOMEM;
	}
	return 0;
}

int
tree_each(json_t *v, int (*fn)(void *, json_t *), void *cookie)
{
	const char *key;
	json_t *item;
	void *next;
	size_t i;
	int r = json_is_object(v) ? fn(cookie, v) : 0;

	json_array_foreach(v, i, item) {
		if (r == 0)
			r = tree_each(item, fn, cookie);
	}
	json_object_foreach_safe(v, next, key, item) {
		if (r == 0)
			r = tree_each(item, fn, cookie);
	}
	return r;
}
