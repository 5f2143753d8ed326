/* SPDX-License-Identifier: Apache-2.0 */
/*
 * All tables of up to four rows of 1 to 12 people: for each that is shown, everything that could have been shown alike
 * is gathered, as somebody would who knows the rule and the total.  No hidden count may be the same in all of these.
 * Then all ways in which up to a number of people can be in up to three rows that share people: no 1 to 4 of them,
 * those in one row and not in another, say, may be the same number in all that look alike.
 */
#include <stdbool.h>
#include <stdint.h>

#include "base/cleanup.h"
#include "domain/report.h"
#include "domain/when.h"
#include "tests/tap.h"

enum { MOST = 12, ROWS = 4, TABLES = 20736 /* MOST ^ ROWS */ };
enum { SHARED = 3, SORTS = (1 << SHARED) - 1, WAYS = 60000 };	/* A sort: in which rows one is; bit i of 1 + its index is row i. */

struct shown {
	uint64_t	key;		/* What is seen: which rows are hidden, the others, the total. */
	int		count[ROWS];
};

static int
by_key(const void *a, const void *b)
{
	const struct shown *x = a, *y = b;

	return x->key < y->key ? -1 : x->key > y->key;
}

static struct shown tables[TABLES];

/* 0 in the key where all is refused: then the total is not said either. */
static uint64_t
look(const int *count, size_t n, bool *ret_small)
{
	struct report_row rows[ROWS];
	uint64_t key = 1, total = 0;
	int hidden = 0;

	*ret_small = false;
	for (size_t i = 0; i < n; i++)
		rows[i].count = count[i];
	if (report_hide(rows, n) != 0) {
		for (size_t i = 0; i < n; i++)
			if (!rows[i].hidden)
				abort();
		return 0;
	}
	for (size_t i = 0; i < n; i++) {
		key = key * (MOST + 1) + (rows[i].hidden ? 0 : (uint64_t)count[i]);
		total += (uint64_t)count[i];
		hidden += rows[i].hidden ? count[i] : 0;
		*ret_small = *ret_small || (!rows[i].hidden && count[i] < REPORT_LEAST);
	}
	*ret_small = *ret_small || (hidden > 0 && hidden < REPORT_LEAST);
	return key * 100 + total;
}

static void
test_all(size_t n)
{
	size_t all = 1, told = 0, small = 0, refused = 0, hid = 0, groups = 0;

	for (size_t i = 0; i < n; i++)
		all *= MOST;
	for (size_t t = 0; t < all; t++) {
		size_t rest = t;
		bool is_small;

		for (size_t i = 0; i < n; i++, rest /= MOST)
			tables[t].count[i] = (int)(rest % MOST) + 1;
		tables[t].key = look(tables[t].count, n, &is_small);
		small += is_small;
		refused += tables[t].key == 0;
	}
	qsort(tables, all, sizeof(*tables), by_key);
	for (size_t from = 0, to; from < all; from = to) {
		for (to = from; to < all && tables[to].key == tables[from].key; to++)
			;
		groups++;
		for (size_t i = 0; i < n; i++) {
			struct report_row rows[ROWS];
			bool same = true;

			for (size_t k = 0; k < n; k++)
				rows[k].count = tables[from].count[k];
			(void)!report_hide(rows, n);
			for (size_t t = from; t < to; t++)
				same = same && tables[t].count[i] == tables[from].count[i];
			hid += rows[i].hidden;
			told += rows[i].hidden && same;
		}
	}
	is_int(told, 0, "of %zu tables of %zu rows, seen in %zu ways, no hidden count can be found out", all, n, groups);
	is_int(small, 0, "and none below %d is shown, nor as the rest of a total", REPORT_LEAST);
	ok(hid > 0 && refused > 0 && refused < all / 2, "some are hidden, and of %zu nothing is shown", refused);
}

struct way {
	uint64_t	key;
	int8_t		count[SORTS];	/* People of each sort. */
};

static struct way ways[WAYS];
static size_t nways, open_rests;

static int
by_key_of_way(const void *a, const void *b)
{
	const struct way *x = a, *y = b;

	return x->key < y->key ? -1 : x->key > y->key;
}

/* What is told of these rows is kept, if each may be told of. */
static void
keep_way(const int8_t *count, size_t n, int all)
{
	struct report_row rows[SHARED] = { { 0, false } };
	uint64_t key = (uint64_t)all;
	int rest = 0;

	for (size_t s = 0; s < ((size_t)1 << n) - 1; s++)
		for (size_t i = 0; i < n; i++)
			rows[i].count += (s + 1) >> i & 1 ? count[s] : 0;
	for (size_t i = 0; i < n; i++)
		if (rows[i].count < REPORT_LEAST)
			return;
	report_sums(rows, n);
	for (size_t i = 0; i < n; i++)
		key = key * 1024 + (uint64_t)report_people(rows[i].count) * 2 + rows[i].hidden;
	for (size_t s = 0; s < ((size_t)1 << n) - 1; s++) {
		bool is_in = false;

		for (size_t i = 0; i < n; i++)
			is_in = is_in || (rows[i].hidden && ((s + 1) >> i & 1));
		rest += is_in ? count[s] : 0;
	}
	open_rests += rest > 0 && rest < REPORT_SUM_LEAST && all >= REPORT_SUM_LEAST;
	if (nways == WAYS)
		abort();
	ways[nways].key = key;
	memcpy(ways[nways++].count, count, SORTS);
}

static void
each_way(int8_t *count, size_t sort, size_t n, int left, int all)
{
	if (sort == ((size_t)1 << n) - 2) {
		count[sort] = (int8_t)left;
		keep_way(count, n, all);
		return;
	}
	for (count[sort] = 0; count[sort] <= left; count[sort]++)
		each_way(count, sort + 1, n, left - count[sort], all);
}

static int
people_of(const struct way *w, unsigned sorts)
{
	int ret = 0;

	for (size_t s = 0; s < SORTS; s++)
		ret += sorts >> s & 1 ? w->count[s] : 0;
	return ret;
}

static void
test_shared(size_t n, int most)
{
	size_t told = 0, looks = 0;
	int8_t count[SORTS] = { 0 };

	nways = open_rests = 0;
	for (int all = REPORT_LEAST; all <= most; all++)
		each_way(count, 0, n, all, all);
	qsort(ways, nways, sizeof(*ways), by_key_of_way);
	for (size_t from = 0, to; from < nways; from = to, looks++) {
		for (to = from; to < nways && ways[to].key == ways[from].key; to++)
			;
		for (unsigned sorts = 1; sorts < 1U << ((1U << n) - 1); sorts++) {
			int people = people_of(&ways[from], sorts);
			bool same = people > 0 && people < REPORT_LEAST;

			for (size_t i = from; i < to && same; i++)
				same = people_of(&ways[i], sorts) == people;
			told += same;
		}
	}
	is_int(told, 0, "of up to %d people in %zu rows, %zu ways seen as %zu, no fewer than %d can be told from the others", most, n, nways, looks, REPORT_LEAST);
	is_int(open_rests, 0, "and the rest of a sum is of no fewer than %d", REPORT_SUM_LEAST);
}

static const struct { int count[6]; size_t n; const char *hidden; } rows[] = {
	{ { 9, 8, 5 }, 3, "..." }, { { 9, 8, 4 }, 3, ".xx" }, { { 8, 9, 8, 4 }, 4, "x.xx" }, { { 20, 3, 4 }, 3, ".xx" }, { { 20, 1, 2 }, 3, "xxx" },
	{ { 20, 4, 4 }, 3, "xxx" }, { { 20, 7, 4, 4 }, 4, ".xxx" }, { { 20, 30, 1, 2 }, 4, "x.xx" }, { { 5 }, 1, "." },
};

/* What counts as no support, by the state and how it was closed. */
static void
test_unmet(void)
{
	static const struct { enum referral_state state; enum referral_end end; const char *outcome; int is; } cases[] = {
		{ REFERRAL_SENT, 0, NULL, -1 }, { REFERRAL_ACCEPTED, 0, NULL, 0 }, { REFERRAL_ENGAGED, 0, NULL, 0 }, { REFERRAL_WAITLISTED, 0, NULL, 1 },
		{ REFERRAL_FORWARDED, 0, NULL, -1 }, { REFERRAL_ENDED, REFERRAL_END_DECLINED, NULL, 1 }, { REFERRAL_ENDED, REFERRAL_END_EXPIRED, NULL, 1 },
		{ REFERRAL_ENDED, REFERRAL_END_FAILED, NULL, 1 }, { REFERRAL_ENDED, REFERRAL_END_WITHDRAWN, NULL, -1 },
		{ REFERRAL_CLOSED, 0, NULL, 0 }, { REFERRAL_CLOSED, 0, "connected", 0 }, { REFERRAL_CLOSED, 0, "enrolled", 0 },
		{ REFERRAL_CLOSED, 0, "attended", 0 }, { REFERRAL_CLOSED, 0, "got_help", 0 }, { REFERRAL_CLOSED, 0, "partly_helped", 0 },
		{ REFERRAL_CLOSED, 0, "did_not_get_help", 1 }, { REFERRAL_CLOSED, 0, "not_eligible", 1 }, { REFERRAL_CLOSED, 0, "no_capacity", 1 },
		{ REFERRAL_CLOSED, 0, "could_not_contact", 1 }, { REFERRAL_CLOSED, 0, "member_declined", 0 }, { REFERRAL_CLOSED, 0, "referred_elsewhere", -1 },
		{ REFERRAL_CLOSED, 0, "crisis_escalated", 0 }, { REFERRAL_CLOSED, 0, "moved", 0 }, { REFERRAL_CLOSED, 0, "deceased", 0 },
		{ REFERRAL_CLOSED, 0, "duplicate", -1 },
	};

	for (size_t i = 0; i < nelem(cases); i++) {
		struct referral r = referral_start(REFERRAL_AT_TARGET);

		r.state = cases[i].state;
		r.end = cases[i].end;
		is_int(report_unmet(&r, cases[i].outcome), cases[i].is, "%s, %s", referral_state_name(r.state), cases[i].outcome != NULL ? cases[i].outcome : "-");
	}
}

int
main(void)
{
	test_unmet();
	struct report_row few[] = { { 4, false }, { 4, false } }, one[] = { { 3, false } }, tiny[] = { { 1, false }, { 2, false } };
	int64_t from = 7, until = 7, mean = 7;

	for (size_t n = 1; n <= ROWS; n++)
		test_all(n);
	test_shared(1, 40);
	test_shared(2, 40);
	test_shared(3, 14);
	for (size_t i = 0; i < nelem(rows); i++) {
		struct report_row r[6];
		char got[7] = "";

		for (size_t k = 0; k < rows[i].n; k++)
			r[k].count = rows[i].count[k];
		ok(report_hide(r, rows[i].n) == 0, "a table");
		for (size_t k = 0; k < rows[i].n; k++)
			got[k] = r[k].hidden ? 'x' : '.';
		is_str(got, rows[i].hidden, "hides these");
	}
	ok(report_hide(few, 2) == E_REFUSED && report_hide(one, 1) == E_REFUSED && report_hide(tiny, 2) == E_REFUSED && report_hide(NULL, 0) == E_REFUSED,
	    "too few or too much alike to say anything");
	ok(report_round(45, 9, 9, 1, &mean) == E_REFUSED && report_round(60, 1, 9, 60, &mean) == E_REFUSED && mean == 7, "no mean of nine");
	ok(report_round(433, 10, 10, 5, &mean) == 0 && mean == 45 && report_round(424, 10, 10, 5, &mean) == 0 && mean == 40 &&
	    report_round(425, 10, 10, 5, &mean) == 0 && mean == 45, "of ten, to halves of tenths");
	ok(report_round(89, 1, 10, 60, &mean) == 0 && mean == 60 && report_round(90, 1, 10, 60, &mean) == 0 && mean == 120 &&
	    report_round(0, 10, 10, 1, &mean) == 0 && mean == 0, "minutes to hours, and nothing is nothing");
	ok(report_quarter("2026-Q4", &from, &until) == 0 && from == when_days(2026, 10, 1) * WHEN_DAY && until == when_days(2027, 1, 1) * WHEN_DAY,
	    "the last quarter of a year");
	ok(report_quarter("2026-Q1", &from, &until) == 0 && until == when_days(2026, 4, 1) * WHEN_DAY, "the first");
	from = 7;
	ok(report_quarter("2026-Q5", &from, &until) == E_BAD && report_quarter("2026-Q0", &from, &until) == E_BAD &&
	    report_quarter("2026-q1", &from, &until) == E_BAD && report_quarter("2026/Q1", &from, &until) == E_BAD &&
	    report_quarter("20x6-Q1", &from, &until) == E_BAD && report_quarter("20/6-Q1", &from, &until) == E_BAD &&
	    report_quarter("1969-Q4", &from, &until) == E_BAD && report_quarter("2026-Q11", &from, &until) == E_BAD &&
	    report_quarter(NULL, &from, &until) == E_BAD && from == 7, "what is no quarter");
	return done_testing();
}
