/* SPDX-License-Identifier: Apache-2.0 */
/*
 * trust: the signed list of who belongs to the federation; schemas/trust.json.
 *
 * Trust begins out of band: the signer's key is in the configuration.  No list,
 * an expired one or an empty one means nobody: every look-up takes NULL.
 */
#ifndef CAIRN_TRUST_H
#define CAIRN_TRUST_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct trust;

/* Strings are borrowed from the list. */
struct trust_org {
	const char	*id;
	const char	*name;
	const char	*server;	/* Matrix server name. */
	const char	*node;		/* User ids. */
	const char	*steward;
	const char	*master_key;	/* Node account's cross-signing master key, base64. */
	const json_t	*roles;		/* Arrays of strings. */
	const json_t	*via;
	uint8_t		 record_key[32];
};

struct trust_issuer {
	const char	*id;		/* DID. */
	const char	*name;
	const json_t	*entitled;	/* Array of {type, jurisdictions: []}. */
	const json_t	*answers;	/* DIDs of issuers that sign its status lists too, or NULL. */
	uint8_t		 key[32];
};

/* The last version accepted; version 0: none. */
struct trust_seen {
	int64_t		version;
	char		hash[65];
};

/**
 * trust_load(doc, signer, seen, now, ret, reterr): check the shape, the proof by
 * ${signer} (32 bytes), that the list has not expired, and that it is ${seen} again or a
 * later version (NULL: any), which continues it when it is the very next.  0 and an owned
 * ${ret}, which keeps a reference to ${doc}; E_BAD (shape), E_REFUSED (the rest) or -ENOMEM.
 */
int	trust_load(const json_t *, const uint8_t signer[32], const struct trust_seen *,
	    int64_t now, struct trust **ret, struct err *reterr) must_check;
void	trust_free(struct trust *);

static inline void	trust_cleanup(struct trust **t) { trust_free(*t); }
#define autotrust __attribute__((cleanup(trust_cleanup)))

/**
 * trust_sign(doc, seed, now, reterr): check the shape of a list without a proof (an
 * old one is replaced) and sign it.  0, E_BAD or -ENOMEM.
 */
int	trust_sign(json_t *, const uint8_t seed[32], int64_t now, struct err *) must_check;

/** trust_last(t): version and hash of this list, to be kept for the next. */
struct trust_seen	trust_last(const struct trust *);

/** trust_expires(t): when the caller must drop the list; 0 for NULL. */
int64_t	trust_expires(const struct trust *);

/* Look-ups: borrowed until trust_free(); NULL for nobody. */
const struct trust_org	*trust_org(const struct trust *, const char *id);
const struct trust_org	*trust_org_by_node(const struct trust *, const char *user);
const struct trust_org	*trust_org_by_steward(const struct trust *, const char *user);
const struct trust_issuer *trust_issuer(const struct trust *, const char *did);
const struct trust_issuer *trust_issuer_by_key(const struct trust *, const uint8_t key[32]);
size_t	trust_norgs(const struct trust *);
const struct trust_org	*trust_org_at(const struct trust *, size_t);

/** trust_has_role(org, role): "node", "issuer" or "bot".  NULL ${org} has none. */
bool	trust_has_role(const struct trust_org *, const char *);

/**
 * trust_entitles(issuer, type, jurisdiction): may it certify ${type} there?  An entry
 * "US" covers "US-AR"; not the reverse.
 */
bool	trust_entitles(const struct trust_issuer *, const char *type, const char *jurisdiction);

/** trust_may_answer(issuer, did): does the list let ${did} sign status lists for it?  Its key is its own entry's. */
bool	trust_may_answer(const struct trust_issuer *, const char *did);

#endif /* !CAIRN_TRUST_H */
