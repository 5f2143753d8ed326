/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rooms: making, joining and knowing rooms.
 *
 * A creation is found again by its tag in m.room.create: when the answer to
 * createRoom was lost, the next sync shows whether the room exists.
 */
#ifndef CAIRN_ROOMS_H
#define CAIRN_ROOMS_H

#include "app.h"
#include "base/id.h"
#include "matrix/request.h"
#include "store/outbox.h"
#include "store/peoplestore.h"

#define ROOMS_CREATION	"creation"	/* Purpose: who made this room? */

/* Types of rooms that are not for people. */
#define ROOMS_DIRECTORY	ID_NAMESPACE "directory"
#define ROOMS_CHANNEL	ID_NAMESPACE "channel"

/**
 * rooms_want(app, kind, subject, pid, account, wish, ret): the room of ${kind} for
 * ${subject} (or the direct chat with ${pid}), made if there is none.  0 and
 * ${ret} when it exists; E_LATER when its creation is under way.
 */
int	rooms_want(struct app *, enum room_kind, const char *subject, int64_t pid,
	    unsigned account, const struct request_room *wish, struct room *ret) must_check;

/** rooms_channel(app, org, ret): the channel with a trusted partner; 0, E_LATER, E_NOTFOUND (not trusted). */
int	rooms_channel(struct app *, const char *org, struct room *ret) must_check;
/** rooms_direct(app, user, ret): the direct chat with ${user}; 0 or E_LATER. */
int	rooms_direct(struct app *, const char *user, struct room *ret) must_check;

/** rooms_in_doubt(app, out): a creation that may have been asked for before must wait for a fresh sync. */
bool	rooms_in_doubt(const struct app *, const struct out *);

/** rooms_lost(app, room): a channel or chat in which nothing of ours is said: we are no longer in it, and are not joining, or it is set aside. */
bool	rooms_lost(struct app *, const struct room *);

/* Inputs: a state event, a leave, seen in a sync of ${account}. */
int	rooms_state(struct app *, unsigned account, const char *room_id, const json_t *event) must_check;
int	rooms_left(struct app *, unsigned account, const char *room_id) must_check;

/* Answers (calls.c). */
int	rooms_created(struct app *, const struct out *, const json_t *) must_check;
int	rooms_joined(struct app *, const struct out *, const json_t *) must_check;
int	rooms_shown(struct app *, const struct out *, const json_t *) must_check;

#endif /* !CAIRN_ROOMS_H */
