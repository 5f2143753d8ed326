/* SPDX-License-Identifier: Apache-2.0 */
#include "feedstore.h"
#include "rows.h"

int
feed_put(struct db *db, const char *name, int64_t at, int64_t *ret)
{
	autorows struct rows *rows = NULL;
	int r;

	if ((r = db_query(db, &rows, Q_FEED_COUNT, "t", name)) != 0 || (r = db_next(rows)) != 0)
		return r == E_NOTFOUND ? ERR_DB : r;
	if (db_int(rows, 0) >= FEED_MAX)
		return E_REFUSED;
	if ((r = db_run(db, Q_FEED_DROP, "t", name)) == 0 && (r = db_run(db, Q_FEED_PUT, "ti", name, at)) == 0)
		*ret = db_last_id(db);
	return r;
}

int
feed_part_put(struct db *db, int64_t feed, const char *source, const char *base, const char *text)
{
	return db_run(db, Q_FEED_PART_PUT, "ittt", feed, source, base, text);
}

int
feed_drop(struct db *db, const char *name)
{
	return rows_hit(db, db_run(db, Q_FEED_DROP, "t", name));
}

int
feed_forget(struct db *db, const char *source)
{
	int r = db_run(db, Q_FEED_DROP_WHOLE, "t", source);

	return r == 0 ? db_run(db, Q_FEED_DROP_PART, "t", source) : r;
}

int
feed_base(struct db *db, const char *source, char **ret)
{
	autorows struct rows *rows = NULL;
	int r;

	if ((r = db_query(db, &rows, Q_FEED_BASE, "t", source)) != 0 || (r = db_next(rows)) != 0)
		return r;
	return db_null(rows, 0) ? E_NOTFOUND : rows_dup(rows, 0, ret);
}

int
feed_parts(struct db *db, const char *name, int (*fn)(void *, const char *, const char *), void *cookie)
{
	autorows struct rows *rows = NULL;
	int r = db_query(db, &rows, Q_FEED_PARTS, "t", name);

	while (r == 0 && (r = db_next(rows)) == 0)
		r = fn(cookie, db_text(rows, 0), db_text(rows, 1));
	return r == E_NOTFOUND ? 0 : r;
}

int
feed_each(struct db *db, int (*fn)(void *, const char *, int64_t, int64_t, int64_t), void *cookie)
{
	autorows struct rows *rows = NULL;
	int r = db_query(db, &rows, Q_FEED_LIST, "");

	while (r == 0 && (r = db_next(rows)) == 0)
		r = fn(cookie, db_text(rows, 0), db_int(rows, 1), db_int(rows, 2), db_int(rows, 3));
	return r == E_NOTFOUND ? 0 : r;
}
