/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/canon.h"
#include "base/event.h"
#include "base/log.h"
#include "base/text.h"
#include "domain/trust.h"
#include "domain/when.h"
#include "events.h"
#include "federation.h"
#include "matrix/request.h"
#include "rooms.h"
#include "store/audit.h"
#include "store/outbox.h"
#include "store/peoplestore.h"
#include "store/truststore.h"
#include "trustlist.h"

#define AHEAD		"trust_ahead"		/* meta: a version in a room that is too far ahead to be kept. */
#define JUDGED		"trust_judged"		/* meta: which version was the newest when all in the room were judged last. */
#define PUBLISHED	"trust_published"	/* meta: the newest version in our room. */
#define OURS		"federation"		/* Subject of a room of our own; of another's, its id. */
#define PURPOSE		"federation"

/*
 * PART characters of a part: escaped twice they still fit into an event.  KEPT versions stay in the room, for those
 * who were away; and of a hostile room no more than so many are kept here.
 */
enum { PART = 30 * 1024, PARTS = 16, KEPT = 8 };

struct parts {
	struct buf	text;
	int64_t		next, parts;
};

static int
add_part(void *cookie, int64_t part, int64_t parts, const char *text)
{
	struct parts *p = cookie;

	(void)part;	/* Each is there once, and below the number that all agree on. */
	if (p->parts != 0 && parts != p->parts)
		return E_LATER;
	p->next++;
	p->parts = parts;
	return buf_puts(&p->text, text);
}

/* The document of ${version}, if all its parts are there: 0, E_LATER, E_BAD (no JSON). */
static int
assemble(struct app *app, int64_t version, json_t **ret)
{
	struct parts p = { .next = 0 };
	int r = trust_part_each(app->db, version, add_part, &p);

	if (r == 0)
		r = p.parts == 0 || p.next != p.parts ? E_LATER : canon_parse(p.text.data, p.text.len, ret, NULL);
	buf_free(&p.text);
	return r;
}

/* The newest that was accepted, though it may have expired since. */
static int
newest(struct app *app, int64_t *ret)
{
	autoversion struct trust_version v = { 0 };
	int r = trust_version_get(app->db, 0, &v);

	*ret = v.version;
	return r == E_NOTFOUND ? 0 : r;
}

/* 0: judged, for good or bad; E_LATER: it may be the successor of one that is still to come. */
static int
judge(struct app *app, int64_t version, int64_t seen, const json_t *doc)
{
	autoversion struct trust_version held = { 0 };
	struct err why = { "" };
	char hash[65];
	int r = trust_version_get(app->db, version, &held);

	if (r < 0 || json_int(doc, "version", 0) != version)
		return r < 0 ? r : 0;
	if (r == 0 && (r = trust_hash(doc, hash, NULL)) == 0 && !strcmp(hash, held.hash))
		return 0;
	r = r < 0 ? r : trustlist_adopt(app, "room", doc, &why);
	if (r == 0)
		log_info("federation", "version %" PRId64 " of the trust list has arrived", version);
	else if (r == E_REFUSED && version > seen + 1)
		return E_LATER;
	else if (r > 0 && r != E_EXISTS)
		log_warn("federation", "version %" PRId64 " of the trust list in the federation room does not count: %s", version,
		    why.text);
	return r < 0 ? r : 0;
}

/* One version, if it is whole. */
static int
judge_one(struct app *app, int64_t version, int64_t *seen)
{
	autojson json_t *doc = NULL;
	int r = assemble(app, version, &doc);

	if (r == 0 && (r = judge(app, version, *seen, doc)) == 0)
		r = newest(app, seen);
	return r == 0 || r == E_BAD ? trust_part_drop(app->db, version) : r == E_LATER ? 0 : r;
}

/* What could not count yet, once another list is in force: the oldest first, since one may name the signers of the next. */
static int
judge_held(struct app *app, int64_t *seen)
{
	autofree char *text = NULL;
	char now[24];
	int64_t last;
	int r = meta_get(app->db, JUDGED, false, &text);

	if (r < 0 || (r == 0 && strtoll(text, NULL, 10) == *seen))
		return r;
	r = trust_part_newest(app->db, &last);
	for (int64_t v = r == 0 && *seen > KEPT ? *seen - KEPT : 1; r == 0 && v <= last; v++)
		r = judge_one(app, v, seen);
	(void)snprintf(now, sizeof(now), "%" PRId64, *seen);
	return r != 0 ? r : meta_put(app->db, JUDGED, now, false);
}

/* A part costs the judgement of its own version, if it is new and makes that whole: whoever has the room can send as many as they like. */
static int
take_part(struct app *app, const struct ev_trust_part *part, int64_t *seen)
{
	int r = trust_part_has(app->db, part->version, part->part, part->parts, part->text);

	if (r == E_NOTFOUND && (r = trust_part_put(app->db, part->version, part->part, part->parts, part->text)) == 0)
		r = judge_one(app, part->version, seen);
	if (r != 0 || (r = judge_held(app, seen)) != 0)
		return r;
	return trust_part_sweep(app->db, *seen - KEPT - 1, *seen + KEPT);
}

/* The versions between may be gone from the room, and with them who signs this one: a person is to fetch it. */
static int
far_ahead(struct app *app, int64_t version)
{
	char text[24];

	(void)snprintf(text, sizeof(text), "%lld", (long long)version);
	log_warn("federation", "version %s of the trust list is in the federation room, and too many before it were missed", text);
	return meta_put(app->db, AHEAD, text, false);
}

int
federation_ahead(struct app *app, int64_t *ret_seen, int64_t *ret_ahead)
{
	autofree char *text = NULL;
	int r = newest(app, ret_seen);

	*ret_ahead = 0;
	if (r != 0 || (r = meta_get(app->db, AHEAD, false, &text)) != 0)
		return r == E_NOTFOUND ? 0 : r;
	*ret_ahead = strtoll(text, NULL, 10);
	return 0;
}

int
federation_part(struct app *app, const char *room_id, const json_t *content)
{
	struct ev_trust_part part;
	autoroom struct room room = { 0 };
	int64_t seen;
	int r = room_get(app->db, room_id, &room);

	if (r != 0)
		return r == E_NOTFOUND ? 0 : r;
	/* Which room it is matters little; but of any other nothing is kept. */
	if (room.kind != ROOM_FEDERATION)
		return 0;
	if ((r = event_parse(&ev_trust_part_desc, content, &part, NULL)) != 0)
		return r < 0 ? r : 0;
	if ((r = newest(app, &seen)) == 0 && part.version > seen + KEPT)
		r = far_ahead(app, part.version);
	else if (r == 0 && part.part < part.parts && part.version >= seen - KEPT)
		r = take_part(app, &part, &seen);
	event_free(&ev_trust_part_desc, &part);
	return r;
}

int
federation_step(struct app *app)
{
	struct trust_room where = trust_where(app->trust);
	autoroom struct room room = { 0 };
	autofree char *path = NULL;
	autojson json_t *body = NULL;
	const char *via;
	struct room new = { .account = (char *)(uintptr_t)app_account_name[APP_STEWARD], .kind = ROOM_FEDERATION };
	int r;

	if (where.room == NULL || app->crypt == NULL || (r = room_get(app->db, where.room, &room)) == 0)
		return 0;
	if (r != E_NOTFOUND)
		return r;
	via = json_string_value(json_array_get(where.via, 0));
	path = request_path("/join/%s?server_name=%s&via=%s", where.room, via, via);
	body = json_object();
	new.room_id = new.subject = (char *)(uintptr_t)where.room;
	if (path == NULL || body == NULL)
		return -ENOMEM;
	if ((r = room_put(app->db, &new)) != 0)
		return r;
	return outbox_call(app->db, new.account, new.room_id, "POST", path, body, "join", new.room_id);
}

static int
own_room(struct app *app, struct room *ret)
{
	struct request_room wish = { .type = FEDERATION_ROOM, .history = "shared", .join_rule = "public", .quiet = true };

	return rooms_want(app, ROOM_FEDERATION, OURS, 0, APP_STEWARD, &wish, ret);
}

int
federation_room(struct app *app, const char *actor, const json_t *args, json_t **ret, struct err *reterr)
{
	autoroom struct room room = { 0 };
	int r;

	(void)args;
	if (app->crypt == NULL)
		return err_next(reterr, err_set(reterr, E_REFUSED, "this node is not set up"), "run cairn setup");
	if ((r = own_room(app, &room)) != 0 && r != E_LATER)
		return r;
	if (r == E_LATER && (r = audit_add(app->db, app_now(app), actor, "federation_room", "federation", NULL)) == 0)
		r = E_LATER;
	if (r < 0)
		return r;
	*ret = json_pack("{s:s, s:s*, s:s}", "delivery", r == 0 ? "delivered" : "queued", "room_id", room.room_id, "via",
	    app->cfg->server_name);
	return *ret != NULL ? 0 : -ENOMEM;
}

static size_t
count_parts(const char *text)
{
	size_t n = 0;

	for (; *text != '\0'; n++)
		text += text_fit(text, PART);
	return n;
}

/* One state event; ${text} NULL: nothing any more. */
static int
put_part(struct app *app, const char *room_id, int64_t version, size_t part, size_t parts, const char *text, size_t len)
{
	autojson json_t *content = text == NULL ? json_object() : json_pack("{s:i, s:I, s:I, s:I, s:s%}", "v", 1, "version",
	    (json_int_t)version, "part", (json_int_t)part, "parts", (json_int_t)parts, "text", text, len);
	char key[48];

	if (content == NULL)
		return -ENOMEM;
	(void)snprintf(key, sizeof(key), "%" PRId64 ".%zu", version, part);
	return outbox_event(app->db, "steward", room_id, FEDERATION_PART, key, content, PURPOSE, key, NULL);
}

static int
put_version(struct app *app, const char *room_id, int64_t version, bool empty)
{
	autoversion struct trust_version v = { 0 };
	int r = version < 1 ? E_NOTFOUND : trust_version_get(app->db, version, &v);
	size_t parts, len;
	const char *text = v.document;

	if (r != 0)
		return r == E_NOTFOUND ? 0 : r;
	parts = count_parts(text);
	for (size_t i = 0; i < parts && r == 0; i++, text += len) {
		len = text_fit(text, PART);
		r = put_part(app, room_id, version, i, parts, empty ? NULL : text, len);
	}
	return r;
}

static int
publish_all(struct app *app, const char *room_id, int64_t version)
{
	autofree char *text = NULL;
	char now[24];
	int64_t done = 0;
	int r = meta_get(app->db, PUBLISHED, false, &text);

	if (r < 0)
		return r;
	if (r == 0)
		done = strtoll(text, NULL, 10);
	if (version - done > KEPT)
		done = version - KEPT;
	while (done < version) {
		done++;
		if ((r = put_version(app, room_id, done, false)) != 0 || (r = put_version(app, room_id, done - KEPT, true)) != 0)
			return r;
	}
	(void)snprintf(now, sizeof(now), "%" PRId64, done);
	return meta_put(app->db, PUBLISHED, now, false);
}

int
federation_publish(struct app *app, const char *actor, const json_t *args, json_t **ret, struct err *reterr)
{
	const json_t *doc = json_obj(args, "document");
	autofree char *text = NULL;
	autoroom struct room room = { 0 };
	int64_t version;
	int r;

	if (doc == NULL)
		return err_set(reterr, E_BAD, "document: the signed trust list is missing");
	if ((r = room_by_subject(app->db, ROOM_FEDERATION, OURS, &room)) < 0)
		return r;
	if (r != 0 || room.room_id == NULL || !room.joined)
		return err_next(reterr, err_set(reterr, E_REFUSED, "this node has no federation room of its own"),
		    "cairn federation room makes one; where another organization has it, that one publishes");
	if ((r = canon_text(doc, &text, reterr)) != 0)
		return r;
	if (count_parts(text) > PARTS)
		return err_set(reterr, E_REFUSED, "the list is too long for the federation room: %zu bytes", strlen(text));
	if ((r = trustlist_adopt(app, actor, doc, reterr)) == E_EXISTS) {
		*ret = json_pack("{s:s}", "stopped", app->trust_fork);
		return *ret != NULL ? 0 : -ENOMEM;
	}
	if (r != 0)
		return r;
	version = trust_last(app->trust).version;
	if ((r = publish_all(app, room.room_id, version)) != 0 ||
	    (r = audit_add(app->db, app_now(app), actor, "federation_publish", room.room_id, NULL)) != 0)
		return r;
	*ret = json_pack("{s:I, s:I, s:s}", "version", (json_int_t)version, "organizations", (json_int_t)trust_norgs(app->trust),
	    "room_id", room.room_id);
	return *ret != NULL ? 0 : -ENOMEM;
}

int
federation_status(struct app *app, const char *actor, const json_t *args, json_t **ret, struct err *reterr)
{
	const struct signers *by = trust_signers(app->trust);
	struct trust_room where = trust_where(app->trust);
	autoroom struct room room = { 0 };
	char words[SIGNERS_WORDS] = "", keys[SIGNERS_TEXT] = "", until[WHEN_TEXT];
	int r = where.room != NULL ? room_get(app->db, where.room, &room) : E_NOTFOUND;

	(void)actor, (void)args, (void)reterr;
	if (r < 0)
		return r;
	if (by != NULL) {
		(void)signers_words(by, words);
		(void)signers_print(by, keys);
	}
	*ret = app->trust == NULL ? json_pack("{s:s, s:s*}", "trusted", "nobody", "stopped", *app->trust_fork != '\0' ? app->trust_fork : NULL) :
	    json_pack("{s:I, s:I, s:s, s:s, s:s, s:s*, s:b}", "version", (json_int_t)trust_last(app->trust).version,
	    "organizations", (json_int_t)trust_norgs(app->trust), "until", when_print_day(trust_expires(app->trust), until), "signers", keys, "words", words,
	    "room_id", where.room, "room_joined", r == 0 && room.joined);
	return *ret != NULL ? 0 : -ENOMEM;
}
