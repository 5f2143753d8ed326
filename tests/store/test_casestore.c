/* SPDX-License-Identifier: Apache-2.0 */
#include <sqlite3.h>

#include "fixture.h"
#include "queries.h"
#include "store/casestore.h"

static struct db *db;

static char *
text(const char *s)
{
	return (char *)(uintptr_t)s;
}

static int
add_case(void *cookie, const struct case_row *c)
{
	(void)strcat(cookie, c->id);
	return 0;
}

static void
test_cases(void)
{
	struct case_row c = { .id = text("R1"), .org = text("org"), .request = text("{\"q\":1}"),
	    .created = 10, .updated = 10, .clock_due = 99 }, got;
	char out[200] = "";

	is_int(case_get(db, "R1", &got), E_NOTFOUND, "no case");
	c.r = referral_start(REFERRAL_AT_SOURCE);
	must(case_put(db, &c));
	c.r = (struct referral){ .side = REFERRAL_AT_TARGET, .state = REFERRAL_ENDED,
	    .end = REFERRAL_END_DECLINED, .last_input = REFERRAL_IN_DECLINE,
	    .last_actor = REFERRAL_BY_TARGET, .consented = true, .cancelling = true,
	    .attempts = 3, .channels = 6, .leg = 2, .began = 7, .since = 8 };
	c.reminded = 4;
	c.part_of = text("R0");
	c.disclosure = text("{\"d\":1}");
	c.outcome = text("{\"o\":1}");
	c.reason = text("no_capacity");
	c.updated = 20;
	must(case_put(db, &c));
	must(case_get(db, "R1", &got));
	is_str(got.request, "{\"q\":1}", "request");
	is_str(got.disclosure, "{\"d\":1}", "disclosure");
	is_str(got.outcome, "{\"o\":1}", "outcome");
	is_str(got.reason, "no_capacity", "reason");
	ok(got.r.side == REFERRAL_AT_TARGET && got.r.state == REFERRAL_ENDED &&
	    got.r.end == REFERRAL_END_DECLINED && got.r.last_input == REFERRAL_IN_DECLINE &&
	    got.r.last_actor == REFERRAL_BY_TARGET && got.r.consented && !got.r.disclosed &&
	    got.r.cancelling && got.r.attempts == 3 && got.r.channels == 6 && got.r.leg == 2 &&
	    got.r.began == 7 && got.r.since == 8, "the machine as it was put");
	ok(got.reminded == 4 && got.part_of != NULL && !strcmp(got.part_of, "R0"), "what else is known of it");
	ok(got.created == 10 && got.updated == 20 && got.clock_due == 99, "times");
	case_free(&got);

	c = (struct case_row){ .id = text("R2"), .org = text("org"), .created = 30,
	    .r = referral_start(REFERRAL_AT_SOURCE) };
	must(case_put(db, &c));
	must(case_each(db, add_case, out));
	is_str(out, "R2R1", "newest first");
}

static void
test_clocks(void)
{
	struct case_row c = { .id = text("K1"), .org = text("org"), .created = 1, .clock_due = 50,
	    .r = referral_start(REFERRAL_AT_SOURCE), .part_of = text("R1"), .reminded = 1 };
	char out[200] = "";
	int64_t n;

	must(case_put(db, &c));
	is_int(case_next_due(db), 50, "the earliest clock");
	must(case_due(db, 49, 10, add_case, out));
	is_str(out, "", "not yet");
	must(case_due(db, 99, 10, add_case, out));
	is_str(out, "K1R1", "the earliest first");
	out[0] = '\0';
	must(case_due(db, 99, 1, add_case, out));
	is_str(out, "K1", "at most so many");
	out[0] = '\0';
	must(case_children(db, "R1", add_case, out));
	is_str(out, "K1", "what a referral went on as");
	must(case_overdue(db, &n));
	is_int(n, 2, "of whom staff were reminded");
}

/* Of each kind how many, and the oldest. */
static int
add_turn(void *cookie, const struct case_turn *t)
{
	char *out = cookie;

	(void)snprintf(out + strlen(out), 200 - strlen(out), "%s%s%s%s%d:%lld@%lld ", t->r.side == REFERRAL_AT_TARGET ? "in " : "out ",
	    referral_state_name(t->r.state), t->r.cancelling ? "/" : "", t->reminded ? "!" : "", t->ring, (long long)t->n, (long long)t->oldest);
	return 0;
}

/* What staff are to be told of, and were. */
static void
test_rings(void)
{
	struct case_row c = { .id = text("N1"), .org = text("org"), .created = 1,
	    .r = { .side = REFERRAL_AT_TARGET, .state = REFERRAL_RECEIVED, .since = 70, .heard = 80 } };
	enum case_ring ring;
	char out[200] = "";

	must(case_put(db, &c));
	c.id = text("N2");
	c.r.since = 90;
	must(case_put(db, &c));
	must(case_rings(db, &ring));
	is_int(ring, CASE_RING_NOT, "nothing rings");
	must(case_turns(db, add_turn, out));
	is_str(out, "in received0:2@80 ", "what is alike is counted, since when the first is so; not what is over, nor of an older release");
	must(case_ring(db, "N1", CASE_RING_URGENT));
	must(case_ring(db, "N1", CASE_RING));
	must(case_ring(db, "R1", CASE_RING));
	must(case_rings(db, &ring));
	is_int(ring, CASE_RING_URGENT, "what is urgent stays so");
	must(case_ring(db, "N1", CASE_RING_NOT));
	must(case_ring(db, "N2", CASE_RING));
	must(case_rings(db, &ring));
	is_int(ring, CASE_RING, "until it is done");
	out[0] = '\0';
	must(case_turns(db, add_turn, out));
	is_str(out, "in ended/!1:1@8 in received0:1@80 in received1:1@90 ", "what rings is counted by itself, also if it is over");
	must(case_put(db, &c));
	must(case_told(db, 1000));
	must(case_rings(db, &ring));
	is_int(ring, CASE_RING_NOT, "what was told of rings no more");
	is_int(case_told_of(db, 1000), 0, "which line it was is known");
	is_int(case_told_of(db, 999), 0, "a line of before has something to say, too");
	is_int(case_told_of(db, 1001), E_NOTFOUND, "one of later has not");
	must(case_ring(db, "R1", CASE_RING));
	is_int(case_told_of(db, 1000), 0, "one of two rings again");
	must(case_ring(db, "N2", CASE_RING_NOT));
	is_int(case_told_of(db, 1000), 0, "the other is done: one is to be told of still");
	must(case_ring(db, "R1", CASE_RING_NOT));
	is_int(case_told_of(db, 1000), E_NOTFOUND, "that is done too: of that line nothing is left");
}

static void
test_steps(void)
{
	struct step_row s = { .step = { .id = "s1", .move = { .input = REFERRAL_IN_SEND, .actor = REFERRAL_BY_SOURCE,
	    .at = 5, .leg = 1 } }, .recorded = 6 }, *list;
	size_t n;

	must(step_list(db, "R1", &list, &n));
	is_int((long long)n, 0, "no step");
	step_list_free(list, n);
	must(step_put(db, "R1", &s));
	ok(step_put(db, "R1", &s) < 0, "a step is recorded once");
	is_int(step_put(db, "R9", &s), ERR_DB, "and of a referral that is there");
	s.step = (struct path_step){ .id = "s0", .prev = "s1", .move = { .input = REFERRAL_IN_PAUSE,
	    .actor = REFERRAL_BY_MEMBER, .at = 9, .leg = 3 } };
	s.content = text("{\"a\":1}");
	must(step_put(db, "R1", &s));
	must(step_list(db, "R1", &list, &n));
	ok(n == 2 && !strcmp(list[0].step.id, "s1") && !strcmp(list[0].step.prev, "") && list[0].content == NULL &&
	    list[0].recorded == 6 && list[0].step.move.at == 5, "its steps in the order in which they came");
	ok(n == 2 && !strcmp(list[1].step.prev, "s1") && list[1].step.move.input == REFERRAL_IN_PAUSE &&
	    list[1].step.move.actor == REFERRAL_BY_MEMBER && list[1].step.move.leg == 3 &&
	    !strcmp(list[1].content, "{\"a\":1}"), "with what they said");
	step_list_free(list, n);
}

static void
test_every_state(void)
{
	struct case_row c = { .id = text("R3"), .org = text("org"), .created = 1 }, got;
	int bad = 0;

	for (unsigned s = 0; s < REFERRAL_NSTATES; s++)
		for (unsigned i = 0; i < REFERRAL_NINPUTS; i++) {
			c.r.state = s;
			c.r.last_input = i;
			must(case_put(db, &c));
			must(case_get(db, "R3", &got));
			bad += got.r.state != s || got.r.last_input != i;
			case_free(&got);
		}
	is_int(bad, 0, "every state and input comes back");
}

/* Of one referral the next content waits for the acknowledgement of the one before. */
static void
test_traffic_order(void)
{
	struct traffic t = { .content_id = text("o1"), .org = text("org"), .referral = text("R9"),
	    .type = text("t"), .seq = 11, .content = text("{}"), .sent_at = 1, .resend_at = 5000 }, *list, got;
	size_t n;

	must(traffic_put(db, &t));
	t.content_id = text("o2");
	t.seq = 12;
	t.resend_at = 4000;
	must(traffic_put(db, &t));
	t.content_id = text("o3");
	t.referral = NULL;
	t.seq = 13;
	t.resend_at = 4500;
	must(traffic_put(db, &t));
	must(traffic_due(db, 4200, 10, &list, &n));
	is_int((long long)n, 0, "what is said later of a referral is not due before what was said earlier");
	traffic_list_free(list, n);
	ok(traffic_next(db) == 4500, "nor is anybody woken for it");
	must(traffic_due(db, 4600, 10, &list, &n));
	ok(n == 1 && !strcmp(list[0].content_id, "o3"), "what is about no referral waits for nothing");
	traffic_list_free(list, n);
	must(traffic_get(db, "o1", &got));
	got.tries = TRAFFIC_SILENT;
	must(traffic_put(db, &got));
	must(traffic_due(db, 4200, 10, &list, &n));
	ok(n == 1 && !strcmp(list[0].content_id, "o2") && traffic_next(db) == 4000,
	    "what was sent for an hour to no avail holds up nothing more");
	traffic_list_free(list, n);
	must(traffic_due(db, 5000, 10, &list, &n));
	ok(n == 3, "nor is it forgotten: it is due as before");
	traffic_list_free(list, n);
	got.tries = 0;
	must(traffic_put(db, &got));
	traffic_free(&got);
	must(traffic_get(db, "o3", &got));
	got.acked_at = 1;
	must(traffic_put(db, &got));
	traffic_free(&got);
	must(traffic_get(db, "o1", &got));
	got.acked_at = 1;
	must(traffic_put(db, &got));
	traffic_free(&got);
	must(traffic_due(db, 4200, 10, &list, &n));
	ok(n == 1 && !strcmp(list[0].content_id, "o2") && traffic_next(db) == 4000, "acknowledged, the next is due");
	traffic_list_free(list, n);
	must(traffic_get(db, "o1", &got));
	got.acked_at = got.resend_at = 0;
	must(traffic_put(db, &got));
	traffic_free(&got);
	must(traffic_due(db, 4200, 10, &list, &n));
	is_int((long long)n, 1, "what was given up holds up nothing");
	traffic_list_free(list, n);
	for (int i = 1; i <= 2; i++) {
		must(traffic_get(db, i == 1 ? "o1" : "o2", &got));
		got.acked_at = 1;
		must(traffic_put(db, &got));
		traffic_free(&got);
	}
}

static void
test_traffic(void)
{
	struct traffic t = { .content_id = text("c1"), .org = text("org"), .referral = text("R1"),
	    .type = text("t"), .seq = 1, .content = text("{\"x\":1}"), .sent_at = 1,
	    .resend_at = 50 }, *list, got;
	int64_t a, b, c, stopped, silent, other;
	size_t n;

	must(traffic_seq(db, "org", 1, &a));
	must(traffic_seq(db, "org", 3, &b));
	must(traffic_seq(db, "other", 1, &c));
	ok(a == 1 && b == 4 && c == 1, "numbered for each partner, and higher by as much as is wanted");
	ok(traffic_next(db) == INT64_MAX, "nothing to resend");
	must(traffic_put(db, &t));
	t.content_id = text("c2");
	t.referral = text("R2");
	t.seq = 2;
	t.resend_at = 40;
	must(traffic_put(db, &t));
	t.content_id = text("c3");
	t.resend_at = 0;
	must(traffic_put(db, &t));
	is_int(traffic_next(db), 40, "the earliest");
	must(traffic_silent(db, NULL, &silent, &stopped));
	is_int(stopped, 1, "one of three is not sent again");
	must(traffic_silent(db, "R1", &silent, &stopped));
	must(traffic_silent(db, "R2", &silent, &other));
	ok(stopped == 0 && other == 1, "about one referral");
	must(traffic_due(db, 39, 10, &list, &n));
	is_int((long long)n, 0, "not yet");
	traffic_list_free(list, n);
	must(traffic_due(db, 50, 10, &list, &n));
	ok(n == 2 && !strcmp(list[0].content_id, "c2") && !strcmp(list[1].content_id, "c1"),
	    "due, the longest first; what came is not resent");
	is_str(list[1].content, "{\"x\":1}", "with its content");
	traffic_list_free(list, n);
	must(traffic_due(db, 50, 1, &list, &n));
	is_int((long long)n, 1, "at most so many");
	traffic_list_free(list, n);

	must(traffic_get(db, "c1", &got));
	got.tries = TRAFFIC_SILENT - 1;
	must(traffic_put(db, &got));
	must(traffic_silent(db, NULL, &silent, &stopped));
	is_int(silent, 0, "nothing has been tried for an hour");
	got.tries++;
	must(traffic_put(db, &got));
	traffic_free(&got);
	must(traffic_silent(db, NULL, &silent, &stopped));
	is_int(silent, 1, "now one has, to no avail");
	must(traffic_silent(db, "R1", &silent, &stopped));
	must(traffic_silent(db, "R2", &other, &stopped));
	ok(silent == 1 && other == 0, "about one referral");

	must(traffic_get(db, "c1", &got));
	got.acked_at = 60;
	got.tries = 2;
	must(traffic_put(db, &got));
	traffic_free(&got);
	must(traffic_get(db, "c1", &got));
	ok(got.content == NULL && got.acked_at == 60 && got.tries == 2,
	    "acknowledged: its content is forgotten");
	traffic_free(&got);
	must(traffic_due(db, 100, 10, &list, &n));
	is_int((long long)n, 1, "and it is not resent");
	must(traffic_silent(db, NULL, &silent, &stopped));
	is_int(stopped, 1, "what was acknowledged is not counted as given up");
	traffic_list_free(list, n);
	is_int(traffic_get(db, "c9", &got), E_NOTFOUND, "unknown");
}

static int
add_id(void *cookie, const char *id)
{
	(void)strcat(cookie, id);
	return 0;
}

static void
test_untold(void)
{
	struct case_row c = { .id = text("R7"), .org = text("org"), .created = 1, .r = referral_start(REFERRAL_AT_TARGET) };
	struct step_row s = { .recorded = 1, .content = text("{\"w\":1}") }, *list;
	struct traffic t = { .org = text("org"), .referral = text("R7"), .type = text("news"), .content = text("{}"), .sent_at = 1 };
	int64_t until, from, silent, stopped;
	char out[200] = "";
	size_t n;

	is_int(case_tells(db, "R7", &until, &from), E_NOTFOUND, "no referral");
	must(case_put(db, &c));
	must(case_tells(db, "R7", &until, &from));
	ok(until == 0 && from == 0, "nothing may be told, and all is taken");
	must(case_tells_until(db, "R7", 5));
	must(case_takes_from(db, "R7", 9));
	must(case_takes_from(db, "R7", 3));
	must(case_asked_put(db, "R7", 11, 12));
	must(case_put(db, &c));
	must(case_tells(db, "R7", &until, &from));
	ok(until == 5 && from == 9, "both stay, and the second never falls");
	must(case_asked(db, "R7", &until, &from));
	ok(until == 11 && from == 12, "as does what was asked");
	for (int i = 0; i < 3; i++) {
		char id[8];

		(void)snprintf(id, sizeof(id), "S%d", i);
		(void)snprintf(s.step.id, sizeof(s.step.id), "%s", id);
		must(step_put(db, "R7", &s));
		t.content_id = id;
		t.seq = 10 + 10 * i;
		must(traffic_put(db, &t));
	}
	must(traffic_untold_each(db, "R7", "news", INT64_MAX, add_id, out));
	is_str(out, "S0S1S2", "what was not acknowledged, in its order");
	out[0] = '\0';
	must(traffic_untold_each(db, "R7", "news", 30, add_id, out));
	is_str(out, "S0S1", "before a number");
	must(traffic_silent(db, "R7", &silent, &stopped));
	is_int(stopped, 3, "all of it is given up");
	must(step_apart(db, "R7", "S1"));
	must(traffic_silent(db, "R7", &silent, &stopped));
	is_int(stopped, 2, "but for what was never said");
	must(step_list(db, "R7", &list, &n));
	ok(n == 2 && !strcmp(list[0].step.id, "S0") && !strcmp(list[1].step.id, "S2"), "which is of the tree no more");
	step_list_free(list, n);
	ok(step_has(db, "R7", "S1") == 0 && step_has(db, "R7", "S9") == E_NOTFOUND && step_has(db, "R1", "S1") == E_NOTFOUND,
	    "its id is taken all the same, of that referral");
	must(step_list_apart(db, "R7", &list, &n));
	ok(n == 1 && !strcmp(list[0].step.id, "S1") && !strcmp(list[0].content, "{\"w\":1}"), "and kept with its words");
	step_list_free(list, n);
}

static void
test_page(void)
{
	static const enum referral_state states[] = { REFERRAL_PAUSED, REFERRAL_RECEIVED, REFERRAL_ENGAGED, REFERRAL_WAITLISTED };
	struct case_row c = { .org = text("org"), .created = 1 };
	int64_t after = 0, before;
	char out[200] = "";

	for (size_t i = 0; i < 4; i++) {
		char id[8];

		(void)snprintf(id, sizeof(id), "P%zu", i);
		c.id = id;
		c.r = (struct referral){ .side = REFERRAL_AT_SOURCE, .state = states[i], .leg = 1 };
		must(case_put(db, &c));
	}
	must(case_page(db, &after, 2, add_case, out));
	is_str(out, "P0P2", "some that are open and were answered");
	must(case_page(db, &after, 2, add_case, out));
	before = after;
	must(case_page(db, &after, 2, add_case, out));
	ok(!strcmp(out, "P0P2P3") && after == before, "the rest, and no more");
}

/* ${n} open referrals, of each two contents: the first was sent and is awaited, the second is held up by it. */
static void
fill(int from, int n)
{
	char id[16], referral[16];
	struct traffic t = { .content_id = id, .org = text("org"), .referral = referral, .type = text("t"),
	    .content = text("{}"), .sent_at = 1 };

	for (int i = from; i < n; i++) {
		(void)snprintf(referral, sizeof(referral), "G%d", i);
		for (int k = 0; k < 2; k++) {
			(void)snprintf(id, sizeof(id), "G%d.%d", i, k);
			t.seq = 2 * i + k;
			t.tries = !k;
			t.resend_at = k ? 10 : 1000;
			must(traffic_put(db, &t));
		}
	}
}

/* What SQLite does for one query, in steps of its machine. */
static int64_t
steps_of(sqlite3 *sql, enum query_id q)
{
	sqlite3_stmt *stmt = NULL;
	int64_t steps;

	if (sqlite3_prepare_v2(sql, query_text[q], -1, &stmt, NULL) != SQLITE_OK)
		bail("prepare", sqlite3_errmsg(sql));
	for (int i = 1; i <= sqlite3_bind_parameter_count(stmt); i++)
		(void)sqlite3_bind_int(stmt, i, q == Q_TRAFFIC_DUE && i < 3 ? 16 : TRAFFIC_SILENT);
	if (q == Q_TRAFFIC_SILENT_OF)
		(void)sqlite3_bind_text(stmt, 2, "G7", -1, SQLITE_STATIC);
	while (sqlite3_step(stmt) == SQLITE_ROW)
		;
	steps = sqlite3_stmt_status(stmt, SQLITE_STMTSTATUS_VM_STEP, 0);
	(void)sqlite3_finalize(stmt);
	return steps;
}

/* Ten times the open referrals are about ten times the work at worst, and none more for one of them. */
static void
test_traffic_growth(void)
{
	static const struct { enum query_id q; const char *name; int most; } queries[] = {
		{ Q_TRAFFIC_DUE, "what is due", 11 },
		{ Q_TRAFFIC_NEXT, "when the next is due", 11 },
		{ Q_TRAFFIC_SILENT_OF, "what one referral waits for", 1 },
	};
	enum { FEW = 200, MANY = 2000 };
	int64_t few[nelem(queries)], many;
	char path[128];
	sqlite3 *sql = NULL;

	(void)snprintf(path, sizeof(path), "%s/cairn.db", fixture_dir);
	if (sqlite3_open(path, &sql) != SQLITE_OK)
		bail("sqlite3_open", path);
	must(db_begin(db, NULL));
	fill(0, FEW);
	must(db_commit(db, NULL));
	for (size_t i = 0; i < nelem(queries); i++)
		few[i] = steps_of(sql, queries[i].q);
	must(db_begin(db, NULL));
	fill(FEW, MANY);
	must(db_commit(db, NULL));
	for (size_t i = 0; i < nelem(queries); i++) {
		many = steps_of(sql, queries[i].q);
		ok(few[i] > 0 && many <= few[i] * queries[i].most, "%s: %lld steps of SQLite with %d open referrals, "
		    "%lld with %d", queries[i].name, (long long)few[i], FEW, (long long)many, MANY);
	}
	(void)sqlite3_close(sql);
}

int
main(void)
{
	db = fixture_open();
	must(db_begin(db, NULL));
	test_cases();
	test_steps();
	test_clocks();
	test_rings();
	test_every_state();
	test_traffic_order();
	test_traffic();
	test_untold();
	test_page();
	must(db_commit(db, NULL));
	test_traffic_growth();
	db_close(db);
	return done_testing();
}
