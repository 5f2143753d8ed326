/* SPDX-License-Identifier: Apache-2.0 */
/*
 * match DIR N WISHES: N records of partners in a store in DIR, one of eight a program and the others specialists, and of each kind of wish so many: from the
 * arguments of `cairn match` to its choices with their reasons.  "usual": need, age band, language, modality and times; "wide": only what must be
 * said, of everyday support, which nobody is excluded from but who is full; "none": a language that nobody speaks; "round": everybody who suits
 * a usual wish, as for a round of many members.
 */
#include "app/match.h"
#include "base/heap.h"
#include "hostile.h"

enum { HEAP = 256 << 20 /* As cairn-node's. */ };

static const char *const questions[] = { "usual", "wide", "none", "round" };
static const char *const needs[] = { "mental_health", "substance_use", "grief", "youth", "reentry", "everyday_support" };
static const char *const bands[] = { "18_25", "26_59", "26_59", "60_plus" };

static void
add(struct app *app, int i)
{
	fill_one(app, i, i % 8 == 0 ? "program" : "specialist", 100);
}

static json_t *
question(const char *kind)
{
	if (!strcmp(kind, "wide"))
		return json_pack("{s:s, s:s}", "need", "everyday_support", "age_band", PICK(bands));
	return json_pack("{s:s, s:s, s:s, s:s, s:[s]}", "need", PICK(needs), "age_band", PICK(bands), "language",
	    !strcmp(kind, "none") ? "tlh" : PICK(languages), "modality", PICK(modalities), "time", PICK(times));
}

static void
add_hostile(struct app *app, int i)
{
	hostile_add(app, i, "specialist");
}

static void
measure(struct app *app, const char *kind, const char *what, int n)
{
	struct taken taken = { 0 };
	size_t shown = 0, most, before = heap_used(&most);

	for (int i = 0; i < n; i++) {
		autojson json_t *wish = question(kind), *reply = NULL;
		struct bench_time t = bench_time();
		struct err err = { "" };
		int r;

		bench_must(db_begin(app->db, NULL));
		if ((r = !strcmp(kind, "round") ? match_all(app, wish, &reply, &err) : match_propose(app, wish, &reply, &err)) != 0)
			fprintf(stderr, "match: %s\n", err.text);
		bench_must(r);
		bench_must(db_commit(app->db, NULL));
		taken_add(&taken, bench_since(t));
		shown += json_array_size(!strcmp(kind, "round") ? reply : json_arr(reply, "choices"));
	}
	(void)heap_used(&most);
	printf("{\"question\": \"%s\", \"heap_mib\": %.1f, \"shown\": %.1f, ", what, (double)(most - before) / (1 << 20), (double)shown / n);
	taken_say(&taken);
}

int
main(int argc, char **argv)
{
	struct app app;
	int n, each;

	bench_must(heap_limit(HEAP));
	fill_open(argc, argv, "match DIR N WISHES; N 0: of the specialists that an earlier run left in DIR", &app, &n, &each);
	fill(&app, n, add);
	for (size_t i = 0; i < nelem(questions); i++)
		measure(&app, questions[i], questions[i], each);
	if (n > 0) {
		fill(&app, HOSTILE, add_hostile);
		measure(&app, "usual", "usual, and 1000 hostile", each);
		measure(&app, "wide", "wide, and 1000 hostile", each);
	}
	fill_close(&app);
	return EXIT_SUCCESS;
}
