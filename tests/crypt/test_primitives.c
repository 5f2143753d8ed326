/* SPDX-License-Identifier: Apache-2.0 */
/* Ours run inside libolm, agree with the originals, and refuse what those accept. */
#include <dlfcn.h>
#include <olm/olm.h>
#include <sodium.h>

#include "crypt/primitives.h"
#include "tests/tap.h"

int	_olm_crypto_ed25519_verify(const uint8_t *, const uint8_t *, size_t, const uint8_t *);
void	_olm_crypto_curve25519_shared_secret(const void *, const uint8_t *, uint8_t *);
size_t	_olm_crypto_aes_decrypt_cbc(const uint8_t *, const uint8_t *, const uint8_t *, size_t, uint8_t *);

static void
test_verify(void)
{
	/* The group order, little endian: S + L is a second spelling of S. */
	static const uint8_t order[32] = { 0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c,
	    0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14, [31] = 0x10 };
	static const uint8_t weak[32] = { 1 };
	uint8_t pub[32], secret[64], sig[64], weak_sig[64] = { 1 };
	unsigned carry = 0;

	(void)crypto_sign_keypair(pub, secret);
	(void)crypto_sign_detached(sig, NULL, (const uint8_t *)"text", 4, secret);
	ok(_olm_crypto_ed25519_verify(pub, (const uint8_t *)"text", 4, sig), "a good signature");
	for (int i = 0; i < 32; i++) {
		carry += sig[32 + i] + order[i];
		sig[32 + i] = (uint8_t)carry;
		carry >>= 8;
	}
	ok(!_olm_crypto_ed25519_verify(pub, (const uint8_t *)"text", 4, sig), "S + L is refused");
	ok(!_olm_crypto_ed25519_verify(weak, (const uint8_t *)"text", 4, weak_sig),
	    "a key of small order verifies nothing");
}

static void
test_low_order(void)
{
	static const uint8_t zero[32];
	uint8_t pair[64], one[32], two[32];

	randombytes_buf(pair, sizeof(pair));
	_olm_crypto_curve25519_shared_secret(pair, zero, one);
	_olm_crypto_curve25519_shared_secret(pair, zero, two);
	ok(memcmp(one, zero, 32) != 0 && memcmp(one, two, 32) != 0,
	    "a small-order point gives a secret that nobody can foresee");
}

static void
test_padding(void)
{
	uint8_t key[32] = { 1 }, iv[16] = { 2 }, in[16] = { 3 }, out[16];

	ok(_olm_crypto_aes_decrypt_cbc(key, iv, in, 16, out) == (size_t)-1, "bad padding is refused");
	ok(_olm_crypto_aes_decrypt_cbc(key, iv, in, 15, out) == (size_t)-1, "part of a block is refused");
}

int
main(void)
{
	struct err err = { "" };
	uint64_t before;
	int bad = 0;

	if (sodium_init() < 0)
		return EXIT_FAILURE;
	is_int(primitives_in_force(&err), 0, "ours are in force %s", err.text);
	for (int i = 0; i < 50; i++)
		bad += primitives_in_force(&err) != 0;
	is_int(bad, 0, "and agree with libolm's on 400 rounds of random input");
	before = primitives_calls(PRIMITIVE_sha256);
	{
		char out[64];
		void *memory = malloc(olm_utility_size());
		OlmUtility *u = olm_utility(memory);

		(void)olm_sha256(u, "x", 1, out, sizeof(out));
		free(memory);
	}
	is_int(primitives_calls(PRIMITIVE_sha256) - before, 1, "a call of libolm lands here");
	test_verify();
	test_low_order();
	test_padding();
	return done_testing();
}
