/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "points.h"
#include "tests/tap.h"

enum { JOBS = 2, GOOD = 0, BAD = 3, NOT_REACHED = 4, TEXT_MAX = 4000, POINTS_MAX = 400, FORGOTTEN_STEP = 3 };

static const enum host_kill ways[] = { HOST_BEFORE_COMMIT, HOST_BEFORE_SEND, HOST_BEFORE_ANSWER };

/* One death, or none. */
struct point {
	size_t		 role;
	enum host_kill	 where;
	char		 name[HOST_POINT];	/* "": by number alone. */
	long		 at;
};

struct list {
	struct point	 point[POINTS_MAX];
	size_t		 n, names;
};

struct job {
	pid_t		 pid;		/* 0: free. */
	int		 out;		/* What it prints. */
	struct point	 point;
};

struct tally {
	int	tried, missed;
	int	bad;		/* The oracle says so ... */
	int	broken;		/* ... or the life never came to it. */
};

struct run {
	struct host	*host;
	const struct points_story *story;
	struct job	 jobs[JOBS];
	struct tally	 tally;
	bool		 quiet;
};

/* Hundreds of short lives: let the sanitizer keep little of freed memory, which fork(2) would copy. */
const char	*__asan_default_options(void);
const char *
__asan_default_options(void)
{
	return "quarantine_size_mb=1";
}

uint64_t
points_seed(uint64_t standard)
{
	const char *text = getenv("HS_SEED");
	uint64_t seed = text != NULL ? strtoull(text, NULL, 10) : standard;

	printf("# seed %llu\n", (unsigned long long)seed);
	return seed;
}

/* One file counts the checks of a program. */
void
points_check(bool good, const char *fmt, ...)
{
	char text[400];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	(void)ok(good, "%s", text);
}

int
points_done(void)
{
	return done_testing();
}

static void
print_point(const struct points_story *story, const struct point *p)
{
	printf("%s %s %s %s %ld\n", story->role[p->role], story->name, *p->name != '\0' ? p->name : "-",
	    host_kill_name[p->where], p->at);
}

/* In a process of its own: the story with one death in it. */
static int
live(struct host *h, const struct points_story *story, const struct point *p)
{
	const char *wrong;
	bool crashed;

	host_branch(h);
	for (size_t i = 0; i < h->n; i++)
		host_start(h, i);
	host_settle(h);
	host_arm_at(h, p->role, p->where, p->name, p->at);
	wrong = story->play(h);
	crashed = h->node[p->role].crashed;
	host_arm(h, p->role, HOST_NEVER, 0);
	if (wrong == NULL)
		wrong = story->judge(h);
	if (wrong != NULL) {
		printf("# %s\n", wrong);
		if (getenv("HS_POINT") != NULL)
			host_fail(h, "seen with HS_POINT: %s", wrong);
	}
	host_close(h);
	return wrong != NULL ? BAD : crashed || p->where == HOST_NEVER ? GOOD : NOT_REACHED;
}

static void
begin(struct run *run, struct job *job, const struct point *p)
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
		r = live(run->host, run->story, p);
		fflush(stdout);
		_exit(r);
	}
}

/* What a bad end has to say, and how to see it again. */
static void
report(const struct run *run, const struct job *job, int r)
{
	char text[TEXT_MAX + 1];
	ssize_t n = pread(job->out, text, TEXT_MAX, 0);

	printf("# %s HS_SEED=%llu HS_POINT=", r == NOT_REACHED ? "not reached:" : "bad:",
	    (unsigned long long)run->host->seed);
	print_point(run->story, &job->point);
	text[n > 0 ? n : 0] = '\0';
	for (char *line = strtok(text, "\n"); line != NULL; line = strtok(NULL, "\n"))
		printf("#   %s\n", line);
}

/* Wait for one of them; false when none runs. */
static bool
await(struct run *run)
{
	int status, r;
	pid_t pid = wait(&status);

	for (size_t i = 0; i < JOBS; i++) {
		struct job *job = &run->jobs[i];

		if (pid <= 0 || job->pid != pid)
			continue;
		r = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
		run->tally.tried++;
		run->tally.missed += r == NOT_REACHED;
		run->tally.bad += r == BAD;
		run->tally.broken += r != GOOD && r != NOT_REACHED && r != BAD;
		if (r != GOOD && !run->quiet)
			report(run, job, r);
		(void)close(job->out);
		job->pid = 0;
		return true;
	}
	return false;
}

static void
start(struct run *run, const struct point *p)
{
	for (;;) {
		for (size_t i = 0; i < JOBS; i++)
			if (run->jobs[i].pid == 0) {
				begin(run, &run->jobs[i], p);
				return;
			}
		(void)await(run);
	}
}

/* Told with nobody dying: the names of all commits. */
static void
read_points(struct host *h, const struct points_story *story, struct list lists[HOST_NODES], int *ret_good)
{
	int out = memfd_create("names", MFD_CLOEXEC), status;
	char line[HOST_POINT + 8];
	FILE *f = out >= 0 ? fdopen(out, "w+") : NULL;
	pid_t pid;

	fflush(stdout);
	if (f == NULL || (pid = fork()) < 0)
		abort();
	if (pid == 0) {
		const char *wrong;
		const json_t *name;
		size_t k;

		host_branch(h);
		for (size_t i = 0; i < h->n; i++)
			host_start(h, i);
		host_settle(h);
		for (size_t i = 0; i < h->n; i++)
			host_watch(h, i);
		wrong = story->play(h);
		for (size_t i = 0; i < h->n; i++)
			json_array_foreach(h->node[i].points, k, name)
				fprintf(f, "%zu %s\n", i, json_string_value(name));
		if (wrong == NULL)
			wrong = story->judge(h);
		if (wrong != NULL)
			printf("# undisturbed: %s\n", wrong);
		fflush(NULL);
		host_close(h);
		_exit(wrong != NULL);
	}
	(void)waitpid(pid, &status, 0);
	*ret_good = status == 0;
	rewind(f);
	while (fgets(line, sizeof(line), f) != NULL) {
		size_t i = (size_t)(*line - '0');
		struct list *l = &lists[i];
		struct point p = { .role = i, .at = 1 };

		line[strcspn(line, "\n")] = '\0';
		(void)snprintf(p.name, sizeof(p.name), "%.*s", HOST_POINT - 1, line + 2);
		for (size_t k = 0; k < l->n; k++)
			p.at += !strcmp(l->point[k].name, p.name);
		l->names += p.at == 1;
		if (l->n == POINTS_MAX) {
			printf("Bail out! %s has more than %d points\n", story->name, POINTS_MAX);
			exit(99);
		}
		l->point[l->n++] = p;
	}
	(void)fclose(f);
}

/* The ${k}th point, of those that the seed chooses for that way: evenly, from another one on for each way. */
static bool
is_among(const struct host *h, const struct points_story *story, const struct list *l, size_t way, size_t k)
{
	size_t each = l->n > story->few ? l->n / story->few : 1;

	return (k + (size_t)h->seed + way * each / nelem(ways)) % each == 0;
}

static void
print_list(struct host *h, const struct points_story *story)
{
	autofree struct list *lists = calloc(HOST_NODES, sizeof(*lists));
	int good;

	read_points(h, story, lists, &good);
	for (size_t i = 0; i < h->n; i++)
		for (size_t w = 0; w < nelem(ways) && story->role[i] != NULL; w++)
			for (size_t k = 0; k < lists[i].n; k++) {
				lists[i].point[k].where = ways[w];
				print_point(story, &lists[i].point[k]);
			}
}

/* HS_POINT names one of this story: tell that and end; or print the list. */
static void
asked(struct host *h, const struct points_story *story, const char *text)
{
	char role[16], name[32], where[32], commit[HOST_POINT];
	struct point p = { 0 };
	bool known = false;

	if (!strcmp(text, "list")) {
		print_list(h, story);
		return;
	}
	if (sscanf(text, "%15s %31s %199s %31s %ld", role, name, commit, where, &p.at) != 5) {
		printf("Bail out! HS_POINT is ROLE STORY COMMIT WHERE N\n");
		exit(99);
	}
	if (strcmp(name, story->name) != 0)
		return;
	for (size_t i = 0; i < HOST_NODES; i++)
		if (story->role[i] != NULL && !strcmp(story->role[i], role)) {
			p.role = i;
			known = true;
		}
	for (size_t i = 0; i < HOST_KILLS; i++)
		if (!strcmp(host_kill_name[i], where))
			p.where = (enum host_kill)i;
	if (strcmp(commit, "-") != 0)
		(void)snprintf(p.name, sizeof(p.name), "%s", commit);
	points_check(known && p.where != HOST_NEVER && live(h, story, &p) == GOOD, "%s", text);
	exit(points_done());
}

void
points_test(struct host *h, const struct points_story *story)
{
	static const char *const words[] = { [HOST_BEFORE_COMMIT] = "within the commit",
	    [HOST_BEFORE_SEND] = "between commit and send", [HOST_BEFORE_ANSWER] = "between send and answer" };
	autofree struct list *lists = calloc(HOST_NODES, sizeof(*lists));
	const char *point = getenv("HS_POINT");
	bool all = getenv("HS_LONG") != NULL;
	int good;

	for (size_t i = 0; i < h->n; i++)
		if (h->node[i].pid != 0)
			host_stop(h, i);
	if (point != NULL) {
		asked(h, story, point);
		return;
	}
	read_points(h, story, lists, &good);
	points_check(good, "%s, undisturbed: done once", story->name);
	for (size_t i = 0; i < h->n; i++) {
		const struct list *l = &lists[i];

		if (story->role[i] == NULL)
			continue;
		printf("# %s, %s: %zu named points with %zu names\n", story->name, story->role[i], l->n, l->names);
		for (size_t w = 0; w < nelem(ways); w++) {
			struct run run = { .host = h, .story = story };

			for (size_t k = 0; k < l->n; k++) {
				struct point p = l->point[k];

				p.where = ways[w];
				if (all || (story->few == 0 ? p.at == 1 : is_among(h, story, l, w, k)))
					start(&run, &p);
			}
			while (await(&run))
				continue;
			points_check(run.tally.tried > 0 && run.tally.bad + run.tally.broken + run.tally.missed == 0,
			    "%s: the %s killed %s at %d of %zu named points: exactly once", story->name,
			    story->role[i], words[ways[w]], run.tally.tried, l->n);
		}
	}
}

void
points_prove(struct host *h, const struct points_story *story)
{
	for (size_t i = 0; i < h->n && getenv("HS_POINT") == NULL; i++) {
		struct run run = { .host = h, .story = story, .quiet = true };

		if (story->role[i] == NULL)
			continue;
		for (long at = 1; run.tally.missed == 0; at += FORGOTTEN_STEP)
			start(&run, &(struct point){ .role = i, .where = HOST_FORGOTTEN, .at = at });
		while (await(&run))
			continue;
		points_check(run.tally.bad > 0, "%s: commits of the %s that are forgotten are noticed (%d of %d)",
		    story->name, story->role[i], run.tally.bad, run.tally.tried - run.tally.missed);
	}
}
