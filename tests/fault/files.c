/* SPDX-License-Identifier: Apache-2.0 */
/* files: the calls with which a node writes files of its own, taken by --wrap and told to the disk. */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fault.h"

enum { FDS = 256, NOT_OURS = 0, DIRECTORY = -1 };

/* What a descriptor is: a file of the disk, counted from 1. */
static int fds[FDS];

int	__real_open(const char *, int, ...);
int	__real_openat(int, const char *, int, ...);
ssize_t	__real_write(int, const void *, size_t);
ssize_t	__real_pwrite(int, const void *, size_t, off_t);
int	__real_fsync(int);
int	__real_close(int);
int	__real_unlink(const char *);
int	__real_renameat2(int, const char *, int, const char *, unsigned);
int	__real_rename(const char *, const char *);
int	__real_fdatasync(int);
int	__real_flock(int, int);
int	__wrap_open(const char *, int, ...);
int	__wrap_openat(int, const char *, int, ...);
ssize_t	__wrap_write(int, const void *, size_t);
ssize_t	__wrap_pwrite(int, const void *, size_t, off_t);
int	__wrap_fsync(int);
int	__wrap_close(int);
int	__wrap_unlink(const char *);
int	__wrap_renameat2(int, const char *, int, const char *, unsigned);
int	__wrap_rename(const char *, const char *);
int	__wrap_fdatasync(int);
int	__wrap_flock(int, int);

static bool
fails(const char *name)
{
	if (!fault_inside() || !fault_calls(name))
		return false;
	errno = fault->plan.error;
	return true;
}

static mode_t
mode_of(int flags, va_list ap)
{
	return flags & O_CREAT ? va_arg(ap, mode_t) : 0;
}

static int
opened(int fd, const char *name, int flags, bool there)
{
	if (fd < 0 || fd >= FDS || !fault_inside())
		return fd;
	fds[fd] = NOT_OURS;
	if (flags & O_DIRECTORY)
		fds[fd] = DIRECTORY;
	else if (name != NULL && ((flags & O_ACCMODE) != O_RDONLY))
		fds[fd] = 1 + disk_file(name, !there);
	return fd;
}

int
__wrap_open(const char *path, int flags, ...)
{
	bool there = access(path, F_OK) == 0;
	mode_t mode;
	va_list ap;

	va_start(ap, flags);
	mode = mode_of(flags, ap);
	va_end(ap);
	return fails("open of a file") ? -1 :
	    opened(__real_open(path, flags, mode), disk_name(path), flags, there);
}

/* Only the state directory is named by descriptor. */
int
__wrap_openat(int dir, const char *name, int flags, ...)
{
	bool there = faccessat(dir, name, F_OK, 0) == 0;
	mode_t mode;
	va_list ap;

	va_start(ap, flags);
	mode = mode_of(flags, ap);
	va_end(ap);
	return fails("open of a file") ? -1 : opened(__real_openat(dir, name, flags, mode), name, flags, there);
}

static bool
is_file(int fd)
{
	return fault_inside() && fd >= 0 && fd < FDS && fds[fd] > 0;
}

static ssize_t
put(int fd, const void *data, size_t n, off_t at)
{
	ssize_t done;
	bool bad = fails("write to a file");

	if ((done = __real_pwrite(fd, data, bad ? n / 2 : n, at)) > 0)
		disk_write(fds[fd] - 1, data, (size_t)done, at);
	if (bad) {
		errno = fault->plan.error;
		return -1;
	}
	if (done > 0)
		fault_writes();
	return done;
}

ssize_t
__wrap_write(int fd, const void *data, size_t n)
{
	ssize_t done;

	/* The log: whether it can be written changes nothing; but a lasting fault leaves it its words. */
	if (!is_file(fd))
		return fd == STDERR_FILENO && fault_inside() && !fault->plan.persistent && fails("write to the log") ? -1 :
		    __real_write(fd, data, n);
	if ((done = put(fd, data, n, lseek(fd, 0, SEEK_CUR))) > 0)
		(void)lseek(fd, done, SEEK_CUR);
	return done;
}

ssize_t
__wrap_pwrite(int fd, const void *data, size_t n, off_t at)
{
	return is_file(fd) ? put(fd, data, n, at) : __real_pwrite(fd, data, n, at);
}

int
__wrap_fsync(int fd)
{
	bool directory = fault_inside() && fd >= 0 && fd < FDS && fds[fd] == DIRECTORY;

	if (!directory && !is_file(fd))
		return __real_fsync(fd);
	if (fault_syncs()) {
		if (!directory)
			disk_sync_failed(fds[fd] - 1);
		errno = EIO;
		return -1;
	}
	if (fails("sync of a file"))
		return -1;
	if (fault->plan.lie == LIE_ALL || (directory && fault->plan.lie == LIE_NAMES))
		return 0;
	if (directory)
		disk_sync_names();
	else
		disk_sync(fds[fd] - 1);
	return 0;
}

int
__wrap_fdatasync(int fd)
{
	return is_file(fd) ? __wrap_fsync(fd) : __real_fdatasync(fd);
}

int
__wrap_close(int fd)
{
	if (fault_inside() && fd >= 0 && fd < FDS)
		fds[fd] = NOT_OURS;
	return __real_close(fd);
}

int
__wrap_unlink(const char *path)
{
	const char *name = fault_inside() ? disk_name(path) : NULL;
	int r;

	if (name != NULL && fails("unlink"))
		return -1;
	if ((r = __real_unlink(path)) == 0 && name != NULL) {
		disk_remove(name);
		fault_writes();
	}
	return r;
}

int
__wrap_rename(const char *from, const char *to)
{
	const char *old = fault_inside() ? disk_name(from) : NULL, *new = disk_name(to);
	int r;

	if (old != NULL && fails("rename"))
		return -1;
	if ((r = __real_rename(from, to)) == 0 && old != NULL && new != NULL) {
		disk_move(old, new);
		fault_writes();
	}
	return r;
}

int
__wrap_renameat2(int a, const char *from, int b, const char *to, unsigned flags)
{
	const char *old = fault_inside() ? disk_name(from) : NULL, *new = disk_name(to);
	int r;

	if (old != NULL && fails("rename"))
		return -1;
	if ((r = __real_renameat2(a, from, b, to, flags)) == 0 && old != NULL && new != NULL) {
		disk_move(old, new);
		fault_writes();
	}
	return r;
}

int
__wrap_flock(int fd, int op)
{
	return fails("lock") ? -1 : __real_flock(fd, op);
}
