/* SPDX-License-Identifier: Apache-2.0 */
/* trusts: a trust list of two organizations and two issuers. */
#ifndef CAIRN_TEST_TRUSTS_H
#define CAIRN_TEST_TRUSTS_H

#include "domain/trust.h"
#include "domain/when.h"
#include "tests/domain/keys.h"
#include "tests/tap.h"

#define MASTER	"Qh46Beu6Uf9rwJ7oyAffvMcz0qjvp+UJCwjp+mdxBZ0"
#define NO_POINT	"AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyA"	/* 32 bytes, but not on the curve. */
#define HASH	"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static struct keypair signer;

static inline json_t *
org(const char *id, const char *name, int key)
{
	struct keypair k = key_of(key);
	char server[64], node[80], steward[80];

	(void)snprintf(server, sizeof(server), "%s.example", name);
	(void)snprintf(node, sizeof(node), "@node:%s", server);
	(void)snprintf(steward, sizeof(steward), "@steward:%s", server);
	return json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:[s,s], s:[s]}", "org", id,
	    "name", name, "server", server, "node_user", node, "steward_user", steward,
	    "master_key", MASTER, "record_key", k.text, "roles", "node", "issuer", "via", server);
}

static inline json_t *
issuer(int key)
{
	struct keypair k = key_of(key);

	return json_pack("{s:s, s:s, s:s, s:[{s:s, s:[s,s]}, {s:s, s:[s]}]}", "id", k.did,
	    "name", "State Board", "key", k.text,
	    "for", "type", "CPRS", "jurisdictions", "US-NJ", "CA", "type", "NCPS",
	    "jurisdictions", "US");
}

/* A list of version 1, unsigned. */
static inline json_t *
list(void)
{
	return json_pack("{s:i, s:s, s:i, s:I, s:I, s:[o,o], s:[o,o]}", "v", 1, "kind", "trust",
	    "version", 1, "issued_at", (json_int_t)NOW, "expires_at", (json_int_t)(NOW + WHEN_DAY),
	    "orgs", org(ORG_A, "oak", KEY_ORG_A), org(ORG_B, "river", KEY_ORG_B),
	    "issuers", issuer(KEY_ISSUER), issuer(KEY_OTHER_ISSUER));
}

static inline int
load(const json_t *doc, const struct trust_seen *seen, int64_t now, struct trust **ret,
    struct err *err)
{
	*err = (struct err){ "" };
	return trust_load(doc, only(signer.pub), seen, now, ret, err);
}

#endif /* !CAIRN_TEST_TRUSTS_H */
