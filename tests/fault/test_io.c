/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The n-th call that a node makes to its files fails, once or from then on until it is
 * started again: no space, or an I/O error.  The node undoes that input and goes on, or
 * stops with a word about the file and resumes; the referral is delivered exactly once.
 *
 * The gate: Linux forgets what a failed fsync should have written.  After it the
 * node is started again, and then the power fails: nothing that was acknowledged may be lost.
 *
 * HS_SEED chooses the run, FAULT_TURN its points (else other ones each day); FAULT_POINT, as printed for a
 * bad life, one life of it; HS_LONG=1: some two hundred of each kind; FAULT_EACH=1: each n.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "lives.h"
#include "tests/tap.h"

enum { FEW = 11 /* Lives of a kind by default. */, MANY = 200 };

static void
each_call(struct host *h, const struct life *life, const char *who, size_t node)
{
	static const struct { int error; bool persistent, stays; const char *words; } kinds[] = {
		{ EIO, false, false, "an I/O error once" },
		{ EIO, true, false, "I/O errors until it is started again" },
		{ ENOSPC, false, false, "no space once" },
		{ ENOSPC, true, true, "no space, not even when it is started again" },
	};

	for (size_t k = 0; k < nelem(kinds); k++) {
		struct fault_plan plan = { .what = FAULT_IO, .node = node, .error = kinds[k].error };
		struct fault counted;
		struct tally t;
		long step;

		counted = lives_count(h, life, &plan);
		step = getenv("FAULT_EACH") != NULL ? 1 : 1 + counted.calls / (lives_long() ? MANY : FEW);
		plan.persistent = kinds[k].persistent;
		plan.stays = kinds[k].stays;
		plan.at = 1 + (lives_turn() + (long)k * 37) % step;
		t = lives_each(h, life, &plan, counted.calls, step, false);
		ok(t.lives > 0 && t.reached && t.bad == 0, "%s, %s, at %d of %ld calls: stopped %d times, exactly once", who,
		    kinds[k].words, t.lives, counted.calls, t.stopped);
	}
}

static void
each_gate(struct host *h, const struct life *life, const char *who, size_t node)
{
	struct fault_plan plan = { .what = FAULT_GATE, .node = node, .error = EIO };
	struct fault counted = lives_count(h, life, &plan);
	long step = lives_long() ? 1 : 3;
	struct tally t;

	plan.at = 1 + lives_turn() % step;
	t = lives_each(h, life, &plan, counted.syncs, step, false);
	ok(t.lives > 0 && t.reached && t.bad == 0,
	    "%s, a failed fsync of %ld, started again, then power lost: exactly once in %d lives", who, counted.syncs, t.lives);
}

int
main(void)
{
	struct host h, fresh;

	lives_begin(&h, LIVES_CHECKPOINT);
	lives_asked(&h, &life_referral);
	each_call(&h, &life_referral, "source", SOURCE);
	each_call(&h, &life_referral, "target", TARGET);
	each_gate(&h, &life_referral, "source", SOURCE);
	each_gate(&h, &life_referral, "target", TARGET);
	host_open(&fresh, h.seed);
	lives_asked(&fresh, &life_setup);
	each_call(&fresh, &life_setup, "setup", 0);
	each_gate(&fresh, &life_setup, "setup", 0);
	host_close(&fresh);
	host_close(&h);
	return done_testing();
}
