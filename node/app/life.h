/* SPDX-License-Identifier: Apache-2.0 */
/*
 * life: partners' statements in the index: found by their specialist alone, and what they say stands with that
 * specialist, for `cairn match`; no search looks at it.
 */
#ifndef CAIRN_LIFE_H
#define CAIRN_LIFE_H

#include <jansson.h>

#include "app.h"
#include "base/buf.h"
#include "store/dirstore.h"

#define LIFE_KIND	"statement"

/** life_index(app, rec): statement ${rec} is in the index as it is now; those whom it was and is about are to be indexed anew. */
int	life_index(struct app *, const struct seen_record *) must_check;

/** life_lines(app, org, did, out): appends the lines of what is said, in or out of force, by ${did} in that directory. */
int	life_lines(struct app *, const char *org, const char *did, struct buf *) must_check;

/** life_each(app, org, did, fn, cookie): these statements, by the index; stops at fn's first non-zero and returns it. */
int	life_each(struct app *, const char *org, const char *did, int (*)(void *, const struct seen_record *), void *) must_check;

#endif /* !CAIRN_LIFE_H */
