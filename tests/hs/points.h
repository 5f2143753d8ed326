/* SPDX-License-Identifier: Apache-2.0 */
/*
 * points: a story told once for each moment at which a node can be killed in it.
 *
 * Told undisturbed first, it yields the names of all its commits (host_point.c).  A point is
 *
 *   ROLE STORY COMMIT WHERE N		target referral answer:send/org.cairnpeer.referral.answer before_send 1
 *
 * the N-th commit of that name by that role; WHERE as in host_kill_name.  Each point
 * is a process of its own that goes on from the same beginning.
 *
 * HS_SEED chooses the run; HS_POINT=POINT tells it with that one death, and the logs if it ends badly;
 * HS_POINT=list prints all points; HS_LONG=1 kills at each point, else at the first of each name, or a few.
 */
#ifndef CAIRN_TEST_POINTS_H
#define CAIRN_TEST_POINTS_H

#include "host.h"

struct points_story {
	const char	*name;
	const char	*role[HOST_NODES];	/* Of each node that is to be killed, by index; NULL: not. */
	/* Nodes run.  NULL, or what never came about. */
	const char	*(*play)(struct host *);
	/* Afterwards, undisturbed.  NULL, or what is wrong. */
	const char	*(*judge)(struct host *);
	size_t		 few;		/* Without HS_LONG: so many points of each role and way; 0: the first of each name. */
};

/**
 * points_test(host, story): from where its nodes stop, which it has them do: undisturbed, then each point; TAP.  With HS_POINT that point alone, if it
 * is of this story, and the end; or the list.
 * points_prove(host, story): afterwards, the oracle: commits that are forgotten must be noticed.  Nothing with HS_POINT.
 */
void	points_test(struct host *, const struct points_story *);
void	points_prove(struct host *, const struct points_story *);

/** points_check(good, name...): one check, TAP.  points_done(): their number; what main returns. */
void	points_check(bool, const char *, ...) __attribute__((format(printf, 2, 3)));
int	points_done(void);

/** points_seed(standard): HS_SEED, or that; printed. */
uint64_t points_seed(uint64_t);

#endif /* !CAIRN_TEST_POINTS_H */
