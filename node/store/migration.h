/* SPDX-License-Identifier: Apache-2.0 */
/*
 * migration: whose file it is, of which schema, and how it becomes the one that
 * this program knows: sql/schema-NNNN-*.sql in order, each in one transaction.
 */
#ifndef CAIRN_MIGRATION_H
#define CAIRN_MIGRATION_H

#include "db.h"

enum { APPLICATION_ID = 0x4361726e };	/* "Carn", in the head of a store. */

/**
 * migration_run(db, kek, ret_key, reterr): within db_open, before statements are
 * prepared.  An older store's key is opened first, so that one which is refused
 * has not been touched; a new store's key is made.  0; E_REFUSED if it is another
 * program's, its schema is newer or ${kek} does not open it; or negative.
 * The caller frees ${ret_key}, which may be set on failure too.
 */
int	migration_run(struct db *, const uint8_t kek[DB_KEY], struct datakey **, struct err *) must_check;

/* db.c, for migration.c alone: SQL that is no named statement.  0 or negative. */
int	db_script(struct db *, const char *) must_check;
/** db_number(db, text, ret): the one integer that SQLite answers to ${text}. */
int	db_number(struct db *, const char *, int64_t *) must_check;

#endif /* !CAIRN_MIGRATION_H */
