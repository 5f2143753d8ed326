/* SPDX-License-Identifier: Apache-2.0 */
#include "cohort.h"

#include <errno.h>
#include <sodium.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"

/* An edge with what decides where liking or priority are equal. */
struct ranked {
	const struct cohort_edge *edge;
	uint64_t	 tie[2];		/* The member's, the specialist's. */
	struct ranked	*with;			/* Another that the same place holds. */
};

static uint64_t
draw(const char *seed, const char *whose, const char *other)
{
	crypto_generichash_state state;
	uint8_t out[crypto_generichash_BYTES_MIN];
	uint64_t ret = 0;

	(void)crypto_generichash_init(&state, NULL, 0, sizeof(out));
	(void)crypto_generichash_update(&state, (const uint8_t *)seed, strlen(seed) + 1);
	(void)crypto_generichash_update(&state, (const uint8_t *)whose, strlen(whose) + 1);
	(void)crypto_generichash_update(&state, (const uint8_t *)other, strlen(other) + 1);
	(void)crypto_generichash_final(&state, out, sizeof(out));
	for (size_t i = 0; i < sizeof(ret); i++)
		ret = ret << 8 | out[i];
	return ret;
}

/* By member, and of each the dearest first. */
static int
by_liking(const void *a, const void *b)
{
	const struct ranked *x = a, *y = b;

	if (x->edge->member != y->edge->member)
		return x->edge->member < y->edge->member ? -1 : 1;
	if (x->edge->liking != y->edge->liking)
		return x->edge->liking > y->edge->liking ? -1 : 1;
	return x->tie[0] < y->tie[0] ? -1 : x->tie[0] > y->tie[0];
}

static bool
rather(const struct ranked *a, const struct ranked *b)
{
	return a->edge->priority != b->edge->priority ? a->edge->priority > b->edge->priority : a->tie[1] < b->tie[1];
}

struct place {
	struct ranked	*held;
	unsigned	 taken;
};

/* The place takes ${r}; whom it can hold no longer, or NULL. */
static struct ranked *
offer(struct place *p, unsigned capacity, struct ranked *r)
{
	struct ranked **last = &p->held, *ret;

	r->with = p->held;
	p->held = r;
	if (p->taken < capacity) {
		p->taken++;
		return NULL;
	}
	for (struct ranked **at = &r->with; *at != NULL; at = &(*at)->with)
		if (rather(*last, *at))
			last = at;
	ret = *last;
	*last = ret->with;
	return ret;
}

int
cohort_match(const struct cohort *c, size_t *ret)
{
	autofree struct ranked *all = calloc(c->n_edges + 1, sizeof(*all));
	autofree size_t *next = calloc(c->n_members + 1, sizeof(size_t));
	autofree struct place *places = calloc(c->n_places + 1, sizeof(*places));

	if (all == NULL || next == NULL || places == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < c->n_edges; i++) {
		const struct cohort_edge *e = &c->edges[i];

		if (e->member >= c->n_members || e->place >= c->n_places)
			return E_BAD;
		all[i] = (struct ranked){ .edge = e, .tie = { draw(c->seed, c->members[e->member], c->places[e->place]),
		    draw(c->seed, c->places[e->place], c->members[e->member]) } };
	}
	qsort(all, c->n_edges, sizeof(*all), by_liking);
	for (size_t i = c->n_edges; i-- > 0; )
		next[all[i].edge->member] = i;
	for (size_t m = 0; m < c->n_members; m++)
		ret[m] = COHORT_NONE;
	/* Each member asks down their list; who is let go asks on.  A member without a list has nobody to ask. */
	for (size_t first = 0; first < c->n_edges; first++) {
		size_t m = all[first].edge->member;

		if (next[m] != first || ret[m] != COHORT_NONE)
			continue;
		for (struct ranked *gone = &all[first]; gone != NULL; ) {
			size_t i;

			m = gone->edge->member;
			ret[m] = COHORT_NONE;
			i = next[m]++;
			if (i >= c->n_edges || all[i].edge->member != m)
				break;
			ret[m] = all[i].edge->place;
			gone = offer(&places[ret[m]], c->capacity[ret[m]], &all[i]);
		}
	}
	return 0;
}

size_t
cohort_blocking(const struct cohort *c, const size_t *place)
{
	size_t ret = 0;

	for (size_t i = 0; i < c->n_edges; i++) {
		const struct cohort_edge *e = &c->edges[i];
		unsigned taken = 0;
		bool wants = place[e->member] == COHORT_NONE, may = false;

		for (size_t k = 0; k < c->n_edges; k++) {
			const struct cohort_edge *o = &c->edges[k];
			bool has = place[o->member] == o->place;

			wants = wants || (has && o->member == e->member && o->liking < e->liking);
			taken += has && o->place == e->place;
			may = may || (has && o->place == e->place && o->priority < e->priority);
		}
		ret += wants && place[e->member] != e->place && c->capacity[e->place] > 0 && (may || taken < c->capacity[e->place]);
	}
	return ret;
}
