/* SPDX-License-Identifier: Apache-2.0 */
/* hide: a place that one of our records calls redacted is not shown by another, from whatever file that came. */
#ifndef CAIRN_HIDE_H
#define CAIRN_HIDE_H

#include "app.h"

/** hide_everywhere(app, ret_n): our records that show such a place are changed, to be published anew; ${ret_n} places. */
int	hide_everywhere(struct app *, unsigned *ret_n) must_check;

#endif /* !CAIRN_HIDE_H */
