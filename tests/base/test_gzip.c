/* SPDX-License-Identifier: Apache-2.0 */
/* What was packed comes back; nothing else does, and never more than was allowed. */
#include <errno.h>
#include <sodium.h>

#include "base/gzip.h"
#include "tests/domain/faults.h"
#include "tests/tap.h"

enum { SIZE = 16384 };

static const uint8_t seed[randombytes_SEEDBYTES] = "gzip";

/* gzip -n of "peer", by GNU gzip. */
static const uint8_t foreign[] = { 0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3, 0x2b, 0x48, 0x4d, 0x2d, 2, 0, 0xb9, 0xf9, 0xe6, 0xa2,
	4, 0, 0, 0 };

static int
unpack(const uint8_t *src, size_t n, size_t max, const char *says)
{
	uint8_t *out = NULL;
	size_t len = 0;
	struct err err = { "" };
	int r = gzip_unpack(src, n, max, &out, &len, &err);

	if (r != 0 && (out != NULL || len != 0 || (r == E_BAD && strstr(err.text, says) == NULL)))
		r = -1;
	free(out);
	return r;
}

static void
test_round(void)
{
	static uint8_t bits[SIZE];
	autofree uint8_t *packed = NULL, *again = NULL, *back = NULL;
	size_t n, m, len;

	randombytes_buf_deterministic(bits, sizeof(bits) / 2, seed);
	ok(gzip_pack(bits, sizeof(bits), &packed, &n) == 0 && gzip_pack(bits, sizeof(bits), &again, &m) == 0 &&
	    n == m && memcmp(packed, again, n) == 0 && n < sizeof(bits), "packs, always alike");
	ok(gzip_unpack(packed, n, sizeof(bits), &back, &len, NULL) == 0 && len == sizeof(bits) &&
	    memcmp(back, bits, len) == 0, "and unpacks");
	ok(unpack(packed, n, sizeof(bits) - 1, "more than 16383") == E_BAD, "one byte too many is refused");
}

static void
test_foreign(void)
{
	uint8_t two[2 * sizeof(foreign)];
	uint8_t *out = NULL;
	size_t n, wrong = 0, refused = 0;

	ok(gzip_unpack(foreign, sizeof(foreign), 100, &out, &n, NULL) == 0 && n == 4 && memcmp(out, "peer", 4) == 0,
	    "what another program packed");
	free(out);
	memcpy(two, foreign, sizeof(foreign));
	memcpy(two + sizeof(foreign), foreign, sizeof(foreign));
	ok(unpack(two, sizeof(two), 100, "follows") == E_BAD, "a second member is refused");
	ok(unpack(two, sizeof(foreign) + 1, 100, "follows") == E_BAD, "and a single byte");
	for (size_t i = 0; i < sizeof(foreign); i++)
		wrong += unpack(foreign, i, 100, "not whole") != E_BAD;
	ok(wrong == 0, "and whatever is cut off");
	for (size_t i = 0; i < 8 * sizeof(foreign); i++) {
		size_t at = i / 8;
		uint8_t *other = NULL;
		int r;

		memcpy(two, foreign, sizeof(foreign));
		two[at] ^= (uint8_t)(1 << i % 8);
		r = gzip_unpack(two, sizeof(foreign), 100, &other, &n, NULL);
		refused += r == E_BAD;
		wrong += r == 0 ? n != 4 || memcmp(other, "peer", 4) != 0 : r != E_BAD;
		free(other);
	}
	/* Time, extra flags, system, the text flag and what fills the last byte of bits mean nothing. */
	ok(wrong == 0 && refused >= 8 * (sizeof(foreign) - 7) - 8, "and %zu of the flipped bits; no bit gives other bytes",
	    refused);
}

/* A megabyte of zeros for each kilobyte. */
static void
test_bomb(void)
{
	static uint8_t zeros[8 << 20];
	autofree uint8_t *packed = NULL;
	size_t n = 0;
	int r = gzip_pack(zeros, sizeof(zeros), &packed, &n);

	ok(r == 0 && n < 16384, "8 MiB in %zu bytes", n);
	ok(unpack(packed, n, 131072, "more than 131072") == E_BAD, "are refused");
}

static void
test_memory(void)
{
	autofree uint8_t *packed = NULL, *out = NULL;
	size_t n = 0, len;
	long at;
	int r = 1, wrong = 0;

	for (at = 0; r != 0; at++) {
		faults_left = at;
		r = gzip_pack((const uint8_t *)"peer", 4, &packed, &n);
		wrong += r != 0 && (r != -ENOMEM || packed != NULL);
	}
	ok(wrong == 0 && at > 3, "packing survives each of %ld failing allocations", at - 1);
	for (at = 0, r = 1; r != 0; at++) {
		faults_left = at;
		r = gzip_unpack(packed, n, 4, &out, &len, NULL);
		wrong += r != 0 && (r != -ENOMEM || out != NULL);
	}
	faults_left = -1;
	ok(wrong == 0 && at > 2, "unpacking too: %ld", at - 1);
}

int
main(void)
{
	if (sodium_init() < 0)
		return 99;
	test_round();
	test_foreign();
	test_bomb();
	test_memory();
	return done_testing();
}
