/* SPDX-License-Identifier: Apache-2.0 */
/*
 * status: was a credential revoked or suspended?
 *
 * Bitstring Status List 1.0 (W3C REC 2025-05-15) in the closed profile of
 * schemas/status_list.json: a credential of its own, signed by the issuer, that
 * holds one bit for each credential, compressed.  Bit 0 is the leftmost of the
 * first byte.  In doubt the answer is not "good", and the reason is said.
 */
#ifndef CAIRN_STATUS_H
#define CAIRN_STATUS_H

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct trust;

#define STATUS_PURPOSES(X) X(REVOCATION, "revocation") X(SUSPENSION, "suspension")

#define STATUS_VERDICTS(X)						\
	X(GOOD, "good")							\
	X(REVOKED, "revoked")						\
	X(SUSPENDED, "suspended")					\
	X(UNKNOWN, "unknown")		/* No list of that name is held. */ \
	X(MALFORMED, "malformed")					\
	X(WRONG_ISSUER, "wrong_issuer")	/* Not the credential's, nor one that the trust list lets answer for it. */ \
	X(BAD_PROOF, "bad_proof")					\
	X(WRONG_PURPOSE, "wrong_purpose")				\
	X(OUT_OF_RANGE, "out_of_range")					\
	X(NOT_YET, "not_yet")						\
	X(STALE, "stale")		/* Past its end, its ttl or STATUS_MAX_AGE. */ \
	X(ROLLED_BACK, "rolled_back")	/* A newer one was seen before. */

#define X(name, text) STATUS_##name,
enum status_purpose { STATUS_PURPOSES(X) STATUS_NPURPOSES };
enum status_verdict { STATUS_VERDICTS(X) STATUS_NVERDICTS };
#undef X

enum {
	STATUS_BITS_MIN = 131072,	/* Of the specification: a smaller list tells who is asked about. */
	STATUS_BITS_MAX = 1 << 20,
	STATUS_ENTRIES = 2,		/* In one credential. */
};
#define STATUS_MAX_AGE	(35 * 86400000LL)	/* Whatever the list itself says. */

/* Where a credential's status stands; borrowed from it. */
struct status_entry {
	enum status_purpose	 purpose;
	const char		*list;		/* URI of the list. */
	uint32_t		 index;
};

struct status_finding {
	enum status_verdict	 verdict;
	struct err		 reason;	/* Empty when good. */
};

/* What a list is judged against. */
struct status_context {
	const struct trust	*trust;
	const char		*issuer;	/* DID of the credential's. */
	const char		*list;		/* URI by which the credential names it. */
	int64_t			 newest;	/* validFrom of the newest such list ever seen; 0: none. */
	int64_t			 now;
};

struct status_list;

/**
 * status_open(vc, context, ret, ret_finding): a list that may be asked, or why not.
 * 0 and an owned list if the verdict is GOOD, else NULL; or -ENOMEM.
 */
int	status_open(const json_t *, const struct status_context *, struct status_list **ret,
	    struct status_finding *) must_check;
void	status_free(struct status_list *);
/** status_issued(list): its validFrom, to be kept as the newest. */
int64_t	status_issued(const struct status_list *);

static inline void	status_cleanup(struct status_list **l) { status_free(*l); }
#define autostatus __attribute__((cleanup(status_cleanup)))

/** status_ask(list, entry, ret): GOOD, REVOKED, SUSPENDED, WRONG_PURPOSE or OUT_OF_RANGE. */
void	status_ask(const struct status_list *, const struct status_entry *, struct status_finding *);

/** status_entry_read(entry, ret, reterr): an item of credentialStatus.  0 or E_BAD. */
int	status_entry_read(const json_t *, struct status_entry *, struct err *) must_check;

/**
 * status_peek(vc, ret_issued): URI of a list before any check, so that it can be kept under it, or
 * NULL; ${ret_issued} as the list claims, 0 if it does not say.
 */
const char *status_peek(const json_t *, int64_t *ret_issued);

/* A list to be issued: bits in memory, most significant first. */
struct status_draft {
	const char		*id;
	const char		*issuer;	/* DID; NULL: the did:key of the seed. */
	enum status_purpose	 purpose;
	const uint8_t		*bits;
	size_t			 nbits;
	int64_t			 from, until;
};

/** status_build(draft, seed, now, ret, reterr): a signed list.  0, E_BAD or -ENOMEM. */
int	status_build(const struct status_draft *, const uint8_t seed[32], int64_t now, json_t **ret,
	    struct err *reterr) must_check;

/** status_entry_build(entry): an item of credentialStatus, owned by the caller; NULL: out of memory. */
json_t	*status_entry_build(const struct status_entry *);

const char *status_purpose_name(enum status_purpose);
const char *status_verdict_name(enum status_verdict);

#endif /* !CAIRN_STATUS_H */
