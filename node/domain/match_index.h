/* SPDX-License-Identifier: Apache-2.0 */
/*
 * match_index: of many specialists, which need be judged?  What an index (store/searchstore.h) keeps of each besides the
 * terms of search_terms.h, and what its answers tell of a wish: whom each filter removes, and how
 * the others would stand at best.
 *
 * A guess may be too kind, never too hard: who match_judge() would not exclude is in none of the filters here, and
 * its score is no higher and its load no lower.  So whoever judges in the order of the guesses may stop
 * where the next guess is worse than what was found.  What the index cannot know (the worth of a credential, rules,
 * the towns of a program) is left open.  Only match_judge() proposes anybody.
 */
#ifndef CAIRN_MATCH_INDEX_H
#define CAIRN_MATCH_INDEX_H

#include "match.h"
#include "search_terms.h"

enum {
	MATCH_INDEX_SETS = 96,		/* At most; the first is of all specialists. */
	MATCH_INDEX_WORDS = 1024,	/* Of 64 specialists each, in one tile. */
};

/**
 * match_index_lines(id, body, program, out): appends the lines of specialist ${id}, each ended by '\n'; ${program}: the body of theirs, or NULL.
 * match_index_life(statement, out): and of what they say of their own life, as match_candidate has it.  0, or buf.h's.
 */
int	match_index_lines(const char *id, const json_t *body, const json_t *program, struct buf *out) must_check;
int	match_index_life(const json_t *statement, struct buf *out) must_check;

/**
 * match_index_did(statement, did, out): the line of a statement of ${did}, or of a specialist who is that.
 * match_index_turn(line, out): of the one for a statement, that of its specialist; nothing if it is none.
 */
int	match_index_did(bool statement, const char *did, struct buf *out) must_check;
int	match_index_turn(const char *line, struct buf *out) must_check;

/**
 * match_index_lent(body, out): the line of a program: what of it stands with those who name it; none if nothing does.
 * match_index_same(terms, other): have both, which may be NULL, the same line of a program?
 */
int	match_index_lent(const json_t *body, struct buf *out) must_check;
bool	match_index_same(const char *terms, const char *other);

/** match_index_rules(body, program): has ${body}, a specialist's, or its program rules on who may come? */
bool	match_index_rules(const json_t *body, const json_t *program);

struct match_plan {
	const struct match_wish	*wish;
	int64_t			 now;
	struct search_wish	 set[MATCH_INDEX_SETS];
	size_t			 n;
};

/**
 * match_index_plan(wish, now, gone, ret): the sets that are to be read; ${gone} lists organizations that do not count.  Borrows
 * ${wish}.  The caller frees ${ret}.  0, or buf.h's.
 */
int	match_index_plan(const struct match_wish *, int64_t now, const json_t *gone, struct match_plan *ret) must_check;
void	match_index_free(struct match_plan *);

struct match_guess {
	unsigned	 excluded;	/* Bit (1 << MATCH_*). */
	int		 score;		/* At most, */
	int		 load;		/* and at least. */
	bool		 open;		/* Something else may exclude them. */
};

/**
 * match_index_tile(plan, bits, stale, most, tally, fn, cookie): the specialists of one tile are counted into ${tally}, and
 * those whom at most ${most} filters remove go to ${fn} with their number in the tile; it stops by anything but 0, which is returned.
 * ${bits}: the words of each set, one set after the other.  ${stale}: their records are.
 */
int	match_index_tile(const struct match_plan *, const uint64_t *bits, bool stale, int most, struct match_tally *,
	    int (*)(void *, unsigned, const struct match_guess *), void *) must_check;

#endif /* !CAIRN_MATCH_INDEX_H */
