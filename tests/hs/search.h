/* SPDX-License-Identifier: Apache-2.0 */
/*
 * search: what can be read of a node's database by whoever has its key-encryption key and a file of keys; and whether
 * words of a member are in clear where somebody without any key could read them.
 */
#ifndef CAIRN_TEST_SEARCH_H
#define CAIRN_TEST_SEARCH_H

#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/world.h"
#include "host.h"
#include "hs_world.h"
#include "store/db.h"
#include "tests/tap.h"

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

/* How many of the words, up to NULL, are in it; says which. */
static inline int
search_text(const struct buf *text, const char *const *words, const char *where)
{
	int n = 0;

	for (; *words != NULL; words++)
		if (text->len > 0 && memmem(text->data, text->len, *words, strlen(*words)) != NULL) {
			printf("# \"%s\" is in %s\n", *words, where);
			n++;
		}
	return n;
}

static inline int
search_piece(const char *piece, size_t n, void *text)
{
	return buf_add(text, piece, n);
}

static inline void
search_json(struct buf *text, const json_t *value)
{
	if (value != NULL && json_dump_callback(value, search_piece, text, JSON_ENCODE_ANY | JSON_COMPACT) != 0)
		abort();
}

/* All that the homeservers keep: rooms as they are and as each server knows them, accounts, devices, what is under way. */
static inline void
search_store(struct buf *text, const struct hs *hs)
{
	for (const struct hs_server *s = hs->servers; s != NULL; s = s->next) {
		search_json(text, s->log);
		search_json(text, s->rooms);
		search_json(text, s->invites);
	}
	for (const struct hs_room *r = hs->rooms; r != NULL; r = r->next) {
		search_json(text, r->events);
		search_json(text, r->state);
	}
	for (const struct hs_parcel *p = hs->parcels; p != NULL; p = p->next)
		search_json(text, p->item);
	for (const struct hs_user *u = hs->users; u != NULL; u = u->next) {
		if (buf_puts(text, u->id) != 0)
			abort();
		search_json(text, u->account_data);
		search_json(text, u->signing);
		for (const struct hs_device *d = u->devices; d != NULL; d = d->next) {
			search_json(text, d->keys);
			search_json(text, d->onetime);
			search_json(text, d->fallback);
			search_json(text, d->inbox);
			search_json(text, d->txns);
		}
	}
}

static inline int
search_file(const char *path, const char *const *words)
{
	autobuf struct buf text = { 0 };
	char part[65536];
	FILE *f = fopen(path, "rb");
	size_t n;

	if (f == NULL)
		return 0;	/* A socket. */
	while ((n = fread(part, 1, sizeof(part), f)) > 0)
		if (buf_add(&text, part, n) != 0)
			abort();
	(void)fclose(f);
	return search_text(&text, words, path);
}

/* In clear, each word in each place: what the homeservers were asked, what they keep, the files of each node, its log. */
static inline int
search_clear(const struct host *h, const char *const *words)
{
	autobuf struct buf asked = { 0 }, kept = { 0 };
	char path[PATH_MAX], file[PATH_MAX + 300];
	int n;

	search_json(&asked, hs_log(h->hs));
	search_store(&kept, h->hs);
	n = search_text(&asked, words, "a request") + search_text(&kept, words, "a homeserver");
	for (size_t i = 0; i < h->n; i++) {
		DIR *dir;

		search_path(h, i, "", path);
		if ((dir = opendir(path)) == NULL)
			bail(path, "cannot be read");
		for (struct dirent *e; (e = readdir(dir)) != NULL;)
			if (e->d_name[0] != '.' && snprintf(file, sizeof(file), "%s/%s", path, e->d_name) > 0)
				n += search_file(file, words);
		(void)closedir(dir);
		search_path(h, i, ".log", path);
		n += search_file(path, words);
	}
	return n;
}

/* Is each of the words, up to NULL, sealed in the store of a node, as it is now? */
static inline bool
search_sealed(struct host *h, const char *const *words)
{
	bool all = true;

	for (size_t i = 0; i < h->n; i++)
		search_copy(h, i, "", ".read");
	for (; *words != NULL; words++) {
		int found = 0;

		for (size_t i = 0; i < h->n && found == 0; i++)
			found = search(h, i, ".read/cairn.db", "", *words).found;
		if (found == 0)
			printf("# \"%s\" is in no store\n", *words);
		all = all && found > 0;
	}
	return all;
}

static inline void
search_plant(const struct host *h, size_t i, const char *suffix, const char *mode, const char *word)
{
	char path[PATH_MAX];
	FILE *f;

	search_path(h, i, suffix, path);
	if ((f = fopen(path, mode)) == NULL || fprintf(f, "%s\n", word) < 0 || fclose(f) != 0)
		bail(path, "cannot be written");
}

/* Three checks: these words, up to NULL, are in clear nowhere; each was there to be found; and what is planted in clear is, everywhere. */
static inline void
search_member(struct host *h, const char *const *words)
{
	static const char *const planted[] = { "qzplantedqz", NULL };
	json_t *answer = NULL;
	int64_t until;
	int status;

	is_int(search_clear(h, words), 0, "nothing of the member is in clear: in no request, at no homeserver, in no file, in no log");
	ok(search_sealed(h, words), "all of it is in a store, sealed");
	hs_add_user(h->hs, "@qzplantedqz:nowhere.example", "pw");
	(void)hs_request(h->hs, NULL, "POST", HS_PREFIX "login", "{\"password\": \"qzplantedqz\"}", HS_FIRST, &status, &answer, &until);
	json_decref(answer);
	for (size_t i = 0; i < h->n; i++) {
		search_plant(h, i, "/planted", "w", planted[0]);
		search_plant(h, i, ".log", "a", planted[0]);
	}
	is_int(search_clear(h, planted), 2 + 2 * (int)h->n, "a word that is planted in each of these places is found in each");
}

#endif /* !CAIRN_TEST_SEARCH_H */
