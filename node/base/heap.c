/* SPDX-License-Identifier: Apache-2.0 */
#include <jansson.h>
#include <malloc.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "heap.h"

static size_t used, most, limit;
static unsigned long refused, missed, full;
static bool loading, spent;	/* A text is being read; a block for it was refused. */

static void *
counted_malloc(size_t n)
{
	bool within = used + n <= limit && !spent;
	void *p = within ? malloc(n) : NULL;

	refused += within && p == NULL;
	missed += !loading && p == NULL;
	full += used + n > limit;
	spent |= loading && p == NULL;
	if (p != NULL && (used += malloc_usable_size(p)) > most)
		most = used;
	return p;
}

static void
counted_free(void *p)
{
	size_t n = malloc_usable_size(p);

	if (p == NULL)
		return;
	explicit_bzero(p, n);
	used -= n;
	free(p);
}

int
heap_limit(size_t bytes)
{
	limit = bytes;
	json_set_alloc_funcs(counted_malloc, counted_free);
	return 0;
}

json_t *
heap_load(const char *text, size_t len, size_t flags, json_error_t *reterr)
{
	json_t *value;
	bool whole;

	loading = true;
	value = json_loadb(text, len, flags, reterr);
	whole = !spent;
	loading = spent = false;
	if (whole)
		return value;
	json_decref(value);
	return NULL;
}

unsigned long
heap_refused(void)
{
	return refused;
}

unsigned long
heap_missed(void)
{
	return missed;
}

unsigned long
heap_full(void)
{
	return full;
}

size_t
heap_left(void)
{
	return limit == 0 ? SIZE_MAX : limit > used ? limit - used : 0;
}

size_t
heap_used(size_t *ret_most)
{
	if (ret_most != NULL)
		*ret_most = most;
	return used;
}
