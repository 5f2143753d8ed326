/* SPDX-License-Identifier: Apache-2.0 */
/* The homeservers themselves answer as real ones do, and their oracles see what they should. */
#include <string.h>

#include "base/canon.h"
#include "base/cleanup.h"
#include "base/encode.h"
#include "hs.h"
#include "tests/tap.h"

#define A "@a:one.example"
#define B "@b:two.example"

struct client {
	struct hs	*hs;
	char		 token[64], since[64];
	int		 status;
	int64_t		 until;
};

/* ${body} in single quotes.  The answer, or NULL when it is parked or lost; status tells. */
static json_t *
call(struct client *c, const char *method, const char *path, const char *body)
{
	autofree char *full = NULL, *text = body != NULL ? strdup(body) : NULL;
	json_t *answer = NULL;
	int fate;

	if (asprintf(&full, "/_matrix/client/v3/%s", path) < 0)
		abort();
	for (char *p = text; p != NULL && *p != '\0'; p++)
		if (*p == '\'')
			*p = '"';
	fate = hs_request(c->hs, *c->token != '\0' ? c->token : NULL, method, full, text, HS_FIRST,
	    &c->status, &answer, &c->until);
	if (fate != HS_SERVE)
		c->status = fate;
	return answer;
}

static void
login(struct client *c, struct hs *hs, const char *user)
{
	autofree char *body = NULL;
	autojson json_t *answer = NULL;

	*c = (struct client){ .hs = hs };
	if (asprintf(&body, "{'type': 'm.login.password', 'identifier': {'type': 'm.id.user', 'user': '%s'}, "
	    "'password': 'pw', 'device_id': 'DEV'}", user) < 0)
		abort();
	answer = call(c, "POST", "login", body);
	(void)snprintf(c->token, sizeof(c->token), "%s", json_str(answer, "access_token"));
}

static json_t *
sync_now(struct client *c, int timeout)
{
	autofree char *path = NULL;
	json_t *answer;

	if (asprintf(&path, "sync?timeout=%d%s%s", timeout, *c->since != '\0' ? "&since=" : "", c->since) < 0)
		abort();
	answer = call(c, "GET", path, NULL);
	if (answer != NULL)
		(void)snprintf(c->since, sizeof(c->since), "%s", json_str(answer, "next_batch"));
	return answer;
}

static const char *
errcode(const json_t *answer)
{
	return json_str(answer, "errcode");
}

static void
test_keys(struct client *a, struct client *b)
{
	autojson json_t *again = NULL, *other = NULL, *first = NULL, *second = NULL, *third = NULL, *synced = NULL;
	const char *claim = "{'one_time_keys': {'" A "': {'DEV': 'signed_curve25519'}}}";
	const char *path = "one_time_keys";

	json_decref(call(a, "POST", "keys/upload", "{'one_time_keys': {'signed_curve25519:1': {'key': 'x'}, "
	    "'signed_curve25519:2': {'key': 'y'}}, 'fallback_keys': {'signed_curve25519:9': {'key': 'f'}}}"));
	again = call(a, "POST", "keys/upload", "{'one_time_keys': {'signed_curve25519:1': {'key': 'x'}}}");
	is_int(json_int(json_obj(again, "one_time_key_counts"), "signed_curve25519", -1), 2, "the same key again is no change");
	other = call(a, "POST", "keys/upload", "{'one_time_keys': {'signed_curve25519:1': {'key': 'z'}}}");
	ok(a->status == 400 && !strcmp(errcode(other), "M_UNKNOWN") && strstr(json_str(other, "error"), "already exists"),
	    "another key under the same id is refused");
	first = call(b, "POST", "keys/claim", claim);
	second = call(b, "POST", "keys/claim", claim);
	third = call(b, "POST", "keys/claim", claim);
	ok(json_obj(json_obj(json_obj(json_obj(first, path), A), "DEV"), "signed_curve25519:1") != NULL &&
	    json_obj(json_obj(json_obj(json_obj(second, path), A), "DEV"), "signed_curve25519:2") != NULL &&
	    json_obj(json_obj(json_obj(json_obj(third, path), A), "DEV"), "signed_curve25519:9") != NULL,
	    "claims go in order of upload, then to the fallback key");
	synced = sync_now(a, 0);
	ok(json_int(json_obj(synced, "device_one_time_keys_count"), "signed_curve25519", -1) == 0 &&
	    json_array_size(json_arr(synced, "device_unused_fallback_key_types")) == 0, "which a sync tells");
	json_decref(call(a, "POST", "keys/upload", "{'one_time_keys': {'signed_curve25519:1': {'key': 'x'}}}"));
	is_int((int)json_array_size(hs_complaints(a->hs)), 1, "a claimed key id again: a complaint");
}

static void
test_to_device(struct client *a, struct client *b)
{
	const char *body = "{'messages': {'" B "': {'DEV': {'n': 1}}}}";
	autojson json_t *s1 = NULL, *s2 = NULL, *s3 = NULL;

	json_decref(sync_now(b, 0));
	json_decref(call(a, "PUT", "sendToDevice/x/t1", body));
	json_decref(call(a, "PUT", "sendToDevice/x/t1", body));
	s1 = sync_now(b, 0);
	is_int((int)json_array_size(json_arr(json_obj(s1, "to_device"), "events")), 1, "one transaction, one message");
	b->since[0] = '\0';
	s2 = sync_now(b, 0);
	is_int((int)json_array_size(json_arr(json_obj(s2, "to_device"), "events")), 1, "it stays until acknowledged");
	s3 = sync_now(b, 0);
	is_int((int)json_array_size(json_arr(json_obj(s3, "to_device"), "events")), 0, "by the next token");
	json_decref(call(a, "PUT", "sendToDevice/x/t1", "{'messages': {'" B "': {'DEV': {'n': 2}}}}"));
	is_int((int)json_array_size(hs_complaints(a->hs)), 2, "another body under the same transaction: a complaint");
}

static json_t *
room_of(const json_t *synced, const char *part, const char *room)
{
	return json_obj(json_obj(json_obj(synced, "rooms"), part), room);
}

static void
test_room(struct client *a, struct client *b)
{
	autojson json_t *made = call(a, "POST", "createRoom", "{'room_version': '12', 'preset': 'private_chat', "
	    "'invite': ['" B "'], 'is_direct': true}");
	const char *room = json_str(made, "room_id");
	autojson json_t *invited = sync_now(b, 0), *mine = sync_now(a, 0), *refused = NULL, *late = NULL, *seen = NULL;
	autojson json_t *parked = NULL;
	char path[300];

	ok(room != NULL && strchr(room, ':') == NULL, "a room of version 12 has no domain");
	ok(json_array_size(json_arr(json_obj(room_of(invited, "invite", room), "invite_state"), "events")) >= 3,
	    "the invitation shows what the room is");
	is_str(json_str(json_array_get(json_arr(json_obj(room_of(mine, "join", room), "timeline"), "events"), 0), "type"),
	    "m.room.create", "its creator sees all of it");
	(void)snprintf(path, sizeof(path), "join/%s", room);
	refused = call(b, "POST", path, "{}");
	is_int(b->status, 404, "nobody joins from afar without knowing a server");
	(void)snprintf(path, sizeof(path), "join/%s?via=one.example", room);
	json_decref(call(b, "POST", path, "{}"));
	is_int(b->status, 200, "or by way of one");
	late = sync_now(b, 0);
	ok(json_array_size(json_arr(json_obj(room_of(late, "join", room), "timeline"), "events")) == 1 &&
	    json_is_true(json_object_get(json_obj(room_of(late, "join", room), "timeline"), "limited")) &&
	    json_array_size(json_arr(json_obj(room_of(late, "join", room), "state"), "events")) >= 6,
	    "then the sync has the join, and the rest as state");
	(void)snprintf(path, sizeof(path), "rooms/%s/invite", room);
	json_decref(call(a, "POST", path, "{'user_id': '" B "'}"));
	is_int(a->status, 403, "who is in a room cannot be invited");
	json_decref(sync_now(a, 0));
	parked = sync_now(a, 30000);
	ok(parked == NULL && a->status == HS_PARKED, "a sync without news waits");
	(void)snprintf(path, sizeof(path), "rooms/%s/send/m.x/t1", room);
	json_decref(call(b, "PUT", path, "{'n': 1}"));
	json_decref(call(b, "PUT", path, "{'n': 1}"));
	seen = sync_now(a, 30000);
	is_int((int)json_array_size(json_arr(json_obj(room_of(seen, "join", room), "timeline"), "events")), 1,
	    "an event under one transaction comes once");
}

/* A Megolm message of version 3 with ${index} and one byte of ciphertext. */
static void
encrypted(struct client *c, const char *room, const char *txn, uint8_t index, uint8_t byte)
{
	const uint8_t message[] = { 3, 0x08, index, 0x12, 1, byte };
	char text[B64_LEN(sizeof(message)) + 1], path[300], body[300];

	encode_b64(message, sizeof(message), text);
	(void)snprintf(path, sizeof(path), "rooms/%s/send/m.room.encrypted/%s", room, txn);
	(void)snprintf(body, sizeof(body), "{'algorithm': 'm.megolm.v1.aes-sha2', 'session_id': 's', 'ciphertext': '%s'}",
	    text);
	json_decref(call(c, "PUT", path, body));
}

static void
test_ratchet(struct client *a)
{
	const char *room = hs_room(a->hs, NULL, 0);
	size_t before = json_array_size(hs_complaints(a->hs));

	encrypted(a, room, "e1", 5, 1);
	encrypted(a, room, "e2", 6, 1);
	is_int((int)(json_array_size(hs_complaints(a->hs)) - before), 0, "each position once: nothing to complain of");
	encrypted(a, room, "e3", 5, 2);
	is_int((int)(json_array_size(hs_complaints(a->hs)) - before), 1, "a position with two ciphertexts: a complaint");
}

static int64_t
slow(void *cookie, const char *from, const char *to)
{
	(void)cookie, (void)from, (void)to;
	return 500;
}

static enum hs_fate
lose(void *cookie, const struct hs_call *c, int *ret_status, json_t **ret_body)
{
	(void)cookie, (void)ret_status, (void)ret_body;
	return !strcmp(c->method, "PUT") ? HS_LOSE : HS_SERVE;
}

static void
test_script(struct client *a, struct client *b, int64_t *now)
{
	const char *body = "{'messages': {'" B "': {'DEV': {'n': 3}}}}";
	autojson json_t *early = NULL, *late = NULL;

	json_decref(sync_now(b, 0));
	hs_script(a->hs, &(struct hs_script){ .request = lose, .delay = slow });
	json_decref(call(a, "PUT", "sendToDevice/x/t2", body));
	is_int(a->status, HS_LOSE, "an answer is lost");
	early = sync_now(b, 0);
	*now += 500;
	ok(hs_next(a->hs) == *now, "what is under way has its time");
	hs_deliver(a->hs);
	late = sync_now(b, 0);
	ok(json_array_size(json_arr(json_obj(early, "to_device"), "events")) == 0 &&
	    json_array_size(json_arr(json_obj(late, "to_device"), "events")) == 1,
	    "but what was asked for was done, and arrives with its delay");
}

/* How many members of the room the answer shows as its state. */
static int
shown(const json_t *events)
{
	const json_t *event;
	size_t i;
	int n = 0;

	json_array_foreach(events, i, event)
		n += !strcmp(json_str(event, "type"), "m.room.member");
	return n;
}

static json_t *
sync_filtered(struct client *c, bool lazy, const char *since)
{
	autofree char *path = NULL;

	if (asprintf(&path, "sync?timeout=0&filter={\"room\":{\"state\":{\"lazy_load_members\":%s},\"timeline\":{\"limit\":1}}}%s%s",
	    lazy ? "true" : "false", *since != '\0' ? "&since=" : "", since) < 0)
		abort();
	return call(c, "GET", path, NULL);
}

/* Ten more come into the room; one of them leaves, and A says something. */
static void
test_lazy(struct client *a)
{
	const char *room = hs_room(a->hs, NULL, 0);
	autojson json_t *join = json_pack("{s:s}", "membership", "join"), *leave = json_pack("{s:s}", "membership", "leave");
	autojson json_t *x = json_object(), *before = NULL, *whole = NULL, *lazy = NULL, *gap = NULL, *members = NULL, *other = NULL;
	struct client c = *a;
	char path[300], user[40];

	for (int i = 0; i < 10; i++) {
		(void)snprintf(user, sizeof(user), "@m%d:one.example", i);
		hs_inject(a->hs, room, user, "m.room.member", user, join);
	}
	before = sync_filtered(a, false, "");
	hs_inject(a->hs, room, user, "m.room.member", user, leave);
	hs_inject(a->hs, room, "@m5:one.example", "m.x", NULL, x);
	whole = sync_filtered(a, false, "");
	is_int(shown(json_arr(json_obj(room_of(whole, "join", room), "state"), "events")), 12, "a first sync shows all members");
	lazy = sync_filtered(a, true, "");
	is_int(shown(json_arr(json_obj(room_of(lazy, "join", room), "state"), "events")), 7,
	    "a lazy one us, who says something, and five others");
	gap = sync_filtered(a, true, json_str(before, "next_batch"));
	is_int(shown(json_arr(json_obj(room_of(gap, "join", room), "state"), "events")), 1, "who left in a gap is shown, as Synapse does");
	(void)snprintf(path, sizeof(path), "rooms/%s/members", room);
	members = call(a, "GET", path, NULL);
	is_int(shown(json_arr(members, "chunk")), 12, "all members, when asked, also who left");
	login(&c, a->hs, "@c:one.example");
	other = call(&c, "GET", path, NULL);
	is_int(c.status, 403, "but not for somebody who is not there");
}

/* What no node may do is complained of, so that each story with complaints fails. */
static void
test_never(struct hs *hs, struct client *a)
{
	static const char *const asks[][2] = { { "GET", "room_keys/version" }, { "POST", "room_keys/version" }, { "PUT", "room_keys/keys" } };
	size_t before = json_array_size(hs_complaints(hs));
	autojson json_t *made = NULL;
	struct client steward;
	char path[300];

	for (size_t i = 0; i < nelem(asks); i++)
		json_decref(call(a, asks[i][0], asks[i][1], *asks[i][0] == 'G' ? NULL : "{}"));
	is_int((int)(json_array_size(hs_complaints(hs)) - before), (int)nelem(asks), "whoever asks for a key backup: a complaint each time");
	hs_add_user(hs, "@steward:one.example", "pw");
	login(&steward, hs, "@steward:one.example");
	made = call(&steward, "POST", "createRoom", "{'room_version': '12', 'preset': 'private_chat'}");
	before = json_array_size(hs_complaints(hs));
	(void)snprintf(path, sizeof(path), "rooms/%s/state/m.room.name/", json_str(made, "room_id"));
	json_decref(call(&steward, "PUT", path, "{'name': 'x'}"));
	is_int((int)(json_array_size(hs_complaints(hs)) - before), 0, "a steward sets state");
	(void)snprintf(path, sizeof(path), "rooms/%s/send/m.room.message/t1", json_str(made, "room_id"));
	json_decref(call(&steward, "PUT", path, "{'msgtype': 'm.text', 'body': 'x'}"));
	is_int((int)(json_array_size(hs_complaints(hs)) - before), 1, "what it says: a complaint");
}

int
main(void)
{
	int64_t now = 1000000;
	struct hs *hs = hs_new(&now);
	struct client a, b;

	hs_add_user(hs, A, "pw");
	hs_add_user(hs, B, "pw");
	hs_add_user(hs, "@c:one.example", "pw");
	login(&a, hs, A);
	login(&b, hs, B);
	test_keys(&a, &b);
	test_to_device(&a, &b);
	test_room(&a, &b);
	test_ratchet(&a);
	test_lazy(&a);
	test_script(&a, &b, &now);
	test_never(hs, &a);
	hs_free(hs);
	return done_testing();
}
