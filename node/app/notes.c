/* SPDX-License-Identifier: Apache-2.0 */
#include "notes.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/canon.h"
#include "base/event.h"
#include "domain/agreement.h"
#include "domain/measure.h"
#include "domain/when.h"
#include "events.h"
#include "lifeline.h"
#include "notes_chat.h"
#include "store/audit.h"
#include "store/matchstore.h"
#include "store/notestore.h"
#include "store/peoplestore.h"

#define MEASURES "measures"	/* In meta. */

int
notes_list_of_measures(struct app *app, json_t **ret)
{
	autofree char *text = NULL;
	int r = meta_get(app->db, MEASURES, false, &text);

	*ret = NULL;
	if (r == E_NOTFOUND)
		return 0;
	return r != 0 ? r : canon_stored(text, ret);
}

int
notes_measures(struct app *app, const char *actor, const json_t *args, json_t **ret, struct err *reterr)
{
	const json_t *doc = json_object_get(args, "document");
	autofree char *text = NULL;
	int r = measure_check(doc, reterr);

	if (r != 0)
		return r;
	if ((text = json_text(doc, JSON_COMPACT)) == NULL)
		return -ENOMEM;
	if ((r = meta_put(app->db, MEASURES, text, false)) != 0 ||
	    (r = audit_add(app->db, app_now(app), actor, "import measures", "measures", NULL)) != 0)
		return r;
	*ret = json_pack("{s:s, s:I}", "text", "these questionnaires may be used now", "measures",
	    (json_int_t)json_array_size(json_arr(doc, "measures")));
	return *ret != NULL ? 0 : -ENOMEM;
}

static int
need(struct app *app, const json_t *args, struct pairing *ret, struct err *reterr)
{
	const char *id = json_str(args, "match");
	int r = id != NULL ? pairing_get(app->db, id, ret) : E_NOTFOUND;

	if (r == E_NOTFOUND)
		return err_set(reterr, r, "no match here has this id");
	if (r == 0 && ret->state == PAIRING_OFFERED)
		return err_set(reterr, E_REFUSED, "nobody was chosen yet: there is no way together to keep notes of");
	return r;
}

static int
keep(struct app *app, const char *actor, const struct pairing *p, json_t *body, int64_t due)
{
	const char *referral = json_str(p->body, "referral");
	struct note note = { .pairing = p->id, .kind = (char *)json_str(body, "kind"), .at = app_now(app), .due = due, .body = body };
	int r = note_add(app->db, referral != NULL ? referral : p->id, &note);

	return r != 0 ? r : audit_add(app->db, app_now(app), actor, "note", p->id, note.kind);
}

/* What somebody in danger is told in a chat. */
static int
add_crisis(struct app *app, json_t *ret)
{
	autobuf struct buf text = { 0 };
	int r = lifeline_say(app, &text);

	return r != 0 ? r : json_object_set_new(ret, "crisis", json_string(text.data + 1)) != 0 ? -ENOMEM : 0;	/* It begins with a line feed. */
}

/* A questionnaire's answers: the score, and at an alarm what must be said at once. */
static int
count(struct app *app, const json_t *answers, json_t *ret, struct err *reterr)
{
	autojson json_t *list = NULL;
	struct measure_score s = { 0 };
	const json_t *measure;
	int r = notes_list_of_measures(app, &list), counted, bad = 0;

	if (r != 0)
		return r;
	if ((measure = measure_find(list, json_str(answers, "measure"))) == NULL)
		return err_next(reterr, err_set(reterr, E_REFUSED, "no questionnaire of this name may be used here"),
		    "cairn import measures FILE; docs/examples/measures.json has some");
	counted = measure_score(measure, json_arr(answers, "items"), &s, reterr);
	if (counted != 0 && !s.alarm)
		return counted;
	if (counted == 0)
		bad |= json_object_set_new(ret, "score", json_integer(s.score)) | json_object_set_new(ret, "says", json_string(s.says));
	if (s.alarm)
		bad |= json_object_set_new(ret, "urgent", json_string("an answer says that the person may be in danger: show them the lines below "
		    "now, stay with them, and tell whoever is on call"));
	return bad ? -ENOMEM : s.alarm ? add_crisis(app, ret) : 0;
}

int
notes_add(struct app *app, const char *actor, const json_t *args, json_t **ret, struct err *reterr)
{
	autojson json_t *body = json_deep_copy(json_obj(args, "document")), *reply = json_object();
	autopairing struct pairing p = { 0 };
	const char *kind = json_str(body, "kind");
	int64_t due = 0;
	int r = need(app, args, &p, reterr);

	if (r != 0)
		return r;
	if (body == NULL)
		return err_set(reterr, E_BAD, "document: a note is wanted; types.md describes it");
	if (json_object_set_new(body, "v", json_integer(1)) != 0 || reply == NULL)
		return -ENOMEM;
	if ((r = event_check(&ev_note_desc, body, reterr)) != 0)
		return r;
	if (!strcmp(kind, "signature"))
		return err_next(reterr, err_set(reterr, E_REFUSED, "a signature is not written by hand"), "cairn match sign MATCH --by ... --how ...");
	if (!strcmp(kind, "answers") && (r = count(app, json_obj(body, "answers"), reply, reterr)) != 0)
		return r;
	if (!strcmp(kind, "checkin") && json_int(json_obj(body, "checkin"), "remind_days", 0) > 0)
		due = app_now(app) + json_int(json_obj(body, "checkin"), "remind_days", 0) * WHEN_DAY;
	if ((r = keep(app, actor, &p, body, due)) != 0 ||
	    (!strcmp(kind, "agreement") && (r = notes_chat_offer(app, p.id)) != 0))
		return r;
	if (json_object_set_new(reply, "text", json_string(!strcmp(kind, "agreement") ?
	    "kept, and shown in the chats that are known of the two; it holds once both have signed these words, there with !yes or by cairn match sign" : "kept")) != 0)
		return -ENOMEM;
	*ret = take(reply);
	return 0;
}

struct reading {
	json_t	*items, *signatures;
	json_t	*agreement;		/* The newest. */
	int64_t	 due;
	int64_t	 own;			/* So many are the member's alone. */
};

static int
read_note(void *cookie, const struct note *note)
{
	struct reading *r = cookie;
	int bad = 0;

	if (note->own)
		r->own++;
	else
		bad |= json_array_append(r->items, note->body);

	if (!strcmp(note->kind, "signature"))
		bad |= json_array_append(r->signatures, json_obj(note->body, "signature"));
	if (!strcmp(note->kind, "checkin"))
		r->due = note->due;
	if (!strcmp(note->kind, "agreement")) {
		json_decref(r->agreement);
		r->agreement = json_incref(json_obj(note->body, "agreement"));
	}
	return bad ? -ENOMEM : 0;
}

static int
judged(struct app *app, const struct reading *n, struct agreement_state *ret)
{
	char today[WHEN_TEXT];
	int r = agreement_judge(n->agreement, n->signatures, when_print_day(app_now(app), today), ret);

	return r > 0 ? ERR_CORRUPT : r;
}

/* In words: whose signature is missing. */
static const char *
words(const struct agreement_state *s)
{
	return s->over ? "over: its last day is past" : s->in_force ? "in force: both signed these words" : s->member ?
	    "waits for the specialist's signature" : s->specialist ? "waits for the member's signature" : "waits for both signatures";
}

static int
sign(struct app *app, const char *actor, const struct pairing *p, struct reading *n, const json_t *args, json_t **ret,
    struct err *reterr)
{
	char terms[AGREEMENT_TERMS], today[WHEN_TEXT];
	struct agreement_state s;
	autojson json_t *body = NULL;
	int r = note_each(app->db, p->id, read_note, n);

	if (r != 0)
		return r;
	if (n->agreement == NULL)
		return err_next(reterr, err_set(reterr, E_REFUSED, "there is no agreement to sign"), "cairn match note MATCH FILE, with kind agreement");
	if ((r = agreement_terms(n->agreement, terms)) != 0)
		return r < 0 ? r : ERR_CORRUPT;
	body = json_pack("{s:i, s:s, s:s, s:{s:O*, s:O*, s:s}}", "v", 1, "kind", "signature", "on", when_print_day(app_now(app), today),
	    "signature", "by", json_object_get(args, "by"), "how", json_object_get(args, "how"), "terms", terms);
	if (body == NULL || json_array_append(n->signatures, json_obj(body, "signature")) != 0)
		return -ENOMEM;
	if ((r = event_check(&ev_note_desc, body, reterr)) != 0 || (r = keep(app, actor, p, body, 0)) != 0 || (r = judged(app, n, &s)) != 0)
		return r;
	*ret = json_pack("{s:s, s:s}", "text", words(&s), "terms", terms);
	return *ret != NULL ? 0 : -ENOMEM;
}

int
notes_sign(struct app *app, const char *actor, const json_t *args, json_t **ret, struct err *reterr)
{
	autopairing struct pairing p = { 0 };
	struct reading n = { json_array(), json_array(), NULL, 0, 0 };
	int r = n.items == NULL || n.signatures == NULL ? -ENOMEM : need(app, args, &p, reterr);

	if (r == 0)
		r = sign(app, actor, &p, &n, args, ret, reterr);
	json_decref(n.items);
	json_decref(n.signatures);
	json_decref(n.agreement);
	return r;
}

static int
show(struct app *app, const struct pairing *p, struct reading *n, json_t **ret)
{
	struct agreement_state s;
	char day[WHEN_TEXT];
	int r = note_each(app->db, p->id, read_note, n);

	if (r != 0)
		return r;
	if ((*ret = json_pack("{s:O}", "items", n->items)) == NULL)
		return -ENOMEM;
	if (n->agreement != NULL && (r = judged(app, n, &s)) == 0)
		r = json_object_set_new(*ret, "agreement", json_string(words(&s))) != 0 ? -ENOMEM : 0;
	if (r == 0 && n->own > 0 && json_object_set_new(*ret, "own", json_sprintf("%lld more are the member's alone", (long long)n->own)) != 0)
		r = -ENOMEM;
	if (r == 0 && n->due != 0 && json_object_set_new(*ret, "ask_again", json_string(when_print_day(n->due, day))) != 0)
		r = -ENOMEM;
	return r;
}

static bool
names_concern(const json_t *feedback)
{
	const json_t *one;
	size_t i;

	json_array_foreach(json_arr(feedback, "concerns"), i, one)
		if (!strcmp(json_string_value(one), "unsafe") || !strcmp(json_string_value(one), "judged"))
			return true;
	return false;
}

static int
add_concern(void *cookie, const struct note *note)
{
	return names_concern(json_obj(note->body, "feedback")) && json_object_set_new(cookie, note->pairing, json_true()) != 0 ? -ENOMEM : 0;
}

int
notes_concerns(struct app *app, json_t **ret)
{
	return (*ret = json_object()) == NULL ? -ENOMEM : note_unseen(app->db, NULL, add_concern, *ret);
}

static int
saw(void *cookie, const struct note *note)
{
	struct app *app = cookie;

	return note_saw(app->db, note->n, app_now(app));
}

int
notes_show(struct app *app, const char *actor, const json_t *args, json_t **ret, struct err *reterr)
{
	autopairing struct pairing p = { 0 };
	struct reading n = { json_array(), json_array(), NULL, 0, 0 };
	int r = n.items == NULL || n.signatures == NULL ? -ENOMEM : need(app, args, &p, reterr);

	if (r == 0 && (r = show(app, &p, &n, ret)) == 0 && (r = note_unseen(app->db, p.id, saw, app)) == 0)
		r = audit_add(app->db, app_now(app), actor, "notes", p.id, NULL);
	json_decref(n.items);
	json_decref(n.signatures);
	json_decref(n.agreement);
	return r;
}
