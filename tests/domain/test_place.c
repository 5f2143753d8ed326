/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>

#include "domain/place.h"
#include "tests/dice.h"
#include "tests/tap.h"

/* The same by floating point. */
static double
haversine(struct place a, struct place b)
{
	double rad = M_PI / 180e6, s = sin((a.lat - b.lat) * rad / 2), t = sin(((double)a.lon - b.lon) * rad / 2);

	return 2 * 6371009 * asin(sqrt(fmin(1, s * s + cos(a.lat * rad) * cos(b.lat * rad) * t * t)));
}

static struct place
anywhere(void)
{
	return (struct place){ (int32_t)dice_roll(180000001) - 90000000, (int32_t)(dice_roll(360000001)) - 180000000 };
}

static void
test_distance(void)
{
	struct place newark = { 40735660, -74172370 }, paris = { 48856600, 2352200 };
	double worst = 0, worst_near = 0;
	int differ = 0, inside = 0;

	is_int(place_distance(newark, newark), 0, "here is no distance");
	ok(llabs(place_distance(newark, paris) - 5843000) < 6000, "Newark to Paris is 5,843 km");
	ok(llabs(place_distance((struct place){ 0, 179999999 }, (struct place){ 0, -179999999 })) <= 1, "across the date line");
	for (int i = 0; i < 20000; i++) {
		struct place a = anywhere(), b = anywhere();
		double d = haversine(a, b), off;

		if (d < 19900000)
			worst = fmax(worst, fabs((double)place_distance(a, b) - d) / d);
		b = (struct place){ a.lat / 2 + (int32_t)dice_roll(100000), a.lon / 2 + (int32_t)dice_roll(100000) };
		a.lat /= 2;
		a.lon /= 2;
		off = fabs((double)place_distance(a, b) - haversine(a, b));
		worst_near = fmax(worst_near, off);
		for (int64_t m = place_distance(a, b), km = m / 1000 - 1; km <= m / 1000 + 1; km++) {
			differ += km > 0 && place_within(a, b, (int)km) != (m <= km * 1000);
			inside += km > 0 && place_within(a, b, (int)km);
		}
	}
	ok(worst < 0.001, "20,000 pairs to one in a thousand of what floating point says: %.2g", worst);
	ok(differ == 0 && inside > 10000, "within is the same as a distance that is not more, %d times", inside);
	ok(place_within(newark, (struct place){ -40735660, 105827630 }, PLACE_FAR), "nothing is farther than the other side");
	ok(worst_near < 5, "near ones to some metres: %.2g", worst_near);
}

static bool
covered(const struct place_cell *cell, size_t n, struct place p)
{
	struct place_cell own = place_cell(p, cell[0].level);

	for (size_t i = 0; i < n; i++)
		if (cell[i].row == own.row && cell[i].column == own.column)
			return true;
	return false;
}

static void
test_cover(void)
{
	static const int kms[] = { 1, 5, 25, 80, 300, 900, 4000 };
	int missed = 0, within = 0, none = 0;
	struct place pole = { 89999000, 10 };
	struct place_cell cell[PLACE_COVER];

	for (int i = 0; i < 200000; i++) {
		struct place a = anywhere(), b = a;
		int km = kms[dice_roll(nelem(kms))], span = km * 12000;
		int64_t lat = b.lat + (int64_t)dice_roll((uint64_t)span) - span / 2, lon = b.lon + (int64_t)dice_roll((uint64_t)span * 2) - span;
		size_t n = place_cover(a, km, cell);

		if (lat < -90000000 || lat > 90000000)
			continue;
		b = (struct place){ (int32_t)lat, (int32_t)((lon + 540000000) % 360000000 - 180000000) };
		if (n == 0 || place_distance(a, b) > km * 1000LL) {
			none += n == 0;
			continue;
		}
		within++;
		missed += !covered(cell, n, b);
	}
	ok(missed == 0 && within > 10000, "each of %d points within a distance is in a cell of it", within);
	ok(place_cover((struct place){ 40735660, -74172370 }, 5, cell) > 0 && cell[0].level == 0, "a short one has small cells");
	ok(place_cover((struct place){ 40735660, -74172370 }, 25, cell) > 0 && cell[0].level == 1, "a longer one larger cells");
	ok(none > 0, "and a very long one none");
	is_int((long long)place_cover(pole, 1, cell), 0, "nor has one around the pole, where all meridians are near");
}

static void
test_parse(void)
{
	static const char *const bad[] = { "", "40", "40,", ",7", "91,0", "0,181", "40.5;-74", "40.5,-74x", "40,-", "-90.000001,0",
	    "12345,0", "1e3,0" };
	struct place p = { 1, 1 };
	bool good = place_parse("40.73566,-74.17237", &p) == 0 && p.lat == 40735660 && p.lon == -74172370;

	ok(good, "degrees");
	ok(place_parse("-0.5, 180", &p) == 0 && p.lat == -500000 && p.lon == 180000000, "half a degree south, and the last meridian");
	for (size_t i = 0; i < nelem(bad); i++)
		ok(place_parse(bad[i], &p) == E_BAD, "refused: %s", bad[i]);
}

int
main(void)
{
	test_distance();
	test_cover();
	test_parse();
	return done_testing();
}
