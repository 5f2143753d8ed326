/* SPDX-License-Identifier: Apache-2.0 */
/*
 * counted: which person a count of people counts once, whatever they asked for and how often they were met: their
 * Matrix account or their case; of a partner's referral, how the partner said that they are reached.
 *
 * Of whom nothing of that is known is nobody, and in no count: six such matches may be one member's, or the sixth of a
 * member who is counted already, so that even one of them could lift four people over the least that is told of.
 * Somebody with an account and a case besides is two; staff who know so keep one.
 */
#ifndef CAIRN_COUNTED_H
#define CAIRN_COUNTED_H

#include "app.h"

struct case_row;
struct note;
struct pairing;

/** counted_referral, counted_pairing, counted_note (the member's, whoever wrote it): a text that is theirs alone; the caller frees it.  0; E_NOTFOUND: nobody. */
int	counted_referral(struct app *, const struct case_row *, char **ret) must_check;
int	counted_pairing(struct app *, const struct pairing *, char **ret) must_check;
int	counted_note(struct app *, const struct note *, char **ret) must_check;

/** counted_specialist(app, note, ret): likewise the specialist of its match; of a note of none, by the record of a match of theirs that goes on. */
int	counted_specialist(struct app *, const struct note *, char **ret) must_check;

/** counted_program(app, note, ret): the program of that match's specialist, as it was called when they were chosen; the caller frees it.  0; E_NOTFOUND: none is known. */
int	counted_program(struct app *, const struct note *, char **ret) must_check;

#endif /* !CAIRN_COUNTED_H */
