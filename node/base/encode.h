/* SPDX-License-Identifier: Apache-2.0 */
/*
 * encode: bytes as text, exact both ways.  Decoders accept one spelling per
 * value: no padding, no white space, no foreign alphabet, zero tail bits.
 */
#ifndef CAIRN_ENCODE_H
#define CAIRN_ENCODE_H

#include <stddef.h>
#include <stdint.h>

#include "cleanup.h"

/* Length of unpadded base64 text for n bytes, without NUL. */
#define B64_LEN(n)	(((n) * 4 + 2) / 3)

/**
 * encode_b64(src, n, dst): standard alphabet, unpadded (Matrix), NUL-terminated;
 * ${dst} has B64_LEN(n) + 1 bytes.  encode_b64url: URL alphabet.
 */
void	encode_b64(const void *, size_t, char *);
void	encode_b64url(const void *, size_t, char *);
/** encode_b64_new(src, n): the same, allocated; NULL if out of memory. */
char	*encode_b64_new(const void *, size_t);

/**
 * decode_b64(text, len, dst, size, ret_n): strict.  0, or E_BAD (also when the
 * value does not fit ${size}).  decode_b64_exact: the value must be ${n} bytes.
 */
int	decode_b64(const char *, size_t, void *, size_t, size_t *) must_check;
/** decode_b64url: the same in the URL alphabet; what is in ${dst} after E_BAD means nothing. */
int	decode_b64url(const char *, size_t, void *, size_t, size_t *) must_check;
int	decode_b64_exact(const char *, void *, size_t) must_check;
/** decode_b64_new: allocated, 0, E_BAD or -ENOMEM.  The caller frees.  Quick, by a table: not for secrets. */
int	decode_b64_new(const char *, size_t, uint8_t **, size_t *) must_check;

/** Base58 with Bitcoin's alphabet (multibase 'z' is added by the caller). dst size: n * 138 / 100 + 2. */
void	encode_b58(const uint8_t *, size_t, char *);
int	decode_b58(const char *, uint8_t *, size_t, size_t *) must_check;	/* 0 or E_BAD; text <= 256 */

/** Lower-case hexadecimal; dst has 2n + 1 bytes. */
void	encode_hex(const void *, size_t, char *);
int	decode_hex(const char *, void *, size_t) must_check;	/* Exactly n bytes: 0 or E_BAD. */

#endif /* !CAIRN_ENCODE_H */
