/* SPDX-License-Identifier: Apache-2.0 */
#include "capacitystore.h"
#include "rows.h"

int
capacity_ask(struct db *db, const char *org, const char *inquiry, const char *after, int64_t at)
{
	return db_run(db, Q_CAPACITY_ASK, "ttti", org, inquiry, after, at);
}

int
capacity_asked(struct db *db, const char *org, char **ret_inquiry, char **ret_after, int64_t *ret_at)
{
	autorows struct rows *rows = NULL;
	autofree char *inquiry = NULL;
	int r;

	if ((r = db_query(db, &rows, Q_CAPACITY_ASKED, "t", org)) != 0 || (r = db_next(rows)) != 0 ||
	    (r = rows_dup(rows, 0, &inquiry)) != 0 || (r = rows_dup(rows, 1, ret_after)) != 0)
		return r;
	*ret_inquiry = take(inquiry);
	*ret_at = db_int(rows, 2);
	return 0;
}

int
capacity_put(struct db *db, const char *org, const char *record, const char *said, int64_t at)
{
	return db_run(db, Q_CAPACITY_PUT, "ttti", org, record, said, at);
}

int
capacity_get(struct db *db, const char *org, const char *record, char **ret_said, int64_t *ret_at)
{
	autorows struct rows *rows = NULL;
	int r;

	if ((r = db_query(db, &rows, Q_CAPACITY_GET, "tt", org, record)) != 0 || (r = db_next(rows)) != 0 ||
	    (r = rows_dup(rows, 0, ret_said)) != 0)
		return r;
	*ret_at = db_int(rows, 1);
	return 0;
}

int
capacity_each(struct db *db, int (*fn)(void *, const char *, const char *, const char *, int64_t), void *cookie)
{
	autorows struct rows *rows = NULL;
	int r = db_query(db, &rows, Q_CAPACITY_LIST, "");

	while (r == 0 && (r = db_next(rows)) == 0)
		r = fn(cookie, db_text(rows, 0), db_text(rows, 1), db_text(rows, 2), db_int(rows, 3));
	return r == E_NOTFOUND ? 0 : r;
}

int
capacity_count(struct db *db, const char *org, int64_t *ret)
{
	autorows struct rows *rows = NULL;
	int r;

	if ((r = db_query(db, &rows, Q_CAPACITY_COUNT, "t", org)) != 0 || (r = db_next(rows)) != 0)
		return r > 0 ? ERR_DB : r;
	*ret = db_int(rows, 0);
	return 0;
}

int
capacity_drop(struct db *db, const char *org)
{
	return db_run(db, Q_CAPACITY_DROP, "t", org);
}
