/* SPDX-License-Identifier: Apache-2.0 */
/*
 * audit: an append-only chain: hash_n = SHA-256(hash_(n-1) || canonical row n).
 * Rows name actions and opaque ids, never content or people.
 */
#ifndef CAIRN_AUDIT_H
#define CAIRN_AUDIT_H

#include "db.h"

/** audit_add(db, at, actor, action, subject, detail): actor "operator:UID", "node", "partner:ORG"; detail may be NULL. */
int	audit_add(struct db *, int64_t at, const char *actor, const char *action,
	    const char *subject, const char *detail) must_check;
/** audit_verify(db, ret_rows, reterr): 0, or ERR_CORRUPT with the number of the first bad row. */
int	audit_verify(struct db *, int64_t *, struct err *) must_check;

#endif /* !CAIRN_AUDIT_H */
