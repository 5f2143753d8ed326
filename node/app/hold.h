/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hold: staff keep what is known of a member, for a court case, a child or the law, longer than its term and than the member wants: it is not erased, and
 * nothing more is done with it once it is to be erased.  A hold keeps, it never shares: consents end as ever.
 */
#ifndef CAIRN_HOLD_APP_H
#define CAIRN_HOLD_APP_H

#include "app.h"

/** hold_place(app, actor, args, ret, reterr): verb "hold" {id, class, until or review, reason_text, untold}. */
int	hold_place(struct app *, const char *actor, const json_t *args, json_t **ret, struct err *) must_check;
/** hold_look(app, actor, args, ret, reterr): verb "hold review" {hold, until or review}.  hold_lift: verb "hold lift" {hold, reason_text}. */
int	hold_look(struct app *, const char *actor, const json_t *args, json_t **ret, struct err *) must_check;
int	hold_lift(struct app *, const char *actor, const json_t *args, json_t **ret, struct err *) must_check;

/** hold_list(app, items): for cairn list holds. */
int	hold_list(struct app *, json_t *) must_check;

/** hold_bars(app, referral, reterr): E_REFUSED: it is to be erased, and only kept; 0: it is not. */
int	hold_bars(struct app *, const char *referral, struct err *) must_check;

/** hold_step(app): lift what has come to its end.  0 or negative. */
int	hold_step(struct app *) must_check;

#endif /* !CAIRN_HOLD_APP_H */
