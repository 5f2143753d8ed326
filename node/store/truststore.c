/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "rows.h"
#include "truststore.h"

void
trust_version_free(struct trust_version *v)
{
	free(v->hash);
	free(v->document);
}

int
trust_version_put(struct db *db, const struct trust_version *v, int64_t at)
{
	return db_run(db, Q_TRUST_VERSION_PUT, "itti", v->version, v->hash, v->document, at);
}

static int
one_version(struct db *db, enum query_id query, int64_t version, struct trust_version *ret)
{
	autorows struct rows *rows = NULL;
	autoversion struct trust_version v = { 0 };
	int r = db_query(db, &rows, query, "i", version);

	if (r != 0 || (r = db_next(rows)) != 0)
		return r;
	v = (struct trust_version){ db_int(rows, 0), strdup(db_text(rows, 1)), strdup(db_text(rows, 2)) };
	if (v.hash == NULL || v.document == NULL)
		return -ENOMEM;
	*ret = v;
	v = (struct trust_version){ 0 };
	return 0;
}

int
trust_version_get(struct db *db, int64_t version, struct trust_version *ret)
{
	return version == 0 ? trust_version_below(db, INT64_MAX, ret) : one_version(db, Q_TRUST_VERSION_GET, version, ret);
}

int
trust_version_below(struct db *db, int64_t version, struct trust_version *ret)
{
	return one_version(db, Q_TRUST_VERSION_BELOW, version, ret);
}

int
trust_version_forget(struct db *db)
{
	return db_run(db, Q_TRUST_VERSION_FORGET, "");
}

int
trust_part_put(struct db *db, int64_t version, int64_t part, int64_t parts, const char *text)
{
	return db_run(db, Q_TRUST_PART_PUT, "iiit", version, part, parts, text);
}

int
trust_part_has(struct db *db, int64_t version, int64_t part, int64_t parts, const char *text)
{
	autorows struct rows *rows = NULL;
	int r = db_query(db, &rows, Q_TRUST_PART_HAS, "iiit", version, part, parts, text);

	return r != 0 ? r : db_next(rows);
}

int
trust_part_each(struct db *db, int64_t version, int (*fn)(void *, int64_t, int64_t, const char *), void *cookie)
{
	autorows struct rows *rows = NULL;
	int r = db_query(db, &rows, Q_TRUST_PART_EACH, "i", version);

	while (r == 0 && (r = db_next(rows)) == 0)
		r = fn(cookie, db_int(rows, 0), db_int(rows, 1), db_text(rows, 2));
	return r == E_NOTFOUND ? 0 : r;
}

int
trust_part_newest(struct db *db, int64_t *ret)
{
	autorows struct rows *rows = NULL;
	int r = db_query(db, &rows, Q_TRUST_PART_NEWEST, "");

	if (r == 0 && (r = db_next(rows)) == 0)
		*ret = db_int(rows, 0);
	return r;
}

int
trust_part_drop(struct db *db, int64_t version)
{
	return db_run(db, Q_TRUST_PART_DROP, "i", version);
}

int
trust_part_sweep(struct db *db, int64_t below, int64_t above)
{
	return db_run(db, Q_TRUST_PART_SWEEP, "ii", below, above);
}

int
trust_override_put(struct db *db, const char *org, const char *word)
{
	return word != NULL ? db_run(db, Q_TRUST_OVERRIDE_PUT, "tt", org, word) : db_run(db, Q_TRUST_OVERRIDE_DROP, "t", org);
}

int
trust_override_each(struct db *db, int (*fn)(void *, const char *, const char *), void *cookie)
{
	autorows struct rows *rows = NULL;
	int r = db_query(db, &rows, Q_TRUST_OVERRIDE_EACH, "");

	while (r == 0 && (r = db_next(rows)) == 0)
		r = fn(cookie, db_text(rows, 0), db_text(rows, 1));
	return r == E_NOTFOUND ? 0 : r;
}
