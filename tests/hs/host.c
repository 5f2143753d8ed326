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

const char *const host_kill_name[HOST_KILLS] = { "never", "before_commit", "before_send", "before_answer",
    "forgotten", "half_sent", "within" };

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
	    "crisis_text = \"Call 988.\"\ncrisis_words = \"end my life, suicide\"\non_call_user = @oncall:%s\nlog_level = debug\n%s%s\n%s%s\n%s%s\n", n->name, n->server, n->server, n->user,
	    n->steward, h->dir, n->name, h->dir, n->name, n->server, *h->signer != '\0' ? "trust_signer = " : "",
	    h->signer, *h->recovery != '\0' ? "recovery_user = " : "", h->recovery,
	    *n->staff != '\0' ? "staff_users = " : "", n->staff) < 0)
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
	host_calls_forget(h, i);
	return status;
}

void
host_close(struct host *h)
{
	for (size_t i = 0; i < h->n; i++) {
		if (h->node[i].pid != 0)
			host_kill(h, i);
		json_decref(h->node[i].reply);
		json_decref(h->node[i].points);
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

void
host_send(struct host *h, size_t i, const struct buf *out)
{
	for (size_t at = 0; at < out->len;) {
		ssize_t n = write(h->node[i].fd, out->data + at, out->len - at);

		if (n < 0 && errno != EINTR)
			return;		/* Its end is seen when we read. */
		at += n > 0 ? (size_t)n : 0;
	}
}

void
host_must(struct host *h, int r)
{
	if (r != 0)
		host_fail(h, "a frame could not be made: %s", err_name(r));
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
	case FRAME_BODY:
	case FRAME_END:
		host_calls_take(h, i, f);
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
		if (n->points != NULL)
			(void)json_array_extend(n->points, json_arr(json, "points"));
		return true;
	}
	return false;
}

/* Died without having said {crash}: armed for inside the commit, or a bug. */
static void
died(struct host *h, size_t i)
{
	struct host_node *n = &h->node[i];
	bool meant = n->armed == HOST_BEFORE_COMMIT || n->armed == HOST_BEFORE_SEND || n->armed == HOST_HALF_SENT ||
	    n->armed == HOST_WITHIN;
	int status;

	if (n->armed == HOST_HALF_SENT)
		host_calls_do(h, i);
	status = buried(h, i);
	if (!meant || !WIFSIGNALED(status) || WTERMSIG(status) != SIGKILL)
		host_fail(h, "%s ended by itself: %s %d", n->name, WIFSIGNALED(status) ? "signal" : "exit",
		    WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
	n->armed = HOST_NEVER;
	n->crashed = true;
	host_start(h, i);
}

void
host_listen(struct host *h, size_t i)
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
		host_must(h, buf_add(&n->in, chunk, (size_t)got));
	}
}

void
host_tell(struct host *h, size_t i, json_t *json)
{
	autobuf struct buf out = { 0 };
	autofree char *text = json_dumps(json, JSON_COMPACT);

	json_decref(json);
	host_must(h, text == NULL ? -ENOMEM : frame_put(&out, FRAME_HELLO, HOST_TEST, text, strlen(text)));
	host_send(h, i, &out);
}

/* All that was sent is done, no answer arrives, and the node dies. */
static void
crash(struct host *h, size_t i)
{
	struct host_node *n = &h->node[i];
	char dir[PATH_MAX + 40], copy[PATH_MAX + 48];

	host_calls_do(h, i);
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
	if (n->at_start > 0)
		n->armed = HOST_WITHIN;
	n->at_start = 0;
	host_tell(h, i, json_pack("{s:s}", "do", "bridge"));
	host_listen(h, i);
}

void
host_bridge(struct host *h, size_t i, bool done)
{
	if (done)
		host_calls_do(h, i);
	host_calls_forget(h, i);
	for (int up = 0; up <= 1 && h->node[i].pid != 0; up++) {
		unsigned starts = h->node[i].starts;

		host_tell(h, i, json_pack("{s:s, s:b}", "do", "bridge", "down", !up));
		host_listen(h, i);
		if (h->node[i].starts != starts)
			return;		/* It died of it, and began with a new bridge. */
	}
}

void
host_stop(struct host *h, size_t i)
{
	char byte;
	int status;

	host_tell(h, i, json_pack("{s:s}", "do", "stop"));
	while (read(h->node[i].fd, &byte, 1) > 0)
		continue;
	if ((status = buried(h, i)) != 0)
		host_fail(h, "%s did not end well: status %d", h->node[i].name, status);
}

void
host_end(struct host *h)
{
	for (size_t i = 0; i < h->n; i++)
		host_stop(h, i);
	host_close(h);
}

void
host_kill(struct host *h, size_t i)
{
	(void)kill(h->node[i].pid, SIGKILL);
	(void)buried(h, i);
}

void
host_arm_at(struct host *h, size_t i, enum host_kill where, const char *point, long at)
{
	h->node[i].armed = where;
	host_tell(h, i, json_pack("{s:s, s:i, s:I, s:s, s:b}", "do", "arm", "where", (int)where, "at", (json_int_t)at,
	    "point", point, "watch", h->node[i].watched));
	host_listen(h, i);
}

void
host_arm(struct host *h, size_t i, enum host_kill where, long at)
{
	host_arm_at(h, i, where, "", at);
}

void
host_arm_open(struct host *h, size_t i, long at)
{
	h->node[i].at_start = at;
}

void
host_watch(struct host *h, size_t i)
{
	struct host_node *n = &h->node[i];

	n->watched = true;
	json_decref(n->points);
	n->points = json_array();
	host_arm(h, i, HOST_NEVER, 0);
}

json_t *
host_command(struct host *h, size_t i, const char *verb, json_t *args)
{
	struct host_node *n = &h->node[i];

	json_decref(n->reply);
	n->reply = NULL;
	if (strcmp(verb, "import") == 0)
		host_consent(h, i, json_arr(args, "records"));
	host_tell(h, i, json_pack("{s:s, s:{s:s, s:o}}", "do", "command", "request", "verb", verb, "args", args));
	host_listen(h, i);
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
