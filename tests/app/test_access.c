/* SPDX-License-Identifier: Apache-2.0 */
/* To ask somebody into a room: what is asked of which account's homeserver, in the room's own order, and that nobody gets a key by it. */
#include <errno.h>

#include "app/access.h"
#include "base/canon.h"
#include "bench/node.h"
#define FAULTS_OF_BUFFERS
#include "tests/domain/faults.h"
#include "tap.h"

#define ROOM	"!a/b:here.example"
#define ANNA	"@anna:there.example"

static struct bench_node node;

/* The one call that waits; the caller frees. */
static int
one(void *cookie, const struct out *out)
{
	return outbox_get(node.app->db, out->id, cookie);
}

static void
test_ask(const char *account)
{
	struct room room = { .room_id = (char *)(uintptr_t)ROOM, .account = (char *)(uintptr_t)account };
	autojson json_t *body = NULL;
	struct out out = { 0 };
	int64_t pid;

	bench_must(db_begin(node.app->db, NULL));
	bench_must(access_ask(node.app, &room, ANNA));
	bench_must(outbox_each(node.app->db, OUT_READY, one, &out));
	is_str(out.account, account, "an invitation is the room's own account's: %s", account);
	is_str(out.lane, ROOM, "%s: it goes in the order of what is done in the room", account);
	is_str(out.purpose, "invite", "%s: its answer is an invitation's", account);
	is_str(out.ref, ROOM, "%s: to this room", account);
	is_str(out.method, "POST", "%s: asked", account);
	is_str(out.path, "/_matrix/client/v3/rooms/%21a%2Fb%3Ahere.example/invite", "%s: of this room, whatever its name has in it", account);
	bench_must(canon_stored(out.body, &body));
	is_str(json_str(body, "user_id"), ANNA, "%s: for this user", account);
	is_int((int)json_object_size(body), 1, "%s: and no more is said: %s", account, out.body);
	ok(person_find(node.app->db, ANNA, &pid) == E_NOTFOUND, "%s: nobody is noted for a key", account);
	outbox_free(&out);
	db_rollback(node.app->db);
}

/* Nothing is asked by halves. */
static void
test_memory(void)
{
	struct room room = { .room_id = (char *)(uintptr_t)ROOM, .account = (char *)(uintptr_t)"node" };
	long failed = 0, halves = 0;
	int r = -ENOMEM;

	for (long left = 0; r != 0 && left < 200; left++) {
		struct out out = { 0 };

		bench_must(db_begin(node.app->db, NULL));
		faults_left = left;
		r = access_ask(node.app, &room, ANNA);
		faults_left = -1;
		failed += r == -ENOMEM;
		if (r == 0 && outbox_each(node.app->db, OUT_READY, one, &out) == 0)
			halves += out.path == NULL || out.body == NULL || strstr(out.body, ANNA) == NULL;
		outbox_free(&out);
		db_rollback(node.app->db);
	}
	bench_must(db_begin(node.app->db, NULL));
	faults_buf = 0;
	is_int(access_ask(node.app, &room, ANNA), -ENOMEM, "no place to ask at: nothing is asked");
	faults_buf = -1;
	db_rollback(node.app->db);
	ok(r == 0 && failed > 0 && halves == 0, "without memory for it nothing is asked: %ld times, never by halves", failed);
}

int
main(void)
{
	const char *dir = getenv("TMPDIR");

	bench_node_open(&node, dir != NULL ? dir : "/tmp", 0);
	test_ask("node");
	test_ask("steward");
	test_memory();
	bench_node_close(&node);
	return done_testing();
}
