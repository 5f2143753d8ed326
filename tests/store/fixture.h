/* SPDX-License-Identifier: Apache-2.0 */
/* fixture: a store in a directory of its own, with a clock and a seed. */
#ifndef CAIRN_TEST_STORE_H
#define CAIRN_TEST_STORE_H

#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/db.h"
#include "tests/tap.h"

static int64_t fixture_now = 1700000000000;
static uint64_t fixture_seed = 1;

static int64_t
fixture_clock(void *cookie)
{
	(void)cookie;
	return fixture_now;
}

static void
fixture_random(void *cookie, void *dst, size_t n)
{
	uint8_t *d = dst;

	(void)cookie;
	for (size_t i = 0; i < n; i++) {	/* splitmix64 */
		uint64_t z = fixture_seed += 0x9e3779b97f4a7c15;

		z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
		z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
		d[i] = (uint8_t)((z ^ (z >> 31)) >> 32);
	}
}

static const struct world fixture_world = { .now = fixture_clock, .random = fixture_random };
static const uint8_t fixture_kek[DB_KEY] = { 7, 7, 7 };
static char fixture_dir[64];

static inline void
bail(const char *what, const char *why)
{
	printf("Bail out! %s: %s\n", what, why);
	exit(EXIT_FAILURE);
}

static inline void
fixture_remove(void)
{
	char path[512];
	struct dirent *e;
	DIR *d;

	if ((d = opendir(fixture_dir)) == NULL)
		return;
	while ((e = readdir(d)) != NULL) {
		(void)snprintf(path, sizeof(path), "%s/%s", fixture_dir, e->d_name);
		(void)unlink(path);
	}
	(void)closedir(d);
	(void)rmdir(fixture_dir);
}

static inline struct db *
fixture_reopen(void)
{
	struct err err = { "" };
	struct db *db = NULL;

	if (db_open(fixture_dir, fixture_kek, &fixture_world, &db, &err) != 0)
		bail("db_open", err.text);
	return db;
}

static inline struct db *
fixture_open(void)
{
	const char *tmp = getenv("TMPDIR");

	(void)snprintf(fixture_dir, sizeof(fixture_dir), "%.40s/cairn-XXXXXX", tmp ? tmp : "/tmp");
	if (mkdtemp(fixture_dir) == NULL)
		bail("mkdtemp", fixture_dir);
	(void)atexit(fixture_remove);
	return fixture_reopen();
}

/* A file of the store, under a name of its own. */
static inline void
fixture_copy(const char *from, const char *to)
{
	char command[300];

	(void)snprintf(command, sizeof(command), "cp %s/%s %s/%s", fixture_dir, from, fixture_dir, to);
	if (system(command) != 0)
		bail("cp", command);
}

/* Whether ${text} stands anywhere in a file of the store. */
static inline int
fixture_holds(const char *text)
{
	static const char *const names[] = { "cairn.db", "cairn.db-wal", "cairn.db-shm" };
	size_t len = strlen(text);

	for (size_t i = 0; i < nelem(names); i++) {
		char path[128];
		struct stat st;
		char *data = NULL;
		FILE *f;
		int found;

		(void)snprintf(path, sizeof(path), "%s/%s", fixture_dir, names[i]);
		if ((f = fopen(path, "r")) == NULL)
			continue;
		if (fstat(fileno(f), &st) != 0 || (data = malloc((size_t)st.st_size + 1)) == NULL ||
		    fread(data, 1, (size_t)st.st_size, f) != (size_t)st.st_size)
			bail("read", path);
		found = memmem(data, (size_t)st.st_size, text, len) != NULL;
		free(data);
		(void)fclose(f);
		if (found)
			return 1;
	}
	return 0;
}

#define must(call) do {							\
	int m_ = (call);						\
	if (m_ != 0) {							\
		char t_[32];						\
		(void)snprintf(t_, sizeof(t_), "%d", m_);		\
		bail(#call, t_);					\
	}								\
} while (0)

#endif /* !CAIRN_TEST_STORE_H */
