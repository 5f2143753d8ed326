/* SPDX-License-Identifier: Apache-2.0 */
/*
 * members: who is in a room when a sync does not show it.  The last try of a /sync that is
 * too large is lazy (deliver.c): it may leave out who came into a room or left it, and no later
 * one brings that.  So each room in such an answer is asked about, GET /rooms/ID/members, and
 * until that is answered nobody gets a key of it (peoplestore.h, unsure).  Never to be lazy would let
 * any stranger stop all syncs with a chat of many members; and a filter is lazy for all rooms or none.
 * That a timeline is not "limited" is not relied on: servers differ in what they leave out.
 *
 *   on_joined ─► members_unsure │commit│ ─► members_step: call "members" ─► members_answered ─► rooms_state
 *
 * We ask without "at": it takes only tokens of some servers, and the state now is never
 * older than that sync.  Whom a sync has named since is left as it said: what the
 * answer knows better, the next sync brings.
 *
 * A sync may say wrongly that somebody left, and never again that they are there.  So it is asked about: that those to whom something
 * is to be said left a channel or chat, as long as it waits for them; that a follower left our directory, once; that we left a room for
 * which there is no other.  First after an hour, or at once if it is we; then after twice as long, at most half a day (peoplestore.h,
 * doubt).  Who is heard meanwhile in that room makes it sooner, at most once in an hour.  They are not taken to be there by that: a
 * homeserver may bring late what was said before they left.  An answer "joined" gives nobody a key: that is the roster's and the devices'.
 *
 * Whom the answer does not name though our own channel or chat was made for them, since their homeserver was away when it was made, is
 * invited by it (access_ask_again), not before its server has had time to do so itself.
 */
#ifndef CAIRN_MEMBERS_H
#define CAIRN_MEMBERS_H

#include "app.h"
#include "store/outbox.h"
#include "store/peoplestore.h"

#define MEMBERS_PURPOSE "members"
#define MEMBERS_STILL	"still"	/* Purpose: are we in this room? */

enum { MEMBERS_SHOWN_MS = 60 * 1000 };	/* Not known for so long: a matter for doctor. */

/** members_unsure(app, room_id): this sync does not show who is in it; in a room where we send nothing that is no matter. */
int	members_unsure(struct app *, const char *) must_check;
/** members_forget(app, room_id): we are no longer in it. */
int	members_forget(struct app *, const char *) must_check;

/** members_absent(app, room): what is to be said there waits for somebody to be in it. */
int	members_absent(struct app *, const struct room *) must_check;
/** members_heard(app, room): somebody else spoke there, in words that we could open. */
int	members_heard(struct app *, const struct room *) must_check;
/** members_out(app, room): it is said that we are not in it.  members_back: that we are. */
int	members_out(struct app *, const struct room *) must_check;
int	members_back(struct app *, const struct room *) must_check;

/** members_step(app, ret_more): ask about the next rooms. */
int	members_step(struct app *, bool *ret_more) must_check;

/** members_answered: an answer (calls.c); E_BAD: it cannot be one.  A refusal is asked again. */
int	members_answered(struct app *, const struct out *, const json_t *) must_check;

/** members_still: likewise. */
int	members_still(struct app *, const struct out *, const json_t *) must_check;

#endif /* !CAIRN_MEMBERS_H */
