/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "column.h"
#include "intakestore.h"
#include "rows.h"
#include "subject.h"

void
intake_free(struct intake *i)
{
	free(i->id);
	free(i->person);
	free(i->talk);
	*i = (struct intake){ 0 };
}

static const char *
whose(const struct intake *i, char out[SUBJECT_NAME])
{
	return i->pid > 0 ? subject_person(i->pid, out) : subject_referral(i->id, out);
}

int
intake_put(struct db *db, const struct intake *i)
{
	autobuf struct buf person = { 0 }, talk = { 0 };
	char who[SUBJECT_NAME];
	int r;

	(void)whose(i, who);
	if ((r = column_seal_text(db, who, "intake.person", i->id, i->person, &person)) != 0 ||
	    (r = column_seal_text(db, who, "intake.talk", i->id, i->talk, &talk)) != 0)
		return r;
	return db_run(db, Q_INTAKE_PUT, "tibbi", i->id, i->pid, person.data, person.len, talk.data, talk.len, i->made);
}

int
intake_get(struct db *db, const char *id, struct intake *ret)
{
	autorows struct rows *rows = NULL;
	autointake struct intake i = { 0 };
	int r;

	if ((r = db_query(db, &rows, Q_INTAKE_GET, "t", id)) != 0 || (r = db_next(rows)) != 0 ||
	    (r = rows_dup(rows, 0, &i.id)) != 0 ||
	    (r = column_open_text(db, "intake.person", i.id, rows, 2, &i.person)) != 0 ||
	    (r = column_open_text(db, "intake.talk", i.id, rows, 3, &i.talk)) != 0)
		return r;
	i.pid = db_int(rows, 1);
	i.made = db_int(rows, 4);
	*ret = i;
	i = (struct intake){ 0 };
	return 0;
}

static int
by(struct db *db, struct rows *rows, int r, struct intake *ret)
{
	autofree char *id = NULL;

	if (r == 0 && (r = db_next(rows)) == 0)
		r = rows_dup(rows, 0, &id);
	db_done(rows);
	return r != 0 ? r : intake_get(db, id, ret);
}

int
intake_by_person(struct db *db, int64_t pid, struct intake *ret)
{
	struct rows *rows = NULL;
	int r = db_query(db, &rows, Q_INTAKE_BY_PERSON, "i", pid);

	return by(db, rows, r, ret);
}

int
intake_of(struct db *db, const char *referral, struct intake *ret)
{
	struct rows *rows = NULL;
	int r = db_query(db, &rows, Q_INTAKE_OF, "t", referral);

	return by(db, rows, r, ret);
}

int
intake_each(struct db *db, int (*fn)(void *, const struct intake *), void *cookie)
{
	autorows struct rows *rows = NULL;
	int r = db_query(db, &rows, Q_INTAKE_LIST, "");

	while (r == 0 && (r = db_next(rows)) == 0) {
		autointake struct intake i = { 0 };

		/* Who was erased is listed no more. */
		if ((r = intake_get(db, db_text(rows, 0), &i)) == E_NOTFOUND)
			r = 0;
		else if (r == 0)
			r = fn(cookie, &i);
	}
	return r == E_NOTFOUND ? 0 : r;
}

int
intake_others(struct db *db, const char *intake, const char *referral, int64_t *ret)
{
	autorows struct rows *rows = NULL;
	int r = db_query(db, &rows, Q_INTAKE_OTHERS, "tt", intake, referral);

	if (r != 0 || (r = db_next(rows)) != 0)
		return r > 0 ? ERR_DB : r;
	*ret = db_int(rows, 0);
	return 0;
}

int
intake_refer(struct db *db, const char *referral, const char *intake, const char *origin)
{
	char who[SUBJECT_NAME], whole[SUBJECT_NAME];
	autointake struct intake i = { 0 };
	int r = intake_get(db, intake, &i);

	/* Whoever is called is forgotten with the last of their referrals; the referrals of who writes to us, with them. */
	if (r == 0)
		r = i.pid == 0 ? subject_link(db, subject_referral(intake, who), subject_referral(referral, whole)) :
		    subject_link(db, subject_referral(referral, who), subject_person(i.pid, whole));
	return r != 0 ? r : db_run(db, Q_INTAKE_REFER, "ttt", referral, intake, origin);
}

static int
texts(struct db *db, enum query_id query, const char *key, int (*fn)(void *, const char *), void *cookie)
{
	autorows struct rows *rows = NULL;
	int r = db_query(db, &rows, query, "t", key);

	while (r == 0 && (r = db_next(rows)) == 0)
		r = fn(cookie, db_text(rows, 0));
	return r == E_NOTFOUND ? 0 : r;
}

int
intake_referrals(struct db *db, const char *intake, int (*fn)(void *, const char *), void *cookie)
{
	return texts(db, Q_INTAKE_REFERRALS, intake, fn, cookie);
}

void
task_free(struct task *t)
{
	free(t->id);
	free(t->referral);
	free(t->what);
	*t = (struct task){ 0 };
}

int
task_put(struct db *db, const struct task *t)
{
	return db_run(db, Q_TASK_PUT, "tttiiii", t->id, t->referral, t->what, t->begins, t->due, t->done, t->tries);
}

static int
read_task(struct rows *rows, struct task *ret)
{
	struct task t = { .begins = db_int(rows, 3), .due = db_int(rows, 4), .done = db_int(rows, 5), .tries = db_int(rows, 6) };
	int r;

	if ((r = rows_dup(rows, 0, &t.id)) != 0 || (r = rows_dup(rows, 1, &t.referral)) != 0 ||
	    (r = rows_dup(rows, 2, &t.what)) != 0) {
		task_free(&t);
		return r;
	}
	*ret = t;
	return 0;
}

int
task_get(struct db *db, const char *id, struct task *ret)
{
	autorows struct rows *rows = NULL;
	int r;

	if ((r = db_query(db, &rows, Q_TASK_GET, "t", id)) != 0 || (r = db_next(rows)) != 0)
		return r;
	return read_task(rows, ret);
}

int
task_each(struct db *db, int (*fn)(void *, const struct task *), void *cookie)
{
	autorows struct rows *rows = NULL;
	int r = db_query(db, &rows, Q_TASK_LIST, "");

	while (r == 0 && (r = db_next(rows)) == 0) {
		struct task t;

		if ((r = read_task(rows, &t)) == 0) {
			r = fn(cookie, &t);
			task_free(&t);
		}
	}
	return r == E_NOTFOUND ? 0 : r;
}

int
task_settle(struct db *db, const char *referral, int64_t at)
{
	return db_run(db, Q_TASK_SETTLE, "ti", referral, at);
}

int
likeness_put(struct db *db, const char *referral, const char *text)
{
	uint8_t hash[COLUMN_HASH];

	column_hash(db, "likeness", text, hash);
	return db_run(db, Q_LIKENESS_PUT, "tb", referral, hash, sizeof(hash));
}

int
likeness_find(struct db *db, const char *referral, int (*fn)(void *, const char *), void *cookie)
{
	return texts(db, Q_LIKENESS_FIND, referral, fn, cookie);
}

int
likeness_drop(struct db *db, const char *referral)
{
	return db_run(db, Q_LIKENESS_DROP, "t", referral);
}
