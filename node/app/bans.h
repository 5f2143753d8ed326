/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bans: the policy lists that the operator chose to follow: rooms of moderation rules (domain/policy.h),
 * which the steward joins.  Whom they ban is not joined, not invited, not written to, gets no keys, and, if it is a partner,
 * counts as denied; whole servers are kept out of our own rooms by m.room.server_acl.
 */
#ifndef CAIRN_BANS_H
#define CAIRN_BANS_H

#include "app.h"
#include "store/peoplestore.h"

/** bans_rule(app, room_id, event): a state event of the type of a rule, in any room. */
int	bans_rule(struct app *, const char *room_id, const json_t *event) must_check;

/** bans_refuse(app, user, room_id, reterr): 0; E_REFUSED if a list bans one of them (either may be NULL), and for what reason. */
int	bans_refuse(struct app *, const char *user, const char *room_id, struct err *) must_check;

/**
 * bans_step(app, ret_more): what rules that came since the last turn mean for rosters, partners and our rooms.  A few
 * people and a few rooms in each turn; who is named as they are, without a glob, is off the rosters with the rule.
 */
int	bans_step(struct app *, bool *ret_more) must_check;

/** bans_new_room(app): there is a room of ours that may lack the rules. */
int	bans_new_room(struct app *) must_check;

/** Verbs: "policy follow" {room, via}, "policy leave" {room}, "policy check" {user}, "policy list". */
int	bans_follow(struct app *, const char *actor, const json_t *args, json_t **ret, struct err *) must_check;
int	bans_leave(struct app *, const char *actor, const json_t *args, json_t **ret, struct err *) must_check;
int	bans_check(struct app *, const char *actor, const json_t *args, json_t **ret, struct err *) must_check;
int	bans_list(struct app *, const char *actor, const json_t *args, json_t **ret, struct err *) must_check;

#endif /* !CAIRN_BANS_H */
