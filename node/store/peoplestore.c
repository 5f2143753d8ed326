/* SPDX-License-Identifier: Apache-2.0 */
/* Accounts, people, small values; rooms are in peoplestore_room.c. */
#include <errno.h>
#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "column.h"
#include "peoplestore.h"
#include "rows.h"
#include "subject.h"

#define PERSON_LOST	"@lost.%" PRId64 ":invalid"

void
account_free(struct account *a)
{
	free(a->name);
	free(a->user_id);
	free(a->device_id);
	if (a->token != NULL)
		sodium_memzero(a->token, strlen(a->token));
	free(a->token);
	free(a->next_batch);
	free(a->filter);
	*a = (struct account){ 0 };
}

int
account_get(struct db *db, const char *name, struct account *ret)
{
	autorows struct rows *rows = NULL;
	struct account a = { 0 };
	int r;

	if ((r = db_query(db, &rows, Q_ACCOUNT_GET, "t", name)) != 0 || (r = db_next(rows)) != 0)
		return r;
	if ((r = rows_dup(rows, 0, &a.name)) != 0 ||
	    (r = rows_dup(rows, 1, &a.user_id)) != 0 ||
	    (r = rows_dup(rows, 2, &a.device_id)) != 0 ||
	    (r = column_open_text(db, "account.token", name, rows, 3, &a.token)) != 0 ||
	    (r = rows_dup(rows, 4, &a.next_batch)) != 0 ||
	    (r = rows_dup(rows, 5, &a.filter)) != 0) {
		account_free(&a);
		return r;
	}
	a.ready = db_int(rows, 6);
	*ret = a;
	return 0;
}

int
account_put(struct db *db, const struct account *a)
{
	autobuf struct buf token = { 0 };
	int r;

	if ((r = column_seal_text(db, NULL, "account.token", a->name, a->token, &token)) != 0)
		return r;
	return db_run(db, Q_ACCOUNT_PUT, "tttbtti", a->name, a->user_id, a->device_id,
	    token.data, token.len, a->next_batch, a->filter, a->ready);
}

int
account_batch(struct db *db, const char *name, const char *next_batch)
{
	return rows_hit(db, db_run(db, Q_ACCOUNT_BATCH, "tt", name, next_batch));
}

int
person_find(struct db *db, const char *user, int64_t *ret)
{
	autorows struct rows *rows = NULL;
	uint8_t hash[COLUMN_HASH];
	int r;

	column_hash(db, "person.user", user, hash);
	if ((r = db_query(db, &rows, Q_PERSON_FIND, "b", hash, sizeof(hash))) != 0 ||
	    (r = db_next(rows)) != 0)
		return r;
	*ret = db_int(rows, 0);
	return 0;
}

/* Who is known has a key of their own; anybody can invent strangers. */
static int
person_write(struct db *db, enum query_id query, bool known, int64_t pid, const char *user)
{
	autobuf struct buf sealed = { 0 };
	uint8_t hash[COLUMN_HASH];
	char row[COLUMN_ROW], who[SUBJECT_NAME];
	int r = column_seal_text(db, known ? subject_person(pid, who) : NULL, "person.user", column_row(pid, row), user,
	    &sealed);

	column_hash(db, "person.user", user, hash);
	return r != 0 ? r : db_run(db, query, "ibb", pid, hash, sizeof(hash), sealed.data, sealed.len);
}

int
person_rename(struct db *db, int64_t pid, const char *user)
{
	return person_write(db, Q_PERSON_RENAMED, false, pid, user);
}

/* Whose name could not be read, and is heard again. */
static int
name_again(struct db *db, int64_t pid, const char *user)
{
	autofree char *known = NULL;
	autorows struct rows *rows = NULL;
	char who[SUBJECT_NAME];
	int r = db_query(db, &rows, Q_SUBJECT_IS_LOST, "t", subject_person(pid, who));

	if (r != 0 || (r = db_next(rows)) != 0)
		return r == E_NOTFOUND ? 0 : r;
	db_done(take(rows));
	if ((r = person_user(db, pid, &known)) != 0 || strcmp(known, user) == 0)
		return r;
	return person_write(db, Q_PERSON_RENAMED, true, pid, user);
}

int
person_id(struct db *db, const char *user, int64_t *ret)
{
	int64_t pid;
	int r = person_find(db, user, &pid);

	if (r == E_NOTFOUND && (r = rows_serial(db, "person", &pid)) == 0)
		r = person_write(db, Q_PERSON_ADD, true, pid, user);
	else if (r == 0 && (r = db_run(db, Q_STRANGER_KNOWN, "i", pid)) == 0 && db_changes(db) > 0)
		r = person_write(db, Q_PERSON_RENAMED, true, pid, user);
	else if (r == 0)
		r = name_again(db, pid, user);
	if (r == 0)
		*ret = pid;
	return r;
}

int
person_stranger(struct db *db, const char *user, int64_t *ret)
{
	int64_t pid;
	int r = rows_serial(db, "person", &pid);

	if (r != 0 || (r = person_write(db, Q_PERSON_ADD, false, pid, user)) != 0)
		return r;
	*ret = pid;
	return 0;
}

int
person_user(struct db *db, int64_t pid, char **ret)
{
	autorows struct rows *rows = NULL;
	char row[COLUMN_ROW];
	int r;

	if ((r = db_query(db, &rows, Q_PERSON_USER, "i", pid)) != 0 || (r = db_next(rows)) != 0)
		return r;
	if ((r = column_open_text(db, "person.user", column_row(pid, row), rows, 0, ret)) != E_NOTFOUND)
		return r;
	/* Their key is not there (erasure_open).  A name that no server has holds up nobody else. */
	return asprintf(ret, PERSON_LOST, pid) < 0 ? -ENOMEM : 0;
}

bool
person_is_lost(const char *user)
{
	const char *server = strchr(user, ':');

	return strncmp(user, "@lost.", 6) == 0 && server != NULL && strcmp(server, ":invalid") == 0;
}

/* Names that begin so belong to db.c. */
static bool
is_reserved(const char *key)
{
	return strncmp(key, "db.", 3) == 0;
}

int
meta_put(struct db *db, const char *key, const char *value, bool secret)
{
	autobuf struct buf sealed = { 0 };
	int r;

	if (is_reserved(key))
		return E_REFUSED;
	if (!secret)
		return db_run(db, Q_META_PUT, "tib", key, (int64_t)0, value, strlen(value));
	if ((r = column_seal_text(db, NULL, "meta.value", key, value, &sealed)) != 0)
		return r;
	return db_run(db, Q_META_PUT, "tib", key, (int64_t)1, sealed.data, sealed.len);
}

int
meta_get(struct db *db, const char *key, bool secret, char **ret)
{
	autorows struct rows *rows = NULL;
	const char *value;
	char *copy;
	size_t len;
	int r;

	if (is_reserved(key))
		return E_REFUSED;
	if ((r = db_query(db, &rows, Q_META_GET, "t", key)) != 0 || (r = db_next(rows)) != 0)
		return r;
	/* A clear value where a secret is expected was put there by someone else. */
	if (db_int(rows, 0) != secret)
		return ERR_CORRUPT;
	if (secret)
		return column_open_text(db, "meta.value", key, rows, 1, ret);
	if ((value = db_blob(rows, 1, &len)) == NULL || (copy = strndup(value, len)) == NULL)
		return -ENOMEM;
	*ret = copy;
	return 0;
}
