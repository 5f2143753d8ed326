/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hours: when it is safe to call somebody, typed for the partner who will: $defs/safe_hours in schemas/common.json,
 * and the words in which people say it, "Mon-Fri 17:00-19:00" (schedule_windows).  Both mean the same.
 */
#ifndef CAIRN_HOURS_H
#define CAIRN_HOURS_H

#include <jansson.h>

#include "base/buf.h"
#include "base/err.h"

/** hours_typed(text, ret): what schedule_windows() reads there, as a list; the caller decrefs.  0; E_BAD; -ENOMEM. */
int	hours_typed(const char *, json_t **) must_check;

/** hours_text(list, out): append the words of such a list; nothing for NULL.  0 or a negative value of buf.h; E_BAD: it is no such list. */
int	hours_text(const json_t *, struct buf *out) must_check;

#endif /* !CAIRN_HOURS_H */
