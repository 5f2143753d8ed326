/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/canon.h"
#include "base/heap.h"
#include "crypt/primitives.h"
#include "lives.h"

#define JSON_HEAP	(256UL << 20)

enum { JOBS = 2, TEXT_MAX = 6000, SEED = 3, AGAIN = 3, SETUP_MS = 120 * 1000 };

struct result {
	bool	whole, bad;
	struct fault fault;
};

struct job {
	pid_t	pid;			/* 0: free. */
	int	out;			/* What it prints. */
	struct fault_plan plan;
	struct result *result;		/* Shared with it. */
};

/* Hundreds of short lives: let the sanitizer keep little of freed memory, which fork(2) would copy. */
const char	*__asan_default_options(void);
const char *
__asan_default_options(void)
{
	return "quarantine_size_mb=1:allocator_may_return_null=1";
}

bool
lives_long(void)
{
	return getenv("HS_LONG") != NULL;
}

long
lives_turn(void)
{
	static long turn = -1;		/* The same for all of a process, past midnight too. */
	const char *text = getenv("FAULT_TURN");

	if (turn < 0)
		turn = text != NULL ? strtol(text, NULL, 10) & 0xffffff : (long)(time(NULL) / 86400);
	return turn;
}

/*
 * The two lives.
 */

static const char *
stop_all(struct host *h)
{
	char path[PATH_MAX + 80];
	const char *verdict = "ok";

	fault_rest();
	for (size_t i = 0; i < h->n; i++) {
		host_stop(h, i);
		(void)snprintf(path, sizeof(path), "%s/%s/cairn.db", h->dir, h->node[i].name);
		if (!strcmp(verdict, "ok"))
			verdict = vfs_check(path);
	}
	return !strcmp(verdict, "ok") ? NULL : verdict;
}

/* A step that was refused for the fault's sake is asked for again, as an operator would. */
static bool
step(struct host *h, struct referral_story *s, enum story_step which)
{
	for (int tries = 0; tries < AGAIN; tries++) {
		bool before = fault->over;

		if (refer_step(h, s, which))
			return true;
		fault_rest();
		if (before)
			return false;
	}
	return false;
}

static const char *
referral(struct host *h, size_t sufferer)
{
	struct referral_story s;
	const char *wrong;

	(void)sufferer;
	for (size_t i = 0; i < h->n; i++)
		host_start(h, i);
	host_settle(h);
	refer_begin(h, &s);
	for (enum story_step which = 0; which < STORY_STEPS; which++)
		if (!step(h, &s, which))
			return "the referral does not get through";
	if ((wrong = refer_verdict(h, &s)) != NULL)
		return wrong;
	return stop_all(h);
}

static void
ask_setup(struct host *h, size_t i)
{
	json_decref(host_command(h, i, "setup", json_pack("{s:s, s:s}", "node_password", "node password",
	    "steward_password", "steward password")));
}

static bool
setup_is(struct host *h, size_t i, const char *stage)
{
	autojson json_t *status = host_ok(h, i, "status", json_object());

	return !strcmp(json_str(status, "setup"), stage);
}

/* The operator asks again if the word was lost or setup says that it failed. */
static const char *
setup(struct host *h, size_t i)
{
	host_start(h, i);
	for (int tries = 0; tries <= AGAIN; tries++) {
		if (setup_is(h, i, "not started") || setup_is(h, i, "failed"))
			ask_setup(h, i);
		host_run(h, SETUP_MS);
		if (setup_is(h, i, "done"))
			break;
		if (setup_is(h, i, "failed")) {
			autojson json_t *status = host_ok(h, i, "status", json_object());

			printf("# setup: %s\n", json_str(status, "error"));
		}
	}
	if (!setup_is(h, i, "done"))
		return "the setup never gets through";
	if (!story_clean(h, i) || story_count(h, i, "outbox") != 0)
		return "something is still to be sent";
	if (story_complaints(h) > 0)
		return "the homeservers complain";
	return stop_all(h);
}

const struct life life_referral = { "referral", referral };
const struct life life_setup = { "setup", setup };

void
lives_begin(struct host *h, int pages)
{
	const char *seed = getenv("HS_SEED");

	/* As node.c does before all else; libcrypto does not survive a failed allocation while it starts. */
	if (heap_limit(JSON_HEAP) != 0 || primitives_in_force(NULL) != 0)
		printf("# libolm's own primitives are in use\n");
	vfs_install(pages);
	story_begin(h, seed != NULL ? strtoull(seed, NULL, 10) : SEED);
	printf("# seed %llu, turn %ld\n", (unsigned long long)h->seed, lives_turn());
	story_trust(h);
	story_publish(h);
	for (size_t i = 0; i < h->n; i++)
		host_stop(h, i);
}

/*
 * One life.
 */

/* Did the node say which file it is about, before it ended? */
static bool
said(const struct host *h, size_t i, const char *words)
{
	char path[PATH_MAX + 40], file[PATH_MAX + 40], line[2048];
	bool found = false;
	FILE *f;

	(void)snprintf(file, sizeof(file), "%s/%s/", h->dir, h->node[i].name);
	(void)snprintf(path, sizeof(path), "%s/%s.log", h->dir, h->node[i].name);
	if ((f = fopen(path, "r")) == NULL)
		return false;
	while (fgets(line, sizeof(line), f) != NULL)
		found |= !strncmp(line, "error", 5) && strstr(line, file) != NULL && strstr(line, words) != NULL;
	(void)fclose(f);
	return found;
}

static void
show_log(const struct host *h, size_t i)
{
	char path[PATH_MAX + 40], line[2048];
	FILE *f;

	(void)snprintf(path, sizeof(path), "%s/%s.log", h->dir, h->node[i].name);
	if ((f = fopen(path, "r")) == NULL)
		return;
	while (fgets(line, sizeof(line), f) != NULL)
		if (strncmp(line, "debug", 5) != 0)
			printf("log: %s", line);
	(void)fclose(f);
}

static void
live(struct host *h, const struct life *life, const struct fault_plan *plan, struct result *ret)
{
	const char *wrong;

	host_branch(h);
	if (life == &life_setup && h->n == 0)
		(void)host_add(h, "harbor", "harbor.example");
	fault_begin(h, plan);
	ret->bad = true;
	wrong = life->live(h, plan->node);
	if (wrong == NULL && fault->leaked)
		wrong = "memory leaked";
	if (wrong == NULL && fault->stopped && plan->what != FAULT_MEMORY &&
	    !said(h, plan->node, "make space") && !said(h, plan->node, "look at"))
		wrong = "it stopped without saying which file, and what to do";
	if (wrong == NULL && fault->stopped && plan->stays && !fault->stayed)
		wrong = "while the fault lasted it started all the same, or ended badly";
	if (wrong != NULL) {
		printf("%s; failed: %s\n", wrong, fault->struck ? fault->call : "nothing");
		show_log(h, plan->node);
	}
	ret->fault = *fault;
	ret->bad = wrong != NULL;
	ret->whole = true;
	host_close(h);
}

static void
begin(struct host *h, const struct life *life, struct job *job, const struct fault_plan *plan)
{
	if (job->result == NULL)
		job->result = mmap(NULL, sizeof(*job->result), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (job->result == MAP_FAILED)
		abort();
	*job->result = (struct result){ 0 };
	job->plan = *plan;
	job->out = memfd_create("life", MFD_CLOEXEC);
	(void)fflush(stdout);
	if (job->out < 0 || (job->pid = fork()) < 0) {
		printf("Bail out! %s\n", strerror(errno));
		exit(99);
	}
	if (job->pid == 0) {
		(void)dup2(job->out, STDOUT_FILENO);
		live(h, life, plan, job->result);
		(void)fflush(stdout);
		_exit(job->result->bad);
	}
}

static void
print_plan(const struct life *life, const struct fault_plan *p)
{
	printf("FAULT_POINT='%s %d %zu %ld %llu %d %d %d %d %d'\n", life->name, (int)p->what, p->node, p->at,
	    (unsigned long long)p->seed, (int)p->mode, (int)p->lie, p->error, p->persistent, p->stays);
}

static void
report(const struct life *life, const struct job *job)
{
	char text[TEXT_MAX + 1];
	ssize_t n = pread(job->out, text, TEXT_MAX, 0);

	printf("# bad: ");
	print_plan(life, &job->plan);
	text[n > 0 ? n : 0] = '\0';
	for (char *line = strtok(text, "\n"); line != NULL; line = strtok(NULL, "\n"))
		printf("#   %s\n", line);
}

/* Wait for one of them; false when none runs. */
static bool
await(const struct life *life, struct job jobs[JOBS], struct tally *tally, bool quiet)
{
	int status;
	pid_t pid = wait(&status);

	for (size_t i = 0; i < JOBS; i++) {
		const struct result *r = jobs[i].result;
		bool bad;

		if (pid <= 0 || jobs[i].pid != pid)
			continue;
		bad = !r->whole || r->bad || status != 0;
		if (!r->whole || r->fault.struck)
			tally->lives++;
		tally->bad += bad;
		tally->stopped += r->fault.stopped;
		tally->reached &= !r->whole || r->fault.struck;
		if (bad && !quiet)
			report(life, &jobs[i]);
		(void)close(jobs[i].out);
		jobs[i].pid = 0;
		return true;
	}
	return false;
}

struct tally
lives_each(struct host *h, const struct life *life, const struct fault_plan *first, long to, long width, bool quiet)
{
	struct job jobs[JOBS] = { 0 };
	struct tally tally = { .reached = 1 };
	struct fault_plan plan = *first;
	bool more = true;

	while (more) {
		struct job *idle = NULL;

		for (size_t i = 0; i < JOBS; i++)
			if (jobs[i].pid == 0)
				idle = &jobs[i];
		if (plan.at <= to && idle != NULL) {
			begin(h, life, idle, &plan);
			plan.at += width;
			plan.seed = plan.seed * 6364136223846793005u + 1442695040888963407u;
		} else
			more = await(life, jobs, &tally, quiet);
	}
	for (size_t i = 0; i < JOBS; i++)
		if (jobs[i].result != NULL)
			(void)munmap(jobs[i].result, sizeof(struct result));
	return tally;
}

struct fault
lives_count(struct host *h, const struct life *life, const struct fault_plan *plan)
{
	struct job jobs[JOBS] = { 0 };
	struct tally tally = { 0 };
	struct fault_plan calm = *plan;
	struct fault counted;

	calm.what = FAULT_NONE;
	begin(h, life, &jobs[0], &calm);
	(void)await(life, jobs, &tally, false);
	if (tally.bad > 0) {
		printf("Bail out! undisturbed, the %s does not get through\n", life->name);
		exit(99);
	}
	counted = jobs[0].result->fault;
	(void)munmap(jobs[0].result, sizeof(struct result));
	return counted;
}

void
lives_asked(struct host *h, const struct life *life)
{
	const char *text = getenv("FAULT_POINT");
	struct fault_plan p = { 0 };
	struct result result = { 0 };
	unsigned long long seed;
	int what, mode, lie, persistent, stays;
	char name[16];

	if (text == NULL || sscanf(text, "%15s %d %zu %ld %llu %d %d %d %d %d", name, &what, &p.node, &p.at, &seed,
	    &mode, &lie, &p.error, &persistent, &stays) != 10 || strcmp(name, life->name) != 0)
		return;
	p.what = (enum fault_what)what;
	p.seed = seed;
	p.mode = (enum disk_mode)mode;
	p.lie = (enum fault_lie)lie;
	p.persistent = persistent;
	p.stays = stays;
	live(h, life, &p, &result);
	printf("%sok 1 - %s\n1..1\n", result.bad ? "not " : "", text);
	exit(result.bad);
}
