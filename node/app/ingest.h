/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ingest: a /sync answer becomes, in one transaction: device lists, key counts,
 * to-device messages in order, invitations, state, timeline, next_batch.
 * Each item has a savepoint: a bad one is kept as waiting or rejected and
 * never stops the batch.
 */
#ifndef CAIRN_INGEST_H
#define CAIRN_INGEST_H

#include "app.h"

/**
 * ingest_sync(app, account, answer, lazy, reterr): inside a transaction; ${lazy}: members may be left
 * out of it.  0; E_BAD: nothing was applied; negative.
 */
int	ingest_sync(struct app *, unsigned account, const json_t *, bool lazy, struct err *) must_check;

/**
 * ingest_event(app, room_id, event, received, patient): an encrypted event of a room of the node account;
 * another is passed over.  ${received}: when a sync first told of it.  E_LATER, only if ${patient}: it would
 * have to wait, and something else, or it, to be given up for want of space: bring it again later.
 */
int	ingest_event(struct app *, const char *room_id, const json_t *, int64_t received, bool patient) must_check;

/** ingest_state(app, room_id, events): the answer of GET /rooms/ID/state, item by item. */
int	ingest_state(struct app *, const char *room_id, const json_t *) must_check;

/**
 * ingest_person(app, pid): try again what waited for this sender's devices, or for trust in them.
 * ingest_devices(app, pid): for their devices only, and so not what waits for a room key: there may be much of it, and a server can have the
 * devices asked about as often as it likes.
 */
int	ingest_person(struct app *, int64_t pid) must_check;
int	ingest_devices(struct app *, int64_t pid) must_check;

/** ingest_step(app, ret_more): judge again some of what was put off until now (waiting_next). */
int	ingest_step(struct app *, bool *ret_more) must_check;

#endif /* !CAIRN_INGEST_H */
