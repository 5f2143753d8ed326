/* SPDX-License-Identifier: Apache-2.0 */
/*
 * enrol: a second organization comes in: an invitation with a code that is good once, the other's answer, and
 * words that two people read to each other (domain/enrol.h).  Nobody is trusted by any of it: the signers of the
 * trust list sign the next version, or do not.
 */
#ifndef CAIRN_APP_ENROL_H
#define CAIRN_APP_ENROL_H

#include "app.h"

/**
 * enrol_invite_verb(app, actor, args, ret, reterr): verb "federation_invite" {domain, hours}: {invitation, code, until, words}.
 * The code is in no store and is told once; another invitation of the same domain ends the one before.
 * enrol_accept_verb: verb "federation_accept" {invitation, code}: {enrolment, name, server, their_words, words}.
 * enrol_admit_verb: verb "federation_admit" {enrolment, words}: without ${words} what is asked, by whom, and the words
 * that they must read; with them {entry, own, list}: what the next version is made of (list: the one in force, or absent).
 */
int	enrol_invite_verb(struct app *, const char *actor, const json_t *args, json_t **ret, struct err *) must_check;
int	enrol_accept_verb(struct app *, const char *actor, const json_t *args, json_t **ret, struct err *) must_check;
int	enrol_admit_verb(struct app *, const char *actor, const json_t *args, json_t **ret, struct err *) must_check;

#endif /* !CAIRN_APP_ENROL_H */
