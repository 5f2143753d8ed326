/* SPDX-License-Identifier: Apache-2.0 */
/* hs_rooms: rooms of version 12, their state, and how events reach servers. */
#include <stdlib.h>
#include <string.h>

#include "base/canon.h"
#include "base/id.h"
#include "hs_world.h"

static char *
state_id(const char *type, const char *key)
{
	return hs_text("%s %s", type, key);
}

static json_t *
state_get(const json_t *state, const char *type, const char *key)
{
	autofree char *id = state_id(type, key);

	return json_object_get(state, id);
}

void
hs_state_put(json_t *state, json_t *event)
{
	const char *key = json_str(event, "state_key");

	if (key != NULL) {
		autofree char *id = state_id(json_str(event, "type"), key);

		(void)json_object_set(state, id, event);
	}
}

const char *
hs_membership(const json_t *state, const char *user)
{
	const char *is = json_str(json_obj(state_get(state, "m.room.member", user), "content"), "membership");

	return is != NULL ? is : "";
}

static struct hs_room *
find_room(const struct hs *hs, const char *id)
{
	for (struct hs_room *r = hs->rooms; r != NULL; r = r->next)
		if (!strcmp(r->id, id))
			return r;
	return NULL;
}

/*
 * Power: creators stand above all levels.
 */

static long long
level_of(const struct hs_room *room, const char *user)
{
	const json_t *create = json_array_get(room->events, 0), *who;
	const json_t *levels = json_obj(state_get(room->state, "m.room.power_levels", ""), "content");
	size_t i;

	if (!strcmp(json_str(create, "sender"), user))
		return INT64_MAX;
	json_array_foreach(json_arr(json_obj(create, "content"), "additional_creators"), i, who)
		if (json_is_string(who) && !strcmp(json_string_value(who), user))
			return INT64_MAX;
	return json_int(json_obj(levels, "users"), user, json_int(levels, "users_default", 0));
}

static long long
level_for(const struct hs_room *room, const char *type, bool is_state)
{
	const json_t *levels = json_obj(state_get(room->state, "m.room.power_levels", ""), "content");

	return json_int(json_obj(levels, "events"), type,
	    json_int(levels, is_state ? "state_default" : "events_default", is_state ? 50 : 0));
}

static long long
level_to(const struct hs_room *room, const char *what)
{
	return json_int(json_obj(state_get(room->state, "m.room.power_levels", ""), "content"), what, 0);
}

/*
 * Delivery.
 */

static bool
is_member_of(const json_t *event, const struct hs_server *server)
{
	const char *type = json_str(event, "type"), *user = json_str(event, "state_key");

	return !strcmp(type, "m.room.member") && user != NULL && id_server(user) != NULL &&
	    !strcmp(id_server(user), server->name);
}

static bool
has_members(const json_t *state, const struct hs_server *server)
{
	const char *id;
	json_t *event;

	json_object_foreach((json_t *)state, id, event)
		if (is_member_of(event, server) &&
		    !strcmp(hs_membership(state, json_str(event, "state_key")), "join"))
			return true;
	return false;
}

void
hs_arrive(struct hs *hs, struct hs_server *server, json_t *item)
{
	const char *room = json_str(item, "room"), *user;
	json_t *event = json_obj(item, "event"), *state;

	(void)hs;
	if (event == NULL) {
		if (room != NULL) {
			json_t *users = json_object_get(server->invites, room);

			if (users == NULL) {
				users = json_object();
				(void)json_object_set_new(server->invites, room, users);
			}
			(void)json_object_set(users, json_str(item, "user"), json_object_get(item, "invite"));
		}
		(void)json_array_append(server->log, item);
		return;
	}
	/* A server that joins brings the state that it was given. */
	if (json_obj(item, "given") != NULL)
		(void)json_object_set_new(server->rooms, room, json_copy(json_obj(item, "given")));
	state = json_object_get(server->rooms, room);
	if (state == NULL && !is_member_of(event, server))
		return;		/* It has nobody there (any more). */
	(void)json_object_set_new(item, "before", state != NULL ? json_copy(state) : json_object());
	(void)json_array_append(server->log, item);
	if (is_member_of(event, server) &&
	    strcmp(json_str(json_obj(event, "content"), "membership"), "invite") != 0) {
		user = json_str(event, "state_key");
		(void)json_object_del(json_object_get(server->invites, room), user);
	}
	if (state == NULL)
		return;
	hs_state_put(state, event);
	if (is_member_of(event, server) && !has_members(state, server))
		(void)json_object_del(server->rooms, room);
}

/* What an invited user's server tells it of the room. */
static json_t *
stripped(const struct hs_room *room, const json_t *invitation)
{
	static const char *const types[] = { "m.room.create", "m.room.join_rules", "m.room.encryption",
	    "m.room.name", "m.room.topic", "m.room.canonical_alias", "m.room.avatar" };
	json_t *list = json_array();

	for (size_t i = 0; i <= nelem(types); i++) {
		const json_t *e = i < nelem(types) ? state_get(room->state, types[i], "") : invitation;

		if (e != NULL)
			(void)json_array_append_new(list, json_pack("{s:O, s:O, s:O, s:O}",
			    "type", json_object_get(e, "type"), "sender", json_object_get(e, "sender"),
			    "state_key", json_object_get(e, "state_key"),
			    "content", json_object_get(e, "content")));
	}
	return hs_must(list);
}

/* Everything that happens in a room happens here.  Borrows ${content}; the event is borrowed from the room. */
static json_t *
append(struct hs *hs, struct hs_room *room, const char *sender, const char *type, const char *key,
    json_t *content)
{
	autofree char *id = hs_id(hs, '$');
	json_t *event = hs_must(json_pack("{s:s, s:s, s:s, s:s, s:I, s:s*, s:O}", "type", type,
	    "sender", sender, "event_id", id, "room_id", room->id, "origin_server_ts",
	    (json_int_t)*hs->now, "state_key", key, "content", content));
	autojson json_t *before = json_copy(room->state);
	const char *membership = key != NULL && !strcmp(type, "m.room.member") ?
	    json_str(content, "membership") : NULL;
	struct hs_server *from = hs_server(hs, id_server(sender));

	(void)json_array_append_new(room->events, event);
	hs_state_put(room->state, event);
	for (struct hs_server *s = hs->servers; s != NULL; s = s->next) {
		bool there = json_object_get(s->rooms, room->id) != NULL;
		bool its = membership != NULL && is_member_of(event, s);
		json_t *item = json_pack("{s:s, s:O}", "room", room->id, "event", event);

		if (its && !strcmp(membership, "invite"))
			hs_send(hs, from, s, NULL, json_pack("{s:s, s:o, s:s}", "room", room->id,
			    "invite", stripped(room, event), "user", key));
		if (its && !strcmp(membership, "join") && !there)
			(void)json_object_set(item, "given", before);
		if (there || (its && strcmp(membership, "invite") != 0))
			hs_send(hs, from, s, NULL, item);
		else
			json_decref(item);
	}
	return event;
}

static json_t *
member(struct hs *hs, struct hs_room *room, const char *sender, const char *user, const char *membership,
    bool direct)
{
	autojson json_t *content = json_pack("{s:s, s:s}", "membership", membership, "displayname", user);

	if (direct)
		(void)json_object_set_new(content, "is_direct", json_true());
	return append(hs, room, sender, "m.room.member", user, content);
}

void
hs_inject(struct hs *hs, const char *id, const char *sender, const char *type, const char *key,
    json_t *content)
{
	struct hs_room *room = find_room(hs, id);

	(void)append(hs, hs_must(room), sender, type, key, content);
}

/*
 * Endpoints.
 */

static json_t *
standard_levels(const json_t *override)
{
	json_t *levels = hs_must(json_pack("{s:{}, s:i, s:i, s:i, s:i, s:i, s:i, s:i, s:{s:i, s:i, s:i, s:i, s:i}}",
	    "users", "users_default", 0, "events_default", 0, "state_default", 50, "ban", 50, "kick", 50,
	    "redact", 50, "invite", 0, "events", "m.room.name", 50, "m.room.power_levels", 100,
	    "m.room.history_visibility", 100, "m.room.encryption", 100, "m.room.tombstone", 150));

	if (override != NULL)
		(void)json_object_update(levels, (json_t *)override);
	return levels;
}

/* What the preset private_chat sets, unless the initial state says else. */
static void
preset(struct hs *hs, struct hs_room *room, const char *user, const json_t *initial)
{
	static const char *const types[][3] = {
		{ "m.room.join_rules", "join_rule", "invite" },
		{ "m.room.history_visibility", "history_visibility", "shared" },
		{ "m.room.guest_access", "guest_access", "can_join" },
	};
	const json_t *item;
	size_t k;

	for (size_t i = 0; i < nelem(types); i++) {
		autojson json_t *content = json_pack("{s:s}", types[i][1], types[i][2]);
		bool given = false;

		json_array_foreach(initial, k, item)
			given |= !strcmp(json_str(item, "type"), types[i][0]);
		if (!given)
			(void)append(hs, room, user, types[i][0], "", content);
	}
}

static bool
is_closed(const struct hs *hs, const char *user)
{
	return hs->script.closed != NULL && !strcmp(hs->script.closed, id_server(user));
}

static int
do_invite(struct hs *hs, struct hs_room *room, const char *sender, const char *user, bool direct, json_t **ret)
{
	autofree char *already = NULL;

	if (hs_user(hs, user) == NULL)
		return hs_refuse(ret, 404, "M_NOT_FOUND", "No such user");
	if (strcmp(hs_membership(room->state, sender), "join") != 0 ||
	    level_of(room, sender) < level_to(room, "invite"))
		return hs_refuse(ret, 403, "M_FORBIDDEN", "You don't have permission to invite users");
	if (!strcmp(hs_membership(room->state, user), "join")) {
		already = hs_text("%s is already in the room.", user);
		return hs_refuse(ret, 403, "M_FORBIDDEN", already);
	}
	if (is_closed(hs, user))
		return hs_refuse(ret, hs->script.closed_status, hs->script.closed_status == 403 ? "M_FORBIDDEN" : "M_UNKNOWN",
		    "Failed to invite");
	if (strcmp(hs_membership(room->state, user), "invite") != 0)
		(void)member(hs, room, sender, user, "invite", direct);
	*ret = json_object();
	return 200;
}

int
hs_create(struct hs_req *rq, json_t **ret)
{
	const char *user = rq->dev->user->id, *version = json_str(rq->body, "room_version");
	struct hs_room *room;
	autojson json_t *creation = json_object(), *levels = NULL;
	const json_t *item;
	size_t i;

	if (version == NULL || strcmp(version, "12") != 0) {
		hs_complain(rq->hs, "a room of another version than 12 was asked for");
		return hs_refuse(ret, 400, "M_UNSUPPORTED_ROOM_VERSION", "Only version 12");
	}
	room = hs_must(calloc(1, sizeof(*room)));
	*room = (struct hs_room){ .id = hs_id(rq->hs, '!'), .events = json_array(), .state = json_object(),
	    .next = rq->hs->rooms };
	rq->hs->rooms = room;
	(void)json_object_set_new(rq->dev->user->server->rooms, room->id, json_object());
	if (json_obj(rq->body, "creation_content") != NULL)
		(void)json_object_update(creation, json_obj(rq->body, "creation_content"));
	(void)json_object_set_new(creation, "room_version", json_string("12"));
	(void)append(rq->hs, room, user, "m.room.create", "", creation);
	(void)member(rq->hs, room, user, user, "join", false);
	levels = standard_levels(json_obj(rq->body, "power_level_content_override"));
	(void)append(rq->hs, room, user, "m.room.power_levels", "", levels);
	preset(rq->hs, room, user, json_arr(rq->body, "initial_state"));
	json_array_foreach(json_arr(rq->body, "initial_state"), i, item) {
		const char *key = json_str(item, "state_key");

		(void)append(rq->hs, room, user, json_str(item, "type"), key != NULL ? key : "",
		    json_obj(item, "content"));
	}
	for (i = 0; i < 2; i++) {
		const char *what = i == 0 ? "name" : "topic", *text = json_str(rq->body, what);
		autofree char *type = hs_text("m.room.%s", what);
		autojson json_t *content = text != NULL ? json_pack("{s:s}", what, text) : NULL;

		if (content != NULL)
			(void)append(rq->hs, room, user, type, "", content);
	}
	json_array_foreach(json_arr(rq->body, "invite"), i, item) {
		int status = do_invite(rq->hs, room, user, json_string_value(item),
		    json_is_true(json_object_get(rq->body, "is_direct")), ret);

		if (status != 200 && is_closed(rq->hs, json_string_value(item)))
			return status;
		json_decref(*ret);
		if (status != 200)
			hs_complain(rq->hs, "createRoom invites somebody who does not exist");
	}
	*ret = json_pack("{s:s}", "room_id", room->id);
	return 200;
}

static struct hs_room *
need_room(struct hs_req *rq, const char *id)
{
	return id != NULL ? find_room(rq->hs, id) : NULL;
}

static int
not_in(json_t **ret)
{
	return hs_refuse(ret, 403, "M_FORBIDDEN", "User not in room");
}

int
hs_invite(struct hs_req *rq, json_t **ret)
{
	struct hs_room *room = need_room(rq, rq->seg[1]);

	if (room == NULL)
		return not_in(ret);
	return do_invite(rq->hs, room, rq->dev->user->id, json_str(rq->body, "user_id"), false, ret);
}

/* A server in the room must be known: its own, or one named in the query. */
static bool
reachable(const struct hs_req *rq, const struct hs_room *room)
{
	const char *via = json_str(rq->query, "via"), *old = json_str(rq->query, "server_name");
	const struct hs_server *s = via != NULL ? hs_server(rq->hs, via) : NULL;

	if (s == NULL && old != NULL)
		s = hs_server(rq->hs, old);
	return json_object_get(rq->dev->user->server->rooms, room->id) != NULL ||
	    (s != NULL && json_object_get(s->rooms, room->id) != NULL);
}

int
hs_join(struct hs_req *rq, json_t **ret)
{
	struct hs_room *room = need_room(rq, rq->seg[1]);
	const char *user = rq->dev->user->id, *is, *rule;

	if (room == NULL || !reachable(rq, room))
		return hs_refuse(ret, 404, "M_NOT_FOUND", "Can't join remote room because no servers that are "
		    "in the room have been provided.");
	is = hs_membership(room->state, user);
	rule = json_str(json_obj(state_get(room->state, "m.room.join_rules", ""), "content"), "join_rule");
	if (!strcmp(is, "ban") || (strcmp(is, "join") && strcmp(is, "invite") &&
	    (rule == NULL || strcmp(rule, "public"))))
		return hs_refuse(ret, 403, "M_FORBIDDEN", "You are not invited to this room.");
	if (strcmp(is, "join") != 0)
		(void)member(rq->hs, room, user, user, "join", false);
	*ret = json_pack("{s:s}", "room_id", room->id);
	return 200;
}

int
hs_leave(struct hs_req *rq, json_t **ret)
{
	struct hs_room *room = need_room(rq, rq->seg[1]);
	const char *user = rq->dev->user->id;

	if (room == NULL || *hs_membership(room->state, user) == '\0')
		return not_in(ret);
	if (strcmp(hs_membership(room->state, user), "leave") != 0)
		(void)member(rq->hs, room, user, user, "leave", false);
	*ret = json_object();
	return 200;
}

static int
may_send(const struct hs_req *rq, const struct hs_room *room, const char *type, bool is_state, json_t **ret)
{
	const char *user = rq->dev->user->id;

	if (room == NULL || strcmp(hs_membership(room->state, user), "join") != 0)
		return not_in(ret);
	if (level_of(room, user) < level_for(room, type, is_state))
		return hs_refuse(ret, 403, "M_FORBIDDEN", "You don't have permission to post that to the room.");
	return 0;
}

/* The one text that a node may say in clear (app/talk.h, talk_clear). */
static bool
is_fixed(const json_t *content)
{
	const char *body = json_str(content, "body");

	return json_object_size(content) == 3 && json_object_size(json_obj(content, "m.mentions")) == 0 && body != NULL &&
	    strstr(body, "it says this to everybody whose app is not verified") != NULL;
}

int
hs_send_event(struct hs_req *rq, json_t **ret)
{
	struct hs_room *room = need_room(rq, rq->seg[1]);
	const char *type = rq->seg[3];
	int status = may_send(rq, room, type, false, ret);

	if (status != 0)
		return status;
	if (!strncmp(rq->dev->user->id, "@steward:", strlen("@steward:")))
		hs_complain(rq->hs, "a steward says something: %s", type);
	if (!strcmp(type, "m.room.encrypted"))
		hs_ratchet_event(rq->hs, rq->body);
	else if (state_get(room->state, "m.room.encryption", "") != NULL && !is_fixed(rq->body))
		hs_complain(rq->hs, "%s was sent in clear to an encrypted room", type);
	*ret = json_pack("{s:O}", "event_id", json_object_get(append(rq->hs, room, rq->dev->user->id, type,
	    NULL, (json_t *)rq->body), "event_id"));
	return 200;
}

/* Of those whom a client sets so, an invitation is all that is known here. */
static int
put_member(struct hs_req *rq, struct hs_room *room, const char *user, json_t **ret)
{
	int status = do_invite(rq->hs, room, rq->dev->user->id, user, json_is_true(json_object_get(rq->body, "is_direct")), ret);

	if (strcmp(json_str(rq->body, "membership"), "invite") != 0)
		hs_complain(rq->hs, "a membership other than an invitation was set as state");
	if (status == 200)
		(void)json_object_set(*ret, "event_id", json_object_get(state_get(room->state, "m.room.member", user), "event_id"));
	return status;
}

int
hs_put_state(struct hs_req *rq, json_t **ret)
{
	struct hs_room *room = need_room(rq, rq->seg[1]);
	const char *type = rq->seg[3], *key = rq->nseg > 4 ? rq->seg[4] : "", *user = rq->dev->user->id;
	int status = may_send(rq, room, type, true, ret);
	const json_t *event;

	if (status != 0)
		return status;
	if (!strcmp(type, "m.room.member"))
		return put_member(rq, room, key, ret);
	event = state_get(room->state, type, key);
	if (event == NULL || strcmp(json_str(event, "sender"), user) != 0 ||
	    !json_equal(json_object_get(event, "content"), rq->body)) {
		if (!strcmp(type, "m.room.encrypted"))
			hs_ratchet_event(rq->hs, rq->body);
		event = append(rq->hs, room, user, type, key, (json_t *)rq->body);
	} else
		rq->replay = true;
	*ret = json_pack("{s:O}", "event_id", json_object_get(event, "event_id"));
	return 200;
}

/* The room's state as the user's server has it: all of it, or of one type. */
static int
state_list(struct hs_req *rq, const char *type, json_t **ret)
{
	const json_t *state = json_object_get(rq->dev->user->server->rooms, rq->seg[1]);
	const char *id;
	json_t *event;

	if (state == NULL || strcmp(hs_membership(state, rq->dev->user->id), "join") != 0)
		return not_in(ret);
	*ret = json_array();
	json_object_foreach((json_t *)state, id, event)
		if (type == NULL || !strcmp(json_str(event, "type"), type))
			(void)json_array_append(*ret, event);
	return 200;
}

int
hs_get_state(struct hs_req *rq, json_t **ret)
{
	return state_list(rq, NULL, ret);
}

/* The content of one event, as the user's server has it; one who left sees what was then. */
int
hs_get_state_of(struct hs_req *rq, json_t **ret)
{
	const json_t *state = json_object_get(rq->dev->user->server->rooms, rq->seg[1]), *event;

	if (state == NULL || *hs_membership(state, rq->dev->user->id) == '\0')
		return not_in(ret);
	if ((event = state_get(state, rq->seg[3], rq->seg[4])) == NULL) {
		*ret = json_pack("{s:s, s:s}", "errcode", "M_NOT_FOUND", "error", "Event not found.");
		return 404;
	}
	*ret = json_incref(json_obj(event, "content"));
	return 200;
}

/* Those who left or were banned too. */
int
hs_members(struct hs_req *rq, json_t **ret)
{
	json_t *chunk = NULL;
	int status = state_list(rq, "m.room.member", &chunk);

	*ret = status == 200 ? json_pack("{s:o}", "chunk", chunk) : chunk;
	return status;
}
