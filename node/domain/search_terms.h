/* SPDX-License-Identifier: Apache-2.0 */
/*
 * search_terms: what an index keeps of a record, and looks up for a query.
 *
 * A term is a line: a letter for what it is about, then its value.  An item has its terms; a query
 * becomes wishes, each answered by any of its lines.  Whatever search_check admits has a line
 * of every wish; the other way round an index may admit too much (distance, certified, times, who may come, for whom places are free), and the
 * check decides.  SEARCH_TERMS_VERSION is raised with each change: records are then indexed anew.
 */
#ifndef CAIRN_SEARCH_TERMS_H
#define CAIRN_SEARCH_TERMS_H

#include "search.h"

enum {
	SEARCH_TERMS_VERSION	= 10,
	SEARCH_PLAN_MAX		= SEARCH_WORDS + SEARCH_NFILTERS + 1,	/* Who may come is two. */
};

/* Every record's line; of a word in the text; of one in the name. */
#define SEARCH_TERM_ALL		"*"
#define SEARCH_TERM_WORD	'w'
#define SEARCH_TERM_NAME	'n'

struct search_wish {
	enum search_bit	 bit;
	bool		 begins;	/* Its one line is the beginning of a line. */
	struct buf	 lines;		/* Each ended by '\n'. */
};

struct search_plan {
	struct search_wish	wish[SEARCH_PLAN_MAX];
	size_t			n;
	struct place		near;		/* As in the query. */
	int			km;
};

/** search_terms_line(out, letter, value): one line, in small letters.  0, or buf.h's. */
int	search_terms_line(struct buf *, char letter, const char *value) must_check;

/** search_terms_item(item, out): the lines of an item, sorted, each once and ended by '\n'.  0, or buf.h's. */
int	search_terms_item(const struct search_item *, struct buf *) must_check;

/**
 * search_terms_plan(query, pass, ret): the wishes of those that may be in ${pass} (0: in any), those that
 * few records answer first.  The caller frees ${ret}.  0, or buf.h's.
 */
int	search_terms_plan(const struct search_query *, unsigned pass, struct search_plan *ret) must_check;
void	search_terms_free(struct search_plan *);

/** search_terms_same(wish): is it the same in each pass of its query?  A wish is the nth of each. */
bool	search_terms_same(const struct search_wish *);

#endif /* !CAIRN_SEARCH_TERMS_H */
