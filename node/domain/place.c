/* SPDX-License-Identifier: Apache-2.0 */
#include "place.h"

#include <stdlib.h>
#include <string.h>

#include "base/canon.h"

enum { E6 = 1000000, QUARTER = 90 * E6, HALF = 180 * E6, WHOLE = 360 * E6 };

static const int cell_size[PLACE_LEVELS] = { E6 / 16, E6 / 4, E6, 4 * E6 };

#define EARTH_M		6371009LL	/* Mean radius. */
#define ONE		(1LL << 30)	/* Sines and radians have 30 bits of fraction. */

/* One number with at most six decimals, up to ${most} degrees. */
static const char *
parse_degrees(const char *p, int most, int32_t *ret)
{
	int64_t n = 0, unit = E6;
	int sign = *p == '-' ? -1 : 1, digits = 0;

	for (p += *p == '-'; *p >= '0' && *p <= '9' && digits < 4; p++, digits++)
		n = n * 10 + (*p - '0') * (int64_t)E6;
	if (digits == 0)
		return NULL;
	if (*p == '.')
		for (p++; *p >= '0' && *p <= '9' && unit > 1; p++)
			n += (*p - '0') * (unit /= 10);
	if (n > (int64_t)most * E6)
		return NULL;
	*ret = (int32_t)(sign * n);
	return p;
}

int
place_parse(const char *text, struct place *ret)
{
	struct place at;

	if ((text = parse_degrees(text, 90, &at.lat)) == NULL || *text++ != ',')
		return E_BAD;
	text += *text == ' ';
	if ((text = parse_degrees(text, 180, &at.lon)) == NULL || *text != '\0')
		return E_BAD;
	*ret = at;
	return 0;
}

bool
place_of(const json_t *location, struct place *ret)
{
	int64_t lat = json_int(location, "latitude_e6", INT64_MAX), lon = json_int(location, "longitude_e6", INT64_MAX);
	const char *visibility = json_str(location, "visibility");

	if (visibility == NULL || strcmp(visibility, "public") != 0 || lat < -90 * E6 || lat > 90 * E6 || lon < -180 * E6 || lon > 180 * E6)
		return false;
	*ret = (struct place){ (int32_t)lat, (int32_t)lon };
	return true;
}

/* From 0 to a quarter turn, in radians. */
static int64_t
sine(int64_t x)
{
	int64_t xx = (x * x) >> 30, sum = x, term = x;

	for (int k = 2; k <= 12; k += 2) {
		term = -((term * xx) >> 30) / (k * (k + 1));
		sum += term;
	}
	return sum > ONE ? ONE : sum;
}

static int64_t
sine_e6(int64_t e6)
{
	return sine(e6 * 18740330 / E6);	/* pi / 180e6 * 2^30 */
}

/* The square of the sine of half the angle between them, with 60 bits: near points differ in the last. */
static int64_t
haversine(struct place a, struct place b)
{
	int64_t dlat = llabs((int64_t)a.lat - b.lat), dlon = llabs((int64_t)a.lon - b.lon);
	int64_t s, t, cosines;

	if (dlon > HALF)
		dlon = WHOLE - dlon;
	s = sine_e6(dlat / 2);
	t = sine_e6(dlon / 2);
	t *= t;
	cosines = (sine_e6(QUARTER - labs(a.lat)) * sine_e6(QUARTER - labs(b.lat))) >> 30;
	return s * s + (t >> 30) * cosines + (((t & (ONE - 1)) * cosines) >> 30);
}

/* The same of places so many metres apart. */
static int64_t
haversine_of(int64_t metres)
{
	int64_t u = sine((metres << 30) / (2 * EARTH_M));

	return u * u;
}

int64_t
place_distance(struct place a, struct place b)
{
	int64_t h = haversine(a, b), low = 0, high = PLACE_FAR * 1000LL;

	while (low < high) {
		int64_t middle = (low + high) / 2;

		if (haversine_of(middle) < h)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

bool
place_within(struct place a, struct place b, int km)
{
	return km >= PLACE_FAR || haversine_of(km * 1000LL) >= haversine(a, b);
}

struct place_cell
place_cell(struct place p, int level)
{
	int size = cell_size[level], column = (p.lon + HALF) / size;

	/* The last meridian is the first. */
	return (struct place_cell){ level, (p.lat + QUARTER) / size, column % (WHOLE / size) };
}

size_t
place_cover(struct place centre, int km, struct place_cell ret[PLACE_COVER])
{
	/* A degree is 111.19 km; the rounding errors of place_distance are within the rest. */
	int64_t dlat = (int64_t)km * E6 / 111 + 100, most = labs(centre.lat) + dlat, dlon = HALF;
	int64_t south = centre.lat - dlat, north = centre.lat + dlat;

	/* No way of that length leaves its band of latitude, whose narrow end counts. */
	if (most < QUARTER)
		dlon = dlat * ONE / (sine_e6(QUARTER - most) + 1) + 100;
	if (south < -QUARTER)
		south = -QUARTER;
	if (north > QUARTER)
		north = QUARTER;
	for (int level = 0; level < PLACE_LEVELS; level++) {
		int64_t size = cell_size[level], round = WHOLE / size;
		int64_t low = (south + QUARTER) / size, rows = (north + QUARTER) / size - low + 1;
		/* From a whole turn up, so that nothing is divided below zero. */
		int64_t west = (centre.lon - dlon + HALF + WHOLE) / size;
		int64_t columns = (centre.lon + dlon + HALF + WHOLE) / size - west + 1;
		size_t n = 0;

		if (columns > round)
			columns = round;
		if (rows * columns > PLACE_COVER)
			continue;
		for (int64_t row = low; row < low + rows; row++)
			for (int64_t i = 0; i < columns; i++)
				ret[n++] = (struct place_cell){ level, (int)row, (int)((west + i) % round) };
		return n;
	}
	return 0;
}
