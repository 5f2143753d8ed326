/* SPDX-License-Identifier: Apache-2.0 */
/* The doors between tests/hs/host_child.c and the product, taken by --wrap. */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

#include "app/app.h"
#include "base/sandbox.h"
#include "fault.h"

enum { GATE_SYNCS = 6 };	/* Between a failed sync and the loss of power. */
enum { STOPPED = 3 };		/* host_child.c: the product gave up in good order. */

#ifdef FAULT_SANITIZED
#include <sanitizer/common_interface_defs.h>
#include <sanitizer/lsan_interface.h>
#else
static void __sanitizer_print_stack_trace(void) { }
static int __lsan_do_recoverable_leak_check(void) { return 0; }
#endif

struct fault *fault;
static struct host *world;
static bool subject;
static int inside;

_Noreturn void	__real_host_child(struct host *, size_t, int);
_Noreturn void	__wrap_host_child(struct host *, size_t, int);
_Noreturn void	__real__exit(int);
_Noreturn void	__wrap__exit(int);
int	__real_sandbox_enter(enum sandbox_role, const struct sandbox_path *, size_t, uint16_t, bool *, struct err *);
int	__wrap_sandbox_enter(enum sandbox_role, const struct sandbox_path *, size_t, uint16_t, bool *, struct err *);
int	__real_socketpair(int, int, int, int[2]);
int	__wrap_socketpair(int, int, int, int[2]);

void
fault_begin(struct host *h, const struct fault_plan *plan)
{
	char dir[PATH_MAX];

	if (fault == NULL)
		fault = mmap(NULL, sizeof(*fault), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (fault == MAP_FAILED)
		abort();
	*fault = (struct fault){ .plan = *plan };
	(void)snprintf(dir, sizeof(dir), "%.4000s/%s", h->dir, h->node[plan->node].name);
	disk_open(dir);
	world = h;
}

/* In the host, which is about to start a node: it accepts a death of this one, as if it had armed it. */
int
__wrap_socketpair(int domain, int type, int protocol, int pair[2])
{
	struct host_node *n = world != NULL ? &world->node[fault->plan.node] : NULL;

	if (n != NULL && n->armed == HOST_NEVER && !fault->over && fault->plan.what != FAULT_NONE) {
		n->armed = HOST_BEFORE_COMMIT;
		n->at = -1;
	}
	return __real_socketpair(domain, type, protocol, pair);
}

void
fault_rest(void)
{
	fault->over = true;
}

bool
fault_subject(void)
{
	return subject;
}

bool
fault_inside(void)
{
	return subject && inside > 0;
}

static bool
comes_now(long n)
{
	return !fault->over && (n == fault->plan.at || (fault->plan.persistent && n > fault->plan.at));
}

static _Noreturn void
power_fails(void)
{
	inside = 0;		/* What follows is not the product's doing. */
	fault->struck = fault->died = fault->over = true;
	disk_power(fault->plan.mode, fault->plan.seed);
	(void)raise(SIGKILL);	/* The sandbox forbids kill. */
	for (;;)
		(void)poll(NULL, 0, -1);
}

bool
fault_syncs(void)
{
	const struct fault_plan *plan = &fault->plan;

	fault->syncs += !fault->over;
	if ((plan->what == FAULT_POWER_SYNC && comes_now(fault->syncs)) ||
	    (!fault->over && fault->gate > 0 && fault->syncs == fault->gate))
		power_fails();
	if (plan->what != FAULT_GATE || fault->gate > 0 || !comes_now(fault->syncs))
		return false;
	(void)snprintf(fault->call, sizeof(fault->call), "fsync");
	fault->struck = true;
	fault->gate = fault->syncs + GATE_SYNCS;
	return true;
}

void
fault_writes(void)
{
	fault->writes += !fault->over;
	if (fault->plan.what == FAULT_POWER_WRITE && comes_now(fault->writes))
		power_fails();
}

bool
fault_calls(const char *name)
{
	fault->calls += !fault->over;
	if (fault->plan.what != FAULT_IO || !comes_now(fault->calls))
		return false;
	if (!fault->struck)
		(void)snprintf(fault->call, sizeof(fault->call), "%s", name);
	fault->struck = true;
	errno = fault->plan.error;	/* As the system call below would have left it. */
	return true;
}

bool
fault_allocates(void)
{
	if (!fault_inside())
		return false;
	fault->allocations += !fault->over;
	if (fault->plan.what != FAULT_MEMORY || !comes_now(fault->allocations))
		return false;
	if (!fault->struck && getenv("FAULT_POINT") != NULL)
		__sanitizer_print_stack_trace();	/* Into the log. */
	fault->struck = true;
	errno = ENOMEM;
	return true;
}

/* The product stopped by itself: that is the end which the host expects. */
_Noreturn void
__wrap__exit(int status)
{
	if (!subject || (status != STOPPED && status != EX_OSERR) || !fault->struck)
		__real__exit(status);
	inside = 0;
	if (__lsan_do_recoverable_leak_check() != 0)
		fault->leaked = true;
	fault->stopped = true;
	(void)raise(SIGKILL);
	for (;;)
		(void)poll(NULL, 0, -1);
}

/* Started while there is still no space: it must say so and end. */
static void
start_in_vain(struct host *h, size_t i, int fd)
{
	pid_t pid = fork();
	int status;

	if (pid < 0)
		abort();
	if (pid == 0) {
		fault->plan.stays = false;
		fault->stopped = false;
		__real_host_child(h, i, fd);
	}
	(void)waitpid(pid, &status, 0);
	fault->stayed = fault->stopped && WIFSIGNALED(status);
	fault->stopped = true;
}

_Noreturn void
__wrap_host_child(struct host *h, size_t i, int fd)
{
	subject = fault != NULL && i == fault->plan.node;
	if (subject && ++fault->starts > 1 && fault->struck) {
		if (fault->plan.stays)
			start_in_vain(h, i, fd);
		fault->over = fault->plan.what != FAULT_GATE || fault->died;
	}
	__real_host_child(h, i, fd);
}

/* The search for leaks traces the process, which the sandbox forbids: only where none is searched for is it closed. */
int
__wrap_sandbox_enter(enum sandbox_role role, const struct sandbox_path *paths, size_t n, uint16_t port, bool *ret,
    struct err *err)
{
	if (!subject || fault->plan.what == FAULT_NONE || fault->plan.what == FAULT_POWER_SYNC ||
	    fault->plan.what == FAULT_POWER_WRITE)
		return __real_sandbox_enter(role, paths, n, port, ret, err);
	*ret = false;
	return 0;
}

#define DOOR(name, args, call)						\
	int	__real_##name args;					\
	int	__wrap_##name args;					\
	int								\
	__wrap_##name args						\
	{								\
		int r;							\
									\
		inside++;						\
		r = __real_##name call;					\
		inside--;						\
		return r;						\
	}

DOOR(app_open, (const struct config *c, const struct world *w, const uint8_t *k, const struct app_transport *t,
    struct app **a, struct err *e), (c, w, k, t, a, e))
DOOR(app_bridge, (struct app *a, bool up), (a, up))
DOOR(app_answer, (struct app *a, uint64_t id, int s, int64_t t, const char *b, size_t n), (a, id, s, t, b, n))
DOOR(app_failed, (struct app *a, uint64_t id, const char *k, const char *t), (a, id, k, t))
DOOR(app_tick, (struct app *a), (a))
DOOR(app_command, (struct app *a, uid_t u, const json_t *q, json_t **p), (a, u, q, p))
