/* SPDX-License-Identifier: Apache-2.0 */
/*
 * consult: the voice of an organization's specialists in its decisions: one question at a time, with answers to choose from, put to each in
 * their own chat.  Who said what is never shown; the counts are hidden as in a report (domain/report.h), found once, at the end, and told to
 * all who were asked.
 */
#ifndef CAIRN_CONSULT_H
#define CAIRN_CONSULT_H

#include "talk.h"

/* Verbs: "consult ask" {document: {question, answers, specialists}}, "consult show" {consult}, "consult close" {consult}. */
int	consult_ask(struct app *, const char *actor, const json_t *args, json_t **ret, struct err *) must_check;
int	consult_show(struct app *, const char *actor, const json_t *args, json_t **ret, struct err *) must_check;
int	consult_close(struct app *, const char *actor, const json_t *args, json_t **ret, struct err *) must_check;

/** consult_step(app, ret_more): a few of those who were asked are told the result, once each, in as many messages as it takes. */
int	consult_step(struct app *, bool *ret_more) must_check;

/** consult_number(talk, words): a bare number from somebody who is asked is an answer too: else people would read it.  E_NOTFOUND: it is none. */
int	consult_number(struct talk *, const char *words) must_check;

/** consult_answer(talk, words): the topic !answer: a number, and words if they like; the last one counts. */
int	consult_answer(struct talk *, const char *words) must_check;

#endif /* !CAIRN_CONSULT_H */
