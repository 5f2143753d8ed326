/* SPDX-License-Identifier: Apache-2.0 */
/*
 * invitation: who may have us in a room: a partner in its channel, an organization
 * that we follow in its directory, a person in a direct chat.  What an invitation says
 * of the room is a hint until the room's own creation event is seen (rooms.c).
 */
#ifndef CAIRN_INVITATION_H
#define CAIRN_INVITATION_H

#include "app.h"
#include "store/outbox.h"

/**
 * invitation_arrived(app, account, room_id, state): join, leave alone (0), or E_LATER for
 * a channel or directory of somebody who is not (yet) a partner, or not (yet)
 * followed: the caller keeps it.  invitation_from: who invites; borrowed; NULL if it does not say.
 */
int	invitation_arrived(struct app *, unsigned account, const char *room_id, const json_t *state) must_check;
const char *invitation_from(const struct app *, const json_t *state);

/**
 * invitation_undecided(app, out, own, told_ms, answer): no answer decided that join of a direct chat, for which the inviter's
 * homeserver may be to blame.  It is tried eight times again: after ${told_ms}, or if that is negative after 4 s, then four times as long
 * each time, all of which is a day; later when 10 joins of chats with that homeserver's users, or 20 in all, are to be tried
 * again in that hour.  Then, or if there is no place in a day, it leaves the outbox, so that the room is lost (rooms.h), and the
 * next invitation is a new one.  ${own}: it lies with our own homeserver (HTTP 429, or no sync is answered either), which counts
 * nothing: after a minute, or longer if it says so.
 * E_NOTFOUND: it is something else, and nothing was done.
 */
int	invitation_undecided(struct app *, const struct out *, bool own, int64_t told, const json_t *answer) must_check;

#endif /* !CAIRN_INVITATION_H */
