/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An hour in which a homeserver gives the same unhelpful answer to all that a
 * node asks: it is asked seldom, nothing that waits is given up, and when the hour is over all
 * of it is sent, once.
 *
 * Each third of the answers is tried; HS_LONG=1 tries them all.
 */
#include <string.h>

#include "base/canon.h"
#include "hostile.h"
#include "story.h"
#include "tests/tap.h"

#define HTML	"<html><head><title>502 Bad Gateway</title></head><body>nginx</body></html>"
#define CODE(code) "{\"errcode\":\"" code "\",\"error\":\"No.\"}"
#define TOLD(ms) "{\"errcode\":\"M_LIMIT_EXCEEDED\",\"error\":\"No.\",\"retry_after_ms\":" ms "}"

enum { HOUR = 3600 * 1000, WORDS = 4 };

/* Of one lane: told nothing, 1 + 2 + 4 ... to 300 s, at most 20 in the hour; barred, one a minute. */
enum { OWN = 21, MINUTE = 61, LANES = 4 };

static const struct hour {
	const char	*what;
	int		 status;
	const char	*body;
	int		 most;		/* Times that it asks for a sync. */
	const char	*says;		/* In its log. */
} hours[] = {
	{ "429 without a delay",		429, CODE("M_LIMIT_EXCEEDED"),	OWN, "HTTP 429" },
	{ "429, in 10 s",			429, TOLD("10000"),		361, "HTTP 429" },
	{ "429, in 0 s",			429, TOLD("0"),			3601, "HTTP 429" },
	{ "429, in an hour and a day",		429, TOLD("90000000"),		1, "HTTP 429" },
	{ "429, in 2^63 ms",			429, TOLD("9223372036854775808"), OWN, "HTTP 429" },
	{ "429, in 2^53 ms",			429, TOLD("9007199254740992"),	1, "HTTP 429" },
	{ "429, in -5 ms",			429, TOLD("-5"),		OWN, "HTTP 429" },
	{ "429, in 1e400 ms",			429, TOLD("1e400"),		OWN, "HTTP 429" },
	{ "429, at a date",			429, TOLD("\"Wed, 21 Oct 2026 07:28:00 GMT\""), OWN, "HTTP 429" },
	{ "429 with a page",			429, HTML,			OWN, "HTTP 429" },
	{ "400 M_LIMIT_EXCEEDED",		400, TOLD("10000"),		361, "M_LIMIT_EXCEEDED" },
	{ "500",				500, CODE("M_UNKNOWN"),		OWN, "HTTP 500" },
	{ "502 with a page",			502, HTML,			OWN, "HTTP 502" },
	{ "503 with nothing",			503, "",			OWN, "HTTP 503" },
	{ "504 with a page",			504, HTML,			OWN, "HTTP 504" },
	{ "200 with a page",			200, HTML,			OWN + 7, "HTTP 200" },
	{ "200 with nothing",			200, "",			OWN + 7, "HTTP 200" },
	{ "200 with a list",			200, "[]",			OWN, "next_batch is missing" },
	{ "200 with an empty object",		200, "{}",			OWN, "next_batch is missing" },
	{ "204 with nothing",			204, "",			OWN, "HTTP 204" },
	{ "302",				302, "",			OWN, "HTTP 302" },
	{ "307 with JSON",			307, "{}",			OWN, "HTTP 307" },
	{ "403 with a page",			403, HTML,			OWN, "HTTP 403" },
	{ "404 M_UNRECOGNIZED",			404, CODE("M_UNRECOGNIZED"),	OWN, "M_UNRECOGNIZED" },
	{ "405 M_UNRECOGNIZED",			405, CODE("M_UNRECOGNIZED"),	OWN, "M_UNRECOGNIZED" },
	{ "407 with a page",			407, HTML,			OWN, "HTTP 407" },
	{ "408 M_UNKNOWN",			408, CODE("M_UNKNOWN"),		OWN, "HTTP 408" },
	{ "401 M_UNKNOWN_TOKEN",		401, CODE("M_UNKNOWN_TOKEN"),	MINUTE, "run cairn setup again" },
	{ "401 M_UNKNOWN_TOKEN, soft",		401, "{\"errcode\":\"M_UNKNOWN_TOKEN\",\"soft_logout\":true}", MINUTE,
						"run cairn setup again" },
	{ "401 M_UNAUTHORIZED",			401, CODE("M_UNAUTHORIZED"),	MINUTE, "M_UNAUTHORIZED" },
	{ "401 M_USER_LOCKED",			401, "{\"errcode\":\"M_USER_LOCKED\",\"soft_logout\":true}", MINUTE, "M_USER_LOCKED" },
	{ "403 M_USER_DEACTIVATED",		403, CODE("M_USER_DEACTIVATED"), MINUTE, "M_USER_DEACTIVATED" },
	{ "403 M_USER_SUSPENDED",		403, CODE("M_USER_SUSPENDED"),	MINUTE, "M_USER_SUSPENDED" },
	{ "403 M_CONSENT_NOT_GIVEN",		403, CODE("M_CONSENT_NOT_GIVEN"), MINUTE, "M_CONSENT_NOT_GIVEN" },
	{ "403 M_RESOURCE_LIMIT_EXCEEDED",	403, CODE("M_RESOURCE_LIMIT_EXCEEDED"), MINUTE, "M_RESOURCE_LIMIT_EXCEEDED" },
};

struct bad {
	const struct hour *hour;
	const char	*user;		/* Whose; NULL: the source's. */
	const char	*part;		/* Only these requests; NULL: all. */
	int		 syncs, others;
};

static enum hs_fate
judge(void *cookie, const struct hs_call *call, int *ret_status, json_t **ret_body)
{
	struct bad *b = cookie;

	if (strcmp(call->user, b->user != NULL ? b->user : SOURCE_USER) != 0 || (b->part != NULL && strstr(call->path, b->part) == NULL))
		return HS_SERVE;
	if (strstr(call->path, "/sync?") != NULL)
		b->syncs++;
	else
		b->others++;
	*ret_status = b->hour->status;
	*ret_body = json_string(b->hour->body);
	return HS_SAY;
}

static void
say(struct host *h, size_t i, const char *user, const char *text)
{
	json_decref(host_ok(h, i, "say", json_pack("{s:s, s:s}", "user", user, "text", text)));
}

/* Until nothing waits to be sent that could be; an hour and a half at most. */
static void
drain(struct host *h)
{
	host_run(h, 60 * 1000);
	for (int i = 0; i < 18 && found_in(h, SOURCE, "outbox", "purpose", "say") > 0; i++)
		host_run(h, 300 * 1000);
}

/* A queue in several lanes: words in a chat that is there, a chat that is not, a key to be shared. */
static void
test_hour(struct host *h, const struct hour *hour, int n)
{
	struct bad b = { .hour = hour };
	char text[32], user[64];
	size_t got = 0;

	/* The chat has its key: what a server took and lost is not what is tried here. */
	say(h, SOURCE, TARGET_USER, "Good morning");
	host_run(h, 60 * 1000);
	hs_script(h->hs, &(struct hs_script){ .request = judge, .cookie = &b });
	(void)snprintf(user, sizeof(user), "@p%d:harbor.example", n);
	hs_add_user(h->hs, user, "pw");
	say(h, SOURCE, user, "Are you there?");
	for (int i = 0; i < WORDS; i++) {
		(void)snprintf(text, sizeof(text), "%d of %d", i, n);
		say(h, SOURCE, TARGET_USER, text);
	}
	host_stop(h, TARGET);		/* It only saves time. */
	host_run(h, HOUR);
	host_start(h, TARGET);
	/* One sync is in flight when the hour begins. */
	ok(b.syncs <= hour->most + 1, "%s: an hour of it is %d syncs", hour->what, b.syncs);
	ok(b.others <= (hour->most == MINUTE ? LANES : LANES * hour->most), "and %d other requests", b.others);
	ok(logged(h, SOURCE, hour->says), "its log says: %s", hour->says);
	is_int((int)found_in(h, SOURCE, "outbox", "state", "failed"), 0, "nothing is given up");
	hs_script(h->hs, NULL);
	drain(h);
	for (int i = 0; i < WORDS; i++) {
		(void)snprintf(text, sizeof(text), "%d of %d", i, n);
		got += found_in(h, TARGET, "messages", "body", text) == 1;
	}
	is_int((int)got, WORDS, "afterwards all is sent, once");
	ok(story_complaints(h) == 0, "and no key was used twice");
}

/*
 * 403 M_FORBIDDEN to one kind of request, for an hour: the others go on, and so does
 * that one afterwards.  Only an event that the server will not have is given up, and is shown.
 */
static void
test_forbidden(struct host *h, const char *part, int n)
{
	static const struct hour hour = { .status = 403, .body = CODE("M_FORBIDDEN") };
	struct bad b = { .hour = &hour, .part = part };
	bool event = !strcmp(part, "/send/");
	char text[64], user[64];

	(void)snprintf(user, sizeof(user), "@q%d:harbor.example", n);
	hs_add_user(h->hs, user, "pw");
	hs_script(h->hs, &(struct hs_script){ .request = judge, .cookie = &b });
	say(h, SOURCE, user, "Are you there?");
	(void)snprintf(text, sizeof(text), "During %s.", part);
	say(h, SOURCE, TARGET_USER, text);
	host_run(h, HOUR);
	ok(b.syncs + b.others > 0 && b.syncs + b.others <= MINUTE, "403 to each %s for an hour: %d of them", part,
	    b.syncs + b.others);
	is_int((int)found_in(h, SOURCE, "outbox", "state", "failed"), event, "%s is given up", event ? "one" : "none");
	hs_script(h->hs, NULL);
	host_run(h, 60 * 1000);
	drain(h);
	is_int((int)found_in(h, TARGET, "messages", "body", text), !event, event ? "it was not sent" :
	    "afterwards it is sent, once");
	(void)snprintf(text, sizeof(text), "After %s.", part);
	say(h, SOURCE, TARGET_USER, text);
	host_run(h, 60 * 1000);
	is_int((int)found_in(h, TARGET, "messages", "body", text), 1, "and so is the next");
}

/*
 * Another server's 401, passed on as the answer to what it was asked for: that request
 * waits by itself, ever longer, and is refused in the end; the account goes on as before.
 */
static const struct remote {
	const char	*part;
	size_t		 who;
	int64_t		 relents;	/* After so long. */
} remotes[] = {
	{ "/createRoom",	SOURCE, HOUR / 2 },
	{ "/join/",		SOURCE, HOUR / 2 },
	{ "/join/",		SOURCE, 4 * HOUR },
	{ "/invite",		TARGET, HOUR / 2 },
};

/* Has what it was asked for come about? */
static bool
came_about(struct host *h, const struct remote *remote, const char *room)
{
	autojson json_t *found = NULL;

	if (room != NULL)
		return !strcmp(member_of(h, room, SOURCE_USER), "join");
	if (remote->who == SOURCE)
		return hs_room(h->hs, NULL, 1) != NULL;
	found = host_ok(h, SOURCE, "find", json_object());
	return json_array_size(json_arr(found, "records")) > 0;
}

static void
test_remote(const struct remote *remote)
{
	static const struct hour hour = { .status = 401, .body = CODE("M_UNKNOWN_TOKEN") };
	struct bad b = { .hour = &hour, .part = remote->part };
	size_t other = remote->who == SOURCE ? TARGET : SOURCE;
	autofree char *room = NULL;
	autojson json_t *records = NULL, *target = NULL;
	bool gives_up = remote->relents > HOUR;
	struct client c;
	struct host h;

	story_begin(&h, 91);
	story_trust(&h);
	records = story_records(*h.now);
	target = host_ok(&h, TARGET, "show", json_pack("{s:s}", "id", "node"));
	json_decref(host_ok(&h, TARGET, "import", json_pack("{s:O}", "records", records)));
	json_decref(host_ok(&h, TARGET, "publish", json_object()));
	say(&h, remote->who, h.node[other].user, "Hello.");
	host_run(&h, 10 * 1000);
	client_login(&c, &h, "@ann:anchor.example");
	b.user = h.node[remote->who].user;
	hs_script(h.hs, &(struct hs_script){ .request = judge, .cookie = &b });
	if (remote->who == TARGET)
		json_decref(host_ok(&h, SOURCE, "follow", json_pack("{s:O}", "org", json_object_get(target, "org"))));
	else if (!strcmp(remote->part, "/join/"))
		room = client_invite(&c, NULL, SOURCE_USER, true);
	else
		say(&h, SOURCE, c.user, "Are you there?");
	host_run(&h, 10 * 1000);
	is_int(b.others, 1, "401 of another server to %s", remote->part);
	say(&h, remote->who, h.node[other].user, "Meanwhile.");
	host_run(&h, 10 * 1000);
	is_int(story_said(&h, other, "in", "Meanwhile."), 1, "what is said meanwhile arrives at once");
	host_run(&h, remote->relents);
	ok(b.others >= 4 && b.others <= 9, "in %d minutes it was tried %d times", (int)(remote->relents / 60000), b.others);
	ok(!logged(&h, remote->who, "run cairn setup again"), "nobody is told to set up again");
	hs_script(h.hs, NULL);
	host_run(&h, HOUR);
	ok(came_about(&h, remote, room) == !gives_up, gives_up ? "it was given up" : "then it comes about");
	is_int((int)found_in(&h, remote->who, "outbox", "state", "failed"), gives_up, gives_up ? "and is shown" : "nothing is lost");
	host_end(&h);
}

int
main(void)
{
	static const char *const parts[] = { "/sync?", "/keys/query", "/createRoom", "/send/" };
	struct host h;

	for (size_t i = 0; i < nelem(remotes); i++)
		test_remote(&remotes[i]);
	story_begin(&h, 90);
	say(&h, SOURCE, TARGET_USER, "Hello.");
	host_run(&h, 20000);
	for (size_t i = 0; i < nelem(hours); i += getenv("HS_LONG") != NULL ? 1 : 3)
		test_hour(&h, &hours[i], (int)i);
	for (size_t i = 0; i < nelem(parts); i++)
		test_forbidden(&h, parts[i], (int)i);
	host_end(&h);
	return done_testing();
}
