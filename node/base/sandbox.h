/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sandbox: what a role may still do, given up before its first network byte.
 * Landlock by raw system calls and a seccomp allow-list; no exec, ptrace, kill
 * or io_uring for anyone.  No capabilities, core dumps off, non-dumpable, no
 * new privileges, no new executable memory.
 *
 * An allowed call runs, a hostile one (seccomp.c names them) ends the process,
 * and any other answers ENOSYS, so that a C library of tomorrow falls back.
 */
#ifndef CAIRN_SANDBOX_H
#define CAIRN_SANDBOX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "err.h"

enum sandbox_role {
	SANDBOX_NODE,	/* State directory read-write; AF_UNIX accept only, no connect, no AF_INET. */
	SANDBOX_BRIDGE,	/* Certificates and resolver files read-only; AF_INET/INET6; AF_UNIX answers EACCES. */
};

/**
 * sandbox_hide(reterr): the first thing a program does: from here on nobody of
 * its own user can trace it or read its memory, and it leaves no core.  0 or -errno.
 */
int	sandbox_hide(struct err *) must_check;

/**
 * sandbox_user(uid, gid, reterr): become this user for good; the caller is root.
 * The death signal, which the change would take, is set again.  0 or -errno.
 */
int	sandbox_user(uid_t, gid_t, struct err *) must_check;

struct sandbox_path {
	const char	*path;		/* A file, or a directory with all below; a missing one is skipped. */
	bool		 write;
};

/**
 * sandbox_enter(role, paths, n, port, ret_landlock, reterr): irrevocable, while
 * the process has one thread.  ${port}: the only TCP port, besides that of
 * name look-ups, that a bridge may connect to (Landlock 4, else any); 0 for
 * none; SANDBOX_NODE has none in any case.  0, or -errno: the caller must exit.
 * A kernel without Landlock returns 0 with ${ret_landlock} false.
 */
int	sandbox_enter(enum sandbox_role, const struct sandbox_path *, size_t, uint16_t,
	    bool *ret_landlock, struct err *) must_check;

#endif /* !CAIRN_SANDBOX_H */
