/* SPDX-License-Identifier: Apache-2.0 */
/*
 * invitation: who may have us in a room: a partner in its channel, an organization
 * that we follow in its directory, a person in a direct chat.  What an invitation says
 * of the room is a hint until the room's own creation event is seen (rooms.c).
 */
#ifndef CAIRN_INVITATION_H
#define CAIRN_INVITATION_H

#include "app.h"

/**
 * invitation_arrived(app, account, room_id, state): join, leave alone (0), or E_LATER for
 * a channel or directory of somebody who is not (yet) a partner, or not (yet)
 * followed: the caller keeps it.  invitation_from: who invites; borrowed; NULL if it does not say.
 */
int	invitation_arrived(struct app *, unsigned account, const char *room_id, const json_t *state) must_check;
const char *invitation_from(const struct app *, const json_t *state);

#endif /* !CAIRN_INVITATION_H */
