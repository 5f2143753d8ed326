/* SPDX-License-Identifier: Apache-2.0 */
/*
 * calls: what each answer means: one table, purpose of the outbox row → what to
 * do when the server did it, and when it refused.  Runs inside the transaction
 * that also removes the row.
 */
#ifndef CAIRN_CALLS_H
#define CAIRN_CALLS_H

#include "app.h"
#include "store/outbox.h"

/** calls_done(app, out, answer): 2xx. */
int	calls_done(struct app *, const struct out *, const json_t *) must_check;

/** calls_remote(purpose): may what another homeserver said of our request come back as the answer? */
bool	calls_remote(const char *purpose);

/**
 * calls_refused(app, out, status, answer, why): the server said no for good.
 * A purpose may have replaced or kept the row; else it is marked failed.
 * E_LATER: it is to be asked again after a while.
 */
int	calls_refused(struct app *, const struct out *, int status, const json_t *,
	    const struct err *) must_check;

#endif /* !CAIRN_CALLS_H */
