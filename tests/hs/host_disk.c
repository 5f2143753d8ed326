/* SPDX-License-Identifier: Apache-2.0 */
/* host_disk: directories of nodes, made, copied and removed. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/canon.h"
#include "host.h"

static _Noreturn void
give_up(const char *what, const char *path)
{
	printf("Bail out! %s %s: %s\n", what, path, strerror(errno));
	fflush(stdout);
	_exit(99);
}

void
host_make_dir(char dir[PATH_MAX])
{
	const char *base = getenv("TMPDIR");

	if (base == NULL)
		base = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp";
	(void)snprintf(dir, PATH_MAX, "%s/cairn-hs-XXXXXX", base);
	if (mkdtemp(dir) == NULL)
		give_up("mkdtemp", dir);
}

static void
each(const char *dir, void (*fn)(const char *path, const char *name, const char *cookie), const char *cookie)
{
	DIR *d = opendir(dir);
	char path[PATH_MAX];

	if (d == NULL)
		give_up("opendir", dir);
	for (struct dirent *e = readdir(d); e != NULL; e = readdir(d)) {
		if (!strcmp(e->d_name, ".") || !strcmp(e->d_name, ".."))
			continue;
		if (snprintf(path, sizeof(path), "%s/%s", dir, e->d_name) < (int)sizeof(path))
			fn(path, e->d_name, cookie);
	}
	(void)closedir(d);
}

static void
remove_one(const char *path, const char *name, const char *cookie)
{
	struct stat st;

	(void)name, (void)cookie;
	if (lstat(path, &st) == 0 && S_ISDIR(st.st_mode))
		host_remove_dir(path);
	else
		(void)unlink(path);
}

void
host_remove_dir(const char *dir)
{
	if (access(dir, F_OK) != 0)
		return;
	each(dir, remove_one, NULL);
	(void)rmdir(dir);
}

static void
copy_file(const char *from, const char *to)
{
	static char chunk[256 * 1024];
	int in = open(from, O_RDONLY | O_CLOEXEC), out = open(to, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	ssize_t n;

	if (in < 0 || out < 0)
		give_up("copy", from);
	while ((n = read(in, chunk, sizeof(chunk))) > 0)
		if (write(out, chunk, (size_t)n) != n)
			give_up("write", to);
	(void)close(in);
	(void)close(out);
}

static void
copy_one(const char *path, const char *name, const char *to)
{
	char target[PATH_MAX];
	struct stat st;

	if (snprintf(target, sizeof(target), "%s/%s", to, name) >= (int)sizeof(target) || stat(path, &st) != 0)
		give_up("copy", path);
	if (S_ISDIR(st.st_mode))
		host_copy_dir(path, target);
	else if (S_ISREG(st.st_mode))
		copy_file(path, target);
}

void
host_copy_dir(const char *from, const char *to)
{
	if (mkdir(to, 0700) != 0 && errno != EEXIST)
		give_up("mkdir", to);
	each(from, copy_one, to);
}

json_t *
host_json(const char *text, size_t len)
{
	json_t *json;

	if (canon_parse(text, len, &json, NULL) != 0) {
		errno = EPROTO;
		give_up("JSON", text);
	}
	return json;
}
