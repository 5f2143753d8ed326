/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Keys: a stranger takes all of them, and some in the moment in which an upload
 * arrives, so that what is uploaded again may be taken already; with one death at each named point; see points.h.
 */
#include <stdio.h>
#include <string.h>

#include "base/canon.h"
#include "base/encode.h"
#include "crypt/olm.h"
#include "hostile.h"
#include "hs_world.h"
#include "points.h"
#include "store/cryptostore.h"
#include "story.h"

#define EVE		"@eve:evil.example"

enum {
	PIECE_MS = 1000, PIECES = 900, QUIET_MS = 300 * 1000, HOUR_MS = 3600 * 1000,
	FULL = 50, FEW = 10,		/* One-time keys. */
};

struct thief {
	struct client	 client;
	json_t		*taken;		/* {key id: base64} */
	json_t		*before;	/* The count of uploads seen. */
	bool		 busy;
};

static struct thief thief;

static const struct hs_device *
device(const struct host *h)
{
	return hs_user(h->hs, SOURCE_USER)->devices;
}

static void
take_key(struct host *h)
{
	autojson json_t *answer = client_call(&thief.client, "POST", "keys/claim", json_pack("{s:{s:{s:s}}}",
	    "one_time_keys", SOURCE_USER, device(h)->id, "signed_curve25519"));
	json_t *keys = json_obj(json_obj(json_obj(answer, "one_time_keys"), SOURCE_USER), device(h)->id), *key;
	const char *id;

	json_object_foreach(keys, id, key) {
		const char *held = json_str(thief.taken, id);

		if (held != NULL && strcmp(held, json_str(key, "key")) != 0)
			hs_complain(h->hs, "two keys under the id %s", id);
		else if (held != NULL && !json_is_true(json_object_get(key, "fallback")))
			hs_complain(h->hs, "one-time key %s was given out twice", id);
		(void)json_object_set(thief.taken, id, json_object_get(key, "key"));
	}
}

/* An upload that was seen before comes again: meanwhile others took keys of it. */
static enum hs_fate
watch_upload(void *cookie, const struct hs_call *call, int *ret_status, json_t **ret_body)
{
	struct host *h = cookie;

	(void)ret_status, (void)ret_body;
	if (strstr(call->path, "/keys/upload") == NULL || thief.busy)
		return HS_SERVE;
	if (thief.before != NULL && json_equal(thief.before, call->body)) {
		thief.busy = true;
		for (int i = 0; i < 3; i++)
			take_key(h);
		thief.busy = false;
	}
	json_decref(thief.before);
	thief.before = json_deep_copy(call->body);
	return HS_SERVE;
}

static bool
is_full(const struct host *h)
{
	return json_object_size(device(h)->onetime) == FULL && device(h)->fallback != NULL && !device(h)->fallback_used;
}

static const char *
play_keys(struct host *h)
{
	thief = (struct thief){ .taken = json_object() };
	client_login(&thief.client, h, EVE);
	hs_script(h->hs, &(struct hs_script){ .request = watch_upload, .cookie = h });
	for (int i = 0; i < FEW; i++)
		take_key(h);
	for (int i = 0; json_object_size(device(h)->onetime) < FULL; i++) {
		if (i == PIECES)
			return "a few keys are not refilled";
		host_run(h, 10 * PIECE_MS);
	}
	/* All of them, and the fallback key. */
	while (json_object_size(device(h)->onetime) > 0)
		take_key(h);
	take_key(h);
	if (!device(h)->fallback_used)
		return "the fallback key was not given out";
	/* The fallback key is changed after an hour at the earliest. */
	host_run(h, 5 * PIECE_MS);
	*h->now += HOUR_MS;
	for (int i = 0; i < PIECES; i++) {
		host_run(h, 10 * PIECE_MS);
		if (is_full(h))
			return NULL;
	}
	return "the keys are not refilled";
}

/* A message made with this key, as a stranger makes it: does it open a session? */
static bool
opens(struct ratchet_account *account, const char *text)
{
	autoaccount struct ratchet_account *other = NULL;
	autosession struct ratchet_session *out = NULL, *in = NULL;
	struct world world = world_real();
	autofree char *body = NULL;
	uint8_t edward[CRYPT_KEY], curve[CRYPT_KEY], key[CRYPT_KEY];
	struct olm_message message;
	int type;

	return strict_curve(text, key) == 0 && ratchet_account_keys(account, edward, curve) == 0 &&
	    ratchet_account_new(&world, &other) == 0 && ratchet_session_to(other, &world, curve, key, &out) == 0 &&
	    ratchet_session_encrypt(out, &world, "x", 1, &type, &body) == 0 &&
	    strict_olm(type, body, &message, NULL) == 0 && ratchet_session_from(account, &message, &in) == 0;
}

/* libolm numbers its keys; after the name of the algorithm stands the number, in base64. */
static uint32_t
number_of(const char *id)
{
	uint8_t n[4] = { 0 };
	const char *at = strchr(id, ':');

	if (at == NULL || decode_b64_exact(at + 1, n, sizeof(n)) != 0)
		return 0;
	return (uint32_t)n[0] << 24 | (uint32_t)n[1] << 16 | (uint32_t)n[2] << 8 | n[3];
}

/*
 * Every key that the server has, or gave away, is one of which we hold the private part.  (But of 2 * FULL + FEW that
 * were made, and none used, libolm gives up the FEW oldest.)
 */
static const char *
judge_private(struct host *h)
{
	__attribute__((cleanup(crypto_account_free))) struct crypto_account stored = { 0 };
	autoaccount struct ratchet_account *account = NULL;
	autojson json_t *all = json_copy(thief.taken);
	struct db *db;
	size_t lost = 0;
	const char *id;
	json_t *key;

	json_object_foreach(device(h)->onetime, id, key)
		(void)json_object_set(all, id, json_object_get(key, "key"));
	json_object_foreach(device(h)->fallback, id, key)
		(void)json_object_set(all, id, json_object_get(key, "key"));
	db = hostile_db(h, SOURCE);
	if (crypto_account_get(db, &stored) != 0 ||
	    ratchet_account_unpickle(stored.pickle_key, &stored.pickle, &account) != 0)
		host_fail(h, "the account cannot be read");
	json_object_foreach(all, id, key)
		if (number_of(id) > FEW && !opens(account, json_string_value(key))) {
			printf("# %s opens nothing\n", id);
			lost++;
		}
	hostile_go_on(h, SOURCE, db);
	return lost > 0 ? "a key was lost" : NULL;
}

static const char *
judge_keys(struct host *h)
{
	const char *wrong;

	host_run(h, QUIET_MS);
	if (!is_full(h))
		return "the keys are not refilled";
	if (json_object_size(thief.taken) <= FULL)
		return "fewer keys were given out than there were";
	if ((wrong = judge_private(h)) != NULL)
		return wrong;
	if (device(h)->next != NULL || !story_clean(h, SOURCE) || story_count(h, SOURCE, "outbox") > 0)
		return "something is left to be done";
	return story_complaints(h) > 0 ? "the homeservers complain" : NULL;
}

static const struct points_story keys = {
	.name = "keys", .role = { [SOURCE] = "node" }, .play = play_keys, .judge = judge_keys,
};

static void
test_keys(void)
{
	struct host h;

	story_open(&h, points_seed(6));
	(void)story_add(&h, "opendoor", "opendoor.example");
	points_test(&h, &keys);
	host_close(&h);
}

int
main(void)
{
	test_keys();
	return points_done();
}
