/* SPDX-License-Identifier: Apache-2.0 */
#include "report.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/canon.h"
#include "counted.h"
#include "domain/measure.h"
#include "domain/opinion.h"
#include "domain/referral.h"
#include "domain/report.h"
#include "domain/trust.h"
#include "domain/units.h"
#include "domain/when.h"
#include "facts.h"
#include "notes.h"
#include "store/audit.h"
#include "store/bookstore.h"
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
	json_t		*matched, *unmet;		/* {NAME: {PERSON: VALUE}}: each person once in each table (counted.h) */
	json_t		*referrals;			/* Such a one under each name of ${referred}. */
	json_t		*units, *series;		/* Of units_add(): of matches, and of series. */
	json_t		*list;				/* Of measures, or NULL. */
	json_t		*scores;			/* {BY: {MEASURE: {PERSON: [first, last]}}} */
	json_t		*feedback;			/* {BY: of opinion_add()} */
};

static int
bump(json_t *object, const char *key, int64_t by)
{
	return json_object_set_new(object, key, json_integer(json_int(object, key, 0) + by)) != 0 ? -ENOMEM : 0;
}

/* A person is in one row of each table: that of their newest referral, their first match. */
static int
tally(json_t *section, const char *by, const char *who, const char *value)
{
	json_t *table = json_inner(section, by);

	if (table == NULL)
		return -ENOMEM;
	return json_object_get(table, who) == NULL && json_object_set_new(table, who, json_string(value != NULL ? value : "not_said")) != 0 ?
	    -ENOMEM : 0;
}

static int
add_pairing(void *cookie, const struct pairing *p)
{
	struct quarter *q = cookie;
	const json_t *wish = json_obj(p->body, "wish");
	int64_t at = p->began != 0 ? p->began : p->asked;
	json_t *section = p->began != 0 ? q->matched : q->unmet;
	autofree char *who = NULL;
	int r;

	if (at < q->from || at >= q->until)
		return 0;
	if ((r = counted_pairing(q->app, p, &who)) != 0)
		return r == E_NOTFOUND ? 0 : r;
	for (size_t i = 0; i < nelem(of_wish) && r == 0; i++)
		r = tally(section, of_wish[i], who, json_str(wish, of_wish[i]));
	return r == 0 && p->began != 0 ? tally(section, "program", who, json_str(json_obj(p->body, "with"), "program")) : r;
}

/* A record of ours; E_NOTFOUND: there is none. */
static int
read_own(struct quarter *q, const char *id, json_t **ret)
{
	struct own_record rec;
	int r = id == NULL ? E_NOTFOUND : own_get(q->app->db, id, &rec);

	if (r != 0)
		return r;
	r = canon_stored(rec.body, ret);
	own_free(&rec);
	return r;
}

/* Who was asked: the partner; or our program, since what is told of each of its specialists would tell of the others. */
static int
tally_asked(struct quarter *q, json_t *section, const char *who, const struct case_row *row, const char *to)
{
	const struct trust_org *org = trust_listed(q->app->trust, row->org);
	autojson json_t *body = NULL, *program = NULL;
	int r;

	if (row->r.side == REFERRAL_AT_SOURCE)
		return tally(section, "asked", who, org != NULL ? org->name : row->org);
	if ((r = read_own(q, to, &body)) == 0)
		r = read_own(q, json_str(body, "program"), &program);
	return r == 0 || r == E_NOTFOUND ? tally(section, "program", who, json_str(program != NULL ? program : body, "name")) : r;
}

static int
add_referral(void *cookie, const struct case_row *row)
{
	struct quarter *q = cookie;
	int unmet, r;
	autojson json_t *asked = NULL, *told = NULL;
	autofree char *who = NULL;
	const char *outcome;
	json_t *section;

	if (row->r.began < q->from || row->r.began >= q->until || row->request == NULL)
		return 0;
	if (row->outcome != NULL && (r = canon_stored(row->outcome, &told)) != 0)
		return r;
	outcome = json_str(told, "outcome");
	if ((unmet = report_unmet(&row->r, outcome)) < 0)
		return 0;
	if ((r = counted_referral(q->app, row, &who)) != 0)
		return r == E_NOTFOUND ? 0 : r;
	if ((section = json_inner(q->referrals, referred[row->r.side == REFERRAL_AT_TARGET][unmet])) == NULL)
		return -ENOMEM;
	r = facts_of(q->app, row, &asked);
	for (size_t i = 0; i < nelem(of_request) && r == 0; i++)
		r = tally(section, of_request[i], who, json_str(asked, of_request[i]));
	if (r == 0)
		r = tally_asked(q, section, who, row, json_str(asked, "to"));
	if (r == 0 && unmet > 0)
		r = tally(section, "why", who, row->r.state == REFERRAL_WAITLISTED ? "waitlisted" :
		    row->r.state == REFERRAL_CLOSED ? outcome : row->reason != NULL ? row->reason :
		    referral_end_name(row->r.end));
	return r;
}

static const char *
or_not_said(const char *value)
{
	return value != NULL ? value : "not_said";
}

static int
add_contact(struct quarter *q, const char *who, const struct note *note)
{
	const json_t *contact = json_obj(note->body, "contact");
	autofree char *program = NULL;
	char month[8];
	int r = counted_program(q->app, note, &program);

	if (r != 0 && r != E_NOTFOUND)
		return r;
	(void)snprintf(month, sizeof(month), "%.7s", json_str(note->body, "on"));
	return units_add(q->units, who, json_int(contact, "minutes", 0), (const char *const[UNITS_BY]){
	    [UNITS_MODALITY] = json_str(contact, "modality"), [UNITS_MONTH] = month, [UNITS_PROGRAM] = or_not_said(program) });
}

/* Who said it: a specialist is one, however many they support.  ${ret_who}: the caller's, or NULL: the member.  1: nobody. */
static int
sayer(struct quarter *q, const struct note *note, const json_t *said, char **ret_who)
{
	int r = !strcmp(json_str(said, "by"), "specialist") ? counted_specialist(q->app, note, ret_who) : 0;

	return r == E_NOTFOUND ? 1 : r;
}

static int
add_answers(struct quarter *q, const char *member, const struct note *note)
{
	const json_t *answers = json_obj(note->body, "answers"), *measure = measure_find(q->list, json_str(answers, "measure"));
	struct measure_score s;
	autofree char *other = NULL;
	json_t *people, *two;
	const char *who;
	int r;

	if (measure == NULL || measure_score(measure, json_arr(answers, "items"), &s, NULL) != 0)
		return 0;
	if ((r = sayer(q, note, answers, &other)) != 0)
		return r < 0 ? r : 0;
	who = other != NULL ? other : member;
	if ((people = json_inner(q->scores, json_str(answers, "by"))) == NULL || (people = json_inner(people, json_str(answers, "measure"))) == NULL)
		return -ENOMEM;
	if ((two = json_object_get(people, who)) == NULL)
		return json_object_set_new(people, who, json_pack("[I]", (json_int_t)s.score)) != 0 ? -ENOMEM : 0;
	if (json_array_size(two) > 1 && json_array_remove(two, 1) != 0)
		return -ENOMEM;
	return json_array_append_new(two, json_integer(s.score)) != 0 ? -ENOMEM : 0;
}

static int
add_feedback(struct quarter *q, const char *member, const struct note *note)
{
	json_t *feedback = json_obj(note->body, "feedback"), *people = json_inner(q->feedback, json_str(feedback, "by"));
	autofree char *who = NULL, *program = NULL;
	int r = people == NULL ? -ENOMEM : sayer(q, note, feedback, &who);

	if (r != 0)
		return r < 0 ? r : 0;
	r = counted_program(q->app, note, &program);
	return r == 0 || r == E_NOTFOUND ? opinion_add(people, who != NULL ? who : member, program, feedback) : r;
}

static bool
is_on(const struct quarter *q, const char *day)
{
	char text[WHEN_TEXT + 16];
	int64_t at;

	(void)snprintf(text, sizeof(text), "%sT00:00:00Z", day);
	return when_parse(text, &at) == 0 && at >= q->from && at < q->until;
}

static int
add_note(void *cookie, const struct note *note)
{
	struct quarter *q = cookie;
	autofree char *who = NULL;
	int r;

	if (!is_on(q, json_str(note->body, "on")))
		return 0;
	if ((r = counted_note(q->app, note, &who)) != 0)
		return r == E_NOTFOUND ? 0 : r;
	if (!strcmp(note->kind, "contact"))
		return add_contact(q, who, note);
	if (!strcmp(note->kind, "answers"))
		return add_answers(q, who, note);
	return !strcmp(note->kind, "feedback") ? add_feedback(q, who, note) : 0;
}

/* Who was at a meeting of a series, by the name that the program uses for them; so who they are besides is not known, and they are counted apart. */
static int
add_session(void *cookie, const struct entry *e)
{
	struct quarter *q = cookie;
	autojson json_t *group = NULL, *program = NULL;
	char month[8];
	int r;

	if (strcmp(e->kind, "session") != 0 || !is_on(q, json_str(e->body, "on")))
		return 0;
	if ((r = read_own(q, json_str(json_obj(e->body, "session"), "group"), &group)) == 0)
		r = read_own(q, json_str(group, "program"), &program);
	if (r != 0 && r != E_NOTFOUND)
		return r;
	(void)snprintf(month, sizeof(month), "%.7s", json_str(e->body, "on"));
	return units_add(q->series, json_str(e->body, "who"), 0, (const char *const[UNITS_BY]){ [UNITS_MONTH] = month,
	    [UNITS_PROGRAM] = or_not_said(json_str(program, "name")), [UNITS_SERIES] = or_not_said(json_str(group, "name")) });
}

/* One table; E_REFUSED: nothing of these people may be said. */
static int
put_table(const json_t *counts, const char *by, json_t *tables)
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
		else if (json_array_append_new(list, row) != 0)
			return -ENOMEM;
	}
	if (others && json_object_set_new(table, "others", json_string("some are not shown: fewer than 5, or what would tell of fewer than 5")) != 0)
		return -ENOMEM;
	return json_array_append(tables, table) != 0 ? -ENOMEM : 0;
}

/* How many people have each value, in the order of these; NULL: out of memory. */
static json_t *
count(const json_t *table)
{
	autojson json_t *ret = json_object();
	const char *who;
	json_t *value;

	json_object_foreach((json_t *)table, who, value)
		if (ret == NULL || bump(ret, json_string_value(value), 1) != 0)
			return NULL;
	return json_sorted(ret);
}

/* ${r}, ${out}: what may be said, or E_REFUSED. */
static int
put_said(int r, json_t *out, const char *name, json_t *report)
{
	if (r < 0)
		return r;
	return json_object_set_new(report, name, r == 0 ? json_incref(out) :
	    json_pack("{s:s}", "note", "too few, or too much alike, to say anything")) != 0 ? -ENOMEM : 0;
}

static int
put_section(const json_t *section, const char *name, json_t *report)
{
	autojson json_t *tables = json_array(), *out = NULL;
	json_t *people;
	const char *by;
	size_t n = 0;
	int r = tables == NULL ? -ENOMEM : 0;

	json_object_foreach((json_t *)section, by, people) {
		autojson json_t *counts = count(people);

		n = json_object_size(people);	/* The same in each. */
		if (r == 0)
			r = counts == NULL ? -ENOMEM : put_table(counts, by, tables);
	}
	if (r == 0 && n < REPORT_LEAST)
		r = E_REFUSED;
	if (r == 0 && (out = json_pack("{s:I, s:O}", "people", (json_int_t)n, "tables", tables)) == NULL)
		r = -ENOMEM;
	return put_said(r, out, name, report);
}

static int
put_units(json_t *units, const char *name, json_t *report)
{
	autojson json_t *out = NULL;
	int r = units_tell(units, &out);

	return put_said(r, out, name, report);
}

/* Of those who answered twice: the means of their first and last scores. */
static int
put_scores(const json_t *scores, const char *by, json_t *out)
{
	const char *name, *who;
	json_t *people, *two;

	json_object_foreach((json_t *)scores, name, people) {
		int64_t n = 0, first = 0, last = 0, before, after;

		json_object_foreach(people, who, two) {
			if (json_array_size(two) < 2)
				continue;
			n++;
			first += json_integer_value(json_array_get(two, 0));
			last += json_integer_value(json_array_get(two, 1));
		}
		if (report_round(first, n, n, 1, &before) == 0 && report_round(last, n, n, 1, &after) == 0 &&
		    json_array_append_new(out, json_pack("{s:s, s:s, s:I, s:I, s:I}", "measure", name, "by", by, "people", (json_int_t)n,
		    "first_mean", (json_int_t)before, "last_mean", (json_int_t)after)) != 0)
			return -ENOMEM;
	}
	return 0;
}

static int
put_feedback(const json_t *feedback, json_t *out)
{
	const char *by;
	json_t *people;
	int r = 0;

	json_object_foreach((json_t *)feedback, by, people)
		if (r == 0)
			r = opinion_tell(people, by, out);
	return r;
}

static int
make(struct quarter *q, const char *quarter, json_t **ret)
{
	char day[WHEN_TEXT];
	json_t *measures = json_array(), *feedback = json_array();
	autojson json_t *out = json_pack("{s:s, s:s, s:o, s:o}", "quarter", quarter, "made", when_print_day(app_now(q->app), day), "measures",
	    measures, "feedback", feedback);
	int r = out == NULL ? -ENOMEM : notes_list_of_measures(q->app, &q->list);

	if (r == 0 && (r = case_each(q->app->db, add_referral, q)) == 0)
		r = book_each(q->app->db, add_session, q);
	for (size_t i = 0; i < 4 && r == 0; i++)
		r = put_section(json_obj(q->referrals, referred[i / 2][i % 2]), referred[i / 2][i % 2], out);

	if (r != 0 || (r = pairing_each(q->app->db, NULL, add_pairing, q)) != 0 || (r = note_each(q->app->db, NULL, add_note, q)) != 0 ||
	    (r = put_section(q->matched, "matched", out)) != 0 || (r = put_section(q->unmet, "unmet", out)) != 0 ||
	    (r = put_units(q->units, "units", out)) != 0 || (r = put_units(q->series, "series", out)) != 0 || (r = put_scores(json_obj(q->scores, "member"), "member", measures)) != 0 ||
	    (r = put_scores(json_obj(q->scores, "specialist"), "specialist", measures)) != 0 || (r = put_feedback(q->feedback, feedback)) != 0)
		return r;
	*ret = take(out);
	return 0;
}

static int
make_once(struct app *app, const char *key, const char *quarter, int64_t from, int64_t until, json_t **ret)
{
	struct quarter q = { app, from, until, json_object(), json_object(), json_object(), json_array(), json_array(), NULL, json_object(), json_object() };
	autofree char *text = NULL;
	int r = q.matched == NULL || q.unmet == NULL || q.units == NULL || q.series == NULL || q.referrals == NULL || q.scores == NULL || q.feedback == NULL ?
	    -ENOMEM : make(&q, quarter, ret);

	if (r == 0)
		r = (text = json_text(*ret, JSON_COMPACT)) == NULL ? -ENOMEM : meta_put(app->db, key, text, false);
	json_decref(q.matched);
	json_decref(q.unmet);
	json_decref(q.units);
	json_decref(q.series);
	json_decref(q.referrals);
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
