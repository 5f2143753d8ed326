/* SPDX-License-Identifier: Apache-2.0 */
#include "base/id.h"
#include "column.h"
#include "peoplestore.h"
#include "stranger.h"

static const enum query_id traces[] = {
	Q_STRANGER_FORGET_WAITING, Q_STRANGER_FORGET_REJECTED, Q_STRANGER_FORGET_ALARMS, Q_STRANGER_FORGET_HASHES,
	Q_STRANGER_FORGET_INDEXES, Q_STRANGER_FORGET_INBOUND, Q_STRANGER_FORGET_OLM,
	Q_STRANGER_FORGET_DEVICES, Q_STRANGER_FORGET_USER, Q_STRANGER_KNOWN,
};

int
stranger_has(struct db *db, int64_t pid)
{
	autorows struct rows *rows = NULL;
	int r = db_query(db, &rows, Q_STRANGER_HAS, "i", pid);

	return r != 0 ? r : db_next(rows);
}

static int
one_number(struct db *db, enum query_id query, int64_t *ret)
{
	autorows struct rows *rows = NULL;
	int r;

	if ((r = db_query(db, &rows, query, "")) != 0 || (r = db_next(rows)) != 0)
		return r > 0 ? ERR_DB : r;
	*ret = db_int(rows, 0);
	return 0;
}

static int
forget(struct db *db, int64_t pid)
{
	int r = 0;

	for (size_t i = 0; i < nelem(traces) && r == 0; i++)
		r = db_run(db, traces[i], "i", pid);
	return r;
}

int
stranger_id(struct db *db, const char *user, int64_t *ret, bool *ret_forgot)
{
	uint8_t server[COLUMN_HASH];
	int64_t pid, count;
	int r = person_find(db, user, ret);

	*ret_forgot = false;
	if (r != E_NOTFOUND)
		return r;
	if ((r = one_number(db, Q_STRANGER_COUNT, &count)) != 0)
		return r;
	if (count < STRANGER_MAX)
		r = person_stranger(db, user, &pid);
	else if ((r = one_number(db, Q_STRANGER_OLDEST, &pid)) == 0 && (r = forget(db, pid)) == 0)
		r = person_rename(db, pid, user);
	if (r != 0)
		return r;
	column_hash(db, "stranger.server", id_server(user), server);
	if ((r = db_run(db, Q_STRANGER_ADD, "ib", pid, server, sizeof(server))) != 0)
		return r;
	*ret_forgot = count >= STRANGER_MAX;
	*ret = pid;
	return 0;
}
