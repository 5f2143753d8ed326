/* SPDX-License-Identifier: Apache-2.0 */
/*
 * db: the one SQLite connection: lock, migrations, transactions, statements.
 * db.c is the only file that includes <sqlite3.h>.  Statements are generated
 * from sql/ (queries.h: enum query_id) and all prepared at open, so a typo
 * fails the first test.
 *
 * Binding formats, one letter an argument:
 *   t  const char * (NULL binds NULL)     i  int64_t
 *   b  const void *, size_t (a blob)      n  nothing: NULL
 */
#ifndef CAIRN_DB_H
#define CAIRN_DB_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/world.h"
#include "queries.h"

struct datakey;
struct db;
struct keyring;
struct rows;

enum { DB_KEY = 32 };

/**
 * db_open(dir, kek, world, ret, reterr): open or create DIR/cairn.db and take
 * the exclusive lock DIR/cairn.lock (flock).  WAL, synchronous=FULL, foreign
 * keys, DEFENSIVE, secure_delete; runs missing migrations, each in one
 * transaction.  ${kek} unwraps the data key (made at creation), and that DIR/keys.db.  Return 0;
 * E_EXISTS if another process holds the lock; E_REFUSED if the key does not
 * open this store or its schema is newer; or negative.
 */
int	db_open(const char *dir, const uint8_t kek[DB_KEY], const struct world *,
	    struct db **, struct err *) must_check;
void	db_close(struct db *);

/* Transactions: never nested (an assert).  db_commit compares the generation
 * written at open and fails with ERR_DB if another process changed it; with
 * -ENOMEM if memory was refused for any JSON since the beginning (base/heap.h).
 * After a failed commit the transaction is rolled back. */
int	db_begin(struct db *, struct err *) must_check;
int	db_commit(struct db *, struct err *) must_check;
void	db_rollback(struct db *);
bool	db_in_tx(const struct db *);

/* One savepoint per item of a batch; not nested. */
int	db_save(struct db *) must_check;
int	db_keep(struct db *) must_check;
void	db_undo(struct db *);

/**
 * db_run(db, query, fmt, ...): a statement without rows, only inside a
 * transaction (an assert).  0; -EEXIST if a unique value is there already;
 * -ENOSPC, -ENOMEM, ERR_CORRUPT, or ERR_DB for all else.
 */
int	db_run(struct db *, enum query_id, const char *, ...) must_check;
/** db_last_id(db), db_changes(db): of the last db_run. */
int64_t	db_last_id(const struct db *);
int	db_changes(const struct db *);

/**
 * db_query(db, ret, query, fmt, ...), db_next(rows): 0 and a row, E_NOTFOUND at
 * the end, or negative.  Values are borrowed until the next db_next; a NULL
 * text or blob is NULL.  db_done(rows) always, or autorows.
 */
int	 db_query(struct db *, struct rows **, enum query_id, const char *, ...) must_check;
int	 db_next(struct rows *) must_check;
const char *db_text(struct rows *, int col);
const void *db_blob(struct rows *, int col, size_t *ret_len);
int64_t	 db_int(struct rows *, int col);
bool	 db_null(struct rows *, int col);
void	 db_done(struct rows *);
static inline void db_done_p(struct rows **r) { db_done(*r); }
#define autorows __attribute__((cleanup(db_done_p)))

/** db_error(db): the text of the last failure, for struct err. */
const char *db_error(const struct db *);
const struct world *db_world(const struct db *);
const struct datakey *db_key(const struct db *);	/* For column.c. */
struct keyring *db_ring(const struct db *);

/**
 * db_test_hook(db, fn, cookie): call ${fn} at "before-commit" and
 * "after-commit", where a test kills the process.  NULL: nothing is called.
 */
void	db_test_hook(struct db *, void (*)(void *, const char *point), void *);

/** db_clean(db): after the next commit the log is written back and cut to nothing; again after each later one until it is. */
void	db_clean(struct db *);

/**
 * A copy of the database, made while it is in use: db_copy_begin(db, path): into an empty file that is there.
 * db_copy_step(db, pages): so many pages more, outside of transactions; what is written meanwhile is in it too.  E_LATER; 0: it is
 * complete and as it is in this moment, to be synced by the caller; or negative: then there is none.  db_copy_end: no more of it.
 */
int	db_copy_begin(struct db *, const char *path) must_check;
int	db_copy_step(struct db *, int pages) must_check;
void	db_copy_end(struct db *);

/** db_check(db, reterr): PRAGMA integrity_check; 0 or ERR_CORRUPT (doctor). */
int	db_check(struct db *, struct err *) must_check;

#endif /* !CAIRN_DB_H */
