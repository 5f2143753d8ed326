/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cryptostore: the ratchets at rest: our account, Olm sessions, Megolm sessions
 * in and out, what was seen before.  Pickles are sealed; public keys are not.
 * Others' devices are in devicestore.h, who got which key in sharestore.h.
 */
#ifndef CAIRN_CRYPTOSTORE_H
#define CAIRN_CRYPTOSTORE_H

#include "db.h"

enum { CRYPTO_KEY = 32, CRYPTO_HASH = 32, CRYPTO_SESSIONS = 5 /* Olm sessions kept per device. */ };

struct crypto_account {
	int64_t	 pid;
	char	*device_id;
	uint8_t	 pickle_key[CRYPTO_KEY];
	struct buf pickle;
	int64_t	 uploaded, onetime, fallback_unused, fallback_at, forget_at;
};
/** crypto_account_get: 0, E_NOTFOUND; _free wipes. _add: -EEXIST if there is one. */
int	crypto_account_get(struct db *, struct crypto_account *) must_check;
void	crypto_account_free(struct crypto_account *);
/**
 * crypto_account_lost(db, ret): 0 and its device id if there is an account whose keys were erased; E_EXISTS if they
 * were not; E_NOTFOUND if there is none.  crypto_account_key(db, a): another key of the pickles.
 */
int	crypto_account_lost(struct db *, struct crypto_account *) must_check;
int	crypto_account_key(struct db *, const struct crypto_account *) must_check;
int	crypto_account_add(struct db *, const struct crypto_account *) must_check;
/** crypto_account_pickle: write the pickle. crypto_account_state: write the numbers. */
int	crypto_account_pickle(struct db *, const struct buf *) must_check;
int	crypto_account_state(struct db *, const struct crypto_account *) must_check;
/** crypto_account_renew(db, account): its device and pickle are new: with no Olm session, no Megolm session
 * of our own in use, no claimed key; what was on its way to others is to be shared again. */
int	crypto_account_renew(struct db *, const struct crypto_account *) must_check;

struct crypto_olm {
	int64_t	 n;		/* Its row. */
	char	*session_id;
	struct buf pickle;
	int64_t	 used;
};
/** crypto_olm_list(db, pid, curve25519, limit, ret, ret_n): of that user's device, the one used last first; 0, even if none. */
int	crypto_olm_list(struct db *, int64_t pid, const uint8_t[CRYPTO_KEY], size_t limit, struct crypto_olm **,
	    size_t *) must_check;
void	crypto_olm_list_free(struct crypto_olm *, size_t);
/** crypto_olm_put(db, pid, curve25519, n, session_id, pickle, used): row ${n} has gone on; 0: a new
 * session, and forget the oldest beyond CRYPTO_SESSIONS. */
int	crypto_olm_put(struct db *, int64_t pid, const uint8_t[CRYPTO_KEY], int64_t n, const char *session_id,
	    const struct buf *pickle, int64_t used) must_check;

/* Olm messages taken: get: 0, E_NOTFOUND. crypto_hash_add(db, hash, pid, most, at): of that user the newest ${most} are kept. */
int	crypto_hash_get(struct db *, const uint8_t[CRYPTO_HASH]) must_check;
int	crypto_hash_add(struct db *, const uint8_t[CRYPTO_HASH], int64_t pid, int64_t most, int64_t at) must_check;
int	crypto_hash_age(struct db *, int64_t before) must_check;

struct crypto_inbound {
	int64_t	 n;
	char	*room_id;
	int64_t	 pid;
	uint8_t	 curve25519[CRYPTO_KEY];
	int64_t	 first, shared_history;
	int64_t	 past;		/* Positions before ${first} were read: they are past (crypt/past.h). */
};
/**
 * A session is that of whoever gave it: others may have given it too, and theirs are others.
 * crypto_inbound_get(db, session, pid, ret): without its pickle; 0, E_NOTFOUND. crypto_inbound_pickle: append that.
 */
int	crypto_inbound_get(struct db *, const char *session_id, int64_t pid, struct crypto_inbound *) must_check;
void	crypto_inbound_free(struct crypto_inbound *);
int	crypto_inbound_pickle(struct db *, const char *session_id, int64_t pid, struct buf *) must_check;
int	crypto_inbound_add(struct db *, const char *session_id, const struct crypto_inbound *,
	    const struct buf *pickle, int64_t at) must_check;
/** crypto_inbound_extend: the same session from an earlier position. */
int	crypto_inbound_extend(struct db *, const char *session_id, int64_t pid, const struct buf *pickle,
	    int64_t first) must_check;
int	crypto_inbound_count(struct db *, int64_t pid, int64_t *) must_check;

/**
 * crypto_past_mark(db): what was read so far of sessions of few is not to be opened again; our own begin anew.
 * crypto_past_next(db, session, ret_pid, ret_at): one of them, whose name the caller frees, whose it is, and from which position on it is kept;
 * 0, E_NOTFOUND.
 * crypto_past_put(db, session, pid, pickle, first): it begins there now.
 */
int	crypto_past_mark(struct db *) must_check;
int	crypto_past_next(struct db *, char **session_id, int64_t *ret_pid, int64_t *ret_at) must_check;
int	crypto_past_put(struct db *, const char *session_id, int64_t pid, const struct buf *pickle, int64_t first) must_check;

/** crypto_index_get(db, session, position, ret): the hash noted there; 0, E_NOTFOUND. */
int	crypto_index_get(struct db *, int64_t session, uint32_t position, uint8_t[CRYPTO_HASH]) must_check;
int	crypto_index_add(struct db *, int64_t session, uint32_t position,
	    const uint8_t[CRYPTO_HASH]) must_check;
int	crypto_index_drop(struct db *, int64_t session, uint32_t position) must_check;

struct crypto_outbound {
	int64_t	 n;
	char	*session_id, *room_id;
	int64_t	 created, messages, history, rotate;
	int64_t	 planned, plan_epoch, plan_roster;
	struct buf pickle;
};
/** crypto_outbound_active(db, room, ret), crypto_outbound_at(db, n, ret): 0, E_NOTFOUND. */
int	crypto_outbound_active(struct db *, const char *room_id, struct crypto_outbound *) must_check;
int	crypto_outbound_at(struct db *, int64_t, struct crypto_outbound *) must_check;
/** crypto_outbound_used(db, session, ret): how many of its positions were used, also if it has ended; 0, E_NOTFOUND. */
int	crypto_outbound_used(struct db *, const char *session_id, int64_t *) must_check;
void	crypto_outbound_free(struct crypto_outbound *);
int	crypto_outbound_first_key(struct db *, int64_t n, struct buf *) must_check;
int	crypto_outbound_add(struct db *, const struct crypto_outbound *, const struct buf *first_key) must_check;
/** crypto_outbound_advance: one more message; its pickle after it. _plan: write the plan_ members. */
int	crypto_outbound_advance(struct db *, const struct crypto_outbound *) must_check;
int	crypto_outbound_plan(struct db *, const struct crypto_outbound *) must_check;
/** crypto_outbound_retire: no longer active; kept only for history. */
int	crypto_outbound_retire(struct db *, int64_t n) must_check;
int	crypto_outbound_rotate_room(struct db *, const char *room_id) must_check;
int	crypto_outbound_rotate_person(struct db *, int64_t pid) must_check;
/** crypto_outbound_rotates: the room's next event begins another session; 0 or E_NOTFOUND. */
int	crypto_outbound_rotates(struct db *, const char *room_id) must_check;
/** crypto_outbound_after(db, room, n, limit, ret, ret_n): sessions of a room, oldest first. */
int	crypto_outbound_after(struct db *, const char *room_id, int64_t n, int64_t limit,
	    int64_t **, size_t *) must_check;

#endif /* !CAIRN_CRYPTOSTORE_H */
