/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/id.h"
#include "policystore.h"
#include "queries.h"
#include "rows.h"

static int
count(struct db *db, enum query_id query, const char *room_id, int64_t *ret)
{
	autorows struct rows *rows = NULL;
	int r = room_id != NULL ? db_query(db, &rows, query, "t", room_id) : db_query(db, &rows, query, "");

	if (r != 0 || (r = db_next(rows)) != 0)
		return r > 0 ? ERR_DB : r;
	*ret = db_int(rows, 0);
	return 0;
}

static int
is_known(struct db *db, const char *room_id, const char *type, const char *state_key)
{
	autorows struct rows *rows = NULL;
	int r = db_query(db, &rows, Q_POLICY_KNOWN, "ttt", room_id, type, state_key);

	return r != 0 ? r : db_next(rows);
}

int
policy_rule_put(struct db *db, const char *room_id, const char *type, const char *state_key, const struct policy_rule *rule)
{
	int64_t glob = strpbrk(rule->entity, "*?") != NULL, n = 0;
	int r = is_known(db, room_id, type, state_key);

	if (r == E_NOTFOUND)
		r = policy_count(db, NULL, &n);
	if (r != 0)
		return r;
	if (n >= POLICYSTORE_MAX)
		return E_REFUSED;
	return db_run(db, Q_POLICY_PUT, "tttitit", room_id, type, state_key, (int64_t)rule->kind, rule->entity, glob, rule->reason);
}

int
policy_rule_drop(struct db *db, const char *room_id, const char *type, const char *state_key)
{
	int r = is_known(db, room_id, type, state_key);

	return r != 0 ? r : db_run(db, Q_POLICY_DROP, "ttt", room_id, type, state_key);
}

int
policy_forget(struct db *db, const char *room_id)
{
	return db_run(db, Q_POLICY_FORGET, "t", room_id);
}

/* Of what a query found: the first rule that applies. */
static int
judge(struct rows *rows, const char *user, const char *room, char **ret_list, char **ret_reason)
{
	autofree char *list = NULL;
	int r;

	while ((r = db_next(rows)) == 0)
		if (policy_bans((enum policy_kind)db_int(rows, 0), db_text(rows, 1), user, room)) {
			if ((r = rows_dup(rows, 2, &list)) == 0 && (r = rows_dup(rows, 3, ret_reason)) == 0)
				*ret_list = take(list);
			return r;
		}
	return r;
}

static int
find_exact(struct db *db, const char *user, const char *room, char **ret_list, char **ret_reason)
{
	const char *server = user != NULL ? id_server(user) : NULL, *room_server = room != NULL ? strchr(room, ':') : NULL, *port;
	autofree char *host = NULL;
	autorows struct rows *rows = NULL;
	int r;

	room_server = room_server != NULL ? room_server + 1 : server;
	/* A server's name is looked up without its port too. */
	if (server != NULL && (port = strrchr(server, ':')) != NULL && (host = strndup(server, (size_t)(port - server))) == NULL)
		return -ENOMEM;
	r = db_query(db, &rows, Q_POLICY_EXACT, "ttttt", user, room, server, room_server, host);
	return r != 0 ? r : judge(rows, user, room, ret_list, ret_reason);
}

int
policy_find(struct db *db, const char *user, const char *room, char **ret_list, char **ret_reason)
{
	autorows struct rows *rows = NULL;
	int r = find_exact(db, user, room, ret_list, ret_reason);

	if (r != E_NOTFOUND || (r = db_query(db, &rows, Q_POLICY_GLOBS, "")) != 0)
		return r;
	return judge(rows, user, room, ret_list, ret_reason);
}

/* One after the other: a byte for the kind, the entity, a NUL. */
struct policy_globs {
	struct buf	rules;
	size_t		n;
};

int
policy_globs(struct db *db, struct policy_globs **ret)
{
	struct policy_globs *globs = calloc(1, sizeof(*globs));
	autorows struct rows *rows = NULL;
	int r = globs == NULL ? -ENOMEM : db_query(db, &rows, Q_POLICY_GLOBS, "");

	while (r == 0 && (r = db_next(rows)) == 0) {
		const char *entity = db_text(rows, 1);
		char kind = (char)db_int(rows, 0);

		r = entity == NULL || buf_add(&globs->rules, &kind, 1) != 0 ||
		    buf_add(&globs->rules, entity, strlen(entity) + 1) != 0 ? -ENOMEM : 0;
		globs->n++;
	}
	if (r != E_NOTFOUND) {
		policy_globs_free(globs);
		return r;
	}
	*ret = globs;
	return 0;
}

size_t
policy_globs_size(const struct policy_globs *globs)
{
	return globs->n;
}

void
policy_globs_free(struct policy_globs *globs)
{
	if (globs != NULL)
		buf_free(&globs->rules);
	free(globs);
}

int
policy_banned(struct db *db, const struct policy_globs *globs, const char *user)
{
	autofree char *list = NULL, *reason = NULL;
	int r = find_exact(db, user, NULL, &list, &reason);

	for (const char *at = globs->rules.data; r == E_NOTFOUND && at != NULL && at < globs->rules.data + globs->rules.len;
	    at += strlen(at + 1) + 2)
		if (policy_bans((enum policy_kind)*at, at + 1, user, NULL))
			r = 0;
	return r;
}

int
policy_count(struct db *db, const char *room_id, int64_t *ret)
{
	return count(db, room_id != NULL ? Q_POLICY_COUNT : Q_POLICY_TOTAL, room_id, ret);
}

int
policy_servers(struct db *db, int (*fn)(void *, const char *), void *cookie)
{
	autorows struct rows *rows = NULL;
	int r = db_query(db, &rows, Q_POLICY_SERVERS, "");

	while (r == 0 && (r = db_next(rows)) == 0)
		r = fn(cookie, db_text(rows, 0));
	return r == E_NOTFOUND ? 0 : r;
}

int
acl_get(struct db *db, const char *room_id, char **ret)
{
	autorows struct rows *rows = NULL;
	int r = db_query(db, &rows, Q_ACL_GET, "t", room_id);

	if (r != 0 || (r = db_next(rows)) != 0)
		return r;
	return rows_dup(rows, 0, ret);
}

int
acl_put(struct db *db, const char *room_id, const char *hash)
{
	return db_run(db, Q_ACL_PUT, "tt", room_id, hash);
}
