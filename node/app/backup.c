/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "backup.h"
#include "base/canon.h"
#include "base/log.h"
#include "store/audit.h"
#include "store/peoplestore.h"
#include "store/statedir.h"

#define KEYS_MADE	"backup_keys"	/* meta: when keys.db was last copied. */

enum { TURN_PAGES = 256 };	/* 1 MiB. */

static const char *const state_name[] = { [BACKUP_NONE] = "none", [BACKUP_RUNNING] = "running", [BACKUP_DONE] = "done",
    [BACKUP_FAILED] = "failed" };

static const char *
path_of(const struct app *app, const char *name, char out[PATH_MAX])
{
	(void)snprintf(out, PATH_MAX, "%s/%s", app->cfg->state_dir, name);
	return out;
}

/* While it is not whole it has another name. */
static const char unfinished[] = "backup.db.new", finished[] = "backup.db";

void
backup_clear(struct app *app)
{
	char path[PATH_MAX];

	db_copy_end(app->db);
	if (app->backup.fd > 0)
		(void)close(app->backup.fd);
	app->backup.fd = 0;
	app->backup.state = BACKUP_NONE;
	(void)unlink(path_of(app, unfinished, path));
	(void)unlink(path_of(app, finished, path));
}

static void
give_up(struct app *app, int r)
{
	char why[sizeof(app->backup.why)];

	(void)snprintf(why, sizeof(why), "%s%s", r == ERR_DB ? db_error(app->db) : err_name(r), statedir_advice(-r));
	log_error("backup", "the database cannot be copied: %s", why);
	backup_clear(app);
	memcpy(app->backup.why, why, sizeof(why));
	app->backup.state = BACKUP_FAILED;
}

static int
begin(struct app *app)
{
	char path[PATH_MAX];

	app->backup.fd = open(path_of(app, unfinished, path), O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	return app->backup.fd < 0 ? -errno : db_copy_begin(app->db, path);
}

static int
sync_dir(const struct app *app)
{
	int fd = open(app->cfg->state_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int r = fd >= 0 && fsync(fd) == 0 ? 0 : -errno;

	if (fd >= 0)
		(void)close(fd);
	return r;
}

static int
finish(struct app *app)
{
	char from[PATH_MAX], to[PATH_MAX];
	struct stat st;

	if (fsync(app->backup.fd) != 0 || fstat(app->backup.fd, &st) != 0 ||
	    rename(path_of(app, unfinished, from), path_of(app, finished, to)) != 0)
		return -errno;
	app->backup.bytes = st.st_size;
	app->backup.state = BACKUP_DONE;
	return sync_dir(app);
}

bool
backup_step(struct app *app)
{
	int r;

	if (app->backup.state != BACKUP_RUNNING)
		return false;
	r = app->backup.fd == 0 ? begin(app) : 0;
	if (r == 0 && (r = db_copy_step(app->db, TURN_PAGES)) == 0)
		r = finish(app);
	else if (r == E_LATER && fdatasync(app->backup.fd) != 0)	/* A little each time, not all of it at the end. */
		r = -errno;
	if (r < 0)
		give_up(app, r);
	return app->backup.state == BACKUP_RUNNING;
}

static int
keys_made(struct app *app, const char *actor)
{
	char text[24];
	int r;

	(void)snprintf(text, sizeof(text), "%lld", (long long)app_now(app));
	r = meta_put(app->db, KEYS_MADE, text, false);
	return r != 0 ? r : audit_add(app->db, app_now(app), actor, "backup", "keys", NULL);
}

int
backup_keys_made(struct app *app, int64_t *ret)
{
	autofree char *text = NULL;
	int r = meta_get(app->db, KEYS_MADE, false, &text);

	*ret = r == 0 ? strtoll(text, NULL, 10) : 0;
	return r == E_NOTFOUND ? 0 : r;
}

int
backup_verb(struct app *app, const char *actor, const json_t *args, json_t **ret, struct err *reterr)
{
	bool look = json_is_true(json_object_get(args, "look")), remove = json_is_true(json_object_get(args, "remove"));
	char path[PATH_MAX];
	int r = 0;

	if (remove)
		backup_clear(app);
	else if (json_is_true(json_object_get(args, "keys")))
		r = keys_made(app, actor);
	else if (!look && app->backup.state == BACKUP_RUNNING)
		return err_set(reterr, E_EXISTS, "a backup is being made already; wait until it is done");
	else if (!look) {
		backup_clear(app);
		app->backup.state = BACKUP_RUNNING;
		r = audit_add(app->db, app_now(app), actor, "backup", "database", NULL);
	}
	if (r != 0)
		return r;
	*ret = json_pack("{s:s, s:s, s:I, s:s*}", "state", state_name[app->backup.state], "path", path_of(app, finished, path),
	    "bytes", (json_int_t)(app->backup.state == BACKUP_DONE ? app->backup.bytes : 0), "why",
	    app->backup.state == BACKUP_FAILED ? app->backup.why : NULL);
	return *ret != NULL ? 0 : -ENOMEM;
}
