/* SPDX-License-Identifier: Apache-2.0 */
/* /keys/query: what the servers say of devices, and what of it is believed. */
#include <errno.h>
#include <string.h>

#include "base/canon.h"
#include "base/encode.h"
#include "base/id.h"
#include "base/proof.h"
#include "keys.h"
#include "machine.h"
#include "store/peoplestore.h"

#define ED		"ed25519:"
#define CURVE		"curve25519:"

enum { QUERY_TIMEOUT = 10000, KEY_ID_MAX = 320 };

int
keys_query_due(struct crypt *c, json_t **ret_body, int64_t *ret_gen)
{
	autojson json_t *users = json_object(), *body = NULL;
	autofree int64_t *pids = NULL;
	int64_t gen, now = machine_now(c);
	size_t n = 0;
	bool alone;
	int r;

	if (users == NULL)
		return -ENOMEM;
	if ((r = crypto_user_due(c->db, now, KEYS_QUERY_MAX, &pids, &n)) != 0)
		return r;
	if (n == 0)
		return E_NOTFOUND;
	for (size_t i = 0; i < n; i++) {
		autofree char *user = NULL;
		struct crypto_user u;

		if ((r = crypto_user_get(c->db, pids[i], &u)) != 0 ||
		    (r = person_user(c->db, pids[i], &user)) != 0)
			return r > 0 ? ERR_CORRUPT : r;
		/* Nobody answers for them; they are heard of again, or their key comes back. */
		if (person_is_lost(user)) {
			u.due = now + KEYS_LOST_MS;
			if ((r = crypto_user_put(c->db, &u)) != 0)
				return r;
			continue;
		}
		/* Whoever was in two failed queries may be why: asked alone, they fail no others. */
		alone = u.tries > 1 && !machine_answered(&u);
		if (alone && json_object_size(users) > 0)
			continue;
		/* When the query was made whose answer we have, where there is one. */
		if (machine_answered(&u))
			u.due = now;
		else
			u.queried_at = now;
		if ((r = crypto_user_put(c->db, &u)) != 0)
			return r;
		if (json_object_set_new(users, user, json_array()) != 0)
			return -ENOMEM;
		if (alone)
			break;
	}
	if (json_object_size(users) == 0)
		return E_NOTFOUND;
	if ((r = crypto_generation_next(c->db, &gen)) != 0)
		return r;
	if ((body = json_pack("{s:O, s:i}", "device_keys", users, "timeout", QUERY_TIMEOUT)) == NULL)
		return -ENOMEM;
	*ret_body = take(body);
	*ret_gen = gen;
	return 0;
}

static int
back_off(struct crypt *c, struct crypto_user *u, int64_t now, int64_t most)
{
	u->tries++;
	u->due = now + machine_backoff(u->tries, most);
	return crypto_user_put(c->db, u);
}

int
keys_query_failed(struct crypt *c, const json_t *sent, int64_t now)
{
	const char *user;
	json_t *ids;

	json_object_foreach(json_obj(sent, "device_keys"), user, ids) {
		struct crypto_user u;
		int64_t pid;
		int r;

		if ((r = person_find(c->db, user, &pid)) == 0 &&
		    (r = crypto_user_get(c->db, pid, &u)) == 0 && u.outdated)
			r = back_off(c, &u, now, machine_answered(&u) ? MACHINE_HOUR : MACHINE_MINUTE);
		if (r < 0)
			return r;
	}
	return 0;
}

static bool
holds_string(const json_t *array, const char *want)
{
	for (size_t i = 0; i < json_array_size(array); i++) {
		const char *s = json_string_value(json_array_get(array, i));

		if (s != NULL && strcmp(s, want) == 0)
			return true;
	}
	return false;
}

static bool
member_is(const json_t *object, const char *key, const char *want)
{
	const char *s = json_str(object, key);

	return s != NULL && strcmp(s, want) == 0;
}

/* A cross-signing key object of this user and use: its one key.  0 or E_BAD. */
static int
cross_key(const json_t *object, const char *user, const char *usage, uint8_t ret[CRYPT_KEY])
{
	json_t *keys = json_obj(object, "keys");
	void *it = json_object_iter(keys);
	const char *id = json_object_iter_key(it), *text = json_string_value(json_object_iter_value(it));

	if (!member_is(object, "user_id", user) || !holds_string(json_arr(object, "usage"), usage) ||
	    json_object_size(keys) != 1 || text == NULL || strncmp(id, ED, strlen(ED)) != 0 ||
	    strcmp(id + strlen(ED), text) != 0)
		return E_BAD;
	return proof_key_b64(text, ret);
}

/* What one answer says of one user. */
struct view {
	const char	*user;
	struct crypto_user *u;
	bool		 has_self;	/* A self-signing key under the master key we hold to. */
	char		 master_id[CRYPT_KEY_TEXT + 1], self_id[CRYPT_KEY_TEXT + 1];
	uint8_t		 self[CRYPT_KEY];
};

static int
read_identity(struct crypt *c, struct view *v, const json_t *answer)
{
	const json_t *master = json_obj(json_obj(answer, "master_keys"), v->user);
	const json_t *self = json_obj(json_obj(answer, "self_signing_keys"), v->user);
	char key_id[KEY_ID_MAX];
	uint8_t key[CRYPT_KEY];
	bool same;
	int r;

	v->u->has_shown = false;
	if (master == NULL || cross_key(master, v->user, "master", key) != 0)
		return 0;
	/* Nobody whose word counts gave them one: it is the server's own. */
	if (v->u->pinned && !v->u->has_master)
		return 0;
	same = v->u->has_master && memcmp(v->u->master, key, CRYPT_KEY) == 0;
	/* Whose key the trust list names needs no person to say which counts, once that is shown. */
	if (same && v->u->pinned)
		v->u->refused = v->u->refused_at = 0;
	if (v->u->has_master && (v->u->refused || !same)) {
		/* Until a person says which counts (keys_doubts). */
		if (!v->u->refused)
			v->u->refused_at = machine_now(c);
		v->u->refused = 1;
		v->u->has_shown = true;
		memcpy(v->u->shown, key, CRYPT_KEY);
		return 0;
	}
	memcpy(v->u->master, key, CRYPT_KEY);
	v->u->has_master = true;
	encode_b64(key, CRYPT_KEY, v->master_id);
	if (self == NULL || cross_key(self, v->user, "self_signing", v->self) != 0)
		return 0;
	(void)snprintf(key_id, sizeof(key_id), ED "%s", v->master_id);
	if ((r = verify_json(self, v->user, key_id, key, NULL)) != 0)
		return r < 0 ? r : 0;
	encode_b64(v->self, CRYPT_KEY, v->self_id);
	v->has_self = true;
	return 0;
}

/* A device's entry: form, points, own signature.  0, E_BAD or negative. */
static int
read_device(const struct view *v, const char *id, const json_t *object, struct crypto_device *d)
{
	const json_t *algorithms = json_arr(object, "algorithms"), *keys = json_obj(object, "keys");
	char ed_id[KEY_ID_MAX], curve_id[KEY_ID_MAX], self_id[KEY_ID_MAX];
	int r;

	if (!id_is_user(v->user) || !id_is_device(id) || !member_is(object, "user_id", v->user) ||
	    !member_is(object, "device_id", id) || !holds_string(algorithms, CRYPT_OLM) ||
	    !holds_string(algorithms, CRYPT_MEGOLM))
		return E_BAD;
	(void)snprintf(ed_id, sizeof(ed_id), ED "%s", id);
	(void)snprintf(curve_id, sizeof(curve_id), CURVE "%s", id);
	if (proof_key_b64(json_str(keys, ed_id), d->ed25519) != 0 ||
	    strict_curve(json_str(keys, curve_id), d->curve25519) != 0)
		return E_BAD;
	if ((r = verify_json(object, v->user, ed_id, d->ed25519, NULL)) != 0)
		return r < 0 ? r : E_BAD;
	d->is_signed = 0;
	if (v->has_self) {
		(void)snprintf(self_id, sizeof(self_id), ED "%s", v->self_id);
		if ((r = verify_json(object, v->user, self_id, v->self, NULL)) < 0)
			return r;
		d->is_signed = r == 0;
	}
	d->listed = 1;
	return 0;
}

static int
refuse_device(struct crypt *c, struct crypto_device *d, const char *why)
{
	int r;

	if (machine_is_twin(d))
		free(take(d->refused));	/* Which may pass; this does not. */
	if (d->refused == NULL && (d->refused = strdup(why)) == NULL)
		return -ENOMEM;
	if ((r = crypto_device_put(c->db, d)) != 0)
		return r;
	return machine_alarm(c, d->pid, d->device_id, why);
}

static bool
same_keys(const struct crypto_device *a, const struct crypto_device *b)
{
	return memcmp(a->ed25519, b->ed25519, CRYPT_KEY) == 0 && memcmp(a->curve25519, b->curve25519, CRYPT_KEY) == 0;
}

/*
 * Does its owner say this of the device, by the identity that we hold to or the key that is pinned?  ${ret_hearsay}: they could, and do not, and it
 * is another word than theirs was: it is as if the device were not listed, neither believed nor held against it.
 */
static int
weigh(struct crypt *c, const struct view *v, const struct crypto_device *known, const struct crypto_device *seen, bool *ret_owner,
    bool *ret_hearsay)
{
	uint8_t pin[CRYPT_KEY];
	int r = crypto_pin_get(c->db, known->pid, known->device_id, pin);

	if (r < 0)
		return r;
	*ret_owner = seen->is_signed || (r == 0 && memcmp(pin, seen->ed25519, CRYPT_KEY) == 0);
	*ret_hearsay = !*ret_owner && (v->u->has_master || r == 0) && (known->is_signed || !same_keys(known, seen));
	return 0;
}

/* What is known of the device, or of a new one.  0; E_EXISTS: what is seen does not count. */
static int
find_known(struct crypt *c, const struct view *v, const char *id, const struct crypto_device *seen, struct crypto_device *ret, bool *ret_new)
{
	bool pinned, owner, hearsay;
	int r = crypto_device_get(c->db, v->u->pid, id, ret);

	*ret_new = r == E_NOTFOUND;
	if (r < 0)
		return r;
	if (r == 0) {
		if ((r = machine_pinned(c, ret, &pinned)) != 0 || (r = weigh(c, v, ret, seen, &owner, &hearsay)) != 0)
			return r;
		if (hearsay) {
			r = same_keys(ret, seen) ? 0 : machine_alarm(c, v->u->pid, id, "keys that its owner did not sign were shown as this device's");
			return r != 0 ? r : E_EXISTS;
		}
		/* Nor does what only a server said stand in the way of the owner's word. */
		if (!owner || ret->is_signed || pinned || same_keys(ret, seen))
			return 0;
		if ((r = crypto_device_drop(c->db, v->u->pid, id)) != 0)
			return r;
		crypto_device_free(ret);
		*ret_new = true;
	}
	ret->pid = v->u->pid;
	if ((ret->device_id = strdup(id)) == NULL)
		return -ENOMEM;
	memcpy(ret->ed25519, seen->ed25519, CRYPT_KEY);
	memcpy(ret->curve25519, seen->curve25519, CRYPT_KEY);
	return machine_twin_new(c, ret);
}

static int
store_device(struct crypt *c, const struct view *v, const char *id, const json_t *object,
    json_t *listed)
{
	autodevice struct crypto_device known = { 0 }, seen = { 0 };
	bool fresh;
	int r;

	if ((r = read_device(v, id, object, &seen)) != 0)
		return r < 0 ? r : 0;
	if (strcmp(id, v->master_id) == 0 || strcmp(id, v->self_id) == 0)
		return machine_alarm(c, v->u->pid, id, "a device named like a cross-signing key");
	if ((r = find_known(c, v, id, &seen, &known, &fresh)) != 0)
		return r == E_EXISTS ? 0 : r;
	if (json_object_set_new(listed, id, json_true()) != 0)
		return -ENOMEM;
	if (!same_keys(&known, &seen))
		return refuse_device(c, &known, "its keys changed");
	if (!fresh && known.listed == seen.listed && known.is_signed == seen.is_signed)
		return 0;
	known.listed = 1;
	known.is_signed = seen.is_signed;
	return crypto_device_put(c->db, &known);
}

/* Devices that are no longer shown, or no longer well-formed.  Whether they were signed is kept: it says whose key is whose (twins.c). */
static int
unlist_others(struct crypt *c, int64_t pid, const json_t *listed)
{
	struct crypto_device *known;
	size_t n;
	int r = crypto_device_list(c->db, pid, &known, &n);

	if (r != 0)
		return r;
	for (size_t i = 0; r == 0 && i < n; i++) {
		if (!known[i].listed || json_object_get(listed, known[i].device_id) != NULL)
			continue;
		known[i].listed = 0;
		r = crypto_device_put(c->db, &known[i]);
	}
	crypto_device_list_free(known, n);
	return r;
}

/*
 * The answer is stored.  Who has no device that may receive keys, but had one, is asked for again: it may have been a false answer, and no sync
 * needs to say so.
 */
static int
answered(struct crypt *c, struct crypto_user *u, int64_t gen, bool again)
{
	struct crypto_device *list;
	bool eligible = false, had = false, pinned = false;
	size_t n;
	int r = crypto_device_list(c->db, u->pid, &list, &n);

	if (r != 0)
		return r;
	for (size_t i = 0; r == 0 && i < n; i++) {
		eligible |= list[i].eligible != 0;
		if ((r = machine_pinned(c, &list[i], &pinned)) == 0)
			had |= pinned || list[i].is_signed != 0;
	}
	crypto_device_list_free(list, n);
	if (r != 0)
		return r;
	u->answered = gen;
	u->tries = eligible || u->changed > gen ? 0 : again ? u->tries + 1 : 1;
	u->due = u->tries > 0 ? machine_now(c) + machine_again(u->tries) : 0;
	if (u->changed <= gen)
		u->outdated = !eligible && had && (!u->refused || u->pinned);
	return crypto_user_put(c->db, u);
}

/* What servers show and take back does not fill the store: rows beyond KEYS_DEVICES_MAX of what is gone go, those that nobody signed first. */
static int
forget_gone(struct crypt *c, int64_t pid)
{
	struct crypto_device *list;
	size_t n, left;
	int r = crypto_device_list(c->db, pid, &list, &n);

	if (r != 0)
		return r;
	left = n;
	for (int with_signed = 0; with_signed <= 1; with_signed++) {
		for (size_t i = 0; r == 0 && i < n && left > KEYS_DEVICES_MAX; i++) {
			const struct crypto_device *d = &list[i];
			bool pinned;

			if (d->listed || d->eligible || (d->is_signed != 0) != (with_signed != 0) || (r = machine_pinned(c, d, &pinned)) != 0 || pinned)
				continue;
			left--;
			r = crypto_device_drop(c->db, pid, d->device_id);
		}
	}
	crypto_device_list_free(list, n);
	return r;
}

static int
answer_user(struct crypt *c, const char *user, int64_t gen, const json_t *answer)
{
	json_t *list = json_obj(json_obj(answer, "device_keys"), user), *object;
	autojson json_t *listed = json_object();
	struct crypto_user u;
	struct view v = { .user = user, .u = &u };
	const char *id;
	size_t looked_at = 0;
	bool again;
	int64_t pid;
	int r;

	if ((r = person_find(c->db, user, &pid)) != 0 || (r = crypto_user_get(c->db, pid, &u)) != 0)
		return r < 0 ? r : 0;
	if (u.answered >= gen)
		return 0;	/* A newer answer came first. */
	if (list == NULL)
		return back_off(c, &u, machine_now(c), MACHINE_HOUR);
	if ((again = machine_answered(&u)))
		u.queried_at = u.due;
	if (listed == NULL)
		return -ENOMEM;
	if ((r = read_identity(c, &v, answer)) != 0)
		return r;
	json_object_foreach(list, id, object) {
		if (++looked_at > KEYS_DEVICES_MAX) {
			r = machine_alarm(c, pid, NULL, "more devices than are looked at");
			break;
		}
		if ((r = store_device(c, &v, id, object, listed)) != 0)
			break;
	}
	if (r != 0 || (r = unlist_others(c, pid, listed)) != 0)
		return r;
	if ((r = crypto_user_put(c->db, &u)) != 0 || (r = machine_twins(c, pid)) != 0 || (r = machine_eligible(c, pid)) != 0)
		return r;
	if ((r = forget_gone(c, pid)) != 0)
		return r;
	return answered(c, &u, gen, again);
}

int
keys_query_answer(struct crypt *c, const json_t *sent, int64_t gen, const json_t *answer,
    struct err *reterr)
{
	const char *user;
	json_t *ids;
	int r;

	if (json_obj(answer, "device_keys") == NULL)
		return err_set(reterr, E_BAD, "the answer to /keys/query has no device_keys");
	json_object_foreach(json_obj(sent, "device_keys"), user, ids)
		if ((r = answer_user(c, user, gen, answer)) != 0)
			return err_set(reterr, r, "device keys cannot be stored (%s)", err_name(r));
	return 0;
}
