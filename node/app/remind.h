/* SPDX-License-Identifier: Apache-2.0 */
/*
 * remind: staff are told that referrals wait: one line, in the direct chat of each of staff_users.  It has numbers and the command that
 * shows more; never who, what, why, or which partner: a phone shows it to whoever sees the phone.
 *
 * A referral rings when a partner's step, the clock or a reminder is for staff to know.  remind_step tells of all that ring in one line,
 * at most once an hour and by day; of what is urgent and new, by night, too.  What we do about a referral ends that, also for a line that
 * has not left.
 */
#ifndef CAIRN_REMIND_H
#define CAIRN_REMIND_H

#include "app.h"
#include "store/casestore.h"
#include "store/outbox.h"

/**
 * remind_heard(app, row, step, effects): a step counts now and obliges us to ${effects}: does it ring?  remind_struck(app, row): a reminder
 * of it is due.  remind_done(app, id): we did something about it.
 */
int	remind_heard(struct app *, const struct case_row *, const struct path_step *, unsigned effects) must_check;
int	remind_struck(struct app *, const struct case_row *) must_check;
int	remind_done(struct app *, const char *id) must_check;

/** remind_may_say(app, out): may that message leave?  0; E_EXISTS: it was a line about what is dealt with, and is dropped. */
int	remind_may_say(struct app *, const struct out *) must_check;

/** remind_step(app, ret_more), remind_due(app): see steps.h. */
int	remind_step(struct app *, bool *ret_more) must_check;
int64_t	remind_due(struct app *);

/** remind_trouble(app, out, size, ret_trouble): for the doctor: who is told, or why somebody is not. */
int	remind_trouble(struct app *, char *out, size_t size, bool *ret_trouble) must_check;

#endif /* !CAIRN_REMIND_H */
