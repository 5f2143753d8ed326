/* SPDX-License-Identifier: Apache-2.0 */
/* experience: specialists' own statements: kept while they say so, shown with them, searched by nobody. */
#ifndef CAIRN_EXPERIENCE_H
#define CAIRN_EXPERIENCE_H

#include "app.h"

/** experience_own(app, body, reterr): may we publish it?  0, or E_BAD: the specialist did not sign it, or it is over. */
int	experience_own(struct app *, const json_t *body, struct err *) must_check;

/**
 * experience_arrived(app, org, id, body, reterr): as record ${id} of a partner.  What the specialist said before in
 * other records of that directory is forgotten.  0; E_BAD (not theirs, or older than another) or a negative value.
 */
int	experience_arrived(struct app *, const char *org, const char *id, const json_t *body, struct err *) must_check;

/** experience_of(app, org, did, ret): what a partner's specialist says, as it may be shown with them: owned by the caller; NULL: nothing. */
int	experience_of(struct app *, const char *org, const char *did, json_t **ret) must_check;

/** experience_all(app, own or NULL, seen, ret): what is in force now, by "ORG DID"; ours as of ${own}, partners' if ${seen}.  Owned by the
 * caller. */
int	experience_all(struct app *, const char *own, bool seen, json_t **ret) must_check;

#endif /* !CAIRN_EXPERIENCE_H */
