/* SPDX-License-Identifier: Apache-2.0 */
/* reading: a transaction of somebody who only looks. */
#ifndef CAIRN_READING_H
#define CAIRN_READING_H

#include "db.h"

/**
 * db_reading(db, on): until the end of this transaction each statement that would write fails with -EROFS, by SQLite's own judgement of
 * it (${on} false: no longer).  Only audit_add lifts it, for its own rows, and app/certify.c, for the date of a status list.  Was it so before?
 */
bool	db_reading(struct db *, bool on);

#endif /* !CAIRN_READING_H */
