/* SPDX-License-Identifier: Apache-2.0 */
/*
 * search: does a directory record answer what somebody looks for?
 *
 * Hard filters first; each that excludes a record has a bit, so that a search
 * which finds nothing can say which wish removed what.  Then an integer score.
 * Pure; the caller fills items from records and keeps the strings.
 */
#ifndef CAIRN_SEARCH_H
#define CAIRN_SEARCH_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

struct search_list {
	const char *const	*item;
	size_t			 n;
};

/* NULL or false: no such wish. */
struct search_query {
	const char	*text;		/* Words; each must begin a word of the record. */
	const char	*kind;		/* "program", "group", "specialist". */
	const char	*language;	/* BCP 47; "es" is answered by "es-MX". */
	const char	*condition;
	const char	*modality;
	bool		 open_only;	/* Known to have a free place. */
	bool		 certified_only;
};

/* What is not said never excludes; it comes after what fits. */
enum search_says { SEARCH_NOT_ASKED, SEARCH_NO, SEARCH_UNSAID, SEARCH_YES };

struct search_item {
	const char		*kind;
	const char		*name;
	const char		*summary;	/* Or NULL. */
	struct search_list	 languages;
	struct search_list	 conditions;
	struct search_list	 modalities;
	int			 open;		/* Places free; -1: not said. */
	bool			 certified;
	bool			 stale;
	enum search_says	 times, eligible;	/* What fit_judge found (app/fit.h). */
};

#define SEARCH_FILTERS(X)						\
	X(KIND, "kind") X(TEXT, "words") X(LANGUAGE, "language")	\
	X(CONDITION, "condition") X(MODALITY, "modality")		\
	X(OPEN, "open places") X(CERTIFIED, "certified")	\
	X(TIMES, "times") X(ELIGIBLE, "who may come")

#define X(name, text) SEARCH_BIT_##name,
enum search_bit { SEARCH_FILTERS(X) SEARCH_NFILTERS };
#undef X

/**
 * search_check(query, item, ret_score, ret_excluded): 0 and a score, higher is
 * better; or E_NOTFOUND and one bit (1 << SEARCH_BIT_*) for each filter that
 * excludes ${item}.  The other output is untouched.
 */
int	search_check(const struct search_query *, const struct search_item *,
	    int *ret_score, unsigned *ret_excluded) must_check;

/** search_filter_name(bit): words for a filter; never NULL. */
const char *search_filter_name(enum search_bit);

/**
 * search_explain(counts, query, held, reterr): how many records each filter removed:
 * "nothing found; removed by language: 7, open places: 2".  ${held}: there are records; if
 * no filter removed one, the store's own look-up by words, kind or organization found none.
 */
void	search_explain(const unsigned counts[SEARCH_NFILTERS], const struct search_query *, bool held, struct err *);

#endif /* !CAIRN_SEARCH_H */
