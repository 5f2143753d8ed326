/* SPDX-License-Identifier: Apache-2.0 */
#include "matchstore.h"

#include <errno.h>
#include <string.h>

#include "base/canon.h"
#include "column.h"
#include "rows.h"
#include "subject.h"

const char *const pairing_state_name[PAIRING_NSTATES] = { "offered", "active", "ended" };

void
pairing_free(struct pairing *p)
{
	free(p->id);
	json_decref(p->body);
	*p = (struct pairing){ 0 };
}

int
pairing_put(struct db *db, const struct pairing *p)
{
	autobuf struct buf sealed = { 0 };
	autosecret char *text = json_text(p->body, JSON_COMPACT);
	const char *referral = json_str(p->body, "referral");
	char who[SUBJECT_NAME];
	int r;

	if (text == NULL)
		return -ENOMEM;
	referral = referral != NULL ? referral : p->id;
	(void)subject_referral(referral, who);
	if ((r = column_seal_text(db, who, "pairing.body", p->id, text, &sealed)) != 0)
		return r;
	return db_run(db, Q_PAIRING_PUT, "ttiiiiibt", p->id, pairing_state_name[p->state], p->asked, p->began, p->review,
	    p->until, p->ended, sealed.data, sealed.len, referral);
}

static int
read_row(struct db *db, struct rows *rows, struct pairing *ret)
{
	autopairing struct pairing p = { 0 };
	autosecret char *text = NULL;
	const char *state;
	int r;

	if ((r = rows_dup(rows, 0, &p.id)) != 0 || (r = column_open_text(db, "pairing.body", p.id, rows, 7, &text)) != 0)
		return r;
	if ((state = db_text(rows, 1)) == NULL)
		return -ENOMEM;
	while (p.state < PAIRING_NSTATES && strcmp(pairing_state_name[p.state], state) != 0)
		p.state++;
	if (p.state == PAIRING_NSTATES)
		return ERR_CORRUPT;
	if ((r = canon_stored(text, &p.body)) != 0)
		return r;
	p.asked = db_int(rows, 2);
	p.began = db_int(rows, 3);
	p.review = db_int(rows, 4);
	p.until = db_int(rows, 5);
	p.ended = db_int(rows, 6);
	*ret = p;
	p = (struct pairing){ 0 };
	return 0;
}

int
pairing_get(struct db *db, const char *id, struct pairing *ret)
{
	autorows struct rows *rows = NULL;
	int r;

	if ((r = db_query(db, &rows, Q_PAIRING_GET, "t", id)) != 0 || (r = db_next(rows)) != 0)
		return r;
	return read_row(db, rows, ret);
}

static int
at(struct db *db, int64_t n, struct pairing *ret)
{
	autorows struct rows *rows = NULL;
	int r;

	if ((r = db_query(db, &rows, Q_PAIRING_AT, "i", n)) != 0 || (r = db_next(rows)) != 0)
		return r;
	return read_row(db, rows, ret);
}

ROWS_WALK(each, pairing, at, pairing_free)

int
pairing_each(struct db *db, const char *state, int (*fn)(void *, const struct pairing *), void *cookie)
{
	autorows struct rows *rows = NULL;
	int r = db_query(db, &rows, Q_PAIRING_LIST, "t", state);

	return each(db, rows, r, fn, cookie, NULL);
}

int
pairing_whose(struct db *db, const char *whose, int (*fn)(void *, const struct pairing *), void *cookie)
{
	autorows struct rows *rows = NULL;
	int r = db_query(db, &rows, Q_PAIRING_WHOSE, "t", whose);

	return each(db, rows, r, fn, cookie, NULL);
}

int
pairing_reviews(struct db *db, int64_t now, int (*fn)(void *, const struct pairing *), void *cookie)
{
	autorows struct rows *rows = NULL;
	int r = db_query(db, &rows, Q_PAIRING_REVIEWS, "i", now);

	return each(db, rows, r, fn, cookie, NULL);
}

int
pairing_over(struct db *db, int64_t before, int (*fn)(void *, const struct pairing *), void *cookie)
{
	autorows struct rows *rows = NULL;
	int r = db_query(db, &rows, Q_PAIRING_OVER, "i", before);

	return each(db, rows, r, fn, cookie, NULL);
}

int
pairing_asked(struct db *db, const char *id, int64_t review)
{
	return db_run(db, Q_PAIRING_ASKED, "ti", id, review);
}

int
pairing_due(struct db *db, int64_t now, int64_t *ret_review, int64_t *ret_over)
{
	autorows struct rows *rows = NULL;
	int r;

	if ((r = db_query(db, &rows, Q_PAIRING_DUE, "i", now)) != 0 || (r = db_next(rows)) != 0)
		return r;
	*ret_review = db_int(rows, 0);
	*ret_over = db_int(rows, 1);
	return 0;
}
