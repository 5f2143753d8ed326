/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A slot, 128 bytes, so that none crosses a sector:
 *   0 state   1 what it is for   8 time (ms, big-endian)   16 nonce   40 wrapped key   88 zeros
 * The head: 0 "cairnkey"   8 version   16 id   32 zeros.
 */
#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "keyring.h"
#include "statedir.h"

enum {
	AT_STATE = 0, AT_USE = 1, AT_TIME = 8, AT_NONCE = 16,
	NONCE	= crypto_aead_xchacha20poly1305_ietf_NPUBBYTES,
	AT_KEY	= AT_NONCE + NONCE,
	WRAPPED	= KEYRING_KEY + crypto_aead_xchacha20poly1305_ietf_ABYTES,
	AT_END	= AT_KEY + WRAPPED,
	CHUNK	= 512 * KEYRING_SLOT,
	CACHED	= 32,
	VERSION	= 1,
};

_Static_assert((int)AT_END <= (int)KEYRING_SLOT && (int)CHUNK % (int)KEYRING_SLOT == 0, "a slot holds its key");

enum slot_state { FREE = 0, LIVE = 'K', ERASED = 'E' };
enum slot_use { SUBJECT = 0, MOVING = 'M' };

static const char magic[8] = { 'c', 'a', 'i', 'r', 'n', 'k', 'e', 'y' };

struct keyring {
	int		 fd;
	bool		 dirty;
	const struct world *world;
	int64_t		 slots;		/* The next to be given out. */
	int64_t		 moving;	/* 0: none yet. */
	int64_t		 others;	/* Older ones. */
	int64_t		 live, erased;
	uint8_t		 id[KEYRING_ID];
	uint8_t		 wrap[KEYRING_KEY];
	unsigned	 next;		/* In the cache, round and round. */
	struct {
		int64_t	 slot;		/* 0: none. */
		uint8_t	 key[KEYRING_KEY];
	} cache[CACHED];
};

static void
put_number(uint8_t *out, int64_t n)
{
	for (int i = 0; i < 8; i++)
		out[i] = (uint8_t)((uint64_t)n >> (56 - 8 * i));
}

/* What a wrapped key belongs to. */
static void
associate(int64_t slot, uint8_t use, uint8_t ad[32])
{
	memset(ad, 0, 32);
	memcpy(ad, "cairn subject key 1", 19);
	ad[23] = use;
	put_number(ad + 24, slot);
}

static int
put(int fd, const uint8_t *data, size_t n, int64_t at)
{
	while (n > 0) {
		ssize_t done = pwrite(fd, data, n, (off_t)at);

		if (done < 0 && errno != EINTR)
			return -errno;
		if (done > 0) {
			data += done;
			n -= (size_t)done;
			at += done;
		}
	}
	return 0;
}

/* Zeros where the file ends before. */
static int
get(int fd, uint8_t *data, size_t n, int64_t at)
{
	while (n > 0) {
		ssize_t done = pread(fd, data, n, (off_t)at);

		if (done < 0 && errno != EINTR)
			return -errno;
		if (done == 0) {
			memset(data, 0, n);
			return 0;
		}
		if (done > 0) {
			data += done;
			n -= (size_t)done;
			at += done;
		}
	}
	return 0;
}

static int
unwrap(const struct keyring *ring, int64_t slot, const uint8_t s[KEYRING_SLOT], uint8_t key[KEYRING_KEY])
{
	uint8_t ad[32];

	associate(slot, s[AT_USE], ad);
	return s[AT_STATE] == LIVE && crypto_aead_xchacha20poly1305_ietf_decrypt(key, NULL, NULL, s + AT_KEY,
	    WRAPPED, ad, sizeof(ad), s + AT_NONCE, ring->wrap) == 0 ? 0 : E_NOTFOUND;
}

static void
bury(uint8_t s[KEYRING_SLOT])
{
	sodium_memzero(s + AT_NONCE, KEYRING_SLOT - AT_NONCE);
	s[AT_STATE] = ERASED;
}

/* One slot of the file as it is found: what a torn write left of an erased key goes too. */
static void
take_slot(struct keyring *ring, int64_t slot, uint8_t s[KEYRING_SLOT])
{
	uint8_t key[KEYRING_KEY];

	if (s[AT_STATE] == ERASED) {
		bury(s);
		ring->erased++;
	} else if (unwrap(ring, slot, s, key) == 0) {
		ring->live++;
		if (s[AT_USE] == MOVING) {
			ring->others += ring->moving != 0;
			ring->moving = slot;
		}
	}
	sodium_memzero(key, sizeof(key));
}

/* Read all, and write all again. */
static int
settle(struct keyring *ring, int64_t size)
{
	uint8_t chunk[CHUNK];
	int r = 0;

	for (int64_t at = 0; at < size && r == 0; at += CHUNK) {
		size_t n = size - at < CHUNK ? (size_t)(size - at) : CHUNK;

		memset(chunk, 0, sizeof(chunk));
		if ((r = get(ring->fd, chunk, n, at)) != 0)
			break;
		for (size_t i = at == 0 ? 1 : 0; i * KEYRING_SLOT < n; i++)
			take_slot(ring, at / KEYRING_SLOT + (int64_t)i, chunk + i * KEYRING_SLOT);
		r = put(ring->fd, chunk, n, at);
	}
	sodium_memzero(chunk, sizeof(chunk));
	ring->slots = (size + KEYRING_SLOT - 1) / KEYRING_SLOT;
	return r != 0 ? r : fsync(ring->fd) == 0 ? 0 : -errno;
}

static int
begin(struct keyring *ring, int dirfd)
{
	uint8_t head[KEYRING_SLOT] = { 0 };
	int r;

	world_random(ring->world, ring->id, KEYRING_ID);
	memcpy(head, magic, sizeof(magic));
	head[8] = VERSION;
	memcpy(head + 16, ring->id, KEYRING_ID);
	if ((r = put(ring->fd, head, sizeof(head), 0)) != 0)
		return r;
	ring->slots = 1;
	return fsync(ring->fd) != 0 || fsync(dirfd) != 0 ? -errno : 0;
}

static int
take_file(struct keyring *ring, int dirfd, const char *dir, const uint8_t *id, struct err *reterr)
{
	uint8_t head[KEYRING_SLOT];
	struct stat st;
	int r;

	if (fstat(ring->fd, &st) != 0)
		return statedir_complain(dir, "keys.db", -errno, reterr);
	/* Interrupted before its head was written, nothing can hang on it. */
	if (st.st_size < KEYRING_SLOT)
		r = begin(ring, dirfd);
	else if ((r = get(ring->fd, head, sizeof(head), 0)) == 0) {
		if (memcmp(head, magic, sizeof(magic)) != 0 && id == NULL)
			r = begin(ring, dirfd);
		else if (memcmp(head, magic, sizeof(magic)) != 0 || head[8] != VERSION)
			return err_set(reterr, E_REFUSED, "%s/keys.db is damaged, or no file of keys; "
			    "put its newest copy back", dir);
		else {
			memcpy(ring->id, head + 16, KEYRING_ID);
			if (id != NULL && memcmp(id, ring->id, KEYRING_ID) != 0)
				return err_set(reterr, E_REFUSED, "%s/keys.db belongs to another database; "
				    "put the one back that was made with this cairn.db", dir);
			r = settle(ring, st.st_size);
		}
	}
	return r == 0 ? 0 : statedir_complain(dir, "keys.db", r, reterr);
}

int
keyring_open(const char *dir, const uint8_t wrap[KEYRING_KEY], const uint8_t *id, int64_t given, const struct world *world,
    struct keyring **ret, struct err *reterr)
{
	struct keyring *ring = sodium_malloc(sizeof(*ring));
	int dirfd, r;

	if (ring == NULL)
		return -ENOMEM;
	memset(ring, 0, sizeof(*ring));
	ring->world = world;
	ring->fd = -1;
	memcpy(ring->wrap, wrap, KEYRING_KEY);
	if ((dirfd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC)) < 0)
		r = statedir_complain(dir, "", -errno, reterr);
	else if ((ring->fd = openat(dirfd, "keys.db", O_RDWR | O_CLOEXEC | O_NOFOLLOW | (id == NULL ? O_CREAT : 0),
	    0600)) >= 0)
		r = take_file(ring, dirfd, dir, id, reterr);
	else if (errno == ENOENT)
		r = err_set(reterr, E_REFUSED, "%s/keys.db is missing: without it nothing about members can be read. "
		    "Put its newest copy back; if there is none, an empty file of that name says so", dir);
	else
		r = statedir_complain(dir, "keys.db", -errno, reterr);
	if (dirfd >= 0)
		(void)close(dirfd);
	if (ring->slots <= given)
		ring->slots = given + 1;
	if (r == 0 && ring->moving == 0 && (r = keyring_turn(ring)) != 0)
		(void)statedir_complain(dir, "keys.db", r, reterr);
	if (r != 0) {
		keyring_close(ring);
		return r;
	}
	*ret = ring;
	return 0;
}

void
keyring_close(struct keyring *ring)
{
	if (ring != NULL && ring->fd >= 0)
		(void)close(ring->fd);
	sodium_free(ring);	/* Overwrites; takes NULL. */
}

const uint8_t *
keyring_id(const struct keyring *ring)
{
	return ring->id;
}

int64_t
keyring_given(const struct keyring *ring)
{
	return ring->slots - 1;
}

static void
remember(struct keyring *ring, int64_t slot, const uint8_t key[KEYRING_KEY])
{
	ring->cache[ring->next].slot = slot;
	memcpy(ring->cache[ring->next].key, key, KEYRING_KEY);
	ring->next = (ring->next + 1) % CACHED;
}

static int
add(struct keyring *ring, enum slot_use use, int64_t *ret)
{
	uint8_t s[KEYRING_SLOT] = { LIVE, (uint8_t)use }, key[KEYRING_KEY], ad[32];
	int64_t slot = ring->slots;
	int r;

	put_number(s + AT_TIME, world_now(ring->world));
	world_random(ring->world, key, sizeof(key));
	world_random(ring->world, s + AT_NONCE, NONCE);
	associate(slot, (uint8_t)use, ad);
	r = crypto_aead_xchacha20poly1305_ietf_encrypt(s + AT_KEY, NULL, key, sizeof(key), ad, sizeof(ad), NULL,
	    s + AT_NONCE, ring->wrap) != 0 ? ERR_CRYPTO : put(ring->fd, s, sizeof(s), slot * KEYRING_SLOT);
	if (r == 0) {
		ring->slots++;
		ring->live++;
		ring->dirty = true;
		remember(ring, slot, key);
		*ret = slot;
	}
	sodium_memzero(key, sizeof(key));
	return r;
}

int
keyring_add(struct keyring *ring, int64_t *ret)
{
	return add(ring, SUBJECT, ret);
}

int
keyring_get(struct keyring *ring, int64_t slot, uint8_t key[KEYRING_KEY])
{
	uint8_t s[KEYRING_SLOT];
	int r;

	if (slot < 1 || slot >= ring->slots)
		return E_NOTFOUND;
	for (size_t i = 0; i < CACHED; i++)
		if (ring->cache[i].slot == slot) {
			memcpy(key, ring->cache[i].key, KEYRING_KEY);
			return 0;
		}
	if ((r = get(ring->fd, s, sizeof(s), slot * KEYRING_SLOT)) == 0 && (r = unwrap(ring, slot, s, key)) == 0)
		remember(ring, slot, key);
	sodium_memzero(s, sizeof(s));
	return r;
}

int
keyring_erase(struct keyring *ring, int64_t slot)
{
	uint8_t s[KEYRING_SLOT];
	int r;

	for (size_t i = 0; i < CACHED; i++)
		if (ring->cache[i].slot == slot)
			sodium_memzero(&ring->cache[i], sizeof(ring->cache[i]));
	if (slot < 1 || slot >= ring->slots)
		return 0;
	if ((r = get(ring->fd, s, sizeof(s), slot * KEYRING_SLOT)) != 0)
		return r;
	if (s[AT_STATE] != ERASED) {
		put_number(s + AT_TIME, world_now(ring->world));
		ring->erased++;
		ring->live--;
	}
	bury(s);
	if ((r = put(ring->fd, s, sizeof(s), slot * KEYRING_SLOT)) != 0)
		return r;
	return fsync(ring->fd) == 0 ? 0 : -errno;
}

int
keyring_erased(struct keyring *ring, int64_t slot)
{
	uint8_t state;
	int r;

	if (slot < 1 || slot >= ring->slots)
		return 0;
	r = get(ring->fd, &state, 1, slot * KEYRING_SLOT + AT_STATE);
	return r != 0 ? r : state == ERASED;
}

int
keyring_sync(struct keyring *ring)
{
	if (!ring->dirty)
		return 0;
	if (fsync(ring->fd) != 0)
		return -errno;
	ring->dirty = false;
	return 0;
}

int64_t
keyring_moving(const struct keyring *ring)
{
	return ring->moving;
}

int
keyring_turn(struct keyring *ring)
{
	bool first = ring->moving == 0;
	int r = add(ring, MOVING, &ring->moving);

	if (r == 0)
		ring->others += !first;
	return r;
}

/* The newest older one.  E_NOTFOUND: there is none. */
static int
find_other(const struct keyring *ring, int64_t *ret)
{
	uint8_t s[2];
	int r;

	for (int64_t slot = ring->moving - 1; ring->others > 0 && slot > 0; slot--) {
		if ((r = get(ring->fd, s, sizeof(s), slot * KEYRING_SLOT)) != 0)
			return r;
		if (s[AT_STATE] == LIVE && s[AT_USE] == MOVING) {
			*ret = slot;
			return 0;
		}
	}
	return E_NOTFOUND;
}

bool
keyring_others(const struct keyring *ring)
{
	return ring->others > 0;
}

int
keyring_trim(struct keyring *ring)
{
	int64_t slot;
	int r;

	while ((r = find_other(ring, &slot)) == 0 && (r = keyring_erase(ring, slot)) == 0)
		continue;
	if (r != E_NOTFOUND)
		return r;
	ring->others = 0;
	return 0;
}

void
keyring_count(const struct keyring *ring, int64_t *ret_live, int64_t *ret_erased)
{
	*ret_live = ring->live;
	*ret_erased = ring->erased;
}
