/* SPDX-License-Identifier: Apache-2.0 */
/* retention: what is over its term is wanted erased (erasure.h), or deleted. */
#ifndef CAIRN_RETENTION_H
#define CAIRN_RETENTION_H

#include "db.h"

/* Each in milliseconds since 1970: what was last touched before it is over its term; 0: nothing is. */
struct retention {
	int64_t	referrals;	/* Of those that have ended, matches and cases without one. */
	int64_t	legal;		/* Consents and accounting of what was erased before. */
	int64_t	offers;		/* Matches of which nobody was chosen. */
	int64_t	messages;	/* That were sent or came. */
	int64_t	rejected;	/* Items that were refused, by when they came. */
	int64_t	traffic;	/* Contents of ours that concern no referral, by when they were acknowledged. */
	int64_t	book;		/* Entries, by when they were written down. */
	int64_t	names;		/* The note that something was erased. */
};

/** retention_step(db, terms, most, ret_more): at most ${most} of each class.  0 or negative. */
int	retention_step(struct db *, const struct retention *, int64_t, bool *) must_check;

#endif /* !CAIRN_RETENTION_H */
