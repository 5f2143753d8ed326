/* SPDX-License-Identifier: Apache-2.0 */
/*
 * head: what the head of an answer over HTTP/1.1 says of how long it is and when to ask
 * again, line by line, and how much head there may be.
 */
#ifndef CAIRN_HEAD_H
#define CAIRN_HEAD_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

struct head {
	size_t		bytes, lines;
	long long	retry_after_ms;	/* -1: it does not say. */
	long long	length;		/* Content-Length, or -1. */
	bool		chunked;
	bool		over;		/* Set by the caller; lines after it are trailers, and only counted. */
};

/** head_again(head): nothing of the answer was said yet; what was counted stays. */
void	head_again(struct head *);

/**
 * head_line(head, line, n, ret_kind, ret_why): one line with its end.  0; or E_REFUSED
 * with the kind of a failure (frame.h) and why, both static: there is too much of it, or
 * it does not say once and plainly where the answer ends.
 */
int	head_line(struct head *, const char *, size_t, const char **ret_kind, const char **ret_why) must_check;

#endif /* !CAIRN_HEAD_H */
