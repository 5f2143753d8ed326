/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "canon.h"
#include "heap.h"
#include "scan.h"

enum { CANON_FEW = 32 };	/* Members sorted without an allocation. */

struct member {
	const char	*key;
	size_t		 len;
	json_t		*value;
};

typedef int	(*compare_fn)(const void *, const void *);

/* Where we are in the document; lives on the stack of the recursion. */
struct place {
	const struct place	*up;
	const struct member	*member;	/* NULL: an array's element. */
	size_t			 index;
	unsigned		 depth;
};

struct dump {
	struct buf	*out;
	compare_fn	 compare;
	struct err	*err;
};

/* Refuse deep nesting before the parser recurses into it. */
static int
check_depth(const char *text, size_t len, struct err *reterr)
{
	unsigned depth = 0;
	bool in_string = false;

	for (size_t i = 0; i < len; i++) {
		char c = text[i];

		if (in_string) {
			if (c == '\\')
				i++;
			else if (c == '"')
				in_string = false;
		} else if (c == '"') {
			in_string = true;
		} else if (c == '[' || c == '{') {
			if (++depth > CANON_MAX_DEPTH)
				return err_set(reterr, E_BAD, "byte %zu: JSON nested deeper than %d",
				    i, CANON_MAX_DEPTH);
		} else if ((c == ']' || c == '}') && depth > 0) {
			depth--;
		}
	}
	return 0;
}

int
canon_parse(const char *text, size_t len, json_t **ret, struct err *reterr)
{
	unsigned long refused = heap_refused();
	json_t *value = scan_json(text, len);
	json_error_t e;
	char *near;
	int r;

	/* What the quick reader leaves undecided, jansson judges, and words the fault. */
	if (value == NULL) {
		if ((r = check_depth(text, len, reterr)) != 0)
			return r;
		value = heap_load(text, len, JSON_REJECT_DUPLICATES, &e);
	}
	/* Without memory jansson may call good JSON bad, or leave characters out of a string. */
	if (heap_refused() != refused || (value == NULL && json_error_code(&e) == json_error_out_of_memory)) {
		json_decref(value);
		return err_set(reterr, -ENOMEM, "out of memory");
	}
	if (value != NULL) {
		*ret = value;
		return 0;
	}
	/* The parser quotes the text it stopped at, which is nobody's business. */
	near = strstr(e.text, " near ");
	if (near != NULL)
		*near = '\0';
	return err_set(reterr, E_BAD, "line %d column %d: %s", e.line, e.column, e.text);
}

int
canon_stored(const char *text, json_t **ret)
{
	int r = text != NULL ? canon_parse(text, strlen(text), ret, NULL) : E_BAD;

	return r > 0 ? ERR_CORRUPT : r;
}

/* By code point: UTF-8 sorts like the characters it stands for. */
static int
compare_points(const void *va, const void *vb)
{
	const struct member *a = va, *b = vb;
	int r = memcmp(a->key, b->key, a->len < b->len ? a->len : b->len);

	return r != 0 ? r : (a->len > b->len) - (a->len < b->len);
}

/* By UTF-16 unit: as above, but what needs a surrogate pair (lead bytes f0 to
 * f4) comes before U+E000 to U+FFFF (ee and ef). */
static int
compare_units(const void *va, const void *vb)
{
	const struct member *a = va, *b = vb;
	size_t n = a->len < b->len ? a->len : b->len;

	for (size_t i = 0; i < n; i++) {
		unsigned char x = (unsigned char)a->key[i], y = (unsigned char)b->key[i];

		if (x == y)
			continue;
		if (x >= 0xee && y >= 0xee && (x >= 0xf0) != (y >= 0xf0))
			return x >= 0xf0 ? -1 : 1;
		return x < y ? -1 : 1;
	}
	return (a->len > b->len) - (a->len < b->len);
}

static int
print_pointer(const struct place *at, struct buf *out)
{
	int r;

	if (at == NULL || at->up == NULL)
		return 0;
	r = print_pointer(at->up, out);
	if (r == 0 && at->member == NULL)
		return buf_printf(out, "/%zu", at->index);
	if (r == 0)
		r = buf_puts(out, "/");
	for (size_t i = 0; r == 0 && at->member != NULL && i < at->member->len; i++) {
		char c = at->member->key[i];

		r = c == '~' ? buf_puts(out, "~0") : c == '/' ? buf_puts(out, "~1") :
		    buf_add(out, &c, 1);
	}
	return r;
}

static int
refuse(const struct dump *d, const struct place *at, const char *why)
{
	autobuf struct buf where = { .max = 256 };

	if (print_pointer(at, &where) == 0 && where.data != NULL)
		return err_set(d->err, E_BAD, "%s: %s", where.data, why);
	return err_set(d->err, E_BAD, "%s: %s", where.data != NULL ? where.data : "top", why);
}

static int
dump_string(const struct dump *d, const char *s, size_t len)
{
	static const char shorts[] = "\bb\tt\nn\ff\rr\"\"\\\\";
	size_t done = 0;
	int r = buf_add(d->out, "\"", 1);

	for (size_t i = 0; r == 0 && i < len; i++) {
		unsigned char c = (unsigned char)s[i];
		const char *p = shorts;

		if (c >= 0x20 && c != '"' && c != '\\')
			continue;
		r = buf_add(d->out, s + done, i - done);
		done = i + 1;
		while (*p != '\0' && (unsigned char)*p != c)
			p += 2;
		if (r == 0 && c != '\0' && *p != '\0')
			r = buf_printf(d->out, "\\%c", p[1]);
		else if (r == 0)
			r = buf_printf(d->out, "\\u%04x", (unsigned)c);
	}
	if (r == 0)
		r = buf_add(d->out, s + done, len - done);
	return r == 0 ? buf_add(d->out, "\"", 1) : r;
}

static int	dump_value(const struct dump *, const json_t *, const struct place *);

static int
dump_array(const struct dump *d, const json_t *array, const struct place *at)
{
	size_t n = json_array_size(array);
	int r = buf_add(d->out, "[", 1);

	for (size_t i = 0; r == 0 && i < n; i++) {
		struct place here = { .up = at, .index = i, .depth = at->depth + 1 };

		if (i > 0)
			r = buf_add(d->out, ",", 1);
		if (r == 0)
			r = dump_value(d, json_array_get(array, i), &here);
	}
	return r == 0 ? buf_add(d->out, "]", 1) : r;
}

static int
dump_object(const struct dump *d, json_t *object, const struct place *at)
{
	struct member few[CANON_FEW], *members = few;
	autofree struct member *many = NULL;
	size_t n = json_object_size(object), i = 0;
	int r;

	if (n > CANON_FEW) {
		members = many = calloc(n, sizeof(*many));
		if (many == NULL)
			return -ENOMEM;
	}
	for (void *it = json_object_iter(object); it != NULL && i < n;
	    it = json_object_iter_next(object, it), i++)
		members[i] = (struct member){ json_object_iter_key(it),
		    json_object_iter_key_len(it), json_object_iter_value(it) };
	if (n > 1)
		qsort(members, n, sizeof(*members), d->compare);

	r = buf_add(d->out, "{", 1);
	for (i = 0; r == 0 && i < n; i++) {
		struct place here = { .up = at, .member = &members[i], .depth = at->depth + 1 };

		if (i > 0)
			r = buf_add(d->out, ",", 1);
		if (r == 0)
			r = dump_string(d, members[i].key, members[i].len);
		if (r == 0)
			r = buf_add(d->out, ":", 1);
		if (r == 0)
			r = dump_value(d, members[i].value, &here);
	}
	return r == 0 ? buf_add(d->out, "}", 1) : r;
}

static int
dump_value(const struct dump *d, const json_t *value, const struct place *at)
{
	long long n;

	switch (json_typeof(value)) {
	case JSON_NULL:
		return buf_puts(d->out, "null");
	case JSON_TRUE:
		return buf_puts(d->out, "true");
	case JSON_FALSE:
		return buf_puts(d->out, "false");
	case JSON_STRING:
		return dump_string(d, json_string_value(value), json_string_length(value));
	case JSON_INTEGER:
		n = json_integer_value(value);
		if (n > CANON_INT_MAX || n < -CANON_INT_MAX)
			return refuse(d, at, "an integer beyond 2^53-1 has no canonical form");
		return buf_printf(d->out, "%lld", n);
	case JSON_REAL:
		return refuse(d, at, "a number with fraction or exponent has no canonical form");
	case JSON_ARRAY:
	case JSON_OBJECT:
		break;
	}
	if (at->depth >= CANON_MAX_DEPTH)
		return refuse(d, at, "nested too deeply");
	return json_is_array(value) ? dump_array(d, value, at) :
	    dump_object(d, (json_t *)value, at);
}

static int
dump(const json_t *value, struct buf *out, compare_fn compare, struct err *reterr)
{
	struct dump d = { out, compare, reterr };
	struct place top = { 0 };
	size_t len = out->len;
	int r = dump_value(&d, value, &top);

	if (r != 0 && out->data != NULL) {	/* Nothing half-written is left. */
		out->len = len;
		out->data[len] = '\0';
	}
	return r;
}

int
canon_dump(const json_t *value, struct buf *out, struct err *reterr)
{
	return dump(value, out, compare_points, reterr);
}

int
canon_dump_jcs(const json_t *value, struct buf *out, struct err *reterr)
{
	return dump(value, out, compare_units, reterr);
}

int
canon_string(const char *text, struct buf *out)
{
	return dump_string(&(struct dump){ .out = out }, text, strlen(text));
}

int
canon_text(const json_t *value, char **ret, struct err *reterr)
{
	autobuf struct buf out = { 0 };
	int r = canon_dump(value, &out, reterr);

	if (r == 0 && (*ret = buf_take(&out)) == NULL)
		r = -ENOMEM;
	return r;
}

char *
json_text(const json_t *value, size_t flags)
{
	size_t size = json_dumpb(value, NULL, 0, flags);
	char *text = size > 0 ? malloc(size + 1) : NULL;

	if (text == NULL || json_dumpb(value, text, size, flags) != size) {
		free(text);
		return NULL;
	}
	text[size] = '\0';
	return text;
}

const char *
json_str(const json_t *object, const char *key)
{
	return json_string_value(json_object_get(object, key));
}

json_t *
json_obj(const json_t *object, const char *key)
{
	json_t *value = json_object_get(object, key);

	return json_is_object(value) ? value : NULL;
}

json_t *
json_arr(const json_t *object, const char *key)
{
	json_t *value = json_object_get(object, key);

	return json_is_array(value) ? value : NULL;
}

long long
json_int(const json_t *object, const char *key, long long fallback)
{
	json_t *value = json_object_get(object, key);

	return json_is_integer(value) ? json_integer_value(value) : fallback;
}

json_t *
json_inner(json_t *object, const char *key)
{
	if (json_object_get(object, key) == NULL && json_object_set_new(object, key, json_object()) != 0)
		return NULL;
	return json_object_get(object, key);
}

static int
by_name(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

json_t *
json_sorted(const json_t *object)
{
	autofree const char **names = calloc(json_object_size(object) + 1, sizeof(*names));
	autojson json_t *ret = json_object();
	const char *name;
	json_t *value;
	size_t n = 0;

	if (names == NULL)
		return NULL;
	json_object_foreach((json_t *)object, name, value)
		names[n++] = name;
	qsort(names, n, sizeof(*names), by_name);
	for (size_t i = 0; i < n; i++)
		if (json_object_set(ret, names[i], json_object_get(object, names[i])) != 0)
			return NULL;
	return take(ret);
}
