/* SPDX-License-Identifier: Apache-2.0 */
/*
 * torture: two nodes under load, killed at random.
 *
 * A world is two organizations that refer to each other, and a member who writes to both.
 * While many referrals go through their steps in both directions, or wait, are declined, withdrawn or forwarded, nodes die at random
 * commits and random moments in every way of host.h, bridges die, both die at once, answers and
 * requests get lost, servers limit and federation is slow, and a day passes in which servers
 * forget transaction ids.  Strangers take one-time keys, and records change.
 *
 * The oracle works from a log of what was accepted.  The same seed gives the same run.
 */
#ifndef CAIRN_TEST_TORTURE_H
#define CAIRN_TEST_TORTURE_H

#include "hostile.h"
#include "story.h"

enum {
	TORTURE_REFERRALS = 400, TORTURE_WORDS = 800, TORTURE_OPEN = 14,	/* At a time, in each direction. */
	MEMBER = TARGET + 1,
};

/* How a referral is to go: to its end, or not so far. */
enum torture_fate { TORTURE_THROUGH, TORTURE_WAIT, TORTURE_DECLINE, TORTURE_WITHDRAW, TORTURE_FORWARD, TORTURE_FATES };

/* A referral that was accepted: the command was answered, or the operator found it done. */
struct torture_referral {
	char	 id[32];
	size_t	 source;
	enum torture_fate fate;
	char	 decided[16];		/* The last input that was accepted for it. */
};

/** torture_discloses(fate): does the member consent? */
static inline bool
torture_discloses(enum torture_fate fate)
{
	return fate == TORTURE_THROUGH || fate == TORTURE_WAIT;
}

/* Words that were accepted. */
struct torture_word {
	char	 text[40];
	size_t	 from, to;
	bool	 twice;			/* It may be: it was under way while servers forgot (docs/adr/0012). */
};

/* What went wrong. */
struct torture_toll {
	long	lost, twice, undecryptable;
};

struct torture {
	struct host	 host;
	uint64_t	 dice;
	bool		 forget;	/* Commits, for proving the oracle. */
	bool		 deaf;		/* Answers to all that is sent in channels are lost. */
	enum host_kill	 way[2];	/* How each node is armed to die. */
	struct torture_referral referral[TORTURE_REFERRALS];
	size_t		 n_referrals;
	struct torture_word word[TORTURE_WORDS];
	size_t		 n_words;
	int		 open[2];	/* Places that the specialist of each has, as published last. */
	char		 specialist[2][32], org[2][32];
	struct client	 thief;		/* Of one-time keys. */
	long		 killed[HOST_KILLS], moments, both, bridges, parents, days, troubles, claims, publishes;
};

/** torture_begin(t, seed): the world, set up and at rest.  torture_end(t): closes it. */
void	torture_begin(struct torture *, uint64_t);
void	torture_end(struct torture *);
/** torture_draw(t, n): a number below ${n}. */
size_t	torture_draw(struct torture *, size_t);

/**
 * torture_work(t): one deed of an operator, the member or a stranger.
 * torture_finish(t): bring all referrals to an end, undisturbed.
 */
void	torture_work(struct torture *);
void	torture_finish(struct torture *);
/**
 * torture_kills(t): how many there were.
 * torture_disturb(t): the next evil, and some time for it.  torture_day(t): 25 hours pass.
 */
long	torture_kills(const struct torture *);
void	torture_disturb(struct torture *);
void	torture_day(struct torture *);
/** torture_trouble(t, on): the servers and the network make trouble. */
void	torture_trouble(struct torture *, bool);
/** torture_judge(t): what went wrong, said in comments. */
struct torture_toll torture_judge(struct torture *);

/** torture_live(seed, kills, forget, ret_kills): a whole world. */
struct torture_toll torture_live(uint64_t, long, bool, long *);

#endif /* !CAIRN_TEST_TORTURE_H */
