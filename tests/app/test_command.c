/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A command that needs more memory than JSON may take is refused and says so, wherever it runs out, and the node goes on; where the
 * system itself has no memory the node ends.
 */
#include <errno.h>

#include "base/canon.h"
#include "base/heap.h"
#include "ballast.h"
#include "bench/node.h"
#include "tap.h"

enum { HEAP = 8 << 20, LEAST = 4096, STEP = 1021, DOCUMENT = 1 << 20, SPARE = 64 << 10 };

static const char much[] = "this needs more memory than a command may take; nothing was done";

static struct bench_node node;
static long left = -1;		/* Allocations that succeed before the ones that do not; -1: all do. */

void	*__real_malloc(size_t);
void	*__wrap_malloc(size_t);

void *
__wrap_malloc(size_t n)
{
	return left >= 0 && left-- <= 0 ? (left = 0, NULL) : __real_malloc(n);
}

/* A view whose answer is some kilobytes, with ever more memory, until it has enough. */
static void
test_answer(void)
{
	autojson json_t *request = json_pack("{s:s}", "verb", "doctor");
	int refused = 0, other = 0;
	bool done = false;

	for (size_t bytes = LEAST; !done && bytes < 100 * LEAST; bytes += STEP) {
		struct ballast ballast = { .n = 0 };
		autojson json_t *reply = NULL;
		int r;

		ballast_take(&ballast, bytes);
		r = app_command(node.app, 0, request, &reply);
		ballast_drop(&ballast);
		done = r == 0 && json_is_true(json_object_get(reply, "ok"));
		refused += r == 0 && json_str(reply, "error") != NULL && !strcmp(json_str(reply, "error"), much);
		other += r != 0;
	}
	ok(done && refused > 10 && other == 0, "an answer that does not fit is refused (%d times; ended %d times), until it fits", refused, other);
}

/* A verb that copies what it is given, with room for once. */
static void
test_copy(void)
{
	autojson json_t *request = json_pack("{s:s, s:{s:s, s:{s:o}}}", "verb", "book add", "args", "user", "@jo:here.example", "document", "text",
	    json_sprintf("%*s", DOCUMENT, ""));
	struct ballast ballast = { .n = 0 };
	autojson json_t *reply = NULL, *next = NULL;
	int r;

	ballast_take(&ballast, SPARE);
	r = app_command(node.app, 0, request, &reply);
	ballast_drop(&ballast);
	is_int(r, 0, "a verb that has no room for its work does not end the node");
	is_str(json_str(reply, "code"), "refused", "it is refused");
	is_str(json_str(reply, "error"), much, "and says why");
	next = bench_ask(&node, "status", json_object());
	ok(json_is_true(json_object_get(next, "ok")), "the next is answered");
}

static void
test_system(void)
{
	autojson json_t *request = json_pack("{s:s}", "verb", "status");
	json_t *reply = NULL;
	int r, ended = 0;

	for (long n = 0; n < 5; n++) {
		struct ballast ballast = { .n = 0 };

		ballast_take(&ballast, SPARE);
		left = n;
		r = app_command(node.app, 0, request, &reply);
		left = -1;
		ended += r < 0 && reply == NULL;
		ballast_drop(&ballast);
		json_decref(take(reply));
	}
	is_int(ended, 5, "without memory of the system a command ends the node");
}

int
main(void)
{
	const char *dir = getenv("TMPDIR");

	bench_node_open(&node, dir != NULL ? dir : "/tmp", 1);
	if (heap_limit(HEAP) != 0)	/* Less than a node has, and as good. */
		return EXIT_FAILURE;
	test_answer();
	test_copy();
	test_system();
	bench_node_close(&node);
	return done_testing();
}
