/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rekey: another key for our records.  It waits, sealed, until the trust list in force names it; then it signs, all that is
 * published is signed anew, and the one before is destroyed.
 */
#ifndef CAIRN_REKEY_H
#define CAIRN_REKEY_H

#include "app.h"

/** rekey_verb(app, actor, args, ret, reterr): verb "key rotate" {days, give_up}: what rekey_show says, or {text}. */
int	rekey_verb(struct app *, const char *actor, const json_t *args, json_t **ret, struct err *) must_check;

/** rekey_show(app, ret): our entry for the trust list, with the key that waits, and the one before as long as it counts.  E_NOTFOUND before setup. */
int	rekey_show(struct app *, json_t **ret) must_check;

/** rekey_step(app, ret_more): is the time come? */
int	rekey_step(struct app *, bool *ret_more) must_check;

/** rekey_doctor(app, checks). */
int	rekey_doctor(struct app *, json_t *checks) must_check;

#endif /* !CAIRN_REKEY_H */
