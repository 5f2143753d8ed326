/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <string.h>

#include "base/canon.h"
#include "base/encode.h"
#include "base/id.h"
#include "base/proof.h"
#include "envelope.h"
#include "sharing.h"
#include "store/peoplestore.h"
#include "store/sharestore.h"

#define ENCRYPTED	"m.room.encrypted"

enum { KEY_ID_MAX = 320 };

/* The device's one-time key, if it is one and signed by that device, with what it says of itself. */
static int
check_onetime(const struct crypto_device *d, const char *user, uint8_t ret[CRYPT_KEY], bool *ret_fallback)
{
	autojson json_t *given = NULL;
	const json_t *key;
	char key_id[KEY_ID_MAX];
	int r;

	if ((r = canon_parse(d->onetime, strlen(d->onetime), &given, NULL)) != 0)
		return r;
	key = json_object_iter_value(json_object_iter(given));
	(void)snprintf(key_id, sizeof(key_id), "ed25519:%s", d->device_id);
	if (strict_curve(json_str(key, "key"), ret) != 0)
		return E_BAD;
	*ret_fallback = json_is_true(json_object_get(key, "fallback"));
	r = verify_json(key, user, key_id, d->ed25519, NULL);
	return r > 0 ? E_BAD : r;
}

/* Open a session with the claimed key, which is used up either way. */
static int
new_session(struct crypt *c, struct crypto_device *d, const char *user, struct ratchet_session **ret)
{
	struct ratchet_account *a;
	uint8_t onetime[CRYPT_KEY];
	bool fallback = false;
	int r, good;

	if ((good = check_onetime(d, user, onetime, &fallback)) < 0)
		return good;
	/* A fallback key may come again, any other one only once. */
	if (good == 0 && !fallback && (good = crypto_device_use(c->db, d, onetime)) < 0)
		return good;
	free(take(d->onetime));
	d->claim_tries = good == 0 ? 0 : d->claim_tries + 1;
	d->claim_due = good == 0 ? 0 : machine_now(c) + machine_backoff(d->claim_tries, MACHINE_HOUR);
	if ((r = crypto_device_claim(c->db, d)) != 0)
		return r > 0 ? ERR_CORRUPT : r;
	if (good != 0) {
		r = machine_alarm(c, d->pid, d->device_id, good == E_EXISTS ? "a one-time key that was given to us before" :
		    "a one-time key that its device has not signed");
		return r != 0 ? r : E_NOTFOUND;
	}
	if ((r = machine_account(c, &a)) != 0)
		return r;
	return ratchet_session_to(a, c->world, d->curve25519, onetime, ret);
}

/* The session of the device that received last, and its row; or a new one, which has none. */
static int
get_session(struct crypt *c, struct crypto_device *d, const char *user, bool fresh,
    struct ratchet_session **ret, int64_t *ret_n, int64_t *ret_used, int *budget)
{
	struct crypto_olm *list = NULL;
	size_t n = 0;
	int r = fresh ? 0 : crypto_olm_list(c->db, d->pid, d->curve25519, 1, &list, &n);

	if (r != 0)
		return r;
	if (n > 0) {
		*ret_n = list[0].n;
		*ret_used = list[0].used;
		r = ratchet_session_unpickle(c->pickle_key, &list[0].pickle, ret);
	}
	crypto_olm_list_free(list, n);
	*budget -= n == 0 && d->onetime != NULL ? SHARING_NEW : 1;
	if (n > 0)
		return r;
	*ret_n = 0;
	*ret_used = machine_now(c);
	return d->onetime == NULL ? E_NOTFOUND : new_session(c, d, user, ret);
}

static int
plaintext(struct crypt *c, const struct crypto_device *d, const char *user, const char *type,
    const char *content, struct buf *out)
{
	const char *device_keys;
	char their[CRYPT_KEY_TEXT + 1];
	int r = machine_device_keys(c, &device_keys);

	if (r != 0)
		return r;
	/* Types, user ids and base64 need no escapes; the rest is JSON already. */
	encode_b64(d->ed25519, CRYPT_KEY, their);
	return buf_printf(out, "{\"type\":\"%s\",\"content\":%s,\"sender\":\"%s\",\"recipient\":\"%s\","
	    "\"recipient_keys\":{\"ed25519\":\"%s\"},\"keys\":{\"ed25519\":\"%s\"},"
	    "\"sender_device_keys\":%s}", type, content, c->user, user, their, c->ed_text, device_keys);
}

void
sharing_parcel_free(struct sharing_parcel *p)
{
	buf_free(&p->body);
	free(take(p->user));
}

/* The parcel now speaks of this user's devices. */
static int
address(struct crypt *c, struct sharing_parcel *p, int64_t pid)
{
	int r;

	if (p->user != NULL && p->pid == pid)
		return 0;
	free(take(p->user));
	p->pid = pid;
	p->named = false;
	r = person_user(c->db, pid, &p->user);
	return r > 0 ? ERR_CORRUPT : r;
}

/* {"messages": {user: {device: the Olm event's content, ... */
static int
enclose(struct crypt *c, struct sharing_parcel *p, const struct crypto_device *d, int kind, const char *body)
{
	char curve[CRYPT_KEY_TEXT + 1];
	int r = 0;

	if (!p->named)
		r = buf_printf(&p->body, "%s\"%s\":{", p->n == 0 ? "{\"messages\":{" : "},", p->user);
	else
		r = buf_puts(&p->body, ",");
	encode_b64(d->curve25519, CRYPT_KEY, curve);
	if (r != 0 || (r = canon_string(d->device_id, &p->body)) != 0 ||
	    (r = buf_printf(&p->body, ":{\"algorithm\":\"" CRYPT_OLM "\",\"sender_key\":\"%s\",\"ciphertext\":{\"%s\":"
	    "{\"type\":%d,\"body\":\"%s\"}}}", c->curve_text, curve, kind, body)) != 0)
		return r;
	p->named = true;
	p->n++;
	return 0;
}

int
sharing_seal(struct crypt *c, struct sharing_parcel *p, struct crypto_device *d, bool fresh, const char *type,
    const char *content, int *budget)
{
	autosession struct ratchet_session *s = NULL;
	autowipe struct buf text = { 0 }, pickle = { 0 };
	autofree char *body = NULL;
	char id[CRYPT_KEY_TEXT + 1];
	int64_t row = 0, used = 0;
	int r, kind;

	if ((r = address(c, p, d->pid)) != 0 ||
	    (r = get_session(c, d, p->user, fresh, &s, &row, &used, budget)) != 0 ||
	    (r = plaintext(c, d, p->user, type, content, &text)) != 0 ||
	    (r = ratchet_session_encrypt(s, c->world, text.data, text.len, &kind, &body)) != 0 ||
	    (r = ratchet_session_id(s, id)) != 0 ||
	    (r = ratchet_session_pickle(s, c->pickle_key, &pickle)) != 0 ||
	    (r = crypto_olm_put(c->db, d->pid, d->curve25519, row, id, &pickle, used)) != 0)
		return r;
	return enclose(c, p, d, kind, body);
}

int
sharing_post(struct crypt *c, struct sharing_parcel *p, const char *purpose, const char *ref)
{
	int64_t row;
	int r;

	if (p->n == 0)
		return 0;
	if ((r = buf_puts(&p->body, "}}}")) != 0)
		return r;
	r = outbox_todevice(c->db, ENVELOPE_LANE, ENCRYPTED, p->body.data, purpose, ref, &row);
	return r > 0 ? ERR_CORRUPT : r;
}

/* The content of m.room_key: the key as at position 0 (${whole}), or the present one. */
static int
room_key(struct crypt *c, const struct crypto_outbound *s, bool whole, struct buf *out)
{
	autooutbound struct ratchet_outbound *ratchet = NULL;
	autowipe struct buf key = { 0 };
	int r;

	if (whole)
		r = crypto_outbound_first_key(c->db, s->n, &key);
	else if ((r = ratchet_outbound_unpickle(c->pickle_key, &s->pickle, &ratchet)) == 0)
		r = ratchet_outbound_key(ratchet, &key);
	if (r != 0)
		return r > 0 ? ERR_CORRUPT : r;
	return buf_printf(out, "{\"algorithm\":\"" CRYPT_MEGOLM "\",\"room_id\":\"%s\",\"session_id\":\"%s\","
	    "\"session_key\":\"%s\",\"shared_history\":%s}", s->room_id, s->session_id, key.data,
	    s->history ? "true" : "false");
}

/* May the device of this share still have the key?  0 and the device, or E_NOTFOUND. */
static int
still_eligible(struct crypt *c, const struct crypto_outbound *s, const struct share *share,
    struct crypto_device *ret)
{
	autodevice struct crypto_device d = { 0 };
	int r;

	if ((r = roster_has(c->db, s->room_id, share->pid)) != 0 ||
	    (r = crypto_device_get(c->db, share->pid, share->device_id, &d)) != 0)
		return r;
	if (!d.eligible || memcmp(d.curve25519, share->curve25519, CRYPT_KEY) != 0)
		return E_NOTFOUND;
	*ret = d;
	d = (struct crypto_device){ 0 };
	return 0;
}

/*
 * Who was to have the key may not any more.  They may have it all the same: it was sent, and goes again, or nobody heard whether it came.  So the room's
 * next event begins another session.
 */
static int
give_up(struct crypt *c, const struct crypto_outbound *s, const struct share *share)
{
	int r = crypto_outbound_rotate_room(c->db, s->room_id);

	return r != 0 ? r : share_drop(c->db, share);
}

/* In a directory everybody has the first key; elsewhere who had it before the first event may have it again. */
static int
work_one(struct crypt *c, const struct crypto_outbound *s, struct buf *const keys[2],
    struct share *share, struct sharing_parcel *p, const char *ref, int *budget)
{
	autodevice struct crypto_device d = { 0 };
	bool whole = s->history || s->messages == 0 || share->whole;
	int r = still_eligible(c, s, share, &d);

	if (r != 0)
		return r > 0 ? give_up(c, s, share) : r;
	if (keys[whole]->len == 0 && (r = room_key(c, s, whole, keys[whole])) != 0)
		return r;
	r = sharing_seal(c, p, &d, false, "m.room_key", keys[whole]->data, budget);
	if (r == 0) {
		share->whole = whole;
		return share_enter(c->db, share, SHARE_QUEUED, ref);
	}
	if (r < 0)
		return r;
	if (d.claim_due > machine_now(c))
		return share_enter(c->db, share, SHARE_SKIPPED, NULL);
	d.claim = 1;
	if ((r = crypto_device_claim(c->db, &d)) != 0)
		return r;
	return share_enter(c->db, share, SHARE_CLAIM, NULL);
}

int
sharing_work(struct crypt *c, int64_t outbound, int most)
{
	__attribute__((cleanup(crypto_outbound_free))) struct crypto_outbound s = { 0 };
	autoparcel struct sharing_parcel parcel = { 0 };
	autowipe struct buf present = { 0 }, first = { 0 };
	struct buf *keys[] = { &present, &first };
	char ref[ID_LEN + 1];
	struct share *list;
	bool found = false;
	size_t n;
	int budget = c->each == 0 ? SHARING_BUDGET : most < c->left ? most : c->left, before = budget, r;

	id_new(c->world, ref);
	do {
		/* Read no more than can be paid for if all are new. */
		if ((r = share_list(c->db, outbound, SHARE_WANTED, budget > SHARING_NEW ? budget / SHARING_NEW : 1,
		    &list, &n)) != 0)
			return r;
		if (n > 0 && budget > 0 && !found)
			r = crypto_outbound_at(c->db, outbound, &s);
		found |= n > 0;
		for (size_t i = 0; r == 0 && i < n && budget > 0; i++)
			r = work_one(c, &s, keys, &list[i], &parcel, ref, &budget);
		share_list_free(list, n);
	} while (r == 0 && n > 0 && budget > 0);
	c->left -= before - budget;
	if (r == 0)
		r = sharing_post(c, &parcel, ENVELOPE_SHARE, ref);
	if (r != 0)
		return r > 0 ? ERR_CORRUPT : r;
	return found ? E_EXISTS : 0;
}
