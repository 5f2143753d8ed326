/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What people keep by writing in their chats: goals and plan that are theirs alone, how it goes and when to be asked again, what
 * both say of each other, a questionnaire in which danger is heard at once, an agreement that both sign with a word.
 */
#include "chat.h"
#include "domain/agreement.h"
#include "domain/when.h"
#include "hostile.h"
#include "store/outbox.h"
#include "store/peoplestore.h"
#include "search.h"
#include "story_refer.h"
#include "tests/domain/quoted.h"
#include "tests/tap.h"

enum { MEMBER = 2, HELPER = 3 };

#define MEMBER_USER	"@cairn:elsewhere.example"
#define HELPER_USER	"@cairn:further.example"
#define CANARY		"Qzyvan"

/* Each kind of thing that they say. */
static const char *const theirs[] = { CANARY " and walks", "I call " CANARY, CANARY " rained", CANARY " listened", CANARY " paints", "Talk, no money",
    "Other words", "A third wording", "\"items\":[3,3,2,2,2]", "\"items\":[0,0,0,0,0,0,0,0,1]", NULL };

static struct host h;
static json_t *id;		/* Of the match. */

#define says(who, text, words) chat_answers(&h, who, text, words)

static json_t *
notes(void)
{
	return host_ok(&h, SOURCE, "match notes", json_pack("{s:O}", "match", id));
}

/* How many of our messages of either direction hold these words. */
static int
listed(const char *words)
{
	autojson json_t *list = story_list(&h, SOURCE, "messages");
	const json_t *item;
	size_t i;
	int n = 0;

	json_array_foreach(list, i, item)
		n += strstr(json_str(item, "body"), words) != NULL;
	return n;
}

static void
test_plan(void)
{
	ok(says(MEMBER, "!help", "It is no therapy"), "help says what peer support is, and what not");
	is_int(chat_heard(&h, MEMBER, "people who have been through something similar"), 1, "in plain words");
	ok(says(MEMBER, "!plan", "What keeps you well from day to day?"), "a plan is asked for, one question at a time");
	is_int(chat_heard(&h, MEMBER, "It is yours alone"), 1, "and whose it is is said first");
	is_int(chat_heard(&h, MEMBER, "Only words that sound like danger are read by a person here"), 1, "and what is read all the same");
	ok(says(MEMBER, CANARY " and walks", "How do you notice"), "the next question");
	ok(says(MEMBER, "!skip", "What can you do by yourself"), "one may leave one out");
	ok(says(MEMBER, "!goals", "Write !next to go on"), "another is not begun meanwhile");
	host_kill(&h, SOURCE);
	host_start(&h, SOURCE);
	ok(says(MEMBER, "!next", "What can you do by yourself"), "it goes on after a restart");
	ok(says(MEMBER, "When I think of suicide I call " CANARY, "people can, now"), "danger is answered before everything else");
	is_int(chat_heard(&h, MEMBER, "write !next"), 1, "and nothing more is asked now");
	ok(says(MEMBER, "!next", "Which people and places"), "but it was an answer too");
	is_int(listed("When I think of suicide"), 1, "and people read it");
	is_int(chat_heard(&h, MEMBER, "a person here reads it, too"), 1, "which is said at once");
	is_int(chat_heard(&h, MEMBER, "People here read what you wrote"), 1, "also beside the numbers");
	for (int i = 0; i < 4; i++)
		chat_say(&h, MEMBER, "!skip");
	ok(says(MEMBER, "Stay with me", "it is kept"), "to the last");
	ok(says(MEMBER, "!plan", "What I can do by myself then: When I think of suicide I call " CANARY), "it is shown back");
	is_int(listed(CANARY " and walks"), 0, "and is not among the messages, neither asked nor shown");
	ok(!chat_in_files(&h, SOURCE, CANARY), "nor in clear in a file");
	is_int(chat_heard(&h, MEMBER, "Nobody else sees it here, but for words that sound like danger"), 1, "and not said to be seen by nobody");
}

static void
test_goals(void)
{
	ok(says(MEMBER, "!goals", "Write one goal") && says(MEMBER, "No more suicide", "people can, now"), "a goal may sound like danger");
	ok(says(MEMBER, "!stop", "nothing of it is kept but what sounded like danger"), "what people read is not said to be gone");
	ok(says(MEMBER, "!goals", "Write one goal") && says(MEMBER, "See my sister", "Another goal?"), "goals are asked for");
	ok(says(MEMBER, "!stop", "nothing of it is kept") && says(MEMBER, "!goals", "Write one goal"), "one can stop");
	ok(says(MEMBER, "See my sister", "Another goal?") && says(MEMBER, "Sleep", "Another goal?") && says(MEMBER, "!done", "it is kept"), "or be done");
	ok(says(MEMBER, "!goals reached 2", "2. Sleep (reached)"), "the member says how it stands");
	ok(says(MEMBER, "!goals reached 3", "to write it anew"), "of one that is there");
	ok(says(MEMBER, "!goals", "1. See my sister (open)"), "and it stays so");
	ok(says(MEMBER, "!forget goals", "forgotten here, for good"), "a word forgets them");
	ok(says(MEMBER, "!forget goals", "nothing of this kind"), "once");
}

/* Without a match, and with one. */
static void
test_checkin(void)
{
	autojson json_t *shown = NULL, *again = NULL;

	ok(says(MEMBER, "!feedback", "nobody with whom you are matched"), "of nobody nothing is said");
	json_decref(host_ok(&h, SOURCE, "match chat", json_pack("{s:O, s:s, s:s}", "match", id, "user", MEMBER_USER, "as", "member")));
	ok(says(MEMBER, "!checkin", "How is it going?"), "a check-in");
	ok(says(MEMBER, "It is awful, please call me", "A number from 1 to 5 is wanted"), "what is no answer");
	is_int(listed("please call me"), 1, "is for people to read");
	ok(says(MEMBER, "2", "say more") && says(MEMBER, CANARY " rained", "Shall I ask you again?"), "how it goes");
	is_int(listed(CANARY " rained"), 0, "is not among the messages");
	ok(says(MEMBER, "3", "What time is it where you are"), "and whether to be asked again");
	shown = notes();
	is_int((int)json_array_size(json_arr(shown, "items")), 0, "nothing is kept before the end");
	ok(says(MEMBER, "23:30", "asked again on"), "by day");
	again = notes();
	is_int((int)json_array_size(json_arr(again, "items")), 1, "then staff see it with the match");
	ok(json_str(again, "own") == NULL, "of a plan that has no match they hear nothing");
}

static void
test_reminder(void)
{
	int hours = 0;

	is_int(chat_heard(&h, MEMBER, "wanted to be asked"), 0, "not yet");
	*h.now += 3 * WHEN_DAY - WHEN_HOUR;
	host_run(&h, 1000);
	for (; hours < 40 && chat_heard(&h, MEMBER, "wanted to be asked") == 0; hours++) {
		*h.now += WHEN_HOUR;
		host_run(&h, 1000);
		if (hours == 2) {
			host_kill(&h, SOURCE);
			host_start(&h, SOURCE);
		}
		host_run(&h, 1000);
	}
	ok(hours >= 9 && hours <= 12, "three days later it is half past eleven at night for them: asked in the morning, %d hours later", hours);
	for (int i = 0; i < 50; i++) {
		*h.now += WHEN_HOUR;
		host_run(&h, 1000);
	}
	is_int(chat_heard(&h, MEMBER, "wanted to be asked"), 1, "once, and not again");
}

/* The letters below the words that were shown last to ${i}. */
static const char *
letters(size_t i, char ret[16])
{
	static const char before[] = "for you, write !yes ";
	autojson json_t *list = story_list(&h, i, "messages");
	const json_t *item;
	size_t k;

	ret[0] = '\0';
	json_array_foreach(list, k, item) {
		const char *at = strstr(json_str(item, "body"), before);

		if (at != NULL && ret[0] == '\0')	/* The newest is the first. */
			(void)snprintf(ret, 16, "!yes %.3s", at + strlen(before));
	}
	return ret;
}

static void
test_agreement(void)
{
	autojson json_t *kept = host_ok(&h, SOURCE, "match note", json_pack("{s:O, s:{s:s, s:s, s:{s:s, s:s, s:i, s:s, s:s}}}", "match", id, "document", "kind",
	    "agreement", "on", "2026-11-21", "agreement", "scope", "Talk, no money", "hours", "Days", "response_hours", 24, "ending", "Any time", "ends_on", "2027-05-20"));
	autojson json_t *shown = NULL, *after = NULL, *refused = NULL;
	char yes[16];

	is_int(chat_comes(&h, MEMBER, "Talk, no money"), 1, "the agreement is shown to the member");
	json_decref(host_ok(&h, SOURCE, "match chat", json_pack("{s:O, s:s, s:s}", "match", id, "user", HELPER_USER, "as", "specialist")));
	refused = host_command(&h, SOURCE, "match chat", json_pack("{s:O, s:s, s:s}", "match", id, "user", MEMBER_USER, "as", "specialist"));
	ok(strstr(json_str(refused, "error"), "other side") != NULL, "nobody is both");
	is_int(chat_comes(&h, HELPER, "Talk, no money"), 1, "and to the specialist, once their chat is known");
	ok(says(HELPER, letters(HELPER, yes), "once the other of you has signed"), "one signs with a word and the letters below the words");
	ok(says(HELPER, "!yes", "nothing to say yes to"), "once");
	shown = notes();
	is_str(json_str(shown, "agreement"), "waits for the member's signature", "it is recorded");
	ok(says(MEMBER, "!yes", "Nothing was signed"), "a yes alone says nothing of which words");
	is_int(chat_comes(&h, MEMBER, "Talk, no money"), 2, "which are shown again");
	ok(says(MEMBER, letters(MEMBER, yes), "holds now"), "with the other's it holds");
	is_int(chat_comes(&h, HELPER, "holds now"), 1, "and both are told");
	after = notes();
	is_str(json_str(after, "agreement"), "in force: both signed these words", "recorded with both sides' sign");
	(void)kept;
}

/* Other words that somebody else brought in meanwhile are not signed by a yes to the old ones. */
static void
test_other_words(void)
{
	autojson json_t *shown = NULL;
	char old[16], yes[16];

	(void)letters(MEMBER, old);
	json_decref(host_ok(&h, SOURCE, "match note", json_pack("{s:O, s:{s:s, s:s, s:{s:s, s:s, s:i, s:s, s:s}}}", "match", id, "document", "kind",
	    "agreement", "on", "2026-11-21", "agreement", "scope", "Other words", "hours", "Days", "response_hours", 48, "ending", "Any time", "ends_on", "2027-05-20")));
	is_int(chat_comes(&h, MEMBER, "Other words"), 1, "other words are shown anew");
	shown = notes();
	is_str(json_str(shown, "agreement"), "waits for both signatures", "and nobody has signed them");
	ok(says(MEMBER, old, "Nothing was signed"), "not by a yes to the words of before");
	ok(says(MEMBER, letters(MEMBER, yes), "once the other of you has signed") && says(HELPER, letters(HELPER, yes), "holds now"), "until each says yes");
}

/* How the list of matches marks ours: nothing of whose words they are. */
static bool
marked(void)
{
	autojson json_t *list = story_list(&h, SOURCE, "matches");
	autofree char *text = json_dumps(list, JSON_COMPACT);

	ok(strstr(text, CANARY) == NULL && strstr(text, "listened") == NULL, "the list of matches has no words of theirs");
	return json_array_size(list) == 1 && json_str(json_array_get(list, 0), "concern") != NULL;
}

/* What is not right short of "unsafe" and "judged" is told to whoever reads it, and is no fault. */
static void
test_pushed(void)
{
	ok(says(HELPER, "!feedback", "Were you heard?") && says(HELPER, "5", "respected") && says(HELPER, "5", "choose") && says(HELPER, "5", "of use") &&
	    says(HELPER, "5", "meet again") && says(HELPER, "yes", "not right") && says(HELPER, "4", "say more") && says(HELPER, "!skip", "it is kept"), "one was pushed");
	ok(story_well(&h, SOURCE, "feedback") && !marked(), "of that no list speaks");
}

static void
test_feedback(void)
{
	autojson json_t *shown = NULL;
	const json_t *item;
	size_t i;
	int of_both = 0;

	test_pushed();
	for (size_t who = MEMBER; who <= HELPER; who++) {
		ok(says(who, "!feedback", "Were you heard?") && says(who, "5", "respected") && says(who, "4", "choose") && says(who, "3", "of use") &&
		    says(who, "5", "meet again") && says(who, "yes", "not right") && says(who, "2", "say more") && says(who, CANARY " listened", "it is kept"),
		    "both are asked the same");
	}
	ok(story_ill(&h, SOURCE, "feedback", "in 1 match somebody says that they felt unsafe or judged") && marked(), "that somebody felt unsafe is said until staff look");
	host_kill(&h, SOURCE);
	host_start(&h, SOURCE);
	ok(story_ill(&h, SOURCE, "feedback", "in 1 match") && marked(), "also after a restart, and though the lists were looked at");
	shown = notes();
	ok(story_well(&h, SOURCE, "feedback") && !marked(), "and then no more");
	json_array_foreach(json_arr(shown, "items"), i, item) {
		const char *by = json_str(json_obj(item, "feedback"), "by");

		of_both |= by == NULL ? 0 : !strcmp(by, "member") ? 1 : 2;
	}
	is_int(of_both, 3, "and each answer says whose it is");
}

static void
test_measure(void)
{
	autojson json_t *list = json_source("docs/examples/measures.json");

	ok(says(MEMBER, "!measure who-5", "no questionnaires here"), "only what the program chose is asked");
	json_decref(host_ok(&h, SOURCE, "import measures", json_pack("{s:O}", "document", list)));
	ok(says(MEMBER, "!measure", "who-5: Wellbeing"), "it is listed");
	ok(says(MEMBER, "!measure who-5", "Question 1 of 5") && says(MEMBER, "9", "from 0 to 5 is wanted") && says(MEMBER, "3", "Question 2 of 5"), "and asked");
	chat_say(&h, MEMBER, "3");
	chat_say(&h, MEMBER, "2");
	chat_say(&h, MEMBER, "2");
	ok(says(MEMBER, "2", "Your score is 48: low wellbeing"), "and counted");
	ok(says(MEMBER, "!measure phq-9", "Question 1 of 9"), "another");
	for (int i = 0; i < 8; i++)
		chat_say(&h, MEMBER, "0");
	{
		int before = chat_heard(&h, MEMBER, "people can, now"), calls = listed("Somebody who writes to us may be in danger");

		*h.now += 2 * WHEN_HOUR;
		ok(says(MEMBER, "1", "people can, now") && chat_heard(&h, MEMBER, "people can, now") == before + 1, "an answer about not wanting to live is answered at once");
		is_int(listed("Somebody who writes to us may be in danger"), calls + 1, "and somebody is told");
		is_int(chat_heard(&h, MEMBER, "a person here reads it, too. Thank you; it is kept. Your score is 1"), 1, "and it is counted, and said who reads it");
	}
	ok(says(MEMBER, "!measure phq-9", "Question 1 of 9"), "once more");
	for (int i = 0; i < 8; i++)
		chat_say(&h, MEMBER, "!skip");
	ok(says(MEMBER, "3", "Too few questions") && chat_heard(&h, MEMBER, "people can, now") >= 3, "also where too little is answered to count");
}

/* A program of theirs sends a note, as the page of the protocol has it. */
static void
sends(size_t who, json_t *note)
{
	struct db *db = hostile_db(&h, who);
	autojson json_t *content = json_pack("{s:s, s:s, s:o}", "msgtype", "m.text", "body", "A note.", "org.cairnpeer.note", note);
	autoroom struct room room = { 0 };
	int64_t pid;

	if (person_find(db, SOURCE_USER, &pid) != 0 || room_by_person(db, pid, &room) != 0 ||
	    outbox_event(db, "node", room.room_id, "m.room.message", NULL, content, "ack", "a note", NULL) != 0)
		host_fail(&h, "a note cannot be sent");
	hostile_go_on(&h, who, db);
	for (int k = 0; k < 4; k++)
		host_run(&h, 4000);
}

/* Was it answered with these words? */
static bool
sent(size_t who, json_t *note, const char *words)
{
	int before = chat_heard(&h, who, words);

	sends(who, note);
	return chat_heard(&h, who, words) == before + 1;
}

static json_t *
note_of(const char *kind, json_t *part)
{
	return json_pack("{s:i, s:s, s:s, s:o}", "v", 1, "kind", kind, "on", "2026-11-21", kind, part);
}

static json_t *
agreement(void)
{
	return json_pack("{s:s, s:s, s:i, s:s, s:s}", "scope", "A third wording", "hours", "Days", "response_hours", 12, "ending", "Any time", "ends_on", "2027-05-20");
}

/* The same as data: what a program of theirs sends is theirs as what they say is, and seen by whom that is. */
static void
test_form(void)
{
	autojson json_t *before = notes(), *terms_of = agreement(), *after = NULL, *held = NULL;
	int n = (int)json_array_size(json_arr(before, "items")), said;
	char terms[AGREEMENT_TERMS], yes[16];

	ok(sent(MEMBER, note_of("goals", json_pack("[{s:s, s:s}]", "text", CANARY " swims", "state", "open")), "!goals shows it"), "goals that a program sends are kept");
	host_kill(&h, SOURCE);
	host_start(&h, SOURCE);
	ok(says(MEMBER, "!goals", "1. " CANARY " swims (open)"), "and shown, after a restart too");
	is_int(listed("A note.") + listed(CANARY " swims"), 0, "they are not among the messages");
	ok(!chat_in_files(&h, SOURCE, CANARY), "nor in clear in a file");
	ok(sent(HELPER, note_of("feedback", json_pack("{s:s, s:i, s:i, s:i, s:i, s:b}", "by", "specialist", "heard", 4, "respected", 4, "chose", 4, "useful", 4, "again", 1)),
	    "it is kept") && sent(HELPER, note_of("feedback", json_pack("{s:s, s:i, s:i, s:i, s:i, s:b}", "by", "member", "heard", 1, "respected", 1, "chose", 1, "useful",
	    1, "again", 0)), "nobody writes this for the other"), "feedback is one's own");
	ok(sent(MEMBER, note_of("contact", json_pack("{s:s, s:i}", "modality", "phone", "minutes", 30)), "written down by people here"), "what staff write the member does not");
	ok(sent(MEMBER, json_string("x"), "nothing of it is kept"), "what is no note is refused");
	after = notes();
	ok((int)json_array_size(json_arr(after, "items")) == n + 1 && strcmp(json_str(after, "own"), "1 more are the member's alone") == 0,
	    "staff see what is for them to see, and that there is one more");
	json_decref(host_ok(&h, SOURCE, "match note", json_pack("{s:O, s:o}", "match", id, "document", note_of("agreement", agreement()))));
	is_int(chat_comes(&h, MEMBER, "A third wording"), 1, "an agreement is shown");
	if (agreement_terms(terms_of, terms) != 0)
		host_fail(&h, "no terms");
	ok(sent(MEMBER, note_of("signature", json_pack("{s:s, s:s, s:s}", "by", "member", "how", "matrix", "terms", terms)), "once the other of you has signed"),
	    "one side signs by a program");
	ok(says(HELPER, letters(HELPER, yes), "holds now") && chat_comes(&h, MEMBER, "holds now") > 0, "the other by words");
	held = notes();
	is_str(json_str(held, "agreement"), "in force: both signed these words", "which is the same");
	ok(says(MEMBER, "!forget goals", "forgotten here, for good") && says(MEMBER, "!goals", "Write one goal") && says(MEMBER, "!stop", "nothing of it is kept"), "and it is forgotten like words");
	/* The member's node here reads notes too: it answers none that a node has shown. */
	said = chat_heard(&h, MEMBER, "");
	for (int k = 0; k < 10; k++)
		host_run(&h, 4000);
	is_int(chat_heard(&h, MEMBER, "") - said, 0, "then there is silence");
	is_int(listed("This note was not taken") + listed("it is kept. !goals"), 0, "and none was taken for its own member's");
}

static void
test_shared(void)
{
	autojson json_t *before = NULL, *hidden = NULL, *after = NULL;
	int n;

	before = notes();
	n = (int)json_array_size(json_arr(before, "items"));
	ok(says(MEMBER, "!goals", "Write one goal") && says(MEMBER, CANARY " paints", "Another goal?") && says(MEMBER, "!done", "it is kept"), "goals, with a match");
	hidden = notes();
	ok((int)json_array_size(json_arr(hidden, "items")) == n && strcmp(json_str(hidden, "own"), "1 more are the member's alone") == 0, "staff see that there are some, not what");
	ok(says(MEMBER, "!share goals", "can see it now"), "until they are shared");
	after = notes();
	is_int((int)json_array_size(json_arr(after, "items")), n + 1, "then they do");
	ok(says(MEMBER, "!share checkin", "What is to be shared?"), "what is shared anyway cannot be");
}

static void
test_forgotten(void)
{
	autojson json_t *list = NULL, *gone = NULL;
	const json_t *item;
	size_t i;
	int erased = 0;

	ok(says(MEMBER, "!forget plan", "forgotten here, for good, but for what sounded like danger: that was read"), "a word forgets the plan");
	is_int(listed("When I think of suicide"), 1, "but not what people read, which is said");
	for (int k = 0; k < 60; k++)
		host_run(&h, 1000);
	list = story_list(&h, SOURCE, "erasures");
	json_array_foreach(list, i, item)
		erased += strncmp(json_str(item, "what"), "note:", 5) == 0 && !strcmp(json_str(item, "state"), "erased");
	ok(erased >= 2, "its key is erased, and what moves is sealed anew (%d)", erased);
	ok(says(MEMBER, "!plan", "What keeps you well") && says(MEMBER, "!stop", "nothing of it is kept"), "and there is none");
	json_decref(host_ok(&h, SOURCE, "erase", json_pack("{s:s, s:s}", "id", MEMBER_USER, "confirm", MEMBER_USER)));
	for (int k = 0; k < 60; k++)
		host_run(&h, 1000);
	gone = host_command(&h, SOURCE, "match notes", json_pack("{s:O}", "match", id));
	ok(refused(gone, "no match"), "who is forgotten is so with all they wrote, and what was noted of their match");
}

/* When a match is to be looked back at, the member is asked, by their day. */
static void
test_review(void)
{
	int hours = 0;

	is_int(chat_heard(&h, MEMBER, "time to look back"), 0, "before its time nobody looks back");
	*h.now += 6 * 7 * WHEN_DAY;
	for (; hours < 48 && chat_heard(&h, MEMBER, "time to look back") == 0; hours++) {
		*h.now += WHEN_HOUR;
		host_run(&h, 2000);
	}
	for (int i = 0; i < 30; i++) {
		*h.now += WHEN_HOUR;
		host_run(&h, 2000);
	}
	ok(hours < 48 && chat_heard(&h, MEMBER, "time to look back") == 1, "then the member is asked to, once");
	is_int(chat_heard(&h, HELPER, "time to look back"), 0, "and not the other of the two");
}

/* Hours until they hear that, by day; the most if they do not. */
static int
until_heard(const char *words, int most)
{
	int hours = 0;

	for (; hours < most && chat_heard(&h, MEMBER, words) == 0; hours++) {
		*h.now += WHEN_HOUR;
		host_run(&h, 2000);
	}
	host_run(&h, 5000);
	return hours;
}

/* What both agreed on is over: the member is asked, the doctor says so; if nobody says that they go on it ends, and both are told. */
static void
test_over(void)
{
	autojson json_t *asked = NULL, *ended = NULL;

	json_decref(host_ok(&h, SOURCE, "match review", json_pack("{s:O, s:s}", "match", id, "weeks", "1")));
	*h.now += 7 * WHEN_DAY;
	ok(until_heard("time that you two agreed on for your support is over", 48) < 48, "when their time is over the member is asked whether they go on");
	asked = host_ok(&h, SOURCE, "show", json_pack("{s:O}", "id", id));
	ok(strstr(json_str(asked, "due"), "it ends by itself on") != NULL && story_ill(&h, SOURCE, "matches", "past the end"), "and staff see until when: %s",
	    json_str(asked, "due"));
	*h.now += 25 * WHEN_DAY;
	host_run(&h, 5000);
	is_int(chat_heard(&h, MEMBER, "time that you two agreed on for your support is over"), 1, "once");
	is_int(chat_heard(&h, MEMBER, "this match has ended"), 0, "four weeks are left to say so");
	host_kill(&h, SOURCE);
	host_start(&h, SOURCE);
	ok(until_heard("this match has ended", 96) < 96, "then it ends");
	for (int i = 0; i < 30; i++) {
		*h.now += WHEN_HOUR;
		host_run(&h, 2000);
	}
	ok(chat_heard(&h, MEMBER, "this match has ended") == 1 && chat_heard(&h, HELPER, "this match has ended") == 1, "both are told so, once");
	ended = host_ok(&h, SOURCE, "show", json_pack("{s:O}", "id", id));
	ok(!strcmp(json_str(ended, "state"), "ended") && story_well(&h, SOURCE, "matches"), "and nothing is due any more");
}

int
main(void)
{
	autojson json_t *match = NULL;
	struct client oncall, other;

	story_begin(&h, 97);
	(void)story_add(&h, "elsewhere", "elsewhere.example");
	(void)story_add(&h, "further", "further.example");
	client_login(&oncall, &h, "@oncall:opendoor.example");
	client_login(&other, &h, "@oncall:elsewhere.example");	/* The member's node reads our words, too. */
	story_trust_both(&h, STORY_LIFE);
	story_publish(&h);
	match = host_ok(&h, SOURCE, "match", json_pack("{s:s, s:s}", "need", "substance_use", "age_band", "26_59"));
	id = json_object_get(match, "match");
	json_decref(host_ok(&h, SOURCE, "match accept", json_pack("{s:O, s:O}", "match", id, "record",
	    json_object_get(json_array_get(json_arr(match, "choices"), 0), "record"))));
	ok(says(MEMBER, "Good evening", "\"!help\" shows") && says(HELPER, "Good evening", "\"!help\" shows"), "two write to the node");
	test_plan();
	test_goals();
	test_checkin();
	test_reminder();
	test_agreement();
	test_other_words();
	test_feedback();
	test_measure();
	test_form();
	test_shared();
	test_review();
	test_over();
	search_member(&h, theirs);
	test_forgotten();
	is_int((int)story_complaints(&h), 0, "the homeservers complain about nothing");
	host_close(&h);
	return done_testing();
}
