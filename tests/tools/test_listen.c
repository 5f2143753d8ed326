/* SPDX-License-Identifier: Apache-2.0 */
/* The admin socket, with real sockets in a directory of its own. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/canon.h"
#include "base/heap.h"
#include "node/listen.h"
#include "tests/ballast.h"
#include "tests/tap.h"

enum { NOBODY = 65534, HEAP = 64 << 20 };

struct bench {
	struct loop	*loop;
	struct listen	*listen;
	char		 dir[32], path[64];
	int		 calls;
	uid_t		 peer;
	struct ballast	 ballast;
	json_t		*kept;		/* The request meanwhile. */
};

/* Verbs: echo gives args back; big an answer of args.bytes; full leaves no memory for its reply; fail ends the loop. */
static int
serve(void *cookie, uid_t peer, const json_t *request, json_t **ret)
{
	struct bench *b = cookie;
	const char *verb = json_str(request, "verb");
	json_t *args = json_object_get(request, "args");
	struct err err;

	b->calls++;
	b->peer = peer;
	if (strcmp(verb, "fail") == 0)
		return -EIO;
	if (strcmp(verb, "big") == 0) {
		size_t n = (size_t)json_int(args, "bytes", 0);
		autofree char *text = malloc(n + 1);

		memset(text, 'x', n);
		*ret = listen_reply(0, json_stringn(text, n), NULL, NULL);
	} else if (strcmp(verb, "full") == 0) {
		*ret = listen_reply(0, NULL, NULL, NULL);
		b->kept = json_pack("[O]", request);
		ballast_take(&b->ballast, 0);
	} else if (strcmp(verb, "echo") == 0) {
		*ret = listen_reply(0, json_incref(args), NULL, NULL);
	} else {
		(void)err_set(&err, E_NOTFOUND, "there is no verb %s", verb);
		*ret = listen_reply(E_NOTFOUND, NULL, &err, "try echo");
	}
	return 0;
}

static struct bench
set_up(void)
{
	struct bench b = { .loop = loop_new(), .dir = "/tmp/cairn-listen-XXXXXX" };

	if (b.loop == NULL || mkdtemp(b.dir) == NULL)
		abort();
	(void)snprintf(b.path, sizeof(b.path), "%s/admin.sock", b.dir);
	return b;
}

static int
start(struct bench *b, struct err *err)
{
	return listen_open(b->loop, b->path, serve, b, &b->listen, err);
}

static void
tear_down(struct bench *b)
{
	listen_close(b->listen);
	(void)unlink(b->path);
	(void)rmdir(b->dir);
	loop_free(b->loop);
}

static int
dial(const struct bench *b)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);

	(void)snprintf(addr.sun_path, sizeof(addr.sun_path), "%s", b->path);
	if (fd >= 0 && connect(fd, (struct sockaddr *)&addr, sizeof(addr)) != 0) {
		(void)close(fd);
		return -1;
	}
	return fd;
}

/* Turns the loop until nothing is ready; the value of the last turn. */
static int
settle(struct bench *b)
{
	int r = 0;

	for (int i = 0; i < 8 && r == 0; i++)
		r = loop_turn(b->loop, 0);
	return r;
}

static void
say_bytes(struct bench *b, int fd, const char *text, size_t len)
{
	for (size_t done = 0; done < len;) {
		ssize_t n = send(fd, text + done, len - done, MSG_NOSIGNAL);

		if (n < 0 && errno != EAGAIN)
			return;
		done += n > 0 ? (size_t)n : 0;
		(void)!loop_turn(b->loop, 0);
	}
}

static void
say(struct bench *b, int fd, const char *text)
{
	say_bytes(b, fd, text, strlen(text));
}

/* All that arrives while the loop turns; ${ret_closed}: the other side ended it. */
static char *
hear(struct bench *b, int fd, bool *ret_closed)
{
	struct buf in = { 0 };
	char step[65536];
	int quiet = 0;

	*ret_closed = false;
	while (quiet < 4) {
		ssize_t n;

		(void)!loop_turn(b->loop, 0);
		n = recv(fd, step, sizeof(step), 0);
		if (n > 0 && buf_add(&in, step, (size_t)n) != 0)
			abort();
		if (n == 0 || (n < 0 && errno != EAGAIN)) {
			*ret_closed = true;
			break;
		}
		quiet = n > 0 ? 0 : quiet + 1;
	}
	return buf_take(&in);
}

static void
exchange(struct bench *b, int fd, const char *text, const char *want, const char *name)
{
	autofree char *got = NULL;
	bool closed;

	say(b, fd, text);
	got = hear(b, fd, &closed);
	is_str(got, want, "%s", name);
	ok(!closed, "and the connection stays");
}

#define OK(x)	"{\"ok\":true,\"result\":" x "}\n"
#define BAD(x)	"{\"ok\":false,\"code\":\"bad\",\"error\":\"" x "\",\"hint\":\"send one line per request: " \
    "{\\\"verb\\\": \\\"...\\\", \\\"args\\\": {...}}\"}\n"

static void
test_requests(void)
{
	struct bench b = set_up();
	struct err err = { "" };
	struct stat st;
	mode_t mask;
	int one, two;
	bool closed;
	autofree char *rest = NULL;

	mask = umask(0);
	ok(start(&b, &err) == 0, "the socket opens %s", err.text);
	ok(umask(mask) == 0, "the mask is as before");
	ok(lstat(b.path, &st) == 0 && S_ISSOCK(st.st_mode) && (st.st_mode & 07777) == 0600, "its mode is 0600 whatever the mask was");
	one = dial(&b);
	two = dial(&b);
	exchange(&b, one, "{\"verb\":\"echo\",\"args\":{\"a\":1}}\n", OK("{\"a\":1}"), "a request");
	is_int(b.peer, geteuid(), "the peer's user is told");
	exchange(&b, one, "{\"verb\":\"echo\",\"args\":{\"a\":2}}\n{\"verb\":\"echo\",\"args\":{\"a\":3}}\n",
	    OK("{\"a\":2}") OK("{\"a\":3}"), "two at once are answered in order");
	exchange(&b, one, "{\"verb\":\"echo\",\"ar", "", "half a line is awaited");
	exchange(&b, two, "{\"verb\":\"echo\",\"args\":{\"b\":1}}\n", OK("{\"b\":1}"), "another client does not wait for it");
	exchange(&b, one, "gs\":{\"a\":4}}\n{\"verb\"", OK("{\"a\":4}"), "the other half");
	exchange(&b, one, ":\"nap\"}\n", "{\"ok\":false,\"code\":\"not_found\",\"error\":\"there is no verb nap\",\"hint\":\"try echo\"}\n",
	    "a refusal with a hint");
	exchange(&b, one, "{\"a\":1}\n", BAD("the request has no \\\"verb\\\""), "no verb");
	exchange(&b, one, "{\"verb\":\"echo\",\"args\":[]}\n", BAD("\\\"args\\\" of the request is no object"), "args that are no object");
	b.calls = 0;
	say(&b, one, "verb\n{\"verb\":\"echo\",\"verb\":\"fail\"}\n");
	rest = hear(&b, one, &closed);
	ok(strncmp(rest, "{\"ok\":false,\"code\":\"bad\"", 24) == 0 && strchr(rest, '\n') != NULL &&
	    strncmp(strchr(rest, '\n') + 1, "{\"ok\":false,\"code\":\"bad\"", 24) == 0, "no JSON, and a key twice");
	is_int(b.calls, 0, "what is no request reaches nobody");

	say(&b, two, "{\"verb\":\"echo\",\"args\":{}}\n");
	(void)shutdown(two, SHUT_WR);
	free(rest);
	rest = hear(&b, two, &closed);
	ok(strcmp(rest, OK("{}")) == 0 && closed, "a client that will send no more is answered, then left");
	(void)close(one);
	(void)close(two);
	is_int(settle(&b), 0, "clients that go leave no trace");
	tear_down(&b);
}

static void
test_sizes(void)
{
	struct bench b = set_up();
	autofree char *line = malloc(LISTEN_MAX + 2);
	static const char head[] = "{\"verb\":\"note\",\"args\":{\"t\":\"", tail[] = "\"}}\n";
	autofree char *got = NULL;
	bool closed;
	int fd;

	if (start(&b, NULL) != 0)
		abort();
	memset(line, 'y', LISTEN_MAX + 1);
	memcpy(line, head, sizeof(head) - 1);
	memcpy(line + LISTEN_MAX + 2 - sizeof(tail), tail, sizeof(tail) - 1);
	fd = dial(&b);
	say_bytes(&b, fd, line, LISTEN_MAX + 1);
	got = hear(&b, fd, &closed);
	ok(strstr(got, "there is no verb note") != NULL, "a line of just LISTEN_MAX bytes is taken");
	ok(!closed, "and its client kept");
	memset(line, 'y', LISTEN_MAX + 1);
	say_bytes(&b, fd, line, LISTEN_MAX + 1);
	free(got);
	got = hear(&b, fd, &closed);
	is_str(got, "{\"ok\":false,\"code\":\"bad\",\"error\":\"the request has more than 16777216 bytes\","
	    "\"hint\":\"split it into several\"}\n", "one byte more is refused");
	ok(closed, "and its client dropped");
	(void)close(fd);

	/* A reader that is slow keeps its own next request waiting, and nobody else's. */
	fd = dial(&b);
	b.calls = 0;
	say(&b, fd, "{\"verb\":\"big\",\"args\":{\"bytes\":4000000}}\n{\"verb\":\"echo\",\"args\":{\"a\":1}}\n");
	(void)settle(&b);
	is_int(b.calls, 1, "the second request waits until the first reply is read");
	free(got);
	got = hear(&b, fd, &closed);
	is_int(strlen(got), 4000000 + strlen("{\"ok\":true,\"result\":\"\"}\n") + strlen(OK("{\"a\":1}")), "then both replies are whole");
	is_int(b.calls, 2, "and each request was served once");
	say(&b, fd, "{\"verb\":\"big\",\"args\":{\"bytes\":17000000}}\n");
	free(got);
	got = hear(&b, fd, &closed);
	is_str(got, "{\"ok\":false,\"code\":\"refused\",\"error\":\"the answer has 17000023 bytes, more than the 16777216 of one reply\","
	    "\"hint\":\"ask for less at once\"}\n", "an answer that is too large is a refusal");
	(void)close(fd);
	tear_down(&b);
}

/* "[{},{},...]" as the args of ${verb}, which takes ${bytes} of the heap. */
static char *
tree_line(const char *verb, size_t bytes)
{
	static const char probe[] = "[{},{},{},{},{},{},{},{},{},{}]";
	size_t before = heap_used(NULL), each, n;
	json_t *tree = NULL;
	struct buf line = { 0 };

	if (canon_parse(probe, strlen(probe), &tree, NULL) != 0)
		abort();
	each = (heap_used(NULL) - before) / json_array_size(tree);
	json_decref(tree);
	if (buf_printf(&line, "{\"verb\":\"%s\",\"args\":{\"a\":[{}", verb) != 0)
		abort();
	for (n = bytes / each; n > 1; n--)
		if (buf_puts(&line, ",{}") != 0)
			abort();
	if (buf_puts(&line, "]}}\n") != 0)
		abort();
	return buf_take(&line);
}

/* A short line that is huge in memory: whoever sends it hears why it is not taken, and nothing ends. */
static void
test_memory(void)
{
	static const char much[] = BAD("the request needs more memory than a command may take");
	struct bench b = set_up();
	autofree char *half = tree_line("nap", HEAP / 3), *most = tree_line("nap", HEAP / 4 * 3), *more = tree_line("nap", HEAP * 2UL);
	autofree char *got = NULL;
	bool closed;
	int fd;

	if (start(&b, NULL) != 0)
		abort();
	fd = dial(&b);
	exchange(&b, fd, more, much, "a request that does not fit is refused");
	exchange(&b, fd, most, much, "and one that fits and leaves the verb less than it takes itself");
	is_int(b.calls, 0, "neither reaches a verb");
	say(&b, fd, half);
	got = hear(&b, fd, &closed);
	ok(b.calls == 1 && strstr(got, "there is no verb nap") != NULL, "one of a third is served");
	exchange(&b, fd, "{\"verb\":\"full\"}\n", "{\"ok\":false,\"code\":\"refused\",\"error\":\"the answer needs more memory than it may\","
	    "\"hint\":\"ask for less at once\"}\n", "an answer for whose text there is no memory is a refusal");
	ballast_drop(&b.ballast);
	json_decref(b.kept);
	exchange(&b, fd, "{\"verb\":\"echo\",\"args\":{}}\n", OK("{}"), "and the next is answered as before");
	(void)close(fd);
	tear_down(&b);
}

static void
test_crowd(void)
{
	struct bench b = set_up();
	int fd[LISTEN_CLIENTS + 1];
	bool closed;

	if (start(&b, NULL) != 0)
		abort();
	for (int i = 0; i < LISTEN_CLIENTS; i++) {
		fd[i] = dial(&b);
		(void)settle(&b);
	}
	exchange(&b, fd[0], "{\"verb\":\"echo\",\"args\":{\"a\":0}}\n", OK("{\"a\":0}"), "the first of sixteen speaks");
	fd[LISTEN_CLIENTS] = dial(&b);
	exchange(&b, fd[LISTEN_CLIENTS], "{\"verb\":\"echo\",\"args\":{\"a\":17}}\n", OK("{\"a\":17}"), "the seventeenth is served");
	free(hear(&b, fd[1], &closed));
	ok(closed, "the one that was silent longest made room");
	for (int i = 0; i <= LISTEN_CLIENTS; i++) {
		if (i == 1)
			continue;
		free(hear(&b, fd[i], &closed));
		if (closed)
			break;
	}
	ok(!closed, "and no other");
	for (int i = 0; i <= LISTEN_CLIENTS; i++)
		(void)close(fd[i]);
	tear_down(&b);
}

static void
test_file(void)
{
	struct bench b = set_up(), other = b;
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	struct err err = { "" };
	struct stat st;
	int fd;

	/* Left behind by a process that died. */
	(void)snprintf(addr.sun_path, sizeof(addr.sun_path), "%s", b.path);
	fd = socket(AF_UNIX, SOCK_STREAM, 0);
	if (bind(fd, (struct sockaddr *)&addr, sizeof(addr)) != 0)
		abort();
	(void)close(fd);
	is_int(start(&b, &err), 0, "a socket nobody answers on is replaced %s", err.text);
	is_int(start(&other, &err), -EADDRINUSE, "one that answers is not");
	ok(strstr(err.text, "another process answers at") != NULL, "and the text says so: %s", err.text);
	ok(other.listen == NULL, "the output is untouched");
	(void)settle(&b);
	fd = dial(&b);
	exchange(&b, fd, "{\"verb\":\"echo\",\"args\":{}}\n", OK("{}"), "the first one goes on");
	(void)close(fd);

	listen_close(take(b.listen));
	ok(lstat(b.path, &st) != 0, "closing removes the file");
	fd = open(b.path, O_CREAT | O_WRONLY, 0600);
	(void)close(fd);
	is_int(start(&b, &err), -EADDRINUSE, "a file that is no socket is left alone");
	ok(lstat(b.path, &st) == 0 && S_ISREG(st.st_mode), "it is still there: %s", err.text);
	(void)unlink(b.path);

	is_int(start(&b, &err), 0, "open again");
	(void)unlink(b.path);
	fd = open(b.path, O_CREAT | O_WRONLY, 0600);
	(void)close(fd);
	listen_close(take(b.listen));
	ok(lstat(b.path, &st) == 0, "closing removes no file but its own");
	listen_close(NULL);
	tear_down(&b);
}

static void
test_fatal(void)
{
	struct bench b = set_up();
	bool closed;
	int fd;

	if (start(&b, NULL) != 0)
		abort();
	fd = dial(&b);
	if (send(fd, "{\"verb\":\"fail\"}\n", strlen("{\"verb\":\"fail\"}\n"), 0) < 0)
		abort();
	is_int(settle(&b), -EIO, "a fatal value is passed up");
	free(hear(&b, fd, &closed));
	ok(closed, "and its client left without a reply");
	(void)close(fd);
	tear_down(&b);
}

/* As another user: 0 if refused by the mode, 1 if told no, 2 if it was served. */
static int
try_as_nobody(const struct bench *b)
{
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		struct pollfd p;
		char reply[512];
		ssize_t n;
		int fd;

		if (setgid(NOBODY) != 0 || setuid(NOBODY) != 0)
			_exit(9);
		fd = dial(b);
		if (fd < 0)
			_exit(errno == EACCES ? 0 : 8);
		(void)!send(fd, "{\"verb\":\"echo\"}\n", strlen("{\"verb\":\"echo\"}\n"), MSG_NOSIGNAL);
		p = (struct pollfd){ .fd = fd, .events = POLLIN };
		(void)poll(&p, 1, 10000);
		n = recv(fd, reply, sizeof(reply) - 1, 0);
		reply[n > 0 ? n : 0] = '\0';
		_exit(strstr(reply, "this user may not command the node") != NULL ? 1 : 2);
	}
	for (int i = 0; i < 1000 && waitpid(pid, &status, WNOHANG) == 0; i++)
		(void)!loop_turn(b->loop, 10);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void
test_foreign(void)
{
	struct bench b = set_up();

	if (geteuid() != 0) {
		ok(1, "another user is refused # SKIP only root can become one");
		tear_down(&b);
		return;
	}
	if (start(&b, NULL) != 0 || chmod(b.dir, 0755) != 0)
		abort();
	is_int(try_as_nobody(&b), 0, "another user cannot connect");
	if (chmod(b.path, 0666) != 0)
		abort();
	is_int(try_as_nobody(&b), 1, "and is refused even if the mode let them");
	is_int(b.calls, 0, "and no request of theirs is served");
	tear_down(&b);
}

static void
test_reply(void)
{
	struct err err;
	autojson json_t *done = listen_reply(0, NULL, NULL, NULL);
	autojson json_t *own = listen_reply(E_MODULE + 3, NULL, NULL, NULL);
	autojson json_t *fatal = NULL;

	ok(json_is_true(json_object_get(done, "ok")) && json_obj(done, "result") != NULL, "no result is an empty one");
	is_str(json_str(own, "code"), "refused", "a module's own answer is a refusal");
	ok(json_object_get(own, "hint") == NULL && json_str(own, "error") != NULL, "without a hint there is none");
	(void)err_set(&err, ERR_DB, "disk full");
	fatal = listen_reply(ERR_DB, json_object(), &err, NULL);
	is_str(json_str(fatal, "code"), "fatal", "a negative value is fatal");
	is_str(json_str(fatal, "error"), "disk full", "with its text");
}

int
main(void)
{
	if (heap_limit(HEAP) != 0)	/* As the node has one. */
		return EXIT_FAILURE;
	test_requests();
	test_sizes();
	test_memory();
	test_crowd();
	test_file();
	test_fatal();
	test_foreign();
	test_reply();
	return done_testing();
}
