/* SPDX-License-Identifier: Apache-2.0 */
/*
 * consent_ask: what a member is asked in their chat before they consent, one question at a time; the words that they then read; and letters that
 * stand for these very words.  How far it has come is JSON that its owner keeps:
 *
 *	{at: the question that waits, name, how, value, leave_message, constraints, need_detail, outcome}
 *
 * What was left out is not there, and is not told.  Pure.
 */
#ifndef CAIRN_CONSENT_ASK_H
#define CAIRN_CONSENT_ASK_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

/** consent_ask_question(answers, account, out): append the question that waits, and how to answer it; ${account}: theirs here.  0 or negative. */
int	consent_ask_question(const json_t *answers, const char *account, struct buf *out) must_check;

/**
 * consent_ask_answer(answers, account, words, ret_over, reterr): ${words} NULL: it is left out.  0; ${ret_over}: that was the last; E_BAD: it is no
 * answer, ${reterr} says in a sentence what is wanted, and the question still waits.
 */
int	consent_ask_answer(json_t *answers, const char *account, const char *words, bool *ret_over, struct err *) must_check;

/** consent_ask_fill(answers, form): lay them over the form of a consent, as if it were signed now; what is not told is not in it.  0 or -ENOMEM. */
int	consent_ask_fill(const json_t *answers, json_t *form) must_check;

/** consent_ask_own_words(answers): may the question that waits be answered by any words? */
bool	consent_ask_own_words(const json_t *answers);

/* What it is about: by whom the request was accepted, what they know of it without a name, and whether they were told who it is of before. */
struct consent_ask_case {
	const char	*whom, *asked;
	bool		 disclosed;
};

/** consent_ask_words(form, about, out): append what the member reads: all that a filled form says, and what it is joined to.  0 or negative. */
int	consent_ask_words(const json_t *form, const struct consent_ask_case *, struct buf *out) must_check;

/** consent_ask_otherwise(disclosed): what whoever says no should know. */
const char *consent_ask_otherwise(bool disclosed);

enum { CONSENT_ASK_TERMS = 65, CONSENT_ASK_CODE = 5 };

/**
 * consent_ask_code(words, once, leg, terms, code): the hash of these words, as it stands in the signature; and letters for them, ${once} (which
 * is used once) and the leg of the referral: other words, or the same shown again, have others.  consent_ask_said(words, ret): the letters that
 * somebody wrote, in capitals; false: these are none.
 */
void	consent_ask_code(const char *words, const char *once, int64_t leg, char terms[CONSENT_ASK_TERMS], char code[CONSENT_ASK_CODE + 1]);
bool	consent_ask_said(const char *words, char ret[CONSENT_ASK_CODE + 1]);

#endif /* !CAIRN_CONSENT_ASK_H */
