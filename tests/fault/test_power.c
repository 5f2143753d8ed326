/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The power fails at each sync of a referral, on either side, and of a setup: what was
 * not synced is gone, or there by chance, or half there.  The node starts again, its
 * database is whole, and the referral is delivered exactly once.
 *
 * The last tests prove the oracle: with a disk that lies about syncs the same must be noticed.
 *
 * HS_SEED chooses the run, FAULT_TURN its points (else other ones each day); FAULT_POINT, as printed for a
 * bad life, one life of it; HS_LONG=1: each sync in each way, and each write.
 */
#include <string.h>

#include "base/cleanup.h"
#include "lives.h"
#include "tests/tap.h"

static const char *const roles[] = { [SOURCE] = "source", [TARGET] = "target" };
static const char *const ways[DISK_MODES] = { [DISK_DROP] = "all that was not synced is gone",
    [DISK_SUBSET] = "some sectors are there", [DISK_TORN] = "sectors are torn" };

/* By default each in one way, by turns; at length in each way. */
static void
each_sync(struct host *h, const struct life *life, const char *who, size_t node)
{
	struct fault_plan plan = { .what = FAULT_POWER_SYNC, .node = node, .seed = h->seed };
	struct fault counted = lives_count(h, life, &plan);
	long step = lives_long() ? 1 : DISK_MODES;

	for (int mode = 0; mode < DISK_MODES; mode++) {
		struct tally t;

		plan.mode = (enum disk_mode)mode;
		plan.at = lives_long() ? 1 : 1 + (mode + lives_turn()) % DISK_MODES;
		plan.seed++;
		t = lives_each(h, life, &plan, counted.syncs, step, false);
		ok(t.lives > 0 && t.reached && t.bad == 0, "%s, power lost at %d of %ld syncs (%s): exactly once", who,
		    t.lives, counted.syncs, ways[mode]);
	}
}

/* Between two syncs: after a write. */
static void
each_write(struct host *h, const struct life *life, const char *who, size_t node)
{
	struct fault_plan plan = { .what = FAULT_POWER_WRITE, .node = node, .seed = h->seed + 7 };
	struct fault counted = lives_count(h, life, &plan);
	long step = lives_long() ? 1 : 1 + counted.writes / 12;

	for (int mode = DISK_SUBSET; mode < DISK_MODES; mode++) {
		struct tally t;

		plan.mode = (enum disk_mode)mode;
		plan.at = 1 + lives_turn() * mode % step;
		t = lives_each(h, life, &plan, counted.writes, step, false);
		ok(t.lives > 0 && t.reached && t.bad == 0, "%s, power lost after %d of %ld writes (%s): exactly once", who,
		    t.lives, counted.writes, ways[mode]);
	}
}

/* A disk, or a configuration, that does not sync: the same power failures must be noticed. */
static void
prove(struct host *h, const struct life *life, const char *who, size_t node, enum fault_lie lie)
{
	static const char *const lies[] = { [LIE_COMMIT] = "commits are not synced, as with synchronous=NORMAL",
	    [LIE_ALL] = "nothing is synced, as with synchronous=OFF", [LIE_NAMES] = "no directory is synced" };
	struct fault_plan plan = { .what = FAULT_POWER_SYNC, .node = node, .at = 4, .lie = lie };
	struct fault counted = lives_count(h, life, &plan);
	struct tally t = lives_each(h, life, &plan, counted.syncs, lie == LIE_COMMIT ? 3 : 8, true);

	ok(t.bad > 0, "%s, %s: noticed in %d of %d lives", who, lies[lie], t.bad, t.lives);
}

int
main(void)
{
	struct host h, fresh;

	lives_begin(&h, LIVES_CHECKPOINT);
	lives_asked(&h, &life_referral);
	for (size_t role = SOURCE; role <= TARGET; role++) {
		each_sync(&h, &life_referral, roles[role], role);
		each_write(&h, &life_referral, roles[role], role);
		prove(&h, &life_referral, roles[role], role, LIE_COMMIT);
		prove(&h, &life_referral, roles[role], role, LIE_ALL);
	}
	host_open(&fresh, h.seed);
	lives_asked(&fresh, &life_setup);
	each_sync(&fresh, &life_setup, "setup", 0);
	each_write(&fresh, &life_setup, "setup", 0);
	prove(&fresh, &life_setup, "setup", 0, LIE_NAMES);
	host_close(&fresh);
	host_close(&h);
	return done_testing();
}
