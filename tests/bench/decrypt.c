/* SPDX-License-Identifier: Apache-2.0 */
/*
 * decrypt: one /sync with BENCH_ROOMS * BENCH_EACH encrypted events, from the bytes of the
 * answer to the commit: parsed, judged, decrypted, each position noted against replay.
 *
 *	decrypt DIR directory	in directories of trusted partners; nothing handles the events
 *	decrypt DIR chat	in direct chats; each is a message that is stored, sealed
 */
#include <unistd.h>

#include "base/encode.h"
#include "domain/trust.h"
#include "node.h"

struct decrypt {
	struct bench_node node;
	bool	 chat;
	struct crypto_device device[BENCH_ROOMS];
	int	 rounds;
};

/* A session of this room's partner, its key in the store as m.room_key leaves it. */
static struct ratchet_outbound *
begin_session(struct decrypt *d, int i, char id[CRYPT_KEY_TEXT + 1])
{
	struct bench_node *n = &d->node;
	autowipe struct buf key = { 0 }, pickle = { 0 };
	struct ratchet_outbound *out;
	struct ratchet_inbound *in;
	struct crypto_inbound row = { .pid = d->device[i].pid };
	char room[64];

	bench_room(i, room);
	row.room_id = room;
	memcpy(row.curve25519, d->device[i].curve25519, CRYPT_KEY);
	bench_must(ratchet_outbound_new(&n->world, &out));
	bench_must(ratchet_outbound_id(out, id));
	bench_must(ratchet_outbound_key(out, &key));
	bench_must(ratchet_inbound_new(key.data, &in));
	bench_must(ratchet_inbound_pickle(in, n->app->crypt->pickle_key, &pickle));
	bench_must(crypto_inbound_add(n->app->db, id, &row, &pickle, 1));
	ratchet_inbound_free(in);
	return out;
}

static void
add_event(struct decrypt *d, int room, int i, struct ratchet_outbound *out, const char *session, struct buf *body)
{
	autobuf struct buf cipher = { 0 };
	char id[64], user[64], curve[CRYPT_KEY_TEXT + 1];
	char *text;

	bench_room(room, id);
	bench_user(room, user);
	encode_b64(d->device[room].curve25519, CRYPT_KEY, curve);
	text = bench_text(BENCH_INNER, i, id);
	bench_must(ratchet_outbound_encrypt(out, text, strlen(text), &cipher));
	free(text);
	bench_must(buf_printf(body, "%s{\"type\":\"m.room.encrypted\",\"sender\":\"%s\",\"event_id\":\"$%08d%035d\","
	    "\"origin_server_ts\":%" PRId64 ",\"content\":{\"algorithm\":\"" CRYPT_MEGOLM "\",\"ciphertext\":\"%s\","
	    "\"device_id\":\"%s\",\"sender_key\":\"%s\",\"session_id\":\"%s\"},\"unsigned\":{\"age\":%d}}",
	    i > 0 ? "," : "", user, d->rounds, room * BENCH_EACH + i, world_now(&d->node.world), cipher.data,
	    d->device[room].device_id, curve, session, 100 + i));
}

/* As a homeserver would write it. */
static void
write_sync(struct decrypt *d, struct buf *body)
{
	bench_must(buf_printf(body, "{\"next_batch\":\"s%d\",\"device_one_time_keys_count\":{\"signed_curve25519\":50},"
	    "\"device_unused_fallback_key_types\":[\"signed_curve25519\"],\"rooms\":{\"join\":{", ++d->rounds));
	bench_must(db_begin(d->node.app->db, NULL));
	for (int room = 0; room < BENCH_ROOMS; room++) {
		char id[64], session[CRYPT_KEY_TEXT + 1];
		struct ratchet_outbound *out = begin_session(d, room, session);

		bench_room(room, id);
		bench_must(buf_printf(body, "%s\"%s\":{\"timeline\":{\"limited\":false,\"prev_batch\":\"p\",\"events\":[",
		    room > 0 ? "," : "", id));
		for (int i = 0; i < BENCH_EACH; i++)
			add_event(d, room, i, out, session, body);
		bench_must(buf_puts(body, "]},\"state\":{\"events\":[]}}"));
		ratchet_outbound_free(out);
	}
	bench_must(db_commit(d->node.app->db, NULL));
	bench_must(buf_puts(body, "}}}"));
}

static int64_t
count(struct decrypt *d, const char *what)
{
	autojson json_t *reply = bench_ask(&d->node, "list", json_pack("{s:s}", "what", what));

	return (int64_t)json_array_size(json_object_get(json_object_get(reply, "result"), "items"));
}

static void
one_round(void *cookie)
{
	struct decrypt *d = cookie;
	struct bench_node *n = &d->node;
	autobuf struct buf body = { 0 };
	struct bench_request *sync;

	bench_tick(n);
	bench_need((sync = bench_request(n, "/sync")) != NULL);
	write_sync(d, &body);
	bench_turns(n);
	bench_answer(n, sync, body.data, body.len);
	printf("{\"ns\": %" PRId64 ", \"cpu_ns\": %" PRId64 ", \"n\": %d, \"commit_ns\": %" PRId64 ", \"bytes\": %zu}\n",
	    n->all.ns, n->all.cpu_ns, BENCH_ROOMS * BENCH_EACH, n->commit_ns, body.len);
	/* All of it was read, or this is no figure. */
	bench_need(count(d, "waiting") == 0 && count(d, "rejected") == 0);
	for (int i = 0; i < BENCH_ROOMS && !d->chat; i++) {
		uint8_t hash[CRYPTO_HASH];

		bench_need(crypto_index_get(n->app->db, BENCH_ROOMS * (d->rounds - 1) + i + 1, BENCH_EACH - 1, hash) == 0);
	}
}

int
main(int argc, char **argv)
{
	struct decrypt d = { .chat = argc > 2 && !strcmp(argv[2], "chat") };
	char account[] = "node", id[64], user[64];

	bench_need(argc > 2);
	bench_node_open(&d.node, argv[1], d.chat ? 0 : BENCH_ROOMS);
	bench_must(db_begin(d.node.app->db, NULL));
	for (int i = 0; i < BENCH_ROOMS; i++) {
		struct room room = { .room_id = id, .account = account, .encrypted = 1, .joined = 1, .ours = 1,
		    .kind = d.chat ? ROOM_DIRECT : ROOM_DIRECTORY };

		bench_room(i, id);
		bench_user(i, user);
		room.pid = d.chat ? bench_person(&d.node, user) : 0;
		room.subject = d.chat ? NULL : (char *)trust_org_by_node(d.node.app->trust, user)->id;
		bench_must(room_put(d.node.app->db, &room));
		bench_must(roster_add(d.node.app->db, id, bench_person(&d.node, user)));
		ratchet_account_free(bench_device(&d.node, bench_person(&d.node, user), "THEIRDEVICE", &d.device[i]));
	}
	bench_must(db_commit(d.node.app->db, NULL));
	(void)bench_serve("durable", one_round, &d);
	for (int i = 0; i < BENCH_ROOMS; i++)
		free(d.device[i].device_id);
	bench_node_close(&d.node);
	return EXIT_SUCCESS;
}
