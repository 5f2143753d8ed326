/* SPDX-License-Identifier: Apache-2.0 */
/*
 * column: values sealed before they reach SQLite: XChaCha20-Poly1305 with a
 * random nonce; associated data = column name, row name, format version, so a
 * value cannot be moved to another row.  Blind indexes: keyed BLAKE2b-128.
 * Sub-keys for sealing and indexing are derived from the data key
 * (datakey.h).
 */
#ifndef CAIRN_COLUMN_H
#define CAIRN_COLUMN_H

#include "db.h"

enum { COLUMN_HASH = 16 };

/**
 * column_seal(db, column, row, data, len, out): append the sealed value to
 * ${out}.  ${column} is "table.column", ${row} names the row (its primary key
 * as text).  0 or a negative value of buf.h.
 */
int	column_seal(struct db *, const char *column, const char *row,
	    const void *, size_t, struct buf *) must_check;

/** column_open(db, column, row, blob, len, out): append the value; 0, ERR_CORRUPT, or buf.h's. */
int	column_open(struct db *, const char *column, const char *row,
	    const void *, size_t, struct buf *) must_check;

/**
 * The same for one text: column_seal_text leaves ${out} empty for NULL (which
 * binds as NULL); column_open_text opens column ${col} of a row, allocated,
 * NULL for NULL.  column_row: the name of a row whose key is a number.
 */
enum { COLUMN_ROW = 24 };
int	column_seal_text(struct db *, const char *column, const char *row,
	    const char *, struct buf *) must_check;
int	column_open_text(struct db *, const char *column, const char *row,
	    struct rows *, int col, char **) must_check;
const char *column_row(int64_t, char[COLUMN_ROW]);

/** column_hash(db, domain, text, out): blind index of ${text} within ${domain}. */
void	column_hash(struct db *, const char *domain, const char *, uint8_t[COLUMN_HASH]);

#endif /* !CAIRN_COLUMN_H */
