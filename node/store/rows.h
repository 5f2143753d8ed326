/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rows: what the stores do with db.h again and again.
 */
#ifndef CAIRN_ROWS_H
#define CAIRN_ROWS_H

#include "base/cleanup.h"
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

/**
 * ROWS_WALK(name, type, load, done): the walk over rows of one type, a static function
 *	name(db, rows, r, fn, cookie, ret_last)
 * that calls ${fn} with a struct ${type} for the number in the first column of each row, until it answers another than 0, which is returned.
 * ${r} is what db_query said, and returned if it is not 0.  ${fn} may write: all numbers are read first, then ${load}(db, number, ret) loads each
 * as it is by that time, and E_NOTFOUND from it passes over one that is gone; ${done}(it) frees what was loaded.  ${ret_last}, NULL if nobody
 * asks, is the last number, 0 if there is none; it is set before ${fn} is called.  A macro, because each ${fn} takes a type of its own.
 */
#define ROWS_WALK(name, type, load, done)							\
static int											\
name(struct db *db, struct rows *rows, int r, int (*fn)(void *, const struct type *), void *cookie, int64_t *ret_last) \
{												\
	autofree int64_t *numbers = NULL;							\
	size_t n = 0;										\
												\
	if (r == 0 && (r = rows_ids(rows, &numbers, &n)) == 0 && ret_last != NULL)		\
		*ret_last = n > 0 ? numbers[n - 1] : 0;						\
	for (size_t i = 0; i < n && r == 0; i++) {						\
		struct type it = { 0 };								\
												\
		if ((r = load(db, numbers[i], &it)) == 0) {					\
			r = fn(cookie, &it);							\
			done(&it);								\
		} else if (r == E_NOTFOUND)							\
			r = 0;									\
	}											\
	return r;										\
}

/** rows_serial(db, name, ret): the next number of a stored series, from 1; never given twice.  rows_serial_by(db, name, by, ret): it is higher by ${by}. */
int	rows_serial(struct db *, const char *name, int64_t *) must_check;
int	rows_serial_by(struct db *, const char *name, int64_t by, int64_t *) must_check;

/** rows_hit(db, r): ${r} of a db_run that must have changed a row: 0 becomes E_NOTFOUND if none was. */
int	rows_hit(const struct db *, int r) must_check;

#endif /* !CAIRN_ROWS_H */
