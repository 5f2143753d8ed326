/* SPDX-License-Identifier: Apache-2.0 */
#include "search_terms.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "eligibility.h"

static const char facet_letters[SEARCH_NFACETS] = {
#define X(name, letter, ...) [SEARCH_FACET_##name] = letter,
	SEARCH_FACETS(X)
#undef X
};

/* The youngest of each band of ages; the last is behind the end. */
static const int band_from[SEARCH_BANDS + 1] = { 0, 13, 18, 26, 60, 1000 };

/* One line: a line end within the value becomes a blank, in items and queries alike. */
static int
add(struct buf *out, char letter, const char *value)
{
	size_t from = out->len;
	int r = buf_printf(out, "%c%s\n", letter, value);

	for (size_t i = from; r == 0 && i + 1 < out->len; i++)
		if (out->data[i] == '\n')
			out->data[i] = ' ';
	return r;
}

static int
add_small(struct buf *out, char letter, const char *value, size_t len)
{
	char text[SEARCH_WORD];

	if (len >= sizeof(text))
		len = sizeof(text) - 1;
	for (size_t i = 0; i < len; i++)
		text[i] = (char)(value[i] >= 'A' && value[i] <= 'Z' ? value[i] | 0x20 : value[i]);
	text[len] = '\0';
	return add(out, letter, text);
}

int
search_terms_line(struct buf *out, char letter, const char *value)
{
	return add_small(out, letter, value, strlen(value));
}

static int
add_words(struct buf *out, char letter, const char *text)
{
	char word[SEARCH_WORD];
	int r = 0;

	for (int n = 0; text != NULL && n < SEARCH_TEXT && r == 0 && search_word(&text, word) > 0; n++)
		r = add(out, letter, word);
	return r;
}

/* A tag and each that is wider: "es-MX" and "es". */
static int
add_tag(struct buf *out, char letter, const char *tag)
{
	int r = 0;

	for (size_t i = 1; r == 0; i++)
		if (tag[i - 1] == '\0' || tag[i] == '-' || tag[i] == '\0') {
			r = add_small(out, letter, tag, i);
			if (tag[i - 1] == '\0' || tag[i] == '\0')
				break;
		}
	return r;
}

static int
add_cell(struct buf *out, struct place_cell cell)
{
	return buf_printf(out, "g%d.%d.%d\n", cell.level, cell.row, cell.column);
}

static int
add_band(struct buf *out, size_t band)
{
	return buf_printf(out, "A%d\n", band_from[band]);
}

static int
add_ages(const struct search_item *item, struct buf *out)
{
	int r = 0;

	for (size_t b = 0; b < SEARCH_BANDS && r == 0; b++)
		if (item->age_from < band_from[b + 1] && (item->age_below == 0 || item->age_below > band_from[b]) &&
		    (item->bands == 0 || (item->bands >> b & 1) != 0))
			r = add_band(out, b);
	return r;
}

static int
add_regions(const struct search_item *item, struct buf *out)
{
	int r = item->regions.n == 0 ? add(out, 'R', "") : 0;

	for (size_t i = 0; i < item->regions.n && r == 0; i++) {
		const char *region = item->regions.item[i];

		/* R: this very region; S: it, or one within. */
		if ((r = add_small(out, 'R', region, strlen(region))) == 0)
			r = add_tag(out, 'S', region);
	}
	return r;
}

/* h: an hour of UTC; H: of a clock on the wall; no hour: it may be any. */
static int
add_week(const struct schedule_week *week, char letter, struct buf *out)
{
	int r = 0;

	for (int hour = 0; hour < SCHEDULE_HOURS && r == 0; hour++)
		if (schedule_week_has(week, hour))
			r = buf_printf(out, "%c%d\n", letter, hour);
	return r;
}

static int
add_hours(const struct search_hours *hours, struct buf *out)
{
	int r = add_week(&hours->utc, 'h', out);

	return r != 0 ? r : add_week(&hours->local, 'H', out);
}

static int
by_text(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Sort the lines of ${all} and leave each once. */
static int
add_sorted(struct buf *all, struct buf *out)
{
	autofree const char **line = NULL;
	size_t n = 0, i = 0;
	int r = 0;

	for (size_t k = 0; k < all->len; k++)
		n += all->data[k] == '\n';
	if ((line = calloc(n + 1, sizeof(*line))) == NULL)
		return -ENOMEM;
	for (char *p = all->data, *end; i < n; p = end + 1) {
		end = strchr(p, '\n');
		*end = '\0';
		line[i++] = p;
	}
	qsort(line, n, sizeof(*line), by_text);
	for (i = 0; i < n && r == 0; i++)
		if (i == 0 || strcmp(line[i], line[i - 1]) != 0)
			r = buf_printf(out, "%s\n", line[i]);
	return r;
}

int
search_terms_item(const struct search_item *item, struct buf *out)
{
	autobuf struct buf all = { 0 };
	int r;

	if ((r = buf_puts(&all, SEARCH_TERM_ALL "\n")) != 0 ||
	    (r = add(&all, 'k', item->kind)) != 0 || (r = search_terms_line(&all, 'o', item->org)) != 0 ||
	    (r = add_words(&all, SEARCH_TERM_NAME, item->name)) != 0 ||
	    (r = add_words(&all, SEARCH_TERM_WORD, item->name)) != 0 ||
	    (r = add_words(&all, SEARCH_TERM_WORD, item->text)) != 0 ||
	    (r = add_ages(item, &all)) != 0 || (r = add_regions(item, &all)) != 0 ||
	    (r = add_hours(&item->hours, &all)) != 0 || (r = item->hours.unsaid ? add(&all, 'h', "") : 0) != 0 ||
	    (r = item->open > 0 ? add(&all, 'O', "") : 0) != 0 ||
	    (r = item->credential || item->certified ? add(&all, 'C', "") : 0) != 0 ||
	    (r = item->n_places > 0 ? add(&all, 'G', "") : 0) != 0)
		return r;
	for (size_t i = 0; i < item->languages.n && r == 0; i++)
		r = add_tag(&all, 'l', item->languages.item[i]);
	for (size_t f = 0; f < SEARCH_NFACETS; f++)
		for (size_t i = 0; i < item->facet[f].n && r == 0; i++)
			r = search_terms_line(&all, facet_letters[f], item->facet[f].item[i]);
	for (size_t i = 0; i < item->n_places; i++)
		for (int level = 0; level < PLACE_LEVELS && r == 0; level++)
			r = add_cell(&all, place_cell(item->places[i], level));
	return r != 0 ? r : add_sorted(&all, out);
}

static struct buf *
wish(struct search_plan *plan, enum search_bit bit)
{
	plan->wish[plan->n].bit = bit;
	return &plan->wish[plan->n++].lines;
}

static int
plan_region(const char *region, struct search_plan *plan)
{
	struct buf *out = wish(plan, SEARCH_BIT_ELIGIBLE);
	size_t head = strcspn(region, "-");
	int r;

	if ((r = add(out, 'R', "")) != 0 || (r = add_small(out, 'S', region, strlen(region))) != 0)
		return r;
	return region[head] == '-' ? add_small(out, 'R', region, head) : 0;
}

/* What else is known of somebody only the check looks at. */
static int
plan_facts(const struct eligibility_facts *facts, struct search_plan *plan)
{
	struct buf *out;
	int r = facts->region[0] != '\0' ? plan_region(facts->region, plan) : 0;

	if (r != 0 || !facts->has_age)
		return r;
	out = wish(plan, SEARCH_BIT_ELIGIBLE);
	for (size_t b = 0; b < SEARCH_BANDS && r == 0; b++)
		if (facts->age >= band_from[b] * 1000LL && facts->age < band_from[b + 1] * 1000LL)
			r = add_band(out, b);
	return r;
}

/* Times that fit are said; what is unsure for another reason may have them, too. */
static int
plan_hours(const struct search_query *q, unsigned pass, struct search_plan *plan)
{
	struct buf *out = wish(plan, SEARCH_BIT_TIMES);
	int r = (pass & SEARCH_SURE) == 0 ? add(out, 'h', "") : 0;

	return r != 0 || ((pass & SEARCH_UNSURE) != 0 && q->facts == NULL) ? r : add_hours(q->hours, out);
}

static int
plan_near(struct place near, int km, struct search_plan *plan)
{
	struct buf *out = wish(plan, SEARCH_BIT_NEAR);
	struct place_cell cell[PLACE_COVER];
	size_t n = place_cover(near, km, cell);
	int r = n == 0 ? add(out, 'G', "") : 0;

	for (size_t i = 0; i < n && r == 0; i++)
		r = add_cell(out, cell[i]);
	return r;
}

int
search_terms_plan(const struct search_query *q, unsigned pass, struct search_plan *ret)
{
	struct search_plan plan = { .near = q->near, .km = q->km };
	const char *text = q->text;
	char word[SEARCH_WORD];
	int r = 0;

	for (int i = 0; text != NULL && i < SEARCH_WORDS && r == 0 && search_word(&text, word) > 0; i++) {
		plan.wish[plan.n].begins = true;
		r = add(wish(&plan, SEARCH_BIT_TEXT), (pass & SEARCH_NAMED) != 0 ? SEARCH_TERM_NAME : SEARCH_TERM_WORD, word);
	}
	if (r == 0 && q->km > 0)
		r = plan_near(q->near, q->km, &plan);
	if (r == 0 && q->org != NULL)
		r = search_terms_line(wish(&plan, SEARCH_BIT_ORG), 'o', q->org);
	for (size_t f = 0; f < SEARCH_NFACETS && r == 0; f++)
		if (q->facet[f] != NULL)
			r = search_terms_line(wish(&plan, (enum search_bit)f), facet_letters[f], q->facet[f]);
	if (r == 0 && q->language != NULL)
		r = search_terms_line(wish(&plan, SEARCH_BIT_LANGUAGE), 'l', q->language);
	if (r == 0 && q->kind != NULL)
		r = add(wish(&plan, SEARCH_BIT_KIND), 'k', q->kind);
	if (r == 0 && q->open_only)
		r = add(wish(&plan, SEARCH_BIT_OPEN), 'O', "");
	if (r == 0 && q->certified_only)
		r = add(wish(&plan, SEARCH_BIT_CERTIFIED), 'C', "");
	if (r == 0 && q->facts != NULL)
		r = plan_facts(q->facts, &plan);
	if (r == 0 && q->hours != NULL)
		r = plan_hours(q, pass, &plan);
	if (r != 0) {
		search_terms_free(&plan);
		return r;
	}
	*ret = plan;
	return 0;
}

void
search_terms_free(struct search_plan *plan)
{
	for (size_t i = 0; i < plan->n; i++)
		buf_free(&plan->wish[i].lines);
	plan->n = 0;
}

bool
search_terms_same(const struct search_wish *wish)
{
	return wish->bit != SEARCH_BIT_TEXT && wish->bit != SEARCH_BIT_TIMES;
}
