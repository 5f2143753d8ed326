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
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "eligibility.h"
#include "status.h"

struct trust;

#define CREDENTIAL_VERDICTS(X)						\
	X(CERTIFIED, "certified")					\
	X(UNCERTIFIED, "uncertified")	/* No credential was published. */ \
	X(MALFORMED, "malformed")					\
	X(STATUS_UNKNOWN, "status_unknown") /* Names a status list that cannot be asked. */ \
	X(REVOKED, "revoked")						\
	X(SUSPENDED, "suspended")					\
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
	enum status_verdict	 status;	/* Of what its lists said; GOOD also if it names none. */
	/* Set only when CERTIFIED; borrowed from the credential and the trust list. */
	const char		*issuer;	/* Its name in the trust list. */
	const char		*type;		/* credentialType */
	const char		*label;		/* NULL if absent. */
	const char		*level;
	const json_t		*jurisdictions;	/* Array of strings. */
	int64_t			 valid_until;
};

/* Where status lists are looked up. */
struct credential_lists {
	/* The newest list of that URI that may answer for ${issuer}: 0, and the list, which stays the
	 * lender's, with a GOOD finding, or NULL and why not.  Negative is fatal. */
	int	(*get)(void *cookie, const char *issuer, const char *uri, const struct status_list **ret,
		    struct status_finding *);
	void	*cookie;
};

/**
 * credential_verify(vc, trust, subject, lists, now, ret): judge ${vc} (NULL: none published)
 * for the specialist whose record says ${subject} (a DID; NULL: it says none, which
 * no credential matches).  ${lists} NULL: no list is held.  0 and a finding, or a negative
 * value.  Clocks may differ by WHEN_SKEW.
 */
int	credential_verify(const json_t *, const struct trust *, const char *subject,
	    const struct credential_lists *, int64_t now, struct credential_finding *ret) must_check;

/**
 * credential_holds(subject, region, reason): does what its issuer certifies of ${subject}, a credentialSubject, hold in ${region}, and of other
 * answers than YES, why?  The issuer is entitled for the places of "jurisdiction", which credential_verify() has seen to; of "reciprocity" it
 * only says that others accept it there, which they must be asked.
 */
enum eligibility_answer credential_holds(const json_t *subject, const char *region, struct err *reason);

/**
 * credential_covers(subject, field, reason): is what its issuer certifies of ${subject}, a credentialSubject, for that field of peer support (NULL: for
 * any), and if not, why?
 */
bool	credential_covers(const json_t *subject, const char *field, struct err *reason);

/** credential_verdict_name(verdict): never NULL. */
const char *credential_verdict_name(enum credential_verdict);

/* What an issuer certifies. */
struct credential_claim {
	const char	*id;			/* URI of this credential, or NULL. */
	const char	*issuer;		/* DID; NULL: the did:key of the seed. */
	const json_t	*subject;		/* credentialSubject as in the schema; borrowed. */
	int64_t		 valid_from;
	int64_t		 valid_until;
	const json_t	*status;		/* credentialStatus, or NULL; borrowed. */
};

/**
 * credential_build(claim, seed, now, ret, reterr): a signed credential, owned by the
 * caller.  0, E_BAD (the subject lacks a member, or the times are in the wrong order) or -ENOMEM.
 */
int	credential_build(const struct credential_claim *, const uint8_t seed[32],
	    int64_t now, json_t **ret, struct err *reterr) must_check;

#endif /* !CAIRN_CREDENTIAL_H */
