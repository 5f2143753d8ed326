/* SPDX-License-Identifier: Apache-2.0 */
/*
 * shortlist: specialists in the order in which it is worth while to judge them, out of the index, which knows neither too much
 * nor, of anybody whom a wish does not exclude, too little (domain/match_index.h).
 */
#ifndef CAIRN_SHORTLIST_H
#define CAIRN_SHORTLIST_H

#include "app.h"
#include "domain/match_index.h"
#include "store/searchstore.h"

struct shortlist;

struct shortlisted {
	int64_t			 seen;		/* Of dirstore.h. */
	char			 id[SEARCHSTORE_ID];
	struct match_guess	 guess;
};

/** shortlist_ready(app, ret): is every record in the index as this program makes it? */
int	shortlist_ready(struct app *, bool *ret) must_check;

/**
 * shortlist_open(app, wish, skip, n, most, tally, ret): of all in the index but the documents ${skip} those whom at most
 * ${most} filters remove; all are counted into ${tally}.  0 or negative.
 */
int	shortlist_open(struct app *, const struct match_wish *, const int64_t *skip, size_t n, int most, struct match_tally *,
	    struct shortlist **) must_check;
void	shortlist_free(struct shortlist *);

static inline void	shortlist_cleanup(struct shortlist **s) { shortlist_free(*s); }
#define autoshortlist __attribute__((cleanup(shortlist_cleanup)))

/**
 * shortlist_next(list, excluded, ret): the next of those whom no filter of the index removes, or else of the others: by how
 * many remove them, and then as match_before() has it.  0 or E_NOTFOUND.
 */
int	shortlist_next(struct shortlist *, bool excluded, struct shortlisted *) must_check;

#endif /* !CAIRN_SHORTLIST_H */
