/* SPDX-License-Identifier: Apache-2.0 */
/*
 * replay: what libFuzzer does with a corpus, where it is absent.  Each seed is fed whole, cut
 * short, with bytes replaced, and as the target's own mutator changes it.  Seeds are:
 *
 *     a directory     each file of it is one (default: gen/seeds for a target of JSON events)
 *     a file          each line is one, with \n, \\ and \xNN as escapes; '#' begins a comment.
 *                     Default: tests/fuzz/corpus/TARGET.txt of the sources
 *
 * Below $CAIRN_CORPORA, if it is set, are more (base/corpora.h), which by default are fed too, with few changes.
 *
 * A fault is a crash, or an abort() of the target.
 */
#include <dirent.h>
#include <sys/stat.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "fuzz.h"
#include "tap.h"

enum { CUTS = 4 /* One cut for so many changes. */, FEW = 2, BLOCK = 512 /* Of a tar archive. */ };

/* Of which target are they seeds? */
static const struct { const char *target, *path; } corpora[] = {
	{ "fuzz_canon", "bad/JSONTestSuite" },
	{ "fuzz_canon", "bad/canonical-json" },
	{ "fuzz_canon", "bad/json-dict-corpus" },
	{ "fuzz_canon", "bad/json-schema-test-suite" },
	{ "fuzz_canon", "bad/matrix-spec-events" },
	{ "fuzz_event", "bad/JSONTestSuite" },
	{ "fuzz_event", "bad/matrix-spec-events" },
	{ "fuzz_sync", "bad/matrix-spec-events" },
	{ "fuzz_text", "bad/blns/blns.txt" },
	{ "fuzz_text", "bad/unicode/confusables-uts39-14.0.txt" },
};

size_t	LLVMFuzzerCustomMutator(uint8_t *, size_t, size_t, unsigned) __attribute__((weak));

static size_t inputs, seeds;
static unsigned changes;
static uint32_t dice = 1;

static uint32_t
roll(void)
{
	dice = dice * 1664525 + 1013904223;
	return dice >> 8;
}

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

static char
other_byte(void)
{
	static const char bytes[] = "\"\\{}[]:,09-.eE \n\0\x7f\x80\xc3\xed\xff";
	uint32_t n = roll();

	return n % 2 ? (char)(n >> 1) : bytes[(n >> 1) % (sizeof(bytes) - 1)];
}

/* For the targets' mutators: libFuzzer's own is not here. */
size_t
LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max)
{
	if (size < max && (size == 0 || roll() % 3 == 0)) {
		size_t at = roll() % (size + 1);

		memmove(data + at + 1, data + at, size++ - at);
		data[at] = (uint8_t)other_byte();
	} else if (size > 1 && roll() % 3 == 0) {
		size_t at = roll() % size;

		memmove(data + at, data + at + 1, --size - at);
	} else if (size > 0)
		data[roll() % size] = (uint8_t)other_byte();
	return size;
}

static void
feed_changed(const struct buf *seed)
{
	size_t max = seed->len + 256, n;
	uint8_t *copy = calloc(1, max);

	if (copy == NULL)
		abort();
	memcpy(copy, seed->data, seed->len);
	n = LLVMFuzzerCustomMutator != NULL ? LLVMFuzzerCustomMutator(copy, seed->len, max, roll()) :
	    LLVMFuzzerMutate(copy, seed->len, max);
	feed(copy, n);
	free(copy);
}

static void
replay(const struct buf *seed)
{
	unsigned cuts = changes / CUTS;

	seeds++;
	feed(seed->data, seed->len);
	for (unsigned i = 0; i < cuts; i++)
		feed(seed->data, seed->len * i / cuts);
	for (unsigned i = 0; i < changes; i++)
		feed_changed(seed);
}

static void
read_file(const char *path, struct buf *text)
{
	char chunk[4096];
	FILE *f = fopen(path, "rb");
	size_t n;

	if (f == NULL) {
		printf("Bail out! %s cannot be read\n", path);
		exit(EXIT_FAILURE);
	}
	while ((n = fread(chunk, 1, sizeof(chunk), f)) > 0)
		if (buf_add(text, chunk, n) != 0)
			abort();
	(void)fclose(f);
}

static int
hex(char c)
{
	return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* One line, its escapes undone in place. */
static size_t
plain(char *s, size_t len)
{
	size_t n = 0;

	for (size_t i = 0; i < len; i++) {
		if (s[i] == '\\' && i + 1 < len && s[i + 1] == 'n') {
			s[n++] = '\n';
			i++;
		} else if (s[i] == '\\' && i + 1 < len && s[i + 1] == '\\')
			s[n++] = s[i++];
		else if (s[i] == '\\' && i + 3 < len && s[i + 1] == 'x' && hex(s[i + 2]) >= 0 && hex(s[i + 3]) >= 0) {
			s[n++] = (char)(hex(s[i + 2]) * 16 + hex(s[i + 3]));
			i += 3;
		} else
			s[n++] = s[i];
	}
	return n;
}

static void
replay_lines(const char *path)
{
	autobuf struct buf text = { 0 };
	char *next;

	read_file(path, &text);
	for (char *line = text.data; line != NULL && *line != '\0'; line = next) {
		struct buf seed = { .data = line, .len = strcspn(line, "\n") };

		next = line[seed.len] == '\0' ? NULL : line + seed.len + 1;
		if (*line == '#' || seed.len == 0)
			continue;
		seed.len = plain(line, seed.len);
		replay(&seed);
	}
}

/* Each file of it.  The sizes of an archive are its own: octal, or this stops. */
static void
replay_archive(const char *path)
{
	char command[1100], head[BLOCK];
	FILE *f;

	(void)snprintf(command, sizeof(command), "exec gzip -dc '%s'", path);
	if ((f = popen(command, "r")) == NULL)
		abort();
	while (fread(head, 1, sizeof(head), f) == sizeof(head) && *head != '\0') {
		struct buf seed = { .len = strtoul(head + 124, NULL, 8) };
		size_t whole = (seed.len + BLOCK - 1) / BLOCK * BLOCK;

		if (whole == 0)
			continue;
		if ((seed.data = malloc(whole)) == NULL)
			abort();
		if (fread(seed.data, 1, whole, f) == whole)
			replay(&seed);
		free(seed.data);
	}
	(void)pclose(f);
}

static bool
ends_with(const char *name, const char *end)
{
	size_t n = strlen(name), m = strlen(end);

	return n >= m && strcmp(name + n - m, end) == 0;
}

static void
replay_directory(const char *path)
{
	DIR *d = opendir(path);
	struct dirent *file;
	struct stat st;
	char name[1024];

	while (d != NULL && (file = readdir(d)) != NULL) {
		autobuf struct buf seed = { 0 };

		if (file->d_name[0] == '.')
			continue;
		(void)snprintf(name, sizeof(name), "%s/%s", path, file->d_name);
		if (stat(name, &st) == 0 && S_ISDIR(st.st_mode)) {
			replay_directory(name);
			continue;
		}
		if (ends_with(name, ".tar.gz")) {
			replay_archive(name);
			continue;
		}
		read_file(name, &seed);
		if (seed.len > 0)
			replay(&seed);
	}
	if (d != NULL)
		(void)closedir(d);
}

static void
replay_path(const char *path)
{
	struct stat st;

	if (stat(path, &st) != 0)
		return;
	if (S_ISDIR(st.st_mode))
		replay_directory(path);
	else
		replay_lines(path);
}

static void
replay_corpora(const char *target)
{
	const char *root = getenv("CAIRN_CORPORA");
	char path[1024];

	changes = changes < FEW ? changes : FEW;
	for (size_t i = 0; i < nelem(corpora); i++) {
		size_t before = seeds;

		if (strcmp(corpora[i].target, target) != 0)
			continue;
		if (root == NULL) {
			printf("ok %d - %s # SKIP CAIRN_CORPORA is not set\n", ++tap_n, corpora[i].path);
			continue;
		}
		(void)snprintf(path, sizeof(path), "%s/%s", root, corpora[i].path);
		replay_path(path);
		ok(seeds > before, "%s: %zu seeds, none of them fatal", corpora[i].path, seeds - before);
	}
}

int
main(int argc, char **argv)
{
	const char *top = getenv("srcdir"), *slash = strrchr(argv[0], '/');
	const char *target = slash != NULL ? slash + 1 : argv[0];
	char path[1024];

	changes = fuzz_changes;
	(void)LLVMFuzzerInitialize(&argc, &argv);
	feed("", 0);
	for (int i = 1; i < argc; i++)
		replay_path(argv[i]);
	if (argc == 1) {
		(void)snprintf(path, sizeof(path), "%s/tests/fuzz/corpus/%s.txt", top != NULL ? top : ".", target);
		replay_path(path);
		if (strcmp(target, "fuzz_event") == 0)
			replay_path("gen/seeds");
	}
	ok(seeds > 0, "%zu seeds, %zu inputs, none of them fatal", seeds, inputs);
	if (argc == 1)
		replay_corpora(target);
	return done_testing();
}
