/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/canon.h"
#include "capacity.h"
#include "certify.h"
#include "domain/directory.h"
#include "domain/fields.h"
#include "domain/match_index.h"
#include "domain/publication.h"
#include "domain/search_item.h"
#include "domain/search_terms.h"
#include "domain/trust.h"
#include "experience.h"
#include "find.h"
#include "fit.h"
#include "hide.h"
#include "life.h"
#include "lifeline.h"
#include "program.h"
#include "store/dirstore.h"
#include "store/searchstore.h"

enum {
	FIND_MAX	= 200,
	FIND_DEFAULT	= 20,
	EXAMINED_MAX	= 500,		/* Records looked at for one page; fewer, if they take long: */
	ORDINARY	= 4096,		/* bytes that a record has as a rule; */
	LONG_BYTES	= 1024,		/* of a longer one so many are as much as a record, */
	SCHEDULES	= 4,		/* and so many schedules to be reckoned with. */
	RELAXED_MAX	= 20,		/* Counted of what would be found without one wish; */
	RELAXED_LOOK	= 150,		/* of so many that are looked at. */
	RELAXED_TRIES	= 3,
	STEP		= 8,		/* Records indexed in one step: some milliseconds. */
};

/* A record, taken apart. */
struct listing {
	struct seen_record		 rec;
	json_t				*json;
	const json_t			*body;
	struct buf			 text;
	struct search_item		 item;
	struct credential_finding	 cert;
	struct fit_words		 words;
};

static void
close_listing(struct listing *l)
{
	seen_free(&l->rec);
	json_decref(l->json);
	buf_free(&l->text);
}

/* ${l} has its record already, or nothing.  E_NOTFOUND: it is not to be shown any more. */
static int
open_listing(struct app *app, struct listing *l)
{
	int r;

	if ((r = canon_stored(l->rec.record, &l->json)) != 0)
		return r;
	l->body = json_obj(l->json, "body");
	/* Whose consent is over is not there any more. */
	if (publication_over(l->body, app_now(app)))
		return E_NOTFOUND;
	if ((r = hide_partners(app, json_obj(l->json, "body"))) != 0)
		return r;
	if ((r = search_item_read(l->rec.kind, l->rec.org, l->body, &l->text, &l->item)) != 0)
		return r;
	l->item.stale = directory_age(l->rec.expires_at, app_now(app), NULL) != DIRECTORY_OK;
	return 0;
}

static int
certify_listing(struct certifier *certifier, struct listing *l, const char *region)
{
	int r = certify(certifier, l->rec.org, l->rec.kind, l->body, region, &l->cert);

	l->item.certified = l->cert.verdict == CREDENTIAL_CERTIFIED;
	return r;
}

/* What somebody may look for. */
static bool
is_kept(const struct seen_record *rec, int64_t now)
{
	static const char *const kinds[] = { "program", "group", "specialist", "resource", "story", "crisis_line" };

	for (size_t i = 0; i < nelem(kinds); i++)
		if (strcmp(rec->kind, kinds[i]) == 0)
			return directory_age(rec->expires_at, now, NULL) != DIRECTORY_EXPIRED;
	return false;
}

/* When the rank of the record changes by itself, or it goes. */
static int64_t
due_at(const struct listing *l, int64_t now)
{
	int64_t due = l->rec.expires_at, old = l->item.open_at + SEARCH_FRESH, over = publication_ends(l->body);

	if (l->item.stale)
		due += DIRECTORY_KEEP_STALE;
	else if (l->item.open > 0 && old > now && old < due)
		due = old;
	return over < due ? over : due;
}

/* What indexing many records shares. */
struct indexing {
	struct app		*app;
	struct fit		*fit;
	struct programs		*programs;
};

static int
index_begin(struct app *app, struct indexing *ret)
{
	int r;

	*ret = (struct indexing){ .app = app };
	return (r = fit_open(NULL, app_now(app), &ret->fit, NULL)) != 0 ? r : programs_new(app, &ret->programs);
}

static void
index_end(struct indexing *ix)
{
	fit_free(ix->fit);
	programs_free(ix->programs);
}

static int
index_kept(struct indexing *ix, struct listing *l, struct buf *terms)
{
	bool matched = strcmp(l->rec.kind, "specialist") == 0;
	const char *did = matched ? json_str(l->body, "did") : NULL;
	int64_t now = app_now(ix->app);
	int rank = search_rank(&l->item, now);		/* Of the record alone. */
	struct program *program;
	const json_t *lender;
	int r = programs_get(ix->programs, l->rec.org, false, l->body, SIZE_MAX, &program);

	if (r != 0)
		return r;
	lender = program != NULL ? program->body : NULL;
	if (lender != NULL)
		search_item_borrow(l->body, lender, &l->item);
	fit_hours(ix->fit, l->body, now, &l->item.hours);
	l->item.id = matched ? l->rec.id : NULL;
	if ((r = search_terms_item(&l->item, terms)) != 0 ||
	    (r = matched ? match_index_lines(l->rec.id, l->body, lender, terms) : 0) != 0 ||
	    (r = did != NULL ? life_lines(ix->app, l->rec.org, did, terms) : 0) != 0 ||
	    (r = strcmp(l->rec.kind, "program") == 0 ? match_index_lent(l->body, terms) : 0) != 0)
		return r;
	return searchstore_put(ix->app->db, l->rec.n, rank, due_at(l, now), &l->item, terms->data);
}

static int
index_listing(struct indexing *ix, struct listing *l)
{
	struct app *app = ix->app;
	autobuf struct buf terms = { 0 };
	autofree char *before = NULL;
	int r = searchstore_terms(app->db, l->rec.n, &before);

	if (r < 0)
		return r;
	if (strcmp(l->rec.kind, LIFE_KIND) == 0)
		r = life_index(app, &l->rec);
	else if ((r = is_kept(&l->rec, app_now(app)) ? open_listing(app, l) : E_NOTFOUND) == E_NOTFOUND)
		r = searchstore_drop(app->db, l->rec.n);
	else if (r == 0)
		r = index_kept(ix, l, &terms);
	if (r == 0)
		r = program_lent(app, &l->rec, before, terms.data);
	return r != 0 ? r : seen_indexed(app->db, l->rec.n, SEARCH_TERMS_VERSION);
}

int
find_index(struct app *app, const char *org, const char *id)
{
	struct listing l = { .json = NULL };
	struct indexing ix = { .app = app };
	int r = seen_get(app->db, org, id, &l.rec);
	bool more;

	if (r == 0 && (r = index_begin(app, &ix)) == 0)
		r = index_listing(&ix, &l);
	index_end(&ix);
	close_listing(&l);
	return r != 0 ? r : searchstore_settle(app->db, SEARCHSTORE_PENDING, SEARCHSTORE_STEP, &more);
}

static int
index_each(struct indexing *ix, const int64_t *seen, size_t n)
{
	int r = 0;

	for (size_t i = 0; i < n && r == 0; i++) {
		struct listing l = { .json = NULL };

		if ((r = seen_at(ix->app->db, seen[i], &l.rec)) == 0)
			r = index_listing(ix, &l);
		close_listing(&l);
	}
	return r;
}

int
find_step(struct app *app, bool *ret_more)
{
	autofree int64_t *old = NULL, *due = NULL;
	struct indexing ix;
	size_t n_old, n_due;
	bool more;
	int r;

	if ((r = searchstore_settle(app->db, 1, SEARCHSTORE_STEP, &more)) != 0 ||
	    (r = seen_unindexed(app->db, SEARCH_TERMS_VERSION, STEP, &old, &n_old)) != 0 ||
	    (r = searchstore_due(app->db, app_now(app), STEP, &due, &n_due)) != 0)
		return r;
	if (n_old + n_due > 0) {
		if ((r = index_begin(app, &ix)) == 0 && (r = index_each(&ix, old, n_old)) == 0)
			r = index_each(&ix, due, n_due);
		index_end(&ix);
		if (r != 0)
			return r;
	}
	/* What was indexed now is posted by the next step. */
	*ret_more |= more || n_old + n_due > 0;
	return 0;
}

int64_t
find_next_due(struct app *app)
{
	int64_t due;

	return searchstore_next(app->db, &due) == 0 ? due : INT64_MAX;
}

/* A record as it is shown in a list. */
static json_t *
summary(const struct listing *l, const char *audience, int64_t now)
{
	autobuf struct buf places = { 0 };
	struct err aged = { "" }, stale = { "" };
	enum directory_verdict age = directory_age(l->rec.expires_at, now, &stale);
	json_t *out = json_pack("{s:s, s:s, s:s, s:s, s:s, s:b}", "id", l->rec.id, "org", l->rec.org, "kind", l->rec.kind,
	    "name", l->item.name, "verdict", directory_verdict_name(age != DIRECTORY_OK ? age : l->rec.verdict),
	    "certified", l->cert.verdict == CREDENTIAL_CERTIFIED);
	json_t *languages = json_arr(l->body, "languages");

	if (out == NULL)
		return NULL;
	if (!strcmp(l->rec.kind, "specialist"))
		(void)json_object_set_new(out, "certification", json_string(l->cert.reason.text));
	if (age != DIRECTORY_OK || (l->rec.reason != NULL && *l->rec.reason != '\0'))
		(void)json_object_set_new(out, "reason", json_string(age != DIRECTORY_OK ? stale.text : l->rec.reason));
	if (languages != NULL)
		(void)json_object_set(out, "languages", languages);
	if (l->item.open >= 0 && fields_places(l->body, audience, &places) == 0)
		(void)json_object_update_new(out, json_pack("{s:i, s:s*}", "open", l->item.open, "places", places.data));
	if (fields_aged(l->rec.kind, l->body, now, &aged) == E_LATER)
		(void)json_object_set_new(out, "old", json_string(aged.text));
	return out;
}

struct find {
	struct app			*app;
	const struct search_query	*query;
	struct certifier		*certifier;
	struct fit			*fit;
	struct programs			*programs;
	json_t				*found;		/* NULL: they are only counted. */
	size_t				 n, limit;
	unsigned			 left;		/* So many may be looked at. */
	unsigned			 pass;
	bool				 more;
	int64_t				 last;		/* Examined, and shown if it answered. */
};

static int
show(struct find *f, const struct listing *l)
{
	autobuf struct buf why = { 0 };
	json_t *row;
	int r;

	if ((r = search_reasons(f->query, &l->item, app_now(f->app), &why)) != 0)
		return r;
	row = summary(l, f->query->facet[SEARCH_FACET_AUDIENCE], app_now(f->app));
	if (row == NULL || json_array_append_new(f->found, row) != 0 ||
	    (why.len > 0 && json_object_set_new(row, "why", json_string(why.data)) != 0) ||
	    (l->words.times[0] != '\0' && json_object_set_new(row, "times", json_string(l->words.times)) != 0) ||
	    (l->words.eligible[0] != '\0' && json_object_set_new(row, "eligible", json_string(l->words.eligible)) != 0))
		return -ENOMEM;
	r = lifeline_row(f->app, l->rec.kind, l->body, row);
	return r != 0 ? r : capacity_add(f->app, l->rec.org, l->rec.id, row);
}

static void
spend(struct find *f, size_t n)
{
	f->left = n < f->left ? f->left - (unsigned)n : 0;
}

/* What its program lends it, if that may change an answer: wishes that ${excluded} has, and who may come. */
static int
borrow(struct find *f, struct listing *l, unsigned excluded, const struct eligibility_finding **ret)
{
	bool matters = excluded != 0 || f->query->facts != NULL;
	struct program *program = NULL;
	int r = matters ? programs_get(f->programs, l->rec.org, false, l->body, SIZE_MAX, &program) : 0;

	*ret = NULL;
	if (r != 0 || program == NULL || program->body == NULL)
		return r;
	spend(f, program->bytes > ORDINARY ? program->bytes / LONG_BYTES : 0);
	search_item_borrow(l->body, program->body, &l->item);
	if (!program->judged)
		fit_rules(f->fit, program->body, &program->rules);
	program->judged = true;
	*ret = &program->rules;
	return 0;
}

/* What costs least is asked first; 0 with ${ret}: does it answer, in this pass? */
static int
judge(struct find *f, struct listing *l, bool *ret)
{
	const struct eligibility_finding *rules;
	unsigned pass, excluded = 0;
	int r;

	*ret = false;
	if (!is_kept(&l->rec, app_now(f->app)) || trust_org(f->app->trust, l->rec.org) == NULL)
		return 0;
	if ((r = open_listing(f->app, l)) != 0)
		return r == E_NOTFOUND ? 0 : r;
	l->item.certified = true;
	l->item.open = fields_open(l->body, f->query->facet[SEARCH_FACET_AUDIENCE]);
	if (search_check(f->query, &l->item, &pass, &excluded) != 0 && (excluded & ~SEARCH_ITEM_LENT) != 0)
		return 0;
	if ((r = borrow(f, l, excluded, &rules)) != 0)
		return r;
	if ((excluded != 0 && search_check(f->query, &l->item, &pass, &excluded) != 0) || ((pass ^ f->pass) & SEARCH_NAMED) != 0)
		return 0;
	if (f->query->hours != NULL)
		spend(f, json_array_size(json_arr(l->body, "schedules")) / SCHEDULES);
	fit_judge(f->fit, l->body, rules, &l->item, &l->words);
	if (search_check(f->query, &l->item, &pass, &excluded) != 0 || pass != f->pass)
		return 0;
	if (f->found != NULL || f->query->certified_only)
		r = certify_listing(f->certifier, l, f->query->facts != NULL ? f->query->facts->region : "");
	*ret = r == 0 && (l->item.certified || !f->query->certified_only);
	return r;
}

static int
examine(void *cookie, int64_t doc, int64_t seen)
{
	struct find *f = cookie;
	struct listing l = { .json = NULL };
	bool answers = false;
	size_t len;
	int r;

	if (f->left == 0) {
		f->more = true;
		f->last = doc - 1;
		return E_LATER;
	}
	if ((r = seen_at(f->app->db, seen, &l.rec)) == 0) {
		len = strlen(l.rec.record);
		spend(f, len > ORDINARY ? len / LONG_BYTES : 1);
		r = judge(f, &l, &answers);
	}
	if (r == 0 && answers && f->n == f->limit) {
		f->more = true;
		r = E_LATER;
	} else if (r == 0 && answers) {
		f->n++;
		f->last = doc;
		r = f->found != NULL ? show(f, &l) : 0;
	}
	close_listing(&l);
	return r;
}

/* The passes of a query, in order; the first, and that behind ${pass}; 0: there is none. */
static unsigned
next_pass(const struct search_query *q, unsigned pass)
{
	static const unsigned passes[] = { SEARCH_SURE | SEARCH_NAMED, SEARCH_SURE, SEARCH_UNSURE | SEARCH_NAMED, SEARCH_UNSURE };
	bool behind = pass == 0;

	for (size_t i = 0; i < nelem(passes); i++) {
		bool there = (q->text != NULL || (passes[i] & SEARCH_NAMED) == 0) &&
		    (q->hours != NULL || q->facts != NULL || (passes[i] & SEARCH_UNSURE) == 0);

		if (behind && there)
			return passes[i];
		behind = behind || passes[i] == pass;
	}
	return 0;
}

/* From ${after} in the pass of ${f} on. */
static int
go(struct find *f, int64_t after)
{
	struct searchstore_memo memo = { 0 };
	unsigned next;
	int r;

	f->last = after;
	for (;;) {
		struct search_plan plan;

		if ((r = search_terms_plan(f->query, f->pass, &plan)) != 0)
			break;
		r = searchstore_walk(f->app->db, &plan, &memo, f->last, examine, f);
		search_terms_free(&plan);
		if (r != 0 || (next = next_pass(f->query, f->pass)) == 0)
			break;
		f->pass = next;
		f->last = -1;
	}
	searchstore_forget(&memo);
	return r == E_LATER ? 0 : r;
}

/* How many would answer without one wish; counted as they would be shown. */
static int
relax(const struct find *found, enum search_bit bit, struct search_loss *loss, unsigned *ret_n)
{
	struct search_query without = *found->query;
	struct find f = { .app = found->app, .query = &without, .certifier = found->certifier, .fit = found->fit,
	    .programs = found->programs, .limit = RELAXED_MAX, .left = RELAXED_LOOK };
	int r;

	search_relax(&without, bit);
	f.pass = next_pass(&without, 0);
	if ((r = go(&f, -1)) != 0)
		return r;
	*ret_n = (unsigned)f.n;
	if (f.n > loss->relaxed) {
		loss->relax = bit;
		loss->relaxed = (unsigned)f.n;
		loss->more = f.more;
	}
	return 0;
}

/*
 * Why nothing was found.  The index names the wishes whose loss may help most; what they would find is then looked at.  Of rules on who may
 * come, hours, credentials and for whom places are it knows only a part: these are always tried.
 */
static int
explain(const struct find *f, struct err *why)
{
	const struct { bool asked; enum search_bit bit; } unsure[] = {
		{ f->query->facts != NULL, SEARCH_BIT_ELIGIBLE }, { f->query->hours != NULL, SEARCH_BIT_TIMES },
		{ f->query->certified_only, SEARCH_BIT_CERTIFIED }, { f->query->open_only && f->query->facet[SEARCH_FACET_AUDIENCE] != NULL, SEARCH_BIT_OPEN },
	};
	struct search_plan plan;
	struct search_loss loss;
	int r;

	if ((r = search_terms_plan(f->query, 0, &plan)) != 0)
		return r;
	r = searchstore_count(f->app->db, &plan, &loss);
	search_terms_free(&plan);
	for (size_t i = 0; i < nelem(unsure) && r == 0; i++)
		if (unsure[i].asked) {
			unsigned n = 0;

			r = relax(f, unsure[i].bit, &loss, &n);
			loss.without[unsure[i].bit] = 0;
			if (unsure[i].bit == SEARCH_BIT_ELIGIBLE)
				loss.rules = n;
		}
	for (int i = 0; i < RELAXED_TRIES && r == 0; i++) {
		enum search_bit best = 0;
		unsigned n;

		for (enum search_bit bit = 0; bit < SEARCH_NFILTERS; bit++)
			if (loss.without[bit] > loss.without[best])
				best = bit;
		if (loss.without[best] <= loss.relaxed)
			break;
		r = relax(f, best, &loss, &n);
		loss.without[best] = 0;
	}
	if (r == 0)
		search_explain(&loss, why);
	return r;
}

/* "3.123": in pass 3 from document 123 on. */
static int
read_cursor(const char *text, struct find *f, int64_t *ret_after)
{
	unsigned pass = 0;
	char *end;

	if (text == NULL)
		return 0;
	if (*text < '1' || *text > '9' || text[1] != '.' || text[2] < '0' || text[2] > '9' || strlen(text) > 16)
		return E_BAD;
	while ((pass = next_pass(f->query, pass)) != 0 && pass != (unsigned)(*text - '0'))
		continue;
	f->pass = pass;
	*ret_after = strtoll(text + 2, &end, 10) - 1;
	return *end == '\0' && pass != 0 ? 0 : E_BAD;
}

int
find_run(struct app *app, const json_t *args, json_t **ret, struct err *reterr)
{
	long long limit = json_int(args, "limit", FIND_DEFAULT);
	const char *cursor = json_str(args, "after");
	autojson json_t *found = json_array();
	autocertifier struct certifier *certifier = NULL;
	autofit struct fit *fit = NULL;
	autoprograms struct programs *programs = NULL;
	struct search_query query;
	struct find f = { .app = app, .query = &query, .found = found, .limit = (size_t)limit, .left = EXAMINED_MAX };
	struct err why = { "" };
	int64_t after = -1;
	char next[32];
	int r;

	if (limit < 1 || limit > FIND_MAX)
		return err_set(reterr, E_BAD, "limit: between 1 and %d is wanted", FIND_MAX);
	if ((r = search_item_query(args, &query, reterr)) != 0 || (r = fit_open(args, app_now(app), &fit, reterr)) != 0 ||
	    (r = certifier_new(app, &certifier)) != 0 || (r = programs_new(app, &programs)) != 0)
		return r;
	fit_ask(fit, &query);
	f.fit = fit;
	f.programs = programs;
	f.certifier = certifier;
	f.pass = next_pass(&query, 0);
	if (read_cursor(cursor, &f, &after) != 0)
		return err_set(reterr, E_BAD, "after: what an earlier page of the same search ended with is wanted");
	if (found == NULL)
		return -ENOMEM;
	if ((r = go(&f, after)) != 0)
		return r;
	if (f.n == 0 && !f.more && cursor == NULL && (r = explain(&f, &why)) != 0)
		return r;
	(void)snprintf(next, sizeof(next), "%u.%lld", f.pass, (long long)f.last + 1);
	if (f.more)
		(void)err_set(&why, E_LATER, "%s %zu answer; the next page: the same with --after %s",
		    f.n == f.limit ? "more than" : "the index offers many that do not quite fit; so far", f.n, next);
	*ret = json_pack("{s:O, s:s, s:s*}", "records", found, "note", why.text, "next", f.more ? next : NULL);
	return *ret != NULL ? 0 : -ENOMEM;
}

int
find_view(struct app *app, const char *org, const char *id, json_t **ret)
{
	autocertifier struct certifier *certifier = NULL;
	autojson json_t *statement = NULL;
	struct listing l = { .json = NULL };
	json_t *words = NULL, *out;
	int r;

	if ((r = certifier_new(app, &certifier)) != 0)
		return r;
	if ((r = seen_get(app->db, org, id, &l.rec)) == 0 && (r = open_listing(app, &l)) == 0 &&
	    (r = certify_listing(certifier, &l, "")) == 0 && (r = fields_words(l.rec.kind, l.body, app_now(app), &words)) == 0 &&
	    (r = lifeline_words(app, l.rec.kind, l.body, words)) == 0 && strcmp(l.rec.kind, "specialist") == 0)
		r = experience_of(app, org, json_str(l.body, "did"), &statement);
	if (r == 0) {
		out = summary(&l, NULL, app_now(app));
		if (out == NULL || json_object_set(out, "in_words", words) != 0 || json_object_set(out, "record", l.json) != 0 ||
		    (statement != NULL && json_object_set(out, "statement", statement) != 0)) {
			json_decref(out);
			r = -ENOMEM;
		} else if ((r = capacity_add(app, org, id, out)) == 0)
			*ret = out;
		else
			json_decref(out);
	}
	json_decref(words);
	close_listing(&l);
	return r;
}
