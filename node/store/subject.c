/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "datakey.h"
#include "keyring.h"
#include "rows.h"
#include "subject.h"

static const char *
name(const char *kind, const char *id, char out[SUBJECT_NAME])
{
	if (id == NULL)
		return NULL;
	(void)snprintf(out, SUBJECT_NAME, "%s:%.80s", kind, id);
	return out;
}

const char *
subject_referral(const char *id, char out[SUBJECT_NAME])
{
	return name("referral", id, out);
}

const char *
subject_legal(const char *id, char out[SUBJECT_NAME])
{
	return name("legal", id, out);
}

const char *
subject_person(int64_t pid, char out[SUBJECT_NAME])
{
	(void)snprintf(out, SUBJECT_NAME, "person:%" PRId64, pid);
	return out;
}

const char *
subject_note(int64_t n, char out[SUBJECT_NAME])
{
	(void)snprintf(out, SUBJECT_NAME, "note:%" PRId64, n);
	return out;
}

const char *
subject_entry(int64_t n, char out[SUBJECT_NAME])
{
	(void)snprintf(out, SUBJECT_NAME, "entry:%" PRId64, n);
	return out;
}

static const char ring_name[] = "db.keys";
static const char given_name[] = "keys.given";	/* The last slot; of who is erased, and of what moved, nothing else here tells it. */

static int
ring_id(struct db *db, uint8_t id[KEYRING_ID])
{
	autorows struct rows *rows = NULL;
	const void *stored;
	size_t len;
	int r;

	if ((r = db_query(db, &rows, Q_META_GET, "t", ring_name)) != 0 || (r = db_next(rows)) != 0)
		return r;
	stored = db_blob(rows, 1, &len);
	if (stored == NULL || len != KEYRING_ID)
		return ERR_CORRUPT;
	memcpy(id, stored, KEYRING_ID);
	return 0;
}

static int
given(struct db *db, int64_t *ret)
{
	autorows struct rows *rows = NULL;
	int r = db_query(db, &rows, Q_ERASURE_NUMBER, "t", given_name);

	if (r != 0 || (r = db_next(rows)) < 0)
		return r;
	*ret = r == 0 ? db_int(rows, 0) : 0;
	return 0;
}

static int
note_given(struct db *db, const struct keyring *ring)
{
	return db_run(db, Q_ERASURE_NOTE, "ti", given_name, keyring_given(ring));
}

int
subject_given(struct db *db)
{
	return note_given(db, db_ring(db));
}

int
subject_open(struct db *db, const char *dir, struct keyring **ret, struct err *reterr)
{
	uint8_t id[KEYRING_ID];
	int64_t last = 0;
	int r = ring_id(db, id), known = r;

	if (r < 0 || (r = given(db, &last)) != 0)
		return err_set(reterr, r, "database: %s", db_error(db));
	if ((r = keyring_open(dir, db_key(db)->wrap, known == 0 ? id : NULL, last, db_world(db), ret, reterr)) != 0)
		return r;
	if ((r = db_run(db, Q_META_PUT, "tib", ring_name, (int64_t)0, keyring_id(*ret), (size_t)KEYRING_ID)) != 0 ||
	    (r = note_given(db, *ret)) != 0)
		return err_set(reterr, r, "database: %s", db_error(db));
	return 0;
}

/* A row whose key is lost gets another: what is said from now on can be read again. */
static int
give(struct db *db, const char *who, int64_t *ret)
{
	int r = db_blame(db, keyring_add(db_ring(db), ret));

	if (r != 0 || (r = db_run(db, Q_SUBJECT_PUT, "iti", *ret, who, world_now(db_world(db)))) != 0)
		return r;
	return subject_given(db);
}

int
subject_key(struct db *db, const char *who, int64_t *ret, uint8_t key[DB_KEY])
{
	autorows struct rows *rows = NULL;
	int r;

	if (strcmp(who, SUBJECT_MOVING) == 0) {
		*ret = keyring_moving(db_ring(db));
		r = keyring_get(db_ring(db), *ret, key);
		return r == E_NOTFOUND ? ERR_CORRUPT : db_blame(db, r);
	}
	if ((r = db_query(db, &rows, Q_SUBJECT_FIND, "t", who)) != 0)
		return r;
	if ((r = db_next(rows)) == 0) {
		*ret = db_int(rows, 0);
		r = db_blame(db, keyring_get(db_ring(db), *ret, key));
	}
	if (r != E_NOTFOUND)
		return r;
	db_done(take(rows));
	if ((r = give(db, who, ret)) != 0)
		return r;
	r = keyring_get(db_ring(db), *ret, key);
	return r == E_NOTFOUND ? ERR_CORRUPT : db_blame(db, r);
}

int
subject_link(struct db *db, const char *who, const char *whole)
{
	uint8_t key[DB_KEY];
	int64_t slot;
	int r = subject_key(db, who, &slot, key);

	sodium_memzero(key, sizeof(key));
	return r != 0 ? r : db_run(db, Q_SUBJECT_LINK, "tt", who, whole);
}

int
subject_each_part(struct db *db, const char *who, int (*fn)(void *, const char *), void *cookie)
{
	autorows struct rows *rows = NULL;
	int r = db_query(db, &rows, Q_SUBJECT_EACH_PART, "t", who);

	return rows_each_text(rows, r, fn, cookie);
}

int
subject_each_lost(struct db *db, int (*fn)(void *, const char *), void *cookie)
{
	autorows struct rows *rows = NULL;
	int r = db_query(db, &rows, Q_SUBJECT_LOST_EACH, "");

	return rows_each_text(rows, r, fn, cookie);
}

int
subject_members(struct db *db, bool *ret)
{
	autorows struct rows *rows = NULL;
	int r = db_query(db, &rows, Q_SUBJECT_MEMBERS, "");

	if (r != 0 || (r = db_next(rows)) != 0)
		return r > 0 ? ERR_DB : r;
	*ret = db_int(rows, 0) != 0;
	return 0;
}
