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

	return gap_next(db, state, &n) == 0 ? n : 0;
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
	is_str(got.token, "a5", "a third makes the second wider");
	is_str(got.until, "a2", "and keeps its older end");
	is_int(gap_get(db, 4, &got), E_NOTFOUND, "instead of being one of its own");
	become(1, GAP_JUDGED, false);
	is_int(next(GAP_JUDGED), 1, "what was read is judged");
	become(1, GAP_OVER, false);
	is_int(gap_get(db, 1, &got), E_NOTFOUND, "a whole one is gone afterwards");
	is_int(next(GAP_WAITS), 2, "and the next of its room comes");
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
		become(4 + i, GAP_OVER, true);
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
	must(db_commit(db, NULL));
	db_close(db);
	return done_testing();
}
