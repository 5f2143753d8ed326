/* SPDX-License-Identifier: Apache-2.0 */
/* facts: what is known now of whom a referral is for, without a name. */
#ifndef CAIRN_FACTS_H
#define CAIRN_FACTS_H

#include <jansson.h>

#include "app.h"
#include "store/casestore.h"

/**
 * facts_of(app, row, ret): its request, with the answers to later questions laid over it (domain/asked.h); whoever judges by the
 * member's age, language and the like reads these, not the request.  The caller decrefs.  0 or negative.
 */
int	facts_of(struct app *, const struct case_row *, json_t **ret) must_check;

#endif /* !CAIRN_FACTS_H */
