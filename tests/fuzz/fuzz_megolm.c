/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Megolm envelopes of room events, timeline and state.  An input is a JSON event in a dialect
 * ({"$megolm": INNER} becomes what eve's device encrypts, "$room" is where it appears), or a
 * letter and bytes:
 *
 *     p  the plaintext that eve encrypts     r  the ciphertext's text
 *     x  where a true message is changed     m  a message's bytes, with a true MAC and signature
 *     a  the plaintext, encrypted by the Megolm of this file
 *
 * What opens is by its session's owner, in its room, once.  libolm and the few lines here agree.
 */
#include <openssl/evp.h>

#include "ward.h"

const unsigned fuzz_changes = 100;

enum { RATCHET = 128, KEY_BODY = 1 + 4 + RATCHET, KEY_BYTES = KEY_BODY + 32 + 64, MAC = 8, SIG = 64, PLAIN_MAX = 8192 };

static struct ratchet_outbound *group;
static struct buf group_pickle;
static char group_id[44], own_id[44];
static const uint8_t pickle_key[CRYPT_KEY] = { 1 };

/* The session made by hand, at its first position: all of its secrets are here. */
static uint8_t own_secret[crypto_sign_SECRETKEYBYTES], own_keys[80];

static void
hmac(uint8_t out[32], const uint8_t *key, size_t key_len, const void *a, size_t n, const void *b, size_t m)
{
	crypto_auth_hmacsha256_state st;

	(void)crypto_auth_hmacsha256_init(&st, key, key_len);
	(void)crypto_auth_hmacsha256_update(&st, a, n);
	(void)crypto_auth_hmacsha256_update(&st, b, m);
	(void)crypto_auth_hmacsha256_final(&st, out);
}

/* HKDF-SHA-256 with "MEGOLM_KEYS": AES key, MAC key, IV. */
static void
derive(const uint8_t ratchet[RATCHET])
{
	static const uint8_t salt[32];
	uint8_t prk[32], block[32 * 3], info[12] = "MEGOLM_KEYS";
	const uint8_t *before = block;

	hmac(prk, salt, sizeof(salt), ratchet, RATCHET, "", 0);
	for (size_t i = 0; i < 3; i++) {
		info[11] = (uint8_t)(i + 1);
		hmac(block + 32 * i, prk, sizeof(prk), before, i > 0 ? 32 : 0, info, sizeof(info));
		before = block + 32 * i;
	}
	memcpy(own_keys, block, sizeof(own_keys));
}

static void
add_session(const char *id, struct ratchet_inbound *in)
{
	autobuf struct buf pickle = { 0 };
	struct crypto_inbound row = { .room_id = lend(WARD_ROOM) };

	must(ratchet_inbound_pickle(in, ward.crypt->pickle_key, &pickle));
	memcpy(row.curve25519, eve.curve, CRYPT_KEY);
	row.pid = node_person(&ward, EVE);
	tx(&ward, crypto_inbound_add(ward.db, id, &row, &pickle, net_now));
}

static void
make_own(void)
{
	static const uint8_t seed[crypto_sign_SEEDBYTES] = { 7 };
	autoinbound struct ratchet_inbound *in = NULL;
	uint8_t raw[KEY_BYTES] = { 2 }, *pub = raw + KEY_BODY;
	char key[B64_LEN(KEY_BYTES) + 1];

	for (size_t i = 0; i < RATCHET; i++)
		raw[5 + i] = (uint8_t)(i * 7 + 1);
	(void)crypto_sign_seed_keypair(pub, own_secret, seed);
	(void)crypto_sign_detached(pub + 32, NULL, raw, KEY_BODY + 32, own_secret);
	encode_b64(raw, sizeof(raw), key);
	encode_b64(pub, 32, own_id);
	derive(raw + 5);
	must(ratchet_inbound_new(key, &in));
	add_session(own_id, in);
}

/* MAC and signature after ${n} bytes of a message; its base64, which the caller frees. */
static char *
finish_message(const uint8_t *head, size_t n)
{
	autofree uint8_t *m = malloc(n + MAC + SIG);
	uint8_t tag[32];
	char *text;

	need(m != NULL);
	memcpy(m, head, n);
	hmac(tag, own_keys + 32, 32, head, n, "", 0);
	memcpy(m + n, tag, MAC);
	(void)crypto_sign_detached(m + n + MAC, NULL, m, n + MAC, own_secret);
	need((text = encode_b64_new(m, n + MAC + SIG)) != NULL);
	return text;
}

static char *
own_encrypt(const uint8_t *plain, size_t len)
{
	uint8_t m[PLAIN_MAX + 64] = { 3, 0x08, 0, 0x12 };
	size_t padded = len / 16 * 16 + 16, at = 4;
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	int n = 0, last = 0;

	for (size_t left = padded; ; left >>= 7) {
		m[at++] = (uint8_t)((left & 0x7f) | (left > 0x7f ? 0x80 : 0));
		if (left <= 0x7f)
			break;
	}
	need(ctx != NULL && EVP_EncryptInit_ex(ctx, EVP_aes_256_cbc(), NULL, own_keys, own_keys + 64) == 1);
	need(EVP_EncryptUpdate(ctx, m + at, &n, plain, (int)len) == 1);
	need(EVP_EncryptFinal_ex(ctx, m + at + n, &last) == 1 && (size_t)(n + last) == padded);
	EVP_CIPHER_CTX_free(ctx);
	return finish_message(m, at + padded);
}

static json_t *
event_of(const char *session, const char *cipher)
{
	return json_pack("{s:s, s:s, s:s, s:I, s:{s:s, s:s, s:s}}", "type", "m.room.encrypted",
	    "sender", EVE, "event_id", "$event:e", "origin_server_ts", (json_int_t)net_now, "content",
	    "algorithm", CRYPT_MEGOLM, "session_id", session, "ciphertext", cipher);
}

static json_t *
sealed(const char *text, size_t len)
{
	autooutbound struct ratchet_outbound *out = NULL;
	autobuf struct buf cipher = { 0 };

	must(ratchet_outbound_unpickle(pickle_key, &group_pickle, &out));
	must(ratchet_outbound_encrypt(out, text, len, &cipher));
	return event_of(group_id, cipher.data);
}

/* Of an accepted event, by another parser. */
static void
accepted(const char *text, size_t len, const json_t *event, const struct opened *o)
{
	static const char *const never[] = { "m.room.encrypted", "m.room.member", "m.room.create", "m.room.power_levels",
	    "m.room.encryption", "m.room.join_rules", "m.space.child", "m.room.redaction" };
	autojson json_t *inner = json_loadb(text, len, JSON_REJECT_DUPLICATES, NULL);
	const char *packed = json_str(event, "state_key");
	autofree char *want = NULL;

	claim(inner != NULL && strcmp(json_str(inner, "room_id"), WARD_ROOM) == 0);
	claim(strcmp(json_str(inner, "type"), o->type) == 0 && json_equal(json_obj(inner, "content"), o->content));
	for (size_t i = 0; i < nelem(never); i++)
		claim(strcmp(o->type, never[i]) != 0);
	claim((packed != NULL) == (json_object_get(inner, "state_key") != NULL));
	claim((packed != NULL) == (o->state_key != NULL));
	if (packed != NULL) {
		claim(asprintf(&want, "%s:%s", o->type, json_str(inner, "state_key")) >= 0 && strcmp(want, packed) == 0);
		claim(strchr(o->type, ':') == NULL && strncmp(o->type, "m.", 2) != 0);
	}
}

static int
open_event(const char *room, json_t *event, struct opened *ret)
{
	struct err err = { "" };
	int r = envelope_open_event(ward.crypt, room, event, ret, &err);
	autojson json_t *other = json_deep_copy(event);

	ward_answer(r, ret, &err);
	if (r == 0) {
		autoopened struct opened again = { 0 }, replay = { 0 };

		claim(strcmp(ret->sender, EVE) == 0 && strcmp(ret->room_id, WARD_ROOM) == 0 && ret->trusted);
		claim(envelope_open_event(ward.crypt, room, event, &again, NULL) == E_EXISTS);
		(void)json_object_set_new(other, "event_id", json_string("$another:e"));
		claim(json_equal(event, other) || envelope_open_event(ward.crypt, room, other, &replay, NULL) == E_REFUSED);
	}
	return r;
}

static int
open_text(const char *text, size_t len)
{
	autojson json_t *event = sealed(text, len);
	autoopened struct opened o = { 0 };
	int r = open_event(WARD_ROOM, event, &o);

	claim(r == 0 || r == E_REFUSED);
	if (r == 0)
		accepted(text, len, event, &o);
	return r;
}

static void
in_json(const json_t *wish)
{
	const struct fuzz_word words[] = { { .word = "$eve", .is = EVE }, { .word = "$mallory", .is = MALLORY },
	    { .word = "$me", .is = ward.user }, { .word = "$here", .is = WARD_ROOM },
	    { .word = "$session", .is = group_id } };
	const struct fuzz_dialect dialect = { .words = words, .n = nelem(words) };
	autojson json_t *doc = fuzz_fill(&dialect, wish), *inner = fuzz_ask(doc, "$megolm"), *event = NULL;
	autojson json_t *room = fuzz_ask(doc, "$room");
	const char *where = json_is_string(room) ? json_string_value(room) : WARD_ROOM;
	autoopened struct opened o = { 0 };
	autofree char *text = inner != NULL ? json_dumps(inner, JSON_COMPACT | JSON_ENCODE_ANY) : NULL;

	if (text == NULL) {
		(void)open_event(where, doc, &o);
		return;
	}
	event = sealed(text, strlen(text));
	claim(json_object_update(event, doc) == 0);
	if (open_event(where, event, &o) == 0)
		accepted(text, strlen(text), event, &o);
}

static void
changed(const uint8_t *how, size_t n)
{
	static const char text[] = "{\"type\":\"t\",\"room_id\":\"" WARD_ROOM "\",\"content\":{}}";
	autojson json_t *event = sealed(text, strlen(text));
	json_t *content = json_obj(event, "content");
	const char *cipher = json_str(content, "ciphertext");
	autofree uint8_t *bytes = NULL;
	autofree char *body = NULL;
	autoopened struct opened o = { 0 };
	size_t len;
	bool other;

	must(decode_b64_new(cipher, strlen(cipher), &bytes, &len));
	other = ward_bend(bytes, len, how, n);
	need((body = encode_b64_new(bytes, len)) != NULL);
	(void)json_object_set_new(content, "ciphertext", json_string(body));
	claim(open_event(WARD_ROOM, event, &o) == (other ? E_REFUSED : 0));
}

static int
open_cipher(const char *session, const char *cipher)
{
	autojson json_t *event = event_of(session, cipher);
	autoopened struct opened o = { 0 };

	return event == NULL ? E_REFUSED : open_event(WARD_ROOM, event, &o);
}

static void
by_hand(const uint8_t *data, size_t len, bool whole)
{
	autofree char *cipher = whole ? finish_message(data, len) : own_encrypt(data, len);
	int r = open_cipher(own_id, cipher);

	claim(r == 0 || r == E_REFUSED);
	/* The same words from libolm's own session have the same fate. */
	claim(whole || r == open_text((const char *)data, len));
}

int
LLVMFuzzerInitialize(int *argc, char ***argv)
{
	autobuf struct buf key = { 0 };
	autoinbound struct ratchet_inbound *in = NULL;

	(void)argc, (void)argv;
	ward_open();
	must(ratchet_outbound_new(&net_world, &group));
	must(ratchet_outbound_id(group, group_id));
	must(ratchet_outbound_key(group, &key));
	must(ratchet_outbound_pickle(group, pickle_key, &group_pickle));
	must(ratchet_inbound_new(key.data, &in));
	add_session(group_id, in);
	make_own();
	return 0;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	autojson json_t *wish = fuzz_json(data, len);
	autofree char *text = NULL;

	if (len < 2 || len > PLAIN_MAX)
		return 0;
	ward_begin();
	if (json_is_object(wish))
		in_json(wish);
	else if (data[0] == 'p')
		(void)open_text((const char *)data + 1, len - 1);
	else if (data[0] == 'x')
		changed(data + 1, len - 1);
	else if (data[0] == 'a' || data[0] == 'm')
		by_hand(data + 1, len - 1, data[0] == 'm');
	else {
		need((text = strndup((const char *)data, len)) != NULL);
		claim(open_cipher(group_id, text + (data[0] == 'r')) == E_REFUSED);
	}
	ward_end();
	return 0;
}
