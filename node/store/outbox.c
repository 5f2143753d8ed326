/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <string.h>

#include "base/canon.h"
#include "base/id.h"
#include "column.h"
#include "outbox.h"
#include "rows.h"
#include "subject.h"

/* What is sealed, each under its own column and the row's id. */
static const char state_key_column[] = "outbox.state_key";
static const char content_column[] = "outbox.content";
static const char body_column[] = "outbox.body";
static const char error_column[] = "outbox.error";

void
outbox_free(struct out *out)
{
	free(out->account);
	free(out->lane);
	free(out->purpose);
	free(out->ref);
	free(out->room_id);
	free(out->type);
	free(out->state_key);
	free(out->content);
	free(out->method);
	free(out->path);
	cleanup_secret(&out->body);
	free(out->txn);
	free(out->error);
	*out = (struct out){ 0 };
}

void
outbox_list_free(struct out *list, size_t n)
{
	for (size_t i = 0; i < n; i++)
		outbox_free(&list[i]);
	free(list);
}

static int
read_texts(struct db *db, struct rows *rows, const char *row, bool with_body, struct out *out)
{
	int r;

	if ((r = rows_dup(rows, 3, &out->account)) != 0 ||
	    (r = rows_dup(rows, 4, &out->lane)) != 0 ||
	    (r = rows_dup(rows, 5, &out->purpose)) != 0 ||
	    (r = rows_dup(rows, 6, &out->ref)) != 0 ||
	    (r = rows_dup(rows, 7, &out->room_id)) != 0 ||
	    (r = rows_dup(rows, 8, &out->type)) != 0 ||
	    (r = column_open_text(db, state_key_column, row, rows, 9, &out->state_key)) != 0 ||
	    (r = column_open_text(db, content_column, row, rows, 10, &out->content)) != 0 ||
	    (r = rows_dup(rows, 11, &out->method)) != 0 ||
	    (r = rows_dup(rows, 12, &out->path)) != 0 ||
	    (with_body && (r = column_open_text(db, body_column, row, rows, 13, &out->body)) != 0) ||
	    (r = rows_dup(rows, 14, &out->txn)) != 0)
		return r;
	return column_open_text(db, error_column, row, rows, 19, &out->error);
}

static int
get(struct db *db, int64_t id, bool with_body, struct out *ret)
{
	autorows struct rows *rows = NULL;
	struct out out = { .id = id };
	char row[COLUMN_ROW];
	int r, kind, state;

	if ((r = db_query(db, &rows, Q_OUTBOX_AT, "i", id)) != 0 || (r = db_next(rows)) != 0 ||
	    (r = rows_among(rows, 1, OUT_EVENT, OUT_CALL, &kind)) != 0 || (r = rows_among(rows, 2, OUT_NEW, OUT_FAILED, &state)) != 0)
		return r;
	if ((r = read_texts(db, rows, column_row(id, row), with_body, &out)) != 0) {
		outbox_free(&out);
		return r;
	}
	out.kind = (enum out_kind)kind;
	out.state = (enum out_state)state;
	out.attempts = db_int(rows, 15);
	out.first_try = db_int(rows, 16);
	out.due = db_int(rows, 17);
	out.created = db_int(rows, 18);
	out.mark = db_int(rows, 20);
	*ret = out;
	return 0;
}

int
outbox_get(struct db *db, int64_t id, struct out *ret)
{
	return get(db, id, true, ret);
}

/* Give ${out} an id, and unless it has one a transaction id, and store it. */
static int
add(struct db *db, const struct out *out, const char *txn, int64_t *ret_id)
{
	autobuf struct buf state_key = { 0 }, content = { 0 }, body = { 0 };
	char row[COLUMN_ROW];
	int r;

	(void)column_row(out->id, row);
	if ((r = column_seal_text(db, SUBJECT_MOVING, state_key_column, row, out->state_key, &state_key)) != 0 ||
	    (r = column_seal_text(db, SUBJECT_MOVING, content_column, row, out->content, &content)) != 0 ||
	    (r = column_seal_text(db, SUBJECT_MOVING, body_column, row, out->body, &body)) != 0 ||
	    (r = db_run(db, Q_OUTBOX_ADD, "iiittttttbbttbti", out->id, (int64_t)out->kind,
	    (int64_t)out->state, out->account, out->lane, out->purpose, out->ref, out->room_id,
	    out->type, state_key.data, state_key.len, content.data, content.len, out->method,
	    out->path, body.data, body.len, txn, world_now(db_world(db)))) != 0)
		return r;
	if (ret_id != NULL)
		*ret_id = out->id;
	return 0;
}

/* The text of ${json}, or NULL for NULL. */
static int
dump(const json_t *json, char **ret)
{
	if (json == NULL)
		return 0;
	return (*ret = json_text(json, JSON_COMPACT)) != NULL ? 0 : -ENOMEM;
}

/* The table takes the texts as they are; nothing here is written through. */
#define lent(text) (char *)(uintptr_t)(text)

int
outbox_event(struct db *db, const char *account, const char *room_id, const char *type,
    const char *state_key, const json_t *content, const char *purpose, const char *ref,
    int64_t *ret_id)
{
	autofree char *text = NULL;
	char txn[ID_LEN + 1];
	struct out out = {
		.kind = OUT_EVENT, .state = OUT_NEW, .account = lent(account), .lane = lent(room_id),
		.purpose = lent(purpose), .ref = lent(ref), .room_id = lent(room_id),
		.type = lent(type), .state_key = lent(state_key),
	};
	int r;

	if ((r = dump(content, &text)) != 0 || (r = rows_serial(db, "outbox", &out.id)) != 0)
		return r;
	id_new(db_world(db), txn);
	out.content = text;
	return add(db, &out, txn, ret_id);
}

int
outbox_call(struct db *db, const char *account, const char *lane, const char *method,
    const char *path, const json_t *body, const char *purpose, const char *ref)
{
	autosecret char *text = NULL;	/* A login's holds a password. */
	char txn[ID_LEN + 1];
	struct out out = {
		.kind = OUT_CALL, .state = OUT_READY, .account = lent(account), .lane = lent(lane),
		.purpose = lent(purpose), .ref = lent(ref), .method = lent(method),
		.path = lent(path),
	};
	int r;

	if ((r = dump(body, &text)) != 0 || (r = rows_serial(db, "outbox", &out.id)) != 0)
		return r;
	id_new(db_world(db), txn);
	out.body = text;
	return add(db, &out, txn, NULL);
}

int
outbox_todevice(struct db *db, const char *lane, const char *type, const char *body,
    const char *purpose, const char *ref, int64_t *ret_id)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";
	autobuf struct buf path = { 0 };
	char txn[ID_LEN + 1], account[] = "node", method[] = "PUT";
	struct out out = {
		.kind = OUT_TODEVICE, .state = OUT_READY, .account = account, .lane = lent(lane),
		.purpose = lent(purpose), .ref = lent(ref), .type = lent(type), .method = method,
		.body = lent(body),
	};
	int r;

	if (*type == '\0' || type[strspn(type, plain)] != '\0')
		return E_BAD;	/* It becomes a part of the path. */
	id_new(db_world(db), txn);
	if ((r = buf_printf(&path, "/_matrix/client/v3/sendToDevice/%s/%s", type, txn)) != 0 ||
	    (r = rows_serial(db, "outbox", &out.id)) != 0)
		return r;
	out.path = path.data;
	return add(db, &out, txn, ret_id);
}

static int
due(struct db *db, int64_t now, size_t limit, bool with_body, struct out **ret, size_t *ret_n)
{
	autorows struct rows *rows = NULL;
	autofree int64_t *ids = NULL;
	struct out *list;
	size_t n;
	int r;

	if ((r = db_query(db, &rows, Q_OUTBOX_DUE, "ii", now, (int64_t)limit)) != 0 ||
	    (r = rows_ids(rows, &ids, &n)) != 0)
		return r;
	if ((list = calloc(n + 1, sizeof(*list))) == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++)
		if ((r = get(db, ids[i], with_body, &list[i])) != 0) {
			outbox_list_free(list, i);
			return r > 0 ? ERR_DB : r;
		}
	*ret = list;
	*ret_n = n;
	return 0;
}

int
outbox_due(struct db *db, int64_t now, size_t limit, struct out **ret, size_t *ret_n)
{
	return due(db, now, limit, true, ret, ret_n);
}

int
outbox_heads(struct db *db, int64_t now, size_t limit, struct out **ret, size_t *ret_n)
{
	return due(db, now, limit, false, ret, ret_n);
}

int64_t
outbox_next(struct db *db, int64_t now)
{
	autorows struct rows *rows = NULL;

	/* After a failure the next turn meets it where it can be returned. */
	if (db_query(db, &rows, Q_OUTBOX_NEXT, "i", now) != 0 || db_next(rows) != 0)
		return 0;
	return db_null(rows, 0) ? INT64_MAX : db_int(rows, 0);
}

int
outbox_ready(struct db *db, int64_t id, const char *method, const char *path, const char *body)
{
	autobuf struct buf sealed = { 0 };
	char row[COLUMN_ROW];
	int r;

	if ((r = column_seal_text(db, SUBJECT_MOVING, body_column, column_row(id, row), body, &sealed)) != 0)
		return r;
	return rows_hit(db, db_run(db, Q_OUTBOX_READY, "ittbi", id, method, path, sealed.data,
	    sealed.len, world_now(db_world(db))));
}

int
outbox_rebody(struct db *db, int64_t id, const json_t *json)
{
	autobuf struct buf sealed = { 0 };
	autosecret char *body = NULL;
	char row[COLUMN_ROW];
	int r;

	if ((r = dump(json, &body)) != 0 ||
	    (r = column_seal_text(db, SUBJECT_MOVING, body_column, column_row(id, row), body, &sealed)) != 0)
		return r;
	return rows_hit(db, db_run(db, Q_OUTBOX_REBODY, "ib", id, sealed.data, sealed.len));
}

int
outbox_renew(struct db *db, int64_t id)
{
	char txn[ID_LEN + 1];

	id_new(db_world(db), txn);
	return rows_hit(db, db_run(db, Q_OUTBOX_RENEW, "it", id, txn));
}

int
outbox_tried(struct db *db, int64_t id, int64_t now, int64_t due)
{
	return rows_hit(db, db_run(db, Q_OUTBOX_TRIED, "iii", id, now, due));
}

int
outbox_later(struct db *db, int64_t id, int64_t due)
{
	return rows_hit(db, db_run(db, Q_OUTBOX_LATER, "ii", id, due));
}

int
outbox_wake(struct db *db, const char *lane)
{
	return db_run(db, Q_OUTBOX_WAKE, "t", lane);
}

int
outbox_done(struct db *db, int64_t id)
{
	return rows_hit(db, db_run(db, Q_OUTBOX_DONE, "i", id));
}

int
outbox_fail(struct db *db, int64_t id, const char *error)
{
	autobuf struct buf sealed = { 0 };
	char row[COLUMN_ROW];
	int r;

	if ((r = column_seal_text(db, SUBJECT_MOVING, error_column, column_row(id, row), error, &sealed)) != 0)
		return r;
	return rows_hit(db, db_run(db, Q_OUTBOX_FAIL, "ib", id, sealed.data, sealed.len));
}

int
outbox_void(struct db *db, const char *purpose, const char *ref)
{
	return db_run(db, Q_OUTBOX_VOID, "tt", purpose, ref);
}

int
outbox_void_each(struct db *db, const char *purpose, const char *whole)
{
	return db_run(db, Q_OUTBOX_VOID_EACH, "tt", purpose, whole);
}

int
outbox_void_kind(struct db *db, enum out_kind kind)
{
	return db_run(db, Q_OUTBOX_VOID_KIND, "i", (int64_t)kind);
}

int
outbox_forget(struct db *db, const char *purpose, const char *ref)
{
	return db_run(db, Q_OUTBOX_FORGET, "tt", purpose, ref);
}

int
outbox_count(struct db *db, enum out_state state, int64_t *ret)
{
	autorows struct rows *rows = NULL;
	int r;

	if ((r = db_query(db, &rows, Q_OUTBOX_COUNT, "i", (int64_t)state)) != 0 ||
	    (r = db_next(rows)) != 0)
		return r > 0 ? ERR_DB : r;
	*ret = db_int(rows, 0);
	return 0;
}

int
outbox_due_count(struct db *db, const char *purpose, int64_t now, int64_t *ret)
{
	autorows struct rows *rows = NULL;
	int r;

	if ((r = db_query(db, &rows, Q_OUTBOX_DUE_COUNT, "ti", purpose, now)) != 0 ||
	    (r = db_next(rows)) != 0)
		return r > 0 ? ERR_DB : r;
	*ret = db_int(rows, 0);
	return 0;
}

static int
exists(struct db *db, enum query_id q, const char *purpose, const char *ref)
{
	autorows struct rows *rows = NULL;
	int r;

	if ((r = db_query(db, &rows, q, "tt", purpose, ref)) != 0)
		return r;
	return db_next(rows);
}

int
outbox_pending(struct db *db, const char *purpose, const char *ref)
{
	return exists(db, Q_OUTBOX_PENDING, purpose, ref);
}

int
outbox_may_have_left(struct db *db, const char *purpose, const char *ref)
{
	return exists(db, Q_OUTBOX_MAY_HAVE_LEFT, purpose, ref);
}

int
outbox_failed(struct db *db, const char *purpose, const char *ref)
{
	return exists(db, Q_OUTBOX_FAILED, purpose, ref);
}

ROWS_WALK(walk, out, outbox_get, outbox_free)

int
outbox_each(struct db *db, enum out_state state, int (*fn)(void *, const struct out *),
    void *cookie)
{
	autorows struct rows *rows = NULL;
	int r = db_query(db, &rows, Q_OUTBOX_LIST, "i", (int64_t)state);

	return walk(db, rows, r, fn, cookie, NULL);
}
