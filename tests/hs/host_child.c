/* SPDX-License-Identifier: Apache-2.0 */
/* host_child: the node's process: frames in, struct app, frames out. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "app/app.h"
#include "app/zones.h"
#include "base/canon.h"
#include "base/frame.h"
#include "base/log.h"
#include "base/sandbox.h"
#include "host.h"

enum { TICKS_MAX = 5000 };	/* In a row without an idle moment. */

struct child {
	struct host	*host;
	struct host_node *node;
	struct app	*app;
	int		 fd;
	struct buf	 in, out, body;
	uint64_t	 answering;	/* Request whose answer is arriving. */
	int		 status;
	int64_t		 retry_after;
	uint8_t		 seed[32];
	uint64_t	 drawn;
	bool		 here;		/* This commit is the one armed for. */
	bool		 crash;		/* Armed for after the frames have left. */
	long		 asked;		/* For the time or randomness, since it was armed. */
	struct host_point *point;	/* NULL: its commits need no names. */
	long		 same;		/* Commits of the name armed for. */
	json_t		*points;
	struct config	 config;
	struct world	 world;
};

static _Noreturn void
die(const struct child *c, const char *what, int r)
{
	log_error("host", "%s: %s: %s", c->node->name, what, err_name(r));
	_exit(3);
}

static void
need(const struct child *c, const char *what, int r)
{
	if (r != 0)
		die(c, what, r);
}

/* Between two commits there are these moments that can be counted. */
static void
within(struct child *c)
{
	if (c->node->armed == HOST_WITHIN && ++c->asked == c->node->at)
		(void)raise(SIGKILL);	/* Not kill, which the sandbox forbids. */
}

static int64_t
now(void *cookie)
{
	struct child *c = cookie;

	within(c);
	return *c->host->now;
}

/* From the seed, different for each node and each of its starts. */
static void
draw(void *cookie, void *dst, size_t n)
{
	struct child *c = cookie;
	uint8_t key[randombytes_SEEDBYTES];
	uint64_t drawn = ++c->drawn;

	within(c);
	(void)crypto_generichash(key, sizeof(key), (const uint8_t *)&drawn, sizeof(drawn), c->seed, sizeof(c->seed));
	randombytes_buf_deterministic(dst, n, key);
}

/* Commit before you speak: what is said now would be said even if the commit never came. */
static void
committed(const struct child *c)
{
	if (db_in_tx(c->app->db))
		die(c, "it speaks before its commit", E_REFUSED);
}

static int
request(void *cookie, const struct app_request *rq)
{
	struct child *c = cookie;
	autojson json_t *json = json_pack("{s:s, s:s, s:s, s:s, s:I, s:I, s:b}", "upstream", "homeserver",
	    "account", rq->account, "method", rq->method, "path", rq->path, "cap", (json_int_t)rq->cap,
	    "timeout_ms", (json_int_t)rq->timeout_ms, "body", rq->body != NULL);
	autofree char *text = json_text(json, JSON_COMPACT);
	size_t left = rq->body != NULL ? strlen(rq->body) : 0;
	int r;

	if (text == NULL)
		return -ENOMEM;
	committed(c);
	r = frame_put(&c->out, FRAME_REQUEST, rq->id, text, strlen(text));
	for (const char *at = rq->body; r == 0 && left > 0;) {
		size_t n = left < FRAME_CHUNK ? left : FRAME_CHUNK;

		r = frame_put(&c->out, FRAME_BODY, rq->id, at, n);
		at += n;
		left -= n;
	}
	return r != 0 || rq->body == NULL ? r : frame_put(&c->out, FRAME_END, rq->id, NULL, 0);
}

static int
tokens(void *cookie, const json_t *accounts)
{
	struct child *c = cookie;
	autojson json_t *json = json_pack("{s:O}", "accounts", accounts);
	autofree char *text = json_text(json, JSON_COMPACT);

	committed(c);
	return text == NULL ? -ENOMEM : frame_put(&c->out, FRAME_HELLO, 0, text, strlen(text));
}

static void
report(struct child *c, json_t *json)
{
	autofree char *text = json_text(json, JSON_COMPACT);

	json_decref(json);
	need(c, "report", text == NULL ? -ENOMEM :
	    frame_put(&c->out, FRAME_HELLO, HOST_TEST, text, strlen(text)));
}

static void
flush(struct child *c)
{
	while (c->out.len > 0) {
		ssize_t n = write(c->fd, c->out.data, c->out.len);

		if (n < 0 && errno != EINTR)
			_exit(4);
		if (n > 0)
			buf_cut(&c->out, (size_t)n);
	}
}

static void
keep_copy(const struct child *c)
{
	char dir[PATH_MAX], copy[PATH_MAX + 8];

	(void)snprintf(dir, sizeof(dir), "%.4000s/%s", c->host->dir, c->node->name);
	(void)snprintf(copy, sizeof(copy), "%s.before", dir);
	host_copy_dir(dir, copy);
}

/* Is the commit that begins the one armed for? */
static bool
is_here(struct child *c)
{
	struct host_node *n = c->node;
	char name[HOST_POINT];

	if (c->point == NULL)
		return n->commits + 1 == n->at;
	host_point_name(c->point, name);
	if (n->watched)
		(void)json_array_append_new(c->points, json_string(name));
	if (*n->point == '\0')
		return n->commits + 1 == n->at;
	return !strcmp(name, n->point) && ++c->same == n->at;
}

/* The moment for which the node was armed, seen from inside a commit. */
static void
at_commit(void *cookie, const char *point)
{
	struct child *c = cookie;
	struct host_node *n = c->node;
	bool before = !strcmp(point, "before-commit");

	if (before)
		c->here = is_here(c);
	else
		n->commits++;
	if (n->armed == HOST_NEVER || n->armed == HOST_WITHIN)
		return;
	if (c->here && n->armed == (before ? HOST_BEFORE_COMMIT : HOST_BEFORE_SEND))
		(void)raise(SIGKILL);	/* Not kill, which the sandbox forbids. */
	if (c->here && before && n->armed == HOST_FORGOTTEN)
		keep_copy(c);
	c->crash = !before && (n->armed == HOST_FORGOTTEN ? n->commits == n->at + HOST_FORGETS - 1 : c->here);
}

/* After each input: what it caused leaves, and then perhaps the node dies. */
static void
spoken(struct child *c, const char *what, int r)
{
	need(c, what, r);
	if (c->crash && c->node->armed == HOST_HALF_SENT) {
		c->out.len = c->out.len * (size_t)(c->node->at % 7 + 1) / 8;
		flush(c);
		(void)raise(SIGKILL);	/* Not kill, which the sandbox forbids. */
	}
	if (c->crash)
		report(c, json_pack("{s:b}", "crash", 1));
	flush(c);
	while (c->crash)
		(void)poll(NULL, 0, -1);
}

static void
command(struct child *c, const json_t *request)
{
	json_t *reply = NULL;
	int r;

	host_point_command(c->point, json_str(request, "verb"));
	r = app_command(c->app, getuid(), request, &reply);
	if (r == 0)
		report(c, json_pack("{s:o}", "reply", reply));
	spoken(c, "command", r);
}

static void
test_frame(struct child *c, const struct frame *f)
{
	autojson json_t *json = host_json(f->payload, f->len);
	const char *what = json_str(json, "do");

	if (!strcmp(what, "stop")) {
		host_point_free(c->point);
		json_decref(c->points);
		app_close(c->app);
		config_free(&c->config);
		buf_free(&c->in);
		buf_free(&c->out);
		buf_free(&c->body);
		exit(0);
	}
	if (!strcmp(what, "arm")) {
		c->node->commits = 0;
		c->node->armed = (enum host_kill)json_int(json, "where", 0);
		c->node->at = (long)json_int(json, "at", 0);
		c->node->watched = json_is_true(json_object_get(json, "watch"));
		(void)snprintf(c->node->point, sizeof(c->node->point), "%s", json_str(json, "point"));
		c->asked = c->same = 0;
		if (c->point == NULL && (c->node->watched || *c->node->point != '\0'))
			c->point = host_point_new(c->app);
	} else if (!strcmp(what, "command"))
		command(c, json_obj(json, "request"));
	else if (!strcmp(what, "bridge")) {
		host_point_word(c->point, what);
		spoken(c, "bridge", app_bridge(c->app, !json_is_true(json_object_get(json, "down"))));
	}
}

static void
take_frame(struct child *c, const struct frame *f)
{
	autojson json_t *json = NULL;

	switch (f->type) {
	case FRAME_HELLO:
		test_frame(c, f);
		break;
	case FRAME_STATUS:
		json = host_json(f->payload, f->len);
		c->answering = f->id;
		c->status = (int)json_int(json, "status", 0);
		c->retry_after = json_int(json, "retry_after_ms", -1);
		c->body.len = 0;
		break;
	case FRAME_BODY:
		need(c, "body", buf_add(&c->body, f->payload, f->len));
		break;
	case FRAME_END:
		host_point_answer(c->point, f->id, c->body.data != NULL ? c->body.data : "", c->body.len);
		spoken(c, "answer", app_answer(c->app, f->id, c->status, c->retry_after,
		    c->body.data != NULL ? c->body.data : "", c->body.len));
		break;
	case FRAME_FAIL:
		json = host_json(f->payload, f->len);
		host_point_answer(c->point, f->id, NULL, 0);
		spoken(c, "failed", app_failed(c->app, f->id, json_str(json, "kind"), json_str(json, "text")));
		break;
	default:
		die(c, "frame", E_BAD);
	}
}

static void
become_idle(struct child *c)
{
	for (long i = 0; c->app->next <= *c->host->now; i++) {
		if (i == TICKS_MAX)
			die(c, "it never becomes idle", E_LATER);
		host_point_word(c->point, "tick");
		spoken(c, "tick", app_tick(c->app));
	}
	report(c, json_pack("{s:b, s:I, s:I, s:O}", "idle", 1, "next", (json_int_t)c->app->next,
	    "commits", (json_int_t)c->node->commits, "points", c->points));
	(void)json_array_clear(c->points);
	flush(c);
}

static bool
whole_input(const struct frame *f)
{
	return f->type == FRAME_HELLO || f->type == FRAME_END || f->type == FRAME_FAIL;
}

static void
open_app(struct child *c)
{
	struct app_transport transport = { .request = request, .tokens = tokens, .cookie = c };
	autofree char *text = host_config(c->host, c->node);
	uint8_t kek[DB_KEY];
	struct err err = { "" };
	uint64_t nonce[2] = { c->host->seed, c->node->starts };

	(void)crypto_generichash(c->seed, sizeof(c->seed), (const uint8_t *)nonce, sizeof(nonce),
	    (const uint8_t *)c->node->name, sizeof(c->node->name));
	memset(kek, c->node->name[0], sizeof(kek));
	c->world = (struct world){ .now = now, .random = draw, .cookie = c };
	if (config_parse("test.conf", text, strlen(text), &c->config, &err) != 0 ||
	    app_open(&c->config, &c->world, kek, &transport, &c->app, &err) != 0) {
		log_error("host", "%s: %s", c->node->name, err.text);
		_exit(3);
	}
	db_test_hook(c->app->db, at_commit, c);
}

/* As node.c does: what a call that the sandbox forbids does to a node shows here too. */
static void
enter_sandbox(const struct child *c)
{
	const struct sandbox_path paths[] = { { c->host->dir, true }, { ZONES_DIR, false } };
	struct err err = { "" };
	bool landlock;

	if (sandbox_enter(SANDBOX_NODE, paths, nelem(paths), 0, &landlock, &err) != 0) {
		log_error("host", "%s: %s", c->node->name, err.text);
		_exit(3);
	}
}

_Noreturn void
host_child(struct host *host, size_t i, int fd)
{
	struct child c = { .host = host, .node = &host->node[i], .fd = fd };
	static char chunk[64 * 1024];
	char log[PATH_MAX + 40];
	int out;

	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	(void)snprintf(log, sizeof(log), "%s/%s.log", host->dir, c.node->name);
	out = open(log, O_WRONLY | O_CREAT | O_APPEND, 0600);
	if (out >= 0)
		(void)dup2(out, STDERR_FILENO);
	c.node->armed = c.node->at_start > 0 ? HOST_WITHIN : HOST_NEVER;
	c.node->at = c.node->at_start;
	*c.node->point = '\0';
	c.points = json_array();
	enter_sandbox(&c);
	open_app(&c);
	if (c.node->watched)
		c.point = host_point_new(c.app);
	for (;;) {
		struct frame f;
		ssize_t n;
		int r;

		while ((r = frame_get(&c.in, &f)) == 0) {
			bool whole = whole_input(&f);

			take_frame(&c, &f);
			buf_cut(&c.in, FRAME_HEAD + f.len);
			if (whole)
				become_idle(&c);
		}
		if (r != E_LATER || (n = read(fd, chunk, sizeof(chunk))) <= 0)
			_exit(5);
		need(&c, "input", buf_add(&c.in, chunk, (size_t)n));
	}
}
