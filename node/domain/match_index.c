/* SPDX-License-Identifier: Apache-2.0 */
#include "match_index.h"

#include <stdio.h>
#include <string.h>

#include "base/canon.h"
#include "base/cleanup.h"
#include "base/event.h"
#include "events.h"
#include "fields.h"
#include "zone.h"

#define DAY_MS	86400000LL

/* Our own lines begin with this, then a letter; those of search_terms.h are used besides. */
#define OWN	'M'

/* Numbers are kept as their bits; a larger one counts as the largest. */
enum { LOAD_BITS = 10, QUEUE_BITS = 4, DAY_BITS = 16, HOURS_BITS = 10, SLOTS = 7 };
enum { HEAD = 2 };	/* Letters of a country. */
enum { HOURS_MOST = (1 << HOURS_BITS) - 1 };

enum set {
	ALL, GONE, NEED, CONDITIONS, AUDIENCES, LANGUAGE, MODALITY, ROLE, FULL, CREDENTIAL, FIELD, HOLDS, BAND, BANDS, BAND_ODD, RULES, AVOID,
	CONFLICT, NAMED, ONLY, KNOWN, ZONE, SLOT, LOAD = SLOT + SLOTS, QUEUE = LOAD + LOAD_BITS, DAY = QUEUE + QUEUE_BITS, HOURS = DAY + DAY_BITS,
	PREF = HOURS + HOURS_BITS, EASE = PREF + MATCH_PREFS,
	SETS = EASE + MATCH_EASES
};
_Static_assert((int)SETS <= (int)MATCH_INDEX_SETS, "more sets than a plan has");

static int
add_own(struct buf *out, char about, const char *value)
{
	char text[SEARCH_WORD];

	(void)snprintf(text, sizeof(text), "%c%.*s", about, SEARCH_WORD - 2, value);
	return search_terms_line(out, OWN, text);
}

/* The country of a region. */
static int
add_head(struct buf *out, char about, const char *region)
{
	char head[HEAD + 1];

	(void)snprintf(head, sizeof(head), "%.*s", HEAD, region);
	return add_own(out, about, head);
}

static int
add_bit(struct buf *out, char about, int bit)
{
	return buf_printf(out, "%c%c%d\n", OWN, about, bit);
}

static int
add_number(struct buf *out, char about, int64_t n, int bits)
{
	int64_t most = (1LL << bits) - 1;
	int r = 0;

	n = n < 0 ? 0 : n > most ? most : n;
	for (int i = 0; i < bits && r == 0; i++)
		if (n >> i & 1)
			r = add_bit(out, about, i);
	return r;
}

static int
add_list(struct buf *out, char about, const json_t *list)
{
	int r = 0;

	for (size_t i = 0; i < json_array_size(list) && r == 0; i++)
		if (json_is_string(json_array_get(list, i)))
			r = add_own(out, about, json_string_value(json_array_get(list, i)));
	return r;
}

/* Which bands; that they are said; that one of them is not known here. */
static int
add_bands(struct buf *out, const json_t *bands)
{
	int r = bands != NULL ? add_own(out, 'b', "") : 0;

	for (size_t i = 0; i < json_array_size(bands) && r == 0; i++) {
		const char *band = json_string_value(json_array_get(bands, i));

		if (band == NULL || event_enum_value(&ev_age_band_names, band) == 0)
			r = add_own(out, 'u', "");
		else
			r = add_own(out, 'b', band);
	}
	return r;
}

/* For what a credential is; where it holds, and in which country that is; of one that is elsewhere that is not known. */
static int
add_credential(struct buf *out, const json_t *body)
{
	const json_t *credential = json_obj(body, "credential"), *subject = json_obj(credential, "credentialSubject"), *held = json_arr(subject, "jurisdiction");
	int r = credential == NULL ? add_own(out, 'j', "") : add_list(out, 'e', json_arr(subject, "kind"));

	r = r == 0 ? add_list(out, 'j', held) : r;

	for (size_t i = 0; i < json_array_size(held) && r == 0; i++) {
		const char *region = json_string_value(json_array_get(held, i));

		if (region != NULL)
			r = add_head(out, 'v', region);
	}
	return r;
}

int
match_index_lines(const char *id, const json_t *body, const json_t *program, struct buf *out)
{
	const char *did = json_str(body, "did"), *zone = json_str(body, "timezone"), *named = json_str(body, "program");
	int64_t hours = json_int(json_obj(body, "boundaries"), "response_hours", HOURS_MOST);
	struct match_places places;
	int r;

	match_places(body, 0, 0, &places);
	if ((r = add_own(out, 'i', id)) != 0 || (r = named != NULL ? add_own(out, 'p', named) : 0) != 0 ||
	    (r = did != NULL ? match_index_did(false, did, out) : 0) != 0 ||
	    (r = json_arr(body, "conditions") != NULL ? add_own(out, 'c', "") : 0) != 0 ||
	    (r = json_arr(body, "audiences") != NULL ? add_own(out, 'a', "") : 0) != 0 ||
	    (r = add_bands(out, json_arr(body, "age_bands"))) != 0 || (r = add_credential(out, body)) != 0 ||
	    (r = match_index_rules(body, program) ? add_own(out, 'r', "") : 0) != 0 || (r = places.full ? add_own(out, 'f', "") : 0) != 0 ||
	    (r = add_number(out, 'l', places.load, LOAD_BITS)) != 0 || (r = add_number(out, 'q', -places.queue, QUEUE_BITS)) != 0 ||
	    (r = add_number(out, 'd', json_int(json_obj(body, "capacity"), "updated_at", 0) / DAY_MS, DAY_BITS)) != 0)
		return r;
	if ((r = zone != NULL && zone_is_name(zone) ? add_own(out, 't', zone) : 0) != 0)
		return r;
	if ((r = add_list(out, 'k', json_arr(body, "frequencies"))) != 0 || (r = add_list(out, 'n', json_arr(body, "styles"))) != 0)
		return r;
	return add_number(out, 'h', HOURS_MOST - hours, HOURS_BITS);
}

int
match_index_life(const json_t *statement, struct buf *out)
{
	const char *readers = json_str(statement, "readers");
	const json_t *audiences = json_arr(statement, "audiences");
	const char *group = json_str(statement, "age_group");
	int r = add_list(out, 'x', json_arr(statement, "conditions"));

	if (r == 0 && group != NULL)
		r = add_own(out, 'g', group);

	if (r == 0)
		r = add_list(out, 'y', audiences);
	return r == 0 && readers != NULL && strcmp(readers, "staff") != 0 ? add_list(out, 'z', audiences) : r;
}

int
match_index_did(bool statement, const char *did, struct buf *out)
{
	return add_own(out, statement ? 's' : 'w', did);
}

int
match_index_turn(const char *line, struct buf *out)
{
	return line[0] == OWN && line[1] == 's' ? buf_printf(out, "%cw%s", OWN, line + 2) : 0;
}

static int
plan_list(struct buf *out, char letter, const json_t *values)
{
	int r = 0;

	for (size_t i = 0; i < json_array_size(values) && r == 0; i++)
		r = search_terms_line(out, letter, json_string_value(json_array_get(values, i)));
	return r;
}

/* Records, programs, organizations, or people by their did; by a name, which has a first word, only perhaps. */
static int
plan_named(struct match_plan *p, enum set set, const json_t *values)
{
	struct buf *out = &p->set[set].lines;
	int r = plan_list(out, 'o', values);

	if (r == 0)
		r = add_list(out, 'i', values);
	if (r == 0)
		r = add_list(out, 'w', values);
	for (size_t i = 0; i < json_array_size(values) && r == 0; i++) {
		const char *name = json_string_value(json_array_get(values, i));
		char word[SEARCH_WORD];

		if (search_word(&name, word) > 0)
			r = search_terms_line(&p->set[NAMED].lines, SEARCH_TERM_NAME, word);
	}
	return r == 0 ? add_list(out, 'p', values) : r;
}

static int
plan_need(struct match_plan *p, const struct match_need *need)
{
	int r = 0;

	for (size_t i = 0; i < nelem(need->conditions) && need->conditions[i] != NULL && r == 0; i++)
		r = search_terms_line(&p->set[NEED].lines, 'c', need->conditions[i]);
	for (size_t i = 0; i < nelem(need->audiences) && need->audiences[i] != NULL && r == 0; i++)
		r = search_terms_line(&p->set[NEED].lines, 'a', need->audiences[i]);
	return r;
}

/* A country's credential holds in its parts; who says no more than their country may live in any. */
static int
plan_region(struct buf *out, const char *region)
{
	int r = add_own(out, 'j', "");

	if (r != 0 || *region == '\0')
		return r;
	if (strlen(region) == HEAD)
		return add_own(out, 'v', region);
	return (r = add_head(out, 'j', region)) != 0 ? r : add_own(out, 'j', region);
}

/* The letter of a facet of search.h; 0: it is none. */
static char
letter_of(unsigned kind)
{
	static const char letters[MATCH_NPREFS] = { [MATCH_PREF_AUDIENCE] = 'a', [MATCH_PREF_PATHWAY] = 'y', [MATCH_PREF_CONDITION] = 'c',
		[MATCH_PREF_CULTURE] = 'u', [MATCH_PREF_LANGUAGE] = 'l', [MATCH_PREF_PRACTICE] = 'i', [MATCH_PREF_SESSION] = 'e',
		[MATCH_PREF_ROLE] = 'r', [MATCH_PREF_MODALITY] = 'm', [MATCH_PREF_TIME] = 't', [MATCH_PREF_ORGANIZATION] = 'o' };

	return letters[kind];
}

/* The group, and those next to it, which have half of the points. */
static int
plan_age(unsigned group, struct buf *out)
{
	int r = 0;

	for (unsigned g = group - 1; g <= group + 1 && r == 0; g++)
		if (g > 0 && g < EV_AGE_GROUP_END)
			r = add_own(out, 'g', event_enum_text(&ev_age_group_names, (int)g));
	return r;
}

static int
plan_pref(const struct match_pref *pref, struct search_wish *set)
{
	const char *text = pref->value;
	char word[SEARCH_WORD];

	switch (pref->kind) {
	case MATCH_PREF_EXPERIENCE:
		return add_own(&set->lines, 'x', pref->value);
	case MATCH_PREF_IDENTITY:
		return add_own(&set->lines, 'y', pref->value);
	case MATCH_PREF_FREQUENCY:
		return add_own(&set->lines, 'k', pref->value);
	case MATCH_PREF_STYLE:
		return add_own(&set->lines, 'n', pref->value);
	case MATCH_PREF_AGE:
		return plan_age(pref->number, &set->lines);
	case MATCH_PREF_RESPONSE:
		return 0;	/* By the hours. */
	case MATCH_PREF_INTEREST:
		/* Its first word begins a word of theirs. */
		if ((set->begins = search_word(&text, word) > 0))
			return search_terms_line(&set->lines, SEARCH_TERM_WORD, word);
		break;
	default:
		if (letter_of(pref->kind) != 0)
			return search_terms_line(&set->lines, letter_of(pref->kind), pref->value);
	}
	return buf_puts(&set->lines, SEARCH_TERM_ALL "\n");	/* Perhaps. */
}

static int
plan_bits(struct match_plan *p, size_t first, char about, int bits)
{
	int r = 0;

	for (int i = 0; i < bits && r == 0; i++)
		r = add_bit(&p->set[first + (size_t)i].lines, about, i);
	return r;
}

static int
plan_slots(struct match_plan *p)
{
	int r = 0;

	for (int i = 0; i < SLOTS && r == 0 && (p->wish->slots != 0 || p->wish->minutes > 0); i++)
		r = search_terms_line(&p->set[SLOT + i].lines, 't', event_enum_text(&ev_time_slot_names, i + 1));
	return r;
}

static int
plan_eases(struct match_plan *p)
{
	int r = 0;

	for (size_t i = 0; i < json_array_size(p->wish->eases) && r == 0; i++)
		r = search_terms_line(&p->set[EASE + i].lines, 'x', json_string_value(json_array_get(p->wish->eases, i)));
	return r;
}

/* Those whose credential, as far as is known, is for what certifies for the need; not wanted if any does. */
static int
plan_field(struct buf *out, const char *field)
{
	int r = field != NULL ? add_own(out, 'j', "") : 0;

	return r == 0 && field != NULL ? add_own(out, 'e', field) : r;
}

static int
plan_all(struct match_plan *p, const json_t *gone)
{
	const struct match_wish *w = p->wish;
	int r;

	if ((r = search_terms_line(&p->set[ALL].lines, 'k', "specialist")) != 0 || (r = plan_list(&p->set[GONE].lines, 'o', gone)) != 0 ||
	    (r = plan_need(p, match_need(w->need))) != 0 || (r = add_own(&p->set[CONDITIONS].lines, 'c', "")) != 0 ||
	    (r = add_own(&p->set[AUDIENCES].lines, 'a', "")) != 0 ||
	    (r = w->language != NULL ? search_terms_line(&p->set[LANGUAGE].lines, 'l', w->language) : 0) != 0 ||
	    (r = plan_list(&p->set[MODALITY].lines, 'm', w->modalities)) != 0 ||
	    (r = w->role != NULL ? search_terms_line(&p->set[ROLE].lines, 'r', w->role) : 0) != 0 ||
	    (r = add_own(&p->set[FULL].lines, 'f', "")) != 0 || (r = search_terms_line(&p->set[CREDENTIAL].lines, 'C', "")) != 0 ||
	    (r = plan_field(&p->set[FIELD].lines, match_need(w->need)->field)) != 0 || (r = plan_eases(p)) != 0 ||
	    (r = plan_region(&p->set[HOLDS].lines, w->facts.region)) != 0 ||
	    (r = add_own(&p->set[BAND].lines, 'b', event_enum_text(&ev_age_band_names, (int)w->age_band))) != 0 ||
	    (r = add_own(&p->set[BANDS].lines, 'b', "")) != 0 || (r = add_own(&p->set[BAND_ODD].lines, 'u', "")) != 0 ||
	    (r = add_own(&p->set[RULES].lines, 'r', "")) != 0 || (r = plan_named(p, AVOID, w->avoid)) != 0 ||
	    (r = plan_named(p, CONFLICT, w->conflict)) != 0 || (r = add_list(&p->set[ONLY].lines, 'z', w->only)) != 0 ||
	    (r = add_list(&p->set[KNOWN].lines, 'i', w->known)) != 0 || (r = plan_slots(p)) != 0 ||
	    (r = w->zone != NULL ? add_own(&p->set[ZONE].lines, 't', w->zone) : 0) != 0 ||
	    (r = plan_bits(p, LOAD, 'l', LOAD_BITS)) != 0 || (r = plan_bits(p, QUEUE, 'q', QUEUE_BITS)) != 0 ||
	    (r = plan_bits(p, DAY, 'd', DAY_BITS)) != 0)
		return r;
	for (size_t i = 0; i < w->n_prefs && r == 0; i++)
		if ((r = plan_pref(&w->prefs[i], &p->set[PREF + i])) == 0 && w->prefs[i].kind == MATCH_PREF_RESPONSE &&
		    p->set[HOURS].lines.len == 0)
			r = plan_bits(p, HOURS, 'h', HOURS_BITS);
	return r;
}

int
match_index_plan(const struct match_wish *wish, int64_t now, const json_t *gone, struct match_plan *ret)
{
	int r;

	*ret = (struct match_plan){ .wish = wish, .now = now, .n = SETS };
	if ((r = plan_all(ret, gone)) != 0)
		match_index_free(ret);
	return r;
}

void
match_index_free(struct match_plan *plan)
{
	for (size_t i = 0; i < plan->n; i++)
		buf_free(&plan->set[i].lines);
	plan->n = 0;
}

/* Sixty-four specialists: a word of each set. */
struct word {
	const struct match_plan	*plan;
	uint64_t	 in[SETS];
	uint64_t	 out[MATCH_NFILTERS];
	uint64_t	 needed, certified, timely, old, open;	/* What counts for them; what is left open. */
	uint64_t	 pref[MATCH_PREFS];
};

/* Whose number, of so many bits from set ${first} on, is at least ${n}. */
static uint64_t
at_least(const struct word *w, size_t first, int bits, uint64_t n)
{
	uint64_t more = 0, same = ~0ULL;

	for (size_t i = (size_t)bits; i-- > 0;) {
		uint64_t bit = w->in[first + i];

		if (!(n >> i & 1)) {
			more |= same & bit;
			bit = ~bit;
		}
		same &= bit;
	}
	return more | same;
}

static void
read_times(struct word *w)
{
	const struct match_wish *wish = w->plan->wish;
	uint64_t said = 0;

	for (size_t i = 0; i < SLOTS; i++)
		said |= w->in[SLOT + i];
	for (unsigned set = 1; set < 1u << SLOTS && said != 0; set++) {
		uint64_t these = said;

		if ((wish->minutes > 0 && wish->together[set] < wish->minutes) || (wish->slots != 0 && (set & wish->slots) == 0))
			continue;
		for (size_t i = 0; i < SLOTS; i++)
			these &= set >> i & 1 ? w->in[SLOT + i] : ~w->in[SLOT + i];
		w->timely |= these;
	}
	w->out[MATCH_TIMES] = said & ~w->timely;
	if (wish->zone == NULL)
		return;
	/* By another clock, or that of a program: whether times are common is left open. */
	w->out[MATCH_TIMES] &= w->in[ZONE];
	w->timely |= said & ~w->in[ZONE];
	w->open |= said & ~w->in[ZONE];
}

static void
read_word(struct word *w)
{
	const struct match_wish *wish = w->plan->wish;
	const struct match_need *need = match_need(wish->need);
	bool asks = need->conditions[0] != NULL, whom = need->audiences[0] != NULL;
	int64_t oldest = (w->plan->now - FIELDS_CAPACITY_FRESH) / DAY_MS;

	w->needed = w->in[NEED];
	w->certified = w->in[CREDENTIAL] & (need->field != NULL ? w->in[FIELD] : ~0ULL);
	w->old = ~at_least(w, DAY, DAY_BITS, (uint64_t)(oldest < 0 ? 0 : oldest));
	if (asks || whom)
		w->out[MATCH_NEED] = ~w->in[NEED] & (asks ? w->in[CONDITIONS] : ~0ULL) & (whom ? w->in[AUDIENCES] : ~0ULL);
	w->out[MATCH_LANGUAGE] = wish->language != NULL ? ~w->in[LANGUAGE] : 0;
	w->out[MATCH_MODALITY] = wish->modalities != NULL ? ~w->in[MODALITY] : 0;
	w->out[MATCH_ROLE] = wish->role != NULL ? ~w->in[ROLE] : 0;
	w->out[MATCH_PLACES] = w->in[FULL];
	w->out[MATCH_CERTIFIED] = wish->certified ? ~w->certified : 0;
	for (size_t i = 0; i < json_array_size(wish->eases); i++)
		w->out[MATCH_ACCESS] |= ~w->in[EASE + i];
	w->out[MATCH_JURISDICTION] = wish->facts.region[0] != '\0' ? w->in[CREDENTIAL] & ~w->in[HOLDS] : 0;
	w->out[MATCH_AGE] = (w->in[BANDS] & ~w->in[BAND]) | (wish->age_from < MATCH_ADULT ? ~w->in[BANDS] : 0);
	w->out[MATCH_ELIGIBLE] = w->in[BANDS] & ~w->in[BAND] & ~w->in[BAND_ODD];
	w->out[MATCH_ONLY] = wish->only != NULL ? ~w->in[ONLY] : 0;
	w->out[MATCH_AVOID] = w->in[AVOID];
	w->out[MATCH_CONFLICT] = w->in[CONFLICT];
	w->open = w->in[CREDENTIAL] | w->in[RULES] | w->in[NAMED] | (wish->towns != NULL ? ~0ULL : 0);
	if (wish->minutes > 0 || wish->slots != 0)
		read_times(w);
	for (size_t i = 0; i < wish->n_prefs; i++)
		w->pref[i] = wish->prefs[i].kind != MATCH_PREF_RESPONSE ? w->in[PREF + i] :
		    at_least(w, HOURS, HOURS_BITS, (uint64_t)(HOURS_MOST - wish->prefs[i].number));
}

static int
number(const struct word *w, size_t first, int bits, unsigned bit)
{
	int n = 0;

	for (size_t i = 0; i < (size_t)bits; i++)
		n |= (int)(w->in[first + i] >> bit & 1) << i;
	return n;
}

static void
guess(const struct word *w, unsigned bit, bool stale, struct match_guess *ret)
{
	const struct match_wish *wish = w->plan->wish;
	struct match_guess g = { .load = number(w, LOAD, LOAD_BITS, bit), .open = w->open >> bit & 1 };

	for (size_t i = 0; i < MATCH_NFILTERS; i++)
		g.excluded |= (unsigned)(w->out[i] >> bit & 1) << i;
	g.score = MATCH_POINTS_LOAD * g.load / 1000 - number(w, QUEUE, QUEUE_BITS, bit) +
	    (w->needed >> bit & 1 ? MATCH_POINTS_NEED : 0) + (w->timely >> bit & 1 ? MATCH_POINTS_TIMES : 0) +
	    (w->certified >> bit & 1 ? MATCH_POINTS_CERTIFIED : 0) + (w->in[KNOWN] >> bit & 1 ? MATCH_POINTS_KNOWN : 0) +
	    (w->old >> bit & 1 ? MATCH_POINTS_OLD : 0) + (stale ? MATCH_POINTS_OLD : 0);
	for (size_t i = 0; i < wish->n_prefs; i++)
		if (w->pref[i] >> bit & 1)
			g.score += match_points(wish->prefs[i].kind) * (i == 0 ? 2 : 1);
	*ret = g;
}

static unsigned
ones(uint64_t x)
{
	return x == 0 ? 0 : (unsigned)__builtin_popcountll(x);
}

/* Counts all of a word; whom at most ${most} filters remove. */
static uint64_t
count(const struct word *w, uint64_t all, int most, struct match_tally *t)
{
	uint64_t once = 0, twice = 0;

	for (size_t i = 0; i < MATCH_NFILTERS; i++) {
		twice |= once & w->out[i];
		once |= w->out[i];
	}
	t->seen += ones(all);
	t->left += ones(all & ~once);
	t->left_open += ones(all & ~once & w->open);
	for (size_t i = 0; i < MATCH_NFILTERS; i++) {
		uint64_t alone = all & w->out[i] & ~twice;

		t->removed[i] += ones(all & w->out[i]);
		t->alone[i] += ones(alone);
		t->alone_open[i] += ones(alone & w->open);
	}
	return all & (most > 1 ? ~0ULL : most == 1 ? ~twice : ~once);
}

int
match_index_tile(const struct match_plan *plan, const uint64_t *bits, bool stale, int most, struct match_tally *tally,
    int (*fn)(void *, unsigned, const struct match_guess *), void *cookie)
{
	int r = 0;

	for (unsigned n = 0; n < MATCH_INDEX_WORDS && r == 0; n++) {
		struct word w = { .plan = plan };
		uint64_t all = bits[n] & ~bits[GONE * MATCH_INDEX_WORDS + n], some;
		struct match_guess g;

		if (all == 0)
			continue;
		for (size_t i = 0; i < SETS; i++)
			w.in[i] = bits[i * MATCH_INDEX_WORDS + n];
		read_word(&w);
		for (some = count(&w, all, most, tally); some != 0 && r == 0; some &= some - 1) {
			guess(&w, (unsigned)__builtin_ctzll(some), stale, &g);
			r = __builtin_popcount(g.excluded) <= most ? fn(cookie, 64 * n + (unsigned)__builtin_ctzll(some), &g) : 0;
		}
	}
	return r;
}
