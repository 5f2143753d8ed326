/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Time zone files: what is read has an offset at every instant, and a local time is found
 * again at an instant that shows it, at the first of two, and before it if it never was.
 */
#include "base/cleanup.h"
#include "domain/when.h"
#include "domain/zone.h"
#include "fuzz.h"

const unsigned fuzz_changes = 400;

static void
check(const struct zone *zone, int64_t instant)
{
	int offset = zone_offset(zone, instant);
	int64_t local = instant + offset, back = 0;
	enum zone_times times = zone_instant(zone, local, &back);

	claim(offset >= -93600 && offset <= 93600);
	/* This local time was at least once, at this instant; and the one that is found shows it, too. */
	claim(times != ZONE_NEVER && back <= instant && back + zone_offset(zone, back) == local);
	claim(times == ZONE_TWICE || back == instant);
	times = zone_instant(zone, instant, &back);
	claim((times == ZONE_NEVER) == (back + zone_offset(zone, back) != instant));
	claim(instant - back >= -93600 && instant - back <= 93600);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	autozone struct zone *zone = NULL;
	struct err err = { "" };
	uint64_t dice = 1;
	int r = zone_parse(data, len, &zone, &err);

	claim(r == 0 || r == E_BAD || r == E_REFUSED);
	claim((zone != NULL) == (r == 0));
	fuzz_err(&err, r != 0);
	if (r != 0)
		return 0;
	(void)zone_offset(zone, INT64_MIN);
	(void)zone_offset(zone, INT64_MAX);
	for (int64_t t = -5000000000; t < 20000000000; t += 400000000)
		check(zone, t);
	for (int i = 0; i < 100; i++) {
		dice = dice * 6364136223846793005u + 1442695040888963407u;
		check(zone, (int64_t)(dice >> 30) - 2000000000);
	}
	return 0;
}
