/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The n-th allocation of a node fails, whoever makes it (memory.c says who is covered), once, or
 * all from then on until it is started again.  It undoes that input and refuses or tries
 * again, or stops and resumes: no crash, no leak, and the referral is delivered exactly once.
 *
 * HS_SEED chooses the run, FAULT_TURN its points (else other ones each day); FAULT_POINT, as printed for a
 * bad life, one life of it; HS_LONG=1: three hundred of each kind; FAULT_EACH=1: each n.
 */
#include <errno.h>
#include <stdlib.h>

#include "lives.h"
#include "tests/tap.h"

enum { FEW = 17, MANY = 300 };

static void
each_allocation(struct host *h, const struct life *life, const char *who, size_t node)
{
	static const char *const words[] = { "an allocation fails", "all fail until it is started again" };
	struct fault_plan plan = { .what = FAULT_MEMORY, .node = node, .error = ENOMEM };
	struct fault counted = lives_count(h, life, &plan);

	for (int lasting = 0; lasting <= 1; lasting++) {
		long step = getenv("FAULT_EACH") != NULL ? 1 : 1 + counted.allocations / (lives_long() ? MANY : FEW >> lasting);
		struct tally t;

		plan.persistent = lasting;
		plan.at = 1 + (lives_turn() * 7919 + lasting * 104729L) % step;
		t = lives_each(h, life, &plan, counted.allocations, step, false);
		ok(t.lives > 0 && t.reached && t.bad == 0, "%s, %s, at %d of %ld: stopped %d times, exactly once", who,
		    words[lasting], t.lives, counted.allocations, t.stopped);
	}
}

int
main(void)
{
	struct host h, fresh;

	lives_begin(&h, LIVES_CHECKPOINT);
	lives_asked(&h, &life_referral);
	each_allocation(&h, &life_referral, "source", SOURCE);
	each_allocation(&h, &life_referral, "target", TARGET);
	host_open(&fresh, h.seed);
	lives_asked(&fresh, &life_setup);
	each_allocation(&fresh, &life_setup, "setup", 0);
	host_close(&fresh);
	host_close(&h);
	return done_testing();
}
