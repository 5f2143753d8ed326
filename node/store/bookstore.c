/* SPDX-License-Identifier: Apache-2.0 */
#include "bookstore.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/canon.h"
#include "column.h"
#include "erasure.h"
#include "rows.h"
#include "subject.h"

int
book_add(struct db *db, const char *kind, const json_t *body, int64_t *ret)
{
	autobuf struct buf sealed = { 0 };
	autosecret char *text = json_text(body, JSON_COMPACT);
	char who[SUBJECT_NAME], row[COLUMN_ROW];
	int64_t n;
	int r = text == NULL ? -ENOMEM : rows_serial(db, "book", &n);

	if (r != 0 || (r = column_seal_text(db, subject_entry(n, who), "book.body", column_row(n, row), text, &sealed)) != 0 ||
	    (r = db_run(db, Q_BOOK_ADD, "itib", n, kind, world_now(db_world(db)), sealed.data, sealed.len)) != 0)
		return r;
	*ret = n;
	return 0;
}

static int
parse(const char *text, json_t **ret)
{
	return canon_stored(text, ret);
}

static int
book_at(struct db *db, int64_t n, int (*fn)(void *, const struct entry *), void *cookie)
{
	autorows struct rows *rows = NULL;
	autofree char *kind = NULL;
	autosecret char *text = NULL;
	autojson json_t *body = NULL;
	char row[COLUMN_ROW];
	int r;

	if ((r = db_query(db, &rows, Q_BOOK_AT, "i", n)) != 0 || (r = db_next(rows)) != 0 ||
	    (r = column_open_text(db, "book.body", column_row(n, row), rows, 4, &text)) != 0)
		return r == E_NOTFOUND ? 0 : r;
	if ((r = rows_dup(rows, 1, &kind)) != 0 || (r = parse(text, &body)) != 0)
		return r;
	return fn(cookie, &(struct entry){ .n = n, .kind = kind, .at = db_int(rows, 2), .seen = db_int(rows, 3), .body = body });
}

int
book_each(struct db *db, int (*fn)(void *, const struct entry *), void *cookie)
{
	struct rows *rows = NULL;
	autofree int64_t *ids = NULL;
	size_t n = 0;
	int r = db_query(db, &rows, Q_BOOK_LIST, "");

	if (r == 0)
		r = rows_ids(rows, &ids, &n);
	db_done(rows);
	for (size_t i = 0; i < n && r == 0; i++)
		r = book_at(db, ids[i], fn, cookie);
	return r;
}

int
book_link(struct db *db, int64_t n, int64_t pid)
{
	char who[SUBJECT_NAME], whole[SUBJECT_NAME];

	return subject_link(db, subject_entry(n, who), subject_person(pid, whole));
}

int
book_person(struct db *db, int64_t n, int64_t *ret)
{
	autorows struct rows *rows = NULL;
	int r = db_query(db, &rows, Q_BOOK_PERSON, "i", n);

	if (r == 0 && (r = db_next(rows)) == 0)
		*ret = db_int(rows, 0);
	return r;
}

int
book_seen(struct db *db, int64_t n)
{
	return rows_hit(db, db_run(db, Q_BOOK_SEEN, "ii", n, world_now(db_world(db))));
}

int
book_forget(struct db *db, int64_t n)
{
	char who[SUBJECT_NAME];
	int r = erasure_want(db, subject_entry(n, who), "operator");

	return r != 0 ? r : db_run(db, Q_BOOK_DROP, "i", n);
}

void
consult_free(struct consult *c)
{
	free(c->id);
	json_decref(c->body);
	*c = (struct consult){ 0 };
}

int
consult_put(struct db *db, const struct consult *c)
{
	autobuf struct buf sealed = { 0 };
	autosecret char *text = json_text(c->body, JSON_COMPACT);
	int r = text == NULL ? -ENOMEM : column_seal_text(db, NULL, "consult.body", c->id, text, &sealed);

	return r != 0 ? r : db_run(db, Q_CONSULT_PUT, "tiib", c->id, c->at, c->closed, sealed.data, sealed.len);
}

int
consult_get(struct db *db, const char *id, struct consult *ret)
{
	autorows struct rows *rows = NULL;
	autosecret char *text = NULL;
	autoconsult struct consult c = { 0 };
	int r;

	if ((r = db_query(db, &rows, Q_CONSULT_GET, "t", id)) != 0 || (r = db_next(rows)) != 0 || (r = rows_dup(rows, 0, &c.id)) != 0 ||
	    (r = column_open_text(db, "consult.body", c.id, rows, 3, &text)) != 0 || (r = parse(text, &c.body)) != 0)
		return r;
	c.at = db_int(rows, 1);
	c.closed = db_int(rows, 2);
	*ret = c;
	c = (struct consult){ 0 };
	return 0;
}

int
consult_open(struct db *db, struct consult *ret)
{
	autofree char *id = NULL;
	struct rows *rows = NULL;
	int r = db_query(db, &rows, Q_CONSULT_OPEN, "");

	if (r == 0 && (r = db_next(rows)) == 0)
		r = rows_dup(rows, 0, &id);
	db_done(rows);
	return r != 0 ? r : consult_get(db, id, ret);
}

static const char *
voice_row(const char *consult, int64_t pid, char out[96])
{
	(void)snprintf(out, 96, "%.64s:%" PRId64, consult, pid);
	return out;
}

int
voice_put(struct db *db, const char *consult, int64_t pid, const json_t *body)
{
	autobuf struct buf sealed = { 0 };
	autosecret char *text = body != NULL ? json_text(body, JSON_COMPACT) : NULL;
	char who[SUBJECT_NAME], row[96];
	int r;

	if (body != NULL && text == NULL)
		return -ENOMEM;
	if ((r = column_seal_text(db, subject_person(pid, who), "consult_voice.body", voice_row(consult, pid, row), text, &sealed)) != 0)
		return r;
	return db_run(db, Q_VOICE_PUT, "tib", consult, pid, sealed.data, sealed.len);
}

int
voice_each(struct db *db, const char *consult, int (*fn)(void *, int64_t, const json_t *), void *cookie)
{
	autorows struct rows *rows = NULL;
	char row[96];
	int r = db_query(db, &rows, Q_VOICE_LIST, "t", consult);

	while (r == 0 && (r = db_next(rows)) == 0) {
		autosecret char *text = NULL;
		autojson json_t *body = NULL;
		int64_t pid = db_int(rows, 0);

		r = column_open_text(db, "consult_voice.body", voice_row(consult, pid, row), rows, 1, &text);
		if (r == E_NOTFOUND)
			r = 0;
		if (r == 0 && text != NULL)
			r = parse(text, &body);
		if (r == 0)
			r = fn(cookie, pid, body);
	}
	return r == E_NOTFOUND ? 0 : r;
}

int
voice_of(struct db *db, int64_t pid, int (*fn)(void *, const char *, const json_t *), void *cookie)
{
	autorows struct rows *rows = NULL;
	char row[96];
	int r = db_query(db, &rows, Q_VOICE_OF, "i", pid);

	while (r == 0 && (r = db_next(rows)) == 0) {
		autosecret char *text = NULL;
		autojson json_t *body = NULL;
		autofree char *consult = NULL;

		if ((r = rows_dup(rows, 0, &consult)) == 0)
			r = column_open_text(db, "consult_voice.body", voice_row(consult, pid, row), rows, 1, &text);
		if (r == 0 && text != NULL)
			r = parse(text, &body);
		if (r == 0)
			r = fn(cookie, consult, body);
	}
	return r == E_NOTFOUND ? 0 : r;
}

int
voice_drop(struct db *db, const char *consult)
{
	return db_run(db, Q_VOICE_DROP, "t", consult);
}

int
voice_untold(struct db *db, char **ret_consult, int64_t *ret_pid)
{
	autorows struct rows *rows = NULL;
	int r = db_query(db, &rows, Q_VOICE_UNTOLD, "");

	if (r != 0 || (r = db_next(rows)) != 0 || (r = rows_dup(rows, 0, ret_consult)) != 0)
		return r;
	*ret_pid = db_int(rows, 1);
	return 0;
}

int
voice_told(struct db *db, const char *consult, int64_t pid)
{
	return db_run(db, Q_VOICE_TOLD, "ti", consult, pid);
}
