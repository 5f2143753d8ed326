/* SPDX-License-Identifier: Apache-2.0 */
/* Tracking, pins and eligibility; answers are read in keys_query.c and keys_claim.c. */
#include <errno.h>
#include <string.h>

#include "base/encode.h"
#include "base/id.h"
#include "base/proof.h"
#include "keys.h"
#include "machine.h"
#include "store/peoplestore.h"
#include "store/sharestore.h"

enum { ALARMS_MAX = 200, FINGERPRINT_MAX = 128 };

static int
put_outdated(struct crypt *c, struct crypto_user *u)
{
	bool was_fresh = machine_answered(u);
	int r = crypto_generation_next(c->db, &u->changed);

	if (r != 0)
		return r;
	u->outdated = 1;
	u->tries = u->due = 0;
	if ((r = crypto_user_put(c->db, u)) != 0)
		return r;
	/* Plans to encrypt that counted on the list are made anew. */
	return was_fresh ? crypto_epoch_next(c->db) : 0;
}

/* The user's row, or a fresh one. */
static int
get_user(struct crypt *c, int64_t pid, struct crypto_user *ret)
{
	int r = crypto_user_get(c->db, pid, ret);

	if (r == E_NOTFOUND)
		*ret = (struct crypto_user){ .pid = pid, .outdated = 1 };
	return r < 0 ? r : 0;
}

int
keys_track(struct crypt *c, int64_t pid)
{
	struct crypto_user u;
	int r = get_user(c, pid, &u);

	if (r != 0 || u.tracked)
		return r;
	u.tracked = 1;
	return put_outdated(c, &u);
}

/* 0 and the row of a user whom we track. */
static int
find_tracked(struct crypt *c, const char *user, struct crypto_user *ret)
{
	struct crypto_user u;
	int64_t pid;
	int r;

	if (!id_is_user(user))
		return E_NOTFOUND;
	if ((r = person_find(c->db, user, &pid)) != 0 || (r = crypto_user_get(c->db, pid, &u)) != 0)
		return r;
	if (!u.tracked)
		return E_NOTFOUND;
	*ret = u;
	return 0;
}

int
machine_outdate(struct crypt *c, int64_t pid)
{
	struct crypto_user u;
	int r = get_user(c, pid, &u);

	if (r != 0 || (u.tracked && !machine_answered(&u)))
		return r;
	u.tracked = 1;
	return put_outdated(c, &u);
}

/* A minute, doubling to an hour; after a day of that, a day. */
int64_t
machine_again(int64_t tries)
{
	enum { A_DAY = 36 };
	int64_t wait = machine_backoff(tries, MACHINE_HOUR);

	return tries > A_DAY ? 24 * MACHINE_HOUR : wait > MACHINE_MINUTE ? wait : MACHINE_MINUTE;
}

int
machine_look_again(struct crypt *c, int64_t pid)
{
	enum { AN_HOUR = 13 };	/* The first try that waits so long. */
	struct crypto_user u;
	int64_t at;
	int r = get_user(c, pid, &u);

	if (r != 0 || !u.tracked || u.tries == 0 || !machine_answered(&u))
		return r;
	at = u.queried_at + machine_again(u.tries < AN_HOUR ? u.tries : AN_HOUR);
	if (u.outdated && u.due <= at)
		return 0;
	u.outdated = 1;
	u.due = at;
	return crypto_user_put(c->db, &u);
}

int
keys_changed(struct crypt *c, const char *user)
{
	struct crypto_user u;
	int r = find_tracked(c, user, &u);

	if (r != 0)
		return r < 0 ? r : 0;
	return put_outdated(c, &u);
}

int
keys_left(struct crypt *c, const char *user)
{
	struct crypto_user u;
	int r = find_tracked(c, user, &u);

	if (r != 0)
		return r < 0 ? r : 0;
	u.tracked = 0;
	if ((r = put_outdated(c, &u)) != 0)
		return r;
	return crypto_outbound_rotate_person(c->db, u.pid);
}

int
keys_fresh(struct crypt *c, int64_t pid)
{
	struct crypto_user u;
	int r = crypto_user_get(c->db, pid, &u);

	if (r < 0)
		return r;
	return r == 0 && u.tracked && machine_answered(&u) ? 0 : E_LATER;
}

int64_t
keys_next(struct crypt *c)
{
	return crypto_due(c->db);
}

/* Why a device may not receive keys; NULL: it may. */
static const char *
objection(const struct crypto_user *u, const struct crypto_device *d, bool pinned)
{
	if (d->refused != NULL)
		return d->refused;
	if (u->refused)
		return "the user's master key changed; confirm it with the person, then pin it";
	if (!d->listed)
		return "no longer in the user's device list";
	if (pinned)
		return NULL;
	if (!u->has_master)
		return "the user has no cross-signing identity, and the device is not pinned";
	return d->is_signed ? NULL : "not signed by the user's identity, and not pinned";
}

int
machine_pinned(struct crypt *c, const struct crypto_device *d, bool *ret)
{
	uint8_t key[CRYPT_KEY];
	int r = crypto_pin_get(c->db, d->pid, d->device_id, key);

	if (r < 0)
		return r;
	*ret = r == 0 && memcmp(key, d->ed25519, CRYPT_KEY) == 0;
	return 0;
}

int
machine_eligible(struct crypt *c, int64_t pid)
{
	struct crypto_device *list = NULL;
	struct crypto_user u;
	bool gained = false, lost = false, pinned;
	size_t n = 0;
	int r;

	if ((r = get_user(c, pid, &u)) != 0 || (r = crypto_device_list(c->db, pid, &list, &n)) != 0)
		return r;
	for (size_t i = 0; r == 0 && i < n; i++) {
		struct crypto_device *d = &list[i];
		bool may;

		if ((r = machine_pinned(c, d, &pinned)) != 0)
			break;
		may = objection(&u, d, pinned) == NULL;
		if (may == (d->eligible != 0))
			continue;
		gained |= may;
		lost |= !may;
		d->eligible = may;
		if (!may) {
			d->claim = d->mend = 0;
			r = share_claimed(c->db, pid, d->device_id);	/* To be dropped. */
		}
		if (r == 0)
			r = crypto_device_put(c->db, d);
	}
	crypto_device_list_free(list, n);
	/* A plan never passes a user whose list is awaited, so what such a user
	 * gains it has not missed. */
	if (r == 0 && (lost || (gained && machine_answered(&u))))
		r = crypto_epoch_next(c->db);
	if (r == 0 && gained)
		r = history_add_rooms(c->db, pid);
	return r;
}

/* "AbCd EfGh ..." as people read it out. */
static int
parse_fingerprint(const char *text, uint8_t ret[CRYPT_KEY])
{
	char bare[FINGERPRINT_MAX];
	size_t n = 0;

	for (; *text != '\0'; text++) {
		if (*text == ' ')
			continue;
		if (n == sizeof(bare) - 1)
			return E_BAD;
		bare[n++] = *text;
	}
	bare[n] = '\0';
	return proof_key_b64(bare, ret);
}

int
keys_pin(struct crypt *c, const char *user, const char *device_id, const char *fingerprint,
    struct err *reterr)
{
	autodevice struct crypto_device d = { 0 };
	uint8_t key[CRYPT_KEY];
	struct crypto_user u;
	int64_t pid;
	int r;

	if (!id_is_user(user) || !id_is_device(device_id))
		return err_set(reterr, E_BAD, "the user or device id is malformed");
	if (parse_fingerprint(fingerprint, key) != 0)
		return err_set(reterr, E_BAD, "the fingerprint is not 43 characters of base64 that name "
		    "an Ed25519 key");
	if ((r = person_id(c->db, user, &pid)) != 0 ||
	    (r = crypto_pin_put(c->db, pid, device_id, key)) != 0 || (r = get_user(c, pid, &u)) != 0)
		return r;
	if ((r = crypto_device_get(c->db, pid, device_id, &d)) < 0)
		return r;
	if (r == 0 && memcmp(d.ed25519, key, CRYPT_KEY) != 0) {
		/* Known by another key: the operator says which one holds. */
		if ((r = crypto_device_drop(c->db, pid, device_id)) != 0)
			return r;
		u.tracked = 1;
		return put_outdated(c, &u);
	}
	if (r == 0 && d.refused != NULL) {
		free(take(d.refused));
		if ((r = crypto_device_put(c->db, &d)) != 0)
			return r;
	}
	if ((r = keys_track(c, pid)) != 0 || (r = machine_twins(c, pid)) != 0)
		return r;
	return machine_eligible(c, pid);
}

int
keys_unpin(struct crypt *c, const char *user, const char *device_id)
{
	int64_t pid;
	int r = person_find(c->db, user, &pid);

	if (r != 0 || (r = crypto_pin_drop(c->db, pid, device_id)) != 0)
		return r == E_NOTFOUND ? 0 : r;
	return machine_eligible(c, pid);
}

/*
 * Held to that key from now on.  Signatures were judged under another, so ask again; until the answer nobody encrypts to a user whose
 * list is outdated.
 */
static int
hold_to(struct crypt *c, struct crypto_user *u, const uint8_t key[CRYPT_KEY])
{
	memcpy(u->master, key, CRYPT_KEY);
	u->has_master = true;
	u->refused = u->refused_at = 0;
	u->has_shown = false;
	u->tracked = 1;
	return put_outdated(c, u);
}

/*
 * None from now on, whatever a server shows.  What was signed under one that it showed before was signed by nobody; what was not believed for the
 * sake of that one is asked for again.
 */
static int
hold_to_none(struct crypt *c, struct crypto_user *u)
{
	struct crypto_device *list;
	size_t n;
	int r;

	if (u->pinned && !u->has_master)
		return 0;
	u->pinned = 1;
	u->has_master = u->has_shown = false;
	u->refused = u->refused_at = 0;
	u->tracked = 1;
	if ((r = put_outdated(c, u)) != 0 || (r = crypto_device_list(c->db, u->pid, &list, &n)) != 0)
		return r;
	for (size_t i = 0; r == 0 && i < n; i++) {
		if (!list[i].is_signed)
			continue;
		list[i].is_signed = 0;
		r = crypto_device_put(c->db, &list[i]);
	}
	crypto_device_list_free(list, n);
	if (r != 0 || (r = machine_twins(c, u->pid)) != 0)
		return r;
	return machine_eligible(c, u->pid);
}

int
keys_pin_master(struct crypt *c, const char *user, const char *master, struct err *reterr)
{
	uint8_t key[CRYPT_KEY];
	struct crypto_user u;
	int64_t pid;
	int r;

	if (!id_is_user(user))
		return err_set(reterr, E_BAD, "the user id is malformed");
	if (master != NULL && parse_fingerprint(master, key) != 0)
		return err_set(reterr, E_BAD, "the master key is not 43 characters of base64 that name "
		    "an Ed25519 key");
	if ((r = person_id(c->db, user, &pid)) != 0 || (r = get_user(c, pid, &u)) != 0)
		return r;
	if (master == NULL)
		return hold_to_none(c, &u);
	if (u.has_master && memcmp(u.master, key, CRYPT_KEY) == 0 && !u.refused) {
		if (u.pinned)
			return 0;
		u.pinned = 1;
		if ((r = crypto_user_put(c->db, &u)) != 0)
			return r;
		return machine_twins(c, pid);
	}
	u.pinned = 1;
	return hold_to(c, &u, key);
}

static int
print_doubt(struct crypt *c, int64_t pid, struct keys_doubt *ret, struct crypto_user *u)
{
	int r = get_user(c, pid, u);

	if (r != 0 || !u->refused)
		return r != 0 ? r : E_NOTFOUND;
	*ret = (struct keys_doubt){ .pid = pid, .since = u->refused_at };
	encode_b64(u->master, CRYPT_KEY, ret->held);
	if (u->has_shown)
		encode_b64(u->shown, CRYPT_KEY, ret->shown);
	return 0;
}

int
keys_doubt(struct crypt *c, int64_t pid, struct keys_doubt *ret)
{
	struct crypto_user u;

	return print_doubt(c, pid, ret, &u);
}

int
keys_doubts(struct crypt *c, struct keys_doubt **ret, size_t *ret_n)
{
	autofree struct keys_doubt *list = NULL;
	autofree int64_t *pids = NULL;
	size_t n = 0;
	int r = crypto_user_refused(c->db, KEYS_DOUBTS, &pids, &n);

	if (r != 0)
		return r;
	if ((list = calloc(n + 1, sizeof(*list))) == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++)
		if ((r = keys_doubt(c, pids[i], &list[i])) != 0)
			return r > 0 ? ERR_CORRUPT : r;
	*ret = take(list);
	*ret_n = n;
	return 0;
}

int
keys_accept(struct crypt *c, int64_t pid, const char *master, struct err *reterr)
{
	struct keys_doubt doubt;
	struct crypto_user u;
	uint8_t key[CRYPT_KEY];
	int r;

	if (parse_fingerprint(master, key) != 0)
		return err_set(reterr, E_BAD, "this is not 43 characters of base64 that name an Ed25519 key");
	if ((r = print_doubt(c, pid, &doubt, &u)) != 0)
		return r;
	if (!u.has_shown || memcmp(u.shown, key, CRYPT_KEY) != 0)
		return err_set(reterr, E_REFUSED, u.has_shown ? "the account shows another key now: %s" : "the account shows no key now%s", doubt.shown);
	return hold_to(c, &u, key);
}

int
keys_identity(struct crypt *c, int64_t pid, char ret[CRYPT_KEY_TEXT + 1])
{
	struct crypto_user u;
	int r = get_user(c, pid, &u);

	if (r != 0)
		return r;
	if (!u.has_master)
		return u.answered == 0 || !machine_answered(&u) ? E_LATER : E_NOTFOUND;
	encode_b64(u.master, CRYPT_KEY, ret);
	return u.refused ? E_REFUSED : 0;
}

int
keys_vouched(struct crypt *c, int64_t pid, const char *device_id)
{
	autodevice struct crypto_device d = { 0 };
	struct crypto_user u;
	int r = keys_fresh(c, pid);

	if (r != 0 || (r = get_user(c, pid, &u)) != 0)
		return r;
	if (device_id == NULL || (r = crypto_device_get(c->db, pid, device_id, &d)) == E_NOTFOUND)
		return E_REFUSED;
	/* One that somebody pinned is not enough: its owner signs it. */
	return r != 0 ? r : objection(&u, &d, false) == NULL ? 0 : E_REFUSED;
}

void
keys_list_free(struct device *list, size_t n)
{
	for (size_t i = 0; i < n; i++)
		free(list[i].device_id);
	free(list);
}

int
keys_eligible(struct crypt *c, int64_t pid, struct device **ret, size_t *ret_n)
{
	struct crypto_device *all;
	struct device *list;
	size_t n = 0, total;
	int r;

	if ((r = crypto_device_list(c->db, pid, &all, &total)) != 0)
		return r;
	list = calloc(total + 1, sizeof(*list));
	for (size_t i = 0; list != NULL && i < total; i++) {
		if (!all[i].eligible)
			continue;
		list[n].pid = pid;
		list[n].device_id = take(all[i].device_id);
		memcpy(list[n].ed25519, all[i].ed25519, CRYPT_KEY);
		memcpy(list[n++].curve25519, all[i].curve25519, CRYPT_KEY);
	}
	crypto_device_list_free(all, total);
	if (list == NULL)
		return -ENOMEM;
	*ret = list;
	*ret_n = n;
	return 0;
}

int
keys_explain(struct crypt *c, const char *user, int (*fn)(void *, const char *, const char *, bool,
    const char *), void *cookie)
{
	struct crypto_device *list;
	struct crypto_user u;
	int64_t pid;
	size_t n;
	int r;

	if ((r = person_find(c->db, user, &pid)) != 0)
		return r < 0 ? r : 0;
	if ((r = get_user(c, pid, &u)) != 0 || (r = crypto_device_list(c->db, pid, &list, &n)) != 0)
		return r;
	for (size_t i = 0; r == 0 && i < n; i++) {
		char text[CRYPT_KEY_TEXT + 1];
		const char *why;
		bool pinned;

		if ((r = machine_pinned(c, &list[i], &pinned)) != 0)
			break;
		encode_b64(list[i].ed25519, CRYPT_KEY, text);
		why = objection(&u, &list[i], pinned);
		r = fn(cookie, list[i].device_id, text, why == NULL, why != NULL ? why :
		    pinned ? "pinned by its fingerprint" : u.pinned ?
		    "signed by the user's pinned identity" :
		    "signed by the identity first seen for this user");
	}
	crypto_device_list_free(list, n);
	return r;
}

struct alarm_walk {
	struct crypt	*c;
	int		(*fn)(void *, int64_t, const char *, const char *, const char *);
	void		*cookie;
};

static int
show_alarm(void *cookie, int64_t at, int64_t pid, const char *device_id, const char *text)
{
	struct alarm_walk *w = cookie;
	autofree char *user = NULL;
	int r = pid == 0 ? E_NOTFOUND : person_user(w->c->db, pid, &user);

	return r < 0 ? r : w->fn(w->cookie, at, user != NULL ? user : "", device_id, text);
}

int
keys_alarms_each(struct crypt *c, int (*fn)(void *, int64_t, const char *, const char *, const char *),
    void *cookie)
{
	struct alarm_walk w = { c, fn, cookie };

	return crypto_alarm_each(c->db, ALARMS_MAX, show_alarm, &w);
}
