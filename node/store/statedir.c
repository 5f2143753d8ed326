/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "statedir.h"

static void
close_p(int *fd)
{
	if (*fd >= 0)
		(void)close(*fd);
}
#define autoclose __attribute__((cleanup(close_p)))

static int
check_owner(int fd, const char *dir, struct err *reterr)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return statedir_complain(dir, "", -errno, reterr);
	if (st.st_uid != geteuid())
		return err_set(reterr, E_REFUSED, "the state directory %s belongs to user %u; "
		    "run as that user, or: chown %u %s", dir, (unsigned)st.st_uid,
		    (unsigned)geteuid(), dir);
	if ((st.st_mode & (S_IRWXG | S_IRWXO)) != 0)
		return err_set(reterr, E_REFUSED, "the state directory %s is open to other users; "
		    "run: chmod 0700 %s", dir, dir);
	return 0;
}

const char *
statedir_advice(int error)
{
	switch (error) {
	case ENOSPC:
	case EDQUOT:
		return "; make space there: nothing is lost, and the node resumes when it is started again";
	case EIO:
		return "; look at that disk and the kernel's log: the node resumes when it is started again";
	case EACCES:
	case EPERM:
	case EROFS:
		return "; look at the permissions of the state directory and of what is in it";
	}
	return "";
}

int
statedir_complain(const char *dir, const char *name, int r, struct err *reterr)
{
	return err_set(reterr, r, "%s/%s: %s%s", dir, name, err_name(r), statedir_advice(-r));
}

/* The same bytes to the same place, so that the next sync has something to write.  0 or an errno. */
static int
write_again(int fd)
{
	char block[64 * 1024];
	ssize_t n;

	for (off_t at = 0; (n = pread(fd, block, sizeof(block), at)) != 0; at += n) {
		if (n > 0)
			n = pwrite(fd, block, (size_t)n, at);
		if (n < 0 && errno != EINTR)
			return errno;
		n = n < 0 ? 0 : n;
	}
	return fsync(fd) == 0 ? 0 : errno;
}

static int
settle(int dirfd, const char *dir, struct err *reterr)
{
	static const char name[] = "cairn.db-wal";
	autoclose int wal = openat(dirfd, name, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
	int e;

	if (wal < 0)
		return errno == ENOENT ? 0 : statedir_complain(dir, name, -errno, reterr);
	if ((e = write_again(wal)) != 0)
		return statedir_complain(dir, name, -e, reterr);
	return fsync(dirfd) == 0 ? 0 : statedir_complain(dir, name, -errno, reterr);
}

int
statedir_lock(const char *dir, int *ret_fd, struct err *reterr)
{
	const int flags = O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW;
	autoclose int dirfd = -1, lock = -1, file = -1;
	int r;

	if ((dirfd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC)) < 0 && errno == ENOENT)
		return err_set(reterr, -errno, "the state directory %s: %s; "
		    "make it with: install -d -m 0700 %s", dir, strerror(errno), dir);
	if (dirfd < 0)
		return statedir_complain(dir, "", -errno, reterr);
	if ((r = check_owner(dirfd, dir, reterr)) != 0)
		return r;
	if ((lock = openat(dirfd, "cairn.lock", flags, 0600)) < 0)
		return statedir_complain(dir, "cairn.lock", -errno, reterr);
	if (flock(lock, LOCK_EX | LOCK_NB) < 0) {
		if (errno == EWOULDBLOCK)
			return err_set(reterr, E_EXISTS,
			    "another process is using %s; stop it first", dir);
		return statedir_complain(dir, "cairn.lock", -errno, reterr);
	}
	/* SQLite gives its side files the permissions of the database. */
	if ((file = openat(dirfd, "cairn.db", flags, 0600)) < 0)
		return statedir_complain(dir, "cairn.db", -errno, reterr);
	if ((r = settle(dirfd, dir, reterr)) != 0)
		return r;

	*ret_fd = lock;
	lock = -1;
	return 0;
}
