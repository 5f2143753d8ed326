/* SPDX-License-Identifier: Apache-2.0 */
/* caseview: a referral as the operator sees it. */
#ifndef CAIRN_CASEVIEW_H
#define CAIRN_CASEVIEW_H

#include "app.h"
#include "store/casestore.h"

/**
 * caseview(app, row, full, ret): state, whose turn it is and until when; ${full}: also request and disclosure, the steps that
 * count, those that were overtaken and by what or never told, and the commands that are possible now.
 */
int	caseview(struct app *, const struct case_row *, bool full, json_t **) must_check;

#endif /* !CAIRN_CASEVIEW_H */
