/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The index against a search that looks at every record: random records that come, change, move and
 * go, and random queries, with a seed; and damaged postings.  CAIRN_LONG=1: of 1,000 records.
 */
#include <errno.h>

#include "fixture.h"
#include "store/dirstore.h"
#include "store/posting.h"
#include "tests/dice.h"
#include "store/searchstore.h"

enum { RECORDS = 300, MANY = 1000, STEPS = 40, CHANGES = 25, QUERIES = 20 };

static struct db *db;

static char *
text(const char *s)
{
	return (char *)(uintptr_t)s;
}

/* ---- postings ---- */

static void
test_posting(void)
{
	static const unsigned sizes[] = { 1, 2, 4095, 4096, 4097, 30000, 65536 };
	/* Roaring's own bytes for {1, 2, 65535}. */
	static const uint8_t known[] = { 0x3a, 0x30, 0, 0, 1, 0, 0, 0, 0, 0, 2, 0, 16, 0, 0, 0, 1, 0, 2, 0, 0xff, 0xff };
	static struct posting p, q;
	static uint8_t out[POSTING_MAX], again[POSTING_MAX];
	size_t len, refused = 0, same = 0;

	is_int((long long)posting_write(&p, out), 0, "nothing is no bytes");
	posting_set(&p, 1, true);
	posting_set(&p, 2, true);
	posting_set(&p, 65535, true);
	len = posting_write(&p, out);
	ok(len == sizeof(known) && memcmp(out, known, len) == 0, "the portable format");
	for (size_t i = 0; i < nelem(sizes); i++) {
		memset(&p, 0, sizeof(p));
		memset(&q, 0, sizeof(q));
		for (unsigned n = 0; n < sizes[i];) {
			unsigned doc = sizes[i] == 65536 ? n : dice_roll(65536);

			n += !posting_has(&p, doc);
			posting_set(&p, doc, true);
		}
		len = posting_write(&p, out);
		ok(posting_read(&q, out, len) == 0 && memcmp(&p, &q, sizeof(p)) == 0 && posting_count(&q) == sizes[i],
		    "%u documents in %zu bytes", sizes[i], len);
		/* What is damaged is refused, or is another posting that would be written just so. */
		for (int n = 0; n < 20000; n++) {
			size_t short_by = dice_roll(4) == 0 ? dice_roll(20) : 0, cut = short_by < len ? len - short_by : 0;
			size_t at = dice_roll((unsigned)(n % 2 ? len : 40 < len ? 40 : len));
			uint8_t was = out[at];
			uint8_t *exact = malloc(cut + 1);	/* A read beyond its end is noticed. */

			out[at] ^= (uint8_t)(1 + dice_roll(255));
			memcpy(exact, out, cut);
			exact = realloc(exact, cut > 0 ? cut : 1);
			memset(&q, 0, sizeof(q));
			if (posting_read(&q, exact, cut) != 0)
				refused++;
			else if (posting_write(&q, again) == cut && memcmp(again, exact, cut) == 0)
				same++;
			else
				ok(0, "byte %zu of %zu: read as what it is not", at, len);
			free(exact);
			out[at] = was;
		}
	}
	ok(refused > 70000 && same > 0, "%zu damaged postings refused, %zu others read", refused, same);
}

/* ---- the index against looking at all ---- */

static const char *const kinds[] = { "program", "group", "specialist" };
static const char *const orgs[] = { "HARBOR", "BROOK", "TIDE" };
static const char *const languages[] = { "en", "es", "es-MX", "fr", "zh-Hant-TW", "EN-gb" };
static const char *const conditions[] = { "grief", "alcohol", "anxiety", "trauma" };
static const char *const modalities[] = { "in_person", "phone", "online_text" };
static const char *const sessions[] = { "open_discussion", "education", "skills" };
static const char *const words[] = { "grief", "grieving", "griefs", "Évora", "evolve", "circle", "circular", "a", "an", "ana",
    "\xd0\x9a\xd1\x80\xd1\x83\xd0\xb3", "night", "walks", "walk", "recovery", "Recovering", "o'neill", "24/7", "sober", "soberly" };
#define PICK(list) (list[dice_roll(nelem(list))])

struct record {
	struct search_item	 item;
	char			 name[64], text[400];
	int64_t			 seen;
	int			 rank;
	bool			 there;
};
static struct record records[MANY];
static size_t held = RECORDS;

static void
pick_list(struct search_list *list, const char *const *from, size_t n, unsigned most)
{
	list->n = 0;
	for (unsigned k = dice_roll(most + 1); k > 0; k--)
		list->item[list->n++] = from[dice_roll((unsigned)n)];
}

static void
pick_words(char *to, size_t size, unsigned n)
{
	*to = '\0';
	while (n-- > 0)
		(void)snprintf(to + strlen(to), size - strlen(to), "%s%s", *to ? (dice_roll(3) ? " " : "-") : "", PICK(words));
}

static struct place
pick_place(void)
{
	return (struct place){ 40000000 + (int32_t)dice_roll(2000000), -75000000 + (int32_t)dice_roll(2000000) };
}

static void
fill(struct record *r)
{
	struct search_item *item = &r->item;

	pick_words(r->name, sizeof(r->name), 1 + dice_roll(2));
	pick_words(r->text, sizeof(r->text), dice_roll(8));
	*item = (struct search_item){ .kind = PICK(kinds), .org = PICK(orgs), .name = r->name, .text = r->text,
	    .open = (int)dice_roll(3) - 1 };
	item->credential = item->certified = dice_roll(4) == 0;
	pick_list(&item->languages, languages, nelem(languages), 3);
	pick_list(&item->facet[SEARCH_FACET_CONDITION], conditions, nelem(conditions), 3);
	pick_list(&item->facet[SEARCH_FACET_MODALITY], modalities, nelem(modalities), 2);
	pick_list(&item->facet[SEARCH_FACET_SESSION], sessions, nelem(sessions), 2);
	for (unsigned n = dice_roll(3); n > 0; n--)
		item->places[item->n_places++] = pick_place();
	r->rank = (int)dice_roll(SEARCH_RANKS);
}

static void
put(struct record *r)
{
	autobuf struct buf terms = { 0 };

	must(search_terms_item(&r->item, &terms));
	must(searchstore_put(db, r->seen, r->rank, dice_roll(2), &r->item, terms.data));
}

/* Is something left? */
static bool
settle(int64_t least, size_t most)
{
	bool more;

	must(searchstore_settle(db, least, most, &more));
	return more;
}

static struct search_query
ask(char query_words[100])
{
	struct search_query q = { .text = NULL };

	if (dice_roll(2)) {
		char *word = query_words, first[SEARCH_WORD];
		const char *at = word;

		pick_words(word, 100, 1 + dice_roll(2));
		if (dice_roll(2))
			word[1 + dice_roll((unsigned)strlen(word))] = '\0';	/* May cut a character in two. */
		q.text = search_word(&at, first) > 0 ? word : NULL;
	}
	if (dice_roll(4) == 0)
		q.kind = PICK(kinds);
	if (dice_roll(6) == 0)
		q.org = PICK(orgs);
	if (dice_roll(4) == 0)
		q.language = PICK(languages);
	if (dice_roll(4) == 0)
		q.facet[SEARCH_FACET_CONDITION] = PICK(conditions);
	if (dice_roll(4) == 0)
		q.facet[SEARCH_FACET_MODALITY] = PICK(modalities);
	if (dice_roll(5) == 0)
		q.facet[SEARCH_FACET_SESSION] = PICK(sessions);
	if (dice_roll(6) == 0) {
		q.near = pick_place();
		q.km = 1 + (int)dice_roll(100);
	}
	q.open_only = dice_roll(6) == 0;
	q.certified_only = dice_roll(8) == 0;
	return q;
}

struct answer {
	const struct search_query	*query;
	int64_t				 seen[MANY], doc[MANY];
	size_t				 n, stop;
	bool				 ordered;
};

static int
take_one(void *cookie, int64_t doc, int64_t seen)
{
	struct answer *a = cookie;
	struct record *r = &records[seen - 1];
	unsigned excluded, pass;

	a->ordered = a->ordered && (a->n == 0 || doc > a->doc[a->n - 1]);
	if (search_check(a->query, &r->item, &pass, &excluded) != 0)
		return 0;
	a->doc[a->n] = doc;
	a->seen[a->n++] = seen;
	return a->n == a->stop ? E_LATER : 0;
}

/* What the index and the check find; in pages if ${page}. */
static void
search(const struct search_query *q, unsigned pass, size_t page, struct searchstore_memo *memo, struct answer *a)
{
	struct search_plan plan;
	int r;

	*a = (struct answer){ .query = q, .ordered = true };
	must(search_terms_plan(q, pass, &plan));
	do {
		a->stop = page > 0 ? a->n + page : 0;
		r = searchstore_walk(db, &plan, memo, a->n > 0 ? a->doc[a->n - 1] : -1, take_one, a);
	} while (r == E_LATER);
	must(r);
	search_terms_free(&plan);
}

struct tally {
	size_t		queries, found, wrong, disordered, pages, names, counts;
};

/* The index's count of each wish admits at least what answers it, and exactly so where the terms say all. */
static void
check_counts(const struct search_query *q, struct tally *t)
{
	struct search_plan plan;
	struct search_loss loss;
	unsigned total = 0, removed[SEARCH_NFILTERS] = { 0 }, without[SEARCH_NFILTERS] = { 0 };

	must(search_terms_plan(q, 0, &plan));
	must(searchstore_count(db, &plan, &loss));
	search_terms_free(&plan);
	for (size_t i = 0; i < held; i++) {
		unsigned excluded = 0, pass;

		if (!records[i].there)
			continue;
		total++;
		if (search_check(q, &records[i].item, &pass, &excluded) == 0)
			excluded = 0;
		for (unsigned b = 0; b < SEARCH_NFILTERS; b++) {
			removed[b] += excluded >> b & 1;
			without[b] += (excluded & ~(1u << b)) == 0;
		}
	}
	t->counts += loss.total != total;
	for (unsigned b = 0; b < SEARCH_NFILTERS; b++) {
		struct search_query rest = *q;
		bool wished, exact = q->km == 0;

		search_relax(&rest, (enum search_bit)b);
		wished = memcmp(&rest, q, sizeof(rest)) != 0;
		if (!wished)
			continue;
		t->counts += loss.removed[b] > removed[b] || loss.without[b] < without[b];
		t->counts += exact && (loss.removed[b] != removed[b] || loss.without[b] != without[b]);
	}
}

static void
check_queries(struct tally *t)
{
	for (int i = 0; i < QUERIES; i++) {
		char typed[100];
		struct search_query q = ask(typed);
		static struct answer all, pages, names;
		static bool is_found[MANY];
		struct searchstore_memo memo = { 0 };
		size_t want = 0, want_named = 0, got = 0;

		search(&q, 0, 0, NULL, &all);
		search(&q, 0, held / 300 + dice_roll(5), &memo, &pages);
		memset(is_found, 0, sizeof(is_found));
		for (size_t m = 0; m < all.n; m++)
			is_found[all.seen[m] - 1] = true;
		for (size_t k = 0; k < held; k++) {
			unsigned excluded, pass = 0;
			bool is = records[k].there && search_check(&q, &records[k].item, &pass, &excluded) == 0;

			want += is;
			want_named += is && (pass & SEARCH_NAMED) != 0;
			got += is && is_found[records[k].seen - 1];
		}
		t->queries++;
		t->found += want;
		t->wrong += want != all.n || got != want;
		t->disordered += !all.ordered;
		t->pages += pages.n != all.n || memcmp(pages.seen, all.seen, all.n * sizeof(*all.seen)) != 0;
		for (size_t m = 1; m < all.n; m++)
			t->disordered += records[all.seen[m] - 1].rank > records[all.seen[m - 1] - 1].rank;
		if (q.text != NULL) {
			search(&q, SEARCH_NAMED, 0, &memo, &names);
			got = 0;
			for (size_t m = 0; m < names.n; m++) {
				unsigned excluded, pass;

				got += search_check(&q, &records[names.seen[m] - 1].item, &pass, &excluded) == 0 &&
				    (pass & SEARCH_NAMED) != 0;
			}
			t->names += got < want_named;
		}
		searchstore_forget(&memo);
		check_counts(&q, t);
	}
}

static void
test_oracle(void)
{
	struct tally t = { 0 };

	must(db_begin(db, NULL));
	for (size_t i = 0; i < held; i++) {
		struct seen_record s = { .org = text("org"), .kind = text("group"), .seq = 1, .hash = text("ab"), .record = text("{}") };
		char id[24];

		(void)snprintf(id, sizeof(id), "R%zu", i);
		s.id = id;
		must(seen_put(db, &s));
		records[i].seen = db_last_id(db);
	}
	check_queries(&t);
	for (int step = 0; step < STEPS; step++) {
		for (size_t i = 0; i < CHANGES * held / RECORDS; i++) {
			struct record *r = &records[dice_roll((unsigned)held)];

			switch (dice_roll(4)) {
			case 0:
				must(searchstore_drop(db, r->seen));
				r->there = false;
				break;
			case 1:
				if (r->there) {		/* Comes again, the same or with another rank. */
					r->rank = dice_roll(2) ? r->rank : (int)dice_roll(SEARCH_RANKS);
					put(r);
				}
				break;
			default:
				fill(r);
				r->there = true;
				put(r);
			}
		}
		if (dice_roll(2))
			(void)settle(SEARCHSTORE_PENDING, dice_roll(2) ? SEARCHSTORE_STEP : 1);
		check_queries(&t);
	}
	for (size_t i = 0; i < held; i++)
		must(searchstore_drop(db, records[i].seen));
	ok(!settle(1, SIZE_MAX), "all is posted");
	must(db_commit(db, NULL));
	printf("# %zu queries found %zu records\n", t.queries, t.found);
	ok(t.found > 2000, "something is found");
	is_int((long long)t.wrong, 0, "the index finds what looking at every record finds");
	is_int((long long)t.disordered, 0, "in the order of rank and number");
	is_int((long long)t.pages, 0, "page by page the same");
	is_int((long long)t.names, 0, "and whatever has the words in its name");
	is_int((long long)t.counts, 0, "each wish's losses are counted");
}

static long long
rows_of(enum query_id q, const char *word)
{
	autorows struct rows *rows = NULL;
	long long n = 0;

	must(word != NULL ? db_query(db, &rows, q, "tti", "", "\xff", (int64_t)100) :
	    db_query(db, &rows, q, "ii", (int64_t)0, INT64_MAX));
	while (db_next(rows) == 0)
		n++;
	return n;
}

static void
test_nothing_left(void)
{
	is_int(rows_of(Q_SEARCH_POST_ANY, NULL), 0, "nothing is left of what is gone: no posting");
	is_int(rows_of(Q_SEARCH_WORD_RANGE, "w"), 0, "and no word");
}

/* A transaction that is rolled back leaves the index as it was. */
static void
test_undo(void)
{
	struct search_query q = { .text = NULL };
	struct answer a;

	must(db_begin(db, NULL));
	fill(&records[0]);
	put(&records[0]);
	ok(!settle(1, SIZE_MAX), "all is posted");
	db_rollback(db);
	search(&q, 0, 0, NULL, &a);
	is_int((long long)a.n, 0, "what was rolled back is not found");
	test_nothing_left();
}

static void
test_damage(void)
{
	struct search_query q = { .text = NULL };
	struct search_plan plan;
	struct answer a = { .query = &q };

	must(db_begin(db, NULL));
	fill(&records[0]);
	records[0].item.kind = "group";
	put(&records[0]);
	ok(!settle(1, SIZE_MAX), "all is posted");
	must(db_run(db, Q_SEARCH_POST_PUT, "ib", searchstore_term('k', "group", 5) |
	    (int64_t)(SEARCH_RANKS - 1 - records[0].rank) << 16, "\x3a\x30 rotten", (size_t)9));
	must(db_commit(db, NULL));
	q.kind = "group";
	must(search_terms_plan(&q, 0, &plan));
	is_int(searchstore_walk(db, &plan, NULL, -1, take_one, &a), ERR_CORRUPT, "a rotten posting is said, not guessed at");
	search_terms_free(&plan);
}

static void
test_due(void)
{
	autofree int64_t *ids = NULL;
	int64_t next;
	size_t n;

	must(searchstore_next(db, &next));
	ok(next == INT64_MAX || next == 1, "no rank is due, or the first record's");
	must(db_begin(db, NULL));
	must(searchstore_put(db, records[1].seen, 3, 500, &(struct search_item){ .n_places = 0 }, "*\n"));
	must(searchstore_put(db, records[2].seen, 3, 400, &(struct search_item){ .n_places = 0 }, "*\n"));
	must(searchstore_drop(db, records[0].seen));
	must(db_commit(db, NULL));
	must(searchstore_next(db, &next));
	is_int(next, 400, "the next that is due");
	must(searchstore_due(db, 450, 10, &ids, &n));
	ok(n == 1 && ids[0] == records[2].seen, "whose it is");
}

int
main(void)
{
	held = getenv("CAIRN_LONG") != NULL ? MANY : RECORDS;
	test_posting();
	db = fixture_open();
	test_oracle();
	test_nothing_left();
	test_undo();
	test_damage();
	test_due();
	is_int(db_check(db, NULL), 0, "the store is sound");
	db_close(db);
	return done_testing();
}
