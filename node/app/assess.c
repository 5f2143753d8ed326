/* SPDX-License-Identifier: Apache-2.0 */
#include "assess.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/canon.h"
#include "certify.h"
#include "domain/directory.h"
#include "domain/fields.h"
#include "domain/publication.h"
#include "domain/trust.h"
#include "domain/when.h"
#include "experience.h"
#include "program.h"
#include "publish.h"
#include "shortlist.h"
#include "store/dirstore.h"
#include "store/matchstore.h"
#include "store/notestore.h"

enum {
	MISSES = 20,		/* Excluded, and shown with their reasons: the nearest. */
	LOOK = 100,		/* So many of the index are judged in any case: of few, all. */
	LONG = 8192,		/* Bytes that hardly a specialist's record has but by its rules on who may come. */
	LONG_MAX = 1 << 20,	/* So much of such records is judged of one organization: nobody else's are to wait for it. */
	FOUND_MAX = 100,	/* So many are kept before those who cannot be shown are let go of: each is a few kilobytes. */
};

void
assess_free(struct assess *s)
{
	for (size_t i = 0; i < s->n; i++) {
		json_decref(s->found[i].item);
		match_finding_free(&s->found[i].f);
	}
	free(s->found);
	certifier_free(s->certifier);
	programs_free(s->programs);
	json_decref(s->statements);
	json_decref(s->avoid);
	json_decref(s->conflict);
	json_decref(s->load);
	json_decref(s->longs);
	zones_free(&s->zones);
}

/* NULL: out of memory. */
static char *
joined(const char *org, const char *id)
{
	char *ret;

	return asprintf(&ret, "%s %s", org, id) < 0 ? NULL : ret;
}

/* Who supports whom already, as far as this node knows. */
static int
add_load(void *cookie, const struct pairing *p)
{
	json_t *load = cookie, *with = json_obj(p->body, "with"), *row;
	autofree char *key = NULL;

	if (with == NULL)
		return 0;
	if ((key = joined(json_str(with, "org"), json_str(with, "record"))) == NULL)
		return -ENOMEM;
	if ((row = json_object_get(load, key)) == NULL) {
		row = json_pack("{s:[], s:[], s:I}", "active", "of", "last", (json_int_t)p->began);
		if (json_object_set_new(load, key, row) != 0)
			return -ENOMEM;
	}
	if (json_array_append_new(json_arr(row, "of"), json_string(p->id)) != 0)
		return -ENOMEM;
	if (p->began > json_int(row, "last", 0) && json_object_set_new(row, "last", json_integer(p->began)) != 0)
		return -ENOMEM;
	return p->state == PAIRING_ACTIVE && json_array_append_new(json_arr(row, "active"), json_integer(p->began)) != 0 ? -ENOMEM : 0;
}

/* So many bytes of long records of that organization were judged. */
static json_int_t
longs(const struct assess *s, const char *org)
{
	return json_int(s->longs, org, 0);
}

static int
add_longs(struct assess *s, const char *org, size_t len)
{
	if (s->longs == NULL && (s->longs = json_object()) == NULL)
		return -ENOMEM;
	return json_object_set_new(s->longs, org, json_integer(longs(s, org) + (json_int_t)len)) != 0 ? -ENOMEM : 0;
}

/* The program of a specialist, judged by the wish; NULL: none is said.  It is as long as a record may be. */
static int
program_of(struct assess *s, const char *org, bool own, const json_t *body, struct program **ret)
{
	bool spent = !s->all && longs(s, org) >= LONG_MAX;
	int r = programs_get(s->programs, org, own, body, spent ? LONG : SIZE_MAX, ret);

	if (r != 0 || *ret == NULL)
		return r;
	if ((*ret)->body != NULL && !(*ret)->judged)
		match_may_come(&s->wish, (*ret)->body, &(*ret)->rules);
	(*ret)->judged = true;
	return (*ret)->bytes > LONG && !s->all ? add_longs(s, org, (*ret)->bytes) : 0;
}

/* What a coordinator sees of a specialist besides the score. */
static json_t *
describe(const struct assess *s, const struct match_candidate *c, bool certified, const json_t *vc, const json_t *load)
{
	struct err aged = { "" };
	char day[WHEN_TEXT];
	json_t *item = json_pack("{s:s, s:s, s:s*, s:s*, s:s*, s:b, s:s, s:s*, s:O*, s:i}", "record", c->id, "org", c->org, "name",
	    json_str(c->body, "alias"), "program", json_str(c->program, "name"), "did", json_str(c->body, "did"), "certified", certified,
	    "certification", c->certification != NULL ? c->certification : "",
	    "valid_until", c->verdict == CREDENTIAL_CERTIFIED ? json_str(vc, "validUntil") : NULL,
	    "supervisor", json_object_get(json_obj(c->body, "supervisor"), "title"), "matches_here", (int)c->active);

	if (item == NULL)
		return NULL;
	if (load != NULL)
		(void)json_object_set_new(item, "last_match", json_string(when_print_day(json_int(load, "last", 0), day)));
	if (fields_aged("specialist", c->body, app_now(s->app), &aged) == E_LATER)
		(void)json_object_set_new(item, "old", json_string(aged.text));
	return item;
}

static int
later_contact(void *cookie, const struct note *note)
{
	json_t *item = cookie;
	const char *last = json_str(item, "last_contact"), *on = json_str(note->body, "on");

	return (last == NULL || strcmp(on, last) > 0) && json_object_set_new(item, "last_contact", json_string(on)) != 0 ? -ENOMEM : 0;
}

int
assess_contact(const struct assess *s, json_t *item)
{
	autofree char *key = joined(json_str(item, "org"), json_str(item, "record"));
	const json_t *id;
	size_t i;
	int r = key == NULL ? -ENOMEM : 0;

	json_array_foreach(json_arr(json_object_get(s->load, key), "of"), i, id)
		if (r == 0)
			r = note_of_kind(s->app->db, json_string_value(id), "contact", later_contact, item);
	return r;
}

/* Who is not excluded, by match_before(); then the others, by how many filters remove them. */
static bool
is_before(const struct match_finding *a, const char *id, const struct match_finding *b, const char *other)
{
	int more = __builtin_popcount(a->excluded) - __builtin_popcount(b->excluded);

	return more != 0 ? more < 0 : match_before(a, id, b, other);
}

static int
by_rank(const void *a, const void *b)
{
	const struct assessed *x = a, *y = b;
	const char *id = json_str(x->item, "record"), *other = json_str(y->item, "record");

	if (is_before(&x->f, id, &y->f, other))
		return -1;
	return is_before(&y->f, other, &x->f, id) ? 1 : strcmp(json_str(x->item, "org"), json_str(y->item, "org"));
}

size_t
assess_rank(struct assess *s)
{
	size_t fit = 0, kept = 0, most = s->all ? SIZE_MAX : MATCH_SHOWN;

	if (s->n > 0)
		qsort(s->found, s->n, sizeof(*s->found), by_rank);
	while (fit < s->n && s->found[fit].f.excluded == 0)
		fit++;
	for (size_t i = 0; i < s->n; i++) {
		if (i < fit ? i < most : !s->all && i - fit < MISSES) {
			s->found[kept++] = s->found[i];
			continue;
		}
		json_decref(s->found[i].item);
		match_finding_free(&s->found[i].f);
	}
	s->n = kept;
	s->max = 2 * kept + FOUND_MAX;
	return fit < most ? fit : most;
}

/* Does the wish ask what specialists say of their own life? */
static bool
asks_life(const struct match_wish *w)
{
	bool ret = w->only != NULL;

	for (size_t i = 0; i < w->n_prefs; i++)
		ret = ret || w->prefs[i].kind == MATCH_PREF_EXPERIENCE || w->prefs[i].kind == MATCH_PREF_IDENTITY || w->prefs[i].kind == MATCH_PREF_AGE;
	return ret;
}

static int
consider(struct assess *s, const char *org, const char *id, const json_t *body, bool stale)
{
	const char *did = json_str(body, "did");
	int64_t updated = json_int(json_obj(body, "capacity"), "updated_at", 0);
	autojson json_t *vc = NULL, *said = NULL;
	autofree char *key = NULL, *told = NULL;
	struct credential_finding cert = { .verdict = CREDENTIAL_UNCERTIFIED };
	struct match_candidate c = { .org = org, .id = id, .body = body, .stale = stale };
	struct assessed *more, *f;
	struct program *program;
	const char *zone;
	const json_t *load;
	bool own;
	int r;

	if (publication_over(body, app_now(s->app)))
		return 0;
	if ((key = joined(org, id)) == NULL || (told = joined(org, did != NULL ? did : "")) == NULL)
		return -ENOMEM;
	own = s->own != NULL && strcmp(org, s->own) == 0;
	if ((r = program_of(s, org, own, body, &program)) != 0)
		return r;
	load = json_object_get(s->load, key);
	c.active = (unsigned)json_array_size(json_arr(load, "active"));
	for (size_t i = 0; i < c.active; i++)
		c.since += json_integer_value(json_array_get(json_arr(load, "active"), i)) > updated;
	if (s->life && s->indexed && !own && (r = experience_of(s->app, org, did, &said)) != 0)
		return r;
	c.statement = said != NULL ? said : json_object_get(s->statements, told);
	c.program = program != NULL ? program->body : NULL;
	c.rules = c.program != NULL ? &program->rules : NULL;
	zone = match_zone(body, c.program);
	if (zone != NULL && !match_same_zone(&s->wish, zone))
		c.zone = zones_get(&s->zones, zone);
	c.verdict = CREDENTIAL_UNCERTIFIED;
	c.unread = json_obj(body, "credential") != NULL || json_str(body, "credential_id") != NULL;
	c.subject = json_obj(json_obj(body, "credential"), "credentialSubject");
	if ((more = reallocarray(s->found, s->n + 1, sizeof(*more))) == NULL)
		return -ENOMEM;
	s->found = more;
	f = &s->found[s->n];
	if ((r = match_judge(&s->wish, &c, app_now(s->app), &f->f)) != 0)
		return r;
	/* Signatures take long: where two filters exclude, one of many is not looked at for a credential, and nothing is said of it. */
	if (s->id != NULL || __builtin_popcount(f->f.excluded & ~(1u << MATCH_CERTIFIED | 1u << MATCH_JURISDICTION)) < 2) {
		c.unread = false;
		match_finding_free(&f->f);
		if ((r = certify(s->certifier, org, "specialist", body, "", &cert)) != 0 ||
		    (r = certify_credential(s->app, org, body, &vc)) != 0)
			return r;
		c.verdict = cert.verdict;
		c.certification = cert.reason.text;
		c.subject = json_obj(vc, "credentialSubject");
		if ((r = match_judge(&s->wish, &c, app_now(s->app), &f->f)) != 0)
			return r;
	}
	s->n++;
	if ((f->item = describe(s, &c, f->f.certified, vc, load)) == NULL)
		return -ENOMEM;
	match_count(&s->tally, f->f.excluded);
	if (s->n > s->max && s->id == NULL)
		(void)assess_rank(s);
	return 0;
}

static bool
is_asked(const struct assess *s, const char *org, const char *id)
{
	return s->id == NULL || (strcmp(s->id, id) == 0 && (s->org == NULL || strcmp(s->org, org) == 0));
}

static int
consider_seen(void *cookie, const struct seen_record *rec)
{
	struct assess *s = cookie;
	enum directory_verdict age = directory_age(rec->expires_at, app_now(s->app), NULL);
	autojson json_t *json = NULL;
	int r;

	if (age == DIRECTORY_EXPIRED || trust_org(s->app->trust, rec->org) == NULL || !is_asked(s, rec->org, rec->id))
		return 0;
	if ((r = canon_stored(rec->record, &json)) != 0)
		return r;
	return consider(s, rec->org, rec->id, json_obj(json, "body"), age == DIRECTORY_STALE);
}

/* Only who is published: that is what they consented to. */
static int
consider_own(void *cookie, const struct own_record *rec)
{
	struct assess *s = cookie;
	autojson json_t *body = NULL;
	int r;

	if (rec->seq == 0 || !is_asked(s, s->own, rec->id))
		return 0;
	if ((r = canon_stored(rec->body, &body)) != 0)
		return r;
	return consider(s, s->own, rec->id, body, false);
}

/* Is it one long record too many of its organization?  A round has everybody judged. */
static int
is_too_long(struct assess *s, const struct seen_record *rec, bool *ret)
{
	size_t len = strlen(rec->record);

	*ret = false;
	if (s->all || len <= LONG)
		return 0;
	*ret = longs(s, rec->org) >= LONG_MAX;
	s->unread += *ret;
	return *ret ? 0 : add_longs(s, rec->org, len);
}

static int
judge_listed(struct assess *s, const struct shortlisted *l)
{
	struct seen_record rec = { 0 };
	bool skip = false;
	int r = seen_at(s->app->db, l->seen, &rec);

	if (r == 0 && (r = is_too_long(s, &rec, &skip)) == 0 && !skip)
		r = consider_seen(s, &rec);
	if (!skip) {
		match_uncount(&s->tally, l->guess.excluded, l->guess.open);
		s->looked++;
	}
	seen_free(&rec);
	return r == E_NOTFOUND ? 0 : r;
}

/* Is nobody who comes after ${l} in the list to be shown? */
static bool
is_enough(const struct assess *s, const struct shortlisted *l, size_t fit)
{
	const struct match_finding best = { .excluded = l->guess.excluded, .score = l->guess.score, .load = l->guess.load };
	size_t wanted = best.excluded != 0 ? fit + MISSES : MATCH_SHOWN;

	return !s->all && s->looked >= LOOK && (best.excluded != 0 ? s->n : fit) >= wanted &&
	    is_before(&s->found[wanted - 1].f, json_str(s->found[wanted - 1].item, "record"), &best, l->id);
}

static int
judge_list(struct assess *s, struct shortlist *list, bool excluded)
{
	struct shortlisted l;
	int r = 0;

	while (r == 0 && (r = shortlist_next(list, excluded, &l)) == 0) {
		if (is_enough(s, &l, s->all ? 0 : assess_rank(s)))
			return 0;
		r = judge_listed(s, &l);
	}
	return r == E_NOTFOUND ? 0 : r;
}

/* The document of a record of that organization and id; E_NOTFOUND. */
static int
document(struct assess *s, const char *org, const char *id, int64_t *ret)
{
	autorows struct rows *rows = NULL;
	struct seen_record rec;
	int64_t seen;
	int r = seen_get(s->app->db, org, id, &rec);

	if (r != 0)
		return r;
	seen = rec.n;
	seen_free(&rec);
	if ((r = searchstore_ids(s->app->db, id, &rows)) != 0)
		return r;
	while ((r = db_next(rows)) == 0)
		if (db_int(rows, 1) == seen) {
			*ret = db_int(rows, 0);
			return 0;
		}
	return r;
}

/* Those whom we gave somebody are judged in any case: of their places the index knows only what they published. */
static int
judge_loaded(struct assess *s, int64_t **ret, size_t *ret_n)
{
	int64_t *docs = calloc(json_object_size(s->load) + 1, sizeof(*docs));
	const char *key;
	json_t *row;
	size_t n = 0;
	int r = docs == NULL ? -ENOMEM : 0;

	json_object_foreach(s->load, key, row) {
		const char *blank = strchr(key, ' ');
		struct seen_record rec;
		char org[64];

		if (r < 0 || json_array_size(json_arr(row, "active")) == 0)
			continue;
		(void)snprintf(org, sizeof(org), "%.*s", (int)(blank - key), key);
		if ((r = document(s, org, blank + 1, &docs[n])) == 0 && (r = seen_get(s->app->db, org, blank + 1, &rec)) == 0) {
			n++;
			r = consider_seen(s, &rec);
			seen_free(&rec);
		}
	}
	*ret = docs;
	*ret_n = n;
	return r < 0 ? r : 0;
}

static unsigned
misses(const struct match_tally *t)
{
	unsigned n = 0;

	for (size_t i = 0; i < MATCH_NFILTERS; i++)
		n += t->alone[i];
	return n;
}

/* Those of partners, by the index. */
static int
look_up(struct assess *s)
{
	autofree int64_t *docs = NULL;
	autoshortlist struct shortlist *list = NULL;
	struct match_tally before;
	size_t n;
	int r = judge_loaded(s, &docs, &n);

	before = s->tally;
	if (r == 0)
		r = shortlist_open(s->app, &s->wish, docs, n, s->all ? 0 : 1, &s->tally, &list);
	if (r == 0 && !s->all && misses(&s->tally) < LOOK) {
		shortlist_free(list);
		list = NULL;
		s->tally = before;
		r = shortlist_open(s->app, &s->wish, docs, n, MATCH_NFILTERS, &s->tally, &list);
	}
	if (r == 0)
		r = judge_list(s, list, false);
	return r == 0 && !s->all ? judge_list(s, list, true) : r;
}

/* The one that is asked for. */
static int
look_at(struct assess *s)
{
	autorows struct rows *rows = NULL;
	struct seen_record rec;
	int r = searchstore_ids(s->app->db, s->id, &rows);

	while (r == 0 && (r = db_next(rows)) == 0 && (r = seen_at(s->app->db, db_int(rows, 1), &rec)) == 0) {
		r = consider_seen(s, &rec);
		seen_free(&rec);
	}
	return r == E_NOTFOUND ? 0 : r;
}

static int
read_zone(struct assess *s, const json_t *wish, struct err *reterr)
{
	const struct zone *zone = zones_get(&s->zones, s->wish.zone);

	if (zone == NULL)
		return err_set(reterr, E_BAD, "zone: a time zone is wanted that this machine knows, such as America/New_York");
	return match_wish_zone(&s->wish, wish, zone, app_now(s->app));
}

/* The did that a record has, whoever published it, joins the list. */
static int
add_did(const char *text, bool record, json_t *list)
{
	autojson json_t *json = NULL;
	const char *did;
	int r = canon_stored(text, &json);

	if (r != 0)
		return r;
	did = json_str(record ? json_obj(json, "body") : json, "did");
	return did != NULL && json_array_append_new(list, json_string(did)) != 0 ? -ENOMEM : 0;
}

/* Whoever is ruled out by one record is so by each that is theirs: two organizations may publish one person. */
static int
add_dids(struct app *app, const json_t **list, json_t **ret)
{
	const json_t *named = *list;
	int r = 0;

	if (named == NULL || (*ret = json_copy((json_t *)(uintptr_t)named)) == NULL)
		return named == NULL ? 0 : -ENOMEM;
	for (size_t i = 0; i < json_array_size(named) && r == 0; i++) {
		const char *id = json_string_value(json_array_get(named, i));
		struct own_record own;
		struct seen_record seen;

		if ((r = own_get(app->db, id, &own)) == 0) {
			r = add_did(own.body, false, *ret);
			own_free(&own);
		}
		for (size_t k = 0; k < trust_norgs(app->trust) && (r == 0 || r == E_NOTFOUND); k++)
			if ((r = seen_get(app->db, trust_org_at(app->trust, k)->id, id, &seen)) == 0) {
				r = add_did(seen.record, true, *ret);
				seen_free(&seen);
			}
		r = r == E_NOTFOUND ? 0 : r;
	}
	*list = *ret;
	return r;
}

int
assess(struct assess *s, const json_t *wish, struct err *reterr)
{
	int r = match_wish_read(wish, &s->wish, reterr);

	if (r != 0 || (r = add_dids(s->app, &s->wish.avoid, &s->avoid)) != 0 || (r = add_dids(s->app, &s->wish.conflict, &s->conflict)) != 0)
		return r;
	if (s->wish.zone != NULL && (r = read_zone(s, wish, reterr)) != 0)
		return r;
	s->own = publish_own_org(s->app);
	s->life = asks_life(&s->wish);
	if ((s->load = json_object()) == NULL)
		return -ENOMEM;
	if ((r = certifier_new(s->app, &s->certifier)) != 0 || (r = programs_new(s->app, &s->programs)) != 0 ||
	    (r = pairing_each(s->app->db, NULL, add_load, s->load)) != 0 ||
	    (r = shortlist_ready(s->app, &s->indexed)) != 0 ||
	    (s->life && (r = experience_all(s->app, s->own, !s->indexed, &s->statements)) != 0) ||
	    (s->own != NULL && (r = own_each(s->app->db, "specialist", consider_own, s)) != 0))
		return r;
	/* What is not in the index is not to be missed. */
	if (!s->indexed)
		return seen_each(s->app->db, "specialist", NULL, consider_seen, s);
	return s->id != NULL ? look_at(s) : look_up(s);
}
