/* SPDX-License-Identifier: Apache-2.0 */
/* askstore: which partners were asked to erase too, or asked us, and what they, or we, said. */
#ifndef CAIRN_ASKSTORE_H
#define CAIRN_ASKSTORE_H

#include "db.h"

struct ask {
	const char	*referral, *org;
	bool		 ours;		/* We asked. */
	int64_t		 at;
	const char	*answer;	/* NULL: none yet. */
	int64_t		 until, answered;
};

/** ask_put(db, referral, org, ours): now; once.  ask_answer: what was said of it; E_NOTFOUND if nobody asked.
 * Of what we asked a decision stands when "asked" comes after it. */
int	ask_put(struct db *, const char *, const char *, bool ours) must_check;
int	ask_answer(struct db *, const struct ask *) must_check;
/** ask_each(db, referral or NULL for all, fn, cookie). */
int	ask_each(struct db *, const char *, int (*)(void *, const struct ask *), void *) must_check;
/** ask_counts(db, before, ret_silent, ret_wanted): partners who have not decided since ${before}; what our staff must decide. */
int	ask_counts(struct db *, int64_t, int64_t *, int64_t *) must_check;

#endif /* !CAIRN_ASKSTORE_H */
