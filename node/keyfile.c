/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/newfile.h"
#include "keyfile.h"

static int
make(const struct config *cfg, const struct world *world, const char *path, struct err *reterr)
{
	uint8_t key[DB_KEY];
	autofree char *db = NULL;
	int r;

	if (asprintf(&db, "%s/cairn.db", cfg->state_dir) < 0)
		return -ENOMEM;
	if (access(db, F_OK) == 0)
		return err_set(reterr, E_REFUSED, "%s is missing, but %s exists: put the key file back; "
		    "without it nobody can read the database", path, db);
	world_random(world, key, sizeof(key));
	r = newfile_make(path, 0400, key, sizeof(key), reterr);
	explicit_bzero(key, sizeof(key));
	return r;
}

static int
read_key(const char *path, bool ours, uint8_t ret[DB_KEY], struct err *reterr)
{
	uint8_t key[DB_KEY + 1];
	struct stat st;
	ssize_t got;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);

	if (fd < 0 && (errno == ELOOP || errno == EACCES))
		return err_set(reterr, E_REFUSED, "%s cannot be read: %s", path, errno == ELOOP ?
		    "it is a link; put the key file itself there, or name it in the configuration" :
		    "it must belong to the node's user: chown it, and chmod 0400");
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
	/* Of two that start for the first time at once, one makes it. */
	if ((r = make(cfg, world, cfg->key_file, reterr)) != 0 && read_key(cfg->key_file, true, ret, NULL) != 0)
		return r;
	return read_key(cfg->key_file, true, ret, reterr);
}
