/* SPDX-License-Identifier: Apache-2.0 */
/*
 * disclosure: from a member's consent, as staff recorded it, to the content
 * that may leave.  The judge is domain/consent.
 */
#ifndef CAIRN_DISCLOSURE_H
#define CAIRN_DISCLOSURE_H

#include "app.h"
#include "store/casestore.h"

/**
 * disclosure_build(app, row, args, ret, ret_left, reterr): check consent and identity, store the
 * consent, and compose the content with the notice that its law wants and its scope.  ${ret_left}: what was
 * left out because its purpose does not need it, sentences.  0; E_BAD or E_REFUSED with the
 * number of the consent's element that is missing or does not cover it.
 */
int	disclosure_build(struct app *, const struct case_row *, const json_t *args, json_t **ret, json_t **ret_left,
	    struct err *) must_check;

/**
 * disclosure_in_force(app, referral, org, content): 0, or E_REFUSED: the consent to
 * what ${content} (JSON text) discloses was revoked, has expired, or was never given.
 */
int	disclosure_in_force(struct app *, const char *referral, const char *org,
	    const char *content) must_check;

/**
 * disclosure_received(app, row, content, reterr): may the partner tell us this?  0, or
 * E_REFUSED: its consent is deficient or does not name us, or the notice is missing.
 * ${content} has passed its schema.
 */
int	disclosure_received(struct app *, const struct case_row *, const json_t *content, struct err *) must_check;

/** disclosure_template(app, row, ret, reterr): a consent to be filled in, as JSON; E_REFUSED if either side is not on the trust list. */
int	disclosure_template(struct app *, const struct case_row *, json_t **, struct err *) must_check;

#endif /* !CAIRN_DISCLOSURE_H */
