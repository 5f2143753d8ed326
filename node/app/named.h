/* SPDX-License-Identifier: Apache-2.0 */
/*
 * named: what is said of somebody whom the other side knows by name, in a content that is no disclosure by its type: the answer
 * to a question, and why a request is declined (domain/telling.h).  Then it discloses, and wants a consent in force, when it is
 * said and whenever it leaves.
 */
#ifndef CAIRN_NAMED_H
#define CAIRN_NAMED_H

#include "app.h"
#include "store/casestore.h"

struct origin;

/**
 * named_may(app, row, type, content, reterr): may we say that now?  0, and what discloses has the notice and the scope of its
 * consent, also progress and outcome, which the caller has judged; E_REFUSED, and what can be said without a consent.
 */
int	named_may(struct app *, const struct case_row *, const char *type, json_t *content, struct err *) must_check;

/** named_discloses(app, traffic, ret): does a content of ours disclose, by its type or by this?  0 or negative. */
int	named_discloses(struct app *, const struct traffic *, bool *ret) must_check;

/** named_over(app, referral): consents of it have ended: of what was said under them and has not arrived, only the step goes on. */
int	named_over(struct app *, const char *referral) must_check;

/** named_heard(app, referral, origin): a partner answers our question.  0; E_REFUSED: we know who it is, and no consent lets us hear it. */
int	named_heard(struct app *, const char *referral, const struct origin *) must_check;

#endif /* !CAIRN_NAMED_H */
