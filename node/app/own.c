/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/canon.h"
#include "base/event.h"
#include "base/id.h"
#include "domain/directory.h"
#include "domain/fields.h"
#include "events.h"
#include "experience.h"
#include "feed.h"
#include "fit.h"
#include "group.h"
#include "hide.h"
#include "life.h"
#include "own.h"
#include "publish.h"
#include "published.h"
#include "store/audit.h"
#include "store/dirstore.h"
#include "store/feedstore.h"
#include "store/outbox.h"
#include "store/peoplestore.h"

#define WITHDRAWAL	"withdrawal"
/* A body must leave room for the record's envelope in one encrypted event. */
enum { IMPORT_MAX = 20000, BODY_MAX = DIRECTORY_RECORD_MAX - 2048 };

struct collect {
	bool		 dirty_only;
	struct own_ids	*ids;
	size_t		 size;
	const char	*skip, *only;
};

static int
collect(void *cookie, const struct own_record *rec)
{
	struct collect *c = cookie;

	if ((c->dirty_only && !rec->dirty) || (c->skip != NULL && !strcmp(rec->kind, c->skip)) ||
	    (c->only != NULL && strcmp(rec->kind, c->only) != 0))
		return 0;
	if (c->ids->n == c->size) {
		size_t size = c->size * 2 + 16;
		char **more = reallocarray(c->ids->id, size, sizeof(*more));

		if (more == NULL)
			return -ENOMEM;
		c->ids->id = more;
		c->size = size;
	}
	if ((c->ids->id[c->ids->n] = strdup(rec->id)) == NULL)
		return -ENOMEM;
	c->ids->n++;
	return 0;
}

int
own_ids(struct db *db, const char *kind, bool dirty_only, struct own_ids *ret)
{
	struct collect c = { .dirty_only = dirty_only, .ids = ret, .skip = "manifest" };
	int r;

	*ret = (struct own_ids){ 0 };
	if (kind != NULL)
		return own_each(db, kind, collect, &c);
	if ((r = own_each(db, NULL, collect, &c)) != 0)
		return r;
	c.skip = NULL;
	c.only = "manifest";
	return own_each(db, "manifest", collect, &c);
}

void
own_ids_free(struct own_ids *ids)
{
	for (size_t i = 0; i < ids->n; i++)
		free(ids->id[i]);
	free(ids->id);
	*ids = (struct own_ids){ 0 };
}

/* ${name} may be the source of a record that was imported: its id; else NULL. */
static int
id_of(struct app *app, const char *name, json_t **ret)
{
	struct own_record rec;
	int r = name == NULL || id_is_own(name) ? E_NOTFOUND : own_by_source(app->db, name, &rec);

	*ret = NULL;
	if (r != 0)
		return r == E_NOTFOUND ? 0 : r;
	*ret = json_string(rec.id);
	own_free(&rec);
	return *ret != NULL ? 0 : -ENOMEM;
}

static int
resolve_one(struct app *app, json_t *body, const char *key)
{
	json_t *id;
	int r = id_of(app, json_str(body, key), &id);

	return r == 0 && id != NULL && json_object_set_new(body, key, id) != 0 ? -ENOMEM : r;
}

/* Who leads a group. */
static int
resolve_each(struct app *app, json_t *list)
{
	int r = 0;

	for (size_t i = 0; i < json_array_size(list) && r == 0; i++) {
		json_t *id;

		if ((r = id_of(app, json_string_value(json_array_get(list, i)), &id)) == 0 && id != NULL && json_array_set_new(list, i, id) != 0)
			r = -ENOMEM;
	}
	return r;
}

/* Wherever a record names another of ours. */
static int
resolve(struct app *app, json_t *body)
{
	json_t *ways = json_arr(body, "alternatives");
	int r = resolve_one(app, body, "program");

	if (r == 0 && (r = resolve_one(app, body, "credential_id")) == 0 && (r = resolve_one(app, json_obj(body, "supervisor"), "specialist")) == 0)
		r = resolve_each(app, json_arr(body, "facilitators"));
	for (size_t i = 0; i < json_array_size(ways) && r == 0; i++)
		r = resolve_one(app, json_array_get(ways, i), "record");
	return r;
}

/* Keep what the new source of a record does not know: the room that was made for a group, and what is hidden (${ret_hidden} NULL: shown now). */
static int
keep_old(struct app *app, const struct own_record *rec, json_t *body, unsigned *ret_hidden, struct err *reterr)
{
	autojson json_t *old = NULL;
	json_t *room;
	int r;

	if (rec->body == NULL)
		return 0;
	if ((r = canon_stored(rec->body, &old)) != 0)
		return r;
	if (strcmp(rec->kind, "group") == 0 && (r = group_kept(app, rec->id, old, body, reterr)) != 0) {
		err_add(reterr, "body");
		return r;
	}
	room = strcmp(rec->kind, "group") == 0 ? json_obj(old, "room") : NULL;
	if (room != NULL && json_object_set(body, "room", room) != 0)
		return -ENOMEM;
	return ret_hidden != NULL ? fields_hide(old, body, ret_hidden) : 0;
}

static int
check_body(const char *kind, const json_t *body, int64_t now, struct err *reterr)
{
	const struct ev_desc *desc = event_find(ev_records, ev_n_records, kind);
	int r;

	if (desc == NULL || !strcmp(kind, "manifest") || !strcmp(kind, WITHDRAWAL))
		return err_set(reterr, E_BAD, "kind: program, group, specialist, resource, story, crisis_line, credential, status_list "
		    "or statement is wanted");
	if ((r = event_check(desc, body, reterr)) != 0 || (r = fit_check(body, reterr)) != 0 ||
	    (r = fields_check(kind, body, now, reterr)) != 0)
		err_add(reterr, "body");
	return r;
}

int
own_new(struct app *app, const char *kind, const char *source, struct own_record *ret)
{
	char id[ID_LEN + 1], key[ID_LEN + 1];

	id_new(app->world, id);
	id_new(app->world, key);
	*ret = (struct own_record){ .id = strdup(id), .kind = strdup(kind), .state_key = strdup(key),
	    .source = source != NULL ? strdup(source) : NULL };
	if (ret->id != NULL && ret->kind != NULL && ret->state_key != NULL && (source == NULL || ret->source != NULL))
		return 0;
	own_free(ret);
	*ret = (struct own_record){ 0 };
	return -ENOMEM;
}

enum fate { ADDED, CHANGED, SAME, TAKEN_BACK, FATES };

/* What was kept of a record against what the import says of it; and are its times told to nobody today (fit_counts)? */
struct kept {
	unsigned	hidden, edits, counts;
};

static int	withdraw_one(struct app *, const char *actor, const char *id, struct err *);

/* A specialist's word that their record is not to be published any more. */
static int
import_taken_back(struct app *app, const char *actor, const json_t *doc, enum fate *ret, struct err *reterr)
{
	char id[ID_LEN + 1];
	int r = published_taken_back(app, doc, id, reterr);

	*ret = TAKEN_BACK;
	return r != 0 ? r : withdraw_one(app, actor, id, reterr);
}

/* The id of a record about a specialist is the one that they agreed to. */
static int
check_consent(struct app *app, const json_t *body, struct own_record *rec, bool added, struct err *reterr)
{
	char id[ID_LEN + 1];
	int r = published_own(app, body, added ? NULL : rec->id, id, reterr);
	struct own_record taken = { 0 };

	if (r != 0 || !added) {
		if (r > 0)
			err_add(reterr, "body");
		return r;
	}
	if ((r = own_get(app->db, id, &taken)) == 0) {
		own_free(&taken);
		return err_set(reterr, E_REFUSED, "the consent is for a record that is there already under another name, or was withdrawn; "
		    "the specialist signs a new one");
	}
	if (r != E_NOTFOUND)
		return r;
	free(rec->id);
	return (rec->id = strdup(id)) != NULL ? 0 : -ENOMEM;
}

static int
import_one(struct app *app, const char *actor, const json_t *item, bool feed, bool show, enum fate *ret, struct kept *ret_kept, struct err *reterr)
{
	const char *kind = json_str(item, "kind"), *source = json_str(item, "source");
	json_t *body = json_obj(item, "body");
	struct own_record rec = { 0 };
	char *text = NULL;
	int r = E_NOTFOUND;

	if (kind == NULL || body == NULL)
		return err_set(reterr, E_BAD, "kind and body are wanted");
	if (!strcmp(kind, "publication"))
		return import_taken_back(app, actor, body, ret, reterr);
	if (source != NULL && (*source == '\0' || strlen(source) > 255))
		return err_set(reterr, E_BAD, "source: between 1 and 255 bytes are wanted");
	if (source != NULL)
		r = own_by_source(app->db, source, &rec);
	if (r != 0 && r != E_NOTFOUND)
		return r;
	*ret = r == 0 ? CHANGED : ADDED;
	if (r == 0 && !strcmp(rec.kind, WITHDRAWAL))
		r = err_set(reterr, E_REFUSED, "source %s was withdrawn; give the record another name if it is wanted again", source);
	else if (r == 0 && strcmp(rec.kind, kind) != 0)
		r = err_set(reterr, E_REFUSED, "source %s is a %s already", source, rec.kind);
	else if ((r = resolve(app, body)) == 0 &&
	    (r = feed && rec.body != NULL ? feed_merge(app, source, rec.body, body, &ret_kept->edits) : 0) == 0 &&
	    (r = check_body(kind, body, app_now(app), reterr)) == 0 && (r = keep_old(app, &rec, body, show ? NULL : &ret_kept->hidden, reterr)) == 0)
		r = canon_text(body, &text, reterr);
	if (r == 0 && strlen(text) > BODY_MAX)
		r = err_set(reterr, E_BAD, "body: %zu bytes, %d are allowed; shorten its texts", strlen(text),
		    BODY_MAX);
	if (r == 0 && rec.body != NULL && !strcmp(rec.body, text))
		*ret = SAME;
	if (r == 0)
		ret_kept->counts = fit_counts(body, app_now(app));
	if (r == 0 && *ret != SAME && strcmp(kind, "statement") == 0 && (r = experience_own(app, body, reterr)) > 0)
		err_add(reterr, "body");
	if (r == 0 && *ret == ADDED)
		r = own_new(app, kind, source, &rec);
	if (r == 0 && *ret != SAME && published_needed(kind))
		r = check_consent(app, body, &rec, *ret == ADDED, reterr);
	if (r == 0 && *ret != SAME) {
		free(rec.body);
		rec.body = take(text);
		rec.dirty |= OWN_CHANGED;
		r = own_put(app->db, &rec);
	}
	free(text);
	own_free(&rec);
	return r;
}

/* More would never be published: one manifest counts them all. */
static int
check_number(struct db *db, struct err *reterr)
{
	struct own_ids ids;
	int r = own_ids(db, NULL, false, &ids);

	if (r == 0 && ids.n > DIRECTORY_MAX)
		r = err_set(reterr, E_REFUSED, "%zu records would be held, %d are allowed", ids.n, DIRECTORY_MAX);
	own_ids_free(&ids);
	return r;
}

int
own_import(struct app *app, const char *actor, const json_t *args, json_t **ret, struct err *reterr)
{
	json_t *records = json_arr(args, "records"), *item;
	const json_t *feed = json_obj(args, "feed");
	autojson json_t *bases = NULL, *gone = NULL;
	long long done[FATES] = { 0 }, hidden = 0, edits = 0, counts = 0;
	enum fate fate = 0;
	unsigned elsewhere = 0;
	size_t i;
	int r;

	if (records == NULL || json_array_size(records) > IMPORT_MAX)
		return err_set(reterr, E_BAD, "records: a list of at most %d records is wanted", IMPORT_MAX);
	if ((r = feed_bases(records, &bases)) != 0 || (r = feed_gone(app, json_str(feed, "name"), bases, &gone)) != 0)
		return r;
	json_array_foreach(records, i, item) {
		struct kept kept = { 0 };

		if ((r = import_one(app, actor, item, feed != NULL, json_is_true(json_object_get(args, "show_places")), &fate, &kept, reterr)) != 0) {
			err_add(reterr, "records[%zu]%s%s", i, json_str(item, "source") ? " " : "",
			    json_str(item, "source") ? json_str(item, "source") : "");
			return r;
		}
		done[fate]++;
		hidden += kept.hidden;
		edits += kept.edits;
		counts += kept.counts;
	}
	if ((r = check_number(app->db, reterr)) != 0 ||
	    (r = feed != NULL ? feed_keep(app, feed, bases, reterr) : 0) != 0 || (r = hide_everywhere(app, &elsewhere)) != 0 ||
	    (r = audit_add(app->db, app_now(app), actor, "import", "directory", NULL)) != 0)
		return r;
	if (done[TAKEN_BACK] > 0 && publish_own_org(app) != NULL) {
		autojson json_t *under_way = NULL;

		if ((r = publish_start(app, actor, args, &under_way, reterr)) != 0)
			return r;
	}
	*ret = json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:O}", "added", (json_int_t)done[ADDED], "changed", (json_int_t)done[CHANGED],
	    "unchanged", (json_int_t)done[SAME], "kept_hidden", (json_int_t)hidden + elsewhere, "kept_edits", (json_int_t)edits, "counts_on",
	    (json_int_t)counts, "withdrawn", (json_int_t)done[TAKEN_BACK], "gone", gone);
	return *ret != NULL ? 0 : -ENOMEM;
}

/* What takes the place of ${rec}; nothing of the old is kept but its hash. */
static int
take_back(struct app *app, struct own_record *rec)
{
	autojson json_t *body = json_pack("{s:s, s:I}", "of", rec->kind, "withdrawn_at", (json_int_t)app_now(app));
	char *text = body != NULL ? json_text(body, JSON_COMPACT) : NULL, *kind = strdup(WITHDRAWAL);

	if (text == NULL || kind == NULL) {
		free(text);
		free(kind);
		return -ENOMEM;
	}
	free(rec->body);
	free(rec->kind);
	free(rec->record);
	rec->body = text;
	rec->kind = kind;
	rec->record = NULL;
	rec->dirty = OWN_CHANGED;
	return own_put(app->db, rec);
}

struct naming {
	const char	*credential;
	bool		 named;
};

static int
names(void *cookie, const struct own_record *rec)
{
	struct naming *n = cookie;
	autojson json_t *body = NULL;
	const char *id;
	int r = canon_stored(rec->body, &body);

	id = json_str(body, "credential_id");
	n->named |= id != NULL && strcmp(id, n->credential) == 0;
	return r;
}

/* Whose record is gone has their credential shown no more, unless another record of theirs names it. */
static int
withdraw_credential(struct app *app, const char *actor, const json_t *body, struct err *reterr)
{
	struct naming n = { .credential = json_str(body, "credential_id") };
	struct own_record rec = { 0 };
	bool is;
	int r = n.credential != NULL ? own_get(app->db, n.credential, &rec) : E_NOTFOUND;

	if (r != 0)
		return r == E_NOTFOUND ? 0 : r;
	is = !strcmp(rec.kind, "credential");
	own_free(&rec);
	if (!is || (r = own_each(app->db, "specialist", names, &n)) != 0 || n.named)
		return r;
	return withdraw_one(app, actor, n.credential, reterr);
}

/* Why a record of that kind cannot be withdrawn; NULL: it can. */
static const char *
stays(const char *kind)
{
	static const struct { const char *kind, *why; } kinds[] = {
		{ LIFE_KIND, "what specialists say of their own life they take back themselves: cairn sign statement, of one "
		    "that says \"withdrawn\": true" },
		{ "status_list", "the next one of its issuer takes its place" },
		{ "manifest", "there is nothing to withdraw" },
		{ WITHDRAWAL, "there is nothing to withdraw" },
	};

	for (size_t i = 0; i < nelem(kinds); i++)
		if (!strcmp(kinds[i].kind, kind))
			return kinds[i].why;
	return NULL;
}

/* What was not sent yet never leaves, and what was never sent is dropped. */
static int
withdraw_one(struct app *app, const char *actor, const char *id, struct err *reterr)
{
	struct own_record rec = { 0 };
	autojson json_t *body = NULL;
	int r;

	if ((r = own_get(app->db, id, &rec)) != 0)
		return r == E_NOTFOUND ? err_set(reterr, r, "none of our records has the id %s", id) : r;
	if (!strcmp(rec.kind, "specialist"))
		r = canon_stored(rec.body, &body);
	if (r != 0) {
		own_free(&rec);
		return r;
	}
	if (stays(rec.kind) != NULL)
		r = err_set(reterr, E_REFUSED, "%s: %s", rec.kind, stays(rec.kind));
	else if ((r = strcmp(rec.kind, "group") == 0 ? group_close(app, &rec) : 0) == 0 &&
	    (r = outbox_void(app->db, "record", id)) == 0 && (r = take_back(app, &rec)) == 0 &&
	    (r = rec.source != NULL ? feed_forget(app->db, rec.source) : 0) == 0 &&
	    (r = audit_add(app->db, app_now(app), actor, "withdraw", id, NULL)) == 0) {
		db_clean(app->db);
		r = rec.seq == 0 ? own_drop(app->db, id) : published_purge(app, id);
	}
	own_free(&rec);
	return r == 0 && body != NULL ? withdraw_credential(app, actor, body, reterr) : r;
}

int
own_withdraw(struct app *app, const char *actor, const json_t *args, json_t **ret, struct err *reterr)
{
	const char *id = json_str(args, "id");
	struct own_record rec = { 0 };
	bool group = false;
	int r;

	if (id == NULL)
		return err_set(reterr, E_BAD, "id: which record? cairn list records shows ours");
	if ((r = own_get(app->db, id, &rec)) == 0) {
		group = !strcmp(rec.kind, "group");
		own_free(&rec);
	}
	if (r < 0 || (r = withdraw_one(app, actor, id, reterr)) != 0)
		return r;
	if ((r = own_get(app->db, id, &rec)) == 0) {
		own_free(&rec);
		r = publish_start(app, actor, args, ret, reterr);
	} else if (r == E_NOTFOUND)
		r = (*ret = json_pack("{s:s, s:s}", "id", id, "delivery", "delivered")) != NULL ? 0 : -ENOMEM;
	return r == 0 && group ? group_withdrawn(app, id, *ret) : r;
}
