/* SPDX-License-Identifier: Apache-2.0 */
/* talk_mine: what became of what a member asked for, who can see what, and taking it back. */
#include <errno.h>
#include <string.h>

#include "base/canon.h"
#include "base/id.h"
#include "case.h"
#include "domain/trust.h"
#include "domain/when.h"
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
	{ REFERRAL_FORWARDED, "others were asked instead" },
	{ REFERRAL_CLOSED, "it has ended" },
};

/* What they hear of a step that somebody else took. */
static const struct { enum referral_input input; const char *words; } news[] = {
	{ REFERRAL_IN_ACCEPT, "said yes to your request. They do not know who you are. People here will ask you whether they may; you decide." },
	{ REFERRAL_IN_WAITLIST, "has no place now and put your request on the waiting list. You can wait, or look further with !find." },
	{ REFERRAL_IN_DECLINE, "cannot take your request. That says nothing about you; look further with !find, or write to us here." },
	{ REFERRAL_IN_ASK_INFO, "has a question before they decide. People here will ask you." },
	{ REFERRAL_IN_EXPIRE, "did not answer in time, so the request has ended. Look further with !find, or write to us here." },
	{ REFERRAL_IN_FAIL, "could not reach you. Write to us here if you still want support." },
	{ REFERRAL_IN_CLOSE, "says that the support has ended. If you want more, or it was not so, write to us here." },
};

/* The name of whom a referral asks, as published; the caller frees. */
static int
name_of(struct app *app, const struct case_row *row, char **ret)
{
	autojson json_t *request = NULL, *record = NULL;
	const struct trust_org *org = trust_org(app->trust, row->org);
	const char *name = NULL;
	struct seen_record seen;
	int r;

	if (row->request == NULL || canon_parse(row->request, strlen(row->request), &request, NULL) != 0)
		return ERR_CORRUPT;
	if ((r = seen_get(app->db, row->org, json_str(request, "to"), &seen)) < 0)
		return r;
	if (r == 0) {
		r = canon_parse(seen.record, strlen(seen.record), &record, NULL);
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
talk_news(struct app *app, const struct case_row *row, enum referral_input input, enum referral_actor actor)
{
	autointake struct intake who = { 0 };
	autofree char *name = NULL, *text = NULL;
	const char *words = NULL;
	int r;

	for (size_t i = 0; i < nelem(news); i++)
		if (news[i].input == input && actor != REFERRAL_BY_MEMBER && row->r.side == REFERRAL_AT_SOURCE)
			words = news[i].words;
	if (words == NULL)
		return 0;
	if ((r = intake_of(app->db, row->id, &who)) != 0 || who.pid == 0)
		return r == E_NOTFOUND ? 0 : r;
	if ((r = name_of(app, row, &name)) != 0)
		return r;
	if (asprintf(&text, "%s %s", name, words) < 0)
		return -ENOMEM;
	return talk_say(app, who.pid, text);
}

enum { REVOKED_MAX = 9 };

struct walk {
	struct talk	*talk;
	int		(*each)(struct walk *, const struct case_row *, const char *name);
	size_t		 n;
	char		 ids[REVOKED_MAX][ID_LEN + 1];	/* Under a consent. */
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
	if ((r = name_of(w->talk->app, &row, &name)) == 0)
		r = w->each(w, &row, name);
	case_free(&row);
	return r;
}

static const char *
state_words(const struct referral *r)
{
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

static int
say_seen(struct walk *w, const struct case_row *row, const char *name)
{
	autojson json_t *request = NULL;
	struct buf *say = &w->talk->say;
	int r;

	if (canon_parse(row->request, strlen(row->request), &request, NULL) != 0)
		return ERR_CORRUPT;
	r = buf_printf(say, "%s: need (%s), language (%s), age (%s), how and when to meet, under a name that stands for you there alone.",
	    name, json_str(request, "need"), json_str(request, "language"), json_str(request, "age_band"));
	return r != 0 ? r : buf_puts(say, row->r.disclosed ? " With your consent also who you are and how to reach you.\n" : " Not who you are.\n");
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

int
talk_cancel(struct talk *t, const char *words)
{
	(void)words;
	return buf_puts(&t->say, talk_drop(t) ? "Stopped; nothing was sent." :
	    "Nothing is being asked now. To take back what was sent, write so here without a \"!\"; people read it and do it.");
}

static int
say_consented(struct walk *w, const struct case_row *row, const char *name)
{
	if (!row->r.consented || w->n_ids == REVOKED_MAX)
		return 0;
	(void)snprintf(w->ids[w->n_ids++], ID_LEN + 1, "%s", row->id);
	return buf_printf(&w->talk->say, "%zu. %s\n", w->n_ids, name);
}

int
talk_revoke(struct talk *t, const char *words)
{
	const struct revoke_why why = { "matrix", NULL, "member" };
	struct walk w = { .talk = t, .each = say_consented };
	size_t which = *words >= '1' && *words <= '9' && (words[1] == '\0' || words[1] == ' ') ? (size_t)(*words - '0') : 0;
	autojson json_t *result = NULL;
	struct err ignored = { "" };
	struct case_row row;
	int r = intake_referrals(t->app->db, t->intake, each_referral, &w);

	if (r != 0)
		return r;
	if (w.n_ids == 0)
		return buf_puts(&t->say, "There is no consent of yours that could be taken back here. If you signed one on paper, write so without a \"!\"; people do it at once.");
	if (which == 0 && w.n_ids > 1)
		return buf_puts(&t->say, "Which one? Write the number, for example: !revoke 1");
	which = which == 0 ? 1 : which;
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
	    "already cannot be called back; !who shows who that is." : "It was taken back before; nothing more is told to them.");
}
