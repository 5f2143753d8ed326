/* SPDX-License-Identifier: Apache-2.0 */
/*
 * casepath: a referral's steps as they are stored, and what follows from another one.  The rules are
 * domain/path and domain/referral; here a step is recorded with its audit row, and what it forbids is not sent.
 */
#ifndef CAIRN_CASEPATH_H
#define CAIRN_CASEPATH_H

#include <jansson.h>

#include "app.h"
#include "store/casestore.h"

/* One step to be recorded. */
struct case_step {
	enum referral_input	 input;
	enum referral_actor	 actor;
	const char		*who;		/* For the audit. */
	const char		*id;		/* Content id; it names the step. */
	const char		*prev;		/* The step on which it was made; NULL: it is ours, as case_on says. */
	int64_t			 leg;		/* With ${prev}. */
	int64_t			 at;		/* By the author's clock; 0: now. */
	const json_t		*content;	/* Kept with it, sealed; NULL: nothing more to keep.  channel, meets_at
						 * and supervised are read from it. */
};

/**
 * case_path(app, row, ret): the path of ${row}; path_free.  E_REFUSED, with a sentence: an older
 * release recorded it, and it cannot go on.
 */
int	case_path(struct app *, const struct case_row *, struct path **, struct err *) must_check;

/**
 * case_on(app, row, input, actor, content, reterr): add "prev" and "leg" to ${content}, for a step of ours.  A member who leaves or
 * revokes waits for nothing that the partner may not have: that step is made as path_stand says.
 */
int	case_on(struct app *, const struct case_row *, enum referral_input, enum referral_actor, json_t *, struct err *) must_check;

/** case_newest(app, row, inputs, ret, ret_at): what the newest step on the path with one of ${inputs} (bits) says, and when we had it.  E_NOTFOUND; E_REFUSED as case_path. */
int	case_newest(struct app *, const struct case_row *, unsigned inputs, json_t **ret, int64_t *ret_at) must_check;

/** case_may_step(app, row, step, reterr): would case_step record this step of ours?  Nothing is stored; its id need not be known yet. */
int	case_may_step(struct app *, const struct case_row *, const struct case_step *, struct err *) must_check;

/**
 * case_step(app, row, step, reterr): record it, bring ${row} to what the path then comes to, store it, and
 * withhold every disclosure that must not go any more.  0, also when it waits for the step it was made on, or was overtaken; E_EXISTS:
 * nothing changed; E_REFUSED with a sentence and what can be done; E_NOTFOUND: too many wait.
 */
int	case_step(struct app *, struct case_row *, const struct case_step *, struct err *) must_check;

/**
 * case_wind(app, row): set its clock anew, and store it.  case_hold(app, row, id): that content of ours, and what we made on it, does not go
 * until more is known.  case_untell(app, row, id): it was never told: it is apart, and what we made on it.
 */
int	case_wind(struct app *, struct case_row *) must_check;
int	case_hold(struct app *, const struct case_row *, const char *id) must_check;
int	case_untell(struct app *, struct case_row *, const char *id) must_check;

/** case_received(app, row, request, who): the request of that content id is with the target.  0 also if that is known. */
int	case_received(struct app *, struct case_row *, const char *request, const char *who) must_check;

/** case_clock_step(app, ret_more), case_clock_due(app): see steps.h: staff are reminded, and what nobody answered ends. */
int	case_clock_step(struct app *, bool *ret_more) must_check;
int64_t	case_clock_due(struct app *);

#endif /* !CAIRN_CASEPATH_H */
