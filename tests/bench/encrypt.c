/* SPDX-License-Identifier: Apache-2.0 */
/*
 * encrypt: events of the outbox become ciphertext in it, each with its ratchet in one commit.
 *
 *	encrypt DIR 1		a transaction for each event
 *	encrypt DIR 1000	so many in one
 */
#include "crypt/envelope.h"
#include "node.h"
#include "store/sharestore.h"

enum { EVENTS = BENCH_ROOMS * BENCH_EACH };

struct encrypt {
	struct bench_node node;
	int	 batch;
	int64_t	 ids[EVENTS];
};

static int
step(struct encrypt *e, int64_t id)
{
	struct out row;
	int r = outbox_get(e->node.app->db, id, &row);

	bench_must(r);
	r = envelope_seal_step(e->node.app->crypt, &row, NULL);
	outbox_free(&row);
	return r;
}

/* Say that whoever waits for the room's key has it. */
static void
shared(struct encrypt *e, const char *room)
{
	struct db *db = e->node.app->db;
	struct crypto_outbound s;
	struct share *list;
	size_t n;

	bench_must(crypto_outbound_active(db, room, &s));
	bench_must(share_list(db, s.n, SHARE_CLAIM, 10, &list, &n));
	bench_need(n == 1);
	bench_must(share_enter(db, &list[0], SHARE_DONE, NULL));
	share_list_free(list, n);
	crypto_outbound_free(&s);
}

/* A fresh session for each room, in its partner's hands, and events that wait. */
static void
prepare(struct encrypt *e)
{
	struct bench_node *n = &e->node;

	bench_must(db_begin(n->app->db, NULL));
	for (int i = 0; i < EVENTS; i++) {
		char room[64];
		json_t *content = json_pack("{s:s, s:o}", "msgtype", "m.text", "body", json_sprintf("%0200d", i));

		bench_room(i / BENCH_EACH, room);
		bench_must(outbox_event(n->app->db, "node", room, "m.room.message", NULL, content, "say", NULL, &e->ids[i]));
		json_decref(content);
		if (i % BENCH_EACH != 0)
			continue;
		bench_must(envelope_rotate(n->app->crypt, room));
		while (step(e, e->ids[i]) == E_EXISTS)
			continue;
		shared(e, room);
	}
	bench_must(db_commit(n->app->db, NULL));
}

static void
one_round(void *cookie)
{
	struct encrypt *e = cookie;
	struct db *db = e->node.app->db;
	struct bench_time begun, took;

	prepare(e);
	begun = bench_time();
	for (int i = 0; i < EVENTS; i++) {
		if (i % e->batch == 0)
			bench_must(db_begin(db, NULL));
		bench_must(step(e, e->ids[i]));
		if (i % e->batch == e->batch - 1)
			bench_must(db_commit(db, NULL));
	}
	took = bench_since(begun);
	printf("{\"ns\": %" PRId64 ", \"cpu_ns\": %" PRId64 ", \"n\": %d}\n", took.ns, took.cpu_ns, EVENTS);
	bench_must(db_begin(db, NULL));
	for (int i = 0; i < EVENTS; i++) {
		struct out row;

		bench_must(outbox_get(db, e->ids[i], &row));
		bench_need(row.state == OUT_READY && strstr(row.body, "ciphertext") != NULL);
		outbox_free(&row);
		bench_must(outbox_done(db, e->ids[i]));
	}
	bench_must(db_commit(db, NULL));
}

int
main(int argc, char **argv)
{
	struct encrypt e = { .batch = argc > 2 ? atoi(argv[2]) : 0 };
	char account[] = "node", id[64], user[64];

	bench_need(e.batch > 0 && EVENTS % e.batch == 0);
	bench_node_open(&e.node, argv[1], 0);
	bench_must(db_begin(e.node.app->db, NULL));
	for (int i = 0; i < BENCH_ROOMS; i++) {
		struct room room = { .room_id = id, .account = account, .encrypted = 1, .joined = 1, .ours = 1,
		    .kind = ROOM_CHANNEL };
		struct crypto_user u = { .tracked = 1 };
		struct crypto_device device;

		bench_room(i, id);
		bench_user(i, user);
		u.pid = bench_person(&e.node, user);
		bench_must(room_put(e.node.app->db, &room));
		bench_must(roster_add(e.node.app->db, id, u.pid));
		bench_must(crypto_user_put(e.node.app->db, &u));
		ratchet_account_free(bench_device(&e.node, u.pid, "THEIRDEVICE", &device));
		free(device.device_id);
	}
	bench_must(db_commit(e.node.app->db, NULL));
	(void)bench_serve("durable", one_round, &e);
	bench_node_close(&e.node);
	return EXIT_SUCCESS;
}
