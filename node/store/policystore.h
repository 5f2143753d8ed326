/* SPDX-License-Identifier: Apache-2.0 */
/* policystore: the rules of the policy lists that this node follows (domain/policy.h).  Public; nothing is sealed. */
#ifndef CAIRN_POLICYSTORE_H
#define CAIRN_POLICYSTORE_H

#include "db.h"
#include "domain/policy.h"

enum { POLICYSTORE_MAX = 50000 };	/* Rules, of all lists. */

/** policy_rule_put(db, room_id, type, state_key, rule): replaces what was there.  0; E_REFUSED: there are too many. */
int	policy_rule_put(struct db *, const char *room_id, const char *type, const char *state_key, const struct policy_rule *) must_check;
/** policy_rule_drop(db, room_id, type, state_key): 0; E_NOTFOUND: there was none. */
int	policy_rule_drop(struct db *, const char *room_id, const char *type, const char *state_key) must_check;
/** policy_forget(db, room_id): all rules of that list. */
int	policy_forget(struct db *, const char *room_id) must_check;

/**
 * policy_find(db, user, room, ret_list, ret_reason): a rule that bans ${user} or ${room} (either may be NULL), the room id of its
 * list and its reason, which the caller frees.  0 or E_NOTFOUND.
 */
int	policy_find(struct db *, const char *user, const char *room, char **ret_list, char **ret_reason) must_check;

/**
 * policy_globs(db, ret): all rules that have a glob, read once for many users; policy_globs_size: how many.
 * policy_banned(db, globs, user): does any rule ban ${user}, one of ${globs} or one without a glob?  0 or E_NOTFOUND.
 */
struct policy_globs;
int	policy_globs(struct db *, struct policy_globs **) must_check;
size_t	policy_globs_size(const struct policy_globs *);
void	policy_globs_free(struct policy_globs *);
int	policy_banned(struct db *, const struct policy_globs *, const char *user) must_check;
static inline void policy_globs_cleanup(struct policy_globs **p) { policy_globs_free(*p); }
#define autoglobs __attribute__((cleanup(policy_globs_cleanup)))

/** policy_count(db, room_id, ret): rules of one list; NULL: of all.  policy_servers(db, fn, cookie): the entities of all rules about servers, each once, sorted. */
int	policy_count(struct db *, const char *room_id, int64_t *) must_check;
int	policy_servers(struct db *, int (*)(void *, const char *entity), void *) must_check;

/** acl_get, acl_put: the hash of the m.room.server_acl that a room of ours was given.  0 or E_NOTFOUND; the caller frees. */
int	acl_get(struct db *, const char *room_id, char **) must_check;
int	acl_put(struct db *, const char *room_id, const char *hash) must_check;

#endif /* !CAIRN_POLICYSTORE_H */
