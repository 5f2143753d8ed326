/* SPDX-License-Identifier: Apache-2.0 */
#include "published.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/canon.h"
#include "base/id.h"
#include "domain/directory.h"
#include "domain/publication.h"
#include "domain/when.h"
#include "events.h"
#include "find.h"
#include "handlers.h"
#include "origin.h"
#include "own.h"
#include "publish.h"
#include "store/audit.h"
#include "store/dirstore.h"
#include "store/peoplestore.h"
#include "store/statusstore.h"
#include "traffic.h"

/* The word that counts is the latest of a specialist on one record. */
struct word {
	char	name[64];
};

#define TYPE_PURGED	ID_NAMESPACE "directory.purged"

enum { FORGET_TURN = 16 };

bool
published_needed(const char *kind)
{
	return !strcmp(kind, "specialist") || !strcmp(kind, "credential");
}

static const char *
name_of(const char *record, struct word *w)
{
	(void)snprintf(w->name, sizeof(w->name), "publication %.26s", record);
	return w->name;
}

/* ${id} NULL: whichever record the consent names. */
static int
judge(struct app *app, const char *org, const char *id, const json_t *body, struct publication *ret, struct err *reterr)
{
	const char *did = publication_of(body), *record = id != NULL ? id : json_str(json_obj(body, "consent"), "record");
	struct word w = { "" };
	int64_t newest = 0;
	int r = did != NULL && record != NULL ? newest_get(app->db, did, name_of(record, &w), &newest) : 0;

	if (r == 0 && (r = publication_check(body, org, id, newest, app_now(app), ret, reterr)) == 0)
		r = newest_put(app->db, did, name_of(ret->record, &w), ret->issued_at);
	return r == E_REFUSED ? E_BAD : r;
}

int
published_own(struct app *app, const json_t *body, const char *id, char ret_id[27], struct err *reterr)
{
	autofree char *org = NULL;
	struct publication p;
	int r = meta_get(app->db, PUBLISH_ORG_ID, false, &org);

	if (r == E_NOTFOUND)
		return err_next(reterr, err_set(reterr, E_REFUSED, "this node is not set up: nobody can have agreed to be published by it"), "run cairn setup");
	if (r == 0 && (r = judge(app, publish_own_org(app) != NULL ? publish_own_org(app) : org, id, body, &p, reterr)) == 0)
		(void)snprintf(ret_id, ID_LEN + 1, "%s", p.record);
	return r;
}

int
published_arrived(struct app *app, const char *org, const char *id, const json_t *body, struct err *reterr)
{
	struct publication p;

	return judge(app, org, id, body, &p, reterr);
}

int
published_taken_back(struct app *app, const json_t *doc, char ret_id[27], struct err *reterr)
{
	autojson json_t *body = NULL;
	struct own_record rec = { 0 };
	struct publication p;
	struct word w = { "" };
	int64_t newest;
	int r = publication_read(doc, app_now(app), &p, reterr);

	if (r != 0)
		return r == E_REFUSED ? E_BAD : r;
	if (p.hash != NULL)
		return err_set(reterr, E_BAD, "it takes nothing back; a consent belongs into the record of the specialist");
	if ((r = own_get(app->db, p.record, &rec)) != 0)
		return r == E_NOTFOUND ? err_set(reterr, r, "none of our records has the id %s", p.record) : r;
	if ((r = canon_stored(rec.body, &body)) == 0 && (publication_of(body) == NULL || strcmp(publication_of(body), p.specialist) != 0))
		r = err_set(reterr, E_BAD, "it is by somebody else than the specialist of that record");
	own_free(&rec);
	if (r != 0 || (r = newest_get(app->db, p.specialist, name_of(p.record, &w), &newest)) != 0)
		return r;
	if (p.issued_at < newest)
		return err_set(reterr, E_BAD, "the specialist signed another consent since");
	(void)snprintf(ret_id, ID_LEN + 1, "%s", p.record);
	return newest_put(app->db, p.specialist, w.name, p.issued_at);
}

static int
end_one(struct app *app, const char *id)
{
	autojson json_t *args = json_pack("{s:s}", "id", id), *body = NULL, *said = NULL;
	struct own_record rec = { 0 };
	struct err why = { "" };
	int r = args == NULL ? -ENOMEM : own_get(app->db, id, &rec);

	if (r == 0 && (r = canon_stored(rec.body, &body)) == 0 && publication_over(body, app_now(app)))
		r = own_withdraw(app, "clock", args, &said, &why);
	own_free(&rec);
	/* Publishing waits until this node is on a list again. */
	return r > 0 ? 0 : r;
}

static int
end_own(struct app *app, const char *kind)
{
	struct own_ids ids;
	int r = own_ids(app->db, kind, false, &ids);

	for (size_t i = 0; i < ids.n && r == 0; i++)
		r = end_one(app, ids.id[i]);
	own_ids_free(&ids);
	return r;
}

/* What is left of a partner's record says nothing but when its consent ended: so it is shown nowhere, and counted in the manifest. */
static int
forget(struct app *app, const struct seen_record *rec, int64_t ended)
{
	struct seen_record bare = *rec;
	char nothing[80], reason[] = "the specialist does not agree to be shown any more";
	int r;

	(void)snprintf(nothing, sizeof(nothing), "{\"body\":{\"consent\":{\"expires_at\":%lld}}}", (long long)ended);
	bare.record = nothing;
	bare.reason = reason;
	bare.verdict = DIRECTORY_EXPIRED;
	bare.forget_at = 0;
	r = seen_put(app->db, &bare);
	db_clean(app->db);
	return r != 0 ? r : find_index(app, rec->org, rec->id);
}

static int
forget_over(struct app *app, bool *ret_more)
{
	autofree int64_t *over = NULL;
	size_t n = 0;
	int r = seen_over(app->db, app_now(app), FORGET_TURN, &over, &n);

	for (size_t i = 0; i < n && r == 0; i++) {
		struct seen_record rec;

		if ((r = seen_at(app->db, over[i], &rec)) == 0) {
			r = forget(app, &rec, rec.forget_at);
			seen_free(&rec);
		}
	}
	*ret_more |= n == FORGET_TURN;
	return r;
}

/* Whoever cannot be asked now stays among those who have not forgotten, and is asked later. */
static int
ask(void *cookie, const char *record, const char *org)
{
	struct app *app = cookie;
	autojson json_t *content = json_pack("{s:s, s:s}", "record", record, "body", "Please forget this record of ours: it is withdrawn.");
	char said[ID_LEN + 1];
	struct err why = { "" };
	int r = content == NULL ? -ENOMEM : traffic_send(app, org, NULL, ID_NAMESPACE "directory.purge", content, said, &why);

	return r == 0 ? read_drop(app->db, record, org) : r > 0 ? 0 : r;
}

int
published_purge(struct app *app, const char *id)
{
	int r = purge_ask(app->db, id, app_now(app));

	return r != 0 ? r : read_unasked(app->db, ask, app);
}

int
published_ended(struct app *app, bool *ret_more)
{
	int r;

	if ((r = end_own(app, "specialist")) != 0 || (r = end_own(app, "credential")) != 0 || (r = forget_over(app, ret_more)) != 0)
		return r;
	return read_unasked(app->db, ask, app);
}

static json_t *
forgotten(const char *id)
{
	return json_pack("{s:s, s:s}", "record", id, "body", "We have forgotten the record that you withdrew.");
}

int
published_forgotten(struct app *app, const char *org, const char *id, struct err *reterr)
{
	autojson json_t *content = forgotten(id);
	char said[ID_LEN + 1];

	return content == NULL ? -ENOMEM : traffic_send(app, org, NULL, TYPE_PURGED, content, said, reterr);
}

int
on_directory_purge(struct app *app, const struct ev_directory_purge *ev, const struct origin *origin)
{
	struct seen_record rec;
	char who[80];
	autojson json_t *content = NULL;
	int r = seen_get(app->db, origin->org, ev->record, &rec);

	if (r == E_NOTFOUND)
		return (content = forgotten(ev->record)) == NULL ? -ENOMEM : traffic_unknown(app, origin->org, ev->id, TYPE_PURGED, content);
	if (r == 0) {
		if (strcmp(rec.kind, "manifest") != 0 && strcmp(rec.kind, "withdrawal") != 0)
			r = forget(app, &rec, app_now(app));
		seen_free(&rec);
	}
	if (r != 0 || (r = published_forgotten(app, origin->org, ev->record, origin->reason)) != 0)
		return r;
	(void)snprintf(who, sizeof(who), "partner:%s", origin->org);
	return audit_add(app->db, app_now(app), who, "purge", ev->record, NULL);
}

int
on_directory_purged(struct app *app, const struct ev_directory_purged *ev, const struct origin *origin)
{
	char who[80];
	int r = purge_done(app->db, ev->record, origin->org, app_now(app));

	(void)snprintf(who, sizeof(who), "partner:%s", origin->org);
	return r != 0 ? r : audit_add(app->db, app_now(app), who, "purged", ev->record, NULL);
}

static int
add_purge(void *cookie, const char *org, int64_t asked, int64_t done)
{
	json_t *one = json_pack("{s:s, s:I, s:b}", "org", org, "asked_at", (json_int_t)asked, "forgotten", done != 0);

	if (done != 0 && json_object_set_new(one, "forgotten_at", json_integer(done)) != 0) {
		json_decref(one);
		return -ENOMEM;
	}
	return json_array_append_new(cookie, one) != 0 ? -ENOMEM : 0;
}

int
published_purges(struct app *app, const char *id, json_t **ret)
{
	json_t *all = json_array();
	int r = all == NULL ? -ENOMEM : purge_each(app->db, id, add_purge, all);

	if (r != 0)
		json_decref(all);
	else
		*ret = all;
	return r;
}
