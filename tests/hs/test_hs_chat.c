/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A direct chat besides its words: programs do not answer each other, and what somebody deletes is erased here, too.  The
 * member's client is a node that nobody trusts.
 */
#include <string.h>

#include "chat.h"
#include "hostile.h"
#include "tamper.h"
#include "tests/tap.h"

enum { MEMBER = 2, UNVERIFIED, UNSIGNED };

#define MEMBER_USER "@cairn:elsewhere.example"
#define UNVERIFIED_USER "@cairn:faraway.example"
#define UNSIGNED_USER "@cairn:nearby.example"

static struct host h;

static int
heard(const char *words)
{
	return chat_heard(&h, MEMBER, words);
}

static int
kept(const char *words)
{
	return (int)found_in(&h, SOURCE, "messages", "body", words);
}

/* How often the node answered by itself, but for its greeting. */
static int
answered(void)
{
	autojson json_t *seen = json_object();

	return (int)acknowledged(&h, SOURCE, seen);
}

static void
test_programs(void)
{
	int before;

	chat_say(&h, MEMBER, "Good evening");
	ok(chat_comes(&h, MEMBER, "Thank you for writing to") == 1, "who writes is answered");
	host_run(&h, 2 * 3600 * 1000);
	before = answered();
	host_kill(&h, MEMBER);
	json_decref(host_ok(&h, SOURCE, "say", json_pack("{s:s, s:s}", "user", MEMBER_USER, "text", "I am Kim. How is it?")));
	host_run(&h, 2 * 3600 * 1000);
	host_start(&h, MEMBER);
	host_run(&h, 600 * 1000);
	ok(kept("Thank you for writing to") + kept("Your message to") > 0 && answered() == before, "what a program answers, however late, no program answers");
	host_run(&h, 6 * 3600 * 1000);
	ok(answered() == before, "nor later");
	chat_say(&h, MEMBER, "I am well");
	host_run(&h, 10000);
	is_int(answered(), before + 1, "a person is answered as before");
}

/* The member's last event in the chat. */
static const char *
last_event(void)
{
	const json_t *event;
	const char *last = NULL;
	size_t i;

	json_array_foreach(hs_events(h.hs, hs_room(h.hs, NULL, 0)), i, event)
		if (!strcmp(json_str(event, "sender"), MEMBER_USER) && !strcmp(json_str(event, "type"), "m.room.encrypted"))
			last = json_str(event, "event_id");
	return last;
}

static void
erase(const char *event, const char *by, bool old)
{
	autojson json_t *content = old ? json_object() : json_pack("{s:s}", "redacts", event);

	hs_inject(h.hs, hs_room(h.hs, NULL, 0), by, "m.room.redaction", NULL, content);
	h.changes++;
	host_run(&h, 20000);
}

static void
test_deleted(void)
{
	chat_say(&h, MEMBER, "My brother is called Amaryllis");
	is_int(kept("Amaryllis"), 1, "words are kept for people to read");
	erase(last_event(), "@other:elsewhere.example", false);
	is_int(kept("Amaryllis"), 1, "nobody else deletes them");
	erase(last_event(), MEMBER_USER, true);
	is_int(kept("Amaryllis"), 1, "nor does what names nothing");
	erase(last_event(), MEMBER_USER, false);
	ok(kept("Amaryllis") == 0 && kept("[deleted, as the homeserver says]") == 1, "their writer does: people here see that there was something, and who says so");
	is_int(heard("Your homeserver says that you deleted a message: its words are erased here, too"), 1, "and the member, what that does and does not");
	chat_say(&h, MEMBER, "Another one");
	erase(last_event(), MEMBER_USER, false);
	ok(kept("[deleted, as the homeserver says]") == 2 && heard("its words are erased here, too") == 1, "which is said once an hour");
	ok(!chat_in_files(&h, SOURCE, "Amaryllis"), "nothing of it is in a file");
}

/* What the law wants kept of them is kept also if they delete it, and they are told. */
static void
test_deleted_held(void)
{
	autojson json_t *hold = host_ok(&h, SOURCE, "hold", json_pack("{s:s, s:s, s:s, s:s}", "id", MEMBER_USER, "class", "litigation", "review", "2033-01-01",
	    "reason_text", "an order"));

	*h.now += 2 * 3600 * 1000LL;
	chat_say(&h, MEMBER, "My sister is called Foxglove");
	erase(last_event(), MEMBER_USER, false);
	ok(kept("Foxglove") == 1 && heard("For now its words must be kept here") == 1, "what is held is kept, and the member is told");
	json_decref(host_ok(&h, SOURCE, "hold lift", json_pack("{s:O, s:s}", "hold", json_object_get(hold, "hold"), "reason_text", "over")));
	erase(last_event(), MEMBER_USER, false);
	is_int(kept("Foxglove"), 0, "and no longer");
}

static void
test_danger(void)
{
	chat_say(&h, MEMBER, "I want to end my life, with Belladonna");
	ok(chat_comes(&h, MEMBER, "people can, now") == 1, "a call for help is answered");
	erase(last_event(), MEMBER_USER, false);
	ok(kept("Belladonna") == 0 && kept("it sounded like danger") == 1, "if it is deleted, its words go; that somebody called stays");
	is_int(heard("people can help now"), 1, "and they are given the numbers once more");
}

/* What a deletion names is its writer's word, and kept in clear. */
static void
test_deleted_unseen(void)
{
	static const char seen[] = "$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

	erase("Monkshood", MEMBER_USER, false);
	erase("$Monkshood", MEMBER_USER, false);
	ok(!chat_in_files(&h, SOURCE, "Monkshood"), "what names no event deletes nothing, and is not kept");
	erase(seen, MEMBER_USER, false);
	ok(chat_in_files(&h, SOURCE, seen), "the id of an event that has not come is");
}

/* The server strips what was deleted while the node was away. */
static void
strip(void *cookie, const char *user, json_t *answer)
{
	json_t *events = json_arr(json_obj(json_obj(json_obj(json_obj(answer, "rooms"), "join"), hs_room(h.hs, NULL, 0)), "timeline"), "events"), *event;
	size_t i;

	if (strcmp(user, SOURCE_USER) != 0)
		return;
	json_array_foreach(events, i, event)
		if (!strcmp(json_str(event, "sender"), MEMBER_USER) && !strcmp(json_str(event, "type"), "m.room.encrypted")) {
			(void)json_object_set_new(event, "content", json_object());
			(void)json_object_set_new(event, "unsigned", json_pack("{s:{s:s, s:s}}", "redacted_because", "type", "m.room.redaction",
			    "sender", MEMBER_USER));
			++*(int *)cookie;
		}
}

static void
test_before(void)
{
	int stripped = 0, before = kept(NULL);

	hs_script(h.hs, &(struct hs_script){ .sync = strip, .cookie = &stripped });
	chat_say(&h, MEMBER, "Cinquefoil");
	host_run(&h, 20000);
	hs_script(h.hs, NULL);
	ok(stripped > 0 && kept(NULL) == before && (int)found_in(&h, SOURCE, "rejected", "reason", NULL) == 0, "what was deleted before it came is nothing to anybody");
}

/* A client that nobody cross-signed. */
static char *
unsign(struct tamper *t, const json_t *truth)
{
	autojson json_t *lie = json_deep_copy(truth);

	(void)t;
	(void)json_object_del(json_obj(lie, "master_keys"), UNVERIFIED_USER);
	(void)json_object_del(json_obj(lie, "self_signing_keys"), UNVERIFIED_USER);
	return json_dumps(lie, JSON_COMPACT);
}

/* It is verified now. */
static void
sign(void *cookie, const char *user, json_t *answer)
{
	(void)cookie;
	if (!strcmp(user, SOURCE_USER) && json_arr(json_obj(answer, "device_lists"), "changed") != NULL)
		(void)json_array_append_new(json_arr(json_obj(answer, "device_lists"), "changed"), json_string(UNVERIFIED_USER));
}

/* What the source said in clear in the newest chat; ${ret}: the last such text. */
static int
said_in_clear(const char **ret)
{
	const char *room = NULL, *next;
	const json_t *event;
	size_t i;
	int n = 0;

	for (size_t k = 0; (next = hs_room(h.hs, NULL, k)) != NULL; k++)
		room = next;
	json_array_foreach(hs_events(h.hs, room), i, event)
		if (!strcmp(json_str(event, "sender"), SOURCE_USER) && !strcmp(json_str(event, "type"), "m.room.message")) {
			n++;
			*ret = json_str(json_obj(event, "content"), "body");
		}
	return n;
}

/* Who writes from such a client cannot be answered; that is said in clear, by one text that is the same for everybody. */
static void
test_unverified(void)
{
	struct tamper t = { .host = &h, .who = SOURCE, .part = "/keys/query", .alter = unsign };
	const char *text = "";

	(void)story_add(&h, "faraway", "faraway.example");
	tamper_set(&t);
	chat_say(&h, UNVERIFIED, "I think of suicide");
	host_run(&h, 20000);
	is_int(said_in_clear(&text), 1, "who writes from an unverified app is told so in clear");
	ok(strstr(text, "verify it in its settings") != NULL && strstr(text, "Call 988.") != NULL && strstr(text, "suicide") == NULL,
	    "with what to do and the crisis numbers, and nothing of what they wrote");
	is_int(chat_heard(&h, UNVERIFIED, ""), 0, "nothing else is sent to it");
	chat_say(&h, UNVERIFIED, "Is somebody there?");
	host_run(&h, 60000);
	is_int(said_in_clear(&text), 1, "not more than once an hour");
	host_run(&h, 6 * 3600 * 1000);
	is_int(said_in_clear(&text), 1, "nor while no other answer waits");
	tamper_end(&t);
	hs_script(h.hs, &(struct hs_script){ .sync = sign });
	chat_say(&h, UNVERIFIED, "I have verified it");
	host_run(&h, 60000);
	hs_script(h.hs, NULL);
	ok(chat_comes(&h, UNVERIFIED, "Call 988.") > 0, "once it is verified the answer comes");
	is_int(said_in_clear(&text), 1, "and nothing more is said in clear");
}

/* The account signs its devices, but not this one. */
static char *
unsign_device(struct tamper *t, const json_t *truth)
{
	autojson json_t *lie = json_deep_copy(truth);
	json_t *device, *signatures;
	const char *id, *key;
	void *next;

	(void)t;
	json_object_foreach(json_obj(json_obj(lie, "device_keys"), UNSIGNED_USER), id, device) {
		json_t *mine = json_obj(json_obj(device, "signatures"), UNSIGNED_USER);

		json_object_foreach_safe(mine, next, key, signatures)
			if (strcmp(key + strcspn(key, ":"), id) != 0 && strcmp(key + strlen("ed25519:"), id) != 0)
				(void)json_object_del(mine, key);
	}
	return json_dumps(lie, JSON_COMPACT);
}

static void
changed(void *cookie, const char *user, json_t *answer)
{
	(void)cookie;
	if (!strcmp(user, SOURCE_USER) && json_arr(json_obj(answer, "device_lists"), "changed") != NULL)
		(void)json_array_append_new(json_arr(json_obj(answer, "device_lists"), "changed"), json_string(UNSIGNED_USER));
}

/* A homeserver may list a device of its own under an account: what that says is read, and nothing is done. */
static void
test_unsigned(void)
{
	static const char *const words[] = { "!volunteer", "!share plan", "!yes", "!consent", "!yes BCDFG", "!no" };
	struct tamper t = { .host = &h, .who = SOURCE, .part = "/keys/query", .alter = unsign_device };

	(void)story_add(&h, "nearby", "nearby.example");
	tamper_set(&t);
	chat_say(&h, UNSIGNED, "Is somebody there?");
	host_run(&h, 20000);
	is_int(kept("[from an app that they have not verified] Is somebody there?"), 1, "what an app says that the account has not signed is read, and marked");
	for (size_t i = 0; i < nelem(words); i++) {
		chat_say(&h, UNSIGNED, words[i]);
		host_run(&h, 20000);
		is_int(kept(words[i]), 1, "%s is kept for people", words[i]);
	}
	is_int(chat_heard(&h, UNSIGNED, ""), 0, "no answer goes to it");
	chat_say(&h, UNSIGNED, "!revoke");
	host_run(&h, 20000);
	tamper_end(&t);
	hs_script(h.hs, &(struct hs_script){ .sync = changed });
	chat_say(&h, UNSIGNED, "I have verified it");
	host_run(&h, 60000);
	hs_script(h.hs, NULL);
	is_int(chat_comes(&h, UNSIGNED, "This was not done: it came from an app that you have not verified"), nelem(words), "none was done, and once it is verified that is said");
	is_int(chat_heard(&h, UNSIGNED, "There is no consent of yours that could be taken back here"), 1, "a consent can be taken back from anywhere");
	ok(chat_answers(&h, UNSIGNED, "!volunteer", "One question at a time"), "now the rest can be done, too");
}

/* The homeserver brings what a member's new device says before it has asked the member's server for it. */
static enum hs_fate
old_list(void *cookie, const struct hs_call *call, int *ret_status, json_t **ret_body)
{
	int *asked = cookie;

	if (strcmp(call->user, SOURCE_USER) != 0 || strstr(call->path, "/keys/query") == NULL ||
	    json_object_get(json_obj(call->body, "device_keys"), MEMBER_USER) == NULL)
		return HS_SERVE;
	++*asked;
	*ret_status = 200;
	*ret_body = json_pack("{s:{s:{}}, s:{}}", "device_keys", MEMBER_USER, "failures");
	return HS_SAY;
}

static void
listed_anew(void *cookie, const char *user, json_t *answer)
{
	int *left = cookie;

	if (!strcmp(user, SOURCE_USER) && *left > 0) {
		--*left;
		(void)json_object_set_new(answer, "device_lists", json_pack("{s:[s]}", "changed", MEMBER_USER));
	}
}

static void
test_new_device(bool comes)
{
	int asked = 0, left = 1;

	story_begin(&h, 99);
	(void)story_add(&h, "elsewhere", "elsewhere.example");
	hs_script(h.hs, &(struct hs_script){ .request = old_list, .cookie = &asked });
	chat_say(&h, MEMBER, "Good evening");
	host_run(&h, 600 * 1000);
	ok(asked > 0 && found_in(&h, SOURCE, "rejected", NULL, NULL) == 0 && found_in(&h, SOURCE, "waiting", "reason", "not in its sender's list") > 0,
	    "a key of a device that the homeserver does not show yet waits");
	if (comes) {
		hs_script(h.hs, &(struct hs_script){ .sync = listed_anew, .cookie = &left });
		chat_say(&h, MEMBER, "Is somebody there?");
		ok(chat_comes(&h, MEMBER, "Thank you for writing to") > 0 && kept("Good evening") == 1, "and is taken once it does: what was written is read and answered");
	} else {
		*h.now += 24 * 3600 * 1000 - 300 * 1000;
		host_run(&h, 600 * 1000);
		ok(found_in(&h, SOURCE, "rejected", "reason", "not in its sender's list") > 0 &&
		    found_in(&h, SOURCE, "waiting", "reason", "not in its sender's list") == 0, "a day at most");
	}
	hs_script(h.hs, NULL);
	host_end(&h);
}

int
main(void)
{
	struct client oncall;

	story_begin(&h, 98);
	(void)story_add(&h, "elsewhere", "elsewhere.example");
	client_login(&oncall, &h, "@oncall:opendoor.example");
	test_programs();
	test_deleted();
	test_danger();
	test_deleted_unseen();
	test_deleted_held();
	test_before();
	test_unverified();
	test_unsigned();
	for (size_t i = 0; i < h.n; i++)
		host_stop(&h, i);
	is_int((int)story_complaints(&h), 0, "the homeservers complain about nothing");
	host_close(&h);
	test_new_device(true);
	test_new_device(false);
	return done_testing();
}
