/* SPDX-License-Identifier: Apache-2.0 */
/* JSON takes so much memory and no more, counts to the byte, and leaves nothing of itself behind. */
#include <jansson.h>
#include <stdint.h>
#include <string.h>

#include "base/buf.h"
#include "base/canon.h"
#include "base/heap.h"
#include "tests/ballast.h"
#include "tests/tap.h"

#define LIMIT	(8UL << 20)

/* "[{},{},...]" of ${len} bytes or a little more. */
static char *
tree_text(size_t len)
{
	char *text = malloc(len + 4), *at = text;

	if (text == NULL)
		abort();
	*at++ = '[';
	for (size_t n = 0; n * 3 < len; n++) {
		memcpy(at, "{},", 3);
		at += 3;
	}
	at[-1] = ']';
	*at = '\0';
	return text;
}

static void
test_limit(void)
{
	size_t before = heap_used(NULL), most = 0;
	autofree char *text = tree_text(1 << 20);
	json_t *tree = NULL;
	int r = canon_parse(text, strlen(text), &tree, NULL);

	ok(r != 0 && tree == NULL, "1 MiB of \"[{},\" is refused where 8 MiB are allowed");
	is_int((long long)heap_used(&most), (long long)before, "and nothing of it is left");
	ok(most <= LIMIT + 4096 && most > LIMIT / 2, "it never took more (%zu bytes)", most);
	ok(heap_left() == LIMIT - before, "all is free again");
}

static void
test_count(void)
{
	size_t before = heap_used(NULL), used;
	autofree char *text = tree_text(1000);
	json_t *tree = NULL, *more;

	is_int(canon_parse(text, strlen(text), &tree, NULL), 0, "a small tree is taken");
	used = heap_used(NULL);
	ok(used > before + 1000 && heap_left() == LIMIT - used, "it is counted (%zu bytes)", used - before);
	more = json_string("one more");
	ok(heap_used(NULL) > used, "so is each value");
	json_decref(more);
	is_int((long long)heap_used(NULL), (long long)used, "and it is given back");
	json_decref(tree);
	is_int((long long)heap_used(NULL), (long long)before, "as is the tree");
}

/* Our free(3) looks at the one watched block before it lets go of it. */
static unsigned char *watched;
static size_t watched_len;
static int dirty = -1;

void	__real_free(void *);
void	__wrap_free(void *);
void
__wrap_free(void *p)
{
	if (p != NULL && p == watched) {
		dirty = 0;
		for (size_t i = 0; i < watched_len; i++)
			dirty += watched[i] != 0;
		watched = NULL;
	}
	__real_free(p);
}

/*
 * At each place where the memory may end while a long string is read: all of it or nothing.  jansson
 * alone would go on behind a buffer that could not grow.
 */
static void
test_edge(void)
{
	enum { LEN = 100000, STEP = 1021 };
	static char text[LEN + 64];
	int whole = 0, refused = 0, other = 0;
	int n = snprintf(text, sizeof(text), "[0.5,\"%0*d\"]", LEN, 1);	/* The real: for jansson alone. */

	for (size_t left = LEN / 2; left < 6UL * LEN; left += STEP) {
		struct ballast ballast = { .n = 0 };
		json_t *value = NULL;
		int r;

		ballast_take(&ballast, left);
		r = canon_parse(text, (size_t)n, &value, NULL);

		whole += r == 0 && json_string_length(json_array_get(value, 1)) == LEN;
		refused += r != 0 && value == NULL;
		other += r == 0 && json_string_length(json_array_get(value, 1)) != LEN;
		json_decref(value);
		ballast_drop(&ballast);
	}
	ok(whole > 50 && refused > 50 && other == 0, "a long string at the edge: %d times whole, %d times refused, %d times less",
	    whole, refused, other);
}

static void
test_overwritten(void)
{
	static const char secret[] = "Jo wants somebody to talk to in the evenings.";
	json_malloc_t get;
	json_free_t put;

	json_get_alloc_funcs(&get, &put);
	if ((watched = get(sizeof(secret))) == NULL)
		abort();
	memcpy(watched, secret, watched_len = sizeof(secret));
	put(watched);
	is_int(dirty, 0, "a freed block was overwritten before");
}

int
main(void)
{
	if (heap_limit(LIMIT) != 0)
		return EXIT_FAILURE;
	test_count();
	test_limit();
	test_count();
	test_edge();
	test_overwritten();
	return done_testing();
}
