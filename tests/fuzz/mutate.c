/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mutate: JSON inputs are changed as JSON: a value is replaced, renamed, removed, doubled or
 * moved, and most results are still what a parser takes.  One time in eight the bytes are
 * changed as libFuzzer likes it.
 */
#include <stdio.h>

#include "base/cleanup.h"
#include "fuzz.h"

enum { NODES_MAX = 400 };

struct node {
	json_t		*in;		/* Container. */
	const char	*key;		/* Of an object's member ... */
	size_t		 at;		/* ... or place in an array. */
};

struct tree {
	struct node	 node[NODES_MAX];
	size_t		 n;
};

/* minstd, so that the change follows from the seed. */
static unsigned
roll(unsigned *dice, size_t sides)
{
	*dice = (unsigned)((uint64_t)(*dice % 2147483646 + 1) * 48271 % 2147483647);
	return sides == 0 ? 0 : (unsigned)(*dice % sides);
}

static void
collect(struct tree *t, json_t *in)
{
	const char *key;
	json_t *value;
	size_t i;

	if (json_is_object(in))
		json_object_foreach(in, key, value) {
			if (t->n == NODES_MAX)
				return;
			t->node[t->n++] = (struct node){ .in = in, .key = key };
			collect(t, value);
		}
	else
		json_array_foreach(in, i, value) {
			if (t->n == NODES_MAX)
				return;
			t->node[t->n++] = (struct node){ .in = in, .at = i };
			collect(t, value);
		}
}

static json_t *
value_of(const struct node *n)
{
	return json_is_object(n->in) ? json_object_get(n->in, n->key) : json_array_get(n->in, n->at);
}

static void
put(const struct node *n, json_t *value)
{
	if (json_is_object(n->in))
		(void)json_object_set_new_nocheck(n->in, n->key, value);
	else
		(void)json_array_set_new(n->in, n->at, value);
}

static void
drop(const struct node *n)
{
	if (json_is_object(n->in))
		(void)json_object_del(n->in, n->key);
	else
		(void)json_array_remove(n->in, n->at);
}

/* A string as libFuzzer changes bytes: it knows the dictionary and what was compared. */
static json_t *
other_string(const char *text)
{
	char bytes[600] = "";
	size_t n = strlen(text);

	if (n > 500)
		n = 500;
	memcpy(bytes, text, n);
	n = LLVMFuzzerMutate((uint8_t *)bytes, n, sizeof(bytes) - 1);
	return json_stringn_nocheck(bytes, n);
}

static json_t *
fresh(unsigned *dice, const json_t *old)
{
	static const json_int_t numbers[] = { 0, 1, -1, 2, 255, 2147483647, -2147483648LL, 4294967296,
	    9007199254740991, -9007199254740991, 9007199254740992, INT64_MAX, INT64_MIN, FUZZ_NOW };

	switch (roll(dice, 12)) {
	case 0:
		return json_null();
	case 1:
		return json_boolean(roll(dice, 2));
	case 2:
		return json_array();
	case 3:
		return json_object();
	case 4:
		return json_real((double)roll(dice, 1000) / 8);
	case 5:
		return json_integer(numbers[roll(dice, sizeof(numbers) / sizeof(*numbers))]);
	case 6:
		return json_string("");
	default:
		if (json_is_integer(old))
			return json_integer(json_integer_value(old) ^ ((json_int_t)1 << roll(dice, 63)));
		return other_string(json_is_string(old) ? json_string_value(old) : "a");
	}
}

static void
wrap(unsigned *dice, const struct node *n)
{
	json_t *outer = roll(dice, 2) ? json_array() : json_object();
	json_t *value = json_incref(value_of(n));

	if (json_is_array(outer))
		(void)json_array_append_new(outer, value);
	else
		(void)json_object_set_new(outer, "a", value);
	put(n, outer);
}

static void
rename_member(const struct node *n, const char *to)
{
	json_t *value = json_incref(value_of(n));

	drop(n);
	(void)json_object_set_new_nocheck(n->in, to, value);
}

static void
change(unsigned *dice, json_t *top)
{
	struct tree *t = calloc(1, sizeof(*t));
	const struct node *n, *m;
	json_t *value, *text;

	claim(t != NULL);
	collect(t, top);
	if (t->n == 0) {
		free(t);
		return;
	}
	n = &t->node[roll(dice, t->n)];
	m = &t->node[roll(dice, t->n)];
	value = value_of(n);
	switch (roll(dice, 10)) {
	case 0:
		drop(n);
		break;
	case 1:
		put(n, json_deep_copy(value_of(m)));
		break;
	case 2:
		if (json_is_array(value))
			(void)json_array_append_new(value, json_deep_copy(value_of(m)));
		else if (json_is_object(value))
			(void)json_object_set_new_nocheck(value, m->key != NULL && json_is_object(m->in) ? m->key : "a",
			    json_deep_copy(value_of(m)));
		else
			put(n, fresh(dice, value));
		break;
	case 3:
		if (json_is_object(n->in)) {
			text = other_string(n->key);
			if (text != NULL)
				rename_member(n, json_string_value(text));
			json_decref(text);
		} else
			(void)json_array_insert_new(n->in, n->at, json_deep_copy(value));
		break;
	case 4:
		wrap(dice, n);
		break;
	case 5:
		if (json_is_object(n->in) && json_is_object(m->in) && m->key != NULL) {
			autofree char *name = strdup(m->key);

			claim(name != NULL);
			rename_member(n, name);
		}
		break;
	default:
		value = fresh(dice, value);
		if (value != NULL)
			put(n, value);
	}
	free(t);
}

size_t
LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max, unsigned seed)
{
	unsigned dice = seed;
	autojson json_t *doc = NULL;
	autofree char *text = NULL;
	size_t n;

	if (roll(&dice, 8) == 0 || (doc = fuzz_json(data, size)) == NULL)
		return LLVMFuzzerMutate(data, size, max);
	for (unsigned i = roll(&dice, 4); i < 4; i++)
		change(&dice, doc);
	text = json_dumps(doc, JSON_COMPACT);
	n = text != NULL ? strlen(text) : 0;
	if (n == 0 || n > max)
		return LLVMFuzzerMutate(data, size, max);
	memcpy(data, text, n);
	return n;
}
