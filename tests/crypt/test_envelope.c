/* SPDX-License-Identifier: Apache-2.0 */
/* Room events and the keys to them (cases E34 to E48). */
#include "peer.h"

#define ROOM	"!room:a"
#define EVE	"@eve:e"

enum { STRANGERS = 50, TAKEN = 100 };	/* Sessions of somebody whom nobody let in, and messages known again. */

static struct node a;
static struct peer eve, mallory;
static struct crosssign_keys ke, km, ka;
static char why[600];
static int serial;

/* A Megolm session by hand. */
struct session {
	struct ratchet_outbound *ratchet;
	char	 id[44];
	char	 key[400];
};

static void
session_in(const struct world *world, struct session *s)
{
	autobuf struct buf key = { 0 };

	must(ratchet_outbound_new(world, &s->ratchet));
	must(ratchet_outbound_id(s->ratchet, s->id));
	must(ratchet_outbound_key(s->ratchet, &key));
	(void)snprintf(s->key, sizeof(s->key), "%s", key.data);
}

static void
session_start(struct session *s)
{
	session_in(&net_world, s);
}

static json_t *
key_content(const struct session *s, const char *room_id, const char *key)
{
	return json_pack("{s:s, s:s, s:s, s:s}", "algorithm", CRYPT_MEGOLM, "room_id", room_id,
	    "session_id", s->id, "session_key", key);
}

/* Send a room key as ${p}; its answer. */
static int
give(struct peer *p, json_t *content, struct opened *ret)
{
	autojson json_t *event = peer_letter(p, &a, peer_inner(p, &a, "m.room_key", content));
	struct opened o = { 0 };
	struct err err = { "" };
	int r = node_open(&a, event, &o, &err);

	(void)snprintf(why, sizeof(why), "%s", err.text);
	if (ret != NULL)
		*ret = o;
	else
		opened_free(&o);
	return r;
}

static json_t *
event_of(const struct session *s, const char *sender, const char *cipher)
{
	char id[64];

	(void)snprintf(id, sizeof(id), "$%043d", ++serial);
	return json_pack("{s:s, s:s, s:s, s:I, s:{s:s, s:s, s:s}}", "type", "m.room.encrypted",
	    "sender", sender, "event_id", id, "origin_server_ts", (json_int_t)net_now, "content",
	    "algorithm", CRYPT_MEGOLM, "session_id", s->id, "ciphertext", cipher);
}

static json_t *
seal(struct session *s, const char *inner)
{
	autobuf struct buf cipher = { 0 };

	must(ratchet_outbound_encrypt(s->ratchet, inner, strlen(inner), &cipher));
	return event_of(s, EVE, cipher.data);
}

static int
opens(json_t *event, struct opened *ret)
{
	struct opened o = { 0 };
	struct err err = { "" };
	int r = node_read(&a, ROOM, event, &o, &err);

	(void)snprintf(why, sizeof(why), "%s", err.text);
	if (ret != NULL)
		*ret = o;
	else
		opened_free(&o);
	return r;
}

static void
refused(json_t *event, const char *word, const char *name)
{
	int r = opens(event, NULL);

	ok(r == E_REFUSED && strstr(why, word) != NULL, "%s", name);
	if (r != E_REFUSED || strstr(why, word) == NULL)
		printf("# %d %s\n", r, why);
	json_decref(event);
}

#define PLAIN	"{\"type\":\"m.room.message\",\"room_id\":\"" ROOM "\",\"content\":{\"body\":\"x\"}}"

static void
test_good(struct session *s)
{
	autoopened struct opened key = { 0 }, o = { 0 }, late = { 0 };
	autojson json_t *event = seal(s, PLAIN);

	is_int(opens(event, &late), E_LATER, "a session that is not known");
	is_str(late.session_id, s->id, "is named");
	is_str(late.room_id, ROOM, "with its room");
	is_int(give(&eve, key_content(s, ROOM, s->key), &key), 0, "its key arrives");
	is_str(key.type, "m.room_key", "as a room key");
	is_str(key.session_id, s->id, "which names the session");
	is_str(key.room_id, ROOM, "and the room");
	is_int(opens(event, &o), 0, "now the event opens");
	is_str(o.type, "m.room.message", "inner type");
	is_str(json_str(o.content, "body"), "x", "content");
	is_str(o.sender, EVE, "sender");
	is_str(o.device_id, "EVEDEV", "device");
	ok(o.trusted, "trusted");
}

static void
test_replay(struct session *s)
{
	autojson json_t *event = seal(s, PLAIN), *other = json_deep_copy(event), *later = json_deep_copy(event);

	json_object_set_new(other, "event_id", json_string("$other:e"));
	json_object_set_new(later, "origin_server_ts", json_integer(net_now + 1));
	is_int(opens(event, NULL), 0, "an event");
	is_int(opens(event, NULL), E_EXISTS, "E38 the same again is known");
	is_int(opens(other, NULL), E_REFUSED, "E38 another event id: a replay");
	is_int(opens(later, NULL), E_REFUSED, "E38 another time: a replay");
	node_close(&a);
	node_reopen(&a);
	is_int(opens(other, NULL), E_REFUSED, "also after a restart");
	is_int(opens(event, NULL), E_EXISTS, "and the same is still known");
}

static void
test_room_and_sender(struct session *s)
{
	autojson json_t *event = seal(s, PLAIN);
	struct opened o = { 0 };
	struct err err = { "" };

	refused(seal(s, "{\"type\":\"t\",\"room_id\":\"!else:a\",\"content\":{}}"), "another room",
	    "E34 another room inside");
	refused(seal(s, "{\"type\":\"t\",\"content\":{}}"), "another room", "E34 no room inside");
	is_int(node_read(&a, "!else:a", event, &o, &err), E_REFUSED, "E35 the event in another room");
	ok(strstr(err.text, "session belongs to another room") != NULL, "says so");
	opened_free(&o);
	json_object_set_new(event, "sender", json_string("@mallory:m"));
	is_int(opens(event, NULL), E_LATER, "E36 another sender");
	ok(strstr(why, "key has not arrived") != NULL, "has given no such session");
	json_object_set_new(event, "sender", json_string("charlie"));
	is_int(opens(event, NULL), E_REFUSED, "E37 no user id");
	json_object_set_new(event, "sender", json_string(EVE));
	json_object_set_new(json_obj(event, "content"), "sender_key", json_string(mallory.curve_text));
	json_object_set_new(json_obj(event, "content"), "device_id", json_string("MALDEV"));
	is_int(opens(event, &o), 0, "E41 sender_key and device_id in clear change nothing");
	is_str(o.device_id, "EVEDEV", "the device is the one that gave the key");
	opened_free(&o);
}

static void
test_keys(struct session *s)
{
	struct session other = { 0 };
	autobuf struct buf ahead = { 0 };
	autojson json_t *first = NULL, *before = NULL;
	char key[400];

	is_int(give(&eve, key_content(s, "!else:a", s->key), NULL), E_REFUSED,
	    "E35 a known session for another room");
	before = seal(s, PLAIN);
	must(ratchet_outbound_key(s->ratchet, &ahead));
	is_int(give(&eve, key_content(s, ROOM, ahead.data), NULL), 0, "E39 a later position is heard");
	first = seal(s, PLAIN);
	is_int(opens(first, NULL), 0, "it is the same session");
	is_int(opens(before, NULL), 0, "and what came before is not lost");

	session_start(&other);
	is_int(give(&eve, key_content(&other, ROOM, s->key), NULL), E_REFUSED, "E40 another session's id");
	(void)snprintf(key, sizeof(key), "%s", other.key);
	key[100] = key[100] == 'A' ? 'B' : 'A';
	is_int(give(&eve, key_content(&other, ROOM, key), NULL), E_REFUSED, "E40 a damaged key");
	(void)snprintf(key, sizeof(key), "%.390s=", other.key);
	is_int(give(&eve, key_content(&other, ROOM, key), NULL), E_REFUSED, "a padded key");
	is_int(give(&eve, json_pack("{s:s}", "algorithm", "m.other"), NULL), E_REFUSED, "another algorithm");
	is_int(give(&eve, key_content(&other, "no room", other.key), NULL), E_REFUSED, "no room");
	ratchet_outbound_free(other.ratchet);
}

static void
test_lower(void)
{
	/* First from position 2, then from 0: only the same ratchet may reach back. */
	struct session s = { 0 };
	autobuf struct buf later = { 0 };
	autojson json_t *e0 = NULL, *e1 = NULL, *e2 = NULL;

	session_start(&s);
	e0 = seal(&s, PLAIN);
	e1 = seal(&s, PLAIN);
	must(ratchet_outbound_key(s.ratchet, &later));
	e2 = seal(&s, PLAIN);
	is_int(give(&eve, key_content(&s, ROOM, later.data), NULL), 0, "a key from position 2");
	is_int(opens(e2, NULL), 0, "opens position 2");
	is_int(opens(e0, NULL), E_REFUSED, "not position 0");
	is_int(give(&eve, key_content(&s, ROOM, s.key), NULL), 0, "E39 the same from position 0");
	is_int(opens(e0, NULL), 0, "opens that");
	is_int(opens(e1, NULL), 0, "and the next");
	is_int(opens(e2, NULL), E_EXISTS, "and forgets nothing it saw");
	ratchet_outbound_free(s.ratchet);
}

static json_t *
as_mallory(const json_t *event)
{
	json_t *copy = json_deep_copy(event);

	json_object_set_new(copy, "sender", json_string(mallory.user));
	return copy;
}

/* Whoever reads a session can give it on, and before its owner does: that takes nothing from the owner, and opens nothing of theirs. */
static void
test_given_before(void)
{
	struct session s = { 0 };
	autobuf struct buf later = { 0 };
	autoopened struct opened o = { 0 };
	autojson json_t *early = NULL, *event = NULL;

	session_start(&s);
	early = seal(&s, PLAIN);
	must(ratchet_outbound_key(s.ratchet, &later));
	event = seal(&s, PLAIN);
	is_int(give(&mallory, key_content(&s, "!else:a", s.key), NULL), 0, "E39 somebody gives a session before its owner does");
	is_int(opens(event, NULL), E_LATER, "the owner's event waits for the owner's word");
	is_int(give(&eve, key_content(&s, ROOM, later.data), NULL), 0, "which is taken");
	is_int(opens(event, &o), 0, "and opens it");
	is_str(o.device_id, "EVEDEV", "as that of the owner's device");
	is_int(opens(early, NULL), E_REFUSED, "from where the owner gave it, not from where the other did");
	refused(as_mallory(event), "another room", "the other's opens nothing in a room that they did not give it for");
	ratchet_outbound_free(s.ratchet);
}

static void
test_given_after(void)
{
	struct session s = { 0 };
	autoopened struct opened o = { 0 };
	autojson json_t *event = NULL, *copy = NULL;

	session_start(&s);
	event = seal(&s, PLAIN);
	copy = as_mallory(event);
	is_int(give(&eve, key_content(&s, ROOM, s.key), NULL), 0, "a session that its owner gave first");
	is_int(opens(copy, NULL), E_LATER, "opens nothing of another sender's");
	is_int(give(&mallory, key_content(&s, ROOM, s.key), NULL), 0, "it may come from them, too");
	is_int(opens(copy, &o), 0, "and what they say with it");
	ok(strcmp(o.sender, mallory.user) == 0 && o.pid == node_person(&a, mallory.user), "is theirs");
	is_str(o.device_id, "MALDEV", "from their device");
	is_int(opens(event, NULL), 0, "it takes no place of the owner's");
	is_int(opens(event, NULL), E_EXISTS, "where what comes again is known");
	node_close(&a);
	node_reopen(&a);
	ok(opens(event, NULL) == E_EXISTS && opens(copy, NULL) == E_EXISTS, "each in its own, after a restart, too");
	ratchet_outbound_free(s.ratchet);
}

/* Our own session comes back from one of its readers. */
static void
test_our_own(void)
{
	__attribute__((cleanup(crypto_outbound_free))) struct crypto_outbound own = { 0 };
	autobuf struct buf key = { 0 };
	struct session s = { 0 };

	node_room(&a, "!own:a", ROOM_CHANNEL);
	node_admit(&a, "!own:a", EVE);
	must(node_say(&a, "!own:a", "t", NULL, "x", NULL));
	must(crypto_outbound_active(a.db, "!own:a", &own));
	must(crypto_outbound_first_key(a.db, own.n, &key));
	(void)snprintf(s.id, sizeof(s.id), "%s", own.session_id);
	is_int(give(&eve, key_content(&s, "!own:a", key.data), NULL), E_REFUSED, "E39 nobody gives us a session of our own");
	ok(strstr(why, "our own") != NULL, "says so");
}

/* The signing key, which is the session's id, is made of the last of the randomness. */
static void
same_end(void *cookie, void *dst, size_t n)
{
	static const uint8_t end[32] = { 7 };

	(void)cookie;
	need(n > sizeof(end));
	randombytes_buf(dst, n - sizeof(end));
	memcpy((uint8_t *)dst + n - sizeof(end), end, sizeof(end));
}

/* Two ratchets under one id: only whoever made the session can do that. */
static void
test_same_id(void)
{
	static const struct world world = { .now = net_clock, .random = same_end };
	struct session one = { 0 }, two = { 0 };
	autobuf struct buf later = { 0 }, other = { 0 };
	autojson json_t *early = NULL, *event = NULL;

	session_in(&world, &one);
	session_in(&world, &two);
	need(strcmp(one.id, two.id) == 0 && strcmp(one.key, two.key) != 0);
	json_decref(seal(&one, PLAIN));
	early = seal(&two, PLAIN);
	must(ratchet_outbound_key(one.ratchet, &later));
	must(ratchet_outbound_key(two.ratchet, &other));
	event = seal(&one, PLAIN);
	is_int(give(&eve, key_content(&one, ROOM, later.data), NULL), 0, "a key from position 1");
	is_int(give(&eve, key_content(&two, ROOM, other.data), NULL), 0, "E39 another under its id from there is not even looked at");
	ok(give(&eve, key_content(&two, ROOM, two.key), NULL) == E_REFUSED && strstr(why, "known with another key") != NULL,
	    "and from position 0 is refused");
	is_int(opens(early, NULL), E_REFUSED, "it opens nothing");
	is_int(opens(event, NULL), 0, "and the first still does");
	ratchet_outbound_free(one.ratchet);
	ratchet_outbound_free(two.ratchet);
}

static void
test_state(struct session *s)
{
	autoopened struct opened o = { 0 };
	autojson json_t *event = NULL;
	json_t *bad;

#define STATE	"{\"type\":\"org.cairnpeer.record\",\"state_key\":\"k1\",\"room_id\":\"" ROOM "\",\"content\":{}}"
	event = seal(s, STATE);
	json_object_set_new(event, "state_key", json_string("org.cairnpeer.record:k1"));
	is_int(opens(event, &o), 0, "an encrypted state event");
	is_str(o.state_key, "k1", "inner key");
	is_str(o.packed_key, "org.cairnpeer.record:k1", "outer key");
	bad = seal(s, STATE);
	json_object_set_new(bad, "state_key", json_string("org.cairnpeer.record:k2"));
	refused(bad, "inside than outside", "another packed key");
	bad = seal(s, STATE);
	json_object_set_new(bad, "state_key", json_string("k1"));
	refused(bad, "inside than outside", "a key that is not packed");
	refused(seal(s, STATE), "state event within", "E48 state inside a message");
	bad = seal(s, PLAIN);
	json_object_set_new(bad, "state_key", json_string("m.room.message:"));
	refused(bad, "state event within", "a message inside state");
	bad = seal(s, "{\"type\":\"m.room.member\",\"state_key\":\"@x:y\",\"room_id\":\"" ROOM
	    "\",\"content\":{\"membership\":\"join\"}}");
	json_object_set_new(bad, "state_key", json_string("m.room.member:@x:y"));
	refused(bad, "not accepted", "E48 membership in an envelope");
	refused(seal(s, "{\"type\":\"m.room.encrypted\",\"room_id\":\"" ROOM "\",\"content\":{}}"),
	    "not accepted", "E48 an envelope in an envelope");
	bad = seal(s, "{\"type\":\"t\",\"state_key\":1,\"room_id\":\"" ROOM "\",\"content\":{}}");
	json_object_set_new(bad, "state_key", json_string("t:1"));
	refused(bad, "no string", "a state key that is no string");
}

static void
test_forms(struct session *s)
{
	autoopened struct opened o = { 0 };
	autojson json_t *edit = NULL;
	json_t *bad;
	char *text;

	bad = seal(s, PLAIN);
	text = strdup(json_str(json_obj(bad, "content"), "ciphertext"));
	text[60] = text[60] == 'A' ? 'B' : 'A';
	json_object_set_new(json_obj(bad, "content"), "ciphertext", json_string(text));
	refused(bad, "cannot be decrypted", "one bit of the ciphertext");
	text[strlen(text) / 2] = '!';
	refused(event_of(s, EVE, text), "base64", "E10 sloppy base64");
	free(text);
	refused(event_of(s, EVE, ""), "malformed", "no ciphertext");
	bad = seal(s, PLAIN);
	json_object_set_new(json_obj(bad, "content"), "algorithm", json_string(CRYPT_OLM));
	refused(bad, "Megolm only", "another algorithm");
	bad = seal(s, PLAIN);
	json_object_del(bad, "event_id");
	refused(bad, "well-formed", "no event id");
	bad = seal(s, PLAIN);
	json_object_set_new(json_obj(bad, "content"), "session_id", json_string("short"));
	refused(bad, "malformed", "no session id");
	refused(seal(s, "[]"), "type or content", "no object inside");
	refused(seal(s, "{\"type\":\"t\",\"room_id\":\"" ROOM "\",\"content\":{}} x"), "strict JSON", "more inside");
	refused(json_pack("{s:s, s:s}", "type", "m.room.message", "sender", EVE), "not encrypted",
	    "E42 an event in clear");
	edit = seal(s, PLAIN);
	json_object_set_new(json_obj(edit, "content"), "m.relates_to",
	    json_pack("{s:s, s:s}", "rel_type", "m.replace", "event_id", "$x:y"));
	is_int(opens(edit, &o), 0, "E47 an edit opens");
	ok(o.replaces, "and is marked as one");
}

static void
test_trust(void)
{
	/* Mallory's device loses its signature: what it sends is no longer trusted. */
	struct session s = { 0 };
	autoopened struct opened o = { 0 };
	autojson json_t *event = NULL;

	session_start(&s);
	is_int(give(&mallory, key_content(&s, ROOM, s.key), NULL), 0, "a key from another device");
	peer_publish(&mallory, NULL);
	(void)node_learn(&a, mallory.user);
	event = seal(&s, PLAIN);
	json_object_set_new(event, "sender", json_string(mallory.user));
	is_int(opens(event, &o), 0, "its event opens");
	ok(!o.trusted, "but is not trusted");
	ratchet_outbound_free(s.ratchet);
}

/* A server can invent people, and each of them sessions without end. */
static void
test_stranger(void)
{
	struct peer odd;
	struct session s = { 0 };
	autojson json_t *again = NULL;
	struct err said;
	int taken = 0;

	peer_start(&odd, "@odd:o", "ODDDEV");
	peer_publish(&odd, NULL);
	peer_meet(&odd, &a);
	session_start(&s);
	is_int(give(&odd, key_content(&s, ROOM, s.key), NULL), E_LATER, "a key from somebody of whom nothing is known");
	net_now += SECOND;
	need(node_query(&a));
	for (;;) {
		if (give(&odd, key_content(&s, ROOM, s.key), NULL) != 0 || ++taken > STRANGERS)
			break;
		ratchet_outbound_free(s.ratchet);
		session_start(&s);
	}
	ok(taken == STRANGERS && strstr(why, "given us 50 sessions") != NULL, "of a stranger %d sessions are kept (%d)", STRANGERS, taken);
	net_now++;
	again = peer_letter(&odd, &a, peer_inner(&odd, &a, "m.dummy", NULL));
	is_int(node_hear(&a, json_incref(again), &said, NULL), 0, "what else they say is heard");
	net_now++;
	for (int i = 1; i < TAKEN; i++, net_now++)
		need(node_hear(&a, peer_letter(&odd, &a, peer_inner(&odd, &a, "m.dummy", NULL)), &said, NULL) == 0);
	is_int(node_hear(&a, json_incref(again), &said, NULL), E_EXISTS, "and known when it comes again");
	need(node_hear(&a, peer_letter(&odd, &a, peer_inner(&odd, &a, "m.dummy", NULL)), &said, NULL) == 0);
	ok(node_hear(&a, json_incref(again), &said, NULL) == E_REFUSED && strstr(said.text, "cannot be decrypted") != NULL,
	    "after %d others it is only not opened", TAKEN);
	(void)node_person(&a, odd.user);
	is_int(give(&odd, key_content(&s, ROOM, s.key), NULL), 0, "and more as soon as they are let in");
	ratchet_outbound_free(s.ratchet);
	peer_stop(&odd);
}

int
main(void)
{
	struct session s = { 0 };

	net_start();
	node_start(&a, "@a:a", "ADEV");
	node_publish(&a, &ka);
	peer_start(&eve, EVE, "EVEDEV");
	peer_start(&mallory, "@mallory:m", "MALDEV");
	peer_publish(&eve, &ke);
	peer_publish(&mallory, &km);
	(void)node_learn(&a, EVE);
	(void)node_learn(&a, mallory.user);
	peer_meet(&eve, &a);
	peer_meet(&mallory, &a);
	session_start(&s);
	test_good(&s);
	test_replay(&s);
	test_room_and_sender(&s);
	test_keys(&s);
	test_lower();
	test_same_id();
	test_given_before();
	test_given_after();
	test_our_own();
	test_state(&s);
	test_forms(&s);
	test_trust();
	test_stranger();
	ratchet_outbound_free(s.ratchet);
	node_stop(&a);
	peer_stop(&eve);
	peer_stop(&mallory);
	net_stop();
	return done_testing();
}
