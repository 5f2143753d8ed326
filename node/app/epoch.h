/* SPDX-License-Identifier: Apache-2.0 */
/*
 * epoch: what the homeserver knows about the age of our database, so that a
 * restored copy, or a second one that runs, is recognized (docs/adr/0016).
 *
 *     seal, commit ─► mark n: commit, PUT account data {run, n}, 200 ─► send
 *
 * What was encrypted leaves only when a mark that was begun after it is on the
 * homeserver.  Whatever was sent is therefore in the database that wrote the mark
 * which the homeserver holds, and a database that does not know this mark is not
 * that one: it is older, or has a twin.  Events of a timeline are their own marks:
 * they come back with their position.  Then nothing is encrypted and nothing
 * leaves until `cairn setup` has made a new device.
 */
#ifndef CAIRN_EPOCH_H
#define CAIRN_EPOCH_H

#include "app.h"
#include "store/outbox.h"

struct opened;

/** epoch_load(app): at the start, inside a transaction. */
int	epoch_load(struct app *) must_check;

/** epoch_hold(app): this database is not the newest: nothing leaves until there is a new device. */
int	epoch_hold(struct app *) must_check;
/** epoch_seen(app, content): a sync of the node account shows the mark that the homeserver holds. */
int	epoch_seen(struct app *, const json_t *content) must_check;
/** epoch_synced(app): a sync of the node account was taken: had it shown another mark, epoch_seen had been called. */
void	epoch_synced(struct app *);

/** epoch_open(app): may anything be encrypted?  While app->epoch.held nothing leaves either, but to log in. */
bool	epoch_open(const struct app *);
/** epoch_covers(app, row): may this READY row leave?  If it only lacks a mark, one is begun at the end of the turn. */
bool	epoch_covers(struct app *, const struct out *);
/** epoch_want(app, row): it was encrypted in this turn. */
void	epoch_want(struct app *, const struct out *);
/** epoch_step(app): begin the next mark if one is wanted and none is under way. */
int	epoch_step(struct app *) must_check;
/** epoch_due(app, ret_path, ret_body, ret_mark): the request that is due now, which the caller frees; 0, E_NOTFOUND. */
int	epoch_due(const struct app *, char **, char **, int64_t *) must_check;
/** epoch_marked(app, mark): the homeserver holds it. */
void	epoch_marked(struct app *, int64_t);

/** epoch_own(app, opened): an event of our own account came back, whether or not it could be opened. */
int	epoch_own(struct app *, const struct opened *) must_check;

/**
 * epoch_renewed(app): the account of a restored database has a new device: what was
 * made for the old one is thrown away or made again, and sending goes on.
 */
int	epoch_renewed(struct app *) must_check;

#endif /* !CAIRN_EPOCH_H */
