/* SPDX-License-Identifier: Apache-2.0 */
/* search: what can be read of a node's database by whoever has its key-encryption key and a file of keys. */
#ifndef CAIRN_TEST_SEARCH_H
#define CAIRN_TEST_SEARCH_H

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/world.h"
#include "host.h"
#include "store/db.h"

static inline _Noreturn void
bail(const char *what, const char *why)
{
	printf("Bail out! %s: %s\n", what, why);
	exit(EXIT_FAILURE);
}

#include "tests/store/forensic.h"

/* The directory of a node and ${suffix}: "/x" is in it, ".x" beside it. */
static inline void
search_path(const struct host *h, size_t i, const char *suffix, char out[PATH_MAX])
{
	if (snprintf(out, PATH_MAX, "%s/%s%s", h->dir, h->node[i].name, suffix) >= PATH_MAX)
		abort();
}

static inline void
search_copy(struct host *h, size_t i, const char *from, const char *to)
{
	char a[PATH_MAX], b[PATH_MAX];

	search_path(h, i, from, a);
	search_path(h, i, to, b);
	host_remove_dir(b);
	host_copy_dir(a, b);
}

static inline void
search_copy_file(struct host *h, size_t i, const char *from, const char *to)
{
	char a[PATH_MAX], b[PATH_MAX], command[2 * PATH_MAX + 16];

	search_path(h, i, from, a);
	search_path(h, i, to, b);
	(void)snprintf(command, sizeof(command), "cp '%s' '%s'", a, b);
	if (system(command) != 0)
		host_fail(h, "%s cannot be copied", from);
}

/* In database ${backup}, with the file of keys in directory ${keys}; nobody has either open. */
static inline struct forensic
search(struct host *h, size_t i, const char *backup, const char *keys, const char *needle)
{
	const struct world world = world_real();
	struct forensic f = { .needle = needle };
	char path[PATH_MAX];
	uint8_t kek[DB_KEY];
	struct err err = { "" };
	struct db *db = NULL;

	memset(kek, h->node[i].name[0], sizeof(kek));
	search_copy(h, i, keys, ".opened");
	search_path(h, i, ".opened", path);
	if (db_open(path, kek, &world, &db, &err) != 0)
		host_fail(h, "%s", err.text);
	f.seal = db_key(db)->seal;
	f.ring = db_ring(db);
	search_path(h, i, backup, path);
	forensic_read(&f, path);
	db_close(db);
	return f;
}

/* How many requests to the homeservers hold the words: all that these could keep is in one of them. */
static inline int
search_servers(const struct host *h, const char *needle)
{
	const json_t *call;
	size_t i;
	int n = 0;

	json_array_foreach(hs_log(h->hs), i, call) {
		char *text = json_dumps(call, 0);

		n += text == NULL || strstr(text, needle) != NULL;
		free(text);
	}
	return n;
}

#endif /* !CAIRN_TEST_SEARCH_H */
