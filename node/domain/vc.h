/* SPDX-License-Identifier: Apache-2.0 */
/* vc: what all Verifiable Credentials (W3C VC 2.0) of the closed profile have in common. */
#ifndef CAIRN_VC_H
#define CAIRN_VC_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "signed.h"

/* Borrowed from the document. */
struct vc {
	const char	*id;		/* NULL: none. */
	const char	*issuer;	/* DID */
	int64_t		 from, until;
	const json_t	*subject;
};

/**
 * vc_read(doc, kind, what, ret, reterr): the members of a credential of ${kind}, called
 * ${what} in sentences; nobody's proof is looked at.  0 or E_BAD: of another kind, a
 * member that the profile does not have, no issuer, no subject, or no proper times.
 */
int	vc_read(const json_t *, enum signed_kind, const char *what, struct vc *ret, struct err *reterr) must_check;

/**
 * vc_build(vc, kind, status, seed, now, ret, reterr): the credential, signed, owned by the caller; without
 * an issuer the did:key of ${seed} is.  ${status}: its credentialStatus, or NULL.  0, E_BAD or -ENOMEM.
 */
int	vc_build(const struct vc *, enum signed_kind, const json_t *status, const uint8_t seed[32],
	    int64_t now, json_t **ret, struct err *reterr) must_check;

/**
 * vc_jwt(doc, seed, ret): the credential once more, as a JWT (W3C VC-JOSE-COSE, vc+jwt, EdDSA), without the proof that it has:
 * the caller frees it.  Nothing here reads one: it is for verifiers elsewhere.  0, E_BAD (${seed} is not its issuer's
 * did:key) or -ENOMEM.
 */
int	vc_jwt(const json_t *, const uint8_t seed[32], char **ret) must_check;

/** vc_has_text(s): neither NULL nor empty.  vc_is_did(s): begins as a DID does. */
bool	vc_has_text(const char *);
bool	vc_is_did(const char *);

/** vc_foreign(object, known, n): the first member that is not among ${known}; NULL if there is none. */
const char *vc_foreign(const json_t *, const char *const *known, size_t n);

/** vc_did(key, out): "did:key:z6Mk..." of a public key; returns ${out}. */
const char *vc_did(const uint8_t key[32], char out[80]);

#endif /* !CAIRN_VC_H */
