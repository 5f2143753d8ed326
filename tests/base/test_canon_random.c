/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Canonical JSON against an independent canonicalizer: canon_random.py writes
 * random objects and what Python makes of them.  CAIRN_SEED and CAIRN_ROUNDS
 * choose the run; CAIRN_CANONICAL=canonicaljson has that package judge.
 */
#include <sodium.h>
#include <stdbool.h>

#include "base/canon.h"
#include "base/encode.h"
#include "tests/crypt/draw.h"
#include "tests/tap.h"

enum { OBJECTS = 10000 };

/* One line without its end, or NULL at the end of all. */
static char *
line(FILE *f)
{
	char *text = NULL;
	size_t size = 0;
	ssize_t n = getline(&text, &size, f);

	if (n <= 0) {
		free(text);
		return NULL;
	}
	text[n - 1] = '\0';
	return text;
}

/* The bytes of a hexadecimal line, exactly. */
static char *
bytes(const char *hex, size_t *ret_len)
{
	char *data;

	*ret_len = strlen(hex) / 2;
	data = malloc(*ret_len + (*ret_len == 0));
	if (data == NULL || decode_hex(hex, data, *ret_len) != 0)
		abort();
	return data;
}

static bool
is_form(const json_t *value, int (*dump)(const json_t *, struct buf *, struct err *), const char *hex)
{
	autobuf struct buf out = { 0 };
	autojson json_t *again = NULL;
	size_t len;
	autofree char *want = bytes(hex, &len);

	return dump(value, &out, NULL) == 0 && out.len == len && memcmp(out.data, want, len) == 0 &&
	    canon_parse(out.data, out.len, &again, NULL) == 0 && json_equal(value, again);
}

static bool
has_none(const char *text, size_t len)
{
	autobuf struct buf one = { 0 }, two = { 0 };
	autojson json_t *value = NULL;

	return canon_parse(text, len, &value, NULL) == E_BAD ||
	    (canon_dump(value, &one, NULL) == E_BAD && canon_dump_jcs(value, &two, NULL) == E_BAD);
}

int
main(void)
{
	const char *python = getenv("PYTHON"), *top = getenv("srcdir"), *judge = getenv("CAIRN_CANONICAL");
	size_t rounds = draw_rounds(OBJECTS), good = 0, bad = 0, wrong = 0, passed = 0, differ = 0;
	struct draw d;
	char command[1200];
	char *text;
	FILE *f;

	if (sodium_init() < 0)
		return EXIT_FAILURE;
	d = draw_start();
	(void)snprintf(command, sizeof(command), "exec '%s' '%s/tests/base/canon_random.py' %llu %zu %s",
	    python != NULL ? python : "python3", top != NULL ? top : ".", (unsigned long long)d.seed, rounds,
	    judge != NULL ? judge : "");
	if ((f = popen(command, "r")) == NULL)
		return EXIT_FAILURE;
	while ((text = line(f)) != NULL) {
		autofree char *hex = text, *one = line(f), *two = line(f), *in = NULL;
		autojson json_t *value = NULL;
		size_t len;

		if (one == NULL || two == NULL)
			break;
		in = bytes(hex, &len);
		if (strcmp(one, "!") == 0) {
			bad++;
			if (!has_none(in, len) && ++passed <= 10)
				printf("# passed: %s: %s\n", two, hex);
			continue;
		}
		good++;
		differ += strcmp(one, two) != 0;
		if ((canon_parse(in, len, &value, NULL) != 0 || !is_form(value, canon_dump, one) ||
		    !is_form(value, canon_dump_jcs, two)) && ++wrong <= 10)
			printf("# object %zu: %s\n# want %s\n# or %s\n", good, hex, one, two);
	}
	is_int(pclose(f), 0, "%s writes objects", judge != NULL ? judge : "Python's json");
	is_int((int)wrong, 0, "%zu random objects have the form that it gives them", good);
	ok(good == rounds, "as many as were asked for");
	ok(differ > rounds / 100, "in %zu of them UTF-16 sorts otherwise than code points", differ);
	is_int((int)passed, 0, "%zu texts without a canonical form have none", bad);
	ok(bad >= rounds / 4, "and they were many");
	return done_testing();
}
