/* SPDX-License-Identifier: Apache-2.0 */
/*
 * schedule: when something is open or meets, and whether that suits somebody.
 * Reads both forms of $defs/schedule in schemas/common.json: days of the week,
 * or a recurrence rule, of which this part of RFC 5545 is known:
 *
 *     FREQ=DAILY|WEEKLY|MONTHLY; INTERVAL; COUNT or UNTIL; WKST; BYDAY, with
 *     ordinals in MONTHLY; BYMONTHDAY, not in WEEKLY
 *
 * "from" and "opens" are DTSTART, "timezone" its TZID, "minutes" DURATION, "except"
 * EXDATE by day.  DTSTART counts as an occurrence only if the rule makes it one; a rule that neither counts
 * nor leaves out, and names its days, needs none.  "irregular": the note says what the fields do not, so that it is
 * not reckoned with.
 * The clock on the wall decides: 19:00 stays 19:00 when clocks change.
 */
#ifndef CAIRN_SCHEDULE_H
#define CAIRN_SCHEDULE_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct zone;

enum {
	SCHEDULE_EXCEPT	= 64,	/* Days left out, at most. */
	SCHEDULE_WINDOWS = 16,	/* Of somebody's free time. */
	SCHEDULE_COUNTED = 3660, /* Days that COUNT is followed; what counts further is known up to there, and not when it ends. */
	SCHEDULE_DAYS	= 400,	/* How long a span of time may be looked at. */
	SCHEDULE_HOURS	= 7 * 24,
};

enum schedule_freq { SCHEDULE_DAILY, SCHEDULE_WEEKLY, SCHEDULE_MONTHLY };

/* Days are counted from 1970-01-01, days of the week from Monday, times in minutes. */
struct schedule {
	enum schedule_freq freq;
	int		 interval;
	int		 week_start;
	bool		 has_days;		/* by_day holds something. */
	uint16_t	 by_day[7];		/* Bit 5 + n: the nth of a month, -5..5; bit 5: each. */
	uint32_t	 month_days[2];		/* Bit n: the nth day; and the nth from the end. */
	int64_t		 first, last;		/* Local days. */
	int64_t		 known;			/* What is on no later day is known. */
	int64_t		 until;			/* The last instant to begin, ms. */
	int		 opens;			/* -1: not said. */
	int		 closes;		/* A clock time; up to opens: of the next day.  -1: not said. */
	int		 minutes;		/* Instead of closes: a length in real time.  0: not said. */
	int64_t		 except[SCHEDULE_EXCEPT];
	size_t		 n_except;
	const char	*zone;			/* Borrowed from the JSON; NULL: not said. */
	const char	*lacks;			/* What must be known to reckon with it; NULL: nothing. */
};

/** schedule_read(json, ret, reterr): 0, or E_BAD with "/member: what is wrong". */
int	schedule_read(const json_t *, struct schedule *ret, struct err *reterr) must_check;

/**
 * schedule_windows(text, ret, reterr): somebody's free time each week, as people write it:
 * "Tue 18:00-20:00, Mon-Fri 07:30-09:00, daily 21:00-23:00".  The number, or 0 and a reason.
 */
size_t	schedule_windows(const char *, struct schedule ret[SCHEDULE_WINDOWS], struct err *reterr);

/** schedule_lacks(schedule, until): what must be known to reckon with it up to that instant; NULL: nothing. */
const char *schedule_lacks(const struct schedule *, int64_t until);

/** schedule_on(schedule, day): does it begin on that local day? */
bool	schedule_on(const struct schedule *, int64_t day);

/* Instants, ms; the end does not belong to it. */
struct schedule_span {
	int64_t		 begins, ends;
};

/**
 * schedule_between(schedule, zone, from, until, ret, max): the occurrences that begin before
 * ${until} and end after ${from}, in order, the first ${max}; returns how many.  None if schedule_lacks()
 * something until then, or the span is longer than SCHEDULE_DAYS.
 */
size_t	schedule_between(const struct schedule *, const struct zone *, int64_t from, int64_t until,
	    struct schedule_span *ret, size_t max);

/**
 * schedule_free(windows, n, zone, from, until, ret, max): the occurrences of all, in order,
 * those that touch made one; returns how many.  What is more than ${max} is left out.
 */
size_t	schedule_free(const struct schedule *, size_t, const struct zone *, int64_t from, int64_t until,
	    struct schedule_span *ret, size_t max);

struct schedule_fit {
	int		 longest;	/* Minutes of the best overlap of one meeting with one free span. */
	unsigned	 fits;		/* Meetings with an overlap of the wanted length. */
	unsigned	 meets;		/* Meetings looked at. */
	int64_t		 next;		/* When the first such overlap begins, ms; 0: there is none. */
};

/**
 * schedule_overlap(schedule, zone, free, n, from, until, minutes, ret): hold a schedule against free
 * time as schedule_free gives it.  0; E_NOTFOUND: no overlap of ${minutes} or more; E_LATER: it
 * cannot be said, since schedule_lacks() something.  ${ret} is set for the first two.
 */
int	schedule_overlap(const struct schedule *, const struct zone *, const struct schedule_span *free, size_t n,
	    int64_t from, int64_t until, int minutes, struct schedule_fit *ret) must_check;

/* Hours of a week, a bit each, from Monday 0:00; UTC unless said otherwise. */
struct schedule_week {
	uint8_t		 hour[SCHEDULE_HOURS / 8];
};

static inline bool
schedule_week_has(const struct schedule_week *week, int hour)
{
	return (week->hour[hour / 8] >> hour % 8 & 1) != 0;
}

/**
 * schedule_hours(schedule, least, most, ret): add to ${ret} each hour that a meeting may touch, in whatever week, where
 * local time is between ${least} and ${most} seconds ahead of UTC.  What lacks something adds none.
 */
void	schedule_hours(const struct schedule *, int least, int most, struct schedule_week *ret);

#endif /* !CAIRN_SCHEDULE_H */
