/* SPDX-License-Identifier: Apache-2.0 */
/*
 * federation: the room in which the trust list is published: public, in clear, of the type
 * org.cairnpeer.federation.  The steward makes it or joins it; every version that arrives is judged like a file
 * (trustlist.h).  A server can withhold a version, but not change one: then the list in force ends at its time.
 */
#ifndef CAIRN_FEDERATION_H
#define CAIRN_FEDERATION_H

#include "app.h"
#include "base/id.h"

#define FEDERATION_ROOM	ID_NAMESPACE "federation"
#define FEDERATION_PART	ID_NAMESPACE "trust.part"

/** federation_part(app, room_id, content): a state event of FEDERATION_PART in a room we are in. */
int	federation_part(struct app *, const char *room_id, const json_t *content) must_check;

/**
 * federation_ahead(app, ret_seen, ret_ahead): the newest version that was accepted, and one that a room has and that is too far ahead of it to
 * come by itself; 0: none.
 */
int	federation_ahead(struct app *, int64_t *ret_seen, int64_t *ret_ahead) must_check;

/** federation_step(app): join the room that the list in force names. */
int	federation_step(struct app *) must_check;

/**
 * federation_room(app, actor, args, ret, reterr): verb "federation_room": the room, made if there is none.
 * federation_publish: verb "federation_publish" {document}: put in force, and into our room.
 * federation_status: verb "federation_status": how it is with list and room.
 */
int	federation_room(struct app *, const char *actor, const json_t *args, json_t **ret, struct err *) must_check;
int	federation_publish(struct app *, const char *actor, const json_t *args, json_t **ret, struct err *) must_check;
int	federation_status(struct app *, const char *actor, const json_t *args, json_t **ret, struct err *) must_check;

#endif /* !CAIRN_FEDERATION_H */
