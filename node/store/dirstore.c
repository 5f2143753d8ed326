/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/canon.h"
#include "dirstore.h"
#include "rows.h"

/* The number that the first row of ${rows} holds; for `WHERE a = ?` of one row. */
static int
number(struct rows *rows, int64_t *ret)
{
	int r = db_next(rows);

	if (r == 0)
		*ret = db_int(rows, 0);
	return r;
}

void
own_free(struct own_record *o)
{
	free(o->id);
	free(o->kind);
	free(o->source);
	free(o->body);
	free(o->record);
	free(o->hash);
	free(o->state_key);
	*o = (struct own_record){ 0 };
}

int
own_put(struct db *db, const struct own_record *o)
{
	autojson json_t *body = NULL;
	int r = canon_parse(o->body, strlen(o->body), &body, NULL);

	return r != 0 ? r : db_run(db, Q_OWN_PUT, "tttttttii", o->id, o->kind, o->source, o->body, o->record,
	    o->hash, o->state_key, o->seq, o->dirty);
}

static int
own_at(struct db *db, int64_t n, struct own_record *ret)
{
	autorows struct rows *rows = NULL;
	struct own_record o = { 0 };
	int r;

	if ((r = db_query(db, &rows, Q_OWN_AT, "i", n)) != 0 || (r = db_next(rows)) != 0)
		return r;
	if ((r = rows_dup(rows, 0, &o.id)) != 0 ||
	    (r = rows_dup(rows, 1, &o.kind)) != 0 ||
	    (r = rows_dup(rows, 2, &o.source)) != 0 ||
	    (r = rows_dup(rows, 3, &o.body)) != 0 ||
	    (r = rows_dup(rows, 4, &o.record)) != 0 ||
	    (r = rows_dup(rows, 5, &o.hash)) != 0 ||
	    (r = rows_dup(rows, 6, &o.state_key)) != 0) {
		own_free(&o);
		return r;
	}
	o.seq = db_int(rows, 7);
	o.dirty = db_int(rows, 8);
	*ret = o;
	return 0;
}

int
own_get(struct db *db, const char *id, struct own_record *ret)
{
	autorows struct rows *rows = NULL;
	int64_t n;
	int r;

	if ((r = db_query(db, &rows, Q_OWN_BY_ID, "t", id)) != 0 || (r = number(rows, &n)) != 0)
		return r;
	return own_at(db, n, ret);
}

int
own_by_source(struct db *db, const char *source, struct own_record *ret)
{
	autorows struct rows *rows = NULL;
	int64_t n;
	int r;

	if ((r = db_query(db, &rows, Q_OWN_BY_SOURCE, "t", source)) != 0 ||
	    (r = number(rows, &n)) != 0)
		return r;
	return own_at(db, n, ret);
}

ROWS_WALK(own_walk, own_record, own_at, own_free)

int
own_each(struct db *db, const char *kind, int (*fn)(void *, const struct own_record *),
    void *cookie)
{
	autorows struct rows *rows = NULL;
	int r = db_query(db, &rows, Q_OWN_LIST, "t", kind);

	return own_walk(db, rows, r, fn, cookie, NULL);
}

int
own_drop(struct db *db, const char *id)
{
	return db_run(db, Q_OWN_DROP, "t", id);
}

int
own_leap(struct db *db)
{
	return db_run(db, Q_OWN_LEAP, "");
}

void
partner_free(struct partner *p)
{
	free(p->org);
	free(p->directory_room);
	free(p->manifest);
	*p = (struct partner){ 0 };
}

int
partner_put(struct db *db, const struct partner *p)
{
	return db_run(db, Q_PARTNER_PUT, "ttiiit", p->org, p->directory_room, p->follows,
	    p->follower, p->loaded, p->manifest);
}

static int
partner_at(struct db *db, int64_t n, struct partner *ret)
{
	autorows struct rows *rows = NULL;
	struct partner p = { 0 };
	int r;

	if ((r = db_query(db, &rows, Q_PARTNER_AT, "i", n)) != 0 || (r = db_next(rows)) != 0)
		return r;
	if ((r = rows_dup(rows, 0, &p.org)) != 0 ||
	    (r = rows_dup(rows, 1, &p.directory_room)) != 0 ||
	    (r = rows_dup(rows, 5, &p.manifest)) != 0) {
		partner_free(&p);
		return r;
	}
	p.follows = db_int(rows, 2);
	p.follower = db_int(rows, 3);
	p.loaded = db_int(rows, 4);
	*ret = p;
	return 0;
}

static int
partner_by(struct db *db, enum query_id q, const char *text, struct partner *ret)
{
	autorows struct rows *rows = NULL;
	int64_t n;
	int r;

	if ((r = db_query(db, &rows, q, "t", text)) != 0 || (r = number(rows, &n)) != 0)
		return r;
	return partner_at(db, n, ret);
}

int
partner_get(struct db *db, const char *org, struct partner *ret)
{
	return partner_by(db, Q_PARTNER_BY_ORG, org, ret);
}

int
partner_by_room(struct db *db, const char *room_id, struct partner *ret)
{
	return partner_by(db, Q_PARTNER_BY_ROOM, room_id, ret);
}

ROWS_WALK(partner_walk, partner, partner_at, partner_free)

int
partner_each(struct db *db, int (*fn)(void *, const struct partner *), void *cookie)
{
	autorows struct rows *rows = NULL;
	int r = db_query(db, &rows, Q_PARTNER_LIST, "");

	return partner_walk(db, rows, r, fn, cookie, NULL);
}

void
seen_free(struct seen_record *s)
{
	free(s->org);
	free(s->id);
	free(s->kind);
	free(s->hash);
	free(s->record);
	free(s->reason);
	*s = (struct seen_record){ 0 };
}

int
seen_put(struct db *db, const struct seen_record *s)
{
	int r = db_run(db, Q_SEEN_PUT, "tttiiittiti", s->org, s->id, s->kind, s->seq, s->expires_at, s->received_at,
	    s->hash, s->record, s->verdict, s->reason, s->forget_at);

	return r != 0 ? r : db_run(db, Q_PROVED_DROP, "tti", s->org, s->id, s->seq);
}

int
seen_count(struct db *db, const char *org, int64_t *ret)
{
	autorows struct rows *rows = NULL;
	int r;

	if ((r = db_query(db, &rows, Q_SEEN_COUNT, "t", org)) != 0 || (r = number(rows, ret)) != 0)
		return r > 0 ? ERR_DB : r;
	return 0;
}

int
seen_orgs(struct db *db, int (*fn)(void *, const char *), void *cookie)
{
	autorows struct rows *rows = NULL;
	int r = db_query(db, &rows, Q_SEEN_ORGS, "");

	while (r == 0 && (r = db_next(rows)) == 0) {
		const char *org = db_text(rows, 0);

		r = org == NULL ? -ENOMEM : fn(cookie, org);
	}
	return r == E_NOTFOUND ? 0 : r;
}

int
seen_at(struct db *db, int64_t n, struct seen_record *ret)
{
	autorows struct rows *rows = NULL;
	struct seen_record s = { 0 };
	int r;

	if ((r = db_query(db, &rows, Q_SEEN_AT, "i", n)) != 0 || (r = db_next(rows)) != 0)
		return r;
	if ((r = rows_dup(rows, 0, &s.org)) != 0 ||
	    (r = rows_dup(rows, 1, &s.id)) != 0 ||
	    (r = rows_dup(rows, 2, &s.kind)) != 0 ||
	    (r = rows_dup(rows, 6, &s.hash)) != 0 ||
	    (r = rows_dup(rows, 7, &s.record)) != 0 ||
	    (r = rows_dup(rows, 9, &s.reason)) != 0) {
		seen_free(&s);
		return r;
	}
	s.seq = db_int(rows, 3);
	s.expires_at = db_int(rows, 4);
	s.received_at = db_int(rows, 5);
	s.verdict = db_int(rows, 8);
	s.n = db_int(rows, 10);
	s.forget_at = db_int(rows, 11);
	*ret = s;
	return 0;
}

int
seen_get(struct db *db, const char *org, const char *id, struct seen_record *ret)
{
	autorows struct rows *rows = NULL;
	int64_t n;
	int r;

	if ((r = db_query(db, &rows, Q_SEEN_BY_ID, "tt", org, id)) != 0 ||
	    (r = number(rows, &n)) != 0)
		return r;
	return seen_at(db, n, ret);
}

ROWS_WALK(seen_walk, seen_record, seen_at, seen_free)

int
seen_each(struct db *db, const char *kind, const char *org, int (*fn)(void *, const struct seen_record *),
    void *cookie)
{
	autorows struct rows *rows = NULL;
	int r = db_query(db, &rows, Q_SEEN_LIST, "tt", kind, org);

	return seen_walk(db, rows, r, fn, cookie, NULL);
}

int
seen_indexed(struct db *db, int64_t n, int64_t version)
{
	return db_run(db, Q_SEEN_INDEXED, "ii", n, version);
}

int
seen_unindexed(struct db *db, int64_t version, int64_t most, int64_t **ret, size_t *ret_n)
{
	autorows struct rows *rows = NULL;
	int r = db_query(db, &rows, Q_SEEN_UNINDEXED, "ii", version, most);

	return r != 0 ? r : rows_ids(rows, ret, ret_n);
}

int
seen_over(struct db *db, int64_t now, int64_t most, int64_t **ret, size_t *ret_n)
{
	autorows struct rows *rows = NULL;
	int r = db_query(db, &rows, Q_SEEN_OVER, "ii", now, most);

	return r != 0 ? r : rows_ids(rows, ret, ret_n);
}

int
proved_put(struct db *db, const char *org, const char *id, int64_t seq, bool manifest, int64_t most)
{
	return db_run(db, Q_PROVED_PUT, "ttiii", org, id, seq, (int64_t)manifest, most);
}

int
proved_seq(struct db *db, const char *org, const char *id, int64_t *ret)
{
	autorows struct rows *rows = NULL;
	int r;

	*ret = 0;
	if ((r = db_query(db, &rows, Q_PROVED_SEQ, "tt", org, id)) != 0 || (r = number(rows, ret)) < 0)
		return r;
	return 0;
}

int
proved_manifest(struct db *db, const char *org, bool *ret)
{
	autorows struct rows *rows = NULL;
	int64_t n = 0;
	int r;

	if ((r = db_query(db, &rows, Q_PROVED_MANIFEST, "t", org)) != 0 || (r = number(rows, &n)) < 0)
		return r;
	*ret = n != 0;
	return 0;
}

int
counted_each(struct db *db, const char *org, int (*fn)(void *, const char *, int64_t), void *cookie)
{
	autorows struct rows *rows = NULL;
	int r = db_query(db, &rows, Q_COUNTED_LIST, "t", org);

	while (r == 0 && (r = db_next(rows)) == 0) {
		const char *id = db_text(rows, 0);

		r = id == NULL ? -ENOMEM : fn(cookie, id, db_int(rows, 1));
	}
	return r == E_NOTFOUND ? 0 : r;
}

int
purge_ask(struct db *db, const char *record, int64_t now)
{
	return db_run(db, Q_PURGE_ASK, "ti", record, now);
}

int
purge_done(struct db *db, const char *record, const char *org, int64_t now)
{
	return db_run(db, Q_PURGE_DONE, "tti", record, org, now);
}

int
purge_each(struct db *db, const char *record, int (*fn)(void *, const char *, int64_t, int64_t), void *cookie)
{
	autorows struct rows *rows = NULL;
	int r = db_query(db, &rows, Q_PURGE_LIST, "t", record);

	while (r == 0 && (r = db_next(rows)) == 0)
		r = fn(cookie, db_text(rows, 0), db_int(rows, 1), db_int(rows, 2));
	return r == E_NOTFOUND ? 0 : r;
}

int
purge_late(struct db *db, int64_t before, int64_t *ret)
{
	autorows struct rows *rows = NULL;
	int r;

	if ((r = db_query(db, &rows, Q_PURGE_LATE, "i", before)) != 0 || (r = number(rows, ret)) != 0)
		return r > 0 ? ERR_DB : r;
	return 0;
}

int
read_put(struct db *db, const char *record, const char *org)
{
	return db_run(db, Q_READ_PUT, "tt", record, org);
}

int
read_drop(struct db *db, const char *record, const char *org)
{
	return db_run(db, Q_READ_DROP, "tt", record, org);
}

struct reader {
	char	*record, *org;
};

int
read_unasked(struct db *db, int (*fn)(void *, const char *, const char *), void *cookie)
{
	struct rows *rows = NULL;
	struct reader *all = NULL;
	size_t n = 0;
	int r = db_query(db, &rows, Q_READ_UNASKED, "");

	while (r == 0 && (r = db_next(rows)) == 0) {
		struct reader *more = reallocarray(all, n + 1, sizeof(*all));

		if (more == NULL) {
			r = -ENOMEM;
			break;
		}
		all = more;
		all[n] = (struct reader){ 0 };
		if ((r = rows_dup(rows, 0, &all[n].record)) == 0)
			r = rows_dup(rows, 1, &all[n].org);
		n++;
	}
	db_done(rows);
	r = r == E_NOTFOUND ? 0 : r;
	for (size_t i = 0; i < n; i++) {
		if (r == 0)
			r = fn(cookie, all[i].record, all[i].org);
		free(all[i].record);
		free(all[i].org);
	}
	free(all);
	return r;
}
