/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <string.h>

#include "column.h"
#include "inbox.h"
#include "rows.h"
#include "subject.h"

int
inbox_seen(struct db *db, const char *content_id)
{
	autorows struct rows *rows = NULL;
	int r;

	if ((r = db_query(db, &rows, Q_INBOX_SEEN, "t", content_id)) != 0)
		return r;
	return db_next(rows);
}

int
inbox_add(struct db *db, const char *content_id, int64_t pid, const char *room_id,
    const char *type, const char *hash, int64_t at)
{
	return db_run(db, Q_INBOX_ADD, "tittti", content_id, pid, room_id, type, hash, at);
}

int
inbox_deleted(struct db *db, const char *event_id, int64_t pid, const char *room_id, int64_t at)
{
	int r = inbox_add(db, event_id, pid, room_id, "m.room.redaction", "", at);

	return r != 0 ? r : db_run(db, Q_INBOX_DELETED_TRIM, "ii", pid, (int64_t)INBOX_DELETED_MAX);
}

/* The first number of a query's one row; ${r}: what db_query said. */
static int
number(struct rows *const *rows, int r, int64_t *ret)
{
	if (r != 0 || (r = db_next(*rows)) != 0)
		return r > 0 ? ERR_DB : r;
	*ret = db_int(*rows, 0);
	return 0;
}

static int
class_of(struct db *db, int64_t pid, enum inbox_class *ret)
{
	autorows struct rows *rows = NULL;
	int64_t class;
	int r = number(&rows, db_query(db, &rows, Q_INBOX_CLASS, "i", pid), &class);

	if (r == 0)
		*ret = (enum inbox_class)class;
	return r;
}

static int
is_full(struct db *db, int64_t pid, enum inbox_class class)
{
	autorows struct rows *rows = NULL;
	int64_t n;
	int r = number(&rows, db_query(db, &rows, Q_WAITING_COUNT, "i", pid), &n);

	return r != 0 ? r : n >= (class == INBOX_STRANGER ? INBOX_STRANGER_MAX : INBOX_WAITING_MAX) ? E_REFUSED : 0;
}

/* What guests share. */
static const struct shared {
	enum query_id	count, most, trim;
	int64_t		bound;
} waiting_shared = { Q_WAITING_GUESTS, Q_WAITING_MOST, Q_WAITING_TRIM, INBOX_GUESTS_WAITING },
  rejected_shared = { Q_REJECTED_GUESTS, Q_REJECTED_MOST, Q_REJECTED_TRIM_GUEST, INBOX_GUESTS_REJECTED };

static int
is_crowded(struct db *db, const struct shared *s)
{
	autorows struct rows *rows = NULL;
	int64_t n;
	int r = number(&rows, db_query(db, &rows, s->count, ""), &n);

	return r != 0 ? r : n >= s->bound ? E_REFUSED : 0;
}

/* Who fills it loses, and nobody else: ${ret_lost}. */
static int
make_room(struct db *db, const struct shared *s, int64_t *ret_lost)
{
	autorows struct rows *worst = NULL;
	int64_t pid, some;
	int r = is_crowded(db, s);

	*ret_lost = 0;
	if (r != E_REFUSED)
		return r;
	if ((r = number(&worst, db_query(db, &worst, s->most, ""), &pid)) != 0)
		return r;
	some = db_int(worst, 1);
	db_done(take(worst));
	if ((r = db_run(db, s->trim, "ii", pid, some)) == 0)
		*ret_lost = db_changes(db);
	return r;
}

static int64_t
today(const struct db *db)
{
	return world_now(db_world(db)) / (24 * 3600 * 1000LL);
}

static int
lose(struct db *db, int64_t items)
{
	int r = items == 0 ? 0 : db_run(db, Q_WAITING_LOSE, "ii", today(db), items);

	return r != 0 || items == 0 ? r : db_run(db, Q_WAITING_LOST_FORGET, "i", today(db) - WAITING_LOST_DAYS);
}

int
waiting_lost(struct db *db, int64_t *ret)
{
	autorows struct rows *rows = NULL;

	return number(&rows, db_query(db, &rows, Q_WAITING_LOST, "i", today(db) - WAITING_LOST_DAYS), ret);
}

/* A place for one more.  Anybody can invent a stranger: what is lost of those is nobody's loss. */
static int
place(struct db *db, int64_t pid, enum inbox_class class, bool patient, int64_t *ret_lost)
{
	int r = is_full(db, pid, class), lost;

	*ret_lost = 0;
	if (class == INBOX_STRANGER)
		return r;
	if (r == 0 && class == INBOX_GUEST && patient)
		r = is_crowded(db, &waiting_shared);
	if (r == E_REFUSED)
		return patient ? E_LATER : (lost = lose(db, 1)) != 0 ? lost : r;
	if (r == 0 && class == INBOX_GUEST && (r = make_room(db, &waiting_shared, ret_lost)) == 0)
		r = lose(db, *ret_lost);
	return r;
}

int
waiting_add(struct db *db, const struct waiting *w, bool patient, int64_t *ret_lost)
{
	autobuf struct buf raw = { 0 }, reason = { 0 };
	enum inbox_class class;
	char row[COLUMN_ROW];
	int64_t id, lost;
	int r;

	if ((r = class_of(db, w->pid, &class)) != 0)
		return r;
	if (strlen(w->raw) > (class == INBOX_STRANGER ? INBOX_STRANGER_RAW : INBOX_RAW_MAX))
		return E_REFUSED;
	if ((r = place(db, w->pid, class, patient, &lost)) != 0 || (r = rows_serial(db, "waiting", &id)) != 0)
		return r;
	(void)column_row(id, row);
	if ((r = column_seal_text(db, SUBJECT_MOVING, "waiting.raw", row, w->raw, &raw)) != 0 ||
	    (r = column_seal_text(db, SUBJECT_MOVING, "waiting.reason", row, w->reason, &reason)) != 0)
		return r;
	r = db_run(db, Q_WAITING_ADD, "itttibbiii", id, w->account, w->room_id, w->session_id,
	    w->pid, raw.data, raw.len, reason.data, reason.len, w->at, (int64_t)class, w->due);
	if (r == 0)
		*ret_lost = lost;
	return r;
}

static void
waiting_free(struct waiting *w)
{
	free(w->account);
	free(w->room_id);
	free(w->session_id);
	free(w->raw);
	free(w->reason);
}

void
waiting_list_free(struct waiting *list, size_t n)
{
	for (size_t i = 0; i < n; i++)
		waiting_free(&list[i]);
	free(list);
}

static int
waiting_at(struct db *db, int64_t id, struct waiting *ret)
{
	autorows struct rows *rows = NULL;
	struct waiting w = { .id = id };
	char row[COLUMN_ROW];
	int r;

	if ((r = db_query(db, &rows, Q_WAITING_AT, "i", id)) != 0 || (r = db_next(rows)) != 0)
		return r > 0 ? ERR_DB : r;
	(void)column_row(id, row);
	if ((r = rows_dup(rows, 1, &w.account)) != 0 ||
	    (r = rows_dup(rows, 2, &w.room_id)) != 0 ||
	    (r = rows_dup(rows, 3, &w.session_id)) != 0 ||
	    (r = column_open_text(db, "waiting.raw", row, rows, 5, &w.raw)) != 0 ||
	    (r = column_open_text(db, "waiting.reason", row, rows, 6, &w.reason)) != 0) {
		waiting_free(&w);
		return r;
	}
	w.pid = db_int(rows, 4);
	w.at = db_int(rows, 7);
	*ret = w;
	return 0;
}

static int
waiting_list(struct db *db, struct rows *rows, struct waiting **ret, size_t *ret_n)
{
	autofree int64_t *ids = NULL;
	struct waiting *list;
	size_t n;
	int r;

	if ((r = rows_ids(rows, &ids, &n)) != 0)
		return r;
	if ((list = calloc(n + 1, sizeof(*list))) == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++)
		if ((r = waiting_at(db, ids[i], &list[i])) != 0) {
			waiting_list_free(list, i);
			return r;
		}
	*ret = list;
	*ret_n = n;
	return 0;
}

int
waiting_session(struct db *db, const char *room_id, const char *session_id, struct waiting **ret,
    size_t *ret_n)
{
	autorows struct rows *rows = NULL;
	int r;

	if ((r = db_query(db, &rows, Q_WAITING_SESSION, "tt", room_id, session_id)) != 0)
		return r;
	return waiting_list(db, rows, ret, ret_n);
}

int
waiting_person(struct db *db, int64_t pid, struct waiting **ret, size_t *ret_n)
{
	autorows struct rows *rows = NULL;
	int r;

	if ((r = db_query(db, &rows, Q_WAITING_PERSON, "i", pid)) != 0)
		return r;
	return waiting_list(db, rows, ret, ret_n);
}

int
waiting_devices(struct db *db, int64_t pid, struct waiting **ret, size_t *ret_n)
{
	autorows struct rows *rows = NULL;
	int r;

	if ((r = db_query(db, &rows, Q_WAITING_DEVICES, "i", pid)) != 0)
		return r;
	return waiting_list(db, rows, ret, ret_n);
}

int
waiting_due(struct db *db, int64_t now, int64_t limit, struct waiting **ret, size_t *ret_n)
{
	autorows struct rows *rows = NULL;
	int r;

	if ((r = db_query(db, &rows, Q_WAITING_DUE, "ii", now, limit)) != 0)
		return r;
	return waiting_list(db, rows, ret, ret_n);
}

int64_t
waiting_next(struct db *db)
{
	autorows struct rows *rows = NULL;

	/* After a failure the next turn meets it where it can be returned. */
	if (db_query(db, &rows, Q_WAITING_NEXT, "") != 0 || db_next(rows) != 0)
		return 0;
	return db_null(rows, 0) ? INT64_MAX : db_int(rows, 0);
}

int
waiting_drop(struct db *db, int64_t id)
{
	return rows_hit(db, db_run(db, Q_WAITING_DROP, "i", id));
}

int
waiting_because(struct db *db, int64_t id, const char *reason)
{
	autobuf struct buf sealed = { 0 };
	char row[COLUMN_ROW];
	int r = column_seal_text(db, SUBJECT_MOVING, "waiting.reason", column_row(id, row), reason, &sealed);

	return r != 0 ? r : rows_hit(db, db_run(db, Q_WAITING_BECAUSE, "ib", id, sealed.data, sealed.len));
}

int
withheld_put(struct db *db, int64_t pid, const char *room_id, const char *session_id, const char *code)
{
	int r = db_run(db, Q_WITHHELD_PUT, "ittt", pid, room_id, session_id, code);

	if (r == 0)
		r = db_run(db, Q_WITHHELD_TRIM, "ii", pid, (int64_t)WITHHELD_SENDER);
	return r != 0 ? r : db_run(db, Q_WITHHELD_AGE, "i", (int64_t)WITHHELD_MAX);
}

int
withheld_get(struct db *db, int64_t pid, const char *room_id, const char *session_id, char **ret)
{
	autorows struct rows *rows = NULL;
	int r = db_query(db, &rows, Q_WITHHELD_GET, "itt", pid, room_id, session_id);

	return r != 0 || (r = db_next(rows)) != 0 ? r : rows_dup(rows, 0, ret);
}

#define WHAT	"rejected.what"

/* It came before: 0, and the row; E_NOTFOUND. */
static int
find_rejected(struct db *db, int64_t pid, const uint8_t what[COLUMN_HASH], int64_t *ret)
{
	autorows struct rows *rows = NULL;
	int r = db_query(db, &rows, Q_REJECTED_WHAT, "ib", pid, what, (size_t)COLUMN_HASH);

	if (r != 0 || (r = db_next(rows)) != 0)
		return r;
	*ret = db_int(rows, 0);
	return 0;
}

static int
rejected_again(struct db *db, int64_t id, const char *room_id, const char *reason, int64_t at)
{
	autobuf struct buf why = { 0 };
	char row[COLUMN_ROW];
	int r = column_seal_text(db, SUBJECT_MOVING, "rejected.reason", column_row(id, row), reason, &why);

	return r != 0 ? r : db_run(db, Q_REJECTED_AGAIN, "iitb", id, at, room_id, why.data, why.len);
}

int
rejected_taken(struct db *db, int64_t pid, const char *what)
{
	uint8_t hash[COLUMN_HASH];

	column_hash(db, WHAT, what, hash);
	return db_run(db, Q_REJECTED_TAKEN, "ib", pid, hash, sizeof(hash));
}

int
rejected_add(struct db *db, const char *account, const char *room_id, int64_t pid, const char *what,
    const char *raw, const char *reason, int64_t at)
{
	uint8_t hash[COLUMN_HASH];
	autobuf struct buf sealed = { 0 }, why = { 0 };
	enum inbox_class class;
	char row[COLUMN_ROW];
	int64_t id, gone;
	int r;

	if (what != NULL) {
		column_hash(db, WHAT, what, hash);
		if ((r = find_rejected(db, pid, hash, &id)) != E_NOTFOUND)
			return r != 0 ? r : rejected_again(db, id, room_id, reason, at);
	}
	if ((r = class_of(db, pid, &class)) != 0 || (r = rows_serial(db, "rejected", &id)) != 0)
		return r;
	if (class == INBOX_GUEST && (r = make_room(db, &rejected_shared, &gone)) != 0)
		return r;
	(void)column_row(id, row);
	if ((r = column_seal(db, SUBJECT_MOVING, "rejected.raw", row, raw, strnlen(raw, class == INBOX_PARTNER ? INBOX_RAW_MAX :
	    INBOX_REJECTED_RAW), &sealed)) != 0 ||
	    (r = column_seal_text(db, SUBJECT_MOVING, "rejected.reason", row, reason, &why)) != 0 ||
	    (r = db_run(db, Q_REJECTED_ADD, "ittibbiib", id, account, room_id, pid, sealed.data,
	    sealed.len, why.data, why.len, at, (int64_t)class, what != NULL ? hash : NULL, sizeof(hash))) != 0)
		return r;
	return db_run(db, Q_REJECTED_TRIM, "ii", pid, (int64_t)(class == INBOX_STRANGER ? INBOX_STRANGER_MAX :
	    INBOX_REJECTED_MAX));
}

int
inbox_counts(struct db *db, int64_t *ret_waiting, int64_t *ret_rejected)
{
	autorows struct rows *rows = NULL;
	int r;

	if ((r = db_query(db, &rows, Q_INBOX_COUNTS, "")) != 0 || (r = db_next(rows)) != 0)
		return r > 0 ? ERR_DB : r;
	*ret_waiting = db_int(rows, 0);
	*ret_rejected = db_int(rows, 1);
	return 0;
}

/* What two lists share: items put aside, with the reason. */
static const struct aside {
	enum query_id	 list, at;
	const char	*reason;
} waiting_aside = { Q_WAITING_LIST, Q_WAITING_REASON, "waiting.reason" },
  rejected_aside = { Q_REJECTED_LIST, Q_REJECTED_AT, "rejected.reason" };

static int
aside_at(struct db *db, const struct aside *a, int64_t id, inbox_fn fn, void *cookie)
{
	autorows struct rows *rows = NULL;
	autofree char *room = NULL, *reason = NULL;
	char row[COLUMN_ROW];
	int r;

	if ((r = db_query(db, &rows, a->at, "i", id)) != 0 || (r = db_next(rows)) != 0)
		return r == E_NOTFOUND ? 0 : r;
	if ((r = rows_dup(rows, 1, &room)) != 0 ||
	    (r = column_open_text(db, a->reason, column_row(id, row), rows, 2, &reason)) != 0)
		return r;
	return fn(cookie, id, room, reason, db_int(rows, 3), db_int(rows, 4));
}

static int
aside_each(struct db *db, const struct aside *a, int limit, inbox_fn fn, void *cookie)
{
	autorows struct rows *rows = NULL;
	autofree int64_t *ids = NULL;
	size_t n;
	int r;

	if ((r = db_query(db, &rows, a->list, "i", (int64_t)limit)) != 0 ||
	    (r = rows_ids(rows, &ids, &n)) != 0)
		return r;
	for (size_t i = 0; i < n; i++)
		if ((r = aside_at(db, a, ids[i], fn, cookie)) != 0)
			return r;
	return 0;
}

int
waiting_each(struct db *db, int limit, inbox_fn fn, void *cookie)
{
	return aside_each(db, &waiting_aside, limit, fn, cookie);
}

int
rejected_each(struct db *db, int limit, inbox_fn fn, void *cookie)
{
	return aside_each(db, &rejected_aside, limit, fn, cookie);
}
