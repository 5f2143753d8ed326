/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "base/canon.h"
#include "cairn.h"

void
client_pause(long ms)
{
	struct timespec ts = { .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000 };

	(void)nanosleep(&ts, NULL);
}

long
client_clock(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

const char *
client_config_path(const struct cairn *c)
{
	const char *path = c->config != NULL ? c->config : getenv("CAIRN_CONFIG");

	return path != NULL && path[0] != '\0' ? path : CAIRN_SYSCONFDIR "/cairn/cairn.conf";
}

int
client_config(const struct cairn *c, struct config *ret)
{
	const char *path = client_config_path(c);
	struct err err = { "" };
	int r = config_load(path, ret, &err);

	if (r == 0)
		return EXIT_OK;
	return out_problem(c, EXIT_BAD, r == -ENOENT ?
	    "name the configuration with -c FILE or $CAIRN_CONFIG; docs/examples/cairn.conf is one to begin with" : NULL,
	    "%s", err.text[0] != '\0' ? err.text : err_name(r));
}

static int
connect_node(struct cairn *c)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	struct timeval patience = { .tv_sec = CALL_TIMEOUT };
	struct config config = { 0 };
	int r;

	if (c->fd >= 0)
		return EXIT_OK;
	r = client_config(c, &config);
	if (r != EXIT_OK)
		return r;
	/* config.c has checked that it fits. */
	(void)snprintf(addr.sun_path, sizeof(addr.sun_path), "%s", config.admin_socket);
	config_free(&config);

	c->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (c->fd < 0)
		return out_problem(c, EXIT_FATAL, NULL, "cannot make a socket: %s", strerror(errno));
	(void)setsockopt(c->fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	(void)setsockopt(c->fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
	if (connect(c->fd, (struct sockaddr *)&addr, sizeof(addr)) == 0)
		return EXIT_OK;
	r = errno;
	(void)close(c->fd);
	c->fd = -1;
	if (r == EACCES || r == EPERM)
		return out_problem(c, EXIT_SOCKET, "run cairn as root or as the node's own user",
		    "%s: %s", addr.sun_path, strerror(r));
	return out_problem(c, EXIT_SOCKET, "start it with cairnd -c FILE or systemctl start cairnd; if it runs, name its configuration with -c",
	    "the node does not run: %s: %s", addr.sun_path, strerror(r));
}

static int
send_line(struct cairn *c, const struct buf *line)
{
	for (size_t done = 0; done < line->len;) {
		ssize_t n = send(c->fd, line->data + done, line->len - done, MSG_NOSIGNAL);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return out_problem(c, EXIT_SOCKET, "look at the node's log, then try again",
			    "the node does not take the request: %s", strerror(errno));
		done += (size_t)n;
	}
	return EXIT_OK;
}

/* One line into c->in, without its line feed. */
static int
read_line(struct cairn *c)
{
	size_t scanned = 0;

	buf_cut(&c->in, c->in.len);
	for (;;) {
		char step[64 * 1024];
		ssize_t n = recv(c->fd, step, sizeof(step), 0);
		char *nl;

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN)
			return out_problem(c, EXIT_SOCKET, "it may still do it: look with cairn list outbox",
			    "no answer from the node within %d seconds", CALL_TIMEOUT);
		if (n <= 0)
			return out_problem(c, EXIT_SOCKET, "look at the node's log; cairn doctor says whether it is back",
			    "the node ended the connection%s%s", n < 0 ? ": " : "", n < 0 ? strerror(errno) : "");
		if (c->in.len + (size_t)n > CALL_MAX + 1 || buf_add(&c->in, step, (size_t)n) != 0)
			return out_problem(c, EXIT_FATAL, NULL, "the node's answer is too large");
		nl = memchr(c->in.data + scanned, '\n', c->in.len - scanned);
		scanned = c->in.len;
		if (nl == NULL)
			continue;
		if (nl != c->in.data + c->in.len - 1)
			return out_problem(c, EXIT_FATAL, NULL, "the node's answer has more than one line");
		*nl = '\0';
		c->in.len--;
		return EXIT_OK;
	}
}

/* The reply in c->in: its result, or its complaint. */
static int
judge(struct cairn *c, json_t **ret)
{
	static const struct { const char *code; int status; } statuses[] = {
		{ "bad", EXIT_BAD }, { "refused", EXIT_REFUSED }, { "not_found", EXIT_NOTFOUND },
		{ "exists", EXIT_REFUSED }, { "later", EXIT_REFUSED },
	};
	autojson json_t *reply = NULL;
	struct err err = { "" };
	const char *code, *text;
	int status = EXIT_FATAL;

	if (canon_parse(c->in.data, c->in.len, &reply, &err) != 0)
		return out_problem(c, EXIT_FATAL, NULL, "the node's answer is not JSON: %s", err.text);
	if (json_is_true(json_object_get(reply, "ok"))) {
		*ret = json_incref(json_object_get(reply, "result"));
		if (*ret == NULL)
			*ret = json_object();
		return *ret != NULL ? EXIT_OK : out_problem(c, EXIT_FATAL, NULL, "out of memory");
	}
	code = json_str(reply, "code");
	text = json_str(reply, "error");
	for (size_t i = 0; code != NULL && i < nelem(statuses); i++) {
		if (strcmp(code, statuses[i].code) == 0)
			status = statuses[i].status;
	}
	return out_problem(c, status, json_str(reply, "hint"), "%s", text != NULL ? text : "the node refused without a reason");
}

int
client_call(struct cairn *c, const char *verb, const json_t *args, json_t **ret)
{
	autojson json_t *request = json_pack("{s:s, s:O*}", "verb", verb, "args", args);
	autowipe struct buf line = { 0 };
	char *text = request != NULL ? json_text(request, JSON_COMPACT) : NULL;
	size_t len = text != NULL ? strlen(text) : 0;
	int r = text != NULL ? buf_add(&line, text, len) : 1;

	if (text != NULL) {
		explicit_bzero(text, len);	/* Setup sends passwords. */
		free(text);
	}
	if (r != 0 || buf_add(&line, "\n", 1) != 0)
		return out_problem(c, EXIT_FATAL, NULL, "out of memory, or text that is not UTF-8");
	if (len > CALL_MAX)
		return out_problem(c, EXIT_BAD, "split the input into several",
		    "the request has %zu bytes; the node takes %d at once", len, CALL_MAX);
	r = connect_node(c);
	if (r == EXIT_OK)
		r = send_line(c, &line);
	if (r == EXIT_OK)
		r = read_line(c);
	return r == EXIT_OK ? judge(c, ret) : r;
}
