/* SPDX-License-Identifier: Apache-2.0 */
/* measure: answers to questionnaires counted as their publishers say; what is counted how is data (schemas/measures.json). */
#ifndef CAIRN_MEASURE_H
#define CAIRN_MEASURE_H

#include <jansson.h>
#include <stdbool.h>

#include "base/err.h"

/**
 * measure_check(doc, reterr): schema and what it cannot say: ids of their own, answers and items that
 * exist, cuts upward from the lowest score.  0, or E_BAD with what is wrong where, or -ENOMEM.
 */
int	measure_check(const json_t *doc, struct err *) must_check;

/** measure_find(doc, id): of a checked list, borrowed; NULL: there is none. */
const json_t *measure_find(const json_t *doc, const char *id);

struct measure_score {
	long long	 score;
	const char	*says;		/* Borrowed from the list. */
	bool		 alarm;		/* Crisis lines are shown at once, and a person is told. */
};

/**
 * measure_score(measure, items, ret, reterr): -1: not answered.  0; E_BAD: another number of items, an answer that
 * there is not, or too few.  ${ret->alarm} is set by an answer even then: doubt is no reason for silence.
 */
int	measure_score(const json_t *measure, const json_t *items, struct measure_score *ret, struct err *) must_check;

#endif /* !CAIRN_MEASURE_H */
