/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A byte of the store is damaged, its log is cut, its shared memory is gone or rubbish: the
 * node says so or answers as before; it never crashes, nor shows of a member what was never stored.
 *
 * Damage in the log that SQLite cannot tell from an unfinished write gives an earlier state of the referral.
 *
 * HS_SEED chooses the run; HS_LONG=1: five thousand instead of a few.
 */
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "app/app.h"
#include "base/canon.h"
#include "base/cleanup.h"
#include "lives.h"
#include "tests/tap.h"

enum { FEW = 90, MANY = 2500, PATIENCE = 60 /* Seconds. */ };
enum verdict { DETECTED = 10, SAME, EARLIER, WRONG };
enum damage { FLIP_DB, FLIP_WAL, CUT_DB, CUT_WAL, SHM, DAMAGES };

static const char *const words[DAMAGES] = { "a bit of the database is flipped", "a bit of its log is flipped",
    "the database is cut", "its log is cut", "its shared memory is gone or rubbish" };

static uint64_t seed;

static uint64_t
dice(uint64_t n)
{
	seed = seed * 6364136223846793005u + 1442695040888963407u;
	return (seed >> 33) % n;
}

static int64_t
clock_of(void *cookie)
{
	return *(const int64_t *)cookie;
}

static void
draw(void *cookie, void *dst, size_t n)
{
	(void)cookie;
	memset(dst, 7, n);
}

static int
swallow(void *cookie, const struct app_request *q)
{
	(void)cookie, (void)q;
	return 0;
}

static int
no_tokens(void *cookie, const json_t *tokens)
{
	(void)cookie, (void)tokens;
	return 0;
}

static json_t *
asked(struct app *app, const char *verb, json_t *args)
{
	autojson json_t *request = json_pack("{s:s, s:o}", "verb", verb, "args", args), *reply = NULL;

	return app_command(app, getuid(), request, &reply) == 0 && json_is_true(json_object_get(reply, "ok")) ?
	    json_incref(json_object_get(reply, "result")) : NULL;
}

/* What the node shows: {referral, list, find, doctor}; NULL: it says that something is wrong. */
static json_t *
look(struct host *h, const char *id)
{
	struct app_transport transport = { .request = swallow, .tokens = no_tokens };
	struct world world = { .now = clock_of, .random = draw, .cookie = h->now };
	autofree char *text = host_config(h, &h->node[TARGET]);
	struct config config;
	struct app *app = NULL;
	struct err err = { "" };
	uint8_t kek[DB_KEY];
	json_t *shown = NULL;

	memset(kek, h->node[TARGET].name[0], sizeof(kek));
	if (config_parse("test.conf", text, strlen(text), &config, &err) != 0)
		abort();
	if (app_open(&config, &world, kek, &transport, &app, &err) == 0) {
		shown = json_pack("{s:o*, s:o*, s:o*, s:o*}", "referral", asked(app, "show", json_pack("{s:s}", "id", id)),
		    "list", asked(app, "list", json_pack("{s:s}", "what", "referrals")), "find", asked(app, "find",
		    json_object()), "doctor", asked(app, "doctor", json_object()));
		if (json_object_size(shown) < 4 || app_bridge(app, true) != 0 || app_tick(app) != 0) {
			json_decref(shown);
			shown = NULL;
		}
	} else if (*err.text == '\0')
		abort();
	app_close(app);
	config_free(&config);
	return shown;
}

/* Doctor says that the file is damaged, whatever else is shown. */
static bool
warns(const json_t *shown, const json_t *before)
{
	return !json_equal(json_object_get(shown, "doctor"), json_object_get(before, "doctor"));
}

/* Is every member of ${a} but its own progress as in ${b}, and its history the beginning of that of ${b}? */
static bool
is_earlier(const json_t *a, const json_t *b)
{
	static const char *const fixed[] = { "request", "disclosure", "id" };
	size_t n = json_array_size(json_arr(a, "history"));

	for (size_t i = 0; i < nelem(fixed); i++) {
		const json_t *mine = json_object_get(a, fixed[i]);

		if (mine != NULL && !json_is_null(mine) && !json_equal(mine, json_object_get(b, fixed[i])))
			return false;
	}
	if (n > json_array_size(json_arr(b, "history")))
		return false;
	for (size_t i = 0; i < n; i++)
		if (!json_equal(json_array_get(json_arr(a, "history"), i), json_array_get(json_arr(b, "history"), i)))
			return false;
	return true;
}

static void
spoil(const struct host *h, enum damage damage)
{
	char path[PATH_MAX + 80];
	struct stat st;
	uint8_t byte;
	off_t at;
	int fd;

	(void)snprintf(path, sizeof(path), "%s/%s/cairn.db%s", h->dir, h->node[TARGET].name, damage == SHM ? "-shm" :
	    damage == FLIP_WAL || damage == CUT_WAL ? "-wal" : "");
	if ((fd = open(path, O_RDWR | O_CLOEXEC)) < 0 || fstat(fd, &st) != 0 || st.st_size == 0)
		abort();
	at = (off_t)dice((uint64_t)st.st_size);
	switch (damage) {
	case FLIP_DB:
	case FLIP_WAL:
		if (pread(fd, &byte, 1, at) != 1)
			abort();
		byte ^= (uint8_t)(1u << dice(8));
		if (pwrite(fd, &byte, 1, at) != 1)
			abort();
		break;
	case CUT_DB:
	case CUT_WAL:
		if (ftruncate(fd, at) != 0)
			abort();
		break;
	case SHM:
		if (dice(3) == 0)
			(void)unlink(path);
		else
			for (off_t i = 0; i < 4096; i++) {
				byte = (uint8_t)dice(256);
				if (pwrite(fd, &byte, 1, i) != 1)
					abort();
			}
		break;
	case DAMAGES:
		break;
	}
	(void)close(fd);
}

/* In a process of its own. */
static enum verdict
one(struct host *h, const char *id, const json_t *before, enum damage damage)
{
	int status, out = memfd_create("flip", MFD_CLOEXEC);
	char text[2001];
	ssize_t n;
	pid_t pid;

	seed ^= seed << 13 ^ 0x9e3779b97f4a7c15;	/* The child's dice are its own. */
	(void)fflush(stdout);
	if (out < 0 || (pid = fork()) < 0)
		abort();
	if (pid == 0) {
		autojson json_t *shown = NULL;
		enum verdict v;

		(void)dup2(out, STDOUT_FILENO);
		(void)dup2(out, STDERR_FILENO);
		(void)alarm(PATIENCE);
		spoil(h, damage);
		shown = look(h, id);
		v = shown == NULL || (warns(shown, before) && damage != FLIP_WAL && damage != CUT_WAL) ? DETECTED :
		    json_equal(shown, before) ? SAME : is_earlier(json_obj(shown, "referral"), json_obj(before, "referral")) ?
		    EARLIER : WRONG;
		if (v == WRONG) {
			autofree char *got = json_dumps(shown, JSON_COMPACT), *want = json_dumps(before, JSON_COMPACT);

			printf("got  %s\nwant %s\n", got, want);
		}
		(void)fflush(stdout);
		_exit((int)v);
	}
	(void)waitpid(pid, &status, 0);
	n = pread(out, text, sizeof(text) - 1, 0);
	(void)close(out);
	text[n > 0 ? n : 0] = '\0';
	if (WIFEXITED(status) && WEXITSTATUS(status) >= DETECTED && WEXITSTATUS(status) < WRONG)
		return (enum verdict)WEXITSTATUS(status);
	printf("# %s: %s %d\n", words[damage], WIFEXITED(status) ? "status" : "signal",
	    WIFEXITED(status) ? WEXITSTATUS(status) : WTERMSIG(status));
	for (char *line = strtok(text, "\n"); line != NULL; line = strtok(NULL, "\n"))
		printf("#   %s\n", line);
	return WRONG;
}

static void
some(struct host *h, const char *id, enum damage damage, const char *kept)
{
	autojson json_t *before = NULL;
	int n = (lives_long() ? MANY : FEW) / (damage >= CUT_DB ? 3 : 1), count[WRONG + 1] = { 0 };
	char used[PATH_MAX + 80];

	(void)snprintf(used, sizeof(used), "%s/%s", h->dir, h->node[TARGET].name);
	for (int i = 0; i <= n; i++) {
		host_remove_dir(used);
		host_copy_dir(kept, used);
		if (i > 0)
			count[one(h, id, before, damage)]++;
		else if ((before = look(h, id)) == NULL)
			exit(99);
	}
	ok(count[WRONG] == 0 && (damage != SHM || count[SAME] == n), "%s, %d times: noticed %d, without effect %d, earlier "
	    "state %d", words[damage], n, count[DETECTED], count[SAME], count[EARLIER]);
}

int
main(void)
{
	struct host h;
	struct referral_story s;
	char killed[PATH_MAX + 80], stopped[PATH_MAX + 80], used[PATH_MAX + 80];

	lives_begin(&h, 0);
	seed = h.seed;
	for (size_t i = 0; i < h.n; i++)
		host_start(&h, i);
	host_settle(&h);
	refer_begin(&h, &s);
	if (!refer_all(&h, &s))
		return 99;
	(void)snprintf(used, sizeof(used), "%s/%s", h.dir, h.node[TARGET].name);
	(void)snprintf(killed, sizeof(killed), "%s/killed", h.dir);
	(void)snprintf(stopped, sizeof(stopped), "%s/stopped", h.dir);
	/* Killed, all is in the log; stopped, in the database. */
	host_kill(&h, TARGET);
	host_copy_dir(used, killed);
	host_start(&h, TARGET);
	for (size_t i = 0; i < h.n; i++)
		host_stop(&h, i);
	host_copy_dir(used, stopped);
	for (int damage = 0; damage < DAMAGES; damage++)
		some(&h, s.id, (enum damage)damage, damage == FLIP_DB || damage == CUT_DB ? stopped : killed);
	host_close(&h);
	return done_testing();
}
