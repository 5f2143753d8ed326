/* SPDX-License-Identifier: Apache-2.0 */
/* peer: another device, made by hand, so that it may lie. */
#ifndef CAIRN_TEST_PEER_H
#define CAIRN_TEST_PEER_H

#include "net.h"

struct peer {
	const char *user, *device;
	struct ratchet_account *account;
	struct ratchet_session *session;
	uint8_t	 ed[32], curve[32];
	char	 ed_text[44], curve_text[44];
};

static inline void
peer_sign(struct peer *p, json_t *object)
{
	autojson json_t *bare = json_copy(object);
	autofree char *text = NULL, *id = NULL;
	char sig[87];

	json_object_del(bare, "signatures");
	json_object_del(bare, "unsigned");
	must(canon_text(bare, &text, NULL));
	must(ratchet_account_sign(p->account, text, strlen(text), sig));
	need(asprintf(&id, "ed25519:%s", p->device) > 0);
	json_object_set_new(child(child(object, "signatures"), p->user), id, json_string(sig));
}

static inline json_t *
peer_device_keys(struct peer *p)
{
	autofree char *ed = NULL, *curve = NULL;
	json_t *keys;

	need(asprintf(&ed, "ed25519:%s", p->device) > 0 && asprintf(&curve, "curve25519:%s", p->device) > 0);
	keys = json_pack("{s:s, s:s, s:[s,s], s:{s:s, s:s}}", "user_id", p->user, "device_id", p->device,
	    "algorithms", CRYPT_OLM, CRYPT_MEGOLM, "keys", ed, p->ed_text, curve, p->curve_text);
	peer_sign(p, keys);
	return keys;
}

static inline void
peer_start(struct peer *p, const char *user, const char *device)
{
	*p = (struct peer){ .user = user, .device = device };
	must(ratchet_account_new(&net_world, &p->account));
	must(ratchet_account_keys(p->account, p->ed, p->curve));
	encode_b64(p->ed, 32, p->ed_text);
	encode_b64(p->curve, 32, p->curve_text);
}

static inline void
peer_publish(struct peer *p, struct crosssign_keys *k)
{
	json_object_set_new(child(net.device_keys, p->user), p->device, peer_device_keys(p));
	if (k != NULL)
		net_identity(p->user, p->device, k);
}

static inline void
peer_stop(struct peer *p)
{
	ratchet_account_free(p->account);
	ratchet_session_free(p->session);
}

/* Open a session to ${n} with one of its keys on the server. */
static inline void
peer_meet(struct peer *p, struct node *n)
{
	json_t *have = json_obj(json_obj(net.onetime, n->user), n->device), *key;
	autofree char *id = NULL;
	uint8_t onetime[32];

	if (json_object_size(have) == 0)
		have = json_obj(json_obj(net.fallback, n->user), n->device);
	id = strdup(json_object_iter_key(json_object_iter(have)));
	key = json_object_get(have, id);
	must(strict_curve(json_str(key, "key"), onetime));
	if (have == json_obj(json_obj(net.onetime, n->user), n->device))
		json_object_del(have, id);
	ratchet_session_free(p->session);
	must(ratchet_session_to(p->account, &net_world, n->crypt->curve25519, onetime, &p->session));
}

static inline json_t *
peer_wrap(struct peer *p, struct node *n, int type, const char *body)
{
	return json_pack("{s:s, s:s, s:{s:s, s:s, s:{s:{s:i, s:s}}}}", "type", "m.room.encrypted",
	    "sender", p->user, "content", "algorithm", CRYPT_OLM, "sender_key", p->curve_text,
	    "ciphertext", n->crypt->curve_text, "type", type, "body", body);
}

static inline json_t *
peer_letter_text(struct peer *p, struct node *n, const char *text)
{
	autofree char *body = NULL;
	int type;

	must(ratchet_session_encrypt(p->session, &net_world, text, strlen(text), &type, &body));
	return peer_wrap(p, n, type, body);
}

/* An honest inner event; a test changes it before peer_letter. */
static inline json_t *
peer_inner(struct peer *p, struct node *n, const char *type, json_t *content)
{
	return json_pack("{s:s, s:o, s:s, s:s, s:{s:s}, s:{s:s}, s:o}", "type", type,
	    "content", content != NULL ? content : json_object(), "sender", p->user,
	    "recipient", n->user, "recipient_keys", "ed25519", n->crypt->ed_text,
	    "keys", "ed25519", p->ed_text, "sender_device_keys", peer_device_keys(p));
}

/* Encrypt; steals ${inner}. */
static inline json_t *
peer_letter(struct peer *p, struct node *n, json_t *inner)
{
	autofree char *text = json_dumps(inner, JSON_COMPACT);

	json_decref(inner);
	return peer_letter_text(p, n, text);
}

/* Start afresh: nobody known but the node; the first peer published and cross-signed, the other made. */
static inline void
peer_fresh(struct node *a, struct peer *one, struct crosssign_keys *k, struct peer *two, const char *user, const char *device)
{
	if (a->db != NULL) {
		node_stop(a);
		net_stop();
		peer_stop(one);
		peer_stop(two);
		net_start();
	}
	node_start(a, "@a:a", "ADEV");
	peer_start(one, "@bob:b", "BOBDEV");
	peer_start(two, user, device);
	peer_publish(one, k);
}

#endif /* !CAIRN_TEST_PEER_H */
