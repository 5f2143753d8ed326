/* SPDX-License-Identifier: Apache-2.0 */
/*
 * deliver: from the database to requests.  Called after the commit of each
 * app_tick; starts what steps() judged fit to leave in that very transaction,
 * and the syncs.  Decides nothing and writes nothing.
 */
#ifndef CAIRN_DELIVER_H
#define CAIRN_DELIVER_H

#include "app.h"

/** deliver(app): 0 or negative.  Lowers app->next to the next due time. */
int	deliver(struct app *) must_check;

/** deliver_landed(app, id, ret): take the flight ${id} out of the table; 0, E_NOTFOUND. flight_clear releases. */
int	deliver_landed(struct app *, uint64_t, struct flight *) must_check;
void	flight_clear(struct flight *);

/**
 * deliver_reserve(app, FLIGHT_QUERY or FLIGHT_CLAIM, body, gen): a key request to
 * leave after the commit; E_LATER if there is no place.
 * deliver_flying(app, kind, row): is it in flight?  deliver_full(app): no place left.
 */
int	deliver_reserve(struct app *, enum flight_kind, const json_t *body, int64_t gen) must_check;
bool	deliver_flying(const struct app *, enum flight_kind, int64_t row);
bool	deliver_full(const struct app *);

/**
 * deliver_keep(app, row): that event has surely not left: it is encrypted only now, or its first answer was HTTP 429.
 * deliver_here(app, row): so it is known to be; of what an earlier process encrypted nothing is known.
 */
void	deliver_keep(struct app *, int64_t row);
bool	deliver_here(const struct app *, int64_t row);

#endif /* !CAIRN_DELIVER_H */
