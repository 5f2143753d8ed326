/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "access.h"
#include "bans.h"
#include "base/canon.h"
#include "base/id.h"
#include "base/log.h"
#include "domain/policy.h"
#include "matrix/request.h"
#include "store/audit.h"
#include "store/outbox.h"
#include "store/policystore.h"
#include "trustlist.h"

/*
 * meta: rules or rooms came since bans_step; and which people and rooms are still to be looked at: "FROM TO", those after FROM,
 * and when they are done from the beginning up to TO; "": none.
 */
#define DIRTY		"bans_dirty"
#define PEOPLE		"bans_walk"
#define ROOMS		"bans_rooms"

enum { SERVERS_MAX = 1000 };	/* Of an m.room.server_acl, which must fit an event. */
/* In one turn: rules compared with people, and people at least and at most; and rooms. */
enum { TURN_LOOKS = 100000, TURN_LEAST = 4, TURN_MOST = 64, TURN_ROOMS = 16 };

static int
changed(struct app *app)
{
	return meta_put(app->db, DIRTY, "1", false);
}

int
bans_new_room(struct app *app)
{
	int64_t n;
	int r = policy_count(app->db, NULL, &n);

	return r != 0 || n == 0 ? r : changed(app);
}

int
bans_rule(struct app *app, const char *room_id, const json_t *event)
{
	const char *type = json_str(event, "type"), *key = json_str(event, "state_key");
	autoroom struct room room = { 0 };
	struct policy_rule rule;
	char ref[9];
	int r = room_get(app->db, room_id, &room);

	if (r != 0 || room.kind != ROOM_POLICY || strlen(key) > POLICY_ENTITY_MAX)
		return r == E_NOTFOUND ? 0 : r;
	if ((r = policy_parse(type, json_obj(event, "content"), &rule)) == 0) {
		r = policy_rule_put(app->db, room_id, type, key, &rule);
		if (r == 0 && rule.kind == POLICY_USER && id_is_user(rule.entity))
			r = access_expel(app, rule.entity);
	} else
		r = policy_rule_drop(app->db, room_id, type, key);
	if (r == E_REFUSED)
		log_error("bans", "the policy lists have more than %d rules; one of room %s is left out: follow fewer", POLICYSTORE_MAX, log_ref(room_id, ref));
	return r == 0 ? changed(app) : r > 0 ? 0 : r;
}

int
bans_refuse(struct app *app, const char *user, const char *room_id, struct err *reterr)
{
	autofree char *list = NULL, *reason = NULL;
	int r = policy_find(app->db, user, room_id, &list, &reason);

	if (r != 0)
		return r == E_NOTFOUND ? 0 : r;
	return err_next(reterr, err_set(reterr, E_REFUSED, "%s is banned by a policy list%s%.200s", user != NULL ? user : "the room",
	    *reason != '\0' ? ": " : "", reason), "cairn policy list shows the lists; cairn policy leave ROOM ends following one");
}

/* ---- What new rules mean. ---- */

static int
expel_banned(struct app *app, const struct policy_globs *globs, int64_t pid)
{
	autofree char *user = NULL;
	int r = person_user(app->db, pid, &user);

	if (r == 0 && (r = policy_banned(app->db, globs, user)) == 0)
		r = access_expel(app, user);
	return r == E_NOTFOUND ? 0 : r;
}

static int
walk_get(struct app *app, const char *walk, int64_t *ret_from, int64_t *ret_to)
{
	autofree char *text = NULL;
	char *end;
	int r = meta_get(app->db, walk, false, &text);

	if (r != 0 || *text == '\0')
		return r == 0 ? E_NOTFOUND : r;
	*ret_from = strtoll(text, &end, 10);
	*ret_to = strtoll(end, NULL, 10);
	return 0;
}

static int
walk_put(struct app *app, const char *walk, int64_t from, int64_t to)
{
	char text[48];

	(void)snprintf(text, sizeof(text), "%lld %lld", (long long)from, (long long)to);
	return meta_put(app->db, walk, text, false);
}

/* From where it is once around: what was looked at before the last change is looked at again. */
static int
walk_begin(struct app *app, const char *walk)
{
	int64_t from = 0, to;
	int r = walk_get(app, walk, &from, &to);

	return r < 0 ? r : walk_put(app, walk, from, from);
}

/* After a piece that began behind ${from} and ended with ${last}; 0: there was nothing. */
static int
walk_on(struct app *app, const char *walk, int64_t from, int64_t to, int64_t last)
{
	if (last > 0 && (from >= to || last < to))
		return walk_put(app, walk, last, to);
	return from < to || to == 0 ? meta_put(app->db, walk, "", false) : walk_put(app, walk, 0, to);
}

/* Some of those whom a rule may ban.  E_NOTFOUND: there is nobody left to be looked at. */
static int
expel_some(struct app *app)
{
	autoglobs struct policy_globs *globs = NULL;
	autofree int64_t *pids = NULL;
	int64_t from, to, most;
	size_t n = 0;
	int r = walk_get(app, PEOPLE, &from, &to);

	if (r != 0 || (r = policy_globs(app->db, &globs)) != 0)
		return r;
	most = TURN_LOOKS / (int64_t)(policy_globs_size(globs) + 1);
	most = most < TURN_LEAST ? TURN_LEAST : most > TURN_MOST ? TURN_MOST : most;
	r = roster_people(app->db, from, most, &pids, &n);
	for (size_t i = 0; i < n && r == 0; i++)
		r = expel_banned(app, globs, pids[i]);
	return r != 0 ? r : walk_on(app, PEOPLE, from, to, n > 0 ? pids[n - 1] : 0);
}

struct acl {
	struct app	*app;
	json_t		*deny;
	bool		 cut;		/* There are more than fit. */
	char		 hash[65];
};

/* Our own server stays: nobody shuts themselves out. */
static int
add_server(void *cookie, const char *entity)
{
	struct acl *acl = cookie;
	char user[POLICY_ENTITY_MAX + 8];

	(void)snprintf(user, sizeof(user), "@a:%s", acl->app->cfg->server_name);
	if (policy_bans(POLICY_SERVER, entity, user, NULL))
		return 0;
	acl->cut |= json_array_size(acl->deny) >= SERVERS_MAX;
	return acl->cut ? 0 : json_array_append_new(acl->deny, json_string(entity)) != 0 ? -ENOMEM : 0;
}

static int
send_acl(void *cookie, const struct room *room)
{
	struct acl *acl = cookie;
	autofree char *path = NULL, *before = NULL;
	autojson json_t *body = NULL;
	int r;

	if (room->room_id == NULL || !room->ours || !room->joined || room->kind == ROOM_DIRECT || room->kind == ROOM_UNKNOWN)
		return 0;
	if ((r = acl_get(acl->app->db, room->room_id, &before)) < 0)
		return r;
	if (r == E_NOTFOUND ? json_array_size(acl->deny) == 0 : !strcmp(before, acl->hash))
		return 0;
	path = request_path("/rooms/%s/state/m.room.server_acl/", room->room_id);
	body = json_pack("{s:[s], s:O, s:b}", "allow", "*", "deny", acl->deny, "allow_ip_literals", 1);
	if (path == NULL || body == NULL)
		return -ENOMEM;
	if ((r = acl_put(acl->app->db, room->room_id, acl->hash)) != 0)
		return r;
	return outbox_call(acl->app->db, room->account, room->room_id, "PUT", path, body, "server_acl", room->room_id);
}

/* Of some rooms each that is ours and has another list gets it.  E_NOTFOUND: no room is left to be looked at. */
static int
close_some(struct app *app)
{
	autojson json_t *deny = json_array();
	struct acl acl = { .app = app, .deny = deny };
	autofree char *text = NULL;
	uint8_t hash[crypto_hash_sha256_BYTES];
	int64_t from, to, last;
	int r = walk_get(app, ROOMS, &from, &to);

	if (r != 0 || (r = deny == NULL ? -ENOMEM : policy_servers(app->db, add_server, &acl)) != 0)
		return r;
	if (acl.cut && from == to)
		log_error("bans", "the policy lists ban more than %d servers; the rest is not kept out of our rooms by their servers", SERVERS_MAX);
	if ((r = canon_text(deny, &text, NULL)) != 0)
		return r;
	(void)crypto_hash_sha256(hash, (const uint8_t *)text, strlen(text));
	(void)sodium_bin2hex(acl.hash, sizeof(acl.hash), hash, sizeof(hash));
	r = room_some(app->db, from, TURN_ROOMS, send_acl, &acl, &last);
	return r != 0 ? r : walk_on(app, ROOMS, from, to, last);
}

int
bans_step(struct app *app, bool *ret_more)
{
	autofree char *dirty = NULL;
	int r = meta_get(app->db, DIRTY, false, &dirty);

	if (r < 0)
		return r;
	if (r == E_NOTFOUND || *dirty == '\0') {
		if ((r = expel_some(app)) < 0)
			return r;
		*ret_more |= r == 0;
		r = close_some(app);
		*ret_more |= r == 0;
		return r == E_NOTFOUND ? 0 : r;
	}
	*ret_more = true;
	if ((r = meta_put(app->db, DIRTY, "", false)) != 0 || (r = trustlist_banned(app)) != 0 || (r = walk_begin(app, PEOPLE)) != 0)
		return r;
	return walk_begin(app, ROOMS);
}

/* ---- Verbs. ---- */

int
bans_follow(struct app *app, const char *actor, const json_t *args, json_t **ret, struct err *reterr)
{
	const char *id = json_str(args, "room"), *via = json_str(args, "via");
	autofree char *path = NULL;
	autojson json_t *body = json_object();
	struct room new = { .room_id = (char *)(uintptr_t)id, .account = (char *)app_account_name[APP_STEWARD], .kind = ROOM_POLICY };
	autoroom struct room known = { 0 };
	int r;

	if (!id_is_room(id))
		return err_set(reterr, E_BAD, "room: the id of the policy list's room is missing; it looks like !opaque or !opaque:server");
	if (!id_is_server(via))
		return err_set(reterr, E_BAD, "via: the name of a server that is in that room is missing");
	if (app->crypt == NULL)
		return err_next(reterr, err_set(reterr, E_REFUSED, "this node is not set up"), "run cairn setup");
	if ((r = room_get(app->db, id, &known)) < 0)
		return r;
	if (r == 0 && known.kind == ROOM_POLICY)
		return err_set(reterr, E_EXISTS, "that list is followed already");
	/* One that was left is followed anew: its server shows all its rules to who joins. */
	if (r == 0 && (known.kind != ROOM_UNKNOWN || strcmp(known.account, new.account) != 0))
		return err_set(reterr, E_REFUSED, "that is a room of another kind");
	if ((path = request_path("/join/%s?server_name=%s&via=%s", id, via, via)) == NULL || body == NULL)
		return -ENOMEM;
	if ((r = room_put(app->db, &new)) != 0 ||
	    (r = outbox_call(app->db, new.account, id, "POST", path, body, "join", id)) != 0 ||
	    (r = audit_add(app->db, app_now(app), actor, "policy_follow", id, NULL)) != 0)
		return r;
	*ret = json_pack("{s:s, s:s}", "room", id, "delivery", "queued");
	return *ret != NULL ? 0 : -ENOMEM;
}

int
bans_leave(struct app *app, const char *actor, const json_t *args, json_t **ret, struct err *reterr)
{
	const char *id = json_str(args, "room");
	autofree char *path = NULL;
	autojson json_t *body = json_object();
	autoroom struct room room = { 0 };
	int r;

	if (!id_is_room(id))
		return err_set(reterr, E_BAD, "room: the id of the policy list's room is missing; cairn policy list shows it");
	if ((r = room_get(app->db, id, &room)) != 0 || room.kind != ROOM_POLICY)
		return r < 0 ? r : err_set(reterr, E_NOTFOUND, "no list of that room is followed");
	if ((path = request_path("/rooms/%s/leave", id)) == NULL || body == NULL)
		return -ENOMEM;
	room.kind = ROOM_UNKNOWN;
	if ((r = policy_forget(app->db, id)) != 0 || (r = room_put(app->db, &room)) != 0 || (r = changed(app)) != 0 ||
	    (r = outbox_call(app->db, room.account, id, "POST", path, body, "leave", id)) != 0 ||
	    (r = audit_add(app->db, app_now(app), actor, "policy_leave", id, NULL)) != 0)
		return r;
	*ret = json_pack("{s:s, s:s}", "room", id, "text", "its rules do not count any more; who was banned by it may be written to again");
	return *ret != NULL ? 0 : -ENOMEM;
}

int
bans_check(struct app *app, const char *actor, const json_t *args, json_t **ret, struct err *reterr)
{
	const char *user = json_str(args, "user");
	autofree char *list = NULL, *reason = NULL;
	int r;

	(void)actor;
	if (!id_is_user(user))
		return err_set(reterr, E_BAD, "user: not a Matrix user id; it looks like @name:server");
	if ((r = policy_find(app->db, user, NULL, &list, &reason)) < 0)
		return r;
	*ret = r == 0 ? json_pack("{s:s, s:b, s:s, s:s}", "user", user, "banned", 1, "list", list, "reason", reason) :
	    json_pack("{s:s, s:b}", "user", user, "banned", 0);
	return *ret != NULL ? 0 : -ENOMEM;
}

struct lists {
	struct app	*app;
	json_t		*items;
};

static int
add_list(void *cookie, const struct room *room)
{
	struct lists *lists = cookie;
	int64_t n;
	int r = policy_count(lists->app->db, room->room_id, &n);

	if (r != 0)
		return r;
	return json_array_append_new(lists->items, json_pack("{s:s, s:I, s:b}", "room", room->room_id, "rules", (json_int_t)n,
	    "joined", (int)room->joined)) != 0 ? -ENOMEM : 0;
}

int
bans_list(struct app *app, const char *actor, const json_t *args, json_t **ret, struct err *reterr)
{
	struct lists lists = { .app = app, .items = json_array() };
	int r = lists.items == NULL ? -ENOMEM : room_each(app->db, ROOM_POLICY, add_list, &lists);

	(void)actor, (void)args, (void)reterr;
	if (r == 0 && (*ret = json_pack("{s:O}", "items", lists.items)) == NULL)
		r = -ENOMEM;
	json_decref(lists.items);
	return r;
}
