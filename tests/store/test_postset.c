/* SPDX-License-Identifier: Apache-2.0 */
/* The rows of several terms, read one by one and kept: against sets that were drawn. */
#include <errno.h>

#include "fixture.h"
#include "store/postset.h"
#include "store/searchstore.h"
#include "tests/dice.h"

enum { TERMS = 12, TILES = 20, RUNS = 20, WIDE = 60 };

static struct db *db;
static struct posting drawn[TERMS][TILES];
static const int64_t terms_from = 1000;

static int64_t
term(int i)
{
	return (terms_from + i) << SEARCHSTORE_TILE_BITS;
}

/* Tiles of two ranks. */
static int64_t
tile_at(int i)
{
	return i < TILES / 2 ? i : (1 << 16) + i;
}

/* A third of the rows are not there, a third has up to 200 documents, a third up to 6,000. */
static void
draw_rows(void)
{
	static uint8_t out[POSTING_MAX];

	must(db_begin(db, NULL));
	for (int i = 0; i < TERMS; i++)
		for (int t = 0; t < TILES; t++) {
			static const unsigned most[] = { 0, 200, 6000 };
			unsigned n = most[dice_roll(3)];
			size_t len;

			while (n-- > 0)
				posting_set(&drawn[i][t], dice_roll(POSTING_DOCS), true);
			if ((len = posting_write(&drawn[i][t], out)) > 0)
				must(db_run(db, Q_SEARCH_POST_PUT, "ib", term(i) | tile_at(t), out, len));
		}
	must(db_commit(db, NULL));
}

static bool
is_read(struct postset *set, const int *of, int n, int t)
{
	struct posting want = { 0 }, got = { 0 };

	for (int i = 0; i < n; i++)
		for (size_t w = 0; w < POSTING_BITS; w++)
			want.bits[w] |= drawn[of[i]][t].bits[w];
	return postset_read(db, set, tile_at(t), &got) == 0 && memcmp(&want, &got, sizeof(want)) == 0;
}

static void
test_read(void)
{
	int wrong = 0, reads = 0, kept = 0;

	for (int run = 0; run < RUNS; run++) {
		struct postset set = { .term = NULL };
		int of[TERMS], n = 1 + (int)dice_roll(TERMS);

		for (int i = 0; i < n; i++) {
			of[i] = (int)dice_roll(TERMS);
			must(postset_add(&set, term(of[i])));
		}
		/* Some tiles are passed over. */
		for (int t = 0; t < TILES; t += 1 + (dice_roll(4) == 0)) {
			wrong += !is_read(&set, of, n, t);
			reads++;
		}
		kept += set.state == POSTSET_KEPT;
		postset_free(&set);
	}
	is_int(wrong, 0, "%d tiles of %d sets, as they were drawn", reads, RUNS);
	is_int(kept, RUNS, "what goes on is kept");
}

static void
test_cost(void)
{
	struct postset set = { .term = NULL };
	struct posting p = { 0 };
	int wrong = 0, all[TERMS];

	for (int i = 0; i < TERMS; i++)
		must(postset_add(&set, term(all[i] = i)));
	for (int t = 0; t < POSTSET_SINGLY; t++) {
		is_int((long long)postset_cost(&set, tile_at(t)), TERMS, "a row for each term of tile %d", t);
		must(postset_read(db, &set, tile_at(t), &p));
	}
	must(postset_read(db, &set, tile_at(POSTSET_SINGLY), &p));
	for (int t = POSTSET_SINGLY; t < TILES; t++) {
		size_t dear = 0;

		for (int i = 0; i < TERMS; i++)
			dear += POSTING_HEAD + 2 * posting_count(&drawn[i][t]) > POSTSET_SHORT;
		wrong += postset_cost(&set, tile_at(t)) != dear;
	}
	is_int(wrong, 0, "then only the long ones are to be read");
	is_int((long long)postset_cost(&set, tile_at(TILES - 1) + 1), 0, "and none where nothing is");
	postset_free(&set);
}

/* More short rows than may be kept. */
static void
test_full(void)
{
	struct postset set = { .term = NULL };
	int of[TERMS * WIDE * 10], wrong = 0;

	for (size_t i = 0; i < nelem(of); i++)
		must(postset_add(&set, term(of[i] = (int)(i % TERMS))));
	for (int t = 0; t < 5; t++)
		wrong += !is_read(&set, of, (int)nelem(of), t);
	ok(set.state == POSTSET_FULL && set.row == NULL && set.bytes.data == NULL, "too much is not kept");
	is_int(wrong, 0, "and is read row by row");
	postset_free(&set);
}

static void
test_rotten(void)
{
	struct postset set = { .term = NULL };
	struct posting p = { 0 };
	int r = 0;

	must(db_begin(db, NULL));
	must(db_run(db, Q_SEARCH_POST_PUT, "ib", term(0) | tile_at(TILES - 1), "\x3a\x30 rotten", (size_t)9));
	must(db_commit(db, NULL));
	must(postset_add(&set, term(0)));
	for (int t = 0; t < TILES - 1; t++)
		must(postset_read(db, &set, tile_at(t), &p));
	r = postset_read(db, &set, tile_at(TILES - 1), &p);
	is_int(r, ERR_CORRUPT, "a kept row that is rotten is said");
	postset_free(&set);
}

int
main(void)
{
	db = fixture_open();
	draw_rows();
	test_read();
	test_cost();
	test_full();
	test_rotten();
	db_close(db);
	return done_testing();
}
