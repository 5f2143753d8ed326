/* SPDX-License-Identifier: Apache-2.0 */
/* A replacement that libolm does call, but that is not the function it should be: the start-up test sees it. */
#include <sodium.h>
#include <stdbool.h>

#include "crypt/olm.h"

static bool broken;

static int
hash(unsigned char *out, const unsigned char *in, unsigned long long len)
{
	int r = crypto_hash_sha256(out, in, len);

	out[31] ^= broken;
	return r;
}

#define crypto_hash_sha256(out, in, len) hash(out, in, len)
#include "crypt/primitives.c"
#undef crypto_hash_sha256

#include "tests/tap.h"

int
main(void)
{
	struct err err = { "" };

	if (sodium_init() < 0)
		return EXIT_FAILURE;
	is_int(primitives_in_force(&err), 0, "a right SHA-256 is in force");
	broken = true;
	is_int(primitives_in_force(&err), E_REFUSED, "one that is wrong by a bit is not");
	is_str(err.text, "sha256 differs from libolm's own", "and is named");
	broken = false;
	is_int(primitives_in_force(&err), 0, "and when it is right again, it is");
	return done_testing();
}
