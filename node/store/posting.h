/* SPDX-License-Identifier: Apache-2.0 */
/*
 * posting: which of 65,536 documents have a term: in memory a bit each, in the database the
 * portable format of Roaring bitmaps with one container and no runs
 * (https://github.com/RoaringBitmap/RoaringFormatSpec).  Read and written here: Debian's CRoaring 0.2.66
 * reads within the bytes it is given but believes what they say, and cannot be asked whether they are sound.
 */
#ifndef CAIRN_POSTING_H
#define CAIRN_POSTING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

enum {
	POSTING_DOCS	= 65536,
	POSTING_BITS	= POSTING_DOCS / 64,
	POSTING_SPARSE	= 4096,			/* Up to so many documents are stored as their numbers. */
	POSTING_HEAD	= 16,
	POSTING_MAX	= POSTING_HEAD + POSTING_DOCS / 8,
};

struct posting {
	uint64_t	bits[POSTING_BITS];
};

static inline bool
posting_has(const struct posting *p, unsigned doc)
{
	return p->bits[doc / 64] >> doc % 64 & 1;
}

static inline void
posting_set(struct posting *p, unsigned doc, bool on)
{
	uint64_t bit = 1ULL << doc % 64;

	p->bits[doc / 64] = on ? p->bits[doc / 64] | bit : p->bits[doc / 64] & ~bit;
}

unsigned posting_count(const struct posting *);

/** posting_and(p, q): leave in ${p} what is in both; false: nothing is. */
bool	posting_and(struct posting *, const struct posting *);

/**
 * posting_read(p, data, len): add what ${data} holds to ${p}.  0; ERR_CORRUPT if it is not exactly what
 * posting_write writes: ${p} is then not to be used.
 */
int	posting_read(struct posting *, const void *, size_t) must_check;

/** posting_write(p, out): the bytes into ${out}.  Their number; 0: it is empty. */
size_t	posting_write(const struct posting *, uint8_t out[POSTING_MAX]);

#endif /* !CAIRN_POSTING_H */
