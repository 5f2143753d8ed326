/* SPDX-License-Identifier: Apache-2.0 */
#include "notes_form.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/canon.h"
#include "base/event.h"
#include "domain/measure.h"
#include "domain/when.h"
#include "events.h"
#include "notes.h"
#include "notes_chat.h"
#include "store/intakestore.h"
#include "store/notestore.h"
#include "talk_note.h"

#define WORDS_ONLY	"words"		/* In the conversation's state. */

enum { LIST_MAX = 50 };

/* What there is no question for in a chat, or what one side alone does not write. */
static const struct { const char *kind, *why; } others[] = {
	{ "agreement", "what you two agree on is put forward by people here; write to them what it should say" },
	{ "contact", "that you met is written down by people here" },
	{ "reflection", "a look back at a meeting is not taken in this form; write !reflect" },
};

static int
take_body(void *cookie, const struct note *note)
{
	*(json_t **)cookie = json_incref(note->body);
	return 0;
}

int
notes_form_get(struct app *app, int64_t pid, int64_t note, json_t **ret)
{
	autointake struct intake who = { 0 };
	autojson json_t *state = NULL;
	int r = note != 0 ? intake_by_person(app->db, pid, &who) : 0;

	*ret = NULL;
	if (note == 0 || r < 0)
		return r;
	if (r == 0 && who.talk != NULL && (r = canon_stored(who.talk, &state)) != 0)
		return r;
	return json_is_true(json_object_get(state, WORDS_ONLY)) ? 0 : note_get(app->db, note, take_body, ret);
}

/*
 * What comes in.
 */

static int
wrong(struct err *reterr, const char *why)
{
	return err_set(reterr, E_REFUSED, "%s", why);
}

/* What the schema cannot say of a note that is theirs to write. */
static int
check(struct talk *t, const struct talk_kind *w, const json_t *note, const char *side, struct err *reterr)
{
	const json_t *part = json_object_get(note, json_str(note, "kind"));
	const char *by = json_str(part, "by");
	char tomorrow[WHEN_TEXT];

	if (strcmp(json_str(note, "on"), when_print_day(app_now(t->app) + WHEN_DAY, tomorrow)) > 0)
		return wrong(reterr, "/on: this day has not come");
	if (json_is_object(part) && json_object_size(part) == 0)
		return err_set(reterr, E_REFUSED, "/%s: there is nothing in it", w->kind);
	if (by != NULL && strcmp(by, side) != 0)
		return err_set(reterr, E_REFUSED, "/%s/by: you are the %s here, and nobody writes this for the other", w->kind, side);
	if (json_object_get(part, "remind_days") != NULL && json_object_get(part, "utc_minutes") == NULL)
		return wrong(reterr, "/checkin/utc_minutes: is wanted beside remind_days, so that nobody is asked at night");
	return 0;
}

/* ${ret}: the questionnaire, of the list. */
static int
measured(struct talk *t, const json_t *answers, bool danger, json_t **ret_list, const json_t **ret, struct err *reterr)
{
	struct measure_score s = { 0 };
	struct err why = { "" };
	int r = notes_list_of_measures(t->app, ret_list);

	if (r != 0)
		return r;
	if ((*ret = measure_find(*ret_list, json_str(answers, "measure"))) == NULL)
		return wrong(reterr, "/answers/measure: this questionnaire is not used here; !measure lists those that are");
	r = measure_score(*ret, json_arr(answers, "items"), &s, &why);
	if (s.alarm) {
		int told = danger ? 0 : talk_danger(t->app, t->pid);

		t->took = false;	/* Whoever is told finds who it was among the messages. */
		if (told != 0)
			return told;
	}
	return r == 0 ? 0 : err_set(reterr, E_REFUSED, "/answers/%s", why.text);
}

static int
take_note(struct talk *t, json_t *note, bool danger, struct err *reterr)
{
	const char *kind = json_str(note, "kind"), *side = "member";
	const struct talk_kind *w = talk_kind_of(kind);
	autojson json_t *list = NULL;
	autofree char *match = NULL;
	const json_t *measure = NULL;
	int r;

	for (size_t i = 0; i < nelem(others); i++)
		if (!strcmp(kind, others[i].kind))
			return err_set(reterr, E_REFUSED, "/kind: %s", others[i].why);
	if (!strcmp(kind, "signature"))
		return notes_chat_sign(t, json_obj(note, "signature"), reterr);
	if ((r = notes_chat_match(t, "", &match, &side)) == E_BAD)
		buf_cut(&t->say, t->say.len);	/* The list of their matches. */
	if (r < 0)
		return r;
	if (r != 0 && w->both)
		return wrong(reterr, r == E_BAD ? "you are matched with several people here, and this does not say with whom it was; write !feedback" :
		    "there is nobody with whom you are matched here now");
	if (!strcmp(kind, "application"))
		free(take(match));
	if ((r = check(t, w, note, side, reterr)) != 0 ||
	    (!strcmp(kind, "answers") && (r = measured(t, json_obj(note, kind), danger, &list, &measure, reterr)) != 0))
		return r;
	return talk_note_keep(t, match != NULL ? match : "", note, measure);
}

int
notes_form_heard(struct talk *t, const struct said *said, bool danger)
{
	struct err why = { "" };
	int r;

	(void)json_object_del(t->state, "cancel");
	t->quiet = true;
	t->took = !danger;
	if (json_is_true(json_object_get(t->state, WORDS_ONLY)))
		r = wrong(&why, "you wanted words alone; !notes on changes that");
	else if (said->change)
		r = wrong(&why, "a message that is changed afterwards is not done again, and not undone; send it as a new one");
	else if ((r = event_check(&ev_note_desc, said->note, &why)) == 0)
		r = take_note(t, said->note, danger, &why);
	if (r == 0 && !t->took && talk_kind_of(json_str(said->note, "kind")) != NULL)
		r = talk_note_read(t, json_str(said->note, "kind"));
	if (r <= 0)
		return r;
	return buf_printf(&t->say, "This note was not taken, and nothing of it is kept. %s.", why.text);
}

/*
 * What is shown.
 */

struct listing {
	struct talk	*talk;
	size_t		 at, wanted;	/* wanted: the one to be shown, or 0. */
};

static int
list_one(void *cookie, const struct note *note)
{
	struct listing *l = cookie;
	const struct talk_kind *w = talk_kind_of(note->kind);

	l->at++;
	if (l->wanted != 0)
		return l->at == l->wanted ? talk_note_show(l->talk, note->body, note->n, note->own) : 0;
	if (l->at > LIST_MAX)
		return 0;
	return buf_printf(&l->talk->say, "%zu. %s, of %s%s\n", l->at, w->name, json_str(note->body, "on"), note->own ? ", yours alone" : "");
}

/* All that they wrote: by kind, the newest first. */
static int
list_all(struct talk *t, struct listing *l)
{
	const struct talk_kind *w;
	int r = 0;

	for (size_t i = 0; (w = talk_kind_at(i)) != NULL && r == 0; i++)
		r = note_mine(t->app->db, t->pid, w->kind, list_one, l);
	return r;
}

static int
turn(struct talk *t, bool off)
{
	if (json_object_set_new(t->state, WORDS_ONLY, json_boolean(off)) != 0)
		return -ENOMEM;
	return buf_puts(&t->say, off ? "What is kept goes to you in words alone now, and notes that a program of yours sends are not taken. !notes on changes that." :
	    "What is kept goes to you in words and, beside them, in a form that programs read. !notes off leaves that out.");
}

int
notes_form_topic(struct talk *t, const char *words)
{
	struct listing l = { .talk = t };
	char *end;
	int r;

	if (strcasecmp(words, "off") == 0 || strcasecmp(words, "on") == 0)
		return turn(t, strcasecmp(words, "off") == 0);
	t->quiet = true;
	l.wanted = strtoul(words, &end, 10);
	if (*words < '1' || *words > '9' || *end != '\0')
		l.wanted = 0;
	if (l.wanted != 0 && ((r = list_all(t, &l)) != 0 || t->say.len > 0))
		return r;
	l = (struct listing){ .talk = t };
	if ((r = list_all(t, &l)) != 0)
		return r;
	return buf_puts(&t->say, l.at == 0 ? "Nothing of this kind is kept. !help shows what you can write." :
	    "This is kept of what you wrote. Write !notes and a number to see one, for example: !notes 1");
}
