/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdbool.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/canon.h"
#include "base/heap.h"
#include "listen.h"

enum { READ_STEP = 64 * 1024, READ_TURN = 1 << 20, LINE_MAX_BYTES = LISTEN_MAX + 1 /* its line feed */ };

struct client {
	struct listen	*listen;
	struct watch	*watch;
	int		 fd;		/* -1: the slot is free. */
	uid_t		 uid;
	uint64_t	 last;		/* Turn of its last byte, either way. */
	struct buf	 in;
	size_t		 scanned;	/* No line feed before this offset of in. */
	struct buf	 out;
	size_t		 written;
	bool		 eof;		/* It will send no more: close after the last reply. */
};

struct listen {
	struct loop	*loop;
	struct watch	*watch;
	int		 fd;
	int		 dir;		/* Its directory, locked while the socket file changes; -1: none. */
	char		*path;
	dev_t		 dev;		/* What we bound, so that we remove no other. */
	ino_t		 ino;
	listen_fn	 fn;
	void		*cookie;
	uint64_t	 turn;
	struct client	 clients[LISTEN_CLIENTS];
};

json_t *
listen_reply(int answer, json_t *result, const struct err *err, const char *hint)
{
	static const char * const codes[] = {
		[E_BAD] = "bad", [E_REFUSED] = "refused", [E_NOTFOUND] = "not_found",
		[E_EXISTS] = "exists", [E_LATER] = "later",
	};
	const char *code = answer > 0 && (size_t)answer < nelem(codes) ? codes[answer] :
	    answer > 0 ? "refused" : "fatal";
	const char *text = err != NULL && err->text[0] != '\0' ? err->text : err_name(answer);

	if (answer == 0) {
		if (result == NULL)
			result = json_object();
		return json_pack("{s:b, s:o}", "ok", 1, "result", result);
	}
	json_decref(result);
	return json_pack("{s:b, s:s, s:s, s:s*}", "ok", 0, "code", code, "error", text, "hint", hint);
}

static void
client_drop(struct client *c)
{
	if (c->fd < 0)
		return;
	loop_drop(take(c->watch));
	(void)close(c->fd);
	c->fd = -1;
	/* Requests of setup hold passwords. */
	buf_wipe(&c->in);
	buf_wipe(&c->out);
	c->scanned = c->written = 0;
	c->eof = false;
}

/* Writes what fits; 0, or E_REFUSED if the client is gone. */
static int
client_flush(struct client *c)
{
	while (c->written < c->out.len) {
		ssize_t n = send(c->fd, c->out.data + c->written, c->out.len - c->written, MSG_NOSIGNAL);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return errno == EAGAIN ? 0 : E_REFUSED;
		c->written += (size_t)n;
		c->last = ++c->listen->turn;
	}
	buf_wipe(&c->out);
	c->written = 0;
	return 0;
}

/* Queues one line; steals ${reply}. */
static int
client_say(struct client *c, json_t *reply)
{
	autojson json_t *r = reply;
	unsigned long full = heap_full();
	autofree char *text = r != NULL ? json_text(r, JSON_COMPACT) : NULL;
	int e;

	/* Said without the heap: one that is full must not end the node. */
	if (text == NULL && heap_full() != full)
		return buf_puts(&c->out, "{\"ok\":false,\"code\":\"refused\",\"error\":\"the answer needs more memory than it may\","
		    "\"hint\":\"ask for less at once\"}\n");
	if (text == NULL)
		return -ENOMEM;
	if (strlen(text) >= LISTEN_MAX) {
		struct err err;

		(void)err_set(&err, E_REFUSED, "the answer has %zu bytes, more than the %d of one reply",
		    strlen(text), LISTEN_MAX);
		return client_say(c, listen_reply(E_REFUSED, NULL, &err, "ask for less at once"));
	}
	e = buf_puts(&c->out, text);
	return e != 0 ? e : buf_add(&c->out, "\n", 1);
}

static int
client_complain(struct client *c, const struct err *err)
{
	return client_say(c, listen_reply(E_BAD, NULL, err,
	    "send one line per request: {\"verb\": \"...\", \"args\": {...}}"));
}

static int
client_request(struct client *c, const char *line, size_t len)
{
	autojson json_t *request = NULL;
	json_t *args, *reply = NULL;
	size_t before = heap_used(NULL);
	unsigned long full = heap_full();
	struct err err = { "" };
	int r;

	/* The JSON heap has a ceiling: what does not fit is the client's fault, not the node's end.  What it takes is left once more, for the verb. */
	r = canon_parse(line, len, &request, &err);
	if (r < 0 || heap_full() != full || heap_used(NULL) - before > heap_left())
		r = err_set(&err, E_BAD, "the request needs more memory than a command may take");
	if (r == 0 && json_str(request, "verb") == NULL)
		r = err_set(&err, E_BAD, "the request has no \"verb\"");
	args = json_object_get(request, "args");
	if (r == 0 && args != NULL && !json_is_object(args))
		r = err_set(&err, E_BAD, "\"args\" of the request is no object");
	if (r != 0) {
		json_decref(take(request));
		return client_complain(c, &err);
	}
	r = c->listen->fn(c->listen->cookie, c->uid, request, &reply);
	json_decref(take(request));	/* Its memory is the reply's. */
	return r < 0 ? r : client_say(c, reply);
}

/*
 * Serves the lines read so far, one reply at a time.  0, E_REFUSED if the
 * client is to be dropped, or a negative value.
 */
static int
client_serve(struct client *c)
{
	int r = 0;

	while (r == 0 && c->out.len == 0 && c->in.len > c->scanned) {
		char *nl = memchr(c->in.data + c->scanned, '\n', c->in.len - c->scanned);
		size_t len;

		if (nl == NULL) {
			c->scanned = c->in.len;
			break;
		}
		len = (size_t)(nl - c->in.data);
		r = client_request(c, c->in.data, len);
		explicit_bzero(c->in.data, len);
		buf_cut(&c->in, len + 1);
		c->scanned = 0;
		if (r == 0)
			r = client_flush(c);
	}
	if (r == 0 && c->eof && c->out.len == 0)
		return E_REFUSED;
	return r;
}

/* A line longer than LISTEN_MAX: says so and hears no more. */
static int
client_too_long(struct client *c)
{
	struct err err;
	int r;

	(void)err_set(&err, E_BAD, "the request has more than %d bytes", LISTEN_MAX);
	r = client_say(c, listen_reply(E_BAD, NULL, &err, "split it into several"));
	c->eof = true;
	buf_wipe(&c->in);
	c->scanned = 0;
	return r != 0 ? r : client_flush(c);
}

/* Reads a turn's share; 0, E_REFUSED if the client is gone, or a negative value. */
static int
client_read(struct client *c)
{
	char step[READ_STEP];

	for (size_t total = 0; total < READ_TURN;) {
		size_t room = LINE_MAX_BYTES - c->in.len;
		ssize_t n;
		int r;

		if (room == 0)
			return memchr(c->in.data, '\n', c->in.len) != NULL ? 0 : client_too_long(c);
		n = read(c->fd, step, room < sizeof(step) ? room : sizeof(step));
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return errno == EAGAIN ? 0 : E_REFUSED;
		if (n == 0) {
			c->eof = true;
			return 0;
		}
		c->last = ++c->listen->turn;
		total += (size_t)n;
		r = buf_add(&c->in, step, (size_t)n);
		explicit_bzero(step, (size_t)n);
		if (r != 0)
			return r;
	}
	return 0;
}

static int
client_ready(void *cookie, int fd, uint32_t events)
{
	struct client *c = cookie;
	int r = 0;

	(void)fd;
	if (c->out.len > 0)
		r = client_flush(c);
	else if (events & EPOLLIN)
		r = client_read(c);
	else
		r = E_REFUSED;		/* It hung up. */
	if (r == 0)
		r = client_serve(c);
	/* While a reply waits, its reader is not heard: no queue grows. */
	if (r == 0)
		r = loop_change(c->watch, c->out.len > 0 ? EPOLLOUT : EPOLLIN);
	if (r != 0)
		client_drop(c);
	return r < 0 ? r : 0;
}

/* A free slot; the client that was silent longest makes room. */
static struct client *
slot(struct listen *l)
{
	struct client *oldest = &l->clients[0];

	for (size_t i = 0; i < LISTEN_CLIENTS; i++) {
		struct client *c = &l->clients[i];

		if (c->fd < 0)
			return c;
		if (c->last < oldest->last)
			oldest = c;
	}
	client_drop(oldest);
	return oldest;
}

static int
listen_ready(void *cookie, int lfd, uint32_t events)
{
	struct listen *l = cookie;
	struct ucred peer;
	socklen_t len = sizeof(peer);
	struct client *c;
	int fd = accept4(lfd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

	(void)events;
	if (fd < 0)
		return 0;	/* The caller is gone already. */
	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) != 0 ||
	    (peer.uid != 0 && peer.uid != geteuid())) {
		static const char no[] = "{\"ok\":false,\"code\":\"refused\","
		    "\"error\":\"this user may not command the node\","
		    "\"hint\":\"run it as root or as the node's own user\"}\n";

		(void)!send(fd, no, sizeof(no) - 1, MSG_NOSIGNAL);
		(void)close(fd);
		return 0;
	}
	c = slot(l);
	c->watch = loop_watch(l->loop, fd, EPOLLIN, client_ready, c);
	if (c->watch == NULL) {
		(void)close(fd);
		return 0;
	}
	c->fd = fd;
	c->uid = peer.uid;
	c->last = ++l->turn;
	return 0;
}

/* Is ${addr} a socket file on which nobody answers?  Then remove it. */
static int
remove_stale(const struct sockaddr_un *addr, struct err *err)
{
	struct stat st;
	int fd, r = 0;

	if (lstat(addr->sun_path, &st) != 0)
		return errno == ENOENT ? 0 : err_set(err, -errno, "%s: %s", addr->sun_path, strerror(errno));
	if (!S_ISSOCK(st.st_mode))
		return err_set(err, -EADDRINUSE, "%s exists and is no socket; move it away or change admin_socket",
		    addr->sun_path);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return err_set(err, -errno, "cannot make a socket: %s", strerror(errno));
	if (connect(fd, (const struct sockaddr *)addr, sizeof(*addr)) == 0 || errno != ECONNREFUSED)
		r = err_set(err, -EADDRINUSE, "another process answers at %s; end it first", addr->sun_path);
	(void)close(fd);
	if (r == 0 && unlink(addr->sun_path) != 0)
		r = err_set(err, -errno, "cannot remove the old socket %s: %s", addr->sun_path, strerror(errno));
	return r;
}

/* Of two that start at once each would find the other's socket, not listening yet, and remove it. */
static int
lock_directory(struct listen *l, struct err *err)
{
	autofree char *copy = strdup(l->path);

	if (copy == NULL)
		return err_set(err, -ENOMEM, "out of memory");
	l->dir = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (l->dir < 0 || flock(l->dir, LOCK_EX) != 0)
		return err_set(err, -errno, "the directory of %s: %s", l->path, strerror(errno));
	return 0;
}

static int
bind_here(struct listen *l, struct err *err)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	struct stat st;
	mode_t old;
	int r;

	if (strlen(l->path) >= sizeof(addr.sun_path))
		return err_set(err, -ENAMETOOLONG, "%s is too long for a socket", l->path);
	memcpy(addr.sun_path, l->path, strlen(l->path) + 1);
	r = lock_directory(l, err);
	if (r == 0)
		r = remove_stale(&addr, err);
	if (r != 0)
		return r;
	l->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (l->fd < 0)
		return err_set(err, -errno, "cannot make a socket: %s", strerror(errno));
	old = umask(0177);		/* 0600 from its first moment. */
	r = bind(l->fd, (struct sockaddr *)&addr, sizeof(addr)) == 0 ? 0 : -errno;
	(void)umask(old);
	if (r == 0 && (stat(l->path, &st) != 0 || listen(l->fd, LISTEN_CLIENTS) != 0))
		r = -errno;
	if (r != 0)
		return err_set(err, r, "cannot listen at %s: %s", l->path, strerror(-r));
	l->dev = st.st_dev;
	l->ino = st.st_ino;
	(void)flock(l->dir, LOCK_UN);
	return 0;
}

int
listen_open(struct loop *loop, const char *path, listen_fn fn, void *cookie,
    struct listen **ret, struct err *err)
{
	struct listen *l = calloc(1, sizeof(*l));
	int r = -ENOMEM;

	if (l == NULL)
		return err_set(err, -ENOMEM, "out of memory");
	*l = (struct listen){ .loop = loop, .fd = -1, .dir = -1, .fn = fn, .cookie = cookie };
	for (size_t i = 0; i < LISTEN_CLIENTS; i++)
		l->clients[i] = (struct client){ .listen = l, .fd = -1, .in.max = LINE_MAX_BYTES };
	l->path = strdup(path);
	if (l->path == NULL)
		goto fail;
	r = bind_here(l, err);
	if (r != 0)
		goto fail;
	l->watch = loop_watch(loop, l->fd, EPOLLIN, listen_ready, l);
	if (l->watch == NULL) {
		r = err_set(err, -ENOMEM, "cannot watch %s", path);
		goto fail;
	}
	*ret = l;
	return 0;
fail:
	listen_close(l);
	return r;
}

void
listen_close(struct listen *l)
{
	struct stat st;

	if (l == NULL)
		return;
	for (size_t i = 0; i < LISTEN_CLIENTS; i++)
		client_drop(&l->clients[i]);
	loop_drop(l->watch);
	/* Ours while it is open: its number cannot be another's yet, nor does anyone take it for stale. */
	if (l->ino != 0 && flock(l->dir, LOCK_EX) == 0 && lstat(l->path, &st) == 0 && st.st_dev == l->dev &&
	    st.st_ino == l->ino)
		(void)unlink(l->path);
	if (l->fd >= 0)
		(void)close(l->fd);
	if (l->dir >= 0)
		(void)close(l->dir);
	free(l->path);
	free(l);
}
