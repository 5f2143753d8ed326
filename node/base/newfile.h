/* SPDX-License-Identifier: Apache-2.0 */
/*
 * newfile: a file that is made once: whole and durable, or not there at all.
 */
#ifndef CAIRN_NEWFILE_H
#define CAIRN_NEWFILE_H

#include <stddef.h>
#include <sys/types.h>

#include "err.h"

/**
 * newfile_make(path, mode, data, len, reterr): write PATH.new, sync it, give it
 * its name, sync the directory: after a loss of power ${path} is whole or not
 * there.  A PATH.new from an earlier try is replaced.  0; E_EXISTS if ${path} is
 * there, which is never overwritten; or -errno, and then it is not there.
 */
int	newfile_make(const char *, mode_t, const void *, size_t, struct err *) must_check;

/** newfile_copy(path, mode, fd, reterr): the same, with all that can be read from ${fd}. */
int	newfile_copy(const char *, mode_t, int fd, struct err *) must_check;

#endif /* !CAIRN_NEWFILE_H */
