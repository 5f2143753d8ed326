/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gap: a hole in the timeline of a direct chat or channel is read backwards through
 * GET /rooms/ID/messages and judged forwards, as if a sync had brought it (docs/adr/0015).
 *
 *   on_limited ─► gap_found │commit│ ─► gap_step: call "fill" ─► gap_page, again and again
 *              ─► gap_step: some events in a turn, each as in a timeline ─► gone
 *
 * An event whose key has not come waits where all such do (store/inbox.h); while there is no
 * place for it without giving up another, the hole waits instead.
 */
#ifndef CAIRN_GAP_H
#define CAIRN_GAP_H

#include "app.h"
#include "store/outbox.h"
#include "store/peoplestore.h"

#define GAP_PURPOSE "fill"

enum {
	GAP_PAGE	= 100,		/* Events of a page. */
	GAP_ASK_MAX	= 200,		/* Pages of one hole. */
	GAP_BYTES_MAX	= 64 << 20,	/* Kept of one hole. */
	GAP_HELD_BYTES	= 256 << 20,	/* Kept of all that are judged: past it nothing waits there for keys ... */
	GAP_HOLD_MS	= 3600 * 1000,	/* ... nor for longer than this. */
	GAP_LATE_MS	= 2 * GAP_HOLD_MS, /* Not read and judged by then: the operator is told. */
};

/** gap_found(app, room, prev_batch): the sync at hand leaves out what came before; ${prev_batch} may be NULL. */
int	gap_found(struct app *, const struct room *, const char *) must_check;

/** gap_step(app, ret_more): ask for the next page; judge what is whole, a bounded piece.  gap_next_due (store): when it is wanted. */
int	gap_step(struct app *, bool *ret_more) must_check;

/* Answers (calls.c).  gap_narrow: one was too much for us: the same page is asked for with half as many events. */
int	gap_page(struct app *, const struct out *, const json_t *) must_check;
int	gap_refused(struct app *, const struct out *, const struct err *) must_check;
int	gap_narrow(struct app *, int64_t row) must_check;

#endif /* !CAIRN_GAP_H */
