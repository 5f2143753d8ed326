/* SPDX-License-Identifier: Apache-2.0 */
/*
 * event_check against the public test suite of JSON Schema 2020-12: each of its cases whose rule our dialect has, as the one member of a
 * closed object.  Numbers are written without point and exponent here, bounds count bytes, and no text has a NUL: what differs for that is
 * counted, and nothing else may.
 */
#include <stdbool.h>
#include <string.h>

#include "base/canon.h"
#include "base/cleanup.h"
#include "base/event.h"
#include "tests/base/corpora.h"

enum { WORDS = 8, LONGEST = 4096, MOST = 64 };
#define LARGEST	9007199254740991LL

/* Room for any one member. */
union value {
	char		*text;
	int64_t		 number;
	bool		 truth;
	int		 word;
	json_t		*json;
	struct {
		void	*items;
		size_t	 n;
	} list;
};

struct rule {
	struct ev_field	 field;
	struct ev_enum	 words;
	const char	*word[WORDS + 1];
};

/* The form of a type; false: our dialect has it not, or not alone. */
static bool
read_type(const char *type, struct ev_field *f)
{
	static const struct { const char *name; enum ev_walk form; } forms[] = { { "string", EV_STRING }, { "integer", EV_INT }, { "boolean", EV_BOOL },
		{ "object", EV_JSON } };

	for (size_t i = 0; i < nelem(forms); i++)
		if (type != NULL && strcmp(type, forms[i].name) == 0) {
			f->form = (uint8_t)forms[i].form;
			f->min = forms[i].form == EV_INT ? -LARGEST : 0;
			f->max = forms[i].form == EV_INT ? LARGEST : LONGEST;
			return true;
		}
	return false;
}

static bool
read_words(const json_t *list, struct rule *r)
{
	for (size_t i = 0; i < json_array_size(list); i++)
		if (i == WORDS || (r->word[i + 1] = json_string_value(json_array_get(list, i))) == NULL)
			return false;
	r->words.n = (int)json_array_size(list);
	r->field.form = EV_ENUM;
	return r->words.n > 0;
}

/* The bound of a rule may be written 2.0. */
static bool
read_bound(const json_t *bound, int64_t *ret)
{
	double n = json_number_value(bound);

	*ret = (int64_t)n;
	return json_is_number(bound) && (double)*ret == n;
}

/* A schema with one rule, of values of ${type}. */
static bool
read_rule(const json_t *schema, const char *type, struct rule *ret)
{
	struct rule r = { .field = { .name = "x", .flags = EV_REQUIRED, .aux = offsetof(union value, list.n), .max_items = MOST } };
	struct ev_field *f = &r.field;
	const char *key;
	json_t *value;
	int64_t n = 0;
	bool known = read_type(type, f);

	json_object_foreach((json_t *)(uintptr_t)schema, key, value) {
		if (strcmp(key, "$schema") == 0 || strcmp(key, "type") == 0 || strcmp(key, "description") == 0)
			continue;
		if (strcmp(key, "enum") == 0)
			known = read_words(value, &r);
		else if (strcmp(key, "const") == 0 && json_is_string(value)) {
			f->form = EV_CONST_STRING;
			f->text = json_string_value(value);
			known = true;
		} else if (strcmp(key, "const") == 0 && json_is_integer(value)) {
			f->form = EV_CONST_INT;
			f->min = json_integer_value(value);
			known = true;
		} else if (strcmp(key, "uniqueItems") == 0 && json_is_boolean(value)) {
			known = read_type("string", f);
			f->flags |= EV_ARRAY | (json_is_true(value) ? EV_UNIQUE : 0);
		} else if (strcmp(key, "items") == 0) {
			known = read_type(json_str(value, "type"), f) && (f->form == EV_STRING || f->form == EV_INT);
			f->flags |= EV_ARRAY;
		} else if (!read_bound(value, &n))
			return false;
		else if (strcmp(key, "minLength") == 0 || strcmp(key, "maxLength") == 0 || strcmp(key, "minimum") == 0 || strcmp(key, "maximum") == 0) {
			known = read_type(key[3] == 'L' ? "string" : "integer", f);
			*(key[1] == 'i' ? &f->min : &f->max) = n;
		} else if (strcmp(key, "minItems") == 0 || strcmp(key, "maxItems") == 0) {
			known = read_type("integer", f);
			f->flags |= EV_ARRAY;
			*(key[1] == 'i' ? &f->min_items : &f->max_items) = (size_t)n;
		} else
			return false;
	}
	*ret = r;
	ret->words.text = ret->word;
	ret->field.values = &ret->words;
	return known;
}

static bool
is_whole(const json_t *value)
{
	return json_is_real(value) && (double)(int64_t)json_real_value(value) == json_real_value(value);
}

/* A rule says nothing of values of another type; one that says "type" does. */
static bool
is_about(const struct ev_field *f, const json_t *value)
{
	if ((f->flags & EV_ARRAY) == 0)
		return f->form == EV_STRING ? json_is_string(value) : f->form == EV_INT ? json_is_integer(value) || is_whole(value) : true;
	for (size_t i = 0; i < json_array_size(value); i++)
		if (f->form == EV_STRING && !json_is_string(json_array_get(value, i)))
			return false;
	return json_is_array(value);
}

struct suite {
	unsigned	cases, refused, differ, wrong;
};

/* 1.0 is no integer; a character of more than one byte; a NUL, which no schema of ours can have. */
static bool
may_differ(const json_t *value)
{
	const char *s = json_string_value(value);
	size_t n = 0;

	while (s != NULL && s[n] > 0)
		n++;
	return is_whole(value) || n < json_string_length(value);
}

static void
judge(const struct rule *r, const json_t *test, struct suite *s)
{
	const struct ev_desc desc = { .name = "x", .size = sizeof(union value), .fields = &r->field, .n_fields = 1 };
	autojson json_t *object = json_pack("{s:O}", "x", json_object_get(test, "data"));
	bool valid = json_is_true(json_object_get(test, "valid"));
	struct err err = { "" };
	int got = event_check(&desc, object, &err);

	s->cases++;
	s->refused += got != 0;
	if (got == (valid ? 0 : E_BAD))
		return;
	if (may_differ(json_object_get(test, "data"))) {
		s->differ++;
		return;
	}
	s->wrong++;
	printf("# %s: %s, but %s\n", json_str(test, "description"), valid ? "fits" : "does not fit", got == 0 ? "is taken" : err.text);
}

static void
run_file(const char *name, struct suite *s)
{
	autofree char *path = NULL, *text = NULL;
	autojson json_t *groups = NULL;
	json_t *group, *test;
	unsigned wrong = s->wrong;
	size_t i, k, len;

	if (asprintf(&path, "bad/json-schema-test-suite/tests/draft2020-12/%s.json", name) < 0)
		abort();
	if ((text = corpora_read(path, &len)) == NULL)
		return;
	groups = json_loadb(text, len, JSON_ALLOW_NUL, NULL);
	json_array_foreach(groups, i, group) {
		const json_t *schema = json_object_get(group, "schema");
		bool typed = json_str(schema, "type") != NULL;
		struct rule r;

		if (!read_rule(schema, json_str(schema, "type"), &r))
			continue;
		json_array_foreach(json_arr(group, "tests"), k, test)
			if (typed || is_about(&r.field, json_object_get(test, "data")))
				judge(&r, test, s);
	}
	ok(groups != NULL && s->wrong == wrong, "%s", name);
}

int
main(void)
{
	static const char *const files[] = { "type", "enum", "const", "minLength", "maxLength", "minimum", "maximum", "minItems", "maxItems", "uniqueItems",
		"items" };
	struct suite s = { 0 };

	for (size_t i = 0; i < nelem(files); i++)
		run_file(files[i], &s);
	if (s.cases > 0) {
		printf("# %u cases, %u refused, %u otherwise than by the suite, for 1.0, bytes and NUL\n", s.cases, s.refused, s.differ);
		ok(s.cases > 80 && s.refused > 40 && s.differ < 12, "a good part of the suite applies");
	}
	return done_testing();
}
