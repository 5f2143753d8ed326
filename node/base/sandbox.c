/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "sandbox.h"
#include "seccomp.h"

/*
 * Landlock as the kernel has it (include/uapi/linux/landlock.h): spelled out
 * here because the header of the build machine may be older than the kernel.
 */
enum {
	LL_VERSION	= 1 << 0,	/* Flag of landlock_create_ruleset. */
	LL_PATH_BENEATH	= 1,
	LL_NET_PORT	= 2,
};

enum { DNS_PORT = 53 };

#define LL_WRITE_FILE	(1ull << 1)
#define LL_READ_FILE	(1ull << 2)
#define LL_READ_DIR	(1ull << 3)
#define LL_REMOVE_DIR	(1ull << 4)
#define LL_REMOVE_FILE	(1ull << 5)
#define LL_MAKE_DIR	(1ull << 7)
#define LL_MAKE_REG	(1ull << 8)
#define LL_REFER	(1ull << 13)	/* Version 2. */
#define LL_TRUNCATE	(1ull << 14)	/* Version 3. */
#define LL_BIND_TCP	(1ull << 0)	/* Version 4. */
#define LL_CONNECT_TCP	(1ull << 1)
#define LL_SCOPES	3ull		/* Version 6: abstract sockets and signals. */

#define LL_FILE		(LL_WRITE_FILE | LL_READ_FILE | LL_TRUNCATE)
#define LL_READ		(LL_READ_FILE | LL_READ_DIR)
#define LL_WRITE	(LL_WRITE_FILE | LL_REMOVE_DIR | LL_REMOVE_FILE | LL_MAKE_DIR | LL_MAKE_REG | \
			    LL_REFER | LL_TRUNCATE)

struct ll_ruleset {
	uint64_t	fs, net, scoped;
};

struct ll_path {
	uint64_t	access;
	int32_t		fd;
} __attribute__((packed));

struct ll_port {
	uint64_t	access;
	uint64_t	port;
};

#ifndef SYS_landlock_create_ruleset
#define SYS_landlock_create_ruleset	444
#define SYS_landlock_add_rule		445
#define SYS_landlock_restrict_self	446
#endif

/* Everything that this version of Landlock can forbid is forbidden, but for the rules. */
static struct ll_ruleset
handled(long version)
{
	/* Bits in the order in which the versions 1, 2, 3 and 5 added them. */
	unsigned bits = version >= 5 ? 16 : version >= 3 ? 15 : version >= 2 ? 14 : 13;

	return (struct ll_ruleset){
		.fs = (1ull << bits) - 1,
		.net = version >= 4 ? LL_BIND_TCP | LL_CONNECT_TCP : 0,
		.scoped = version >= 6 ? LL_SCOPES : 0,
	};
}

static int
allow_path(int ruleset, const struct ll_ruleset *all, const struct sandbox_path *p)
{
	struct ll_path rule = { .access = LL_READ | (p->write ? LL_WRITE : 0) };
	struct stat st;
	int r = 0;

	rule.fd = open(p->path, O_PATH | O_CLOEXEC);
	if (rule.fd < 0)
		return errno == ENOENT || errno == ENOTDIR || errno == EACCES ? 0 : -errno;
	if (fstat(rule.fd, &st) != 0)
		r = -errno;
	if (!S_ISDIR(st.st_mode))
		rule.access &= LL_FILE;
	rule.access &= all->fs;
	if (r == 0 && syscall(SYS_landlock_add_rule, ruleset, LL_PATH_BENEATH, &rule, 0) != 0)
		r = -errno;
	(void)close(rule.fd);
	return r;
}

static int
allow_port(int ruleset, uint16_t port)
{
	struct ll_port rule = { .access = LL_CONNECT_TCP, .port = port };

	return syscall(SYS_landlock_add_rule, ruleset, LL_NET_PORT, &rule, 0) == 0 ? 0 : -errno;
}

static int
enter_landlock(const struct sandbox_path *paths, size_t n, uint16_t port, bool *ret, struct err *reterr)
{
	long version = syscall(SYS_landlock_create_ruleset, NULL, 0, LL_VERSION);
	struct ll_ruleset all = handled(version);
	int fd, r = 0;

	if (version < 1)
		return 0;
	fd = (int)syscall(SYS_landlock_create_ruleset, &all, sizeof(all), 0);
	if (fd < 0)
		return err_set(reterr, -errno, "cannot make a Landlock ruleset: %s", strerror(errno));
	for (size_t i = 0; i < n && r == 0; i++) {
		r = allow_path(fd, &all, &paths[i]);
		if (r != 0)
			(void)err_set(reterr, r, "cannot allow %s in Landlock: %s", paths[i].path, strerror(-r));
	}
	if (r == 0 && port != 0 && all.net != 0) {
		r = allow_port(fd, port);
		if (r == 0)
			r = allow_port(fd, DNS_PORT);
		if (r != 0)
			(void)err_set(reterr, r, "cannot allow port %u in Landlock: %s", port, strerror(-r));
	}
	if (r == 0 && syscall(SYS_landlock_restrict_self, fd, 0) != 0)
		r = err_set(reterr, -errno, "cannot enter Landlock: %s", strerror(errno));
	(void)close(fd);
	if (r == 0)
		*ret = true;
	return r;
}

/* Even root's process needs none from here on. */
static int
drop_capabilities(void)
{
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = { { 0 } };

	return syscall(SYS_capset, &head, none) == 0 ? 0 : -errno;
}

int
sandbox_hide(struct err *reterr)
{
	const struct rlimit no_core = { 0, 0 };

	if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0 || setrlimit(RLIMIT_CORE, &no_core) != 0)
		return err_set(reterr, -errno, "cannot hide from other processes: %s", strerror(errno));
	return 0;
}

int
sandbox_user(uid_t uid, gid_t gid, struct err *reterr)
{
	if (setgroups(0, NULL) != 0 || setresgid(gid, gid, gid) != 0 || setresuid(uid, uid, uid) != 0 ||
	    prctl(PR_SET_PDEATHSIG, SIGTERM, 0, 0, 0) != 0)
		return err_set(reterr, -errno, "cannot become user %ld: %s", (long)uid, strerror(errno));
	return 0;
}

int
sandbox_enter(enum sandbox_role role, const struct sandbox_path *paths, size_t n, uint16_t port,
    bool *ret_landlock, struct err *reterr)
{
	bool landlock = false;
	int r;

	/* Again: a change of user may have undone it. */
	r = sandbox_hide(reterr);
	if (r != 0)
		return r;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
		return err_set(reterr, -errno, "cannot give up privileges: %s", strerror(errno));
	r = enter_landlock(paths, n, role == SANDBOX_BRIDGE ? port : 0, &landlock, reterr);
	if (r != 0)
		return r;
	r = drop_capabilities();
	if (r != 0)
		return err_set(reterr, r, "cannot drop capabilities: %s", strerror(-r));
	r = seccomp_enter(role, reterr);
	if (r == 0)
		*ret_landlock = landlock;
	return r;
}

/*
 * The leak check at exit needs a tracer, which the sandbox forbids; a process
 * that never entered it keeps its check.
 */
#ifdef __has_feature
#if __has_feature(address_sanitizer)
#define WITH_ASAN 1
#endif
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(WITH_ASAN)
int	__lsan_is_turned_off(void);

int
__lsan_is_turned_off(void)
{
	return prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) == 0;
}
#endif
