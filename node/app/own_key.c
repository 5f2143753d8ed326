/* SPDX-License-Identifier: Apache-2.0 */
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "base/encode.h"
#include "own.h"
#include "store/peoplestore.h"

/* meta, sealed: the key of now, and the one that waits for the trust list; "": none. */
#define SEED		"record_seed"
#define NEXT		"record_seed_next"

static int
put_seed(struct db *db, const char *name, const uint8_t seed[ED25519_SEED])
{
	char text[2 * ED25519_SEED + 1];
	int r;

	encode_hex(seed, ED25519_SEED, text);
	r = meta_put(db, name, text, true);
	sodium_memzero(text, sizeof(text));
	return r;
}

static int
get_seed(struct db *db, const char *name, uint8_t ret[ED25519_SEED])
{
	char *text = NULL;
	int r = meta_get(db, name, true, &text);

	if (r != 0)
		return r;
	if (*text == '\0')
		r = E_NOTFOUND;
	else if (decode_hex(text, ret, ED25519_SEED) != 0)
		r = ERR_CORRUPT;
	sodium_memzero(text, strlen(text));
	free(text);
	return r;
}

/* Its public part. */
static int
get_key(struct db *db, const char *name, uint8_t ret[ED25519_PUBLIC])
{
	uint8_t seed[ED25519_SEED], secret[crypto_sign_SECRETKEYBYTES];
	int r = get_seed(db, name, seed);

	if (r != 0)
		return r;
	(void)crypto_sign_seed_keypair(ret, secret, seed);
	sodium_memzero(seed, sizeof(seed));
	sodium_memzero(secret, sizeof(secret));
	return 0;
}

static int
make_seed(struct app *app, const char *name)
{
	uint8_t seed[ED25519_SEED];
	int r = get_seed(app->db, name, seed);

	if (r == E_NOTFOUND) {
		world_random(app->world, seed, sizeof(seed));
		r = put_seed(app->db, name, seed);
	}
	sodium_memzero(seed, sizeof(seed));
	return r;
}

int
own_make_key(struct app *app)
{
	return make_seed(app, SEED);
}

int
own_seed(struct db *db, uint8_t ret[ED25519_SEED])
{
	return get_seed(db, SEED, ret);
}

int
own_key(struct db *db, uint8_t ret[ED25519_PUBLIC])
{
	return get_key(db, SEED, ret);
}

int
own_key_text(struct db *db, char ret[64])
{
	uint8_t key[ED25519_PUBLIC];
	int r = own_key(db, key);

	if (r == 0)
		proof_key_text(key, ret);
	return r;
}

int
own_next_make(struct app *app)
{
	return make_seed(app, NEXT);
}

int
own_next_key(struct db *db, uint8_t ret[ED25519_PUBLIC])
{
	return get_key(db, NEXT, ret);
}

int
own_next_drop(struct db *db)
{
	db_clean(db);
	return meta_put(db, NEXT, "", true);
}

int
own_next_take(struct db *db)
{
	uint8_t seed[ED25519_SEED];
	int r = get_seed(db, NEXT, seed);

	if (r == 0)
		r = put_seed(db, SEED, seed);
	sodium_memzero(seed, sizeof(seed));
	return r != 0 ? r : own_next_drop(db);
}
