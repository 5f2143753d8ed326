/* SPDX-License-Identifier: Apache-2.0 */
/* Which of our records the operator may withdraw, and why not the others; of those nothing changes. */
#include "base/canon.h"
#include "bench/node.h"
#include "store/dirstore.h"
#include "tap.h"

#define ID	"01J8Z0Q4M2K7V9T5B3N6X8C0RD"
#define BODY	"{\"name\":\"Qzyvan\"}"

static struct bench_node node;

static const struct {
	const char	*kind, *why;		/* NULL: it is withdrawn. */
} kinds[] = {
	{ "program", NULL }, { "resource", NULL }, { "story", NULL }, { "crisis_line", NULL }, { "credential", NULL }, { "specialist", NULL },
	{ "group", "group: a group has a room with people in it; the steward closes that first" },
	{ "statement", "statement: what specialists say of their own life they take back themselves: cairn sign statement, of one that says "
	    "\"withdrawn\": true" },
	{ "status_list", "status_list: the next one of its issuer takes its place" },
	{ "manifest", "manifest: there is nothing to withdraw" },
	{ "withdrawal", "withdrawal: there is nothing to withdraw" },
};

static void
test_kind(const char *kind, const char *why)
{
	struct own_record rec = { .id = (char *)(uintptr_t)ID, .kind = (char *)(uintptr_t)kind, .body = (char *)(uintptr_t)BODY,
	    .state_key = (char *)(uintptr_t)"key" }, now = { 0 };
	autojson json_t *reply = NULL;
	int r;

	bench_tx(&node, own_put(node.app->db, &rec));
	reply = bench_ask(&node, "withdraw", json_pack("{s:s}", "id", ID));
	r = own_get(node.app->db, ID, &now);
	if (why == NULL) {
		ok(json_is_true(json_object_get(reply, "ok")) && r == E_NOTFOUND, "a %s that was never sent is withdrawn, and gone", kind);
		return;
	}
	is_str(json_str(reply, "error"), why, "a %s is not", kind);
	ok(r == 0 && !strcmp(now.kind, kind) && !strcmp(now.body, BODY) && now.dirty == 0, "a %s stays as it was", kind);
	own_free(&now);
	bench_tx(&node, own_drop(node.app->db, ID));
}

int
main(void)
{
	const char *dir = getenv("TMPDIR");

	bench_node_open(&node, dir != NULL ? dir : "/tmp", 0);
	for (size_t i = 0; i < nelem(kinds); i++)
		test_kind(kinds[i].kind, kinds[i].why);
	bench_node_close(&node);
	return done_testing();
}
