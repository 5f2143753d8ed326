/* SPDX-License-Identifier: Apache-2.0 */
/* trust_list: what the files of trust share; for nobody else. */
#ifndef CAIRN_TRUST_LIST_H
#define CAIRN_TRUST_LIST_H

#include "trust.h"

struct trust {
	json_t			*doc;
	json_t			*overrides;	/* Or NULL. */
	int64_t			 version;
	int64_t			 issued_at, expires_at;
	const char		*prev;		/* NULL in the first. */
	char			 hash[65];
	bool			 names_signers;
	struct signers		 signers;
	struct trust_room	 room;
	struct trust_org	*orgs;		/* Those in force come first. */
	size_t			 norgs, nactive;
	struct trust_issuer	*issuers;
	size_t			 nissuers;
};

/** trust_read(doc, t, reterr): the shape, everything but proofs, succession and age, into an empty ${t}.  0, E_BAD, -ENOMEM. */
int	trust_read(const json_t *, struct trust *, struct err *) must_check;

/** trust_sort(t): after the overrides changed. */
void	trust_sort(struct trust *);

#endif /* !CAIRN_TRUST_LIST_H */
