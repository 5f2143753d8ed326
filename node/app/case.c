/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "accounting.h"
#include "base/canon.h"
#include "base/event.h"
#include "base/id.h"
#include "case.h"
#include "disclosure.h"
#include "domain/referral.h"
#include "domain/trust.h"
#include "events.h"
#include "intake.h"
#include "store/audit.h"
#include "store/dirstore.h"
#include "traffic.h"

#define TYPE_REQUEST	ID_NAMESPACE "referral.request"
#define TYPE_ANSWER	ID_NAMESPACE "referral.answer"
#define TYPE_DISCLOSURE	ID_NAMESPACE "referral.disclosure"
#define TYPE_OUTCOME	ID_NAMESPACE "referral.outcome"

/* What staff on this side can do, as commands. */
static const struct move {
	enum referral_side	side;
	enum referral_actor	actor;
	enum referral_input	input;
	const char		*command, *rest;	/* Before and after the id. */
} moves[] = {
	{ REFERRAL_AT_SOURCE, REFERRAL_BY_MEMBER, REFERRAL_IN_CONSENT, "consent", "--template" },
	{ REFERRAL_AT_TARGET, REFERRAL_BY_TARGET, REFERRAL_IN_ACCEPT, "answer", "accept" },
	{ REFERRAL_AT_TARGET, REFERRAL_BY_TARGET, REFERRAL_IN_WAITLIST, "answer", "waitlist" },
	{ REFERRAL_AT_TARGET, REFERRAL_BY_TARGET, REFERRAL_IN_DECLINE, "answer", "decline --reason ..." },
	{ REFERRAL_AT_TARGET, REFERRAL_BY_TARGET, REFERRAL_IN_ENGAGE, "outcome", "first_contact" },
	{ REFERRAL_AT_TARGET, REFERRAL_BY_TARGET, REFERRAL_IN_CLOSE, "outcome", "closed --code ..." },
	{ REFERRAL_AT_SOURCE, REFERRAL_BY_MEMBER, REFERRAL_IN_REVOKE, "revoke", "--how ... --recorded-by-file ..." },
	{ REFERRAL_AT_TARGET, REFERRAL_BY_MEMBER, REFERRAL_IN_REVOKE, "revoke", "--how ... --recorded-by-file ..." },
};

json_t *
case_moves(const struct case_row *row)
{
	autojson json_t *ret = json_array();

	for (size_t i = 0; i < nelem(moves) && ret != NULL; i++) {
		const struct move *m = &moves[i];
		struct referral next;
		unsigned effects;

		if (m->side != row->r.side || referral_step(&row->r, m->input, m->actor, &next, &effects) != 0)
			continue;
		/* The first news is that there was contact. */
		if (json_array_append_new(ret, json_sprintf("cairn %s %s %s", m->command, row->id,
		    m->input == REFERRAL_IN_ENGAGE && row->r.state == REFERRAL_ENGAGED ? "engaged" : m->rest)) != 0)
			return NULL;
	}
	return take(ret);
}

/* The rules name moves; people need to know what to type. */
static int
explain(const struct case_row *row, enum referral_input input, enum referral_actor actor, struct err *reterr)
{
	autojson json_t *can = case_moves(row);
	autobuf struct buf b = { 0 };
	const json_t *command;
	size_t i;

	referral_explain_refusal(&row->r, input, actor, reterr);
	if (can == NULL)
		return -ENOMEM;
	json_array_foreach(can, i, command) {
		int r = buf_printf(&b, "%s%s", i > 0 ? ", or " : "", json_string_value(command));

		if (r != 0)
			return r;
	}
	return b.len > 0 ? err_next(reterr, E_REFUSED, "%s", b.data) :
	    err_next(reterr, E_REFUSED, "cairn show %s shows its state and whose turn it is", row->id);
}

int
case_step(struct app *app, struct case_row *row, enum referral_input input, enum referral_actor actor,
    const char *who, const char *content_id, struct err *reterr)
{
	enum referral_state from = row->r.state;
	const struct referral_clock *clock;
	unsigned effects;
	int64_t now = app_now(app);
	int r = referral_step(&row->r, input, actor, &row->r, &effects);

	if (r != 0)
		return r == E_REFUSED ? explain(row, input, actor, reterr) : r;
	clock = referral_clock(&row->r);
	row->updated = now;
	row->clock_due = clock != NULL ? now + clock->remind_ms : 0;
	if ((r = case_put(app->db, row)) != 0 ||
	    (r = case_step_add(app->db, row->id, now, referral_actor_name(actor),
	    referral_input_name(input), referral_state_name(from), referral_state_name(row->r.state),
	    content_id)) != 0)
		return r;
	r = audit_case(app->db, now, who, referral_input_name(input), row->id, NULL);
	return r != 0 ? r : intake_news(app, row, input, actor);
}

static int
need_case(struct app *app, const json_t *args, struct case_row *ret, struct err *reterr)
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

/* The other side's to do. */
static int
not_ours(const struct case_row *row, const char *why, struct err *reterr)
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

static bool
takes_members(const char *kind)
{
	return !strcmp(kind, "program") || !strcmp(kind, "group") || !strcmp(kind, "specialist");
}

/* The organization that published the record, unless the operator named it. */
static int
publisher(struct app *app, const char *record, const char *org, struct seen_record *ret, struct err *reterr)
{
	const char *from = NULL;
	struct seen_record rec;
	int r;

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
	if (from != NULL && (r = seen_get(app->db, from, record, ret)) == 0 && !takes_members(ret->kind)) {
		r = err_next(reterr, err_set(reterr, E_REFUSED, "record %s is a %s: it takes nobody in", record, ret->kind),
		    "refer to a program, group or specialist");
		seen_free(ret);
	}
	return from != NULL ? r : err_next(reterr, err_set(reterr, E_NOTFOUND, "no followed organization has published record %s",
	    record), "cairn find shows the records and their ids");
}

static int
request_content(struct app *app, const json_t *args, const char *referral, json_t **ret)
{
	static const char *const names[] = { "need", "language", "modality", "urgency", "age_band",
	    "times", "origin", "voluntary", NULL };
	char pseudonym[ID_LEN + 1];
	autojson json_t *content = NULL;
	const char *need = json_str(args, "need"), *language = json_str(args, "language");
	const char *modality = json_str(args, "modality"), *urgency = json_str(args, "urgency");
	const char *age = json_str(args, "age_band");
	int r;

	id_new(app->world, pseudonym);
	content = json_pack("{s:s, s:s, s:O}", "referral", referral, "pseudonym", pseudonym,
	    "to", json_object_get(args, "to"));
	if (content == NULL || (r = copy_args(args, names, content)) != 0)
		return -ENOMEM;
	r = json_object_set_new(content, "body", json_sprintf(
	    "Somebody asks for peer support. Need: %s. Language: %s. Meeting: %s. Urgency: %s. Age: %s.",
	    need ? need : "-", language ? language : "-", modality ? modality : "-",
	    urgency ? urgency : "-", age ? age : "-"));
	*ret = r == 0 ? take(content) : NULL;
	return r == 0 ? 0 : -ENOMEM;
}

int
case_refer(struct app *app, const char *actor, const json_t *args, json_t **ret, struct err *reterr)
{
	const char *to = json_str(args, "to");
	char id[ID_LEN + 1], content_id[ID_LEN + 1];
	autojson json_t *content = NULL;
	autofree char *text = NULL;
	struct seen_record record;
	struct case_row row = { .r = referral_start(REFERRAL_AT_SOURCE), .created = app_now(app) };
	int r;

	if (to == NULL)
		return err_set(reterr, E_BAD, "to: the id of a specialist or program is missing");
	if ((r = publisher(app, to, json_str(args, "org"), &record, reterr)) != 0)
		return r;
	id_new(app->world, id);
	row.id = id;
	row.org = record.org;
	if ((r = intake_begin(app, args, reterr)) == 0 && (r = intake_bind(app, id, args)) == 0 && (r = request_content(app, args, id, &content)) == 0 &&
	    (r = traffic_send(app, record.org, id, TYPE_REQUEST, content, content_id, reterr)) == 0) {
		text = json_text(content, JSON_COMPACT);
		row.request = text;
		r = text == NULL ? -ENOMEM : case_step(app, &row, REFERRAL_IN_SEND, REFERRAL_BY_SOURCE,
		    actor, content_id, reterr);
	}
	if (r == 0)
		r = reply_sent(app, &row, content_id, ret);
	seen_free(&record);
	return r;
}

/* A step of ours that the partner hears of: the rule first, then the content. */
static int
tell(struct app *app, struct case_row *row, enum referral_input input, enum referral_actor actor,
    const char *who, const char *type, json_t *content, json_t **ret, struct err *reterr)
{
	char content_id[ID_LEN + 1];
	int r = json_object_set_new(content, "referral", json_string(row->id)) != 0 ? -ENOMEM :
	    traffic_send(app, row->org, row->id, type, content, content_id, reterr);

	if (r == 0)
		r = case_step(app, row, input, actor, who, content_id, reterr);
	if (r == E_EXISTS)
		r = err_next(reterr, err_set(reterr, E_EXISTS, "this was recorded before; nothing changed"),
		    "cairn show %s shows its state and whose turn it is", row->id);
	return r != 0 ? r : reply_sent(app, row, content_id, ret);
}

int
case_answer(struct app *app, const char *actor, const json_t *args, json_t **ret, struct err *reterr)
{
	static const char *const names[] = { "decision", "reason", "reason_text", NULL };
	const char *decision = json_str(args, "decision"), *reason = json_str(args, "reason");
	enum referral_input input = REFERRAL_IN_ACCEPT;
	autojson json_t *content = NULL;
	struct case_row row;
	int r;

	if (decision != NULL && !strcmp(decision, "decline"))
		input = REFERRAL_IN_DECLINE;
	else if (decision != NULL && !strcmp(decision, "waitlist"))
		input = REFERRAL_IN_WAITLIST;
	if ((r = need_case(app, args, &row, reterr)) != 0)
		return r;
	content = json_pack("{s:o}", "body", json_sprintf("The request was answered: %s%s%s.",
	    decision != NULL ? decision : "-", reason != NULL ? ", " : "", reason != NULL ? reason : ""));
	r = content == NULL ? -ENOMEM : copy_args(args, names, content);
	if (r == 0 && row.r.side != REFERRAL_AT_TARGET)
		r = not_ours(&row, "was sent by us: its answer is the partner's to give", reterr);
	if (r == 0 && reason != NULL && input == REFERRAL_IN_DECLINE) {
		free(row.reason);
		if ((row.reason = strdup(reason)) == NULL)
			r = -ENOMEM;
	}
	if (r == 0)
		r = tell(app, &row, input, REFERRAL_BY_TARGET, actor, TYPE_ANSWER, content, ret, reterr);
	case_free(&row);
	return r;
}

int
case_outcome(struct app *app, const char *actor, const json_t *args, json_t **ret, struct err *reterr)
{
	static const char *const names[] = { "stage", "outcome", "sessions", NULL };
	const char *stage = json_str(args, "stage"), *outcome = json_str(args, "outcome");
	enum referral_input input = stage != NULL && !strcmp(stage, "closed") ?
	    REFERRAL_IN_CLOSE : REFERRAL_IN_ENGAGE;
	autojson json_t *content = NULL;
	struct case_row row;
	int r = need_case(app, args, &row, reterr);

	if (r != 0)
		return r;
	content = json_pack("{s:I, s:o}", "happened_at", (json_int_t)app_now(app), "body",
	    json_sprintf("News of the referral: %s%s%s.", stage != NULL ? stage : "-",
	    outcome != NULL ? ", " : "", outcome != NULL ? outcome : ""));
	r = content == NULL ? -ENOMEM : copy_args(args, names, content);
	if (r == 0 && row.r.side != REFERRAL_AT_TARGET)
		r = not_ours(&row, "was sent by us: its outcome is the partner's to record", reterr);
	if (r == 0 && (row.r.consented || disclosure_to_court(&row)))
		r = disclosure_may_report(app, &row, CONSENT_GENERAL, reterr);
	if (r == 0) {
		free(row.outcome);
		if ((row.outcome = json_text(content, JSON_COMPACT)) == NULL)
			r = -ENOMEM;
	}
	if (r == 0)
		r = tell(app, &row, input, REFERRAL_BY_TARGET, actor, TYPE_OUTCOME, content, ret, reterr);
	case_free(&row);
	return r;
}

int
case_consent(struct app *app, const char *actor, const json_t *args, json_t **ret, struct err *reterr)
{
	autojson json_t *content = NULL, *left = NULL;
	struct case_row row;
	int r = need_case(app, args, &row, reterr);

	if (r != 0)
		return r;
	if (disclosure_to_court(&row))
		r = disclosure_proceedings(app, &row, actor, args, ret, reterr);
	else if (row.r.side != REFERRAL_AT_SOURCE)
		r = not_ours(&row, "came from a partner, who asks the member for consent", reterr);
	else if (json_is_true(json_object_get(args, "template")))
		r = disclosure_template(app, &row, ret, reterr);
	else if ((r = disclosure_build(app, &row, args, &content, &left, reterr)) == 0) {
		free(row.disclosure);
		row.disclosure = json_text(content, JSON_COMPACT);
		r = row.disclosure == NULL ? -ENOMEM : tell(app, &row, REFERRAL_IN_CONSENT,
		    REFERRAL_BY_MEMBER, actor, TYPE_DISCLOSURE, content, ret, reterr);
		if (r == 0 && json_array_size(left) > 0 && json_object_set(*ret, "left_out", left) != 0)
			r = -ENOMEM;
	}
	case_free(&row);
	return r;
}

int
case_may_send(struct app *app, const char *content_id)
{
	struct traffic t;
	int r = traffic_get(app->db, content_id, &t);

	if (r != 0)
		return r == E_NOTFOUND ? E_REFUSED : r;
	if (t.content == NULL)
		r = E_REFUSED;	/* Acknowledged: it need not go. */
	else if (trust_org(app->trust, t.org) == NULL)
		r = E_LATER;
	else
		r = !disclosure_of(t.type) ? 0 :
		    disclosure_in_force(app, t.referral, t.org, t.content);
	traffic_free(&t);
	return r;
}

int
case_arrived(struct app *app, const struct traffic *t)
{
	struct case_row row;
	int r = accounting_arrived(app, t->content_id);

	if (r != 0 || strcmp(t->type, TYPE_REQUEST) != 0)
		return r;
	if ((r = case_get(app->db, t->referral, &row)) != 0)
		return r == E_NOTFOUND ? 0 : r;
	r = case_step(app, &row, REFERRAL_IN_RECEIVE, REFERRAL_BY_TARGET, "partner", t->content_id, NULL);
	case_free(&row);
	/* An answer may have overtaken the acknowledgement: then it has said more. */
	return r == E_REFUSED || r == E_EXISTS ? 0 : r;
}
