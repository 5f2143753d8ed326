/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Project Wycheproof's vectors, good and bad, through the functions that stand
 * in for libolm's, the strict layer, and the sealing of columns.  Includes
 * primitives.c, for its prototypes.
 */
#include "crypt/primitives.c"

#include "base/canon.h"
#include "base/encode.h"
#include "base/proof.h"
#include "crypt/strict.h"
#include "store/column.h"
#include "store/datakey.h"
#include "tests/base/corpora.h"
#include "tests/store/fixture.h"

struct bytes {
	uint8_t	*data;
	size_t	 len;
};

static void
bytes_free(struct bytes *b)
{
	free(b->data);
}
#define autobytes __attribute__((cleanup(bytes_free)))

/* A member in hexadecimal; its memory ends where it does, so that a sanitizer sees a byte too far. */
static struct bytes
bytes_of(const json_t *object, const char *key)
{
	const char *text = json_str(object, key);
	struct bytes b = { .len = text != NULL ? strlen(text) / 2 : 0 };

	if (text == NULL || (b.data = malloc(b.len + (b.len == 0))) == NULL ||
	    decode_hex(text, b.data, b.len) != 0)
		bail("a vector is not as expected", key);
	return b;
}

static bool
is_valid(const json_t *test)
{
	return strcmp(json_str(test, "result"), "valid") == 0;
}

static bool
has_flag(const json_t *test, const char *flag)
{
	size_t i;
	json_t *one;

	json_array_foreach(json_arr(test, "flags"), i, one)
		if (strcmp(json_string_value(one), flag) == 0)
			return true;
	return false;
}

struct count {
	size_t	good, bad, wrong;
};
static bool quiet;

/* Each vector of a file whose group is ours; what ${fn} answers is whether it took it. */
static void
each(const char *file, struct count *ret, bool (*ours)(const json_t *),
    bool (*fn)(const json_t *group, const json_t *test))
{
	char path[200];
	autofree char *text = NULL;
	autojson json_t *all = NULL;
	json_t *group, *test;
	size_t len, i, j;

	(void)snprintf(path, sizeof(path), "bad/wycheproof/testvectors_v1/%s", file);
	if ((text = corpora_read(path, &len)) == NULL)
		return;
	if ((all = json_loadb(text, len, 0, NULL)) == NULL)
		bail("not JSON", file);
	json_array_foreach(json_arr(all, "testGroups"), i, group) {
		if (ours != NULL && !ours(group))
			continue;
		json_array_foreach(json_arr(group, "tests"), j, test) {
			bool valid = is_valid(test);

			*(valid ? &ret->good : &ret->bad) += 1;
			if (fn(group, test) != valid) {
				ret->wrong++;
				if (!quiet)
					printf("# %s: %lld %s\n", file, json_int(test, "tcId", 0), json_str(test, "comment"));
			}
		}
	}
}

static void
judged(const struct count *c, size_t good, size_t bad, const char *name)
{
	if (getenv("CAIRN_CORPORA") != NULL)
		ok(c->good == good && c->bad == bad && c->wrong == 0,
		    "Wycheproof %s: %zu good vectors taken, %zu bad ones refused", name, c->good, c->bad);
}

/* ---- Ed25519 ---- */

static bool
edward_leaf(const json_t *group, const json_t *test)
{
	autobytes struct bytes pub = bytes_of(json_obj(group, "publicKey"), "pk");
	autobytes struct bytes msg = bytes_of(test, "msg"), sig = bytes_of(test, "sig");

	/* libolm hands it 64 bytes and never less: see what the strict layer says of others. */
	return sig.len == SIG && _olm_crypto_ed25519_verify(pub.data, msg.data, msg.len, sig.data);
}

/* A Megolm message is some bytes and a signature; its key came as base64. */
static bool
edward_group(const json_t *group, const json_t *test)
{
	autobytes struct bytes pub = bytes_of(json_obj(group, "publicKey"), "pk");
	autobytes struct bytes msg = bytes_of(test, "msg"), sig = bytes_of(test, "sig");
	autofree uint8_t *whole = malloc(msg.len + sig.len + 1);
	autofree char *text = NULL;
	char key_text[B64_LEN(KEY) + 1];
	uint8_t key[KEY];

	encode_b64(pub.data, KEY, key_text);
	if (whole == NULL || proof_key_b64(key_text, key) != 0)
		return false;
	memcpy(whole, msg.data, msg.len);
	memcpy(whole + msg.len, sig.data, sig.len);
	text = encode_b64_new(whole, msg.len + sig.len);
	/* It must be more than a signature, so a good one of nothing is refused too. */
	return msg.len == 0 ? is_valid(test) : strict_group_signature(text, key) == 0;
}

/* Does this signature pass as the one of an object or of a proof that it was not made for? */
static bool
edward_passes(const json_t *group, const json_t *test)
{
	static const uint8_t seed[ED25519_SEED] = "a seed that nobody else has.....";
	autobytes struct bytes pub = bytes_of(json_obj(group, "publicKey"), "pk"), sig = bytes_of(test, "sig");
	autojson json_t *object = json_pack("{s:i}", "v", 1), *doc = json_pack("{s:i}", "v", 1);
	autofree char *text = encode_b64_new(sig.data, sig.len), *value = calloc(1, 2 + sig.len * 138 / 100 + 2);
	char key[64], method[200];
	json_t *proof;

	must(sign_json(object, "@a:b", "ed25519:X", seed));
	(void)json_object_set_new(json_obj(json_obj(object, "signatures"), "@a:b"), "ed25519:X", json_string(text));
	must(proof_sign(doc, seed, "assertionMethod", "2026-11-21T10:00:00Z", NULL));
	proof = json_obj(doc, "proof");
	value[0] = 'z';
	encode_b58(sig.data, sig.len, value + 1);
	proof_key_text(pub.data, key);
	(void)snprintf(method, sizeof(method), "did:key:%s#%s", key, key);
	(void)json_object_set_new(proof, "proofValue", json_string(value));
	(void)json_object_set_new(proof, "verificationMethod", json_string(method));
	return verify_json(object, "@a:b", "ed25519:X", pub.data, NULL) == 0 ||
	    proof_verify(doc, pub.data, "assertionMethod", NULL) == 0;
}

static bool
key_is_sound(const json_t *group, const json_t *test)
{
	autobytes struct bytes pub = bytes_of(json_obj(group, "publicKey"), "pk");
	char text[64];
	uint8_t key[KEY];

	(void)test;
	proof_key_text(pub.data, text);
	return proof_key_parse(text, key) == 0 && memcmp(key, pub.data, KEY) == 0;
}

static void
test_edward(void)
{
	struct count leaf = { 0 }, group = { 0 }, passes = { 0 }, keys = { 0 };

	each("ed25519_test.json", &leaf, NULL, edward_leaf);
	judged(&leaf, 88, 63, "Ed25519, the function libolm calls");
	each("ed25519_test.json", &group, NULL, edward_group);
	judged(&group, 88, 63, "Ed25519, the signature of a Megolm message");
	if (getenv("CAIRN_CORPORA") == NULL)
		return;
	quiet = true;	/* Here a good vector is to fail, and a bad one's key to be sound. */
	each("ed25519_test.json", &passes, NULL, edward_passes);
	ok(passes.good == 88 && passes.bad == 63 && passes.wrong == 88,
	    "Wycheproof Ed25519: none of the 151 signatures passes as another object's or proof's");
	each("ed25519_test.json", &keys, NULL, key_is_sound);
	ok(keys.wrong == 63, "Wycheproof Ed25519: each vector's key is a sound one to us");
	quiet = false;
}

/* ---- X25519 ---- */

/* Taken: by the strict layer, and then with the secret that the vector says. */
static bool
curve_leaf(const json_t *group, const json_t *test)
{
	autobytes struct bytes pub = bytes_of(test, "public"), secret = bytes_of(test, "private");
	autobytes struct bytes shared = bytes_of(test, "shared");
	static const uint8_t zero[KEY];
	struct curve_pair pair = { 0 };
	uint8_t out[KEY], again[KEY];
	bool low = has_flag(test, "ZeroSharedSecret"), strict = strict_point(pub.data) == 0;
	bool other = has_flag(test, "NonCanonicalPublic") || (pub.data[KEY - 1] & 0x80) != 0;

	(void)group;
	memcpy(pair.secret, secret.data, KEY);
	_olm_crypto_curve25519_shared_secret(&pair, pub.data, out);
	if (low) {	/* Nothing that could be foreseen comes out. */
		_olm_crypto_curve25519_shared_secret(&pair, pub.data, again);
		return strict || memcmp(out, zero, KEY) == 0 || memcmp(out, again, KEY) == 0 ? !is_valid(test) :
		    is_valid(test);
	}
	/* "acceptable" is a point of the twist, or a second spelling, which the strict layer refuses. */
	return strict == !other && memcmp(out, shared.data, KEY) == 0 ? is_valid(test) : !is_valid(test);
}

static void
test_curve(void)
{
	struct count c = { 0 };

	each("x25519_test.json", &c, NULL, curve_leaf);
	if (getenv("CAIRN_CORPORA") != NULL)
		ok(c.good == 264 && c.bad == 254 && c.wrong == 0, "Wycheproof X25519: %zu ordinary and %zu odd points: "
		    "the vector's secret, a random one for small order, and no second spelling", c.good, c.bad);
}

/* ---- hashes and AES ---- */

static bool
hmac_leaf(const json_t *group, const json_t *test)
{
	autobytes struct bytes key = bytes_of(test, "key"), msg = bytes_of(test, "msg"), tag = bytes_of(test, "tag");
	uint8_t out[HASH];

	_olm_crypto_hmac_sha256(key.data, key.len, msg.data, msg.len, out);
	return (long long)tag.len * 8 == json_int(group, "tagSize", 0) && memcmp(out, tag.data, tag.len) == 0;
}

static bool
hkdf_leaf(const json_t *group, const json_t *test)
{
	autobytes struct bytes ikm = bytes_of(test, "ikm"), salt = bytes_of(test, "salt");
	autobytes struct bytes info = bytes_of(test, "info"), okm = bytes_of(test, "okm");
	size_t size = (size_t)json_int(test, "size", 0);
	autofree uint8_t *out = malloc(size), *none = malloc(size);

	(void)group;
	if (size > 255 * HASH)
		return false;	/* The process would end: test_primitives.c sees it. */
	_olm_crypto_hkdf_sha256(ikm.data, ikm.len, salt.data, salt.len, info.data, info.len, out, size);
	if (salt.len == 0) {
		_olm_crypto_hkdf_sha256(ikm.data, ikm.len, NULL, 0, info.data, info.len, none, size);
		if (memcmp(out, none, size) != 0)
			return !is_valid(test);
	}
	return okm.len == size && memcmp(out, okm.data, size) == 0;
}

static bool
is_aes256(const json_t *group)
{
	return json_int(group, "keySize", 0) == 8 * AES_KEY;
}

static bool
aes_leaf(const json_t *group, const json_t *test)
{
	autobytes struct bytes key = bytes_of(test, "key"), iv = bytes_of(test, "iv");
	autobytes struct bytes msg = bytes_of(test, "msg"), ct = bytes_of(test, "ct");
	autofree uint8_t *out = malloc(ct.len + msg.len + AES_BLOCK);
	size_t n = _olm_crypto_aes_decrypt_cbc(key.data, iv.data, ct.data, ct.len, out);

	(void)group;
	if (!is_valid(test))
		return n != (size_t)-1;
	if (n != msg.len || memcmp(out, msg.data, n) != 0)
		return false;
	if (_olm_crypto_aes_encrypt_cbc_length(msg.len) != ct.len)
		return false;
	_olm_crypto_aes_encrypt_cbc(key.data, iv.data, msg.data, msg.len, out);
	return memcmp(out, ct.data, ct.len) == 0;
}

static void
test_symmetric(void)
{
	struct count mac = { 0 }, kdf = { 0 }, aes = { 0 };

	each("hmac_sha256_test.json", &mac, NULL, hmac_leaf);
	judged(&mac, 66, 108, "HMAC-SHA-256");
	each("hkdf_sha256_test.json", &kdf, NULL, hkdf_leaf);
	judged(&kdf, 83, 3, "HKDF-SHA-256");
	each("aes_cbc_pkcs5_test.json", &aes, is_aes256, aes_leaf);
	judged(&aes, 24, 48, "AES-256-CBC with padding");
}

/* ---- XChaCha20-Poly1305: the sealed column ---- */

static struct db *db;

/* With the vector's key, nonce and text, and its fault, but the associated data of a column. */
static bool
column_takes(const uint8_t *key, const uint8_t *iv, const struct bytes *msg, const uint8_t fault[16])
{
	static const char ad[] = "t.c\0row\0\1";
	struct datakey *k = (struct datakey *)(uintptr_t)db_key(db);
	autofree uint8_t *blob = malloc(1 + 24 + msg->len + 16);
	autobuf struct buf out = { 0 };

	if (sodium_mprotect_readwrite(k) != 0)
		abort();
	memcpy(k->seal, key, DATAKEY_LEN);
	blob[0] = 1;
	memcpy(blob + 1, iv, 24);
	(void)crypto_aead_xchacha20poly1305_ietf_encrypt(blob + 25, NULL, msg->data, msg->len, (const uint8_t *)ad,
	    sizeof(ad) - 1, NULL, iv, key);
	for (int i = 0; i < 16; i++)
		blob[25 + msg->len + (size_t)i] ^= fault[i];
	return column_open(db, "t.c", "row", blob, 1 + 24 + msg->len + 16, &out) == 0 &&
	    out.len == msg->len && (out.len == 0 || memcmp(out.data, msg->data, out.len) == 0);
}

static bool
column_leaf(const json_t *group, const json_t *test)
{
	autobytes struct bytes key = bytes_of(test, "key"), iv = bytes_of(test, "iv"), aad = bytes_of(test, "aad");
	autobytes struct bytes msg = bytes_of(test, "msg"), ct = bytes_of(test, "ct"), tag = bytes_of(test, "tag");
	autofree uint8_t *sealed = malloc(ct.len + msg.len + 16), *back = malloc(ct.len + 1);
	uint8_t fault[16];
	bool opened;

	(void)group;
	if (iv.len != crypto_aead_xchacha20poly1305_ietf_NPUBBYTES)
		return false;	/* A column's nonce has one length; column_open would see another text. */
	memcpy(sealed, ct.data, ct.len);
	memcpy(sealed + ct.len, tag.data, 16);
	opened = crypto_aead_xchacha20poly1305_ietf_decrypt(back, NULL, NULL, sealed, ct.len + 16, aad.data, aad.len,
	    iv.data, key.data) == 0 && memcmp(back, msg.data, msg.len) == 0;
	(void)crypto_aead_xchacha20poly1305_ietf_encrypt(sealed, NULL, msg.data, msg.len, aad.data, aad.len, NULL,
	    iv.data, key.data);
	for (int i = 0; i < 16; i++)
		fault[i] = sealed[msg.len + (size_t)i] ^ tag.data[i];
	return column_takes(key.data, iv.data, &msg, fault) == opened ? opened : !is_valid(test);
}

static void
test_column(void)
{
	struct count c = { 0 };

	db = fixture_open();
	each("xchacha20_poly1305_test.json", &c, NULL, column_leaf);
	judged(&c, 246, 69, "XChaCha20-Poly1305, and the same in a sealed column");
	db_close(db);
}

int
main(void)
{
	if (sodium_init() < 0)
		return EXIT_FAILURE;
	test_edward();
	test_curve();
	test_symmetric();
	test_column();
	return done_testing();
}
