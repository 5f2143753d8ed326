/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/canon.h"
#include "base/event.h"
#include "base/log.h"
#include "case.h"
#include "crypt/envelope.h"
#include "domain/telling.h"
#include "domain/trust.h"
#include "events.h"
#include "rooms.h"
#include "store/casestore.h"
#include "store/outbox.h"
#include "traffic.h"
#include "trustlist.h"

#define PURPOSE		"traffic"
#define TYPE_ACK	ID_NAMESPACE "referral.ack"
#define TYPE_REFUSED	ID_NAMESPACE "referral.refused"
#define TYPE_REVOKED	ID_NAMESPACE "consent.revoked"
#define TYPE_ERASURE	ID_NAMESPACE "erasure.request"
#define TYPE_DISCLOSURE	ID_NAMESPACE "referral.disclosure"
#define TYPE_WITHHELD	ID_NAMESPACE "referral.withheld"

/* Unacknowledged traffic goes again after a minute, then ever more rarely. */
enum { REFUSED_TRIES = 24, RESEND_MS = 60 * 1000, RESEND_MAX_MS = 3600 * 1000, NO_ROOM_MS = 250, TRIES_MAX = 200, SKIP_MAX = 16 };

static int
check(const char *type, const json_t *content, struct err *reterr)
{
	const struct ev_desc *desc = event_find(ev_events, ev_n_events, type);

	return desc != NULL ? event_check(desc, content, reterr) :
	    err_set(reterr, E_BAD, "no schema describes %s", type);
}

/* Add what every content carries.  Numbers are left out at random, so that one which never leaves is not missed. */
static int
number(struct app *app, const char *org, json_t *content, char id[ID_LEN + 1], int64_t *ret_seq)
{
	uint8_t skip;
	int r;

	world_random(app->world, &skip, sizeof(skip));
	if ((r = traffic_seq(app->db, org, 1 + skip % SKIP_MAX, ret_seq)) != 0)
		return r;
	id_new(app->world, id);
	return json_object_set_new(content, "v", json_integer(1)) != 0 ||
	    json_object_set_new(content, "id", json_string(id)) != 0 ||
	    json_object_set_new(content, "seq", json_integer(*ret_seq)) != 0 ||
	    json_object_set_new(content, "sent_at", json_integer(app_now(app))) != 0 ? -ENOMEM : 0;
}

int
traffic_send(struct app *app, const char *org, const char *referral, const char *type,
    json_t *content, char ret_id[ID_LEN + 1], struct err *reterr)
{
	autofree char *text = NULL;
	struct traffic t = { .org = (char *)org, .referral = (char *)referral, .type = (char *)type };
	int r;

	if ((r = trustlist_why(app, org, reterr)) != 0 || (r = number(app, org, content, ret_id, &t.seq)) != 0 ||
	    (r = check(type, content, reterr)) != 0 || (r = canon_text(content, &text, reterr)) != 0)
		return r;
	t.content_id = ret_id;
	t.content = text;
	t.resend_at = app_now(app);
	return traffic_put(app->db, &t);
}

/* What is said of a content that came: not repeated, nor answered in its turn. */
static int
reply(struct app *app, const char *org, const char *content_id, const char *type, const char *purpose, json_t *content)
{
	struct room room;
	char id[ID_LEN + 1];
	int64_t seq;
	int r = rooms_channel(app, org, &room);

	if (r == E_LATER || r == E_NOTFOUND)
		return 0;	/* They send it again, and then there is a room. */
	if (r != 0)
		return r;
	/* However often it comes, one reply at a time waits to go. */
	if ((r = outbox_pending(app->db, purpose, content_id)) == E_NOTFOUND)
		r = content == NULL ? -ENOMEM : number(app, org, content, id, &seq);
	else if (r == 0)
		r = E_EXISTS;
	if (r == 0)
		r = outbox_event(app->db, "node", room.room_id, type, NULL, content, purpose, content_id, NULL);
	room_free(&room);
	return r == E_EXISTS ? 0 : r;
}

int
traffic_ack(struct app *app, const char *org, const char *content_id)
{
	autojson json_t *content = json_pack("{s:[s], s:I, s:s}", "ack_of", content_id,
	    "received_at", (json_int_t)app_now(app), "body", "Received.");

	return reply(app, org, content_id, TYPE_ACK, "ack", content);
}

int
traffic_refuse(struct app *app, const char *org, const char *content_id, enum traffic_why why)
{
	autojson json_t *content = json_pack("{s:s, s:i, s:s}", "of", content_id, "why", (int)why, "body", "Not taken.");

	return reply(app, org, content_id, TYPE_REFUSED, "refused", content);
}

int
traffic_unknown(struct app *app, const char *org, const char *content_id, const char *type, json_t *content)
{
	int r = reply(app, org, content_id, type, "unknown", content);

	if (r == 0)
		r = traffic_ack(app, org, content_id);
	return r != 0 ? r : E_EXISTS;
}

int
traffic_refused(struct app *app, const char *org, const char *content_id, int64_t why)
{
	struct traffic t;
	int64_t least;
	int r = traffic_get(app->db, content_id, &t);

	if (r != 0)
		return r == E_NOTFOUND ? 0 : r;
	if (!strcmp(t.org, org) && t.resend_at != 0 && t.tries > 0) {
		least = !strcmp(t.type, TYPE_REVOKED) || !strcmp(t.type, TYPE_ERASURE) ? TRAFFIC_SILENT : TRIES_MAX - REFUSED_TRIES;
		t.refused = why;
		t.tries = t.tries > least ? t.tries : least;
		t.resend_at = app_now(app) + RESEND_MAX_MS;
		r = traffic_put(app->db, &t);
	}
	traffic_free(&t);
	return r;
}

int
traffic_delivery(struct app *app, const char *content_id, const char **ret)
{
	struct traffic t;
	int r = traffic_get(app->db, content_id, &t), pending;

	if (r != 0)
		return r;
	pending = outbox_pending(app->db, PURPOSE, content_id);
	*ret = !strcmp(t.type, TYPE_WITHHELD) ? "failed" : t.acked_at != 0 ? "delivered" : t.resend_at == 0 ? "failed" :
	    t.refused != 0 ? "refused" : t.tries == 0 || pending == 0 ? "queued" : "sent";
	traffic_free(&t);
	return pending < 0 ? pending : 0;
}

static int
give_up(struct app *app, struct traffic *t)
{
	char ref[9];

	log_error("traffic", "%s %s was never acknowledged by its recipient; see cairn doctor", t->type,
	    log_ref(t->content_id, ref));
	t->resend_at = 0;
	return traffic_put(app->db, t);
}

/* Hand one due content to the outbox; again with a fresh session, in case the last key was lost. */
static int
send_again(struct app *app, struct traffic *t, bool *ret_more)
{
	autojson json_t *content = NULL;
	int64_t wait = RESEND_MS;
	struct room room;
	int r;

	if (t->tries >= TRIES_MAX)
		return give_up(app, t);
	if ((r = outbox_pending(app->db, PURPOSE, t->content_id)) == 0) {
		t->resend_at = app_now(app) + RESEND_MS;
		return traffic_put(app->db, t);
	}
	if (r != E_NOTFOUND)
		return r;
	if ((r = rooms_channel(app, t->org, &room)) != 0) {
		t->resend_at = app_now(app) + (r == E_LATER ? NO_ROOM_MS : RESEND_MS);
		return r == E_LATER || r == E_NOTFOUND ? traffic_put(app->db, t) : r;
	}
	if (t->tries > 0)
		r = envelope_rotate(app->crypt, room.room_id);
	if (r == 0 && (r = canon_stored(t->content, &content)) == 0)
		r = outbox_event(app->db, "node", room.room_id, t->type, NULL, content, PURPOSE,
		    t->content_id, NULL);
	room_free(&room);
	for (int64_t i = 0; i < t->tries && wait < RESEND_MAX_MS; i++)
		wait *= 2;
	t->tries++;
	t->resend_at = app_now(app) + (wait < RESEND_MAX_MS ? wait : RESEND_MAX_MS);
	*ret_more = true;
	return r != 0 ? r : traffic_put(app->db, t);
}

int
traffic_step(struct app *app, bool *ret_more)
{
	struct traffic *due = NULL;
	size_t n = 0;
	int r = traffic_due(app->db, app_now(app), 16, &due, &n);

	if (r != 0)
		return r;
	for (size_t i = 0; i < n && r == 0; i++)
		r = send_again(app, &due[i], ret_more);
	traffic_list_free(due, n);
	return r;
}

int
traffic_stop(struct app *app, const char *content_id)
{
	struct traffic t;
	int r = traffic_get(app->db, content_id, &t);

	if (r != 0)
		return r == E_NOTFOUND ? 0 : r;
	t.resend_at = 0;
	r = traffic_put(app->db, &t);
	traffic_free(&t);
	return r;
}

/* ${disclosure} without anything that it discloses. */
static json_t *
bare(const json_t *disclosure)
{
	static const char *const names[] = { "v", "id", "seq", "referral", "prev", "leg", "sent_at" };
	autojson json_t *content = json_pack("{s:s}", "body",
	    "A consent ended before anything was disclosed.");

	for (size_t i = 0; i < nelem(names) && content != NULL; i++)
		if (json_object_set(content, names[i], json_object_get(disclosure, names[i])) != 0)
			return NULL;
	return take(content);
}

int
traffic_withhold(struct app *app, const char *content_id)
{
	autojson json_t *content = NULL, *instead = NULL;
	struct traffic t;
	bool whole;
	int r = traffic_get(app->db, content_id, &t);

	if (r != 0)
		return r == E_NOTFOUND ? 0 : r;
	if (t.content == NULL || (r = canon_stored(t.content, &content)) != 0)
		goto done;
	whole = !strcmp(t.type, TYPE_DISCLOSURE);
	if ((!whole && !telling_says(content)) || (r = outbox_void(app->db, PURPOSE, content_id)) != 0)
		goto done;
	free(take(t.content));
	if (whole) {
		free(t.type);
		t.type = strdup(TYPE_WITHHELD);
	}
	t.tries = 0;
	t.resend_at = app_now(app);
	instead = whole ? bare(content) : json_incref(content);
	if (t.type == NULL || instead == NULL || (!whole && telling_bare(instead) != 0))
		r = -ENOMEM;
	else if ((r = canon_text(instead, &t.content, NULL)) == 0)
		r = traffic_put(app->db, &t);
done:
	traffic_free(&t);
	return r;
}

int64_t
traffic_due_at(struct app *app)
{
	return traffic_next(app->db);
}

int
traffic_acked(struct app *app, const char *org, const char *content_id)
{
	struct traffic t;
	int r = traffic_get(app->db, content_id, &t);

	if (r != 0)
		return r == E_NOTFOUND ? 0 : r;
	if (!strcmp(t.org, org) && t.acked_at == 0) {
		t.acked_at = app_now(app);
		t.resend_at = 0;
		if ((r = traffic_put(app->db, &t)) == 0 &&
		    (r = outbox_void(app->db, PURPOSE, content_id)) == 0)
			r = case_arrived(app, &t);
	}
	traffic_free(&t);
	return r;
}
