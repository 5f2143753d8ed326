/* SPDX-License-Identifier: Apache-2.0 */
/*
 * vfs: a SQLite VFS between the store and the system's own.  The files of the
 * node that suffers are told to disk.c and fail as fault.c says; all others pass.
 *
 * A sync of the directory happens inside the inner xSync and xDelete; it is seen at
 * the system call that opens the directory (sqlite3_vfs.xSetSystemCall).
 */
#include <errno.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fault.h"

struct shim {
	sqlite3_file	 base;
	sqlite3_file	*inner;		/* Behind this struct. */
	int		 file;		/* Of the disk; -1: none of ours. */
	int		 flags;		/* Of its opening. */
};

static sqlite3_vfs *below;
static sqlite3_vfs vfs;
static sqlite3 *newest;			/* Just opened. */
static int checkpoint;			/* Pages. */
static int (*open_directory)(const char *, int *);

static struct shim *
shim_of(sqlite3_file *f)
{
	return (struct shim *)f;
}

static sqlite3_file *
inner_of(sqlite3_file *f)
{
	return shim_of(f)->inner;
}

/* Is this call one that must fail? */
static bool
fails(sqlite3_file *f, const char *name)
{
	return shim_of(f)->file >= 0 && fault_calls(name);
}

static bool
no_space(void)
{
	return fault != NULL && fault->plan.error == ENOSPC;
}

static int
x_close(sqlite3_file *f)
{
	int code = inner_of(f)->pMethods->xClose(inner_of(f));

	f->pMethods = NULL;
	return code;
}

static int
x_read(sqlite3_file *f, void *dst, int n, sqlite3_int64 at)
{
	if (shim_of(f)->file >= 0 && !no_space() && fault_calls("read"))
		return SQLITE_IOERR_READ;
	return inner_of(f)->pMethods->xRead(inner_of(f), dst, n, at);
}

static int
write_part(sqlite3_file *f, const void *data, int n, sqlite3_int64 at)
{
	int code = inner_of(f)->pMethods->xWrite(inner_of(f), data, n, at);

	if (code == SQLITE_OK && shim_of(f)->file >= 0)
		disk_write(shim_of(f)->file, data, (size_t)n, at);
	return code;
}

/* A disk that is full, or broken, often takes the first part. */
static int
x_write(sqlite3_file *f, const void *data, int n, sqlite3_int64 at)
{
	int code;

	if (fails(f, "write")) {
		(void)write_part(f, data, n / 2, at);
		return no_space() ? SQLITE_FULL : SQLITE_IOERR_WRITE;
	}
	code = write_part(f, data, n, at);
	if (shim_of(f)->file >= 0)
		fault_writes();
	return code;
}

static int
x_truncate(sqlite3_file *f, sqlite3_int64 size)
{
	int code;

	if (fails(f, "truncate"))
		return SQLITE_IOERR_TRUNCATE;
	code = inner_of(f)->pMethods->xTruncate(inner_of(f), size);
	if (code == SQLITE_OK && shim_of(f)->file >= 0) {
		disk_truncate(shim_of(f)->file, size);
		fault_writes();
	}
	return code;
}

static bool
lies(const struct shim *s)
{
	return fault->plan.lie == LIE_ALL || (fault->plan.lie == LIE_COMMIT && (s->flags & SQLITE_OPEN_WAL));
}

static int
x_sync(sqlite3_file *f, int flags)
{
	struct shim *s = shim_of(f);
	int code;

	if (s->file < 0)
		return inner_of(f)->pMethods->xSync(inner_of(f), flags);
	if (fault_syncs()) {
		disk_sync_failed(s->file);
		return SQLITE_IOERR_FSYNC;
	}
	if (fails(f, "sync"))
		return SQLITE_IOERR_FSYNC;
	if (lies(s))
		return SQLITE_OK;
	code = inner_of(f)->pMethods->xSync(inner_of(f), flags);
	if (code == SQLITE_OK)
		disk_sync(s->file);
	return code;
}

static int
x_size(sqlite3_file *f, sqlite3_int64 *ret)
{
	return inner_of(f)->pMethods->xFileSize(inner_of(f), ret);
}

static int
x_lock(sqlite3_file *f, int level)
{
	return inner_of(f)->pMethods->xLock(inner_of(f), level);
}

static int
x_unlock(sqlite3_file *f, int level)
{
	return inner_of(f)->pMethods->xUnlock(inner_of(f), level);
}

static int
x_reserved(sqlite3_file *f, int *ret)
{
	return inner_of(f)->pMethods->xCheckReservedLock(inner_of(f), ret);
}

/* A checkpoint every few commits, as else a referral is too short for one: set when the first PRAGMA
 * passes, since SQLite sets its own after the hook of opening. */
static int
x_control(sqlite3_file *f, int op, void *arg)
{
	if (op == SQLITE_FCNTL_PRAGMA && newest != NULL && checkpoint > 0) {
		(void)sqlite3_wal_autocheckpoint(newest, checkpoint);
		newest = NULL;
	}
	return inner_of(f)->pMethods->xFileControl(inner_of(f), op, arg);
}

static int
x_sector(sqlite3_file *f)
{
	return inner_of(f)->pMethods->xSectorSize(inner_of(f));
}

/* What the system's own promises: bytes beside those written stay whole, and no more. */
static int
x_device(sqlite3_file *f)
{
	return inner_of(f)->pMethods->xDeviceCharacteristics(inner_of(f)) & SQLITE_IOCAP_POWERSAFE_OVERWRITE;
}

static int
x_shm_map(sqlite3_file *f, int page, int size, int extend, void volatile **ret)
{
	if (fails(f, "shm map"))
		return no_space() ? SQLITE_IOERR_SHMSIZE : SQLITE_IOERR_SHMMAP;
	return inner_of(f)->pMethods->xShmMap(inner_of(f), page, size, extend, ret);
}

static int
x_shm_lock(sqlite3_file *f, int at, int n, int flags)
{
	/* To unlock never fails. */
	if ((flags & SQLITE_SHM_LOCK) && !no_space() && fails(f, "shm lock"))
		return SQLITE_IOERR_SHMLOCK;
	return inner_of(f)->pMethods->xShmLock(inner_of(f), at, n, flags);
}

static void
x_shm_barrier(sqlite3_file *f)
{
	inner_of(f)->pMethods->xShmBarrier(inner_of(f));
}

static int
x_shm_unmap(sqlite3_file *f, int remove)
{
	return inner_of(f)->pMethods->xShmUnmap(inner_of(f), remove);
}

/* Version 2: without xFetch, so that every byte passes here. */
static const sqlite3_io_methods methods = {
	2, x_close, x_read, x_write, x_truncate, x_sync, x_size, x_lock, x_unlock, x_reserved, x_control,
	x_sector, x_device, x_shm_map, x_shm_lock, x_shm_barrier, x_shm_unmap, NULL, NULL,
};

static int
x_open(sqlite3_vfs *v, const char *path, sqlite3_file *f, int flags, int *ret_flags)
{
	struct shim *s = shim_of(f);
	const char *name = fault_subject() ? disk_name(path) : NULL;
	bool there;
	int code;

	(void)v;
	s->base.pMethods = NULL;
	s->inner = (sqlite3_file *)(s + 1);
	s->file = -1;
	s->flags = flags;
	if (name != NULL && fault_calls("open"))
		return SQLITE_CANTOPEN;
	there = name != NULL && access(path, F_OK) == 0;
	if ((code = below->xOpen(below, path, s->inner, flags, ret_flags)) != SQLITE_OK)
		return code;
	if (name != NULL)
		s->file = disk_file(name, !there);
	s->base.pMethods = &methods;
	return SQLITE_OK;
}

static int
x_delete(sqlite3_vfs *v, const char *path, int sync)
{
	const char *name = fault_subject() ? disk_name(path) : NULL;
	bool there = name != NULL && access(path, F_OK) == 0;
	int code;

	(void)v;
	if (name != NULL && fault_calls("delete"))
		return SQLITE_IOERR_DELETE;
	/* Before the call, which syncs the directory if it is asked to. */
	if (there)
		disk_remove(name);
	if ((code = below->xDelete(below, path, sync)) == SQLITE_OK && name != NULL)
		fault_writes();
	return code;
}

static int
x_access(sqlite3_vfs *v, const char *path, int flags, int *ret)
{
	(void)v;
	if (fault_subject() && disk_name(path) != NULL && !no_space() && fault_calls("access"))
		return SQLITE_IOERR_ACCESS;
	return below->xAccess(below, path, flags, ret);
}

static int
directory_opened(const char *path, int *ret_fd)
{
	int code = open_directory(path, ret_fd);

	if (code == SQLITE_OK && fault_subject() && disk_name(path) != NULL &&
	    fault->plan.lie != LIE_ALL && fault->plan.lie != LIE_NAMES)
		disk_sync_names();
	return code;
}

static int
opened(sqlite3 *db, char **reterr, const struct sqlite3_api_routines *api)
{
	(void)reterr, (void)api;
	newest = db;
	return SQLITE_OK;
}

void
vfs_install(int pages)
{
	checkpoint = pages;
	if (sqlite3_initialize() != SQLITE_OK || (below = sqlite3_vfs_find(NULL)) == NULL)
		abort();
	vfs = *below;		/* What is not ours passes through, with the inner's own pAppData. */
	vfs.zName = "fault";
	vfs.pNext = NULL;
	vfs.szOsFile = (int)sizeof(struct shim) + below->szOsFile;
	vfs.xOpen = x_open;
	vfs.xDelete = x_delete;
	vfs.xAccess = x_access;
	open_directory = (int (*)(const char *, int *))below->xGetSystemCall(below, "openDirectory");
	(void)sqlite3_auto_extension((void (*)(void))opened);
	if (open_directory == NULL || below->xSetSystemCall(below, "openDirectory",
	    (sqlite3_syscall_ptr)directory_opened) != SQLITE_OK || sqlite3_vfs_register(&vfs, 1) != SQLITE_OK)
		abort();
}

const char *
vfs_check(const char *path)
{
	static char verdict[256];
	sqlite3_stmt *stmt = NULL;
	sqlite3 *db = NULL;

	(void)snprintf(verdict, sizeof(verdict), "no answer");
	if (sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE, NULL) == SQLITE_OK &&
	    sqlite3_prepare_v2(db, "PRAGMA integrity_check", -1, &stmt, NULL) == SQLITE_OK &&
	    sqlite3_step(stmt) == SQLITE_ROW)
		(void)snprintf(verdict, sizeof(verdict), "%s", (const char *)sqlite3_column_text(stmt, 0));
	else
		(void)snprintf(verdict, sizeof(verdict), "%s", sqlite3_errmsg(db));
	(void)sqlite3_finalize(stmt);
	(void)sqlite3_close(db);
	return verdict;
}
