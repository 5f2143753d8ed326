/* SPDX-License-Identifier: Apache-2.0 */
/*
 * seccomp: the system calls that a role may make, as one filter program.  Part of sandbox.
 */
#ifndef CAIRN_SECCOMP_H
#define CAIRN_SECCOMP_H

#include "sandbox.h"

/** seccomp_enter(role, reterr): load the filter for all threads.  0 or -errno. */
int	seccomp_enter(enum sandbox_role, struct err *) must_check;

#endif /* !CAIRN_SECCOMP_H */
