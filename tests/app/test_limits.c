/* SPDX-License-Identifier: Apache-2.0 */
/* A homeserver's rate limits: what waits, until when and what to do about it is in cairn doctor, and over when the wait is. */
#include "base/canon.h"
#include "bench/node.h"
#include "domain/trust.h"
#include "domain/when.h"
#include "store/casestore.h"
#include "tap.h"

#define LIMIT	"{\"errcode\":\"M_LIMIT_EXCEEDED\",\"retry_after_ms\":90000}"

enum { WAIT_MS = 90 * 1000 };

static struct bench_node node;

/* The line of the doctor, borrowed from ${reply}. */
static const json_t *
line(json_t **reply)
{
	json_t *item;
	size_t i;

	*reply = bench_ask(&node, "doctor", json_object());
	json_array_foreach(json_arr(json_obj(*reply, "result"), "checks"), i, item)
		if (!strcmp(json_str(item, "name"), "rate limits"))
			return item;
	return NULL;
}

static void
is_free(const char *when)
{
	autojson json_t *reply = NULL;
	const json_t *said = line(&reply);

	ok(json_is_true(json_object_get(said, "ok")), "%s: nothing is limited", when);
}

/* The request whose path has ${part} is told to wait. */
static void
limit(const char *part, const char *words, const char *setting)
{
	autojson json_t *reply = NULL;
	struct bench_request *r;
	char until[WHEN_TEXT];
	const json_t *said;
	uint64_t id;

	node.app->next = 0;
	for (int i = 0; i < 20 && (r = bench_request(&node, part)) == NULL; i++)
		bench_tick(&node);
	bench_need(r != NULL);
	id = r->id;
	free(r->path);
	free(r->body);
	*r = (struct bench_request){ 0 };
	bench_must(app_answer(node.app, id, 429, -1, LIMIT, strlen(LIMIT)));
	said = line(&reply);
	ok(json_is_false(json_object_get(said, "ok")) && strstr(json_str(said, "text"), words) != NULL, "%s: it is said what waits", part);
	(void)when_print(node.now + WAIT_MS, until);
	ok(strstr(json_str(said, "text"), until) != NULL, "until when");
	ok(strstr(json_str(said, "hint"), setting) != NULL && strstr(json_str(said, "hint"), "override_ratelimit") != NULL, "and what to do");
	node.now += WAIT_MS - 5000;
	json_decref(take(reply));
	said = line(&reply);
	ok(json_is_false(json_object_get(said, "ok")), "as long as it waits");
	node.now += 10000;
	is_free("when it is over");
}

/* Each thing that a server may limit, by the name that its administrator finds in homeserver.yaml. */
static void
test_settings(void)
{
	static const struct { const char *purpose, *words, *setting; } rows[] = {
		{ "login", "logging in", "rc_login" }, { "create_room", "making rooms", "rc_room_creation" },
		{ "invite", "inviting people", "rc_invites" }, { "join", "joining rooms", "rc_joins" },
		{ "record", "publishing our records", "rc_message" }, { "space_child", "publishing our groups", "rc_message" }, { "group_closed", "closing the room of a group", "rc_message" },
		{ "group_invite", "inviting people", "rc_invites" },
		{ "federation", "publishing the trust list", "rc_message" }, { "traffic", "what is said to partners", "rc_message" },
		{ "ack", "what is said to partners", "rc_message" }, { "refused", "what is said to partners", "rc_message" },
		{ "say", "messages to people", "rc_message" }, { "another", "a request of ours", "the limit that its log names" },
	};
	struct traffic t = { .content_id = (char *)(uintptr_t)"content", .org = (char *)(uintptr_t)trust_org_at(node.app->trust, 0)->id,
	    .type = (char *)(uintptr_t)"org.cairnpeer.follow", .content = (char *)(uintptr_t)"{}", .seq = 1, .resend_at = INT64_MAX };
	autojson json_t *body = json_object();
	autofree char *invited = NULL;
	int64_t pid;

	bench_tx(&node, person_id(node.app->db, "@ana:there.example", &pid));
	invited = bench_text("GROUP/%lld", (long long)pid);

	bench_tx(&node, traffic_put(node.app->db, &t));		/* What is said to partners goes only while it is wanted. */
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		autofree char *path = bench_text("/_matrix/client/v3/limited/%s", rows[i].purpose), *room = bench_text("!%s", rows[i].purpose);

		bench_tx(&node, outbox_call(node.app->db, "node", room, "POST", path, body, rows[i].purpose,
		    strcmp(rows[i].purpose, "group_invite") != 0 ? t.content_id : invited));
		limit(path, rows[i].words, rows[i].setting);
	}
}

int
main(void)
{
	const char *dir = getenv("TMPDIR");

	bench_node_open(&node, dir != NULL ? dir : "/tmp", 1);
	bench_stand(&node);
	bench_synced(&node);
	is_free("at first");
	test_settings();
	limit("/sync?", "a request of ours", "the limit that its log names");
	bench_node_close(&node);
	return done_testing();
}
