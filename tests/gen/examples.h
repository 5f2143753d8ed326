/* SPDX-License-Identifier: Apache-2.0 */
/*
 * examples: what the generated test does with each example and counter-example
 * of schemas/: the first parses, prints to the same canonical JSON and frees
 * clean, and without any one member is either refused at that member or still
 * the same; the second is refused at the pointer it names.
 */
#ifndef CAIRN_TEST_EXAMPLES_H
#define CAIRN_TEST_EXAMPLES_H

#include <jansson.h>

#include "base/canon.h"
#include "base/event.h"
#include "tests/tap.h"

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
	before = canon_text(json, NULL);
	after = canon_text(printed, NULL);
	return before != NULL && after != NULL && strcmp(before, after) == 0 ? 0 : -1;
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
}

static void
example_bad(const struct ev_desc *desc, const char *name, const char *at, const char *why,
    const char *text)
{
	autojson json_t *json = json_loads(text,
	    JSON_ALLOW_NUL | JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, NULL);
	struct err err = { "" };
	int r = json != NULL ? example_round_trip(desc, json, &err) : -1;

	if (!ok(r == E_BAD && example_points_to(&err, at), "%s: refused at %s: %s", name, at, why))
		printf("# answer %d: %s\n", r, err.text);
}

#endif /* !CAIRN_TEST_EXAMPLES_H */
