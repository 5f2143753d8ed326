/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A referral crosses: trust list, directory, request, answer, consent,
 * disclosure, outcome; it is declined; and what the state does not allow is refused.
 * HS_LONG=1: a partner is away for nine days.
 */
#include <stdlib.h>
#include <string.h>

#include "base/canon.h"
#include "search.h"
#include "story_refer.h"
#include "tests/tap.h"

static void
test_closed_loop(struct host *h)
{
	static const char *const names[] = { "the request arrives and is acknowledged", "the acceptance arrives",
	    "consent releases the disclosure", "first contact is reported", "the outcome closes it on both sides" };
	struct referral_story s;

	refer_begin(h, &s);
	for (enum story_step step = 0; step < STORY_STEPS; step++)
		ok(refer_step(h, &s, step), "%s", names[step]);
	is_str(refer_verdict(h, &s), NULL, "each step once on both sides, nothing left over");
}

/* Commands that the state does not allow: a reason, and the referral is as before. */
static void
test_refusals(struct host *h)
{
	struct referral_story s;
	autojson json_t *before = NULL, *after = NULL;
	static const struct { size_t who; enum story_step step; const char *what; } wrong[] = {
		{ SOURCE, STORY_ACCEPT, "the source cannot answer its own request" },
		{ TARGET, STORY_CLOSE, "an outcome before the answer" },
		{ TARGET, STORY_CONTACT, "first contact before the consent" },
		{ SOURCE, STORY_CONSENT, "consent before the answer" },
	};
	static const char *const verbs[STORY_STEPS] = { "refer", "answer", "consent", "outcome", "outcome" };

	refer_begin(h, &s);
	if (!ok(refer_step(h, &s, STORY_REFER), "another referral"))
		return;
	before = refer_show(h, TARGET, &s);
	for (size_t i = 0; i < nelem(wrong); i++) {
		autojson json_t *reply = host_command(h, wrong[i].who, verbs[wrong[i].step],
		    refer_args(h, &s, wrong[i].step));
		const char *code = json_str(reply, "code"), *error = json_str(reply, "error");

		ok(json_is_false(json_object_get(reply, "ok")) && code != NULL && !strcmp(code, "refused") &&
		    error != NULL && *error != '\0', "refused: %s (%s)", wrong[i].what, error != NULL ? error : "-");
	}
	host_run(h, 60000);
	after = refer_show(h, TARGET, &s);
	ok(json_equal(before, after) && refer_state(h, SOURCE, &s, "received"), "and nothing changed on either side");
	ok(story_clean(h, SOURCE) && story_clean(h, TARGET), "nor was anything sent that the partner rejects");
}

static void
test_decline(struct host *h)
{
	struct referral_story s;
	autojson json_t *shown = NULL, *again = NULL;

	refer_begin(h, &s);
	(void)ok(refer_step(h, &s, STORY_REFER), "a referral to be declined");
	json_decref(host_ok(h, TARGET, "answer", json_pack("{s:s, s:s, s:s}", "referral", s.id, "decision",
	    "decline", "reason", "no_capacity")));
	host_run(h, 10000);
	shown = refer_show(h, SOURCE, &s);
	ok(refer_state(h, SOURCE, &s, "ended") && refer_state(h, TARGET, &s, "ended"), "it ends on both sides");
	is_str(json_str(shown, "end"), "declined", "as declined");
	is_str(json_str(shown, "reason"), "no_capacity", "with its reason");
	again = host_command(h, TARGET, "answer", refer_args(h, &s, STORY_ACCEPT));
	ok(json_is_false(json_object_get(again, "ok")), "an ended referral cannot be accepted");
}

static void
act(struct host *h, size_t i, const struct referral_story *s, const char *verb, const char *key, json_t *value)
{
	json_t *args = json_pack("{s:s}", !strcmp(verb, "withdraw") ? "id" : "referral", s->id);

	if (key != NULL)
		(void)json_object_set_new(args, key, value);
	json_decref(host_ok(h, i, verb, args));
}

static bool
both(struct host *h, const struct referral_story *s, const char *state)
{
	host_run(h, 20000);
	return refer_state(h, SOURCE, s, state) && refer_state(h, TARGET, s, state);
}

/* A question and its answer, a waiting list and its review; then both sides step on at once. */
static void
test_overtaken(struct host *h)
{
	struct referral_story s;
	autojson json_t *shown = NULL, *again = NULL, *other = NULL;
	const char *text;

	refer_begin(h, &s);
	(void)ok(refer_step(h, &s, STORY_REFER), "a referral about which there is a question");
	act(h, TARGET, &s, "ask", "asks", json_pack("[s, s]", "times", "residence"));
	ok(both(h, &s, "info_requested"), "it waits for the answer");
	json_decref(host_ok(h, SOURCE, "inform", json_pack("{s:s, s:[s], s:s}", "referral", s.id, "times", "weekday_evening", "residence", "US-WY")));
	ok(both(h, &s, "received"), "which comes");
	search_member(h, (const char *const []){ "US-WY", "\"asks\":[", NULL });
	act(h, TARGET, &s, "waitlist", "position", json_integer(3));
	ok(both(h, &s, "waitlisted"), "there is a waiting list");
	act(h, TARGET, &s, "waitlist", "position", json_integer(1));
	host_run(h, 20000);
	shown = refer_show(h, SOURCE, &s);
	ok(refer_count(shown, "waitlist") == 2 && json_int(json_obj(json_array_get(json_arr(shown, "history"),
	    json_array_size(json_arr(shown, "history")) - 1), "details"), "position", 0) == 1, "on which the place is known");
	act(h, SOURCE, &s, "withdraw", NULL, NULL);
	act(h, TARGET, &s, "accept", NULL, NULL);
	ok(both(h, &s, "accepted"), "taken back by one side and accepted by the other at once, it is accepted on both");
	json_decref(shown);
	shown = refer_show(h, SOURCE, &s);
	text = json_str(json_array_get(json_arr(shown, "overtaken"), 0), "text");
	ok(text != NULL && strstr(text, "withdraw by the source was overtaken: accept by the target") != NULL,
	    "and who took it back is told so");
	act(h, SOURCE, &s, "withdraw", "by_member", json_true());
	ok(both(h, &s, "ended"), "the member leaves at once");
	act(h, SOURCE, &s, "reopen", "by_member", json_true());
	ok(both(h, &s, "received"), "and comes back");
	json_decref(shown);
	shown = refer_show(h, TARGET, &s);
	is_int(json_int(shown, "leg", 0), 2, "in another leg");
	act(h, TARGET, &s, "accept", NULL, NULL);
	act(h, SOURCE, &s, "withdraw", "by_member", json_true());
	ok(both(h, &s, "ended"), "a member who leaves while it is accepted has left");
	other = refer_show(h, SOURCE, &s);
	again = refer_show(h, TARGET, &s);
	is_str(json_str(other, "last_step"), json_str(again, "last_step"), "both sides are at the same step");
	ok(json_equal(json_object_get(other, "history"), json_object_get(again, "history")), "by the same way");
	ok(story_clean(h, SOURCE) && story_clean(h, TARGET), "and nothing of it was rejected");
}

/* A referral that is disclosed; the source is away; two outcomes are given.  What the target had said before these. */
static int
say_two(struct host *h, struct referral_story *s)
{
	int before;

	refer_to(h, s, STORY_CONSENT);
	before = story_sent(h, TARGET_USER);
	host_stop(h, SOURCE);
	json_decref(host_ok(h, TARGET, "outcome", refer_args(h, s, STORY_CONTACT)));
	json_decref(host_ok(h, TARGET, "outcome", refer_args(h, s, STORY_CLOSE)));
	return before;
}

/* Two words about one referral while the partner is away: the second waits for the acknowledgement of the first. */
static void
test_order(struct host *h)
{
	struct referral_story s;
	int before;

	before = say_two(h, &s);
	host_run(h, 30000);
	is_int(story_sent(h, TARGET_USER) - before, 1, "of two outcomes only the first leaves while the partner is away");
	host_start(h, SOURCE);
	host_run(h, 120000);
	ok(refer_state(h, SOURCE, &s, "closed"), "then both arrive");
	ok(story_clean(h, SOURCE) && story_clean(h, TARGET), "and neither came too early");
}

static bool
told(struct host *h, const struct referral_story *s, const char *words)
{
	autojson json_t *shown = refer_show(h, TARGET, s);
	const char *delivery = json_str(shown, "delivery");

	return delivery != NULL && strstr(delivery, words) != NULL;
}

/* The partner does not take the first word: the second goes all the same, after an hour, and staff are told. */
static void
test_held_up(struct host *h)
{
	struct referral_story s;
	int before, after;

	before = say_two(h, &s);
	host_run(h, 1800 * 1000);
	is_int(story_sent(h, TARGET_USER) - before, 5, "in half an hour the first of two outcomes is said five times, the second never");
	ok(!told(h, &s, ""), "and nobody is alarmed");
	host_run(h, 2400 * 1000);
	after = story_sent(h, TARGET_USER) - before;
	ok(after > 7, "after an hour the second goes too (%d)", after);
	ok(told(h, &s, "no longer waits for it; ask its staff"), "which cairn show says, and what to do");
	if (getenv("HS_LONG") != NULL) {
		host_run(h, 9 * 24 * 3600 * 1000LL);
		ok(told(h, &s, "given up") && told(h, &s, "speak to its staff"), "after nine days, that it was given up");
	}
	host_start(h, SOURCE);
	host_run(h, 7200 * 1000);
	ok(refer_state(h, SOURCE, &s, "closed") && !told(h, &s, ""), "what was sent is heard all the same, when the partner is back");
	ok(story_clean(h, SOURCE) && story_clean(h, TARGET), "in its order");
}

/* A disclosure that has not left when the target declines after all, or (else) when the referral is taken back. */
static void
test_withheld(struct host *h, bool overtaken)
{
	autojson json_t *ours = NULL, *theirs = NULL;
	struct referral_story s;
	const char *text;

	refer_begin(h, &s);
	ok(refer_step(h, &s, STORY_REFER) && refer_step(h, &s, STORY_ACCEPT), "a referral whose disclosure is held up");
	hs_script(h->hs, &(struct hs_script){ .request = story_refuse_sends });
	json_decref(host_ok(h, SOURCE, "consent", refer_args(h, &s, STORY_CONSENT)));
	if (overtaken)
		act(h, TARGET, &s, "decline", "reason", json_string("no_capacity"));
	else
		act(h, SOURCE, &s, "withdraw", NULL, NULL);
	host_run(h, 10000);
	hs_script(h->hs, NULL);
	host_run(h, 3600 * 1000);
	ours = refer_show(h, SOURCE, &s);
	theirs = refer_show(h, TARGET, &s);
	ok((json_object_get(ours, "disclosure") != NULL) == !overtaken && json_object_get(theirs, "disclosure") == NULL,
	    "is withheld when the referral is %s meanwhile", overtaken ? "declined" : "taken back");
	is_str(json_str(theirs, "last_step"), json_str(ours, "last_step"), "and both sides are at the same step");
	is_int(refer_count(theirs, "consent"), overtaken ? 0 : 1, "%s", overtaken ? "to which the consent does not belong" :
	    "which was made on the consent, that is known without what it disclosed");
	text = json_str(json_array_get(json_arr(theirs, "overtaken"), 0), "text");
	if (overtaken)
		ok(text != NULL && strstr(text, "consent by the member was overtaken") != NULL, "which is shown");
}

/* A disclosure that arrives when the target has declined after all: it left before the source could know. */
static void
test_discarded(struct host *h)
{
	autojson json_t *theirs = NULL, *held = NULL;
	struct referral_story s;
	const char *text, *target = TARGET_USER;

	refer_begin(h, &s);
	ok(refer_step(h, &s, STORY_REFER) && refer_step(h, &s, STORY_ACCEPT), "a referral that is accepted");
	hs_script(h->hs, &(struct hs_script){ .request = story_muted, .cookie = &target });
	act(h, TARGET, &s, "decline", "reason", json_string("no_capacity"));
	json_decref(host_ok(h, SOURCE, "consent", refer_args(h, &s, STORY_CONSENT)));
	host_run(h, 10000);
	theirs = refer_show(h, TARGET, &s);
	text = json_str(json_array_get(json_arr(theirs, "overtaken"), 0), "text");
	ok(refer_state(h, SOURCE, &s, "accepted") && text != NULL && strstr(text, "consent by the member was overtaken") != NULL,
	    "and declined: the disclosure that was on its way arrives");
	ok(json_object_get(theirs, "disclosure") == NULL, "and is forgotten at once");
	held = host_ok(h, TARGET, "accounting", json_pack("{s:s}", "id", s.id));
	ok(json_array_size(json_arr(held, "consents")) == 0, "with the consent that came with it");
	hs_script(h->hs, NULL);
	host_run(h, 3600 * 1000);
	ok(refer_state(h, SOURCE, &s, "ended") && refer_state(h, TARGET, &s, "ended"), "both end it");
}

/* All that the servers saw of the talk is one encrypted channel without a name. */
static void
test_privacy(struct host *h)
{
	const char *channel = hs_room(h->hs, "org.cairnpeer.channel", 0);
	const json_t *event;
	autofree char *all = json_dumps(hs_log(h->hs), JSON_COMPACT);
	size_t i;
	int clear = 0;

	json_array_foreach(hs_events(h->hs, channel), i, event) {
		const char *type = json_str(event, "type");

		clear += (json_str(event, "state_key") == NULL && strcmp(type, "m.room.encrypted") != 0) ||
		    !strcmp(type, "m.room.name") || !strcmp(type, "m.room.topic");
	}
	ok(channel != NULL && hs_room(h->hs, "org.cairnpeer.channel", 1) == NULL && clear == 0,
	    "one channel, all of its talk encrypted, no name and no topic");
	ok(all != NULL && strstr(all, "@jo:opendoor.example") == NULL && strstr(all, "in the evenings") == NULL &&
	    strstr(all, "substance_use") == NULL, "no server saw a word about the member");
	ok(story_complaints(h) == 0, "nor any key twice");
}

int
main(void)
{
	struct host h;

	story_begin(&h, 2);
	story_trust(&h);
	story_publish(&h);
	test_closed_loop(&h);
	test_refusals(&h);
	test_decline(&h);
	test_overtaken(&h);
	test_order(&h);
	test_held_up(&h);
	test_withheld(&h, false);
	test_withheld(&h, true);
	test_discarded(&h);
	test_privacy(&h);
	host_end(&h);
	return done_testing();
}
