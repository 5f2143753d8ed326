/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Long work goes turn by turn: what the servers say of many users' devices, and a room
 * key for many devices.  Each turn does a bounded part, and a crash in between loses nothing.
 */
#include "bench/node.h"
#include "crypt/envelope.h"
#include "crypt/keys.h"
#include "store/cryptostore.h"
#include "store/inbox.h"
#include "store/sharestore.h"
#include "tap.h"

enum { USERS = 100, DEVICES = 100, AT_ONCE = 40 };

static struct bench_node node;

static int64_t
now(void)
{
	return world_now(&node.world);
}

/* How many of the users' device lists are known. */
static int
known(void)
{
	int n = 0;

	bench_must(db_begin(node.app->db, NULL));
	for (int i = 0; i < USERS; i++) {
		char user[64];

		bench_user(i, user);
		n += keys_fresh(node.app->crypt, bench_person(&node, user)) == 0;
	}
	bench_must(db_commit(node.app->db, NULL));
	return n;
}

/* All turns that are due. */
static void
turns(void)
{
	while (node.app->next <= now())
		bench_tick(&node);
}

/* What is due is done: our question about devices. */
static struct bench_request *
next_query(void)
{
	struct bench_request *query;

	node.app->next = 0;
	turns();
	bench_need((query = bench_request(&node, "/keys/query")) != NULL);
	return query;
}

static char *
shown(void)
{
	json_t *answer = json_pack("{s:{}, s:{}, s:{}}", "device_keys", "master_keys", "self_signing_keys");
	char *text;

	for (int i = 0; i < USERS; i++)
		bench_show(&node, i, answer);
	text = json_dumps(answer, JSON_COMPACT);
	json_decref(answer);
	bench_need(text != NULL);
	return text;
}

static void
test_query(void)
{
	autofree char *answer = shown();
	struct bench_request *query;
	int before, after, most = 0, rounds = 0;

	bench_must(db_begin(node.app->db, NULL));
	for (int i = 0; i < USERS; i++) {
		char user[64];

		bench_user(i, user);
		bench_must(keys_track(node.app->crypt, bench_person(&node, user)));
	}
	bench_must(db_commit(node.app->db, NULL));
	query = next_query();
	bench_answer(&node, query, answer, strlen(answer));
	most = after = known();
	ok(after > 0 && after < USERS, "the answer's own turn judges some of %d users (%d)", USERS, after);
	while (node.app->query.answer != NULL && ++rounds < USERS) {
		ok(bench_request(&node, "/keys/query") == NULL, "no other query while %d are known", after);
		before = after;
		bench_tick(&node);
		after = known();
		most = after - before > most ? after - before : most;
	}
	is_int(after, USERS, "all of them in the end");
	ok(rounds > 1 && most <= USERS / 4, "in %d turns more, of at most %d", rounds, most);
	turns();
	ok(bench_request(&node, "/keys/query") == NULL, "and nobody is asked about again");
}

/* What was answered and not yet worked off dies with the process: as if it had not come. */
static void
test_forgotten(void)
{
	autofree char *answer = shown();
	struct bench_request *query;
	char user[64];
	int some;

	bench_must(db_begin(node.app->db, NULL));
	for (int i = 0; i < USERS; i++) {
		bench_user(i, user);
		bench_must(keys_changed(node.app->crypt, user));
	}
	bench_must(db_commit(node.app->db, NULL));
	query = next_query();
	bench_answer(&node, query, answer, strlen(answer));
	some = known();
	bench_node_again(&node);
	is_int(known(), some, "after a crash what was judged is known");
	ok(node.app->query.answer == NULL, "and the rest of the answer is gone");
	turns();
	bench_need((query = bench_request(&node, "/keys/query")) != NULL);
	bench_user(USERS - 1, user);
	ok(strstr(query->body, user) != NULL, "who was not judged is asked about again");
	bench_answer(&node, query, answer, strlen(answer));
	turns();
	is_int(known(), USERS, "all of them in the end");
}

/* An item of that person waits, for that session or for none; its number. */
static int64_t
waits(int64_t pid, const char *user, const char *session)
{
	autofree char *raw = bench_text("{\"type\":\"m.room.encrypted\",\"sender\":\"%s\",\"event_id\":\"$x\",\"content\":{}}", user);
	struct waiting w = { .account = (char *)(uintptr_t)"node", .room_id = (char *)(uintptr_t)"!chat:here.example", .session_id = (char *)(uintptr_t)session,
	    .pid = pid, .raw = raw, .reason = (char *)(uintptr_t)"", .at = now() }, *list;
	int64_t lost, id;
	size_t n;

	bench_must(waiting_add(node.app->db, &w, false, &lost));
	bench_must(waiting_person(node.app->db, pid, &list, &n));
	id = list[n - 1].id;
	waiting_list_free(list, n);
	return id;
}

/* A device brings no room key: what waits for one is not read and sealed anew each time that a server has its sender's devices asked about. */
static void
test_waiting(void)
{
	autofree char *answer = shown();
	autobuf struct buf pickle = { 0 };
	struct crypto_inbound here = { .room_id = (char *)(uintptr_t)"!chat:here.example", .curve25519 = { 1 } };
	struct bench_request *query;
	struct waiting *list;
	int64_t key;
	char user[64];
	size_t n;

	bench_user(0, user);
	bench_must(buf_puts(&pickle, "x"));
	bench_must(db_begin(node.app->db, NULL));
	here.pid = bench_person(&node, user);
	bench_must(crypto_inbound_add(node.app->db, "HERE", &here, &pickle, now()));
	key = waits(here.pid, user, "ELSEWHERE");
	here.pid++;	/* Somebody else's of that id is none of theirs. */
	bench_must(crypto_inbound_add(node.app->db, "ELSEWHERE", &here, &pickle, now()));
	here.pid--;
	(void)waits(here.pid, user, "HERE");
	(void)waits(here.pid, user, NULL);
	bench_must(keys_changed(node.app->crypt, user));
	bench_must(db_commit(node.app->db, NULL));
	query = next_query();
	bench_answer(&node, query, answer, strlen(answer));
	turns();
	bench_must(db_begin(node.app->db, NULL));
	bench_must(waiting_person(node.app->db, here.pid, &list, &n));
	ok(n == 1 && list[0].id == key, "when devices are known what waits is judged, but what waits for a room key is not touched");
	waiting_list_free(list, n);
	bench_must(db_commit(node.app->db, NULL));
}

static int64_t
queued(int64_t outbound)
{
	int64_t n;

	bench_must(share_count(node.app->db, outbound, SHARE_QUEUED, DEVICES, &n));
	return n;
}

static void
test_share(void)
{
	static const char counts[] = "{\"one_time_key_counts\":{\"signed_curve25519\":50}}";
	char account[] = "node", id[64], user[64];
	struct room room = { .room_id = id, .account = account, .encrypted = 1, .joined = 1, .ours = 1, .kind = ROOM_DIRECTORY };
	autojson json_t *content = json_pack("{s:s}", "body", "x");
	struct bench_request *r;
	struct crypto_outbound s;
	int64_t before = 0, most = 0;
	int rows = 0, rounds = 0;

	bench_room(1, id);
	bench_synced(&node);
	turns();
	if ((r = bench_request(&node, "/keys/upload")) != NULL)
		bench_answer(&node, r, counts, strlen(counts));
	turns();
	bench_must(db_begin(node.app->db, NULL));
	bench_must(room_put(node.app->db, &room));
	for (int i = 0; i < DEVICES; i++) {
		struct crypto_user u = { .tracked = 1 };
		struct crypto_device d;
		struct ratchet_account *a;

		bench_user(USERS + i, user);
		u.pid = bench_person(&node, user);
		bench_must(crypto_user_put(node.app->db, &u));
		bench_must(roster_add(node.app->db, id, u.pid));
		a = bench_device(&node, u.pid, "A \"DEVICE\\", &d);
		d.onetime = bench_onetime(&node, a, user, "A \\\"DEVICE\\\\");
		bench_must(crypto_device_put(node.app->db, &d));
		ratchet_account_free(a);
		free(d.onetime);
		free(d.device_id);
	}
	bench_must(outbox_event(node.app->db, "node", id, "m.room.message", NULL, content, "say", NULL, NULL));
	bench_must(db_commit(node.app->db, NULL));
	node.app->next = 0;
	do {
		bench_tick(&node);
		if (crypto_outbound_active(node.app->db, id, &s) != 0)
			continue;
		if (queued(s.n) - before > most)
			most = queued(s.n) - before;
		before = queued(s.n);
		crypto_outbound_free(&s);
	} while (node.app->next <= now() && ++rounds < DEVICES);
	ok(before == DEVICES && most == AT_ONCE, "%d devices, at most %d new sessions in a turn (%d)", DEVICES, AT_ONCE, (int)most);
	while ((r = bench_request(&node, "/sendToDevice/")) != NULL) {
		autojson json_t *body = json_loads(r->body, JSON_REJECT_DUPLICATES, NULL);
		json_t *devices;
		const char *name;

		rows++;
		json_object_foreach(json_object_get(body, "messages"), name, devices)
			before -= json_object_get(json_object_get(devices, "A \"DEVICE\\"), "ciphertext") != NULL;
		bench_answer(&node, r, "{}", 2);
		turns();
	}
	ok(before == 0 && rows == 3, "each got its message, in %d requests of strict JSON", rows);
	ok(bench_request(&node, "/send/") != NULL, "and then the event left");
}

/* More devices than one request may ask for: each is asked for once, in turn. */
static void
test_claims(void)
{
	enum { WANTED = 600, FIRST = USERS + DEVICES };
	static const char nothing[] = "{\"one_time_keys\":{}}";
	struct bench_request *claim;
	int asked = 0, most = 0, rounds = 0;

	bench_must(db_begin(node.app->db, NULL));
	for (int i = 0; i < WANTED; i++) {
		struct crypto_device d = { .listed = 1, .is_signed = 1, .eligible = 1, .claim = 1, .claim_due = now() };
		char user[64], name[16];

		/* Three of each user. */
		bench_user(FIRST + i / 3, user);
		(void)snprintf(name, sizeof(name), "D%d", i);
		d.pid = bench_person(&node, user);
		d.device_id = name;
		memcpy(d.curve25519, &i, sizeof(i));
		bench_must(crypto_device_put(node.app->db, &d));
		bench_must(crypto_device_claim(node.app->db, &d));
	}
	bench_must(db_commit(node.app->db, NULL));
	node.app->next = 0;
	turns();
	while ((claim = bench_request(&node, "/keys/claim")) != NULL && ++rounds < WANTED) {
		autojson json_t *body = json_loads(claim->body, JSON_REJECT_DUPLICATES, NULL);
		json_t *devices;
		const char *name;
		int n = 0;

		json_object_foreach(json_object_get(body, "one_time_keys"), name, devices)
			n += (int)json_object_size(devices);
		asked += n;
		most = n > most ? n : most;
		bench_answer(&node, claim, nothing, strlen(nothing));
		turns();
	}
	ok(asked == WANTED && most == KEYS_CLAIM_MAX && KEYS_CLAIM_MAX == 250, "%d devices are asked for, at most %d at once", asked, most);
	is_int(rounds, (WANTED + KEYS_CLAIM_MAX - 1) / KEYS_CLAIM_MAX, "in as many requests as that takes");
}

int
main(void)
{
	const char *dir = getenv("TMPDIR");

	bench_node_open(&node, dir != NULL ? dir : "/tmp", 0);
	turns();
	test_query();
	test_forgotten();
	test_waiting();
	test_share();
	test_claims();
	bench_node_close(&node);
	return done_testing();
}
