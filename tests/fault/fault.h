/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fault: what one node of a test world suffers, once.
 *
 * The node is the product's own code, which knows nothing of this.  Below it
 * are a SQLite VFS (vfs.c), the calls with which it writes files of its own (files.c, by
 * --wrap) and, in test_memory, malloc (memory.c).  All count, and at the n-th time something happens.
 * A node that stops in good order (exit status 3 of host_child.c) is started again
 * by the host, and by then the fault is over.
 */
#ifndef CAIRN_TEST_FAULT_H
#define CAIRN_TEST_FAULT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "disk.h"
#include "tests/hs/story_refer.h"

#if defined(__SANITIZE_ADDRESS__)
#define FAULT_SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define FAULT_SANITIZED 1
#endif
#endif

enum fault_what {
	FAULT_NONE,		/* Only count. */
	FAULT_POWER_SYNC,	/* The power fails at the n-th sync, before it did anything. */
	FAULT_POWER_WRITE,	/* After the n-th write, of any file. */
	FAULT_IO,		/* The n-th call of the VFS, or of a file of the node's own, fails. */
	FAULT_GATE,		/* The n-th sync fails, and what it should have written never is, unless
				 * it is written again.  Started again, the power fails a few commits later. */
	FAULT_MEMORY,		/* The n-th allocation fails. */
};

/* Whether syncs are honest.  The others are for proving the oracle. */
enum fault_lie { LIE_NONE, LIE_COMMIT /* as synchronous=NORMAL */, LIE_ALL /* as OFF */, LIE_NAMES };

struct fault_plan {
	enum fault_what	what;
	size_t		node;		/* Who suffers. */
	long		at;		/* The n of the n-th. */
	uint64_t	seed;
	enum disk_mode	mode;		/* POWER. */
	enum fault_lie	lie;
	int		error;		/* IO: EIO or ENOSPC. */
	bool		persistent;	/* IO, MEMORY: and every later one, until the node is started again. */
	bool		stays;		/* IO: also during the first start after that, which must fail too. */
};

/* Shared by the test and its nodes. */
struct fault {
	struct fault_plan plan;
	long	syncs, writes, calls, allocations;
	long	starts;			/* Of the node that suffers. */
	bool	struck;			/* It has happened. */
	bool	over;
	bool	stopped;		/* It ended with status 3. */
	bool	died;			/* By power. */
	long	gate;			/* The sync before which the power fails. */
	bool	leaked;
	bool	stayed;			/* A start during the fault was refused in good order. */
	char	call[64];		/* What failed. */
};

extern struct fault *fault;

/** fault_begin(host, plan): for the nodes to be started from now on.  fault_rest: nothing happens any more. */
void	fault_begin(struct host *, const struct fault_plan *);
void	fault_rest(void);

/* In a node. */

/** fault_subject(): is this the process that suffers? */
bool	fault_subject(void);
/** fault_inside(): is it working on an input? */
bool	fault_inside(void);
/** fault_calls(name): one more call; true if it must fail. */
bool	fault_calls(const char *);
/** fault_syncs(): one more sync, which may end the process; true if it must fail and lose what it should write. */
bool	fault_syncs(void);
/** fault_writes(): one more write, after which the power may fail. */
void	fault_writes(void);

/** fault_allocates(): one more allocation; true if it must fail. */
bool	fault_allocates(void);

/** vfs_install(pages): make the VFS below all stores of this process and its children; a checkpoint every ${pages}, or 0. */
void	vfs_install(int);
/** vfs_check(path): PRAGMA integrity_check of a database that nobody uses: "ok" or what is wrong; static. */
const char *vfs_check(const char *path);

#endif /* !CAIRN_TEST_FAULT_H */
