/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The hash of the last row is also kept sealed in meta, so that a chain cut
 * short, or made anew by someone without the key, does not verify, nor when more rows have followed; and so is
 * that before the first, once older rows are over their term.
 */
#include <errno.h>
#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "audit.h"
#include "base/canon.h"
#include "base/encode.h"
#include "base/heap.h"
#include "column.h"
#include "peoplestore.h"
#include "reading.h"
#include "rows.h"
#include "subject.h"

enum { HASH = crypto_hash_sha256_BYTES, SALT = 16 };

_Static_assert(AUDIT_HEAD == 24 + 2 * HASH + 1, "a head holds a hash in hex");

static const char head_name[] = "audit.head";
static const char base_name[] = "audit.base";		/* Number and hash before the first row. */
static const char trimmed_name[] = "audit.trimmed";	/* The same number, for the trigger. */
static const char about_column[] = "audit.about";
static const char key_name[] = "record_seed";		/* The node's, of its setup (app/own.c). */

struct entry {
	int64_t		 n, at;
	const char	*actor, *action, *subject, *detail;
	const uint8_t	*commitment;	/* NULL: of version 3, which hashed subject and detail. */
	int64_t		 slot;		/* With which key it says whom it is about: column_slot. */
};

static int
digest(const void *before, size_t len, const json_t *row, uint8_t ret[HASH])
{
	autobuf struct buf text = { 0 };
	crypto_hash_sha256_state state;
	int r = canon_dump(row, &text, NULL);

	if (r != 0)
		return r;
	(void)crypto_hash_sha256_init(&state);
	(void)crypto_hash_sha256_update(&state, before, len);
	(void)crypto_hash_sha256_update(&state, (const uint8_t *)text.data, text.len);
	(void)crypto_hash_sha256_final(&state, ret);
	return 0;
}

/* ${hash} becomes that of ${e} after ${hash}. */
static int
chain(const struct entry *e, uint8_t hash[HASH])
{
	autojson json_t *row = NULL;
	unsigned long refused = heap_refused();
	char hex[2 * HASH + 1] = "";

	if (e->commitment != NULL)
		encode_hex(e->commitment, HASH, hex);
	row = e->commitment == NULL ?
	    json_pack("{s:I s:I s:s s:s s:s s:s?}", "n", (json_int_t)e->n, "at", (json_int_t)e->at,
	    "actor", e->actor, "action", e->action, "subject", e->subject, "detail", e->detail) :
	    json_pack("{s:I s:I s:s s:s s:s s:I}", "n", (json_int_t)e->n, "at", (json_int_t)e->at,
	    "actor", e->actor, "action", e->action, "commitment", hex, "slot", (json_int_t)e->slot);
	if (row == NULL)	/* Else it is not UTF-8. */
		return heap_refused() != refused ? -ENOMEM : E_BAD;
	return digest(hash, HASH, row, hash);
}

/* What a row is about: salt and text; and what commits to both. */
static int
commit(const uint8_t salt[SALT], const char *subject, const char *detail, struct buf *about, uint8_t ret[HASH])
{
	unsigned long refused = heap_refused();
	autojson json_t *text = json_pack("{s:s s:s?}", "subject", subject, "detail", detail);
	int r;

	if (text == NULL)
		return heap_refused() != refused ? -ENOMEM : E_BAD;
	if ((r = digest(salt, SALT, text, ret)) != 0 || (r = buf_add(about, salt, SALT)) != 0)
		return r;
	return canon_dump(text, about, NULL);
}

/* 0 and both texts, ${detail} NULL for none; E_NOTFOUND if it is erased; ERR_CORRUPT if it is not what was committed to. */
static int
reveal(struct db *db, int64_t n, struct rows *rows, char **ret_subject, char **ret_detail)
{
	autowipe struct buf about = { 0 };
	autojson json_t *text = NULL;
	uint8_t hash[HASH];
	const void *sealed, *commitment;
	char row[COLUMN_ROW];
	size_t len;
	int r;

	if (db_null(rows, 7)) {
		if ((r = rows_dup(rows, 4, ret_subject)) != 0)
			return r;
		return rows_dup(rows, 5, ret_detail);
	}
	sealed = db_blob(rows, 8, &len);
	if ((r = column_open(db, about_column, column_row(n, row), sealed, len, &about)) != 0)
		return r;
	if (about.len < SALT)
		return ERR_CORRUPT;
	if ((r = canon_parse(about.data + SALT, about.len - SALT, &text, NULL)) != 0)
		return r > 0 ? ERR_CORRUPT : r;
	if ((r = digest(about.data, SALT, text, hash)) != 0)
		return r;
	commitment = db_blob(rows, 7, &len);
	if (len != HASH || memcmp(commitment, hash, HASH) != 0 || json_str(text, "subject") == NULL)
		return ERR_CORRUPT;
	*ret_subject = strdup(json_str(text, "subject"));
	if (*ret_subject != NULL && json_str(text, "detail") != NULL)
		*ret_detail = strdup(json_str(text, "detail"));
	return *ret_subject != NULL && (json_str(text, "detail") == NULL || *ret_detail != NULL) ? 0 : -ENOMEM;
}

static void
head_text(int64_t n, const uint8_t hash[HASH], char out[AUDIT_HEAD])
{
	int len = snprintf(out, 24, "%" PRId64 ":", n);

	encode_hex(hash, HASH, out + len);
}

/* Number and hash before the first row: 0 and zeros, unless older ones were trimmed. */
static int
base(struct db *db, int64_t *ret_n, uint8_t hash[HASH])
{
	autofree char *text = NULL;
	const char *hex;
	int r = meta_get(db, base_name, true, &text);

	*ret_n = 0;
	memset(hash, 0, HASH);
	if (r != 0)
		return r == E_NOTFOUND ? 0 : r;
	hex = strchr(text, ':');
	if (hex == NULL || sodium_hex2bin(hash, HASH, hex + 1, strlen(hex + 1), NULL, NULL, NULL) != 0)
		return ERR_CORRUPT;
	*ret_n = strtoll(text, NULL, 10);
	return 0;
}

static int
last(struct db *db, int64_t *ret_n, uint8_t hash[HASH])
{
	autorows struct rows *rows = NULL;
	const void *stored;
	size_t len;
	int r;

	if ((r = db_query(db, &rows, Q_AUDIT_LAST, "")) != 0 || (r = db_next(rows)) < 0)
		return r;
	if (r == E_NOTFOUND)
		return base(db, ret_n, hash);
	if ((stored = db_blob(rows, 1, &len)) == NULL || len != HASH)
		return ERR_CORRUPT;
	*ret_n = db_int(rows, 0);
	memcpy(hash, stored, HASH);
	return 0;
}

/* 0 if the node was set up, which is in its audit; E_NOTFOUND. */
static int
is_set_up(struct db *db)
{
	autorows struct rows *rows = NULL;
	int r = db_query(db, &rows, Q_META_GET, "t", key_name);

	return r != 0 ? r : db_next(rows);
}

/* Is that the last row that was written? */
static int
check_head(struct db *db, int64_t n, const uint8_t hash[HASH], struct err *reterr)
{
	autofree char *stored = NULL;
	char head[AUDIT_HEAD];
	int r;

	if ((r = meta_get(db, head_name, true, &stored)) == E_NOTFOUND && n == 0 && (r = is_set_up(db)) == E_NOTFOUND)
		return 0;
	if (r < 0)
		return err_set(reterr, r, "audit: the note of the last row: %s", err_name(r));
	head_text(n, hash, head);
	if (stored != NULL && strcmp(stored, head) == 0)
		return 0;
	return err_set(reterr, ERR_CORRUPT, "audit: rows are missing after row %" PRId64
	    ", or the chain was made anew", n);
}

/* The key that it is erased with. */
static const char *
key_of(const char *subject)
{
	return !strncmp(subject, "referral:", 9) || !strncmp(subject, "person:", 7) || !strncmp(subject, "legal:", 6) ?
	    subject : NULL;
}

static int
add(struct db *db, int64_t at, const char *actor, const char *action, const char *subject,
    const char *detail)
{
	autobuf struct buf sealed = { 0 };
	autowipe struct buf about = { 0 };
	uint8_t hash[HASH], salt[SALT], commitment[HASH];
	struct entry e = { .at = at, .actor = actor, .action = action, .commitment = commitment };
	char head[AUDIT_HEAD], row[COLUMN_ROW];
	int r, whole;

	if ((r = last(db, &e.n, hash)) != 0)
		return r;
	whole = check_head(db, e.n, hash, NULL);
	if (whole != 0 && whole != ERR_CORRUPT)
		return whole;
	e.n++;
	world_random(db_world(db), salt, sizeof(salt));
	if ((r = commit(salt, subject, detail, &about, commitment)) != 0 ||
	    (r = column_seal(db, key_of(subject), about_column, column_row(e.n, row), about.data, about.len, &sealed)) != 0 ||
	    (r = column_slot(sealed.data, sealed.len, &e.slot)) != 0 || (r = chain(&e, hash)) != 0 ||
	    (r = db_run(db, Q_AUDIT_ADD, "iittbbb", e.n, at, actor, action, commitment, (size_t)HASH, sealed.data,
	    sealed.len, hash, (size_t)HASH)) != 0)
		return r;
	if (whole != 0)
		return 0;	/* What is missing stays missing. */
	head_text(e.n, hash, head);
	return meta_put(db, head_name, head, true);
}

int
audit_add(struct db *db, int64_t at, const char *actor, const char *action, const char *subject, const char *detail)
{
	bool reading = db_reading(db, false);
	int r = add(db, at, actor, action, subject, detail);

	(void)db_reading(db, reading);
	return r;
}

int
audit_case(struct db *db, int64_t at, const char *actor, const char *action, const char *referral, const char *detail)
{
	char who[SUBJECT_NAME];

	return audit_add(db, at, actor, action, subject_referral(referral, who), detail);
}

int
audit_shares(struct db *db, int64_t at, const char *ref)
{
	autorows struct rows *rows = NULL;
	int r = db_query(db, &rows, Q_AUDIT_SHARES, "t", ref);

	while (r == 0 && (r = db_next(rows)) == 0) {
		autofree char *device = NULL, *room = NULL, *detail = NULL;
		char who[SUBJECT_NAME];

		(void)subject_person(db_int(rows, 0), who);
		if ((r = rows_dup(rows, 1, &device)) != 0 || (r = rows_dup(rows, 2, &room)) != 0)
			return r;
		if (asprintf(&detail, "device %s, room %s", device, room) < 0)
			return -ENOMEM;
		r = audit_add(db, at, "node", "share_key", who, detail);
	}
	return r == E_NOTFOUND ? 0 : r;
}

int
audit_head(struct db *db, char out[AUDIT_HEAD])
{
	uint8_t hash[HASH];
	int64_t n;
	int r = last(db, &n, hash);

	if (r == 0)
		head_text(n, hash, out);
	return r;
}

int
audit_has(struct db *db, const char *head)
{
	autorows struct rows *rows = NULL;
	uint8_t hash[HASH];
	char text[AUDIT_HEAD];
	int64_t n = strtoll(head, NULL, 10), first;
	const void *stored;
	size_t len;
	int r;

	if ((r = base(db, &first, hash)) != 0)
		return r;
	if (n < first)
		return E_NOTFOUND;
	if (n > first) {
		if ((r = db_query(db, &rows, Q_AUDIT_HASH, "i", n)) != 0 || (r = db_next(rows)) != 0)
			return r == E_NOTFOUND ? E_BAD : r;
		if ((stored = db_blob(rows, 0, &len)) == NULL || len != HASH)
			return E_BAD;
		memcpy(hash, stored, HASH);
	}
	head_text(n, hash, text);
	return strcmp(text, head) == 0 ? 0 : E_BAD;
}

int
audit_trim(struct db *db, int64_t before, int64_t most, int64_t *ret_n)
{
	autorows struct rows *over = NULL, *rows = NULL;
	char head[AUDIT_HEAD];
	const void *hash;
	int64_t n;
	size_t len;
	int r = db_query(db, &over, Q_AUDIT_OVER, "ii", before, most);

	*ret_n = 0;
	if (r != 0 || (r = db_next(over)) != 0)
		return r > 0 ? ERR_DB : r;
	if (db_null(over, 0))
		return 0;
	n = db_int(over, 0);
	if ((r = db_query(db, &rows, Q_AUDIT_HASH, "i", n)) != 0 || (r = db_next(rows)) != 0)
		return r > 0 ? ERR_CORRUPT : r;
	if ((hash = db_blob(rows, 0, &len)) == NULL || len != HASH)
		return ERR_CORRUPT;
	head_text(n, hash, head);
	db_done(take(rows));
	if ((r = meta_put(db, base_name, head, true)) != 0 || (r = db_run(db, Q_ERASURE_NOTE, "ti", trimmed_name, n)) != 0 ||
	    (r = db_run(db, Q_AUDIT_TRIM, "i", n)) != 0)
		return r;
	*ret_n = db_changes(db);
	return 0;
}

/* One row after ${*n} and ${hash}; ERR_CORRUPT if it is not what was written. */
static int
check_row(struct db *db, struct rows *rows, int64_t *n, uint8_t hash[HASH])
{
	autofree char *subject = NULL, *detail = NULL;
	struct entry e = { .n = db_int(rows, 0), .at = db_int(rows, 1), .actor = db_text(rows, 2),
	    .action = db_text(rows, 3), .subject = db_text(rows, 4), .detail = db_text(rows, 5) };
	uint8_t commitment[HASH];
	const void *stored;
	size_t len;
	int r;

	if (!db_null(rows, 7)) {
		if ((stored = db_blob(rows, 7, &len)) == NULL || len != HASH)
			return ERR_CORRUPT;
		memcpy(commitment, stored, HASH);
		e.commitment = commitment;
		stored = db_blob(rows, 8, &len);
		if ((r = column_slot(stored, len, &e.slot)) != 0)
			return r;
	}
	if ((r = chain(&e, hash)) != 0)
		return r > 0 ? ERR_CORRUPT : r;
	stored = db_blob(rows, 6, &len);
	if (e.n != ++*n || len != HASH || memcmp(stored, hash, HASH) != 0)
		return ERR_CORRUPT;
	r = reveal(db, e.n, rows, &subject, &detail);
	return r == E_NOTFOUND ? 0 : r;
}

int
audit_verify(struct db *db, int64_t *ret_rows, struct err *reterr)
{
	autorows struct rows *rows = NULL;
	uint8_t hash[HASH];
	int64_t n, first;
	int r;

	if ((r = base(db, &first, hash)) != 0)
		return err_set(reterr, r, "audit: the note of what was trimmed: %s", err_name(r));
	n = first;
	if ((r = db_query(db, &rows, Q_AUDIT_LIST, "")) != 0)
		return err_set(reterr, r, "database: %s", db_error(db));
	while ((r = db_next(rows)) == 0) {
		int64_t at = db_int(rows, 0);

		if ((r = check_row(db, rows, &n, hash)) == ERR_CORRUPT) {
			*ret_rows = at;
			return err_set(reterr, ERR_CORRUPT, "audit: row %" PRId64 " is not what was written", at);
		}
		if (r != 0)
			return err_set(reterr, r, "audit: %s", err_name(r));
	}
	if (r != E_NOTFOUND)
		return err_set(reterr, r, "database: %s", db_error(db));
	if ((r = check_head(db, n, hash, reterr)) == 0 || r == ERR_CORRUPT)
		*ret_rows = r == 0 ? n - first : n + 1;
	return r;
}

int
audit_each(struct db *db, int64_t most, int (*fn)(void *, const struct audit_row *), void *cookie)
{
	autorows struct rows *rows = NULL;
	int r = db_query(db, &rows, Q_AUDIT_NEWEST, "i", most);

	while (r == 0 && (r = db_next(rows)) == 0) {
		autofree char *subject = NULL, *detail = NULL;
		struct audit_row row = { .n = db_int(rows, 0), .at = db_int(rows, 1), .actor = db_text(rows, 2),
		    .action = db_text(rows, 3) };

		if ((r = reveal(db, row.n, rows, &subject, &detail)) < 0)
			return r;
		row.subject = r == 0 ? subject : NULL;
		row.detail = detail;
		r = fn(cookie, &row);
	}
	return r == E_NOTFOUND ? 0 : r;
}
