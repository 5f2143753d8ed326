/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dialogue: questions asked one at a time in a chat, whose answers become a note (schemas/note.json) or an entry
 * (schemas/entry.json).  What is asked is data: a table by kind, and for a questionnaire the items of its measure
 * (measure.h).  How far it has come is JSON that its owner keeps:
 *
 *	{kind, by, at: the question that waits, part: what was answered}
 */
#ifndef CAIRN_DIALOGUE_H
#define CAIRN_DIALOGUE_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

enum { DIALOGUE_DAY_FROM = 9, DIALOGUE_DAY_UNTIL = 20, DIALOGUE_WORDS = 1000 };

/** dialogue_begin(kind, by, measure, ret): ${measure} for kind "answers", else NULL.  0; E_NOTFOUND: nothing is asked of this kind; -ENOMEM. */
int	dialogue_begin(const char *kind, const char *by, const json_t *measure, json_t **ret) must_check;

/** dialogue_ask(state, measure, out): append the question that waits, and how to answer it.  0 or negative. */
int	dialogue_ask(const json_t *state, const json_t *measure, struct buf *out) must_check;

/**
 * dialogue_answer(state, measure, words, now, ret_over, ret_alarm, reterr): ${words} NULL: it is left out.  0; ${ret_over}: that was the
 * last; E_BAD: it is no answer, ${reterr} says in a sentence what is wanted, and the question still waits.  ${ret_alarm}: the answer
 * says that somebody may be in danger (measure.h).
 */
int	dialogue_answer(json_t *state, const json_t *measure, const char *words, int64_t now, bool *ret_over, bool *ret_alarm,
	    struct err *) must_check;

/** dialogue_result(state, on, ret): {v, kind, on, KIND: part}.  0; E_NOTFOUND: nothing was answered; -ENOMEM. */
int	dialogue_result(const json_t *state, const char *on, json_t **ret) must_check;

/** dialogue_words(note, out): append what a note of such a kind says, a line an answer.  0 or negative. */
int	dialogue_words(const json_t *note, struct buf *out) must_check;

/** dialogue_daytime(at, utc_minutes): the first instant from ${at} on at which it is day for somebody whose clock is so far ahead of UTC. */
int64_t	dialogue_daytime(int64_t at, int utc_minutes);

#endif /* !CAIRN_DIALOGUE_H */
