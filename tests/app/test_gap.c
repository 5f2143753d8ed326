/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Many holes: those of one room are read one after the other, so many of them and no more, and rooms
 * that the homeserver cannot show neither stop the others nor pile up requests.
 */
#include <unistd.h>

#include "app/gap.h"
#include "base/canon.h"
#include "bench/node.h"
#include "store/gapstore.h"
#include "tap.h"

enum { AT_ONCE = 4, ASKED_MAX = 16, ROOMS = 40 };

static struct bench_node node;

static void
turns(void)
{
	do
		bench_tick(&node);
	while (node.app->next <= node.now);
}

/* Pages asked for and not answered. */
static int
flying(void)
{
	int n = 0;

	for (int i = 0; i < BENCH_REQUESTS; i++)
		n += node.requests[i].id != 0 && strstr(node.requests[i].path, "/messages?") != NULL;
	return n;
}

/* Answer a page, or let it fail; false: none was asked for. */
static bool
land(bool good)
{
	struct bench_request *r = bench_request(&node, "/messages?");
	uint64_t id;

	if (r == NULL)
		return false;
	if (good)
		bench_answer(&node, r, "{\"chunk\":[]}", 12);
	else {
		id = r->id;
		free(r->path);
		free(r->body);
		*r = (struct bench_request){ 0 };
		bench_must(app_failed(node.app, id, "timeout", "nothing came"));
	}
	turns();
	return true;
}

static void
found(const char *room_id)
{
	struct room room = { .room_id = (char *)(uintptr_t)room_id };

	bench_tx(&node, gap_found(node.app, &room, "t1"));
}

static int64_t
cuts(void)
{
	int64_t n;

	bench_tx(&node, gap_cuts(node.app->db, &n));
	return n;
}

static bool
is_well(const char *words)
{
	autojson json_t *reply = bench_ask(&node, "doctor", json_object());
	const json_t *item;
	size_t i;

	json_array_foreach(json_arr(json_obj(reply, "result"), "checks"), i, item)
		if (!strcmp(json_str(item, "name"), "timelines"))
			return json_is_true(json_object_get(item, "ok")) || strstr(json_str(item, "text"), words) == NULL;
	return false;
}

static void
test_one_room(void)
{
	int most = 0, n = 0;

	for (int i = 0; i < GAP_WAIT_MAX; i++)
		found("!one:here.example");
	turns();
	is_int(cuts(), 0, "%d holes of a room are known", GAP_WAIT_MAX);
	found("!one:here.example");
	turns();
	is_int(cuts(), 0, "and as the first is being read, one more");
	found("!one:here.example");
	turns();
	is_int(cuts(), 1, "the next is a loss");
	(void)ok(!is_well("in 1 room older messages could not be read"), "that the doctor shows");
	do
		most = flying() > most ? flying() : most;
	while (land(true) && ++n < 2 * GAP_WAIT_MAX);
	is_int(n, GAP_WAIT_MAX + 1, "each other one is read");
	is_int(most, 1, "one after the other");
	bench_tx(&node, gap_forget(node.app->db, INT64_MAX));
}

static void
test_many_rooms(void)
{
	int most, n = 0;
	int64_t rows;

	for (int i = 0; i < ROOMS; i++) {
		char id[64];

		bench_room(i, id);
		found(id);
	}
	turns();
	most = flying();
	while (n < ROOMS && land(false)) {
		most = flying() > most ? flying() : most;
		n++;
	}
	is_int(most, AT_ONCE, "of %d rooms that cannot be shown so many are asked for at once", ROOMS);
	is_int(n, ASKED_MAX, "and so many until one is answered");
	bench_tx(&node, outbox_due_count(node.app->db, GAP_PURPOSE, INT64_MAX, &rows));
	is_int(rows, ASKED_MAX, "which wait to be asked for again");
	node.now += GAP_LATE_MS - 60000;
	(void)ok(is_well(""), "the doctor is patient");
	node.now += 2 * 60000;
	(void)ok(!is_well("in 40 they have waited for hours"), "but not for ever");
	turns();
	for (n = 0; n < 2 * ROOMS && land(true); n++)
		;
	is_int(n, ROOMS, "when the homeserver is well again all are read");
	(void)ok(is_well(""), "and the doctor is content");
}

/* One that waits for a place among the waiting. */
static void
test_held(void)
{
	char room[] = "!held:here.example", token[] = "t1";
	struct gap g = { .room_id = room, .state = GAP_JUDGED, .token = token };
	int64_t n;

	bench_must(db_begin(node.app->db, NULL));
	bench_must(gap_add(node.app->db, &g));
	bench_must(gap_judging(node.app->db, node.now, &n));
	g.n = n;
	g.held = node.now;
	g.due = node.now + 5000;
	bench_must(gap_put(node.app->db, &g));
	bench_must(db_commit(node.app->db, NULL));
	turns();
	ok(node.app->next <= node.now + 5000, "the clock is wanted when a hole that waits is due");
	node.now += 5000;
	turns();
	bench_must(db_begin(node.app->db, NULL));
	is_int(gap_judging(node.app->db, INT64_MAX, &n), E_NOTFOUND, "and then it goes on");
	bench_must(db_commit(node.app->db, NULL));
}

int
main(void)
{
	const char *dir = getenv("TMPDIR");

	bench_node_open(&node, dir != NULL ? dir : "/tmp", 0);
	bench_stand(&node);
	turns();
	test_one_room();
	test_many_rooms();
	test_held();
	bench_node_close(&node);
	return done_testing();
}
