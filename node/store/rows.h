/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rows: what the stores do with db.h again and again.
 */
#ifndef CAIRN_ROWS_H
#define CAIRN_ROWS_H

#include "db.h"

/** rows_dup(rows, col, ret): a copy of the text, NULL for NULL; the caller frees.  0 or -ENOMEM. */
int	rows_dup(struct rows *, int col, char **) must_check;

/** rows_among(rows, col, first, last, ret): a number of a closed list; ERR_CORRUPT: another, which only somebody's hand can have put there. */
int	rows_among(struct rows *, int col, int first, int last, int *) must_check;

/**
 * rows_ids(rows, ret, ret_n): the first column of every row, allocated.  For
 * walks whose callback may write: each row is then read as it is by that time.
 */
int	rows_ids(struct rows *, int64_t **, size_t *) must_check;

/**
 * rows_each_text(rows, r, fn, cookie): calls ${fn} with the first column of every row, a copy, until it answers another than 0, which is
 * returned.  ${r} is what db_query said, and returned if it is not 0.
 */
int	rows_each_text(struct rows *, int r, int (*)(void *, const char *), void *) must_check;

/** rows_serial(db, name, ret): the next number of a stored series, from 1; never given twice.  rows_serial_by(db, name, by, ret): it is higher by ${by}. */
int	rows_serial(struct db *, const char *name, int64_t *) must_check;
int	rows_serial_by(struct db *, const char *name, int64_t by, int64_t *) must_check;

/** rows_hit(db, r): ${r} of a db_run that must have changed a row: 0 becomes E_NOTFOUND if none was. */
int	rows_hit(const struct db *, int r) must_check;

#endif /* !CAIRN_ROWS_H */
