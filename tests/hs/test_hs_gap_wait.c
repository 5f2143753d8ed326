/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A hole of 250 messages is read before their keys are there, by a node that has next to no place
 * for what waits: nothing is given up while keys may still come, and not for ever if they do not.
 */
#include <stdio.h>
#include <string.h>

#include "app/gap.h"
#include "base/canon.h"
#include "hostile.h"
#include "store/gapstore.h"
#include "store/inbox.h"
#include "store/peoplestore.h"
#include "story.h"
#include "tests/tap.h"

/* A sync shows 100 of them. */
enum { MESSAGES = 250, SHOWN = 100, PLACES = SHOWN + 20, HOUR = 3600 * 1000 };

static struct meddler meddler = { .user = SOURCE_USER };
static bool away;
static int sent;

static enum hs_fate
be_away(void *cookie, const struct hs_call *call, int *ret_status, json_t **ret_body)
{
	(void)cookie, (void)ret_status, (void)ret_body;
	return away && !strcmp(call->user, SOURCE_USER) ? HS_DROP : HS_SERVE;
}

static void
hold_keys(void *cookie, const char *user, json_t *answer)
{
	(void)cookie;
	meddle(&meddler, user, answer);
}

static void
must(struct host *h, int r)
{
	if (r != 0)
		host_fail(h, "a store refuses: %s", err_name(r));
}

/* Of what was sent; ${ret_order}: in order, none twice. */
static int
arrived(struct host *h, bool *ret_order)
{
	autojson json_t *items = story_list(h, SOURCE, "messages");
	const json_t *item;
	size_t i;
	int n = 0, last = sent, k;

	*ret_order = true;
	json_array_foreach(items, i, item) {
		if (sscanf(json_str(item, "body"), "Message %d.", &k) != 1)
			continue;
		*ret_order &= k < last;
		last = k;
		n++;
	}
	return n;
}

/* All but ${places} of the target's places are taken by what nobody will ever open. */
static void
fill(struct host *h, int places)
{
	const json_t *events = hs_events(h->hs, hs_room(h->hs, NULL, 0)), *event, *any = NULL;
	struct waiting w = { .account = (char *)(uintptr_t)"node", .reason = (char *)(uintptr_t)"no key", .at = *h->now,
	    .room_id = (char *)(uintptr_t)hs_room(h->hs, NULL, 0),
	    .session_id = (char *)(uintptr_t)"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA" };
	autojson json_t *copy = NULL;
	struct db *db = hostile_db(h, SOURCE);
	int64_t lost;
	size_t k;

	json_array_foreach(events, k, event)
		if (!strcmp(json_str(event, "type"), "m.room.encrypted") && !strcmp(json_str(event, "sender"), TARGET_USER))
			any = event;
	copy = json_deep_copy(any);
	(void)json_object_set_new(json_obj(copy, "content"), "session_id", json_string(w.session_id));
	must(h, person_find(db, TARGET_USER, &w.pid));
	for (int i = 0; i < INBOX_WAITING_MAX - places; i++) {
		char id[32];

		(void)snprintf(id, sizeof(id), "$fill%d", i);
		(void)json_object_set_new(copy, "event_id", json_string(id));
		w.raw = json_dumps(copy, JSON_COMPACT);
		must(h, waiting_add(db, &w, true, &lost));
		free(w.raw);
	}
	hostile_go_on(h, SOURCE, db);
}

/*
 * The source was away, comes back to 250 messages, most of them without their keys, and has 120 places for
 * those.  How many have none.
 */
static int
begin(struct host *h, uint64_t seed)
{
	bool order;

	story_begin(h, seed);
	sent = 0;
	meddler.hold = away = false;
	hs_script(h->hs, &(struct hs_script){ .request = be_away, .sync = hold_keys });
	story_say_many(h, &sent, 1);
	away = true;
	host_bridge(h, SOURCE, false);
	story_say_many(h, &sent, MESSAGES);
	fill(h, PLACES);
	meddler.hold = true;
	away = false;
	host_bridge(h, SOURCE, false);
	host_run(h, 10 * 60 * 1000);
	return sent - PLACES - arrived(h, &order);
}

static void
end(struct host *h)
{
	json_decref(meddler.held);
	meddler.held = NULL;
	host_end(h);
}

static void
test_late_keys(void)
{
	struct host h;
	bool order;
	int n = begin(&h, 81);

	(void)ok(n > 20, "%d messages have no key and no place among what waits", n);
	is_int((int)story_count(&h, SOURCE, "waiting"), INBOX_WAITING_MAX, "which is full");
	is_int((int)story_count(&h, SOURCE, "rejected"), 0, "but nothing is given up");
	(void)ok(story_well(&h, SOURCE, "inbox") && story_well(&h, SOURCE, "timelines"), "and the doctor is content");
	(void)ok(logged(&h, SOURCE, "wait: too many wait for keys already"), "the log says that it waits");
	host_run(&h, HOUR / 2);
	meddler.hold = false;
	host_run(&h, 2 * 60 * 1000);
	n = arrived(&h, &order);
	is_int(n, MESSAGES + 1, "half an hour later the keys come: all messages are there");
	(void)ok(order, "once, in order");
	is_int((int)story_count(&h, SOURCE, "waiting"), INBOX_WAITING_MAX - PLACES, "and what waited before waits still");
	(void)ok(story_well(&h, SOURCE, "inbox") && story_well(&h, SOURCE, "timelines"), "the doctor is content");
	end(&h);
}

static void
test_no_keys(void)
{
	struct host h;
	char words[32];
	bool order;
	int n, without = begin(&h, 82);

	host_run(&h, HOUR - 15 * 60 * 1000);
	is_int((int)story_count(&h, SOURCE, "rejected"), 0, "keys that do not come are waited for");
	host_run(&h, 10 * 60 * 1000);
	is_int((int)story_count(&h, SOURCE, "rejected"), without, "but not for more than an hour");
	(void)snprintf(words, sizeof(words), "%d given up", without);
	(void)ok(story_ill(&h, SOURCE, "inbox", words), "what was given up is counted");
	(void)ok(logged(&h, SOURCE, "too many of its sender wait"), "and logged");
	meddler.hold = false;
	away = true;
	host_bridge(&h, SOURCE, false);
	story_say_many(&h, &sent, MESSAGES);
	away = false;
	host_bridge(&h, SOURCE, false);
	host_run(&h, 2 * 60 * 1000);
	n = arrived(&h, &order);
	is_int(n, sent - without, "the room's next hole is read, and what had a place when its key came");
	(void)ok(order, "once, in order");
	(void)ok(story_well(&h, SOURCE, "timelines"), "and no hole is left");
	end(&h);
}

/* Holes that wait are not for filling the disk. */
static void
test_space(void)
{
	struct host h;
	struct gap g;
	struct db *db;
	int without = begin(&h, 83);
	int64_t n;

	db = hostile_db(&h, SOURCE);
	must(&h, gap_judging(db, INT64_MAX, &n));
	must(&h, gap_get(db, n, &g));
	g.bytes = GAP_HELD_BYTES + 1;
	must(&h, gap_put(db, &g));
	gap_free(&g);
	hostile_go_on(&h, SOURCE, db);
	host_run(&h, 60 * 1000);
	is_int((int)story_count(&h, SOURCE, "rejected"), without, "a hole that is too large waits for nothing");
	end(&h);
}

/* What a guest's message drives out of a full store is not forgotten in silence. */
static void
test_crowd(void)
{
	struct waiting w = { .account = (char *)(uintptr_t)"node", .reason = (char *)(uintptr_t)"no key", .raw = (char *)(uintptr_t)"{}" };
	struct host h;
	struct db *db;
	int64_t lost;

	story_begin(&h, 84);
	hs_script(h.hs, &(struct hs_script){ .sync = hold_keys });
	db = hostile_db(&h, SOURCE);
	for (int i = 0; i < INBOX_GUESTS_WAITING; i++) {
		if (i % INBOX_WAITING_MAX == 0)
			must(&h, person_id(db, i == 0 ? "@one:crowd.example" : "@two:crowd.example", &w.pid));
		must(&h, waiting_add(db, &w, true, &lost));
	}
	hostile_go_on(&h, SOURCE, db);
	meddler.hold = true;
	story_say_many(&h, &sent, 1);
	(void)ok(story_ill(&h, SOURCE, "inbox", "1751 waiting for a key, 0 rejected; 250 given up"),
	    "a message without its key finds a place: who has most has lost a quarter, which is counted");
	(void)ok(logged(&h, SOURCE, "250 items that waited for a key were given up"), "and logged");
	(void)ok(!logged(&h, SOURCE, "crowd.example"), "with nobody's name");
	end(&h);
}

int
main(void)
{
	test_late_keys();
	test_no_keys();
	test_space();
	test_crowd();
	return done_testing();
}
