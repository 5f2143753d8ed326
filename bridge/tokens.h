/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tokens: the access tokens that the node lent, by account.  Wiped when they
 * are replaced or freed.
 */
#ifndef CAIRN_TOKENS_H
#define CAIRN_TOKENS_H

#include "base/err.h"

struct tokens {
	char	**names;
	char	**tokens;
	size_t	  n;
};

/**
 * tokens_replace(t, text, len, reterr): hold exactly those of a HELLO's JSON
 * from here on.  0; E_BAD if it is none, or a token could not stand in a header;
 * -ENOMEM.  On failure ${t} is unchanged.
 */
int	tokens_replace(struct tokens *, const char *, size_t, struct err *) must_check;

/** tokens_find(t, account): borrowed until the next replacement, or NULL. */
const char *tokens_find(const struct tokens *, const char *);

void	tokens_free(struct tokens *);

#endif /* !CAIRN_TOKENS_H */
