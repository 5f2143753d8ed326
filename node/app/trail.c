/* SPDX-License-Identifier: Apache-2.0 */
#include "trail.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/canon.h"
#include "domain/trust.h"
#include "store/audit.h"
#include "store/casestore.h"
#include "store/intakestore.h"
#include "store/matchstore.h"
#include "store/outbox.h"
#include "store/peoplestore.h"
#include "store/subject.h"

enum { SHOWN = 1000, ID_LONGEST = 64, USER_LONGEST = 255 };

int
trail_verify(struct app *app, const char *actor, const json_t *args, json_t **ret, struct err *reterr)
{
	const char *noted = json_str(args, "head");
	char head[AUDIT_HEAD];
	int64_t rows = 0;
	int r = audit_verify(app->db, &rows, reterr);

	(void)actor;
	if (r == ERR_CORRUPT)	/* It is the answer, not a failure of ours. */
		return E_REFUSED;
	if (r != 0 || (r = audit_head(app->db, head)) != 0)
		return r;
	if (noted != NULL && (r = audit_has(app->db, noted)) != 0)
		return r < 0 ? r : err_set(reterr, E_REFUSED, r == E_NOTFOUND ?
		    "the row of that head is over its term and gone" : "no row of the audit is as that head says");
	*ret = json_pack("{s:I, s:s, s:s}", "rows", (json_int_t)rows, "head", head, "text",
	    "the chain is unbroken; note the head where the database is not");
	return *ret != NULL ? 0 : -ENOMEM;
}

struct showing {
	const char	*about;		/* An id, or NULL. */
	json_t		*items;
	bool		 more;		/* Older ones are not shown. */
};

static int
show_row(void *cookie, const struct audit_row *row)
{
	struct showing *s = cookie;

	if (s->about != NULL && (row->subject == NULL || strstr(row->subject, s->about) == NULL))
		return 0;
	if ((s->more = json_array_size(s->items) == SHOWN))
		return E_EXISTS;
	return json_array_append_new(s->items, json_pack("{s:I, s:I, s:s, s:s, s:s, s:s*}", "n", (json_int_t)row->n,
	    "at", (json_int_t)row->at, "actor", row->actor, "action", row->action, "about",
	    row->subject != NULL ? row->subject : "erased", "detail", row->detail)) != 0 ? -ENOMEM : 0;
}

int
trail_show(struct app *app, const char *actor, const json_t *args, json_t **ret, struct err *reterr)
{
	struct showing s = { .about = json_str(args, "about"), .items = json_array() };
	int r;

	(void)reterr;
	if ((*ret = json_pack("{s:o}", "items", s.items)) == NULL)
		return -ENOMEM;
	if ((r = audit_each(app->db, INT64_MAX, show_row, &s)) < 0)
		return r;
	if (s.more && json_object_set_new(*ret, "more", json_true()) != 0)
		return -ENOMEM;
	return audit_add(app->db, app_now(app), actor, "show", "audit", s.about);
}

int
trail_subject(struct app *app, const char *id, char ret[SUBJECT_NAME])
{
	autopairing struct pairing p = { 0 };
	autointake struct intake who = { 0 };
	struct case_row row;
	struct task t;
	int64_t pid;
	int r;

	if (*id == '@') {
		if ((r = person_find(app->db, id, &pid)) == 0)
			(void)subject_person(pid, ret);
	} else if ((r = case_get(app->db, id, &row)) == 0) {
		(void)subject_referral(id, ret);
		case_free(&row);
	} else if (r == E_NOTFOUND && (r = pairing_get(app->db, id, &p)) == 0)
		(void)subject_referral(json_str(p.body, "referral") != NULL ? json_str(p.body, "referral") : id, ret);
	else if (r == E_NOTFOUND && (r = intake_get(app->db, id, &who)) == 0)
		(void)(who.pid != 0 ? subject_person(who.pid, ret) : subject_referral(id, ret));
	else if (r == E_NOTFOUND && (r = task_get(app->db, id, &t)) == 0) {
		(void)subject_referral(t.referral, ret);
		task_free(&t);
	}
	return r;
}

/* Only what exists: what somebody types is no subject. */
int
trail_refused(struct app *app, const char *actor, const char *verb, const json_t *args)
{
	static const char *const keys[] = { "referral", "match", "task", "case", "user", "id" };
	const char *id = NULL;
	char who[SUBJECT_NAME];
	int r;

	for (size_t i = 0; i < nelem(keys) && id == NULL; i++)
		id = json_str(args, keys[i]);
	if (id == NULL || strlen(id) > (*id == '@' ? USER_LONGEST : ID_LONGEST))
		return 0;
	r = trail_subject(app, id, who);
	return r == 0 ? audit_add(app->db, app_now(app), actor, "refused", who, verb) : r == E_NOTFOUND ? 0 : r;
}

/* Of nobody's but one that is here and of that partner: else a word of theirs would make a key. */
static int
rejected_subject(struct app *app, const char *org, const char *referral, char ret[SUBJECT_NAME])
{
	struct case_row row;
	int r = referral != NULL ? case_get(app->db, referral, &row) : E_NOTFOUND;

	(void)snprintf(ret, SUBJECT_NAME, "event");
	if (r != 0)
		return r == E_NOTFOUND ? 0 : r;
	if (!strcmp(row.org, org))
		(void)subject_referral(row.id, ret);
	case_free(&row);
	return 0;
}

int
trail_rejected(struct app *app, const char *sender, const char *type, const json_t *content)
{
	const struct trust_org *org = trust_org_by_node(app->trust, sender);
	char actor[80], who[SUBJECT_NAME];
	int r;

	if (org == NULL)
		return 0;	/* Who is no partner has no access that could be refused. */
	if ((r = rejected_subject(app, org->id, json_str(content, "referral"), who)) != 0)
		return r;
	(void)snprintf(actor, sizeof(actor), "partner:%.60s", org->id);
	return audit_add(app->db, app_now(app), actor, "refused", who, type);
}

int
trail_withheld(struct app *app, const struct out *out)
{
	char who[SUBJECT_NAME];
	struct traffic t;
	int r = out->ref != NULL ? traffic_get(app->db, out->ref, &t) : E_NOTFOUND;

	if (r != 0)
		return r == E_NOTFOUND ? 0 : r;
	/* It may have arrived: then there is nothing to withhold. */
	if (t.acked_at == 0)
		r = audit_add(app->db, app_now(app), "node", "withheld", t.referral != NULL ? subject_referral(t.referral, who) :
		    "event", out->type);
	traffic_free(&t);
	return r;
}
