/* SPDX-License-Identifier: Apache-2.0 */
/* filled: a node with a store full of drawn records, all in the index. */
#ifndef CAIRN_BENCH_FILLED_H
#define CAIRN_BENCH_FILLED_H

#include <sodium.h>

#include "app/find.c"
#include "base/config.h"
#include "drawn.h"

enum { BATCH = 8192 };

static struct indexing filling;

/* One record, which expires in so many days; ${body} is taken. */
static inline void
fill_body(struct app *app, int i, char *org, const char *kind, int lasts, json_t *body)
{
	char id[32];
	autojson json_t *record = json_pack("{s:o, s:s, s:i}", "body", body, "kind", kind, "v", 1);
	autofree char *text = json_dumps(record, JSON_COMPACT);
	struct listing l = { .json = NULL };
	struct seen_record s = { .org = org, .id = id, .kind = (char *)(uintptr_t)kind, .seq = 1,
	    .expires_at = now + lasts * 86400000LL, .received_at = now,
	    .hash = (char *)(uintptr_t)"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", .record = text };

	(void)snprintf(id, sizeof(id), "RECORD%020d", i);
	bench_need(text != NULL);
	bench_must(seen_put(app->db, &s));
	bench_must(seen_get(app->db, s.org, id, &l.rec));
	bench_must(index_listing(&filling, &l));
	close_listing(&l);
}

/* Seven of eight groups and specialists name one of the last programs of their organization. */
static inline void
fill_one(struct app *app, int i, const char *kind, int lasts)
{
	static struct { int last[256]; unsigned n; } programs[ORGS];
	unsigned org = draw(ORGS), n = programs[org].n;
	json_t *body = body_of(kind);

	if (!strcmp(kind, "program"))
		programs[org].last[programs[org].n++ % nelem(programs[org].last)] = i;
	else if (n > 0 && draw(8))
		bench_must(json_object_set_new(body, "program", json_sprintf("RECORD%020d",
		    programs[org].last[draw(n < nelem(programs[org].last) ? n : (unsigned)nelem(programs[org].last))])));
	fill_body(app, i, orgs[org], kind, lasts, body);
}

/* ${n} records by ${add}. */
static inline void
fill(struct app *app, int n, void (*add)(struct app *, int))
{
	for (int i = 0; i < n; i++) {
		bool more;

		if (i % BATCH == 0)
			bench_must(db_begin(app->db, NULL));
		add(app, i);
		if (i % BATCH == BATCH - 1 || i == n - 1) {
			bench_must(searchstore_settle(app->db, 1, SIZE_MAX, &more));
			bench_must(db_commit(app->db, NULL));
		}
	}
}

/* Of "DIR N QUESTIONS": the store in DIR; N 0: as an earlier run left it. */
static inline void
fill_open(int argc, char **argv, const char *usage, struct app *ret, int *ret_n, int *ret_questions)
{
	static const uint8_t kek[DB_KEY] = { 7 };
	static const struct world world = { .now = bench_clock, .random = fill_random, .cookie = &now };
	static char user[] = "@cairn:quay.example";
	static const struct config cfg = { .node_user = user };
	struct err err = { "" };

	*ret = (struct app){ .world = &world, .cfg = &cfg };
	*ret_n = argc == 4 ? atoi(argv[2]) : -1;
	*ret_questions = argc == 4 ? atoi(argv[3]) : 0;
	if (*ret_n < 0 || *ret_questions < 1 || sodium_init() < 0) {
		fprintf(stderr, "usage: %s\n", usage);
		exit(EXIT_FAILURE);
	}
	if (db_open(argv[1], kek, &world, &ret->db, &err) != 0) {
		fprintf(stderr, "%s: %s\n", argv[1], err.text);
		exit(EXIT_FAILURE);
	}
	ret->trust = trust_of_all();
	bench_must(index_begin(ret, &filling));
	draw_towns();
}

static inline void
fill_close(struct app *app)
{
	index_end(&filling);
	trust_free(app->trust);
	db_close(app->db);
}

/* How long each question of a kind took, ms. */
struct taken {
	double	*wall, *cpu;
	int	 n, size;
};

static inline void
taken_add(struct taken *t, struct bench_time one)
{
	if (t->n == t->size) {
		t->size = 2 * t->size + 64;
		t->wall = realloc(t->wall, (size_t)t->size * sizeof(*t->wall));
		t->cpu = realloc(t->cpu, (size_t)t->size * sizeof(*t->cpu));
		bench_need(t->wall != NULL && t->cpu != NULL);
	}
	t->wall[t->n] = (double)one.ns / 1e6;
	t->cpu[t->n++] = (double)one.cpu_ns / 1e6;
}

static inline int
by_value(const void *a, const void *b)
{
	const double *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

/* "p50_ms": ..., and so on, to the end of a line of JSON; ${t} is done with. */
static inline void
taken_say(struct taken *t)
{
	qsort(t->wall, (size_t)t->n, sizeof(*t->wall), by_value);
	qsort(t->cpu, (size_t)t->n, sizeof(*t->cpu), by_value);
	printf("\"p50_ms\": %.3f, \"p99_ms\": %.3f, \"max_ms\": %.3f, \"p50_cpu_ms\": %.3f, \"p99_cpu_ms\": %.3f, \"max_cpu_ms\": %.3f, "
	    "\"questions\": %d}\n", t->wall[t->n / 2], t->wall[t->n * 99 / 100], t->wall[t->n - 1], t->cpu[t->n / 2], t->cpu[t->n * 99 / 100],
	    t->cpu[t->n - 1], t->n);
	(void)fflush(stdout);
	free(t->wall);
	free(t->cpu);
	*t = (struct taken){ 0 };
}

#endif /* !CAIRN_BENCH_FILLED_H */
