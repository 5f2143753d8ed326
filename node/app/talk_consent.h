/* SPDX-License-Identifier: Apache-2.0 */
/*
 * talk_consent: those whom a member asked said yes, and the member decides here whether they may know who it is.  What would be told is asked one
 * question at a time (domain/consent_ask.h), shown in full, and told only by a yes with the letters of these very words: once, in the transaction
 * of that yes.  How far it has come is in the conversation's state:
 *
 *	consent: {referral, answers, asked_at: when the question was, late: somebody wrote long after, offer: {code, once, ends: of the consent,
 *	until: of the letters}}
 *
 * What is written in their own words, or long after the question, people read too: it may be a call for help.
 */
#ifndef CAIRN_TALK_CONSENT_H
#define CAIRN_TALK_CONSENT_H

#include "talk.h"

/** talk_consent_waits(referral): it is ours, was accepted, and nobody may know yet whose it is. */
bool	talk_consent_waits(const struct referral *);

/** talk_consent_news(app, row, name, out): append what a member is told of it when ${name} has said yes.  0 or negative. */
int	talk_consent_news(struct app *, const struct case_row *, const char *name, struct buf *out) must_check;

/* Topics: ${words} follow the command.  talk_consent_yes: ${code} as consent_ask_said() read it.  0 or negative. */
int	talk_consent(struct talk *, const char *words) must_check;
int	talk_consent_yes(struct talk *, const char *code) must_check;
int	talk_consent_no(struct talk *, const char *words) must_check;

/**
 * talk_consent_open(talk): does a question of it wait?  talk_consent_fresh(talk): was it asked just now, so that what comes is an answer?
 * talk_consent_offered(talk): do the words wait for yes or no?
 */
bool	talk_consent_open(const struct talk *);
bool	talk_consent_fresh(const struct talk *);
bool	talk_consent_offered(const struct talk *);
#define TALK_CONSENT_BUSY "You are being asked what may be told of you. Write !next to go on with that, or !stop to leave it."
/** talk_consent_answer(talk, words): an answer to the question; NULL: it is left out.  talk_consent_next(talk): ask it, or show the words, once more. */
int	talk_consent_answer(struct talk *, const char *words) must_check;
int	talk_consent_next(struct talk *) must_check;
/** talk_consent_hint(talk): they wait, and how one says yes or no.  talk_consent_late(talk): a question waits, and people read what was written; E_NOTFOUND: that was said. */
int	talk_consent_hint(struct talk *) must_check;
int	talk_consent_late(struct talk *) must_check;
/** talk_consent_settle(talk): nothing stays of what waits no more.  0 or negative. */
int	talk_consent_settle(struct talk *) must_check;
/** talk_consent_drop(talk): forget what was answered, which is said; false: there is nothing. */
bool	talk_consent_drop(struct talk *);

/** talk_consent_forget(app, referral): nothing of it is stored any more, as that referral waits no more, or is erased.  0 or negative. */
int	talk_consent_forget(struct app *, const char *referral) must_check;

#endif /* !CAIRN_TALK_CONSENT_H */
