/* SPDX-License-Identifier: Apache-2.0 */
/* ballast: fills jansson's memory (base/heap.h, under its limit), whatever the system's malloc adds to each block. */
#ifndef TESTS_BALLAST_H
#define TESTS_BALLAST_H

#include <jansson.h>

#include "base/heap.h"

struct ballast {
	json_t	*piece[32];
	size_t	 n;
};

/** ballast_take(b, left): all but ${left} bytes, and at most 40 more. */
static inline void
ballast_take(struct ballast *b, size_t left)
{
	enum { SMALL = 16384, BESIDE = 72 };	/* A large block may get some pages more; a small one, with its string's head, so much. */
	size_t over;

	while (heap_left() > left && (over = heap_left() - left) > BESIDE && b->n < sizeof(b->piece) / sizeof(*b->piece))
		b->piece[b->n++] = json_sprintf("%*s", (int)(over > SMALL ? over / 2 : over - BESIDE), "");
}

static inline void
ballast_drop(struct ballast *b)
{
	while (b->n > 0)
		json_decref(b->piece[--b->n]);
}

#endif /* !TESTS_BALLAST_H */
