/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A sealed value: one byte of format, of a subject's its slot in keys.db (8 bytes, big-endian), the
 * nonce, the ciphertext with its tag.
 */
#include <errno.h>
#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "column.h"
#include "datakey.h"
#include "keyring.h"
#include "subject.h"

enum {
	OWN	= 1,		/* Formats. */
	SUBJECT	= 2,
	SLOT	= 8,
	NONCE	= crypto_aead_xchacha20poly1305_ietf_NPUBBYTES,
	TAG	= crypto_aead_xchacha20poly1305_ietf_ABYTES,
};

/* How a value begins, and the key that it is sealed with. */
struct head {
	uint8_t	bytes[1 + SLOT];
	size_t	len;
	uint8_t	key[DATAKEY_LEN];
};

static void
clear(struct head *h)
{
	sodium_memzero(h, sizeof(*h));
}
#define autohead __attribute__((cleanup(clear)))

static int
head_for(struct db *db, const char *subject, struct head *h)
{
	int64_t slot;
	int r;

	h->bytes[0] = subject == NULL ? OWN : SUBJECT;
	h->len = subject == NULL ? 1 : 1 + SLOT;
	if (subject == NULL) {
		memcpy(h->key, db_key(db)->seal, DATAKEY_LEN);
		return 0;
	}
	if ((r = subject_key(db, subject, &slot, h->key)) != 0)
		return r;
	for (int i = 0; i < SLOT; i++)
		h->bytes[1 + i] = (uint8_t)((uint64_t)slot >> (56 - 8 * i));
	return 0;
}

int
column_slot(const void *blob, size_t len, int64_t *ret)
{
	const uint8_t *b = blob;
	uint64_t slot = 0;

	if (b == NULL || len < 1 || (b[0] != OWN && b[0] != SUBJECT) ||
	    len < (b[0] == OWN ? 1 : 1 + SLOT) + (size_t)NONCE + TAG)
		return ERR_CORRUPT;
	for (int i = 0; b[0] == SUBJECT && i < SLOT; i++)
		slot = slot << 8 | b[1 + i];
	if (slot > INT64_MAX)
		return ERR_CORRUPT;
	*ret = (int64_t)slot;
	return 0;
}

static int
head_of(struct db *db, const uint8_t *blob, size_t len, struct head *h)
{
	int64_t slot;
	int r = column_slot(blob, len, &slot);

	if (r != 0)
		return r;
	h->len = blob[0] == OWN ? 1 : 1 + SLOT;
	memcpy(h->bytes, blob, h->len);
	if (blob[0] == OWN) {
		memcpy(h->key, db_key(db)->seal, DATAKEY_LEN);
		return 0;
	}
	return db_blame(db, keyring_get(db_ring(db), slot, h->key));
}

/* What the value belongs to; the parts cannot run into each other. */
static int
associate(const char *column, const char *row, const struct head *h, struct buf *out)
{
	int r;

	if ((r = buf_add(out, column, strlen(column) + 1)) != 0 ||
	    (r = buf_add(out, row, strlen(row) + 1)) != 0)
		return r;
	return buf_add(out, h->bytes, h->len);
}

int
column_seal(struct db *db, const char *subject, const char *column, const char *row, const void *data, size_t len,
    struct buf *out)
{
	autobuf struct buf ad = { 0 };
	autofree uint8_t *sealed = NULL;
	autohead struct head h = { 0 };
	uint8_t *nonce;
	int r;

	if ((r = head_for(db, subject, &h)) != 0 || (r = associate(column, row, &h, &ad)) != 0)
		return r;
	if (len > SIZE_MAX / 2 || (sealed = malloc(h.len + NONCE + len + TAG)) == NULL)
		return -ENOMEM;
	memcpy(sealed, h.bytes, h.len);
	nonce = sealed + h.len;
	world_random(db_world(db), nonce, NONCE);
	if (crypto_aead_xchacha20poly1305_ietf_encrypt(nonce + NONCE, NULL, data, len,
	    (const uint8_t *)ad.data, ad.len, NULL, nonce, h.key) != 0)
		return ERR_CRYPTO;
	return buf_add(out, sealed, h.len + NONCE + len + TAG);
}

/* Allocated, with a NUL behind; the caller wipes it. */
static int
unseal(struct db *db, const char *column, const char *row, const void *blob, size_t len,
    char **ret, size_t *ret_len)
{
	autobuf struct buf ad = { 0 };
	autohead struct head h = { 0 };
	const uint8_t *nonce;
	char *plain;
	size_t n;
	int r;

	if ((r = head_of(db, blob, len, &h)) != 0 || (r = associate(column, row, &h, &ad)) != 0)
		return r;
	nonce = (const uint8_t *)blob + h.len;
	n = len - h.len - NONCE - TAG;
	if ((plain = malloc(n + 1)) == NULL)
		return -ENOMEM;
	if (crypto_aead_xchacha20poly1305_ietf_decrypt((uint8_t *)plain, NULL, NULL, nonce + NONCE,
	    n + TAG, (const uint8_t *)ad.data, ad.len, nonce, h.key) != 0) {
		free(plain);
		return ERR_CORRUPT;
	}
	plain[n] = '\0';
	*ret = plain;
	*ret_len = n;
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

bool
column_is(struct db *db, const char *subject, const void *blob, size_t len)
{
	autohead struct head h = { 0 };

	return head_for(db, subject, &h) == 0 && len > h.len && memcmp(blob, h.bytes, h.len) == 0;
}

int
column_seal_text(struct db *db, const char *subject, const char *column, const char *row, const char *text,
    struct buf *out)
{
	return text == NULL ? 0 : column_seal(db, subject, column, row, text, strlen(text), out);
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
