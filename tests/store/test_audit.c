/* SPDX-License-Identifier: Apache-2.0 */
#include <sqlite3.h>

#include "spoil.h"
#include "store/audit.h"

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
	    "CREATE TRIGGER audit_no_delete BEFORE DELETE ON audit BEGIN"
	    " SELECT raise(ABORT, 'x'); END;");
	is_int(audit_verify(db, &n, &err), 0, "and restored it verifies");
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
	tampered("a changed subject", "UPDATE audit SET subject = 'R2' WHERE n = 2", 2);
	tampered("an added detail", "UPDATE audit SET detail = '' WHERE n = 5", 5);
	tampered("a changed hash", "UPDATE audit SET hash = zeroblob(32) WHERE n = 4", 4);
	tampered("a short hash", "UPDATE audit SET hash = x'00' WHERE n = 4", 4);
	tampered("a row taken out", "DELETE FROM audit WHERE n = 2", 3);
	tampered("a first row taken out", "DELETE FROM audit WHERE n = 1", 2);
	tampered("a chain cut short", "DELETE FROM audit WHERE n = 5", 5);
	tampered("an emptied audit", "DELETE FROM audit", 1);
	db_close(db);
	return done_testing();
}
