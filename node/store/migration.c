/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include "datakey.h"
#include "migration.h"

static int
version(struct db *db, int64_t *ret, struct err *reterr)
{
	int64_t id, v, tables;
	int r;

	if ((r = db_number(db, "PRAGMA application_id", &id)) != 0 ||
	    (r = db_number(db, "PRAGMA user_version", &v)) != 0 ||
	    (r = db_number(db, "SELECT count(*) FROM sqlite_schema", &tables)) != 0)
		return err_set(reterr, r, "database: %s", db_error(db));
	if (tables == 0 && id == 0 && v == 0) {
		*ret = 0;
		return 0;
	}
	if (id != APPLICATION_ID || v < 1)
		return err_set(reterr, E_REFUSED, "cairn.db is a database of another program");
	if (v > SCHEMA_VERSION)
		return err_set(reterr, E_REFUSED, "the store has schema %lld, and this program knows "
		    "up to %d; install the newer version again", (long long)v, SCHEMA_VERSION);
	*ret = v;
	return 0;
}

/* Bring version ${v} to ${v} + 1; the first also makes the data key. */
static int
migrate(struct db *db, int64_t v, const uint8_t kek[DB_KEY])
{
	char text[96];
	int r;

	(void)snprintf(text, sizeof(text), "PRAGMA application_id = %d; PRAGMA user_version = %lld;",
	    APPLICATION_ID, (long long)v + 1);
	if ((r = db_script(db, schema_text[v])) != 0 || (r = db_script(db, text)) != 0 || v > 0)
		return r;
	return datakey_make(db, kek);
}

int
migration_run(struct db *db, const uint8_t kek[DB_KEY], struct datakey **ret_key, struct err *reterr)
{
	int64_t v = 0;
	int r;

	if ((r = version(db, &v, reterr)) != 0 || (v > 0 && (r = datakey_open(db, kek, ret_key, reterr)) != 0))
		return r;
	for (; v < SCHEMA_VERSION; v++) {
		if ((r = db_begin(db, reterr)) != 0)
			return r;
		if ((r = migrate(db, v, kek)) != 0)
			return err_set(reterr, r, "migration to version %lld: %s", (long long)v + 1, db_error(db));
		if ((r = db_commit(db, reterr)) != 0)
			return r;
	}
	return *ret_key != NULL ? 0 : datakey_open(db, kek, ret_key, reterr);
}
