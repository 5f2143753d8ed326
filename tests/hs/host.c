/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/canon.h"
#include "base/frame.h"
#include "host.h"

enum { STEPS_MAX = 200000 };	/* Without time passing. */

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
show_logs(const struct host *h)
{
	char path[PATH_MAX + 40], line[1024];

	for (size_t i = 0; i < h->n; i++) {
		FILE *f;

		(void)snprintf(path, sizeof(path), "%s/%s.log", h->dir, h->node[i].name);
		if ((f = fopen(path, "r")) == NULL)
			continue;
		while (fgets(line, sizeof(line), f) != NULL)
			printf("# %s: %s", h->node[i].name, line);
		(void)fclose(f);
	}
}

void
host_fail(struct host *h, const char *fmt, ...)
{
	va_list ap;

	printf("not ok - ");
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	printf("\n# seed %llu\n", (unsigned long long)h->seed);
	show_logs(h);
	fflush(stdout);
	host_close(h);
	_exit(1);
}

char *
host_config(const struct host *h, const struct host_node *n)
{
	char *text;

	if (asprintf(&text, "organization = %s\nhomeserver = https://%s\nserver_name = %s\n"
	    "node_user = %s\nsteward_user = %s\nstate_dir = %s/%s\nkey_file = %s/%s/kek\n"
	    "crisis_text = \"Call 988.\"\nlog_level = debug\n%s%s\n", n->name, n->server, n->server, n->user,
	    n->steward, h->dir, n->name, h->dir, n->name, *h->signer != '\0' ? "trust_signer = " : "",
	    h->signer) < 0)
		abort();
	return text;
}

static int64_t *
shared_clock(int64_t start)
{
	int64_t *p = mmap(NULL, sizeof(*p), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		abort();
	*p = start;
	return p;
}

void
host_open(struct host *h, uint64_t seed)
{
	*h = (struct host){ .seed = seed, .dice = seed, .now = shared_clock(HOST_START) };
	(void)signal(SIGPIPE, SIG_IGN);
	host_make_dir(h->dir);
	h->hs = hs_new(h->now);
}

size_t
host_add(struct host *h, const char *name, const char *server)
{
	struct host_node *n = &h->node[h->n];
	char dir[PATH_MAX + 40];

	*n = (struct host_node){ .next = INT64_MAX, .fd = -1 };
	(void)snprintf(n->name, sizeof(n->name), "%s", name);
	(void)snprintf(n->server, sizeof(n->server), "%s", server);
	(void)snprintf(n->user, sizeof(n->user), "@cairn:%s", server);
	(void)snprintf(n->steward, sizeof(n->steward), "@steward:%s", server);
	hs_add_user(h->hs, n->user, "node password");
	hs_add_user(h->hs, n->steward, "steward password");
	(void)snprintf(dir, sizeof(dir), "%s/%s", h->dir, name);
	if (mkdir(dir, 0700) != 0)
		abort();
	return h->n++;
}

/* A copy of the clock is needed too: it is shared memory. */
void
host_branch(struct host *h)
{
	char from[PATH_MAX];

	(void)snprintf(from, sizeof(from), "%s", h->dir);
	host_make_dir(h->dir);
	host_copy_dir(from, h->dir);
	h->now = shared_clock(*h->now);
	hs_clock(h->hs, h->now);
}

static void
free_call(struct host_call *call)
{
	json_decref(call->request);
	buf_free(&call->body);
	free(call);
}

static void
forget_calls(struct host *h, size_t node)
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

/* The process is gone; what it asked for goes unanswered. */
static int
buried(struct host *h, size_t i)
{
	struct host_node *n = &h->node[i];
	int status = 0;

	(void)waitpid(n->pid, &status, 0);
	(void)close(n->fd);
	n->pid = 0;
	n->fd = -1;
	n->next = INT64_MAX;
	buf_free(&n->in);
	n->in = (struct buf){ 0 };
	json_decref(n->tokens);
	n->tokens = NULL;
	forget_calls(h, i);
	return status;
}

void
host_close(struct host *h)
{
	for (size_t i = 0; i < h->n; i++) {
		if (h->node[i].pid != 0)
			host_kill(h, i);
		json_decref(h->node[i].reply);
	}
	hs_free(h->hs);
	(void)munmap(h->now, sizeof(*h->now));
	if (getenv("HS_KEEP") == NULL)
		host_remove_dir(h->dir);
	else
		printf("# kept %s\n", h->dir);
}

/*
 * Talking to a node.
 */

static void
send_bytes(struct host *h, size_t i, const struct buf *out)
{
	for (size_t at = 0; at < out->len;) {
		ssize_t n = write(h->node[i].fd, out->data + at, out->len - at);

		if (n < 0 && errno != EINTR)
			return;		/* Its end is seen when we read. */
		at += n > 0 ? (size_t)n : 0;
	}
}

static void
must(struct host *h, int r)
{
	if (r != 0)
		host_fail(h, "a frame could not be made: %s", err_name(r));
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

static void	crash(struct host *, size_t);

/* One frame of a node; true when it is idle again or gone. */
static bool
take_frame(struct host *h, size_t i, const struct frame *f)
{
	struct host_node *n = &h->node[i];
	autojson json_t *json = f->type == FRAME_HELLO ? host_json(f->payload, f->len) : NULL;

	switch (f->type) {
	case FRAME_REQUEST:
		take_request(h, i, f);
		return false;
	case FRAME_BODY:
		must(h, buf_add(&find_call(h, i, f->id)->body, f->payload, f->len));
		return false;
	case FRAME_END:
		find_call(h, i, f->id)->whole = true;
		return false;
	case FRAME_HELLO:
		break;
	default:
		host_fail(h, "%s sent a frame of type %d", n->name, (int)f->type);
	}
	if (f->id != HOST_TEST) {
		json_decref(n->tokens);
		n->tokens = json_incref(json_obj(json, "accounts"));
	} else if (json_obj(json, "reply") != NULL) {
		json_decref(n->reply);
		n->reply = json_incref(json_obj(json, "reply"));
	} else if (json_is_true(json_object_get(json, "crash"))) {
		crash(h, i);
		return true;
	} else {
		n->next = json_int(json, "next", 0);
		n->commits = (long)json_int(json, "commits", 0);
		return true;
	}
	return false;
}

/* Died without having said {crash}: armed for inside the commit, or a bug. */
static void
died(struct host *h, size_t i)
{
	struct host_node *n = &h->node[i];
	int status = buried(h, i);

	if ((n->armed != HOST_BEFORE_COMMIT && n->armed != HOST_BEFORE_SEND) || !WIFSIGNALED(status) ||
	    WTERMSIG(status) != SIGKILL)
		host_fail(h, "%s ended by itself: %s %d", n->name, WIFSIGNALED(status) ? "signal" : "exit",
		    WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
	n->armed = HOST_NEVER;
	n->crashed = true;
	host_start(h, i);
}

/* Read until the node is idle. */
static void
listen_to(struct host *h, size_t i)
{
	struct host_node *n = &h->node[i];
	static char chunk[256 * 1024];

	for (;;) {
		struct frame f;
		ssize_t got;
		int r;

		while ((r = frame_get(&n->in, &f)) == 0) {
			size_t len = f.len;
			pid_t pid = n->pid;
			bool idle = take_frame(h, i, &f);

			if (n->pid == pid)
				buf_cut(&n->in, FRAME_HEAD + len);
			if (idle)
				return;
		}
		if (r != E_LATER)
			host_fail(h, "%s breaks the grammar of frames", n->name);
		got = read(n->fd, chunk, sizeof(chunk));
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0) {
			died(h, i);
			return;
		}
		must(h, buf_add(&n->in, chunk, (size_t)got));
	}
}

static void
tell(struct host *h, size_t i, json_t *json)
{
	autobuf struct buf out = { 0 };
	autofree char *text = json_dumps(json, JSON_COMPACT);

	json_decref(json);
	must(h, text == NULL ? -ENOMEM : frame_put(&out, FRAME_HELLO, HOST_TEST, text, strlen(text)));
	send_bytes(h, i, &out);
}

static void
answer(struct host *h, const struct host_call *call, int status, const json_t *body)
{
	autobuf struct buf out = { 0 };
	autojson json_t *head = json_pack("{s:i}", "status", status);
	autofree char *text = json_dumps(head, JSON_COMPACT);
	autofree char *payload = json_dumps(body, JSON_COMPACT);
	size_t left = payload != NULL ? strlen(payload) : 0;

	must(h, text == NULL || payload == NULL ? -ENOMEM :
	    frame_put(&out, FRAME_STATUS, call->id, text, strlen(text)));
	for (const char *at = payload; left > 0;) {
		size_t n = left < FRAME_CHUNK ? left : FRAME_CHUNK;

		must(h, frame_put(&out, FRAME_BODY, call->id, at, n));
		at += n;
		left -= n;
	}
	must(h, frame_put(&out, FRAME_END, call->id, NULL, 0));
	send_bytes(h, call->node, &out);
}

static void
no_answer(struct host *h, const struct host_call *call, const char *kind)
{
	autobuf struct buf out = { 0 };
	autojson json_t *json = json_pack("{s:s, s:s}", "kind", kind, "text", "the test says so");
	autofree char *text = json_dumps(json, JSON_COMPACT);

	must(h, text == NULL ? -ENOMEM : frame_put(&out, FRAME_FAIL, call->id, text, strlen(text)));
	send_bytes(h, call->node, &out);
}

/*
 * Running.
 */

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
		listen_to(h, i);
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

/* All that was sent is done, no answer arrives, and the node dies. */
static void
crash(struct host *h, size_t i)
{
	struct host_node *n = &h->node[i];
	char dir[PATH_MAX + 40], copy[PATH_MAX + 48];

	for (struct host_call *call = h->calls; call != NULL; call = call->next) {
		json_t *body = NULL;
		int status;

		if (call->node != i || !call->whole || call->parked)
			continue;
		(void)ask(h, call, &status, &body);
		json_decref(body);
	}
	(void)kill(n->pid, SIGKILL);
	(void)buried(h, i);
	if (n->armed == HOST_FORGOTTEN) {
		(void)snprintf(dir, sizeof(dir), "%s/%s", h->dir, n->name);
		(void)snprintf(copy, sizeof(copy), "%s.before", dir);
		host_remove_dir(dir);
		if (rename(copy, dir) != 0)
			host_fail(h, "the copy from before the commit is missing");
	}
	n->armed = HOST_NEVER;
	n->crashed = true;
	host_start(h, i);
}

static bool
step(struct host *h)
{
	if (hs_next(h->hs) <= *h->now) {
		hs_deliver(h->hs);
		h->changes++;
	}
	if (serve_one(h))
		return true;
	for (size_t i = 0; i < h->n; i++)
		if (h->node[i].pid != 0 && h->node[i].next <= *h->now) {
			tell(h, i, json_pack("{s:s}", "do", "tick"));
			listen_to(h, i);
			return true;
		}
	return false;
}

void
host_settle(struct host *h)
{
	for (long i = 0; step(h); i++)
		if (i == STEPS_MAX)
			host_fail(h, "the nodes talk for ever");
}

void
host_run(struct host *h, int64_t ms)
{
	int64_t end = *h->now + ms;

	for (;;) {
		int64_t next = hs_next(h->hs);

		host_settle(h);
		for (size_t i = 0; i < h->n; i++)
			if (h->node[i].next < next)
				next = h->node[i].next;
		for (const struct host_call *c = h->calls; c != NULL; c = c->next)
			if (c->parked && c->until < next)
				next = c->until;
		*h->now = next < end ? next : end;
		if (next >= end)
			break;
	}
}

void
host_start(struct host *h, size_t i)
{
	struct host_node *n = &h->node[i];
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0)
		host_fail(h, "socketpair: %s", strerror(errno));
	n->starts++;
	fflush(stdout);
	if ((n->pid = fork()) < 0)
		host_fail(h, "fork: %s", strerror(errno));
	if (n->pid == 0) {
		(void)close(pair[0]);
		for (size_t j = 0; j < h->n; j++)
			if (h->node[j].fd >= 0)
				(void)close(h->node[j].fd);
		host_child(h, i, pair[1]);
	}
	(void)close(pair[1]);
	n->fd = pair[0];
	n->commits = 0;
	tell(h, i, json_pack("{s:s}", "do", "bridge"));
	listen_to(h, i);
}

void
host_stop(struct host *h, size_t i)
{
	char byte;
	int status;

	tell(h, i, json_pack("{s:s}", "do", "stop"));
	while (read(h->node[i].fd, &byte, 1) > 0)
		continue;
	if ((status = buried(h, i)) != 0)
		host_fail(h, "%s did not end well: status %d", h->node[i].name, status);
}

void
host_kill(struct host *h, size_t i)
{
	(void)kill(h->node[i].pid, SIGKILL);
	(void)buried(h, i);
}

void
host_arm(struct host *h, size_t i, enum host_kill where, long at)
{
	h->node[i].armed = where;
	tell(h, i, json_pack("{s:s, s:i, s:I}", "do", "arm", "where", (int)where, "at", (json_int_t)at));
	listen_to(h, i);
}

json_t *
host_command(struct host *h, size_t i, const char *verb, json_t *args)
{
	struct host_node *n = &h->node[i];

	json_decref(n->reply);
	n->reply = NULL;
	tell(h, i, json_pack("{s:s, s:{s:s, s:o}}", "do", "command", "request", "verb", verb, "args", args));
	listen_to(h, i);
	return take(n->reply);
}

json_t *
host_ok(struct host *h, size_t i, const char *verb, json_t *args)
{
	autojson json_t *reply = NULL;
	autofree char *text = NULL;

	/* A node may be armed to die of the question. */
	for (int tries = 0; tries < 3 && reply == NULL; tries++)
		reply = host_command(h, i, verb, json_deep_copy(args));
	json_decref(args);
	text = json_dumps(reply, JSON_COMPACT);
	if (!json_is_true(json_object_get(reply, "ok")))
		host_fail(h, "%s: %s answers %s", h->node[i].name, verb, text != NULL ? text : "nothing");
	return json_incref(json_object_get(reply, "result"));
}
