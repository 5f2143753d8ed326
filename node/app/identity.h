/* SPDX-License-Identifier: Apache-2.0 */
/*
 * identity: accounts that show another master key than we held them to (crypt/keys.h).  Nothing is encrypted for them until an operator
 * has compared the key with the person, by voice or in person, and passed exactly that key.
 */
#ifndef CAIRN_IDENTITY_H
#define CAIRN_IDENTITY_H

#include "app.h"

/**
 * identity_verb(app, actor, args, ret, reterr): "trust identity": for ${user} the key ${fingerprint} counts from now on, if it is the one shown
 * now (and, of an account in the trust list, the list's).  identity_list(app, items): append all, with both keys and what waits, oldest first.
 * identity_trouble(app, text, size, ret): for doctor: how many, in words; ${ret}: is there one?
 * identity_waits(app, pid, ret): why nothing is sent to that person: 0 and a text to free; E_NOTFOUND: not because of this.
 */
int	identity_verb(struct app *, const char *actor, const json_t *args, json_t **ret, struct err *) must_check;
int	identity_list(struct app *, json_t *items) must_check;
int	identity_trouble(struct app *, char *, size_t, bool *ret) must_check;
int	identity_waits(struct app *, int64_t pid, char **ret) must_check;

#endif /* !CAIRN_IDENTITY_H */
