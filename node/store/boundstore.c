/* SPDX-License-Identifier: Apache-2.0 */
#include "boundstore.h"

#include <errno.h>
#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/canon.h"
#include "queries.h"
#include "rows.h"
#include "subject.h"

enum { ROW = 80 };

const char *
bound_index(struct db *db, const char *text, char out[BOUND_INDEX])
{
	uint8_t hash[COLUMN_HASH];

	column_hash(db, "bound", text, hash);
	return sodium_bin2hex(out, BOUND_INDEX, hash, sizeof(hash));
}

static const char *
row_name(int64_t pid, const char *text, char out[ROW])
{
	(void)snprintf(out, ROW, "%" PRId64 ":%s", pid, text);
	return out;
}

int
bound_put(struct db *db, const struct bound_row *b)
{
	autojson json_t *body = json_pack("{s:s, s:I}", "specialist", b->specialist, "issued_at", (json_int_t)b->issued_at);
	autobuf struct buf sealed = { 0 };
	autosecret char *text = body != NULL ? json_text(body, JSON_COMPACT) : NULL;
	char who[SUBJECT_NAME], row[ROW];
	int r;

	if (text == NULL)
		return -ENOMEM;
	if ((r = column_seal_text(db, subject_person(b->pid, who), "bound.body", row_name(b->pid, b->text, row), text, &sealed)) != 0)
		return r;
	return db_run(db, Q_BOUND_PUT, "itiib", b->pid, b->text, b->asked, b->said, sealed.data, sealed.len);
}

/* E_NOTFOUND: its person was erased. */
static int
open_row(struct db *db, struct rows *rows, json_t **ret_body, struct bound_row *ret)
{
	autosecret char *text = NULL;
	char row[ROW];
	int r;

	(void)snprintf(ret->text, sizeof(ret->text), "%s", db_text(rows, 0));
	if ((r = column_open_text(db, "bound.body", row_name(ret->pid, ret->text, row), rows, 3, &text)) != 0 ||
	    (r = canon_stored(text, ret_body)) != 0)
		return r;
	ret->asked = db_int(rows, 1);
	ret->said = db_int(rows, 2);
	ret->specialist = (char *)(uintptr_t)json_str(*ret_body, "specialist");
	ret->issued_at = json_int(*ret_body, "issued_at", 0);
	return ret->specialist != NULL ? 0 : ERR_CORRUPT;
}

int
bound_each(struct db *db, int64_t pid, int (*fn)(void *, const struct bound_row *), void *cookie)
{
	autorows struct rows *rows = NULL;
	int r = db_query(db, &rows, Q_BOUND_LIST, "i", pid);

	while (r == 0 && (r = db_next(rows)) == 0) {
		autojson json_t *body = NULL;
		struct bound_row b = { .pid = pid };

		r = open_row(db, rows, &body, &b);
		r = r == 0 ? fn(cookie, &b) : r == E_NOTFOUND ? 0 : r;
	}
	return r == E_NOTFOUND ? 0 : r;
}

int
bound_unasked(struct db *db, int (*fn)(void *, int64_t), void *cookie)
{
	autofree int64_t *pids = NULL;
	struct rows *rows = NULL;
	size_t n = 0;
	int r = db_query(db, &rows, Q_BOUND_UNASKED, "");

	if (r == 0)
		r = rows_ids(rows, &pids, &n);
	db_done(rows);
	for (size_t i = 0; i < n && r == 0; i++)
		r = fn(cookie, pids[i]);
	return r;
}
