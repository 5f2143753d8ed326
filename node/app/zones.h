/* SPDX-License-Identifier: Apache-2.0 */
/* zones: the time zones that this machine knows, read when they are asked for; some are kept. */
#ifndef CAIRN_ZONES_H
#define CAIRN_ZONES_H

#include <stddef.h>

#include "domain/zone.h"

#define ZONES_DIR "/usr/share/zoneinfo"

enum { ZONES_KEPT = 32 };

/* Zeroed before its first use. */
struct zones {
	struct zones_kept {
		char		 name[ZONE_NAME_MAX + 1];
		struct zone	*zone;		/* NULL: there is none of that name. */
	} kept[ZONES_KEPT];
	size_t			 n;
};

/** zones_read(name): NULL: no such zone, or its file cannot be used.  The caller calls zone_free(). */
struct zone *zones_read(const char *name);

/** zones_get(zones, name): the same, borrowed until others are asked for; the first one stays until zones_free(). */
const struct zone *zones_get(struct zones *, const char *name);
void	zones_free(struct zones *);

#endif /* !CAIRN_ZONES_H */
