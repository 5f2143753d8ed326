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
#include "base/encode.h"
#include "base/proof.h"
#include "bench.h"

enum { ORGS = 8, WORDS = 30000, TOWNS = 400, BATCH = 8192, DESCRIPTION = 35 };

static const char *const kinds[] = { "program", "program", "group", "specialist" };
static const char *const languages[] = { "en", "en", "en", "en", "es", "es-MX", "fr", "zh", "ar", "vi", "pt", "ht" };
static const char *const conditions[] = { "mental_health", "substance_use", "anxiety", "depression", "alcohol", "grief", "trauma",
    "bipolar", "opioids", "loneliness", "cancer", "diabetes", "hiv", "reentry", "perinatal", "stroke" };
static const char *const modalities[] = { "in_person", "phone", "online_text", "online_video", "online_voice", "forum" };
static const char *const audiences[] = { "adults", "anyone", "youth", "veterans", "women", "parents", "lgbtq", "older_adults" };
static const char *const times[] = { "weekday_morning", "weekday_afternoon", "weekday_evening", "weekend_morning",
    "weekend_evening", "night" };
static const char *const costs[] = { "free", "free", "sliding_scale", "insurance", "fee" };
static const char *const days[] = { "Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun" }, *const small_days[] = { "mon", "tue", "wed", "thu", "fri",
    "sat", "sun" };
static const char *const zones[] = { "America/New_York", "America/New_York", "America/Chicago", "America/Denver", "America/Los_Angeles" };
static const char *const sessions[] = { "open_discussion", "open_discussion", "education", "role_play", "skills" };
static const char *const questions[] = { "text", "rare", "facets", "place", "time", "who", "capacity", "mixed", "all", "nothing" };
#define PICK(list) (list[draw(nelem(list))])

static char orgs[ORGS][27];
static struct place towns[TOWNS];
static uint64_t state = 20261121;
static int64_t now = 1795230245678LL;

static unsigned
draw(unsigned below)
{
	state = state * 6364136223846793005ULL + 1442695040888963407ULL;
	return (unsigned)((state >> 33) % below);
}

/* 0 to ${n} - 1; each about half as often as the one at half its place. */
static unsigned
zipf(unsigned n)
{
	unsigned r = 1;

	while (r < n && draw(2))
		r *= 2;
	r += draw(r);
	return r <= n ? r - 1 : draw(n);
}

static void
word(unsigned n, char out[24])
{
	static const char *const parts[] = { "ba", "re", "co", "ti", "lu", "men", "sa", "vor", "ki", "den", "pro", "fal", "gri", "ne",
	    "sto", "har" };
	size_t len = 0;

	for (n += 16; n > 0; n /= 16)
		len += (size_t)snprintf(out + len, 24 - len, "%s", parts[n % 16]);
}

static int64_t
clock_now(void *cookie)
{
	(void)cookie;
	return now;
}

static void
fill_random(void *cookie, void *to, size_t n)
{
	(void)cookie;
	randombytes_buf(to, n);
}

static json_t *
words(unsigned n, bool zipfian)
{
	struct buf out = { 0 };
	json_t *ret;

	while (n-- > 0) {
		char w[24];

		word(zipfian ? zipf(WORDS) : WORDS / 2 + draw(WORDS / 2), w);
		bench_must(buf_printf(&out, "%s%s", out.len > 0 ? " " : "", w));
	}
	ret = json_string(out.data);
	buf_free(&out);
	return ret;
}

static struct place
place(void)
{
	struct place p = towns[zipf(TOWNS)];

	p.lat += (int32_t)draw(300000) - 150000;
	p.lon += (int32_t)draw(300000) - 150000;
	return p;
}

/* Most say when they meet, half of them in two lines; one in eight says no zone. */
static json_t *
schedules(void)
{
	json_t *list = json_array();

	for (unsigned n = 1 + draw(2); n > 0; n--) {
		unsigned opens = 7 + draw(13);
		char from[8], to[8];

		(void)snprintf(from, sizeof(from), "%02u:%s", opens, draw(2) ? "00" : "30");
		(void)snprintf(to, sizeof(to), "%02u:00", opens + 1 + draw(2));
		bench_must(json_array_append_new(list, json_pack("{s:[s], s:s, s:s, s:s*}", "days", PICK(small_days), "opens", from, "closes", to,
		    "timezone", draw(8) ? PICK(zones) : NULL)));
	}
	return list;
}

static json_t *
body_of(const char *kind)
{
	json_t *body = json_pack("{s:o, s:o, s:[s, s], s:[s], s:[s]}", "description", words(DESCRIPTION, true), "name", words(3, true),
	    "languages", PICK(languages), PICK(languages), "conditions", conditions[zipf(nelem(conditions))], "audiences", PICK(audiences));
	struct place at = place();

	bench_need(body != NULL);
	if (!strcmp(kind, "specialist")) {
		bench_must(json_object_set_new(body, "alias", words(2, true)));
		bench_must(json_object_update_new(body, json_pack("{s:[s, s], s:{s:i, s:I}}", "times", PICK(times), PICK(times),
		    "capacity", "open", draw(4) ? 0 : 1 + draw(4), "updated_at", now - (json_int_t)draw(60) * 86400000)));
	}
	if (!strcmp(kind, "group"))
		bench_must(json_object_set_new(body, "modality", json_string(PICK(modalities))));
	if (strcmp(kind, "specialist") != 0 && draw(4)) {
		bench_must(json_object_set_new(body, "schedules", schedules()));
		bench_must(json_object_set_new(body, "session_types", json_pack("[s]", PICK(sessions))));
	}
	if (strcmp(kind, "group") != 0)
		bench_must(json_object_set_new(body, "modalities", json_pack("[s, s]", PICK(modalities), PICK(modalities))));
	if (!strcmp(kind, "program"))
		bench_must(json_object_update_new(body, json_pack("{s:s, s:i, s:[{s:s, s:i, s:i}], s:{s:b, s:[s]}}", "cost", PICK(costs),
		    "minimum_age", draw(3) ? 18 : 13, "locations", "visibility", "public", "latitude_e6", at.lat, "longitude_e6", at.lon,
		    "service_area", "anywhere", 0, "regions", draw(2) ? "US-NJ" : "US-NY")));
	return body;
}

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

static struct trust *
trust_of_all(void)
{
	static const uint8_t seed[32] = { 1 };
	struct signers by = { .n = 1, .needed = 1 };
	uint8_t signer[32], secret[64];
	autojson json_t *list = json_pack("{s:i, s:s, s:i, s:I, s:I, s:[], s:[]}", "v", 1, "kind", "trust", "version", 1, "issued_at",
	    (json_int_t)now - 1, "expires_at", (json_int_t)now + 86400000, "orgs", "issuers");
	struct trust *trust;
	struct err err = { "" };

	for (int i = 0; i < ORGS; i++) {
		uint8_t key[32], other[64];
		char text[64], master[64], server[40], node[80], steward[80];

		randombytes_buf(other, sizeof(other));
		(void)crypto_sign_keypair(key, other);
		proof_key_text(key, text);
		(void)sodium_bin2base64(master, sizeof(master), key, 32, sodium_base64_VARIANT_ORIGINAL_NO_PADDING);
		(void)snprintf(orgs[i], sizeof(orgs[i]), "AAAAAAAAAAAAAAAAAAAAAAAA%c0", "ABCDEFGH"[i]);
		(void)snprintf(server, sizeof(server), "org%d.example", i);
		(void)snprintf(node, sizeof(node), "@cairn:%s", server);
		(void)snprintf(steward, sizeof(steward), "@steward:%s", server);
		bench_must(json_array_append_new(json_object_get(list, "orgs"), json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:[s], s:[s]}",
		    "org", orgs[i], "name", server, "server", server, "node_user", node, "steward_user", steward, "master_key", master,
		    "record_key", text, "roles", "node", "via", server)));
	}
	(void)crypto_sign_seed_keypair(signer, secret, seed);
	memcpy(by.key[0], signer, sizeof(signer));
	if (trust_sign(list, seed, now, &err) != 0 || trust_load(list, &by, NULL, now, &trust, &err) != 0) {
		fprintf(stderr, "trust list: %s\n", err.text);
		exit(EXIT_FAILURE);
	}
	return trust;
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
	for (size_t i = 0; i < TOWNS; i++)
		towns[i] = (struct place){ 30000000 + (int32_t)draw(15000000), -120000000 + (int32_t)draw(45000000) };
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
