/* SPDX-License-Identifier: Apache-2.0 */
#include <sqlite3.h>

#include "spoil.h"
#include "store/audit.h"
#include "store/erasure.h"
#include "store/peoplestore.h"

enum { ROWS = 5 };

static struct db *db;

static void
tampered(const char *name, const char *what, int64_t row)
{
	struct err err = { "" };
	int64_t n = 0;

	db = spoil_open(db, "SAVEPOINT x; RELEASE x;"
	    "CREATE TABLE spare AS SELECT * FROM audit; DROP TRIGGER audit_no_update;"
	    "DROP TRIGGER audit_no_delete;");
	db = spoil_open(db, what);
	is_int(audit_verify(db, &n, &err), ERR_CORRUPT, "%s is seen", name);
	is_int(n, row, "at row %lld: %s", (long long)row, err.text);
	db = spoil_open(db, "DELETE FROM audit; INSERT INTO audit SELECT * FROM spare; DROP TABLE spare;"
	    "CREATE TRIGGER audit_no_update BEFORE UPDATE ON audit BEGIN"
	    " SELECT raise(ABORT, 'x'); END;"
	    "CREATE TRIGGER audit_no_delete BEFORE DELETE ON audit WHEN old.n > coalesce((SELECT value FROM counter"
	    " WHERE name = 'audit.trimmed'), 0) BEGIN SELECT raise(ABORT, 'x'); END;");
	is_int(audit_verify(db, &n, &err), 0, "and restored it verifies");
}

struct seen {
	int	rows, erased;
	char	subject[64], detail[64];
};

static int
look(void *cookie, const struct audit_row *row)
{
	struct seen *s = cookie;

	s->rows++;
	s->erased += row->subject == NULL;
	if (s->rows == 1) {
		(void)snprintf(s->subject, sizeof(s->subject), "%s", row->subject ? row->subject : "-");
		(void)snprintf(s->detail, sizeof(s->detail), "%s", row->detail ? row->detail : "-");
	}
	return 0;
}

static void
add(const char *subject, const char *detail)
{
	must(db_begin(db, NULL));
	must(audit_add(db, 60, "operator:1000", "show", subject, detail));
	must(db_commit(db, NULL));
}

/* Of an erased subject nobody can tell whom a row was about, nor by guessing; the chain holds. */
static void
test_erased(void)
{
	struct seen before = { 0 }, after = { 0 };
	struct err err = { "" };
	int64_t n = 0;

	add("referral:R7", "sEcReT~dEtAiL");
	must(audit_each(db, 100, look, &before));
	ok(before.erased == 0 && !strcmp(before.subject, "referral:R7") && !strcmp(before.detail, "sEcReT~dEtAiL"),
	    "a row says whom it is about");
	db_close(db);
	ok(!fixture_holds("sEcReT~dEtAiL"), "which stands nowhere in clear");
	db = fixture_reopen();
	must(db_begin(db, NULL));
	must(erasure_want(db, "referral:R7", "operator:1000"));
	must(db_commit(db, NULL));
	for (bool more = true; more;) {
		more = false;
		must(db_begin(db, NULL));
		must(erasure_step(db, 100, &more));
		must(db_commit(db, NULL));
	}
	must(audit_each(db, 100, look, &after));
	ok(after.rows == before.rows && after.erased == 1 && !strcmp(after.subject, "-") && !strcmp(after.detail, "-"),
	    "after the erasure it says who did what, and not to whom");
	is_int(audit_verify(db, &n, &err), 0, "and the chain verifies");
}

/* Nobody hides whom a row is about: not as if its key were lost, nor as if they were erased with somebody who was. */
static void
test_hidden(void)
{
	struct err err = { "" };
	int64_t n = 0;

	add("referral:R9", NULL);
	is_int(audit_verify(db, &n, &err), 0, "a row is about somebody");
	tampered("a key that is not there", "UPDATE audit SET about = CAST(x'0200000000000fffff' || substr(about, 10) AS BLOB) WHERE n = 7", 7);
	tampered("an erased key", "UPDATE audit SET about = CAST(substr((SELECT about FROM spare WHERE n = 6), 1, 9) || substr(about, 10) AS BLOB) WHERE n = 7", 7);
}

/* Rows that went without the key are missed for good, whatever is added afterwards. */
static void
test_wiped(void)
{
	static const char wipe[] = "DROP TRIGGER IF EXISTS audit_no_delete; DELETE FROM audit;"
	    "DELETE FROM meta WHERE key LIKE 'audit.%'; DELETE FROM counter WHERE name LIKE 'audit.%'";
	struct err err = { "" };
	int64_t n = 0;

	db = spoil_open(db, wipe);
	is_int(audit_verify(db, &n, &err), 0, "before a node is set up it has done nothing");
	add("R10", NULL);
	add("R11", NULL);
	is_int(audit_verify(db, &n, &err), 0, "then it has");
	db = spoil_open(db, "DELETE FROM audit WHERE n = 2");
	add("R12", NULL);
	is_int(audit_verify(db, &n, &err), ERR_CORRUPT, "a chain that was cut short is not whole with another row");
	must(db_begin(db, NULL));
	must(meta_put(db, "record_seed", "00", true));
	must(db_commit(db, NULL));
	db = spoil_open(db, wipe);
	is_int(audit_verify(db, &n, &err), ERR_CORRUPT, "once it is set up an audit with nothing in it was wiped");
	add("R13", NULL);
	is_int(audit_verify(db, &n, &err), ERR_CORRUPT, "and a new one does not hide it");
}

static void
test_head(void)
{
	char head[AUDIT_HEAD], other[AUDIT_HEAD];
	struct err err = { "" };
	int64_t n = 0, gone;

	must(audit_head(db, head));
	add("R8", NULL);
	is_int(audit_has(db, head), 0, "a head that was noted elsewhere is found again");
	must(audit_head(db, other));
	is_int(audit_has(db, "99:00"), E_BAD, "one that never was is not");
	other[strlen(other) - 1] ^= 1;
	is_int(audit_has(db, other), E_BAD, "nor one with another hash");

	must(db_begin(db, NULL));
	must(audit_trim(db, 35, 2, &gone));
	is_int(gone, 2, "of what is over its term so many rows go");
	must(audit_trim(db, 35, 100, &gone));
	is_int(gone, 1, "then the rest");
	must(audit_trim(db, 35, 100, &gone));
	is_int(gone, 0, "and no more");
	must(db_commit(db, NULL));
	is_int(audit_verify(db, &n, &err), 0, "a trimmed chain verifies");
	is_int(audit_has(db, head), 0, "with the same head");
	is_int(audit_has(db, "1:00"), E_NOTFOUND, "what was trimmed cannot be looked up");
	db = spoil_open(db, "DROP TRIGGER audit_no_delete; DELETE FROM audit WHERE n = 4;");
	is_int(audit_verify(db, &n, &err), ERR_CORRUPT, "one row more than was trimmed is seen");
}

int
main(void)
{
	struct err err = { "" };
	char path[128];
	sqlite3 *other = NULL;
	int64_t n = -1;

	db = fixture_open();
	is_int(audit_verify(db, &n, &err), 0, "an empty audit verifies");
	is_int(n, 0, "no rows");
	for (int i = 1; i <= ROWS; i++) {
		must(db_begin(db, NULL));
		must(audit_add(db, i * 10, "operator:1000", "refer", "R1", i % 2 ? NULL : "detail"));
		must(db_commit(db, NULL));
	}
	is_int(audit_verify(db, &n, &err), 0, "a whole chain verifies");
	is_int(n, ROWS, "all rows");
	must(db_begin(db, NULL));
	is_int(audit_add(db, 1, "node", "\xff", "R1", NULL), E_BAD, "a row is UTF-8");
	db_rollback(db);

	(void)snprintf(path, sizeof(path), "%s/cairn.db", fixture_dir);
	(void)sqlite3_open(path, &other);
	ok(sqlite3_exec(other, "UPDATE audit SET at = 1", NULL, NULL, NULL) != SQLITE_OK,
	    "no row can be changed");
	ok(sqlite3_exec(other, "DELETE FROM audit WHERE n = 5", NULL, NULL, NULL) != SQLITE_OK,
	    "nor deleted");
	sqlite3_close(other);

	tampered("a changed time", "UPDATE audit SET at = at + 1 WHERE n = 3", 3);
	tampered("a changed actor", "UPDATE audit SET actor = 'node' WHERE n = 1", 1);
	tampered("a changed action", "UPDATE audit SET action = 'read' WHERE n = 2", 2);
	tampered("a changed commitment", "UPDATE audit SET commitment = zeroblob(32) WHERE n = 2", 2);
	tampered("a short commitment", "UPDATE audit SET commitment = x'00' WHERE n = 2", 2);
	tampered("one taken away", "UPDATE audit SET commitment = NULL, subject = 'R1' WHERE n = 2", 2);
	tampered("what another row is about", "UPDATE audit SET about = (SELECT about FROM spare WHERE n = 3) WHERE n = 5", 5);
	tampered("a changed hash", "UPDATE audit SET hash = zeroblob(32) WHERE n = 4", 4);
	tampered("a short hash", "UPDATE audit SET hash = x'00' WHERE n = 4", 4);
	tampered("a row taken out", "DELETE FROM audit WHERE n = 2", 3);
	tampered("a first row taken out", "DELETE FROM audit WHERE n = 1", 2);
	tampered("a chain cut short", "DELETE FROM audit WHERE n = 5", 5);
	tampered("an emptied audit", "DELETE FROM audit", 1);
	test_erased();
	test_hidden();
	test_head();
	test_wiped();
	db_close(db);
	return done_testing();
}
