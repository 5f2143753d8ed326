/* SPDX-License-Identifier: Apache-2.0 */
/*
 * trustlist: the signed list that is in force: kept in the store, judged by domain/trust, replaced
 * only by a newer one, whether a file or the federation room brought it.  Who falls off it, is
 * suspended there or denied here gets no more keys.
 */
#ifndef CAIRN_TRUSTLIST_H
#define CAIRN_TRUSTLIST_H

#include "app.h"

/** trustlist_load(app): at start, inside a transaction.  A list that is not in force any more trusts nobody: 0. */
int	trustlist_load(struct app *) must_check;

/** trustlist_expire(app): drop a list whose time has passed. */
void	trustlist_expire(struct app *);

/**
 * trustlist_adopt(app, actor, doc, reterr): put it in force if it is a good successor.  0; E_EXISTS: it contradicts one
 * that was accepted, so that nobody is trusted any more (app->trust_fork; to be committed); E_BAD or E_REFUSED.
 */
int	trustlist_adopt(struct app *, const char *actor, const json_t *doc, struct err *) must_check;

/**
 * trustlist_import(app, actor, args, ret, reterr): verb "import_trust" {document}.
 * trustlist_join: verb "federation_join" {document, words}: the first list, or after a contradiction the one that holds;
 * ${words} are those of its signers, which people have read to each other.
 * trustlist_decide: verb "federation_decide" {org, decision: deny | allow, reason}.  E_REFUSED: to allow whom a policy list bans.
 */
int	trustlist_import(struct app *, const char *actor, const json_t *args, json_t **ret, struct err *) must_check;
int	trustlist_join(struct app *, const char *actor, const json_t *args, json_t **ret, struct err *) must_check;
int	trustlist_decide(struct app *, const char *actor, const json_t *args, json_t **ret, struct err *) must_check;

/** trustlist_banned(app): the rules of the policy lists have changed (bans.h). */
int	trustlist_banned(struct app *) must_check;

/** trustlist_why(app, org, reterr): 0 if something may be sent to ${org} (NULL: by us); else why not, and what to do. */
int	trustlist_why(const struct app *, const char *org, struct err *) must_check;

#endif /* !CAIRN_TRUSTLIST_H */
