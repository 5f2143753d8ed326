/* SPDX-License-Identifier: Apache-2.0 */
/* Other processes, threads, code, and the kernel's corners: none of it from within a sandbox. */
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/io_uring.h>
#include <linux/perf_event.h>
#include <pthread.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/uio.h>

#include "deed.h"

static int	run_program(void) { return answer(execl("/bin/true", "true", (char *)NULL)); }
static int	run_program_at(void) { return answer(syscall(SYS_execveat, AT_FDCWD, "/bin/true", NULL, NULL, 0)); }
static int	trace_parent(void) { return answer(syscall(SYS_ptrace, 16 /* PTRACE_ATTACH */, getppid(), 0, 0)); }
static int	kill_parent(void) { return answer(kill(getppid(), 0)); }
static int	kill_thread_of_parent(void) { return answer(syscall(SYS_tgkill, getppid(), getppid(), 0)); }
static int	queue_to_parent(void) { return answer(sigqueue(getppid(), 0, (union sigval){ 0 })); }
static int	open_parent(void) { return answer(syscall(SYS_pidfd_open, getppid(), 0)); }
static int	abort_self(void) { (void)signal(SIGABRT, SIG_DFL); abort(); }

static int
read_parent(void)
{
	static char place[1];
	char c;
	struct iovec to = { &c, 1 }, from = { place, 1 };

	return answer(process_vm_readv(getppid(), &to, 1, &from, 1, 0));
}

static int
make_process(void)
{
	pid_t pid = fork();

	if (pid == 0)
		_exit(0);
	return answer(pid);
}

static void *nothing(void *p) { return p; }

static int
make_thread(void)
{
	pthread_t t;
	int r = pthread_create(&t, NULL, nothing, NULL);

	return r != 0 ? r : pthread_join(t, NULL);
}

static int
map_code(void)
{
	return mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED ? errno : 0;
}

static int
make_code(void)
{
	void *p = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return p == MAP_FAILED ? EPROTO : answer(mprotect(p, 4096, PROT_READ | PROT_EXEC));
}

/*
 * The kernel's corners.  Arguments are wrong on purpose: outside the sandbox these fail and do nothing.
 */

#define CALL(name, ...)	static int name(void) { return answer(syscall(__VA_ARGS__)); }

CALL(use_io_uring, SYS_io_uring_setup, 1, NULL)
CALL(use_mount, SYS_mount, NULL, NULL, NULL, 0, NULL)
CALL(use_umount, SYS_umount2, NULL, 0)
CALL(use_unshare, SYS_unshare, CLONE_NEWUSER)
CALL(use_setns, SYS_setns, -1, 0)
CALL(use_chroot, SYS_chroot, NULL)
CALL(use_pivot_root, SYS_pivot_root, NULL, NULL)
CALL(use_bpf, SYS_bpf, BPF_PROG_LOAD, NULL, 0)
CALL(use_perf, SYS_perf_event_open, NULL, 0, -1, -1, 0)
CALL(use_userfaultfd, SYS_userfaultfd, -1)
CALL(use_keyctl, SYS_keyctl, -1, 0, 0, 0, 0)
CALL(use_add_key, SYS_add_key, NULL, NULL, NULL, 0, 0)
CALL(use_request_key, SYS_request_key, NULL, NULL, NULL, 0)
CALL(use_handle, SYS_open_by_handle_at, -1, NULL, 0)
CALL(use_name_to_handle, SYS_name_to_handle_at, -1, NULL, NULL, NULL, 0)
CALL(use_module, SYS_init_module, NULL, 0, NULL)
CALL(use_kexec, SYS_kexec_load, 0, 0, NULL, -1)
CALL(use_reboot, SYS_reboot, 0, 0, 0, NULL)
CALL(use_swapon, SYS_swapon, NULL, 0)
CALL(use_setuid, SYS_setuid, -1)
CALL(use_setresuid, SYS_setresuid, -1, -1, -1)
CALL(use_setgroups, SYS_setgroups, -1, NULL)
CALL(use_capset, SYS_capset, NULL, NULL)
CALL(use_personality, SYS_personality, -1)
CALL(use_settime, SYS_clock_settime, -1, NULL)
CALL(use_sethostname, SYS_sethostname, NULL, -1)
CALL(use_write_process, SYS_process_vm_writev, -1, NULL, 0, NULL, 0, 0)
CALL(use_unknown, SYS_setpriority, PRIO_PROCESS, -1, 0)
CALL(use_future, 4000, 0)
CALL(use_clone3, SYS_clone3, NULL, 0)
#ifdef __x86_64__
CALL(use_x32, 0x40000000 | 39, 0)
#endif

static int	become_dumpable(void) { return answer(prctl(PR_SET_DUMPABLE, 1, 0, 0, 0)); }

static int
is_sealed(void)
{
	struct rlimit core;

	if (getrlimit(RLIMIT_CORE, &core) != 0 || core.rlim_max != 0)
		return EPROTO;
	return prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) == 0 ? 0 : EBUSY;
}

static const struct deed deeds[] = {
	D(is_sealed, 0, 0),
	D(make_process, EACCES, EPERM),
	D(make_thread, EACCES, 0),
	D(map_code, EACCES, EACCES),
	D(make_code, EACCES, EACCES),
	D(abort_self, ABORTS, ABORTS),
	D(run_program, DIES, DIES),
	D(run_program_at, DIES, DIES),
	D(trace_parent, DIES, DIES),
	D(kill_parent, DIES, DIES),
	D(kill_thread_of_parent, DIES, DIES),
	D(queue_to_parent, DIES, DIES),
	D(open_parent, DIES, DIES),
	D(read_parent, DIES, DIES),
	D(use_write_process, DIES, DIES),
	D(use_io_uring, DIES, DIES),
	D(use_mount, DIES, DIES),
	D(use_umount, DIES, DIES),
	D(use_unshare, DIES, DIES),
	D(use_setns, DIES, DIES),
	D(use_chroot, DIES, DIES),
	D(use_pivot_root, DIES, DIES),
	D(use_bpf, DIES, DIES),
	D(use_perf, DIES, DIES),
	D(use_userfaultfd, DIES, DIES),
	D(use_keyctl, DIES, DIES),
	D(use_add_key, DIES, DIES),
	D(use_request_key, DIES, DIES),
	D(use_handle, DIES, DIES),
	D(use_name_to_handle, DIES, DIES),
	D(use_module, DIES, DIES),
	D(use_kexec, DIES, DIES),
	D(use_reboot, DIES, DIES),
	D(use_swapon, DIES, DIES),
	D(use_setuid, DIES, DIES),
	D(use_setresuid, DIES, DIES),
	D(use_setgroups, DIES, DIES),
	D(use_capset, DIES, DIES),
	D(use_personality, DIES, DIES),
	D(use_settime, DIES, DIES),
	D(use_sethostname, DIES, DIES),
#ifdef __x86_64__
	D(use_x32, DIES, DIES),
#endif
	D(use_unknown, ENOSYS, ENOSYS),
	D(use_future, ENOSYS, ENOSYS),
	D(use_clone3, ENOSYS, ENOSYS),
	D(become_dumpable, EPERM, EPERM),
};

int
main(void)
{
	deed_run_all(deeds, nelem(deeds));
	return done_testing();
}
