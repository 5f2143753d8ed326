/* SPDX-License-Identifier: Apache-2.0 */
/* hide: a place that one of our records calls redacted is not shown by another, from whatever file that came, nor shown here by a partner's. */
#ifndef CAIRN_HIDE_H
#define CAIRN_HIDE_H

#include "app.h"

/** hide_everywhere(app, ret_n): our records that show such a place are changed, to be published anew; ${ret_n} places. */
int	hide_everywhere(struct app *, unsigned *ret_n) must_check;

/**
 * hide_partners(app, body): what a partner's record shows of such a place is taken out of ${body}, which is not what it signed any more: it is
 * found and shown here without.  Only what our own records hide counts, so no partner can have another's places hidden.
 */
int	hide_partners(struct app *, json_t *body) must_check;

#endif /* !CAIRN_HIDE_H */
