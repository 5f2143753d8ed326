/* SPDX-License-Identifier: Apache-2.0 */
#include "child.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sysexits.h>
#include <unistd.h>

pid_t
child_start(const char *const argv[], int fd)
{
	pid_t parent = getpid(), pid = fork();

	if (pid < 0)
		(void)fprintf(stderr, "error cairnd: cannot start %s: %s\n", argv[0], strerror(errno));
	if (pid != 0)
		return pid < 0 ? 0 : pid;
	(void)sigprocmask(SIG_SETMASK, &(sigset_t){ 0 }, NULL);
	(void)prctl(PR_SET_PDEATHSIG, SIGTERM, 0, 0, 0);
	if (getppid() != parent)	/* It died before that. */
		_exit(EX_OSERR);
	if ((fd == CHILD_FD ? fcntl(fd, F_SETFD, 0) : dup2(fd, CHILD_FD)) < 0 || close_range(CHILD_FD + 1, ~0u, 0) != 0)
		_exit(EX_OSERR);
	(void)execv(argv[0], (char *const *)(uintptr_t)argv);
	(void)fprintf(stderr, "error cairnd: cannot run %s: %s\n", argv[0], strerror(errno));
	_exit(EX_OSERR);
}
