/* SPDX-License-Identifier: Apache-2.0 */
/*
 * primitives: libolm's own leaf functions, defined again in this executable over
 * libsodium and libcrypto.  The shared library calls them through its PLT, so
 * these are the ones that run: constant-time AES, strict Ed25519, and a low-order
 * X25519 result that becomes random bytes.  It works only while they are in the
 * executable's dynamic symbol table; primitives_in_force finds out.
 */
#ifndef CAIRN_PRIMITIVES_H
#define CAIRN_PRIMITIVES_H

#include <stdint.h>

#include "base/err.h"

#define PRIMITIVES(X) \
	X(aes_encrypt_cbc_length) X(aes_encrypt_cbc) X(aes_decrypt_cbc) \
	X(sha256) X(hmac_sha256) X(hkdf_sha256) \
	X(curve25519_generate_key) X(curve25519_shared_secret) \
	X(ed25519_generate_key) X(ed25519_sign) X(ed25519_verify)

#define X(name) PRIMITIVE_##name,
enum primitive { PRIMITIVES(X) PRIMITIVE_COUNT };
#undef X

/** primitives_calls(p): how often ours ran in this process. */
uint64_t primitives_calls(enum primitive);

/**
 * primitives_in_force(reterr): run libolm once through and see every counter
 * move, then compare each function with the library's own on random input.
 * 0, or E_REFUSED with the name of the first that is not ours or differs.
 */
int	primitives_in_force(struct err *) must_check;

#endif /* !CAIRN_PRIMITIVES_H */
