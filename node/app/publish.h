/* SPDX-License-Identifier: Apache-2.0 */
/*
 * publish: our own directory: import, rooms, records, manifest, followers.
 * Long work is derived from the store: what is missing or changed is the cursor.
 */
#ifndef CAIRN_PUBLISH_H
#define CAIRN_PUBLISH_H

#include "app.h"

#define PUBLISH_ORG_ID	"org_id"	/* meta: what setup called our organization. */

/** publish_own_org(app): our id on the trust list; borrowed; NULL if we are not on it. */
const char *publish_own_org(const struct app *);

/** publish_start(app, actor, args, ret, reterr): verb "publish".  What ends within 45 days is signed anew. */
int	publish_start(struct app *, const char *actor, const json_t *args, json_t **ret, struct err *) must_check;

/**
 * publish_ending(app, before, renew, ret_n, ret_first): how many of our signed records end before that time and could be signed anew, and
 * when the first does (INT64_MAX: none).  Renew: they are, by the next publish_step.
 */
int	publish_ending(struct app *, int64_t before, bool renew, int64_t *ret_n, int64_t *ret_first) must_check;

/** publish_anew(app): all that is published is signed again with the key of now, as it was said, by the next publish_step. */
int	publish_anew(struct app *) must_check;

/** publish_step(app, ret_more): one bounded step: a room, some records, the manifest, an invitation. */
int	publish_step(struct app *, bool *ret_more) must_check;

/** publish_view(app, ret): how far it is: {wanted, rooms, records, published, followers}. */
int	publish_view(struct app *, json_t **) must_check;

#endif /* !CAIRN_PUBLISH_H */
