/* SPDX-License-Identifier: Apache-2.0 */
/* certify: is a specialist of a directory certified, by what we hold? */
#ifndef CAIRN_CERTIFY_H
#define CAIRN_CERTIFY_H

#include "app.h"
#include "domain/credential.h"

/* Holds lists that were opened, for the specialists of one answer. */
struct certifier;

int	certifier_new(struct app *, struct certifier **) must_check;
void	certifier_free(struct certifier *);

static inline void	certifier_cleanup(struct certifier **c) { certifier_free(*c); }
#define autocertifier __attribute__((cleanup(certifier_cleanup)))

/**
 * certify(certifier, org, kind, body, region, ret): judge the credential that the record's body holds, or names in
 * the directory of ${org}; what is no specialist has none.  Only verdict, status and reason of ${ret} are set.  ${region}: one that does not
 * hold where somebody lives counts as none, and where it holds in a part of that, the reason says so; "": anywhere will do.
 */
int	certify(struct certifier *, const char *org, const char *kind, const json_t *body, const char *region,
	    struct credential_finding *ret) must_check;

/** certify_credential(app, org, body, ret): what a specialist's record holds or names, unjudged; NULL if nothing.  0 or negative. */
int	certify_credential(struct app *, const char *org, const json_t *body, json_t **ret) must_check;

/**
 * certify_list(app, org, id, body, reterr): a status list came as record ${id}.  0; E_REFUSED if it
 * counts for nothing here now, with the reason; or a negative value.  It may be asked either way.
 */
int	certify_list(struct app *, const char *org, const char *id, const json_t *body, struct err *) must_check;

#endif /* !CAIRN_CERTIFY_H */
