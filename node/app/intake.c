/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/canon.h"
#include "base/id.h"
#include "domain/hours.h"
#include "domain/match.h"
#include "domain/origin.h"
#include "domain/when.h"
#include "fit.h"
#include "intake.h"
#include "store/audit.h"
#include "store/intakestore.h"
#include "talk_consent.h"

enum { ALIAS_MAX = 200, PHONE_MIN = 3, PHONE_MAX = 60, NOTE_MAX = 1000, OFFICE_DAYS = 3 };

/*
 * The first time from ${after} on when somebody may be called.  If that was not said, or not in a zone that is known here,
 * it has no begin: nobody is called at night because of what we do not know.
 */
static int
window(struct app *app, const json_t *person, int64_t after, struct schedule_span *ret)
{
	const char *at = json_str(person, "call_back"), *zone = json_str(person, "zone");
	int r = at == NULL || zone == NULL ? E_NOTFOUND : fit_window(at, zone, after, ret, NULL);

	if (r > 0)
		*ret = (struct schedule_span){ 0, app_now(app) + OFFICE_DAYS * WHEN_DAY };
	return r < 0 ? r : 0;
}

static int
check_person(struct app *app, const json_t *person, struct err *reterr)
{
	static const char *const known[] = { "alias", "phone", "leave_message", "call_back", "zone", "note" };
	const char *alias = json_str(person, "alias"), *phone = json_str(person, "phone"), *note = json_str(person, "note");
	struct schedule_span span;
	const char *key;
	json_t *value;

	json_object_foreach((json_t *)person, key, value) {
		bool found = false;

		for (size_t i = 0; i < nelem(known) && !found; i++)
			found = !strcmp(known[i], key);
		if (!found)
			return err_set(reterr, E_BAD, "%.40s: this is no part of a case", key);
	}
	if (alias == NULL || *alias == '\0' || strlen(alias) > ALIAS_MAX)
		return err_set(reterr, E_BAD, "alias: what the person wants to be called is missing, or too long; it need not be a real name");
	if (phone == NULL || strlen(phone) < PHONE_MIN || strlen(phone) > PHONE_MAX || strspn(phone, "+0123456789 -/().x") != strlen(phone))
		return err_set(reterr, E_BAD, "phone: the number at which they may be called is missing, or is none");
	if (!json_is_boolean(json_object_get(person, "leave_message")))
		return err_set(reterr, E_BAD, "leave_message: may a message be left there?  Ask them; true or false is wanted");
	if (note != NULL && strlen(note) > NOTE_MAX)
		return err_set(reterr, E_BAD, "note: at most %d bytes are wanted", NOTE_MAX);
	if (json_str(person, "call_back") == NULL && json_str(person, "zone") != NULL)
		return err_set(reterr, E_BAD, "call_back: with zone, the safe times are wanted, such as \"Mon-Fri 17:00-19:00\"");
	return json_str(person, "call_back") == NULL ? 0 : fit_window(json_str(person, "call_back"), json_str(person, "zone"), app_now(app), &span, reterr);
}

int
intake_open(struct app *app, const char *actor, const json_t *args, json_t **ret, struct err *reterr)
{
	const json_t *person = json_obj(args, "person");
	autofree char *text = NULL;
	char id[ID_LEN + 1], likeness[ORIGIN_LIKENESS];
	int r;

	if (person == NULL)
		return err_set(reterr, E_BAD, "person: whom the case is for is missing");
	if ((r = check_person(app, person, reterr)) != 0)
		return r;
	id_new(app->world, id);
	if ((text = json_text(person, JSON_COMPACT)) == NULL)
		return -ENOMEM;
	if ((r = intake_put(app->db, &(struct intake){ .id = id, .person = text, .made = app_now(app) })) != 0 ||
	    (origin_likeness("phone", json_str(person, "phone"), likeness) && (r = likeness_put(app->db, id, likeness)) != 0) ||
	    (r = audit_add(app->db, app_now(app), actor, "open_case", id, NULL)) != 0)
		return r;
	*ret = json_pack("{s:s}", "case", id);
	return *ret != NULL ? 0 : -ENOMEM;
}

int
intake_begin(struct app *app, const json_t *args, struct err *reterr)
{
	autointake struct intake who = { 0 };
	const char *id = json_str(args, "case");
	int r = origin_check(json_str(args, "origin"), json_is_true(json_object_get(args, "voluntary")), reterr);

	if (r != 0 || id == NULL)
		return r;
	r = intake_get(app->db, id, &who);
	return r != E_NOTFOUND ? r : err_next(reterr, err_set(reterr, E_NOTFOUND, "there is no case %s", id), "cairn list cases shows them");
}

int
intake_bind(struct app *app, const char *referral, const json_t *args)
{
	const char *id = json_str(args, "case"), *origin = json_str(args, "origin");

	return id == NULL ? 0 : intake_refer(app->db, referral, id, origin != NULL ? origin : "program");
}

/* 0 and the object the caller decrefs; E_NOTFOUND: the referral is nobody's who is called. */
static int
person_of(struct app *app, const char *referral, json_t **ret)
{
	autointake struct intake who = { 0 };
	int r = intake_of(app->db, referral, &who);

	if (r == 0 && who.person == NULL)
		return E_NOTFOUND;
	return r != 0 ? r : canon_stored(who.person, ret);
}

int
intake_form(struct app *app, const char *referral, json_t *form)
{
	autojson json_t *person = NULL;
	json_t *identity = json_obj(form, "identity"), *contact = json_obj(identity, "contact"), *consent = json_obj(form, "consent");
	autojson json_t *hours = NULL;
	const char *at;
	int r = person_of(app, referral, &person);

	if (r != 0)
		return r == E_NOTFOUND ? 0 : r;
	if ((at = json_str(person, "call_back")) != NULL && (r = hours_typed(at, &hours)) != 0)
		return r < 0 ? r : ERR_CORRUPT;		/* It was read when the case was opened. */
	r = json_object_set(consent, "patient", json_object_get(person, "alias")) |
	    json_object_set_new(json_obj(consent, "signature"), "how", json_string("paper")) |
	    json_object_set_new(json_obj(consent, "signature"), "recorded_by", json_string("")) |
	    json_object_set(json_obj(consent, "signature"), "signer", json_object_get(person, "alias")) |
	    json_object_set(identity, "name", json_object_get(person, "alias")) |
	    json_object_set_new(contact, "how", json_string("phone")) |
	    json_object_set(contact, "value", json_object_get(person, "phone")) |
	    json_object_set(contact, "leave_message", json_object_get(person, "leave_message"));
	if (at != NULL)
		r |= json_object_set(contact, "safe_hours", hours) | json_object_set(contact, "timezone", json_object_get(person, "zone"));
	return r != 0 ? -ENOMEM : 0;
}

int
intake_zone(struct app *app, const char *referral, char **ret)
{
	autojson json_t *person = NULL, *disclosure = NULL;
	const char *zone = NULL;
	struct case_row row;
	int r = case_get(app->db, referral, &row);

	if (r != 0)
		return r;
	if (row.r.side == REFERRAL_AT_SOURCE) {
		if ((r = person_of(app, referral, &person)) == 0)
			zone = json_str(person, "zone");
	} else if (row.disclosure != NULL && referral_is_open(row.r.state)) {
		if ((r = canon_stored(row.disclosure, &disclosure)) == 0)
			zone = json_str(json_obj(json_obj(disclosure, "identity"), "contact"), "timezone");
	}
	case_free(&row);
	if (r == 0 && zone == NULL)
		return E_NOTFOUND;
	return r != 0 ? r : (*ret = strdup(zone)) != NULL ? 0 : -ENOMEM;
}

/*
 * Calls to make.
 */

/* What a step means for somebody who has to be called, and whether it ends what was to be done before. */
static const struct {
	const char		*meaning;
	enum referral_side	side;
	const char		*words;
} calls[] = {
	{ "accept",	REFERRAL_AT_SOURCE, "they said yes: call, say so, and ask for consent" },
	{ INTAKE_AGREED, REFERRAL_AT_SOURCE, "they said yes, and the consent still holds: call and say so" },
	{ "waitlist",	REFERRAL_AT_SOURCE, "they have a waiting list: call, and ask whether to wait" },
	{ "decline",	REFERRAL_AT_SOURCE, "they said no: call, and look for another together" },
	{ "ask_info",	REFERRAL_AT_SOURCE, "they have a question: call and ask" },
	{ "schedule",	REFERRAL_AT_SOURCE, "there is a first meeting: call and say when" },
	{ "expire",	REFERRAL_AT_SOURCE, "nobody answered in time: call, and look for another together" },
	{ INTAKE_UNANSWERED, REFERRAL_AT_SOURCE, "their question was not answered here in time: call, say so, and ask whether to ask them again" },
	{ "fail",	REFERRAL_AT_SOURCE, "they could not be reached by the others: call and ask" },
	{ "close",	REFERRAL_AT_SOURCE, "the support has ended: call and ask how it went" },
	{ "forward",	REFERRAL_AT_SOURCE, "they think that another program suits better: call, and ask whether to ask there" },
	{ "reopen",	REFERRAL_AT_SOURCE, "it was taken up again: call, say so, and ask whether that is right" },
	{ INTAKE_TOOK_BACK, REFERRAL_AT_SOURCE, "it was taken back here: call and say so" },
	{ INTAKE_IS_BACK, REFERRAL_AT_SOURCE, "what was asked back has ended: call and say so" },
	{ INTAKE_SAID_THERE, REFERRAL_AT_SOURCE, "the others were told to stop, so it has ended: call, and ask whether that is right" },
	{ "consent",	REFERRAL_AT_TARGET, "call for the first time" },
};

static const char *
words_of(const char *what)
{
	for (size_t i = 0; i < nelem(calls); i++)
		if (!strcmp(calls[i].meaning, what))
			return calls[i].words;
	return "call";
}

/* Whoever was told of a step by phone, on either side; NULL: nobody is called.  The caller decrefs. */
static int
called(struct app *app, const struct case_row *row, json_t **ret)
{
	autojson json_t *disclosure = NULL;
	autobuf struct buf times = { 0 };
	const json_t *contact;
	int r;

	if (row->r.side == REFERRAL_AT_SOURCE)
		return person_of(app, row->id, ret);
	if (row->disclosure == NULL)
		return E_NOTFOUND;
	if ((r = canon_stored(row->disclosure, &disclosure)) != 0)
		return r;
	contact = json_obj(json_obj(disclosure, "identity"), "contact");
	if (json_str(contact, "how") == NULL || strcmp(json_str(contact, "how"), "phone") != 0)
		return E_NOTFOUND;
	r = json_arr(contact, "safe_hours") != NULL ? hours_text(json_arr(contact, "safe_hours"), &times) :
	    match_slot_times(json_arr(contact, "safe_times"), &times);
	if (r != 0)
		return r < 0 ? r : ERR_CORRUPT;
	*ret = json_pack("{s:O, s:O, s:O, s:s*, s:O*, s:O*}", "alias", json_object_get(json_obj(disclosure, "identity"), "name"), "phone",
	    json_object_get(contact, "value"), "leave_message", json_object_get(contact, "leave_message"), "call_back",
	    times.len > 0 ? times.data : NULL, "zone", json_object_get(contact, "timezone"), "note", json_object_get(disclosure, "constraints"));
	return *ret != NULL ? 0 : -ENOMEM;
}

static int
call(struct app *app, const struct case_row *row, const char *meaning)
{
	char id[ID_LEN + 1];
	struct task t = { .id = id, .referral = row->id, .what = (char *)(uintptr_t)meaning };
	struct schedule_span span;
	autojson json_t *person = NULL;
	int r = called(app, row, &person);

	if (r != 0)
		return r == E_NOTFOUND ? 0 : r;
	if ((r = window(app, person, app_now(app), &span)) != 0)
		return r;
	id_new(app->world, id);
	t.begins = span.begins;
	t.due = span.ends;
	return task_put(app->db, &t);
}

const char *
intake_meaning(const struct case_row *row, const struct path_step *step, enum referral_state before, unsigned effects)
{
	bool ended = !referral_is_open(row->r.state), theirs = step->by != row->r.side;

	switch (step->move.input) {
	case REFERRAL_IN_WITHDRAW:
	case REFERRAL_IN_REVOKE:
	case REFERRAL_IN_MISTAKE:
		if (row->r.side != REFERRAL_AT_SOURCE || !ended)
			return NULL;	/* What is asked back late goes on for a while. */
		if (step->move.actor == REFERRAL_BY_MEMBER)
			return theirs ? INTAKE_SAID_THERE : NULL;
		return INTAKE_TOOK_BACK;
	case REFERRAL_IN_CONFIRM:
		return INTAKE_IS_BACK;
	case REFERRAL_IN_ACCEPT:
		return row->r.side == REFERRAL_AT_TARGET || (effects & REFERRAL_ASK_MEMBER) ? referral_input_name(step->move.input) : INTAKE_AGREED;
	case REFERRAL_IN_EXPIRE:
		return row->r.end == REFERRAL_END_WITHDRAWN ? INTAKE_IS_BACK : before == REFERRAL_INFO_REQUESTED ? INTAKE_UNANSWERED : "expire";
	default:
		return step->move.actor == REFERRAL_BY_MEMBER && !theirs && row->r.side == REFERRAL_AT_SOURCE ? NULL :
		    referral_input_name(step->move.input);
	}
}

int
intake_news(struct app *app, const struct case_row *row, const struct path_step *step, enum referral_state before, unsigned effects)
{
	const char *meaning = intake_meaning(row, step, before, effects);
	int r = task_settle(app->db, row->id, app_now(app));

	if (r == 0 && !talk_consent_waits(&row->r))
		r = talk_consent_forget(app, row->id);

	for (size_t i = 0; i < nelem(calls) && r == 0; i++)
		if (meaning != NULL && !strcmp(calls[i].meaning, meaning) && calls[i].side == row->r.side)
			r = call(app, row, meaning);
	return r != 0 || meaning == NULL ? r : talk_news(app, row, meaning);
}

static json_t *
at(int64_t ms)
{
	char text[WHEN_TEXT];

	return json_string(when_print(ms, text));
}

/* A task as it is listed: what and when, never who. */
static json_t *
show_task(struct app *app, const struct task *t)
{
	return json_pack("{s:s, s:s, s:s, s:o, s:o, s:I, s:b, s:s*}", "id", t->id, "referral", t->referral, "what", words_of(t->what), "from",
	    t->begins != 0 ? at(t->begins) : json_string("office hours"), "until", at(t->due), "tries", (json_int_t)t->tries, "late", t->due < app_now(app),
	    "mind", t->begins != 0 ? NULL : "when it is safe to call was not said, or not in a time zone that is known here: "
	    "call in office hours, say nothing to anybody else, and ask first whether it is a good time");
}

struct listing {
	struct app	*app;
	json_t		*items;
};

static int
each_task(void *cookie, const struct task *t)
{
	struct listing *l = cookie;

	return json_array_append_new(l->items, show_task(l->app, t)) != 0 ? -ENOMEM : 0;
}

int
intake_tasks(struct app *app, json_t *items)
{
	struct listing l = { app, items };

	return task_each(app->db, each_task, &l);
}

static int
each_case(void *cookie, const struct intake *i)
{
	struct listing *l = cookie;

	return json_array_append_new(l->items, json_pack("{s:s, s:o}", "id", i->id, "opened", at(i->made))) != 0 ? -ENOMEM : 0;
}

int
intake_cases(struct app *app, json_t *items)
{
	struct listing l = { app, items };

	return intake_each(app->db, each_case, &l);
}

static int
add_referral(void *cookie, const char *referral)
{
	return json_array_append_new(cookie, json_string(referral)) != 0 ? -ENOMEM : 0;
}

static int
view_intake(struct app *app, const char *id, json_t **ret)
{
	autointake struct intake i = { 0 };
	autojson json_t *out = NULL, *person = NULL, *referrals = json_array();
	int r = intake_get(app->db, id, &i);

	if (r == 0 && i.person == NULL)
		r = E_NOTFOUND;
	if (r != 0)
		return r;
	if ((r = canon_stored(i.person, &person)) != 0 || (r = intake_referrals(app->db, id, add_referral, referrals)) != 0)
		return r;
	if ((out = json_pack("{s:s, s:o, s:O, s:O}", "id", id, "opened", at(i.made), "person", person, "referrals", referrals)) == NULL)
		return -ENOMEM;
	*ret = take(out);
	return 0;
}

int
intake_view(struct app *app, const char *id, json_t **ret)
{
	autojson json_t *person = NULL, *out = NULL;
	struct case_row row;
	struct task t;
	int r = task_get(app->db, id, &t);

	if (r == E_NOTFOUND)
		return view_intake(app, id, ret);
	if (r != 0)
		return r;
	if ((out = show_task(app, &t)) == NULL)
		r = -ENOMEM;
	else if ((r = case_get(app->db, t.referral, &row)) == 0) {
		r = called(app, &row, &person);
		case_free(&row);
	}
	task_free(&t);
	if (r == 0 && json_object_set(out, "person", person) != 0)
		r = -ENOMEM;
	if (r == 0 || r == E_NOTFOUND) {
		*ret = take(out);
		r = 0;
	}
	return r;
}

int
intake_task(struct app *app, const char *actor, const json_t *args, json_t **ret, struct err *reterr)
{
	const char *id = json_str(args, "task"), *result = json_str(args, "result");
	bool missed = result != NULL && !strcmp(result, "missed");
	struct schedule_span span;
	autojson json_t *person = NULL;
	struct case_row row;
	struct task t;
	int r;

	if (id == NULL || result == NULL || (!missed && strcmp(result, "done") != 0))
		return err_set(reterr, E_BAD, "the task, and done or missed, are wanted");
	if ((r = task_get(app->db, id, &t)) != 0)
		return r != E_NOTFOUND ? r : err_next(reterr, err_set(reterr, E_NOTFOUND, "there is no task %s", id), "cairn list tasks shows them");
	if (t.done != 0)
		r = err_next(reterr, err_set(reterr, E_EXISTS, "this task is done already; nothing changed"), "cairn list tasks shows the others");
	else if (!missed)
		t.done = app_now(app);
	else if ((r = case_get(app->db, t.referral, &row)) == 0) {
		r = called(app, &row, &person);
		case_free(&row);
		/* Not again in the same hours: once is a call, twice is a trace. */
		if (r == 0)
			r = window(app, person, t.begins != 0 && t.due > app_now(app) ? t.due + 1 : app_now(app), &span);
		if (r == 0) {
			t.begins = span.begins;
			t.due = span.ends;
			t.tries++;
		}
	}
	if (r == 0 && (r = task_put(app->db, &t)) == 0)
		r = audit_case(app->db, app_now(app), actor, missed ? "call_missed" : "call_done", t.referral, NULL);
	if (r == 0 && (*ret = show_task(app, &t)) == NULL)
		r = -ENOMEM;
	task_free(&t);
	return r;
}

/*
 * Whom we may know already.
 */

int
intake_disclosed(struct app *app, const char *referral, const json_t *identity)
{
	const json_t *contact = json_obj(identity, "contact");
	const char *how = json_str(contact, "how"), *value = json_str(contact, "value"), *name = json_str(identity, "name");
	char text[ORIGIN_LIKENESS];
	int r = likeness_drop(app->db, referral);

	if (r == 0 && how != NULL && value != NULL && origin_likeness(how, value, text))
		r = likeness_put(app->db, referral, text);
	/* Many are called Jo; a name counts only if it is said to be one. */
	if (r == 0 && name != NULL && json_is_false(json_object_get(identity, "is_alias")) && origin_likeness("name", name, text))
		r = likeness_put(app->db, referral, text);
	return r;
}

int
intake_alike(struct app *app, const char *referral, json_t *shown)
{
	autojson json_t *others = json_array();
	int r = others == NULL ? -ENOMEM : likeness_find(app->db, referral, add_referral, others);

	if (r != 0 || json_array_size(others) == 0)
		return r;
	return json_object_set(shown, "may_be_the_same_person_as", others) != 0 ? -ENOMEM : 0;
}
