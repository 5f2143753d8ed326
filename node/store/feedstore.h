/* SPDX-License-Identifier: Apache-2.0 */
/*
 * feedstore: files that were imported, by name, taken apart by the sources of
 * the records they made.  The text is the importer's and means nothing here.
 */
#ifndef CAIRN_FEEDSTORE_H
#define CAIRN_FEEDSTORE_H

#include "db.h"

enum { FEED_MAX = 32 };

/** feed_put(db, name, at, ret): an empty one in the place of what had the name.  0; E_REFUSED if FEED_MAX others are held. */
int	feed_put(struct db *, const char *name, int64_t at, int64_t *ret) must_check;
/**
 * feed_part_put(db, feed, source, base, text): a part of it; ${source} "" is what is around the
 * others, ${base} the body that was made of it or NULL, ${text} "" if it cannot be told apart.
 * 0, or -EEXIST if the source has one.
 */
int	feed_part_put(struct db *, int64_t feed, const char *source, const char *base, const char *text) must_check;
/** feed_drop(db, name): 0 or E_NOTFOUND. */
int	feed_drop(struct db *, const char *name) must_check;
/** feed_forget(db, source): what any of them says of that record goes; where it cannot be told apart, all of the file. */
int	feed_forget(struct db *, const char *source) must_check;
/** feed_base(db, source, ret): a copy of the base of the newest that has the source; E_NOTFOUND: none, or it has no base. */
int	feed_base(struct db *, const char *source, char **) must_check;
/** feed_parts(db, name, fn, cookie), feed_each(db, fn, cookie): in order; they stop at the first non-zero. */
int	feed_parts(struct db *, const char *name, int (*)(void *, const char *source, const char *text), void *) must_check;
int	feed_each(struct db *, int (*)(void *, const char *name, int64_t at, int64_t records, int64_t bytes), void *) must_check;

#endif /* !CAIRN_FEEDSTORE_H */
