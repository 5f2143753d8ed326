/* SPDX-License-Identifier: Apache-2.0 */
/*
 * corpora: large public test vectors, which are not part of the source.  The
 * environment variable CAIRN_CORPORA names the directory that holds them.
 */
#ifndef CAIRN_CORPORA_H
#define CAIRN_CORPORA_H

#include <dirent.h>

#include "base/buf.h"
#include "tap.h"

/* The whole file below the corpora, or NULL after a TAP line that says it was skipped. */
__attribute__((unused)) static char *
corpora_read(const char *name, size_t *ret_len)
{
	const char *root = getenv("CAIRN_CORPORA");
	char path[1024], chunk[4096];
	struct buf text = { 0 };
	size_t n;
	FILE *f;

	(void)snprintf(path, sizeof(path), "%s/%s", root != NULL ? root : "", name);
	f = root != NULL ? fopen(path, "rb") : NULL;
	if (f == NULL) {
		printf("ok %d - %s # SKIP %s\n", ++tap_n, name,
		    root != NULL ? "no such file" : "CAIRN_CORPORA is not set");
		return NULL;
	}
	while ((n = fread(chunk, 1, sizeof(chunk), f)) > 0)
		if (buf_add(&text, chunk, n) != 0)
			abort();
	(void)fclose(f);
	*ret_len = text.len;
	return buf_take(&text);
}

/* The directory below the corpora, or NULL after a TAP line that says it was skipped. */
__attribute__((unused)) static DIR *
corpora_open(const char *name)
{
	const char *root = getenv("CAIRN_CORPORA");
	char path[1024];
	DIR *d;

	(void)snprintf(path, sizeof(path), "%s/%s", root != NULL ? root : "", name);
	d = root != NULL ? opendir(path) : NULL;
	if (d == NULL)
		printf("ok %d - %s # SKIP %s\n", ++tap_n, name,
		    root != NULL ? "no such directory" : "CAIRN_CORPORA is not set");
	return d;
}

#endif /* !CAIRN_CORPORA_H */
