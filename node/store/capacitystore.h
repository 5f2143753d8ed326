/* SPDX-License-Identifier: Apache-2.0 */
/* capacitystore: whom we asked for free places, and what they said.  No member data. */
#ifndef CAIRN_CAPACITYSTORE_H
#define CAIRN_CAPACITYSTORE_H

#include "db.h"

/** capacity_ask(db, org, inquiry, after, at): the newest inquiry; the one before is answered no more. */
int	capacity_ask(struct db *, const char *org, const char *inquiry, const char *after, int64_t at) must_check;
/** capacity_asked(db, org, ret_inquiry, ret_after, ret_at): the caller frees both.  0, E_NOTFOUND. */
int	capacity_asked(struct db *, const char *org, char **, char **, int64_t *) must_check;

/** capacity_put(db, org, record, said, at): ${said} is JSON: an array of $defs/capacity. */
int	capacity_put(struct db *, const char *org, const char *record, const char *said, int64_t at) must_check;
/** capacity_get(db, org, record, ret_said, ret_at): the caller frees it.  0, E_NOTFOUND. */
int	capacity_get(struct db *, const char *org, const char *record, char **, int64_t *) must_check;
/** capacity_each(db, fn, cookie): fn(cookie, org, record, said, at); stops at the first non-zero. */
int	capacity_each(struct db *, int (*)(void *, const char *, const char *, const char *, int64_t), void *) must_check;
int	capacity_count(struct db *, const char *org, int64_t *) must_check;
/** capacity_drop(db, org): all that it said. */
int	capacity_drop(struct db *, const char *org) must_check;

#endif /* !CAIRN_CAPACITYSTORE_H */
