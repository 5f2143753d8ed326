/* SPDX-License-Identifier: Apache-2.0 */
/*
 * answer: the frames with which a bridge answers a request (node/base/frame.h).
 */
#ifndef CAIRN_ANSWER_H
#define CAIRN_ANSWER_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

/* Each appends to ${out}: 0, or a negative value of buf.h. */

/** answer_status(out, id, status, retry_after_ms): ${retry_after_ms} is -1 if the answer has none. */
int	answer_status(struct buf *, uint64_t, long, long long) must_check;
int	answer_body(struct buf *, uint64_t, const void *, size_t) must_check;
int	answer_end(struct buf *, uint64_t) must_check;
/** answer_fail(out, id, kind, text): ${kind} of frame.h; ${text} may be foreign and is made safe. */
int	answer_fail(struct buf *, uint64_t, const char *, const char *) must_check;

#endif /* !CAIRN_ANSWER_H */
