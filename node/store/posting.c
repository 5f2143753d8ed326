/* SPDX-License-Identifier: Apache-2.0 */
#include "posting.h"

#include <endian.h>
#include <string.h>

/* 12346: no runs; one container; its key, 0; its size less one; where it begins. */
static const uint8_t head[POSTING_HEAD] = { 0x3a, 0x30, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, POSTING_HEAD, 0, 0, 0 };
enum { AT_SIZE = 10 };

static unsigned
get16(const uint8_t *p)
{
	return (unsigned)p[0] | (unsigned)p[1] << 8;
}

static void
put16(uint8_t *p, unsigned n)
{
	p[0] = (uint8_t)n;
	p[1] = (uint8_t)(n >> 8);
}

static uint64_t
get64(const uint8_t *p)
{
	uint64_t n;

	memcpy(&n, p, sizeof(n));
	return le64toh(n);
}

/* Not every processor has an instruction for it, and a function for each word takes longer than the rest of a search: sixteen words are
 * counted side by side, byte by byte, and then added up. */
unsigned
posting_count(const struct posting *p)
{
	enum { SIDE = 16 };
	unsigned n = 0;

	for (size_t i = 0; i < POSTING_BITS; i += SIDE) {
		uint64_t sum = 0;

		for (size_t k = 0; k < SIDE; k++) {
			uint64_t x = p->bits[i + k];

			x -= x >> 1 & 0x5555555555555555;
			x = (x & 0x3333333333333333) + (x >> 2 & 0x3333333333333333);
			sum += (x + (x >> 4)) & 0x0f0f0f0f0f0f0f0f;
		}
		sum = (sum & 0x00ff00ff00ff00ff) + (sum >> 8 & 0x00ff00ff00ff00ff);
		n += (unsigned)(sum * 0x0001000100010001 >> 48);
	}
	return n;
}

bool
posting_and(struct posting *p, const struct posting *q)
{
	uint64_t any = 0;

	for (size_t i = 0; i < POSTING_BITS; i++)
		any |= p->bits[i] &= q->bits[i];
	return any != 0;
}

int
posting_read(struct posting *p, const void *data, size_t len)
{
	const uint8_t *in = data;
	struct posting read;
	unsigned size, n = 0;

	if (len < POSTING_HEAD || memcmp(in, head, AT_SIZE) != 0 ||
	    memcmp(in + AT_SIZE + 2, head + AT_SIZE + 2, POSTING_HEAD - AT_SIZE - 2) != 0)
		return ERR_CORRUPT;
	size = get16(in + AT_SIZE) + 1;
	in += POSTING_HEAD;
	if (size <= POSTING_SPARSE) {
		if (len != POSTING_HEAD + 2 * (size_t)size)
			return ERR_CORRUPT;
		for (unsigned i = 0; i < size; i++) {
			unsigned doc = get16(in + 2 * (size_t)i);

			if (i > 0 && doc <= n)
				return ERR_CORRUPT;
			posting_set(p, n = doc, true);
		}
		return 0;
	}
	if (len != POSTING_MAX)
		return ERR_CORRUPT;
	for (size_t i = 0; i < POSTING_BITS; i++) {
		read.bits[i] = get64(in + 8 * i);
		p->bits[i] |= read.bits[i];
	}
	return posting_count(&read) == size ? 0 : ERR_CORRUPT;
}

size_t
posting_write(const struct posting *p, uint8_t out[POSTING_MAX])
{
	unsigned size = posting_count(p);
	uint8_t *at = out + POSTING_HEAD;

	if (size == 0)
		return 0;
	memcpy(out, head, POSTING_HEAD);
	put16(out + AT_SIZE, size - 1);
	for (size_t i = 0; i < POSTING_BITS; i++) {
		if (size > POSTING_SPARSE) {
			for (int k = 0; k < 8; k++)
				*at++ = (uint8_t)(p->bits[i] >> 8 * k);
			continue;
		}
		for (uint64_t word = p->bits[i]; word != 0; word &= word - 1, at += 2)
			put16(at, (unsigned)(64 * i) + (unsigned)__builtin_ctzll(word));
	}
	return (size_t)(at - out);
}
