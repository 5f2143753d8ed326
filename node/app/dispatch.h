/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dispatch: a decrypted event goes to its handler: type → on_*, a table built
 * from schemas/ (gen/handlers.inc).  Sender, room and content are judged first.
 */
#ifndef CAIRN_DISPATCH_H
#define CAIRN_DISPATCH_H

#include "app.h"
#include "base/id.h"
#include "origin.h"

#define DISPATCH_RECORD	ID_NAMESPACE "record"

/**
 * dispatch(app, type, state_key, origin, reterr): inner type and state key (NULL: a
 * timeline event).  0 when applied or not ours; E_EXISTS when its content id was
 * applied before; E_BAD or E_REFUSED with the reason: the caller undoes and
 * keeps it as rejected.
 */
int	dispatch(struct app *, const char *type, const char *state_key, const struct origin *,
	    struct err *) must_check;

/**
 * dispatch_refuse(app, room, opened, answer): a partner's content was refused, with E_BAD or E_REFUSED, and what it did is undone: tell it so,
 * by a number.  Who is no partner in its own channel is told nothing, and what answers a content is not answered.
 * dispatch_knows(type): is there such a type?
 */
struct opened;
struct room;
int	dispatch_refuse(struct app *, const struct room *, const struct opened *, int answer) must_check;
bool	dispatch_knows(const char *type);

/** dispatch_load_directory(app, room_id): ask for the whole state of a partner's directory room. */
int	dispatch_load_directory(struct app *, const char *room_id) must_check;

#endif /* !CAIRN_DISPATCH_H */
