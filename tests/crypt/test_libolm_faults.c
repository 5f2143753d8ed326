/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What libolm 3.2 was measured to do wrong, M1 to M8: each time first that it
 * (still) does, so that the test says when it is gone, then that nothing of ours
 * lets it matter.  Includes primitives.c, for its way to libolm's own functions.
 */
#include "crypt/primitives.c"

#include <olm/olm.h>
#include <olm/sas.h>
#include <sqlite3.h>

#include "peer.h"
#include "store/column.h"
#include "weak.h"

#define ROOM	"!room:a"
#define BOB	"@bob:b"

static struct node a;
static struct peer bob;
static struct crosssign_keys ka, kb;

static OlmAccount *
account_new(void)
{
	OlmAccount *account = olm_account(malloc(olm_account_size()));
	uint8_t random[64];

	randombytes_buf(random, sizeof(random));
	need(olm_create_account_random_length(account) <= sizeof(random));
	need(olm_create_account(account, random, olm_create_account_random_length(account)) != olm_error());
	return account;
}

/* Does libolm open a session to these two keys? */
static bool
libolm_opens(OlmAccount *account, const char *identity, const char *one_time)
{
	OlmSession *s = olm_session(malloc(olm_session_size()));
	uint8_t random[64];
	bool opened;

	randombytes_buf(random, sizeof(random));
	need(olm_create_outbound_session_random_length(s) <= sizeof(random));
	opened = olm_create_outbound_session(s, account, identity, strlen(identity), one_time, strlen(one_time),
	    random, olm_create_outbound_session_random_length(s)) != olm_error();
	olm_clear_session(s);
	free(s);
	return opened;
}

static const char *
m1(void)
{
	OlmAccount *account = account_new();
	struct ratchet_session *s = NULL;
	struct curve_pair pair;
	uint8_t point[32], secret[32], zero[32] = { 0 }, got[32];
	char text[44];
	size_t opened = 0, zeros = 0, ours = 0;

	THEIRS(curve25519_shared_secret);
	randombytes_buf(&pair, sizeof(pair));
	for (size_t i = 0; i < LOW_ORDER; i++) {
		weak_point(i, point);
		encode_b64(point, 32, text);
		opened += libolm_opens(account, text, bob.curve_text) && libolm_opens(account, bob.curve_text, text);
		their_curve25519_shared_secret(&pair, point, secret);
		zeros += memcmp(secret, zero, 32) == 0;
		ours += strict_point(point) == E_BAD && strict_curve(text, got) == E_BAD &&
		    ratchet_session_to(bob.account, &net_world, point, bob.curve, &s) == ERR_CRYPTO &&
		    ratchet_session_to(bob.account, &net_world, bob.curve, point, &s) == ERR_CRYPTO;
		_olm_crypto_curve25519_shared_secret(&pair, point, secret);
		ours -= memcmp(secret, zero, 32) == 0;
	}
	free(account);
	is_int((int)opened, LOW_ORDER, "M1 libolm opens sessions to the seven points of small order");
	is_int((int)zeros, LOW_ORDER, "M1 and its own secret with them is zero");
	is_int((int)ours, LOW_ORDER, "M1 we refuse all seven, and our function's secret is not zero (test_low_order.c)");
	return NULL;
}

/* There is no SAS in this program: a verification by emoji would have to call strict_curve first. */
static void
m2(void)
{
	OlmSAS *sas = olm_sas(malloc(olm_sas_size()));
	char zero[] = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
	uint8_t random[64], key[32];

	randombytes_buf(random, sizeof(random));
	need(olm_create_sas(sas, random, olm_create_sas_random_length(sas)) != olm_error());
	is_int(strict_curve(zero, key), E_BAD, "M2 the strict layer refuses a zero key");
	ok(olm_sas_set_their_key(sas, zero, strlen(zero)) != olm_error(), "M2 libolm's SAS takes it");
	free(sas);
}

static const char *
m3(void)
{
	static const uint8_t seed[ED25519_SEED] = "somebody's seed of 32 bytes.....";
	OlmUtility *u = olm_utility(malloc(olm_utility_size()));
	autojson json_t *object = json_pack("{s:i}", "v", 1), *doc = json_pack("{s:i}", "v", 1);
	uint8_t pub[32], secret[64], sig[64 + 3] = { 0 }, raw[64];
	char key_text[44], text[128], value[128] = "z";
	json_t *by;
	size_t n;

	THEIRS(ed25519_verify);
	(void)crypto_sign_seed_keypair(pub, secret, seed);
	(void)crypto_sign_detached(sig, NULL, (const uint8_t *)"text", 4, secret);
	encode_b64(pub, 32, key_text);
	encode_b64(sig, sizeof(sig), text);
	ok(olm_ed25519_verify(u, key_text, 43, "text", 4, text, strlen(text)) != olm_error(),
	    "M3 libolm takes a signature with garbage behind it");
	weak_add_order(sig + 32);
	ok(their_ed25519_verify(pub, (const uint8_t *)"text", 4, sig), "M3 and one whose S is not below the order");
	ok(!_olm_crypto_ed25519_verify(pub, (const uint8_t *)"text", 4, sig), "M3 our function does not");
	free(u);

	must(sign_json(object, "@a:b", "ed25519:X", seed));
	must(verify_json(object, "@a:b", "ed25519:X", pub, NULL));
	by = json_obj(json_obj(object, "signatures"), "@a:b");
	must(decode_b64_exact(json_str(by, "ed25519:X"), raw, 64));
	memcpy(sig, raw, 64);
	encode_b64(sig, sizeof(sig), text);
	json_object_set_new(by, "ed25519:X", json_string(text));
	is_int(verify_json(object, "@a:b", "ed25519:X", pub, NULL), E_REFUSED, "M3 Matrix JSON: garbage behind");
	weak_add_order(raw + 32);
	encode_b64(raw, 64, text);
	json_object_set_new(by, "ed25519:X", json_string(text));
	is_int(verify_json(object, "@a:b", "ed25519:X", pub, NULL), E_REFUSED, "M3 Matrix JSON: S + L");

	must(proof_sign(doc, seed, "assertionMethod", "2026-11-21T10:00:00Z", NULL));
	must(proof_verify(doc, pub, "assertionMethod", NULL));
	must(decode_b58(json_str(json_obj(doc, "proof"), "proofValue") + 1, raw, 64, &n));
	memcpy(sig, raw, 64);
	encode_b58(sig, sizeof(sig), value + 1);
	json_object_set_new(json_obj(doc, "proof"), "proofValue", json_string(value));
	is_int(proof_verify(doc, pub, "assertionMethod", NULL), E_REFUSED, "M3 a proof: garbage behind");
	weak_add_order(raw + 32);
	encode_b58(raw, 64, value + 1);
	json_object_set_new(json_obj(doc, "proof"), "proofValue", json_string(value));
	is_int(proof_verify(doc, pub, "assertionMethod", NULL), E_REFUSED, "M3 a proof: S + L");
	return NULL;
}

static const char *
m4(void)
{
	static const char *const texts[] = { "one", "two", "three" };
	static const uint8_t weak[32] = { 1 }, sig[64] = { 1 };
	autojson json_t *object = json_pack("{s:i, s:{s:{}}}", "v", 1, "signatures", "@a:b");
	autojson json_t *doc = json_pack("{s:i}", "v", 1);
	static const uint8_t seed[ED25519_SEED] = "somebody's seed of 32 bytes.....";
	char text[128], value[128] = "z", method[300];
	uint8_t key[32];
	int theirs = 0, ours = 0;

	THEIRS(ed25519_verify);
	for (size_t i = 0; i < nelem(texts); i++) {
		const uint8_t *t = (const uint8_t *)texts[i];

		theirs += their_ed25519_verify(weak, t, strlen(texts[i]), sig);
		ours += _olm_crypto_ed25519_verify(weak, t, strlen(texts[i]), sig);
	}
	is_int(theirs, 3, "M4 libolm takes one signature for any text under a key of small order");
	is_int(ours, 0, "M4 our function takes it for none");
	encode_b64(weak, 32, text);
	is_int(proof_key_b64(text, key), E_BAD, "M4 such a key is no device's or user's");
	proof_key_text(weak, text);
	is_int(proof_key_parse(text, key), E_BAD, "M4 nor an issuer's or organization's");
	encode_b64(sig, 64, value);
	json_object_set_new(json_obj(json_obj(object, "signatures"), "@a:b"), "ed25519:X", json_string(value));
	is_int(verify_json(object, "@a:b", "ed25519:X", weak, NULL), E_REFUSED, "M4 it signs no Matrix JSON");
	must(proof_sign(doc, seed, "assertionMethod", "2026-11-21T10:00:00Z", NULL));
	value[0] = 'z';
	encode_b58(sig, 64, value + 1);
	(void)snprintf(method, sizeof(method), "did:key:%s#%s", text, text);
	json_object_set_new(json_obj(doc, "proof"), "proofValue", json_string(value));
	json_object_set_new(json_obj(doc, "proof"), "verificationMethod", json_string(method));
	is_int(proof_verify(doc, weak, "assertionMethod", NULL), E_REFUSED, "M4 and no proof");
	return NULL;
}

static int
give(json_t *event)
{
	autoopened struct opened o = { 0 };
	struct err err = { "" };
	int r = node_open(&a, event, &o, &err);

	json_decref(event);
	net_now += 61 * SECOND;
	return r;
}

static void
m5(void)
{
	static const char plain[] = "{\"type\":\"t\",\"room_id\":\"" ROOM "\",\"content\":{}}";
	autooutbound struct ratchet_outbound *out = NULL;
	autobuf struct buf key = { 0 }, body = { 0 };
	autojson json_t *event = NULL, *again = NULL;
	OlmInboundGroupSession *s = olm_inbound_group_session(malloc(olm_inbound_group_session_size()));
	uint8_t text[256];
	char id[44], *copy;
	uint32_t index[2] = { 7, 8 };
	int taken = 0;

	must(ratchet_outbound_new(&net_world, &out));
	must(ratchet_outbound_id(out, id));
	must(ratchet_outbound_key(out, &key));
	must(ratchet_outbound_encrypt(out, plain, strlen(plain), &body));
	need(olm_init_inbound_group_session(s, (const uint8_t *)key.data, key.len) != olm_error());
	for (int i = 0; i < 2; i++) {
		copy = strdup(body.data);
		taken += olm_group_decrypt(s, (uint8_t *)copy, strlen(copy), text, sizeof(text), &index[i]) != olm_error();
		free(copy);
	}
	free(s);
	ok(taken == 2 && index[0] == index[1], "M5 libolm decrypts a room's message twice");
	must(give(peer_letter(&bob, &a, peer_inner(&bob, &a, "m.room_key", json_pack("{s:s, s:s, s:s, s:s}", "algorithm",
	    CRYPT_MEGOLM, "room_id", ROOM, "session_id", id, "session_key", key.data)))));
	event = json_pack("{s:s, s:s, s:s, s:I, s:{s:s, s:s, s:s}}", "type", "m.room.encrypted", "sender", BOB,
	    "event_id", "$0000000000000000000000000000000000000000001", "origin_server_ts", (json_int_t)net_now,
	    "content", "algorithm", CRYPT_MEGOLM, "session_id", id, "ciphertext", body.data);
	again = json_deep_copy(event);
	json_object_set_new(again, "event_id", json_string("$0000000000000000000000000000000000000000002"));
	is_int(node_reads(&a, ROOM, event), 0, "M5 we read it");
	is_int(node_reads(&a, ROOM, again), E_REFUSED, "M5 but not as another event");
	is_int(node_reads(&a, ROOM, event), E_EXISTS, "M5 and know the same when it comes again");
}

static void
m6(void)
{
	autoaccount struct ratchet_account *victim = NULL;
	autojson json_t *keys = NULL;
	uint8_t ed[32], curve[32], onetime[32];
	struct ratchet_session *s;
	struct peer eve;
	int opened = 0, took = 0, type;

	must(ratchet_account_new(&net_world, &victim));
	must(ratchet_account_make_onetime(victim, &net_world, 1));
	must(ratchet_account_onetime(victim, &keys));
	must(ratchet_account_keys(victim, ed, curve));
	must(strict_curve(json_string_value(json_object_iter_value(json_object_iter(keys))), onetime));
	for (int i = 0; i < 2; i++) {
		struct ratchet_session *to;
		struct olm_message m;
		autofree char *body = NULL;

		must(ratchet_session_to(bob.account, &net_world, curve, onetime, &to));
		must(ratchet_session_encrypt(to, &net_world, "x", 1, &type, &body));
		must(strict_olm(type, body, &m, NULL));
		if (ratchet_session_from(victim, &m, &s) == 0) {
			opened++;
			ratchet_session_free(s);
		}
		ratchet_session_free(to);
	}
	is_int(opened, 2, "M6 libolm opens two sessions with one one-time key");

	/* The same through the door: the key goes with the session, in one transaction. */
	keys = (json_decref(keys), json_deep_copy(json_obj(json_obj(net.onetime, a.user), a.device)));
	must(strict_curve(json_str(json_object_iter_value(json_object_iter(keys)), "key"), onetime));
	peer_start(&eve, BOB, "BOBDEV");
	ratchet_account_free(eve.account);
	eve.account = bob.account;
	memcpy(eve.curve_text, bob.curve_text, sizeof(eve.curve_text));
	memcpy(eve.ed_text, bob.ed_text, sizeof(eve.ed_text));
	for (int i = 0; i < 2; i++) {
		must(ratchet_session_to(eve.account, &net_world, a.crypt->curve25519, onetime, &eve.session));
		took += give(peer_letter(&eve, &a, peer_inner(&eve, &a, "t", NULL))) == 0;
		ratchet_session_free(eve.session);
	}
	is_int(took, 1, "M6 we take the first message and refuse the second");
}

static void
m7(void)
{
	OlmAccount *account = account_new();
	uint8_t key[32];
	char text[44];

	memcpy(text, bob.curve_text, sizeof(text));
	text[10] = '!';
	ok(libolm_opens(account, text, bob.curve_text) && libolm_opens(account, bob.curve_text, text),
	    "M7 libolm takes a key with an exclamation mark in it");
	free(account);
	is_int(strict_curve(text, key), E_BAD, "M7 we do not (every role: test_low_order.c)");
	memcpy(text, bob.ed_text, sizeof(text));
	text[10] = '!';
	is_int(proof_key_b64(text, key), E_BAD, "M7 nor as an Ed25519 key");
}

/* Change one bit of a stored blob, as a thief or a disk would. */
static void
flip(const char *column, unsigned bit)
{
	char path[128], sql[200];
	sqlite3 *db;
	sqlite3_stmt *get, *put;
	uint8_t blob[8192];
	int n;

	(void)snprintf(path, sizeof(path), "%s/cairn.db", a.dir);
	must(sqlite3_open(path, &db));
	(void)snprintf(sql, sizeof(sql), "SELECT %s FROM crypt_account", column);
	must(sqlite3_prepare_v2(db, sql, -1, &get, NULL));
	need(sqlite3_step(get) == SQLITE_ROW && (n = sqlite3_column_bytes(get, 0)) > 0 && n < (int)sizeof(blob));
	memcpy(blob, sqlite3_column_blob(get, 0), (size_t)n);
	must(sqlite3_finalize(get));
	blob[bit / 8 % (unsigned)n] ^= (uint8_t)(1 << bit % 8);
	(void)snprintf(sql, sizeof(sql), "UPDATE crypt_account SET %s = ?", column);
	must(sqlite3_prepare_v2(db, sql, -1, &put, NULL));
	must(sqlite3_bind_blob(put, 1, blob, n, SQLITE_TRANSIENT));
	need(sqlite3_step(put) == SQLITE_DONE);
	must(sqlite3_finalize(put));
	must(sqlite3_close(db));
}

static int
opens_again(void)
{
	static const uint8_t kek[DB_KEY] = { 9 };
	int r;

	must(db_open(a.dir, kek, &net_world, &a.db, NULL));
	must(db_begin(a.db, NULL));
	r = crypt_open(a.db, &net_world, a.user, &a.crypt, NULL);
	must(db_commit(a.db, NULL));
	if (r == 0)
		crypt_free(a.crypt);
	a.crypt = NULL;
	db_close(a.db);
	return r;
}

static void
m8(void)
{
	static const char *const columns[] = { "pickle", "pickle_key" };
	static const uint8_t zero[CRYPT_KEY];
	struct crypto_account one, two;
	struct node other;
	OlmAccount *account = account_new();
	autobuf struct buf first = { 0 }, second = { 0 };
	char *text, *same;
	size_t n = olm_pickle_account_length(account), loaded = 0, changed = 0;
	int refused = 0;

	text = malloc(n);
	same = malloc(n);
	ok(olm_pickle_account(account, "", 0, text, n) == n, "M8 libolm pickles under an empty key");
	ok(olm_pickle_account(account, "", 0, same, n) == n && memcmp(text, same, n) == 0, "M8 the same bytes each time");
	for (size_t bit = 0; bit < 8 * n; bit++) {
		OlmAccount *back = olm_account(malloc(olm_account_size()));

		memcpy(same, text, n);
		same[bit / 8] = (char)(same[bit / 8] ^ 1 << bit % 8);
		if (olm_unpickle_account(back, "", 0, same, n) != olm_error()) {
			loaded++;
			need(olm_pickle_account(back, "", 0, same, n) == n);
			changed += memcmp(text, same, n) != 0;
		}
		free(back);
	}
	free(text);
	free(same);
	free(account);
	ok(loaded > 0 && changed == 0, "M8 of %zu changed bits libolm overlooks %zu, where base64 has slack", 8 * n, loaded);

	/* Ours: 32 random bytes of key for each device, and both sealed again. */
	node_start(&other, "@z:z", "ZDEV");
	must(crypto_account_get(a.db, &one));
	must(crypto_account_get(other.db, &two));
	ok(sizeof(one.pickle_key) == 32 && memcmp(one.pickle_key, zero, 32) != 0 &&
	    memcmp(one.pickle_key, two.pickle_key, 32) != 0, "M8 our pickle keys are 32 bytes, of each device its own");
	must(column_seal(a.db, NULL, "crypt_account.pickle", "1", one.pickle.data, one.pickle.len, &first));
	must(column_seal(a.db, NULL, "crypt_account.pickle", "1", one.pickle.data, one.pickle.len, &second));
	ok(first.len == second.len && memcmp(first.data, second.data, first.len) != 0,
	    "M8 a pickle stored twice does not look the same");
	crypto_account_free(&one);
	crypto_account_free(&two);
	node_stop(&other);
	node_close(&a);
	for (size_t i = 0; i < 2; i++)
		for (unsigned k = 0; k < 8; k++) {
			unsigned bit = k < 2 ? k * 7 : randombytes_uniform(1 << 15);

			flip(columns[i], bit);
			refused += opens_again() != 0;	/* Of the slot of a key: there is none. */
			flip(columns[i], bit);
		}
	is_int(refused, 16, "M8 sixteen changed bits of what is stored, all of them seen");
	is_int(opens_again(), 0, "M8 changed back it opens");
	node_reopen(&a);
}

int
main(void)
{
	net_start();
	node_start(&a, "@a:a", "ADEV");
	node_publish(&a, &ka);
	peer_start(&bob, BOB, "BOBDEV");
	peer_publish(&bob, &kb);
	(void)node_learn(&a, BOB);
	peer_meet(&bob, &a);
	ok(m1() == NULL && m3() == NULL && m4() == NULL, "libolm's own functions are there to be judged");
	m2();
	m5();
	m6();
	m7();
	m8();
	node_stop(&a);
	peer_stop(&bob);
	net_stop();
	return done_testing();
}
