/* SPDX-License-Identifier: Apache-2.0 */
#include "fixture.h"
#include "store/column.h"

static struct db *db;

static int
opens(const char *column, const char *row, const struct buf *sealed)
{
	autobuf struct buf out = { 0 };
	int r = column_open(db, column, row, sealed->data, sealed->len, &out);

	if (r == 0 && strcmp(out.data, "secret") != 0)
		return 99;
	return r;
}

static void
test_seal(void)
{
	autobuf struct buf a = { 0 }, b = { 0 }, empty = { 0 }, out = { 0 };
	int bad = 0;

	must(column_seal(db, NULL, "t.c", "row", "secret", 6, &a));
	must(column_seal(db, NULL, "t.c", "row", "secret", 6, &b));
	ok(a.len == b.len && memcmp(a.data, b.data, a.len) != 0, "sealed twice it looks different");
	ok(memmem(a.data, a.len, "secret", 6) == NULL, "the value is not in it");
	is_int(opens("t.c", "row", &a), 0, "it opens where it belongs");
	is_int(opens("t.c", "other", &a), ERR_CORRUPT, "not in another row");
	is_int(opens("t.d", "row", &a), ERR_CORRUPT, "not in another column");
	is_int(opens("t", "c\0row", &a), ERR_CORRUPT, "names do not run together");
	for (size_t i = 0; i < a.len; i++) {
		a.data[i] ^= 1;
		bad += opens("t.c", "row", &a) == ERR_CORRUPT;
		a.data[i] ^= 1;
	}
	is_int(bad, (long long)a.len, "every changed byte is seen");
	bad = 0;
	for (b.len = 0; b.len < a.len; b.len++)
		bad += opens("t.c", "row", &b) == ERR_CORRUPT;
	is_int(bad, (long long)a.len, "every cut is seen");

	must(column_seal(db, NULL, "t.c", "row", "", 0, &empty));
	is_int(column_open(db, "t.c", "row", empty.data, empty.len, &out), 0, "an empty value");
	is_int((long long)out.len, 0, "stays empty");
	is_int(column_open(db, "t.c", "row", NULL, 0, &out), ERR_CORRUPT, "NULL is not a value");
}

static void
test_text(void)
{
	autobuf struct buf none = { 0 };
	char row[COLUMN_ROW];

	must(column_seal_text(db, NULL, "t.c", "row", NULL, &none));
	ok(none.data == NULL && none.len == 0, "NULL seals to nothing");
	is_str(column_row(INT64_MIN, row), "-9223372036854775808", "the longest row name fits");
}

static void
test_hash(void)
{
	uint8_t a[COLUMN_HASH], b[COLUMN_HASH];

	column_hash(db, "person", "@a:x", a);
	column_hash(db, "person", "@a:x", b);
	ok(memcmp(a, b, sizeof(a)) == 0, "the same text has the same index");
	column_hash(db, "person", "@b:x", b);
	ok(memcmp(a, b, sizeof(a)) != 0, "another text another");
	column_hash(db, "room", "@a:x", b);
	ok(memcmp(a, b, sizeof(a)) != 0, "another domain another");
	column_hash(db, "perso", "n@a:x", b);
	ok(memcmp(a, b, sizeof(a)) != 0, "domain and text do not run together");

	db_close(db);
	db = fixture_reopen();
	column_hash(db, "person", "@a:x", b);
	ok(memcmp(a, b, sizeof(a)) == 0, "the index outlives the process");

	db_close(db);
	fixture_remove();
	db = fixture_open();
	column_hash(db, "person", "@a:x", b);
	ok(memcmp(a, b, sizeof(a)) != 0, "another store has another index");
}

int
main(void)
{
	db = fixture_open();
	test_seal();
	test_text();
	test_hash();
	db_close(db);
	return done_testing();
}
