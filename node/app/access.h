/* SPDX-License-Identifier: Apache-2.0 */
/*
 * access: who is on a room's roster.  Only they get its keys; what a server says of
 * membership never puts anybody there.
 */
#ifndef CAIRN_ACCESS_H
#define CAIRN_ACCESS_H

#include "app.h"
#include "store/peoplestore.h"

/** access_admit(app, room_id, user): onto the roster; the user's devices are followed from now on. */
int	access_admit(struct app *, const char *room_id, const char *user) must_check;

/** access_ask(app, room, user): ask the server to invite, no more: nobody gets a key by it. */
int	access_ask(struct app *, const struct room *, const char *user) must_check;

/**
 * access_ask_again(app, room, user): for a channel or chat whose creation should have invited them.  In a lane of its own: what is
 * to be said in the room waits for them.
 */
int	access_ask_again(struct app *, const struct room *, const char *user) must_check;

/** access_invite(app, room, user): admit, and ask the server to invite, once. */
int	access_invite(struct app *, const struct room *, const char *user) must_check;

/** access_readmit(app, room, user): a partner who was off the roster for a while is let in again. */
int	access_readmit(struct app *, const struct room *, const char *user) must_check;

/**
 * access_expel(app, user): off every roster; the next key in each of those rooms is a
 * fresh one.  access_retain(app, trust): the same for all in channels and directories
 * whom ${trust} does not name.
 */
int	access_expel(struct app *, const char *user) must_check;
int	access_retain(struct app *, const struct trust *) must_check;

#endif /* !CAIRN_ACCESS_H */
