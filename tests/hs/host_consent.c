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
static const uint8_t known[][ED25519_SEED] = { "rosa", "olga", "sanna" };

static void
key_of(const json_t *body, uint8_t ret[ED25519_SEED])
{
	const char *did = publication_of(body), *alias = json_str(body, "alias");
	uint8_t public[ED25519_PUBLIC], secret[crypto_sign_SECRETKEYBYTES];
	char text[80];

	(void)crypto_hash_sha256(ret, (const unsigned char *)(alias != NULL ? alias : ""), alias != NULL ? strlen(alias) : 0);
	for (size_t i = 0; i < nelem(known) && did != NULL; i++) {
		(void)crypto_sign_seed_keypair(public, secret, known[i]);
		if (strcmp(did, vc_did(public, text)) == 0)
			memcpy(ret, known[i], ED25519_SEED);
	}
}

/* Whom the record is about has not signed it. */
static bool
is_unsigned(const json_t *item)
{
	const json_t *body = json_obj(item, "body");
	const char *kind = json_str(item, "kind");

	return kind != NULL && json_object_get(body, "consent") == NULL && ((strcmp(kind, "specialist") == 0 && json_str(body, "alias") != NULL) ||
	    (strcmp(kind, "credential") == 0 && publication_of(body) != NULL));
}

static const char *const names[] = { "program", "credential_id" };

static bool
is_named(const json_t *records, const char *source)
{
	const json_t *item;
	size_t i;

	json_array_foreach((json_t *)records, i, item)
		for (size_t k = 0; k < nelem(names) && source != NULL && is_unsigned(item); k++) {
			const char *name = json_str(json_obj(item, "body"), names[k]);

			if (name != NULL && strcmp(name, source) == 0)
				return true;
		}
	return false;
}

/* The identifiers of what it names, by what the node lists. */
static void
settle(json_t *body, const json_t *listed)
{
	const json_t *item;
	size_t i;

	json_array_foreach((json_t *)listed, i, item)
		for (size_t k = 0; k < nelem(names); k++) {
			const char *name = json_str(body, names[k]), *source = json_str(item, "source");

			if (name != NULL && source != NULL && strcmp(name, source) == 0)
				(void)json_object_set(body, names[k], json_object_get(item, "id"));
		}
}

static void
agree(const struct host_node *n, const json_t *item)
{
	json_t *body = json_obj(item, "body");
	const char *source = json_str(item, "source");
	uint8_t seed[ED25519_SEED], digest[crypto_hash_sha256_BYTES];
	char name[256], record[ID_LEN + 1];
	struct err err = { "" };

	(void)snprintf(name, sizeof(name), "%s %s", n->org, source != NULL ? source : "");
	(void)crypto_hash_sha256(digest, (const unsigned char *)name, strlen(name));
	id_of_bytes(digest, record);
	key_of(body, seed);
	/* Said twice it is the same. */
	if (publication_sign(body, n->org, record, HOST_START + 300 * WHEN_DAY, seed, HOST_START - WHEN_MINUTE, &err) != 0) {
		printf("Bail out! %s does not agree: %s\n", source != NULL ? source : "a specialist", err.text);
		exit(99);
	}
}

/* As host_ok, but a refusal is the caller's. */
static json_t *
ask(struct host *h, size_t node, const char *verb, json_t *args)
{
	json_t *reply = NULL;

	for (int tries = 0; tries < 3 && reply == NULL; tries++)
		reply = host_command(h, node, verb, json_deep_copy(args));
	json_decref(args);
	return reply;
}

void
host_names(struct host *h, size_t node, json_t *records)
{
	autojson json_t *first = json_array(), *reply = NULL;
	json_t *item;
	size_t i;

	json_array_foreach(records, i, item)
		if (is_named(records, json_str(item, "source")))
			(void)json_array_append(first, item);
	if (json_array_size(first) > 0)
		json_decref(ask(h, node, "import", json_pack("{s:O}", "records", first)));
	reply = ask(h, node, "list", json_pack("{s:s}", "what", "records"));
	json_array_foreach(records, i, item)
		if (is_unsigned(item))
			settle(json_obj(item, "body"), json_arr(json_obj(reply, "result"), "items"));
}

void
host_consent(struct host *h, size_t node, json_t *records)
{
	bool any = false;
	json_t *item;
	size_t i;

	json_array_foreach(records, i, item)
		any |= is_unsigned(item);
	if (any)
		host_names(h, node, records);
	json_array_foreach(records, i, item)
		if (is_unsigned(item))
			agree(&h->node[node], item);
}
