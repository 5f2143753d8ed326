/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Kills at random under load; see torture.h.
 *
 *   test_hs_torture			a short run and the proof of the oracle, as TAP
 *   test_hs_torture kills N [SEED]	N kills; one line {"kills", "lost", "twice", "undecryptable", "seed"}
 *   test_hs_torture prove [SEED]	the oracle: some commits are forgotten, and what is shown of each move is struck out or said twice:
 *					it must say so
 *
 * A run is made of worlds of at most WORLD kills, so that its memory does not grow.  World k
 * has the seed SEED + k and is told alone by "kills K SEED": a bad one says how.
 */
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "torture.h"
#include "tests/tap.h"

enum { WORLD = 250, JOBS = 2, SHORT = 60, ROUNDS_MAX = 40, PROOF = 120 };

const char	*__asan_default_options(void);
const char *
__asan_default_options(void)
{
	return "quarantine_size_mb=1";
}

enum way { LIVE, FORGET /* Some commits. */, SPOIL /* What nodes show. */ };

struct world_result {
	struct torture_toll toll;
	long	kills;
	pid_t	pid;
	bool	whole;		/* It came to its end. */
	int	tried, noticed;	/* Of the proof by what is shown. */
};

static void
tell(const struct torture *t, uint64_t seed, double seconds)
{
	printf("# seed %" PRIu64 ": %ld kills in %.1f s:", seed, torture_kills(t), seconds);
	for (size_t i = 0; i < HOST_KILLS; i++)
		if (t->killed[i] > 0)
			printf(" %s %ld,", host_kill_name[i], t->killed[i]);
	printf(" at other moments %ld, both at once %ld, parents %ld, days away %ld; bridges %ld; %zu referrals, %ld "
	    "of which not all was told, %zu messages, %zu matches, %ld publications, %ld claims, %ld requests troubled\n", t->moments, t->both, t->parents,
	    t->days, t->bridges, t->n_referrals, t->untold, t->n_words, t->n_matches, t->publishes, t->claims, t->troubles);
}

/* In a world of full size each kind of death and trouble comes. */
static void
all_came(struct torture *t)
{
	bool all = t->moments > 0 && t->both > 0 && t->parents > 0 && t->bridges > 0 && t->troubles > 0;

	for (size_t i = 0; i < HOST_KILLS; i++)
		all = all && (t->killed[i] > 0 || i == HOST_NEVER || (i == HOST_FORGOTTEN && !t->forget));
	if (!all)
		host_fail(&t->host, "not each kind of death and trouble came in %ld kills", torture_kills(t));
}

struct torture_toll
torture_live(uint64_t seed, long kills, bool forget, long *ret_kills)
{
	static struct torture t;
	struct torture_toll toll;
	struct timespec a, b;
	long day, rounds = 0;

	(void)clock_gettime(CLOCK_MONOTONIC, &a);
	torture_begin(&t, seed);
	t.forget = forget;
	day = torture_draw(&t, 2) == 0 ? kills / 3 + (long)torture_draw(&t, (size_t)kills / 3 + 1) : LONG_MAX;
	torture_trouble(&t, true);
	while (torture_kills(&t) < kills) {
		torture_disturb(&t);
		if (t.days == 0 && torture_kills(&t) >= day)
			torture_day(&t);
		if (++rounds > kills * ROUNDS_MAX)
			host_fail(&t.host, "nobody dies any more");
	}
	torture_trouble(&t, false);
	if (kills >= WORLD)
		all_came(&t);
	for (size_t i = SOURCE; i <= TARGET; i++)
		host_arm(&t.host, i, HOST_NEVER, 0);
	torture_finish(&t);
	toll = torture_judge(&t);
	*ret_kills = torture_kills(&t);
	(void)clock_gettime(CLOCK_MONOTONIC, &b);
	tell(&t, seed, (double)(b.tv_sec - a.tv_sec) + (double)(b.tv_nsec - a.tv_nsec) / 1e9);
	torture_end(&t);
	return toll;
}

static bool
is_bad(const struct world_result *w)
{
	return !w->whole || w->toll.lost + w->toll.twice + w->toll.undecryptable > 0;
}

/* In a process of its own, so that what it held is gone with it. */
static void
begin(struct world_result *w, uint64_t seed, long kills, enum way way)
{
	pid_t pid;

	*w = (struct world_result){ .whole = false };
	fflush(stdout);
	if ((pid = fork()) < 0) {
		printf("Bail out! %s\n", strerror(errno));
		exit(99);
	}
	if (pid != 0)
		w->pid = pid;	/* ${w} is shared memory. */
	else {
		if (way == SPOIL)
			torture_prove(seed, &w->tried, &w->noticed);
		else
			w->toll = torture_live(seed, kills, way == FORGET, &w->kills);
		w->whole = true;
		fflush(stdout);
		_exit(0);
	}
}

/* ${kills} in all, from ${seed} on. */
static struct world_result
run(uint64_t seed, long kills, enum way way, bool *ret_whole)
{
	long n = (kills + WORLD - 1) / WORLD, next = 0, running = 0;
	struct world_result *worlds = mmap(NULL, (size_t)n * sizeof(*worlds), PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0), sum = { .whole = true };

	if (worlds == MAP_FAILED)
		abort();
	while (next < n || running > 0) {
		pid_t pid;

		if (next < n && running < JOBS) {
			begin(&worlds[next], seed + (uint64_t)next, next + 1 < n ? WORLD : kills - next * WORLD,
			    way);
			next++;
			running++;
			continue;
		}
		pid = wait(NULL);
		for (long k = 0; k < next; k++)
			if (worlds[k].pid == pid) {
				running--;
				if (is_bad(&worlds[k]) && way == LIVE)
					printf("# bad; again: tools/torture kills %ld %" PRIu64 "\n",
					    k + 1 < n ? (long)WORLD : kills - k * WORLD, seed + (uint64_t)k);
			}
	}
	for (long k = 0; k < n; k++) {
		sum.kills += worlds[k].kills;
		sum.toll.lost += worlds[k].toll.lost;
		sum.toll.twice += worlds[k].toll.twice;
		sum.toll.undecryptable += worlds[k].toll.undecryptable;
		sum.whole &= worlds[k].whole;
		sum.tried += worlds[k].tried;
		sum.noticed += worlds[k].noticed;
	}
	(void)munmap(worlds, (size_t)n * sizeof(*worlds));
	*ret_whole = sum.whole;
	return sum;
}

/* Comments to standard error; the line, and nothing else, to standard output. */
static int
command(const char *what, const char *number, const char *seed_text)
{
	uint64_t seed = seed_text != NULL ? strtoull(seed_text, NULL, 10) : (uint64_t)time(NULL);
	bool forget = !strcmp(what, "prove"), whole;
	long kills = forget ? PROOF : strtol(number, NULL, 10);
	struct world_result sum, spoilt = { 0 };
	int out = dup(STDOUT_FILENO);

	if (kills <= 0 || out < 0 || dup2(STDERR_FILENO, STDOUT_FILENO) < 0)
		return 2;
	printf("# seed %" PRIu64 "\n", seed);
	if (forget)
		spoilt = run(seed, 1, SPOIL, &whole);
	sum = run(seed, kills, forget ? FORGET : LIVE, &whole);
	fflush(stdout);
	if (!whole && !forget)
		sum.toll.lost++;	/* A world broke off: what it would have shown is lost. */
	dprintf(out, "{\"kills\":%ld,\"lost\":%ld,\"twice\":%ld,\"undecryptable\":%ld,\"seed\":%" PRIu64 "}\n",
	    sum.kills, sum.toll.lost, sum.toll.twice, sum.toll.undecryptable, seed);
	if (forget)
		return whole && sum.toll.lost + sum.toll.twice + sum.toll.undecryptable > 0 && spoilt.tried > 1 &&
		    spoilt.noticed == spoilt.tried ? 0 : 1;
	return sum.kills >= kills && is_bad(&sum) == false ? 0 : 1;
}

static int
tap(void)
{
	const char *text = getenv("HS_SEED");
	uint64_t seed = text != NULL ? strtoull(text, NULL, 10) : 1;
	struct world_result sum, proof;
	bool whole;

	sum = run(seed, getenv("HS_LONG") != NULL ? 4 * WORLD : SHORT, LIVE, &whole);
	ok(whole && sum.kills >= SHORT, "%ld kills under load from seed %" PRIu64 ": to the end", sum.kills, seed);
	is_int(sum.toll.lost, 0, "nothing was lost");
	is_int(sum.toll.twice, 0, "nothing was done twice");
	is_int(sum.toll.undecryptable, 0, "nothing is undecryptable, and no ratchet position was used twice");
	proof = run(seed, PROOF, FORGET, &whole);
	ok(whole && proof.toll.lost + proof.toll.twice + proof.toll.undecryptable > 0,
	    "commits that are forgotten are noticed: lost %ld, twice %ld, undecryptable %ld", proof.toll.lost,
	    proof.toll.twice, proof.toll.undecryptable);
	proof = run(seed, 1, SPOIL, &whole);
	ok(whole && proof.tried > 1, "each move is struck out, and said twice, on either side");
	is_int(proof.noticed, proof.tried, "and the oracle notices each");
	return done_testing();
}

int
main(int argc, char **argv)
{
	if (argc == 1)
		return tap();
	if ((argc == 3 || argc == 4) && !strcmp(argv[1], "kills"))
		return command(argv[1], argv[2], argc == 4 ? argv[3] : NULL);
	if ((argc == 2 || argc == 3) && !strcmp(argv[1], "prove"))
		return command(argv[1], NULL, argc == 3 ? argv[2] : NULL);
	(void)fprintf(stderr, "usage: test_hs_torture [kills N [SEED] | prove [SEED]]\n");
	return 2;
}
