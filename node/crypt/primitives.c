/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The structures and prototypes are those of libolm 3.2 (include/olm/crypto.h,
 * not installed).  None of these functions can report a failure: where the
 * result would not be safe to use the process ends (nothing is committed).
 */
#include <dlfcn.h>
#include <openssl/evp.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "olm.h"
#include "primitives.h"

enum { AES_KEY = 32, AES_BLOCK = 16, HASH = 32, KEY = 32, SECRET = 64, SIG = 64 };

struct curve_pair {
	uint8_t	pub[KEY], secret[KEY];
};

struct edward_pair {
	uint8_t	pub[KEY], secret[SECRET];	/* SHA-512 of the seed, clamped. */
};

/* The one mutable static of this room (docs/architecture.md, section 1). */
static uint64_t calls[PRIMITIVE_COUNT];

#define OURS(ret, name, ...) \
	ret _olm_crypto_##name(__VA_ARGS__) __attribute__((visibility("default"))); \
	ret _olm_crypto_##name(__VA_ARGS__)

/* Out of memory, which none of these functions can say.  Nothing is committed, and a restart resumes. */
static _Noreturn void
stop(void)
{
	static const char text[] = "error crypt: no memory for a cipher; the node ends, and resumes when it is started again\n";

	(void)!write(STDERR_FILENO, text, sizeof(text) - 1);
	_exit(EX_OSERR);
}

static void
cbc(bool encrypt, const uint8_t *key, const uint8_t *iv, const uint8_t *in, size_t len, uint8_t *out)
{
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	int n = 0;

	if (ctx == NULL || len > INT_MAX ||
	    EVP_CipherInit_ex(ctx, EVP_aes_256_cbc(), NULL, key, iv, encrypt) != 1 ||
	    EVP_CIPHER_CTX_set_padding(ctx, 0) != 1 ||
	    EVP_CipherUpdate(ctx, out, &n, in, (int)len) != 1 || (size_t)n != len)
		stop();
	EVP_CIPHER_CTX_free(ctx);
}

OURS(size_t, aes_encrypt_cbc_length, size_t len)
{
	calls[PRIMITIVE_aes_encrypt_cbc_length]++;
	return len + AES_BLOCK - len % AES_BLOCK;
}

OURS(void, aes_encrypt_cbc, const uint8_t *key, const uint8_t *iv, const uint8_t *in, size_t len,
    uint8_t *out)
{
	size_t whole = len - len % AES_BLOCK;
	uint8_t last[AES_BLOCK];

	calls[PRIMITIVE_aes_encrypt_cbc]++;
	memset(last, (int)(AES_BLOCK - (len - whole)), sizeof(last));
	if (len > whole)
		memcpy(last, in + whole, len - whole);
	if (whole > 0) {
		cbc(true, key, iv, in, whole, out);
		iv = out + whole - AES_BLOCK;
	}
	cbc(true, key, iv, last, sizeof(last), out + whole);
	sodium_memzero(last, sizeof(last));
}

OURS(size_t, aes_decrypt_cbc, const uint8_t *key, const uint8_t *iv, const uint8_t *in, size_t len,
    uint8_t *out)
{
	size_t pad;
	uint8_t wrong = 0;

	calls[PRIMITIVE_aes_decrypt_cbc]++;
	if (len == 0 || len % AES_BLOCK != 0)
		return (size_t)-1;
	cbc(false, key, iv, in, len, out);
	pad = out[len - 1];
	if (pad == 0 || pad > AES_BLOCK)
		return (size_t)-1;
	for (size_t i = len - pad; i < len; i++)
		wrong |= out[i] ^ (uint8_t)pad;
	return wrong == 0 ? len - pad : (size_t)-1;
}

OURS(void, sha256, const uint8_t *in, size_t len, uint8_t *out)
{
	calls[PRIMITIVE_sha256]++;
	(void)crypto_hash_sha256(out, in, len);
}

static void
hmac(const uint8_t *key, size_t key_len, const uint8_t *in, size_t len, uint8_t *out)
{
	crypto_auth_hmacsha256_state st;

	(void)crypto_auth_hmacsha256_init(&st, key, key_len);
	(void)crypto_auth_hmacsha256_update(&st, in, len);
	(void)crypto_auth_hmacsha256_final(&st, out);
	sodium_memzero(&st, sizeof(st));
}

OURS(void, hmac_sha256, const uint8_t *key, size_t key_len, const uint8_t *in, size_t len,
    uint8_t *out)
{
	calls[PRIMITIVE_hmac_sha256]++;
	hmac(key, key_len, in, len, out);
}

OURS(void, hkdf_sha256, const uint8_t *in, size_t len, const uint8_t *salt, size_t salt_len,
    const uint8_t *info, size_t info_len, uint8_t *out, size_t out_len)
{
	static const uint8_t no_salt[HASH];
	uint8_t prk[HASH], block[HASH], round = 1;
	crypto_auth_hmacsha256_state st;

	calls[PRIMITIVE_hkdf_sha256]++;
	if (out_len > 255 * HASH)
		abort();
	hmac(salt != NULL ? salt : no_salt, salt != NULL ? salt_len : sizeof(no_salt), in, len, prk);
	for (size_t done = 0; done < out_len; round++) {
		size_t n = out_len - done < HASH ? out_len - done : HASH;

		(void)crypto_auth_hmacsha256_init(&st, prk, sizeof(prk));
		if (done > 0)
			(void)crypto_auth_hmacsha256_update(&st, block, sizeof(block));
		(void)crypto_auth_hmacsha256_update(&st, info, info_len);
		(void)crypto_auth_hmacsha256_update(&st, &round, 1);
		(void)crypto_auth_hmacsha256_final(&st, block);
		memcpy(out + done, block, n);
		done += n;
	}
	sodium_memzero(&st, sizeof(st));
	sodium_memzero(prk, sizeof(prk));
	sodium_memzero(block, sizeof(block));
}

OURS(void, curve25519_generate_key, const uint8_t *random, struct curve_pair *ret)
{
	calls[PRIMITIVE_curve25519_generate_key]++;
	memcpy(ret->secret, random, KEY);
	(void)crypto_scalarmult_base(ret->pub, ret->secret);
}

OURS(void, curve25519_shared_secret, const struct curve_pair *our, const uint8_t *their, uint8_t *out)
{
	calls[PRIMITIVE_curve25519_shared_secret]++;
	if (crypto_scalarmult(out, our->secret, their) != 0)
		randombytes_buf(out, KEY);	/* Small order: nobody shall know it. */
}

OURS(void, ed25519_generate_key, const uint8_t *random, struct edward_pair *ret)
{
	uint8_t secret[crypto_sign_SECRETKEYBYTES];

	calls[PRIMITIVE_ed25519_generate_key]++;
	(void)crypto_hash_sha512(ret->secret, random, KEY);
	ret->secret[0] &= 248;
	ret->secret[31] &= 63;
	ret->secret[31] |= 64;
	(void)crypto_sign_seed_keypair(ret->pub, secret, random);
	sodium_memzero(secret, sizeof(secret));
}

/* Ed25519 (RFC 8032, 5.1.6) from the expanded key, since libolm keeps no seed. */
OURS(void, ed25519_sign, const struct edward_pair *our, const uint8_t *message, size_t len,
    uint8_t *out)
{
	crypto_hash_sha512_state st;
	uint8_t hash[crypto_hash_sha512_BYTES], nonce[KEY], k[KEY], sig[SIG];

	calls[PRIMITIVE_ed25519_sign]++;
	(void)crypto_hash_sha512_init(&st);
	(void)crypto_hash_sha512_update(&st, our->secret + KEY, SECRET - KEY);
	(void)crypto_hash_sha512_update(&st, message, len);
	(void)crypto_hash_sha512_final(&st, hash);
	crypto_core_ed25519_scalar_reduce(nonce, hash);
	if (crypto_scalarmult_ed25519_base_noclamp(sig, nonce) != 0)
		abort();
	(void)crypto_hash_sha512_init(&st);
	(void)crypto_hash_sha512_update(&st, sig, KEY);
	(void)crypto_hash_sha512_update(&st, our->pub, KEY);
	(void)crypto_hash_sha512_update(&st, message, len);
	(void)crypto_hash_sha512_final(&st, hash);
	crypto_core_ed25519_scalar_reduce(k, hash);
	crypto_core_ed25519_scalar_mul(k, k, our->secret);
	crypto_core_ed25519_scalar_add(sig + KEY, k, nonce);
	memcpy(out, sig, SIG);		/* ${out} may follow ${message} in one buffer. */
	sodium_memzero(&st, sizeof(st));
	sodium_memzero(hash, sizeof(hash));
	sodium_memzero(nonce, sizeof(nonce));
	sodium_memzero(k, sizeof(k));
}

OURS(int, ed25519_verify, const uint8_t *their, const uint8_t *message, size_t len,
    const uint8_t *sig)
{
	calls[PRIMITIVE_ed25519_verify]++;
	return crypto_sign_verify_detached(sig, message, len, their) == 0;
}

uint64_t
primitives_calls(enum primitive p)
{
	return calls[p];
}

/* The library's own of ours, with our prototype; NULL if there is none. */
#define THEIRS(name) \
	__auto_type their_##name = &_olm_crypto_##name; \
	do { \
		void *sym_ = dlsym(RTLD_NEXT, "_olm_crypto_" #name); \
		memcpy(&their_##name, &sym_, sizeof(sym_)); \
		if (sym_ == NULL || their_##name == &_olm_crypto_##name) \
			return #name; \
	} while (0)

static const char *
compare_symmetric(const uint8_t in[256])
{
	uint8_t a[256 + AES_BLOCK], b[sizeof(a)], c[256], d[256];
	size_t len = in[0], n = len + AES_BLOCK - len % AES_BLOCK, back;

	THEIRS(aes_encrypt_cbc_length);
	THEIRS(aes_encrypt_cbc);
	THEIRS(aes_decrypt_cbc);
	THEIRS(sha256);
	THEIRS(hmac_sha256);
	THEIRS(hkdf_sha256);
	if (_olm_crypto_aes_encrypt_cbc_length(len) != n || their_aes_encrypt_cbc_length(len) != n)
		return "aes_encrypt_cbc_length";
	_olm_crypto_aes_encrypt_cbc(in, in + 32, in, len, a);
	their_aes_encrypt_cbc(in, in + 32, in, len, b);
	if (memcmp(a, b, n) != 0)
		return "aes_encrypt_cbc";
	back = _olm_crypto_aes_decrypt_cbc(in, in + 32, a, n, c);
	if (back != len || their_aes_decrypt_cbc(in, in + 32, a, n, d) != back ||
	    memcmp(c, in, len) != 0 || memcmp(d, in, len) != 0)
		return "aes_decrypt_cbc";
	_olm_crypto_sha256(in, len, a);
	their_sha256(in, len, b);
	if (memcmp(a, b, HASH) != 0)
		return "sha256";
	_olm_crypto_hmac_sha256(in, in[1], in, len, a);
	their_hmac_sha256(in, in[1], in, len, b);
	if (memcmp(a, b, HASH) != 0)
		return "hmac_sha256";
	_olm_crypto_hkdf_sha256(in, len, in[2] % 2 ? in : NULL, in[1], in + 1, in[3] % 64, a, 80);
	their_hkdf_sha256(in, len, in[2] % 2 ? in : NULL, in[1], in + 1, in[3] % 64, b, 80);
	return memcmp(a, b, 80) == 0 ? NULL : "hkdf_sha256";
}

static const char *
compare_asymmetric(const uint8_t in[256])
{
	struct curve_pair ca, cb, other;
	struct edward_pair ea, eb;
	uint8_t a[SIG], b[SIG];

	THEIRS(curve25519_generate_key);
	THEIRS(curve25519_shared_secret);
	THEIRS(ed25519_generate_key);
	THEIRS(ed25519_sign);
	THEIRS(ed25519_verify);
	_olm_crypto_curve25519_generate_key(in, &ca);
	their_curve25519_generate_key(in, &cb);
	if (memcmp(&ca, &cb, sizeof(ca)) != 0)
		return "curve25519_generate_key";
	_olm_crypto_curve25519_generate_key(in + 32, &other);
	_olm_crypto_curve25519_shared_secret(&ca, other.pub, a);
	their_curve25519_shared_secret(&ca, other.pub, b);
	if (memcmp(a, b, KEY) != 0)
		return "curve25519_shared_secret";
	_olm_crypto_ed25519_generate_key(in, &ea);
	their_ed25519_generate_key(in, &eb);
	if (memcmp(&ea, &eb, sizeof(ea)) != 0)
		return "ed25519_generate_key";
	_olm_crypto_ed25519_sign(&ea, in, in[4], a);
	their_ed25519_sign(&ea, in, in[4], b);
	if (memcmp(a, b, SIG) != 0)
		return "ed25519_sign";
	if (!_olm_crypto_ed25519_verify(ea.pub, in, in[4], a) ||
	    !their_ed25519_verify(ea.pub, in, in[4], a))
		return "ed25519_verify";
	a[5] ^= 1;
	return _olm_crypto_ed25519_verify(ea.pub, in, in[4], a) ? "ed25519_verify" : NULL;
}

int
primitives_in_force(struct err *reterr)
{
#define X(name) #name,
	static const char *const names[] = { PRIMITIVES(X) };
#undef X
	enum { ROUNDS = 8 };
	uint64_t before[PRIMITIVE_COUNT];
	uint8_t random[256];
	int r;

	memcpy(before, calls, sizeof(before));
	if ((r = ratchet_exercise(reterr)) != 0)
		return r;
	for (size_t i = 0; i < PRIMITIVE_COUNT; i++)
		if (calls[i] == before[i])
			return err_set(reterr, E_REFUSED, "libolm calls its own %s", names[i]);
	for (int i = 0; i < ROUNDS; i++) {
		const char *wrong;

		randombytes_buf(random, sizeof(random));
		if ((wrong = compare_symmetric(random)) == NULL)
			wrong = compare_asymmetric(random);
		if (wrong != NULL)
			return err_set(reterr, E_REFUSED, "%s differs from libolm's own", wrong);
	}
	return 0;
}
