/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "base/canon.h"
#include "base/id.h"
#include "policy.h"

static const char *const types[] = {
	[POLICY_USER] = "m.policy.rule.user", [POLICY_SERVER] = "m.policy.rule.server", [POLICY_ROOM] = "m.policy.rule.room",
};

bool
policy_is_rule(const char *type)
{
	for (size_t i = 0; i < nelem(types); i++)
		if (!strcmp(type, types[i]))
			return true;
	return false;
}

int
policy_parse(const char *type, const json_t *content, struct policy_rule *ret)
{
	const json_t *entity = json_object_get(content, "entity"), *reason = json_object_get(content, "reason");
	const char *advice = json_str(content, "recommendation");
	struct policy_rule rule = { 0 };

	while ((size_t)rule.kind < nelem(types) && strcmp(type, types[rule.kind]) != 0)
		rule.kind++;
	if ((size_t)rule.kind == nelem(types) || entity == NULL || advice == NULL || strcmp(advice, "m.ban") != 0)
		return E_NOTFOUND;
	if (!json_is_string(entity) || (reason != NULL && !json_is_string(reason)))
		return E_BAD;
	rule.entity = json_string_value(entity);
	rule.reason = reason != NULL ? json_string_value(reason) : "";
	if (*rule.entity == '\0' || json_string_length(entity) > POLICY_ENTITY_MAX ||
	    (reason != NULL && json_string_length(reason) > POLICY_REASON_MAX))
		return E_BAD;
	*ret = rule;
	return 0;
}

bool
policy_glob(const char *pattern, const char *text)
{
	const char *star = NULL, *from = NULL;	/* The last '*', and what it takes up to now. */

	while (*text != '\0') {
		if (*pattern == '*') {
			star = pattern++;
			from = text;
		} else if (*pattern == '?' || *pattern == *text) {
			pattern++;
			text++;
		} else if (star != NULL) {
			pattern = star + 1;
			text = ++from;
		} else
			return false;
	}
	while (*pattern == '*')
		pattern++;
	return *pattern == '\0';
}

static bool
bans_server(const char *entity, const char *server)
{
	char host[POLICY_ENTITY_MAX + 1];
	const char *port = strrchr(server, ':');

	if (policy_glob(entity, server))
		return true;
	if (port == NULL || strspn(port + 1, "0123456789") != strlen(port + 1) || (size_t)(port - server) >= sizeof(host))
		return false;
	(void)snprintf(host, sizeof(host), "%.*s", (int)(port - server), server);
	return policy_glob(entity, host);
}

bool
policy_bans(enum policy_kind kind, const char *entity, const char *user, const char *room)
{
	switch (kind) {
	case POLICY_USER:
		return user != NULL && policy_glob(entity, user);
	case POLICY_SERVER:
		return (user != NULL && bans_server(entity, id_server(user))) ||
		    (room != NULL && strchr(room, ':') != NULL && bans_server(entity, strchr(room, ':') + 1));
	case POLICY_ROOM:
		return room != NULL && policy_glob(entity, room);
	}
	return false;
}
