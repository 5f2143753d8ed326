/* SPDX-License-Identifier: Apache-2.0 */
#include "fixture.h"
#include "store/gapstore.h"

static struct db *db;

static char *
text(const char *s)
{
	return (char *)(uintptr_t)s;
}

static struct gap
hole(const char *room, const char *token, const char *until)
{
	return (struct gap){ .room_id = text(room), .state = GAP_WAITS, .token = text(token),
	    .until = text(until), .most = 100, .at = 5 };
}

static int64_t
next(enum gap_state state)
{
	int64_t n = -1;

	return (state == GAP_WAITS ? gap_waiting(db, &n) : gap_judging(db, 100, &n)) == 0 ? n : 0;
}

static void
become(int64_t n, enum gap_state state, bool cut)
{
	autogap struct gap g = { 0 };

	must(gap_get(db, n, &g));
	g.state = state;
	g.cut = cut;
	must(state == GAP_OVER ? gap_over(db, &g) : gap_put(db, &g));
}

static void
test_order(void)
{
	struct gap a1 = hole("!a", "a1", "a0"), a3 = hole("!a", "a3", "a2"), a5 = hole("!a", "a5", "a4");
	struct gap b1 = hole("!b", "b1", NULL);
	autogap struct gap got = { 0 };

	is_int(next(GAP_WAITS), 0, "none waits");
	must(gap_add(db, &a1));
	is_int(next(GAP_WAITS), 1, "one waits");
	become(1, GAP_READ, false);
	must(gap_add(db, &a3));
	is_int(next(GAP_WAITS), 0, "a second one of the room waits for the first");
	must(gap_add(db, &b1));
	is_int(next(GAP_WAITS), 3, "but holds up no other room");
	must(gap_add(db, &a5));
	must(gap_get(db, 2, &got));
	ok(!strcmp(got.token, "a3") && !strcmp(got.until, "a2"), "a third leaves the second as it is");
	gap_free(&got);
	must(gap_get(db, 4, &got));
	ok(!strcmp(got.token, "a5") && !strcmp(got.until, "a4"), "and has ends of its own");
	become(1, GAP_JUDGED, false);
	is_int(next(GAP_JUDGED), 1, "what was read is judged");
	become(1, GAP_OVER, false);
	gap_free(&got);
	is_int(gap_get(db, 1, &got), E_NOTFOUND, "a whole one is gone afterwards");
	is_int(next(GAP_WAITS), 2, "and the next of its room comes");
	become(4, GAP_OVER, false);
}

static void
test_bound(void)
{
	struct gap g = hole("!c", "c", NULL), other = hole("!d", "d", NULL);
	int64_t id;
	int n = 0;

	while (n < 2 * GAP_WAIT_MAX && gap_add(db, &g) == 0)
		n++;
	is_int(n, GAP_WAIT_MAX, "so many of one room wait");
	is_int(gap_add(db, &g), E_REFUSED, "and no more");
	is_int(gap_add(db, &other), 0, "but one of another room");
	g.state = GAP_JUDGED;
	g.cut = 1;
	is_int(gap_add(db, &g), 0, "or one that is not to be read");
	while ((id = next(GAP_WAITS)) != 0)
		become(id, GAP_OVER, false);
	become(next(GAP_JUDGED), GAP_OVER, false);
}

/* One that waits for keys lets others pass, and is known to be late. */
static void
test_held(void)
{
	struct gap e = hole("!e", "e", NULL), f = hole("!f", "f", NULL);
	autogap struct gap got = { 0 };
	int64_t n, kept, late, first;

	is_int(gap_next_due(db), INT64_MAX, "nothing is due");
	must(gap_add(db, &e));
	must(gap_add(db, &f));
	first = next(GAP_WAITS);
	for (int64_t id = first; id <= first + 1; id++) {
		struct gap g;

		must(gap_get(db, id, &g));
		g.state = GAP_JUDGED;
		g.bytes = 7;
		if (id == first) {
			g.held = 50;
			g.due = 101;
		}
		must(gap_put(db, &g));
		gap_free(&g);
	}
	must(gap_get(db, first, &got));
	ok(got.held == 50 && got.due == 101, "since when it waits is known");
	is_int(next(GAP_JUDGED), first + 1, "one that is not due lets the next pass");
	must(gap_kept(db, &kept));
	is_int(kept, 14, "what is kept of both is counted");
	become(first + 1, GAP_OVER, false);
	is_int(gap_judging(db, 100, &n), E_NOTFOUND, "nothing is due at 100");
	is_int(gap_next_due(db), 101, "but then");
	ok(gap_judging(db, 101, &n) == 0 && n == first, "it is its turn");
	must(gap_late(db, 5, &late));
	is_int(late, 0, "shown at 5: not late by 5");
	must(gap_late(db, 6, &late));
	is_int(late, 1, "but by 6");
	become(first, GAP_OVER, true);
	must(gap_late(db, 6, &late));
	is_int(late, 0, "and not when it is over");
	must(gap_forget(db, 6));
}

static void
test_cut(void)
{
	int64_t cuts;

	become(2, GAP_OVER, true);
	must(gap_cuts(db, &cuts));
	is_int(cuts, 1, "one that was cut is kept");
	for (int i = 0; i < 2; i++) {
		struct gap a = hole("!a", "x", "y");

		must(gap_add(db, &a));
		become(5 + i, GAP_OVER, true);
	}
	must(gap_cuts(db, &cuts));
	is_int(cuts, 1, "once for each room");
	must(gap_forget(db, 5));
	must(gap_cuts(db, &cuts));
	is_int(cuts, 1, "until its time has come");
	must(gap_forget(db, 6));
	must(gap_cuts(db, &cuts));
	is_int(cuts, 0, "and is forgotten then");
	is_int(next(GAP_WAITS), 3, "one that waits is not");
}

static void
test_events(void)
{
	autofree int64_t *ids = NULL;
	size_t n;

	for (int i = 0; i < 3; i++)
		must(gap_event_add(db, 3, i == 0 ? "newest" : i == 1 ? "older" : "oldest"));
	must(gap_events(db, 3, 2, &ids, &n));
	is_int((int)n, 2, "as many as asked for");
	for (size_t i = 0; i < n; i++) {
		autofree char *raw = NULL;

		must(gap_event(db, ids[i], &raw));
		is_str(raw, i == 0 ? "oldest" : "older", "the oldest first");
		must(gap_event_drop(db, ids[i]));
	}
	become(3, GAP_OVER, false);
	free(take(ids));
	must(gap_events(db, 3, 9, &ids, &n));
	is_int((int)n, 0, "nothing is left of one that is gone");
}

int
main(void)
{
	db = fixture_open();
	must(db_begin(db, NULL));
	test_order();
	test_cut();
	test_events();
	test_bound();
	test_held();
	must(db_commit(db, NULL));
	db_close(db);
	return done_testing();
}
