/* SPDX-License-Identifier: Apache-2.0 */
#include "report.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/canon.h"
#include "domain/measure.h"
#include "domain/referral.h"
#include "domain/report.h"
#include "domain/trust.h"
#include "domain/when.h"
#include "notes.h"
#include "store/audit.h"
#include "store/casestore.h"
#include "store/dirstore.h"
#include "store/matchstore.h"
#include "store/notestore.h"
#include "store/peoplestore.h"

static const char *const of_wish[] = { "need", "language", "age_band", "residence" };
static const char *const of_request[] = { "need", "language", "age_band", "modality" };

/* Referrals by side and by what became of them; nobody is in two of these. */
static const char *const referred[2][2] = { { "sent", "sent_unmet" }, { "received", "received_unmet" } };

struct quarter {
	struct app	*app;
	int64_t		 from, until;
	json_t		*matched, *unmet, *units;	/* {people, by: {NAME: {VALUE: count}}} */
	json_t		*referrals;			/* Such a one under each name of ${referred}. */
	json_t		*minutes;			/* {VALUE: minutes} of units by modality. */
	json_t		*list;				/* Of measures, or NULL. */
	json_t		*scores;			/* {MEASURE: {PAIRING: [first, last]}} */
	json_t		*feedback;			/* {BY: {PAIRING: the latest}} */
};

static int
bump(json_t *object, const char *key, int64_t by)
{
	return json_object_set_new(object, key, json_integer(json_int(object, key, 0) + by)) != 0 ? -ENOMEM : 0;
}

/* The object of that name within, made if need be; NULL: out of memory. */
static json_t *
inner(json_t *object, const char *key)
{
	if (json_object_get(object, key) == NULL && json_object_set_new(object, key, json_object()) != 0)
		return NULL;
	return json_object_get(object, key);
}

static int
tally(json_t *section, const char *by, const char *value)
{
	json_t *table = inner(inner(section, "by"), by);

	return table == NULL ? -ENOMEM : bump(table, value != NULL ? value : "not_said", 1);
}

static int
add_pairing(void *cookie, const struct pairing *p)
{
	struct quarter *q = cookie;
	const json_t *wish = json_obj(p->body, "wish");
	int64_t at = p->began != 0 ? p->began : p->asked;
	json_t *section = p->began != 0 ? q->matched : q->unmet;
	int r = 0;

	if (at < q->from || at >= q->until)
		return 0;
	for (size_t i = 0; i < nelem(of_wish) && r == 0; i++)
		r = tally(section, of_wish[i], json_str(wish, of_wish[i]));
	return r != 0 ? r : bump(section, "people", 1);
}

/* 0: support is there, or was; 1: there was none; -1: neither can be said, or it goes on as another referral. */
static int
is_unmet(const struct referral *r)
{
	switch (r->state) {
	case REFERRAL_ACCEPTED: case REFERRAL_CONTACTING: case REFERRAL_SCHEDULED: case REFERRAL_ENGAGED: case REFERRAL_PAUSED:
	case REFERRAL_CLOSED:
		return 0;
	case REFERRAL_WAITLISTED:
		return 1;
	default:
		return r->state == REFERRAL_ENDED && (r->end == REFERRAL_END_DECLINED || r->end == REFERRAL_END_EXPIRED ||
		    r->end == REFERRAL_END_FAILED) ? 1 : -1;
	}
}

/* Who was asked: the partner, or the record of ours. */
static int
tally_asked(struct quarter *q, json_t *section, const struct case_row *row, const char *to)
{
	const struct trust_org *org = trust_listed(q->app->trust, row->org);
	autojson json_t *body = NULL;
	struct own_record rec;
	const char *name;
	int r;

	if (row->r.side == REFERRAL_AT_SOURCE)
		return tally(section, "asked", org != NULL ? org->name : row->org);
	if (to == NULL || (r = own_get(q->app->db, to, &rec)) == E_NOTFOUND)
		return tally(section, "asked", NULL);
	if (r != 0)
		return r;
	if ((r = canon_stored(rec.body, &body)) == 0) {
		name = json_str(body, json_str(body, "alias") != NULL ? "alias" : "name");
		r = tally(section, "asked", name != NULL ? name : to);
	}
	own_free(&rec);
	return r;
}

static int
add_referral(void *cookie, const struct case_row *row)
{
	struct quarter *q = cookie;
	int unmet = is_unmet(&row->r), r;
	autojson json_t *request = NULL;
	json_t *section;

	if (row->r.began < q->from || row->r.began >= q->until || unmet < 0 || row->request == NULL)
		return 0;
	if ((section = inner(q->referrals, referred[row->r.side == REFERRAL_AT_TARGET][unmet])) == NULL)
		return -ENOMEM;
	r = canon_stored(row->request, &request);
	for (size_t i = 0; i < nelem(of_request) && r == 0; i++)
		r = tally(section, of_request[i], json_str(request, of_request[i]));
	if (r == 0)
		r = tally_asked(q, section, row, json_str(request, "to"));
	if (r == 0 && unmet > 0)
		r = tally(section, "why", row->r.state == REFERRAL_WAITLISTED ? "waitlisted" : row->reason != NULL ? row->reason :
		    referral_end_name(row->r.end));
	return r != 0 ? r : bump(section, "people", 1);
}

static int
add_contact(struct quarter *q, const json_t *body)
{
	const json_t *contact = json_obj(body, "contact");
	char month[8];
	int r;

	(void)snprintf(month, sizeof(month), "%.7s", json_str(body, "on"));
	if ((r = tally(q->units, "modality", json_str(contact, "modality"))) != 0 || (r = tally(q->units, "month", month)) != 0 ||
	    (r = bump(q->units, "people", 1)) != 0)
		return r;
	return bump(q->minutes, json_str(contact, "modality"), json_int(contact, "minutes", 0));
}

static int
add_answers(struct quarter *q, const struct note *note)
{
	const json_t *answers = json_obj(note->body, "answers");
	const char *name = json_str(answers, "measure");
	const json_t *measure = measure_find(q->list, name);
	struct measure_score s;
	json_t *people, *two;
	char who[ID_LEN + 24];

	if (measure == NULL || measure_score(measure, json_arr(answers, "items"), &s, NULL) != 0)
		return 0;
	if ((people = inner(q->scores, name)) == NULL)
		return -ENOMEM;
	(void)snprintf(who, sizeof(who), "%s:%lld", note->pairing, (long long)(*note->pairing == '\0' ? note->pid : 0));
	if ((two = json_object_get(people, who)) == NULL)
		return json_object_set_new(people, who, json_pack("[I]", (json_int_t)s.score)) != 0 ? -ENOMEM : 0;
	if (json_array_size(two) > 1 && json_array_remove(two, 1) != 0)
		return -ENOMEM;
	return json_array_append_new(two, json_integer(s.score)) != 0 ? -ENOMEM : 0;
}

static int
add_note(void *cookie, const struct note *note)
{
	struct quarter *q = cookie;
	const char *on = json_str(note->body, "on");
	char text[WHEN_TEXT + 16];
	int64_t at;
	json_t *both;

	(void)snprintf(text, sizeof(text), "%sT00:00:00Z", on);
	if (when_parse(text, &at) != 0 || at < q->from || at >= q->until)
		return 0;
	if (!strcmp(note->kind, "contact"))
		return add_contact(q, note->body);
	if (!strcmp(note->kind, "answers"))
		return add_answers(q, note);
	if (strcmp(note->kind, "feedback") != 0)
		return 0;
	both = inner(q->feedback, json_str(json_obj(note->body, "feedback"), "by"));
	return both == NULL || json_object_set(both, note->pairing, json_obj(note->body, "feedback")) != 0 ? -ENOMEM : 0;
}

/* One table; E_REFUSED: nothing of these people may be said. */
static int
put_table(const json_t *counts, const char *by, const json_t *minutes, json_t *tables)
{
	size_t n = json_object_size(counts), i = 0;
	autofree struct report_row *rows = calloc(n + 1, sizeof(*rows));
	json_t *list = json_array(), *value;
	autojson json_t *table = json_pack("{s:s, s:o}", "by", by, "rows", list);
	const char *key;
	bool others = false;
	int r;

	if (rows == NULL || table == NULL)
		return -ENOMEM;
	json_object_foreach((json_t *)counts, key, value)
		rows[i++].count = json_integer_value(value);
	if ((r = report_hide(rows, n)) != 0)
		return r;
	i = 0;
	json_object_foreach((json_t *)counts, key, value) {
		json_t *row = json_pack("{s:s, s:O}", "value", key, "count", value);

		others = others || rows[i].hidden;
		if (rows[i++].hidden)
			json_decref(row);
		else if (json_array_append_new(list, row) != 0 || (minutes != NULL &&
		    json_object_set_new(row, "minutes", json_integer(json_int(minutes, key, 0))) != 0))
			return -ENOMEM;
	}
	if (others && json_object_set_new(table, "others", json_string("some are not shown: fewer than 5, or what would tell of fewer than 5")) != 0)
		return -ENOMEM;
	return json_array_append(tables, table) != 0 ? -ENOMEM : 0;
}

static int
put_section(const json_t *section, const json_t *minutes, const char *name, json_t *report)
{
	json_t *tables = json_array(), *counts;
	autojson json_t *out = json_pack("{s:I, s:o}", "people", json_int(section, "people", 0), "tables", tables);
	const char *by;
	int r = out == NULL ? -ENOMEM : json_int(section, "people", 0) < REPORT_LEAST ? E_REFUSED : 0;

	json_object_foreach(json_obj(section, "by"), by, counts)
		if (r == 0)
			r = put_table(counts, by, !strcmp(by, "modality") ? minutes : NULL, tables);
	if (r < 0)
		return r;
	if (r == E_REFUSED) {
		json_decref(out);
		if ((out = json_pack("{s:s}", "note", "too few, or too much alike, to say anything")) == NULL)
			return -ENOMEM;
	}
	return json_object_set(report, name, out) != 0 ? -ENOMEM : 0;
}

/* Where five people or more answered twice: the means of their first and last scores. */
static int
put_scores(const json_t *scores, json_t *out)
{
	const char *name, *who;
	json_t *people, *two;

	json_object_foreach((json_t *)scores, name, people) {
		long long n = 0, first = 0, last = 0;

		json_object_foreach(people, who, two) {
			if (json_array_size(two) < 2)
				continue;
			n++;
			first += json_integer_value(json_array_get(two, 0));
			last += json_integer_value(json_array_get(two, 1));
		}
		if (n >= REPORT_LEAST && json_array_append_new(out, json_pack("{s:s, s:I, s:I, s:I}", "measure", name, "people", (json_int_t)n,
		    "first_mean", (json_int_t)(first / n), "last_mean", (json_int_t)(last / n))) != 0)
			return -ENOMEM;
	}
	return 0;
}

static int
put_feedback(const json_t *feedback, json_t *out)
{
	static const char *const asked[] = { "heard", "respected", "chose", "useful" };
	const char *by, *who;
	json_t *people, *one;

	json_object_foreach((json_t *)feedback, by, people) {
		long long n = (long long)json_object_size(people);
		json_t *row = n >= REPORT_LEAST ? json_pack("{s:s, s:I}", "by", by, "people", (json_int_t)n) : NULL;

		if (n < REPORT_LEAST)
			continue;
		if (json_array_append_new(out, row) != 0)
			return -ENOMEM;
		for (size_t i = 0; i < nelem(asked); i++) {
			long long sum = 0;

			json_object_foreach(people, who, one)
				sum += json_int(one, asked[i], 0);
			/* Tenths: 43 is 4.3 of 5. */
			if (json_object_set_new(row, asked[i], json_integer(sum * 10 / n)) != 0)
				return -ENOMEM;
		}
	}
	return 0;
}

static int
make(struct quarter *q, const char *quarter, json_t **ret)
{
	char day[WHEN_TEXT];
	json_t *measures = json_array(), *feedback = json_array();
	autojson json_t *out = json_pack("{s:s, s:s, s:o, s:o}", "quarter", quarter, "made", when_print_day(app_now(q->app), day), "measures",
	    measures, "feedback", feedback);
	int r = out == NULL ? -ENOMEM : notes_list_of_measures(q->app, &q->list);

	if (r == 0)
		r = case_each(q->app->db, add_referral, q);
	for (size_t i = 0; i < 4 && r == 0; i++)
		r = put_section(json_obj(q->referrals, referred[i / 2][i % 2]), NULL, referred[i / 2][i % 2], out);

	if (r != 0 || (r = pairing_each(q->app->db, NULL, add_pairing, q)) != 0 || (r = note_each(q->app->db, NULL, add_note, q)) != 0 ||
	    (r = put_section(q->matched, NULL, "matched", out)) != 0 || (r = put_section(q->unmet, NULL, "unmet", out)) != 0 ||
	    (r = put_section(q->units, q->minutes, "units", out)) != 0 || (r = put_scores(q->scores, measures)) != 0 ||
	    (r = put_feedback(q->feedback, feedback)) != 0)
		return r;
	*ret = take(out);
	return 0;
}

static int
make_once(struct app *app, const char *key, const char *quarter, int64_t from, int64_t until, json_t **ret)
{
	struct quarter q = { app, from, until, json_object(), json_object(), json_object(), json_object(), json_object(), NULL, json_object(),
	    json_object() };
	autofree char *text = NULL;
	int r = q.matched == NULL || q.unmet == NULL || q.units == NULL || q.referrals == NULL || q.minutes == NULL || q.scores == NULL || q.feedback == NULL ?
	    -ENOMEM : make(&q, quarter, ret);

	if (r == 0)
		r = (text = json_text(*ret, JSON_COMPACT)) == NULL ? -ENOMEM : meta_put(app->db, key, text, false);
	json_decref(q.matched);
	json_decref(q.unmet);
	json_decref(q.units);
	json_decref(q.referrals);
	json_decref(q.minutes);
	json_decref(q.list);
	json_decref(q.scores);
	json_decref(q.feedback);
	return r;
}

int
report_run(struct app *app, const char *actor, const json_t *args, json_t **ret, struct err *reterr)
{
	const char *quarter = json_str(args, "quarter");
	autofree char *text = NULL;
	int64_t from, until;
	char key[32];
	int r;

	if (report_quarter(quarter, &from, &until) != 0)
		return err_set(reterr, E_BAD, "quarter: one such as 2026-Q3 is wanted");
	if (until > app_now(app))
		return err_next(reterr, err_set(reterr, E_LATER, "this quarter is not over"), "a report of part of it, and then of all, would tell too much");
	(void)snprintf(key, sizeof(key), "report:%s", quarter);
	r = meta_get(app->db, key, false, &text);
	if (r == 0)
		r = canon_stored(text, ret);
	else if (r == E_NOTFOUND)
		r = make_once(app, key, quarter, from, until, ret);
	if (r != 0)
		return r < 0 ? r : ERR_CORRUPT;
	return audit_add(app->db, app_now(app), actor, "report", quarter, NULL);
}
