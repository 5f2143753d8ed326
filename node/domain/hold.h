/* SPDX-License-Identifier: Apache-2.0 */
/* hold: for which duty something is kept that else would be erased, in words for people. */
#ifndef CAIRN_HOLD_H
#define CAIRN_HOLD_H

#include "base/event.h"

extern const struct ev_enum hold_classes;

/** hold_words(class): "a court case or a legal claim"; never NULL. */
const char *hold_words(const char *);

#endif /* !CAIRN_HOLD_H */
