/* SPDX-License-Identifier: Apache-2.0 */
/*
 * search DIR N QUERIES: N records of partners in a store in DIR, and of each kind of question so many; how long
 * loading and each kind took, and what it needs.  Words follow Zipf's law, places are towns of unequal
 * size; all is drawn with a seed.  What is measured is find_run, from the arguments to the reply.
 */
#include <sodium.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "app/find.c"
#include "base/config.h"
#include "drawn.h"

enum { BATCH = 8192 };
static const char *const questions[] = { "text", "rare", "facets", "place", "time", "who", "capacity", "mixed", "all", "nothing" };

static struct fit *fit;

static void
add(struct app *app, int i)
{
	const char *kind = PICK(kinds);
	char id[32];
	autojson json_t *record = json_pack("{s:o, s:s, s:i}", "body", body_of(kind), "kind", kind, "v", 1);
	autofree char *text = json_dumps(record, JSON_COMPACT);
	struct listing l = { .json = NULL };
	struct seen_record s = { .org = orgs[draw(ORGS)], .id = id, .kind = (char *)(uintptr_t)kind, .seq = 1,
	    .expires_at = now + (int64_t)(draw(100)) * 864000000 - 8640000000LL, .received_at = now,
	    .hash = (char *)(uintptr_t)"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", .record = text };

	(void)snprintf(id, sizeof(id), "RECORD%020d", i);
	bench_need(text != NULL);
	bench_must(seen_put(app->db, &s));
	bench_must(seen_get(app->db, s.org, id, &l.rec));
	bench_must(index_listing(app, fit, &l));
	close_listing(&l);
}

static void
wish_text(json_t *args, const char *key, const char *value)
{
	bench_must(json_object_set_new(args, key, json_string(value)));
}

static json_t *
question(const char *kind)
{
	json_t *args = json_object();
	struct place at = place();
	char near[64];

	(void)snprintf(near, sizeof(near), "%d.%06d,-%d.%06d", at.lat / 1000000, at.lat % 1000000, -at.lon / 1000000, -at.lon % 1000000);
	if (!strcmp(kind, "text") || !strcmp(kind, "mixed") || (!strcmp(kind, "all") && draw(2)))
		bench_must(json_object_set_new(args, "words", words(1 + draw(2), true)));
	if (!strcmp(kind, "rare"))
		bench_must(json_object_set_new(args, "words", words(2, false)));
	if (!strcmp(kind, "facets") || !strcmp(kind, "mixed") || !strcmp(kind, "all") || !strcmp(kind, "nothing")) {
		wish_text(args, "condition", conditions[zipf(nelem(conditions))]);
		wish_text(args, "language", PICK(languages));
	}
	if (!strcmp(kind, "facets")) {
		wish_text(args, "modality", PICK(modalities));
		wish_text(args, "audience", PICK(audiences));
	}
	if (!strcmp(kind, "place") || !strcmp(kind, "mixed") || !strcmp(kind, "all")) {
		wish_text(args, "near", near);
		bench_must(json_object_set_new(args, "within", json_integer(5 + draw(45))));
	}
	if (!strcmp(kind, "mixed")) {
		wish_text(args, "cost", "free");
	}
	if (!strcmp(kind, "mixed") || !strcmp(kind, "all") || !strcmp(kind, "who")) {
		(void)snprintf(near, sizeof(near), "%u.%u", 13 + draw(60), draw(10));
		wish_text(args, "age", near);
		wish_text(args, "residence", draw(4) ? "US-NY" : "US-CA");
	}
	if (!strcmp(kind, "time") || !strcmp(kind, "all")) {
		unsigned from = 7 + draw(13);

		(void)snprintf(near, sizeof(near), "%s %02u:00-%02u:00", PICK(days), from, from + 1 + draw(3));
		wish_text(args, "at", near);
		wish_text(args, "zone", PICK(zones));
	}
	if (!strcmp(kind, "time"))
		wish_text(args, "language", PICK(languages));
	if (!strcmp(kind, "who"))
		wish_text(args, "session", PICK(sessions));
	if (!strcmp(kind, "capacity") || !strcmp(kind, "nothing"))
		bench_must(json_object_set_new(args, "open", json_true()));
	if (!strcmp(kind, "capacity"))
		wish_text(args, "condition", conditions[zipf(nelem(conditions))]);
	if (!strcmp(kind, "nothing"))
		wish_text(args, "cost", "fee");	/* Only programs have a cost, only specialists free places. */
	return args;
}

static int
by_value(const void *a, const void *b)
{
	const double *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

static void
measure(struct app *app, const char *kind, int n)
{
	double *wall = calloc((size_t)n, sizeof(*wall)), *cpu = calloc((size_t)n, sizeof(*cpu)), shown = 0;

	bench_need(wall != NULL && cpu != NULL);
	for (int i = 0; i < n; i++) {
		autojson json_t *args = question(kind), *reply = NULL;
		struct bench_time t = bench_time();
		struct err err = { "" };

		bench_must(db_begin(app->db, NULL));
		bench_must(find_run(app, args, &reply, &err));
		bench_must(db_commit(app->db, NULL));
		t = bench_since(t);
		wall[i] = (double)t.ns / 1e6;
		cpu[i] = (double)t.cpu_ns / 1e6;
		shown += (double)json_array_size(json_arr(reply, "records"));
	}
	qsort(wall, (size_t)n, sizeof(*wall), by_value);
	qsort(cpu, (size_t)n, sizeof(*cpu), by_value);
	printf("{\"question\": \"%s\", \"p50_ms\": %.3f, \"p99_ms\": %.3f, \"max_ms\": %.3f, \"p50_cpu_ms\": %.3f, \"p99_cpu_ms\": %.3f, "
	    "\"shown\": %.1f, \"questions\": %d}\n", kind, wall[n / 2], wall[n * 99 / 100], wall[n - 1], cpu[n / 2], cpu[n * 99 / 100],
	    shown / n, n);
	(void)fflush(stdout);
	free(wall);
	free(cpu);
}

static void
load(struct app *app, int n)
{
	for (int i = 0; i < n; i++) {
		if (i % BATCH == 0)
			bench_must(db_begin(app->db, NULL));
		add(app, i);
		if (i % BATCH == BATCH - 1 || i == n - 1) {
			bool more;

			bench_must(searchstore_settle(app->db, 1, SIZE_MAX, &more));
			bench_must(db_commit(app->db, NULL));
		}
	}
}

struct turns {
	const char		*what;
	struct bench_time	 longest;
	double			 sum;
	int			 n;
};

static void
end_turn(struct app *app, struct turns *t, struct bench_time began)
{
	struct bench_time one = bench_since(began);

	bench_must(db_commit(app->db, NULL));
	if (one.ns > t->longest.ns)
		t->longest.ns = one.ns;
	if (one.cpu_ns > t->longest.cpu_ns)
		t->longest.cpu_ns = one.cpu_ns;
	t->sum += (double)one.ns;
	t->n++;
}

static void
say_turns(const struct turns *t)
{
	printf("{\"turns\": \"%s\", \"n\": %d, \"mean_ms\": %.3f, \"longest_ms\": %.2f, \"longest_cpu_ms\": %.2f}\n", t->what, t->n,
	    t->sum / 1e6 / t->n, (double)t->longest.ns / 1e6, (double)t->longest.cpu_ns / 1e6);
}

/* Records that come one by one, and by the thousand; and the steps that post them. */
static void
arrive(struct app *app, int from, int n)
{
	struct turns alone = { .what = "a record comes" }, step = { .what = "a step that posts" };
	struct bench_time t;
	bool more;

	for (int i = 0; i < n; i++) {
		t = bench_time();
		bench_must(db_begin(app->db, NULL));
		add(app, from + i);
		end_turn(app, &alone, t);
		/* Sixteen wait, as after a sync; then one each time. */
		if (i % 32 < 16)
			continue;
		do {
			more = false;
			t = bench_time();
			bench_must(db_begin(app->db, NULL));
			bench_must(find_step(app, &more));
			end_turn(app, &step, t);
		} while (more);
	}
	say_turns(&alone);
	say_turns(&step);
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
	struct rusage used;
	struct stat st;
	struct bench_time t;
	char path[4096];
	int n = argc == 4 ? atoi(argv[2]) : 0;

	if (n < 0 || argc != 4 || atoi(argv[3]) < 1 || sodium_init() < 0) {
		fprintf(stderr, "usage: search DIR N QUERIES; N 0: of the records that an earlier run left in DIR\n");
		return EXIT_FAILURE;
	}
	if (db_open(argv[1], kek, &world, &app.db, &err) != 0) {
		fprintf(stderr, "search: %s\n", err.text);
		return EXIT_FAILURE;
	}
	app.trust = trust_of_all();
	bench_must(fit_open(NULL, now, &fit, &err));
	draw_towns();
	t = bench_time();
	load(&app, n);
	t = bench_since(t);
	(void)snprintf(path, sizeof(path), "%s/cairn.db", argv[1]);
	bench_must(stat(path, &st));
	bench_must(getrusage(RUSAGE_SELF, &used));
	if (n > 0)
		printf("{\"records\": %d, \"load_s\": %.1f, \"load_cpu_s\": %.1f, \"bytes_each\": %.0f, \"peak_mib\": %.0f}\n", n, (double)t.ns / 1e9,
	    (double)t.cpu_ns / 1e9, (double)st.st_size / n, (double)used.ru_maxrss / 1024);
	for (size_t i = 0; i < nelem(questions); i++)
		measure(&app, questions[i], atoi(argv[3]));
	if (n > 0)
		arrive(&app, n, 640);
	fit_free(fit);
	trust_free(app.trust);
	db_close(app.db);
	return EXIT_SUCCESS;
}
