/* SPDX-License-Identifier: Apache-2.0 */
/*
 * erasure: a subject (subject.h) is forgotten, here and in each copy of the database.
 *
 *	wanted ─► its keys are zeros, its rows are deleted ─► what moves is sealed anew under a
 *	new key, the old one is zeros, the log is emptied ─► clean
 *
 * Each arrow is the end of a transaction, and each is done again after a crash.  The key goes
 * before the rows: whoever opens an older copy finds the tombstone, and erasure_open repeats the rest.
 */
#ifndef CAIRN_ERASURE_H
#define CAIRN_ERASURE_H

#include "db.h"

enum erasure_state { ERASURE_WANTED = 1, ERASURE_GONE, ERASURE_CLEAN };

/** erasure_want(db, name, actor): from the next erasure_step on.  ${actor} as in audit.h.  0 or negative. */
int	erasure_want(struct db *, const char *, const char *) must_check;
/** erasure_state(db, name, ret): 0; E_NOTFOUND if nobody wanted it. */
int	erasure_state(struct db *, const char *, enum erasure_state *) must_check;

/** erasure_step(db, most, ret_more): one piece: a subject, or ${most} values sealed anew.  0 or negative. */
int	erasure_step(struct db *, int64_t, bool *ret_more) must_check;

/**
 * erasure_open(db): for db_open, in a transaction: erase again what keys.db says was erased.  Referrals and contents
 * whose keys it does not know are marked as lost (case_lost_each), until it does.  If this is a copy
 * from before an erasure, what moved in it cannot be read any more and is dropped; then
 * crypto_account_get says E_NOTFOUND although there is a device (crypto_account_lost).
 */
int	erasure_open(struct db *) must_check;

struct erasure {
	const char	*name, *actor;
	enum erasure_state state;
	int64_t		 at, done;	/* 0: not yet. */
};
/** erasure_each(db, most, fn, cookie): newest first.  erasure_counts: how many are under way, and how many are done. */
int	erasure_each(struct db *, int64_t, int (*)(void *, const struct erasure *), void *) must_check;
int	erasure_counts(struct db *, int64_t *, int64_t *) must_check;

#endif /* !CAIRN_ERASURE_H */
