/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sync: takes a /sync answer apart in the order in which it must be applied:
 * the account's data, device lists, key counts, to-device messages, invitations, joined rooms
 * (state, then timeline), rooms left.  Lends every json_t; copies nothing.
 */
#ifndef CAIRN_SYNC_H
#define CAIRN_SYNC_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

enum { SYNC_TOKEN_MAX = 4096 };	/* Bytes of next_batch and prev_batch. */

/* Each returns 0 or a negative value that ends the walk.  NULL: not wanted. */
struct sync_ops {
	int	(*account_data)(void *, const char *type, const json_t *content);
	int	(*device)(void *, const char *user, bool left);
	/* otk: signed_curve25519 keys left (missing counts are 0); fallback: an unused one is there. */
	int	(*counts)(void *, int64_t otk, bool fallback);
	int	(*todevice)(void *, const json_t *event);
	int	(*invite)(void *, const char *room_id, const json_t *state_events);
	/* Events are left out before the timeline; prev_batch: where; NULL if it does not say. */
	int	(*limited)(void *, const char *room_id, const char *prev_batch);
	int	(*state)(void *, const char *room_id, const json_t *event);
	int	(*timeline)(void *, const char *room_id, const json_t *event);
	int	(*joined)(void *, const char *room_id);	/* After the events of a room that we are in. */
	int	(*left)(void *, const char *room_id);
};

/**
 * sync_walk(answer, ops, cookie, ret_next, reterr): check the outer shape, then
 * call ${ops}.  ${ret_next} borrows next_batch.  0; E_BAD before any call when
 * the shape is wrong; or what an op returned.  Members of wrong type inside one
 * room skip that room's part, never the rest.
 */
int	sync_walk(const json_t *, const struct sync_ops *, void *, const char **ret_next,
	    struct err *) must_check;

#endif /* !CAIRN_SYNC_H */
