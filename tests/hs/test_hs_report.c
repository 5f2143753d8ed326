/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What may be told of a quarter counts people, each once: one who is met six times, or for whom a coordinator looks six
 * times, is one, and whom nobody knows is nobody.
 */
#include <stdio.h>
#include <string.h>

#include "base/canon.h"
#include "domain/when.h"
#include "story_refer.h"
#include "tests/domain/quoted.h"
#include "tests/tap.h"

enum { GRIEF = 6, PEOPLE = GRIEF + 1, MATCHED = 5, ANSWER = 10 };	/* So many as a mean needs. */

static struct host h;
static struct referral_story story;
static char cases[ANSWER][32], asked[ANSWER][32], match_of[ANSWER][32];	/* Each person's case, and their referral. */

static json_t *
specialist(const char *alias)
{
	return json_pack("{s:s, s:s, s:{s:s, s:s, s:[s], s:[s], s:[s], s:[s], s:[s], s:{s:i, s:i, s:I}}}", "source", alias, "kind", "specialist", "body",
	    "alias", alias, "program", "house", "roles", "one_to_one", "languages", "en", "conditions", "alcohol", "age_bands", "26_59", "modalities",
	    "online_text", "capacity", "open", 9, "maximum", 9, "updated_at", (json_int_t)*h.now);
}

static json_t *
house(void)
{
	return json_pack("{s:s, s:s, s:{s:s, s:s, s:[s], s:[s], s:[s], s:[s, s], s:[{s:s, s:s}], s:s}}", "source", "house", "kind", "program", "body",
	    "name", "A house", "description", "Peers.", "forms", "substance_use_peer", "conditions", "alcohol", "languages", "en", "modalities",
	    "online_text", "phone", "locations", "visibility", "public", "locality", "Newark", "cost", "free");
}

static json_t *
school(void)
{
	return json_pack("{s:s, s:s, s:{s:s, s:s, s:s, s:s, s:[s], s:[s], s:s, s:s, s:s, s:s, s:s, s:{s:[s], s:s, s:s}}}", "source", "school", "kind", "group", "body",
	    "program", "house", "name", "Evening school", "neutral_name", "Tuesday", "kind", "education", "audiences", "adults", "languages", "en", "modality",
	    "in_person", "no_alternative", "We have one room.", "access", "invite", "facilitation", "peer", "anonymity", "alias_welcome", "charter", "principles",
	    "voluntary", "moderation", "members_only", "text", "What is said here stays here.");
}

static void
publish(void)
{
	autojson json_t *target = host_ok(&h, TARGET, "show", json_pack("{s:s}", "id", "node"));

	json_decref(host_ok(&h, TARGET, "import", json_pack("{s:[o, o]}", "records", house(), specialist("Rosa"))));
	json_decref(host_ok(&h, SOURCE, "import", json_pack("{s:[o, o, o, o]}", "records", house(), school(), specialist("Olga"), specialist("Ana"))));
	json_decref(host_ok(&h, TARGET, "publish", json_object()));
	json_decref(host_ok(&h, SOURCE, "publish", json_object()));
	json_decref(host_ok(&h, SOURCE, "follow", json_pack("{s:O}", "org", json_object_get(target, "org"))));
	host_run(&h, 10000);
	refer_begin(&h, &story);
}

/* Staff refers them; the target accepts, or has no room. */
static void
refer(size_t who, bool accepted, char id[32])
{
	json_t *args = refer_args(&h, &story, STORY_REFER), *answer;
	autojson json_t *made = NULL;

	(void)(json_object_set_new(args, "case", json_string(cases[who])) | json_object_set_new(args, "need", json_string(who < GRIEF ? "grief" : "youth")));
	made = host_ok(&h, SOURCE, "refer", args);
	(void)snprintf(id, 32, "%s", json_str(made, "referral"));
	host_run(&h, 5000);
	answer = json_pack("{s:s, s:s, s:s*}", "referral", id, "decision", accepted ? "accept" : "decline", "reason", accepted ? NULL : "no_capacity");
	json_decref(host_ok(&h, TARGET, "answer", answer));
	host_run(&h, 5000);
}

/* The partner is told who it is, and how they are reached. */
static void
consent(size_t who, const char *id)
{
	json_t *form = refer_fill(host_ok(&h, SOURCE, "consent", json_pack("{s:s, s:b}", "referral", id, "template", 1)), id);
	char phone[32];

	(void)snprintf(phone, sizeof(phone), "+1 201 555 01%02zu", who);
	(void)(json_object_set_new(json_obj(json_obj(form, "consent"), "signature"), "recorded_by", json_string("Sam, front desk")) |
	    json_object_set_new(json_obj(json_obj(form, "identity"), "contact"), "value", json_string(phone)));
	json_decref(host_ok(&h, SOURCE, "consent", form));
	host_run(&h, 5000);
}

/* Ten come in January and in February; one more in March. */
static void
attend(void)
{
	static const char *const days[] = { "2026-01-13", "2026-02-10", "2026-03-10" };
	autojson json_t *list = story_list(&h, SOURCE, "records");
	const char *group = NULL;
	const json_t *one;
	size_t i;

	json_array_foreach(list, i, one)
		if (!strcmp(json_str(one, "kind"), "group"))
			group = json_str(one, "id");
	for (i = 0; i < ANSWER + 1; i++) {
		char who[16];

		(void)snprintf(who, sizeof(who), "Sam %zu", i);
		json_decref(host_ok(&h, SOURCE, "book add", json_pack("{s:{s:s, s:s, s:s, s:{s:s, s:i}}}", "document", "kind", "enrolment", "on", days[0], "who", who,
		    "enrolment", "group", group, "sessions", 8)));
		for (size_t k = 0; k < nelem(days); k++)
			if ((i < ANSWER) == (k < 2))
				json_decref(host_ok(&h, SOURCE, "book add", json_pack("{s:{s:s, s:s, s:s, s:{s:s}}}", "document", "kind", "session", "on", days[k],
				    "who", who, "session", "group", group)));
	}
}

static json_t *
match(const char *referral, const char *need)
{
	return host_ok(&h, SOURCE, "match", json_pack("{s:s, s:s}", "referral", referral, "need", need));
}

static void
meet(const json_t *found, const char *on, const char *modality)
{
	json_decref(host_ok(&h, SOURCE, "match note", json_pack("{s:O, s:{s:s, s:s, s:{s:s, s:i}}}", "match", json_object_get(found, "match"), "document",
	    "kind", "contact", "on", on, "contact", "modality", modality, "minutes", 50)));
}

static void
note(const char *match, const char *on, const char *kind, json_t *what)
{
	json_decref(host_ok(&h, SOURCE, "match note", json_pack("{s:s, s:{s:s, s:s, s:o}}", "match", match, "document", "kind", kind, "on", on, kind, what)));
}

static json_t *
answers(const char *by, int each)
{
	return json_pack("{s:s, s:s, s:[i, i, i, i, i]}", "measure", "who-5", "by", by, "items", each, each, each, each, each);
}

/* What one says of the support; what another said before counts no more. */
static json_t *
opinion(int each)
{
	return json_pack("{s:s, s:i, s:i, s:i, s:i, s:b}", "by", "member", "heard", each, "respected", each, "chose", each, "useful", each, "again", 1);
}

/*
 * Before that each of the ten is called in January; in February, when they see each other by video, which was nobody's
 * first, three of them are besides met in person.
 */
static void
serve(size_t who)
{
	note(match_of[who], "2026-01-15", "contact", json_pack("{s:s, s:i}", "modality", "phone", "minutes", 41));
	for (int k = 0; k < 2; k++)
		note(match_of[who], "2026-02-15", "contact", json_pack("{s:s, s:i}", "modality", "online_video", "minutes", 30));
	for (int k = 0; k < 4 && who < 3; k++)
		note(match_of[who], "2026-02-16", "contact", json_pack("{s:s, s:i}", "modality", "in_person", "minutes", 600));
}

/*
 * Nine answer twice in one spring and say how it was, however often; ten in the next.  The tenth
 * answered once before; and of one match nobody is known.  The two who support them answer with each.
 */
static void
answer(void)
{
	static const char *const spring[] = { "2025-04-01", "2025-05-01", "2026-04-01", "2026-05-01" };
	autojson json_t *measures = json_source("docs/examples/measures.json"), *nobody = NULL;

	json_decref(host_ok(&h, SOURCE, "import measures", json_pack("{s:O}", "document", measures)));
	for (size_t i = 0; i < ANSWER; i++) {
		if (i >= PEOPLE) {
			autojson json_t *opened = host_ok(&h, SOURCE, "open-case", json_pack("{s:{s:s, s:s, s:b}}", "person", "alias", "Kim", "phone",
			    "+1 201 555 0100", "leave_message", 0));

			(void)snprintf(cases[i], sizeof(cases[i]), "%s", json_str(opened, "case"));
			refer(i, false, asked[i]);
		}
		if (i >= MATCHED) {
			autojson json_t *found = match(asked[i], "everyday_support");

			(void)snprintf(match_of[i], sizeof(match_of[i]), "%s", json_str(found, "match"));
			json_decref(host_ok(&h, SOURCE, "match accept", json_pack("{s:s, s:O}", "match", match_of[i], "record",
			    json_object_get(json_array_get(json_arr(found, "choices"), 0), "record"))));
		}
		serve(i);
		for (size_t k = 0; k < nelem(spring); k++) {
			if (i == ANSWER - 1 && k == 1)
				continue;	/* In the first spring the tenth answers once. */
			if (k == 3)	/* What is between the first and the last is in no mean. */
				note(match_of[i], spring[k], "answers", answers("member", 0));
			note(match_of[i], spring[k], "answers", answers("member", k % 2 == 0 ? 1 : i < ANSWER / 2 ? 3 : 4));
			note(match_of[i], spring[k], "answers", answers("specialist", 5));
			if (i < ANSWER - 1 || k > 1)
				note(match_of[i], spring[k], "feedback", opinion(k % 2 == 0 ? 1 : 4));
		}
	}
	nobody = host_ok(&h, SOURCE, "match", json_pack("{s:s, s:s}", "need", "everyday_support", "age_band", "26_59"));
	json_decref(host_ok(&h, SOURCE, "match accept", json_pack("{s:O, s:O}", "match", json_object_get(nobody, "match"), "record",
	    json_object_get(json_array_get(json_arr(nobody, "choices"), 0), "record"))));
	for (size_t k = 2; k < nelem(spring); k++) {
		note(json_str(nobody, "match"), spring[k], "answers", answers("member", 0));
		note(json_str(nobody, "match"), spring[k], "feedback", opinion(1));
	}
}

/* Seven ask and find nobody, the seventh six times; five of them find somebody then, and the first of these is met often. */
static void
live(void)
{
	char id[32];

	for (size_t i = 0; i < PEOPLE; i++) {
		autojson json_t *opened = host_ok(&h, SOURCE, "open-case", json_pack("{s:{s:s, s:s, s:b}}", "person", "alias", "Kim", "phone", "+1 201 555 0100",
		    "leave_message", 0));

		(void)snprintf(cases[i], sizeof(cases[i]), "%s", json_str(opened, "case"));
		refer(i, false, asked[i]);
		for (int k = 0; k < (i < GRIEF ? 1 : 6); k++)
			json_decref(match(asked[i], i < GRIEF ? "grief" : "youth"));
	}
	for (size_t i = 0; i < MATCHED; i++) {
		autojson json_t *found = match(asked[i], "substance_use");

		(void)snprintf(match_of[i], sizeof(match_of[i]), "%s", json_str(found, "match"));
		json_decref(host_ok(&h, SOURCE, "match accept", json_pack("{s:O, s:O}", "match", json_object_get(found, "match"), "record",
		    json_object_get(json_array_get(json_arr(found, "choices"), 0), "record"))));
		meet(found, "2026-11-21", "phone");
		for (int k = 0; k < 6 && i == 0; k++) {
			meet(found, "2026-11-21", "in_person");
			meet(found, "2026-09-21", "phone");
		}
	}
	for (size_t i = 0; i <= MATCHED; i++) {
		refer(i % MATCHED, true, id);
		consent(i % MATCHED, id);
	}
	answer();
	attend();
	for (int i = 0; i < 6; i++)
		for (size_t side = 0; side < 2; side++)
			json_decref(host_ok(&h, side, "match", json_pack("{s:s, s:s, s:s}", "need", "grief", "age_band", "13_17", "language", "haw")));
	host_run(&h, 20000);
}

static json_t *
report(size_t side, const char *quarter)
{
	return host_ok(&h, side, "report", json_pack("{s:s}", "quarter", quarter));
}

static bool
tells(const json_t *report, const char *section, const char *word)
{
	autofree char *text = json_dumps(json_obj(report, section), JSON_COMPACT);

	return text != NULL && strstr(text, word) != NULL;
}

static void
is_silent(const json_t *report, const char *section, const char *name)
{
	ok(tells(report, section, "too few, or too much alike") && !tells(report, section, "people"), "%s: nothing is said", name);
}

static void
test_source(void)
{
	autojson json_t *all = report(SOURCE, "2026-Q4"), *again = NULL, *before = report(SOURCE, "2026-Q3");

	is_int((int)json_int(json_obj(all, "unmet"), "people", 0), PEOPLE, "seven found nobody, however often it was looked for them");
	ok(!tells(all, "unmet", "youth"), "of the one with another need nothing is told, after six times neither");
	ok(!tells(all, "unmet", "haw") && !tells(all, "unmet", "13_17"), "and whom nobody knows is in no count");
	is_int((int)json_int(json_obj(all, "sent_unmet"), "people", 0), ANSWER, "ten were referred in vain");
	ok(tells(all, "sent_unmet", "no_capacity") && !tells(all, "sent_unmet", "youth"), "and why, but not of the one");
	is_int((int)json_int(json_obj(all, "sent"), "people", 0), MATCHED, "five by six referrals");
	is_int((int)json_int(json_obj(all, "matched"), "people", 0), ANSWER, "ten were matched");
	ok(tells(all, "matched", "{\"by\":\"program\",\"rows\":[{\"value\":\"A house\",\"count\":10}]"), "by the program of who supports them");
	is_int((int)json_int(json_obj(all, "units"), "people", 0), MATCHED, "and five met, one of them seven times");
	ok(tells(all, "units", "{\"value\":\"phone\",\"people\":5}") && !tells(all, "units", "in_person") && !tells(all, "units", "minutes") &&
	    !tells(all, "units", "contacts"), "nobody learns of their other meetings, nor how often five were met, and for how long");
	is_silent(before, "units", "six meetings of one");
	json_decref(match(asked[0], "grief"));
	again = report(SOURCE, "2026-Q4");
	ok(json_equal(all, again), "it is the same ever after");
}

/* What a funder is told: every contact and minute of where enough people were met, also of what was nobody's first. */
static void
test_units(void)
{
	autojson json_t *all = report(SOURCE, "2026-Q1"), *want = json_of("{'people':10,'contacts':30,'minutes':1020,'tables':["
	    "{'by':'modality','rows':[{'value':'online_video','people':10,'contacts':20,'minutes':600},{'value':'phone','people':10,'contacts':10,'minutes':420}],"
	    "'others':'some are left out, here and of every other number: fewer than 5 people'},"
	    "{'by':'month','rows':[{'value':'2026-01','people':10,'contacts':10,'minutes':420},{'value':'2026-02','people':10,'contacts':20,'minutes':600}]},"
	    "{'by':'program','rows':[{'value':'A house','people':10}]}]}");

	ok(json_equal(json_obj(all, "units"), want), "contacts, minutes and people, by how, when and whose; of the three met in person nothing, in no number");
}

/* Meetings of a series, by the names that the program writes down; the eleventh came once, in a month of its own. */
static void
test_series(void)
{
	autojson json_t *all = report(SOURCE, "2026-Q1"), *want = json_of("{'people':10,'contacts':20,'tables':[{'by':'month','rows':["
	    "{'value':'2026-01','people':10,'contacts':10},{'value':'2026-02','people':10,'contacts':10}],"
	    "'others':'some are left out, here and of every other number: fewer than 5 people'},"
	    "{'by':'program','rows':[{'value':'A house','people':10}]},{'by':'series','rows':[{'value':'Evening school','people':10,'contacts':20}]}]}");

	ok(json_equal(json_obj(all, "series"), want), "who was at the meetings of a series, by when, whose and which");
}

/* Means are of ten people or more. */
static void
test_means(void)
{
	autojson json_t *nine = report(SOURCE, "2025-Q2"), *ten = report(SOURCE, "2026-Q2");
	const json_t *scores = json_array_get(json_arr(ten, "measures"), 0), *said = json_array_get(json_arr(ten, "feedback"), 0);

	ok(json_array_size(json_arr(nine, "measures")) == 0 && json_array_size(json_arr(nine, "feedback")) == 0, "of nine no mean is told");
	is_int((int)json_int(scores, "people", 0), ANSWER, "of ten it is");
	ok(json_array_size(json_arr(ten, "measures")) == 1 && !strcmp(json_str(scores, "by"), "member"), "of two who support them, and answer for each, it is not");
	is_int((int)json_int(scores, "first_mean", 0), 20, "what they answered first");
	is_int((int)json_int(scores, "last_mean", 0), 70, "and last, on average");
	ok(json_array_size(json_arr(ten, "feedback")) == 2 && !strcmp(json_str(json_array_get(json_arr(ten, "feedback"), 1), "program"), "A house") &&
	    json_int(json_array_get(json_arr(ten, "feedback"), 1), "heard", 0) == 40, "and by program");
	ok(json_int(said, "people", 0) == ANSWER && json_int(said, "heard", 0) == 40 && json_int(said, "useful", 0) == 40, "and what each said last of the support");
}

static void
test_target(void)
{
	autojson json_t *all = report(TARGET, "2026-Q4");

	is_int((int)json_int(json_obj(all, "received"), "people", 0), MATCHED, "whom a partner told of are as many as can be reached");
	ok(tells(all, "received", "{\"by\":\"program\",\"rows\":[{\"value\":\"A house\",\"count\":5}]") && !tells(all, "received", "Rosa"),
	    "by the program of whom they asked for, not by whom");
	is_silent(all, "received_unmet", "of whom the partner told nothing");
	is_silent(all, "unmet", "six times for nobody who is known");
}

int
main(void)
{
	autojson json_t *early = NULL, *bad = NULL;

	story_begin(&h, 78);
	story_trust(&h);
	publish();
	early = host_command(&h, SOURCE, "report", json_pack("{s:s}", "quarter", "2026-Q4"));
	bad = host_command(&h, SOURCE, "report", json_pack("{s:s}", "quarter", "autumn"));
	ok(strstr(json_str(early, "error"), "is not over") != NULL && strncmp(json_str(bad, "error"), "quarter: ", 9) == 0, "of no part of a quarter");
	live();
	*h.now += 60 * WHEN_DAY;
	host_run(&h, 1000);
	test_source();
	test_target();
	test_units();
	test_series();
	test_means();
	host_end(&h);
	return done_testing();
}
