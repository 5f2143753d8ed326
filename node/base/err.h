/* SPDX-License-Identifier: Apache-2.0 */
/*
 * err: two kinds of failure.
 *
 * Every fallible function returns 0 (done), a negative value (fatal: the
 * infrastructure failed; pass it up unchanged) or a positive value (a domain
 * answer that the caller must handle).  A struct err, where a function takes
 * one as its last argument, holds a sentence for a person; code never
 * branches on the sentence.
 */
#ifndef CAIRN_ERR_H
#define CAIRN_ERR_H

#include "cleanup.h"

/* Fatal: -errno of libc, or one of these. */
enum {
	ERR_DB		= -1001,	/* SQLite failed; the text says how. */
	ERR_CORRUPT	= -1002,	/* Our own stored bytes do not verify. */
	ERR_CRYPTO	= -1003,	/* A primitive failed that cannot fail. */
	ERR_CLOSED	= -1004,	/* The other process is gone. */
};

/* Answers shared by all rooms; a module's own start at E_MODULE. */
enum {
	E_BAD		= 1,	/* Malformed or out-of-bounds input. */
	E_REFUSED,		/* Well-formed, but a rule forbids it. */
	E_NOTFOUND,		/* No such thing. */
	E_EXISTS,		/* Done before; nothing changed. */
	E_LATER,		/* Not yet: something awaited has not arrived. */
	E_MODULE	= 100,
};

struct err {
	char	text[512];	/* UTF-8, one line, no trailing full stop; "" if unset.  Behind its NUL: the next step. */
};

/**
 * err_set(err, code, fmt, ...):
 * Format a sentence into ${err} (which may be NULL) and return ${code}, so that
 * `return err_set(...)` reads as one step.  Control characters are escaped;
 * the text is cut at its size.
 */
int	err_set(struct err *, int, const char *, ...) like_printf(3, 4);

/**
 * err_add(err, fmt, ...):
 * Put a formatted prefix and ": " before the text of ${err} (may be NULL).
 */
void	err_add(struct err *, const char *, ...) like_printf(2, 3);

/**
 * err_next(err, code, fmt, ...):
 * Say what to do next about what err_set() put into ${err} (may be NULL), in a
 * sentence of its own, and return ${code}.  Another err_set() forgets it; it is
 * cut, or left out, if the two do not fit.
 * err_todo(err): that sentence; "" if there is none.
 */
int	err_next(struct err *, int, const char *, ...) like_printf(3, 4);
const char *err_todo(const struct err *);

/**
 * err_name(code):
 * A short constant text for any code above or -errno.  Never NULL.
 */
const char *err_name(int);

#endif /* !CAIRN_ERR_H */
