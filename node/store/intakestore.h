/* SPDX-License-Identifier: Apache-2.0 */
/*
 * intakestore: people whose referrals begin here, how far the conversation with each has come, and what staff is
 * to do by phone.  Everything about them is sealed, under the key of the person or of the case (subject.h).
 */
#ifndef CAIRN_INTAKESTORE_H
#define CAIRN_INTAKESTORE_H

#include "db.h"

struct intake {
	char	*id;
	int64_t	 pid;		/* Who writes to us; 0: somebody without Matrix. */
	char	*person;	/* JSON {alias, phone...}, or NULL. */
	char	*talk;		/* JSON of the conversation (app/talk.h), or NULL. */
	int64_t	 made;
};
int	intake_put(struct db *, const struct intake *) must_check;
/** intake_get(db, id, ret), intake_by_person(db, pid, ret), intake_of(db, referral, ret): 0, E_NOTFOUND. */
int	intake_get(struct db *, const char *id, struct intake *) must_check;
int	intake_by_person(struct db *, int64_t pid, struct intake *) must_check;
int	intake_of(struct db *, const char *referral, struct intake *) must_check;
/** intake_each(db, fn, cookie): those without Matrix, newest first. */
int	intake_each(struct db *, int (*)(void *, const struct intake *), void *) must_check;
void	intake_free(struct intake *);
static inline void intake_free_p(struct intake *i) { intake_free(i); }
#define autointake __attribute__((cleanup(intake_free_p)))

/** intake_others(db, intake, referral, ret): how many of theirs, but for that one, are not erased. */
int	intake_others(struct db *, const char *intake, const char *referral, int64_t *) must_check;

/** intake_refer(db, referral, intake, origin): this referral is theirs; 0, E_NOTFOUND.  intake_referrals: fn(cookie, referral) for each. */
int	intake_refer(struct db *, const char *referral, const char *intake, const char *origin) must_check;
int	intake_referrals(struct db *, const char *intake, int (*)(void *, const char *), void *) must_check;

/* What staff is to do by phone; what, never for whom. */
struct task {
	char	*id, *referral, *what;
	int64_t	 begins, due, done, tries;
};
int	task_put(struct db *, const struct task *) must_check;
int	task_get(struct db *, const char *id, struct task *) must_check;
int	task_each(struct db *, int (*)(void *, const struct task *), void *) must_check;	/* Open ones, by due. */
int	task_settle(struct db *, const char *referral, int64_t at) must_check;	/* All of it that is open is done. */
void	task_free(struct task *);

/*
 * Likeness: keyed hashes (column_hash) of what identifies a member, of referrals disclosed to us and of cases that staff opened, by their ids.  They
 * stay here: another store's key makes other hashes.  likeness_find: fn(cookie, id) for each that shares one.
 */
int	likeness_put(struct db *, const char *referral, const char *text) must_check;
int	likeness_find(struct db *, const char *referral, int (*)(void *, const char *), void *) must_check;
int	likeness_drop(struct db *, const char *referral) must_check;

#endif /* !CAIRN_INTAKESTORE_H */
