/* SPDX-License-Identifier: Apache-2.0 */
/*
 * frame: what node and bridge say to each other over a stream socketpair.
 *
 *     u32 length of what follows (little endian, 9 .. FRAME_MAX)
 *     u8  type
 *     u64 id of the request (little endian)
 *     payload
 *
 * node to bridge:
 *   HELLO    JSON {accounts: {name: token}}: replaces all tokens held; id 0.
 *   REQUEST  JSON {upstream, account, method, path, cap, timeout_ms, body: bool},
 *            exactly these; the id is fresh and not 0.  upstream is a configured
 *            name; path begins with '/' and has its query, percent-encoded, without
 *            empty or dot segments; account "" sends no token; cap (at most 64 MiB)
 *            bounds the answer in bytes; timeout_ms (at most 10 minutes, rounded up
 *            to seconds) is how long less than 64 bytes per second may come.
 *   BODY     a chunk of the request's body (only if body is true; 16 MiB in all),
 *            END after the last.
 *   CANCEL   forget the request; no answer follows (one may be on its way).
 * bridge to node:
 *   STATUS   JSON {status, retry_after_ms (-1: none)}
 *   BODY     a chunk of the answer; END after the last.
 *   FAIL     JSON {kind, text}: no (whole) answer, also after STATUS and BODY.
 *            kind: "connect", "tls", "timeout", "too_large", "reset", "refused"
 *            (the bridge will not do it).
 * A peer that breaks this grammar is dropped.
 */
#ifndef CAIRN_FRAME_H
#define CAIRN_FRAME_H

#include <stdint.h>

#include "buf.h"

enum { FRAME_MAX = 1 << 20, FRAME_HEAD = 13, FRAME_CHUNK = 256 * 1024, FRAME_IN_FLIGHT = 32 };

enum frame_type {
	FRAME_HELLO = 1, FRAME_REQUEST, FRAME_BODY, FRAME_END, FRAME_CANCEL,
	FRAME_STATUS, FRAME_FAIL,
};

struct frame {
	enum frame_type	 type;
	uint64_t	 id;
	const char	*payload;	/* Borrowed from the reader's buffer. */
	size_t		 len;
};

/** frame_put(out, type, id, payload, len): append one frame; 0 or a negative value of buf.h. */
int	frame_put(struct buf *, enum frame_type, uint64_t, const void *, size_t) must_check;

/**
 * frame_get(in, ret): look at the first whole frame in ${in}.  0 and ${ret};
 * E_LATER if more bytes are needed; E_BAD if it is not a frame.  After use,
 * buf_cut(in, FRAME_HEAD + ret->len) consumes it.
 */
int	frame_get(const struct buf *, struct frame *) must_check;

#endif /* !CAIRN_FRAME_H */
