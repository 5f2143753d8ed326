/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "newfile.h"

/* What is to be in it: bytes, or all of another file from where that stands. */
struct content {
	const void	*data;
	size_t		 len;
	int		 fd;	/* -1: the bytes. */
};

/* These answer 0 or an errno. */

static int
write_all(int fd, const char *data, size_t len)
{
	while (len > 0) {
		ssize_t n = write(fd, data, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return errno;
		data += n;
		len -= (size_t)n;
	}
	return 0;
}

static int
write_content(int fd, const struct content *content)
{
	char block[64 * 1024];
	ssize_t n = 1;
	int e = content->fd < 0 ? write_all(fd, content->data, content->len) : 0;

	while (content->fd >= 0 && e == 0 && n != 0) {
		n = read(content->fd, block, sizeof(block));
		if (n > 0)
			e = write_all(fd, block, (size_t)n);
		else if (n < 0 && errno != EINTR)
			e = errno;
	}
	return e != 0 || fsync(fd) == 0 ? e : errno;
}

static int
write_file(const char *path, mode_t mode, const struct content *content)
{
	int fd, e;

	if (unlink(path) != 0 && errno != ENOENT)
		return errno;
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return errno;
	e = fchmod(fd, mode) == 0 ? write_content(fd, content) : errno;
	if (close(fd) != 0 && e == 0)
		e = errno;
	return e;
}

/* Not every file system knows the flag; nobody else writes where we make files. */
static int
name_file(const char *old, const char *new)
{
	if (renameat2(AT_FDCWD, old, AT_FDCWD, new, RENAME_NOREPLACE) == 0)
		return 0;
	if (errno != EINVAL && errno != ENOSYS)
		return errno;
	if (access(new, F_OK) == 0)
		return EEXIST;
	return renameat2(AT_FDCWD, old, AT_FDCWD, new, 0) == 0 ? 0 : errno;
}

/* The directory of ${path}, locked: two that make the same file take turns. */
static int
open_directory(const char *path)
{
	autofree char *copy = strdup(path);
	int fd;

	if (copy == NULL)
		return -1;
	fd = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd >= 0 && flock(fd, LOCK_EX) != 0) {
		(void)close(fd);
		return -1;
	}
	return fd;
}

static int
make(const char *path, const char *first, int dir, mode_t mode, const struct content *content)
{
	int e;

	if (access(path, F_OK) == 0)
		return EEXIST;
	if ((e = write_file(first, mode, content)) == 0 && (e = name_file(first, path)) == 0 && fsync(dir) != 0) {
		e = errno;
		(void)unlink(path);	/* Its name may be lost: then it was never made. */
	}
	if (e != 0)
		(void)unlink(first);
	return e;
}

static int
make_file(const char *path, mode_t mode, const struct content *content, struct err *reterr)
{
	autofree char *first = NULL;
	int dir, e;

	if (asprintf(&first, "%s.new", path) < 0) {
		first = NULL;
		return err_set(reterr, -ENOMEM, "out of memory");
	}
	if ((dir = open_directory(path)) < 0)
		return err_set(reterr, -errno, "%s: %s", path, strerror(errno));
	e = make(path, first, dir, mode, content);
	(void)close(dir);
	if (e == EEXIST)
		return err_set(reterr, E_EXISTS, "%s exists and is not overwritten", path);
	return e == 0 ? 0 : err_set(reterr, -e, "%s: %s", path, strerror(e));
}

int
newfile_make(const char *path, mode_t mode, const void *data, size_t len, struct err *reterr)
{
	return make_file(path, mode, &(struct content){ .data = data, .len = len, .fd = -1 }, reterr);
}

int
newfile_copy(const char *path, mode_t mode, int fd, struct err *reterr)
{
	return make_file(path, mode, &(struct content){ .fd = fd }, reterr);
}
