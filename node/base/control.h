/* SPDX-License-Identifier: Apache-2.0 */
/*
 * control: what cairnd and the node say to each other, over a SOCK_SEQPACKET pair; a message is
 *	from cairnd	a role ("matrix") and, by SCM_RIGHTS, the node's end of a fresh frame socket: the role's last one is dead
 *	from the node	"ready": its store is open, the operator is heard, the first turn is committed
 * At the end of file the other one is gone.  This needs libc only, as cairnd does.
 */
#ifndef CAIRN_CONTROL_H
#define CAIRN_CONTROL_H

#include <stdbool.h>

#include "err.h"

enum { CONTROL_ROLE = 16 };	/* Room for a role's name. */

/** control_pair(fd): ${fd}[0] for cairnd, which gets SIGIO when the node has said something, ${fd}[1] for the node.  0 or -1 with errno. */
int	control_pair(int fd[2]) must_check;

/** control_give(control, role, fd): 0 or -errno, at once; ${fd} stays the caller's. */
int	control_give(int control, const char *role, int fd) must_check;
/** control_take(control, role, ret_fd): 0 and a descriptor of the caller's; E_LATER: there is nothing; E_NOTFOUND: the end. */
int	control_take(int control, char role[CONTROL_ROLE], int *ret_fd) must_check;

/** control_ready(control): the node says it.  If cairnd is gone, the end of file says so. */
void	control_ready(int control);
/** control_heard(control): did the node say it since the last call?  At once. */
bool	control_heard(int control);

#endif /* !CAIRN_CONTROL_H */
