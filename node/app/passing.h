/* SPDX-License-Identifier: Apache-2.0 */
/*
 * passing: what an intermediary passes on goes under the form by which it came: only what came, while that form is in force; and who takes back one
 * takes back each of that form, since they signed once.
 */
#ifndef CAIRN_PASSING_H
#define CAIRN_PASSING_H

#include "app.h"
#include "revoke.h"
#include "store/consentstore.h"

/**
 * passing_may(app, content, reterr): may we disclose ${content}, a disclosure without its notice?  0, also if we are no intermediary by its consent;
 * E_REFUSED: it did not come to us under that form, or not so, or the form is over.
 */
int	passing_may(struct app *, const json_t *content, struct err *) must_check;

/** passing_by(app, consent): are we an intermediary by it, and no discloser? */
bool	passing_by(struct app *, const json_t *consent);

/** passing_over(app, consent, why): that one is over: so are the others of its form in other referrals, if it has us as its intermediary.  0 or negative. */
int	passing_over(struct app *, const struct consent_row *, const struct revoke_why *) must_check;

#endif /* !CAIRN_PASSING_H */
