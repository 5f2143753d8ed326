/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <zlib.h>

#include "gzip.h"

/* 15: the largest window; 16: gzip's header and trailer, nothing else. */
enum { GZIP_WINDOW = 15 + 16, MEMORY = 8 };

/* Ours, so that a test can make it fail. */
static voidpf
get(voidpf cookie, uInt items, uInt size)
{
	(void)cookie;
	return calloc(items, size);
}

static void
put(voidpf cookie, voidpf p)
{
	(void)cookie;
	free(p);
}

/* Unpack all of ${z}'s input into ${max} bytes, and say what zlib said at last. */
static int
unpack(z_stream *z, uint8_t *out, size_t max, size_t *ret_n)
{
	int r;

	z->next_out = out;
	z->avail_out = (uInt)max;
	r = inflate(z, Z_FINISH);
	*ret_n = max - z->avail_out;
	return r;
}

int
gzip_unpack(const uint8_t *src, size_t n, size_t max, uint8_t **ret, size_t *ret_n,
    struct err *reterr)
{
	z_stream z = { .zalloc = get, .zfree = put };
	/* One byte more shows that there is too much. */
	autofree uint8_t *out = NULL;
	size_t got = 0;
	int r;

	if (n > UINT_MAX || max >= UINT_MAX)
		return err_set(reterr, E_BAD, "compressed bytes: too many");
	out = malloc(max + 1);
	z.next_in = (z_const Bytef *)(uintptr_t)src;
	z.avail_in = (uInt)n;
	if (out == NULL || inflateInit2(&z, GZIP_WINDOW) != Z_OK)
		return -ENOMEM;
	r = unpack(&z, out, max + 1, &got);
	(void)inflateEnd(&z);
	if (r == Z_MEM_ERROR)
		return -ENOMEM;
	if (got > max)
		return err_set(reterr, E_BAD, "compressed bytes: they unpack to more than %zu", max);
	if (r != Z_STREAM_END)
		return err_set(reterr, E_BAD, "compressed bytes: not whole, or changed");
	if (z.avail_in > 0)
		return err_set(reterr, E_BAD, "compressed bytes: something follows their end");
	*ret = take(out);
	*ret_n = got;
	return 0;
}

int
gzip_pack(const uint8_t *src, size_t n, uint8_t **ret, size_t *ret_n)
{
	z_stream z = { .zalloc = get, .zfree = put };
	autofree uint8_t *out = NULL;
	int r = -ENOMEM;
	size_t size;

	if (n > INT_MAX)
		return -ENOMEM;
	if (deflateInit2(&z, Z_BEST_COMPRESSION, Z_DEFLATED, GZIP_WINDOW, MEMORY, Z_DEFAULT_STRATEGY) != Z_OK)
		return -ENOMEM;
	size = deflateBound(&z, n);
	out = malloc(size);
	z.next_in = (z_const Bytef *)(uintptr_t)src;
	z.avail_in = (uInt)n;
	z.next_out = out;
	z.avail_out = (uInt)size;
	if (out != NULL && deflate(&z, Z_FINISH) == Z_STREAM_END) {
		*ret_n = size - z.avail_out;
		*ret = take(out);
		r = 0;
	}
	(void)deflateEnd(&z);
	return r;
}
