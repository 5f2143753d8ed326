/* SPDX-License-Identifier: Apache-2.0 */
/*
 * buf: a growing array of bytes with a ceiling.  Always NUL-terminated one
 * past its length, so text in it is a C string.
 */
#ifndef CAIRN_BUF_H
#define CAIRN_BUF_H

#include <stddef.h>

#include "cleanup.h"

struct buf {
	char	*data;		/* NULL while empty and never grown. */
	size_t	 len;
	size_t	 size;
	size_t	 max;		/* 0: SIZE_MAX/2. */
};

/* All return 0, -ENOMEM, or -EMSGSIZE when ${max} would be passed; on failure
 * ${b} is unchanged. */
int	buf_add(struct buf *, const void *, size_t) must_check;
int	buf_puts(struct buf *, const char *) must_check;
int	buf_printf(struct buf *, const char *, ...) like_printf(2, 3) must_check;

/** buf_cut(b, n): drop the first ${n} <= len bytes. */
void	buf_cut(struct buf *, size_t);

/** buf_take(b): the text, which the caller frees; ${b} is empty again.  "" never NULL unless out of memory. */
char	*buf_take(struct buf *);

/** buf_free(b): release; buf_wipe() overwrites first (key material). */
void	buf_free(struct buf *);
void	buf_wipe(struct buf *);

#define autobuf	__attribute__((cleanup(buf_free)))
#define autowipe __attribute__((cleanup(buf_wipe)))

#endif /* !CAIRN_BUF_H */
