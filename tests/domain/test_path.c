/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Two nodes that step on without waiting for each other come to the same referral, whatever the
 * channel between them does.  CAIRN_LONG=1 walks ten times as far; CAIRN_SEED=n another way.
 */
#include <stdlib.h>
#include <string.h>

#include "domain/when.h"
#include "tests/domain/paths.h"
#include "tests/tap.h"

static const char referral_id[] = "GR6ZEWN0TC4N5PZ1Y8P956JWD7";

static void
test_overtaken(void)
{
	autopath struct path *p = begun(REFERRAL_AT_SOURCE);
	struct path_step later;
	struct err err = { "" };
	size_t by;

	ok(add(p, "C", "B", REFERRAL_IN_WITHDRAW, REFERRAL_BY_SOURCE) == 0 && path_state(p)->state == REFERRAL_ENDED,
	    "withdrawn");
	ok(add(p, "D", "B", REFERRAL_IN_ACCEPT, REFERRAL_BY_TARGET) == 0 && path_state(p)->state == REFERRAL_ACCEPTED,
	    "the acceptance that was on its way overtakes it");
	ok(path_standing(p, 2, &by) == PATH_OVERTAKEN && by == 3, "which is known of the loser");
	ok(path_standing(p, 3, NULL) == PATH_COUNTS && path_standing(p, 0, NULL) == PATH_COUNTS, "the others count");
	is_int(add(p, "E", "C", REFERRAL_IN_REOPEN, REFERRAL_BY_SOURCE), E_REFUSED, "a reopening begins another leg");
	later = made("E", "C", REFERRAL_IN_ACCEPT, REFERRAL_BY_TARGET);
	later.move.leg = 2;
	ok(path_add(p, &later, &err) == E_REFUSED && strstr(err.text, "the referral is in leg 1") != NULL, "and nothing else does: %s", err.text);
	ok(path_next(p, PATH_NONE) == 0 && path_next(p, 0) == 1 && path_next(p, 1) == 3 && path_next(p, 3) == PATH_NONE, "the way from step to step");
	ok(path_before(p, 0)->state == REFERRAL_DRAFT && path_before(p, 1)->state == REFERRAL_SENT, "the first step is made on a draft");
	ok(add(p, "F", "B", REFERRAL_IN_WITHDRAW, REFERRAL_BY_MEMBER) == 0 && path_state(p)->state == REFERRAL_ENDED &&
	    path_standing(p, 3, &by) == PATH_OVERTAKEN && by == 4, "the member's leaving overtakes the acceptance");
	is_int(add(p, "F", "B", REFERRAL_IN_WITHDRAW, REFERRAL_BY_MEMBER), E_EXISTS, "told twice, done once");
	ok(path_before(p, 4)->state == REFERRAL_RECEIVED && path_after(p, 4)->end == REFERRAL_END_WITHDRAWN &&
	    path_effects(p, 4) & REFERRAL_STOP_DISCLOSURE, "what it did");
	is_int((long long)path_find(p, "ZZZZZZZZZZZZZZZZZZZZZZZZZZ"), (long long)PATH_NONE, "an unknown step");
}

static void
test_waiting(void)
{
	autopath struct path *p = path_new(REFERRAL_AT_TARGET);
	char id[8];
	unsigned kept = 0;

	ok(path_state(p)->state == REFERRAL_DRAFT && path_tip(p) == PATH_NONE && path_next(p, PATH_NONE) == PATH_NONE,
	    "no step yet");
	is_int(add(p, "D", "C", REFERRAL_IN_CONTACT, REFERRAL_BY_TARGET), E_LATER, "the step before has not come");
	is_int(add(p, "E", "D", REFERRAL_IN_ENGAGE, REFERRAL_BY_TARGET), E_LATER, "nor for the next");
	is_int(add(p, "C", "B", REFERRAL_IN_ACCEPT, REFERRAL_BY_TARGET), E_LATER, "nor here");
	is_int(add(p, "G", "B", REFERRAL_IN_CLOSE, REFERRAL_BY_TARGET), E_LATER, "nor for one that is not possible");
	ok(path_standing(p, 0, NULL) == PATH_WAITS && path_tip(p) == PATH_NONE, "they wait");
	ok(add(p, "A", "", REFERRAL_IN_SEND, REFERRAL_BY_SOURCE) == 0 &&
	    add(p, "B", "A", REFERRAL_IN_RECEIVE, REFERRAL_BY_TARGET) == 0, "the first two come last");
	ok(tip_is(p, "C") && path_state(p)->state == REFERRAL_ACCEPTED, "what waited is done, as far as it is possible");
	ok(path_standing(p, 0, NULL) == PATH_VOID && path_standing(p, 3, NULL) == PATH_VOID &&
	    path_standing(p, 1, NULL) == PATH_WAITS, "what is not, never counts");
	is_int(add(p, "H", "D", REFERRAL_IN_ENGAGE, REFERRAL_BY_TARGET), E_REFUSED, "nor what is made on it");
	for (int i = 0; i < 40; i++) {
		(void)snprintf(id, sizeof(id), "X%d", i);
		kept += add(p, id, "W", REFERRAL_IN_ENGAGE, REFERRAL_BY_TARGET) == E_LATER;
	}
	is_int(kept, PATH_WAITING - 1, "so many wait, and no more");
	path_free(NULL);
	is_int(add(p, "Y", "W", REFERRAL_IN_ENGAGE, REFERRAL_BY_TARGET), E_NOTFOUND, "the others may come again");
	ok(path_size(p) < 30, "nor are they kept");
}

static void
test_long(void)
{
	autopath struct path *p = begun(REFERRAL_AT_SOURCE);
	char id[16], prev[16] = "B";
	int n = 2;

	for (int i = 0; i < 400; i++) {
		(void)snprintf(id, sizeof(id), "I%d", i);
		if (add(p, id, prev, i % 2 ? REFERRAL_IN_GIVE_INFO : REFERRAL_IN_ASK_INFO,
		    i % 2 ? REFERRAL_BY_SOURCE : REFERRAL_BY_TARGET) != 0)
			break;
		(void)snprintf(prev, sizeof(prev), "%s", id);
		n++;
	}
	is_int(n, PATH_DEPTH - 8, "a referral has so many steps");
	is_int(add(p, "Z", prev, REFERRAL_IN_WITHDRAW, REFERRAL_BY_MEMBER), 0, "and can still be left");
}

/* As many steps of ${actor} on one as there is place for. */
static int
fill(struct path *p, char letter, enum referral_input input, enum referral_actor actor)
{
	char id[16];
	int n = 0;

	for (int i = 0; i < 1000; i++) {
		(void)snprintf(id, sizeof(id), "%c%d", letter, i);
		n += add(p, id, "B", input, actor) == 0;
	}
	return n;
}

static void
test_full(void)
{
	autopath struct path *p = begun(REFERRAL_AT_SOURCE);
	struct path_step expire;
	size_t before;

	is_int(fill(p, 'T', REFERRAL_IN_DECLINE, REFERRAL_BY_TARGET), PATH_SAID, "the target has so many steps, and no more");
	is_int(fill(p, 'S', REFERRAL_IN_WITHDRAW, REFERRAL_BY_SOURCE), PATH_SAID - 1, "which takes no place of the source");
	is_int(add(p, "R", "B", REFERRAL_IN_REVOKE, REFERRAL_BY_MEMBER), 0, "nor has a revocation any less");
	ok(tip_is(p, "R"), "which counts");
	is_int(fill(p, 'M', REFERRAL_IN_WITHDRAW, REFERRAL_BY_MEMBER), PATH_LEFT - 1, "nor a member who leaves");
	is_int(add(p, "Z", "B", REFERRAL_IN_WITHDRAW, REFERRAL_BY_MEMBER), E_REFUSED, "but nobody fills the store with that");
	path_derive(referral_id, path_at(p, 1)->id, path_after(p, 1), REFERRAL_IN_EXPIRE, &expire);
	before = path_size(p);
	ok(path_add(p, &expire, NULL) == 0 && path_size(p) == before + 1, "a clock always finds place");
}

/* What a partner says a second time, in the place of its first. */
static void
test_second(void)
{
	autopath struct path *p = begun(REFERRAL_AT_SOURCE), *q = begun(REFERRAL_AT_SOURCE);

	ok(add(p, "M", "B", REFERRAL_IN_ACCEPT, REFERRAL_BY_TARGET) == 0 && add(p, "L", "B", REFERRAL_IN_WAITLIST, REFERRAL_BY_TARGET) == 0 &&
	    tip_is(p, "L"), "of two words of one side the lower id counts");
	ok(add(p, "N", "L", REFERRAL_IN_WITHDRAW, REFERRAL_BY_SOURCE) == 0 && add(p, "A1", "B", REFERRAL_IN_ACCEPT, REFERRAL_BY_TARGET) == 0 &&
	    tip_is(p, "N"), "not once the other side has built on one");
	ok(add(p, "A2", "A1", REFERRAL_IN_DECLINE, REFERRAL_BY_TARGET) == 0 && tip_is(p, "N"), "however much it says of the other itself");
	ok(add(p, "Q", "B", REFERRAL_IN_WITHDRAW, REFERRAL_BY_MEMBER) == 0 && tip_is(p, "Q"), "a member leaves all the same");
	/* The member left on a step of the source that the target says it has not had. */
	ok(add(q, "C", "B", REFERRAL_IN_ACCEPT, REFERRAL_BY_TARGET) == 0 && add(q, "D", "C", REFERRAL_IN_CONSENT, REFERRAL_BY_MEMBER) == 0 &&
	    add(q, "E", "D", REFERRAL_IN_WITHDRAW, REFERRAL_BY_MEMBER) == 0 && add(q, "A1", "C", REFERRAL_IN_WAITLIST, REFERRAL_BY_TARGET) == 0 &&
	    tip_is(q, "E"), "a member who has left stays away, whatever the target was doing");
	ok(add(q, "F", "C", REFERRAL_IN_REVOKE, REFERRAL_BY_MEMBER) == 0 && tip_is(q, "E"), "leaving comes before a revocation");
}

static void
test_leavings_wait(void)
{
	autopath struct path *p = begun(REFERRAL_AT_TARGET);
	char id[8];

	for (int i = 0; i < PATH_WAITING; i++) {
		(void)snprintf(id, sizeof(id), "X%d", i);
		if (add(p, id, "W", REFERRAL_IN_GIVE_INFO, REFERRAL_BY_SOURCE) != E_LATER)
			abort();
	}
	is_int(add(p, "Y", "W", REFERRAL_IN_GIVE_INFO, REFERRAL_BY_SOURCE), E_NOTFOUND, "no more can wait");
	is_int(add(p, "V", "W", REFERRAL_IN_REVOKE, REFERRAL_BY_MEMBER), E_LATER, "but a revocation can");
	ok(add(p, "W", "B", REFERRAL_IN_ACCEPT, REFERRAL_BY_TARGET) == 0 && tip_is(p, "V"), "and counts when the step before it comes");
}

static void
test_derived(void)
{
	autopath struct path *a = begun(REFERRAL_AT_SOURCE), *b = begun(REFERRAL_AT_TARGET);
	struct path_step one, two, forged;
	const char *tip = path_at(a, path_tip(a))->id;

	path_derive(referral_id, tip, path_state(a), REFERRAL_IN_EXPIRE, &one);
	path_derive(referral_id, tip, path_state(b), REFERRAL_IN_EXPIRE, &two);
	ok(!strcmp(one.id, two.id) && one.move.at == two.move.at, "both clocks make the same step");
	path_derive(referral_id, tip, path_state(b), REFERRAL_IN_RECEIVE, &forged);
	ok(id_is_step(one.id) && id_is_step(forged.id) && !id_is_own(one.id) && !id_is_own(forged.id) && strcmp(forged.id, one.id) != 0,
	    "of an id that no content has");
	forged = made("Q", "W", REFERRAL_IN_ACCEPT, REFERRAL_BY_TARGET);
	(void)snprintf(forged.id, sizeof(forged.id), "%s", one.id);
	is_int(path_add(a, &forged, NULL), E_REFUSED, "a content that has it all the same does not take its place");
	path_derive("FTND3CAYBEY7WEJWD0Y6QB7KDQ", tip, path_state(a), REFERRAL_IN_EXPIRE, &two);
	ok(strcmp(one.id, two.id) != 0, "of each referral its own");
	ok(path_add(a, &one, NULL) == 0 && path_state(a)->end == REFERRAL_END_EXPIRED, "it expires");
	ok(add(a, "Q", "B", REFERRAL_IN_ACCEPT, REFERRAL_BY_TARGET) == 0 && path_state(a)->state == REFERRAL_ACCEPTED,
	    "unless somebody had stepped on");
	/* Said on the end of a clock of a step that has not come. */
	forged = made("R", "W", REFERRAL_IN_MISTAKE, REFERRAL_BY_SOURCE);
	(void)snprintf(forged.prev, sizeof(forged.prev), "%s", one.id);
	is_int(path_add(b, &forged, NULL), E_LATER, "what was made on the end of a clock waits for it");
	is_int(path_wanted(b, referral_id, NULL, one.move.at - 1, &two), E_NOTFOUND, "before its time");
	ok(path_wanted(b, referral_id, NULL, one.move.at, &two) == 0 && !strcmp(two.id, one.id) &&
	    path_wanted(b, referral_id, one.id, one.move.at, &two) == 0, "then this side makes it, too");
	is_int(path_wanted(b, referral_id, "UAAAAAAAAAAAAAAAAAAAAAAAAA", one.move.at, &two), E_NOTFOUND, "but nothing that nobody derives");
	ok(path_add(b, &one, NULL) == 0 && path_wanted(b, referral_id, NULL, one.move.at, &two) == E_NOTFOUND, "once");
}

/*
 * The walk.
 */

enum { WIRE = 64, STEPS_A_REFERRAL = 40 };

struct wire {
	struct path_step	step[WIRE];
	int64_t			due[WIRE];
	size_t			n;
};

struct walk {
	unsigned	seed;
	struct path	*node[2];
	struct wire	to[2];		/* On their way to that node. */
	int64_t		now;
	struct { enum referral_input input; enum referral_actor actor; } can[2][REFERRAL_NSTATES][24];
	unsigned	n_can[2][REFERRAL_NSTATES];	/* What each side may do in a state, if all conditions hold. */
	bool		lying;		/* The target steps on what it pleases, and makes up ids. */
	char		pin[ID_LEN + 1];	/* By then the source has built on it, or its member has left by it. */
	long		again, steps, referrals, overtaken, waited, lost, doubled, legs, lies, unpinned, wrong;
};

static unsigned
roll(struct walk *w, unsigned n)
{
	return (unsigned)rand_r(&w->seed) % n;
}

static void
fresh_id(struct walk *w, char id[ID_LEN + 1])
{
	uint8_t raw[ID_LEN];

	for (size_t i = 0; i < ID_LEN; i++)
		raw[i] = (uint8_t)(roll(w, 1 << 20) >> 5);
	id_of_bytes(raw, id);
}

/* Delayed, and so reordered; lost, which only means later; sometimes twice. */
static void
say(struct walk *w, size_t to, const struct path_step *step)
{
	struct wire *wire = &w->to[to];
	bool twice = roll(w, 8) == 0;

	for (int i = 0; i <= twice && wire->n < WIRE; i++) {
		bool lost = roll(w, 6) == 0;

		w->lost += lost;
		wire->due[wire->n] = w->now + roll(w, lost ? 20 * 24 : 12) * WHEN_HOUR;
		wire->step[wire->n++] = *step;
	}
	w->doubled += twice;
}

/* A node makes what another must have derived. */
static void
derive(struct walk *w, size_t i, const char *prev)
{
	struct path_step step;

	while (path_wanted(w->node[i], referral_id, prev, w->now, &step) == 0)
		if (path_add(w->node[i], &step, NULL) != 0) {
			w->wrong++;
			break;
		}
}

static void
hear(struct walk *w, size_t i, bool all)
{
	struct wire *wire = &w->to[i];

	for (size_t k = 0; k < wire->n;) {
		int r;

		if (!all && wire->due[k] > w->now) {
			k++;
			continue;
		}
		derive(w, i, wire->step[k].prev);
		r = path_add(w->node[i], &wire->step[k], NULL);
		derive(w, i, NULL);
		w->unpinned += i == 0 && *w->pin != '\0' && path_standing(w->node[0], path_find(w->node[0], w->pin), NULL) != PATH_COUNTS;
		w->waited += r == E_LATER;
		w->wrong += r != 0 && r != E_LATER && r != E_EXISTS && r != E_NOTFOUND;
		if (r == E_NOTFOUND) {	/* It is not acknowledged, so it is said again. */
			wire->due[k++] = w->now + 6 * WHEN_HOUR;
			w->again++;
			continue;
		}
		wire->step[k] = wire->step[--wire->n];
		wire->due[k] = wire->due[wire->n];
	}
}

/* What both nodes make by themselves. */
static void
tick(struct walk *w, size_t i)
{
	struct path *p = w->node[i];
	const struct referral *r = path_state(p);
	size_t tip = path_tip(p);
	struct path_step step;

	if (tip == PATH_NONE)
		return;
	if (r->state == REFERRAL_SENT && i == 1)
		path_derive(referral_id, path_at(p, tip)->id, r, REFERRAL_IN_RECEIVE, &step);
	else if (referral_expire_at(r) <= w->now)
		path_derive(referral_id, path_at(p, tip)->id, r, REFERRAL_IN_EXPIRE, &step);
	else
		return;
	w->wrong += path_add(p, &step, NULL) != 0;
	w->steps++;
	if (step.move.input == REFERRAL_IN_RECEIVE)
		say(w, 0, &step);	/* The acknowledgement. */
}

/* The source has stepped on its tip: what counts now of the target stays, but for a member's leaving; and that stays. */
static void
pin(struct walk *w)
{
	const struct path *p = w->node[0];

	for (size_t i = path_next(p, PATH_NONE), last = path_tip(p); i != PATH_NONE; i = path_next(p, i)) {
		const struct path_step *s = path_at(p, i);
		bool left = s->move.actor == REFERRAL_BY_MEMBER && (s->move.input == REFERRAL_IN_WITHDRAW || s->move.input == REFERRAL_IN_CLOSE ||
		    s->move.input == REFERRAL_IN_REVOKE);

		if (left || (i != last && s->move.actor == REFERRAL_BY_TARGET && s->move.input != REFERRAL_IN_RECEIVE))
			memcpy(w->pin, s->id, sizeof(w->pin));
	}
}

/* An id that is not its own to give, on any step: it must not take the place of what both sides derive. */
static void
forge(struct walk *w, const char *prev)
{
	const struct path *p = w->node[0];
	struct path_step step;

	if (path_tip(p) == PATH_NONE)
		return;
	path_derive(referral_id, path_at(p, path_tip(p))->id, path_state(p), REFERRAL_IN_EXPIRE, &step);
	step.move.input = REFERRAL_IN_ACCEPT;
	step.move.actor = REFERRAL_BY_TARGET;
	step.by = REFERRAL_AT_TARGET;
	(void)snprintf(step.prev, sizeof(step.prev), "%s", prev);
	if (path_find(p, step.id) == PATH_NONE)
		w->wrong += path_add(w->node[0], &step, NULL) != E_REFUSED;
}

/* One that is possible on the node's own tip, or, by a liar, on any step; by somebody of its side. */
static void
act(struct walk *w, size_t i)
{
	struct path *p = w->node[i];
	size_t tip = path_tip(p), any = path_size(p) > 0 ? roll(w, (unsigned)path_size(p)) : PATH_NONE;
	bool lie = w->lying && i == 1 && any != PATH_NONE && roll(w, 2) == 0 && path_standing(p, any, NULL) <= PATH_OVERTAKEN;
	const struct referral now = lie ? *path_after(p, any) : *path_state(p), *r = &now;
	struct path_step step = { .by = (enum referral_side)i, .move = { .at = w->now + roll(w, 600) * WHEN_MINUTE, .channel = roll(w, REFERRAL_NCHANNELS) } };

	for (int tries = 0; tries < 6 && w->n_can[i][r->state] > 0; tries++) {
		unsigned pick = roll(w, w->n_can[i][r->state]), fx;
		struct referral next;

		step.move.input = w->can[i][r->state][pick].input;
		step.move.actor = w->can[i][r->state][pick].actor;
		step.move.supervised = roll(w, 2);
		step.move.leg = r->leg + (step.move.input == REFERRAL_IN_REOPEN);
		if (referral_step(r, &step.move, &next, &fx) != 0)
			continue;
		if (next.state >= REFERRAL_FORWARDED && roll(w, 4) != 0)
			continue;
		fresh_id(w, step.id);
		if (lie) {
			memset(step.id, '0', 4);	/* Before all others. */
			tip = any;
			w->lies++;
			forge(w, path_at(p, any)->id);
		}
		(void)snprintf(step.prev, sizeof(step.prev), "%s", tip != PATH_NONE ? path_at(p, tip)->id : "");
		w->wrong += path_add(p, &step, NULL) != 0;
		w->steps++;
		if (i == 0)
			pin(w);
		if (step.move.input == REFERRAL_IN_SEND)
			step.prev[0] = '\0';	/* The target's first. */
		if (next.began > 0)
			say(w, !i, &step);
		return;
	}
}

static bool
same(const struct referral *a, const struct referral *b)
{
	struct referral c = *b;

	c.side = a->side;
	return c.state == a->state && c.end == a->end && c.last_input == a->last_input && c.last_actor == a->last_actor &&
	    c.consented == a->consented && c.disclosed == a->disclosed && c.cancelling == a->cancelling &&
	    c.attempts == a->attempts && c.channels == a->channels && c.leg == a->leg && c.began == a->began &&
	    c.since == a->since && c.meets_at == a->meets_at;
}

/* All is said and heard and no clock runs behind: do they agree?  A permutation of the same steps must, too. */
static void
settle(struct walk *w)
{
	struct path *p = w->node[0];
	autopath struct path *shuffled = path_new(REFERRAL_AT_TARGET);
	size_t n;

	for (int round = 0; round < 4 || w->to[0].n + w->to[1].n > 0; round++)
		for (size_t i = 0; i < 2; i++) {
			hear(w, i, true);
			tick(w, i);
		}
	if (path_size(w->node[1]) == 0)
		return;		/* Never sent. */
	w->wrong += !same(path_state(p), path_state(w->node[1])) ||
	    strcmp(path_at(p, path_tip(p))->id, path_at(w->node[1], path_tip(w->node[1]))->id) != 0;
	w->legs += path_state(p)->leg > 1;
	n = path_size(w->node[1]);
	for (size_t i = 0; i < path_size(p); i++)
		w->overtaken += path_standing(p, i, NULL) == PATH_OVERTAKEN;
	if (n <= PATH_WAITING) {	/* So many may wait at once. */
		for (size_t k = 0, from = roll(w, (unsigned)n); k < n; k++)
			(void)!path_add(shuffled, path_at(w->node[1], (from + n - k) % n), NULL);
		w->wrong += !same(path_state(shuffled), path_state(p));
	}
}

static void
walk_one(struct walk *w)
{
	w->node[0] = path_new(REFERRAL_AT_SOURCE);
	w->node[1] = path_new(REFERRAL_AT_TARGET);
	*w->pin = '\0';
	for (size_t i = 0; i < 2; i++)
		w->to[i].n = 0;
	for (int k = 0; k < STEPS_A_REFERRAL; k++) {
		size_t i = roll(w, 2);

		w->now += roll(w, 30) == 0 ? roll(w, 20) * WHEN_DAY : roll(w, 10) * WHEN_HOUR;
		hear(w, 0, false);
		hear(w, 1, false);
		tick(w, 0);
		tick(w, 1);
		if (i == 0 || path_tip(w->node[1]) != PATH_NONE)
			act(w, i);
	}
	settle(w);
	w->referrals++;
	path_free(w->node[0]);
	path_free(w->node[1]);
}

static void
learn(struct walk *w)
{
	for (enum referral_state s = 0; s < REFERRAL_NSTATES; s++)
		for (unsigned i = 0; i < REFERRAL_NINPUTS; i++)
			for (unsigned a = 0; a < REFERRAL_BY_WARDEN; a++) {
				const struct referral_move move = { .input = i, .actor = a };
				const size_t side = a == REFERRAL_BY_TARGET;

				for (unsigned cancelling = 0; cancelling < 2; cancelling++) {
					struct referral r = { .state = s, .consented = true, .attempts = 3, .channels = 3,
					    .leg = 1, .cancelling = cancelling, .last_input = REFERRAL_NINPUTS };
					unsigned fx, *n = &w->n_can[side][s];

					if (i == REFERRAL_IN_RECEIVE || referral_step(&r, &move, &r, &fx) != 0)
						continue;
					w->can[side][s][*n].input = i;
					w->can[side][s][(*n)++].actor = a;
					break;
				}
			}
}

static void
test_walk(bool lying)
{
	const char *seed = getenv("CAIRN_SEED");
	struct walk w = { .seed = seed != NULL ? (unsigned)atoi(seed) : 20261121, .now = WHEN_DAY, .lying = lying };
	long goal = (getenv("CAIRN_LONG") != NULL ? 10000000 : 1000000) / (lying ? 4 : 1), wrong = 0;

	printf("# seed %u (CAIRN_SEED)\n", w.seed);
	learn(&w);
	while (w.steps < goal) {
		unsigned before = w.seed;

		walk_one(&w);
		if (w.wrong > wrong && wrong == 0)
			printf("# first wrong with seed %u, referral %ld\n", before, w.referrals);
		wrong = w.wrong;
	}
	printf("# %ld steps, %ld referrals, %ld overtaken, %ld came before the one they were made on, %ld late, "
	    "%ld twice, %ld said again for want of a place, %ld reopened, %ld lies\n", w.steps, w.referrals, w.overtaken, w.waited,
	    w.lost, w.doubled, w.again, w.legs, w.lies);
	is_int(w.wrong, 0, "two nodes always come to the same referral%s", lying ? ", also if one of them lies" : "");
	is_int(w.unpinned, 0, "and what was built on, or left by, stays");
	if (lying) {
		ok(w.lies > goal / 20, "of so many lies");
		return;
	}
	ok(w.overtaken > goal / 100 && w.waited > goal / 100 && w.lost > goal / 100 && w.doubled > goal / 100 && w.legs > 100 && w.again > 0,
	    "and the channel did what it could");
}

int
main(void)
{
	test_overtaken();
	test_waiting();
	test_long();
	test_full();
	test_second();
	test_leavings_wait();
	test_derived();
	test_walk(false);
	test_walk(true);
	return done_testing();
}
