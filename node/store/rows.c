/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "rows.h"

int
rows_dup(struct rows *rows, int col, char **ret)
{
	const char *text;
	char *copy = NULL;

	if (!db_null(rows, col) &&
	    ((text = db_text(rows, col)) == NULL || (copy = strdup(text)) == NULL))
		return -ENOMEM;
	*ret = copy;
	return 0;
}

int
rows_among(struct rows *rows, int col, int first, int last, int *ret)
{
	int64_t n = db_int(rows, col);

	if (n < first || n > last)
		return ERR_CORRUPT;
	*ret = (int)n;
	return 0;
}

int
rows_ids(struct rows *rows, int64_t **ret, size_t *ret_n)
{
	autofree int64_t *ids = NULL;
	size_t n = 0, size = 0;
	int r;

	while ((r = db_next(rows)) == 0) {
		if (n == size) {
			size_t more = size ? size * 2 : 64;
			int64_t *grown = reallocarray(ids, more, sizeof(*ids));

			if (grown == NULL)
				return -ENOMEM;
			ids = grown;
			size = more;
		}
		ids[n++] = db_int(rows, 0);
	}
	if (r != E_NOTFOUND)
		return r;
	*ret = take(ids);
	*ret_n = n;
	return 0;
}

int
rows_each_text(struct rows *rows, int r, int (*fn)(void *, const char *), void *cookie)
{
	while (r == 0 && (r = db_next(rows)) == 0) {
		autofree char *text = NULL;

		if ((r = rows_dup(rows, 0, &text)) == 0)
			r = fn(cookie, text);
	}
	return r == E_NOTFOUND ? 0 : r;
}

int
rows_serial(struct db *db, const char *name, int64_t *ret)
{
	return rows_serial_by(db, name, 1, ret);
}

int
rows_serial_by(struct db *db, const char *name, int64_t by, int64_t *ret)
{
	autorows struct rows *rows = NULL;
	int64_t value;
	int r;

	if ((r = db_query(db, &rows, Q_COUNTER_NEXT, "ti", name, by)) != 0)
		return r;
	if ((r = db_next(rows)) != 0)
		return r > 0 ? ERR_DB : r;
	value = db_int(rows, 0);
	if ((r = db_next(rows)) != E_NOTFOUND)	/* The write is done when the statement is. */
		return r == 0 ? ERR_DB : r;
	*ret = value;
	return 0;
}

int
rows_hit(const struct db *db, int r)
{
	return r == 0 && db_changes(db) == 0 ? E_NOTFOUND : r;
}
