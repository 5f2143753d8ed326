/* SPDX-License-Identifier: Apache-2.0 */
#include <sodium.h>
#include <stdlib.h>
#include <time.h>

#include "world.h"

static int64_t
real_now(void *cookie)
{
	struct timespec ts;

	(void)cookie;
	(void)clock_gettime(CLOCK_REALTIME, &ts);	/* Cannot fail for this clock. */
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

static void
real_random(void *cookie, void *dst, size_t n)
{
	(void)cookie;
	randombytes_buf(dst, n);
}

struct world
world_real(void)
{
	if (sodium_init() < 0)
		abort();	/* No randomness: nothing safe can be done. */
	return (struct world){ .now = real_now, .random = real_random };
}
