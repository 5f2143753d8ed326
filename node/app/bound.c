/* SPDX-License-Identifier: Apache-2.0 */
#include "bound.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/canon.h"
#include "crypt/keys.h"
#include "domain/publication.h"
#include "domain/trust.h"
#include "domain/when.h"
#include "notes_chat.h"
#include "publish.h"
#include "store/audit.h"
#include "store/boundstore.h"
#include "store/dirstore.h"
#include "store/notestore.h"
#include "store/peoplestore.h"

#define MARK	"bound"		/* In "with" of a match: the specialist had signed for an account. */

/* What is known of one match and the account in it. */
struct finding {
	enum bound_state state;
	json_t		*body;		/* Of the record; the binding borrows of it. */
	struct binding	 binding;
	char		 text[BINDING_TEXT];
	bool		 shown, same;	/* The homeserver showed other keys than we hold to; what we hold to is the key of the binding. */
	/* What the account said, or was asked. */
	bool		 known, fresh;	/* Asked before; signed again since. */
	struct bound_row row;		/* Without specialist. */
	bool		 before;	/* It said that it was this specialist, under whatever key. */
	int64_t		 newest;	/* When they signed the latest of what else they signed of it. */
};

static void
finding_free(struct finding *f)
{
	json_decref(f->body);
}
#define autofinding __attribute__((cleanup(finding_free)))

const char *
bound_words(enum bound_state state)
{
#define X(name, text) text,
	static const char *const words[] = { BOUND_STATES(X) };
#undef X

	return words[state];
}

/* What a record of ours or a partner's says now; E_NOTFOUND: nothing. */
static int
body_of(struct app *app, const char *org, const char *id, json_t **ret)
{
	const char *own = publish_own_org(app);
	struct own_record mine = { 0 };
	struct seen_record theirs = { 0 };
	autojson json_t *record = NULL;
	int r;

	if (org == NULL || id == NULL)
		return E_NOTFOUND;
	if (own != NULL && strcmp(own, org) == 0) {
		if ((r = own_get(app->db, id, &mine)) == 0 && strcmp(mine.kind, "specialist") == 0)
			r = canon_stored(mine.body, ret);
		own_free(&mine);
	} else if (trust_org(app->trust, org) == NULL) {
		return E_NOTFOUND;
	} else if ((r = seen_get(app->db, org, id, &theirs)) == 0) {
		if (strcmp(theirs.kind, "specialist") == 0 && (r = canon_stored(theirs.record, &record)) == 0)
			*ret = json_incref(json_obj(record, "body"));
		seen_free(&theirs);
	}
	return r != 0 ? r : *ret != NULL ? 0 : E_NOTFOUND;
}

/* What the specialist of a match signed: 0, or FREE or ENDED is the state and E_NOTFOUND the answer. */
static int
read_binding(struct app *app, const struct pairing *p, struct finding *f)
{
	const json_t *with = json_obj(p->body, "with");
	int r = body_of(app, json_str(with, "org"), json_str(with, "record"), &f->body);

	if (r == 0)
		r = publication_account(f->body, app_now(app), &f->binding);
	if (r < 0)
		return r;
	if (r != 0) {
		f->state = r == E_NOTFOUND && !json_is_true(json_object_get(with, MARK)) ? BOUND_FREE : BOUND_ENDED;
		return E_NOTFOUND;
	}
	(void)binding_text(&f->binding, f->text);
	return 0;
}

static int
compare(void *cookie, const struct bound_row *row)
{
	struct finding *f = cookie;

	if (strcmp(row->specialist, f->binding.specialist) != 0)
		return 0;
	f->before = f->before || row->said > 0;
	if (strcmp(row->text, f->row.text) != 0) {
		f->newest = row->issued_at > f->newest ? row->issued_at : f->newest;
		return 0;
	}
	f->row = *row;
	f->row.specialist = NULL;
	f->known = true;
	return 0;
}

static int
judge(struct app *app, const struct pairing *p, int64_t pid, struct finding *f)
{
	autofree char *user = NULL;
	char master[CRYPT_KEY_TEXT + 1] = "";
	int r = read_binding(app, p, f);

	if (r != 0)
		return r == E_NOTFOUND ? 0 : r;
	if ((r = person_user(app->db, pid, &user)) != 0)
		return r > 0 ? ERR_CORRUPT : r;
	f->row = (struct bound_row){ .pid = pid };
	(void)bound_index(app->db, f->text, f->row.text);
	if ((r = bound_each(app->db, pid, compare, f)) != 0)
		return r;
	if ((f->fresh = f->row.issued_at < f->binding.issued_at))
		f->row.issued_at = f->binding.issued_at;
	r = app->crypt != NULL ? keys_identity(app->crypt, pid, master) : E_LATER;
	if (r < 0)
		return r;
	f->shown = r == E_REFUSED;
	f->same = strcmp(master, f->binding.master_key) == 0;
	/* An older word of theirs, in another record, does not bring back a key that a newer one replaced. */
	if (strcmp(user, f->binding.user) != 0)
		f->state = BOUND_OTHER;
	else if (r == E_LATER)
		f->state = BOUND_LOOK;
	else if (r != 0 || !f->same || f->binding.issued_at < f->newest)
		f->state = BOUND_KEYS;
	else
		f->state = f->row.said > 0 ? BOUND_HOLDS : BOUND_ASKED;
	return 0;
}

static int
put(struct app *app, const struct finding *f, int64_t asked, int64_t said)
{
	struct bound_row row = f->row;

	row.specialist = (char *)(uintptr_t)f->binding.specialist;
	row.asked = asked;
	row.said = said;
	return bound_put(app->db, &row);
}

/* The account is to be asked; from now on the match is not without a binding. */
static int
want(struct app *app, struct pairing *p, struct finding *f)
{
	json_t *with = json_obj(p->body, "with");
	int r;

	if (f->state == BOUND_OTHER)
		return 0;
	if (f->fresh && f->binding.issued_at >= f->newest && (r = put(app, f, f->row.asked, f->row.said)) != 0)
		return r;
	if (app->crypt != NULL && (r = keys_track(app->crypt, f->row.pid)) != 0)
		return r;
	if (json_is_true(json_object_get(with, MARK)))
		return 0;
	return json_object_set_new(with, MARK, json_true()) != 0 ? -ENOMEM : pairing_put(app->db, p);
}

/*
 * The account has new keys, and the specialist signed for them.  That counts only for an account that has said that it is theirs: else whoever
 * names somebody's account in a record of their own could have us take other keys for it.
 */
static int
renew(struct app *app, const struct finding *f)
{
	if (f->state != BOUND_KEYS || !f->shown || !f->before || f->binding.issued_at < f->newest)
		return E_NOTFOUND;
	return keys_pin_master(app->crypt, f->binding.user, f->binding.master_key, NULL);
}

int
bound_choose(struct app *app, const struct pairing *p, const char *user, char **ret, const char **ret_says, struct err *reterr)
{
	autofinding struct finding f = { 0 };
	int r = read_binding(app, p, &f);

	if (r < 0)
		return r;
	if (r == 0 && user != NULL && strcmp(user, f.binding.user) != 0)
		return err_next(reterr, err_set(reterr, E_REFUSED, "the specialist signed for another account: %s", f.binding.user),
		    "leave USER out to take that one; if it is not theirs any more, they sign anew: cairn sign publication --account");
	if (r != 0 && user == NULL)
		return err_next(reterr, err_set(reterr, E_BAD, "user: the specialist has not signed which account is theirs"),
		    "name it, and make sure by another way that it is theirs");
	*ret_says = r == 0 ? "their own account is asked whether it is theirs; nothing of the match is shown there before it has said the words that signing printed" :
	    f.state == BOUND_ENDED ? "what both keep of it they can write in their chats now. The specialist's word that this account is theirs has ended: make sure by another way that "
	    "it is still theirs" :
	    "what both keep of it they can write in their chats now; !help shows them how. The specialist has not signed which account is theirs: make sure by another way that it "
	    "is this one. With cairn sign publication --account they can sign it";
	*ret = strdup(r == 0 ? f.binding.user : user);
	return *ret != NULL ? 0 : -ENOMEM;
}

int
bound_begin(struct app *app, struct pairing *p, int64_t pid)
{
	autofinding struct finding f = { 0 };
	int r = judge(app, p, pid, &f);

	if (r != 0)
		return r;
	if (f.state == BOUND_ENDED) {
		/* Staff know, and choose. */
		(void)json_object_del(json_obj(p->body, "with"), MARK);
		return pairing_put(app->db, p);
	}
	if (f.state == BOUND_FREE || (r = want(app, p, &f)) != 0)
		return r;
	return (r = renew(app, &f)) == E_NOTFOUND ? 0 : r;
}

int
bound_may(struct app *app, const char *match, int64_t pid, const char *side)
{
	autopairing struct pairing p = { 0 };
	autofinding struct finding f = { 0 };
	int r;

	if (strcmp(side, "specialist") != 0)
		return 0;
	if ((r = pairing_get(app->db, match, &p)) != 0 || (r = judge(app, &p, pid, &f)) != 0)
		return r > 0 ? E_REFUSED : r;
	if (f.state == BOUND_FREE)
		return 0;
	/* A record may say so only since. */
	if (f.state != BOUND_ENDED && (r = want(app, &p, &f)) != 0)
		return r;
	return f.state == BOUND_HOLDS ? 0 : E_REFUSED;
}

struct chosen {
	struct app	*app;
	const struct pairing *pairing;
	enum bound_state state;
	bool		 there, trouble;
};

static int
look(void *cookie, const struct chat *c)
{
	struct chosen *s = cookie;
	autofinding struct finding f = { 0 };
	int r;

	if (strcmp(c->side, "specialist") != 0)
		return 0;
	r = judge(s->app, s->pairing, c->pid, &f);
	s->there = true;
	s->state = f.state;
	s->trouble = f.state != BOUND_FREE && f.state != BOUND_HOLDS && (f.state != BOUND_ASKED || f.row.asked < app_now(s->app) - WHEN_DAY);
	return r;
}

int
bound_state(struct app *app, const struct pairing *p, enum bound_state *ret)
{
	struct chosen s = { .app = app, .pairing = p };
	int r = chat_of_pairing(app->db, p->id, look, &s);

	if (r != 0 || !s.there)
		return r != 0 ? r : E_NOTFOUND;
	*ret = s.state;
	return 0;
}

struct counting {
	struct app	*app;
	int64_t		 n;
};

static int
count(void *cookie, const struct pairing *p)
{
	struct counting *c = cookie;
	struct chosen s = { .app = c->app, .pairing = p };
	int r = chat_of_pairing(c->app->db, p->id, look, &s);

	c->n += s.trouble;
	return r;
}

int
bound_trouble(struct app *app, int64_t *ret)
{
	struct counting c = { .app = app };
	int r = pairing_each(app->db, "active", count, &c);

	if (r == 0)
		*ret = c.n;
	return r;
}

/*
 * In the chat.
 */

struct saying {
	struct talk	*talk;
	struct app	*app;
	int64_t		 pid;
	const char	*words;		/* NULL: they are not speaking, but to be asked. */
	bool		 heard, later, other, foreign, asked;
};

/* From one of their devices that carries their own signature? */
static int
accept(struct saying *s, struct pairing *p, struct finding *f)
{
	int64_t now = app_now(s->app);
	int r = keys_vouched(s->app->crypt, s->pid, s->talk->device);

	s->later |= r == E_LATER;
	s->foreign |= r == E_REFUSED;
	if (r != 0)
		return r < 0 ? r : 0;
	s->heard = true;
	if ((r = put(s->app, f, now, now)) != 0 || (r = audit_add(s->app->db, now, "node", "match account", p->id, NULL)) != 0)
		return r;
	return notes_chat_resume(s->app, p->id, s->pid);
}

static int
hear(void *cookie, const struct chat *c)
{
	struct saying *s = cookie;
	autopairing struct pairing p = { 0 };
	autofinding struct finding f = { 0 };
	int r;

	if (strcmp(c->side, "specialist") != 0 || (r = pairing_get(s->app->db, c->pairing, &p)) == E_NOTFOUND)
		return 0;
	if (r != 0 || (r = judge(s->app, &p, s->pid, &f)) != 0 || f.state == BOUND_FREE || f.state == BOUND_OTHER || f.state == BOUND_ENDED ||
	    !binding_said(f.text, s->words) || (r = want(s->app, &p, &f)) != 0)
		return r;
	/* That a server takes back what it showed is for staff to look at (match chat). */
	if (!f.same && (r = renew(s->app, &f)) != E_NOTFOUND) {
		s->later = true;
		return r;
	}
	s->later |= f.state == BOUND_LOOK;
	s->other |= f.state == BOUND_KEYS;
	return f.state == BOUND_ASKED || f.state == BOUND_HOLDS ? accept(s, &p, &f) : 0;
}

/* What they need to sign. */
static int
tell_key(struct talk *t)
{
	autofree char *user = NULL;
	char master[CRYPT_KEY_TEXT + 1];
	int r = person_user(t->app->db, t->pid, &user);

	if (r != 0)
		return r;
	r = keys_identity(t->app->crypt, t->pid, master);
	if (r != 0)
		return r < 0 ? r : buf_puts(&t->say, "The identity key of your account is not known here now. Set up recovery (cross-signing) in your Matrix program if you have not, "
		    "and write !account once more in a minute. If you changed it, people here can tell you what to do.");
	return buf_printf(&t->say, "This is for specialists who sign which account is theirs. Your account is %s, and its identity key (master key), as your server shows it here, is\n%s\n"
	    "If your own program shows the same, sign with both: cairn sign publication --account %s --master-key %s. That prints six words; write them here behind !account.",
	    user, master, user, master);
}

int
bound_topic(struct talk *t, const char *words)
{
	struct saying s = { .talk = t, .app = t->app, .pid = t->pid, .words = words };
	int r;

	if (*words == '\0')
		return tell_key(t);
	if ((r = chat_of_person(t->app->db, t->pid, hear, &s)) != 0)
		return r;
	return buf_puts(&t->say, s.heard ? "Thank you. It is written down that this account is the specialist's who signed for it. What belongs to the support that you give comes here from now on." :
	    s.later ? "The keys of your account are being looked up. Please write the same once more in a minute." :
	    s.other ? "Your account shows other keys here than those that were signed. If you changed them, sign anew (cairn sign publication --account), give the file to your organization, "
	    "and write the new words here." :
	    s.foreign ? "This came from a program that your account has not confirmed. Confirm (verify) it with your other program or your recovery key, and write the words once more." :
	    "No specialist of a match here has signed for this account with these words. Look at the words that signing printed; if you signed anew, your organization imports the file first. "
	    "People here read what you write without a \"!\" in front.");
}

static int
ask(void *cookie, const struct chat *c)
{
	struct saying *s = cookie;
	autopairing struct pairing p = { 0 };
	autofinding struct finding f = { 0 };
	int r;

	if (s->asked || strcmp(c->side, "specialist") != 0 || (r = pairing_get(s->app->db, c->pairing, &p)) == E_NOTFOUND)
		return 0;
	if (r != 0 || (r = judge(s->app, &p, s->pid, &f)) != 0 || f.state != BOUND_ASKED || !f.known || f.row.asked != 0)
		return r;
	s->asked = true;
	if ((r = put(s->app, &f, app_now(s->app), 0)) != 0)
		return r;
	return talk_say(s->app, s->pid, "A peer specialist has signed that this account is theirs. Is that you? Then write !account and the six words that signing printed (cairn sign publication), "
	    "for example: !account one two three four five six. If it is not you, you need do nothing: nothing else is sent to you.");
}

static int
ask_person(void *cookie, int64_t pid)
{
	struct app *app = cookie;
	struct saying s = { .app = app, .pid = pid };

	return chat_of_person(app->db, pid, ask, &s);
}

int
bound_step(struct app *app)
{
	return app->crypt != NULL ? bound_unasked(app->db, ask_person, app) : 0;
}
