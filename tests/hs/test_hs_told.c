/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a chat says of who knows what, whose turn it was and what was taken back is true, also after what seldom happens: a question that
 * our staff did not answer, a pause of theirs, a second yes, a list that changed, a partner who cannot be told, an erasure.
 * The member's client is a node that nobody trusts.
 */
#include <string.h>

#include "chat.h"
#include "domain/when.h"
#include "story_refer.h"
#include "tests/tap.h"

enum { MEMBER = 2, CASES = 3 };

static struct host h;
static char ids[CASES][64];

#define heard(words)		chat_heard(&h, MEMBER, words)
#define answers(text, words)	chat_answers(&h, MEMBER, text, words)

static void
days(int n)
{
	for (int i = 0; i < n; i++) {
		*h.now += WHEN_DAY;
		host_run(&h, 2000);
	}
}

static void
does(size_t i, const char *verb, json_t *args)
{
	json_decref(host_ok(&h, i, verb, args));
	host_run(&h, 20000);
}

static void
on(size_t i, const char *verb, int n)
{
	does(i, verb, json_pack("{s:s}", "referral", ids[n]));
}

static void
by_member(const char *verb, int n)
{
	does(SOURCE, verb, json_pack("{s:s, s:b}", "referral", ids[n], "by_member", 1));
}

static void
consent(int n, const char *purpose)
{
	json_t *form = refer_fill(host_ok(&h, SOURCE, "consent", json_pack("{s:s, s:b}", "referral", ids[n], "template", 1)), ids[n]);

	(void)json_object_set_new(json_obj(form, "consent"), "purpose", json_string(purpose));
	does(SOURCE, "consent", form);
}

static bool
has_ended(int n)
{
	autojson json_t *shown = host_ok(&h, SOURCE, "show", json_pack("{s:s}", "id", ids[n]));

	return !strcmp(json_str(shown, "state"), "ended");
}

/* What the source was last told of how often they met; -1: nothing. */
static int
sessions(int n)
{
	autojson json_t *shown = host_ok(&h, SOURCE, "show", json_pack("{s:s}", "id", ids[n]));

	return (int)json_int(json_obj(shown, "outcome"), "sessions", -1);
}

/* Are these words, up to NULL, in this order in the newest that the member heard? */
static bool
last_says(const char *const *words)
{
	autojson json_t *list = story_list(&h, MEMBER, "messages");
	const json_t *item;
	const char *at = NULL;
	size_t i;

	json_array_foreach(list, i, item)
		if (!strcmp(json_str(item, "direction"), "in")) {
			at = json_str(item, "body");
			break;
		}
	if (at != NULL)
		printf("# heard: %.900s\n", at);
	for (; at != NULL && *words != NULL; words++)
		if ((at = strstr(at, *words)) != NULL)
			at += strlen(*words);
	return at != NULL;
}
#define last_says(...)	last_says((const char *const []){ __VA_ARGS__, NULL })

/* All that the request and the answer to a question said. */
static void
test_info(void)
{
	ok(chat_asks(&h, MEMBER, ids[0]), "a member asks for support");
	does(TARGET, "ask", json_pack("{s:s, s:[s, s, s, s]}", "referral", ids[0], "asks", "residence", "insurance", "language", "modality"));
	does(SOURCE, "inform", json_pack("{s:s, s:s, s:[s], s:s, s:[s]}", "referral", ids[0], "residence", "US-NJ", "insurance", "medicaid", "language", "es",
	    "not_said", "modality"));
	ok(answers("!who", "Who can see what"), "the member asks who knows what");
	ok(last_says("Rosa (harbor)", "what it is about (alcohol or drugs)", "language (English, Spanish)", "age (26 to 59)", "how to meet (writing online)",
	    "when (weekday evening)", "how soon (in the next days)", "whose wish it is (your own)", "where you live (US-NJ)", "insurance (medicaid)",
	    "what you did not want to say (how to meet)", "Not who you are"), "and hears of each thing that was told");
}

/* It was not they who did not answer. */
static void
test_expired(void)
{
	does(TARGET, "ask", json_pack("{s:s, s:[s]}", "referral", ids[0], "asks", "times"));
	days(8);
	ok(has_ended(0), "a question that nobody answers ends a request");
	is_int(heard("did not answer in time"), 0, "who asked is not said to be silent");
	is_int(heard("got no answer from here to their question in time"), 1, "the member hears that it was here");
	ok(answers("!status", "no answer came in time"), "and that it ended so");
}

/* On a waiting list: where, and for how long, as it was said last. */
static void
test_place(void)
{
	autojson json_t *none = NULL, *words = NULL;

	by_member("reopen", 0);
	words = host_command(&h, TARGET, "waitlist", json_pack("{s:s, s:s}", "referral", ids[0], "position", "3rd"));
	none = host_command(&h, TARGET, "waitlist", json_pack("{s:s, s:s}", "referral", ids[0], "position", "0"));
	ok(strstr(json_str(words, "error"), "position: a number is wanted") != NULL && strstr(json_str(none, "error"), "/position") != NULL, "a place is a number, from one");
	does(TARGET, "waitlist", json_pack("{s:s, s:s, s:s}", "referral", ids[0], "position", "3", "wait_days", "20"));
	ok(answers("!status", "you are on their waiting list (place 3; about 20 days, as they said on 20"), "the member sees their place, and how long it may be");
	does(TARGET, "waitlist", json_pack("{s:s, s:s}", "referral", ids[0], "wait_days", "1"));
	ok(answers("!status", "you are on their waiting list (about 1 day, as they said on 20"), "of what was not said again nothing is told");
	does(TARGET, "waitlist", json_pack("{s:s, s:s}", "referral", ids[0], "position", "1"));
	ok(answers("!status", "you are on their waiting list (place 1, as they said on 20"), "nor guessed");
	on(TARGET, "waitlist", 0);
	ok(answers("!status", "you are on their waiting list.\n"), "nor is anything left of it once it is not said");
}

static void
test_paused(void)
{
	on(TARGET, "accept", 0);
	consent(0, "To go for walks.");
	does(TARGET, "engage", json_pack("{s:s, s:s}", "referral", ids[0], "sessions", "2"));
	is_int(sessions(0), 2, "how many sessions the member attended is told");
	on(TARGET, "pause", 0);
	ok(answers("!status", "it pauses: they said so"), "a pause of theirs is theirs");
	is_int(heard("as you wished"), 0, "and not the member's wish");
	on(TARGET, "resume", 0);
	on(SOURCE, "pause", 0);
	ok(answers("!status", "it pauses, as you wished"), "one of the member's is");
	days(30);
	for (int i = 0; i < 24 && heard("Do you want to go on?") == 0; i++) {
		*h.now += WHEN_HOUR;
		host_run(&h, 4000);
	}
	is_int(heard("pauses the support since"), 1, "they are asked whether to go on");
	ok(last_says("as you wished") && heard("has paused the support") == 0, "and not told that it was the others");
	on(SOURCE, "resume", 0);
}

/* Whoever knows them from before is not said to know nothing. */
static void
test_again(void)
{
	int anew;

	does(TARGET, "close", json_pack("{s:s, s:s}", "referral", ids[0], "outcome", "got_help"));
	by_member("reopen", 0);
	on(TARGET, "accept", 0);
	days(3);
	for (int i = 0; i < 24 && heard("three days") + heard("Do you want") < 2; i++) {
		*h.now += WHEN_HOUR;
		host_run(&h, 4000);
	}
	ok(last_says("What they were told of you before", "only if you consent anew", "Do you want that?"), "three days after a second yes a consent is asked for");
	is_int(heard("does not know who you are") + heard("they learn nothing."), 0, "by words that are true");
	consent(0, "To go for walks.");
	anew = heard("may use only if you consent anew. Whether");
	on(TARGET, "waitlist", 0);
	on(TARGET, "accept", 0);
	ok(last_says("said yes to your request. What you agreed to before still counts"), "whose consent is in force hears so with the next yes");
	is_int(heard("may use only if you consent anew. Whether"), anew, "and is asked for no other");
}

static void
one_more(int n, const char *purpose)
{
	days(1);
	ok(chat_asks(&h, MEMBER, ids[n]), "the member asks for more");
	on(TARGET, "accept", n);
	consent(n, purpose);
}

/* A number is one of the list that they have seen. */
static void
test_numbers(void)
{
	one_more(1, "To sing in a choir.");
	one_more(2, "To learn to cook.");
	ok(strcmp(ids[0], ids[1]) > 0 || strcmp(ids[1], ids[2]) > 0, "the ids are not in the order of time");
	ok(answers("!cancel 2", "Nothing was taken back yet. Which one?") && answers("!cancel 2", "would be taken back") && answers("No", "stays as it is"),
	    "a request is taken back by the number of a list that was shown, and with a yes");
	ok(answers("!revoke 2", "Which one?"), "a number of a list that nobody showed is none");
	ok(last_says("1. Rosa (harbor)", "who you are", "To go for walks.", "2. Rosa (harbor)", "To sing in a choir.", "3. Rosa (harbor)", "To learn to cook."),
	    "what can be taken back is listed, the oldest first, and what each is for");
	does(SOURCE, "revoke", json_pack("{s:s, s:s, s:s}", "referral", ids[0], "how", "phone", "recorded_by", "K. Lind"));
	ok(has_ended(0), "staff hear by phone that the first is taken back");
	ok(answers("!revoke 2", "Nothing was taken back"), "then the list is another one, and nothing is done by its number");
	ok(last_says("1. Rosa (harbor)", "To sing in a choir.", "2. Rosa (harbor)", "To learn to cook.") && !has_ended(1) && !has_ended(2), "but it is shown anew");
	ok(answers("!revoke 3", "no consent of that number"), "a number that is not in it");
	host_kill(&h, SOURCE);
	host_start(&h, SOURCE);
	ok(answers("!revoke 2", "is taken back, from now on"), "the second of what is shown, also after a restart");
	ok(last_says("Rosa (harbor)", "To learn to cook.", "they are told to pass nothing on"), "and which that is, is said");
	host_run(&h, 20000);
	ok(has_ended(2) && !has_ended(1), "that one, and no other");
	ok(answers("!revoke 1", "Nothing was taken back: the list is another one") && !has_ended(1), "nor is the last one the first of a list that was longer");
}

/* Which partner the others decide about. */
static void
decide(const char *decision)
{
	autojson json_t *node = host_ok(&h, TARGET, "show", json_pack("{s:s}", "id", "node"));

	does(SOURCE, "federation_decide", json_pack("{s:O, s:s, s:s}", "org", json_object_get(node, "org"), "decision", decision, "reason", "trouble"));
}

static void
test_denied(void)
{
	decide("deny");
	ok(answers("!revoke", "is taken back, from now on"), "the only one needs no number");
	ok(last_says("To sing in a choir.", "cannot be told now", "told to pass nothing on as soon as that is possible"), "who cannot be told is not said to be told");
	ok(answers("!cancel", "would be taken back") && answers("!yes", "could not be taken back now"), "nor is a request said to have ended that goes on");
	decide("allow");
	host_run(&h, WHEN_HOUR);
	ok(has_ended(1), "and they are told as soon as it is possible");
}

static void
test_erased(void)
{
	for (int n = 0; n < CASES; n++) {
		does(SOURCE, "erase", json_pack("{s:s, s:s}", "id", ids[n], "confirm", ids[n]));
		host_run(&h, 40000);
	}
	is_int(heard("is erased here, as far as the law lets us"), CASES, "what is erased is said once, when it is");
	ok(answers("!who", "Who can see what"), "the member asks who knows what");
	ok(last_says("Of what is kept here, nothing about you was sent to anybody.", "What was erased here is not in this list; whoever had it may have it still."),
	    "what was sent is not said to be not sent");
	is_int(heard("Nothing about you has been sent to anybody"), 0, "by no word");
	ok(answers("!status", "No request of yours is here now"), "nor is nothing said to have been asked");
}

int
main(void)
{
	story_begin(&h, 102);
	(void)story_add(&h, "elsewhere", "elsewhere.example");
	story_trust_both(&h, 365 * WHEN_DAY);
	story_publish(&h);
	test_info();
	test_expired();
	test_place();
	test_paused();
	test_again();
	test_numbers();
	test_denied();
	test_erased();
	host_end(&h);
	return done_testing();
}
