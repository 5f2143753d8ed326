/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Staff are told that referrals wait: one line in their chat, with numbers and a command; by day but for what is urgent, many at once
 * together, each time once, and no more when it was dealt with.  The client of who is told is a node that nobody trusts.
 */
#include <stdio.h>
#include <string.h>

#include "chat.h"
#include "domain/when.h"
#include "hostile.h"
#include "story_refer.h"
#include "tests/tap.h"

enum { STAFF = 2, KILLED_MOST = 14, MANY = 18 /* More than the clocks of one turn. */ };

#define STAFF_USER	"@cairn:elsewhere.example"
#define NOBODY		"@nobody:elsewhere.example"	/* Never comes. */
#define ONE_WAITS	"Referrals: 1 waits for you. See: cairn list referrals --due"

static struct host h;
static int before;		/* Lines that were looked at. */

static void
later(int64_t ms)
{
	*h.now += ms;
	for (int i = 0; i < 3; i++)
		host_run(&h, 20000);
}

/* Until the next time that it is that hour, by UTC. */
static void
until(int hour)
{
	int64_t at = *h.now - *h.now % WHEN_DAY + hour * WHEN_HOUR;

	later((at > *h.now ? at : at + WHEN_DAY) - *h.now);
}

/* How many lines came; the newest is ${ret}. */
static int
lines(char ret[400])
{
	autojson json_t *list = story_list(&h, STAFF, "messages");
	const json_t *item;
	size_t k;
	int n = 0;

	ret[0] = '\0';
	json_array_foreach(list, k, item)
		if (!strcmp(json_str(item, "direction"), "in") && !strncmp(json_str(item, "body"), "Referrals:", 10) && n++ == 0)
			(void)snprintf(ret, 400, "%s", json_str(item, "body"));
	return n;
}

/* Since the last of these calls, so many lines came; the newest has exactly these words. */
static void
told(int n, const char *words, const char *name)
{
	char newest[400];
	int all = lines(newest);

	ok(all - before == n && (n == 0 || !strcmp(newest, words)), "%s (%d: %s)", name, all - before, newest);
	before = all;
}

static bool
doctor_says(size_t i, bool good, const char *words)
{
	autojson json_t *reply = host_ok(&h, i, "doctor", json_object());
	const json_t *check;
	size_t k;

	json_array_foreach(json_arr(reply, "checks"), k, check)
		if (!strcmp(json_str(check, "name"), "reminders"))
			return json_is_true(json_object_get(check, "ok")) == good && strstr(json_str(check, "text"), words) != NULL;
	return false;
}

static void
name_staff(size_t i, const char *users)
{
	(void)snprintf(h.node[i].staff, sizeof(h.node[i].staff), "%s", users);
	host_stop(&h, i);
	host_start(&h, i);
	for (int k = 0; k < 4; k++)
		host_run(&h, 10000);
}

static void
refer(struct referral_story *s, const char *urgency)
{
	json_t *args;
	autojson json_t *reply = NULL;

	refer_begin(&h, s);
	args = refer_args(&h, s, STORY_REFER);
	(void)json_object_set_new(args, "urgency", json_string(urgency));
	reply = host_ok(&h, SOURCE, "refer", args);
	(void)snprintf(s->id, sizeof(s->id), "%s", json_str(reply, "referral"));
	host_run(&h, 20000);
}

static void
say(size_t i, const char *verb, const struct referral_story *s, const char *key, json_t *value)
{
	json_decref(host_ok(&h, i, verb, json_pack("{s:s, s:o*}", "referral", s->id, key != NULL ? key : "none", value)));
	host_run(&h, 20000);
}

static void
decline(const struct referral_story *s)
{
	say(TARGET, "decline", s, "reason", json_string("no_capacity"));
}

static size_t
due(size_t i)
{
	autojson json_t *reply = host_ok(&h, i, "list", json_pack("{s:s, s:b}", "what", "referrals", "due", 1));

	return json_array_size(json_arr(reply, "items"));
}

static void
test_nobody(struct referral_story *s)
{
	refer(s, "soon");
	ok(doctor_says(TARGET, true, "nobody is told"), "without staff_users the doctor says that nobody is told");
	until(10);
	decline(s);
	told(0, NULL, "and nobody is");
	name_staff(TARGET, STAFF_USER);
	ok(doctor_says(TARGET, true, "1 person is told"), "who is named is invited, and comes");
	name_staff(TARGET, NOBODY ", " STAFF_USER);
	ok(doctor_says(TARGET, false, "not everybody is told when a referral waits: " NOBODY " has not accepted"),
	    "who is not in the chat is named");
	until(12);
	told(0, NULL, "of what was before they hear nothing");
}

static void
test_arrives(struct referral_story *s)
{
	autojson json_t *bad = NULL;

	until(3);
	refer(&s[0], "soon");
	told(0, NULL, "a referral that comes by night");
	until(9);
	told(1, ONE_WAITS, "is told of in the morning, by a number and a command");
	is_int((int)due(TARGET), 1, "which lists it");
	bad = host_command(&h, TARGET, "list", json_pack("{s:s, s:b}", "what", "rooms", "due", 1));
	ok(refused(bad, "due: only of referrals"), "and nothing else is due");
	refer(&s[1], "soon");
	refer(&s[2], "soon");
	told(0, NULL, "two more within the hour");
	host_kill(&h, TARGET);
	host_start(&h, TARGET);
	until(10);
	told(1, "Referrals: 3 wait for you. See: cairn list referrals --due",
	    "are told of together when it is over, by the process that then lives");
	is_int((int)due(TARGET), 3, "and all are listed");
	until(9);
	told(0, NULL, "that is all for this day");
}

static void
test_reminders(struct referral_story *s)
{
	/* It began on a Saturday; two working days. */
	for (int i = 0; i < 2; i++)
		until(12);
	told(1, "Referrals: 3 wait for you, the oldest for 2 days. See: cairn list referrals --due",
	    "when the clock of all three strikes they are reminded once");
	decline(&s[2]);
	for (int i = 0; i < 2; i++)
		until(12);
	told(1, "Referrals: 2 wait for you, the oldest for 4 days. See: cairn list referrals --due", "and again, of those that wait still");
	decline(&s[0]);
	decline(&s[1]);
	is_int((int)due(TARGET), 0, "all are answered");
	for (int i = 0; i < 6; i++)
		until(12);
	told(0, NULL, "of what was answered nobody is reminded");
}

static void
test_urgent(struct referral_story *s)
{
	until(23);
	refer(s, "urgent");
	later(WHEN_MINUTE);
	told(1, "Referrals: 1 waits for you, 1 of them urgent. See: cairn list referrals --due",
	    "what is urgent is told of by night");
	later(WHEN_HOUR);
	told(0, NULL, "once");
	decline(s);
	until(12);
	told(0, NULL, "and not again");
}

/* The homeserver takes nothing while it is answered. */
static void
test_overtaken(struct referral_story *s)
{
	const char *user = TARGET_USER;

	size_t said = found_in(&h, TARGET, "messages", "body", "Referrals:");

	until(8);
	refer(&s[0], "soon");
	hs_script(h.hs, &(struct hs_script){ .request = story_muted, .cookie = &user });
	for (int hour = 9; hour < 12; hour++)
		until(hour);
	refer(&s[1], "soon");
	until(13);
	told(0, NULL, "a line that cannot leave");
	is_int((int)(found_in(&h, TARGET, "messages", "body", "Referrals:") - said), 1, "waits alone: no other is made");
	decline(&s[0]);
	decline(&s[1]);
	user = NULL;
	later(WHEN_HOUR);
	hs_script(h.hs, NULL);
	ok(refer_state(&h, SOURCE, &s[0], "ended") && refer_state(&h, SOURCE, &s[1], "ended"), "the answers go when they can");
	told(0, NULL, "but not the line about what was answered");
	is_int((int)(found_in(&h, TARGET, "messages", "body", "Referrals:") - said), 0, "which is not in the list of messages either");
}

/* Whenever it dies, it is told once. */
static void
test_killed(struct referral_story *s)
{
	static const enum host_kill where[] = { HOST_BEFORE_COMMIT, HOST_BEFORE_SEND, HOST_BEFORE_ANSWER };
	int wrong = 0, died = 0, n;
	char newest[400];

	for (size_t i = 0; i < nelem(where); i++)
		for (long at = 1; at <= KILLED_MOST; at++) {
			until(5);
			refer(s, "soon");
			before = lines(newest);
			*h.now += 4 * WHEN_HOUR - *h.now % WHEN_HOUR - WHEN_MINUTE;
			host_arm(&h, TARGET, where[i], at);
			host_run(&h, 2 * WHEN_MINUTE);
			host_run(&h, 2 * WHEN_MINUTE);
			died += h.node[TARGET].crashed;
			n = lines(newest) - before;
			if (n != 1 || strcmp(newest, ONE_WAITS) != 0) {
				printf("# %s %ld: %d lines, %s\n", host_kill_name[where[i]], at, n, newest);
				wrong++;
			}
			h.node[TARGET].crashed = false;
			host_arm(&h, TARGET, HOST_NEVER, 0);
			decline(s);
		}
	ok(wrong == 0 && died > 15, "whenever the node dies, %d times, they are told exactly once", died);
	before = lines(newest);
}

/* So many that their clocks do not strike in one turn. */
static void
test_many(struct referral_story *s)
{
	autojson json_t *list = NULL;
	json_t *item;
	size_t i;

	until(10);
	for (int k = 0; k < MANY; k++)
		refer(s, "soon");
	until(12);
	before += 2;
	told(0, "", "as they come, at most once an hour");
	later(5 * WHEN_DAY);
	told(1, "Referrals: 18 wait for you, the oldest for 5 days. See: cairn list referrals --due",
	    "when many clocks strike at once there is one line for all");
	later(2 * WHEN_HOUR);
	told(0, NULL, "and none later for those that struck last");
	list = story_list(&h, TARGET, "referrals");
	json_array_foreach(list, i, item)
		if (!strcmp(json_str(item, "state"), "received")) {
			(void)snprintf(s->id, sizeof(s->id), "%s", json_str(item, "id"));
			decline(s);
		}
}

/* Nine in the morning in Tokyo is midnight by UTC. */
static void
test_zone(struct referral_story *s)
{
	name_staff(TARGET, STAFF_USER "\nstaff_zone = Mars/Olympus");
	ok(doctor_says(TARGET, false, "no time zone \"Mars/Olympus\""), "a time zone that is not known is named");
	name_staff(TARGET, STAFF_USER "\nstaff_zone = Asia/Tokyo");
	until(20);
	refer(s, "soon");
	until(23);
	told(0, NULL, "it is night where staff are");
	until(0);
	told(1, ONE_WAITS, "and then day");
	decline(s);
}

static void
test_source(struct referral_story *s)
{
	name_staff(TARGET, "");
	name_staff(SOURCE, STAFF_USER);
	until(10);
	refer(s, "soon");
	until(12);
	told(0, NULL, "at the source nothing waits for staff");
	say(TARGET, "ask", s, "asks", json_pack("[s]", "times"));
	later(WHEN_MINUTE);
	told(1, ONE_WAITS, "a question of the partner does");
	until(15);
	say(SOURCE, "inform", s, "times", json_pack("[s]", "weekday_morning"));
	until(16);
	say(TARGET, "accept", s, NULL, NULL);
	later(WHEN_MINUTE);
	told(1, ONE_WAITS, "after a yes the member is to be asked");
	until(12);
	say(TARGET, "decline", s, "reason", json_string("no_capacity"));
	later(WHEN_MINUTE);
	told(1, "Referrals: there is news of 1. See: cairn list referrals", "a no is news, and waits for nobody");
	is_int((int)due(SOURCE), 0, "so nothing is due");
	until(10);
	refer(s, "soon");
	for (int i = 0; i < 6; i++)
		until(12);
	told(2, "Referrals: 1 waits for somebody else who is late. See: cairn list referrals --due",
	    "that a partner does not answer is said with each reminder");
	is_int((int)due(SOURCE), 1, "and listed");
}

/* What the member takes back at the partner, staff here have not heard. */
static void
test_said_there(struct referral_story *s)
{
	say(TARGET, "accept", s, NULL, NULL);
	json_decref(host_ok(&h, SOURCE, "consent", refer_fill(host_ok(&h, SOURCE, "consent", json_pack("{s:s, s:b}", "referral", s->id, "template", 1)),
	    s->id)));
	host_run(&h, 20000);
	until(12);
	before = lines((char[400]){ "" });
	json_decref(host_ok(&h, TARGET, "revoke", json_pack("{s:s, s:s, s:s}", "referral", s->id, "how", "phone", "recorded_by", "B. Ito")));
	later(WHEN_MINUTE);
	told(1, "Referrals: there is news of 1. See: cairn list referrals", "what the member takes back at the partner is news");
}

int
main(void)
{
	struct referral_story s[3];

	story_begin(&h, 112);
	(void)story_add(&h, "elsewhere", "elsewhere.example");
	hs_add_user(h.hs, NOBODY, "password");
	story_trust_both(&h, 365 * WHEN_DAY);
	story_publish(&h);
	test_nobody(s);
	test_arrives(s);
	test_reminders(s);
	test_urgent(s);
	test_overtaken(s);
	test_killed(s);
	test_many(s);
	test_zone(s);
	test_source(s);
	test_said_there(s);
	ok(story_clean(&h, SOURCE) && story_clean(&h, TARGET) && story_complaints(&h) == 0, "and nothing of it was rejected");
	host_end(&h);
	return done_testing();
}
