/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <sodium.h>
#include <string.h>

#include "datakey.h"

enum {
	VERSION	= 1,
	NONCE	= crypto_aead_xchacha20poly1305_ietf_NPUBBYTES,
	TAG	= crypto_aead_xchacha20poly1305_ietf_ABYTES,
	WRAPPED	= 1 + NONCE + DATAKEY_LEN + TAG,
};

_Static_assert(DATAKEY_LEN == crypto_kdf_KEYBYTES, "the data key is a kdf key");
_Static_assert((int)DB_KEY == crypto_aead_xchacha20poly1305_ietf_KEYBYTES, "key length");

static const char row_name[] = "db.key";
/* The version is authenticated with the name, so neither can be swapped. */
static const uint8_t wrap_ad[] = "cairn data key 1";
static const char context[crypto_kdf_CONTEXTBYTES] = "cairncol";

int
datakey_make(struct db *db, const uint8_t kek[DB_KEY])
{
	uint8_t key[DATAKEY_LEN], wrapped[WRAPPED] = { VERSION };
	int r;

	world_random(db_world(db), key, sizeof(key));
	world_random(db_world(db), wrapped + 1, NONCE);
	r = crypto_aead_xchacha20poly1305_ietf_encrypt(wrapped + 1 + NONCE, NULL, key, sizeof(key),
	    wrap_ad, sizeof(wrap_ad), NULL, wrapped + 1, kek);
	sodium_memzero(key, sizeof(key));
	if (r != 0)
		return ERR_CRYPTO;
	return db_run(db, Q_META_PUT, "tib", row_name, (int64_t)0, wrapped, sizeof(wrapped));
}

static int
derive(const uint8_t key[DATAKEY_LEN], struct datakey **ret)
{
	struct datakey *k = sodium_malloc(sizeof(*k));

	if (k == NULL)
		return -ENOMEM;
	if (crypto_kdf_derive_from_key(k->seal, sizeof(k->seal), 1, context, key) != 0 ||
	    crypto_kdf_derive_from_key(k->index, sizeof(k->index), 2, context, key) != 0 ||
	    crypto_kdf_derive_from_key(k->wrap, sizeof(k->wrap), 3, context, key) != 0 ||
	    sodium_mprotect_readonly(k) != 0) {
		datakey_free(k);
		return ERR_CRYPTO;
	}
	*ret = k;
	return 0;
}

int
datakey_open(struct db *db, const uint8_t kek[DB_KEY], struct datakey **ret, struct err *reterr)
{
	autorows struct rows *rows = NULL;
	uint8_t key[DATAKEY_LEN];
	const uint8_t *w;
	size_t len;
	int r;

	if ((r = db_query(db, &rows, Q_META_GET, "t", row_name)) != 0 || (r = db_next(rows)) < 0)
		return err_set(reterr, r, "database: %s", db_error(db));
	if (r == E_NOTFOUND)
		return err_set(reterr, ERR_CORRUPT, "the store has lost its data key; "
		    "restore cairn.db from a backup");
	w = db_blob(rows, 1, &len);
	if (w == NULL || len != WRAPPED || w[0] != VERSION ||
	    crypto_aead_xchacha20poly1305_ietf_decrypt(key, NULL, NULL, w + 1 + NONCE,
	    len - 1 - NONCE, wrap_ad, sizeof(wrap_ad), w + 1, kek) != 0)
		return err_set(reterr, E_REFUSED, "the key does not open this store; "
		    "give the key that it was made with");
	r = derive(key, ret);
	sodium_memzero(key, sizeof(key));
	return r == 0 ? 0 : err_set(reterr, r, "the store's keys: %s", err_name(r));
}

void
datakey_free(struct datakey *k)
{
	sodium_free(k);		/* Overwrites; takes NULL. */
}
