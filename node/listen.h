/* SPDX-License-Identifier: Apache-2.0 */
/*
 * listen: the admin socket.
 *
 * A unix stream socket of mode 0600.  A client sends one JSON object per line,
 *
 *     {"verb": "refer", "args": {...}}
 *
 * and is answered by one line each, in order:
 *
 *     {"ok": true, "result": ...}
 *     {"ok": false, "code": "refused", "error": "what is wrong and where",
 *      "hint": "what to do next"}
 *
 * Only root and the user of this process are heard (SO_PEERCRED).  There is no
 * clock here: a slow or idle client is dropped when it stands in another's
 * way, that is when one more than LISTEN_CLIENTS wants in.
 */
#ifndef CAIRN_LISTEN_H
#define CAIRN_LISTEN_H

#include <jansson.h>
#include <sys/types.h>

#include "base/err.h"
#include "base/loop.h"

enum {
	LISTEN_CLIENTS	= 16,
	LISTEN_MAX	= 16 << 20,	/* Bytes of a line, either way. */
};

struct listen;

/*
 * fn(cookie, peer, request, ret_reply): ${request} is an object whose "verb" is
 * a string and whose "args" is an object, or absent; it is borrowed.  Return 0
 * with the whole reply (see listen_reply), which is written after the return,
 * so commit first; or a negative value, which loop_turn passes up.
 */
typedef int	(*listen_fn)(void *cookie, uid_t peer, const json_t *request, json_t **ret_reply);

/**
 * listen_open(loop, path, fn, cookie, ret, reterr): bind ${path}, replacing a
 * socket file on which nobody answers, and hear clients through ${loop}.  Call
 * it before the sandbox closes.  0; -EADDRINUSE if another process answers there
 * or ${path} is no socket; another -errno.
 */
int	listen_open(struct loop *, const char *path, listen_fn, void *cookie,
	    struct listen **, struct err *) must_check;

/** listen_close(l): drop all clients and remove the socket file.  NULL is fine. */
void	listen_close(struct listen *);

/**
 * listen_reply(answer, result, err, hint): the reply for the outcome ${answer} of
 * a verb: 0 with ${result} (stolen; NULL: an empty object), or an E_ code with
 * the text of ${err} and, unless NULL, ${hint}.  NULL if out of memory.
 */
json_t	*listen_reply(int answer, json_t *result, const struct err *, const char *hint);

#endif /* !CAIRN_LISTEN_H */
