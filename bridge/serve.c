/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <sodium.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>

#include "base/frame.h"
#include "answer.h"
#include "serve.h"
#include "tokens.h"

enum {
	RECEIVE_SIZE	= 64 * 1024,
	RECEIVE_TIMES	= 16,			/* Per turn, so that the homeserver has its turn too. */
	OUT_MAX		= 16 * 1024 * 1024,	/* Far above where http stops reading. */
};

/* A request whose body is still coming; id 0: free. */
struct upload {
	uint64_t	id;
	struct request	request;
	struct buf	body;
};

struct serve {
	int		 fd;
	struct buf	 in, out;
	struct http	*http;
	struct tokens	 tokens;
	struct upload	 uploads[FRAME_IN_FLIGHT];
};

static struct upload *
upload_find(struct serve *s, uint64_t id)
{
	for (size_t i = 0; i < nelem(s->uploads); i++)
		if (s->uploads[i].id == id)
			return &s->uploads[i];
	return NULL;
}

static size_t
upload_count(const struct serve *s)
{
	size_t n = 0;

	for (size_t i = 0; i < nelem(s->uploads); i++)
		n += s->uploads[i].id != 0;
	return n;
}

static void
upload_drop(struct upload *u)
{
	request_free(&u->request);
	buf_wipe(&u->body);
	*u = (struct upload){ 0 };
}

/*
 * Frames in.
 */

static int
refuse(struct serve *s, uint64_t id, const char *why)
{
	return answer_fail(&s->out, id, "refused", why);
}

/* ${q} and ${body} are taken over. */
static int
begin(struct serve *s, uint64_t id, struct request *q, struct buf *body, struct err *reterr)
{
	const char *token = NULL;

	if (*q->account != '\0') {
		token = tokens_find(&s->tokens, q->account);
		if (token == NULL) {
			request_free(q);
			buf_wipe(body);
			return refuse(s, id, "no token is held for this account");
		}
	}
	return http_start(s->http, id, q, body, token, reterr);
}

static int
on_request(struct serve *s, const struct frame *f, struct err *reterr)
{
	struct request q = { 0 };
	struct buf none = { 0 };
	struct err why = { "" };
	int r;

	if (f->id == 0 || upload_find(s, f->id) != NULL || http_has(s->http, f->id))
		return err_set(reterr, E_BAD, "REQUEST with id 0 or one in flight");
	r = request_parse(f->payload, f->len, &q, &why);
	if (r == E_REFUSED)
		return refuse(s, f->id, why.text);
	if (r != 0)
		return err_set(reterr, r, "REQUEST: %s", why.text);
	if (upload_count(s) + http_count(s->http) >= FRAME_IN_FLIGHT) {
		request_free(&q);
		return refuse(s, f->id, "too many requests are in flight");
	}
	if (!q.body)
		return begin(s, f->id, &q, &none, reterr);
	*upload_find(s, 0) = (struct upload){ .id = f->id, .request = q, .body.max = REQUEST_BODY_MAX };
	return 0;
}

/* These may be on their way while the request fails here, so an unknown id is fine. */
static int
on_rest(struct serve *s, const struct frame *f, struct err *reterr)
{
	struct upload *u = f->id == 0 ? NULL : upload_find(s, f->id), whole;
	int r;

	if (f->type == FRAME_CANCEL)
		http_cancel(s->http, f->id);
	if (u == NULL)
		return 0;
	switch (f->type) {
	case FRAME_BODY:
		r = buf_add(&u->body, f->payload, f->len);
		if (r != -EMSGSIZE)
			return r;
		upload_drop(u);
		return refuse(s, f->id, "the request's body is too long");
	case FRAME_END:
		whole = *u;
		*u = (struct upload){ 0 };
		return begin(s, f->id, &whole.request, &whole.body, reterr);
	default:
		upload_drop(u);
		return 0;
	}
}

static int
on_frame(struct serve *s, const struct frame *f, struct err *reterr)
{
	int r;

	switch (f->type) {
	case FRAME_HELLO:
		if (f->id != 0)
			return err_set(reterr, E_BAD, "HELLO with an id");
		r = tokens_replace(&s->tokens, f->payload, f->len, reterr);
		sodium_memzero((char *)f->payload, f->len);
		return r;
	case FRAME_REQUEST:
		return on_request(s, f, reterr);
	case FRAME_BODY:
	case FRAME_END:
	case FRAME_CANCEL:
		return on_rest(s, f, reterr);
	case FRAME_STATUS:
	case FRAME_FAIL:
		break;
	}
	return err_set(reterr, E_BAD, "a frame that only a bridge sends");
}

static int
take_frames(struct serve *s, struct err *reterr)
{
	struct frame f;
	int r;

	while ((r = frame_get(&s->in, &f)) == 0) {
		r = on_frame(s, &f, reterr);
		if (r != 0)
			return r;
		buf_cut(&s->in, FRAME_HEAD + f.len);
	}
	return r == E_LATER ? 0 : err_set(reterr, E_BAD, "the node sent something that is not a frame");
}

static int
pull(struct serve *s, struct err *reterr)
{
	char bytes[RECEIVE_SIZE];

	for (int i = 0; i < RECEIVE_TIMES; i++) {
		ssize_t n = recv(s->fd, bytes, sizeof(bytes), MSG_DONTWAIT);
		int r;

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN)
			return 0;
		if (n < 0)
			return errno == ECONNRESET ? ERR_CLOSED : err_set(reterr, -errno, "recv: %s", strerror(errno));
		if (n == 0)
			return ERR_CLOSED;
		r = buf_add(&s->in, bytes, (size_t)n);
		sodium_memzero(bytes, (size_t)n);	/* It may have been a token. */
		if (r == 0)
			r = take_frames(s, reterr);
		if (r != 0)
			return r;
	}
	return 0;
}

/*
 * Frames out.
 */

static int
push(struct serve *s, struct err *reterr)
{
	while (s->out.len > 0) {
		ssize_t n = send(s->fd, s->out.data, s->out.len, MSG_DONTWAIT | MSG_NOSIGNAL);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN)
			return 0;
		if (n < 0 && (errno == EPIPE || errno == ECONNRESET))
			return ERR_CLOSED;
		if (n < 0)
			return err_set(reterr, -errno, "send: %s", strerror(errno));
		buf_cut(&s->out, (size_t)n);
	}
	return 0;
}

/*
 * The whole.
 */

int
serve_new(const struct http_opts *opts, int fd, struct serve **ret, struct err *reterr)
{
	struct serve *s = calloc(1, sizeof(*s));
	int r;

	if (s == NULL)
		return err_set(reterr, -ENOMEM, "out of memory");
	*s = (struct serve){ .fd = fd, .in.max = FRAME_MAX + 2 * RECEIVE_SIZE, .out.max = OUT_MAX };
	r = http_new(opts, &s->out, &s->http, reterr);
	if (r != 0) {
		free(s);
		return r;
	}
	*ret = s;
	return 0;
}

void
serve_free(struct serve *s)
{
	if (s == NULL)
		return;
	http_free(s->http);
	for (size_t i = 0; i < nelem(s->uploads); i++)
		upload_drop(&s->uploads[i]);
	tokens_free(&s->tokens);
	buf_wipe(&s->in);
	buf_wipe(&s->out);
	free(s);
}

static int
turn(struct serve *s, struct err *reterr)
{
	int r;

	r = pull(s, reterr);
	if (r == 0)
		r = http_turn(s->http, reterr);
	if (r == 0)
		r = push(s, reterr);
	if (r == 0)
		r = http_wait(s->http, s->fd, s->out.len > 0, reterr);
	return r;
}

int
serve_run(struct serve *s, struct err *reterr)
{
	int r;

	while ((r = turn(s, reterr)) == 0)
		;
	return r == ERR_CLOSED ? 0 : r;
}
