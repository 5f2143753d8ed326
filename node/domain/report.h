/* SPDX-License-Identifier: Apache-2.0 */
/*
 * report: counts of people that tell nobody about one of them.  A count below REPORT_LEAST is not shown, and is not
 * found out from those that are shown and their total, even by who knows this rule: with the small ones as many larger
 * ones are hidden, always all of one size, as make two different counts that could change places, of REPORT_LEAST
 * people together.  A value that nobody has is no row.
 */
#ifndef CAIRN_REPORT_H
#define CAIRN_REPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "referral.h"

enum { REPORT_LEAST = 5, REPORT_SUM_LEAST = 10 };

struct report_row {
	int64_t	count;		/* More than 0. */
	bool	hidden;
};

/**
 * report_hide(rows, n): set hidden of each row of one table.  0; E_REFUSED: nothing may be shown of these people, in this
 * table or another, nor how many they are; all are hidden then.
 */
int	report_hide(struct report_row *, size_t) must_check;

/**
 * report_round(sum, of, people, step, ret): what that many people said or took together, ${sum} / ${of}, to the nearest
 * multiple of ${step}; ${sum} is not negative.  An exact sum of few would give away the last of them to whoever knows
 * the others: of fewer than REPORT_SUM_LEAST people nothing is said: E_REFUSED.
 */
int	report_round(int64_t sum, int64_t of, int64_t people, int64_t step, int64_t *ret) must_check;

/**
 * Of rows that may share people, of REPORT_LEAST or more each, whose number of all is told: report_people(count): how many are told, to the nearest 5,
 * for the exact ones and their total would tell of those who are in one row and not in another.
 * report_sums(rows, n): set hidden of each row of which not even the rounded sum of what they took may be told: of fewer than REPORT_SUM_LEAST people,
 * and, if there are such, of one more, so that what is left of the sum of all is of as many people too.
 */
int64_t	report_people(int64_t count);
void	report_sums(struct report_row *, size_t);

/**
 * report_unmet(r, outcome): 0: support is there, or was; 1: there was none; -1: neither can be said, or it goes on as another referral.  ${outcome}: how
 * it was closed (schemas/common.json, outcome), or NULL.
 */
int	report_unmet(const struct referral *, const char *outcome);

/** report_quarter(text, ret_from, ret_until): "2026-Q3", in UTC; until does not belong to it.  0 or E_BAD. */
int	report_quarter(const char *, int64_t *ret_from, int64_t *ret_until) must_check;

#endif /* !CAIRN_REPORT_H */
