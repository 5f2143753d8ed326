/* SPDX-License-Identifier: Apache-2.0 */
/*
 * search: does a directory record answer what somebody looks for, and why?
 *
 * Every wish is a hard filter and has a bit, so that a search which finds nothing can say
 * which wish removed what.  What answers is shown in a fixed order: by passes (below), then
 * by search_rank, which depends on the record alone.  An index
 * (search_terms.h, store/searchstore.h) only chooses what search_check is asked about.
 * Pure; the caller fills items from records (search_item.h) and keeps the strings.
 */
#ifndef CAIRN_SEARCH_H
#define CAIRN_SEARCH_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/err.h"
#include "fields.h"
#include "place.h"
#include "schedule.h"

struct eligibility_facts;

enum {
	SEARCH_WORDS	= 16,		/* Words of a query; more are not looked at. */
	SEARCH_WORD	= 65,		/* Bytes of a word with NUL; a longer one is cut. */
	SEARCH_TEXT	= 1000,		/* Words of a record that are looked at. */
	SEARCH_LIST	= 64,
	SEARCH_PLACES	= 32,
	SEARCH_BANDS	= 5,
	SEARCH_RANKS	= 8,
};
#define SEARCH_FRESH	FIELDS_CAPACITY_FRESH	/* So long free places count as told lately. */

/* A wish for one value of a list: its bit, the letter of its terms, the wish in words and as an
 * argument, the member of a record, and the member of those that have only one. */
#define SEARCH_FACETS(X)									\
	X(CONDITION, 'c', "condition", "condition", "conditions", "condition")			\
	X(MODALITY, 'm', "modality", "modality", "modalities", "modality")			\
	X(FORM, 'f', "form", "form", "forms", "kind")						\
	X(AUDIENCE, 'a', "audience", "audience", "audiences", "audience")			\
	X(SETTING, 's', "setting", "setting", "settings", "setting")				\
	X(ACCESS, 'x', "accessibility", "accessibility", "accessibility", "accessibility")	\
	X(COST, 'p', "cost", "cost", "costs", "cost")						\
	X(ROLE, 'r', "role", "role", "roles", "role")						\
	X(TIME, 't', "time of day", "time", "times", "time")					\
	X(SESSION, 'e', "session type", "session", "session_types", "session_type")		\
	X(PRACTICE, 'i', "practice model", "practice", "practice_models", "practice_model")	\
	X(PATHWAY, 'y', "pathway", "pathway", "pathways", "pathway")				\
	X(TOPIC, 'q', "topic", "topic", "topics", "topic")					\
	X(TRANSPORT, 'b', "transport", "transport", "transport", "transport")			\
	X(CULTURE, 'u', "culture", "culture", "cultures", "culture")

/* The other wishes. */
#define SEARCH_WISHES(X)							\
	X(TEXT, "words") X(KIND, "kind") X(ORG, "organization")			\
	X(LANGUAGE, "language") X(NEAR, "distance") X(OPEN, "open places")	\
	X(CERTIFIED, "certified") X(TIMES, "times") X(ELIGIBLE, "who may come")

#define X(name, ...) SEARCH_FACET_##name,
enum search_facet { SEARCH_FACETS(X) SEARCH_NFACETS };
#undef X
#define X(name, ...) SEARCH_BIT_##name,
enum search_bit { SEARCH_FACETS(X) SEARCH_WISHES(X) SEARCH_NFILTERS };
#undef X

struct search_list {
	const char	*item[SEARCH_LIST];
	size_t		 n;
};

/* When something meets, or somebody is free. */
struct search_hours {
	struct schedule_week	utc;
	struct schedule_week	local;		/* Where no time zone is said: the searcher's is taken. */
	bool			unsaid;		/* Other times than these are possible. */
};

/* NULL, false or 0: no such wish. */
struct search_query {
	const char	*text;			/* Each word must begin a word of the record. */
	const char	*kind;			/* "program", "group", "specialist". */
	const char	*org;
	const char	*language;		/* BCP 47; "es" is answered by "es-MX". */
	const char	*facet[SEARCH_NFACETS];
	struct place	 near;
	int		 km;			/* Around near; 0: no wish. */
	bool		 open_only;		/* Known to have a free place. */
	bool		 certified_only;
	const struct search_hours *hours;	/* When somebody is free; the item's times have the answer. */
	const struct eligibility_facts *facts;	/* Of who would come; the item's eligible has the answer. */
};

/* What is not said never excludes; it comes after what fits. */
enum search_says { SEARCH_NOT_ASKED, SEARCH_NO, SEARCH_UNSAID, SEARCH_YES };

/* What answers is shown in passes: what is known to fit before what is to be asked, and in each those whose name
 * alone has all words before the others. */
enum { SEARCH_NAMED = 1, SEARCH_SURE = 2, SEARCH_UNSURE = 4 };

struct search_item {
	const char		*kind, *org, *name;
	const char		*id;		/* By which it is found alone (match_index.h); or NULL. */
	const char		*program;	/* That it names; or NULL. */
	const char		*text;		/* All its words, those of the name too; or NULL. */
	struct search_list	 languages;
	struct search_list	 facet[SEARCH_NFACETS];
	struct search_list	 regions;	/* Residents of these only; empty: of any. */
	int			 age_from, age_below;	/* Years; below 0: no end. */
	unsigned		 bands;		/* Bit n: the nth band of ages; 0: not said. */
	struct search_hours	 hours;
	struct place		 places[SEARCH_PLACES];
	size_t			 n_places;
	unsigned		 lent;		/* Bit (1 << SEARCH_BIT_*): what answers that wish is its program's. */
	int			 open;		/* Places free, for whom the query says; -1: not said. */
	long long		 open_at;	/* When that was said, in ms. */
	bool			 credential;	/* It comes with one, whatever it is worth. */
	bool			 certified;
	bool			 stale;
	enum search_says	 times, eligible;	/* What fit_judge found (app/fit.h). */
};

/**
 * search_word(text, ret): the next word at *${text}, which moves behind it: letters and digits, small,
 * accents of Latin letters left out.  Its length; 0: there is none.
 */
size_t	search_word(const char **, char ret[SEARCH_WORD]);

/**
 * search_same(a, b): have two names the same words in the same order ("São Paulo", "SAO-PAULO")?  Without any word they are the same byte by byte.
 * search_has(name, words): is each of ${words}, one at least, a word of ${name}, a whole one?
 */
bool	search_same(const char *, const char *);
bool	search_has(const char *name, const char *words);

/**
 * search_check(query, item, ret_pass, ret_excluded): 0, and the pass of the item: SEARCH_SURE or SEARCH_UNSURE, with
 * SEARCH_NAMED if words are wanted; or E_NOTFOUND and one bit (1 << SEARCH_BIT_*) for each filter that
 * excludes ${item}.  The other output is untouched.
 */
int	search_check(const struct search_query *, const struct search_item *,
	    unsigned *ret_pass, unsigned *ret_excluded) must_check;

/**
 * search_rank(item, now): 0 to SEARCH_RANKS - 1; higher is shown first.  What is stale is
 * last; free places told lately, a credential and a full description count.
 */
int	search_rank(const struct search_item *, long long now);

/** search_reasons(query, item, now, out): how each wish is answered, in words.  0, or buf.h's. */
int	search_reasons(const struct search_query *, const struct search_item *, long long now, struct buf *) must_check;

/** search_relax(query, bit): it wishes this no more. */
void	search_relax(struct search_query *, enum search_bit);

/** search_filter_name(bit): words for a filter; never NULL. */
const char *search_filter_name(enum search_bit);

/* What an index knows of a search that found nothing. */
struct search_loss {
	unsigned	total;				/* Records searched. */
	unsigned	removed[SEARCH_NFILTERS];	/* Do not answer this wish. */
	unsigned	without[SEARCH_NFILTERS];	/* Answer all wishes but this. */
	enum search_bit	relax;				/* The wish without which most is found; */
	unsigned	relaxed;			/* so many; 0: no single one helps. */
	unsigned	rules;				/* Found without the rules on who may come; 0: none, or no wish. */
	bool		more;				/* At least so many. */
};

/**
 * search_explain(loss, reterr): "nothing found; removed by language: 7, open places: 2; without
 * language there would be 3".
 */
void	search_explain(const struct search_loss *, struct err *);

#endif /* !CAIRN_SEARCH_H */
