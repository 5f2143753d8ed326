/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who is in a room when a lazy sync does not show it: the room is unsure, durably, until it was
 * asked about; whose word counts, an answer's or a sync's; and which answers are none.
 */
#include "app/members.h"
#include "base/canon.h"
#include "base/log.h"
#include "bench/node.h"
#include "crypt/envelope.h"
#include "store/sharestore.h"
#include "tap.h"

#define ROOM	"!chat:here.example"
#define ANNA	"@anna:there.example"
#define BEN	"@ben:there.example"
#define CLEO	"@cleo:there.example"

enum { ROOMS = 6, AT_ONCE = 4, TRIES = 10, BLANKED = 0 };

static struct bench_node node;
static int syncs;

static void
turns(void)
{
	node.app->next = 0;
	while (node.app->next <= world_now(&node.world))
		bench_tick(&node);
}

static void
make_room(const char *id, enum room_kind kind, bool ours)
{
	char account[] = "node";
	struct room room = { .room_id = (char *)(uintptr_t)id, .account = account, .encrypted = 1, .joined = 1,
	    .ours = ours, .kind = kind };

	bench_tx(&node, room_put(node.app->db, &room));
}

/* {type, state_key, content} as text; the caller frees. */
static char *
member(const char *user, const char *membership)
{
	return bench_text("{\"type\":\"m.room.member\",\"sender\":\"%s\",\"state_key\":\"%s\",\"content\":{\"membership\":\"%s\"}}",
	    user, user, membership);
}

/* The event of each user; the caller frees. */
static char *
members(const char *const who[][2], size_t n)
{
	char *list = bench_text("%s", "");

	for (size_t i = 0; i < n; i++) {
		autofree char *old = list, *event = member(who[i][0], who[i][1]);

		list = bench_text("%s%s%s", old, i > 0 ? "," : "", event);
	}
	return list;
}
#define MEMBERS(...)	members((const char *const[][2]){ __VA_ARGS__ }, \
	sizeof((const char *const[][2]){ __VA_ARGS__ }) / sizeof(const char *[2]))

/* The sync under way is too much, until the last one is lazy. */
static struct bench_request *
last_try(void)
{
	struct bench_request *r;

	for (int i = 0; i < TRIES; i++) {
		turns();
		bench_need((r = bench_request(&node, "/sync?")) != NULL);
		if (strstr(r->path, "lazy_load_members%22%3Atrue") != NULL)
			return r;
		bench_must(app_failed(node.app, r->id, "too_large", ""));
		node.app->accounts[APP_NODE].due = 0;
		free(r->path);
		free(r->body);
		*r = (struct bench_request){ 0 };
	}
	bench_need(false);
	return NULL;
}

/* A sync brings ${events} in the timelines of these rooms. */
static void
sync_shows(bool lazy, const char *events, const char *const *rooms, size_t n)
{
	autofree char *list = bench_text("%s", ""), *text = NULL;
	struct bench_request *r;

	for (size_t i = 0; i < n; i++) {
		autofree char *old = list;

		list = bench_text("%s%s\"%s\":{\"timeline\":{\"events\":[%s],\"limited\":false,\"prev_batch\":\"p\"}}", old,
		    i > 0 ? "," : "", rooms[i], events);
	}
	text = bench_text("{\"next_batch\":\"s%d\",\"rooms\":{\"join\":{%s}}}", ++syncs, list);
	turns();
	r = lazy ? last_try() : bench_request(&node, "/sync?");
	bench_need(r != NULL);
	bench_answer(&node, r, text, strlen(text));
	turns();
}

static void
sync_room(bool lazy, const char *events)
{
	sync_shows(lazy, events, (const char *const[]){ ROOM }, 1);
}

/* Answer the question about ${room}; the list may be of anything. */
static void
answer(struct bench_request *r, const char *list)
{
	autofree char *text = bench_text("{\"chunk\":[%s]}", list);

	bench_need(r != NULL);
	bench_answer(&node, r, text, strlen(text));
	turns();
}

static bool
is_unsure(const char *room)
{
	return unsure_has(node.app->db, room) == 0;
}

static bool
is(const char *user, const char *want)
{
	autofree char *membership = NULL;
	int r;

	bench_must(db_begin(node.app->db, NULL));
	r = member_get(node.app->db, ROOM, bench_person(&node, user), &membership);
	bench_must(db_commit(node.app->db, NULL));
	return r == E_NOTFOUND ? *want == '\0' : r == 0 && !strcmp(membership, want);
}

/* All three are there, as a sync showed. */
static void
begin(void)
{
	autofree char *list = MEMBERS({ BENCH_USER, "join" }, { ANNA, "join" }, { BEN, "join" });

	make_room(ROOM, ROOM_DIRECT, true);
	sync_room(false, list);
	bench_need(is(ANNA, "join") && is(BEN, "join") && !is_unsure(ROOM));
}

static void
test_asked(void)
{
	autofree char *list = MEMBERS({ BENCH_USER, "join" }, { ANNA, "join" }, { CLEO, "ban" });

	begin();
	ok(bench_request(&node, "/members") == NULL, "after a whole sync nobody is asked who is in a room");
	sync_room(true, "");
	ok(is_unsure(ROOM), "a lazy one, even one that seems complete, leaves the room unsure");
	ok(bench_request(&node, "/members") != NULL, "and it is asked about");
	ok(strstr(bench_request(&node, "/members")->path, "/rooms/%21chat%3Ahere.example/members") != NULL, "as it is now");
	sync_room(false, "");
	ok(is_unsure(ROOM), "the next sync, which is not lazy, does not mend it");
	bench_node_again(&node);
	ok(is_unsure(ROOM), "nor does a restart");
	turns();
	answer(bench_request(&node, "/members"), list);
	ok(!is_unsure(ROOM), "the answer does");
	ok(is(ANNA, "join") && is(CLEO, "ban"), "whom it names is what it says");
	ok(is(BEN, "leave"), "whom it does not name has left");
	turns();
	ok(bench_request(&node, "/members") == NULL, "nobody is asked again");
}

static void
test_newer(void)
{
	autofree char *list = MEMBERS({ BENCH_USER, "join" }, { ANNA, "join" }, { BEN, "join" });
	autofree char *since = MEMBERS({ ANNA, "leave" }, { CLEO, "join" });

	begin();
	sync_room(true, "");
	sync_room(false, since);
	answer(bench_request(&node, "/members"), list);
	ok(!is_unsure(ROOM) && is(ANNA, "leave"), "a leave that a sync showed since is not undone by an older answer");
	ok(is(CLEO, "join"), "nor is a join");
	ok(is(BEN, "join"), "of others it is believed");
}

static void
test_again(void)
{
	autofree char *before = MEMBERS({ BENCH_USER, "join" }, { ANNA, "join" }, { BEN, "join" });
	autofree char *after = MEMBERS({ BENCH_USER, "join" }, { BEN, "leave" });
	struct bench_request *first, *second = NULL;

	begin();
	sync_room(true, "");
	bench_need((first = bench_request(&node, "/members")) != NULL);
	sync_room(true, "");
	for (int i = 0; i < BENCH_REQUESTS; i++)
		if (&node.requests[i] != first && node.requests[i].id != 0 && strstr(node.requests[i].path, "/members") != NULL)
			second = &node.requests[i];
	ok(second != NULL, "after a second lazy sync it is asked again");
	answer(first, before);
	ok(is_unsure(ROOM), "what was asked before that says nothing");
	answer(second, after);
	ok(!is_unsure(ROOM) && is(ANNA, "leave") && is(BEN, "leave"), "only what was asked then");
}

static void
test_false(void)
{
	static const char *const bad[] = { "", "{\"type\":\"m.room.member\"}", "0, null, \"x\", []" };
	autofree char *strangers = MEMBERS({ ANNA, "join" }, { BEN, "join" }), *gone = MEMBERS({ BENCH_USER, "leave" }, { ANNA, "join" });
	autofree char *list = MEMBERS({ BENCH_USER, "join" }, { ANNA, "join" });
	autofree char *blanked = bench_text("%s,{\"type\":\"m.room.member\",\"state_key\":\"" BEN "\",\"content\":%d}", list, BLANKED);

	begin();
	for (size_t i = 0; i < nelem(bad) + 2; i++) {
		sync_room(true, "");
		answer(bench_request(&node, "/members"), i < nelem(bad) ? bad[i] : i == nelem(bad) ? strangers : gone);
		ok(is_unsure(ROOM) && is(ANNA, "join") && is(BEN, "join"), "an answer without us (%zu) is none", i);
	}
	ok(outbox_pending(node.app->db, MEMBERS_PURPOSE, ROOM) == 0, "and it will be asked again");
	sync_room(true, "");
	answer(bench_request(&node, "/members"), blanked);
	ok(!is_unsure(ROOM) && is(ANNA, "join") && is(BEN, "leave"), "who cannot be read in it is not there");
}

/* matrix/mend.c blanks what is more than we take. */
static void
test_blanked(void)
{
	autofree char *list = MEMBERS({ BENCH_USER, "join" }, { ANNA, "join" });

	begin();
	sync_room(false, "{\"type\":\"m.room.member\",\"sender\":\"" BEN "\",\"state_key\":\"" BEN "\",\"content\":0}");
	ok(is_unsure(ROOM), "an event of a member that could not be read leaves its room unsure");
	answer(bench_request(&node, "/members"), list);
	ok(!is_unsure(ROOM) && is(BEN, "leave"), "until the answer");
}

static void
test_which(void)
{
	const char *const others[] = { "!theirs:here.example", "!no:here.example" };
	autofree char *out = MEMBERS({ BENCH_USER, "leave" }), *back = MEMBERS({ BENCH_USER, "join" }, { ANNA, "join" });

	make_room(others[0], ROOM_DIRECTORY, false);
	make_room(others[1], ROOM_UNKNOWN, false);
	sync_shows(true, "", others, nelem(others));
	ok(!is_unsure(others[0]) && !is_unsure(others[1]), "rooms in which we say nothing are not asked about");
	make_room("!ours:here.example", ROOM_DIRECTORY, true);
	sync_shows(true, "", (const char *const[]){ "!ours:here.example" }, 1);
	ok(is_unsure("!ours:here.example"), "our own directory is");
	answer(bench_request(&node, "%21ours"), back);
	begin();
	sync_room(true, "");
	sync_room(false, out);
	ok(!is_unsure(ROOM) && outbox_pending(node.app->db, MEMBERS_PURPOSE, ROOM) == E_NOTFOUND,
	    "a room that we leave is asked about no more");
	sync_room(false, back);
	ok(!is_unsure(ROOM), "nor when we are back in it, which a sync shows whole");
}

/* Of how many requests is that a part? */
static int
asked(const char *word)
{
	int n = 0;

	for (int i = 0; i < BENCH_REQUESTS; i++)
		n += node.requests[i].id != 0 && strstr(node.requests[i].path, word) != NULL;
	return n;
}

static void
test_many(void)
{
	autofree char *list = MEMBERS({ BENCH_USER, "join" });
	char name[ROOMS][64];
	const char *rooms[ROOMS];
	int n = 0;

	/* What was asked before goes unanswered. */
	bench_node_again(&node);
	turns();
	for (int i = 0; i < ROOMS; i++) {
		(void)snprintf(name[i], sizeof(name[i]), "!many%d:here.example", i);
		make_room(rooms[i] = name[i], ROOM_DIRECT, true);
	}
	sync_shows(true, "", rooms, ROOMS);
	is_int(asked("many"), AT_ONCE, "of many rooms some are asked about at one time");
	for (struct bench_request *r; (r = bench_request(&node, "many")) != NULL; n++)
		answer(r, list);
	is_int(n, ROOMS, "and all in the end");
	for (int i = 0; i < ROOMS; i++)
		n -= !is_unsure(rooms[i]);
	is_int(n, 0, "so that each is known");
}

/* One sync says that we left many rooms, of which there is no other; it is not so. */
static void
test_out(void)
{
	static const char still[] = "/state/m.room.member/", here[] = "{\"membership\":\"join\"}";
	autofree char *rooms = bench_text("%s", ""), *text = NULL, *list = MEMBERS({ BENCH_USER, "join" });
	struct bench_request *r;
	char name[ROOMS][64];
	int n = 0;

	for (int i = 0; i < ROOMS; i++) {
		autofree char *old = rooms;

		(void)snprintf(name[i], sizeof(name[i]), "!gone%d:here.example", i);
		make_room(name[i], ROOM_DIRECTORY, true);
		rooms = bench_text("%s%s\"%s\":{}", old, i > 0 ? "," : "", name[i]);
	}
	text = bench_text("{\"next_batch\":\"s%d\",\"rooms\":{\"leave\":{%s}}}", ++syncs, rooms);
	turns();
	bench_need((r = bench_request(&node, "/sync?")) != NULL);
	bench_answer(&node, r, text, strlen(text));
	turns();
	is_int(asked(still), AT_ONCE, "of many rooms that we are said to have left some are asked about at one time");
	for (; (r = bench_request(&node, still)) != NULL && n < 2 * ROOMS; n++) {
		bench_answer(&node, r, here, strlen(here));
		turns();
	}
	is_int(n, ROOMS, "and each in the end");
	while ((r = bench_request(&node, "/members")) != NULL)
		answer(r, list);
	for (int i = 0; i < ROOMS; i++) {
		autoroom struct room room = { 0 };

		bench_must(room_get(node.app->db, name[i], &room));
		n -= room.joined && !is_unsure(name[i]);
	}
	is_int(n, 0, "so that we are in all of them");
}

static int64_t
shares(int64_t outbound, enum share_state state)
{
	int64_t n;

	bench_must(share_count(node.app->db, outbound, state, 2, &n));
	return n;
}

/* Anna's device lacks a one-time key when the room becomes unsure; then it has one. */
static void
test_shares(void)
{
	static const char counts[] = "{\"one_time_key_counts\":{\"signed_curve25519\":50}}";
	char id[] = "!share:here.example", name[] = "ANNA";
	autofree char *list = MEMBERS({ BENCH_USER, "join" }, { ANNA, "join" });
	autojson json_t *content = json_pack("{s:s}", "body", "x");
	autofree char *blocked = NULL;
	struct crypto_user u = { .tracked = 1 };
	struct crypto_outbound s;
	struct crypto_device d;
	struct ratchet_account *a;
	struct bench_request *r = bench_request(&node, "/keys/upload");

	if (r != NULL)
		bench_answer(&node, r, counts, strlen(counts));
	make_room(id, ROOM_DIRECT, true);
	bench_must(db_begin(node.app->db, NULL));
	u.pid = bench_person(&node, ANNA);
	bench_must(member_put(node.app->db, id, u.pid, "join"));
	bench_must(roster_add(node.app->db, id, u.pid));
	bench_must(crypto_user_put(node.app->db, &u));
	a = bench_device(&node, u.pid, name, &d);
	bench_must(outbox_event(node.app->db, "node", id, "m.room.message", NULL, content, "say", NULL, NULL));
	bench_must(db_commit(node.app->db, NULL));
	turns();
	bench_must(crypto_outbound_active(node.app->db, id, &s));
	bench_need(shares(s.n, SHARE_CLAIM) == 1);
	sync_shows(true, "", (const char *const[]){ id }, 1);
	bench_must(db_begin(node.app->db, NULL));
	d.onetime = bench_onetime(&node, a, ANNA, name);
	bench_must(crypto_device_put(node.app->db, &d));
	bench_must(share_claimed(node.app->db, u.pid, name));
	bench_must(db_commit(node.app->db, NULL));
	for (int i = 0; i < TRIES; i++)
		bench_tick(&node);
	ok(shares(s.n, SHARE_WANTED) == 1 && shares(s.n, SHARE_QUEUED) == 0, "no room key is sealed for anybody in an unsure room");
	/* Whom a sync has named since is passed over in the answer. */
	sync_shows(false, list, (const char *const[]){ id }, 1);
	bench_must(envelope_blocked(node.app->crypt, id, &blocked));
	ok(strstr(blocked, "who is in the room") != NULL, "and an operator can see why");
	free(take(blocked));
	answer(bench_request(&node, "%21share"), list);
	ok(shares(s.n, SHARE_QUEUED) == 1, "but as soon as it is known who is there");
	bench_must(envelope_blocked(node.app->crypt, id, &blocked));
	ok(strstr(blocked, "on its way") != NULL, "what waits to be said is looked at again at once");
	ratchet_account_free(a);
	crypto_outbound_free(&s);
	free(d.onetime);
	free(d.device_id);
}

static bool
is_in(const char *room, const char *user)
{
	autofree char *membership = NULL;
	int64_t pid;
	int r = person_find(node.app->db, user, &pid);

	if (r == 0)
		r = member_get(node.app->db, room, pid, &membership);
	bench_need(r >= 0);
	return r == 0;
}

/* Whoever joins what is open to all would be a row for ever. */
static void
test_strangers(void)
{
	static const struct {
		const char	*room, *stranger;
		enum room_kind	 kind;
		bool		 kept;
	} rooms[] = {
		{ "!space:here.example", "@one:there.example", ROOM_SPACE, false },
		{ "!group:here.example", "@two:there.example", ROOM_GROUP, false },
		{ "!federation:here.example", "@three:there.example", ROOM_FEDERATION, false },
		{ "!directory:here.example", "@four:there.example", ROOM_DIRECTORY, true },
	};

	for (size_t i = 0; i < sizeof(rooms) / sizeof(*rooms); i++) {
		autofree char *list = MEMBERS({ BENCH_USER, "join" }, { ANNA, "join" }, { rooms[i].stranger, "join" });
		int64_t pid;
		int known;

		make_room(rooms[i].room, rooms[i].kind, true);
		bench_tx(&node, person_id(node.app->db, ANNA, &pid));
		bench_tx(&node, roster_add(node.app->db, rooms[i].room, pid));
		sync_shows(false, list, &rooms[i].room, 1);
		bench_must(db_begin(node.app->db, NULL));
		known = person_find(node.app->db, rooms[i].stranger, &pid);
		ok(is_in(rooms[i].room, BENCH_USER) && is_in(rooms[i].room, ANNA), "%s: we are in it, and who is on its roster", rooms[i].room);
		ok(is_in(rooms[i].room, rooms[i].stranger) == rooms[i].kept && (known == 0) == rooms[i].kept, "a stranger who joins is %s",
		    rooms[i].kept ? "remembered" : "nobody");
		bench_must(db_commit(node.app->db, NULL));
	}
}

int
main(void)
{
	const char *dir = getenv("TMPDIR");

	bench_node_open(&node, dir != NULL ? dir : "/tmp", 0);
	turns();
	test_asked();
	test_newer();
	test_again();
	test_false();
	test_blanked();
	test_which();
	test_many();
	test_out();
	test_shares();
	test_strangers();
	bench_node_close(&node);
	return done_testing();
}
