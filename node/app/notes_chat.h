/* SPDX-License-Identifier: Apache-2.0 */
/*
 * notes_chat: the two of a match in their chats: who they are, the agreement that is shown there and signed with a word,
 * and the question how it goes, asked again on its day, by day, if the member wanted that.
 */
#ifndef CAIRN_NOTES_CHAT_H
#define CAIRN_NOTES_CHAT_H

#include "talk.h"

/** Verb "match chat" {match, user (of a specialist who signed for one: absent), as}: whose chat belongs to the match; an agreement that waits is shown there. */
int	notes_chat_add(struct app *, const char *actor, const json_t *args, json_t **ret, struct err *) must_check;

/** notes_chat_resume(app, match, pid): that specialist may be shown what is theirs: an agreement that waits for them, or that it holds. */
int	notes_chat_resume(struct app *, const char *match, int64_t pid) must_check;

/** notes_chat_offer(app, match): show the newest agreement in both chats.  0 or negative. */
int	notes_chat_offer(struct app *, const char *match) must_check;

/** notes_chat_yes(talk, words): the topic !yes: sign what was shown; else what else waits for a yes (talk_yes). */
int	notes_chat_yes(struct talk *, const char *words) must_check;

/**
 * notes_chat_sign(talk, signature): a signature in its own form (schemas/note.json).  0; E_REFUSED: it signs nothing that waits for
 * them, ${reterr} says why.
 */
int	notes_chat_sign(struct talk *, const json_t *signature, struct err *) must_check;

/**
 * notes_chat_match(talk, words, ret_id, ret_side): the active match that somebody speaks of: their only one, or that of the number which
 * ${words} are.  0; E_NOTFOUND: there is none; E_BAD: there are several, and talk->say lists them; ${ret_side} is "specialist" if they are that
 * in each.  ${ret_id} is the caller's.
 */
int	notes_chat_match(struct talk *, const char *words, char **ret_id, const char **ret_side) must_check;

/** notes_chat_step(app): who is to be asked now is asked, once.  notes_chat_due(app): when the next is; INT64_MAX: nobody. */
int	notes_chat_step(struct app *) must_check;
int64_t	notes_chat_due(struct app *);

#endif /* !CAIRN_NOTES_CHAT_H */
