/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lifeline: crisis lines in the words of somebody who must choose one now: who answers at this hour comes first, and
 * who does not says so.  No network, no partner.
 */
#ifndef CAIRN_LIFELINE_H
#define CAIRN_LIFELINE_H

#include <jansson.h>

#include "app.h"
#include "base/buf.h"

/**
 * lifeline_say(app, out): a line of text for each way of our own crisis lines, behind the text of the configuration.  If nothing of that answers
 * now for sure, the emergency number comes first.  0 or negative.
 */
int	lifeline_say(struct app *, struct buf *out) must_check;

/** lifeline_words(app, kind, body, list): insert the same of one record, as sentences, at the beginning of ${list}; nothing of what is no crisis line. */
int	lifeline_words(struct app *, const char *kind, const json_t *body, json_t *list) must_check;

/** lifeline_row(app, kind, body, row): set "ways" of ${row} to these sentences; nothing of what is no crisis line. */
int	lifeline_row(struct app *, const char *kind, const json_t *body, json_t *row) must_check;

#endif /* !CAIRN_LIFELINE_H */
