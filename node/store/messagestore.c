/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "column.h"
#include "messagestore.h"
#include "rows.h"
#include "subject.h"

int
message_add(struct db *db, const char *content_id, const char *room_id, int64_t pid,
    bool outgoing, const char *body, int64_t at)
{
	autobuf struct buf sealed = { 0 };
	char who[SUBJECT_NAME];
	int r;

	if ((r = column_seal_text(db, subject_person(pid, who), "message.body", content_id, body, &sealed)) != 0)
		return r;
	return db_run(db, Q_MESSAGE_ADD, "ttiibi", content_id, room_id, pid, (int64_t)outgoing,
	    sealed.data, sealed.len, at);
}

int
message_drop(struct db *db, const char *content_id)
{
	return db_run(db, Q_MESSAGE_DROP, "t", content_id);
}

int
message_automatic(struct db *db, const char *content_id)
{
	return db_run(db, Q_MESSAGE_AUTOMATIC, "t", content_id);
}

int
message_came(struct db *db, const char *content_id, const char *event_id)
{
	return db_run(db, Q_MESSAGE_CAME, "tt", content_id, event_id);
}

int
message_blank(struct db *db, const char *content_id, int64_t pid, const char *body)
{
	autobuf struct buf sealed = { 0 };
	char who[SUBJECT_NAME];
	int r = column_seal_text(db, subject_person(pid, who), "message.body", content_id, body, &sealed);

	return r != 0 ? r : db_run(db, Q_MESSAGE_BLANK, "tb", content_id, sealed.data, sealed.len);
}

int
message_room(struct db *db, const char *content_id, const char *room_id)
{
	return rows_hit(db, db_run(db, Q_MESSAGE_ROOM, "tt", content_id, room_id));
}

static void
message_free(struct message *m)
{
	free(m->id);
	free(m->room);
	free(m->user);
	free(m->body);
}

static int
message_at(struct db *db, int64_t n, struct message *ret)
{
	autorows struct rows *rows = NULL;
	struct message m = { .n = n };
	char row[COLUMN_ROW];
	int r;

	if ((r = db_query(db, &rows, Q_MESSAGE_AT, "i", n)) != 0 || (r = db_next(rows)) != 0)
		return r;
	m.pid = db_int(rows, 2);
	m.outgoing = db_int(rows, 4) != 0;
	m.at = db_int(rows, 6);
	m.automatic = db_int(rows, 7) != 0;
	if ((r = rows_dup(rows, 0, &m.id)) != 0 ||
	    (r = rows_dup(rows, 1, &m.room)) != 0 ||
	    (r = column_open_text(db, "person.user", column_row(m.pid, row), rows, 3,
	    &m.user)) != 0 ||
	    (r = column_open_text(db, "message.body", m.id, rows, 5, &m.body)) != 0) {
		message_free(&m);
		return r;
	}
	*ret = m;
	return 0;
}

ROWS_WALK(walk, message, message_at, message_free)

int
message_roomless(struct db *db, message_fn fn, void *cookie)
{
	autorows struct rows *rows = NULL;
	int r = db_query(db, &rows, Q_MESSAGE_ROOMLESS, "");

	return walk(db, rows, r, fn, cookie, NULL);
}

int
message_of_event(struct db *db, const char *event_id, int64_t pid, message_fn fn, void *cookie)
{
	autorows struct rows *rows = NULL;
	int r = db_query(db, &rows, Q_MESSAGE_OF_EVENT, "ti", event_id, pid);

	return walk(db, rows, r, fn, cookie, NULL);
}

int
message_each(struct db *db, int limit, message_fn fn, void *cookie)
{
	autorows struct rows *rows = NULL;
	int r = db_query(db, &rows, Q_MESSAGE_LIST, "i", (int64_t)limit);

	return walk(db, rows, r, fn, cookie, NULL);
}

int
message_of(struct db *db, int64_t pid, int64_t after, int64_t limit, message_fn fn, void *cookie)
{
	autorows struct rows *rows = NULL;
	int r = db_query(db, &rows, Q_MESSAGE_OF, "iii", pid, after, limit);

	return walk(db, rows, r, fn, cookie, NULL);
}

int
message_where(struct db *db, const char *content_id, char **ret_room, int64_t *ret_pid)
{
	autorows struct rows *rows = NULL;
	int r;

	if ((r = db_query(db, &rows, Q_MESSAGE_WHERE, "t", content_id)) != 0 || (r = db_next(rows)) != 0 ||
	    (r = rows_dup(rows, 0, ret_room)) != 0)
		return r;
	*ret_pid = db_int(rows, 1);
	return 0;
}

int
message_late(struct db *db, int64_t before, int64_t *ret)
{
	autorows struct rows *rows = NULL;
	int r;

	if ((r = db_query(db, &rows, Q_MESSAGE_LATE, "i", before)) != 0 || (r = db_next(rows)) != 0)
		return r > 0 ? ERR_DB : r;
	*ret = db_int(rows, 0);
	return 0;
}
