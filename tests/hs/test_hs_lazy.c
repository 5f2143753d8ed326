/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The last try of a sync that is too large leaves out members.  Who left meanwhile gets no further key,
 * who came is spoken to, whatever the homeserver says when it is asked who is there, whenever the node
 * dies, and however much is already on its way to the one who left.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/canon.h"
#include "hostile.h"
#include "points.h"
#include "story.h"

/* What the source's homeserver does with its syncs ... */
static enum { WHOLE, HELD, LAZY, BLANK } syncs;
/* ... with its questions who is in a room ... */
static enum reply { HONEST, AWAY, REFUSED, UNKNOWN, BROKEN, EMPTY, FOREIGN, TOO_MUCH, STALE, REPLIES } reply;
static const char *held;	/* ... and with requests of this kind, which it drops; NULL: none. */

enum { SPENT = 110 };		/* Words after which a session is used up. */

static const char *const reply_name[REPLIES] = { "honest", "502", "403", "404", "no list", "an empty list", "a list without us",
    "too much", "stale" };

static bool strict;		/* Of members only who says something, as the specification allows of state. */
static bool lazy_asked;		/* The last sync asked for was lazy. */
static int lazies, asked;	/* Lazy syncs that told something; questions. */
static json_t *stale;		/* What it said once. */

static json_t *
too_much(void)
{
	return json_string("{");
}

static enum hs_fate
answer_members(json_t **ret_body, int *ret_status)
{
	*ret_status = 200;
	asked++;
	switch (reply) {
	case AWAY:
		return HS_DROP;
	case REFUSED:
	case UNKNOWN:
		*ret_status = reply == REFUSED ? 403 : 404;
		*ret_body = json_pack("{s:s, s:s}", "errcode", reply == REFUSED ? "M_FORBIDDEN" : "M_UNRECOGNIZED", "error",
		    TARGET_USER " is not in the room");
		return HS_SAY;
	case BROKEN:
		*ret_body = json_pack("{s:s}", "chunk", "none");
		return HS_SAY;
	case EMPTY:
		*ret_body = json_pack("{s:[]}", "chunk");
		return HS_SAY;
	case FOREIGN:
		*ret_body = json_pack("{s:[{s:s, s:s, s:{s:s}}]}", "chunk", "type", "m.room.member", "state_key", TARGET_USER,
		    "content", "membership", "join");
		return HS_SAY;
	case TOO_MUCH:
		*ret_body = too_much();
		return HS_SAY;
	case STALE:
		*ret_body = json_incref(stale);
		return HS_SAY;
	default:
		return HS_SERVE;
	}
}

static enum hs_fate
request(void *cookie, const struct hs_call *call, int *ret_status, json_t **ret_body)
{
	(void)cookie;
	if (strcmp(call->user, SOURCE_USER) != 0)
		return HS_SERVE;
	if (strstr(call->path, "/members") != NULL)
		return answer_members(ret_body, ret_status);
	if (held != NULL && strstr(call->path, held) != NULL)
		return HS_DROP;
	if (strstr(call->path, "/sync?") == NULL)
		return HS_SERVE;
	lazy_asked = strstr(call->path, "lazy_load_members%22%3Atrue") != NULL;
	if (syncs == HELD)
		return HS_DROP;
	if (syncs != LAZY || lazy_asked)
		return HS_SERVE;
	*ret_status = 200;
	*ret_body = too_much();
	return HS_SAY;
}

static bool
says_something(const json_t *timeline, const char *user)
{
	const json_t *event;
	size_t i;

	json_array_foreach(timeline, i, event)
		if (!strcmp(json_str(event, "sender"), user))
			return true;
	return false;
}

/* A sync that tells nothing of a room changes nothing here. */
static void
answer_sync(void *cookie, const char *user, json_t *answer)
{
	json_t *joined = json_obj(json_obj(answer, "rooms"), "join"), *room;
	const char *id;

	(void)cookie;
	if (strcmp(user, SOURCE_USER) != 0 || json_object_size(joined) == 0)
		return;
	json_object_foreach(joined, id, room) {
		json_t *state = json_arr(json_obj(room, "state"), "events"), *timeline = json_arr(json_obj(room, "timeline"), "events");

		for (size_t i = json_array_size(state); i-- > 0 && lazy_asked && strict;) {
			const json_t *event = json_array_get(state, i);

			if (!strcmp(json_str(event, "type"), "m.room.member") && strcmp(json_str(event, "state_key"), user) != 0 &&
			    !says_something(timeline, json_str(event, "state_key")))
				(void)json_array_remove(state, i);
		}
		for (size_t i = 0; i < json_array_size(timeline) && syncs == BLANK; i++) {
			json_t *event = json_array_get(timeline, i), *copy = json_deep_copy(event);

			if (!strcmp(json_str(event, "type"), "m.room.member"))
				(void)json_object_set_new(copy, "content", json_integer(0));
			(void)json_array_set_new(timeline, i, copy);
		}
	}
	if (lazy_asked) {
		lazies++;
		syncs = WHOLE;		/* The rest fits again. */
	}
}

/*
 * What is seen.
 */

static void
say(struct host *h, const char *text)
{
	json_decref(host_ok(h, SOURCE, "say", json_pack("{s:s, s:s}", "user", TARGET_USER, "text", text)));
}

static size_t
mark(const struct host *h)
{
	return json_array_size(hs_log(h->hs));
}

/* Requests of the source since ${from} with ${part} in their path, and ${word} in their body. */
static int
since(const struct host *h, size_t from, const char *part, const char *word)
{
	int n = 0;

	for (size_t i = from; i < mark(h); i++) {
		const json_t *call = json_array_get(hs_log(h->hs), i);
		autofree char *body = json_dumps(json_object_get(call, "body"), JSON_ENCODE_ANY);

		n += !strcmp(json_str(call, "user"), SOURCE_USER) && strstr(json_str(call, "path"), part) != NULL &&
		    strstr(body, word) != NULL;
	}
	return n;
}

static int
outbox_has(struct host *h, const char *purpose)
{
	return (int)found_in(h, SOURCE, "outbox", "purpose", purpose);
}

/* Keys and words that left for the target. */
static int
told(const struct host *h, size_t from)
{
	return since(h, from, "/sendToDevice/", TARGET_USER) + since(h, from, "/send/m.room.encrypted/", "");
}

static const char *
chat(const struct host *h)
{
	return hs_room(h->hs, NULL, 0);
}

static void
leave(struct host *h)
{
	struct client c;
	char path[200];

	client_as(&c, h, TARGET, "node");
	(void)snprintf(path, sizeof(path), "rooms/%s/leave", chat(h));
	json_decref(client_call(&c, "POST", path, json_object()));
}

/* The room goes on, so that its last event, which is all that a lazy sync shows, is of somebody else. */
static void
go_on(struct host *h)
{
	autojson json_t *content = json_pack("{s:s}", "body", "x");

	hs_inject(h->hs, chat(h), SOURCE_USER, "m.x", NULL, content);
	h->changes++;
}

static void
hold(struct host *h)
{
	syncs = HELD;
	host_bridge(h, SOURCE, false);		/* What is parked is asked again, in vain. */
	host_run(h, 1000);
}

/* One lazy sync brings what was held. */
static void
relent(struct host *h, enum reply how)
{
	reply = how;
	lazies = asked = 0;
	syncs = LAZY;
	host_run(h, 120 * 1000);
	if (lazies != 1)
		host_fail(h, "%d lazy syncs", lazies);
}

static void
begin(struct host *h, uint64_t seed)
{
	story_begin(h, points_seed(seed));
	syncs = WHOLE;
	reply = HONEST;
	held = NULL;
	strict = true;
	hs_script(h->hs, &(struct hs_script){ .request = request, .sync = answer_sync, .cookie = h });
}

static void
begin_chat(struct host *h, uint64_t seed)
{
	begin(h, seed);
	say(h, "One.");
	host_run(h, 30 * 1000);
	if (story_said(h, TARGET, "in", "One.") != 1)
		host_fail(h, "there is no chat");
	asked = 0;
}

static void
end(struct host *h)
{
	points_check(story_complaints(h) == 0, "the homeservers complain about nothing");
	host_end(h);
	json_decref(stale);
	stale = NULL;
}

/*
 * What is done.
 */

static void
test_leave(bool lazily)
{
	struct host h;
	size_t from;

	begin_chat(&h, 91);
	strict = lazily;
	hold(&h);
	leave(&h);
	go_on(&h);
	from = mark(&h);
	relent(&h, HONEST);
	say(&h, "Two.");
	host_run(&h, 600 * 1000);
	points_check(told(&h, from) == 0, "%s: who left in a lazy sync gets no further key, and no word (%d)",
	    lazily ? "left out" : "as Synapse shows it", told(&h, from));
	points_check(asked == 1 && story_well(&h, SOURCE, "members"), "it is asked once who is there (%d)", asked);
	end(&h);
}

static void
test_join(bool lazily)
{
	struct host h;

	begin(&h, 92);
	strict = lazily;
	hold(&h);
	say(&h, "One.");
	host_run(&h, 30 * 1000);
	if (chat(&h) == NULL || strcmp(member_of(&h, chat(&h), TARGET_USER), "join") != 0)
		host_fail(&h, "the target has not come");
	go_on(&h);
	relent(&h, HONEST);
	points_check(story_said(&h, TARGET, "in", "One.") == 1, "%s: who came in a lazy sync is spoken to",
	    lazily ? "left out" : "as Synapse shows it");
	points_check(asked >= 1 && story_well(&h, SOURCE, "members"), "and known to be there");
	end(&h);
}

/* Nobody left; but as long as that is not known, nothing is said. */
static void
test_replies(void)
{
	struct host h;

	begin_chat(&h, 93);
	for (enum reply how = AWAY; how < STALE; how++) {
		char text[40];
		size_t from;

		(void)snprintf(text, sizeof(text), "After %s.", reply_name[how]);
		hold(&h);
		go_on(&h);
		from = mark(&h);
		relent(&h, how);
		say(&h, text);
		host_run(&h, 200 * 1000);
		points_check(told(&h, from) == 0 && asked > 1, "%s: nothing is said, and it is asked again (%d)", reply_name[how], asked);
		points_check(!story_well(&h, SOURCE, "members") && story_clean(&h, SOURCE), "and the doctor says so");
		host_kill(&h, SOURCE);
		host_start(&h, SOURCE);
		host_run(&h, 30 * 1000);
		points_check(told(&h, from) == 0, "also after a restart");
		reply = HONEST;
		host_run(&h, 600 * 1000);
		points_check(story_said(&h, TARGET, "in", text) == 1 && story_well(&h, SOURCE, "members"), "once it is answered, what waited is said");
	}
	end(&h);
}

static void
test_stale(void)
{
	struct host h;
	struct client c;
	char path[200];
	size_t from;

	begin_chat(&h, 94);
	hold(&h);
	go_on(&h);
	relent(&h, AWAY);
	client_as(&c, &h, SOURCE, "node");
	(void)snprintf(path, sizeof(path), "rooms/%s/members", chat(&h));
	reply = HONEST;
	stale = client_call(&c, "GET", path, NULL);
	reply = AWAY;
	leave(&h);
	host_run(&h, 1000);
	from = mark(&h);
	reply = STALE;
	say(&h, "Two.");
	host_run(&h, 600 * 1000);
	points_check(told(&h, from) == 0 && story_well(&h, SOURCE, "members"), "an answer from before a leave that a sync has shown does not undo it");
	end(&h);
}

/* A room key has not got through when the room becomes unsure. */
static void
test_under_way(void)
{
	struct host h;
	size_t from;

	begin_chat(&h, 95);
	held = "/sendToDevice/";
	for (int i = 0; i < SPENT && outbox_has(&h, "share") == 0; i++) {
		say(&h, "Again.");
		host_run(&h, 1000);
	}
	if (outbox_has(&h, "share") != 1)
		host_fail(&h, "no key is on its way");
	from = mark(&h);
	hold(&h);
	leave(&h);
	go_on(&h);
	relent(&h, AWAY);
	held = NULL;
	host_run(&h, 1200 * 1000);
	points_check(told(&h, from) == 0, "a room key that was ready does not leave while it is not known who is there (%d)", told(&h, from));
	reply = HONEST;
	host_run(&h, 600 * 1000);
	points_check(since(&h, from, "/send/m.room.encrypted/", "") == 0 && story_well(&h, SOURCE, "members"), "nor do words afterwards");
	end(&h);
}

static void
test_blanked(void)
{
	struct host h;
	size_t from;

	begin_chat(&h, 96);
	syncs = BLANK;
	leave(&h);
	host_run(&h, 1000);
	syncs = WHOLE;
	from = mark(&h);
	say(&h, "Two.");
	host_run(&h, 600 * 1000);
	points_check(told(&h, from) == 0 && asked == 1, "a leave that cannot be read is asked about");
	end(&h);
}

static void
test_left(void)
{
	struct host h;
	int before;

	begin_chat(&h, 97);
	hold(&h);
	go_on(&h);
	relent(&h, REFUSED);
	{
		autojson json_t *content = json_pack("{s:s}", "membership", "leave");

		hs_inject(h.hs, chat(&h), TARGET_USER, "m.room.member", SOURCE_USER, content);
		h.changes++;
	}
	host_run(&h, 10 * 1000);
	before = asked;
	host_run(&h, 1200 * 1000);
	points_check(asked == before && story_well(&h, SOURCE, "members"), "a room that we were put out of is asked about no more");
	end(&h);
}

/*
 * Each commit of it is the last.
 */

static size_t at_leave;

static const char *
play(struct host *h)
{
	syncs = LAZY;
	host_run(h, 25 * 1000);
	say(h, "Two.");
	host_run(h, 5 * 1000);
	return NULL;
}

static const char *
judge(struct host *h)
{
	syncs = WHOLE;
	host_run(h, 300 * 1000);
	return told(h, at_leave) != 0 ? "who left got a key" : story_well(h, SOURCE, "members") ? NULL : "it is not known who is there";
}

static const struct points_story story = {
	.name = "lazy", .role = { [SOURCE] = "source" }, .play = play, .judge = judge,
};

static void
test_kills(void)
{
	struct host h;

	begin_chat(&h, 98);
	hold(&h);
	leave(&h);
	go_on(&h);
	at_leave = mark(&h);
	points_test(&h, &story);
	host_close(&h);
}

int
main(void)
{
	if (getenv("HS_POINT") == NULL) {
		test_leave(true);
		test_leave(false);
		test_join(true);
		test_join(false);
		test_replies();
		test_stale();
		test_under_way();
		test_blanked();
		test_left();
	}
	test_kills();
	return points_done();
}
