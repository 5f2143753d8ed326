/* SPDX-License-Identifier: Apache-2.0 */
/*
 * accounting: to whom was what about a member disclosed, under which consent,
 * and who holds what now.  42 CFR 2.24, 2.25 and 2.51, 45 CFR 164.528.
 */
#ifndef CAIRN_ACCOUNTING_H
#define CAIRN_ACCOUNTING_H

#include "app.h"
#include "store/subject.h"

/** accounting_leaves(app, content_id): a partner's content is about to leave: if it discloses, it is written down, once.  In doubt it counts as disclosed. */
int	accounting_leaves(struct app *, const char *content_id) must_check;
/** accounting_arrived(app, content_id): the partner has acknowledged it. */
int	accounting_arrived(struct app *, const char *content_id) must_check;

/**
 * accounting_holds(app, whose, ret): who holds what by the account of a referral, or of a case, a match or "person:PID" themselves, for the
 * member to read: [{org, name, what, since, arrived, emergency, keeps, stops_redisclosure}].
 */
int	accounting_holds(struct app *, const char *whose, json_t **ret) must_check;

/** accounting_whom(app, id, ret, reterr): whom somebody means, by the name of the subject: by user id, or that of a referral, case or match.  0; E_BAD; E_NOTFOUND; E_REFUSED: an organization. */
int	accounting_whom(struct app *, const char *id, char[SUBJECT_NAME], struct err *) must_check;

/** Verbs, of a referral, a case, a match or a user: accounting_run {id}, of a case or user with all their referrals; accounting_emergency {id, template or emergency: {...}}. */
int	accounting_run(struct app *, const char *actor, const json_t *args, json_t **ret, struct err *) must_check;
int	accounting_emergency(struct app *, const char *actor, const json_t *args, json_t **ret, struct err *) must_check;

#endif /* !CAIRN_ACCOUNTING_H */
