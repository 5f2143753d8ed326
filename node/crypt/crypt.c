/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <sodium.h>
#include <string.h>

#include "base/canon.h"
#include "base/encode.h"
#include "machine.h"
#include "store/peoplestore.h"

static int
load(struct crypt *c, const struct crypto_account *stored)
{
	int r;

	memcpy(c->pickle_key, stored->pickle_key, CRYPT_KEY);
	if ((r = ratchet_account_unpickle(c->pickle_key, &stored->pickle, &c->account)) != 0 ||
	    (r = ratchet_account_keys(c->account, c->ed25519, c->curve25519)) != 0)
		return r;
	encode_b64(c->ed25519, CRYPT_KEY, c->ed_text);
	encode_b64(c->curve25519, CRYPT_KEY, c->curve_text);
	return 0;
}

int
crypt_open(struct db *db, const struct world *world, const char *user, struct crypt **ret,
    struct err *reterr)
{
	__attribute__((cleanup(crypto_account_free))) struct crypto_account stored = { 0 };
	struct crypt *c;
	int64_t pid;
	int r;

	if ((r = person_find(db, user, &pid)) != 0 || (r = crypto_account_get(db, &stored)) != 0)
		return err_set(reterr, r, r > 0 ? "no device was made yet" : "cannot read our device: %s",
		    db_error(db));
	if (stored.pid != pid)
		return err_set(reterr, E_NOTFOUND, "the stored device belongs to another user");
	if ((c = calloc(1, sizeof(*c))) == NULL)
		return err_set(reterr, -ENOMEM, "out of memory");
	c->db = db;
	c->world = world;
	c->pid = pid;
	c->user = strdup(user);
	c->device_id = take(stored.device_id);
	r = c->user == NULL ? -ENOMEM : load(c, &stored);
	if (r != 0) {
		crypt_free(c);
		return err_set(reterr, r, "our device's account cannot be opened (%s)", err_name(r));
	}
	*ret = c;
	return 0;
}

static void
clear_place(struct machine_inbound *s)
{
	ratchet_inbound_free(take(s->ratchet));
	crypto_inbound_free(&s->row);
}

void
crypt_drop_cache(struct crypt *c)
{
	ratchet_account_free(take(c->account));
	for (size_t i = 0; i < MACHINE_INBOUND; i++)
		clear_place(&c->inbound[i]);
}

void
crypt_free(struct crypt *c)
{
	if (c == NULL)
		return;
	crypt_drop_cache(c);
	free(c->user);
	free(c->device_id);
	free(c->device_keys);
	sodium_memzero(c, sizeof(*c));
	free(c);
}

const char *
crypt_user(const struct crypt *c)
{
	return c->user;
}

const char *
crypt_device(const struct crypt *c)
{
	return c->device_id;
}

int
machine_account(struct crypt *c, struct ratchet_account **ret)
{
	__attribute__((cleanup(crypto_account_free))) struct crypto_account stored = { 0 };
	int r;

	if (c->account == NULL &&
	    ((r = crypto_account_get(c->db, &stored)) != 0 ||
	    (r = ratchet_account_unpickle(c->pickle_key, &stored.pickle, &c->account)) != 0))
		return r > 0 ? ERR_CORRUPT : r;
	*ret = c->account;
	return 0;
}

int
machine_save_account(struct crypt *c)
{
	autowipe struct buf pickle = { 0 };
	int r = ratchet_account_pickle(c->account, c->pickle_key, &pickle);

	return r != 0 ? r : crypto_account_pickle(c->db, &pickle);
}

static json_t *
member(json_t *object, const char *key)
{
	if (json_object_get(object, key) == NULL)
		(void)json_object_set_new(object, key, json_object());
	return json_obj(object, key);
}

int
machine_sign(struct crypt *c, json_t *object)
{
	autojson json_t *bare = json_copy(object);
	autobuf struct buf text = { 0 }, key_id = { 0 };
	struct ratchet_account *a;
	json_t *by_user;
	char sig[87];
	int r;

	if (bare == NULL)
		return -ENOMEM;
	(void)json_object_del(bare, "signatures");
	(void)json_object_del(bare, "unsigned");
	if ((r = canon_dump(bare, &text, NULL)) != 0 || (r = machine_account(c, &a)) != 0 ||
	    (r = ratchet_account_sign(a, text.data, text.len, sig)) != 0 ||
	    (r = buf_printf(&key_id, "ed25519:%s", c->device_id)) != 0)
		return r;
	if ((by_user = member(object, "signatures")) == NULL ||
	    (by_user = member(by_user, c->user)) == NULL ||
	    json_object_set_new(by_user, key_id.data, json_string(sig)) != 0)
		return -ENOMEM;
	return 0;
}

static bool
holds(const struct machine_inbound *s, const char *session_id, int64_t pid)
{
	return s->ratchet != NULL && s->row.pid == pid && strcmp(s->session_id, session_id) == 0;
}

static struct machine_inbound *
find_place(struct crypt *c, const char *session_id, int64_t pid)
{
	struct machine_inbound *oldest = &c->inbound[0];

	for (size_t i = 0; i < MACHINE_INBOUND; i++) {
		struct machine_inbound *s = &c->inbound[i];

		if (holds(s, session_id, pid))
			return s;
		if (oldest->ratchet != NULL && (s->ratchet == NULL || s->used < oldest->used))
			oldest = s;
	}
	clear_place(oldest);
	return oldest;
}

int
machine_inbound(struct crypt *c, const char *session_id, int64_t pid, struct machine_inbound **ret)
{
	struct machine_inbound *s = find_place(c, session_id, pid);
	autowipe struct buf pickle = { 0 };
	int r;

	if (s->ratchet == NULL) {
		if ((r = crypto_inbound_get(c->db, session_id, pid, &s->row)) != 0 ||
		    (r = crypto_inbound_pickle(c->db, session_id, pid, &pickle)) != 0 ||
		    (r = ratchet_inbound_unpickle(c->pickle_key, &pickle, &s->ratchet)) != 0) {
			clear_place(s);
			return r;
		}
		memcpy(s->session_id, session_id, sizeof(s->session_id));
	}
	s->used = ++c->clock;
	*ret = s;
	return 0;
}

void
machine_forget_inbound(struct crypt *c, const char *session_id, int64_t pid)
{
	for (size_t i = 0; i < MACHINE_INBOUND; i++)
		if (holds(&c->inbound[i], session_id, pid))
			clear_place(&c->inbound[i]);
}

int
machine_alarm(struct crypt *c, int64_t pid, const char *device_id, const char *text)
{
	return crypto_alarm_add(c->db, machine_now(c), pid, device_id != NULL ? device_id : "", text);
}

int64_t
machine_backoff(int64_t tries, int64_t most)
{
	enum { SHIFT_MAX = 20 };
	int64_t wait = 1000LL << (tries > SHIFT_MAX ? SHIFT_MAX : tries > 0 ? tries - 1 : 0);

	return wait < most ? wait : most;
}
