/* SPDX-License-Identifier: Apache-2.0 */
/* spoil: what a stranger with the file can do while the node is down. */
#ifndef CAIRN_TEST_SPOIL_H
#define CAIRN_TEST_SPOIL_H

#include <sqlite3.h>

#include "fixture.h"

static inline void
spoil(const char *sql)
{
	char path[128];
	sqlite3 *other = NULL;

	(void)snprintf(path, sizeof(path), "%s/cairn.db", fixture_dir);
	if (sqlite3_open(path, &other) != SQLITE_OK ||
	    sqlite3_exec(other, sql, NULL, NULL, NULL) != SQLITE_OK)
		bail("spoil", sqlite3_errmsg(other));
	sqlite3_close(other);
}

/* The same to an open store, which is closed meanwhile; it, opened again. */
static inline struct db *
spoil_open(struct db *db, const char *sql)
{
	db_close(db);
	spoil(sql);
	return fixture_reopen();
}

#endif /* !CAIRN_TEST_SPOIL_H */
