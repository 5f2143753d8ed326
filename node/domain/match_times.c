/* SPDX-License-Identifier: Apache-2.0 */
/* match.h: the times of two who live by two clocks, as instants of the days to come. */
#include <string.h>
#include <strings.h>

#include "base/buf.h"
#include "base/canon.h"
#include "match.h"
#include "when.h"
#include "zone.h"

const char *
match_zone(const json_t *body, const json_t *program)
{
	const char *ret = json_str(body, "timezone");
	const json_t *schedules = json_arr(program, "schedules");

	for (size_t i = 0; i < json_array_size(schedules) && ret == NULL; i++)
		ret = json_str(json_array_get(schedules, i), "timezone");
	return ret;
}

bool
match_same_zone(const struct match_wish *w, const char *name)
{
	return w->zone == NULL || (name != NULL && strcasecmp(w->zone, name) == 0);
}

static void
read_free(const char *at, const struct zone *zone, int64_t now, struct match_free *ret)
{
	struct schedule windows[SCHEDULE_WINDOWS];
	size_t n = schedule_windows(at, windows, NULL);

	ret->n = schedule_free(windows, n, zone, now, now + MATCH_DAYS * WHEN_DAY, ret->span, MATCH_SPANS);
}

static int
read_slots(const json_t *list, const struct zone *zone, int64_t now, struct match_free *ret)
{
	autobuf struct buf text = { 0 };
	int r = match_slot_times(list, &text);

	if (r == 0 && text.len > 0)
		read_free(text.data, zone, now, ret);
	return r;
}

int
match_wish_zone(struct match_wish *w, const json_t *args, const struct zone *zone, int64_t now)
{
	if (w->minutes > 0)
		read_free(json_str(args, "at"), zone, now, &w->at);
	return read_slots(json_arr(args, "time"), zone, now, &w->time);
}

int
match_common(const json_t *list, const struct zone *zone, int64_t now, const struct match_free *wanted)
{
	struct match_free theirs = { .n = 0 };
	int64_t longest = 0;
	int r = read_slots(list, zone, now, &theirs);

	for (size_t i = 0, k = 0; r == 0 && i < theirs.n && k < wanted->n; ) {
		const struct schedule_span *a = &theirs.span[i], *b = &wanted->span[k];
		int64_t begins = a->begins > b->begins ? a->begins : b->begins, ends = a->ends < b->ends ? a->ends : b->ends;

		longest = ends - begins > longest ? ends - begins : longest;
		if (a->ends < b->ends)
			i++;
		else
			k++;
	}
	return r != 0 ? r : (int)(longest / WHEN_MINUTE);
}
