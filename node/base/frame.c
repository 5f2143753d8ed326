/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>

#include "err.h"
#include "frame.h"

enum { LENGTH_SIZE = 4, BODY_HEAD = FRAME_HEAD - LENGTH_SIZE };

static void
put_le(unsigned char *dst, uint64_t v, size_t n)
{
	for (size_t i = 0; i < n; i++)
		dst[i] = (unsigned char)(v >> (8 * i));
}

static uint64_t
get_le(const char *src, size_t n)
{
	uint64_t v = 0;

	for (size_t i = 0; i < n; i++)
		v |= (uint64_t)(unsigned char)src[i] << (8 * i);
	return v;
}

int
frame_put(struct buf *out, enum frame_type type, uint64_t id, const void *payload, size_t len)
{
	unsigned char head[FRAME_HEAD];
	size_t before = out->len;
	int r;

	if (len > FRAME_MAX - BODY_HEAD)
		return -EMSGSIZE;
	put_le(head, BODY_HEAD + len, LENGTH_SIZE);
	head[LENGTH_SIZE] = (unsigned char)type;
	put_le(head + LENGTH_SIZE + 1, id, sizeof(id));

	r = buf_add(out, head, sizeof(head));
	if (r != 0 || len == 0)
		return r;
	r = buf_add(out, payload, len);
	if (r != 0) {
		/* Half a frame would break the stream for good. */
		out->len = before;
		out->data[before] = '\0';
	}
	return r;
}

int
frame_get(const struct buf *in, struct frame *ret)
{
	uint64_t len;
	unsigned type;

	if (in->len < LENGTH_SIZE)
		return E_LATER;
	len = get_le(in->data, LENGTH_SIZE);
	if (len < BODY_HEAD || len > FRAME_MAX)
		return E_BAD;
	if (in->len == LENGTH_SIZE)
		return E_LATER;
	type = (unsigned char)in->data[LENGTH_SIZE];
	if (type < FRAME_HELLO || type > FRAME_FAIL)
		return E_BAD;
	if (in->len - LENGTH_SIZE < len)
		return E_LATER;

	*ret = (struct frame){
		.type = (enum frame_type)type,
		.id = get_le(in->data + LENGTH_SIZE + 1, sizeof(ret->id)),
		.payload = in->data + FRAME_HEAD,
		.len = (size_t)len - BODY_HEAD,
	};
	return 0;
}
