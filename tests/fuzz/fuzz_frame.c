/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Frames, as each side reads them: the node from its bridge (node/node.c) and the bridge from
 * its node (bridge/serve.c), both the real code behind a socket, with what is beyond them
 * (the state machine, libcurl) played here.
 *
 * A stream means the same however it is cut into pieces.  A frame that is taken lies within
 * its bytes.  The bridge answers with frames only, and makes only requests that it may.
 *
 * The first byte: bit 0 which side, bits 1 and 2 how the stream is made; two bytes are the
 * dice of the cuts; the rest is the stream.
 */
#define main	node_main
int	node_main(int, char **);
#include "node/node.c"
#undef main

#include "bridge/answer.h"
#include "bridge/request.h"
#include "bridge/serve.h"
#include "fuzz.h"

const unsigned fuzz_changes = 300;

enum { CHUNKS = 4 };

/* What one reading of the stream led to. */
struct story {
	struct buf	 text;		/* Each call that was made, one a line. */
	int		 r;		/* How it ended. */
};

static struct story *telling;
static struct buf *answers;	/* Where the bridge's http puts them. */
static uint64_t flying[FRAME_IN_FLIGHT];

static void
tell(const char *what, uint64_t id, const char *a, const void *bytes, size_t n)
{
	claim(buf_printf(&telling->text, "%s %llu %s %zu ", what, (unsigned long long)id, a, n) == 0);
	claim(buf_add(&telling->text, bytes, n) == 0 && buf_puts(&telling->text, "\n") == 0);
}

/*
 * Beyond the node's side: the state machine.
 */

int	__wrap_app_answer(struct app *, uint64_t, int, int64_t, const char *, size_t);
int	__wrap_app_failed(struct app *, uint64_t, const char *, const char *);
int	__wrap_app_bridge(struct app *, bool);

int
__wrap_app_answer(struct app *app, uint64_t id, int status, int64_t wait, const char *body, size_t len)
{
	char said[64];

	(void)app;
	claim(body != NULL && len <= ANSWER_MAX);
	(void)snprintf(said, sizeof(said), "%d %lld", status, (long long)wait);
	tell("answer", id, said, body, len);
	return 0;
}

int
__wrap_app_failed(struct app *app, uint64_t id, const char *kind, const char *text)
{
	(void)app;
	claim(kind != NULL && text != NULL);
	tell("failed", id, kind, text, strlen(text));
	return 0;
}

int
__wrap_app_bridge(struct app *app, bool up)
{
	(void)app;
	claim(!up);
	tell("lost", 0, "", "", 0);
	return 0;
}

/*
 * Beyond the bridge's side: libcurl.
 */

struct http { int unused; };
static struct http http;

int
http_new(const struct http_opts *opts, struct buf *out, struct http **ret, struct err *reterr)
{
	(void)opts, (void)reterr;
	answers = out;
	memset(flying, 0, sizeof(flying));
	*ret = &http;
	return 0;
}

void
http_free(struct http *h)
{
	claim(h == &http);
}

int
http_start(struct http *h, uint64_t id, struct request *q, struct buf *body, const char *token, struct err *reterr)
{
	char what[REQUEST_PATH_MAX + 64];
	size_t i = 0;

	(void)h, (void)reterr;
	claim(id != 0 && !http_has(h, id) && http_count(h) < FRAME_IN_FLIGHT);
	claim(q->path[0] == '/' && strpbrk(q->path, " \r\n#\\") == NULL && strstr(q->path, "/../") == NULL);
	claim(q->cap > 0 && q->cap <= REQUEST_CAP_MAX && q->timeout_ms > 0 && q->timeout_ms <= REQUEST_TIMEOUT_MAX);
	claim(body->len <= REQUEST_BODY_MAX && (q->body || body->len == 0));
	claim((token != NULL) == (*q->account != '\0'));
	claim(token == NULL || (*token != '\0' && strpbrk(token, " \r\n\t") == NULL));
	(void)snprintf(what, sizeof(what), "%s %s %s", q->method, q->path, token != NULL ? token : "-");
	tell("start", id, what, body->data != NULL ? body->data : "", body->len);
	/* An answer, as http.c gives it; every other request stays in flight. */
	if (id % 2 == 0) {
		claim(answer_status(answers, id, 200, -1) == 0 && answer_body(answers, id, q->path, strlen(q->path)) == 0);
		claim(answer_end(answers, id) == 0);
	} else {
		while (flying[i] != 0)
			i++;
		flying[i] = id;
	}
	request_free(q);
	buf_wipe(body);
	return 0;
}

void
http_cancel(struct http *h, uint64_t id)
{
	(void)h;
	for (size_t i = 0; i < nelem(flying); i++)
		if (flying[i] == id && id != 0) {
			flying[i] = 0;
			tell("cancel", id, "", "", 0);
		}
}

bool
http_has(const struct http *h, uint64_t id)
{
	(void)h;
	for (size_t i = 0; i < nelem(flying); i++)
		if (flying[i] == id && id != 0)
			return true;
	return false;
}

size_t
http_count(const struct http *h)
{
	size_t n = 0;

	(void)h;
	for (size_t i = 0; i < nelem(flying); i++)
		n += flying[i] != 0;
	return n;
}

int
http_turn(struct http *h, struct err *reterr)
{
	(void)h, (void)reterr;
	return 0;
}

/* The node says more, or hangs up: see bridge_reads. */
static const uint8_t *piece_at;
static size_t piece_left, piece_size;
static int node_end;

int
http_wait(struct http *h, int fd, bool writable, struct err *reterr)
{
	size_t n = piece_left < piece_size ? piece_left : piece_size;
	char drop[4096];

	(void)h, (void)fd, (void)writable, (void)reterr;
	while (recv(node_end, drop, sizeof(drop), MSG_DONTWAIT) > 0)
		continue;
	if (n == 0)
		(void)shutdown(node_end, SHUT_WR);
	else
		claim(send(node_end, piece_at, n, MSG_DONTWAIT | MSG_NOSIGNAL) == (ssize_t)n);
	piece_at += n;
	piece_left -= n;
	return 0;
}

/*
 * Readings.
 */

static void
bridge_reads(const uint8_t *data, size_t len, size_t size, struct story *ret)
{
	static const struct http_opts opts = { .base = "https://a" };
	struct serve *s;
	struct err err = { "" };
	int pair[2];

	telling = ret;
	claim(socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0);
	claim(serve_new(&opts, pair[0], &s, &err) == 0);
	node_end = pair[1];
	piece_at = data;
	piece_left = len;
	piece_size = size;
	ret->r = serve_run(s, &err);
	claim(ret->r == 0 || ret->r == E_BAD);
	fuzz_err(&err, ret->r != 0);
	serve_free(s);
	(void)close(pair[0]);
	(void)close(pair[1]);
}

static void
node_reads(const uint8_t *data, size_t len, size_t size, struct story *ret)
{
	static const struct app_request asked[] = { { .id = 1, .account = "node", .method = "GET", .path = "/a" },
	    { .id = 2, .account = "", .method = "PUT", .path = "/b", .body = "{}" },
	    { .id = UINT64_MAX, .account = "steward", .method = "POST", .path = "/c", .body = "" } };
	struct node n = { .signal_fd = -1 };
	int pair[2], r = 0;

	telling = ret;
	claim(socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0);
	n.bridge_fd = pair[0];
	for (size_t i = 0; i < nelem(asked); i++)
		claim(request(&n, &asked[i]) == 0);
	for (size_t at = 0; r == 0 && at < len && n.bridge_fd >= 0; at += size) {
		size_t piece = len - at < size ? len - at : size;

		claim(send(pair[1], data + at, piece, MSG_DONTWAIT | MSG_NOSIGNAL) == (ssize_t)piece);
		r = bridge_event(&n, n.bridge_fd, EPOLLIN);
	}
	claim(r == 0);
	ret->r = n.bridge_fd < 0;
	if (n.bridge_fd >= 0)
		claim(lose_bridge(&n) == 0);
	(void)close(pair[1]);
}

/* What frame_get takes, frame_put writes.  Is there something that is no frame? */
static bool
frames(const uint8_t *data, size_t len)
{
	autobuf struct buf in = { 0 }, out = { 0 };
	struct frame frame = { .len = 77 };
	int r;

	claim(buf_add(&in, data, len) == 0);
	while ((r = frame_get(&in, &frame)) == 0) {
		size_t whole = FRAME_HEAD + frame.len;

		claim(whole <= in.len && frame.payload == in.data + FRAME_HEAD && frame.len <= FRAME_MAX);
		out.len = 0;
		claim(frame_put(&out, frame.type, frame.id, frame.payload, frame.len) == 0);
		claim(out.len == whole && memcmp(out.data, in.data, whole) == 0);
		buf_cut(&in, whole);
		frame = (struct frame){ .len = 77 };
	}
	claim((r == E_LATER || r == E_BAD) && frame.len == 77);
	return r == E_BAD;
}

/* A line of text as frames: its first sign is the type, the second the id, the rest the payload. */
static void
from_lines(const uint8_t *data, size_t len, struct buf *out)
{
	while (len > 1) {
		const uint8_t *end = memchr(data, '\n', len);
		size_t n = end != NULL ? (size_t)(end - data) : len;

		if (n >= 2)
			claim(frame_put(out, data[0] & 7, data[1] & 7, data + 2, n - 2) == 0);
		data += n < len ? n + 1 : n;
		len -= n < len ? n + 1 : n;
	}
}

static void
parse(const uint8_t *data, size_t len)
{
	struct request q;
	struct err err = { "" };
	int r = request_parse((const char *)data, len, &q, &err);

	claim(r == 0 || r == E_BAD || r == E_REFUSED);
	fuzz_err(&err, r != 0);
	if (r == 0)
		request_free(&q);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	autobuf struct buf stream = { 0 };
	struct story whole = { .text.max = 1 << 22 }, cut = { .text.max = 1 << 22 };
	void (*reads)(const uint8_t *, size_t, size_t, struct story *);
	size_t size;
	bool broken;

	if (len < 3)
		return 0;
	reads = data[0] & 1 ? node_reads : bridge_reads;
	size = 1 + (data[1] | (size_t)data[2] << 8) % 4000;
	if (data[0] & 2)
		from_lines(data + 3, len - 3, &stream);
	else
		claim(buf_add(&stream, data + 3, len - 3) == 0);
	if (stream.data == NULL)
		return 0;
	broken = frames((uint8_t *)stream.data, stream.len);
	parse(data + 3, len - 3);
	reads((uint8_t *)stream.data, stream.len, 50000, &whole);
	reads((uint8_t *)stream.data, stream.len, size, &cut);
	/* Who breaks the grammar is dropped. */
	claim(!broken || whole.r != 0);
	claim(whole.r == cut.r && whole.text.len == cut.text.len);
	claim(whole.text.len == 0 || memcmp(whole.text.data, cut.text.data, whole.text.len) == 0);
	buf_free(&whole.text);
	buf_free(&cut.text);
	return 0;
}
