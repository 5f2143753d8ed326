/* SPDX-License-Identifier: Apache-2.0 */
/*
 * disclosure: from a member's consent, as staff recorded it, to the content
 * that may leave.  The judge is domain/consent.
 */
#ifndef CAIRN_DISCLOSURE_H
#define CAIRN_DISCLOSURE_H

#include "app.h"
#include "domain/consent.h"
#include "store/casestore.h"

/**
 * disclosure_build(app, row, args, ret, ret_left, reterr): check consent and identity, store the
 * consent, and compose the content with the notice that its law wants and its scope.  ${ret_left}: what was
 * left out because its purpose does not need it, sentences.  0; E_BAD or E_REFUSED with the
 * number of the consent's element that is missing or does not cover it; E_REFUSED if the same signed form was taken back
 * or has ended; E_EXISTS if it let the same be told already, which may still arrive, or has: nothing goes twice.
 */
int	disclosure_build(struct app *, const struct case_row *, const json_t *args, json_t **ret, json_t **ret_left,
	    struct err *) must_check;

/* Types whose content is about a member who has a name: what may be said only under a consent.  Ends with NULL. */
extern const char *const disclosure_types[];

/** disclosure_of(type): is it one of these? */
bool	disclosure_of(const char *type);

/** disclosure_classes(content): CONSENT_*_CLASS of what a content discloses, an outcome and the answer to a question as well as a disclosure. */
unsigned	disclosure_classes(const json_t *content);

/**
 * disclosure_in_force(app, referral, org, content): 0, or E_REFUSED: the consent to
 * what ${content} (JSON text) discloses was revoked, has expired, or was never given: the newest, and of a disclosure also the one that it brings.
 */
int	disclosure_in_force(struct app *, const char *referral, const char *org,
	    const char *content) must_check;

/**
 * disclosure_judge(app, row, consent, from, to, classes, covers, reterr): may ${from} tell ${to} these of the member under that consent?
 * disclosure_allows(app, row, org, classes, covers, reterr): may we tell them ${org}, under the newest one?  0; E_REFUSED.
 */
int	disclosure_judge(struct app *, const struct case_row *, const json_t *consent, const char *from, const char *to, unsigned classes,
	    enum consent_covers, struct err *) must_check;
int	disclosure_allows(struct app *, const struct case_row *, const char *org, unsigned classes, enum consent_covers, struct err *) must_check;

/**
 * disclosure_may_report(app, row, covers, reterr): may the other side be told what became of the member?
 * 0; E_REFUSED and what to do: the consent does not let us tell it, or not for proceedings (CONSENT_PROCEEDINGS),
 * or is no longer in force.
 */
int	disclosure_may_report(struct app *, const struct case_row *, enum consent_covers, struct err *) must_check;

/** disclosure_tells(app, row, ret): the same, and until when: INT64_MAX if no date ends it, whatever else it says.  0; E_REFUSED. */
int	disclosure_tells(struct app *, const struct case_row *, int64_t *ret) must_check;

/**
 * disclosure_to_court(row, ret): 0, and was it a court that referred to us?  Then it hears of the member under a consent for proceedings alone,
 * which disclosure_proceedings(app, row, actor, args, ret, reterr) prints (template) or records (consent).  E_BAD names the member that is not
 * as schemas/consent.json says.
 */
int	disclosure_to_court(const struct case_row *, bool *) must_check;
int	disclosure_proceedings(struct app *, const struct case_row *, const char *actor, const json_t *args, json_t **ret, struct err *) must_check;

/**
 * disclosure_received(app, row, content, reterr): may the partner tell us this?  0, or
 * E_REFUSED: its consent is deficient or does not name us, or the notice is missing.
 * ${content} has passed its schema.
 */
int	disclosure_received(struct app *, const struct case_row *, const json_t *content, struct err *) must_check;

/** disclosure_template(app, row, ret, reterr): a consent to be filled in, as JSON; E_REFUSED if either side is not on the trust list. */
int	disclosure_template(struct app *, const struct case_row *, json_t **, struct err *) must_check;

/**
 * disclosure_minors(app, actor, args, ret, reterr): verb "import_minors" {document}: from now on this table says who
 * signs for a minor (domain/consent_law.h); an empty one is as none: both sign.
 */
int	disclosure_minors(struct app *, const char *actor, const json_t *args, json_t **ret, struct err *) must_check;

#endif /* !CAIRN_DISCLOSURE_H */
