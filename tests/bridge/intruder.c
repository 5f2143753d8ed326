/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Code of an attacker in the real programs: preloaded into cairn-bridge or
 * cairn-node, it acts when the program first waits for the world, which is
 * after its sandbox closed, as the program itself.  test_seals.py builds it.
 *
 *	$INTRUDER		whom it enters: "cairn-bridge", "cairn-node" or "cairnd", which has no sandbox
 *	$INTRUDER_DEEDS		names of the table below, each followed by a colon and its argument,
 *				separated by blanks
 *	$INTRUDER_EARLY		set: it acts before main instead, with no sandbox yet
 *	$INTRUDER_AWAIT		a file: before main, it waits until there is one
 *	$INTRUDER_LANDLOCK	the version of Landlock that this kernel pretends to have, 0 for none
 *	$INTRUDER_VICTIM	a pid; else the cairn-node that has the same parent
 *
 * It says one line for each deed on standard error: "intruder DEED ERRNO".
 */
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <unistd.h>

#ifndef SYS_landlock_create_ruleset
#define SYS_landlock_create_ruleset 444
#endif

static pid_t victim;
static int pretended = -1;
static char deeds[16384];

#define answer(expr)	((expr) < 0 ? errno : 0)

static int
open_as(const char *path, int flags)
{
	int fd = open(path, flags | O_CLOEXEC, 0600);

	return fd < 0 ? errno : close(fd);
}

static int	do_read(const char *path) { return open_as(path, O_RDONLY); }
static int	do_write(const char *path) { return open_as(path, O_WRONLY); }
static int	do_create(const char *path) { return open_as(path, O_WRONLY | O_CREAT | O_EXCL); }
static int	do_remove(const char *path) { return answer(unlink(path)); }
static int	do_list(const char *path) { DIR *d = opendir(path); return d == NULL ? errno : closedir(d); }

/* Files of the victim in /proc. */
static int
open_victims(const char *name, int flags)
{
	char path[64];

	(void)snprintf(path, sizeof(path), "/proc/%d/%s", (int)victim, name);
	return open_as(path, flags);
}

static int	do_proc(const char *name) { return open_victims(name, O_RDONLY); }
static int	do_procwrite(const char *name) { return open_victims(name, O_WRONLY); }

static int
do_proclink(const char *name)
{
	char path[64], to[256];

	(void)snprintf(path, sizeof(path), "/proc/%d/%s", (int)victim, name);
	return answer(readlink(path, to, sizeof(to)));
}

/* Sockets.  A path is connected to; a number of AF_* is made. */

static int
do_connect(const char *path)
{
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	(void)snprintf(to.sun_path, sizeof(to.sun_path), "%s", path);
	return fd < 0 ? errno : answer(connect(fd, (struct sockaddr *)&to, sizeof(to)));
}

/* The same by a descriptor that it holds: that of its frames, and one half of a pair. */
static int
do_connectheld(const char *path)
{
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	int pair[2];

	(void)snprintf(to.sun_path, sizeof(to.sun_path), "%s", path);
	if (connect(3, (struct sockaddr *)&to, sizeof(to)) == 0)
		return 0;
	if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair) != 0)
		return errno;
	return answer(connect(pair[0], (struct sockaddr *)&to, sizeof(to)));
}

static int
do_socket(const char *domain)
{
	int fd = socket(atoi(domain), SOCK_DGRAM | SOCK_CLOEXEC, 0);

	return fd < 0 ? errno : close(fd);
}

static int	do_datagrams(const char *a) { int fd[2]; (void)a; return answer(socketpair(AF_UNIX, SOCK_DGRAM, 0, fd)); }

static struct sockaddr_in
loopback(const char *port)
{
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(port)) };

	at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	return at;
}

static int
reach(const char *port, int protocol)
{
	struct sockaddr_in to = loopback(port);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, protocol);

	return fd < 0 ? errno : answer(connect(fd, (struct sockaddr *)&to, sizeof(to)));
}

static int	do_tcp(const char *port) { return reach(port, 0); }
static int	do_mptcp(const char *port) { return reach(port, 262); }

static int
do_fastopen(const char *port)
{
	struct sockaddr_in to = loopback(port);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	return fd < 0 ? errno : answer(sendto(fd, "x", 1, MSG_FASTOPEN, (struct sockaddr *)&to, sizeof(to)));
}

static int
do_bind(const char *port)
{
	struct sockaddr_in at = loopback(port);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	return fd < 0 ? errno : answer(bind(fd, (struct sockaddr *)&at, sizeof(at)));
}

/* Other processes. */

static int
move(long nr)
{
	char c = 0;
	struct iovec here = { &c, 1 }, there = { deeds, 1 };

	/* The seventh goes by the stack, where an int leaves the upper half of what is read as a long to chance. */
	return answer(syscall(nr, victim, &here, 1, &there, 1, 0L));
}

static int	do_readmem(const char *a) { (void)a; return move(SYS_process_vm_readv); }
static int	do_writemem(const char *a) { (void)a; return move(SYS_process_vm_writev); }
static int	do_trace(const char *a) { (void)a; return answer(ptrace(PTRACE_ATTACH, victim, NULL, NULL)); }
static int	do_seize(const char *a) { (void)a; return answer(ptrace(PTRACE_SEIZE, victim, NULL, NULL)); }
static int	do_signal(const char *a) { (void)a; return answer(kill(victim, SIGTERM)); }
static int	do_probe(const char *a) { (void)a; return answer(kill(victim, 0)); }
static int	do_tsignal(const char *a) { (void)a; return answer(syscall(SYS_tgkill, victim, victim, SIGTERM)); }
static int	do_queue(const char *a) { (void)a; return answer(sigqueue(victim, SIGTERM, (union sigval){ 0 })); }
static int	do_own(const char *a) { (void)a; return answer(fcntl(3, F_SETOWN, victim)); }
static int	do_pidfd(const char *a) { (void)a; return answer(syscall(SYS_pidfd_open, victim, 0)); }
static int	do_takefd(const char *a) { (void)a; return answer(syscall(SYS_pidfd_getfd, 0, 3, 0)); }
static int	do_pidsignal(const char *a) { (void)a; return answer(syscall(SYS_pidfd_send_signal, 0, SIGTERM, NULL, 0)); }
static int	do_limit(const char *a) { (void)a; return answer(syscall(SYS_prlimit64, victim, 7, NULL, deeds)); }
static int	do_compare(const char *a) { (void)a; return answer(syscall(SYS_kcmp, victim, getpid(), 0, 0, 0)); }
static int	do_uring(const char *a) { (void)a; return answer(syscall(SYS_io_uring_setup, 4, deeds)); }
static int	do_exec(const char *path) { return answer(execl(path, path, (char *)NULL)); }
static int	do_unmask(const char *a) { (void)a; return answer(prctl(PR_SET_DUMPABLE, 1, 0, 0, 0)); }
static int	do_newroot(const char *a) { (void)a; return answer(syscall(SYS_unshare, 0x10000000)); }
static int	do_fork(const char *a) { pid_t p = fork(); (void)a; if (p == 0) _exit(0); return answer(p); }

static int
do_crash(const char *a)
{
	(void)a;
	*(volatile char *)16 = 0;
	return 0;
}

static int
do_code(const char *a)
{
	(void)a;
	return mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED ? errno : 0;
}

static const struct {
	const char	*name;
	int		(*fn)(const char *);
} table[] = {
#define D(name) { #name, do_##name }
	D(read), D(write), D(create), D(remove), D(list), D(proc), D(procwrite), D(proclink),
	D(connect), D(connectheld), D(socket), D(datagrams), D(tcp), D(mptcp), D(fastopen), D(bind),
	D(readmem), D(writemem), D(trace), D(seize), D(signal), D(probe), D(tsignal), D(queue), D(own), D(pidfd),
	D(takefd), D(pidsignal), D(limit), D(compare), D(uring), D(exec), D(unmask), D(newroot), D(fork), D(code), D(crash),
};

static void
say(const char *format, const char *deed, int result)
{
	char line[1024];
	int n = snprintf(line, sizeof(line), format, deed, result);

	(void)!write(STDERR_FILENO, line, (size_t)n);
}

static void
act(void)
{
	char *next, *rest = deeds;

	while ((next = strsep(&rest, " ")) != NULL) {
		size_t n = strcspn(next, ":"), i = 0;

		while (i < sizeof(table) / sizeof(table[0]) &&
		    (strlen(table[i].name) != n || strncmp(table[i].name, next, n) != 0))
			i++;
		if (i == sizeof(table) / sizeof(table[0])) {
			say("intruder %s unknown %d\n", next, 0);
			continue;
		}
		/* Before it, since it may be the last that it does. */
		say("intruder tries %s\n", next, 0);
		say("intruder %s %d\n", next, table[i].fn(next[n] == ':' ? next + n + 1 : ""));
	}
	say("intruder %s %d\n", "done", (int)getuid());
}

/* Once, and not before the program has this mode of seccomp. */
static void
strike(int mode)
{
	static bool struck;

	if (struck || deeds[0] == '\0' || prctl(PR_GET_SECCOMP, 0, 0, 0, 0) != mode)
		return;
	struck = true;
	act();
}

/* The node is started first and has the lower pid, but that need not be: ask for its name. */
static pid_t
find_victim(void)
{
	char path[64], name[64];
	FILE *f, *g;
	int pid, found = 0;

	(void)snprintf(path, sizeof(path), "/proc/%d/task/%d/children", (int)getppid(), (int)getppid());
	f = fopen(path, "re");
	while (f != NULL && fscanf(f, "%d", &pid) == 1) {
		(void)snprintf(path, sizeof(path), "/proc/%d/comm", pid);
		g = fopen(path, "re");
		if (g != NULL && fscanf(g, "%63s", name) == 1 && strcmp(name, "cairn-node") == 0)
			found = pid;
		if (g != NULL)
			(void)fclose(g);
	}
	if (f != NULL)
		(void)fclose(f);
	return found;
}

__attribute__((constructor)) static void
enter(void)
{
	const char *whom = getenv("INTRUDER"), *what = getenv("INTRUDER_DEEDS"), *pid = getenv("INTRUDER_VICTIM");
	const char *file = getenv("INTRUDER_AWAIT"), *version = getenv("INTRUDER_LANDLOCK");

	if (version != NULL)
		pretended = atoi(version);
	if (whom == NULL || what == NULL || strcmp(whom, program_invocation_short_name) != 0)
		return;
	while (file != NULL && access(file, F_OK) != 0)
		(void)usleep(20000);
	victim = pid != NULL ? (pid_t)atoi(pid) : find_victim();
	(void)snprintf(deeds, sizeof(deeds), "%s", what);
	if (getenv("INTRUDER_EARLY") != NULL) {
		act();
		deeds[0] = '\0';
	}
}

/* An older kernel: it says so, and refuses what it does not know. */
static int
older_landlock(const uint64_t *ask)
{
	static const int bits[] = { 0, 13, 14, 15, 15, 16 };
	int known = pretended > 5 ? 16 : bits[pretended];

	if (pretended == 0)
		return EOPNOTSUPP;
	if (ask == NULL)
		return 0;
	return ask[0] >> known != 0 ? EINVAL : (pretended < 4 && ask[1] != 0) || (pretended < 6 && ask[2] != 0) ? E2BIG : 0;
}

long
syscall(long nr, ...)
{
	long (*next)(long, ...), a[6];
	va_list list;

	va_start(list, nr);
	for (int i = 0; i < 6; i++)
		a[i] = va_arg(list, long);
	va_end(list);
	if (nr == SYS_landlock_create_ruleset && pretended >= 0) {
		errno = older_landlock((const uint64_t *)a[0]);
		if (errno != 0 || a[0] == 0)
			return errno != 0 ? -1 : pretended;
	}
	*(void **)&next = dlsym(RTLD_NEXT, "syscall");
	return next(nr, a[0], a[1], a[2], a[3], a[4], a[5]);
}

/* Where the programs wait. */

int	curl_multi_poll(void *, void *, unsigned, int, int *);

int
curl_multi_poll(void *multi, void *fds, unsigned n, int ms, int *ret)
{
	int (*next)(void *, void *, unsigned, int, int *);

	strike(2);
	*(void **)&next = dlsym(RTLD_NEXT, "curl_multi_poll");
	return next(multi, fds, n, ms, ret);
}

int
epoll_wait(int fd, struct epoll_event *events, int n, int ms)
{
	int (*next)(int, struct epoll_event *, int, int);

	strike(2);
	*(void **)&next = dlsym(RTLD_NEXT, "epoll_wait");
	return next(fd, events, n, ms);
}

int
sigtimedwait(const sigset_t *set, siginfo_t *info, const struct timespec *wait)
{
	int (*next)(const sigset_t *, siginfo_t *, const struct timespec *);

	strike(0);
	*(void **)&next = dlsym(RTLD_NEXT, "sigtimedwait");
	return next(set, info, wait);
}
