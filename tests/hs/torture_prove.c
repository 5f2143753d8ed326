/* SPDX-License-Identifier: Apache-2.0 */
/*
 * torture_prove: the oracle sees a node only by what that shows.  So, for each move, what one node shows of it is struck out, or
 * said twice, in a world that is at rest and good: the oracle must miss the one, and count the other.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/canon.h"
#include "torture.h"

enum { ROUNDS = 48, ROUND_MS = 3000 };

static const struct { const char *view, *member, *key, *value; } rows[] = {
	{ "referrals",	"items",	NULL,		NULL },
	{ "show",		"history",	"input",	"send" },
	{ "show",		"history",	"input",	"receive" },
	{ "show",		"history",	"input",	"accept" },
	{ "show",		"history",	"input",	"waitlist" },
	{ "show",		"history",	"input",	"decline" },
	{ "show",		"history",	"input",	"withdraw" },
	{ "show",		"history",	"input",	"forward" },
	{ "show",		"history",	"input",	"consent" },
	{ "show",		"history",	"input",	"engage" },
	{ "show",		"history",	"input",	"revoke" },
	{ "show",		"history",	"input",	"close" },
	{ "show",		"went_on_as",	NULL,		NULL },
	{ "accounting",		"consents",	"state",	"revoked" },
	{ "erasures",	"items",	"by",		"us" },
	{ "erasures",	"items",	"by",		"them" },
	{ "matches",	"items",	"state",	"ended" },
	{ "cases",		"items",	NULL,		NULL },
	{ "tasks",		"items",	NULL,		NULL },
};

void
torture_spoil(struct torture_spoil *s, const char *view, json_t *result)
{
	json_t *list = json_arr(result, s->member), *item;
	size_t k;

	if (s->done || strcmp(view, s->view) != 0)
		return;
	json_array_foreach(list, k, item) {
		const char *is = s->key != NULL ? json_str(item, s->key) : NULL;

		if (s->key != NULL && (is == NULL || strcmp(is, s->value) != 0))
			continue;
		s->done = true;
		(void)(s->twice ? json_array_insert(list, k, item) : json_array_remove(list, k));
		return;
	}
}

/* All ways that a referral can go, in both directions, and matches; nobody dies. */
static void
play(struct torture *t)
{
	for (size_t k = 0; k < ROUNDS; k++) {
		torture_refer(t, k % 2);
		torture_staff(t, k % 2);
		for (size_t i = SOURCE; i <= TARGET; i++) {
			host_run(&t->host, ROUND_MS);
			(void)torture_attend(t, i, ROUNDS);
		}
	}
	torture_finish(t);
}

static bool
notices(struct torture *t, struct torture_spoil *s)
{
	json_t *seen = t->seen;
	struct torture_toll toll;

	t->seen = json_deep_copy(seen);
	t->spoil = s;
	toll = torture_judge(t);
	t->spoil = NULL;
	json_decref(t->seen);
	t->seen = seen;
	if (s->done && (s->twice ? toll.twice : toll.lost) > 0)
		return true;
	printf("# %s: %s, %s %s: %s\n", t->host.node[s->node].name, s->view, s->member, s->value != NULL ? s->value : "",
	    !s->done ? "it did not happen in this world" : s->twice ? "said twice, and not noticed" : "struck out, and not missed");
	return false;
}

void
torture_prove(uint64_t seed, int *ret_tried, int *ret_noticed)
{
	static struct torture t;
	struct torture_toll toll;

	torture_begin(&t, seed);
	play(&t);
	toll = torture_judge(&t);
	*ret_tried = 1;
	*ret_noticed = toll.lost + toll.twice + toll.undecryptable == 0;
	for (size_t k = 0; k < nelem(rows); k++)
		for (int way = 0; way < 4; way++) {
			struct torture_spoil s = { .node = (size_t)way % 2, .view = rows[k].view, .member = rows[k].member,
			    .key = rows[k].key, .value = rows[k].value, .twice = way / 2 };

			++*ret_tried;
			*ret_noticed += notices(&t, &s);
		}
	printf("# seed %" PRIu64 ": %d of %d noticed\n", seed, *ret_noticed, *ret_tried);
	torture_end(&t);
}
