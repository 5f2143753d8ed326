/* SPDX-License-Identifier: Apache-2.0 */
#include <assert.h>
#include <errno.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "buf.h"

enum { BUF_FIRST = 64 };

/* Room for ${n} more bytes and the NUL. */
static int
buf_grow(struct buf *b, size_t n)
{
	size_t max = b->max != 0 ? b->max : SIZE_MAX / 2, size;
	char *data;

	if (n > max || b->len > max - n)
		return -EMSGSIZE;
	if (b->data != NULL && b->len + n < b->size)
		return 0;
	size = b->size < BUF_FIRST ? BUF_FIRST : b->size;
	while (size <= b->len + n)
		size *= 2;
	/* Not realloc, which would leave a copy of a secret behind. */
	data = malloc(size);
	if (data == NULL)
		return -ENOMEM;
	if (b->len > 0)
		memcpy(data, b->data, b->len);
	data[b->len] = '\0';
	if (b->data != NULL)
		explicit_bzero(b->data, b->len);
	free(b->data);
	b->data = data;
	b->size = size;
	return 0;
}

int
buf_add(struct buf *b, const void *src, size_t n)
{
	int r = buf_grow(b, n);

	if (r != 0)
		return r;
	if (n > 0)
		memcpy(b->data + b->len, src, n);
	b->len += n;
	b->data[b->len] = '\0';
	return 0;
}

int
buf_puts(struct buf *b, const char *s)
{
	return buf_add(b, s, strlen(s));
}

int
buf_printf(struct buf *b, const char *fmt, ...)
{
	size_t room = b->data != NULL ? b->size - b->len : 0;
	va_list ap;
	int n, r;

	va_start(ap, fmt);
	n = vsnprintf(room > 0 ? b->data + b->len : NULL, room, fmt, ap);
	va_end(ap);
	r = n < 0 ? -EMSGSIZE : buf_grow(b, (size_t)n);		/* Past INT_MAX. */
	if (r != 0) {
		if (room > 0)
			b->data[b->len] = '\0';
		return r;
	}
	if ((size_t)n >= room) {
		va_start(ap, fmt);
		(void)vsnprintf(b->data + b->len, (size_t)n + 1, fmt, ap);
		va_end(ap);
	}
	b->len += (size_t)n;
	return 0;
}

void
buf_cut(struct buf *b, size_t n)
{
	assert(n <= b->len);
	if (n == 0)
		return;
	memmove(b->data, b->data + n, b->len - n + 1);
	b->len -= n;
	/* What moved must not stay behind as well: it may have been a password. */
	explicit_bzero(b->data + b->len + 1, n);
}

char *
buf_take(struct buf *b)
{
	char *data = b->data != NULL ? b->data : calloc(1, 1);

	b->data = NULL;
	b->len = b->size = 0;
	return data;
}

void
buf_free(struct buf *b)
{
	free(b->data);
	b->data = NULL;
	b->len = b->size = 0;
}

void
buf_wipe(struct buf *b)
{
	if (b->data != NULL)
		explicit_bzero(b->data, b->size);
	buf_free(b);
}
