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

/* The device's one-time key, if it is one and signed by that device. */
static int
check_onetime(const struct crypto_device *d, const char *user, uint8_t ret[CRYPT_KEY])
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
	r = verify_json(key, user, key_id, d->ed25519, NULL);
	return r > 0 ? E_BAD : r;
}

/* Open a session with the claimed key, which is used up either way. */
static int
new_session(struct crypt *c, struct crypto_device *d, const char *user, struct ratchet_session **ret)
{
	struct ratchet_account *a;
	uint8_t onetime[CRYPT_KEY];
	int r, good;

	if (d->onetime == NULL)
		return E_NOTFOUND;
	if ((good = check_onetime(d, user, onetime)) < 0)
		return good;
	free(take(d->onetime));
	d->claim_tries = good == 0 ? 0 : d->claim_tries + 1;
	d->claim_due = good == 0 ? 0 : machine_now(c) + machine_backoff(d->claim_tries, MACHINE_HOUR);
	if ((r = crypto_device_put(c->db, d)) != 0)
		return r;
	if (good != 0) {
		r = machine_alarm(c, d->pid, d->device_id, "a one-time key that its device has not signed");
		return r != 0 ? r : E_NOTFOUND;
	}
	if ((r = machine_account(c, &a)) != 0)
		return r;
	return ratchet_session_to(a, c->world, d->curve25519, onetime, ret);
}

/* The session of the device that received last, or a new one. */
static int
get_session(struct crypt *c, struct crypto_device *d, const char *user, bool fresh,
    struct ratchet_session **ret, int64_t *ret_used, int *budget)
{
	struct crypto_olm *list = NULL;
	size_t n = 0;
	int r = fresh ? 0 : crypto_olm_list(c->db, d->curve25519, 1, &list, &n);

	if (r != 0)
		return r;
	if (n > 0) {
		*ret_used = list[0].used;
		r = ratchet_session_unpickle(c->pickle_key, &list[0].pickle, ret);
		crypto_olm_list_free(list, n);
		*budget -= 1;
		return r;
	}
	crypto_olm_list_free(list, n);
	*ret_used = machine_now(c);
	*budget -= SHARING_NEW;
	return new_session(c, d, user, ret);
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

int
sharing_seal(struct crypt *c, struct crypto_device *d, bool fresh, const char *type,
    const char *content, char **ret, int *budget)
{
	autosession struct ratchet_session *s = NULL;
	autowipe struct buf text = { 0 }, pickle = { 0 }, message = { 0 };
	autofree char *user = NULL, *body = NULL;
	char id[CRYPT_KEY_TEXT + 1];
	int64_t used;
	int r, kind;

	if ((r = person_user(c->db, d->pid, &user)) != 0)
		return r > 0 ? ERR_CORRUPT : r;
	if ((r = get_session(c, d, user, fresh, &s, &used, budget)) != 0 ||
	    (r = plaintext(c, d, user, type, content, &text)) != 0 ||
	    (r = ratchet_session_encrypt(s, c->world, text.data, text.len, &kind, &body)) != 0 ||
	    (r = ratchet_session_id(s, id)) != 0 ||
	    (r = ratchet_session_pickle(s, c->pickle_key, &pickle)) != 0 ||
	    (r = crypto_olm_put(c->db, d->curve25519, id, &pickle, used)) != 0 ||
	    (r = buf_printf(&message, "%d%s", kind, body)) != 0)
		return r;
	*ret = buf_take(&message);
	return *ret != NULL ? 0 : -ENOMEM;
}

/* The content of m.room_key: in a directory the first key, elsewhere the present one. */
static int
room_key(struct crypt *c, const struct crypto_outbound *s, struct buf *out)
{
	autooutbound struct ratchet_outbound *ratchet = NULL;
	autowipe struct buf key = { 0 };
	int r;

	if (s->history)
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

static int
work_one(struct crypt *c, const struct crypto_outbound *s, const char *content,
    const struct share *share, int *budget)
{
	autodevice struct crypto_device d = { 0 };
	autofree char *message = NULL;
	int r = still_eligible(c, s, share, &d);

	if (r != 0)
		return r > 0 ? share_drop(c->db, share) : r;
	r = sharing_seal(c, &d, false, "m.room_key", content, &message, budget);
	if (r == 0)
		return share_enter(c->db, share, SHARE_SEALED, message, NULL);
	if (r < 0)
		return r;
	if (d.claim_due > machine_now(c))
		return share_enter(c->db, share, SHARE_SKIPPED, NULL, NULL);
	d.claim = 1;
	if ((r = crypto_device_put(c->db, &d)) != 0)
		return r;
	return share_enter(c->db, share, SHARE_CLAIM, NULL, NULL);
}

int
sharing_work(struct crypt *c, int64_t outbound, int *budget)
{
	__attribute__((cleanup(crypto_outbound_free))) struct crypto_outbound s = { 0 };
	autowipe struct buf content = { 0 };
	struct share *list;
	size_t n = 0, i = 0;
	int r;

	if ((r = share_list(c->db, outbound, SHARE_WANTED, SHARING_BUDGET, &list, &n)) != 0)
		return r;
	if (n > 0 && (r = crypto_outbound_at(c->db, outbound, &s)) == 0)
		r = room_key(c, &s, &content);
	for (; r == 0 && i < n && *budget > 0; i++)
		r = work_one(c, &s, content.data, &list[i], budget);
	share_list_free(list, n);
	if (r != 0)
		return r > 0 ? ERR_CORRUPT : r;
	return i < n || n == SHARING_BUDGET ? E_EXISTS : 0;
}

/* Add messages[user][device] = the Olm event's content. */
static int
add_message(struct crypt *c, json_t *messages, const struct share *share)
{
	autofree char *user = NULL;
	char curve[CRYPT_KEY_TEXT + 1];
	json_t *devices, *content;
	int r = person_user(c->db, share->pid, &user);

	if (r != 0 || share->message == NULL)
		return r < 0 ? r : ERR_CORRUPT;
	if (json_object_get(messages, user) == NULL)
		(void)json_object_set_new(messages, user, json_object());
	devices = json_object_get(messages, user);
	encode_b64(share->curve25519, CRYPT_KEY, curve);
	content = json_pack("{s:s, s:s, s:{s:{s:i, s:s}}}", "algorithm", CRYPT_OLM,
	    "sender_key", c->curve_text, "ciphertext", curve, "type", share->message[0] - '0',
	    "body", share->message + 1);
	return json_object_set_new(devices, share->device_id, content) == 0 ? 0 : -ENOMEM;
}

int
sharing_flush(struct crypt *c, int64_t outbound)
{
	autojson json_t *messages = json_object(), *body = NULL;
	char ref[ID_LEN + 1];
	struct share *list;
	int64_t row;
	size_t n;
	int r;

	if (messages == NULL)
		return -ENOMEM;
	if ((r = share_list(c->db, outbound, SHARE_SEALED, ENVELOPE_BATCH, &list, &n)) != 0)
		return r;
	id_new(c->world, ref);
	for (size_t i = 0; r == 0 && i < n; i++)
		if ((r = add_message(c, messages, &list[i])) == 0)
			r = share_enter(c->db, &list[i], SHARE_QUEUED, NULL, ref);
	share_list_free(list, n);
	if (r != 0 || n == 0)
		return r > 0 ? ERR_CORRUPT : r;
	if ((body = json_pack("{s:O}", "messages", messages)) == NULL)
		return -ENOMEM;
	r = outbox_todevice(c->db, ENVELOPE_LANE, ENCRYPTED, body, ENVELOPE_SHARE, ref, &row);
	return r == 0 ? E_EXISTS : r;
}
