/* SPDX-License-Identifier: Apache-2.0 */
/* reading: a transaction in which nothing is written but the audit. */
#ifndef CAIRN_READING_H
#define CAIRN_READING_H

#include "db.h"

/**
 * db_reading(db, on): until the end of this transaction each statement that would write fails with -EROFS, by SQLite's own judgement of
 * it (${on} false: no longer).  Only audit_add lifts it, for its own rows.  Was it so before?
 */
bool	db_reading(struct db *, bool on);

#endif /* !CAIRN_READING_H */
