/* SPDX-License-Identifier: Apache-2.0 */
/*
 * search DIR N QUERIES: N records of partners in a store in DIR, and of each kind of question so many; how long
 * loading and each kind took, and what it needs.  Words follow Zipf's law, places are towns of unequal
 * size; all is drawn with a seed.  What is measured is find_run, from the arguments to the reply.
 */
#include <sys/resource.h>
#include <sys/stat.h>

#include "hostile.h"

static const char *const questions[] = { "text", "rare", "facets", "place", "time", "who", "capacity", "mixed", "all", "nothing" };

static void
add(struct app *app, int i)
{
	fill_one(app, i, PICK(kinds), 10 * (int)draw(100) - 100);
}

static void
add_hostile(struct app *app, int i)
{
	hostile_add(app, i, "program");
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

static void
measure(struct app *app, const char *kind, const char *what, int n)
{
	struct taken taken = { 0 };
	double shown = 0;

	for (int i = 0; i < n; i++) {
		autojson json_t *args = question(kind), *reply = NULL;
		struct bench_time t = bench_time();
		struct err err = { "" };

		bench_must(db_begin(app->db, NULL));
		bench_must(find_run(app, args, &reply, &err));
		bench_must(db_commit(app->db, NULL));
		taken_add(&taken, bench_since(t));
		shown += (double)json_array_size(json_arr(reply, "records"));
	}
	printf("{\"question\": \"%s\", \"shown\": %.1f, ", what, shown / n);
	taken_say(&taken);
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
	struct app app;
	struct rusage used;
	struct stat st;
	struct bench_time t;
	char path[4096];
	int n, each;

	fill_open(argc, argv, "search DIR N QUERIES; N 0: of the records that an earlier run left in DIR", &app, &n, &each);
	t = bench_time();
	fill(&app, n, add);
	t = bench_since(t);
	(void)snprintf(path, sizeof(path), "%s/cairn.db", argv[1]);
	bench_must(stat(path, &st));
	bench_must(getrusage(RUSAGE_SELF, &used));
	if (n > 0)
		printf("{\"records\": %d, \"load_s\": %.1f, \"load_cpu_s\": %.1f, \"bytes_each\": %.0f, \"peak_mib\": %.0f}\n", n, (double)t.ns / 1e9,
		    (double)t.cpu_ns / 1e9, (double)st.st_size / n, (double)used.ru_maxrss / 1024);
	for (size_t i = 0; i < nelem(questions); i++)
		measure(&app, questions[i], questions[i], each);
	if (n > 0)
		arrive(&app, n, 640);
	if (n > 0) {
		fill(&app, HOSTILE, add_hostile);
		measure(&app, "all", "all, and 1000 hostile", each);
		measure(&app, "text", "text, and 1000 hostile", each);
		measure(&app, "nothing", "nothing, and 1000 hostile", each);
	}
	fill_close(&app);
	return EXIT_SUCCESS;
}
