/* SPDX-License-Identifier: Apache-2.0 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "disk.h"

enum {
	FILES = 12, NAMES = 12, NAME_LEN = 64, CHANGES = 64,
	OPS = 1 << 16, BYTES = 8 << 20, LOGGED = 32 << 20,	/* Of a file; only what is used takes memory. */
};

struct op {
	size_t	off, len;	/* Truncated to ${off} if ${cut}. */
	size_t	log;		/* Where its bytes are. */
	bool	cut;
};

struct file {
	bool	used;
	size_t	size, nops, logged;
	struct op ops[OPS];
	uint8_t	bytes[BYTES];	/* What is durable. */
	uint8_t	log[LOGGED];
};

struct name {
	char	text[NAME_LEN];	/* "": free. */
	int	file;
};

/* A change of names: ${to} becomes ${file} and ${from} disappears; either may be "". */
struct change {
	char	from[NAME_LEN], to[NAME_LEN];
	int	file;
};

struct disk {
	char	dir[PATH_MAX];
	struct file files[FILES];
	struct name live[NAMES], durable[NAMES];
	struct change changes[CHANGES];
	size_t	nchanges;
	uint8_t	scratch[BYTES];
};

static struct disk *disk;

static _Noreturn void
give_up(const char *what, const char *why)
{
	printf("Bail out! disk: %s: %s\n", what, why);
	fflush(stdout);
	abort();
}

static uint64_t
dice(uint64_t *seed)
{
	uint64_t z = *seed += 0x9e3779b97f4a7c15;	/* splitmix64 */

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
	z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
	return z ^ (z >> 31);
}

/*
 * Names.
 */

static struct name *
find(struct name *names, const char *text)
{
	for (size_t i = 0; i < NAMES; i++)
		if (!strcmp(names[i].text, text))
			return &names[i];
	return NULL;
}

static void
apply(struct name *names, const struct change *c)
{
	struct name *old = *c->from != '\0' ? find(names, c->from) : NULL, *new;

	if (*c->from != '\0' && old == NULL)
		return;
	if (old != NULL)
		*old = (struct name){ .file = -1 };
	if (*c->to == '\0')
		return;
	if ((new = find(names, c->to)) == NULL && (new = find(names, "")) == NULL)
		give_up("names", "too many");
	(void)snprintf(new->text, sizeof(new->text), "%s", c->to);
	new->file = c->file;
}

/* Files without a name are gone. */
static void
sweep(void)
{
	bool named[FILES] = { false };

	for (size_t i = 0; i < NAMES; i++) {
		if (*disk->live[i].text != '\0')
			named[disk->live[i].file] = true;
		if (*disk->durable[i].text != '\0')
			named[disk->durable[i].file] = true;
	}
	for (size_t i = 0; i < disk->nchanges; i++)
		if (*disk->changes[i].to != '\0')
			named[disk->changes[i].file] = true;
	for (size_t i = 0; i < FILES; i++)
		disk->files[i].used &= named[i];
}

static void
change(const char *from, const char *to, int file)
{
	struct change *c = &disk->changes[disk->nchanges++];

	if (disk->nchanges == CHANGES)
		give_up("names", "too many changes");
	*c = (struct change){ .file = file };
	(void)snprintf(c->from, sizeof(c->from), "%s", from);
	(void)snprintf(c->to, sizeof(c->to), "%s", to);
	apply(disk->live, c);
}

void
disk_move(const char *from, const char *to)
{
	change(from, to, disk_file(from, false));
}

void
disk_remove(const char *name)
{
	change(name, "", -1);
}

void
disk_sync_names(void)
{
	for (size_t i = 0; i < disk->nchanges; i++)
		apply(disk->durable, &disk->changes[i]);
	disk->nchanges = 0;
	sweep();
}

static int
new_file(void)
{
	sweep();
	for (int i = 0; i < FILES; i++)
		if (!disk->files[i].used) {
			struct file *f = &disk->files[i];

			f->used = true;
			f->size = f->nops = f->logged = 0;
			return i;
		}
	give_up("files", "too many");
}

int
disk_file(const char *name, bool made)
{
	const struct name *n = find(disk->live, name);
	int file;

	if (made && n == NULL) {
		file = new_file();
		change("", name, file);
		return file;
	}
	if (n == NULL)
		give_up(name, "nobody made it");
	return n->file;
}

/*
 * Content.
 */

static struct op *
log_op(struct file *f, size_t off, size_t len)
{
	struct op *op = &f->ops[f->nops++];

	if (f->nops == OPS || f->logged + len > LOGGED || off + len > BYTES)
		give_up("content", "too much of it");
	*op = (struct op){ .off = off, .len = len, .log = f->logged };
	f->logged += len;
	return op;
}

void
disk_write(int file, const void *data, size_t n, off_t off)
{
	struct file *f = &disk->files[file];
	const struct op *op = log_op(f, (size_t)off, n);

	memcpy(f->log + op->log, data, n);
}

void
disk_truncate(int file, off_t size)
{
	log_op(&disk->files[file], (size_t)size, 0)->cut = true;
}

/* The size of ${f} after its first ${n} changes. */
static size_t
size_after(const struct file *f, size_t n)
{
	size_t size = f->size;

	for (size_t i = 0; i < n; i++) {
		const struct op *op = &f->ops[i];

		size = op->cut ? op->off : op->off + op->len > size ? op->off + op->len : size;
	}
	return size;
}

/* Write ${op} as far as it lies between ${from} and ${to}. */
static void
put(const struct file *f, const struct op *op, uint8_t *bytes, size_t from, size_t to)
{
	size_t a = op->off > from ? op->off : from, b = op->off + op->len < to ? op->off + op->len : to;

	if (op->cut && op->off < to)
		memset(bytes + a, 0, to - a);
	else if (!op->cut && a < b)
		memcpy(bytes + a, f->log + op->log + (a - op->off), b - a);
}

void
disk_sync(int file)
{
	struct file *f = &disk->files[file];
	size_t size = size_after(f, f->nops), most = f->size;

	for (size_t i = 0; i < f->nops; i++) {
		size_t end = size_after(f, i + 1);

		if (end > most) {
			memset(f->bytes + most, 0, end - most);
			most = end;
		}
		put(f, &f->ops[i], f->bytes, 0, most);
	}
	f->size = size;
	f->nops = f->logged = 0;
}

void
disk_sync_failed(int file)
{
	struct file *f = &disk->files[file];
	size_t size = size_after(f, f->nops);

	/* Its length is known to the directory; what was written is not there. */
	if (size > f->size)
		memset(f->bytes + f->size, 0, size - f->size);
	f->size = size;
	f->nops = f->logged = 0;
}

size_t
disk_unsynced(void)
{
	size_t n = 0;

	for (size_t i = 0; i < FILES; i++)
		if (disk->files[i].used)
			n += disk->files[i].logged;
	return n;
}

/* One sector: the first few of its changes, the last perhaps only in part. */
static void
decay_sector(const struct file *f, uint8_t *bytes, size_t from, size_t to, enum disk_mode mode, uint64_t *seed)
{
	size_t touched[OPS > 4096 ? 4096 : OPS], n = 0, keep;

	for (size_t i = 0; i < f->nops && n < sizeof(touched) / sizeof(*touched); i++)
		if (f->ops[i].cut ? f->ops[i].off < to : f->ops[i].off < to && f->ops[i].off + f->ops[i].len > from)
			touched[n++] = i;
	if (n == 0)
		return;
	keep = (size_t)(dice(seed) % (n + 1));
	for (size_t i = 0; i < keep; i++) {
		const struct op *op = &f->ops[touched[i]];
		size_t middle = from + (size_t)(dice(seed) % (to - from));
		bool torn = mode == DISK_TORN && i + 1 == keep && !op->cut;

		if (!torn)
			put(f, op, bytes, from, to);
		else if (dice(seed) & 1)
			put(f, op, bytes, from, middle);
		else
			put(f, op, bytes, middle, to);
	}
}

static size_t
decay(const struct file *f, uint8_t *bytes, enum disk_mode mode, uint64_t *seed)
{
	size_t sector = dice(seed) & 1 ? 512 : 4096, most = f->size, size;

	memcpy(bytes, f->bytes, f->size);
	if (mode == DISK_DROP || f->nops == 0)
		return f->size;
	for (size_t i = 0; i <= f->nops; i++)
		if ((size = size_after(f, i)) > most)
			most = size;
	for (size_t i = f->size; i < most; i++)
		bytes[i] = mode == DISK_TORN ? (uint8_t)dice(seed) : 0;
	for (size_t at = 0; at < most; at += sector)
		decay_sector(f, bytes, at, at + sector < most ? at + sector : most, mode, seed);
	/* Half of the time the file has its last length, which loses least. */
	return size_after(f, dice(seed) & 1 ? f->nops : (size_t)(dice(seed) % (f->nops + 1)));
}

/*
 * The directory.
 */

static void
path_of(char path[PATH_MAX], const char *name)
{
	(void)snprintf(path, PATH_MAX, "%.4000s/%.60s", disk->dir, name);
}

static bool
is_shm(const char *name)
{
	size_t n = strlen(name);

	return n > 4 && !strcmp(name + n - 4, "-shm");
}

/* Shared memory is no file to SQLite; what the power leaves of it is rubbish. */
static void
spoil_shm(const char *path, enum disk_mode mode, uint64_t *seed)
{
	uint8_t rubbish[4096];
	int fd;

	if (mode == DISK_DROP)
		(void)unlink(path);
	if (mode != DISK_TORN || (fd = open(path, O_WRONLY | O_CLOEXEC)) < 0)
		return;
	for (size_t i = 0; i < sizeof(rubbish); i++)
		rubbish[i] = (uint8_t)dice(seed);
	if (pwrite(fd, rubbish, sizeof(rubbish), 0) < 0)
		give_up(path, strerror(errno));
	(void)close(fd);
}

static void
empty(enum disk_mode mode, uint64_t *seed)
{
	DIR *d = opendir(disk->dir);
	char path[PATH_MAX];

	if (d == NULL)
		give_up(disk->dir, strerror(errno));
	for (struct dirent *e = readdir(d); e != NULL; e = readdir(d)) {
		if (*e->d_name == '.' && (e->d_name[1] == '\0' || e->d_name[1] == '.'))
			continue;
		path_of(path, e->d_name);
		if (is_shm(e->d_name))
			spoil_shm(path, mode, seed);
		else
			(void)unlink(path);
	}
	(void)closedir(d);
}

static void
fill(const char *name, const uint8_t *bytes, size_t n)
{
	char path[PATH_MAX];
	int fd;

	path_of(path, name);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd < 0 || write(fd, bytes, n) != (ssize_t)n || close(fd) != 0)
		give_up(path, strerror(errno));
}

/* What is there now is durable. */
static void
scan(void)
{
	DIR *d = opendir(disk->dir);
	char path[PATH_MAX];

	if (d == NULL)
		give_up(disk->dir, strerror(errno));
	memset(disk->live, 0, sizeof(disk->live));
	memset(disk->durable, 0, sizeof(disk->durable));
	disk->nchanges = 0;
	for (size_t i = 0; i < FILES; i++)
		disk->files[i].used = false;
	for (struct dirent *e = readdir(d); e != NULL; e = readdir(d)) {
		struct file *f;
		ssize_t n;
		int fd;

		if (e->d_type != DT_REG || is_shm(e->d_name))
			continue;
		path_of(path, e->d_name);
		f = &disk->files[disk_file(e->d_name, true)];
		if ((fd = open(path, O_RDONLY | O_CLOEXEC)) < 0 || (n = read(fd, f->bytes, BYTES)) < 0)
			give_up(path, strerror(errno));
		f->size = (size_t)n;
		(void)close(fd);
	}
	(void)closedir(d);
	disk_sync_names();
}

void
disk_power(enum disk_mode mode, uint64_t seed)
{
	empty(mode, &seed);
	for (size_t i = 0; i < disk->nchanges; i++)
		if (mode != DISK_DROP && (dice(&seed) & 1))
			apply(disk->durable, &disk->changes[i]);
	for (size_t i = 0; i < NAMES; i++) {
		const struct name *n = &disk->durable[i];

		if (*n->text != '\0')
			fill(n->text, disk->scratch, decay(&disk->files[n->file], disk->scratch, mode, &seed));
	}
	scan();
}

const char *
disk_name(const char *path)
{
	size_t n;

	if (disk == NULL || path == NULL)
		return NULL;
	n = strlen(disk->dir);
	return !strncmp(path, disk->dir, n) && path[n] == '/' && strchr(path + n + 1, '/') == NULL ? path + n + 1 : NULL;
}

void
disk_open(const char *dir)
{
	disk_close();
	disk = mmap(NULL, sizeof(*disk), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (disk == MAP_FAILED)
		give_up("mmap", strerror(errno));
	(void)snprintf(disk->dir, sizeof(disk->dir), "%s", dir);
	scan();
}

void
disk_close(void)
{
	if (disk != NULL)
		(void)munmap(disk, sizeof(*disk));
	disk = NULL;
}
