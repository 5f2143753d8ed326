/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <string.h>

#include "generation.h"

static const char row_name[] = "db.generation";

int
generation_take(struct db *db, uint8_t name[GENERATION])
{
	world_random(db_world(db), name, GENERATION);
	return db_run(db, Q_META_PUT, "tib", row_name, (int64_t)0, name, (size_t)GENERATION);
}

int
generation_check(struct db *db, const uint8_t name[GENERATION])
{
	autorows struct rows *rows = NULL;
	const void *found;
	size_t len;
	int r;

	if ((r = db_query(db, &rows, Q_META_GET, "t", row_name)) != 0 || (r = db_next(rows)) < 0)
		return r;
	found = r == 0 ? db_blob(rows, 1, &len) : NULL;
	return found != NULL && len == GENERATION && memcmp(found, name, len) == 0 ? 0 : E_EXISTS;
}

int
db_check(struct db *db, struct err *reterr)
{
	autorows struct rows *rows = NULL;
	const char *verdict;
	int r;

	if ((r = db_query(db, &rows, Q_DB_CHECK, "")) != 0 || (r = db_next(rows)) != 0)
		return err_set(reterr, r > 0 ? ERR_DB : r, "database: %s", db_error(db));
	if ((verdict = db_text(rows, 0)) == NULL)
		return -ENOMEM;
	if (strcmp(verdict, "ok") != 0)
		return err_set(reterr, ERR_CORRUPT, "database: %s", verdict);
	return 0;
}
