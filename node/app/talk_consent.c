/* SPDX-License-Identifier: Apache-2.0 */
#include "talk_consent.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/canon.h"
#include "base/id.h"
#include "case.h"
#include "casepath.h"
#include "disclosure.h"
#include "facts.h"
#include "lifeline.h"
#include "domain/asked.h"
#include "domain/consent_ask.h"
#include "domain/when.h"
#include "store/audit.h"
#include "store/intakestore.h"
#include "store/peoplestore.h"

#define STATE	"consent"
#define LISTED	"accepted"		/* The referrals that were listed last. */

enum { LISTED_MAX = 9 };
static const int64_t OFFER_MS = 3 * WHEN_DAY, FRESH_MS = WHEN_DAY / 24;

static json_t *
state_of(const struct talk *t)
{
	return json_obj(t->state, STATE);
}

bool
talk_consent_waits(const struct referral *r)
{
	return r->side == REFERRAL_AT_SOURCE && r->state == REFERRAL_ACCEPTED && !r->consented && !r->cancelling;
}

bool
talk_consent_open(const struct talk *t)
{
	return state_of(t) != NULL && json_obj(state_of(t), "offer") == NULL;
}

bool
talk_consent_fresh(const struct talk *t)
{
	return talk_consent_open(t) && app_now(t->app) - json_int(state_of(t), "asked_at", 0) < FRESH_MS;
}

bool
talk_consent_offered(const struct talk *t)
{
	return json_obj(state_of(t), "offer") != NULL;
}

struct young {
	struct app	*app;
	bool		 young;
};

static int
look_young(void *cookie, const char *id)
{
	struct young *y = cookie;
	autojson json_t *facts = NULL;
	struct case_row row;
	int r = case_get(y->app->db, id, &row);

	if (r != 0)
		return r == E_NOTFOUND ? 0 : r;
	if ((r = facts_of(y->app, &row, &facts)) == 0)
		y->young = y->young || asked_minor(json_str(facts, "age_band"));
	case_free(&row);
	return r;
}

/* Was it ever said, here or of another request, that they are under age? */
static int
find_young(struct app *app, const struct case_row *row, bool *ret)
{
	autointake struct intake who = { 0 };
	autojson json_t *state = NULL;
	struct young y = { app, false };
	int r = intake_of(app->db, row->id, &who);

	if (r != 0 || (who.talk != NULL && (r = canon_stored(who.talk, &state)) != 0) || (r = intake_referrals(app->db, who.id, look_young, &y)) != 0)
		return r == E_NOTFOUND ? 0 : r;
	*ret = y.young || json_is_true(json_object_get(state, TALK_YOUNG));
	return 0;
}

/* The form as staff would have it.  0; E_REFUSED: not now; E_LATER: a minor's, for whom others sign, too. */
static int
form_of(struct app *app, const struct case_row *row, json_t **ret)
{
	json_t *form = NULL;
	bool young = false;
	int r = find_young(app, row, &young);

	if (r == 0)
		r = disclosure_template(app, row, &form, NULL);
	if (r == 0 && (young || json_obj(json_obj(form, "consent"), "minor") != NULL))
		r = E_LATER;
	if (r != 0) {
		json_decref(form);
		return r < 0 || r == E_LATER ? r : E_REFUSED;
	}
	*ret = form;
	return 0;
}

static const char minor_words[] = "You said that you are under 18, and the rules on who has to agree besides you differ from place to place, so this is not done in this chat alone: "
    "people here do it with you. Write to them here, without a \"!\". Until then nothing is told.";

int
talk_consent_news(struct app *app, const struct case_row *row, const char *name, struct buf *out)
{
	autojson json_t *form = NULL;
	const json_t *consent;
	char day[WHEN_TEXT];
	int r = buf_printf(out, "%s said yes to your request. ", name);

	if (r == 0)
		r = buf_puts(out, row->r.disclosed ? "What they were told of you before they may use only if you consent anew. " : "They do not know who you are. ");
	if (r != 0 || (r = form_of(app, row, &form)) < 0)
		return r;
	if (r > 0)
		return buf_puts(out, r == E_LATER ? minor_words : "People here will ask you whether they may; you decide.");
	consent = json_obj(form, "consent");
	return buf_printf(out, "Whether they may is yours to decide; nobody asks why. If you agree, %s is told, and nobody else: a name that you choose, how to reach you and, "
	    "if you like, what you want support with and what they should mind. It is for this: %s It would hold until %s, and you could take it back at any time with "
	    "!revoke. If you say no, or nothing, nothing is told; you can take the request back with !cancel, or ask somebody else.\nTo decide, write !consent: a few "
	    "questions, one at a time, and at the end you see the exact words before you say yes or no. Or write to people here.",
	    json_str(json_array_get(json_arr(consent, "to"), 0), "name"), json_str(consent, "purpose"),
	    when_print_day(json_int(json_obj(consent, "expires"), "at", 0), day));
}

/* The referral that it is about, if that waits still; case_free.  E_NOTFOUND: it does not. */
static int
row_of(struct talk *t, struct case_row *ret)
{
	const char *id = json_str(state_of(t), "referral");
	int r = id != NULL ? case_get(t->app->db, id, ret) : E_NOTFOUND;

	if (r == 0 && !talk_consent_waits(&ret->r)) {
		case_free(ret);
		r = E_NOTFOUND;
	}
	return r;
}

static int
ask(struct talk *t)
{
	autofree char *account = NULL;
	int r = person_user(t->app->db, t->pid, &account);

	t->quiet = true;
	(void)json_object_del(state_of(t), "late");
	if (json_object_set_new(state_of(t), "asked_at", json_integer(app_now(t->app))) != 0)
		return -ENOMEM;
	return r != 0 ? (r > 0 ? ERR_CORRUPT : r) : consent_ask_question(json_obj(state_of(t), "answers"), account, &t->say);
}

int
talk_consent_late(struct talk *t)
{
	int r;

	if (json_object_get(state_of(t), "late") != NULL)
		return E_NOTFOUND;
	if (json_object_set_new(state_of(t), "late", json_true()) != 0)
		return -ENOMEM;
	r = buf_puts(&t->say, "People here read what you wrote, and it is told to nobody else. If it was an answer: you were being asked what may be told of you. "
	    "!next asks it again, !stop ends it.");
	return r != 0 ? r : lifeline_say(t->app, &t->say);
}

/* It cannot go on. */
static int
give_up(struct talk *t, int why)
{
	(void)json_object_del(t->state, STATE);
	return buf_puts(&t->say, why == E_LATER ? minor_words : why == E_NOTFOUND ? "This request does not wait for your consent any more; nothing was told. !status shows how it is." :
	    "This cannot be done here now, so nothing was told. People here see what you write, and do it with you.");
}

static int
begin(struct talk *t, const char *id)
{
	autojson json_t *form = NULL;
	autofree char *name = NULL;
	struct case_row row;
	int r;

	if (json_object_set_new(t->state, STATE, json_pack("{s:s, s:{}}", "referral", id, "answers")) != 0)
		return -ENOMEM;
	if ((r = row_of(t, &row)) != 0)
		return r < 0 ? r : give_up(t, r);
	if ((r = form_of(t->app, &row, &form)) == 0)
		r = talk_name(t->app, &row, &name);
	case_free(&row);
	if (r != 0)
		return r < 0 ? r : give_up(t, r);
	if ((r = buf_printf(&t->say, "This is about what %s may know of you. One question at a time; at the end you see all of it, and decide. Nothing is told before that. "
	    "People here can read what you write in your own words; !stop ends it.\n", name)) != 0)
		return r;
	return ask(t);
}

struct listing {
	struct talk	*talk;
	json_t		*ids;
};

static int
list_one(void *cookie, const struct case_row *row, const char *name)
{
	struct listing *l = cookie;
	char day[WHEN_TEXT];

	if (!talk_consent_waits(&row->r) || json_array_size(l->ids) == LISTED_MAX)
		return 0;
	if (json_array_append_new(l->ids, json_string(row->id)) != 0)
		return -ENOMEM;
	return buf_printf(&l->talk->say, "%zu. %s, asked on %s\n", json_array_size(l->ids), name, when_print_day(row->created, day));
}

int
talk_consent(struct talk *t, const char *words)
{
	autojson json_t *ids = json_array();
	struct listing l = { t, ids };
	const json_t *seen = json_arr(t->state, LISTED);
	size_t n, which = *words >= '1' && *words <= '9' ? strtoul(words, NULL, 10) : 0;
	int r = ids == NULL ? -ENOMEM : 0;

	if (r == 0 && talk_asking(t))
		return buf_puts(&t->say, "You are asking for support now. Answer that first, or write !cancel.");
	if (r != 0 || (r = talk_each(t, list_one, &l)) != 0)
		return r;
	n = json_array_size(ids);
	(void)json_object_del(t->state, STATE);
	if (n == 0)
		return buf_puts(&t->say, "No request of yours waits for your consent now. !status shows how it is.");
	/* A number is one of the list that they have seen. */
	if (n == 1 || (which >= 1 && which <= n && seen != NULL && json_equal((json_t *)(uintptr_t)seen, ids))) {
		buf_cut(&t->say, t->say.len);
		return begin(t, json_string_value(json_array_get(ids, n == 1 ? 0 : which - 1)));
	}
	if (json_object_set(t->state, LISTED, ids) != 0)
		return -ENOMEM;
	return buf_puts(&t->say, "Which one? Write the number, for example: !consent 1");
}

/* The form as the member answered it, and the words that it comes to. */
static int
fill(struct talk *t, const struct case_row *row, int64_t ends, json_t **ret, struct buf *words)
{
	autojson json_t *form = NULL;
	autofree char *name = NULL;
	autobuf struct buf asked = { 0 };
	bool ignored;
	int r = form_of(t->app, row, &form);

	if (r != 0 || (r = talk_name(t->app, row, &name)) != 0 || (r = talk_asked(t->app, row, &ignored, &asked)) != 0)
		return r;
	if (json_object_set_new(json_obj(json_obj(form, "consent"), "expires"), "at", json_integer(ends)) != 0 ||
	    json_object_set_new(form, "referral", json_string(row->id)) != 0)
		return -ENOMEM;
	if ((r = consent_ask_fill(json_obj(state_of(t), "answers"), form)) != 0 || 
	    (r = consent_ask_words(form, &(struct consent_ask_case){ name, asked.data, row->r.disclosed }, words)) != 0)
		return r;
	*ret = take(form);
	return 0;
}

/* How long the form would have it hold from now. */
static int
ends_of(struct talk *t, const struct case_row *row, int64_t *ret)
{
	autojson json_t *form = NULL;
	int r = form_of(t->app, row, &form);

	if (r == 0)
		*ret = json_int(json_obj(json_obj(form, "consent"), "expires"), "at", 0);
	return r;
}

/* Show all of it, with new letters. */
static int
offer(struct talk *t)
{
	autojson json_t *form = NULL;
	autowipe struct buf words = { 0 };
	char once[ID_LEN + 1], terms[CONSENT_ASK_TERMS], code[CONSENT_ASK_CODE + 1], day[WHEN_TEXT];
	int64_t ends = 0, until = app_now(t->app) + OFFER_MS;
	struct case_row row;
	int r = row_of(t, &row);

	t->quiet = true;
	if (r != 0)
		return r < 0 ? r : give_up(t, r);
	if ((r = ends_of(t, &row, &ends)) == 0)
		r = fill(t, &row, ends, &form, &words);
	id_new(t->app->world, once);
	if (r == 0) {
		consent_ask_code(words.data, once, row.r.leg, terms, code);
		if (json_object_set_new(state_of(t), "offer", json_pack("{s:s, s:s, s:I, s:I}", "code", code, "once", once, "ends", (json_int_t)ends, "until",
		    (json_int_t)until)) != 0)
			r = -ENOMEM;
	}
	case_free(&row);
	if (r != 0)
		return r < 0 ? r : give_up(t, r);
	return buf_printf(&t->say, "%s\nIf exactly these words are right for you, write !yes %s. If not, write !no. To tell less, or something else, write !consent. The letters hold until %s; "
	    "until you say yes nothing is told.", words.data, code, when_print_day(until, day));
}

int
talk_consent_answer(struct talk *t, const char *words)
{
	autofree char *account = NULL;
	struct err why = { "" };
	bool over = false, own;
	int r;

	if (!talk_consent_open(t))
		return E_NOTFOUND;
	own = consent_ask_own_words(json_obj(state_of(t), "answers"));
	if ((r = person_user(t->app->db, t->pid, &account)) != 0)
		return r > 0 ? ERR_CORRUPT : r;
	t->quiet = true;
	r = consent_ask_answer(json_obj(state_of(t), "answers"), account, words, &over, &why);
	if (r == E_BAD)
		return (r = buf_printf(&t->say, "%s%s\n", why.text, words != NULL ? " What you wrote is for people here to read." : "")) != 0 ? r : ask(t);
	if (r != 0)
		return r;
	t->took = words != NULL && !own;
	return over ? offer(t) : ask(t);
}

int
talk_consent_next(struct talk *t)
{
	return talk_consent_offered(t) ? offer(t) : ask(t);
}

int
talk_consent_hint(struct talk *t)
{
	return buf_printf(&t->say, "Nothing of this has been told yet. If the words that you were shown are right for you, write !yes %s; if not, write !no. !next shows them again, and "
	    "people here read what else you write.", json_str(json_obj(state_of(t), "offer"), "code"));
}

bool
talk_consent_drop(struct talk *t)
{
	bool was = state_of(t) != NULL;

	(void)json_object_del(t->state, STATE);
	return was;
}

int
talk_consent_settle(struct talk *t)
{
	struct case_row row;
	int r = state_of(t) != NULL ? row_of(t, &row) : 0;

	if (state_of(t) != NULL && r == 0)
		case_free(&row);
	if (r == E_NOTFOUND)
		(void)talk_consent_drop(t);
	return r < 0 ? r : 0;
}

/* 0; positive: nothing was told, nor kept of it; E_UNDONE: what was begun is to be undone. */
enum { E_UNDONE = E_MODULE + 1 };

static int
disclose(struct talk *t, struct case_row *row, json_t *form)
{
	const struct case_step step = { .input = REFERRAL_IN_CONSENT, .actor = REFERRAL_BY_MEMBER, .who = "member", .id = "" };
	autojson json_t *content = NULL, *left = NULL, *result = NULL;
	int r = case_may_step(t->app, row, &step, NULL);

	if (r != 0 || (r = disclosure_build(t->app, row, form, &content, &left, NULL)) != 0)
		return r;
	r = case_tell(t->app, row, REFERRAL_IN_CONSENT, REFERRAL_BY_MEMBER, "member", disclosure_types[0], content, &result, NULL);
	return r > 0 ? E_UNDONE : r;
}

/* The words are the ones that were shown: they are signed, and what they say is told. */
static int
sign(struct talk *t, struct case_row *row, json_t *form, const char *terms, const char *words)
{
	char day[WHEN_TEXT];
	int r;

	if (json_object_set_new(json_obj(json_obj(form, "consent"), "signature"), "terms", json_string(terms)) != 0)
		return -ENOMEM;
	if ((r = disclose(t, row, form)) != 0)
		return r < 0 ? r : r == E_UNDONE ? E_REFUSED : give_up(t, E_REFUSED);
	(void)json_object_del(t->state, STATE);
	t->quiet = true;
	return buf_printf(&t->say, "Thank you. It is on its way to them, once, and to nobody else. !who shows who knows what, and !revoke takes your consent back at any time. "
	    "These are the words that you agreed to on %s:\n%s", when_print_day(app_now(t->app), day), words);
}

static int
show_anew(struct talk *t, const char *why)
{
	int r = buf_printf(&t->say, "Nothing was told: %s. Here are the words, with new letters.\n", why);

	return r != 0 ? r : offer(t);
}

int
talk_consent_yes(struct talk *t, const char *code)
{
	const json_t *offered = json_obj(state_of(t), "offer");
	autojson json_t *form = NULL;
	autowipe struct buf words = { 0 };
	char terms[CONSENT_ASK_TERMS], now[CONSENT_ASK_CODE + 1] = "";
	struct case_row row;
	int r;

	if (offered == NULL)
		return buf_puts(&t->say, "These letters stand for nothing that waits for your yes; nothing was told. !consent shows what may wait.");
	if (strcmp(code, json_str(offered, "code")) != 0)
		return show_anew(t, "these are not the letters below the words that were shown last");
	if (json_int(offered, "until", 0) <= app_now(t->app))
		return show_anew(t, "these letters are too old");
	if ((r = row_of(t, &row)) != 0)
		return r < 0 ? r : give_up(t, r);
	if ((r = fill(t, &row, json_int(offered, "ends", 0), &form, &words)) == 0) {
		consent_ask_code(words.data, json_str(offered, "once"), row.r.leg, terms, now);
		r = strcmp(now, code) == 0 ? sign(t, &row, form, terms, words.data) : show_anew(t, "something has changed since these words were shown");
	} else if (r > 0)
		r = give_up(t, r);
	case_free(&row);
	return r;
}

/* They are not asked again of their own accord. */
static int
ask_no_more(struct talk *t, bool *ret_disclosed)
{
	const char *id = json_str(state_of(t), "referral");
	int64_t at, until;
	struct case_row row;
	int r = row_of(t, &row);

	if (r != 0)
		return r == E_NOTFOUND ? 0 : r;
	*ret_disclosed = row.r.disclosed;
	if ((r = case_asked(t->app->db, id, &at, &until)) == 0 && (r = case_asked_put(t->app->db, id, row.r.since, until)) == 0)
		r = audit_case(t->app->db, app_now(t->app), "member", "no_consent", id, NULL);
	case_free(&row);
	return r > 0 ? ERR_CORRUPT : r;
}

int
talk_consent_no(struct talk *t, const char *words)
{
	bool disclosed = false;
	int r;

	(void)words;
	if (state_of(t) == NULL)
		return buf_puts(&t->say, "There is nothing to say no to. To stop what is being asked here, write !cancel.");
	if ((r = ask_no_more(t, &disclosed)) != 0)
		return r;
	(void)talk_consent_drop(t);
	return buf_printf(&t->say, "Nothing of it is told. %s If you change your mind, write !consent; "
	    "to take the request back, !cancel; to ask somebody else, !find. People here read what you write.", consent_ask_otherwise(disclosed));
}

int
talk_consent_forget(struct app *app, const char *referral)
{
	autointake struct intake who = { 0 };
	autojson json_t *state = NULL;
	const char *about;
	int r = intake_of(app->db, referral, &who);

	if (r != 0 || who.talk == NULL || (r = canon_stored(who.talk, &state)) != 0)
		return r == E_NOTFOUND ? 0 : r;
	about = json_str(json_obj(state, STATE), "referral");
	if (about == NULL || strcmp(about, referral) != 0)
		return 0;
	(void)json_object_del(state, STATE);
	free(who.talk);
	who.talk = json_text(state, JSON_COMPACT);
	return who.talk != NULL ? intake_put(app->db, &who) : -ENOMEM;
}
