/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a node says to people: each refusal with the next step that fits it, what
 * doctor finds before setup, and words for somebody who does not come.
 */
#include <string.h>

#include "base/canon.h"
#include "hostile.h"
#include "story_refer.h"
#include "tests/tap.h"

/* The hint of a refusal; the caller frees.  NULL: it was none. */
static char *
hint(struct host *h, size_t i, const char *verb, json_t *args)
{
	autojson json_t *reply = host_command(h, i, verb, args);

	if (json_is_true(json_object_get(reply, "ok")))
		return NULL;
	return strdup(json_str(reply, "hint") != NULL ? json_str(reply, "hint") : "");
}

static void
is_hint(struct host *h, size_t i, const char *verb, json_t *args, const char *want, const char *name)
{
	autofree char *got = hint(h, i, verb, args);

	is_str(got, want, "%s", name);
}

/* "ok", or text and hint of a fault; the caller frees. */
static char *
doctor(struct host *h, size_t node, const char *name)
{
	autojson json_t *report = host_ok(h, node, "doctor", json_object());
	const json_t *check;
	char *said = NULL;
	size_t i;

	json_array_foreach(json_arr(report, "checks"), i, check) {
		if (strcmp(json_str(check, "name"), name) != 0)
			continue;
		if (json_is_true(json_object_get(check, "ok")))
			return strdup("ok");
		if (asprintf(&said, "%s | %s", json_str(check, "text"), json_str(check, "hint")) < 0)
			abort();
		return said;
	}
	return strdup("nothing");
}

static void
is_said(struct host *h, size_t i, const char *check, const char *want, const char *name)
{
	autofree char *got = doctor(h, i, check);

	is_str(got, want, "%s", name);
}

static void
test_before_setup(void)
{
	struct host h;
	json_t *id = json_pack("{s:s}", "id", "node");
	autojson json_t *reply = NULL;

	story_open(&h, 71);
	(void)host_add(&h, "opendoor", "opendoor.example");
	host_start(&h, SOURCE);
	host_run(&h, 1000);
	is_said(&h, SOURCE, "setup", "not started | run cairn setup", "before setup doctor asks for it");
	is_said(&h, SOURCE, "sync of node", "not logged in | run cairn setup", "and not for the homeserver");
	is_hint(&h, SOURCE, "show", id, "run cairn setup", "so does show node");
	is_hint(&h, SOURCE, "say", json_pack("{s:s, s:s}", "user", "@a:b.example", "text", "x"), "run cairn setup", "and say");
	is_hint(&h, SOURCE, "publish", json_object(), "run cairn setup", "and publish");
	reply = host_command(&h, SOURCE, "setup", json_pack("{s:s, s:s, s:s}", "node_password", "a", "steward_password", "b",
	    "recovery_file", "/elsewhere/r.txt"));
	ok(refused(reply, "/elsewhere/r.txt is not below") && !strncmp(json_str(reply, "hint"), "leave out --recovery-file", 25),
	    "a recovery file that the node cannot write is named, and what to do");
	json_decref(host_ok(&h, SOURCE, "setup", json_pack("{s:s, s:s}", "node_password", "wrong", "steward_password",
	    "steward password")));
	host_run(&h, 60000);
	is_said(&h, SOURCE, "sync of node", "not logged in | run cairn setup again", "after a wrong password too");
	is_said(&h, SOURCE, "setup", "login of node: HTTP 403 M_FORBIDDEN: Invalid username or password | "
	    "mend that, then run cairn setup again", "and what was wrong");
	host_stop(&h, SOURCE);
	host_close(&h);
}

static json_t *
said(const char *user, const char *text)
{
	return json_pack("{s:s, s:s}", "user", user, "text", text);
}

/* The partner's node is away: nobody accepts the invitation. */
static void
test_nobody_comes(struct host *h)
{
	autojson json_t *first = NULL, *second = NULL, *listed = NULL;
	autofree char *told = NULL;

	host_stop(h, TARGET);
	first = host_ok(h, SOURCE, "say", said(TARGET_USER, "One."));
	is_str(json_str(first, "waits"), TARGET_USER " is invited to a chat first, and has to accept", "the first word waits for an invitation");
	host_run(h, 60000);
	second = host_ok(h, SOURCE, "say", said(TARGET_USER, "Two."));
	is_str(json_str(second, "waits"), TARGET_USER " has not accepted the invitation to the chat yet", "the next one for its acceptance");
	listed = host_ok(h, SOURCE, "status", json_pack("{s:O}", "id", json_object_get(first, "id")));
	is_str(json_str(listed, "waits"), TARGET_USER " has not accepted the invitation to the chat yet", "the status says so");
	is_int(found_in(h, SOURCE, "outbox", "error", "has not accepted the invitation"), 2, "the outbox too");
	is_int(found_in(h, SOURCE, "messages", "delivery", "queued"), 2, "and the list of messages which");
	host_run(h, 23 * 3600 * 1000LL);
	is_said(h, SOURCE, "messages", "ok", "for a day doctor waits");
	host_run(h, 2 * 3600 * 1000LL);
	told = doctor(h, SOURCE, "messages");
	ok(strstr(told, "2 messages to people wait for more than a day | cairn list messages") == told &&
	    strstr(told, SOURCE_USER) != NULL, "then it says how many, and what to do: %s", told);
	host_start(h, TARGET);
	host_run(h, 600 * 1000);
	ok(story_said(h, TARGET, "in", "One.") == 1 && story_said(h, TARGET, "in", "Two.") == 1, "once they come, they hear it");
	is_said(h, SOURCE, "messages", "ok", "and doctor is content");
	is_int(found_in(h, SOURCE, "messages", "delivery", "queued"), 0, "all was sent");
}

/* Whoever made no chat with us yet: the homeserver does not even make the room. */
static void
test_no_chat(struct host *h)
{
	autofree char *told = NULL;
	autojson json_t *sent = NULL, *before = NULL, *after = NULL;

	hs_script(h->hs, &(struct hs_script){ .drop = "/createRoom" });
	sent = host_ok(h, SOURCE, "say", said("@nobody:harbor.example", "Hello."));
	host_run(h, 25 * 3600 * 1000LL);
	before = host_ok(h, SOURCE, "status", json_pack("{s:O}", "id", json_object_get(sent, "id")));
	is_str(json_str(before, "waits"), "@nobody:harbor.example is invited to a chat first, and has to accept", "a chat that cannot be made");
	told = doctor(h, SOURCE, "messages");
	ok(strstr(told, "1 message to people waits for more than a day") == told, "is told of: %s", told);
	hs_script(h->hs, NULL);
	host_run(h, 2 * 3600 * 1000LL);
	after = host_ok(h, SOURCE, "status", json_pack("{s:O}", "id", json_object_get(sent, "id")));
	is_str(json_str(after, "waits"), "@nobody:harbor.example has not accepted the invitation to the chat yet", "and made when it can be");
}

static json_t *
of(const struct referral_story *s, const char *key, const char *value)
{
	return json_pack("{s:s, s:s}", "referral", s->id, key, value);
}

static void
test_moves(struct host *h)
{
	struct referral_story s;
	autojson json_t *shown = NULL, *mine = NULL;
	char want[400];

	refer_begin(h, &s);
	if (!ok(refer_step(h, &s, STORY_REFER), "a referral"))
		return;
	(void)snprintf(want, sizeof(want), "cairn accept %s, or cairn waitlist %s, or cairn ask %s WHAT, or "
	    "cairn decline %s --reason ..., or cairn forward %s RECORD", s.id, s.id, s.id, s.id, s.id);
	is_hint(h, TARGET, "outcome", of(&s, "stage", "first_contact"), want, "who may not do that is told what to type");
	shown = refer_show(h, TARGET, &s);
	is_int(json_array_size(json_arr(shown, "moves")), 5, "show has the commands");
	mine = refer_show(h, SOURCE, &s);
	is_int(json_array_size(json_arr(mine, "moves")), 2, "and when it is the other's turn, to take it back or call it a mistake");
	(void)snprintf(want, sizeof(want), "cairn show %s shows its state and whose turn it is", s.id);
	is_hint(h, SOURCE, "answer", of(&s, "decision", "accept"), want, "what is the partner's is not ours");
	is_hint(h, SOURCE, "consent", refer_args(h, &s, STORY_CONSENT), want, "consent comes after the answer");
	is_hint(h, TARGET, "consent", json_pack("{s:s, s:b}", "referral", s.id, "template", 1), want,
	    "who was asked has no form for the member's consent");
	is_hint(h, TARGET, "answer", of(&s, "decision", "perhaps"), "cairn help answer lists the values", "a value that is none");
	is_hint(h, TARGET, "answer", json_pack("{s:s, s:s}", "referral", "5CRN5NXJER32BN2VVZGXM8QFCV", "decision", "accept"),
	    "cairn list referrals shows them", "a referral that is none");
	(void)ok(refer_step(h, &s, STORY_ACCEPT), "it is accepted");
	json_decref(mine);
	mine = refer_show(h, SOURCE, &s);
	(void)snprintf(want, sizeof(want), "cairn consent %s --template", s.id);
	is_str(json_string_value(json_array_get(json_arr(mine, "moves"), 0)), want, "the member's consent is next");
	(void)ok(refer_step(h, &s, STORY_CONSENT), "which is given");
	(void)ok(refer_step(h, &s, STORY_CONTACT), "and there is contact");
	json_decref(shown);
	shown = refer_show(h, TARGET, &s);
	(void)snprintf(want, sizeof(want), "cairn engage %s", s.id);
	is_str(json_string_value(json_array_get(json_arr(shown, "moves"), 0)), want, "news after the first contact");
}

static json_t *
refer_with(const struct referral_story *s, const char *to, const char *need)
{
	return json_pack("{s:s, s:s, s:s, s:s, s:s, s:s}", "to", to != NULL ? to : s->specialist, "need", need, "language", "es",
	    "modality", "online_text", "urgency", "soon", "age_band", "26_59");
}

static void
is_note(struct host *h, json_t *args, const char *want)
{
	autojson json_t *found = host_ok(h, SOURCE, "find", args);

	is_str(json_str(found, "note"), want, "%s", want);
}

static void
test_find(struct host *h)
{
	struct referral_story s;

	refer_begin(h, &s);
	is_note(h, json_pack("{s:s}", "words", "zzzz"), "nothing found; removed by words: 2; without words there would be 2");
	is_note(h, json_pack("{s:s, s:s}", "words", "zzzz", "kind", "program"), "nothing found; removed by words: 2, kind: 1; without words there would be 1");
	is_note(h, json_pack("{s:s}", "kind", "group"), "nothing found; removed by kind: 2; without kind there would be 2");
	is_hint(h, SOURCE, "refer", refer_with(&s, NULL, "sad"),
	    "cairn help refer lists the values; cairn find shows the records and their ids", "a need that is none");
	is_hint(h, SOURCE, "refer", refer_with(&s, "5CRN5NXJER32BN2VVZGXM8QFCV", "grief"),
	    "cairn find shows the records and their ids", "a record that is none");
	is_note(h, json_object(), "");
}

int
main(void)
{
	struct host h;

	test_before_setup();
	story_begin(&h, 72);
	is_note(&h, json_pack("{s:s}", "words", "rosa"), "nothing found; no records are held yet");
	test_nobody_comes(&h);
	story_trust(&h);
	story_publish(&h);
	test_find(&h);
	test_moves(&h);
	test_no_chat(&h);
	host_end(&h);
	return done_testing();
}
