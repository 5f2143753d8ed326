/* SPDX-License-Identifier: Apache-2.0 */
/* dice: the same throws in each run (xorshift64). */
#ifndef CAIRN_TEST_DICE_H
#define CAIRN_TEST_DICE_H

#include <stdint.h>

static uint64_t dice = 20261121;

/** dice_roll(n): 0 to n - 1. */
static inline uint32_t
dice_roll(uint32_t n)
{
	dice ^= dice << 13;
	dice ^= dice >> 7;
	dice ^= dice << 17;
	return (uint32_t)(dice >> 32) % n;
}

#endif /* !CAIRN_TEST_DICE_H */
