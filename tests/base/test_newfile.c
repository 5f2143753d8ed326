/* SPDX-License-Identifier: Apache-2.0 */
/* Each call fails once; the order of write, sync, name and sync is what makes the file durable. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/newfile.h"
#include "tests/tap.h"

static char dir[] = "/tmp/test_newfile.XXXXXX", path[80], first[80], calls[80];
static int fail_at;	/* 0: never. */

ssize_t	__real_write(int, const void *, size_t);
ssize_t	__wrap_write(int, const void *, size_t);
int	__real_fsync(int);
int	__wrap_fsync(int);
int	__real_renameat2(int, const char *, int, const char *, unsigned);
int	__wrap_renameat2(int, const char *, int, const char *, unsigned);

static int
comes(const char *name)
{
	(void)strcat(calls, name);
	if (fail_at == 0 || --fail_at > 0)
		return 0;
	errno = ENOSPC;
	return 1;
}

/* Short writes are written on. */
ssize_t
__wrap_write(int fd, const void *data, size_t n)
{
	if (fd == STDOUT_FILENO)
		return __real_write(fd, data, n);
	return comes("write ") ? -1 : __real_write(fd, data, n > 4 ? 4 : n);
}

int
__wrap_fsync(int fd)
{
	struct stat st;

	return fstat(fd, &st) != 0 || comes(S_ISDIR(st.st_mode) ? "names " : "sync ") ? -1 : __real_fsync(fd);
}

int
__wrap_renameat2(int a, const char *from, int b, const char *to, unsigned flags)
{
	return comes("name ") ? -1 : __real_renameat2(a, from, b, to, flags);
}

static int
make(struct err *err)
{
	*calls = '\0';
	*err = (struct err){ "" };
	return newfile_make(path, 0400, "content", 7, err);
}

static int
copy(const char *to, int fails, struct err *err)
{
	int fd = open(path, O_RDONLY), r;

	fail_at = fails;
	*calls = '\0';
	r = newfile_copy(to, 0600, fd, err);
	(void)close(fd);
	fail_at = 0;
	return r;
}

int
main(void)
{
	char other[80];
	struct err err;
	struct stat st;
	char got[16] = "";
	int fd;

	if (mkdtemp(dir) == NULL)
		return 99;
	(void)snprintf(path, sizeof(path), "%s/file", dir);
	(void)snprintf(first, sizeof(first), "%s/file.new", dir);
	for (int n = 1; n <= 5; n++) {
		fail_at = n;
		ok(make(&err) == -ENOSPC && strstr(err.text, path) != NULL, "call %d fails (%s): %s", n, calls, err.text);
		ok(access(path, F_OK) != 0 && access(first, F_OK) != 0, "and nothing is left");
	}
	fail_at = 0;
	/* What a crash left, of a mode that forbids writing. */
	fd = open(first, O_WRONLY | O_CREAT | O_EXCL, 0400);
	if (fd < 0 || write(fd, "half", 4) != 4 || close(fd) != 0)
		return 99;
	is_int(make(&err), 0, "half a file from before is replaced");
	is_str(calls, "write write sync name names ", "synced before it has its name, its name before the end");
	fd = open(path, O_RDONLY);
	ok(fd >= 0 && read(fd, got, sizeof(got)) == 7 && !memcmp(got, "content", 7) && fstat(fd, &st) == 0 &&
	    (st.st_mode & 07777) == 0400, "the content and the mode");
	(void)close(fd);
	ok(access(first, F_OK) != 0, "under one name only");
	ok(make(&err) == E_EXISTS && strstr(err.text, path) != NULL, "never overwritten: %s", err.text);
	(void)snprintf(path, sizeof(path), "%s/none/file", dir);
	is_int(make(&err), -ENOENT, "no directory");
	(void)snprintf(path, sizeof(path), "%s/file", dir);
	(void)snprintf(other, sizeof(other), "%s/copy", dir);
	is_int(copy(other, 3, &err), -ENOSPC, "a copy that fails");
	ok(access(other, F_OK) != 0, "is not there");
	is_int(copy(other, 0, &err), 0, "a copy of a file");
	*got = '\0';
	fd = open(other, O_RDONLY);
	ok(fd >= 0 && read(fd, got, sizeof(got)) == 7 && !memcmp(got, "content", 7) && fstat(fd, &st) == 0 &&
	    (st.st_mode & 07777) == 0600, "has its content, and a mode of its own");
	(void)close(fd);
	is_int(copy(other, 0, &err), E_EXISTS, "and overwrites none");
	(void)unlink(other);
	(void)unlink(path);
	(void)rmdir(dir);
	return done_testing();
}
