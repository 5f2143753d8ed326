/* SPDX-License-Identifier: Apache-2.0 */
/* What is over its term: matches with their notes, referrals that wait for those, what was refused.  Offers and cases: test_erasure.c. */
#include <errno.h>
#include <string.h>

#include "fixture.h"
#include "forensic.h"
#include "forget.h"
#include "store/casestore.h"
#include "store/erasure.c"	/* For its find_slot. */
#include "store/inbox.h"
#include "store/matchstore.h"
#include "store/notestore.h"

#define CANARY	"cAnArY~oVeR"
#define KEPT	"kEpT~oThErS"

static struct db *db;

static char *
text(const char *s)
{
	return (char *)(uintptr_t)s;
}

static void
put_case(const char *id, enum referral_state state)
{
	struct case_row c = { .id = text(id), .org = text("org"), .request = text("{}"), .r = referral_start(REFERRAL_AT_SOURCE), .updated = 10 };

	c.r.state = state;
	must(case_put(db, &c));
}

static bool
has_match(const char *id)
{
	autopairing struct pairing p = { 0 };

	return pairing_get(db, id, &p) == 0;
}

/* How often that is found in the database by whoever has all keys. */
static int
found(const char *needle)
{
	struct forensic f = { .seal = db_key(db)->seal, .ring = db_ring(db), .needle = needle };
	char path[200];

	fixture_copy("cairn.db", "now.db");
	(void)snprintf(path, sizeof(path), "%s/now.db", fixture_dir);
	forensic_read(&f, path);
	return f.found;
}

static void
put_pairing(const char *id, const char *referral, enum pairing_state state, int64_t ended, const char *mark)
{
	struct pairing p = { .id = text(id), .state = state, .asked = 1, .began = 2, .until = 3, .ended = ended,
	    .body = json_pack("{s:s, s:s*}", "wish", mark, "referral", referral) };
	struct note n = { .pairing = text(id), .kind = text("goals"), .at = 2, .body = p.body };

	must(pairing_put(db, &p));
	must(note_add(db, referral != NULL ? referral : id, &n));
	json_decref(p.body);
}

static int
add_one(void *cookie, const struct note *note)
{
	(void)note;
	++*(int *)cookie;
	return 0;
}

static bool
has_case(const char *id)
{
	struct case_row row;
	int r = case_get(db, id, &row);

	if (r == 0)
		case_free(&row);
	return r == 0;
}

/* A match that has ended goes when its time is over, with its notes; a referral not before the two whom it brought together are that long apart. */
static void
test_ended(void)
{
	static const char *const referrals[] = { "R6", "R7", "R8" };
	struct retention t = { .referrals = 100 };
	int64_t slot;
	int notes = 0;

	must(db_begin(db, NULL));
	for (size_t i = 0; i < nelem(referrals); i++)
		put_case(referrals[i], REFERRAL_CLOSED);
	put_pairing("M5", NULL, PAIRING_ENDED, 99, CANARY);
	put_pairing("M6", NULL, PAIRING_ENDED, 100, KEPT);
	put_pairing("M7", NULL, PAIRING_ACTIVE, 0, KEPT);
	put_pairing("M8", "R6", PAIRING_ACTIVE, 0, KEPT);
	put_pairing("M9", "R7", PAIRING_ENDED, 100, KEPT);
	put_pairing("M10", "R8", PAIRING_ENDED, 99, CANARY);
	must(db_commit(db, NULL));
	must(find_slot(db, "referral:M5", &slot));
	(void)forget(db, &t);
	must(note_each(db, "M5", add_one, &notes));
	ok(!has_match("M5") && notes == 0 && has_match("M6") && has_match("M7"), "a match that has ended goes when its time is over, with its notes");
	ok(keyring_erased(db_ring(db), slot) == 1 && find_slot(db, "referral:M5", &slot) == E_NOTFOUND, "and the key that was its own");
	ok(has_case("R6") && has_match("M8") && has_case("R7") && has_match("M9"), "a referral stays while the two go on, and as long after that");
	ok(!has_case("R8") && !has_match("M10"), "and no longer");
	is_int(found(CANARY), 0, "and nothing of it is left");
}

static int
add_room(void *cookie, int64_t id, const char *room, const char *reason, int64_t at, int64_t times)
{
	(void)id, (void)reason, (void)at, (void)times;
	return strlen(cookie) + strlen(room) + 2 > 80 ? -ENOMEM : (strcat(strcat(cookie, room), " "), 0);
}

/* What was refused in the channel with a partner may be of a referral that goes: it goes, too; and all of it after a time. */
static void
test_rejected(void)
{
	struct room mine = { .room_id = text("!mine:x"), .tag = text("!mine:x"), .account = text("node"), .kind = ROOM_CHANNEL, .subject = text("org") },
	    theirs = { .room_id = text("!theirs:x"), .tag = text("!theirs:x"), .account = text("node"), .kind = ROOM_CHANNEL, .subject = text("other") };
	struct retention t = { .rejected = 100 };
	char left[80] = "", later[80] = "";
	bool more = true;
	int64_t pid;

	must(db_begin(db, NULL));
	must(person_id(db, "@partner:x", &pid));
	must(room_put(db, &mine));
	must(room_put(db, &theirs));
	put_case("R9", REFERRAL_SENT);
	must(rejected_add(db, "node", mine.room_id, pid, NULL, CANARY, "why", 100));
	must(rejected_add(db, "node", theirs.room_id, pid, NULL, "{}", "why", 99));
	must(rejected_add(db, "node", theirs.room_id, pid, NULL, "{}", "why", 100));
	must(erasure_want(db, "referral:R9", "node"));
	must(db_commit(db, NULL));
	while (more) {
		more = false;
		must(db_begin(db, NULL));
		must(erasure_step(db, 64, &more));
		must(db_commit(db, NULL));
	}
	must(rejected_each(db, 10, add_room, left));
	ok(strstr(left, "!theirs:x !theirs:x ") != NULL && strstr(left, "!mine:x") == NULL, "what that partner sent and was refused goes with the referral, and nobody else's");
	must(db_begin(db, NULL));
	must(retention_step(db, &t, 16, &more));
	must(db_commit(db, NULL));
	must(rejected_each(db, 10, add_room, later));
	is_str(later, "!theirs:x ", "the rest when its time is over");
	is_int(found(CANARY), 0, "and nothing of it is left");
}

static bool
has_traffic(const char *id)
{
	struct traffic t;
	int r = traffic_get(db, id, &t);

	if (r == 0)
		traffic_free(&t);
	return r == 0;
}

/* What we said that concerns no referral, once it is known to have arrived. */
static void
test_traffic(void)
{
	struct traffic said[] = {
		{ .content_id = text("OLD"), .acked_at = 99 }, { .content_id = text("NEW"), .acked_at = 100 },
		{ .content_id = text("OPEN"), .sent_at = 1 }, { .content_id = text("CASE"), .referral = text("R9"), .acked_at = 99 },
	};
	struct retention t = { .traffic = 100 };

	must(db_begin(db, NULL));
	for (size_t i = 0; i < nelem(said); i++) {
		said[i].org = text("org");
		said[i].type = text("t");
		must(traffic_put(db, &said[i]));
	}
	must(db_commit(db, NULL));
	(void)forget(db, &t);
	ok(!has_traffic("OLD") && has_traffic("NEW"), "what arrived and concerns no referral goes after its time");
	ok(has_traffic("OPEN") && has_traffic("CASE"), "not what has not arrived, nor what goes with its referral");
}

/* A content that waited for a partner to be trusted again may be repeated after any time, and is still known. */
static void
test_ids(void)
{
	struct retention all = { 100, 100, 100, 100, 100, 100, 100, 100 };
	int64_t pid;

	must(db_begin(db, NULL));
	must(person_id(db, "@partner:x", &pid));
	must(inbox_add(db, "org/GR6ZEWN0TC4N5PZ1Y8P956JWD7", pid, "!mine:x", "t", "", 1));
	must(db_commit(db, NULL));
	(void)forget(db, &all);
	is_int(inbox_seen(db, "org/GR6ZEWN0TC4N5PZ1Y8P956JWD7"), 0, "the id of what was acted on is remembered past every term");
}

int
main(void)
{
	db = fixture_open();
	test_ended();
	ok(found(KEPT) > 0, "what is kept is found by the same search");
	test_rejected();
	test_traffic();
	test_ids();
	db_close(db);
	return done_testing();
}
