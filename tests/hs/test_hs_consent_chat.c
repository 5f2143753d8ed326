/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A member's own request goes from the question to its end in their chat: accepted, they are told what would be known of them, asked one question
 * at a time, shown the exact words, and only a yes with the letters of these words tells anything: once, and with the notice of the law.  Whoever says
 * no, nothing, something else, too late or to other words has told nothing; and it can be taken back.  The member's client is a node that nobody trusts.
 */
#include <sodium.h>
#include <string.h>

#include "base/canon.h"
#include "base/encode.h"
#include "chat_consent.h"
#include "domain/consent.h"
#include "domain/when.h"
#include "hostile.h"
#include "search.h"
#include "tests/tap.h"

enum { MEMBER = 2 };

#define NAME	"Qixandra"
#define PHONE	"+1 201 555 0187"
#define MIND	"qzaftersevenqz"
#define NEED	"qzwalkseveningsqz"

static struct host h;

#define heard(words)		chat_heard(&h, MEMBER, words)
#define answers(text, words)	chat_answers(&h, MEMBER, text, words)
#define letters(out)		consent_letters(&h, MEMBER, out)

static const char *const all[] = { NAME, "2", PHONE, "2", MIND, NEED, "1", NULL };
static const char *const least[] = { "Kay", "1", "!skip", "!skip", "2", NULL };

static json_t *
shown(size_t i, const char *id)
{
	return host_ok(&h, i, "show", json_pack("{s:s}", "id", id));
}

/* What the target knows of whom it is; NULL: nothing.  The caller decrefs. */
static json_t *
known(const char *id)
{
	autojson json_t *there = shown(TARGET, id);

	return json_incref(json_obj(there, "disclosure"));
}

static bool
is_told(const char *id)
{
	autojson json_t *disclosure = known(id);

	return disclosure != NULL;
}

static bool
state_is(size_t i, const char *id, const char *state)
{
	autojson json_t *there = shown(i, id);

	return !strcmp(json_str(there, "state"), state);
}

/* The newest that the member heard with these words, whole; the caller frees. */
static char *
text_with(const char *words)
{
	autojson json_t *list = story_list(&h, MEMBER, "messages");
	const json_t *item;
	size_t k;

	json_array_foreach(list, k, item)
		if (!strcmp(json_str(item, "direction"), "in") && strstr(json_str(item, "body"), words) != NULL)
			return strdup(json_str(item, "body"));
	return NULL;
}

static size_t
disclosures(const char *id)
{
	autojson json_t *account = host_ok(&h, SOURCE, "accounting", json_pack("{s:s}", "id", id));

	return json_array_size(json_arr(account, "disclosures"));
}

/* Nothing before the yes, whatever else is written. */
static void
test_before(const char *id)
{
	autofree char *words = NULL;
	int before;

	ok(answers("!consent", "No request of yours waits"), "before they said yes there is nothing to consent to");
	consent_accept(&h, id);
	is_int(heard("said yes to your request"), 1, "that they said yes is told, once");
	words = text_with("said yes to your request");
	ok(strstr(words, "Rosa (") != NULL && strstr(words, "yours to decide") != NULL && strstr(words, "To connect me with peer support.") != NULL && strstr(words, "until 2027-") != NULL &&
	    strstr(words, "!revoke") != NULL && strstr(words, "If you say no") != NULL && strstr(words, "!consent") != NULL, "with what it would mean, and how one decides");
	ok(answers("!status", "!consent shows what that means"), "the status says how, too");
	ok(answers("!consent", "What should they call you?"), "one question");
	ok(answers("!refer 1", "being asked what may be told") && answers("!checkin", "being asked what may be told"), "at a time");
	ok(answers("!next", "What should they call you?"), "and it stays");
	ok(answers("!skip", "cannot be left out"), "what must be known is not left out");
	ok(answers("!stop", "Stopped; nothing was told."), "one can stop");
	ok(consent_shown(&h, MEMBER, "!consent", all), "again, to the end");
	is_int((int)found_in(&h, SOURCE, "messages", "body", "0187"), 0, "a number, and the words that sum it up, are not among the messages that people read");
	ok(found_in(&h, SOURCE, "messages", "body", NAME) > 0 && found_in(&h, SOURCE, "messages", "body", NEED) > 0, "what is in their own words is: it may be a call for help");
	before = heard("Nothing of this has been told yet");
	ok(answers("yes", "Nothing of this has been told yet") && answers("ok", "Nothing of this has been told yet") && answers("!yes", "Nothing of this has been told yet"), "a yes without the letters is none");
	is_int(heard("Nothing of this has been told yet"), before + 3, "each time");
	ok(!is_told(id) && disclosures(id) == 0, "nothing was told");
}

/* So that it is day in between. */
static void
days(int n)
{
	for (int i = 0; i < 4 * n; i++) {
		*h.now += WHEN_DAY / 4;
		host_run(&h, 2000);
	}
}

/* A yes to other letters, to older ones, and after three days. */
static void
test_letters(const char *id)
{
	char first[16], second[16], third[16];

	(void)letters(first);
	ok(answers("!yes BBBBB", "not the letters below the words that were shown last"), "other letters are none");
	ok(strcmp(first, letters(second)) != 0, "and then there are new ones");
	ok(answers(first, "not the letters below the words"), "the older ones hold no more");
	(void)letters(second);
	days(4);
	ok(answers(second, "these letters are too old"), "nor do any after three days");
	is_int(heard("Do you want them to?"), 1, "whoever says nothing is asked once more");
	ok(strcmp(second, letters(third)) != 0 && !is_told(id), "nothing was told");
}

static void
rename_rosa(const char *name)
{
	json_t *records = story_records(*h.now);

	(void)json_object_set_new(json_obj(json_array_get(records, 1), "body"), "alias", json_string(name));
	json_decref(host_ok(&h, TARGET, "import", json_pack("{s:o}", "records", records)));
	json_decref(host_ok(&h, TARGET, "publish", json_object()));
	host_run(&h, 20000);
}

/* The other side has another name now. */
static void
test_changed(const char *id)
{
	char code[16];

	(void)letters(code);
	rename_rosa("Rosa Two");
	ok(answers(code, "something has changed since these words were shown"), "whoever it is to changes: the letters hold no more");
	is_int(heard("for your request to Rosa Two ("), 1, "the new words are shown");
	rename_rosa("Rosa");
	ok(answers("!next", "for you, write !yes ") && !is_told(id), "nothing was told");
}

static void
test_yes(const char *id)
{
	autojson json_t *told = NULL, *account = NULL;
	autofree char *before = text_with("for you, write !yes "), *agreed = NULL;
	const json_t *consent, *one;
	uint8_t hash[crypto_hash_sha256_BYTES];
	char code[16], hex[65], *words;

	(void)letters(code);
	ok(answers(code, "It is on its way to them"), "with the letters it is told");
	host_run(&h, 20000);
	told = known(id);
	consent = json_obj(told, "consent");
	ok(told != NULL && !strcmp(json_str(json_obj(told, "identity"), "name"), NAME) && !strcmp(json_str(told, "need_detail"), NEED) && !strcmp(json_str(told, "constraints"), MIND),
	    "and the other side has it");
	is_str(json_str(json_obj(json_obj(told, "identity"), "contact"), "value"), PHONE, "how to reach them, too");
	is_str(json_str(json_obj(consent, "signature"), "how"), "electronic", "signed in the chat");
	is_str(json_str(json_obj(consent, "signature"), "signer"), NAME, "by the member");
	agreed = text_with("These are the words that you agreed to");
	words = strchr(agreed, '\n');
	(void)crypto_hash_sha256(hash, (const uint8_t *)words + 1, strlen(words + 1));
	encode_hex(hash, sizeof(hash), hex);
	is_str(json_str(json_obj(consent, "signature"), "terms"), hex, "with the hash of the words that they were given");
	words = strstr(before, "\nIf exactly these words");
	*words = '\0';
	ok(strstr(agreed, strstr(before, "You decide")) != NULL, "which are those that they were shown");
	is_str(json_str(consent, "law"), "us-part2", "under the law that holds");
	ok(strstr(json_str(told, "notice"), "42 CFR part 2") != NULL && *json_str(told, "scope") != '\0', "with its notice, and the scope");
	ok(answers(code, "stand for nothing that waits") && answers("!consent", "No request of yours waits"), "a second yes is one to nothing");
	is_int((int)found_in(&h, SOURCE, "messages", "body", "words that you agreed to") + (int)found_in(&h, SOURCE, "messages", "body", "0187"), 0, "what was told is not among the messages");
	is_int((int)disclosures(id), 1, "told once");
	account = host_ok(&h, SOURCE, "accounting", json_pack("{s:s}", "id", id));
	one = json_array_get(json_arr(account, "disclosures"), 0);
	ok(json_is_true(json_object_get(one, "notice")) && json_is_true(json_object_get(one, "scope")), "which the account says");
	is_int(story_audited(&h, SOURCE, "member", "consent", "referral:"), 1, "and the audit, by whom");
	ok(answers("!who", "has, with your consent, since ") && answers("!status", "they may know how to reach you"), "the member sees who knows");
	json_decref(host_ok(&h, TARGET, "engage", json_pack("{s:s}", "referral", id)));
	host_run(&h, 10000);
	json_decref(host_ok(&h, TARGET, "close", json_pack("{s:s, s:s}", "referral", id, "outcome", "got_help")));
	host_run(&h, 20000);
	ok(state_is(SOURCE, id, "closed") && heard("says that the support has ended") == 1, "it goes to its end");
}

/* The least that can be told; and nobody is asked again who said no. */
static void
test_no(void)
{
	char id[64], code[16];
	int asked;

	ok(chat_asks(&h, MEMBER, id), "another request");
	consent_accept(&h, id);
	ok(consent_shown(&h, MEMBER, "!consent", least), "to the end");
	(void)letters(code);
	ok(answers("!no", "They know only what you asked for without your name, and cannot reach you."), "no is no");
	ok(answers(code, "stand for nothing that waits"), "and the letters are gone");
	asked = heard("Do you want them to?");
	days(5);
	is_int(heard("Do you want them to?"), asked, "nobody is asked again who said no");
	ok(!is_told(id) && disclosures(id) == 0 && state_is(TARGET, id, "accepted"), "nothing was told, and the request stays");
	ok(answers("!no", "nothing to say no to"), "once");
	ok(consent_shown(&h, MEMBER, "!consent", least), "whoever thinks again can");
	ok(answers("!cancel", "write !cancel once more") && answers("!cancel", "would be taken back") && answers("!yes", "It is taken back."), "or take it back");
	host_run(&h, 20000);
	ok(answers(letters(code), "stand for nothing that waits") && !is_told(id), "then there is nothing to say yes to");
}

static void
test_revoke(void)
{
	autojson json_t *told = NULL, *what = json_pack("[s, s]", "identity", "contact");
	char id[64], code[16];

	ok(chat_asks(&h, MEMBER, id), "another request");
	consent_accept(&h, id);
	ok(consent_shown(&h, MEMBER, "!consent", least), "with the least");
	host_kill(&h, SOURCE);
	host_start(&h, SOURCE);
	ok(answers(letters(code), "It is on its way to them"), "also after a restart");
	host_run(&h, 20000);
	told = known(id);
	ok(json_equal(json_object_get(json_obj(told, "consent"), "what"), what) && json_object_get(told, "need_detail") == NULL && json_object_get(told, "constraints") == NULL,
	    "what was left out is not told");
	is_str(json_str(json_obj(json_obj(told, "identity"), "contact"), "value"), "@cairn:elsewhere.example", "they are reached where they are");
	ok(answers("!revoke", "Which one?") && answers("!revoke 2", "is taken back, from now on"), "it is taken back with a word");
	host_run(&h, 20000);
	ok(state_is(TARGET, id, "ended") && state_is(SOURCE, id, "ended"), "and both have heard it");
	ok(answers(code, "stand for nothing that waits"), "the yes cannot be said again");
}

/* What comes long after a question, or while the words wait, is for people: it may be a call for help. */
static void
test_late(void)
{
	char id[64], code[16];
	int hints;

	ok(chat_asks(&h, MEMBER, id), "another request");
	consent_accept(&h, id);
	ok(answers("!consent", "What should they call you?"), "it is asked");
	*h.now += 2 * WHEN_DAY / 24;
	ok(answers("qzhefoundoutqz, please call me", "People here read what you wrote"), "an hour later nothing is an answer by itself");
	is_int((int)found_in(&h, SOURCE, "messages", "body", "qzhefoundoutqz"), 1, "people read it");
	ok(heard("In danger") > 0 || heard("988") > 0, "whom to call is said, too");
	*h.now += 2 * WHEN_DAY / 24;
	ok(answers("are you there", "A person reads this"), "what follows is answered as always");
	ok(answers("!next", "What should they call you?") && answers("Kay", "How may they reach you?") && answers("1", "mind"), "it goes on with a word");
	ok(answers("!skip", "Do you want them to know") && answers("!skip", "what becomes of it") && answers("2", "for you, write !yes "), "to the end");
	hints = heard("Nothing of this has been told yet");
	*h.now += 2 * WHEN_DAY / 24;
	ok(answers("I'm so alone", "A person reads this"), "short words are no yes or no");
	is_int(heard("Nothing of this has been told yet"), hints, "and are not taken for one");
	ok(answers(letters(code) + 5, "Nothing of this has been told yet"), "but letters alone are");
	ok(answers("!no", "cannot reach you") && !is_told(id), "nothing was told");
	json_decref(host_ok(&h, SOURCE, "withdraw", json_pack("{s:s, s:b}", "id", id, "by_member", 1)));
	host_run(&h, 20000);
}

/* Whoever was told before is not said to know nothing; and what takes back the old consent leaves nothing of a new one. */
static void
test_again(const char *id)
{
	autofree char *words = NULL;

	json_decref(host_ok(&h, SOURCE, "reopen", json_pack("{s:s, s:b}", "referral", id, "by_member", 1)));
	host_run(&h, 20000);
	consent_accept(&h, id);
	is_int(heard("What they were told of you before they may use only if you consent anew."), 1, "a request that was opened again: they were told before");
	ok(consent_shown(&h, MEMBER, "!consent", least), "to the end");
	words = text_with("for you, write !yes ");
	ok(strstr(words, "What they were told of you before they may not use again") != NULL && strstr(words, "cannot reach you") == NULL, "the words know it");
	ok(strstr(words, "- that this request is yours: what it is about (") != NULL && strstr(words, "age (26 to 59)") != NULL, "and what the name is joined to");
	ok(answers("!no", "What they were told of you before they may not use again"), "so does no");
	ok(answers("!consent", "What should they call you?") && answers("qzstalenameqz", "How may they reach you?"), "once more");
	ok(answers("!revoke", "taken back"), "the consent of before is taken back meanwhile");
	host_run(&h, 20000);
	ok(answers("!next", "Nothing is being asked now"), "then nothing waits");
	ok(!state_is(SOURCE, id, "accepted"), "the request has ended");
}

/* Others decide with whoever is under age, also if that was said after they were asked. */
static void
test_minor(void)
{
	char id[64], other[64];

	ok(chat_asks(&h, MEMBER, id), "another request");
	json_decref(host_ok(&h, TARGET, "ask", json_pack("{s:s, s:[s]}", "referral", id, "asks", "age_band")));
	host_run(&h, 20000);
	json_decref(host_ok(&h, SOURCE, "inform", json_pack("{s:s, s:s}", "referral", id, "age_band", "13_17")));
	host_run(&h, 20000);
	consent_accept(&h, id);
	is_int(heard("You said that you are under 18"), 1, "a minor is told that people do it with them");
	ok(answers("!consent", "You said that you are under 18"), "and nothing is asked");
	ok(answers("!yes BCDFG", "stand for nothing that waits") && !is_told(id), "nor told");
	ok(chat_asks(&h, MEMBER, other), "with another age in another request");
	consent_accept(&h, other);
	ok(answers("!consent", "Which one?") && answers("!consent 1", "You said that you are under 18") && answers("!consent 2", "You said that you are under 18"), "it is as for a minor still");
	json_decref(host_ok(&h, SOURCE, "withdraw", json_pack("{s:s}", "id", id)));
	host_run(&h, 20000);
}

/* Two wait; danger is answered first; it ends meanwhile; it is erased. */
static void
test_several(void)
{
	char one[64], two[64], three[64], code[16];
	int danger;

	ok(chat_asks(&h, MEMBER, one) && chat_asks(&h, MEMBER, two), "two requests");
	consent_accept(&h, one);
	consent_accept(&h, two);
	ok(answers("!consent 2", "Which one?"), "a number counts for a list that was seen");
	ok(answers("!consent 3", "Which one?"), "and for one of it");
	ok(chat_asks(&h, MEMBER, three), "a third one");
	consent_accept(&h, three);
	ok(answers("!consent 2", "Which one?") && answers("!consent 2", "What should they call you?"), "if it is another list by now, it is shown first");
	json_decref(host_ok(&h, SOURCE, "withdraw", json_pack("{s:s, s:b}", "id", three, "by_member", 1)));
	danger = heard("people can, now");
	ok(answers("Suicide", "nothing of it is told. !next goes on") && heard("people can, now") == danger + 1, "danger is answered first, and is no answer");
	ok(answers("Kay", "How may they reach you?") && answers("!cancel", "nothing was told") && !is_told(two), "then it goes on");
	ok(answers("!consent", "Which one?") && consent_shown(&h, MEMBER, "!consent 2", least), "to the end");
	json_decref(host_ok(&h, TARGET, "decline", json_pack("{s:s, s:s}", "referral", two, "reason", "no_capacity")));
	host_run(&h, 20000);
	ok(answers(letters(code), "stand for nothing that waits") && !is_told(two), "it ends meanwhile: the yes comes too late");
	ok(consent_shown(&h, MEMBER, "!consent", (const char *const []){ "qzerasedqz", "1", "!skip", "!skip", "2", NULL }), "the other one");
	json_decref(host_ok(&h, SOURCE, "erase", json_pack("{s:s, s:s}", "id", one, "confirm", one)));
	host_run(&h, 20000);
	ok(answers(letters(code), "stand for nothing that waits"), "it is erased: so is what was answered");
}

int
main(void)
{
	char id[64];

	story_begin(&h, 211);
	(void)story_add(&h, "elsewhere", "elsewhere.example");
	hs_add_user(h.hs, "@oncall:opendoor.example", "pw");
	story_trust_both(&h, STORY_LIFE);
	story_publish(&h);
	ok(chat_asks(&h, MEMBER, id), "a request");
	test_before(id);
	test_letters(id);
	test_changed(id);
	test_yes(id);
	test_no();
	test_revoke();
	test_again(id);
	test_late();
	test_several();
	test_minor();
	search_member(&h, (const char *const []){ NAME, "555 0187", MIND, NEED, NULL });
	ok(story_clean(&h, SOURCE) && story_clean(&h, TARGET), "nothing is left over");
	is_int((int)story_complaints(&h), 0, "the homeservers complain about nothing");
	host_close(&h);
	return done_testing();
}
