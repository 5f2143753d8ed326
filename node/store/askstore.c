/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>

#include "askstore.h"
#include "rows.h"

int
ask_put(struct db *db, const char *referral, const char *org, bool ours)
{
	return db_run(db, Q_ERASURE_ASK_PUT, "ttii", referral, org, (int64_t)ours, world_now(db_world(db)));
}

int
ask_answer(struct db *db, const struct ask *a)
{
	return rows_hit(db, db_run(db, Q_ERASURE_ASK_ANSWER, "ttitii", a->referral, a->org, (int64_t)a->ours, a->answer,
	    a->until, world_now(db_world(db))));
}

int
ask_each(struct db *db, const char *referral, int (*fn)(void *, const struct ask *), void *cookie)
{
	autorows struct rows *rows = NULL;
	int r = db_query(db, &rows, Q_ERASURE_ASK_LIST, "t", referral);

	while (r == 0 && (r = db_next(rows)) == 0) {
		autofree char *id = NULL, *org = NULL, *answer = NULL;
		struct ask a = { .ours = db_int(rows, 2) != 0, .at = db_int(rows, 3), .until = db_int(rows, 5),
		    .answered = db_int(rows, 6) };

		if ((r = rows_dup(rows, 0, &id)) == 0 && (r = rows_dup(rows, 1, &org)) == 0 &&
		    (r = rows_dup(rows, 4, &answer)) == 0) {
			a.referral = id;
			a.org = org;
			a.answer = answer;
			r = fn(cookie, &a);
		}
	}
	return r == E_NOTFOUND ? 0 : r;
}

static int
count(struct rows *const *rows, int r, int64_t *ret)
{
	if (r != 0 || (r = db_next(*rows)) != 0)
		return r > 0 ? ERR_DB : r;
	*ret = db_int(*rows, 0);
	return 0;
}

int
ask_counts(struct db *db, int64_t before, int64_t *ret_silent, int64_t *ret_wanted)
{
	autorows struct rows *silent = NULL, *wanted = NULL;
	int r = count(&silent, db_query(db, &silent, Q_ERASURE_ASK_OPEN, "i", before), ret_silent);

	return r != 0 ? r : count(&wanted, db_query(db, &wanted, Q_ERASURE_ASK_WANTED, ""), ret_wanted);
}
