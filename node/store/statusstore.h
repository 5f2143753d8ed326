/* SPDX-License-Identifier: Apache-2.0 */
/* statusstore: where the status lists are that credentials name, and how new the newest was of what somebody signed. */
#ifndef CAIRN_STATUSSTORE_H
#define CAIRN_STATUSSTORE_H

#include "db.h"

/** statuslist_put(db, org, uri, id): the record ${id} in that directory claims to be the list; the one before is forgotten. */
int	statuslist_put(struct db *, const char *org, const char *uri, const char *id) must_check;
/** statuslist_each(db, uri, fn, cookie): one of each organization that publishes it; stops at the first non-zero. */
int	statuslist_each(struct db *, const char *uri, int (*)(void *, const char *org, const char *id), void *) must_check;

/** newest_put(db, signer, name, issued): what was signed under that name proved good; an older one changes nothing. */
int	newest_put(struct db *, const char *signer, const char *name, int64_t issued) must_check;
/** newest_get(db, signer, name, ret): 0 in ${ret} if none was seen. */
int	newest_get(struct db *, const char *signer, const char *name, int64_t *ret) must_check;

#endif /* !CAIRN_STATUSSTORE_H */
