/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/canon.h"
#include "base/id.h"
#include "base/log.h"
#include "crypt/crypt.h"
#include "crypt/device.h"
#include "crypt/envelope.h"
#include "crypt/keys.h"
#include "dispatch.h"
#include "domain/trust.h"
#include "epoch.h"
#include "gap.h"
#include "ingest.h"
#include "invitation.h"
#include "matrix/request.h"
#include "matrix/sync.h"
#include "members.h"
#include "message.h"
#include "record.h"
#include "rooms.h"
#include "store/inbox.h"
#include "store/outbox.h"
#include "store/stranger.h"
#include "trail.h"
#include "withheld.h"

/* What its handler could not use yet is judged again after this time. */
enum { AGAIN_MS = 15 * 60 * 1000, AGAIN_TURN = 16 };

#define WITHHELD	"m.room_key.withheld"

/* One item of a batch, as it is judged. */
struct item {
	struct app	*app;
	unsigned	 account;
	const char	*room_id;	/* NULL: to-device. */
	const struct room *room;	/* NULL: to-device, or not known. */
	const json_t	*event;
	int64_t		 received;
	bool		 patient;	/* E_LATER rather than that something is given up for it. */
};

struct batch {
	struct app	*app;
	unsigned	 account;
	bool		 lazy;		/* It may leave out who came and went. */
};

/* Who sent it may be anybody: somebody else may be forgotten for it. */
static int
sender_id(struct app *app, const char *user, int64_t *ret)
{
	bool forgot;
	int r = stranger_id(app->db, user, ret, &forgot);

	if (r == 0 && forgot && app->crypt != NULL)
		crypt_drop_cache(app->crypt);
	return r;
}

/* Nobody's name, and once for many. */
static void
lament(int64_t lost)
{
	if (lost > 0)
		log_error("ingest", "%lld items that waited for a key were given up: too many wait; see cairn doctor",
		    (long long)lost);
}

/*
 * What it is, so that it has one row however often it comes: of a partner a content or record by its id, and of a type that is not known all;
 * else an event by its id.  NULL: it has none, and comes once.
 */
static int
thing(const struct item *item, const struct opened *opened, char **ret)
{
	const char *id = json_str(opened->content, "id"), *event_id = json_str(item->event, "event_id");
	bool partner = item->room != NULL && (item->room->kind == ROOM_CHANNEL || item->room->kind == ROOM_DIRECTORY);
	char *what = NULL;

	if (opened->type != NULL && partner && (id != NULL || !dispatch_knows(opened->type))) {
		if (asprintf(&what, "%s %s", opened->type, dispatch_knows(opened->type) ? id : "") < 0)
			return -ENOMEM;
	} else if (event_id != NULL && (what = strdup(event_id)) == NULL)
		return -ENOMEM;
	*ret = what;
	return 0;
}

/* A record is in its room, and may be of somebody who does not agree to be shown any more: nothing of it is kept. */
static int
reject(const struct item *item, const struct waiting *w, const struct opened *opened)
{
	autofree char *what = NULL;
	bool record = opened->type != NULL && strcmp(opened->type, DISPATCH_RECORD) == 0;
	int r = thing(item, opened, &what);

	return r != 0 ? r : rejected_add(item->app->db, w->account, item->room_id, w->pid, what, record ? "{}" : w->raw, w->reason, w->at);
}

/* When what waits is looked at though nothing of it came; 0: it is not. */
static int64_t
look_again(const struct item *item, const struct opened *opened)
{
	int64_t now = app_now(item->app), end = item->received + ENVELOPE_UNLISTED_MS;

	if (opened->type != NULL)
		return now + AGAIN_MS;
	return item->room_id == NULL && now < end ? end : 0;
}

/* Put an item aside with its reason; what it did is undone already. */
static int
put_aside(const struct item *item, int why, const struct opened *opened, struct err *reason)
{
	struct app *app = item->app;
	autofree char *raw = json_text(item->event, JSON_COMPACT);
	const char *sender = json_str(item->event, "sender");
	struct waiting w = { .account = (char *)app_account_name[item->account],
	    .room_id = (char *)item->room_id, .session_id = opened->session_id, .raw = raw,
	    .reason = (char *)reason->text, .at = item->received,
	    .due = why == E_LATER ? look_again(item, opened) : 0 };
	int64_t lost = 0;
	int r;

	if (raw == NULL)
		return -ENOMEM;
	if (!id_is_user(sender))
		return 0;	/* No server relays such an event; nobody could be asked about it. */
	if ((r = sender_id(app, sender, &w.pid)) != 0)
		return r;
	if (why == E_LATER && item->room_id != NULL && opened->session_id != NULL &&
	    (r = withheld_reason(app, item->room_id, opened->session_id, w.pid, reason)) != 0)
		return r;
	if (why == E_LATER && (r = waiting_add(app->db, &w, item->patient, &lost)) != E_REFUSED) {
		lament(lost);
		return r;
	}
	if (why == E_LATER)
		err_add(reason, "too many of its sender wait, or it is too large to");
	log_warn("ingest", "an item was put aside: %s", reason->text);
	return reject(item, &w, opened);
}

/* A room event that was opened goes to its handler. */
static int
handle(const struct item *item, const struct opened *opened, struct err *reason)
{
	struct app *app = item->app;
	const struct trust_org *org = trust_org_by_node(app->trust, opened->sender);
	struct origin origin = { .room = item->room, .sender = opened->sender, .pid = opened->pid,
	    .org = org != NULL ? org->id : NULL, .event_id = json_str(item->event, "event_id"),
	    .ts = json_int(item->event, "origin_server_ts", 0), .received = item->received, .device = opened->device_id, .trusted_device = opened->trusted,
	    .content = opened->content };

	return item->room == NULL ? 0 : dispatch(app, opened->type, opened->state_key, &origin, reason);
}

/*
 * A partner on the roster who is not on the trust list now (it may have expired) is
 * heard when a list names it again, and a device whose owner's signature has not
 * come yet once it has.  The event stays unopened until then: E_LATER.
 */
static int
await_trust(const struct item *item, struct err *reason)
{
	struct app *app = item->app;
	const char *sender = json_str(item->event, "sender");
	const struct room *room = item->room;
	int64_t pid;
	int r;

	if (room == NULL || sender == NULL || !strcmp(sender, app->cfg->node_user) ||
	    (room->kind != ROOM_CHANNEL && room->kind != ROOM_DIRECTORY))
		return 0;
	if (trust_org_by_node(app->trust, sender) == NULL)
		r = err_set(reason, E_LATER, "its sender is not on the trust list in force");
	else if (room->kind != ROOM_CHANNEL)
		return 0;
	else if ((r = envelope_signed(app->crypt, item->event)) == E_LATER)
		(void)err_set(reason, r, "its sender has not signed the device that sent it");
	if (r == E_LATER && (r = person_find(app->db, sender, &pid)) == 0 &&
	    (r = roster_has(app->db, item->room_id, pid)) == 0)
		return E_LATER;
	return r == E_NOTFOUND ? 0 : r;
}

/* What was refused, and whose: a type that we know, in a partner's room. */
static void
name_refused(const struct item *item, const struct opened *opened, struct err *reason)
{
	const struct trust_org *org = trust_org_by_node(item->app->trust, opened->sender);

	if (org != NULL && (item->room->kind == ROOM_CHANNEL || item->room->kind == ROOM_DIRECTORY))
		err_add(reason, "%s of %s (%s)", opened->type, org->name, org->id);
}

/* It was taken; if it had been refused before, that is over. */
static int
taken(const struct item *item, const struct opened *opened)
{
	autofree char *what = NULL;
	int r = item->room != NULL ? thing(item, opened, &what) : 0;

	return r != 0 || what == NULL ? r : rejected_taken(item->app->db, opened->pid, what);
}

/*
 * Judge one item: open it, then hand it to its handler, within a savepoint.
 * What opening learned (an outdated device list, a broken session) is kept even
 * when the item is put aside; what a refusing handler did is not.
 * ${ret_opened} says afterwards which Megolm session arrived.
 */
static int
judge(const struct item *item, struct opened *ret_opened)
{
	struct app *app = item->app;
	struct err reason = { "" };
	int r, again;

	*ret_opened = (struct opened){ 0 };
	if ((r = await_trust(item, &reason)) != 0)
		return r < 0 ? r : put_aside(item, r, ret_opened, &reason);
	r = item->room_id == NULL ?
	    envelope_open_todevice(app->crypt, item->event, item->received, ret_opened, &reason) :
	    envelope_open_event(app->crypt, item->room_id, item->event, ret_opened, &reason);
	if (r < 0)
		return r;
	if (item->room_id != NULL && ret_opened->sender != NULL && !strcmp(ret_opened->sender, app->cfg->node_user)) {
		if ((again = epoch_own(app, ret_opened)) < 0)
			return again;
	} else if (r == 0 && item->room_id != NULL) {
		if ((item->room != NULL && (r = members_heard(app, item->room)) != 0) || (r = db_save(app->db)) != 0)
			return r;
		if ((r = handle(item, ret_opened, &reason)) < 0)
			return r;
		if (r == 0 || r == E_EXISTS)
			return (again = taken(item, ret_opened)) != 0 ? again : db_keep(app->db);
		db_undo(app->db);
		crypt_drop_cache(app->crypt);
		name_refused(item, ret_opened, &reason);
		if (strcmp(ret_opened->type, DISPATCH_RECORD) == 0 &&
		    (again = record_not_kept(app, item->room, ret_opened->sender, ret_opened->content)) != 0)
			return again;
		/* A record is in its room still, and may be taken when that is read anew: by another trust list, or clock. */
		if ((r == E_LATER || strcmp(ret_opened->type, DISPATCH_RECORD) == 0) && (again = envelope_again(app->crypt, ret_opened)) != 0)
			return again;
		if (r != E_LATER && ((again = trail_rejected(app, ret_opened->sender, ret_opened->type, ret_opened->content)) != 0 ||
		    (again = dispatch_refuse(app, item->room, ret_opened, r)) != 0))
			return again;
	}
	return r == 0 || r == E_EXISTS ? 0 : put_aside(item, r, ret_opened, &reason);
}

/* An invitation of somebody who may become a partner waits for that. */
static int
invited(struct app *app, unsigned account, const char *room_id, const json_t *state)
{
	char reason[] = "an invitation by somebody who is not a partner, or whom we do not follow";
	autojson json_t *event = NULL;
	autofree char *raw = NULL;
	const char *inviter = invitation_from(app, state);
	int r = invitation_arrived(app, account, room_id, state);
	struct waiting w = { .account = (char *)(uintptr_t)app_account_name[account],
	    .room_id = (char *)(uintptr_t)room_id, .at = app_now(app),
	    .reason = reason };
	int64_t lost = 0;

	if (r != E_LATER || inviter == NULL)
		return r == E_LATER ? 0 : r;
	event = json_pack("{s:O}", "invite_state", state);
	if (event == NULL || (raw = w.raw = json_text(event, JSON_COMPACT)) == NULL)
		return -ENOMEM;
	if ((r = sender_id(app, inviter, &w.pid)) != 0)
		return r;
	r = waiting_add(app->db, &w, false, &lost);
	lament(lost);
	return r == E_REFUSED ? 0 : r;
}

static int	retry_session(struct app *, const struct opened *);

/* Items that waited for a session, a device or trust; each is judged anew, once. */
static int
retry(struct app *app, struct waiting *list, size_t n)
{
	int r = 0;

	for (size_t i = 0; i < n && r == 0; i++) {
		autojson json_t *event = NULL;
		autoroom struct room room = { 0 };
		struct opened opened = { 0 };
		struct item item = { .app = app, .room_id = list[i].room_id, .received = list[i].at,
		    .account = !strcmp(list[i].account, "steward") ? APP_STEWARD : APP_NODE };

		if ((r = canon_parse(list[i].raw, strlen(list[i].raw), &event, NULL)) != 0)
			break;
		item.event = event;
		if ((r = waiting_drop(app->db, list[i].id)) == E_NOTFOUND) {
			r = 0;	/* The key that came before it in the list has opened it. */
			continue;
		}
		if (r != 0 || (item.room_id != NULL && (r = room_get(app->db, item.room_id, &room)) < 0))
			break;
		item.room = item.room_id != NULL && r == 0 ? &room : NULL;
		if (json_arr(event, "invite_state") != NULL)
			r = invited(app, item.account, list[i].room_id, json_arr(event, "invite_state"));
		else if ((r = judge(&item, &opened)) == 0 && item.room_id == NULL)
			r = retry_session(app, &opened);
		opened_free(&opened);
	}
	waiting_list_free(list, n);
	return r;
}

static int
retry_session(struct app *app, const struct opened *opened)
{
	struct waiting *list = NULL;
	size_t n = 0;
	int r;

	if (opened->type == NULL || strcmp(opened->type, "m.room_key") || opened->session_id == NULL)
		return 0;
	r = waiting_session(app->db, opened->room_id, opened->session_id, &list, &n);
	return r != 0 ? r : retry(app, list, n);
}

int
ingest_person(struct app *app, int64_t pid)
{
	struct waiting *list = NULL;
	size_t n = 0;
	int r = waiting_person(app->db, pid, &list, &n);

	return r != 0 ? r : retry(app, list, n);
}

int
ingest_devices(struct app *app, int64_t pid)
{
	struct waiting *list = NULL;
	size_t n = 0;
	int r = waiting_devices(app->db, pid, &list, &n);

	return r != 0 ? r : retry(app, list, n);
}

int
ingest_step(struct app *app, bool *ret_more)
{
	struct waiting *list = NULL;
	size_t n = 0;
	int r = waiting_due(app->db, app_now(app), AGAIN_TURN, &list, &n);

	*ret_more |= n > 0;
	return r != 0 ? r : retry(app, list, n);
}

static int
on_account_data(void *cookie, const char *type, const json_t *content)
{
	struct batch *b = cookie;

	return strcmp(type, REQUEST_EPOCH) != 0 ? 0 : epoch_seen(b->app, content);
}

static int
on_device(void *cookie, const char *user, bool left)
{
	struct batch *b = cookie;

	if (b->app->crypt == NULL)
		return 0;
	return left ? keys_left(b->app->crypt, user) : keys_changed(b->app->crypt, user);
}

static int
on_counts(void *cookie, int64_t otk, bool fallback)
{
	struct batch *b = cookie;

	return b->app->crypt == NULL ? 0 : device_counts(b->app->crypt, otk, fallback);
}

static int
on_todevice(void *cookie, const json_t *event)
{
	struct batch *b = cookie;
	const char *type = json_str(event, "type");
	struct item item = { .app = b->app, .account = b->account, .event = event,
	    .received = app_now(b->app) };
	struct opened opened = { 0 };
	int r;

	if (b->app->crypt == NULL || type == NULL)
		return 0;
	if (!strcmp(type, WITHHELD))
		return withheld_arrived(b->app, json_str(event, "sender"), json_obj(event, "content"));
	/* Other clear to-device messages carry nothing that we act on. */
	if (strcmp(type, "m.room.encrypted") != 0)
		return 0;
	if ((r = judge(&item, &opened)) == 0)
		r = retry_session(b->app, &opened);
	if (r == 0 && opened.type != NULL && !strcmp(opened.type, WITHHELD))
		r = withheld_arrived(b->app, opened.sender, opened.content);
	opened_free(&opened);
	return r;
}

static int
on_invite(void *cookie, const char *room_id, const json_t *state)
{
	struct batch *b = cookie;

	return invited(b->app, b->account, room_id, state);
}

static int
on_state(void *cookie, const char *room_id, const json_t *event)
{
	struct batch *b = cookie;

	return rooms_state(b->app, b->account, room_id, event);
}

/* A hole in a directory's timeline: its whole state is read again; in a chat or channel it
 * is read for itself.  In any encrypted room a member may have left unseen: the next key is a fresh one. */
static int
on_limited(void *cookie, const char *room_id, const char *prev_batch)
{
	struct batch *b = cookie;
	struct room room;
	int r = b->account == APP_NODE ? room_get(b->app->db, room_id, &room) : E_NOTFOUND;

	if (r != 0)
		return r == E_NOTFOUND ? 0 : r;
	if (room.kind == ROOM_DIRECTORY && !room.ours)
		r = dispatch_load_directory(b->app, room_id);
	else if (b->app->crypt != NULL)
		r = envelope_rotate(b->app->crypt, room_id);
	if (r == 0 && b->app->crypt != NULL && (room.kind == ROOM_DIRECT || room.kind == ROOM_CHANNEL))
		r = gap_found(b->app, &room, prev_batch);
	room_free(&room);
	return r;
}

int
ingest_event(struct app *app, const char *room_id, const json_t *event, int64_t received, bool patient)
{
	const char *type = json_str(event, "type");
	struct item item = { .app = app, .account = APP_NODE, .room_id = room_id, .event = event,
	    .received = received, .patient = patient };
	autoroom struct room room = { 0 };
	struct opened opened = { 0 };
	int r;

	if (type == NULL || app->crypt == NULL)
		return 0;
	/* Only what was encrypted is acted on. */
	if (strcmp(type, "m.room.encrypted") != 0)
		return message_clear(app, room_id, event);
	if ((r = room_get(app->db, room_id, &room)) != 0)
		return r == E_NOTFOUND ? 0 : r;
	/* Deleted before it came to us: nothing of it is left. */
	if (room.kind == ROOM_DIRECT && json_obj(json_obj(event, "unsigned"), "redacted_because") != NULL)
		return message_deleted(app, room_id, json_str(json_obj(json_obj(event, "unsigned"), "redacted_because"), "sender"),
		    json_str(event, "event_id"));
	item.room = &room;
	r = judge(&item, &opened);
	opened_free(&opened);
	return r;
}

static int
on_timeline(void *cookie, const char *room_id, const json_t *event)
{
	struct batch *b = cookie;
	const char *type = json_str(event, "type");

	if (type != NULL && strcmp(type, "m.room.encrypted") != 0 && json_str(event, "state_key") != NULL)
		return rooms_state(b->app, b->account, room_id, event);
	/* The steward reads nothing. */
	return b->account == APP_NODE ? ingest_event(b->app, room_id, event, app_now(b->app), false) : 0;
}

static int
on_joined(void *cookie, const char *room_id)
{
	struct batch *b = cookie;

	return b->lazy ? members_unsure(b->app, room_id) : 0;
}

static int
on_left(void *cookie, const char *room_id)
{
	struct batch *b = cookie;

	return rooms_left(b->app, b->account, room_id);
}

static const struct sync_ops ops = {
	.account_data = on_account_data, .device = on_device, .counts = on_counts, .todevice = on_todevice, .invite = on_invite,
	.limited = on_limited, .state = on_state, .timeline = on_timeline, .joined = on_joined, .left = on_left,
};

/* The steward has no device: nothing encrypted is for it. */
static const struct sync_ops steward_ops = {
	.invite = on_invite, .state = on_state, .timeline = on_timeline, .left = on_left,
};

int
ingest_sync(struct app *app, unsigned account, const json_t *answer, bool lazy, struct err *reterr)
{
	struct batch batch = { .app = app, .account = account, .lazy = lazy };
	const char *next;
	int r = sync_walk(answer, account == APP_NODE ? &ops : &steward_ops, &batch, &next, reterr);

	return r != 0 ? r : account_batch(app->db, app_account_name[account], next);
}

int
ingest_state(struct app *app, const char *room_id, const json_t *events)
{
	struct batch batch = { .app = app, .account = APP_NODE };
	const json_t *event;
	size_t i;
	int r;

	json_array_foreach(events, i, event)
		if (json_is_object(event) && (r = on_timeline(&batch, room_id, event)) != 0)
			return r;
	return 0;
}
