/* SPDX-License-Identifier: Apache-2.0 */
/*
 * find: what the directories that we follow offer: kept in the index of store/searchstore.h, found and shown.
 */
#ifndef CAIRN_FIND_H
#define CAIRN_FIND_H

#include "app.h"

/** find_index(app, org, id): record ${id}, which is new, is in the index as it is now.  In its transaction. */
int	find_index(struct app *, const char *org, const char *id) must_check;

/** find_step(app, ret_more): post what is pending; records whose terms this program makes differently, and whose rank is due. */
int	find_step(struct app *, bool *ret_more) must_check;
/** find_next_due(app): when a rank is due; INT64_MAX: never. */
int64_t	find_next_due(struct app *);

/**
 * find_run(app, args, ret, reterr): verb "find": the arguments of search_item_query and fit_open, limit, and after, of
 * an earlier reply.
 */
int	find_run(struct app *, const json_t *args, json_t **ret, struct err *) must_check;

/** find_view(app, org, id, ret): one record in full, with verdict and certification, and in sentences. 0 or E_NOTFOUND. */
int	find_view(struct app *, const char *org, const char *id, json_t **) must_check;

#endif /* !CAIRN_FIND_H */
