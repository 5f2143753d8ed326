/* SPDX-License-Identifier: Apache-2.0 */
#include "when.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "base/err.h"

/* Howard Hinnant's "chrono-compatible low-level date algorithms": years begin in March, 400 of them are an era. */
int64_t
when_days(int64_t year, int month, int day)
{
	int64_t y = month > 2 ? year : year - 1, era = (y >= 0 ? y : y - 399) / 400, of_era = y - era * 400;
	int64_t of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;

	return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

void
when_split(int64_t days, int *ret_year, int *ret_month, int *ret_day)
{
	int64_t z = days + 719468, era = (z >= 0 ? z : z - 146096) / 146097, of_era = z - era * 146097;
	int64_t y = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
	int64_t of_year = of_era - (365 * y + y / 4 - y / 100), m = (5 * of_year + 2) / 153;

	*ret_day = (int)(of_year - (153 * m + 2) / 5 + 1);
	*ret_month = (int)(m < 10 ? m + 3 : m - 9);
	*ret_year = (int)(y + era * 400 + (*ret_month <= 2));
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
	*ret = when_days(year, month, day) * WHEN_DAY + hour * WHEN_HOUR +
	    minute * WHEN_MINUTE + second * 1000LL + ms;
	return 0;
}

static int64_t
clamp(int64_t ms)
{
	return ms < 0 ? 0 : ms > WHEN_MAX ? WHEN_MAX : ms;
}

const char *
when_print(int64_t when, char out[WHEN_TEXT])
{
	int64_t ms = clamp(when);
	int year, month, day, in_day = (int)(ms % WHEN_DAY);
	char fraction[5] = "";

	when_split(ms / WHEN_DAY, &year, &month, &day);
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

	when_split(clamp(when) / WHEN_DAY, &year, &month, &day);
	(void)snprintf(out, WHEN_TEXT, "%04u-%02u-%02u", (unsigned)year % 10000u,
	    (unsigned)month % 100u, (unsigned)day % 100u);
	return out;
}
