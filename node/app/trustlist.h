/* SPDX-License-Identifier: Apache-2.0 */
/*
 * trustlist: the signed list that is in force: kept in the store, judged by
 * domain/trust, replaced only by a newer one.  Who falls off it gets no more keys.
 */
#ifndef CAIRN_TRUSTLIST_H
#define CAIRN_TRUSTLIST_H

#include "app.h"

/** trustlist_load(app): at start, inside a transaction.  A list that is not in force any more trusts nobody: 0. */
int	trustlist_load(struct app *) must_check;

/** trustlist_expire(app): drop a list whose time has passed. */
void	trustlist_expire(struct app *);

/** trustlist_import(app, actor, args, ret, reterr): verb "import_trust" {document}. */
int	trustlist_import(struct app *, const char *actor, const json_t *args, json_t **ret, struct err *) must_check;

#endif /* !CAIRN_TRUSTLIST_H */
