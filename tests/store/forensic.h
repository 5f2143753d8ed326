/* SPDX-License-Identifier: Apache-2.0 */
/*
 * forensic: what somebody reads in a database file who has the key-encryption key and a file of keys: every value
 * that anything opens, by an own reading of the format (column.c is not asked).
 */
#ifndef CAIRN_TEST_FORENSIC_H
#define CAIRN_TEST_FORENSIC_H

#include <sodium.h>
#include <sqlite3.h>

#include "base/buf.h"
#include "store/datakey.h"
#include "store/keyring.h"

struct forensic {
	const uint8_t	*seal;		/* The store's own key. */
	struct keyring	*ring;		/* Keys of subjects; NULL: none. */
	const char	*needle;
	int		 values, opened, found;
	int		 ratchets;	/* Of what was opened. */
	uint8_t		 sample[64];	/* Sealed bytes of what was found last. */
};

/* One sealed value, with each name that its row could have. */
static inline void
forensic_value(struct forensic *f, sqlite3_stmt *row, int col, const char *column)
{
	size_t len = (size_t)sqlite3_column_bytes(row, col), head, n;
	const void *stored = sqlite3_column_blob(row, col);
	uint8_t key[KEYRING_KEY];
	uint64_t slot = 0;
	char two[80];
	uint8_t *b;

	if (stored == NULL || len < 1 + 24 + 16)
		return;
	/* Asked for as text it would move. */
	if ((b = malloc(len)) == NULL)
		bail("forensic", "memory");
	memcpy(b, stored, len);
	if (b[0] != 1 && b[0] != 2) {
		free(b);
		return;
	}
	head = b[0] == 1 ? 1 : 9;
	for (size_t i = 1; i < head; i++)
		slot = slot << 8 | b[i];
	if (b[0] == 1)
		memcpy(key, f->seal, sizeof(key));
	f->values++;
	if (len < head + 40 || (b[0] == 2 && (f->ring == NULL || keyring_get(f->ring, (int64_t)slot, key) != 0))) {
		free(b);
		return;
	}
	n = len - head - 40;
	/* A step is named by its referral and itself. */
	(void)snprintf(two, sizeof(two), "%s/%s", (const char *)sqlite3_column_text(row, 1), (const char *)sqlite3_column_text(row, 2));
	for (int i = -2; i < sqlite3_column_count(row); i++) {
		const char *name = i == -2 ? two : i < 0 ? "1" : (const char *)sqlite3_column_text(row, i);
		struct buf ad = { 0 };
		uint8_t *plain = malloc(n + 1);

		if (plain == NULL || buf_add(&ad, column, strlen(column) + 1) != 0 ||
		    buf_add(&ad, name ? name : "", strlen(name ? name : "") + 1) != 0 || buf_add(&ad, b, head) != 0)
			bail("forensic", "memory");
		if (crypto_aead_xchacha20poly1305_ietf_decrypt(plain, NULL, NULL, b + head + 24, n + 16,
		    (const uint8_t *)ad.data, ad.len, b + head, key) == 0) {
			f->opened++;
			f->ratchets += strncmp(column, "crypt_", 6) == 0;
			if (memmem(plain, n, f->needle, strlen(f->needle)) != NULL) {
				f->found++;
				memcpy(f->sample, b + len - sizeof(f->sample), len > sizeof(f->sample) ? sizeof(f->sample) : 0);
			}
			i = sqlite3_column_count(row);
		}
		buf_free(&ad);
		free(plain);
	}
	free(b);
}

static inline void
forensic_table(struct forensic *f, sqlite3 *sql, const char *table)
{
	char text[160], column[160];
	sqlite3_stmt *row = NULL;

	(void)snprintf(text, sizeof(text), "SELECT * FROM \"%s\"", table);
	if (sqlite3_prepare_v2(sql, text, -1, &row, NULL) != SQLITE_OK)
		bail("forensic", sqlite3_errmsg(sql));
	while (sqlite3_step(row) == SQLITE_ROW)
		for (int i = 0; i < sqlite3_column_count(row); i++) {
			const void *clear;

			(void)snprintf(column, sizeof(column), "%s.%s", table, sqlite3_column_name(row, i));
			if (sqlite3_column_type(row, i) == SQLITE_BLOB)
				forensic_value(f, row, i, column);
			if (sqlite3_column_type(row, i) == SQLITE_BLOB)
				continue;
			clear = sqlite3_column_text(row, i);
			f->found += clear != NULL && memmem(clear, (size_t)sqlite3_column_bytes(row, i), f->needle,
			    strlen(f->needle)) != NULL;
		}
	sqlite3_finalize(row);
}

/* ${path}: a database file that nobody has open. */
static inline void
forensic_read(struct forensic *f, const char *path)
{
	sqlite3_stmt *tables = NULL;
	sqlite3 *sql = NULL;

	if (sqlite3_open(path, &sql) != SQLITE_OK || sqlite3_prepare_v2(sql, "SELECT name FROM sqlite_schema "
	    "WHERE type = 'table' AND sql NOT LIKE '%VIRTUAL%'", -1, &tables, NULL) != SQLITE_OK)
		bail("forensic", path);
	while (sqlite3_step(tables) == SQLITE_ROW)
		forensic_table(f, sql, (const char *)sqlite3_column_text(tables, 0));
	sqlite3_finalize(tables);
	sqlite3_close(sql);
}

#endif /* !CAIRN_TEST_FORENSIC_H */
