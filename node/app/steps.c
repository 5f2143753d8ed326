/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "accounting.h"
#include "bans.h"
#include "base/canon.h"
#include "base/log.h"
#include "case.h"
#include "casepath.h"
#include "consult.h"
#include "crypt/device.h"
#include "crypt/envelope.h"
#include "crypt/keys.h"
#include "deliver.h"
#include "domain/trust.h"
#include "epoch.h"
#include "federation.h"
#include "erase.h"
#include "find.h"
#include "gap.h"
#include "group.h"
#include "ingest.h"
#include "matrix/request.h"
#include "members.h"
#include "message.h"
#include "publish.h"
#include "remind.h"
#include "revoke.h"
#include "rooms.h"
#include "notes_chat.h"
#include "steps.h"
#include "store/gapstore.h"
#include "store/inbox.h"
#include "store/messagestore.h"
#include "store/outbox.h"
#include "store/peoplestore.h"
#include "talk_clock.h"
#include "traffic.h"
#include "trail.h"
#include "untold.h"

/* An attempted event older than this may be unknown to the server's memory of
 * transaction ids: it is encrypted anew; receivers know it by its content id. */
#define TXN_LIFE_MS	(24 * 3600 * 1000LL)
/* What waits is looked at again after this time, or when an answer wakes it. */
enum { UNTRUSTED_MS = 60 * 1000, SEAL_LATER_MS = 30 * 1000, SETTLE_MS = 300 * 1000, REST_MS = 60 * 1000 };
enum { QUERY_DEVICES = 24 };	/* Of an answered query, in one turn; each costs about 0.3 ms. */

/* An event in a room without encryption goes as it is: public state only. */
static int
ready_plain(struct app *app, const struct out *out)
{
	autofree char *path = out->state_key != NULL ?
	    request_path("/rooms/%s/state/%s/%s", out->room_id, out->type, out->state_key) :
	    request_path("/rooms/%s/send/%s/%s", out->room_id, out->type, out->txn);

	return path == NULL ? -ENOMEM : outbox_ready(app->db, out->id, "PUT", path, out->content);
}

/* A channel or chat takes nothing before the other side is in it. */
static int
other_side_joined(struct app *app, const struct room *room)
{
	autofree int64_t *pids = NULL;
	size_t n = 0, joined = 0;
	int r;

	if (room->kind != ROOM_CHANNEL && room->kind != ROOM_DIRECT)
		return 0;	/* Of a directory's thousands none need be asked. */
	r = roster_list(app->db, room->room_id, &pids, &n);
	for (size_t i = 0; i < n && r == 0; i++) {
		autofree char *membership = NULL;

		if ((r = member_get(app->db, room->room_id, pids[i], &membership)) == 0)
			joined += !strcmp(membership, "join");
		else if (r == E_NOTFOUND)
			r = 0;
	}
	if (r != 0 || joined > 0)
		return r;
	/* It may not be true, and nothing would say so. */
	return (r = members_absent(app, room)) != 0 ? r : E_LATER;
}

/* Its room is gone, or nobody is in it: a message looks for another; a partner's traffic is sent again by itself. */
static int
give_up(struct app *app, const struct out *out, struct err *reterr)
{
	bool message = !strcmp(out->purpose, "say");
	int r = 0;

	if (!message && strcmp(out->purpose, "traffic") != 0 && strcmp(out->purpose, "ack") != 0 &&
	    strcmp(out->purpose, "refused") != 0 && strcmp(out->purpose, "unknown") != 0)
		return err_set(reterr, E_REFUSED, "we are no longer in the room");
	if (message)
		r = message_room(app->db, out->ref, NULL);
	return r < 0 ? r : outbox_done(app->db, out->id);
}

/* If the partner, who is not in this channel, is in another one, it goes there. */
static int
other_side_elsewhere(struct app *app, const struct room *room, const struct out *out, struct err *reterr)
{
	autoroom struct room other = { 0 };
	int r = room->kind == ROOM_CHANNEL ? room_by_subject(app->db, ROOM_CHANNEL, room->subject, &other) : E_NOTFOUND;

	if (r < 0)
		return r;
	return r == 0 && other.room_id != NULL && strcmp(other.room_id, room->room_id) != 0 ? give_up(app, out, reterr) : E_LATER;
}

/* In a channel nothing is said by or to an organization that is not in force now; it may be again. */
static int
other_side_trusted(struct app *app, const struct out *out)
{
	autoroom struct room room = { 0 };
	int r = room_get(app->db, out->room_id, &room);

	if (r != 0)
		return r == E_NOTFOUND ? 0 : r;
	return room.kind != ROOM_CHANNEL || (trust_org_by_node(app->trust, app->cfg->node_user) != NULL &&
	    trust_org(app->trust, room.subject) != NULL) ? 0 : E_LATER;
}

static int
seal(struct app *app, struct out *out)
{
	struct room room;
	struct err why = { "" };
	int r = room_get(app->db, out->room_id, &room);

	if (r != 0)
		return r == E_NOTFOUND ? E_LATER : r;
	if (rooms_lost(app, &room))
		r = give_up(app, out, &why);
	else if (!room.joined)
		r = E_LATER;	/* NOLINT(bugprone-branch-clone): the order of the reasons matters. */
	else if (strcmp(room.account, out->account) != 0)
		r = err_set(&why, E_REFUSED, "the room is not one of this account");
	else if (!strcmp(room.account, "steward"))
		/* The steward has no keys: public state of rooms that it manages. */
		r = out->state_key != NULL ? ready_plain(app, out) : E_REFUSED;
	else if (!room.encrypted && !room.ours && app_now(app) - out->created < SETTLE_MS)
		r = E_LATER;	/* Just joined: its state may not have been seen yet. */
	else if (!room.encrypted)
		r = err_set(&why, E_REFUSED, "the room is not encrypted");
	else if ((r = other_side_joined(app, &room)) == 0)
		r = envelope_seal_step(app->crypt, out, &why);
	else if (r == E_LATER)
		r = other_side_elsewhere(app, &room, out, &why);
	if (r == E_REFUSED || r == E_BAD) {
		log_error("steps", "an event of type %s cannot be sent: %s", out->type, why.text);
		r = outbox_fail(app->db, out->id, why.text);
	}
	room_free(&room);
	return r;
}

/* An event that is still to be encrypted: one bounded step.  What must wait makes room for others. */
static int
new_event(struct app *app, struct out *out, bool *ret_more)
{
	int r = seal(app, out);

	*ret_more |= r >= 0 && r != E_REFUSED && r != E_BAD;
	if (r == E_LATER)
		return (r = message_unread(app, out)) != 0 ? r : outbox_later(app->db, out->id, app_now(app) + SEAL_LATER_MS);
	if (r == 0) {
		deliver_keep(app, out->id);
		epoch_want(app, out);
	}
	return r > 0 ? 0 : r;
}

/*
 * Is what was encrypted to be encrypted anew?  0 or E_NOTFOUND.  A death between sending and answer leaves no attempt on record: what is ready may
 * have left, and goes under its own name, until the homeserver has forgotten that.  What surely has not, goes to nobody who left or lost a device since.
 */
static int
outworn(struct app *app, const struct out *out)
{
	if (app_now(app) - out->first_try >= TXN_LIFE_MS)
		return 0;
	return app->crypt != NULL && deliver_here(app, out->id) ? envelope_rotates(app->crypt, out->room_id) : E_NOTFOUND;
}

/* 0: may leave as it is; E_EXISTS: it was dealt with otherwise; E_LATER: put off. */
static int
judge(struct app *app, struct out *out)
{
	bool creates;
	int r = 0;

	if (!strcmp(out->purpose, ENVELOPE_SHARE)) {
		/* Refused: the row is gone and its shares will be made anew. */
		r = envelope_share_check(app->crypt, out->ref);
		return r == E_REFUSED ? E_EXISTS : r;
	}
	if (!strcmp(out->purpose, GROUP_INVITE))
		return (r = group_may_invite(app, out)) == E_REFUSED ? E_EXISTS : r;
	creates = !strcmp(out->purpose, "create_room");
	if (out->attempts == 0 && (creates || (!strcmp(out->purpose, DEVICE_PURPOSE) && app->accounts[APP_NODE].fresh &&
	    epoch_covers(app, out)))) {
		/* That it is tried is committed before it leaves: a lost answer must not make two rooms, nor offer keys twice. */
		if (creates)
			app->sure = out->id;
		r = outbox_tried(app->db, out->id, app_now(app), app_now(app));
		return r == 0 ? E_EXISTS : r;
	}
	if (out->kind == OUT_EVENT)
		r = other_side_trusted(app, out);
	if (r == 0 && !strcmp(out->purpose, "traffic"))
		r = case_may_send(app, out->ref);
	if (r == 0 && !strcmp(out->purpose, "say") && (r = remind_may_say(app, out)) != 0)
		return r;
	if (r == E_LATER) {
		r = outbox_later(app->db, out->id, app_now(app) + UNTRUSTED_MS);
		return r == 0 ? E_LATER : r;
	}
	if (r == E_REFUSED) {
		log_warn("steps", "%s was not sent: it has arrived, or its consent is no longer in force", out->type);
		if ((r = trail_withheld(app, out)) == 0 && (r = outbox_done(app->db, out->id)) == 0 &&
		    (r = traffic_stop(app, out->ref)) == 0)
			r = traffic_withhold(app, out->ref);
		if (r == 0)
			r = untold_refused(app, out->ref);
		return r == 0 ? E_EXISTS : r;
	}
	if (r == 0 && out->kind == OUT_EVENT && out->state == OUT_READY && (r = outworn(app, out)) == 0) {
		r = outbox_renew(app->db, out->id);
		return r == 0 ? E_EXISTS : r;
	}
	return r == E_NOTFOUND ? 0 : r;
}

/* Trust, consent and who may have the key are judged again before each encryption and each send. */
static int
head(struct app *app, struct out *out, bool *ret_more)
{
	int r;

	if (deliver_flying(app, FLIGHT_OUT, out->id) || (app->epoch.held && *out->account != '\0'))
		return 0;
	r = judge(app, out);
	*ret_more |= r == E_EXISTS || r == E_LATER;
	if (r != 0)
		return r > 0 ? 0 : r;
	if (out->state == OUT_NEW)
		return epoch_open(app) ? new_event(app, out, ret_more) : 0;
	if (!epoch_covers(app, out))
		return 0;
	if (!strcmp(out->purpose, "traffic") && (r = accounting_leaves(app, out->ref)) != 0)
		return r;
	app->clear[app->n_clear++] = out->id;
	return 0;
}

void
steps_query_forget(struct app *app)
{
	json_decref(app->query.users);
	json_decref(app->query.answer);
	app->query.users = app->query.answer = NULL;
}

/* Users of the answered query, until they have so many devices: {"device_keys": {user: ...}}. */
static json_t *
take_users(struct app *app)
{
	const json_t *shown = json_obj(app->query.answer, "device_keys");
	json_t *part = json_pack("{s:{}}", "device_keys"), *users = json_obj(part, "device_keys"), *ids;
	const char *user;
	void *next;
	size_t devices = 0;

	json_object_foreach_safe(app->query.users, next, user, ids) {
		if (devices >= QUERY_DEVICES)
			break;
		devices += 1 + json_object_size(json_obj(shown, user));
		(void)json_object_set(users, user, ids);
	}
	return part;
}

int
steps_query(struct app *app, bool *ret_more)
{
	autojson json_t *part = NULL;
	struct err err = { "" };
	const char *user;
	json_t *ids;
	int64_t pid;
	int r;

	if (app->query.answer == NULL)
		return 0;
	if ((part = take_users(app)) == NULL)
		return -ENOMEM;
	if ((r = keys_query_answer(app->crypt, part, app->query.gen, app->query.answer, &err)) != 0 ||
	    (r = outbox_wake(app->db, NULL)) != 0)
		return r;
	/* What waited for these users' devices is judged again. */
	json_object_foreach(json_obj(part, "device_keys"), user, ids) {
		if ((r = person_find(app->db, user, &pid)) == 0)
			r = ingest_devices(app, pid);
		if (r < 0)
			return r;
		(void)json_object_del(app->query.users, user);
	}
	*ret_more = json_object_size(app->query.users) > 0;
	if (!*ret_more)
		steps_query_forget(app);
	return 0;
}

/* One query and one claim at a time; their answers bring the next. */
static int
want_keys(struct app *app)
{
	int r = 0;

	if (!app->up || app->keys_due > app_now(app) || app->accounts[APP_NODE].barred || app->epoch.held)
		return 0;
	for (enum flight_kind kind = FLIGHT_QUERY; kind <= FLIGHT_CLAIM && r == 0; kind++) {
		autojson json_t *body = NULL;
		int64_t gen = 0;

		if (deliver_flying(app, kind, 0) || deliver_full(app) ||
		    (kind == FLIGHT_QUERY && app->query.answer != NULL))
			continue;
		r = kind == FLIGHT_QUERY ? keys_query_due(app->crypt, &body, &gen) :
		    keys_claim_due(app->crypt, &body);
		r = r == 0 ? deliver_reserve(app, kind, body, gen) : r == E_NOTFOUND ? 0 : r;
	}
	return r;
}

static int
heads(struct app *app, bool *ret_more)
{
	struct out *due = NULL;
	size_t n = 0, events = 0;
	int r = outbox_heads(app->db, app_now(app), nelem(app->clear), &due, &n);

	app->n_clear = 0;
	app->epoch.wanted = false;
	for (size_t i = 0; i < n; i++)
		events += due[i].state == OUT_NEW;
	if (app->crypt != NULL)
		envelope_turn(app->crypt, events);
	for (size_t i = 0; i < n && r == 0; i++)
		r = head(app, &due[i], ret_more);
	outbox_list_free(due, n);
	return r;
}

/* Keys of our own to be uploaded, or to be shared. */
static int
own_keys(struct app *app, bool *ret_more)
{
	int r;

	if ((r = device_upload(app->crypt)) < 0)
		return r;
	*ret_more |= r == 0;
	if ((r = envelope_share_step(app->crypt)) < 0)
		return r;
	*ret_more |= r == E_EXISTS;
	return 0;
}

/* The order of a turn; what is missing in ${one} does not compile. */
#define STEPS(X)				\
	X(ERASE, "forgetting")			\
	X(QUERY, "devices of others")		\
	X(MESSAGE, "messages")			\
	X(HEADS, "sending")			\
	X(OWN_KEYS, "keys of our own")		\
	X(CLOCK, "clocks of referrals")		\
	X(REMIND, "reminders to staff")		\
	X(NOTES, "what people keep")		\
	X(ASKS, "questions to members")		\
	X(CONSULT, "results of consultations")	\
	X(MEMBERS, "members of rooms")		\
	X(GAP, "gaps of timelines")		\
	X(FIND, "search")			\
	X(INGEST, "what came")			\
	X(BANS, "bans")				\
	X(REVOKE, "revocations")		\
	X(PUBLISH, "publishing")		\
	X(FEDERATION, "federation")		\
	X(TRAFFIC, "contents for partners")	\
	X(WANT_KEYS, "questions for keys")	\
	X(EPOCH, "the mark")

#define STEP(name, words) STEP_##name,
enum step { STEPS(STEP) STEP_END };
#undef STEP
#define STEP(name, words) words,
static const char *const step_name[] = { STEPS(STEP) };
#undef STEP

static int
one(struct app *app, enum step step, bool *ret_more)
{
	bool more = false;
	int r;

	switch (step) {
	case STEP_ERASE:
		return erase_step(app, ret_more);
	case STEP_QUERY:
		r = steps_query(app, &more);
		*ret_more |= more && app->crypt != NULL;
		return r;
	case STEP_MESSAGE:
		/* Before what is sent: whoever is in danger does not wait for the next answer of the homeserver. */
		return app->crypt != NULL ? message_step(app) : 0;
	case STEP_HEADS:
		return heads(app, ret_more);
	case STEP_OWN_KEYS:
		return epoch_open(app) ? own_keys(app, ret_more) : 0;
	case STEP_CLOCK:
		return epoch_open(app) ? case_clock_step(app, ret_more) : 0;
	case STEP_REMIND:
		return epoch_open(app) ? remind_step(app, ret_more) : 0;
	case STEP_NOTES:
		return epoch_open(app) ? notes_chat_step(app) : 0;
	case STEP_ASKS:
		return epoch_open(app) ? talk_clock_step(app, ret_more) : 0;
	case STEP_CONSULT:
		return epoch_open(app) ? consult_step(app, ret_more) : 0;
	case STEP_MEMBERS:
		return members_step(app, ret_more);
	case STEP_GAP:
		return gap_step(app, ret_more);
	case STEP_FIND:
		return find_step(app, ret_more);
	case STEP_INGEST:
		return ingest_step(app, ret_more);
	case STEP_BANS:
		return bans_step(app, ret_more);
	case STEP_REVOKE:
		return revoke_step(app, ret_more);
	case STEP_PUBLISH:
		return publish_step(app, ret_more);
	case STEP_FEDERATION:
		return federation_step(app);
	case STEP_TRAFFIC:
		return traffic_step(app, ret_more);
	case STEP_WANT_KEYS:
		return want_keys(app);
	case STEP_EPOCH:
		return epoch_step(app);
	case STEP_END:
		break;
	}
	return 0;
}

int
steps(struct app *app, bool *ret_more)
{
	int r = 0;

	app->n_clear = 0;	/* Nothing leaves on an old judgement. */
	if (app->resting != 0 && app->rested <= app_now(app))
		app->resting = 0;
	for (enum step step = 0; step < STEP_END && r == 0 && (step <= STEP_HEADS || app->crypt != NULL); step++) {
		if (app->resting & 1u << step)
			continue;
		r = one(app, step, ret_more);
		if (r > 0) {
			log_error("steps", "%s: an answer that nobody expected (%s); this rests for a minute, and all else goes on",
			    step_name[step], err_name(r));
			app->resting |= 1u << step;
			app->rested = app_now(app) + REST_MS;
		}
	}
	return r;
}

const char *
steps_resting(const struct app *app)
{
	for (enum step step = 0; step < STEP_END; step++)
		if (app->resting & 1u << step)
			return step_name[step];
	return NULL;
}

void
steps_next(struct app *app)
{
	int64_t keys = app->crypt != NULL ? keys_next(app->crypt) : INT64_MAX;
	int64_t due = traffic_due_at(app), again = app->crypt != NULL ? waiting_next(app->db) : INT64_MAX;

	if (again < due)
		due = again;
	if (app->crypt != NULL && (again = find_next_due(app)) < due)
		due = again;
	if (app->terms_due < due)
		due = app->terms_due;
	if (app->resting != 0 && app->rested < due)
		due = app->rested;
	if (app->crypt != NULL && (again = gap_next_due(app->db)) < due)
		due = again;
	if (epoch_open(app) && (again = case_clock_due(app)) < due)
		due = again;
	if (app->crypt != NULL && epoch_open(app) && (again = remind_due(app)) < due)
		due = again;
	if (app->crypt != NULL && epoch_open(app) && (again = notes_chat_due(app)) < due)
		due = again;
	if (app->crypt != NULL && epoch_open(app) && (again = talk_clock_due(app)) < due)
		due = again;
	if (keys < app->keys_due)
		keys = app->keys_due;
	/* What is under way, or has no place, is looked at again with the next answer. */
	if (app->up && !app->accounts[APP_NODE].barred && !app->epoch.held && !deliver_flying(app, FLIGHT_QUERY, 0) && !deliver_flying(app, FLIGHT_CLAIM, 0) &&
	    !deliver_full(app) && keys < due)
		due = keys;
	if (due < app->next)
		app->next = due;
}
