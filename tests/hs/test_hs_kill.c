/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A node is killed -9 at each of its commits while a referral goes from the
 * first word to closed: once before anything of that commit was sent, once after
 * all of it was done but before an answer came.  Started again, the referral is
 * delivered exactly once.
 *
 * Each point is a process of its own that goes on from the same beginning.  The
 * last tests prove the oracle: a commit that was not durable must be noticed.
 *
 * HS_SEED chooses the run; HS_POINT="source before_send 17" one point of it;
 * HS_LONG=1 adds kills inside of commits.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "story_refer.h"
#include "tests/tap.h"

enum { JOBS = 2, GOOD = 0, BAD = 1, NOT_REACHED = 2, TEXT_MAX = 4000 };

static const char *const role_names[] = { [SOURCE] = "source", [TARGET] = "target" };
static const char *const kill_names[] = { "never", "before_commit", "before_send", "before_answer", "forgotten" };

struct point {
	size_t		 role;
	enum host_kill	 where;
	long		 at;
};

struct job {
	pid_t		 pid;		/* 0: free. */
	int		 out;		/* What it prints. */
	struct point	 point;
};

/* Hundreds of short lives: let the sanitizer keep little of freed memory, which fork(2) would copy. */
const char	*__asan_default_options(void);
const char *
__asan_default_options(void)
{
	return "quarantine_size_mb=1";
}

struct tally {
	int	points, good, bad;
};

/* In a process of its own: the story with one death in it. */
static int
live(struct host *h, const struct point *p)
{
	struct referral_story s;
	const char *wrong;
	bool crashed;

	host_branch(h);
	for (size_t i = 0; i < h->n; i++)
		host_start(h, i);
	host_settle(h);
	refer_begin(h, &s);
	host_arm(h, p->role, p->where, p->at);
	wrong = refer_all(h, &s) ? NULL : "the referral does not get through";
	crashed = h->node[p->role].crashed;
	host_arm(h, p->role, HOST_NEVER, 0);
	if (wrong == NULL)
		wrong = refer_verdict(h, &s);
	if (wrong != NULL) {
		printf("# %s %s %ld: %s\n", role_names[p->role], kill_names[p->where], p->at, wrong);
		if (getenv("HS_POINT") != NULL)
			host_fail(h, "seen with HS_POINT");
	}
	host_close(h);
	return wrong != NULL ? BAD : crashed || p->where == HOST_NEVER ? GOOD : NOT_REACHED;
}

static void
begin(struct host *h, struct job *job, const struct point *p)
{
	*job = (struct job){ .out = memfd_create("point", MFD_CLOEXEC), .point = *p };
	fflush(stdout);
	if (job->out < 0 || (job->pid = fork()) < 0) {
		printf("Bail out! %s\n", strerror(errno));
		exit(99);
	}
	if (job->pid == 0) {
		int r;

		(void)dup2(job->out, STDOUT_FILENO);
		r = live(h, p);
		fflush(stdout);
		_exit(r);
	}
}

/* Wait for one of them; its exit status, or -1 when none runs. */
static int
await(struct job jobs[JOBS], struct tally *tally, bool quiet)
{
	char text[TEXT_MAX + 1];
	int status, r;
	ssize_t n;
	pid_t pid = wait(&status);

	for (size_t i = 0; i < JOBS; i++) {
		if (pid <= 0 || jobs[i].pid != pid)
			continue;
		r = WIFEXITED(status) ? WEXITSTATUS(status) : BAD;
		if (r != NOT_REACHED)
			tally->points++;
		tally->good += r == GOOD;
		tally->bad += r != GOOD && r != NOT_REACHED;
		n = pread(jobs[i].out, text, TEXT_MAX, 0);
		if (n > 0 && r != GOOD && !quiet) {
			text[n] = '\0';
			printf("# point %s %s %ld:\n", role_names[jobs[i].point.role],
			    kill_names[jobs[i].point.where], jobs[i].point.at);
			for (char *line = strtok(text, "\n"); line != NULL; line = strtok(NULL, "\n"))
				printf("#   %s\n", line);
		}
		(void)close(jobs[i].out);
		jobs[i].pid = 0;
		return r;
	}
	return -1;
}

/* Every ${step}th commit from the first word on, until the story ends before it. */
static struct tally
each_point(struct host *h, size_t role, enum host_kill where, long step, bool quiet)
{
	struct job jobs[JOBS] = { 0 };
	struct tally tally = { 0 };
	long at = 1;
	bool more = true;
	int r = 0;

	while (r >= 0) {
		struct job *free_job = NULL;

		for (size_t i = 0; i < JOBS; i++)
			if (jobs[i].pid == 0)
				free_job = &jobs[i];
		if (more && free_job != NULL) {
			begin(h, free_job, &(struct point){ role, where, at });
			at += step;
			continue;
		}
		r = await(jobs, &tally, quiet);
		more &= r != NOT_REACHED;
	}
	return tally;
}

static void
test_undisturbed(struct host *h)
{
	struct job jobs[JOBS] = { 0 };
	struct tally tally = { 0 };

	begin(h, &jobs[0], &(struct point){ SOURCE, HOST_NEVER, 0 });
	ok(await(jobs, &tally, false) == GOOD, "undisturbed, the referral is delivered once");
}

static void
test_kills(struct host *h)
{
	static const enum host_kill where[] = { HOST_BEFORE_SEND, HOST_BEFORE_ANSWER, HOST_BEFORE_COMMIT };
	static const char *const words[] = { "between commit and send", "between send and answer",
	    "within a commit" };
	size_t n = getenv("HS_LONG") != NULL ? nelem(where) : nelem(where) - 1;

	for (size_t role = SOURCE; role <= TARGET; role++)
		for (size_t i = 0; i < n; i++) {
			struct tally t = each_point(h, role, where[i], 1, false);

			ok(t.points > 20 && t.bad == 0, "the %s killed %s at each of %d commits: exactly once",
			    role_names[role], words[i], t.points);
		}
}

/* Without durable commits the same kills lose and repeat things, and this test would be red. */
static void
test_oracle(struct host *h)
{
	for (size_t role = SOURCE; role <= TARGET; role++) {
		struct tally t = each_point(h, role, HOST_FORGOTTEN, 3, true);

		ok(t.bad > 0, "commits of the %s that are forgotten are noticed (%d of %d)", role_names[role],
		    t.bad, t.points);
	}
}

static int
one_point(struct host *h, const char *text)
{
	char role[16], where[32];
	struct point p = { 0 };

	if (sscanf(text, "%15s %31s %ld", role, where, &p.at) != 3)
		return 99;
	p.role = !strcmp(role, "target") ? TARGET : SOURCE;
	for (size_t i = 0; i < nelem(kill_names); i++)
		if (!strcmp(kill_names[i], where))
			p.where = (enum host_kill)i;
	return live(h, &p);
}

int
main(void)
{
	const char *seed = getenv("HS_SEED"), *point = getenv("HS_POINT");
	struct host h;

	story_begin(&h, seed != NULL ? strtoull(seed, NULL, 10) : 3);
	printf("# seed %llu\n", (unsigned long long)h.seed);
	story_trust(&h);
	story_publish(&h);
	for (size_t i = 0; i < h.n; i++)
		host_stop(&h, i);
	if (point != NULL)
		return one_point(&h, point);
	test_undisturbed(&h);
	test_kills(&h);
	test_oracle(&h);
	host_close(&h);
	return done_testing();
}
