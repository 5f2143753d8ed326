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
#include "domain/fields.h"
#include "domain/search.h"
#include "domain/trust.h"
#include "domain/when.h"
#include "events.h"
#include "experience.h"
#include "fit.h"
#include "handlers.h"
#include "ingest.h"
#include "publish.h"
#include "record.h"
#include "rooms.h"
#include "store/audit.h"
#include "store/dirstore.h"
#include "traffic.h"

#define FUTURE_MAX	WHEN_DAY	/* A record dated later than this is not waited for. */

enum { LIST_MAX = 32, FIND_MAX = 200, FIND_DEFAULT = 20 };

/* The words of a record that a search may match. */
static int
add_words(const json_t *value, struct buf *out)
{
	const char *key;
	json_t *item;
	size_t i;
	int r = 0;

	if (json_is_string(value)) {
		if ((r = buf_puts(out, json_string_value(value))) == 0)
			r = buf_puts(out, " ");
	} else if (json_is_array(value)) {
		json_array_foreach((json_t *)value, i, item)
			if ((r = add_words(item, out)) != 0)
				break;
	} else if (json_is_object(value)) {
		json_object_foreach((json_t *)value, key, item)
			if (strcmp(key, "credential") != 0 && (r = add_words(item, out)) != 0)
				break;
	}
	return r;
}

static int
keep_manifest(struct app *app, const char *org, const json_t *body)
{
	struct partner partner;
	int r = partner_get(app->db, org, &partner);

	if (r != 0)
		return r == E_NOTFOUND ? 0 : r;
	free(partner.manifest);
	partner.manifest = json_dumps(body, JSON_COMPACT);
	r = partner.manifest != NULL ? partner_put(app->db, &partner) : -ENOMEM;
	partner_free(&partner);
	return r;
}

static int
keep_record(struct app *app, const json_t *json, const struct directory_record *record,
    enum directory_verdict verdict, bool first, struct err *reason)
{
	autofree char *text = json_dumps(json, JSON_COMPACT);
	int64_t held = 0;
	autobuf struct buf words = { 0 };
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
	/* Nobody searches for bits. */
	if (text == NULL || (record->kind != DIRECTORY_KIND_STATUS_LIST && add_words(record->body, &words) != 0))
		return -ENOMEM;
	if (record->kind == DIRECTORY_KIND_STATUS_LIST &&
	    (r = certify_list(app, record->org, record->id, record->body, reason)) < 0)
		return r;
	if (record->kind == DIRECTORY_KIND_STATEMENT &&
	    (r = experience_arrived(app, record->org, record->id, record->body, reason)) != 0) {
		err_add(reason, "record %s", record->id);
		return r;
	}
	if ((r = seen_put(app->db, &(struct seen_record){ .org = (char *)record->org,
	    .id = (char *)record->id, .kind = (char *)kind, .seq = record->seq,
	    .expires_at = record->expires_at, .received_at = app_now(app), .hash = (char *)record->hash,
	    .record = text, .verdict = verdict, .reason = reason->text, .words = words.data })) != 0)
		return r;
	if (record->kind == DIRECTORY_KIND_WITHDRAWAL)
		return seen_sweep(app->db);
	return record->kind == DIRECTORY_KIND_MANIFEST ?
	    keep_manifest(app, record->org, record->body) : 0;
}

int
record_arrived(struct app *app, const struct origin *origin)
{
	const struct trust_org *org = origin->room->subject != NULL ?
	    trust_org(app->trust, origin->room->subject) : NULL;
	const char *id = directory_peek_id(origin->content);
	struct directory_seen seen = { 0 };
	struct directory_context context = { .now = app_now(app) };
	struct directory_record record;
	enum directory_verdict verdict;
	struct seen_record held;
	struct err reason = { "" };
	int r;

	if (origin->room->kind != ROOM_DIRECTORY || origin->room->ours)
		return 0;
	if (org == NULL || origin->org == NULL || strcmp(origin->org, org->id) != 0)
		return err_set(origin->reason, E_REFUSED, "a record from somebody who is not the directory's organization");
	if (id != NULL && (r = seen_get(app->db, org->id, id, &held)) == 0) {
		seen.seq = held.seq;
		seen.withdrawn = !strcmp(held.kind, "withdrawal");
		(void)snprintf(seen.hash, sizeof(seen.hash), "%s", held.hash);
		context.seen = &seen;
		seen_free(&held);
	} else if (id != NULL && r != E_NOTFOUND)
		return r;
	context.org = org->id;
	context.key = org->record_key;
	if ((r = directory_check(origin->content, &context, &verdict, &record, &reason)) != 0)
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
		if (json_int(origin->content, "issued_at", 0) <= context.now + FUTURE_MAX)
			return err_set(origin->reason, E_LATER, "record %s: %s", id != NULL ? id : "-", reason.text);
		return err_set(origin->reason, E_REFUSED, "record %s: %s", id != NULL ? id : "-", reason.text);
	default:
		return err_set(origin->reason, E_REFUSED, "record %s: %s", id != NULL ? id : "-", reason.text);
	}
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
	partner.follower = 1;
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
	if (app->crypt == NULL || own == NULL)
		return err_next(reterr, err_set(reterr, E_REFUSED, "this node is not set up, or is not on the trust list yet"),
		    "cairn doctor says which, and what to do");
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

static struct search_list
list(const json_t *body, const char *key, const char *single, const char *item[LIST_MAX])
{
	struct search_list ret = { item, 0 };
	const char *one = json_str(body, single);
	json_t *value;
	size_t i;

	json_array_foreach(json_arr(body, key), i, value)
		if (json_is_string(value) && ret.n < LIST_MAX)
			item[ret.n++] = json_string_value(value);
	if (ret.n == 0 && one != NULL)
		item[ret.n++] = one;
	return ret;
}

/* A record as it is shown in a list. */
static json_t *
summary(const struct seen_record *rec, const json_t *body, const char *name,
    const struct credential_finding *cert, int open, int64_t now)
{
	struct err aged = { "" };
	json_t *out = json_pack("{s:s, s:s, s:s, s:s*, s:s, s:b}", "id", rec->id, "org", rec->org,
	    "kind", rec->kind, "name", name, "verdict", directory_verdict_name(rec->verdict),
	    "certified", cert->verdict == CREDENTIAL_CERTIFIED);
	json_t *languages = json_arr(body, "languages");

	if (out == NULL)
		return NULL;
	if (!strcmp(rec->kind, "specialist"))
		(void)json_object_set_new(out, "certification", json_string(cert->reason.text));
	if (rec->reason != NULL && *rec->reason != '\0')
		(void)json_object_set_new(out, "reason", json_string(rec->reason));
	if (languages != NULL)
		(void)json_object_set(out, "languages", languages);
	if (open >= 0)
		(void)json_object_set_new(out, "open", json_integer(open));
	if (fields_aged(rec->kind, body, now, &aged) == E_LATER)
		(void)json_object_set_new(out, "old", json_string(aged.text));
	return out;
}

/* What a record says of itself at more length than its name. */
static const char *
about(const json_t *body)
{
	static const char *const keys[] = { "about", "description", "text" };
	const char *ret = NULL;

	for (size_t i = 0; i < nelem(keys) && ret == NULL; i++)
		ret = json_str(body, keys[i]);
	return ret;
}

struct search {
	struct app		*app;
	struct search_query	 query;
	struct certifier	*certifier;
	struct fit		*fit;
	json_t			*found;		/* Array of summaries with "score". */
	unsigned		 removed[SEARCH_NFILTERS];
};

static bool
is_listed(const struct app *app, const struct seen_record *rec)
{
	static const char *const never[] = { "manifest", "status_list", "statement", "withdrawal" };

	for (size_t i = 0; i < nelem(never); i++)
		if (!strcmp(rec->kind, never[i]))
			return false;
	return rec->verdict != DIRECTORY_EXPIRED && trust_org(app->trust, rec->org) != NULL;
}

static int
see_any(void *cookie, const struct seen_record *rec)
{
	return is_listed(cookie, rec) ? E_EXISTS : 0;
}

static int
consider(void *cookie, const struct seen_record *rec)
{
	struct search *s = cookie;
	autojson json_t *json = NULL;
	const char *languages[LIST_MAX], *conditions[LIST_MAX], *modalities[LIST_MAX], *name;
	struct credential_finding cert;
	const json_t *body;
	struct search_item item;
	struct fit_words words;
	json_t *row;
	unsigned excluded;
	int r, score;

	if (!is_listed(s->app, rec))
		return 0;
	if ((r = canon_parse(rec->record, strlen(rec->record), &json, NULL)) != 0)
		return r < 0 ? r : ERR_CORRUPT;
	body = json_obj(json, "body");
	name = json_str(body, json_str(body, "alias") != NULL ? "alias" : "name");
	if ((r = certify(s->certifier, rec->org, rec->kind, body, &cert)) != 0)
		return r;
	item = (struct search_item){ .kind = rec->kind, .name = name != NULL ? name : "",
	    .summary = about(body),
	    .languages = list(body, "languages", "language", languages),
	    .conditions = list(body, "conditions", "condition", conditions),
	    .modalities = list(body, "modalities", "modality", modalities),
	    .open = fields_open(body),
	    .certified = cert.verdict == CREDENTIAL_CERTIFIED,
	    .stale = rec->verdict == DIRECTORY_STALE || rec->expires_at < app_now(s->app) };
	fit_judge(s->fit, body, &item, &words);
	if (search_check(&s->query, &item, &score, &excluded) != 0) {
		for (int i = 0; i < SEARCH_NFILTERS; i++)
			s->removed[i] += excluded >> i & 1;
		return 0;
	}
	if ((row = summary(rec, body, name, &cert, item.open, app_now(s->app))) == NULL ||
	    json_object_set_new(row, "score", json_integer(score)) != 0 ||
	    (words.times[0] != '\0' && json_object_set_new(row, "times", json_string(words.times)) != 0) ||
	    (words.eligible[0] != '\0' && json_object_set_new(row, "eligible", json_string(words.eligible)) != 0) ||
	    json_array_append_new(s->found, row) != 0)
		return -ENOMEM;
	return json_array_size(s->found) < FIND_MAX ? 0 : E_LATER;
}

static int
by_score(const void *a, const void *b)
{
	const json_t *const *x = a, *const *y = b;
	long long dx = json_int(*x, "score", 0), dy = json_int(*y, "score", 0);

	return dx != dy ? (dx < dy ? 1 : -1) : strcmp(json_str(*x, "id"), json_str(*y, "id"));
}

/* The best ${limit} of what was found, best first; NULL: out of memory. */
static json_t *
best(json_t *found, size_t limit)
{
	size_t n = json_array_size(found), i;
	autofree json_t **sorted = calloc(n + 1, sizeof(json_t *));
	autojson json_t *ret = json_array();
	json_t *row;

	if (sorted == NULL || ret == NULL)
		return NULL;
	json_array_foreach(found, i, row)
		sorted[i] = row;
	qsort(sorted, n, sizeof(json_t *), by_score);
	for (i = 0; i < n && i < limit; i++)
		if (json_array_append(ret, sorted[i]) != 0)
			return NULL;
	return json_incref(ret);
}

int
record_find(struct app *app, const json_t *args, json_t **ret, struct err *reterr)
{
	long long limit = json_int(args, "limit", FIND_DEFAULT);
	autojson json_t *found = json_array();
	autocertifier struct certifier *certifier = NULL;
	autofit struct fit *fit = NULL;
	struct search s = { .app = app, .found = found, .query = { .text = json_str(args, "words"),
	    .kind = json_str(args, "kind"), .language = json_str(args, "language"),
	    .condition = json_str(args, "condition"), .modality = json_str(args, "modality"),
	    .open_only = json_is_true(json_object_get(args, "open")),
	    .certified_only = json_is_true(json_object_get(args, "certified")) } };
	struct err why = { "" };
	int r;

	if (limit < 1 || limit > FIND_MAX)
		return err_set(reterr, E_BAD, "limit: between 1 and %d is wanted", FIND_MAX);
	if (found == NULL)
		return -ENOMEM;
	if ((r = certifier_new(app, &certifier)) != 0)
		return r;
	s.certifier = certifier;
	if ((r = fit_open(args, app_now(app), &fit, reterr)) != 0)
		return r;
	s.fit = fit;
	r = seen_find(app->db, s.query.text, s.query.kind, json_str(args, "org"), consider, &s);
	if (r != 0 && r != E_LATER)
		return r;
	if (json_array_size(found) == 0) {
		if ((r = seen_find(app->db, NULL, NULL, NULL, see_any, app)) != 0 && r != E_EXISTS)
			return r;
		search_explain(s.removed, &s.query, r == E_EXISTS, &why);
	}
	*ret = json_pack("{s:o, s:s}", "records", best(found, (size_t)limit), "note", why.text);
	return *ret != NULL ? 0 : -ENOMEM;
}

int
record_view(struct app *app, const char *org, const char *id, json_t **ret)
{
	autojson json_t *json = NULL, *statement = NULL;
	autocertifier struct certifier *certifier = NULL;
	struct credential_finding cert;
	struct seen_record rec;
	const json_t *body;
	json_t *words;
	int r = seen_get(app->db, org, id, &rec);

	if (r != 0)
		return r;
	if ((r = canon_parse(rec.record, strlen(rec.record), &json, NULL)) == 0) {
		body = json_obj(json, "body");
		if ((r = certifier_new(app, &certifier)) == 0 &&
		    (r = certify(certifier, org, rec.kind, body, &cert)) == 0) {
			*ret = summary(&rec, body, json_str(body, "alias") != NULL ?
			    json_str(body, "alias") : json_str(body, "name"), &cert, -1, app_now(app));
			if (*ret == NULL || (r = fields_words(rec.kind, body, app_now(app), &words)) != 0 ||
			    json_object_set_new(*ret, "in_words", words) != 0 || json_object_set(*ret, "record", json) != 0)
				r = -ENOMEM;
			else if (strcmp(rec.kind, "specialist") == 0)
				r = experience_of(app, org, json_str(body, "did"), &statement);
			if (r == 0 && statement != NULL && json_object_set(*ret, "statement", statement) != 0)
				r = -ENOMEM;
		}
	}
	seen_free(&rec);
	return r;
}
