/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <sodium.h>
#include <string.h>

#include "column.h"
#include "cryptostore.h"
#include "rows.h"
#include "subject.h"

#define ACCOUNT_ROW	"1"

/* A blob that must have exactly this length. */
static int
take_blob(struct rows *rows, int col, void *dst, size_t n)
{
	size_t len;
	const void *data = db_blob(rows, col, &len);

	if (data == NULL || len != n)
		return ERR_CORRUPT;
	memcpy(dst, data, n);
	return 0;
}

static int
open_blob(struct db *db, const char *column, const char *row, struct rows *rows, int col,
    struct buf *out)
{
	size_t len;
	const void *data = db_blob(rows, col, &len);

	return data == NULL ? ERR_CORRUPT : column_open(db, column, row, data, len, out);
}

void
crypto_account_free(struct crypto_account *a)
{
	free(a->device_id);
	buf_wipe(&a->pickle);
	sodium_memzero(a, sizeof(*a));
}

int
crypto_account_get(struct db *db, struct crypto_account *ret)
{
	autorows struct rows *rows = NULL;
	autowipe struct buf key = { 0 };
	struct crypto_account a = { 0 };
	int r;

	if ((r = db_query(db, &rows, Q_CRYPT_ACCOUNT_GET, "")) != 0 || (r = db_next(rows)) != 0)
		return r;
	if ((r = rows_dup(rows, 1, &a.device_id)) == 0 &&
	    (r = open_blob(db, "crypt_account.pickle_key", ACCOUNT_ROW, rows, 2, &key)) == 0 &&
	    (r = open_blob(db, "crypt_account.pickle", ACCOUNT_ROW, rows, 3, &a.pickle)) == 0)
		r = key.len == CRYPTO_KEY ? 0 : ERR_CORRUPT;
	if (r != 0) {
		crypto_account_free(&a);
		return r;
	}
	memcpy(a.pickle_key, key.data, CRYPTO_KEY);
	a.pid = db_int(rows, 0);
	a.uploaded = db_int(rows, 4);
	a.onetime = db_int(rows, 5);
	a.fallback_unused = db_int(rows, 6);
	a.fallback_at = db_int(rows, 7);
	a.forget_at = db_int(rows, 8);
	*ret = a;
	return 0;
}

int
crypto_account_lost(struct db *db, struct crypto_account *ret)
{
	autorows struct rows *rows = NULL;
	struct crypto_account a = { 0 };
	int r = crypto_account_get(db, &a);

	crypto_account_free(&a);
	if (r != E_NOTFOUND)
		return r == 0 ? E_EXISTS : r;
	if ((r = db_query(db, &rows, Q_CRYPT_ACCOUNT_GET, "")) != 0 || (r = db_next(rows)) != 0)
		return r;
	return rows_dup(rows, 1, &ret->device_id);
}

int
crypto_account_key(struct db *db, const struct crypto_account *a)
{
	autobuf struct buf key = { 0 };
	int r = column_seal(db, SUBJECT_MOVING, "crypt_account.pickle_key", ACCOUNT_ROW, a->pickle_key, CRYPTO_KEY, &key);

	return r != 0 ? r : db_run(db, Q_CRYPT_ACCOUNT_KEY, "b", key.data, key.len);
}

int
crypto_account_add(struct db *db, const struct crypto_account *a)
{
	autobuf struct buf key = { 0 }, pickle = { 0 };
	int r;

	if ((r = column_seal(db, SUBJECT_MOVING, "crypt_account.pickle_key", ACCOUNT_ROW, a->pickle_key, CRYPTO_KEY,
	    &key)) != 0 ||
	    (r = column_seal(db, SUBJECT_MOVING, "crypt_account.pickle", ACCOUNT_ROW, a->pickle.data, a->pickle.len,
	    &pickle)) != 0)
		return r;
	return db_run(db, Q_CRYPT_ACCOUNT_ADD, "itbb", a->pid, a->device_id, key.data, key.len,
	    pickle.data, pickle.len);
}

int
crypto_account_pickle(struct db *db, const struct buf *pickle)
{
	autobuf struct buf sealed = { 0 };
	int r = column_seal(db, SUBJECT_MOVING, "crypt_account.pickle", ACCOUNT_ROW, pickle->data, pickle->len, &sealed);

	return r != 0 ? r : db_run(db, Q_CRYPT_ACCOUNT_PICKLE, "b", sealed.data, sealed.len);
}

int
crypto_account_state(struct db *db, const struct crypto_account *a)
{
	return db_run(db, Q_CRYPT_ACCOUNT_STATE, "iiiii", a->uploaded, a->onetime,
	    a->fallback_unused, a->fallback_at, a->forget_at);
}

int
crypto_account_renew(struct db *db, const struct crypto_account *a)
{
	static const enum query_id all[] = { Q_CRYPT_OLM_CLEAR, Q_CRYPT_OUTBOUND_RETIRE_ALL, Q_CRYPT_OUTBOUND_FORGET_ALL,
	    Q_CRYPT_DEVICE_UNCLAIM_ALL, Q_CRYPT_SHARE_AGAIN_ALL };
	int r;

	if ((r = db_run(db, Q_CRYPT_ACCOUNT_RENEW, "t", a->device_id)) != 0)
		return r;
	for (size_t i = 0; i < nelem(all); i++)
		if ((r = db_run(db, all[i], "")) != 0)
			return r;
	return crypto_account_pickle(db, &a->pickle);
}

void
crypto_olm_list_free(struct crypto_olm *list, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		free(list[i].session_id);
		buf_wipe(&list[i].pickle);
	}
	free(list);
}

int
crypto_olm_list(struct db *db, int64_t pid, const uint8_t curve[CRYPTO_KEY], size_t limit,
    struct crypto_olm **ret, size_t *ret_n)
{
	autorows struct rows *rows = NULL;
	struct crypto_olm *list;
	size_t n = 0;
	int r;

	if (limit > CRYPTO_SESSIONS)
		limit = CRYPTO_SESSIONS;
	if ((r = db_query(db, &rows, Q_CRYPT_OLM_LIST, "ibi", pid, curve, (size_t)CRYPTO_KEY,
	    (int64_t)limit)) != 0)
		return r;
	if ((list = calloc(CRYPTO_SESSIONS, sizeof(*list))) == NULL)
		return -ENOMEM;
	while (n < limit && (r = db_next(rows)) == 0) {
		struct crypto_olm *s = &list[n++];

		if ((r = rows_dup(rows, 1, &s->session_id)) != 0 ||
		    (r = open_blob(db, "crypt_olm.pickle", s->session_id, rows, 2, &s->pickle)) != 0)
			break;
		s->n = db_int(rows, 0);
		s->used = db_int(rows, 3);
	}
	if (r < 0) {
		crypto_olm_list_free(list, n);
		return r;
	}
	*ret = list;
	*ret_n = n;
	return 0;
}

int
crypto_olm_put(struct db *db, int64_t pid, const uint8_t curve[CRYPTO_KEY], int64_t n, const char *session_id,
    const struct buf *pickle, int64_t used)
{
	autobuf struct buf sealed = { 0 };
	int r = column_seal(db, SUBJECT_MOVING, "crypt_olm.pickle", session_id, pickle->data, pickle->len, &sealed);

	if (r != 0)
		return r;
	if (n != 0)
		return rows_hit(db, db_run(db, Q_CRYPT_OLM_PUT, "ibi", n, sealed.data, sealed.len, used));
	if ((r = db_run(db, Q_CRYPT_OLM_ADD, "ibtbi", pid, curve, (size_t)CRYPTO_KEY, session_id,
	    sealed.data, sealed.len, used)) != 0)
		return r;
	return db_run(db, Q_CRYPT_OLM_TRIM, "ibi", pid, curve, (size_t)CRYPTO_KEY, (int64_t)CRYPTO_SESSIONS);
}

int
crypto_hash_get(struct db *db, const uint8_t hash[CRYPTO_HASH])
{
	autorows struct rows *rows = NULL;
	int r = db_query(db, &rows, Q_CRYPT_HASH_GET, "b", hash, (size_t)CRYPTO_HASH);

	return r != 0 ? r : db_next(rows);
}

int
crypto_hash_add(struct db *db, const uint8_t hash[CRYPTO_HASH], int64_t pid, int64_t most, int64_t at)
{
	int r = db_run(db, Q_CRYPT_HASH_ADD, "bii", hash, (size_t)CRYPTO_HASH, pid, at);

	return r != 0 ? r : db_run(db, Q_CRYPT_HASH_TRIM, "ii", pid, most);
}

int
crypto_hash_age(struct db *db, int64_t before)
{
	return db_run(db, Q_CRYPT_HASH_AGE, "i", before);
}

void
crypto_inbound_free(struct crypto_inbound *s)
{
	free(s->room_id);
	*s = (struct crypto_inbound){ 0 };
}

int
crypto_inbound_get(struct db *db, const char *session_id, int64_t pid, struct crypto_inbound *ret)
{
	autorows struct rows *rows = NULL;
	struct crypto_inbound s = { 0 };
	int r;

	if ((r = db_query(db, &rows, Q_CRYPT_INBOUND_GET, "ti", session_id, pid)) != 0 ||
	    (r = db_next(rows)) != 0)
		return r;
	if ((r = take_blob(rows, 3, s.curve25519, CRYPTO_KEY)) != 0 ||
	    (r = rows_dup(rows, 1, &s.room_id)) != 0)
		return r;
	s.n = db_int(rows, 0);
	s.pid = db_int(rows, 2);
	s.first = db_int(rows, 4);
	s.shared_history = db_int(rows, 5);
	s.past = db_int(rows, 6);
	*ret = s;
	return 0;
}

int
crypto_inbound_pickle(struct db *db, const char *session_id, int64_t pid, struct buf *out)
{
	autorows struct rows *rows = NULL;
	int r;

	if ((r = db_query(db, &rows, Q_CRYPT_INBOUND_PICKLE, "ti", session_id, pid)) != 0 ||
	    (r = db_next(rows)) != 0)
		return r;
	return open_blob(db, "crypt_inbound.pickle", session_id, rows, 0, out);
}

int
crypto_inbound_add(struct db *db, const char *session_id, const struct crypto_inbound *s,
    const struct buf *pickle, int64_t at)
{
	autobuf struct buf sealed = { 0 };
	int r = column_seal(db, SUBJECT_MOVING, "crypt_inbound.pickle", session_id, pickle->data, pickle->len, &sealed);

	return r != 0 ? r : db_run(db, Q_CRYPT_INBOUND_ADD, "ttibbiii", session_id, s->room_id, s->pid,
	    s->curve25519, (size_t)CRYPTO_KEY, sealed.data, sealed.len, s->first, s->shared_history, at);
}

static int
put_inbound(struct db *db, enum query_id q, const char *session_id, int64_t pid, const struct buf *pickle, int64_t first)
{
	autobuf struct buf sealed = { 0 };
	int r = column_seal(db, SUBJECT_MOVING, "crypt_inbound.pickle", session_id, pickle->data, pickle->len, &sealed);

	return r != 0 ? r : rows_hit(db, db_run(db, q, "tibi", session_id, pid, sealed.data, sealed.len, first));
}

int
crypto_inbound_extend(struct db *db, const char *session_id, int64_t pid, const struct buf *pickle, int64_t first)
{
	return put_inbound(db, Q_CRYPT_INBOUND_EXTEND, session_id, pid, pickle, first);
}

int
crypto_past_mark(struct db *db)
{
	int r = db_run(db, Q_CRYPT_PAST_MARK, "");

	if (r != 0 || (r = db_run(db, Q_CRYPT_PAST_USED, "")) != 0)
		return r;
	return db_run(db, Q_CRYPT_PAST_FORGET, "");
}

int
crypto_past_next(struct db *db, char **session_id, int64_t *ret_pid, int64_t *ret_at)
{
	autorows struct rows *rows = NULL;
	int r = db_query(db, &rows, Q_CRYPT_PAST_NEXT, "");

	if (r != 0 || (r = db_next(rows)) != 0)
		return r;
	*ret_pid = db_int(rows, 1);
	*ret_at = db_int(rows, 2);
	return rows_dup(rows, 0, session_id);
}

int
crypto_past_put(struct db *db, const char *session_id, int64_t pid, const struct buf *pickle, int64_t first)
{
	return put_inbound(db, Q_CRYPT_PAST_PUT, session_id, pid, pickle, first);
}

int
crypto_inbound_count(struct db *db, int64_t pid, int64_t *ret)
{
	autorows struct rows *rows = NULL;
	int r;

	if ((r = db_query(db, &rows, Q_CRYPT_INBOUND_COUNT, "i", pid)) != 0 ||
	    (r = db_next(rows)) != 0)
		return r;
	*ret = db_int(rows, 0);
	return 0;
}

int
crypto_index_get(struct db *db, int64_t session, uint32_t position, uint8_t ret[CRYPTO_HASH])
{
	autorows struct rows *rows = NULL;
	int r;

	if ((r = db_query(db, &rows, Q_CRYPT_INDEX_GET, "ii", session, (int64_t)position)) != 0 ||
	    (r = db_next(rows)) != 0)
		return r;
	return take_blob(rows, 0, ret, CRYPTO_HASH);
}

int
crypto_index_add(struct db *db, int64_t session, uint32_t position, const uint8_t hash[CRYPTO_HASH])
{
	return db_run(db, Q_CRYPT_INDEX_ADD, "iib", session, (int64_t)position, hash,
	    (size_t)CRYPTO_HASH);
}

int
crypto_index_drop(struct db *db, int64_t session, uint32_t position)
{
	return db_run(db, Q_CRYPT_INDEX_DROP, "ii", session, (int64_t)position);
}

void
crypto_outbound_free(struct crypto_outbound *s)
{
	free(s->session_id);
	free(s->room_id);
	buf_wipe(&s->pickle);
	*s = (struct crypto_outbound){ 0 };
}

static int
take_outbound(struct db *db, struct rows *rows, struct crypto_outbound *ret)
{
	struct crypto_outbound s = { 0 };
	int r = db_next(rows);

	if (r != 0)
		return r;
	if ((r = rows_dup(rows, 1, &s.session_id)) != 0 || (r = rows_dup(rows, 2, &s.room_id)) != 0 ||
	    (r = open_blob(db, "crypt_outbound.pickle", s.session_id, rows, 10, &s.pickle)) != 0) {
		crypto_outbound_free(&s);
		return r;
	}
	s.n = db_int(rows, 0);
	s.created = db_int(rows, 3);
	s.messages = db_int(rows, 4);
	s.history = db_int(rows, 5);
	s.rotate = db_int(rows, 6);
	s.planned = db_int(rows, 7);
	s.plan_epoch = db_int(rows, 8);
	s.plan_roster = db_int(rows, 9);
	*ret = s;
	return 0;
}

int
crypto_outbound_active(struct db *db, const char *room_id, struct crypto_outbound *ret)
{
	autorows struct rows *rows = NULL;
	int r = db_query(db, &rows, Q_CRYPT_OUTBOUND_ACTIVE, "t", room_id);

	return r != 0 ? r : take_outbound(db, rows, ret);
}

int
crypto_outbound_at(struct db *db, int64_t n, struct crypto_outbound *ret)
{
	autorows struct rows *rows = NULL;
	int r = db_query(db, &rows, Q_CRYPT_OUTBOUND_AT, "i", n);

	return r != 0 ? r : take_outbound(db, rows, ret);
}

int
crypto_outbound_first_key(struct db *db, int64_t n, struct buf *out)
{
	autorows struct rows *rows = NULL;
	int r;

	if ((r = db_query(db, &rows, Q_CRYPT_OUTBOUND_FIRST_KEY, "i", n)) != 0 ||
	    (r = db_next(rows)) != 0)
		return r;
	return open_blob(db, "crypt_outbound.first_key", db_text(rows, 1), rows, 0, out);
}

int
crypto_outbound_add(struct db *db, const struct crypto_outbound *s, const struct buf *first_key)
{
	autobuf struct buf pickle = { 0 }, key = { 0 };
	int r;

	if ((r = column_seal(db, SUBJECT_MOVING, "crypt_outbound.pickle", s->session_id, s->pickle.data, s->pickle.len,
	    &pickle)) != 0 ||
	    (r = column_seal(db, SUBJECT_MOVING, "crypt_outbound.first_key", s->session_id, first_key->data,
	    first_key->len, &key)) != 0)
		return r;
	return db_run(db, Q_CRYPT_OUTBOUND_ADD, "ttbbii", s->session_id, s->room_id, pickle.data,
	    pickle.len, key.data, key.len, s->created, s->history);
}

int
crypto_outbound_advance(struct db *db, const struct crypto_outbound *s)
{
	autobuf struct buf sealed = { 0 };
	int r = column_seal(db, SUBJECT_MOVING, "crypt_outbound.pickle", s->session_id, s->pickle.data, s->pickle.len,
	    &sealed);

	return r != 0 ? r : rows_hit(db, db_run(db, Q_CRYPT_OUTBOUND_ADVANCE, "ib", s->n,
	    sealed.data, sealed.len));
}

int
crypto_outbound_plan(struct db *db, const struct crypto_outbound *s)
{
	return db_run(db, Q_CRYPT_OUTBOUND_PLAN, "iiii", s->n, s->planned, s->plan_epoch, s->plan_roster);
}

int
crypto_outbound_retire(struct db *db, int64_t n)
{
	int r = db_run(db, Q_CRYPT_OUTBOUND_RETIRE, "i", n);

	if (r != 0 || (r = db_run(db, Q_CRYPT_OUTBOUND_ENDED, "i", n)) != 0)
		return r;
	return db_run(db, Q_CRYPT_OUTBOUND_FORGET, "i", n);
}

int
crypto_outbound_used(struct db *db, const char *session_id, int64_t *ret)
{
	autorows struct rows *rows = NULL;
	int r;

	if ((r = db_query(db, &rows, Q_CRYPT_OUTBOUND_USED, "t", session_id)) != 0 || (r = db_next(rows)) != 0)
		return r;
	*ret = db_int(rows, 0);
	return 0;
}

int
crypto_outbound_rotate_room(struct db *db, const char *room_id)
{
	return db_run(db, Q_CRYPT_OUTBOUND_ROTATE_ROOM, "t", room_id);
}

int
crypto_outbound_rotates(struct db *db, const char *room_id)
{
	autorows struct rows *rows = NULL;
	int r = db_query(db, &rows, Q_CRYPT_OUTBOUND_ROTATES, "t", room_id);

	return r != 0 ? r : db_next(rows);
}

int
crypto_outbound_rotate_person(struct db *db, int64_t pid)
{
	return db_run(db, Q_CRYPT_OUTBOUND_ROTATE_PERSON, "i", pid);
}

int
crypto_outbound_after(struct db *db, const char *room_id, int64_t n, int64_t limit, int64_t **ret,
    size_t *ret_n)
{
	autorows struct rows *rows = NULL;
	int r = db_query(db, &rows, Q_CRYPT_OUTBOUND_AFTER, "tii", room_id, n, limit);

	return r != 0 ? r : rows_ids(rows, ret, ret_n);
}
