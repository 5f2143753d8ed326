/* SPDX-License-Identifier: Apache-2.0 */
/* fields.h: a record in sentences. */
#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <string.h>

#include "base/buf.h"
#include "base/canon.h"
#include "crisis.h"
#include "fields.h"
#include "when.h"

struct words {
	json_t	*list;
	int64_t	 now;
	int	 r;
};

static void	say(struct words *, const char *, ...) like_printf(2, 3);

static void
say(struct words *w, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	if (w->r == 0 && json_array_append_new(w->list, json_vsprintf(fmt, ap)) != 0)
		w->r = -ENOMEM;
	va_end(ap);
}

/* "online_text, phone" as "online text, phone"; the text is the caller's, NULL if there is none. */
static char *
joined(struct words *w, const json_t *list)
{
	autobuf struct buf text = { 0 };
	char *ret;
	size_t i;
	json_t *item;

	json_array_foreach(list, i, item)
		if (w->r == 0 && json_is_string(item))
			w->r = buf_printf(&text, "%s%s", i > 0 ? ", " : "", json_string_value(item));
	if (w->r != 0 || text.len == 0)
		return NULL;
	if ((ret = buf_take(&text)) == NULL) {
		w->r = -ENOMEM;
		return NULL;
	}
	for (char *p = ret; *p != '\0'; p++)
		*p = *p == '_' ? ' ' : *p;
	return ret;
}

static void
say_list(struct words *w, const json_t *body, const char *key, const char *before)
{
	autofree char *text = joined(w, json_arr(body, key));

	if (text != NULL)
		say(w, "%s: %s.", before, text);
}

static const char *
or(const char *text, const char *other)
{
	return text != NULL ? text : other;
}

/* "3 seats free of 14 for veterans, said on 2026-11-01; 2 wait, the last one 9 days." */
static void
say_capacity(struct words *w, const json_t *row)
{
	const json_t *wait = json_obj(row, "waitlist");
	const char *audience = json_str(row, "audience");
	autobuf struct buf text = { 0 };
	char day[WHEN_TEXT];

	if (row == NULL || w->r != 0)
		return;
	w->r = buf_printf(&text, "Free: %lld %s", json_int(row, "open", 0), or(json_str(row, "unit"), "people"));
	if (w->r == 0 && json_int(row, "maximum", 0) > 0)
		w->r = buf_printf(&text, " of %lld", json_int(row, "maximum", 0));
	if (w->r == 0 && audience != NULL)
		w->r = buf_printf(&text, " for %s", audience);
	if (w->r == 0)
		w->r = buf_printf(&text, ", said on %s", when_print_day(json_int(row, "updated_at", 0), day));
	if (w->r == 0 && wait != NULL)
		w->r = buf_printf(&text, "; %lld wait", json_int(wait, "waiting", 0));
	if (w->r == 0 && json_object_get(wait, "days") != NULL)
		w->r = buf_printf(&text, ", the last who got a place had waited %lld days", json_int(wait, "days", 0));
	if (w->r == 0 && wait != NULL)
		w->r = buf_printf(&text, ", said on %s", when_print_day(json_int(wait, "updated_at", 0), day));
	if (w->r == 0)
		say(w, "%s.", text.data);
}

static void
say_channels(struct words *w, const char *kind, const json_t *body)
{
	const json_t *list = json_arr(body, "alternatives");
	const char *only = json_str(body, "modality"), *why = json_str(body, "no_alternative");
	json_t *item;
	size_t i;

	say_list(w, body, "modalities", "Ways to take part");
	if (only != NULL)
		say(w, "Way to take part: %s.", only);
	if (strcmp(kind, "program") == 0 && json_array_size(json_arr(body, "modalities")) == 0)
		say(w, "How to take part is not said; ask.");
	json_array_foreach(list, i, item)
		say(w, "If that does not suit: %s%s%s.", json_str(item, "modality"), json_str(item, "text") != NULL ? ": " : "",
		    or(json_str(item, "text"), ""));
	if (why != NULL)
		say(w, "There is no other way: %s", why);
	else if (list == NULL && (strcmp(kind, "program") == 0 || strcmp(kind, "group") == 0) &&
	    json_array_size(json_arr(body, "modalities")) < 2)
		say(w, "Other ways to take part are not said; ask.");
}

static void
say_boundaries(struct words *w, const json_t *b)
{
	if (b == NULL)
		return;
	say(w, "What it is: %s", or(json_str(b, "scope"), ""));
	say(w, "Hours: %s; an answer comes within %lld hours.", or(json_str(b, "hours"), ""), json_int(b, "response_hours", 0));
	say(w, "How it ends: %s", or(json_str(b, "ending"), ""));
}

/* Closed lists of one value. */
static void
say_choices(struct words *w, const json_t *body)
{
	static const struct { const char *key, *value, *text; } choices[] = {
		{ "anonymity", "alias_welcome", "An alias is welcome; nobody asks for your real name." },
		{ "anonymity", "alias_expected", "Everybody uses an alias." },
		{ "anonymity", "name_expected", "People use their names here." },
		{ "attendance", "drop_in", "Come to any meeting." },
		{ "attendance", "series", "It is a series: take part from its beginning." },
		{ "attendance", "closed", "The circle stays the same; ask for the next one." },
		{ "attendance", "voluntary", "Only those come who wish to." },
		{ "attendance", "mandated_accepted", "People sent by a court or an office may come too; peer support itself is voluntary." },
		{ "shared_with", "partners", "Its author shares it with staff of partner organizations only: do not show it to others." },
		{ "shared_with", "members", "Its author shares it with staff and with people who are supported: do not publish it." },
		{ "shared_with", "anyone", "Its author shares it with anyone." },
	};

	for (size_t i = 0; i < nelem(choices); i++) {
		const char *value = json_str(body, choices[i].key);

		if (value != NULL && strcmp(value, choices[i].value) == 0)
			say(w, "%s", choices[i].text);
	}
	if (json_is_true(json_object_get(body, "volunteer")))
		say(w, "A volunteer.");
	if (json_is_true(json_object_get(body, "volunteers_wanted")))
		say(w, "Volunteers are welcome.");
}

/* "  mon, tue 08:00 to 22:00, time of America/New_York, from 2026-01-01." */
static void
say_hours(struct words *w, const json_t *s)
{
	autofree char *days = joined(w, json_arr(s, "days")), *except = joined(w, json_arr(s, "except"));
	const char *opens = json_str(s, "opens"), *closes = json_str(s, "closes");
	const struct { const char *before, *text; } more[] = {
		{ ", time of ", json_str(s, "timezone") }, { ", ", json_str(s, "frequency") }, { ", from ", json_str(s, "from") },
		{ ", until ", json_str(s, "until") }, { ", not on ", except }, { ": ", json_str(s, "note") },
	};
	long long minutes = json_int(s, "minutes", 0);
	autobuf struct buf text = { 0 };

	if (w->r != 0)
		return;
	w->r = buf_printf(&text, "  %s %s", or(days, or(json_str(s, "rule"), "on days that it does not say")), or(opens, "at hours that it does not say"));
	if (w->r == 0 && minutes > 0)
		w->r = buf_printf(&text, " for %lld minutes", minutes);
	else if (w->r == 0 && opens != NULL && closes != NULL)
		w->r = buf_printf(&text, " to %s", closes);
	for (size_t i = 0; i < nelem(more) && w->r == 0; i++)
		if (more[i].text != NULL)
			w->r = buf_printf(&text, "%s%s", more[i].before, more[i].text);
	if (w->r == 0)
		say(w, "%s.", text.data);
}

static void
say_ways(struct words *w, const json_t *body)
{
	json_t *way, *hours;
	size_t i, k;

	json_array_foreach(json_arr(body, "ways"), i, way) {
		bool always = json_is_true(json_object_get(way, "always"));
		const json_t *schedules = always ? NULL : json_arr(way, "schedules");
		autofree char *languages = joined(w, json_arr(way, "languages"));

		say(w, "%s %s, %s%s%s%s%s%s", or(json_str(way, "how"), ""), or(json_str(way, "value"), ""),
		    always ? "day and night" : schedules != NULL ? "at these hours" : "at hours that it does not say", json_str(way, "audience") != NULL ? ", for " : "",
		    or(json_str(way, "audience"), ""), languages != NULL ? ", in " : "", languages != NULL ? languages : "",
		    json_str(way, "option") != NULL || schedules != NULL ? ":" : ".");
		json_array_foreach(schedules, k, hours)
			say_hours(w, hours);
		if (json_str(way, "option") != NULL)
			say(w, "  %s", json_str(way, "option"));
	}
}

/* Before all else: nobody in danger is to read on. */
static void
say_crisis(struct words *w, const char *kind, const json_t *body)
{
	const char *number = crisis_number(body);

	if (crisis_is(kind, body))
		say(w, "A crisis service: it takes no referral. %s%s.", number != NULL ? "Its number is " : "Its number is not said; have another ready",
		    or(number, ""));
	else if (strcmp(kind, "crisis_line") != 0)
		return;
	if (!crisis_always(kind, body, w->now))
		say(w, "It does not say that it answers at any hour: have a second number ready.");
}

/* Of our own that is refused. */
static void
say_ages(struct words *w, const char *kind, const json_t *body)
{
	const char *where, *minors, *adults;

	if (fields_mixes(kind, body, &where, &minors, &adults))
		say(w, "It takes minors and adults into one room, who are to be apart: send no minor there.");
}

static void
say_places(struct words *w, const json_t *body)
{
	json_t *place;
	size_t i;
	bool hidden = false;

	json_array_foreach(json_arr(body, "locations"), i, place)
		hidden = hidden || strcmp(or(json_str(place, "visibility"), ""), "redacted") == 0;
	hidden = hidden || strcmp(or(json_str(json_obj(body, "location"), "visibility"), ""), "redacted") == 0;
	if (hidden)
		say(w, "An address is confidential: the organization tells it to those who come.");
}

static void
say_origin(struct words *w, const json_t *body)
{
	const json_t *review = json_obj(body, "review"), *source = json_obj(body, "source");

	if (json_str(body, "author") != NULL)
		say(w, "Told by %s, %s.", json_str(body, "author"), or(json_str(body, "told_on"), ""));
	if (source != NULL)
		say(w, "Source: %s.", or(json_str(source, "name"), ""));
	if (review != NULL)
		say(w, "Looked at by %s on %s; due again on %s.", or(json_str(review, "by"), ""), or(json_str(review, "day"), ""),
		    or(json_str(review, "due"), ""));
}

/* What the steward sees is said even if the organization's own words forget it. */
static void
say_charter(struct words *w, const json_t *charter)
{
	if (charter == NULL)
		return;
	say_list(w, charter, "principles", "Principles");
	say(w, "Charter: %s", or(json_str(charter, "text"), ""));
	say(w, "What is written in the room only its members can read; the organization sees who is there, when, and reactions.");
}

int
fields_words(const char *kind, const json_t *body, int64_t now, json_t **ret)
{
	struct words w = { .list = json_array(), .now = now };
	struct err aged = { "" };
	char day[WHEN_TEXT];
	json_t *row;
	size_t i;

	if (w.list == NULL)
		return -ENOMEM;
	if (strcmp(kind, "withdrawal") == 0)
		say(&w, "It was withdrawn on %s, and nothing of it is kept here.", when_print_day(json_int(body, "withdrawn_at", 0), day));
	if (fields_aged(kind, body, now, &aged) != 0)
		say(&w, "Old: %s.", aged.text);
	say_crisis(&w, kind, body);
	say_ages(&w, kind, body);
	say_ways(&w, body);
	say_channels(&w, kind, body);
	say_list(&w, body, "transport", "Getting there");
	say_list(&w, body, "accessibility", "Easier to take part");
	say_places(&w, body);
	say_capacity(&w, json_obj(body, "capacity"));
	json_array_foreach(json_arr(body, "capacities"), i, row)
		say_capacity(&w, row);
	say_list(&w, body, "session_types", "What is done");
	say_list(&w, body, "practice_models", "Model");
	say_list(&w, body, "pathways", "Paths of recovery");
	say_list(&w, body, "frequencies", "How often");
	say_list(&w, body, "styles", "Way of talking");
	say_list(&w, body, "cultures", "Made for");
	say_choices(&w, body);
	say_boundaries(&w, json_obj(body, "boundaries"));
	if (json_obj(body, "supervisor") != NULL)
		say(&w, "Supervised by: %s.", or(json_str(json_obj(body, "supervisor"), "title"), ""));
	say_charter(&w, json_obj(body, "charter"));
	say_list(&w, body, "principles", "Principles");
	say_origin(&w, body);
	if (w.r != 0) {
		json_decref(w.list);
		return w.r;
	}
	*ret = w.list;
	return 0;
}
