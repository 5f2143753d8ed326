/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Each allocation in turn fails while a node opens: where jansson leaves something out for that and says nothing, or a list that lacks it seems to be
 * nobody's, the node does not open.  Else it would run and trust nobody, or know less of whom it trusts.
 */
#include "base/heap.h"
#include "bench/node.h"
#include "domain/trust.h"
#include "tap.h"

static struct bench_node node;
static long left = -1;		/* Allocations that succeed before the one that does not; -1: all do. */

void	*__real_malloc(size_t);
void	*__wrap_malloc(size_t);

void *
__wrap_malloc(size_t n)
{
	return left >= 0 && left-- == 0 ? NULL : __real_malloc(n);
}

int
main(void)
{
	const char *dir = getenv("TMPDIR");
	int missed = 0, wrong = 0;
	bool failed = true;

	bench_node_open(&node, dir != NULL ? dir : "/tmp", 1);
	for (long n = 0; failed; n++) {
		unsigned long before = heap_missed();
		int r;

		app_close(node.app);
		node.app = NULL;
		left = n;
		r = bench_open(&node, NULL);
		failed = left < 0;
		left = -1;
		missed += heap_missed() != before;
		if (r == 0 && (heap_missed() != before || trust_norgs(node.app->trust) != 1) && wrong++ == 0)
			printf("# opened without allocation %ld\n", n);
		if (!failed)
			is_int(r, 0, "with all memory a node opens");
	}
	ok(missed > 50 && wrong == 0, "when memory for JSON is missed, %d times, it does not", missed);
	bench_node_close(&node);
	return done_testing();
}
