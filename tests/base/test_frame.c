/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <limits.h>
#include <stdbool.h>

#include "base/err.h"
#include "base/frame.h"
#include "tests/tap.h"

static void
test_bytes_on_the_wire(void)
{
	static const char want[] = "\x0b\0\0\0" "\x03" "\x08\x07\x06\x05\x04\x03\x02\x01" "hi";
	autobuf struct buf b = { 0 };

	is_int(frame_put(&b, FRAME_BODY, 0x0102030405060708, "hi", 2), 0, "a frame is put");
	is_int(b.len, sizeof(want) - 1, "its length");
	ok(b.len == sizeof(want) - 1 && !memcmp(b.data, want, b.len), "its bytes are those of frame.h");
}

static bool
is_frame(const struct frame *f, enum frame_type type, uint64_t id, const char *payload)
{
	return f->type == type && f->id == id && f->len == strlen(payload) &&
	    !memcmp(f->payload, payload, f->len);
}

/* Three frames arrive in two pieces, cut at every offset. */
static void
test_every_split(void)
{
	static const struct { enum frame_type type; uint64_t id; const char *payload; } say[] = {
		{ FRAME_STATUS, 1, "{\"status\":200}" }, { FRAME_BODY, UINT64_MAX, "x" }, { FRAME_END, 0, "" },
	};
	autobuf struct buf all = { 0 };
	bool good = true;

	for (size_t i = 0; i < nelem(say); i++)
		good &= frame_put(&all, say[i].type, say[i].id, say[i].payload, strlen(say[i].payload)) == 0;
	ok(good, "three frames are put");

	for (size_t cut = 0; cut <= all.len; cut++) {
		autobuf struct buf in = { 0 };
		size_t seen = 0;
		struct frame f;
		int r = 0;

		for (int piece = 0; piece < 2; piece++) {
			if (buf_add(&in, all.data + (piece ? cut : 0), piece ? all.len - cut : cut) != 0)
				good = false;
			while ((r = frame_get(&in, &f)) == 0) {
				good &= seen < nelem(say) &&
				    is_frame(&f, say[seen].type, say[seen].id, say[seen].payload);
				seen++;
				buf_cut(&in, FRAME_HEAD + f.len);
			}
			good &= r == E_LATER;
		}
		good &= seen == nelem(say) && in.len == 0;
	}
	ok(good, "read the same whole and split at each of %zu offsets", all.len);
}

static int
get_bytes(const char *bytes, size_t n)
{
	autobuf struct buf in = { 0 };
	struct frame f = { .id = 77 };
	int r;

	if (buf_add(&in, bytes, n) != 0)
		return -ENOMEM;
	r = frame_get(&in, &f);
	return r != 0 && f.id != 77 ? INT_MAX : r;
}

static void
test_not_a_frame(void)
{
	is_int(get_bytes("\x08\0\0\0", 4), E_BAD, "a length below 9");
	is_int(get_bytes("\0\0\0\0", 4), E_BAD, "a length of 0");
	is_int(get_bytes("\x01\0\x10\0", 4), E_BAD, "a length above FRAME_MAX is refused before its bytes come");
	is_int(get_bytes("\0\0\x10\0", 4), E_LATER, "a length of FRAME_MAX is awaited");
	is_int(get_bytes("\xff\xff\xff\xff", 4), E_BAD, "the largest length");
	is_int(get_bytes("\x09\0\0\0\0", 5), E_BAD, "type 0");
	is_int(get_bytes("\x09\0\0\0\x08", 5), E_BAD, "a type after the last");
	is_int(get_bytes("\x09\0\0\0\xff", 5), E_BAD, "type 255");
	is_int(get_bytes("\x09\0\0\0\x07", 5), E_LATER, "the last type");
	is_int(get_bytes("GET / HTTP/1.1\r\n\r\n", 18), E_BAD, "another protocol");
}

static void
test_limits(void)
{
	enum { MOST = FRAME_MAX - 9 };
	autobuf struct buf b = { 0 }, small = { .max = 30 };
	autofree char *payload = calloc(1, MOST + 1);
	struct frame f;

	is_int(frame_put(&b, FRAME_BODY, 1, payload, MOST + 1), -EMSGSIZE, "a payload too long for a frame");
	ok(b.len == 0, "leaves the buffer as it was");
	is_int(frame_put(&b, FRAME_BODY, 1, payload, MOST), 0, "the longest payload");
	ok(frame_get(&b, &f) == 0 && f.len == MOST, "is read back");

	is_int(frame_put(&small, FRAME_END, 1, NULL, 0), 0, "an empty payload may be NULL");
	is_int(frame_put(&small, FRAME_BODY, 1, "12345", 5), -EMSGSIZE, "a buffer that is full");
	is_int(small.len, FRAME_HEAD, "never holds half a frame");
	is_int(frame_put(&small, FRAME_BODY, 2, "1234", 4), 0, "and takes one that fits");
}

int
main(void)
{
	test_bytes_on_the_wire();
	test_every_split();
	test_not_a_frame();
	test_limits();
	return done_testing();
}
