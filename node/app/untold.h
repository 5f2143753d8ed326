/* SPDX-License-Identifier: Apache-2.0 */
/*
 * untold: what became of a member, when the consent to tell it ends before the source has it.
 *
 * Progress and outcome are steps (path.h) that the target may tell for a time only.  Whenever that time ends it stops, and asks the
 * source which of its steps that has: referral.settle, which names none.  It asks so at each such end, whether or not something
 * is outstanding, so that the question says nothing about the member, nor does a number that was left out (traffic.c).  The source answers with what it has, and takes no older news of that referral from
 * then on.  What it has not is set apart at the target, with all that was made on it: it was never said.  So both
 * sides have the same steps, and who may not hear of something, a court for one, does not hear that there was something.
 */
#ifndef CAIRN_UNTOLD_H
#define CAIRN_UNTOLD_H

#include "app.h"
#include "store/casestore.h"

/**
 * untold_look(app, row): at the target, whenever a consent has come or ended: until when may the source be told?  If that has
 * ended, as above.  ${row}: its clock is set anew, and it is stored.  0 or negative.
 */
int	untold_look(struct app *, struct case_row *) must_check;

/** untold_refused(app, content_id): it must not leave (any more): the same for its referral. */
int	untold_refused(struct app *, const char *content_id) must_check;

/** untold_takes(app, referral, seq, reason): does the source still take news of that number?  0; E_EXISTS with a reason. */
int	untold_takes(struct app *, const char *referral, int64_t seq, struct err *) must_check;

#endif /* !CAIRN_UNTOLD_H */
