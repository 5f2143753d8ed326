/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Plain messages of direct chats, until their term or the erasure of the person is over.  Bodies are sealed under the person's key
 * (subject.h).  Functions return 0, E_NOTFOUND where that is said, or a negative value of db.h.
 */
#ifndef CAIRN_MESSAGESTORE_H
#define CAIRN_MESSAGESTORE_H

#include <stdbool.h>
#include <stdint.h>

#include "db.h"

struct message {
	char	*id, *room, *user, *body;	/* room: NULL until there is a chat. */
	int64_t	 n, pid, at;			/* at: Unix ms, when it was said. */
	bool	 outgoing, automatic;		/* automatic: nobody wrote it: a program of ours did. */
};

/** Only lent; anything but 0 ends the walk, which returns it. */
typedef int (*message_fn)(void *cookie, const struct message *);

/** message_add(db, content_id, room_id, pid, outgoing, body, at): an outgoing one may come before its chat exists (room_id NULL).  -EEXIST. */
int	message_add(struct db *, const char *content_id, const char *room_id, int64_t pid,
	    bool outgoing, const char *body, int64_t at) must_check;
/** message_drop(db, content_id): it is kept elsewhere. */
int	message_drop(struct db *, const char *) must_check;
/** message_automatic(db, content_id).  message_came(db, content_id, event_id): by this event. */
int	message_automatic(struct db *, const char *) must_check;
int	message_came(struct db *, const char *content_id, const char *event_id) must_check;
/** message_room(db, content_id, room_id): the chat of one that had none.  0 or E_NOTFOUND. */
int	message_room(struct db *, const char *content_id, const char *room_id) must_check;
/** message_blank(db, content_id, pid, body): ${body} in place of its words. */
int	message_blank(struct db *, const char *content_id, int64_t pid, const char *body) must_check;
/** message_roomless: each that waits for its chat.  message_of_event: what that person said by that event.  message_each: newest first. */
int	message_roomless(struct db *, message_fn, void *) must_check;
int	message_of_event(struct db *, const char *event_id, int64_t pid, message_fn, void *) must_check;
int	message_each(struct db *, int limit, message_fn, void *) must_check;
/** message_of(db, pid, after, limit, fn, cookie): with that person, in the order in which they were kept, behind number ${after}. */
int	message_of(struct db *, int64_t pid, int64_t after, int64_t limit, message_fn, void *) must_check;
/** message_where(db, content_id, ret_room, ret_pid): its room, which the caller frees; NULL: roomless.  0 or E_NOTFOUND. */
int	message_where(struct db *, const char *content_id, char **ret_room, int64_t *ret_pid) must_check;
/** message_late(db, before, ret): how many that were said before then have not left. */
int	message_late(struct db *, int64_t before, int64_t *) must_check;

#endif /* !CAIRN_MESSAGESTORE_H */
