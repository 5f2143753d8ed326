/* SPDX-License-Identifier: Apache-2.0 */
/*
 * waits: what partners said of something that is not here, and how much of it is kept: steps made on a step that has not
 * come, and revocations of consents that are not known.  Each partner has so many places, and what is kept for long is
 * dropped, with a row in the audit; but never a step by which a member leaves or revokes.
 */
#ifndef CAIRN_WAITS_H
#define CAIRN_WAITS_H

#include "app.h"
#include "store/casestore.h"

#define WAITS_SAY_MS	(24 * 3600 * 1000LL)		/* Then the doctor says so. */
#define WAITS_DROP_MS	(90 * 24 * 3600 * 1000LL)	/* A partner sends what is not acknowledged for some nine days. */
#define WAITS_REVOKED_MS (400 * 24 * 3600 * 1000LL)	/* No disclosure takes that long. */
enum { WAITS_STEPS = 512, WAITS_REVOKED = 1000 /* Of each partner. */ };

/** waits_room(app, row, path, step, reterr): 0; E_NOTFOUND: it would wait, and too many of that partner's do: it may come again. */
int	waits_room(struct app *, const struct case_row *, const struct path *, const struct path_step *, struct err *) must_check;

/** waits_revocation(app, consent, org, ret_full): is there no place for one more revocation of a consent that is not known? */
int	waits_revocation(struct app *, const char *consent, const char *org, bool *ret_full) must_check;

/** waits_forget(app, ret_more): a bounded piece of what is kept for too long. */
int	waits_forget(struct app *, bool *ret_more) must_check;

#endif /* !CAIRN_WAITS_H */
