/* SPDX-License-Identifier: Apache-2.0 */
/* schedule.h: days and spans of time.  A day is tested, not reached by steps: no rule costs more than its span. */
#include <stdlib.h>

#include "schedule.h"
#include "when.h"
#include "zone.h"

enum {
	EACH = 5,
	DAY_MINUTES = 24 * 60,
	MARGIN = 9,	/* Days: the longest meeting, and the widest offset on each side. */
};

static int64_t
floor_div(int64_t a, int64_t b)
{
	return a / b - (a % b < 0);
}

static int
weekday(int64_t day)
{
	return (int)(((day + 3) % 7 + 7) % 7);	/* 1970-01-01 was a Thursday. */
}

/* Has it the day of the week, and of the month?  Most days need no calendar to tell. */
static bool
is_named(const struct schedule *s, int64_t day)
{
	unsigned named = s->has_days ? s->by_day[weekday(day)] : 1u << EACH;
	bool any = (s->month_days[0] | s->month_days[1]) == 0;
	int y, m, d, back;

	if (named == 0 || (any && (named >> EACH & 1) != 0))
		return named != 0;
	when_split(day, &y, &m, &d);
	back = (int)((m == 12 ? when_days(y + 1, 1, 1) : when_days(y, m + 1, 1)) - day);	/* 1: the last of the month. */
	if ((named & (1u << EACH | 1u << (EACH + (d - 1) / 7 + 1) | 1u << (EACH - (back - 1) / 7 - 1))) == 0)
		return false;
	return any || (s->month_days[0] >> d & 1) != 0 || (s->month_days[1] >> back & 1) != 0;
}

/* Days, weeks or months from the first; without one any will do, since then nothing depends on it. */
static int64_t
step_of(const struct schedule *s, int64_t day)
{
	int64_t first = s->first != INT64_MIN ? s->first : 0;
	int y, m, d, y0, m0, d0;

	switch (s->freq) {
	case SCHEDULE_DAILY:
		return day - first;
	case SCHEDULE_WEEKLY:
		return floor_div(day - 4 - s->week_start, 7) - floor_div(first - 4 - s->week_start, 7);
	default:
		when_split(day, &y, &m, &d);
		when_split(first, &y0, &m0, &d0);
		return (y - y0) * 12 + m - m0;
	}
}

bool
schedule_on(const struct schedule *s, int64_t day)
{
	return day >= s->first && day <= s->last && (s->interval == 1 || step_of(s, day) % s->interval == 0) && is_named(s, day);
}

/* What begins before ${until} begins on the day after that of UTC at the latest. */
const char *
schedule_lacks(const struct schedule *s, int64_t until)
{
	return s->lacks != NULL ? s->lacks : floor_div(until - 1, WHEN_DAY) + 1 > s->known ? "when it ends: it counts for more than ten years" : NULL;
}

static bool
is_excepted(const struct schedule *s, int64_t day)
{
	for (size_t i = 0; i < s->n_except; i++)
		if (s->except[i] == day)
			return true;
	return false;
}

static int64_t
instant(const struct zone *zone, int64_t day, int minutes)
{
	int64_t ret;

	(void)zone_instant(zone, day * 86400 + minutes * 60LL, &ret);
	return ret * 1000;
}

size_t
schedule_between(const struct schedule *s, const struct zone *zone, int64_t from, int64_t until,
    struct schedule_span *ret, size_t max)
{
	int64_t day = floor_div(from, WHEN_DAY) - MARGIN, end = floor_div(until, WHEN_DAY) + 2;
	size_t n = 0;

	if (schedule_lacks(s, until) != NULL || until - from > SCHEDULE_DAYS * WHEN_DAY || from < 0 || until > WHEN_MAX)
		return 0;
	for (; day <= end && n < max; day++) {
		struct schedule_span span;

		if (!schedule_on(s, day) || is_excepted(s, day))
			continue;
		span.begins = instant(zone, day, s->opens);
		if (s->minutes > 0)
			span.ends = span.begins + s->minutes * WHEN_MINUTE;
		else
			span.ends = instant(zone, day, s->closes > s->opens ? s->closes : s->closes + DAY_MINUTES);
		/* A meeting that clocks put forward over has no time left. */
		if (span.begins > s->until || span.begins >= until || span.ends <= from || span.ends <= span.begins)
			continue;
		ret[n++] = span;
	}
	return n;
}

static int
by_begin(const void *a, const void *b)
{
	const struct schedule_span *x = a, *y = b;

	return (x->begins > y->begins) - (x->begins < y->begins);
}

size_t
schedule_free(const struct schedule *s, size_t n, const struct zone *zone, int64_t from, int64_t until,
    struct schedule_span *ret, size_t max)
{
	size_t all = 0, kept = 0;

	for (size_t i = 0; i < n; i++)
		all += schedule_between(&s[i], zone, from, until, ret + all, max - all);
	qsort(ret, all, sizeof(*ret), by_begin);
	for (size_t i = 0; i < all; i++) {
		if (kept > 0 && ret[i].begins <= ret[kept - 1].ends) {
			if (ret[kept - 1].ends < ret[i].ends)
				ret[kept - 1].ends = ret[i].ends;
		} else
			ret[kept++] = ret[i];
	}
	return kept;
}

int
schedule_overlap(const struct schedule *s, const struct zone *zone, const struct schedule_span *free_time, size_t n,
    int64_t from, int64_t until, int minutes, struct schedule_fit *ret)
{
	struct schedule_span meeting[SCHEDULE_DAYS + MARGIN + 3];
	struct schedule_fit fit = { 0 };

	if (schedule_lacks(s, until) != NULL)
		return E_LATER;
	fit.meets = (unsigned)schedule_between(s, zone, from, until, meeting, sizeof(meeting) / sizeof(*meeting));
	for (unsigned i = 0; i < fit.meets; i++) {
		int best = 0;

		for (size_t k = 0; k < n && free_time[k].begins < meeting[i].ends; k++) {
			int64_t begins = free_time[k].begins > meeting[i].begins ? free_time[k].begins : meeting[i].begins;
			int64_t ends = free_time[k].ends < meeting[i].ends ? free_time[k].ends : meeting[i].ends;
			int length = ends > begins ? (int)((ends - begins) / WHEN_MINUTE) : 0;

			if (length >= minutes && fit.next == 0)
				fit.next = begins;
			best = length > best ? length : best;
		}
		fit.fits += best >= minutes;
		fit.longest = best > fit.longest ? best : fit.longest;
	}
	*ret = fit;
	return fit.fits > 0 ? 0 : E_NOTFOUND;
}

void
schedule_hours(const struct schedule *s, int least, int most, struct schedule_week *ret)
{
	int length = s->minutes > 0 ? s->minutes : s->closes - s->opens + (s->closes > s->opens ? 0 : DAY_MINUTES);

	for (int day = 0; day < 7 && s->lacks == NULL; day++) {
		int64_t begins = day * WHEN_DAY + s->opens * WHEN_MINUTE - most * 1000LL;
		int64_t ends = begins + length * WHEN_MINUTE + (most - least) * 1000LL;

		if (s->has_days && s->by_day[day] == 0)
			continue;
		for (int64_t hour = floor_div(begins, 60 * WHEN_MINUTE); hour * 60 * WHEN_MINUTE < ends; hour++) {
			int64_t at = (hour % SCHEDULE_HOURS + SCHEDULE_HOURS) % SCHEDULE_HOURS;

			ret->hour[at / 8] |= (uint8_t)(1u << at % 8);
		}
	}
}
