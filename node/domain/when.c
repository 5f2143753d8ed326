/* SPDX-License-Identifier: Apache-2.0 */
#include "when.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "base/err.h"

/* Days since 1970-01-01 of a Gregorian date; years from 1970. */
static int64_t
days_from_date(int64_t year, int month, int day)
{
	static const int before[] = { 0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334 };
	int64_t y = month > 2 ? year : year - 1;	/* Leap days up to this year's end. */

	return (year - 1970) * 365 + (y / 4 - y / 100 + y / 400) - 477 + before[month - 1] +
	    day - 1;
}

static bool
is_leap(int64_t year)
{
	return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

static int
days_in_month(int64_t year, int month)
{
	static const int days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };

	return month == 2 && is_leap(year) ? 29 : days[month - 1];
}

/* Read ${n} digits and then ${after}; move ${text} past both. */
static bool
take_number(const char **text, int n, char after, int *ret)
{
	int value = 0;

	for (int i = 0; i < n; i++) {
		char c = (*text)[i];

		if (c < '0' || c > '9')
			return false;
		value = value * 10 + (c - '0');
	}
	if ((*text)[n] != after)
		return false;
	*text += n + 1;
	*ret = value;
	return true;
}

/* ".5Z", ".678901Z": the first three digits count. */
static bool
take_fraction(const char **text, int *ret_ms)
{
	const char *p = *text + 1;
	int ms = 0, n = 0;

	for (; *p >= '0' && *p <= '9'; p++, n++)
		if (n < 3)
			ms = ms * 10 + (*p - '0');
	if (n == 0 || n > 9 || *p != 'Z')
		return false;
	for (; n < 3; n++)
		ms *= 10;
	*text = p + 1;
	*ret_ms = ms;
	return true;
}

int
when_parse(const char *text, int64_t *ret)
{
	int year, month, day, hour, minute, second = 0, ms = 0;
	const char *p = text;

	if (!take_number(&p, 4, '-', &year) || !take_number(&p, 2, '-', &month) ||
	    !take_number(&p, 2, 'T', &day) || !take_number(&p, 2, ':', &hour) ||
	    !take_number(&p, 2, ':', &minute))
		return E_BAD;
	if (!take_number(&p, 2, 'Z', &second)) {
		if (!take_number(&p, 2, '.', &second))
			return E_BAD;
		p--;
		if (!take_fraction(&p, &ms))
			return E_BAD;
	}
	if (*p != '\0' || year < 1970 || month < 1 || month > 12 || day < 1 ||
	    day > days_in_month(year, month) || hour > 23 || minute > 59 || second > 59)
		return E_BAD;
	*ret = days_from_date(year, month, day) * WHEN_DAY + hour * WHEN_HOUR +
	    minute * WHEN_MINUTE + second * 1000LL + ms;
	return 0;
}

static int64_t
clamp(int64_t ms)
{
	return ms < 0 ? 0 : ms > WHEN_MAX ? WHEN_MAX : ms;
}

static void
split_day(int64_t ms, int *year, int *month, int *day)
{
	int64_t days = ms / WHEN_DAY;
	int64_t y = 1970 + days / 366;		/* Never too late. */

	while (days_from_date(y + 1, 1, 1) <= days)
		y++;
	*year = (int)y;
	*month = 12;
	while (days_from_date(y, *month, 1) > days)
		(*month)--;
	*day = (int)(days - days_from_date(y, *month, 1)) + 1;
}

const char *
when_print(int64_t when, char out[WHEN_TEXT])
{
	int64_t ms = clamp(when);
	int year, month, day, in_day = (int)(ms % WHEN_DAY);
	char fraction[5] = "";

	split_day(ms, &year, &month, &day);
	if (in_day % 1000 != 0)
		(void)snprintf(fraction, sizeof(fraction), ".%03u", (unsigned)(in_day % 1000) % 1000u);
	(void)snprintf(out, WHEN_TEXT, "%04u-%02u-%02uT%02u:%02u:%02u%sZ", (unsigned)year % 10000u,
	    (unsigned)month % 100u, (unsigned)day % 100u, (unsigned)(in_day / WHEN_HOUR) % 24u,
	    (unsigned)(in_day / WHEN_MINUTE) % 60u, (unsigned)(in_day / 1000) % 60u, fraction);
	return out;
}

const char *
when_print_day(int64_t when, char out[WHEN_TEXT])
{
	int year, month, day;

	split_day(clamp(when), &year, &month, &day);
	(void)snprintf(out, WHEN_TEXT, "%04u-%02u-%02u", (unsigned)year % 10000u,
	    (unsigned)month % 100u, (unsigned)day % 100u);
	return out;
}
