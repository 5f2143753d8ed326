/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gzip: one gzip member (RFC 1952) in memory, by zlib.  What comes out is
 * bounded by the caller, whatever the sender claims.
 */
#ifndef CAIRN_GZIP_H
#define CAIRN_GZIP_H

#include <stddef.h>
#include <stdint.h>

#include "err.h"

/**
 * gzip_unpack(src, n, max, ret, ret_n, reterr): 0 and at most ${max} bytes, which
 * the caller frees; E_BAD if ${src} is not exactly one whole member with a right
 * checksum, or holds more than ${max}; or -ENOMEM.  Never needs more than
 * ${max} and zlib's 48 KiB.
 */
int	gzip_unpack(const uint8_t *, size_t, size_t max, uint8_t **ret, size_t *ret_n,
	    struct err *) must_check;

/** gzip_pack(src, n, ret, ret_n): one member without name and time, the same for the same input.  0 or -ENOMEM. */
int	gzip_pack(const uint8_t *, size_t, uint8_t **ret, size_t *ret_n) must_check;

#endif /* !CAIRN_GZIP_H */
