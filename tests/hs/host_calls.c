/* SPDX-License-Identifier: Apache-2.0 */
/* host_calls: the bridge's part: requests of nodes, served one by one, while time stands still. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/canon.h"
#include "base/frame.h"
#include "host.h"

enum { STEPS_MAX = 20000 };	/* Without time passing. */

/* A request of a node. */
struct host_call {
	size_t		 node;
	uint64_t	 id;
	json_t		*request;	/* As in the REQUEST frame. */
	struct buf	 body;
	bool		 whole;		/* Its body has arrived. */
	bool		 parked;
	int64_t		 until;
	long		 seen;		/* host->changes when it was last asked. */
	struct host_call *next;
};

static void
free_call(struct host_call *call)
{
	json_decref(call->request);
	buf_free(&call->body);
	free(call);
}

void
host_calls_forget(struct host *h, size_t node)
{
	for (struct host_call **p = &h->calls; *p != NULL;) {
		struct host_call *call = *p;

		if (call->node != node) {
			p = &call->next;
			continue;
		}
		*p = call->next;
		free_call(call);
	}
}

static void
take_request(struct host *h, size_t i, const struct frame *f)
{
	struct host_call *call, **end = &h->calls;

	if ((call = calloc(1, sizeof(*call))) == NULL)
		abort();
	*call = (struct host_call){ .node = i, .id = f->id, .request = host_json(f->payload, f->len) };
	call->whole = !json_is_true(json_object_get(call->request, "body"));
	while (*end != NULL)
		end = &(*end)->next;
	*end = call;
}

static struct host_call *
find_call(struct host *h, size_t i, uint64_t id)
{
	for (struct host_call *c = h->calls; c != NULL; c = c->next)
		if (c->node == i && c->id == id)
			return c;
	host_fail(h, "%s goes on with a request that it never began", h->node[i].name);
}

void
host_calls_take(struct host *h, size_t i, const struct frame *f)
{
	if (f->type == FRAME_REQUEST)
		take_request(h, i, f);
	else if (f->type == FRAME_BODY)
		host_must(h, buf_add(&find_call(h, i, f->id)->body, f->payload, f->len));
	else
		find_call(h, i, f->id)->whole = true;
}

static void
answer(struct host *h, const struct host_call *call, int status, const json_t *body)
{
	autobuf struct buf out = { 0 };
	autojson json_t *head = json_pack("{s:i}", "status", status);
	autofree char *text = json_dumps(head, JSON_COMPACT);
	/* A script's string is sent as it is: what is no JSON, or too much of it. */
	autofree char *payload = json_is_string(body) ? strdup(json_string_value(body)) :
	    json_dumps(body, JSON_COMPACT);
	size_t left = payload != NULL ? strlen(payload) : 0;

	host_must(h, text == NULL || payload == NULL ? -ENOMEM :
	    frame_put(&out, FRAME_STATUS, call->id, text, strlen(text)));
	for (const char *at = payload; left > 0;) {
		size_t n = left < FRAME_CHUNK ? left : FRAME_CHUNK;

		host_must(h, frame_put(&out, FRAME_BODY, call->id, at, n));
		at += n;
		left -= n;
	}
	host_must(h, frame_put(&out, FRAME_END, call->id, NULL, 0));
	host_send(h, call->node, &out);
}

static void
no_answer(struct host *h, const struct host_call *call, const char *kind)
{
	autobuf struct buf out = { 0 };
	autojson json_t *json = json_pack("{s:s, s:s}", "kind", kind, "text", "the test says so");
	autofree char *text = json_dumps(json, JSON_COMPACT);

	host_must(h, text == NULL ? -ENOMEM : frame_put(&out, FRAME_FAIL, call->id, text, strlen(text)));
	host_send(h, call->node, &out);
}

/* Ask the homeserver.  HS_SERVE, HS_LOSE, HS_DROP or HS_PARKED. */
static int
ask(struct host *h, struct host_call *call, int *ret_status, json_t **ret_body)
{
	const char *account = json_str(call->request, "account");
	const char *token = *account != '\0' ? json_str(h->node[call->node].tokens, account) : NULL;
	enum hs_turn turn = !call->parked ? HS_FIRST : call->until <= *h->now ? HS_ENOUGH : HS_AGAIN;
	int64_t until;
	int fate;

	if (*account != '\0' && token == NULL)
		host_fail(h, "%s makes a request for %s, whose token it never gave", h->node[call->node].name, account);
	fate = hs_request(h->hs, token, json_str(call->request, "method"), json_str(call->request, "path"),
	    call->body.data, turn, ret_status, ret_body, &until);
	if (fate != HS_PARKED)
		h->changes++;
	else if (!call->parked) {
		call->parked = true;
		call->until = until;
	}
	call->seen = h->changes;
	return fate;
}

/* One of the requests ${from} to ${to} further; false if all of them wait. */
static bool
serve_some(struct host *h, size_t from, size_t to)
{
	size_t k = 0;

	for (struct host_call **p = &h->calls; *p != NULL; p = &(*p)->next, k++) {
		struct host_call *call = *p;
		json_t *body = NULL;
		int status = 0, fate;
		size_t i = call->node;

		if (k < from || k >= to || !call->whole ||
		    (call->parked && call->seen == h->changes && call->until > *h->now))
			continue;
		if ((fate = ask(h, call, &status, &body)) == HS_PARKED)
			continue;
		*p = call->next;
		if (fate == HS_SERVE)
			answer(h, call, status, body);
		else
			no_answer(h, call, fate == HS_LOSE ? "reset" : "connect");
		json_decref(body);
		free_call(call);
		host_listen(h, i);
		return true;
	}
	return false;
}

/* Requests overtake each other, as the seed has it. */
static bool
serve_one(struct host *h)
{
	size_t n = 0, first;

	for (const struct host_call *c = h->calls; c != NULL; c = c->next)
		n++;
	if (n == 0)
		return false;
	h->dice = h->dice * 6364136223846793005u + 1442695040888963407u;
	first = (size_t)(h->dice >> 33) % n;
	return serve_some(h, first, n) || serve_some(h, 0, first);
}

void
host_calls_do(struct host *h, size_t i)
{
	for (struct host_call *call = h->calls; call != NULL; call = call->next) {
		json_t *body = NULL;
		int status;

		if (call->node != i || !call->whole || call->parked)
			continue;
		(void)ask(h, call, &status, &body);
		json_decref(body);
	}
}

bool
host_step(struct host *h)
{
	if (hs_next(h->hs) <= *h->now) {
		hs_deliver(h->hs);
		h->changes++;
	}
	if (serve_one(h))
		return true;
	for (size_t i = 0; i < h->n; i++)
		if (h->node[i].pid != 0 && h->node[i].next <= *h->now) {
			host_tell(h, i, json_pack("{s:s}", "do", "tick"));
			host_listen(h, i);
			return true;
		}
	return false;
}

void
host_settle(struct host *h)
{
	for (long i = 0; host_step(h); i++)
		if (i == STEPS_MAX)
			host_fail(h, "the nodes talk for ever");
}

int64_t
host_next(const struct host *h)
{
	int64_t next = hs_next(h->hs);

	for (size_t i = 0; i < h->n; i++)
		if (h->node[i].next < next)
			next = h->node[i].next;
	for (const struct host_call *c = h->calls; c != NULL; c = c->next)
		if (c->parked && c->until < next)
			next = c->until;
	return next;
}

void
host_run(struct host *h, int64_t ms)
{
	int64_t end = *h->now + ms;

	for (;;) {
		int64_t next;

		host_settle(h);
		next = host_next(h);
		*h->now = next < end ? next : end;
		if (next >= end)
			break;
	}
}

