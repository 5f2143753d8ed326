/* SPDX-License-Identifier: Apache-2.0 */
/*
 * record: what partners publish: verified, kept with the verdict, found again.
 */
#ifndef CAIRN_RECORD_H
#define CAIRN_RECORD_H

#include "app.h"
#include "origin.h"

/** record_arrived(app, origin): a record from a partner's directory room. */
int	record_arrived(struct app *, const struct origin *) must_check;

/**
 * record_not_kept(app, room, sender, content): a record that was refused, or waits, when what its handler did is undone.  If it was proved its
 * organization's manifest counts it: so its id and number are remembered, and nothing that it says.  Of who is not in force it is remembered that
 * something came.
 */
int	record_not_kept(struct app *, const struct room *, const char *sender, const json_t *content) must_check;

/**
 * record_again(app, org): its key is another now: what was put aside of its directory is judged again, when that has been read anew.
 * record_missed(app, org): it is in force: likewise, if something of its directory came while it was not.
 * record_loaded(app, room_id): that directory has been read.
 */
int	record_again(struct app *, const char *org) must_check;
int	record_missed(struct app *, const char *org) must_check;
int	record_loaded(struct app *, const char *room_id) must_check;

/** record_follow(app, actor, args, ret, reterr): verb "follow" {org}. */
int	record_follow(struct app *, const char *actor, const json_t *args, json_t **ret, struct err *) must_check;

#endif /* !CAIRN_RECORD_H */
