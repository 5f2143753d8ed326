/* SPDX-License-Identifier: Apache-2.0 */
/* talk_mine: what became of what a member asked for, who can see what, and taking it back. */
#include <errno.h>
#include <string.h>

#include "accounting.h"
#include "base/canon.h"
#include "base/id.h"
#include "case.h"
#include "domain/trust.h"
#include "domain/when.h"
#include "facts.h"
#include "intake.h"
#include "revoke.h"
#include "store/dirstore.h"
#include "store/intakestore.h"
#include "talk.h"

/* Each state for the member: what is, what comes next. */
static const struct { enum referral_state state; const char *words; } states[] = {
	{ REFERRAL_DRAFT, "it has not been sent yet" },
	{ REFERRAL_SENT, "it is on its way; they have not confirmed it yet" },
	{ REFERRAL_RECEIVED, "they have it and decide, as a rule within two working days" },
	{ REFERRAL_INFO_REQUESTED, "they have a question; people here will ask you" },
	{ REFERRAL_WAITLISTED, "you are on their waiting list" },
	{ REFERRAL_ACCEPTED, "they said yes; they learn who you are only if you consent, and people here ask you about that" },
	{ REFERRAL_CONTACTING, "they said yes and try to reach you" },
	{ REFERRAL_SCHEDULED, "there is a first meeting" },
	{ REFERRAL_ENGAGED, "you are in contact with them" },
	{ REFERRAL_PAUSED, "it pauses, as you wished" },
	{ REFERRAL_FORWARDED, "they think that somebody else can support you better; people here ask you whether to ask there" },
	{ REFERRAL_CLOSED, "it has ended" },
};

#define ACCEPTS_AGAIN "accept again"	/* By whom something is known from before. */

/* What they hear of what somebody else did: behind the name of whom the request is to. */
static const struct { const char *meaning, *words; } news[] = {
	{ "accept", "said yes to your request. They do not know who you are. People here will ask you whether they may; you decide." },
	{ ACCEPTS_AGAIN, "said yes to your request. What they were told of you before they may use only if you consent anew: people here will ask you; you decide. !who shows who knows what." },
	{ "reopen", "is asked again: people here took your request up once more. Nothing more of you is told without a new consent. If you do not want it, write !cancel." },
	{ "waitlist", "has no place now and put your request on the waiting list. You can wait, or look further with !find." },
	{ "decline", "cannot take your request. That says nothing about you; look further with !find, or write to us here." },
	{ "ask_info", "has a question before they decide. People here will ask you." },
	{ "expire", "did not answer in time, so the request has ended. Look further with !find, or write to us here." },
	{ "fail", "could not reach you. Write to us here if you still want support." },
	{ "close", "says that the support has ended. If you want more, or it was not so, write to us here." },
	{ "forward", "thinks that somebody else can support you better, so this request has ended. Nobody else was told of you. People here will ask you whether to ask there." },
	{ INTAKE_TOOK_BACK, "has your request no longer: people here took it back. If you did not want that, write to us here." },
	{ INTAKE_IS_BACK, "has your request no longer: it was taken back. To look further write !find, or write to us here." },
	{ INTAKE_SAID_THERE, "was told that you want no more of this, so it has ended. If you did not say so, write to us here." },
};

int
talk_name(struct app *app, const struct case_row *row, char **ret)
{
	autojson json_t *request = NULL, *record = NULL;
	const struct trust_org *org = trust_org(app->trust, row->org);
	const char *name = NULL;
	struct seen_record seen;
	int r;

	if ((r = canon_stored(row->request, &request)) != 0)
		return r;
	if ((r = seen_get(app->db, row->org, json_str(request, "to"), &seen)) < 0)
		return r;
	if (r == 0) {
		r = canon_stored(seen.record, &record);
		seen_free(&seen);
		if (r != 0)
			return r < 0 ? r : ERR_CORRUPT;
		name = json_str(json_obj(record, "body"), "alias");
		name = name != NULL ? name : json_str(json_obj(record, "body"), "name");
	}
	return asprintf(ret, "%s (%s)", name != NULL ? name : "a program", org != NULL ? org->name : "an organization no longer trusted") < 0 ?
	    -ENOMEM : 0;
}

int
talk_news(struct app *app, const struct case_row *row, const char *meaning)
{
	autointake struct intake who = { 0 };
	autofree char *name = NULL, *text = NULL;
	const char *words = NULL;
	int r;

	if (!strcmp(meaning, "accept") && row->r.disclosed)
		meaning = ACCEPTS_AGAIN;
	for (size_t i = 0; i < nelem(news); i++)
		if (!strcmp(news[i].meaning, meaning) && row->r.side == REFERRAL_AT_SOURCE)
			words = news[i].words;
	if (words == NULL)
		return 0;
	if ((r = intake_of(app->db, row->id, &who)) != 0 || who.pid == 0)
		return r == E_NOTFOUND ? 0 : r;
	if ((r = talk_name(app, row, &name)) != 0)
		return r;
	if (asprintf(&text, "%s %s", name, words) < 0)
		return -ENOMEM;
	return talk_say(app, who.pid, text);
}

enum { LISTED_MAX = 9 };

struct walk {
	struct talk	*talk;
	int		(*each)(struct walk *, const struct case_row *, const char *name);
	size_t		 n;
	char		 ids[LISTED_MAX][ID_LEN + 1];	/* Those that were listed. */
	size_t		 n_ids;
};

static int
each_referral(void *cookie, const char *id)
{
	struct walk *w = cookie;
	autofree char *name = NULL;
	struct case_row row;
	int r = case_get(w->talk->app->db, id, &row);

	if (r != 0)
		return r == E_NOTFOUND ? 0 : r;
	w->n++;
	if ((r = talk_name(w->talk->app, &row, &name)) == 0)
		r = w->each(w, &row, name);
	case_free(&row);
	return r;
}

static const char *
state_words(const struct referral *r)
{
	if (r->state == REFERRAL_ACCEPTED && r->consented)
		return "they said yes, and you consented: they may know how to reach you";
	if (r->state == REFERRAL_ACCEPTED && r->disclosed)
		return "they said yes; what they were told of you before they may use only if you consent anew, and people here ask you about that";
	for (size_t i = 0; i < nelem(states); i++)
		if (states[i].state == r->state)
			return states[i].words;
	return r->end == REFERRAL_END_DECLINED ? "they could not take it" : r->end == REFERRAL_END_EXPIRED ? "nobody answered in time" : "it has ended";
}

static int
say_status(struct walk *w, const struct case_row *row, const char *name)
{
	char day[WHEN_TEXT];

	return buf_printf(&w->talk->say, "%s, asked on %s: %s.\n", name, when_print_day(row->created, day), state_words(&row->r));
}

int
talk_status(struct talk *t, const char *words)
{
	struct walk w = { .talk = t, .each = say_status };
	int r;

	(void)words;
	if ((r = intake_referrals(t->app->db, t->intake, each_referral, &w)) != 0)
		return r;
	if (w.n == 0)
		return buf_puts(&t->say, "You have asked nobody for support yet. To look for somebody, write for example: !find grief");
	return buf_puts(&t->say, "!who shows who can see what.");
}

/* The classes of a consent, as the member reads them. */
static const struct { const char *class, *words; } classes[] = {
	{ "identity", "who you are" }, { "contact", "how to reach you" }, { "need", "what you want support with" },
	{ "constraints", "what to mind" }, { "history", "what was before" }, { "outcome", "what became of it" },
};

static const char *
class_words(const char *class)
{
	for (size_t i = 0; i < nelem(classes); i++)
		if (class != NULL && !strcmp(classes[i].class, class))
			return classes[i].words;
	return class != NULL ? class : "?";
}

/* Who holds what of a referral, by the account of disclosures. */
static int
say_holds(struct walk *w, const struct case_row *row, bool *ret_any)
{
	struct buf *say = &w->talk->say;
	autojson json_t *holds = NULL;
	json_t *hold, *what;
	size_t i, k;
	int r = accounting_holds(w->talk->app, row->id, &holds);

	json_array_foreach(holds, i, hold) {
		const char *name = json_str(hold, "name");

		if (r != 0 || json_array_size(json_arr(hold, "what")) == 0)
			continue;
		*ret_any = true;
		r = buf_printf(say, " %s %s since %.10s:", name != NULL ? name : "Another organization",
		    json_is_true(json_object_get(hold, "emergency")) ? "has, because of an emergency and without your consent," :
		    json_is_true(json_object_get(hold, "arrived")) ? "has, with your consent," : "was sent, and may have, with your consent,", json_str(hold, "since"));
		json_array_foreach(json_arr(hold, "what"), k, what)
			if (r == 0)
				r = buf_printf(say, "%s %s", k > 0 ? "," : "", class_words(json_string_value(what)));
		if (r == 0)
			r = buf_puts(say, json_is_true(json_object_get(hold, "stops_redisclosure")) ? "; they have confirmed to pass nothing on." : ".");
	}
	return r;
}

static int
say_seen(struct walk *w, const struct case_row *row, const char *name)
{
	autojson json_t *asked = NULL;
	struct buf *say = &w->talk->say;
	bool any = false;
	int r;

	if ((r = facts_of(w->talk->app, row, &asked)) != 0)
		return r;
	r = buf_printf(say, "%s: need (%s), language (%s), age (%s), how and when to meet, under a name that stands for you there alone.",
	    name, json_str(asked, "need"), json_str(asked, "language"), json_str(asked, "age_band"));
	if (r != 0 || (r = say_holds(w, row, &any)) != 0)
		return r;
	return buf_puts(say, any ? "\n" : " Not who you are.\n");
}

int
talk_who(struct talk *t, const char *words)
{
	struct walk w = { .talk = t, .each = say_seen };
	int r;

	(void)words;
	if ((r = buf_printf(&t->say, "Who can see what:\nThis chat: you and the staff of %s. It is encrypted; the servers see that we write to each other and when, not what.\n"
	    "What you looked for with !find: only this chat.\n", t->app->cfg->organization)) != 0 ||
	    (r = intake_referrals(t->app->db, t->intake, each_referral, &w)) != 0)
		return r;
	return w.n == 0 ? buf_puts(&t->say, "Nothing about you has been sent to anybody.") : 0;
}

static int
say_open(struct walk *w, const struct case_row *row, const char *name)
{
	if (!referral_is_open(row->r.state) || w->n_ids == LISTED_MAX)
		return 0;
	(void)snprintf(w->ids[w->n_ids++], ID_LEN + 1, "%s", row->id);
	return buf_printf(&w->talk->say, "%zu. %s\n", w->n_ids, name);
}

/* "2": of so many; the only one needs no number. */
static size_t
which_of(const char *words, size_t n)
{
	size_t which = *words >= '1' && *words <= '9' && (words[1] == '\0' || words[1] == ' ') ? (size_t)(*words - '0') : 0;

	return which == 0 && n == 1 ? 1 : which;
}

int
talk_cancel(struct talk *t, const char *words)
{
	struct walk w = { .talk = t, .each = say_open };
	autofree char *name = NULL;
	struct case_row row;
	size_t which;
	int r;

	if (talk_drop(t))
		return buf_puts(&t->say, "Stopped; nothing was sent.");
	if ((r = intake_referrals(t->app->db, t->intake, each_referral, &w)) != 0)
		return r;
	if (w.n_ids == 0)
		return buf_puts(&t->say, "Nothing is being asked now, so there is nothing to stop.");
	if ((which = which_of(words, w.n_ids)) == 0)
		return buf_puts(&t->say, "Which one shall be taken back? Write the number, for example: !cancel 1");
	buf_cut(&t->say, t->say.len);
	if (which > w.n_ids)
		return buf_puts(&t->say, "There is no request of that number. Write !cancel to see them.");
	if ((r = case_get(t->app->db, w.ids[which - 1], &row)) != 0)
		return r > 0 ? ERR_CORRUPT : r;
	r = talk_name(t->app, &row, &name);
	case_free(&row);
	if (r != 0)
		return r;
	if (json_object_set_new(t->state, "cancel", json_string(w.ids[which - 1])) != 0)
		return -ENOMEM;
	return buf_printf(&t->say, "Your request to %s would be taken back, at once and for good; nobody asks why. Shall I? Say !yes. "
	    "If you write anything else, it stays.", name);
}

int
talk_take_back(struct talk *t, const char *referral)
{
	autojson json_t *args = json_pack("{s:s, s:b}", "referral", referral, "by_member", 1), *result = NULL;
	struct err ignored = { "" };
	int r = args == NULL ? -ENOMEM : case_act(t->app, "withdraw", "member", args, &result, &ignored);

	if (r < 0)
		return r;
	if (r > 0)
		return buf_puts(&t->say, "It has ended already; nothing more was to be taken back. !status shows how it is.");
	return buf_puts(&t->say, "It is taken back. They are told now, and that you want nothing more from it. What they know already cannot be called back; "
	    "!who shows who that is, and !revoke takes a consent back, too. To look for somebody else write !find.");
}

static int
say_consented(struct walk *w, const struct case_row *row, const char *name)
{
	bool open;
	int r = revoke_open(w->talk->app, row->id, &open);

	/* Whoever left may still take back what they signed. */
	if (r != 0 || !open || w->n_ids == LISTED_MAX)
		return r;
	(void)snprintf(w->ids[w->n_ids++], ID_LEN + 1, "%s", row->id);
	return buf_printf(&w->talk->say, "%zu. %s\n", w->n_ids, name);
}

int
talk_revoke(struct talk *t, const char *words)
{
	const struct revoke_why why = { "matrix", NULL, "member" };
	struct walk w = { .talk = t, .each = say_consented };
	autojson json_t *result = NULL;
	struct err ignored = { "" };
	struct case_row row;
	size_t which;
	int r = intake_referrals(t->app->db, t->intake, each_referral, &w);

	if (r != 0)
		return r;
	if (w.n_ids == 0)
		return buf_puts(&t->say, "There is no consent of yours that could be taken back here. If you signed one on paper, write so without a \"!\"; people do it at once.");
	if ((which = which_of(words, w.n_ids)) == 0)
		return buf_puts(&t->say, "Which one? Write the number, for example: !revoke 1");
	buf_cut(&t->say, t->say.len);
	if (which > w.n_ids)
		return buf_puts(&t->say, "There is no consent of that number. Write !revoke to see them.");
	if ((r = case_get(t->app->db, w.ids[which - 1], &row)) != 0)
		return r > 0 ? ERR_CORRUPT : r;
	r = revoke_consent(t->app, &row, &why, &result, &ignored);
	case_free(&row);
	if (r < 0)
		return r;
	if (r > 0 && r != E_EXISTS)
		return buf_puts(&t->say, "That could not be done here. Write without a \"!\" that you take it back; people do it at once.");
	return buf_puts(&t->say, r == 0 ? "Your consent is taken back, from now on. Nothing more is told to them, and they are told to pass nothing on. What they know "
	    "already cannot be called back; !who shows who that is. If you want support again, write to us here: nothing is "
	    "told before you consent anew." : "It was taken back before; nothing more is told to them.");
}
