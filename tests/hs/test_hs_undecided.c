/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A stranger's homeserver lets no join of its direct chats be decided: each is tried some times in a day, all of them seldom in any hour,
 * and given up.  Others are joined meanwhile, and so is who invites again.
 */
#include <stdlib.h>
#include <string.h>

#include "base/canon.h"
#include "hostile.h"
#include "story.h"
#include "tests/tap.h"

#define EVE		"@eve:evil.example"
#define ANN		"@ann:anchor.example"
#define GIVEN_UP	"a direct chat, is given up"

enum { MINUTE = 60 * 1000, HOUR = 60 * MINUTE, DAY_HOURS = 24 };
enum { FLOOD = 20, TRIES = 9, AGAIN = 10 /* In an hour, for one homeserver. */ };

/* What is answered to joins of the chats of eve's homeserver. */
static struct {
	int		 status;	/* 0: the truth. */
	const char	*body;		/* NULL: it is lost on the way. */
	int		 met;
} evil;

static bool ill;	/* The source's own homeserver answers it nothing. */
static struct host h;

static enum hs_fate
judge(void *cookie, const struct hs_call *call, int *ret_status, json_t **ret_body)
{
	(void)cookie;
	if (ill && call->user != NULL && !strcmp(call->user, SOURCE_USER)) {
		*ret_status = 502;
		*ret_body = json_string("");
		return HS_SAY;
	}
	if (strcmp(call->user, SOURCE_USER) != 0 || strstr(call->path, "/join/") == NULL || strstr(call->path, "evil.example") == NULL)
		return HS_SERVE;
	evil.met++;
	if (evil.status == 0)
		return HS_SERVE;
	*ret_status = evil.status;
	*ret_body = json_string(evil.body);
	return evil.body != NULL ? HS_SAY : HS_DROP;
}

static void
say(int status, const char *body)
{
	evil.status = status;
	evil.body = body;
	evil.met = 0;
}

static void
begin(uint64_t seed, struct client *eve)
{
	story_begin(&h, seed);
	host_stop(&h, TARGET);		/* It only saves time. */
	hs_script(h.hs, &(struct hs_script){ .request = judge });
	client_login(eve, &h, EVE);
	host_run(&h, HOUR - *h.now % HOUR + 1000);
}

static bool
is_joined(const char *room)
{
	return !strcmp(member_of(&h, room, SOURCE_USER), "join");
}

static int
waiting(void)
{
	return (int)found_in(&h, SOURCE, "outbox", "purpose", "join");
}

static void
hours(int n)
{
	for (int i = 0; i < n; i++)
		host_run(&h, HOUR);
}

/* The invitation is gone, and comes once more. */
static void
invite_again(struct client *who, const char *room)
{
	struct client source;
	char path[200];

	client_as(&source, &h, SOURCE, "node");
	(void)snprintf(path, sizeof(path), "rooms/%s/leave", room);
	json_decref(client_call(&source, "POST", path, json_object()));
	host_run(&h, MINUTE);
	(void)snprintf(path, sizeof(path), "rooms/%s/state/m.room.member/%s", room, SOURCE_USER);
	json_decref(client_call(who, "PUT", path, json_pack("{s:s, s:b}", "membership", "invite", "is_direct", 1)));
	is_int(who->status, 200, "it is invited again");
	host_run(&h, MINUTE);
}

/* One chat: tried for a day, then no longer, and nothing is left of it. */
static void
test_one(int status, const char *body)
{
	autofree char *room = NULL, *other = NULL;
	struct client eve, ann;

	begin(421, &eve);
	say(status, body);
	room = client_invite(&eve, NULL, SOURCE_USER, true);
	hours(1);
	ok(evil.met >= 5 && evil.met <= 7, "a join answered %d is tried %d times in an hour", status, evil.met);
	client_login(&ann, &h, ANN);
	other = client_invite(&ann, NULL, SOURCE_USER, true);
	host_run(&h, MINUTE);
	ok(is_joined(other), "another homeserver's member is joined meanwhile");
	ok(waiting() == 1 && !logged(&h, SOURCE, GIVEN_UP), "it is not given up yet");
	hours(DAY_HOURS + 1);
	is_int(evil.met, TRIES, "nor tried for ever");
	ok(waiting() == 0 && logged(&h, SOURCE, GIVEN_UP), "a day later it is given up, which the log says");
	ok(story_clean(&h, SOURCE) && !is_joined(room), "and is no failure");
	say(0, NULL);
	invite_again(&eve, room);
	ok(is_joined(room) && evil.met == 1, "after a new invitation it is joined");
	ok(story_complaints(&h) == 0, "and all is well");
	host_end(&h);
}

/* Who is to be told something is not left waiting for a chat that cannot be joined. */
static void
test_own_chat(void)
{
	autofree char *room = NULL;
	struct client eve;

	begin(422, &eve);
	say(504, NULL);
	room = client_invite(&eve, NULL, SOURCE_USER, true);
	hours(DAY_HOURS + 2);
	is_int(waiting(), 0, "a join is given up");
	json_decref(host_ok(&h, SOURCE, "say", json_pack("{s:s, s:s}", "user", EVE, "text", "Are you there?")));
	host_run(&h, MINUTE);
	ok(hs_room(h.hs, NULL, 1) != NULL && !strcmp(member_of(&h, hs_room(h.hs, NULL, 1), EVE), "invite"), "they are invited to a chat of ours");
	host_end(&h);
}

/* As many chats as one homeserver may begin: in no hour are more joins tried again than allowed. */
static void
test_flood(int status, const char *body)
{
	struct client eve;
	int most = 0, all = 0;

	begin(423, &eve);
	say(status, body);
	for (int i = 0; i < FLOOD; i++)
		free(client_invite(&eve, NULL, SOURCE_USER, true));
	host_run(&h, HOUR - *h.now % HOUR);
	ok(evil.met > FLOOD && evil.met <= FLOOD + AGAIN, "%d joins answered %d are tried %d times in their first hour", FLOOD, status, evil.met);
	host_kill(&h, SOURCE);
	host_start(&h, SOURCE);
	for (int i = 0; i < 6; i++) {
		evil.met = 0;
		hours(1);
		most = evil.met > most ? evil.met : most;
		all += evil.met;
	}
	ok(all > 0 && most <= AGAIN, "and in no hour of the next six, through a restart, more than %d times", most);
	host_end(&h);
}

/* 429 is our own homeserver's: it counts as nothing; the same word with another status may be anybody's. */
static void
test_limited(void)
{
	autofree char *room = NULL;
	struct client eve;

	begin(424, &eve);
	say(429, "{\"errcode\":\"M_LIMIT_EXCEEDED\",\"error\":\"No.\",\"retry_after_ms\":10}");
	room = client_invite(&eve, NULL, SOURCE_USER, true);
	hours(1);
	ok(evil.met > 50 && evil.met <= 61, "a join answered 429 is tried once a minute: %d times", evil.met);
	say(502, "");
	hours(1);
	ok(evil.met >= 5 && evil.met <= 7 && waiting() == 1, "which counts as nothing: answered 502 it is tried as others are, %d times", evil.met);
	say(429, "");
	hours(DAY_HOURS + 2);
	is_int(waiting(), 1, "nor is it given up in a day of 429");
	say(0, NULL);
	host_run(&h, HOUR);
	ok(is_joined(room), "in the end it is joined");
	host_end(&h);
}

/* Our own homeserver is ill for longer than any join is tried: nobody's call is given up for that. */
static void
test_own_ill(void)
{
	autofree char *room = NULL;
	struct client eve;

	begin(426, &eve);
	say(502, "");
	room = client_invite(&eve, NULL, SOURCE_USER, true);
	host_run(&h, MINUTE);
	ill = true;
	hours(2 * DAY_HOURS);
	ill = false;
	is_int(waiting(), 1, "a join waits for as long as no sync is answered");
	say(0, NULL);
	host_run(&h, HOUR);
	ok(is_joined(room), "and is done when the homeserver is well again");
	host_end(&h);
}

/* Of whom is erased nothing goes on being asked for. */
static void
test_erased(void)
{
	autofree char *room = NULL;
	struct client eve;

	begin(425, &eve);
	say(502, "");
	room = client_invite(&eve, NULL, SOURCE_USER, true);
	host_run(&h, MINUTE);
	is_int(waiting(), 1, "a join waits");
	json_decref(host_ok(&h, SOURCE, "erase", json_pack("{s:s, s:s}", "id", EVE, "confirm", EVE)));
	host_run(&h, MINUTE);
	evil.met = 0;
	hours(2);
	ok(waiting() == 0 && evil.met == 0, "which ends with the erasure of who invited");
	host_end(&h);
}

int
main(void)
{
	test_one(502, "<html>Bad Gateway</html>");
	test_one(400, "{\"errcode\":\"M_LIMIT_EXCEEDED\",\"error\":\"No.\",\"retry_after_ms\":0}");
	test_own_chat();
	test_flood(502, "");
	test_flood(403, "{\"errcode\":\"M_FORBIDDEN\",\"error\":\"No.\"}");
	test_limited();
	test_own_ill();
	test_erased();
	return done_testing();
}
