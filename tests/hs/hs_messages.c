/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hs_messages: a room read backwards.  A place is "t<n>", before the n-th item of the
 * server's log; or, before its server came into the room, "b<n>", before the n-th event of the room,
 * which it asks others for.  As in Synapse a page without "end" is one that began at the end.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/canon.h"
#include "hs_world.h"

enum { LIMIT = 10 };

struct place {
	bool	before;		/* Before the server came in. */
	long	n;
};

struct walk {
	struct hs_req	*rq;
	const struct hs_server *server;
	const struct hs_room *room;
	const json_t	*types, *now;	/* types: NULL: all. */
	struct place	 at, until;
	json_t		*states;	/* Before each event of the room; made when wanted. */
};

/* Also a token of /sync, which is a place in the log. */
static bool
read_place(const char *text, struct place *ret)
{
	long n, todevice;
	char end;

	if (text == NULL || *text == '\0')
		return false;
	ret->before = *text == 'b';
	if ((sscanf(text, "s%ld_%ld%c", &n, &todevice, &end) != 2 && sscanf(text + 1, "%ld%c", &n, &end) != 1) || n < 0)
		return false;
	ret->n = n;
	return strchr("stb", *text) != NULL;
}

static bool
is_over(const struct walk *w)
{
	if (w->at.before != w->until.before)
		return w->at.before || w->at.n <= 0;
	return w->at.n <= w->until.n;
}

static const json_t *
state_before(struct walk *w, size_t k)
{
	if (w->states == NULL) {
		autojson json_t *state = json_object();

		w->states = json_array();
		for (size_t i = 0; i < json_array_size(w->room->events); i++) {
			(void)json_array_append_new(w->states, json_copy(state));
			hs_state_put(state, json_array_get(w->room->events, i));
		}
	}
	return json_array_get(w->states, k);
}

static long
place_in(const struct hs_room *room, const json_t *event)
{
	size_t k = 0;

	while (k < json_array_size(room->events) && json_array_get(room->events, k) != event)
		k++;
	return (long)k;
}

/* Nothing older of the room is in the log: it begins there with the server's own join. */
static void
begin(struct walk *w)
{
	const json_t *item;
	size_t i;

	json_array_foreach(w->server->log, i, item) {
		if (json_obj(item, "event") == NULL || strcmp(json_str(item, "room"), w->room->id) != 0)
			continue;
		if (!w->at.before && (long)i >= w->at.n && json_obj(item, "given") != NULL)
			w->at = (struct place){ .before = true, .n = place_in(w->room, json_obj(item, "event")) };
		return;
	}
}

/* The next older event of the room, or NULL: an item of other kind. */
static const json_t *
step(struct walk *w, const json_t **ret_before)
{
	const json_t *item, *event;

	w->at.n--;
	if (w->at.before) {
		*ret_before = state_before(w, (size_t)w->at.n);
		return json_array_get(w->room->events, (size_t)w->at.n);
	}
	item = json_array_get(w->server->log, (size_t)w->at.n);
	event = json_obj(item, "event");
	if (event == NULL || strcmp(json_str(item, "room"), w->room->id) != 0)
		return NULL;
	*ret_before = json_obj(item, "before");
	if (json_obj(item, "given") != NULL)
		w->at = (struct place){ .before = true, .n = place_in(w->room, event) };
	return event;
}

static bool
wanted(const struct walk *w, const json_t *event)
{
	const json_t *type;
	size_t i;

	json_array_foreach(w->types, i, type)
		if (!strcmp(json_string_value(type), json_str(event, "type")))
			return true;
	return w->types == NULL;
}

int
hs_messages(struct hs_req *rq, json_t **ret)
{
	const json_t *query = rq->query;
	const char *text = json_str(query, "filter"), *dir = json_str(query, "dir"), *to = json_str(query, "to");
	const char *limit = json_str(query, "limit"), *user = rq->dev->user->id;
	autojson json_t *filter = text != NULL ? json_loads(text, 0, NULL) : NULL, *chunk = json_array();
	struct walk w = { .rq = rq, .server = rq->dev->user->server, .types = json_arr(filter, "types"),
	    .until = { .before = true } };
	long n = 0, most = limit != NULL ? strtol(limit, NULL, 10) : LIMIT;

	for (const struct hs_room *r = rq->hs->rooms; r != NULL; r = r->next)
		if (!strcmp(r->id, rq->seg[1]))
			w.room = r;
	w.now = json_object_get(w.server->rooms, rq->seg[1]);
	if (w.room == NULL || w.now == NULL || strcmp(hs_membership(w.now, user), "join") != 0)
		return hs_refuse(ret, 403, "M_FORBIDDEN", "User not in room");
	if (dir == NULL || strcmp(dir, "b") != 0 || (text != NULL && filter == NULL))
		hs_complain(rq->hs, "messages with another direction than b, or a filter that is not JSON");
	if (!read_place(json_str(query, "from"), &w.at) || (to != NULL && !read_place(to, &w.until)))
		return hs_refuse(ret, 400, "M_INVALID_PARAM", "Invalid token");
	begin(&w);
	while (n < most && !is_over(&w)) {
		const json_t *before = NULL, *event = step(&w, &before);

		if (event == NULL || !wanted(&w, event))
			continue;
		n++;
		if (hs_visible(user, event, before, w.now))
			(void)json_array_append(chunk, (json_t *)event);
	}
	json_decref(w.states);
	*ret = json_pack("{s:s, s:O}", "start", json_str(query, "from"), "chunk", chunk);
	if (n > 0) {
		autofree char *end = hs_text("%c%ld", w.at.before ? 'b' : 't', w.at.n);

		(void)json_object_set_new(*ret, "end", json_string(end));
	}
	return 200;
}
