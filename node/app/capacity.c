/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/canon.h"
#include "base/id.h"
#include "capacity.h"
#include "crypt/envelope.h"
#include "domain/fields.h"
#include "domain/trust.h"
#include "domain/when.h"
#include "events.h"
#include "handlers.h"
#include "origin.h"
#include "publish.h"
#include "store/audit.h"
#include "store/capacitystore.h"
#include "store/casestore.h"
#include "store/dirstore.h"
#include "traffic.h"

#define TYPE_INQUIRY	ID_NAMESPACE "capacity.inquiry"
#define TYPE_ANSWER	ID_NAMESPACE "capacity.answer"

enum {
	ANSWER_MAX	= ENVELOPE_PLAIN_MAX - 2048,
	ROW_MAX		= 8192,		/* Bytes of what one record says. */
	ANSWER_RECORDS	= 100,
	ANSWERS_OPEN	= 4,		/* On their way to one partner; more inquiries wait. */
	SAID_MAX	= 2000,		/* Records of one partner that are kept. */
	AGAIN_MS	= 60 * 1000,	/* Nobody is asked more often. */
};

/*
 * We are asked.
 */

struct page {
	const char	*after;
	json_t		*records;	/* {id: capacity} */
};

/* What a body says of free places, as an array; NULL: nothing. */
static json_t *
places(const json_t *body)
{
	json_t *one = json_obj(body, "capacity");

	return one != NULL ? json_pack("[O]", one) : json_incref(json_arr(body, "capacities"));
}

static int
add_own(void *cookie, const struct own_record *rec)
{
	struct page *page = cookie;
	autojson json_t *record = NULL;
	json_t *said;
	int r;

	/* What is not published yet is said to nobody. */
	if (rec->record == NULL || strcmp(rec->id, page->after) <= 0)
		return 0;
	if ((r = canon_stored(rec->record, &record)) != 0)
		return r;
	said = places(json_obj(record, "body"));
	return said != NULL && json_object_set_new(page->records, rec->id, said) != 0 ? -ENOMEM : 0;
}

static int
by_text(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* As many as fit, in order, into ${records}; the last one's id in ${ret_next} if there are more. */
static int
fill(const json_t *all, json_t *records, const char **ret_next)
{
	size_t n = json_object_size(all), i = 0, size = 0;
	autofree const char **ids = calloc(n + 1, sizeof(*ids));
	const char *id;
	json_t *said;

	if (ids == NULL)
		return -ENOMEM;
	json_object_foreach((json_t *)all, id, said)
		ids[i++] = id;
	qsort(ids, n, sizeof(*ids), by_text);
	for (i = 0; i < n; i++) {
		json_t *row = json_pack("{s:s, s:O}", "record", ids[i], "capacity", json_object_get(all, ids[i]));
		autofree char *text = row != NULL ? json_text(row, JSON_COMPACT) : NULL;

		if (text == NULL || json_array_append_new(records, row) != 0)
			return -ENOMEM;
		size += strlen(text) + 1;
		if (i + 1 < n && (i + 1 == ANSWER_RECORDS || size > ANSWER_MAX - ROW_MAX)) {
			*ret_next = json_str(json_array_get(records, i), "record");
			break;
		}
	}
	return 0;
}

int
on_capacity_inquiry(struct app *app, const struct ev_capacity_inquiry *ev, const struct origin *origin)
{
	autojson json_t *all = json_object(), *records = json_array();
	autojson json_t *content = json_pack("{s:s, s:O, s:I}", "inquiry", ev->id, "records", records, "as_of", (json_int_t)app_now(app));
	struct page page = { ev->after != NULL ? ev->after : "", all };
	const char *next = NULL;
	char id[ID_LEN + 1];
	int64_t open;
	int r = traffic_open(app->db, origin->org, TYPE_ANSWER, &open);

	if (r == 0 && open >= ANSWERS_OPEN)
		return err_set(origin->reason, E_LATER, "%d answers are on their way to this partner already", ANSWERS_OPEN);
	if (r == 0)
		r = content == NULL || all == NULL ? -ENOMEM : own_each(app->db, NULL, add_own, &page);
	if (r == 0 && (r = fill(all, records, &next)) == 0 && ((next != NULL &&
	    json_object_set_new(content, "next", json_string(next)) != 0) || json_object_set_new(content, "body",
	    json_sprintf("Free places of %zu of our records%s.", json_array_size(records), next != NULL ? "; there are more" : "")) != 0))
		r = -ENOMEM;
	return r != 0 ? r : traffic_send(app, origin->org, NULL, TYPE_ANSWER, content, id, origin->reason);
}

/*
 * We ask.
 */

static int
ask(struct app *app, const char *org, const char *after, char ret_id[ID_LEN + 1], struct err *reterr)
{
	autojson json_t *content = json_pack("{s:s, s:s*}", "body", "How many places are free in your programs?",
	    "after", *after != '\0' ? after : NULL);
	int r = content == NULL ? -ENOMEM : traffic_send(app, org, NULL, TYPE_INQUIRY, content, ret_id, reterr);

	return r != 0 ? r : capacity_ask(app->db, org, ret_id, after, app_now(app));
}

int
on_capacity_answer(struct app *app, const struct ev_capacity_answer *ev, const struct origin *origin)
{
	autofree char *inquiry = NULL, *after = NULL;
	const char *last;
	char id[ID_LEN + 1];
	int64_t at, held = 0;
	json_t *row;
	size_t i;
	int r = capacity_asked(app->db, origin->org, &inquiry, &after, &at);

	if (r < 0)
		return r;
	/* Asked again in the meantime: the newest question has its own answer. */
	if (r == E_NOTFOUND || strcmp(inquiry, ev->inquiry) != 0)
		return 0;
	last = after;
	if (*after == '\0' && (r = capacity_drop(app->db, origin->org)) != 0)
		return r;
	json_array_foreach(json_arr(origin->content, "records"), i, row) {
		autofree char *said = json_text(json_arr(row, "capacity"), JSON_COMPACT);
		const char *record = json_str(row, "record");

		/* In their order, so that nobody is asked without end. */
		if (strcmp(record, last) <= 0)
			return err_set(origin->reason, E_REFUSED, "the records of an answer are not in the order of their ids");
		last = record;
		if (said == NULL)
			return -ENOMEM;
		if ((r = capacity_put(app->db, origin->org, record, said, app_now(app))) != 0)
			return r;
	}
	if ((r = capacity_count(app->db, origin->org, &held)) != 0)
		return r;
	if (held > SAID_MAX)
		return err_set(origin->reason, E_REFUSED, "more than %d records have free places", SAID_MAX);
	if (ev->next != NULL && strcmp(ev->next, after) > 0 && !strcmp(ev->next, last))
		return ask(app, origin->org, ev->next, id, origin->reason);
	return capacity_ask(app->db, origin->org, "", "", at);
}

/* What was said of one record, in numbers. */
static int
sum(struct app *app, const char *said, int64_t at, json_t *row)
{
	autojson json_t *body = NULL;
	autobuf struct buf places = { 0 };
	struct err aged = { "" };
	char day[WHEN_TEXT], heard[WHEN_TEXT];
	long long waiting = 0, days = 0, oldest = WHEN_MAX;
	bool waits = false;
	json_t *rows = NULL, *one;
	size_t i;
	int r = canon_stored(said, &rows);

	if (r != 0)
		return r;
	json_array_foreach(rows, i, one) {
		const json_t *wait = json_obj(one, "waitlist");

		waits |= wait != NULL;
		waiting += json_int(wait, "waiting", 0);
		days = json_int(wait, "days", 0) > days ? json_int(wait, "days", 0) : days;
		oldest = json_int(one, "updated_at", 0) < oldest ? json_int(one, "updated_at", 0) : oldest;
	}
	if ((body = json_pack("{s:o}", "capacities", rows)) == NULL)
		return -ENOMEM;
	if ((r = fields_places(body, NULL, &places)) != 0)
		return r;
	if (json_object_update_new(row, json_pack("{s:i, s:s*}", "open", fields_open(body, NULL), "places", places.data)) != 0 ||
	    json_object_set_new(row, "said", json_string(when_print_day(oldest, day))) != 0 ||
	    json_object_set_new(row, "heard", json_string(when_print(at, heard))) != 0 ||
	    (waits && (json_object_set_new(row, "waiting", json_integer(waiting)) != 0 ||
	    json_object_set_new(row, "days", json_integer(days)) != 0)) ||
	    (fields_aged("program", body, app_now(app), &aged) == E_LATER &&
	    json_object_set_new(row, "old", json_string(aged.text)) != 0))
		return -ENOMEM;
	return 0;
}

struct listing {
	struct app	*app;
	const char	*record;
	json_t		*items;
};

static int
each_said(void *cookie, const char *org, const char *record, const char *said, int64_t at)
{
	struct listing *l = cookie;
	const struct trust_org *from = trust_org(l->app->trust, org);
	autojson json_t *row = NULL;
	int r;

	if (from == NULL || (l->record != NULL && strcmp(l->record, record) != 0))
		return 0;
	if ((row = json_pack("{s:s, s:s}", "record", record, "org", from->name)) == NULL)
		return -ENOMEM;
	r = sum(l->app, said, at, row);
	return r != 0 ? r : json_array_append(l->items, row) != 0 ? -ENOMEM : 0;
}

int
capacity_list(struct app *app, const char *record, json_t **ret)
{
	autojson json_t *items = json_array();
	struct listing l = { app, record, items };
	int r = items == NULL ? -ENOMEM : capacity_each(app->db, each_said, &l);

	if (r == 0)
		*ret = take(items);
	return r;
}

int
capacity_add(struct app *app, const char *org, const char *record, json_t *row)
{
	autojson json_t *asked = json_object();
	autofree char *said = NULL;
	int64_t at;
	int r = asked == NULL ? -ENOMEM : capacity_get(app->db, org, record, &said, &at);

	if (r != 0)
		return r == E_NOTFOUND ? 0 : r;
	if ((r = sum(app, said, at, asked)) != 0)
		return r;
	return json_object_set(row, "asked", asked) != 0 ? -ENOMEM : 0;
}

/* The partner that published it, as far as we know. */
static const struct trust_org *
publisher(struct app *app, const char *record)
{
	for (size_t i = 0; i < trust_norgs(app->trust); i++) {
		const struct trust_org *org = trust_org_at(app->trust, i);
		struct seen_record seen;

		if (seen_get(app->db, org->id, record, &seen) == 0) {
			seen_free(&seen);
			return org;
		}
	}
	return NULL;
}

/* Ask one; who was asked a minute ago is not asked again. */
static int
ask_org(struct app *app, const struct trust_org *org, const char *actor, json_t *ret, struct err *reterr)
{
	autofree char *inquiry = NULL, *after = NULL;
	char id[ID_LEN + 1];
	int64_t at = 0;
	int r = capacity_asked(app->db, org->id, &inquiry, &after, &at);

	if (r < 0)
		return r;
	if (r == 0 && app_now(app) - at < AGAIN_MS)
		return 0;
	if ((r = ask(app, org->id, "", id, reterr)) != 0 ||
	    (r = audit_add(app->db, app_now(app), actor, "capacity", org->id, NULL)) != 0)
		return r;
	return json_object_set_new(ret, "id", json_string(id)) != 0 ||
	    json_object_set_new(ret, "delivery", json_string("queued")) != 0 ||
	    json_object_set_new(ret, "asked", json_integer(json_int(ret, "asked", 0) + 1)) != 0 ? -ENOMEM : 0;
}

int
capacity_verb(struct app *app, const char *actor, const json_t *args, json_t **ret, struct err *reterr)
{
	const char *record = json_str(args, "record"), *name = json_str(args, "org"), *own = publish_own_org(app);
	const struct trust_org *one = name != NULL ? trust_org(app->trust, name) : record != NULL ? publisher(app, record) : NULL;
	bool all = json_is_true(json_object_get(args, "all"));
	autojson json_t *result = json_pack("{s:i, s:s}", "asked", 0, "delivery", "delivered");
	json_t *items;
	int r = 0;

	if (result == NULL)
		return -ENOMEM;
	if (app->crypt == NULL || own == NULL)
		return err_next(reterr, err_set(reterr, E_REFUSED, "this node is not set up, or is not on the trust list yet"),
		    "cairn doctor says which, and what to do");
	if (one == NULL && (name != NULL || record != NULL))
		return err_next(reterr, err_set(reterr, E_NOTFOUND, "no partner is known for %s", name != NULL ? name : record),
		    "cairn list partners shows them; with --org one is asked directly, with --all each");
	if (one != NULL && !strcmp(one->id, own))
		return err_set(reterr, E_REFUSED, "this record is our own");
	for (size_t i = 0; i < trust_norgs(app->trust) && r == 0; i++) {
		const struct trust_org *org = trust_org_at(app->trust, i);

		if (one != NULL ? org == one : all && strcmp(org->id, own) != 0 && trust_has_role(org, "node"))
			r = ask_org(app, org, actor, result, reterr);
	}
	if (r != 0 || (r = capacity_list(app, record, &items)) != 0)
		return r;
	if (json_object_set_new(result, "items", items) != 0)
		return -ENOMEM;
	*ret = take(result);
	return 0;
}
