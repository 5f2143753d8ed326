/* SPDX-License-Identifier: Apache-2.0 */
#include "search.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#define X(name, letter, words, ...) words,
#define Y(name, words) words,
static const char *const filter_names[] = { SEARCH_FACETS(X) SEARCH_WISHES(Y) };
#undef Y
#undef X

/* U+00C0 to U+017F without accents; a letter that is two is its first. */
static const char latin[] =
    "aaaaaaaceeeeiiiidnooooo ouuuuytsaaaaaaaceeeeiiiidnooooo ouuuuyty"
    "aaaaaaccccccccddddeeeeeeeeeegggggggghhhhiiiiiiiiiiiijjkkklllllll"
    "lllnnnnnnnnnoooooooorrrrrrssssssssttttttuuuuuuuuuuuuwwyyyzzzzzzs";

const char *
search_filter_name(enum search_bit bit)
{
	return (unsigned)bit < SEARCH_NFILTERS ? filter_names[bit] : "unknown";
}

/* The next character of ${p} as a search sees it: its bytes in ${ret}, how many in ${ret_n}; 0 of them for
 * an accent that stands alone.  False: it parts words. */
static bool
fold(const unsigned char *p, size_t *ret_taken, char ret[4], size_t *ret_n)
{
	unsigned c = *p, n = c < 0x80 ? 1 : c >= 0xf0 ? 4 : c >= 0xe0 ? 3 : c >= 0xc0 ? 2 : 1;

	*ret_taken = 1;
	if (c >= 0x80 && n == 1)
		return false;		/* Not UTF-8. */
	for (unsigned i = 1; i < n; i++)
		if ((p[i] & 0xc0) != 0x80)
			return false;
	memcpy(ret, p, n);
	*ret_taken = *ret_n = n;
	if (c < 0x80) {
		*ret = (char)(c >= 'A' && c <= 'Z' ? c | 0x20 : c);
		return (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z');
	}
	if (n == 3)	/* General punctuation, such as dashes and quotation marks; ideographic space and stops. */
		return !(c == 0xe2 && (p[1] == 0x80 || p[1] == 0x81)) && !(c == 0xe3 && p[1] == 0x80 && p[2] < 0x83);
	if (n != 2)
		return true;
	c = (c & 0x1f) << 6 | (p[1] & 0x3f);
	if (c >= 0xc0 && c < 0x180) {
		*ret = latin[c - 0xc0];
		*ret_n = 1;
		return *ret != ' ';
	}
	if (c >= 0x300 && c < 0x370) {
		*ret_n = 0;
		return true;
	}
	if ((c >= 0x391 && c <= 0x3a9) || (c >= 0x410 && c <= 0x42f))	/* Greek, Cyrillic */
		c += 0x20;
	else if (c >= 0x400 && c <= 0x40f)
		c += 0x50;
	ret[0] = (char)(0xc0 | c >> 6);
	ret[1] = (char)(0x80 | (c & 0x3f));
	return c >= 0xc0;	/* Latin-1 signs part words. */
}

size_t
search_word(const char **text, char ret[SEARCH_WORD])
{
	const unsigned char *p = (const unsigned char *)*text;
	size_t len = 0;
	bool cut = false;

	while (*p != '\0') {
		size_t taken, n;
		char c[4];

		if (fold(p, &taken, c, &n)) {
			cut = cut || len + n >= SEARCH_WORD;
			if (!cut) {
				memcpy(ret + len, c, n);
				len += n;
			}
		} else if (len > 0)
			break;
		p += taken;
	}
	ret[len] = '\0';
	*text = (const char *)p;
	return len;
}

bool
search_same(const char *a, const char *b)
{
	const char *p = a, *q = b;
	char one[SEARCH_WORD], other[SEARCH_WORD];
	size_t n, words = 0;

	while ((n = search_word(&p, one)) == search_word(&q, other) && n > 0 && strcmp(one, other) == 0)
		words++;
	return *one == '\0' && *other == '\0' && (words > 0 || strcmp(a, b) == 0);
}

bool
search_has(const char *name, const char *words)
{
	char wanted[SEARCH_WORD], own[SEARCH_WORD];
	bool any = false;

	while (search_word(&words, wanted) > 0) {
		const char *p = name;

		any = false;
		while (!any && search_word(&p, own) > 0)
			any = strcmp(own, wanted) == 0;
		if (!any)
			return false;
	}
	return any;
}

/* The words of a query; bit n: the nth begins no word that has been seen. */
struct wanted {
	char		 word[SEARCH_WORDS][SEARCH_WORD];
	size_t		 len[SEARCH_WORDS];
	unsigned	 missing;
};

/* Once through the text, however many words are wanted. */
static void
strike(struct wanted *w, const char *text)
{
	char own[SEARCH_WORD];

	for (int i = 0; w->missing != 0 && text != NULL && i < SEARCH_TEXT && search_word(&text, own) > 0; i++)
		for (unsigned left = w->missing; left != 0; left &= left - 1) {
			int n = __builtin_ctz(left);

			if (strncmp(own, w->word[n], w->len[n]) == 0)
				w->missing &= ~(1u << n);
		}
}

/* All words begin words of the record; of its name? */
static bool
match_text(const char *query, const struct search_item *item, bool *ret_named)
{
	struct wanted w = { 0 };
	unsigned n = 0;

	while (n < SEARCH_WORDS && (w.len[n] = search_word(&query, w.word[n])) > 0)
		n++;
	w.missing = (1u << n) - 1;
	strike(&w, item->name);
	*ret_named = w.missing == 0 && n > 0;
	strike(&w, item->text);
	return w.missing == 0;
}

static const char *
find(const struct search_list *list, const char *want)
{
	for (size_t i = 0; i < list->n; i++)
		if (strcmp(list->item[i], want) == 0)
			return list->item[i];
	return NULL;
}

/* "es" is answered by "es", else by "es-MX". */
static const char *
match_tag(const struct search_list *tags, const char *want)
{
	const char *found = NULL;
	size_t n = strlen(want);

	for (size_t i = 0; i < tags->n; i++) {
		const char *tag = tags->item[i];

		if (strncasecmp(tag, want, n) != 0)
			continue;
		if (tag[n] == '\0')
			return tag;
		if (tag[n] == '-' && n > 0)
			found = tag;
	}
	return found;
}

/* Metres to the nearest place; -1: it has none. */
static long long
nearest(const struct search_item *item, struct place from)
{
	long long least = -1;

	for (size_t i = 0; i < item->n_places; i++) {
		long long d = place_distance(from, item->places[i]);

		if (least < 0 || d < least)
			least = d;
	}
	return least;
}

static bool
is_near(const struct search_item *item, struct place from, int km)
{
	for (size_t i = 0; i < item->n_places; i++)
		if (place_within(from, item->places[i], km))
			return true;
	return false;
}

int
search_check(const struct search_query *q, const struct search_item *item, unsigned *ret_pass, unsigned *ret_excluded)
{
	bool named = false, sure = (q->hours == NULL || item->times == SEARCH_YES) &&
	    (q->facts == NULL || item->eligible == SEARCH_YES);
	const bool fits[SEARCH_NFILTERS] = {
#define X(name, ...) [SEARCH_BIT_##name] = q->facet[SEARCH_FACET_##name] == NULL || \
    find(&item->facet[SEARCH_FACET_##name], q->facet[SEARCH_FACET_##name]) != NULL,
		SEARCH_FACETS(X)
#undef X
		[SEARCH_BIT_TEXT] = q->text == NULL || match_text(q->text, item, &named),
		[SEARCH_BIT_KIND] = q->kind == NULL || strcmp(q->kind, item->kind) == 0,
		[SEARCH_BIT_ORG] = q->org == NULL || strcmp(q->org, item->org) == 0,
		[SEARCH_BIT_LANGUAGE] = q->language == NULL || match_tag(&item->languages, q->language) != NULL,
		[SEARCH_BIT_NEAR] = q->km <= 0 || is_near(item, q->near, q->km),
		[SEARCH_BIT_OPEN] = !q->open_only || item->open > 0,
		[SEARCH_BIT_CERTIFIED] = !q->certified_only || item->certified,
		[SEARCH_BIT_TIMES] = q->hours == NULL || item->times != SEARCH_NO,
		[SEARCH_BIT_ELIGIBLE] = q->facts == NULL || item->eligible != SEARCH_NO,
	};
	unsigned excluded = 0;

	for (size_t i = 0; i < SEARCH_NFILTERS; i++)
		excluded |= fits[i] ? 0 : 1u << i;
	if (excluded != 0) {
		*ret_excluded = excluded;
		return E_NOTFOUND;
	}
	*ret_pass = (sure ? SEARCH_SURE : SEARCH_UNSURE) | (named ? SEARCH_NAMED : 0);
	return 0;
}

int
search_rank(const struct search_item *item, long long now)
{
	int said = (item->languages.n > 0) + (item->facet[SEARCH_FACET_CONDITION].n > 0) +
	    (item->facet[SEARCH_FACET_MODALITY].n > 0) + (item->facet[SEARCH_FACET_AUDIENCE].n > 0) + (item->n_places > 0);

	if (item->stale)
		return 0;
	return 1 + (item->open > 0 && now - item->open_at < SEARCH_FRESH ? 2 : 0) + (item->credential ? 2 : 0) +
	    (said >= 2) + (said >= 4);
}

void
search_relax(struct search_query *q, enum search_bit bit)
{
	switch (bit) {
#define X(name, ...) case SEARCH_BIT_##name: q->facet[SEARCH_FACET_##name] = NULL; break;
	SEARCH_FACETS(X)
#undef X
	case SEARCH_BIT_TEXT: q->text = NULL; break;
	case SEARCH_BIT_KIND: q->kind = NULL; break;
	case SEARCH_BIT_ORG: q->org = NULL; break;
	case SEARCH_BIT_LANGUAGE: q->language = NULL; break;
	case SEARCH_BIT_NEAR: q->km = 0; break;
	case SEARCH_BIT_OPEN: q->open_only = false; break;
	case SEARCH_BIT_CERTIFIED: q->certified_only = false; break;
	case SEARCH_BIT_TIMES: q->hours = NULL; break;
	case SEARCH_BIT_ELIGIBLE: q->facts = NULL; break;
	case SEARCH_NFILTERS: break;
	}
}

static int
say(struct buf *out, const char *what, const char *value)
{
	return buf_printf(out, "%s%s %s", out->len > 0 ? "; " : "", what, value);
}

static bool
is_lent(const struct search_item *item, enum search_bit bit)
{
	return (item->lent >> bit & 1) != 0;
}

int
search_reasons(const struct search_query *q, const struct search_item *item, long long now, struct buf *out)
{
	bool named = false;
	char text[64];
	int r = 0;

	if (q->text != NULL && match_text(q->text, item, &named))
		r = say(out, "the words are in its", named ? "name" : "description");
	for (size_t i = 0; i < SEARCH_NFACETS && r == 0; i++)
		if (q->facet[i] != NULL && (r = say(out, filter_names[i], q->facet[i])) == 0 && is_lent(item, (enum search_bit)i))
			r = buf_puts(out, ", as its program says");
	if (r == 0 && q->language != NULL)
		r = say(out, "language", match_tag(&item->languages, q->language));
	if (r == 0 && q->km > 0) {
		long long m = nearest(item, q->near);

		(void)snprintf(text, sizeof(text), "%lld.%lld km away", m / 1000, m % 1000 / 100);
		r = say(out, is_lent(item, SEARCH_BIT_NEAR) ? "its program is about" : "about", text);
	}
	if (r == 0 && item->open > 0) {
		(void)snprintf(text, sizeof(text), "%d, told %lld days ago", item->open, (now - item->open_at) / 86400000);
		r = say(out, "open places:", item->open_at > 0 ? text : "yes");
	}
	if (r == 0 && item->stale)
		r = say(out, "not refreshed", "in time: it may be out of date");
	return r;
}

void
search_explain(const struct search_loss *loss, struct err *reterr)
{
	char text[sizeof(reterr->text)] = "", relax[128] = "";
	size_t len = 0, n = 0;

	for (size_t i = 0; i < SEARCH_NFILTERS; i++)
		if (loss->removed[i] > 0 && len < sizeof(text) - sizeof(relax) - 80)
			len += (size_t)snprintf(text + len, sizeof(text) - len, "%s%s: %u",
			    len > 0 ? ", " : "", filter_names[i], loss->removed[i]);
	if (loss->relaxed > 0)
		n = (size_t)snprintf(relax, sizeof(relax), "; without %s there would be %s%u", filter_names[loss->relax],
		    loss->more ? "at least " : "", loss->relaxed);
	/* Fewer, perhaps, but those that were looked for. */
	if (loss->relaxed > 0 && loss->rules > 0 && loss->relax != SEARCH_BIT_ELIGIBLE)
		(void)snprintf(relax + n, sizeof(relax) - n, ", without %s %u", filter_names[SEARCH_BIT_ELIGIBLE], loss->rules);
	if (loss->total == 0)
		(void)err_set(reterr, E_NOTFOUND, "nothing found; no records are held yet");
	else if (len == 0)
		(void)err_set(reterr, E_NOTFOUND, "nothing found; of %u records each answers some wish and none all%s",
		    loss->total, relax);
	else
		(void)err_set(reterr, E_NOTFOUND, "nothing found; removed by %s%s", text, relax);
}
