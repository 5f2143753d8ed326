/* SPDX-License-Identifier: Apache-2.0 */
#include <stdint.h>
#include <stdlib.h>

#include "column.h"
#include "gapstore.h"
#include "rows.h"
#include "subject.h"

void
gap_free(struct gap *g)
{
	free(g->room_id);
	free(g->token);
	free(g->until);
	*g = (struct gap){ 0 };
}

/* The first number of a query's one row; ${r}: what db_query said.  0, E_NOTFOUND. */
static int
number(struct rows *const *rows, int r, int64_t *ret)
{
	if (r != 0 || (r = db_next(*rows)) != 0)
		return r;
	*ret = db_int(*rows, 0);
	return 0;
}

static int
is_full(struct db *db, const char *room_id)
{
	autorows struct rows *rows = NULL;
	int64_t n;
	int r = number(&rows, db_query(db, &rows, Q_GAP_COUNT_WAITING, "t", room_id), &n);

	return r != 0 ? r > 0 ? ERR_DB : r : n >= GAP_WAIT_MAX ? E_REFUSED : 0;
}

int
gap_add(struct db *db, const struct gap *g)
{
	int64_t n;
	int r = g->state == GAP_WAITS ? is_full(db, g->room_id) : 0;

	if (r != 0 || (r = rows_serial(db, "gap", &n)) != 0)
		return r;
	return db_run(db, Q_GAP_ADD, "itittiii", n, g->room_id, (int64_t)g->state, g->token, g->until,
	    g->most, g->cut, g->at);
}

int
gap_get(struct db *db, int64_t n, struct gap *ret)
{
	autorows struct rows *rows = NULL;
	struct gap g = { .n = n };
	int r;

	if ((r = db_query(db, &rows, Q_GAP_AT, "i", n)) != 0 || (r = db_next(rows)) != 0)
		return r;
	if ((r = rows_dup(rows, 1, &g.room_id)) != 0 || (r = rows_dup(rows, 3, &g.token)) != 0 ||
	    (r = rows_dup(rows, 4, &g.until)) != 0) {
		gap_free(&g);
		return r;
	}
	g.state = (enum gap_state)db_int(rows, 2);
	g.most = db_int(rows, 5);
	g.asked = db_int(rows, 6);
	g.bytes = db_int(rows, 7);
	g.cut = db_int(rows, 8);
	g.at = db_int(rows, 9);
	g.held = db_int(rows, 10);
	g.due = db_int(rows, 11);
	*ret = g;
	return 0;
}

int
gap_put(struct db *db, const struct gap *g)
{
	return rows_hit(db, db_run(db, Q_GAP_PUT, "iitiiiiii", g->n, (int64_t)g->state, g->token, g->most,
	    g->asked, g->bytes, g->cut, g->held, g->due));
}

int
gap_over(struct db *db, struct gap *g)
{
	int r;

	if (!g->cut)
		return rows_hit(db, db_run(db, Q_GAP_DROP, "i", g->n));
	g->state = GAP_OVER;
	r = gap_put(db, g);
	return r != 0 ? r : db_run(db, Q_GAP_DROP_OVER, "ti", g->room_id, g->n);
}

int
gap_waiting(struct db *db, int64_t *ret)
{
	autorows struct rows *rows = NULL;

	return number(&rows, db_query(db, &rows, Q_GAP_WAITING, ""), ret);
}

int
gap_judging(struct db *db, int64_t now, int64_t *ret)
{
	autorows struct rows *rows = NULL;

	return number(&rows, db_query(db, &rows, Q_GAP_JUDGING, "i", now), ret);
}

int64_t
gap_next_due(struct db *db)
{
	autorows struct rows *rows = NULL;

	/* After a failure the next turn meets it where it can be returned. */
	if (db_query(db, &rows, Q_GAP_NEXT_DUE, "") != 0 || db_next(rows) != 0)
		return 0;
	return db_null(rows, 0) ? INT64_MAX : db_int(rows, 0);
}

int
gap_kept(struct db *db, int64_t *ret)
{
	autorows struct rows *rows = NULL;
	int r = number(&rows, db_query(db, &rows, Q_GAP_KEPT, ""), ret);

	return r > 0 ? ERR_DB : r;
}

int
gap_cuts(struct db *db, int64_t *ret)
{
	autorows struct rows *rows = NULL;
	int r = number(&rows, db_query(db, &rows, Q_GAP_COUNT_CUT, ""), ret);

	return r > 0 ? ERR_DB : r;
}

int
gap_late(struct db *db, int64_t before, int64_t *ret)
{
	autorows struct rows *rows = NULL;
	int r = number(&rows, db_query(db, &rows, Q_GAP_COUNT_LATE, "i", before), ret);

	return r > 0 ? ERR_DB : r;
}

int
gap_forget(struct db *db, int64_t before)
{
	return db_run(db, Q_GAP_FORGET_CUT, "i", before);
}

int
gap_event_add(struct db *db, int64_t n, const char *raw)
{
	autobuf struct buf sealed = { 0 };
	char row[COLUMN_ROW];
	int64_t id;
	int r;

	if ((r = rows_serial(db, "gap_event", &id)) != 0 ||
	    (r = column_seal_text(db, SUBJECT_MOVING, "gap_event.raw", column_row(id, row), raw, &sealed)) != 0)
		return r;
	return db_run(db, Q_GAP_EVENT_ADD, "iib", id, n, sealed.data, sealed.len);
}

int
gap_events(struct db *db, int64_t n, int64_t limit, int64_t **ret, size_t *ret_n)
{
	autorows struct rows *rows = NULL;
	int r;

	if ((r = db_query(db, &rows, Q_GAP_EVENT_LIST, "ii", n, limit)) != 0)
		return r;
	return rows_ids(rows, ret, ret_n);
}

int
gap_event(struct db *db, int64_t id, char **ret)
{
	autorows struct rows *rows = NULL;
	char row[COLUMN_ROW];
	int r;

	if ((r = db_query(db, &rows, Q_GAP_EVENT_AT, "i", id)) != 0 || (r = db_next(rows)) != 0)
		return r > 0 ? ERR_DB : r;
	return column_open_text(db, "gap_event.raw", column_row(id, row), rows, 0, ret);
}

int
gap_event_drop(struct db *db, int64_t id)
{
	return db_run(db, Q_GAP_EVENT_DROP, "i", id);
}
