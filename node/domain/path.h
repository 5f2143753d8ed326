/* SPDX-License-Identifier: Apache-2.0 */
/*
 * path: the steps of one referral as a tree, and the one path through it that counts.
 *
 * Each step names the step on which it was made.  Source and target step on without waiting for each
 * other, so a step may get several successors; one of these counts, and the path goes on from there:
 *
 *  1. the one on which, or on what follows it, the member left or was done; else where a consent was revoked;
 *  2. the one on which the sides have built more: on one way through it, one went on after the other more often;
 *  3. the winner by referral_wins.
 *
 * 1: a member who has left, has left, whatever the other side was doing.  2: what one side has built on a step of the
 * other cannot be undone by another step of the other in its place: that adds one turn at most, which the other side
 * has to answer.  Of sides that do not lie there is one such branch at most, and it is the winner by 3.  Each of these
 * only ever speaks more for a branch, the more steps come.  The path is a function of the set of steps alone: two
 * nodes that hold the same steps, in whatever order they came, hold the same referral.
 *
 * How many steps each side may say is bounded for each alone: so one cannot take the other's places.  A node refuses its
 * own step by the same bound, and the other has never more of them than it has itself; so what one node
 * takes the other does, too, unless it lies.  Those by which a member leaves or revokes are counted apart: each
 * follows a reopening, so there is always place for them.  Derived steps need no bound: a step has at most two.
 *
 * Some steps both nodes can make by themselves (the request's receipt, the end of a clock): their ids
 * are derived, so that both make the same one, and have a form that no content's id has.
 */
#ifndef CAIRN_PATH_H
#define CAIRN_PATH_H

#include "base/id.h"
#include "referral.h"

enum {
	PATH_DEPTH = 256,	/* Steps one after another; the last few only end the referral. */
	PATH_SAID = 320,	/* By each side, those overtaken included: nobody honest comes near. */
	PATH_LEFT = PATH_DEPTH,	/* By each side, by which a member leaves or revokes. */
	PATH_WAITING = 16,	/* Made on a step that has not come; those by which a member leaves or revokes not counted. */
};
#define PATH_NONE	SIZE_MAX

struct path_step {
	char			id[ID_LEN + 1];		/* Own content id, or derived. */
	char			prev[ID_LEN + 1];	/* "" for the first. */
	enum referral_side	by;			/* Who said it; a derived step nobody did: AT_SOURCE. */
	struct referral_move	move;
};

/** path_leaves(step): does the member leave by it, or revoke? */
bool	path_leaves(const struct path_step *);

enum path_standing {
	PATH_COUNTS,
	PATH_OVERTAKEN,		/* Another step on the same one, or on an earlier one, counts. */
	PATH_WAITS,		/* For the step that it was made on. */
	PATH_VOID,		/* It came first, and was not possible on that; or was made on such a one. */
};

struct path;

/** path_new(side): no step yet; NULL if out of memory.  path_free: takes NULL. */
struct path *path_new(enum referral_side);
void	path_free(struct path *);
static inline void path_cleanup(struct path **p) { path_free(*p); }
#define autopath __attribute__((cleanup(path_cleanup)))

/**
 * path_add(path, step, reterr): copies ${step}.  0: it is in the tree; E_LATER: it waits for the one before it
 * (kept); E_NOTFOUND: it would wait, but too many do (not kept; it may be brought again); E_EXISTS: that id is known, nothing
 * changed; E_REFUSED: not possible on the step it was made on, or there are too many: not kept; -ENOMEM.
 */
int	path_add(struct path *, const struct path_step *, struct err *) must_check;

/** path_state(path): the referral now; borrowed until the next path_add. */
const struct referral *path_state(const struct path *);

/** path_next(path, i): the index of the step that counts after ${i} (PATH_NONE: the first); PATH_NONE at the end. */
size_t	path_next(const struct path *, size_t);
size_t	path_tip(const struct path *);			/* The last that counts; PATH_NONE. */
size_t	path_size(const struct path *);			/* All are 0 to n - 1, in the order of path_add. */
size_t	path_find(const struct path *, const char *id);	/* PATH_NONE. */
const struct path_step *path_at(const struct path *, size_t);	/* Borrowed until the next path_add. */

/** path_before(path, i), path_after(path, i), path_effects(path, i): of one in the tree: the referral before and after it, and what it obliges this side to. */
const struct referral *path_before(const struct path *, size_t);
const struct referral *path_after(const struct path *, size_t);
unsigned path_effects(const struct path *, size_t);

/** path_standing(path, i, ret_by): ${ret_by}, may be NULL: by which step it was overtaken, else PATH_NONE. */
enum path_standing path_standing(const struct path *, size_t, size_t *ret_by);

/** path_follows(path, i, on): was step ${i} made on ${on}, or on one that was? */
bool	path_follows(const struct path *, size_t, size_t);

/**
 * path_stand(path, move, has, cookie, ret): on which step a member leaves or revokes by ${move}, waiting for nothing that the partner may not have: the
 * last of these that it has (${has}: 0; E_LATER: perhaps not; or negative), or the next on which that is possible.  None before the last reopening
 * that counts: beside the leaving that went before it, this one might lose, and the reopening count.  PATH_NONE: there is no step.
 */
int	path_stand(const struct path *, const struct referral_move *, int (*has)(void *, const struct path_step *), void *, size_t *ret) must_check;

/**
 * path_derive(referral, prev, r, input, ret): the step that RECEIVE by the target or EXPIRE by the warden is
 * on ${prev}, after which the referral is ${r}.
 */
void	path_derive(const char *referral, const char *prev, const struct referral *, enum referral_input,
	    struct path_step *ret);

/**
 * path_wanted(path, referral, prev, now, ret): a derived step that is not there and that a step on ${prev}, or if that is NULL
 * any step that waits, was made on: whoever said that had it, so this side makes it, too, unless its clock has not run out
 * at ${now}.  0 and the step; E_NOTFOUND.
 */
int	path_wanted(const struct path *, const char *referral, const char *prev, int64_t now, struct path_step *ret) must_check;

#endif /* !CAIRN_PATH_H */
