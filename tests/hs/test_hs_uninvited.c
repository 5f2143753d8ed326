/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The homeserver makes a channel or chat, but cannot invite, or is refused: the other side's is away.  Once it is back whom the
 * room is for is invited, and what was to be said arrives once, in that room.
 */
#include <string.h>

#include "base/canon.h"
#include "base/id.h"
#include "hostile.h"
#include "story_refer.h"
#include "tests/tap.h"

#define CHANNEL	ID_NAMESPACE "channel"
#define HOUR	(3600 * 1000LL)

static struct host h;

static void
reach(int status)
{
	hs_script(h.hs, &(struct hs_script){ .closed = status != 0 ? "harbor.example" : NULL, .closed_status = status });
}

static void
begin(uint64_t seed, int status)
{
	story_begin(&h, seed);
	story_trust(&h);
	reach(status);
}

static void
hours(int n)
{
	for (int i = 0; i < n; i++) {
		*h.now += HOUR - 60000;
		host_run(&h, 60000);
	}
}

static void
follow(size_t i, size_t whom)
{
	autojson json_t *shown = host_ok(&h, whom, "show", json_pack("{s:s}", "id", "node"));

	json_decref(host_ok(&h, i, "follow", json_pack("{s:O}", "org", json_object_get(shown, "org"))));
}

/* Encrypted events of ${user} in a room. */
static int
sealed(const char *room, const char *user)
{
	const json_t *event;
	size_t i;
	int n = 0;

	json_array_foreach(hs_events(h.hs, room), i, event)
		n += !strcmp(json_str(event, "sender"), user) && !strcmp(json_str(event, "type"), "m.room.encrypted");
	return n;
}

static void
test_channel(int status)
{
	const char *room;

	begin(411, status);
	follow(SOURCE, TARGET);
	hours(2);
	room = hs_room(h.hs, CHANNEL, 0);
	ok(room != NULL && hs_room(h.hs, CHANNEL, 1) == NULL && *member_of(&h, room, TARGET_USER) == '\0',
	    "a channel is made, and inviting the partner is answered %d", status);
	reach(0);
	hours(13);
	is_str(member_of(&h, room, TARGET_USER), "join", "once its homeserver is back the partner is invited");
	ok(hs_room(h.hs, CHANNEL, 1) == NULL, "to the same channel");
	is_int(sealed(room, SOURCE_USER), 1, "and told once what was to be said");
	story_publish(&h);
	ok(story_clean(&h, SOURCE) && story_clean(&h, TARGET) && story_complaints(&h) == 0, "after which all is well");
	host_end(&h);
}

static void
test_chat(int status)
{
	const char *room;

	begin(412, status);
	json_decref(host_ok(&h, SOURCE, "say", json_pack("{s:s, s:s}", "user", TARGET_USER, "text", "One.")));
	hours(2);
	room = hs_room(h.hs, NULL, 0);
	ok(room != NULL && hs_room(h.hs, NULL, 1) == NULL && *member_of(&h, room, TARGET_USER) == '\0',
	    "a chat is made, and inviting them is answered %d", status);
	is_int((int)found_in(&h, SOURCE, "outbox", "purpose", "invite"), 1, "which is not forgotten, and said once");
	reach(0);
	hours(13);
	is_str(member_of(&h, room, TARGET_USER), "join", "once their homeserver is back they are invited, to a direct chat");
	is_int(story_said(&h, TARGET, "in", "One."), 1, "and read once what was written to them");
	ok(hs_room(h.hs, NULL, 1) == NULL && story_clean(&h, SOURCE) && story_complaints(&h) == 0, "after which all is well");
	host_end(&h);
}

/* The partner, who cannot be invited, invites. */
static void
test_their_own(void)
{
	const char *dead, *theirs;

	begin(413, 403);
	follow(SOURCE, TARGET);
	host_run(&h, 60000);
	dead = hs_room(h.hs, CHANNEL, 0);
	follow(TARGET, SOURCE);
	hours(3);
	theirs = hs_room(h.hs, CHANNEL, 1);
	ok(dead != NULL && theirs != NULL && *member_of(&h, dead, TARGET_USER) == '\0', "a partner that cannot be invited makes a channel of its own");
	ok(sealed(theirs, SOURCE_USER) >= 2 && sealed(dead, SOURCE_USER) == 0, "in which it is answered, and told what we had to say");
	is_int((int)found_in(&h, SOURCE, "outbox", "purpose", "traffic"), 0, "so that nothing waits in ours");
	host_end(&h);
}

/* Who declined is not asked again. */
static void
test_declined(void)
{
	struct client c;
	const char *room;
	char path[200];

	begin(414, 0);
	client_as(&c, &h, TARGET, "node");
	host_kill(&h, TARGET);
	json_decref(host_ok(&h, SOURCE, "say", json_pack("{s:s, s:s}", "user", TARGET_USER, "text", "One.")));
	host_run(&h, 60000);
	room = hs_room(h.hs, NULL, 0);
	(void)snprintf(path, sizeof(path), "rooms/%s/leave", room);
	json_decref(client_call(&c, "POST", path, json_object()));
	hours(26);
	is_str(member_of(&h, room, TARGET_USER), "leave", "who declined a chat is not invited again");
	is_int((int)found_in(&h, SOURCE, "outbox", "purpose", "invite"), 0, "nor is that tried");
	host_end(&h);
}

int
main(void)
{
	test_channel(502);
	test_channel(403);
	test_chat(502);
	test_chat(403);
	test_their_own();
	test_declined();
	return done_testing();
}
