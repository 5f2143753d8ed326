/* SPDX-License-Identifier: Apache-2.0 */
/* What is a word of a text, and in which words a search that found nothing says so. */
#include <string.h>

#include "base/cleanup.h"
#include "domain/eligibility.h"
#include "domain/search.h"
#include "tests/tap.h"

static void
test_word(void)
{
	char word[SEARCH_WORD], flood[4 * SEARCH_WORD];
	const char *p = "  O'Neill\xe2\x80\x94\xc3\x89t\xc3\xa9, Stra\xc3\x9f" "e e\xcc\x81 \xd0\x9a\xd0\xa0\xd0\x81 \xce\xa9 x\xffy\xc3";
	static const char *const want[] = { "o", "neill", "ete", "strase", "e", "\xd0\xba\xd1\x80\xd1\x91", "\xcf\x89", "x", "y" };
	/* Which signs part words, and which are letters: punctuation of two blocks, ideographic space and stop, others of their blocks; a
	 * continuation alone and one cut off; four bytes; Latin beyond the table; accents that stand alone; letters next to those made small. */
	static const struct { const char *text, *first; } signs[] = { { "a\xe2\x80\x93" "b", "a" }, { "a\xe2\x81\x84" "b", "a" },
	    { "a\xe2\x82\xac" "b", "a\xe2\x82\xac" "b" }, { "a\xe3\x80\x80" "b", "a" }, { "a\xe3\x80\x82" "b", "a" },
	    { "a\xe3\x80\x85" "b", "a\xe3\x80\x85" "b" }, { "a\xe3\x81\x82", "a\xe3\x81\x82" }, { "a\x80" "b", "a" }, { "a\xe2\x80", "a" },
	    { "a\xf0\x9f\x8c\xb1" "b", "a\xf0\x9f\x8c\xb1" "b" }, { "a\xc6\x80", "a\xc6\x80" }, { "a\xc2\xa9" "b", "a" }, { "a\xc3\x97" "b", "a" },
	    { "a\xcc\x80\xcd\xaf" "b", "ab" }, { "a\xcd\xb0", "a\xcd\xb0" }, { "\xce\x90\xce\x91\xce\xa9\xce\xaa", "\xce\x90\xce\xb1\xcf\x89\xce\xaa" },
	    { "\xd0\x80\xd0\x8f\xd0\x90\xd0\xaf\xd0\xb0", "\xd1\x90\xd1\x9f\xd0\xb0\xd1\x8f\xd0\xb0" }, { "{a[b`c", "a" }, { "A/b", "a" }, { "9:b", "9" } };

	for (size_t i = 0; i < nelem(want); i++) {
		(void)search_word(&p, word);
		is_str(word, want[i], "word %zu", i + 1);
	}
	is_int((long long)search_word(&p, word), 0, "and no more; what is not UTF-8 parts words");
	for (size_t i = 0; i < nelem(signs); i++) {
		p = signs[i].text;
		(void)search_word(&p, word);
		is_str(word, signs[i].first, "the first word of sign %zu", i + 1);
	}
	flood[0] = 'x';
	for (size_t i = 1; i < sizeof(flood) - 1; i++)
		flood[i] = i % 2 ? '\xd0' : '\xba';
	flood[sizeof(flood) - 3] = '\0';
	p = flood;
	is_int((long long)search_word(&p, word), SEARCH_WORD - 2, "a long word is cut between characters");
	is_str(p, "", "and behind it is the end");
}

/* Names are the same by their words; who is called by some of them has them whole. */
static void
test_names(void)
{
	static const struct { const char *a, *b; bool same, has; } names[] = {
		{ "S\u00e3o Paulo", "SAO-PAULO", true, true }, { "St. Ives", " st ives", true, true },
		{ "New", "Newark", false, false }, { "Newark", "New", false, false }, { "Newark Heights", "Newark", false, true },
		{ "Newark", "Newark Heights", false, false }, { "Ives St", "St Ives", false, true },
		{ "Newark", "Old Newark", false, false }, { "Rosa Rosa", "Rosa", false, true }, { "--", "--", true, false },
		{ "--", "(", false, false }, { "--", "", false, false }, { "", "", true, false }, { "Newark", "", false, false },
		{ "", "Newark", false, false }, { "Z\u00fcrich", "Zuerich", false, false },
		{ "\u6771\u4eac", "\u6771\u4eac", true, true }, { "\u0130zmir", "izmir", true, true },
		{ "Newark N", "Newark --", false, true },
	};

	for (size_t i = 0; i < nelem(names); i++) {
		ok(search_same(names[i].a, names[i].b) == names[i].same, "\"%s\" and \"%s\" are %s", names[i].a, names[i].b,
		    names[i].same ? "the same" : "two");
		ok(search_has(names[i].a, names[i].b) == names[i].has, "... and the second is %s of the first", names[i].has ? "words" : "not");
	}
}

static void
test_explain(void)
{
	static const struct eligibility_facts facts = { .has_age = false };
	static const struct search_hours hours = { .unsaid = true };
	struct search_loss loss = { .total = 0 };
	struct err err = { "" };

	search_explain(&loss, &err);
	is_str(err.text, "nothing found; no records are held yet", "an empty directory");
	loss.total = 9;
	search_explain(&loss, &err);
	is_str(err.text, "nothing found; of 9 records each answers some wish and none all", "nothing removed by one");
	loss.removed[SEARCH_BIT_LANGUAGE] = 7;
	loss.removed[SEARCH_BIT_OPEN] = 2;
	search_explain(&loss, &err);
	is_str(err.text, "nothing found; removed by language: 7, open places: 2", "who removed what");
	loss.relax = SEARCH_BIT_OPEN;
	loss.relaxed = 3;
	search_explain(&loss, &err);
	is_str(err.text, "nothing found; removed by language: 7, open places: 2; without open places there would be 3", "and what would help");
	loss.rules = 1;
	search_explain(&loss, &err);
	ok(strstr(err.text, "without open places there would be 3, without who may come 1") != NULL, "rules on who may come are told of besides");
	loss.relax = SEARCH_BIT_ELIGIBLE;
	search_explain(&loss, &err);
	ok(strstr(err.text, "without who may come there would be 3") != NULL && strstr(err.text, " 1") == NULL, "once");
	loss.relax = SEARCH_BIT_OPEN;
	loss.rules = 0;
	loss.more = true;
	for (size_t i = 0; i < SEARCH_NFILTERS; i++)
		loss.removed[i] = 4000000000u;
	search_explain(&loss, &err);
	ok(strstr(err.text, ": 4000000000; without open places there would be at least 3") != NULL, "however much it is, what would help is said");
	is_str(search_filter_name(SEARCH_BIT_TEXT), "words", "filters by name");
	is_str(search_filter_name(SEARCH_NFILTERS), "unknown", "none beyond the last");
	for (enum search_bit bit = 0; bit < SEARCH_NFILTERS; bit++) {
		struct search_query all = { .text = "x", .kind = "x", .org = "x", .language = "x", .km = 3,
		    .open_only = true, .certified_only = true, .hours = &hours, .facts = &facts };
		unsigned excluded = 0, pass;
		struct search_item item = { .kind = "k", .org = "o", .name = "n", .times = SEARCH_NO, .eligible = SEARCH_NO };

		for (size_t i = 0; i < SEARCH_NFACETS; i++)
			all.facet[i] = "x";
		search_relax(&all, bit);
		(void)!search_check(&all, &item, &pass, &excluded);
		is_int(excluded, ((1u << SEARCH_NFILTERS) - 1) & ~(1u << bit), "one wish less: %s", search_filter_name(bit));
		if (bit == 0) {
			struct search_query before = all;

			search_relax(&all, SEARCH_NFILTERS);
			ok(memcmp(&before, &all, sizeof(all)) == 0, "and none beyond the last");
		}
	}
}

int
main(void)
{
	test_word();
	test_names();
	test_explain();
	return done_testing();
}
