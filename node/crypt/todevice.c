/* SPDX-License-Identifier: Apache-2.0 */
/*
 * envelope.h, to-device events.  Everything is decrypted and checked in memory
 * first; sessions, one-time keys and effects are written only for a message
 * that stands, so that a forged one costs its sender the work and us nothing.
 */
#include <errno.h>
#include <sodium.h>
#include <string.h>

#include "base/canon.h"
#include "base/encode.h"
#include "base/id.h"
#include "base/proof.h"
#include "envelope.h"
#include "keys.h"
#include "machine.h"
#include "store/sharestore.h"
#include "store/stranger.h"

enum {
	FAILURES_MAX	= 20,		/* Per device and minute; more are not tried. */
	SESSIONS_MAX	= 20000,	/* Megolm sessions kept per user ... */
	SESSIONS_STRANGER = 50,		/* ... and per stranger. */
	TAKEN_MAX	= 20000,	/* Olm messages known again per user ... */
	TAKEN_STRANGER	= 100,		/* ... and per stranger. */
	KEY_ID_MAX	= 320,
};

/* What arrived, taken apart. */
struct letter {
	const char	*sender;
	uint8_t		 sender_key[CRYPT_KEY];
	struct olm_message message;
	uint8_t		 hash[CRYPTO_HASH];
};

static int
copy(const char *text, char **ret)
{
	return (*ret = strdup(text)) != NULL ? 0 : -ENOMEM;
}

static bool
member_is(const json_t *object, const char *key, const char *want)
{
	const char *s = json_str(object, key);

	return s != NULL && strcmp(s, want) == 0;
}

static bool
member_is_key(const json_t *object, const char *key, const uint8_t want[CRYPT_KEY])
{
	const char *s = json_str(object, key);
	uint8_t got[CRYPT_KEY];

	return s != NULL && decode_b64_exact(s, got, sizeof(got)) == 0 &&
	    memcmp(got, want, CRYPT_KEY) == 0;
}

static int
read_letter(struct crypt *c, const json_t *event, struct letter *l, struct err *reterr)
{
	const json_t *content = json_obj(event, "content"), *ours, *kind;
	crypto_hash_sha256_state st;
	uint8_t type;
	int r;

	l->sender = json_str(event, "sender");
	if (!member_is(event, "type", "m.room.encrypted"))
		return err_set(reterr, E_REFUSED, "it arrived in clear");
	if (!id_is_user(l->sender))
		return err_set(reterr, E_REFUSED, "its sender is not a user id");
	if (!member_is(content, "algorithm", CRYPT_OLM))
		return err_set(reterr, E_REFUSED, "to-device events are encrypted with Olm only");
	if (strict_curve(json_str(content, "sender_key"), l->sender_key) != 0)
		return err_set(reterr, E_REFUSED, "its sender_key is not a sound Curve25519 key");
	ours = json_obj(json_obj(content, "ciphertext"), c->curve_text);
	kind = json_object_get(ours, "type");
	if (!json_is_integer(kind) || json_str(ours, "body") == NULL ||
	    json_integer_value(kind) < 0 || json_integer_value(kind) > 1)
		return err_set(reterr, E_REFUSED, "it holds no Olm message for this device");
	type = (uint8_t)json_integer_value(kind);
	if ((r = strict_olm(type, json_str(ours, "body"), &l->message, reterr)) != 0)
		return r < 0 ? r : E_REFUSED;
	if (type == 0 && memcmp(l->message.identity, l->sender_key, CRYPT_KEY) != 0)
		return err_set(reterr, E_REFUSED, "its sender_key is not the one within");
	(void)crypto_hash_sha256_init(&st);
	(void)crypto_hash_sha256_update(&st, l->sender_key, CRYPT_KEY);
	(void)crypto_hash_sha256_update(&st, &type, 1);
	(void)crypto_hash_sha256_update(&st, (const unsigned char *)l->message.body, l->message.len);
	(void)crypto_hash_sha256_final(&st, l->hash);
	return 0;
}

/*
 * The key is not in its sender's list.  Ask, unless we asked after it had arrived: then the list may be an old one of our homeserver's, who
 * delivers what a new device says at once and only then asks its server; that it changed is shown in a sync.
 */
static int
ask_for_device(struct crypt *c, int64_t pid, int64_t received, const char *why, struct err *reterr)
{
	struct crypto_user u;
	int r;

	if ((r = crypto_user_get(c->db, pid, &u)) < 0)
		return r;
	if (r == 0 && u.tracked && machine_answered(&u) && u.queried_at >= received)
		return err_set(reterr, machine_now(c) - received < ENVELOPE_UNLISTED_MS ? E_LATER : E_REFUSED, "%s", why);
	if ((r = machine_outdate(c, pid)) != 0)
		return r;
	return err_set(reterr, E_LATER, "its sender's device is not known yet");
}

/* Of several devices of one user with one key, the one that is most likely the true one. */
static int
worth(const struct crypto_device *d)
{
	return d->eligible ? 3 : d->refused != NULL ? 0 : d->listed ? 2 : 1;
}

static int
find_device(struct crypt *c, const struct letter *l, int64_t pid, int64_t received,
    struct crypto_device *ret, struct err *reterr)
{
	struct crypto_device *list;
	size_t n, found;
	int r = crypto_device_by_key(c->db, l->sender_key, &list, &n);

	if (r != 0)
		return r;
	found = n;
	for (size_t i = 0; i < n; i++)
		if (list[i].pid == pid && (found == n || worth(&list[i]) > worth(&list[found])))
			found = i;
	if (found < n) {
		*ret = list[found];
		list[found] = (struct crypto_device){ 0 };
	}
	crypto_device_list_free(list, n);
	if (found == n)
		return ask_for_device(c, pid, received, n > 0 ? "its key belongs to another user's device" :
		    "it comes from a device that is not in its sender's list", reterr);
	/* Whoever speaks with a key that others show too proves that it is theirs; with ours nobody does. */
	if (ret->refused == NULL || (machine_is_twin(ret) && memcmp(ret->curve25519, c->curve25519, CRYPT_KEY) != 0))
		return 0;
	return err_set(reterr, E_REFUSED, "it comes from a refused device: %s", ret->refused);
}

/* Decrypt with one of the sessions we have with ${pid}'s device: 0, the session and its row; E_REFUSED if one
 * should have worked and did not, E_NOTFOUND if there is none for it. */
static int
try_known(struct crypt *c, const struct letter *l, int64_t pid, struct ratchet_session **ret, int64_t *ret_row,
    struct buf *plain)
{
	struct crypto_olm *list;
	size_t n;
	int r = crypto_olm_list(c->db, pid, l->sender_key, CRYPTO_SESSIONS, &list, &n), result = E_NOTFOUND;

	if (r != 0)
		return r;
	for (size_t i = 0; r == 0 && result != 0 && i < n; i++) {
		autosession struct ratchet_session *s = NULL;

		if ((r = ratchet_session_unpickle(c->pickle_key, &list[i].pickle, &s)) != 0)
			break;
		if (l->message.type == 0 && !ratchet_session_matches(s, &l->message))
			continue;
		if ((result = ratchet_session_decrypt(s, &l->message, plain)) < 0)
			r = result;
		else if (result == 0) {
			*ret = take(s);
			*ret_row = list[i].n;
		} else if (l->message.type == 0)
			break;	/* It matched: a broken session, not a new one. */
	}
	crypto_olm_list_free(list, n);
	return r != 0 ? r : result;
}

/* 0; ${ret_row} is 0 if the session was opened by this message. */
static int
decrypt(struct crypt *c, const struct letter *l, int64_t pid, struct ratchet_session **ret, int64_t *ret_row,
    struct buf *plain)
{
	autosession struct ratchet_session *s = NULL;
	struct ratchet_account *a;
	int r = try_known(c, l, pid, ret, ret_row, plain);

	if (r != E_NOTFOUND || l->message.type != 0)
		return r == E_NOTFOUND ? E_REFUSED : r;
	if ((r = machine_account(c, &a)) != 0 ||
	    (r = ratchet_session_from(a, &l->message, &s)) != 0 ||
	    (r = ratchet_session_decrypt(s, &l->message, plain)) != 0)
		return r;
	*ret = take(s);
	*ret_row = 0;
	return 0;
}

/* Count it; and have the session mended, at most once an hour. */
static int
note_failure(struct crypt *c, struct crypto_device *d, bool broken)
{
	int64_t now = machine_now(c);

	if (now - d->failing_at >= MACHINE_MINUTE) {
		d->failing_at = now;
		d->failures = 0;
	}
	d->failures++;
	if (broken && d->eligible && (d->mended_at == 0 || now - d->mended_at >= MACHINE_HOUR)) {
		d->mended_at = now;
		d->mend = d->claim = 1;
	}
	return crypto_device_put(c->db, d);
}

/* It could not open something of ours, and has made a fresh session: the keys of present sessions go again, at most once an hour. */
static int
give_again(struct crypt *c, struct crypto_device *d)
{
	int64_t now = machine_now(c);
	int r;

	if (d->mended_at != 0 && now - d->mended_at < MACHINE_HOUR)
		return 0;
	d->mended_at = now;
	r = crypto_device_put(c->db, d);
	return r != 0 ? r : share_resend(c->db, d->pid, d->device_id);
}

/* MSC4147: the device keys that came along must say the same. */
static int
check_device_keys(const json_t *keys, const struct letter *l, const struct crypto_device *d,
    struct err *reterr)
{
	const char *device_id = json_str(keys, "device_id");
	const json_t *all = json_obj(keys, "keys");
	char ed_id[KEY_ID_MAX], curve_id[KEY_ID_MAX];
	int r;

	if (!json_is_object(keys) || !id_is_device(device_id) || !member_is(keys, "user_id", l->sender))
		return err_set(reterr, E_REFUSED, "the device keys within are another user's");
	(void)snprintf(ed_id, sizeof(ed_id), "ed25519:%s", device_id);
	(void)snprintf(curve_id, sizeof(curve_id), "curve25519:%s", device_id);
	if (!member_is_key(all, curve_id, l->sender_key))
		return err_set(reterr, E_REFUSED, "the device keys within have another Curve25519 key");
	if (!member_is_key(all, ed_id, d->ed25519))
		return err_set(reterr, E_REFUSED, "the device keys within have another Ed25519 key");
	r = verify_json(keys, l->sender, ed_id, d->ed25519, NULL);
	return r <= 0 ? r : err_set(reterr, E_REFUSED, "the device keys within are not signed by themselves");
}

/* The specification's checks 1 to 5 of a decrypted to-device event. */
static int
check_inner(struct crypt *c, const json_t *inner, const struct letter *l,
    const struct crypto_device *d, struct err *reterr)
{
	const json_t *device_keys = json_object_get(inner, "sender_device_keys");

	if (!member_is(inner, "sender", l->sender))
		return err_set(reterr, E_REFUSED, "the sender within is another one");
	if (!member_is_key(json_obj(inner, "keys"), "ed25519", d->ed25519))
		return err_set(reterr, E_REFUSED, "the Ed25519 key within is not the sending device's");
	if (!member_is(inner, "recipient", c->user))
		return err_set(reterr, E_REFUSED, "it is meant for another user");
	if (!member_is_key(json_obj(inner, "recipient_keys"), "ed25519", c->ed25519))
		return err_set(reterr, E_REFUSED, "it is meant for another device");
	if (json_str(inner, "type") == NULL || json_obj(inner, "content") == NULL)
		return err_set(reterr, E_REFUSED, "it lacks type or content");
	return device_keys == NULL ? 0 : check_device_keys(device_keys, l, d, reterr);
}

/* A key we have of this user: only the same session, from the same device, further back; and not what is past (past.h). */
static int
extend_session(struct crypt *c, const struct crypto_inbound *have, const struct crypto_inbound *given,
    const char *session_id, struct ratchet_inbound *ratchet, struct err *reterr)
{
	autowipe struct buf pickle = { 0 };
	struct machine_inbound *s;
	int r;

	if (strcmp(have->room_id, given->room_id) != 0 ||
	    memcmp(have->curve25519, given->curve25519, CRYPT_KEY) != 0)
		return err_set(reterr, E_REFUSED, "the session is known from elsewhere");
	if (given->first >= have->first || have->past)
		return 0;
	if ((r = machine_inbound(c, session_id, given->pid, &s)) != 0)
		return r > 0 ? ERR_CORRUPT : r;
	if (!ratchet_inbound_same(s->ratchet, ratchet))
		return err_set(reterr, E_REFUSED, "the session is known with another key");
	machine_forget_inbound(c, session_id, given->pid);
	if ((r = ratchet_inbound_pickle(ratchet, c->pickle_key, &pickle)) != 0)
		return r;
	return crypto_inbound_extend(c->db, session_id, given->pid, &pickle, given->first);
}

static int
add_session(struct crypt *c, const struct crypto_inbound *given, const char *session_id,
    struct ratchet_inbound *ratchet, struct err *reterr)
{
	autowipe struct buf pickle = { 0 };
	int64_t n;
	int r, most;

	if ((r = crypto_inbound_count(c->db, given->pid, &n)) != 0 || (r = stranger_has(c->db, given->pid)) < 0)
		return r;
	most = r == 0 ? SESSIONS_STRANGER : SESSIONS_MAX;
	if (n >= most)
		return err_set(reterr, E_REFUSED, "its sender has given us %d sessions already", most);
	if ((r = ratchet_inbound_pickle(ratchet, c->pickle_key, &pickle)) != 0)
		return r;
	return crypto_inbound_add(c->db, session_id, given, &pickle, machine_now(c));
}

static int
take_room_key(struct crypt *c, const struct crypto_device *d, const json_t *content,
    struct opened *ret, struct err *reterr)
{
	__attribute__((cleanup(crypto_inbound_free))) struct crypto_inbound have = { 0 };
	autoinbound struct ratchet_inbound *ratchet = NULL;
	const char *room_id = json_str(content, "room_id"), *session_id = json_str(content, "session_id");
	const char *key = json_str(content, "session_key");
	struct crypto_inbound given = { .pid = d->pid,
	    .shared_history = json_is_true(json_object_get(content, "shared_history")) };
	uint8_t pub[CRYPT_KEY], id[CRYPT_KEY];
	uint32_t first;
	int64_t used;
	int r;

	if (!member_is(content, "algorithm", CRYPT_MEGOLM) || !id_is_room(room_id) ||
	    !id_is_session(session_id) || key == NULL)
		return err_set(reterr, E_REFUSED, "the room key is malformed");
	if (strict_session_key(key, pub, &first, reterr) != 0)
		return E_REFUSED;
	if (decode_b64_exact(session_id, id, sizeof(id)) != 0 || memcmp(id, pub, CRYPT_KEY) != 0)
		return err_set(reterr, E_REFUSED, "the room key is not that of its session id");
	if ((r = copy(room_id, &ret->room_id)) != 0 || (r = copy(session_id, &ret->session_id)) != 0)
		return r;
	if ((r = ratchet_inbound_new(key, &ratchet)) != 0)
		return r < 0 ? r : err_set(reterr, E_REFUSED, "the room key is malformed");
	given.room_id = ret->room_id;
	given.first = first;
	memcpy(given.curve25519, d->curve25519, CRYPT_KEY);
	/* Whoever has a session can give it on, and may come before its owner: each one's copy serves only them. */
	if ((r = crypto_outbound_used(c->db, session_id, &used)) != E_NOTFOUND)
		return r < 0 ? r : err_set(reterr, E_REFUSED, "the session is our own");
	if ((r = crypto_inbound_get(c->db, session_id, d->pid, &have)) < 0)
		return r;
	return r == 0 ? extend_session(c, &have, &given, session_id, ratchet, reterr) :
	    add_session(c, &given, session_id, ratchet, reterr);
}

/* Other kinds that only our own verified devices could send, and we have none. */
static int
take_inner(struct crypt *c, const struct crypto_device *d, const json_t *inner, struct opened *ret,
    struct err *reterr)
{
	static const char *const never[] = { "m.room.encrypted", "m.forwarded_room_key",
	    "m.room_key_request", "m.room_key_bundle", "m.secret.request", "m.secret.send" };
	const char *type = json_str(inner, "type");
	int r;

	for (size_t i = 0; i < nelem(never); i++)
		if (strcmp(type, never[i]) == 0)
			return err_set(reterr, E_REFUSED, "%s is not accepted", type);
	if (strcmp(type, "m.room_key") == 0 &&
	    (r = take_room_key(c, d, json_obj(inner, "content"), ret, reterr)) != 0)
		return r;
	if ((r = copy(type, &ret->type)) != 0 || (r = copy(d->device_id, &ret->device_id)) != 0)
		return r;
	ret->content = json_incref(json_obj(inner, "content"));
	ret->trusted = d->eligible != 0;
	return 0;
}

/* The message stands: session, one-time key and hash are written. */
static int
keep(struct crypt *c, const struct letter *l, int64_t pid, struct ratchet_session *s, int64_t row)
{
	autowipe struct buf pickle = { 0 };
	struct ratchet_account *a;
	char id[CRYPT_KEY_TEXT + 1];
	int r;

	if (row == 0 && ((r = machine_account(c, &a)) != 0 || (r = ratchet_account_used(a, s)) != 0 ||
	    (r = machine_save_account(c)) != 0))
		return r;
	if ((r = ratchet_session_id(s, id)) != 0 ||
	    (r = ratchet_session_pickle(s, c->pickle_key, &pickle)) != 0 ||
	    (r = crypto_olm_put(c->db, pid, l->sender_key, row, id, &pickle, machine_now(c))) != 0)
		return r;
	if ((r = stranger_has(c->db, pid)) < 0)
		return r;
	return crypto_hash_add(c->db, l->hash, pid, r == 0 ? TAKEN_STRANGER : TAKEN_MAX, machine_now(c));
}

static int
open_from(struct crypt *c, const struct letter *l, struct crypto_device *d, struct opened *ret,
    struct err *reterr)
{
	autosession struct ratchet_session *s = NULL;
	autowipe struct buf plain = { 0 };
	autojson json_t *inner = NULL;
	int64_t row = 0;
	int r, failed;

	if (d->failures >= FAILURES_MAX && machine_now(c) - d->failing_at < MACHINE_MINUTE)
		return err_set(reterr, E_REFUSED, "too many messages of this device could not be decrypted");
	if ((r = decrypt(c, l, d->pid, &s, &row, &plain)) < 0)
		return r;
	if (r != 0) {
		(void)err_set(reterr, E_REFUSED, "it cannot be decrypted");
		failed = note_failure(c, d, true);
		return failed != 0 ? failed : E_REFUSED;
	}
	if ((r = canon_parse(plain.data, plain.len, &inner, reterr)) > 0)
		r = err_set(reterr, E_REFUSED, "its plaintext is not strict JSON");
	if (r == 0)
		r = check_inner(c, inner, l, d, reterr);
	if (r != 0) {
		failed = r > 0 ? note_failure(c, d, false) : 0;
		return failed != 0 ? failed : r;
	}
	if ((r = keep(c, l, d->pid, s, row)) != 0 || (r = machine_proved(c, d)) != 0 ||
	    (row == 0 && member_is(inner, "type", "m.dummy") && (r = give_again(c, d)) != 0))
		return r;
	return take_inner(c, d, inner, ret, reterr);
}

int
envelope_open_todevice(struct crypt *c, const json_t *event, int64_t received, struct opened *ret,
    struct err *reterr)
{
	autodevice struct crypto_device d = { 0 };
	struct letter l;
	bool forgot;
	int r;

	*ret = (struct opened){ 0 };
	if ((r = read_letter(c, event, &l, reterr)) != 0)
		return r;
	if ((r = copy(l.sender, &ret->sender)) != 0 ||
	    (r = stranger_id(c->db, l.sender, &ret->pid, &forgot)) != 0)
		return r;
	if (forgot)
		crypt_drop_cache(c);
	if ((r = crypto_hash_get(c->db, l.hash)) != E_NOTFOUND)
		return r < 0 ? r : err_set(reterr, E_EXISTS, "this message was taken before");
	if ((r = find_device(c, &l, ret->pid, received, &d, reterr)) != 0)
		return r;
	return open_from(c, &l, &d, ret, reterr);
}
