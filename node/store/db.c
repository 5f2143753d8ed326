/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The order at open: lock, connection, key, migrations, statements, and last
 * the generation, so that a store that is refused has not been touched.
 */
#include <assert.h>
#include <errno.h>
#include <sodium.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/heap.h"
#include "datakey.h"
#include "db.h"
#include "erasure.h"
#include "generation.h"
#include "keyring.h"
#include "migration.h"
#include "reading.h"
#include "statedir.h"
#include "subject.h"

enum { BUSY_MS = 1000 };	/* For others' short locks. */

struct rows {
	struct db	*db;
	sqlite3_stmt	*stmt;
	enum query_id	 query;
	bool		 busy;
	bool		 extra;		/* Made because the prepared one was busy. */
};

struct db {
	sqlite3		*sql, *copy;
	sqlite3_backup	*copying;
	struct world	 world;
	struct datakey	*key;
	struct keyring	*ring;
	int		 lock;
	bool		 opened, tx, saved;
	bool		 clean;		/* The log is to be emptied. */
	bool		 reading;	/* reading.h */
	bool		 broken;	/* An undo failed: this transaction must not commit. */
	unsigned long	 missed;	/* What heap_missed() said when it began. */
	int64_t		 last_id;
	int		 changes;
	uint8_t		 generation[GENERATION];
	void		(*hook)(void *, const char *);
	void		*hook_cookie;
	char		*path;
	char		 error[512];
	struct rows	 rows[Q_COUNT];
};

/* Remember what SQLite says and name the failure as err.h does. */
static int
fail(struct db *db, const char *what, int code)
{
	int primary = code & 0xff, cause = primary == SQLITE_FULL ? ENOSPC : primary == SQLITE_IOERR ? EIO :
	    primary == SQLITE_CANTOPEN || primary == SQLITE_READONLY || primary == SQLITE_PERM ? EACCES : 0;

	if (cause != 0 && sqlite3_system_errno(db->sql) == ENOSPC)
		cause = ENOSPC;
	(void)snprintf(db->error, sizeof(db->error), "%s: %s: %s%s", db->path, what,
	    cause == ENOSPC ? strerror(cause) : sqlite3_errmsg(db->sql), statedir_advice(cause));
	if (primary == SQLITE_NOMEM || cause == ENOSPC)
		return primary == SQLITE_NOMEM ? -ENOMEM : -ENOSPC;
	if (primary == SQLITE_CORRUPT || primary == SQLITE_NOTADB)
		return ERR_CORRUPT;
	if (code == SQLITE_CONSTRAINT_UNIQUE || code == SQLITE_CONSTRAINT_PRIMARYKEY ||
	    code == SQLITE_CONSTRAINT_ROWID)
		return -EEXIST;
	return ERR_DB;
}

static int
complain(struct db *db, int code, const char *what, const char *why)
{
	(void)snprintf(db->error, sizeof(db->error), "%s: %s", what, why);
	return code;
}

int
db_blame(struct db *db, int r)
{
	if (r >= 0)
		return r;
	(void)snprintf(db->error, sizeof(db->error), "%.*skeys.db: %s%s", (int)(strlen(db->path) - strlen("cairn.db")),
	    db->path, err_name(r), statedir_advice(-r));
	return r == -ENOMEM || r == -ENOSPC ? r : ERR_DB;
}

int
db_script(struct db *db, const char *text)
{
	int code = sqlite3_exec(db->sql, text, NULL, NULL, NULL);

	return code == SQLITE_OK ? 0 : fail(db, "open", code);
}

static int
prepare(struct db *db, enum query_id q, sqlite3_stmt **ret)
{
	int code = sqlite3_prepare_v3(db->sql, query_text[q], -1, SQLITE_PREPARE_PERSISTENT, ret, NULL);

	return code == SQLITE_OK ? 0 : fail(db, query_name[q], code);
}

/* Each statement is made once, db_open() makes all. */
static int
prepare_kept(struct db *db, enum query_id q)
{
	return db->rows[q].stmt != NULL ? 0 : prepare(db, q, &db->rows[q].stmt);
}

/* ${copy}: the values may be gone before the rows are read. */
static int
bind(struct rows *rows, bool copy, const char *fmt, va_list ap)
{
	sqlite3_destructor_type how = copy ? SQLITE_TRANSIENT : SQLITE_STATIC;

	int code = SQLITE_OK, n = (int)strlen(fmt);

	if (n != sqlite3_bind_parameter_count(rows->stmt))
		return complain(rows->db, ERR_DB, query_name[rows->query], "wrong number of values");
	for (int i = 1; i <= n && code == SQLITE_OK; i++) {
		const void *data;

		switch (fmt[i - 1]) {
		case 't':
			data = va_arg(ap, const char *);
			code = sqlite3_bind_text(rows->stmt, i, data, -1, how);
			break;
		case 'i':
			code = sqlite3_bind_int64(rows->stmt, i, va_arg(ap, int64_t));
			break;
		case 'b':
			data = va_arg(ap, const void *);
			code = sqlite3_bind_blob64(rows->stmt, i, data, va_arg(ap, size_t), how);
			break;
		case 'n':
			code = sqlite3_bind_null(rows->stmt, i);
			break;
		default:
			return complain(rows->db, ERR_DB, query_name[rows->query], "bad format");
		}
	}
	return code == SQLITE_OK ? 0 : fail(rows->db, query_name[rows->query], code);
}

/* Take the prepared statement, or another copy while a walk holds that one. */
static int
start(struct db *db, struct rows **ret, enum query_id q, bool copy, const char *fmt, va_list ap)
{
	struct rows *rows = &db->rows[q];
	int r;

	if (rows->busy) {
		if ((rows = calloc(1, sizeof(*rows))) == NULL)
			return -ENOMEM;
		rows->extra = true;
		r = prepare(db, q, &rows->stmt);
	} else
		r = prepare_kept(db, q);
	if (r != 0) {
		if (rows->extra)
			free(rows);
		return r;
	}
	rows->db = db;
	rows->query = q;
	rows->busy = true;

	/* SQLite ends a transaction by itself after some failures; a statement
	 * after that would be one of its own. */
	if (!sqlite3_stmt_readonly(rows->stmt)) {
		assert(db->tx);
		if (db->reading || sqlite3_get_autocommit(db->sql)) {
			db_done(rows);
			(void)complain(db, ERR_DB, query_name[q], db->reading ? "this transaction only reads" : "the transaction was rolled back");
			return db->reading ? -EROFS : ERR_DB;
		}
	}
	if ((r = bind(rows, copy, fmt, ap)) != 0) {
		db_done(rows);
		return r;
	}
	*ret = rows;
	return 0;
}

int
db_query(struct db *db, struct rows **ret, enum query_id q, const char *fmt, ...)
{
	va_list ap;
	int r;

	va_start(ap, fmt);
	r = start(db, ret, q, true, fmt, ap);
	va_end(ap);
	return r;
}

int
db_next(struct rows *rows)
{
	int code = sqlite3_step(rows->stmt);

	if (code == SQLITE_ROW)
		return 0;
	return code == SQLITE_DONE ? E_NOTFOUND : fail(rows->db, query_name[rows->query], code);
}

void
db_done(struct rows *rows)
{
	if (rows == NULL)
		return;
	if (rows->extra) {
		(void)sqlite3_finalize(rows->stmt);
		free(rows);
		return;
	}
	(void)sqlite3_reset(rows->stmt);
	(void)sqlite3_clear_bindings(rows->stmt);
	rows->busy = false;
}

int
db_run(struct db *db, enum query_id q, const char *fmt, ...)
{
	autorows struct rows *rows = NULL;
	va_list ap;
	int r;

	va_start(ap, fmt);
	r = start(db, &rows, q, false, fmt, ap);
	va_end(ap);
	if (r != 0)
		return r;
	if ((r = db_next(rows)) == 0)
		return complain(db, ERR_DB, query_name[q], "returned a row");
	if (r != E_NOTFOUND)
		return r;
	db->last_id = sqlite3_last_insert_rowid(db->sql);
	db->changes = sqlite3_changes(db->sql);
	return 0;
}

int64_t
db_last_id(const struct db *db)
{
	return db->last_id;
}

int
db_changes(const struct db *db)
{
	return db->changes;
}

const char *
db_text(struct rows *rows, int col)
{
	return (const char *)sqlite3_column_text(rows->stmt, col);
}

const void *
db_blob(struct rows *rows, int col, size_t *ret_len)
{
	const void *data = sqlite3_column_blob(rows->stmt, col);

	*ret_len = (size_t)sqlite3_column_bytes(rows->stmt, col);
	return data == NULL && !db_null(rows, col) ? "" : data;	/* Empty is not NULL. */
}

int64_t
db_int(struct rows *rows, int col)
{
	return sqlite3_column_int64(rows->stmt, col);
}

bool
db_null(struct rows *rows, int col)
{
	return sqlite3_column_type(rows->stmt, col) == SQLITE_NULL;
}

/* BEGIN, COMMIT and their kind: no values, no rows. */
static int
control(struct db *db, enum query_id q)
{
	int code, r;

	if ((r = prepare_kept(db, q)) != 0)
		return r;
	code = sqlite3_step(db->rows[q].stmt);
	r = code == SQLITE_DONE ? 0 : fail(db, query_name[q], code);
	(void)sqlite3_reset(db->rows[q].stmt);
	return r;
}

int
db_begin(struct db *db, struct err *reterr)
{
	int r;

	assert(!db->tx);
	*db->error = '\0';
	if ((r = control(db, Q_DB_BEGIN)) != 0)
		return err_set(reterr, r, "database: %s", db->error);
	db->tx = true;
	db->saved = db->broken = db->reading = false;
	db->missed = heap_missed();
	return 0;
}

void
db_rollback(struct db *db)
{
	assert(db->tx);
	if (!sqlite3_get_autocommit(db->sql))
		(void)control(db, Q_DB_ROLLBACK);
	db->tx = db->saved = false;
}

int
db_commit(struct db *db, struct err *reterr)
{
	int64_t busy;
	int r = 0;

	assert(db->tx && !db->saved);
	if (db->broken || sqlite3_get_autocommit(db->sql))
		r = complain(db, ERR_DB, "commit", "the transaction was rolled back");
	else if (heap_missed() != db->missed)	/* Something may lack a member. */
		r = complain(db, -ENOMEM, "commit", "out of memory");
	else if (db->opened && (r = generation_check(db, db->generation)) > 0)
		r = complain(db, ERR_DB, "generation", "another process has opened this store");
	if (r == 0) {
		if (db->hook != NULL)
			db->hook(db->hook_cookie, "before-commit");
		if (db->ring == NULL || (r = keyring_sync(db->ring)) == 0)
			r = control(db, Q_DB_COMMIT);
		else
			r = db_blame(db, r);
	}
	if (r != 0) {
		(void)err_set(reterr, r, "database: %s", db->error);
		db_rollback(db);
		return r;
	}
	db->tx = false;
	if (db->hook != NULL)
		db->hook(db->hook_cookie, "after-commit");
	if (db->clean)
		db->clean = db_number(db, "PRAGMA wal_checkpoint(TRUNCATE)", &busy) != 0 || busy != 0;
	return 0;
}

bool
db_reading(struct db *db, bool on)
{
	bool before = db->reading;

	assert(db->tx);
	db->reading = on;
	return before;
}

bool
db_in_tx(const struct db *db)
{
	return db->tx;
}

int
db_save(struct db *db)
{
	int r;

	assert(db->tx && !db->saved);
	if (sqlite3_get_autocommit(db->sql))
		return complain(db, ERR_DB, "savepoint", "the transaction was rolled back");
	db->saved = (r = control(db, Q_DB_SAVE)) == 0;
	return r;
}

int
db_keep(struct db *db)
{
	int r;

	assert(db->saved);
	db->saved = (r = control(db, Q_DB_KEEP)) != 0;
	return r;
}

void
db_undo(struct db *db)
{
	assert(db->saved);
	if (control(db, Q_DB_UNDO) != 0 || control(db, Q_DB_KEEP) != 0)
		db->broken = true;
	db->saved = false;
}

void
db_test_hook(struct db *db, void (*fn)(void *, const char *), void *cookie)
{
	db->hook = fn;
	db->hook_cookie = cookie;
}

const char *
db_error(const struct db *db)
{
	return db->error;
}

const struct world *
db_world(const struct db *db)
{
	return &db->world;
}

const struct datakey *
db_key(const struct db *db)
{
	return db->key;
}

struct keyring *
db_ring(const struct db *db)
{
	return db->ring;
}

void
db_clean(struct db *db)
{
	db->clean = true;
}

/* What of the copy went wrong is its own affair. */
static int
copy_failed(struct db *db, int code)
{
	(void)snprintf(db->error, sizeof(db->error), "the copy: %s", sqlite3_errstr(code));
	db_copy_end(db);
	return (code & 0xff) == SQLITE_NOMEM ? -ENOMEM : (code & 0xff) == SQLITE_FULL ? -ENOSPC : ERR_DB;
}

int
db_copy_begin(struct db *db, const char *path)
{
	int code = sqlite3_open_v2(path, &db->copy, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE, NULL);

	if (code == SQLITE_OK)
		code = sqlite3_exec(db->copy, "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF", NULL, NULL, NULL);
	if (code == SQLITE_OK && (db->copying = sqlite3_backup_init(db->copy, "main", db->sql, "main")) == NULL)
		code = sqlite3_errcode(db->copy);
	return code == SQLITE_OK ? 0 : copy_failed(db, code);
}

int
db_copy_step(struct db *db, int pages)
{
	int code = sqlite3_backup_step(db->copying, pages);

	assert(!db->tx);
	if (code == SQLITE_OK || (code & 0xff) == SQLITE_BUSY || (code & 0xff) == SQLITE_LOCKED)
		return E_LATER;
	if (code != SQLITE_DONE)
		return copy_failed(db, code);
	db_copy_end(db);
	return 0;
}

void
db_copy_end(struct db *db)
{
	(void)sqlite3_backup_finish(db->copying);	/* Takes NULL; said what it had to say. */
	(void)sqlite3_close_v2(db->copy);
	db->copying = NULL;
	db->copy = NULL;
}

static int
configure(struct db *db, struct err *reterr)
{
	static const struct { int option, value; } options[] = {
		{ SQLITE_DBCONFIG_DEFENSIVE, 1 },
		{ SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 0 },
		{ SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0 },
		{ SQLITE_DBCONFIG_DQS_DDL, 0 },
		{ SQLITE_DBCONFIG_DQS_DML, 0 },
	};
	int code, r;

	if (!sqlite3_compileoption_used("ENABLE_FTS5"))
		return err_set(reterr, E_REFUSED, "this SQLite was built without FTS5");
	for (size_t i = 0; i < nelem(options); i++)
		if ((code = sqlite3_db_config(db->sql, options[i].option, options[i].value,
		    NULL)) != SQLITE_OK)
			return err_set(reterr, fail(db, "options", code), "database: options");
	(void)sqlite3_limit(db->sql, SQLITE_LIMIT_ATTACHED, 0);
	(void)sqlite3_busy_timeout(db->sql, BUSY_MS);
	if ((r = db_script(db, "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;"
	    "PRAGMA foreign_keys = ON; PRAGMA secure_delete = ON; PRAGMA temp_store = MEMORY;"
	    "PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON;")) != 0)
		return err_set(reterr, r, "database: %s", db->error);
	return 0;
}

int
db_number(struct db *db, const char *text, int64_t *ret)
{
	sqlite3_stmt *stmt = NULL;
	int code = sqlite3_prepare_v2(db->sql, text, -1, &stmt, NULL);

	if (code == SQLITE_OK && (code = sqlite3_step(stmt)) == SQLITE_ROW)
		*ret = sqlite3_column_int64(stmt, 0);
	(void)sqlite3_finalize(stmt);
	return code == SQLITE_ROW ? 0 : fail(db, "open", code);
}

static int
setup(struct db *db, const char *dir, const uint8_t kek[DB_KEY], struct err *reterr)
{
	int r;

	if ((r = configure(db, reterr)) != 0 || (r = migration_run(db, kek, &db->key, reterr)) != 0)
		return r;
	for (unsigned q = 0; q < Q_COUNT; q++)
		if ((r = prepare_kept(db, q)) != 0)
			return err_set(reterr, r, "database: %s", db->error);
	if ((r = db_begin(db, reterr)) != 0 || (r = subject_open(db, dir, &db->ring, reterr)) != 0)
		return r;
	db->clean = true;	/* What an erasure left there when the power failed. */
	if ((r = erasure_open(db)) != 0 || (r = generation_take(db, db->generation)) != 0)
		return err_set(reterr, r, "database: %s", db->error);
	if ((r = db_commit(db, reterr)) == 0)
		db->opened = true;
	return r;
}

int
db_open(const char *dir, const uint8_t kek[DB_KEY], const struct world *world, struct db **ret, struct err *reterr)
{
	struct db *db;
	int code, r;

	if (sodium_init() < 0)
		return err_set(reterr, ERR_CRYPTO, "libsodium does not start");
	if ((db = calloc(1, sizeof(*db))) == NULL)
		return -ENOMEM;
	db->world = *world;
	db->lock = -1;
	r = -ENOMEM;
	if (asprintf(&db->path, "%s/cairn.db", dir) < 0)
		db->path = NULL;
	if (db->path == NULL || (r = statedir_lock(dir, &db->lock, reterr)) != 0)
		goto fail;
	if ((code = sqlite3_open_v2(db->path, &db->sql, SQLITE_OPEN_READWRITE |
	    SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE, NULL)) != SQLITE_OK) {
		r = db->sql ? fail(db, "open", code) : -ENOMEM;
		(void)err_set(reterr, r, "database: %s", db->error);
		goto fail;
	}
	if ((r = setup(db, dir, kek, reterr)) != 0)
		goto fail;
	*ret = db;
	return 0;
fail:
	db_close(db);
	return r;
}

void
db_close(struct db *db)
{
	if (db == NULL)
		return;
	if (db->tx)
		db_rollback(db);
	for (unsigned q = 0; q < Q_COUNT; q++)
		(void)sqlite3_finalize(db->rows[q].stmt);
	db_copy_end(db);
	(void)sqlite3_close_v2(db->sql);
	keyring_close(db->ring);
	datakey_free(db->key);
	if (db->lock >= 0)
		(void)close(db->lock);
	free(db->path);
	free(db);
}
