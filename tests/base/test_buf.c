/* SPDX-License-Identifier: Apache-2.0 */
/* Includes the module, so that the test decides which allocation fails. */
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>

static int fail_malloc;

static void *
test_malloc(size_t n)
{
	return fail_malloc ? NULL : malloc(n);
}

#define malloc	test_malloc
#include "base/buf.c"
#undef malloc
#include "tap.h"

static void
test_growth(void)
{
	autobuf struct buf b = { 0 };
	char want[5000];

	for (size_t i = 0; i < sizeof(want); i++) {
		want[i] = (char)('a' + i % 26);
		if (buf_add(&b, &want[i], 1) != 0 || b.data[b.len] != '\0')
			break;
	}
	ok(b.len == sizeof(want) && !memcmp(b.data, want, sizeof(want)), "5000 bytes, one by one");
	buf_cut(&b, 4990);
	is_str(b.data, "yzabcdefgh", "cut from the front");
	buf_cut(&b, b.len);
	is_str(b.data, "", "cut all");
	is_int(buf_printf(&b, "%d-%s", 7, "x"), 0, "printf");
	is_str(b.data, "7-x", "printf appends");
	is_int(buf_puts(&b, "!"), 0, "puts");
	is_str(b.data, "7-x!", "puts appends");
}

static void
test_ceiling(void)
{
	autobuf struct buf b = { .max = 5 };

	ok(buf_puts(&b, "abc") == 0 && buf_puts(&b, "de") == 0, "up to the ceiling");
	is_int(buf_add(&b, "f", 1), -EMSGSIZE, "add past it");
	is_int(buf_printf(&b, "%d", 1), -EMSGSIZE, "printf past it");
	is_int(buf_add(&b, "f", SIZE_MAX), -EMSGSIZE, "a length that would wrap");
	is_str(b.data, "abcde", "unchanged");
}

static void
test_no_memory(void)
{
	struct buf b = { 0 };
	char big[200] = { 0 };
	char *s;

	fail_malloc = 1;
	ok(buf_puts(&b, "x") == -ENOMEM && b.data == NULL && b.len == 0, "first allocation fails");
	fail_malloc = 0;
	ok(buf_puts(&b, "x") == 0, "then works");
	fail_malloc = 1;
	ok(buf_add(&b, big, sizeof(big)) == -ENOMEM && b.len == 1 && !strcmp(b.data, "x"),
	    "growth fails, content stays");
	fail_malloc = 0;
	s = buf_take(&b);
	is_str(s, "x", "take");
	free(s);
	ok(b.data == NULL && b.len == 0, "taken: empty again");
	s = buf_take(&b);
	is_str(s, "", "an empty buffer is taken as \"\"");
	free(s);
	buf_wipe(&b);
	buf_free(&b);
}

int
main(void)
{
	test_growth();
	test_ceiling();
	test_no_memory();
	return done_testing();
}
