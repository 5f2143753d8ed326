/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A list of many rules and a house of many people: looked at in pieces, from where a crash, or a newer rule, found it.
 * CAIRN_LONG=1: 10,000 rules with a glob and 10,000 people, and how long a turn takes.
 */
#include "app/bans.h"
#include "bench/node.h"
#include "base/canon.h"
#include "store/dirstore.h"
#include "store/policystore.h"
#include "tap.h"

#define ROOM	"!people:here.example"
#define LIST	"!list:here.example"

enum { GROUPS = 100, PIECE = 16 };

static struct bench_node node;
static int globs = 1000, people = 300;

static void
name(int i, char out[64])
{
	(void)snprintf(out, 64, "@person%d:there%d.example", i, i % 7);
}

static bool
is_in(int i)
{
	char user[64];
	int64_t pid;

	name(i, user);
	bench_must(person_find(node.app->db, user, &pid));
	return roster_has(node.app->db, ROOM, pid) == 0;
}

static int
count_in(void)
{
	int64_t *pids = NULL;
	size_t n = 0;

	bench_must(roster_list(node.app->db, ROOM, &pids, &n));
	free(pids);
	return (int)n;
}

static void
rule_of(const char *type, const char *key, const char *entity)
{
	autojson json_t *event = json_pack("{s:s, s:s, s:{s:s, s:s}}", "type", type, "state_key", key, "content",
	    "entity", entity, "recommendation", "m.ban");

	bench_tx(&node, bans_rule(node.app, LIST, event));
}

static void
rule(const char *key, const char *entity)
{
	rule_of("m.policy.rule.user", key, entity);
}

static const char *
group(int i, char out[64])
{
	(void)snprintf(out, 64, "!group%d:here.example", i);
	return out;
}

/* So many of our rooms have a list of servers other than ${hash}; and the hash of the last of these. */
static int
closed(const char *not, char ret[65])
{
	char id[64];
	int n = 0;

	for (int i = 0; i < GROUPS; i++) {
		char *hash = NULL;

		if (acl_get(node.app->db, group(i, id), &hash) != 0)
			continue;
		n += strcmp(hash, not) != 0;
		(void)snprintf(ret, 65, "%s", hash);
		free(hash);
	}
	return n;
}

static void
fill(void)
{
	char account[] = "node", steward[] = "steward", room_id[] = ROOM, list_id[] = LIST, user[64];
	struct room room = { .room_id = room_id, .account = account, .kind = ROOM_DIRECT, .joined = 1, .encrypted = 1 };
	struct room list = { .room_id = list_id, .account = steward, .kind = ROOM_POLICY, .joined = 1 };

	bench_must(db_begin(node.app->db, NULL));
	bench_must(room_put(node.app->db, &room));
	bench_must(room_put(node.app->db, &list));
	for (int i = 0; i < GROUPS; i++) {
		struct room ours = { .room_id = (char *)(uintptr_t)group(i, user), .account = steward, .kind = ROOM_GROUP, .ours = 1, .joined = 1 };

		bench_must(room_put(node.app->db, &ours));
	}
	for (int i = 0; i < people; i++) {
		name(i, user);
		bench_must(roster_add(node.app->db, ROOM, bench_person(&node, user)));
	}
	for (int i = 0; i < globs; i++) {
		struct policy_rule r = { .kind = POLICY_USER, .reason = "", .entity = user };

		(void)snprintf(user, sizeof(user), "@spam%d*:evil%d.example", i, i);
		bench_must(policy_rule_put(node.app->db, LIST, "m.policy.rule.user", user, &r));
	}
	bench_must(db_commit(node.app->db, NULL));
}

/* Turns until nothing is due at once, at most ${most}; how many. */
static int
turns(int most)
{
	int n = 0;

	node.app->next = 0;
	while (node.app->next <= world_now(&node.world) && n < most) {
		bench_tick(&node);
		n++;
	}
	return n;
}

/* What each look costs that reads the rules by itself, as all did: with CAIRN_LONG only. */
static void
show_single(void)
{
	struct bench_time begun = bench_time();
	char user[64];

	for (int i = 0; i < 100; i++) {
		char *list = NULL, *reason = NULL;

		name(i, user);
		if (policy_find(node.app->db, user, NULL, &list, &reason) == 0) {
			free(list);
			free(reason);
		}
	}
	printf("# a look by itself: %.2f ms\n", (double)(bench_time().ns - begun.ns) / 1e6 / 100);
}

static void
test_pieces(void)
{
	int n;

	rule("a", "@person*7:there*.example");
	bench_turns(&node);
	n = turns(100000);
	printf("# %d rules, %d people: %d turns, the longest %.1f ms, all %.0f ms\n", globs, people, n,
	    (double)node.longest_ns / 1e6, (double)node.all.ns / 1e6);
	ok(n > people / 100 && !is_in(7) && !is_in(people - 3) && is_in(8), "all are looked at, in %d turns", n);
	is_int(count_in(), people - people / 10, "and nobody else is taken off");
}

static void
test_resume(void)
{
	rule("b", "@person*5:there*.example");
	ok(turns(2) == 2 && is_in(people - 5), "stopped on its way");
	bench_node_again(&node);
	bench_synced(&node);
	(void)turns(100000);
	ok(!is_in(5) && !is_in(people - 5), "it goes on after a crash");
	is_int(count_in(), people - people / 10 * 2, "to the end");
}

/* A list that changes again and again keeps nobody from being looked at. */
static void
test_changing(void)
{
	char key[16];
	int n = 0;

	rule("c", "@person*3:there*.example");
	while (is_in(people - 7 + people % 10) && n++ < people) {
		(void)snprintf(key, sizeof(key), "d%d", n);
		rule(key, "@nobody*:there.example");
		(void)turns(2);
	}
	ok(n > 2 && n < people, "with a new rule in each turn the last person has their turn too (%d)", n);
	(void)turns(100000);
	ok(!is_in(3) && !is_in(13), "and all before them");
	rule("e", "@person2:there2.example");
	ok(!is_in(2) && is_in(12), "who is named without a glob is off with the rule");
	(void)turns(100000);
}

/* Our rooms are closed to a server some in each turn, wherever a crash or a newer list comes. */
static void
test_rooms(void)
{
	char before[65], after[65];
	int n = 0, most = 0, had = 0, now;

	rule_of("m.policy.rule.server", "s", "evil.example");
	(void)turns(3);
	now = closed("", before);
	ok(now > 0 && now < GROUPS / 2, "in a few turns some rooms are closed to a banned server, not all (%d)", now);
	bench_node_again(&node);
	bench_synced(&node);
	rule_of("m.policy.rule.server", "t", "worse.example");
	for (had = closed(before, after); closed(before, after) < GROUPS && n < 100; n++, had = now) {
		(void)turns(1);
		now = closed(before, after);
		most = now - had > most ? now - had : most;
	}
	ok(n < 100 && most <= PIECE, "after a crash and a newer list all have that, at most %d in a turn (%d)", PIECE, most);
	(void)turns(100000);
	is_int(closed(after, after), 0, "and it is the same one");
}

/* Is there a request that invites somebody of that name? */
static bool
asked_for(const char *name)
{
	for (size_t i = 0; i < BENCH_REQUESTS; i++) {
		const struct bench_request *r = &node.requests[i];

		if (r->id != 0 && strstr(r->path, "/invite") != NULL && r->body != NULL && strstr(r->body, name) != NULL)
			return true;
	}
	return false;
}

static json_t *
invite(const char *user)
{
	return bench_ask(&node, "invite", json_pack("{s:s, s:s, s:b}", "id", "circle", "user", user, "agreed", 1));
}

/* Of a group: neither who is banned when staff ask, nor who is when the invitation would leave. */
static void
test_invited(void)
{
	struct own_record rec = { .id = (char *)(uintptr_t)"circle", .kind = (char *)(uintptr_t)"group", .state_key = (char *)(uintptr_t)"circle",
	    .body = (char *)(uintptr_t)"{\"access\":\"invite\"}" };
	struct room room = { .room_id = (char *)(uintptr_t)"!circle:here.example", .account = (char *)(uintptr_t)"node", .kind = ROOM_GROUP,
	    .subject = (char *)(uintptr_t)"circle", .ours = 1, .joined = 1 };
	autojson json_t *banned = NULL, *later = NULL, *other = NULL;
	int64_t failed = 0;

	bench_tx(&node, own_put(node.app->db, &rec));
	bench_tx(&node, room_put(node.app->db, &room));
	rule("eve", "@eve*:north.example");
	banned = invite("@eve:north.example");
	ok(json_is_false(json_object_get(banned, "ok")) && strstr(json_str(banned, "error"), "banned by a policy list") != NULL, "who is banned is invited into no group");
	later = invite("@mallory:north.example");
	other = invite("@ana:north.example");
	ok(json_is_true(json_object_get(later, "ok")) && json_is_true(json_object_get(other, "ok")), "two others are");
	rule("mallory", "@mallory*:north.example");
	(void)turns(100);
	ok(asked_for("ana") && !asked_for("mallory"), "who is banned before it leaves is not after all, the other is");
	bench_must(outbox_count(node.app->db, OUT_FAILED, &failed));
	is_int((int)failed, 1, "and staff see that");
}

int
main(void)
{
	const char *tmp = getenv("TMPDIR");

	if (getenv("CAIRN_LONG") != NULL)
		globs = people = 10000;
	bench_node_open(&node, tmp != NULL ? tmp : "/tmp", 0);
	bench_synced(&node);
	fill();
	if (getenv("CAIRN_LONG") != NULL)
		show_single();
	(void)turns(100);
	test_pieces();
	test_resume();
	test_changing();
	test_invited();
	test_rooms();
	bench_node_close(&node);
	return done_testing();
}
