/* SPDX-License-Identifier: Apache-2.0 */
#include "holdstore.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "column.h"
#include "rows.h"
#include "subject.h"

void
hold_free(struct hold *h)
{
	free(h->id);
	free(h->name);
	free(h->class);
	free(h->reason);
	*h = (struct hold){ 0 };
}

int
hold_put(struct db *db, const struct hold *h)
{
	const char *whose = strncmp(h->name, "referral:", 9) == 0 ? h->name + 9 : h->name;
	autobuf struct buf sealed = { 0 };
	char who[SUBJECT_NAME];
	int r = column_seal_text(db, subject_legal(whose, who), "hold.reason", h->id, h->reason, &sealed);

	return r != 0 ? r : db_run(db, Q_HOLD_PUT, "tttiiiiib", h->id, h->name, h->class, (int64_t)h->untold, h->placed, h->review, h->until,
	    h->lifted, sealed.data, sealed.len);
}

int
hold_get(struct db *db, const char *id, struct hold *ret)
{
	autorows struct rows *rows = NULL;
	autohold struct hold h = { 0 };
	int r = db_query(db, &rows, Q_HOLD_GET, "t", id);

	if (r != 0 || (r = db_next(rows)) != 0 || (r = rows_dup(rows, 0, &h.id)) != 0 || (r = rows_dup(rows, 1, &h.name)) != 0 ||
	    (r = rows_dup(rows, 2, &h.class)) != 0 || (r = column_open_text(db, "hold.reason", id, rows, 8, &h.reason)) != 0)
		return r;
	h.untold = db_int(rows, 3) != 0;
	h.placed = db_int(rows, 4);
	h.review = db_int(rows, 5);
	h.until = db_int(rows, 6);
	h.lifted = db_int(rows, 7);
	*ret = h;
	h = (struct hold){ 0 };
	return 0;
}

struct walk {
	struct db	*db;
	int		(*fn)(void *, const struct hold *);
	void		*cookie;
};

static int
one(void *cookie, const char *id)
{
	struct walk *w = cookie;
	autohold struct hold h = { 0 };
	int r = hold_get(w->db, id, &h);

	return r != 0 ? (r == E_NOTFOUND ? 0 : r) : w->fn(w->cookie, &h);
}

int
hold_each(struct db *db, int (*fn)(void *, const struct hold *), void *cookie)
{
	struct walk w = { db, fn, cookie };
	autorows struct rows *rows = NULL;
	int r = db_query(db, &rows, Q_HOLD_LIST, "");

	return rows_each_text(rows, r, one, &w);
}

int
hold_of(struct db *db, const char *name, struct held *ret)
{
	autorows struct rows *rows = NULL;
	struct held h = { .untold = false };
	bool endless = false;
	int r = db_query(db, &rows, Q_HOLD_OF, "t", name), n = 0;

	while (r == 0 && (r = db_next(rows)) == 0) {
		int64_t until = db_int(rows, 2);

		if (n++ == 0) {
			(void)snprintf(h.class, sizeof(h.class), "%s", db_text(rows, 0) != NULL ? db_text(rows, 0) : "");
			h.untold = db_int(rows, 1) != 0;
		}
		endless |= until == 0;
		h.until = until > h.until ? until : h.until;
	}
	if (r != E_NOTFOUND || n == 0)
		return r;
	h.until = endless ? 0 : h.until;
	*ret = h;
	return 0;
}

int
hold_wanted(struct db *db, const char *id, int (*fn)(void *, const char *), void *cookie)
{
	autorows struct rows *rows = NULL;
	int r = db_query(db, &rows, Q_HOLD_WANTED, "t", id);

	return rows_each_text(rows, r, fn, cookie);
}

int
hold_cause(struct db *db, const char *name, const char *cause)
{
	return db_run(db, Q_HOLD_CAUSE, "tt", name, cause);
}

int
hold_wish(struct db *db, const char *name, char **ret_actor, char **ret_cause)
{
	autorows struct rows *rows = NULL;
	autofree char *actor = NULL;
	int r = db_query(db, &rows, Q_HOLD_WISH, "t", name);

	if (r != 0 || (r = db_next(rows)) != 0 || (r = rows_dup(rows, 0, &actor)) != 0 || (r = rows_dup(rows, 1, ret_cause)) != 0)
		return r;
	*ret_actor = take(actor);
	return 0;
}

int
hold_unwish(struct db *db, const char *name)
{
	return db_run(db, Q_HOLD_UNWISH, "t", name);
}

int
hold_release(struct db *db, const char *name)
{
	return db_run(db, Q_HOLD_RELEASE, "ti", name, world_now(db_world(db)));
}

int
hold_over(struct db *db, char **ret)
{
	autorows struct rows *rows = NULL;
	int r = db_query(db, &rows, Q_HOLD_OVER, "i", world_now(db_world(db)));

	return r != 0 || (r = db_next(rows)) != 0 ? r : rows_dup(rows, 0, ret);
}

int
hold_counts(struct db *db, int64_t *ret, int64_t *ret_due)
{
	autorows struct rows *rows = NULL;
	int r = db_query(db, &rows, Q_HOLD_COUNTS, "i", world_now(db_world(db)));

	if (r != 0 || (r = db_next(rows)) != 0)
		return r > 0 ? ERR_DB : r;
	*ret = db_int(rows, 0);
	*ret_due = db_int(rows, 1);
	return 0;
}
