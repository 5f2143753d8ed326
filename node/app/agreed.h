/* SPDX-License-Identifier: Apache-2.0 */
/*
 * agreed: what the member agreed to, as the steps of the referral say.  Each step by which somebody was disclosed has what it disclosed
 * and its consent as content; the newest that counts says who they are and what may be told, and one that waits or was overtaken nothing.
 */
#ifndef CAIRN_AGREED_H
#define CAIRN_AGREED_H

#include "app.h"
#include "store/casestore.h"

/**
 * agreed_settle(app, row, path, steps, n, ret): ${row}'s disclosure is that of the newest such step that counts, or NULL; what a partner
 * disclosed by one that was overtaken, or was impossible, is forgotten.  Did it change?
 */
int	agreed_settle(struct app *, struct case_row *, const struct path *, const struct step_row *, size_t, bool *) must_check;

/** agreed_received(app, row, id, content, reterr): store the consent of a disclosure of the partner's, if it is kept with step ${id}. */
int	agreed_received(struct app *, const struct case_row *, const char *id, const json_t *content, struct err *) must_check;

/**
 * agreed_consent(app, row, ret): the consent in force, be it revoked, with its id: of that step, or since then for proceedings.  0;
 * E_NOTFOUND: none, or the referral was begun with an older release, and nothing of it is told any more; ERR_CORRUPT: one without id.
 */
int	agreed_consent(struct app *, const struct case_row *, json_t **) must_check;

/** agreed_held(app, row, ret): CONSENT_*_CLASS of all that is held of what the partner disclosed. */
int	agreed_held(struct app *, const struct case_row *, unsigned *) must_check;

#endif /* !CAIRN_AGREED_H */
