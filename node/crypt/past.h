/* SPDX-License-Identifier: Apache-2.0 */
/*
 * past: what was said in rooms of few, and read, is not opened again by what is kept.
 *
 * A Megolm session opens all from its first position on (Matrix 1.15, m.megolm.v1.aes-sha2), and homeservers keep the ciphertext.  So
 * when somebody is erased (store/erasure.h), each session of a channel or chat begins anew behind what was read of it, our own copies
 * too.  Directories, whose history later readers get, are left as they are.
 */
#ifndef CAIRN_PAST_H
#define CAIRN_PAST_H

#include "crypt.h"

/** past_step(c, most, ret_more): up to so many sessions; ${*ret_more}, else untouched: there may be others.  0 or negative. */
int	past_step(struct crypt *, int most, bool *ret_more) must_check;

#endif /* !CAIRN_PAST_H */
