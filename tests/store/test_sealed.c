/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A distinctive text in every sealed field is found in no file of the store;
 * the same search finds one in a field that is kept in clear.  And a sealed
 * value moved to another row does not open.
 */

#include "spoil.h"
#include "store/casestore.h"
#include "store/consentstore.h"
#include "store/gapstore.h"
#include "store/inbox.h"
#include "store/intakestore.h"
#include "store/messagestore.h"
#include "store/outbox.h"
#include "store/peoplestore.h"

#define CANARY	"cAnArY~5eAlEd"
#define PLANTED	"pLaNtEd~1nClEaR"

static struct db *db;

static char *
text(const char *s)
{
	return (char *)(uintptr_t)s;
}

static void
fill_people(void)
{
	struct account a = { .name = text("node"), .user_id = text("@node:x"),
	    .token = text(CANARY "token") };
	int64_t pid;

	must(account_put(db, &a));
	must(person_id(db, "@" CANARY "user:x", &pid));
	must(meta_put(db, "secret", CANARY "meta", true));
	must(message_add(db, "m1", "!a", pid, true, CANARY "message", 1));
}

static void
fill_outbox(void)
{
	autojson json_t *content = json_pack("{s:s}", CANARY "key", CANARY "content");
	int64_t id;

	must(outbox_event(db, "node", "!a", "m.room.member", "@" CANARY "state:x", content, "p", "1",
	    &id));
	must(outbox_ready(db, id, "PUT", "/x", CANARY "body"));
	must(outbox_event(db, "node", "!b", "t", NULL, content, "p", "2", &id));
	must(outbox_fail(db, id, CANARY "error"));
	must(outbox_call(db, "node", "l", "POST", "/x", content, "p", NULL));
	must(outbox_todevice(db, "l", "t", CANARY "body", "p", NULL, &id));
}

static void
fill_inbox(void)
{
	struct waiting w = { .account = text("node"), .room_id = text("!a"),
	    .session_id = text("S"), .pid = 1, .raw = text(CANARY "raw"),
	    .reason = text(CANARY "reason") };
	struct gap hole = { .room_id = text("!a"), .state = GAP_WAITS, .token = text("t") };
	int64_t id;

	must(waiting_add(db, &w, false, &id));
	must(rejected_add(db, "node", "!a", 1, NULL, CANARY "rejected", CANARY "why", 1));
	must(gap_add(db, &hole));
	must(gap_event_add(db, 1, CANARY "hole"));
}

static void
fill_cases(void)
{
	struct case_row c = { .id = text("R1"), .org = text("org"),
	    .r = referral_start(REFERRAL_AT_SOURCE), .request = text(CANARY "request"),
	    .disclosure = text(CANARY "disclosure"), .outcome = text(CANARY "outcome"),
	    .reason = text(CANARY "reason") };
	struct consent_row consent = { .id = text("C1"), .referral = text("R1"),
	    .org = text("org"), .consent = text(CANARY "consent") };
	struct traffic t = { .content_id = text("c1"), .org = text("org"), .referral = text("R1"),
	    .type = text("t"), .content = text(CANARY "traffic"), .resend_at = 1 };

	struct disclosed_row told = { .id = text("D1"), .whose = text("R1"), .detail = text(CANARY "disclosed") };
	struct revocation_row back = { .consent = text("C1"), .org = text("org"), .referral = text("R1"),
	    .detail = text(CANARY "revoked") };
	struct holder_row holder = { .consent = text("C1"), .org = text("org"), .referral = text("R1") };
	bool first;

	must(case_put(db, &c));
	must(consent_put(db, &consent));
	must(disclosed_put(db, &told));
	must(revocation_put(db, &back));
	must(holder_put(db, &holder));
	must(holder_ack(db, "C1", "org", "R1", 1, CANARY "holder", &first));
	must(traffic_put(db, &t));
}

static void
fill_intake(void)
{
	must(intake_put(db, &(struct intake){ .id = text("I1"), .person = text(CANARY "person"), .talk = text(CANARY "talk") }));
	must(intake_put(db, &(struct intake){ .id = text("I2"), .pid = 1, .talk = text(CANARY "said") }));
	must(likeness_put(db, "R1", CANARY "number"));
}

static void
fill(void)
{
	must(db_begin(db, NULL));
	fill_people();
	fill_outbox();
	fill_inbox();
	fill_cases();
	fill_intake();
	must(db_commit(db, NULL));
}

static void
test_canary(void)
{
	struct room room = { .tag = text("t"), .account = text("node"), .subject = text(PLANTED) };
	struct out *list;
	size_t n;

	fill();
	ok(!fixture_holds(CANARY), "no canary in the files of a running store");
	ok(!fixture_holds(PLANTED), "nor what was not planted");
	must(db_begin(db, NULL));
	must(room_put(db, &room));
	must(db_commit(db, NULL));
	ok(fixture_holds(PLANTED), "the search finds what is kept in clear");

	must(outbox_due(db, 0, 10, &list, &n));
	ok(n == 2 && strstr(list[0].body, CANARY) && strstr(list[0].content, CANARY),
	    "while the store itself reads its canaries");
	outbox_list_free(list, n);

	db_close(db);
	ok(!fixture_holds(CANARY), "no canary in the file of a closed store");
	ok(fixture_holds(PLANTED), "where the planted one is");
	db = fixture_reopen();
}

static void
test_moved(void)
{
	struct out out;
	struct case_row c;
	char *user = NULL;
	int64_t a, b, first, second;
	autojson json_t *content = json_object();

	must(db_begin(db, NULL));
	must(person_id(db, "@a:x", &a));
	must(person_id(db, "@b:x", &b));
	must(outbox_event(db, "node", "!m", "t", NULL, content, "move", NULL, &first));
	must(outbox_event(db, "node", "!m", "t", NULL, content, "move", NULL, &second));
	must(db_commit(db, NULL));

	db = spoil_open(db, "CREATE TEMP TABLE old AS SELECT id, content FROM outbox WHERE purpose = 'move';"
	    "UPDATE outbox SET content = (SELECT content FROM old WHERE old.id <> outbox.id)"
	    " WHERE purpose = 'move'");
	is_int(outbox_get(db, first, &out), ERR_CORRUPT, "swapped contents do not open");
	is_int(outbox_get(db, second, &out), ERR_CORRUPT, "neither of them");

	db = spoil_open(db, "UPDATE referral SET request = disclosure");
	is_int(case_get(db, "R1", &c), ERR_CORRUPT, "nor one moved to another column");

	db = spoil_open(db, "UPDATE person SET pid = pid + 100 WHERE pid = (SELECT max(pid) FROM person)");
	is_int(person_user(db, b + 100, &user), ERR_CORRUPT, "nor one whose row was renamed");
	is_int(person_user(db, a, &user), 0, "the others are well");
	free(user);
}

int
main(void)
{
	db = fixture_open();
	test_canary();
	test_moved();
	db_close(db);
	return done_testing();
}
