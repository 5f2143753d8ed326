/* SPDX-License-Identifier: Apache-2.0 */
/*
 * policy: rules of Matrix moderation policy lists: whom a community bans.
 *
 * Client-Server API, "Moderation policy lists": state events m.policy.rule.user, .server and .room with
 * entity (a glob: '*' any run of characters, '?' one), recommendation and reason.  Pure.
 */
#ifndef CAIRN_POLICY_H
#define CAIRN_POLICY_H

#include <jansson.h>
#include <stdbool.h>

#include "base/err.h"

enum policy_kind { POLICY_USER, POLICY_SERVER, POLICY_ROOM };

enum { POLICY_ENTITY_MAX = 255, POLICY_REASON_MAX = 500 };	/* Bytes; a Matrix id has at most 255. */

struct policy_rule {
	enum policy_kind kind;
	const char	*entity;	/* Borrowed from the content. */
	const char	*reason;	/* The same; "" if there is none. */
};

/** policy_is_rule(type): is it the type of a rule? */
bool	policy_is_rule(const char *type);

/**
 * policy_parse(type, content, ret): 0 and a rule that bans.  E_NOTFOUND: it bans nobody (redacted, without entity or with
 * another recommendation than "m.ban").  E_BAD: an entity or reason of the wrong type, or too long.
 */
int	policy_parse(const char *type, const json_t *content, struct policy_rule *) must_check;

/**
 * policy_bans(kind, entity, user, room): does a rule apply to ${user} (by its id, or by its server, with or without
 * the port) or to ${room}?  Either may be NULL.
 */
bool	policy_bans(enum policy_kind, const char *entity, const char *user, const char *room);

/** policy_glob(pattern, text): in at most strlen(pattern) * strlen(text) steps. */
bool	policy_glob(const char *pattern, const char *text);

#endif /* !CAIRN_POLICY_H */
