/* SPDX-License-Identifier: Apache-2.0 */
#include "pairing.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/canon.h"
#include "bound.h"
#include "domain/asked.h"
#include "domain/when.h"
#include "facts.h"
#include "intake.h"
#include "match.h"
#include "notes.h"
#include "store/audit.h"
#include "store/casestore.h"
#include "store/matchstore.h"
#include "zones.h"

enum { WEEKS = 26, WEEKS_MAX = 52, REVIEW_WEEKS = 6 };

#define WEEK	(7 * WHEN_DAY)

static const char *const wishes[] = { "need", "age_band", "language", "role", "certified", "modality", "accessibility", "time", "at", "minutes", "only",
	"avoid", "conflict", "not_town", "known", "zone", "near", "prefer", "age", "residence", "postal", "insurance", "identity", "referral_source" };

/* Of a referral, what is known there and nobody said otherwise. */
static int
wish_of_referral(struct app *app, const char *id, json_t *wish, struct err *reterr)
{
	static const char *const same[] = { "need", "age_band", "language", "residence" };
	autojson json_t *asked = NULL;
	struct case_row row;
	int r = case_get(app->db, id, &row), bad = 0;

	if (r != 0)
		return r == E_NOTFOUND ? err_set(reterr, E_NOTFOUND, "no referral here has this id") : r;
	r = facts_of(app, &row, &asked);
	case_free(&row);
	if (r != 0)
		return r;
	for (size_t i = 0; i < nelem(same); i++)
		if (json_object_get(wish, same[i]) == NULL && json_object_get(asked, same[i]) != NULL)
			bad |= json_object_set(wish, same[i], json_object_get(asked, same[i]));
	if (json_object_get(wish, "modality") == NULL)
		bad |= json_object_set_new(wish, "modality", json_pack("[O]", json_object_get(asked, "modality")));
	if (json_object_get(wish, "time") == NULL && json_object_get(wish, "at") == NULL && json_arr(asked, "times") != NULL)
		bad |= json_object_set(wish, "time", json_arr(asked, "times"));
	return bad ? -ENOMEM : 0;
}

/* Whoever their referral says is a minor is matched as one, also when that was said after staff wrote the wish down. */
static int
as_a_minor(struct app *app, const char *referral, json_t *wish)
{
	autojson json_t *asked = NULL;
	struct case_row row;
	int r = case_get(app->db, referral, &row);

	if (r != 0)
		return r == E_NOTFOUND ? 0 : r;
	r = facts_of(app, &row, &asked);
	case_free(&row);
	return r != 0 ? r : asked_doubt(wish, asked);
}

/*
 * The wish as it is held against people: by the clock of whoever is referred, if staff name no other and this machine knows it.  It is not kept: what
 * a partner told of a member goes with the disclosure.
 */
static int
by_their_clock(struct app *app, const char *referral, const json_t *wish, json_t **ret)
{
	autojson json_t *own = json_copy((json_t *)(uintptr_t)wish);
	bool asks = json_object_get(wish, "time") != NULL || json_object_get(wish, "at") != NULL;
	autozone struct zone *known = NULL;
	autofree char *zone = NULL;
	int r = referral != NULL && asks && json_object_get(wish, "zone") == NULL ? intake_zone(app, referral, &zone) : E_NOTFOUND;

	if (own == NULL || r < 0)
		return r < 0 ? r : -ENOMEM;
	if (r == 0 && (known = zones_read(zone)) != NULL && json_object_set_new(own, "zone", json_string(zone)) != 0)
		return -ENOMEM;
	if (referral != NULL && (r = as_a_minor(app, referral, own)) != 0)
		return r;
	*ret = take(own);
	return 0;
}

/* The names of those proposed, without the reasons, which are not kept. */
static json_t *
proposed(const json_t *result)
{
	json_t *ret = json_array(), *choice;
	size_t i;

	json_array_foreach(json_arr(result, "choices"), i, choice)
		if (json_array_append_new(ret, json_pack("{s:O, s:O, s:O*}", "org", json_object_get(choice, "org"), "record",
		    json_object_get(choice, "record"), "name", json_object_get(choice, "name"))) != 0)
			break;
	return ret;
}

static int
propose(struct app *app, const char *actor, const char *referral, json_t *wish, const json_t *why, json_t **ret, struct err *reterr)
{
	char id[ID_LEN + 1];
	struct pairing p = { .id = id, .state = PAIRING_OFFERED, .asked = app_now(app) };
	autojson json_t *asked = NULL, *found = NULL, *held = NULL;
	int r = by_their_clock(app, referral, wish, &held);

	if (r == 0)
		r = match_propose(app, held, &found, reterr);
	if (r == 0 && why != NULL)
		r = match_why(app, held, why, &asked, reterr);
	if (r != 0)
		return r;
	id_new(app->world, id);
	p.body = json_pack("{s:O, s:s*, s:o}", "wish", wish, "referral", referral, "proposed", proposed(found));
	if (p.body == NULL || json_object_set_new(found, "match", json_string(id)) != 0 ||
	    (asked != NULL && json_object_set(found, "asked", asked) != 0))
		r = -ENOMEM;
	else if ((r = pairing_put(app->db, &p)) == 0)
		r = audit_add(app->db, app_now(app), actor, "match", id, NULL);
	json_decref(p.body);
	if (r == 0)
		*ret = take(found);
	return r;
}

int
pairing_match(struct app *app, const char *actor, const json_t *args, json_t **ret, struct err *reterr)
{
	const char *referral = json_str(args, "referral");
	autojson json_t *wish = json_object();
	int r;

	for (size_t i = 0; i < nelem(wishes); i++)
		if (json_object_get(args, wishes[i]) != NULL && json_object_set(wish, wishes[i], json_object_get(args, wishes[i])) != 0)
			return -ENOMEM;
	if (referral != NULL && (r = wish_of_referral(app, referral, wish, reterr)) != 0)
		return r;
	return propose(app, actor, referral, wish, json_arr(args, "why"), ret, reterr);
}

int
pairing_offer(struct app *app, const char *actor, const char *member, const json_t *wish, const json_t *place, char ret_id[ID_LEN + 1])
{
	struct pairing p = { .id = ret_id, .state = PAIRING_OFFERED, .asked = app_now(app) };
	int r;

	id_new(app->world, ret_id);
	p.body = json_pack("{s:O, s:s, s:[{s:O, s:O, s:O*}]}", "wish", wish, "member", member, "proposed", "org", json_object_get(place, "org"),
	    "record", json_object_get(place, "record"), "name", json_object_get(place, "name"));
	if (p.body == NULL)
		return -ENOMEM;
	if ((r = pairing_put(app->db, &p)) == 0)
		r = audit_add(app->db, app_now(app), actor, "match", ret_id, NULL);
	json_decref(p.body);
	return r;
}

static int
need(struct app *app, const json_t *args, struct pairing *ret, struct err *reterr)
{
	const char *id = json_str(args, "match");
	int r = id != NULL ? pairing_get(app->db, id, ret) : E_NOTFOUND;

	return r == E_NOTFOUND ? err_set(reterr, E_NOTFOUND, "no match here has this id") : r;
}

static int
weeks(const json_t *args, const char *key, long fallback, int64_t *ret, struct err *reterr)
{
	const char *text = json_str(args, key);
	char *end;
	long n = fallback;

	if (text != NULL && ((n = strtol(text, &end, 10)) < 1 || n > WEEKS_MAX || *end != '\0' || *text == '\0'))
		return err_set(reterr, E_BAD, "%s: between 1 and %d is wanted", key, WEEKS_MAX);
	*ret = n * WEEK;
	return 0;
}

/* A look back after the end would come too late. */
static void
set_review(struct pairing *p, int64_t at)
{
	p->review = at < p->until ? at : p->until;
}

static json_t *
item_of(const struct pairing *p, int64_t now)
{
	const struct { const char *key; int64_t at; } days[] = { { "asked", p->asked }, { "began", p->began }, { "review", p->review },
		{ "until", p->until }, { "ended", p->ended } };
	const json_t *with = json_obj(p->body, "with");
	char text[WHEN_TEXT];
	json_t *ret = json_pack("{s:s, s:s, s:O*, s:O*, s:O*, s:s*}", "id", p->id, "state", pairing_state_name[p->state], "record",
	    json_object_get(with, "record"), "org", json_object_get(with, "org"), "name", json_object_get(with, "name"),
	    "referral", json_str(p->body, "referral"));

	for (size_t i = 0; ret != NULL && i < nelem(days); i++)
		if (days[i].at != 0)
			(void)json_object_set_new(ret, days[i].key, json_string(when_print_day(days[i].at, text)));
	if (ret != NULL && p->state == PAIRING_ACTIVE && p->until <= now)
		(void)json_object_set_new(ret, "due", json_sprintf("past its end: both go on, or say goodbye; else it ends by itself on %s",
		    when_print_day(p->until + PAIRING_GRACE, text)));
	else if (ret != NULL && p->state == PAIRING_ACTIVE && p->review <= now)
		(void)json_object_set_new(ret, "due", json_string("time to look back, each alone first"));
	return ret;
}

static int
keep(struct app *app, const char *actor, const char *what, const struct pairing *p, json_t **ret)
{
	int r = pairing_put(app->db, p);

	if (r == 0 && (r = audit_add(app->db, app_now(app), actor, what, p->id, NULL)) == 0 &&
	    (*ret = item_of(p, app_now(app))) == NULL)
		r = -ENOMEM;
	return r;
}

static bool
was_proposed(const struct pairing *p, const json_t *choice)
{
	json_t *one;
	size_t i;

	json_array_foreach(json_arr(p->body, "proposed"), i, one)
		if (json_equal(json_object_get(one, "record"), json_object_get(choice, "record")) &&
		    json_equal(json_object_get(one, "org"), json_object_get(choice, "org")))
			return true;
	return false;
}

int
pairing_accept(struct app *app, const char *actor, const json_t *args, json_t **ret, struct err *reterr)
{
	const char *record = json_str(args, "record"), *reason = json_str(args, "reason_text");
	autopairing struct pairing p = { 0 };
	autojson json_t *choice = NULL, *held = NULL;
	int64_t lasts, until_review;
	bool may = false;
	int r = need(app, args, &p, reterr);

	if (r != 0)
		return r;
	if (p.state != PAIRING_OFFERED)
		return err_set(reterr, E_REFUSED, "this match is %s: the choice is made", pairing_state_name[p.state]);
	if (record == NULL)
		return err_set(reterr, E_BAD, "record: whom did the member choose?");
	if ((r = weeks(args, "weeks", WEEKS, &lasts, reterr)) != 0 ||
	    (r = weeks(args, "review_weeks", REVIEW_WEEKS, &until_review, reterr)) != 0)
		return r;
	if ((r = by_their_clock(app, json_str(p.body, "referral"), json_obj(p.body, "wish"), &held)) != 0)
		return r;
	r = match_again(app, held, json_str(args, "org"), record, &choice, &may, reterr);
	if (r != 0 && (r != E_REFUSED || !may || reason == NULL))
		return r == E_REFUSED && may ? err_next(reterr, r, "if it is right nevertheless, say why: --reason-file FILE") : r;
	if (r == 0 && reason == NULL && !was_proposed(&p, choice))
		return err_next(reterr, err_set(reterr, E_REFUSED, "this specialist was not among those proposed"),
		    "if it is right nevertheless, say why: --reason-file FILE");
	p.state = PAIRING_ACTIVE;
	p.began = app_now(app);
	p.until = p.began + lasts;
	set_review(&p, p.began + until_review);
	if (json_object_set_new(p.body, "with", json_pack("{s:O, s:O, s:O*, s:O*, s:O*, s:O*}", "org", json_object_get(choice, "org"), "record",
	    json_object_get(choice, "record"), "name", json_object_get(choice, "name"), "did", json_object_get(choice, "did"), "supervisor",
	    json_object_get(choice, "supervisor"), "program", json_object_get(choice, "program"))) != 0 ||
	    (reason != NULL && json_object_set_new(p.body, "reason", json_string(reason)) != 0))
		return -ENOMEM;
	return keep(app, actor, reason != NULL ? "match accept, otherwise than proposed" : "match accept", &p, ret);
}

int
pairing_review(struct app *app, const char *actor, const json_t *args, json_t **ret, struct err *reterr)
{
	autopairing struct pairing p = { 0 };
	json_t *reviews;
	int64_t lasts, until_review;
	int r = need(app, args, &p, reterr);

	if (r != 0 || (r = weeks(args, "weeks", WEEKS, &lasts, reterr)) != 0 ||
	    (r = weeks(args, "review_weeks", REVIEW_WEEKS, &until_review, reterr)) != 0)
		return r;
	if (p.state != PAIRING_ACTIVE)
		return err_set(reterr, E_REFUSED, "this match is %s: there is nothing to look back on now", pairing_state_name[p.state]);
	if (json_str(args, "weeks") != NULL)
		p.until = app_now(app) + lasts;
	else if (p.until <= app_now(app))
		return err_next(reterr, err_set(reterr, E_REFUSED, "the time that both agreed on is over"),
		    "if both go on, say for how long: --weeks N; else cairn match end");
	set_review(&p, app_now(app) + until_review);
	if ((reviews = json_arr(p.body, "reviews")) == NULL) {
		reviews = json_array();
		if (json_object_set_new(p.body, "reviews", reviews) != 0)
			return -ENOMEM;
	}
	if (json_array_append_new(reviews, json_integer(app_now(app))) != 0)
		return -ENOMEM;
	return keep(app, actor, "match review", &p, ret);
}

static int
finish(struct app *app, const char *actor, struct pairing *p, json_t **ret, struct err *reterr)
{
	if (p->state == PAIRING_ENDED)
		return err_set(reterr, E_EXISTS, "this match is ended already");
	p->state = PAIRING_ENDED;
	p->ended = app_now(app);
	return keep(app, actor, "match end", p, ret);
}

int
pairing_end(struct app *app, const char *actor, const json_t *args, json_t **ret, struct err *reterr)
{
	autopairing struct pairing p = { 0 };
	int r = need(app, args, &p, reterr);

	return r != 0 ? r : finish(app, actor, &p, ret, reterr);
}

int
pairing_lapse(struct app *app, const struct pairing *p)
{
	struct pairing over = *p;
	int r;

	over.state = PAIRING_ENDED;
	over.ended = app_now(app);
	r = pairing_put(app->db, &over);
	return r != 0 ? r : audit_add(app->db, app_now(app), "node", "match end", p->id, "its time was over");
}

int
pairing_rematch(struct app *app, const char *actor, const json_t *args, json_t **ret, struct err *reterr)
{
	static const char *const same[] = { "record", "did" };
	autopairing struct pairing p = { 0 };
	autojson json_t *over = NULL;
	json_t *wish, *avoid;
	int r = need(app, args, &p, reterr);

	if (r != 0 || (p.state != PAIRING_ENDED && (r = finish(app, actor, &p, &over, reterr)) != 0))
		return r;
	wish = json_obj(p.body, "wish");
	if ((avoid = json_arr(wish, "avoid")) == NULL) {
		avoid = json_array();
		if (json_object_set_new(wish, "avoid", avoid) != 0)
			return -ENOMEM;
	}
	/* Whoever it was, also when another organization publishes them then. */
	for (size_t i = 0; i < nelem(same); i++)
		if (json_str(json_obj(p.body, "with"), same[i]) != NULL && json_array_append(avoid, json_object_get(json_obj(p.body, "with"), same[i])) != 0)
			return -ENOMEM;
	return propose(app, actor, json_str(p.body, "referral"), wish, NULL, ret, reterr);
}

struct listing {
	struct app	*app;
	json_t		*items;
	json_t		*concerns;	/* notes_concerns(), or NULL. */
};

/* What staff are to know of the specialist's account. */
static int
say_account(struct app *app, const struct pairing *p, json_t *item)
{
	enum bound_state state = BOUND_FREE;
	int r = p->state == PAIRING_ACTIVE ? bound_state(app, p, &state) : E_NOTFOUND;

	if (r != 0 || state == BOUND_FREE)
		return r < 0 ? r : 0;
	return json_object_set_new(item, "account", json_string(bound_words(state))) != 0 ? -ENOMEM : 0;
}

static int
add_item(void *cookie, const struct pairing *p)
{
	struct listing *l = cookie;
	json_t *item = item_of(p, app_now(l->app));
	int r = item != NULL ? say_account(l->app, p, item) : 0;

	/* Who said it, and in what words, is for whoever opens the notes: that is in the audit. */
	if (r == 0 && item != NULL && json_object_get(l->concerns, p->id) != NULL &&
	    json_object_set_new(item, "concern", json_string("unsafe or judged: cairn match notes")) != 0)
		r = -ENOMEM;
	if (r != 0)
		json_decref(item);
	return r != 0 ? r : item == NULL || json_array_append_new(l->items, item) != 0 ? -ENOMEM : 0;
}

int
pairing_list(struct app *app, json_t *items)
{
	autojson json_t *concerns = NULL;
	struct listing l = { .app = app, .items = items };
	int r = notes_concerns(app, &concerns);

	l.concerns = concerns;
	return r != 0 ? r : pairing_each(app->db, NULL, add_item, &l);
}

int
pairing_show(struct app *app, const char *actor, const char *id, json_t **ret)
{
	autopairing struct pairing p = { 0 };
	int r = pairing_get(app->db, id, &p);

	if (r != 0)
		return r;
	if ((*ret = item_of(&p, app_now(app))) == NULL || json_object_update_missing(*ret, p.body) != 0)
		return -ENOMEM;
	return (r = say_account(app, &p, *ret)) != 0 ? r : audit_add(app->db, app_now(app), actor, "show", id, NULL);
}

/* One value of a language or region: {value, waiting, oldest_days, chosen, days: sum}. */
static int
count_one(json_t *rows, const char *value, const struct pairing *p, int64_t now)
{
	json_t *row = json_object_get(rows, value);
	int64_t days = ((p->began != 0 ? p->began : p->ended != 0 ? p->ended : now) - p->asked) / WHEN_DAY;

	if (row == NULL) {
		row = json_pack("{s:s, s:i, s:i, s:i, s:i}", "value", value, "waiting", 0, "oldest_days", 0, "chosen", 0, "mean_days", 0);
		if (json_object_set_new(rows, value, row) != 0)
			return -ENOMEM;
	}
	if (p->state == PAIRING_OFFERED) {
		(void)json_object_set_new(row, "waiting", json_integer(json_int(row, "waiting", 0) + 1));
		if (days > json_int(row, "oldest_days", 0))
			(void)json_object_set_new(row, "oldest_days", json_integer(days));
	} else if (p->began != 0) {
		(void)json_object_set_new(row, "chosen", json_integer(json_int(row, "chosen", 0) + 1));
		(void)json_object_set_new(row, "mean_days", json_integer(json_int(row, "mean_days", 0) + days));
	}
	return 0;
}

static int
count_wait(void *cookie, const struct pairing *p)
{
	struct listing *l = cookie;
	const json_t *wish = json_obj(p->body, "wish");
	const char *language = json_str(wish, "language"), *region = json_str(wish, "residence");
	int r = count_one(json_obj(l->items, "languages"), language != NULL ? language : "any", p, app_now(l->app));

	return r != 0 ? r : count_one(json_obj(l->items, "regions"), region != NULL ? region : "not said", p, app_now(l->app));
}

/* Sums become means, an object the list of its rows. */
static json_t *
means(const json_t *rows)
{
	json_t *ret = json_array(), *row;
	const char *key;

	json_object_foreach((json_t *)rows, key, row) {
		long long n = json_int(row, "chosen", 0);

		(void)json_object_set_new(row, "mean_days", json_integer(n > 0 ? json_int(row, "mean_days", 0) / n : 0));
		(void)json_array_append(ret, row);
	}
	return ret;
}

int
pairing_fairness(struct app *app, const char *actor, const json_t *args, json_t **ret, struct err *reterr)
{
	autojson json_t *counts = json_pack("{s:{}, s:{}}", "languages", "regions");
	struct listing l = { .app = app, .items = counts };
	int r;

	(void)args, (void)reterr;
	if (counts == NULL)
		return -ENOMEM;
	if ((r = pairing_each(app->db, NULL, count_wait, &l)) != 0 ||
	    (r = audit_add(app->db, app_now(app), actor, "match fairness", "matches", NULL)) != 0)
		return r;
	*ret = json_pack("{s:o, s:o}", "languages", means(json_obj(counts, "languages")), "regions", means(json_obj(counts, "regions")));
	return *ret != NULL ? 0 : -ENOMEM;
}
