/* SPDX-License-Identifier: Apache-2.0 */
#include "experience.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/canon.h"
#include "domain/statement.h"
#include "life.h"
#include "shortlist.h"
#include "store/dirstore.h"
#include "store/statusstore.h"

/* Judged against the latest that was seen here. */
static int
judge(struct app *app, const json_t *body, enum statement_verdict *ret, struct statement *ret_st, struct err *reterr)
{
	const char *did = statement_by(body);
	int64_t newest = 0;
	int r = did != NULL ? newest_get(app->db, did, STATEMENT_KIND, &newest) : 0;

	return r != 0 ? r : statement_check(body, newest, app_now(app), ret, ret_st, reterr);
}

int
experience_own(struct app *app, const json_t *body, struct err *reterr)
{
	enum statement_verdict verdict;
	struct statement st;
	struct err reason = { "" };
	int r = judge(app, body, &verdict, &st, &reason);

	if (r != 0)
		return r;
	if (verdict != STATEMENT_GOOD && verdict != STATEMENT_WITHDRAWN)
		return err_set(reterr, E_BAD, "%s", reason.text);
	return newest_put(app->db, st.specialist, STATEMENT_KIND, st.issued_at);
}

/* One specialist's statements in one directory. */
struct search {
	struct app	*app;
	const char	*did;
	const char	*but;		/* Not this record; or, of all: our own organization. */
	json_t		*found;
};

static int
body_of(const struct seen_record *rec, json_t **ret)
{
	autojson json_t *json = NULL;
	int r = canon_stored(rec->record, &json);

	if (r != 0)
		return r < 0 ? r : ERR_CORRUPT;
	*ret = json_incref(json_obj(json, "body"));
	return 0;
}

static bool
is_theirs(const struct search *s, const json_t *body)
{
	const char *did = statement_by(body);

	return did != NULL && strcmp(did, s->did) == 0;
}

/* The record stays, for the manifest counts it; what it said does not. */
static int
forget_other(void *cookie, const struct seen_record *rec)
{
	struct search *s = cookie;
	autojson json_t *body = NULL;
	struct seen_record bare = *rec;
	char nothing[] = "{\"body\":{}}", reason[] = "the specialist said something else since, or withdrew it";
	int r = body_of(rec, &body);

	if (r != 0 || strcmp(rec->id, s->but) == 0 || !is_theirs(s, body))
		return r;
	bare.record = nothing;
	bare.reason = reason;
	return seen_put(s->app->db, &bare);
}

int
experience_arrived(struct app *app, const char *org, const char *id, const json_t *body, struct err *reterr)
{
	struct search s = { .app = app, .but = id };
	enum statement_verdict verdict;
	struct statement st;
	struct err reason = { "" };
	int r = judge(app, body, &verdict, &st, &reason);

	if (r != 0)
		return r;
	if (verdict > STATEMENT_EXPIRED)
		return err_set(reterr, E_BAD, "%s", reason.text);
	s.did = st.specialist;
	/* What they said before, in this record too. */
	db_clean(app->db);
	r = seen_each(app->db, LIFE_KIND, org, forget_other, &s);
	return r == 0 ? newest_put(app->db, st.specialist, STATEMENT_KIND, st.issued_at) : r;
}

/* What of a statement may be shown; NULL: it is not in force. */
static int
shown(struct app *app, const json_t *body, json_t **ret)
{
	enum statement_verdict verdict;
	struct statement st;
	struct err reason;
	int r = judge(app, body, &verdict, &st, &reason);

	*ret = NULL;
	if (r != 0 || verdict != STATEMENT_GOOD)
		return r;
	*ret = json_pack("{s:O, s:O*, s:O*, s:O*, s:O*}", "readers", json_object_get(body, "readers"), "conditions",
	    json_object_get(body, "conditions"), "audiences", json_object_get(body, "audiences"), "age_group", json_object_get(body, "age_group"), "text", json_object_get(body, "text"));
	return *ret != NULL ? 0 : -ENOMEM;
}

static int
take_good(void *cookie, const struct seen_record *rec)
{
	struct search *s = cookie;
	autojson json_t *body = NULL;
	int r = body_of(rec, &body);

	if (r != 0 || !is_theirs(s, body) || (r = shown(s->app, body, &s->found)) != 0)
		return r;
	return s->found != NULL ? E_EXISTS : 0;
}

static int
add(struct search *s, const char *org, const json_t *body)
{
	autojson json_t *good = NULL;
	autofree char *key = NULL;
	int r = statement_by(body) != NULL ? shown(s->app, body, &good) : 0;

	if (r != 0 || good == NULL)
		return r;
	if (asprintf(&key, "%s %s", org, statement_by(body)) < 0) {
		key = NULL;
		return -ENOMEM;
	}
	return json_object_set(s->found, key, good) != 0 ? -ENOMEM : 0;
}

static int
add_seen(void *cookie, const struct seen_record *rec)
{
	autojson json_t *body = NULL;
	int r = body_of(rec, &body);

	return r != 0 ? r : add(cookie, rec->org, body);
}

static int
add_own(void *cookie, const struct own_record *rec)
{
	struct search *s = cookie;
	autojson json_t *body = NULL;
	int r = canon_stored(rec->body, &body);

	return r != 0 ? r : add(s, s->but, body);
}

int
experience_all(struct app *app, const char *own, bool seen, json_t **ret)
{
	struct search s = { .app = app, .but = own, .found = json_object() };
	int r = s.found == NULL ? -ENOMEM : seen ? seen_each(app->db, LIFE_KIND, NULL, add_seen, &s) : 0;

	if (r == 0 && own != NULL)
		r = own_each(app->db, LIFE_KIND, add_own, &s);
	if (r != 0) {
		json_decref(s.found);
		return r;
	}
	*ret = s.found;
	return 0;
}

int
experience_of(struct app *app, const char *org, const char *did, json_t **ret)
{
	struct search s = { .app = app, .did = did };
	bool ready;
	int r = shortlist_ready(app, &ready);

	if (r == 0 && did != NULL)
		r = ready ? life_each(app, org, did, take_good, &s) : seen_each(app->db, LIFE_KIND, org, take_good, &s);

	*ret = s.found;
	return r == E_EXISTS ? 0 : r;
}
