/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The files with which an organization comes onto the trust list, as somebody hands them over, and the code and the words
 * that people read to each other.  An input is an object with any of
 *
 *     "invitation", "code", "now"    for river.example
 *     "enrolment", "code"            an answer to invitation ID by river.example
 *     "words"
 *
 * In a document {"$seal": "oak", "river" or "other", "$code": CODE, "$after": {...}, ...} is sealed with that code, here as the schema
 * says, and signed by that key once its members are filled in ("$oak" and the like are keys), and then changed by "$after".
 *
 * What is taken was made with the code, by the key that it names, for us, in time, and could stand on a list; of what is not taken
 * no key comes out.
 */
#include "base/canon.h"
#include "base/encode.h"
#include "base/words.h"
#include "domain/enrol.h"
#include "domain/signed.h"
#include "domain/trust.h"
#include "domain/when.h"
#include "fuzz.h"
#include "tests/domain/keys.h"

const unsigned fuzz_changes = 200;

#define ID	"3TQ8V6M1X9B4K7R2D5N0W8Y6ZC"
#define DOMAIN	"river.example"
#define CONTEXT	"org.cairnpeer.invitation\n"

enum { SYMBOLS = 28, MAC = crypto_auth_hmacsha256_BYTES, NKEYS = 3 };

static const char *const names[NKEYS] = { "oak", "river", "other" };
static struct keypair keys[NKEYS];
static struct fuzz_word words[NKEYS];

/* The letters and digits of a code, as people may write it.  False: it is none. */
static bool
plain(const char *code, char ret[SYMBOLS + 1])
{
	static const char from[] = "OoIiLl", to[] = "001111";
	size_t n = 0;

	for (; *code != '\0'; code++) {
		const char *at = strchr(from, *code);
		char c = at != NULL ? to[at - from] : *code;

		if (c == ' ' || c == '\t' || c == '-')
			continue;
		if (c >= 'a' && c <= 'z')
			c = (char)(c - 32);
		if (n == SYMBOLS || !((c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z' && c != 'U')))
			return false;
		ret[n++] = c;
	}
	ret[n] = '\0';
	return n == SYMBOLS;
}

/* The keyed hash of ${doc} for invitation ${id}, in hexadecimal. */
static bool
mac_of(const json_t *doc, const char *id, const char *code, uint8_t ret_key[ENROL_KEY], char ret[2 * MAC + 1])
{
	autojson json_t *bare = json_copy((json_t *)(uintptr_t)doc);
	autobuf struct buf context = { 0 };
	autofree char *text = NULL;
	char symbols[SYMBOLS + 1];
	uint8_t mac[MAC];

	(void)json_object_del(bare, "mac");
	(void)json_object_del(bare, "proof");
	if (id == NULL || !plain(code, symbols) || canon_text(bare, &text, NULL) != 0)
		return false;
	claim(buf_printf(&context, CONTEXT "%s\n%s", id, symbols) == 0);
	(void)crypto_hash_sha256(ret_key, (const uint8_t *)context.data, context.len);
	(void)crypto_auth_hmacsha256(mac, (const uint8_t *)text, strlen(text), ret_key);
	(void)sodium_bin2hex(ret, 2 * MAC + 1, mac, MAC);
	return true;
}

static void
each_object(void *cookie, json_t *object)
{
	autojson json_t *by = fuzz_ask(object, "$seal"), *code = fuzz_ask(object, "$code"), *after = fuzz_ask(object, "$after");
	const char *id = json_str(object, json_object_get(object, "invitation") != NULL ? "invitation" : "id");
	uint8_t key[ENROL_KEY];
	char mac[2 * MAC + 1];

	(void)cookie;
	for (size_t i = 0; i < NKEYS; i++) {
		if (!json_is_string(by) || strcmp(json_string_value(by), names[i]) != 0)
			continue;
		if (json_is_string(code) && mac_of(object, id, json_string_value(code), key, mac))
			(void)json_object_set_new(object, "mac", json_string(mac));
		(void)!proof_sign(object, keys[i].seed, SIGNED_PURPOSE, "2026-11-21T03:00:00Z", NULL);
	}
	if (json_is_object(after))
		claim(json_object_update(object, after) == 0);
}

static json_t *
filled(const json_t *wish, const char *name)
{
	const struct fuzz_dialect dialect = { .words = words, .n = NKEYS, .object = each_object };
	const json_t *doc = json_object_get(wish, name);

	return doc != NULL ? fuzz_fill(&dialect, doc) : NULL;
}

/* What is taken, by a look of its own. */
static void
taken(const json_t *doc, enum signed_kind kind, const char *code, const char *domain)
{
	const json_t *entry = json_obj(doc, "entry");
	char mac[2 * MAC + 1], said[ENROL_WORDS];
	uint8_t key[ENROL_KEY], public[ED25519_PUBLIC], bytes[ENROL_NWORDS];
	struct err err = { "" };

	claim(mac_of(doc, ID, code, key, mac) && strcmp(mac, json_str(doc, "mac")) == 0);
	claim(signed_kind(doc) == kind && proof_key_parse(json_str(entry, "record_key"), public) == 0);
	claim(proof_verify(doc, public, SIGNED_PURPOSE, NULL) == 0);
	claim(strcmp(json_str(kind == SIGNED_INVITATION ? doc : entry, kind == SIGNED_INVITATION ? "domain" : "server"), domain) == 0);
	claim(trust_entry(entry, &err) == 0);
	claim(enrol_words(entry, said) == 0 && words_parse(said, bytes, ENROL_NWORDS) == 0);
}

static void
invitation(const json_t *wish, const char *code, int64_t now)
{
	static const uint8_t none[ENROL_KEY];
	autojson json_t *doc = filled(wish, "invitation");
	uint8_t key[ENROL_KEY] = { 0 }, want[ENROL_KEY];
	struct err err = { "" };
	char mac[2 * MAC + 1];
	int r;

	if (doc == NULL)
		return;
	r = enrol_check_invitation(doc, DOMAIN, code, now, key, &err);
	claim(r == 0 || r == E_BAD || r == E_REFUSED);
	fuzz_err(&err, r != 0);
	claim((memcmp(key, none, sizeof(key)) == 0) == (r != 0));
	if (r != 0)
		return;
	claim(mac_of(doc, json_str(doc, "id"), code, want, mac) && memcmp(key, want, sizeof(key)) == 0);
	claim(json_int(doc, "expires_at", 0) > now);
	claim(enrol_check_invitation(doc, DOMAIN, code, json_int(doc, "expires_at", 0), key, NULL) == E_REFUSED);
	claim(enrol_check_invitation(doc, "oak.example", code, now, key, NULL) == E_REFUSED);
	if (strcmp(json_str(doc, "id"), ID) == 0)
		taken(doc, SIGNED_INVITATION, code, DOMAIN);
}

static void
enrolment(const json_t *wish, const char *code)
{
	autojson json_t *doc = filled(wish, "enrolment");
	uint8_t key[ENROL_KEY], other[ENROL_KEY] = { 1 };
	struct err err = { "" };
	int r;

	if (doc == NULL || enrol_key(ID, code, key) != 0)
		return;
	r = enrol_check_answer(doc, ID, DOMAIN, key, &err);
	claim(r == 0 || r == E_BAD || r == E_REFUSED);
	fuzz_err(&err, r != 0);
	if (r != 0)
		return;
	taken(doc, SIGNED_ENROLMENT, code, DOMAIN);
	claim(enrol_check_answer(doc, ORG_A, DOMAIN, key, NULL) == E_REFUSED);
	claim(enrol_check_answer(doc, ID, "oak.example", key, NULL) == E_REFUSED);
	claim(enrol_check_answer(doc, ID, DOMAIN, other, NULL) == E_REFUSED);
}

/* What was heard: words or none, and which they are can be said again. */
static void
heard(const char *text)
{
	uint8_t bytes[ENROL_NWORDS], again[ENROL_NWORDS], key[ENROL_KEY], raw[ENROL_CODE], other[ENROL_KEY];
	char said[ENROL_WORDS], symbols[SYMBOLS + 1], code[ENROL_CODE_TEXT];

	if (words_parse(text, bytes, sizeof(bytes)) == 0)
		claim(words_parse(words_print(bytes, sizeof(bytes), said), again, sizeof(again)) == 0 && memcmp(bytes, again, sizeof(again)) == 0);
	claim((enrol_key(ID, text, key) == 0) == plain(text, symbols));
	if (!plain(text, symbols))
		return;
	for (size_t i = 0; i < ENROL_CODE; i++)
		raw[i] = (uint8_t)(strchr("0123456789ABCDEFGHJKMNPQRSTVWXYZ", symbols[i]) - "0123456789ABCDEFGHJKMNPQRSTVWXYZ");
	claim(enrol_key(ID, enrol_code(raw, code), other) == 0 && memcmp(key, other, sizeof(key)) == 0);
}

int
LLVMFuzzerInitialize(int *argc, char ***argv)
{
	static const char *const which[NKEYS] = { "$oak", "$river", "$other" };

	(void)argc, (void)argv;
	fuzz_start();
	for (size_t i = 0; i < NKEYS; i++) {
		keys[i] = key_of(i == 0 ? KEY_ORG_A : i == 1 ? KEY_ORG_B : KEY_STRANGER);
		words[i] = (struct fuzz_word){ .word = which[i], .is = keys[i].text };
	}
	return 0;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	autojson json_t *wish = NULL;
	const char *code;

	if (canon_parse((const char *)data, len, &wish, NULL) != 0 || !json_is_object(wish))
		return 0;
	code = json_str(wish, "code") != NULL ? json_str(wish, "code") : "";
	invitation(wish, code, json_int(wish, "now", NOW));
	enrolment(wish, code);
	heard(code);
	if (json_str(wish, "words") != NULL)
		heard(json_str(wish, "words"));
	return 0;
}
