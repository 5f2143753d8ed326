/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a partner says in the channel, about referrals that are under way: any content, from
 * its own device.  An input is a list of up to eight {"to": 0 or 1, "type": ..., "content": {...}}
 * in the dialect of stage.h, in which "room" and "sender" may be changed too.
 *
 * The node goes on and keeps its rules: the history of each referral is a path through the table,
 * and the audit has a row for each step; what is refused changes nothing; nothing counts twice.
 */
#include <limits.h>

#include "base/canon.h"
#include "stage.h"
#include "store/inbox.h"

const unsigned fuzz_changes = 25;

enum { EVENTS_MAX = 8, AGAIN = 8 /* One input in so many says everything twice: it is dear. */ };

static json_t *
room_with(const char *room, json_t *event)
{
	json_t *rooms = json_pack("{s:{s:{s:{s:[o]}}}}", "join", room, "timeline", "events", event);

	claim(rooms != NULL);
	return rooms;
}

static json_t *done[STAGE_NODES];	/* {content id: true} of what changed something in this input. */
static json_t *first[STAGE_NODES];	/* The pictures before any input. */

static int
add_times(void *cookie, int64_t id, const char *room, const char *reason, int64_t at, int64_t times)
{
	(void)id, (void)room, (void)reason, (void)at;
	*(int64_t *)cookie += times;
	return 0;
}

/* How often something was put aside, of what is so still. */
static void
put_aside(size_t i, int64_t *ret)
{
	int64_t rejected;

	claim(inbox_counts(stage[i].app->db, ret, &rejected) == 0);
	claim(rejected_each(stage[i].app->db, INT_MAX, add_times, ret) == 0);
}

/* Each line of a referral's history begins where the one before ended. */
static void
check_history(const json_t *shown)
{
	const json_t *line;
	const char *at = NULL;
	size_t i;

	json_array_foreach(json_arr(shown, "history"), i, line) {
		const char *from = json_str(line, "from"), *to = json_str(line, "to");

		claim(from != NULL && to != NULL);
		claim(at == NULL || strcmp(at, from) == 0);
		at = to;
	}
	claim(at != NULL && json_str(shown, "state") != NULL && strcmp(at, json_str(shown, "state")) == 0);
}

static void
check_all(const json_t *picture)
{
	const char *id;
	json_t *shown;

	json_object_foreach(json_obj((json_t *)(uintptr_t)picture, "shown"), id, shown)
		check_history(json_obj(shown, "result"));
}

/* ${shown} is the picture of that node so far, and afterwards what it became; only that node hears of it. */
static void
say(const json_t *wish, size_t i, json_t **shown, bool twice)
{
	autojson json_t *filled = stage_fill(i, wish), *inner = NULL, *event = NULL, *rooms = NULL;
	autojson json_t *before = *shown, *again = NULL;
	json_t *after;
	const char *room = json_str(filled, "room"), *type = json_str(filled, "type");
	const char *id = type != NULL && strncmp(type, "org.cairnpeer.", 14) == 0 ?
	    json_str(json_object_get(filled, "content"), "id") : NULL;
	int64_t aside, aside_after;

	if (room == NULL)
		room = stage[i].channel;
	inner = json_pack("{s:s, s:s, s:O}", "type", type != NULL ? type : "-", "room_id", room, "content",
	    json_object_get(filled, "content") != NULL ? json_object_get(filled, "content") : filled);
	event = stage_event(i, room, inner);
	if (json_object_get(filled, "sender") != NULL)
		(void)json_object_set(event, "sender", json_object_get(filled, "sender"));
	rooms = room_with(room, json_incref(event));
	put_aside(i, &aside);
	stage_sync(i, rooms, NULL);
	*shown = after = stage_picture(i);
	put_aside(i, &aside_after);
	/* Put aside, or acted on (and then no longer aside), never both. */
	claim(aside_after <= aside || json_equal(before, after));
	/* A content that was acted on is not acted on again under another event id. */
	if (id != NULL && json_object_get(done[i], id) != NULL)
		claim(json_equal(before, after));
	else if (id != NULL && aside_after <= aside && !json_equal(before, after))
		(void)json_object_set_new(done[i], id, json_true());
	check_all(after);
	if (!twice)
		return;
	stage_sync(i, rooms, NULL);
	again = stage_picture(i);
	claim(json_equal(after, again));
}

int
LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc, (void)argv;
	stage_open();
	for (size_t i = 0; i < STAGE_NODES; i++)
		first[i] = stage_picture(i);
	return 0;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	autojson json_t *wish = fuzz_json(data, len);
	json_t *shown[STAGE_NODES];
	const json_t *one;
	size_t i;

	if (!json_is_array(wish))
		return 0;
	fuzz_seed(2);
	for (i = 0; i < STAGE_NODES; i++) {
		shown[i] = json_incref(first[i]);
		done[i] = json_object();
	}
	json_array_foreach(wish, i, one)
		if (json_is_object(one) && i < EVENTS_MAX) {
			size_t to = json_int(one, "to", 0) == 1 ? STAGE_B : STAGE_A;

			say(one, to, &shown[to], len % AGAIN == 0);
		}
	for (i = 0; i < STAGE_NODES; i++) {
		if (shown[i] != first[i])
			stage_check(i);
		json_decref(shown[i]);
		json_decref(done[i]);
	}
	stage_rewind();
	return 0;
}
