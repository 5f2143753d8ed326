/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/canon.h"
#include "base/text.h"
#include "hsds_walk.h"

enum { CODE_MAX = 100, WHY_MAX = 200, KEY_SHOWN = 64 };

/* Appends ".key", or [\"key\"] if it is not plain. */
static int
put_key(struct buf *b, const char *key)
{
	size_t plain = strspn(key, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-");
	size_t n = strlen(key);
	int r;

	if (key[plain] == '\0' && n > 0)
		return buf_printf(b, ".%s", key);
	if (n > KEY_SHOWN) {
		for (n = KEY_SHOWN; ((unsigned char)key[n] & 0xc0) == 0x80;)
			n--;
	}
	r = buf_puts(b, "[\"");
	if (r == 0)
		r = buf_add(b, key, n);
	return r == 0 ? buf_puts(b, key[n] != '\0' ? "...\"]" : "\"]") : r;
}

void
walk_address(const json_t *object, char ret[32])
{
	(void)snprintf(ret, 32, "%p", (const void *)object);
}

static int
put_path(const struct hsds *h, struct buf *b, const struct at *at)
{
	char address[32];
	const char *row;
	int r;

	if (h->rows != NULL && at->object != NULL) {
		walk_address(at->object, address);
		row = json_str(h->rows, address);
		if (row != NULL)
			return buf_puts(b, row);
	}
	if (at->up == NULL)
		return buf_puts(b, "$");
	r = put_path(h, b, at->up);
	if (r != 0)
		return r;
	return at->key != NULL ? put_key(b, at->key) : buf_printf(b, "[%zu]", at->index);
}

static char *
path_of(const struct hsds *h, const struct at *at, const char *key)
{
	autobuf struct buf b = { 0 };

	if (put_path(h, &b, at) != 0 || (key != NULL && put_key(&b, key) != 0))
		return NULL;
	return buf_take(&b);
}

/* A value quoted in it may have been cut within a character: it stays UTF-8. */
static void __attribute__((format(printf, 2, 0)))
reason(char ret[WHY_MAX], const char *fmt, va_list ap)
{
	char raw[WHY_MAX];

	(void)vsnprintf(raw, sizeof(raw), fmt, ap);
	text_escape(raw, ret, WHY_MAX);
}

/* Is this row there already?  Negative: out of memory. */
static int
seen(struct hsds *h, const char *path, const char *why)
{
	autobuf struct buf key = { 0 };

	if (h->seen == NULL)
		return 0;
	if (buf_printf(&key, "%s %s", path, why) != 0)
		return -ENOMEM;
	if (json_object_get(h->seen, key.data) != NULL)
		return 1;
	return json_object_set_new(h->seen, key.data, json_true()) == 0 ? 0 : -ENOMEM;
}

int
walk_known(struct hsds *h, const char *path, const char *why)
{
	json_t *row;
	int r = seen(h, path, why);

	if (r != 0)
		return r > 0 ? 0 : r;
	row = json_pack("{s:s, s:s}", "path", path, "why", why);
	return row != NULL && json_array_append_new(h->unmapped, row) == 0 ? 0 : -ENOMEM;
}

/* The rows of tables that are part of ${v} go with it. */
static int
rows_below(struct hsds *h, const json_t *v, const char *why)
{
	char address[32];
	const char *key, *row;
	json_t *item;
	size_t i;
	int r = 0;

	if (json_is_object(v)) {
		walk_address(v, address);
		row = json_str(h->rows, address);
		r = row != NULL ? walk_known(h, row, why) : 0;
	}
	json_array_foreach(v, i, item) {
		if (r == 0)
			r = rows_below(h, item, why);
	}
	json_object_foreach((json_t *)v, key, item) {
		if (r == 0)
			r = rows_below(h, item, why);
	}
	return r;
}

int
walk_lost(struct hsds *h, const struct at *at, const char *key, const char *fmt, ...)
{
	autofree char *path = path_of(h, at, key);
	char why[WHY_MAX];
	va_list ap;
	int r;

	va_start(ap, fmt);
	reason(why, fmt, ap);
	va_end(ap);
	r = path != NULL ? walk_known(h, path, why) : -ENOMEM;
	return r != 0 || h->rows == NULL ? r : rows_below(h, key != NULL ? json_object_get(at->object, key) : at->object, why);
}

int
walk_note(struct hsds *h, const struct at *at, const char *key, const char *why)
{
	autofree char *path = path_of(h, at, key);

	return path != NULL ? walk_known(h, path, why) : -ENOMEM;
}

int
walk_bad(struct hsds *h, const struct at *at, const char *key, const char *fmt, ...)
{
	autofree char *path = path_of(h, at, key);
	char why[WHY_MAX];
	va_list ap;

	if (path == NULL)
		return -ENOMEM;
	va_start(ap, fmt);
	reason(why, fmt, ap);
	va_end(ap);
	return err_set(h->err, E_BAD, "%s: %s", path, why);
}

const char *
walk_kind(const json_t *v)
{
	return json_is_string(v) ? "string" : json_is_number(v) ? "number" : json_is_boolean(v) ? "boolean" :
	    json_is_array(v) ? "list" : json_is_object(v) ? "object" : "null";
}

bool
walk_absent(const json_t *v)
{
	return v == NULL || json_is_null(v) || (json_is_string(v) && json_string_length(v) == 0) ||
	    (json_is_array(v) && json_array_size(v) == 0) || (json_is_object(v) && json_object_size(v) == 0);
}

bool
walk_is_service(const json_t *o)
{
	static const char * const marks[] = { "status", "organization", "organization_id", "service_at_locations" };

	for (size_t i = 0; i < nelem(marks); i++) {
		if (json_object_get(o, marks[i]) != NULL)
			return true;
	}
	return false;
}

/* Member ${key}, which is_ ${want} or absent (NULL). */
static int
member(struct hsds *h, const struct at *at, const char *key, const char *want, json_t **ret)
{
	json_t *v = json_object_get(at->object, key);

	if (v == NULL || json_is_null(v)) {
		*ret = NULL;
		return 0;
	}
	if (strcmp(walk_kind(v), want) != 0)
		return walk_bad(h, at, key, "%s where %s %s must be", walk_kind(v), want[0] == 'o' ? "an" : "a", want);
	*ret = walk_absent(v) ? NULL : v;
	return 0;
}

/* Trims, makes line ends LF and other control characters blanks; in place. */
static size_t
tidy(char *s)
{
	size_t n = 0, start;

	for (const char *p = s; *p != '\0'; p++) {
		unsigned char c = (unsigned char)*p;

		if (c == '\r' && p[1] == '\n')
			continue;
		s[n++] = c == '\r' ? '\n' : (c < 0x20 && c != '\n' && c != '\t') || c == 0x7f ? ' ' : *p;
		/* U+0080 .. U+009F are two bytes, 0xc2 and this. */
		if (n >= 2 && (unsigned char)s[n - 2] == 0xc2 && c < 0xa0 && c >= 0x80) {
			s[n - 2] = ' ';
			n--;
		}
	}
	while (n > 0 && strchr(" \t\n", s[n - 1]) != NULL)
		n--;
	s[n] = '\0';
	start = strspn(s, " \t\n");
	memmove(s, s + start, n - start + 1);
	return n - start;
}

int
walk_text(struct hsds *h, const struct at *at, const char *key, size_t max, json_t **ret)
{
	autofree char *text = NULL;
	json_t *v, *made;
	size_t n, cut;
	int r = member(h, at, key, "string", &v);

	if (r != 0)
		return r;
	*ret = NULL;
	if (v == NULL)
		return 0;
	text = strdup(json_string_value(v));
	if (text == NULL)
		return -ENOMEM;
	n = cut = tidy(text);
	if (n > max) {
		for (cut = max; ((unsigned char)text[cut] & 0xc0) == 0x80;)
			cut--;
		text[cut] = '\0';
		cut = tidy(text);
		r = walk_lost(h, at, key, "string: cut from %zu to %zu bytes", n, cut);
	} else if (strcmp(text, json_string_value(v)) != 0) {
		r = walk_lost(h, at, key, "string: without control characters and blanks at its ends");
	}
	if (r != 0 || cut == 0)
		return r;
	made = json_stringn(text, cut);
	if (made == NULL)
		return -ENOMEM;
	*ret = made;
	return 0;
}

bool
walk_is_blank(const char *text)
{
	for (const char *p = text; p != NULL && *p != '\0'; p++) {
		unsigned char c = (unsigned char)*p, next = (unsigned char)p[1];

		if (c == 0xc2 && next >= 0x80 && next < 0xa0)
			p++;
		else if (c > ' ' && c != 0x7f)
			return false;
	}
	return true;
}

bool
walk_is_code(const char *text)
{
	char copy[CODE_MAX + 1];
	size_t n = strlen(text);

	if (n == 0 || n > CODE_MAX)
		return false;
	memcpy(copy, text, n + 1);
	return tidy(copy) == n && strcmp(copy, text) == 0;
}

int
walk_code(struct hsds *h, const struct at *at, const char *key, json_t **ret)
{
	json_t *v;
	int r = member(h, at, key, "string", &v);

	if (r == 0 && v != NULL && json_string_length(v) > CODE_MAX) {
		*ret = NULL;
		return walk_lost(h, at, key, "string: too long");
	}
	return r == 0 ? walk_text(h, at, key, CODE_MAX, ret) : r;
}

int
walk_number(struct hsds *h, const struct at *at, const char *key, bool *ret_there, double *ret)
{
	json_t *v;
	int r = member(h, at, key, "number", &v);

	if (r != 0)
		return r;
	*ret_there = v != NULL;
	*ret = json_number_value(v);
	return 0;
}

int
walk_objects(struct hsds *h, const struct at *at, const char *key, json_t **ret)
{
	json_t *list = NULL, *item;
	size_t i;
	int r = member(h, at, key, "list", &list);

	if (r != 0)
		return r;
	json_array_foreach(list, i, item) {
		const struct at in = { .up = at, .key = key }, here = { .up = &in, .index = i, .object = item };

		if (!json_is_object(item))
			return walk_bad(h, &here, NULL, "%s where an object must be", walk_kind(item));
	}
	*ret = list;
	return 0;
}

int
walk_object(struct hsds *h, const struct at *at, const char *key, json_t **ret)
{
	return member(h, at, key, "object", ret);
}

/* Members that only tie parts of the file together. */
static bool
is_link(const char *key)
{
	static const char * const links[] = {
		"id", "organization_id", "program_id", "service_id", "location_id", "service_at_location_id",
		"contact_id", "phone_id", "unit_id", "taxonomy_term_id", "taxonomy_id", "link_id", "link_type", "link_entity",
	};

	for (size_t i = 0; i < nelem(links); i++) {
		if (strcmp(key, links[i]) == 0)
			return true;
	}
	return false;
}

int
walk_rest(struct hsds *h, const struct at *at, const char * const known[])
{
	const char *key;
	json_t *v;

	json_object_foreach((json_t *)at->object, key, v) {
		bool placed = is_link(key) || walk_absent(v);

		for (size_t i = 0; known[i] != NULL && !placed; i++)
			placed = strcmp(key, known[i]) == 0;
		if (!placed && walk_lost(h, at, key, "%s: no place in a record", walk_kind(v)) != 0)
			return -ENOMEM;
	}
	return 0;
}

int
walk_put(struct hsds *h, const struct at *at, const char *key, json_t *into, const char *list, json_t *value,
    size_t max)
{
	autojson json_t *v = value;
	json_t *array = json_object_get(into, list), *old;
	size_t i;

	if (v == NULL)
		return -ENOMEM;
	if (array == NULL) {
		array = json_array();
		if (json_object_set_new(into, list, array) != 0)
			return -ENOMEM;
	}
	json_array_foreach(array, i, old) {
		if (json_equal(old, v))
			return walk_origin(h, list, old, at->object, key);
	}
	if (json_array_size(array) >= max)
		return walk_lost(h, at, key, "more than %zu %s", max, list);
	return json_array_append(array, v) == 0 ? walk_origin(h, list, v, at->object, key) : -ENOMEM;
}

int
walk_origin(struct hsds *h, const char *what, json_t *item, const json_t *object, const char *key)
{
	static const char * const members[] = { HSDS_SERVICE, "schedules", "languages", "locations", "contacts", "capacities" };
	json_t *row;

	for (size_t i = 0; h->origins != NULL && i < nelem(members); i++) {
		if (strcmp(members[i], what) != 0)
			continue;
		row = json_pack("[s, O, O, s?]", what, item, (json_t *)(uintptr_t)object, key);
		return json_array_append_new(h->origins, row) == 0 ? 0 : -ENOMEM;
	}
	return 0;
}

int
walk_set(json_t *into, const char *key, json_t *value)
{
	return value == NULL || json_object_set(into, key, value) == 0 ? 0 : -ENOMEM;
}
