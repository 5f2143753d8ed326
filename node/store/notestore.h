/* SPDX-License-Identifier: Apache-2.0 */
/* notestore: what a member and a specialist keep of their way together; sealed as the member's own. */
#ifndef CAIRN_NOTESTORE_H
#define CAIRN_NOTESTORE_H

#include <jansson.h>

#include "db.h"

struct note {
	int64_t	 n;
	char	*pairing, *kind;	/* pairing "": of none. */
	int64_t	 at;		/* When it was kept. */
	int64_t	 due;		/* When the member wants to be asked again; 0: not. */
	int64_t	 pid;		/* Who wrote it in their chat; 0: staff did. */
	bool	 own;		/* It is theirs alone. */
	json_t	*body;		/* schemas/note.json */
};

/**
 * note_add(db, whose, note): ${whose} as in subject_referral(); n is given here and never again.  What a person wrote has a key of its
 * own, which goes with theirs (subject_note()).  0 or negative.
 */
int	note_add(struct db *, const char *whose, struct note *) must_check;
/** note_each(db, pairing or NULL, fn, cookie): oldest first, without those of members who were erased. */
int	note_each(struct db *, const char *pairing, int (*)(void *, const struct note *), void *) must_check;
/** note_of_kind(db, pairing, kind, fn, cookie): likewise those of that kind. */
int	note_of_kind(struct db *, const char *pairing, const char *kind, int (*)(void *, const struct note *), void *) must_check;
/** note_unseen(db, pairing or NULL, fn, cookie): likewise the feedback that staff have not looked at; fn may write.  note_saw(db, n, at): now they have. */
int	note_unseen(struct db *, const char *pairing, int (*)(void *, const struct note *), void *) must_check;
int	note_saw(struct db *, int64_t n, int64_t at) must_check;
/** note_due(db, now, ret): how many members of active matches wanted to be asked by now how it goes. */
int	note_due(struct db *, int64_t, int64_t *) must_check;

/**
 * Of one kind that a person wrote: note_mine(db, pid, kind, fn, cookie): newest first; note_share(db, pid, kind, own);
 * note_forget(db, pid, kind, ret): all of them, keys first (erasure.h), and how many.
 */
int	note_mine(struct db *, int64_t pid, const char *kind, int (*)(void *, const struct note *), void *) must_check;
int	note_share(struct db *, int64_t pid, const char *kind, bool own) must_check;
int	note_forget(struct db *, int64_t pid, const char *kind, int64_t *ret) must_check;

/** note_ask(db, ret_n, ret_due): who is to be asked next in their chat; 0, E_NOTFOUND.  note_get(db, n, fn, cookie); note_put_due(db, n, due). */
int	note_ask(struct db *, int64_t *, int64_t *) must_check;
int	note_get(struct db *, int64_t n, int (*)(void *, const struct note *), void *) must_check;
int	note_put_due(struct db *, int64_t n, int64_t due) must_check;

/* A chat of one of the two of a match. */
struct chat {
	char	*pairing;
	int64_t	 pid;
	char	*side;		/* "member", "specialist" */
};
int	chat_put(struct db *, const struct chat *) must_check;
int	chat_drop(struct db *, const struct chat *) must_check;
/** chat_of_pairing: its chats; chat_of_person: their active matches, in one order.  fn may write. */
int	chat_of_pairing(struct db *, const char *pairing, int (*)(void *, const struct chat *), void *) must_check;
int	chat_of_person(struct db *, int64_t pid, int (*)(void *, const struct chat *), void *) must_check;
/** chat_subjects(db, pid, fn, cookie): the subjects (subject.h) of the matches in which theirs is the member's chat, and which are no part of their person. */
int	chat_subjects(struct db *, int64_t pid, int (*)(void *, const char *), void *) must_check;

#endif /* !CAIRN_NOTESTORE_H */
