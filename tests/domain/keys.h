/* SPDX-License-Identifier: Apache-2.0 */
/* keys: a few fixed signers. */
#ifndef CAIRN_TEST_KEYS_H
#define CAIRN_TEST_KEYS_H

#include <jansson.h>
#include <sodium.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/proof.h"
#include "base/signers.h"
#include "tests/domain/quoted.h"
#include "tests/tap.h"

enum { KEY_SIGNER = 1, KEY_ORG_A, KEY_ORG_B, KEY_ISSUER, KEY_OTHER_ISSUER, KEY_ROSA, KEY_STRANGER };

#define ORG_A	"AAAAAAAAAAAAAAAAAAAAAAAAA0"
#define ORG_B	"BBBBBBBBBBBBBBBBBBBBBBBBB0"
#define ORG_C	"CCCCCCCCCCCCCCCCCCCCCCCCC0"

#define NOW	1795230245678LL		/* 2026-11-21T03:04:05.678Z */

struct keypair {
	uint8_t	seed[32];
	uint8_t	pub[32];
	char	text[64];	/* z6Mk... */
	char	did[80];
};

static inline struct keypair
key_of(int who)
{
	struct keypair k;
	uint8_t secret[crypto_sign_SECRETKEYBYTES];

	if (sodium_init() < 0)
		exit(99);
	memset(k.seed, who, sizeof(k.seed));
	(void)crypto_sign_seed_keypair(k.pub, secret, k.seed);
	proof_key_text(k.pub, k.text);
	(void)snprintf(k.did, sizeof(k.did), "did:key:%s", k.text);
	return k;
}

/* The only signer; until the next call. */
static inline const struct signers *
only(const uint8_t key[32])
{
	static struct signers s;

	s = (struct signers){ .needed = 1, .n = 1 };
	memcpy(s.key[0], key, 32);
	return &s;
}

/* Replace, or with NULL text remove, what ${path} ("a/b/0") leads to. */
static inline void
json_poke(json_t *root, const char *path, const char *text)
{
	char step[64];
	json_t *at = root;

	for (;;) {
		size_t n = strcspn(path, "/");

		(void)snprintf(step, sizeof(step), "%.*s", (int)n, path);
		if (path[n] == '\0')
			break;
		at = json_is_array(at) ? json_array_get(at, (size_t)atoi(step)) :
		    json_object_get(at, step);
		path += n + 1;
	}
	if (json_is_array(at) && text == NULL)
		(void)json_array_remove(at, (size_t)atoi(step));
	else if (json_is_array(at))
		(void)json_array_set_new(at, (size_t)atoi(step), json_of(text));
	else if (text == NULL)
		(void)json_object_del(at, step);
	else
		(void)json_object_set_new(at, step, json_of(text));
}

/* A file of schemas/, and the key that its proof names. */
static inline json_t *
json_example(const char *name, uint8_t ret_key[32])
{
	char path[256];
	json_t *json;

	(void)snprintf(path, sizeof(path), "schemas/%s.example.json", name);
	json = json_source(path);
	if (ret_key != NULL) {
		const json_t *proof = json_object_get(json, "proof");
		const char *method = json_string_value(json_object_get(
		    json_is_array(proof) ? json_array_get(proof, 0) : proof, "verificationMethod"));
		const char *mark = method != NULL ? strchr(method, '#') : NULL;

		if (mark == NULL || proof_key_parse(mark + 1, ret_key) != 0) {
			printf("Bail out! %s names no key\n", path);
			exit(99);
		}
	}
	return json;
}

#endif /* !CAIRN_TEST_KEYS_H */
