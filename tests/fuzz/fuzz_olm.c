/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Olm envelopes of to-device messages, outside and inside.  An input is a JSON event in a
 * dialect ({"$olm": INNER} becomes what eve encrypts, or who "$from" says; "$room_key" and
 * the like are words), or a letter and bytes:
 *
 *     p  the plaintext that eve encrypts     c  a message's bytes, as base64
 *     x  where a true message is changed     k  a Megolm session key, signed as it must be if it is no longer
 *     s  text for the functions of strict.c
 *
 * What opens was encrypted by the device that it names, for us, and opens once.  A message of
 * which one bit was changed never opens.
 */
#include "ward.h"

const unsigned fuzz_changes = 100;

enum { KEY_BODY = 1 + 4 + 128, KEY_BYTES = KEY_BODY + 32 + 64 };

/* Megolm sessions: one that is new to the node, and one that it knows from its second position on. */
struct group {
	struct ratchet_outbound *ratchet;
	char	 id[44];
	char	*key[2];		/* At the first and the second position. */
};
static struct group fresh, known;
static struct peer stranger;		/* A device of mallory that no list shows. */

static json_t *
letter(struct peer *p, const char *text, size_t len)
{
	autobuf struct buf pickle = { 0 };
	autosession struct ratchet_session *s = NULL;
	autofree char *body = NULL;
	static const uint8_t key[CRYPT_KEY] = { 1 };
	int type;

	/* A copy, so that each input finds the session as it was. */
	must(ratchet_session_pickle(p->session, key, &pickle));
	must(ratchet_session_unpickle(key, &pickle, &s));
	must(ratchet_session_encrypt(s, &net_world, text, len, &type, &body));
	return peer_wrap(p, &ward, type, body);
}

/* What must be true of a plaintext that was accepted, by another parser. */
static void
accepted(const struct peer *p, const char *text, size_t len)
{
	autojson json_t *inner = json_loadb(text, len, JSON_REJECT_DUPLICATES, NULL);

	claim(inner != NULL);
	claim(strcmp(json_str(inner, "sender"), p->user) == 0);
	claim(strcmp(json_str(inner, "recipient"), ward.user) == 0);
	claim(strcmp(json_str(json_obj(inner, "recipient_keys"), "ed25519"), ward.crypt->ed_text) == 0);
	claim(strcmp(json_str(json_obj(inner, "keys"), "ed25519"), p->ed_text) == 0);
	claim(json_obj(inner, "content") != NULL && json_str(inner, "type") != NULL);
}

static void
still_known(void)
{
	struct crypto_inbound row;

	must(crypto_inbound_get(ward.db, known.id, node_person(&ward, EVE), &row));
	claim(strcmp(row.room_id, WARD_ROOM) == 0 && memcmp(row.curve25519, eve.curve, CRYPT_KEY) == 0 && row.first <= 1);
	crypto_inbound_free(&row);
}

static int
open_event(const json_t *event, struct opened *ret)
{
	struct err err = { "" };
	int r = envelope_open_todevice(ward.crypt, event, net_now, ret, &err);

	ward_answer(r, ret, &err);
	if (r == 0) {
		autoopened struct opened again = { 0 };

		claim(strcmp(json_str(event, "sender"), ret->sender) == 0 && ret->device_id != NULL);
		claim(ret->trusted == (strcmp(ret->sender, EVE) == 0));
		/* A session that is known stays its owner's, in its room; who else gives it has another. */
		claim(ret->session_id == NULL || strcmp(ret->session_id, known.id) != 0 || strcmp(ret->sender, EVE) != 0 ||
		    strcmp(ret->room_id, WARD_ROOM) == 0);
		still_known();
		claim(envelope_open_todevice(ward.crypt, event, net_now, &again, NULL) == E_EXISTS);
	}
	return r;
}

static int
open_text(struct peer *p, const char *text, size_t len, struct opened *ret)
{
	autojson json_t *event = letter(p, text, len);
	int r = open_event(event, ret);

	claim(r == 0 || r == E_REFUSED || (p == &stranger && r == E_LATER));
	if (r == 0)
		accepted(p, text, len);
	return r;
}

static void
in_json(const json_t *wish)
{
	const struct fuzz_word words[] = { { .word = "$me", .is = ward.user }, { .word = "$eve", .is = EVE },
	    { .word = "$mallory", .is = MALLORY }, { .word = "$my_ed", .is = ward.crypt->ed_text },
	    { .word = "$my_key", .is = ward.crypt->curve_text }, { .word = "$eve_ed", .is = eve.ed_text },
	    { .word = "$eve_key", .is = eve.curve_text }, { .word = "$mallory_ed", .is = mallory.ed_text },
	    { .word = "$mallory_key", .is = mallory.curve_text }, { .word = "$eve_keys", .json = eve_device_keys },
	    { .word = "$mallory_keys", .json = mallory_device_keys }, { .word = "$session", .is = fresh.id },
	    { .word = "$session_key", .is = fresh.key[0] }, { .word = "$later_key", .is = fresh.key[1] },
	    { .word = "$known", .is = known.id }, { .word = "$known_key", .is = known.key[1] },
	    { .word = "$earlier_key", .is = known.key[0] } };
	const struct fuzz_dialect dialect = { .words = words, .n = nelem(words) };
	autojson json_t *doc = fuzz_fill(&dialect, wish), *inner = fuzz_ask(doc, "$olm"), *event = NULL;
	autojson json_t *from = fuzz_ask(doc, "$from");
	autoopened struct opened o = { 0 }, o2 = { 0 };
	const char *who = json_is_string(from) ? json_string_value(from) : EVE;
	struct peer *p = !strcmp(who, MALLORY) ? &mallory : !strcmp(who, "stranger") ? &stranger : &eve;
	autofree char *text = inner != NULL ? json_dumps(inner, JSON_COMPACT | JSON_ENCODE_ANY) : NULL;

	if (text == NULL) {
		(void)open_event(doc, &o);
		return;
	}
	event = letter(p, text, strlen(text));
	if (json_object_size(doc) == 0) {
		(void)open_text(p, text, strlen(text), &o);
		return;
	}
	/* A server changes what is outside. */
	claim(json_object_update(event, doc) == 0);
	if (open_event(event, &o2) == 0)
		accepted(p, text, strlen(text));
}

/* A true message, changed: of a new session and of one that has received. */
static void
changed(const uint8_t *how, size_t n)
{
	autojson json_t *inner = peer_inner(&eve, &ward, "m.dummy", NULL);
	autofree char *text = json_dumps(inner, JSON_COMPACT);
	autojson json_t *event = letter(&eve, text, strlen(text));
	json_t *ours = json_obj(json_obj(json_obj(event, "content"), "ciphertext"), ward.crypt->curve_text);
	autofree uint8_t *bytes = NULL;
	autofree char *body = NULL;
	autoopened struct opened o = { 0 };
	size_t len;
	bool other;

	must(decode_b64_new(json_str(ours, "body"), strlen(json_str(ours, "body")), &bytes, &len));
	other = ward_bend(bytes, len, how, n);
	need((body = encode_b64_new(bytes, len)) != NULL);
	(void)json_object_set_new(ours, "body", json_string(body));
	claim(open_event(event, &o) == (other ? E_REFUSED : 0));
}

static void
raw_body(const uint8_t *data, size_t len)
{
	autofree char *body = encode_b64_new(data, len);
	autojson json_t *event = NULL;
	autoopened struct opened o = { 0 };

	need(body != NULL);
	event = peer_wrap(&eve, &ward, len & 1, body);
	claim(open_event(event, &o) == E_REFUSED);
}

static void
room_key(const uint8_t *data, size_t len)
{
	static const uint8_t seed[crypto_sign_SEEDBYTES] = { 5 };
	uint8_t raw[KEY_BYTES] = { 0 }, *pub = raw + KEY_BODY, secret[crypto_sign_SECRETKEYBYTES];
	char key[B64_LEN(KEY_BYTES) + 1], id[44];
	autofree char *text = NULL;
	autojson json_t *inner = NULL;
	autoopened struct opened o = { 0 };
	struct crypto_inbound row = { 0 };
	uint32_t first = 0;
	uint8_t read[CRYPT_KEY];

	memcpy(raw, data, len < KEY_BODY ? len : KEY_BODY);
	(void)crypto_sign_seed_keypair(pub, secret, seed);
	(void)crypto_sign_detached(pub + 32, NULL, raw, KEY_BODY + 32, secret);
	/* A byte too many breaks the signature. */
	if (len > KEY_BODY)
		pub[32 + data[KEY_BODY] % 64] ^= 0x10;
	encode_b64(raw, sizeof(raw), key);
	encode_b64(pub, 32, id);
	inner = peer_inner(&eve, &ward, "m.room_key", json_pack("{s:s, s:s, s:s, s:s}", "algorithm", CRYPT_MEGOLM,
	    "room_id", WARD_ROOM, "session_id", id, "session_key", key));
	need((text = json_dumps(inner, JSON_COMPACT)) != NULL);
	if (strict_session_key(key, read, &first, NULL) != 0) {
		claim(raw[0] != 2 || len > KEY_BODY);
		claim(open_text(&eve, text, strlen(text), &o) == E_REFUSED);
		return;
	}
	claim(memcmp(read, pub, 32) == 0 && raw[0] == 2 && len <= KEY_BODY);
	claim(open_text(&eve, text, strlen(text), &o) == 0);
	claim(strcmp(o.session_id, id) == 0 && strcmp(o.room_id, WARD_ROOM) == 0);
	must(crypto_inbound_get(ward.db, id, o.pid, &row));
	claim(row.first == first);
	crypto_inbound_free(&row);
}

static void
strict(const uint8_t *data, size_t len)
{
	autofree char *text = strndup((const char *)data, len);
	uint8_t key[CRYPT_KEY];
	char back[CRYPT_KEY_TEXT + 1];
	struct olm_message m;
	struct err err = { "" };
	uint32_t index = 77;

	need(text != NULL);
	if (strict_curve(text, key) == 0) {
		encode_b64(key, sizeof(key), back);
		claim(strcmp(back, text) == 0 && strict_point(key) == 0);
	}
	if (proof_key_b64(text, key) == 0) {
		encode_b64(key, sizeof(key), back);
		claim(strcmp(back, text) == 0);
	}
	for (int type = -1; type < 3; type++) {
		int r = strict_olm(type, text, &m, &err);

		claim(r == 0 ? strict_point(m.ratchet) == 0 && (type == 0 || type == 1) : r == E_BAD);
		claim(r != 0 || type == 1 || (strict_point(m.base) == 0 && strict_point(m.identity) == 0));
	}
	if (strict_group(text, &index, &err) != 0)
		claim(index == 77);
	claim(strict_group_signature(text, eve.ed) == E_BAD);
	if (strict_session_key(text, key, &index, &err) != 0)
		fuzz_err(&err, true);
}

static void
make_group(struct group *g)
{
	must(ratchet_outbound_new(&net_world, &g->ratchet));
	must(ratchet_outbound_id(g->ratchet, g->id));
	for (size_t i = 0; i < nelem(g->key); i++) {
		autobuf struct buf key = { 0 }, gone = { 0 };

		must(ratchet_outbound_key(g->ratchet, &key));
		must(ratchet_outbound_encrypt(g->ratchet, "", 0, &gone));
		need((g->key[i] = buf_take(&key)) != NULL);
	}
}

static void
know(const struct group *g)
{
	autoinbound struct ratchet_inbound *in = NULL;
	autobuf struct buf pickle = { 0 };
	struct crypto_inbound row = { .room_id = lend(WARD_ROOM), .first = 1 };

	must(ratchet_inbound_new(g->key[1], &in));
	must(ratchet_inbound_pickle(in, ward.crypt->pickle_key, &pickle));
	memcpy(row.curve25519, eve.curve, CRYPT_KEY);
	row.pid = node_person(&ward, EVE);
	tx(&ward, crypto_inbound_add(ward.db, g->id, &row, &pickle, net_now));
}

int
LLVMFuzzerInitialize(int *argc, char ***argv)
{
	autojson json_t *first = NULL;
	autoopened struct opened o = { 0 };

	(void)argc, (void)argv;
	ward_open();
	make_group(&fresh);
	make_group(&known);
	know(&known);
	peer_start(&stranger, MALLORY, "MALTWO");
	peer_meet(&stranger, &ward);
	/* Mallory's session is one that the node has; eve's begins with each input. */
	first = peer_letter(&mallory, &ward, peer_inner(&mallory, &ward, "m.dummy", NULL));
	must(node_open(&ward, first, &o, NULL));
	return 0;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	autojson json_t *wish = fuzz_json(data, len);
	autoopened struct opened o = { 0 };

	if (len < 2)
		return 0;
	ward_begin();
	if (json_is_object(wish))
		in_json(wish);
	else if (data[0] == 'p')
		(void)open_text(&eve, (const char *)data + 1, len - 1, &o);
	else if (data[0] == 'c')
		raw_body(data + 1, len - 1);
	else if (data[0] == 'x')
		changed(data + 1, len - 1);
	else if (data[0] == 'k')
		room_key(data + 1, len - 1);
	else
		strict(data + (data[0] == 's'), len - (data[0] == 's'));
	ward_end();
	return 0;
}
