/* SPDX-License-Identifier: Apache-2.0 */
/* An older copy of the database, or of the keys, is put back: what was erased between stays so, and all else goes on. */
#include "fixture.h"
#include "forensic.h"
#include "forget.h"
#include "store/casestore.h"
#include "store/intakestore.h"

#define CANARY	"cAnArY~eRaSeD"

static const struct retention never;
static struct db *db;

static char *
text(const char *s)
{
	return (char *)(uintptr_t)s;
}

/* Of a store that is closed; under a name of its own. */
static void
copy(const char *from, const char *to)
{
	char command[300];

	(void)snprintf(command, sizeof(command), "cp %s/%s %s/%s", fixture_dir, from, fixture_dir, to);
	if (system(command) != 0)
		bail("cp", command);
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

	copy("cairn.db", "now.db");
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
	copy("cairn.db", "before.db");
	db = fixture_reopen();
	erase_it("referral:R2");
	db_close(db);
	copy("before.db", "cairn.db");
	db = fixture_reopen();
	(void)forget(db, &never);
	ok(case_get(db, "R2", &row) == E_NOTFOUND && has_intake("K1") && found(CANARY) == 1, "a copy put back forgets one referral of somebody, and not them");
	erase_it("referral:R1");
	ok(!has_intake("K1") && found(CANARY) == 0, "with their last one they go");
}

int
main(void)
{
	db = fixture_open();
	test_case();
	db_close(db);
	return done_testing();
}
