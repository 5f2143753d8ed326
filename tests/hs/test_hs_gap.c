/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a sync leaves out is read for itself: 250 messages of a person to a node that is down
 * all arrive, once and in order, wherever it is killed while it reads them, and whatever the
 * homeserver does with the pages.  A referral crosses though no sync ever shows an event of its channel.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/canon.h"
#include "hostile.h"
#include "points.h"
#include "story_refer.h"

enum { MESSAGES = 250, SOME = 110, ASK_MAX = 200 };

static enum trick { HELD, SILENT, HONEST, EMPTY, EMPTY_EVER, SAME, JUNK, FORGED, KNOWN, TOO_MUCH, REFUSED, BROKEN } trick;
static int asked;		/* Pages asked for; of them ... */
static int lied;		/* ... those that were answered with a trick. */
static int halves;		/* ... and those of half the size. */
static int sent;		/* Messages so far. */

/*
 * What the homeserver does.
 */

/* The same place under another name. */
static char *
alias(const char *path)
{
	const char *from = strstr(path, "from=");
	char *text;

	if (from == NULL || asprintf(&text, "t0%.*s", (int)strcspn(from + 6, "&"), from + 6) < 0)
		abort();
	return text;
}

/* Events that nobody can open; those that came before, under other names; or these themselves. */
static json_t *
false_events(struct host *h, const char *room)
{
	json_t *chunk = json_array();
	const json_t *event;
	size_t i;

	json_array_foreach(hs_events(h->hs, room), i, event) {
		char id[64];
		json_t *copy;

		if (strcmp(json_str(event, "type"), "m.room.encrypted") != 0 || json_array_size(chunk) == 100)
			continue;
		copy = json_deep_copy(event);
		(void)snprintf(id, sizeof(id), "$forged%zu", i);
		if (trick != KNOWN)
			(void)json_object_set_new(copy, "event_id", json_string(id));
		if (trick == JUNK)
			(void)json_object_set_new(json_obj(copy, "content"), "ciphertext", json_string("AwgAEhA"));
		(void)json_array_append_new(chunk, copy);
	}
	return chunk;
}

static enum hs_fate
lie(void *cookie, const struct hs_call *call, int *ret_status, json_t **ret_body)
{
	struct host *h = cookie;
	autofree char *other = NULL;

	if (strcmp(call->user, SOURCE_USER) != 0)
		return HS_SERVE;
	if (trick == HELD)
		return HS_DROP;
	if (strstr(call->path, "/messages?") == NULL)
		return HS_SERVE;
	if (trick == SILENT)
		return HS_DROP;
	asked++;
	halves += strstr(call->path, "limit=50&") != NULL;
	if (trick == HONEST || (trick == KNOWN && asked == 1) || (trick != EMPTY_EVER && lied >= (trick == EMPTY ? 3 : 1)))
		return HS_SERVE;
	lied++;
	other = alias(call->path);
	*ret_status = 200;
	switch (trick) {
	case EMPTY:
	case EMPTY_EVER:
		*ret_body = json_pack("{s:[], s:s}", "chunk", "end", other);
		break;
	case SAME:
		*ret_body = json_pack("{s:[{s:s}], s:s++}", "chunk", "type", "m.room.message", "end", "t",
		    other + 2, "");
		break;
	case JUNK:
	case FORGED:
	case KNOWN:
		*ret_body = json_pack("{s:o, s:s}", "chunk", false_events(h, hs_room(h->hs, NULL, 0)), "end", other);
		break;
	case TOO_MUCH:
		*ret_body = json_string("{\"chunk\":[");
		break;
	case BROKEN:
		*ret_body = json_pack("{s:s}", "chunk", "none");
		break;
	default:
		*ret_status = 403;
		*ret_body = json_pack("{s:s, s:s}", "errcode", "M_FORBIDDEN", "error", SOURCE_USER " is not in the room");
	}
	return HS_SAY;
}

/*
 * Messages.
 */

/* NULL: all that were sent are there, once, in order. */
static const char *
all_there(struct host *h)
{
	autojson json_t *items = story_list(h, SOURCE, "messages");
	const json_t *item;
	size_t i;
	int n = sent;

	json_array_foreach(items, i, item) {
		char text[32];

		/* The other node greets who writes to it. */
		if (strcmp(json_str(item, "direction"), "in") != 0 || strncmp(json_str(item, "body"), "Message ", 8) != 0)
			continue;
		(void)snprintf(text, sizeof(text), "Message %d.", --n);
		if (strcmp(json_str(item, "body"), text) != 0) {
			printf("# %s in the place of %s\n", json_str(item, "body"), text);
			return "a message is missing, twice or in another's place";
		}
	}
	return n == 0 ? NULL : "messages are missing at the end";
}

static void
hold(struct host *h, int n)
{
	trick = HELD;
	host_bridge(h, SOURCE, false);		/* What is parked is asked again, in vain. */
	story_say_many(h, &sent, n);
	asked = lied = halves = 0;
}

/* ${n} messages while the node is away, and then the homeserver has it its way. */
static void
miss(struct host *h, enum trick how, int n)
{
	hold(h, n);
	trick = how;
	host_run(h, 600 * 1000);
	trick = HONEST;
}

static void
check_all(struct host *h, const char *what)
{
	const char *wrong = all_there(h);

	points_check(wrong == NULL, "%s: all messages are there, once, in order%s%s", what, wrong != NULL ? ": " : "",
	    wrong != NULL ? wrong : "");
}

static void
test_pages(struct host *h)
{
	miss(h, HONEST, MESSAGES);
	check_all(h, "250 while it was away");
	points_check(asked == 2 || asked == 3, "in three pages (%d)", asked);
	points_check(story_well(h, SOURCE, "timelines") && story_clean(h, SOURCE), "nothing waits, nothing was rejected, the doctor is content");
	miss(h, EMPTY, SOME);
	check_all(h, "pages that are empty but for a token");
	points_check(lied == 3 && story_well(h, SOURCE, "timelines"), "are passed over");
	miss(h, TOO_MUCH, SOME);
	check_all(h, "a page that is too much");
	points_check(lied == 1 && halves == 1, "is asked for in halves");
	miss(h, BROKEN, SOME);
	check_all(h, "a page without events, and no word of them");
	points_check(lied == 1 && story_well(h, SOURCE, "timelines"), "is asked for again");
}

static void
test_false(struct host *h)
{
	size_t before = story_count(h, SOURCE, "rejected");

	miss(h, JUNK, SOME);
	check_all(h, "a page full of what nobody can open");
	points_check(story_count(h, SOURCE, "rejected") > before && story_well(h, SOURCE, "timelines"), "is rejected, and the next one read");
	miss(h, FORGED, SOME);
	check_all(h, "a page of old events under new names");
	points_check(lied == 1 && story_well(h, SOURCE, "timelines"), "adds nothing");
	miss(h, KNOWN, SOME);
	check_all(h, "a page of what was read long ago");
	points_check(lied == 1 && asked == 2 && story_well(h, SOURCE, "timelines"), "is the end of it");
}

/* The oldest of what is missing stays missing; what the syncs showed is there. */
static void
test_cut(struct host *h, enum trick how, const char *what)
{
	char last[32];

	miss(h, how, SOME);
	(void)snprintf(last, sizeof(last), "Message %d.", sent - 1);
	points_check(story_said(h, SOURCE, "in", last) == 1, "%s: the newest messages are there", what);
	points_check(!story_well(h, SOURCE, "timelines") && logged(h, SOURCE, "older messages of room"), "and that older ones are not is said");
	points_check(asked <= ASK_MAX && asked >= (how == EMPTY_EVER ? ASK_MAX : 1), "after %d pages", asked);
}

/*
 * Holes that are shown while others wait.  A sync shows 100 of each 150 or 200, so between the last two
 * lies a page of nothing but what was opened already: it is the end of neither.
 */
static void
test_several(void)
{
	static const int missed[] = { 150, 150, 200 };
	autojson json_t *items = NULL;
	const json_t *item;
	struct host h;
	size_t i;
	int there = 0;

	story_begin(&h, points_seed(73));
	sent = 0;
	trick = HONEST;
	hs_script(h.hs, &(struct hs_script){ .request = lie, .cookie = &h });
	story_say_many(&h, &sent, 1);
	for (i = 0; i < nelem(missed); i++) {
		hold(&h, missed[i]);
		trick = SILENT;
		host_run(&h, 100 * 1000);
	}
	trick = HONEST;
	host_run(&h, 600 * 1000);
	items = story_list(&h, SOURCE, "messages");
	json_array_foreach(items, i, item)
		there += !strncmp(json_str(item, "body"), "Message ", 8);
	points_check(there == sent, "three holes, of which two had to wait: %d of %d messages are there", there, sent);
	check_all(&h, "three holes");
	points_check(story_well(&h, SOURCE, "timelines") && story_clean(&h, SOURCE), "nothing waits, nothing was rejected, the doctor is content");
	host_end(&h);
}

/*
 * Each commit of it is the last.
 */

static const char *
play(struct host *h)
{
	trick = HONEST;
	host_run(h, 15 * 1000);
	return NULL;
}

static const char *
judge(struct host *h)
{
	host_run(h, 120 * 1000);
	return all_there(h);
}

static const struct points_story story = {
	.name = "gap", .role = { [SOURCE] = "source" }, .play = play, .judge = judge,
};

static void
test_kills(void)
{
	struct host h;

	story_begin(&h, points_seed(71));
	sent = 0;
	trick = HONEST;
	hs_script(h.hs, &(struct hs_script){ .request = lie, .cookie = &h });
	story_say_many(&h, &sent, 1);
	hold(&h, MESSAGES);
	points_test(&h, &story);
	host_close(&h);
}

/*
 * A channel of which no sync ever shows an event.
 */

static void
cut(void *cookie, const char *user, json_t *answer)
{
	struct host *h = cookie;
	const char *channel = hs_room(h->hs, "org.cairnpeer.channel", 0);
	json_t *timeline = channel == NULL ? NULL :
	    json_obj(json_obj(json_obj(json_obj(answer, "rooms"), "join"), channel), "timeline");
	json_t *events = json_arr(timeline, "events");
	char token[32];
	long end = 0;
	bool any = false;

	(void)user;
	for (size_t i = json_array_size(events); i-- > 0;)
		if (!strcmp(json_str(json_array_get(events, i), "type"), "m.room.encrypted")) {
			any = true;
			(void)json_array_remove(events, i);
		}
	if (!any || sscanf(json_str(answer, "next_batch"), "s%ld_", &end) != 1)
		return;
	(void)snprintf(token, sizeof(token), "t%ld", end);
	(void)json_object_set_new(timeline, "limited", json_true());
	(void)json_object_set_new(timeline, "prev_batch", json_string(token));
	asked++;
}

static void
test_channel(void)
{
	struct host h;
	struct referral_story s;
	const char *wrong;
	int64_t began;

	story_begin(&h, 72);
	story_trust(&h);
	story_publish(&h);
	asked = 0;
	hs_script(h.hs, &(struct hs_script){ .sync = cut, .cookie = &h });
	began = *h.now;
	refer_begin(&h, &s);
	points_check(refer_all(&h, &s), "a referral crosses a channel of which syncs show nothing");
	points_check(asked >= 5 && *h.now - began < 60000, "by reading, before anything is repeated (%lld ms)",
	    (long long)(*h.now - began));
	wrong = refer_verdict(&h, &s);
	points_check(wrong == NULL, "and is delivered exactly once%s%s", wrong != NULL ? ": " : "", wrong != NULL ? wrong : "");
	host_end(&h);
}

int
main(void)
{
	struct host h;

	if (getenv("HS_POINT") == NULL) {
		story_begin(&h, points_seed(70));
		trick = HONEST;
		hs_script(h.hs, &(struct hs_script){ .request = lie, .cookie = &h });
		asked = 0;
		story_say_many(&h, &sent, 1);
		points_check(asked == 1, "a room newly joined is read back to the invitation, and no further");
		test_pages(&h);
		test_false(&h);
		test_cut(&h, SAME, "a token that leads to itself");
		test_cut(&h, REFUSED, "a refusal");
		test_cut(&h, EMPTY_EVER, "empty pages without end");
		points_check(story_complaints(&h) == 0, "the homeservers complain about nothing");
		host_end(&h);
		test_several();
		test_channel();
	}
	(void)setenv("HS_LONG", "1", 1);	/* There are few points: each of them. */
	test_kills();
	return points_done();
}
