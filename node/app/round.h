/* SPDX-License-Identifier: Apache-2.0 */
/* round: many members are matched at once, so that nobody would rather have each other (domain/cohort.h). */
#ifndef CAIRN_ROUND_H
#define CAIRN_ROUND_H

#include "app.h"

/**
 * round_run(app, actor, args, ret, reterr): verb "match cohort" {document: {seed, members: [{member, wish, waits, order}]}}:
 * a proposal is kept for each member who got somebody; they accept it or not.
 * {round: [{member, match, record, org, name}], left: [{member, note}], blocking_pairs: 0}.
 */
int	round_run(struct app *, const char *actor, const json_t *args, json_t **ret, struct err *) must_check;

#endif /* !CAIRN_ROUND_H */
