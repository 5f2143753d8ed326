/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <sodium.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "canon.h"
#include "encode.h"
#include "proof.h"

#define SUITE_TYPE	"DataIntegrityProof"
#define SUITE_NAME	"eddsa-jcs-2022"

/* Multicodec ed25519-pub, as a varint, then the key. */
enum { CODEC_0 = 0xed, CODEC_1 = 0x01, CODED_KEY = 2 + ED25519_PUBLIC };

/* What is signed: SHA-256 of the proof's options, then of the document. */
enum { HASHES = 2 * crypto_hash_sha256_BYTES };

void
proof_key_text(const uint8_t pub[ED25519_PUBLIC], char out[64])
{
	uint8_t coded[CODED_KEY] = { CODEC_0, CODEC_1 };

	memcpy(coded + 2, pub, ED25519_PUBLIC);
	out[0] = 'z';
	encode_b58(coded, sizeof(coded), out + 1);
}

/* Canonical, of the main subgroup, not of small order. */
static int
take_point(const uint8_t *key, uint8_t ret[ED25519_PUBLIC])
{
	if (crypto_core_ed25519_is_valid_point(key) != 1)
		return E_BAD;
	memcpy(ret, key, ED25519_PUBLIC);
	return 0;
}

int
proof_key_parse(const char *text, uint8_t ret[ED25519_PUBLIC])
{
	uint8_t coded[CODED_KEY];
	size_t n;

	if (text[0] != 'z' || decode_b58(text + 1, coded, sizeof(coded), &n) != 0 ||
	    n != sizeof(coded) || coded[0] != CODEC_0 || coded[1] != CODEC_1)
		return E_BAD;
	return take_point(coded + 2, ret);
}

int
proof_key_b64(const char *text, uint8_t ret[ED25519_PUBLIC])
{
	uint8_t key[ED25519_PUBLIC];

	return text != NULL && decode_b64_exact(text, key, sizeof(key)) == 0 ? take_point(key, ret) : E_BAD;
}

static void
sign(const uint8_t seed[ED25519_SEED], const void *message, size_t len,
    uint8_t ret_sig[ED25519_SIG])
{
	uint8_t pub[crypto_sign_PUBLICKEYBYTES], secret[crypto_sign_SECRETKEYBYTES];

	(void)crypto_sign_seed_keypair(pub, secret, seed);
	(void)crypto_sign_detached(ret_sig, NULL, message, len, secret);
	sodium_memzero(secret, sizeof(secret));
}

static int
hash_jcs(const json_t *value, uint8_t ret[crypto_hash_sha256_BYTES], struct err *reterr)
{
	autobuf struct buf text = { 0 };
	int r = canon_dump_jcs(value, &text, reterr);

	if (r == 0)
		(void)crypto_hash_sha256(ret, (const unsigned char *)text.data, text.len);
	return r;
}

/* A copy of ${object} that shares its members, but not these two (NULL: none). */
static json_t *
copy_without(const json_t *object, const char *one, const char *two)
{
	json_t *copy = json_copy((json_t *)object);

	if (copy != NULL && one != NULL)
		(void)json_object_del(copy, one);
	if (copy != NULL && two != NULL)
		(void)json_object_del(copy, two);
	return copy;
}

static int
hash_both(const json_t *doc, const json_t *proof, uint8_t ret[HASHES], struct err *reterr)
{
	autojson json_t *options = copy_without(proof, "proofValue", NULL);
	autojson json_t *unsecured = copy_without(doc, "proof", NULL);
	int r;

	if (options == NULL || unsecured == NULL)
		return err_set(reterr, -ENOMEM, "out of memory");
	r = hash_jcs(options, ret, reterr);
	if (r == 0)
		r = hash_jcs(unsecured, ret + crypto_hash_sha256_BYTES, reterr);
	return r;
}

/* Add proofValue to the options in ${proof}, then ${proof} to ${doc}. */
static int
sign_options(json_t *doc, json_t *proof, const uint8_t seed[ED25519_SEED], struct err *reterr)
{
	uint8_t hashes[HASHES], sig[ED25519_SIG];
	char value[1 + ED25519_SIG * 138 / 100 + 2] = "z";
	json_t *context = json_object_get(doc, "@context");
	int r;

	if (context != NULL && json_object_set(proof, "@context", context) != 0)
		return err_set(reterr, -ENOMEM, "out of memory");
	r = hash_both(doc, proof, hashes, reterr);
	if (r != 0)
		return r;
	sign(seed, hashes, sizeof(hashes), sig);
	encode_b58(sig, sizeof(sig), value + 1);
	if (json_object_set_new(proof, "proofValue", json_string(value)) != 0 ||
	    json_object_set(doc, "proof", proof) != 0)
		return err_set(reterr, -ENOMEM, "out of memory");
	return 0;
}

int
proof_sign(json_t *doc, const uint8_t seed[ED25519_SEED], const char *purpose,
    const char *created, struct err *reterr)
{
	uint8_t pub[crypto_sign_PUBLICKEYBYTES], secret[crypto_sign_SECRETKEYBYTES];
	char key[64], method[2 * sizeof(key) + sizeof("did:key:#")];
	autojson json_t *proof = NULL;

	if (!json_is_object(doc))
		return err_set(reterr, E_BAD, "only an object can carry a proof");
	(void)crypto_sign_seed_keypair(pub, secret, seed);
	sodium_memzero(secret, sizeof(secret));
	proof_key_text(pub, key);
	(void)snprintf(method, sizeof(method), "did:key:%s#%s", key, key);
	proof = json_pack("{s:s, s:s, s:s, s:s, s:s}", "type", SUITE_TYPE,
	    "cryptosuite", SUITE_NAME, "created", created,
	    "verificationMethod", method, "proofPurpose", purpose);
	if (proof == NULL)
		return err_set(reterr, E_BAD, "created or purpose of the proof is not UTF-8");
	return sign_options(doc, proof, seed, reterr);
}

/* The fragment of the proof's verification method names ${key}. */
static bool
names_key(const json_t *proof, const uint8_t key[ED25519_PUBLIC])
{
	const char *method = json_str(proof, "verificationMethod");
	const char *fragment = method != NULL ? strrchr(method, '#') : NULL;
	char want[64];

	proof_key_text(key, want);
	return fragment != NULL && strcmp(fragment + 1, want) == 0;
}

static bool
is(const json_t *object, const char *key, const char *want)
{
	const char *value = json_str(object, key);

	return value != NULL && strcmp(value, want) == 0;
}

int
proof_verify(const json_t *doc, const uint8_t key[ED25519_PUBLIC], const char *purpose,
    struct err *reterr)
{
	const json_t *proof = json_obj(doc, "proof");
	const json_t *context = json_object_get(proof, "@context");
	const char *value = json_str(proof, "proofValue");
	uint8_t hashes[HASHES], sig[ED25519_SIG];
	size_t n;
	int r;

	if (proof == NULL)
		return err_set(reterr, E_REFUSED, "it has no proof");
	if (!is(proof, "type", SUITE_TYPE) || !is(proof, "cryptosuite", SUITE_NAME))
		return err_set(reterr, E_REFUSED, "its proof is not " SUITE_NAME);
	if (!is(proof, "proofPurpose", purpose))
		return err_set(reterr, E_REFUSED, "its proof is not for %s", purpose);
	if (!names_key(proof, key))
		return err_set(reterr, E_REFUSED, "its proof names another key");
	/* The specification lets a document add contexts after those it was
	 * signed with; nothing unsigned passes here, so they must be equal. */
	if (context != NULL && !json_equal(context, json_object_get(doc, "@context")))
		return err_set(reterr, E_REFUSED, "its @context is not that of its proof");
	if (value == NULL || value[0] != 'z' || decode_b58(value + 1, sig, sizeof(sig), &n) != 0 ||
	    n != sizeof(sig))
		return err_set(reterr, E_REFUSED, "the value of its proof is malformed");
	r = hash_both(doc, proof, hashes, reterr);
	if (r != 0)
		return r == E_BAD ? E_REFUSED : r;
	if (crypto_sign_verify_detached(sig, hashes, sizeof(hashes), key) != 0)
		return err_set(reterr, E_REFUSED, "its proof does not match its content");
	return 0;
}

/* The bytes that Matrix signs. */
static int
signed_bytes(const json_t *object, struct buf *out, struct err *reterr)
{
	autojson json_t *bare = copy_without(object, "signatures", "unsigned");

	return bare == NULL ? -ENOMEM : canon_dump(bare, out, reterr);
}

/* Get, or put, an object member of ${object}; NULL if it is of another type. */
static json_t *
member_object(json_t *object, const char *key)
{
	json_t *member = json_object_get(object, key);

	if (member == NULL) {
		(void)json_object_set_new(object, key, json_object());
		member = json_object_get(object, key);
	}
	return json_is_object(member) ? member : NULL;
}

int
sign_json(json_t *object, const char *user, const char *key_id, const uint8_t seed[ED25519_SEED])
{
	autobuf struct buf text = { 0 };
	uint8_t sig[ED25519_SIG];
	char value[B64_LEN(ED25519_SIG) + 1];
	json_t *by_user;
	int r;

	if (!json_is_object(object))
		return E_BAD;
	r = signed_bytes(object, &text, NULL);
	if (r != 0)
		return r;
	sign(seed, text.data, text.len, sig);
	encode_b64(sig, sizeof(sig), value);
	by_user = member_object(object, "signatures");
	if (by_user != NULL)
		by_user = member_object(by_user, user);
	if (by_user == NULL)
		return E_BAD;
	return json_object_set_new(by_user, key_id, json_string(value)) == 0 ? 0 : -ENOMEM;
}

int
verify_json(const json_t *object, const char *user, const char *key_id,
    const uint8_t key[ED25519_PUBLIC], struct err *reterr)
{
	autobuf struct buf text = { 0 };
	const char *value = json_str(json_obj(json_obj(object, "signatures"), user), key_id);
	uint8_t sig[ED25519_SIG];
	int r;

	if (value == NULL)
		return err_set(reterr, E_REFUSED, "it is not signed with the expected key");
	if (decode_b64_exact(value, sig, sizeof(sig)) != 0)
		return err_set(reterr, E_REFUSED, "its signature is malformed");
	r = signed_bytes(object, &text, reterr);
	if (r != 0)
		return r == E_BAD ? E_REFUSED : r;
	if (crypto_sign_verify_detached(sig, (const unsigned char *)text.data, text.len, key) != 0)
		return err_set(reterr, E_REFUSED, "its signature does not match its content");
	return 0;
}
