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
 * list; E_REFUSED if it has arrived already, or the consent to what it discloses is not in force (any more).
 */
int	case_may_send(struct app *, const char *content_id) must_check;

/** case_arrived(app, traffic): the partner acknowledged it; its content is that which was acknowledged. */
int	case_arrived(struct app *, const struct traffic *) must_check;

/* Verbs (command.h): args, reply and errors as in cairn(1). */
int	case_refer(struct app *, const char *actor, const json_t *args, json_t **ret, struct err *) must_check;
int	case_consent(struct app *, const char *actor, const json_t *args, json_t **ret, struct err *) must_check;
int	case_answer(struct app *, const char *actor, const json_t *args, json_t **ret, struct err *) must_check;
int	case_outcome(struct app *, const char *actor, const json_t *args, json_t **ret, struct err *) must_check;
int	case_withdraw(struct app *, const char *actor, const json_t *args, json_t **ret, struct err *) must_check;
/** case_act(app, verb, actor, args, ret, reterr): each verb that is one step of a known referral; the table is in caseact.c. */
int	case_act(struct app *, const char *verb, const char *actor, const json_t *args, json_t **ret, struct err *) must_check;

/** case_moves(app, row): the commands with which staff on this side can go on; the caller decrefs.  NULL: out of memory. */
json_t	*case_moves(const struct app *, const struct case_row *);

/** case_takes(kind, body, reterr): can somebody be referred to such a record?  0, or E_REFUSED with "it is ...", what to do instead. */
int	case_takes(const char *kind, const json_t *body, struct err *) must_check;

/** case_put_words(request): its body, composed of its closed fields; whatever was there before goes.  0 or -ENOMEM. */
int	case_put_words(json_t *) must_check;

/** case_need(app, args, ret, reterr): the referral that ${args}.referral names; case_free.  case_not_ours(row, why, reterr): E_REFUSED, with ${why}. */
int	case_need(struct app *, const json_t *args, struct case_row *, struct err *) must_check;
int	case_not_ours(const struct case_row *, const char *why, struct err *);

/**
 * case_tell(app, row, input, actor, who, type, content, ret, reterr): a step of ours that the partner hears of, as a
 * content of ${type} that names referral, prev and leg.  0 and the reply of a verb; E_EXISTS and E_REFUSED with a sentence: then
 * nothing was said.
 */
int	case_tell(struct app *, struct case_row *, enum referral_input, enum referral_actor, const char *who,
	    const char *type, json_t *content, json_t **ret, struct err *) must_check;

#endif /* !CAIRN_CASE_H */
