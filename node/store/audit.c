/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The hash of the last row is also kept sealed in meta, so that a chain cut
 * short, or made anew by someone without the key, does not verify.
 */
#include <errno.h>
#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "audit.h"
#include "base/canon.h"
#include "base/encode.h"
#include "base/heap.h"
#include "peoplestore.h"

enum { HASH = crypto_hash_sha256_BYTES };

static const char head_name[] = "audit.head";

struct entry {
	int64_t		 n, at;
	const char	*actor, *action, *subject, *detail;
};

/* ${hash} becomes that of ${e} after ${hash}. */
static int
chain(const struct entry *e, uint8_t hash[HASH])
{
	autojson json_t *row = NULL;
	autobuf struct buf text = { 0 };
	crypto_hash_sha256_state state;
	unsigned long refused = heap_refused();
	int r;

	row = json_pack("{s:I s:I s:s s:s s:s s:s?}", "n", (json_int_t)e->n, "at", (json_int_t)e->at,
	    "actor", e->actor, "action", e->action, "subject", e->subject, "detail", e->detail);
	if (row == NULL)	/* Else it is not UTF-8. */
		return heap_refused() != refused ? -ENOMEM : E_BAD;
	if ((r = canon_dump(row, &text, NULL)) != 0)
		return r;
	(void)crypto_hash_sha256_init(&state);
	(void)crypto_hash_sha256_update(&state, hash, HASH);
	(void)crypto_hash_sha256_update(&state, (const uint8_t *)text.data, text.len);
	(void)crypto_hash_sha256_final(&state, hash);
	return 0;
}

static void
head_text(int64_t n, const uint8_t hash[HASH], char out[24 + 2 * HASH + 1])
{
	int len = snprintf(out, 24, "%" PRId64 ":", n);

	encode_hex(hash, HASH, out + len);
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
	*ret_n = 0;
	memset(hash, 0, HASH);
	if (r == E_NOTFOUND)
		return 0;
	if ((stored = db_blob(rows, 1, &len)) == NULL || len != HASH)
		return ERR_CORRUPT;
	*ret_n = db_int(rows, 0);
	memcpy(hash, stored, HASH);
	return 0;
}

int
audit_add(struct db *db, int64_t at, const char *actor, const char *action, const char *subject,
    const char *detail)
{
	struct entry e = { .at = at, .actor = actor, .action = action, .subject = subject,
	    .detail = detail };
	char head[24 + 2 * HASH + 1];
	uint8_t hash[HASH];
	int r;

	if ((r = last(db, &e.n, hash)) != 0)
		return r;
	e.n++;
	if ((r = chain(&e, hash)) != 0 ||
	    (r = db_run(db, Q_AUDIT_ADD, "iittttb", e.n, at, actor, action, subject, detail, hash,
	    (size_t)HASH)) != 0)
		return r;
	head_text(e.n, hash, head);
	return meta_put(db, head_name, head, true);
}

static int
check_head(struct db *db, int64_t n, const uint8_t hash[HASH], struct err *reterr)
{
	autofree char *stored = NULL;
	char head[24 + 2 * HASH + 1];
	int r;

	if ((r = meta_get(db, head_name, true, &stored)) < 0)
		return err_set(reterr, r, "audit: the note of the last row: %s", err_name(r));
	head_text(n, hash, head);
	if (r == E_NOTFOUND ? n == 0 : strcmp(stored, head) == 0)
		return 0;
	return err_set(reterr, ERR_CORRUPT, "audit: rows are missing after row %" PRId64
	    ", or the chain was made anew", n);
}

int
audit_verify(struct db *db, int64_t *ret_rows, struct err *reterr)
{
	autorows struct rows *rows = NULL;
	uint8_t hash[HASH] = { 0 };
	int64_t n = 0;
	int r;

	if ((r = db_query(db, &rows, Q_AUDIT_LIST, "")) != 0)
		return err_set(reterr, r, "database: %s", db_error(db));
	while ((r = db_next(rows)) == 0) {
		struct entry e = { db_int(rows, 0), db_int(rows, 1), db_text(rows, 2),
		    db_text(rows, 3), db_text(rows, 4), db_text(rows, 5) };
		const void *stored;
		size_t len;

		if ((r = chain(&e, hash)) < 0)
			return err_set(reterr, r, "audit: %s", err_name(r));
		stored = db_blob(rows, 6, &len);
		if (r != 0 || e.n != ++n || len != HASH || memcmp(stored, hash, HASH) != 0) {
			*ret_rows = e.n;
			return err_set(reterr, ERR_CORRUPT, "audit: row %" PRId64
			    " is not what was written", e.n);
		}
	}
	if (r != E_NOTFOUND)
		return err_set(reterr, r, "database: %s", db_error(db));
	if ((r = check_head(db, n, hash, reterr)) == 0 || r == ERR_CORRUPT)
		*ret_rows = r == 0 ? n : n + 1;
	return r;
}
