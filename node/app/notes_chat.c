/* SPDX-License-Identifier: Apache-2.0 */
#include "notes_chat.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "bans.h"
#include "base/canon.h"
#include "base/id.h"
#include "bound.h"
#include "domain/agreement.h"
#include "domain/dialogue.h"
#include "domain/trust.h"
#include "domain/when.h"
#include "notes.h"
#include "store/audit.h"
#include "store/matchstore.h"
#include "store/notestore.h"
#include "store/peoplestore.h"

enum { CODE = 3 };

/* Letters that stand for these very words, so that a yes to older ones, still on its way, does not sign newer ones. */
static void
code_of(const char terms[AGREEMENT_TERMS], char ret[CODE + 1])
{
	static const char letters[] = "BCDFGHJKMNPQRSTVWXYZ";
	unsigned long long n = 0;

	(void)sscanf(terms, "%12llx", &n);
	for (size_t i = 0; i < CODE; i++, n /= strlen(letters))
		ret[i] = letters[n % strlen(letters)];
	ret[CODE] = '\0';
}

/* ${note}: its number. */
static int
show(struct app *app, int64_t pid, const json_t *a, int64_t note)
{
	autobuf struct buf text = { 0 };
	char terms[AGREEMENT_TERMS], code[CODE + 1];
	int r = agreement_terms(a, terms);

	if (r != 0)
		return r < 0 ? r : ERR_CORRUPT;
	code_of(terms, code);
	if ((r = buf_printf(&text, "An agreement is proposed for the support that you two share:\nWhat is offered, and what not: %s\n"
	    "When one may write or call: %s\nAn answer comes within %lld hours.\nHow it ends: %s\nIt ends on %s unless both go on.\n"
	    "If these words are right for you, write !yes %s. If not, write what should be different; until you say yes you have signed nothing.",
	    json_str(a, "scope"), json_str(a, "hours"), json_int(a, "response_hours", 0), json_str(a, "ending"), json_str(a, "ends_on"), code)) != 0)
		return r;
	return talk_show(app, pid, text.data, note);
}

/* The newest agreement of a match, who signed it, and its hash. */
struct newest {
	struct app *app;
	json_t	*agreement, *signatures;
	json_t	*numbers;		/* Of the signatures, as notes. */
	int64_t	 n;			/* Of the agreement. */
	char	 terms[AGREEMENT_TERMS];
};

static int
read_note(void *cookie, const struct note *note)
{
	struct newest *n = cookie;

	if (!strcmp(note->kind, "signature"))
		return json_array_append(n->signatures, json_obj(note->body, "signature")) != 0 ||
		    json_array_append_new(n->numbers, json_integer(note->n)) != 0 ? -ENOMEM : 0;
	if (!strcmp(note->kind, "agreement")) {
		json_decref(n->agreement);
		n->agreement = json_incref(json_obj(note->body, "agreement"));
		n->n = note->n;
	}
	return 0;
}

/* 0; E_NOTFOUND: there is none that ${side} could still sign. */
static int
newest(struct app *app, const char *match, const char *side, struct newest *ret)
{
	struct agreement_state s;
	char today[WHEN_TEXT];
	int r;

	ret->app = app;
	if ((ret->signatures = json_array()) == NULL || (ret->numbers = json_array()) == NULL)
		return -ENOMEM;
	if ((r = note_each(app->db, match, read_note, ret)) != 0 || ret->agreement == NULL)
		return r != 0 ? r : E_NOTFOUND;
	if ((r = agreement_terms(ret->agreement, ret->terms)) != 0 ||
	    (r = agreement_judge(ret->agreement, ret->signatures, when_print_day(app_now(app), today), &s)) != 0)
		return r < 0 ? r : ERR_CORRUPT;
	return s.over || (!strcmp(side, "member") ? s.member : s.specialist) ? E_NOTFOUND : 0;
}

static void
newest_free(struct newest *n)
{
	json_decref(n->agreement);
	json_decref(n->signatures);
	json_decref(n->numbers);
}

/* The number of that side's signature of these words; 0: there is none. */
static int64_t
number_of(const struct newest *n, const char *side)
{
	for (size_t i = json_array_size(n->signatures); i-- > 0; ) {
		const json_t *s = json_array_get(n->signatures, i);

		if (!strcmp(json_str(s, "by"), side) && !strcmp(json_str(s, "terms"), n->terms))
			return json_integer_value(json_array_get(n->numbers, i));
	}
	return 0;
}

static int
offer_each(void *cookie, const struct chat *c)
{
	struct newest *n = cookie;
	int r = bound_may(n->app, c->pairing, c->pid, c->side);

	return r != 0 ? (r < 0 ? r : 0) : show(n->app, c->pid, n->agreement, n->n);
}

int
notes_chat_offer(struct app *app, const char *match)
{
	struct newest n = { 0 };
	int r = newest(app, match, "member", &n);

	if (r >= 0)
		r = n.agreement != NULL ? chat_of_pairing(app->db, match, offer_each, &n) : 0;
	newest_free(&n);
	return r;
}

struct sides {
	const char	*side;
	int64_t		 pid;
	int64_t		 other_person;	/* Of that side; 0: none. */
	bool		 other_side;
};

static int
look(void *cookie, const struct chat *c)
{
	struct sides *s = cookie;

	if (!strcmp(c->side, s->side) && c->pid != s->pid)
		s->other_person = c->pid;
	s->other_side = s->other_side || (strcmp(c->side, s->side) != 0 && c->pid == s->pid);
	return 0;
}

/* Whose chat it is to be, and what staff are told. */
static int
choose_user(struct app *app, const struct pairing *p, const char *user, const char *side, char **ret, const char **ret_says, struct err *reterr)
{
	if (user != NULL && !id_is_user(user))
		return err_set(reterr, E_BAD, "user: not a Matrix user id; it looks like @name:server");
	if (side == NULL || (strcmp(side, "member") != 0 && strcmp(side, "specialist") != 0))
		return err_set(reterr, E_BAD, "as: member or specialist is wanted");
	if (strcmp(side, "specialist") == 0)
		return bound_choose(app, p, user, ret, ret_says, reterr);
	if (user == NULL)
		return err_set(reterr, E_BAD, "user: whose chat is it? A Matrix user id is wanted");
	*ret_says = "what both keep of it they can write in their chats now; !help shows them how";
	*ret = strdup(user);
	return *ret != NULL ? 0 : -ENOMEM;
}

/* It is not the account that the specialist signed for. */
static int
drop_other(struct app *app, const struct pairing *p, struct sides *s)
{
	enum bound_state state;
	struct chat other = { .pairing = p->id, .pid = s->other_person };
	int r = s->other_person != 0 && !strcmp(s->side, "specialist") ? bound_state(app, p, &state) : E_NOTFOUND;

	if (r != 0 || state != BOUND_OTHER)
		return r == E_NOTFOUND ? 0 : r;
	s->other_person = 0;
	return chat_drop(app->db, &other);
}

int
notes_chat_add(struct app *app, const char *actor, const json_t *args, json_t **ret, struct err *reterr)
{
	const char *match = json_str(args, "match"), *side = json_str(args, "as"), *says;
	autofree char *user = NULL;
	autopairing struct pairing p = { 0 };
	struct sides seen = { .side = side };
	struct newest n = { 0 };
	struct chat chat;
	int r = match != NULL ? pairing_get(app->db, match, &p) : E_NOTFOUND;

	if (r != 0)
		return r == E_NOTFOUND ? err_set(reterr, r, "no match here has this id") : r;
	if (p.state != PAIRING_ACTIVE)
		return err_set(reterr, E_REFUSED, "this match is %s: nobody's chat belongs to it", pairing_state_name[p.state]);
	if ((r = choose_user(app, &p, json_str(args, "user"), side, &user, &says, reterr)) != 0)
		return r;
	if (!strcmp(user, app->cfg->node_user) || !strcmp(user, app->cfg->steward_user) || trust_org_by_node(app->trust, user) != NULL)
		return err_set(reterr, E_REFUSED, "%s is an organization's account, not a person's", user);
	if ((r = bans_refuse(app, user, NULL, reterr)) != 0 || (r = person_id(app->db, user, &seen.pid)) != 0 ||
	    (r = chat_of_pairing(app->db, match, look, &seen)) != 0 || (r = drop_other(app, &p, &seen)) != 0)
		return r;
	if (seen.other_person != 0 || seen.other_side)
		return err_set(reterr, E_REFUSED, seen.other_side ? "this is the chat of the other side of the match" : "this side of the match has a chat already");
	chat = (struct chat){ .pairing = p.id, .pid = seen.pid, .side = (char *)side };
	if ((r = chat_put(app->db, &chat)) == 0 && !strcmp(side, "specialist"))
		r = bound_begin(app, &p, chat.pid);
	if (r == 0 && (r = bound_may(app, p.id, chat.pid, side)) == 0 && (r = newest(app, p.id, side, &n)) == 0)
		r = show(app, chat.pid, n.agreement, n.n);
	newest_free(&n);
	if (r == E_NOTFOUND || r == E_REFUSED)
		r = 0;
	if (r != 0 || (r = audit_add(app->db, app_now(app), actor, "match chat", p.id, side)) != 0)
		return r;
	*ret = json_pack("{s:s, s:s, s:s}", "match", p.id, "user", user, "text", says);
	return *ret != NULL ? 0 : -ENOMEM;
}

enum { MATCHES_MAX = 32 };

/* The matches of the one who speaks; of ${waits}, those whose agreement waits for them. */
struct matches {
	struct talk	*talk;
	bool		 waits;
	size_t		 n;
	char		*id[MATCHES_MAX], side[MATCHES_MAX][16], terms[MATCHES_MAX][AGREEMENT_TERMS];
};

static int
add_match(void *cookie, const struct chat *c)
{
	struct matches *m = cookie;
	struct newest n = { 0 };
	int r = 0;

	if (m->n == MATCHES_MAX || (r = bound_may(m->talk->app, c->pairing, c->pid, c->side)) != 0)
		return r < 0 ? r : 0;
	if (m->waits) {
		r = newest(m->talk->app, c->pairing, c->side, &n);
		if (r == 0)
			memcpy(m->terms[m->n], n.terms, sizeof(n.terms));
		newest_free(&n);
	}
	if (r != 0)
		return r == E_NOTFOUND ? 0 : r;
	(void)snprintf(m->side[m->n], sizeof(m->side[0]), "%s", c->side);
	if ((m->id[m->n] = strdup(c->pairing)) == NULL)
		return -ENOMEM;
	m->n++;
	return 0;
}

/* "2. since 2026-11-21": nobody is named, each knows who the other is. */
static int
list(struct talk *t, const struct matches *m)
{
	int r = buf_puts(&t->say, "Which one?\n");

	for (size_t i = 0; i < m->n && r == 0; i++) {
		autopairing struct pairing p = { 0 };
		char began[WHEN_TEXT], until[WHEN_TEXT];

		if ((r = pairing_get(t->app->db, m->id[i], &p)) == 0)
			r = buf_printf(&t->say, "%zu. The match since %s, until %s\n", i + 1, when_print_day(p.began, began), when_print_day(p.until, until));
	}
	if (r > 0)
		return ERR_CORRUPT;
	return r != 0 ? r : buf_puts(&t->say, "Write the number too, for example: !feedback 1");
}

/* 0 and its index; E_NOTFOUND; E_BAD: there are several, which were listed. */
static int
choose(struct talk *t, const struct matches *m, const char *words, size_t *ret)
{
	char *end;
	unsigned long n = strtoul(words, &end, 10);
	int r;

	if (m->n == 0)
		return E_NOTFOUND;
	if (*words >= '1' && *words <= '9' && *end == '\0' && n <= m->n) {
		*ret = n - 1;
		return 0;
	}
	if (m->n == 1) {
		*ret = 0;
		return 0;
	}
	return (r = list(t, m)) != 0 ? r : E_BAD;
}

static void
matches_free(struct matches *m)
{
	for (size_t i = 0; i < m->n; i++)
		free(m->id[i]);
}

/* Are they the specialist in each of them? */
static bool
supports(const struct matches *m)
{
	for (size_t i = 0; i < m->n; i++)
		if (strcmp(m->side[i], "specialist") != 0)
			return false;
	return m->n > 0;
}

int
notes_chat_match(struct talk *t, const char *words, char **ret_id, const char **ret_side)
{
	struct matches m = { .talk = t };
	size_t which = 0;
	int r = chat_of_person(t->app->db, t->pid, add_match, &m);

	if (r == 0 && (r = choose(t, &m, words, &which)) == 0) {
		*ret_id = take(m.id[which]);
		*ret_side = !strcmp(m.side[which], "specialist") ? "specialist" : "member";
	} else if (r == E_BAD) {
		*ret_side = supports(&m) ? "specialist" : "member";
	}
	matches_free(&m);
	return r;
}

/* Each has the other's signature then. */
static int
tell(void *cookie, const struct chat *c)
{
	struct newest *n = cookie;
	int r = bound_may(n->app, c->pairing, c->pid, c->side);

	return r != 0 ? (r < 0 ? r : 0) : talk_show(n->app, c->pid, "The agreement holds now: both of you have signed these words.",
	    number_of(n, !strcmp(c->side, "member") ? "specialist" : "member"));
}

int
notes_chat_resume(struct app *app, const char *match, int64_t pid)
{
	struct chat mine = { .pairing = (char *)(uintptr_t)match, .pid = pid, .side = (char *)"specialist" };
	struct newest n = { 0 }, other = { 0 };
	int r = newest(app, match, "specialist", &n);

	if (r == 0)
		r = show(app, pid, n.agreement, n.n);
	else if (r == E_NOTFOUND && n.agreement != NULL && (r = newest(app, match, "member", &other)) == E_NOTFOUND && number_of(&other, "member") != 0)
		r = tell(&other, &mine);
	newest_free(&n);
	newest_free(&other);
	return r == E_NOTFOUND ? 0 : r;
}

static int
sign(struct talk *t, const char *match, const char *side)
{
	autojson json_t *args = json_pack("{s:s, s:s, s:s}", "match", match, "by", side, "how", "matrix"), *result = NULL;
	struct newest n = { 0 };
	struct err why = { "" };
	bool holds = false;
	int r = args == NULL ? -ENOMEM : notes_sign(t->app, side, args, &result, &why);

	if (r > 0)
		return buf_puts(&t->say, "That could not be signed here. Write so without a \"!\"; people here read it.");
	if (r == 0 && (r = newest(t->app, match, !strcmp(side, "member") ? "specialist" : "member", &n)) >= 0) {
		holds = r == E_NOTFOUND;
		r = talk_show(t->app, t->pid, holds ? "You have signed it." :
		    "You have signed it. It holds once the other of you has signed the same words; you are told then.", number_of(&n, side));
	}
	if (r == 0 && holds)
		r = chat_of_pairing(t->app->db, match, tell, &n);
	newest_free(&n);
	return r;
}

/* What waits for their yes once more, with its letters. */
static int
show_again(struct talk *t, const struct matches *m)
{
	int r = buf_puts(&t->say, "Nothing was signed. The words are shown once more: write !yes and the letters below them to sign.");

	for (size_t i = 0; i < m->n && r == 0; i++) {
		struct newest n = { 0 };

		if ((r = newest(t->app, m->id[i], m->side[i], &n)) == 0)
			r = show(t->app, t->pid, n.agreement, n.n);
		newest_free(&n);
	}
	return r > 0 ? ERR_CORRUPT : r;
}

int
notes_chat_yes(struct talk *t, const char *words)
{
	struct matches m = { .talk = t, .waits = true };
	bool request = json_obj(t->state, "wish") != NULL;
	char code[CODE + 1];
	size_t which = 0;
	int r = chat_of_person(t->app->db, t->pid, add_match, &m);

	for (; which < m.n; which++) {
		code_of(m.terms[which], code);
		if (strcasecmp(words, code) == 0)
			break;
	}
	if (r == 0 && (m.n == 0 || (request && !strcasecmp(words, "request"))))
		r = talk_yes(t, words);
	else if (r == 0 && which < m.n)
		r = sign(t, m.id[which], m.side[which]);
	else if (r == 0 && request)
		r = buf_puts(&t->say, "Two things wait for your yes: write !yes request to send your request, or !yes and the letters below the agreement to sign that.");
	else if (r == 0)
		r = show_again(t, &m);
	matches_free(&m);
	return r;
}

int
notes_chat_sign(struct talk *t, const json_t *signature, struct err *reterr)
{
	struct matches m = { .talk = t, .waits = true };
	size_t which = 0;
	int r = chat_of_person(t->app->db, t->pid, add_match, &m);

	while (which < m.n && strcmp(m.terms[which], json_str(signature, "terms")) != 0)
		which++;
	if (r == 0 && strcmp(json_str(signature, "how"), "matrix") != 0)
		r = err_set(reterr, E_REFUSED, "/signature/how: in this chat one signs by matrix");
	else if (r == 0 && which == m.n)
		r = err_set(reterr, E_REFUSED, "/signature/terms: no agreement with these words waits for you to sign it");
	else if (r == 0 && strcmp(json_str(signature, "by"), m.side[which]) != 0)
		r = err_set(reterr, E_REFUSED, "/signature/by: you are the %s here, and nobody signs for the other", m.side[which]);
	else if (r == 0)
		r = sign(t, m.id[which], m.side[which]);
	matches_free(&m);
	return r;
}

/* It is their day now: asked; or night: later. */
static int
ask(void *cookie, const struct note *note)
{
	struct app *app = cookie;
	int64_t at = dialogue_daytime(app_now(app), (int)json_int(json_obj(note->body, "checkin"), "utc_minutes", 0));
	int r = note_put_due(app->db, note->n, at > app_now(app) ? at : 0);

	return r != 0 || at > app_now(app) ? r : talk_say(app, note->pid, "You wanted to be asked how it goes. To answer, write !checkin. You need not; "
	    "you are not asked again unless you say so there.");
}

int
notes_chat_step(struct app *app)
{
	int64_t n, due;
	int r = bound_step(app);

	if (r != 0 || (r = note_ask(app->db, &n, &due)) != 0 || due > app_now(app))
		return r == E_NOTFOUND ? 0 : r;
	return note_get(app->db, n, ask, app);
}

int64_t
notes_chat_due(struct app *app)
{
	int64_t n, due;

	return note_ask(app->db, &n, &due) == 0 ? due : INT64_MAX;
}
