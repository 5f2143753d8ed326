/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Ours run inside libolm, agree with the originals, and refuse what those accept.
 * Includes the module, for its prototypes and its way to the originals.
 */
#include "crypt/primitives.c"

#include <olm/olm.h>
#include <sys/wait.h>
#include <unistd.h>

#include "draw.h"
#include "tests/tap.h"
#include "weak.h"

enum { ROUNDS_EACH = 10000, TEXT_MAX = 2048 };

static struct draw d;
static size_t rounds;
static uint8_t in[TEXT_MAX], ours[TEXT_MAX + AES_BLOCK], theirs[TEXT_MAX + AES_BLOCK];

/* A length: each of the first hundred once, then any. */
static size_t
length(size_t i, size_t max)
{
	return i < 100 && i < max ? i : draw_below(&d, max);
}

static const char *
equal_aes(void)
{
	size_t wrong = 0, taken = 0;
	uint8_t key[AES_KEY], iv[AES_BLOCK];

	THEIRS(aes_encrypt_cbc_length);
	THEIRS(aes_encrypt_cbc);
	THEIRS(aes_decrypt_cbc);
	for (size_t i = 0; i < rounds; i++)
		wrong += _olm_crypto_aes_encrypt_cbc_length(i) != their_aes_encrypt_cbc_length(i);
	is_int((int)wrong, 0, "aes_encrypt_cbc_length: equal on %zu lengths", rounds);
	wrong = 0;
	for (size_t i = 0; i < rounds; i++) {
		size_t len = length(i, TEXT_MAX), n = len + AES_BLOCK - len % AES_BLOCK;

		draw(&d, in, len);
		draw(&d, key, sizeof(key));
		draw(&d, iv, sizeof(iv));
		_olm_crypto_aes_encrypt_cbc(key, iv, in, len, ours);
		their_aes_encrypt_cbc(key, iv, in, len, theirs);
		wrong += memcmp(ours, theirs, n) != 0;
	}
	is_int((int)wrong, 0, "aes_encrypt_cbc: equal on %zu random inputs", rounds);
	wrong = 0;
	for (size_t i = 0; i < rounds; i++) {
		size_t len = length(i, TEXT_MAX - AES_BLOCK), n = len + AES_BLOCK - len % AES_BLOCK, back;
		uint8_t a[TEXT_MAX], b[TEXT_MAX];

		draw(&d, in, len);
		draw(&d, key, sizeof(key));
		draw(&d, iv, sizeof(iv));
		their_aes_encrypt_cbc(key, iv, in, len, ours);
		back = _olm_crypto_aes_decrypt_cbc(key, iv, ours, n, a);
		wrong += back != len || their_aes_decrypt_cbc(key, iv, ours, n, b) != len ||
		    memcmp(a, b, len) != 0 || memcmp(a, in, len) != 0;
	}
	is_int((int)wrong, 0, "aes_decrypt_cbc: equal on %zu random inputs", rounds);
	wrong = 0;
	for (size_t i = 0; i < rounds; i++) {
		size_t n = AES_BLOCK * (1 + draw_below(&d, 4)), pad, want = SIZE_MAX, back, other;
		uint8_t plain[5 * AES_BLOCK], sealed[5 * AES_BLOCK], a[5 * AES_BLOCK], b[5 * AES_BLOCK];

		/* Whole blocks that end in anything; half of them in many equal bytes. */
		draw(&d, plain, n);
		draw(&d, key, sizeof(key));
		draw(&d, iv, sizeof(iv));
		pad = draw_below(&d, i % 4 == 0 ? 256 : AES_BLOCK + 2);
		if (i % 2 == 0)
			memset(plain + n - (pad < AES_BLOCK ? pad : AES_BLOCK - 1), (int)pad,
			    pad < AES_BLOCK ? pad : AES_BLOCK - 1);
		plain[n - 1] = (uint8_t)pad;
		cbc(true, key, iv, plain, n, sealed);
		if (pad >= 1 && pad <= AES_BLOCK)
			for (want = 0; want < pad && plain[n - 1 - want] == pad; want++)
				;
		want = want == pad ? n - pad : (size_t)-1;
		back = _olm_crypto_aes_decrypt_cbc(key, iv, sealed, n, a);
		other = their_aes_decrypt_cbc(key, iv, sealed, n, b);
		wrong += back != want || (back != (size_t)-1 && other != back) || (other == (size_t)-1 && back != other);
		taken += back == (size_t)-1 && other != back;
	}
	is_int((int)wrong, 0, "aes_decrypt_cbc: %zu random paddings judged by PKCS 7 (libolm takes %zu bad ones)",
	    rounds, taken);
	return NULL;
}

static const char *
equal_hashes(void)
{
	size_t wrong = 0;
	uint8_t key[256], info[128];

	THEIRS(sha256);
	THEIRS(hmac_sha256);
	THEIRS(hkdf_sha256);
	for (size_t i = 0; i < rounds; i++) {
		size_t len = length(i, TEXT_MAX);

		draw(&d, in, len);
		_olm_crypto_sha256(in, len, ours);
		their_sha256(in, len, theirs);
		wrong += memcmp(ours, theirs, HASH) != 0;
	}
	is_int((int)wrong, 0, "sha256: equal on %zu random inputs", rounds);
	wrong = 0;
	for (size_t i = 0; i < rounds; i++) {
		size_t len = draw_below(&d, TEXT_MAX), key_len = length(i, sizeof(key));

		draw(&d, in, len);
		draw(&d, key, key_len);
		_olm_crypto_hmac_sha256(key, key_len, in, len, ours);
		their_hmac_sha256(key, key_len, in, len, theirs);
		wrong += memcmp(ours, theirs, HASH) != 0;
	}
	is_int((int)wrong, 0, "hmac_sha256: equal on %zu random inputs", rounds);
	wrong = 0;
	for (size_t i = 0; i < rounds; i++) {
		size_t len = draw_below(&d, 256), salt_len = draw_below(&d, sizeof(key));
		size_t info_len = draw_below(&d, sizeof(info)), n = 1 + length(i, 500);
		const uint8_t *salt = i % 3 == 0 ? NULL : key;

		draw(&d, in, len);
		draw(&d, key, salt_len);
		draw(&d, info, info_len);
		_olm_crypto_hkdf_sha256(in, len, salt, salt_len, info, info_len, ours, n);
		their_hkdf_sha256(in, len, salt, salt_len, info, info_len, theirs, n);
		wrong += memcmp(ours, theirs, n) != 0;
	}
	is_int((int)wrong, 0, "hkdf_sha256: equal on %zu random inputs", rounds);
	return NULL;
}

static const char *
equal_curve(void)
{
	struct curve_pair a, b;
	uint8_t random[KEY], point[KEY], x[KEY], y[KEY];
	size_t made = 0, shared = 0;

	THEIRS(curve25519_generate_key);
	THEIRS(curve25519_shared_secret);
	for (size_t i = 0; i < rounds; i++) {
		draw(&d, random, sizeof(random));
		draw(&d, point, sizeof(point));		/* On the curve or its twist, with any top bit. */
		_olm_crypto_curve25519_generate_key(random, &a);
		their_curve25519_generate_key(random, &b);
		made += memcmp(&a, &b, sizeof(a)) != 0;
		_olm_crypto_curve25519_shared_secret(&a, point, x);
		their_curve25519_shared_secret(&b, point, y);
		shared += memcmp(x, y, KEY) != 0;
	}
	is_int((int)made, 0, "curve25519_generate_key: equal on %zu random inputs", rounds);
	is_int((int)shared, 0, "curve25519_shared_secret: equal on %zu random inputs", rounds);
	return NULL;
}

static const char *
equal_edward(void)
{
	struct edward_pair a, b;
	uint8_t random[KEY], x[SIG], y[SIG];
	size_t made = 0, signatures = 0, verified = 0, good = 0;

	THEIRS(ed25519_generate_key);
	THEIRS(ed25519_sign);
	THEIRS(ed25519_verify);
	for (size_t i = 0; i < rounds; i++) {
		size_t len = length(i, 512), bit;
		int one, two;

		draw(&d, random, sizeof(random));
		draw(&d, in, len);
		_olm_crypto_ed25519_generate_key(random, &a);
		their_ed25519_generate_key(random, &b);
		made += memcmp(&a, &b, sizeof(a)) != 0;
		_olm_crypto_ed25519_sign(&a, in, len, x);
		their_ed25519_sign(&b, in, len, y);
		signatures += memcmp(x, y, SIG) != 0;
		/* Every other one with a bit turned, of the signature, the key or the text. */
		if (i % 2 == 1) {
			bit = draw_below(&d, 8 * (SIG + KEY + len));
			*(bit < 8 * SIG ? &x[bit / 8] : bit < 8 * (SIG + KEY) ? &a.pub[bit / 8 - SIG] :
			    &in[bit / 8 - SIG - KEY]) ^= (uint8_t)(1 << bit % 8);
		}
		one = _olm_crypto_ed25519_verify(a.pub, in, len, x);
		two = their_ed25519_verify(a.pub, in, len, x);
		verified += one != (i % 2 == 0) || !two != !one;
		good += one == 1;
	}
	is_int((int)made, 0, "ed25519_generate_key: equal on %zu random inputs", rounds);
	is_int((int)signatures, 0, "ed25519_sign: equal on %zu random inputs", rounds);
	is_int((int)verified, 0, "ed25519_verify: equal on %zu random inputs, %zu of them good", rounds, good);
	return NULL;
}

static void
test_equal(void)
{
	ok(equal_aes() == NULL && equal_hashes() == NULL && equal_curve() == NULL && equal_edward() == NULL,
	    "libolm's own are there to compare with");
}

static void
test_verify(void)
{
	static const uint8_t weak[32] = { 1 };
	uint8_t pub[32], secret[64], sig[64], weak_sig[64] = { 1 };

	(void)crypto_sign_keypair(pub, secret);
	(void)crypto_sign_detached(sig, NULL, (const uint8_t *)"text", 4, secret);
	ok(_olm_crypto_ed25519_verify(pub, (const uint8_t *)"text", 4, sig), "a good signature");
	weak_add_order(sig + 32);
	ok(!_olm_crypto_ed25519_verify(pub, (const uint8_t *)"text", 4, sig), "S + L is refused");
	ok(!_olm_crypto_ed25519_verify(weak, (const uint8_t *)"text", 4, weak_sig),
	    "a key of small order verifies nothing");
}

/* The text and its signature may be one buffer, as in libolm's Megolm messages. */
static void
test_sign_in_place(void)
{
	struct edward_pair pair;
	uint8_t random[KEY] = { 5 }, apart[SIG], together[10 + SIG] = "0123456789";

	_olm_crypto_ed25519_generate_key(random, &pair);
	_olm_crypto_ed25519_sign(&pair, together, 10, apart);
	_olm_crypto_ed25519_sign(&pair, together, 10, together + 10);
	ok(memcmp(apart, together + 10, SIG) == 0, "a signature may follow its text");
}

static void
test_low_order(void)
{
	static const uint8_t zero[32];
	struct curve_pair pair;
	uint8_t point[32], one[32], two[32];
	int bad = 0;

	randombytes_buf(&pair, sizeof(pair));
	for (size_t i = 0; i < 2 * LOW_ORDER; i++) {
		weak_point(i, point);
		_olm_crypto_curve25519_shared_secret(&pair, point, one);
		_olm_crypto_curve25519_shared_secret(&pair, point, two);
		bad += memcmp(one, zero, 32) == 0 || memcmp(one, two, 32) == 0;
	}
	is_int(bad, 0, "a small-order point gives a secret that nobody can foresee");
}

/* What a function cannot refuse ends the process. */
static void
dies(void (*deed)(void), const char *name)
{
	int status = 0;
	pid_t pid;

	fflush(stdout);
	if ((pid = fork()) == 0) {
		if (freopen("/dev/null", "w", stderr) == NULL)
			_exit(1);
		deed();
		_exit(0);
	}
	ok(pid > 0 && waitpid(pid, &status, 0) == pid && WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT,
	    "%s ends the process", name);
}

static void
hkdf_too_much(void)
{
	static uint8_t out[255 * HASH + 1];

	_olm_crypto_hkdf_sha256(in, 32, NULL, 0, in, 0, out, sizeof(out));
}

static void
test_padding(void)
{
	uint8_t key[32] = { 1 }, iv[16] = { 2 }, block[16] = { 3 }, out[16];

	ok(_olm_crypto_aes_decrypt_cbc(key, iv, block, 16, out) == (size_t)-1, "bad padding is refused");
	ok(_olm_crypto_aes_decrypt_cbc(key, iv, block, 15, out) == (size_t)-1, "part of a block is refused");
	ok(_olm_crypto_aes_decrypt_cbc(key, iv, block, 0, out) == (size_t)-1, "no block at all is refused");
	dies(hkdf_too_much, "HKDF past its 255 blocks");
}

/* Each function moved by libolm's own calls, none of ours. */
static void
test_counters(void)
{
	uint64_t before[PRIMITIVE_COUNT];
	struct err err = { "" };
	char out[64];
	void *memory = malloc(olm_utility_size());
	size_t moved = 0;

	memcpy(before, calls, sizeof(before));
	(void)olm_sha256(olm_utility(memory), "x", 1, out, sizeof(out));
	free(memory);
	is_int(calls[PRIMITIVE_sha256] - before[PRIMITIVE_sha256], 1, "a call of libolm lands here");
	memcpy(before, calls, sizeof(before));
	is_int(ratchet_exercise(&err), 0, "libolm is run through");
	for (size_t i = 0; i < PRIMITIVE_COUNT; i++)
		moved += calls[i] > before[i];
	is_int((int)moved, PRIMITIVE_COUNT, "and lands in each of the %d functions", PRIMITIVE_COUNT);
	is_int(primitives_in_force(&err), 0, "ours are in force %s", err.text);
}

int
main(void)
{
	if (sodium_init() < 0)
		return EXIT_FAILURE;
	d = draw_start();
	rounds = draw_rounds(ROUNDS_EACH);
	test_counters();
	test_equal();
	test_verify();
	test_sign_in_place();
	test_low_order();
	test_padding();
	return done_testing();
}
