/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The power fails while a backup is made, at a sync or after a write.  Whatever is there then under the name of a finished
 * backup is whole; the node starts again, removes it, and the next backup is made and whole.
 *
 * The last test proves the oracle: with a disk that does not sync a torn copy is found.
 *
 * HS_SEED, FAULT_POINT and HS_LONG as in test_power.c.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "app/backup.h"
#include "base/canon.h"
#include "base/cleanup.h"
#include "base/newfile.h"
#include "power.h"

enum { ASK_MOST = 6, LOOK_MOST = 40, LOOK_MS = 500, LAST = 4, DICE = 10 };

/* Shared with the lives: finished backups that were there after the power had failed, and those of them that were torn. */
static struct looks {
	int	found, torn;
} *looks;

void	__real_backup_clear(struct app *);
void	__wrap_backup_clear(struct app *);

/* "ok", or what is wrong with a copy of that file; static. */
static const char *
check_copy(const char *from, const char *to)
{
	static const char *const left[] = { "", "-wal", "-shm" };
	char path[PATH_MAX + 8];
	struct err err = { "" };
	const char *verdict = "it cannot be copied";
	int fd = open(from, O_RDONLY | O_CLOEXEC);

	if (fd >= 0 && newfile_copy(to, 0600, fd, &err) == 0)
		verdict = vfs_check(to);
	if (fd >= 0)
		(void)close(fd);
	for (size_t i = 0; i < nelem(left); i++) {
		(void)snprintf(path, sizeof(path), "%s%s", to, left[i]);
		(void)unlink(path);
	}
	return verdict;
}

/* At a start the node removes what is there: before that somebody could have taken it. */
void
__wrap_backup_clear(struct app *app)
{
	char path[PATH_MAX], copy[PATH_MAX];

	(void)snprintf(path, sizeof(path), "%s/backup.db", app->cfg->state_dir);
	(void)snprintf(copy, sizeof(copy), "%s.looked", app->cfg->state_dir);
	if (fault_subject() && fault->died && app->backup.state == BACKUP_NONE && access(path, F_OK) == 0) {
		looks->found++;
		looks->torn += strcmp(check_copy(path, copy), "ok") != 0;
	}
	__real_backup_clear(app);
}

static const char *
ask(struct host *h, const char *what, char out[16])
{
	autojson json_t *reply = host_command(h, SOURCE, "backup", what != NULL ? json_pack("{s:b}", what, 1) : json_object());
	const char *state = json_str(json_obj(reply, "result"), "state");

	(void)snprintf(out, 16, "%s", state != NULL ? state : "none");
	return out;
}

static const char *
backup(struct host *h, size_t sufferer)
{
	char state[16] = "none", path[PATH_MAX + 80], copy[PATH_MAX + 80];
	int before = looks->torn;
	const char *verdict;

	(void)sufferer;
	host_start(h, SOURCE);
	host_settle(h);
	/* The operator begins again if it was lost. */
	for (int tries = 0; tries < ASK_MOST && strcmp(state, "done") != 0; tries++) {
		(void)ask(h, NULL, state);
		for (int i = 0; i < LOOK_MOST && !strcmp(state, "running"); i++) {
			host_run(h, LOOK_MS);
			(void)ask(h, "look", state);
		}
	}
	if (looks->torn > before)
		return "a torn copy was there by the name of a backup";
	if (strcmp(state, "done") != 0)
		return "no backup is ever made";
	(void)snprintf(path, sizeof(path), "%s/%s/backup.db", h->dir, h->node[SOURCE].name);
	(void)snprintf(copy, sizeof(copy), "%s/%s.taken", h->dir, h->node[SOURCE].name);
	if (strcmp(verdict = check_copy(path, copy), "ok") != 0)
		return verdict;
	(void)ask(h, "remove", state);
	fault_rest();
	host_stop(h, SOURCE);
	(void)snprintf(path, sizeof(path), "%s/%s/cairn.db", h->dir, h->node[SOURCE].name);
	return strcmp(verdict = vfs_check(path), "ok") != 0 ? verdict : NULL;
}

static const struct life life_backup = { "backup", backup };

/* A disk that keeps nothing by a sync: the last writes, when the copy has its name already, each with several dice. */
static void
prove(struct host *h)
{
	struct fault_plan plan = { .what = FAULT_POWER_WRITE, .node = SOURCE, .at = 1, .mode = DISK_SUBSET, .lie = LIE_ALL, .seed = h->seed };
	struct fault counted = lives_count(h, &life_backup, &plan);
	int before = looks->torn;

	for (int i = 0; i < DICE && looks->torn == before; i++) {
		plan.at = counted.writes - LAST;
		plan.seed += 1000;
		(void)lives_each(h, &life_backup, &plan, counted.writes, 1, true);
	}
	ok(looks->torn > before, "nothing is synced: a torn copy is noticed (%d)", looks->torn - before);
}

int
main(void)
{
	struct host h;

	looks = mmap(NULL, sizeof(*looks), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (looks == MAP_FAILED)
		abort();
	lives_begin(&h, LIVES_CHECKPOINT);
	lives_asked(&h, &life_backup);
	power_each(&h, &life_backup, FAULT_POWER_SYNC, "syncs", 12, "no torn backup, and a whole one after it");
	power_each(&h, &life_backup, FAULT_POWER_WRITE, "writes", 12, "no torn backup, and a whole one after it");
	ok(looks->found > 0 && looks->torn == 0, "of %d finished copies that a lost power left none is torn", looks->found);
	prove(&h);
	host_close(&h);
	return done_testing();
}
