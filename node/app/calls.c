/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/canon.h"
#include "base/log.h"
#include "calls.h"
#include "crypt/device.h"
#include "crypt/envelope.h"
#include "dispatch.h"
#include "gap.h"
#include "group.h"
#include "ingest.h"
#include "matrix/answer.h"
#include "members.h"
#include "record.h"
#include "rooms.h"
#include "setup.h"
#include "talk.h"
#include "store/audit.h"

/* A partner invites to its directory once, and its server may be away for days;
 * instead of a channel or chat that cannot be joined, we make our own.  A chat's tries are further apart. */
enum { JOIN_TRIES = 8, JOIN_TRIES_DIRECT = 4, JOIN_TRIES_DIRECTORY = 2000, SHARE_TRIES = 10 };

static int
nothing(struct app *app, const struct out *out, const json_t *answer)
{
	(void)app, (void)out, (void)answer;
	return 0;
}

/* Only the id that the server gave the event says that it took it. */
static int
sent(struct app *app, const struct out *out, const json_t *answer)
{
	const char *id = json_str(answer, "event_id");

	(void)app, (void)out;
	return id != NULL && *id == '$' ? 0 : E_BAD;
}

static int
keys_uploaded(struct app *app, const struct out *out, const json_t *answer)
{
	(void)out;
	return device_uploaded(app->crypt, 200, answer);
}

static int
room_joined(struct app *app, const struct out *out, const json_t *answer)
{
	const char *id = json_str(answer, "room_id");
	struct room room;
	int r;

	if (id == NULL || strcmp(id, out->ref) != 0)
		return E_BAD;
	if ((r = rooms_joined(app, out, answer)) != 0 || (r = room_get(app->db, out->ref, &room)) != 0)
		return r == E_NOTFOUND ? 0 : r;
	if (room.kind == ROOM_DIRECTORY && !room.ours)
		r = dispatch_load_directory(app, room.room_id);
	room_free(&room);
	return r;
}

static int
directory_loaded(struct app *app, const struct out *out, const json_t *answer)
{
	int r = ingest_state(app, out->ref, answer);

	return r != 0 ? r : record_loaded(app, out->ref);
}

static int
shared(struct app *app, const struct out *out, const json_t *answer)
{
	int r = audit_shares(app->db, app_now(app), out->ref);

	(void)answer;
	if (r != 0 || (r = envelope_shared(app->crypt, out->ref)) != 0 || (r = envelope_sharing(app->crypt, out->ref)) != E_NOTFOUND)
		return r;
	return outbox_wake(app->db, NULL);
}

/* purpose of an outbox row → what its answer means */
static const struct call {
	const char	*purpose;
	int		(*done)(struct app *, const struct out *, const json_t *);
	bool		 list;		/* The answer is a list, not an object. */
	bool		 remote;	/* Another homeserver's refusal may be passed on as the answer. */
} calls[] = {
	{ "login",		setup_logged_in,	false,	false },
	{ DEVICE_PURPOSE,	keys_uploaded,		false,	false },
	{ "signing_upload",	setup_published,	false,	false },
	{ "signatures",		setup_published,	false,	false },
	{ "old_device",		nothing,		false,	false },
	{ "create_room",	rooms_created,		false,	true },
	{ "invite",		nothing,		false,	true },
	{ "join",		room_joined,		false,	true },
	{ "load_directory",	directory_loaded,	true,	false },
	{ ROOMS_CREATION,	rooms_shown,		true,	false },
	{ GAP_PURPOSE,		gap_page,		false,	false },
	{ MEMBERS_PURPOSE,	members_answered,	false,	false },
	{ MEMBERS_STILL,	members_still,		false,	false },
	{ "record",		sent,			false,	false },
	{ "federation",		sent,			false,	false },
	{ "space_child",	sent,			false,	false },
	{ GROUP_CLOSED,		sent,			false,	false },
	{ GROUP_INVITE,		nothing,		false,	true },
	{ "traffic",		sent,			false,	false },
	{ "ack",		sent,			false,	false },
	{ "refused",		sent,			false,	false },
	{ "unknown",		sent,			false,	false },
	{ "leave",		nothing,		false,	true },
	{ "say",		sent,			false,	false },
	{ TALK_CLEAR,		nothing,		false,	false },
	{ "server_acl",		nothing,		false,	false },
	{ ENVELOPE_SHARE,	shared,			false,	false },
	{ ENVELOPE_DUMMY,	nothing,		false,	false },
};

static const struct call *
find(const char *purpose)
{
	for (size_t i = 0; i < nelem(calls); i++)
		if (!strcmp(calls[i].purpose, purpose))
			return &calls[i];
	return NULL;
}

bool
calls_remote(const char *purpose)
{
	const struct call *call = find(purpose);

	return call != NULL && call->remote;
}

int
calls_done(struct app *app, const struct out *out, const json_t *answer)
{
	const struct call *call = find(out->purpose);

	if (call == NULL)
		return ERR_CORRUPT;
	if (call->list != json_is_array(answer))
		return E_BAD;
	return call->done(app, out, answer);
}

static int
fail(struct app *app, const struct out *out, const struct err *why)
{
	/* Not its own words: they may name a member. */
	log_error("calls", "%s was refused by the homeserver: %.*s", out->purpose,
	    (int)strcspn(why->text, ":"), why->text);
	return outbox_fail(app->db, out->id, why->text);
}

/* The invitation can reach us before the inviting server has stored it itself. */
static int
join_again(struct app *app, const struct out *out)
{
	struct room room;
	int r = room_get(app->db, out->ref, &room), most;

	if (r != 0)
		return r == E_NOTFOUND ? 0 : r;
	most = room.kind == ROOM_DIRECTORY ? JOIN_TRIES_DIRECTORY : room.kind == ROOM_DIRECT ? JOIN_TRIES_DIRECT : JOIN_TRIES;
	room_free(&room);
	return out->attempts < most ? E_LATER : 0;
}

int
calls_refused(struct app *app, const struct out *out, int status, const json_t *answer,
    const struct err *why)
{
	const char *code = answer_errcode(answer);
	int r;

	if (!strcmp(out->purpose, DEVICE_PURPOSE)) {
		r = device_uploaded(app->crypt, status, answer);
		return r == 0 ? outbox_done(app->db, out->id) : r;
	}
	if (!strcmp(out->purpose, "join") && (r = join_again(app, out)) != 0)
		return r;
	/* What needs the room would ask for it again at once; nothing else tells who is in it. */
	if (!strcmp(out->purpose, "create_room") || !strcmp(out->purpose, MEMBERS_PURPOSE))
		return E_LATER;
	if ((!strcmp(out->purpose, "signing_upload") || !strcmp(out->purpose, "old_device")) && json_arr(answer, "flows") != NULL)
		return setup_auth(app, out, answer);
	/* Already in the room: that is what the invitation was for. */
	if ((!strcmp(out->purpose, "invite") || !strcmp(out->purpose, GROUP_INVITE)) && status == 403 && !strcmp(code, "M_FORBIDDEN") &&
	    json_str(answer, "error") != NULL && strstr(json_str(answer, "error"), "already in the room"))
		return outbox_done(app->db, out->id);
	/* The same bytes again, but later: keys made anew would be refused at once, for ever.
	 * In the end they make room: everybody's keys wait behind them. */
	if (!strcmp(out->purpose, ENVELOPE_SHARE)) {
		if (out->attempts < SHARE_TRIES)
			return E_LATER;
		r = envelope_unshared(app->crypt, out->ref);
		return r != 0 ? r : outbox_done(app->db, out->id);
	}
	/* What was said before, of who made it or that we left it, stands, and staff know it. */
	if (!strcmp(out->purpose, ROOMS_CREATION) || !strcmp(out->purpose, MEMBERS_STILL))
		return outbox_done(app->db, out->id);
	if (!strcmp(out->purpose, GAP_PURPOSE))
		return gap_refused(app, out, why);
	if ((r = fail(app, out, why)) != 0)
		return r;
	return !strcmp(out->purpose, "login") || !strcmp(out->purpose, "signing_upload") ||
	    !strcmp(out->purpose, "signatures") ? setup_failed(app, out, why) : 0;
}
