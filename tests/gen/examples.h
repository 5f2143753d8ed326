/* SPDX-License-Identifier: Apache-2.0 */
/*
 * examples: what the generated test does with each example and counter-example
 * of schemas/: the first parses, prints to the same canonical JSON and frees
 * clean, and without any one member is either refused at that member or still
 * the same; the second is refused at the pointer it names and for the rule it names.
 */
#ifndef CAIRN_TEST_EXAMPLES_H
#define CAIRN_TEST_EXAMPLES_H

#include <jansson.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/canon.h"
#include "base/cleanup.h"
#include "base/event.h"
#include "tests/tap.h"

/* Of the type that is looked at. */
static json_t *example_now;
static unsigned example_n, example_wrong;

/* Text of "POINTER: reason" is for the pointer ${at}. */
static int
example_points_to(const struct err *err, const char *at)
{
	size_t n = strlen(at);

	if (n == 0)
		return strncmp(err->text, "(whole): ", 9) == 0;
	return strncmp(err->text, at, n) == 0 && strncmp(err->text + n, ": ", 2) == 0;
}

/* 0 if ${json} survives parse, print and free unchanged; E_BAD if refused; -1 if changed. */
static int
example_round_trip(const struct ev_desc *desc, const json_t *json, struct err *reterr)
{
	autofree void *event = calloc(1, desc->size);
	autofree char *before = NULL, *after = NULL;
	autojson json_t *printed = NULL;
	int r = event_parse(desc, json, event, reterr);

	if (r != 0)
		return r;
	r = event_print(desc, event, &printed, reterr);
	event_free(desc, event);
	if (r != 0)
		return -1;
	return canon_text(json, &before, NULL) == 0 && canon_text(printed, &after, NULL) == 0 && strcmp(before, after) == 0 ? 0 : -1;
}

static void
example_good(const struct ev_desc *desc, const char *name, const char *text)
{
	autojson json_t *json = json_loads(text, JSON_ALLOW_NUL | JSON_REJECT_DUPLICATES, NULL);
	struct err err = { "" };
	unsigned refused = 0, optional = 0, wrong = 0;
	const char *key;
	json_t *value;

	ok(example_round_trip(desc, json, &err) == 0, "%s: the example survives %s", name, err.text);
	json_object_foreach(json, key, value) {
		autojson json_t *less = json_copy(json);
		char at[80];
		int r;

		(void)json_object_del(less, key);
		r = example_round_trip(desc, less, &err);
		(void)snprintf(at, sizeof(at), "/%s", key);
		refused += r == E_BAD && example_points_to(&err, at);
		optional += r == 0;
		wrong += r < 0 || (r == E_BAD && !example_points_to(&err, at));
	}
	/* A member that a rule bans without the one left out is refused there instead. */
	ok(refused + optional + wrong == json_object_size(json) && refused > 0,
	    "%s: without a member: %u refused there, %u optional, %u elsewhere", name, refused,
	    optional, wrong);
	ok(wrong == 0, "%s: nothing is lost in silence", name);
	example_now = json_incref(json);
}

/* ---- Counter-examples: the example, and a patch of it. ---- */

/* What the reason says of each rule that tools/counter.py knows. */
static bool
example_says(const char *reason, const char *rule)
{
	static const struct { const char *rule, *says; } words[] = {
		{ "required", "missing" }, { "additionalProperties", "unknown member" }, { "enum", "is not a value of the closed list" },
		{ "const", "must be " }, { "format", "does not follow the format " }, { "minLength", "must be %d to %d bytes long" },
		{ "maxLength", "must be %d to %d bytes long" }, { "bytes", "must be %d to %d bytes long" }, { "minimum", "must be in %d..%d" },
		{ "maximum", "must be in %d..%d" }, { "minItems", "must hold %d to %d items" }, { "maxItems", "must hold %d to %d items" },
		{ "uniqueItems", "is there twice" }, { "false", "must not be there, since " }, { "control", "holds a control character" },
		{ "type", "must be a string" }, { "type", "must be an integer" }, { "type", "must be true or false" },
		{ "type", "must be a list" }, { "type", "must be an object" },
	};

	for (size_t i = 0; i < nelem(words); i++) {
		const char *r = reason, *w = words[i].says;

		if (strcmp(words[i].rule, rule) != 0)
			continue;
		for (size_t n; r != NULL && *w != '\0'; ) {
			if (strncmp(w, "%d", 2) != 0) {
				r = *w++ == *r ? r + 1 : NULL;
				continue;
			}
			n = strspn(r, "-0123456789");
			r = n > 0 ? r + n : NULL;
			w += 2;
		}
		if (r != NULL)
			return true;
	}
	return false;
}

/* A step of a JSON pointer: its name, with "~0" and "~1" as what they stand for; the rest. */
static const char *
example_step(const char *pointer, char name[80])
{
	size_t n = 0;

	for (pointer++; *pointer != '\0' && *pointer != '/' && n < 79; pointer++) {
		bool tilde = *pointer == '~' && (pointer[1] == '0' || pointer[1] == '1');

		name[n++] = !tilde ? *pointer : *++pointer == '0' ? '~' : '/';
	}
	name[n] = '\0';
	return pointer;
}

/* One operation of RFC 6902 on ${doc}; false: it does not fit. */
static bool
example_apply(json_t **doc, const json_t *op)
{
	const char *what = json_str(op, "op"), *p = json_str(op, "path");
	json_t *at = *doc, *value = json_object_get(op, "value");
	char name[80];
	size_t i;

	if (*p == '\0') {
		json_decref(*doc);
		*doc = json_deep_copy(value);
		return *doc != NULL;
	}
	for (p = example_step(p, name); *p != '\0'; p = example_step(p, name))
		at = json_is_array(at) ? json_array_get(at, (size_t)strtoul(name, NULL, 10)) : json_object_get(at, name);
	i = strcmp(name, "-") == 0 ? json_array_size(at) : (size_t)strtoul(name, NULL, 10);
	if (strcmp(what, "remove") == 0)
		return (json_is_array(at) ? json_array_remove(at, i) : json_object_del(at, name)) == 0;
	if (json_is_array(at))
		return (strcmp(what, "add") == 0 ? json_array_insert_new(at, i, json_deep_copy(value)) :
		    json_array_set_new(at, i, json_deep_copy(value))) == 0;
	return json_object_set_new(at, name, json_deep_copy(value)) == 0;
}

static bool
example_refused(const struct ev_desc *desc, const char *at, const char *rule, const char *text, struct err *err)
{
	autojson json_t *json = json_deep_copy(example_now);
	autojson json_t *patch = json_loads(text, JSON_ALLOW_NUL | JSON_REJECT_DUPLICATES, NULL);
	json_t *op;
	size_t i;

	json_array_foreach(patch, i, op)
		if (!example_apply(&json, op))
			return false;
	return json_array_size(patch) > 0 && example_round_trip(desc, json, err) == E_BAD && example_points_to(err, at) &&
	    example_says(err->text + (*at != '\0' ? strlen(at) : strlen("(whole)")) + 2, rule);
}

static void
example_bad(const struct ev_desc *desc, const char *name, const char *at, const char *rule, const char *why, const char *patch)
{
	struct err err = { "" };

	if (!ok(example_refused(desc, at, rule, patch, &err), "%s: refused at %s: %s", name, at, why))
		printf("# %s: %s\n", rule, err.text);
}

static void
example_derived(const struct ev_desc *desc, const char *at, const char *rule, const char *patch)
{
	struct err err = { "" };

	example_n++;
	if (!example_refused(desc, at, rule, patch, &err)) {
		example_wrong++;
		printf("# %s at %s by %.300s: %s\n", rule, at, patch, err.text);
	}
}

static void
example_end(const char *name)
{
	ok(example_wrong == 0, "%s: %u more are refused, each at its place and for its reason", name, example_n);
	json_decref(example_now);
	example_now = NULL;
	example_n = example_wrong = 0;
}

#endif /* !CAIRN_TEST_EXAMPLES_H */
