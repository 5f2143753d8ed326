/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The power fails at each sync and write while somebody is forgotten.  The node starts again and it comes to its end: nothing
 * of them can be read in its files, the database is whole, and what is others' goes on.
 *
 * The last test proves the oracle: with a disk that lies about syncs the same must be noticed.
 * HS_SEED, FAULT_POINT and HS_LONG as in test_power.c.
 */
#include <string.h>

#include "base/canon.h"
#include "base/cleanup.h"
#include "power.h"
#include "tests/hs/search.h"

#define CANARY	"talk to in the evenings"	/* refer_fill: of the disclosure. */

enum { ASK_MOST = 6, ERASE_MS = 60 * 1000 };

static struct referral_story gone;

/* "erased", or how far it is; "": nobody wanted it. */
static void
state_of(struct host *h, char out[32])
{
	autojson json_t *items = story_list(h, SOURCE, "erasures");
	const json_t *item;
	char what[64];
	size_t i;

	*out = '\0';
	(void)snprintf(what, sizeof(what), "referral:%s", gone.id);
	json_array_foreach(items, i, item)
		if (!strcmp(json_str(item, "what"), what) && json_object_get(item, "org") == NULL)
			(void)snprintf(out, 32, "%s", json_str(item, "state"));
}

/* How often the words stand in what opens with all keys that are left. */
static int
canaries(struct host *h)
{
	return search(h, SOURCE, "/cairn.db", "", CANARY).found;
}

static const char *
erasure(struct host *h, size_t sufferer)
{
	struct referral_story next;
	char state[32] = "", path[PATH_MAX + 80];

	(void)sufferer;
	for (size_t i = 0; i < h->n; i++)
		host_start(h, i);
	host_settle(h);
	/* The operator asks again if no word came back, or it is not in the list. */
	for (int tries = 0; tries < ASK_MOST && strcmp(state, "erased") != 0; tries++) {
		if (*state == '\0')
			json_decref(host_command(h, SOURCE, "erase", json_pack("{s:s, s:s}", "id", gone.id, "confirm", gone.id)));
		host_run(h, ERASE_MS);
		state_of(h, state);
	}
	if (strcmp(state, "erased") != 0)
		return "it is never erased";
	fault_rest();
	refer_begin(h, &next);
	if (!refer_step(h, &next, STORY_REFER) && !refer_step(h, &next, STORY_REFER))
		return "the next referral does not arrive";
	if (story_complaints(h) > 0)
		return "the homeservers complain";
	for (size_t i = 0; i < h->n; i++)
		host_stop(h, i);
	(void)snprintf(path, sizeof(path), "%s/%s/cairn.db", h->dir, h->node[SOURCE].name);
	if (strcmp(vfs_check(path), "ok") != 0)
		return vfs_check(path);
	return canaries(h) == 0 ? NULL : "what was erased can be read";
}

static const struct life life_erasure = { "erasure", erasure };

static void
prove(struct host *h)
{
	struct fault_plan plan = { .what = FAULT_POWER_SYNC, .node = SOURCE, .at = 4, .lie = LIE_ALL };
	struct fault counted = lives_count(h, &life_erasure, &plan);
	struct tally t = lives_each(h, &life_erasure, &plan, counted.syncs, 1 + counted.syncs / 8, true);

	ok(t.bad > 0, "nothing is synced: noticed in %d of %d lives", t.bad, t.lives);
}

int
main(void)
{
	struct host h;

	lives_begin(&h, LIVES_CHECKPOINT);
	for (size_t i = SOURCE; i <= TARGET; i++)
		host_start(&h, i);
	host_settle(&h);
	refer_to(&h, &gone, STORY_CONSENT);
	host_run(&h, 30000);
	for (size_t i = SOURCE; i <= TARGET; i++)
		host_stop(&h, i);
	ok(canaries(&h) > 0, "before it can be read");
	lives_asked(&h, &life_erasure);
	power_each(&h, &life_erasure, FAULT_POWER_SYNC, "syncs", 16, "forgotten all the same");
	power_each(&h, &life_erasure, FAULT_POWER_WRITE, "writes", 12, "forgotten all the same");
	prove(&h);
	host_close(&h);
	return done_testing();
}
