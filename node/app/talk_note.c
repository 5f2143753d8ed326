/* SPDX-License-Identifier: Apache-2.0 */
#include "talk_note.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/canon.h"
#include "base/event.h"
#include "domain/dialogue.h"
#include "domain/measure.h"
#include "domain/when.h"
#include "events.h"
#include "notes.h"
#include "notes_chat.h"
#include "store/audit.h"
#include "store/notestore.h"
#include "store/subject.h"
#include "talk_consent.h"

#define STATE	"note"
#define READ	"read"

static const struct talk_kind kinds[] = {
	{ "goals", "goals", "your goals", true, false, "They are yours alone: people here do not see them unless you write !share goals. "
	  "Only words that sound like danger are read by a person here." },
	{ "plan", "plan", "your plan for staying well", true, false, "It is yours alone: people here do not see it unless you write "
	  "!share plan. Only words that sound like danger are read by a person here." },
	{ "checkin", "checkin", "how it goes", false, false, "People here who support you can read it." },
	{ "feedback", "feedback", "how it is with each other", false, true, "People here can read it; the other of you two does not see it here. Both are asked the same." },
	{ "reflection", "reflect", "a look back at a meeting", false, true, "Both of you may ask people here to read it." },
	{ "application", "volunteer", "supporting others as a volunteer", false, false, "People here read it and answer you. Volunteers are shown as such, without a "
	  "certificate; nothing is shown before you agree." },
	{ "answers", "measure", "a questionnaire", false, false, "People here who support you can read your answers; in reports they are only counted, with those of others." },
};

const struct talk_kind *
talk_kind_of(const char *word)
{
	for (size_t i = 0; i < nelem(kinds); i++)
		if (!strcmp(kinds[i].kind, word) || !strcasecmp(kinds[i].topic, word))
			return &kinds[i];
	return NULL;
}

const struct talk_kind *
talk_kind_at(size_t i)
{
	return i < nelem(kinds) ? &kinds[i] : NULL;
}

bool
talk_note_open(const struct talk *t)
{
	return json_obj(t->state, STATE) != NULL;
}

int
talk_note_busy(struct talk *t)
{
	const struct talk_kind *w = talk_note_open(t) ? talk_kind_of(json_str(json_obj(t->state, STATE), "kind")) : NULL;
	int r;

	if (w == NULL)
		return 0;
	r = buf_printf(&t->say, "You are being asked about %s. Write !next to go on with that, or !stop to leave it.", w->name);
	return r != 0 ? r : 1;
}

/* ${ret}: the measure that the dialogue is about, or NULL; the caller decrefs the list. */
static int
measure_of(struct talk *t, const char *id, json_t **ret_list, const json_t **ret)
{
	int r = notes_list_of_measures(t->app, ret_list);

	*ret = r == 0 ? measure_find(*ret_list, id) : NULL;
	return r;
}

static int
ask(struct talk *t)
{
	const json_t *state = json_obj(t->state, STATE), *measure;
	autojson json_t *list = NULL;
	int r = measure_of(t, json_str(state, "measure"), &list, &measure);

	t->quiet = true;
	return r != 0 ? r : dialogue_ask(state, measure, &t->say);
}

/* What the chat is waiting for already is not overtaken. */
static int
busy(struct talk *t)
{
	int r = talk_note_busy(t);

	if (r != 0 || (json_obj(t->state, "wish") == NULL && !talk_consent_open(t)))
		return r;
	r = buf_puts(&t->say, talk_consent_open(t) ? TALK_CONSENT_BUSY : "You are asking for support now. Answer that first, or write !cancel.");
	return r != 0 ? r : 1;
}

/* ${match} "": of none. */
static int
start(struct talk *t, const struct talk_kind *w, const char *match, const char *side, const json_t *measure)
{
	json_t *state = NULL;
	int r = dialogue_begin(w->kind, side, measure, &state);

	if (r != 0)
		return r > 0 ? ERR_CORRUPT : r;
	if (json_object_set_new(t->state, STATE, state) != 0 || json_object_set_new(state, "match", json_string(match)) != 0 ||
	    (measure != NULL && json_object_set(state, "measure", json_object_get(measure, "id")) != 0))
		return -ENOMEM;
	if ((r = buf_printf(&t->say, "This is about %s. %s One question at a time; !stop ends it, and then nothing is kept.\n", w->name, w->who)) != 0)
		return r;
	return ask(t);
}

/* Of a match if there is one. */
static int
begin(struct talk *t, const char *kind, const char *words, const json_t *measure)
{
	const struct talk_kind *w = talk_kind_of(kind);
	autofree char *match = NULL;
	const char *side = "member";
	int r = busy(t);

	if (r != 0)
		return r < 0 ? r : 0;
	r = notes_chat_match(t, words, &match, &side);
	if (r == E_BAD && w->both)
		return 0;
	if (r < 0)
		return r;
	if (r == 0 && !strcmp(kind, "application"))
		free(take(match));
	if (r == E_BAD)
		buf_cut(&t->say, t->say.len);
	if (r == E_NOTFOUND && w->both)
		return buf_puts(&t->say, "There is nobody with whom you are matched here now. Write what you want to say without a \"!\"; people here read it.");
	return start(t, w, match != NULL ? match : "", side, measure);
}

int
talk_checkin(struct talk *t, const char *words)
{
	return begin(t, "checkin", words, NULL);
}

int
talk_feedback(struct talk *t, const char *words)
{
	return begin(t, "feedback", words, NULL);
}

int
talk_reflect(struct talk *t, const char *words)
{
	return begin(t, "reflection", words, NULL);
}

int
talk_volunteer(struct talk *t, const char *words)
{
	(void)words;
	return begin(t, "application", "", NULL);
}

int
talk_measure(struct talk *t, const char *words)
{
	autojson json_t *list = NULL;
	const json_t *measure, *one;
	char id[33];
	size_t i;
	int r;

	(void)snprintf(id, sizeof(id), "%.*s", (int)strcspn(words, " \t\r\n"), words);
	if ((r = measure_of(t, id, &list, &measure)) != 0)
		return r;
	if (measure != NULL)
		return begin(t, "answers", "", measure);
	if (list == NULL)
		return buf_puts(&t->say, "There are no questionnaires here.");
	if ((r = buf_puts(&t->say, "Which one? Write for example: !measure ")) != 0)
		return r;
	r = buf_printf(&t->say, "%s\n", json_str(json_array_get(json_arr(list, "measures"), 0), "id"));
	json_array_foreach(json_arr(list, "measures"), i, one)
		if (r == 0)
			r = buf_printf(&t->say, "%s: %s\n", json_str(one, "id"), json_str(one, "about"));
	return r;
}

int
talk_note_read(struct talk *t, const char *kind)
{
	json_t *read = json_obj(t->state, READ);

	if (read == NULL && ((read = json_object()) == NULL || json_object_set_new(t->state, READ, read) != 0))
		return -ENOMEM;
	if (json_object_set_new(read, kind, json_true()) != 0)
		return -ENOMEM;
	return buf_puts(&t->say, t->say.len > 0 ? " What you wrote sounds like danger, so a person here reads it, too." :
	    "What you wrote sounds like danger, so a person here reads it, too. ");
}

/* The newest that they wrote of a kind. */
struct newest {
	json_t	*body;
	char	*match;
	bool	 own;
	int64_t	 n;
};

static int
take_newest(void *cookie, const struct note *note)
{
	struct newest *n = cookie;

	n->body = json_incref(note->body);
	n->own = note->own;
	n->n = note->n;
	return (n->match = strdup(note->pairing)) != NULL ? 1 : -ENOMEM;
}

static int
keep(struct talk *t, const struct talk_kind *w, const char *match, json_t *body, int64_t due, bool own)
{
	struct note note = { .pairing = (char *)match, .kind = (char *)w->kind, .at = app_now(t->app), .due = due, .pid = t->pid, .own = own, .body = body };
	char who[SUBJECT_NAME];
	int64_t gone;
	int r;

	/* What is theirs alone is one text, which the new one takes the place of. */
	if ((w->own && (r = note_forget(t->app->db, t->pid, w->kind, &gone)) != 0) || (r = note_add(t->app->db, NULL, &note)) != 0)
		return r;
	t->note = note.n;
	return audit_add(t->app->db, app_now(t->app), "member", "note", subject_person(t->pid, who), w->kind);
}

int
talk_note_show(struct talk *t, const json_t *body, int64_t n, bool own)
{
	const struct talk_kind *w = talk_kind_of(json_str(body, "kind"));
	int r = buf_printf(&t->say, "This is kept about %s, of %s:\n", w->name, json_str(body, "on"));

	t->quiet = true;
	t->note = n;
	if (r != 0 || (r = dialogue_words(body, &t->say)) != 0)
		return r;
	if (!w->own)
		return buf_printf(&t->say, "People here who support you can see it.\n!forget %s removes all that you wrote so.", w->topic);
	return buf_printf(&t->say, "%s\n!%s new writes it anew, !forget %s removes it%s%s.", own ?
	    "Nobody else sees it here, but for words that sound like danger." : "People here who support you can see it.", w->topic, w->topic, own ? ", !share " : "", own ? w->topic : "");
}

/* "reached 2": how a goal stands, as the member says.  false: that is not what the words are. */
static bool
stand(json_t *goals, const char *words)
{
	static const struct { const char *word, *state; } states[] = { { "reached", "reached" }, { "aside", "set_aside" }, { "open", "open" } };

	for (size_t i = 0; i < nelem(states); i++) {
		size_t len = strlen(states[i].word), n;
		char *end;

		if (strncasecmp(words, states[i].word, len) != 0 || words[len] != ' ')
			continue;
		n = strtoul(words + len, &end, 10);
		return *end == '\0' && n >= 1 && n <= json_array_size(goals) &&
		    json_object_set_new(json_array_get(goals, n - 1), "state", json_string(states[i].state)) == 0;
	}
	return false;
}

static int
mine(struct talk *t, const char *kind, const char *words)
{
	const struct talk_kind *w = talk_kind_of(kind);
	struct newest n = { 0 };
	int r = strcasecmp(words, "new") == 0 ? 0 : note_mine(t->app->db, t->pid, kind, take_newest, &n);

	if (r == 0)
		r = begin(t, kind, "", NULL);
	else if (r > 0 && *words != '\0' && !stand(json_arr(n.body, "goals"), words))
		r = buf_printf(&t->say, "Write !%s to see it, !%s new to write it anew%s.", w->topic, w->topic, json_arr(n.body, "goals") != NULL ?
		    ", !goals reached 1 if you reached the first, !goals aside 1 to leave it for now, !goals open 1 to go on with it" : "");
	else if (r > 0 && (*words == '\0' || (r = keep(t, w, n.match, n.body, 0, n.own)) == 0))
		r = talk_note_show(t, n.body, *words == '\0' ? n.n : t->note, n.own);
	json_decref(n.body);
	free(n.match);
	return r;
}

int
talk_goals(struct talk *t, const char *words)
{
	return mine(t, "goals", words);
}

int
talk_plan(struct talk *t, const char *words)
{
	return mine(t, "plan", words);
}

static int
change(struct talk *t, const char *words, bool forget)
{
	const struct talk_kind *w = talk_kind_of(words);
	struct newest n = { 0 };
	int64_t gone = 0;
	int r = w == NULL || (!forget && !w->own) ? 0 : note_mine(t->app->db, t->pid, w->kind, take_newest, &n);

	json_decref(n.body);
	free(n.match);
	if (r < 0)
		return r;
	if (w == NULL || (!forget && !w->own))
		return buf_puts(&t->say, forget ? "What is to be forgotten? Write !forget goals, plan, checkin, feedback, reflect, measure or volunteer." :
		    "What is to be shared? Write !share goals or !share plan.");
	if (r == 0)
		return buf_puts(&t->say, "There is nothing of this kind here.");
	if ((r = forget ? note_forget(t->app->db, t->pid, w->kind, &gone) : note_share(t->app->db, t->pid, w->kind, false)) != 0)
		return r;
	if (!forget)
		return buf_puts(&t->say, "People here who support you can see it now. To take it back, write !forget and write it anew.");
	if (json_object_del(json_obj(t->state, READ), w->kind) == 0)
		return buf_puts(&t->say, "It is forgotten here, for good, but for what sounded like danger: that was read by people here, and may still be "
		    "among your messages. Delete that message in your own chat, and its words are erased here, too. The rest stands there until you delete it.");
	return buf_puts(&t->say, "It is forgotten here, for good. In your own chat it stands until you delete it there.");
}

int
talk_share(struct talk *t, const char *words)
{
	return change(t, words, false);
}

int
talk_forget(struct talk *t, const char *words)
{
	return change(t, words, true);
}

/* 0: it may be kept; E_BAD: not, and it was said why. */
static int
score(struct talk *t, const json_t *measure, const json_t *part)
{
	struct measure_score s = { 0 };
	int r = measure_score(measure, json_arr(part, "items"), &s, NULL);

	if (r != 0)
		return (r = buf_puts(&t->say, "Too few questions are answered to count them, so nothing is kept.")) != 0 ? r : E_BAD;
	return buf_printf(&t->say, "Thank you; it is kept. Your score is %lld: %s.", s.score, s.says);
}

int
talk_note_keep(struct talk *t, const char *match, json_t *body, const json_t *measure)
{
	const struct talk_kind *w = talk_kind_of(json_str(body, "kind"));
	const json_t *checkin = json_obj(body, "checkin");
	char day[WHEN_TEXT];
	int64_t due = 0;
	int r = measure != NULL ? score(t, measure, json_obj(body, "answers")) : 0;

	t->quiet = true;
	if (json_int(checkin, "remind_days", 0) > 0)
		due = dialogue_daytime(app_now(t->app) + json_int(checkin, "remind_days", 0) * WHEN_DAY, (int)json_int(checkin, "utc_minutes", 0));
	if (r != 0 || (r = keep(t, w, match, body, due, w->own)) != 0)
		return r;
	if (measure == NULL)
		r = buf_printf(&t->say, "Thank you; it is kept. %s%s%s.", w->own ? "!" : "!forget ", w->topic, w->own ? " shows it" : " removes it");
	if (r == 0 && due > 0)
		r = buf_printf(&t->say, " You are asked again on %s, once.", when_print_day(due, day));
	return r;
}

static int
finish(struct talk *t, const json_t *measure)
{
	json_t *state = json_obj(t->state, STATE);
	autojson json_t *body = NULL;
	struct err why = { "" };
	char day[WHEN_TEXT];
	int r = dialogue_result(state, when_print_day(app_now(t->app), day), &body);

	if (r == E_NOTFOUND)
		r = buf_puts(&t->say, "Nothing was answered, so nothing is kept.");
	else if (r == 0 && (r = event_check(&ev_note_desc, body, &why)) > 0)
		r = ERR_CORRUPT;
	else if (r == 0)
		r = talk_note_keep(t, json_str(state, "match"), body, measure);
	(void)json_object_del(t->state, STATE);
	return r == E_BAD ? 0 : r;
}

int
talk_note_answer(struct talk *t, const char *words, bool hush)
{
	json_t *state = json_obj(t->state, STATE);
	autojson json_t *list = NULL;
	const json_t *measure;
	struct err why = { "" };
	bool over, alarm;
	int r;

	if (state == NULL)
		return E_NOTFOUND;
	if ((r = measure_of(t, json_str(state, "measure"), &list, &measure)) != 0)
		return r;
	t->quiet = true;
	if (json_str(state, "measure") != NULL && measure == NULL) {
		(void)json_object_del(t->state, STATE);
		return buf_puts(&t->say, "This questionnaire is not used here any more; nothing is kept.");
	}
	if ((r = dialogue_answer(state, measure, words, app_now(t->app), &over, &alarm, &why)) == E_BAD)
		return hush ? 0 : (r = buf_printf(&t->say, "%s%s\n", why.text, words != NULL ? " What you wrote is for people here to read." : "")) != 0 ? r : ask(t);
	if (r != 0)
		return r;
	t->took = !alarm;	/* Whoever is told finds who it was among the messages. */
	if (alarm && (r = talk_danger(t->app, t->pid)) != 0)
		return r;
	if ((hush || alarm) && ((r = talk_note_read(t, json_str(state, "kind"))) != 0 || json_object_set_new(state, READ, json_true()) != 0))
		return r != 0 ? r : -ENOMEM;
	if (over)
		return finish(t, measure);
	return hush ? buf_puts(&t->say, "When you want to go on with your questions, write !next.") : ask(t);
}

int
talk_skip(struct talk *t, const char *words)
{
	int r;

	(void)words;
	r = talk_consent_open(t) ? talk_consent_answer(t, NULL) : talk_note_answer(t, NULL, false);
	return r == E_NOTFOUND ? buf_puts(&t->say, "Nothing is being asked now that could be left out.") : r;
}

int
talk_next(struct talk *t, const char *words)
{
	(void)words;
	if (talk_consent_open(t) || talk_consent_offered(t))
		return talk_consent_next(t);
	return talk_note_open(t) ? ask(t) : buf_puts(&t->say, "Nothing is being asked now. !help shows what you can write.");
}

int
talk_stop(struct talk *t, const char *words)
{
	bool read;

	(void)words;
	if (!talk_note_open(t) && talk_consent_drop(t))
		return buf_puts(&t->say, "Stopped; nothing was told. !consent begins again.");
	if (!talk_note_open(t))		/* There are two other things to stop. */
		return buf_puts(&t->say, "To stop what is being asked here, write !cancel. To take a consent back, write !revoke. People here read all that you write.");
	read = json_object_get(json_obj(t->state, STATE), READ) != NULL;
	(void)json_object_del(t->state, STATE);
	return buf_puts(&t->say, read ? "Stopped; nothing of it is kept but what sounded like danger: people here read that." :
	    "Stopped; nothing of it is kept.");
}
