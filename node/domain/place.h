/* SPDX-License-Identifier: Apache-2.0 */
/*
 * place: points on the Earth in millionths of a degree, how far apart they are and in
 * which cells they lie.  Integers only, so that every machine gives the same answer.
 */
#ifndef CAIRN_PLACE_H
#define CAIRN_PLACE_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

enum {
	PLACE_LEVELS	= 4,		/* Cells of 1/16, 1/4, 1 and 4 degrees. */
	PLACE_COVER	= 36,		/* Cells that cover a circle; more: a coarser level. */
	PLACE_FAR	= 20038,	/* No two places are farther apart, in km. */
};

struct place {
	int32_t	lat, lon;		/* Millionths of a degree. */
};

struct place_cell {
	int	level, row, column;
};

/** place_parse(text, ret): "40.7357,-74.1724".  0 or E_BAD. */
int	place_parse(const char *, struct place *) must_check;

/** place_of(location, ret): the position of a $defs/location of schemas/common.json, if it may be known and is said. */
bool	place_of(const json_t *location, struct place *ret);

/** place_distance(a, b): metres on a sphere, to about one in a thousand; the Earth's flattening is ignored. */
int64_t	place_distance(struct place, struct place);
/** place_within(a, b, km): whether place_distance is at most ${km}; faster. */
bool	place_within(struct place, struct place, int km);

struct place_cell place_cell(struct place, int level);

/**
 * place_cover(centre, km, ret): cells that hold every point within ${km}, of the finest level at
 * which they are at most PLACE_COVER.  Their number; 0 if even the coarsest has more.
 */
size_t	place_cover(struct place, int km, struct place_cell ret[PLACE_COVER]);

#endif /* !CAIRN_PLACE_H */
