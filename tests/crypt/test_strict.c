/* SPDX-License-Identifier: Apache-2.0 */
#include <sodium.h>

#include "base/encode.h"
#include "base/proof.h"
#include "crypt/olm.h"
#include "crypt/strict.h"
#include "draw.h"
#include "tests/tap.h"
#include "weak.h"

static const struct world *
world(void)
{
	static struct world w;

	w = world_real();
	return &w;
}

static void
test_points(void)
{
	uint8_t secret[32], key[32];
	char text[64];

	for (size_t i = 0; i < LOW_ORDER; i++) {
		weak_point(i, key);
		is_int(strict_point(key), E_BAD, "point %zu of small order", i);
		encode_b64(key, 32, text);
		is_int(strict_curve(text, key), E_BAD, "as text too");
	}
	randombytes_buf(secret, 32);
	(void)crypto_scalarmult_base(key, secret);
	is_int(strict_point(key), 0, "an ordinary one");
	key[31] |= 0x80;
	is_int(strict_point(key), E_BAD, "with the top bit set");
	memset(key, 0xff, sizeof(key));
	key[0] = 0xf5;	/* p + 8 */
	key[31] = 0x7f;
	is_int(strict_point(key), E_BAD, "a number above p");
	memset(key, 0, sizeof(key));
	key[0] = 1;
	encode_b64(key, 32, text);
	is_int(proof_key_b64(text, key), E_BAD, "an Ed25519 key of small order");
}

/* What strict_point should say: a number below p, and eight times it is not zero. */
static int
judge(const uint8_t key[32])
{
	static const uint8_t eight[32] = { 8 };
	uint8_t p[32], out[32];

	memset(p, 0xff, sizeof(p));
	p[0] = 0xed;
	p[31] = 0x7f;
	for (int i = 31; i >= 0; i--) {
		if (key[i] < p[i])
			return crypto_scalarmult(out, eight, key) == 0 ? 0 : E_BAD;
		if (key[i] > p[i])
			break;
	}
	return E_BAD;
}

/* Each weak point, what is next to it, and any other: as the arithmetic has it. */
static void
test_judged(void)
{
	struct draw d = draw_start();
	size_t rounds = draw_rounds(10000), wrong = 0;
	uint8_t key[32];

	for (size_t i = 0; i < rounds; i++) {
		draw(&d, key, sizeof(key));
		if (i % 2 == 1)
			key[31] &= 0x7f;
		wrong += strict_point(key) != judge(key);
	}
	is_int((int)wrong, 0, "%zu random points are judged as arithmetic does", rounds);
	wrong = 0;
	for (size_t i = 0; i < 2 * LOW_ORDER; i++) {
		for (unsigned byte = 0; byte < 32; byte++) {
			for (unsigned value = 0; value < 256; value++) {
				weak_point(i, key);
				key[byte] = (uint8_t)value;
				if (byte > 1 && byte < 30 && value % 51 != 0)
					continue;
				wrong += strict_point(key) != judge(key);
			}
		}
	}
	is_int((int)wrong, 0, "and what lies around the weak ones");
}

static void
test_base64(void)
{
	uint8_t secret[32], key[32];
	char text[64], bad[80];

	randombytes_buf(secret, 32);
	(void)crypto_scalarmult_base(key, secret);
	encode_b64(key, 32, text);
	is_int(strict_curve(text, key), 0, "exact base64");
	(void)snprintf(bad, sizeof(bad), "%s=", text);
	is_int(strict_curve(bad, key), E_BAD, "padding");
	(void)snprintf(bad, sizeof(bad), "%s", text);
	bad[10] = '!';
	is_int(strict_curve(bad, key), E_BAD, "a foreign character");
	(void)snprintf(bad, sizeof(bad), "%s", text);
	bad[10] = '_';
	is_int(strict_curve(bad, key), E_BAD, "the URL alphabet");
	(void)snprintf(bad, sizeof(bad), "%s", text);
	bad[42]++;
	is_int(strict_curve(bad, key), E_BAD, "bits after the end");
	(void)snprintf(bad, sizeof(bad), "%s ", text);
	is_int(strict_curve(bad, key), E_BAD, "a blank");
	bad[42] = '\0';
	is_int(strict_curve(bad, key), E_BAD, "too short");
	is_int(strict_curve(NULL, key), E_BAD, "nothing");
	is_int(strict_curve("", key), E_BAD, "the empty text");
}

/* A message taken apart, changed at one byte or shortened, is text again. */
static char *
text_of(const uint8_t *data, size_t len)
{
	return encode_b64_new(data, len);
}

static void
test_messages(void)
{
	struct ratchet_account *a, *b;
	struct ratchet_session *s;
	struct olm_message m = { 0 };
	json_t *keys;
	uint8_t ed[32], curve[32], onetime[32], *data, *inside;
	char *body, *text;
	size_t len, accepted = 0, small;
	int type;

	if (ratchet_account_new(world(), &a) != 0 || ratchet_account_new(world(), &b) != 0 ||
	    ratchet_account_make_onetime(b, world(), 1) != 0 ||
	    ratchet_account_onetime(b, &keys) != 0 || ratchet_account_keys(b, ed, curve) != 0 ||
	    strict_curve(json_string_value(json_object_iter_value(json_object_iter(keys))), onetime) != 0 ||
	    ratchet_session_to(a, world(), curve, onetime, &s) != 0 ||
	    ratchet_session_encrypt(s, world(), "hello", 5, &type, &body) != 0)
		abort();
	is_int(strict_olm(0, body, &m, NULL), 0, "an Olm message that opens a session");
	ok(memcmp(m.one_time, onetime, 32) == 0, "names the one-time key");
	is_int(strict_olm(1, body, &m, NULL), E_BAD, "is not one of the other type");
	is_int(strict_olm(2, body, &m, NULL), E_BAD, "there is no type 2");
	if (decode_b64_new(body, strlen(body), &data, &len) != 0)
		abort();
	for (size_t n = 0; n < len; n++) {
		text = text_of(data, n);
		accepted += strict_olm(0, text, &m, NULL) == 0;
		free(text);
	}
	is_int((int)accepted, 0, "cut at any of its %zu bytes it is refused", len);
	/* Version, tag, length, one-time key. */
	for (small = 0; small < LOW_ORDER; small++) {
		weak_point(small, data + 3);
		text = text_of(data, len);
		accepted += strict_olm(0, text, &m, NULL) == 0;
		free(text);
	}
	memcpy(data + 3, onetime, 32);
	text = text_of(data, len);
	is_int(strict_olm(0, text, &m, NULL), 0, "whole again");
	free(text);
	inside = memmem(data, len, m.ratchet, 32);
	ok(inside != NULL, "the message inside has its ratchet key");
	if (inside == NULL)
		abort();
	weak_point(0, inside);
	text = text_of(data, len);
	accepted += strict_olm(0, text, &m, NULL) == 0;
	free(text);
	is_int((int)accepted, 0, "a point of small order is found inside too");
	free(data);
	free(body);
	json_decref(keys);
	ratchet_session_free(s);
	ratchet_account_free(a);
	ratchet_account_free(b);
	is_int(strict_olm(0, "", &m, NULL), E_BAD, "an empty message");
	text = calloc(1, STRICT_OLM_MAX + 2);
	memset(text, 'A', STRICT_OLM_MAX + 1);
	is_int(strict_olm(0, text, &m, NULL), E_BAD, "one that is too long");
	free(text);
}

static void
test_fields(void)
{
	/* version, index, ciphertext of 16, then MAC and signature of zeroes */
	uint8_t good[1 + 2 + 2 + 16 + 72] = { 3, 0x08, 5, 0x12, 16 }, bad[sizeof(good) + 8];
	uint32_t index = 0;
	char *text = text_of(good, sizeof(good));

	ok(strict_group(text, &index, NULL) == 0 && index == 5, "a Megolm message and its index");
	free(text);
#define REFUSED(n, ...) do { \
		text = text_of(bad, n); \
		is_int(strict_group(text, &index, NULL), E_BAD, __VA_ARGS__); \
		free(text); \
	} while (0)
	memcpy(bad, good, sizeof(good));
	bad[0] = 4;
	REFUSED(sizeof(good), "another version");
	memcpy(bad, good, sizeof(good));
	bad[1] = 0x18;
	REFUSED(sizeof(good), "an unknown field");
	memcpy(bad, good, sizeof(good));
	bad[4] = 17;
	REFUSED(sizeof(good), "a length past the end");
	memcpy(bad, "\003\010\005\010\005\022\020", 7);
	memset(bad + 7, 0, sizeof(bad) - 7);
	REFUSED(sizeof(good) + 2, "a field twice");
	memcpy(bad, "\003\010\205\000\022\020", 6);
	REFUSED(sizeof(good) + 1, "a number in more bytes than needed");
	memcpy(bad, "\003\010\377\377\377\377\177\022\020", 9);
	REFUSED(sizeof(good) + 4, "a number beyond 32 bits");
	REFUSED(40, "a short one");
#undef REFUSED
}

static void
test_session_key(void)
{
	struct ratchet_outbound *s;
	autobuf struct buf key = { 0 };
	char id[CRYPT_KEY_TEXT + 1];
	uint8_t pub[32], *raw;
	uint32_t index;
	size_t len, accepted = 0;

	if (ratchet_outbound_new(world(), &s) != 0 || ratchet_outbound_key(s, &key) != 0 ||
	    ratchet_outbound_id(s, id) != 0)
		abort();
	is_int(strict_session_key(key.data, pub, &index, NULL), 0, "a session key");
	is_int(index, 0, "from its beginning");
	if (decode_b64_new(key.data, key.len, &raw, &len) != 0)
		abort();
	for (size_t i = 0; i < len; i += 7) {
		char *text;

		raw[i] ^= 1;
		text = text_of(raw, len);
		accepted += strict_session_key(text, pub, &index, NULL) == 0;
		free(text);
		raw[i] ^= 1;
	}
	is_int((int)accepted, 0, "one bit changed anywhere: refused");
	free(raw);
	ratchet_outbound_free(s);
}

int
main(void)
{
	if (sodium_init() < 0)
		return EXIT_FAILURE;
	test_points();
	test_judged();
	test_base64();
	test_messages();
	test_fields();
	test_session_key();
	return done_testing();
}
