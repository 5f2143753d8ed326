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
		return err_set(reterr, -errno, "%s: %s", dir, strerror(errno));
	if (st.st_uid != geteuid())
		return err_set(reterr, E_REFUSED, "the state directory %s belongs to user %u; "
		    "run as that user, or: chown %u %s", dir, (unsigned)st.st_uid,
		    (unsigned)geteuid(), dir);
	if ((st.st_mode & (S_IRWXG | S_IRWXO)) != 0)
		return err_set(reterr, E_REFUSED, "the state directory %s is open to other users; "
		    "run: chmod 0700 %s", dir, dir);
	return 0;
}

int
statedir_lock(const char *dir, int *ret_fd, struct err *reterr)
{
	const int flags = O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW;
	autoclose int dirfd = -1, lock = -1, file = -1;
	int r;

	if ((dirfd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC)) < 0)
		return err_set(reterr, -errno, "the state directory %s: %s; "
		    "make it with: install -d -m 0700 %s", dir, strerror(errno), dir);
	if ((r = check_owner(dirfd, dir, reterr)) != 0)
		return r;
	if ((lock = openat(dirfd, "cairn.lock", flags, 0600)) < 0)
		return err_set(reterr, -errno, "%s/cairn.lock: %s", dir, strerror(errno));
	if (flock(lock, LOCK_EX | LOCK_NB) < 0) {
		if (errno == EWOULDBLOCK)
			return err_set(reterr, E_EXISTS,
			    "another process is using %s; stop it first", dir);
		return err_set(reterr, -errno, "%s/cairn.lock: %s", dir, strerror(errno));
	}
	/* SQLite gives its side files the permissions of the database. */
	if ((file = openat(dirfd, "cairn.db", flags, 0600)) < 0)
		return err_set(reterr, -errno, "%s/cairn.db: %s", dir, strerror(errno));

	*ret_fd = lock;
	lock = -1;
	return 0;
}
