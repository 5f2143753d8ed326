/* SPDX-License-Identifier: Apache-2.0 */
/*
 * program: what holds for a group or a specialist since it holds for the program that their record names: its rules on who may come, and what
 * search_item_borrow() lends.  Read where a record is looked at; what the index keeps of it stands with each who names it.
 */
#ifndef CAIRN_PROGRAM_H
#define CAIRN_PROGRAM_H

#include <jansson.h>

#include "app.h"
#include "base/buf.h"
#include "domain/eligibility.h"
#include "store/dirstore.h"

/* Those of one answer: some are held. */
struct programs;

struct program {
	const json_t			*body;	/* NULL: it is not known here. */
	size_t				 bytes;	/* That were read for this; 0: it was held. */
	bool				 judged;	/* The caller's, as long as it is held: */
	struct eligibility_finding	 rules;	/* what they say. */
};

int	programs_new(struct app *, struct programs **) must_check;
void	programs_free(struct programs *);

static inline void	programs_cleanup(struct programs **p) { programs_free(*p); }
#define autoprograms __attribute__((cleanup(programs_cleanup)))

/**
 * programs_get(programs, org, own, body, most, ret): the program that ${body}, a record of ${org}, names; without the places that our records
 * hide (hide.h).  ${own}: ${org} is ours.  NULL: it names none.  One that has more than ${most} bytes counts as not known.  Lent until the next call.
 */
int	programs_get(struct programs *, const char *org, bool own, const json_t *body, size_t most, struct program **ret) must_check;

/**
 * program_lent(app, rec, before, after): program ${rec} had these terms in the index, and has those now (NULL: none); if they say something else of
 * those who name it, these are to be indexed anew.
 */
int	program_lent(struct app *, const struct seen_record *, const char *before, const char *after) must_check;

#endif /* !CAIRN_PROGRAM_H */
