/* SPDX-License-Identifier: Apache-2.0 */
/* Rooms, membership as the server shows it, and our roster. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "peoplestore.h"
#include "rows.h"

void
room_free(struct room *room)
{
	free(room->room_id);
	free(room->tag);
	free(room->account);
	free(room->subject);
	*room = (struct room){ 0 };
}

static int
take_room(struct rows *rows, struct room *ret)
{
	struct room room = { 0 };
	int r, kind, aside;

	if ((r = db_next(rows)) != 0 || (r = rows_among(rows, 4, ROOM_UNKNOWN, ROOM_POLICY, &kind)) != 0 ||
	    (r = rows_among(rows, 11, ROOM_USED, ROOM_CLOSED, &aside)) != 0)
		return r;
	if ((r = rows_dup(rows, 1, &room.room_id)) != 0 ||
	    (r = rows_dup(rows, 2, &room.tag)) != 0 ||
	    (r = rows_dup(rows, 3, &room.account)) != 0 ||
	    (r = rows_dup(rows, 5, &room.subject)) != 0) {
		room_free(&room);
		return r;
	}
	room.kind = (enum room_kind)kind;
	room.pid = db_int(rows, 6);
	room.encrypted = db_int(rows, 7);
	room.state_encrypted = db_int(rows, 8);
	room.joined = db_int(rows, 9);
	room.ours = db_int(rows, 10);
	room.aside = (enum room_aside)aside;
	*ret = room;
	return 0;
}

static int
room_at(struct db *db, int64_t n, struct room *ret)
{
	autorows struct rows *rows = NULL;
	int r = db_query(db, &rows, Q_ROOM_AT, "i", n);

	return r != 0 ? r : take_room(rows, ret);
}

/* The number of the row that a query of one text finds; NULL finds nothing. */
static int
room_number(struct db *db, enum query_id q, const char *text, int64_t *ret)
{
	autorows struct rows *rows = NULL;
	int r;

	if (text == NULL)
		return E_NOTFOUND;
	if ((r = db_query(db, &rows, q, "t", text)) != 0 || (r = db_next(rows)) != 0)
		return r;
	*ret = db_int(rows, 0);
	return 0;
}

int
room_get(struct db *db, const char *room_id, struct room *ret)
{
	autorows struct rows *rows = NULL;
	int r = room_id == NULL ? E_NOTFOUND : db_query(db, &rows, Q_ROOM_GET, "t", room_id);

	return r != 0 ? r : take_room(rows, ret);
}

int
room_by_tag(struct db *db, const char *tag, struct room *ret)
{
	int64_t n;
	int r;

	if ((r = room_number(db, Q_ROOM_BY_TAG, tag, &n)) != 0)
		return r;
	return room_at(db, n, ret);
}

int
room_by_subject(struct db *db, enum room_kind kind, const char *subject, struct room *ret)
{
	autorows struct rows *rows = NULL;
	int r;

	if ((r = db_query(db, &rows, Q_ROOM_BY_SUBJECT, "iti", (int64_t)kind, subject, (int64_t)ROOM_CHANNEL)) != 0 ||
	    (r = db_next(rows)) != 0)
		return r;
	return room_at(db, db_int(rows, 0), ret);
}

int
room_written(struct db *db, const struct room *room)
{
	char key[32];

	(void)snprintf(key, sizeof(key), "chat:%" PRId64, room->pid);
	return meta_put(db, key, room->room_id, false);
}

int
room_by_person(struct db *db, int64_t pid, struct room *ret)
{
	autorows struct rows *rows = NULL;
	int r;

	if ((r = db_query(db, &rows, Q_ROOM_BY_PERSON, "ii", pid, (int64_t)ROOM_DIRECT)) != 0 ||
	    (r = db_next(rows)) != 0)
		return r;
	return room_at(db, db_int(rows, 0), ret);
}

int
room_put(struct db *db, const struct room *room)
{
	int64_t by_tag, by_id, n, encrypted = room->encrypted;
	int tagged, named, r;

	if ((tagged = room_number(db, Q_ROOM_BY_TAG, room->tag, &by_tag)) < 0)
		return tagged;
	if ((named = room_number(db, Q_ROOM_BY_ID, room->room_id, &by_id)) < 0)
		return named;
	if (tagged != 0 && named != 0)
		return db_run(db, Q_ROOM_ADD, "tttitiiiiii", room->room_id, room->tag,
		    room->account, (int64_t)room->kind, room->subject, room->pid,
		    room->encrypted, room->state_encrypted, room->joined, room->ours, (int64_t)room->aside);

	/* Sync may show a room of ours before the answer to its creation. */
	n = tagged == 0 ? by_tag : by_id;
	if (tagged == 0 && named == 0 && by_tag != by_id) {
		struct room other;

		if ((r = room_at(db, by_id, &other)) != 0)
			return r > 0 ? ERR_DB : r;
		encrypted |= other.encrypted;
		room_free(&other);
		if ((r = db_run(db, Q_ROOM_DROP, "i", by_id)) != 0)
			return r;
	}
	return db_run(db, Q_ROOM_CHANGE, "itttitiiiiii", n, room->room_id, room->tag,
	    room->account, (int64_t)room->kind, room->subject, room->pid, encrypted,
	    room->state_encrypted, room->joined, room->ours, (int64_t)room->aside);
}

ROWS_WALK(rooms_of, room, room_at, room_free)

int
room_each(struct db *db, int kind, int (*fn)(void *, const struct room *), void *cookie)
{
	autorows struct rows *rows = NULL;
	int r = db_query(db, &rows, Q_ROOM_LIST, "i", (int64_t)kind);

	return rooms_of(db, rows, r, fn, cookie, NULL);
}

int
room_some(struct db *db, int64_t after, int64_t most, int (*fn)(void *, const struct room *), void *cookie, int64_t *ret_last)
{
	autorows struct rows *rows = NULL;
	int r = db_query(db, &rows, Q_ROOM_SOME, "ii", after, most);

	return rooms_of(db, rows, r, fn, cookie, ret_last);
}

int
member_put(struct db *db, const char *room_id, int64_t pid, const char *membership)
{
	return db_run(db, Q_MEMBER_PUT, "tit", room_id, pid, membership);
}

int
member_get(struct db *db, const char *room_id, int64_t pid, char **ret)
{
	autorows struct rows *rows = NULL;
	int r;

	if ((r = db_query(db, &rows, Q_MEMBER_GET, "ti", room_id, pid)) != 0 ||
	    (r = db_next(rows)) != 0)
		return r;
	return rows_dup(rows, 0, ret);
}

int
unsure_put(struct db *db, const char *room_id, int64_t at)
{
	int r = db_run(db, Q_UNSURE_PUT, "ti", room_id, at);

	return r != 0 ? r : db_run(db, Q_UNSURE_STALE, "t", room_id);
}

int
unsure_has(struct db *db, const char *room_id)
{
	autorows struct rows *rows = NULL;
	int r = db_query(db, &rows, Q_UNSURE_HAS, "t", room_id);

	return r != 0 ? r : db_next(rows);
}

int
unsure_next(struct db *db, char **ret)
{
	autorows struct rows *rows = NULL;
	int r;

	if ((r = db_query(db, &rows, Q_UNSURE_NEXT, "")) != 0 || (r = db_next(rows)) != 0)
		return r;
	return rows_dup(rows, 0, ret);
}

int
unsure_asked(struct db *db, const char *room_id)
{
	return db_run(db, Q_UNSURE_ASKED, "t", room_id);
}

int
unsure_drop(struct db *db, const char *room_id)
{
	return db_run(db, Q_UNSURE_DROP, "t", room_id);
}

int
unsure_count(struct db *db, int64_t before, int64_t *ret)
{
	autorows struct rows *rows = NULL;
	int r;

	if ((r = db_query(db, &rows, Q_UNSURE_COUNT, "i", before)) != 0 || (r = db_next(rows)) != 0)
		return r > 0 ? ERR_DB : r;
	*ret = db_int(rows, 0);
	return 0;
}

int
member_named(struct db *db, const char *room_id, int64_t pid)
{
	autorows struct rows *rows = NULL;
	int r = db_query(db, &rows, Q_MEMBER_NAMED, "ti", room_id, pid);

	return r != 0 ? r : db_next(rows);
}

int
member_stale(struct db *db, const char *room_id, int64_t **ret, size_t *ret_n)
{
	autorows struct rows *rows = NULL;
	int r = db_query(db, &rows, Q_MEMBER_STALE, "t", room_id);

	return r != 0 ? r : rows_ids(rows, ret, ret_n);
}

int
doubt_put(struct db *db, const char *room_id, int64_t at)
{
	return db_run(db, Q_DOUBT_PUT, "tiii", room_id, at, (int64_t)DOUBT_MS, (int64_t)24 * DOUBT_MS);
}

int
doubt_sooner(struct db *db, const char *room_id)
{
	return db_run(db, Q_DOUBT_SOONER, "ti", room_id, (int64_t)DOUBT_MS);
}

int
doubt_asked(struct db *db, const char *room_id, int64_t at)
{
	return db_run(db, Q_DOUBT_ASKED, "tii", room_id, at, (int64_t)12 * DOUBT_MS);
}

int
doubt_drop(struct db *db, const char *room_id)
{
	return db_run(db, Q_DOUBT_DROP, "t", room_id);
}

int
doubt_next(struct db *db, char **ret, int64_t *ret_due)
{
	autorows struct rows *rows = NULL;
	int r;

	if ((r = db_query(db, &rows, Q_DOUBT_NEXT, "")) != 0 || (r = db_next(rows)) != 0)
		return r;
	*ret_due = db_int(rows, 1);
	return rows_dup(rows, 0, ret);
}

int
doubt_each(struct db *db, int (*fn)(void *, const char *), void *cookie)
{
	autorows struct rows *rows = NULL;
	int r = db_query(db, &rows, Q_DOUBT_LIST, "");

	return rows_each_text(rows, r, fn, cookie);
}

int
roster_add(struct db *db, const char *room_id, int64_t pid)
{
	return db_run(db, Q_ROSTER_ADD, "ti", room_id, pid);
}

int
roster_drop(struct db *db, const char *room_id, int64_t pid)
{
	return db_run(db, Q_ROSTER_DROP, "ti", room_id, pid);
}

int
roster_has(struct db *db, const char *room_id, int64_t pid)
{
	autorows struct rows *rows = NULL;
	int r;

	if ((r = db_query(db, &rows, Q_ROSTER_HAS, "ti", room_id, pid)) != 0)
		return r;
	return db_next(rows);
}

int
roster_list(struct db *db, const char *room_id, int64_t **ret, size_t *ret_n)
{
	autorows struct rows *rows = NULL;
	int r;

	if ((r = db_query(db, &rows, Q_ROSTER_LIST, "t", room_id)) != 0)
		return r;
	return rows_ids(rows, ret, ret_n);
}

int
roster_people(struct db *db, int64_t after, int64_t most, int64_t **ret, size_t *ret_n)
{
	autorows struct rows *rows = NULL;
	int r;

	if ((r = db_query(db, &rows, Q_ROSTER_PEOPLE, "ii", after, most)) != 0)
		return r;
	return rows_ids(rows, ret, ret_n);
}

int
roster_room(struct db *db, int64_t pid, char **ret)
{
	autorows struct rows *rows = NULL;
	int r;

	if ((r = db_query(db, &rows, Q_ROSTER_ROOM, "i", pid)) != 0 || (r = db_next(rows)) != 0)
		return r;
	return rows_dup(rows, 0, ret);
}
