/* SPDX-License-Identifier: Apache-2.0 */
/*
 * talk_clock: what a clock says that concerns the member is asked in their own chat: one plain question, once an
 * occasion, by their day, and never where they left.  Their answer is for people to read.
 *
 *	a waiting list for two weeks, at each review	do they still want it?
 *	the target said yes, and waits for a consent	do they want that?
 *	a meeting that was arranged is over		did it take place?
 *	a pause of 30 days				do they want to go on?
 *	a consent that ends within a week		do they want it to go on?
 *	a match that is to be looked back at		is it still right for them?
 *	a match whose time is over			do they want to go on?  If nobody says so, it ends (PAIRING_GRACE)
 *
 * Check-ins, which they asked to be reminded of themselves, are in notes_chat.h.
 */
#ifndef CAIRN_TALK_CLOCK_H
#define CAIRN_TALK_CLOCK_H

#include "app.h"

/** talk_clock_step(app, ret_more), talk_clock_due(app): see steps.h; all that is open is looked at once an hour, some at a time. */
int	talk_clock_step(struct app *, bool *ret_more) must_check;
int64_t	talk_clock_due(const struct app *);

#endif /* !CAIRN_TALK_CLOCK_H */
