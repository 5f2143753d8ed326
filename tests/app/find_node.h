/* SPDX-License-Identifier: Apache-2.0 */
/* A node with a store, a name and one partner, whose records come to the index. */
#ifndef CAIRN_TESTS_FIND_NODE_H
#define CAIRN_TESTS_FIND_NODE_H

#include <sodium.h>

#include "app/find.h"
#include "app/fit.h"
#include "base/canon.h"
#include "base/config.h"
#include "base/proof.h"
#include "domain/directory.h"
#include "domain/search_item.h"
#include "domain/trust.h"
#include "store/dirstore.h"
#include "store/searchstore.h"
#include "tests/store/fixture.h"

#define DAY 86400000LL

static char user[] = "@cairn:quay.example";
static const struct config cfg = { .node_user = user };
static struct app app = { .world = &fixture_world, .cfg = &cfg };
static char org[] = "AAAAAAAAAAAAAAAAAAAAAAAAA0";

static char *
text(const char *s)
{
	return (char *)(uintptr_t)s;
}

static struct trust *
trust_one(void)
{
	static const uint8_t seed[32] = { 1 };
	struct signers by = { .n = 1, .needed = 1 };
	uint8_t signer[32], secret[64];
	char key[64];
	autojson json_t *list = NULL;
	struct trust *trust = NULL;
	struct err err = { "" };

	(void)crypto_sign_seed_keypair(signer, secret, seed);
	memcpy(by.key[0], signer, sizeof(signer));
	proof_key_text(signer, key);
	list = json_pack("{s:i, s:s, s:i, s:I, s:I, s:[{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:[s], s:[s]}], s:[]}", "v", 1, "kind", "trust",
	    "version", 1, "issued_at", (json_int_t)fixture_now - 1, "expires_at", (json_int_t)fixture_now + DAY, "orgs",
	    "org", org, "name", "Harbor", "server", "harbor.example", "node_user", "@cairn:harbor.example", "steward_user",
	    "@steward:harbor.example", "master_key", "Cp2GSxugaPNgrLp0slhlstNylZQRusv9xqCUHRIx9zc", "record_key", key, "roles", "node",
	    "via", "harbor.example", "issuers");
	if (trust_sign(list, seed, fixture_now, &err) != 0 || trust_load(list, &by, NULL, fixture_now, &trust, &err) != 0)
		bail("trust", err.text);
	return trust;
}

static void
put(const char *whose, const char *id, const char *kind, enum directory_verdict verdict, int64_t expires, const char *body)
{
	autofree char *record = NULL;

	if (asprintf(&record, "{\"body\":%s}", body) < 0)
		bail("asprintf", id);
	must(seen_put(app.db, &(struct seen_record){ .org = text(whose), .id = text(id), .kind = text(kind), .seq = 1,
	    .expires_at = expires, .received_at = fixture_now, .hash = text("ab"), .record = record, .verdict = verdict }));
}

static inline void
arrive(const char *id, const char *kind, const char *body)
{
	put(org, id, kind, DIRECTORY_OK, fixture_now + 10 * DAY, body);
	must(find_index(&app, org, id));
}

static inline void
run_steps(void)
{
	bool more = true;

	for (int i = 0; i < 20 && more; i++) {
		more = false;
		must(find_step(&app, &more));
	}
}

#endif /* !CAIRN_TESTS_FIND_NODE_H */
