/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dispatch: a decrypted event goes to its handler: type → on_*, a table built
 * from schemas/ (gen/handlers.inc).  Sender, room and content are judged first.
 */
#ifndef CAIRN_DISPATCH_H
#define CAIRN_DISPATCH_H

#include "app.h"
#include "origin.h"

/**
 * dispatch(app, type, state_key, origin, reterr): inner type and state key (NULL: a
 * timeline event).  0 when applied or not ours; E_EXISTS when its content id was
 * applied before; E_BAD or E_REFUSED with the reason: the caller undoes and
 * keeps it as rejected.
 */
int	dispatch(struct app *, const char *type, const char *state_key, const struct origin *,
	    struct err *) must_check;

/** dispatch_load_directory(app, room_id): ask for the whole state of a partner's directory room. */
int	dispatch_load_directory(struct app *, const char *room_id) must_check;

#endif /* !CAIRN_DISPATCH_H */
