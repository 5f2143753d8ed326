/* SPDX-License-Identifier: Apache-2.0 */
/*
 * crypt: our one device: its Olm account, the devices of others, the sessions.
 *
 * All state is in the database and every call works inside the caller's
 * transaction (or savepoint); a changed ratchet is written back before the call
 * returns.  Memory holds only copies: after any db_rollback or db_undo the
 * caller calls crypt_drop_cache, and nothing else is needed.
 *
 * Convention of this room: a positive answer has written nothing that must not
 * be kept (at most bookkeeping: an outdated mark, a back-off, an alarm), so the
 * caller keeps its savepoint.  On a negative value it rolls back.
 */
#ifndef CAIRN_CRYPT_H
#define CAIRN_CRYPT_H

#include "base/err.h"
#include "base/world.h"
#include "store/db.h"

#define CRYPT_OLM	"m.olm.v1.curve25519-aes-sha2"
#define CRYPT_MEGOLM	"m.megolm.v1.aes-sha2"

enum { CRYPT_KEY = 32, CRYPT_KEY_TEXT = 43 };	/* A public key; its unpadded base64. */

struct crypt;

/**
 * crypt_open(db, world, user, ret, reterr): the device of ${user} (our node
 * account), borrowing ${db} and ${world}.  Call it inside a transaction.
 * 0; E_NOTFOUND if device_create was never called for it; or negative.
 */
int	crypt_open(struct db *, const struct world *, const char *user,
	    struct crypt **, struct err *) must_check;
void	crypt_free(struct crypt *);

/** crypt_drop_cache(c): forget every in-memory ratchet (after a rollback or undo). */
void	crypt_drop_cache(struct crypt *);

/* Borrowed; valid as long as ${c}. */
const char *crypt_user(const struct crypt *);
const char *crypt_device(const struct crypt *);

#endif /* !CAIRN_CRYPT_H */
