/* SPDX-License-Identifier: Apache-2.0 */
/*
 * torture: two nodes under load, killed at random.
 *
 * A world is two organizations that refer to each other, and a member who writes to both.
 * While many referrals go through their steps in both directions, or wait, are declined, withdrawn, forwarded, revoked or erased, while
 * staff open cases and make matches, nodes die at random commits and random moments in every way of host.h, bridges die, both die at once, answers and
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
	TORTURE_REFERRALS = 400, TORTURE_WORDS = 800, TORTURE_MATCHES = 200, TORTURE_CASES = 200,
	TORTURE_OPEN = 14,		/* Referrals at a time, in each direction. */
	MEMBER = TARGET + 1,
};

/* How a referral is to go: to its end, or otherwise. */
enum torture_fate {
	TORTURE_THROUGH, TORTURE_WAIT, TORTURE_DECLINE, TORTURE_WITHDRAW,
	TORTURE_FORWARD,	/* And on as a child. */
	TORTURE_REVOKE,		/* The member takes the consent back when there is contact. */
	TORTURE_RACE,		/* Or at once, while the target says that there is: that came, or was never told. */
	TORTURE_LAPSE,		/* The consent runs out, whatever was told by then; the target forwards. */
	TORTURE_ERASE,		/* Closed, then erased by the source and, asked, by the target. */
	TORTURE_FATES,
};

/* A referral that was accepted: the command was answered, or the operator found it done. */
struct torture_referral {
	char	 id[32];
	size_t	 source;
	enum torture_fate fate;
	char	 decided[16];		/* The last input that was accepted for it. */
	char	 part_of[32];		/* Whose child it is, or "". */
	bool	 forked;		/* It went on as a child. */
	char	 of[32];		/* The case that staff opened for them, or "". */
	int64_t	 ends;			/* When its consent does, of TORTURE_LAPSE. */
};

/* A match that was made, and how far it was told to go. */
struct torture_match {
	char	 id[32];
	size_t	 node;
	const char *state;		/* "offered", "active", "ended". */
};

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

/* What one node shows, made worse, to prove the oracle: the first that is so is struck out, or said twice. */
struct torture_spoil {
	size_t		 node;
	const char	*view;		/* "show", "tasks". */
	const char	*member, *key, *value;	/* The list, and which of it; ${key} NULL: any. */
	bool		 twice, done;
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
	struct torture_match match[TORTURE_MATCHES];
	size_t		 n_matches;
	char		 cases[2][TORTURE_CASES][32];
	size_t		 n_cases[2];
	size_t		 dealt[2];	/* Fates other than the usual one, in each direction. */
	json_t		*seen;		/* What the oracle was shown. */
	struct torture_spoil *spoil;	/* NULL: it sees what is; else it says nothing. */
	int		 open[2];	/* Places that the specialist of each has, as published last. */
	char		 specialist[2][32], org[2][32];
	struct client	 thief;		/* Of one-time keys. */
	long		 killed[HOST_KILLS], moments, both, bridges, parents, days, troubles, claims, publishes, untold;
};

/** torture_begin(t, seed): the world, set up and at rest.  torture_end(t): closes it. */
void	torture_begin(struct torture *, uint64_t);
void	torture_end(struct torture *);
/** torture_draw(t, n): a number below ${n}. */
size_t	torture_draw(struct torture *, size_t);

/*
 * The operator.  A command whose reply was lost may have been done: the operator looks.
 *
 * torture_look(t, i, verb, args): asked until it is answered, for what only looks; consumes ${args}; NULL: refused.
 * torture_listed(t, i, what): the items of such a list.  The caller decrefs both.
 * torture_order(t, i, verb, args, ret): 1: done; 0: refused; -1: nobody knows.
 */
json_t	*torture_look(struct torture *, size_t, const char *verb, json_t *args);
json_t	*torture_listed(struct torture *, size_t, const char *what);
int	torture_order(struct torture *, size_t, const char *verb, json_t *args, json_t **ret);

/**
 * torture_refer(t, source): one more referral, unless there are enough.
 * torture_attend(t, i, n): node ${i} does what is its turn in up to ${n} of its referrals; how many still go on.
 * torture_staff(t, i): a match goes a step on, or a new one is made.  torture_goodbye(t): all matches end.
 */
void	torture_refer(struct torture *, size_t);
size_t	torture_attend(struct torture *, size_t, size_t);
void	torture_staff(struct torture *, size_t);
void	torture_goodbye(struct torture *);

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
/** torture_count(t, toll, i, id, what, n, want): there are ${n} of it at node ${i}, and ${want} should be. */
void	torture_count(const struct torture *, struct torture_toll *, size_t, const char *id, const char *what, size_t n, size_t want);
void	torture_judge_referrals(struct torture *, struct torture_toll *);
/** torture_seen(t, i, verb, of): what the oracle is shown, of an id or a list; the caller decrefs. */
json_t	*torture_seen(struct torture *, size_t, const char *verb, const char *of);

/** torture_spoil(spoil, view, result): make it worse.  torture_prove(seed, ret_tried, ret_noticed): of each move. */
void	torture_spoil(struct torture_spoil *, const char *view, json_t *);
void	torture_prove(uint64_t, int *, int *);

/** torture_live(seed, kills, forget, ret_kills): a whole world. */
struct torture_toll torture_live(uint64_t, long, bool, long *);

#endif /* !CAIRN_TEST_TORTURE_H */
