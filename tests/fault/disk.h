/* SPDX-License-Identifier: Apache-2.0 */
/*
 * disk: what of one directory would be on the disk if the power failed now.
 *
 * Whoever writes there says so.  A write is durable after disk_sync of its file, a
 * name (made, moved, removed) after disk_sync_names.  What is not durable may be
 * there or not, sector by sector, in any order.  The model is shared memory, so
 * that it outlives the processes which write, as a page cache does.
 */
#ifndef CAIRN_TEST_DISK_H
#define CAIRN_TEST_DISK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* What becomes of that which is not durable. */
enum disk_mode {
	DISK_DROP,	/* All of it is gone. */
	DISK_SUBSET,	/* Of each sector some earlier or later version is there, of the names some. */
	DISK_TORN,	/* As before; besides, sectors are half written and new space holds rubbish. */
	DISK_MODES
};

/** disk_open(dir): a model of ${dir}, all of whose present content is durable. */
void	disk_open(const char *dir);
void	disk_close(void);
/** disk_name(path): its name in the directory of the model, or NULL if it is not there. */
const char *disk_name(const char *path);

/** disk_file(name, made): the number of that file; ${made} if it was not there before. */
int	disk_file(const char *, bool made);
void	disk_write(int, const void *, size_t, off_t);
void	disk_truncate(int, off_t);
void	disk_sync(int);
/** disk_sync_failed(file): as Linux does it: what was not written counts as clean, and no later sync writes it. */
void	disk_sync_failed(int);

void	disk_move(const char *from, const char *to);
void	disk_remove(const char *);
void	disk_sync_names(void);

/** disk_power(mode, seed): the power fails: the files become what was durable, and by chance of the rest. */
void	disk_power(enum disk_mode, uint64_t seed);
/** disk_unsynced(): bytes written and not durable. */
size_t	disk_unsynced(void);

#endif /* !CAIRN_TEST_DISK_H */
