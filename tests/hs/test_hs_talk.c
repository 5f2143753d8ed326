/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A member asks for support in their direct chat, in plain words, without a name: one question at a time, nothing
 * sent before their yes, the answer told, and danger answered before anything else.  The member's client is a node
 * that nobody trusts.
 */
#include <string.h>

#include "base/canon.h"
#include "chat.h"
#include "hostile.h"
#include "search.h"
#include "store/dirstore.h"
#include "story_refer.h"
#include "tests/tap.h"

enum { MEMBER = 2 };

#define MEMBER_USER "@cairn:elsewhere.example"

static struct host h;

#define say(text)		chat_say(&h, MEMBER, text)
#define heard(words)		chat_heard(&h, MEMBER, words)
#define answers(text, words)	chat_answers(&h, MEMBER, text, words)

static size_t
referrals(size_t i)
{
	return story_count(&h, i, "referrals");
}

static void
test_words(void)
{
	ok(answers("Good evening", "\"!help\" shows"), "the first word is greeted");
	ok(answers("!help", "!refer NUMBER"), "help says what one can write");
	ok(answers("!dance", "This is not known here"), "as does what is not known");
	ok(answers("!status", "No request of yours"), "nothing was asked yet");
	ok(answers("!yes", "nothing to say yes to"), "a yes to nothing does nothing");
	ok(answers("!refer 1", "First look for somebody"), "one looks first");
	ok(answers("!find", "1. "), "and finds who takes people in");
	ok(answers("!find zebra", "Nothing was found"), "if nothing fits that is said");
	ok(answers("!find Rosa", "1. Rosa (specialist"), "words find people");
	ok(answers("!refer 7", "Which one?"), "a number that is not there");
	is_int(referrals(SOURCE) + referrals(TARGET), 0, "nothing was sent");
}

/* As people write who have no calm for it: each has one answer, and what changes something is not guessed. */
static void
test_distress(void)
{
	ok(answers("HELP!!", "You can write:") && answers("! help", "You can write:") && answers("!hlep", "You can write:"), "help, however it is written");
	ok(answers("\xEF\xBC\x81" "help", "You can write:"), "also by another keyboard");
	ok(answers("status?", "No request of yours") && answers("find Rosa", "1. Rosa"), "what only shows something needs no sign");
	ok(answers("STOP", "write !cancel"), "there are two things to stop");
	ok(answers("revoke", "Did you mean !revoke?") && answers("!revoek", "Did you mean !revoke?"), "what changes something does");
	ok(answers("!find Rosa\n!refer 1", "One thing at a time"), "of two commands none is done");
	ok(answers("1", "write: !refer 1") && answers("1\xEF\xB8\x8F\xE2\x83\xA3", "write: !refer 1"), "a bare number is understood");
	ok(answers("!refer #1", "How old are you?") && answers("help", "You can write:"), "help is there in the midst of questions");
	ok(answers("what?", "number from the list") && answers("!cancel", "Stopped; nothing was sent"), "and so is a way out");
	ok(!answers("I do not know what to do", "A person reads this"), "what is for people was greeted already");
	host_run(&h, 3600 * 1000);
	ok(answers("I still do not know", "Your message to"), "and after an hour is answered again");
	host_run(&h, 3600 * 1000);
	json_decref(host_ok(&h, SOURCE, "say", json_pack("{s:s, s:s}", "user", MEMBER_USER, "text", "I am Kim. Tell me.")));
	host_run(&h, 5000);
	ok(heard("I am Kim") == 1 && !answers("It is my brother", "Your message to"), "unless a person speaks with them");
	is_int(referrals(SOURCE), 0, "nothing was sent");
}

/* What the member's node was told of that program has no number any more, as one whose organization wants none publishes it. */
static void
lose_number(const char *org, const char *id)
{
	struct db *db = hostile_db(&h, SOURCE);
	struct seen_record rec;
	char *how;
	int r = seen_get(db, org, id, &rec);

	if (r == 0) {
		if ((how = strstr(rec.record, "\"phone\",\"value\"")) != NULL)
			memcpy(how, "\"email\"", strlen("\"email\""));
		r = how != NULL ? seen_put(db, &rec) : E_NOTFOUND;
		seen_free(&rec);
	}
	hostile_go_on(&h, SOURCE, db);
	if (r != 0)
		host_fail(&h, "no number to lose");
	host_run(&h, 5000);
}

/* Who asks a crisis service for support is given its number, and waits for nothing. */
static void
test_crisis(void)
{
	autojson json_t *result = NULL;
	const json_t *rec;

	json_decref(host_ok(&h, TARGET, "import", json_pack("{s:[{s:s, s:s, s:{s:s, s:s, s:[s], s:s, s:[{s:s, s:s}]}}]}", "records", "source", "x:night", "kind",
	    "program", "body", "name", "Nightbird", "description", "Somebody answers.", "settings", "crisis_service", "no_alternative", "It answers until midnight.",
	    "contacts", "how", "phone", "value", "555-0100")));
	json_decref(host_ok(&h, TARGET, "publish", json_object()));
	host_run(&h, 10000);
	result = host_ok(&h, SOURCE, "find", json_pack("{s:s}", "words", "nightbird"));
	rec = json_array_get(json_arr(result, "records"), 0);
	ok(answers("!find nightbird", "1. Nightbird (program"), "a crisis service is found");
	ok(answers("!refer 1", "do not wait for an answer, call them now: 555-0100. Nothing has been sent."), "it is called");
	ok(answers("!yes", "nothing to say yes to") && answers("1", "write: !refer 1"), "and nothing is asked");
	lose_number(json_str(rec, "org"), json_str(rec, "id"));
	ok(answers("!refer 1", "their number is not said here. Nothing has been sent. !help shows whom to call"), "nor without its number");
	ok(answers("!help", "Call 988."), "help has one");
	is_int(referrals(SOURCE) + referrals(TARGET), 0, "nothing was sent");
	json_decref(host_ok(&h, TARGET, "withdraw", json_pack("{s:O}", "id", json_object_get(rec, "id"))));
	host_run(&h, 10000);
}

/* What a server could have invented is not read, and that is said, once an hour. */
static void
test_clear(void)
{
	autojson json_t *text = json_pack("{s:s, s:s}", "msgtype", "m.text", "body", "!find Clear"), *nothing = json_object();
	autojson json_t *notice = json_pack("{s:s, s:s}", "msgtype", "m.notice", "body", "x");
	const char *room = hs_room(h.hs, NULL, 0);

	hs_inject(h.hs, room, MEMBER_USER, "m.room.message", NULL, notice);
	hs_inject(h.hs, room, "@other:elsewhere.example", "m.room.message", NULL, text);
	hs_inject(h.hs, room, MEMBER_USER, "m.key.verification.request", NULL, nothing);
	h.changes++;
	host_run(&h, 20000);
	is_int(heard("could not be read"), 0, "programs and strangers are not answered");
	for (int i = 0; i < 2; i++) {
		hs_inject(h.hs, room, MEMBER_USER, "m.room.message", NULL, text);
		hs_inject(h.hs, room, MEMBER_USER, "m.reaction", NULL, nothing);
		hs_inject(h.hs, room, MEMBER_USER, "m.room.redaction", NULL, nothing);
		h.changes++;
		host_run(&h, 60000);
		is_int(heard("could not be read"), i + 1, "what comes in clear is not read; that is said, once an hour");
		host_run(&h, 3600 * 1000);
	}
	is_int((int)found_in(&h, SOURCE, "messages", "body", "!find Clear"), 0, "and nothing of it is kept");
}

static void
test_danger(void)
{
	int before = heard("Call 988."), kept;

	ok(answers("!refer 1", "How old are you?"), "questions begin");
	ok(answers("I want to End My Life", "people can, now"), "danger is answered at once, whatever was asked");
	is_int(heard("Call 988."), before + 1, "with the numbers");
	is_int((int)found_in(&h, SOURCE, "messages", "user", "@oncall:opendoor.example"), 1, "and somebody on call is told");
	is_int((int)found_in(&h, SOURCE, "messages", "body", "Somebody who writes to us may be in danger"), 1, "not who, not what");
	ok(answers("suicide!", "people can, now") && answers("\xE2\x80\xA6 end\n my   LIFE", "people can, now"), "as often as it is needed");
	is_int((int)found_in(&h, SOURCE, "messages", "user", "@oncall:opendoor.example"), 1, "within the hour once");
	ok(!answers("weekend my lifeboat", "people can, now"), "words inside of words are none");
	before = heard("people can, now");
	say("suicide");
	is_int(heard("people can, now"), before + 1, "and nobody waits for it");
	ok(heard("it is kept") > 0, "what was being asked waits, and that is said");
	kept = heard("it is kept");
	ok(answers("!find suicide", "Nothing was found") && heard("people can, now") == before + 2, "a command that sounds like danger is answered so, and done");
	is_int(heard("it is kept"), kept, "and then nothing is said to be kept");
	ok(answers("!find Rosa", "1. Rosa"), "as any other");
	is_int(referrals(SOURCE), 0, "nothing was sent");
}

static void
test_young(void)
{
	ok(answers("!refer 1", "How old are you?"), "again");
	ok(answers("2", "under 18"), "for the young, people take over");
	ok(answers("!yes", "nothing to say yes to"), "and nothing can be sent");
}

static void
test_questions(void)
{
	ok(answers("!refer 1", "How old are you?") && answers("!cancel", "Stopped; nothing was sent"), "one can stop");
	ok(answers("!yes", "nothing to say yes to"), "and then a yes does nothing");
	ok(answers("!refer 1", "How old are you?"), "again");
	ok(answers("!yes", "nothing to say yes to"), "a yes before the last question sends nothing");
	ok(answers("perhaps", "number from the list"), "what is no number is asked again");
	ok(answers("4", "What is it about?"), "one question");
	host_kill(&h, SOURCE);
	host_start(&h, SOURCE);
	ok(answers("2.", "Which language? Answer with a number:\n1. English\n2. Chinese\n3. en-GB\nOr"), "after another, also after a restart");
	ok(answers("1", "How would you like to meet?"), "with what the specialist offers");
	ok(answers("1", "How soon?"), "and so on");
	ok(answers("2", "When would it suit you?"), "to the last");
	ok(answers("3", "This would be sent to Rosa"), "then the member sees what would be sent");
	is_int(heard("Not your name, not your address"), 1, "and what not");
	ok(answers("ok", "Nothing has been sent yet"), "which asks for a clear yes");
	is_int(referrals(SOURCE), 0, "before their yes nothing is");
	ok(answers("!yes", "on its way"), "with it, it is");
	is_int((int)referrals(TARGET), 1, "and arrives");
	ok(answers("!yes", "nothing to say yes to"), "a second yes sends nothing");
	is_int((int)referrals(SOURCE), 1, "twice");
}

static void
test_sent(char id[64])
{
	autojson json_t *list = story_list(&h, TARGET, "referrals"), *shown = NULL, *source = NULL;
	autofree char *text = NULL;
	const json_t *request;

	(void)snprintf(id, 64, "%s", json_str(json_array_get(list, 0), "id"));
	shown = host_ok(&h, TARGET, "show", json_pack("{s:s}", "id", id));
	request = json_obj(shown, "request");
	is_str(json_str(request, "origin"), "self", "it says whose wish it is");
	is_str(json_str(request, "need"), "substance_use", "what was chosen");
	is_str(json_str(request, "urgency"), "soon", "is what is there");
	text = json_dumps(shown, 0);
	ok(strstr(text, "elsewhere") == NULL && strstr(text, "perhaps") == NULL, "nobody's name, nothing they wrote");
	source = host_ok(&h, SOURCE, "show", json_pack("{s:s}", "id", id));
	ok(answers("!status", "they have it and decide"), "the member sees how it is");
	ok(answers("!who", "Not who you are."), "and who can see what");
}

static void
sign(const char *id)
{
	json_t *form = host_ok(&h, SOURCE, "consent", json_pack("{s:s, s:b}", "referral", id, "template", 1));

	json_decref(host_ok(&h, SOURCE, "consent", refer_fill(form, id)));
	host_run(&h, 20000);
}

static bool
ended(const char *id, const char *how)
{
	autojson json_t *shown = host_ok(&h, TARGET, "show", json_pack("{s:s}", "id", id));
	const char *end = json_str(shown, "end");

	return end != NULL && !strcmp(end, how);
}

static void
test_take_back(void)
{
	char id[64];

	ok(chat_asks(&h, MEMBER, id), "another request");
	ok(answers("!cancel", "would be taken back"), "what was sent can be taken back: one is asked first");
	ok(answers("!status", "they have it and decide") && answers("!yes", "nothing to say yes to") && !ended(id, "withdrawn"),
	    "and if one writes something else, it stays");
	ok(answers("!cancel 2", "no request of that number"), "a number that is not there");
	ok(answers("!cancel", "would be taken back") && answers("!yes", "It is taken back."), "with a yes it is");
	host_run(&h, 20000);
	ok(ended(id, "withdrawn"), "and the other side has heard it");
	ok(answers("!cancel", "nothing to stop") && answers("!yes", "nothing to say yes to"), "once");
}

/* Between the question and the yes it ends: the target declines, or staff take it back by a word that has not arrived. */
static void
test_over_meanwhile(bool declined)
{
	char id[64];
	int before;

	ok(chat_asks(&h, MEMBER, id) && answers("!cancel", "would be taken back"), "one more request, to be taken back");
	if (declined)
		json_decref(host_ok(&h, TARGET, "decline", json_pack("{s:s, s:s}", "referral", id, "reason", "no_capacity")));
	else {
		host_stop(&h, TARGET);
		json_decref(host_ok(&h, SOURCE, "withdraw", json_pack("{s:s, s:b}", "id", id, "by_member", 1)));
	}
	host_run(&h, 20000);
	before = story_sent(&h, SOURCE_USER);
	ok(answers("!yes", "It has ended already"), "it ends meanwhile, %s: the yes comes too late", declined ? "declined" : "taken back by staff");
	if (!declined)
		host_start(&h, TARGET);
	host_run(&h, 60000);
	is_int(story_sent(&h, SOURCE_USER) - before, 0, "and nothing more is said to them");
	ok(ended(id, declined ? "declined" : "withdrawn") && story_clean(&h, TARGET), "nor anything that the other side cannot take");
}

static void
accept(const char *id)
{
	json_decref(host_ok(&h, TARGET, "accept", json_pack("{s:s}", "referral", id)));
	host_run(&h, 20000);
}

/* Whoever left comes back by their own wish, and is asked anew; what they hear of who knows them stays true. */
static void
test_come_back(void)
{
	autojson json_t *staff = NULL, *early = NULL, *shown = NULL;
	char id[64];

	ok(chat_asks(&h, MEMBER, id), "another request");
	accept(id);
	sign(id);
	ok(answers("!status", "they may know how to reach you"), "who consented is not told that nobody knows them");
	ok(answers("!cancel", "would be taken back") && answers("!yes", "It is taken back."), "it is taken back after a consent");
	host_run(&h, 20000);
	shown = host_ok(&h, TARGET, "show", json_pack("{s:s}", "id", id));
	ok(json_is_false(json_object_get(shown, "consented")), "which nothing is done under any more");
	staff = host_command(&h, SOURCE, "reopen", json_pack("{s:s}", "referral", id));
	ok(refused(staff, "the member left"), "it is not for others to take it up again");
	json_decref(host_ok(&h, SOURCE, "reopen", json_pack("{s:s, s:b}", "referral", id, "by_member", 1)));
	host_run(&h, 20000);
	is_int(heard("is asked again"), 0, "what they do themselves they are not told");
	accept(id);
	is_int(heard("they may use only if you consent anew. You said that you are under 18"), 1, "they are not told that nobody knows them, and who was young once decides with people");
	ok(answers("!status", "they may use only if you consent anew: !consent asks you"), "nor if they ask");
	early = host_command(&h, TARGET, "contact", json_pack("{s:s, s:s}", "referral", id, "channel", "phone"));
	ok(refused(early, "consent has not been recorded"), "nobody is contacted before");
	json_decref(host_ok(&h, TARGET, "decline", json_pack("{s:s, s:s}", "referral", id, "reason", "no_capacity")));
	host_run(&h, 20000);
	json_decref(host_ok(&h, SOURCE, "reopen", json_pack("{s:s}", "referral", id)));
	host_run(&h, 20000);
	is_int(heard("is asked again"), 1, "what others take up again is told");
	ok(answers("!cancel", "would be taken back") && answers("!yes", "It is taken back."), "and can be left again");
	ok(answers("!revoke", "is taken back, from now on") && answers("!revoke", "no consent of yours"), "what was signed can be taken back afterwards, too");
}

/* What ends by others is told. */
static void
test_ended_by_others(void)
{
	char id[64];

	ok(chat_asks(&h, MEMBER, id), "another request");
	json_decref(host_ok(&h, SOURCE, "withdraw", json_pack("{s:s}", "id", id)));
	host_run(&h, 20000);
	is_int(heard("people here took it back"), 1, "if staff take it back the member hears of it");
	ok(chat_asks(&h, MEMBER, id), "another request");
	json_decref(host_ok(&h, TARGET, "forward", json_pack("{s:s, s:s}", "referral", id, "to", "GR6ZEWN0TC4N5PZ1Y8P956JWD7")));
	host_run(&h, 20000);
	is_int(heard("somebody else can support you better"), 1, "if it is forwarded, too");
	ok(chat_asks(&h, MEMBER, id), "another request");
	json_decref(host_ok(&h, TARGET, "answer", json_pack("{s:s, s:s}", "referral", id, "decision", "accept")));
	host_run(&h, 20000);
	sign(id);
	json_decref(host_ok(&h, TARGET, "revoke", json_pack("{s:s, s:s, s:s}", "referral", id, "how", "phone", "recorded_by", "K. Lind")));
	host_run(&h, 20000);
	is_int(heard("was told that you want no more"), 1, "and if the others say that the member wants no more");
}

/* Rosa speaks what she writes in two ways; a request says no more of it than the language. */
static void
publish(void)
{
	json_t *records = story_records(*h.now);

	(void)json_object_set_new(json_obj(json_array_get(records, 1), "body"), "languages", json_pack("[s, s, s, s]", "en", "zh-Hant-TW", "zh-Hans", "en-GB"));
	story_publish(&h);
	json_decref(host_ok(&h, TARGET, "import", json_pack("{s:o}", "records", records)));
	json_decref(host_ok(&h, TARGET, "publish", json_object()));
	host_run(&h, 10000);
}

int
main(void)
{
	autojson json_t *answer = NULL;
	struct client oncall;
	char id[64];
	int danger;

	story_begin(&h, 93);
	(void)story_add(&h, "elsewhere", "elsewhere.example");
	client_login(&oncall, &h, "@oncall:opendoor.example");
	story_trust_both(&h, STORY_LIFE);
	publish();
	test_words();
	test_distress();
	test_crisis();
	test_clear();
	test_danger();
	test_young();
	test_questions();
	test_sent(id);
	answer = host_ok(&h, TARGET, "answer", json_pack("{s:s, s:s}", "referral", id, "decision", "accept"));
	host_run(&h, 20000);
	is_int(heard("said yes to your request"), 1, "the answer is told, once");
	ok(answers("!status", "they said yes"), "and stays to be seen");
	ok(answers("!revoke", "no consent of yours"), "without a consent there is none to take back");
	json_decref(host_ok(&h, SOURCE, "emergency", json_pack("{s:s, s:{s:s, s:s, s:s, s:s, s:[s], s:I}}", "id", id, "emergency", "to", "Dr. Hale",
	    "affiliation", "County ER", "by", "K. Lind", "nature", "overdose", "what", "identity", "at", (json_int_t)*h.now)));
	ok(answers("!who", "Dr. Hale has, because of an emergency and without your consent, since "), "what was said in an emergency is told as that");
	sign(id);
	ok(answers("!who", "has, with your consent, since ") && heard("who you are, how to reach you, what you want support with.") == 1, "once they consented, they see who knows");
	ok(answers("!revoke 2", "no consent of that number"), "a number that is not there");
	danger = heard("people can, now");
	ok(answers("!revoke 1 please, or it will be my suicide", "is taken back, from now on"), "the consent is taken back with a word, also by somebody in danger");
	is_int(heard("people can, now"), danger + 1, "who has the numbers, too");
	answer = (json_decref(answer), host_ok(&h, TARGET, "show", json_pack("{s:s}", "id", id)));
	is_str(json_str(answer, "end"), "consent_revoked", "and the other side has heard it");
	test_take_back();
	test_over_meanwhile(true);
	test_over_meanwhile(false);
	test_come_back();
	test_ended_by_others();
	search_member(&h, (const char *const []){ "Dr. Hale", "County ER", "overdose", "K. Lind", "It is my brother", "it will be my suicide", NULL });
	is_int((int)story_complaints(&h), 0, "the homeservers complain about nothing");
	host_close(&h);
	return done_testing();
}
