/* SPDX-License-Identifier: Apache-2.0 */
/*
 * request: what a REQUEST frame asks for, and what this bridge will not do.
 */
#ifndef CAIRN_REQUEST_H
#define CAIRN_REQUEST_H

#include <jansson.h>
#include <stdbool.h>

#include "base/err.h"

#define REQUEST_UPSTREAM	"homeserver"	/* The only one so far. */

enum {
	REQUEST_PATH_MAX	= 8 * 1024,
	REQUEST_CAP_MAX		= 64 * 1024 * 1024,
	REQUEST_TIMEOUT_MAX	= 10 * 60 * 1000,
	REQUEST_BODY_MAX	= 16 * 1024 * 1024,
};

struct request {
	json_t		*doc;		/* Owns the text below. */
	const char	*account;	/* "": no token. */
	const char	*method;
	const char	*path;
	size_t		 cap;
	long		 timeout_ms;
	bool		 body;
};

/**
 * request_parse(text, len, ret, reterr): 0 and ${ret}, which the caller passes
 * to request_free(); E_BAD if it is not a REQUEST's JSON; E_REFUSED if it asks
 * for what the bridge does not do; -ENOMEM.
 */
int	request_parse(const char *, size_t, struct request *, struct err *) must_check;
void	request_free(struct request *);

#endif /* !CAIRN_REQUEST_H */
