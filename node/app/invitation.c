/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "access.h"
#include "bans.h"
#include "base/canon.h"
#include "base/id.h"
#include "base/log.h"
#include "domain/trust.h"
#include "invitation.h"
#include "matrix/answer.h"
#include "matrix/request.h"
#include "rooms.h"
#include "store/dirstore.h"
#include "store/inbox.h"

/* Cold invitations to a direct chat that are accepted in one hour, in all and from one homeserver. */
enum { DIRECT_PER_HOUR = 60, DIRECT_PER_SERVER = 20 };

#define DIRECT_HOUR	"direct_per_server"	/* meta: {hour, total, servers: {name: n}}; secret. */

/* Joins of direct chats that are tried again in one hour, in all and for one homeserver; and how often one is. */
enum { AGAIN_PER_HOUR = 20, AGAIN_PER_SERVER = 10, AGAIN_MOST = 8 };
enum { HOUR_MS = 3600 * 1000, DAY_HOURS = 24, OWN_MS = 60 * 1000 };

#define AGAIN_HOURS	"direct_again"		/* meta: {hour: {name: n}}, from the present hour on; secret. */

/* What an invitation says of itself; all of it a hint. */
struct invitation {
	const char	*type, *inviter;
	bool		 direct, encrypted;
};

static void
read_invitation(const char *own, const json_t *state, struct invitation *ret)
{
	const json_t *event;
	size_t i;

	*ret = (struct invitation){ 0 };
	json_array_foreach(state, i, event) {
		const char *type = json_str(event, "type"), *key = json_str(event, "state_key");
		const json_t *content = json_obj(event, "content");

		if (type == NULL || key == NULL)
			continue;
		if (!strcmp(type, "m.room.create"))
			ret->type = json_str(content, "type");
		else if (!strcmp(type, "m.room.encryption"))
			ret->encrypted = true;
		else if (!strcmp(type, "m.room.member") && !strcmp(key, own)) {
			ret->inviter = json_str(event, "sender");
			ret->direct = json_is_true(json_object_get(content, "is_direct"));
		}
	}
}

/* A bound on strangers' invitations: counters of the present hour, kept with the data. */
static int
direct_allowed(struct app *app, const char *inviter)
{
	autofree char *text = NULL, *next = NULL;
	autojson json_t *seen = NULL;
	const char *server = id_server(inviter);
	json_int_t hour = app_now(app) / HOUR_MS, total, of_server;
	json_t *servers;
	int r = meta_get(app->db, DIRECT_HOUR, true, &text);

	if (r < 0 || (r == 0 && (r = canon_stored(text, &seen)) != 0))
		return r < 0 ? r : ERR_CORRUPT;
	if (seen == NULL || json_int(seen, "hour", 0) != hour) {
		json_decref(seen);
		seen = json_pack("{s:I, s:i, s:{}}", "hour", hour, "total", 0, "servers");
	}
	servers = json_obj(seen, "servers");
	total = json_int(seen, "total", 0);
	of_server = json_int(servers, server, 0);
	if (servers == NULL)
		return -ENOMEM;
	if (total >= DIRECT_PER_HOUR || of_server >= DIRECT_PER_SERVER)
		return E_REFUSED;
	if (json_object_set_new(seen, "total", json_integer(total + 1)) != 0 ||
	    json_object_set_new(servers, server, json_integer(of_server + 1)) != 0 ||
	    (next = json_text(seen, JSON_COMPACT)) == NULL)
		return -ENOMEM;
	return meta_put(app->db, DIRECT_HOUR, next, true);
}

/* One place in that hour for a homeserver; E_REFUSED if there is none. */
static int
take_place(json_t *hours, int64_t hour, const char *server)
{
	char name[24];
	const char *key;
	json_t *servers, *n;
	json_int_t total = 0, of_server;

	(void)snprintf(name, sizeof(name), "%lld", (long long)hour);
	if (json_obj(hours, name) == NULL && json_object_set_new(hours, name, json_object()) != 0)
		return -ENOMEM;
	servers = json_obj(hours, name);
	json_object_foreach(servers, key, n)
		total += json_integer_value(n);
	of_server = json_int(servers, server, 0);
	if (total >= AGAIN_PER_HOUR || of_server >= AGAIN_PER_SERVER)
		return E_REFUSED;
	return json_object_set_new(servers, server, json_integer(of_server + 1)) == 0 ? 0 : -ENOMEM;
}

/* The first hour with a place for that homeserver, from ${due} on and within a day; at any time of it, not all at its beginning. */
static int
find_place(struct app *app, const char *server, uint32_t jitter, int64_t *due)
{
	autofree char *text = NULL, *next = NULL;
	autojson json_t *hours = NULL;
	int64_t hour = *due / HOUR_MS, last = hour + DAY_HOURS;
	const char *name;
	json_t *servers;
	void *tmp;
	int r = meta_get(app->db, AGAIN_HOURS, true, &text);

	if (r < 0 || (r == 0 && (r = canon_stored(text, &hours)) != 0))
		return r < 0 ? r : ERR_CORRUPT;
	if (hours == NULL && (hours = json_object()) == NULL)
		return -ENOMEM;
	json_object_foreach_safe(hours, tmp, name, servers)
		if (strtoll(name, NULL, 10) < app_now(app) / HOUR_MS)
			(void)json_object_del(hours, name);
	while ((r = take_place(hours, hour, server)) == E_REFUSED && hour < last)
		hour++;
	if (r != 0)
		return r;
	if (hour > *due / HOUR_MS)
		*due = hour * HOUR_MS + jitter % HOUR_MS;
	if ((next = json_text(hours, JSON_COMPACT)) == NULL)
		return -ENOMEM;
	return meta_put(app->db, AGAIN_HOURS, next, true);
}

/* What a stranger's homeserver may have said in a body decides nothing here; the answer's header is our own homeserver's. */
static int
join_undecided(struct app *app, const struct out *out, const struct room *room, int64_t told, uint32_t jitter)
{
	autofree char *inviter = NULL;
	int64_t now = app_now(app), due;
	char ref[9];
	int r = person_user(app->db, room->pid, &inviter);

	if (r != 0)
		return r > 0 ? ERR_CORRUPT : r;
	r = E_REFUSED;
	if (out->attempts < AGAIN_MOST) {
		due = now + (told >= 0 ? answer_wait(told, NULL, 0, 0) : (INT64_C(4000) << (2 * out->attempts)) + jitter % 1000);
		if ((r = find_place(app, id_server(inviter), jitter, &due)) == 0)
			return outbox_tried(app->db, out->id, now, due);
	}
	if (r != E_REFUSED)
		return r;
	log_warn("rooms", "the join of %s, a direct chat, is given up: no answer decided it; who invites again is joined again",
	    log_ref(room->room_id, ref));
	return outbox_done(app->db, out->id);
}

int
invitation_undecided(struct app *app, const struct out *out, bool own, int64_t told, const json_t *answer)
{
	autoroom struct room room = { 0 };
	uint32_t jitter;
	int64_t wait;
	int r = !strcmp(out->purpose, "join") ? room_get(app->db, out->ref, &room) : E_NOTFOUND;

	if (r != 0)
		return r;
	if (room.kind != ROOM_DIRECT)
		return E_NOTFOUND;
	world_random(app->world, &jitter, sizeof(jitter));
	if (!own)
		return join_undecided(app, out, &room, told, jitter);
	wait = answer_wait(told, answer, 1, jitter);
	return outbox_later(app->db, out->id, app_now(app) + (wait > OWN_MS ? wait : OWN_MS));
}

static int
queue_join(struct app *app, const struct room *room, const char *inviter)
{
	autofree char *path = request_path("/join/%s?server_name=%s&via=%s", room->room_id,
	    id_server(inviter), id_server(inviter));
	autojson json_t *body = json_object();
	int r;

	if (path == NULL || body == NULL)
		return -ENOMEM;
	if ((r = room_put(app->db, room)) != 0 || (r = access_admit(app, room->room_id, inviter)) != 0)
		return r;
	return outbox_call(app->db, room->account, room->room_id, "POST", path, body, "join", room->room_id);
}

static int
follows(struct app *app, const char *org)
{
	struct partner partner;
	int r = partner_get(app->db, org, &partner);

	if (r != 0)
		return r == E_NOTFOUND ? E_LATER : r;
	r = partner.follows ? 0 : E_LATER;
	partner_free(&partner);
	return r;
}

const char *
invitation_from(const struct app *app, const json_t *state)
{
	struct invitation in;

	read_invitation(app->cfg->node_user, state, &in);
	return id_is_user(in.inviter) ? in.inviter : NULL;
}

/* A room stays what it became: its roster was made for that, and for nobody else. */
static bool
is_same(const struct room *known, const struct room *room)
{
	const char *subject = known->subject != NULL ? known->subject : "";

	return known->kind == room->kind && known->pid == room->pid &&
	    !strcmp(subject, room->subject != NULL ? room->subject : "");
}

/*
 * A member whose program does not call it a direct chat.  Who else is in the room no invitation says, and a group is not
 * to be entered by us: staff hear of it, as often as strangers may begin a chat.  Of a partner it may be the channel in which it has
 * something to say, wrongly shown by a homeserver.
 */
static int
say_odd(struct app *app, const struct trust_org *org, const char *account, const char *room_id, const char *inviter)
{
	autofree char *why = NULL;
	int64_t pid;
	int r, n;

	if (strcmp(inviter, app->cfg->node_user) == 0 || strcmp(inviter, app->cfg->steward_user) == 0)
		return 0;	/* What our own accounts make is no call for help. */
	if ((r = direct_allowed(app, inviter)) != 0 || (r = person_id(app->db, inviter, &pid)) != 0)
		return r;
	n = org != NULL ? asprintf(&why, "%s of %s (%s) invited to a room that is shown as neither their channel nor their directory: left alone, and "
	    "what they say there does not come. Ask their staff what it is; if it is the channel, tell the administrator of our homeserver",
	    inviter, org->name, org->id) :
	    asprintf(&why, "%s invited to a room that their program does not call a direct chat: left alone. If it is a member, write to "
	    "them (cairn say), or have them begin a direct chat with this account", inviter);
	if (n < 0) {
		why = NULL;
		return -ENOMEM;
	}
	return rejected_add(app->db, account, room_id, pid, room_id, "{}", why, app_now(app));
}

int
invitation_arrived(struct app *app, unsigned account, const char *room_id, const json_t *state)
{
	struct room room = { .room_id = (char *)room_id, .account = (char *)app_account_name[account] };
	autoroom struct room known = { 0 };
	struct invitation in;
	const struct trust_org *org;
	bool odd = false;
	char ref[9];
	int r;

	if (account != APP_NODE || app->crypt == NULL)
		return 0;
	if ((r = room_get(app->db, room_id, &known)) < 0)
		return r;
	if (r == 0 && (known.ours || known.joined || outbox_pending(app->db, "join", room_id) == 0))
		return 0;
	read_invitation(app->cfg->node_user, state, &in);
	if (!id_is_user(in.inviter))
		return 0;
	if ((r = bans_refuse(app, in.inviter, room_id, NULL)) != 0) {
		log_info("rooms", "invitation to %s was left alone: a policy list bans it", log_ref(room_id, ref));
		return r < 0 ? r : 0;
	}
	org = trust_org_by_node(app->trust, in.inviter);
	if (in.type != NULL && !strcmp(in.type, ROOMS_CHANNEL)) {
		room.kind = ROOM_CHANNEL;
		r = org != NULL ? 0 : E_LATER;
	} else if (in.type != NULL && !strcmp(in.type, ROOMS_DIRECTORY)) {
		room.kind = ROOM_DIRECTORY;
		r = org != NULL ? follows(app, org->id) : E_LATER;
	} else if (in.type == NULL && in.direct) {
		room.kind = ROOM_DIRECT;
		if ((r = person_find(app->db, in.inviter, &room.pid)) == E_NOTFOUND)
			r = 0;
	} else {
		odd = org != NULL || (in.type == NULL && !in.direct);
		r = E_REFUSED;
	}
	room.subject = org != NULL && room.kind != ROOM_DIRECT ? (char *)(uintptr_t)org->id : NULL;
	if (r == 0 && known.room_id != NULL && !is_same(&known, &room))
		r = E_REFUSED;
	if (r == 0 && room.kind == ROOM_DIRECT && (r = direct_allowed(app, in.inviter)) == 0)
		r = person_id(app->db, in.inviter, &room.pid);
	if (odd && (r = say_odd(app, org, room.account, room_id, in.inviter)) == 0)
		r = E_REFUSED;
	if (r == E_REFUSED) {
		log_info("rooms", "invitation to %s was left alone: neither a partner's nor to a direct chat, or one too many",
		    log_ref(room_id, ref));
		return 0;
	}
	if (r != 0)
		return r;
	room.encrypted = in.encrypted;
	return queue_join(app, &room, in.inviter);
}
