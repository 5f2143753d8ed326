/* SPDX-License-Identifier: Apache-2.0 */
/*
 * audit: an append-only chain: hash_n = SHA-256(hash_(n-1) || canonical row n).
 * Rows name actors and actions, never content or people.  What a row is about is sealed
 * under the key of its subject, and the row holds a salted commitment to it, and which key that is: once the
 * subject is erased nobody can tell whom it was about, and the chain still verifies.
 */
#ifndef CAIRN_AUDIT_H
#define CAIRN_AUDIT_H

#include "db.h"

/**
 * audit_add(db, at, actor, action, subject, detail): actor "operator:UID", "node", "partner:ORG", "term"; detail may be NULL.
 * ${subject}: the name of one in subject.h, "referral:ID" or "person:PID"; anything else is sealed under the store's own key.
 */
int	audit_add(struct db *, int64_t at, const char *actor, const char *action,
	    const char *subject, const char *detail) must_check;
/** audit_case(db, at, actor, action, referral, detail): the same about a referral. */
int	audit_case(struct db *, int64_t at, const char *actor, const char *action, const char *, const char *detail) must_check;
/** audit_shares(db, at, ref): a row for each device that gets a room key with the outbox row of that reference. */
int	audit_shares(struct db *, int64_t, const char *) must_check;
/** audit_verify(db, ret_rows, reterr): 0, or ERR_CORRUPT with the number of the first bad row; one without rows is bad once the node is set up. */
int	audit_verify(struct db *, int64_t *, struct err *) must_check;

struct audit_row {
	int64_t		 n, at;
	const char	*actor, *action;
	const char	*subject, *detail;	/* Both NULL: erased. */
};
/** audit_each(db, most, fn, cookie): newest first. */
int	audit_each(struct db *, int64_t, int (*)(void *, const struct audit_row *), void *) must_check;

/**
 * audit_head(db, out): "N:HASH", of the newest row; to be kept where the database is not.
 * audit_has(db, head): 0; E_BAD if no row is so: the chain was cut, or made anew; E_NOTFOUND if that row is trimmed.
 */
enum { AUDIT_HEAD = 24 + 64 + 1 };
int	audit_head(struct db *, char[AUDIT_HEAD]) must_check;
int	audit_has(struct db *, const char *) must_check;

/** audit_trim(db, before, most, ret_n): at most ${most} of the oldest rows go, if they are older than ${before}. */
int	audit_trim(struct db *, int64_t before, int64_t most, int64_t *ret_n) must_check;

#endif /* !CAIRN_AUDIT_H */
