/* SPDX-License-Identifier: Apache-2.0 */
/*
 * signed: what a signed document is.
 *
 * Every signature of the network is eddsa-jcs-2022 for "assertionMethod", and one
 * key may sign several kinds.  They are kept apart by what is signed: each
 * document has exactly one kind, which follows from its signed members alone, and
 * each verifier asks for its own kind before it looks at the proof.  A
 * document is therefore never taken for one of another kind.
 */
#ifndef CAIRN_SIGNED_H
#define CAIRN_SIGNED_H

#include <jansson.h>
#include <stdint.h>

#include "base/err.h"

#define SIGNED_PURPOSE	"assertionMethod"
#define SIGNED_CONTEXT	"https://www.w3.org/ns/credentials/v2"

/* Those with a text of the first list say it as "type", those of the second as "kind"; a record is
 * known by its sequence number. */
#define SIGNED_VCS(X)							\
	X(CREDENTIAL, "PeerSupportCredential")				\
	X(STATUS_LIST, "BitstringStatusListCredential")
#define SIGNED_DOCS(X)							\
	X(TRUST, "trust") X(EXPERIENCE, "lived_experience")		\
	X(PACT, "pact") X(ROSTER, "roster")				\
	X(INVITATION, "invitation") X(ENROLMENT, "enrolment")	\
	X(PUBLICATION, "publication") X(BINDING, "binding")

#define X(name, text) SIGNED_##name,
enum signed_kind { SIGNED_NOTHING, SIGNED_RECORD, SIGNED_VCS(X) SIGNED_DOCS(X) SIGNED_NKINDS };
#undef X

/** signed_kind(doc): what it is; SIGNED_NOTHING if it is of no kind that is known. */
enum signed_kind signed_kind(const json_t *);

/**
 * signed_verify(doc, kind, key, reterr): 0 if ${doc} is of ${kind} and its proof is by ${key};
 * E_REFUSED, or -ENOMEM.
 */
int	signed_verify(const json_t *, enum signed_kind, const uint8_t key[32], struct err *) must_check;

#endif /* !CAIRN_SIGNED_H */
