/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is to be forgotten, and what was: an older file of keys put back.
 */
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/canon.h"
#include "story_refer.h"
#include "tests/tap.h"

#define DAY	(24 * 3600 * 1000LL)

static void
path_of(const struct host *h, size_t i, const char *suffix, char out[PATH_MAX])
{
	if (snprintf(out, PATH_MAX, "%s/%s%s", h->dir, h->node[i].name, suffix) >= PATH_MAX)
		abort();
}

static void
copy_file(struct host *h, size_t i, const char *from, const char *to)
{
	char a[PATH_MAX], b[PATH_MAX], command[2 * PATH_MAX + 16];

	path_of(h, i, from, a);
	path_of(h, i, to, b);
	(void)snprintf(command, sizeof(command), "cp '%s' '%s'", a, b);
	if (system(command) != 0)
		host_fail(h, "%s cannot be copied", from);
}

/* A referral as far as ${last}. */
static void
begin(struct host *h, struct referral_story *s, enum story_step last)
{
	refer_begin(h, s);
	for (enum story_step step = STORY_REFER; step <= last; step++)
		if (!refer_step(h, s, step))
			host_fail(h, "the referral does not get that far");
}

static void
with_keys(struct host *h, const char *from)
{
	host_stop(h, TARGET);
	copy_file(h, TARGET, from, "/keys.db");
	host_start(h, TARGET);
	host_run(h, 60000);
}

/* Of two referrals one is younger than the file of keys that was put back. */
static void
test_older_keys(void)
{
	struct host h;
	struct referral_story kept, lost;
	autojson json_t *erased = NULL;

	story_begin(&h, 71);
	story_trust(&h);
	story_publish(&h);
	begin(&h, &kept, STORY_ACCEPT);
	copy_file(&h, TARGET, "/keys.db", ".older");
	begin(&h, &lost, STORY_REFER);
	host_stop(&h, TARGET);
	copy_file(&h, TARGET, "/keys.db", ".newest");
	host_start(&h, TARGET);
	with_keys(&h, ".older");
	*h.now += 4 * DAY;
	host_run(&h, 60000);
	ok(story_ill(&h, TARGET, "keys of members", lost.id) && !story_ill(&h, TARGET, "keys of members", kept.id),
	    "the doctor names the referral that cannot be read, when its clock has struck too");
	ok(refer_step(&h, &kept, STORY_CONSENT) && refer_step(&h, &kept, STORY_CONTACT), "and the other goes on");
	with_keys(&h, ".newest");
	ok(refer_step(&h, &lost, STORY_ACCEPT), "with the newest keys it goes on as if nothing had happened");
	with_keys(&h, ".older");
	erased = host_ok(&h, TARGET, "erase", json_pack("{s:s, s:s}", "id", lost.id, "confirm", lost.id));
	host_run(&h, 60000);
	ok(json_array_size(json_arr(erased, "asks")) == 1 && story_well(&h, TARGET, "keys of members"), "else it is erased by its id, and named no more");
	host_close(&h);
}

int
main(void)
{
	test_older_keys();
	return done_testing();
}
