/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "keyfile.h"

/* A key whose name is lost in a power failure is a lost database. */
static int
sync_directory(const char *path)
{
	autofree char *dir = strdup(path);
	char *slash = dir != NULL ? strrchr(dir, '/') : NULL;
	int fd, r;

	if (slash != NULL)
		slash[slash == dir] = '\0';
	if (dir == NULL || (fd = open(slash != NULL ? dir : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)) < 0)
		return -1;
	r = fsync(fd);
	close(fd);
	return r;
}

static int
make(const struct config *cfg, const struct world *world, const char *path, struct err *reterr)
{
	uint8_t key[DB_KEY];
	autofree char *db = NULL;
	ssize_t put;
	int fd, saved;

	if (asprintf(&db, "%s/cairn.db", cfg->state_dir) < 0)
		return -ENOMEM;
	if (access(db, F_OK) == 0)
		return err_set(reterr, E_REFUSED, "%s is missing, but %s exists: put the key file back; "
		    "without it nobody can read the database", path, db);
	if ((fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0400)) < 0)
		return err_set(reterr, -errno, "%s cannot be made: %s", path, strerror(errno));
	world_random(world, key, sizeof(key));
	put = write(fd, key, sizeof(key));
	saved = put != (ssize_t)sizeof(key) || fsync(fd) != 0 || sync_directory(path) != 0 ?
	    errno != 0 ? errno : EIO : 0;
	explicit_bzero(key, sizeof(key));
	if (close(fd) != 0 || saved != 0) {
		(void)unlink(path);
		return err_set(reterr, -EIO, "%s cannot be written: %s", path, strerror(saved));
	}
	return 0;
}

static int
read_key(const char *path, bool ours, uint8_t ret[DB_KEY], struct err *reterr)
{
	uint8_t key[DB_KEY + 1];
	struct stat st;
	ssize_t got;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);

	if (fd < 0)
		return -errno;
	if (fstat(fd, &st) != 0 || (ours && (st.st_uid != geteuid() || (st.st_mode & 0077) != 0))) {
		close(fd);
		return err_set(reterr, E_REFUSED, "%s must belong to the node's user and be closed to all others: "
		    "chmod 0400", path);
	}
	got = read(fd, key, sizeof(key));
	close(fd);
	if (got == DB_KEY)
		memcpy(ret, key, DB_KEY);
	explicit_bzero(key, sizeof(key));
	return got == DB_KEY ? 0 : err_set(reterr, E_REFUSED, "%s must hold exactly %d bytes", path, DB_KEY);
}

int
keyfile_load(const struct config *cfg, const struct world *world, uint8_t ret[DB_KEY], struct err *reterr)
{
	const char *directory = getenv("CREDENTIALS_DIRECTORY");
	autofree char *path = NULL;
	int r;

	if (directory != NULL) {
		if (asprintf(&path, "%s/kek", directory) < 0)
			return -ENOMEM;
		if ((r = read_key(path, false, ret, reterr)) != -ENOENT)
			return r;
	}
	if (cfg->key_file == NULL)
		return err_set(reterr, E_REFUSED, "key_file is not in the configuration, and systemd gave no "
		    "credential named kek");
	if ((r = read_key(cfg->key_file, true, ret, reterr)) != -ENOENT)
		return r;
	if ((r = make(cfg, world, cfg->key_file, reterr)) != 0)
		return r;
	return read_key(cfg->key_file, true, ret, reterr);
}
