/* SPDX-License-Identifier: Apache-2.0 */
/*
 * stranger: people who are known only by what they sent.  A homeserver can invent
 * them without end, so there are STRANGER_MAX at most: for one more, the oldest of
 * the server that has the most is forgotten with all it left behind.  Whoever
 * is looked up by person_id, for a roster, a pin, an invitation that is followed
 * or a message of ours, is no stranger from then on.
 */
#ifndef CAIRN_STRANGER_H
#define CAIRN_STRANGER_H

#include "db.h"

enum { STRANGER_MAX = 1000 };

/**
 * stranger_id(db, user, ret, ret_forgot): the number of whoever sent something, made if
 * new.  ${ret_forgot}: somebody was forgotten for it, so copies of sessions are to be dropped.
 */
int	stranger_id(struct db *, const char *user, int64_t *, bool *ret_forgot) must_check;
/** stranger_has(db, pid): 0 if it is one, E_NOTFOUND. */
int	stranger_has(struct db *, int64_t pid) must_check;

#endif /* !CAIRN_STRANGER_H */
