/* SPDX-License-Identifier: Apache-2.0 */
#include "report.h"

#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "when.h"

/* Hide all rows of that count; ${n}: how many rows there are. */
static void
hide(struct report_row *rows, size_t n, int64_t count)
{
	for (size_t i = 0; i < n; i++)
		rows[i].hidden = rows[i].hidden || rows[i].count == count;
}

/* Two different counts at least, which could change places, and not too few people behind them. */
static bool
is_safe(const struct report_row *rows, size_t n)
{
	int64_t sum = 0, first = -1;
	bool differ = false;

	for (size_t i = 0; i < n; i++) {
		if (!rows[i].hidden)
			continue;
		sum += rows[i].count;
		differ = differ || (first >= 0 && rows[i].count != first);
		first = rows[i].count;
	}
	return differ && sum >= REPORT_LEAST;
}

int
report_hide(struct report_row *rows, size_t n)
{
	bool any = false;

	for (size_t i = 0; i < n; i++) {
		rows[i].hidden = rows[i].count < REPORT_LEAST;
		any = any || rows[i].hidden;
	}
	while (any && !is_safe(rows, n)) {
		int64_t next = INT64_MAX;

		for (size_t i = 0; i < n; i++)
			if (!rows[i].hidden && rows[i].count < next)
				next = rows[i].count;
		if (next == INT64_MAX)
			return E_REFUSED;
		hide(rows, n, next);
	}
	return n > 0 ? 0 : E_REFUSED;
}

int
report_round(int64_t sum, int64_t of, int64_t people, int64_t step, int64_t *ret)
{
	if (people < REPORT_SUM_LEAST)
		return E_REFUSED;
	*ret = (2 * sum + of * step) / (2 * of * step) * step;
	return 0;
}

int64_t
report_people(int64_t count)
{
	return (count + 2) / 5 * 5;
}

void
report_sums(struct report_row *rows, size_t n)
{
	struct report_row *least = NULL;
	bool any = false;

	for (size_t i = 0; i < n; i++) {
		rows[i].hidden = rows[i].count < REPORT_SUM_LEAST;
		any = any || rows[i].hidden;
		/* The one more is chosen by what is told of it, or the choice would tell the rest. */
		if (!rows[i].hidden && (least == NULL || report_people(rows[i].count) < report_people(least->count)))
			least = &rows[i];
	}
	if (any && least != NULL)
		least->hidden = true;
}

/* Closed, as ${outcome} says. */
static int
is_closed_unmet(const char *outcome)
{
	static const char *const none[] = { "not_eligible", "no_capacity", "could_not_contact", "did_not_get_help" };
	static const char *const neither[] = { "referred_elsewhere", "duplicate" };

	for (size_t i = 0; i < nelem(none) && outcome != NULL; i++)
		if (!strcmp(outcome, none[i]))
			return 1;
	for (size_t i = 0; i < nelem(neither) && outcome != NULL; i++)
		if (!strcmp(outcome, neither[i]))
			return -1;
	return 0;
}

int
report_unmet(const struct referral *r, const char *outcome)
{
	switch (r->state) {
	case REFERRAL_ACCEPTED: case REFERRAL_CONTACTING: case REFERRAL_SCHEDULED: case REFERRAL_ENGAGED: case REFERRAL_PAUSED:
		return 0;
	case REFERRAL_CLOSED:
		return is_closed_unmet(outcome);
	case REFERRAL_WAITLISTED:
		return 1;
	default:
		return r->state == REFERRAL_ENDED && (r->end == REFERRAL_END_DECLINED || r->end == REFERRAL_END_EXPIRED ||
		    r->end == REFERRAL_END_FAILED) ? 1 : -1;
	}
}

int
report_quarter(const char *text, int64_t *ret_from, int64_t *ret_until)
{
	int year = 0, quarter;

	if (text == NULL || strlen(text) != 7 || text[4] != '-' || text[5] != 'Q' || text[6] < '1' || text[6] > '4')
		return E_BAD;
	for (int i = 0; i < 4; i++) {
		if (text[i] < '0' || text[i] > '9')
			return E_BAD;
		year = year * 10 + text[i] - '0';
	}
	if (year < 1970)
		return E_BAD;
	quarter = text[6] - '1';
	*ret_from = when_days(year, quarter * 3 + 1, 1) * WHEN_DAY;
	*ret_until = when_days(quarter == 3 ? year + 1 : year, quarter == 3 ? 1 : quarter * 3 + 4, 1) * WHEN_DAY;
	return 0;
}
