/* SPDX-License-Identifier: Apache-2.0 */
/*
 * zone: local time of a place, from the bytes of its TZif file (RFC 9636), which
 * the caller has read.  Seconds since 1970-01-01T00:00:00, as in that file: of UTC
 * an instant, of a clock on the wall a local time.  No leap seconds.
 */
#ifndef CAIRN_ZONE_H
#define CAIRN_ZONE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

enum { ZONE_FILE_MAX = 64 * 1024, ZONE_NAME_MAX = 64 };

struct zone;

/** zone_is_name(text): could it name a zone: "Europe/Berlin"?  Then it is a safe path: relative, without "..". */
bool	zone_is_name(const char *);

/**
 * zone_parse(data, len, ret, reterr): a file of version 1 to 4.  0; E_BAD, when it is
 * damaged; E_REFUSED, when it counts leap seconds; -ENOMEM.  The caller calls
 * zone_free(${ret}), which takes NULL.
 */
int	zone_parse(const void *, size_t, struct zone **ret, struct err *reterr) must_check;
void	zone_free(struct zone *);

static inline void cleanup_zone(struct zone **p) { zone_free(*p); }
#define autozone __attribute__((cleanup(cleanup_zone)))

/** zone_offset(zone, instant): seconds that the local time is ahead of UTC. */
int	zone_offset(const struct zone *, int64_t);

enum zone_times {
	ZONE_ONCE,
	ZONE_NEVER,	/* Clocks were put forward over it. */
	ZONE_TWICE,	/* Clocks were put back: the first of the two is meant. */
};

/**
 * zone_instant(zone, local, ret): the instant of a local time, and how often it occurs.
 * One that never occurs is read with the offset before the gap (RFC 5545, 3.3.5).
 */
enum zone_times zone_instant(const struct zone *, int64_t, int64_t *ret);

#endif /* !CAIRN_ZONE_H */
