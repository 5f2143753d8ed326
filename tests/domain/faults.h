/* SPDX-License-Identifier: Apache-2.0 */
/*
 * faults: the test decides which allocation fails.  Link with
 * -Wl,--wrap=malloc,--wrap=calloc; jansson is told by faults_begin().
 */
#ifndef CAIRN_TEST_FAULTS_H
#define CAIRN_TEST_FAULTS_H

#include <jansson.h>
#include <stdlib.h>

static long faults_left = -1;	/* Allocations that still succeed; -1: all. */

void	*__real_malloc(size_t);
void	*__real_calloc(size_t, size_t);
void	*__wrap_malloc(size_t);
void	*__wrap_calloc(size_t, size_t);

static int
faults_hit(void)
{
	if (faults_left < 0)
		return 0;
	return faults_left == 0 ? 1 : (faults_left--, 0);
}

void *
__wrap_malloc(size_t n)
{
	return faults_hit() ? NULL : __real_malloc(n);
}

void *
__wrap_calloc(size_t n, size_t size)
{
	return faults_hit() ? NULL : __real_calloc(n, size);
}

static inline void
faults_begin(void)
{
	json_set_alloc_funcs(__wrap_malloc, free);
}

/*
 * With -Wl,--wrap=buf_puts,--wrap=buf_printf also which of the additions to a buffer fails: most of them allocate nothing.
 */
#ifdef FAULTS_OF_BUFFERS
#include <errno.h>
#include <stdarg.h>

#include "base/buf.h"

static long faults_buf = -1;	/* Additions that succeed before one fails; -1: all; -2: that one failed, and later ones did not. */

int	__real_buf_puts(struct buf *, const char *);
int	__wrap_buf_puts(struct buf *, const char *);
int	__wrap_buf_printf(struct buf *, const char *, ...) like_printf(2, 3);

int
__wrap_buf_puts(struct buf *b, const char *text)
{
	if (faults_buf == 0) {
		faults_buf = -2;
		return -ENOMEM;
	}
	faults_buf -= faults_buf > 0;
	return __real_buf_puts(b, text);
}

int
__wrap_buf_printf(struct buf *b, const char *fmt, ...)
{
	autofree char *text = NULL;
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vasprintf(&text, fmt, ap);
	va_end(ap);
	return n < 0 ? -ENOMEM : __wrap_buf_puts(b, text);
}
#endif

#endif /* !CAIRN_TEST_FAULTS_H */
