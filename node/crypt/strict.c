/* SPDX-License-Identifier: Apache-2.0 */
#include <sodium.h>
#include <string.h>

#include "base/encode.h"
#include "strict.h"

enum {
	VERSION = 3, KEY_VERSION = 2,
	MAC = 8,
	AES_BLOCK = 16,
	SESSION_KEY = 1 + 4 + 128 + CRYPT_KEY,		/* Before its signature. */
};

int
strict_point(const uint8_t key[CRYPT_KEY])
{
	/* All points of order 1, 2, 4 and 8 on the curve and on its twist: 0, 1, p - 1
	 * (above) and these two. */
	static const uint8_t order8[2][CRYPT_KEY] = {
		{ 0xe0, 0xeb, 0x7a, 0x7c, 0x3b, 0x41, 0xb8, 0xae, 0x16, 0x56, 0xe3, 0xfa, 0xf1, 0x9f, 0xc4, 0x6a,
		    0xda, 0x09, 0x8d, 0xeb, 0x9c, 0x32, 0xb1, 0xfd, 0x86, 0x62, 0x05, 0x16, 0x5f, 0x49, 0xb8, 0x00 },
		{ 0x5f, 0x9c, 0x95, 0xbc, 0xa3, 0x50, 0x8c, 0x24, 0xb1, 0xd0, 0xb1, 0x55, 0x9c, 0x83, 0xef, 0x5b,
		    0x04, 0x44, 0x5c, 0xc4, 0x58, 0x1c, 0x8e, 0x86, 0xd8, 0x22, 0x4e, 0xdd, 0xd0, 0x9f, 0x11, 0x57 },
	};
	static const uint8_t zero[CRYPT_KEY];
	bool above = key[31] == 0x7f && key[0] >= 0xec;

	/* p = 2^255 - 19 = 7f ff ... ff ed: anything from there on is a second
	 * spelling of a smaller number. */
	for (size_t i = 1; i < 31; i++)
		above = above && key[i] == 0xff;
	if ((key[31] & 0x80) != 0 || above || (key[0] <= 1 && memcmp(key + 1, zero, CRYPT_KEY - 1) == 0) ||
	    memcmp(key, order8[0], CRYPT_KEY) == 0 || memcmp(key, order8[1], CRYPT_KEY) == 0)
		return E_BAD;
	return 0;
}

int
strict_curve(const char *text, uint8_t ret[CRYPT_KEY])
{
	uint8_t key[CRYPT_KEY];

	if (text == NULL || decode_b64_exact(text, key, sizeof(key)) != 0 || strict_point(key) != 0)
		return E_BAD;
	memcpy(ret, key, sizeof(key));
	return 0;
}

/* What is left of a message's payload. */
struct cursor {
	const uint8_t	*at, *end;
};

/* An integer in its shortest form, at most 32 bits. */
static int
read_varint(struct cursor *c, uint32_t *ret)
{
	uint64_t value = 0;

	for (unsigned shift = 0; c->at < c->end && shift < 35; shift += 7) {
		uint8_t byte = *c->at++;

		value |= (uint64_t)(byte & 0x7f) << shift;
		if ((byte & 0x80) != 0)
			continue;
		if ((byte == 0 && shift > 0) || value > UINT32_MAX)
			return E_BAD;
		*ret = (uint32_t)value;
		return 0;
	}
	return E_BAD;
}

/* One field a message may hold: each exactly once, nothing else. */
struct field {
	uint8_t		 tag;		/* Low bits 0: an integer, 2: bytes. */
	bool		 seen;
	const uint8_t	*data;
	uint32_t	 value;		/* The integer, or the length of ${data}. */
};

static int
read_fields(struct cursor c, struct field *fields, size_t n)
{
	while (c.at < c.end) {
		struct field *f = NULL;
		uint8_t tag = *c.at++;

		for (size_t i = 0; i < n; i++)
			if (fields[i].tag == tag)
				f = &fields[i];
		if (f == NULL || f->seen || read_varint(&c, &f->value) != 0)
			return E_BAD;
		f->seen = true;
		if ((tag & 7) == 0)
			continue;
		if (f->value > (size_t)(c.end - c.at))
			return E_BAD;
		f->data = c.at;
		c.at += f->value;
	}
	for (size_t i = 0; i < n; i++)
		if (!fields[i].seen)
			return E_BAD;
	return 0;
}

static bool
is_ciphertext(const struct field *f)
{
	return f->value > 0 && f->value % AES_BLOCK == 0;
}

static int
take_point(const struct field *f, uint8_t ret[CRYPT_KEY])
{
	if (f->value != CRYPT_KEY || strict_point(f->data) != 0)
		return E_BAD;
	memcpy(ret, f->data, CRYPT_KEY);
	return 0;
}

static int
read_inner(const uint8_t *data, size_t len, struct olm_message *m)
{
	struct field fields[] = { { .tag = 0x0a }, { .tag = 0x10 }, { .tag = 0x22 } };

	if (len < 1 + MAC || data[0] != VERSION ||
	    read_fields((struct cursor){ data + 1, data + len - MAC }, fields, nelem(fields)) != 0 ||
	    !is_ciphertext(&fields[2]))
		return E_BAD;
	m->counter = fields[1].value;
	return take_point(&fields[0], m->ratchet);
}

static int
read_opening(const uint8_t *data, size_t len, struct olm_message *m)
{
	struct field fields[] = { { .tag = 0x0a }, { .tag = 0x12 }, { .tag = 0x1a }, { .tag = 0x22 } };

	if (len < 1 || data[0] != VERSION ||
	    read_fields((struct cursor){ data + 1, data + len }, fields, nelem(fields)) != 0 ||
	    take_point(&fields[0], m->one_time) != 0 || take_point(&fields[1], m->base) != 0 ||
	    take_point(&fields[2], m->identity) != 0)
		return E_BAD;
	return read_inner(fields[3].data, fields[3].value, m);
}

static int
decode(const char *text, size_t max, uint8_t **ret, size_t *ret_len, struct err *reterr)
{
	size_t len = strnlen(text, max + 1);
	int r;

	if (len > max)
		return err_set(reterr, E_BAD, "the message is longer than %zu characters", max);
	if ((r = decode_b64_new(text, len, ret, ret_len)) != 0)
		return err_set(reterr, r, r > 0 ? "the message is not exact base64" : "out of memory");
	return 0;
}

int
strict_olm(int type, const char *body, struct olm_message *ret, struct err *reterr)
{
	struct olm_message m = { .type = type, .body = body };
	autofree uint8_t *data = NULL;
	size_t len = 0;
	int r;

	if (type != 0 && type != 1)
		return err_set(reterr, E_BAD, "an Olm message is of type 0 or 1");
	if ((r = decode(body, STRICT_OLM_MAX, &data, &len, reterr)) != 0)
		return r;
	r = type == 0 ? read_opening(data, len, &m) : read_inner(data, len, &m);
	if (r != 0)
		return err_set(reterr, E_BAD, "the Olm message is malformed");
	m.len = strlen(body);
	*ret = m;
	return 0;
}

int
strict_group(const char *body, uint32_t *ret_index, struct err *reterr)
{
	struct field fields[] = { { .tag = 0x08 }, { .tag = 0x12 } };
	autofree uint8_t *data = NULL;
	size_t len = 0;
	int r;

	if ((r = decode(body, STRICT_GROUP_MAX, &data, &len, reterr)) != 0)
		return r;
	if (len < 1 + MAC + STRICT_SIG || data[0] != VERSION ||
	    read_fields((struct cursor){ data + 1, data + len - MAC - STRICT_SIG },
	    fields, nelem(fields)) != 0 || !is_ciphertext(&fields[1]))
		return err_set(reterr, E_BAD, "the Megolm message is malformed");
	*ret_index = fields[0].value;
	return 0;
}

int
strict_group_signature(const char *body, const uint8_t pub[CRYPT_KEY])
{
	autofree uint8_t *data = NULL;
	size_t len = 0;
	int r = decode(body, STRICT_GROUP_MAX, &data, &len, NULL);

	if (r != 0)
		return r;
	return len > STRICT_SIG && crypto_sign_verify_detached(data + len - STRICT_SIG, data,
	    len - STRICT_SIG, pub) == 0 ? 0 : E_BAD;
}

int
strict_session_key(const char *text, uint8_t ret_pub[CRYPT_KEY], uint32_t *ret_index,
    struct err *reterr)
{
	uint8_t raw[SESSION_KEY + STRICT_SIG];
	const uint8_t *pub = raw + SESSION_KEY - CRYPT_KEY;
	int r = 0;

	if (decode_b64_exact(text, raw, sizeof(raw)) != 0 || raw[0] != KEY_VERSION)
		r = err_set(reterr, E_BAD, "the session key is malformed");
	else if (crypto_core_ed25519_is_valid_point(pub) != 1 ||
	    crypto_sign_verify_detached(raw + SESSION_KEY, raw, SESSION_KEY, pub) != 0)
		r = err_set(reterr, E_BAD, "the session key is not signed by itself");
	else {
		memcpy(ret_pub, pub, CRYPT_KEY);
		*ret_index = (uint32_t)raw[1] << 24 | (uint32_t)raw[2] << 16 |
		    (uint32_t)raw[3] << 8 | raw[4];
	}
	sodium_memzero(raw, sizeof(raw));
	return r;
}
