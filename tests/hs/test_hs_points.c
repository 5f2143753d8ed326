/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Setup of a node from nothing, publishing and following, a group that is withdrawn, and another record key,
 * with one death at each named point; see points.h.  (Of keys: test_hs_points_keys.c; of a referral: test_hs_kill.c.)
 */
#include <stdio.h>
#include <string.h>

#include "base/canon.h"
#include "crypt/crosssign.h"
#include "hostile.h"
#include "hs_world.h"
#include "points.h"
#include "story.h"

#define STEWARD		"@steward:opendoor.example"

enum {
	PIECE_MS = 1000, PIECES = 900, QUIET_MS = 300 * 1000,
	OPEN_MAX = 200,
	FULL = 50,			/* One-time keys. */
};

/* The operator repeats a command until it was accepted; ${what} in its refusal is as good. */
static const char *
insist(struct host *h, size_t i, const char *verb, json_t *args, const char *what)
{
	const char *wrong = "a command was refused";

	for (int tries = 0; tries < 5; tries++) {
		autojson json_t *reply = host_command(h, i, verb, json_deep_copy(args));
		const char *code = json_str(reply, "code");

		if (reply == NULL)
			continue;
		if (json_is_true(json_object_get(reply, "ok")) || (code != NULL && !strcmp(code, what)))
			wrong = NULL;
		else
			printf("# %s: %s\n", verb, json_str(reply, "error"));
		break;
	}
	json_decref(args);
	return wrong;
}

/*
 * Setup.
 */

static bool
is_set_up(struct host *h)
{
	autojson json_t *status = host_ok(h, SOURCE, "status", json_object());
	const char *stage = json_str(status, "setup");

	return stage != NULL && !strcmp(stage, "done");
}

static const char *
play_setup(struct host *h)
{
	const char *wrong = insist(h, SOURCE, "setup", json_pack("{s:s, s:s}", "node_password", "node password",
	    "steward_password", "steward password"), "exists");

	for (int i = 0; i < PIECES && wrong == NULL; i++) {
		host_run(h, PIECE_MS);
		if (is_set_up(h))
			return NULL;
	}
	return wrong != NULL ? wrong : "setup is never done";
}

/* Does the file hold the private keys of what is published? */
static const char *
judge_recovery(const struct host *h, const struct hs_user *user)
{
	autocrosssign struct crosssign_keys keys;
	char path[PATH_MAX + 64], master[44];
	autofree char *id = NULL;

	(void)snprintf(path, sizeof(path), "%s/%s/recovery.txt", h->dir, h->node[SOURCE].name);
	if (crosssign_load(path, user->id, &keys, NULL) != 0)
		return "the recovery file cannot be read";
	crosssign_master(&keys, master);
	if (asprintf(&id, "ed25519:%s", master) < 0)
		abort();
	return json_str(json_obj(json_obj(user->signing, "master_key"), "keys"), id) != NULL ? NULL :
	    "the recovery file has other keys than were published";
}

static const char *
judge_setup(struct host *h)
{
	const struct hs_user *node = hs_user(h->hs, SOURCE_USER), *steward = hs_user(h->hs, STEWARD);
	autojson json_t *shown = NULL;
	const char *wrong;
	char id[64];

	host_run(h, QUIET_MS);
	shown = host_ok(h, SOURCE, "show", json_pack("{s:s}", "id", "node"));
	(void)snprintf(id, sizeof(id), "ed25519:%s", json_str(shown, "master_key"));
	if (node->devices == NULL || node->devices->next != NULL || node->devices->keys == NULL)
		return "the node has not exactly one device";
	if (steward->devices == NULL || steward->devices->next != NULL || steward->devices->keys != NULL)
		return "the steward has not exactly one login without a device";
	if (json_object_size(json_obj(json_obj(node->devices->keys, "signatures"), SOURCE_USER)) != 2)
		return "the device is not signed by itself and its owner";
	if (json_str(json_obj(json_obj(node->signing, "master_key"), "keys"), id) == NULL)
		return "another identity is published than the node shows";
	if ((wrong = judge_recovery(h, node)) != NULL || (wrong = judge_recovery(h, steward)) != NULL)
		return wrong;
	if (json_object_size(node->devices->onetime) != FULL || node->devices->fallback == NULL)
		return "not all keys are published";
	return !story_clean(h, SOURCE) || story_count(h, SOURCE, "outbox") > 0 ? "something is left to be done" :
	    story_complaints(h) > 0 ? "the homeservers complain" : NULL;
}

static const struct points_story setup = {
	.name = "setup", .role = { [SOURCE] = "node" }, .play = play_setup, .judge = judge_setup,
};

/* The store is made before the first commit that has a name: dead each time it asks for time or randomness. */
static void
test_opening(void)
{
	int bad = 0, deaths = 0;
	bool more = true;

	for (long at = 1; more && at <= OPEN_MAX; at++) {
		struct host h;
		const char *wrong;

		story_open(&h, 7);
		(void)host_add(&h, "opendoor", "opendoor.example");
		host_arm_open(&h, SOURCE, at);
		host_start(&h, SOURCE);
		more = h.node[SOURCE].crashed;
		deaths += more;
		wrong = more ? play_setup(&h) : NULL;
		if (more && wrong == NULL)
			wrong = judge_setup(&h);
		if (wrong != NULL)
			printf("# killed %s %ld of its first start: %s\n", host_kill_name[HOST_WITHIN], at, wrong);
		bad += wrong != NULL;
		host_close(&h);
	}
	points_check(bad == 0 && deaths > 2 && !more, "setup: the node killed at each of %d moments of its first "
	    "start: one device, one identity", deaths);
}

static void
test_setup(void)
{
	struct host h;

	story_open(&h, points_seed(4));
	(void)host_add(&h, "opendoor", "opendoor.example");
	if (getenv("HS_POINT") == NULL)
		test_opening();
	points_test(&h, &setup);
	host_close(&h);
}

/*
 * Publishing, and a partner that follows.
 */

enum { GROUPS = 2, RECORDS = 4 };

static json_t *
group(const char *source, const char *name, const char *access)
{
	return json_pack("{s:s, s:s, s:{s:s, s:s, s:s, s:s, s:[s], s:[s], s:[s], s:s, s:s, s:s, s:s, s:s, "
	    "s:{s:[s], s:s, s:s}}}", "source", source, "kind", "group", "body", "program", "hsds:service/1",
	    "name", name, "description",
	    "An open talk in the evening.", "kind", "mutual_support", "audiences", "adults", "age_bands", "26_59",
	    "languages", "en", "modality", "online_text", "no_alternative", "It is written only.", "access", access, "facilitation", "rotating", "anonymity",
	    "alias_welcome", "charter", "principles", "voluntary", "moderation", "members_only", "text",
	    "What is said here stays here.");
}

static json_t *
all_records(const struct host *h)
{
	json_t *records = story_records(*h->now);

	(void)json_array_append_new(records, group("g1", "Tuesday circle", "open"));
	(void)json_array_append_new(records, group("g2", "Thursday circle", "invite"));
	return records;
}

static bool
is_published(struct host *h)
{
	autojson json_t *shown = host_ok(h, TARGET, "show", json_pack("{s:s}", "id", "publish"));
	autojson json_t *found = host_ok(h, SOURCE, "find", json_object());
	const char *delivery = json_str(shown, "delivery");

	return delivery != NULL && !strcmp(delivery, "delivered") &&
	    json_array_size(json_arr(found, "records")) == RECORDS && story_count(h, TARGET, "outbox") == 0 &&
	    story_count(h, SOURCE, "outbox") == 0;
}

static const char *
play_publish(struct host *h)
{
	autojson json_t *target = host_ok(h, TARGET, "show", json_pack("{s:s}", "id", "node"));
	json_t *whom = json_pack("{s:O}", "org", json_object_get(target, "org"));
	const char *wrong;

	if ((wrong = insist(h, TARGET, "import", json_pack("{s:o}", "records", all_records(h)), "")) != NULL ||
	    (wrong = insist(h, TARGET, "publish", json_object(), "")) != NULL ||
	    (wrong = insist(h, SOURCE, "follow", whom, "")) != NULL)
		return wrong;
	for (int i = 0; i < PIECES; i++) {
		host_run(h, PIECE_MS);
		if (is_published(h))
			return NULL;
	}
	return "the directory never arrives";
}

static size_t
rooms_of(const struct host *h, const char *type)
{
	size_t n = 0;

	while (hs_room(h->hs, type, n) != NULL)
		n++;
	return n;
}

/* Each record is one state event in the directory room, and none is there under two keys. */
static const char *
judge_directory(const struct host *h)
{
	autojson json_t *keys = json_object();
	const json_t *event;
	size_t i;

	json_array_foreach(hs_events(h->hs, hs_room(h->hs, "org.cairnpeer.directory", 0)), i, event)
		if (!strcmp(json_str(event, "type"), "m.room.encrypted") && json_str(event, "state_key") != NULL)
			(void)json_object_set_new(keys, json_str(event, "state_key"), json_true());
	return json_object_size(keys) == RECORDS + 1 ? NULL : "not each record once, and the manifest";
}

/* What the follower has of each record is what is published now. */
static const char *
judge_records(struct host *h)
{
	autojson json_t *items = story_list(h, TARGET, "records"), *names = json_object();
	const json_t *item;
	size_t i;

	if (json_array_size(items) != RECORDS + 1)
		return "not each record once at its publisher";
	json_array_foreach(items, i, item) {
		autojson json_t *which = json_pack("{s:O}", "id", json_object_get(item, "id"));
		autojson json_t *own = host_ok(h, TARGET, "show", json_incref(which));
		autojson json_t *seen = host_ok(h, SOURCE, "show", json_incref(which));

		if (!json_is_true(json_object_get(item, "published")) ||
		    !json_equal(json_object_get(own, "record"), json_object_get(seen, "record")))
			return "the follower has another version of a record";
		(void)json_object_set_new(names, json_str(item, "source"), json_true());
	}
	return json_object_size(names) == RECORDS + 1 ? NULL : "a record is there twice";
}

static const char *
judge_publish(struct host *h)
{
	const char *wrong;

	host_run(h, QUIET_MS);
	if (rooms_of(h, "org.cairnpeer.directory") != 1 || rooms_of(h, "m.space") != 1)
		return "not exactly one directory and one space";
	if (rooms_of(h, NULL) != GROUPS)
		return "not exactly one room for each group";
	if (rooms_of(h, "org.cairnpeer.channel") != 1)
		return "not exactly one channel";
	if ((wrong = judge_directory(h)) != NULL || (wrong = judge_records(h)) != NULL)
		return wrong;
	if (!story_clean(h, SOURCE) || !story_clean(h, TARGET) || !is_published(h))
		return "something is left to be done";
	return story_complaints(h) > 0 ? "the homeservers complain" : NULL;
}

static const struct points_story publish = {
	.name = "publish", .role = { [SOURCE] = "follower", [TARGET] = "publisher" }, .play = play_publish,
	.judge = judge_publish,
};

static void
test_publish(void)
{
	struct host h;

	story_begin(&h, points_seed(5));
	story_trust(&h);
	points_test(&h, &publish);
	host_close(&h);
}

/*
 * A group is withdrawn while somebody is in its room.
 */

#define ANA		"@ana:opendoor.example"

static bool
is_withdrawn(struct host *h)
{
	autojson json_t *shown = host_ok(h, TARGET, "show", json_pack("{s:s}", "id", "publish"));
	autojson json_t *found = host_ok(h, SOURCE, "find", json_object());

	return !strcmp(json_str(shown, "delivery"), "delivered") && json_array_size(json_arr(found, "records")) == RECORDS - 1 &&
	    story_count(h, TARGET, "outbox") == 0 && story_count(h, SOURCE, "outbox") == 0;
}

/* The open group's room. */
static const char *
circle(const struct host *h)
{
	const char *room = NULL;

	for (size_t i = 0; hs_room(h->hs, NULL, i) != NULL; i++)
		if (!strcmp(member_of(h, hs_room(h->hs, NULL, i), ANA), "join"))
			room = hs_room(h->hs, NULL, i);
	return room;
}

static const char *
play_withdraw(struct host *h)
{
	autojson json_t *items = story_list(h, TARGET, "records");
	const char *wrong = "there is no such group";
	const json_t *item;
	size_t i;

	json_array_foreach(items, i, item)
		if (!strcmp(json_str(item, "source"), "g1"))
			wrong = insist(h, TARGET, "withdraw", json_pack("{s:O}", "id", json_object_get(item, "id")), "refused");
	for (i = 0; i < PIECES && wrong == NULL; i++) {
		host_run(h, PIECE_MS);
		if (is_withdrawn(h))
			return NULL;
	}
	return wrong != NULL ? wrong : "the withdrawal never arrives";
}

/* What was said of it once more by a server that had heard it already is the same. */
static const char *
judge_room(const struct host *h, const char *room)
{
	const json_t *rule = NULL, *topic = NULL, *event;
	size_t i;

	json_array_foreach(hs_events(h->hs, room), i, event) {
		if (!strcmp(json_str(event, "type"), "m.room.join_rules"))
			rule = json_obj(event, "content");
		if (!strcmp(json_str(event, "type"), "m.room.topic")) {
			if (topic != NULL && !json_equal(topic, json_obj(event, "content")))
				return "it is told twice, and otherwise";
			topic = json_obj(event, "content");
		}
	}
	if (rule == NULL || strcmp(json_str(rule, "join_rule"), "invite") != 0)
		return "the room is open still";
	if (topic == NULL || strstr(json_str(topic, "topic"), "not listed any more") == NULL || strstr(json_str(topic, "topic"), TARGET_USER) == NULL)
		return "nobody in the room is told";
	return strcmp(member_of(h, room, ANA), "join") == 0 ? NULL : "somebody was put out of the room";
}

static const char *
judge_withdraw(struct host *h)
{
	const json_t *child = NULL, *event;
	const char *wrong, *room;
	size_t i;

	host_run(h, QUIET_MS);
	if ((room = circle(h)) == NULL)
		return "the group has no room";
	json_array_foreach(hs_events(h->hs, hs_room(h->hs, "m.space", 0)), i, event)
		if (!strcmp(json_str(event, "type"), "m.space.child")) {
			child = json_obj(event, "content");
			if (strcmp(json_str(event, "state_key"), room) != 0)
				return "the space names another room";
		}
	if (child == NULL || json_object_size(child) > 0)
		return "the group is in the space still";
	if ((wrong = judge_room(h, room)) != NULL)
		return wrong;
	if (rooms_of(h, NULL) != GROUPS || !story_clean(h, SOURCE) || !story_clean(h, TARGET) || !is_withdrawn(h))
		return "something is left to be done";
	return story_complaints(h) > 0 ? "the homeservers complain" : NULL;
}

static const struct points_story withdraw = {
	.name = "withdraw", .role = { [SOURCE] = "follower", [TARGET] = "publisher" }, .play = play_withdraw, .judge = judge_withdraw,
};

static void
test_withdraw(void)
{
	struct client ana;
	struct host h;
	const char *wrong;
	char path[512];

	story_begin(&h, points_seed(9));
	story_trust(&h);
	if ((wrong = play_publish(&h)) != NULL)
		host_fail(&h, "%s", wrong);
	client_login(&ana, &h, ANA);
	for (size_t i = 0; hs_room(h.hs, NULL, i) != NULL; i++) {
		(void)snprintf(path, sizeof(path), "join/%s?via=harbor.example", hs_room(h.hs, NULL, i));
		json_decref(client_call(&ana, "POST", path, json_object()));
	}
	points_test(&h, &withdraw);
	host_close(&h);
}

/*
 * Both take a list that names another key for the records of one of them.
 */

static char next_key[64];

/* How many records, the manifest too, the follower has under it as they are published now. */
static size_t
had_under_next(struct host *h)
{
	autojson json_t *items = story_list(h, TARGET, "records");
	const json_t *item;
	size_t n = 0, i;

	json_array_foreach(items, i, item) {
		autojson json_t *own = host_ok(h, TARGET, "show", json_pack("{s:O}", "id", json_object_get(item, "id")));
		autojson json_t *seen = host_ok(h, SOURCE, "show", json_pack("{s:O}", "id", json_object_get(item, "id")));
		const char *method = json_str(json_obj(json_obj(seen, "record"), "proof"), "verificationMethod");

		n += method != NULL && strstr(method, next_key) != NULL && json_equal(json_object_get(own, "record"), json_object_get(seen, "record"));
	}
	return n;
}

static const char *
play_rekey(struct host *h)
{
	autojson json_t *list = NULL;
	json_t *doc;
	const char *wrong;

	if ((wrong = insist(h, TARGET, "key rotate", json_object(), "exists")) != NULL)
		return wrong;
	list = story_trust_list(h, 3, ~0u, STORY_LIFE);
	doc = json_array_get(json_arr(list, "orgs"), TARGET);
	(void)snprintf(next_key, sizeof(next_key), "%s", json_str(doc, "record_key"));
	if ((wrong = insist(h, SOURCE, "import_trust", json_pack("{s:O}", "document", list), "exists")) != NULL ||
	    (wrong = insist(h, TARGET, "import_trust", json_pack("{s:O}", "document", list), "exists")) != NULL)
		return wrong;
	for (int i = 0; i < PIECES; i++) {
		host_run(h, PIECE_MS);
		if (is_published(h) && had_under_next(h) == RECORDS + 1)
			return NULL;
	}
	return "the new key never signs";
}

static const char *
judge_rekey(struct host *h)
{
	autojson json_t *shown = NULL;
	const char *wrong = judge_publish(h);

	if (wrong != NULL)
		return wrong;
	if (had_under_next(h) != RECORDS + 1)
		return "not all is signed with the new key";
	shown = host_ok(h, TARGET, "show", json_pack("{s:s}", "id", "node"));
	if (strcmp(json_str(shown, "record_key"), next_key) != 0)
		return "another key waits";
	return story_audited(h, TARGET, "node", "key_changed", next_key) == 1 && story_audited(h, TARGET, "operator", "key_rotate", "z6Mk") == 1 ? NULL :
	    "it is not in the audit once";
}

static const struct points_story rekey = {
	.name = "rekey", .role = { [SOURCE] = "follower", [TARGET] = "publisher" }, .play = play_rekey, .judge = judge_rekey,
};

static void
test_rekey(void)
{
	struct host h;
	const char *wrong;

	story_begin(&h, points_seed(10));
	story_trust(&h);
	if ((wrong = play_publish(&h)) != NULL)
		host_fail(&h, "%s", wrong);
	points_test(&h, &rekey);
	host_close(&h);
}

int
main(void)
{
	test_setup();
	test_publish();
	test_withdraw();
	test_rekey();
	return points_done();
}
