/* SPDX-License-Identifier: Apache-2.0 */
/* After a match: an agreement that both sign, a questionnaire that rings a bell, a question asked again on its day; all of it sealed. */
#include <stdio.h>
#include <string.h>

#include "base/canon.h"
#include "domain/when.h"
#include "search.h"
#include "story.h"
#include "tests/domain/quoted.h"
#include "tests/tap.h"

#define CANARY	"Qzyvan"

static const char *const words[] = { CANARY " talk", CANARY " days", CANARY " ends", CANARY " to see my sister", CANARY " cannot sleep", CANARY " calls Ada",
    CANARY " saw", CANARY " pushed", CANARY " rained", "\"items\":[3,3,2,2,2]", "\"items\":[0,0,0,0,0,0,0,0,1]", NULL };

static struct host h;
static json_t *id;		/* Of the match. */

static json_t *
note(const char *kind, json_t *part)
{
	return host_command(&h, SOURCE, "match note", json_pack("{s:O, s:{s:s, s:s, s:o}}", "match", id, "document", "kind", kind, "on",
	    "2026-11-21", kind, part));
}

static const char *
result(const json_t *reply, const char *key)
{
	const char *text = json_str(json_obj(reply, "result"), key);

	return text != NULL ? text : json_str(reply, "error") != NULL && strcmp(key, "error") == 0 ? json_str(reply, "error") : "";
}

static json_t *
agreement(int hours)
{
	return json_pack("{s:s, s:s, s:i, s:s, s:s}", "scope", CANARY " talk", "hours", CANARY " days", "response_hours", hours, "ending", CANARY " ends", "ends_on",
	    "2027-05-20");
}

static json_t *
sign(const char *by)
{
	return host_command(&h, SOURCE, "match sign", json_pack("{s:O, s:s, s:s}", "match", id, "by", by, "how", "phone"));
}

static void
test_agreement(void)
{
	autojson json_t *none = sign("member"), *kept = note("agreement", agreement(24)), *first = sign("member"), *both = sign("specialist"), *shown,
	    *other = note("agreement", agreement(48)), *again, *stranger = sign("guardian");
	autojson json_t *forged = note("signature", json_pack("{s:s, s:s, s:s}", "by", "member", "how", "paper", "terms",
	    "0000000000000000000000000000000000000000000000000000000000000000"));

	ok(strstr(result(none, "error"), "no agreement to sign") != NULL, "nothing to sign yet");
	ok(strstr(result(kept, "text"), "once both have signed") != NULL, "an agreement is kept");
	is_str(result(first, "text"), "waits for the specialist's signature", "one signs");
	is_str(result(both, "text"), "in force: both signed these words", "and the other");
	ok(strstr(result(other, "text"), "kept") != NULL, "other words");
	shown = host_ok(&h, SOURCE, "match notes", json_pack("{s:O}", "match", id));
	is_str(json_str(shown, "agreement"), "waits for both signatures", "are another agreement");
	ok(strstr(result(stranger, "error"), "/signature/by") != NULL, "nobody else signs: %s", result(stranger, "error"));
	ok(strstr(result(forged, "error"), "not written by hand") != NULL, "nor is a signature written by hand");
	again = sign("member");
	is_str(result(again, "text"), "waits for the specialist's signature", "and each signs anew");
}

static void
test_answers(void)
{
	autojson json_t *measures = json_source("docs/examples/measures.json"), *unknown, *kept, *bell, *early, *short_of;

	unknown = note("answers", json_pack("{s:s, s:s, s:[i]}", "measure", "hope", "by", "member", "items", 5));
	ok(strstr(result(unknown, "error"), "no questionnaire") != NULL, "only what the program chose is used");
	json_decref(host_ok(&h, SOURCE, "import measures", json_pack("{s:O}", "document", measures)));
	kept = note("answers", json_pack("{s:s, s:s, s:[i, i, i, i, i]}", "measure", "who-5", "by", "member", "items", 3, 3, 2, 2, 2));
	ok(json_int(json_obj(kept, "result"), "score", 0) == 48 && strncmp(result(kept, "says"), "low wellbeing", 13) == 0 &&
	    json_object_get(json_obj(kept, "result"), "urgent") == NULL, "a questionnaire is counted");
	bell = note("answers", json_pack("{s:s, s:s, s:[i, i, i, i, i, i, i, i, i]}", "measure", "phq-9", "by", "member", "items", 0, 0, 0, 0, 0, 0, 0, 0, 1));
	ok(strstr(result(bell, "urgent"), "in danger") != NULL, "an answer about not wanting to live is urgent, whatever the score");
	early = note("answers", json_pack("{s:s, s:s, s:[i, i, i, i, i, i, i, i, i]}", "measure", "phq-9", "by", "member", "items", -1, -1, -1, -1, -1, -1, -1,
	    -1, 3));
	ok(strstr(result(early, "urgent"), "in danger") != NULL && json_object_get(json_obj(early, "result"), "score") == NULL,
	    "also where too little is answered to count");
	short_of = note("answers", json_pack("{s:s, s:s, s:[i]}", "measure", "who-5", "by", "member", "items", 3));
	ok(strstr(result(short_of, "error"), "5 answers are wanted") != NULL, "answers are missing");
}

static void
test_rest(void)
{
	autojson json_t *goals = note("goals", json_pack("[{s:s, s:s}]", "text", CANARY " to see my sister", "state", "open")), *asked, *plan, *feedback,
	    *reflection, *shown, *again, *bad = note("goals", json_pack("[{s:s}]", "text", "x"));

	plan = note("plan", json_pack("{s:s, s:s}", "signs", CANARY " cannot sleep", "people", CANARY " calls Ada"));
	reflection = note("reflection", json_pack("{s:s}", "worldview", CANARY " saw"));
	feedback = note("feedback", json_pack("{s:s, s:i, s:i, s:i, s:i, s:b, s:[s], s:s}", "by", "specialist", "heard", 5, "respected", 4, "chose", 3, "useful", 5,
	    "again", 1, "concerns", "pushed", "text", CANARY " pushed"));
	asked = note("checkin", json_pack("{s:i, s:i, s:s}", "well", 2, "remind_days", 7, "text", CANARY " rained"));
	ok(json_is_true(json_object_get(goals, "ok")) && json_is_true(json_object_get(plan, "ok")) && json_is_true(json_object_get(reflection, "ok")) && json_is_true(json_object_get(feedback, "ok")) &&
	    json_is_true(json_object_get(asked, "ok")), "goals, a plan, feedback, a check-in are kept");
	ok(strstr(result(bad, "error"), "/goals/0/state") != NULL, "a note that is none is not: %s", result(bad, "error"));
	shown = host_ok(&h, SOURCE, "match notes", json_pack("{s:O}", "match", id));
	ok(json_array_size(json_arr(shown, "items")) == 13 && json_str(shown, "ask_again") != NULL, "all are shown (%zu)",
	    json_array_size(json_arr(shown, "items")));
	search_member(&h, words);
	ok(story_well(&h, SOURCE, "matches"), "nobody is to be asked yet");
	*h.now += 8 * WHEN_DAY;
	host_run(&h, 1000);
	ok(story_ill(&h, SOURCE, "matches", "1 wanted to be asked how it goes"), "after a week somebody wanted to be asked");
	again = note("checkin", json_pack("{s:i}", "well", 4));
	ok(json_is_true(json_object_get(again, "ok")) && story_well(&h, SOURCE, "matches"), "was asked, and not again unless they want it");
}

/* Whose match has ended is forgotten when their time is over, as after a referral, with all that was noted. */
static void
test_term(void)
{
	autojson json_t *match = host_ok(&h, SOURCE, "match", json_pack("{s:s, s:s}", "need", "everyday_support", "age_band", "26_59")), *early, *gone,
	    *list;

	json_decref(id);
	id = json_incref(json_object_get(match, "match"));
	json_decref(host_ok(&h, SOURCE, "match accept", json_pack("{s:O, s:O}", "match", id, "record",
	    json_object_get(json_array_get(json_arr(match, "choices"), 0), "record"))));
	json_decref(note("goals", json_pack("[{s:s, s:s}]", "text", CANARY, "state", "open")));
	*h.now += (26 * 7 + 30) * WHEN_DAY;	/* It ends by itself. */
	host_run(&h, 1000);
	*h.now += 728 * WHEN_DAY;
	host_run(&h, 60000);
	early = host_command(&h, SOURCE, "match notes", json_pack("{s:O}", "match", id));
	ok(json_is_true(json_object_get(early, "ok")), "for two years it can be read");
	*h.now += 4 * WHEN_DAY;
	host_run(&h, 2 * WHEN_HOUR);
	gone = host_command(&h, SOURCE, "match notes", json_pack("{s:O}", "match", id));
	list = story_list(&h, SOURCE, "matches");
	ok(strstr(result(gone, "error"), "no match") != NULL && json_array_size(list) == 0, "then match and notes are gone");
}

/* The member is forgotten with all of it. */
static void
test_erased(void)
{
	autojson json_t *plan = host_ok(&h, SOURCE, "erase", json_pack("{s:O}", "id", id)), *before = story_list(&h, SOURCE, "matches"), *after, *gone;

	ok(strstr(json_string_value(json_array_get(json_arr(plan, "erases"), 0)), "what was wished") != NULL && json_array_size(before) == 1,
	    "what would be erased is said, and nothing done");
	json_decref(host_ok(&h, SOURCE, "erase", json_pack("{s:O, s:O}", "id", id, "confirm", id)));
	host_run(&h, 60000);
	after = story_list(&h, SOURCE, "matches");
	gone = host_command(&h, SOURCE, "match notes", json_pack("{s:O}", "match", id));
	ok(json_array_size(after) == 0 && strstr(json_str(gone, "error"), "no match") != NULL, "then match and notes are gone");
}

int
main(void)
{
	autojson json_t *records = NULL, *match = NULL, *early = NULL;

	story_begin(&h, 79);
	story_trust(&h);
	records = story_records(*h.now);
	json_decref(host_ok(&h, SOURCE, "import", json_pack("{s:O}", "records", records)));
	json_decref(host_ok(&h, SOURCE, "publish", json_object()));
	host_run(&h, 10000);
	match = host_ok(&h, SOURCE, "match", json_pack("{s:s, s:s}", "need", "everyday_support", "age_band", "26_59"));
	id = json_incref(json_object_get(match, "match"));
	early = note("goals", json_pack("[{s:s, s:s}]", "text", "x", "state", "open"));
	ok(strstr(result(early, "error"), "nobody was chosen yet") != NULL, "no notes before somebody was chosen");
	json_decref(host_ok(&h, SOURCE, "match accept", json_pack("{s:O, s:O}", "match", id, "record",
	    json_object_get(json_array_get(json_arr(match, "choices"), 0), "record"))));
	test_agreement();
	test_answers();
	test_rest();
	test_erased();
	test_term();
	for (size_t i = 0; i < h.n; i++)
		host_stop(&h, i);
	json_decref(id);
	host_close(&h);
	return done_testing();
}
