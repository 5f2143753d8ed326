/* SPDX-License-Identifier: Apache-2.0 */
/* The specialists of the stories, each with a key of their own: they agree to whatever is to be said of them. */
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "base/canon.h"
#include "base/id.h"
#include "base/proof.h"
#include "domain/publication.h"
#include "domain/vc.h"
#include "domain/when.h"
#include "host.h"

/* Those whose key a story uses besides; the key of any other follows from the alias. */
static const uint8_t known[][ED25519_SEED] = { "rosa", "olga" };

static void
key_of(const json_t *body, uint8_t ret[ED25519_SEED])
{
	const char *did = json_str(body, "did"), *alias = json_str(body, "alias");
	uint8_t public[ED25519_PUBLIC], secret[crypto_sign_SECRETKEYBYTES];
	char text[80];

	(void)crypto_hash_sha256(ret, (const unsigned char *)alias, strlen(alias));
	for (size_t i = 0; i < nelem(known) && did != NULL; i++) {
		(void)crypto_sign_seed_keypair(public, secret, known[i]);
		if (strcmp(did, vc_did(public, text)) == 0)
			memcpy(ret, known[i], ED25519_SEED);
	}
}

void
host_consent(const struct host_node *n, json_t *records)
{
	json_t *item;
	size_t i;

	json_array_foreach(records, i, item) {
		json_t *body = json_obj(item, "body");
		const char *kind = json_str(item, "kind"), *source = json_str(item, "source");
		uint8_t seed[ED25519_SEED], digest[crypto_hash_sha256_BYTES];
		char name[256], record[ID_LEN + 1];
		struct err err = { "" };

		if (kind == NULL || strcmp(kind, "specialist") != 0 || json_object_get(body, "consent") != NULL || json_str(body, "alias") == NULL)
			continue;
		(void)snprintf(name, sizeof(name), "%s %s", n->org, source != NULL ? source : "");
		(void)crypto_hash_sha256(digest, (const unsigned char *)name, strlen(name));
		id_of_bytes(digest, record);
		key_of(body, seed);
		/* Said twice it is the same. */
		if (publication_sign(body, n->org, record, HOST_START + 300 * WHEN_DAY, seed, HOST_START - WHEN_MINUTE, &err) != 0) {
			printf("Bail out! %s does not agree: %s\n", json_str(body, "alias"), err.text);
			exit(99);
		}
	}
}
