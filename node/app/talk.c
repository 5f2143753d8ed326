/* SPDX-License-Identifier: Apache-2.0 */
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/canon.h"
#include "base/id.h"
#include "base/log.h"
#include "store/audit.h"
#include "store/dirstore.h"
#include "store/intakestore.h"
#include "store/peoplestore.h"
#include "talk.h"

enum { WORDS_MAX = 1000, PING_MS = 3600 * 1000 };

static int	help(struct talk *, const char *);

static const struct topic {
	const char	*name;
	int		(*run)(struct talk *, const char *);
	const char	*what;		/* In !help; NULL: said where it is asked for. */
} topics[] = {
	{ "help",	help,		NULL },
	{ "find",	talk_find,	"!find WORDS - look for people and groups, for example: !find grief evening" },
	{ "refer",	talk_refer,	"!refer NUMBER - ask one of those that were found for support, without your name" },
	{ "yes",	talk_yes,	NULL },
	{ "status",	talk_status,	"!status - what became of what you asked for" },
	{ "cancel",	talk_cancel,	"!cancel - stop what you are asking" },
	{ "revoke",	talk_revoke,	"!revoke - take your consent back, at once" },
	{ "who",	talk_who,	"!who - who can see what" },
};

int
talk_say(struct app *app, int64_t pid, const char *text)
{
	char id[ID_LEN + 1];

	id_new(app->world, id);
	return message_add(app->db, id, NULL, pid, true, text, app_now(app));
}

static int
add_line(void *cookie, const struct own_record *rec)
{
	autojson json_t *body = NULL;
	struct buf *out = cookie;
	json_t *way;
	size_t i;
	int r;

	if (canon_parse(rec->body, strlen(rec->body), &body, NULL) != 0)
		return ERR_CORRUPT;
	json_array_foreach(json_arr(body, "ways"), i, way)
		if ((r = buf_printf(out, "\n%s: %s %s", json_str(body, "name"), json_str(way, "how"), json_str(way, "value"))) != 0)
			return r;
	return 0;
}

/* The numbers of the configuration and of our own crisis lines; no network, no partner. */
static int
numbers(struct app *app, struct buf *out)
{
	size_t before = out->len;
	int r = app->cfg->crisis_text != NULL ? buf_printf(out, "\n%s", app->cfg->crisis_text) : 0;

	if (r == 0)
		r = own_each(app->db, "crisis_line", add_line, out);
	return r != 0 || out->len > before ? r : buf_puts(out, "\nCall the emergency number of where you are.");
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
	return r != 0 ? r : numbers(t->app, &t->say);
}

/* Does it hold one of the configured words, from the beginning of a word on? */
static bool
sounds_like_danger(const struct app *app, const char *body)
{
	const char *next = app->cfg->crisis_words;

	while (next != NULL && *next != '\0') {
		const char *word = next + strspn(next, " ,\n");
		size_t len = strcspn(word, ",\n");

		next = word + len;
		while (len > 0 && word[len - 1] == ' ')
			len--;
		for (const char *p = body; len > 0 && *p != '\0'; p++)
			if ((p == body || !isalnum((unsigned char)p[-1])) && strncasecmp(p, word, len) == 0)
				return true;
	}
	return false;
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

static int
danger(struct app *app, int64_t pid)
{
	autobuf struct buf say = { 0 };
	int r = buf_puts(&say, "It sounds as if you are in danger, or somebody is. This is a program and cannot help with that; people can, now:");

	if (r != 0 || (r = numbers(app, &say)) != 0 ||
	    (r = buf_puts(&say, "\nWhat you wrote has gone to nobody outside. What you were asking for here can wait; it is kept.")) != 0 ||
	    (r = talk_say(app, pid, say.data)) != 0 || (r = ping(app, pid)) != 0)
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
	if (r == 0 && ret->talk != NULL && canon_parse(ret->talk, strlen(ret->talk), &t->state, NULL) != 0)
		return ERR_CORRUPT;
	if (r == 0 && t->state == NULL && (t->state = json_object()) == NULL)
		return -ENOMEM;
	t->app = app;
	t->pid = pid;
	t->intake = ret->id;
	return r;
}

/* "!refer 2": the topic, and where its words begin. */
static const struct topic *
topic_of(const char *body, const char **ret_words)
{
	size_t len = strcspn(body + 1, " \t\r\n");

	*ret_words = body + 1 + len + strspn(body + 1 + len, " \t\r\n");
	for (size_t i = 0; i < nelem(topics); i++)
		if (strlen(topics[i].name) == len && strncasecmp(topics[i].name, body + 1, len) == 0)
			return &topics[i];
	return NULL;
}

static int
run(struct talk *t, const char *body)
{
	const char *words;
	const struct topic *topic;
	int r;

	if (*body != '!')
		return talk_answer(t, body);
	if ((topic = topic_of(body, &words)) != NULL)
		return topic->run(t, words);
	return (r = buf_puts(&t->say, "This is not known here.\n")) != 0 ? r : help(t, "");
}

int
talk_heard(struct app *app, int64_t pid, const char *body)
{
	autointake struct intake who = { 0 };
	struct talk t = { .state = NULL };
	int r;

	body += strspn(body, " \t\r\n");
	if (sounds_like_danger(app, body))
		return danger(app, pid);
	if (strlen(body) > WORDS_MAX)
		return 0;
	if ((r = begin(app, pid, &who, &t)) == 0 && (r = run(&t, body)) == 0) {
		free(who.talk);
		if ((who.talk = json_text(t.state, JSON_COMPACT)) == NULL)
			r = -ENOMEM;
		else if ((r = intake_put(app->db, &who)) == 0 && t.say.len > 0)
			r = talk_say(app, pid, t.say.data);
	}
	json_decref(t.state);
	buf_wipe(&t.say);
	return r == E_NOTFOUND ? 0 : r;
}
