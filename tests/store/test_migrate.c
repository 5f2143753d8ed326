/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A store of every released version opens, keeps what it held, and ends with
 * the schema of a new one.  tests/migrate/vN.sql is such a store as SQL.
 *
 * `test_migrate --freeze` prints one of the present version.  It is run once,
 * when that version is released; from then on its schema file is not edited,
 * the next change is a schema file with the next number.  Until then the newest
 * version has no such store, and each older one must.
 */
#include <errno.h>
#include <sqlite3.h>

#include "fixture.h"
#include "queries.h"
#include "store/casestore.h"
#include "store/dirstore.h"
#include "store/outbox.h"
#include "store/peoplestore.h"

static char *
text(const char *s)
{
	return (char *)(uintptr_t)s;
}

static void
fill(struct db *db)
{
	autojson json_t *content = json_pack("{s:s}", "body", "hello");
	struct account a = { .name = text("node"), .user_id = text("@node:a"), .token = text("t0ken") };
	struct own_record o = { .id = text("P1"), .kind = text("program"),
	    .body = text("{\"name\":\"Grief circle\"}"), .state_key = text("k1") };
	struct seen_record s = { .org = text("org"), .id = text("S1"), .kind = text("specialist"),
	    .hash = text("ab"), .record = text("{}") };
	struct case_row c = { .id = text("R1"), .org = text("org"), .request = text("{\"q\":1}"),
	    .r = referral_start(REFERRAL_AT_SOURCE) };
	int64_t id;

	must(db_begin(db, NULL));
	must(account_put(db, &a));
	must(person_id(db, "@member:a", &id));
	must(own_put(db, &o));
	must(seen_put(db, &s));
	must(case_put(db, &c));
	must(outbox_event(db, "node", "!a", "m.room.message", NULL, content, "say", "c1", &id));
	must(db_commit(db, NULL));
}

static int
count_own(void *cookie, const struct own_record *o)
{
	*(int *)cookie += !strcmp(o->id, "P1");
	return 0;
}

static int
count_seen(void *cookie, const struct seen_record *s)
{
	*(int *)cookie += !strcmp(s->id, "S1");
	return 0;
}

static void
check(struct db *db)
{
	struct account a = { 0 };
	struct case_row c = { 0 };
	struct out out = { 0 };
	int64_t pid;
	int found = 0;

	ok(account_get(db, "node", &a) == 0 && a.token && !strcmp(a.token, "t0ken"), "the token");
	ok(person_find(db, "@member:a", &pid) == 0, "the person, by blind index");
	ok(case_get(db, "R1", &c) == 0 && c.request && !strcmp(c.request, "{\"q\":1}"), "the case");
	ok(outbox_get(db, 1, &out) == 0 && out.content && strstr(out.content, "hello"), "the outbox");
	ok(own_each(db, NULL, count_own, &found) == 0 && found == 1, "own records");
	ok(seen_each(db, NULL, NULL, count_seen, &found) == 0 && found == 2, "seen ones too");
	is_int(db_check(db, NULL), 0, "a sound database");
	account_free(&a);
	case_free(&c);
	outbox_free(&out);
}

static sqlite3 *
raw_open(void)
{
	char path[128];
	sqlite3 *sql = NULL;

	(void)snprintf(path, sizeof(path), "%s/cairn.db", fixture_dir);
	if (sqlite3_open(path, &sql) != SQLITE_OK)
		bail("sqlite3_open", path);
	return sql;
}

/* Every row of ${query}'s one text column, a line each. */
static char *
lines(sqlite3 *sql, const char *query)
{
	struct buf out = { 0 };
	sqlite3_stmt *stmt = NULL;

	if (sqlite3_prepare_v2(sql, query, -1, &stmt, NULL) != SQLITE_OK)
		bail(query, sqlite3_errmsg(sql));
	while (sqlite3_step(stmt) == SQLITE_ROW)
		must(buf_printf(&out, "%s\n", (const char *)sqlite3_column_text(stmt, 0)));
	sqlite3_finalize(stmt);
	return buf_take(&out);
}

static char *
schema(void)
{
	sqlite3 *sql = raw_open();
	char *found = lines(sql, "SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL "
	    "ORDER BY type, name");

	sqlite3_close(sql);
	return found;
}

static int
freeze(void)
{
	static const char tables[] = "SELECT name FROM sqlite_schema WHERE type = 'table' "
	    "AND sql LIKE '%STRICT%' ORDER BY rowid";
	static const char columns[] = "SELECT group_concat('quote(' || name || ')', ' || '', '' || ') "
	    "FROM pragma_table_info('%s')";
	autofree char *names = NULL;
	sqlite3 *sql;
	struct db *db = fixture_open();

	fill(db);
	db_close(db);
	sql = raw_open();
	printf("-- SPDX-License-Identifier: Apache-2.0\n-- A store of version %d: "
	    "test_migrate --freeze.  Never edited.\nPRAGMA foreign_keys = OFF;\nBEGIN;\n",
	    SCHEMA_VERSION);
	for (int i = 0; i < SCHEMA_VERSION; i++)
		printf("%s\n", schema_text[i]);
	names = lines(sql, tables);
	for (char *save = NULL, *t = strtok_r(names, "\n", &save); t; t = strtok_r(NULL, "\n", &save)) {
		autofree char *values = NULL, *rows = NULL;
		char query[2000];

		(void)snprintf(query, sizeof(query), columns, t);
		values = lines(sql, query);
		values[strcspn(values, "\n")] = '\0';
		(void)snprintf(query, sizeof(query),
		    "SELECT 'INSERT INTO %s VALUES (' || %s || ');' FROM %s", t, values, t);
		rows = lines(sql, query);
		printf("%s", rows);
	}
	printf("PRAGMA application_id = 0x4361726e;\nPRAGMA user_version = %d;\nCOMMIT;\n",
	    SCHEMA_VERSION);
	sqlite3_close(sql);
	return EXIT_SUCCESS;
}

/* In version 1 a share had a state for "encrypted, but in no outbox row": one such share.  Olm sessions
 * had no owner: two are of a key that two users claim, one of nobody's. */
static const char sealed_share[] = "PRAGMA foreign_keys = OFF; INSERT INTO crypt_olm (session_id, curve25519, pickle, used) "
    "VALUES ('later', x'aa', x'02', 9), ('earlier', x'aa', x'01', 5), ('nobody', x'bb', x'03', 7);"
    "INSERT INTO crypt_device (pid, device_id, ed25519, curve25519, listed, signed, eligible, claim, claim_tries, claim_due,"
    " mend, mended_at, failures, failing_at) VALUES (1, 'D', x'00', x'aa', 1, 0, 0, 0, 0, 0, 0, 0, 0, 0),"
    " (2, 'E', x'00', x'aa', 1, 1, 1, 0, 0, 0, 0, 0, 0, 0);"
    "INSERT INTO crypt_outbound VALUES (1, 's', '!r', x'00', x'00', 0, 0, 1, 0, 0, -1, 0, 0);"
    "INSERT INTO crypt_share (outbound, pid, device_id, curve25519, state, message) VALUES (1, 1, 'D', x'aa', 1, '0abc');"
    "INSERT INTO outbox (id, kind, state, account, lane, purpose, txn, attempts, first_try, due, created) VALUES"
    " (7, 1, 2, 'node', '!b', 'say', 'txn7', 0, 0, 0, 1234), (8, 1, 2, 'node', '!c', 'say', 'txn8', 1, 2345, 0, 1234);";

/* A referral under way, with its history as version 3 wrote it. */
static const char old_steps[] = "UPDATE referral SET state = 'accepted', last_input = 'accept', last_actor = 'target' WHERE id = 'R1';"
    "INSERT INTO step (referral, at, actor, input, old_state, new_state, content_id) VALUES"
    " ('R1', 5, 'source', 'send', 'draft', 'sent', 'c1'), ('R1', 6, 'target', 'accept', 'sent', 'accepted', 'c2');";

static int
add_old(void *cookie, const struct step_old *s)
{
	(void)sprintf((char *)cookie + strlen(cookie), "%lld %s %s %s %s;", (long long)s->at, s->actor, s->input, s->from, s->to);
	return 0;
}

static int
add_name(void *cookie, const char *id, const char *org)
{
	(void)sprintf((char *)cookie + strlen(cookie), "%s %s;", id, org);
	return 0;
}

static void
check_old_steps(struct db *db)
{
	char steps[200] = "", names[100] = "";

	must(step_old_each(db, "R1", add_old, steps));
	is_str(steps, "5 source send draft sent;6 target accept sent accepted;", "the history of a referral can be read");
	must(case_old_each(db, add_name, names));
	is_str(names, "R1 org;", "and it is named as one that cannot go on");
}

/* Version 1 did not write down since when an event was ready: it would count as sent in 1970, and be encrypted anew. */
static void
check_ready(struct db *db)
{
	struct out out;

	must(outbox_get(db, 7, &out));
	is_int(out.first_try, 1234, "what was ready may have left since it was made");
	outbox_free(&out);
	must(outbox_get(db, 8, &out));
	is_int(out.first_try, 2345, "or since it was tried");
	outbox_free(&out);
}

static void
check_sealed_share(void)
{
	sqlite3 *sql = raw_open();
	autofree char *olm = lines(sql, "SELECT session_id || pid || n || hex(pickle) || used FROM crypt_olm ORDER BY n");
	autofree char *shares = lines(sql, "SELECT state || device_id FROM crypt_share");

	sqlite3_close(sql);
	is_str(olm, "earlier21015\nlater22029\n", "Olm sessions are kept, by who may have keys, numbered by their age");
	is_str(shares, "0D\n", "a share that was never queued is wanted again");
}

/* The store of ${version} as it was released, in a fresh directory; false: the newest is not released. */
static bool
thaw(int version)
{
	const char *srcdir = getenv("srcdir");
	char path[512], *dump = NULL;
	size_t size = 0;
	sqlite3 *sql;
	FILE *f;

	(void)snprintf(path, sizeof(path), "%s/tests/migrate/v%d.sql", srcdir ? srcdir : ".", version);
	if ((f = fopen(path, "r")) == NULL && errno == ENOENT && version == SCHEMA_VERSION)
		return false;
	if (f == NULL || getdelim(&dump, &size, '\0', f) < 0)
		bail("open", path);
	(void)fclose(f);
	db_close(fixture_open());
	(void)snprintf(path, sizeof(path), "%s/cairn.db", fixture_dir);
	(void)unlink(path);
	sql = raw_open();
	if (sqlite3_exec(sql, dump, NULL, NULL, NULL) != SQLITE_OK ||
	    sqlite3_exec(sql, version == 1 ? sealed_share : "", NULL, NULL, NULL) != SQLITE_OK ||
	    sqlite3_exec(sql, version < 4 ? old_steps : "", NULL, NULL, NULL) != SQLITE_OK)
		bail("thaw", sqlite3_errmsg(sql));
	sqlite3_close(sql);
	free(dump);
	return true;
}

int
main(int argc, char **argv)
{
	autofree char *fresh = NULL;

	if (argc == 2 && !strcmp(argv[1], "--freeze"))
		return freeze();
	db_close(fixture_open());
	fresh = schema();
	fixture_remove();
	for (int version = 1; version <= SCHEMA_VERSION; version++) {
		autofree char *migrated = NULL;
		struct db *db;

		if (!thaw(version))
			break;
		db = fixture_reopen();
		check(db);
		if (version < 4)
			check_old_steps(db);
		if (version == 1)
			check_ready(db);
		db_close(db);
		if (version == 1)
			check_sealed_share();
		migrated = schema();
		ok(!strcmp(fresh, migrated), "a store of version %d ends with the present schema", version);
		fixture_remove();
	}
	return done_testing();
}
