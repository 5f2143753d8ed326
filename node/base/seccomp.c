/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/sched.h>
#include <linux/seccomp.h>
#include <netinet/in.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "seccomp.h"

#if defined(__x86_64__)
#define ARCH		AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define ARCH		AUDIT_ARCH_AARCH64
#else
#error "the sandbox knows x86_64 and aarch64; add the machine's AUDIT_ARCH and check the tables"
#endif

enum { PROGRAM_MAX = 1024, X32_BIT = 0x40000000, SOCK_TYPE = 0xf };

#define ALLOW		SECCOMP_RET_ALLOW
#define KILL		SECCOMP_RET_KILL_PROCESS
#define ERRNO(e)	(SECCOMP_RET_ERRNO | (e))
#define CLONE_NEW	(CLONE_NEWTIME | CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC | \
			    CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET)

/* What both roles may do: compute, wait, and use what is open or what Landlock lets them open. */
static const int common[] = {
	SYS_read, SYS_write, SYS_readv, SYS_writev, SYS_pread64, SYS_pwrite64, SYS_preadv, SYS_pwritev,
	SYS_close, SYS_lseek, SYS_dup, SYS_dup3, SYS_fstat, SYS_newfstatat, SYS_statx,
	SYS_openat, SYS_readlinkat, SYS_faccessat, SYS_faccessat2, SYS_getdents64, SYS_getcwd, SYS_umask,
	SYS_munmap, SYS_mremap, SYS_madvise, SYS_msync, SYS_brk,
	SYS_futex, SYS_set_robust_list, SYS_rseq, SYS_set_tid_address, SYS_restart_syscall, SYS_membarrier,
	SYS_rt_sigaction, SYS_rt_sigprocmask, SYS_rt_sigreturn, SYS_rt_sigpending, SYS_rt_sigtimedwait,
	SYS_sigaltstack, SYS_clock_gettime, SYS_clock_getres, SYS_clock_nanosleep, SYS_nanosleep,
	SYS_gettimeofday, SYS_times, SYS_getrusage, SYS_getrlimit, SYS_getrandom, SYS_uname, SYS_sysinfo,
	SYS_getpid, SYS_gettid, SYS_getppid, SYS_getuid, SYS_geteuid, SYS_getgid, SYS_getegid,
	SYS_getresuid, SYS_getresgid, SYS_getgroups, SYS_getpgid, SYS_getsid,
	SYS_sched_yield, SYS_sched_getaffinity, SYS_sched_getparam, SYS_sched_getscheduler, SYS_getcpu,
	SYS_ppoll, SYS_pselect6, SYS_epoll_create1, SYS_epoll_ctl, SYS_epoll_pwait, SYS_epoll_pwait2,
	SYS_eventfd2, SYS_pipe2, SYS_timerfd_create, SYS_timerfd_settime, SYS_timerfd_gettime, SYS_signalfd4,
	SYS_recvfrom, SYS_recvmsg, SYS_shutdown,
	SYS_getsockname, SYS_getpeername, SYS_getsockopt, SYS_setsockopt,
	SYS_exit, SYS_exit_group,
#ifdef __x86_64__
	SYS_open, SYS_stat, SYS_lstat, SYS_access, SYS_readlink, SYS_dup2, SYS_pipe, SYS_eventfd, SYS_poll,
	SYS_select, SYS_epoll_create, SYS_epoll_wait, SYS_time, SYS_getpgrp,
#endif
};

/* A database's files, and connections to a socket that was bound before. */
static const int node[] = {
	SYS_accept4, SYS_accept,
	SYS_fsync, SYS_fdatasync, SYS_ftruncate, SYS_fallocate, SYS_flock, SYS_fchmod, SYS_fchmodat, SYS_fchown,
	SYS_utimensat, SYS_fstatfs, SYS_statfs, SYS_unlinkat, SYS_renameat, SYS_renameat2, SYS_mkdirat,
#ifdef __x86_64__
	SYS_unlink, SYS_rename, SYS_mkdir, SYS_rmdir, SYS_chmod,
#endif
};

/* Connections; socket(), socketpair() and clone() by their arguments, below. */
static const int bridge[] = {
	SYS_connect,
};

/* Nothing harmless calls these: whoever does is not our code any more. */
static const int hostile[] = {
	SYS_execve, SYS_execveat, SYS_ptrace, SYS_process_vm_readv, SYS_process_vm_writev, SYS_kcmp,
	SYS_kill, SYS_tkill, SYS_rt_sigqueueinfo, SYS_rt_tgsigqueueinfo,
	SYS_pidfd_open, SYS_pidfd_getfd, SYS_pidfd_send_signal, SYS_process_madvise,
	SYS_io_uring_setup, SYS_io_uring_enter, SYS_io_uring_register,
	SYS_mount, SYS_umount2, SYS_move_mount, SYS_open_tree, SYS_fsopen, SYS_fsconfig, SYS_fsmount, SYS_fspick,
	SYS_mount_setattr, SYS_pivot_root, SYS_chroot, SYS_unshare, SYS_setns,
	SYS_open_by_handle_at, SYS_name_to_handle_at, SYS_bpf, SYS_perf_event_open, SYS_userfaultfd,
	SYS_keyctl, SYS_add_key, SYS_request_key, SYS_init_module, SYS_finit_module, SYS_delete_module,
	SYS_kexec_load, SYS_kexec_file_load, SYS_reboot, SYS_swapon, SYS_swapoff, SYS_acct, SYS_quotactl,
	SYS_syslog, SYS_sethostname, SYS_setdomainname, SYS_settimeofday, SYS_clock_settime, SYS_adjtimex,
	SYS_clock_adjtime, SYS_setuid, SYS_setgid, SYS_setreuid, SYS_setregid, SYS_setresuid, SYS_setresgid,
	SYS_setfsuid, SYS_setfsgid, SYS_setgroups, SYS_capset, SYS_personality, SYS_fanotify_init,
#ifdef __x86_64__
	SYS_iopl, SYS_ioperm, SYS_modify_ldt,
#endif
};

/* Code tries these and copes with "no": name look-ups, symbolizers. */
static const int denied[] = {
	SYS_bind, SYS_listen, SYS_accept, SYS_accept4, SYS_connect, SYS_socket, SYS_socketpair, SYS_clone,
#ifdef __x86_64__
	SYS_fork, SYS_vfork,
#endif
};

enum { PASS = 1 };	/* No action of the kernel's: the next row of this call decides. */

/* One argument decides: ${hit} if (argument & mask) is one of the values. */
struct argument {
	int		nr;
	unsigned	arg;
	uint32_t	mask, hit, miss;
	unsigned	n;
	uint32_t	values[9];
};

static const struct argument common_arguments[] = {
	/* No new code, neither mapped nor made executable. */
	{ SYS_mmap, 2, PROT_EXEC, ALLOW, ERRNO(EACCES), 1, { 0 } },
	{ SYS_mprotect, 2, PROT_EXEC, ALLOW, ERRNO(EACCES), 1, { 0 } },
	{ SYS_prctl, 0, UINT32_MAX, ALLOW, ERRNO(EPERM), 5,
	    { PR_SET_NAME, PR_GET_NAME, PR_GET_DUMPABLE, PR_GET_SECCOMP, PR_SET_VMA } },
	{ SYS_prlimit64, 0, UINT32_MAX, ALLOW, ERRNO(EPERM), 1, { 0 } },	/* Of itself. */
	{ SYS_ioctl, 1, UINT32_MAX, ALLOW, ERRNO(ENOTTY), 2, { FIONREAD, FIONBIO } },
	/* Not F_SETOWN: a descriptor that becomes ready would signal any process of the same user. */
	{ SYS_fcntl, 1, UINT32_MAX, ALLOW, ERRNO(EPERM), 9,
	    { F_DUPFD, F_DUPFD_CLOEXEC, F_GETFD, F_SETFD, F_GETFL, F_SETFL, F_GETLK, F_SETLK, F_SETLKW } },
	/* This flag connects, and Landlock does not see it. */
	{ SYS_sendto, 3, MSG_FASTOPEN, ALLOW, ERRNO(EPERM), 1, { 0 } },
	{ SYS_sendmsg, 2, MSG_FASTOPEN, ALLOW, ERRNO(EPERM), 1, { 0 } },
};

static const struct argument bridge_arguments[] = {
	/* TCP and UDP only: Landlock does not know the ports of MPTCP and SCTP. */
	{ SYS_socket, 1, SOCK_TYPE, PASS, ERRNO(EACCES), 2, { SOCK_STREAM, SOCK_DGRAM } },
	{ SYS_socket, 2, UINT32_MAX, PASS, ERRNO(EACCES), 3, { 0, IPPROTO_TCP, IPPROTO_UDP } },
	{ SYS_socket, 0, UINT32_MAX, ALLOW, ERRNO(EACCES), 2, { AF_INET, AF_INET6 } },
	{ SYS_sendmmsg, 3, MSG_FASTOPEN, ALLOW, ERRNO(EPERM), 1, { 0 } },
	/* A datagram pair could be connected elsewhere; a stream pair cannot. */
	{ SYS_socketpair, 1, SOCK_TYPE, ALLOW, ERRNO(EACCES), 1, { SOCK_STREAM } },
	/* Threads only: curl's resolver. */
	{ SYS_clone, 0, CLONE_THREAD | CLONE_NEW, ALLOW, ERRNO(EPERM), 1, { CLONE_THREAD } },
};

struct program {
	struct sock_filter	code[PROGRAM_MAX];
	unsigned short		len;
	bool			full;
};

static void
emit(struct program *p, struct sock_filter code)
{
	if (p->len == PROGRAM_MAX)
		p->full = true;
	else
		p->code[p->len++] = code;
}

static void
emit_load(struct program *p, size_t offset)
{
	emit(p, (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (uint32_t)offset));
}

static void
emit_return(struct program *p, uint32_t action)
{
	emit(p, (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, action));
}

/* Skip ${n} instructions unless what is loaded equals ${v}. */
static void
emit_unless(struct program *p, uint32_t v, unsigned n)
{
	emit(p, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, v, 0, (uint8_t)n));
}

static void
emit_list(struct program *p, const int *nr, size_t n, uint32_t action)
{
	for (size_t i = 0; i < n; i++) {
		emit_unless(p, (uint32_t)nr[i], 1);
		emit_return(p, action);
	}
}

static void
emit_argument(struct program *p, const struct argument *a)
{
	bool pass = a->hit == PASS;

	emit_unless(p, (uint32_t)a->nr, 2 + 2 * a->n + 1 + pass);
	/* Both machines are little-endian, and the kernel looks at the low half of these arguments. */
	emit_load(p, offsetof(struct seccomp_data, args) + a->arg * sizeof(uint64_t));
	emit(p, (struct sock_filter)BPF_STMT(BPF_ALU | BPF_AND | BPF_K, a->mask));
	for (unsigned i = 0; i < a->n; i++) {
		emit_unless(p, a->values[i], 1);
		if (pass)
			emit(p, (struct sock_filter)BPF_STMT(BPF_JMP | BPF_JA, 2 * (a->n - i - 1) + 1));
		else
			emit_return(p, a->hit);
	}
	emit_return(p, a->miss);
	if (pass)
		emit_load(p, offsetof(struct seccomp_data, nr));
}

/* The first row that names a call decides, so the order is: allowed, by argument, denied, hostile. */
static void
build(struct program *p, enum sandbox_role role)
{
	const struct argument abort_self = { SYS_tgkill, 0, UINT32_MAX, ALLOW, KILL, 1, { (uint32_t)getpid() } };

	emit_load(p, offsetof(struct seccomp_data, arch));
	emit(p, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ARCH, 1, 0));
	emit_return(p, KILL);
	emit_load(p, offsetof(struct seccomp_data, nr));
#ifdef __x86_64__
	emit(p, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, X32_BIT, 0, 1));
	emit_return(p, KILL);
#endif
	emit_list(p, common, nelem(common), ALLOW);
	if (role == SANDBOX_NODE)
		emit_list(p, node, nelem(node), ALLOW);
	else
		emit_list(p, bridge, nelem(bridge), ALLOW);

	for (size_t i = 0; i < nelem(common_arguments); i++)
		emit_argument(p, &common_arguments[i]);
	for (size_t i = 0; role == SANDBOX_BRIDGE && i < nelem(bridge_arguments); i++)
		emit_argument(p, &bridge_arguments[i]);
	emit_argument(p, &abort_self);

	emit_list(p, denied, nelem(denied), ERRNO(EACCES));
	emit_list(p, hostile, nelem(hostile), KILL);
	emit_return(p, ERRNO(ENOSYS));
}

int
seccomp_enter(enum sandbox_role role, struct err *reterr)
{
	struct program p = { .len = 0 };
	struct sock_fprog prog;
	long r;

	build(&p, role);
	if (p.full)
		return err_set(reterr, -E2BIG, "the system call filter has more than %d instructions", PROGRAM_MAX);
	prog = (struct sock_fprog){ .len = p.len, .filter = p.code };
	r = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC, &prog);
	if (r < 0)
		return err_set(reterr, -errno, "cannot load the system call filter: %s", strerror(errno));
	if (r > 0)
		return err_set(reterr, -EBUSY, "thread %ld cannot enter the system call filter", r);
	return 0;
}
