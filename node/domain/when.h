/* SPDX-License-Identifier: Apache-2.0 */
/*
 * when: moments as text.  Inside the node a moment is int64_t milliseconds
 * since 1970-01-01T00:00:00Z; in credentials and proofs it is an xsd:dateTime,
 * here always in UTC.  No clock: "now" is always a parameter.
 */
#ifndef CAIRN_WHEN_H
#define CAIRN_WHEN_H

#include <stdint.h>

#include "base/cleanup.h"

enum { WHEN_TEXT = 25 };		/* "2026-11-21T03:04:05.678Z" with NUL. */

#define WHEN_MINUTE	60000LL
#define WHEN_HOUR	(60 * WHEN_MINUTE)
#define WHEN_DAY	(24 * WHEN_HOUR)
#define WHEN_MAX	253402300799999LL	/* The end of the year 9999. */
#define WHEN_SKEW	(5 * WHEN_MINUTE)	/* How far two honest clocks may differ. */

/**
 * when_parse(text, ret): "YYYY-MM-DDThh:mm:ss[.f...]Z" of the years 1970-9999,
 * 1-9 digits of fraction (cut to milliseconds), capital letters, no leap
 * second, the day must exist.  0 or E_BAD.
 */
int	when_parse(const char *, int64_t *ret) must_check;

/**
 * when_print(ms, out): the same text; the fraction is left out when it is zero.
 * ${ms} is brought into 0..WHEN_MAX.  Returns ${out}.
 */
const char *when_print(int64_t, char[WHEN_TEXT]);

/** when_print_day(ms, out): only "YYYY-MM-DD".  Returns ${out}. */
const char *when_print_day(int64_t, char[WHEN_TEXT]);

/** when_days(year, month, day): days since 1970-01-01 of a Gregorian date.  when_split(days, ...): the date. */
int64_t	when_days(int64_t year, int month, int day);
void	when_split(int64_t, int *ret_year, int *ret_month, int *ret_day);

#endif /* !CAIRN_WHEN_H */
