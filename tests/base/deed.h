/* SPDX-License-Identifier: Apache-2.0 */
/*
 * deed: what code in a sandbox may try.  Each deed runs in a child that entered the
 * sandbox of a role; it answers 0 or an errno, a hostile one ends the child by SIGSYS.
 */
#ifndef CAIRN_TEST_DEED_H
#define CAIRN_TEST_DEED_H

#include <errno.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/sandbox.h"
#include "tests/tap.h"

enum { DIES = -SIGSYS, ABORTS = -SIGABRT };

#define answer(expr)	((expr) < 0 ? errno : 0)

typedef int	(*deed_fn)(void);

struct deed {
	const char	*name;
	deed_fn		 fn;
	int		 node, bridge;		/* What each role's sandbox makes of it. */
};
#define D(fn, node, bridge) { #fn, fn, node, bridge }

/* What the sandbox lets its role have: a directory and a file in it, both to write for the node; a port. */
static const char *deed_directory = "/nonexistent", *deed_file = "/nonexistent";
static int deed_port = 1;

/* The deed's errno, or minus the signal that ended it. */
static int
deed_run(enum sandbox_role role, deed_fn deed)
{
	struct sandbox_path paths[] = {
		{ deed_directory, role == SANDBOX_NODE }, { "/nonexistent/path", true }, { deed_file, role == SANDBOX_NODE },
	};
	struct err err = { "" };
	bool landlock = false;
	int status;
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (pid == 0) {
		if (sandbox_enter(role, paths, nelem(paths), (uint16_t)deed_port, &landlock, &err) != 0) {
			fprintf(stderr, "%s\n", err.text);
			_exit(255);
		}
		_exit(landlock ? deed() : 254);
	}
	if (waitpid(pid, &status, 0) != pid)
		return EPROTO;
	return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
}

static void
deed_run_all(const struct deed *deeds, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		is_int(deed_run(SANDBOX_NODE, deeds[i].fn), deeds[i].node, "node: %s", deeds[i].name);
		is_int(deed_run(SANDBOX_BRIDGE, deeds[i].fn), deeds[i].bridge, "bridge: %s", deeds[i].name);
	}
}

#endif /* !CAIRN_TEST_DEED_H */
