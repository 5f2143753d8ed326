/* SPDX-License-Identifier: Apache-2.0 */
/*
 * proof: signatures over JSON.
 *
 * proof_sign and proof_verify: W3C Data Integrity, cryptosuite eddsa-jcs-2022
 * (VC-DI-EdDSA, section 3.3): Ed25519 over SHA-256(JCS(proof without
 * proofValue)) || SHA-256(JCS(document without proof)).
 * sign_json and verify_json: Matrix "Signing JSON" (appendices): Ed25519 over
 * the canonical JSON without signatures and unsigned.
 * All by libsodium, whose verification refuses non-canonical S and small-order keys.
 */
#ifndef CAIRN_PROOF_H
#define CAIRN_PROOF_H

#include <jansson.h>
#include <stdint.h>

#include "err.h"

enum { ED25519_PUBLIC = 32, ED25519_SEED = 32, ED25519_SIG = 64 };

/** proof_key_text(pub, out): multibase "z6Mk..." of a public key; out >= 64 bytes. */
void	proof_key_text(const uint8_t[ED25519_PUBLIC], char[64]);
/** proof_key_parse(text, ret): 0 or E_BAD (also small-order or non-canonical points). */
int	proof_key_parse(const char *, uint8_t[ED25519_PUBLIC]) must_check;
/** proof_key_b64(text, ret): likewise of unpadded base64, as Matrix writes keys; NULL text: E_BAD. */
int	proof_key_b64(const char *, uint8_t[ED25519_PUBLIC]) must_check;

/**
 * proof_sign(doc, seed, purpose, created, reterr): add member "proof" to ${doc}
 * {type, cryptosuite, created, verificationMethod "did:key:KEY#KEY",
 * proofPurpose, proofValue}.  ${created} is an xsd:dateTime in UTC.
 * If ${doc} has "@context" the proof repeats it.  0, E_BAD or -ENOMEM.
 */
int	proof_sign(json_t *, const uint8_t seed[ED25519_SEED], const char *purpose,
	    const char *created, struct err *) must_check;

/**
 * proof_verify(doc, key, purpose, reterr): 0 if the proof of ${doc} is by ${key}
 * for ${purpose}; else E_REFUSED with the reason, or -ENOMEM.  Time is not judged here.
 */
int	proof_verify(const json_t *, const uint8_t key[ED25519_PUBLIC], const char *purpose,
	    struct err *) must_check;

/**
 * sign_json(obj, user, key_id, seed): add signatures[user][key_id] (Matrix).
 * verify_json(obj, user, key_id, key, reterr): 0, E_REFUSED or -ENOMEM.
 */
int	sign_json(json_t *, const char *user, const char *key_id,
	    const uint8_t seed[ED25519_SEED]) must_check;
int	verify_json(const json_t *, const char *user, const char *key_id,
	    const uint8_t key[ED25519_PUBLIC], struct err *) must_check;

#endif /* !CAIRN_PROOF_H */
