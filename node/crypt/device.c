/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <string.h>

#include "base/canon.h"
#include "base/encode.h"
#include "base/id.h"
#include "device.h"
#include "machine.h"
#include "store/outbox.h"
#include "store/peoplestore.h"

#define SIGNED_CURVE	"signed_curve25519"
#define UPLOAD_PATH	"/_matrix/client/v3/keys/upload"
#define DAY		(24 * MACHINE_HOUR)

enum {
	ONETIME_AIM	= 50,		/* Half of what libolm keeps. */
	SKIP_BATCH	= 100,
	SKIP_ROUNDS	= 20,
};

int
device_create(struct db *db, const struct world *world, const char *user, const char *device_id,
    struct err *reterr)
{
	__attribute__((cleanup(crypto_account_free))) struct crypto_account stored = { 0 };
	autoaccount struct ratchet_account *a = NULL;
	int r;

	if (!id_is_user(user) || !id_is_device(device_id))
		return err_set(reterr, E_BAD, "the user or device id is malformed");
	world_random(world, stored.pickle_key, sizeof(stored.pickle_key));
	if ((r = ratchet_account_new(world, &a)) != 0 ||
	    (r = ratchet_account_pickle(a, stored.pickle_key, &stored.pickle)) != 0 ||
	    (r = person_id(db, user, &stored.pid)) != 0)
		return err_set(reterr, r, "cannot make a device (%s)", err_name(r));
	if ((stored.device_id = strdup(device_id)) == NULL)
		return err_set(reterr, -ENOMEM, "out of memory");
	r = crypto_account_add(db, &stored);
	if (r == -EEXIST)
		return err_set(reterr, E_EXISTS, "a device was made before");
	return r == 0 ? 0 : err_set(reterr, r, "cannot store the new device: %s", db_error(db));
}

int
device_replace(struct db *db, const struct world *world, const char *device_id)
{
	__attribute__((cleanup(crypto_account_free))) struct crypto_account stored = { 0 };
	autoaccount struct ratchet_account *a = NULL;
	int r = crypto_account_get(db, &stored);

	if (r != 0)
		return r > 0 ? ERR_CORRUPT : r;
	free(take(stored.device_id));
	buf_wipe(&stored.pickle);
	if ((stored.device_id = strdup(device_id)) == NULL)
		return -ENOMEM;
	/* The key of the pickles stays: what came by the old device can be read. */
	if ((r = ratchet_account_new(world, &a)) != 0 ||
	    (r = ratchet_account_pickle(a, stored.pickle_key, &stored.pickle)) != 0)
		return r;
	return crypto_account_renew(db, &stored);
}

int
device_lost(struct db *db, const struct world *world)
{
	__attribute__((cleanup(crypto_account_free))) struct crypto_account a = { 0 };
	autoaccount struct ratchet_account *fresh = NULL;
	int r = crypto_account_lost(db, &a);

	if (r != 0)
		return r;
	world_random(world, a.pickle_key, sizeof(a.pickle_key));
	if ((r = ratchet_account_new(world, &fresh)) != 0 ||
	    (r = ratchet_account_pickle(fresh, a.pickle_key, &a.pickle)) != 0 || (r = crypto_account_key(db, &a)) != 0)
		return r;
	return crypto_account_renew(db, &a);
}

int
machine_device_keys(struct crypt *c, const char **ret)
{
	autobuf struct buf curve = { 0 }, edward = { 0 };
	autojson json_t *keys = NULL;
	int r;

	if (c->device_keys == NULL) {
		if ((r = buf_printf(&curve, "curve25519:%s", c->device_id)) != 0 ||
		    (r = buf_printf(&edward, "ed25519:%s", c->device_id)) != 0)
			return r;
		keys = json_pack("{s:s, s:s, s:[s,s], s:{s:s, s:s}}", "user_id", c->user,
		    "device_id", c->device_id, "algorithms", CRYPT_OLM, CRYPT_MEGOLM,
		    "keys", curve.data, c->curve_text, edward.data, c->ed_text);
		if (keys == NULL)
			return -ENOMEM;
		if ((r = machine_sign(c, keys)) != 0 || (r = canon_text(keys, &c->device_keys, NULL)) != 0)
			return r;
	}
	*ret = c->device_keys;
	return 0;
}

int
device_keys_json(struct crypt *c, json_t **ret)
{
	const char *text;
	int r = machine_device_keys(c, &text);

	return r != 0 ? r : canon_parse(text, strlen(text), ret, NULL);
}

const char *
device_fingerprint(const struct crypt *c)
{
	return c->ed_text;
}

/* Forget what has aged: the fallback key before this one, message hashes. */
static int
age(struct crypt *c, struct crypto_account *stored)
{
	int64_t now = machine_now(c);
	struct ratchet_account *a;
	int r;

	if (stored->forget_at != 0 && now >= stored->forget_at) {
		if ((r = machine_account(c, &a)) != 0)
			return r;
		ratchet_account_forget_fallback(a);
		stored->forget_at = 0;
		if ((r = machine_save_account(c)) != 0)
			return r;
	}
	return crypto_hash_age(c->db, now - 90 * DAY);
}

/* The keys of the upload that waited are there. */
static int
published(struct crypt *c, struct crypto_account *stored, const json_t *answer)
{
	autojson json_t *fallback = NULL;
	struct ratchet_account *a;
	long long count = json_int(json_obj(answer, "one_time_key_counts"), SIGNED_CURVE, -1);
	int r;

	if ((r = machine_account(c, &a)) != 0 || (r = ratchet_account_fallback(a, &fallback)) != 0)
		return r;
	if (json_object_size(fallback) > 0) {
		stored->fallback_unused = 1;
		stored->forget_at = machine_now(c) + MACHINE_HOUR;
	}
	ratchet_account_published(a);
	if (count >= 0)
		stored->onetime = count;
	if ((r = machine_save_account(c)) != 0)
		return r;
	return crypto_account_state(c->db, stored);
}

/*
 * Nothing but an upload of ours adds keys: the one that waits for its answer has arrived.  Sent
 * again, it would offer keys once more that somebody may have taken meanwhile.  One that
 * was never tried did not: a count can be older than the answer to the upload before it.
 * The device keys are offered until an answer came: they are the same each time, and a server that
 * counts wrongly would else keep them from everybody.
 */
static int
arrived(struct crypt *c, struct crypto_account *stored)
{
	int r = outbox_may_have_left(c->db, DEVICE_PURPOSE, c->device_id);

	if (r != 0)
		return r == E_NOTFOUND ? 0 : r;
	r = outbox_void(c->db, DEVICE_PURPOSE, c->device_id);
	return r != 0 ? r : published(c, stored, NULL);
}

int
device_counts(struct crypt *c, int64_t onetime, bool have_unused_fallback)
{
	__attribute__((cleanup(crypto_account_free))) struct crypto_account stored = { 0 };
	int64_t forget_at;
	int r;

	if ((r = crypto_account_get(c->db, &stored)) != 0)
		return r > 0 ? ERR_CORRUPT : r;
	if (onetime < 0)
		onetime = 0;
	if (onetime > stored.onetime && (r = arrived(c, &stored)) != 0)
		return r;
	forget_at = stored.forget_at;
	if ((r = age(c, &stored)) != 0)
		return r;
	if (stored.onetime == onetime && stored.fallback_unused == have_unused_fallback &&
	    stored.forget_at == forget_at)
		return 0;
	stored.onetime = onetime;
	stored.fallback_unused = have_unused_fallback;
	return crypto_account_state(c->db, &stored);
}

/* Make keys where they lack; never while some are unpublished. */
static int
make_keys(struct crypt *c, struct ratchet_account *a, struct crypto_account *stored,
    json_t **ret_onetime, json_t **ret_fallback)
{
	autojson json_t *onetime = NULL, *fallback = NULL;
	int64_t now = machine_now(c), age_ms = now - stored->fallback_at;
	bool made = false;
	int r;

	if ((r = ratchet_account_onetime(a, &onetime)) != 0 ||
	    (r = ratchet_account_fallback(a, &fallback)) != 0)
		return r;
	if (json_object_size(onetime) == 0 && stored->onetime < ONETIME_AIM) {
		json_decref(take(onetime));
		if ((r = ratchet_account_make_onetime(a, c->world,
		    (size_t)(ONETIME_AIM - stored->onetime))) != 0 ||
		    (r = ratchet_account_onetime(a, &onetime)) != 0)
			return r;
		made = true;
	}
	/* A count that crossed our upload must not rotate twice: wait an hour. */
	if (json_object_size(fallback) == 0 && (stored->fallback_at == 0 || age_ms >= 7 * DAY ||
	    (!stored->fallback_unused && age_ms >= MACHINE_HOUR))) {
		json_decref(take(fallback));
		if ((r = ratchet_account_make_fallback(a, c->world)) != 0 ||
		    (r = ratchet_account_fallback(a, &fallback)) != 0)
			return r;
		stored->fallback_at = now;
		made = true;
	}
	if (made && ((r = machine_save_account(c)) != 0 || (r = crypto_account_state(c->db, stored)) != 0))
		return r;
	*ret_onetime = take(onetime);
	*ret_fallback = take(fallback);
	return 0;
}

/* {"signed_curve25519:ID": {"key": ..., "signatures": ...}, ...} */
static int
sign_keys(struct crypt *c, json_t *keys, bool fallback, json_t **ret)
{
	autojson json_t *all = json_object();
	const char *id;
	json_t *key;

	if (all == NULL)
		return -ENOMEM;
	json_object_foreach(keys, id, key) {
		autobuf struct buf name = { 0 };
		autojson json_t *object = json_pack("{s:O}", "key", key);
		int r;

		if (object == NULL ||
		    (fallback && json_object_set_new(object, "fallback", json_true()) != 0))
			return -ENOMEM;
		if ((r = buf_printf(&name, SIGNED_CURVE ":%s", id)) != 0 ||
		    (r = machine_sign(c, object)) != 0)
			return r;
		if (json_object_set(all, name.data, object) != 0)
			return -ENOMEM;
	}
	*ret = take(all);
	return 0;
}

static int
add_keys(struct crypt *c, json_t *body, const char *name, json_t *keys, bool fallback)
{
	autojson json_t *all = NULL;
	int r;

	if (json_object_size(keys) == 0)
		return 0;
	if ((r = sign_keys(c, keys, fallback, &all)) != 0)
		return r;
	return json_object_set(body, name, all) == 0 ? 0 : -ENOMEM;
}

int
device_upload(struct crypt *c)
{
	__attribute__((cleanup(crypto_account_free))) struct crypto_account stored = { 0 };
	autojson json_t *body = json_object(), *onetime = NULL, *fallback = NULL, *identity = NULL;
	struct ratchet_account *a;
	int r;

	if (body == NULL)
		return -ENOMEM;
	if ((r = outbox_pending(c->db, DEVICE_PURPOSE, c->device_id)) != E_NOTFOUND)
		return r == 0 ? E_EXISTS : r;
	if ((r = crypto_account_get(c->db, &stored)) != 0 || (r = machine_account(c, &a)) != 0 ||
	    (r = make_keys(c, a, &stored, &onetime, &fallback)) != 0)
		return r > 0 ? ERR_CORRUPT : r;
	if (!stored.uploaded && ((r = device_keys_json(c, &identity)) != 0 ||
	    json_object_set(body, "device_keys", identity) != 0))
		return r < 0 ? r : -ENOMEM;
	if ((r = add_keys(c, body, "one_time_keys", onetime, false)) != 0 ||
	    (r = add_keys(c, body, "fallback_keys", fallback, true)) != 0)
		return r;
	if (json_object_size(body) == 0)
		return E_NOTFOUND;
	return outbox_call(c->db, "node", DEVICE_LANE, "POST", UPLOAD_PATH, body, DEVICE_PURPOSE,
	    c->device_id);
}

/* An upload that was made while the device keys were there, and waits, gets them too. */
static int
complete(void *cookie, const struct out *out)
{
	struct crypt *c = cookie;
	autojson json_t *body = NULL, *identity = NULL;
	int r;

	if (strcmp(out->purpose, DEVICE_PURPOSE) != 0)
		return 0;
	if ((r = canon_parse(out->body, strlen(out->body), &body, NULL)) != 0)
		return r > 0 ? ERR_CORRUPT : r;
	if ((r = device_keys_json(c, &identity)) != 0)
		return r;
	if (json_object_set(body, "device_keys", identity) != 0)
		return -ENOMEM;
	return outbox_rebody(c->db, out->id, body);
}

int
device_renew(struct crypt *c)
{
	__attribute__((cleanup(crypto_account_free))) struct crypto_account stored = { 0 };
	int r = crypto_account_get(c->db, &stored);

	if (r != 0)
		return r > 0 ? ERR_CORRUPT : r;
	if ((r = outbox_each(c->db, OUT_READY, complete, c)) != 0)
		return r;
	stored.uploaded = 0;
	return crypto_account_state(c->db, &stored);
}

/* The number in a key id of libolm (base64 of 32 bits), 0 if it is none. */
static uint32_t
key_number(const char *id)
{
	uint8_t n[4];

	if (decode_b64_exact(id, n, sizeof(n)) != 0)
		return 0;
	return (uint32_t)n[0] << 24 | (uint32_t)n[1] << 16 | (uint32_t)n[2] << 8 | n[3];
}

/* "One time key signed_curve25519:AAAAAQ already exists. ...", as Synapse says it. */
static bool
names_taken(const json_t *answer, uint32_t *ret)
{
	enum { ID = 6 };
	const char *text = json_str(answer, "error"), *at;
	char id[ID + 1] = "";

	if (text == NULL || strstr(text, "already exists") == NULL)
		return false;
	if ((at = strstr(text, SIGNED_CURVE ":")) != NULL)
		(void)strncat(id, at + strlen(SIGNED_CURVE ":"), ID);
	*ret = key_number(id);
	return true;
}

/* The server knows keys under ids that we are about to use: our store is older
 * than it believed.  Leave those ids behind. */
static int
heal(struct crypt *c, struct crypto_account *stored, uint32_t taken)
{
	struct ratchet_account *a;
	uint32_t newest = 0;
	int r;

	if ((r = machine_alarm(c, 0, NULL, "the server holds one-time keys that this store does not "
	    "know: was an old copy restored?")) != 0 || (r = machine_account(c, &a)) != 0)
		return r;
	ratchet_account_published(a);
	for (int i = 0; i < SKIP_ROUNDS && newest < taken; i++) {
		autojson json_t *keys = NULL;
		const char *id;
		json_t *key;

		if ((r = ratchet_account_make_onetime(a, c->world, SKIP_BATCH)) != 0 ||
		    (r = ratchet_account_onetime(a, &keys)) != 0)
			return r;
		json_object_foreach(keys, id, key)
			if (key_number(id) > newest)
				newest = key_number(id);
		ratchet_account_published(a);
	}
	if ((r = ratchet_account_make_fallback(a, c->world)) != 0 || (r = machine_save_account(c)) != 0)
		return r;
	stored->onetime = 0;
	stored->fallback_at = machine_now(c);
	return crypto_account_state(c->db, stored);
}

int
device_uploaded(struct crypt *c, int status, const json_t *answer)
{
	__attribute__((cleanup(crypto_account_free))) struct crypto_account stored = { 0 };
	uint32_t taken;
	int r;

	if ((r = crypto_account_get(c->db, &stored)) != 0)
		return r > 0 ? ERR_CORRUPT : r;
	if (status == 200) {
		stored.uploaded = 1;
		return published(c, &stored, answer);
	}
	if (status != 400 || !names_taken(answer, &taken))
		return E_LATER;
	/* A server that says so of whatever it is given would have us make keys all day. */
	if (c->healed_at != 0 && machine_now(c) - c->healed_at < MACHINE_HOUR)
		return E_LATER;
	c->healed_at = machine_now(c);
	return heal(c, &stored, taken);
}
