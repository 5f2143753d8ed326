/* SPDX-License-Identifier: Apache-2.0 */
/*
 * docs/operating.md, "Backup", step by step: a backup made while the node works, somebody erased since, the machine lost,
 * the backup put back beside the newest keys, and a new device from the recovery file.
 */
#include <sys/stat.h>
#include <unistd.h>

#include "base/canon.h"
#include "domain/when.h"
#include "search.h"
#include "story_refer.h"
#include "tests/tap.h"

#define CANARY	"talk to in the evenings"	/* refer_fill: of the disclosure. */

static struct host h;

/* ${suffix} of the source's directory: "/x" a file in it, ".x" one beside it. */
static const char *
at(const char *suffix)
{
	static char path[4][PATH_MAX];
	static unsigned next;
	char *out = path[next++ % 4];

	if (snprintf(out, PATH_MAX, "%s/%s%s", h.dir, h.node[SOURCE].name, suffix) >= PATH_MAX)
		abort();
	return out;
}

static void
copy(const char *from, const char *to)
{
	char command[2 * PATH_MAX + 16];

	(void)snprintf(command, sizeof(command), "cp '%s' '%s'", from, to);
	if (system(command) != 0)
		host_fail(&h, "%s cannot be copied", from);
}

static json_t *
ask(const char *what)
{
	return host_ok(&h, SOURCE, "backup", what != NULL ? json_pack("{s:b}", what, 1) : json_object());
}

static bool
is_known(const struct referral_story *s)
{
	autojson json_t *reply = host_command(&h, SOURCE, "show", json_pack("{s:s}", "id", s->id));

	return json_obj(json_obj(reply, "result"), "request") != NULL;
}

/* "cairn backup FILE --keys DIR": what the node does of it; and, while it does, what else it has to do. */
static void
test_backup(void)
{
	autojson json_t *begun = ask(NULL), *done = NULL, *gone = NULL;
	struct stat st;

	is_str(json_str(begun, "state"), "running", "a backup is begun");
	host_run(&h, 2000);
	done = ask("look");
	is_str(json_str(done, "state"), "done", "and is done");
	ok(stat(at("/backup.db"), &st) == 0 && (st.st_mode & 07777) == 0600 && st.st_size == json_int(done, "bytes", 0),
	    "it is the owner's alone, and as long as it says");
	ok(access(at("/backup.db.new"), F_OK) != 0, "nothing half is left");
	copy(at("/backup.db"), at(".backup"));
	gone = ask("remove");
	ok(access(at("/backup.db"), F_OK) != 0, "what was taken from there is removed");
	copy(at("/keys.db"), at(".keys"));
}

/* "cairn backup --keys" says when it has copied them. */
static void
test_reminder(void)
{
	ok(story_ill(&h, SOURCE, "copies of keys", "was never copied"), "the doctor reminds who never copied the keys");
	*h.now += WHEN_DAY;
	json_decref(ask("keys"));
	*h.now += 7 * WHEN_DAY - WHEN_MINUTE;
	ok(story_well(&h, SOURCE, "copies of keys"), "a copy will do for a week");
	*h.now += WHEN_MINUTE;
	ok(story_ill(&h, SOURCE, "copies of keys", "made 7 days ago") && !story_ill(&h, SOURCE, "copies of keys", "destroyed"), "and then it is old");
	*h.now += 22 * WHEN_DAY;
	ok(story_ill(&h, SOURCE, "copies of keys", "is to be destroyed by now"), "and after 29 days no more to be there");
	host_kill(&h, SOURCE);
	host_start(&h, SOURCE);
	ok(story_ill(&h, SOURCE, "copies of keys", "29 days ago"), "a restart forgets nothing of that");
	json_decref(ask("keys"));
	ok(story_well(&h, SOURCE, "copies of keys"), "until the next");
}

/* A process that died in the middle leaves nothing when it is back. */
static void
test_died(void)
{
	copy(at("/cairn.db"), at("/backup.db.new"));
	copy(at("/cairn.db"), at("/backup.db"));
	host_kill(&h, SOURCE);
	host_start(&h, SOURCE);
	ok(access(at("/backup.db.new"), F_OK) != 0 && access(at("/backup.db"), F_OK) != 0, "a backup that a crash ended leaves nothing");
	host_run(&h, 2000);
}

/* The machine is lost: what is left is the backup, the newest copy of keys.db, the recovery file and the key. */
static void
lose_and_restore(void)
{
	copy(at("/recovery.txt"), at(".recovery"));
	copy(at("/keys.db"), at(".keys"));
	host_kill(&h, SOURCE);				/* 1 */
	host_remove_dir(at(""));
	if (mkdir(at(""), 0700) != 0)
		host_fail(&h, "no directory");
	copy(at(".backup"), at("/cairn.db"));		/* 2 */
	copy(at(".keys"), at("/keys.db"));		/* 3 */
	if (chmod(at("/cairn.db"), 0600) != 0 || chmod(at("/keys.db"), 0600) != 0)
		host_fail(&h, "chmod");
	host_start(&h, SOURCE);				/* 4 */
	host_run(&h, 10000);
}

/* How often the backup says it, with that file of keys. */
static int
shown(const char *keys)
{
	char dir[PATH_MAX];

	host_remove_dir(at(".pair"));
	(void)snprintf(dir, sizeof(dir), "%s", at(".pair"));
	if (mkdir(dir, 0700) != 0)
		host_fail(&h, "no directory");
	copy(at(".backup"), at(".pair/cairn.db"));
	copy(at(keys), at(".pair/keys.db"));
	return search(&h, SOURCE, ".backup", ".pair", CANARY).found;
}

int
main(void)
{
	struct referral_story erased, open, later;
	autojson json_t *setup = NULL;
	char what[64];

	story_begin(&h, 81);
	story_trust(&h);
	story_publish(&h);
	ok(story_well(&h, SOURCE, "copies of keys"), "before the first member there is nothing to copy");
	refer_to(&h, &erased, STORY_CONSENT);
	refer_to(&h, &open, STORY_ACCEPT);
	test_died();
	test_backup();
	copy(at(".keys"), at(".keys-of-that-day"));
	json_decref(host_ok(&h, SOURCE, "erase", json_pack("{s:s, s:s}", "id", erased.id, "confirm", erased.id)));
	host_run(&h, 60000);
	refer_to(&h, &later, STORY_REFER);
	lose_and_restore();
	(void)snprintf(what, sizeof(what), "referral:%s", erased.id);
	ok(!is_known(&erased), "who was erased since is forgotten again");
	ok(story_well(&h, SOURCE, "store") && story_well(&h, SOURCE, "audit") && story_well(&h, SOURCE, "keys of members"),
	    "the database is whole");
	ok(is_known(&open) && !is_known(&later), "it is that of the day of the backup");
	ok(story_ill(&h, SOURCE, "epoch", "not the newest"), "and says that it is");
	ok(shown(".keys-of-that-day") > 0, "with the keys of that day the backup shows whom it is about");
	is_int(shown(".keys"), 0, "with the newest it does not");
	copy(at(".recovery"), at("/recovery.txt"));
	setup = host_ok(&h, SOURCE, "setup", json_pack("{s:s, s:s}", "node_password", "node password", "steward_password", "steward password"));
	host_run(&h, 60000);
	ok(story_well(&h, SOURCE, "epoch"), "with the recovery file there is a new device");
	host_stop(&h, SOURCE);
	ok(search(&h, SOURCE, "/cairn.db", "", CANARY).found == 0 && search_servers(&h, CANARY) == 0,
	    "backup, keys, recovery file and all that both homeservers were told: nobody reads what was erased");
	host_start(&h, SOURCE);
	host_run(&h, 10000);
	ok(refer_step(&h, &open, STORY_CONSENT) && refer_step(&h, &open, STORY_CONTACT), "what was on its way goes on");
	refer_to(&h, &later, STORY_CLOSE);
	ok(story_complaints(&h) == 0, "and what is begun anew goes all the way, with nothing used twice");
	test_reminder();
	host_close(&h);
	return done_testing();
}
