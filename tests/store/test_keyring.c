/* SPDX-License-Identifier: Apache-2.0 */
/* The file of keys that can be forgotten: what is in it, in which bytes, after which accident. */
#include <fcntl.h>
#include <sodium.h>

#include "fixture.h"
#include "store/column.h"
#include "store/datakey.h"
#include "store/keyring.c"	/* For its file. */
#include "store/subject.h"

static struct db *db;

static char *
path(char out[128])
{
	(void)snprintf(out, 128, "%s/keys.db", fixture_dir);
	return out;
}

/* The file's bytes; the caller frees. */
static uint8_t *
bytes(size_t *ret_n)
{
	char name[128];
	struct stat st;
	uint8_t *data = NULL;
	int fd = open(path(name), O_RDONLY);

	if (fd < 0 || fstat(fd, &st) != 0 || (data = malloc((size_t)st.st_size + 1)) == NULL ||
	    read(fd, data, (size_t)st.st_size) != st.st_size)
		bail("read", name);
	(void)close(fd);
	*ret_n = (size_t)st.st_size;
	return data;
}

static void
scribble(off_t at, const void *data, size_t n)
{
	char name[128];
	int fd = open(path(name), O_WRONLY);

	if (fd < 0 || pwrite(fd, data, n, at) != (ssize_t)n)
		bail("write", name);
	(void)close(fd);
}

static void
test_slots(void)
{
	struct keyring *ring = db_ring(db);
	uint8_t a[KEYRING_KEY], b[KEYRING_KEY];
	autofree uint8_t *before = NULL, *after = NULL;
	int64_t one, two, live, erased;
	size_t n, m, changed = 0;

	must(keyring_add(ring, &one));
	must(keyring_add(ring, &two));
	must(keyring_sync(ring));
	ok(one != two && keyring_get(ring, one, a) == 0 && keyring_get(ring, two, b) == 0 &&
	    memcmp(a, b, sizeof(a)) != 0, "two slots, two keys");
	is_int(keyring_get(ring, 0, b), E_NOTFOUND, "the head is no slot");
	is_int(keyring_get(ring, two + 1, b), E_NOTFOUND, "nor is what was never given out");

	before = bytes(&n);
	ok(memmem(before, n, a, sizeof(a)) == NULL, "the key is wrapped in the file");
	must(keyring_erase(ring, one));
	after = bytes(&m);
	for (size_t i = 0; i < n; i++)
		if (after[i] != before[i] && (i / KEYRING_SLOT != (size_t)one))
			changed++;
	ok(m == n && changed == 0, "erasing touches its own slot");
	ok(sodium_is_zero(after + one * KEYRING_SLOT + 16, KEYRING_SLOT - 16), "of which nothing is left but when");
	is_int(keyring_get(ring, one, b), E_NOTFOUND, "an erased key is not found");
	ok(keyring_get(ring, two, b) == 0, "the other is");
	is_int(keyring_erased(ring, one), 1, "it is a tombstone");
	is_int(keyring_erased(ring, two), 0, "the other is not");
	must(keyring_erase(ring, one));
	keyring_count(ring, &live, &erased);
	ok(erased == 1, "erased twice it counts once");

	db_close(db);
	db = fixture_reopen();
	ring = db_ring(db);
	is_int(keyring_get(ring, one, b), E_NOTFOUND, "erased after a restart");
	is_int(keyring_get(ring, two, b), 0, "kept after a restart");
	must(keyring_add(ring, &one));
	ok(one > two, "no slot is used twice");
}

static int
opens(const struct buf *sealed)
{
	autobuf struct buf out = { 0 };

	return column_open(db, "t.c", "1", sealed->data, sealed->len, &out);
}

static void
test_subjects(void)
{
	autobuf struct buf a = { 0 }, b = { 0 }, c = { 0 }, moving = { 0 };
	char who[SUBJECT_NAME];
	uint8_t key[DB_KEY];
	int64_t slot, again;

	is_str(subject_person(7, who), "person:7", "a person's name");
	must(db_begin(db, NULL));
	must(column_seal(db, "referral:A", "t.c", "1", "x", 1, &a));
	must(column_seal(db, "referral:B", "t.c", "1", "x", 1, &b));
	must(column_seal(db, SUBJECT_MOVING, "t.c", "1", "x", 1, &moving));
	must(column_seal(db, NULL, "t.c", "1", "x", 1, &c));
	must(subject_key(db, "referral:A", &slot, key));
	must(db_commit(db, NULL));
	ok(opens(&a) == 0 && opens(&b) == 0 && opens(&c) == 0 && opens(&moving) == 0, "each opens without a name");
	a.data[8] ^= b.data[8] ^ a.data[8];
	is_int(opens(&a), ERR_CORRUPT, "a value does not open with another's key");
	a.data[8] = (char)slot;
	is_int(opens(&a), 0, "only with its own");

	must(keyring_erase(db_ring(db), slot));
	is_int(opens(&a), E_NOTFOUND, "of an erased subject nothing opens");
	ok(opens(&b) == 0 && opens(&c) == 0 && opens(&moving) == 0, "of all others everything");

	must(db_begin(db, NULL));
	must(subject_key(db, "referral:A", &again, key));
	ok(again > slot, "who comes back has a new key");
	is_int(opens(&a), E_NOTFOUND, "which does not open what was");
	must(subject_key(db, "referral:C", &slot, key));
	db_rollback(db);
	must(db_begin(db, NULL));
	must(subject_key(db, "referral:C", &again, key));
	ok(again > slot, "a key whose row was undone is not given out again");
	must(db_commit(db, NULL));

	slot = keyring_moving(db_ring(db));
	must(keyring_turn(db_ring(db)));
	ok(keyring_moving(db_ring(db)) > slot && opens(&moving) == 0, "a new key for what moves leaves the old one");
	must(keyring_erase(db_ring(db), slot));
	is_int(opens(&moving), E_NOTFOUND, "until that is erased");
	slot = keyring_moving(db_ring(db));
	must(keyring_sync(db_ring(db)));
	db_close(db);
	db = fixture_reopen();
	is_int(keyring_moving(db_ring(db)), slot, "the newest is found again");
}

static int
reopen(struct err *err)
{
	struct db *other = NULL;
	int r;

	db_close(db);
	if ((r = db_open(fixture_dir, fixture_kek, &fixture_world, &other, err)) == 0)
		db = other;
	else
		db = NULL;
	return r;
}

static void
test_torn(void)
{
	static const uint8_t zero[60] = { 0 };
	struct keyring *ring = db_ring(db);
	autofree uint8_t *left = NULL;
	uint8_t key[KEYRING_KEY];
	int64_t half, dead, live;
	size_t n;

	must(keyring_add(ring, &half));
	must(keyring_add(ring, &dead));
	must(keyring_add(ring, &live));
	must(keyring_sync(ring));
	db_close(db);
	/* An erasure of which the power left either half. */
	scribble(half * KEYRING_SLOT + 68, zero, sizeof(zero));
	scribble(dead * KEYRING_SLOT, "E", 1);
	db = fixture_reopen();
	ring = db_ring(db);
	is_int(keyring_get(ring, half, key), E_NOTFOUND, "half a key is none");
	is_int(keyring_get(ring, dead, key), E_NOTFOUND, "a tombstone is none");
	is_int(keyring_get(ring, live, key), 0, "their neighbour is whole");
	left = bytes(&n);
	ok(sodium_is_zero(left + dead * KEYRING_SLOT + 16, KEYRING_SLOT - 16), "what a tombstone still held is gone");

	db_close(db);
	scribble((off_t)n, "garbage", 7);
	db = fixture_reopen();
	must(keyring_add(db_ring(db), &live));
	ok(live == (int64_t)(n / KEYRING_SLOT) + 1, "half a slot at the end is passed over");
	must(keyring_sync(db_ring(db)));
}

static void
test_files(void)
{
	autobuf struct buf sealed = { 0 }, later = { 0 };
	struct err err = { "" };
	char name[128], aside[160];
	int64_t slot;

	must(db_begin(db, NULL));
	must(column_seal(db, "referral:Z", "t.c", "1", "x", 1, &sealed));
	must(db_commit(db, NULL));
	(void)snprintf(aside, sizeof(aside), "%s/keys.aside", fixture_dir);
	must(rename(path(name), aside));
	is_int(reopen(&err), E_REFUSED, "without its keys a store does not open");
	ok(strstr(err.text, "Put its newest copy back") != NULL, "and says what to do");
	must(rename(aside, name));
	must(reopen(&err));
	is_int(opens(&sealed), 0, "with them it does");

	scribble(16, "another", 7);
	is_int(reopen(&err), E_REFUSED, "another store's keys are refused");
	scribble(0, "another", 7);
	is_int(reopen(&err), E_REFUSED, "and what is no file of keys");

	/* Lost for good: an empty file. */
	must(truncate(name, 0));
	must(reopen(&err));
	is_int(opens(&sealed), E_NOTFOUND, "what was sealed under lost keys is not found");
	must(db_begin(db, NULL));
	must(column_seal(db, "referral:Z", "t.c", "1", "x", 1, &later));
	must(keyring_add(db_ring(db), &slot));
	must(db_commit(db, NULL));
	is_int(opens(&later), 0, "what is said from then on is kept");
	is_int(opens(&sealed), E_NOTFOUND, "and not mistaken for what was");
	must(reopen(&err));
	is_int(opens(&later), 0, "so after a restart");
}

/* An older key for what moves that cannot be read now is not one that is gone. */
static void
test_trim(void)
{
	struct keyring *ring = db_ring(db);
	int64_t old = keyring_moving(ring);
	uint8_t key[KEYRING_KEY];
	char name[128];
	int fd = ring->fd;

	must(keyring_turn(ring));
	must(keyring_sync(ring));
	if ((ring->fd = open(path(name), O_WRONLY)) < 0)
		bail("open", name);
	is_int(keyring_trim(ring), -EBADF, "a slot that cannot be read is an error");
	(void)close(ring->fd);
	ring->fd = fd;
	ok(keyring_others(ring) && keyring_get(ring, old, key) == 0, "and the key is still to be erased");
	must(keyring_trim(ring));
	ok(!keyring_others(ring) && keyring_erased(ring, old) == 1, "as it is when the file can be read");
}

int
main(void)
{
	db = fixture_open();
	test_slots();
	test_subjects();
	test_torn();
	test_files();
	test_trim();
	db_close(db);
	return done_testing();
}
