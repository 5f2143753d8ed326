/* SPDX-License-Identifier: Apache-2.0 */
/* A step of a turn that answers what nobody expects stops no other, and is named. */
#include <unistd.h>

#include "app/app.h"

static int answer, before, after, judged;

#define federation_step strange_step
#define outbox_heads	strange_heads
#define find_step	step_before
#define epoch_step	step_after
#include "app/steps.c"
#undef federation_step
#undef outbox_heads

#include "bench/node.h"
#include "tap.h"

int
strange_step(struct app *app)
{
	(void)app;
	return answer;
}

/* Answers what is not its own too. */
static int heads_answer;

int	outbox_heads(struct db *, int64_t, size_t, struct out **, size_t *);

int
strange_heads(struct db *db, int64_t now, size_t limit, struct out **ret, size_t *ret_n)
{
	return heads_answer != 0 ? heads_answer : outbox_heads(db, now, limit, ret, ret_n);
}

int
step_before(struct app *app, bool *ret_more)
{
	(void)app, (void)ret_more;
	before++;
	return 0;
}

int
step_after(struct app *app)
{
	after++;
	judged = (int)app->n_clear;
	return 0;
}

static struct bench_node node;

static bool
named(void)
{
	autojson json_t *reply = bench_ask(&node, "doctor", json_object());
	autofree char *text = json_dumps(reply, 0);

	return text != NULL && strstr(text, "this part of the node does not work") != NULL;
}

static void
turn(void)
{
	before = after = 0;
	node.app->next = 0;
	bench_must(app_tick(node.app));
}

int
main(void)
{
	const char *tmp = getenv("TMPDIR");

	bench_node_open(&node, tmp != NULL ? tmp : "/tmp", 1);
	bench_synced(&node);
	turn();
	ok(before > 0 && after > 0 && !named(), "each step has its turn");
	answer = E_NOTFOUND;
	turn();
	ok(after == 0 && node.app->next == 0 && !db_in_tx(node.app->db), "a step that fails ends the turn, which does not count");
	turn();
	ok(before > 0 && after > 0, "the next goes all the way without it");
	ok(named() && node.app->next <= world_now(&node.world) + 60000, "the doctor names it, and it is tried again in a minute");
	answer = 0;
	node.app->rested = world_now(&node.world);
	turn();
	ok(after > 0 && !named(), "when it works nothing is said any more");
	heads_answer = E_NOTFOUND;
	turn();
	node.app->clear[0] = 1;
	node.app->n_clear = 1;
	judged = -1;
	turn();
	ok(after > 0 && judged == 0, "while nobody judges what may leave, nothing does");
	heads_answer = 0;
	node.app->resting = 0;
	answer = ERR_DB;
	before = after = 0;
	ok(app_tick(node.app) == ERR_DB, "a failure of the disk ends the node as before");
	answer = 0;
	bench_node_close(&node);
	return done_testing();
}
