/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A node is killed -9 at each of its commits while a referral goes from the first word to
 * closed: within the commit, before anything of it was sent, and after all of it was done but
 * before an answer came.  Started again, the referral is delivered exactly once.
 *
 * The last tests prove the oracle: a commit that was not durable must be noticed.  HS_POINT and so on: points.h.
 */
#include "points.h"
#include "story_refer.h"

static struct referral_story told;

static const char *
play(struct host *h)
{
	refer_begin(h, &told);
	return refer_all(h, &told) ? NULL : "the referral does not get through";
}

static const char *
judge(struct host *h)
{
	return refer_verdict(h, &told);
}

static const struct points_story referral = {
	.name = "referral", .role = { [SOURCE] = "source", [TARGET] = "target" }, .play = play, .judge = judge,
};

int
main(void)
{
	struct host h;

	story_begin(&h, points_seed(3));
	story_trust(&h);
	story_publish(&h);
	points_test(&h, &referral);
	points_prove(&h, &referral);
	host_close(&h);
	return points_done();
}
