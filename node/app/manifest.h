/* SPDX-License-Identifier: Apache-2.0 */
/* manifest: what a directory holds at one moment: ours to be signed, a partner's to be compared. */
#ifndef CAIRN_MANIFEST_H
#define CAIRN_MANIFEST_H

#include "app.h"

/** manifest_own(db, now, ret): the body of a manifest over all our signed records. */
int	manifest_own(struct db *, int64_t now, json_t **) must_check;

/**
 * manifest_check(db, org, ret_reason): hold what ${org} has proved to us, kept or not, against its last manifest.
 * 0: all there; E_NOTFOUND: records are withheld, ${ret_reason} says how many;
 * E_LATER: no manifest yet, or a newer one is due; E_BAD: it cannot be told, and why.
 */
int	manifest_check(struct db *, const char *org, struct err *ret_reason) must_check;

#endif /* !CAIRN_MANIFEST_H */
