/* SPDX-License-Identifier: Apache-2.0 */
/*
 * trust: the signed list of who belongs to the federation; schemas/trust.json.
 *
 * Trust begins out of band, with the keys of those who sign.  k of them sign each
 * version, and whoever signs next is named by k of those before.  No list, an
 * expired one or an empty one means nobody: every look-up takes NULL.
 *
 * Who is listed but suspended there, or denied by this node, is not found by the
 * look-ups: nothing is sent to them or taken from them.  trust_judge says why.
 */
#ifndef CAIRN_TRUST_H
#define CAIRN_TRUST_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/signers.h"

struct trust;

/* Strings are borrowed from the list. */
struct trust_org {
	const char	*id;
	const char	*name;
	const char	*server;	/* Matrix server name. */
	const char	*node;		/* User ids; a bot needs no steward: NULL. */
	const char	*steward;
	const char	*master_key;	/* Node account's cross-signing master key, base64; of a bot, may be NULL. */
	const json_t	*devices;	/* Array of {device, key}: pinned devices of a bot; or NULL. */
	const json_t	*roles;		/* Arrays of strings. */
	const json_t	*via;
	uint8_t		 record_key[32];
	uint8_t		 old_key[32];	/* The record key before, good until old_until; 0: there is none. */
	int64_t		 old_until;
	int64_t		 suspended;	/* Since when, and why; 0: not. */
	const char	*reason;
};

struct trust_issuer {
	const char	*id;		/* DID. */
	const char	*name;
	const json_t	*entitled;	/* Array of {type, jurisdictions: []}. */
	const json_t	*answers;	/* DIDs of issuers that sign its status lists too, or NULL. */
	uint8_t		 key[32], old_key[32];	/* The one before signs until old_until; 0: there is none. */
	int64_t		 old_until;
	int64_t		 suspended;
	const char	*reason;
};

/* Where the list is published; room NULL: nowhere. */
struct trust_room {
	const char	*room;
	const json_t	*via;
};

/* The last version accepted; version 0: none. */
struct trust_seen {
	int64_t		version;
	char		hash[65];
	char		same[65];	/* Of the version that is to be judged, if that was accepted before; or "". */
};

/* Of trust_load: two versions that both are signed contradict each other. */
enum { TRUST_FORK = E_MODULE };

/**
 * trust_load(doc, by, seen, now, ret, reterr): check the shape, that ${by}->needed of ${by} and as
 * many as it asks for itself of its own signers signed it, that it has not expired, and that it
 * is ${seen} again or a later version (NULL: any), which continues it when it is the very next.
 * 0 and an owned ${ret}, which keeps a reference to ${doc}; E_BAD (shape), TRUST_FORK (another
 * document of a version that was accepted, or another past), E_REFUSED (the rest) or -ENOMEM.
 */
int	trust_load(const json_t *, const struct signers *by, const struct trust_seen *,
	    int64_t now, struct trust **ret, struct err *reterr) must_check;
void	trust_free(struct trust *);

static inline void	trust_cleanup(struct trust **t) { trust_free(*t); }
#define autotrust __attribute__((cleanup(trust_cleanup)))

/**
 * trust_sign(doc, seed, now, reterr): check the shape of a list and add a proof.  Proofs by
 * others that are good stay; those over another content, or by the same key, go.  0, E_BAD, -ENOMEM, or E_REFUSED: one
 * of its organizations has a name that people may take for another's (lookalike.h).
 */
int	trust_sign(json_t *, const uint8_t seed[32], int64_t now, struct err *) must_check;

/**
 * trust_signed(doc, by, ret, reterr): which of ${by} signed it: bit i for key i.  Of each the first proof is looked at.
 * trust_hash(doc, ret, reterr): what the next version names as prev; proofs do not matter for it.
 * trust_read_signers(doc, by, ret, reterr): who signs it and the next: its own signers, or ${by} if it names none (NULL: E_BAD).
 */
int	trust_signed(const json_t *, const struct signers *by, uint32_t *ret, struct err *) must_check;
int	trust_hash(const json_t *, char ret[65], struct err *) must_check;
int	trust_read_signers(const json_t *, const struct signers *by, struct signers *ret, struct err *) must_check;

/** trust_entry(entry, reterr): could this stand in a list as an organization?  0, E_BAD. */
int	trust_entry(const json_t *, struct err *) must_check;

/** trust_next(doc, now, life, ret, reterr): the version after ${doc} with the same content, not signed: owned.  0, E_BAD, -ENOMEM. */
int	trust_next(const json_t *, int64_t now, int64_t life, json_t **ret, struct err *) must_check;

/** trust_last(t): version and hash of this list, to be kept for the next.  trust_document: as it was loaded; borrowed. */
struct trust_seen	trust_last(const struct trust *);
const json_t	*trust_document(const struct trust *);

/** trust_signers(t): who signs the next version; NULL for NULL.  trust_where(t): its room. */
const struct signers	*trust_signers(const struct trust *);
struct trust_room	trust_where(const struct trust *);

/** trust_expires(t): when the caller must drop the list; 0 for NULL. */
int64_t	trust_expires(const struct trust *);

/* Look-ups of who is in force: borrowed until trust_free or trust_override; NULL for nobody. */
const struct trust_org	*trust_org(const struct trust *, const char *id);
const struct trust_org	*trust_org_by_node(const struct trust *, const char *user);
const struct trust_org	*trust_org_by_steward(const struct trust *, const char *user);
const struct trust_issuer *trust_issuer(const struct trust *, const char *did);
size_t	trust_norgs(const struct trust *);
const struct trust_org	*trust_org_at(const struct trust *, size_t);

/* All that the list names, in force or not, for being shown. */
size_t	trust_nlisted(const struct trust *);
const struct trust_org	*trust_listed_at(const struct trust *, size_t);
const struct trust_org	*trust_listed(const struct trust *, const char *id);
const struct trust_issuer *trust_listed_issuer(const struct trust *, const char *did);

/**
 * trust_judge(t, id, reterr): 0 if that organization is in force; E_NOTFOUND or E_REFUSED and why not,
 * in a sentence.  trust_judge_issuer: the same for a DID.
 */
int	trust_judge(const struct trust *, const char *id, struct err *);
int	trust_judge_issuer(const struct trust *, const char *did, struct err *);

/**
 * trust_override(t, overrides, reterr): what this node decided for itself, {ORG: {decision: "deny" | "allow",
 * reason, at, since}}; replaces what was said before; NULL takes all back.  A denial holds whatever the list says; an
 * allowance lifts the one suspension that began at ${since}, and never adds anybody.  0, E_BAD or -ENOMEM.
 */
int	trust_override(struct trust *, const json_t *, struct err *) must_check;

/** trust_has_role(org, role): "node", "issuer" or "bot".  NULL ${org} has none. */
bool	trust_has_role(const struct trust_org *, const char *);

/** trust_record_key(org, record, now): the key that ${record} must be signed with: the one before, while it is good and named. */
const uint8_t	*trust_record_key(const struct trust_org *, const json_t *record, int64_t now);
/** trust_issuer_key(issuer, vc, now): the same for a credential or status list of that issuer. */
const uint8_t	*trust_issuer_key(const struct trust_issuer *, const json_t *vc, int64_t now);

/**
 * trust_entitles(issuer, type, jurisdiction): may it certify ${type} there?  An entry
 * "US" covers "US-AR"; not the reverse.
 */
bool	trust_entitles(const struct trust_issuer *, const char *type, const char *jurisdiction);

/** trust_may_answer(issuer, did): does the list let ${did} sign status lists for it?  Its key is its own entry's. */
bool	trust_may_answer(const struct trust_issuer *, const char *did);

#endif /* !CAIRN_TRUST_H */
