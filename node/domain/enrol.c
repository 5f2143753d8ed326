/* SPDX-License-Identifier: Apache-2.0 */
#include "enrol.h"

#include <errno.h>
#include <sodium.h>
#include <string.h>

#include "base/buf.h"
#include "base/canon.h"
#include "base/encode.h"
#include "base/event.h"
#include "base/id.h"
#include "base/proof.h"
#include "events.h"
#include "signed.h"
#include "trust.h"
#include "when.h"

enum { MAC_TEXT = 2 * crypto_auth_hmacsha256_BYTES + 1 };

static const char symbols[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

const char *
enrol_code(const uint8_t raw[ENROL_CODE], char out[ENROL_CODE_TEXT])
{
	char *p = out;

	for (size_t i = 0; i < ENROL_CODE; i++) {
		if (i > 0 && i % 4 == 0)
			*p++ = '-';
		*p++ = symbols[raw[i] & 31];
	}
	*p = '\0';
	return out;
}

/* As people write it: in any case, with blanks or hyphens, O for 0, I and L for 1. */
static int
read_code(const char *text, char ret[ENROL_CODE + 1])
{
	size_t n = 0;

	for (; *text != '\0'; text++) {
		char c = *text;
		const char *at;

		if (strchr(" \t-", c) != NULL)
			continue;
		c = c >= 'a' && c <= 'z' ? (char)(c - 'a' + 'A') : c;
		c = c == 'O' ? '0' : c == 'I' || c == 'L' ? '1' : c;
		if ((at = strchr(symbols, c)) == NULL || n == ENROL_CODE)
			return E_BAD;
		ret[n++] = *at;
	}
	ret[n] = '\0';
	return n == ENROL_CODE ? 0 : E_BAD;
}

int
enrol_key(const char *id, const char *code, uint8_t ret[ENROL_KEY])
{
	static const char context[] = ID_NAMESPACE "invitation\n";
	crypto_hash_sha256_state state;
	char plain[ENROL_CODE + 1];

	if (read_code(code, plain) != 0)
		return E_BAD;
	(void)crypto_hash_sha256_init(&state);
	(void)crypto_hash_sha256_update(&state, (const unsigned char *)context, strlen(context));
	(void)crypto_hash_sha256_update(&state, (const unsigned char *)id, strlen(id));
	(void)crypto_hash_sha256_update(&state, (const unsigned char *)"\n", 1);
	(void)crypto_hash_sha256_update(&state, (const unsigned char *)plain, ENROL_CODE);
	(void)crypto_hash_sha256_final(&state, ret);
	sodium_memzero(&state, sizeof(state));
	sodium_memzero(plain, sizeof(plain));
	return 0;
}

int
enrol_words(const json_t *entry, char out[ENROL_WORDS])
{
	autobuf struct buf text = { 0 };
	uint8_t digest[crypto_hash_sha256_BYTES];
	int r = canon_dump(entry, &text, NULL);

	if (r != 0)
		return r < 0 ? r : -ENOMEM;
	(void)crypto_hash_sha256(digest, (const unsigned char *)text.data, text.len);
	(void)words_print(digest, ENROL_NWORDS, out);
	return 0;
}

/* The keyed hash over all but itself and the proof. */
static int
mac_of(const json_t *doc, const uint8_t key[ENROL_KEY], char ret[MAC_TEXT])
{
	autojson json_t *bare = json_copy((json_t *)doc);
	autobuf struct buf text = { 0 };
	uint8_t mac[crypto_auth_hmacsha256_BYTES];

	if (bare == NULL)
		return -ENOMEM;
	(void)json_object_del(bare, "mac");
	(void)json_object_del(bare, "proof");
	if (canon_dump(bare, &text, NULL) != 0)
		return -ENOMEM;
	(void)crypto_auth_hmacsha256(mac, (const unsigned char *)text.data, text.len, key);
	encode_hex(mac, sizeof(mac), ret);
	return 0;
}

/* Shape, and that the accounts and keys of its entry could stand on a list. */
static int
read_doc(const json_t *doc, enum signed_kind kind, struct err *reterr)
{
	int r = event_check(kind == SIGNED_INVITATION ? &file_invitation_desc : &file_enrolment_desc, doc, reterr);

	if (r != 0 || (r = trust_entry(json_obj(doc, "entry"), reterr)) != 0)
		err_add(reterr, kind == SIGNED_INVITATION ? "this is no invitation" : "this is no answer to an invitation");
	return r;
}

/* ${doc} with its keyed hash and proof; consumed. */
static int
seal(json_t *doc, enum signed_kind kind, const uint8_t key[ENROL_KEY], const uint8_t seed[32], int64_t now, json_t **ret,
    struct err *reterr)
{
	autojson json_t *mine = doc;
	char created[WHEN_TEXT], mac[MAC_TEXT];
	int r;

	if (doc == NULL || (r = mac_of(doc, key, mac)) != 0 || json_object_set_new(doc, "mac", json_string(mac)) != 0)
		return -ENOMEM;
	if ((r = proof_sign(doc, seed, SIGNED_PURPOSE, when_print(now, created), reterr)) != 0 || (r = read_doc(doc, kind, reterr)) != 0)
		return r;
	*ret = take(mine);
	return 0;
}

int
enrol_invite(const char *id, const char *domain, int64_t until, const json_t *entry, const uint8_t key[ENROL_KEY],
    const uint8_t seed[32], int64_t now, json_t **ret, struct err *reterr)
{
	return seal(json_pack("{s:i, s:s, s:s, s:s, s:I, s:I, s:O}", "v", 1, "kind", "invitation", "id", id, "domain", domain,
	    "issued_at", (json_int_t)now, "expires_at", (json_int_t)until, "entry", entry), SIGNED_INVITATION, key, seed, now, ret, reterr);
}

int
enrol_answer(const char *id, const json_t *entry, const uint8_t key[ENROL_KEY], const uint8_t seed[32], int64_t now,
    json_t **ret, struct err *reterr)
{
	return seal(json_pack("{s:i, s:s, s:s, s:I, s:O}", "v", 1, "kind", "enrolment", "invitation", id, "issued_at", (json_int_t)now,
	    "entry", entry), SIGNED_ENROLMENT, key, seed, now, ret, reterr);
}

/* Made with the code, and by whoever has the record key that it names. */
static int
check_seal(const json_t *doc, enum signed_kind kind, const uint8_t key[ENROL_KEY], struct err *reterr)
{
	const char *text = json_str(json_obj(doc, "entry"), "record_key"), *said = json_str(doc, "mac");
	char mac[MAC_TEXT];
	uint8_t record_key[ED25519_PUBLIC];
	int r = mac_of(doc, key, mac);

	if (r != 0)
		return r;
	if (sodium_memcmp(mac, said, sizeof(mac)) != 0)
		return err_set(reterr, E_REFUSED, "it was not made with this code, or was changed afterwards");
	if (proof_key_parse(text, record_key) != 0)
		return E_BAD;
	if ((r = signed_verify(doc, kind, record_key, reterr)) > 0)
		err_add(reterr, "its organization did not sign it");
	return r;
}

int
enrol_check_invitation(const json_t *doc, const char *domain, const char *code, int64_t now, uint8_t ret_key[ENROL_KEY],
    struct err *reterr)
{
	uint8_t key[ENROL_KEY];
	char day[WHEN_TEXT];
	int r = read_doc(doc, SIGNED_INVITATION, reterr);

	if (r != 0)
		return r;
	if (enrol_key(json_str(doc, "id"), code, key) != 0)
		return err_set(reterr, E_REFUSED, "the code has %d letters and digits, in groups of four", ENROL_CODE);
	if ((r = check_seal(doc, SIGNED_INVITATION, key, reterr)) == 0 && strcmp(json_str(doc, "domain"), domain) != 0)
		r = err_set(reterr, E_REFUSED, "it invites the organization of %.100s, and we are %.100s", json_str(doc, "domain"), domain);
	else if (r == 0 && json_int(doc, "expires_at", 0) <= now)
		r = err_set(reterr, E_REFUSED, "the invitation ended on %s", when_print_day(json_int(doc, "expires_at", 0), day));
	if (r == 0)
		memcpy(ret_key, key, sizeof(key));
	sodium_memzero(key, sizeof(key));
	return r;
}

int
enrol_check_answer(const json_t *doc, const char *id, const char *domain, const uint8_t key[ENROL_KEY], struct err *reterr)
{
	const char *server = json_str(json_obj(doc, "entry"), "server");
	int r = read_doc(doc, SIGNED_ENROLMENT, reterr);

	if (r != 0)
		return r;
	if (strcmp(json_str(doc, "invitation"), id) != 0)
		return err_set(reterr, E_REFUSED, "it answers another invitation");
	if ((r = check_seal(doc, SIGNED_ENROLMENT, key, reterr)) == 0 && strcmp(server, domain) != 0)
		r = err_set(reterr, E_REFUSED, "the organization of %.100s answers, and that of %.100s was invited", server, domain);
	return r;
}
