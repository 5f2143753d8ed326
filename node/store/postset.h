/* SPDX-License-Identifier: Apache-2.0 */
/*
 * postset: the documents that have any of several terms, read tile by tile in rising order.
 *
 * A search that ends in its first tiles reads a row for each term and tile.  One that goes on reads what is left of each term at once and
 * keeps the short rows: a word that begins like fifty others, or a circle of fourteen cells, is then one look in memory for each tile.
 */
#ifndef CAIRN_POSTSET_H
#define CAIRN_POSTSET_H

#include "base/buf.h"
#include "db.h"
#include "posting.h"

enum {
	POSTSET_SINGLY	= 2,		/* So many tiles are read row by row. */
	POSTSET_SHORT	= 512,		/* Bytes of a row that is kept; the place of a longer one is. */
	POSTSET_BYTES	= 1 << 20,	/* Kept by one set at most: beyond it goes on row by row. */
};

struct postset_row;

/* Begins zeroed. */
struct postset {
	int64_t			*term;		/* searchstore_term. */
	size_t			 n;
	unsigned		 reads;
	enum { POSTSET_ROWS, POSTSET_KEPT, POSTSET_FULL } state;	/* Full: there is too much to keep. */
	struct postset_row	*row;		/* Kept, by tile. */
	size_t			 n_rows;
	struct buf		 bytes;
};

int	postset_add(struct postset *, int64_t term) must_check;
void	postset_free(struct postset *);

/** postset_read(db, set, tile, p): add the documents of ${tile}, which is not below one that was read, to ${p}.  0, or an error. */
int	postset_read(struct db *, struct postset *, int64_t tile, struct posting *) must_check;

/** postset_cost(set, tile): so many rows of the database reading this tile takes; 0: what it has is in memory. */
size_t	postset_cost(const struct postset *, int64_t tile);

#endif /* !CAIRN_POSTSET_H */
