/* SPDX-License-Identifier: Apache-2.0 */
/*
 * column: values sealed before they reach SQLite: XChaCha20-Poly1305 with a
 * random nonce; associated data = column name, row name, format and slot, so a
 * value cannot be moved to another row.  What belongs to a subject is sealed under
 * its key (subject.h) and names the slot, so whoever opens it need not know whose it is;
 * all else under a key derived from the data key (datakey.h), as are
 * blind indexes: keyed BLAKE2b-128.
 */
#ifndef CAIRN_COLUMN_H
#define CAIRN_COLUMN_H

#include "db.h"

enum { COLUMN_HASH = 16 };

/**
 * column_seal(db, subject, column, row, data, len, out): append the sealed value to
 * ${out}.  ${subject} as in subject.h; NULL: the store's own; its first needs a transaction.  ${column} is
 * "table.column", ${row} names the row (its primary key as text).  What moves is in view sealed (schema-0004-subject.sql), the rows of
 * other subjects in the lists of erasure.c.
 * 0 or negative.
 */
int	column_seal(struct db *, const char *subject, const char *column, const char *row,
	    const void *, size_t, struct buf *) must_check;

/** column_open(db, column, row, blob, len, out): append the value; 0; E_NOTFOUND if its subject was erased; ERR_CORRUPT or negative. */
int	column_open(struct db *, const char *column, const char *row,
	    const void *, size_t, struct buf *) must_check;

/** column_slot(blob, len, ret): the slot of keys.db that its key is in; 0: the store's own.  0, or ERR_CORRUPT if it is no sealed value. */
int	column_slot(const void *, size_t, int64_t *) must_check;

/** column_is(db, subject, blob, len): is it sealed under the key that ${subject} has now? */
bool	column_is(struct db *, const char *subject, const void *, size_t);

/**
 * The same for one text: column_seal_text leaves ${out} empty for NULL (which
 * binds as NULL); column_open_text opens column ${col} of a row, allocated,
 * NULL for NULL.  column_row: the name of a row whose key is a number.
 */
enum { COLUMN_ROW = 24 };
int	column_seal_text(struct db *, const char *subject, const char *column, const char *row,
	    const char *, struct buf *) must_check;
int	column_open_text(struct db *, const char *column, const char *row,
	    struct rows *, int col, char **) must_check;
const char *column_row(int64_t, char[COLUMN_ROW]);

/** column_hash(db, domain, text, out): blind index of ${text} within ${domain}. */
void	column_hash(struct db *, const char *domain, const char *, uint8_t[COLUMN_HASH]);

#endif /* !CAIRN_COLUMN_H */
