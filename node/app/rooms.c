/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "access.h"
#include "bans.h"
#include "base/canon.h"
#include "base/id.h"
#include "base/log.h"
#include "crypt/envelope.h"
#include "crypt/keys.h"
#include "domain/policy.h"
#include "domain/trust.h"
#include "federation.h"
#include "group.h"
#include "members.h"
#include "rooms.h"
#include "store/dirstore.h"
#include "store/inbox.h"

#define ROOM_VERSION	"12"

static int
queue_creation(struct app *app, const struct room *room, const struct request_room *wanted)
{
	struct request_room wish = *wanted;
	autojson json_t *body = NULL;
	char lane[48];

	wish.version = ROOM_VERSION;
	wish.tag = room->tag;
	wish.co_creator = app->cfg->recovery_user;
	if ((body = request_create_room(&wish)) == NULL)
		return -ENOMEM;
	/* A lane of its own: a creation that is refused holds up no other. */
	(void)snprintf(lane, sizeof(lane), "create:%s", room->tag);
	return outbox_call(app->db, room->account, lane, "POST", REQUEST_V3 "/createRoom", body,
	    "create_room", room->tag);
}

bool
rooms_lost(struct app *app, const struct room *room)
{
	return room->kind == ROOM_UNKNOWN || room->aside != ROOM_USED || ((room->kind == ROOM_CHANNEL || room->kind == ROOM_DIRECT) &&
	    room->room_id != NULL && !room->joined &&
	    outbox_pending(app->db, "join", room->room_id) == E_NOTFOUND);
}

int
rooms_want(struct app *app, enum room_kind kind, const char *subject, int64_t pid,
    unsigned account, const struct request_room *wish, struct room *ret)
{
	struct room room = { 0 };
	char tag[ID_LEN + 1];
	int r = kind == ROOM_DIRECT ? room_by_person(app->db, pid, &room) :
	    room_by_subject(app->db, kind, subject, &room);

	if (r == 0 && room.room_id != NULL && room.joined) {
		*ret = room;
		return 0;
	}
	if (r == 0 && rooms_lost(app, &room)) {
		/* We were put out of it, or never let in: there has to be another.  If that was not true it is heard all the same. */
		room.aside = ROOM_LEFT;
		r = room_put(app->db, &room);
		room_free(&room);
		if (r == 0)
			r = E_NOTFOUND;
	}
	if (r == 0) {
		if (room.room_id != NULL)
			r = members_out(app, &room);
		/* Asked for already; ask again only if the server refused the last time. */
		else if ((r = outbox_pending(app->db, "create_room", room.tag)) == E_NOTFOUND)
			r = queue_creation(app, &room, wish);
		room_free(&room);
		return r != 0 ? r : E_LATER;
	}
	if (r != E_NOTFOUND)
		return r;
	id_new(app->world, tag);
	room = (struct room){ .tag = tag, .account = (char *)app_account_name[account], .kind = kind,
	    .subject = (char *)subject, .pid = pid, .encrypted = wish->encrypted,
	    .state_encrypted = wish->encrypt_state, .ours = 1 };
	if ((r = room_put(app->db, &room)) != 0 || (r = queue_creation(app, &room, wish)) != 0)
		return r;
	return E_LATER;
}

int
rooms_channel(struct app *app, const char *id, struct room *ret)
{
	const struct trust_org *org = trust_org(app->trust, id);
	struct request_room wish = { .type = ROOMS_CHANNEL, .history = "invited", .join_rule = "invite",
	    .encrypted = true };
	struct room room;
	int r;

	if (org == NULL)
		return E_NOTFOUND;
	wish.invite = org->node;
	if ((r = rooms_want(app, ROOM_CHANNEL, org->id, 0, APP_NODE, &wish, &room)) != 0)
		return r;
	if ((r = access_readmit(app, &room, org->node)) != 0) {
		room_free(&room);
		return r;
	}
	*ret = room;
	return 0;
}

int
rooms_direct(struct app *app, const char *user, struct room *ret)
{
	struct request_room wish = { .history = "invited", .join_rule = "invite", .encrypted = true,
	    .direct = true, .invite = user };
	int64_t pid;
	int r = person_id(app->db, user, &pid);

	return r != 0 ? r : rooms_want(app, ROOM_DIRECT, NULL, pid, APP_NODE, &wish, ret);
}

bool
rooms_in_doubt(const struct app *app, const struct out *out)
{
	unsigned account = !strcmp(out->account, "steward") ? APP_STEWARD : APP_NODE;

	return !strcmp(out->purpose, "create_room") && app->sure != out->id && !app->accounts[account].fresh;
}

/* Of a channel in doubt the homeserver is asked once more who made it. */
static int
ask_creation(struct app *app, const struct room *room)
{
	autofree char *path = request_path("/rooms/%s/state", room->room_id);
	char lane[320];
	int r = outbox_pending(app->db, ROOMS_CREATION, room->room_id);

	if (r != E_NOTFOUND)
		return r;
	(void)snprintf(lane, sizeof(lane), "creation:%s", room->room_id);
	return path == NULL ? -ENOMEM : outbox_call(app->db, room->account, lane, "GET", path, NULL, ROOMS_CREATION, room->room_id);
}

/* Staff read it in the list of what was rejected, in the partner's name, until the room is shown as theirs. */
static int
say_doubt(struct app *app, const struct room *room, const struct trust_org *org, const char *creator, bool channel)
{
	autofree char *why = NULL;
	int64_t pid;
	int r = person_id(app->db, org->node, &pid);

	if (r != 0)
		return r;
	if (asprintf(&why, "our homeserver shows a channel of %s (%s) as %s %.255s: nothing more is said in it, and another is made; what %s says "
	    "in it is still taken. Ask their staff who made it; if they did, tell the administrator of our homeserver", org->name, org->id,
	    channel ? "made by" : "no channel, made by", creator, org->name) < 0) {
		why = NULL;
		return -ENOMEM;
	}
	return rejected_add(app->db, room->account, room->room_id, pid, room->room_id, "{}", why, app_now(app));
}

/*
 * A partner's channel must be what it claimed, or nothing of ours is said in it: whoever made it is above all its rules, and sees who
 * speaks and when.  Nobody's words come to count by it, and nobody gets a key: that is the roster's, the trust list's and the devices'.
 * So what the partner says in it is heard, or one wrong answer of a homeserver would lose its referrals.
 */
static int
judge_channel(struct app *app, struct room *room, const char *creator, const char *type)
{
	const struct trust_org *org = trust_org(app->trust, room->subject);
	bool channel = type != NULL && !strcmp(type, ROOMS_CHANNEL), before = room->aside == ROOM_ANOTHERS;
	int64_t pid;
	int r;

	if (org == NULL)
		return 0;	/* Nobody is spoken to then, and nobody can be compared with. */
	if (channel && !strcmp(org->node, creator)) {
		if (!before)
			return 0;
		room->aside = ROOM_USED;
		if ((r = room_put(app->db, room)) != 0 || (r = person_id(app->db, org->node, &pid)) != 0)
			return r;
		return rejected_taken(app->db, pid, room->room_id);
	}
	log_warn("rooms", "a room that claimed to be a channel is not one, or its creator is not the partner");
	if ((r = say_doubt(app, room, org, creator, channel)) != 0 || before)
		return r;
	room->aside = ROOM_ANOTHERS;
	return (r = room_put(app->db, room)) != 0 ? r : ask_creation(app, room);
}

/*
 * The creation event: our tag binds a room whose answer was lost; a foreign channel is judged.  One without a
 * sender or content says nothing.  A directory is not judged by it: each record is believed by who sent and signed it, and
 * we are invited once, so that a server's one wrong answer would leave us without the directory for good.
 */
static int
saw_create(struct app *app, const char *room_id, const json_t *event)
{
	const json_t *content = json_obj(event, "content");
	const char *tag = json_str(content, REQUEST_TAG), *sender = json_str(event, "sender");
	struct room room;
	int r;

	if (content == NULL || !id_is_user(sender))
		return 0;
	if (tag != NULL && id_is_own(tag) &&
	    (!strcmp(sender, app->cfg->node_user) || !strcmp(sender, app->cfg->steward_user))) {
		if ((r = room_by_tag(app->db, tag, &room)) != 0)
			return r == E_NOTFOUND ? 0 : r;
		if (room.room_id == NULL) {
			autojson json_t *answer = json_pack("{s:s}", "room_id", room_id);
			struct out out = { .account = room.account, .ref = room.tag };

			r = answer == NULL ? -ENOMEM : rooms_created(app, &out, answer);
			if (r == 0)
				r = outbox_void(app->db, "create_room", room.tag);
			r = r == E_BAD ? 0 : r;
		}
		room_free(&room);
		return r;
	}
	if ((r = room_get(app->db, room_id, &room)) != 0)
		return r == E_NOTFOUND ? 0 : r;
	if (room.kind == ROOM_CHANNEL && !room.ours)
		r = judge_channel(app, &room, sender, json_str(content, "type"));
	room_free(&room);
	return r;
}

int
rooms_shown(struct app *app, const struct out *out, const json_t *answer)
{
	const json_t *event;
	size_t i;
	int r = 0;

	json_array_foreach(answer, i, event) {
		const char *type = json_str(event, "type"), *key = json_str(event, "state_key");

		if (r == 0 && type != NULL && key != NULL && !strcmp(type, "m.room.create") && *key == '\0')
			r = saw_create(app, out->ref, event);
	}
	return r;
}

/* Anybody may join these: an open group, the space that shows it, the federation's room. */
static bool
open_to_strangers(enum room_kind kind)
{
	return kind == ROOM_GROUP || kind == ROOM_SPACE || kind == ROOM_FEDERATION;
}

/* In such a room, or one of somebody else, only those on its roster matter to us, however many it shows. */
static int
matters(struct app *app, const struct room *room, const char *user, bool self)
{
	int64_t pid;
	int r;

	if ((room->ours && !open_to_strangers(room->kind)) || self)
		return 0;
	r = person_find(app->db, user, &pid);
	return r != 0 ? r : roster_has(app->db, room->room_id, pid);
}

/* Whether our account is in the room; what comes when it is in again brings all members. */
static int
we_are(struct app *app, struct room *room, bool joined)
{
	bool was = room->joined;
	int r;

	room->joined = joined;
	if (joined && room->aside == ROOM_LEFT)
		room->aside = ROOM_USED;	/* We are in it after all, or again. */
	if ((r = room_put(app->db, room)) != 0 || joined)
		return r != 0 ? r : members_back(app, room);
	if (was && (r = members_out(app, room)) != 0)
		return r;
	return members_forget(app, room->room_id);
}

/* Who leaves our directory follows it no longer, until it asks again, or is in it after all. */
static int
reader_is(struct app *app, const struct room *room, const char *user, int64_t was, int64_t is)
{
	const struct trust_org *org = trust_org_by_node(app->trust, user);
	struct partner partner;
	int r;

	if (room->kind != ROOM_DIRECTORY || !room->ours || org == NULL)
		return 0;
	if ((r = partner_get(app->db, org->id, &partner)) != 0)
		return r == E_NOTFOUND ? 0 : r;
	if (partner.follower == was) {
		partner.follower = is;
		r = partner_put(app->db, &partner);
		if (r == 0 && is == FOLLOWER_LEFT)
			r = members_absent(app, room);
	}
	partner_free(&partner);
	return r;
}

static int
saw_member(struct app *app, const char *room_id, const json_t *event)
{
	const char *user = json_str(event, "state_key");
	const char *membership = json_str(json_obj(event, "content"), "membership");
	autoroom struct room room = { 0 };
	int64_t pid;
	bool self;
	int r;

	if (!id_is_user(user))
		return 0;
	/* More than we take, and blanked: it may be a leave. */
	if (membership == NULL || strlen(membership) > 16)
		return members_unsure(app, room_id);
	if ((r = room_get(app->db, room_id, &room)) != 0)
		return r == E_NOTFOUND ? 0 : r;
	self = !strcmp(user, !strcmp(room.account, "node") ? app->cfg->node_user : app->cfg->steward_user);
	if ((r = matters(app, &room, user, self)) != 0)
		return r == E_NOTFOUND ? 0 : r;
	if ((r = person_id(app->db, user, &pid)) == 0)
		r = member_put(app->db, room_id, pid, membership);
	if (r == 0 && self)
		r = we_are(app, &room, !strcmp(membership, "join"));
	else if (r == 0 && !strcmp(membership, "join")) {
		if ((r = outbox_wake(app->db, room_id)) == 0)
			r = reader_is(app, &room, user, FOLLOWER_LEFT, FOLLOWER_IS);
	} else if (r == 0 && app->crypt != NULL && !strcmp(room.account, "node") &&
	    strcmp(membership, "join") && strcmp(membership, "invite")) {
		r = envelope_member_left(app->crypt, room_id, pid);
		if (r == 0 && room.kind == ROOM_DIRECTORY && (r = roster_drop(app->db, room_id, pid)) == 0)
			r = reader_is(app, &room, user, FOLLOWER_IS, FOLLOWER_LEFT);
	}
	return r;
}

int
rooms_state(struct app *app, unsigned account, const char *room_id, const json_t *event)
{
	const char *type = json_str(event, "type"), *key = json_str(event, "state_key");
	struct room room;
	int r;

	(void)account;
	if (type == NULL || key == NULL)
		return 0;
	if (!strcmp(type, "m.room.create") && *key == '\0')
		return saw_create(app, room_id, event);
	if (!strcmp(type, "m.room.member"))
		return saw_member(app, room_id, event);
	if (!strcmp(type, FEDERATION_PART))
		return federation_part(app, room_id, json_obj(event, "content"));
	if (policy_is_rule(type))
		return bans_rule(app, room_id, event);
	if (strcmp(type, "m.room.encryption") || *key != '\0')
		return 0;
	if ((r = room_get(app->db, room_id, &room)) != 0)
		return r == E_NOTFOUND ? 0 : r;
	room.encrypted = 1;
	r = room_put(app->db, &room);
	room_free(&room);
	return r;
}

int
rooms_left(struct app *app, unsigned account, const char *room_id)
{
	struct room room;
	int r = room_get(app->db, room_id, &room);

	if (r != 0)
		return r == E_NOTFOUND ? 0 : r;
	if (!strcmp(room.account, app_account_name[account]))
		r = we_are(app, &room, false);
	room_free(&room);
	return r;
}

int
rooms_created(struct app *app, const struct out *out, const json_t *answer)
{
	const char *room_id = json_str(answer, "room_id");
	const struct trust_org *org;
	autoroom struct room room = { 0 }, other = { 0 };
	int r;

	if (!id_is_room(room_id))
		return E_BAD;
	if ((r = room_by_tag(app->db, out->ref, &room)) != 0)
		return r == E_NOTFOUND ? 0 : r;
	if (room.room_id == NULL) {
		/* A room that we know already has a roster of its own: it cannot be the new one. */
		if ((r = room_get(app->db, room_id, &other)) == 0)
			log_error("rooms", "the homeserver says that a room it just made is one of before");
		if (r != E_NOTFOUND)
			return r < 0 ? r : E_BAD;
	}
	if (room.room_id == NULL) {
		autofree char *user = NULL;

		room.room_id = strdup(room_id);
		room.joined = 1;
		r = room.room_id == NULL ? -ENOMEM : room_put(app->db, &room);
		if (r == 0 && (r = bans_new_room(app)) == 0)
			r = group_made(app, &room);
		if (r == 0 && room.kind == ROOM_CHANNEL &&
		    (org = trust_org(app->trust, room.subject)) != NULL)
			r = access_admit(app, room_id, org->node);
		if (r == 0 && room.kind == ROOM_DIRECT && (r = person_user(app->db, room.pid, &user)) == 0)
			r = access_admit(app, room_id, user);
	}
	return r;
}

int
rooms_joined(struct app *app, const struct out *out, const json_t *answer)
{
	struct room room;
	int r;

	(void)answer;
	if ((r = room_get(app->db, out->ref, &room)) != 0)
		return r == E_NOTFOUND ? 0 : r;
	room.joined = 1;
	if ((r = room_put(app->db, &room)) == 0)
		r = outbox_wake(app->db, room.room_id);
	room_free(&room);
	return r;
}
