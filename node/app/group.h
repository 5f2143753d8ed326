/* SPDX-License-Identifier: Apache-2.0 */
/*
 * group: the room of a group beside its record: who is invited into it, and what becomes of it when the record is withdrawn.
 * What people say there is theirs: nobody is put out of it.
 */
#ifndef CAIRN_GROUP_H
#define CAIRN_GROUP_H

#include "app.h"
#include "store/dirstore.h"
#include "store/outbox.h"
#include "store/peoplestore.h"

#define GROUP_INVITE	"group_invite"	/* Purpose, by "GROUP/PID": record id and person. */
#define GROUP_CLOSED	"group_closed"	/* By record id. */

/**
 * group_close(app, rec): the record of this group is being withdrawn.  Its room leaves our spaces, nobody new is let in or
 * invited, and its topic says so to who is in it.  A room whose creation may have left is closed when it is there.
 */
int	group_close(struct app *, const struct own_record *) must_check;
/** group_made(app, room): that room was made just now. */
int	group_made(struct app *, const struct room *) must_check;

/** group_withdrawn(app, id, result): puts into ${result} what the operator is told: "text". */
int	group_withdrawn(struct app *, const char *id, json_t *result) must_check;

/** group_kept(app, id, old, body, reterr): may that record of a group become ${body}?  E_REFUSED: its room was made, or is being made, for another access. */
int	group_kept(struct app *, const char *id, const json_t *old, const json_t *body, struct err *) must_check;

/** group_invite(app, actor, args, ret, reterr): verb "invite" {id, user, agreed}: into a group that is joined by invitation. */
int	group_invite(struct app *, const char *actor, const json_t *args, json_t **ret, struct err *) must_check;
/** group_may_invite(app, out): may that invitation leave now?  E_REFUSED: a policy list bans them by now; it is among what failed. */
int	group_may_invite(struct app *, const struct out *) must_check;

#endif /* !CAIRN_GROUP_H */
