/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <sodium.h>
#include <string.h>

#include "devicestore.h"
#include "rows.h"

#define GENERATION	"crypt.generation"
#define EPOCH		"crypt.epoch"

/* A key, or NULL: none. */
static int
read_key(struct rows *rows, int column, uint8_t ret[CRYPTO_KEY], bool *ret_has)
{
	size_t len;
	const void *key = db_blob(rows, column, &len);

	if (key != NULL && len != CRYPTO_KEY)
		return ERR_CORRUPT;
	if ((*ret_has = key != NULL))
		memcpy(ret, key, CRYPTO_KEY);
	return 0;
}

int
crypto_user_get(struct db *db, int64_t pid, struct crypto_user *ret)
{
	autorows struct rows *rows = NULL;
	struct crypto_user u = { 0 };
	int r;

	if ((r = db_query(db, &rows, Q_CRYPT_USER_GET, "i", pid)) != 0 || (r = db_next(rows)) != 0)
		return r;
	u.pid = db_int(rows, 0);
	u.tracked = db_int(rows, 1);
	u.outdated = db_int(rows, 2);
	u.changed = db_int(rows, 3);
	u.answered = db_int(rows, 4);
	u.queried_at = db_int(rows, 5);
	u.tries = db_int(rows, 6);
	u.due = db_int(rows, 7);
	u.pinned = db_int(rows, 8);
	u.refused = db_int(rows, 9);
	if ((r = read_key(rows, 10, u.master, &u.has_master)) != 0 || (r = read_key(rows, 12, u.shown, &u.has_shown)) != 0)
		return r;
	u.refused_at = db_int(rows, 11);
	*ret = u;
	return 0;
}

int
crypto_user_put(struct db *db, const struct crypto_user *u)
{
	return db_run(db, Q_CRYPT_USER_PUT, "iiiiiiiiiibib", u->pid, u->tracked, u->outdated, u->changed,
	    u->answered, u->queried_at, u->tries, u->due, u->pinned, u->refused,
	    u->has_master ? u->master : NULL, u->has_master ? (size_t)CRYPTO_KEY : (size_t)0, u->refused_at,
	    u->has_shown ? u->shown : NULL, u->has_shown ? (size_t)CRYPTO_KEY : (size_t)0);
}

int
crypto_user_due(struct db *db, int64_t now, int64_t limit, int64_t **ret, size_t *ret_n)
{
	autorows struct rows *rows = NULL;
	int r = db_query(db, &rows, Q_CRYPT_USER_DUE, "ii", now, limit);

	return r != 0 ? r : rows_ids(rows, ret, ret_n);
}

int
crypto_user_refused(struct db *db, int64_t limit, int64_t **ret, size_t *ret_n)
{
	autorows struct rows *rows = NULL;
	int r = db_query(db, &rows, Q_CRYPT_USER_REFUSED, "i", limit);

	return r != 0 ? r : rows_ids(rows, ret, ret_n);
}

int
crypto_user_held(struct db *db, int64_t pid, int64_t *ret)
{
	autorows struct rows *rows = NULL;
	int r;

	if ((r = db_query(db, &rows, Q_CRYPT_USER_HELD, "i", pid)) != 0 || (r = db_next(rows)) != 0)
		return r > 0 ? ERR_DB : r;
	*ret = db_int(rows, 0);
	return 0;
}

void
crypto_device_free(struct crypto_device *d)
{
	free(d->device_id);
	free(d->refused);
	free(d->onetime);
	buf_free(&d->used);
	*d = (struct crypto_device){ 0 };
}

void
crypto_device_list_free(struct crypto_device *list, size_t n)
{
	for (size_t i = 0; i < n; i++)
		crypto_device_free(&list[i]);
	free(list);
}

/* The next row; the order of columns is that of every crypt_device query. */
static int
take_device(struct rows *rows, struct crypto_device *ret)
{
	struct crypto_device d = { 0 };
	const void *ed, *curve;
	size_t ed_len, curve_len;
	int r = db_next(rows);

	if (r != 0)
		return r;
	ed = db_blob(rows, 2, &ed_len);
	curve = db_blob(rows, 3, &curve_len);
	if (ed == NULL || curve == NULL || ed_len != CRYPTO_KEY || curve_len != CRYPTO_KEY)
		return ERR_CORRUPT;
	memcpy(d.ed25519, ed, CRYPTO_KEY);
	memcpy(d.curve25519, curve, CRYPTO_KEY);
	d.pid = db_int(rows, 0);
	d.listed = db_int(rows, 4);
	d.is_signed = db_int(rows, 5);
	d.eligible = db_int(rows, 6);
	d.claim = db_int(rows, 7);
	d.claim_tries = db_int(rows, 8);
	d.claim_due = db_int(rows, 9);
	d.mend = db_int(rows, 10);
	d.mended_at = db_int(rows, 11);
	d.failures = db_int(rows, 12);
	d.failing_at = db_int(rows, 13);
	if ((r = rows_dup(rows, 1, &d.device_id)) != 0 || (r = rows_dup(rows, 14, &d.refused)) != 0 ||
	    (r = rows_dup(rows, 15, &d.onetime)) != 0) {
		crypto_device_free(&d);
		return r;
	}
	*ret = d;
	return 0;
}

static int
take_devices(struct rows *rows, struct crypto_device **ret, size_t *ret_n)
{
	struct crypto_device *list = NULL, *grown;
	size_t n = 0, size = 0;
	int r = 0;

	while (r == 0) {
		if (n == size) {
			size = size > 0 ? 2 * size : 8;
			if ((grown = reallocarray(list, size, sizeof(*list))) == NULL) {
				r = -ENOMEM;
				break;
			}
			list = grown;
		}
		if ((r = take_device(rows, &list[n])) == 0)
			n++;
	}
	if (r != E_NOTFOUND) {
		crypto_device_list_free(list, n);
		return r;
	}
	*ret = list;
	*ret_n = n;
	return 0;
}

int
crypto_device_get(struct db *db, int64_t pid, const char *device_id, struct crypto_device *ret)
{
	autorows struct rows *rows = NULL;
	int r = db_query(db, &rows, Q_CRYPT_DEVICE_GET, "it", pid, device_id);

	return r != 0 ? r : take_device(rows, ret);
}

int
crypto_device_put(struct db *db, const struct crypto_device *d)
{
	return db_run(db, Q_CRYPT_DEVICE_PUT, "itbbiiiiiiiiiitt", d->pid, d->device_id,
	    d->ed25519, (size_t)CRYPTO_KEY, d->curve25519, (size_t)CRYPTO_KEY, d->listed, d->is_signed,
	    d->eligible, d->claim, d->claim_tries, d->claim_due, d->mend, d->mended_at, d->failures,
	    d->failing_at, d->refused, d->onetime);
}

int
crypto_device_claim(struct db *db, const struct crypto_device *d)
{
	return rows_hit(db, db_run(db, Q_CRYPT_DEVICE_CLAIM, "itiiiitb", d->pid, d->device_id, d->claim,
	    d->claim_tries, d->claim_due, d->mend, d->onetime, d->used.data, d->used.len));
}

int
crypto_device_use(struct db *db, struct crypto_device *d, const uint8_t onetime[CRYPTO_KEY])
{
	autorows struct rows *rows = NULL;
	uint8_t hash[crypto_hash_sha256_BYTES];
	const char *before;
	size_t len = 0;
	int r;

	(void)crypto_hash_sha256(hash, onetime, CRYPTO_KEY);
	if ((r = db_query(db, &rows, Q_CRYPT_DEVICE_USED, "it", d->pid, d->device_id)) != 0 || (r = db_next(rows)) != 0)
		return r;
	before = db_null(rows, 0) ? NULL : db_blob(rows, 0, &len);
	for (size_t i = 0; i + CRYPTO_USED_HASH <= len; i += CRYPTO_USED_HASH)
		if (memcmp(before + i, hash, CRYPTO_USED_HASH) == 0)
			return E_EXISTS;
	if (len >= CRYPTO_USED * CRYPTO_USED_HASH) {
		before += len - (CRYPTO_USED - 1) * CRYPTO_USED_HASH;
		len = (CRYPTO_USED - 1) * CRYPTO_USED_HASH;
	}
	if (len > 0 && (r = buf_add(&d->used, before, len)) != 0)
		return r;
	return buf_add(&d->used, hash, CRYPTO_USED_HASH);
}

int
crypto_device_drop(struct db *db, int64_t pid, const char *device_id)
{
	return db_run(db, Q_CRYPT_DEVICE_DROP, "it", pid, device_id);
}

int
crypto_device_list(struct db *db, int64_t pid, struct crypto_device **ret, size_t *ret_n)
{
	autorows struct rows *rows = NULL;
	int r = db_query(db, &rows, Q_CRYPT_DEVICE_LIST, "i", pid);

	return r != 0 ? r : take_devices(rows, ret, ret_n);
}

int
crypto_device_by_key(struct db *db, const uint8_t curve[CRYPTO_KEY], struct crypto_device **ret,
    size_t *ret_n)
{
	autorows struct rows *rows = NULL;
	int r = db_query(db, &rows, Q_CRYPT_DEVICE_BY_KEY, "b", curve, (size_t)CRYPTO_KEY);

	return r != 0 ? r : take_devices(rows, ret, ret_n);
}

int
crypto_device_name(struct db *db, const uint8_t curve[CRYPTO_KEY], int64_t pid, char **ret_id,
    bool *ret_eligible)
{
	autorows struct rows *rows = NULL;
	int r;

	if ((r = db_query(db, &rows, Q_CRYPT_DEVICE_NAME, "bi", curve, (size_t)CRYPTO_KEY, pid)) != 0 ||
	    (r = db_next(rows)) != 0 || (r = rows_dup(rows, 0, ret_id)) != 0)
		return r;
	*ret_eligible = db_int(rows, 1) != 0;
	return 0;
}

int
crypto_device_claims(struct db *db, int64_t now, int64_t limit, struct crypto_device **ret,
    size_t *ret_n)
{
	autorows struct rows *rows = NULL;
	int r = db_query(db, &rows, Q_CRYPT_DEVICE_CLAIMS, "ii", now, limit);

	return r != 0 ? r : take_devices(rows, ret, ret_n);
}

int
crypto_device_mends(struct db *db, int64_t limit, struct crypto_device **ret, size_t *ret_n)
{
	autorows struct rows *rows = NULL;
	int r = db_query(db, &rows, Q_CRYPT_DEVICE_MENDS, "i", limit);

	return r != 0 ? r : take_devices(rows, ret, ret_n);
}

static int64_t
earliest(struct db *db, enum query_id q)
{
	autorows struct rows *rows = NULL;

	if (db_query(db, &rows, q, "") != 0 || db_next(rows) != 0 || db_null(rows, 0))
		return INT64_MAX;
	return db_int(rows, 0);
}

int64_t
crypto_due(struct db *db)
{
	static const enum query_id all[] = { Q_CRYPT_USER_NEXT, Q_CRYPT_CLAIM_NEXT, Q_CRYPT_SKIPPED_NEXT };
	int64_t due = INT64_MAX;

	for (size_t i = 0; i < nelem(all); i++) {
		int64_t one = earliest(db, all[i]);

		if (one < due)
			due = one;
	}
	return due;
}

int
crypto_pin_get(struct db *db, int64_t pid, const char *device_id, uint8_t ret[CRYPTO_KEY])
{
	autorows struct rows *rows = NULL;
	const void *key;
	size_t len;
	int r;

	if ((r = db_query(db, &rows, Q_CRYPT_PIN_GET, "it", pid, device_id)) != 0 ||
	    (r = db_next(rows)) != 0)
		return r;
	if ((key = db_blob(rows, 0, &len)) == NULL || len != CRYPTO_KEY)
		return ERR_CORRUPT;
	memcpy(ret, key, CRYPTO_KEY);
	return 0;
}

int
crypto_pin_put(struct db *db, int64_t pid, const char *device_id, const uint8_t key[CRYPTO_KEY])
{
	return db_run(db, Q_CRYPT_PIN_PUT, "itb", pid, device_id, key, (size_t)CRYPTO_KEY);
}

int
crypto_pin_drop(struct db *db, int64_t pid, const char *device_id)
{
	return db_run(db, Q_CRYPT_PIN_DROP, "it", pid, device_id);
}

int
crypto_alarm_add(struct db *db, int64_t at, int64_t pid, const char *device_id, const char *text)
{
	int r = db_run(db, Q_CRYPT_ALARM_ADD, "iitt", at, pid, device_id, text);

	return r != 0 ? r : db_run(db, Q_CRYPT_ALARM_TRIM, "iti", pid, text, (int64_t)CRYPTO_ALARMS);
}

int
crypto_alarm_each(struct db *db, int64_t limit, int (*fn)(void *, int64_t, int64_t, const char *,
    const char *), void *cookie)
{
	autorows struct rows *rows = NULL;
	int r = db_query(db, &rows, Q_CRYPT_ALARM_LIST, "i", limit);

	while (r == 0 && (r = db_next(rows)) == 0)
		r = fn(cookie, db_int(rows, 0), db_int(rows, 1), db_text(rows, 2), db_text(rows, 3));
	return r == E_NOTFOUND ? 0 : r;
}

int
crypto_generation_next(struct db *db, int64_t *ret)
{
	return rows_serial(db, GENERATION, ret);
}

int
crypto_epoch_next(struct db *db)
{
	int64_t epoch;

	return rows_serial(db, EPOCH, &epoch);
}

int
crypto_epoch_get(struct db *db, int64_t *ret)
{
	autorows struct rows *rows = NULL;
	int r;

	if ((r = db_query(db, &rows, Q_CRYPT_EPOCH_GET, "t", EPOCH)) != 0 || (r = db_next(rows)) < 0)
		return r;
	*ret = r == 0 ? db_int(rows, 0) : 0;
	return 0;
}
