/* SPDX-License-Identifier: Apache-2.0 */
/*
 * statedir: the state directory belongs to one user and one process.
 */
#ifndef CAIRN_STATEDIR_H
#define CAIRN_STATEDIR_H

#include "base/err.h"

/**
 * statedir_lock(dir, ret_fd, reterr): check that ${dir} is ours and closed to
 * everyone else, take the lock DIR/cairn.lock, and make DIR/cairn.db (0600) if
 * it is missing.  The lock is held until ${ret_fd} is closed.  0; E_EXISTS if
 * another process holds it; E_REFUSED with what to do; or -errno.
 */
int	statedir_lock(const char *, int *, struct err *) must_check;

#endif /* !CAIRN_STATEDIR_H */
