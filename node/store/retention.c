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

int
retention_step(struct db *db, const struct retention *t, int64_t most, bool *ret_more)
{
	int r = want(db, Q_RETENTION_REFERRALS, t->referrals, most, ret_more);

	if (r != 0 || (r = want(db, Q_RETENTION_LEGAL, t->legal, most, ret_more)) != 0)
		return r;
	if (t->messages > 0 && (r = db_run(db, Q_RETENTION_MESSAGES, "ii", t->messages, most)) == 0 && db_changes(db) > 0) {
		*ret_more |= db_changes(db) == most;
		db_clean(db);
	}
	return r != 0 || t->names <= 0 ? r : db_run(db, Q_RETENTION_NAMES, "i", t->names);
}
