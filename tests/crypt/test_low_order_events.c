/* SPDX-License-Identifier: Apache-2.0 */
/* Weak keys and sloppy spellings, as test_low_order.c has them, inside of to-device events and room events. */
#include "peer.h"
#include "sloppy.h"
#include "weak.h"

#define BOB	"@bob:b"
#define ROOM	"!room:a"

enum { POINTS = 2 * LOW_ORDER };	/* And each with its top bit set. */

static struct node a;
static struct peer bob;
static struct crosssign_keys ka, kb;
static struct err why;

/* Take it (stolen); its answer, and the sentence in ${why}. */
static int
take_event(json_t *event)
{
	int r = node_hear(&a, event, &why, NULL);

	net_now += 61 * SECOND;	/* No more than a few failures a minute are looked at. */
	return r;
}

static json_t *
letter(void)
{
	return peer_letter(&bob, &a, peer_inner(&bob, &a, "t", NULL));
}

static json_t *
message_of(const json_t *event)
{
	return json_obj(json_obj(json_obj(event, "content"), "ciphertext"), a.crypt->curve_text);
}

/* The event with each appearance of ${old} in its message replaced. */
static json_t *
replaced(json_t *event, const uint8_t old[32], const uint8_t new[32])
{
	json_t *message = message_of(event);
	const char *body = json_str(message, "body");
	autofree uint8_t *data = NULL;
	autofree char *text = NULL;
	uint8_t *at;
	size_t len, n = 0;

	must(decode_b64_new(body, strlen(body), &data, &len));
	while ((at = memmem(data, len, old, 32)) != NULL && ++n)
		memcpy(at, new, 32);
	need(n == 1 && (text = encode_b64_new(data, len)) != NULL);
	json_object_set_new(message, "body", json_string(text));
	return event;
}

/* Bob's session answers ours, so that his messages are of type 1 from here on. */
static void
answer_bob(void)
{
	autosession struct ratchet_session *s = NULL;
	autobuf struct buf pickle = { 0 }, plain = { 0 };
	autofree char *body = NULL;
	struct crypto_olm *list;
	struct olm_message m;
	char id[44];
	int64_t pid = node_person(&a, BOB), row;
	size_t n;
	int type;

	must(crypto_olm_list(a.db, pid, bob.curve, 1, &list, &n));
	need(n == 1);
	must(ratchet_session_unpickle(a.crypt->pickle_key, &list[0].pickle, &s));
	row = list[0].n;
	crypto_olm_list_free(list, n);
	must(ratchet_session_encrypt(s, &net_world, "hi", 2, &type, &body));
	must(ratchet_session_id(s, id));
	must(ratchet_session_pickle(s, a.crypt->pickle_key, &pickle));
	tx(&a, crypto_olm_put(a.db, pid, bob.curve, row, id, &pickle, net_now));
	must(strict_olm(type, body, &m, NULL));
	must(ratchet_session_decrypt(bob.session, &m, &plain));
}

static int
private_left(void)
{
	struct crypto_account stored;
	int n;

	must(crypto_account_get(a.db, &stored));
	n = (int)stored.pickle.len;
	crypto_account_free(&stored);
	return n;
}

static void
test_messages(void)
{
	static const char *const names[] = { "one-time", "base", "identity", "ratchet" };
	int before, refused;
	struct olm_message m;
	uint8_t point[32];

	before = private_left();
	for (int role = 0; role < 4; role++) {
		refused = 0;
		for (size_t i = 0; i < POINTS; i++) {
			json_t *event = letter();

			must(strict_olm(0, json_str(message_of(event), "body"), &m, NULL));
			weak_point(i, point);
			refused += take_event(replaced(event, role == 0 ? m.one_time : role == 1 ? m.base :
			    role == 2 ? m.identity : m.ratchet, point)) == E_REFUSED &&
			    strcmp(why.text, "the Olm message is malformed") == 0;
		}
		is_int(refused, POINTS, "E8 an opening message with one of the seven points as %s key: refused",
		    names[role]);
	}
	is_int(private_left(), before, "no one-time key was used up");
	is_int(take_event(letter()), 0, "and the message itself is good");
	answer_bob();
	refused = 0;
	for (size_t i = 0; i < POINTS; i++) {
		json_t *event = letter();

		need(json_int(message_of(event), "type", -1) == 1);
		must(strict_olm(1, json_str(message_of(event), "body"), &m, NULL));
		weak_point(i, point);
		refused += take_event(replaced(event, m.ratchet, point)) == E_REFUSED &&
		    strcmp(why.text, "the Olm message is malformed") == 0;
	}
	is_int(refused, POINTS, "E8 a message within a session with one of them as ratchet key: refused");
	is_int(take_event(letter()), 0, "and the session goes on");
	refused = 0;
	for (size_t i = 0; i < POINTS; i++) {
		json_t *event = letter();
		char text[44];

		weak_point(i, point);
		encode_b64(point, 32, text);
		json_object_set_new(json_obj(event, "content"), "sender_key", json_string(text));
		refused += take_event(event) == E_REFUSED && strstr(why.text, "sound Curve25519") != NULL;
	}
	is_int(refused, POINTS, "E8 an event that calls one of them its sender_key: refused");
}

/* One role of an event: where its text is, and the event, whole or with that text spoiled. */
static json_t *
outer(int role, const char *text)
{
	json_t *event = letter(), *ciphertext = json_obj(json_obj(event, "content"), "ciphertext");

	if (role == 0) {
		json_object_set_new(json_obj(event, "content"), "sender_key", json_string(text));
	} else if (role == 1) {
		json_object_set(ciphertext, text, message_of(event));
		if (strcmp(text, a.crypt->curve_text) != 0)
			json_object_del(ciphertext, a.crypt->curve_text);
	}
	return event;
}

static json_t *
inner(int role, const char *text)
{
	json_t *i = peer_inner(&bob, &a, "t", NULL), *device = json_obj(i, "sender_device_keys");

	switch (role) {
	case 2:
		json_object_set_new(json_obj(i, "keys"), "ed25519", json_string(text));
		break;
	case 3:
		json_object_set_new(json_obj(i, "recipient_keys"), "ed25519", json_string(text));
		break;
	case 4:
	case 5:
		json_object_set_new(json_obj(device, "keys"), role == 4 ? "curve25519:BOBDEV" : "ed25519:BOBDEV",
		    json_string(text));
		json_object_del(device, "signatures");
		peer_sign(&bob, device);
		break;
	}
	return peer_letter(&bob, &a, i);
}

static void
test_spelling(void)
{
	static const char *const names[] = { "sender_key", "our key above the ciphertext", "keys.ed25519",
	    "recipient_keys.ed25519", "a Curve25519 key of sender_device_keys", "an Ed25519 key of sender_device_keys" };
	const char *const good[] = { bob.curve_text, a.crypt->curve_text, bob.ed_text, a.crypt->ed_text,
	    bob.curve_text, bob.ed_text };
	char text[1024];
	int refused;

	for (int role = 0; role < (int)nelem(names); role++) {
		is_int(take_event((role < 2 ? outer : inner)(role, good[role])), 0, "to-device: %s, well spelled",
		    names[role]);
		refused = 0;
		for (enum sloppy how = 0; how < SLOPPY; how++) {
			spoil(how, good[role], text);
			refused += take_event((role < 2 ? outer : inner)(role, text)) == E_REFUSED;
		}
		is_int(refused, SLOPPY, "E10 to-device: %s in %d sloppy spellings: refused", names[role], SLOPPY);
	}
	refused = 0;
	for (enum sloppy how = 0; how < SLOPPY; how++) {
		json_t *event = letter(), *message = message_of(event);
		autofree char *body = NULL;
		size_t len = strlen(json_str(message, "body"));

		body = malloc(len + 8);
		need(body != NULL);
		strcpy(body, json_str(message, "body"));
		if (how == FOREIGN || how == URL_ALPHABET || how == BLANK)
			body[20] = how == FOREIGN ? '!' : how == BLANK ? ' ' : '_';
		else if (how == TAIL_BITS && len % 4 != 0)
			body[len - 1] = body[len - 1] == '8' ? '9' : (char)(body[len - 1] + 1);
		else
			strcat(body, how == LINE_END ? "\n" : how == PADDED && len % 4 != 0 ? "=" : "====");
		json_object_set_new(message, "body", json_string(body));
		refused += take_event(event) == E_REFUSED && strcmp(why.text, "the message is not exact base64") == 0;
	}
	is_int(refused, SLOPPY, "E10 to-device: the message in %d sloppy spellings: refused", SLOPPY);
	is_int(take_event(letter()), 0, "and the session goes on");
}

/* ---- room keys and room events ---- */

static int
give_key(const char *session_id, const char *key)
{
	return take_event(peer_letter(&bob, &a, peer_inner(&bob, &a, "m.room_key", json_pack("{s:s, s:s, s:s, s:s}",
	    "algorithm", CRYPT_MEGOLM, "room_id", ROOM, "session_id", session_id, "session_key", key))));
}

static int
read_event(const char *session_id, const char *text)
{
	autojson json_t *event = json_pack("{s:s, s:s, s:s, s:I, s:{s:s, s:s, s:s}}", "type", "m.room.encrypted",
	    "sender", BOB, "event_id", "$0000000000000000000000000000000000000000001", "origin_server_ts",
	    (json_int_t)1700000000000, "content", "algorithm", CRYPT_MEGOLM, "session_id", session_id,
	    "ciphertext", text);

	return node_reads(&a, ROOM, event);
}

static void
test_room(void)
{
	autooutbound struct ratchet_outbound *s = NULL;
	autobuf struct buf key = { 0 }, cipher = { 0 };
	static const char plain[] = "{\"type\":\"t\",\"room_id\":\"" ROOM "\",\"content\":{}}";
	char id[44], text[1024];
	int keys = 0, ids = 0, events = 0, event_ids = 0;

	must(ratchet_outbound_new(&net_world, &s));
	must(ratchet_outbound_id(s, id));
	must(ratchet_outbound_key(s, &key));
	must(ratchet_outbound_encrypt(s, plain, strlen(plain), &cipher));
	for (enum sloppy how = 0; how < SLOPPY; how++) {
		spoil(how, key.data, text);
		keys += give_key(id, text) == E_REFUSED;
		spoil(how, id, text);
		ids += give_key(text, key.data) == E_REFUSED;
	}
	is_int(keys, SLOPPY, "E10 a room key in %d sloppy spellings: refused", SLOPPY);
	is_int(ids, SLOPPY, "E10 its session's id in %d sloppy spellings: refused", SLOPPY);
	is_int(give_key(id, key.data), 0, "well spelled it is taken");
	for (enum sloppy how = 0; how < SLOPPY; how++) {
		spoil(how, cipher.data, text);
		events += read_event(id, text) == E_REFUSED;
		spoil(how, id, text);
		event_ids += read_event(text, cipher.data) != 0;
	}
	is_int(events, SLOPPY, "E10 a room event in %d sloppy spellings: refused", SLOPPY);
	is_int(event_ids, SLOPPY, "E10 nor does a sloppy session id find the session");
	is_int(read_event(id, cipher.data), 0, "well spelled it is read");
}

int
main(void)
{
	net_start();
	node_start(&a, "@a:a", "ADEV");
	peer_start(&bob, BOB, "BOBDEV");
	peer_publish(&bob, &kb);
	node_publish(&a, &ka);
	(void)node_learn(&a, BOB);
	peer_meet(&bob, &a);
	test_messages();
	test_spelling();
	test_room();
	node_stop(&a);
	peer_stop(&bob);
	net_stop();
	return done_testing();
}
