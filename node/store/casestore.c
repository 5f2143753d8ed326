/* SPDX-License-Identifier: Apache-2.0 */
/* Referrals and their steps; the traffic is in casestore_traffic.c. */
#include <errno.h>
#include <string.h>

#include "casestore.h"
#include "column.h"
#include "rows.h"
#include "subject.h"

static const char *const side_name[] = {
	[REFERRAL_AT_SOURCE] = "source",
	[REFERRAL_AT_TARGET] = "target",
};

void
case_free(struct case_row *c)
{
	free(c->id);
	free(c->org);
	free(c->request);
	free(c->disclosure);
	free(c->outcome);
	free(c->reason);
	free(c->part_of);
	*c = (struct case_row){ 0 };
}

int
case_put(struct db *db, const struct case_row *c)
{
	autobuf struct buf request = { 0 }, disclosure = { 0 }, outcome = { 0 }, reason = { 0 };
	char who[SUBJECT_NAME];
	int r;

	(void)subject_referral(c->id, who);
	if ((r = column_seal_text(db, who, "referral.request", c->id, c->request, &request)) != 0 ||
	    (r = column_seal_text(db, who, "referral.disclosure", c->id, c->disclosure,
	    &disclosure)) != 0 ||
	    (r = column_seal_text(db, who, "referral.outcome", c->id, c->outcome, &outcome)) != 0 ||
	    (r = column_seal_text(db, who, "referral.reason", c->id, c->reason, &reason)) != 0)
		return r;
	return db_run(db, Q_CASE_PUT, "tttttttiiiibbbbiiiiiiiiti", c->id, c->org,
	    side_name[c->r.side], referral_state_name(c->r.state), referral_end_name(c->r.end),
	    referral_input_name(c->r.last_input), referral_actor_name(c->r.last_actor),
	    (int64_t)c->r.consented, (int64_t)c->r.disclosed, (int64_t)c->r.cancelling,
	    (int64_t)c->r.attempts, request.data, request.len, disclosure.data, disclosure.len,
	    outcome.data, outcome.len, reason.data, reason.len, c->created, c->updated,
	    c->clock_due, (int64_t)c->r.leg, c->r.began, c->r.since, (int64_t)c->r.channels, c->reminded, c->part_of, c->r.heard);
}

/* The machine's columns; a name that the rules do not know is not ours. */
static int
read_machine(struct rows *rows, struct referral *ret)
{
	const char *side = db_text(rows, 2), *state = db_text(rows, 3), *end = db_text(rows, 4),
	    *input = db_text(rows, 5), *actor = db_text(rows, 6);
	struct referral r = { .side = REFERRAL_AT_SOURCE };

	if (side == NULL || state == NULL || end == NULL || input == NULL || actor == NULL)
		return -ENOMEM;
	if (strcmp(side, side_name[REFERRAL_AT_TARGET]) == 0)
		r.side = REFERRAL_AT_TARGET;
	else if (strcmp(side, side_name[REFERRAL_AT_SOURCE]) != 0)
		return ERR_CORRUPT;
	if (referral_state_parse(state, &r.state) != 0 || referral_end_parse(end, &r.end) != 0 ||
	    referral_input_parse(input, &r.last_input) != 0 ||
	    referral_actor_parse(actor, &r.last_actor) != 0)
		return ERR_CORRUPT;
	r.consented = db_int(rows, 7) != 0;
	r.disclosed = db_int(rows, 8) != 0;
	r.cancelling = db_int(rows, 9) != 0;
	r.attempts = (unsigned)db_int(rows, 10);
	r.leg = (unsigned)db_int(rows, 18);
	r.began = db_int(rows, 19);
	r.since = db_int(rows, 20);
	r.heard = db_int(rows, 24);
	r.channels = (unsigned)db_int(rows, 21);
	*ret = r;
	return 0;
}

static int
case_at(struct db *db, int64_t n, struct case_row *ret)
{
	autorows struct rows *rows = NULL;
	struct case_row c = { 0 };
	int r;

	if ((r = db_query(db, &rows, Q_CASE_AT, "i", n)) != 0 || (r = db_next(rows)) != 0)
		return r;
	if ((r = rows_dup(rows, 0, &c.id)) != 0 ||
	    (r = rows_dup(rows, 1, &c.org)) != 0 ||
	    (r = read_machine(rows, &c.r)) != 0 ||
	    (r = column_open_text(db, "referral.request", c.id, rows, 11, &c.request)) != 0 ||
	    (r = column_open_text(db, "referral.disclosure", c.id, rows, 12, &c.disclosure)) != 0 ||
	    (r = column_open_text(db, "referral.outcome", c.id, rows, 13, &c.outcome)) != 0 ||
	    (r = column_open_text(db, "referral.reason", c.id, rows, 14, &c.reason)) != 0 ||
	    (r = rows_dup(rows, 23, &c.part_of)) != 0) {
		case_free(&c);
		return r;
	}
	c.created = db_int(rows, 15);
	c.updated = db_int(rows, 16);
	c.clock_due = db_int(rows, 17);
	c.reminded = db_int(rows, 22);
	*ret = c;
	return 0;
}

int
case_get(struct db *db, const char *id, struct case_row *ret)
{
	autorows struct rows *rows = NULL;
	int r;

	if ((r = db_query(db, &rows, Q_CASE_BY_ID, "t", id)) != 0 || (r = db_next(rows)) != 0)
		return r;
	return case_at(db, db_int(rows, 0), ret);
}

ROWS_WALK(each, case_row, case_at, case_free)

int
case_each(struct db *db, int (*fn)(void *, const struct case_row *), void *cookie)
{
	autorows struct rows *rows = NULL;
	int r = db_query(db, &rows, Q_CASE_LIST, "");

	return each(db, rows, r, fn, cookie, NULL);
}

int
case_due(struct db *db, int64_t now, int64_t limit, int (*fn)(void *, const struct case_row *), void *cookie)
{
	autorows struct rows *rows = NULL;
	int r = db_query(db, &rows, Q_CASE_DUE, "ii", now, limit);

	return each(db, rows, r, fn, cookie, NULL);
}

int
case_page(struct db *db, int64_t *after, int64_t limit, int (*fn)(void *, const struct case_row *), void *cookie)
{
	autorows struct rows *rows = NULL;
	autofree int64_t *ids = NULL;
	size_t n;
	int r;

	if ((r = db_query(db, &rows, Q_CASE_PAGE, "ii", *after, limit)) != 0 || (r = rows_ids(rows, &ids, &n)) != 0)
		return r;
	for (size_t i = 0; i < n && r == 0; i++) {
		struct case_row c;

		*after = ids[i];
		if ((r = case_at(db, ids[i], &c)) == 0) {
			r = fn(cookie, &c);
			case_free(&c);
		}
		if (r == E_NOTFOUND)
			r = 0;
	}
	return r;
}

int
case_children(struct db *db, const char *id, int (*fn)(void *, const struct case_row *), void *cookie)
{
	autorows struct rows *rows = NULL;
	int r = db_query(db, &rows, Q_CASE_CHILDREN, "t", id);

	return each(db, rows, r, fn, cookie, NULL);
}

/* Of each row its id and its organization. */
static int
each_name(struct rows *rows, int (*fn)(void *, const char *, const char *), void *cookie)
{
	int r = 0;

	while (r == 0 && (r = db_next(rows)) == 0) {
		autofree char *id = NULL, *org = NULL;

		if ((r = rows_dup(rows, 0, &id)) == 0 && (r = rows_dup(rows, 1, &org)) == 0)
			r = fn(cookie, id, org);
	}
	return r == E_NOTFOUND ? 0 : r;
}

int
case_lost_each(struct db *db, const char *id, int (*fn)(void *, const char *, const char *), void *cookie)
{
	autorows struct rows *rows = NULL;
	int r = db_query(db, &rows, Q_CASE_LOST, "t", id);

	return r != 0 ? r : each_name(rows, fn, cookie);
}

int
case_old_each(struct db *db, int (*fn)(void *, const char *, const char *), void *cookie)
{
	autorows struct rows *rows = NULL;
	int r = db_query(db, &rows, Q_CASE_OLD, "");

	return r != 0 ? r : each_name(rows, fn, cookie);
}

int64_t
case_next_due(struct db *db)
{
	autorows struct rows *rows = NULL;

	/* After a failure the next turn meets it where it can be returned. */
	if (db_query(db, &rows, Q_CASE_NEXT_DUE, "") != 0 || db_next(rows) != 0)
		return 0;
	return db_null(rows, 0) ? INT64_MAX : db_int(rows, 0);
}

int
case_overdue(struct db *db, int64_t *ret)
{
	autorows struct rows *rows = NULL;
	int r = db_query(db, &rows, Q_CASE_OVERDUE, "");

	if (r != 0 || (r = db_next(rows)) != 0)
		return r > 0 ? ERR_DB : r;
	*ret = db_int(rows, 0);
	return 0;
}

int
case_ring(struct db *db, const char *id, enum case_ring how)
{
	return db_run(db, Q_CASE_RING, "ti", id, (int64_t)how);
}

int
case_rings(struct db *db, enum case_ring *ret)
{
	autorows struct rows *rows = NULL;
	int r = db_query(db, &rows, Q_CASE_RINGS, "");

	if (r != 0 || (r = db_next(rows)) != 0)
		return r > 0 ? ERR_DB : r;
	*ret = db_null(rows, 0) ? CASE_RING_NOT : db_int(rows, 0) > CASE_RING ? CASE_RING_URGENT : CASE_RING;
	return 0;
}

int
case_told(struct db *db, int64_t line)
{
	return db_run(db, Q_CASE_TOLD, "i", line);
}

int
case_told_of(struct db *db, int64_t line)
{
	autorows struct rows *rows = NULL;
	int r = db_query(db, &rows, Q_CASE_TOLD_OF, "i", line);

	return r != 0 ? r : db_next(rows);
}

int
case_turns(struct db *db, int (*fn)(void *, const struct case_turn *), void *cookie)
{
	autorows struct rows *rows = NULL;
	int r = db_query(db, &rows, Q_CASE_TURNS, "");

	while (r == 0 && (r = db_next(rows)) == 0) {
		const char *side = db_text(rows, 0), *state = db_text(rows, 1);
		const int64_t ring = db_int(rows, 5);
		struct case_turn t = { .reminded = db_int(rows, 4) != 0, .ring = ring > CASE_RING ? CASE_RING_URGENT : (enum case_ring)ring,
		    .n = db_int(rows, 6), .oldest = db_int(rows, 7) };

		if (side == NULL || state == NULL)
			return -ENOMEM;
		if (referral_state_parse(state, &t.r.state) != 0)
			return ERR_CORRUPT;
		t.r.side = strcmp(side, side_name[REFERRAL_AT_TARGET]) == 0 ? REFERRAL_AT_TARGET : REFERRAL_AT_SOURCE;
		t.r.consented = db_int(rows, 2) != 0;
		t.r.cancelling = db_int(rows, 3) != 0;
		r = fn(cookie, &t);
	}
	return r == E_NOTFOUND ? 0 : r;
}
