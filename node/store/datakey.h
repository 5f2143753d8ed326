/* SPDX-License-Identifier: Apache-2.0 */
/*
 * datakey: the store's own key.  32 random bytes, made once and kept in the
 * store wrapped by the key-encryption key (XChaCha20-Poly1305), so that
 * changing that key rewrites one row.  What is used are three keys derived from
 * it (crypto_kdf); they live in guarded, locked memory, and the data key
 * itself is not kept there.
 */
#ifndef CAIRN_DATAKEY_H
#define CAIRN_DATAKEY_H

#include "db.h"

enum { DATAKEY_LEN = 32 };

struct datakey {
	uint8_t	seal[DATAKEY_LEN];
	uint8_t	index[DATAKEY_LEN];
	uint8_t	wrap[DATAKEY_LEN];	/* For the keys of keys.db. */
};

/** datakey_make(db, kek): a new data key, stored wrapped by ${kek}; inside a transaction.  0, ERR_CRYPTO or db_run's. */
int	datakey_make(struct db *, const uint8_t kek[DB_KEY]) must_check;

/**
 * datakey_open(db, kek, ret, reterr): 0 and the derived keys; E_REFUSED if
 * ${kek} does not open the stored one; ERR_CORRUPT if there is none; or
 * negative.  datakey_free overwrites and releases.
 */
int	datakey_open(struct db *, const uint8_t kek[DB_KEY], struct datakey **, struct err *) must_check;
void	datakey_free(struct datakey *);

#endif /* !CAIRN_DATAKEY_H */
