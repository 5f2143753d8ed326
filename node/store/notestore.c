/* SPDX-License-Identifier: Apache-2.0 */
#include "notestore.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/canon.h"
#include "column.h"
#include "erasure.h"
#include "rows.h"
#include "subject.h"

int
note_add(struct db *db, const char *whose, struct note *note)
{
	autobuf struct buf sealed = { 0 };
	autosecret char *text = json_text(note->body, JSON_COMPACT);
	char who[SUBJECT_NAME], whole[SUBJECT_NAME], row[COLUMN_ROW];
	int64_t n;
	int r = text == NULL ? -ENOMEM : rows_serial(db, "note", &n);

	if (r != 0)
		return r;
	if (note->pid == 0)
		(void)subject_referral(whose, who);
	else if ((r = subject_link(db, subject_note(n, who), subject_person(note->pid, whole))) != 0)
		return r;
	if ((r = column_seal_text(db, who, "note.body", column_row(n, row), text, &sealed)) != 0)
		return r;
	note->n = n;
	return db_run(db, Q_NOTE_ADD, "ittiibii", n, note->pairing, note->kind, note->at, note->due, sealed.data, sealed.len, note->pid,
	    (int64_t)note->own);
}

int
note_get(struct db *db, int64_t n, int (*fn)(void *, const struct note *), void *cookie)
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
	if ((r = canon_stored(text, &body)) != 0)
		return r;
	return fn(cookie, &(struct note){ .n = n, .pairing = pairing, .kind = kind, .at = db_int(rows, 3), .due = db_int(rows, 4),
	    .pid = db_int(rows, 6), .own = db_int(rows, 7) != 0, .body = body });
}

static int
each(struct db *db, struct rows *rows, int r, int (*fn)(void *, const struct note *), void *cookie)
{
	autofree int64_t *ids = NULL;
	size_t n = 0;

	if (r == 0)
		r = rows_ids(rows, &ids, &n);
	db_done(rows);
	for (size_t i = 0; i < n && r == 0; i++)
		r = note_get(db, ids[i], fn, cookie);
	return r;
}

int
note_each(struct db *db, const char *pairing, int (*fn)(void *, const struct note *), void *cookie)
{
	struct rows *rows = NULL;
	int r = db_query(db, &rows, Q_NOTE_LIST, "t", pairing);

	return each(db, rows, r, fn, cookie);
}

int
note_of_kind(struct db *db, const char *pairing, const char *kind, int (*fn)(void *, const struct note *), void *cookie)
{
	struct rows *rows = NULL;
	int r = db_query(db, &rows, Q_NOTE_OF_KIND, "tt", pairing, kind);

	return each(db, rows, r, fn, cookie);
}

int
note_unseen(struct db *db, const char *pairing, int (*fn)(void *, const struct note *), void *cookie)
{
	struct rows *rows = NULL;
	int r = db_query(db, &rows, Q_NOTE_UNSEEN, "t", pairing);

	return each(db, rows, r, fn, cookie);
}

int
note_saw(struct db *db, int64_t n, int64_t at)
{
	return db_run(db, Q_NOTE_SAW, "ii", n, at);
}

int
note_mine(struct db *db, int64_t pid, const char *kind, int (*fn)(void *, const struct note *), void *cookie)
{
	struct rows *rows = NULL;
	int r = db_query(db, &rows, Q_NOTE_MINE, "it", pid, kind);

	return each(db, rows, r, fn, cookie);
}

int
note_share(struct db *db, int64_t pid, const char *kind, bool own)
{
	return db_run(db, Q_NOTE_SHARE, "iti", pid, kind, (int64_t)own);
}

/* The row goes at once, its key with the next step. */
int
note_forget(struct db *db, int64_t pid, const char *kind, int64_t *ret)
{
	struct rows *rows = NULL;
	autofree int64_t *ids = NULL;
	char who[SUBJECT_NAME];
	size_t n = 0;
	int r = db_query(db, &rows, Q_NOTE_MINE, "it", pid, kind);

	if (r == 0)
		r = rows_ids(rows, &ids, &n);
	db_done(rows);
	for (size_t i = 0; i < n && r == 0; i++)
		if ((r = erasure_want(db, subject_note(ids[i], who), "member")) == 0)
			r = db_run(db, Q_NOTE_ERASE, "i", ids[i]);
	*ret = (int64_t)n;
	return r;
}

int
note_ask(struct db *db, int64_t *ret_n, int64_t *ret_due)
{
	autorows struct rows *rows = NULL;
	int r;

	if ((r = db_query(db, &rows, Q_NOTE_ASK, "")) != 0 || (r = db_next(rows)) != 0)
		return r;
	*ret_n = db_int(rows, 0);
	*ret_due = db_int(rows, 1);
	return 0;
}

int
note_put_due(struct db *db, int64_t n, int64_t due)
{
	return db_run(db, Q_NOTE_PUT_DUE, "ii", n, due);
}

int
chat_put(struct db *db, const struct chat *c)
{
	return db_run(db, Q_CHAT_PUT, "tit", c->pairing, c->pid, c->side);
}

int
chat_drop(struct db *db, const struct chat *c)
{
	return db_run(db, Q_CHAT_DROP, "ti", c->pairing, c->pid);
}

static int
chats(struct rows *rows, int r, int (*fn)(void *, const struct chat *), void *cookie)
{
	struct chat *all = NULL;
	size_t n = 0;

	while (r == 0 && (r = db_next(rows)) == 0) {
		struct chat *more = reallocarray(all, n + 1, sizeof(*all));

		if (more == NULL) {
			r = -ENOMEM;
			break;
		}
		all = more;
		all[n] = (struct chat){ .pid = db_int(rows, 1) };
		if ((r = rows_dup(rows, 0, &all[n].pairing)) == 0)
			r = rows_dup(rows, 2, &all[n].side);
		n++;
	}
	db_done(rows);
	r = r == E_NOTFOUND ? 0 : r;
	for (size_t i = 0; i < n; i++) {
		if (r == 0)
			r = fn(cookie, &all[i]);
		free(all[i].pairing);
		free(all[i].side);
	}
	free(all);
	return r;
}

int
chat_of_pairing(struct db *db, const char *pairing, int (*fn)(void *, const struct chat *), void *cookie)
{
	struct rows *rows = NULL;
	int r = db_query(db, &rows, Q_CHAT_OF_PAIRING, "t", pairing);

	return chats(rows, r, fn, cookie);
}

int
chat_of_person(struct db *db, int64_t pid, int (*fn)(void *, const struct chat *), void *cookie)
{
	struct rows *rows = NULL;
	int r = db_query(db, &rows, Q_CHAT_OF_PERSON, "i", pid);

	return chats(rows, r, fn, cookie);
}

int
chat_subjects(struct db *db, int64_t pid, int (*fn)(void *, const char *), void *cookie)
{
	autorows struct rows *rows = NULL;
	int r = db_query(db, &rows, Q_CHAT_SUBJECTS, "i", pid);

	return rows_each_text(rows, r, fn, cookie);
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
