/* SPDX-License-Identifier: Apache-2.0 */
/*
 * host: nodes, each a process of its own around struct app, and the scripted
 * homeservers, in lockstep under one clock that only moves when all are idle.
 *
 * A node speaks node/base/frame.h over a socketpair.  What a test says besides
 * are HELLO frames with id HOST_TEST: {do: "bridge" | "tick" | "command" | "arm" | "stop"}
 * to the node, and from it {reply}, {crash} and, after each input, {idle, next, commits, points}.
 * The same seed gives the same run, commit by commit.
 */
#ifndef CAIRN_TEST_HOST_H
#define CAIRN_TEST_HOST_H

#include <jansson.h>
#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/buf.h"
#include "hs.h"

#define HOST_TEST	UINT64_MAX
#define HOST_START	1795230245678LL		/* 2026-11-21T03:04:05.678Z */

enum { HOST_NODES = 5, HOST_POINT = 200 /* Bytes of a commit's name. */ };

/* Where a node is killed, at its n-th commit from now. */
enum host_kill {
	HOST_NEVER,
	HOST_BEFORE_COMMIT,	/* The transaction is lost. */
	HOST_BEFORE_SEND,	/* Committed; nothing of it has left. */
	HOST_BEFORE_ANSWER,	/* All of it was sent and done; no answer arrived. */
	HOST_FORGOTTEN,		/* As before, HOST_FORGETS commits later, and none of them was durable:
				 * for proving the oracle. */
	HOST_HALF_SENT,		/* Committed; some of its bytes have left, and what arrived whole was done. */
	HOST_WITHIN,		/* Not at a commit: when it asks for the time or for randomness, the n-th time. */
	HOST_KILLS,
};
enum { HOST_FORGETS = 8 };
extern const char *const host_kill_name[HOST_KILLS];	/* "before_commit", ... */

struct host_node {
	char	 name[32], server[64], user[80], steward[80], org[27];
	char	 staff[160];		/* staff_users, the next time that it is started, or "". */
	pid_t	 pid;			/* 0: not running. */
	int	 fd;
	struct buf in;
	int64_t	 next;			/* When it wants app_tick. */
	long	 commits;		/* Since it was armed (or started). */
	unsigned starts;
	enum host_kill armed;
	long	 at;			/* The commit armed for. */
	char	 point[HOST_POINT];	/* Only commits of this name count; "": all. */
	long	 at_start;		/* Its next start dies HOST_WITHIN; 0: not. */
	bool	 watched;		/* It names its commits ... */
	json_t	*points;		/* ... and these were they. */
	bool	 crashed;		/* It died as armed; clear it when seen. */
	json_t	*tokens;		/* {account: token}, as the bridge holds them. */
	json_t	*reply;			/* Of the last command. */
};

struct host_call;

struct host {
	int64_t		*now;		/* Shared with the nodes. */
	struct hs	*hs;
	uint64_t	 seed, dice;
	char		 dir[PATH_MAX];	/* DIR/NAME and DIR/NAME.log of each node. */
	char		 signer[64];	/* trust_signer of all nodes, or "". */
	char		 recovery[64];	/* recovery_user of each node that is started, or "". */
	struct host_node node[HOST_NODES];
	size_t		 n;
	struct host_call *calls;	/* Requests that wait for their answer, oldest first. */
	long		 changes;	/* Counts what may have given a parked /sync something to say. */
};

/* A test that cannot go on says why and ends: a failed check, the log of each node. */
_Noreturn void host_fail(struct host *, const char *, ...) __attribute__((format(printf, 2, 3)));

/** host_open(host, seed): an empty world in a new directory.  host_close ends its processes and removes it. */
void	host_open(struct host *, uint64_t);
void	host_close(struct host *);
/** host_end(host): host_stop of each, then host_close. */
void	host_end(struct host *);
/** host_add(host, name, server): a node @cairn:SERVER with @steward:SERVER; not started.  Its index. */
size_t	host_add(struct host *, const char *name, const char *server);
/** host_branch(host): after fork(2), with no node running: go on with copies of the directories. */
void	host_branch(struct host *);

void	host_start(struct host *, size_t);
void	host_stop(struct host *, size_t);	/* In good order; a leak or a bad exit fails the test. */
void	host_kill(struct host *, size_t);	/* kill -9 */
/** host_arm(host, i, where, n): kill it at its ${n}th commit from now (1 is the next), and start it again. */
void	host_arm(struct host *, size_t, enum host_kill, long);
/**
 * host_arm_at(host, i, where, point, n): the same, at its ${n}th commit of that name.
 * host_arm_open(host, i, n): its next start dies when it asks for time or randomness the ${n}th time.
 * host_watch(host, i): from now on its commits are named: node[i].points.
 */
void	host_arm_at(struct host *, size_t, enum host_kill, const char *point, long);
void	host_arm_open(struct host *, size_t, long);
void	host_watch(struct host *, size_t);
/** host_bridge(host, i, done): its bridge dies and another comes: what was asked for is ${done}, but never answered. */
void	host_bridge(struct host *, size_t, bool done);

/**
 * host_run(host, ms): let everything happen, and time pass, until ${ms} have passed.
 * host_settle(host): only what happens without waiting.
 */
void	host_run(struct host *, int64_t);
void	host_settle(struct host *);
/** host_step(host): one thing happens; false if nothing does before host_next(host). */
bool	host_step(struct host *);
int64_t	host_next(const struct host *);

/**
 * host_command(host, i, verb, args): the operator's word to a node; consumes ${args}.  The
 * reply {ok, result | code, error}, which the caller decrefs; NULL if the node died first.
 * host_ok: only "result"; asked again if the node died; anything else fails the test.
 */
json_t	*host_command(struct host *, size_t, const char *verb, json_t *args);
json_t	*host_ok(struct host *, size_t, const char *verb, json_t *args);

/**
 * host_consent(host, i, records): the specialists among them, and of credentials, sign that they agree, as those of the stories do; "consent"
 * there: it stays.  They sign the identifiers of what they name, so host_names goes before: it imports that, and puts the identifiers in.
 */
void	host_names(struct host *, size_t, json_t *records);
void	host_consent(struct host *, size_t, json_t *records);

/* Between the files of host. */
struct frame;
void	host_must(struct host *, int r);			/* A frame was made, or the test ends. */
void	host_send(struct host *, size_t, const struct buf *);
void	host_tell(struct host *, size_t, json_t *);		/* A HOST_TEST frame; consumes it. */
void	host_listen(struct host *, size_t);			/* Read until the node is idle. */
void	host_calls_take(struct host *, size_t, const struct frame *);	/* REQUEST, BODY, END. */
void	host_calls_forget(struct host *, size_t);		/* They go unanswered. */
void	host_calls_do(struct host *, size_t);			/* They are done, and go unanswered. */

/* host_child.c: the node's process; never returns. */
_Noreturn void host_child(struct host *, size_t, int fd);
/** host_config(host, node): its configuration file's text; the caller frees. */
char	*host_config(const struct host *, const struct host_node *);

/*
 * host_point.c: in the node's process: what a commit is, in words, such as
 *
 *   command:answer
 *   tick>+send/org.cairnpeer.referral.answer
 *   answer:send/org.cairnpeer.referral.answer
 *   sync:todevice,timeline>+send/org.cairnpeer.referral.ack
 *
 * The input that caused it; what an answer answers, or a sync holds; and after ">" what
 * became of the outbox: + queued, = ready to go, ~ tried or put off, - gone, ? a question for keys.
 */
struct app;
struct host_point;
struct host_point *host_point_new(struct app *);
void	host_point_free(struct host_point *);
/** The next input. */
void	host_point_command(struct host_point *, const char *verb);
void	host_point_word(struct host_point *, const char *);
/** host_point_answer(point, id, body, len): ${body} is NULL for a failure. */
void	host_point_answer(struct host_point *, uint64_t, const char *, size_t);
/** host_point_name(point, out): just before its commit. */
void	host_point_name(struct host_point *, char out[HOST_POINT]);

/* host_disk.c */
void	host_make_dir(char dir[PATH_MAX]);
void	host_remove_dir(const char *);
void	host_copy_dir(const char *from, const char *to);
/** host_json(text): parse or end. */
json_t	*host_json(const char *, size_t);

#endif /* !CAIRN_TEST_HOST_H */
