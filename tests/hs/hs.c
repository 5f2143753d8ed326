/* SPDX-License-Identifier: Apache-2.0 */
#include <sodium.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/canon.h"
#include "base/encode.h"
#include "base/id.h"
#include "hs_world.h"

void *
hs_must(void *p)
{
	if (p == NULL) {
		(void)fprintf(stderr, "hs: out of memory, or a string that is not UTF-8\n");
		abort();
	}
	return p;
}

char *
hs_text(const char *fmt, ...)
{
	char *text;
	va_list ap;

	va_start(ap, fmt);
	if (vasprintf(&text, fmt, ap) < 0)
		text = NULL;
	va_end(ap);
	return hs_must(text);
}

void
hs_complain(struct hs *hs, const char *fmt, ...)
{
	char text[512];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	(void)json_array_append_new(hs->complaints, json_string(text));
}

/* As version 12 makes them: a hash without a domain. */
char *
hs_id(struct hs *hs, char sigil)
{
	uint8_t hash[crypto_hash_sha256_BYTES];
	char *id = hs_must(malloc(2 + B64_LEN(sizeof(hash))));
	long n = ++hs->counter;

	(void)crypto_hash_sha256(hash, (const unsigned char *)&n, sizeof(n));
	id[0] = sigil;
	encode_b64url(hash, sizeof(hash), id + 1);
	return id;
}

int
hs_refuse(json_t **ret, int status, const char *code, const char *error)
{
	*ret = hs_must(json_pack("{s:s, s:s}", "errcode", code, "error", error));
	return status;
}

struct hs_user *
hs_user(const struct hs *hs, const char *id)
{
	for (struct hs_user *u = hs->users; u != NULL; u = u->next)
		if (id != NULL && !strcmp(u->id, id))
			return u;
	return NULL;
}

struct hs_device *
hs_device(const struct hs_user *user, const char *id)
{
	for (struct hs_device *d = user->devices; d != NULL; d = d->next)
		if (id != NULL && !strcmp(d->id, id))
			return d;
	return NULL;
}

struct hs_server *
hs_server(const struct hs *hs, const char *name)
{
	for (struct hs_server *s = hs->servers; s != NULL; s = s->next)
		if (!strcmp(s->name, name))
			return s;
	return NULL;
}

struct hs *
hs_new(const int64_t *now)
{
	struct hs *hs = hs_must(calloc(1, sizeof(*hs)));

	hs->now = now;
	hs->log = hs_must(json_array());
	hs->complaints = hs_must(json_array());
	hs->positions = hs_must(json_object());
	return hs;
}

static void
free_devices(struct hs_device *d)
{
	while (d != NULL) {
		struct hs_device *next = d->next;

		free(d->id);
		free(d->token);
		json_decref(d->keys);
		json_decref(d->onetime);
		json_decref(d->used);
		json_decref(d->fallback);
		json_decref(d->inbox);
		json_decref(d->txns);
		free(d);
		d = next;
	}
}

void
hs_free(struct hs *hs)
{
	if (hs == NULL)
		return;
	for (struct hs_user *u = hs->users, *next; u != NULL; u = next) {
		next = u->next;
		free_devices(u->devices);
		json_decref(u->signing);
		json_decref(u->account_data);
		free(u->id);
		free(u->password);
		free(u);
	}
	for (struct hs_server *s = hs->servers, *next; s != NULL; s = next) {
		next = s->next;
		json_decref(s->log);
		json_decref(s->rooms);
		json_decref(s->invites);
		free(s->name);
		free(s);
	}
	for (struct hs_room *r = hs->rooms, *next; r != NULL; r = next) {
		next = r->next;
		json_decref(r->events);
		json_decref(r->state);
		free(r->id);
		free(r);
	}
	for (struct hs_parcel *p = hs->parcels, *next; p != NULL; p = next) {
		next = p->next;
		json_decref(p->item);
		free(p);
	}
	json_decref(hs->log);
	json_decref(hs->complaints);
	json_decref(hs->positions);
	free(hs);
}

void
hs_clock(struct hs *hs, const int64_t *now)
{
	hs->now = now;
}

void
hs_add_user(struct hs *hs, const char *id, const char *password)
{
	const char *name = id_server(id);
	struct hs_server *server = hs_server(hs, name);
	struct hs_user *user;

	if (hs_user(hs, id) != NULL)
		return;
	user = hs_must(calloc(1, sizeof(*user)));

	if (server == NULL) {
		server = hs_must(calloc(1, sizeof(*server)));
		*server = (struct hs_server){ .name = hs_must(strdup(name)), .log = hs_must(json_array()),
		    .rooms = hs_must(json_object()), .invites = hs_must(json_object()),
		    .next = hs->servers };
		hs->servers = server;
	}
	*user = (struct hs_user){ .id = hs_must(strdup(id)), .password = hs_must(strdup(password)),
	    .server = server, .signing = hs_must(json_object()),
	    .account_data = hs_must(json_object()), .next = hs->users };
	hs->users = user;
}

void
hs_script(struct hs *hs, const struct hs_script *script)
{
	hs->script = script != NULL ? *script : (struct hs_script){ 0 };
}

/*
 * Between servers.
 */

static void
arrive(struct hs *hs, struct hs_server *to, struct hs_device *device, json_t *item)
{
	if (device != NULL) {
		(void)json_object_set_new(item, "pos", json_integer(++hs->counter));
		(void)json_array_append(device->inbox, item);
	} else
		hs_arrive(hs, to, item);
}

/* Are they of one kind, of which none overtakes another? */
static bool
in_order(const struct hs_parcel *p, const struct hs_device *device, const json_t *item)
{
	const char *room = json_str(item, "room"), *before = json_str(p->item, "room");

	return device != NULL ? p->device != NULL : room != NULL && before != NULL && !strcmp(before, room);
}

/*
 * Events of a room do not overtake each other: a server that lacks an earlier one fetches that first.  Nor do messages to devices: a
 * server sends those for another one after the other, and the next ones when it has an answer.
 */
static int64_t
not_before(const struct hs *hs, const struct hs_server *from, const struct hs_server *to, const struct hs_device *device, const json_t *item)
{
	int64_t due = 0;

	for (const struct hs_parcel *p = hs->parcels; p != NULL; p = p->next)
		if (p->from == from && p->to == to && p->due > due && in_order(p, device, item))
			due = p->due;
	return due;
}

void
hs_send(struct hs *hs, struct hs_server *from, struct hs_server *to, struct hs_device *device, json_t *item)
{
	int64_t delay = from != to && hs->script.delay != NULL ?
	    hs->script.delay(hs->script.cookie, from->name, to->name) : 0;
	struct hs_parcel **end = &hs->parcels;
	struct hs_parcel *parcel;
	int64_t least;

	hs_must(item);
	if ((least = not_before(hs, from, to, device, item)) > *hs->now + delay)
		delay = least - *hs->now;
	if (delay <= 0) {
		arrive(hs, to, device, item);
		json_decref(item);
		return;
	}
	parcel = hs_must(calloc(1, sizeof(*parcel)));
	*parcel = (struct hs_parcel){ .due = *hs->now + delay, .from = from, .to = to, .device = device, .item = item };
	while (*end != NULL)
		end = &(*end)->next;
	*end = parcel;
}

void
hs_deliver(struct hs *hs)
{
	struct hs_parcel **p = &hs->parcels;

	while (*p != NULL) {
		struct hs_parcel *parcel = *p;

		if (parcel->due > *hs->now) {
			p = &parcel->next;
			continue;
		}
		*p = parcel->next;
		arrive(hs, parcel->to, parcel->device, parcel->item);
		json_decref(parcel->item);
		free(parcel);
	}
}

int64_t
hs_next(const struct hs *hs)
{
	int64_t next = INT64_MAX;

	for (const struct hs_parcel *p = hs->parcels; p != NULL; p = p->next)
		if (p->due < next)
			next = p->due;
	return next;
}

/*
 * Requests.
 */

/* "*" is any one segment; methods are part of the pattern. */
static const struct endpoint {
	const char	*pattern;
	int		(*serve)(struct hs_req *, json_t **);
	bool		 open;		/* Needs no token. */
	bool		 once;		/* Its path holds a transaction id. */
} endpoints[] = {
	{ "POST login",				hs_login, true, false },
	{ "GET sync",				hs_sync, false, false },
	{ "POST keys/upload",			hs_keys_upload, false, false },
	{ "POST keys/query",			hs_keys_query, false, false },
	{ "POST keys/claim",			hs_keys_claim, false, false },
	{ "POST keys/device_signing/upload",	hs_signing_upload, false, false },
	{ "POST keys/signatures/upload",	hs_signatures_upload, false, false },
	{ "POST delete_devices",		hs_delete_devices, false, false },
	{ "PUT user/*/account_data/*",		hs_put_account_data, false, false },
	{ "PUT sendToDevice/*/*",		hs_send_to_device, false, true },
	{ "POST createRoom",			hs_create, false, false },
	{ "POST rooms/*/invite",		hs_invite, false, false },
	{ "POST rooms/*/leave",			hs_leave, false, false },
	{ "POST join/*",			hs_join, false, false },
	{ "PUT rooms/*/send/*/*",		hs_send_event, false, true },
	{ "PUT rooms/*/state/*/*",		hs_put_state, false, false },
	{ "GET rooms/*/messages",		hs_messages, false, false },
	{ "GET rooms/*/state",			hs_get_state, false, false },
	{ "GET rooms/*/state/*/*",		hs_get_state_of, false, false },
	{ "GET rooms/*/members",		hs_members, false, false },
};

static char *
decode(const char *text, size_t n)
{
	char *out = hs_must(malloc(n + 1)), *at = out;

	for (size_t i = 0; i < n; i++) {
		unsigned c;

		if (text[i] == '%' && i + 2 < n && sscanf(text + i + 1, "%2x", &c) == 1) {
			*at++ = (char)c;
			i += 2;
		} else
			*at++ = text[i];
	}
	*at = '\0';
	return out;
}

static void
read_query(const char *text, json_t *query)
{
	while (*text != '\0') {
		size_t n = strcspn(text, "&"), eq = strcspn(text, "=&");
		autofree char *name = decode(text, eq);
		autofree char *value = eq < n ? decode(text + eq + 1, n - eq - 1) : decode("", 0);

		(void)json_object_set_new(query, name, hs_must(json_string(value)));
		text += n + (text[n] == '&');
	}
}

static void
read_path(struct hs_req *rq, const char *path)
{
	rq->query = hs_must(json_object());
	if (strncmp(path, HS_PREFIX, strlen(HS_PREFIX)) != 0)
		return;
	path += strlen(HS_PREFIX);
	while (rq->nseg < HS_SEGMENTS) {
		size_t n = strcspn(path, "/?");

		rq->seg[rq->nseg++] = decode(path, n);
		path += n;
		if (*path == '?')
			read_query(path + 1, rq->query);
		if (*path != '/')
			break;
		path++;
	}
}

static bool
fits(const char *pattern, const struct hs_req *rq)
{
	size_t n = strlen(rq->method);

	if (strncmp(pattern, rq->method, n) != 0 || pattern[n] != ' ')
		return false;
	pattern += n + 1;
	for (size_t i = 0; i < rq->nseg; i++) {
		n = strcspn(pattern, "/");
		if (!(n == 1 && *pattern == '*') &&
		    (strlen(rq->seg[i]) != n || strncmp(pattern, rq->seg[i], n) != 0))
			return false;
		pattern += n;
		if (*pattern == '\0')
			return i + 1 == rq->nseg;
		pattern++;
	}
	return false;
}

static struct hs_device *
whose(const struct hs *hs, const char *token)
{
	for (struct hs_user *u = hs->users; u != NULL; u = u->next)
		for (struct hs_device *d = u->devices; d != NULL; d = d->next)
			if (token != NULL && d->token != NULL && !strcmp(d->token, token))
				return d;
	return NULL;
}

/* The same transaction again gets the same answer and does nothing. */
static int
serve_once(struct hs_req *rq, const struct endpoint *e, json_t **ret)
{
	json_t *seen = json_object_get(rq->dev->txns, rq->path);
	int status;

	if (seen != NULL) {
		rq->replay = true;
		if (!json_equal(json_object_get(seen, "body"), rq->body))
			hs_complain(rq->hs, "two bodies under one transaction id: %s of %s", rq->path,
			    rq->dev->user->id);
		*ret = json_incref(json_object_get(seen, "answer"));
		return 200;
	}
	if ((status = e->serve(rq, ret)) == 200)
		(void)json_object_set_new(rq->dev->txns, rq->path, hs_must(json_pack("{s:O, s:O}",
		    "body", rq->body, "answer", *ret)));
	return status;
}

static int
serve(struct hs_req *rq, const char *token, json_t **ret)
{
	const struct endpoint *e = NULL;

	for (size_t i = 0; i < nelem(endpoints) && e == NULL; i++)
		if (fits(endpoints[i].pattern, rq))
			e = &endpoints[i];
	if (e == NULL) {
		hs_complain(rq->hs, "no such endpoint: %s %s", rq->method, rq->path);
		return hs_refuse(ret, 404, "M_UNRECOGNIZED", "Unrecognized request");
	}
	if (rq->dev == NULL && !e->open)
		return token == NULL ? hs_refuse(ret, 401, "M_MISSING_TOKEN", "Missing access token") :
		    hs_refuse(ret, 401, "M_UNKNOWN_TOKEN", "Unrecognised access token");
	return e->once ? serve_once(rq, e, ret) : e->serve(rq, ret);
}

static void
note(struct hs_req *rq, int status)
{
	if (!strcmp(rq->seg[0] != NULL ? rq->seg[0] : "", "sync"))
		return;
	(void)json_array_append_new(rq->hs->log, hs_must(json_pack("{s:I, s:s, s:s, s:s, s:s, s:O, s:i, s:b}",
	    "at", (json_int_t)*rq->hs->now, "user", rq->dev != NULL ? rq->dev->user->id : "",
	    "device", rq->dev != NULL ? rq->dev->id : "", "method", rq->method, "path", rq->path,
	    "body", rq->body, "status", status, "replay", rq->replay)));
}

int
hs_request(struct hs *hs, const char *token, const char *method, const char *path, const char *body,
    enum hs_turn turn, int *ret_status, json_t **ret_body, int64_t *ret_until)
{
	struct hs_req rq = { .hs = hs, .dev = whose(hs, token), .method = method, .path = path,
	    .turn = turn };
	autojson json_t *given = body != NULL ? json_loads(body, JSON_REJECT_DUPLICATES, NULL) : json_object();
	struct hs_call call = { .user = rq.dev != NULL ? rq.dev->user->id : "",
	    .device = rq.dev != NULL ? rq.dev->id : "", .method = method, .path = path,
	    .body = body != NULL ? given : NULL };
	int fate = HS_SERVE, status = 0;
	json_t *answer = NULL;

	rq.body = given;
	read_path(&rq, path);
	if (hs->script.drop != NULL && turn == HS_FIRST && strstr(path, hs->script.drop) != NULL)
		fate = HS_DROP;
	else if (hs->script.request != NULL && turn == HS_FIRST)
		fate = hs->script.request(hs->script.cookie, &call, &status, &answer);
	if (given == NULL) {
		hs_complain(hs, "a body that is not JSON: %s %s", method, path);
		status = hs_refuse(&answer, 400, "M_NOT_JSON", "Content not JSON.");
	} else if (fate == HS_SERVE || fate == HS_LOSE)
		status = serve(&rq, token, &answer);
	if (given != NULL && status != 0 && fate != HS_DROP)
		note(&rq, status);
	for (size_t i = 0; i < rq.nseg; i++)
		free(rq.seg[i]);
	json_decref(rq.query);
	if (fate == HS_DROP || fate == HS_LOSE) {
		json_decref(answer);
		return fate;
	}
	if (status == 0) {
		*ret_until = rq.until;
		return HS_PARKED;
	}
	*ret_status = status;
	*ret_body = answer;
	return HS_SERVE;
}

void
hs_revoke(struct hs *hs, const char *user)
{
	for (struct hs_device *d = hs_user(hs, user)->devices; d != NULL; d = d->next) {
		free(d->token);
		d->token = NULL;
	}
}

void
hs_forget(struct hs *hs)
{
	for (struct hs_user *u = hs->users; u != NULL; u = u->next)
		for (struct hs_device *d = u->devices; d != NULL; d = d->next)
			(void)json_object_clear(d->txns);
}

/*
 * Oracles.
 */

const json_t *
hs_log(const struct hs *hs)
{
	return hs->log;
}

const json_t *
hs_complaints(const struct hs *hs)
{
	return hs->complaints;
}

static bool
is_of_type(const struct hs_room *room, const char *type)
{
	const char *is = json_str(json_obj(json_array_get(room->events, 0), "content"), "type");

	return type == NULL ? is == NULL : is != NULL && !strcmp(is, type);
}

const char *
hs_room(const struct hs *hs, const char *type, size_t i)
{
	size_t n = 0;

	for (const struct hs_room *r = hs->rooms; r != NULL; r = r->next)
		n += is_of_type(r, type);
	for (const struct hs_room *r = hs->rooms; r != NULL && i < n; r = r->next)	/* The newest comes first. */
		if (is_of_type(r, type) && --n == i)
			return r->id;
	return NULL;
}

const json_t *
hs_events(const struct hs *hs, const char *room)
{
	for (const struct hs_room *r = hs->rooms; r != NULL; r = r->next)
		if (room != NULL && !strcmp(r->id, room))
			return r->events;
	return NULL;
}
