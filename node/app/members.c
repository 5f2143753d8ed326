/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

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
	log_info("members", "a sync did not show who is in room %s: asking, and sending nothing there until then",
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
members_step(struct app *app, bool *ret_more)
{
	autofree char *room_id = NULL;
	int64_t asking;
	int r;

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

/* Of whom neither the answer nor a sync since says anything is not there. */
static int
gone(struct app *app, const char *room_id, int64_t pid)
{
	autofree char *user = NULL;
	autojson json_t *event = NULL;
	int r = person_user(app->db, pid, &user);

	if (r != 0)
		return r > 0 ? ERR_CORRUPT : r;
	event = json_pack("{s:s, s:s, s:{s:s}}", "type", "m.room.member", "state_key", user,
	    "content", "membership", "leave");
	return event == NULL ? -ENOMEM : rooms_state(app, APP_NODE, room_id, event);
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
	if ((r = unsure_drop(app->db, out->ref)) != 0)
		return r;
	return outbox_wake(app->db, out->ref);
}
