/* SPDX-License-Identifier: Apache-2.0 */
/*
 * steps: what the node does of its own accord, one bounded step at a time, each
 * derived from the database: encrypt the next event, share a key, upload keys,
 * publish the next record, send traffic (again), void what may no longer go.
 */
#ifndef CAIRN_STEPS_H
#define CAIRN_STEPS_H

#include "app.h"

/**
 * steps(app, ret_more): inside a transaction.  ${ret_more}: call again at once.
 * app->clear lists the outbox rows that may leave after the commit.  0 or negative; positive: one of them gave an answer
 * that is a fault of the program.  It is logged, and rests for a minute: undo this turn, and begin another without it.
 * steps_resting(app): which one rests, in words; NULL: none.
 */
int	steps(struct app *, bool *ret_more) must_check;
const char *steps_resting(const struct app *);

/** steps_next(app): lower app->next to the next timer. */
void	steps_next(struct app *);

/**
 * steps_query(app, ret_more): a bounded part of the answered query in app->query, if there is one.
 * Until all of it is worked off no other is made; a crash forgets it, and it is asked again.
 */
int	steps_query(struct app *, bool *ret_more) must_check;
void	steps_query_forget(struct app *);

#endif /* !CAIRN_STEPS_H */
