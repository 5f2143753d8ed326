/* SPDX-License-Identifier: Apache-2.0 */
/*
 * passing: what an intermediary passes on goes under the form by which it came: only while that is in force; and who takes back one takes back the
 * other, since they signed once.
 */
#ifndef CAIRN_PASSING_H
#define CAIRN_PASSING_H

#include "app.h"
#include "base/id.h"
#include "revoke.h"

/**
 * passing_from(app, consent, ret, reterr): the consent of the same form under which we received what this one lets us pass on; "" if by it we are no
 * intermediary.  0; E_REFUSED: it has not come, or is over.
 */
int	passing_from(struct app *, const json_t *consent, char ret[ID_LEN + 1], struct err *) must_check;

/** passing_over(app, consent, why): that one is over: so are the others of its form, each with its referral's.  0 or negative. */
int	passing_over(struct app *, const char *consent, const struct revoke_why *) must_check;

#endif /* !CAIRN_PASSING_H */
