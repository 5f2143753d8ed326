/* SPDX-License-Identifier: Apache-2.0 */
/* statusstore: where the status lists are that credentials name, and how new the newest of each was. */
#ifndef CAIRN_STATUSSTORE_H
#define CAIRN_STATUSSTORE_H

#include "db.h"

/** statuslist_put(db, org, uri, id): the record ${id} in that directory claims to be the list; the one before is forgotten. */
int	statuslist_put(struct db *, const char *org, const char *uri, const char *id) must_check;
/** statuslist_each(db, uri, fn, cookie): one of each organization that publishes it; stops at the first non-zero. */
int	statuslist_each(struct db *, const char *uri, int (*)(void *, const char *org, const char *id), void *) must_check;

/** statuslist_saw(db, issuer, uri, issued): a list that proved good; an older one changes nothing. */
int	statuslist_saw(struct db *, const char *issuer, const char *uri, int64_t issued) must_check;
/** statuslist_newest(db, issuer, uri, ret): 0 in ${ret} if none was seen. */
int	statuslist_newest(struct db *, const char *issuer, const char *uri, int64_t *ret) must_check;

#endif /* !CAIRN_STATUSSTORE_H */
