/* SPDX-License-Identifier: Apache-2.0 */
/*
 * statement: what a specialist says of their own life; schemas/statement.json.
 *
 * Signed with the specialist's own did:key, so that no organization says it for them; withdrawn by a later one.
 */
#ifndef CAIRN_STATEMENT_H
#define CAIRN_STATEMENT_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

#define STATEMENT_KIND	"lived_experience"

#define STATEMENT_VERDICTS(X)						\
	X(GOOD, "good")							\
	X(WITHDRAWN, "withdrawn")					\
	X(EXPIRED, "expired")						\
	X(MALFORMED, "malformed")					\
	X(BAD_PROOF, "bad_proof")					\
	X(FUTURE, "future")						\
	X(ROLLED_BACK, "rolled_back")	/* A later one was seen: it may have been withdrawn. */

#define X(name, text) STATEMENT_##name,
enum statement_verdict { STATEMENT_VERDICTS(X) STATEMENT_NVERDICTS };
#undef X

struct statement {
	const char	*specialist;	/* DID; borrowed, as the rest. */
	int64_t		 issued_at, expires_at;
};

/**
 * statement_check(doc, newest, now, ret_verdict, ret, reterr): ${newest}: issued_at of the latest of that
 * specialist ever seen, 0 for none.  0 with a verdict, and a sentence unless GOOD; ${ret} is set for GOOD, WITHDRAWN
 * and EXPIRED.  Or -ENOMEM.
 */
int	statement_check(const json_t *, int64_t newest, int64_t now, enum statement_verdict *ret_verdict,
	    struct statement *ret, struct err *) must_check;

/** statement_by(doc): whose it claims to be; NULL if nobody's. */
const char *statement_by(const json_t *);
const char *statement_verdict_name(enum statement_verdict);

#endif /* !CAIRN_STATEMENT_H */
