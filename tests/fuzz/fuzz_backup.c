/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A state directory that somebody puts back: cairn.db and keys.db of a node in the middle of its work (tests/hs/story.h), with
 * what disks, hands and strangers who do not know the key change in them.  An input is
 *
 *     a list      of up to eight {"table", "column", "row": n, "value": V} and {"sql": TEXT}; V is a value, {"hex": TEXT},
 *                 or {"of": [table, column, row]}, what stands there
 *     else bytes  the first says which file ('k': keys.db); of the rest four each: a place (three) and what is put there; behind the
 *                 end of the file, where it is cut
 *
 * The node opens it or says why not, answers its operator or stops; and of a database of which nobody knows that it is the newest
 * nothing leaves but the question.
 */
#include <fcntl.h>
#include <sodium.h>
#include <sqlite3.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "app/app.h"
#include "base/buf.h"
#include "base/canon.h"
#include "fuzz.h"
#include "tests/hs/story_refer.h"

const unsigned fuzz_changes = 6;

#define must(call) do {							\
	int m_ = (call);						\
	if (m_ != 0)							\
		fuzz_fail(__FILE__, __LINE__, #call);			\
} while (0)

enum { CHANGES_MAX = 8, TURNS_MAX = 40, STEPS = 20000, NFILES = 2 };

static const char *const names[NFILES] = { "cairn.db", "keys.db" };
static const char *const leftovers[] = { "cairn.db-wal", "cairn.db-shm", "cairn.db-journal", "backup.db", "cairn.lock" };
static struct host host;
static struct config cfg;
static struct buf whole[NFILES];	/* As they were. */
static char dir[64];
static struct referral_story story;
static struct world world;
static uint8_t kek[DB_KEY];

static int64_t
now(void *cookie)
{
	(void)cookie;
	return *host.now;
}

/* Nothing was answered, so nothing is known of a newer database. */
static int
request(void *cookie, const struct app_request *q)
{
	(void)cookie;
	claim(q->id != 0 && q->path[0] == '/' && q->cap > 0 && q->timeout_ms > 0);
	claim(strcmp(q->method, "GET") == 0 || strstr(q->path, "/account_data/") != NULL);
	return 0;
}

static int
tokens(void *cookie, const json_t *accounts)
{
	(void)cookie;
	claim(json_is_object(accounts));
	return 0;
}

static const struct app_transport transport = { .request = request, .tokens = tokens };

static const char *
path_of(const char *where, const char *name, char ret[PATH_MAX])
{
	claim(snprintf(ret, PATH_MAX, "%s/%s", where, name) < PATH_MAX);
	return ret;
}

static void
put_file(size_t i, const void *bytes, size_t len)
{
	char path[PATH_MAX];
	int fd = open(path_of(dir, names[i], path), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	claim(fd >= 0 && write(fd, bytes, len) == (ssize_t)len && close(fd) == 0);
}

static void
put_back(void)
{
	char path[PATH_MAX];

	for (size_t i = 0; i < sizeof(leftovers) / sizeof(*leftovers); i++)
		(void)unlink(path_of(dir, leftovers[i], path));
	for (size_t i = 0; i < NFILES; i++)
		put_file(i, whole[i].data, whole[i].len);
}

static void
bend(const uint8_t *how, size_t n)
{
	size_t i = how[0] == 'k', len = whole[i].len;
	autofree char *bytes = malloc(len);

	claim(bytes != NULL);
	memcpy(bytes, whole[i].data, len);
	for (how++, n--; n >= 4; n -= 4, how += 4) {
		size_t at = how[0] | (size_t)how[1] << 8 | (size_t)how[2] << 16;

		if (at < len)
			bytes[at] = (char)how[3];
		else
			len = at % (len + 1);
	}
	put_file(i, bytes, len);
}

/*
 * As whoever has SQLite and the file, and not the key.
 */

static int
allow(void *cookie, int what, const char *a, const char *b, const char *c, const char *d)
{
	(void)cookie, (void)a, (void)b, (void)c, (void)d;
	return what == SQLITE_ATTACH || what == SQLITE_PRAGMA ? SQLITE_DENY : SQLITE_OK;
}

static int
enough(void *cookie)
{
	(void)cookie;
	return 1;
}

static void
run(sqlite3 *sql, const char *text)
{
	(void)sqlite3_exec(sql, text, NULL, NULL, NULL);
}

/* The row's number in "t"; -1: there is none. */
static sqlite3_int64
row_of(sqlite3 *sql, const char *table, json_int_t n)
{
	autofree char *text = NULL;
	sqlite3_stmt *st = NULL;
	sqlite3_int64 ret = -1;

	claim(asprintf(&text, "SELECT rowid FROM \"%s\" ORDER BY rowid LIMIT 1 OFFSET %lld", table, (long long)(n & 0xff)) > 0);
	if (sqlite3_prepare_v2(sql, text, -1, &st, NULL) == SQLITE_OK && sqlite3_step(st) == SQLITE_ROW)
		ret = sqlite3_column_int64(st, 0);
	(void)sqlite3_finalize(st);
	return ret;
}

static bool
plain(const char *name)
{
	return name != NULL && *name != '\0' && name[strspn(name, "abcdefghijklmnopqrstuvwxyz_0123456789")] == '\0';
}

static void
bind_value(sqlite3_stmt *st, const json_t *value)
{
	const char *hex = json_str(value, "hex");
	uint8_t bytes[256];
	size_t n = 0;

	if (hex != NULL && sodium_hex2bin(bytes, sizeof(bytes), hex, strlen(hex), NULL, &n, NULL) == 0)
		(void)sqlite3_bind_blob(st, 1, bytes, (int)n, SQLITE_TRANSIENT);
	else if (json_is_integer(value))
		(void)sqlite3_bind_int64(st, 1, json_integer_value(value));
	else if (json_is_real(value))
		(void)sqlite3_bind_double(st, 1, json_real_value(value));
	else if (json_is_string(value))
		(void)sqlite3_bind_text(st, 1, json_string_value(value), (int)json_string_length(value), SQLITE_TRANSIENT);
}

static void
update(sqlite3 *sql, const json_t *wish)
{
	const char *table = json_str(wish, "table"), *column = json_str(wish, "column"), *other, *from;
	const json_t *value = json_object_get(wish, "value"), *of = json_arr(value, "of");
	autofree char *text = NULL;
	sqlite3_stmt *st = NULL;
	sqlite3_int64 row;

	if (!plain(table) || !plain(column) || (row = row_of(sql, table, json_int(wish, "row", 0))) < 0)
		return;
	other = json_string_value(json_array_get(of, 0));
	from = json_string_value(json_array_get(of, 1));
	if (plain(other) && plain(from))
		claim(asprintf(&text, "UPDATE \"%s\" SET \"%s\" = (SELECT \"%s\" FROM \"%s\" WHERE rowid = %lld) WHERE rowid = %lld", table, column, from, other,
		    (long long)row_of(sql, other, json_integer_value(json_array_get(of, 2))), (long long)row) > 0);
	else
		claim(asprintf(&text, "UPDATE \"%s\" SET \"%s\" = ?1 WHERE rowid = %lld", table, column, (long long)row) > 0);
	if (sqlite3_prepare_v2(sql, text, -1, &st, NULL) == SQLITE_OK) {
		bind_value(st, value);
		(void)sqlite3_step(st);
	}
	(void)sqlite3_finalize(st);
}

/* Each by itself: what is done to the schema counts for the next. */
static void
change(const json_t *list)
{
	char path[PATH_MAX];
	const json_t *one;
	size_t i;

	json_array_foreach(list, i, one) {
		sqlite3 *sql = NULL;

		if (i == CHANGES_MAX)
			break;
		claim(sqlite3_open_v2(path_of(dir, names[0], path), &sql, SQLITE_OPEN_READWRITE, NULL) == SQLITE_OK);
		run(sql, "PRAGMA ignore_check_constraints = ON; PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF");
		(void)sqlite3_set_authorizer(sql, allow, NULL);
		sqlite3_progress_handler(sql, STEPS, enough, NULL);
		if (json_str(one, "sql") != NULL)
			run(sql, json_str(one, "sql"));
		else
			update(sql, one);
		(void)sqlite3_close(sql);
	}
}

/*
 * What the node makes of it.
 */

/* False: it stops here. */
static bool
ask(struct app *app, const char *verb, json_t *args)
{
	autojson json_t *question = json_pack("{s:s, s:o}", "verb", verb, "args", args), *reply = NULL;
	int r = app_command(app, getuid(), question, &reply);

	claim(question != NULL && r <= 0 && (r == 0) == (reply != NULL));
	return r == 0;
}

static bool
work(struct app *app)
{
	static const char *const lists[] = { "referrals", "messages", "partners", "records", "outbox", "waiting", "rejected", "cases", "tasks", "rooms" };

	if (app_bridge(app, true) != 0)
		return false;
	for (int turns = 0; turns < TURNS_MAX && app->next <= *host.now; turns++)
		if (app_tick(app) != 0)
			return false;
	for (size_t i = 0; i < sizeof(lists) / sizeof(*lists); i++)
		if (!ask(app, "list", json_pack("{s:s}", "what", lists[i])))
			return false;
	return ask(app, "doctor", json_object()) && ask(app, "find", json_object()) && ask(app, "show", json_pack("{s:s}", "id", story.id)) &&
	    ask(app, "accounting", json_pack("{s:s}", "id", story.id)) && ask(app, "show", json_pack("{s:s}", "id", "node"));
}

static void
start(void)
{
	struct app *app = NULL;
	struct err err = { "" };
	int r = app_open(&cfg, &world, kek, &transport, &app, &err);

	claim((r == 0) == (app != NULL));
	fuzz_err(&err, false);
	if (r == 0)
		(void)work(app);
	app_close(app);
}

static void
read_file(const char *from, size_t i)
{
	char path[PATH_MAX], part[4096];
	FILE *f = fopen(path_of(from, names[i], path), "rb");
	size_t n;

	claim(f != NULL);
	while ((n = fread(part, 1, sizeof(part), f)) > 0)
		must(buf_add(&whole[i], part, n));
	(void)fclose(f);
	claim(whole[i].len > 0);
}

static void
leave(void)
{
	char path[PATH_MAX];

	for (size_t i = 0; i < sizeof(leftovers) / sizeof(*leftovers); i++)
		(void)unlink(path_of(dir, leftovers[i], path));
	for (size_t i = 0; i < NFILES; i++) {
		(void)unlink(path_of(dir, names[i], path));
		buf_wipe(&whole[i]);
	}
	(void)rmdir(dir);
}

static void
play(void)
{
	story_begin(&host, 7);
	story_trust(&host);
	story_publish(&host);
	refer_begin(&host, &story);
	for (int step = STORY_REFER; step <= STORY_CONSENT; step++)
		claim(refer_step(&host, &story, (enum story_step)step));
	host_kill(&host, SOURCE);
	host_kill(&host, TARGET);
}

int
LLVMFuzzerInitialize(int *argc, char ***argv)
{
	autofree char *text = NULL;
	struct app *app;
	struct err err = { "" };
	struct stat st;

	(void)argc, (void)argv;
	fuzz_start();
	fuzz_seed(1);
	play();
	text = host_config(&host, &host.node[SOURCE]);
	memset(kek, host.node[SOURCE].name[0], sizeof(kek));
	world = (struct world){ .now = now, .random = fuzz_draw };
	must(config_parse("backup", text, strlen(text), &cfg, &err));
	/* Once, so that all is in the file itself. */
	must(app_open(&cfg, &world, kek, &transport, &app, &err));
	app_close(app);
	for (size_t i = 0; i < NFILES; i++)
		read_file(cfg.state_dir, i);
	host_remove_dir(host.dir);
	(void)strcpy(dir, stat("/dev/shm", &st) == 0 ? "/dev/shm/cairn-fuzz-XXXXXX" : "/tmp/cairn-fuzz-XXXXXX");
	claim(mkdtemp(dir) != NULL);
	(void)atexit(leave);
	free(cfg.state_dir);
	claim((cfg.state_dir = strdup(dir)) != NULL);
	return 0;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	autojson json_t *list = NULL;

	if (len == 0)
		return 0;
	fuzz_seed(2);
	put_back();
	if (data[0] != '[')
		bend(data, len);
	else if ((list = fuzz_json(data, len)) != NULL)
		change(list);
	start();
	return 0;
}
