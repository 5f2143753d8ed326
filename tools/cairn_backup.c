/* SPDX-License-Identifier: Apache-2.0 */
/* cairn_backup: the node copies its database beside itself; from there it is taken where it belongs, whole or not at all. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/canon.h"
#include "base/newfile.h"
#include "cairn.h"

enum { POLL_MS = 200, KEYS_DAYS = 29 };

/* A copy of keys.db says in its name when it was made: "keys-20261121T093000Z.db". */
#define KEYS_FORM	"keys-%Y%m%dT%H%M%SZ.db"

enum { KEYS_NAME = 32 };

/* Have it made, and wait: ${path} is where it is then. */
static int
make(struct cairn *c, char path[PATH_MAX])
{
	autojson json_t *look = json_pack("{s:b}", "look", 1), *begun = NULL;
	int r = look != NULL ? client_call(c, "backup", NULL, &begun) : out_problem(c, EXIT_FATAL, NULL, "out of memory");

	while (r == EXIT_OK) {
		autojson json_t *now = NULL;
		const char *state, *where;

		client_pause(POLL_MS);
		if ((r = client_call(c, "backup", look, &now)) != EXIT_OK)
			return r;
		state = json_str(now, "state");
		where = json_str(now, "path");
		if (state == NULL || where == NULL || strlen(where) >= PATH_MAX)
			return out_problem(c, EXIT_FATAL, NULL, "the node does not say where the copy is");
		if (strcmp(state, "done") == 0) {
			memcpy(path, where, strlen(where) + 1);
			return EXIT_OK;
		}
		if (strcmp(state, "running") != 0)
			return out_problem(c, EXIT_FATAL, "nothing was written; make space there, or look at that disk, and try again",
			    "the node made no copy: %s", json_str(now, "why") != NULL ? json_str(now, "why") : state);
	}
	return r;
}

static int
take_file(const struct cairn *c, const char *from, const char *to)
{
	struct err err = { "" };
	int fd = open(from, O_RDONLY | O_NOFOLLOW | O_CLOEXEC), r;

	if (fd < 0)
		return out_problem(c, EXIT_FATAL, "run it as root, or as the user of the node", "%s: %s", from, strerror(errno));
	r = newfile_copy(to, 0600, fd, &err);
	(void)close(fd);
	return r == 0 ? EXIT_OK : out_problem(c, r == E_EXISTS ? EXIT_REFUSED : EXIT_BAD, NULL, "%s", err.text);
}

/* Copies of keys.db that are about to be 30 days old: what was erased since can still be read with them. */
static int
expire(const struct cairn *c, const char *dir, time_t now, int *ret_n)
{
	DIR *d = opendir(dir);
	int r = EXIT_OK;

	for (struct dirent *e = d != NULL ? readdir(d) : NULL; e != NULL && r == EXIT_OK; e = readdir(d)) {
		struct tm made = { 0 };
		const char *end = strptime(e->d_name, KEYS_FORM, &made);

		if (end == NULL || *end != '\0' || timegm(&made) > now - KEYS_DAYS * 24 * 3600)
			continue;
		if (unlinkat(dirfd(d), e->d_name, 0) != 0)
			r = out_problem(c, EXIT_FATAL, "destroy it yourself", "%s/%s: %s", dir, e->d_name, strerror(errno));
		*ret_n += r == EXIT_OK;
	}
	if (d == NULL || (r == EXIT_OK && fsync(dirfd(d)) != 0))
		r = out_problem(c, EXIT_FATAL, NULL, "%s: %s", dir, strerror(errno));
	if (d != NULL)
		(void)closedir(d);
	return r;
}

/* The keys after the database: a key without a row is harmless, a row without its key is lost. */
static int
take_keys(const struct cairn *c, const char *backup, const char *dir, json_t *said)
{
	char from[PATH_MAX + 16], to[PATH_MAX], name[KEYS_NAME];
	time_t now = time(NULL);
	struct tm tm;
	int gone = 0, r;

	if (gmtime_r(&now, &tm) == NULL || strftime(name, sizeof(name), KEYS_FORM, &tm) == 0 ||
	    snprintf(to, sizeof(to), "%s/%s", dir, name) >= (int)sizeof(to))
		return out_problem(c, EXIT_BAD, NULL, "%s: the name is too long", dir);
	(void)snprintf(from, sizeof(from), "%.*s/keys.db", (int)(strrchr(backup, '/') - backup), backup);
	if ((r = take_file(c, from, to)) != EXIT_OK || (r = expire(c, dir, now, &gone)) != EXIT_OK)
		return r;
	return json_object_set_new(said, "keys", json_string(to)) != 0 || json_object_set_new(said, "keys_destroyed",
	    json_integer(gone)) != 0 ? out_problem(c, EXIT_FATAL, NULL, "out of memory") : EXIT_OK;
}

int
backup_run(struct cairn *c, const struct verb *v, json_t *args)
{
	const char *file = json_str(args, "file"), *keys = json_str(args, "keys");
	autojson json_t *said = json_pack("{s:s}", "file", file), *remove = json_pack("{s:b}", "remove", 1), *removed = NULL;
	char path[PATH_MAX];
	int r, last;

	(void)v;
	if (said == NULL || remove == NULL)
		return out_problem(c, EXIT_FATAL, NULL, "out of memory");
	if (access(file, F_OK) == 0)
		return out_problem(c, EXIT_REFUSED, "name a file that is not there", "%s exists and is not overwritten", file);
	if ((r = make(c, path)) != EXIT_OK)
		return r;
	r = strchr(path, '/') != NULL ? take_file(c, path, file) : out_problem(c, EXIT_FATAL, NULL, "%s is no path", path);
	last = client_call(c, "backup", remove, &removed);
	if (r == EXIT_OK && (r = last) == EXIT_OK && keys != NULL && (r = take_keys(c, path, keys, said)) == EXIT_OK) {
		autojson json_t *made = json_pack("{s:b}", "keys", 1), *noted = NULL;

		/* So that cairn doctor can remind of the next. */
		r = made != NULL ? client_call(c, "backup", made, &noted) : out_problem(c, EXIT_FATAL, NULL, "out of memory");
	}
	if (r != EXIT_OK)
		return r;
	if (c->json)
		return out_json(said);
	out_line("%s: the database as it was a moment ago, without keys.db", file);
	if (keys != NULL)
		out_line("%s: its keys; %lld older cop%s destroyed", json_str(said, "keys"), (long long)json_int(said, "keys_destroyed", 0),
		    json_int(said, "keys_destroyed", 0) == 1 ? "y was" : "ies were");
	return EXIT_OK;
}
