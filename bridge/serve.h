/* SPDX-License-Identifier: Apache-2.0 */
/*
 * serve: the node's side of bridge matrix: frames in, frames out.
 */
#ifndef CAIRN_SERVE_H
#define CAIRN_SERVE_H

#include "base/err.h"
#include "http.h"

struct serve;

/** serve_new(opts, fd, ret, reterr): the node is at the stream socket ${fd}, which stays the caller's. */
int	serve_new(const struct http_opts *, int, struct serve **, struct err *) must_check;
void	serve_free(struct serve *);

/**
 * serve_run(s, reterr): carry out requests until the node hangs up: 0.  E_BAD
 * if it broke the grammar of the frames; negative if the bridge cannot go on.
 */
int	serve_run(struct serve *, struct err *) must_check;

#endif /* !CAIRN_SERVE_H */
