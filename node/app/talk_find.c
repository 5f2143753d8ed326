/* SPDX-License-Identifier: Apache-2.0 */
/* talk_find: a member looks for support and asks for it, without their name. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/canon.h"
#include "base/event.h"
#include "base/grammar.h"
#include "case.h"
#include "domain/crisis.h"
#include "domain/trust.h"
#include "events.h"
#include "find.h"
#include "store/dirstore.h"
#include "store/intakestore.h"
#include "talk_consent.h"

enum { SHOWN = 5, LOOKED = 40, TEXTS = 2 };

/* What people read instead of the words of the wire; a word that is not here is shown with blanks. */
static const struct { const char *value, *words; } plain[] = {
	{ "under_13", "under 13" }, { "13_17", "13 to 17" }, { "18_25", "18 to 25" }, { "26_59", "26 to 59" }, { "60_plus", "60 or older" },
	{ "mental_health", "my mental health" }, { "substance_use", "alcohol or drugs" }, { "chronic_illness", "a long illness" },
	{ "grief", "grief" }, { "family_caregiver", "somebody I care for" }, { "youth", "being young" },
	{ "reentry", "coming out of prison" }, { "everyday_support", "everyday life" },
	{ "in_person", "meeting in person" }, { "online_text", "writing online" }, { "online_voice", "talking online" },
	{ "online_video", "video" }, { "phone", "by phone" }, { "forum", "a forum" }, { "mobile_app", "an app" },
	{ "routine", "it can wait some weeks" }, { "soon", "in the next days" }, { "urgent", "as soon as possible (but it is no emergency)" },
	{ "en", "English" }, { "es", "Spanish" }, { "fr", "French" }, { "de", "German" }, { "zh", "Chinese" }, { "ar", "Arabic" }, { "pt", "Portuguese" },
};

/* The questions, one at a time.  ${list}: the record's own values are offered, of those that the wire knows. */
static const struct question {
	const char		*key, *text, *list;
	const struct ev_enum	*values;
} questions[] = {
	{ "age_band", "How old are you?", NULL, &ev_age_band_names },
	{ "need", "What is it about?", NULL, &ev_need_names },
	{ "language", "Which language?", "languages", NULL },
	{ "modality", "How would you like to meet?", "modalities", &ev_modality_names },
	{ "urgency", "How soon?", NULL, &ev_urgency_names },
	{ "time", "When would it suit you?", NULL, &ev_time_slot_names },
};

const char *
talk_plainly(const char *value, char out[64])
{
	for (size_t i = 0; i < nelem(plain); i++)
		if (!strcmp(plain[i].value, value))
			return plain[i].words;
	(void)snprintf(out, 64, "%s", value);
	for (char *p = out; *p != '\0'; p++)
		*p = *p == '_' ? ' ' : *p;
	return out;
}

void
talk_one_line(struct buf *out, size_t from)
{
	for (size_t i = from; i < out->len; i++)
		out->data[i] = (char)((unsigned char)out->data[i] < ' ' ? ' ' : out->data[i]);
}

bool
talk_drop(struct talk *t)
{
	bool was = json_obj(t->state, "wish") != NULL;

	(void)json_object_del(t->state, "asked");
	(void)json_object_del(t->state, "wish");
	return was;
}

static int
say_record(struct talk *t, const json_t *row, size_t number)
{
	static const char *const ages[] = { "reason", "old" };	/* The record itself; what it says of free places. */
	const struct trust_org *org = trust_org(t->app->trust, json_str(row, "org"));
	size_t from = t->say.len;
	int r = buf_printf(&t->say, "%zu. %s (%s, %s)", number, json_str(row, "name"), json_str(row, "kind"), org != NULL ? org->name : "?");

	if (r == 0 && json_str(row, "places") != NULL)
		r = buf_printf(&t->say, ", free: %s", json_str(row, "places"));
	if (r == 0 && !strcmp(json_str(row, "kind"), "specialist"))
		r = buf_puts(&t->say, json_is_true(json_object_get(row, "certified")) ? ", certified" : ", not certified");
	for (size_t i = 0; i < nelem(ages) && r == 0; i++)
		if (json_str(row, ages[i]) != NULL && *json_str(row, ages[i]) != '\0')
			r = buf_printf(&t->say, "; %s", json_str(row, ages[i]));
	talk_one_line(&t->say, from);
	return r != 0 ? r : buf_puts(&t->say, "\n");
}

static int
list_found(struct talk *t, const json_t *records, json_t *found)
{
	json_t *row;
	size_t i;
	int r;

	json_array_foreach((json_t *)records, i, row) {
		const char *kind = json_str(row, "kind");

		if (json_array_size(found) == SHOWN || (strcmp(kind, "program") != 0 && strcmp(kind, "group") != 0 && strcmp(kind, "specialist") != 0))
			continue;
		if (json_array_append_new(found, json_pack("{s:O, s:O, s:O}", "id", json_object_get(row, "id"), "org", json_object_get(row, "org"),
		    "name", json_object_get(row, "name"))) != 0)
			return -ENOMEM;
		if ((r = say_record(t, row, json_array_size(found))) != 0)
			return r;
	}
	return 0;
}

/* What one can do with the list: people first, and behind them what there is to read. */
static int
say_next(struct talk *t, size_t people, size_t all)
{
	int r = people > 0 ? buf_printf(&t->say, "To ask one of them for support, without your name, write for example: !refer 1\nThese are of other organizations. For what %s "
	    "offers itself, write without a \"!\" what you look for; people here read it.", t->app->cfg->organization) :
	    buf_puts(&t->say, "Nobody was found for these words, only what one can read. Try fewer or others, or write what you look for without a \"!\"; people here read it.");

	return r != 0 || all == people ? r : buf_printf(&t->say, "\nTo read one, write for example: !read %zu", people + 1);
}

int
talk_find(struct talk *t, const char *words)
{
	autojson json_t *args = json_pack("{s:s*, s:i}", "words", *words != '\0' ? words : NULL, "limit", LOOKED);
	autojson json_t *result = NULL, *found = json_array();
	struct err why = { "" };
	size_t people;
	int r;

	if (args == NULL || found == NULL)
		return -ENOMEM;
	(void)talk_drop(t);
	if ((r = find_run(t->app, args, &result, &why)) < 0)
		return r;
	if (r == 0 && (r = list_found(t, json_arr(result, "records"), found)) != 0)
		return r;
	people = json_array_size(found);
	if (r == 0 && *words != '\0' && (r = talk_texts(t, words, TEXTS, found)) != 0)
		return r;
	if (json_object_set(t->state, "found", found) != 0)
		return -ENOMEM;
	if (json_array_size(found) == 0)
		return buf_puts(&t->say, "Nothing was found for these words. Try fewer or others, such as: !find alcohol. "
		    "Or write what you look for without a \"!\"; people here read it.");
	return say_next(t, people, json_array_size(found));
}

/* A language of the record as a request may name it, once; what it is written in is not said. */
static int
add_spoken(json_t *list, const char *tag)
{
	autojson json_t *one = json_stringn(tag, grammar_ok(GRAMMAR_SPOKEN, tag) ? strlen(tag) : strcspn(tag, "-"));
	json_t *item;
	size_t i;

	if (one == NULL || !grammar_ok(GRAMMAR_SPOKEN, json_string_value(one)))
		return one == NULL ? -ENOMEM : 0;
	json_array_foreach(list, i, item)
		if (json_equal(item, one))
			return 0;
	return json_array_append(list, one) != 0 ? -ENOMEM : 0;
}

/* The record's own values that the wire knows, or all that the wire knows; the caller decrefs. */
static json_t *
choices(const struct talk *t, const struct question *q)
{
	json_t *ret = json_array(), *item;
	size_t i;

	json_array_foreach(json_arr(json_obj(t->state, "wish"), q->list != NULL ? q->list : ""), i, item)
		if (q->values == NULL)
			(void)add_spoken(ret, json_string_value(item));
		else if (event_enum_value(q->values, json_string_value(item)) != 0)
			(void)json_array_append(ret, item);
	for (int v = 1; q->values != NULL && (v > 1 || json_array_size(ret) == 0) && v <= q->values->n; v++)
		(void)json_array_append_new(ret, json_string(event_enum_text(q->values, v)));
	if (q->values == NULL && json_array_size(ret) == 0)
		(void)json_array_append_new(ret, json_string("en"));
	return ret;
}

static int
ask(struct talk *t)
{
	const struct question *q = &questions[json_int(t->state, "asked", 0)];
	autojson json_t *list = choices(t, q);
	char word[64];
	json_t *item;
	size_t i;
	int r = buf_printf(&t->say, "%s Answer with a number:\n", q->text);

	json_array_foreach(list, i, item)
		if (r == 0)
			r = buf_printf(&t->say, "%zu. %s\n", i + 1, talk_plainly(json_string_value(item), word));
	return r != 0 ? r : buf_puts(&t->say, "Or write !cancel to stop; nothing has been sent.");
}

/* What would be sent, and what not: the member decides on that. */
static int
summary(struct talk *t)
{
	const json_t *wish = json_obj(t->state, "wish");
	const struct trust_org *org = trust_org(t->app->trust, json_str(wish, "org"));
	char word[64];
	int r = buf_printf(&t->say, "This would be sent to %s (%s):\n", json_str(wish, "name"), org != NULL ? org->name : "?");

	for (size_t i = 0; i < nelem(questions) && r == 0; i++)
		r = buf_printf(&t->say, "%s %s\n", questions[i].text, talk_plainly(json_str(wish, questions[i].key), word));
	return r != 0 ? r : buf_puts(&t->say, "Not your name, not your address, nothing that you wrote here. Only if they say yes are you asked whether they may "
	    "know who you are.\nWrite !yes to send it, or !cancel to stop.");
}

/* Nobody in danger is asked questions, or waits for an answer. */
static int
say_crisis(struct talk *t, const json_t *body)
{
	const char *number = crisis_number(body);

	if (number == NULL)
		return buf_puts(&t->say, "They are a crisis service and take no requests, and their number is not said here. Nothing has been sent. "
		    "!help shows whom to call when you are in danger.");
	return buf_printf(&t->say, "They are a crisis service: do not wait for an answer, call them now: %s. Nothing has been sent.", number);
}

/* Lists of the record, to choose from.  E_REFUSED: to a crisis service nobody is referred; it is said how one reaches it. */
static int
add_lists(struct talk *t, json_t *wish)
{
	static const struct { const char *list, *one; } kept[] = { { "languages", "language" }, { "modalities", "modality" } };
	autojson json_t *record = NULL;
	struct seen_record seen;
	int r = seen_get(t->app->db, json_str(wish, "org"), json_str(wish, "to"), &seen);

	if (r != 0)
		return r;
	if ((r = canon_stored(seen.record, &record)) == 0 && crisis_is(seen.kind, json_obj(record, "body")))
		r = (r = say_crisis(t, json_obj(record, "body"))) != 0 ? r : E_REFUSED;
	seen_free(&seen);
	for (size_t i = 0; i < nelem(kept) && r == 0; i++) {
		const json_t *body = json_obj(record, "body");
		const char *one = json_str(body, kept[i].one);
		json_t *list = json_arr(body, kept[i].list) != NULL ? json_incref(json_arr(body, kept[i].list)) :
		    one != NULL ? json_pack("[s]", one) : json_array();

		if (json_object_set_new(wish, kept[i].list, list) != 0)
			r = -ENOMEM;
	}
	return r;
}

/* The number that was written, 1..max, with what people and keyboards put around it; 0: none. */
static size_t
number(const char *words, size_t max)
{
	const char *from = words + strspn(words, " #(\t\r\n");
	char *end;
	unsigned long n = strtoul(from, &end, 10);

	/* As a symbol: a digit and two signs that make a key of it. */
	end += strncmp(end, "\xEF\xB8\x8F", 3) == 0 ? 3 : 0;
	end += strncmp(end, "\xE2\x83\xA3", 3) == 0 ? 3 : 0;
	return *from >= '0' && *from <= '9' && end[strspn(end, " .)!,\r\t\n")] == '\0' && n <= max ? n : 0;
}

size_t
talk_choice(const char *words)
{
	return number(words, LOOKED);
}

int
talk_refer(struct talk *t, const char *words)
{
	json_t *found = json_arr(t->state, "found"), *row, *wish;
	size_t n = number(words, json_array_size(found));
	int r;

	(void)talk_drop(t);
	if (n == 0)
		return buf_puts(&t->say, json_array_size(found) == 0 ? "First look for somebody, for example: !find grief" :
		    "Which one? Write the number that stands before it, for example: !refer 1. To see the list again, write !find and your words.");
	row = json_array_get(found, n - 1);
	if (talk_is_text(json_str(row, "kind")))
		return buf_printf(&t->say, "That one is something to read; nobody is behind it to be asked. To read it, write: !read %zu", n);
	if ((wish = json_pack("{s:O, s:O, s:O}", "to", json_object_get(row, "id"), "org", json_object_get(row, "org"), "name",
	    json_object_get(row, "name"))) == NULL || json_object_set_new(t->state, "wish", wish) != 0)
		return -ENOMEM;
	if ((r = add_lists(t, wish)) == E_NOTFOUND) {
		(void)talk_drop(t);
		return buf_puts(&t->say, "That one is not offered any more. Look again, for example: !find grief");
	}
	if (r == E_REFUSED) {
		(void)talk_drop(t);
		return 0;
	}
	if (r != 0 || (r = buf_printf(&t->say, "You would like support from %s. Some questions first, one at a time.\n", json_str(row, "name"))) != 0)
		return r;
	return json_object_set_new(t->state, "asked", json_integer(0)) != 0 ? -ENOMEM : ask(t);
}

int
talk_number(struct talk *t, const char *words)
{
	size_t n = number(words, json_array_size(json_arr(t->state, "found")));

	if (n > 0 && talk_is_text(json_str(json_array_get(json_arr(t->state, "found"), n - 1), "kind")))
		return buf_printf(&t->say, "To read number %zu of the list, write: !read %zu", n, n);
	return n == 0 ? E_NOTFOUND : buf_printf(&t->say, "To ask number %zu of the list for support, write: !refer %zu", n, n);
}

bool
talk_asking(const struct talk *t)
{
	return json_obj(t->state, "wish") != NULL;
}

int
talk_answer(struct talk *t, const char *words)
{
	json_t *wish = json_obj(t->state, "wish");
	size_t asked = (size_t)json_int(t->state, "asked", (json_int_t)nelem(questions)), n;
	autojson json_t *list = NULL;

	if (wish == NULL)
		return E_NOTFOUND;
	if (asked >= nelem(questions))
		return buf_puts(&t->say, "Nothing has been sent yet. Write !yes to send it, or !cancel to stop; people here read what else you write.");
	list = choices(t, &questions[asked]);
	if ((n = number(words, json_array_size(list))) == 0) {
		int r = buf_puts(&t->say, "A number from the list is wanted here; people read what else you write.\n");

		return r != 0 ? r : ask(t);
	}
	if (asked == 0 && n <= 2) {
		(void)talk_drop(t);
		if (json_object_set_new(t->state, TALK_YOUNG, json_true()) != 0)
			return -ENOMEM;
		return buf_puts(&t->say, "For people under 18 somebody here helps with this in person, since the rules for it differ from place to place. "
		    "They read this chat; write when and how you like to be answered. Nothing has been sent to anybody.");
	}
	if (json_object_set(wish, questions[asked].key, json_array_get(list, n - 1)) != 0 ||
	    json_object_set_new(t->state, "asked", json_integer((json_int_t)asked + 1)) != 0)
		return -ENOMEM;
	return asked + 1 < nelem(questions) ? ask(t) : summary(t);
}

int
talk_yes(struct talk *t, const char *words)
{
	const json_t *wish = json_obj(t->state, "wish");
	autojson json_t *args = NULL, *result = NULL;
	struct err why = { "" };
	int r;

	(void)words;
	if (wish == NULL || json_int(t->state, "asked", 0) < (json_int_t)nelem(questions))
		return talk_consent_offered(t) ? talk_consent_hint(t) : buf_puts(&t->say, "There is nothing to say yes to. !help shows what you can write.");
	args = json_pack("{s:O, s:O, s:s, s:O, s:O, s:O, s:O, s:O, s:[O]}", "to", json_object_get(wish, "to"), "org", json_object_get(wish, "org"),
	    "origin", "self", "need", json_object_get(wish, "need"), "language", json_object_get(wish, "language"),
	    "modality", json_object_get(wish, "modality"), "urgency", json_object_get(wish, "urgency"),
	    "age_band", json_object_get(wish, "age_band"), "times", json_object_get(wish, "time"));
	r = args == NULL ? -ENOMEM : case_refer(t->app, "member", args, &result, &why);
	if (r < 0)
		return r;
	if (r > 0)
		return buf_puts(&t->say, "This could not be sent; nothing has left. People here see what you write and will look into it. "
		    "Or look for somebody else with !find.");
	if ((r = intake_refer(t->app->db, json_str(result, "referral"), t->intake, "self")) != 0 ||
	    (r = buf_printf(&t->say, "It is on its way to %s, without your name. You are told here when they answer; !status shows how it is.", json_str(wish, "name"))) != 0)
		return r;
	(void)talk_drop(t);
	return 0;
}
