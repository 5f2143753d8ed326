/* SPDX-License-Identifier: Apache-2.0 */
/*
 * node: the sealed role.  The only file that knows all: it wires struct app to
 * the bridge's frames, the operator's socket and the clock, and runs the loop.
 *
 *     cairn-node -c FILE        fd 3: the control socket of cairnd, which hands
 *                               over the bridge's end of a socketpair by SCM_RIGHTS
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <poll.h>
#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "app/app.h"
#include "app/zones.h"
#include "base/buf.h"
#include "base/canon.h"
#include "base/child.h"
#include "base/config.h"
#include "base/control.h"
#include "base/frame.h"
#include "base/heap.h"
#include "base/log.h"
#include "base/loop.h"
#include "base/sandbox.h"
#include "crypt/primitives.h"
#include "keyfile.h"
#include "listen.h"

enum { CONTROL_FD = CHILD_FD, ANSWER_MAX = 9 << 20, WAIT_MAX_MS = 60000 };
enum { SAID_MAX = 4096, STATUS_LEAST = 100, STATUS_MOST = 999 };	/* What the bridge says of an answer. */
#define JSON_HEAP	(256UL << 20)

/* An answer as its frames arrive. */
struct pending {
	uint64_t	 id;		/* 0: free. */
	int		 status;
	int64_t		 retry_after_ms;
	struct buf	 body;
};

struct node {
	struct config	 cfg;
	struct world	 world;
	struct app	*app;
	struct loop	*loop;
	struct listen	*listen;
	struct watch	*control, *signals, *bridge;
	int		 bridge_fd, signal_fd;
	struct buf	 in, out;
	struct pending	 pending[FRAME_IN_FLIGHT];
	bool		 ready, stopping;
};

static int	bridge_event(void *, int, uint32_t);

static int
lose_bridge(struct node *n)
{
	loop_drop(n->bridge);
	n->bridge = NULL;
	if (n->bridge_fd >= 0)
		close(n->bridge_fd);
	n->bridge_fd = -1;
	buf_free(&n->in);
	buf_wipe(&n->out);
	for (size_t i = 0; i < nelem(n->pending); i++) {
		buf_free(&n->pending[i].body);
		n->pending[i] = (struct pending){ 0 };
	}
	return app_bridge(n->app, false);
}

/* Write what the socket takes; the rest waits for EPOLLOUT. */
static int
flush(struct node *n)
{
	while (n->bridge_fd >= 0 && n->out.len > 0) {
		ssize_t w = send(n->bridge_fd, n->out.data, n->out.len, MSG_NOSIGNAL | MSG_DONTWAIT);

		if (w < 0 && (errno == EAGAIN || errno == EINTR))
			break;
		if (w < 0)
			return lose_bridge(n);
		buf_cut(&n->out, (size_t)w);
	}
	return n->bridge == NULL ? 0 : loop_change(n->bridge, n->out.len > 0 ? EPOLLIN | EPOLLOUT : EPOLLIN);
}

static int
put_json(struct node *n, enum frame_type type, uint64_t id, const json_t *json)
{
	char *text = json_text(json, JSON_COMPACT);
	int r = text == NULL ? -ENOMEM : frame_put(&n->out, type, id, text, strlen(text));

	if (text != NULL)
		sodium_memzero(text, strlen(text));
	free(text);
	return r;
}

static int
request(void *cookie, const struct app_request *q)
{
	struct node *n = cookie;
	size_t len = q->body != NULL ? strlen(q->body) : 0;
	autojson json_t *head = json_pack("{s:s, s:s, s:s, s:s, s:I, s:I, s:b}", "upstream", "homeserver",
	    "account", q->account, "method", q->method, "path", q->path, "cap", (json_int_t)q->cap,
	    "timeout_ms", (json_int_t)q->timeout_ms, "body", q->body != NULL);
	struct pending *p = NULL;
	int r;

	for (size_t i = 0; i < nelem(n->pending) && p == NULL; i++)
		if (n->pending[i].id == 0)
			p = &n->pending[i];
	if (head == NULL || p == NULL)
		return -ENOMEM;
	*p = (struct pending){ .id = q->id, .retry_after_ms = -1, .body.max = q->cap < ANSWER_MAX ? (size_t)q->cap : ANSWER_MAX };
	if ((r = put_json(n, FRAME_REQUEST, q->id, head)) != 0)
		return r;
	for (size_t at = 0; at < len; at += FRAME_CHUNK)
		if ((r = frame_put(&n->out, FRAME_BODY, q->id, q->body + at,
		    len - at < FRAME_CHUNK ? len - at : FRAME_CHUNK)) != 0)
			return r;
	return q->body != NULL ? frame_put(&n->out, FRAME_END, q->id, NULL, 0) : 0;
}

static int
tokens(void *cookie, const json_t *accounts)
{
	autojson json_t *hello = json_pack("{s:O}", "accounts", accounts);

	return hello == NULL ? -ENOMEM : put_json(cookie, FRAME_HELLO, 0, hello);
}

static struct pending *
find_pending(struct node *n, uint64_t id)
{
	for (size_t i = 0; i < nelem(n->pending); i++)
		if (n->pending[i].id == id && id != 0)
			return &n->pending[i];
	return NULL;
}

/* Take the answer out of the table, so that the next request may use its place. */
static struct pending
land(struct pending *p)
{
	struct pending taken = *p;

	*p = (struct pending){ 0 };
	return taken;
}

/* Once, before the body. */
static int
on_status(struct pending *p, const json_t *json)
{
	int64_t status = json_int(json, "status", 0);

	if (p->status != 0 || status < STATUS_LEAST || status > STATUS_MOST)
		return E_BAD;
	p->status = (int)status;
	p->retry_after_ms = json_int(json, "retry_after_ms", -1);
	return 0;
}

static int
on_fail(struct node *n, struct pending *p, const json_t *json)
{
	const char *kind = json_str(json, "kind"), *text = json_str(json, "text");
	struct pending done;

	if (kind == NULL || text == NULL)
		return E_BAD;
	done = land(p);
	buf_free(&done.body);
	return app_failed(n->app, done.id, kind, text);
}

/* 0; E_BAD if it is none that may come now (base/frame.h); or a negative value. */
static int
one_frame(struct node *n, const struct frame *f)
{
	struct pending *p = find_pending(n, f->id), done;
	autojson json_t *json = NULL;
	int r;

	if (p == NULL)
		return E_BAD;
	if (f->type == FRAME_STATUS || f->type == FRAME_FAIL) {
		if (f->len > SAID_MAX)
			return E_BAD;
		if ((r = canon_parse(f->payload, f->len, &json, NULL)) != 0)
			return r;
	}
	switch (f->type) {
	case FRAME_STATUS:
		return on_status(p, json);
	case FRAME_BODY:
		return p->status != 0 && buf_add(&p->body, f->payload, f->len) == 0 ? 0 : E_BAD;
	case FRAME_END:
		if (p->status == 0 || f->len != 0)
			return E_BAD;
		done = land(p);
		r = app_answer(n->app, done.id, done.status, done.retry_after_ms,
		    done.body.data != NULL ? done.body.data : "", done.body.len);
		buf_free(&done.body);
		return r;
	case FRAME_FAIL:
		return on_fail(n, p, json);
	default:
		return E_BAD;
	}
}

static int
bridge_event(void *cookie, int fd, uint32_t events)
{
	struct node *n = cookie;
	char chunk[65536];
	struct frame f;
	int r = 0;

	if (events & (EPOLLIN | EPOLLHUP | EPOLLERR)) {
		ssize_t got = recv(fd, chunk, sizeof(chunk), MSG_DONTWAIT);

		if (got < 0 && (errno == EAGAIN || errno == EINTR))
			return 0;
		if (got <= 0)
			return lose_bridge(n);
		if ((r = buf_add(&n->in, chunk, (size_t)got)) != 0)
			return r;
	}
	while (n->bridge_fd == fd && (r = frame_get(&n->in, &f)) == 0) {
		if ((r = one_frame(n, &f)) != 0)
			break;
		buf_cut(&n->in, FRAME_HEAD + f.len);
	}
	if (r < 0)
		return r;
	if (r == E_BAD) {
		log_error("node", "the bridge broke the frame grammar; it is dropped");
		return lose_bridge(n);
	}
	return flush(n);
}

/* A new end of the bridge's socketpair; end of file: cairnd is gone. */
static int
control_event(void *cookie, int fd, uint32_t events)
{
	struct node *n = cookie;
	char role[CONTROL_ROLE];
	int end, r = control_take(fd, role, &end);

	(void)events;
	if (r != 0) {
		n->stopping |= r == E_NOTFOUND;
		return 0;
	}
	if (strcmp(role, "matrix") != 0) {
		close(end);
		return 0;
	}
	if (n->bridge_fd >= 0 && (r = lose_bridge(n)) != 0)
		return r;
	n->bridge_fd = end;
	if ((n->bridge = loop_watch(n->loop, end, EPOLLIN, bridge_event, n)) == NULL)
		return -ENOMEM;
	if ((r = app_bridge(n->app, true)) != 0)
		return r;
	return flush(n);
}

static int
signal_event(void *cookie, int fd, uint32_t events)
{
	struct node *n = cookie;
	struct signalfd_siginfo info;

	(void)events;
	if (read(fd, &info, sizeof(info)) == (ssize_t)sizeof(info) && info.ssi_signo != SIGHUP)
		n->stopping = true;
	return 0;
}

static int
command(void *cookie, uid_t peer, const json_t *req, json_t **ret_reply)
{
	struct node *n = cookie;
	int r = app_command(n->app, peer, req, ret_reply);

	return r != 0 ? r : flush(n);
}

/* Steps until nothing more can be done at once, then wait for the world. */
static int
run(struct node *n)
{
	int r = 0;

	while (!n->stopping && r == 0) {
		int64_t now = world_now(&n->world), wait = n->app->next - now;

		if (wait <= 0) {
			if ((r = app_tick(n->app)) == 0)
				r = flush(n);
			if (r == 0 && !n->ready) {
				n->ready = true;
				log_info("node", "ready");
				control_ready(CONTROL_FD);
			}
			wait = n->app->next == 0 ? 0 : n->app->next - now;
		}
		if (r == 0)
			r = loop_turn(n->loop, wait <= 0 ? 0 : wait > WAIT_MAX_MS ? WAIT_MAX_MS : (int)wait);
	}
	return r;
}

static int
enter_sandbox(struct node *n, struct err *err)
{
	const struct sandbox_path paths[] = { { n->cfg.state_dir, true }, { ZONES_DIR, false } };
	bool landlock;
	int r = sandbox_enter(SANDBOX_NODE, paths, nelem(paths), 0, &landlock, err);

	if (r == 0 && !landlock)
		log_warn("node", "this kernel has no Landlock; file access is limited by permissions only");
	return r;
}

/* Root's node becomes the user whose the state directory is: it needs no other right. */
static int
become_owner(const struct node *n, struct err *err)
{
	struct stat st;

	if (geteuid() != 0 || stat(n->cfg.state_dir, &st) != 0)
		return 0;
	if (st.st_uid != 0)
		return sandbox_user(st.st_uid, st.st_gid, err);
	log_warn("node", "runs as root; give %s to a user of its own and it becomes that one", n->cfg.state_dir);
	return 0;
}

/* Before the socket is made in it: a directory that is missing has its own words. */
static int
see_state_dir(const struct node *n, struct err *err)
{
	return access(n->cfg.state_dir, W_OK | X_OK) == 0 ? 0 : err_set(err, E_REFUSED,
	    "%s cannot be used by this user (%s); make it with: install -d -m 0700 -o USER %s",
	    n->cfg.state_dir, strerror(errno), n->cfg.state_dir);
}

static int
open_all(struct node *n, struct err *err)
{
	struct app_transport transport = { .request = request, .tokens = tokens, .cookie = n };
	uint8_t kek[DB_KEY];
	sigset_t set;
	int r;

	(void)sigemptyset(&set);
	(void)sigaddset(&set, SIGTERM);
	(void)sigaddset(&set, SIGINT);
	(void)sigaddset(&set, SIGHUP);
	if (sigprocmask(SIG_BLOCK, &set, NULL) != 0 ||
	    (n->signal_fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK)) < 0)
		return err_set(err, -errno, "signals: %s", strerror(errno));
	if ((n->loop = loop_new()) == NULL)
		return -ENOMEM;
	if ((r = become_owner(n, err)) != 0 || (r = see_state_dir(n, err)) != 0 ||
	    (r = keyfile_load(&n->cfg, &n->world, kek, err)) != 0 ||
	    (r = listen_open(n->loop, n->cfg.admin_socket, command, n, &n->listen, err)) != 0 ||
	    (r = enter_sandbox(n, err)) != 0) {
		sodium_memzero(kek, sizeof(kek));
		return r;
	}
	r = app_open(&n->cfg, &n->world, kek, &transport, &n->app, err);
	sodium_memzero(kek, sizeof(kek));
	if (r != 0)
		return r;
	n->control = loop_watch(n->loop, CONTROL_FD, EPOLLIN, control_event, n);
	n->signals = loop_watch(n->loop, n->signal_fd, EPOLLIN, signal_event, n);
	return n->control != NULL && n->signals != NULL ? 0 : -ENOMEM;
}

static void
close_all(struct node *n)
{
	listen_close(n->listen);
	loop_drop(n->bridge);
	loop_drop(n->control);
	loop_drop(n->signals);
	app_close(n->app);
	loop_free(n->loop);
	buf_free(&n->in);
	buf_wipe(&n->out);
	for (size_t i = 0; i < nelem(n->pending); i++)
		buf_free(&n->pending[i].body);
	config_free(&n->cfg);
}

int
main(int argc, char **argv)
{
	struct node n = { .bridge_fd = -1, .signal_fd = -1 };
	const char *path = NULL;
	struct err err = { "" };
	int opt, r, status;

	while ((opt = getopt(argc, argv, "c:")) == 'c')
		path = optarg;
	if (opt != -1 || path == NULL || fcntl(CONTROL_FD, F_GETFD) < 0) {
		fprintf(stderr, "usage: cairn-node -c FILE, started by cairnd\n");
		return EX_CONFIG;
	}
	(void)fcntl(CONTROL_FD, F_SETFD, FD_CLOEXEC);
	if (sandbox_hide(&err) != 0 || sodium_init() < 0 || (r = heap_limit(JSON_HEAP)) != 0)
		return EX_SOFTWARE;
	n.world = world_real();
	if ((r = config_load(path, &n.cfg, &err)) != 0) {
		log_error("node", "%s", err.text);
		return EX_CONFIG;
	}
	log_level_set(n.cfg.log_level);
	if (primitives_in_force(&err) != 0) {
		log_warn("node", "libolm's own primitives are in use: %s", err.text);
		if (n.cfg.require_primitives)
			return EX_CONFIG;
		err.text[0] = '\0';
	}
	if ((r = open_all(&n, &err)) != 0)
		/* What a restart would meet again is for the administrator. */
		status = r > 0 || r == -EACCES || r == -ENOENT || r == -EADDRINUSE ? EX_CONFIG : EX_SOFTWARE;
	else
		status = (r = run(&n)) == 0 ? EX_OK : EX_SOFTWARE;
	if (r != 0)
		log_error("node", "%s%s%s", err_name(r), *err.text ? ": " : "", err.text);
	close_all(&n);
	return status;
}
