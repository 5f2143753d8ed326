/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bans.h"
#include "base/canon.h"
#include "base/id.h"
#include "crypt/envelope.h"
#include "crypt/keys.h"
#include "identity.h"
#include "message.h"
#include "notes_form.h"
#include "rooms.h"
#include "store/audit.h"
#include "store/holdstore.h"
#include "store/inbox.h"
#include "store/messagestore.h"
#include "store/outbox.h"
#include "store/subject.h"
#include "talk.h"

enum { BODY_MAX = 16 * 1024 };

/* An account that signs its devices wrote from one that it has not signed: words for people, marked. */
static int
is_unsure(struct app *app, const struct origin *origin, struct said *words)
{
	char master[CRYPT_KEY_TEXT + 1], *marked;
	int r = origin->trusted_device ? E_NOTFOUND : keys_identity(app->crypt, origin->pid, master);

	if (r == E_NOTFOUND || r == E_LATER || r < 0)
		return r < 0 ? r : 0;
	words->unsure = true;
	if (asprintf(&marked, "[from an app that they have not verified] %s", words->kept) < 0)
		return -ENOMEM;
	free(words->kept);
	words->kept = marked;
	return 0;
}

int
message_arrived(struct app *app, const char *type, const struct origin *origin)
{
	autosaid struct said words = { 0 };
	char id[ID_LEN + 1];
	bool took = false;
	int r;

	if ((r = said_read(type, origin->content, &words)) != 0)
		return r == E_NOTFOUND ? 0 : r;
	words.device = origin->device;
	if ((r = is_unsure(app, origin, &words)) != 0)
		return r;
	if (origin->pid != origin->room->pid)
		return err_set(origin->reason, E_REFUSED, "a message from a third person in a direct chat");
	/* People's clients give no id of ours: the event's own id counts it once. */
	if (origin->event_id == NULL || (r = inbox_seen(app->db, origin->event_id)) == 0)
		return E_EXISTS;
	if (r != E_NOTFOUND)
		return r;
	id_new(app->world, id);
	if ((r = inbox_add(app->db, origin->event_id, origin->pid, origin->room->room_id,
	    "m.room.message", "", app_now(app))) != 0)
		return r;
	if ((r = message_add(app->db, id, origin->room->room_id, origin->pid, false, words.kept,
	    origin->received)) != 0 || (r = room_written(app->db, origin->room)) != 0)
		return r;
	if ((r = message_came(app->db, id, words.of != NULL ? words.of : origin->event_id)) != 0 ||
	    (r = talk_heard(app, origin->pid, &words, &took)) != 0)
		return r;
	return took ? message_drop(app->db, id) : 0;
}

struct blanking {
	struct app	*app;
	bool		 danger, held;
};

static int
blank_one(void *cookie, const struct message *m)
{
	struct blanking *b = cookie;
	bool danger;
	int r = talk_sounds_like_danger(b->app, m->body, &danger);

	b->danger |= danger;
	/* A deletion is in clear, and nobody's signature is on it: a server may make one up. */
	return r != 0 || b->held ? r : message_blank(b->app->db, m->id, m->pid, danger ?
	    "[deleted, as the homeserver says; it sounded like danger, and they were given the crisis numbers]" : "[deleted, as the homeserver says]");
}

int
message_deleted(struct app *app, const char *room_id, const char *sender, const char *event_id)
{
	autoroom struct room room = { 0 };
	struct blanking b = { .app = app };
	char who[SUBJECT_NAME];
	struct held held;
	int64_t pid;
	int r;

	/* Whose words it names is anybody's to write: nothing but an id is kept. */
	if (!id_is_user(sender) || !id_is_event(event_id) || (r = room_get(app->db, room_id, &room)) == E_NOTFOUND)
		return 0;
	if (r != 0 || room.kind != ROOM_DIRECT || (r = person_find(app->db, sender, &pid)) != 0 || pid != room.pid)
		return r == E_NOTFOUND ? 0 : r;
	if ((r = hold_of(app->db, subject_person(pid, who), &held)) < 0)
		return r;
	b.held = r == 0;
	/* What could not be read yet never is. */
	if ((r = inbox_seen(app->db, event_id)) == E_NOTFOUND && !b.held)
		return inbox_deleted(app->db, event_id, pid, room_id, app_now(app));
	if (r == E_NOTFOUND)
		return 0;
	if (r != 0 || (r = message_of_event(app->db, event_id, pid, blank_one, &b)) != 0)
		return r;
	return talk_deleted(app, pid, b.danger, b.held);
}

int
message_clear(struct app *app, const char *room_id, const json_t *event)
{
	const char *sender = json_str(event, "sender"), *type = json_str(event, "type");
	autoroom struct room room = { 0 };
	autosaid struct said words = { 0 };
	int64_t pid;
	int r;

	if (type != NULL && !strcmp(type, "m.room.redaction"))
		return message_deleted(app, room_id, sender, json_str(event, "redacts") != NULL ? json_str(event, "redacts") :
		    json_str(json_obj(event, "content"), "redacts"));
	if (!id_is_user(sender) || type == NULL || json_str(event, "state_key") != NULL ||
	    (r = said_read(type, json_obj(event, "content"), &words)) == E_NOTFOUND)
		return 0;
	if (r != 0 || (r = room_get(app->db, room_id, &room)) != 0)
		return r == E_NOTFOUND ? 0 : r;
	if (room.kind != ROOM_DIRECT || words.automatic || (r = person_find(app->db, sender, &pid)) == E_NOTFOUND || (r == 0 && pid != room.pid))
		return 0;
	if (r == 0 && !room.encrypted) {
		/* Nothing can be answered there; a chat of ours takes its place. */
		room.kind = ROOM_UNKNOWN;
		r = room_put(app->db, &room);
	}
	return r != 0 ? r : talk_unread(app, pid);
}

/* ${kept}: it is in the list of messages.  ${note}: the note that it records or shows; 0: none.  ${automatic}: nobody wrote it, and no program answers it. */
static int
queue(struct app *app, const char *id, int64_t pid, const char *body, int64_t note, bool kept, bool automatic)
{
	autofree char *user = NULL;
	autojson json_t *content = NULL, *form = NULL;
	struct room room;
	int r = person_user(app->db, pid, &user);

	if (r != 0 || (r = rooms_direct(app, user, &room)) != 0)
		return r == E_LATER ? 0 : r;
	r = notes_form_get(app, pid, note, &form);
	content = json_pack("{s:s, s:s, s:{}, s:s, s:O*}", "msgtype", automatic ? "m.notice" : "m.text", "body", body, "m.mentions",
	    ID_NAMESPACE "id", id, SAID_NOTE, form);
	if (r != 0 || content == NULL)
		r = r != 0 ? r : -ENOMEM;
	else if (!kept || (r = message_room(app->db, id, room.room_id)) == 0)
		r = outbox_event(app->db, "node", room.room_id, "m.room.message", NULL, content, "say", id,
		    NULL);
	room_free(&room);
	return r;
}

const char *
message_note(const char *id, char out[ID_LEN + 8])
{
	(void)snprintf(out, ID_LEN + 8, "note:%s", id);
	return out;
}

static int
each(void *cookie, const struct message *m)
{
	struct app *app = cookie;
	autofree char *note = NULL;
	char key[ID_LEN + 8];
	int r = meta_get(app->db, message_note(m->id, key), false, &note);

	return r < 0 ? r : queue(app, m->id, m->pid, m->body, note != NULL ? strtoll(note, NULL, 10) : 0, true, m->automatic);
}

int
message_pass(struct app *app, int64_t pid, const char *text, int64_t note)
{
	char id[ID_LEN + 1];

	id_new(app->world, id);
	return queue(app, id, pid, text, note, false, true);
}

int
message_unread(struct app *app, const struct out *out)
{
	autoroom struct room room = { 0 };
	autojson json_t *content = NULL;
	const char *how;
	int r;

	if (strcmp(out->purpose, "say") != 0)
		return 0;
	if ((r = envelope_unreadable(app->crypt, out->room_id)) != 0 || (r = room_get(app->db, out->room_id, &room)) != 0 ||
	    (r = canon_stored(out->content, &content)) != 0)
		return r == E_NOTFOUND ? 0 : r;
	how = json_str(content, "msgtype");
	return room.kind == ROOM_DIRECT && how != NULL && !strcmp(how, "m.notice") ? talk_clear(app, &room, out->created) : 0;
}

int
message_step(struct app *app)
{
	return message_roomless(app->db, each, app);
}

int
message_waits(struct app *app, int64_t pid, char **ret)
{
	autoroom struct room room = { 0 };
	autofree char *user = NULL, *membership = NULL;
	int r = person_user(app->db, pid, &user), n;

	if (r != 0 || (r = room_by_person(app->db, pid, &room)) < 0)
		return r;
	if (r == E_NOTFOUND || room.room_id == NULL || rooms_lost(app, &room)) {
		n = asprintf(ret, "%s is invited to a chat first, and has to accept", user);
	} else if (!room.joined) {
		n = asprintf(ret, "%s made the chat, which is being joined", user);
	} else {
		if ((r = member_get(app->db, room.room_id, pid, &membership)) < 0)
			return r;
		if (r == 0 && !strcmp(membership, "join"))
			return identity_waits(app, pid, ret);
		n = r == E_NOTFOUND || !strcmp(membership, "invite") ?
		    asprintf(ret, "%s has not accepted the invitation to the chat yet", user) :
		    asprintf(ret, "%s declined the invitation or left the chat; ask them to write to %s", user,
		    app->cfg->node_user);
	}
	return n < 0 ? -ENOMEM : 0;
}

int
message_delivery(struct app *app, const char *id, const char **ret, char **ret_waits)
{
	autofree char *room = NULL;
	int64_t pid;
	int r = message_where(app->db, id, &room, &pid), live = 0, failed;

	if (r != 0 || (room != NULL && (live = outbox_pending(app->db, "say", id)) < 0))
		return r != 0 ? r : live;
	if (live == 0) {
		r = message_waits(app, pid, ret_waits);
		*ret = "queued";
		return r == E_NOTFOUND ? 0 : r;
	}
	if ((failed = outbox_failed(app->db, "say", id)) < 0)
		return failed;
	*ret = failed == 0 ? "failed" : "sent";
	return 0;
}

int
message_say(struct app *app, const char *actor, const json_t *args, json_t **ret, struct err *reterr)
{
	const char *user = json_str(args, "user"), *text = json_str(args, "text");
	autofree char *waits = NULL;
	char id[ID_LEN + 1], whom[SUBJECT_NAME];
	int64_t pid;
	int r;

	if (!id_is_user(user))
		return err_set(reterr, E_BAD, "user: not a Matrix user id; it looks like @name:server");
	if (text == NULL || *text == '\0' || strlen(text) > BODY_MAX)
		return err_set(reterr, E_BAD, "text: between 1 and %d bytes are wanted", BODY_MAX);
	if (app->crypt == NULL)
		return err_next(reterr, err_set(reterr, E_REFUSED, "this node is not set up"), "run cairn setup");
	if ((r = bans_refuse(app, user, NULL, reterr)) != 0)
		return r;
	id_new(app->world, id);
	if ((r = person_id(app->db, user, &pid)) != 0 || (r = talk_person(app, pid)) != 0 ||
	    (r = message_add(app->db, id, NULL, pid, true, text, app_now(app))) != 0 ||
	    (r = queue(app, id, pid, text, 0, true, false)) != 0 ||
	    (r = audit_add(app->db, app_now(app), actor, "say", subject_person(pid, whom), NULL)) != 0 || (r = message_waits(app, pid, &waits)) < 0)
		return r;
	*ret = json_pack("{s:s, s:s, s:s*}", "id", id, "delivery", "queued", "waits", waits);
	return *ret != NULL ? 0 : -ENOMEM;
}
