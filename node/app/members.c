/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "access.h"
#include "base/canon.h"
#include "base/log.h"
#include "matrix/request.h"
#include "members.h"
#include "rooms.h"
#include "store/peoplestore.h"

enum { AT_ONCE = 4 };	/* Rooms asked about at one time: other rows go out too. */

int
members_unsure(struct app *app, const char *room_id)
{
	autoroom struct room room = { 0 };
	char ref[9];
	int r = room_get(app->db, room_id, &room);

	if (r != 0)
		return r == E_NOTFOUND ? 0 : r;
	if (room.kind == ROOM_UNKNOWN || (room.kind == ROOM_DIRECTORY && !room.ours) ||
	    strcmp(room.account, app_account_name[APP_NODE]) != 0)
		return 0;
	log_info("members", "it is not known who is in room %s: asking, and sending nothing there until then",
	    log_ref(room_id, ref));
	/* What was asked before says nothing of this sync. */
	r = outbox_void(app->db, MEMBERS_PURPOSE, room_id);
	return r != 0 ? r : unsure_put(app->db, room_id, app_now(app));
}

int
members_forget(struct app *app, const char *room_id)
{
	int r = outbox_void(app->db, MEMBERS_PURPOSE, room_id);

	return r != 0 ? r : unsure_drop(app->db, room_id);
}

static int
ask(struct app *app, const char *room_id)
{
	autofree char *path = request_path("/rooms/%s/members", room_id);
	char lane[320];
	int r;

	if (path == NULL)
		return -ENOMEM;
	(void)snprintf(lane, sizeof(lane), "members:%s", room_id);
	if ((r = unsure_asked(app->db, room_id)) != 0)
		return r;
	return outbox_call(app->db, app_account_name[APP_NODE], lane, "GET", path, NULL, MEMBERS_PURPOSE, room_id);
}

int
members_absent(struct app *app, const struct room *room)
{
	return doubt_put(app->db, room->room_id, app_now(app));
}

int
members_heard(struct app *app, const struct room *room)
{
	return room->kind == ROOM_CHANNEL || room->kind == ROOM_DIRECT ? doubt_sooner(app->db, room->room_id) : 0;
}

int
members_out(struct app *app, const struct room *room)
{
	return doubt_put(app->db, room->room_id, app_now(app) - DOUBT_MS);
}

int
members_back(struct app *app, const struct room *room)
{
	return doubt_drop(app->db, room->room_id);
}

/* More than so many at one time would keep others from leaving. */
static int
may_ask(struct app *app)
{
	int64_t asking;
	int r = outbox_due_count(app->db, MEMBERS_STILL, app_now(app), &asking);

	return r == 0 && asking >= AT_ONCE ? E_LATER : r;
}

static int
ask_still(struct app *app, const struct room *room)
{
	const char *user = !strcmp(room->account, app_account_name[APP_NODE]) ? app->cfg->node_user : app->cfg->steward_user;
	autofree char *path = request_path("/rooms/%s/state/m.room.member/%s", room->room_id, user);
	char lane[320], ref[9];
	int r = outbox_pending(app->db, MEMBERS_STILL, room->room_id);

	if (r != E_NOTFOUND)
		return r;
	log_warn("members", "the homeserver says that we left room %s: asking whether that is so", log_ref(room->room_id, ref));
	(void)snprintf(lane, sizeof(lane), "still:%s", room->room_id);
	return path == NULL ? -ENOMEM : outbox_call(app->db, room->account, lane, "GET", path, NULL, MEMBERS_STILL, room->room_id);
}

/* Instead of a channel or chat another is made, and both are heard; of any other room there is one. */
static bool
has_no_other(const struct room *room)
{
	return room->kind != ROOM_CHANNEL && room->kind != ROOM_DIRECT && room->kind != ROOM_UNKNOWN;
}

/* Whether somebody is still waited for is seen when what waits is looked at again: that begins the doubt anew. */
static int
ask_doubt(struct app *app, const char *room_id)
{
	autoroom struct room room = { 0 };
	int r = doubt_asked(app->db, room_id, app_now(app)), known = r == 0 ? room_get(app->db, room_id, &room) : r;

	if (known < 0)
		return known;
	if (known == 0 && !room.joined && has_no_other(&room))
		return ask_still(app, &room);
	r = doubt_drop(app->db, room_id);
	return r != 0 || known != 0 || !room.joined ? r : members_unsure(app, room_id);
}

static int
doubts(struct app *app, bool *ret_more)
{
	autofree char *room_id = NULL;
	int64_t due;
	int r;

	while ((r = doubt_next(app->db, &room_id, &due)) == 0 && due <= app_now(app)) {
		if ((r = may_ask(app)) != 0)
			return r == E_LATER ? 0 : r;
		if ((r = ask_doubt(app, room_id)) != 0)
			return r;
		*ret_more = true;
		free(take(room_id));
	}
	return r == E_NOTFOUND ? 0 : r;
}

int
members_step(struct app *app, bool *ret_more)
{
	autofree char *room_id = NULL;
	int64_t asking;
	int r;

	if ((r = doubts(app, ret_more)) != 0)
		return r;
	while ((r = unsure_next(app->db, &room_id)) == 0) {
		if ((r = outbox_due_count(app->db, MEMBERS_PURPOSE, app_now(app), &asking)) != 0 || asking >= AT_ONCE)
			return r;
		if ((r = ask(app, room_id)) != 0)
			return r;
		*ret_more = true;
		free(take(room_id));
	}
	return r == E_NOTFOUND ? 0 : r;
}

/* What the event says; NULL: it cannot be read. */
static const char *
membership(const json_t *event, const char **ret_user)
{
	const char *type = json_str(event, "type");

	*ret_user = json_str(event, "state_key");
	return type != NULL && !strcmp(type, "m.room.member") && *ret_user != NULL ?
	    json_str(json_obj(event, "content"), "membership") : NULL;
}

/* We see the members of a room that we are in; an answer without us is none. */
static bool
has_us(struct app *app, const json_t *chunk)
{
	const json_t *event;
	const char *user, *is;
	size_t i;

	json_array_foreach(chunk, i, event)
		if ((is = membership(event, &user)) != NULL && !strcmp(user, app->cfg->node_user))
			return !strcmp(is, "join");
	return false;
}

static int
take_event(struct app *app, const char *room_id, const json_t *event)
{
	const char *user, *is = membership(event, &user);
	int64_t pid;
	int r;

	if (is == NULL)
		return 0;
	if ((r = person_find(app->db, user, &pid)) == 0)
		r = member_named(app->db, room_id, pid);
	return r != E_NOTFOUND ? r : rooms_state(app, APP_NODE, room_id, event);
}

static int
is_now(struct app *app, const char *room_id, const char *user, const char *is)
{
	autojson json_t *event = json_pack("{s:s, s:s, s:{s:s}}", "type", "m.room.member", "state_key", user,
	    "content", "membership", is);

	return event == NULL ? -ENOMEM : rooms_state(app, APP_NODE, room_id, event);
}

/* Of whom neither the answer nor a sync since says anything is not there. */
static int
gone(struct app *app, const char *room_id, int64_t pid)
{
	autofree char *user = NULL;
	int r = person_user(app->db, pid, &user);

	if (r != 0)
		return r > 0 ? ERR_CORRUPT : r;
	return is_now(app, room_id, user, "leave");
}

/*
 * A homeserver makes a room and only then invites: if that failed, whom the room is for is not even invited, and nobody else
 * will do it.  Who declined or left is left alone.
 */
static int
invite_again(struct app *app, const char *room_id)
{
	autoroom struct room room = { 0 };
	autofree int64_t *pids = NULL;
	size_t n = 0;
	int r = room_get(app->db, room_id, &room);

	if (r != 0 || !room.ours || room.aside != ROOM_USED || (room.kind != ROOM_CHANNEL && room.kind != ROOM_DIRECT) ||
	    (r = outbox_pending(app->db, "invite", room_id)) != E_NOTFOUND)
		return r == E_NOTFOUND ? 0 : r;
	r = roster_list(app->db, room_id, &pids, &n);
	for (size_t i = 0; i < n && r == 0; i++) {
		autofree char *user = NULL, *is = NULL;

		if ((r = member_get(app->db, room_id, pids[i], &is)) != E_NOTFOUND)
			continue;
		if ((r = outbox_forget(app->db, "invite", room_id)) == 0 && (r = person_user(app->db, pids[i], &user)) == 0)
			r = access_ask_again(app, &room, user);
		if (r > 0)
			r = ERR_CORRUPT;
	}
	return r;
}

int
members_answered(struct app *app, const struct out *out, const json_t *answer)
{
	const json_t *chunk = json_arr(answer, "chunk"), *event;
	autofree int64_t *pids = NULL;
	size_t n = 0, i;
	int r;

	if (!has_us(app, chunk))
		return E_BAD;
	json_array_foreach(chunk, i, event)
		if ((r = take_event(app, out->ref, event)) != 0)
			return r;
	if ((r = member_stale(app->db, out->ref, &pids, &n)) != 0)
		return r;
	for (i = 0; i < n; i++)
		if ((r = gone(app, out->ref, pids[i])) != 0)
			return r;
	if ((r = unsure_drop(app->db, out->ref)) != 0 || (r = invite_again(app, out->ref)) != 0)
		return r;
	return outbox_wake(app->db, out->ref);
}

/* If we are in it no sync will show again who else is. */
int
members_still(struct app *app, const struct out *out, const json_t *answer)
{
	const char *is = json_str(answer, "membership");
	autoroom struct room room = { 0 };
	int r;

	/* Whatever else it says, it is asked again by the doubt. */
	if (is == NULL || strcmp(is, "join") != 0)
		return 0;
	if ((r = room_get(app->db, out->ref, &room)) != 0 || room.joined)
		return r == E_NOTFOUND ? 0 : r;
	r = is_now(app, room.room_id, !strcmp(room.account, app_account_name[APP_NODE]) ? app->cfg->node_user : app->cfg->steward_user, is);
	return r != 0 ? r : members_unsure(app, room.room_id);
}
