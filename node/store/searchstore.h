/* SPDX-License-Identifier: Apache-2.0 */
/*
 * searchstore: an inverted index over the records of dirstore.h, written in their transaction.
 *
 * A document's number is its place in the order: rank first, then as they came.  For each term
 * (domain/search_terms.h) and tile of 65,536 numbers there is a row with the documents that have it (posting.h).
 * A record that changes is pending: its old terms stay posted, and a search looks at its new ones
 * itself; searchstore_settle posts many at once, since each touches a hundred rows.  A record whose
 * rank changes moves to another number; nothing else is ever renumbered.  No word of a search is stored.
 */
#ifndef CAIRN_SEARCHSTORE_H
#define CAIRN_SEARCHSTORE_H

#include "db.h"
#include "domain/search_terms.h"

enum {
	SEARCHSTORE_PENDING	= 64,	/* So many pending documents cost a search nothing that is felt. */
	SEARCHSTORE_STEP	= 350,	/* Rows written at once: some milliseconds. */
	SEARCHSTORE_WORDS	= 256,	/* Words that begin alike; with more, the first three letters count. */
	SEARCHSTORE_DOC_BITS	= 16,
	SEARCHSTORE_TILE	= (1 << SEARCHSTORE_DOC_BITS) / 64,
	SEARCHSTORE_SETS	= 128,	/* At most. */
	SEARCHSTORE_ID		= 64,	/* Bytes of an id with NUL. */
};

/**
 * searchstore_put(db, seen, rank, due, item, terms): record ${seen} of dirstore.h has these terms, the places
 * of ${item}, its id and program, and this rank, which is wrong from ${due} on (0: never).  searchstore_drop: it is not to be found any more.
 */
int	searchstore_put(struct db *, int64_t seen, int rank, int64_t due, const struct search_item *, const char *terms) must_check;
int	searchstore_drop(struct db *, int64_t seen) must_check;

/**
 * searchstore_settle(db, least, most, ret_more): if ${least} documents are pending, post one, and more until ${most} rows
 * are changed; are documents left?
 */
int	searchstore_settle(struct db *, int64_t least, size_t most, bool *ret_more) must_check;

/** searchstore_due(db, now, most, ret, ret_n): up to ${most} records whose rank is due; searchstore_next: the next, INT64_MAX: none. */
int	searchstore_due(struct db *, int64_t now, int64_t most, int64_t **, size_t *) must_check;
int	searchstore_next(struct db *, int64_t *) must_check;

/* What walks of one query leave to each other: of each tile, what the wishes that are the same in each pass (search_terms_same) leave of
 * it.  Begins zeroed; good for as long as nothing is written.  8 KiB for each tile that was read. */
struct searchstore_memo {
	struct searchstore_left	**at;
	size_t			  n;
};
void	searchstore_forget(struct searchstore_memo *);

/**
 * searchstore_walk(db, plan, memo, after, fn, cookie): the documents that have a line of every wish and a place as near as the plan
 * wants, with numbers above ${after} (-1: all), in order; ${fn} gets number and record, and stops the walk by anything but 0, which is
 * returned.  A number stays a place to go on from, whatever changes.  ${memo}: of other passes of the same query, or NULL.
 */
int	searchstore_walk(struct db *, const struct search_plan *, struct searchstore_memo *, int64_t after,
	    int (*)(void *, int64_t doc, int64_t seen), void *) must_check;

/**
 * searchstore_sets(db, sets, n, fn, cookie): tile by tile, the documents that have any line of each of ${n} sets: ${bits} has the
 * SEARCHSTORE_TILE words of the first, then of the next, which ${fn} may change.  Documents of ${tile} have its number as their upper bits,
 * SEARCHSTORE_DOC_BITS below.  ${fn} stops it by anything but 0, which is returned.
 */
int	searchstore_sets(struct db *, const struct search_wish *, size_t n,
	    int (*)(void *, int64_t tile, uint64_t *bits), void *) must_check;

/** searchstore_rank(doc): of a document; the last is stale. */
int	searchstore_rank(int64_t doc);

/** searchstore_name(db, doc, ret_seen, ret_id): of a document with an id: its record, and the id in ${ret_id}.  0 or E_NOTFOUND. */
int	searchstore_name(struct db *, int64_t doc, int64_t *ret_seen, char ret_id[SEARCHSTORE_ID]) must_check;
/** searchstore_terms(db, seen, ret): the lines of a record; the caller frees.  0 or E_NOTFOUND. */
int	searchstore_terms(struct db *, int64_t seen, char **ret) must_check;
/** searchstore_borrowers(db, org, program, now): the records of ${org} that name that program are to be indexed anew, after those that wait already. */
int	searchstore_borrowers(struct db *, const char *org, const char *program, int64_t now) must_check;
/** searchstore_ids(db, id or NULL, ret): all documents with an id, or with this one, by id: rows of document, record, id. */
int	searchstore_ids(struct db *, const char *, struct rows **) must_check;

/** searchstore_count(db, plan, ret): total, removed and without of a search that found nothing, by the index. */
int	searchstore_count(struct db *, const struct search_plan *, struct search_loss *) must_check;

/* For searchstore_find.c: the rows of a term, the numbers of a rank, a place in bytes. */
enum { SEARCHSTORE_TILE_BITS = 19, SEARCHSTORE_RANK_SHIFT = 32, SEARCHSTORE_PLACE = 8 };
int64_t	searchstore_term(char letter, const char *value, size_t len);
/** searchstore_beginning(word, chars): bytes of its first ${chars} characters, or of all. */
size_t	searchstore_beginning(const char *, size_t chars);

#endif /* !CAIRN_SEARCHSTORE_H */
