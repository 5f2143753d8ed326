/* SPDX-License-Identifier: Apache-2.0 */
#include "match.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/canon.h"
#include "certify.h"
#include "domain/directory.h"
#include "domain/fields.h"
#include "domain/match.h"
#include "domain/publication.h"
#include "domain/trust.h"
#include "domain/when.h"
#include "experience.h"
#include "publish.h"
#include "store/dirstore.h"
#include "store/matchstore.h"

enum {
	EXCLUDED_SHOWN = 200,
	FOUND_MAX = 1000,	/* So many are kept before those who cannot be shown are let go of: each is a few kilobytes. */
};

struct found {
	json_t			*item;		/* Without score and lines. */
	struct match_finding	 f;
};

struct search {
	struct app		*app;
	const char		*own;		/* Our organization; NULL: on no list. */
	const char		*org, *id;	/* Only this one; NULL: all. */
	struct match_wish	 wish;
	struct certifier	*certifier;
	json_t			*statements;	/* By "ORG DID"; NULL: not asked for. */
	json_t			*load;		/* {"ORG ID": {active: [begun], last}} */
	bool			 all;		/* Everybody who is not excluded is wanted, and nobody else. */
	struct match_tally	 tally;		/* Of all that were looked at. */
	struct found		*found;
	size_t			 n, max;	/* thin() at max. */
};

static void
search_close(struct search *s)
{
	for (size_t i = 0; i < s->n; i++) {
		json_decref(s->found[i].item);
		match_finding_free(&s->found[i].f);
	}
	free(s->found);
	certifier_free(s->certifier);
	json_decref(s->statements);
	json_decref(s->load);
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
		row = json_pack("{s:[], s:I}", "active", "last", (json_int_t)p->began);
		if (json_object_set_new(load, key, row) != 0)
			return -ENOMEM;
	}
	if (p->began > json_int(row, "last", 0) && json_object_set_new(row, "last", json_integer(p->began)) != 0)
		return -ENOMEM;
	return p->state == PAIRING_ACTIVE && json_array_append_new(json_arr(row, "active"), json_integer(p->began)) != 0 ? -ENOMEM : 0;
}

/* The towns of the program of a specialist; NULL: none is said. */
static int
towns_of(struct app *app, const char *org, bool own, const char *program, json_t **ret)
{
	autojson json_t *json = NULL, *towns = json_array();
	struct seen_record rec;
	struct own_record ours;
	const json_t *body;
	int r;

	*ret = NULL;
	if (program == NULL || towns == NULL)
		return towns == NULL ? -ENOMEM : 0;
	if (own && (r = own_get(app->db, program, &ours)) == 0) {
		r = canon_stored(ours.body, &json);
		own_free(&ours);
	} else if (!own && (r = seen_get(app->db, org, program, &rec)) == 0) {
		r = canon_stored(rec.record, &json);
		seen_free(&rec);
	}
	if (r != 0)
		return r == E_NOTFOUND ? 0 : r < 0 ? r : ERR_CORRUPT;
	body = own ? json : json_obj(json, "body");
	for (size_t i = 0; i < json_array_size(json_arr(body, "locations")); i++) {
		json_t *town = json_object_get(json_array_get(json_arr(body, "locations"), i), "locality");

		if (town != NULL && json_array_append(towns, town) != 0)
			return -ENOMEM;
	}
	*ret = json_array_size(towns) > 0 ? take(towns) : NULL;
	return 0;
}

/* What a coordinator sees of a specialist besides the score. */
static json_t *
describe(const struct search *s, const struct match_candidate *c, const json_t *vc, const json_t *load)
{
	struct err aged = { "" };
	char day[WHEN_TEXT];
	json_t *item = json_pack("{s:s, s:s, s:s*, s:b, s:s, s:s*, s:O*, s:i}", "record", c->id, "org", c->org, "name",
	    json_str(c->body, "alias"), "certified", c->verdict == CREDENTIAL_CERTIFIED, "certification", c->certification != NULL ? c->certification : "",
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
by_rank(const void *a, const void *b)
{
	const struct found *x = a, *y = b;

	if ((x->f.excluded == 0) != (y->f.excluded == 0))
		return x->f.excluded == 0 ? -1 : 1;
	return match_before(&x->f, json_str(x->item, "record"), &y->f, json_str(y->item, "record")) ? -1 : 1;
}

/* Sorts what was found, and leaves what can be shown of it.  How many of these are not excluded. */
static size_t
thin(struct search *s)
{
	size_t fit = 0, kept = 0, most = s->all ? SIZE_MAX : MATCH_SHOWN;

	if (s->n > 0)
		qsort(s->found, s->n, sizeof(*s->found), by_rank);
	while (fit < s->n && s->found[fit].f.excluded == 0)
		fit++;
	for (size_t i = 0; i < s->n; i++) {
		if (i < fit ? i < most : !s->all && i - fit < EXCLUDED_SHOWN) {
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

static int
consider(struct search *s, const char *org, const char *id, const json_t *body, bool stale)
{
	const char *did = json_str(body, "did");
	int64_t updated = json_int(json_obj(body, "capacity"), "updated_at", 0);
	autojson json_t *vc = NULL, *towns = NULL;
	autofree char *key = NULL, *told = NULL;
	struct credential_finding cert = { .verdict = CREDENTIAL_UNCERTIFIED };
	struct match_candidate c = { .org = org, .id = id, .body = body, .stale = stale };
	struct found *more, *f;
	const json_t *load;
	int r;

	if (publication_over(body, app_now(s->app)))
		return 0;
	if ((key = joined(org, id)) == NULL || (told = joined(org, did != NULL ? did : "")) == NULL)
		return -ENOMEM;
	if ((r = towns_of(s->app, org, s->own != NULL &&
	    strcmp(org, s->own) == 0, json_str(body, "program"), &towns)) != 0)
		return r;
	load = json_object_get(s->load, key);
	c.active = (unsigned)json_array_size(json_arr(load, "active"));
	for (size_t i = 0; i < c.active; i++)
		c.since += json_integer_value(json_array_get(json_arr(load, "active"), i)) > updated;
	c.statement = json_object_get(s->statements, told);
	c.towns = towns;
	c.verdict = CREDENTIAL_UNCERTIFIED;
	if ((more = reallocarray(s->found, s->n + 1, sizeof(*more))) == NULL)
		return -ENOMEM;
	s->found = more;
	f = &s->found[s->n];
	if ((r = match_judge(&s->wish, &c, app_now(s->app), &f->f)) != 0)
		return r;
	/* Signatures take long: where two filters exclude, a credential changes nothing. */
	if (__builtin_popcount(f->f.excluded & ~(1u << MATCH_CERTIFIED)) < 2) {
		match_finding_free(&f->f);
		if ((r = certify(s->certifier, org, "specialist", body, &cert)) != 0 ||
		    (r = certify_credential(s->app, org, body, &vc)) != 0)
			return r;
		c.verdict = cert.verdict;
		c.certification = cert.reason.text;
		c.subject = json_obj(vc, "credentialSubject");
		if ((r = match_judge(&s->wish, &c, app_now(s->app), &f->f)) != 0)
			return r;
	}
	s->n++;
	if ((f->item = describe(s, &c, vc, load)) == NULL)
		return -ENOMEM;
	match_count(&s->tally, f->f.excluded);
	if (s->n > s->max && s->id == NULL)
		(void)thin(s);
	return 0;
}

static bool
is_asked(const struct search *s, const char *org, const char *id)
{
	return s->id == NULL || (strcmp(s->id, id) == 0 && (s->org == NULL || strcmp(s->org, org) == 0));
}

static int
consider_seen(void *cookie, const struct seen_record *rec)
{
	struct search *s = cookie;
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
	struct search *s = cookie;
	autojson json_t *body = NULL;
	int r;

	if (rec->seq == 0 || !is_asked(s, s->own, rec->id))
		return 0;
	if ((r = canon_stored(rec->body, &body)) != 0)
		return r;
	return consider(s, s->own, rec->id, body, false);
}

/* Does the wish ask what specialists say of their own life? */
static bool
asks_life(const struct match_wish *w)
{
	bool ret = w->only != NULL;

	for (size_t i = 0; i < w->n_prefs; i++)
		ret = ret || w->prefs[i].kind == MATCH_PREF_EXPERIENCE || w->prefs[i].kind == MATCH_PREF_IDENTITY;
	return ret;
}

static int
look(struct search *s, const json_t *wish, struct err *reterr)
{
	int r = match_wish_read(wish, &s->wish, reterr);

	if (r != 0)
		return r;
	s->own = publish_own_org(s->app);
	if ((s->load = json_object()) == NULL)
		return -ENOMEM;
	if ((r = certifier_new(s->app, &s->certifier)) != 0 || (r = pairing_each(s->app->db, NULL, add_load, s->load)) != 0 ||
	    (asks_life(&s->wish) && (r = experience_all(s->app, s->own, &s->statements)) != 0) ||
	    (r = seen_each(s->app->db, "specialist", NULL, consider_seen, s)) != 0)
		return r;
	return s->own != NULL ? own_each(s->app->db, "specialist", consider_own, s) : 0;
}

/* With its points; and the same for the member, without what is told to staff alone. */
static int
finish_choice(struct found *f)
{
	autojson json_t *member = json_array();
	int bad = member == NULL;

	for (size_t i = 0; i < json_array_size(f->f.lines); i++) {
		const json_t *l = json_array_get(f->f.lines, i);

		if (strcmp(json_str(l, "readers"), "staff") != 0)
			bad |= json_array_append(member, json_object_get(l, "text"));
	}
	bad |= json_object_set_new(f->item, "score", json_integer(f->f.score)) | json_object_set(f->item, "lines", f->f.lines) |
	    json_object_set(f->item, "for_member", member) | (f->f.free >= 0 ?
	    json_object_set_new(f->item, "free", json_integer(f->f.free)) : 0);
	return bad ? -ENOMEM : 0;
}

static json_t *
counts_of(const unsigned n[MATCH_NFILTERS], bool relaxable)
{
	json_t *ret = json_object();

	for (unsigned i = 0; i < MATCH_NFILTERS; i++)
		if (n[i] > 0 && (!relaxable || match_may_relax(i)))
			(void)json_object_set_new(ret, match_filter_name(i), json_integer(n[i]));
	return ret;
}

static int
report(struct search *s, json_t **ret)
{
	json_t *choices = json_array(), *excluded = json_array();
	autojson json_t *out = json_pack("{s:o, s:o}", "choices", choices, "excluded", excluded);
	int scores[MATCH_SHOWN];
	struct err note = { "" };
	size_t fit = thin(s), shown;

	if (out == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < fit; i++)
		scores[i] = s->found[i].f.score;
	shown = match_shown(scores, fit);
	for (size_t i = 0; i < shown; i++)
		if (finish_choice(&s->found[i]) != 0 || json_array_append(choices, s->found[i].item) != 0)
			return -ENOMEM;
	for (size_t i = fit; i < s->n; i++)
		if (json_array_append_new(excluded, json_pack("{s:O, s:O, s:O*, s:O}", "record", json_object_get(s->found[i].item,
		    "record"), "org", json_object_get(s->found[i].item, "org"), "name", json_object_get(s->found[i].item, "name"),
		    "why", s->found[i].f.why)) != 0)
			return -ENOMEM;
	match_explain(&s->tally, &note);
	if (json_object_set_new(out, "counts", counts_of(s->tally.removed, false)) != 0 ||
	    json_object_set_new(out, "relax", counts_of(s->tally.alone, true)) != 0 ||
	    json_object_set_new(out, "note", json_string(note.text)) != 0)
		return -ENOMEM;
	*ret = take(out);
	return 0;
}

int
match_propose(struct app *app, const json_t *wish, json_t **ret, struct err *reterr)
{
	struct search s = { .app = app };
	int r = look(&s, wish, reterr);

	if (r == 0)
		r = report(&s, ret);
	search_close(&s);
	return r;
}

int
match_all(struct app *app, const json_t *wish, json_t **ret, struct err *reterr)
{
	struct search s = { .app = app, .all = true };
	autojson json_t *list = json_array();
	int r = list == NULL ? -ENOMEM : look(&s, wish, reterr);

	if (r == 0)
		(void)thin(&s);
	for (size_t i = 0; i < s.n && r == 0; i++)
		if (json_array_append_new(list, json_pack("{s:O, s:O, s:O*, s:i, s:i}", "record", json_object_get(s.found[i].item, "record"),
		    "org", json_object_get(s.found[i].item, "org"), "name", json_object_get(s.found[i].item, "name"), "score",
		    s.found[i].f.score, "free", s.found[i].f.free)) != 0)
			r = -ENOMEM;
	search_close(&s);
	if (r == 0)
		*ret = take(list);
	return r;
}

static int
report_one(struct search *s, json_t **ret, bool *ret_may, struct err *reterr)
{
	struct found *f = s->found;
	int r;

	if (s->n != 1)
		return err_set(reterr, s->n == 0 ? E_NOTFOUND : E_BAD, s->n == 0 ? "no specialist of that id is published here" :
		    "two organizations have a specialist of that id; say which with --org");
	if ((r = finish_choice(f)) != 0)
		return r;
	*ret_may = true;
	for (unsigned i = 0; i < MATCH_NFILTERS; i++)
		*ret_may = *ret_may && (!(f->f.excluded >> i & 1) || match_may_relax(i));
	if (f->f.excluded != 0)
		r = err_set(reterr, E_REFUSED, "%s", json_string_value(json_array_get(f->f.why, 0)));
	*ret = json_incref(f->item);
	return r;
}

int
match_again(struct app *app, const json_t *wish, const char *org, const char *record, json_t **ret, bool *ret_may,
    struct err *reterr)
{
	struct search s = { .app = app, .org = org, .id = record };
	int r = look(&s, wish, reterr);

	if (r == 0)
		r = report_one(&s, ret, ret_may, reterr);
	search_close(&s);
	return r;
}
