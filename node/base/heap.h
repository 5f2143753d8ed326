/* SPDX-License-Identifier: Apache-2.0 */
/*
 * heap: jansson's memory, counted, so that a small hostile body cannot become a
 * huge tree (10 MiB of "[{}," is 779 MiB).  One of the named mutable globals
 * (docs/architecture.md, section 1).  Freed blocks are overwritten.
 */
#ifndef CAIRN_HEAP_H
#define CAIRN_HEAP_H

#include <jansson.h>
#include <stddef.h>

#include "cleanup.h"

/** heap_limit(bytes): from now on at most so much at once; call it before any JSON.  0. */
int	heap_limit(size_t) must_check;
/**
 * heap_load(text, len, flags, reterr): json_loadb, which alone must not be called under a limit: jansson 2.14 does not
 * notice that its copy of a string could not grow, and reads and writes behind it.  After one refusal
 * no block is given any more until the text is left, and nothing half read is returned: NULL.
 */
json_t	*heap_load(const char *, size_t, size_t flags, json_error_t *) must_check;
/** heap_refused(): how often the system had no memory for it, within the limit: jansson may call that bad JSON. */
unsigned long heap_refused(void);
/**
 * heap_missed(): how often there was no block for what is not a text that is read.  json_copy(), json_deep_copy() and json_pack() of what may be
 * absent ("s*") leave a member out then and say nothing: whoever has made something lasting compares before and after.
 */
unsigned long heap_missed(void);
/** heap_full(): how often the limit had no room for it: what was asked for is too much, the system may have plenty. */
unsigned long heap_full(void);
/** heap_left(): bytes that may still be taken; SIZE_MAX without a limit. */
size_t	heap_left(void);
/** heap_used(): bytes in use, and the most there ever were. */
size_t	heap_used(size_t *ret_most);

#endif /* !CAIRN_HEAP_H */
