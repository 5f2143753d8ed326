/* SPDX-License-Identifier: Apache-2.0 */
/* Whatever the quick reader decides, jansson decides alike. */
#include <stdint.h>

#include "base/canon.h"
#include "base/scan.h"
#include "corpora.h"
#include "tap.h"

static const char sample[] = "{\"next_batch\":\"s1_2\",\"rooms\":{\"join\":{\"!r\":{\"timeline\":{\"events\":"
    "[{\"type\":\"m.room.encrypted\",\"origin_server_ts\":1700000000000,\"content\":{\"body\":\"a\\nb \\u00e9 \\ud83d\\ude00 \xc3\xa9\"},"
    "\"unsigned\":{\"age\":-17,\"x\":[true,false,null,{},[],0,-0,123456789012345678]}}],\"limited\":false}}}}}\n";

/* 0: jansson is asked; 1: decided, and alike; -1: decided otherwise. */
static int
decided(const char *text, size_t len)
{
	autojson json_t *quick = scan_json(text, len), *slow = NULL;
	autofree char *a = NULL, *b = NULL;
	json_error_t e;

	if (quick == NULL)
		return 0;
	if ((slow = json_loadb(text, len, JSON_REJECT_DUPLICATES, &e)) == NULL || !json_equal(quick, slow))
		return -1;
	/* The same order too, and no string that jansson could not write. */
	a = json_dumps(quick, JSON_COMPACT);
	b = json_dumps(slow, JSON_COMPACT);
	return a != NULL && b != NULL && strcmp(a, b) == 0 ? 1 : -1;
}

static void
test_decides(void)
{
	static const char *const plain[] = { sample, "{}", "[]", " [1] \r\n\t", "[\"\"]", "[0,-0,-1,999999999999999999]",
	    "{\"\":{\"\":[]}}", "[\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"]", "[\"\\u0041\\u00ff\\u0800\\uffff\\ud800\\udc00\\udbff\\udfff\"]",
	    "{\"\\u0061\\n\":{\"\\n\":\"\\n\"}}", "[\"\x7f\"]", "[\"\xf4\x8f\xbf\xbf\"]" };
	static const char *const left[] = { "", " ", "1", "\"a\"", "true", "[", "{", "[1", "[1,]", "[,1]", "{\"a\"}", "{\"a\":}",
	    "{\"a\":1,}", "{a:1}", "[1 2]", "[] []", "[01]", "[-]", "[+1]", "[1.0]", "[1e3]", "[1E3]", "[1234567890123456789]",
	    "[9999999999999999999999]", "{\"a\":1,\"a\":2}", "{\"a\":1,\"\\u0061\":2}", "[\"\\u0000\"]", "{\"\\u0000\":1}",
	    "[\"\\ud800\"]", "[\"\\udc00\"]", "[\"\\ud800\\u0041\"]", "[\"\\ud800\\n\"]", "[\"\\x\"]", "[\"\\u12g4\"]", "[\"\\u12",
	    "[\"\n\"]", "[\"\x01\"]", "[\"\x80\"]", "[\"\xc0\x80\"]", "[\"\xed\xa0\x80\"]", "[\"\xf4\x90\x80\x80\"]", "{\"\x80\":1}",
	    "[\"\\", "[\"", "[nul]", "[True]", "[tru", "[\"a\"b]", "//", "[1]x", "[1],", "{\"a\":1]", "[1}", "[\f]", "[NaN]" };

	for (size_t i = 0; i < nelem(plain); i++)
		is_int(decided(plain[i], strlen(plain[i])), 1, "read quickly, and right: %.20s", i == 0 ? "a sync" : plain[i]);
	for (size_t i = 0; i < nelem(left); i++)
		is_int(decided(left[i], strlen(left[i])), 0, "left to jansson: %zu", i);
	is_int(decided("[\"a\0b\"]", 7), 0, "a NUL within a string");
	is_int(decided("[]\0", 3), 0, "a NUL behind all");
}

static void
test_depth(void)
{
	char text[2 * (CANON_MAX_DEPTH + 1) + 1];

	for (int n = CANON_MAX_DEPTH; n <= CANON_MAX_DEPTH + 1; n++) {
		memset(text, '[', (size_t)n);
		memset(text + n, ']', (size_t)n);
		is_int(decided(text, 2 * (size_t)n), n == CANON_MAX_DEPTH, "%d arrays within each other", n);
	}
}

/* Every prefix, and many small faults, of a document that has something of everything. */
static void
test_faults(void)
{
	static const char bytes[] = "{}[]\",:\\u0dDt-9.eE \n\x01\x80\xc3\xff\0";
	enum { FAULTS = 100000 };
	char text[sizeof(sample)];
	uint64_t dice = 42;
	int wrong = 0, same = 0;

	for (size_t n = 0; n < sizeof(sample); n++)
		wrong += decided(sample, n) < 0;
	is_int(wrong, 0, "no prefix is read otherwise");
	for (int i = 0; i < FAULTS; i++) {
		memcpy(text, sample, sizeof(text));
		for (int k = 0; k <= i % 3; k++) {
			dice = dice * 6364136223846793005u + 1442695040888963407u;
			text[(dice >> 33) % (sizeof(text) - 1)] = bytes[(dice >> 20) % sizeof(bytes)];
		}
		switch (decided(text, sizeof(text) - 1)) {
		case -1:
			wrong++;
			break;
		case 1:
			same++;
		}
	}
	is_int(wrong, 0, "%d faulty documents: none is read otherwise", FAULTS);
	ok(same > FAULTS / 100 && same < FAULTS, "and some are still whole (%d)", same);
}

/* nst/JSONTestSuite, file by file. */
static void
test_suite(void)
{
	DIR *d = corpora_open("bad/JSONTestSuite/test_parsing");
	const struct dirent *file;
	size_t quick = 0, left = 0, wrong = 0;

	while (d != NULL && (file = readdir(d)) != NULL) {
		char path[512];
		autofree char *text = NULL;
		size_t len;
		int r;

		if (strstr(file->d_name, ".json") == NULL)
			continue;
		(void)snprintf(path, sizeof(path), "bad/JSONTestSuite/test_parsing/%s", file->d_name);
		if ((text = corpora_read(path, &len)) == NULL)
			continue;
		r = decided(text, len);
		quick += r > 0;
		left += r == 0;
		if (r < 0 || (r > 0 && file->d_name[0] == 'n')) {
			printf("# %s\n", file->d_name);
			wrong++;
		}
	}
	if (d == NULL)
		return;
	(void)closedir(d);
	ok(quick > 50 && left > 180 && wrong == 0, "JSONTestSuite: %zu read quickly, %zu left to jansson", quick, left);
}

int
main(void)
{
	test_decides();
	test_depth();
	test_faults();
	test_suite();
	return done_testing();
}
