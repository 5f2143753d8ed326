/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/canon.h"
#include "base/event.h"
#include "base/id.h"
#include "base/log.h"
#include "certify.h"
#include "dispatch.h"
#include "domain/directory.h"
#include "domain/trust.h"
#include "domain/when.h"
#include "events.h"
#include "experience.h"
#include "find.h"
#include "fit.h"
#include "handlers.h"
#include "ingest.h"
#include "publish.h"
#include "published.h"
#include "record.h"
#include "rooms.h"
#include "store/audit.h"
#include "store/dirstore.h"
#include "traffic.h"
#include "trustlist.h"

#define FUTURE_MAX	WHEN_DAY	/* A record dated later than this is not waited for. */

static int
keep_manifest(struct app *app, const char *org, const json_t *body)
{
	struct partner partner;
	int r = partner_get(app->db, org, &partner);

	if (r != 0)
		return r == E_NOTFOUND ? 0 : r;
	free(partner.manifest);
	partner.manifest = json_text(body, JSON_COMPACT);
	r = partner.manifest != NULL ? partner_put(app->db, &partner) : -ENOMEM;
	partner_free(&partner);
	return r;
}

static int
keep_record(struct app *app, const json_t *json, const struct directory_record *record,
    enum directory_verdict verdict, bool first, struct err *reason)
{
	autofree char *text = json_text(json, JSON_COMPACT);
	int64_t held = 0, forget_at = 0;
	const char *kind = directory_kind_name(record->kind);
	const struct ev_desc *desc = event_find(ev_records, ev_n_records, kind);
	int r = desc != NULL ? event_check(desc, record->body, reason) :
	    err_set(reason, E_BAD, "no schema describes the kind %s", kind);

	if (r == 0)
		r = fit_check(record->body, reason);
	if (r != 0) {
		err_add(reason, "record %s", record->id);
		return r;
	}
	/* A place is taken by the first version; the manifest has one besides. */
	if (first && (r = seen_count(app->db, record->org, &held)) != 0)
		return r;
	if (held > DIRECTORY_MAX)
		return err_set(reason, E_BAD, "record %s: %d records of its organization are held already",
		    record->id, DIRECTORY_MAX);
	if (text == NULL)
		return -ENOMEM;
	if (record->kind == DIRECTORY_KIND_STATUS_LIST &&
	    (r = certify_list(app, record->org, record->id, record->body, reason)) < 0)
		return r;
	if (published_needed(kind) && (r = published_arrived(app, record->org, record->id, record->body, reason)) != 0) {
		err_add(reason, "record %s", record->id);
		return r;
	}
	if (published_needed(kind))
		forget_at = json_int(json_obj(record->body, "consent"), "expires_at", 0);
	if (record->kind == DIRECTORY_KIND_STATEMENT &&
	    (r = experience_arrived(app, record->org, record->id, record->body, reason)) != 0) {
		err_add(reason, "record %s", record->id);
		return r;
	}
	if ((r = seen_put(app->db, &(struct seen_record){ .org = (char *)record->org,
	    .id = (char *)record->id, .kind = (char *)kind, .seq = record->seq,
	    .expires_at = record->expires_at, .received_at = app_now(app), .hash = (char *)record->hash,
	    .record = text, .verdict = verdict, .reason = reason->text,
	    .forget_at = forget_at })) != 0 ||
	    (r = find_index(app, record->org, record->id)) != 0)
		return r;
	/* All that was held under this id is overwritten by now, and with the commit in the files as well. */
	if (record->kind == DIRECTORY_KIND_WITHDRAWAL) {
		db_clean(app->db);
		return published_forgotten(app, record->org, record->id, reason);
	}
	return record->kind == DIRECTORY_KIND_MANIFEST ?
	    keep_manifest(app, record->org, record->body) : 0;
}

/* The organization whose directory that room is, if it is ${sender} who speaks in it; or NULL. */
static const struct trust_org *
speaks_of(const struct app *app, const struct room *room, const char *sender)
{
	const struct trust_org *org = room->subject != NULL ? trust_org(app->trust, room->subject) : NULL;

	return org != NULL && sender != NULL && !strcmp(org->node, sender) ? org : NULL;
}

/* directory_check() against what was had of it. */
static int
examine(struct app *app, const struct trust_org *org, const json_t *content, struct directory_seen *ret_seen,
    enum directory_verdict *ret, struct directory_record *ret_record, struct err *reason)
{
	const char *id = directory_peek_id(content);
	struct directory_context context = { .org = org->id, .now = app_now(app), .seen = ret_seen };
	struct seen_record held;
	int r = id != NULL ? proved_seq(app->db, org->id, id, &ret_seen->proved) : 0;

	if (r != 0)
		return r;
	if (id != NULL && (r = seen_get(app->db, org->id, id, &held)) == 0) {
		ret_seen->seq = held.seq;
		ret_seen->withdrawn = !strcmp(held.kind, "withdrawal");
		(void)snprintf(ret_seen->hash, sizeof(ret_seen->hash), "%s", held.hash);
		seen_free(&held);
	} else if (id != NULL && r != E_NOTFOUND)
		return r;
	context.key = trust_record_key(org, content, context.now);
	return directory_check(content, &context, ret, ret_record, reason);
}

int
record_arrived(struct app *app, const struct origin *origin)
{
	const struct trust_org *org = speaks_of(app, origin->room, origin->sender);
	const char *id = directory_peek_id(origin->content);
	struct directory_seen seen = { 0 };
	struct directory_record record;
	enum directory_verdict verdict;
	struct err reason = { "" };
	int r;

	if (origin->room->kind != ROOM_DIRECTORY || origin->room->ours)
		return 0;
	if (org == NULL)
		return err_set(origin->reason, E_REFUSED, "a record from somebody who is not the directory's organization");
	if ((r = examine(app, org, origin->content, &seen, &verdict, &record, &reason)) != 0)
		return r;
	switch (verdict) {
	case DIRECTORY_OK:
	case DIRECTORY_STALE:
	case DIRECTORY_EXPIRED:
		r = keep_record(app, origin->content, &record, verdict, seen.seq == 0, &reason);
		if (r == E_BAD)
			*origin->reason = reason;
		return r;
	case DIRECTORY_KNOWN:
		return E_EXISTS;
	case DIRECTORY_FUTURE:
		/* One clock is wrong.  It may be ours, and be set right. */
		if (json_int(origin->content, "issued_at", 0) <= app_now(app) + FUTURE_MAX)
			return err_set(origin->reason, E_LATER, "record %s: %s", id != NULL ? id : "-", reason.text);
		return err_set(origin->reason, E_REFUSED, "record %s: %s", id != NULL ? id : "-", reason.text);
	default:
		return err_set(origin->reason, E_REFUSED, "record %s: %s", id != NULL ? id : "-", reason.text);
	}
}

static int
mark(struct app *app, const char *org, bool loaded)
{
	struct partner partner;
	int r = partner_get(app->db, org, &partner);

	if (r != 0)
		return r == E_NOTFOUND ? 0 : r;
	partner.loaded = loaded;
	r = partner_put(app->db, &partner);
	partner_free(&partner);
	return r;
}

int
record_not_kept(struct app *app, const struct room *room, const char *sender, const json_t *content)
{
	const struct trust_org *org = speaks_of(app, room, sender);
	struct directory_seen seen = { 0 };
	struct directory_record record = { 0 };
	enum directory_verdict verdict;
	struct err reason;
	int r;

	if (room->kind != ROOM_DIRECTORY || room->ours)
		return 0;
	if (org == NULL)
		return room->subject != NULL && trust_org(app->trust, room->subject) == NULL ? mark(app, room->subject, false) : 0;
	r = examine(app, org, content, &seen, &verdict, &record, &reason);
	if (r != 0 || !record.proved || record.seq <= seen.seq)
		return r;
	/* One more than a manifest may count: then it is known that they are too many. */
	return proved_put(app->db, org->id, record.id, record.seq, record.kind == DIRECTORY_KIND_MANIFEST, DIRECTORY_MAX + 1);
}

int
record_again(struct app *app, const char *org)
{
	autoroom struct room room = { 0 };
	int r = room_by_subject(app->db, ROOM_DIRECTORY, org, &room);

	if (r != 0)
		return r == E_NOTFOUND ? 0 : r;
	return room.joined && !room.ours ? dispatch_load_directory(app, room.room_id) : 0;
}

int
record_loaded(struct app *app, const char *room_id)
{
	autoroom struct room room = { 0 };
	int r = room_get(app->db, room_id, &room);

	if (r != 0)
		return r == E_NOTFOUND ? 0 : r;
	/* Of who is not in force all was refused. */
	return room.subject != NULL && trust_org(app->trust, room.subject) != NULL ? mark(app, room.subject, true) : 0;
}

int
record_missed(struct app *app, const char *org)
{
	struct partner partner;
	bool all;
	int r = partner_get(app->db, org, &partner);

	if (r != 0)
		return r == E_NOTFOUND ? 0 : r;
	all = !partner.follows || partner.loaded;
	partner_free(&partner);
	return all ? 0 : record_again(app, org);
}

int
on_follow(struct app *app, const struct ev_follow *ev, const struct origin *origin)
{
	struct partner partner;
	char who[80];
	int r = partner_get(app->db, origin->org, &partner);

	if (r == E_NOTFOUND)
		partner = (struct partner){ .org = strdup(origin->org) };
	else if (r != 0)
		return r;
	partner.follower = FOLLOWER_IS;
	(void)snprintf(who, sizeof(who), "partner:%s", origin->org);
	r = partner.org == NULL ? -ENOMEM : partner_put(app->db, &partner);
	if (r == 0)
		r = audit_add(app->db, app_now(app), who, "follow", ev->id, NULL);
	partner_free(&partner);
	return r;
}

int
record_follow(struct app *app, const char *actor, const json_t *args, json_t **ret, struct err *reterr)
{
	const char *org = json_str(args, "org"), *own = publish_own_org(app);
	char id[ID_LEN + 1];
	autojson json_t *content = json_pack("{s:s}", "body", "We would like to follow your directory.");
	struct partner partner;
	int64_t pid;
	int r;

	if (org == NULL)
		return err_set(reterr, E_BAD, "org: the id of an organization is missing; cairn list partners shows them");
	if (app->crypt == NULL)
		return err_next(reterr, err_set(reterr, E_REFUSED, "this node is not set up"), "run cairn setup");
	if (own == NULL)
		return trustlist_why(app, NULL, reterr);
	if (!strcmp(own, org))
		return err_set(reterr, E_REFUSED, "this is our own directory");
	if ((r = partner_get(app->db, org, &partner)) == E_NOTFOUND)
		partner = (struct partner){ .org = strdup(org) };
	else if (r != 0)
		return r;
	partner.follows = 1;
	r = partner.org == NULL || content == NULL ? -ENOMEM :
	    traffic_send(app, org, NULL, ID_NAMESPACE "follow", content, id, reterr);
	if (r == 0 && (r = partner_put(app->db, &partner)) == 0)
		r = audit_add(app->db, app_now(app), actor, "follow", org, NULL);
	partner_free(&partner);
	if (r != 0)
		return r;
	/* Their invitation may have come before we wished for it. */
	if ((r = person_find(app->db, trust_org(app->trust, org)->node, &pid)) == 0)
		r = ingest_person(app, pid);
	if (r < 0)
		return r;
	*ret = json_pack("{s:s, s:s, s:s}", "org", org, "id", id, "delivery", "queued");
	return *ret != NULL ? 0 : -ENOMEM;
}
