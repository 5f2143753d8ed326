/* SPDX-License-Identifier: Apache-2.0 */
#include "dialogue.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/canon.h"
#include "base/event.h"
#include "events.h"
#include "measure.h"
#include "when.h"

enum { GOALS_MAX = 16, HALF_DAY = 12 * 60, DAY_MINUTES = 24 * 60, CLOCK_STEP = 15 };

enum answer { A_WORDS, A_NUMBER, A_YES, A_SOME, A_GOALS, A_CLOCK, A_ITEMS };

/* In order.  What is optional may be left out; what is not may too, but then there is no note. */
static const struct question {
	const char		*kind, *key;
	enum answer		 answer;
	int			 from, to;	/* Of a number; of words: to is the longest. */
	bool			 optional;
	const char		*text, *label;	/* As it is asked, and as it is shown back. */
	const struct ev_enum	*values;	/* Of A_SOME. */
	const char		*unless;	/* Not asked if this member is not there. */
} questions[] = {
	{ "goals", NULL, A_GOALS, 0, 500, false, "What do you want? Write one goal, in your own words.", "Goal", NULL, NULL },
	{ "plan", "daily", A_WORDS, 0, 1000, true, "What keeps you well from day to day?", "What keeps me well", NULL, NULL },
	{ "plan", "signs", A_WORDS, 0, 1000, true, "How do you notice that things get worse?", "How I notice that things get worse", NULL, NULL },
	{ "plan", "alone", A_WORDS, 0, 1000, true, "What can you do by yourself then?", "What I can do by myself then", NULL, NULL },
	{ "plan", "places", A_WORDS, 0, 1000, true, "Which people and places take your mind off it?", "People and places that take my mind off it", NULL, NULL },
	{ "plan", "people", A_WORDS, 0, 1000, true, "Whom can you ask for help?", "Whom I can ask for help", NULL, NULL },
	{ "plan", "professionals", A_WORDS, 0, 1000, true, "Which services and lines can you call?", "Services and lines I can call", NULL, NULL },
	{ "plan", "safer", A_WORDS, 0, 1000, true, "How can you make your surroundings safer?", "How I make my surroundings safer", NULL, NULL },
	{ "plan", "others", A_WORDS, 0, 1000, true, "What should others do then, and what not?", "What others should do, and not do", NULL, NULL },
	{ "checkin", "well", A_NUMBER, 1, 5, false, "How is it going? 1 means badly, 5 means well.", "How it goes, 1 to 5", NULL, NULL },
	{ "checkin", "text", A_WORDS, 0, 1000, true, "Do you want to say more, in your own words?", "In my own words", NULL, NULL },
	{ "checkin", "remind_days", A_NUMBER, 1, 90, true, "Shall I ask you again? After how many days?", "Ask again after days", NULL, NULL },
	{ "checkin", "utc_minutes", A_CLOCK, 0, 0, true, "What time is it where you are now? For example 14:30. I ask only by day, and without this I do not "
	  "know when that is.", NULL, NULL, "remind_days" },
	{ "feedback", "heard", A_NUMBER, 1, 5, false, "Were you heard? 1 means not at all, 5 means fully.", "Heard, 1 to 5", NULL, NULL },
	{ "feedback", "respected", A_NUMBER, 1, 5, false, "Were you respected?", "Respected, 1 to 5", NULL, NULL },
	{ "feedback", "chose", A_NUMBER, 1, 5, false, "Did you choose what you did together?", "I chose, 1 to 5", NULL, NULL },
	{ "feedback", "useful", A_NUMBER, 1, 5, false, "Was it of use to you?", "Of use, 1 to 5", NULL, NULL },
	{ "feedback", "again", A_YES, 0, 0, false, "Would you meet again?", "Would meet again", NULL, NULL },
	{ "feedback", "concerns", A_SOME, 0, 0, true, "Was something not right?", "Not right", &ev_note_feedback_concerns_names, NULL },
	{ "feedback", "text", A_WORDS, 0, 1000, true, "Do you want to say more, in your own words?", "In my own words", NULL, NULL },
	{ "application", "name", A_WORDS, 0, 100, false, "What would you like to be called?", "Name", NULL, NULL },
	{ "application", "why", A_WORDS, 0, 1000, false, "What would you like to give, and why?", "Why", NULL, NULL },
	{ "application", "languages", A_WORDS, 0, 200, true, "Which languages do you speak?", "Languages", NULL, NULL },
	{ "application", "times", A_WORDS, 0, 300, true, "When do you have time?", "Times", NULL, NULL },
	{ "reflection", "connection", A_WORDS, 0, 1000, true, "How did you two connect, and where did you lose it?", "Connection", NULL, NULL },
	{ "reflection", "worldview", A_WORDS, 0, 1000, true, "How did each of you come to see things so?", "Worldview", NULL, NULL },
	{ "reflection", "mutuality", A_WORDS, 0, 1000, true, "What did each of you give, and learn?", "Mutuality", NULL, NULL },
	{ "reflection", "towards", A_WORDS, 0, 1000, true, "What are you moving towards?", "Moving towards", NULL, NULL },
};

/* Of a questionnaire: each of its items. */
static const struct question item = { "answers", "items", A_ITEMS, 0, 0, false, NULL, NULL, NULL, NULL };

static const struct question *
question_at(const char *kind, long long at)
{
	if (!strcmp(kind, item.kind))
		return &item;
	for (size_t i = 0; i < nelem(questions); i++)
		if (!strcmp(questions[i].kind, kind) && at-- == 0)
			return &questions[i];
	return NULL;
}

static json_t *
part_of(const json_t *state)
{
	return json_object_get(state, "part");
}

static const struct question *
waiting(const json_t *state)
{
	return question_at(json_str(state, "kind"), json_int(state, "at", 0));
}

int
dialogue_begin(const char *kind, const char *by, const json_t *measure, json_t **ret)
{
	const struct question *q = question_at(kind, 0);
	json_t *part;

	if (q == NULL || (q->answer == A_ITEMS) != (measure != NULL))
		return E_NOTFOUND;
	part = q->answer == A_GOALS ? json_array() : q->answer == A_ITEMS ?
	    json_pack("{s:O, s:s, s:[]}", "measure", json_object_get(measure, "id"), "by", by, "items") :
	    !strcmp(kind, "feedback") ? json_pack("{s:s}", "by", by) : json_object();
	if (part == NULL)
		return -ENOMEM;
	*ret = json_pack("{s:s, s:s, s:i, s:o}", "kind", kind, "by", by, "at", 0, "part", part);
	return *ret != NULL ? 0 : -ENOMEM;
}

static int
add_spaced(struct buf *out, const char *value)
{
	int r = 0;

	for (; *value != '\0' && r == 0; value++)
		r = buf_add(out, *value == '_' ? " " : value, 1);
	return r;
}

static int
ask_item(const json_t *measure, size_t at, struct buf *out)
{
	long long from = json_int(measure, "from", 0), to = json_int(measure, "to", 0);
	const char *text = json_string_value(json_array_get(json_arr(measure, "ask"), at));
	const json_t *scale = json_arr(measure, "scale");
	int r = buf_printf(out, "Question %zu of %lld: %s", at + 1, json_int(measure, "items", 0), text != NULL ? text : "as it stands on your sheet.");

	for (size_t i = 0; i < json_array_size(scale) && r == 0; i++)
		r = buf_printf(out, "\n%lld. %s", from + (long long)i, json_string_value(json_array_get(scale, i)));
	return r != 0 ? r : buf_printf(out, "\nAnswer with a number from %lld to %lld, or write !skip.", from, to);
}

int
dialogue_ask(const json_t *state, const json_t *measure, struct buf *out)
{
	const struct question *q = waiting(state);
	int r;

	if (q->answer == A_ITEMS)
		return ask_item(measure, json_array_size(json_arr(part_of(state), "items")), out);
	if (q->answer == A_GOALS && json_array_size(part_of(state)) > 0)
		return buf_puts(out, "Another goal? Write it, or !done.");
	if ((r = buf_puts(out, q->text)) != 0)
		return r;
	if (q->answer == A_YES)
		return buf_puts(out, "\n1. Yes\n2. No\nAnswer with 1 or 2.");
	for (int v = 1; q->answer == A_SOME && v <= q->values->n; v++)
		if ((r = buf_printf(out, "\n%d. ", v)) != 0 || (r = add_spaced(out, event_enum_text(q->values, v))) != 0)
			return r;
	if (q->answer == A_SOME)
		return buf_puts(out, "\nAnswer with one number or several, such as 1 3, or write !skip.");
	if (q->answer == A_NUMBER && (r = buf_printf(out, " Answer with a number from %d to %d", q->from, q->to)) != 0)
		return r;
	return q->answer == A_NUMBER ? buf_puts(out, q->optional ? ", or write !skip." : ".") : q->optional ? buf_puts(out, " Or write !skip.") : 0;
}

/* A number and nothing else; -1: it is none, or too great. */
static int
number(const char *words, const char **ret_end)
{
	char *end;
	long n = strtol(words, &end, 10);

	if (!isdigit((unsigned char)*words) || n > 10000)
		return -1;
	end += strspn(end, " .,\r\n\t");
	if (ret_end != NULL)
		*ret_end = end;
	else if (*end != '\0')
		return -1;
	return (int)n;
}

/* "14:30", "14.30", "14", "2:30 pm": minutes of the day, or -1. */
static int
clock_of(const char *words)
{
	int hour = -1, minute = 0, at = 0;

	if (sscanf(words, "%2d%*1[:.]%2d%n", &hour, &minute, &at) != 2 || at == 0) {
		minute = 0;
		if (sscanf(words, "%2d%n", &hour, &at) != 1)
			return -1;
	}
	words += at;
	words += strspn(words, " ");
	if ((!strncasecmp(words, "pm", 2) || !strncasecmp(words, "am", 2)) && hour >= 1 && hour <= 12) {
		hour = hour % 12 + (tolower((unsigned char)*words) == 'p' ? 12 : 0);
		words += 2;
	}
	return words[strspn(words, " .\r\n\t")] == '\0' && hour >= 0 && hour < 24 && minute >= 0 && minute < 60 ? hour * 60 + minute : -1;
}

/* How far that clock is ahead of UTC, by the quarter of an hour. */
static int
ahead_of(int clock, int64_t now)
{
	int ahead = clock - (int)(now % WHEN_DAY / WHEN_MINUTE);

	ahead = ((ahead + HALF_DAY) % DAY_MINUTES + DAY_MINUTES) % DAY_MINUTES - HALF_DAY;
	return (ahead >= 0 ? ahead + CLOCK_STEP / 2 : ahead - CLOCK_STEP / 2) / CLOCK_STEP * CLOCK_STEP;
}

static int
bad(struct err *reterr, const char *text)
{
	return err_set(reterr, E_BAD, "%s", text);
}

/* Numbers of the list, each once. */
static int
some_of(const struct question *q, const char *words, json_t **ret)
{
	autojson json_t *some = json_array();

	while (some != NULL && *words != '\0') {
		int v = number(words, &words);
		autojson json_t *value = NULL;
		bool again = false;

		if (v < 1 || v > q->values->n)
			return E_BAD;
		if ((value = json_string(event_enum_text(q->values, v))) == NULL)
			return -ENOMEM;
		for (size_t i = 0; i < json_array_size(some); i++)
			again = again || json_equal(json_array_get(some, i), value);
		if (!again && json_array_append(some, value) != 0)
			return -ENOMEM;
	}
	if (json_array_size(some) == 0)
		return some == NULL ? -ENOMEM : E_BAD;
	*ret = take(some);
	return 0;
}

static bool
is_word(const char *words, const char *word)
{
	size_t len = strlen(word);

	return strncasecmp(words, word, len) == 0 && words[len + strspn(words + len, " .,\r\n\t")] == '\0';
}

/* Signs that no note holds, such as the carriage return of some clients, are blanks in it: nobody loses an answer over them. */
static json_t *
plain(const char *words)
{
	size_t n = strlen(words) + 1;
	autofree char *copy = malloc(n);

	if (copy == NULL)
		return NULL;
	memcpy(copy, words, n);
	for (unsigned char *p = (unsigned char *)copy; *p != '\0'; p++)
		if ((*p < ' ' && *p != '\n' && *p != '\t') || *p == 0x7f)
			*p = ' ';
		else if (*p == 0xc2 && p[1] < 0xa0)
			p[0] = p[1] = ' ';
	return json_string(copy);
}

/* What was said, as it stands in the note.  0; E_BAD and a reason: it is no answer. */
static int
value_of(const struct question *q, const char *words, int64_t now, json_t **ret, struct err *reterr)
{
	int n = number(words, NULL), r;

	switch (q->answer) {
	case A_NUMBER:
		if (n < q->from || n > q->to)
			return err_set(reterr, E_BAD, "A number from %d to %d is wanted here.", q->from, q->to);
		*ret = json_integer(n);
		break;
	case A_YES:
		if (n != 1 && n != 2 && !is_word(words, "yes") && !is_word(words, "no"))
			return bad(reterr, "1 for yes or 2 for no is wanted here.");
		*ret = json_boolean(n == 1 || is_word(words, "yes"));
		break;
	case A_SOME:
		r = some_of(q, words, ret);
		return r == E_BAD ? bad(reterr, "Numbers from the list are wanted here.") : r;
	case A_CLOCK:
		if ((n = clock_of(words)) < 0)
			return bad(reterr, "A time such as 14:30 is wanted here.");
		*ret = json_integer(ahead_of(n, now));
		break;
	default:
		if (*words == '\0' || strlen(words) > (size_t)q->to)
			return err_set(reterr, E_BAD, "Some words are wanted here, at most %d characters. What you wrote is not kept.", q->to);
		*ret = plain(words);
	}
	return *ret != NULL ? 0 : -ENOMEM;
}

/* The next question that is to be asked; its number, which is behind the last if there is none. */
static int
advance(json_t *state)
{
	const struct question *q;
	long long at = json_int(state, "at", 0);

	do {
		q = question_at(json_str(state, "kind"), ++at);
	} while (q != NULL && q->unless != NULL && json_object_get(part_of(state), q->unless) == NULL);
	return json_object_set_new(state, "at", json_integer(at)) != 0 ? -ENOMEM : 0;
}

static int
answer_item(json_t *state, const json_t *measure, const char *words, bool *ret_over, bool *ret_alarm, struct err *reterr)
{
	json_t *items = json_arr(part_of(state), "items");
	long long from = json_int(measure, "from", 0), to = json_int(measure, "to", 0);
	int n = words != NULL ? number(words, NULL) : -1;
	struct measure_score before = { 0 }, after = { 0 };

	if (words != NULL && (n < from || n > to))
		return err_set(reterr, E_BAD, "A number from %lld to %lld is wanted here.", from, to);
	(void)!measure_score(measure, items, &before, NULL);
	if (json_array_append_new(items, json_integer(n)) != 0)
		return -ENOMEM;
	(void)!measure_score(measure, items, &after, NULL);
	*ret_alarm = after.alarm && !before.alarm;
	*ret_over = (long long)json_array_size(items) >= json_int(measure, "items", 0);
	return 0;
}

static int
answer_goal(json_t *state, json_t *value, bool *ret_over)
{
	json_t *part = part_of(state);

	if (value != NULL && json_array_append_new(part, json_pack("{s:o, s:s}", "text", value, "state", "open")) != 0)
		return -ENOMEM;
	*ret_over = value == NULL || json_array_size(part) == GOALS_MAX;
	return 0;
}

int
dialogue_answer(json_t *state, const json_t *measure, const char *words, int64_t now, bool *ret_over, bool *ret_alarm, struct err *reterr)
{
	const struct question *q = waiting(state);
	json_t *value = NULL;
	int r;

	*ret_over = *ret_alarm = false;
	if (q->answer == A_ITEMS)
		return answer_item(state, measure, words, ret_over, ret_alarm, reterr);
	if (words == NULL && !q->optional && q->answer != A_GOALS)
		return bad(reterr, "This one is needed. Write !stop if you would rather not answer; then nothing is kept.");
	if (words != NULL && (r = value_of(q, words, now, &value, reterr)) != 0)
		return r;
	if (q->answer == A_GOALS)
		return answer_goal(state, value, ret_over);
	if (value != NULL && json_object_set_new(part_of(state), q->key, value) != 0)
		return -ENOMEM;
	if (value == NULL && q->answer == A_CLOCK)
		(void)json_object_del(part_of(state), q->unless);	/* Nobody is asked again who may be asleep. */
	if ((r = advance(state)) != 0)
		return r;
	*ret_over = waiting(state) == NULL;
	return 0;
}

int
dialogue_result(const json_t *state, const char *on, json_t **ret)
{
	const char *kind = json_str(state, "kind");
	const json_t *part = part_of(state);

	if (json_is_array(part) ? json_array_size(part) == 0 : json_object_size(part) == 0)
		return E_NOTFOUND;
	*ret = json_pack("{s:i, s:s, s:s, s:O}", "v", 1, "kind", kind, "on", on, kind, part);
	return *ret != NULL ? 0 : -ENOMEM;
}

static int
say_value(const json_t *value, struct buf *out)
{
	int r = 0;

	if (json_is_integer(value))
		return buf_printf(out, "%lld", (long long)json_integer_value(value));
	if (json_is_boolean(value))
		return buf_puts(out, json_is_true(value) ? "yes" : "no");
	for (size_t i = 0; i < json_array_size(value) && r == 0; i++)
		if (i == 0 || (r = buf_puts(out, ", ")) == 0)
			r = add_spaced(out, json_string_value(json_array_get(value, i)));
	return r != 0 || json_is_array(value) ? r : buf_puts(out, json_string_value(value));
}

int
dialogue_words(const json_t *note, struct buf *out)
{
	const char *kind = json_str(note, "kind");
	const json_t *part = json_object_get(note, kind), *goal;
	size_t n;
	int r = 0;

	if (!strcmp(kind, item.kind)) {
		r = buf_printf(out, "%s, answers in order:", json_str(part, "measure"));
		json_array_foreach(json_arr(part, "items"), n, goal)
			r = r != 0 ? r : json_integer_value(goal) < 0 ? buf_puts(out, " -") : buf_printf(out, " %lld", (long long)json_integer_value(goal));
		return r != 0 ? r : buf_puts(out, "\n");
	}
	json_array_foreach((json_t *)part, n, goal)
		if (r == 0 && (r = buf_printf(out, "%zu. %s (", n + 1, json_str(goal, "text"))) == 0 && (r = add_spaced(out, json_str(goal, "state"))) == 0)
			r = buf_puts(out, ")\n");
	for (size_t i = 0; i < nelem(questions) && r == 0; i++) {
		const struct question *q = &questions[i];
		const json_t *value = q->key != NULL && !strcmp(q->kind, kind) ? json_object_get(part, q->key) : NULL;

		if (value != NULL && q->label != NULL && (r = buf_printf(out, "%s: ", q->label)) == 0 && (r = say_value(value, out)) == 0)
			r = buf_puts(out, "\n");
	}
	return r;
}

int64_t
dialogue_daytime(int64_t at, int utc_minutes)
{
	int64_t local = at + utc_minutes * WHEN_MINUTE, begins = local - local % WHEN_DAY + DIALOGUE_DAY_FROM * 60 * WHEN_MINUTE;

	if (local < begins)
		return begins - utc_minutes * WHEN_MINUTE;
	if (local < begins + (DIALOGUE_DAY_UNTIL - DIALOGUE_DAY_FROM) * 60 * WHEN_MINUTE)
		return at;
	return begins + WHEN_DAY - utc_minutes * WHEN_MINUTE;
}
