/* SPDX-License-Identifier: Apache-2.0 */
#include "group.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bans.h"
#include "base/canon.h"
#include "base/id.h"
#include "domain/referral.h"
#include "domain/trust.h"
#include "matrix/request.h"
#include "store/audit.h"
#include "store/casestore.h"
#include "store/subject.h"

/* Whoever is in the room reads it there; it is public state, so it says nothing of what they come together for. */
#define TOPIC	"This group is not listed any more, and nobody new can join it. Whoever is here can stay and go on talking: what is said here is yours. " \
	"To find another group, write !find to %s."

static int
put_state(struct app *app, const struct room *room, const char *type, json_t *content)
{
	autofree char *path = request_path("/rooms/%s/state/%s/", room->room_id, type);
	autojson json_t *body = content;

	if (path == NULL || body == NULL)
		return -ENOMEM;
	return outbox_call(app->db, room->account, room->room_id, "PUT", path, body, GROUP_CLOSED, room->subject);
}

static int
close_room(struct app *app, const struct room *room)
{
	int r = put_state(app, room, "m.room.join_rules", json_pack("{s:s}", "join_rule", "invite"));

	return r != 0 ? r : put_state(app, room, "m.room.topic", json_pack("{s:o}", "topic", json_sprintf(TOPIC, app->cfg->node_user)));
}

struct unlisting {
	struct app	*app;
	const char	*group, *room_id;
};

/* Behind what may still be on its way: it is in the space's own lane. */
static int
unlist(void *cookie, const struct room *space)
{
	struct unlisting *u = cookie;
	autojson json_t *nothing = json_object();

	if (space->room_id == NULL || !space->ours)
		return 0;
	if (nothing == NULL)
		return -ENOMEM;
	return outbox_event(u->app->db, space->account, space->room_id, "m.space.child", u->room_id, nothing, "space_child", u->group, NULL);
}

int
group_close(struct app *app, const struct own_record *rec)
{
	autojson json_t *body = NULL;
	autoroom struct room room = { 0 };
	struct unlisting u = { .app = app, .group = rec->id };
	const char *access;
	int r;

	if ((r = outbox_void_each(app->db, GROUP_INVITE, rec->id)) != 0 || (r = canon_stored(rec->body, &body)) != 0 ||
	    (r = room_by_subject(app->db, ROOM_GROUP, rec->id, &room)) != 0)
		return r == E_NOTFOUND ? 0 : r;
	room.aside = ROOM_CLOSED;
	if ((r = room_put(app->db, &room)) != 0)
		return r;
	if (room.room_id == NULL) {
		r = outbox_may_have_left(app->db, "create_room", room.tag);
		return r != E_NOTFOUND ? r : outbox_void(app->db, "create_room", room.tag);
	}
	/* Only what anybody may join was listed, once its record knew the room: a space names no other room to the public. */
	access = json_str(body, "access");
	u.room_id = room.room_id;
	if (json_obj(body, "room") != NULL && access != NULL && !strcmp(access, "open") && (r = room_each(app->db, ROOM_SPACE, unlist, &u)) != 0)
		return r;
	return close_room(app, &room);
}

int
group_made(struct app *app, const struct room *room)
{
	return room->kind == ROOM_GROUP && room->aside == ROOM_CLOSED ? close_room(app, room) : 0;
}

struct asking {
	const char	*id;
	long long	 n;
};

static int
count_open(void *cookie, const struct case_row *row)
{
	struct asking *a = cookie;
	autojson json_t *request = NULL;
	const char *to;
	int r;

	if (row->r.side != REFERRAL_AT_TARGET || !referral_is_open(row->r.state) || row->request == NULL)
		return 0;
	if ((r = canon_stored(row->request, &request)) != 0)
		return r;
	to = json_str(request, "to");
	a->n += to != NULL && !strcmp(to, a->id);
	return 0;
}

int
group_withdrawn(struct app *app, const char *id, json_t *result)
{
	struct asking a = { .id = id };
	char open[160] = "";
	int r = case_each(app->db, count_open, &a);

	if (r != 0)
		return r;
	if (a.n > 0)
		(void)snprintf(open, sizeof(open), "; %lld open referral%s to it, from partners: cairn list referrals shows %s, and each is yours to accept elsewhere "
		    "or to decline", a.n, a.n == 1 ? " is" : "s are", a.n == 1 ? "it" : "them");
	return json_object_set_new(result, "text", json_sprintf("withdrawn: it leaves the directory and the space, and nobody new gets into its room; whoever is in "
	    "it stays, and its topic says so%s", open)) != 0 ? -ENOMEM : 0;
}

int
group_kept(struct app *app, const char *id, const json_t *old, const json_t *body, struct err *reterr)
{
	const char *was = json_str(old, "access"), *is = json_str(body, "access");
	bool has = json_obj(old, "room") != NULL;
	autoroom struct room room = { 0 };
	int r;

	if (was == NULL || is == NULL || !strcmp(was, is))
		return 0;
	/* One that is asked for is made as it was asked for, however late. */
	if (!has && (r = room_by_subject(app->db, ROOM_GROUP, id, &room)) != 0)
		return r == E_NOTFOUND ? 0 : r;
	return err_set(reterr, E_REFUSED, "access: the group has a room, and that %s made to be joined as \"%s\" says; withdraw the group, and give it "
	    "another source as \"%s\"", has ? "was" : "is being", was, is);
}

/* ---- Who is invited. ---- */

static bool
is_account(const struct app *app, const char *user)
{
	return !strcmp(user, app->cfg->node_user) || !strcmp(user, app->cfg->steward_user) || trust_org_by_node(app->trust, user) != NULL;
}

/* The group's room, if somebody can be invited into it. */
static int
room_of(struct app *app, const char *id, struct room *ret, struct err *reterr)
{
	autojson json_t *body = NULL;
	struct own_record rec;
	const char *access;
	bool group;
	int r = id != NULL ? own_get(app->db, id, &rec) : E_NOTFOUND;

	if (r != 0)
		return r == E_NOTFOUND ? err_set(reterr, r, "none of our records has the id %s", id != NULL ? id : "that is missing") : r;
	group = !strcmp(rec.kind, "group");
	if (!group)
		r = err_set(reterr, E_REFUSED, "it is a %s; only into the room of a group somebody can be invited", rec.kind);
	else
		r = canon_stored(rec.body, &body);
	own_free(&rec);
	if (r != 0)
		return r;
	access = json_str(body, "access");
	if (access == NULL || strcmp(access, "open") == 0)
		return err_next(reterr, err_set(reterr, E_REFUSED, "this group is open: anybody joins it by themselves"), "cairn show %s --draft shows its room", id);
	if ((r = room_by_subject(app->db, ROOM_GROUP, id, ret)) == 0 && ret->room_id != NULL && ret->joined)
		return 0;
	return r < 0 ? r : err_next(reterr, err_set(reterr, E_LATER, "this group has no room yet"), "cairn publish --wait makes it");
}

/* Once, however often it is asked for while it waits; again if it failed.  In a lane of its own: whose homeserver is away holds up nobody else. */
static int
queue_invitation(struct app *app, const struct room *room, const char *user, int64_t pid)
{
	autofree char *path = request_path("/rooms/%s/invite", room->room_id);
	autojson json_t *body = json_pack("{s:s}", "user_id", user);
	char ref[SUBJECT_NAME], lane[SUBJECT_NAME + 8];
	int r;

	if (path == NULL || body == NULL)
		return -ENOMEM;
	(void)snprintf(ref, sizeof(ref), "%s/%lld", room->subject, (long long)pid);
	(void)snprintf(lane, sizeof(lane), "invite:%s", ref);
	if ((r = outbox_pending(app->db, GROUP_INVITE, ref)) != E_NOTFOUND || (r = outbox_forget(app->db, GROUP_INVITE, ref)) != 0)
		return r;
	return outbox_call(app->db, room->account, lane, "POST", path, body, GROUP_INVITE, ref);
}

int
group_may_invite(struct app *app, const struct out *out)
{
	const char *pid = out->ref != NULL ? strchr(out->ref, '/') : NULL;
	autofree char *user = NULL;
	struct err why = { "" };
	int r = pid != NULL ? person_user(app->db, strtoll(pid + 1, NULL, 10), &user) : E_NOTFOUND;

	if (r == 0)
		r = bans_refuse(app, user, NULL, &why);
	else if (r == E_NOTFOUND)
		r = err_set(&why, E_REFUSED, "it is not known any more who was to be invited");
	if (r <= 0)
		return r;
	return (r = outbox_fail(app->db, out->id, why.text)) != 0 ? r : E_REFUSED;
}

int
group_invite(struct app *app, const char *actor, const json_t *args, json_t **ret, struct err *reterr)
{
	const char *id = json_str(args, "id"), *user = json_str(args, "user");
	autoroom struct room room = { 0 };
	char who[SUBJECT_NAME];
	int64_t pid;
	int r;

	if (!id_is_user(user))
		return err_set(reterr, E_BAD, "user: who is to be invited? It looks like @ana:example.org");
	if (is_account(app, user))
		return err_set(reterr, E_REFUSED, "user: %s is an organization's account, not a person's", user);
	if (!json_is_true(json_object_get(args, "agreed")))
		return err_next(reterr, err_set(reterr, E_REFUSED, "nobody is invited who was not asked: who is in the group will see this account, and its "
		    "homeserver, ours and theirs that it was invited, when, and by whom"),
		    "tell them that, and what the group's charter says (cairn show %.64s --draft); if they want to come: --agreed", id != NULL ? id : "GROUP");
	if ((r = bans_refuse(app, user, NULL, reterr)) != 0 || (r = room_of(app, id, &room, reterr)) != 0)
		return r;
	if ((r = person_id(app->db, user, &pid)) != 0 || (r = queue_invitation(app, &room, user, pid)) != 0 ||
	    (r = audit_add(app->db, app_now(app), actor, "invite", subject_person(pid, who), id)) != 0)
		return r;
	*ret = json_pack("{s:s, s:s}", "id", id, "delivery", "queued");
	return *ret != NULL ? 0 : -ENOMEM;
}
