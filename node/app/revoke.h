/* SPDX-License-Identifier: Apache-2.0 */
/*
 * revoke: a consent is taken back, or the event that ends it has happened.  At
 * once nothing more leaves under it, and nothing at all if the member leaves by that; what is on its way under
 * another that is in force goes on.  Whoever it names is told, and acknowledges or is listed.
 */
#ifndef CAIRN_REVOKE_H
#define CAIRN_REVOKE_H

#include "app.h"
#include "store/casestore.h"
#include "store/consentstore.h"

/* Who is told acknowledges within a day, or is listed. */
#define REVOKE_ACK_MS	(24 * 3600 * 1000LL)
/* Who cannot be told, being trusted no more or not now, is looked at again. */
#define REVOKE_AGAIN_MS	(300 * 1000LL)

struct revoke_why {
	const char	*how;		/* As in schemas/consent.revoked.json. */
	const char	*recorded_by;	/* Who took the call or the paper, or NULL: the member's own words. */
	const char	*actor;		/* For the audit: "operator:UID", "member". */
};

/**
 * revoke_consent(app, row, why, only, ret, reterr): every consent of that referral that is in force, on either side; or that with the id ${only}.
 * ${row} is stepped and stored.  0 and the reply of the verb; E_NOTFOUND: there is none; E_EXISTS:
 * it was revoked before.
 */
int	revoke_consent(struct app *, struct case_row *, const struct revoke_why *, const char *only, json_t **ret, struct err *) must_check;
/** revoke_note(app, consent, why): that one is over from now on; nobody is told, and no step is made.  0 or negative. */
int	revoke_note(struct app *, const struct consent_row *, const struct revoke_why *) must_check;

/**
 * revoke_open(app, referral, ret): what the consents to it are about that were given and not taken back, in whichever leg: {at and purpose of the
 * newest, what: the classes of all}; NULL: there is none.  The caller decrefs.
 */
int	revoke_open(struct app *, const char *referral, json_t **ret) must_check;

/** revoke_step(app, ret_more): tell who could not be told, once they are trusted again. */
int	revoke_step(struct app *, bool *ret_more) must_check;

/** revoke_run(app, actor, args, ret, reterr): verb "revoke" {referral, how, recorded_by}. */
int	revoke_run(struct app *, const char *actor, const json_t *args, json_t **ret, struct err *) must_check;

#endif /* !CAIRN_REVOKE_H */
