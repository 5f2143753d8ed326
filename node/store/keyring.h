/* SPDX-License-Identifier: Apache-2.0 */
/*
 * keyring: STATE_DIR/keys.db, the keys that can be forgotten (docs/adr/0018).
 *
 * A file of slots of KEYRING_SLOT bytes, counted from 0, the head.  A slot is
 * written where it lies and nowhere else: no journal, no log and no free page keeps
 * what it held before.  It holds one 32-byte key, wrapped by a key derived from the
 * store's; erased, it holds zeros and when that was: a tombstone, which is never used again.
 *
 * Slots are only appended, and reach the disk before the commit that first needs
 * them (db_commit calls keyring_sync): a key without a row is harmless, a row without a key is lost.
 * The file is no part of a backup of the database, so a key erased here is erased there.
 */
#ifndef CAIRN_KEYRING_H
#define CAIRN_KEYRING_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/world.h"

enum { KEYRING_SLOT = 128, KEYRING_KEY = 32, KEYRING_ID = 16 };

struct db;
struct keyring;

/**
 * keyring_open(dir, wrap, id, given, world, ret, reterr): the file of the store that calls itself ${id};
 * NULL: the store has none yet, and a file that is missing is made.  All of it is written once more and synced,
 * since what a process wrote before a failed sync may be in memory only.  An empty
 * file counts as lost for good, and a new one is begun.  No slot up to ${given} is given out: the file may
 * be older than the store.  0; E_REFUSED if it is missing, another store's or damaged; or negative.
 */
int	keyring_open(const char *, const uint8_t wrap[KEYRING_KEY], const uint8_t *id, int64_t given, const struct world *,
	    struct keyring **, struct err *) must_check;
void	keyring_close(struct keyring *);
const uint8_t *keyring_id(const struct keyring *);

/** keyring_given(ring): the last slot that was given out, for the next keyring_open. */
int64_t	keyring_given(const struct keyring *);
/** keyring_add(ring, ret_slot): a new random key; not durable before keyring_sync.  0 or -errno. */
int	keyring_add(struct keyring *, int64_t *) must_check;
/** keyring_get(ring, slot, key): 0; E_NOTFOUND if it is erased, or was never there; or -errno. */
int	keyring_get(struct keyring *, int64_t, uint8_t[KEYRING_KEY]) must_check;
/** keyring_erase(ring, slot): zeros and a tombstone, on the disk when it returns; again and again if need be.  0 or -errno. */
int	keyring_erase(struct keyring *, int64_t) must_check;
/** keyring_erased(ring, slot): 1 if it is a tombstone, else 0; or -errno. */
int	keyring_erased(struct keyring *, int64_t) must_check;
/** keyring_sync(ring): all that was added is on the disk.  0 or -errno. */
int	keyring_sync(struct keyring *) must_check;

/**
 * keyring_moving(ring): the slot of the key for what moves: ratchets, sessions, what waits in either direction.
 * keyring_turn(ring): a new one; the old stays until keyring_erase.  What was sealed
 * under it is to be sealed anew first.
 */
int64_t	keyring_moving(const struct keyring *);
int	keyring_turn(struct keyring *) must_check;
/** keyring_others(ring): are there older such keys?  keyring_trim(ring): they are erased.  0 or -errno: then some may be left. */
bool	keyring_others(const struct keyring *);
int	keyring_trim(struct keyring *) must_check;

/** db_blame(db, r): in db.c: what became of ${r}, a failure of this file, for db_error and whoever stops for it. */
int	db_blame(struct db *, int) must_check;

/** keyring_count(ring, ret_live, ret_erased): for doctor. */
void	keyring_count(const struct keyring *, int64_t *, int64_t *);

#endif /* !CAIRN_KEYRING_H */
