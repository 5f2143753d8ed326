/* SPDX-License-Identifier: Apache-2.0 */
/* An older copy of the database, or of the keys, is put back: what was erased between stays so, and all else goes on. */
#include "fixture.h"
#include "forensic.h"
#include "forget.h"
#include "store/audit.h"
#include "store/casestore.h"
#include "store/cryptostore.h"
#include "store/intakestore.h"
#include "store/peoplestore.h"
#include "store/subject.h"

#define CANARY	"cAnArY~eRaSeD"

static const struct retention never;
static struct db *db;

static char *
text(const char *s)
{
	return (char *)(uintptr_t)s;
}

static void
put_case(const char *id)
{
	must(case_put(db, &(struct case_row){ .id = text(id), .org = text("org"), .r = referral_start(REFERRAL_AT_SOURCE), .request = text("{}") }));
}

static void
erase_it(const char *name)
{
	must(db_begin(db, NULL));
	must(erasure_want(db, name, "operator:0"));
	must(db_commit(db, NULL));
	(void)forget(db, &never);
}

static bool
has_intake(const char *id)
{
	autointake struct intake i = { 0 };

	return intake_get(db, id, &i) == 0;
}

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

/* Whoever is called stays while another referral of theirs does: so after an old copy was put back, and no longer. */
static void
test_case(void)
{
	struct case_row row;

	must(db_begin(db, NULL));
	put_case("R1");
	put_case("R2");
	must(intake_put(db, &(struct intake){ .id = text("K1"), .person = text("{\"alias\":\"" CANARY "\"}"), .made = 10 }));
	must(intake_refer(db, "R1", "K1", "program"));
	must(intake_refer(db, "R2", "K1", "program"));
	must(db_commit(db, NULL));
	db_close(db);
	fixture_copy("cairn.db", "before.db");
	db = fixture_reopen();
	erase_it("referral:R2");
	db_close(db);
	fixture_copy("before.db", "cairn.db");
	db = fixture_reopen();
	(void)forget(db, &never);
	ok(case_get(db, "R2", &row) == E_NOTFOUND && has_intake("K1") && found(CANARY) == 1, "a copy put back forgets one referral of somebody, and not them");
	erase_it("referral:R1");
	ok(!has_intake("K1") && found(CANARY) == 0, "with their last one they go");
}

/* Of a node that never erased anybody the keys are lost for good: what moves is gone, and it starts. */
static void
test_lost(void)
{
	struct crypto_account account = { .device_id = text("DEVICE") }, got = { 0 };
	struct db *other = NULL;
	struct err err = { "" };
	char path[200];

	must(db_begin(db, NULL));
	must(person_id(db, "@node:x", &account.pid));
	must(buf_puts(&account.pickle, "account"));
	must(crypto_account_add(db, &account));
	must(db_commit(db, NULL));
	buf_free(&account.pickle);
	(void)forget(db, &never);
	db_close(db);
	(void)snprintf(path, sizeof(path), "%s/keys.db", fixture_dir);
	must(truncate(path, 0));
	is_int(db_open(fixture_dir, fixture_kek, &fixture_world, &other, &err), 0, "a store whose keys are lost opens: %s", err.text);
	db = other;
	is_int(crypto_account_get(db, &got), E_NOTFOUND, "what moved is not found");
	is_int(crypto_account_lost(db, &got), 0, "but that there was a device");
	crypto_account_free(&got);
}

static int
count(void *cookie, const struct audit_row *row)
{
	int *n = cookie;

	n[row->subject == NULL]++;
	return 0;
}

static int64_t
slot_of(const char *name)
{
	uint8_t key[DB_KEY];
	int64_t slot;

	must(db_begin(db, NULL));
	must(subject_key(db, name, &slot, key));
	must(audit_add(db, 1, "node", "show", name, NULL));
	must(db_commit(db, NULL));
	return slot;
}

/* Somebody came and was erased since those keys were copied: their slot is nobody else's. */
static void
test_older_keys(void)
{
	struct err err = { "" };
	int n[2] = { 0, 0 };
	int64_t gone, turned, rows;

	(void)slot_of("referral:R1");
	db_close(db);
	fixture_copy("keys.db", "keys.older");
	db = fixture_reopen();
	gone = slot_of("referral:R2");
	erase_it("referral:R2");
	turned = keyring_moving(db_ring(db));
	db_close(db);
	fixture_copy("keys.older", "keys.db");
	db = fixture_reopen();
	ok(keyring_moving(db_ring(db)) != turned, "what moves has the key that is there");
	ok(slot_of("referral:R3") > turned && turned > gone, "no slot is given out again, nor one for what moved");
	is_int(audit_verify(db, &rows, &err), 0, "the audit holds: %s", err.text);
	must(audit_each(db, 10, count, n));
	ok(n[0] == 2 && n[1] == 1, "and whom the row was about who is erased is not said");
}

int
main(void)
{
	db = fixture_open();
	test_lost();
	test_older_keys();
	test_case();
	db_close(db);
	return done_testing();
}
