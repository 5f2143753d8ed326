/* SPDX-License-Identifier: Apache-2.0 */
/* What arrives for the device (cases E17 to E33). */
#include "peer.h"

#define EVE	"@eve:e"

static struct node a;
static struct peer eve, mallory;
static struct crosssign_keys ke, km, ka;
static struct err why;

static void
refused(json_t *event, const char *word, const char *name)
{
	int r = node_hear(&a, event, &why, NULL);

	ok(r == E_REFUSED && strstr(why.text, word) != NULL, "%s", name);
	if (r != E_REFUSED || strstr(why.text, word) == NULL)
		printf("# %d %s\n", r, why.text);
}

/* One that came at ${received}. */
static int
late(const json_t *event, int64_t received, struct err *reterr)
{
	autoopened struct opened o = { 0 };
	int r;

	must(db_begin(a.db, NULL));
	r = envelope_open_todevice(a.crypt, event, received, &o, reterr);
	must(db_commit(a.db, NULL));
	return r;
}

static json_t *
inner(const char *type)
{
	return peer_inner(&eve, &a, type, NULL);
}

static size_t
sessions_with(const struct peer *p)
{
	struct crypto_olm *list;
	size_t n;

	must(crypto_olm_list(a.db, node_person(&a, p->user), p->curve, 5, &list, &n));
	crypto_olm_list_free(list, n);
	return n;
}

/* How many private one-time keys our account still has. */
static size_t
count_private(void)
{
	/* Unpublished ones are listed; so count by the pickle's length. */
	struct crypto_account stored;
	size_t n;

	must(crypto_account_get(a.db, &stored));
	n = stored.pickle.len;
	crypto_account_free(&stored);
	return n;
}

static void
test_good(void)
{
	autoopened struct opened o = { 0 };
	autojson json_t *event = NULL;
	size_t before = count_private();

	event = peer_letter(&eve, &a, peer_inner(&eve, &a, "org.example.hello",
	    json_pack("{s:s}", "word", "hi")));
	is_int(node_open(&a, event, &o, NULL), 0, "an honest event is taken");
	is_str(o.type, "org.example.hello", "type");
	is_str(json_str(o.content, "word"), "hi", "content");
	is_str(o.sender, EVE, "sender");
	is_str(o.device_id, "EVEDEV", "device");
	ok(o.trusted, "trusted");
	is_int((int)sessions_with(&eve), 1, "one session");
	ok(count_private() < before, "the one-time key is gone");
	is_int(node_hear(&a, json_incref(event), &why, NULL), E_EXISTS, "E27 the same message again is known");
}

/* E17 to E21: each field changed once. */
static void
test_checks(void)
{
	json_t *i;
	uint8_t other[32] = { 9 };
	char text[64];

	encode_b64(other, 32, text);
	i = inner("t");
	json_object_set_new(i, "sender", json_string("@else:e"));
	refused(peer_letter(&eve, &a, i), "sender within", "E17 another sender within");
	i = inner("t");
	json_object_set_new(i, "recipient", json_string("@else:a"));
	refused(peer_letter(&eve, &a, i), "another user", "E18 another recipient");
	i = inner("t");
	json_object_set_new(json_obj(i, "recipient_keys"), "ed25519", json_string(eve.ed_text));
	refused(peer_letter(&eve, &a, i), "another device", "E19 another recipient key");
	i = inner("t");
	json_object_set_new(json_obj(i, "keys"), "ed25519", json_string(a.crypt->ed_text));
	refused(peer_letter(&eve, &a, i), "not the sending device's", "E20 another sender key");
	i = inner("t");
	json_object_del(i, "keys");
	refused(peer_letter(&eve, &a, i), "not the sending device's", "E20 no sender key");
	i = inner("t");
	json_object_set_new(json_obj(i, "sender_device_keys"), "user_id", json_string("@else:e"));
	refused(peer_letter(&eve, &a, i), "another user's", "E21 device keys of another user");
	i = inner("t");
	json_object_set_new(json_obj(json_obj(i, "sender_device_keys"), "keys"), "curve25519:EVEDEV",
	    json_string(text));
	refused(peer_letter(&eve, &a, i), "another Curve25519", "E21 another Curve25519 key");
	i = inner("t");
	json_object_set_new(json_obj(json_obj(i, "sender_device_keys"), "keys"), "ed25519:EVEDEV",
	    json_string(a.crypt->ed_text));
	refused(peer_letter(&eve, &a, i), "another Ed25519", "E21 another Ed25519 key");
	i = inner("t");
	json_object_set_new(json_obj(i, "sender_device_keys"), "algorithms", json_array());
	refused(peer_letter(&eve, &a, i), "not signed", "E21 a bad self-signature");
	i = inner("t");
	json_object_set_new(i, "sender_device_keys", json_string("x"));
	refused(peer_letter(&eve, &a, i), "another user's", "E21 no object");
	i = inner("t");
	json_object_del(i, "content");
	refused(peer_letter(&eve, &a, i), "lacks", "no content");
	refused(peer_letter_text(&eve, &a, "{\"type\":\"t\",\"type\":\"u\"}"), "strict JSON", "a name twice");
	refused(peer_letter_text(&eve, &a, ""), "strict JSON", "no JSON");
	i = inner("t");
	json_object_del(i, "sender_device_keys");
	is_int(node_hear(&a, peer_letter(&eve, &a, i), &why, NULL), 0, "device keys may be absent");
	net_now += 60 * SECOND;
}

/* E22, E23, E24, E26 */
static void
test_kinds(void)
{
	static const char *const never[] = { "m.forwarded_room_key", "m.secret.send", "m.secret.request",
	    "m.room_key_bundle", "m.room_key_request", "m.room.encrypted" };
	static const char *const plain[] = { "m.room_key", "m.forwarded_room_key", "m.secret.send", "m.dummy" };

	refused(json_pack("{s:s, s:s, s:{s:s, s:s, s:s}}", "type", "m.room.encrypted", "sender", EVE,
	    "content", "algorithm", CRYPT_MEGOLM, "ciphertext", "AAAA", "session_id", "x"), "Olm only",
	    "E22 encrypted with Megolm");
	for (size_t i = 0; i < nelem(plain); i++)
		refused(json_pack("{s:s, s:s, s:{}}", "type", plain[i], "sender", EVE, "content"), "in clear",
		    plain[i]);
	for (size_t i = 0; i < nelem(never); i++)
		refused(peer_letter(&eve, &a, inner(never[i])), "not accepted", never[i]);
	is_int(node_hear(&a, peer_letter(&eve, &a, inner("m.dummy")), &why, NULL), 0, "m.dummy is taken");
}

/* E27, E28 */
static void
test_onetime(void)
{
	struct peer m2;
	autojson json_t *stolen = json_deep_copy(json_obj(json_obj(net.onetime, a.user), a.device));
	json_t *event;
	const char *body, *id = json_object_iter_key(json_object_iter(stolen));
	char *bad;
	uint8_t key[32];
	size_t before = count_private();

	need(id != NULL);
	must(strict_curve(json_str(json_object_get(stolen, id), "key"), key));
	ratchet_session_free(mallory.session);
	mallory.session = NULL;
	must(ratchet_session_to(mallory.account, &net_world, a.crypt->curve25519, key, &mallory.session));
	event = peer_letter(&mallory, &a, peer_inner(&mallory, &a, "t", NULL));
	body = json_str(json_obj(json_obj(json_obj(event, "content"), "ciphertext"), a.crypt->curve_text), "body");
	bad = strdup(body);
	bad[strlen(bad) - 8] = bad[strlen(bad) - 8] == 'A' ? 'B' : 'A';
	refused(peer_wrap(&mallory, &a, 0, bad), "decrypted", "E28 a damaged opening message");
	free(bad);
	is_int((int)count_private(), (int)before, "leaves the one-time key");
	is_int((int)sessions_with(&mallory), 0, "and no session");
	is_int(node_hear(&a, event, &why, NULL), 0, "so that the right one opens");
	ok(count_private() < before, "and then it is gone");
	must(ratchet_session_to(mallory.account, &net_world, a.crypt->curve25519, key, &m2.session));
	ratchet_session_free(mallory.session);
	mallory.session = m2.session;
	refused(peer_letter(&mallory, &a, peer_inner(&mallory, &a, "t", NULL)), "decrypted",
	    "E27 the same one-time key opens no second session");
	is_int((int)sessions_with(&mallory), 1, "one session");
	json_object_del(json_obj(json_obj(net.onetime, a.user), a.device), id);
	net_now += 60 * SECOND;
}

/* So many messages that nothing opens come from Eve at once: how many are tried. */
static int
garbage(int n)
{
	char text[200];
	int tried = 0;
	uint8_t junk[1 + 34 + 2 + 18 + 8] = { 3, 0x0a, 32 };

	(void)crypto_scalarmult_base(junk + 3, eve.curve);
	memcpy(junk + 35, "\020\000\042\020", 4);
	for (int i = 0; i < n; i++) {
		randombytes_buf(junk + 39, sizeof(junk) - 39);
		encode_b64(junk, sizeof(junk), text);
		need(strlen(text) < sizeof(text));
		tried += node_hear(&a, peer_wrap(&eve, &a, 1, text), &why, NULL) == E_REFUSED &&
		    strstr(why.text, "cannot be decrypted") != NULL;
	}
	return tried;
}

/* E29; its end is just before the hour is over. */
static void
test_wedged(void)
{
	autojson json_t *body = NULL;
	int64_t began;
	int claims = 0;

	net_now += HOUR;
	began = net_now;
	is_int(garbage(1000), 20, "E31 of 1,000 garbage messages in a minute twenty are tried");
	must(db_begin(a.db, NULL));
	while (keys_claim_due(a.crypt, &body) == 0) {
		autojson json_t *answer = NULL;

		claims++;
		need(json_obj(json_obj(body, "one_time_keys"), EVE) != NULL);
		answer = net_claim(body);
		must(keys_claim_answer(a.crypt, body, answer));
		json_decref(take(body));
	}
	must(db_commit(a.db, NULL));
	is_int(claims, 1, "E29 one new session is prepared");
	net_now = began + 60 * SECOND - 1;
	is_int(garbage(2), 0, "before the minute is over no more are tried");
	net_now++;
	is_int(garbage(30), 20, "then twenty more");
	net_now = began + HOUR - 1;
	is_int(garbage(1), 1, "one more within the hour");
	must(db_begin(a.db, NULL));
	is_int(keys_claim_due(a.crypt, &body), E_NOTFOUND, "for which no second session is prepared");
	must(db_commit(a.db, NULL));
}

/* What m.dummy looks like at the other end; E30. */
static void
test_mended(void)
{
	/* Eve's key was given by the server's claim, so publish one of hers first. */
	autojson json_t *onetime = NULL, *object = NULL, *body = NULL;
	struct out *list;
	size_t n, dummies = 0;
	int64_t pid;
	const char *id;
	json_t *key;

	must(ratchet_account_make_onetime(eve.account, &net_world, 1));
	must(ratchet_account_onetime(eve.account, &onetime));
	id = json_object_iter_key(json_object_iter(onetime));
	key = json_object_iter_value(json_object_iter(onetime));
	object = json_pack("{s:O}", "key", key);
	peer_sign(&eve, object);
	(void)id;
	json_object_set(child(child(net.onetime, EVE), "EVEDEV"), "signed_curve25519:AAAAAQ", object);
	net_now++;
	is_int(node_hear(&a, peer_wrap(&eve, &a, 1, "AwogAAAA"), &why, NULL), E_REFUSED, "a malformed message");
	is_int(garbage(1), 1, "a broken session when the hour is over");
	(void)node_claim(&a);
	must(db_begin(a.db, NULL));
	while (envelope_share_step(a.crypt) == E_EXISTS)
		;
	must(db_commit(a.db, NULL));
	must(outbox_due(a.db, net_now, 20, &list, &n));
	for (size_t i = 0; i < n; i++)
		if (strcmp(list[i].purpose, ENVELOPE_DUMMY) == 0) {
			dummies++;
			ok(person_find(a.db, EVE, &pid) == 0 && list[i].ref != NULL && strtoll(list[i].ref, NULL, 10) == pid, "it says for whom it is");
			must(canon_parse(list[i].body, strlen(list[i].body), &body, NULL));
			ok(strstr(list[i].path, "/sendToDevice/m.room.encrypted/") != NULL, "sent over Olm");
		}
	outbox_list_free(list, n);
	is_int((int)dummies, 1, "one m.dummy goes out");
	{
		const json_t *content = json_obj(json_obj(json_obj(body, "messages"), EVE), "EVEDEV");
		const json_t *message = json_obj(json_obj(content, "ciphertext"), eve.curve_text);
		autosession struct ratchet_session *s = NULL;
		autobuf struct buf plain = { 0 };
		struct olm_message m;

		must(strict_olm((int)json_int(message, "type", -1), json_str(message, "body"), &m, NULL));
		must(ratchet_session_from(eve.account, &m, &s));
		must(ratchet_session_decrypt(s, &m, &plain));
		ok(strstr(plain.data, "\"type\":\"m.dummy\"") != NULL &&
		    strstr(plain.data, "\"sender_device_keys\":{") != NULL, "which Eve reads");
	}
	is_int((int)sessions_with(&eve), 2, "and there is a second session");
}

static void
test_forms(void)
{
	json_t *event;

	refused(json_pack("{s:s}", "type", "m.room.encrypted"), "not a user id", "no sender");
	event = peer_letter(&eve, &a, inner("t"));
	json_object_set_new(event, "sender", json_string("charlie"));
	refused(event, "not a user id", "E37 a sender that is no user id");
	event = peer_letter(&eve, &a, inner("t"));
	json_object_set_new(event, "sender", json_string("@mallory:m"));
	is_int(node_hear(&a, json_incref(event), &why, NULL), E_LATER, "a key of another user's device: its sender is asked for");
	(void)node_query(&a);
	ok(late(event, net_now, &why) == E_LATER && strstr(why.text, "another user's") != NULL, "and it waits, being in their list only");
	json_decref(event);
	event = peer_letter(&eve, &a, inner("t"));
	json_object_set_new(json_obj(event, "content"), "sender_key",
	    json_string("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"));
	refused(event, "sound", "a sender key of small order");
	event = peer_letter(&eve, &a, inner("t"));
	json_object_set_new(json_obj(json_obj(json_obj(event, "content"), "ciphertext"), a.crypt->curve_text),
	    "type", json_integer(2));
	refused(event, "no Olm message", "E31 type 2");
	event = peer_letter(&eve, &a, inner("t"));
	json_object_set_new(json_obj(json_obj(json_obj(event, "content"), "ciphertext"), a.crypt->curve_text),
	    "type", json_string("0"));
	refused(event, "no Olm message", "E31 type \"0\"");
	event = peer_letter(&eve, &a, inner("t"));
	json_object_clear(json_obj(json_obj(event, "content"), "ciphertext"));
	refused(event, "no Olm message", "nothing for this device");
	refused(peer_wrap(&eve, &a, 0, ""), "malformed", "E31 an empty body");
	refused(peer_wrap(&eve, &a, 0, "A!AA"), "base64", "E10 sloppy base64");
}

static void
test_unknown_device(void)
{
	struct peer fresh;
	json_t *event;
	autoopened struct opened o = { 0 };
	int64_t received = net_now;
	int r;

	peer_start(&fresh, "@new:n", "NEWDEV");
	peer_meet(&fresh, &a);
	event = peer_letter(&fresh, &a, peer_inner(&fresh, &a, "t", NULL));
	is_int(node_hear(&a, json_incref(event), &why, NULL), E_LATER, "an unknown sender: later");
	is_int(keys_fresh(a.crypt, node_person(&a, "@new:n")), E_LATER, "and its devices are asked for");
	net_now += SECOND;
	ok(node_query(&a), "the query");
	is_int(late(event, received, NULL), E_LATER, "the list does not have it yet: later");
	is_int(keys_fresh(a.crypt, node_person(&a, "@new:n")), 0, "and its devices are not asked for once more");
	is_int(late(event, net_now, NULL), E_LATER, "nor if the query was made in the very millisecond");
	is_int(late(event, net_now - ENVELOPE_UNLISTED_MS + 1, NULL), E_LATER, "for a day");
	is_int(late(event, net_now - ENVELOPE_UNLISTED_MS, NULL), E_REFUSED, "after which it is refused");
	net_now++;
	is_int(node_hear(&a, json_incref(event), &why, NULL), E_LATER, "one that arrives after the query asks again");
	peer_publish(&fresh, NULL);
	net_now += SECOND;
	(void)node_query(&a);
	must(db_begin(a.db, NULL));
	r = envelope_open_todevice(a.crypt, event, received, &o, NULL);
	must(db_commit(a.db, NULL));
	is_int(r, 0, "now it is in the list");
	ok(!o.trusted, "but not cross-signed, so not trusted");
	json_decref(event);
	peer_stop(&fresh);
}

/* E32: without one-time keys left, two senders use the fallback key. */
static void
test_fallback(void)
{
	json_object_clear(json_obj(json_obj(net.onetime, a.user), a.device));
	peer_meet(&eve, &a);
	peer_meet(&mallory, &a);
	is_int(node_hear(&a, peer_letter(&eve, &a, inner("t")), &why, NULL), 0, "E32 one by the fallback key");
	is_int(node_hear(&a, peer_letter(&mallory, &a, peer_inner(&mallory, &a, "t", NULL)), &why, NULL), 0, "another by it");
	for (int i = 0; i < 8; i++) {
		peer_meet(&eve, &a);
		need(node_hear(&a, peer_letter(&eve, &a, inner("t")), &why, NULL) == 0);
	}
	is_int((int)sessions_with(&eve), CRYPTO_SESSIONS, "E30 five sessions are kept");
}

int
main(void)
{
	net_start();
	node_start(&a, "@a:a", "ADEV");
	node_publish(&a, &ka);
	peer_start(&eve, EVE, "EVEDEV");
	peer_start(&mallory, "@mallory:m", "MALDEV");
	peer_publish(&eve, &ke);
	peer_publish(&mallory, &km);
	(void)node_learn(&a, EVE);
	(void)node_learn(&a, "@mallory:m");
	peer_meet(&eve, &a);
	peer_meet(&mallory, &a);
	test_good();
	test_checks();
	test_kinds();
	test_onetime();
	test_forms();
	test_unknown_device();
	test_wedged();
	test_mended();
	test_fallback();
	node_stop(&a);
	peer_stop(&eve);
	peer_stop(&mallory);
	net_stop();
	return done_testing();
}
