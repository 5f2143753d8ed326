/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <string.h>

#include "agreed.h"
#include "base/canon.h"
#include "base/event.h"
#include "base/id.h"
#include "case.h"
#include "casepath.h"
#include "crypt/envelope.h"
#include "disclosure.h"
#include "domain/consent.h"
#include "domain/trust.h"
#include "domain/when.h"
#include "events.h"
#include "handlers.h"
#include "named.h"
#include "origin.h"
#include "passing.h"
#include "publish.h"
#include "revoke.h"
#include "rooms.h"
#include "store/audit.h"
#include "store/consentstore.h"
#include "store/outbox.h"
#include "traffic.h"
#include "trustlist.h"
#include "untold.h"
#include "waits.h"

#define TYPE_REVOKED	ID_NAMESPACE "consent.revoked"
#define TYPE_REVOKED_ACK ID_NAMESPACE "consent.revocation_ack"

static const char body_revoked[] = "A member has taken a consent back. From now on disclose nothing under it, and pass nothing on.";
static const char body_ended[] = "The event that ends a member's consent has happened. From now on disclose nothing under it, and pass nothing on.";

struct stopping {
	struct app	*app;
	bool		 left;		/* The member: what another consent would still allow stops, too. */
};

/* Of a disclosure the step goes, without what it disclosed: what is said next is made on it. */
static int
stop_one(void *cookie, const char *content_id)
{
	const struct stopping *s = cookie;
	struct app *app = s->app;
	struct traffic t;
	int r = traffic_get(app->db, content_id, &t);

	if (r != 0)
		return r == E_NOTFOUND ? 0 : r;
	r = s->left ? E_REFUSED : disclosure_in_force(app, t.referral, t.org, t.content);
	traffic_free(&t);
	if (r != E_REFUSED)
		return r;
	if ((r = outbox_void(app->db, "traffic", content_id)) != 0 || (r = traffic_stop(app, content_id)) != 0)
		return r;
	return traffic_withhold(app, content_id);
}

/* What has not left never does, but under another consent that is in force; and no key that is shared from now on belongs to what has. */
static int
stop(struct app *app, const char *referral, const char *org, bool left)
{
	struct stopping s = { app, left };
	struct room room;
	int r = 0;

	for (size_t i = 0; r == 0 && disclosure_types[i] != NULL; i++)
		r = traffic_open_each(app->db, referral, disclosure_types[i], stop_one, &s);
	if (r == 0)
		r = named_over(app, referral);
	if (r != 0 || app->crypt == NULL)
		return r;
	if ((r = rooms_channel(app, org, &room)) != 0)
		return r == E_LATER || r == E_NOTFOUND ? 0 : r;
	r = envelope_rotate(app->crypt, room.room_id);
	room_free(&room);
	return r;
}

static int
each_arrived(void *cookie, const struct disclosed_row *d)
{
	*(bool *)cookie |= d->consent != NULL && d->arrived != 0;
	return 0;
}

/* What a target took for a court the source does not know: by that no step of the referral is made. */
static int
for_court(const struct case_row *row, const struct consent_row *consent, bool *ret)
{
	autojson json_t *c = NULL;
	int r = row->r.side == REFERRAL_AT_TARGET ? canon_stored(consent->consent, &c) : 0;
	const char *covers = json_str(c, "covers");

	*ret = covers != NULL && !strcmp(covers, "proceedings");
	return r;
}

/* What becomes of the referral; the other side hears of the same step. */
static int
choose(struct app *app, const struct case_row *row, const char *how, enum ev_consent_revoked_then *ret)
{
	struct referral next;
	unsigned effects;
	bool arrived = row->r.side == REFERRAL_AT_TARGET;
	int r = arrived ? 0 : disclosed_each(app->db, row->id, each_arrived, &arrived);
	const struct referral_move move = { .input = arrived ? REFERRAL_IN_REVOKE : REFERRAL_IN_WITHDRAW,
	    .actor = REFERRAL_BY_MEMBER, .at = app_now(app) };

	if (r != 0)
		return r;
	*ret = !strcmp(how, "event") || !referral_may_say(&row->r, row->r.side, &move) ||
	    referral_step(&row->r, &move, &next, &effects) != 0 ?
	    EV_CONSENT_REVOKED_THEN_NOTHING : arrived ? EV_CONSENT_REVOKED_THEN_REVOKE : EV_CONSENT_REVOKED_THEN_WITHDRAW;
	return 0;
}

static enum referral_input
step_of(enum ev_consent_revoked_then then)
{
	return then == EV_CONSENT_REVOKED_THEN_REVOKE ? REFERRAL_IN_REVOKE : REFERRAL_IN_WITHDRAW;
}

/*
 * The other side may have been quicker with something that ends it.  ${ev}: theirs; NULL: ours.  Theirs may find no
 * place: E_NOTFOUND, E_REFUSED.  ${made}: it was not there before; or NULL.
 */
static int
step(struct app *app, struct case_row *row, enum ev_consent_revoked_then then, const char *who, const char *content_id,
    const struct ev_consent_revoked *ev, bool *made)
{
	const struct case_step s = { .input = step_of(then), .actor = REFERRAL_BY_MEMBER, .who = who, .id = content_id,
	    .prev = ev != NULL ? ev->prev : NULL, .leg = ev != NULL ? ev->leg : 0, .at = ev != NULL ? ev->sent_at : 0 };
	int r;

	/* A step of ours is made when the partner is told of it, under the same id. */
	if (then == EV_CONSENT_REVOKED_THEN_NOTHING || (ev != NULL && ev->prev == NULL) || *content_id == '\0')
		return 0;
	r = case_step(app, row, &s, NULL);
	if (made != NULL)
		*made |= r == 0;
	return r > 0 && (ev == NULL || r == E_EXISTS) ? 0 : r;
}

struct telling {
	struct app	*app;
	const struct consent_row *consent;
	const struct revoke_why *why;
	const char	*only;		/* Of the referral's consents, or NULL. */
	enum ev_consent_revoked_then then;
	int64_t		 now;
	const char	*partner;	/* Whose content id is wanted. */
	char		 content_id[ID_LEN + 1];
	json_t		*told, *not_told;
	struct case_row	*row;
	json_t		*done;		/* Of each consent that ended: whom it names, told or not. */
	int		 refusal;	/* Why none did, if none did; in words in ${reterr}. */
	struct err	*reterr;
};

/* One organization that the consent names hears of it. */
static int
tell(struct telling *t, const char *org)
{
	struct app *app = t->app;
	bool over = !strcmp(t->why->how, "event");
	struct holder_row holder = { .consent = t->consent->id, .org = (char *)org, .referral = t->consent->referral,
	    .told = t->now, .due = t->now + REVOKE_ACK_MS };
	autojson json_t *content = json_pack("{s:s, s:s, s:I, s:s, s:s, s:s}", "referral", t->consent->referral, "consent",
	    t->consent->id, "at", (json_int_t)t->now, "how", t->why->how, "then", event_enum_text(&ev_consent_revoked_then_names,
	    t->then), "body", over ? body_ended : body_revoked);
	char id[ID_LEN + 1];
	int r = 0;

	if (content == NULL)
		return -ENOMEM;
	/* The others hold no such referral. */
	if (!strcmp(org, t->partner) && t->then != EV_CONSENT_REVOKED_THEN_NOTHING)
		r = case_on(app, t->row, step_of(t->then), REFERRAL_BY_MEMBER, content, NULL);
	if (r > 0) {
		/* A referral that cannot go on: the consent ends all the same. */
		t->then = EV_CONSENT_REVOKED_THEN_NOTHING;
		r = json_object_set_new(content, "then", json_string(event_enum_text(&ev_consent_revoked_then_names, t->then))) != 0 ? -ENOMEM : 0;
	}
	if (r != 0)
		return r;
	/* Not as part of the referral: it waits for nothing that was said of it before. */
	r = traffic_send(app, org, NULL, TYPE_REVOKED, content, id, NULL);
	if (r == E_NOTFOUND || r == E_REFUSED) {
		/* They are not trusted now; they hear of it as soon as they are (revoke_step). */
		holder.told = 0;
		holder.due = t->now + REVOKE_AGAIN_MS;
	} else if (r != 0)
		return r;
	else if (!strcmp(org, t->partner))
		memcpy(t->content_id, id, sizeof(id));
	if (json_array_append_new(holder.told != 0 ? t->told : t->not_told, json_string(org)) != 0)
		return -ENOMEM;
	return holder_put(app->db, &holder);
}

static bool
listed(const json_t *list, const char *org)
{
	for (size_t i = 0; i < json_array_size(list); i++)
		if (!strcmp(json_string_value(json_array_get(list, i)), org))
			return true;
	return false;
}

static int
tell_parties(struct telling *t, const json_t *list)
{
	const char *own = publish_own_org(t->app);
	int r = 0;

	for (size_t i = 0; i < json_array_size(list) && r == 0; i++) {
		const char *org = json_str(json_array_get(list, i), "org");

		if (org != NULL && (own == NULL || strcmp(org, own) != 0) && !listed(t->told, org) && !listed(t->not_told, org))
			r = tell(t, org);
	}
	return r;
}

/* All whom the consent names, and the partner of the referral in any case. */
static int
tell_all(struct telling *t)
{
	autojson json_t *consent = NULL, *between = NULL, *partner = json_pack("[{s:s}]", "org", t->partner);
	const json_t *via;
	int r = canon_stored(t->consent->consent, &consent);

	if (r != 0)
		return r;
	via = json_obj(consent, "via");
	between = json_pack("[O*]", (json_t *)(uintptr_t)via);
	if (partner == NULL || between == NULL)
		return -ENOMEM;
	if ((r = tell_parties(t, partner)) != 0 || (r = tell_parties(t, json_arr(consent, "from"))) != 0 ||
	    (r = tell_parties(t, json_arr(consent, "to"))) != 0 || (r = tell_parties(t, between)) != 0)
		return r;
	return tell_parties(t, json_arr(via, "participants"));
}

int
revoke_note(struct app *app, const struct consent_row *consent, const struct revoke_why *why)
{
	autojson json_t *detail = json_pack("{s:s, s:s*}", "how", why->how, "recorded_by", why->recorded_by);
	autofree char *text = detail != NULL ? json_text(detail, JSON_COMPACT) : NULL;
	struct revocation_row v = { .consent = consent->id, .org = consent->org, .referral = consent->referral, .at = app_now(app),
	    .ended = !strcmp(why->how, "event"), .detail = text };
	int r;

	if (text == NULL)
		return -ENOMEM;
	if ((r = revocation_put(app->db, &v)) != 0 || v.ended)
		return r;
	r = consent_end(app->db, consent, v.at);
	return r == E_NOTFOUND ? 0 : r;
}

/* Was it revoked, or has it ended, before? */
static int
over_before(struct app *app, const struct consent_row *consent, bool event, struct err *reterr)
{
	struct revocation_row v;
	char day[WHEN_TEXT];
	int r = revocation_get(app->db, consent->id, consent->org, &v);
	bool same;

	if (r != 0)
		return r == E_NOTFOUND ? 0 : r;
	same = !v.ended || event;
	(void)when_print(v.at, day);
	revocation_row_free(&v);
	return same ? err_next(reterr, err_set(reterr, E_EXISTS, "this consent is no longer in force since %s; nothing changed", day),
	    "cairn accounting %s shows who was told, and who holds what", consent->referral) : 0;
}

/* Only a consent that names an event ends with one. */
static int
names_event(const struct consent_row *consent, struct err *reterr)
{
	autojson json_t *c = NULL;
	const char *kind;
	int r;

	if ((r = canon_stored(consent->consent, &c)) != 0)
		return r;
	kind = json_str(json_obj(c, "expires"), "kind");
	return kind != NULL && !strcmp(kind, "event") ? 0 : err_next(reterr, err_set(reterr, E_REFUSED, "this consent names no event that ends it"),
	    "if the member takes it back, say how: phone, paper, in_person");
}

/* One consent of the referral, unless it is over. */
static int
revoke_one(void *cookie, const struct consent_row *consent)
{
	struct telling *t = cookie;
	autojson json_t *told = json_array(), *not_told = json_array();
	const enum ev_consent_revoked_then then = t->then;
	bool event = !strcmp(t->why->how, "event"), court;
	int r = t->only != NULL && strcmp(consent->id, t->only) != 0 ? E_NOTFOUND : over_before(t->app, consent, event, t->reterr);

	if (r == 0 && event)
		r = names_event(consent, t->reterr);
	if (r != 0) {
		t->refusal = r;
		return r > 0 ? 0 : r;
	}
	if (told == NULL || not_told == NULL)
		return -ENOMEM;
	if ((r = for_court(t->row, consent, &court)) != 0)
		return r;
	if (court)
		t->then = EV_CONSENT_REVOKED_THEN_NOTHING;
	t->consent = consent;
	t->told = told;
	t->not_told = not_told;
	if ((r = revoke_note(t->app, consent, t->why)) != 0 || (r = passing_over(t->app, consent, t->why)) != 0 || (r = tell_all(t)) != 0 ||
	    (r = step(t->app, t->row, t->then, t->why->actor, t->content_id, NULL, NULL)) != 0 ||
	    (r = audit_case(t->app->db, t->now, t->why->actor, event ? "consent-ended" : "revoke", t->row->id, consent->id)) != 0)
		return r;
	t->then = court ? then : EV_CONSENT_REVOKED_THEN_NOTHING;	/* The referral ends once. */
	return json_array_append_new(t->done, json_pack("{s:s, s:O, s:O}", "consent", consent->id, "told", told, "not_told",
	    not_told)) != 0 ? -ENOMEM : 0;
}

int
revoke_consent(struct app *app, struct case_row *row, const struct revoke_why *why, const char *only, json_t **ret, struct err *reterr)
{
	autojson json_t *done = json_array();
	struct telling t = { .app = app, .why = why, .only = only, .now = app_now(app), .partner = row->org, .row = row, .done = done,
	    .refusal = E_NOTFOUND, .reterr = reterr };
	const json_t *first;
	int r = err_set(reterr, E_NOTFOUND, "no consent was given for referral %s, so there is none to take back", row->id);

	(void)err_next(reterr, r, "cairn show %s shows its state, and how to end it", row->id);
	if (done == NULL)
		return -ENOMEM;
	if ((r = choose(app, row, why->how, &t.then)) != 0 || (r = consent_each(app->db, row->id, revoke_one, &t)) != 0)
		return r;
	if (json_array_size(done) == 0)
		return t.refusal;
	if ((r = stop(app, row->id, row->org, strcmp(why->how, "event") != 0)) != 0 || (r = untold_look(app, row)) != 0)
		return r;
	first = json_array_get(done, 0);
	*ret = json_pack("{s:s, s:O, s:s, s:O, s:O, s:O}", "referral", row->id, "consent", json_object_get(first, "consent"), "state",
	    referral_state_name(row->r.state), "told", json_object_get(first, "told"), "not_told",
	    json_object_get(first, "not_told"), "consents", done);
	return *ret != NULL ? 0 : -ENOMEM;
}

struct opening {
	struct app	*app;
	unsigned	 what;
	json_t		*about;		/* The newest. */
};

static int
look_open(void *cookie, const struct consent_row *row)
{
	struct opening *o = cookie;
	autojson json_t *consent = NULL;
	struct revocation_row v = { 0 };
	int r = revocation_get(o->app->db, row->id, row->org, &v);

	revocation_row_free(&v);
	if (r != E_NOTFOUND)
		return r;
	if ((r = canon_stored(row->consent, &consent)) != 0)
		return r;
	o->what |= consent_classes(consent);
	json_decref(o->about);
	o->about = json_pack("{s:I, s:O*}", "at", (json_int_t)row->granted_at, "purpose", json_object_get(consent, "purpose"));
	return o->about != NULL ? 0 : -ENOMEM;
}

int
revoke_open(struct app *app, const char *referral, json_t **ret)
{
	struct opening o = { .app = app };
	autojson json_t *what = json_array(), *about = NULL;
	int r = what == NULL ? -ENOMEM : consent_each(app->db, referral, look_open, &o);

	about = o.about;
	for (enum consent_bit i = 0; i < CONSENT_NCLASSES && r == 0; i++)
		if (o.what & 1u << i && json_array_append_new(what, json_string(consent_class_name(i))) != 0)
			r = -ENOMEM;
	if (r != 0)
		return r;
	if (about != NULL && json_object_set(about, "what", what) != 0)
		return -ENOMEM;
	*ret = take(about);
	return 0;
}

int
revoke_run(struct app *app, const char *actor, const json_t *args, json_t **ret, struct err *reterr)
{
	const char *id = json_str(args, "referral");
	struct revoke_why why = { json_str(args, "how"), json_str(args, "recorded_by"), actor };
	struct case_row row;
	int r;

	if (id == NULL)
		return err_set(reterr, E_BAD, "referral: the id of a referral is missing");
	if (why.how == NULL || event_enum_value(&ev_consent_revoked_how_names, why.how) == 0)
		return err_set(reterr, E_BAD, "how: matrix, phone, paper, in_person, event or found_false is wanted");
	/* What staff write down is somebody's word. */
	if (why.recorded_by == NULL || strspn(why.recorded_by, " \t\r\n") == strlen(why.recorded_by) || strlen(why.recorded_by) > 200)
		return err_set(reterr, E_BAD, "recorded_by: the name of who took the call, the paper or the words is missing");
	if ((r = case_get(app->db, id, &row)) != 0)
		return r != E_NOTFOUND ? r : err_next(reterr, err_set(reterr, E_NOTFOUND, "there is no referral %s", id),
		    "cairn list referrals shows them");
	r = revoke_consent(app, &row, &why, NULL, ret, reterr);
	case_free(&row);
	return r;
}

/* Say now what could not be said to ${holder} when the consent ended. */
static int
tell_now(struct app *app, const struct holder_row *holder)
{
	autojson json_t *told = json_array(), *not_told = json_array(), *detail = NULL;
	struct revoke_why why = { "matrix", NULL, "node" };
	struct telling t = { .app = app, .why = &why, .now = app_now(app), .told = told, .not_told = not_told };
	struct consent_row consent = { 0 };
	struct revocation_row v = { 0 };
	struct case_row row = { 0 };
	bool court = false;
	int r = consent_get(app->db, holder->consent, &consent);

	if (r == 0 && (r = revocation_get(app->db, consent.id, consent.org, &v)) == 0 && (r = case_get(app->db, holder->referral, &row)) == 0)
		r = for_court(&row, &consent, &court);
	if (r == 0 && v.detail != NULL)
		r = canon_stored(v.detail, &detail);
	if (json_str(detail, "how") != NULL)
		why.how = json_str(detail, "how");
	t.consent = &consent;
	t.row = &row;
	t.partner = row.org;
	if (r == 0 && !strcmp(row.org, holder->org) && !court)
		r = choose(app, &row, why.how, &t.then);
	else
		t.then = EV_CONSENT_REVOKED_THEN_NOTHING;
	if (r == 0)
		r = told == NULL || not_told == NULL ? -ENOMEM : tell(&t, holder->org);
	if (r == 0)
		r = step(app, &row, t.then, why.actor, t.content_id, NULL, NULL);
	case_free(&row);
	revocation_row_free(&v);
	consent_row_free(&consent);
	return r;
}

int
revoke_step(struct app *app, bool *ret_more)
{
	struct holder_row holder;
	int r = holder_untold(app->db, app_now(app), &holder);

	if (r != 0)
		return r == E_NOTFOUND ? 0 : r;
	*ret_more = true;
	r = trustlist_why(app, holder.org, NULL) == 0 ? tell_now(app, &holder) : E_LATER;
	if (r > 0) {
		/* Erased meanwhile: nothing is left to be said. */
		holder.due = r == E_LATER ? app_now(app) + REVOKE_AGAIN_MS : INT64_MAX;
		r = holder_put(app->db, &holder);
	}
	holder_row_free(&holder);
	return r;
}

/*
 * What partners say.
 */

/* What is held here of that consent, as classes. */
static int
held(struct app *app, const struct case_row *row, json_t **ret)
{
	autojson json_t *list = json_array();
	unsigned what = 0;
	int r;

	if (row != NULL && row->r.side == REFERRAL_AT_TARGET && (r = agreed_held(app, row, &what)) != 0)
		return r;
	if (row != NULL && row->r.side == REFERRAL_AT_SOURCE && row->outcome != NULL)
		what = CONSENT_OUTCOME_CLASS;
	for (enum consent_bit i = 0; i < CONSENT_NCLASSES; i++)
		if (what & 1u << i && json_array_append_new(list, json_string(consent_class_name(i))) != 0)
			return -ENOMEM;
	*ret = take(list);
	return *ret != NULL ? 0 : -ENOMEM;
}

/* ${news}: it says what is here to be answered for, and what was not said before; else nothing is kept of the answer. */
static int
acknowledge(struct app *app, const struct ev_consent_revoked *ev, const struct origin *origin, const struct case_row *row, bool news)
{
	autojson json_t *keeps = NULL, *content = NULL;
	char id[ID_LEN + 1];
	int r = held(app, row, &keeps);

	if (r != 0)
		return r;
	if ((content = json_pack("{s:s, s:s, s:O, s:b, s:s}", "referral", ev->referral, "consent", ev->consent,
	    "keeps", keeps, "stops_redisclosure", 1, "body", "The consent is no longer in force here; nothing is passed on.")) == NULL)
		return -ENOMEM;
	return news ? traffic_send(app, origin->org, NULL, TYPE_REVOKED_ACK, content, id, origin->reason) :
	    traffic_unknown(app, origin->org, ev->id, TYPE_REVOKED_ACK, content);
}

int
on_consent_revoked(struct app *app, const struct ev_consent_revoked *ev, const struct origin *origin)
{
	char who[80];
	struct revoke_why why = { event_enum_text(&ev_consent_revoked_how_names, ev->how), NULL, who };
	struct consent_row consent = { .id = ev->consent, .org = (char *)origin->org };
	struct consent_row known = { 0 };
	struct case_row row = { 0 };
	int r = consent_get(app->db, ev->consent, &known);
	/* Of another partner's consent it says nothing; and one that is not known may still come. */
	bool ours = r == 0 && !strcmp(known.org, origin->org) && !strcmp(known.referral, ev->referral);
	bool theirs = false, full = false, news = false;
	const bool leaves = ev->prev != NULL && ev->then != EV_CONSENT_REVOKED_THEN_NOTHING;

	if (!ours && (r == 0 || r == E_NOTFOUND) && (r = waits_revocation(app, ev->consent, origin->org, &full)) != 0)
		goto done;
	if (r == 0 || r == E_NOTFOUND)
		r = case_get(app->db, ev->referral, &row);
	theirs = r == 0 && !strcmp(row.org, origin->org);
	if (r == E_NOTFOUND)
		r = 0;
	(void)snprintf(who, sizeof(who), "partner:%s", origin->org);
	if (r == 0 && full && !theirs)
		r = err_set(origin->reason, E_REFUSED, "too many revocations of its sender are of consents that are not known here");
	else if (r == 0 && !full && (r = over_before(app, ours ? &known : &consent, !strcmp(why.how, "event"), NULL)) == 0) {
		news = true;
		if ((r = revoke_note(app, ours ? &known : &consent, &why)) == 0 && ours)
			r = passing_over(app, &known, &why);
	} else if (r == E_EXISTS)
		r = 0;
	/* A target may end a referral by a consent that both know, not by one that it made up; nor may it believe that it did. */
	if (r == 0 && theirs && (r = stop(app, row.id, row.org, leaves)) == 0 && (r = untold_look(app, &row)) == 0)
		r = ours || row.r.side == REFERRAL_AT_TARGET || !leaves ? step(app, &row, ev->then, who, ev->id, ev, &news) : E_REFUSED;
	/*
	 * Of a referral that is not here nothing is written under its name: there would be a key for each that somebody makes up.  Nor of
	 * what was said before: there is no end to how often somebody says it anew.
	 */
	news &= ours || theirs;
	if (r == 0 && news)
		r = audit_case(app->db, app_now(app), who, "revoke", ev->referral, ev->consent);
	if (r == 0)
		/* The step is made; but a disclosure under that consent could still be taken: its sender must know. */
		r = full ? err_set(origin->reason, E_EXISTS, "too many revocations of its sender are of consents that are not known here") :
		    acknowledge(app, ev, origin, ours ? &row : NULL, news);
done:
	case_free(&row);
	consent_row_free(&known);
	if (full && !theirs)
		return r;
	/* The consent has ended here; its step is kept by whoever made it, and comes again. */
	return r == E_REFUSED || r == E_NOTFOUND ? err_set(origin->reason, E_EXISTS, "its step finds no place here") : r;
}

int
on_consent_revocation_ack(struct app *app, const struct ev_consent_revocation_ack *ev, const struct origin *origin)
{
	autojson json_t *detail = json_pack("{s:O, s:b}", "keeps", json_object_get(origin->content, "keeps"),
	    "stops_redisclosure", (int)ev->stops_redisclosure);
	autofree char *text = detail != NULL ? json_text(detail, JSON_COMPACT) : NULL;
	struct case_row row;
	bool first;
	char who[80];
	int r;

	if (text == NULL)
		return -ENOMEM;
	r = holder_ack(app->db, ev->consent, origin->org, ev->referral, app_now(app), text, &first);
	if (r != 0)
		return r == E_NOTFOUND ? err_set(origin->reason, E_REFUSED, "the sender was not told of such a revocation") : r;
	/* Said again it is no news; and an audit row about what was erased would make a key for it anew. */
	if (!first || (r = case_get(app->db, ev->referral, &row)) != 0)
		return r == E_NOTFOUND ? 0 : r;
	case_free(&row);
	(void)snprintf(who, sizeof(who), "partner:%s", origin->org);
	return audit_case(app->db, app_now(app), who, "revocation-ack", ev->referral, ev->consent);
}
