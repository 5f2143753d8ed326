/* SPDX-License-Identifier: Apache-2.0 */
#include "hold.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/canon.h"
#include "base/id.h"
#include "domain/hold.h"
#include "domain/when.h"
#include "erase.h"
#include "store/askstore.h"
#include "store/audit.h"
#include "store/casestore.h"
#include "store/consentstore.h"
#include "store/erasure.h"
#include "store/holdstore.h"
#include "store/intakestore.h"
#include "store/matchstore.h"
#include "store/subject.h"
#include "talk.h"

enum { REASON_MAX = 2000 };

/* "2027-03-31"; of an end that day is in it.  What is not said stays. */
static int
read_day(const struct app *app, const json_t *args, const char *key, bool whole, int64_t *ret, struct err *reterr)
{
	const char *day = json_str(args, key);
	char text[WHEN_TEXT];

	if (day == NULL)
		return 0;
	(void)snprintf(text, sizeof(text), "%.10sT00:00:00Z", day);
	if (strlen(day) != 10 || when_parse(text, ret) != 0)
		return err_set(reterr, E_BAD, "%s: a day such as 2027-03-31 is wanted", key);
	*ret += whole ? WHEN_DAY : 0;
	return *ret > app_now(app) ? 0 : err_set(reterr, E_BAD, "%s: that day is over", key);
}

static int
read_days(const struct app *app, const json_t *args, struct hold *h, struct err *reterr)
{
	int r;

	if ((r = read_day(app, args, "until", true, &h->until, reterr)) != 0 || (r = read_day(app, args, "review", false, &h->review, reterr)) != 0)
		return r;
	return h->until != 0 || h->review != 0 ? 0 : err_set(reterr, E_BAD, "review: a hold ends on a day (until), or is looked at again on one (review): which?");
}

static int
read_reason(const json_t *args, const char **ret, struct err *reterr)
{
	*ret = json_str(args, "reason_text");
	return *ret == NULL || **ret == '\0' || strlen(*ret) > REASON_MAX ?
	    err_set(reterr, E_BAD, "reason: why, and who ordered it, in at most %d bytes", REASON_MAX) : 0;
}

/* Is that what is left of an erased referral, case or match? */
static int
is_left(struct app *app, const char *id)
{
	struct consent_row consent = { 0 };
	int r = consent_for(app->db, id, &consent);

	consent_row_free(&consent);
	return r != E_NOTFOUND ? r : disclosed_any(app->db, id);
}

static int
lost_one(void *cookie, const char *id, const char *org)
{
	(void)id;
	(void)org;
	*(bool *)cookie = true;
	return 0;
}

/* Is there a referral, case or match of that id?  0; E_NOTFOUND; E_REFUSED: it goes by another name. */
static int
find(struct app *app, const char *id, struct err *reterr)
{
	autopairing struct pairing p = { 0 };
	autointake struct intake who = { 0 };
	struct case_row row;
	bool lost = false;
	int r = case_get(app->db, id, &row);

	if (r == 0)
		case_free(&row);
	if (r != E_NOTFOUND || (r = case_lost_each(app->db, id, lost_one, &lost)) != 0 || lost)
		return r;
	if ((r = intake_get(app->db, id, &who)) != E_NOTFOUND)
		return r == 0 && who.pid != 0 ? err_set(reterr, E_REFUSED, "this case is of somebody who has a chat: name their user id") : r;
	if ((r = pairing_get(app->db, id, &p)) != E_NOTFOUND)
		return r == 0 && json_str(p.body, "referral") != NULL ?
		    err_set(reterr, E_REFUSED, "this match is of referral %s: hold that", json_str(p.body, "referral")) : r;
	return is_left(app, id);
}

static int
whom(struct app *app, const char *id, char ret[SUBJECT_NAME], struct err *reterr)
{
	int64_t pid;
	int r;

	if (id == NULL)
		return err_set(reterr, E_BAD, "id: whom? The id of a referral, case or match, or a user id such as @ana:example.org");
	if (*id == '@') {
		if ((r = erase_whom(app, id, &pid, reterr)) == 0)
			(void)subject_person(pid, ret);
		return r;
	}
	if ((r = find(app, id, reterr)) == E_NOTFOUND)
		return err_set(reterr, r, "there is no referral, case or match %s, and nothing is left of one", id);
	(void)subject_referral(id, ret);
	return r;
}

static int
answer(const struct hold *h, const char *text, json_t **ret)
{
	char until[WHEN_TEXT], review[WHEN_TEXT];

	*ret = json_pack("{s:s, s:s, s:s, s:s*, s:s*, s:s}", "hold", h->id, "what", h->name, "class", h->class, "until",
	    h->until != 0 ? when_print_day(h->until - 1, until) : NULL, "review", h->review != 0 ? when_print_day(h->review, review) : NULL, "text", text);
	return *ret != NULL ? 0 : -ENOMEM;
}

int
hold_place(struct app *app, const char *actor, const json_t *args, json_t **ret, struct err *reterr)
{
	const char *class = json_str(args, "class"), *reason;
	struct hold h = { .placed = app_now(app), .untold = json_is_true(json_object_get(args, "untold")) };
	char id[ID_LEN + 1], name[SUBJECT_NAME];
	int r = whom(app, json_str(args, "id"), name, reterr);

	if (r != 0)
		return r;
	if (event_enum_value(&hold_classes, class) == 0)
		return err_set(reterr, E_BAD, "class: for which duty? cairn help hold lists them");
	if ((r = read_days(app, args, &h, reterr)) != 0 || (r = read_reason(args, &reason, reterr)) != 0)
		return r;
	id_new(app->world, id);
	h.id = id;
	h.name = name;
	h.class = (char *)(uintptr_t)class;
	h.reason = (char *)(uintptr_t)reason;
	if ((r = hold_put(app->db, &h)) != 0 || (r = audit_add(app->db, app_now(app), actor, "hold", name, class)) != 0)
		return r;
	return answer(&h, h.untold ? "held: it is not erased before this is lifted; whoever asks to be forgotten is told that something is kept, not why" :
	    "held: it is not erased before this is lifted; whoever asks to be forgotten is told so, and why", ret);
}

/* In force. */
static int
need(struct app *app, const json_t *args, struct hold *ret, struct err *reterr)
{
	const char *id = json_str(args, "hold");
	int r = id == NULL ? E_NOTFOUND : hold_get(app->db, id, ret);

	if (r != 0)
		return r == E_NOTFOUND ? err_set(reterr, id == NULL ? E_BAD : r, "no hold has this id") : r;
	return ret->lifted == 0 ? 0 : err_set(reterr, E_REFUSED, "this hold was lifted before");
}

int
hold_look(struct app *app, const char *actor, const json_t *args, json_t **ret, struct err *reterr)
{
	autohold struct hold h = { 0 };
	int r;

	if ((r = need(app, args, &h, reterr)) != 0 || (r = read_days(app, args, &h, reterr)) != 0 || (r = hold_put(app->db, &h)) != 0 ||
	    (r = audit_add(app->db, app_now(app), actor, "hold review", h.name, h.class)) != 0)
		return r;
	return answer(&h, "the hold goes on", ret);
}

static int
add_name(void *cookie, const char *name)
{
	return json_array_append_new(cookie, json_string(name)) != 0 ? -ENOMEM : 0;
}

/* Partners who asked about somebody held: whoever needs no decision of staff has been answered. */
static int
add_held(void *cookie, const struct ask *a)
{
	return !a->ours && a->answer != NULL && strcmp(a->answer, "held") == 0 &&
	    json_array_append_new(cookie, json_pack("[s, s]", a->referral, a->org)) != 0 ? -ENOMEM : 0;
}

/* What staff had to wait with is theirs to decide now. */
static int
ask_again(struct app *app)
{
	autojson json_t *asks = json_array();
	const json_t *one;
	size_t i;
	int r = asks == NULL ? -ENOMEM : ask_each(app->db, NULL, add_held, asks);

	json_array_foreach(asks, i, one) {
		struct ask ask = { .referral = json_string_value(json_array_get(one, 0)), .org = json_string_value(json_array_get(one, 1)), .answer = "asked" };
		char who[SUBJECT_NAME];
		struct held held;

		if (r != 0 || (r = hold_of(app->db, subject_referral(ask.referral, who), &held)) < 0)
			return r;
		r = r == 0 ? 0 : ask_answer(app->db, &ask);
	}
	return r;
}

struct anew {
	struct app	*app;
	bool		 found;
};

/* A request that is not wanted erased came after the wish. */
static int
look_anew(void *cookie, const char *id)
{
	struct anew *a = cookie;
	autofree char *actor = NULL, *cause = NULL;
	char who[SUBJECT_NAME];
	struct case_row row;
	int r = hold_wish(a->app->db, subject_referral(id, who), &actor, &cause);

	if (r != E_NOTFOUND || (r = case_get(a->app->db, id, &row)) != 0)
		return r < 0 ? r : 0;
	case_free(&row);
	a->found = true;
	return 0;
}

/* Whoever has asked for support since is not forgotten with that: E_EXISTS. */
static int
keep_anew(struct app *app, const char *name)
{
	int64_t pid = strncmp(name, "person:", 7) == 0 ? strtoll(name + 7, NULL, 10) : 0;
	autointake struct intake who = { 0 };
	struct anew a = { app, false };
	int r = pid > 0 ? intake_by_person(app->db, pid, &who) : E_NOTFOUND;

	if (r != 0 || (r = intake_referrals(app->db, who.id, look_anew, &a)) != 0 || !a.found)
		return r == E_NOTFOUND ? 0 : r;
	if ((r = hold_unwish(app->db, name)) != 0 || (r = audit_add(app->db, app_now(app), "node", "erase_not", name, NULL)) != 0 ||
	    (r = talk_say(app, pid, "You wanted to be forgotten while something had to be kept here, and you have asked for support since. So this chat and that request stay; "
	    "what was asked before is erased. If you want all of it forgotten, write so here: people read it.")) != 0)
		return r;
	return E_EXISTS;
}

static int
lift(struct app *app, const char *actor, struct hold *h)
{
	autojson json_t *wanted = json_array();
	const json_t *name;
	struct held held;
	size_t i;
	int r = wanted == NULL ? -ENOMEM : hold_wanted(app->db, h->id, add_name, wanted);

	h->lifted = app_now(app);
	if (r != 0 || (r = hold_put(app->db, h)) != 0 || (r = audit_add(app->db, app_now(app), actor, "hold lifted", h->name, h->class)) != 0)
		return r;
	json_array_foreach(wanted, i, name) {
		if ((r = hold_of(app->db, json_string_value(name), &held)) == E_NOTFOUND && (r = keep_anew(app, json_string_value(name))) == 0)
			r = erase_go_on(app, json_string_value(name));
		if (r != 0 && r != E_EXISTS)
			return r;
	}
	return ask_again(app);
}

int
hold_lift(struct app *app, const char *actor, const json_t *args, json_t **ret, struct err *reterr)
{
	autohold struct hold h = { 0 };
	autofree char *both = NULL;
	const char *why;
	int r;

	if ((r = need(app, args, &h, reterr)) != 0 || (r = read_reason(args, &why, reterr)) != 0)
		return r;
	if (asprintf(&both, "%s\n%s", h.reason != NULL ? h.reason : "", why) < 0)
		return -ENOMEM;
	free(h.reason);
	h.reason = take(both);
	return (r = lift(app, actor, &h)) != 0 ? r : answer(&h, "lifted: what was asked to be erased meanwhile is erased now", ret);
}

int
hold_step(struct app *app)
{
	int r;

	do {
		autohold struct hold h = { 0 };
		autofree char *id = NULL;

		if ((r = hold_over(app->db, &id)) == 0 && (r = hold_get(app->db, id, &h)) == 0)
			r = lift(app, "term", &h);
	} while (r == 0);
	return r == E_NOTFOUND ? 0 : r;
}

int
hold_bars(struct app *app, const char *referral, struct err *reterr)
{
	autofree char *actor = NULL, *cause = NULL;
	char who[SUBJECT_NAME];
	int r = hold_wish(app->db, subject_referral(referral, who), &actor, &cause);

	if (r != 0)
		return r == E_NOTFOUND ? 0 : r;
	return err_set(reterr, E_REFUSED, "this is to be erased, and only kept as long as it is held: nothing more is done with it; a consent can be taken back");
}

static int
add_hold(void *cookie, const struct hold *h)
{
	char placed[WHEN_TEXT], until[WHEN_TEXT], review[WHEN_TEXT], lifted[WHEN_TEXT];

	return json_array_append_new(cookie, json_pack("{s:s, s:s, s:s, s:s, s:s*, s:s*, s:s*, s:b, s:s*}", "id", h->id, "what", h->name, "class", h->class,
	    "placed", when_print_day(h->placed, placed), "review", h->review != 0 ? when_print_day(h->review, review) : NULL,
	    "until", h->until != 0 ? when_print_day(h->until - 1, until) : NULL, "lifted", h->lifted != 0 ? when_print_day(h->lifted, lifted) : NULL,
	    "untold", h->untold, "reason", h->reason)) != 0 ? -ENOMEM : 0;
}

int
hold_list(struct app *app, json_t *items)
{
	return hold_each(app->db, add_hold, items);
}
