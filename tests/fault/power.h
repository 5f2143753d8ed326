/* SPDX-License-Identifier: Apache-2.0 */
/* power: what a life keeps when the power fails in it, for tests of one kind of life. */
#ifndef CAIRN_TEST_POWER_H
#define CAIRN_TEST_POWER_H

#include "lives.h"
#include "tests/tap.h"

/*
 * Power lost at ${most} of the writes or syncs (${words}) of the source, at each of them if lives_long(): one test for
 * each way that a disk can lose what it was given, of what ${holds} says.
 */
static void
power_each(struct host *h, const struct life *life, enum fault_what what, const char *words, long most, const char *holds)
{
	struct fault_plan plan = { .what = what, .node = SOURCE, .seed = h->seed };
	struct fault counted = lives_count(h, life, &plan);
	long n = what == FAULT_POWER_SYNC ? counted.syncs : counted.writes, step = lives_long() ? 1 : 1 + n / most;

	for (int mode = 0; mode < DISK_MODES; mode++) {
		struct tally t;

		plan.mode = (enum disk_mode)mode;
		plan.at = lives_long() ? 1 : 1 + mode * step / DISK_MODES;
		plan.seed++;
		t = lives_each(h, life, &plan, n, step, false);
		ok(t.lives > 0 && t.reached && t.bad == 0, "power lost at %d of %ld %s, way %d: %s", t.lives, n, words, mode, holds);
	}
}

#endif /* !CAIRN_TEST_POWER_H */
