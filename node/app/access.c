/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "access.h"
#include "bans.h"
#include "crypt/envelope.h"
#include "crypt/keys.h"
#include "domain/trust.h"
#include "matrix/request.h"
#include "store/outbox.h"

/* The roster decides who gets keys; a partner's master key comes from the trust list: a bot may have none there, and then it has none. */
int
access_admit(struct app *app, const char *room_id, const char *user)
{
	const struct trust_org *org = trust_org_by_node(app->trust, user);
	int64_t pid;
	int r;

	/* Whom a policy list bans gets no key of any room. */
	if ((r = bans_refuse(app, user, NULL, NULL)) != 0)
		return r < 0 ? r : 0;
	if ((r = person_id(app->db, user, &pid)) != 0 ||
	    (r = roster_add(app->db, room_id, pid)) != 0 ||
	    (r = keys_track(app->crypt, pid)) != 0)
		return r;
	return org != NULL ? keys_pin_master(app->crypt, user, org->master_key, NULL) : 0;
}

struct expulsion {
	struct app	*app;
	const struct trust *trust;
	int64_t		 pid;
};

static int
expel(struct expulsion *e, const struct room *room)
{
	int r = room->room_id == NULL ? E_NOTFOUND : roster_has(e->app->db, room->room_id, e->pid);

	if (r != 0)
		return r == E_NOTFOUND ? 0 : r;
	if ((r = roster_drop(e->app->db, room->room_id, e->pid)) != 0)
		return r;
	return envelope_member_left(e->app->crypt, room->room_id, e->pid);
}

int
access_expel(struct app *app, const char *user)
{
	int64_t pid;
	int r = person_find(app->db, user, &pid);

	while (r == 0 && app->crypt != NULL) {
		autofree char *room = NULL;

		if ((r = roster_room(app->db, pid, &room)) == 0 && (r = roster_drop(app->db, room, pid)) == 0)
			r = envelope_member_left(app->crypt, room, pid);
	}
	return r == E_NOTFOUND ? 0 : r;
}

/* In channels and directories only nodes of the trust list have keys. */
static int
expel_strangers(void *cookie, const struct room *room)
{
	struct expulsion *e = cookie;
	autofree int64_t *pids = NULL;
	size_t n = 0;
	int r;

	if (room->room_id == NULL || (room->kind != ROOM_CHANNEL && room->kind != ROOM_DIRECTORY))
		return 0;
	if ((r = roster_list(e->app->db, room->room_id, &pids, &n)) != 0)
		return r;
	for (size_t i = 0; i < n && r == 0; i++) {
		autofree char *user = NULL;

		if ((r = person_user(e->app->db, pids[i], &user)) != 0)
			return r > 0 ? ERR_CORRUPT : r;
		e->pid = pids[i];
		if (trust_org_by_node(e->trust, user) == NULL)
			r = expel(e, room);
	}
	return r;
}

int
access_retain(struct app *app, const struct trust *trust)
{
	struct expulsion e = { .app = app, .trust = trust };

	return app->crypt == NULL ? 0 : room_each(app->db, -1, expel_strangers, &e);
}

/* ${chat}: as one that is direct, which /invite cannot say. */
static int
ask(struct app *app, const struct room *room, const char *user, const char *lane, bool chat)
{
	autofree char *path = chat ? request_path("/rooms/%s/state/m.room.member/%s", room->room_id, user) :
	    request_path("/rooms/%s/invite", room->room_id);
	autojson json_t *body = chat ? json_pack("{s:s, s:b}", "membership", "invite", "is_direct", true) : json_pack("{s:s}", "user_id", user);

	if (path == NULL || body == NULL)
		return -ENOMEM;
	return outbox_call(app->db, room->account, lane, chat ? "PUT" : "POST", path, body, "invite", room->room_id);
}

int
access_ask(struct app *app, const struct room *room, const char *user)
{
	return ask(app, room, user, room->room_id, false);
}

int
access_ask_again(struct app *app, const struct room *room, const char *user)
{
	char lane[320];

	(void)snprintf(lane, sizeof(lane), "invite:%s", room->room_id);
	return ask(app, room, user, lane, room->kind == ROOM_DIRECT);
}

int
access_invite(struct app *app, const struct room *room, const char *user)
{
	autofree char *membership = NULL;
	int64_t pid;
	int r;

	if ((r = access_admit(app, room->room_id, user)) != 0 || (r = person_find(app->db, user, &pid)) != 0)
		return r;
	r = member_get(app->db, room->room_id, pid, &membership);
	if (r == 0 && (!strcmp(membership, "join") || !strcmp(membership, "invite")))
		return 0;
	return r != 0 && r != E_NOTFOUND ? r : access_ask(app, room, user);
}

/* The partner may have been off the trust list, and so off the roster, in between. */
int
access_readmit(struct app *app, const struct room *room, const char *user)
{
	int64_t pid;
	int r = person_find(app->db, user, &pid);

	if (r == 0)
		r = roster_has(app->db, room->room_id, pid);
	if (r != E_NOTFOUND)
		return r;
	return room->ours ? access_invite(app, room, user) : access_admit(app, room->room_id, user);
}
