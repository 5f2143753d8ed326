/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A sealed value: one byte of format, the nonce, the ciphertext with its tag.
 */
#include <errno.h>
#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "column.h"
#include "datakey.h"

enum {
	FORMAT	= 1,
	NONCE	= crypto_aead_xchacha20poly1305_ietf_NPUBBYTES,
	TAG	= crypto_aead_xchacha20poly1305_ietf_ABYTES,
	HEAD	= 1 + NONCE,
};

/* What the value belongs to; the parts cannot run into each other. */
static int
associate(const char *column, const char *row, struct buf *out)
{
	static const char format = FORMAT;
	int r;

	if ((r = buf_add(out, column, strlen(column) + 1)) != 0 ||
	    (r = buf_add(out, row, strlen(row) + 1)) != 0)
		return r;
	return buf_add(out, &format, 1);
}

int
column_seal(struct db *db, const char *column, const char *row, const void *data, size_t len,
    struct buf *out)
{
	autobuf struct buf ad = { 0 };
	autofree uint8_t *sealed = NULL;
	int r;

	if ((r = associate(column, row, &ad)) != 0)
		return r;
	if (len > SIZE_MAX / 2 || (sealed = malloc(HEAD + len + TAG)) == NULL)
		return -ENOMEM;
	sealed[0] = FORMAT;
	world_random(db_world(db), sealed + 1, NONCE);
	if (crypto_aead_xchacha20poly1305_ietf_encrypt(sealed + HEAD, NULL, data, len,
	    (const uint8_t *)ad.data, ad.len, NULL, sealed + 1, db_key(db)->seal) != 0)
		return ERR_CRYPTO;
	return buf_add(out, sealed, HEAD + len + TAG);
}

/* Allocated, with a NUL behind; the caller wipes it. */
static int
unseal(struct db *db, const char *column, const char *row, const void *blob, size_t len,
    char **ret, size_t *ret_len)
{
	autobuf struct buf ad = { 0 };
	const uint8_t *b = blob;
	char *plain;
	int r;

	if (b == NULL || len < HEAD + TAG || b[0] != FORMAT)
		return ERR_CORRUPT;
	if ((r = associate(column, row, &ad)) != 0)
		return r;
	if ((plain = malloc(len - HEAD - TAG + 1)) == NULL)
		return -ENOMEM;
	if (crypto_aead_xchacha20poly1305_ietf_decrypt((uint8_t *)plain, NULL, NULL, b + HEAD,
	    len - HEAD, (const uint8_t *)ad.data, ad.len, b + 1, db_key(db)->seal) != 0) {
		free(plain);
		return ERR_CORRUPT;
	}
	plain[len - HEAD - TAG] = '\0';
	*ret = plain;
	*ret_len = len - HEAD - TAG;
	return 0;
}

int
column_open(struct db *db, const char *column, const char *row, const void *blob, size_t len,
    struct buf *out)
{
	char *plain;
	size_t n;
	int r;

	if ((r = unseal(db, column, row, blob, len, &plain, &n)) != 0)
		return r;
	r = buf_add(out, plain, n);
	sodium_memzero(plain, n);
	free(plain);
	return r;
}

int
column_seal_text(struct db *db, const char *column, const char *row, const char *text,
    struct buf *out)
{
	return text == NULL ? 0 : column_seal(db, column, row, text, strlen(text), out);
}

int
column_open_text(struct db *db, const char *column, const char *row, struct rows *rows, int col,
    char **ret)
{
	const void *blob;
	char *plain;
	size_t len, n;
	int r;

	if (db_null(rows, col)) {
		*ret = NULL;
		return 0;
	}
	blob = db_blob(rows, col, &len);
	if ((r = unseal(db, column, row, blob, len, &plain, &n)) != 0)
		return r;
	if (strlen(plain) != n) {
		sodium_memzero(plain, n);
		free(plain);
		return ERR_CORRUPT;
	}
	*ret = plain;
	return 0;
}

const char *
column_row(int64_t id, char out[COLUMN_ROW])
{
	(void)snprintf(out, COLUMN_ROW, "%" PRId64, id);
	return out;
}

void
column_hash(struct db *db, const char *domain, const char *text, uint8_t out[COLUMN_HASH])
{
	crypto_generichash_state state;

	/* With these constant lengths none of the three can fail. */
	(void)crypto_generichash_init(&state, db_key(db)->index, DATAKEY_LEN, COLUMN_HASH);
	(void)crypto_generichash_update(&state, (const uint8_t *)domain, strlen(domain) + 1);
	(void)crypto_generichash_update(&state, (const uint8_t *)text, strlen(text));
	(void)crypto_generichash_final(&state, out, COLUMN_HASH);
	sodium_memzero(&state, sizeof(state));
}
