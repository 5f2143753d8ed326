/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>

#include "erasure.h"
#include "retention.h"
#include "rows.h"

static int
want(struct db *db, enum query_id q, int64_t before, int64_t most, bool *ret_more)
{
	autorows struct rows *rows = NULL;
	int r = before <= 0 ? E_NOTFOUND : db_query(db, &rows, q, "ii", before, most);

	while (r == 0 && (r = db_next(rows)) == 0) {
		autofree char *name = NULL;

		*ret_more = true;
		if ((r = rows_dup(rows, 0, &name)) == 0)
			r = erasure_want(db, name, "term");
	}
	return r == E_NOTFOUND ? 0 : r;
}

/* Rows whose subject stays. */
static int
drop(struct db *db, enum query_id q, int64_t before, int64_t most, bool *ret_more)
{
	int r = before <= 0 ? 0 : db_run(db, q, "ii", before, most);

	if (before <= 0 || r != 0 || db_changes(db) == 0)
		return r;
	*ret_more |= db_changes(db) == most;
	db_clean(db);
	return 0;
}

int
retention_step(struct db *db, const struct retention *t, int64_t most, bool *ret_more)
{
	int r;

	if ((r = want(db, Q_RETENTION_REFERRALS, t->referrals, most, ret_more)) != 0 ||
	    (r = want(db, Q_RETENTION_CASES, t->referrals, most, ret_more)) != 0 ||
	    (r = want(db, Q_RETENTION_PAIRINGS, t->referrals, most, ret_more)) != 0 ||
	    (r = want(db, Q_RETENTION_LEGAL, t->legal, most, ret_more)) != 0 ||
	    (r = want(db, Q_RETENTION_OFFERS, t->offers, most, ret_more)) != 0 ||
	    (r = want(db, Q_RETENTION_BOOK, t->book, most, ret_more)) != 0 ||
	    (r = drop(db, Q_RETENTION_OFFERS_OF, t->offers, most, ret_more)) != 0 ||
	    (r = drop(db, Q_RETENTION_MESSAGES, t->messages, most, ret_more)) != 0 ||
	    (r = drop(db, Q_RETENTION_REJECTED, t->rejected, most, ret_more)) != 0 ||
	    (r = drop(db, Q_RETENTION_TRAFFIC, t->traffic, most, ret_more)) != 0)
		return r;
	return t->names <= 0 ? 0 : db_run(db, Q_RETENTION_NAMES, "i", t->names);
}
