/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sharestore: which device has, gets, or still lacks the key of which of our
 * Megolm sessions; who is owed a directory's history; why a room waits.
 */
#ifndef CAIRN_SHARESTORE_H
#define CAIRN_SHARESTORE_H

#include "cryptostore.h"

/* In the database by number. */
enum share_state {
	SHARE_WANTED,		/* To be encrypted for. */
	SHARE_QUEUED = 2,	/* In the outbox row ${ref}. */
	SHARE_DONE,		/* The server has taken it. */
	SHARE_CLAIM,		/* Waits for a one-time key. */
	SHARE_SKIPPED,		/* The device had none; others do not wait for it. */
};

struct share {
	int64_t	 outbound, pid;
	char	*device_id;
	uint8_t	 curve25519[CRYPTO_KEY];
	bool	 whole;		/* It was given the key as at position 0. */
};

/** share_plan(db, outbound, pid, now): want it for every eligible device of the user that lacks it, or a
 * claim first where there is no Olm session; a device whose claim has failed is skipped until its time. */
int	share_plan(struct db *, int64_t outbound, int64_t pid, int64_t now) must_check;
/** share_session(db, state, ret): the first session with such a share, in a room that is not unsure (peoplestore.h); 0, E_NOTFOUND. */
int	share_session(struct db *, enum share_state, int64_t *) must_check;
int	share_list(struct db *, int64_t outbound, enum share_state, int64_t limit,
	    struct share **, size_t *) must_check;
void	share_list_free(struct share *, size_t);
/** share_enter(db, share, state, ref): the share goes to ${state}, in that outbox row (NULL: in none). */
int	share_enter(struct db *, const struct share *, enum share_state, const char *ref) must_check;
int	share_drop(struct db *, const struct share *) must_check;
/** share_count(db, outbound, state, limit, ret): how many, counting to ${limit}. */
int	share_count(struct db *, int64_t outbound, enum share_state, int64_t limit, int64_t *) must_check;

/* By the outbox row. */
int	share_answered(struct db *, const char *ref) must_check;
/** share_others(db, ref, ret): is another share of its session still on its way? */
int	share_others(struct db *, const char *ref, bool *) must_check;
int	share_again(struct db *, const char *ref) must_check;
/** share_row(db, ref, ret_n, ret_strangers): devices in it, and those of them that may not have the key now. */
int	share_row(struct db *, const char *ref, int64_t *, int64_t *) must_check;

/* By the device. */
int	share_claimed(struct db *, int64_t pid, const char *device_id) must_check;
/** share_resend(db, pid, device): its Olm session is new: the keys of our present Megolm sessions that went to it go again. */
int	share_resend(struct db *, int64_t pid, const char *device_id) must_check;
/** share_revive(db, now, limit): skipped ones whose back-off has passed are wanted again. */
int	share_revive(struct db *, int64_t now, int64_t limit) must_check;

/** share_strangers(db, outbound, room, ret): does a device off the roster or not eligible hold it? */
int	share_strangers(struct db *, int64_t outbound, const char *room_id, bool *) must_check;
/** share_readers(db, room, ret): how many users the room's roster has. */
int	share_readers(struct db *, const char *room_id, int64_t *) must_check;
int	share_holds(struct db *, int64_t outbound, int64_t pid, bool *) must_check;

/* History: who is owed the first keys of a room's sessions. */
int	history_add(struct db *, const char *room_id, int64_t pid) must_check;
/** history_add_rooms(db, pid): in every room with history that has the user on its roster. */
int	history_add_rooms(struct db *, int64_t pid) must_check;
/** history_after(db, room, pid, ret_room, ret_pid, ret_done): the next one after ("", 0) or the last; E_NOTFOUND. */
int	history_after(struct db *, const char *room_id, int64_t pid, char **, int64_t *, int64_t *) must_check;
int	history_done(struct db *, const char *room_id, int64_t pid, int64_t done) must_check;
int	history_drop(struct db *, const char *room_id, int64_t pid) must_check;

/* Why a room's next event waits; NULL: it does not. */
int	blocked_put(struct db *, const char *room_id, const char *reason) must_check;
int	blocked_get(struct db *, const char *room_id, char **) must_check;

#endif /* !CAIRN_SHARESTORE_H */
