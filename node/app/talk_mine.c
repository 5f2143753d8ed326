/* SPDX-License-Identifier: Apache-2.0 */
/* talk_mine: what became of what a member asked for, and taking it back. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/canon.h"
#include "base/id.h"
#include "case.h"
#include "casepath.h"
#include "domain/hold.h"
#include "domain/trust.h"
#include "domain/when.h"
#include "intake.h"
#include "revoke.h"
#include "store/dirstore.h"
#include "store/holdstore.h"
#include "store/intakestore.h"
#include "talk_consent.h"

/* Each state for the member: what is, what comes next. */
static const struct { enum referral_state state; const char *words; } states[] = {
	{ REFERRAL_DRAFT, "it has not been sent yet" },
	{ REFERRAL_SENT, "it is on its way; they have not confirmed it yet" },
	{ REFERRAL_RECEIVED, "they have it and decide, as a rule within two working days" },
	{ REFERRAL_INFO_REQUESTED, "they have a question; people here will ask you" },
	{ REFERRAL_WAITLISTED, "you are on their waiting list" },
	{ REFERRAL_ACCEPTED, "they said yes; they learn who you are only if you consent: !consent shows what that means" },
	{ REFERRAL_CONTACTING, "they said yes and try to reach you" },
	{ REFERRAL_SCHEDULED, "there is a first meeting" },
	{ REFERRAL_ENGAGED, "you are in contact with them" },
	{ REFERRAL_PAUSED, "it pauses" },
	{ REFERRAL_FORWARDED, "they think that somebody else can support you better; people here ask you whether to ask there" },
	{ REFERRAL_CLOSED, "it has ended" },
};

/* What they hear of what somebody else did: behind the name of whom the request is to. */
static const struct { const char *meaning, *words; } news[] = {
	{ INTAKE_AGREED, "said yes to your request. What you agreed to before still counts: !who shows who knows what, and !revoke "
	  "takes it back." },
	{ "reopen", "is asked again: people here took your request up once more. Nothing more of you is told without a new consent. If you do not want it, write !cancel." },
	{ "waitlist", "has no place now and put your request on the waiting list. You can wait, or look further with !find." },
	{ "decline", "cannot take your request. That says nothing about you; look further with !find, or write to us here." },
	{ "ask_info", "has a question before they decide. People here will ask you." },
	{ "expire", "did not answer in time, so the request has ended. Look further with !find, or write to us here." },
	{ INTAKE_UNANSWERED, "got no answer from here to their question in time, so the request has ended. That is no fault of yours. "
	  "If you still want their support, write to us here; or look further with !find." },
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
	autobuf struct buf asks = { 0 };
	const char *words = NULL;
	bool accepted = !strcmp(meaning, "accept") && row->r.side == REFERRAL_AT_SOURCE;
	int r;

	for (size_t i = 0; i < nelem(news); i++)
		if (!strcmp(news[i].meaning, meaning) && row->r.side == REFERRAL_AT_SOURCE)
			words = news[i].words;
	if (words == NULL && !accepted)
		return 0;
	if ((r = intake_of(app->db, row->id, &who)) != 0 || who.pid == 0)
		return r == E_NOTFOUND ? 0 : r;
	if ((r = talk_name(app, row, &name)) != 0)
		return r;
	if (accepted)
		return (r = talk_consent_news(app, row, name, &asks)) != 0 ? r : talk_say(app, who.pid, asks.data);
	if (asprintf(&text, "%s %s", name, words) < 0)
		return -ENOMEM;
	return talk_say(app, who.pid, text);
}

int
talk_erased(struct app *app, const char *referral)
{
	autointake struct intake who = { 0 };
	int r = talk_consent_forget(app, referral);

	if (r != 0 || (r = intake_of(app->db, referral, &who)) != 0 || who.pid == 0)
		return r == E_NOTFOUND ? 0 : r;
	/* Not which: that is what is erased. */
	return talk_say(app, who.pid, "One of your requests is erased here, as far as the law lets us; !who does not show it any more. Whoever was "
	    "told something of it may still have it: they are asked to erase it, too, if they can be asked. People here can tell you what they answered.");
}

int
talk_held(struct app *app, int64_t pid, const struct held *held)
{
	autofree char *text = NULL;
	char day[WHEN_TEXT];
	int r = asprintf(&text, "What you asked to have erased is not used any more, and nobody new is told of it. For now it must be kept%s%s%s%s. When that "
	    "ends it is erased. %s", held->untold ? "" : ": for ", held->untold ? "" : hold_words(held->class), held->until != 0 ? ", until " : "",
	    held->until != 0 ? when_print_day(held->until, day) : "", held->untold ? "Why may not be written here; people here can tell you what the law lets them tell." :
	    "People here can tell you more.");

	return r < 0 ? -ENOMEM : talk_say(app, pid, text);
}

struct walk {
	struct talk	*talk;
	talk_case_fn	*fn;
	void		*cookie;
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
	if ((r = talk_name(w->talk->app, &row, &name)) == 0)
		r = w->fn(w->cookie, &row, name);
	case_free(&row);
	return r;
}

int
talk_each(struct talk *t, talk_case_fn *fn, void *cookie)
{
	struct walk w = { t, fn, cookie };

	return intake_referrals(t->app->db, t->intake, each_referral, &w);
}

static const char *
state_words(const struct referral *r)
{
	if (r->state == REFERRAL_ACCEPTED && r->consented)
		return "they said yes, and you consented: they may know how to reach you";
	if (r->state == REFERRAL_ACCEPTED && r->disclosed)
		return "they said yes; what they were told of you before they may use only if you consent anew: !consent asks you about that";
	/* Who paused it was the last to say something, unless a consent was renewed since. */
	if (r->state == REFERRAL_PAUSED && r->last_input == REFERRAL_IN_PAUSE)
		return r->last_actor == REFERRAL_BY_MEMBER ? "it pauses, as you wished" : "it pauses: they said so";
	for (size_t i = 0; i < nelem(states); i++)
		if (states[i].state == r->state)
			return states[i].words;
	return r->end == REFERRAL_END_DECLINED ? "they could not take it" : r->end == REFERRAL_END_EXPIRED ? "no answer came in time" : "it has ended";
}

/* " (place 3; about 20 days, as they said on 2026-11-21)", if they said one of both when they last looked at their list. */
static int
say_place(struct app *app, const struct case_row *row, struct buf *say)
{
	autojson json_t *said = NULL;
	char day[WHEN_TEXT];
	long long place, wait;
	int64_t at;
	int r = case_newest(app, row, 1u << REFERRAL_IN_WAITLIST, &said, &at);

	if (r != 0)
		return r < 0 ? r : 0;
	place = json_int(said, "position", 0);
	wait = json_int(said, "wait_days", -1);
	if (place > 0)
		r = buf_printf(say, " (place %lld", place);
	if (r == 0 && wait >= 0)
		r = buf_printf(say, "%sabout %lld day%s", place > 0 ? "; " : " (", wait, wait == 1 ? "" : "s");
	return r == 0 && (place > 0 || wait >= 0) ? buf_printf(say, ", as they said on %s)", when_print_day(at, day)) : r;
}

static int
say_status(void *cookie, const struct case_row *row, const char *name)
{
	struct talk *t = cookie;
	char day[WHEN_TEXT];
	int r = buf_printf(&t->say, "%s, asked on %s: %s", name, when_print_day(row->created, day), state_words(&row->r));

	if (r == 0 && row->r.state == REFERRAL_WAITLISTED)
		r = say_place(t->app, row, &t->say);
	return r != 0 ? r : buf_puts(&t->say, ".\n");
}

int
talk_status(struct talk *t, const char *words)
{
	int r = talk_each(t, say_status, t);

	(void)words;
	if (r != 0)
		return r;
	/* There may have been one: what was erased is not known any more. */
	return buf_puts(&t->say, t->say.len > 0 ? "!who shows who can see what." :
	    "No request of yours is here now. To look for somebody, write for example: !find grief");
}

enum { LISTED_MAX = 9 };

/* What can be taken back, by number. */
struct listing {
	struct talk	*talk;
	json_t		*ids;		/* Of those that are listed, the oldest first. */
	json_t		*about;		/* What each consent is about. */
};

static int
list_one(struct listing *l, const struct case_row *row)
{
	return json_array_append_new(l->ids, json_string(row->id)) != 0 ? -ENOMEM : 0;
}

static const char *
listed(const struct listing *l, size_t which)
{
	return json_string_value(json_array_get(l->ids, which - 1));
}

/* "2": the number that the words begin with; 0: none. */
static size_t
number(const char *words)
{
	words += strspn(words, " #(");
	return *words >= '0' && *words <= '9' ? strtoul(words, NULL, 10) : 0;
}

/*
 * Which of the list it is that ${words} mean; 0: none, and what to write is said, behind the list.  A number is one of the list
 * that the member has seen: that is kept as ${key}, "requests" or "consents", and if it is another list by now, nothing is done
 * by its number.
 */
static int
choose(struct listing *l, const char *key, const char *verb, const char *words, size_t *ret)
{
	struct talk *t = l->talk;
	const json_t *seen = json_arr(t->state, key);
	size_t n = json_array_size(l->ids), which = number(words);
	bool same = seen != NULL && json_equal((json_t *)(uintptr_t)seen, l->ids);

	*ret = 0;
	if (n == 1 && (which == 0 || (which == 1 && seen == NULL)))
		*ret = 1;
	else if (which != 0 && (same || (n == 1 && seen == NULL))) {
		*ret = which <= n ? which : 0;
		buf_cut(&t->say, t->say.len);
		if (*ret == 0)
			return buf_printf(&t->say, "There is no %.*s of that number. Write !%s to see them.", (int)strlen(key) - 1, key,
			    verb);
	} else {
		if (json_object_set(t->state, key, l->ids) != 0)
			return -ENOMEM;
		return buf_printf(&t->say, "%sWhich one? Write the number, for example: !%s 1", which == 0 ? "" : seen == NULL ?
		    "Nothing was taken back yet. " : "Nothing was taken back: the list is another one now. ", verb);
	}
	buf_cut(&t->say, t->say.len);
	return 0;
}

static int
say_open(void *cookie, const struct case_row *row, const char *name)
{
	struct listing *l = cookie;
	char day[WHEN_TEXT];
	int r;

	if (!referral_is_open(row->r.state) || json_array_size(l->ids) == LISTED_MAX)
		return 0;
	r = list_one(l, row);
	return r != 0 ? r : buf_printf(&l->talk->say, "%zu. %s, asked on %s\n", json_array_size(l->ids), name,
	    when_print_day(row->created, day));
}

int
talk_cancel(struct talk *t, const char *words)
{
	autojson json_t *ids = json_array();
	struct listing l = { .talk = t, .ids = ids };
	autofree char *name = NULL;
	struct case_row row;
	char day[WHEN_TEXT];
	size_t which;
	int r;

	if (talk_drop(t))
		return buf_puts(&t->say, "Stopped; nothing was sent.");
	if (talk_consent_drop(t))
		return buf_puts(&t->say, "Stopped; nothing was told. To take your request back, write !cancel once more.");
	if (ids == NULL)
		return -ENOMEM;
	if ((r = talk_each(t, say_open, &l)) != 0)
		return r;
	if (json_array_size(ids) == 0)
		return buf_puts(&t->say, "Nothing is being asked now, so there is nothing to stop.");
	if ((r = choose(&l, "requests", "cancel", words, &which)) != 0 || which == 0)
		return r;
	if ((r = case_get(t->app->db, listed(&l, which), &row)) != 0)
		return r > 0 ? ERR_CORRUPT : r;
	(void)when_print_day(row.created, day);
	r = talk_name(t->app, &row, &name);
	case_free(&row);
	if (r != 0)
		return r;
	if (json_object_set_new(t->state, "cancel", json_string(listed(&l, which))) != 0)
		return -ENOMEM;
	return buf_printf(&t->say, "Your request to %s of %s would be taken back, at once and for good; nobody asks why. Shall I? Say !yes. "
	    "If you write anything else, it stays.", name, day);
}

int
talk_take_back(struct talk *t, const char *referral)
{
	autojson json_t *args = json_pack("{s:s, s:b}", "referral", referral, "by_member", 1), *result = NULL;
	struct err ignored = { "" };
	struct case_row row;
	bool open = false;
	int r = args == NULL ? -ENOMEM : case_act(t->app, "withdraw", "member", args, &result, &ignored), known;

	if (r < 0)
		return r;
	if (r > 0) {
		/* Over already; or nothing may be said to them now. */
		if ((known = case_get(t->app->db, referral, &row)) < 0)
			return known;
		if (known == 0) {
			open = referral_is_open(row.r.state);
			case_free(&row);
		}
		return buf_puts(&t->say, open ? "It could not be taken back now, since nothing can be said to them at the moment. "
		    "People here see what you write and will look into it." :
		    "It has ended already; nothing more was to be taken back. !status shows how it is.");
	}
	return buf_puts(&t->say, "It is taken back. They are told now, and that you want nothing more from it. What they know already cannot be called back; "
	    "!who shows who that is, and !revoke takes a consent back, too. To look for somebody else write !find.");
}

/* "given on 2026-11-21, about who you are, how to reach you ("To go for walks.")" */
static int
say_about(struct buf *say, const json_t *about)
{
	char day[WHEN_TEXT];
	int r = buf_printf(say, "given on %s, about ", when_print_day(json_int(about, "at", 0), day));

	if (r != 0 || (r = talk_classes(say, json_arr(about, "what"))) != 0)
		return r;
	return json_str(about, "purpose") != NULL ? buf_printf(say, " (\"%s\")", json_str(about, "purpose")) : 0;
}

static int
say_consented(void *cookie, const struct case_row *row, const char *name)
{
	struct listing *l = cookie;
	struct buf *say = &l->talk->say;
	autojson json_t *about = NULL;
	int r = revoke_open(l->talk->app, row->id, &about);

	/* Whoever left may still take back what they signed. */
	if (r != 0 || about == NULL || json_array_size(l->ids) == LISTED_MAX)
		return r;
	if (json_array_append(l->about, about) != 0)
		return -ENOMEM;
	if ((r = list_one(l, row)) != 0 || (r = buf_printf(say, "%zu. %s, ", json_array_size(l->ids), name)) != 0 ||
	    (r = say_about(say, about)) != 0)
		return r;
	return buf_puts(say, "\n");
}

/* Of those whom the consents name, is any ${told} ("told", "not_told")? */
static bool
any(const json_t *result, const char *told)
{
	const json_t *consents = json_arr(result, "consents");
	bool found = false;

	for (size_t i = 0; i < json_array_size(consents); i++)
		found = found || json_array_size(json_arr(json_array_get(consents, i), told)) > 0;
	return found;
}

/* What follows for those who know something: nobody is said to be told who is not. */
static int
say_taken(struct buf *say, const json_t *result)
{
	int r = buf_puts(say, ", is taken back, from now on. Nothing more is told to them, ");

	if (r == 0)
		r = buf_puts(say, !any(result, "not_told") ? "and they are told to pass nothing on. " : any(result, "told") ?
		    "and they are told to pass nothing on; some of them cannot be told now, and are told as soon as that is possible. " :
		    "but they cannot be told now that you took it back: they are told to pass nothing on as soon as that is possible. ");
	return r != 0 ? r : buf_puts(say, "What they know already cannot be called back; !who shows who that is. If you want support again, "
	    "write to us here: nothing is told before you consent anew.");
}

int
talk_revoke(struct talk *t, const char *words)
{
	const struct revoke_why why = { "matrix", NULL, "member" };
	autojson json_t *ids = json_array(), *about = json_array(), *result = NULL;
	struct listing l = { t, ids, about };
	autofree char *name = NULL;
	struct err ignored = { "" };
	struct case_row row;
	size_t which;
	int r = ids == NULL || about == NULL ? -ENOMEM : talk_each(t, say_consented, &l);

	if (r != 0)
		return r;
	if (json_array_size(ids) == 0)
		return buf_puts(&t->say, "There is no consent of yours that could be taken back here. If you signed one on paper, write so without a \"!\"; people do it at once.");
	if ((r = choose(&l, "consents", "revoke", words, &which)) != 0 || which == 0)
		return r;
	if ((r = case_get(t->app->db, listed(&l, which), &row)) != 0)
		return r > 0 ? ERR_CORRUPT : r;
	if ((r = talk_name(t->app, &row, &name)) == 0)
		r = revoke_consent(t->app, &row, &why, NULL, &result, &ignored);
	case_free(&row);
	if (r < 0)
		return r;
	if (r > 0 && r != E_EXISTS)
		return buf_printf(&t->say, "Your consent for %s could not be taken back here. Write without a \"!\" that you take it back; "
		    "people do it at once.", name);
	if (r == E_EXISTS)
		return buf_printf(&t->say, "Your consent for %s was taken back before; nothing more is told to them.", name);
	if ((r = buf_printf(&t->say, "Your consent for %s, ", name)) != 0 || (r = say_about(&t->say, json_array_get(about, which - 1))) != 0)
		return r;
	return say_taken(&t->say, result);
}
