/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Hostile JSON: an answer is what it says, or what is left when strangers' words in it are mended;
 * canonical form is one form; what an event's schema takes is printed as it takes it again.  A
 * refusal names the place and changes nothing.
 */
#include "base/canon.h"
#include "base/event.h"
#include "base/proof.h"
#include "base/text.h"
#include "events.h"
#include "fuzz.h"
#include "matrix/answer.h"

const unsigned fuzz_changes = 60;

static void
round_trip(const struct ev_type *type, const json_t *value)
{
	autojson json_t *printed = NULL, *again = NULL;
	autofree void *one = malloc(type->desc->size), *two = calloc(1, type->desc->size);
	struct err err = { "" };

	claim(one != NULL && two != NULL);
	memset(one, 0xa5, type->desc->size);
	if (event_parse(type->desc, value, one, &err) != 0) {
		fuzz_err(&err, true);
		claim(event_check(type->desc, value, NULL) == E_BAD);
		for (size_t i = 0; i < type->desc->size; i++)
			claim(((const uint8_t *)one)[i] == 0xa5);
		return;
	}
	claim(event_print(type->desc, one, &printed, NULL) == 0);
	claim(event_parse(type->desc, printed, two, NULL) == 0);
	claim(event_print(type->desc, two, &again, NULL) == 0 && json_equal(printed, again));
	/* Nothing is lost on the way but what JSON leaves open. */
	claim(json_object_size(printed) == json_object_size(value));
	event_free(type->desc, one);
	event_free(type->desc, two);
}

static void
canonical(const json_t *value, const struct err *err, char *text)
{
	autojson json_t *again = NULL;
	autofree char *text_again = NULL;
	autobuf struct buf jcs = { 0 };

	claim(canon_dump_jcs(value, &jcs, NULL) == (text == NULL ? E_BAD : 0));
	if (text == NULL) {
		fuzz_err(err, true);
		claim(jcs.len == 0);
		return;
	}
	claim(text_is_utf8(text));
	claim(canon_parse(text, strlen(text), &again, NULL) == 0 && json_equal(value, again));
	claim(canon_text(again, &text_again, NULL) == 0 && strcmp(text, text_again) == 0);
	claim(jcs.len == strlen(text));
	json_decref(again);
	again = NULL;
	claim(canon_parse(jcs.data, jcs.len, &again, NULL) == 0 && json_equal(value, again));
}

/* What was parsed is strict JSON to another parser too, and no deeper than promised. */
static int
depth(const json_t *value)
{
	const char *key;
	json_t *item;
	size_t i;
	int below = 0, n;

	json_object_foreach((json_t *)(uintptr_t)value, key, item)
		below = (n = depth(item)) > below ? n : below;
	json_array_foreach(value, i, item)
		below = (n = depth(item)) > below ? n : below;
	return json_is_object(value) || json_is_array(value) ? below + 1 : 0;
}

static void
parsed(const json_t *value, const uint8_t *data, size_t len)
{
	autojson json_t *other = json_loadb((const char *)data, len, JSON_REJECT_DUPLICATES, NULL);

	claim(other != NULL && json_equal(value, other));
	claim((json_is_object(value) || json_is_array(value)) && depth(value) <= CANON_MAX_DEPTH);
}

/* What the strict parser takes is left as it is; what is mended has the same members at its top. */
static void
answer(const uint8_t *data, size_t len, const json_t *strict)
{
	autojson json_t *value = NULL, *lenient = json_loadb((const char *)data, len, JSON_ALLOW_NUL, NULL);
	const char *key;
	json_t *item;
	int r = answer_parse((const char *)data, len, &value);

	claim(r == 0 || (r == E_BAD && strict == NULL && value == NULL));
	if (r != 0)
		return;
	claim((json_is_object(value) || json_is_array(value)) && (strict == NULL || json_equal(strict, value)));
	claim(depth(value) <= CANON_MAX_DEPTH + 1);
	json_object_foreach(value, key, item)
		claim(lenient == NULL || strchr(key, 0xef) != NULL || json_object_get(lenient, key) != NULL);
}

/* A signature over what may be signed is found good, and none over what was changed. */
static void
signatures(const json_t *value)
{
	static const uint8_t seed[ED25519_SEED] = "a seed of no other use", key[ED25519_PUBLIC] = { 1 };
	autojson json_t *doc = json_deep_copy(value);
	struct err err = { "" };
	int r;

	if (!json_is_object(doc))
		return;
	r = proof_verify(value, key, "assertionMethod", &err);
	claim(r == E_REFUSED);
	fuzz_err(&err, true);
	claim(verify_json(value, "@a:b", "ed25519:A", key, &err) == E_REFUSED);
	if (sign_json(doc, "@a:b", "ed25519:A", seed) == 0)
		claim(json_obj(json_obj(doc, "signatures"), "@a:b") != NULL);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	autojson json_t *value = NULL;
	autofree char *text = NULL;
	struct err err = { "" };
	int r = canon_parse((const char *)data, len, &value, &err);

	answer(data, len, r == 0 ? value : NULL);
	if (r != 0) {
		fuzz_err(&err, true);
		claim(value == NULL);
		return 0;
	}
	parsed(value, data, len);
	if (canon_text(value, &text, &err) != 0)
		claim(text == NULL);
	canonical(value, &err, text);
	signatures(value);
	for (size_t i = 0; i < ev_n_events; i++)
		round_trip(&ev_events[i], value);
	for (size_t i = 0; i < ev_n_records; i++)
		round_trip(&ev_records[i], value);
	return 0;
}
