/* SPDX-License-Identifier: Apache-2.0 */
/* stage.h, what the other node's device says: its words, its sessions, its records. */
#include <stdio.h>

#include "app/own.h"
#include "base/canon.h"
#include "crypt/envelope.h"
#include "crypt/machine.h"
#include "domain/directory.h"
#include "stage.h"
#include "store/peoplestore.h"

static struct buf letter_pickle[STAGE_NODES];	/* Olm, from the other one's device. */

/* A Megolm session of the peer's device that node ${to} knows. */
struct voice {
	size_t	 to;
	const char *room;
	char	 id[CRYPT_KEY_TEXT + 1];
	struct buf pickle;		/* At its first position. */
};
/* MADE_MAX, EVENT_MAX: of the dialect's objects so many in an input, none longer than an event may be. */
enum { VOICES = 6, SAID_MAX = 16, MADE_MAX = 32, EVENT_MAX = 65536 };
static unsigned said, asked;		/* Events in this input, and all that it wanted to be made. */
static struct voice voices[VOICES];
static size_t n_voices;
static const uint8_t pickle_key[CRYPT_KEY] = "of the stage";

/* Node ${to} gets a session of the other one's device for ${room}. */
static void
add_voice(size_t to, const char *room)
{
	struct voice *v = &voices[n_voices++];
	const struct crypt *peer = stage[!to].app->crypt;
	struct crypt *me = stage[to].app->crypt;
	autooutbound struct ratchet_outbound *out = NULL;
	autoinbound struct ratchet_inbound *in = NULL;
	autobuf struct buf key = { 0 }, pickle = { 0 };
	struct crypto_inbound row = { .room_id = (char *)(uintptr_t)room };

	*v = (struct voice){ .to = to, .room = room };
	must(ratchet_outbound_new(&stage[to].world, &out));
	must(ratchet_outbound_id(out, v->id));
	must(ratchet_outbound_key(out, &key));
	must(ratchet_outbound_pickle(out, pickle_key, &v->pickle));
	must(ratchet_inbound_new(key.data, &in));
	must(ratchet_inbound_pickle(in, me->pickle_key, &pickle));
	memcpy(row.curve25519, peer->curve25519, CRYPT_KEY);
	must(person_find(me->db, peer->user, &row.pid));
	must(crypto_inbound_add(me->db, v->id, &row, &pickle, world_now(&stage[to].world)));
}

/* The peer's Olm session to node ${to}, as it stands. */
static void
add_letters(size_t to)
{
	struct crypt *peer = stage[!to].app->crypt;
	autosession struct ratchet_session *s = NULL;
	struct crypto_olm *list;
	int64_t pid;
	size_t n;

	must(person_find(peer->db, stage[to].app->crypt->user, &pid));
	must(crypto_olm_list(peer->db, pid, stage[to].app->crypt->curve25519, 1, &list, &n));
	claim(n == 1);
	must(ratchet_session_unpickle(peer->pickle_key, &list[0].pickle, &s));
	must(ratchet_session_pickle(s, pickle_key, &letter_pickle[to]));
	crypto_olm_list_free(list, n);
}

void
stage_peer_open(size_t to)
{
	add_voice(to, stage[to].channel);
	add_voice(to, stage[to].directory);
	add_voice(to, stage[to].direct);
	add_letters(to);
}

void
stage_peer_rewind(void)
{
	said = asked = 0;
}

json_t *
stage_event(size_t i, const char *room, const json_t *inner)
{
	const struct voice *v = NULL;
	autooutbound struct ratchet_outbound *out = NULL;
	autobuf struct buf cipher = { 0 };
	autofree char *text = json_dumps(inner, JSON_COMPACT | JSON_ENCODE_ANY);
	char id[64];

	for (size_t k = 0; k < n_voices; k++)
		if (voices[k].to == i && (v == NULL || (room != NULL && strcmp(voices[k].room, room) == 0)))
			v = &voices[k];
	claim(v != NULL && text != NULL);
	must(ratchet_outbound_unpickle(pickle_key, &v->pickle, &out));
	/* Positions differ within an input, or the second would be a replay. */
	for (unsigned skip = said % SAID_MAX; skip > 0; skip--) {
		autobuf struct buf gone = { 0 };

		must(ratchet_outbound_encrypt(out, "", 0, &gone));
	}
	must(ratchet_outbound_encrypt(out, text, strlen(text), &cipher));
	(void)snprintf(id, sizeof(id), "$%043u", said++ % SAID_MAX);
	return json_pack("{s:s, s:s, s:s, s:I, s:{s:s, s:s, s:s}}", "type", "m.room.encrypted",
	    "sender", stage[!i].cfg.node_user, "event_id", id, "origin_server_ts",
	    (json_int_t)world_now(&stage[i].world),
	    "content", "algorithm", CRYPT_MEGOLM, "session_id", v->id, "ciphertext", cipher.data);
}

static json_t *
letter(size_t i, const json_t *inner)
{
	autosession struct ratchet_session *s = NULL;
	autofree char *text = json_dumps(inner, JSON_COMPACT | JSON_ENCODE_ANY), *body = NULL;
	int type;

	claim(text != NULL);
	must(ratchet_session_unpickle(pickle_key, &letter_pickle[i], &s));
	must(ratchet_session_encrypt(s, &stage[i].world, text, strlen(text), &type, &body));
	return json_pack("{s:s, s:s, s:{s:s, s:s, s:{s:{s:i, s:s}}}}", "type", "m.room.encrypted", "sender",
	    stage[!i].cfg.node_user, "content", "algorithm", CRYPT_OLM, "sender_key", stage[!i].app->crypt->curve_text,
	    "ciphertext", stage[i].app->crypt->curve_text, "type", type, "body", body);
}

/* A record of the peer: what the input leaves out is as it should be. */
static json_t *
record(size_t i, const json_t *wish)
{
	uint8_t seed[ED25519_SEED];
	const char *kind_name = json_str(wish, "kind"), *id = json_str(wish, "id");
	int64_t seq = json_int(wish, "seq", 1), now = world_now(&stage[i].world);
	struct directory_seen before = { .seq = seq > 1 ? seq - 1 : 0 };
	struct directory_record draft = { .kind = DIRECTORY_KIND_PROGRAM,
	    .id = id != NULL ? id : "AAAAAAAAAAAAAAAAAAAAAAAAAA",
	    .org = json_str(wish, "org") != NULL ? json_str(wish, "org") : stage[!i].org,
	    .issued_at = json_int(wish, "issued_at", now - 1000),
	    .expires_at = json_int(wish, "expires_at", now + 86400000), .body = json_object_get(wish, "body") };
	json_t *made = NULL;

	if (kind_name != NULL)
		(void)!directory_kind_parse(kind_name, &draft.kind);
	must(own_seed(stage[!i].app->db, seed));
	(void)snprintf(before.hash, sizeof(before.hash), "%064d", 0);
	if (json_str(wish, "prev") != NULL)
		(void)snprintf(before.hash, sizeof(before.hash), "%.64s", json_str(wish, "prev"));
	if (draft.body == NULL || before.seq >= 9007199254740991 ||
	    directory_seal(&draft, before.seq > 0 ? &before : NULL, seed, &made, NULL) != 0)
		return json_deep_copy(wish);
	if (json_obj(wish, "after") != NULL)
		claim(json_object_update(made, json_obj(wish, "after")) == 0);
	return made;
}

static void
each_object(void *cookie, json_t *object)
{
	size_t i = *(const size_t *)cookie;
	autojson json_t *room = fuzz_ask(object, "$room"), *device = fuzz_ask(object, "$device");
	autojson json_t *signed_body = fuzz_ask(object, "$record"), *made = NULL;

	if ((room != NULL || device != NULL || signed_body != NULL) && (++asked > MADE_MAX ||
	    json_dumpb(object, NULL, 0, 0) + json_dumpb(room != NULL ? room : device, NULL, 0, 0) > EVENT_MAX))
		return;
	if (room != NULL)
		made = stage_event(i, json_str(room, "room_id"), room);
	else if (device != NULL)
		made = letter(i, device);
	else if (signed_body != NULL)
		made = record(i, signed_body);
	/* What stands beside it wins: a hostile server may change all that is outside. */
	if (json_is_object(made))
		claim(json_object_update_missing(object, made) == 0);
}

json_t *
stage_fill(size_t i, const json_t *value)
{
	const struct fuzz_dialect dialect = { .words = stage[i].words, .n = stage[i].n_words, .object = each_object,
	    .cookie = &i };

	return fuzz_fill(&dialect, value);
}
