/* SPDX-License-Identifier: Apache-2.0 */
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/canon.h"
#include "base/id.h"
#include "base/log.h"
#include "bound.h"
#include "consult.h"
#include "lifeline.h"
#include "matrix/request.h"
#include "message.h"
#include "notes_chat.h"
#include "notes_form.h"
#include "store/audit.h"
#include "store/dirstore.h"
#include "store/intakestore.h"
#include "store/messagestore.h"
#include "store/outbox.h"
#include "store/peoplestore.h"
#include "domain/consent_ask.h"
#include "said.h"
#include "talk_consent.h"
#include "talk_note.h"

enum { WORDS_MAX = 1000, PLAIN_MAX = 40, PING_MS = 3600 * 1000, AGAIN_MS = 3600 * 1000 };

static int	help(struct talk *, const char *);
static int	yes(struct talk *, const char *);

static const struct topic {
	const char	*name;
	int		(*run)(struct talk *, const char *);
	const char	*what;		/* In !help; NULL: said where it is asked for. */
	bool		 shows;		/* It changes nothing, and is done without "!" too, or with a slip of the finger. */
	bool		 asks;		/* Begins questions: not while another waits. */
} topics[] = {
	{ "help",	help,		NULL, true, false },
	{ "stop",	talk_stop,	NULL, true, false },
	{ "find",	talk_find,	"!find WORDS - look for people and groups, for example: !find grief evening", true, false },
	{ "read",	talk_read,	"!read WORDS - look for something to read, or for what others lived through, for example: !read sleep", false, false },
	{ "refer",	talk_refer,	"!refer NUMBER - ask one of those that were found for support, without your name", false, true },
	{ "yes",	yes,		NULL, false, false },
	{ "no",		talk_consent_no, NULL, false, false },
	{ "status",	talk_status,	"!status - what became of what you asked for", true, false },
	{ "cancel",	talk_cancel,	"!cancel - stop what you are asking, or take back what you asked for", false, false },
	{ "consent",	talk_consent,	"!consent - decide whether those who said yes may know who you are", false, true },
	{ "revoke",	talk_revoke,	"!revoke - take your consent back, at once", false, false },
	{ "who",	talk_who,	"!who - who can see what", true, false },
	{ "goals",	talk_goals,	"!goals, !plan - what you want, and what keeps you well; yours alone unless you share it", false, false },
	{ "plan",	talk_plan,	NULL, false, false },
	{ "checkin",	talk_checkin,	"!checkin - say how it goes, and be asked again if you like", false, false },
	{ "feedback",	talk_feedback,	"!feedback - how it is with the one who supports you", false, false },
	{ "reflect",	talk_reflect,	NULL, false, false },
	{ "measure",	talk_measure,	"!measure - answer a questionnaire", false, false },
	{ "volunteer",	talk_volunteer,	"!volunteer - offer to support others", false, false },
	{ "answer",	consult_answer,	NULL, false, false },
	{ "account",	bound_topic,	NULL, false, false },
	{ "notes",	notes_form_topic, "!notes - what is kept of what you wrote so", false, false },
	{ "share",	talk_share,	NULL, false, false },
	{ "forget",	talk_forget,	"!forget plan - have what you wrote so forgotten; also goals, checkin, feedback, reflect, measure", false, false },
	{ "skip",	talk_skip,	NULL, false, false },
	{ "done",	talk_skip,	NULL, false, false },
	{ "next",	talk_next,	NULL, false, false },
};

/* Letters stand for the words of a consent, or for those of an agreement. */
static int
yes(struct talk *t, const char *words)
{
	char code[CONSENT_ASK_CODE + 1];

	return consent_ask_said(words, code) ? talk_consent_yes(t, code) : notes_chat_yes(t, words);
}

static int
say(struct app *app, int64_t pid, const char *text, int64_t note, bool automatic)
{
	char id[ID_LEN + 1], key[ID_LEN + 8], n[24];
	int r;

	id_new(app->world, id);
	if ((r = message_add(app->db, id, NULL, pid, true, text, app_now(app))) != 0 || (automatic && (r = message_automatic(app->db, id)) != 0) || note == 0)
		return r;
	(void)snprintf(n, sizeof(n), "%lld", (long long)note);
	return meta_put(app->db, message_note(id, key), n, false);
}

int
talk_show(struct app *app, int64_t pid, const char *text, int64_t note)
{
	return say(app, pid, text, note, false);
}

int
talk_say(struct app *app, int64_t pid, const char *text)
{
	return say(app, pid, text, 0, false);
}

int
talk_reply(struct app *app, int64_t pid, const char *text, int64_t note)
{
	return say(app, pid, text, note, true);
}

static int
help(struct talk *t, const char *words)
{
	int r;

	(void)words;
	if ((r = buf_printf(&t->say, "This is the assistant of %s, a program. People here read what you write without a \"!\" in front. "
	    "You can write:\n", t->app->cfg->organization)) != 0)
		return r;
	for (size_t i = 0; i < nelem(topics) && r == 0; i++)
		if (topics[i].what != NULL)
			r = buf_printf(&t->say, "%s\n", topics[i].what);
	if (r == 0)
		r = buf_puts(&t->say, "Peer support means people who have been through something similar. You decide; nobody has to give a name. "
		    "It is no therapy, and nothing for an emergency:");
	return r != 0 ? r : lifeline_say(t->app, &t->say);
}

/* Does it hold one of the configured words, from the beginning of a word on? */
int
talk_sounds_like_danger(const struct app *app, const char *body, bool *ret)
{
	const char *next = app->cfg->crisis_words;
	autofree char *said = said_fold(body);

	*ret = false;
	while (said != NULL && next != NULL && *next != '\0' && !*ret) {
		const char *begin = next + strspn(next, " ,\n");
		autofree char *one = strndup(begin, strcspn(begin, ",\n")), *word = one != NULL ? said_fold(one) : NULL;
		size_t len = word != NULL ? strlen(word) : 0;

		if (word == NULL)
			return -ENOMEM;
		next = begin + strlen(one);
		if (len > 0 && word[len - 1] == ' ')
			word[--len] = '\0';
		for (const char *p = said; len > 0 && !*ret && (p = strstr(p, word)) != NULL; p++)
			*ret = p == said || !isalnum((unsigned char)p[-1]);
	}
	return said != NULL ? 0 : -ENOMEM;
}

/* Whoever is on call is told that somebody needs them: not who, not what. */
static int
ping(struct app *app, int64_t pid)
{
	autofree char *last = NULL;
	char key[48], now[24];
	int64_t staff;
	int r;

	if (app->cfg->on_call_user == NULL)
		return 0;
	(void)snprintf(key, sizeof(key), "pinged:%lld", (long long)pid);
	(void)snprintf(now, sizeof(now), "%lld", (long long)app_now(app));
	if ((r = meta_get(app->db, key, false, &last)) < 0)
		return r;
	if (r == 0 && app_now(app) - strtoll(last, NULL, 10) < PING_MS)
		return 0;
	if ((r = meta_put(app->db, key, now, false)) != 0 || (r = person_id(app->db, app->cfg->on_call_user, &staff)) != 0)
		return r;
	return talk_say(app, staff, "Somebody who writes to us may be in danger. They were given the crisis numbers at once. "
	    "Read what they wrote, and answer: cairn list messages");
}

int
talk_danger(struct app *app, int64_t pid)
{
	autobuf struct buf say = { 0 };
	int r = buf_puts(&say, "It sounds as if you are in danger, or somebody is. This is a program and cannot help with that; people can, now:");

	if (r != 0 || (r = lifeline_say(app, &say)) != 0 ||
	    (r = buf_puts(&say, "\nPeople here read what you wrote; it has gone to nobody outside.")) != 0 ||
	    (r = talk_reply(app, pid, say.data, 0)) != 0 ||
	    (r = message_step(app)) != 0 || (r = ping(app, pid)) != 0)	/* Not behind what is said beside it. */
		return r;
	return audit_add(app->db, app_now(app), "node", "crisis_reply", "talk", NULL);
}

static int
begin(struct app *app, int64_t pid, struct intake *ret, struct talk *t)
{
	char id[ID_LEN + 1];
	int r = intake_by_person(app->db, pid, ret);

	if (r == E_NOTFOUND) {
		id_new(app->world, id);
		*ret = (struct intake){ .id = strdup(id), .pid = pid, .made = app_now(app) };
		r = ret->id != NULL ? 0 : -ENOMEM;
	}
	if (r == 0 && ret->talk != NULL)
		r = canon_stored(ret->talk, &t->state);
	if (r == 0 && t->state == NULL && (t->state = json_object()) == NULL)
		return -ENOMEM;
	t->app = app;
	t->pid = pid;
	t->intake = ret->id;
	return r;
}

/* "!", as any keyboard writes it; then where the command begins, else NULL. */
static const char *
command(const char *body)
{
	size_t n = *body == '!' ? 1 : !strncmp(body, "\xEF\xBC\x81", 3) ? 3 : 0;

	return n == 0 ? NULL : body + n + strspn(body + n, " \t\r\n");
}

/* "refer 2": the topic, or one that is a slip away from it, and where its words begin. */
static const struct topic *
topic_of(const char *name, bool *ret_exact, const char **ret_words)
{
	const struct topic *near = NULL;
	size_t len = 0;

	while (isalpha((unsigned char)name[len]))
		len++;
	*ret_words = name + len + strspn(name + len, ".,:;!?");
	*ret_words += strspn(*ret_words, " \t\r\n");
	*ret_exact = true;
	for (size_t i = 0; i < nelem(topics); i++)
		if (strlen(topics[i].name) == len && strncasecmp(topics[i].name, name, len) == 0)
			return &topics[i];
		else if (near == NULL && said_near(name, len, topics[i].name))
			near = &topics[i];
	*ret_exact = false;
	return near;
}

/* Is there a command in the midst of it too? */
static bool
has_another(const char *words)
{
	const char *p, *rest;
	bool exact;

	for (p = words; (p = strpbrk(p, "!\xEF")) != NULL; p++)
		if ((p == words || isspace((unsigned char)p[-1])) && command(p) != NULL && topic_of(command(p), &exact, &rest) != NULL)
			return true;
	return false;
}

static int
run_command(struct talk *t, const char *name)
{
	const char *words;
	bool exact;
	const struct topic *topic = topic_of(name, &exact, &words);
	int r;

	if (strlen(name) > WORDS_MAX)
		return buf_puts(&t->say, "This is too long for a command. People here read it; !help shows what the program can do.");
	if (isdigit((unsigned char)*name) && (r = talk_note_open(t) ? talk_note_answer(t, name, false) : talk_consent_open(t) ? talk_consent_answer(t, name) :
	    talk_asking(t) ? talk_answer(t, name) : talk_number(t, name)) != E_NOTFOUND)
		return r;
	if (topic != NULL && has_another(words))
		return buf_puts(&t->say, "One thing at a time, please: write each command in a message of its own. Nothing was done.");
	if (topic != NULL && exact && topic->asks && (r = talk_note_busy(t)) != 0)
		return r < 0 ? r : 0;
	if (topic != NULL && exact && topic->run == talk_refer && talk_consent_open(t))
		return buf_puts(&t->say, TALK_CONSENT_BUSY);
	if (topic != NULL && (exact || topic->shows))
		return topic->run == talk_cancel && talk_note_open(t) ? talk_stop(t, words) : topic->run(t, words);
	if (topic != NULL)
		return buf_printf(&t->say, "Did you mean !%s? Then write it once more like that. Nothing was done.", topic->name);
	return (r = buf_puts(&t->say, "This is not known here.\n")) != 0 ? r : help(t, "");
}

/* Without "!": E_NOTFOUND: for people. */
static int
run_plain(struct talk *t, const char *body)
{
	const char *words;
	bool exact, asking = talk_asking(t);
	const struct topic *topic = topic_of(body, &exact, &words);
	char code[CONSENT_ASK_CODE + 1];
	int r;

	if (strlen(body) > PLAIN_MAX || !exact)
		topic = NULL;
	if ((talk_note_open(t) || talk_consent_fresh(t)) && (topic == NULL || *words != '\0' || (topic->run != help && topic->run != talk_stop)))
		return talk_note_open(t) ? talk_note_answer(t, body, false) : talk_consent_answer(t, body);
	if (asking && (topic == NULL || !topic->shows || *words != '\0' || topic->run == talk_find))
		return talk_answer(t, body);
	if (talk_consent_offered(t) && (topic != NULL ? topic->run == yes || topic->run == talk_consent_no :
	    consent_ask_said(body, code) || !strcasecmp(body, "ok") || !strcasecmp(body, "okay")))
		return talk_consent_hint(t);
	if (topic == NULL && talk_consent_open(t))
		return talk_consent_late(t);
	if (topic == NULL)
		return (r = consult_number(t, body)) == E_NOTFOUND ? talk_number(t, body) : r;
	if (topic->shows)
		return topic->run(t, words);
	return topic->what == NULL ? E_NOTFOUND : buf_printf(&t->say, "Did you mean !%s? Then write it once more, with the \"!\" in front. "
	    "Nothing was done; people here read what you write.", topic->name);
}

static int
run(struct talk *t, const struct said *said)
{
	const char *body = said->said + strspn(said->said, " \t\r\n"), *name = command(body), *words;
	autojson json_t *cancel = json_incref(json_object_get(t->state, "cancel"));
	const struct topic *topic;
	bool exact;
	int r;

	/* A yes is one to what was asked just before. */
	(void)json_object_del(t->state, "cancel");
	if (cancel != NULL && !said->change && name != NULL && (topic = topic_of(name, &exact, &words)) != NULL && exact &&
	    topic->run == yes && *words == '\0')
		return talk_take_back(t, json_string_value(cancel));
	if (!said->change) {
		r = name != NULL ? run_command(t, name) : run_plain(t, body);
		return r != E_NOTFOUND || cancel == NULL ? r : buf_puts(&t->say, "Your request stays as it is. People here read what you wrote.");
	}
	return name == NULL && !talk_asking(t) && !talk_note_open(t) && !talk_consent_open(t) ? E_NOTFOUND : buf_puts(&t->say, "A message that is changed afterwards is not done again, and not undone. "
	    "If it was for this program, write it once more as a new message; !help shows what you can write.");
}

/* What may have been written by somebody else shows, at most, or takes a consent back; !account looks at the device itself. */
static bool
may_unsure(const struct topic *topic)
{
	return (topic->shows && topic->run != talk_stop) || topic->run == talk_read || topic->run == talk_revoke || topic->run == bound_topic;
}

static int
run_unsure(struct talk *t, const struct said *said)
{
	const char *body = said->said + strspn(said->said, " \t\r\n"), *name = command(body), *words;
	const struct topic *topic;
	bool exact;

	topic = topic_of(name != NULL ? name : body, &exact, &words);
	if (said->note == NULL && !said->change && topic != NULL && exact && may_unsure(topic) && (name != NULL || (topic->shows && *words == '\0')))
		return run(t, said);
	if (said->note == NULL && name == NULL && !talk_asking(t) && !talk_note_open(t) && !talk_consent_open(t))
		return E_NOTFOUND;
	return buf_puts(&t->say, "This was not done: it came from an app that you have not verified, and somebody else may have written it. Verify the app in "
	    "its settings, then write it once more. People here read it.");
}

/* One plain reply for all that cannot be read. */
static int
unread(struct app *app, int64_t pid)
{
	autobuf struct buf say = { 0 };
	int r = buf_puts(&say, "This could not be read. Only words come through here, in a chat that is encrypted: no voice messages, pictures, calls or "
	    "reactions. Please write it in words; !help shows what can be done at once. If it cannot wait:");

	if (r != 0 || (r = lifeline_say(app, &say)) != 0)
		return r;
	return talk_reply(app, pid, say.data, 0);
}

/* Was it said in the last hour, or since ${since}?  If not, it is now. */
static int
once_since(struct app *app, const char *what, int64_t pid, int64_t since)
{
	autofree char *last = NULL;
	char key[48], now[24];
	int64_t at;
	int r;

	(void)snprintf(key, sizeof(key), "%s:%lld", what, (long long)pid);
	(void)snprintf(now, sizeof(now), "%lld", (long long)app_now(app));
	if ((r = meta_get(app->db, key, false, &last)) < 0)
		return r;
	at = r == 0 ? strtoll(last, NULL, 10) : INT64_MIN / 2;
	if (app_now(app) - at < AGAIN_MS || at >= since)
		return E_EXISTS;
	return meta_put(app->db, key, now, false);
}

static int
once(struct app *app, const char *what, int64_t pid)
{
	return once_since(app, what, pid, INT64_MAX);
}

int
talk_unread(struct app *app, int64_t pid)
{
	int r = once(app, "unread", pid);

	return r != 0 ? (r == E_EXISTS ? 0 : r) : unread(app, pid);
}

int
talk_clear(struct app *app, const struct room *room, int64_t since)
{
	autofree char *path = NULL;
	autobuf struct buf say = { 0 };
	autojson json_t *content = NULL;
	char id[ID_LEN + 1];
	int r = once_since(app, "clear", room->pid, since);

	if (r != 0)
		return r == E_EXISTS ? 0 : r;
	if ((r = buf_printf(&say, "This is the assistant of %s, a program; it says this to everybody whose app is not verified. Answers come here only to verified apps, so "
	    "that nobody else can read them, and none of yours is verified yet. Please verify it in its settings (in Element: Settings, Sessions or Encryption, Verify); "
	    "then the answer comes by itself. Until then, do not rely on this chat: people here may not have read what you wrote. If it cannot wait:",
	    app->cfg->organization)) != 0 || (r = lifeline_say(app, &say)) != 0)
		return r;
	id_new(app->world, id);
	path = request_path("/rooms/%s/send/m.room.message/%s", room->room_id, id);
	content = json_pack("{s:s, s:s, s:{}}", "msgtype", "m.notice", "body", say.data, "m.mentions");
	if (path == NULL || content == NULL)
		return -ENOMEM;
	/* Not in the room's lane, where the answers wait. */
	if ((r = outbox_call(app->db, "node", TALK_CLEAR, "PUT", path, content, TALK_CLEAR, NULL)) != 0)
		return r;
	return audit_add(app->db, app_now(app), "node", "clear_reply", "talk", NULL);
}

int
talk_deleted(struct app *app, int64_t pid, bool danger, bool held)
{
	autobuf struct buf say = { 0 };
	int r = once(app, "deleted", pid);

	if (r != 0 && !(r == E_EXISTS && danger))
		return r == E_EXISTS ? 0 : r;
	if ((r = buf_puts(&say, held ? "Your homeserver says that you deleted a message. For now its words must be kept here. Ask people here to erase them when that ends; they can tell you more." : "Your homeserver says that you deleted a message: its words are erased here, too. People here see that there was one, and may have read it "
	    "before. If it was not you, write it again. What you did with it stays: !status shows what you asked for, !cancel takes that back, !revoke takes your consent back, and !forget "
	    "erases what you keep here.")) != 0)
		return r;
	if (danger && ((r = buf_puts(&say, "\nIf you are still in danger, or somebody is, people can help now:")) != 0 || (r = lifeline_say(app, &say)) != 0))
		return r;
	return talk_reply(app, pid, say.data, 0);
}

int
talk_person(struct app *app, int64_t pid)
{
	int r = once(app, "told", pid);

	return r == E_EXISTS ? 0 : r;
}

/*
 * What people are to read is answered too: the first time with a greeting, then once an hour unless a person
 * speaks with them.
 */
static int
for_people(struct app *app, int64_t pid, const struct said *said)
{
	autobuf struct buf say = { 0 };
	autofree char *greeted = NULL;
	char key[48];
	int r, again = once(app, "told", pid);

	(void)snprintf(key, sizeof(key), "greeted:%lld", (long long)pid);
	if ((again != 0 && again != E_EXISTS) || (r = meta_get(app->db, key, false, &greeted)) < 0)
		return again != 0 && again != E_EXISTS ? again : r;
	if (said->cut && (r = buf_puts(&say, "This was too long: only its beginning could be kept. Please send the rest in shorter messages. ")) != 0)
		return r;
	if (greeted == NULL || again == 0) {
		if ((r = meta_put(app->db, key, "1", false)) != 0 ||
		    (r = buf_printf(&say, greeted == NULL ? "Thank you for writing to %s. " : "Your message to %s is here. ", app->cfg->organization)) != 0 ||
		    (r = buf_puts(&say, "A person reads this and answers; it can take a while. \"!help\" shows what you can do at once.")) != 0 ||
		    (r = lifeline_say(app, &say)) != 0)
			return r;
	}
	return say.len > 0 ? talk_reply(app, pid, say.data, 0) : 0;
}

/*
 * What sounds like danger may be an answer, too: a plan for bad days speaks of them; or a command, which is done as
 * always.  People read it in any case, so nothing that is to be nobody's is taken from it.
 */
static int
answer_too(struct talk *t, const struct said *said)
{
	const char *body = said->said != NULL ? said->said + strspn(said->said, " \t\r\n") : NULL, *words;
	const struct topic *topic;
	bool exact;
	int r = 0;

	if (body != NULL && command(body) != NULL) {
		topic = topic_of(command(body), &exact, &words);
		r = topic != NULL && topic->run == consult_answer ? buf_puts(&t->say, "Your answer was not taken: what sounds like danger is read by "
		    "people here, who would see whose it is. If nobody is in danger, please answer in other words.") : run(t, said);
	} else {
		(void)json_object_del(t->state, "cancel");
		if (body != NULL && talk_note_open(t) && !said->change)
			r = talk_note_answer(t, body, true);
		else if (talk_asking(t))
			r = buf_puts(&t->say, "What you were asking for here can wait; it is kept. !cancel stops it.");
		else if (talk_consent_open(t))
			r = buf_puts(&t->say, "What you were being asked here can wait; nothing of it is told. !next goes on with it.");
	}
	t->took = false;
	return r == E_NOTFOUND ? 0 : r;
}

int
talk_heard(struct app *app, int64_t pid, const struct said *said, bool *ret_took)
{
	autointake struct intake who = { 0 };
	struct talk t = { .device = said->device };
	bool bad;
	int r;

	/* Not even to words of danger: what programs answer names the numbers for it, and two would answer each other for ever. */
	if (said->automatic && said->note == NULL)
		return 0;
	if ((r = talk_sounds_like_danger(app, said->said != NULL ? said->said : said->kept, &bad)) != 0 || (bad && (r = talk_danger(app, pid)) != 0))
		return r;
	if (said->said == NULL)
		return bad ? 0 : unread(app, pid);
	if ((r = begin(app, pid, &who, &t)) == 0 &&
	    (r = said->unsure ? run_unsure(&t, said) : said->note != NULL ? notes_form_heard(&t, said, bad) : bad ? answer_too(&t, said) :
	    run(&t, said)) == 0 && (r = talk_consent_settle(&t)) == 0) {
		free(who.talk);
		if ((who.talk = json_text(t.state, JSON_COMPACT)) == NULL)
			r = -ENOMEM;
		else if ((r = intake_put(app->db, &who)) == 0 && t.say.len > 0)
			r = said->automatic ? 0 : t.quiet ? message_pass(app, pid, t.say.data, t.note) : talk_reply(app, pid, t.say.data, t.note);
		*ret_took = t.took;
	}
	json_decref(t.state);
	buf_wipe(&t.say);
	return r != E_NOTFOUND ? r : bad ? 0 : for_people(app, pid, said);
}
