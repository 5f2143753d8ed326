/* SPDX-License-Identifier: Apache-2.0 */
/*
 * holdstore: what is not erased as long as a duty lasts, whatever its term and whoever wants it erased.  Of a subject (subject.h) that is held nothing is
 * erased (erasure_step) nor over its term (retention.h); what is wanted erased meanwhile waits.
 */
#ifndef CAIRN_HOLDSTORE_H
#define CAIRN_HOLDSTORE_H

#include "db.h"

struct hold {
	char	*id, *name, *class, *reason;
	bool	 untold;	/* The member may not be told why. */
	int64_t	 placed;
	int64_t	 review, until;	/* To be looked at again; it ends by itself; 0: neither. */
	int64_t	 lifted;	/* 0: in force. */
};

/** hold_put(db, hold): new, or its review, until, lifted and reason.  hold_get(db, id, ret): 0; E_NOTFOUND.  hold_each: newest first. */
int	hold_put(struct db *, const struct hold *) must_check;
int	hold_get(struct db *, const char *id, struct hold *) must_check;
int	hold_each(struct db *, int (*)(void *, const struct hold *), void *) must_check;
void	hold_free(struct hold *);
#define autohold __attribute__((cleanup(hold_free)))

struct held {
	char	class[32];
	bool	untold;
	int64_t	until;		/* 0: nobody knows. */
};
/** hold_of(db, name, ret): by what that subject is held now: of several what may be told, and the last end.  0; E_NOTFOUND: by nothing. */
int	hold_of(struct db *, const char *name, struct held *) must_check;

/** hold_wanted(db, id, fn, cookie): the subjects that are wanted erased and wait for that hold, oldest first. */
int	hold_wanted(struct db *, const char *id, int (*)(void *, const char *), void *) must_check;
/** hold_cause(db, name, cause): why it is wanted erased, for hold_wish(db, name, ret_actor, ret_cause), allocated; E_NOTFOUND: it is not. */
int	hold_cause(struct db *, const char *name, const char *cause) must_check;
int	hold_wish(struct db *, const char *name, char **ret_actor, char **ret_cause) must_check;
/** hold_unwish(db, name): it is not wanted erased any more.  0 or negative. */
int	hold_unwish(struct db *, const char *name) must_check;
/** hold_release(db, name): the erasure that waited is wanted as of now. */
int	hold_release(struct db *, const char *name) must_check;

/** hold_over(db, ret): one whose end has come, allocated; E_NOTFOUND.  hold_counts(db, ret, ret_due): in force, and to be looked at again. */
int	hold_over(struct db *, char **) must_check;
int	hold_counts(struct db *, int64_t *, int64_t *) must_check;

#endif /* !CAIRN_HOLDSTORE_H */
