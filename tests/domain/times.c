/* SPDX-License-Identifier: Apache-2.0 */
/*
 * times: schedules and time zones as lines, for test_times.py.  Each line of standard input is
 * {"zone", and one of "instant", "local", "schedule" with "from" and "until"; with "schedule"
 * also "at", "own", "minutes"}; zones are files.  Each answer is one line of numbers.
 */
#include <inttypes.h>
#include <stdio.h>

#include "base/canon.h"
#include "base/cleanup.h"
#include "domain/schedule.h"
#include "domain/zone.h"

static struct zone *
load(const char *path, struct err *err)
{
	static uint8_t data[ZONE_FILE_MAX + 1];
	FILE *f = path != NULL ? fopen(path, "rb") : NULL;
	struct zone *zone = NULL;
	size_t n;

	if (f == NULL)
		return NULL;
	n = fread(data, 1, sizeof(data), f);
	(void)fclose(f);
	return zone_parse(data, n, &zone, err) == 0 ? zone : NULL;
}

static void
overlap(const json_t *ask, const struct schedule *s, const struct zone *zone, int64_t from, int64_t until)
{
	struct err err = { "" };
	autozone struct zone *own = load(json_str(ask, "own"), &err);
	struct schedule windows[SCHEDULE_WINDOWS];
	size_t n = schedule_windows(json_str(ask, "at"), windows, &err);
	static struct schedule_span spans[4096];
	struct schedule_fit fit = { 0 };
	int r;

	if (own == NULL || n == 0) {
		printf("bad %s\n", err.text);
		return;
	}
	n = schedule_free(windows, n, own, from, until, spans, nelem(spans));
	r = schedule_overlap(s, zone, spans, n, from, until, (int)json_int(ask, "minutes", 30), &fit);
	printf("%d %d %u %u %" PRId64 "\n", r, fit.longest, fit.fits, fit.meets, fit.next);
}

static void
answer(const json_t *ask)
{
	struct err err = { "" };
	autozone struct zone *zone = load(json_str(ask, "zone"), &err);
	int64_t from = json_int(ask, "from", 0), until = json_int(ask, "until", 0), instant;
	static struct schedule_span spans[1024];
	struct schedule s;
	size_t n;

	if (zone == NULL)
		printf("bad %s\n", err.text);
	else if (json_object_get(ask, "instant") != NULL)
		printf("%d\n", zone_offset(zone, json_int(ask, "instant", 0)));
	else if (json_object_get(ask, "local") != NULL) {
		enum zone_times times = zone_instant(zone, json_int(ask, "local", 0), &instant);

		printf("%d %" PRId64 "\n", (int)times, instant);
	} else if (schedule_read(json_obj(ask, "schedule"), &s, &err) != 0)
		printf("bad %s\n", err.text);
	else if (json_object_get(ask, "at") != NULL)
		overlap(ask, &s, zone, from, until);
	else {
		n = schedule_between(&s, zone, from, until, spans, nelem(spans));
		for (size_t i = 0; i < n; i++)
			printf("%" PRId64 " %" PRId64 " ", spans[i].begins, spans[i].ends);
		printf("\n");
	}
}

int
main(void)
{
	static char line[64 * 1024];

	while (fgets(line, sizeof(line), stdin) != NULL) {
		autojson json_t *ask = json_loads(line, 0, NULL);

		answer(ask);
	}
	return 0;
}
