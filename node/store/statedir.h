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
 * it is missing.  What a process that did not end well left in DIR/cairn.db-wal
 * is written once more and synced: its own sync may have failed, and then the
 * bytes are in memory, counted as clean, and nowhere on the disk.
 * The lock is held until ${ret_fd} is closed.  0; E_EXISTS if
 * another process holds it; E_REFUSED with what to do; or -errno.
 */
int	statedir_lock(const char *, int *, struct err *) must_check;

/** statedir_advice(error): what an administrator does about -errno on a file of it: "; look at ...", or "". */
const char *statedir_advice(int);

/** statedir_complain(dir, name, r, reterr): the sentence for an error with DIR/NAME ("" for DIR itself) and that advice; ${r}. */
int	statedir_complain(const char *, const char *, int, struct err *);

#endif /* !CAIRN_STATEDIR_H */
