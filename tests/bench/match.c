/* SPDX-License-Identifier: Apache-2.0 */
/*
 * match DIR N WISHES: N specialists of partners in a store in DIR, and so many wishes, each held against all of them: from the
 * arguments of `cairn match` to its choices with their reasons.
 */
#include <sys/resource.h>

#include "app/match.h"
#include "base/canon.h"
#include "base/config.h"
#include "base/heap.h"
#include "drawn.h"
#include "store/dirstore.h"

enum { BATCH = 8192, HEAP = 256 << 20 /* As cairn-node's. */ };

static const char *const needs[] = { "mental_health", "substance_use", "grief", "youth", "reentry", "everyday_support" };
static const char *const bands[] = { "18_25", "26_59", "26_59", "60_plus" };

static void
add(struct app *app, int i)
{
	char id[32];
	autojson json_t *record = json_pack("{s:o, s:s, s:i}", "body", body_of("specialist"), "kind", "specialist", "v", 1);
	autofree char *text = json_dumps(record, JSON_COMPACT);
	struct seen_record s = { .org = orgs[draw(ORGS)], .id = id, .kind = (char *)(uintptr_t)"specialist", .seq = 1,
	    .expires_at = now + 8640000000LL, .received_at = now,
	    .hash = (char *)(uintptr_t)"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", .record = text };

	(void)snprintf(id, sizeof(id), "RECORD%020d", i);
	bench_need(text != NULL);
	bench_must(seen_put(app->db, &s));
}

static int
by_value(const void *a, const void *b)
{
	const double *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

static void
measure(struct app *app, int n)
{
	double *wall = calloc((size_t)n, sizeof(*wall)), *cpu = calloc((size_t)n, sizeof(*cpu));
	size_t choices = 0, most, before = heap_used(&most);

	bench_need(wall != NULL && cpu != NULL);
	for (int i = 0; i < n; i++) {
		autojson json_t *wish = json_pack("{s:s, s:s, s:s, s:s, s:[s]}", "need", PICK(needs), "age_band", PICK(bands), "language",
		    PICK(languages), "modality", PICK(modalities), "time", PICK(times)), *reply = NULL;
		struct bench_time t = bench_time();
		struct err err = { "" };
		int r;

		bench_must(db_begin(app->db, NULL));
		if ((r = match_propose(app, wish, &reply, &err)) != 0)
			fprintf(stderr, "match: %s\n", err.text);
		bench_must(r);
		bench_must(db_commit(app->db, NULL));
		t = bench_since(t);
		wall[i] = (double)t.ns / 1e6;
		cpu[i] = (double)t.cpu_ns / 1e6;
		choices += json_array_size(json_arr(reply, "choices"));
	}
	qsort(wall, (size_t)n, sizeof(*wall), by_value);
	qsort(cpu, (size_t)n, sizeof(*cpu), by_value);
	(void)heap_used(&most);
	printf("{\"p50_ms\": %.1f, \"max_ms\": %.1f, \"p50_cpu_ms\": %.1f, \"max_cpu_ms\": %.1f, \"heap_mib\": %.1f, \"choices\": %.1f}\n",
	    wall[n / 2], wall[n - 1], cpu[n / 2], cpu[n - 1], (double)(most - before) / (1 << 20), (double)choices / n);
	free(wall);
	free(cpu);
}

int
main(int argc, char **argv)
{
	static const uint8_t kek[DB_KEY] = { 7 };
	static const struct world world = { .now = clock_now, .random = fill_random };
	static char user[] = "@cairn:quay.example";
	static const struct config cfg = { .node_user = user };
	struct app app = { .world = &world, .cfg = &cfg };
	struct err err = { "" };
	int n = argc == 4 ? atoi(argv[2]) : 0;

	if (n < 1 || argc != 4 || atoi(argv[3]) < 1 || sodium_init() < 0) {
		fprintf(stderr, "usage: match DIR N WISHES\n");
		return EXIT_FAILURE;
	}
	bench_must(heap_limit(HEAP));
	if (db_open(argv[1], kek, &world, &app.db, &err) != 0) {
		fprintf(stderr, "match: %s\n", err.text);
		return EXIT_FAILURE;
	}
	app.trust = trust_of_all();
	draw_towns();
	for (int i = 0; i < n; i++) {
		if (i % BATCH == 0)
			bench_must(db_begin(app.db, NULL));
		add(&app, i);
		if (i % BATCH == BATCH - 1 || i == n - 1)
			bench_must(db_commit(app.db, NULL));
	}
	measure(&app, atoi(argv[3]));
	trust_free(app.trust);
	db_close(app.db);
	return 0;
}
