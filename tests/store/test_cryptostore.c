/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>

#include "fixture.h"
#include "store/devicestore.h"
#include "store/peoplestore.h"
#include "store/sharestore.h"

#define CANARY	"cAnArY~pIcKlE"

static struct db *db;
static int64_t pid, other;

static char *
text(const char *s)
{
	return (char *)(uintptr_t)s;
}

static void
fill(struct buf *b, const char *s)
{
	b->len = 0;
	must(buf_puts(b, s));
}

static void
test_account(void)
{
	struct crypto_account a = { .pid = pid, .device_id = text("DEV"), .pickle_key = CANARY "key" }, got;

	is_int(crypto_account_get(db, &got), E_NOTFOUND, "no account yet");
	fill(&a.pickle, CANARY "account");
	is_int(crypto_account_add(db, &a), 0, "added");
	is_int(crypto_account_add(db, &a), -EEXIST, "once");
	a.uploaded = 1;
	a.onetime = 7;
	a.forget_at = 9;
	must(crypto_account_state(db, &a));
	fill(&a.pickle, CANARY "changed");
	must(crypto_account_pickle(db, &a.pickle));
	must(crypto_account_get(db, &got));
	ok(got.pid == pid && got.uploaded == 1 && got.onetime == 7 && got.forget_at == 9, "numbers");
	is_str(got.pickle.data, CANARY "changed", "pickle");
	ok(memcmp(got.pickle_key, a.pickle_key, sizeof(a.pickle_key)) == 0, "its key");
	crypto_account_free(&got);
	buf_free(&a.pickle);
}

static void
test_olm(void)
{
	uint8_t key[CRYPTO_KEY] = { 1 };
	struct crypto_olm *list;
	struct buf pickle = { 0 };
	char id[16];
	size_t n;

	for (int i = 0; i < 8; i++) {
		(void)snprintf(id, sizeof(id), "S%d", i);
		fill(&pickle, id);
		must(crypto_olm_put(db, pid, key, 0, id, &pickle, 100 + i));
	}
	must(crypto_olm_list(db, pid, key, 9, &list, &n));
	is_int((int)n, CRYPTO_SESSIONS, "the newest sessions are kept");
	is_str(list[4].session_id, "S3", "the oldest last");
	fill(&pickle, CANARY "again");
	must(crypto_olm_put(db, pid, key, list[3].n, "S4", &pickle, 200));
	crypto_olm_list_free(list, n);
	must(crypto_olm_list(db, pid, key, 9, &list, &n));
	is_int((int)n, CRYPTO_SESSIONS, "one that goes on is no new one");
	is_str(list[0].session_id, "S4", "the one used last first");
	is_str(list[0].pickle.data, CANARY "again", "its pickle");
	is_int(crypto_olm_put(db, pid, key, list[0].n - 4, "S0", &pickle, 200), E_NOTFOUND, "the oldest is gone");
	crypto_olm_list_free(list, n);
	must(crypto_olm_list(db, other, key, 9, &list, &n));
	is_int((int)n, 0, "none of another user who says that the key is his");
	crypto_olm_list_free(list, n);
	key[0] = 9;
	must(crypto_olm_list(db, pid, key, 9, &list, &n));
	is_int((int)n, 0, "none of another device");
	crypto_olm_list_free(list, n);
	buf_free(&pickle);
}

static void
test_hashes(void)
{
	uint8_t hash[CRYPTO_HASH] = { 9 }, several[CRYPTO_HASH] = { 0 };

	is_int(crypto_hash_get(db, hash), E_NOTFOUND, "a message not seen");
	must(crypto_hash_add(db, hash, pid, 2, 50));
	is_int(crypto_hash_get(db, hash), 0, "seen");
	must(crypto_hash_age(db, 50));
	is_int(crypto_hash_get(db, hash), 0, "kept");
	must(crypto_hash_age(db, 51));
	is_int(crypto_hash_get(db, hash), E_NOTFOUND, "aged");
	must(crypto_hash_add(db, hash, pid + 1, 2, 1));
	for (int64_t i = 1; i <= 3; i++) {
		several[0] = (uint8_t)(100 + i);
		must(crypto_hash_add(db, several, pid, 2, i));
	}
	is_int(crypto_hash_get(db, several), 0, "of one sender the newest are kept");
	several[0] = 102;
	is_int(crypto_hash_get(db, several), 0, "as many as there may be");
	several[0] = 101;
	is_int(crypto_hash_get(db, several), E_NOTFOUND, "and no more");
	is_int(crypto_hash_get(db, hash), 0, "another's is theirs");
}

static void
test_inbound(void)
{
	struct crypto_inbound s = { .room_id = text("!r"), .pid = pid, .first = 5, .curve25519 = { 3 } }, theirs = s, got;
	struct buf pickle = { 0 }, back = { 0 };
	uint8_t hash[CRYPTO_HASH] = { 4 }, seen[CRYPTO_HASH];
	int64_t n;

	fill(&pickle, CANARY "inbound");
	must(crypto_inbound_add(db, "SID", &s, &pickle, 1));
	is_int(crypto_inbound_add(db, "SID", &s, &pickle, 1), -EEXIST, "a session id once");
	theirs.pid = s.pid + 1;
	must(crypto_inbound_add(db, "SID", &theirs, &pickle, 1));
	fill(&pickle, "lower");
	must(crypto_inbound_extend(db, "SID", pid, &pickle, 2));
	must(crypto_inbound_get(db, "SID", theirs.pid, &got));
	ok(got.pid == theirs.pid && got.first == 5, "and once of another who gave it: theirs stays as it was");
	crypto_inbound_free(&got);
	is_int(crypto_inbound_get(db, "SID", theirs.pid + 1, &got), E_NOTFOUND, "who gave none has none");
	must(crypto_inbound_get(db, "SID", pid, &got));
	ok(got.pid == pid && got.first == 2 && got.curve25519[0] == 3 && !strcmp(got.room_id, "!r"), "read");
	must(crypto_inbound_pickle(db, "SID", pid, &back));
	is_str(back.data, "lower", "its pickle");
	must(crypto_inbound_count(db, pid, &n));
	is_int(n, 1, "counted");
	is_int(crypto_index_get(db, got.n, 7, seen), E_NOTFOUND, "a position not seen");
	must(crypto_index_add(db, got.n, 7, hash));
	is_int(crypto_index_add(db, got.n, 7, hash), -EEXIST, "once");
	must(crypto_index_get(db, got.n, 7, seen));
	ok(memcmp(seen, hash, sizeof(hash)) == 0, "as noted");
	crypto_inbound_free(&got);
	buf_free(&pickle);
	buf_free(&back);
}

static int64_t
add_outbound(const char *id, int64_t history)
{
	struct crypto_outbound s = { .session_id = text(id), .room_id = text("!r"), .history = history }, got;
	struct buf key = { 0 };
	int64_t n;

	fill(&s.pickle, CANARY "outbound");
	fill(&key, CANARY "first");
	must(crypto_outbound_add(db, &s, &key));
	buf_free(&s.pickle);
	buf_free(&key);
	must(crypto_outbound_active(db, "!r", &got));
	n = got.n;
	is_str(got.session_id, id, "the active session");
	crypto_outbound_free(&got);
	return n;
}

static void
test_outbound(void)
{
	struct crypto_outbound s;
	struct buf key = { 0 };
	int64_t first = add_outbound("O1", 0), second, *list;
	size_t n;

	must(crypto_outbound_active(db, "!r", &s));
	fill(&s.pickle, "moved");
	must(crypto_outbound_advance(db, &s));
	must(crypto_outbound_rotate_room(db, "!r"));
	crypto_outbound_free(&s);
	must(crypto_outbound_at(db, first, &s));
	ok(s.messages == 1 && s.rotate == 1 && s.planned == -1 && !strcmp(s.pickle.data, "moved"), "advanced");
	crypto_outbound_free(&s);
	must(crypto_outbound_retire(db, first));
	is_int(crypto_outbound_at(db, first, &s), E_NOTFOUND, "retired: gone");
	second = add_outbound("O2", 1);
	must(crypto_outbound_retire(db, second));
	is_int(crypto_outbound_active(db, "!r", &s), E_NOTFOUND, "retired: not active");
	must(crypto_outbound_first_key(db, second, &key));
	is_str(key.data, CANARY "first", "but kept for history");
	(void)add_outbound("O3", 1);
	must(crypto_outbound_after(db, "!r", 0, 10, &list, &n));
	is_int((int)n, 2, "two sessions of the room");
	free(list);
	buf_free(&key);
}

static struct crypto_device
device(int64_t owner, const char *id, uint8_t key)
{
	return (struct crypto_device){ .pid = owner, .device_id = text(id), .curve25519 = { key },
	    .ed25519 = { key }, .listed = 1, .eligible = 1 };
}

static void
test_devices(void)
{
	struct crypto_device d = device(pid, "D1", 1), e = device(other, "E1", 1), *list, got;
	struct crypto_user u = { .pid = pid, .tracked = 1, .outdated = 1, .due = 40 }, v;
	uint8_t key[CRYPTO_KEY] = { 1 };
	int64_t *due, epoch, g1, g2;
	size_t n;

	is_int(crypto_user_get(db, pid, &v), E_NOTFOUND, "an unknown user");
	must(crypto_user_put(db, &u));
	must(crypto_user_get(db, pid, &v));
	ok(v.tracked && v.outdated && !v.has_master, "stored");
	u.has_master = true;
	u.master[0] = 8;
	must(crypto_user_put(db, &u));
	must(crypto_user_get(db, pid, &v));
	ok(v.has_master && v.master[0] == 8, "with a master key");
	must(crypto_user_due(db, 39, 5, &due, &n));
	is_int((int)n, 0, "not due yet");
	free(due);
	must(crypto_user_due(db, 40, 5, &due, &n));
	is_int((int)n, 1, "due");
	free(due);
	d.claim = 1;
	d.claim_due = 30;
	must(crypto_device_put(db, &d));
	must(crypto_device_put(db, &e));
	is_int(crypto_due(db), 30, "the earliest of queries and claims");
	must(crypto_device_by_key(db, key, &list, &n));
	is_int((int)n, 2, "two devices with one key");
	crypto_device_list_free(list, n);
	must(crypto_device_claims(db, 30, 5, &list, &n));
	is_int((int)n, 1, "one claim");
	crypto_device_list_free(list, n);
	d.refused = text("why");
	d.onetime = text("{}");
	d.claim = 0;
	d.mend = 1;
	must(crypto_device_put(db, &d));
	must(crypto_device_get(db, pid, "D1", &got));
	is_str(got.refused, "why", "refusal");
	is_str(got.onetime, "{}", "one-time key");
	crypto_device_free(&got);
	must(crypto_device_mends(db, 5, &list, &n));
	is_int((int)n, 1, "one to mend");
	crypto_device_list_free(list, n);
	is_int(crypto_pin_get(db, pid, "D1", key), E_NOTFOUND, "no pin");
	must(crypto_pin_put(db, pid, "D1", key));
	is_int(crypto_pin_get(db, pid, "D1", key), 0, "pinned");
	must(crypto_epoch_get(db, &epoch));
	is_int(epoch, 0, "the epoch begins at 0");
	must(crypto_epoch_next(db));
	must(crypto_epoch_get(db, &epoch));
	is_int(epoch, 1, "and moves");
	must(crypto_generation_next(db, &g1));
	must(crypto_generation_next(db, &g2));
	is_int(g2, g1 + 1, "so does the generation");
}

static int
count(void *cookie, int64_t at, int64_t who, const char *device_id, const char *why)
{
	*(int *)cookie += at == 5 && who == pid && !strcmp(device_id, "D1") && !strcmp(why, "odd");
	return 0;
}

static int
count_kind(void *cookie, int64_t at, int64_t who, const char *device_id, const char *why)
{
	(void)at;
	*(int *)cookie += who == pid && !strcmp(why, "many") && atoi(device_id + 1) >= 2 * CRYPTO_ALARMS;
	return 0;
}

static int
count_all(void *cookie, int64_t at, int64_t who, const char *device_id, const char *why)
{
	(void)at;
	(void)who;
	(void)device_id;
	(void)why;
	++*(int *)cookie;
	return 0;
}

static void
test_alarms(void)
{
	int n = 0;

	must(crypto_alarm_add(db, 5, pid, "D1", "odd"));
	must(crypto_alarm_add(db, 6, pid, "D1", "odd"));
	must(crypto_alarm_each(db, 10, count, &n));
	is_int(n, 1, "an alarm is raised once");
	must(crypto_alarm_add(db, 7, pid + 1, "", "many"));
	for (int i = 0; i < 3 * CRYPTO_ALARMS; i++) {
		char name[16];

		(void)snprintf(name, sizeof(name), "M%d", i);
		must(crypto_alarm_add(db, 8, pid, name, "many"));
	}
	n = 0;
	must(crypto_alarm_each(db, 1000, count_kind, &n));
	is_int(n, CRYPTO_ALARMS, "of one kind and user the newest are kept");
	n = 0;
	must(crypto_alarm_each(db, 1000, count_all, &n));
	is_int(n, CRYPTO_ALARMS + 2, "the others of that user, and of others, too");
}

static int64_t
shares(int64_t session, enum share_state state)
{
	int64_t n;

	must(share_count(db, session, state, 100, &n));
	return n;
}

/* A device without an Olm session waits for a claim; one whose claim failed, until its time. */
static void
test_plan(int64_t session)
{
	char onetime[] = "{}";
	uint8_t key[CRYPTO_KEY] = { 5 };
	struct crypto_device d = device(other, "E2", 5), *list;
	struct buf pickle = { 0 };
	struct share *planned;
	size_t n;

	fill(&pickle, "pickle");
	d.claim_due = 50;
	must(crypto_device_put(db, &d));
	must(share_plan(db, session, other, 49));
	is_int(shares(session, SHARE_SKIPPED), 1, "a device whose claim failed is skipped");
	is_int(shares(session, SHARE_CLAIM), 1, "a device without a session waits for a claim");
	must(crypto_device_claims(db, 100, 10, &list, &n));
	ok(n == 1 && strcmp(list[0].device_id, "E2") != 0, "which is wanted, and of nobody else");
	crypto_device_list_free(list, n);
	must(share_plan(db, session, other, 50));
	is_int(shares(session, SHARE_CLAIM), 2, "when its time has come it waits too");
	must(crypto_device_claims(db, 100, 10, &list, &n));
	is_int((int)n, 2, "for a claim");
	for (size_t i = 0; i < n; i++) {
		list[i].claim = 0;
		list[i].onetime = strcmp(list[i].device_id, "E2") != 0 ? strdup(onetime) : NULL;
		must(crypto_device_claim(db, &list[i]));
	}
	crypto_device_list_free(list, n);
	must(crypto_olm_put(db, other, key, 0, "SX", &pickle, 1));
	must(share_list(db, session, SHARE_CLAIM, 10, &planned, &n));
	for (size_t i = 0; i < n; i++)
		must(share_drop(db, &planned[i]));
	share_list_free(planned, n);
	must(share_plan(db, session, other, 0));
	is_int(shares(session, SHARE_WANTED), 2, "with a session, or a one-time key to make one, it is wanted");
	buf_free(&pickle);
}

static void
test_shares(void)
{
	struct crypto_outbound s;
	struct crypto_device d = device(other, "E2", 5);
	struct share *list;
	bool strangers, holds;
	int64_t n, bad, session, at, done;
	char *room = NULL;
	size_t count_;

	must(crypto_outbound_active(db, "!r", &s));
	test_plan(s.n);
	must(crypto_device_put(db, &d));
	must(share_plan(db, s.n, other, 0));
	must(share_plan(db, s.n, other, 0));
	is_int(shares(s.n, SHARE_WANTED), 2, "each eligible device once");
	must(share_session(db, SHARE_WANTED, &session));
	is_int(session, s.n, "the session with wanted shares");
	must(share_list(db, s.n, SHARE_WANTED, 10, &list, &count_));
	must(share_enter(db, &list[0], SHARE_SKIPPED, NULL));
	must(share_enter(db, &list[1], SHARE_QUEUED, "REF"));
	share_list_free(list, count_);
	must(share_row(db, "REF", &n, &bad));
	ok(n == 1 && bad == 1, "off the roster: not to be sent");
	must(roster_add(db, "!r", other));
	must(share_row(db, "REF", &n, &bad));
	ok(n == 1 && bad == 0, "on it: fine");
	must(share_answered(db, "REF"));
	is_int(shares(s.n, SHARE_DONE), 1, "done");
	must(share_strangers(db, s.n, "!r", &strangers));
	ok(!strangers, "nobody holds it who may not");
	must(share_holds(db, s.n, other, &holds));
	ok(holds, "the user holds it");
	d.eligible = 0;
	must(crypto_device_put(db, &d));
	must(share_strangers(db, s.n, "!r", &strangers));
	ok(strangers, "a device that lost its right is a stranger");
	must(crypto_outbound_rotate_person(db, other));
	crypto_outbound_free(&s);
	must(crypto_outbound_active(db, "!r", &s));
	ok(s.rotate, "what a user holds can be rotated");
	must(history_add_rooms(db, other));
	must(history_after(db, "", 0, &room, &at, &done));
	ok(!strcmp(room, "!r") && at == other && done == 0, "a reader of a room with history");
	free(room);
	must(history_done(db, "!r", other, 3));
	must(history_drop(db, "!r", other));
	is_int(history_after(db, "", 0, &room, &at, &done), E_NOTFOUND, "served");
	crypto_outbound_free(&s);
	must(blocked_put(db, "!r", "a"));
	must(blocked_put(db, "!r", "b"));
	must(blocked_get(db, "!r", &room));
	is_str(room, "b", "why a room waits");
	free(room);
	must(blocked_put(db, "!r", NULL));
	is_int(blocked_get(db, "!r", &room), E_NOTFOUND, "it does not");
}

int
main(void)
{
	db = fixture_open();
	must(db_begin(db, NULL));
	must(person_id(db, "@p:x", &pid));
	must(person_id(db, "@q:y", &other));
	test_account();
	test_olm();
	test_hashes();
	test_inbound();
	test_outbound();
	test_devices();
	test_alarms();
	test_shares();
	must(db_commit(db, NULL));
	ok(!fixture_holds(CANARY), "no pickle or key is in clear in any file");
	db_close(db);
	return done_testing();
}
