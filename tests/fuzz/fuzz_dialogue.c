/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What people answer in their chat when questions are put to them one at a time.  An input is
 *
 *     {"kind", "by", "measures": LIST, "measure": id, "then": LIST, "now": ms, "say": [TEXT or null, ...]}
 *
 * in which ${then} takes the place of the list of measures while the questions are asked.
 *
 * Whatever somebody writes is an answer, or changes nothing and is answered with what is wanted; what is over is a note that
 * its schema takes, or none; how far it has come is the same after it was kept; nobody is asked at night.
 */
#include "base/canon.h"
#include "base/event.h"
#include "base/text.h"
#include "domain/dialogue.h"
#include "domain/measure.h"
#include "domain/when.h"
#include "events.h"
#include "fuzz.h"

const unsigned fuzz_changes = 200;

enum { SAID_MAX = 80, THEN = 3 /* So many answers go by the first list. */ };

static const char *const kinds[] = { "goals", "plan", "checkin", "feedback", "reflection", "application", "answers" };

static bool
asked(const char *kind)
{
	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++)
		if (strcmp(kinds[i], kind) == 0)
			return true;
	return false;
}

/* The measure that is meant; NULL: the list is none, or has none of that id. */
static const json_t *
measure_of(const json_t *wish, const char *list)
{
	const json_t *doc = json_object_get(wish, list);

	return json_is_object(doc) && measure_check(doc, NULL) == 0 ? measure_find(doc, json_str(wish, "measure")) : NULL;
}

/* As the state is kept between two messages. */
static json_t *
kept(const json_t *state)
{
	autofree char *text = json_dumps(state, JSON_COMPACT);
	json_t *ret = NULL;

	claim(text != NULL && canon_parse(text, strlen(text), &ret, NULL) == 0 && json_equal(ret, state));
	return ret;
}

static void
asks(const json_t *state, const json_t *measure)
{
	autobuf struct buf out = { 0 };

	claim(dialogue_ask(state, measure, &out) == 0 && out.len > 0 && text_is_utf8(out.data));
}

/* By day, within a day, and not before it is wanted. */
static void
daytime(const json_t *checkin, int64_t now)
{
	int64_t days = json_int(checkin, "remind_days", 0), ahead = json_int(checkin, "utc_minutes", INT64_MAX), at, local;

	if (days == 0)
		return;
	claim(ahead != INT64_MAX && ahead >= -12 * 60 && ahead <= 12 * 60 && ahead % 15 == 0);
	at = dialogue_daytime(now + days * WHEN_DAY, (int)ahead);
	local = (at + ahead * WHEN_MINUTE) % WHEN_DAY / WHEN_HOUR;
	claim(at >= now + days * WHEN_DAY && at < now + (days + 1) * WHEN_DAY);
	claim(local >= DIALOGUE_DAY_FROM && local < DIALOGUE_DAY_UNTIL);
}

/* What was said at the end. */
static void
over(const json_t *state, const json_t *measure, int64_t now)
{
	autojson json_t *note = NULL;
	autobuf struct buf words = { 0 };
	struct measure_score score = { 0 };
	struct err err = { "" };
	int r = dialogue_result(state, "2026-11-21", &note);

	claim(r == 0 || (r == E_NOTFOUND && note == NULL));
	if (r != 0)
		return;
	claim(event_check(&ev_note_desc, note, &err) == 0);
	claim(dialogue_words(note, &words) == 0 && (words.len == 0 || text_is_utf8(words.data)));
	claim(words.len > 0 || measure != NULL);
	daytime(json_obj(note, "checkin"), now);
	if (measure == NULL)
		return;
	r = measure_score(measure, json_arr(json_obj(note, "answers"), "items"), &score, &err);
	claim(r == 0 || r == E_BAD);
	fuzz_err(&err, r != 0);
	claim(r != 0 || score.says != NULL);
}

/* One that says how bad it is was told at once; the list may have changed meanwhile. */
static bool
danger(const json_t *state, const json_t *measure)
{
	const json_t *items = json_arr(json_obj(state, "part"), "items"), *one;
	size_t i;

	json_array_foreach(json_arr(measure, "alarm"), i, one) {
		json_int_t at = json_int(one, "item", 0);

		if (at >= 1 && (size_t)at <= json_array_size(items) &&
		    json_integer_value(json_array_get(items, (size_t)at - 1)) >= json_int(one, "from", INT64_MAX))
			return true;
	}
	return false;
}

static void
talk(const json_t *wish, const char *kind, const char *by, int64_t now)
{
	const json_t *first = measure_of(wish, "measures"), *other = measure_of(wish, "then"), *measure = first, *one;
	json_t *state = NULL;
	bool told = false, end = false, alarm;
	size_t i;
	int r = dialogue_begin(kind, by, measure, &state);

	claim(r == 0 || r == E_NOTFOUND);
	claim((r == 0) == (asked(kind) && (strcmp(kind, "answers") == 0) == (measure != NULL)));
	json_array_foreach(json_arr(wish, "say"), i, one) {
		autojson json_t *before = NULL;
		struct err err = { "" };

		if (state == NULL || end || i == SAID_MAX)
			break;
		if (i == THEN && other != NULL && measure != NULL)
			measure = other;
		asks(state, measure);
		before = json_deep_copy(state);
		r = dialogue_answer(state, measure, json_string_value(one), now, &end, &alarm, &err);
		claim(r == 0 || (r == E_BAD && !end && !alarm && json_equal(before, state)));
		fuzz_err(&err, r != 0);
		told = told || alarm;
		claim(measure != first || told == danger(state, measure));
		json_decref(before);
		before = state;
		state = kept(before);
	}
	if (end)
		over(state, measure, now);
	json_decref(state);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	autojson json_t *wish = NULL;
	const char *kind, *by;
	int64_t now;

	if (canon_parse((const char *)data, len, &wish, NULL) != 0 || !json_is_object(wish) || (kind = json_str(wish, "kind")) == NULL)
		return 0;
	by = json_str(wish, "by");
	now = json_int(wish, "now", FUZZ_NOW);
	talk(wish, kind, by != NULL && strcmp(by, "specialist") == 0 ? "specialist" : "member", now >= 0 && now < WHEN_MAX / 2 ? now : FUZZ_NOW);
	return 0;
}
