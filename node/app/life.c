/* SPDX-License-Identifier: Apache-2.0 */
#include "life.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/canon.h"
#include "domain/match_index.h"
#include "domain/statement.h"
#include "store/searchstore.h"

/* Each document that has that line. */
static int
each_with(struct app *app, const char *line, size_t len, int (*fn)(void *, int64_t, int64_t), void *cookie)
{
	struct search_plan plan = { .n = 1 };
	int r = buf_add(&plan.wish[0].lines, line, len);

	if (r == 0)
		r = searchstore_walk(app->db, &plan, NULL, -1, fn, cookie);
	search_terms_free(&plan);
	return r;
}

static int
set_aside(void *cookie, int64_t doc, int64_t seen)
{
	struct app *app = cookie;

	(void)doc;
	return seen_indexed(app->db, seen, 0);
}

/* Of a statement's one line the specialists. */
static int
renew(struct app *app, const char *line)
{
	autobuf struct buf theirs = { 0 };
	int r = line != NULL && *line != '\0' ? match_index_turn(line, &theirs) : 0;

	return r != 0 || theirs.len == 0 ? r : each_with(app, theirs.data, theirs.len, set_aside, app);
}

int
life_index(struct app *app, const struct seen_record *rec)
{
	const struct search_item nobody = { .kind = LIFE_KIND, .org = rec->org, .name = "" };
	autojson json_t *json = NULL;
	autofree char *before = NULL;
	autobuf struct buf line = { 0 };
	const char *did;
	int r;

	if ((r = canon_stored(rec->record, &json)) != 0 || (r = searchstore_terms(app->db, rec->n, &before)) < 0)
		return r;
	did = statement_by(json_obj(json, "body"));
	if ((r = did != NULL ? match_index_did(true, did, &line) : 0) != 0 || (r = renew(app, before)) != 0 || (r = renew(app, line.data)) != 0)
		return r;
	return line.len > 0 ? searchstore_put(app->db, rec->n, 0, 0, &nobody, line.data) : searchstore_drop(app->db, rec->n);
}

struct each {
	struct app	*app;
	const char	*org;
	int		(*fn)(void *, const struct seen_record *);
	void		*cookie;
};

/* The index knows their names only about. */
static int
take_one(void *cookie, int64_t doc, int64_t seen)
{
	struct each *e = cookie;
	struct seen_record rec;
	int r = seen_at(e->app->db, seen, &rec);

	(void)doc;
	if (r != 0)
		return r == E_NOTFOUND ? 0 : r;
	if (strcmp(rec.kind, LIFE_KIND) == 0 && strcmp(rec.org, e->org) == 0)
		r = e->fn(e->cookie, &rec);
	seen_free(&rec);
	return r;
}

int
life_each(struct app *app, const char *org, const char *did, int (*fn)(void *, const struct seen_record *), void *cookie)
{
	struct each e = { app, org, fn, cookie };
	autobuf struct buf line = { 0 };
	int r = match_index_did(true, did, &line);

	return r != 0 ? r : each_with(app, line.data, line.len, take_one, &e);
}

struct lines {
	const char	*did;
	struct buf	*out;
};

static int
add_lines(void *cookie, const struct seen_record *rec)
{
	struct lines *l = cookie;
	autojson json_t *json = NULL;
	const char *did;
	int r = canon_stored(rec->record, &json);

	if (r != 0)
		return r;
	did = statement_by(json_obj(json, "body"));
	return did != NULL && strcmp(did, l->did) == 0 ? match_index_life(json_obj(json, "body"), l->out) : 0;
}

int
life_lines(struct app *app, const char *org, const char *did, struct buf *out)
{
	struct lines l = { did, out };

	return life_each(app, org, did, add_lines, &l);
}
