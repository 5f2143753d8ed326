/* SPDX-License-Identifier: Apache-2.0 */
/*
 * draw: random input that can be had again.  The seed is printed; CAIRN_SEED
 * chooses it and CAIRN_ROUNDS how many inputs there are.
 */
#ifndef CAIRN_TEST_DRAW_H
#define CAIRN_TEST_DRAW_H

#include <sodium.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct draw {
	uint64_t seed, n;
};

__attribute__((unused)) static struct draw
draw_start(void)
{
	const char *text = getenv("CAIRN_SEED");
	struct draw d = { 0 };

	if (text != NULL)
		d.seed = strtoull(text, NULL, 0);
	else
		randombytes_buf(&d.seed, sizeof(d.seed));
	printf("# CAIRN_SEED=0x%016llx\n", (unsigned long long)d.seed);
	return d;
}

__attribute__((unused)) static size_t
draw_rounds(size_t usual)
{
	const char *text = getenv("CAIRN_ROUNDS");

	return text != NULL ? (size_t)strtoul(text, NULL, 10) : usual;
}

__attribute__((unused)) static void
draw(struct draw *d, void *out, size_t n)
{
	uint8_t key[randombytes_SEEDBYTES] = { 0 };

	memcpy(key, d, sizeof(*d));
	d->n++;
	randombytes_buf_deterministic(out, n, key);
}

/** draw_below(d, n): 0 to n - 1. */
__attribute__((unused)) static size_t
draw_below(struct draw *d, size_t n)
{
	uint64_t x;

	draw(d, &x, sizeof(x));
	return (size_t)(x % n);
}

#endif /* !CAIRN_TEST_DRAW_H */
