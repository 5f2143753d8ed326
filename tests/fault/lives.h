/* SPDX-License-Identifier: Apache-2.0 */
/* lives: a story lived again and again, each time in a process of its own with one fault in it. */
#ifndef CAIRN_TEST_LIVES_H
#define CAIRN_TEST_LIVES_H

#include "fault.h"

struct life {
	const char	*name;
	/* From a world whose nodes are stopped.  NULL, or what is wrong. */
	const char	*(*live)(struct host *, size_t sufferer);
};

/* A referral from the first word to closed, by two nodes that are set up; and the setup of a node. */
extern const struct life life_referral, life_setup;

struct tally {
	int	lives;		/* In which the fault came. */
	int	bad;
	int	stopped;	/* Lives in which the node stopped of it; in the others it went on. */
	int	reached;	/* 0: a life ended before its point. */
};

/** lives_count(host, life, plan): what a life counts in which ${plan} is not carried out.  Ends the test if that is bad. */
struct fault lives_count(struct host *, const struct life *, const struct fault_plan *);
/** lives_each(host, life, plan, to, step, quiet): one life for ${plan}->at and each ${step}th point after it, up to ${to}. */
struct tally lives_each(struct host *, const struct life *, const struct fault_plan *, long to, long step, bool quiet);
/** lives_asked(host, life): $FAULT_POINT names a life of this kind, as printed for a bad one: live it again, and end. */
void	lives_asked(struct host *, const struct life *);

enum { LIVES_CHECKPOINT = 30 };
/**
 * lives_begin(host, pages): a world with two nodes that are set up and trust each other, all stopped.  A checkpoint
 * is made every ${pages} (LIVES_CHECKPOINT: several in a referral; 0: as SQLite does).
 */
void	lives_begin(struct host *, int);
/** lives_long(): is $HS_LONG set? */
bool	lives_long(void);
/** lives_turn(): which points of all a run tries: $FAULT_TURN, or the number of the day since 1970, so that the runs of many days add up. */
long	lives_turn(void);

#endif /* !CAIRN_TEST_LIVES_H */
