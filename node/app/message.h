/* SPDX-License-Identifier: Apache-2.0 */
/* message: plain words in a direct chat. */
#ifndef CAIRN_MESSAGE_H
#define CAIRN_MESSAGE_H

#include "app.h"
#include "base/id.h"
#include "origin.h"
#include "store/outbox.h"

/** message_arrived(app, type, origin): keep what a person said in a direct chat, and answer it; an event counts once. */
int	message_arrived(struct app *, const char *type, const struct origin *) must_check;

/** message_clear(app, room_id, event): somebody said in clear, or in a chat that does not encrypt, what we do not read: tell them. */
int	message_clear(struct app *, const char *room_id, const json_t *event) must_check;

/** message_deleted(app, room_id, sender, event_id): in a direct chat its person deleted that message: its words are erased here, too, and what that means is said. */
int	message_deleted(struct app *, const char *room_id, const char *sender, const char *event_id) must_check;

/** message_pass(app, pid, text, note): answer it in their chat, beside that note (notes_form.h; 0: none), and keep nothing of it; whoever left that chat does not get it.  0 or negative. */
int	message_pass(struct app *, int64_t pid, const char *text, int64_t note) must_check;

/** message_say(app, actor, args, ret, reterr): verb "say" {user, text}. */
int	message_say(struct app *, const char *actor, const json_t *args, json_t **ret, struct err *) must_check;

/**
 * message_waits(app, pid, ret): why words for that person cannot leave yet, if it is the person's doing or the
 * chat is not there; one sentence the caller frees.  0; E_NOTFOUND: they are in the chat.
 */
int	message_waits(struct app *, int64_t pid, char **ret) must_check;

/** message_delivery(app, id, ret): "queued", "sent" or "failed", static text; what it waits for (or NULL), which the caller frees.  0, E_NOTFOUND. */
int	message_delivery(struct app *, const char *id, const char **ret, char **ret_waits) must_check;

/** message_note(id, out): the key, in meta, of the number of the note that a message which waits for its chat records or shows. */
const char *message_note(const char *id, char out[ID_LEN + 8]);

/** message_unread(app, out): an answer of ours waits, as nobody in the chat has a device that may be sent keys: see talk_clear.  0 or negative. */
int	message_unread(struct app *, const struct out *) must_check;

/** message_step(app): say what waits for its chat to be made. */
int	message_step(struct app *) must_check;

#endif /* !CAIRN_MESSAGE_H */
