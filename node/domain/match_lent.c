/* SPDX-License-Identifier: Apache-2.0 */
/* What of a program stands with those who name it. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/canon.h"
#include "base/cleanup.h"
#include "match_index.h"
#include "search_item.h"

#define LINE	"Mo"		/* As match_index.c begins its own. */

static bool
has_rules(const json_t *body)
{
	static const char *const rules[] = { "eligible_if", "minimum_age", "maximum_age", "service_area" };

	for (size_t i = 0; i < nelem(rules); i++)
		if (json_object_get(body, rules[i]) != NULL)
			return true;
	return false;
}

/* The bands of a specialist have lines of their own. */
static bool
program_rules(const json_t *program)
{
	return has_rules(program) || json_arr(program, "age_bands") != NULL;
}

bool
match_index_rules(const json_t *body, const json_t *program)
{
	return has_rules(body) || program_rules(program);
}

/* FNV-1a. */
static uint64_t
add_bytes(uint64_t sum, const void *bytes, size_t n)
{
	for (size_t i = 0; i < n; i++)
		sum = (sum ^ ((const uint8_t *)bytes)[i]) * 0x100000001b3;
	return sum;
}

static uint64_t
add_texts(uint64_t sum, const struct search_list *list)
{
	for (size_t i = 0; i < list->n; i++)
		sum = add_bytes(sum, list->item[i], strlen(list->item[i]) + 1);
	return add_bytes(sum, "", 1);
}

static uint64_t
sum_of(const struct search_item *lent)
{
	uint64_t sum = add_texts(0xcbf29ce484222325, &lent->regions);
	char who[48];

	(void)snprintf(who, sizeof(who), "%d %d %u", lent->age_from, lent->age_below, lent->bands);
	sum = add_bytes(sum, who, strlen(who));
	for (size_t i = 0; i < SEARCH_NFACETS; i++)
		sum = add_texts(sum, &lent->facet[i]);
	return add_bytes(sum, lent->places, lent->n_places * sizeof(*lent->places));
}

/* Whether it has rules, and a sum of what an item borrows. */
int
match_index_lent(const json_t *body, struct buf *out)
{
	struct search_item lent = { .n_places = 0 };
	uint64_t nothing = sum_of(&lent), sum;
	char text[32];

	search_item_borrow(NULL, body, &lent);
	sum = sum_of(&lent);
	if (!program_rules(body) && sum == nothing)
		return 0;
	(void)snprintf(text, sizeof(text), "%s%016" PRIx64, program_rules(body) ? "r" : "", sum);
	return buf_printf(out, LINE "%s\n", text);
}

/* Its line among the terms; "": none. */
static const char *
lent(const char *terms)
{
	for (const char *p = terms; p != NULL && *p != '\0'; p = strchr(p, '\n') + 1)
		if (strncmp(p, LINE, strlen(LINE)) == 0)
			return p;
	return "";
}

bool
match_index_same(const char *terms, const char *other)
{
	const char *a = lent(terms), *b = lent(other);
	size_t n = strcspn(a, "\n");

	return n == strcspn(b, "\n") && strncmp(a, b, n) == 0;
}
