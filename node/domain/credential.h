/* SPDX-License-Identifier: Apache-2.0 */
/*
 * credential: is this specialist certified, by whom, until when?
 *
 * A credential is a W3C Verifiable Credential 2.0 in the closed profile of
 * schemas/credential.json, secured with eddsa-jcs-2022.  Lived experience is
 * never in it.  The issuer's key is taken from the trust list, never from the
 * credential.  In doubt a specialist is not certified, and the reason is said.
 */
#ifndef CAIRN_CREDENTIAL_H
#define CAIRN_CREDENTIAL_H

#include <jansson.h>
#include <stdint.h>

#include "base/err.h"

struct trust;

#define CREDENTIAL_VERDICTS(X)						\
	X(CERTIFIED, "certified")					\
	X(UNCERTIFIED, "uncertified")	/* No credential was published. */ \
	X(MALFORMED, "malformed")					\
	X(STATUS_UNKNOWN, "status_unknown") /* Names a revocation list that is not read. */ \
	X(UNKNOWN_ISSUER, "unknown_issuer")				\
	X(BAD_PROOF, "bad_proof")					\
	X(NOT_ENTITLED, "not_entitled")					\
	X(WRONG_SUBJECT, "wrong_subject")				\
	X(NOT_YET, "not_yet")						\
	X(EXPIRED, "expired")

#define X(name, text) CREDENTIAL_##name,
enum credential_verdict { CREDENTIAL_VERDICTS(X) CREDENTIAL_NVERDICTS };
#undef X

struct credential_finding {
	enum credential_verdict	 verdict;
	struct err		 reason;	/* A sentence for people, also when certified. */
	/* Set only when CERTIFIED; borrowed from the credential and the trust list. */
	const char		*issuer;	/* Its name in the trust list. */
	const char		*type;		/* credentialType */
	const char		*label;		/* NULL if absent. */
	const char		*level;
	const json_t		*jurisdictions;	/* Array of strings. */
	int64_t			 valid_until;
};

/**
 * credential_verify(vc, trust, subject, now, ret): judge ${vc} (NULL: none published)
 * for the specialist whose record says ${subject} (a DID; NULL: it says none, which
 * no credential matches).  0 and a finding, or -ENOMEM.  Clocks may differ by WHEN_SKEW.
 */
int	credential_verify(const json_t *, const struct trust *, const char *subject,
	    int64_t now, struct credential_finding *ret) must_check;

/** credential_verdict_name(verdict): never NULL. */
const char *credential_verdict_name(enum credential_verdict);

/* What an issuer certifies. */
struct credential_claim {
	const char	*id;			/* URI of this credential, or NULL. */
	const char	*issuer;		/* DID; NULL: the did:key of the seed. */
	const json_t	*subject;		/* credentialSubject as in the schema; borrowed. */
	int64_t		 valid_from;
	int64_t		 valid_until;
};

/**
 * credential_build(claim, seed, now, ret, reterr): a signed credential, owned by the
 * caller.  0, E_BAD (the subject lacks a member, or the times are in the wrong order) or -ENOMEM.
 */
int	credential_build(const struct credential_claim *, const uint8_t seed[32],
	    int64_t now, json_t **ret, struct err *reterr) must_check;

/** credential_did(key, out): "did:key:z6Mk..." of a public key; returns ${out}. */
const char *credential_did(const uint8_t key[32], char out[80]);

#endif /* !CAIRN_CREDENTIAL_H */
