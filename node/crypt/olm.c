/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libolm's objects live in memory that the caller gives; each of ours is one
 * block: a pointer, then that memory, so that it can be wiped as a whole.
 */
#include <errno.h>
#include <olm/olm.h>
#include <sodium.h>
#include <string.h>

#include "base/canon.h"
#include "base/encode.h"
#include "base/proof.h"
#include "olm.h"
#include "primitives.h"

enum { RANDOM_MAX = 32 * 100, KEY_LEN = CRYPT_KEY_TEXT };

/* struct ratchet_X: libolm's object and the two steps all four kinds share. */
#define KIND(name, olmtype, olmname, size) \
struct ratchet_##name { olmtype *olm; }; \
static struct ratchet_##name * \
name##_alloc(void) \
{ \
	struct ratchet_##name *x = calloc(1, sizeof(*x) + size()); \
\
	if (x != NULL) \
		x->olm = olmname(x + 1); \
	return x; \
} \
void \
ratchet_##name##_free(struct ratchet_##name *x) \
{ \
	if (x == NULL) \
		return; \
	sodium_memzero(x, sizeof(*x) + size()); \
	free(x); \
} \
int \
ratchet_##name##_pickle(struct ratchet_##name *x, const uint8_t key[CRYPT_KEY], struct buf *out) \
{ \
	size_t n = olm_pickle_##olmname##_length(x->olm); \
	autofree char *text = malloc(n); \
\
	if (text == NULL) \
		return -ENOMEM; \
	if (olm_pickle_##olmname(x->olm, key, CRYPT_KEY, text, n) != n) \
		return ERR_CRYPTO; \
	return buf_add(out, text, n); \
} \
int \
ratchet_##name##_unpickle(const uint8_t key[CRYPT_KEY], const struct buf *in, \
    struct ratchet_##name **ret) \
{ \
	struct ratchet_##name *x = name##_alloc(); \
	autofree char *text = malloc(in->len + 1); \
\
	if (x == NULL || text == NULL) { \
		ratchet_##name##_free(x); \
		return -ENOMEM; \
	} \
	memcpy(text, in->data, in->len); \
	if (olm_unpickle_##olmname(x->olm, key, CRYPT_KEY, text, in->len) == olm_error()) { \
		ratchet_##name##_free(x); \
		return ERR_CORRUPT; \
	} \
	*ret = x; \
	return 0; \
}

#define olm_pickle_olm_account_length		olm_pickle_account_length
#define olm_pickle_olm_account			olm_pickle_account
#define olm_unpickle_olm_account		olm_unpickle_account
#define olm_pickle_olm_session_length		olm_pickle_session_length
#define olm_pickle_olm_session			olm_pickle_session
#define olm_unpickle_olm_session		olm_unpickle_session
#define olm_pickle_olm_inbound_group_session_length olm_pickle_inbound_group_session_length
#define olm_pickle_olm_inbound_group_session	olm_pickle_inbound_group_session
#define olm_unpickle_olm_inbound_group_session	olm_unpickle_inbound_group_session
#define olm_pickle_olm_outbound_group_session_length olm_pickle_outbound_group_session_length
#define olm_pickle_olm_outbound_group_session	olm_pickle_outbound_group_session
#define olm_unpickle_olm_outbound_group_session	olm_unpickle_outbound_group_session

KIND(account, OlmAccount, olm_account, olm_account_size)
KIND(session, OlmSession, olm_session, olm_session_size)
KIND(inbound, OlmInboundGroupSession, olm_inbound_group_session, olm_inbound_group_session_size)
KIND(outbound, OlmOutboundGroupSession, olm_outbound_group_session, olm_outbound_group_session_size)

struct randomness {
	uint8_t	bytes[RANDOM_MAX];
};

static void
wipe_randomness(struct randomness *r)
{
	sodium_memzero(r, sizeof(*r));
}

/* ${n} random bytes for one libolm call, wiped at the end of the scope. */
#define RANDOMNESS(world, n) \
	__attribute__((cleanup(wipe_randomness))) struct randomness random; \
	if ((n) > sizeof(random.bytes)) \
		return ERR_CRYPTO; \
	world_random(world, random.bytes, (n))

int
ratchet_account_new(const struct world *world, struct ratchet_account **ret)
{
	autoaccount struct ratchet_account *a = account_alloc();
	size_t n;

	if (a == NULL)
		return -ENOMEM;
	n = olm_create_account_random_length(a->olm);
	RANDOMNESS(world, n);
	if (olm_create_account(a->olm, random.bytes, n) == olm_error())
		return ERR_CRYPTO;
	*ret = take(a);
	return 0;
}

int
ratchet_account_keys(struct ratchet_account *a, uint8_t ret_ed[CRYPT_KEY], uint8_t ret_curve[CRYPT_KEY])
{
	char text[256];
	size_t n = olm_account_identity_keys(a->olm, text, sizeof(text));
	autojson json_t *keys = NULL;

	if (n == olm_error() || canon_parse(text, n, &keys, NULL) != 0 ||
	    proof_key_b64(json_str(keys, "ed25519"), ret_ed) != 0 ||
	    strict_curve(json_str(keys, "curve25519"), ret_curve) != 0)
		return ERR_CRYPTO;
	return 0;
}

int
ratchet_account_sign(struct ratchet_account *a, const char *text, size_t len, char ret[87])
{
	if (olm_account_sign(a->olm, text, len, ret, 86) == olm_error())
		return ERR_CRYPTO;
	ret[86] = '\0';
	return 0;
}

static int
curve_member(const char *text, size_t n, json_t **ret)
{
	autojson json_t *keys = NULL;
	json_t *member;

	if (n == olm_error() || canon_parse(text, n, &keys, NULL) != 0 ||
	    (member = json_obj(keys, "curve25519")) == NULL)
		return ERR_CRYPTO;
	*ret = json_incref(member);
	return 0;
}

int
ratchet_account_onetime(struct ratchet_account *a, json_t **ret)
{
	size_t n = olm_account_one_time_keys_length(a->olm);
	autofree char *text = malloc(n);

	if (text == NULL)
		return -ENOMEM;
	return curve_member(text, olm_account_one_time_keys(a->olm, text, n), ret);
}

int
ratchet_account_fallback(struct ratchet_account *a, json_t **ret)
{
	size_t n = olm_account_unpublished_fallback_key_length(a->olm);
	autofree char *text = malloc(n);

	if (text == NULL)
		return -ENOMEM;
	return curve_member(text, olm_account_unpublished_fallback_key(a->olm, text, n), ret);
}

int
ratchet_account_make_onetime(struct ratchet_account *a, const struct world *world, size_t count)
{
	size_t n = olm_account_generate_one_time_keys_random_length(a->olm, count);

	RANDOMNESS(world, n);
	return olm_account_generate_one_time_keys(a->olm, count, random.bytes, n) == olm_error() ?
	    ERR_CRYPTO : 0;
}

int
ratchet_account_make_fallback(struct ratchet_account *a, const struct world *world)
{
	size_t n = olm_account_generate_fallback_key_random_length(a->olm);

	RANDOMNESS(world, n);
	return olm_account_generate_fallback_key(a->olm, random.bytes, n) == olm_error() ?
	    ERR_CRYPTO : 0;
}

void
ratchet_account_forget_fallback(struct ratchet_account *a)
{
	olm_account_forget_old_fallback_key(a->olm);
}

void
ratchet_account_published(struct ratchet_account *a)
{
	(void)olm_account_mark_keys_as_published(a->olm);
}

int
ratchet_account_used(struct ratchet_account *a, struct ratchet_session *s)
{
	return olm_remove_one_time_keys(a->olm, s->olm) == olm_error() ? ERR_CRYPTO : 0;
}

int
ratchet_session_to(struct ratchet_account *a, const struct world *world,
    const uint8_t curve[CRYPT_KEY], const uint8_t one_time[CRYPT_KEY], struct ratchet_session **ret)
{
	autosession struct ratchet_session *s = session_alloc();
	char key1[KEY_LEN + 1], key2[KEY_LEN + 1];
	size_t n;

	if (s == NULL)
		return -ENOMEM;
	if (strict_point(curve) != 0 || strict_point(one_time) != 0)
		return ERR_CRYPTO;	/* strict.h has refused it before. */
	encode_b64(curve, CRYPT_KEY, key1);
	encode_b64(one_time, CRYPT_KEY, key2);
	n = olm_create_outbound_session_random_length(s->olm);
	RANDOMNESS(world, n);
	if (olm_create_outbound_session(s->olm, a->olm, key1, KEY_LEN, key2, KEY_LEN,
	    random.bytes, n) == olm_error())
		return ERR_CRYPTO;
	*ret = take(s);
	return 0;
}

/* libolm decodes in place, so it always gets a copy. */
static char *
copy_body(const struct olm_message *m)
{
	return strdup(m->body);
}

int
ratchet_session_from(struct ratchet_account *a, const struct olm_message *m,
    struct ratchet_session **ret)
{
	autosession struct ratchet_session *s = session_alloc();
	autofree char *body = copy_body(m);
	char key[KEY_LEN + 1];

	if (s == NULL || body == NULL)
		return -ENOMEM;
	encode_b64(m->identity, CRYPT_KEY, key);
	if (olm_create_inbound_session_from(s->olm, a->olm, key, KEY_LEN, body, m->len) == olm_error())
		return E_REFUSED;
	*ret = take(s);
	return 0;
}

bool
ratchet_session_matches(struct ratchet_session *s, const struct olm_message *m)
{
	autofree char *body = copy_body(m);
	char key[KEY_LEN + 1];

	encode_b64(m->identity, CRYPT_KEY, key);
	return body != NULL &&
	    olm_matches_inbound_session_from(s->olm, key, KEY_LEN, body, m->len) == 1;
}

int
ratchet_session_id(struct ratchet_session *s, char ret[KEY_LEN + 1])
{
	if (olm_session_id(s->olm, ret, KEY_LEN) != KEY_LEN)
		return ERR_CRYPTO;
	ret[KEY_LEN] = '\0';
	return 0;
}

int
ratchet_session_encrypt(struct ratchet_session *s, const struct world *world, const char *text,
    size_t len, int *ret_type, char **ret_body)
{
	size_t n = olm_encrypt_message_length(s->olm, len), m = olm_encrypt_random_length(s->olm);
	size_t type = olm_encrypt_message_type(s->olm);
	autofree char *body = malloc(n + 1);

	if (body == NULL)
		return -ENOMEM;
	RANDOMNESS(world, m);
	if (olm_encrypt(s->olm, text, len, random.bytes, m, body, n) != n)
		return ERR_CRYPTO;
	body[n] = '\0';
	*ret_type = (int)type;
	*ret_body = take(body);
	return 0;
}

int
ratchet_session_decrypt(struct ratchet_session *s, const struct olm_message *m, struct buf *out)
{
	size_t type = (size_t)m->type, n;
	autofree char *body = copy_body(m);
	autofree char *plain = NULL;
	int r;

	if (body == NULL)
		return -ENOMEM;
	n = olm_decrypt_max_plaintext_length(s->olm, type, body, m->len);
	if (n == olm_error())
		return E_REFUSED;
	memcpy(body, m->body, m->len);
	if ((plain = malloc(n + 1)) == NULL)
		return -ENOMEM;
	n = olm_decrypt(s->olm, type, body, m->len, plain, n);
	if (n == olm_error())
		return E_REFUSED;
	r = buf_add(out, plain, n);
	sodium_memzero(plain, n);
	return r;
}

int
ratchet_inbound_new(const char *key, struct ratchet_inbound **ret)
{
	autoinbound struct ratchet_inbound *s = inbound_alloc();

	if (s == NULL)
		return -ENOMEM;
	if (olm_init_inbound_group_session(s->olm, (const uint8_t *)key, strlen(key)) == olm_error())
		return E_REFUSED;
	*ret = take(s);
	return 0;
}

uint32_t
ratchet_inbound_first(struct ratchet_inbound *s)
{
	return olm_inbound_group_session_first_known_index(s->olm);
}

int
ratchet_inbound_later(struct ratchet_inbound *s, uint32_t at, struct ratchet_inbound **ret)
{
	autoinbound struct ratchet_inbound *later = inbound_alloc();
	size_t n = olm_export_inbound_group_session_length(s->olm);
	uint8_t text[512];
	int r = 0;

	if (later == NULL)
		return -ENOMEM;
	if (n > sizeof(text) || olm_export_inbound_group_session(s->olm, text, n, at) == olm_error() ||
	    olm_import_inbound_group_session(later->olm, text, n) == olm_error())
		r = ERR_CRYPTO;
	sodium_memzero(text, sizeof(text));
	if (r == 0)
		*ret = take(later);
	return r;
}

bool
ratchet_inbound_same(struct ratchet_inbound *a, struct ratchet_inbound *b)
{
	uint32_t fa = ratchet_inbound_first(a), fb = ratchet_inbound_first(b);
	uint32_t at = fa > fb ? fa : fb;
	size_t n = olm_export_inbound_group_session_length(a->olm);
	uint8_t ta[512], tb[512];
	bool same;

	if (n > sizeof(ta) ||
	    olm_export_inbound_group_session(a->olm, ta, n, at) == olm_error() ||
	    olm_export_inbound_group_session(b->olm, tb, n, at) == olm_error())
		return false;
	same = sodium_memcmp(ta, tb, n) == 0;
	sodium_memzero(ta, sizeof(ta));
	sodium_memzero(tb, sizeof(tb));
	return same;
}

int
ratchet_inbound_decrypt(struct ratchet_inbound *s, const char *text, const uint8_t pub[CRYPT_KEY],
    struct buf *out, uint32_t *ret_index)
{
	uint64_t verified = primitives_calls(PRIMITIVE_ed25519_verify);
	size_t len = strlen(text), n;
	autofree uint8_t *body = malloc(len + 1), *plain = NULL;
	uint32_t index;
	int r;

	if (body == NULL)
		return -ENOMEM;
	memcpy(body, text, len);
	n = olm_group_decrypt_max_plaintext_length(s->olm, body, len);
	if (n == olm_error())
		return E_REFUSED;
	memcpy(body, text, len);
	if ((plain = malloc(n + 1)) == NULL)
		return -ENOMEM;
	n = olm_group_decrypt(s->olm, body, len, plain, n, &index);
	if (n == olm_error())
		return E_REFUSED;
	/* libolm's own verification is malleable; ours was not the one that ran? */
	r = primitives_calls(PRIMITIVE_ed25519_verify) == verified &&
	    strict_group_signature(text, pub) != 0 ? E_REFUSED : buf_add(out, plain, n);
	sodium_memzero(plain, n);
	if (r == 0)
		*ret_index = index;
	return r;
}

int
ratchet_outbound_new(const struct world *world, struct ratchet_outbound **ret)
{
	autooutbound struct ratchet_outbound *s = outbound_alloc();
	size_t n;

	if (s == NULL)
		return -ENOMEM;
	n = olm_init_outbound_group_session_random_length(s->olm);
	RANDOMNESS(world, n);
	if (olm_init_outbound_group_session(s->olm, random.bytes, n) == olm_error())
		return ERR_CRYPTO;
	*ret = take(s);
	return 0;
}

int
ratchet_outbound_id(struct ratchet_outbound *s, char ret[KEY_LEN + 1])
{
	if (olm_outbound_group_session_id(s->olm, (uint8_t *)ret, KEY_LEN) != KEY_LEN)
		return ERR_CRYPTO;
	ret[KEY_LEN] = '\0';
	return 0;
}

uint32_t
ratchet_outbound_index(struct ratchet_outbound *s)
{
	return olm_outbound_group_session_message_index(s->olm);
}

int
ratchet_outbound_key(struct ratchet_outbound *s, struct buf *out)
{
	uint8_t text[512];
	size_t n = olm_outbound_group_session_key_length(s->olm);
	int r;

	if (n > sizeof(text) || olm_outbound_group_session_key(s->olm, text, n) != n)
		return ERR_CRYPTO;
	r = buf_add(out, text, n);
	sodium_memzero(text, sizeof(text));
	return r;
}

int
ratchet_outbound_encrypt(struct ratchet_outbound *s, const char *text, size_t len, struct buf *out)
{
	size_t n = olm_group_encrypt_message_length(s->olm, len);
	autofree uint8_t *body = malloc(n);

	if (body == NULL)
		return -ENOMEM;
	if (olm_group_encrypt(s->olm, (const uint8_t *)text, len, body, n) != n)
		return ERR_CRYPTO;
	return buf_add(out, body, n);
}

static int
exercise_group(const struct world *world)
{
	autooutbound struct ratchet_outbound *out = NULL;
	autoinbound struct ratchet_inbound *in = NULL;
	autowipe struct buf key = { 0 }, body = { 0 }, plain = { 0 };
	uint8_t pub[CRYPT_KEY];
	uint32_t index;
	int r;

	if ((r = ratchet_outbound_new(world, &out)) != 0 ||
	    (r = ratchet_outbound_key(out, &key)) != 0 ||
	    (r = ratchet_outbound_encrypt(out, "cairn", 5, &body)) != 0 ||
	    (r = strict_session_key(key.data, pub, &index, NULL)) != 0 ||
	    (r = ratchet_inbound_new(key.data, &in)) != 0)
		return r;
	return ratchet_inbound_decrypt(in, body.data, pub, &plain, &index);
}

static int
exercise_session(const struct world *world)
{
	autoaccount struct ratchet_account *a = NULL, *b = NULL;
	autosession struct ratchet_session *to = NULL;
	autojson json_t *keys = NULL;
	autofree char *body = NULL;
	uint8_t ed[CRYPT_KEY], curve[CRYPT_KEY], one_time[CRYPT_KEY];
	char id[CRYPT_KEY_TEXT + 1], sig[87];
	int r, type;

	if ((r = ratchet_account_new(world, &a)) != 0 || (r = ratchet_account_new(world, &b)) != 0 ||
	    (r = ratchet_account_make_onetime(b, world, 1)) != 0 ||
	    (r = ratchet_account_onetime(b, &keys)) != 0 ||
	    (r = ratchet_account_keys(b, ed, curve)) != 0 ||
	    (r = strict_curve(json_string_value(json_object_iter_value(json_object_iter(keys))),
	    one_time)) != 0 ||
	    (r = ratchet_session_to(a, world, curve, one_time, &to)) != 0 ||
	    (r = ratchet_session_id(to, id)) != 0 ||
	    (r = ratchet_account_sign(a, id, CRYPT_KEY_TEXT, sig)) != 0)
		return r;
	return ratchet_session_encrypt(to, world, "cairn", 5, &type, &body);
}

int
ratchet_exercise(struct err *reterr)
{
	struct world world = world_real();
	int r = exercise_session(&world);

	if (r == 0)
		r = exercise_group(&world);
	return r <= 0 && r != ERR_CRYPTO ? r :
	    err_set(reterr, ERR_CRYPTO, "libolm does not work here");
}
