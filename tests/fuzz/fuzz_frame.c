/* SPDX-License-Identifier: Apache-2.0 */
/* A hostile peer: a frame that is taken lies within its bytes, and is written the same way. */
#include <string.h>

#include "base/frame.h"

int	LLVMFuzzerTestOneInput(const uint8_t *, size_t);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	autobuf struct buf in = { 0 }, out = { 0 };
	struct frame frame;

	/* Taken as the payload of a frame too, so that every seed has a valid one. */
	if (frame_put(&in, FRAME_BODY, len, data, len < FRAME_CHUNK ? len : FRAME_CHUNK) != 0 ||
	    buf_add(&in, data, len) != 0)
		abort();
	while (in.len > 0 && frame_get(&in, &frame) == 0) {
		size_t whole = FRAME_HEAD + frame.len;

		if (whole > in.len || frame.payload != in.data + FRAME_HEAD)
			abort();
		out.len = 0;
		if (frame_put(&out, frame.type, frame.id, frame.payload, frame.len) != 0 ||
		    out.len != whole || memcmp(out.data, in.data, whole) != 0)
			abort();
		buf_cut(&in, whole);
	}
	return 0;
}
