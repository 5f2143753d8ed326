/* SPDX-License-Identifier: Apache-2.0 */
/* weak: keys and signatures that lenient code accepts. */
#ifndef CAIRN_TEST_WEAK_H
#define CAIRN_TEST_WEAK_H

#include <stdint.h>
#include <stdlib.h>

#include "base/encode.h"

/*
 * The Curve25519 points whose multiple by eight is zero: 0, 1, two of order
 * eight, p - 1, and the second spellings of 0 and 1.
 */
static const char *const low_order[] = {
	"0000000000000000000000000000000000000000000000000000000000000000",
	"0100000000000000000000000000000000000000000000000000000000000000",
	"e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
	"5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
	"ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
	"edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
	"eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
};
enum { LOW_ORDER = sizeof(low_order) / sizeof(low_order[0]) };

/** weak_point(i, ret): one of the above as bytes; from LOW_ORDER on, with its top bit set. */
__attribute__((unused)) static void
weak_point(size_t i, uint8_t ret[32])
{
	if (decode_hex(low_order[i % LOW_ORDER], ret, 32) != 0)
		abort();
	if (i >= LOW_ORDER)
		ret[31] |= 0x80;
}

/** weak_add_order(s): S + L, the second spelling of the second half of a signature. */
__attribute__((unused)) static void
weak_add_order(uint8_t s[32])
{
	/* 2^252 + 27742317777372353535851937790883648493, little endian. */
	static const uint8_t order[32] = { 0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c,
	    0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14, [31] = 0x10 };
	unsigned carry = 0;

	for (int i = 0; i < 32; i++) {
		carry += s[i] + order[i];
		s[i] = (uint8_t)carry;
		carry >>= 8;
	}
}

/** weak_malleate(text): base64 that ends in a signature, with its second spelling; the caller frees. */
__attribute__((unused)) static char *
weak_malleate(const char *text)
{
	uint8_t *raw;
	size_t len;
	char *again;

	if (decode_b64_new(text, __builtin_strlen(text), &raw, &len) != 0 || len < 64)
		abort();
	weak_add_order(raw + len - 32);
	again = encode_b64_new(raw, len);
	free(raw);
	return again;
}

#endif /* !CAIRN_TEST_WEAK_H */
