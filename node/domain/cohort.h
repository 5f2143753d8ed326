/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cohort: many members and specialists at once, by deferred acceptance in which members
 * propose (Gale and Shapley 1962; with capacities).  Nobody would rather have each other than
 * whom they got, no member could do better in any other such arrangement, and
 * the same wishes give the same result whatever order they come in: ties are broken by a
 * hash of both ids and the seed of the round.
 */
#ifndef CAIRN_COHORT_H
#define CAIRN_COHORT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

#define COHORT_NONE	((size_t)-1)

/* A pair that both sides would have; what is not there, one of them would not. */
struct cohort_edge {
	size_t	member, place;		/* Indexes. */
	int	liking, priority;	/* The member's and the specialist's; higher is better. */
};

struct cohort {
	const char		*seed;
	const char *const	*members;	/* Ids, all different. */
	size_t			 n_members;
	const char *const	*places;	/* Ids, all different. */
	const unsigned		*capacity;	/* Of each place. */
	size_t			 n_places;
	const struct cohort_edge *edges;	/* No pair twice. */
	size_t			 n_edges;
};

/** cohort_match(cohort, ret): ${ret}[member] is a place or COHORT_NONE.  0; E_BAD: an index is out of range; -ENOMEM. */
int	cohort_match(const struct cohort *, size_t *ret) must_check;

/**
 * cohort_blocking(cohort, place): pairs that would both rather have each other, by liking and priority
 * alone; a check of the result that shares nothing with cohort_match.
 */
size_t	cohort_blocking(const struct cohort *, const size_t *);

#endif /* !CAIRN_COHORT_H */
