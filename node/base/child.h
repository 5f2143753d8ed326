/* SPDX-License-Identifier: Apache-2.0 */
/* child: a program of ours, started with one descriptor.  It needs libc only, as cairnd does. */
#ifndef CAIRN_CHILD_H
#define CAIRN_CHILD_H

#include <sys/types.h>

enum { CHILD_FD = 3 };

/**
 * child_start(argv, fd): run ${argv}[0], a path.  ${fd} becomes its CHILD_FD; it has standard input, output and error besides, no blocked
 * signal, and SIGTERM when we die.  Its pid; 0 if there is no process.  That, and why a program cannot be run (EX_OSERR), is said on stderr.
 */
pid_t	child_start(const char *const argv[], int fd);

#endif /* !CAIRN_CHILD_H */
