/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/canon.h"
#include "base/id.h"
#include "capacity.h"
#include "case.h"
#include "caseview.h"
#include "crypt/envelope.h"
#include "erase.h"
#include "hold.h"
#include "crypt/keys.h"
#include "domain/fields.h"
#include "domain/referral.h"
#include "domain/trust.h"
#include "domain/when.h"
#include "feed.h"
#include "find.h"
#include "identity.h"
#include "intake.h"
#include "lifeline.h"
#include "message.h"
#include "pairing.h"
#include "publish.h"
#include "published.h"
#include "rekey.h"
#include "setup.h"
#include "store/audit.h"
#include "store/dirstore.h"
#include "store/inbox.h"
#include "store/messagestore.h"
#include "store/outbox.h"
#include "traffic.h"
#include "view.h"

enum { SHOWN_MAX = 1000 };

struct listing {
	struct app	*app;
	json_t		*items;
	bool		 due;		/* Of referrals only those. */
};

static int
append(struct listing *l, json_t *item)
{
	if (item == NULL || json_array_append_new(l->items, item) != 0)
		return -ENOMEM;
	return 0;
}

json_t *
view_time(int64_t ms)
{
	char text[WHEN_TEXT];

	return json_string(when_print(ms, text));
}

int
view_part(json_t *object, const char *key, const char *text)
{
	autojson json_t *value = NULL;
	int r;

	if (text == NULL)
		return 0;
	if ((r = canon_stored(text, &value)) != 0)
		return r;
	return json_object_set(object, key, value) != 0 ? -ENOMEM : 0;
}

static int
each_case(void *cookie, const struct case_row *row)
{
	struct listing *l = cookie;
	json_t *item = NULL;
	int r;

	/* One of an older release waits for nobody. */
	if (l->due && (row->r.since == 0 || referral_waiting(&row->r, row->reminded > 0) == REFERRAL_WAITS_NOT))
		return 0;
	r = caseview(l->app, row, false, &item);
	return r != 0 ? r : append(l, item);
}

static int
each_message(void *cookie, const struct message *m)
{
	struct listing *l = cookie;
	autofree char *waits = NULL;
	const char *state = NULL;
	int r = m->outgoing ? message_delivery(l->app, m->id, &state, &waits) : 0;

	return r != 0 ? r : append(l, json_pack("{s:s, s:s*, s:s, s:s, s:s, s:o, s:s*, s:s*}", "id", m->id, "room_id", m->room,
	    "user", m->user, "direction", m->outgoing ? "out" : "in", "body", m->body, "at", view_time(m->at), "delivery", state, "waits", waits));
}

static int
each_own(void *cookie, const struct own_record *rec)
{
	struct listing *l = cookie;
	autojson json_t *body = NULL;
	const char *name;
	int r = canon_stored(rec->body, &body), pending;

	if (r != 0)
		return r;
	name = json_str(body, json_str(body, "alias") != NULL ? "alias" : "name");
	if ((pending = outbox_pending(l->app->db, "record", rec->id)) == E_NOTFOUND)
		pending = outbox_failed(l->app->db, "record", rec->id);
	if (pending < 0)
		return pending;
	return append(l, json_pack("{s:s, s:s, s:s*, s:I, s:b, s:s*}", "id", rec->id, "kind", rec->kind, "name",
	    name, "seq", (json_int_t)rec->seq, "published", rec->seq > 0 && !rec->dirty && pending == E_NOTFOUND,
	    "source", rec->source));
}

static int
list_partners(struct listing *l)
{
	const char *own = publish_own_org(l->app);
	int r;

	for (size_t i = 0; i < trust_nlisted(l->app->trust); i++) {
		const struct trust_org *org = trust_listed_at(l->app->trust, i);
		struct partner p = { 0 };
		struct err why = { "" };

		if (own != NULL && !strcmp(own, org->id))
			continue;
		if ((r = partner_get(l->app->db, org->id, &p)) != 0 && r != E_NOTFOUND)
			return r;
		r = append(l, json_pack("{s:s, s:s, s:s, s:b, s:b, s:b, s:s*}", "org", org->id, "name", org->name,
		    "server", org->server, "follows", r == 0 && p.follows && p.loaded, "follower", r == 0 && p.follower == FOLLOWER_IS,
		    "asked", r == 0 && p.follows && !p.loaded, "stopped", trust_judge(l->app->trust, org->id, &why) == 0 ? NULL : why.text));
		partner_free(&p);
		if (r != 0)
			return r;
	}
	return 0;
}

static int
each_room(void *cookie, const struct room *room)
{
	static const char *const kinds[] = ROOM_KINDS, *const aside[] = ROOM_ASIDES;

	return append(cookie, json_pack("{s:s*, s:s, s:s, s:s*, s:b, s:b, s:s*}", "room_id", room->room_id, "kind",
	    kinds[room->kind], "account", room->account, "subject", room->subject, "joined",
	    (int)room->joined, "encrypted", (int)room->encrypted,
	    "unused", aside[room->aside]));
}

static int
each_out(void *cookie, const struct out *out)
{
	static const char *const kinds[] = { "", "event", "to-device", "call" };
	static const char *const states[] = { "", "new", "ready", "failed" };
	struct listing *l = cookie;
	autofree char *blocked = NULL;
	autoroom struct room room = { 0 };
	int r = E_NOTFOUND;

	/* Why an event is not encrypted yet; a refusal is in out->error. */
	if (out->state == OUT_NEW && out->room_id != NULL && (r = room_get(l->app->db, out->room_id, &room)) == 0)
		r = room.kind == ROOM_DIRECT ? message_waits(l->app, room.pid, &blocked) : E_NOTFOUND;
	if (r == E_NOTFOUND && out->state == OUT_NEW && out->room_id != NULL && l->app->crypt != NULL)
		r = envelope_blocked(l->app->crypt, out->room_id, &blocked);
	if (r < 0)
		return r;
	return append(l, json_pack("{s:I, s:s, s:s, s:s, s:s, s:s*, s:I, s:s*}", "id", (json_int_t)out->id,
	    "kind", kinds[out->kind], "state", states[out->state], "account", out->account, "purpose",
	    out->purpose, "type", out->type, "attempts", (json_int_t)out->attempts, "error",
	    out->error != NULL ? out->error : blocked));
}

static int
each_rejected(void *cookie, int64_t id, const char *room_id, const char *reason, int64_t when, int64_t times)
{
	return append(cookie, json_pack("{s:I, s:s*, s:s, s:o, s:I}", "id", (json_int_t)id, "room_id", room_id,
	    "reason", reason, "at", view_time(when), "times", (json_int_t)times));
}

/* Nobody is to take the newest for all. */
static int
say_more(json_t *reply)
{
	return json_array_size(json_arr(reply, "items")) < SHOWN_MAX || json_object_set_new(reply, "more", json_true()) == 0 ? 0 : -ENOMEM;
}

/* Each item once: what the list has, not that it was read. */
static int
fill(struct listing *l, const char *what, json_t *reply, struct err *reterr)
{
	struct db *db = l->app->db;
	int r = 0;

	if (!strcmp(what, "referrals"))
		return case_each(db, each_case, l);
	if (!strcmp(what, "messages"))
		return (r = message_each(db, SHOWN_MAX, each_message, l)) != 0 ? r : say_more(reply);
	if (!strcmp(what, "matches"))
		return pairing_list(l->app, l->items);
	if (!strcmp(what, "erasures"))
		return erase_list(l->app, l->items);
	if (!strcmp(what, "holds"))
		return hold_list(l->app, l->items);
	if (!strcmp(what, "records"))
		return own_each(db, NULL, each_own, l);
	if (!strcmp(what, "feeds"))
		return feed_list(l->app, l->items);
	if (!strcmp(what, "tasks"))
		return intake_tasks(l->app, l->items);
	if (!strcmp(what, "cases"))
		return intake_cases(l->app, l->items);
	if (!strcmp(what, "partners"))
		return list_partners(l);
	if (!strcmp(what, "identities"))
		return identity_list(l->app, l->items);
	if (!strcmp(what, "rooms"))
		return room_each(db, -1, each_room, l);
	if (!strcmp(what, "waiting"))
		return (r = waiting_each(db, SHOWN_MAX, each_rejected, l)) != 0 ? r : say_more(reply);
	if (!strcmp(what, "rejected"))
		return (r = rejected_each(db, SHOWN_MAX, each_rejected, l)) != 0 ? r : say_more(reply);
	if (!strcmp(what, "outbox")) {
		for (enum out_state s = OUT_NEW; s <= OUT_FAILED && r == 0; s++)
			r = outbox_each(db, s, each_out, l);
		return r;
	}
	return err_set(reterr, E_BAD, "what: referrals, cases, tasks, matches, messages, erasures, holds, records, feeds, partners, identities, rooms, waiting, rejected or outbox");
}

/* What is published, or will be, is about no member. */
static bool
is_public(const char *what)
{
	return !strcmp(what, "records") || !strcmp(what, "feeds") || !strcmp(what, "partners");
}

int
view_list(struct app *app, const char *actor, const json_t *args, json_t **ret, struct err *reterr)
{
	const char *what = json_str(args, "what") != NULL ? json_str(args, "what") : "";
	struct listing l = { app, json_array(), json_is_true(json_object_get(args, "due")) };
	int r;

	if (l.due && strcmp(what, "referrals") != 0) {
		json_decref(l.items);
		return err_set(reterr, E_BAD, "due: only of referrals; cairn list referrals --due");
	}
	if ((*ret = json_pack("{s:o}", "items", l.items)) == NULL)
		return -ENOMEM;
	if ((r = fill(&l, what, *ret, reterr)) != 0 || is_public(what))
		return r;
	return audit_add(app->db, app_now(app), actor, "list", what, NULL);
}

/* What people will read of it. */
static int
put_words(struct app *app, const struct own_record *rec, json_t *item)
{
	autojson json_t *body = NULL;
	json_t *words;
	int r = canon_stored(rec->body, &body);

	if (r == 0)
		r = fields_words(rec->kind, body, app_now(app), &words);
	if (r == 0 && (r = lifeline_words(app, rec->kind, body, words)) != 0)
		json_decref(words);
	return r != 0 ? r : json_object_set_new(item, "in_words", words) != 0 ? -ENOMEM : 0;
}

/* ${draft}: our own record as it will be published next, to be exported. */
static int
show_record(struct app *app, const char *id, bool draft, json_t **ret)
{
	struct listing l = { .app = app };
	struct own_record rec;
	autojson json_t *purges = NULL;
	int r;

	for (size_t i = 0; i < trust_norgs(app->trust) && !draft; i++)
		if ((r = find_view(app, trust_org_at(app->trust, i)->id, id, ret)) != E_NOTFOUND)
			return r;
	if ((r = own_get(app->db, id, &rec)) != 0)
		return r;
	if ((l.items = json_array()) == NULL)
		r = -ENOMEM;
	else if ((r = each_own(&l, &rec)) == 0) {
		*ret = json_incref(json_array_get(l.items, 0));
		draft = draft || rec.record == NULL;
		r = view_part(*ret, draft ? "body" : "record", draft ? rec.body : rec.record);
		if (r == 0)
			r = put_words(app, &rec, *ret);
		if (r == 0 && (r = published_purges(app, rec.id, &purges)) == 0 && json_array_size(purges) > 0 &&
		    json_object_set(*ret, "followers", purges) != 0)
			r = -ENOMEM;
	}
	json_decref(l.items);
	own_free(&rec);
	return r;
}

/* Delivery of a content sent to a partner, or of a message. */
static int
delivery(struct app *app, const char *id, json_t **ret)
{
	autofree char *waits = NULL;
	const char *state = NULL;
	int r = traffic_delivery(app, id, &state);

	if (r == E_NOTFOUND)
		r = message_delivery(app, id, &state, &waits);
	if (r == E_NOTFOUND)
		r = erase_state(app, id, &state);
	if (r != 0)
		return r;
	*ret = json_pack("{s:s, s:s, s:s*}", "id", id, "delivery", state, "waits", waits);
	return *ret != NULL ? 0 : -ENOMEM;
}

int
view_status(struct app *app, const char *actor, const json_t *args, json_t **ret, struct err *reterr)
{
	const char *id = json_str(args, "id");
	int r;

	(void)actor;
	if (id == NULL)
		return setup_status(app, ret);
	if (!strcmp(id, "publish"))
		return publish_view(app, ret);
	r = delivery(app, id, ret);
	return r != E_NOTFOUND ? r : err_set(reterr, E_NOTFOUND, "nothing here has the id %s", id);
}

int
view_show(struct app *app, const char *actor, const json_t *args, json_t **ret, struct err *reterr)
{
	const char *id = json_str(args, "id");
	struct case_row row;
	int r;

	if (json_str(args, "feed") != NULL) {
		r = feed_show(app, json_str(args, "feed"), ret);
		return r != E_NOTFOUND ? r : err_next(reterr, err_set(reterr, r, "no file is kept under this name"),
		    "cairn list feeds shows the files that are kept, and their names");
	}
	if (id == NULL)
		return err_set(reterr, E_BAD, "id: what is to be shown?");
	if (!strcmp(id, "node")) {
		r = rekey_show(app, ret);
		return r != E_NOTFOUND ? r : err_next(reterr, err_set(reterr, E_REFUSED,
		    "this node has no identity yet"), "run cairn setup");
	}
	if (!strcmp(id, "publish"))
		return publish_view(app, ret);
	if ((r = case_get(app->db, id, &row)) == 0) {
		/* Who looked at a member's data is part of the record. */
		if ((r = caseview(app, &row, true, ret)) == 0)
			r = audit_case(app->db, app_now(app), actor, "show", id, NULL);
		case_free(&row);
		return r;
	}
	if (r == E_NOTFOUND && (r = intake_view(app, id, ret)) != E_NOTFOUND)
		return r != 0 ? r : audit_add(app->db, app_now(app), actor, "show", id, NULL);
	if (r == E_NOTFOUND && (r = erase_show(app, id, ret)) != E_NOTFOUND)
		return r;
	if (r == E_NOTFOUND && (r = pairing_show(app, actor, id, ret)) == E_NOTFOUND && (r = show_record(app, id, json_is_true(json_object_get(args, "draft")), ret)) == E_NOTFOUND)
		r = delivery(app, id, ret);
	return r != E_NOTFOUND ? r : err_set(reterr, E_NOTFOUND, "nothing here has the id %s", id);
}
