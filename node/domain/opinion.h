/* SPDX-License-Identifier: Apache-2.0 */
/*
 * opinion: what people said of the support they had, of all and by program, as means that tell of nobody what they said: report_sums() and
 * report_round() say of whom nothing is told.
 */
#ifndef CAIRN_OPINION_H
#define CAIRN_OPINION_H

#include <jansson.h>

#include "base/err.h"

/**
 * opinion_add(opinions, who, program, said): ${said}, the feedback of a note, is lent, and counts in place of what ${who} said before; ${program}
 * is the name of where they were supported, or NULL.  ${opinions} is an object, and empty at first.  0 or -ENOMEM.
 */
int	opinion_add(json_t *opinions, const char *who, const char *program, json_t *said) must_check;

/**
 * opinion_tell(opinions, by, rows): append {by, people, heard, respected, chose, useful}, means in tenths and halves, of all, and with "program" of each
 * program; ${people} of these is only about so many.  Of too few nothing.  0 or -ENOMEM.
 */
int	opinion_tell(const json_t *opinions, const char *by, json_t *rows) must_check;

#endif /* !CAIRN_OPINION_H */
