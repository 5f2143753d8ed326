/* SPDX-License-Identifier: Apache-2.0 */
/* generation: which process the store belongs to now: the last that opened it has written its name there. */
#ifndef CAIRN_GENERATION_H
#define CAIRN_GENERATION_H

#include "db.h"

enum { GENERATION = 16 };

/** generation_take(db, name): a new random name, in a transaction.  0 or negative. */
int	generation_take(struct db *, uint8_t name[GENERATION]) must_check;
/** generation_check(db, name): 0; E_EXISTS if another process has written its own since; or negative. */
int	generation_check(struct db *, const uint8_t name[GENERATION]) must_check;

#endif /* !CAIRN_GENERATION_H */
