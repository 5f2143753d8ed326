/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>

#include "base/id.h"
#include "fixture.h"
#include "store/migration.h"
#include "store/outbox.h"

static struct db *db;
static json_t *content;

static int64_t
event(const char *room, const char *ref)
{
	int64_t id;

	must(outbox_event(db, "node", room, "m.room.message", NULL, content, "say", ref, &id));
	return id;
}

/* The ids due at ${now}, as "1 4 5". */
static const char *
due(int64_t now, size_t limit)
{
	static char line[200];
	struct out *list;
	size_t n, len = 0;

	must(outbox_due(db, now, limit, &list, &n));
	line[0] = '\0';
	for (size_t i = 0; i < n; i++)
		len += (size_t)snprintf(line + len, sizeof(line) - len, "%s%lld", i ? " " : "",
		    (long long)list[i].id);
	outbox_list_free(list, n);
	return line;
}

static void
test_lanes(void)
{
	ok(outbox_next(db, 0) == INT64_MAX, "nothing to wait for");
	is_str(due(1, 10), "", "nothing due");
	is_int(event("!a", "r1"), 1, "ids count from 1");
	(void)event("!a", "r2");
	(void)event("!b", "r3");
	must(outbox_call(db, "node", "keys", "POST", "/keys/query", content, "query", NULL));
	must(outbox_call(db, "", "keys", "GET", "/versions", NULL, "versions", NULL));
	is_str(due(0, 10), "1 3 4", "the head of each lane, in their order");
	is_str(due(0, 2), "1 3", "at most so many");
	ok(outbox_next(db, 0) == INT64_MAX, "what is due at once is not waited for");

	must(outbox_later(db, 1, 100));
	is_str(due(99, 10), "3 4", "a head that is not due blocks its lane");
	is_str(due(100, 10), "3 4 1", "until then; it comes after what has been due for longer");
	must(outbox_later(db, 3, 300));
	must(outbox_later(db, 4, 50));
	is_int(outbox_next(db, 0), 50, "the next head, not the next row");
	is_int(outbox_next(db, 50), 100, "after that time");
	is_int(outbox_next(db, 300), INT64_MAX, "or never");

	must(outbox_fail(db, 1, "M_FORBIDDEN"));
	is_str(due(99, 10), "2 4", "a failed row does not block its lane");
	must(outbox_done(db, 2));
	is_str(due(99, 10), "4", "and is not tried again");
	must(outbox_done(db, 4));
	is_str(due(99, 10), "5", "the next in order follows");
	is_int(outbox_done(db, 4), E_NOTFOUND, "done once");
	is_int(event("!z", NULL), 6, "an id is not given again");
	must(outbox_done(db, 6));
	is_int(event("!z", NULL), 7, "not even the last one");
	must(outbox_done(db, 7));
}

static void
test_life_of_an_event(void)
{
	struct out o;
	autofree char *txn = NULL;
	int64_t id;

	fixture_now = 5000;
	must(outbox_event(db, "steward", "!s", "m.room.topic", "", content, "topic", "tag", &id));
	must(outbox_get(db, id, &o));
	ok(o.kind == OUT_EVENT && o.state == OUT_NEW, "new");
	is_str(o.account, "steward", "account");
	is_str(o.lane, "!s", "its lane is its room");
	is_str(o.state_key, "", "an empty state key is one");
	is_str(o.content, "{\"body\":\"x\"}", "content");
	ok(o.method == NULL && o.path == NULL && o.body == NULL, "nothing to send yet");
	ok(o.created == 5000 && o.due == 0 && o.attempts == 0, "times");
	ok(id_is_own(o.txn), "a transaction id");
	txn = take(o.txn);
	outbox_free(&o);

	is_int(outbox_renew(db, id), E_NOTFOUND, "a new one is not renewed");
	must(outbox_ready(db, id, "PUT", "/x", "cipher"));
	is_int(outbox_ready(db, id, "PUT", "/y", "other"), E_NOTFOUND, "ready once: its bytes stay");
	must(outbox_tried(db, id, 6000, 7000));
	must(outbox_tried(db, id, 7000, 9000));
	must(outbox_get(db, id, &o));
	ok(o.state == OUT_READY && o.attempts == 2 && o.due == 9000, "tried");
	is_int(o.first_try, 5000, "it may have left since it was ready");
	is_str(o.body, "cipher", "the exact bytes");
	is_str(o.txn, txn, "under the same transaction id");
	outbox_free(&o);

	must(outbox_renew(db, id));
	must(outbox_get(db, id, &o));
	ok(o.state == OUT_NEW && o.body == NULL && o.path == NULL && o.attempts == 0 &&
	    o.first_try == 0 && o.due == 0, "renewed: to be encrypted again");
	is_str(o.content, "{\"body\":\"x\"}", "from the same content");
	ok(strcmp(o.txn, txn) != 0, "under another transaction id");
	outbox_free(&o);
	must(outbox_done(db, id));
	is_int(outbox_get(db, id, &o), E_NOTFOUND, "gone");
}

static void
test_rebody(void)
{
	struct out o;
	int64_t id, call;

	must(outbox_call(db, "node", "auth", "POST", "/keys", NULL, "keys", "auth"));
	must(outbox_event(db, "node", "!x", "t", NULL, content, "say", "auth", &id));
	call = id - 1;
	must(outbox_tried(db, call, 10, 20));
	must(outbox_rebody(db, call, content));
	must(outbox_get(db, call, &o));
	is_str(o.body, "{\"body\":\"x\"}", "a call gets another body");
	ok(o.attempts == 1 && o.due == 0, "and is due at once; that it was tried is remembered");
	outbox_free(&o);
	is_int(outbox_rebody(db, id, content), E_NOTFOUND, "an event does not");
	must(outbox_done(db, id));
	must(outbox_done(db, call));
}

static void
test_todevice(void)
{
	struct out o;
	char path[128];
	int64_t id;

	is_int(outbox_todevice(db, "l", "a/b", "{}", "p", NULL, &id), E_BAD, "no slash in a type");
	is_int(outbox_todevice(db, "l", "", "{}", "p", NULL, &id), E_BAD, "no empty type");
	must(outbox_todevice(db, "l", "m.room.encrypted", "{\"messages\":{}}", "p", NULL, &id));
	must(outbox_get(db, id, &o));
	(void)snprintf(path, sizeof(path), "/_matrix/client/v3/sendToDevice/m.room.encrypted/%s", o.txn);
	is_str(o.path, path, "the path holds the transaction id");
	is_str(o.method, "PUT", "method");
	is_str(o.account, "node", "by the node");
	ok(o.state == OUT_READY && o.kind == OUT_TODEVICE, "ready at once");
	is_str(o.body, "{\"messages\":{}}", "with the bytes that were given");
	outbox_free(&o);
	is_int(outbox_renew(db, id), E_NOTFOUND, "its ciphertexts are never made again");
	must(outbox_done(db, id));
}

static int
collect(void *cookie, const struct out *o)
{
	*(int64_t *)cookie += o->id;
	return outbox_done(db, o->id);
}

static void
test_void(void)
{
	int64_t a, b, c, n, sum = 0;

	a = event("!v", "case");
	b = event("!v", "case");
	c = event("!v", "other");
	is_int(outbox_pending(db, "say", "case"), 0, "pending");
	must(outbox_fail(db, b, "no"));
	must(outbox_fail(db, c, "no"));
	is_int(outbox_fail(db, c, "again"), E_NOTFOUND, "failed once");
	is_int(outbox_tried(db, c, 1, 1), E_NOTFOUND, "and not tried");
	is_int(outbox_pending(db, "say", "other"), E_NOTFOUND, "a failed row is not pending");
	must(outbox_count(db, OUT_FAILED, &n));
	is_int(n, 3, "failed rows are kept");
	must(outbox_void(db, "say", "case"));
	is_int(outbox_pending(db, "say", "case"), E_NOTFOUND, "void");
	ok(outbox_pending(db, "versions", NULL) == 0, "without a ref too");
	must(outbox_each(db, OUT_FAILED, collect, &sum));
	is_int(sum, 1 + c, "the others stay, and a walk may delete");
	(void)a;
}

static void
test_unique_txn(void)
{
	uint64_t seed = fixture_seed;
	int64_t id;

	(void)event("!u", NULL);
	fixture_seed = seed;	/* A broken source of randomness repeats itself. */
	is_int(outbox_event(db, "node", "!u", "t", NULL, content, "say", NULL, &id), -EEXIST,
	    "a transaction id is never used twice");
}

static void
test_long_queue(void)
{
	struct out *list;
	size_t n;

	for (int i = 0; i < 2000; i++)
		(void)event(i % 2 ? "!long" : "!other", "x");
	must(outbox_due(db, 0, 32, &list, &n));
	ok(n >= 2 && n < 10, "of a long queue only the heads");
	outbox_list_free(list, n);
}

/* What no program of ours writes. */
static void
test_foreign(void)
{
	static const char *const changes[] = { "kind = 0", "kind = 4", "state = 0", "state = 4", "kind = 4294967297" };
	struct out o;

	for (size_t i = 0; i < nelem(changes); i++) {
		char text[96];
		int64_t id = event("!foreign", "r");

		(void)snprintf(text, sizeof(text), "UPDATE outbox SET %s WHERE id = %lld", changes[i], (long long)id);
		must(db_script(db, text));
		is_int(outbox_get(db, id, &o), ERR_CORRUPT, "a row with %s is damaged", changes[i]);
	}
}

int
main(void)
{
	content = json_pack("{s:s}", "body", "x");
	db = fixture_open();
	must(db_begin(db, NULL));
	test_lanes();
	test_life_of_an_event();
	test_rebody();
	test_todevice();
	test_void();
	test_unique_txn();
	test_long_queue();
	test_foreign();
	must(db_commit(db, NULL));
	db_close(db);
	json_decref(content);
	return done_testing();
}
