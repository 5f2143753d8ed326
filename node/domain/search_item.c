/* SPDX-License-Identifier: Apache-2.0 */
#include "search_item.h"

#include <stdlib.h>
#include <string.h>

#include "base/canon.h"
#include "base/cleanup.h"
#include "base/event.h"
#include "events.h"

enum { WITHIN_KM = 25, AGE_MAX = 150 };

static const struct { const char *wish, *list, *single; } facets[SEARCH_NFACETS] = {
#define X(name, letter, words, wish, list, single) [SEARCH_FACET_##name] = { wish, list, single },
	SEARCH_FACETS(X)
#undef X
};

/* Members whose text nobody looks for: ids, proofs, numbers, addresses, dates, rules. */
static const char *const wordless[] = { "consent", "consent_ref", "credential", "credential_id", "did", "due", "eligible_if", "facilitators",
    "policy_uri", "program", "record", "room", "schedules", "source", "supervisor", "told_on", "uri", "value" };

static bool
has_words(const char *key)
{
	for (size_t i = 0; i < nelem(wordless); i++)
		if (strcmp(key, wordless[i]) == 0)
			return false;
	return true;
}

/* As deep as canon_parse allows. */
static int
add_words(const json_t *value, struct buf *out)
{
	const char *key;
	json_t *item;
	size_t i;
	int r = 0;

	if (json_is_string(value))
		return buf_printf(out, "%s ", json_string_value(value));
	if (json_is_array(value)) {
		json_array_foreach((json_t *)value, i, item)
			if ((r = add_words(item, out)) != 0)
				break;
	} else if (json_is_object(value)) {
		json_object_foreach((json_t *)value, key, item)
			if (has_words(key) && (r = add_words(item, out)) != 0)
				break;
	}
	return r;
}

static void
add_one(const char *value, struct search_list *list)
{
	for (size_t i = 0; i < list->n; i++)
		if (strcmp(list->item[i], value) == 0)
			return;
	if (list->n < SEARCH_LIST)
		list->item[list->n++] = value;
}

static void
add_list(const json_t *values, struct search_list *list)
{
	json_t *value;
	size_t i;

	json_array_foreach(values, i, value)
		if (json_string_value(value) != NULL)
			add_one(json_string_value(value), list);
}

/* Only if it is public. */
static void
add_position(const json_t *at, struct search_item *item)
{
	if (item->n_places < SEARCH_PLACES && place_of(at, &item->places[item->n_places]))
		item->n_places++;
}

static void
add_place(const json_t *at, struct search_item *item)
{
	add_list(json_arr(at, "accessibility"), &item->facet[SEARCH_FACET_ACCESS]);
	add_position(at, item);
}

static void
add_places(const json_t *body, struct search_item *item)
{
	json_t *at;
	size_t i;

	json_array_foreach(json_arr(body, "locations"), i, at)
		add_place(at, item);
	add_place(json_obj(body, "location"), item);
}

static void
add_facet(const json_t *body, size_t facet, struct search_item *item)
{
	const char *one = json_str(body, facets[facet].single);

	add_list(json_arr(body, facets[facet].list), &item->facet[facet]);
	if (item->facet[facet].n == 0 && one != NULL)
		add_one(one, &item->facet[facet]);
}

/* A way to take part that this record itself offers. */
static void
add_alternatives(const json_t *ways, struct search_list *list)
{
	const char *modality;
	json_t *way;
	size_t i;

	json_array_foreach(ways, i, way)
		if (json_str(way, "record") == NULL && (modality = json_str(way, "modality")) != NULL)
			add_one(modality, list);
}

static void
add_who(const json_t *body, struct search_item *item)
{
	const json_t *area = json_obj(body, "service_area");
	long long from = json_int(body, "minimum_age", 0), to = json_int(body, "maximum_age", AGE_MAX);
	json_t *band;
	size_t i;

	item->age_from = from < 0 ? 0 : from > AGE_MAX ? AGE_MAX : (int)from;
	item->age_below = to < 0 ? 1 : to >= AGE_MAX ? 0 : (int)to + 1;
	json_array_foreach(json_arr(body, "age_bands"), i, band) {
		const char *text = json_string_value(band);
		int n = text != NULL ? event_enum_value(&ev_age_band_names, text) : 0;

		item->bands |= n > 0 ? 1u << (n - 1) : (1u << SEARCH_BANDS) - 1;	/* Not known here: to be asked. */
	}
	if (!json_is_true(json_object_get(area, "anywhere")))
		add_list(json_arr(area, "regions"), &item->regions);
}

int
search_item_read(const char *kind, const char *org, const json_t *body, struct buf *text, struct search_item *ret)
{
	const char *name = json_str(body, json_str(body, "alias") != NULL ? "alias" : "name"), *one;
	struct search_item item = { .kind = kind, .org = org, .name = name != NULL ? name : "", .program = json_str(body, "program") };
	int r;

	if ((r = add_words(body, text)) != 0)
		return r;
	item.text = text->data;
	add_list(json_arr(body, "languages"), &item.languages);
	if ((one = json_str(body, "language")) != NULL)
		add_one(one, &item.languages);
	for (size_t i = 0; i < SEARCH_NFACETS; i++)
		add_facet(body, i, &item);
	add_alternatives(json_arr(body, "alternatives"), &item.facet[SEARCH_FACET_MODALITY]);
	add_who(body, &item);
	add_places(body, &item);
	item.open = fields_open(body, NULL);
	item.open_at = fields_open_at(body);
	item.credential = json_obj(body, "credential") != NULL || json_str(body, "credential_id") != NULL;
	*ret = item;
	return 0;
}

static void
lend(const struct search_item *from, enum search_facet facet, struct search_item *item)
{
	if (item->facet[facet].n > 0)
		return;
	item->facet[facet] = from->facet[facet];
	item->lent |= 1u << facet;
}

void
search_item_borrow(const json_t *body, const json_t *program, struct search_item *item)
{
	struct search_item from = { .n_places = 0 };

	add_facet(program, SEARCH_FACET_COST, &from);
	add_facet(program, SEARCH_FACET_TRANSPORT, &from);
	add_facet(program, SEARCH_FACET_ACCESS, &from);
	add_places(program, &from);
	add_who(program, &from);
	lend(&from, SEARCH_FACET_COST, item);
	/* How easily another place is reached says nothing of their own. */
	if (!fields_place(body)) {
		lend(&from, SEARCH_FACET_ACCESS, item);
		lend(&from, SEARCH_FACET_TRANSPORT, item);
		memcpy(item->places, from.places, sizeof(from.places));
		item->n_places = from.n_places;
		item->lent |= 1u << SEARCH_BIT_NEAR;
	}
	if (item->regions.n == 0)
		item->regions = from.regions;
	if (item->bands == 0)
		item->bands = from.bands;
	if (from.age_from > item->age_from)
		item->age_from = from.age_from;
	if (from.age_below != 0 && (item->age_below == 0 || from.age_below < item->age_below))
		item->age_below = from.age_below;
}

void
search_item_eases(const json_t *body, const json_t *program, struct search_list *ret)
{
	struct search_item own = { .n_places = 0 };

	add_facet(body, SEARCH_FACET_ACCESS, &own);
	add_places(body, &own);
	if (own.facet[SEARCH_FACET_ACCESS].n == 0 && !fields_place(body)) {
		add_facet(program, SEARCH_FACET_ACCESS, &own);
		add_places(program, &own);
	}
	*ret = own.facet[SEARCH_FACET_ACCESS];
}

/* A number, or one typed as text; ${fallback} if it is not there; below 0: no such number. */
static int
number(const json_t *args, const char *key, int most, int fallback)
{
	const json_t *value = json_object_get(args, key);
	const char *text = json_string_value(value);
	long long n = -1;
	char *end;

	if (value == NULL)
		return fallback;
	if (json_is_integer(value))
		n = json_integer_value(value);
	else if (text != NULL && *text >= '0' && *text <= '9' && strlen(text) < 8) {
		n = strtoll(text, &end, 10);
		n = *end == '\0' ? n : -1;
	}
	return n > most ? -1 : n < 0 ? -1 : (int)n;
}

int
search_item_query(const json_t *args, struct search_query *ret, struct err *reterr)
{
	struct search_query q = { .text = NULL };
	const char *near = json_str(args, "near"), *words = json_str(args, "words");
	char word[SEARCH_WORD];

	q.text = words;
	if (words != NULL && search_word(&words, word) == 0)
		return err_set(reterr, E_BAD, "words: there is no letter or digit in them");
	q.kind = json_str(args, "kind");
	q.org = json_str(args, "org");
	q.language = json_str(args, "language");
	for (size_t i = 0; i < SEARCH_NFACETS; i++)
		q.facet[i] = json_str(args, facets[i].wish);
	q.open_only = json_is_true(json_object_get(args, "open"));
	q.certified_only = json_is_true(json_object_get(args, "certified"));
	if (near == NULL && json_object_get(args, "within") != NULL)
		return err_set(reterr, E_BAD, "within: it needs a place to be near, as --near 40.7357,-74.1724");
	if (near != NULL) {
		if (place_parse(near, &q.near) != 0)
			return err_set(reterr, E_BAD, "near: latitude and longitude in degrees are wanted, as 40.7357,-74.1724");
		if ((q.km = number(args, "within", PLACE_FAR, WITHIN_KM)) < 1)
			return err_set(reterr, E_BAD, "within: kilometres from 1 to %d are wanted", PLACE_FAR);
	}
	*ret = q;
	return 0;
}
