/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gapstore: holes in timelines, and the events read from them that are not judged yet.
 *
 *   gap_add ─► WAITS ─► READ ─► JUDGED ─► gone, or if its older end was not reached: OVER
 *
 * Those of one room are read one after the other, each to its own end.
 */
#ifndef CAIRN_GAPSTORE_H
#define CAIRN_GAPSTORE_H

#include "db.h"

enum gap_state { GAP_WAITS = 1, GAP_READ, GAP_JUDGED, GAP_OVER };
enum { GAP_WAIT_MAX = 100 };	/* Of one room. */

struct gap {
	int64_t	 n;
	char	*room_id;
	enum gap_state state;
	char	*token;		/* The next page is read backwards from here ... */
	char	*until;		/* ... to here.  NULL: to our invitation. */
	int64_t	 most;		/* Events of a page. */
	int64_t	 asked, bytes;	/* Pages answered; bytes kept of them. */
	int64_t	 cut;		/* Its older end was not reached. */
	int64_t	 held;		/* Since when judging it has waited; 0: not. */
	int64_t	 due;		/* It goes on then. */
	int64_t	 at;		/* Of the sync that showed it. */
};
void	gap_free(struct gap *);
#define autogap __attribute__((cleanup(gap_free)))

/** gap_add(db, gap): a hole; its number is chosen here.  E_REFUSED: it WAITS, as do GAP_WAIT_MAX others of its room. */
int	gap_add(struct db *, const struct gap *) must_check;
int	gap_get(struct db *, int64_t n, struct gap *) must_check;	/* 0, E_NOTFOUND */
/** gap_put(db, gap): all of it but room, end and time. */
int	gap_put(struct db *, const struct gap *) must_check;
/** gap_over(db, gap): judged; gone, unless it was cut: then the last of its room stays OVER. */
int	gap_over(struct db *, struct gap *) must_check;

/** gap_waiting(db, ret): the oldest that WAITS while none of its room is at work; 0, E_NOTFOUND. */
int	gap_waiting(struct db *, int64_t *) must_check;
/** gap_judging(db, now, ret): the oldest that is JUDGED and due; 0, E_NOTFOUND.  gap_next_due(db): when the next is, or INT64_MAX. */
int	gap_judging(struct db *, int64_t now, int64_t *) must_check;
int64_t	gap_next_due(struct db *);
/** gap_kept(db, ret): bytes of all that are JUDGED. */
int	gap_kept(struct db *, int64_t *) must_check;
/** gap_cuts(db, ret): in how many rooms one was cut.  gap_late(db, before, ret): or one from before then is still not OVER. */
int	gap_cuts(struct db *, int64_t *) must_check;
int	gap_late(struct db *, int64_t before, int64_t *) must_check;
/** gap_forget(db, before): cut ones from before then are gone. */
int	gap_forget(struct db *, int64_t before) must_check;

/**
 * Events are added as they are read, newest first, and listed oldest first: ids, allocated,
 * ${limit} at most.  gap_event: its text, allocated.
 */
int	gap_event_add(struct db *, int64_t n, const char *raw) must_check;
int	gap_events(struct db *, int64_t n, int64_t limit, int64_t **, size_t *) must_check;
int	gap_event(struct db *, int64_t id, char **) must_check;
int	gap_event_drop(struct db *, int64_t id) must_check;

#endif /* !CAIRN_GAPSTORE_H */
