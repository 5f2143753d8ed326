/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is undone is undone in memory as well: an input whose commit fails, and an item whose
 * handler refuses it, leave no ratchet that the store does not know.
 */
#include <signal.h>
#include <sys/resource.h>

#include "base/canon.h"
#include "base/encode.h"
#include "bench/node.h"
#include "crypt/envelope.h"
#include "store/inbox.h"
#include "tap.h"

#define ROOM	"!chat:partner0.example"

static struct bench_node node;
static struct crypto_device device;	/* Theirs. */
static struct ratchet_account *account;
static struct ratchet_outbound *group;
static char user[64], group_id[CRYPT_KEY_TEXT + 1];

static void
turns(void)
{
	while (node.app->next <= world_now(&node.world))
		bench_tick(&node);
}

/* The answer to the sync that waits; consumes ${answer}. */
static int
synced(json_t *answer)
{
	autofree char *text = json_dumps(answer, JSON_COMPACT);
	struct bench_request *r = bench_request(&node, "/sync?");
	uint64_t id;

	json_decref(answer);
	bench_need(r != NULL && text != NULL);
	id = r->id;
	free(r->path);
	free(r->body);
	*r = (struct bench_request){ 0 };
	return app_answer(node.app, id, 200, -1, text, strlen(text));
}

static json_t *
counts(const char *since)
{
	return json_pack("{s:s, s:{s:i}, s:[s]}", "next_batch", since, "device_one_time_keys_count", "signed_curve25519", 50,
	    "device_unused_fallback_key_types", "signed_curve25519");
}

/* Of the keys that the node uploads, one. */
static void
take_onetime(uint8_t ret[CRYPT_KEY])
{
	struct bench_request *r = bench_request(&node, "/keys/upload");
	static const char answer[] = "{\"one_time_key_counts\":{\"signed_curve25519\":50}}";
	autojson json_t *body = NULL;

	bench_need(r != NULL);
	bench_must(canon_parse(r->body, strlen(r->body), &body, NULL));
	bench_must(decode_b64_exact(json_str(json_object_iter_value(json_object_iter(json_obj(body, "one_time_keys"))),
	    "key"), ret, CRYPT_KEY));
	bench_answer(&node, r, answer, strlen(answer));
}

/* Their first message to the device: a room key. */
static json_t *
letter(const uint8_t onetime[CRYPT_KEY])
{
	autowipe struct buf key = { 0 };
	autofree char *text = NULL, *body = NULL;
	autojson json_t *inner = NULL;
	autosession struct ratchet_session *session = NULL;
	const struct crypt *c = node.app->crypt;
	char ed[CRYPT_KEY_TEXT + 1], curve[CRYPT_KEY_TEXT + 1];
	int type;

	encode_b64(device.ed25519, CRYPT_KEY, ed);
	encode_b64(device.curve25519, CRYPT_KEY, curve);
	bench_must(ratchet_outbound_new(&node.world, &group));
	bench_must(ratchet_outbound_id(group, group_id));
	bench_must(ratchet_outbound_key(group, &key));
	inner = json_pack("{s:s, s:{s:s, s:s, s:s, s:s}, s:s, s:s, s:{s:s}, s:{s:s}}", "type", "m.room_key", "content",
	    "algorithm", CRYPT_MEGOLM, "room_id", ROOM, "session_id", group_id, "session_key", key.data, "sender", user,
	    "recipient", BENCH_USER, "recipient_keys", "ed25519", c->ed_text, "keys", "ed25519", ed);
	bench_need((text = json_dumps(inner, JSON_COMPACT)) != NULL);
	bench_must(ratchet_session_to(account, &node.world, c->curve25519, onetime, &session));
	bench_must(ratchet_session_encrypt(session, &node.world, text, strlen(text), &type, &body));
	return json_pack("{s:s, s:s, s:{s:s, s:s, s:{s:{s:i, s:s}}}}", "type", "m.room.encrypted", "sender", user, "content",
	    "algorithm", CRYPT_OLM, "sender_key", curve, "ciphertext", c->curve_text, "type", type, "body", body);
}

/* The disk takes no more. */
static void
fail_commit(void *cookie, const char *point)
{
	struct rlimit *limit = cookie;

	(void)point;
	bench_must(setrlimit(RLIMIT_FSIZE, limit));
}

static bool
has_key(void)
{
	struct crypto_inbound row;
	bool has;

	bench_must(db_begin(node.app->db, NULL));
	if ((has = crypto_inbound_get(node.app->db, group_id, bench_person(&node, user), &row) == 0))
		crypto_inbound_free(&row);
	bench_must(db_commit(node.app->db, NULL));
	return has;
}

/* The one-time key that a message used is there again when the message comes again. */
static void
test_input(void)
{
	uint8_t onetime[CRYPT_KEY];
	autojson json_t *answer = counts("s2");
	struct rlimit before, none;
	int r;

	bench_must(getrlimit(RLIMIT_FSIZE, &before));
	none = (struct rlimit){ 0, before.rlim_max };
	(void)signal(SIGXFSZ, SIG_IGN);
	take_onetime(onetime);
	turns();
	bench_need(json_object_set_new(answer, "to_device", json_pack("{s:[o]}", "events", letter(onetime))) == 0);
	db_test_hook(node.app->db, fail_commit, &none);
	r = synced(json_incref(answer));
	bench_must(setrlimit(RLIMIT_FSIZE, &before));
	ok(r < 0, "a sync with a first message, whose commit fails");
	db_test_hook(node.app->db, NULL, NULL);
	node.app->next = 0;
	turns();
	ok(!has_key(), "nothing of it is stored");
	bench_must(synced(json_incref(answer)));
	ok(has_key(), "when the same sync comes again, it is opened with the same one-time key");
}

/* Megolm sessions that are held in memory. */
static int
held(void)
{
	int n = 0;

	for (size_t i = 0; i < MACHINE_INBOUND; i++)
		n += node.app->crypt->inbound[i].ratchet != NULL;
	return n;
}

static json_t *
said(const char *since, const char *event_id)
{
	autobuf struct buf cipher = { 0 };
	char curve[CRYPT_KEY_TEXT + 1];
	json_t *answer = counts(since);
	autofree char *inner = bench_text("{\"type\":\"m.room.message\",\"room_id\":\"" ROOM "\",\"content\":{\"body\":\"Hello.\"}}");

	encode_b64(device.curve25519, CRYPT_KEY, curve);
	bench_must(ratchet_outbound_encrypt(group, inner, strlen(inner), &cipher));
	bench_need(json_object_set_new(answer, "rooms", json_pack("{s:{s:{s:{s:b, s:s, s:[{s:s, s:s, s:s, s:I, s:{s:s, s:s, s:s}}]}}}}",
	    "join", ROOM, "timeline", "limited", 0, "prev_batch", "p", "events", "type", "m.room.encrypted", "sender", user,
	    "event_id", event_id, "origin_server_ts", (json_int_t)world_now(&node.world), "content", "algorithm", CRYPT_MEGOLM,
	    "ciphertext", cipher.data, "session_id", group_id)) == 0);
	return answer;
}

static void
test_item(void)
{
	char room[] = ROOM, name[] = "node";
	struct room r = { .room_id = room, .account = name, .kind = ROOM_DIRECT, .encrypted = 1, .joined = 1 };
	int64_t waiting, rejected;

	turns();
	r.pid = device.pid;
	bench_tx(&node, room_put(node.app->db, &r));
	bench_must(synced(said("s3", "$0000000000000000000000000000000000000000001")));
	is_int(held(), 1, "a session that opened a message is held in memory");
	bench_must(db_begin(node.app->db, NULL));
	r.pid = bench_person(&node, "@somebody:else.example");
	bench_must(room_put(node.app->db, &r));
	bench_must(db_commit(node.app->db, NULL));
	turns();
	bench_must(synced(said("s4", "$0000000000000000000000000000000000000000002")));
	bench_tx(&node, inbox_counts(node.app->db, &waiting, &rejected));
	is_int((int)rejected, 1, "a message from a third person is put aside");
	is_int(held(), 0, "and no session is held that its handler may have moved");
}

int
main(void)
{
	const char *dir = getenv("TMPDIR");

	bench_node_open(&node, dir != NULL ? dir : "/tmp", 0);
	bench_user(0, user);
	bench_must(db_begin(node.app->db, NULL));
	account = bench_device(&node, bench_person(&node, user), "THEIRS", &device);
	bench_must(db_commit(node.app->db, NULL));
	turns();
	bench_must(synced(json_pack("{s:s}", "next_batch", "s1")));
	turns();
	test_input();
	test_item();
	ratchet_account_free(account);
	ratchet_outbound_free(group);
	free(device.device_id);
	bench_node_close(&node);
	return done_testing();
}
