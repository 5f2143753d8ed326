/* SPDX-License-Identifier: Apache-2.0 */
/*
 * notes_form: notes as data (schemas/note.json; docs/notes.md).  A message of ours that records or shows one carries it beside its words,
 * in SAID_NOTE of its content, and what a program of the member's sends so is taken as if they had answered in words.  All of it is optional:
 * "!notes off" ends both, and words always do.
 */
#ifndef CAIRN_NOTES_FORM_H
#define CAIRN_NOTES_FORM_H

#include "talk.h"

/** notes_form_get(app, pid, note, ret): what goes beside the words to that person; NULL: nothing.  The caller decrefs.  0 or negative. */
int	notes_form_get(struct app *, int64_t pid, int64_t note, json_t **ret) must_check;

/**
 * notes_form_heard(talk, said, danger): take the note, or say what is wrong with it; then nothing of it is kept.  ${danger}: the words of the
 * message were answered as such, and are for people to read.  0 or negative.
 */
int	notes_form_heard(struct talk *, const struct said *, bool danger) must_check;

/** notes_form_topic(talk, words): the topic !notes: what is kept of what they wrote; the one of a number; "on", "off". */
int	notes_form_topic(struct talk *, const char *words) must_check;

#endif /* !CAIRN_NOTES_FORM_H */
