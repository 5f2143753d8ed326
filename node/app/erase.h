/* SPDX-License-Identifier: Apache-2.0 */
/*
 * erase: a member is forgotten: what this node knows of them, or of one referral.
 *
 *	cairn erase ─► wanted, partners asked │commit│ erasure_step: keys, rows, files │ ─► erasure.ack of each partner
 */
#ifndef CAIRN_ERASE_H
#define CAIRN_ERASE_H

#include "app.h"

#define ERASE_REQUEST	ID_NAMESPACE "erasure.request"
#define ERASE_ACK	ID_NAMESPACE "erasure.ack"

enum { ERASE_LEGAL_DAYS = 2192 };	/* That what the law wants kept is kept, if the configuration does not say. */

/** erase_run(app, actor, args, ret, reterr): the verb.  Without "confirm" equal to "id" it only says what would be done. */
int	erase_run(struct app *, const char *actor, const json_t *args, json_t **, struct err *) must_check;

/** erase_whom(app, user, ret, reterr): a member's number.  0; E_NOTFOUND; E_REFUSED: it is an organization's account. */
int	erase_whom(struct app *, const char *user, int64_t *, struct err *) must_check;

/**
 * erase_parts(app, subject, fn, cookie): the names of the other subjects (store/subject.h) that are erased with one: of a person, and of somebody without Matrix,
 * who is the referral:CASE of their case, with all that was asked for them; nothing of a referral.
 */
int	erase_parts(struct app *, const char *subject, int (*)(void *, const char *), void *) must_check;

/**
 * erase_answer(app, org, referral, of, result): tell the partner who asked; what we keep, and how long, goes with it.  ${of}: the content that asked
 * about what is not here, answered as traffic_unknown says; NULL: another.  ${result} as on the wire, or "held": kept as long as a hold.
 */
int	erase_answer(struct app *, const char *org, const char *referral, const char *of, const char *result, struct err *) must_check;

/** erase_want(app, referral, actor): all of it but what the law keeps; no partner is told.  0 or negative. */
int	erase_want(struct app *, const char *referral, const char *actor) must_check;

/** erase_go_on(app, name): that subject is held no more: what was wanted of it meanwhile is done, partners and the member are told.  0 or negative. */
int	erase_go_on(struct app *, const char *name) must_check;

/** erase_step(app, ret_more): a bounded piece of what is wanted. */
int	erase_step(struct app *, bool *ret_more) must_check;

/** erase_list(app, items): for cairn list erasures.  erase_state(app, id of a referral or name of a subject, ret): "queued" or, when nothing
 * of it is left, "delivered"; E_NOTFOUND. */
int	erase_list(struct app *, json_t *) must_check;
int	erase_state(struct app *, const char *, const char **) must_check;
/** erase_show(app, id, ret): all that is left of a referral, case or match that was erased; E_NOTFOUND: none was, of this id. */
int	erase_show(struct app *, const char *, json_t **) must_check;

#endif /* !CAIRN_ERASE_H */
