/* SPDX-License-Identifier: Apache-2.0 */
#include "copy.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "accounting.h"
#include "base/canon.h"
#include "domain/trust.h"
#include "erase.h"
#include "store/askstore.h"
#include "store/audit.h"
#include "store/bookstore.h"
#include "store/boundstore.h"
#include "store/casestore.h"
#include "store/consentstore.h"
#include "store/intakestore.h"
#include "store/matchstore.h"
#include "store/messagestore.h"
#include "store/notestore.h"
#include "store/peoplestore.h"
#include "store/subject.h"
#include "view.h"

enum { PAGE = 400 };	/* Messages in one answer. */

/* What each section is, for whoever reads it; a section that is empty is not there. */
static const struct { const char *name, *words; } sections[] = {
	{ "person", "your Matrix account as this node knows it, and how far the conversation with its program has come" },
	{ "messages", "what you wrote to this organization in your chat, and what it wrote to you" },
	{ "notes", "what you keep here: goals, plan, how it goes, feedback, questionnaires, signatures of agreements" },
	{ "book", "what this organization wrote down of you as somebody who supports others" },
	{ "questions", "what you were asked as one of its specialists, and answered" },
	{ "accounts", "that your account is a specialist's" },
	{ "case", "what was written down to reach you, if you have no chat here" },
	{ "referrals", "each request for support: what it says of you, each step with what was said, and the calls to make" },
	{ "matches", "each match with somebody who supports you: what was wished, who was proposed and chosen, and what both keep" },
	{ "consents", "what you signed, until when it holds, what was taken back, and who was told of that" },
	{ "disclosures", "what was told of you to whom, when, under which consent or in which emergency" },
	{ "erasures", "who was asked to erase what they know of you, or asked us, and what the answer was" },
	{ "unreadable", "what is kept under a key that is lost, and can be read by nobody" },
};

static const char *const left_out[] = {
	"notes of counselling: this node keeps none; if the staff keep any elsewhere, ask them",
	"what the one who supports you wrote for themself or of how it is with you; their feedback is theirs",
	"what is about others, what the staff did with this program, and the keys of the encryption",
	"messages that could not be decrypted, and what was erased",
};

struct copy {
	struct app	*app;
	json_t		*sections;
	int64_t		 pid;		/* Whose notes stand by themselves; 0: nobody's. */
	int64_t		 writer;	/* The member of this request or match, if they have a chat. */
	int64_t		 last;		/* Message. */
	int64_t		 n;
};

static int
add(struct copy *c, const char *section, json_t *item)
{
	json_t *list = json_object_get(c->sections, section);

	if (list == NULL && json_object_set_new(c->sections, section, list = json_array()) != 0) {
		json_decref(item);
		return -ENOMEM;
	}
	return json_array_append_new(list, item) != 0 ? -ENOMEM : 0;
}

static json_t *
when(int64_t ms)
{
	return ms > 0 ? view_time(ms) : NULL;
}

static const char *
org_name(const struct copy *c, const char *org)
{
	const struct trust_org *o = org != NULL ? trust_org(c->app->trust, org) : NULL;

	return o != NULL ? o->name : org;
}

/* ${item} with stored JSON as members of it, then into the section; consumes it. */
static int
add_with(struct copy *c, const char *section, json_t *item, const char *const *names, const char *const *texts)
{
	int r = item != NULL ? 0 : -ENOMEM;

	for (size_t i = 0; names[i] != NULL && r == 0; i++)
		r = view_part(item, names[i], texts[i]);
	if (r != 0) {
		json_decref(item);
		return r;
	}
	return add(c, section, item);
}

/*
 * Of a person.
 */

static int
each_message(void *cookie, const struct message *m)
{
	struct copy *c = cookie;

	c->last = m->n;
	c->n++;
	return add(c, "messages", json_pack("{s:o, s:s, s:s}", "at", view_time(m->at), "from", !m->outgoing ? "you" : m->automatic ? "the program" :
	    "the organization", "text", m->body));
}

static int
add_note(struct copy *c, const char *section, const struct note *n)
{
	return add(c, section, json_pack("{s:o, s:s, s:s*, s:b, s:o*, s:O}", "at", view_time(n->at), "kind", n->kind, "match", *n->pairing != '\0' ? n->pairing : NULL,
	    "yours_alone", n->own, "asked_again", when(n->due), "note", n->body));
}

static int
each_own_note(void *cookie, const struct note *n)
{
	return add_note(cookie, "notes", n);
}

struct entry_of {
	struct copy	*copy;
	int64_t		 n;
};

static int
each_entry(void *cookie, const struct entry *e)
{
	struct entry_of *of = cookie;

	/* An incident is about a group and who was in it, not about whoever wrote it down. */
	return e->n != of->n || strcmp(e->kind, "incident") == 0 ? 0 : add(of->copy, "book", json_pack("{s:o, s:s, s:O}", "at", view_time(e->at), "kind", e->kind, "entry", e->body));
}

static int
each_voice(void *cookie, const char *consult, const json_t *body)
{
	struct copy *c = cookie;
	struct consult asked = { 0 };
	int r = consult_get(c->app->db, consult, &asked);

	if (r == 0)
		r = add(c, "questions", json_pack("{s:o, s:O*, s:O*}", "at", view_time(asked.at), "question", json_object_get(asked.body, "question"), "answer", body));
	consult_free(&asked);
	return r == E_NOTFOUND ? 0 : r;
}

static int
each_bound(void *cookie, const struct bound_row *b)
{
	return add(cookie, "accounts", json_pack("{s:s, s:o*, s:o*, s:o*}", "specialist", b->specialist, "signed", when(b->issued_at), "asked", when(b->asked), "said", when(b->said)));
}

/* What is theirs beside referrals and matches. */
static int
each_small(void *cookie, const char *name)
{
	struct copy *c = cookie;
	struct entry_of of = { c, 0 };
	int r = 0;

	if (!strncmp(name, "note:", 5))
		r = note_get(c->app->db, strtoll(name + 5, NULL, 10), each_own_note, c);
	else if (!strncmp(name, "entry:", 6)) {
		of.n = strtoll(name + 6, NULL, 10);
		r = book_each(c->app->db, each_entry, &of);
	}
	return r == E_NOTFOUND ? 0 : r;
}

static int
each_disclosed(void *cookie, const struct disclosed_row *d)
{
	struct copy *c = cookie;

	return add_with(c, "disclosures", json_pack("{s:s, s:o, s:o*, s:s*, s:s*}", "of", d->whose, "at", view_time(d->at), "arrived", when(d->arrived), "to", org_name(c, d->org),
	    "consent", d->consent), (const char *const []){ "what", NULL }, (const char *const []){ d->detail });
}

static int
copy_person(struct copy *c, const char *name, int64_t pid)
{
	autointake struct intake who = { 0 };
	autofree char *user = NULL;
	autoroom struct room room = { 0 };
	int r = person_user(c->app->db, pid, &user);

	if (r != 0 || ((r = intake_by_person(c->app->db, pid, &who)) != 0 && r != E_NOTFOUND) || ((r = room_by_person(c->app->db, pid, &room)) != 0 && r != E_NOTFOUND))
		return r;
	if ((r = add_with(c, "person", json_pack("{s:s, s:s*, s:o*}", "user", user, "chat", room.room_id, "first_wrote", when(who.made)),
	    (const char *const []){ "conversation", NULL }, (const char *const []){ who.talk })) != 0 ||
	    (r = erase_parts(c->app, name, each_small, c)) != 0 || (r = voice_of(c->app->db, pid, each_voice, c)) != 0 ||
	    (r = bound_each(c->app->db, pid, each_bound, c)) != 0)
		return r;
	return disclosed_each(c->app->db, name, each_disclosed, c);
}

/*
 * Of a referral, a case, a match.
 */

/* Each step, also those that count no more or were never told: they say something of the member all the same. */
static int
add_steps(struct copy *c, const char *id, json_t *out)
{
	static int (*const lists[])(struct db *, const char *, struct step_row **, size_t *) = { step_list, step_list_apart };
	json_t *list = json_array();
	int r = json_object_set_new(out, "steps", list) != 0 ? -ENOMEM : 0;

	for (size_t l = 0; l < nelem(lists) && r == 0; l++) {
		struct step_row *steps = NULL;
		size_t n = 0;

		r = lists[l](c->app->db, id, &steps, &n);
		for (size_t i = 0; i < n && r == 0; i++) {
			const struct referral_move *m = &steps[i].step.move;
			json_t *line = json_pack("{s:o, s:s, s:s}", "at", view_time(m->at), "by", referral_actor_name(m->actor), "what", referral_input_name(m->input));

			r = line == NULL || json_array_append_new(list, line) != 0 ? -ENOMEM : view_part(line, "said", steps[i].content);
		}
		step_list_free(steps, n);
	}
	return r;
}

static int
each_old(void *cookie, const struct step_old *s)
{
	return json_array_append_new(cookie, json_pack("{s:o, s:s, s:s}", "at", view_time(s->at), "by", s->actor, "what", s->input)) != 0 ? -ENOMEM : 0;
}

struct call_of {
	const char	*referral;
	json_t		*list;
};

static int
each_call(void *cookie, const struct task *t)
{
	struct call_of *of = cookie;

	return strcmp(t->referral, of->referral) != 0 ? 0 : json_array_append_new(of->list, json_pack("{s:s, s:o*, s:o*, s:I}", "what", t->what, "from", when(t->begins), "until",
	    when(t->due), "tries", (json_int_t)t->tries)) != 0 ? -ENOMEM : 0;
}

static int
each_holder(void *cookie, const struct holder_row *h)
{
	json_t *item = json_pack("{s:s, s:o*, s:o*}", "who", h->org, "told", when(h->told), "acknowledged", when(h->acked));

	return item == NULL || json_array_append_new(cookie, item) != 0 ? -ENOMEM : view_part(item, "said", h->detail);
}

static int
each_consent(void *cookie, const struct consent_row *row)
{
	struct copy *c = cookie;
	json_t *item = json_pack("{s:s, s:o, s:[]}", "of", row->referral, "given", view_time(row->granted_at), "told"), *back;
	struct revocation_row v = { 0 };
	int r = item == NULL ? -ENOMEM : view_part(item, "consent", row->consent);

	if (r == 0 && (r = revocation_get(c->app->db, row->id, row->org, &v)) == 0) {
		back = json_pack("{s:o, s:b}", "at", view_time(v.at), "by_its_event", v.ended);
		r = json_object_set_new(item, "taken_back", back) != 0 ? -ENOMEM : view_part(back, "how", v.detail);
	}
	revocation_row_free(&v);
	if (r == E_NOTFOUND || r == 0)
		r = holder_each(c->app->db, row->id, each_holder, json_object_get(item, "told"));
	if (r != 0) {
		json_decref(item);
		return r;
	}
	return add(c, "consents", item);
}

static int
each_ask(void *cookie, const struct ask *a)
{
	struct copy *c = cookie;

	return add(c, "erasures", json_pack("{s:s, s:s, s:b, s:o, s:s*, s:o*}", "of", a->referral, "who", org_name(c, a->org), "we_asked", a->ours, "at", view_time(a->at), "answer",
	    a->answer, "kept_until", when(a->until)));
}

/* What the law has kept beside it. */
static int
copy_legal(struct copy *c, const char *id)
{
	int r = consent_each(c->app->db, id, each_consent, c);

	if (r == 0)
		r = disclosed_each(c->app->db, id, each_disclosed, c);
	return r != 0 ? r : ask_each(c->app->db, id, each_ask, c);
}

static int
each_chat(void *cookie, const struct chat *chat)
{
	struct copy *c = cookie;

	if (!strcmp(chat->side, "member"))
		c->writer = chat->pid;
	return 0;
}

/* What of a match's notes is the member's to have: not what the other side wrote, or says of itself; what a person wrote in their chat stands by itself. */
static int
each_match_note(void *cookie, const struct note *n)
{
	static const char *const sides[] = { "feedback", "answers", "reflection" };
	struct copy *c = cookie;

	if (n->pid != 0 && (c->pid != 0 || n->pid != c->writer))
		return 0;
	for (size_t i = 0; i < nelem(sides); i++) {
		const char *by = json_str(json_obj(n->body, sides[i]), "by");

		if (by != NULL && strcmp(by, "specialist") == 0)
			return 0;
	}
	return add_note(c, "notes", n);
}

static int
each_pairing(void *cookie, const struct pairing *p)
{
	struct copy *c = cookie;
	int r = add(c, "matches", json_pack("{s:s, s:s, s:o*, s:o*, s:o*, s:o*, s:o*, s:O}", "id", p->id, "state", pairing_state_name[p->state], "asked", when(p->asked), "began",
	    when(p->began), "look_back", when(p->review), "until", when(p->until), "ended", when(p->ended), "match", p->body));

	if (r != 0 || (r = chat_of_pairing(c->app->db, p->id, each_chat, c)) != 0)
		return r;
	return note_each(c->app->db, p->id, each_match_note, c);
}

static int
copy_referral(struct copy *c, const struct case_row *row)
{
	json_t *out = json_pack("{s:s, s:s, s:s*, s:s, s:s*, s:o, s:o, s:s*, s:[], s:[]}", "id", row->id, "we", row->r.side == REFERRAL_AT_SOURCE ? "asked" : "were asked", "whom",
	    org_name(c, row->org), "state", referral_state_name(row->r.state), "end", row->r.state == REFERRAL_ENDED ? referral_end_name(row->r.end) : NULL, "created",
	    view_time(row->created), "updated", view_time(row->updated), "reason", row->reason, "before", "calls");
	struct call_of calls = { row->id, json_object_get(out, "calls") };
	int r = out == NULL ? -ENOMEM : add_steps(c, row->id, out);

	if (r == 0 && (r = step_old_each(c->app->db, row->id, each_old, json_object_get(out, "before"))) == 0)
		r = task_each(c->app->db, each_call, &calls);
	if (r != 0) {
		json_decref(out);
		return r;
	}
	return add_with(c, "referrals", out, (const char *const []){ "request", "disclosure", "outcome", NULL },
	    (const char *const []){ row->request, row->disclosure, row->outcome });
}

static int
found_lost(void *cookie, const char *id, const char *org)
{
	(void)org;
	return add(cookie, "unreadable", json_string(id));
}

/* A referral, a case of somebody without Matrix, a match that no referral led to. */
static int
copy_asked(struct copy *c, const char *id)
{
	autointake struct intake who = { 0 }, writer = { 0 };
	struct case_row row;
	int r = intake_of(c->app->db, id, &writer);

	if (r != 0 && r != E_NOTFOUND)
		return r;
	c->writer = writer.pid;
	if ((r = case_get(c->app->db, id, &row)) == 0) {
		r = copy_referral(c, &row);
		case_free(&row);
	} else if (r == E_NOTFOUND)
		r = case_lost_each(c->app->db, id, found_lost, c);
	if (r == 0 && (r = intake_get(c->app->db, id, &who)) == 0)
		r = add_with(c, "case", json_pack("{s:s, s:o*}", "id", who.id, "opened", when(who.made)), (const char *const []){ "person", "conversation", NULL },
		    (const char *const []){ who.person, who.talk });
	if ((r != 0 && r != E_NOTFOUND) || (r = pairing_whose(c->app->db, id, each_pairing, c)) != 0)
		return r;
	return copy_legal(c, id);
}

/*
 * The verb.
 */

struct listing {
	json_t		*parts;
	const char	*wanted;	/* Is it among them? */
	bool		 found;
};

static int
each_part(void *cookie, const char *name)
{
	struct listing *l = cookie;

	if (strncmp(name, "referral:", 9) != 0)
		return 0;
	l->found = l->found || (l->wanted != NULL && !strcmp(name, l->wanted));
	return json_array_append_new(l->parts, json_string(name)) != 0 ? -ENOMEM : 0;
}

/* The head: what there is, and what is not in it. */
static int
head(struct app *app, const char *id, const json_t *parts, json_t **ret)
{
	json_t *about = json_object(), *out = json_array();

	for (size_t i = 0; i < nelem(sections); i++)
		(void)json_object_set_new(about, sections[i].name, json_string(sections[i].words));
	for (size_t i = 0; i < nelem(left_out); i++)
		(void)json_array_append_new(out, json_string(left_out[i]));
	*ret = json_pack("{s:s, s:s, s:o, s:s, s:o, s:o, s:O}", "of", id, "organization", app->cfg->organization, "made", view_time(app_now(app)), "text",
	    "This is what we hold of you. Below stands what each part is, and what is not in it; ask us about anything that you do not understand.", "about", about, "left_out", out,
	    "parts", parts);
	return *ret == NULL || json_object_size(about) != nelem(sections) || json_array_size(out) != nelem(left_out) ? -ENOMEM : 0;
}

/* One part; of a person their messages page by page. */
static int
copy_part(struct app *app, const char *whole, const char *name, int64_t after, json_t **ret)
{
	autojson json_t *out = json_object();
	struct copy c = { .app = app, .sections = out, .pid = !strncmp(whole, "person:", 7) ? strtoll(whole + 7, NULL, 10) : 0 };
	bool person = !strncmp(name, "person:", 7);
	int r = out == NULL ? -ENOMEM : !person ? copy_asked(&c, name + strlen("referral:")) : after == 0 ? copy_person(&c, name, c.pid) : 0;

	if (r == 0 && person)
		r = message_of(app->db, c.pid, after, PAGE, each_message, &c);
	if (r != 0)
		return r;
	*ret = json_pack("{s:O, s:o*}", "sections", out, "next", c.n == PAGE ? json_integer(c.last) : NULL);
	return *ret != NULL ? 0 : -ENOMEM;
}

int
copy_run(struct app *app, const char *actor, const json_t *args, json_t **ret, struct err *reterr)
{
	const char *id = json_str(args, "id"), *part = json_str(args, "part");
	autojson json_t *parts = json_array();
	struct listing l = { .parts = parts, .wanted = part };
	char who[SUBJECT_NAME];
	int r = accounting_whom(app, id, who, reterr);

	if (r != 0)
		return r;
	if (parts == NULL || json_array_append_new(parts, json_string(who)) != 0)
		return -ENOMEM;
	if ((r = erase_parts(app, who, each_part, &l)) != 0)
		return r;
	if (part != NULL && !l.found && strcmp(part, who) != 0)
		return err_set(reterr, E_BAD, "part: this is none of what is held of them");
	r = part != NULL ? copy_part(app, who, part, json_int(args, "after", 0), ret) : head(app, id, parts, ret);
	/* Not which of whom: the audit must not join them. */
	return r != 0 ? r : audit_add(app->db, app_now(app), actor, "export", part != NULL ? part : who, NULL);
}
