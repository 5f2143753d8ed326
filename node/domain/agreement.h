/* SPDX-License-Identifier: Apache-2.0 */
/* agreement: the boundaries that a member and a specialist agree on: in force while both signed these very words. */
#ifndef CAIRN_AGREEMENT_H
#define CAIRN_AGREEMENT_H

#include <jansson.h>
#include <stdbool.h>

#include "base/err.h"

enum { AGREEMENT_TERMS = 65 };

/** agreement_terms(agreement, out): hash of ${agreement} (schemas/note.json) in canonical form.  0, E_BAD or -ENOMEM. */
int	agreement_terms(const json_t *agreement, char out[AGREEMENT_TERMS]) must_check;

struct agreement_state {
	bool	member, specialist;	/* Signed these words. */
	bool	over;			/* Its last day is past. */
	bool	in_force;
};

/**
 * agreement_judge(agreement, signatures, today, ret): ${signatures}: an array of $defs signature of any age;
 * ${today} "2026-11-21".  A signature of other words counts for nothing.  0, E_BAD or -ENOMEM.
 */
int	agreement_judge(const json_t *agreement, const json_t *signatures, const char *today, struct agreement_state *ret) must_check;

#endif /* !CAIRN_AGREEMENT_H */
