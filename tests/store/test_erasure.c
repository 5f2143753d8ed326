/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A subject is erased: nothing of it is left in the files, in a copy of the database from before it is
 * unreadable even with the key-encryption key and the file of keys as it is afterwards, what belongs to
 * others is as it was, and an old copy put back forgets again.
 */
#include "fixture.h"
#include "forensic.h"
#include "forget.h"
#include "store/casestore.h"
#include "store/devicestore.h"
#include "store/erasure.c"	/* For its lists. */
#include "store/gapstore.h"
#include "store/inbox.h"
#include "store/matchstore.h"
#include "store/messagestore.h"
#include "store/outbox.h"
#include "store/peoplestore.h"
#include "store/intakestore.h"
#include "store/sharestore.h"
#include "store/subject.h"

#define CANARY	"cAnArY~eRaSeD"
#define KEPT	"kEpT~oThErS"

static struct db *db;
static int64_t member, other;

static char *
text(const char *s)
{
	return (char *)(uintptr_t)s;
}

static void
put_case(const char *id, const char *mark, const char *content_id)
{
	autofree char *words = NULL;
	struct traffic t = { .content_id = text(content_id), .org = text("org"), .referral = text(id), .type = text("t"),
	    .resend_at = 1 };
	struct case_row c = { .id = text(id), .org = text("org"), .r = referral_start(REFERRAL_AT_SOURCE) };
	autojson json_t *content = json_pack("{s:s}", "text", mark);
	struct step_row step = { .step.move.input = REFERRAL_IN_SEND, .recorded = 1 };
	int64_t out;

	if (asprintf(&words, "{\"text\":\"%s\"}", mark) < 0 || content == NULL)
		bail("words", mark);
	c.request = c.disclosure = c.outcome = c.reason = t.content = step.content = words;
	must(case_put(db, &c));
	(void)snprintf(step.step.id, sizeof(step.step.id), "%s", content_id);
	must(step_put(db, id, &step));
	must(traffic_put(db, &t));
	must(outbox_event(db, "node", "!channel:x", "t", NULL, content, "traffic", content_id, &out));
	must(outbox_ready(db, out, "PUT", "/x", words));
}

static void
put_person(const char *user, const char *mark, const char *room, const char *session, int64_t *ret)
{
	struct room direct = { .room_id = text(room), .tag = text(room), .account = text("node"), .kind = ROOM_DIRECT };
	struct crypto_inbound in = { .room_id = text(room) };
	struct waiting w = { .account = text("node"), .room_id = text(room), .session_id = text("S"), .raw = text(mark),
	    .reason = text(mark) };
	autobuf struct buf pickle = { 0 };
	int64_t lost;

	must(person_id(db, user, ret));
	direct.pid = in.pid = w.pid = *ret;
	must(room_put(db, &direct));
	must(roster_add(db, room, *ret));
	must(member_put(db, room, *ret, "join"));
	must(message_add(db, session, room, *ret, false, mark, 1));
	must(buf_puts(&pickle, mark));
	must(crypto_inbound_add(db, session, &in, &pickle, 1));
	must(waiting_add(db, &w, false, &lost));
	must(rejected_add(db, "node", room, *ret, NULL, mark, mark, 1));
}

static void
fill(void)
{
	struct crypto_account account = { .device_id = text("DEVICE") };
	autobuf struct buf pickle = { 0 };

	must(db_begin(db, NULL));
	must(person_id(db, "@node:x", &account.pid));
	must(buf_puts(&pickle, "account"));
	account.pickle = pickle;
	must(crypto_account_add(db, &account));
	put_case("R1", CANARY, "c1");
	put_case("R2", KEPT, "c2");
	put_person("@" CANARY ":x", CANARY, "!one:x", "s1", &member);
	put_person("@other:x", KEPT, "!two:x", "s2", &other);
	must(db_commit(db, NULL));
}

static struct forensic
search(const char *name, const char *needle, struct keyring *ring)
{
	struct forensic f = { .seal = db_key(db)->seal, .ring = ring, .needle = needle };
	char path[200];

	(void)snprintf(path, sizeof(path), "%s/%s", fixture_dir, name);
	forensic_read(&f, path);
	return f;
}

static int
run_steps(void)
{
	int n = 0;

	for (bool more = true; more; n++) {
		more = false;
		must(db_begin(db, NULL));
		must(erasure_step(db, 4, &more));
		must(db_commit(db, NULL));
	}
	return n;
}

/* But the wrapped data key, each value that is searched opens. */
static enum erasure_state
state_of(const char *name)
{
	enum erasure_state state = 0;

	return erasure_state(db, name, &state) == 0 ? state : 0;
}

static void
test_erase(void)
{
	char who[SUBJECT_NAME];
	struct case_row row;
	struct forensic before, after;
	int64_t open, done;

	fill();
	(void)run_steps();
	db_close(db);
	fixture_copy("cairn.db", "backup.db");
	db = fixture_reopen();
	before = search("backup.db", CANARY, db_ring(db));
	ok(before.opened == before.values - 1 && before.found == 15, "with the keys of that day a copy shows all: %d of %d, %d",
	    before.opened, before.values, before.found);
	is_int(search("backup.db", CANARY, NULL).found, 0, "without keys.db nothing of a member");

	must(db_begin(db, NULL));
	must(subject_link(db, "referral:R1", subject_person(member, who)));
	must(erasure_want(db, who, "operator:0"));
	must(db_commit(db, NULL));
	is_int(state_of(who), ERASURE_WANTED, "an erasure is wanted first");
	ok(run_steps() > 10, "and done in steps");
	is_int(state_of(who), ERASURE_CLEAN, "until it is clean");
	is_int(state_of("referral:R1"), ERASURE_CLEAN, "and what belongs to it");
	must(erasure_counts(db, &open, &done));
	ok(open == 0 && done == 2, "which the counts say");

	after = search("backup.db", CANARY, db_ring(db));
	is_int(after.found, 0, "the copy shows nothing of the subject with the keys of today");
	after = search("backup.db", KEPT, db_ring(db));
	ok(after.found == 7, "what lies still of others is there: %d", after.found);
	is_int(case_get(db, "R1", &row), E_NOTFOUND, "the referral is not found");
	must(case_get(db, "R2", &row));
	ok(strstr(row.request, KEPT) != NULL, "another is as it was");
	case_free(&row);
}

static void
test_files(void)
{
	autobuf struct buf pickle = { 0 };
	autofree char *user = NULL;
	struct forensic now;
	int64_t pid;
	char wal[200];
	struct stat st;

	(void)snprintf(wal, sizeof(wal), "%s/cairn.db-wal", fixture_dir);
	ok(stat(wal, &st) != 0 || st.st_size == 0, "the log is empty");
	must(crypto_inbound_pickle(db, "s2", other, &pickle));
	is_str(pickle.data, KEPT, "another's session opens");
	is_int(crypto_inbound_pickle(db, "s1", member, &pickle), E_NOTFOUND, "the member's is gone");
	must(person_user(db, member, &user));
	ok(strstr(user, CANARY) == NULL, "the number is nobody's");
	is_int(person_find(db, "@" CANARY ":x", &pid), E_NOTFOUND, "who asks again is not known");
	fixture_copy("cairn.db", "now.db");
	now = search("now.db", CANARY, db_ring(db));
	ok(now.found == 0 && now.opened == now.values - 1, "nothing of the subject in the database, and all in it can be read");
	ok(search("now.db", KEPT, db_ring(db)).found >= 10, "the search finds the others");
}

static void
test_restore(void)
{
	struct crypto_account account;
	char who[SUBJECT_NAME];
	struct case_row row;
	struct waiting *list;
	size_t n;

	db_close(db);
	fixture_copy("backup.db", "cairn.db");
	db = fixture_reopen();
	is_int(case_get(db, "R1", &row), E_NOTFOUND, "a copy put back forgets the referral again");
	is_int(state_of(subject_person(member, who)), ERASURE_GONE, "and the person");
	must(case_get(db, "R2", &row));
	ok(strstr(row.disclosure, KEPT) != NULL, "others' cases are read");
	case_free(&row);
	is_int(crypto_account_get(db, &account), E_NOTFOUND, "its ratchets are gone");
	must(waiting_person(db, other, &list, &n));
	is_int((long long)n, 0, "so is what waited for them");
	waiting_list_free(list, n);
	(void)run_steps();
	is_int(state_of(subject_person(member, who)), ERASURE_CLEAN, "until it is clean again");
	is_int(search("backup.db", CANARY, db_ring(db)).found, 0, "nothing came back");
}

/* Somebody who is to be invited, whose device is to get a key and whose session is mended: no answer has come. */
static int64_t
put_calls(const char *user, const char *tag, int64_t outbound, const char *ref)
{
	struct room room = { .tag = text(tag), .account = text("node"), .kind = ROOM_DIRECT };
	struct crypto_device d = { .device_id = text("D"), .listed = 1, .eligible = 1, .onetime = text("{}") };
	autojson json_t *body = json_pack("{s:[s]}", "invite", user);
	struct share *list;
	char pid[24], circle[32], id[32];
	size_t n;

	(void)snprintf(id, sizeof(id), "!%s:x", tag);
	room.room_id = id;
	must(person_id(db, user, &room.pid));
	must(room_put(db, &room));
	must(outbox_call(db, "node", tag, "POST", "/createRoom", body, "create_room", tag));
	must(outbox_call(db, "node", tag, "PUT", "/state/m.room.member", body, "invite", id));
	(void)snprintf(circle, sizeof(circle), "CIRCLE/%lld", (long long)room.pid);
	must(outbox_call(db, "steward", circle, "POST", "/invite", body, "group_invite", circle));
	d.pid = room.pid;
	must(crypto_device_put(db, &d));
	must(share_plan(db, outbound, room.pid, 0));
	must(share_list(db, outbound, SHARE_WANTED, 1, &list, &n));
	must(share_enter(db, &list[0], SHARE_QUEUED, ref));
	share_list_free(list, n);
	(void)snprintf(pid, sizeof(pid), "%lld", (long long)room.pid);
	must(outbox_todevice(db, "keys", "t", user, "dummy", pid, &(int64_t){ 0 }));
	return room.pid;
}

/* What waits for a homeserver that is away names whoever it is for; keys for several are in one row. */
static void
test_waiting_calls(void)
{
	struct crypto_outbound s = { .session_id = text("keys"), .room_id = text("!channel:x") };
	autobuf struct buf first = { 0 };
	char who[SUBJECT_NAME];
	int64_t pid, stays, wanted;

	must(db_begin(db, NULL));
	must(buf_puts(&first, "first"));
	must(buf_puts(&s.pickle, "pickle"));
	must(crypto_outbound_add(db, &s, &first));
	buf_free(&s.pickle);
	must(crypto_outbound_active(db, "!channel:x", &s));
	stays = put_calls("@" KEPT "too:x", "T-stays", s.n, "REF");
	pid = put_calls("@" CANARY "too:x", "T-goes", s.n, "REF");
	must(outbox_todevice(db, "keys", "t", "@" KEPT "too:x @" CANARY "too:x", "share", "REF", &(int64_t){ 0 }));
	must(erasure_want(db, subject_person(pid, who), "operator:0"));
	must(db_commit(db, NULL));
	(void)run_steps();
	is_int(state_of(who), ERASURE_CLEAN, "somebody for whom calls wait is erased");
	fixture_copy("cairn.db", "now.db");
	is_int(search("now.db", CANARY, db_ring(db)).found, 0, "and none of them names them any more");
	(void)snprintf(who, sizeof(who), "CIRCLE/%lld", (long long)pid);
	is_int(outbox_pending(db, "create_room", "T-goes"), E_NOTFOUND, "they are not invited");
	is_int(outbox_pending(db, "invite", "!T-goes:x"), E_NOTFOUND, "nor once more");
	is_int(outbox_pending(db, "group_invite", who), E_NOTFOUND, "nor into a group");
	(void)snprintf(who, sizeof(who), "CIRCLE/%lld", (long long)stays);
	ok(outbox_pending(db, "create_room", "T-stays") == 0 && outbox_pending(db, "invite", "!T-stays:x") == 0 && outbox_pending(db, "group_invite", who) == 0,
	    "somebody else is, into all");
	must(share_count(db, s.n, SHARE_WANTED, 9, &wanted));
	ok(wanted == 1 && outbox_pending(db, "share", "REF") == E_NOTFOUND, "whose device gets the key that was in the same row in another");
	(void)snprintf(who, sizeof(who), "%lld", (long long)stays);
	is_int(outbox_pending(db, "dummy", who), 0, "and theirs is mended");
	crypto_outbound_free(&s);
}

/* Killed after any of its commits it goes on. */
static void
test_interrupted(void)
{
	int64_t pid;
	int opens = 0, n = 0;

	must(db_begin(db, NULL));
	put_case("R3", CANARY, "c3");
	put_person("@third:x", KEPT, "!three:x", "s3", &pid);
	must(erasure_want(db, "referral:R3", "operator:0"));
	must(db_commit(db, NULL));
	for (bool more = true; more; n++) {
		autobuf struct buf pickle = { 0 };

		more = false;
		must(db_begin(db, NULL));
		must(erasure_step(db, 2, &more));
		must(db_commit(db, NULL));
		db_close(db);
		db = fixture_reopen();
		opens += crypto_inbound_pickle(db, "s3", pid, &pickle) == 0;
	}
	ok(n > 10 && opens == n, "stopped after each of %d steps, what is not erased opens", n);
	is_int(state_of("referral:R3"), ERASURE_CLEAN, "and it comes to its end");
}

static int
count_case(void *cookie, const struct case_row *row)
{
	*(int *)cookie += strcmp(row->id, "R40") == 0;
	return 0;
}

static int
count_lost(void *cookie, const char *id, const char *org)
{
	*(int *)cookie += strncmp(id, "L", 1) == 0 && strcmp(org, "org") == 0;
	return 0;
}

/* How many can be seen: cases and contents that are due, at most 16 at once, and those that are lost. */
static void
count_due(int *ret_cases, int *ret_contents, int *ret_lost)
{
	struct traffic *due = NULL;
	size_t n = 0;

	*ret_cases = *ret_contents = *ret_lost = 0;
	must(case_due(db, 1000, 16, count_case, ret_cases));
	must(traffic_due(db, 1000, 16, &due, &n));
	for (size_t i = 0; i < n; i++)
		*ret_contents += strcmp(due[i].content_id, "c40") == 0;
	traffic_list_free(due, n);
	must(case_lost_each(db, NULL, count_lost, ret_lost));
}

static void
put_again(const char *content_id, int64_t at)
{
	struct traffic t;

	must(traffic_get(db, content_id, &t));
	t.resend_at = at;
	must(traffic_put(db, &t));
	traffic_free(&t);
}

static void
put_due(const char *id, const char *content_id, int64_t at)
{
	struct case_row row;

	put_case(id, KEPT, content_id);
	must(case_get(db, id, &row));
	row.clock_due = at;
	must(case_put(db, &row));
	case_free(&row);
	put_again(content_id, at);
}

/* An older file of keys is put back, and then the newest after all. */
static int
add_name(void *cookie, const char *name)
{
	char *all = cookie;

	(void)strncat(strcat(all, " "), name, 40);
	return 0;
}

static const char *
lost_names(void)
{
	static char all[400];

	*all = '\0';
	must(subject_each_lost(db, add_name, all));
	return all;
}

static void
test_older_keys(void)
{
	int cases, contents, lost;
	int64_t silent, stopped, before;
	struct case_row row;
	char id[8], content_id[8];

	must(db_begin(db, NULL));
	put_again("c2", 901);
	put_due("R40", "c40", 900);
	must(db_commit(db, NULL));
	fixture_copy("keys.db", "keys.older");
	must(traffic_silent(db, NULL, &silent, &before));
	must(db_begin(db, NULL));
	for (int i = 0; i < 40; i++) {
		(void)snprintf(id, sizeof(id), "L%d", i);
		(void)snprintf(content_id, sizeof(content_id), "l%d", i);
		put_due(id, content_id, 10 + i);
	}
	must(subject_link(db, "person:77", "nobody"));
	must(subject_link(db, "legal:L9", "nobody"));
	must(db_commit(db, NULL));
	count_due(&cases, &contents, &lost);
	ok(cases == 0 && contents == 0 && lost == 0, "what is due first comes first");
	db_close(db);
	fixture_copy("keys.db", "keys.newest");
	fixture_copy("keys.older", "keys.db");
	db = fixture_reopen();
	count_due(&cases, &contents, &lost);
	ok(cases == 1 && contents == 1, "what cannot be read holds up no other");
	is_int(lost, 40, "and each is named");
	is_str(lost_names(), " person:77 legal:L9", "and so are people and consents");
	ok(case_next_due(db) == 900 && traffic_next(db) == 900, "nor is it waited for");
	must(traffic_silent(db, NULL, &silent, &stopped));
	is_int((long long)(stopped - before), 40, "its contents count as not sent any more");

	/* Something is said of one of them: it gets a new key, which does not open what was. */
	must(db_begin(db, NULL));
	must(subject_link(db, "referral:L7", "person:1"));
	must(subject_link(db, "person:77", "nobody"));
	must(db_commit(db, NULL));
	db_close(db);
	db = fixture_reopen();
	count_due(&cases, &contents, &lost);
	ok(cases == 1 && contents == 1 && lost == 40, "so at each later start, and when its subject has a new key");
	is_str(lost_names(), " legal:L9 person:77", "which does not open what was");

	db_close(db);
	fixture_copy("keys.newest", "keys.db");
	db = fixture_reopen();
	must(case_get(db, "L0", &row));
	is_int(row.clock_due, 10, "the newest file put back after all, the clock is as it was");
	case_free(&row);
	count_due(&cases, &contents, &lost);
	ok(case_next_due(db) == 10 && traffic_next(db) == 10 && lost == 0, "and nothing is lost");
	is_str(lost_names(), " person:77", "but what was said with a key of the older file");
}

static void
put_match(const char *id, const char *referral, int64_t asked, const char *mark)
{
	struct pairing p = { .id = text(id), .state = PAIRING_OFFERED, .asked = asked,
	    .body = json_pack("{s:s, s:s*}", "wish", mark, "referral", referral) };

	must(pairing_put(db, &p));
	json_decref(p.body);
}

static bool
has_match(const char *id)
{
	autopairing struct pairing p = { 0 };

	return pairing_get(db, id, &p) == 0;
}

/* Of a match nobody was chosen: what was wished goes, with its key. */
static void
test_offers(void)
{
	struct retention t = { .offers = 100 };
	struct case_row row;
	int64_t slot;
	int n;

	must(db_begin(db, NULL));
	put_match("M1", NULL, 10, CANARY);
	put_match("M2", "R2", 10, CANARY);
	put_match("M3", NULL, 100, KEPT);
	must(db_commit(db, NULL));
	must(find_slot(db, "referral:M1", &slot));
	n = forget(db, &t);
	ok(n > 1 && !has_match("M1") && !has_match("M2") && has_match("M3"), "what nobody chose from goes when its time is over");
	ok(keyring_erased(db_ring(db), slot) == 1 && find_slot(db, "referral:M1", &slot) == E_NOTFOUND, "with the key that was its own");
	must(case_get(db, "R2", &row));
	case_free(&row);
	fixture_copy("cairn.db", "now.db");
	is_int(search("now.db", CANARY, db_ring(db)).found, 0, "and nothing of it is left");
}

static void
put_intake(const char *id, int64_t made, const char *words)
{
	must(intake_put(db, &(struct intake){ .id = (char *)(uintptr_t)id, .person = (char *)(uintptr_t)words, .made = made }));
}

static bool
has_intake(const char *id)
{
	autointake struct intake i = { 0 };

	return intake_get(db, id, &i) == 0;
}

/* A case for which nothing was asked goes when its time is over; one with a referral goes with that. */
static void
test_cases(void)
{
	struct retention t = { .referrals = 100 };
	int64_t slot;

	must(db_begin(db, NULL));
	put_intake("K1", 10, "{\"alias\":\"" CANARY "\"}");
	put_intake("K2", 100, "{\"alias\":\"young\"}");
	put_intake("K3", 10, "{\"alias\":\"asked for\"}");
	must(intake_refer(db, "R2", "K3", "program"));
	must(db_commit(db, NULL));
	must(find_slot(db, "referral:K1", &slot));
	(void)forget(db, &t);
	ok(!has_intake("K1") && has_intake("K2") && has_intake("K3"), "a case for which nothing is asked any more goes when its time is over");
	ok(keyring_erased(db_ring(db), slot) == 1 && find_slot(db, "referral:K1", &slot) == E_NOTFOUND, "with the key that was its own");
	fixture_copy("cairn.db", "now.db");
	is_int(search("now.db", CANARY, db_ring(db)).found, 0, "and nothing of it is left");
}

static bool
deletes(const char *table)
{
	char from[80], update[80];

	(void)snprintf(from, sizeof(from), "DELETE FROM %s ", table);
	(void)snprintf(update, sizeof(update), "UPDATE %s ", table);
	for (size_t k = 0; k < nelem(kinds); k++)
		for (size_t q = 0; q < kinds[k].n; q++)
			if (strstr(query_text[kinds[k].queries[q]], from) != NULL || strstr(query_text[kinds[k].queries[q]], update) != NULL)
				return true;
	return false;
}

/* Whatever table is about a person or a referral has a line here; a new one that is forgotten is named. */
static void
test_complete(void)
{
	/* Of ours: our own device, public matters; what is known only of whoever is no member. */
	static const char *const others[] = { "crypt_account", "stranger", "person", "subject", "room" };
	sqlite3_stmt *row = NULL;
	sqlite3 *sql = NULL;
	char path[200];
	int missing = 0, seen = 0;

	(void)snprintf(path, sizeof(path), "%s/cairn.db", fixture_dir);
	if (sqlite3_open(path, &sql) != SQLITE_OK || sqlite3_prepare_v2(sql, "SELECT DISTINCT m.name FROM sqlite_schema AS m, "
	    "pragma_table_info(m.name) AS c WHERE m.type = 'table' AND m.sql LIKE '%STRICT%' AND c.name IN ('pid', 'referral')",
	    -1, &row, NULL) != SQLITE_OK)
		bail("schema", path);
	while (sqlite3_step(row) == SQLITE_ROW) {
		const char *table = (const char *)sqlite3_column_text(row, 0);
		bool exempt = false;

		for (size_t i = 0; i < nelem(others); i++)
			exempt |= !strcmp(table, others[i]);
		seen++;
		if (!exempt && !deletes(table)) {
			missing++;
			printf("# %s: not deleted with its subject\n", table);
		}
	}
	sqlite3_finalize(row);
	sqlite3_close(sql);
	ok(missing == 0 && seen > 10, "each of %d tables about a person or a referral is emptied with them", seen);
}

int
main(void)
{
	db = fixture_open();
	test_erase();
	test_files();
	test_restore();
	test_waiting_calls();
	test_interrupted();
	test_offers();
	test_cases();
	test_older_keys();
	test_complete();
	db_close(db);
	return done_testing();
}
