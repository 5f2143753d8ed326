/* SPDX-License-Identifier: Apache-2.0 */
/* report: what a program may say of a past quarter: whom it matched, who found nobody, units of service, how people fared; nobody in it can be told. */
#ifndef CAIRN_APP_REPORT_H
#define CAIRN_APP_REPORT_H

#include "app.h"

/**
 * report_run(app, actor, args, ret, reterr): verb "report" {quarter: "2026-Q3"}.  Made once, and the same ever after: two
 * versions of it, held against each other, might tell somebody.
 * {quarter, made, matched, unmet, ...: {people, tables: [{by, rows: [{value, count}], others}]} or {note}, units (contacts of matches) and
 * series (meetings that somebody was at): what units_tell() says, or {note}, measures: [...], feedback: [...]}.
 */
int	report_run(struct app *, const char *actor, const json_t *args, json_t **ret, struct err *) must_check;

#endif /* !CAIRN_APP_REPORT_H */
