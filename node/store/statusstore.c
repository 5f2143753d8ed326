/* SPDX-License-Identifier: Apache-2.0 */
#include "rows.h"
#include "statusstore.h"

int
statuslist_put(struct db *db, const char *org, const char *uri, const char *id)
{
	return db_run(db, Q_STATUS_LIST_PUT, "ttt", org, uri, id);
}

int
statuslist_each(struct db *db, const char *uri, int (*fn)(void *, const char *, const char *), void *cookie)
{
	autorows struct rows *rows = NULL;
	int r = db_query(db, &rows, Q_STATUS_LIST_OF, "t", uri);

	while (r == 0 && (r = db_next(rows)) == 0)
		r = fn(cookie, db_text(rows, 0), db_text(rows, 1));
	return r == E_NOTFOUND ? 0 : r;
}

int
newest_put(struct db *db, const char *signer, const char *name, int64_t issued)
{
	return db_run(db, Q_NEWEST_PUT, "tti", signer, name, issued);
}

int
newest_get(struct db *db, const char *signer, const char *name, int64_t *ret)
{
	autorows struct rows *rows = NULL;
	int r;

	*ret = 0;
	if ((r = db_query(db, &rows, Q_NEWEST_GET, "tt", signer, name)) != 0 || (r = db_next(rows)) != 0)
		return r == E_NOTFOUND ? 0 : r;
	*ret = db_int(rows, 0);
	return 0;
}
