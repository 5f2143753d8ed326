/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who is known by name to the other side is told of under a consent alone, in whatever content it is: the answer to a
 * question, and why somebody is declined.  Without one the step is said, and no more; what left is in the account.
 */
#include <string.h>

#include "base/canon.h"
#include "disclosed.h"
#include "hostile.h"
#include "hs_world.h"
#include "tests/tap.h"

enum { LASTS_S = 600 };

static struct scene sc;
static int refusals;

static void
act(size_t side, const char *verb, json_t *more)
{
	json_t *args = json_pack("{s:s}", "referral", sc.s.id);

	(void)json_object_update(args, more);
	json_decref(more);
	json_decref(host_ok(&sc.host, side, verb, args));
	host_run(&sc.host, 20000);
}

/* The consent of somebody who was accepted: what it lets be told, and for how long. */
static void
consents(json_t *what, int64_t seconds)
{
	json_t *args = refer_args(&sc.host, &sc.s, STORY_CONSENT), *consent = json_obj(args, "consent");

	(void)json_object_set_new(consent, "what", what);
	if (seconds > 0)
		(void)json_object_set_new(json_obj(consent, "expires"), "at", json_integer(*sc.host.now + seconds * 1000));
	json_decref(host_ok(&sc.host, SOURCE, "consent", args));
	host_run(&sc.host, 20000);
}

static json_t *
limits(void)
{
	return json_pack("[s, s, s, s, s]", "identity", "contact", "need", "constraints", "outcome");
}

static json_t *
residence(void)
{
	return json_pack("{s:s, s:s, s:[s]}", "referral", sc.s.id, "residence", "US-NJ", "insurance", "medicaid");
}

static json_t *
decline(const char *reason, const char *text)
{
	return json_pack("{s:s, s:s, s:s*}", "referral", sc.s.id, "reason", reason, "reason_text", text);
}

/* What can be done instead. */
static bool
shows(const json_t *reply, const char *words)
{
	autofree char *text = json_dumps(reply, JSON_COMPACT);

	return strstr(text, words) != NULL;
}

static void
revoke(void)
{
	act(SOURCE, "revoke", json_pack("{s:s, s:s}", "how", "phone", "recorded_by", "K. Lind, coordinator"));
}

/* Support began under a consent and has ended; the member comes back, and there is a question. */
static void
begin_again(uint64_t seed, json_t *what, int64_t seconds, bool revoked)
{
	scene_begin(&sc, seed, STORY_ACCEPT);
	consents(what, seconds);
	if (revoked)
		revoke();
	else
		act(TARGET, "decline", json_pack("{s:s}", "reason", "no_capacity"));
	act(SOURCE, "reopen", json_pack("{s:b}", "by_member", 1));
	act(TARGET, "ask", json_pack("{s:[s, s]}", "asks", "residence", "insurance"));
	if (!refer_state(&sc.host, TARGET, &sc.s, "info_requested"))
		host_fail(&sc.host, "no question was asked");
}

static void
end(void)
{
	is_int((int)story_complaints(&sc.host), 0, "the homeservers complain of nothing");
	scene_end(&sc);
}

/* What the last answer said, as node ${i} has it; the caller decrefs. */
static json_t *
answered(size_t i)
{
	autojson json_t *shown = refer_show(&sc.host, i, &sc.s);
	json_t *found = NULL;
	const json_t *line;
	size_t k;

	json_array_foreach(json_arr(shown, "history"), k, line)
		if (!strcmp(json_str(line, "input"), "give_info"))
			found = json_object_get(json_obj(line, "details"), "info");
	return json_incref(found);
}

static bool
unsaid(size_t i)
{
	autojson json_t *info = answered(i);

	return json_object_size(info) == 1 && json_array_size(json_arr(info, "not_said")) == 2;
}

static bool
same_step(void)
{
	autojson json_t *ours = refer_show(&sc.host, SOURCE, &sc.s), *theirs = refer_show(&sc.host, TARGET, &sc.s);

	return !strcmp(json_str(ours, "last_step"), json_str(theirs, "last_step")) && !strcmp(json_str(ours, "state"), json_str(theirs, "state"));
}

/* Nobody is named yet: the answer needs no consent, and is no disclosure. */
static void
test_nobody(void)
{
	autojson json_t *info = NULL;

	scene_begin(&sc, 71, STORY_REFER);
	act(TARGET, "ask", json_pack("{s:[s, s]}", "asks", "residence", "insurance"));
	json_decref(host_ok(&sc.host, SOURCE, "inform", residence()));
	host_run(&sc.host, 20000);
	info = answered(TARGET);
	is_str(json_str(info, "residence"), "US-NJ", "of nobody a fact is told without a consent");
	act(TARGET, "decline", json_pack("{s:s, s:s}", "reason", "other", "reason_text", "Not in that state."));
	ok(refer_state(&sc.host, SOURCE, &sc.s, "ended"), "and a reason");
	end();
}

static void
test_in_force(void)
{
	autojson json_t *info = NULL, *shown = NULL, *why = NULL;
	const json_t *entry;
	const char *what;

	begin_again(72, limits(), 0, false);
	json_decref(host_ok(&sc.host, SOURCE, "inform", residence()));
	host_run(&sc.host, 20000);
	info = answered(TARGET);
	is_str(json_str(info, "residence"), "US-NJ", "under a consent in force the answer is told");
	shown = disclosed_account(&sc, SOURCE);
	entry = json_array_get(json_arr(shown, "disclosures"), 1);
	what = json_string_value(json_array_get(json_arr(entry, "what"), 0));
	ok(what != NULL && !strcmp(what, "constraints") &&
	    json_is_true(json_object_get(entry, "notice")) && json_str(entry, "arrived") != NULL,
	    "the account has it, with the notice, and that it arrived");
	json_decref(host_ok(&sc.host, TARGET, "decline", decline("duplicate", "They are with us since May.")));
	host_run(&sc.host, 20000);
	why = refer_show(&sc.host, SOURCE, &sc.s);
	is_str(json_str(why, "reason"), "duplicate", "and why it is declined, since it lets that be told");
	disclosed_is(&sc, 2, 1, "under a consent");
	end();
}

/* A consent that was taken back, or does not let such be told: the step alone is said. */
static void
test_without(json_t *what, bool revoked, const char *words)
{
	autojson json_t *reply = NULL, *again = NULL;

	begin_again(73, what, 0, revoked);
	reply = host_command(&sc.host, SOURCE, "inform", residence());
	ok(refused(reply, words) && shows(reply, "--not-said"), "without a consent the answer is refused, and what can be said: %s", words);
	act(SOURCE, "inform", json_pack("{s:[s, s]}", "not_said", "residence", "insurance"));
	ok(refer_state(&sc.host, TARGET, &sc.s, "received") && unsaid(TARGET), "that it is not said is");
	again = host_command(&sc.host, TARGET, "decline", decline("duplicate", NULL));
	ok(shows(again, "--reason scope"), "nor is it said that they are known there");
	act(TARGET, "decline", json_pack("{s:s}", "reason", "scope"));
	ok(refer_state(&sc.host, SOURCE, &sc.s, "ended") && same_step(), "but that it is declined");
	disclosed_is(&sc, 1, 0, words);
	end();
}

/* Whoever asks nobody for a consent tells all the same: the receiver does not take it. */
static void
test_told_nevertheless(void)
{
	json_t *content;

	begin_again(74, limits(), 0, true);
	content = scene_stamp(&sc, json_pack("{s:s, s:s, s:{s:s}}", "change", "give_info", "by", "source", "info", "residence", "US-NJ"));
	(void)json_object_set_new(content, "leg", json_integer(2));
	hostile_say(&sc.host, SOURCE, sc.channel, "org.cairnpeer.referral.change", content);
	is_int((int)found_in(&sc.host, TARGET, "rejected", "reason", "revoked"), 1, "who knows that the consent is over does not take the answer");
	ok(refer_state(&sc.host, TARGET, &sc.s, "info_requested"), "and the question stands");
	end();
}

/* The number of the event that is to say such a step, 0: there is none. */
static json_int_t
waiting(void)
{
	autojson json_t *items = story_list(&sc.host, SOURCE, "outbox");
	const json_t *item;
	size_t k;

	json_array_foreach(items, k, item)
		if (!strcmp(json_str(item, "type"), "org.cairnpeer.referral.change"))
			return json_int(item, "id", 0);
	return 0;
}

/* Said under a consent that ends before it leaves: by its date, or since it is taken back in the same hour. */
static void
test_ends(bool revoked)
{
	autojson json_t *out = NULL;
	json_int_t waits;
	int seen;

	begin_again(75, limits(), LASTS_S, false);
	hs_script(sc.host.hs, &(struct hs_script){ .request = story_refuse_sends, .cookie = &refusals });
	act(SOURCE, "inform", residence());
	waits = waiting();
	ok(waits != 0, "an answer waits, encrypted");
	if (revoked) {
		json_decref(host_ok(&sc.host, SOURCE, "revoke", json_pack("{s:s, s:s, s:s}", "referral", sc.s.id, "how", "phone",
		    "recorded_by", "K. Lind")));
		ok(waiting() != waits, "in the same moment it is gone, whatever goes in its place");
	} else
		host_run(&sc.host, LASTS_S * 1000);
	hs_script(sc.host.hs, NULL);
	host_run(&sc.host, 7200 * 1000);
	ok(same_step() && refer_state(&sc.host, TARGET, &sc.s, revoked ? "ended" : "received"), "both sides have the same referral");
	ok(revoked || unsaid(TARGET), "the step comes, and says nothing of them");
	out = disclosed_seen(&sc, SOURCE_USER, TARGET, NULL, &seen);
	ok(seen > 3 && json_object_size(out) == 1, "of the %d contents on the wire only the first disclosed", seen);
	end();
}

/* Why somebody is declined, said under a consent that ends before it leaves. */
static void
test_why_ends(void)
{
	const char *mute = TARGET_USER;
	autojson json_t *shown = NULL, *there = NULL;

	scene_begin(&sc, 76, STORY_ACCEPT);
	consents(limits(), LASTS_S);
	hs_script(sc.host.hs, &(struct hs_script){ .request = story_muted, .cookie = &mute });
	act(TARGET, "decline", json_pack("{s:s, s:s}", "reason", "other", "reason_text", "They came drunk."));
	host_run(&sc.host, LASTS_S * 1000);
	hs_script(sc.host.hs, NULL);
	host_run(&sc.host, 7200 * 1000);
	shown = refer_show(&sc.host, SOURCE, &sc.s);
	is_str(json_str(shown, "reason"), "scope", "the decline comes without why");
	there = refer_show(&sc.host, TARGET, &sc.s);
	is_str(json_str(there, "reason"), "other", "where it was said it stays known");
	ok(same_step(), "both sides have the same referral");
	{
		int seen;
		autojson json_t *back = disclosed_seen(&sc, TARGET_USER, SOURCE, NULL, &seen);

		ok(seen > 1 && json_object_size(back) == 0, "of the %d contents on the wire none says why", seen);
	}
	end();
}

/* A court hears that it is declined; why, under a consent for that alone. */
static void
test_court(void)
{
	json_t *args, *form;
	autojson json_t *sent = NULL, *reply = NULL, *shown = NULL;

	scene_begin(&sc, 77, STORY_REFER);
	args = refer_args(&sc.host, &sc.s, STORY_REFER);
	(void)json_object_set_new(args, "origin", json_string("court"));
	(void)json_object_set_new(args, "voluntary", json_true());
	sent = host_ok(&sc.host, SOURCE, "refer", args);
	(void)snprintf(sc.s.id, sizeof(sc.s.id), "%s", json_str(sent, "referral"));
	host_run(&sc.host, 20000);
	act(TARGET, "accept", NULL);
	consents(limits(), 0);
	reply = host_command(&sc.host, TARGET, "decline", decline("duplicate", "Jo is with us since May."));
	ok(refused(reply, "proceedings") && shows(reply, "--reason scope"), "a court is not told that they are known there");
	form = host_ok(&sc.host, TARGET, "consent", json_pack("{s:s, s:b}", "referral", sc.s.id, "template", 1));
	(void)json_object_set_new(form, "referral", json_string(sc.s.id));
	(void)json_object_set_new(json_obj(form, "consent"), "patient", json_string("Jo"));
	(void)json_object_update_new(json_obj(json_obj(form, "consent"), "signature"), json_pack("{s:s, s:s}", "signer", "Jo", "recorded_by", "K. Lind"));
	json_decref(host_ok(&sc.host, TARGET, "consent", form));
	act(TARGET, "waitlist", NULL);
	act(TARGET, "decline", json_pack("{s:s}", "reason", "not_eligible"));
	shown = refer_show(&sc.host, SOURCE, &sc.s);
	is_str(json_str(shown, "reason"), "not_eligible", "but under a consent for proceedings, which the member gives there");
	act(SOURCE, "reopen", json_pack("{s:b}", "by_member", 1));
	act(TARGET, "ask", json_pack("{s:[s]}", "asks", "residence"));
	json_decref(host_ok(&sc.host, SOURCE, "inform", json_pack("{s:s, s:s}", "referral", sc.s.id, "residence", "US-NJ")));
	host_run(&sc.host, 20000);
	ok(refer_state(&sc.host, TARGET, &sc.s, "received"), "an answer of theirs is heard under the consent that they sent");
	end();
}

int
main(void)
{
	test_nobody();
	test_in_force();
	test_without(limits(), true, "revoked");
	test_without(json_pack("[s, s, s]", "identity", "contact", "need"), false, "element 3");
	test_told_nevertheless();
	test_ends(false);
	test_ends(true);
	test_why_ends();
	test_court();
	return done_testing();
}
