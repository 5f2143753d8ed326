/* SPDX-License-Identifier: Apache-2.0 */
/* matchstore: members and the specialists proposed to them, chosen, and left.  All about both is sealed. */
#ifndef CAIRN_MATCHSTORE_H
#define CAIRN_MATCHSTORE_H

#include <jansson.h>

#include "db.h"

enum pairing_state { PAIRING_OFFERED, PAIRING_ACTIVE, PAIRING_ENDED, PAIRING_NSTATES };
extern const char *const pairing_state_name[PAIRING_NSTATES];

struct pairing {
	char	*id;
	enum pairing_state state;
	int64_t	 asked, began, review, until, ended;	/* 0: not yet. */
	json_t	*body;
};

/**
 * pairing_put(db, pairing): by id.  Sealed as the member's own: of the referral that
 * body.referral names, else of the pairing's id.  0 or negative.
 */
int	pairing_put(struct db *, const struct pairing *) must_check;
/** pairing_get: 0; E_NOTFOUND, also if the member was erased; or negative. */
int	pairing_get(struct db *, const char *id, struct pairing *) must_check;
/** pairing_each(db, state or NULL, fn, cookie): oldest first, without those of members who were erased. */
int	pairing_each(struct db *, const char *state, int (*)(void *, const struct pairing *), void *) must_check;
/** pairing_whose(db, whose, fn, cookie): likewise those that are erased with that referral, or the one of that id. */
int	pairing_whose(struct db *, const char *whose, int (*)(void *, const struct pairing *), void *) must_check;
/** pairing_due(db, now, ret_review, ret_over): how many are due for a look back, and past their end. */
int	pairing_due(struct db *, int64_t, int64_t *, int64_t *) must_check;
/**
 * pairing_reviews(db, now, fn, cookie): active ones that are due for a look back, or past their end, about which nobody was
 * asked; pairing_asked(db, id, at): now they were, about that day.  pairing_over(db, before, fn, cookie): active ones whose end was by ${before}.
 */
int	pairing_reviews(struct db *, int64_t now, int (*)(void *, const struct pairing *), void *) must_check;
int	pairing_asked(struct db *, const char *id, int64_t at) must_check;
int	pairing_over(struct db *, int64_t before, int (*)(void *, const struct pairing *), void *) must_check;
void	pairing_free(struct pairing *);

static inline void pairing_cleanup(struct pairing *p) { pairing_free(p); }
#define autopairing __attribute__((cleanup(pairing_cleanup)))

#endif /* !CAIRN_MATCHSTORE_H */
