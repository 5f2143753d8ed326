/* SPDX-License-Identifier: Apache-2.0 */
#include "search.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

/* What each answered wish adds. */
enum {
	SCORE_NAME = 10,	/* A word begins in the name. */
	SCORE_TEXT = 3,		/* In the description only. */
	SCORE_LANGUAGE = 5,	/* The very tag, not a wider one. */
	SCORE_CERTIFIED = 4,
	SCORE_OPEN = 2,		/* Places are known to be free. */
	SCORE_STALE = -6,
	SCORE_TIMES = 8,	/* Its times are said, and fit. */
	SCORE_ELIGIBLE = 6,
};

#define X(name, text) text,
static const char *const filter_names[] = { SEARCH_FILTERS(X) };
#undef X

const char *
search_filter_name(enum search_bit bit)
{
	return (unsigned)bit < SEARCH_NFILTERS ? filter_names[bit] : "unknown";
}

/* Letters and digits of ASCII; every byte of other scripts belongs to a word. */
static bool
in_word(char c)
{
	unsigned char u = (unsigned char)c;

	return u >= 0x80 || isalnum(u);
}

/* Some word of ${text} begins with the ${n} bytes of ${word}. */
static bool
has_word(const char *text, const char *word, size_t n)
{
	bool start = true;

	for (; text != NULL && *text != '\0'; text++) {
		if (start && strncasecmp(text, word, n) == 0)
			return true;
		start = !in_word(*text);
	}
	return false;
}

static bool
has_item(const struct search_list *list, const char *want)
{
	for (size_t i = 0; i < list->n; i++)
		if (strcmp(list->item[i], want) == 0)
			return true;
	return false;
}

/* All words begin words of the record; adds to the score. */
static bool
match_text(const char *query, const struct search_item *item, int *score)
{
	size_t n;

	for (const char *p = query; *p != '\0'; p += n) {
		for (n = 0; in_word(p[n]); n++)
			continue;
		if (n == 0) {
			n = 1;
			continue;
		}
		if (has_word(item->name, p, n))
			*score += SCORE_NAME;
		else if (has_word(item->summary, p, n))
			*score += SCORE_TEXT;
		else
			return false;
	}
	return true;
}

/* "es" is answered by "es" and "es-MX". */
static bool
match_language(const char *want, const struct search_list *languages, int *score)
{
	size_t n = strlen(want);
	bool found = false;

	for (size_t i = 0; i < languages->n; i++) {
		const char *tag = languages->item[i];

		if (strncasecmp(tag, want, n) != 0)
			continue;
		if (tag[n] == '\0') {
			*score += SCORE_LANGUAGE;
			return true;
		}
		found = found || tag[n] == '-';
	}
	return found;
}

int
search_check(const struct search_query *query, const struct search_item *item, int *ret_score,
    unsigned *ret_excluded)
{
	unsigned excluded = 0;
	int score = 0;

	if (query->kind != NULL && strcmp(query->kind, item->kind) != 0)
		excluded |= 1u << SEARCH_BIT_KIND;
	if (query->text != NULL && !match_text(query->text, item, &score))
		excluded |= 1u << SEARCH_BIT_TEXT;
	if (query->language != NULL && !match_language(query->language, &item->languages, &score))
		excluded |= 1u << SEARCH_BIT_LANGUAGE;
	if (query->condition != NULL && !has_item(&item->conditions, query->condition))
		excluded |= 1u << SEARCH_BIT_CONDITION;
	if (query->modality != NULL && !has_item(&item->modalities, query->modality))
		excluded |= 1u << SEARCH_BIT_MODALITY;
	if (query->open_only && item->open < 1)
		excluded |= 1u << SEARCH_BIT_OPEN;
	if (query->certified_only && !item->certified)
		excluded |= 1u << SEARCH_BIT_CERTIFIED;
	if (item->times == SEARCH_NO)
		excluded |= 1u << SEARCH_BIT_TIMES;
	if (item->eligible == SEARCH_NO)
		excluded |= 1u << SEARCH_BIT_ELIGIBLE;
	if (excluded != 0) {
		*ret_excluded = excluded;
		return E_NOTFOUND;
	}
	if (item->certified)
		score += SCORE_CERTIFIED;
	if (item->open > 0)
		score += SCORE_OPEN;
	if (item->times == SEARCH_YES)
		score += SCORE_TIMES;
	if (item->eligible == SEARCH_YES)
		score += SCORE_ELIGIBLE;
	if (item->stale)
		score += SCORE_STALE;
	*ret_score = score;
	return 0;
}

void
search_explain(const unsigned counts[SEARCH_NFILTERS], const struct search_query *query, bool held,
    struct err *reterr)
{
	char text[sizeof(reterr->text)] = "";
	size_t len = 0;

	for (size_t i = 0; i < SEARCH_NFILTERS; i++) {
		if (counts[i] > 0)	/* Nine short names always fit. */
			len += (size_t)snprintf(text + len, sizeof(text) - len, "%s%s: %u",
			    len > 0 ? ", " : "", filter_names[i], counts[i]);
	}
	if (len > 0)
		(void)err_set(reterr, E_NOTFOUND, "nothing found; removed by %s", text);
	else if (!held)
		(void)err_set(reterr, E_NOTFOUND, "nothing found; no records are held yet");
	else if (query->text != NULL)
		(void)err_set(reterr, E_NOTFOUND, "nothing found; no record%s has these words",
		    query->kind != NULL ? " of this kind" : "");
	else
		(void)err_set(reterr, E_NOTFOUND, "nothing found; no record is of this kind or organization");
}
