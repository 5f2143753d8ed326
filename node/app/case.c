/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "accounting.h"
#include "base/canon.h"
#include "base/event.h"
#include "base/id.h"
#include "case.h"
#include "casepath.h"
#include "disclosure.h"
#include "domain/crisis.h"
#include "domain/referral.h"
#include "domain/trust.h"
#include "events.h"
#include "hold.h"
#include "intake.h"
#include "named.h"
#include "own.h"
#include "store/audit.h"
#include "store/dirstore.h"
#include "store/intakestore.h"
#include "traffic.h"
#include "untold.h"

#define TYPE_REQUEST	ID_NAMESPACE "referral.request"
#define TYPE_DISCLOSURE	ID_NAMESPACE "referral.disclosure"

int
case_need(struct app *app, const json_t *args, struct case_row *ret, struct err *reterr)
{
	const char *id = json_str(args, "referral");
	int r;

	if (id == NULL)
		return err_set(reterr, E_BAD, "referral: the id of a referral is missing");
	r = case_get(app->db, id, ret);
	return r != E_NOTFOUND ? r :
	    err_next(reterr, err_set(reterr, E_NOTFOUND, "there is no referral %s", id), "cairn list referrals shows them");
}

/* Copy ${names} from the operator's arguments into a content; the schema judges them. */
static int
copy_args(const json_t *args, const char *const *names, json_t *content)
{
	for (; *names != NULL; names++) {
		json_t *value = json_object_get(args, *names);

		if (value != NULL && json_object_set(content, *names, value) != 0)
			return -ENOMEM;
	}
	return 0;
}

int
case_not_ours(const struct case_row *row, const char *why, struct err *reterr)
{
	return err_next(reterr, err_set(reterr, E_REFUSED, "referral %s %s", row->id, why),
	    "cairn show %s shows its state and whose turn it is", row->id);
}

static int
reply_sent(struct app *app, const struct case_row *row, const char *content_id, json_t **ret)
{
	const char *delivery = NULL;
	int r = traffic_delivery(app, content_id, &delivery);

	if (r != 0)
		return r;
	*ret = json_pack("{s:s, s:s, s:s, s:s}", "referral", row->id, "id", content_id,
	    "state", referral_state_name(row->r.state), "delivery", delivery);
	return *ret != NULL ? 0 : -ENOMEM;
}

int
case_takes(const char *kind, const json_t *body, struct err *reterr)
{
	if (strcmp(kind, "program") != 0 && strcmp(kind, "group") != 0 && strcmp(kind, "specialist") != 0)
		return err_set(reterr, E_REFUSED, "it is a %s, which takes nobody in", kind);
	return crisis_is(kind, body) ? crisis_refuse(body, reterr) : 0;
}

/* A partner, ${org} or if that is NULL any, whose directory this node does not read; NULL. */
static int
not_followed(struct app *app, const char *org, const char **ret)
{
	*ret = NULL;
	for (size_t i = 0; i < trust_norgs(app->trust) && *ret == NULL; i++) {
		const struct trust_org *one = trust_org_at(app->trust, i);
		struct partner partner = { 0 };
		int r;

		if (!strcmp(one->node, app->cfg->node_user) || (org != NULL && strcmp(org, one->id) != 0))
			continue;
		if ((r = partner_get(app->db, one->id, &partner)) < 0)
			return r;
		if (!partner.follows)
			*ret = one->id;
		if (r == 0)
			partner_free(&partner);
	}
	return 0;
}

/* Nobody who may be asked has published it: somebody who must not be, or whom we do not follow? */
static int
why_not(struct app *app, const char *record, const char *org, struct err *reterr)
{
	struct seen_record rec;
	const char *unread;
	int r;

	for (size_t i = 0; i < trust_nlisted(app->trust); i++) {
		const char *id = trust_listed_at(app->trust, i)->id;

		if ((r = seen_get(app->db, id, record, &rec)) == E_NOTFOUND)
			continue;
		if (r == 0)
			seen_free(&rec);
		if (r < 0 || (r = trust_judge(app->trust, id, reterr)) != 0)
			return r < 0 ? r : err_next(reterr, r, "cairn list partners shows the organizations; cairn find, whom else to ask");
	}
	if ((r = not_followed(app, org, &unread)) != 0)
		return r;
	(void)err_set(reterr, E_NOTFOUND, "no followed organization has published record %s", record);
	return unread == NULL ? err_next(reterr, E_NOTFOUND, "cairn find shows the records and their ids") :
	    err_next(reterr, E_NOTFOUND, "cairn find shows the records and their ids; those of %s are not read: cairn follow %s", unread, unread);
}

/* May somebody be referred to it?  If not ${rec} is freed. */
static int
takes(struct seen_record *rec, struct err *reterr)
{
	autojson json_t *json = NULL;
	int r = canon_stored(rec->record, &json);

	if (r == 0 && (r = case_takes(rec->kind, json_obj(json, "body"), reterr)) == E_REFUSED) {
		err_add(reterr, "record %s", rec->id);
		r = err_next(reterr, r, crisis_is(rec->kind, json_obj(json, "body")) ? "cairn find --kind crisis_line shows who else answers at once" :
		    "refer to a program, group or specialist");
	}
	if (r != 0)
		seen_free(rec);
	return r;
}

/* The organization that published the record, unless the operator named it. */
static int
publisher(struct app *app, const char *record, const char *org, struct seen_record *ret, struct err *reterr)
{
	const char *from = NULL;
	struct seen_record rec;
	int r = 0;

	for (size_t i = 0; i < trust_norgs(app->trust); i++) {
		const char *id = trust_org_at(app->trust, i)->id;

		if (org != NULL && strcmp(org, id) != 0)
			continue;
		if ((r = seen_get(app->db, id, record, &rec)) == E_NOTFOUND)
			continue;
		if (r != 0)
			return r;
		seen_free(&rec);
		/* Ids are random: one of the two has copied the other's. */
		if (from != NULL)
			return err_next(reterr, err_set(reterr, E_REFUSED, "organizations %s and %s both published record %s",
			    from, id, record), "name the one that is meant with --org");
		from = id;
	}
	if (from != NULL && (r = seen_get(app->db, from, record, ret)) == 0)
		r = takes(ret, reterr);
	return from != NULL ? r : why_not(app, record, org, reterr);
}

int
case_put_words(json_t *request)
{
	const char *need = json_str(request, "need"), *language = json_str(request, "language");
	const char *modality = json_str(request, "modality"), *urgency = json_str(request, "urgency");
	const char *age = json_str(request, "age_band");

	return json_object_set_new(request, "body", json_sprintf(
	    "Somebody asks for peer support. Need: %s. Language: %s. Meeting: %s. Urgency: %s. Age: %s.",
	    need ? need : "-", language ? language : "-", modality ? modality : "-",
	    urgency ? urgency : "-", age ? age : "-")) != 0 ? -ENOMEM : 0;
}

static int
request_content(struct app *app, const json_t *args, const char *referral, json_t **ret)
{
	static const char *const names[] = { "need", "language", "modality", "urgency", "age_band",
	    "times", "origin", "voluntary", NULL };
	char pseudonym[ID_LEN + 1];
	autojson json_t *content = NULL;

	id_new(app->world, pseudonym);
	content = json_pack("{s:s, s:s, s:O}", "referral", referral, "pseudonym", pseudonym,
	    "to", json_object_get(args, "to"));
	if (content == NULL || copy_args(args, names, content) != 0 || case_put_words(content) != 0)
		return -ENOMEM;
	*ret = take(content);
	return 0;
}

/* What stays the same for the child of a referral that was forwarded: whom it is for, and whose wish it is. */
static int
inherit(struct app *app, const struct case_row *parent, json_t *args, struct err *reterr)
{
	static const char *const names[] = { "origin", "voluntary" };
	autointake struct intake who = { 0 };
	autojson json_t *request = NULL;
	const char *of = json_str(args, "case"), *origin = json_str(args, "origin");
	int r;

	if ((r = canon_stored(parent->request, &request)) != 0)
		return r;
	if (origin != NULL && json_str(request, "origin") != NULL && strcmp(origin, json_str(request, "origin")) != 0)
		return err_set(reterr, E_BAD, "origin: that of the referral which was forwarded stays");
	for (size_t i = 0; i < nelem(names); i++)
		if (json_object_get(request, names[i]) != NULL && json_object_set(args, names[i], json_object_get(request, names[i])) != 0)
			return -ENOMEM;
	if ((r = intake_of(app->db, parent->id, &who)) != 0)
		return r == E_NOTFOUND ? 0 : r;
	if (of != NULL && strcmp(of, who.id) != 0)
		return err_set(reterr, E_BAD, "case: the referral which was forwarded is for somebody else");
	return json_object_set_new(args, "case", json_string(who.id)) != 0 ? -ENOMEM : 0;
}

/*
 * A child goes on where the target would not.  It is a referral of its own, with a consent of its own; which one it
 * is part of is known here alone: an id that two partners saw would tell them that they speak of one person.
 */
static int
of_parent(struct app *app, const char *id, json_t *args, struct err *reterr)
{
	struct case_row parent;
	int r = case_get(app->db, id, &parent);

	if (r == E_NOTFOUND)
		return err_next(reterr, err_set(reterr, E_NOTFOUND, "there is no referral %s", id), "cairn list referrals shows them");
	if (r != 0)
		return r;
	if (parent.r.side != REFERRAL_AT_SOURCE || parent.r.state != REFERRAL_FORWARDED)
		r = case_not_ours(&parent, "is none of ours that was forwarded, so it does not go on as another one", reterr);
	else
		r = inherit(app, &parent, args, reterr);
	case_free(&parent);
	return r;
}

int
case_refer(struct app *app, const char *actor, const json_t *given, json_t **ret, struct err *reterr)
{
	const char *to = json_str(given, "to"), *parent = json_str(given, "part_of");
	char id[ID_LEN + 1], content_id[ID_LEN + 1];
	autojson json_t *content = NULL, *args = json_copy((json_t *)(uintptr_t)given);
	autofree char *text = NULL;
	struct seen_record record;
	struct case_row row = { .r = referral_start(REFERRAL_AT_SOURCE), .created = app_now(app) };
	struct case_step step = { .input = REFERRAL_IN_SEND, .actor = REFERRAL_BY_SOURCE, .who = actor, .id = content_id };
	int r;

	if (args == NULL)
		return -ENOMEM;
	if (to == NULL)
		return err_set(reterr, E_BAD, "to: the id of a specialist or program is missing");
	if ((parent != NULL && (r = of_parent(app, parent, args, reterr)) != 0) || (r = publisher(app, to, json_str(args, "org"), &record, reterr)) != 0)
		return r;
	id_new(app->world, id);
	row.id = id;
	row.org = record.org;
	row.part_of = (char *)(uintptr_t)parent;
	if ((r = intake_begin(app, args, reterr)) == 0 && (r = intake_bind(app, id, args)) == 0 && (r = request_content(app, args, id, &content)) == 0 &&
	    (r = traffic_send(app, record.org, id, TYPE_REQUEST, content, content_id, reterr)) == 0) {
		text = json_text(content, JSON_COMPACT);
		row.request = text;
		r = text == NULL ? -ENOMEM : case_step(app, &row, &step, reterr);
	}
	if (r == 0)
		r = reply_sent(app, &row, content_id, ret);
	seen_free(&record);
	return r;
}

int
case_tell(struct app *app, struct case_row *row, enum referral_input input, enum referral_actor actor,
    const char *who, const char *type, json_t *content, json_t **ret, struct err *reterr)
{
	char content_id[ID_LEN + 1] = "";
	/* A disclosure is kept as it was recorded. */
	autojson json_t *disclosed = strcmp(type, TYPE_DISCLOSURE) == 0 ? json_copy(content) : NULL;
	struct case_step step = { .input = input, .actor = actor, .who = who, .id = content_id, .content = disclosed != NULL ? disclosed : content };
	int r = (disclosed == NULL && strcmp(type, TYPE_DISCLOSURE) == 0) || json_object_set_new(content, "referral", json_string(row->id)) != 0 ? -ENOMEM :
	    case_on(app, row, input, actor, content, reterr);

	/* Judged before it is sent: in a chat what was done before a refusal stays done. */
	if (r == 0)
		r = case_may_step(app, row, &step, reterr);
	if (r == 0)
		r = traffic_send(app, row->org, row->id, type, content, content_id, reterr);
	if (r == 0)
		r = case_step(app, row, &step, reterr);
	if (r == E_EXISTS)
		r = err_next(reterr, err_set(reterr, E_EXISTS, "this was recorded before; nothing changed"),
		    "cairn show %s shows its state and whose turn it is", row->id);
	return r != 0 ? r : reply_sent(app, row, content_id, ret);
}

/* Two verbs that name the step in an argument. */
int
case_answer(struct app *app, const char *actor, const json_t *args, json_t **ret, struct err *reterr)
{
	const char *decision = json_str(args, "decision");

	if (decision == NULL || (strcmp(decision, "accept") != 0 && strcmp(decision, "waitlist") != 0 &&
	    strcmp(decision, "decline") != 0))
		return err_set(reterr, E_BAD, "decision: accept, waitlist or decline is wanted");
	return case_act(app, decision, actor, args, ret, reterr);
}

int
case_outcome(struct app *app, const char *actor, const json_t *args, json_t **ret, struct err *reterr)
{
	const char *stage = json_str(args, "stage");

	if (stage == NULL || (strcmp(stage, "first_contact") != 0 && strcmp(stage, "engaged") != 0 &&
	    strcmp(stage, "closed") != 0))
		return err_set(reterr, E_BAD, "stage: first_contact, engaged or closed is wanted");
	return case_act(app, !strcmp(stage, "closed") ? "close" : "engage", actor, args, ret, reterr);
}

/* A referral of ours, or a record. */
int
case_withdraw(struct app *app, const char *actor, const json_t *args, json_t **ret, struct err *reterr)
{
	autojson json_t *of = json_pack("{s:O*, s:O*}", "referral", json_object_get(args, "id"), "by_member",
	    json_object_get(args, "by_member"));
	const char *id = json_str(args, "id");
	struct case_row row;
	int r;

	if (of == NULL)
		return -ENOMEM;
	if (id == NULL || (r = case_get(app->db, id, &row)) == E_NOTFOUND)
		return own_withdraw(app, actor, args, ret, reterr);
	if (r != 0)
		return r;
	case_free(&row);
	return case_act(app, "withdraw", actor, of, ret, reterr);
}

int
case_consent(struct app *app, const char *actor, const json_t *args, json_t **ret, struct err *reterr)
{
	autojson json_t *content = NULL, *left = NULL;
	struct case_row row;
	bool court;
	int r = case_need(app, args, &row, reterr);

	if (r != 0)
		return r;
	if ((r = hold_bars(app, row.id, reterr)) != 0 || (r = disclosure_to_court(&row, &court)) != 0)
		;
	else if (court)
		r = (r = disclosure_proceedings(app, &row, actor, args, ret, reterr)) != 0 ? r : untold_look(app, &row);
	else if (row.r.side != REFERRAL_AT_SOURCE)
		r = case_not_ours(&row, "came from a partner, who asks the member for consent", reterr);
	else if (json_is_true(json_object_get(args, "template")))
		r = disclosure_template(app, &row, ret, reterr);
	else if ((r = disclosure_build(app, &row, args, &content, &left, reterr)) == 0) {
		r = case_tell(app, &row, REFERRAL_IN_CONSENT, REFERRAL_BY_MEMBER, actor, TYPE_DISCLOSURE, content, ret, reterr);
		if (r == 0 && json_array_size(left) > 0 && json_object_set(*ret, "left_out", left) != 0)
			r = -ENOMEM;
	}
	/* The form names whom it is for. */
	if (r == 0 && json_is_true(json_object_get(args, "template")))
		r = audit_case(app->db, app_now(app), actor, "show", row.id, "form of a consent");
	case_free(&row);
	return r;
}

int
case_may_send(struct app *app, const char *content_id)
{
	struct traffic t;
	bool discloses;
	int r = traffic_get(app->db, content_id, &t);

	if (r != 0)
		return r == E_NOTFOUND ? E_REFUSED : r;
	if (t.content == NULL)
		r = E_REFUSED;	/* Acknowledged: it need not go. */
	else if (trust_org(app->trust, t.org) == NULL)
		r = E_LATER;
	else if ((r = named_discloses(app, &t, &discloses)) == 0 && discloses)
		r = disclosure_in_force(app, t.referral, t.org, t.content);
	traffic_free(&t);
	return r;
}

int
case_arrived(struct app *app, const struct traffic *t)
{
	struct case_row row;
	bool discloses;
	int r = named_discloses(app, t, &discloses);

	if (r == 0 && discloses)
		r = accounting_arrived(app, t->content_id);
	if (r != 0 || strcmp(t->type, TYPE_REQUEST) != 0)
		return r;
	if ((r = case_get(app->db, t->referral, &row)) != 0)
		return r == E_NOTFOUND ? 0 : r;
	r = case_received(app, &row, t->content_id, "partner");
	case_free(&row);
	return r;
}
