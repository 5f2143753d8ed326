/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/canon.h"
#include "base/id.h"
#include "domain/hold.h"
#include "domain/trust.h"
#include "domain/when.h"
#include "erase.h"
#include "matrix/request.h"
#include "store/askstore.h"
#include "store/audit.h"
#include "store/casestore.h"
#include "store/consentstore.h"
#include "store/erasure.h"
#include "store/holdstore.h"
#include "store/intakestore.h"
#include "store/matchstore.h"
#include "store/notestore.h"
#include "store/outbox.h"
#include "store/peoplestore.h"
#include "store/reading.h"
#include "store/subject.h"
#include "talk.h"
#include "traffic.h"

#define DAY_MS	(24 * 3600 * 1000LL)

/* How long what must be kept is kept from now. */
static int64_t
legal_until(const struct app *app)
{
	return app_now(app) + (app->cfg->keep_legal > 0 ? app->cfg->keep_legal : ERASE_LEGAL_DAYS) * DAY_MS;
}

/* Consents and the accounting of what was disclosed under them. */
static int
keeps(struct app *app, const char *referral, bool *ret)
{
	struct consent_row consent;
	int r = consent_for(app->db, referral, &consent);

	if (r == 0)
		consent_row_free(&consent);
	*ret = r == 0;
	return r == E_NOTFOUND ? 0 : r;
}

/* As what is kept as long as a hold is told. */
static int
say_kept(struct app *app, const char *referral, bool accounted, json_t *content, int64_t *ret_until)
{
	json_t *keeps = json_array();
	struct held held = { .until = 0 };
	char who[SUBJECT_NAME];
	int r = hold_of(app->db, subject_legal(referral, who), &held), bad = json_object_set_new(content, "keeps", keeps);

	*ret_until = r == 0 ? held.until : legal_until(app);
	if (accounted && *ret_until != 0 && *ret_until < legal_until(app))
		*ret_until = legal_until(app);
	bad |= accounted ? json_array_append_new(keeps, json_string("consent")) | json_array_append_new(keeps, json_string("accounting")) : 0;
	bad |= r == 0 ? json_array_append_new(keeps, json_string("hold")) : 0;
	bad |= *ret_until != 0 ? json_object_set_new(content, "until", json_integer(*ret_until)) : 0;
	return r < 0 ? r : bad ? -ENOMEM : 0;
}

int
erase_answer(struct app *app, const char *org, const char *referral, const char *of, const char *result, struct err *reterr)
{
	struct ask ask = { .referral = referral, .org = org, .answer = result };
	bool held = strcmp(result, "held") == 0, kept = false;
	autojson json_t *content = NULL;
	char id[ID_LEN + 1];
	int r;

	if (strcmp(result, "unknown") != 0 && (r = keeps(app, referral, &kept)) != 0)
		return r;
	content = json_pack("{s:s, s:s, s:s}", "referral", referral, "result", held ? "kept" : result, "body",
	    held ? "We must keep this for now, under a hold. It is not used, and it is erased when the hold ends." : !strcmp(result, "erased") ? "We have erased what we knew of the member of this referral." :
	    !strcmp(result, "asked") ? "Our staff will decide about this request to erase." :
	    !strcmp(result, "kept") ? "We must keep some of this for the time the law says." : "We know of no such referral.");
	if (content == NULL)
		return -ENOMEM;
	if ((kept || held) && (r = say_kept(app, referral, kept, content, &ask.until)) != 0)
		return r;
	r = of != NULL ? traffic_unknown(app, org, of, ERASE_ACK, content) : traffic_send(app, org, NULL, ERASE_ACK, content, id, reterr);
	if (r != 0 && r != E_EXISTS)
		return r == E_NOTFOUND || r == E_REFUSED ? 0 : r;	/* No partner, or not now: what we do does not wait for them. */
	r = ask_answer(app->db, &ask);
	return r != 0 && r != E_NOTFOUND ? r : of != NULL ? E_EXISTS : 0;
}

int
erase_want(struct app *app, const char *referral, const char *actor)
{
	char who[SUBJECT_NAME];
	int r = erasure_want(app->db, subject_referral(referral, who), actor);

	return r != 0 ? r : audit_add(app->db, app_now(app), actor, "erase", referral, NULL);
}

/* Each partner who holds something is asked; one who asked us is told. */
static int
tell_partner(struct app *app, const struct case_row *row, const char *cause, struct err *reterr)
{
	autojson json_t *content = NULL;
	char id[ID_LEN + 1];
	int r;

	if (trust_org(app->trust, row->org) == NULL)
		return ask_put(app->db, row->id, row->org, true);	/* Listed as one who cannot be asked. */
	content = json_pack("{s:s, s:s, s:s}", "referral", row->id, "because", cause, "body",
	    "Please erase what you know of the member of this referral.");
	if (content == NULL)
		return -ENOMEM;
	if ((r = traffic_send(app, row->org, NULL, ERASE_REQUEST, content, id, reterr)) != 0)
		return r;
	return ask_put(app->db, row->id, row->org, true);
}

struct told {
	struct app	*app;
	const char	*referral, *result;
	struct err	*reterr;
	bool		 asked;
};

static int
answer_asker(void *cookie, const struct ask *a)
{
	struct told *t = cookie;

	if (a->ours || (a->answer != NULL && strcmp(a->answer, "asked") != 0 && strcmp(a->answer, "held") != 0))
		return 0;
	t->asked = true;
	return erase_answer(t->app, a->org, t->referral, NULL, t->result, t->reterr);
}

static int
list_add(json_t *plan, const char *key, json_t *line)
{
	if (json_object_get(plan, key) == NULL && json_object_set_new(plan, key, json_array()) != 0)
		return -ENOMEM;
	return line == NULL || json_array_append_new(json_object_get(plan, key), line) != 0 ? -ENOMEM : 0;
}

/* Somebody without Matrix is forgotten with the last that was asked for them. */
static int
plan_intake(struct app *app, const char *referral, json_t *plan)
{
	autointake struct intake who = { 0 };
	int64_t others;
	int r = intake_of(app->db, referral, &who);

	if (r != 0 || who.pid != 0)
		return r == E_NOTFOUND ? 0 : r;
	if ((r = intake_others(app->db, who.id, referral, &others)) != 0)
		return r;
	return others == 0 ? list_add(plan, "erases", json_sprintf("case %s: what they want to be called, their number, when they may be called: "
	    "nothing else is asked for them", who.id)) : list_add(plan, "keeps", json_sprintf("case %s, since %lld other%s asked for them; "
	    "cairn erase %s erases all of it", who.id, (long long)others, others == 1 ? " referral is" : " referrals are", who.id));
}

/* What was told in an emergency stays in the account, as what was disclosed under a consent does. */
static int
plan_account(struct app *app, const char *whose, json_t *plan)
{
	int r = disclosed_any(app->db, whose);

	return r != 0 ? (r == E_NOTFOUND ? 0 : r) : list_add(plan, "keeps", json_sprintf("the account of what was disclosed in an emergency, as %s, under "
	    "a key of its own, for the legal term of %lld days; tell the member so", whose, (long long)((legal_until(app) - app_now(app)) / DAY_MS)));
}

/* What will be done, as it is said to a person before they decide. */
static int
plan_case(struct app *app, const struct case_row *row, json_t *plan)
{
	const struct trust_org *org = trust_org(app->trust, row->org);
	bool kept;
	int r = keeps(app, row->id, &kept);

	if (r != 0 || (r = list_add(plan, "erases", json_sprintf("referral %s: the request, what was disclosed, its history and news",
	    row->id))) != 0)
		return r;
	if (kept && (r = list_add(plan, "keeps", json_sprintf("of referral %s the consent and the account of disclosures, under a key "
	    "of their own, for the legal term of %lld days; tell the member so", row->id,
	    (long long)((legal_until(app) - app_now(app)) / DAY_MS)))) != 0)
		return r;
	if (!kept && (r = plan_account(app, row->id, plan)) != 0)
		return r;
	return list_add(plan, "asks", json_sprintf("%s is asked to erase referral %s too; cairn list erasures shows the answer",
	    org != NULL ? org->name : row->org, row->id));
}

static int
plan_rest(json_t *plan)
{
	static const char *const lines[] = {
		"what homeservers hold: it is encrypted, and no copy of our database opens it afterwards; who was in which room, and when, stays there",
		"what is on the member's and other people's devices, and what staff wrote down elsewhere",
	};

	for (size_t i = 0; i < nelem(lines); i++)
		if (list_add(plan, "out_of_reach", json_string(lines[i])) != 0)
			return -ENOMEM;
	return 0;
}

static int
plan_held(const struct held *held, const char *what, json_t *plan)
{
	char day[WHEN_TEXT];

	return list_add(plan, "keeps", json_sprintf("%s: all of it is held, for %s%s%s. Nothing more is done with it; it is erased, and partners are asked, when "
	    "the hold is lifted. %s", what, hold_words(held->class), held->until != 0 ? ", until " : "", held->until != 0 ? when_print_day(held->until, day) : "",
	    held->untold ? "The member may not be told why" : "Tell the member so"));
}

/* What has not arrived is not told any more. */
static int
withhold_one(void *cookie, const struct disclosed_row *d)
{
	struct app *app = cookie;
	int r = d->arrived != 0 ? E_NOTFOUND : outbox_void(app->db, "traffic", d->id);

	if (r != 0 || (r = traffic_stop(app, d->id)) != 0)
		return r == E_NOTFOUND ? 0 : r;
	return traffic_withhold(app, d->id);
}

/* What is asked of something held is remembered; partners who asked are told, others are not asked yet. */
static int
keep_case(struct app *app, const char *actor, struct case_row *row, const char *cause, bool really, json_t *plan, const struct held *held,
    struct err *reterr)
{
	struct told told = { .app = app, .referral = row->id, .result = "held", .reterr = reterr };
	autofree char *what = NULL;
	char who[SUBJECT_NAME];
	int r = asprintf(&what, "referral %s", row->id) < 0 ? -ENOMEM : plan_held(held, what, plan);

	if (r != 0 || !really)
		return r;
	if ((r = disclosed_each(app->db, row->id, withhold_one, app)) != 0 || (r = ask_each(app->db, row->id, answer_asker, &told)) != 0 ||
	    (r = erase_want(app, row->id, actor)) != 0)
		return r;
	return hold_cause(app->db, subject_referral(row->id, who), cause);
}

static int
erase_case(struct app *app, const char *actor, struct case_row *row, const char *cause, bool really, json_t *plan,
    struct err *reterr)
{
	struct told told = { .app = app, .referral = row->id, .result = "erased", .reterr = reterr };
	struct held held;
	char who[SUBJECT_NAME];
	int r = hold_of(app->db, subject_referral(row->id, who), &held);

	if (r <= 0)
		return r < 0 ? r : keep_case(app, actor, row, cause, really, plan, &held, reterr);
	r = plan_case(app, row, plan);
	if (r != 0 || !really)
		return r;
	if ((r = ask_each(app->db, row->id, answer_asker, &told)) != 0 ||
	    (!told.asked && (r = tell_partner(app, row, cause, reterr)) != 0))
		return r;
	return erase_want(app, row->id, actor);
}

/* 0: it is, and the plan says so; E_NOTFOUND. */
static int
plan_if_held(struct app *app, const char *name, const char *what, json_t *plan)
{
	struct held held;
	int r = hold_of(app->db, name, &held);

	return r == 0 ? plan_held(&held, what, plan) : r;
}

/* A match that no referral led to: what was wished, who was chosen, and its notes.  E_NOTFOUND: it is none. */
static int
erase_match(struct app *app, const char *actor, const char *id, bool really, json_t *plan, struct err *reterr)
{
	autopairing struct pairing p = { 0 };
	char who[SUBJECT_NAME];
	int r = pairing_get(app->db, id, &p);

	if (r != 0)
		return r;
	if (json_str(p.body, "referral") != NULL)
		return err_set(reterr, E_REFUSED, "this match is of referral %s: erase that", json_str(p.body, "referral"));
	if ((r = plan_if_held(app, subject_referral(id, who), "this match", plan)) != E_NOTFOUND)
		return r == 0 && really ? erase_want(app, id, actor) : r;
	if ((r = list_add(plan, "erases", json_sprintf("match %s: what was wished, who was chosen, and its notes", id))) != 0 || (r = plan_account(app, id, plan)) != 0)
		return r;
	return really ? erase_want(app, id, actor) : 0;
}

struct parts {
	struct app	*app;
	const char	*actor, *cause;
	bool		 really;
	json_t		*plan;
	struct err	*reterr;
	long long	 entries;	/* Of the book. */
};

static int
erase_referral(void *cookie, const char *id)
{
	struct parts *p = cookie;
	struct case_row row;
	int r = case_get(p->app->db, id, &row);

	if (r == E_NOTFOUND)
		return (r = erase_match(p->app, p->actor, id, p->really, p->plan, p->reterr)) == E_NOTFOUND ? 0 : r;
	if (r != 0)
		return r;
	r = erase_case(p->app, p->actor, &row, p->cause, p->really, p->plan, p->reterr);
	case_free(&row);
	return r;
}

static int
erase_part(void *cookie, const char *name)
{
	struct parts *p = cookie;

	p->entries += strncmp(name, "entry:", 6) == 0;
	return strncmp(name, "referral:", 9) != 0 ? 0 : erase_referral(p, name + 9);
}

/* Somebody without Matrix, with all that was asked for them.  E_NOTFOUND: no such case. */
static int
erase_intake(struct app *app, const char *actor, const char *id, const char *cause, bool really, json_t *plan, struct err *reterr)
{
	struct parts parts = { app, actor, cause, really, plan, reterr, 0 };
	autointake struct intake who = { 0 };
	char name[SUBJECT_NAME];
	int r = intake_get(app->db, id, &who);

	if (r != 0 || who.pid != 0)
		return r != 0 ? r : E_NOTFOUND;
	if ((r = plan_if_held(app, subject_referral(id, name), "this case", plan)) == E_NOTFOUND)
		r = list_add(plan, "erases", json_sprintf("case %s: what they want to be called, their number, when they may be called, and the calls to make", id));
	if (r != 0 || (r = plan_account(app, id, plan)) != 0 || (r = erase_parts(app, name, erase_part, &parts)) != 0)
		return r;
	return really ? erase_want(app, id, actor) : 0;
}

/* We leave the room of the two of us: what is said there afterwards is not for us. */
static int
leave(struct app *app, int64_t pid)
{
	autojson json_t *nothing = json_object();
	autoroom struct room room = { 0 };
	autofree char *path = NULL;
	int r = room_by_person(app->db, pid, &room);

	if (r != 0 || room.room_id == NULL)
		return r == E_NOTFOUND ? 0 : r;
	path = request_path("/rooms/%s/leave", room.room_id);
	return path == NULL || nothing == NULL ? -ENOMEM :
	    outbox_call(app->db, "node", room.room_id, "POST", path, nothing, "leave", NULL);
}

static int
erase_person(struct app *app, const char *actor, int64_t pid, const char *cause, bool really, json_t *plan, struct err *reterr)
{
	char who[SUBJECT_NAME];
	struct parts parts = { app, actor, cause, really, plan, reterr, 0 };
	struct held held;
	int r = hold_of(app->db, subject_person(pid, who), &held);
	bool kept = r == 0;

	if (r == E_NOTFOUND)
		r = list_add(plan, "erases", json_string("their user id, what was said in the direct chat, and the keys that opened it; this node leaves that chat"));
	else if (r == 0)
		r = plan_held(&held, "their user id, what was said in the direct chat, and the keys that opened it", plan);
	if (r != 0 || (r = plan_account(app, who, plan)) != 0 || (r = erase_parts(app, who, erase_part, &parts)) != 0)
		return r;
	if (parts.entries > 0 && !kept && (r = list_add(plan, "erases", json_sprintf("what the book says of them: %lld entries", parts.entries))) != 0)
		return r;
	if (!really)
		return 0;
	if ((r = kept ? talk_held(app, pid, &held) : leave(app, pid)) != 0 || (r = erasure_want(app->db, who, actor)) != 0)
		return r;
	return audit_add(app->db, app_now(app), actor, "erase", who + strlen("person:"), NULL);
}

/* Accounts of organizations are no members. */
int
erase_whom(struct app *app, const char *user, int64_t *ret, struct err *reterr)
{
	int r;

	if (!strcmp(user, app->cfg->node_user) || !strcmp(user, app->cfg->steward_user) ||
	    trust_org_by_node(app->trust, user) != NULL)
		return err_set(reterr, E_REFUSED, "%s is an organization's account, not a member's", user);
	r = person_find(app->db, user, ret);
	return r == E_NOTFOUND ? err_set(reterr, r, "nothing is known of %s", user) : r;
}

struct lost_person {
	const char	*name;
	int64_t		 pid;
};

/* A person of whom nothing but the number can be read, as cairn doctor names them. */
static int
lost_person(void *cookie, const char *name)
{
	struct lost_person *l = cookie;

	if (!strcmp(name, l->name))
		l->pid = strtoll(name + strlen("person:"), NULL, 10);
	return 0;
}

static int
find_lost_person(struct app *app, const char *id, int64_t *ret, struct err *reterr)
{
	struct lost_person l = { .name = id };
	size_t orgs = trust_norgs(app->trust);
	int r = subject_each_lost(app->db, lost_person, &l);

	for (size_t i = 0; i < orgs + 2 && r == 0; i++) {
		const char *user = i < orgs ? trust_org_at(app->trust, i)->node : i == orgs ? app->cfg->node_user : app->cfg->steward_user;
		int64_t pid;

		if ((r = person_find(app->db, user, &pid)) == 0 && pid == l.pid)
			return err_set(reterr, E_REFUSED, "%s is an organization's account, not a member's", id);
		r = r == E_NOTFOUND ? 0 : r;
	}
	*ret = l.pid;
	return r != 0 ? r : l.pid > 0 ? 0 : err_set(reterr, E_NOTFOUND, "there is no %s of whom nothing can be read; name others by their user id", id);
}

static int
refuse_to(struct app *app, const char *actor, const char *id, json_t **ret, struct err *reterr)
{
	struct told told = { .app = app, .referral = id, .result = "kept", .reterr = reterr };
	int r = ask_each(app->db, id, answer_asker, &told);

	if (r == 0 && !told.asked)
		r = err_set(reterr, E_REFUSED, "no partner waits for our answer about referral %s", id);
	if (r != 0 || (r = audit_add(app->db, app_now(app), actor, "keep", id, NULL)) != 0)
		return r;
	*ret = json_pack("{s:s, s:s}", "id", id, "text", "the partner is told that it is kept");
	return *ret != NULL ? 0 : -ENOMEM;
}

struct finding {
	struct app	*app;
	const char	*actor, *cause;
	bool		 really;
	json_t		*plan;
	struct err	*reterr;
	bool		 found;
};

static int
found_lost(void *cookie, const char *id, const char *org)
{
	struct finding *f = cookie;
	struct case_row row = { .id = (char *)(uintptr_t)id, .org = (char *)(uintptr_t)org };

	f->found = true;
	return erase_case(f->app, f->actor, &row, f->cause, f->really, f->plan, f->reterr);
}

/* A referral of which nothing but its id can be read. */
static int
erase_lost(struct app *app, const char *actor, const char *id, const char *cause, bool really, json_t *plan, struct err *reterr)
{
	struct finding f = { app, actor, cause, really, plan, reterr, false };
	int r = case_lost_each(app->db, id, found_lost, &f);

	return r != 0 || f.found ? r : E_NOTFOUND;
}

static int
tell_member(struct app *app, const char *referral)
{
	autointake struct intake asked = { 0 };
	struct held held;
	char who[SUBJECT_NAME];
	int r = hold_of(app->db, subject_referral(referral, who), &held);

	if (r != 0)
		return r < 0 ? r : talk_erased(app, referral);
	r = intake_of(app->db, referral, &asked);
	return r != 0 || asked.pid == 0 ? (r == E_NOTFOUND ? 0 : r) : talk_held(app, asked.pid, &held);
}

int
erase_go_on(struct app *app, const char *name)
{
	const char *id = strncmp(name, "referral:", 9) == 0 ? name + 9 : NULL;
	struct told told = { .app = app, .referral = id, .result = "erased" };
	autofree char *actor = NULL, *cause = NULL;
	struct case_row row;
	int r = hold_wish(app->db, name, &actor, &cause);

	if (r != 0 || (r = hold_release(app->db, name)) != 0)
		return r == E_NOTFOUND ? 0 : r;
	if (!strncmp(name, "person:", 7))
		return leave(app, strtoll(name + 7, NULL, 10));
	if (id == NULL || (r = case_get(app->db, id, &row)) != 0)
		return r == E_NOTFOUND ? 0 : r;
	if ((r = ask_each(app->db, id, answer_asker, &told)) == 0 && !told.asked && cause != NULL)
		r = tell_partner(app, &row, cause, NULL);
	if (r == 0)
		r = talk_erased(app, id);
	case_free(&row);
	return r;
}

int
erase_run(struct app *app, const char *actor, const json_t *args, json_t **ret, struct err *reterr)
{
	const char *id = json_str(args, "id"), *confirm = json_str(args, "confirm"), *cause = json_str(args, "because");
	bool really = id != NULL && confirm != NULL && !strcmp(id, confirm);
	autojson json_t *plan = json_pack("{s:s*, s:b}", "id", id, "confirmed", really);
	const char *state;
	char who[SUBJECT_NAME];
	struct case_row row;
	int64_t pid = 0;
	int r;

	if (plan == NULL)
		return -ENOMEM;
	(void)db_reading(app->db, !really && !json_is_true(json_object_get(args, "keep")));
	if (id == NULL)
		return err_set(reterr, E_BAD, "id: whose data? The id of a referral or of a case, or a user id such as @ana:example.org");
	if (json_is_true(json_object_get(args, "keep")))
		return refuse_to(app, actor, id, ret, reterr);
	if (cause == NULL)
		cause = "member_asked";
	if (*id == '@') {
		if ((r = erase_whom(app, id, &pid, reterr)) == 0)
			r = erase_person(app, actor, pid, cause, really, plan, reterr);
	} else if (!strncmp(id, "person:", 7)) {
		if ((r = find_lost_person(app, id, &pid, reterr)) == 0)
			r = erase_person(app, actor, pid, cause, really, plan, reterr);
	} else if ((r = case_get(app->db, id, &row)) == 0) {
		if ((r = plan_intake(app, id, plan)) == 0)
			r = erase_case(app, actor, &row, cause, really, plan, reterr);
		if (r == 0 && really)
			r = tell_member(app, id);
		case_free(&row);
	} else if (r == E_NOTFOUND && ((r = erase_lost(app, actor, id, cause, really, plan, reterr)) != E_NOTFOUND ||
	    (r = erase_intake(app, actor, id, cause, really, plan, reterr)) != E_NOTFOUND ||
	    (r = erase_match(app, actor, id, really, plan, reterr)) != E_NOTFOUND)) {
		/* It was one. */
	} else if (r == E_NOTFOUND && erase_state(app, id, &state) == 0)
		r = err_set(reterr, E_EXISTS, "referral %s was erased before; cairn list erasures shows it", id);
	else if (r == E_NOTFOUND)
		r = err_set(reterr, r, "there is no referral and no case %s", id);
	if (r != 0 || (r = plan_rest(plan)) != 0)
		return r;
	/* What is known of whom is told by the plan, too. */
	if (!really && (r = audit_add(app->db, app_now(app), actor, "show", pid > 0 ? subject_person(pid, who) : subject_referral(id, who),
	    "what would be erased")) != 0)
		return r;
	/* What is waited for is a subject: the user id is nobody's from now on. */
	if (really && json_object_get(plan, "keeps") != NULL && json_object_get(plan, "erases") == NULL &&
	    json_object_set_new(plan, "text", json_string("it is held: nothing is erased until the hold is lifted, then all of it is; cairn list holds")) != 0)
		return -ENOMEM;
	if (really && (json_object_set_new(plan, "delivery", json_string("queued")) != 0 ||
	    (*id == '@' && json_object_set_new(plan, "id", json_string(subject_person(pid, who))) != 0)))
		return -ENOMEM;
	*ret = take(plan);
	return 0;
}
