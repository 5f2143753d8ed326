/* SPDX-License-Identifier: Apache-2.0 */
#include "notestore.h"

#include <errno.h>
#include <string.h>

#include "base/canon.h"
#include "column.h"
#include "rows.h"
#include "subject.h"

int
note_add(struct db *db, const char *whose, const struct note *note)
{
	autobuf struct buf sealed = { 0 };
	autosecret char *text = json_text(note->body, JSON_COMPACT);
	char who[SUBJECT_NAME], row[COLUMN_ROW];
	int64_t n;
	int r = text == NULL ? -ENOMEM : rows_serial(db, "note", &n);

	if (r != 0 || (r = column_seal_text(db, subject_referral(whose, who), "note.body", column_row(n, row), text, &sealed)) != 0)
		return r;
	return db_run(db, Q_NOTE_ADD, "ittiib", n, note->pairing, note->kind, note->at, note->due, sealed.data, sealed.len);
}

static int
note_at(struct db *db, int64_t n, int (*fn)(void *, const struct note *), void *cookie)
{
	autorows struct rows *rows = NULL;
	autofree char *pairing = NULL, *kind = NULL;
	autosecret char *text = NULL;
	autojson json_t *body = NULL;
	char row[COLUMN_ROW];
	int r;

	if ((r = db_query(db, &rows, Q_NOTE_AT, "i", n)) != 0 || (r = db_next(rows)) != 0 ||
	    (r = column_open_text(db, "note.body", column_row(n, row), rows, 5, &text)) != 0)
		return r == E_NOTFOUND ? 0 : r;
	if ((r = rows_dup(rows, 1, &pairing)) != 0 || (r = rows_dup(rows, 2, &kind)) != 0)
		return r;
	if (text == NULL || (r = canon_parse(text, strlen(text), &body, NULL)) != 0)
		return r < 0 ? r : ERR_CORRUPT;
	return fn(cookie, &(struct note){ .n = n, .pairing = pairing, .kind = kind, .at = db_int(rows, 3), .due = db_int(rows, 4),
	    .body = body });
}

int
note_each(struct db *db, const char *pairing, int (*fn)(void *, const struct note *), void *cookie)
{
	autorows struct rows *rows = NULL;
	autofree int64_t *ids = NULL;
	size_t n;
	int r;

	if ((r = db_query(db, &rows, Q_NOTE_LIST, "t", pairing)) != 0 || (r = rows_ids(rows, &ids, &n)) != 0)
		return r;
	for (size_t i = 0; i < n; i++)
		if ((r = note_at(db, ids[i], fn, cookie)) != 0)
			return r;
	return 0;
}

int
note_due(struct db *db, int64_t now, int64_t *ret)
{
	autorows struct rows *rows = NULL;
	int r;

	if ((r = db_query(db, &rows, Q_NOTE_DUE, "i", now)) != 0 || (r = db_next(rows)) != 0)
		return r;
	*ret = db_int(rows, 0);
	return 0;
}
