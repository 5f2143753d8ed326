/* SPDX-License-Identifier: Apache-2.0 */
#include "directory.h"

#include <errno.h>
#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/canon.h"
#include "base/encode.h"
#include "base/id.h"
#include "base/proof.h"
#include "signed.h"
#include "when.h"

#define X(name, text) text,
static const char *const kind_names[] = { DIRECTORY_KINDS(X) };
static const char *const verdict_names[] = { DIRECTORY_VERDICTS(X) };
#undef X

const char *
directory_kind_name(enum directory_kind kind)
{
	return (unsigned)kind < DIRECTORY_NKINDS ? kind_names[kind] : "unknown";
}

const char *
directory_verdict_name(enum directory_verdict verdict)
{
	return (unsigned)verdict < DIRECTORY_NVERDICTS ? verdict_names[verdict] : "unknown";
}

int
directory_kind_parse(const char *name, enum directory_kind *ret)
{
	for (size_t i = 0; i < DIRECTORY_NKINDS; i++)
		if (strcmp(kind_names[i], name) == 0) {
			*ret = (enum directory_kind)i;
			return 0;
		}
	return E_BAD;
}

const char *
directory_peek_id(const json_t *record)
{
	const char *id = json_str(record, "id");

	return id_is_own(id) ? id : NULL;
}

static bool
is_hash(const char *text)
{
	uint8_t bytes[crypto_hash_sha256_BYTES];
	char again[DIRECTORY_HASH];

	if (strlen(text) != DIRECTORY_HASH - 1 || decode_hex(text, bytes, sizeof(bytes)) != 0)
		return false;
	encode_hex(bytes, sizeof(bytes), again);
	return strcmp(text, again) == 0;
}

static void
finish_hash(crypto_hash_sha256_state *state, char ret[DIRECTORY_HASH])
{
	uint8_t digest[crypto_hash_sha256_BYTES];

	(void)crypto_hash_sha256_final(state, digest);
	encode_hex(digest, sizeof(digest), ret);
}

/* The hash, and E_BAD also when the canonical form is too long for one event. */
static int
hash_bounded(const json_t *record, size_t max, char ret[DIRECTORY_HASH], struct err *reterr)
{
	autobuf struct buf text = { 0 };
	crypto_hash_sha256_state state;
	int r = canon_dump(record, &text, reterr);

	if (r != 0)
		return r;
	if (max > 0 && text.len > max)
		return err_set(reterr, E_BAD, "record has %zu bytes, %zu are allowed; shorten its "
		    "texts", text.len, max);
	(void)crypto_hash_sha256_init(&state);
	(void)crypto_hash_sha256_update(&state, (const unsigned char *)text.data, text.len);
	finish_hash(&state, ret);
	return 0;
}

int
directory_hash(const json_t *record, char ret[DIRECTORY_HASH], struct err *reterr)
{
	return hash_bounded(record, 0, ret, reterr);
}

static bool
is_time(int64_t ms)
{
	return ms > 0 && ms <= WHEN_MAX;
}

/* Read the envelope, which has exactly the members of the schema.  Kind is left for later. */
static int
read_envelope(const json_t *record, struct directory_record *ret, struct err *reterr)
{
	bool first;

	ret->id = json_str(record, "id");
	ret->org = json_str(record, "org");
	ret->seq = json_int(record, "seq", 0);
	ret->issued_at = json_int(record, "issued_at", 0);
	ret->expires_at = json_int(record, "expires_at", 0);
	ret->prev = json_str(record, "prev");
	ret->body = json_obj(record, "body");

	if (!json_is_object(record) || json_int(record, "v", 0) != 1)
		return err_set(reterr, E_BAD, "record is not of version 1");
	if (!id_is_own(ret->id) || !id_is_own(ret->org))
		return err_set(reterr, E_BAD, "record has no proper id or org");
	if (ret->seq < 1 || ret->seq > CANON_INT_MAX)
		return err_set(reterr, E_BAD, "record has no proper seq");
	if (!is_time(ret->issued_at) || !is_time(ret->expires_at) ||
	    ret->expires_at <= ret->issued_at)
		return err_set(reterr, E_BAD, "record has no proper issued_at and expires_at");
	if (ret->body == NULL || json_obj(record, "proof") == NULL ||
	    json_str(record, "kind") == NULL)
		return err_set(reterr, E_BAD, "record lacks kind, body or proof");
	first = ret->seq == 1;
	if (first ? json_object_get(record, "prev") != NULL :
	    ret->prev == NULL || !is_hash(ret->prev))
		return err_set(reterr, E_BAD, first ? "first record names a predecessor" :
		    "record does not name its predecessor");
	if (json_object_size(record) != (first ? 9 : 10))
		return err_set(reterr, E_BAD, "record has members that version 1 does not know");
	return 0;
}

/* Against what was had under the same id. */
static enum directory_verdict
judge_sequence(const struct directory_record *rec, const struct directory_seen *seen,
    struct err *reason)
{
	int64_t had = seen == NULL ? 0 : seen->proved > seen->seq ? seen->proved : seen->seq;

	if (had == 0)
		return DIRECTORY_OK;
	if (rec->seq < had) {
		(void)err_set(reason, 0, "server offers version %" PRId64 " of the record, but "
		    "version %" PRId64 " is %s; the older one is refused", rec->seq, had, had == seen->seq ? "held" : "known");
		return DIRECTORY_ROLLBACK;
	}
	if (rec->seq == seen->seq) {
		if (strcmp(rec->hash, seen->hash) == 0)
			return DIRECTORY_KNOWN;
		(void)err_set(reason, 0, "a different version %" PRId64 " of the record is held; "
		    "its organization must issue a higher one", rec->seq);
		return DIRECTORY_FORK;
	}
	if (seen->seq > 0 && rec->seq == seen->seq + 1 && strcmp(rec->prev, seen->hash) != 0) {
		(void)err_set(reason, 0, "version %" PRId64 " of the record does not continue "
		    "the version that is held", rec->seq);
		return DIRECTORY_FORK;
	}
	return DIRECTORY_OK;
}

enum directory_verdict
directory_age(int64_t expires_at, int64_t now, struct err *reason)
{
	bool stale = now < expires_at + DIRECTORY_KEEP_STALE;
	char day[WHEN_TEXT];

	if (now < expires_at)
		return DIRECTORY_OK;
	(void)err_set(reason, 0, stale ? "to be refreshed by %s, and was not; ask before relying on it" : "expired on %s and was not refreshed",
	    when_print_day(expires_at, day));
	return stale ? DIRECTORY_STALE : DIRECTORY_EXPIRED;
}

/* Everything but -ENOMEM is a verdict. */
static int
judge(const json_t *record, const struct directory_context *c, struct directory_record *rec,
    enum directory_verdict *ret, struct err *reason)
{
	enum directory_verdict age;
	int r;

	*ret = DIRECTORY_MALFORMED;
	if (read_envelope(record, rec, reason) != 0)
		return 0;
	r = hash_bounded(record, DIRECTORY_RECORD_MAX, rec->hash, reason);
	if (r != 0)
		return r < 0 ? r : 0;
	if (strcmp(rec->org, c->org) != 0) {
		*ret = DIRECTORY_WRONG_ORG;
		(void)err_set(reason, 0, "record names another organization than the one whose "
		    "directory holds it");
		return 0;
	}
	r = signed_verify(record, SIGNED_RECORD, c->key, reason);
	if (r != 0) {
		*ret = DIRECTORY_BAD_PROOF;
		return r < 0 ? r : 0;
	}
	if (directory_kind_parse(json_str(record, "kind"), &rec->kind) != 0)
		rec->kind = DIRECTORY_NKINDS;
	*ret = judge_sequence(rec, c->seen, reason);
	if (*ret == DIRECTORY_ROLLBACK || *ret == DIRECTORY_FORK)
		return 0;
	rec->proved = true;
	if (c->seen != NULL && c->seen->withdrawn && rec->kind != DIRECTORY_KIND_WITHDRAWAL) {
		*ret = DIRECTORY_ROLLBACK;
		(void)err_set(reason, 0, "the record was withdrawn; what is published anew "
		    "takes another id");
		return 0;
	}
	if (rec->kind == DIRECTORY_NKINDS) {
		*ret = DIRECTORY_UNKNOWN_KIND;
		(void)err_set(reason, 0, "record is of a kind that this version does not know");
		return 0;
	}
	if (rec->issued_at > c->now + WHEN_SKEW) {
		*ret = DIRECTORY_FUTURE;
		(void)err_set(reason, 0, "record is dated in the future; check the clocks of both "
		    "nodes");
		return 0;
	}
	/* A held record that went stale is told as stale, not as known. */
	age = directory_age(rec->expires_at, c->now, reason);
	if (age != DIRECTORY_OK)
		*ret = age;
	return 0;
}

int
directory_check(const json_t *record, const struct directory_context *c,
    enum directory_verdict *ret_verdict, struct directory_record *ret_record,
    struct err *ret_reason)
{
	struct directory_record rec = { 0 };
	enum directory_verdict verdict;
	struct err reason = { "" };
	int r = judge(record, c, &rec, &verdict, &reason);

	if (r < 0)
		return r;
	if (rec.proved)
		*ret_record = rec;
	*ret_verdict = verdict;
	*ret_reason = reason;
	return 0;
}

int
directory_seal(const struct directory_record *draft, const struct directory_seen *seen,
    const uint8_t seed[32], json_t **ret, struct err *reterr)
{
	int64_t before = seen != NULL ? seen->seq : 0;
	char created[WHEN_TEXT], hash[DIRECTORY_HASH];
	struct directory_record again = { 0 };
	autojson json_t *record = json_pack("{s:i, s:s, s:s, s:s, s:I, s:I, s:I, s:O}",
	    "v", 1, "kind", directory_kind_name(draft->kind), "id", draft->id, "org", draft->org,
	    "seq", (json_int_t)before + 1, "issued_at", (json_int_t)draft->issued_at,
	    "expires_at", (json_int_t)draft->expires_at, "body", draft->body);
	int r;

	if (record == NULL)
		return -ENOMEM;
	if (before > 0 && json_object_set_new(record, "prev", json_string(seen->hash)) != 0)
		return -ENOMEM;
	r = proof_sign(record, seed, SIGNED_PURPOSE, when_print(draft->issued_at, created), reterr);
	if (r == 0)
		r = read_envelope(record, &again, reterr);
	if (r == 0)
		r = hash_bounded(record, DIRECTORY_RECORD_MAX, hash, reterr);
	if (r != 0)
		return r;
	*ret = take(record);
	return 0;
}

static int
by_id(const void *a, const void *b)
{
	const struct directory_entry *x = a, *y = b;

	return strcmp(x->id, y->id);
}

/* Highest seq, and the hash of all entries. */
static int
sum_entries(const struct directory_entry *entries, size_t n, int64_t *ret_highest,
    char ret_hash[DIRECTORY_HASH])
{
	autofree struct directory_entry *sorted = malloc((n + 1) * sizeof(*sorted));
	crypto_hash_sha256_state state;

	if (sorted == NULL)
		return -ENOMEM;
	if (n > 0)
		memcpy(sorted, entries, n * sizeof(*sorted));
	qsort(sorted, n, sizeof(*sorted), by_id);
	*ret_highest = 0;
	(void)crypto_hash_sha256_init(&state);
	for (size_t i = 0; i < n; i++) {
		char seq[24];
		int len = snprintf(seq, sizeof(seq), ":%" PRId64 "\n", sorted[i].seq);

		(void)crypto_hash_sha256_update(&state, (const unsigned char *)sorted[i].id,
		    strlen(sorted[i].id));
		(void)crypto_hash_sha256_update(&state, (const unsigned char *)seq, (size_t)len);
		if (sorted[i].seq > *ret_highest)
			*ret_highest = sorted[i].seq;
	}
	finish_hash(&state, ret_hash);
	return 0;
}

int
directory_manifest(const struct directory_entry *entries, size_t n, int64_t now, json_t **ret)
{
	char hash[DIRECTORY_HASH];
	int64_t highest;
	json_t *body;
	int r;

	if (n > DIRECTORY_MAX)
		return E_BAD;
	r = sum_entries(entries, n, &highest, hash);
	if (r != 0)
		return r;
	body = json_pack("{s:I, s:I, s:s, s:I}", "count", (json_int_t)n, "highest_seq",
	    (json_int_t)highest, "hash", hash, "issued_at", (json_int_t)now);
	if (body == NULL)
		return -ENOMEM;
	*ret = body;
	return 0;
}

int
directory_compare(const json_t *body, const struct directory_entry *entries, size_t n,
    int64_t *ret_missing, struct err *ret_reason)
{
	int64_t count = json_int(body, "count", -1), claimed = json_int(body, "highest_seq", -1);
	int64_t held = (int64_t)n, highest;
	const char *want = json_str(body, "hash");
	char hash[DIRECTORY_HASH];
	int r;

	if (count < 0 || count > DIRECTORY_MAX || claimed < 0 || want == NULL || !is_hash(want))
		return err_set(ret_reason, E_BAD, "manifest lacks count, highest_seq or hash");
	r = sum_entries(entries, n, &highest, hash);
	if (r != 0)
		return r;
	if (strcmp(hash, want) == 0)
		return 0;
	if (held < count) {
		*ret_missing = count - held;
		return err_set(ret_reason, E_NOTFOUND, "%" PRId64 " of %" PRId64 " records have "
		    "not arrived: the server withholds them, or they are on their way",
		    count - held, count);
	}
	if (held > count || highest > claimed)
		return err_set(ret_reason, E_LATER, "records are held that the manifest does not "
		    "know yet; a newer manifest is due");
	*ret_missing = 0;
	return err_set(ret_reason, E_NOTFOUND, "as many records arrived as the manifest counts, "
	    "but not all of them are the latest: the server withholds newer ones");
}

int
directory_state_check(const char *packed, const char *type, const char *state_key,
    struct err *reterr)
{
	size_t len;

	if (packed == NULL || type == NULL || state_key == NULL)
		return err_set(reterr, E_REFUSED, "encrypted state lacks its key outside, or type "
		    "or key inside");
	len = strlen(type);
	if (len == 0 || strchr(type, ':') != NULL)
		return err_set(reterr, E_REFUSED, "the type inside encrypted state is empty or "
		    "holds a colon");
	if (strncmp(type, "m.", 2) == 0)
		return err_set(reterr, E_REFUSED, "encrypted state holds a type that Matrix itself "
		    "acts on; those are never taken from inside");
	if (strncmp(packed, type, len) != 0 || packed[len] != ':' ||
	    strcmp(packed + len + 1, state_key) != 0)
		return err_set(reterr, E_REFUSED, "encrypted state says another type or key inside "
		    "than outside");
	return 0;
}
