/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a clock says that concerns the member is asked in their chat: once an occasion, by day, and not where they left.
 * The member's client is a node that nobody trusts.
 */
#include <string.h>

#include "chat.h"
#include "domain/when.h"
#include "hostile.h"
#include "story_refer.h"
#include "tests/tap.h"

enum { MEMBER = 2 };

#define MEMBER_USER "@cairn:elsewhere.example"

static struct host h;
static char id[64];

static void
days(int n)
{
	for (int i = 0; i < n; i++) {
		*h.now += WHEN_DAY;
		host_run(&h, 2000);
	}
}

/* Hours until there are ${n} such questions; 48: they do not come. */
static int
hours(const char *words, int n)
{
	int i = 0;

	for (; i < 48 && chat_heard(&h, MEMBER, words) < n; i++) {
		*h.now += WHEN_HOUR;
		host_run(&h, 2000);
		host_run(&h, 2000);
	}
	return i;
}

static void
target(const char *verb, const char *key, json_t *value)
{
	json_decref(host_ok(&h, TARGET, verb, json_pack("{s:s, s:o*}", "referral", id, key != NULL ? key : "none", value)));
	host_run(&h, 20000);
}

static void
ask_for_support(void)
{
	ok(chat_asks(&h, MEMBER, id) && *id != '\0', "a member asks for support");
}

static void
test_waiting(void)
{
	int later;

	target("waitlist", NULL, NULL);
	days(13);
	is_int(chat_heard(&h, MEMBER, "on the waiting list since"), 0, "on a waiting list: not yet");
	days(1);
	is_int(chat_heard(&h, MEMBER, "on the waiting list since"), 0, "after two weeks it is three at night");
	host_kill(&h, SOURCE);
	host_start(&h, SOURCE);
	later = hours("on the waiting list since", 1);
	ok(later >= 4 && later <= 7, "they are asked in the morning, %d hours later", later);
	is_int(chat_heard(&h, MEMBER, "Do you still want that?"), 1, "whether they still want it");
	days(5);
	is_int(chat_heard(&h, MEMBER, "on the waiting list since"), 1, "once");
	target("waitlist", NULL, NULL);
	days(14);
	ok(hours("on the waiting list since", 2) < 48, "and after a review, once more");
	ok(chat_answers(&h, MEMBER, "Yes", "A person reads this"), "their answer is for people");
	is_int((int)found_in(&h, SOURCE, "messages", "body", "Yes"), 1, "to read");
}

static void
test_on(void)
{
	json_t *form;
	char meets[WHEN_TEXT];

	target("answer", "decision", json_string("accept"));
	days(3);
	ok(hours("Do you want them to?", 1) < 48, "who was accepted is asked for a consent");
	form = refer_fill(host_ok(&h, SOURCE, "consent", json_pack("{s:s, s:b}", "referral", id, "template", 1)), id);
	(void)json_object_set_new(json_obj(json_obj(form, "consent"), "expires"), "at", json_integer(*h.now + 60 * WHEN_DAY));
	json_decref(host_ok(&h, SOURCE, "consent", form));
	host_run(&h, 20000);
	target("schedule", "meets_at", json_string(when_print(*h.now + 2 * WHEN_DAY, meets)));
	days(1);
	is_int(chat_heard(&h, MEMBER, "Did it take place?"), 0, "before a meeting nothing is asked");
	days(1);
	ok(hours("Did it take place?", 1) < 48, "after it, whether it took place");
	is_int(hours("Did it take place?", 2), 48, "once");
	is_int(chat_heard(&h, MEMBER, "Do you want them to?"), 1, "and about the consent no more");
	target("engage", NULL, NULL);
	target("pause", NULL, NULL);
	days(30);
	ok(hours("has paused the support since", 1) < 48, "after a pause, whether to go on");
	is_int(chat_heard(&h, MEMBER, "what your consent says until"), 0, "of the consent nothing yet");
	days(18);
	ok(hours("what your consent says until", 1) < 48 && hours("what your consent says until", 2) == 48, "a week before it ends, whether it is to go on, once");
	is_int(chat_heard(&h, MEMBER, "has paused the support since"), 1, "of the pause nothing more");
}

static void
test_left(void)
{
	struct client c;
	char path[200];

	ask_for_support();
	target("waitlist", NULL, NULL);
	client_as(&c, &h, MEMBER, "node");
	(void)snprintf(path, sizeof(path), "rooms/%s/leave", hs_room(h.hs, NULL, 0));
	json_decref(client_call(&c, "POST", path, json_object()));
	host_run(&h, 20000);
	days(16);
	(void)hours("on the waiting list since", 3);
	is_int((int)found_in(&h, SOURCE, "messages", "body", "on the waiting list since"), 2, "who has left the chat is not asked");
}

int
main(void)
{
	story_begin(&h, 99);
	(void)story_add(&h, "elsewhere", "elsewhere.example");
	story_trust_both(&h, 365 * WHEN_DAY);
	story_publish(&h);
	ask_for_support();
	test_waiting();
	test_on();
	test_left();
	host_end(&h);
	return done_testing();
}
