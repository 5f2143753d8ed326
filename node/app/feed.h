/* SPDX-License-Identifier: Apache-2.0 */
/*
 * feed: a file of somebody else's that records were made of.  Kept beside them,
 * never published, so that an export gives back what a record has no place for,
 * and so that a second import can tell what was edited here.
 */
#ifndef CAIRN_FEED_H
#define CAIRN_FEED_H

#include "app.h"

/* Bytes of text in one: its parts as JSON strings, twice that at worst, are one line of the admin socket. */
enum { FEED_TEXT_MAX = 6 << 20 };

/** feed_bases(records, ret): the canonical text of each body by source, as the file has them.  0 or -ENOMEM. */
int	feed_bases(const json_t *records, json_t **ret) must_check;
/**
 * feed_merge(app, source, had, body, ret_n): ${had}, text, is the body that ${body} is to replace.
 * A member that was edited here, so that it is not what the file said last time, stays as it is
 * in ${body}; ${ret_n} of them, where the file says otherwise now.  0, or negative.
 */
int	feed_merge(struct app *, const char *source, const char *had, json_t *body, unsigned *ret_n) must_check;
/**
 * feed_gone(app, name, bases, ret): {id, source} of each of our records that the file of that name had and that is not among ${bases}, those
 * of a new one: closed or dropped there, published still here.  0, or negative.
 */
int	feed_gone(struct app *, const char *name, const json_t *bases, json_t **ret) must_check;
/** feed_keep(app, feed, bases, reterr): keep {name, parts: [{source, text}]} in the place of what had the name.  0, E_BAD, E_REFUSED. */
int	feed_keep(struct app *, const json_t *feed, const json_t *bases, struct err *) must_check;

/** feed_show(app, name, ret): {name, parts}; E_NOTFOUND.  feed_list(app, items): {name, at, records, bytes} each. */
int	feed_show(struct app *, const char *name, json_t **ret) must_check;
int	feed_list(struct app *, json_t *items) must_check;
/** feed_remove(app, actor, args, ret, reterr): verb "forget" {name}: the file; records stay. */
int	feed_remove(struct app *, const char *actor, const json_t *args, json_t **ret, struct err *) must_check;

#endif /* !CAIRN_FEED_H */
