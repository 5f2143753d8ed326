/* SPDX-License-Identifier: Apache-2.0 */
/* Includes the module, so that the W3C example can be signed with its own options. */
#include "base/proof.c"
#include "corpora.h"

/*
 * The W3C's eddsa-jcs-2022 example: "Data Integrity EdDSA Cryptosuites v1.0",
 * appendix B.2 "Representation: eddsa-jcs-2022" (TestVectors/ of w3c/vc-di-eddsa).
 */
#define W3C_KEY		"z6MkrJVnaZkeFzdQyMZu1cgjg7k1pZZ6pvBQ7XJPt4swbTQ2"
#define W3C_SECRET	"z3u2en7t5LR2WtQH5PfFqMqwVHBeXouLzo6haApm8XHqvjxq"	/* 80 26, seed */
#define W3C_VALUE	"z63t83Y53KfzJ5ZosfKTnqfMcKB2dmTrfjSaQjeNNjAD5srBowQfmWqeRb8rRjmeEuCBEsddF9LsVogtuTsijJKh4"
#define CONTEXT		"[\"https://www.w3.org/ns/credentials/v2\"," \
			"\"https://www.w3.org/ns/credentials/examples/v2\"]"

static const char w3c_unsigned[] = "{\"@context\":" CONTEXT ","
    "\"id\":\"urn:uuid:58172aac-d8ba-11ed-83dd-0b3aef56cc33\","
    "\"type\":[\"VerifiableCredential\",\"AlumniCredential\"],"
    "\"name\":\"Alumni Credential\","
    "\"description\":\"A minimum viable example of an Alumni Credential.\","
    "\"issuer\":\"https://vc.example/issuers/5678\","
    "\"validFrom\":\"2023-01-01T00:00:00Z\","
    "\"credentialSubject\":{\"id\":\"did:example:abcdefgh\",\"alumniOf\":\"The School of Examples\"}}";

static const char w3c_options[] = "{\"type\":\"DataIntegrityProof\",\"cryptosuite\":\"eddsa-jcs-2022\","
    "\"created\":\"2023-02-24T23:36:38Z\","
    "\"verificationMethod\":\"https://vc.example/issuers/5678#" W3C_KEY "\","
    "\"proofPurpose\":\"assertionMethod\",\"@context\":" CONTEXT "}";

static const uint8_t seed[ED25519_SEED] = "an organization's secret seed...";

static json_t *
parse(const char *text)
{
	json_t *value = NULL;

	if (canon_parse(text, strlen(text), &value, NULL) != 0)
		abort();
	return value;
}

static void
public_of(const uint8_t s[ED25519_SEED], uint8_t ret[ED25519_PUBLIC])
{
	uint8_t secret[crypto_sign_SECRETKEYBYTES];

	(void)crypto_sign_seed_keypair(ret, secret, s);
}

static void
test_w3c(void)
{
	autojson json_t *doc = parse(w3c_unsigned), *options = parse(w3c_options);
	uint8_t secret[34], pub[ED25519_PUBLIC], key[ED25519_PUBLIC];
	struct err e = { "" };
	char text[64];
	size_t n;

	if (decode_b58(&W3C_SECRET[1], secret, sizeof(secret), &n) != 0 || n != sizeof(secret))
		abort();
	public_of(secret + 2, pub);
	proof_key_text(pub, text);
	is_str(text, W3C_KEY, "the key as multibase");
	ok(proof_key_parse(W3C_KEY, key) == 0 && !memcmp(key, pub, sizeof(key)), "and back");
	is_int(sign_options(doc, options, secret + 2, &e), 0, "the W3C example is signed");
	is_str(json_str(json_obj(doc, "proof"), "proofValue"), W3C_VALUE, "with the W3C's proofValue");
	is_int(proof_verify(doc, key, "assertionMethod", &e), 0, "and verifies");
	is_int(proof_verify(doc, key, "authentication", &e), E_REFUSED, "but not for another purpose");
}

static void
refused(const char *name, json_t *doc, const uint8_t key[ED25519_PUBLIC], const char *why)
{
	struct err e = { "" };

	is_int(proof_verify(doc, key, "assertionMethod", &e), E_REFUSED, "%s is refused", name);
	is_str(e.text, why, "%s: why", name);
}

static void
test_round_trip(void)
{
	static const char text[] = "{\"v\":1,\"id\":\"X\",\"body\":{\"\\ufb33\":[1],\"\\ud83d\\ude02\":null}}";
	autojson json_t *doc = parse(text), *signed_doc = NULL, *other = NULL;
	uint8_t pub[ED25519_PUBLIC], other_pub[ED25519_PUBLIC];
	struct err e = { "" };
	char key[64], method[160];
	json_t *proof;

	public_of(seed, pub);
	public_of((const uint8_t *)"somebody else's seed, 32 bytes..", other_pub);
	is_int(proof_sign(doc, seed, "assertionMethod", "2026-11-21T10:00:00Z", &e), 0, "sign");
	is_int(proof_verify(doc, pub, "assertionMethod", &e), 0, "verify");
	proof = json_obj(doc, "proof");
	proof_key_text(pub, key);
	(void)snprintf(method, sizeof(method), "did:key:%s#%s", key, key);
	is_str(json_str(proof, "verificationMethod"), method, "the method is a did:key");
	is_str(json_str(proof, "created"), "2026-11-21T10:00:00Z", "created as given");
	ok(json_object_get(proof, "@context") == NULL && json_object_size(proof) == 6,
	    "no context, no further member");
	signed_doc = json_deep_copy(doc);

	is_int(proof_sign(doc, seed, "assertionMethod", "2026-11-21T10:00:00Z", &e), 0, "sign again");
	ok(json_equal(doc, signed_doc), "replaces the proof; the same bytes");

	refused("another key", doc, other_pub, "its proof names another key");
	(void)json_object_set_new(doc, "v", json_integer(2));
	refused("a changed document", doc, pub, "its proof does not match its content");
	(void)json_object_set_new(doc, "v", json_integer(1));
	(void)json_object_set_new(doc, "extra", json_null());
	refused("an added member", doc, pub, "its proof does not match its content");
	(void)json_object_del(doc, "extra");
	is_int(proof_verify(doc, pub, "assertionMethod", &e), 0, "all put back");

	proof = json_obj(doc, "proof");
	(void)json_object_set_new(proof, "created", json_string("2027-01-01T00:00:00Z"));
	refused("a changed date", doc, pub, "its proof does not match its content");
	(void)json_object_update(proof, json_obj(signed_doc, "proof"));
	(void)json_object_set_new(proof, "@context", json_string("x"));
	refused("a context of the proof alone", doc, pub, "its @context is not that of its proof");
	(void)json_object_del(proof, "@context");
	(void)json_object_set_new(proof, "cryptosuite", json_string("eddsa-rdfc-2022"));
	refused("another suite", doc, pub, "its proof is not eddsa-jcs-2022");
	(void)json_object_update(proof, json_obj(signed_doc, "proof"));
	(void)json_object_set_new(proof, "proofValue", json_string("z11"));
	refused("a short value", doc, pub, "the value of its proof is malformed");
	(void)json_object_set_new(proof, "proofValue", json_string("u" W3C_VALUE));
	refused("another multibase", doc, pub, "the value of its proof is malformed");
	(void)json_object_del(doc, "proof");
	refused("no proof", doc, pub, "it has no proof");
	refused("a list of proofs", other = json_pack("{s:[]}", "proof"), pub, "it has no proof");
	(void)json_object_set_new(doc, "v", json_real(1.5));
	is_int(proof_sign(doc, seed, "assertionMethod", "x", &e), E_BAD, "a real cannot be signed");
	ok(json_object_get(doc, "proof") == NULL, "and the document stays as it was");
	json_decref(other);
	other = json_array();
	is_int(proof_sign(other, seed, "assertionMethod", "x", &e), E_BAD, "nor an array");
}

static void
test_context(void)
{
	autojson json_t *doc = parse(w3c_unsigned);
	uint8_t pub[ED25519_PUBLIC];
	struct err e = { "" };

	public_of(seed, pub);
	is_int(proof_sign(doc, seed, "assertionMethod", "2026-11-21T10:00:00Z", &e), 0, "sign with a context");
	ok(json_equal(json_object_get(json_obj(doc, "proof"), "@context"),
	    json_object_get(doc, "@context")), "the proof repeats it");
	is_int(proof_verify(doc, pub, "assertionMethod", &e), 0, "verify");
	(void)json_array_append_new(json_object_get(doc, "@context"), json_string("https://evil.example/"));
	is_int(proof_verify(doc, pub, "assertionMethod", &e), E_REFUSED, "no context is added unsigned");
}

/* Points of small order and encodings that are not canonical: none is a key. */
static void
test_keys(void)
{
	static const char *const bad[] = {
		"0100000000000000000000000000000000000000000000000000000000000000",
		"0000000000000000000000000000000000000000000000000000000000000000",
		"0000000000000000000000000000000000000000000000000000000000000080",
		"ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
		"c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
		"26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
		"edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
		"eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
		"ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
		"0200000000000000000000000000000000000000000000000000000000000000",
	};
	static const char *const text[] = { "", "z", "zz", "z1111", "mAAAA", "Z6MkrJVnaZkeFzdQyMZu1cgj",
	    "z6MkrJVnaZkeFzdQyMZu1cgjg7k1pZZ6pvBQ7XJPt4swbTQ22", W3C_SECRET };
	uint8_t raw[ED25519_PUBLIC], key[ED25519_PUBLIC] = { 9 };
	char multibase[64];

	for (size_t i = 0; i < nelem(bad); i++) {
		if (decode_hex(bad[i], raw, sizeof(raw)) != 0)
			abort();
		proof_key_text(raw, multibase);
		ok(proof_key_parse(multibase, key) == E_BAD && key[0] == 9, "bad point %zu", i);
	}
	for (size_t i = 0; i < nelem(text); i++)
		is_int(proof_key_parse(text[i], key), E_BAD, "bad key text %zu", i);
}

/*
 * The Matrix specification's test vectors (appendices, Cryptographic Test
 * Vectors): the seed there has non-zero tail
 * bits (…XA1), which our decoder refuses; XA0 is the same value.
 */
static void
test_matrix(void)
{
	autojson json_t *empty = json_object();
	autojson json_t *data = parse("{\"one\": 1, \"two\": \"Two\", \"unsigned\": {\"x\": 1.5}}");
	uint8_t s[ED25519_SEED], pub[ED25519_PUBLIC];
	struct err e = { "" };
	json_t *sigs;

	if (decode_b64_exact("YJDBA9Xnr2sVqXD9Vj7XVUnmFZcZrlw8Md7kMW+3XA0", s, sizeof(s)) != 0)
		abort();
	public_of(s, pub);
	is_int(sign_json(empty, "domain", "ed25519:1", s), 0, "sign {}");
	is_str(json_str(json_obj(json_obj(empty, "signatures"), "domain"), "ed25519:1"),
	    "K8280/U9SSy9IVtjBuVeLr+HpOB4BQFWbg+UZaADMtTdGYI7Geitb76LTrr5QV/7Xg4ahLwYGYZzuHGZKM5ZAQ",
	    "the specification's signature of {}");
	is_int(sign_json(data, "domain", "ed25519:1", s), 0, "sign data");
	is_str(json_str(json_obj(json_obj(data, "signatures"), "domain"), "ed25519:1"),
	    "KqmLSbO39/Bzb0QIYE82zqLwsA+PDzYIpIRA2sRQ4sL53+sN6/fpNSoqE7BP7vBZhG6kYdD13EIMJpvhJI+6Bw",
	    "the specification's signature of data; unsigned is left out");
	is_int(sign_json(data, "@a:domain", "ed25519:2", seed), 0, "a second signer");
	is_int(verify_json(data, "domain", "ed25519:1", pub, &e), 0, "verify the first");
	is_int(verify_json(data, "domain", "ed25519:2", pub, &e), E_REFUSED, "no such key id");
	is_int(verify_json(data, "@a:domain", "ed25519:2", pub, &e), E_REFUSED, "by another key");
	(void)json_object_set_new(data, "one", json_integer(2));
	is_int(verify_json(data, "domain", "ed25519:1", pub, &e), E_REFUSED, "changed data");
	(void)json_object_set_new(data, "one", json_real(1.0));
	is_int(verify_json(data, "domain", "ed25519:1", pub, &e), E_REFUSED, "data that cannot be signed");
	is_int(sign_json(data, "domain", "ed25519:1", s), E_BAD, "is not signed");
	(void)json_object_set_new(data, "one", json_integer(1));
	sigs = json_obj(json_obj(data, "signatures"), "domain");
	(void)json_object_set_new(sigs, "ed25519:1", json_string(
	    "KqmLSbO39/Bzb0QIYE82zqLwsA+PDzYIpIRA2sRQ4sL53+sN6/fpNSoqE7BP7vBZhG6kYdD13EIMJpvhJI+6Bw=="));
	is_int(verify_json(data, "domain", "ed25519:1", pub, &e), E_REFUSED, "a padded signature");
	(void)json_object_set_new(data, "signatures", json_string("x"));
	ok(verify_json(data, "domain", "ed25519:1", pub, &e) == E_REFUSED &&
	    sign_json(data, "domain", "ed25519:1", s) == E_BAD, "signatures that are no object");
}

/* A file of vc-di-eddsa without white space around it, or NULL after a TAP line. */
static char *
w3c_text(const char *name)
{
	char path[200];
	size_t len;
	char *text;

	(void)snprintf(path, sizeof(path), "vc-di-eddsa/%s", name);
	text = corpora_read(path, &len);
	while (text != NULL && len > 0 && strchr(" \r\n", text[len - 1]) != NULL)
		text[--len] = '\0';
	return text;
}

static json_t *
w3c_json(const char *name)
{
	autofree char *text = w3c_text(name);

	return text != NULL ? parse(text) : NULL;
}

static void
is_hex(const uint8_t *got, size_t n, const char *file)
{
	autofree char *want = w3c_text(file);
	char hex[2 * 64 + 1];

	encode_hex(got, n, hex);
	is_str(hex, want, "%s", file);
}

static void
is_jcs(const json_t *value, const char *file)
{
	autofree char *want = w3c_text(file);
	autobuf struct buf out = { 0 };

	is_int(canon_dump_jcs(value, &out, NULL), 0, "canonical form");
	is_str(out.data, want, "%s", file);
}

/* A key pair as the W3C writes it: the seed, after seeing that it makes the public key. */
static void
w3c_pair(const json_t *pair, uint8_t ret_pub[ED25519_PUBLIC], uint8_t ret_seed[ED25519_SEED])
{
	uint8_t secret[34], made[ED25519_PUBLIC];
	size_t n;
	bool good = decode_b58(json_str(pair, "privateKeyMultibase") + 1, secret, sizeof(secret), &n) == 0 &&
	    n == sizeof(secret) && proof_key_parse(json_str(pair, "publicKeyMultibase"), ret_pub) == 0;

	public_of(secret + 2, made);
	ok(good && memcmp(made, ret_pub, sizeof(made)) == 0, "a key pair of the W3C: %s",
	    json_str(pair, "publicKeyMultibase"));
	memcpy(ret_seed, secret + 2, ED25519_SEED);
}

/* Every file of the W3C's eddsa-jcs-2022 vectors, every intermediate value. */
static void
test_w3c_files(void)
{
	autojson json_t *doc = w3c_json("unsigned.json"), *options = NULL, *done = NULL, *pair = NULL;
	autofree char *value = NULL;
	uint8_t hashes[HASHES], sig[ED25519_SIG], pub[ED25519_PUBLIC], s[ED25519_SEED];
	size_t n;

	if (doc == NULL)
		return;
	options = w3c_json("eddsa-jcs-2022_proofConfigJCS.json");
	done = w3c_json("eddsa-jcs-2022_signedJCS.json");
	pair = w3c_json("keyPair.json");
	w3c_pair(pair, pub, s);
	is_jcs(doc, "eddsa-jcs-2022_canonDocJCS.txt");
	is_jcs(options, "eddsa-jcs-2022_proofCanonJCS.txt");
	is_int(hash_both(doc, options, hashes, NULL), 0, "hashed");
	is_hex(hashes, sizeof(hashes) / 2, "eddsa-jcs-2022_proofHashJCS.txt");
	is_hex(hashes + sizeof(hashes) / 2, sizeof(hashes) / 2, "eddsa-jcs-2022_docHashJCS.txt");
	is_hex(hashes, sizeof(hashes), "eddsa-jcs-2022_combinedHashJCS.txt");
	is_int(sign_options(doc, options, s, NULL), 0, "signed");
	value = w3c_text("eddsa-jcs-2022_sigBTC58JCS.txt");
	is_str(json_str(json_obj(doc, "proof"), "proofValue"), value, "eddsa-jcs-2022_sigBTC58JCS.txt");
	is_int(decode_b58(value + 1, sig, sizeof(sig), &n), 0, "which holds");
	is_hex(sig, sizeof(sig), "eddsa-jcs-2022_sigHexJCS.txt");
	ok(json_equal(doc, done), "eddsa-jcs-2022_signedJCS.json");
	is_int(proof_verify(done, pub, "assertionMethod", NULL), 0, "verifies");
	json_decref(take(doc));
	doc = w3c_json("unsigned.json");
	is_int(proof_sign(doc, s, "assertionMethod", "2023-02-24T23:36:38Z", NULL), 0, "signed by proof_sign");
	ok(json_equal(doc, done), "it is the same document");
}

/*
 * The rest of that folder does not apply: proof-set-chain_* are signed with
 * eddsa-rdfc-2022, and as lists of proofs, both of which are refused; their keys
 * are good ones.  employmentAuth.json carries no proof and no expected value.
 */
static void
test_w3c_others(void)
{
	static const struct { const char *file, *why; } v[] = {
		{ "proof-set-chain_signedProofSet1.json", "its proof is not eddsa-jcs-2022" },
		{ "proof-set-chain_signedProofSet2.json", "it has no proof" },
		{ "proof-set-chain_signedProofChain1.json", "it has no proof" },
		{ "proof-set-chain_signedProofChain2.json", "it has no proof" },
		{ "employmentAuth.json", "it has no proof" },
	};
	autojson json_t *pairs = w3c_json("proof-set-chain_multiKeyPairs.json");
	uint8_t pub[ED25519_PUBLIC], s[ED25519_SEED];
	const char *name;
	json_t *pair;

	json_object_foreach(pairs, name, pair)
		w3c_pair(pair, pub, s);
	for (size_t i = 0; pairs != NULL && i < nelem(v); i++) {
		autojson json_t *doc = w3c_json(v[i].file);

		if (proof_key_parse(json_str(json_obj(pairs, "keyPair1"), "publicKeyMultibase"), pub) != 0)
			abort();
		refused(v[i].file, doc, pub, v[i].why);
	}
}

/* Project Wycheproof, ed25519_test.json: each vector verifies exactly if it is valid. */
static void
test_wycheproof(void)
{
	size_t len, i, j, n = 0, wrong = 0, bad = 0;
	autofree char *text = corpora_read("bad/wycheproof/testvectors_v1/ed25519_test.json", &len);
	autojson json_t *all = text != NULL ? json_loadb(text, len, 0, NULL) : NULL;
	json_t *group, *test;

	if (text == NULL)
		return;
	json_array_foreach(json_arr(all, "testGroups"), i, group) {
		const char *pk = json_str(json_obj(group, "publicKey"), "pk");
		uint8_t pub[ED25519_PUBLIC];

		if (pk == NULL || decode_hex(pk, pub, sizeof(pub)) != 0)
			continue;
		json_array_foreach(json_arr(group, "tests"), j, test) {
			const char *msg = json_str(test, "msg"), *sig = json_str(test, "sig");
			bool valid = strcmp(json_str(test, "result"), "valid") == 0, verified;
			size_t m = strlen(msg) / 2;
			autofree uint8_t *message = malloc(m + 1);
			uint8_t raw[ED25519_SIG];

			if (decode_hex(msg, message, m) != 0)
				abort();
			verified = decode_hex(sig, raw, sizeof(raw)) == 0 &&
			    crypto_sign_verify_detached(raw, message, m, pub) == 0;
			wrong += verified != valid;
			bad += !valid;
			n++;
		}
	}
	ok(n > 100 && bad > 50 && wrong == 0, "Wycheproof: %zu vectors, %zu of them bad", n, bad);
}

int
main(void)
{
	if (sodium_init() < 0)
		abort();
	test_w3c();
	test_round_trip();
	test_context();
	test_keys();
	test_matrix();
	test_w3c_files();
	test_w3c_others();
	test_wycheproof();
	return done_testing();
}
