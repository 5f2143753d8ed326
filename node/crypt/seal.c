/* SPDX-License-Identifier: Apache-2.0 */
/* envelope.h, outbound: sessions, who is to have their keys, the event itself. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/encode.h"
#include "base/canon.h"
#include "base/id.h"
#include "envelope.h"
#include "keys.h"
#include "machine.h"
#include "matrix/request.h"
#include "sharing.h"
#include "store/peoplestore.h"
#include "store/sharestore.h"

#define ENCRYPTED	"m.room.encrypted"
#define PLANNED_ALL	INT64_MAX
#define autosealing	__attribute__((cleanup(crypto_outbound_free)))

enum {
	PLAN_USERS	= 100,	/* Users planned, or found outdated, in one step. */
	KEY_MAX		= 255,	/* Bytes of a state key. */
	HISTORY_SESSIONS = 8,	/* Sessions planned for a later reader in one step. */
	MENDS		= 8,
};

static const char nobody[] = "no device of anybody on the room's roster may receive keys";

/* Remember and say why the room waits. */
static int
wait_for(struct crypt *c, const char *room_id, struct err *reterr, const char *why)
{
	int r = blocked_put(c->db, room_id, why);

	return r != 0 ? r : err_set(reterr, E_LATER, "%s", why);
}

/* Our own copy, so that we can read what we wrote. */
static int
keep_copy(struct crypt *c, const struct crypto_outbound *s, const struct buf *key)
{
	autoinbound struct ratchet_inbound *in = NULL;
	autowipe struct buf pickle = { 0 };
	struct crypto_inbound row = { .room_id = s->room_id, .pid = c->pid,
	    .shared_history = s->history };
	int r;

	memcpy(row.curve25519, c->curve25519, CRYPT_KEY);
	if ((r = ratchet_inbound_new(key->data, &in)) != 0 ||
	    (r = ratchet_inbound_pickle(in, c->pickle_key, &pickle)) != 0)
		return r > 0 ? ERR_CRYPTO : r;
	return crypto_inbound_add(c->db, s->session_id, &row, &pickle, s->created);
}

static int
new_session(struct crypt *c, const struct room *room)
{
	autooutbound struct ratchet_outbound *ratchet = NULL;
	autowipe struct buf key = { 0 };
	autosealing struct crypto_outbound s = { .created = machine_now(c),
	    .history = room->kind == ROOM_DIRECTORY };
	char id[CRYPT_KEY_TEXT + 1];
	int r;

	if ((r = ratchet_outbound_new(c->world, &ratchet)) != 0 ||
	    (r = ratchet_outbound_id(ratchet, id)) != 0 ||
	    (r = ratchet_outbound_key(ratchet, &key)) != 0 ||
	    (r = ratchet_outbound_pickle(ratchet, c->pickle_key, &s.pickle)) != 0)
		return r;
	if ((s.session_id = strdup(id)) == NULL || (s.room_id = strdup(room->room_id)) == NULL)
		return -ENOMEM;
	if ((r = crypto_outbound_add(c->db, &s, &key)) != 0)
		return r;
	return keep_copy(c, &s, &key);
}

static bool
worn_out(struct crypt *c, const struct crypto_outbound *s)
{
	return s->rotate || s->messages >= ENVELOPE_MESSAGES ||
	    machine_now(c) - s->created >= ENVELOPE_PERIOD;
}

/* The room's session in use, made if need be. */
static int
get_session(struct crypt *c, const struct room *room, struct crypto_outbound *ret)
{
	int r = crypto_outbound_active(c->db, room->room_id, ret);

	if (r == 0 && worn_out(c, ret)) {
		r = crypto_outbound_retire(c->db, ret->n);
		crypto_outbound_free(ret);
		if (r == 0)
			r = E_NOTFOUND;
	}
	if (r != E_NOTFOUND)
		return r;
	if ((r = new_session(c, room)) != 0)
		return r;
	return crypto_outbound_active(c->db, room->room_id, ret);
}

/*
 * One user of the roster: its devices get shares.  E_LATER if its list must be
 * asked for first; E_REFUSED if the session must go, since a device of a user
 * whom we cannot ask about may hold it.
 */
static int
plan_user(struct crypt *c, const struct room *room, const struct crypto_outbound *s, int64_t pid)
{
	struct crypto_user u;
	bool holds;
	int r;

	if ((r = keys_track(c, pid)) != 0)
		return r;
	if ((r = keys_fresh(c, pid)) == 0)
		return share_plan(c->db, s->n, pid, machine_now(c));
	if (r < 0 || room->kind != ROOM_DIRECTORY)
		return r;
	if ((r = crypto_user_get(c->db, pid, &u)) != 0)
		return r;
	if (u.tries == 0 || u.due <= machine_now(c))
		return E_LATER;
	/* One follower's dead server does not hold up a directory; it gets the
	 * keys as history when it is back. */
	if ((r = share_holds(c->db, s->n, pid, &holds)) != 0)
		return r;
	return holds ? E_REFUSED : history_add(c->db, room->room_id, pid);
}

/* Begin anew if devices or the roster changed; E_REFUSED if somebody who holds
 * the session may not any more. */
static int
begin_plan(struct crypt *c, struct crypto_outbound *s)
{
	int64_t epoch, roster;
	bool strangers;
	int r;

	if ((r = crypto_epoch_get(c->db, &epoch)) != 0 ||
	    (r = share_readers(c->db, s->room_id, &roster)) != 0)
		return r;
	if (s->planned >= 0 && s->plan_epoch == epoch && s->plan_roster == roster)
		return 0;
	if ((r = share_strangers(c->db, s->n, s->room_id, &strangers)) != 0)
		return r;
	if (strangers)
		return E_REFUSED;
	s->planned = 0;
	s->plan_epoch = epoch;
	s->plan_roster = roster;
	return 0;
}

/* 0: everybody has a share; E_EXISTS, E_LATER, E_REFUSED (as plan_user). */
static int
plan(struct crypt *c, const struct room *room, struct crypto_outbound *s)
{
	autofree int64_t *pids = NULL;
	size_t n = 0, done = 0;
	bool waits = false;
	int64_t last;
	int r;

	if ((r = begin_plan(c, s)) != 0 || s->planned == PLANNED_ALL)
		return r;
	if ((r = roster_list(c->db, s->room_id, &pids, &n)) != 0)
		return r;
	last = s->planned;
	for (size_t i = 0; i < n && done < PLAN_USERS; i++) {
		if (pids[i] <= s->planned || pids[i] == c->pid)
			continue;
		done++;
		if ((r = plan_user(c, room, s, pids[i])) < 0 || r == E_REFUSED)
			return r;
		waits |= r == E_LATER;
		if (!waits)
			last = pids[i];
	}
	s->planned = waits || done == PLAN_USERS ? last : PLANNED_ALL;
	if ((r = crypto_outbound_plan(c->db, s)) != 0)
		return r;
	return waits ? E_LATER : s->planned == PLANNED_ALL ? 0 : E_EXISTS;
}

/* 0: nobody waits for the key; E_EXISTS, E_LATER. */
static int
share(struct crypt *c, const struct crypto_outbound *s, struct err *reterr)
{
	static const enum share_state waiting[] = { SHARE_CLAIM, SHARE_QUEUED };
	static const char *const why[] = { "a device's one-time key is awaited",
	    "the room key is on its way" };
	int64_t n;
	int r;

	if ((r = sharing_work(c, s->n, c->each)) != 0)
		return r;
	for (size_t i = 0; i < nelem(waiting); i++) {
		if ((r = share_count(c->db, s->n, waiting[i], 1, &n)) != 0)
			return r;
		if (n > 0)
			return wait_for(c, s->room_id, reterr, why[i]);
	}
	return 0;
}

static int
add_member(struct buf *out, const char *name, const char *value)
{
	int r = buf_printf(out, ",\"%s\":", name);

	return r != 0 ? r : canon_string(value, out);
}

static int
inner_event(const struct out *row, struct buf *out)
{
	int r;

	if ((r = buf_printf(out, "{\"content\":%s", row->content)) != 0 ||
	    (r = add_member(out, "type", row->type)) != 0 ||
	    (r = add_member(out, "room_id", row->room_id)) != 0 ||
	    (row->state_key != NULL && (r = add_member(out, "state_key", row->state_key)) != 0))
		return r;
	return buf_puts(out, "}");
}

static char *
path_of(const struct out *row)
{
	autobuf struct buf packed = { 0 };

	if (row->state_key == NULL)
		return request_path("/rooms/%s/send/%s/%s", row->room_id, ENCRYPTED, row->txn);
	if (buf_printf(&packed, "%s:%s", row->type, row->state_key) != 0)
		return NULL;
	return request_path("/rooms/%s/state/%s/%s", row->room_id, ENCRYPTED, packed.data);
}

/* Advance the ratchet and commit its ciphertext with it. */
static int
encrypt(struct crypt *c, struct crypto_outbound *s, const struct out *row, struct err *reterr)
{
	autooutbound struct ratchet_outbound *ratchet = NULL;
	autowipe struct buf inner = { 0 }, cipher = { 0 };
	autojson json_t *content = NULL;
	autofree char *path = path_of(row), *body = NULL;
	int r;

	if (path == NULL)
		return -ENOMEM;
	if ((r = inner_event(row, &inner)) != 0)
		return r;
	if (inner.len > ENVELOPE_PLAIN_MAX)
		return err_set(reterr, E_REFUSED, "the event has %zu bytes, more than %d", inner.len,
		    ENVELOPE_PLAIN_MAX);
	if ((r = ratchet_outbound_unpickle(c->pickle_key, &s->pickle, &ratchet)) != 0 ||
	    (r = ratchet_outbound_encrypt(ratchet, inner.data, inner.len, &cipher)) != 0)
		return r;
	buf_wipe(&s->pickle);
	if ((r = ratchet_outbound_pickle(ratchet, c->pickle_key, &s->pickle)) != 0 ||
	    (r = crypto_outbound_advance(c->db, s)) != 0)
		return r > 0 ? ERR_CORRUPT : r;
	content = json_pack("{s:s, s:s, s:s, s:s, s:s}", "algorithm", CRYPT_MEGOLM,
	    "ciphertext", cipher.data, "device_id", c->device_id, "sender_key", c->curve_text,
	    "session_id", s->session_id);
	if (content == NULL || (body = json_text(content, JSON_COMPACT | JSON_SORT_KEYS)) == NULL)
		return -ENOMEM;
	if ((r = outbox_ready(c->db, row->id, "PUT", path, body)) != 0)
		return r > 0 ? ERR_CORRUPT : r;
	return blocked_put(c->db, row->room_id, NULL);
}

static int
check_row(struct crypt *c, const struct out *row, struct room *room, struct err *reterr)
{
	int r;

	if (row->kind != OUT_EVENT || row->state != OUT_NEW || row->content == NULL)
		return err_set(reterr, E_REFUSED, "this row is not an event to be encrypted");
	if (!id_is_room(row->room_id))
		return err_set(reterr, E_REFUSED, "the room id is malformed");
	if ((r = room_get(c->db, row->room_id, room)) != 0)
		return r < 0 ? r : err_set(reterr, E_REFUSED, "the room is not known");
	if (!room->encrypted || (row->state_key != NULL && !room->state_encrypted))
		return err_set(reterr, E_REFUSED, "the room does not encrypt such events");
	if (row->state_key != NULL && (strchr(row->type, ':') != NULL ||
	    strlen(row->type) + 1 + strlen(row->state_key) > KEY_MAX))
		return err_set(reterr, E_REFUSED, "type and state key cannot be packed into one key");
	return 0;
}

void
envelope_turn(struct crypt *c, size_t events)
{
	c->left = SHARING_BUDGET;
	c->each = events <= 1 ? SHARING_BUDGET : events > SHARING_BUDGET ? 1 : SHARING_BUDGET / (int)events;
}

/* Nobody can read the room: perhaps by a false answer, so they are asked for again. */
static int
wait_for_anybody(struct crypt *c, const char *room_id, struct err *reterr)
{
	autofree int64_t *pids = NULL;
	size_t n = 0;
	int r = roster_list(c->db, room_id, &pids, &n);

	for (size_t i = 0; r == 0 && i < n && i < PLAN_USERS; i++)
		if (pids[i] != c->pid)
			r = machine_look_again(c, pids[i]);
	return r != 0 ? r : wait_for(c, room_id, reterr, nobody);
}

int
envelope_seal_step(struct crypt *c, const struct out *row, struct err *reterr)
{
	autoroom struct room room = { 0 };
	autosealing struct crypto_outbound s = { 0 };
	int64_t readers;
	int r;

	if ((r = check_row(c, row, &room, reterr)) != 0)
		return r;
	if ((r = unsure_has(c->db, row->room_id)) != E_NOTFOUND)
		return r != 0 ? r : wait_for(c, row->room_id, reterr, "the homeserver has yet to say who is in the room");
	if ((r = get_session(c, &room, &s)) != 0)
		return r;
	r = plan(c, &room, &s);
	if (r == E_REFUSED) {
		if ((r = envelope_rotate(c, row->room_id)) != 0)
			return r;
		return E_EXISTS;
	}
	if (r == E_LATER)
		return wait_for(c, row->room_id, reterr, "a device list is awaited");
	if (r != 0 || (r = share(c, &s, reterr)) != 0)
		return r;
	if ((r = share_count(c->db, s.n, SHARE_DONE, 1, &readers)) != 0)
		return r;
	if (readers == 0 && room.kind != ROOM_DIRECTORY)
		return wait_for_anybody(c, row->room_id, reterr);
	return encrypt(c, &s, row, reterr);
}

int
envelope_blocked(struct crypt *c, const char *room_id, char **ret)
{
	return blocked_get(c->db, room_id, ret);
}

int
envelope_unreadable(struct crypt *c, const char *room_id)
{
	autofree char *why = NULL;
	int r = blocked_get(c->db, room_id, &why);

	return r != 0 ? r : strcmp(why, nobody) == 0 ? 0 : E_NOTFOUND;
}

int
envelope_rotate(struct crypt *c, const char *room_id)
{
	return crypto_outbound_rotate_room(c->db, room_id);
}

int
envelope_rotates(struct crypt *c, const char *room_id)
{
	return crypto_outbound_rotates(c->db, room_id);
}

int
envelope_member_left(struct crypt *c, const char *room_id, int64_t pid)
{
	int r = history_drop(c->db, room_id, pid);

	return r != 0 ? r : envelope_rotate(c, room_id);
}

int
envelope_share_check(struct crypt *c, const char *ref)
{
	int64_t n, strangers;
	int r;

	if ((r = share_row(c->db, ref, &n, &strangers)) != 0)
		return r;
	if (n > 0 && strangers == 0)
		return 0;
	if ((r = share_again(c->db, ref)) != 0 || (r = outbox_void(c->db, ENVELOPE_SHARE, ref)) != 0)
		return r;
	return E_REFUSED;
}

int
envelope_shared(struct crypt *c, const char *ref)
{
	return share_answered(c->db, ref);
}

int
envelope_sharing(struct crypt *c, const char *ref)
{
	bool others;
	int r = share_others(c->db, ref, &others);

	return r != 0 ? r : others ? 0 : E_NOTFOUND;
}

int
envelope_unshared(struct crypt *c, const char *ref)
{
	return share_again(c->db, ref);
}

int
envelope_share_history(struct crypt *c, const char *room_id, int64_t pid)
{
	autoroom struct room room = { 0 };
	int r = room_get(c->db, room_id, &room);

	if (r != 0)
		return r;
	return room.kind == ROOM_DIRECTORY ? history_add(c->db, room_id, pid) : E_REFUSED;
}

/* A fresh Olm session for a device whose old one broke; m.dummy tells it so. */
static int
mend(struct crypt *c, struct crypto_device *d)
{
	autoparcel struct sharing_parcel parcel = { 0 };
	int budget = 0, r;
	char whose[24];

	d->mend = 0;
	if ((r = crypto_device_claim(c->db, d)) != 0)
		return r > 0 ? ERR_CORRUPT : r;
	if (!d->eligible || d->onetime == NULL)
		return 0;
	if ((r = sharing_seal(c, &parcel, d, true, "m.dummy", "{}", &budget)) != 0)
		return r < 0 ? r : 0;
	(void)snprintf(whose, sizeof(whose), "%" PRId64, d->pid);
	if ((r = sharing_post(c, &parcel, ENVELOPE_DUMMY, whose)) != 0)
		return r;
	return share_resend(c->db, d->pid, d->device_id);
}

static int
mend_some(struct crypt *c)
{
	struct crypto_device *list;
	size_t n;
	int r = crypto_device_mends(c->db, MENDS, &list, &n);

	if (r != 0)
		return r;
	for (size_t i = 0; r == 0 && i < n; i++)
		r = mend(c, &list[i]);
	crypto_device_list_free(list, n);
	return r == 0 && n > 0 ? E_EXISTS : r;
}

/* Give one later reader shares of the next few sessions of a room. */
static int
plan_history(struct crypt *c, const char *room_id, int64_t pid, int64_t done)
{
	autofree int64_t *sessions = NULL;
	size_t n = 0;
	int r;

	if ((r = roster_has(c->db, room_id, pid)) != 0)
		return r < 0 ? r : history_drop(c->db, room_id, pid);
	if ((r = keys_track(c, pid)) != 0 || (r = keys_fresh(c, pid)) != 0 ||
	    (r = crypto_outbound_after(c->db, room_id, done, HISTORY_SESSIONS, &sessions, &n)) != 0)
		return r;
	for (size_t i = 0; i < n; i++)
		if ((r = share_plan(c->db, sessions[i], pid, machine_now(c))) != 0)
			return r;
	if (n < HISTORY_SESSIONS)
		return history_drop(c->db, room_id, pid);
	return history_done(c->db, room_id, pid, sessions[n - 1]);
}

/* The first later reader who does not wait for a query: E_EXISTS; else E_LATER or 0. */
static int
plan_some(struct crypt *c)
{
	autofree char *room = strdup(""), *next = NULL;
	int64_t pid = 0, done;
	int r, waits = 0;

	if (room == NULL)
		return -ENOMEM;
	for (int i = 0; i < PLAN_USERS; i++) {
		if ((r = history_after(c->db, room, pid, &next, &pid, &done)) != 0)
			return r == E_NOTFOUND ? waits : r;
		free(room);
		room = take(next);
		if ((r = plan_history(c, room, pid, done)) < 0)
			return r;
		if (r == 0)
			return E_EXISTS;
		waits = E_LATER;
	}
	return waits;
}

int
envelope_share_step(struct crypt *c)
{
	int64_t session;
	int r, waits;

	if ((r = mend_some(c)) != 0 || (r = share_revive(c->db, machine_now(c), SHARING_BUDGET)) != 0)
		return r;
	waits = plan_some(c);
	if (waits < 0 || waits == E_EXISTS)
		return waits;
	if ((r = share_session(c->db, SHARE_WANTED, &session)) == 0)
		return sharing_work(c, session, SHARING_BUDGET);
	if (r == E_NOTFOUND && (r = share_session(c->db, SHARE_CLAIM, &session)) == 0)
		return E_LATER;
	return r == E_NOTFOUND ? waits : r;
}
