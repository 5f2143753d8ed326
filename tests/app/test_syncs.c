/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a /sync costs of the disk: one sync of the log, however much it brings.  SQLite and the node call the fdatasync and fsync
 * of this file, which count; the log is written back (a checkpoint) before each measurement, as that is due by size.
 */
#include <sqlite3.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "bench/node.h"
#include "store/inbox.h"
#include "tap.h"

enum { FEW = 1, MANY = 1000, ROOMS = 10 };

static struct bench_node node;
static int syncs, rounds;

int
fdatasync(int fd)
{
	syncs++;
	return (int)syscall(SYS_fdatasync, fd);
}

int
fsync(int fd)
{
	syncs++;
	return (int)syscall(SYS_fsync, fd);
}

static void
write_back(void)
{
	autofree char *path = bench_text("%s/cairn.db", node.dir);
	sqlite3 *db;

	bench_need(sqlite3_open(path, &db) == SQLITE_OK && sqlite3_exec(db, "PRAGMA wal_checkpoint(TRUNCATE)", NULL, NULL, NULL) == SQLITE_OK);
	sqlite3_close(db);
}

static int64_t
kept(void)
{
	int64_t waiting, rejected;

	bench_must(db_begin(node.app->db, NULL));
	bench_must(inbox_counts(node.app->db, &waiting, &rejected));
	bench_must(db_commit(node.app->db, NULL));
	return waiting + rejected;
}

/* So many events of partners, each of which is stored, for it lacks its key.  How often the disk was synced. */
static int
one_sync(int events)
{
	autobuf struct buf body = { 0 };
	struct bench_request *sync;
	int64_t before = kept();
	int used, rooms = events < ROOMS ? events : ROOMS;

	while ((sync = bench_request(&node, "/sync?")) == NULL)
		bench_tick(&node);
	bench_must(buf_printf(&body, "{\"next_batch\":\"n%d\",\"rooms\":{\"join\":{", ++rounds));
	for (int room = 0; room < rooms; room++) {
		char id[64], user[64];

		bench_room(room, id);
		bench_user(room, user);
		bench_must(buf_printf(&body, "%s\"%s\":{\"timeline\":{\"limited\":false,\"prev_batch\":\"p\",\"events\":[", room > 0 ? "," : "", id));
		for (int i = 0; i < events / rooms; i++)
			bench_must(buf_printf(&body, "%s{\"type\":\"m.room.encrypted\",\"sender\":\"%s\",\"event_id\":\"$%08d%035d\",\"origin_server_ts\":1,"
			    "\"content\":{\"algorithm\":\"m.megolm.v1.aes-sha2\",\"ciphertext\":\"AwgAEhA\",\"device_id\":\"D\",\"session_id\":"
			    "\"4WjEGHyBMR5wlGHGqAZBFuGTsUs8kPlBMMbNTUMmHbE\"}}", i > 0 ? "," : "", user, rounds, room * MANY + i));
		bench_must(buf_puts(&body, "]},\"state\":{\"events\":[]}}"));
	}
	bench_must(buf_puts(&body, "}}}"));
	write_back();
	syncs = 0;
	bench_answer(&node, sync, body.data, body.len);
	used = syncs;
	ok(kept() - before == events, "%d event%s stored", events, events == 1 ? " is" : "s are");
	return used;
}

int
main(void)
{
	const char *dir = getenv("TMPDIR");
	char account[] = "node", id[64], user[64];
	int few, many;

	bench_node_open(&node, dir != NULL ? dir : "/tmp", ROOMS);
	bench_must(db_begin(node.app->db, NULL));
	for (int i = 0; i < ROOMS; i++) {
		struct room room = { .room_id = id, .account = account, .encrypted = 1, .joined = 1, .ours = 1, .kind = ROOM_CHANNEL };

		bench_room(i, id);
		bench_user(i, user);
		bench_must(room_put(node.app->db, &room));
		bench_must(roster_add(node.app->db, id, bench_person(&node, user)));
	}
	bench_must(db_commit(node.app->db, NULL));
	(void)one_sync(FEW);		/* What a first time costs besides. */
	few = one_sync(FEW);
	many = one_sync(MANY);
	/* A log that was cut to nothing begins with a header, which is synced by itself. */
	ok(few > 0 && few <= 2, "the disk is synced for one event %d times, the second time for the head of the log", few);
	is_int(many, few, "and as often for a thousand");
	bench_node_close(&node);
	return done_testing();
}
