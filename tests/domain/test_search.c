/* SPDX-License-Identifier: Apache-2.0 */
#include "base/cleanup.h"
#include "domain/search.h"
#include "tests/tap.h"

#define LIST(...) { (const char *const []){ __VA_ARGS__ }, \
    nelem(((const char *const []){ __VA_ARGS__ })) }
#define BIT(name) (1u << SEARCH_BIT_##name)

static const struct search_item rosa = {
	.kind = "specialist", .name = "Rosa M.",
	.summary = "I walk beside people in early recovery, in English and Spanish.",
	.languages = LIST("en", "es-MX", "est"), .conditions = LIST("substance_use", "anxiety"),
	.modalities = LIST("online_text", "phone"), .open = 3, .certified = true,
};

static const struct {
	const char		*name;
	struct search_query	 query;
	unsigned		 excluded;	/* 0: it answers. */
} queries[] = {
	{ "nothing wished", { 0 }, 0 },
	{ "kind", { .kind = "specialist" }, 0 },
	{ "another kind", { .kind = "group" }, BIT(KIND) },
	{ "a word of the name", { .text = "rosa" }, 0 },
	{ "the beginning of a word", { .text = "recov" }, 0 },
	{ "words of both, in any order", { .text = "  spanish, ROSA! " }, 0 },
	{ "the middle of a word", { .text = "covery" }, BIT(TEXT) },
	{ "one word of two", { .text = "rosa housing" }, BIT(TEXT) },
	{ "no letters", { .text = " - ," }, 0 },
	{ "language", { .language = "en" }, 0 },
	{ "a narrower one answers", { .language = "es" }, 0 },
	{ "in any case", { .language = "ES-mx" }, 0 },
	{ "a wider one does not", { .language = "en-GB" }, BIT(LANGUAGE) },
	{ "nor one that begins alike", { .language = "e" }, BIT(LANGUAGE) },
	{ "nor only alike", { .language = "est-E" }, BIT(LANGUAGE) },
	{ "another language", { .language = "fr" }, BIT(LANGUAGE) },
	{ "condition", { .condition = "anxiety" }, 0 },
	{ "another condition", { .condition = "grief" }, BIT(CONDITION) },
	{ "modality", { .modality = "phone" }, 0 },
	{ "another modality", { .modality = "in_person" }, BIT(MODALITY) },
	{ "open", { .open_only = true }, 0 },
	{ "certified", { .certified_only = true }, 0 },
	{ "all at once", { .text = "early", .kind = "specialist", .language = "en",
	  .condition = "substance_use", .modality = "online_text", .open_only = true,
	  .certified_only = true }, 0 },
	{ "all wrong at once", { .text = "x", .kind = "y", .language = "z", .condition = "u",
	  .modality = "v" },
	  BIT(TEXT) | BIT(KIND) | BIT(LANGUAGE) | BIT(CONDITION) | BIT(MODALITY) },
};

static void
test_filters(void)
{
	for (size_t i = 0; i < nelem(queries); i++) {
		int score = -99, r;
		unsigned excluded = 77;

		r = search_check(&queries[i].query, &rosa, &score, &excluded);
		if (queries[i].excluded == 0)
			ok(r == 0 && score != -99 && excluded == 77, "%s", queries[i].name);
		else
			ok(r == E_NOTFOUND && score == -99 && excluded == queries[i].excluded, "%s",
			    queries[i].name);
	}
}

static void
test_item(void)
{
	struct search_item bare = { .kind = "program", .name = "Z\xc3\xbcrich Peers", .open = -1 };
	struct search_query open = { .open_only = true }, certified = { .certified_only = true };
	struct search_query foreign = { .text = "Z\xc3\xbcr" };
	struct search_query words = { .text = "z\xc3\xbcrich anything" };
	unsigned excluded = 0;
	int score;

	ok(search_check(&open, &bare, &score, &excluded) == E_NOTFOUND && excluded == BIT(OPEN),
	    "capacity that is not said is not open");
	bare.open = 0;
	ok(search_check(&open, &bare, &score, &excluded) == E_NOTFOUND, "nor is none");
	bare.open = 1;
	ok(search_check(&open, &bare, &score, &excluded) == 0, "one place is open");
	ok(search_check(&certified, &bare, &score, &excluded) == E_NOTFOUND &&
	    excluded == BIT(CERTIFIED), "not certified");
	ok(search_check(&foreign, &bare, &score, &excluded) == 0, "letters beyond ASCII");
	ok(search_check(&words, &bare, &score, &excluded) == E_NOTFOUND && excluded == BIT(TEXT),
	    "no summary, no words of it");
}

static int
score_of(const struct search_query *query, struct search_item item)
{
	unsigned excluded;
	int score = -1000;

	return search_check(query, &item, &score, &excluded) == 0 ? score : -1000;
}

static void
test_score(void)
{
	struct search_query name = { .text = "rosa" }, text = { .text = "recovery" }, none = { 0 };
	struct search_query exact = { .language = "en" }, wide = { .language = "es" };
	struct search_item plain = rosa, stale = rosa, full = rosa;

	plain.certified = false;
	stale.stale = true;
	full.open = 0;
	ok(score_of(&name, rosa) > score_of(&text, rosa), "the name counts more than the text");
	ok(score_of(&text, rosa) > score_of(&none, rosa), "the text counts");
	ok(score_of(&exact, rosa) > score_of(&wide, rosa), "the very language counts more");
	ok(score_of(&none, rosa) > score_of(&none, plain), "a credential counts");
	ok(score_of(&none, rosa) > score_of(&none, full), "a free place counts");
	ok(score_of(&none, stale) < score_of(&none, full), "staleness counts against");
}

static void
test_explain(void)
{
	unsigned counts[SEARCH_NFILTERS] = { 0 };
	struct search_query none = { 0 }, words = { .text = "rosa" }, both = { .text = "rosa", .kind = "group" };
	struct err err;

	search_explain(counts, &none, false, &err);
	is_str(err.text, "nothing found; no records are held yet", "nothing was there");
	search_explain(counts, &words, true, &err);
	is_str(err.text, "nothing found; no record has these words", "no record has the words");
	search_explain(counts, &both, true, &err);
	is_str(err.text, "nothing found; no record of this kind has these words", "none of that kind");
	search_explain(counts, &none, true, &err);
	is_str(err.text, "nothing found; no record is of this kind or organization", "none of that kind, whatever it says");
	counts[SEARCH_BIT_LANGUAGE] = 7;
	counts[SEARCH_BIT_OPEN] = 2;
	search_explain(counts, &words, true, &err);
	is_str(err.text, "nothing found; removed by language: 7, open places: 2", "and who removed what");
	is_str(search_filter_name(SEARCH_BIT_TEXT), "words", "filters by name");
	is_str(search_filter_name(SEARCH_NFILTERS), "unknown", "none beyond the last");
}

int
main(void)
{
	test_filters();
	test_item();
	test_score();
	test_explain();
	return done_testing();
}
