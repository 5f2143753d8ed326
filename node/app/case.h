/* SPDX-License-Identifier: Apache-2.0 */
/*
 * case: referrals as the operator and the partner act on them.  The rules are
 * domain/referral and domain/consent; here a step is stored, its history and
 * audit written, and its effects queued, all in the caller's transaction.
 */
#ifndef CAIRN_CASE_H
#define CAIRN_CASE_H

#include "app.h"
#include "store/casestore.h"

/**
 * case_may_send(app, content_id): 0; E_LATER while the partner is not on the trust
 * list; E_REFUSED if it has arrived already, or a disclosure's consent is no longer in force.
 */
int	case_may_send(struct app *, const char *content_id) must_check;

/** case_arrived(app, traffic): the partner acknowledged it. */
int	case_arrived(struct app *, const struct traffic *) must_check;

/* Verbs (command.h): args, reply and errors as in cairn(1). */
int	case_refer(struct app *, const char *actor, const json_t *args, json_t **ret, struct err *) must_check;
int	case_consent(struct app *, const char *actor, const json_t *args, json_t **ret, struct err *) must_check;
int	case_answer(struct app *, const char *actor, const json_t *args, json_t **ret, struct err *) must_check;
int	case_outcome(struct app *, const char *actor, const json_t *args, json_t **ret, struct err *) must_check;

/** case_moves(row): the commands with which staff on this side can go on; the caller decrefs.  NULL: out of memory. */
json_t	*case_moves(const struct case_row *);

/**
 * case_step(app, row, input, actor, who, content_id, reterr): apply one input to
 * ${row} by the rules and store it with its history and audit.  E_REFUSED with a sentence; E_EXISTS.
 */
int	case_step(struct app *, struct case_row *, enum referral_input, enum referral_actor,
	    const char *who, const char *content_id, struct err *) must_check;

#endif /* !CAIRN_CASE_H */
