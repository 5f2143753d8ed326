/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cairnd: the parent.  It starts the node and the bridges, restarts a dead one,
 * and holds nothing: no key, no file, libc only.  On descriptor 3 a bridge has its end of
 * a stream socketpair (base/frame.h), the node the control socket (base/control.h).  If the
 * node dies, all are started again; if it exits with EX_CONFIG or EX_NOPERM, so does cairnd.
 */
#include <err.h>
#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#include "base/child.h"
#include "base/control.h"
#include "base/notify.h"

enum { NODE, MATRIX, NCHILDREN };
enum { TICK_MS = 50, BACKOFF_MS = 100, BACKOFF_MAX_MS = 30000, HEALTHY_MS = 60000, GRACE_MS = 10000 };

#define say(level, fmt, ...) (void)fprintf(stderr, level " cairnd: " fmt "\n", __VA_ARGS__)

struct child {
	const char	*name, *program;
	pid_t		 pid;		/* 0: not running. */
	long long		 started, delay;
	long long		 due;		/* When to start it, or if it is ending, to kill it. */
	bool		 ending;
};

struct parent {
	const char	*config;
	struct child	 children[NCHILDREN];
	int		 control;	/* Our end, -1 while there is no node. */
	int		 status;	/* To exit with when all have ended; -1: go on. */
	const char	*notify;	/* Who wants to know how it goes: base/notify.h. */
};

static long long
now(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (long long)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void
start(struct parent *p, struct child *c)
{
	bool is_node = c == &p->children[NODE];
	const char *const node[] = { c->program, "-c", p->config, NULL }, *const bridge[] = { c->program, c->name, "-c", p->config, NULL };
	int fd[2], r;

	c->started = now();
	c->due = c->started + c->delay;
	if ((is_node ? control_pair(fd) : socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fd)) != 0) {
		say("error", "cannot start %s: %s", c->name, strerror(errno));
		return;
	}
	/* If the node cannot take its end, it is dying, and the bridge sees the end of its socket. */
	if (!is_node && (r = control_give(p->control, c->name, fd[0])) != 0)
		say("warn", "the node does not take the %s bridge: %s", c->name, strerror(-r));
	c->pid = child_start(is_node ? node : bridge, fd[1]);
	(void)close(fd[1]);
	if (is_node && c->pid > 0)
		p->control = fd[0];
	else
		(void)close(fd[0]);
}

static void
end_all(struct parent *p, int first)
{
	for (struct child *c = p->children + first; c < p->children + NCHILDREN; c++)
		if (c->pid != 0 && !c->ending) {
			c->ending = true;
			c->due = now() + GRACE_MS;
			(void)kill(c->pid, SIGTERM);
		}
}

static void
finish(struct parent *p, int status)
{
	if (p->status < 0)
		notify(p->notify, "STOPPING=1");
	p->status = status;
	end_all(p, NODE);
}

static void
buried(struct parent *p, struct child *c, int status)
{
	int code = WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);

	if (!c->ending && status == 0 && c != &p->children[NODE])	/* As its node is gone, which may be seen later. */
		say("info", "%s ended", c->name);
	else if (!c->ending)
		say("warn", "%s ended with %s %d", c->name, code < 0 ? "signal" : "status", code < 0 ? -code : code);
	if (c->ending || now() - c->started >= HEALTHY_MS)
		c->delay = BACKOFF_MS;
	c->pid = 0;
	c->ending = false;
	c->due = now() + c->delay;
	c->delay = c->delay * 2 < BACKOFF_MAX_MS ? c->delay * 2 : BACKOFF_MAX_MS;
	if (c != &p->children[NODE])
		return;
	(void)close(p->control);
	p->control = -1;
	end_all(p, MATRIX);
	if (p->status < 0 && (code == EX_CONFIG || code == EX_NOPERM))
		finish(p, code);
}

/* Start and kill what is due.  Is anything awaited besides a signal?  -1: all is over. */
static int
work(struct parent *p)
{
	int running = 0, waiting = 0;

	for (struct child *c = p->children; c < p->children + NCHILDREN; c++)
		running += c->pid != 0;
	if (p->status >= 0 && running == 0)
		return -1;
	for (struct child *c = p->children; c < p->children + NCHILDREN; c++) {
		/* The node once the old bridges are gone, bridges beside a node. */
		bool may_start = p->status < 0 && c->pid == 0 && (c == p->children ? running == 0 : p->control >= 0);

		if (c->ending && now() >= c->due)
			(void)kill(c->pid, SIGKILL);
		else if (may_start && now() >= c->due)
			start(p, c);
		waiting += c->ending || c->pid == 0;
	}
	return waiting;
}

/* What no restart would mend, before the first start.  A program that is gone later is waited for: it is being replaced. */
static bool
all_there(const struct parent *p)
{
	bool there = access(p->config, R_OK) == 0;

	if (!there)
		say("error", "cannot read the configuration %s: %s; name it with -c FILE", p->config, strerror(errno));
	for (const struct child *c = p->children; c < p->children + NCHILDREN; c++)
		if (access(c->program, X_OK) != 0) {
			say("error", "cannot run %s: %s; install it, or name another with -%c PROGRAM", c->program,
			    strerror(errno), c == p->children ? 'n' : 'b');
			there = false;
		}
	return there;
}

int
main(int argc, char *argv[])
{
	struct parent p = { .control = -1, .status = -1, .notify = getenv("NOTIFY_SOCKET"), .children = {
		[NODE] = { .name = "node", .program = CAIRN_LIBEXECDIR "/cairn-node", .delay = BACKOFF_MS },
		[MATRIX] = { .name = "matrix", .program = CAIRN_LIBEXECDIR "/cairn-bridge", .delay = BACKOFF_MS },
	} };
	const struct timespec tick = { .tv_nsec = TICK_MS * 1000000 };
	int opt, sig, status, waiting;
	sigset_t set;

	while ((opt = getopt(argc, argv, "c:n:b:")) != -1 && opt != '?')
		*(opt == 'c' ? &p.config : &p.children[opt == 'n' ? NODE : MATRIX].program) = optarg;
	if (p.config == NULL || opt == '?' || optind != argc)
		errx(EX_USAGE, "usage: cairnd -c FILE [-n NODE_PROGRAM] [-b BRIDGE_PROGRAM]");
	if (setrlimit(RLIMIT_CORE, &(struct rlimit){ 0, 0 }) != 0 || prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0)
		err(EX_OSERR, "cannot hide from other processes");
	if (!all_there(&p))
		return EX_CONFIG;
	(void)unsetenv("NOTIFY_SOCKET");	/* It is nobody else's. */
	(void)sigfillset(&set);
	(void)sigprocmask(SIG_BLOCK, &set, NULL);
	while ((waiting = work(&p)) >= 0) {
		sig = sigtimedwait(&set, NULL, waiting > 0 ? &tick : NULL);
		if (sig == SIGHUP && p.children[NODE].pid != 0)
			(void)kill(p.children[NODE].pid, SIGHUP);
		if (sig == SIGTERM || sig == SIGINT)
			finish(&p, EX_OK);
		if (p.control >= 0 && control_heard(p.control))
			notify(p.notify, "READY=1");
		for (struct child *c = p.children; c < p.children + NCHILDREN; c++)
			if (c->pid != 0 && waitpid(c->pid, &status, WNOHANG) == c->pid)
				buried(&p, c, status);
	}
	return p.status;
}
