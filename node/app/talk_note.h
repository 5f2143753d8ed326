/* SPDX-License-Identifier: Apache-2.0 */
/*
 * talk_note: what somebody keeps by writing in their chat: goals, plan, check-ins, feedback, a look back, questionnaires.
 * One question at a time (domain/dialogue.h); how far it has come is in the conversation's state, as "note".  Nothing
 * of it is among the messages that staff read, but for what was no answer and what sounds like danger, which is said.
 * Goals and plan are the writer's alone until they share them, and forgotten at a word.
 */
#ifndef CAIRN_TALK_NOTE_H
#define CAIRN_TALK_NOTE_H

#include "talk.h"

/* Of each kind: what it is called, and who reads it; said before the first question. */
struct talk_kind {
	const char	*kind, *topic, *name;
	bool		 own;		/* The writer's alone until they share it; one text, which the next takes the place of. */
	bool		 both;		/* Of a match, by either of the two. */
	const char	*who;
};
/** talk_kind_of(word): by its kind or its topic; NULL: nobody writes such a thing in their chat. */
const struct talk_kind *talk_kind_of(const char *word);
/** talk_kind_at(i): each of them; NULL: there are no more. */
const struct talk_kind *talk_kind_at(size_t);

/**
 * talk_note_keep(talk, match, body, measure): keep a note (schemas/note.json) of such a kind and say so; of answers with what they
 * count to.  0; E_BAD: too few are answered, which was said; or negative.  talk_note_show(talk, body, n, own): what it says.
 */
int	talk_note_keep(struct talk *, const char *match, json_t *body, const json_t *measure) must_check;
int	talk_note_show(struct talk *, const json_t *body, int64_t n, bool own) must_check;

/**
 * talk_note_read(talk, kind): what they wrote of it sounds like danger and is read by people: that is said now, and once more when it is
 * forgotten.  0 or negative.
 */
int	talk_note_read(struct talk *, const char *kind) must_check;

/* Topics: ${words} follow the command.  0 or negative. */
int	talk_goals(struct talk *, const char *words) must_check;
int	talk_plan(struct talk *, const char *words) must_check;
int	talk_checkin(struct talk *, const char *words) must_check;
int	talk_feedback(struct talk *, const char *words) must_check;
int	talk_reflect(struct talk *, const char *words) must_check;
int	talk_volunteer(struct talk *, const char *words) must_check;
int	talk_measure(struct talk *, const char *words) must_check;
int	talk_share(struct talk *, const char *words) must_check;
int	talk_forget(struct talk *, const char *words) must_check;
int	talk_skip(struct talk *, const char *words) must_check;
int	talk_next(struct talk *, const char *words) must_check;
int	talk_stop(struct talk *, const char *words) must_check;

/** talk_note_open(talk): does a question of such a dialogue wait? */
bool	talk_note_open(const struct talk *);
/** talk_note_busy(talk): the same, and then says that it waits; 1, 0 or negative. */
int	talk_note_busy(struct talk *) must_check;
/**
 * talk_note_answer(talk, words, hush): an answer to it; ${hush}: take it, and ask nothing more now.  E_NOTFOUND: nothing waits.
 * Sets talk->took if the words are kept as an answer.
 */
int	talk_note_answer(struct talk *, const char *words, bool hush) must_check;

/** talk_danger(app, pid): answer it, before all else, and tell whoever is on call (talk.c). */
int	talk_danger(struct app *, int64_t pid) must_check;

#endif /* !CAIRN_TALK_NOTE_H */
