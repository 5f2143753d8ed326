/* SPDX-License-Identifier: Apache-2.0 */
#include "book.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/canon.h"
#include "base/event.h"
#include "domain/hold.h"
#include "domain/staff.h"
#include "domain/trust.h"
#include "domain/when.h"
#include "events.h"
#include "store/audit.h"
#include "store/bookstore.h"
#include "store/dirstore.h"
#include "store/holdstore.h"
#include "store/notestore.h"
#include "store/peoplestore.h"
#include "store/subject.h"
#include "talk.h"

/* All that is written down; its number and whether it was seen are beside each. */
static int
collect(void *cookie, const struct entry *e)
{
	autojson json_t *copy = json_deep_copy(e->body);

	if (copy == NULL || json_object_set_new(copy, "n", json_integer(e->n)) != 0 || json_object_set_new(copy, "seen", json_boolean(e->seen != 0)) != 0)
		return -ENOMEM;
	return json_array_append(cookie, copy) != 0 ? -ENOMEM : 0;
}

static int
read_all(struct app *app, json_t **ret)
{
	return (*ret = json_array()) == NULL ? -ENOMEM : book_each(app->db, collect, *ret);
}

/* The body of our group of that id, or of what took its place; NULL: there is none. */
static int
group_of(struct app *app, const char *id, json_t **ret)
{
	autojson json_t *body = NULL;
	struct own_record rec;
	int r = id != NULL ? own_get(app->db, id, &rec) : E_NOTFOUND;

	if (r != 0)
		return r == E_NOTFOUND ? 0 : r;
	if (!strcmp(rec.kind, "group") || !strcmp(rec.kind, "withdrawal"))
		r = canon_stored(rec.body, &body);
	own_free(&rec);
	if (r == 0 && (json_str(body, "of") == NULL || !strcmp(json_str(body, "of"), "group")))
		*ret = json_incref(body);
	return r;
}

static bool
is_account(const struct app *app, const char *user)
{
	return !strcmp(user, app->cfg->node_user) || !strcmp(user, app->cfg->steward_user) || trust_org_by_node(app->trust, user) != NULL;
}

/* Whose entries of that name are: ${*pid} on their first, 0: it is not known. */
static int
whose_name(struct app *app, const json_t *all, const char *who, int64_t *pid)
{
	const json_t *e;
	size_t i;
	int r = 0;

	*pid = 0;
	json_array_foreach((json_t *)all, i, e)
		if (!strcmp(json_str(e, "who"), who) && (r = book_person(app->db, json_int(e, "n", 0), pid)) != E_NOTFOUND)
			return r;
	return 0;
}

/* With their person all that goes by their name is forgotten: what is there, this, and what comes. */
static int
link_person(struct app *app, const json_t *all, const char *who, const char *user, int64_t n, struct err *reterr)
{
	int64_t known, pid;
	const json_t *e;
	size_t i;
	int r = whose_name(app, all, who, &known);

	if (r != 0 || (user == NULL && known == 0))
		return r;
	pid = known;
	if (user != NULL && (r = person_id(app->db, user, &pid)) != 0)
		return r;
	if (known != 0 && pid != known)
		return err_set(reterr, E_REFUSED, "%s is the name of somebody else in this book; write another name for one of them", who);
	json_array_foreach((json_t *)all, i, e)
		if (r == 0 && known == 0 && !strcmp(json_str(e, "who"), who))
			r = book_link(app->db, json_int(e, "n", 0), pid);
	return r != 0 ? r : book_link(app->db, n, pid);
}

/* Who supervises it, as its record calls them; NULL: nobody. */
static const char *
supervisor_of(const json_t *group)
{
	return json_str(json_obj(group, "supervisor"), "title");
}

int
book_write(struct app *app, const char *actor, const json_t *args, json_t **ret, struct err *reterr)
{
	autojson json_t *entry = json_deep_copy(json_obj(args, "document")), *all = NULL, *group = NULL, *user = NULL;
	char today[WHEN_TEXT];
	bool incident;
	int64_t n;
	int r;

	if (entry == NULL)
		return err_set(reterr, E_BAD, "document: an entry is wanted; types.md describes it");
	if (json_object_set_new(entry, "v", json_integer(1)) != 0)
		return -ENOMEM;
	if ((r = event_check(&ev_entry_desc, entry, reterr)) != 0 || (r = read_all(app, &all)) != 0 || (r = group_of(app, staff_group(entry), &group)) != 0 ||
	    (r = staff_admit(all, entry, group, when_print_day(app_now(app), today), reterr)) != 0)
		return r;
	user = json_incref(json_object_get(entry, "user"));
	(void)json_object_del(entry, "user");
	if (json_is_string(user) && is_account(app, json_string_value(user)))
		return err_set(reterr, E_REFUSED, "user: %s is an organization's account, not a person's", json_string_value(user));
	if ((r = book_add(app->db, json_str(entry, "kind"), entry, &n)) != 0 ||
	    (r = link_person(app, all, json_str(entry, "who"), json_string_value(user), n, reterr)) != 0 ||
	    (r = audit_add(app->db, app_now(app), actor, "book", "book", json_str(entry, "kind"))) != 0)
		return r;
	incident = !strcmp(json_str(entry, "kind"), "incident");
	*ret = json_pack("{s:o, s:s, s:s*}", "id", json_sprintf("%lld", (long long)n), "text", incident ?
	    "kept; show it to the group's supervisor, then cairn book seen ID --by SUPERVISOR" : "kept", "supervisor", incident ? supervisor_of(group) : NULL);
	return *ret != NULL ? 0 : -ENOMEM;
}

static int
add_person(const json_t *all, const json_t *first, const char *today, json_t *people)
{
	const char *who = json_str(first, "who");
	struct staff_state s;
	json_t *row;

	if (staff_judge(all, who, today, &s) != 0)
		return ERR_CORRUPT;
	row = json_pack("{s:o, s:s, s:I, s:b, s:b}", "id", json_sprintf("%lld", json_int(first, "n", 0)), "who", who, "hours_this_year", (json_int_t)s.hours, "trained", (int)!s.untrained, "supervised", (int)!s.unsupervised);
	if (row != NULL && s.certified && json_object_set_new(row, "credential_ends_in_days", json_integer(s.expires)) != 0) {
		json_decref(row);
		return -ENOMEM;
	}
	return json_array_append_new(people, row) != 0 ? -ENOMEM : 0;
}

static int
add_series(const json_t *all, const json_t *e, json_t *series)
{
	struct staff_series s;

	if (staff_series(all, json_str(e, "who"), staff_group(e), &s) != 0)
		return ERR_CORRUPT;
	return json_array_append_new(series, json_pack("{s:o, s:s, s:s, s:I, s:I, s:b}", "id", json_sprintf("%lld", json_int(e, "n", 0)), "who", json_str(e, "who"), "group", staff_group(e), "attended",
	    (json_int_t)s.attended, "sessions", (json_int_t)s.sessions, "complete", (int)s.complete)) != 0 ? -ENOMEM : 0;
}

static bool
of_supporter(const char *kind)
{
	return !strcmp(kind, "training") || !strcmp(kind, "hours") || !strcmp(kind, "supervision") || !strcmp(kind, "credential");
}

static int
add_incident(struct app *app, const json_t *e, json_t *incidents)
{
	const json_t *part = json_obj(e, "incident");
	autojson json_t *group = NULL;
	int r = group_of(app, staff_group(e), &group);

	if (r != 0)
		return r;
	return json_array_append_new(incidents, json_pack("{s:o, s:s, s:s, s:s*, s:O, s:O, s:O}", "id", json_sprintf("%lld", json_int(e, "n", 0)), "on", json_str(e, "on"),
	    "group", staff_group(e), "supervisor", supervisor_of(group), "what", json_object_get(part, "what"), "text", json_object_get(part, "text"), "seen",
	    json_object_get(e, "seen"))) != 0 ? -ENOMEM : 0;
}

/* Of each part what it comes to: supporters by name, once each; series; incidents. */
static int
judge(struct app *app, const json_t *all, const char *today, json_t *people, json_t *series, json_t *incidents)
{
	autojson json_t *known = json_object();
	const json_t *e;
	size_t i;
	int r = known == NULL ? -ENOMEM : 0;

	json_array_foreach((json_t *)all, i, e) {
		const char *kind = json_str(e, "kind"), *who = json_str(e, "who");

		if (r == 0 && !strcmp(kind, "incident"))
			r = add_incident(app, e, incidents);
		else if (r == 0 && !strcmp(kind, "enrolment"))
			r = add_series(all, e, series);
		else if (r == 0 && of_supporter(kind) && json_object_get(known, who) == NULL &&
		    (r = json_object_set_new(known, who, json_true()) != 0 ? -ENOMEM : 0) == 0)
			r = add_person(all, e, today, people);
	}
	return r;
}

struct applying {
	struct app	*app;
	json_t		*items;
};

static int
add_application(void *cookie, const struct note *note)
{
	struct applying *a = cookie;
	autofree char *user = NULL;
	autojson json_t *item = NULL;
	int r;

	if (strcmp(note->kind, "application") != 0)
		return 0;
	if ((r = person_user(a->app->db, note->pid, &user)) != 0)
		return r;
	item = json_pack("{s:o, s:s, s:s}", "id", json_sprintf("%lld", (long long)note->n), "user", user, "on", json_str(note->body, "on"));
	return item == NULL || json_object_update(item, json_obj(note->body, "application")) != 0 || json_array_append(a->items, item) != 0 ? -ENOMEM : 0;
}

int
book_show(struct app *app, const char *actor, const json_t *args, json_t **ret, struct err *reterr)
{
	json_t *people = json_array(), *series = json_array(), *incidents = json_array(), *applications = json_array();
	autojson json_t *out = json_pack("{s:o, s:o, s:o, s:o}", "supporters", people, "series", series, "incidents", incidents, "applications", applications);
	autojson json_t *all = NULL;
	struct applying a = { app, applications };
	char today[WHEN_TEXT];
	int r;

	(void)args, (void)reterr;
	if (out == NULL)
		return -ENOMEM;
	if ((r = read_all(app, &all)) != 0 || (r = judge(app, all, when_print_day(app_now(app), today), people, series, incidents)) != 0 ||
	    (r = note_each(app->db, NULL, add_application, &a)) != 0 || (r = audit_add(app->db, app_now(app), actor, "show", "book", NULL)) != 0)
		return r;
	*ret = take(out);
	return 0;
}

static int64_t
number_of(const json_t *args, const char *key)
{
	const char *text = json_str(args, key);
	char *end;
	long long n = text != NULL ? strtoll(text, &end, 10) : 0;

	return text != NULL && *end == '\0' && n > 0 ? n : 0;
}

struct wanted {
	int64_t	 id;
	json_t	*body;		/* Of the entry of that id, else NULL. */
	bool	 seen;
};

static int
take_entry(void *cookie, const struct entry *e)
{
	struct wanted *w = cookie;

	if (e->n == w->id) {
		w->body = json_incref(e->body);
		w->seen = e->seen != 0;
	}
	return 0;
}

int
book_saw(struct app *app, const char *actor, const json_t *args, json_t **ret, struct err *reterr)
{
	const char *by = json_str(args, "by");
	struct wanted w = { .id = number_of(args, "id") };
	autojson json_t *group = NULL;
	int r = by == NULL || *by == '\0' ? err_set(reterr, E_BAD, "by: who saw it? The supervisor, as the group's record calls them") :
	    book_each(app->db, take_entry, &w);

	if (r == 0)
		r = group_of(app, staff_group(w.body), &group);
	json_decref(w.body);
	if (r == 0 && supervisor_of(group) != NULL && strcmp(by, supervisor_of(group)) != 0)
		return err_set(reterr, E_REFUSED, "by: the group's record calls its supervisor \"%s\", who has to see it", supervisor_of(group));
	if (r == 0)
		r = book_seen(app->db, w.id);
	if (r == E_NOTFOUND)
		return err_set(reterr, r, "no incident that waits to be seen has this id");
	if (r != 0 || (r = audit_add(app->db, app_now(app), actor, "incident seen", "book", by)) != 0)
		return r;
	*ret = json_pack("{s:s}", "text", "seen");
	return *ret != NULL ? 0 : -ENOMEM;
}

struct forgetting {
	struct app	*app;
	int64_t		 id;
	const char	*who;		/* NULL: only the entry of that id. */
	long long	 n;
	struct err	*reterr;
};

/* An incident is about a group: it does not go with whoever wrote it down. */
static int
forget(void *cookie, const struct entry *e)
{
	struct forgetting *f = cookie;
	char who[SUBJECT_NAME];
	struct held held;
	int r;

	if (f->who == NULL ? e->n != f->id : !strcmp(e->kind, "incident") || strcmp(json_str(e->body, "who"), f->who) != 0)
		return 0;
	f->n++;
	if ((r = hold_of(f->app->db, subject_entry(e->n, who), &held)) != E_NOTFOUND)
		return r != 0 ? r : err_set(f->reterr, E_REFUSED, "this is held, for %s: it cannot be forgotten before the hold is lifted", hold_words(held.class));
	return book_forget(f->app->db, e->n);
}

int
book_remove(struct app *app, const char *actor, const json_t *args, json_t **ret, struct err *reterr)
{
	struct wanted w = { .id = number_of(args, "id") };
	struct forgetting f = { .app = app, .id = w.id, .reterr = reterr };
	bool incident;
	int r = book_each(app->db, take_entry, &w);

	incident = w.body != NULL && !strcmp(json_str(w.body, "kind"), "incident");
	f.who = incident ? NULL : json_str(w.body, "who");
	if (r == 0)
		r = w.body == NULL ? err_set(reterr, E_NOTFOUND, "no entry has this id") : incident && !w.seen ?
		    err_next(reterr, err_set(reterr, E_REFUSED, "this incident was not seen by the group's supervisor yet"), "cairn book seen ID --by SUPERVISOR") :
		    book_each(app->db, forget, &f);
	json_decref(w.body);
	if (r != 0)
		return r;
	if ((r = audit_add(app->db, app_now(app), actor, "book forget", "book", NULL)) != 0)
		return r;
	*ret = json_pack("{s:s, s:I}", "text", "forgotten, for good", "entries", (json_int_t)f.n);
	return *ret != NULL ? 0 : -ENOMEM;
}

struct found {
	int64_t	 pid;
	json_t	*body;
};

static int
find(void *cookie, const struct note *note)
{
	struct found *f = cookie;

	if (!strcmp(note->kind, "application")) {
		f->pid = note->pid;
		f->body = json_incref(json_obj(note->body, "application"));
	}
	return 0;
}

int
book_volunteer(struct app *app, const char *actor, const json_t *args, json_t **ret, struct err *reterr)
{
	const char *decision = json_str(args, "decision");
	struct found f = { 0 };
	char who[SUBJECT_NAME];
	struct held held;
	int64_t gone;
	bool yes;
	int r;

	if (decision == NULL || (strcmp(decision, "accept") != 0 && strcmp(decision, "decline") != 0))
		return err_set(reterr, E_BAD, "decision: accept or decline is wanted");
	if ((r = note_get(app->db, number_of(args, "id"), find, &f)) != 0)
		return r;
	if (f.body == NULL)
		return err_set(reterr, E_NOTFOUND, "no application has this id");
	yes = !strcmp(decision, "accept");
	if ((r = hold_of(app->db, subject_person(f.pid, who), &held)) != E_NOTFOUND) {
		json_decref(f.body);
		return r != 0 ? r : err_next(reterr, err_set(reterr, E_REFUSED, "what this person wrote is held, and deciding would erase the application"),
		    "cairn list holds; decide when the hold is lifted");
	}
	/* It has served its purpose; what is needed of it goes into a record that they agree to. */
	if ((r = talk_say(app, f.pid, yes ? "People here would be glad to have you as a volunteer. They write to you about how it goes on. You are shown as a volunteer "
	    "without a certificate, and only after you have agreed to what is shown." : "Thank you for offering your help. People here cannot take it up now; "
	    "that says nothing about you. What you wrote about it is forgotten here.")) == 0 &&
	    (r = note_forget(app->db, f.pid, "application", &gone)) == 0 && (r = audit_add(app->db, app_now(app), actor, "volunteer", "book", decision)) == 0)
		*ret = yes ? json_pack("{s:s, s:{s:s, s:{s:O, s:b}}}", "text", "they are told; the application is forgotten. Import a record like this once they agreed to it; "
		    "it says by itself that a volunteer is not certified", "record", "kind", "specialist", "body", "alias", json_object_get(f.body, "name"), "volunteer", 1) :
		    json_pack("{s:s}", "text", "they are told; the application is forgotten");
	json_decref(f.body);
	return r == 0 && *ret == NULL ? -ENOMEM : r;
}

int
book_trouble(struct app *app, char *text, size_t size, bool *ret)
{
	autojson json_t *all = NULL, *people = json_array(), *series = json_array(), *incidents = json_array(), *applications = json_array();
	struct applying a = { app, applications };
	long long ending = 0, alone = 0, unseen = 0;
	char today[WHEN_TEXT];
	const json_t *row;
	size_t i;
	int r = people == NULL || series == NULL || incidents == NULL || applications == NULL ? -ENOMEM : read_all(app, &all);

	if (r != 0 || (r = judge(app, all, when_print_day(app_now(app), today), people, series, incidents)) != 0 ||
	    (r = note_each(app->db, NULL, add_application, &a)) != 0)
		return r;
	json_array_foreach(people, i, row) {
		ending += json_int(row, "credential_ends_in_days", STAFF_EXPIRES + 1) <= STAFF_EXPIRES;
		alone += !json_is_true(json_object_get(row, "supervised"));
	}
	json_array_foreach(incidents, i, row)
		unseen += !json_is_true(json_object_get(row, "seen"));
	(void)snprintf(text, size, "%lld with a credential that has ended or ends within %d days, %lld not supervised for %d days; %lld incidents not seen by a supervisor, "
	    "%zu volunteers wait for an answer", ending, STAFF_EXPIRES, alone, STAFF_SUPERVISED, unseen, json_array_size(applications));
	*ret = ending + alone + unseen > 0 || json_array_size(applications) > 0;
	return 0;
}
