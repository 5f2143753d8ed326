/* SPDX-License-Identifier: Apache-2.0 */
/* The steps of referrals; what they come to is domain/path. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "casestore.h"
#include "column.h"
#include "rows.h"
#include "subject.h"

enum { ROW_NAME = 2 * ID_LEN + 16 };

static const char *
row_name(const char *referral, const char *id, char out[ROW_NAME])
{
	(void)snprintf(out, ROW_NAME, "%.30s/%.30s", referral, id);
	return out;
}

int
step_put(struct db *db, const char *referral, const struct step_row *s)
{
	const struct path_step *step = &s->step;
	autobuf struct buf content = { 0 };
	char who[SUBJECT_NAME], row[ROW_NAME];
	int r = column_seal_text(db, subject_referral(referral, who), "referral_step.content",
	    row_name(referral, step->id, row), s->content, &content);

	return r != 0 ? r : db_run(db, Q_STEP_PUT, "ttttttiiibi", referral, step->id, step->prev,
	    referral_input_name(step->move.input), referral_actor_name(step->move.actor),
	    referral_actor_name(step->by == REFERRAL_AT_SOURCE ? REFERRAL_BY_SOURCE : REFERRAL_BY_TARGET),
	    (int64_t)step->move.leg, step->move.at, s->recorded, content.data, content.len,
	    (int64_t)(s->waits ? 1 + path_leaves(step) : 0));
}

void
step_list_free(struct step_row *list, size_t n)
{
	for (size_t i = 0; i < n; i++)
		free(list[i].content);
	free(list);
}

static int
read_step(struct db *db, const char *referral, struct rows *rows, struct step_row *ret)
{
	const char *id = db_text(rows, 0), *prev = db_text(rows, 1), *input = db_text(rows, 2), *actor = db_text(rows, 3);
	const char *by = db_text(rows, 4);
	char row[ROW_NAME];
	int r;

	if (id == NULL || prev == NULL || input == NULL || actor == NULL || by == NULL)
		return -ENOMEM;
	*ret = (struct step_row){ .recorded = db_int(rows, 7), .waits = db_int(rows, 9) != 0 };
	(void)snprintf(ret->step.id, sizeof(ret->step.id), "%s", id);
	(void)snprintf(ret->step.prev, sizeof(ret->step.prev), "%s", prev);
	if (referral_input_parse(input, &ret->step.move.input) != 0 ||
	    referral_actor_parse(actor, &ret->step.move.actor) != 0)
		return ERR_CORRUPT;
	ret->step.by = !strcmp(by, "target") ? REFERRAL_AT_TARGET : REFERRAL_AT_SOURCE;
	ret->step.move.leg = (unsigned)db_int(rows, 5);
	ret->step.move.at = db_int(rows, 6);
	r = column_open_text(db, "referral_step.content", row_name(referral, ret->step.id, row), rows, 8, &ret->content);
	return r == E_NOTFOUND ? 0 : r;	/* Erased. */
}

int
step_has(struct db *db, const char *referral, const char *id)
{
	autorows struct rows *rows = NULL;
	int r = db_query(db, &rows, Q_STEP_HAS, "tt", referral, id);

	return r != 0 ? r : db_next(rows);
}

static int
list_steps(struct db *db, const char *referral, bool apart, struct step_row **ret, size_t *ret_n)
{
	autorows struct rows *rows = NULL;
	struct step_row *list = NULL;
	size_t n = 0;
	int r = db_query(db, &rows, Q_STEP_LIST, "ti", referral, (int64_t)apart);

	if (r != 0)
		return r;
	while ((r = db_next(rows)) == 0) {
		struct step_row *grown = reallocarray(list, n + 1, sizeof(*list));

		if (grown == NULL) {
			r = -ENOMEM;
			break;
		}
		list = grown;
		if ((r = read_step(db, referral, rows, &list[n])) != 0)
			break;
		n++;
	}
	if (r != E_NOTFOUND) {
		step_list_free(list, n);
		return r;
	}
	*ret = list;
	*ret_n = n;
	return 0;
}

int
step_list(struct db *db, const char *referral, struct step_row **ret, size_t *ret_n)
{
	return list_steps(db, referral, false, ret, ret_n);
}

int
step_list_apart(struct db *db, const char *referral, struct step_row **ret, size_t *ret_n)
{
	return list_steps(db, referral, true, ret, ret_n);
}

int
step_forget(struct db *db, const char *referral, const char *id)
{
	return db_run(db, Q_STEP_FORGET, "tt", referral, id);
}

int
step_apart(struct db *db, const char *referral, const char *id)
{
	return db_run(db, Q_STEP_APART, "tt", referral, id);
}

int
step_waits_no_more(struct db *db, const char *referral, const char *id)
{
	return db_run(db, Q_STEP_WAITS_NO_MORE, "tt", referral, id);
}

int
step_waiting(struct db *db, const char *org, int64_t *ret)
{
	autorows struct rows *rows = NULL;
	int r = db_query(db, &rows, Q_STEP_WAITING, "t", org);

	if (r != 0 || (r = db_next(rows)) != 0)
		return r > 0 ? ERR_DB : r;
	*ret = db_int(rows, 0);
	return 0;
}

int
step_waiting_long(struct db *db, int64_t before, int64_t *ret, char **ret_one)
{
	autorows struct rows *rows = NULL;
	int r = db_query(db, &rows, Q_STEP_WAITING_LONG, "i", before);

	if (r != 0 || (r = db_next(rows)) != 0)
		return r > 0 ? ERR_DB : r;
	if (!db_null(rows, 1) && (r = rows_dup(rows, 1, ret_one)) != 0)
		return r;
	*ret = db_int(rows, 0);
	return 0;
}

int
step_waiting_oldest(struct db *db, int64_t before, char **ret_referral, char **ret_id)
{
	autorows struct rows *rows = NULL;
	autofree char *referral = NULL;
	int r = db_query(db, &rows, Q_STEP_WAITING_OLDEST, "i", before);

	if (r != 0 || (r = db_next(rows)) != 0 || (r = rows_dup(rows, 0, &referral)) != 0 || (r = rows_dup(rows, 1, ret_id)) != 0)
		return r;
	*ret_referral = take(referral);
	return 0;
}

int
step_drop(struct db *db, const char *referral, const char *id)
{
	return db_run(db, Q_STEP_DROP, "tt", referral, id);
}

/* Two numbers of a referral. */
static int
two(struct db *db, enum query_id query, const char *id, int64_t *ret_a, int64_t *ret_b)
{
	autorows struct rows *rows = NULL;
	int r = db_query(db, &rows, query, "t", id);

	if (r != 0 || (r = db_next(rows)) != 0)
		return r;
	*ret_a = db_int(rows, 0);
	*ret_b = db_int(rows, 1);
	return 0;
}

int
case_tells(struct db *db, const char *id, int64_t *ret_until, int64_t *ret_from)
{
	return two(db, Q_CASE_TELLS, id, ret_until, ret_from);
}

int
case_asked(struct db *db, const char *id, int64_t *ret_at, int64_t *ret_until)
{
	return two(db, Q_CASE_ASKED, id, ret_at, ret_until);
}

int
case_asked_put(struct db *db, const char *id, int64_t at, int64_t until)
{
	return db_run(db, Q_CASE_ASKED_PUT, "tii", id, at, until);
}

int
case_tells_until(struct db *db, const char *id, int64_t until)
{
	return db_run(db, Q_CASE_TELLS_UNTIL, "ti", id, until);
}

int
case_takes_from(struct db *db, const char *id, int64_t seq)
{
	return db_run(db, Q_CASE_TAKES_FROM, "ti", id, seq);
}

int
step_old_each(struct db *db, const char *referral, int (*fn)(void *, const struct step_old *), void *cookie)
{
	autorows struct rows *rows = NULL;
	int r = db_query(db, &rows, Q_STEP_OLD, "t", referral);

	while (r == 0 && (r = db_next(rows)) == 0) {
		struct step_old s = { .at = db_int(rows, 0), .actor = db_text(rows, 1), .input = db_text(rows, 2),
		    .from = db_text(rows, 3), .to = db_text(rows, 4) };

		r = s.actor == NULL || s.input == NULL || s.from == NULL || s.to == NULL ? -ENOMEM : fn(cookie, &s);
	}
	return r == E_NOTFOUND ? 0 : r;
}
