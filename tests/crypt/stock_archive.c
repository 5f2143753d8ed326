/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The self-test and the counters without the functions libolm asks for: these
 * are in an archive's member, libstock.a(primitives.o), which nothing refers to.
 */
#define _olm_crypto_aes_encrypt_cbc_length	apart_aes_encrypt_cbc_length
#define _olm_crypto_aes_encrypt_cbc		apart_aes_encrypt_cbc
#define _olm_crypto_aes_decrypt_cbc		apart_aes_decrypt_cbc
#define _olm_crypto_sha256			apart_sha256
#define _olm_crypto_hmac_sha256			apart_hmac_sha256
#define _olm_crypto_hkdf_sha256			apart_hkdf_sha256
#define _olm_crypto_curve25519_generate_key	apart_curve25519_generate_key
#define _olm_crypto_curve25519_shared_secret	apart_curve25519_shared_secret
#define _olm_crypto_ed25519_generate_key	apart_ed25519_generate_key
#define _olm_crypto_ed25519_sign		apart_ed25519_sign
#define _olm_crypto_ed25519_verify		apart_ed25519_verify

#include "crypt/primitives.c"
