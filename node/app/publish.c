/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "access.h"
#include "base/canon.h"
#include "base/encode.h"
#include "base/event.h"
#include "base/id.h"
#include "base/proof.h"
#include "crypt/envelope.h"
#include "domain/directory.h"
#include "domain/publication.h"
#include "domain/trust.h"
#include "domain/when.h"
#include "life.h"
#include "manifest.h"
#include "own.h"
#include "publish.h"
#include "rekey.h"
#include "rooms.h"
#include "store/audit.h"
#include "store/dirstore.h"
#include "store/outbox.h"
#include "trustlist.h"

#define TYPE_RECORD	ID_NAMESPACE "record"
#define WANTED		"publish_wanted"	/* meta: there is something to publish. */
#define ANEW		"publish_anew"		/* meta: "1" while our records are being signed under a new key. */

enum { RECORDS_A_STEP = 16 };
#define RECORD_LIFE	(90 * WHEN_DAY)
#define RENEW_WITHIN	(45 * WHEN_DAY)	/* What ends sooner is signed anew: whoever publishes says that it is true still. */

const char *
publish_own_org(const struct app *app)
{
	const struct trust_org *org = trust_org_by_node(app->trust, app->cfg->node_user);

	return org != NULL ? org->id : NULL;
}

/* When the signed record ends, if signing it anew would make that later; else never. */
static int
ends_at(const struct own_record *rec, int64_t *ret)
{
	autojson json_t *record = NULL;
	int64_t until;
	int r;

	*ret = INT64_MAX;
	if (rec->record == NULL || rec->dirty || strcmp(rec->kind, "withdrawal") == 0)
		return 0;
	if ((r = canon_stored(rec->record, &record)) != 0)
		return r;
	until = json_int(record, "expires_at", 0);
	if (until < json_int(json_obj(json_obj(record, "body"), "consent"), "expires_at", INT64_MAX))
		*ret = until;
	return 0;
}

int
publish_ending(struct app *app, int64_t before, bool renew, int64_t *ret_n, int64_t *ret_first)
{
	struct own_ids ids;
	int r = own_ids(app->db, NULL, false, &ids);

	*ret_n = 0;
	*ret_first = INT64_MAX;
	for (size_t i = 0; i < ids.n && r == 0; i++) {
		struct own_record rec;
		int64_t until;

		if ((r = own_get(app->db, ids.id[i], &rec)) != 0)
			break;
		if ((r = ends_at(&rec, &until)) == 0 && until < before) {
			++*ret_n;
			*ret_first = until < *ret_first ? until : *ret_first;
			rec.dirty = 1;
			r = renew ? own_put(app->db, &rec) : 0;
		}
		own_free(&rec);
	}
	own_ids_free(&ids);
	return r;
}

int
publish_start(struct app *app, const char *actor, const json_t *args, json_t **ret, struct err *reterr)
{
	int64_t n, first;
	int r;

	(void)args;
	if (app->crypt == NULL)
		return err_next(reterr, err_set(reterr, E_REFUSED, "this node is not set up"), "run cairn setup");
	if (publish_own_org(app) == NULL)
		return trustlist_why(app, NULL, reterr);
	if ((r = publish_ending(app, app_now(app) + RENEW_WITHIN, true, &n, &first)) != 0 || (r = meta_put(app->db, WANTED, "1", false)) != 0 ||
	    (r = audit_add(app->db, app_now(app), actor, "publish", "directory", NULL)) != 0)
		return r;
	return publish_view(app, ret);
}

/* The directory room is of the node; the space and the groups are of the steward. */
static int
want_directory(struct app *app, struct room *ret)
{
	struct request_room wish = { .type = ROOMS_DIRECTORY, .history = "shared", .join_rule = "invite",
	    .encrypted = true, .encrypt_state = true, .quiet = true };

	return rooms_want(app, ROOM_DIRECTORY, publish_own_org(app), 0, APP_NODE, &wish, ret);
}

static int
want_space(struct app *app, struct room *ret)
{
	struct request_room wish = { .type = "m.space", .history = "shared", .join_rule = "public",
	    .name = app->cfg->organization, .quiet = true };

	return rooms_want(app, ROOM_SPACE, publish_own_org(app), 0, APP_STEWARD, &wish, ret);
}

static int
want_group(struct app *app, const struct own_record *rec, const json_t *body, struct room *ret)
{
	const char *neutral = json_str(body, "neutral_name"), *access = json_str(body, "access");
	struct request_room wish = { .history = "joined", .encrypted = true,
	    .join_rule = access != NULL && !strcmp(access, "open") ? "public" : "invite",
	    .name = neutral != NULL ? neutral : json_str(body, "name") };

	return rooms_want(app, ROOM_GROUP, rec->id, 0, APP_STEWARD, &wish, ret);
}

/* Nobody but the steward could let the recovery account in, which is wanted when the steward is lost. */
static int
invite_recovery(struct app *app, const struct room *room)
{
	const char *user = app->cfg->recovery_user;

	return user == NULL ? 0 : access_ask(app, room, user);
}

/* The group's room goes into its record and, if it is open to all, into the space. */
static int
bind_group(struct app *app, struct own_record *rec, json_t *body, const struct room *space,
    const struct room *room)
{
	autojson json_t *child = json_pack("{s:[s]}", "via", app->cfg->server_name);
	json_t *value = json_pack("{s:s, s:[s]}", "room_id", room->room_id, "via", app->cfg->server_name);
	const char *access = json_str(body, "access");
	char *text;
	int r;

	if (child == NULL || json_object_set_new(body, "room", value) != 0 ||
	    (text = json_text(body, JSON_COMPACT)) == NULL)
		return -ENOMEM;
	free(rec->body);
	rec->body = text;
	rec->dirty |= OWN_CHANGED;
	if ((r = own_put(app->db, rec)) != 0)
		return r;
	/* The space is public: only a group that anybody may join is listed in it. */
	if (access == NULL || strcmp(access, "open") != 0)
		return invite_recovery(app, room);
	return outbox_event(app->db, "steward", space->room_id, "m.space.child", room->room_id, child,
	    "space_child", rec->id, NULL);
}

/* One group further: E_EXISTS after a step, E_LATER while a room is being made. */
static int
group_step(struct app *app, const char *id, const struct room *space)
{
	struct own_record rec;
	autojson json_t *body = NULL;
	struct room room;
	int r = own_get(app->db, id, &rec);

	if (r != 0)
		return r;
	if ((r = canon_stored(rec.body, &body)) == 0 && json_obj(body, "room") == NULL &&
	    (r = want_group(app, &rec, body, &room)) == 0) {
		r = bind_group(app, &rec, body, space, &room);
		room_free(&room);
		r = r == 0 ? E_EXISTS : r;
	}
	own_free(&rec);
	return r;
}

static int
groups_step(struct app *app, const struct room *space)
{
	struct own_ids ids;
	bool waits = false;
	int r = own_ids(app->db, "group", false, &ids);

	for (size_t i = 0; i < ids.n && r == 0; i++) {
		r = group_step(app, ids.id[i], space);
		waits |= r == E_LATER;
		r = r == E_LATER ? 0 : r;
	}
	own_ids_free(&ids);
	return r == 0 && waits ? E_LATER : r;
}

/* Sign it and queue it for the directory room; what is not signed yet stays so in ${rec}->dirty. */
static int
sign(struct app *app, struct own_record *rec, const struct directory_record *draft, const uint8_t seed[ED25519_SEED], const struct room *room)
{
	autojson json_t *record = NULL;
	struct directory_seen seen = { .seq = rec->seq };
	char hash[DIRECTORY_HASH], *text;
	struct err why = { "" };
	int r;

	if (rec->hash != NULL)
		(void)snprintf(seen.hash, sizeof(seen.hash), "%s", rec->hash);
	if ((r = directory_seal(draft, rec->seq > 0 ? &seen : NULL, seed, &record, &why)) != 0 ||
	    (r = directory_hash(record, hash, &why)) != 0)
		return r;
	if ((text = json_text(record, JSON_COMPACT)) == NULL)
		return -ENOMEM;
	free(rec->record);
	rec->record = text;
	free(rec->hash);
	rec->hash = strdup(hash);
	rec->seq++;
	if (rec->hash == NULL)
		return -ENOMEM;
	if ((r = own_put(app->db, rec)) != 0 || (r = outbox_forget(app->db, "record", rec->id)) != 0)
		return r;
	/* What the specialist said before is in no column any more. */
	if (!strcmp(rec->kind, LIFE_KIND))
		db_clean(app->db);
	return outbox_event(app->db, "node", room->room_id, TYPE_RECORD, rec->state_key, record, "record",
	    rec->id, NULL);
}

/* As it is now. */
static int
record_step(struct app *app, struct own_record *rec, const uint8_t seed[ED25519_SEED], const struct room *room)
{
	autojson json_t *body = NULL;
	struct directory_record draft = { .id = rec->id, .org = publish_own_org(app),
	    .issued_at = app_now(app), .expires_at = app_now(app) + RECORD_LIFE };
	int64_t until;
	int r;

	if ((r = directory_kind_parse(rec->kind, &draft.kind)) != 0 ||
	    (r = canon_stored(rec->body, &body)) != 0)
		return r < 0 ? r : ERR_CORRUPT;
	draft.body = body;
	rec->dirty = 0;
	/* Not longer than a specialist agreed to; what is over is withdrawn soon (published_ended). */
	if (publication_over(body, app_now(app)))
		return own_put(app->db, rec);
	until = json_int(json_obj(body, "consent"), "expires_at", draft.expires_at);
	if (until < draft.expires_at)
		draft.expires_at = until;
	return sign(app, rec, &draft, seed, room);
}

/* As it was said, when, and until when: nobody says it anew, and nothing that was not published is. */
static int
record_anew(struct app *app, struct own_record *rec, const uint8_t seed[ED25519_SEED], const struct room *room)
{
	autojson json_t *was = NULL;
	struct directory_record draft = { .id = rec->id, .org = publish_own_org(app) };
	int r = canon_stored(rec->record, &was);

	if (r != 0 || (r = directory_kind_parse(json_str(was, "kind"), &draft.kind)) != 0)
		return r < 0 ? r : ERR_CORRUPT;
	draft.body = json_obj(was, "body");
	draft.issued_at = json_int(was, "issued_at", 0);
	draft.expires_at = json_int(was, "expires_at", 0);
	rec->dirty &= ~OWN_ANEW;
	return publication_over(draft.body, app_now(app)) ? own_put(app->db, rec) : sign(app, rec, &draft, seed, room);
}

/* E_EXISTS after some records, 0 when none was left to sign. */
static int
records_step(struct app *app, const struct room *room)
{
	uint8_t seed[ED25519_SEED];
	struct own_ids ids;
	int r = own_ids(app->db, NULL, true, &ids);

	if (r == 0 && ids.n > 0)
		r = own_seed(app->db, seed);
	for (size_t i = 0; i < ids.n && i < RECORDS_A_STEP && r == 0; i++) {
		struct own_record rec;

		if ((r = own_get(app->db, ids.id[i], &rec)) == 0) {
			r = record_step(app, &rec, seed, room);
			own_free(&rec);
		}
	}
	if (r == 0 && ids.n > 0)
		r = E_EXISTS;
	own_ids_free(&ids);
	explicit_bzero(seed, sizeof(seed));
	return r;
}

/* A manifest over what is published now, if it differs from the last one: E_EXISTS. */
static int
manifest_step(struct app *app)
{
	struct own_record rec;
	autojson json_t *body = NULL;
	int r = manifest_own(app->db, app_now(app), &body);

	if (r != 0)
		return r;
	if ((r = own_by_source(app->db, "manifest", &rec)) == E_NOTFOUND) {
		if ((r = own_new(app, "manifest", "manifest", &rec)) != 0)
			return r;
	} else if (r != 0)
		return r;
	else {
		autojson json_t *last = NULL;

		if ((r = canon_stored(rec.body, &last)) == 0 &&
		    json_equal(json_object_get(last, "hash"), json_object_get(body, "hash"))) {
			own_free(&rec);
			return 0;
		}
	}
	free(rec.body);
	rec.body = json_text(body, JSON_COMPACT);
	rec.dirty = 1;
	r = rec.body == NULL ? -ENOMEM : own_put(app->db, &rec);
	own_free(&rec);
	return r == 0 ? E_EXISTS : r;
}

/* Over what the others have come to; E_EXISTS if it was signed. */
static int
manifest_anew(struct app *app, const uint8_t seed[ED25519_SEED], const struct room *room)
{
	struct own_record rec;
	int r = manifest_step(app);

	if (r < 0 || (r = own_by_source(app->db, "manifest", &rec)) != 0)
		return r == E_NOTFOUND ? 0 : r;
	if (rec.dirty != 0 && (r = rec.dirty == OWN_ANEW ? record_anew(app, &rec, seed, room) : record_step(app, &rec, seed, room)) == 0)
		r = E_EXISTS;
	own_free(&rec);
	return r;
}

/* E_EXISTS after some records that are to be signed anew, 0 when none was left, nor the manifest. */
static int
anew_some(struct app *app, const struct room *room)
{
	uint8_t seed[ED25519_SEED];
	struct own_ids ids;
	size_t done = 0;
	int r = own_ids(app->db, NULL, true, &ids);

	if (r == 0)
		r = own_seed(app->db, seed);
	for (size_t i = 0; i < ids.n && done < RECORDS_A_STEP && r == 0; i++) {
		struct own_record rec;

		if ((r = own_get(app->db, ids.id[i], &rec)) != 0)
			break;
		if ((rec.dirty & OWN_ANEW) && strcmp(rec.kind, "manifest") != 0) {
			r = record_anew(app, &rec, seed, room);
			done++;
		}
		own_free(&rec);
	}
	if (r == 0)
		r = done > 0 ? E_EXISTS : manifest_anew(app, seed, room);
	own_ids_free(&ids);
	explicit_bzero(seed, sizeof(seed));
	return r;
}

static int
anew_step(struct app *app, bool *ret_more)
{
	autofree char *anew = NULL;
	autoroom struct room room = { 0 };
	int r = meta_get(app->db, ANEW, false, &anew);

	if (r != 0 || strcmp(anew, "1") != 0)
		return r == E_NOTFOUND ? 0 : r;
	if ((r = room_by_subject(app->db, ROOM_DIRECTORY, publish_own_org(app), &room)) == 0) {
		if (!room.joined)
			return 0;
		r = anew_some(app, &room);
	}
	if (r == E_EXISTS)
		*ret_more = true;
	return r < 0 ? r : r == E_EXISTS ? 0 : meta_put(app->db, ANEW, "0", false);
}

int
publish_anew(struct app *app)
{
	struct own_ids ids;
	int r = own_ids(app->db, NULL, false, &ids);

	for (size_t i = 0; i < ids.n && r == 0; i++) {
		struct own_record rec;

		if ((r = own_get(app->db, ids.id[i], &rec)) != 0)
			break;
		rec.dirty |= rec.record != NULL ? OWN_ANEW : 0;
		r = own_put(app->db, &rec);
		own_free(&rec);
	}
	own_ids_free(&ids);
	return r != 0 ? r : meta_put(app->db, ANEW, "1", false);
}

struct follower {
	struct app	*app;
	struct room	*room;
	bool		 invited;
};

/* Who asked to follow, and is on the trust list, is invited and gets every key. */
static int
follower_step(void *cookie, const struct partner *partner)
{
	struct follower *f = cookie;
	const struct trust_org *org = trust_org(f->app->trust, partner->org);
	int64_t pid;
	int r;

	if (partner->follower != FOLLOWER_IS || org == NULL)
		return 0;
	if ((r = person_id(f->app->db, org->node, &pid)) != 0)
		return r;
	if ((r = roster_has(f->app->db, f->room->room_id, pid)) != E_NOTFOUND)
		return r;
	f->invited = true;
	if ((r = access_invite(f->app, f->room, org->node)) != 0)
		return r;
	return envelope_share_history(f->app->crypt, f->room->room_id, pid);
}

static int
directory_step(struct app *app, bool *ret_more)
{
	struct room directory = { 0 }, space = { 0 };
	struct follower follower = { .app = app, .room = &directory };
	autofree char *wanted = NULL;
	int r, done;

	if ((r = room_by_subject(app->db, ROOM_DIRECTORY, publish_own_org(app), &directory)) == 0) {
		if (directory.joined)
			r = partner_each(app->db, follower_step, &follower);
		room_free(&directory);
		*ret_more |= follower.invited;
	}
	if (r < 0 || (r = meta_get(app->db, WANTED, false, &wanted)) != 0 || strcmp(wanted, "1") != 0)
		return r == E_NOTFOUND ? 0 : r;
	if ((r = want_directory(app, &directory)) != 0 || (r = want_space(app, &space)) != 0 ||
	    (r = groups_step(app, &space)) != 0 || (r = records_step(app, &directory)) != 0 ||
	    (r = manifest_step(app)) != 0)
		done = 0;
	else
		done = 1;
	room_free(&directory);
	room_free(&space);
	*ret_more |= r == E_EXISTS;
	return done ? meta_put(app->db, WANTED, "0", false) : r > 0 ? 0 : r;
}

int
publish_step(struct app *app, bool *ret_more)
{
	int r;

	if (publish_own_org(app) == NULL)
		return 0;
	if ((r = rekey_step(app, ret_more)) != 0 || (r = anew_step(app, ret_more)) != 0)
		return r;
	return directory_step(app, ret_more);
}

struct view {
	struct app	*app;
	int64_t		 total, published, waiting, failed;
};

static int
count(void *cookie, const struct own_record *rec)
{
	struct view *v = cookie;
	int pending = outbox_pending(v->app->db, "record", rec->id);
	int failed = outbox_failed(v->app->db, "record", rec->id);

	v->total++;
	v->published += rec->seq > 0 && !rec->dirty && pending != 0 && failed != 0;
	v->waiting += rec->dirty || pending == 0;
	v->failed += failed == 0 && pending != 0;
	return pending < 0 ? pending : failed < 0 ? failed : 0;
}

int
publish_view(struct app *app, json_t **ret)
{
	struct view v = { .app = app };
	autofree char *wanted = NULL;
	int r = own_each(app->db, NULL, count, &v), busy;

	if (r == 0)
		r = meta_get(app->db, WANTED, false, &wanted);
	if (r != 0 && r != E_NOTFOUND)
		return r;
	busy = v.waiting > 0 || (wanted != NULL && !strcmp(wanted, "1"));
	*ret = json_pack("{s:s, s:I, s:I, s:s}", "id", "publish", "records", (json_int_t)v.total,
	    "published", (json_int_t)v.published, "delivery", busy ? "queued" : v.failed > 0 ? "failed" : "delivered");
	return *ret != NULL ? 0 : -ENOMEM;
}
