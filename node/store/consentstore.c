/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/canon.h"
#include "column.h"
#include "consentstore.h"
#include "rows.h"
#include "subject.h"

void
consent_row_free(struct consent_row *c)
{
	free(c->id);
	free(c->referral);
	free(c->org);
	free(c->consent);
	*c = (struct consent_row){ 0 };
}

/* Of what was signed, whatever id it has. */
static int
form_of(struct db *db, const char *text, uint8_t ret[COLUMN_HASH])
{
	autojson json_t *consent = NULL;
	autofree char *form = NULL;
	int r = canon_stored(text, &consent);

	if (r == 0) {
		(void)json_object_del(consent, "id");
		r = canon_text(consent, &form, NULL);
	}
	if (r == -ENOMEM)
		return r;
	column_hash(db, "consent", form != NULL ? form : text, ret);
	return 0;
}

int
consent_put(struct db *db, const struct consent_row *c)
{
	autobuf struct buf sealed = { 0 };
	uint8_t form[COLUMN_HASH];
	char who[SUBJECT_NAME];
	int r;

	if ((r = form_of(db, c->consent, form)) != 0 || (r = column_seal_text(db, subject_legal(c->referral, who), "consent.consent", c->id, c->consent, &sealed)) != 0)
		return r;
	r = rows_hit(db, db_run(db, Q_CONSENT_PUT, "tttbiib", c->id, c->referral, c->org, sealed.data,
	    sealed.len, c->granted_at, c->revoked_at, form, sizeof(form)));
	return r == E_NOTFOUND ? E_REFUSED : r;
}

/* The row that ${rows} is at. */
static int
read_consent(struct db *db, struct rows *rows, struct consent_row *ret)
{
	struct consent_row c = { 0 };
	int r;

	if ((r = rows_dup(rows, 0, &c.id)) != 0 ||
	    (r = rows_dup(rows, 1, &c.referral)) != 0 ||
	    (r = rows_dup(rows, 2, &c.org)) != 0 ||
	    (r = column_open_text(db, "consent.consent", c.id, rows, 3, &c.consent)) != 0) {
		consent_row_free(&c);
		return r;
	}
	c.granted_at = db_int(rows, 4);
	c.revoked_at = db_int(rows, 5);
	*ret = c;
	return 0;
}

int
consent_for(struct db *db, const char *referral, struct consent_row *ret)
{
	autorows struct rows *rows = NULL;
	int r;

	if ((r = db_query(db, &rows, Q_CONSENT_FOR, "t", referral)) != 0 || (r = db_next(rows)) != 0)
		return r;
	return read_consent(db, rows, ret);
}

int
consent_get(struct db *db, const char *id, struct consent_row *ret)
{
	autorows struct rows *rows = NULL;
	int r;

	if ((r = db_query(db, &rows, Q_CONSENT_GET, "t", id)) != 0 || (r = db_next(rows)) != 0)
		return r;
	return read_consent(db, rows, ret);
}

int
consent_each(struct db *db, const char *referral, int (*fn)(void *, const struct consent_row *), void *cookie)
{
	autorows struct rows *list = NULL;
	autofree int64_t *ids = NULL;
	size_t n;
	int r;

	if ((r = db_query(db, &list, Q_CONSENT_LIST, "t", referral)) != 0 || (r = rows_ids(list, &ids, &n)) != 0)
		return r;
	for (size_t i = 0; i < n; i++) {
		autorows struct rows *rows = NULL;
		struct consent_row c;

		if ((r = db_query(db, &rows, Q_CONSENT_AT, "i", ids[i])) != 0 || (r = db_next(rows)) != 0 ||
		    (r = read_consent(db, rows, &c)) != 0)
			return r;
		r = fn(cookie, &c);
		consent_row_free(&c);
		if (r != 0)
			return r;
	}
	return 0;
}

int
consent_each_alike(struct db *db, const char *text, int (*fn)(void *, const struct consent_row *), void *cookie)
{
	autorows struct rows *list = NULL;
	autofree int64_t *ids = NULL;
	uint8_t form[COLUMN_HASH];
	size_t n;
	int r = form_of(db, text, form);

	if (r != 0 || (r = db_query(db, &list, Q_CONSENT_ALIKE, "b", form, sizeof(form))) != 0 || (r = rows_ids(list, &ids, &n)) != 0)
		return r;
	for (size_t i = 0; i < n; i++) {
		autorows struct rows *rows = NULL;
		struct consent_row c = { 0 };

		if ((r = db_query(db, &rows, Q_CONSENT_CLOSED, "i", ids[i])) != 0 || (r = db_next(rows)) != 0)
			return r;
		c.granted_at = db_int(rows, 3);
		c.revoked_at = db_int(rows, 4);
		if ((r = rows_dup(rows, 0, &c.id)) == 0 && (r = rows_dup(rows, 1, &c.referral)) == 0 && (r = rows_dup(rows, 2, &c.org)) == 0)
			r = fn(cookie, &c);
		consent_row_free(&c);
		if (r != 0)
			return r;
	}
	return 0;
}

int
consent_end(struct db *db, const struct consent_row *c, int64_t at)
{
	return rows_hit(db, db_run(db, Q_CONSENT_END, "ttti", c->id, c->referral, c->org, at));
}

int
disclosed_put(struct db *db, const struct disclosed_row *d)
{
	autobuf struct buf sealed = { 0 };
	char who[SUBJECT_NAME];
	int r;

	if ((r = column_seal_text(db, subject_legal(d->whose, who), "disclosed.detail", d->id, d->detail, &sealed)) != 0)
		return r;
	return db_run(db, Q_DISCLOSED_PUT, "ttttiib", d->id, d->whose, d->consent, d->org, d->at, d->arrived,
	    sealed.data, sealed.len);
}

int
disclosed_has(struct db *db, const char *id)
{
	autorows struct rows *rows = NULL;
	int r = db_query(db, &rows, Q_DISCLOSED_HAS, "t", id);

	return r != 0 ? r : db_next(rows);
}

int
disclosed_any(struct db *db, const char *whose)
{
	autorows struct rows *rows = NULL;
	int r = db_query(db, &rows, Q_DISCLOSED_ANY, "t", whose);

	return r != 0 ? r : db_next(rows);
}

int
disclosed_arrived(struct db *db, const char *id, int64_t at)
{
	return db_run(db, Q_DISCLOSED_ARRIVED, "ti", id, at);
}

static void
disclosed_row_free(struct disclosed_row *d)
{
	free(d->id);
	free(d->whose);
	free(d->consent);
	free(d->org);
	free(d->detail);
	*d = (struct disclosed_row){ 0 };
}

int
disclosed_each(struct db *db, const char *whose, int (*fn)(void *, const struct disclosed_row *), void *cookie)
{
	autorows struct rows *list = NULL;
	autofree int64_t *ids = NULL;
	size_t n;
	int r;

	if ((r = db_query(db, &list, Q_DISCLOSED_LIST, "t", whose)) != 0 || (r = rows_ids(list, &ids, &n)) != 0)
		return r;
	for (size_t i = 0; i < n && r == 0; i++) {
		autorows struct rows *rows = NULL;
		struct disclosed_row d = { 0 };

		if ((r = db_query(db, &rows, Q_DISCLOSED_AT, "i", ids[i])) == 0 && (r = db_next(rows)) == 0 &&
		    (r = rows_dup(rows, 0, &d.id)) == 0 && (r = rows_dup(rows, 1, &d.whose)) == 0 &&
		    (r = rows_dup(rows, 2, &d.consent)) == 0 && (r = rows_dup(rows, 3, &d.org)) == 0 &&
		    (r = column_open_text(db, "disclosed.detail", d.id, rows, 6, &d.detail)) == 0) {
			d.at = db_int(rows, 4);
			d.arrived = db_int(rows, 5);
			r = fn(cookie, &d);
		}
		disclosed_row_free(&d);
	}
	return r;
}

/* Of rows that two ids name together. */
static int
both(const char *consent, const char *org, struct buf *out)
{
	return buf_printf(out, "%s %s", consent, org);
}

int
revocation_put(struct db *db, const struct revocation_row *v)
{
	autobuf struct buf sealed = { 0 }, name = { 0 };
	char who[SUBJECT_NAME];
	int r;

	if ((r = both(v->consent, v->org, &name)) != 0 ||
	    (r = column_seal_text(db, subject_legal(v->referral, who), "revocation.detail", name.data, v->detail, &sealed)) != 0)
		return r;
	return db_run(db, Q_REVOCATION_PUT, "tttiib", v->consent, v->org, v->referral, v->at, (int64_t)v->ended,
	    sealed.data, sealed.len);
}

void
revocation_row_free(struct revocation_row *v)
{
	free(v->consent);
	free(v->org);
	free(v->referral);
	free(v->detail);
	*v = (struct revocation_row){ 0 };
}

int
revocation_get(struct db *db, const char *consent, const char *org, struct revocation_row *ret)
{
	autorows struct rows *rows = NULL;
	autobuf struct buf name = { 0 };
	struct revocation_row v = { 0 };
	int r;

	if ((r = both(consent, org, &name)) != 0 ||
	    (r = db_query(db, &rows, Q_REVOCATION_GET, "tt", consent, org)) != 0 || (r = db_next(rows)) != 0)
		return r;
	if ((r = rows_dup(rows, 0, &v.consent)) != 0 || (r = rows_dup(rows, 1, &v.org)) != 0 ||
	    (r = rows_dup(rows, 2, &v.referral)) != 0 ||
	    (r = column_open_text(db, "revocation.detail", name.data, rows, 5, &v.detail)) != 0) {
		revocation_row_free(&v);
		return r;
	}
	v.at = db_int(rows, 3);
	v.ended = db_int(rows, 4) != 0;
	*ret = v;
	return 0;
}

int
revocation_unknown(struct db *db, const char *org, int64_t *ret)
{
	autorows struct rows *rows = NULL;
	int r = db_query(db, &rows, Q_REVOCATION_UNKNOWN, "t", org);

	if (r != 0 || (r = db_next(rows)) != 0)
		return r > 0 ? ERR_DB : r;
	*ret = db_int(rows, 0);
	return 0;
}

int
revocation_oldest(struct db *db, int64_t before, char **ret_consent, char **ret_org)
{
	autorows struct rows *rows = NULL;
	autofree char *consent = NULL;
	int r = db_query(db, &rows, Q_REVOCATION_OLDEST, "i", before);

	if (r != 0 || (r = db_next(rows)) != 0 || (r = rows_dup(rows, 0, &consent)) != 0 || (r = rows_dup(rows, 1, ret_org)) != 0)
		return r;
	*ret_consent = take(consent);
	return 0;
}

int
revocation_drop(struct db *db, const char *consent, const char *org)
{
	return db_run(db, Q_REVOCATION_DROP, "tt", consent, org);
}

int
holder_put(struct db *db, const struct holder_row *h)
{
	return db_run(db, Q_HOLDER_PUT, "tttii", h->consent, h->org, h->referral, h->told, h->due);
}

int
holder_ack(struct db *db, const char *consent, const char *org, const char *referral, int64_t at, const char *detail, bool *ret_first)
{
	autorows struct rows *rows = NULL;
	autobuf struct buf sealed = { 0 }, name = { 0 };
	char who[SUBJECT_NAME];
	int r;

	if ((r = db_query(db, &rows, Q_HOLDER_GET, "ttt", consent, org, referral)) != 0 || (r = db_next(rows)) != 0)
		return r;
	*ret_first = db_int(rows, 0) == 0;
	if ((r = both(consent, org, &name)) != 0 ||
	    (r = column_seal_text(db, subject_legal(referral, who), "holder.detail", name.data, detail, &sealed)) != 0)
		return r;
	return rows_hit(db, db_run(db, Q_HOLDER_ACK, "ttibt", consent, org, at, sealed.data, sealed.len, referral));
}

/* The row that ${rows} is at, for as long as the call lasts. */
static int
read_holder(struct db *db, struct rows *rows, int (*fn)(void *, const struct holder_row *), void *cookie)
{
	autofree char *consent = NULL, *org = NULL, *referral = NULL, *detail = NULL;
	autobuf struct buf name = { 0 };
	struct holder_row h;
	int r;

	if ((r = rows_dup(rows, 0, &consent)) != 0 || (r = rows_dup(rows, 1, &org)) != 0 ||
	    (r = rows_dup(rows, 2, &referral)) != 0 || (r = both(consent, org, &name)) != 0 ||
	    (r = column_open_text(db, "holder.detail", name.data, rows, 6, &detail)) != 0)
		return r;
	h = (struct holder_row){ .consent = consent, .org = org, .referral = referral, .detail = detail,
	    .told = db_int(rows, 3), .due = db_int(rows, 4), .acked = db_int(rows, 5) };
	return fn(cookie, &h);
}

/* The callback may write only elsewhere. */
int
holder_each(struct db *db, const char *consent, int (*fn)(void *, const struct holder_row *), void *cookie)
{
	autorows struct rows *rows = NULL;
	int r = db_query(db, &rows, Q_HOLDER_LIST, "t", consent);

	while (r == 0 && (r = db_next(rows)) == 0)
		r = read_holder(db, rows, fn, cookie);
	return r == E_NOTFOUND ? 0 : r;
}

void
holder_row_free(struct holder_row *h)
{
	free(h->consent);
	free(h->org);
	free(h->referral);
	free(h->detail);
	*h = (struct holder_row){ 0 };
}

int
holder_untold(struct db *db, int64_t now, struct holder_row *ret)
{
	autorows struct rows *rows = NULL;
	struct holder_row h = { 0 };
	int r = db_query(db, &rows, Q_HOLDER_UNTOLD, "i", now);

	if (r != 0 || (r = db_next(rows)) != 0)
		return r;
	if ((r = rows_dup(rows, 0, &h.consent)) != 0 || (r = rows_dup(rows, 1, &h.org)) != 0 || (r = rows_dup(rows, 2, &h.referral)) != 0) {
		holder_row_free(&h);
		return r;
	}
	h.due = db_int(rows, 4);
	*ret = h;
	return 0;
}

int
holder_late(struct db *db, int64_t now, int64_t *ret)
{
	autorows struct rows *rows = NULL;
	int r;

	if ((r = db_query(db, &rows, Q_HOLDER_LATE, "i", now)) != 0 || (r = db_next(rows)) != 0)
		return r > 0 ? ERR_DB : r;
	*ret = db_int(rows, 0);
	return 0;
}
