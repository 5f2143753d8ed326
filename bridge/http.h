/* SPDX-License-Identifier: Apache-2.0 */
/*
 * http: requests to one homeserver, many at a time.  The only file that knows
 * libcurl.  Answers become frames (node/base/frame.h) as they come in.
 *
 * HTTPS with checked certificates, or plain HTTP where the configuration named
 * a loopback homeserver; HTTP/1.1; no redirects, no cookies, no proxy, no
 * content decoding, no authentication but the token given.
 */
#ifndef CAIRN_HTTP_H
#define CAIRN_HTTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "request.h"

struct http;

struct http_opts {
	const char	*base;		/* "https://host[:port]" */
	const char	*ca;		/* PEM text that alone is trusted, or NULL: the system's. */
	size_t		 ca_len;
};

/**
 * http_new(opts, out, ret, reterr): may read files, sends nothing.  Answers are
 * appended to ${out}; while it is long, no more is read from the homeserver.
 * ${opts} and ${out} are borrowed until http_free().  0 or negative.
 */
int	http_new(const struct http_opts *, struct buf *, struct http **, struct err *) must_check;
void	http_free(struct http *);

/**
 * http_start(http, id, request, body, token, reterr): ${request} and ${body} are
 * taken over, also on failure; ${token} may be NULL.  At most FRAME_IN_FLIGHT
 * at a time, each with its own ${id}.  0 or negative.
 */
int	http_start(struct http *, uint64_t, struct request *, struct buf *, const char *, struct err *) must_check;
void	http_cancel(struct http *, uint64_t);		/* An unknown id is fine. */
bool	http_has(const struct http *, uint64_t);
size_t	http_count(const struct http *);

/** http_turn(http, reterr): do what can be done without waiting.  0 or negative. */
int	http_turn(struct http *, struct err *) must_check;

/** http_wait(http, fd, writable, reterr): until there is work, or ${fd} is readable (or ${writable}). */
int	http_wait(struct http *, int, bool, struct err *) must_check;

#endif /* !CAIRN_HTTP_H */
