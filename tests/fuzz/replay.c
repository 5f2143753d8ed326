/* SPDX-License-Identifier: Apache-2.0 */
/*
 * replay: what libFuzzer does with a corpus, where it is absent: every file of
 * the directories named (default: the examples in gen/seeds), whole, cut at
 * every length up to a bound, and with bytes replaced.  A fault is a crash, or
 * an abort() of the target.
 */
#include <dirent.h>
#include <stdint.h>

#include "base/buf.h"
#include "tap.h"

enum { CUTS = 64, CHANGES = 256 };

int	LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static size_t inputs;

/* Exactly ${len} bytes on the heap, so that reading one more is seen. */
static void
feed(const void *data, size_t len)
{
	uint8_t *copy = malloc(len > 0 ? len : 1);

	if (copy == NULL)
		abort();
	memcpy(copy, data, len);
	(void)LLVMFuzzerTestOneInput(copy, len);
	free(copy);
	inputs++;
}

static void
replay(struct buf *seed)
{
	static const char bytes[] = "\"\\{}[]:,09-.eE \n\0\x7f\x80\xc3\xed\xff";
	uint32_t random = 1;

	feed(seed->data, seed->len);
	for (size_t i = 0; i < CUTS; i++)
		feed(seed->data, seed->len * i / CUTS);
	for (size_t i = 0; i < CHANGES && seed->len > 0; i++) {
		char *at, before;

		random = random * 1664525 + 1013904223;
		at = &seed->data[(random >> 8) % seed->len];
		before = *at;
		*at = i % 2 ? (char)(random >> 4) : bytes[i / 2 % (sizeof(bytes) - 1)];
		feed(seed->data, seed->len);
		*at = before;
	}
}

static void
replay_file(const char *path)
{
	autobuf struct buf seed = { 0 };
	char chunk[4096];
	FILE *f = fopen(path, "rb");
	size_t n;

	if (f == NULL)
		abort();
	while ((n = fread(chunk, 1, sizeof(chunk), f)) > 0)
		if (buf_add(&seed, chunk, n) != 0)
			abort();
	(void)fclose(f);
	if (seed.len > 0)
		replay(&seed);
}

int
main(int argc, char **argv)
{
	static char seeds[] = "gen/seeds", *standard[] = { seeds };
	char **dirs = argc > 1 ? argv + 1 : standard;
	int n = argc > 1 ? argc - 1 : 1;

	feed("", 0);
	for (int i = 0; i < n; i++) {
		DIR *d = opendir(dirs[i]);
		struct dirent *file;
		char path[1024];

		while (d != NULL && (file = readdir(d)) != NULL) {
			if (file->d_name[0] == '.')
				continue;
			(void)snprintf(path, sizeof(path), "%s/%s", dirs[i], file->d_name);
			replay_file(path);
		}
		if (d != NULL)
			(void)closedir(d);
	}
	ok(inputs > 1, "%zu inputs, none of them fatal", inputs);
	return done_testing();
}
