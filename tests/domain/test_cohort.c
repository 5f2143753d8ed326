/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Random rounds, by a seed that is printed: nobody would rather have each other, by a checker that knows only the
 * definition; the same result in whatever order the wishes come; and in small rounds no member could have done
 * better in any arrangement that holds, all of which are tried.
 */
#include <errno.h>
#include <sodium.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/cleanup.h"
#include "domain/cohort.h"
#include "tests/domain/faults.h"
#include "tests/tap.h"

enum { MEMBERS = 12, PLACES = 7, ROUNDS = 5000, SMALL = 600 };

static uint64_t dice;

static unsigned
roll(unsigned n)
{
	dice = dice * 6364136223846793005ull + 1442695040888963407ull;
	return (unsigned)(dice >> 33) % n;
}

struct round {
	struct cohort	 c;
	char		 text[MEMBERS + PLACES][24];
	const char	*members[MEMBERS], *places[PLACES];
	unsigned	 capacity[PLACES];
	struct cohort_edge edges[MEMBERS * PLACES];
	int		 liking[MEMBERS][PLACES], priority[MEMBERS][PLACES];	/* -1: not acceptable. */
};

/* ${levels}: how many different values there are; few make ties. */
static void
draw_round(struct round *r, size_t members, size_t places, unsigned levels)
{
	*r = (struct round){ .c = { .seed = "a round", .members = r->members, .n_members = members, .places = r->places,
	    .n_places = places, .capacity = r->capacity, .edges = r->edges } };
	for (size_t i = 0; i < members + places; i++)
		(void)snprintf(r->text[i], sizeof(r->text[i]), "%c%zu", i < members ? 'm' : 'p', i);
	for (size_t p = 0; p < places; p++) {
		r->places[p] = r->text[members + p];
		r->capacity[p] = roll(4);
	}
	for (size_t m = 0; m < members; m++) {
		r->members[m] = r->text[m];
		for (size_t p = 0; p < places; p++) {
			bool both = roll(4) != 0;

			r->liking[m][p] = both ? (int)roll(levels) : -1;
			r->priority[m][p] = both ? (int)roll(levels) : -1;
			if (both)
				r->edges[r->c.n_edges++] = (struct cohort_edge){ m, p, r->liking[m][p], r->priority[m][p] };
		}
	}
}

/* Every two of a side differ: strict preferences. */
static bool
is_strict(const struct round *r)
{
	for (size_t m = 0; m < r->c.n_members; m++)
		for (size_t p = 0; p < r->c.n_places; p++)
			for (size_t k = 0; k < r->c.n_members + r->c.n_places; k++) {
				if (k < r->c.n_places && k != p && r->liking[m][p] >= 0 && r->liking[m][p] == r->liking[m][k])
					return false;
				if (k < r->c.n_members && k != m && r->priority[m][p] >= 0 && r->priority[m][p] == r->priority[k][p])
					return false;
			}
	return true;
}

/* The definition and nothing else: 0: it holds. */
static int
faults_of(const struct round *r, const size_t *place)
{
	int faults = 0;

	for (size_t p = 0; p < r->c.n_places; p++) {
		unsigned taken = 0;

		for (size_t m = 0; m < r->c.n_members; m++)
			taken += place[m] == p;
		faults += taken > r->capacity[p];
	}
	for (size_t m = 0; m < r->c.n_members; m++) {
		int now = place[m] == COHORT_NONE ? -1 : r->liking[m][place[m]];

		faults += place[m] != COHORT_NONE && now < 0;
		for (size_t p = 0; p < r->c.n_places; p++) {
			unsigned taken = 0;
			bool worse = false;

			if (r->liking[m][p] <= now)
				continue;
			for (size_t o = 0; o < r->c.n_members; o++) {
				taken += place[o] == p;
				worse = worse || (place[o] == p && r->priority[o][p] < r->priority[m][p]);
			}
			faults += r->capacity[p] > 0 && (worse || taken < r->capacity[p]);
		}
	}
	return faults;
}

static void
shuffle(struct round *r, struct round *to, size_t member[MEMBERS], size_t place[PLACES])
{
	*to = *r;
	for (size_t m = 0; m < r->c.n_members; m++)
		member[m] = m;
	for (size_t p = 0; p < r->c.n_places; p++)
		place[p] = p;
	for (size_t i = r->c.n_members; i > 1; i--) {
		size_t k = roll((unsigned)i), t = member[i - 1];

		member[i - 1] = member[k];
		member[k] = t;
	}
	for (size_t i = r->c.n_places; i > 1; i--) {
		size_t k = roll((unsigned)i), t = place[i - 1];

		place[i - 1] = place[k];
		place[k] = t;
	}
	to->c.members = to->members;
	to->c.places = to->places;
	to->c.capacity = to->capacity;
	to->c.edges = to->edges;
	for (size_t m = 0; m < r->c.n_members; m++)
		to->members[member[m]] = r->members[m];
	for (size_t p = 0; p < r->c.n_places; p++) {
		to->places[place[p]] = r->places[p];
		to->capacity[place[p]] = r->capacity[p];
	}
	for (size_t i = 0; i < r->c.n_edges; i++)
		to->edges[r->c.n_edges - 1 - i] = (struct cohort_edge){ member[r->edges[i].member], place[r->edges[i].place],
		    r->edges[i].liking, r->edges[i].priority };
}

static void
test_random(void)
{
	static struct round r, other;
	int unstable = 0, unlike = 0, blocked = 0, ties = 0;

	for (int n = 0; n < ROUNDS; n++) {
		size_t got[MEMBERS], again[MEMBERS], member[MEMBERS], place[PLACES];

		draw_round(&r, 1 + roll(MEMBERS), 1 + roll(PLACES), 1 + roll(30));
		ties += !is_strict(&r);
		if (cohort_match(&r.c, got) != 0)
			abort();
		unstable += faults_of(&r, got) != 0;
		blocked += cohort_blocking(&r.c, got) != 0;
		shuffle(&r, &other, member, place);
		if (cohort_match(&other.c, again) != 0)
			abort();
		for (size_t m = 0; m < r.c.n_members; m++)
			unlike += got[m] == COHORT_NONE ? again[member[m]] != COHORT_NONE : again[member[m]] != place[got[m]];
	}
	is_int(unstable, 0, "in %d rounds, %d of them with ties, nobody would rather have each other", ROUNDS, ties);
	is_int(blocked, 0, "says the check that the node makes, too");
	is_int(unlike, 0, "and the order in which wishes come changes nothing");
	ok(ties > ROUNDS / 10 && ties < ROUNDS, "there are rounds with ties and without");
}

/* Every arrangement; the best that each member has in one that holds. */
static void
try_all(const struct round *r, size_t m, size_t *place, int *best, long *held)
{
	if (m < r->c.n_members) {
		for (size_t p = 0; p <= r->c.n_places; p++) {
			place[m] = p < r->c.n_places ? p : COHORT_NONE;
			if (place[m] == COHORT_NONE || r->liking[m][p] >= 0)
				try_all(r, m + 1, place, best, held);
		}
		return;
	}
	if (faults_of(r, place) != 0)
		return;
	++*held;
	for (size_t i = 0; i < r->c.n_members; i++) {
		int now = place[i] == COHORT_NONE ? -1 : r->liking[i][place[i]];

		best[i] = now > best[i] ? now : best[i];
	}
}

static void
test_best(void)
{
	static struct round r;
	int worse = 0, missed = 0, several = 0, caught = 0;

	for (int n = 0; n < SMALL; ) {
		size_t got[MEMBERS], place[MEMBERS];
		int best[MEMBERS] = { 0 };
		long held = 0;

		draw_round(&r, 1 + roll(5), 1 + roll(4), 1000);
		if (!is_strict(&r))
			continue;
		n++;
		for (size_t m = 0; m < r.c.n_members; m++)
			best[m] = -1;
		try_all(&r, 0, place, best, &held);
		if (cohort_match(&r.c, got) != 0)
			abort();
		missed += held == 0;
		several += held > 1;
		for (size_t m = 0; m < r.c.n_members; m++)
			worse += (got[m] == COHORT_NONE ? -1 : r.liking[m][got[m]]) != best[m];
		/* The node's own check sees each arrangement that does not hold for want of a pair. */
		for (size_t m = 0; m < r.c.n_members; m++)
			if (got[m] != COHORT_NONE) {
				memcpy(place, got, sizeof(place));
				place[m] = COHORT_NONE;
				caught += cohort_blocking(&r.c, place) == 0;
			}
	}
	is_int(worse, 0, "in %d small rounds no member does better in any arrangement that holds", SMALL);
	is_int(missed, 0, "of which there is one at least");
	ok(several > 0, "and sometimes several (%d)", several);
	is_int(caught, 0, "whoever is left out although there is a place is noticed");
}

static void
test_edges(void)
{
	static const char *const members[] = { "a", "b", "c" }, *const places[] = { "x" };
	static const unsigned one[] = { 1 };
	static const struct cohort_edge all[] = { { 0, 0, 1, 1 }, { 1, 0, 1, 1 }, { 2, 0, 1, 1 } }, bad = { 0, 1, 1, 1 }, worse = { 3, 0, 1, 1 };
	struct cohort c = { .members = members, .n_members = 3, .places = places, .n_places = 1, .capacity = one, .edges = all, .n_edges = 3 };
	size_t got[3] = { 7, 7, 7 };
	int won[3] = { 0 }, r = -ENOMEM;
	char seed[16];

	c.seed = "x";
	c.edges = &bad;
	c.n_edges = 1;
	ok(cohort_match(&c, got) == E_BAD, "a place that is none");
	c.edges = &worse;
	ok(cohort_match(&c, got) == E_BAD, "a member that is none");
	c.n_edges = 0;
	ok(cohort_match(&c, got) == 0 && got[0] == COHORT_NONE && got[2] == COHORT_NONE, "nobody would have anybody");
	c.edges = all;
	c.n_edges = 3;
	for (int i = 0; i < 3000; i++) {
		(void)snprintf(seed, sizeof(seed), "%d", i);
		c.seed = seed;
		if (cohort_match(&c, got) != 0)
			abort();
		for (int m = 0; m < 3; m++)
			won[m] += got[m] == 0;
	}
	ok(won[0] + won[1] + won[2] == 3000 && won[0] > 900 && won[1] > 900 && won[2] > 900,
	    "who are alike win alike often over many rounds: %d, %d, %d", won[0], won[1], won[2]);
	for (long n = 0; n < 10 && r == -ENOMEM; n++) {
		faults_left = n;
		r = cohort_match(&c, got);
		faults_left = -1;
		ok(r == (n < 3 ? -ENOMEM : 0), "allocation %ld fails", n + 1);
	}
}

int
main(void)
{
	const char *seed = getenv("COHORT_SEED");

	if (sodium_init() < 0)
		return 1;
	faults_begin();
	dice = seed != NULL ? strtoull(seed, NULL, 10) : 20261121;
	printf("# COHORT_SEED=%llu\n", (unsigned long long)dice);
	test_random();
	test_best();
	test_edges();
	return done_testing();
}
