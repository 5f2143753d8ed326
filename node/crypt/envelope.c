/* SPDX-License-Identifier: Apache-2.0 */
/* envelope.h, room events; to-device events are in todevice.c, outbound in seal.c. */
#include <errno.h>
#include <sodium.h>
#include <string.h>

#include "base/canon.h"
#include "base/encode.h"
#include "base/id.h"
#include "domain/directory.h"
#include "envelope.h"
#include "machine.h"
#include "store/peoplestore.h"

enum { TYPE_MAX = 255 };

/* State that servers must read, so it is never honoured out of an envelope;
 * and envelopes are not nested. */
static const char *const never_inside[] = {
	"m.room.encrypted", "m.room.create", "m.room.member", "m.room.join_rules",
	"m.room.power_levels", "m.room.third_party_invite", "m.room.history_visibility",
	"m.room.guest_access", "m.room.encryption", "m.room.tombstone", "m.room.server_acl",
	"m.room.canonical_alias", "m.room.redaction", "m.space.child", "m.space.parent",
};

void
opened_free(struct opened *o)
{
	free(o->type);
	json_decref(o->content);
	free(o->sender);
	free(o->device_id);
	free(o->room_id);
	free(o->session_id);
	free(o->state_key);
	free(o->packed_key);
	*o = (struct opened){ 0 };
}

static int
copy(const char *text, char **ret)
{
	if (text != NULL && (*ret = strdup(text)) == NULL)
		return -ENOMEM;
	return 0;
}

static int
refused(struct err *reterr, int r, const char *why)
{
	return err_set(reterr, r < 0 ? r : E_REFUSED, "%s", r < 0 ? err_name(r) : why);
}

/* The parts of an encrypted room event that are in clear; borrowed. */
struct outer {
	const char	*sender, *event_id, *session_id, *ciphertext;
	uint8_t		 session[CRYPT_KEY];	/* The id is the key that signs. */
	uint8_t		 event_hash[CRYPTO_HASH];
	uint32_t	 index;
};

static int
read_outer(const char *room_id, const json_t *event, struct outer *o, struct opened *ret,
    struct err *reterr)
{
	const json_t *content = json_obj(event, "content"), *ts = json_object_get(event, "origin_server_ts");
	const json_t *relation = json_obj(content, "m.relates_to");
	const char *type = json_str(event, "type"), *algorithm = json_str(content, "algorithm");
	autobuf struct buf named = { 0 };
	int r;

	o->sender = json_str(event, "sender");
	o->event_id = json_str(event, "event_id");
	o->session_id = json_str(content, "session_id");
	o->ciphertext = json_str(content, "ciphertext");
	if (type == NULL || strcmp(type, "m.room.encrypted") != 0)
		return err_set(reterr, E_REFUSED, "the event is not encrypted");
	if (!id_is_user(o->sender) || !id_is_event(o->event_id) || !json_is_integer(ts) ||
	    !id_is_room(room_id))
		return err_set(reterr, E_REFUSED, "the event lacks a well-formed sender, id, room or time");
	if (algorithm == NULL || strcmp(algorithm, CRYPT_MEGOLM) != 0)
		return err_set(reterr, E_REFUSED, "room events are encrypted with Megolm only");
	if (o->session_id == NULL || o->ciphertext == NULL ||
	    decode_b64_exact(o->session_id, o->session, sizeof(o->session)) != 0)
		return err_set(reterr, E_REFUSED, "the encrypted event is malformed");
	if ((r = strict_group(o->ciphertext, &o->index, reterr)) != 0)
		return r < 0 ? r : E_REFUSED;
	if ((r = copy(o->sender, &ret->sender)) != 0 || (r = copy(room_id, &ret->room_id)) != 0 ||
	    (r = copy(o->session_id, &ret->session_id)) != 0 ||
	    (r = copy(json_str(event, "state_key"), &ret->packed_key)) != 0 ||
	    (r = buf_printf(&named, "%s %" JSON_INTEGER_FORMAT, o->event_id,
	    json_integer_value(ts))) != 0)
		return r;
	(void)crypto_hash_sha256(o->event_hash, (const unsigned char *)named.data, named.len);
	ret->index = o->index;
	ret->replaces = relation != NULL && json_str(relation, "rel_type") != NULL &&
	    strcmp(json_str(relation, "rel_type"), "m.replace") == 0;
	return 0;
}

/* Seen at this position?  0: no. */
static int
check_replay(struct crypt *c, const struct machine_inbound *s, const struct outer *o, struct err *reterr)
{
	uint8_t seen[CRYPTO_HASH];
	int r = crypto_index_get(c->db, s->row.n, o->index, seen);

	if (r == E_NOTFOUND)
		return 0;
	if (r < 0)
		return r;
	if (memcmp(seen, o->event_hash, sizeof(seen)) == 0)
		return err_set(reterr, E_EXISTS, "the event was opened before");
	return err_set(reterr, E_REFUSED, "a replay: another event had this place in the session");
}

/* The session of that id which the sender gave us; what others gave of it opens nothing of theirs.  0 or E_NOTFOUND. */
static int
find_session(struct crypt *c, const char *session_id, const char *sender, struct machine_inbound **ret)
{
	int64_t pid;
	int r = person_find(c->db, sender, &pid);

	return r != 0 ? r : machine_inbound(c, session_id, pid, ret);
}

/* The session must be this room's. */
static int
check_room(const struct machine_inbound *s, struct opened *ret, struct err *reterr)
{
	if (strcmp(s->row.room_id, ret->room_id) != 0)
		return err_set(reterr, E_REFUSED, "the session belongs to another room");
	ret->pid = s->row.pid;
	return 0;
}

static int
name_device(struct crypt *c, const struct machine_inbound *s, struct opened *ret)
{
	int r;

	if (s->row.pid == c->pid && memcmp(s->row.curve25519, c->curve25519, CRYPT_KEY) == 0) {
		ret->trusted = true;
		return copy(c->device_id, &ret->device_id);
	}
	r = crypto_device_name(c->db, s->row.curve25519, s->row.pid, &ret->device_id, &ret->trusted);
	return r == E_NOTFOUND ? 0 : r;
}

int
envelope_signed(struct crypt *c, const json_t *event)
{
	autoopened struct opened device = { 0 };
	const char *session_id = json_str(json_obj(event, "content"), "session_id"), *sender = json_str(event, "sender");
	struct machine_inbound *s;
	int r;

	if (session_id == NULL || sender == NULL)
		return E_NOTFOUND;
	if ((r = find_session(c, session_id, sender, &s)) != 0 || (r = name_device(c, s, &device)) != 0)
		return r;
	return device.trusted ? 0 : E_LATER;
}

static int
check_state_key(const json_t *inner, struct opened *ret, struct err *reterr)
{
	const json_t *key = json_object_get(inner, "state_key");
	int r;

	if ((key != NULL) != (ret->packed_key != NULL))
		return err_set(reterr, E_REFUSED, "a state event within must be one without, and no other");
	if (key == NULL)
		return 0;
	if (!json_is_string(key))
		return err_set(reterr, E_REFUSED, "the inner state key is no string");
	if ((r = copy(json_string_value(key), &ret->state_key)) != 0)
		return r;
	return directory_state_check(ret->packed_key, ret->type, ret->state_key, reterr);
}

static int
read_inner(const struct buf *plain, struct opened *ret, struct err *reterr)
{
	autojson json_t *inner = NULL;
	const char *type, *room_id;
	json_t *content;
	int r;

	if ((r = canon_parse(plain->data, plain->len, &inner, NULL)) != 0)
		return refused(reterr, r, "the plaintext is not strict JSON");
	type = json_str(inner, "type");
	room_id = json_str(inner, "room_id");
	content = json_obj(inner, "content");
	if (type == NULL || content == NULL || strlen(type) > TYPE_MAX || *type == '\0')
		return err_set(reterr, E_REFUSED, "the inner event lacks type or content");
	if (room_id == NULL || strcmp(room_id, ret->room_id) != 0)
		return err_set(reterr, E_REFUSED, "the inner event is for another room");
	for (size_t i = 0; i < nelem(never_inside); i++)
		if (strcmp(type, never_inside[i]) == 0)
			return err_set(reterr, E_REFUSED, "%s is not accepted from an envelope", type);
	if ((r = copy(type, &ret->type)) != 0)
		return r;
	if ((r = check_state_key(inner, ret, reterr)) != 0)
		return r;
	ret->content = json_incref(content);
	return 0;
}

int
envelope_foreign(struct crypt *c, const struct opened *opened)
{
	int64_t used;
	int r = opened->session_id == NULL ? E_NOTFOUND : crypto_outbound_used(c->db, opened->session_id, &used);

	return r != 0 ? r : opened->index >= used ? 0 : E_NOTFOUND;
}

int
envelope_known(struct crypt *c, const char *room_id, const json_t *event)
{
	autoopened struct opened named = { 0 };
	struct machine_inbound *s;
	struct err ignored;
	struct outer o;
	int r;

	if ((r = read_outer(room_id, event, &o, &named, &ignored)) == 0 &&
	    (r = find_session(c, o.session_id, o.sender, &s)) == 0)
		r = check_replay(c, s, &o, &ignored);
	return r == E_EXISTS ? 0 : r < 0 ? r : E_NOTFOUND;
}

int
envelope_open_event(struct crypt *c, const char *room_id, const json_t *event, struct opened *ret,
    struct err *reterr)
{
	autowipe struct buf plain = { 0 };
	struct machine_inbound *s;
	struct outer o;
	uint32_t index;
	int r;

	*ret = (struct opened){ 0 };
	if ((r = read_outer(room_id, event, &o, ret, reterr)) != 0)
		return r;
	if ((r = find_session(c, o.session_id, o.sender, &s)) != 0)
		return r < 0 ? r : err_set(reterr, E_LATER, "the session's key has not arrived");
	if ((r = check_room(s, ret, reterr)) != 0 || (r = check_replay(c, s, &o, reterr)) != 0)
		return r;
	if ((r = ratchet_inbound_decrypt(s->ratchet, o.ciphertext, o.session, &plain, &index)) != 0) {
		machine_forget_inbound(c, o.session_id, ret->pid);
		return refused(reterr, r, "the event cannot be decrypted with its session");
	}
	if ((r = read_inner(&plain, ret, reterr)) != 0 || (r = name_device(c, s, ret)) != 0)
		return r;
	return crypto_index_add(c->db, s->row.n, index, o.event_hash);
}

int
envelope_again(struct crypt *c, const struct opened *opened)
{
	struct machine_inbound *s;
	int r = machine_inbound(c, opened->session_id, opened->pid, &s);

	return r != 0 ? r > 0 ? 0 : r : crypto_index_drop(c->db, s->row.n, opened->index);
}
