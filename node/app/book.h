/* SPDX-License-Identifier: Apache-2.0 */
/* book: what a program writes down of its supporters, groups and series; and volunteers who apply in their chat. */
#ifndef CAIRN_BOOK_H
#define CAIRN_BOOK_H

#include "app.h"

/* Verbs (command.h): args, reply and errors as in cairn(1). */
int	book_write(struct app *, const char *actor, const json_t *args, json_t **ret, struct err *) must_check;
int	book_show(struct app *, const char *actor, const json_t *args, json_t **ret, struct err *) must_check;
int	book_saw(struct app *, const char *actor, const json_t *args, json_t **ret, struct err *) must_check;
int	book_remove(struct app *, const char *actor, const json_t *args, json_t **ret, struct err *) must_check;
int	book_volunteer(struct app *, const char *actor, const json_t *args, json_t **ret, struct err *) must_check;

/** book_trouble(app, text, size, ret): for doctor: how many of what wants doing, in words; ${ret}: something does.  0 or negative. */
int	book_trouble(struct app *, char *, size_t, bool *ret) must_check;

#endif /* !CAIRN_BOOK_H */
