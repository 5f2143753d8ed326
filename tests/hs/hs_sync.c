/* SPDX-License-Identifier: Apache-2.0 */
/* hs_sync: what is new for one device since its last token "s<log>_<to-device>". */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/canon.h"
#include "base/id.h"
#include "hs_world.h"

enum { LIMIT = 10 };		/* Timeline events of one room, unless the filter says else. */
enum { HEROES = 5 };

struct view {
	struct hs_req	*rq;
	const char	*user;
	const struct hs_server *server;
	long		 since, end;	/* Of the server's log; since -1: never synced. */
	long		 limit;
	json_t		*not_types;	/* Of state. */
	bool		 lazy;		/* Of its members only some. */
	json_t		*data_types;	/* Of account data, those wanted; NULL: all. */
	json_t		*rooms, *changed, *left;	/* rooms: {room: [index of item]} */
};

static const json_t *
item_at(const struct view *v, long i)
{
	return json_array_get(v->server->log, (size_t)i);
}

static void
add_user(json_t *list, const char *user)
{
	const json_t *held;
	size_t i;

	json_array_foreach(list, i, held)
		if (!strcmp(json_string_value(held), user))
			return;
	(void)json_array_append_new(list, json_string(user));
}

/* Do both share a room now, as this server knows it? */
static bool
share(const struct view *v, const char *other)
{
	const char *id;
	json_t *state;

	json_object_foreach(v->server->rooms, id, state)
		if (!strcmp(hs_membership(state, v->user), "join") && !strcmp(hs_membership(state, other), "join"))
			return true;
	return false;
}

/* A member event changes whose devices matter. */
static void
note_member(struct view *v, const json_t *event, const json_t *before)
{
	const char *who = json_str(event, "state_key"), *is = json_str(json_obj(event, "content"), "membership");
	const char *id;
	json_t *other;

	if (!strcmp(is, hs_membership(before, who)))
		return;
	if (strcmp(who, v->user) != 0) {
		if (!strcmp(is, "join") && share(v, who))
			add_user(v->changed, who);
		if (!strcmp(hs_membership(before, who), "join") && !share(v, who))
			add_user(v->left, who);
		return;
	}
	json_object_foreach((json_t *)before, id, other) {
		const char *user = json_str(other, "state_key");

		if (strcmp(json_str(other, "type"), "m.room.member") != 0 || !strcmp(user, v->user) ||
		    strcmp(hs_membership(before, user), "join") != 0)
			continue;
		if (!strcmp(is, "join"))
			add_user(v->changed, user);
		else if (!share(v, user))
			add_user(v->left, user);
	}
}

/* By the room's history visibility and the user's membership then. */
bool
hs_visible(const char *user, const json_t *event, const json_t *before, const json_t *now)
{
	autofree char *key = hs_text("m.room.history_visibility ");
	const char *rule = json_str(json_obj(json_object_get(before, key), "content"), "history_visibility");
	const char *is = hs_membership(before, user);

	if (json_str(event, "state_key") != NULL && !strcmp(json_str(event, "type"), "m.room.member") &&
	    !strcmp(json_str(event, "state_key"), user))
		return true;
	if (!strcmp(is, "join"))
		return true;
	if (rule != NULL && !strcmp(rule, "joined"))
		return false;
	if (rule != NULL && !strcmp(rule, "invited"))
		return !strcmp(is, "invite");
	return !strcmp(hs_membership(now, user), "join");
}

static void
walk(struct view *v)
{
	const json_t *item;

	for (long i = v->since < 0 ? 0 : v->since; i < v->end; i++) {
		const char *room, *keys;

		item = item_at(v, i);
		room = json_str(item, "room");
		keys = json_str(item, "keys");
		if (keys != NULL && (!strcmp(keys, v->user) || share(v, keys)))
			add_user(v->changed, keys);
		if (room != NULL && json_object_get(v->rooms, room) == NULL)
			(void)json_object_set_new(v->rooms, room, json_array());
		if (room != NULL)
			(void)json_array_append_new(json_object_get(v->rooms, room), json_integer(i));
		if (json_obj(item, "event") != NULL &&
		    !strcmp(json_str(json_obj(item, "event"), "type"), "m.room.member"))
			note_member(v, json_obj(item, "event"), json_obj(item, "before"));
	}
}

static bool
wanted(const struct view *v, const char *name)
{
	const json_t *type;
	size_t i;

	json_array_foreach(v->data_types, i, type)
		if (!strcmp(json_string_value(type), name))
			return true;
	return v->data_types == NULL;
}

/* What changed of the account's data, as it is now. */
static json_t *
account_part(const struct view *v)
{
	autojson json_t *changed = json_object();
	json_t *events = json_array(), *content;
	const char *type;

	for (long i = v->since < 0 ? 0 : v->since; i < v->end; i++) {
		const char *user = json_str(item_at(v, i), "account_data");

		type = json_str(item_at(v, i), "type");
		if (user != NULL && !strcmp(user, v->user) && wanted(v, type))
			(void)json_object_set(changed, type, json_object_get(v->rq->dev->user->account_data, type));
	}
	json_object_foreach(changed, type, content)
		(void)json_array_append_new(events, json_pack("{s:s, s:O}", "type", type, "content", content));
	return events;
}

static bool
filtered(const struct view *v, const json_t *event)
{
	const json_t *type;
	size_t i;

	json_array_foreach(v->not_types, i, type)
		if (!strcmp(json_string_value(type), json_str(event, "type")))
			return true;
	return false;
}

/* Of the others in the room, or else of those who were, the first few: a client names the room after them. */
static bool
is_hero(const struct view *v, const json_t *state, const char *who)
{
	int n = 0;

	for (int there = 1; there >= 0 && n == 0; there--) {
		const char *id;
		json_t *event;

		json_object_foreach((json_t *)state, id, event) {
			const char *user = json_str(event, "state_key"), *is;

			if (strcmp(json_str(event, "type"), "m.room.member") != 0 || !strcmp(user, v->user))
				continue;
			is = hs_membership(state, user);
			if ((!strcmp(is, "join") || !strcmp(is, "invite")) == (there == 1) && n++ < HEROES && !strcmp(user, who))
				return true;
		}
	}
	return false;
}

/*
 * Is it a member whom lazy loading leaves out?  As in Synapse: only where all state is wanted; of
 * what changed in a gap nobody is left out.
 */
static bool
left_out(const struct view *v, const json_t *state, const json_t *event, const json_t *timeline)
{
	const char *who = json_str(event, "state_key");
	const json_t *said;
	size_t i;

	if (!v->lazy || strcmp(json_str(event, "type"), "m.room.member") != 0 || !strcmp(who, v->user))
		return false;
	json_array_foreach(timeline, i, said)
		if (!strcmp(json_str(said, "sender"), who))
			return false;
	return !is_hero(v, state, who);
}

/* State that the timeline does not show: all of it (${from} is NULL), or what changed in the gap before it. */
static json_t *
state_part(const struct view *v, const json_t *now, const json_t *from, const json_t *to, const json_t *timeline)
{
	json_t *list = json_array(), *event;
	const char *id;

	json_object_foreach((json_t *)to, id, event)
		if (json_object_get(from, id) != event && !filtered(v, event) &&
		    (from != NULL || !left_out(v, now, event, timeline)))
			(void)json_array_append(list, event);
	return list;
}

/* Did the user join in this window?  Then the room begins anew for it. */
static bool
newly_joined(const struct view *v, const json_t *indices)
{
	const json_t *index;
	size_t i;

	if (v->since < 0)
		return true;
	json_array_foreach(indices, i, index) {
		const json_t *item = item_at(v, (long)json_integer_value(index));
		const json_t *event = json_obj(item, "event");

		if (event != NULL && json_str(event, "state_key") != NULL &&
		    !strcmp(json_str(event, "type"), "m.room.member") &&
		    !strcmp(json_str(event, "state_key"), v->user) &&
		    strcmp(hs_membership(json_obj(item, "before"), v->user), "join") != 0 &&
		    !strcmp(json_str(json_obj(event, "content"), "membership"), "join"))
			return true;
	}
	return false;
}

/* Where the room begins for the user: with its own server's join, or with what is new. */
static long
beginning(const struct view *v, const char *room, bool fresh, bool *ret_remote)
{
	long from = fresh || v->since < 0 ? 0 : v->since;

	*ret_remote = false;
	for (long i = from; i < v->end && fresh; i++)
		if (json_obj(item_at(v, i), "given") != NULL && !strcmp(json_str(item_at(v, i), "room"), room)) {
			*ret_remote = true;
			from = i;
		}
	return from;
}

static json_t *
joined_part(const struct view *v, const char *room, const json_t *state, bool fresh)
{
	autojson json_t *shown = json_array();		/* Where in the log. */
	autofree char *prev_batch = NULL;
	json_t *events = json_array();
	const json_t *since = NULL, *first = NULL;
	long from = v->end;
	bool remote;
	size_t n, skip;

	for (long i = beginning(v, room, fresh, &remote); i < v->end; i++) {
		const json_t *item = item_at(v, i), *event = json_obj(item, "event");

		if (event == NULL || strcmp(json_str(item, "room"), room) != 0)
			continue;
		if (since == NULL)
			since = json_obj(item, "before");
		if (hs_visible(v->user, event, json_obj(item, "before"), state))
			(void)json_array_append_new(shown, json_integer(i));
	}
	n = json_array_size(shown);
	skip = n > (size_t)v->limit ? n - (size_t)v->limit : 0;
	for (size_t i = n; i-- > skip;) {
		from = (long)json_integer_value(json_array_get(shown, i));
		first = json_obj(item_at(v, from), "before");
		(void)json_array_insert(events, 0, json_obj(item_at(v, from), "event"));
	}
	prev_batch = hs_text("t%ld", from);
	return json_pack("{s:{s:o}, s:{s:o, s:b, s:s}}", "state", "events",
	    state_part(v, state, fresh ? NULL : since, first != NULL ? first : since, events), "timeline", "events", events,
	    "limited", remote || skip > 0, "prev_batch", prev_batch);
}

static void
rooms_part(struct view *v, json_t *answer)
{
	autojson json_t *join = json_object(), *invite = json_object(), *leave = json_object();
	json_t *indices;
	const char *room;

	if (v->since < 0)
		walk(v);
	json_object_foreach(v->rooms, room, indices) {
		const json_t *state = json_object_get(v->server->rooms, room);
		json_t *invited = json_object_get(json_object_get(v->server->invites, room), v->user);
		const json_t *last = item_at(v, (long)json_integer_value(json_array_get(indices,
		    json_array_size(indices) - 1)));

		if (state != NULL && !strcmp(hs_membership(state, v->user), "join"))
			(void)json_object_set_new(join, room, joined_part(v, room, state, newly_joined(v, indices)));
		else if (invited != NULL) {
			/* Told once: in the window in which it came. */
			(void)json_object_set_new(invite, room, json_pack("{s:{s:O}}", "invite_state", "events", invited));
		} else if (v->since >= 0 && !strcmp(json_str(json_obj(last, "event"), "type") != NULL ?
		    json_str(json_obj(last, "event"), "type") : "", "m.room.member") &&
		    !strcmp(json_str(json_obj(last, "event"), "state_key"), v->user))
			(void)json_object_set_new(leave, room, json_pack("{s:{s:[O]}}", "timeline", "events",
			    json_obj(last, "event")));
	}
	(void)json_object_set_new(answer, "rooms", json_pack("{s:O, s:O, s:O}", "join", join,
	    "invite", invite, "leave", leave));
}

/* Messages up to ${acked} arrived: forget them. */
static json_t *
todevice_part(struct hs_device *dev, long acked, long *ret_last)
{
	json_t *events = json_array(), *item;
	size_t i = 0;

	*ret_last = acked;
	while (i < json_array_size(dev->inbox)) {
		item = json_array_get(dev->inbox, i);
		if (json_int(item, "pos", 0) <= acked) {
			(void)json_array_remove(dev->inbox, i);
			continue;
		}
		if (json_array_size(events) == HS_TODEVICE_MAX)
			break;
		(void)json_array_append(events, json_object_get(item, "event"));
		*ret_last = (long)json_int(item, "pos", 0);
		i++;
	}
	return events;
}

static void
read_filter(struct view *v)
{
	const char *text = json_str(v->rq->query, "filter");
	autojson json_t *filter = text != NULL ? json_loads(text, 0, NULL) : NULL;

	if (text != NULL && filter == NULL)
		hs_complain(v->rq->hs, "a sync filter that is not JSON");
	v->limit = (long)json_int(json_obj(json_obj(filter, "room"), "timeline"), "limit", LIMIT);
	v->not_types = json_incref(json_arr(json_obj(json_obj(filter, "room"), "state"), "not_types"));
	v->lazy = json_is_true(json_object_get(json_obj(json_obj(filter, "room"), "state"), "lazy_load_members"));
	v->data_types = json_incref(json_arr(json_obj(filter, "account_data"), "types"));
}

int
hs_sync(struct hs_req *rq, json_t **ret)
{
	struct hs_device *dev = rq->dev;
	const char *since = json_str(rq->query, "since"), *timeout = json_str(rq->query, "timeout");
	struct view v = { .rq = rq, .user = dev->user->id, .server = dev->user->server, .since = -1 };
	autojson json_t *rooms = json_object(), *changed = json_array(), *left = json_array(), *events = NULL, *data = NULL;
	autojson json_t *unused = dev->fallback != NULL && !dev->fallback_used ?
	    json_pack("[s]", "signed_curve25519") : json_array();
	autofree char *next = NULL;
	long acked = 0, last, wait = timeout != NULL ? strtol(timeout, NULL, 10) : 0;

	if (since != NULL && sscanf(since, "s%ld_%ld", &v.since, &acked) != 2)
		return hs_refuse(ret, 400, "M_INVALID_PARAM", "Invalid stream token");
	v.end = (long)json_array_size(v.server->log);
	if (v.since > v.end) {
		hs_complain(rq->hs, "a token that %s never gave", v.server->name);
		return hs_refuse(ret, 400, "M_INVALID_PARAM", "Invalid stream token");
	}
	v.rooms = rooms;
	v.changed = changed;
	v.left = left;
	read_filter(&v);
	events = todevice_part(dev, acked, &last);
	data = account_part(&v);
	if (v.since >= 0)
		walk(&v);
	*ret = json_pack("{s:{s:O}, s:{s:O}, s:{s:O, s:O}, s:{s:i}, s:O}", "account_data", "events", data, "to_device", "events", events,
	    "device_lists", "changed", changed, "left", left, "device_one_time_keys_count",
	    "signed_curve25519", (int)json_object_size(dev->onetime), "device_unused_fallback_key_types", unused);
	rooms_part(&v, *ret);
	json_decref(v.not_types);
	json_decref(v.data_types);
	if (v.since >= 0 && json_array_size(events) == 0 && json_array_size(data) == 0 && json_array_size(changed) == 0 &&
	    json_array_size(left) == 0 && json_object_size(json_object_get(json_obj(*ret, "rooms"), "join")) == 0 &&
	    json_object_size(json_object_get(json_obj(*ret, "rooms"), "invite")) == 0 &&
	    json_object_size(json_object_get(json_obj(*ret, "rooms"), "leave")) == 0) {
		rq->until = *rq->hs->now + wait;
		if (wait > 0 && rq->turn != HS_ENOUGH) {
			json_decref(*ret);
			*ret = NULL;
			return 0;
		}
	}
	next = hs_text("s%ld_%ld", v.end, last);
	(void)json_object_set_new(*ret, "next_batch", json_string(next));
	if (v.since < 0)
		(void)json_object_del(*ret, "device_lists");
	if (rq->hs->script.sync != NULL)
		rq->hs->script.sync(rq->hs->script.cookie, v.user, *ret);
	return 200;
}
