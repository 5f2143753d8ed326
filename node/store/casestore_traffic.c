/* SPDX-License-Identifier: Apache-2.0 */
/* What goes to a partner and its acknowledgement; what came, by number. */
#include <errno.h>
#include <string.h>

#include "casestore.h"
#include "column.h"
#include "rows.h"
#include "subject.h"

void
traffic_free(struct traffic *t)
{
	free(t->content_id);
	free(t->org);
	free(t->referral);
	free(t->type);
	free(t->content);
	*t = (struct traffic){ 0 };
}

void
traffic_list_free(struct traffic *list, size_t n)
{
	for (size_t i = 0; i < n; i++)
		traffic_free(&list[i]);
	free(list);
}

int
traffic_seq(struct db *db, const char *org, int64_t by, int64_t *ret)
{
	autobuf struct buf name = { 0 };
	int r;

	if ((r = buf_printf(&name, "traffic %s", org)) != 0)
		return r;
	return rows_serial_by(db, name.data, by, ret);
}

int
traffic_put(struct db *db, const struct traffic *t)
{
	autobuf struct buf sealed = { 0 };
	char who[SUBJECT_NAME];
	int r;

	/* What is acknowledged need not be kept to be sent again. */
	if (t->acked_at == 0 &&
	    (r = column_seal_text(db, subject_referral(t->referral, who), "traffic.content", t->content_id, t->content, &sealed)) != 0)
		return r;
	return db_run(db, Q_TRAFFIC_PUT, "ttttibiiiii", t->content_id, t->org, t->referral, t->type,
	    t->seq, sealed.data, sealed.len, t->sent_at, t->acked_at, t->resend_at, t->tries,
	    t->refused);
}

static int
read_row(struct db *db, struct rows *rows, struct traffic *ret)
{
	struct traffic t = { 0 };
	int r;

	if ((r = rows_dup(rows, 0, &t.content_id)) != 0 ||
	    (r = rows_dup(rows, 1, &t.org)) != 0 ||
	    (r = rows_dup(rows, 2, &t.referral)) != 0 ||
	    (r = rows_dup(rows, 3, &t.type)) != 0 ||
	    (r = column_open_text(db, "traffic.content", t.content_id, rows, 5, &t.content)) != 0) {
		traffic_free(&t);
		return r;
	}
	t.seq = db_int(rows, 4);
	t.sent_at = db_int(rows, 6);
	t.acked_at = db_int(rows, 7);
	t.resend_at = db_int(rows, 8);
	t.tries = db_int(rows, 9);
	t.refused = db_int(rows, 10);
	*ret = t;
	return 0;
}

int
traffic_get(struct db *db, const char *content_id, struct traffic *ret)
{
	autorows struct rows *rows = NULL;
	int r;

	if ((r = db_query(db, &rows, Q_TRAFFIC_GET, "t", content_id)) != 0 ||
	    (r = db_next(rows)) != 0)
		return r;
	return read_row(db, rows, ret);
}

int
traffic_due(struct db *db, int64_t now, size_t limit, struct traffic **ret, size_t *ret_n)
{
	autorows struct rows *rows = NULL;
	struct traffic *list = NULL;
	size_t n = 0;
	int r;

	if ((r = db_query(db, &rows, Q_TRAFFIC_DUE, "iii", now, (int64_t)limit, (int64_t)TRAFFIC_SILENT)) != 0)
		return r;
	while ((r = db_next(rows)) == 0) {
		struct traffic *grown = reallocarray(list, n + 1, sizeof(*list));

		if (grown == NULL) {
			r = -ENOMEM;
			break;
		}
		list = grown;
		if ((r = read_row(db, rows, &list[n])) != 0)
			break;
		n++;
	}
	if (r != E_NOTFOUND) {
		traffic_list_free(list, n);
		return r;
	}
	*ret = list;
	*ret_n = n;
	return 0;
}

int
traffic_silent(struct db *db, const char *referral, int64_t *ret_silent, int64_t *ret_stopped)
{
	const int64_t most = TRAFFIC_SILENT;
	autorows struct rows *rows = NULL;
	int r = referral != NULL ? db_query(db, &rows, Q_TRAFFIC_SILENT_OF, "it", most, referral) :
	    db_query(db, &rows, Q_TRAFFIC_SILENT, "i", most);

	if (r != 0 || (r = db_next(rows)) != 0)
		return r > 0 ? ERR_DB : r;
	*ret_silent = db_int(rows, 0);
	*ret_stopped = db_int(rows, 1);
	return 0;
}

int
traffic_open(struct db *db, const char *org, const char *type, int64_t *ret)
{
	autorows struct rows *rows = NULL;
	int r = db_query(db, &rows, Q_TRAFFIC_OPEN, "tt", org, type);

	if (r != 0 || (r = db_next(rows)) != 0)
		return r > 0 ? ERR_DB : r;
	*ret = db_int(rows, 0);
	return 0;
}

/* One by one by number, since ${fn} may change them. */
static int
each_of(struct db *db, enum query_id q, const char *referral, const char *type, int64_t before, int (*fn)(void *, const char *), void *cookie)
{
	int64_t after = 0;

	for (;;) {
		autorows struct rows *rows = NULL;
		autofree char *id = NULL;
		int r;

		if ((r = db_query(db, &rows, q, "ttii", referral, type, after, before)) != 0 || (r = db_next(rows)) != 0)
			return r == E_NOTFOUND ? 0 : r;
		if ((r = rows_dup(rows, 0, &id)) != 0)
			return r;
		after = db_int(rows, 1);
		db_done(take(rows));
		if ((r = fn(cookie, id)) != 0)
			return r;
	}
}

int
traffic_open_each(struct db *db, const char *referral, const char *type, int (*fn)(void *, const char *), void *cookie)
{
	return each_of(db, Q_TRAFFIC_OPEN_OF, referral, type, INT64_MAX, fn, cookie);
}

int
traffic_untold_each(struct db *db, const char *referral, const char *type, int64_t before, int (*fn)(void *, const char *), void *cookie)
{
	return each_of(db, Q_TRAFFIC_UNTOLD, referral, type, before, fn, cookie);
}

int64_t
traffic_next(struct db *db)
{
	autorows struct rows *rows = NULL;

	/* After a failure the next turn meets it where it can be returned. */
	if (db_query(db, &rows, Q_TRAFFIC_NEXT, "i", (int64_t)TRAFFIC_SILENT) != 0 || db_next(rows) != 0)
		return 0;
	return db_null(rows, 0) ? INT64_MAX : db_int(rows, 0);
}
