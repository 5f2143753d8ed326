/* SPDX-License-Identifier: Apache-2.0 */
/* Questions one at a time: each kind to its end, whatever people write, and when it is day for somebody. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/canon.h"
#include "base/cleanup.h"
#include "base/event.h"
#include "domain/dialogue.h"
#include "domain/when.h"
#include "events.h"
#include "faults.h"
#include "tests/domain/quoted.h"
#include "tests/tap.h"

#define NOON	1795262400000LL	/* 2026-11-21T12:00:00Z */

static json_t *measures;

static const json_t *
measure(const char *id)
{
	const json_t *list = json_arr(measures, "measures");

	for (size_t i = 0; i < json_array_size(list); i++)
		if (strcmp(json_str(json_array_get(list, i), "id"), id) == 0)
			return json_array_get(list, i);
	return NULL;
}

/* What people write, "-" for what they leave out; "?" before what is no answer. */
static const struct talk {
	const char *kind, *measure, *said[12], *note;	/* The part; "": it does not end; NULL: there is no note. */
} talks[] = {
	{ "goals", NULL, { "see my sister", "sleep", "-" }, "[{'text':'see my sister','state':'open'},{'text':'sleep','state':'open'}]" },
	{ "goals", NULL, { "-" }, NULL },
	{ "plan", NULL, { "walks", "-", "music", "-", "-", "-", "-", "ask me" }, "{'daily':'walks','alone':'music','others':'ask me'}" },
	{ "plan", NULL, { "-", "-", "-", "-", "-", "-", "-", "-" }, NULL },
	{ "plan", NULL, { "walks\r\n\tmusic\a", "\xC2\x85 \xC2\xA0\x7F", "-", "-", "-", "-", "-", "-" },
	  "{'daily':'walks \\n\\tmusic ','signs':'   \xC2\xA0 '}" },
	{ "goals", NULL, { "see my sister\r", "-" }, "[{'text':'see my sister ','state':'open'}]" },
	{ "checkin", NULL, { "?-", "?0", "?99999", "?6", "?well", "?3 4", "3", "-", "-" }, "{'well':3}" },
	{ "checkin", NULL, { "5.", "fine", "?91", "?0", "?in a week", "7", "?25:00", "?noon", "13:02" },
	  "{'well':5,'text':'fine','remind_days':7,'utc_minutes':60}" },
	{ "checkin", NULL, { "5", "-", "7", "-" }, "{'well':5}" },
	{ "feedback", NULL, { "5", "4", "3", "2", "?3", "?perhaps", "?not sure", "?yes but", "Yes.", "?7", "?1 x", "?," },  "" },
	{ "feedback", NULL, { "5", "4", "3", "2", "no", "2, 1 2", "x" },
	  "{'by':'member','heard':5,'respected':4,'chose':3,'useful':2,'again':false,'concerns':['unsafe','judged'],'text':'x'}" },
	{ "feedback", NULL, { "1", "1", "1", "1", "1", "-", "-" }, "{'by':'member','heard':1,'respected':1,'chose':1,'useful':1,'again':true}" },
	{ "feedback", NULL, { "1", "1", "1", "1", "2", "-", "-" }, "{'by':'member','heard':1,'respected':1,'chose':1,'useful':1,'again':false}" },
	{ "reflection", NULL, { "by luck", "-", "-", "on" }, "{'connection':'by luck','towards':'on'}" },
	{ "answers", "who-5", { "?6", "?x", "3", "3", "2", "2", "2" }, "{'measure':'who-5','by':'member','items':[3,3,2,2,2]}" },
	{ "answers", "phq-9", { "0", "0", "0", "0", "0", "0", "0", "-", "0" }, "{'measure':'phq-9','by':'member','items':[0,0,0,0,0,0,0,-1,0]}" },
	{ "answers", "hope", { "10" }, "{'measure':'hope','by':'member','items':[10]}" },
};

static void
test_talks(void)
{
	for (size_t i = 0; i < nelem(talks); i++) {
		const struct talk *t = &talks[i];
		const json_t *m = t->measure != NULL ? measure(t->measure) : NULL;
		autojson json_t *state = NULL, *note = NULL, *want = t->note != NULL && *t->note != '\0' ? json_of(t->note) : NULL;
		bool over = false, alarm, good = dialogue_begin(t->kind, "member", m, &state) == 0;
		struct err why = { "" };

		for (size_t n = 0; n < nelem(t->said) && t->said[n] != NULL && good; n++) {
			const char *said = t->said[n], *words = said + (*said == '?');
			autobuf struct buf ask = { 0 };
			autojson json_t *before = json_deep_copy(state);

			good = !over && dialogue_ask(state, m, &ask) == 0 && ask.len > 10;
			if (*said == '?')
				good = good && dialogue_answer(state, m, *words == '-' ? NULL : words, NOON, &over, &alarm, &why) == E_BAD &&
				    why.text[0] != '\0' && json_equal(before, state);
			else
				good = good && dialogue_answer(state, m, strcmp(words, "-") == 0 ? NULL : words, NOON, &over, &alarm, &why) == 0;
			if (!good)
				printf("# %s: %s: %s %s\n", t->kind, said, ask.data, why.text);
		}
		if (t->note != NULL && *t->note == '\0') {
			ok(good && !over, "%s: what is no answer is none", t->kind);
			continue;
		}
		good = good && over;
		if (want == NULL)
			ok(good && dialogue_result(state, "2026-11-21", &note) == E_NOTFOUND, "%s: who says nothing leaves no note", t->kind);
		else
			ok(good && dialogue_result(state, "2026-11-21", &note) == 0 && event_check(&ev_note_desc, note, &why) == 0 &&
			    json_equal(json_object_get(note, t->kind), want), "%s to its end: %s", t->kind, t->note);
	}
}

/* A goal or an answer too many, too long, and what is asked. */
static void
test_limits(void)
{
	autojson json_t *goals = NULL, *other = NULL, *plan = NULL;
	bool over = false, alarm;
	static char lengthy[2000];
	struct err why = { "" };
	int n = 0;

	ok(dialogue_begin("agreement", "member", NULL, &other) == E_NOTFOUND && dialogue_begin("answers", "member", NULL, &other) == E_NOTFOUND &&
	    dialogue_begin("plan", "member", measure("hope"), &other) == E_NOTFOUND, "of other kinds nothing is asked");
	(void)!dialogue_begin("goals", "member", NULL, &goals);
	while (!over && n++ < 40)
		(void)!dialogue_answer(goals, NULL, "one more", NOON, &over, &alarm, NULL);
	is_int(n, 16, "sixteen goals are enough");
	(void)!dialogue_begin("plan", "member", NULL, &plan);
	memset(lengthy, 'x', sizeof(lengthy) - 1);
	ok(dialogue_answer(plan, NULL, lengthy, NOON, &over, &alarm, &why) == E_BAD && strstr(why.text, "1000") != NULL && strstr(why.text, "not kept") != NULL,
	    "too many words are refused, and that is said");
	ok(dialogue_answer(plan, NULL, "", NOON, &over, &alarm, &why) == E_BAD, "nothing is no answer");
	lengthy[1000] = '\0';
	ok(dialogue_answer(plan, NULL, lengthy, NOON, &over, &alarm, &why) == 0, "a thousand are kept");
}

static void
test_asked(void)
{
	autojson json_t *who = NULL, *hope = NULL, *scaled = json_deep_copy(measure("phq-2")), *state = NULL, *feedback = NULL;
	autobuf struct buf a = { 0 }, b = { 0 }, c = { 0 }, d = { 0 };
	bool over, alarm;

	(void)json_object_set_new(scaled, "ask", json_pack("[s, s]", "First?", "Second?"));
	(void)json_object_set_new(scaled, "scale", json_pack("[s, s, s, s]", "never", "at times", "often", "always"));
	(void)!dialogue_begin("answers", "member", measure("who-5"), &who);
	(void)!dialogue_begin("answers", "member", measure("hope"), &hope);
	(void)!dialogue_begin("answers", "member", scaled, &state);
	(void)!dialogue_ask(who, measure("who-5"), &a);
	ok(strstr(a.data, "Question 1 of 5: as it stands on your sheet.") != NULL && strstr(a.data, "from 0 to 5") != NULL, "words that are not ours are on a sheet");
	(void)!dialogue_ask(hope, measure("hope"), &b);
	ok(strstr(b.data, "How hopeful") != NULL, "those that are there are asked");
	(void)!dialogue_answer(state, scaled, "1", NOON, &over, &alarm, NULL);
	(void)!dialogue_ask(state, scaled, &c);
	ok(strstr(c.data, "Question 2 of 2: Second?\n0. never\n1. at times") != NULL, "with what the answers mean");
	(void)!dialogue_begin("feedback", "specialist", NULL, &feedback);
	for (int i = 0; i < 5; i++)
		(void)!dialogue_answer(feedback, NULL, "1", NOON, &over, &alarm, NULL);
	(void)!dialogue_ask(feedback, NULL, &d);
	ok(strstr(d.data, "3. boundaries") != NULL && strstr(d.data, "5. not kept") != NULL && strstr(d.data, "!skip") != NULL, "a list is numbered, in words");
}

static void
test_alarm(void)
{
	static const struct { int at; const char *says; bool alarm; } said[] = { { 9, "0", false }, { 9, "1", true }, { 9, "3", true }, { 8, "3", false } };

	for (size_t i = 0; i < nelem(said); i++) {
		autojson json_t *state = NULL;
		bool over = false, alarm = true, early = false;

		(void)!dialogue_begin("answers", "member", measure("phq-9"), &state);
		for (int n = 1; n < said[i].at; n++) {
			(void)!dialogue_answer(state, measure("phq-9"), "2", NOON, &over, &alarm, NULL);
			early = early || alarm;
		}
		(void)!dialogue_answer(state, measure("phq-9"), said[i].says, NOON, &over, &alarm, NULL);
		ok(!early && alarm == said[i].alarm, "item %d, %s: %s", said[i].at, said[i].says, alarm ? "heard at once" : "no alarm");
	}
	{
		autojson json_t *doc = json_deep_copy(measure("phq-9")), *state = NULL;
		bool over, first, second;

		(void)json_object_set_new(doc, "alarm", json_pack("[{s:i, s:i}]", "item", 1, "from", 1));
		(void)!dialogue_begin("answers", "member", doc, &state);
		(void)!dialogue_answer(state, doc, "1", NOON, &over, &first, NULL);
		(void)!dialogue_answer(state, doc, "1", NOON, &over, &second, NULL);
		ok(first && !second && !over, "it is heard when it is said, before the next question, and not again");
	}
}

static void
test_words(void)
{
	static const struct { const char *note, *says; } shown[] = {
		{ "{'kind':'answers','answers':{'measure':'who-5','by':'member','items':[3,-1,0]}}", "who-5, answers in order: 3 - 0\n" },
		{ "{'kind':'goals','goals':[{'text':'see her','state':'open'},{'text':'sleep','state':'set_aside'}]}", "1. see her (open)\n2. sleep (set aside)\n" },
		{ "{'kind':'plan','plan':{'signs':'no sleep','daily':'walks'}}", "What keeps me well: walks\nHow I notice that things get worse: no sleep\n" },
		{ "{'kind':'checkin','checkin':{'well':4,'remind_days':7,'utc_minutes':60}}", "How it goes, 1 to 5: 4\nAsk again after days: 7\n" },
		{ "{'kind':'feedback','feedback':{'heard':5,'again':true,'concerns':['not_kept','judged']}}",
		  "Heard, 1 to 5: 5\nWould meet again: yes\nNot right: not kept, judged\n" },
		{ "{'kind':'feedback','feedback':{'again':false}}", "Would meet again: no\n" },
		{ "{'kind':'contact','contact':{'minutes':5}}", "" },
	};

	for (size_t i = 0; i < nelem(shown); i++) {
		autojson json_t *note = json_of(shown[i].note);
		autobuf struct buf out = { 0 };

		ok(dialogue_words(note, &out) == 0 && strcmp(out.len > 0 ? out.data : "", shown[i].says) == 0, "shown back: %s", shown[i].note);
	}
}

/* What the clock on somebody's wall says, and when it is day there. */
static void
test_day(void)
{
	static const struct { const char *says; int ahead; } clocks[] = {
		{ "12:00", 0 }, { "12.07", 0 }, { "12:08", 15 }, { "11:52", -15 }, { "7", -300 }, { "7 am", -300 }, { "17:30", 330 }, { "5:30 pm", 330 }, { "5 PM", 300 },
		{ "12 am", -720 }, { "12 pm", 0 }, { "00:00", -720 }, { "23:45", 705 }, { "0:59", -660 }, { "24:00", 9999 }, { "12:60", 9999 }, { "-1:00", 9999 },
		{ "noon", 9999 }, { "13 pm", 9999 }, { "7 in the evening", 9999 }, { "12:00x", 9999 }, { "0 am", 9999 }, { "12:-5", 9999 }, { "", 9999 },
	};
	static const struct { int64_t at; int ahead, hours; } days[] = {
		{ NOON, 0, 0 }, { NOON + 8 * WHEN_HOUR - 1, 0, 0 }, { NOON + 8 * WHEN_HOUR, 0, 13 }, { NOON - 3 * WHEN_HOUR, 0, 0 }, { NOON - 4 * WHEN_HOUR, 0, 1 },
		{ NOON, 600, 11 }, { NOON, -300, 2 }, { NOON, -180, 0 }, { NOON, 480, 13 }, { NOON, 479, 0 }, { NOON, 720, 9 },
	};

	for (size_t i = 0; i < nelem(clocks); i++) {
		autojson json_t *state = NULL;
		bool over = false, alarm;

		(void)!dialogue_begin("checkin", "member", NULL, &state);
		(void)!dialogue_answer(state, NULL, "3", NOON, &over, &alarm, NULL);
		(void)!dialogue_answer(state, NULL, NULL, NOON, &over, &alarm, NULL);
		(void)!dialogue_answer(state, NULL, "7", NOON, &over, &alarm, NULL);
		if (clocks[i].ahead == 9999)
			ok(dialogue_answer(state, NULL, clocks[i].says, NOON, &over, &alarm, NULL) == E_BAD, "\"%s\" is no time", clocks[i].says);
		else
			ok(dialogue_answer(state, NULL, clocks[i].says, NOON, &over, &alarm, NULL) == 0 && over &&
			    json_int(json_obj(state, "part"), "utc_minutes", 1) == clocks[i].ahead, "%s there is %d minutes ahead", clocks[i].says, clocks[i].ahead);
	}
	for (size_t i = 0; i < nelem(days); i++)
		ok(dialogue_daytime(days[i].at, days[i].ahead) == days[i].at + days[i].hours * WHEN_HOUR, "asked %d hours later", days[i].hours);
	for (int ahead = -720; ahead <= 840; ahead += 15)
		for (int64_t at = NOON; at < NOON + WHEN_DAY; at += WHEN_HOUR / 2) {
			int64_t then = dialogue_daytime(at, ahead), local = (then + ahead * WHEN_MINUTE) % WHEN_DAY;

			if (then < at || then >= at + WHEN_DAY || local < DIALOGUE_DAY_FROM * WHEN_HOUR || local >= DIALOGUE_DAY_UNTIL * WHEN_HOUR)
				ok(false, "%d minutes ahead: never at night", ahead);
		}
}

/* There is no place for all of the words: that is said, wherever it ends. */
static void
test_full(void)
{
	static const char *const notes[] = { "{'kind':'goals','goals':[{'text':'see her','state':'open'},{'text':'x','state':'set_aside'}]}",
		"{'kind':'feedback','feedback':{'heard':5,'again':true,'concerns':['not_kept','judged'],'text':'x'}}" };
	autojson json_t *scaled = json_deep_copy(measure("phq-2")), *items = NULL, *feedback = NULL, *checkin = NULL;
	bool over, alarm;
	int wrong = 0;

	(void)json_object_set_new(scaled, "scale", json_pack("[s, s, s, s]", "never", "at times", "often", "always"));
	(void)!dialogue_begin("answers", "member", scaled, &items);
	(void)!dialogue_begin("checkin", "member", NULL, &checkin);
	(void)!dialogue_begin("feedback", "member", NULL, &feedback);
	for (int i = 0; i < 5; i++)
		(void)!dialogue_answer(feedback, NULL, "1", NOON, &over, &alarm, NULL);
	for (size_t max = 1; max < 400; max++) {
		const json_t *asked[] = { items, feedback, checkin };

		for (size_t i = 0; i < nelem(asked) + nelem(notes); i++) {
			autobuf struct buf whole = { 0 }, out = { .max = max };
			autojson json_t *note = i < nelem(asked) ? NULL : json_of(notes[i - nelem(asked)]);
			int r = note == NULL ? dialogue_ask(asked[i], i == 0 ? scaled : NULL, &whole) : dialogue_words(note, &whole);

			wrong += r != 0;
			r = note == NULL ? dialogue_ask(asked[i], i == 0 ? scaled : NULL, &out) : dialogue_words(note, &out);
			wrong += r != (whole.len <= max ? 0 : -EMSGSIZE);
		}
	}
	is_int(wrong, 0, "where the words do not fit, that is said, and they do else");
}

/* Each allocation fails once: nothing is half answered, nothing is lost. */
static void
test_memory(void)
{
	static const char *const said[] = { "5", "4", "3", "2", "no", "1 2", "x" };
	long most = 0;
	int wrong = 0;

	faults_begin();
	for (long fail = 0; fail < 400; fail++) {
		autojson json_t *state = NULL, *note = NULL;
		bool over = false, alarm;
		int r;

		faults_left = fail;
		r = dialogue_begin("feedback", "member", NULL, &state);
		for (size_t i = 0; i < nelem(said) && r == 0; i++)
			r = dialogue_answer(state, NULL, said[i], NOON, &over, &alarm, NULL);
		if (r == 0)
			r = dialogue_result(state, "2026-11-21", &note);
		faults_left = -1;
		wrong += r != 0 && r != -ENOMEM;
		if (r != 0 && r != -ENOMEM)
			printf("# %ld: %d\n", fail, r);
		if (r == 0)
			break;
		most = fail;
	}
	ok(wrong == 0 && most > 10 && most < 399, "each of %ld allocations fails once: out of memory is said, and no answer is made up", most + 1);
	for (long fail = 0; fail < 60; fail++) {
		autojson json_t *state = NULL, *goals = NULL;
		bool over = false, alarm;
		int r;

		faults_left = fail;
		if ((r = dialogue_begin("answers", "member", measure("hope"), &state)) == 0)
			r = dialogue_answer(state, measure("hope"), "3", NOON, &over, &alarm, NULL);
		if (r == 0 && (r = dialogue_begin("goals", "member", NULL, &goals)) == 0)
			r = dialogue_answer(goals, NULL, "x", NOON, &over, &alarm, NULL);
		faults_left = -1;
		wrong += r != 0 && r != -ENOMEM;
		if (r != 0 && r != -ENOMEM)
			printf("# %ld: %d\n", fail, r);
	}
	is_int(wrong, 0, "of the others too");
}

int
main(void)
{
	measures = json_source("docs/examples/measures.json");
	test_talks();
	test_limits();
	test_asked();
	test_alarm();
	test_words();
	test_day();
	test_full();
	test_memory();
	json_decref(measures);
	return done_testing();
}
