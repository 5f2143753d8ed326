/* SPDX-License-Identifier: Apache-2.0 */
/* story_path: what an operator says while nodes die, and what both sides must show of a referral afterwards. */
#ifndef CAIRN_TEST_STORY_PATH_H
#define CAIRN_TEST_STORY_PATH_H

#include "story_refer.h"

/*
 * Each answers NULL, or what is wrong.
 *
 * story_insist(host, i, verb, args, done): until it is answered; one whose reply was lost is repeated unless it is ${done} (NULL: in any case).
 * story_make(host, i, verb, args, key, list, ret): what makes something new is repeated only if the list has nothing new; its id
 * is ${key} of the reply.  Both consume ${args}.
 * story_await(host, done): ten minutes at most.
 */
const char *story_insist(struct host *, size_t, const char *verb, json_t *args, bool (*done)(struct host *));
const char *story_make(struct host *, size_t, const char *verb, json_t *args, const char *key, const char *list, char ret[32]);
const char *story_await(struct host *, bool (*done)(struct host *));
/**
 * story_at_rest(host): on neither side is anything under way, waits or was rejected.
 * story_went(host, story, steps): exactly these, with blanks between, on both sides, and the same last one.
 */
const char *story_at_rest(struct host *);
const char *story_went(struct host *, const struct referral_story *, const char *steps);
/** story_known(host, i, id): is the referral listed there?  story_both(host, story, state): is it in that state on both sides? */
bool	story_known(struct host *, size_t, const char *);
bool	story_both(struct host *, const struct referral_story *, const char *state);

#endif /* !CAIRN_TEST_STORY_PATH_H */
