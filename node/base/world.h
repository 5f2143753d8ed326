/* SPDX-License-Identifier: Apache-2.0 */
/*
 * world: what a test owns: the clock and the source of randomness.
 */
#ifndef CAIRN_WORLD_H
#define CAIRN_WORLD_H

#include <stddef.h>
#include <stdint.h>

struct world {
	/* Milliseconds since 1970-01-01T00:00:00Z. */
	int64_t	(*now)(void *cookie);
	/* Fill with bytes fit for keys; cannot fail. */
	void	(*random)(void *cookie, void *dst, size_t n);
	void	*cookie;
};

/** world_real(): CLOCK_REALTIME and libsodium's randombytes. */
struct world	world_real(void);

static inline int64_t
world_now(const struct world *w)
{
	return w->now(w->cookie);
}

static inline void
world_random(const struct world *w, void *dst, size_t n)
{
	w->random(w->cookie, dst, n);
}

#endif /* !CAIRN_WORLD_H */
