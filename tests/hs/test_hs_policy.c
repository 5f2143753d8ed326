/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A policy list that the operator follows bans: invitations are left alone, nothing is written to whom it bans, a
 * partner counts as denied, servers are kept out of our rooms; and all of it ends with the rule.
 */
#include <string.h>

#include "base/canon.h"
#include "hostile.h"
#include "story_refer.h"
#include "story_trust.h"
#include "tests/tap.h"

#define EVE	"@eve:evil.example"

static struct host h;
static struct client moderator;
static char *list;
static json_t *trust;

static void
rule(const char *what, const char *entity, const char *reason)
{
	char path[300], type[40];
	json_t *content = reason != NULL ? json_pack("{s:s, s:s, s:s}", "entity", entity, "recommendation", "m.ban", "reason", reason) :
	    json_object();

	(void)snprintf(type, sizeof(type), "m.policy.rule.%s", what);
	(void)snprintf(path, sizeof(path), "rooms/%s/state/%s/%s", list, type, entity);
	json_decref(client_call(&moderator, "PUT", path, content));
	host_run(&h, 60000);
}

static bool
is_banned(const char *user)
{
	autojson json_t *said = host_ok(&h, SOURCE, "policy check", json_pack("{s:s}", "user", user));

	return json_is_true(json_object_get(said, "banned"));
}

/* Whether the newest m.room.server_acl of that room of the source denies ${server}. */
static bool
is_shut_out(const char *type, const char *server)
{
	const char *id = hs_room(h.hs, type, 0);
	const json_t *event, *deny = NULL, *item;
	size_t i;

	json_array_foreach(hs_events(h.hs, id), i, event)
		if (!strcmp(json_str(event, "type"), "m.room.server_acl"))
			deny = json_arr(json_obj(event, "content"), "deny");
	json_array_foreach(deny, i, item)
		if (!strcmp(json_string_value(item), server))
			return true;
	return false;
}

static void
test_follow(void)
{
	autojson json_t *body = NULL, *room = NULL, *again = NULL, *lists = NULL;

	client_login(&moderator, &h, "@mod:mods.example");
	body = json_pack("{s:s, s:[{s:s, s:{s:s}}]}", "room_version", "12", "initial_state", "type", "m.room.join_rules", "content",
	    "join_rule", "public");
	room = client_call(&moderator, "POST", "createRoom", json_incref(body));
	list = strdup(json_str(room, "room_id"));
	rule("user", "@old:evil.example", "spam");
	json_decref(host_ok(&h, SOURCE, "policy follow", json_pack("{s:s, s:s}", "room", list, "via", "mods.example")));
	host_run(&h, 60000);
	ok(is_banned("@old:evil.example"), "a rule from before we followed counts");
	ok(!is_banned(EVE), "who is in no rule is not banned");
	again = host_command(&h, SOURCE, "policy follow", json_pack("{s:s, s:s}", "room", list, "via", "mods.example"));
	ok(refused(again, "followed already"), "a list is followed once");
	lists = host_ok(&h, SOURCE, "policy list", json_object());
	ok(json_array_size(json_arr(lists, "items")) == 1 && json_int(json_array_get(json_arr(lists, "items"), 0), "rules", 0) == 1,
	    "it is shown, with its number of rules");
}

static void
test_user(void)
{
	struct client eve;
	autojson json_t *reply = NULL;
	autofree char *before = NULL, *after = NULL;

	client_login(&eve, &h, EVE);
	before = client_invite(&eve, NULL, SOURCE_USER, true);
	host_run(&h, 60000);
	is_str(member_of(&h, before, SOURCE_USER), "join", "a stranger's invitation is accepted");
	json_decref(host_ok(&h, SOURCE, "say", json_pack("{s:s, s:s}", "user", EVE, "text", "Hello.")));
	rule("user", "@eve:*", "scams people in need");
	after = client_invite(&eve, NULL, SOURCE_USER, true);
	host_run(&h, 60000);
	is_str(member_of(&h, after, SOURCE_USER), "invite", "once she is banned it is left alone");
	reply = host_command(&h, SOURCE, "say", json_pack("{s:s, s:s}", "user", EVE, "text", "Hello."));
	ok(refused(reply, "scams people in need"), "nothing is written to her, and it is said why");
}

static json_t *
allow(json_t *org)
{
	return host_command(&h, SOURCE, "federation_decide", json_pack("{s:O, s:s, s:s}", "org", org, "decision", "allow", "reason", "we know them"));
}

/* The federation suspends the target, and this node goes on with it. */
static void
allow_suspended(json_t *org)
{
	autojson json_t *two = next(&h, trust), *reply = NULL;

	(void)json_object_set_new(json_array_get(json_arr(two, "orgs"), TARGET), "suspended",
	    json_pack("{s:I, s:s}", "since", (json_int_t)*h.now, "reason", "a laptop was stolen"));
	sign(&h, two, 1);
	json_decref(import(&h, SOURCE, two));
	reply = allow(org);
	ok(json_is_true(json_object_get(reply, "ok")), "a partner that is suspended is allowed");
}

static void
test_partner(void)
{
	struct referral_story s;
	autojson json_t *denied = NULL, *gull = NULL, *target = host_ok(&h, TARGET, "show", json_pack("{s:s}", "id", "node"));

	refer_begin(&h, &s);
	allow_suspended(json_object_get(target, "org"));
	rule("server", "harbor.example", "its operators lost their server");
	denied = host_command(&h, SOURCE, "refer", refer_args(&h, &s, STORY_REFER));
	ok(refused(denied, "lost their server"), "a partner on a banned server is asked for nothing, and it is said why");
	json_decref(denied);
	denied = host_command(&h, SOURCE, "follow", json_pack("{s:O}", "org", json_object_get(target, "org")));
	ok(refused(denied, "lost their server"), "it counts as denied, for the list's reason");
	json_decref(denied);
	denied = allow(json_object_get(target, "org"));
	ok(refused(denied, "lost their server") && strstr(json_str(denied, "hint"), "cairn policy leave") != NULL,
	    "and is not allowed again by a word, but by following the list no more");
	ok(is_shut_out("org.cairnpeer.directory", "harbor.example") || is_shut_out("org.cairnpeer.channel", "harbor.example"),
	    "and its server is kept out of our rooms");
	json_decref(host_ok(&h, TARGET, "import", json_pack("{s:[{s:s, s:s, s:{s:s, s:s}}]}", "records", "source", "own:gull", "kind", "program",
	    "body", "name", "Gull", "description", "We listen.")));
	json_decref(host_ok(&h, TARGET, "publish", json_object()));
	host_run(&h, 60000);
	rule("server", "harbor.example", NULL);
	gull = host_ok(&h, SOURCE, "find", json_pack("{s:s}", "words", "gull"));
	is_int((int)json_array_size(json_arr(gull, "records")), 1, "when the rule is taken back, what it published meanwhile is there");
	ok(refer_all(&h, &s), "a referral goes its way");
	ok(!is_shut_out("org.cairnpeer.directory", "harbor.example") && !is_shut_out("org.cairnpeer.channel", "harbor.example"),
	    "and the server is let in");
}

static void
test_own_server(void)
{
	rule("server", "*", "a mistake of the moderators");
	ok(!is_shut_out("org.cairnpeer.channel", "*") && !is_shut_out("org.cairnpeer.directory", "*"), "nobody shuts themselves out");
	rule("server", "*", NULL);
}

static void
test_leave(void)
{
	autojson json_t *mine = NULL;

	json_decref(host_ok(&h, SOURCE, "policy leave", json_pack("{s:s}", "room", list)));
	host_run(&h, 60000);
	ok(!is_banned(EVE), "a list that is followed no longer bans nobody");
	is_str(member_of(&h, list, "@steward:opendoor.example"), "leave", "and its room is left");
	rule("user", EVE, "again");
	ok(!is_banned(EVE), "what is said there does not matter any more");
	json_decref(host_ok(&h, SOURCE, "policy follow", json_pack("{s:s, s:s}", "room", list, "via", "mods.example")));
	host_run(&h, 60000);
	ok(is_banned(EVE) && is_banned("@old:evil.example"), "until it is followed again, and then all of it");
	json_decref(host_ok(&h, SOURCE, "policy leave", json_pack("{s:s}", "room", list)));
	json_decref(host_ok(&h, SOURCE, "policy follow", json_pack("{s:s, s:s}", "room", list, "via", "mods.example")));
	host_run(&h, 60000);
	is_str(member_of(&h, list, "@steward:opendoor.example"), "join", "a leave that was a mistake is taken back at once");
	ok(is_banned(EVE) && is_banned("@old:evil.example"), "and nothing of the list is missing");
	mine = host_command(&h, SOURCE, "policy follow", json_pack("{s:s, s:s}", "room", hs_room(h.hs, "org.cairnpeer.directory", 0), "via",
	    "harbor.example"));
	ok(refused(mine, "another kind"), "a room that is in use is no list");
}

/* Rules count only in rooms that were chosen. */
static void
test_elsewhere(void)
{
	struct client eve;
	autofree char *room = NULL;
	char path[300];

	client_login(&eve, &h, "@eve2:evil.example");
	room = client_invite(&eve, NULL, SOURCE_USER, true);
	host_run(&h, 60000);
	(void)snprintf(path, sizeof(path), "rooms/%s/state/m.policy.rule.user/x", room);
	json_decref(client_call(&eve, "PUT", path, json_pack("{s:s, s:s}", "entity", TARGET_USER, "recommendation", "m.ban")));
	host_run(&h, 60000);
	ok(!is_banned(TARGET_USER), "a rule in somebody's chat bans nobody");
}

int
main(void)
{
	story_begin(&h, 92);
	trust = story_trust_list(&h, 1, ~0u, STORY_LIFE);
	for (size_t i = 0; i < h.n; i++)
		json_decref(import(&h, i, trust));
	story_publish(&h);
	test_follow();
	test_elsewhere();
	test_user();
	test_partner();
	test_own_server();
	test_leave();
	is_int((int)story_complaints(&h), 0, "the homeservers complain about nothing");
	free(list);
	json_decref(trust);
	host_end(&h);
	return done_testing();
}
