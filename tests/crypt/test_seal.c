/* SPDX-License-Identifier: Apache-2.0 */
/* The whole chain between two nodes, and what breaks it. */
#include "claim.h"

#define ROOM	"!channel:a"
#define DIR	"!directory"

static struct node a, b, late;
static struct crosssign_keys ka, kb, kl;

static void
meet(struct node *n, struct node *other, enum room_kind kind)
{
	node_room(n, ROOM, kind);
	node_admit(n, ROOM, n->user);
	node_admit(n, ROOM, other->user);
}

static const char *
body_of(const struct opened *o)
{
	return json_str(o->content, "body");
}

static void
test_both_ways(void)
{
	autojson json_t *hello = NULL, *back = NULL, *again = NULL;
	autoopened struct opened o1 = { 0 }, o2 = { 0 }, o3 = { 0 };
	int shares;

	is_int(node_say(&a, ROOM, "m.room.message", NULL, "hello", &hello), 0, "A seals after query, claim and share");
	is_int(node_reads(&b, ROOM, hello), E_LATER, "B has not taken the key yet");
	node_take_all(&b);
	(void)node_run(&b);
	node_take_all(&b);
	is_int((int)json_array_size(b.inbox), 0, "B took the key once it knew A's device");
	is_int(node_read(&b, ROOM, hello, &o1, NULL), 0, "B reads it");
	is_str(body_of(&o1), "hello", "the words");
	is_str(o1.sender, a.user, "the sender");
	is_str(o1.device_id, a.device, "the device");
	ok(o1.trusted, "which is cross-signed");
	ok(o1.state_key == NULL && !o1.replaces, "a plain message");
	is_int(node_say(&b, ROOM, "m.room.message", NULL, "hi", &back), 0, "B answers");
	node_take_all(&a);
	is_int(node_read(&a, ROOM, back, &o2, NULL), 0, "A reads the answer");
	is_str(body_of(&o2), "hi", "the words of it");
	shares = a.shares;
	is_int(node_say(&a, ROOM, "m.room.message", NULL, "more", &again), 0, "A says more");
	is_int(a.shares, shares, "without sharing again");
	is_str(json_str(json_obj(again, "content"), "session_id"),
	    json_str(json_obj(hello, "content"), "session_id"), "in the same session");
	is_int(node_read(&b, ROOM, again, &o3, NULL), 0, "B reads that too");
	is_int(o3.index, 1, "at the next position");
	is_int(node_reads(&a, ROOM, hello), 0, "A can read what it wrote");
}

static void
test_crash(void)
{
	autojson json_t *event = NULL, *content = json_pack("{s:s}", "body", "x");
	autoopened struct opened o = { 0 }, o2 = { 0 };
	struct out row = { 0 };
	uint32_t index;
	int64_t id;

	is_int(node_say(&a, ROOM, "m.room.message", NULL, "before", &event), 0, "sealed");
	must(db_begin(b.db, NULL));
	is_int(envelope_open_event(b.crypt, ROOM, event, &o, NULL), 0, "B opens it and dies");
	index = o.index;
	node_close(&b);
	node_reopen(&b);
	is_int(node_read(&b, ROOM, event, &o2, NULL), 0, "after the crash the same ciphertext opens");
	is_int(o2.index, index, "same position");

	tx(&a, outbox_event(a.db, "node", ROOM, "m.room.message", NULL, content, "say", NULL, &id));
	must(outbox_get(a.db, id, &row));
	must(db_begin(a.db, NULL));
	is_int(envelope_seal_step(a.crypt, &row, NULL), 0, "A seals and dies before the commit");
	node_close(&a);
	node_reopen(&a);
	outbox_free(&row);
	must(outbox_get(a.db, id, &row));
	is_int(row.state, OUT_NEW, "the row is as before");
	must(db_begin(a.db, NULL));
	is_int(envelope_seal_step(a.crypt, &row, NULL), 0, "it is sealed again");
	must(db_commit(a.db, NULL));
	outbox_free(&row);
	must(outbox_get(a.db, id, &row));
	need(row.body != NULL);
	ok(row.state == OUT_READY && strstr(row.path, "/send/m.room.encrypted/") != NULL, "and ready");
	outbox_free(&row);
	tx(&a, outbox_done(a.db, id));
}

static void
test_share_crash(void)
{
	/* Killed after the share was sent and before its 200 was committed: the
	 * same bytes go again, and B takes them once. */
	autojson json_t *event = NULL;
	size_t seen = 0;

	tx(&a, envelope_rotate(a.crypt, ROOM));
	is_int(node_say(&a, ROOM, "m.room.message", NULL, "x", &event), 0, "a fresh session");
	need(json_array_size(b.inbox) == 1);
	json_array_append(b.inbox, json_array_get(b.inbox, 0));
	for (size_t i = 0; i < 2; i++) {
		autoopened struct opened o = { 0 };
		int r = node_open(&b, json_array_get(b.inbox, i), &o, NULL);

		seen += r == 0;
		if (i == 1)
			is_int(r, E_EXISTS, "the second copy is known");
	}
	is_int((int)seen, 1, "taken once");
	json_array_clear(b.inbox);
	is_int(node_reads(&b, ROOM, event), 0, "and readable");
}

static const char *
session_of(json_t *event)
{
	return json_str(json_obj(event, "content"), "session_id");
}

static void
say_new_session(const char *why, bool fresh)
{
	static char last[64];
	autojson json_t *event = NULL;
	int r = node_say(&a, ROOM, "m.room.message", NULL, "x", &event);

	if (why != NULL)
		ok(r == 0 && (strcmp(session_of(event), last) != 0) == fresh, "%s", why);
	if (r == 0)
		(void)snprintf(last, sizeof(last), "%s", session_of(event));
	node_take_all(&b);
}

static void
test_rotation(void)
{
	int64_t pid = node_person(&a, b.user);

	say_new_session(NULL, false);
	say_new_session("one event after another: same session", false);
	tx(&a, envelope_member_left(a.crypt, ROOM, pid));
	say_new_session("somebody left: a fresh one", true);
	tx(&a, keys_left(a.crypt, b.user));
	say_new_session("device_lists.left: a fresh one", true);
	net_now += ENVELOPE_PERIOD;
	say_new_session("after seven days: a fresh one", true);
	for (int i = 1; i < ENVELOPE_MESSAGES; i++)
		say_new_session(NULL, false);
	say_new_session("after a hundred events: a fresh one", true);
	node_close(&a);
	node_reopen(&a);
	say_new_session("a restart is no reason", false);
}

static void
test_index_once(void)
{
	char seen[40][96];

	for (int i = 0; i < 40; i++) {
		autojson json_t *event = NULL;
		autoopened struct opened o = { 0 };
		bool twice = false;

		if (i % 7 == 3) {
			node_close(&a);
			node_reopen(&a);
		}
		need(node_say(&a, ROOM, "m.room.message", NULL, "x", &event) == 0);
		node_take_all(&b);
		need(node_read(&b, ROOM, event, &o, NULL) == 0);
		(void)snprintf(seen[i], sizeof(seen[i]), "%s/%u", o.session_id, o.index);
		for (int j = 0; j < i; j++)
			twice |= strcmp(seen[i], seen[j]) == 0;
		if (twice) {
			ok(0, "position %s was used twice", seen[i]);
			return;
		}
	}
	ok(1, "no position used twice in 40 events over 6 crashes");
}

/* Uploads, queries and claims answered as if the server had made this device. */
static void
test_strangers(void)
{
	struct peer spy, second;
	struct crosssign_keys ks;
	autojson json_t *event = NULL;
	int64_t pid;
	int claims = net.claims;

	peer_start(&spy, "@spy:b", "SPY");
	peer_publish(&spy, &ks);
	pid = node_person(&a, spy.user);
	tx(&a, member_put(a.db, ROOM, pid, "join"));
	tx(&a, envelope_rotate(a.crypt, ROOM));
	is_int(node_say(&a, ROOM, "m.room.message", NULL, "x", &event), 0, "sealed with @spy in the room");
	ok(keys_fresh(a.crypt, pid) == E_LATER, "a member off the roster is not even asked about");

	peer_start(&second, b.user, "SECOND");
	peer_publish(&second, NULL);
	tx(&a, keys_changed(a.crypt, b.user));
	json_decref(event);
	is_int(node_say(&a, ROOM, "m.room.message", NULL, "y", &event), 0, "a device of B that B did not sign appears");
	is_int((int)node_eligible(&a, b.user), 1, "it is not eligible");
	is_int(net.claims, claims, "and nobody asked for its keys");
	json_object_del(json_obj(net.device_keys, b.user), "SECOND");
	tx(&a, keys_changed(a.crypt, b.user));
	node_take_all(&b);
	peer_stop(&spy);
	peer_stop(&second);
}

static void
test_nobody(void)
{
	autofree char *why = NULL;
	autojson json_t *event = NULL;
	int r;

	node_room(&a, "!empty", ROOM_CHANNEL);
	node_admit(&a, "!empty", a.user);
	r = node_say(&a, "!empty", "m.room.message", NULL, "x", &event);
	is_int(r, E_LATER, "a channel without a reader is not written to");
	must(envelope_blocked(a.crypt, "!empty", &why));
	ok(strstr(why, "roster") != NULL, "and says why: %s", why);
	is_int(node_say(&a, "!nowhere", "m.room.message", NULL, "x", NULL), E_REFUSED, "unknown room");
	is_int(node_say(&a, ROOM, "org.cairnpeer.record", "k", "x", NULL), E_REFUSED,
	    "state in a room without encrypted state");
}

/* The most that a server takes of an event leaves room for the envelope: more is refused before it is sealed. */
static void
test_size(void)
{
	static const char around[] = "{\"content\":{\"body\":\"\"},\"type\":\"m.room.message\",\"room_id\":\"" ROOM "\"}";
	enum { MOST = ENVELOPE_PLAIN_MAX - (sizeof(around) - 1) };
	autojson json_t *event = NULL;
	char text[MOST + 2];

	memset(text, 'x', sizeof(text));
	text[MOST + 1] = '\0';
	is_int(node_say(&a, ROOM, "m.room.message", NULL, text, NULL), E_REFUSED, "an event of 44 KiB and a byte is refused");
	text[MOST] = '\0';
	is_int(node_say(&a, ROOM, "m.room.message", NULL, text, &event), 0, "one of 44 KiB is sealed");
	node_take_all(&b);
	is_int(node_reads(&b, ROOM, event), 0, "and read");
}

/* Rows with room keys that wait to be sent. */
static size_t
share_rows(void)
{
	struct out *list;
	size_t n, found = 0;

	must(outbox_due(a.db, net_now, 100, &list, &n));
	for (size_t i = 0; i < n; i++)
		found += strcmp(list[i].purpose, ENVELOPE_SHARE) == 0;
	outbox_list_free(list, n);
	return found;
}

/* A second device of B, signed by B, comes. */
static void
second_device(struct peer *second, const char *name)
{
	autojson json_t *signed_keys = NULL, *onetime = NULL, *object = NULL;

	peer_start(second, b.user, name);
	peer_publish(second, NULL);
	must(crosssign_sign_device(&kb, json_obj(json_obj(net.device_keys, b.user), name), &signed_keys));
	json_object_set(json_obj(net.device_keys, b.user), name, json_obj(json_obj(signed_keys, b.user), name));
	must(ratchet_account_make_onetime(second->account, &net_world, 1));
	must(ratchet_account_onetime(second->account, &onetime));
	object = json_pack("{s:O}", "key", json_object_iter_value(json_object_iter(onetime)));
	peer_sign(second, object);
	json_object_set(child(child(net.onetime, b.user), name), "signed_curve25519:AAAAAQ", object);
	tx(&a, keys_changed(a.crypt, b.user));
}

/* It comes and goes. */
static void
test_device_removed(void)
{
	struct peer second;

	say_new_session(NULL, false);
	second_device(&second, "TWO");
	say_new_session("a new device of a reader is no reason to rotate", false);
	is_int((int)node_eligible(&a, b.user), 2, "it is eligible");
	json_object_del(json_obj(net.device_keys, b.user), "TWO");
	tx(&a, keys_changed(a.crypt, b.user));
	say_new_session("E44 a device that had the key is removed: a fresh one", true);
	peer_stop(&second);
}

/* It goes while the key is on its way to it once more, since its Olm session broke: it still has the key from before. */
static void
test_removed_again(bool queued)
{
	const char *name = queued ? "THREE" : "FOUR";
	struct peer second;

	second_device(&second, name);
	say_new_session(NULL, false);
	need(node_eligible(&a, b.user) == 2);
	tx(&a, share_resend(a.db, node_person(&a, b.user), name));
	if (queued)
		tx(&a, envelope_share_step(a.crypt) != E_EXISTS);
	need((share_rows() == 1) == queued);
	json_object_del(json_obj(net.device_keys, b.user), name);
	tx(&a, keys_changed(a.crypt, b.user));
	need(node_query(&a));
	(void)node_send(&a);
	is_int((int)share_rows(), 0, "a key that goes again does not go to a device that is gone");
	say_new_session(queued ? "which had it all the same: a fresh one" : "nor does it if it was only to go: a fresh one", true);
	peer_stop(&second);
}

/* One reader has the key; the event waits for the other's. */
static void
test_all_have_it(void)
{
	autojson json_t *event = NULL, *content = json_object();
	struct out row = { 0 };
	int64_t id;

	node_room(&a, "!three", ROOM_GROUP);
	node_admit(&a, "!three", b.user);
	is_int(node_say(&a, "!three", "t", NULL, "x", &event), 0, "one reader has the key");
	node_admit(&a, "!three", late.user);
	tx(&a, outbox_event(a.db, "node", "!three", "t", NULL, content, "say", NULL, &id));
	must(outbox_get(a.db, id, &row));
	is_int(claim_seal(&a, &row), E_LATER, "the other's share is on its way: nothing is encrypted yet");
	need(share_rows() == 1);
	(void)node_send(&a);
	must(db_begin(a.db, NULL));
	is_int(envelope_seal_step(a.crypt, &row, NULL), 0, "when it has arrived, it is");
	must(db_commit(a.db, NULL));
	outbox_free(&row);
	tx(&a, outbox_done(a.db, id));
}

static void
test_queued_then_gone(void)
{
	/* A share waits in the outbox while its reader leaves the roster. */
	autojson json_t *content = json_pack("{s:s}", "body", "x");
	struct out row = { 0 }, *list;
	int64_t pid = node_person(&a, b.user), id;
	size_t n;

	tx(&a, envelope_rotate(a.crypt, ROOM));
	tx(&a, outbox_event(a.db, "node", ROOM, "m.room.message", NULL, content, "say", NULL, &id));
	must(outbox_get(a.db, id, &row));
	is_int(claim_seal(&a, &row), E_LATER, "the share is queued");
	tx(&a, roster_drop(a.db, ROOM, pid));
	must(outbox_due(a.db, net_now, 10, &list, &n));
	for (size_t i = 0; i < n; i++) {
		if (strcmp(list[i].purpose, ENVELOPE_SHARE) != 0)
			continue;
		must(db_begin(a.db, NULL));
		is_int(envelope_share_check(a.crypt, list[i].ref), E_REFUSED, "it is voided before it is sent");
		must(db_commit(a.db, NULL));
	}
	outbox_list_free(list, n);
	is_int((int)share_rows(), 0, "no row left");
	is_int(claim_seal(&a, &row), E_LATER, "nobody is left to read");
	is_int((int)share_rows(), 0, "and nothing is made for who left");
	outbox_free(&row);
	tx(&a, outbox_done(a.db, id));
	is_int((int)json_array_size(b.inbox), 0, "B got nothing");
	tx(&a, roster_add(a.db, ROOM, pid));
}

static void
test_directory(void)
{
	enum { RECORDS = 5 };
	json_t *record[RECORDS] = { 0 };
	char key[16];
	int readable = 0;

	node_room(&a, DIR, ROOM_DIRECTORY);
	node_admit(&a, DIR, a.user);
	for (int i = 0; i < RECORDS; i++) {
		(void)snprintf(key, sizeof(key), "k%d", i);
		need(node_say(&a, DIR, "org.cairnpeer.record", key, key, &record[i]) == 0);
		if (i % 2 == 1)
			tx(&a, envelope_rotate(a.crypt, DIR));
	}
	ok(strcmp(session_of(record[0]), session_of(record[4])) != 0, "published in several sessions");
	node_start(&late, "@late:c", "LATE");
	node_publish(&late, &kl);
	node_admit(&a, DIR, late.user);
	tx(&a, envelope_share_history(a.crypt, DIR, node_person(&a, late.user)));
	is_int(node_run(&a), 0, "history is shared with a later reader");
	node_take_all(&late);
	(void)node_run(&late);
	node_take_all(&late);
	for (int i = 0; i < RECORDS; i++) {
		autoopened struct opened o = { 0 };

		(void)snprintf(key, sizeof(key), "k%d", i);
		if (node_read(&late, DIR, record[i], &o, NULL) == 0 && o.state_key != NULL &&
		    strcmp(o.state_key, key) == 0 && strcmp(o.type, "org.cairnpeer.record") == 0 &&
		    strcmp(body_of(&o), key) == 0)
			readable++;
		json_decref(record[i]);
	}
	is_int(readable, RECORDS, "it reads every record published before it came");
	ok(late.inbox != NULL && json_array_size(late.inbox) == 0, "nothing is left over");
}

/* A follower's further device gets the history too, without being asked for. */
static void
test_directory_device(void)
{
	static struct node more;
	autojson json_t *signed_keys = NULL;

	node_start(&more, "@late:c", "MORE");
	must(db_begin(more.db, NULL));
	must(device_upload(more.crypt));
	must(db_commit(more.db, NULL));
	(void)node_run(&more);
	must(crosssign_sign_device(&kl, json_obj(json_obj(net.device_keys, "@late:c"), "MORE"), &signed_keys));
	json_object_set(json_obj(net.device_keys, "@late:c"), "MORE",
	    json_obj(json_obj(signed_keys, "@late:c"), "MORE"));
	tx(&a, keys_changed(a.crypt, "@late:c"));
	is_int(node_run(&a), 0, "a new device of a follower is noticed");
	is_int((int)json_array_size(more.inbox), 3, "and gets the first key of all three sessions");
	node_stop(&more);
}

static void
test_dead_follower(void)
{
	/* A follower whose server does not answer holds up nothing. */
	autojson json_t *event = NULL, *body = NULL, *answer = NULL;
	int64_t gen;
	int r;

	node_admit(&a, DIR, "@dead:d");
	must(db_begin(a.db, NULL));
	must(keys_track(a.crypt, node_person(&a, "@dead:d")));
	must(keys_query_due(a.crypt, &body, &gen));
	answer = net_query(body);
	json_object_del(json_obj(answer, "device_keys"), "@dead:d");
	must(keys_query_answer(a.crypt, body, gen, answer, NULL));
	must(db_commit(a.db, NULL));
	r = node_say(&a, DIR, "org.cairnpeer.record", "k9", "x", &event);
	is_int(r, 0, "a directory is published past a dead server");
}

int
main(void)
{
	net_start();
	node_start(&a, "@a:a", "ADEV");
	node_start(&b, "@b:b", "BDEV");
	node_publish(&a, &ka);
	node_publish(&b, &kb);
	meet(&a, &b, ROOM_CHANNEL);
	meet(&b, &a, ROOM_CHANNEL);
	test_both_ways();
	test_crash();
	test_share_crash();
	test_rotation();
	test_index_once();
	test_strangers();
	test_nobody();
	test_queued_then_gone();
	test_directory();
	test_directory_device();
	test_dead_follower();
	test_device_removed();
	test_removed_again(true);
	test_removed_again(false);
	test_all_have_it();
	test_size();
	node_stop(&a);
	node_stop(&b);
	node_stop(&late);
	net_stop();
	return done_testing();
}
