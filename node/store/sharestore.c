/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <string.h>

#include "rows.h"
#include "sharestore.h"

int
share_plan(struct db *db, int64_t outbound, int64_t pid, int64_t now)
{
	int r = db_run(db, Q_CRYPT_SHARE_PLAN, "iii", outbound, pid, now);

	return r != 0 ? r : db_run(db, Q_CRYPT_SHARE_CLAIM, "ii", outbound, pid);
}

int
share_session(struct db *db, enum share_state state, int64_t *ret)
{
	autorows struct rows *rows = NULL;
	int r;

	if ((r = db_query(db, &rows, Q_CRYPT_SHARE_SESSION, "i", (int64_t)state)) != 0 ||
	    (r = db_next(rows)) != 0)
		return r;
	*ret = db_int(rows, 0);
	return 0;
}

void
share_list_free(struct share *list, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		free(list[i].device_id);
	}
	free(list);
}

int
share_list(struct db *db, int64_t outbound, enum share_state state, int64_t limit, struct share **ret,
    size_t *ret_n)
{
	autorows struct rows *rows = NULL;
	struct share *list;
	size_t n = 0;
	int r;

	if ((r = db_query(db, &rows, Q_CRYPT_SHARE_LIST, "iii", outbound, (int64_t)state, limit)) != 0)
		return r;
	if ((list = calloc((size_t)limit, sizeof(*list))) == NULL)
		return -ENOMEM;
	while (n < (size_t)limit && (r = db_next(rows)) == 0) {
		struct share *s = &list[n++];
		size_t len;
		const void *curve = db_blob(rows, 3, &len);

		s->outbound = db_int(rows, 0);
		s->pid = db_int(rows, 1);
		s->whole = db_int(rows, 4) != 0;
		if (curve == NULL || len != CRYPTO_KEY)
			r = ERR_CORRUPT;
		else
			memcpy(s->curve25519, curve, CRYPTO_KEY);
		if (r != 0 || (r = rows_dup(rows, 2, &s->device_id)) != 0)
			break;
	}
	if (r < 0) {
		share_list_free(list, n);
		return r;
	}
	*ret = list;
	*ret_n = n;
	return 0;
}

int
share_enter(struct db *db, const struct share *s, enum share_state state, const char *ref)
{
	return rows_hit(db, db_run(db, Q_CRYPT_SHARE_STATE, "iititi", s->outbound, s->pid, s->device_id,
	    (int64_t)state, ref, (int64_t)s->whole));
}

int
share_drop(struct db *db, const struct share *s)
{
	return db_run(db, Q_CRYPT_SHARE_DROP, "iit", s->outbound, s->pid, s->device_id);
}

int
share_count(struct db *db, int64_t outbound, enum share_state state, int64_t limit, int64_t *ret)
{
	autorows struct rows *rows = NULL;
	int r;

	if ((r = db_query(db, &rows, Q_CRYPT_SHARE_COUNT, "iii", outbound, (int64_t)state, limit)) != 0 ||
	    (r = db_next(rows)) != 0)
		return r;
	*ret = db_int(rows, 0);
	return 0;
}

int
share_answered(struct db *db, const char *ref)
{
	return db_run(db, Q_CRYPT_SHARE_ANSWERED, "t", ref);
}

int
share_again(struct db *db, const char *ref)
{
	return db_run(db, Q_CRYPT_SHARE_AGAIN, "t", ref);
}

int
share_row(struct db *db, const char *ref, int64_t *ret_n, int64_t *ret_strangers)
{
	autorows struct rows *rows = NULL;
	int r;

	if ((r = db_query(db, &rows, Q_CRYPT_SHARE_ROW, "t", ref)) != 0 || (r = db_next(rows)) != 0)
		return r;
	*ret_n = db_int(rows, 0);
	*ret_strangers = db_int(rows, 1);
	return 0;
}

int
share_claimed(struct db *db, int64_t pid, const char *device_id)
{
	return db_run(db, Q_CRYPT_SHARE_CLAIMED, "it", pid, device_id);
}

int
share_resend(struct db *db, int64_t pid, const char *device_id)
{
	return db_run(db, Q_CRYPT_SHARE_RESEND, "it", pid, device_id);
}

int
share_revive(struct db *db, int64_t now, int64_t limit)
{
	return db_run(db, Q_CRYPT_SHARE_REVIVE, "ii", now, limit);
}

/* The answer of a SELECT EXISTS. */
static int
take_bool(struct rows *rows, bool *ret)
{
	int r = db_next(rows);

	if (r == 0)
		*ret = db_int(rows, 0) != 0;
	return r;
}

int
share_others(struct db *db, const char *ref, bool *ret)
{
	autorows struct rows *rows = NULL;
	int r = db_query(db, &rows, Q_CRYPT_SHARE_OTHERS, "t", ref);

	return r != 0 ? r : take_bool(rows, ret);
}

int
share_strangers(struct db *db, int64_t outbound, const char *room_id, bool *ret)
{
	autorows struct rows *rows = NULL;
	int r = db_query(db, &rows, Q_CRYPT_SHARE_STRANGERS, "it", outbound, room_id);

	return r != 0 ? r : take_bool(rows, ret);
}

int
share_readers(struct db *db, const char *room_id, int64_t *ret)
{
	autorows struct rows *rows = NULL;
	int r;

	if ((r = db_query(db, &rows, Q_CRYPT_SHARE_READERS, "t", room_id)) != 0 || (r = db_next(rows)) != 0)
		return r;
	*ret = db_int(rows, 0);
	return 0;
}

int
share_holds(struct db *db, int64_t outbound, int64_t pid, bool *ret)
{
	autorows struct rows *rows = NULL;
	int r = db_query(db, &rows, Q_CRYPT_SHARE_HOLDS, "ii", outbound, pid);

	return r != 0 ? r : take_bool(rows, ret);
}

int
history_add(struct db *db, const char *room_id, int64_t pid)
{
	return db_run(db, Q_CRYPT_HISTORY_ADD, "ti", room_id, pid);
}

int
history_add_rooms(struct db *db, int64_t pid)
{
	return db_run(db, Q_CRYPT_HISTORY_ROOMS, "i", pid);
}

int
history_after(struct db *db, const char *room_id, int64_t pid, char **ret_room, int64_t *ret_pid,
    int64_t *ret_done)
{
	autorows struct rows *rows = NULL;
	int r;

	if ((r = db_query(db, &rows, Q_CRYPT_HISTORY_LIST, "ti", room_id, pid)) != 0 ||
	    (r = db_next(rows)) != 0 || (r = rows_dup(rows, 0, ret_room)) != 0)
		return r;
	*ret_pid = db_int(rows, 1);
	*ret_done = db_int(rows, 2);
	return 0;
}

int
history_done(struct db *db, const char *room_id, int64_t pid, int64_t done)
{
	return db_run(db, Q_CRYPT_HISTORY_DONE, "tii", room_id, pid, done);
}

int
history_drop(struct db *db, const char *room_id, int64_t pid)
{
	return db_run(db, Q_CRYPT_HISTORY_DROP, "ti", room_id, pid);
}

int
blocked_put(struct db *db, const char *room_id, const char *reason)
{
	return reason == NULL ? db_run(db, Q_CRYPT_BLOCKED_DROP, "t", room_id) :
	    db_run(db, Q_CRYPT_BLOCKED_PUT, "tt", room_id, reason);
}

int
blocked_get(struct db *db, const char *room_id, char **ret)
{
	autorows struct rows *rows = NULL;
	int r;

	if ((r = db_query(db, &rows, Q_CRYPT_BLOCKED_GET, "t", room_id)) != 0 || (r = db_next(rows)) != 0)
		return r;
	return rows_dup(rows, 0, ret);
}
