/* SPDX-License-Identifier: Apache-2.0 */
#include <assert.h>
#include <curl/curl.h>
#include <errno.h>
#include <malloc.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/frame.h"
#include "answer.h"
#include "head.h"
#include "http.h"

enum {
	CONNECT_MS	= 10 * 1000,
	STALL_BYTES	= 64,			/* Per second: what is slower, stalls. */
	RECEIVE_SIZE	= 64 * 1024,
	OUT_HIGH	= 2 * 1024 * 1024,	/* Above it, no answer is read on. */
	OUT_LOW		= 1024 * 1024,
	IDLE_MS		= 60 * 1000,
	STACK_BYTES	= 32 * 1024,
};

struct transfer {
	struct http		*http;
	uint64_t		 id;
	struct request		 request;
	CURL			*easy;
	struct curl_slist	*headers;
	struct buf		 body;
	size_t			 got;
	struct head		 head;		/* Over: STATUS is sent. */
	bool			 paused;
	/* Kind and words when we ended it ourselves, or NULL; not in ${error}: curl writes there what it makes of it. */
	const char		*failure, *why;
	char			 error[CURL_ERROR_SIZE];
};

struct http {
	const struct http_opts	*opts;
	struct buf		*out;
	CURLM			*multi;
	struct transfer		*flight[FRAME_IN_FLIGHT];
	int			 fatal;		/* Set where only curl is listening. */
};

static const struct {
	CURLcode	 code;
	const char	*kind;
} kinds[] = {
	{ CURLE_COULDNT_RESOLVE_HOST, "connect" },
	{ CURLE_COULDNT_CONNECT, "connect" },
	{ CURLE_INTERFACE_FAILED, "connect" },
	{ CURLE_SSL_CONNECT_ERROR, "tls" },
	{ CURLE_PEER_FAILED_VERIFICATION, "tls" },
	{ CURLE_SSL_CERTPROBLEM, "tls" },
	{ CURLE_SSL_CIPHER, "tls" },
	{ CURLE_SSL_CACERT_BADFILE, "tls" },
	{ CURLE_SSL_ISSUER_ERROR, "tls" },
	{ CURLE_SSL_ENGINE_INITFAILED, "tls" },
	{ CURLE_SSL_CRL_BADFILE, "tls" },
	{ CURLE_SSL_INVALIDCERTSTATUS, "tls" },
	{ CURLE_OPERATION_TIMEDOUT, "timeout" },
	{ CURLE_FILESIZE_EXCEEDED, "too_large" },
};

static const char *
kind_of(CURLcode code)
{
	for (size_t i = 0; i < nelem(kinds); i++)
		if (kinds[i].code == code)
			return kinds[i].kind;
	return "reset";
}

/*
 * The answer.
 */

/* Curl's callbacks cannot pass a failure up; http_turn() does. */
static void
keep(struct http *h, int r)
{
	if (h->fatal == 0)
		h->fatal = r;
}

static size_t
on_header(char *line, size_t size, size_t n, void *cookie)
{
	struct transfer *t = cookie;
	long status = 0;

	n *= size;
	if (head_line(&t->head, line, n, &t->failure, &t->why) != 0)
		return 0;	/* Fewer bytes than given: curl ends the transfer. */
	if (t->head.over || n == 0 || n > 2 || line[n - 1] != '\n')
		return n;

	/* The blank line.  A 1xx answer only precedes the real one. */
	if (curl_easy_getinfo(t->easy, CURLINFO_RESPONSE_CODE, &status) != CURLE_OK || status < 200) {
		head_again(&t->head);
		return n;
	}
	keep(t->http, answer_status(t->http->out, t->id, status, t->head.retry_after_ms));
	t->head.over = true;
	return n;
}

static size_t
on_body(char *bytes, size_t size, size_t n, void *cookie)
{
	struct transfer *t = cookie;

	n *= size;
	if (t->http->out->len > OUT_HIGH) {
		t->paused = true;
		return CURL_WRITEFUNC_PAUSE;
	}
	if (n > t->request.cap - t->got) {
		t->failure = "too_large";
		t->why = "the answer is longer than its cap";
		return 0;
	}
	t->got += n;
	keep(t->http, answer_body(t->http->out, t->id, bytes, n));
	return t->http->fatal == 0 ? n : 0;
}

/* One that was paused and may go on, or NULL. */
static struct transfer *
resumable(const struct http *h)
{
	for (size_t i = 0; i < FRAME_IN_FLIGHT && h->out->len < OUT_LOW; i++)
		if (h->flight[i] != NULL && h->flight[i]->paused)
			return h->flight[i];
	return NULL;
}

/* Curl goes on at once, within this call, so one may fill the buffer again. */
static void
resume(struct http *h)
{
	struct transfer *t;

	while ((t = resumable(h)) != NULL) {
		t->paused = false;
		(void)curl_easy_pause(t->easy, CURLPAUSE_CONT);
	}
}

/*
 * One transfer.
 */

static void
headers_free(struct curl_slist *list)
{
	for (struct curl_slist *h = list; h != NULL; h = h->next)
		sodium_memzero(h->data, strlen(h->data));
	curl_slist_free_all(list);
}

static void
transfer_free(struct transfer *t)
{
	if (t->easy != NULL) {
		(void)curl_multi_remove_handle(t->http->multi, t->easy);
		curl_easy_cleanup(t->easy);
	}
	headers_free(t->headers);
	buf_wipe(&t->body);
	request_free(&t->request);
	free(t);
}

static struct transfer **
slot_of(struct http *h, uint64_t id)
{
	for (size_t i = 0; i < FRAME_IN_FLIGHT; i++)
		if (h->flight[i] != NULL && h->flight[i]->id == id)
			return &h->flight[i];
	return NULL;
}

static void
drop(struct transfer **slot)
{
	transfer_free(*slot);
	*slot = NULL;
}

static int
add_header(struct transfer *t, const char *line)
{
	struct curl_slist *list = curl_slist_append(t->headers, line);

	if (list == NULL)
		return -ENOMEM;
	t->headers = list;
	return 0;
}

static int
set_headers(struct transfer *t, const char *token)
{
	autowipe struct buf line = { 0 };
	int r;

	r = add_header(t, "Accept: application/json");
	if (r == 0)
		r = add_header(t, "Expect:");
	if (r == 0 && t->request.body)
		r = add_header(t, "Content-Type: application/json");
	if (r == 0 && token != NULL) {
		r = buf_printf(&line, "Authorization: Bearer %s", token);
		if (r == 0)
			r = add_header(t, line.data);
	}
	return r;
}

#define SET(option, value) do {						\
	CURLcode c_ = curl_easy_setopt(t->easy, (option), (value));	\
	if (c_ != CURLE_OK)						\
		return c_ == CURLE_OUT_OF_MEMORY ? -ENOMEM : -EINVAL;	\
} while (0)

static int
set_limits(struct transfer *t, bool https)
{
	const struct request *q = &t->request;

	SET(CURLOPT_PROTOCOLS_STR, https ? "https" : "http");
	SET(CURLOPT_FOLLOWLOCATION, 0L);
	SET(CURLOPT_HTTP09_ALLOWED, 0L);
	SET(CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	SET(CURLOPT_HTTP_CONTENT_DECODING, 0L);
	SET(CURLOPT_PROXY, "");
	SET(CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
	SET(CURLOPT_DISALLOW_USERNAME_IN_URL, 1L);
	SET(CURLOPT_NOSIGNAL, 1L);
	SET(CURLOPT_TCP_KEEPALIVE, 1L);
	SET(CURLOPT_CONNECTTIMEOUT_MS, q->timeout_ms < CONNECT_MS ? q->timeout_ms : (long)CONNECT_MS);
	SET(CURLOPT_LOW_SPEED_LIMIT, (long)STALL_BYTES);
	SET(CURLOPT_LOW_SPEED_TIME, (q->timeout_ms + 999) / 1000);
	SET(CURLOPT_MAXFILESIZE_LARGE, (curl_off_t)q->cap);
	SET(CURLOPT_BUFFERSIZE, (long)RECEIVE_SIZE);
	return 0;
}

static int
set_tls(struct transfer *t)
{
	const struct http_opts *o = t->http->opts;
	struct curl_blob ca = { .data = (void *)o->ca, .len = o->ca_len, .flags = CURL_BLOB_NOCOPY };

	SET(CURLOPT_SSL_VERIFYPEER, 1L);
	SET(CURLOPT_SSL_VERIFYHOST, 2L);
	SET(CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	if (o->ca != NULL) {
		SET(CURLOPT_CAINFO_BLOB, &ca);
		SET(CURLOPT_CAPATH, NULL);
	}
	return 0;
}

static int
set_request(struct transfer *t)
{
	const struct request *q = &t->request;
	autobuf struct buf url = { 0 };
	bool sends = q->body || q->method[0] == 'P';	/* PUT and POST always say how much. */
	int r;

	r = buf_printf(&url, "%s%s", t->http->opts->base, q->path);
	if (r != 0)
		return r;
	SET(CURLOPT_URL, url.data);
	SET(CURLOPT_PATH_AS_IS, 1L);
	if (sends) {
		SET(CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)t->body.len);
		SET(CURLOPT_POSTFIELDS, t->body.data != NULL ? t->body.data : "");
	}
	SET(CURLOPT_CUSTOMREQUEST, q->method);
	/* On a kept connection that proves to be dead curl silently asks again; but a POST may have been
	 * done, and would be done twice.  Everything else may be repeated (RFC 9110, section 9.2.2). */
	SET(CURLOPT_FRESH_CONNECT, strcmp(q->method, "POST") == 0 ? 1L : 0L);
	SET(CURLOPT_HTTPHEADER, t->headers);
	SET(CURLOPT_USERAGENT, "cairn");
	SET(CURLOPT_ERRORBUFFER, t->error);
	SET(CURLOPT_PRIVATE, t);
	SET(CURLOPT_HEADERFUNCTION, on_header);
	SET(CURLOPT_HEADERDATA, t);
	SET(CURLOPT_WRITEFUNCTION, on_body);
	SET(CURLOPT_WRITEDATA, t);
	return 0;
}

static int
start(struct transfer *t, const char *token, struct err *reterr)
{
	int r;

	t->easy = curl_easy_init();
	if (t->easy == NULL || set_headers(t, token) != 0)
		return err_set(reterr, -ENOMEM, "out of memory");
	r = set_limits(t, strncmp(t->http->opts->base, "https:", 6) == 0);
	if (r == 0)
		r = set_tls(t);
	if (r == 0)
		r = set_request(t);
	if (r != 0)
		return err_set(reterr, r, "libcurl refuses an option; it needs version 7.88 or later with TLS");
	if (curl_multi_add_handle(t->http->multi, t->easy) != CURLM_OK)
		return err_set(reterr, -ENOMEM, "libcurl cannot start a transfer");
	return 0;
}

int
http_start(struct http *h, uint64_t id, struct request *q, struct buf *body, const char *token, struct err *reterr)
{
	struct transfer *t = calloc(1, sizeof(*t));
	size_t i = 0;

	while (i < FRAME_IN_FLIGHT && h->flight[i] != NULL)
		i++;
	assert(i < FRAME_IN_FLIGHT && !http_has(h, id));
	if (t == NULL) {
		request_free(q);
		buf_wipe(body);
		return err_set(reterr, -ENOMEM, "out of memory");
	}
	*t = (struct transfer){ .http = h, .id = id, .request = *q, .body = *body };
	head_again(&t->head);
	*q = (struct request){ 0 };
	*body = (struct buf){ 0 };
	h->flight[i] = t;
	return start(t, token, reterr);
}

void
http_cancel(struct http *h, uint64_t id)
{
	struct transfer **slot = slot_of(h, id);

	if (slot != NULL)
		drop(slot);
}

bool
http_has(const struct http *h, uint64_t id)
{
	return slot_of((struct http *)h, id) != NULL;
}

size_t
http_count(const struct http *h)
{
	size_t n = 0;

	for (size_t i = 0; i < FRAME_IN_FLIGHT; i++)
		n += h->flight[i] != NULL;
	return n;
}

static void
fail(struct http *h, struct transfer *t, CURLcode code)
{
	const char *kind = kind_of(code), *why = *t->error != '\0' ? t->error : curl_easy_strerror(code);

	if (t->failure != NULL) {
		kind = t->failure;
		why = t->why;
	} else if (code == CURLE_OK) {
		why = "the connection ended within the head of the answer";
	} else if (code == CURLE_OUT_OF_MEMORY) {
		/* So curl says of a line that is too long, too. */
		kind = "too_large";
		why = "a header of the answer is too long, or no memory is left";
	}
	keep(h, answer_fail(h->out, t->id, kind, why));
}

static void
finish(struct http *h, struct transfer *t, CURLcode code)
{
	if (code == CURLE_OK && t->head.over)
		keep(h, answer_end(h->out, t->id));
	else
		fail(h, t, code);
	drop(slot_of(h, t->id));
}

static void
finish_all(struct http *h)
{
	CURLMsg *m;
	int left;

	while ((m = curl_multi_info_read(h->multi, &left)) != NULL) {
		struct transfer *t = NULL;

		if (m->msg == CURLMSG_DONE &&
		    curl_easy_getinfo(m->easy_handle, CURLINFO_PRIVATE, (char **)&t) == CURLE_OK)
			finish(h, t, m->data.result);
	}
}

/*
 * Curl's memory: a request is in it, and a login's holds a password.
 */

static void
wiping_free(void *p)
{
	if (p != NULL)
		explicit_bzero(p, malloc_usable_size(p));
	free(p);
}

static void *
wiping_realloc(void *p, size_t n)
{
	size_t old = p != NULL ? malloc_usable_size(p) : 0;
	void *bigger;

	if (p != NULL && n <= old)
		return p;
	bigger = malloc(n);
	if (bigger != NULL && p != NULL) {
		memcpy(bigger, p, old);
		wiping_free(p);
	}
	return bigger;
}

/*
 * The whole.
 */

int
http_turn(struct http *h, struct err *reterr)
{
	CURLMcode c;
	int running;

	resume(h);
	c = curl_multi_perform(h->multi, &running);
	sodium_stackzero(STACK_BYTES);		/* Where curl and TLS had their copies. */
	if (c != CURLM_OK)
		return err_set(reterr, -EIO, "libcurl: %s", curl_multi_strerror(c));
	finish_all(h);
	if (h->fatal != 0)
		return err_set(reterr, h->fatal, "no room for an answer: %s", strerror(-h->fatal));
	return 0;
}

int
http_wait(struct http *h, int fd, bool writable, struct err *reterr)
{
	struct curl_waitfd node = { .fd = fd, .events = CURL_WAIT_POLLIN | (writable ? CURL_WAIT_POLLOUT : 0) };
	CURLMcode c = curl_multi_poll(h->multi, &node, 1, resumable(h) != NULL ? 0 : IDLE_MS, NULL);

	return c == CURLM_OK ? 0 : err_set(reterr, -EIO, "libcurl: %s", curl_multi_strerror(c));
}

int
http_new(const struct http_opts *opts, struct buf *out, struct http **ret, struct err *reterr)
{
	struct http *h;

	if (curl_global_init_mem(CURL_GLOBAL_DEFAULT, malloc, wiping_free, wiping_realloc, strdup, calloc) != CURLE_OK)
		return err_set(reterr, -EIO, "libcurl cannot be initialized");
	h = calloc(1, sizeof(*h));
	if (h != NULL) {
		*h = (struct http){ .opts = opts, .out = out };
		h->multi = curl_multi_init();
	}
	if (h == NULL || h->multi == NULL) {
		free(h);
		curl_global_cleanup();
		return err_set(reterr, -ENOMEM, "out of memory");
	}
	*ret = h;
	return 0;
}

void
http_free(struct http *h)
{
	if (h == NULL)
		return;
	for (size_t i = 0; i < FRAME_IN_FLIGHT; i++)
		if (h->flight[i] != NULL)
			drop(&h->flight[i]);
	(void)curl_multi_cleanup(h->multi);
	free(h);
	curl_global_cleanup();
}
