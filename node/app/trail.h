/* SPDX-License-Identifier: Apache-2.0 */
/* trail: what the audit is told besides the steps themselves, and what it shows. */
#ifndef CAIRN_TRAIL_H
#define CAIRN_TRAIL_H

#include "app.h"
#include "store/subject.h"

struct out;

/** trail_verify, trail_show: the verbs "audit verify" and "audit show". */
int	trail_verify(struct app *, const char *actor, const json_t *args, json_t **, struct err *) must_check;
int	trail_show(struct app *, const char *actor, const json_t *args, json_t **, struct err *) must_check;

/**
 * trail_subject(app, id, out): whose data an id that somebody typed is about, by the name of the subject (store/subject.h): of a referral, a match, a
 * case, a call to make, or a user id.  0; E_NOTFOUND: nobody's.
 */
int	trail_subject(struct app *, const char *id, char out[SUBJECT_NAME]) must_check;

/** trail_refused(app, actor, verb, args): a command about a referral, match, case, call or person that is here was refused; in a transaction of its own. */
int	trail_refused(struct app *, const char *actor, const char *verb, const json_t *args) must_check;
/**
 * trail_rejected(app, sender, type, content): what a partner said was refused; about the referral that it names, if that is here and theirs.
 * trail_withheld(app, out): what was not sent after all.
 */
int	trail_rejected(struct app *, const char *, const char *type, const json_t *content) must_check;
int	trail_withheld(struct app *, const struct out *) must_check;

#endif /* !CAIRN_TRAIL_H */
