/* SPDX-License-Identifier: Apache-2.0 */
/* Includes db.c to reach the connection: a store has one door otherwise. */
#include <fcntl.h>
#include <sys/wait.h>

#include "../../node/store/db.c"
#include "spoil.h"
#include "store/rows.h"
#include "tests/ballast.h"

static struct db *db;

static int
put(const char *name, const char *value)
{
	return db_run(db, Q_META_PUT, "tib", name, (int64_t)0, value, strlen(value));
}

static int
has(const char *name)
{
	autorows struct rows *rows = NULL;

	must(db_query(db, &rows, Q_META_GET, "t", name));
	return db_next(rows) == 0;
}

static void
test_files(void)
{
	char path[128];
	struct stat st;
	static const char *const names[] = { "cairn.db", "cairn.lock", "cairn.db-wal", "cairn.db-shm" };

	for (size_t i = 0; i < nelem(names); i++) {
		(void)snprintf(path, sizeof(path), "%s/%s", fixture_dir, names[i]);
		ok(stat(path, &st) == 0 && (st.st_mode & 07777) == 0600, "%s has mode 0600", names[i]);
	}
}

static void
test_settings(void)
{
	static const struct { const char *text; int64_t want; } settings[] = {
		{ "SELECT journal_mode = 'wal' FROM pragma_journal_mode", 1 },
		{ "PRAGMA synchronous", 2 },
		{ "PRAGMA foreign_keys", 1 },
		{ "PRAGMA secure_delete", 1 },
		{ "PRAGMA temp_store", 2 },
		{ "PRAGMA trusted_schema", 0 },
		{ "PRAGMA cell_size_check", 1 },
		{ "PRAGMA user_version", SCHEMA_VERSION },
		{ "SELECT count(*) FROM pragma_table_list WHERE schema = 'main' AND type = 'table' "
		    "AND NOT strict AND name NOT LIKE 'sqlite%'", 0 },
	};

	for (size_t i = 0; i < nelem(settings); i++) {
		int64_t value = -1;

		must(db_number(db, settings[i].text, &value));
		is_int(value, settings[i].want, "%s", settings[i].text);
	}
	ok(db_script(db, "PRAGMA writable_schema = ON; DELETE FROM sqlite_schema") != 0,
	    "the schema is defended");
	ok(db_script(db, "ATTACH ':memory:' AS other") != 0, "no other file can be attached");
}

static void
test_transactions(void)
{
	must(db_begin(db, NULL));
	ok(db_in_tx(db), "in a transaction");
	must(put("one", "1"));
	db_rollback(db);
	ok(!db_in_tx(db) && !has("one"), "a rollback leaves nothing");

	must(db_begin(db, NULL));
	must(put("one", "1"));
	must(db_save(db));
	must(put("two", "2"));
	ok(has("two"), "seen inside the savepoint");
	db_undo(db);
	must(db_save(db));
	must(put("three", "3"));
	must(db_keep(db));
	must(db_commit(db, NULL));
	ok(has("one") && !has("two") && has("three"), "an undone item leaves the others");
}

static void
test_lost_transaction(void)
{
	struct err err = { "" };

	/* SQLite rolls back by itself after some errors; here a stand-in for that. */
	must(db_begin(db, NULL));
	must(put("lost", "1"));
	must(db_script(db, "ROLLBACK"));
	is_int(put("stray", "2"), ERR_DB, "no statement outside the lost transaction");
	is_int(db_save(db), ERR_DB, "no savepoint either");
	is_int(db_commit(db, &err), ERR_DB, "its commit fails");
	ok(!db_in_tx(db) && !has("lost") && !has("stray"), "and nothing was written");

	must(db_begin(db, NULL));
	must(db_save(db));
	must(put("half", "1"));
	must(db_script(db, "RELEASE item"));
	db_undo(db);
	is_int(db_commit(db, &err), ERR_DB, "a failed undo cannot be committed");
	ok(!has("half"), "it is rolled back");
}

static void
test_statements(void)
{
	autorows struct rows *outer = NULL, *inner = NULL, *serial = NULL;
	const char *blob;
	int64_t a, b;
	size_t len;

	must(db_begin(db, NULL));
	is_int(db_run(db, Q_META_PUT, "ti", "x", (int64_t)0), ERR_DB, "too few values");
	is_int(db_run(db, Q_META_PUT, "tiq", "x", (int64_t)0, (int64_t)0), ERR_DB, "unknown format");
	is_int(db_run(db, Q_META_PUT, "tin", "x", (int64_t)0), ERR_DB, "NOT NULL is a failure");
	is_int(db_run(db, Q_META_PUT, "tit", "x", (int64_t)0, "text"), ERR_DB, "STRICT refuses a type");
	ok(strstr(db_error(db), "meta_put") != NULL, "the error names the query: %s", db_error(db));
	is_int(db_run(db, Q_PERSON_ADD, "ibb", (int64_t)5, "h", (size_t)1, "u", (size_t)1), 0, "insert");
	is_int(db_last_id(db), 5, "last id");
	is_int(db_changes(db), 1, "changes");
	is_int(db_run(db, Q_PERSON_ADD, "ibb", (int64_t)6, "h", (size_t)1, "u", (size_t)1), -EEXIST,
	    "a unique value twice");
	is_int(db_run(db, Q_MEMBER_PUT, "tit", "!r:x", (int64_t)99, "join"), ERR_DB,
	    "a foreign key is not EEXIST");

	must(put("empty", ""));
	must(put("full", "abc"));
	must(db_query(db, &outer, Q_META_GET, "t", "empty"));
	must(db_next(outer));
	blob = db_blob(outer, 1, &len);
	ok(blob != NULL && len == 0, "an empty blob is not NULL");
	must(db_query(db, &inner, Q_META_GET, "t", "full"));
	ok(inner != outer && db_next(inner) == 0, "the same query twice at once");
	blob = db_blob(inner, 1, &len);
	ok(len == 3 && memcmp(blob, "abc", 3) == 0, "with its own row");
	is_int(db_next(inner), E_NOTFOUND, "and its own end");
	is_int(db_next(outer), E_NOTFOUND, "the outer one goes on");

	must(rows_serial(db, "test", &a));
	must(rows_serial(db, "test", &b));
	ok(a == 1 && b == 2, "a series counts from 1");
	must(db_query(db, &serial, Q_COUNTER_NEXT, "ti", "test", (int64_t)1));
	db_rollback(db);
}

static void
note(void *cookie, const char *point)
{
	char *log = cookie;

	(void)strcat(log, point);
	(void)strcat(log, has("hooked") ? " yes;" : " no;");
}

static void
test_hook(void)
{
	char log[100] = "";

	db_test_hook(db, note, log);
	must(db_begin(db, NULL));
	must(put("hooked", "1"));
	must(db_commit(db, NULL));
	is_str(log, "before-commit yes;after-commit yes;", "the hook is called around a commit");
	db_test_hook(db, NULL, NULL);
}

static void
die(void *cookie, const char *point)
{
	if (!strcmp(point, cookie))
		_exit(9);
}

/* The store is closed meanwhile: only the child has it. */
static int
survives(const char *point, const char *name)
{
	int status, found;
	pid_t pid;

	(void)fflush(stdout);
	db_close(db);
	if ((pid = fork()) < 0)
		bail("fork", "failed");
	if (pid == 0) {
		char where[32];

		(void)snprintf(where, sizeof(where), "%s", point);
		db = fixture_reopen();
		db_test_hook(db, die, where);
		_exit(db_begin(db, NULL) == 0 && put(name, "1") == 0 ? db_commit(db, NULL) : 1);
	}
	if (waitpid(pid, &status, 0) != pid || WEXITSTATUS(status) != 9)
		bail("child", "did not die where it should");
	db = fixture_reopen();
	found = has(name);
	return found;
}

static void
test_generation(void)
{
	struct err err = { "" };

	must(db_begin(db, NULL));
	must(put("mine", "1"));
	must(db_commit(db, NULL));
	spoil("UPDATE meta SET value = x'00' WHERE key = 'db.generation'");
	must(db_begin(db, NULL));
	must(put("late", "1"));
	is_int(db_commit(db, &err), ERR_DB, "another opener fences this one off");
	ok(strstr(err.text, "another process") != NULL, "and is named: %s", err.text);
	ok(!has("late") && has("mine"), "what came late is rolled back");
	db_close(db);
	db = fixture_reopen();
}

static void
refused(const char *what, int want, const uint8_t kek[DB_KEY], const char *words)
{
	struct db *other = NULL;
	struct err err = { "" };
	int r = db_open(fixture_dir, kek, &fixture_world, &other, &err);

	is_int(r, want, "%s is refused", what);
	ok(other == NULL && strstr(err.text, words) != NULL, "saying: %s", err.text);
	if (r == 0)
		db_close(other);
}

static void
test_refusals(void)
{
	static const uint8_t wrong[DB_KEY] = { 1 };
	char text[64];

	refused("a second opener", E_EXISTS, fixture_kek, "another process");
	db_close(db);
	refused("a wrong key", E_REFUSED, wrong, "key");
	db = fixture_reopen();
	ok(has("mine"), "the right key still opens it");
	db_close(db);

	(void)chmod(fixture_dir, 0750);
	refused("an open directory", E_REFUSED, fixture_kek, "chmod 0700");
	(void)chmod(fixture_dir, 0700);

	(void)snprintf(text, sizeof(text), "PRAGMA user_version = %d", SCHEMA_VERSION + 1);
	spoil(text);
	refused("a newer schema", E_REFUSED, fixture_kek, "newer");
	(void)snprintf(text, sizeof(text), "PRAGMA user_version = %d", SCHEMA_VERSION);
	spoil(text);
	spoil("PRAGMA application_id = 5");
	refused("another program's database", E_REFUSED, fixture_kek, "another program");
	(void)snprintf(text, sizeof(text), "PRAGMA application_id = %d", APPLICATION_ID);
	spoil(text);
	db = fixture_reopen();
	ok(has("mine"), "and nothing of it was touched");
	db_close(db);

	spoil("CREATE TABLE spare AS SELECT * FROM meta WHERE key = 'db.key';"
	    "DELETE FROM meta WHERE key = 'db.key'");
	refused("a store without its key", ERR_CORRUPT, fixture_kek, "data key");
	spoil("INSERT INTO meta SELECT * FROM spare; DROP TABLE spare");
	db = fixture_reopen();
}

/* What a process left that did not end well is written again, byte for byte. */
static void
test_settled(void)
{
	char path[128], text[8192] = "";
	struct err err = { "" };
	struct stat before, after;
	int fd, lock = -1;

	db_close(db);
	(void)snprintf(path, sizeof(path), "%s/cairn.db-wal", fixture_dir);
	if ((fd = open(path, O_RDWR | O_CREAT | O_EXCL, 0600)) < 0 || write(fd, "left", 4) != 4 ||
	    futimens(fd, (struct timespec[2]){ { .tv_sec = 1 }, { .tv_sec = 1 } }) != 0 || fstat(fd, &before) != 0)
		bail("log", path);
	is_int(statedir_lock(fixture_dir, &lock, &err), 0, "the lock is taken");
	ok(fstat(fd, &after) == 0 && after.st_mtime != before.st_mtime && pread(fd, text, sizeof(text), 0) == 4 &&
	    !strcmp(text, "left"), "a log that was left is written again, the same");
	(void)close(fd);
	(void)unlink(path);
	(void)close(lock);
	db = fixture_reopen();
	is_str(statedir_advice(0), "", "no advice without a cause");
	ok(strstr(statedir_advice(ENOSPC), "space") != NULL && strstr(statedir_advice(EIO), "disk") != NULL &&
	    strstr(statedir_advice(EROFS), "permissions") != NULL, "advice for a full disk, a broken one, a closed one");
}

static void
put_many(const char *name, int n)
{
	static char value[3000];
	char key[32];

	memset(value, 'v', sizeof(value));
	must(db_begin(db, NULL));
	for (int i = 0; i < n; i++) {
		(void)snprintf(key, sizeof(key), "%s%d", name, i);
		must(db_run(db, Q_META_PUT, "tib", key, (int64_t)0, value, sizeof(value)));
	}
	must(db_commit(db, NULL));
}

/* An empty file for a copy. */
static void
make_empty(const char *path)
{
	int fd = open(path, O_RDWR | O_CREAT | O_TRUNC, 0600);

	if (fd < 0 || close(fd) != 0)
		bail("copy", path);
}

/* A copy made while the store is written to. */
static void
test_copy(void)
{
	char path[128], main_path[128], aside[128];
	int r, n = 0;

	(void)snprintf(path, sizeof(path), "%s/copy.db", fixture_dir);
	(void)snprintf(main_path, sizeof(main_path), "%s/cairn.db", fixture_dir);
	(void)snprintf(aside, sizeof(aside), "%s/aside.db", fixture_dir);
	ok(db_copy_begin(db, path) == ERR_DB && strstr(db_error(db), "the copy") != NULL, "no file, no copy");
	put_many("many", 300);
	make_empty(path);
	must(db_copy_begin(db, path));
	while ((r = db_copy_step(db, 4)) == E_LATER && n < 1000) {
		n++;
		if (n == 5)
			put_many("many", 20);	/* Where it was already. */
		if (n == 7)
			put_many("later", 50);
	}
	ok(r == 0 && n > 20, "a copy, in %d pieces", n);
	put_many("after", 1);
	make_empty(aside);
	must(db_copy_begin(db, aside));
	ok(db_copy_step(db, 4) == E_LATER, "another is begun");
	db_copy_end(db);
	ok(has("later49"), "and given up: the store goes on");
	db_close(db);
	must(rename(main_path, aside));
	must(rename(path, main_path));
	db = fixture_reopen();
	ok(db_check(db, NULL) == 0 && has("many299") && has("later49"), "the copy is a sound store with all that was written meanwhile");
	ok(!has("after0"), "and with nothing that came after it");
	db_close(db);
	must(rename(aside, main_path));
	db = fixture_reopen();
	ok(has("after0"), "the store itself is as it was");
}

static void
test_check(void)
{
	struct err err = { "" };
	char path[128];
	FILE *f;

	is_int(db_check(db, &err), 0, "a sound store passes the check");
	db_close(db);
	(void)snprintf(path, sizeof(path), "%s/cairn.db", fixture_dir);
	if ((f = fopen(path, "r+")) == NULL)
		bail("fopen", path);
	(void)fwrite("not a database", 1, 14, f);
	(void)fclose(f);
	refused("a damaged header", ERR_CORRUPT, fixture_kek, "database");
}

/* Where jansson left a member out for want of memory, nothing is kept of what was made meanwhile.  The limit stays. */
static void
test_missed(void)
{
	enum { LIMIT = 1 << 20, LEFT = 1500 };
	struct ballast ballast = { .n = 0 };
	json_t *lacking;
	struct err err = { "" };
	char said[LEFT + 1];

	memset(said, 'a', LEFT);
	said[LEFT] = '\0';
	must(heap_limit(LIMIT));
	ballast_take(&ballast, LEFT);
	must(db_begin(db, NULL));
	lacking = json_pack("{s:s*}", "said", said);
	ok(lacking != NULL && json_object_size(lacking) == 0, "jansson leaves out what there is no memory for");
	must(put("lacking", "something"));
	is_int(db_commit(db, &err), -ENOMEM, "then nothing is committed");
	is_str(err.text, "database: commit: out of memory", "and says why");
	json_decref(lacking);
	ballast_drop(&ballast);
	must(db_begin(db, NULL));
	ok(!has("lacking"), "it is undone");
	must(put("whole", "something"));
	is_int(db_commit(db, NULL), 0, "what needs no more than there is, is");
}

int
main(void)
{
	db = fixture_open();
	test_files();
	test_settings();
	test_transactions();
	test_lost_transaction();
	test_statements();
	test_hook();
	ok(!survives("before-commit", "early"), "killed before the commit: nothing is stored");
	ok(survives("after-commit", "durable"), "killed after the commit: all is stored");
	test_generation();
	test_refusals();
	test_settled();
	test_copy();
	test_missed();
	test_check();
	return done_testing();
}
