/* SPDX-License-Identifier: Apache-2.0 */
/* A view writes nothing but the audit: each that there is, and one that tries. */
#include <sodium.h>
#include <sqlite3.h>

#include "app/view.h"
#include "base/canon.h"
#include "bench/node.h"
#include "tap.h"

static struct bench_node node;
static bool writes;		/* The view of the status is spoilt. */

int	__real_view_status(struct app *, const char *, const json_t *, json_t **, struct err *);
int	__wrap_view_status(struct app *, const char *, const json_t *, json_t **, struct err *);

int
__wrap_view_status(struct app *app, const char *actor, const json_t *args, json_t **ret, struct err *reterr)
{
	int r = writes ? meta_put(app->db, "looked", "1", false) : 0;

	return r != 0 ? r : __real_view_status(app, actor, args, ret, reterr);
}

/* All rows of a table, but what the audit keeps beside its own. */
static void
add_table(sqlite3 *db, const char *table, crypto_generichash_state *state)
{
	autofree char *text = bench_text("SELECT * FROM \"%s\"%s", table, !strcmp(table, "meta") ? " WHERE key NOT LIKE 'audit.%'" : "");
	sqlite3_stmt *rows;

	bench_need(sqlite3_prepare_v2(db, text, -1, &rows, NULL) == SQLITE_OK);
	while (sqlite3_step(rows) == SQLITE_ROW)
		for (int i = 0; i < sqlite3_column_count(rows); i++) {
			int type = sqlite3_column_type(rows, i);

			crypto_generichash_update(state, (const uint8_t *)&type, sizeof(type));
			if (type != SQLITE_NULL)
				crypto_generichash_update(state, sqlite3_column_blob(rows, i), (size_t)sqlite3_column_bytes(rows, i));
		}
	bench_need(sqlite3_finalize(rows) == SQLITE_OK);
}

/* What is stored, but the audit; and how many rows that has. */
static int64_t
stored(uint8_t hash[crypto_generichash_BYTES])
{
	autofree char *path = bench_text("%s/cairn.db", node.dir);
	crypto_generichash_state state;
	sqlite3_stmt *names;
	int64_t audited;
	sqlite3 *db;
	int tables = 0;

	bench_need(sqlite3_open_v2(path, &db, SQLITE_OPEN_READONLY, NULL) == SQLITE_OK);
	crypto_generichash_init(&state, NULL, 0, crypto_generichash_BYTES);
	bench_need(sqlite3_prepare_v2(db, "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT IN ('audit', 'sqlite_sequence') ORDER BY name",
	    -1, &names, NULL) == SQLITE_OK);
	for (; sqlite3_step(names) == SQLITE_ROW; tables++)
		add_table(db, (const char *)sqlite3_column_text(names, 0), &state);
	sqlite3_finalize(names);
	bench_need(tables > 50);
	crypto_generichash_final(&state, hash, crypto_generichash_BYTES);
	bench_need(sqlite3_prepare_v2(db, "SELECT count(*) FROM audit", -1, &names, NULL) == SQLITE_OK && sqlite3_step(names) == SQLITE_ROW);
	audited = sqlite3_column_int64(names, 0);
	sqlite3_finalize(names);
	sqlite3_close(db);
	return audited;
}

static void
test_each(void)
{
	static const struct { const char *verb, *key, *value; int audited; } views[] = {
		{ "status", NULL, NULL, 0 }, { "status", "id", "publish", 0 }, { "federation_status", NULL, NULL, 0 },
		{ "policy list", NULL, NULL, 0 }, { "find", "text", "evening", 0 }, { "match fairness", NULL, NULL, 1 }, { "book show", NULL, NULL, 1 },
		{ "list", "what", "referrals", 1 }, { "list", "what", "cases", 1 }, { "list", "what", "tasks", 1 }, { "list", "what", "matches", 1 },
		{ "list", "what", "messages", 1 }, { "list", "what", "erasures", 1 }, { "list", "what", "records", 0 },
		{ "list", "what", "feeds", 0 }, { "list", "what", "partners", 0 }, { "list", "what", "rooms", 1 }, { "list", "what", "waiting", 1 },
		{ "list", "what", "rejected", 1 }, { "list", "what", "outbox", 1 }, { "show", "id", "publish", 0 }, { "show", "id", NULL, 1 },
		{ "erase", "id", NULL, 1 }, { "audit verify", NULL, NULL, 0 }, { "audit show", NULL, NULL, 1 }, { "doctor", NULL, NULL, 0 },
	};
	uint8_t before[crypto_generichash_BYTES], after[crypto_generichash_BYTES];
	autojson json_t *opened = bench_ask(&node, "open-case", json_pack("{s:{s:s, s:s, s:b}}", "person", "alias", "Ana", "phone", "+49 30 1",
	    "leave_message", 0));
	const char *id = json_str(json_obj(opened, "result"), "case");

	bench_need(id != NULL);
	for (size_t i = 0; i < nelem(views); i++) {
		json_t *args = views[i].key != NULL ? json_pack("{s:s}", views[i].key, views[i].value != NULL ? views[i].value : id) : json_object();
		int64_t audited = stored(before);
		autojson json_t *reply = bench_ask(&node, views[i].verb, args);

		audited = stored(after) - audited;
		if (!ok(json_is_true(json_object_get(reply, "ok")) && !memcmp(before, after, sizeof(after)) && audited == views[i].audited,
		    "%s %s writes %d rows of the audit and nothing else", views[i].verb, views[i].value != NULL ? views[i].value : "", views[i].audited))
			(void)json_dumpf(reply, stderr, 0);
	}
}

/* A fault of the program is no reason to write, nor to stop. */
static void
test_spoilt(void)
{
	uint8_t before[crypto_generichash_BYTES], after[crypto_generichash_BYTES];
	autojson json_t *reply = NULL, *next = NULL;

	(void)stored(before);
	writes = true;
	reply = bench_ask(&node, "status", json_object());
	(void)stored(after);
	is_str(json_str(reply, "code"), "refused", "a view that wants to write is refused");
	ok(!memcmp(before, after, sizeof(after)), "and has not written");
	writes = false;
	next = bench_ask(&node, "status", json_object());
	ok(json_is_true(json_object_get(next, "ok")), "the node goes on");
}

int
main(void)
{
	const char *dir = getenv("TMPDIR");

	bench_node_open(&node, dir != NULL ? dir : "/tmp", 1);
	test_each();
	test_spoilt();
	bench_node_close(&node);
	return done_testing();
}
