/* SPDX-License-Identifier: Apache-2.0 */
/*
 * directory: records that prove themselves.
 *
 *     {v: 1, kind, id, org, seq, issued_at, expires_at, prev, body, proof}
 *
 * Server, room, sender and decryption are hints; the proof by the
 * organization's record key decides.  seq counts from 1 for each id; prev is the
 * SHA-256 (hex) of the canonical form of the record before, and absent in the
 * first.  A manifest counts an organization's records, so that what a server
 * withholds shows.  schemas/record.json and manifest.json.
 */
#ifndef CAIRN_DIRECTORY_H
#define CAIRN_DIRECTORY_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

#define DIRECTORY_KINDS(X)						\
	X(PROGRAM, "program") X(GROUP, "group")				\
	X(SPECIALIST, "specialist") X(CREDENTIAL, "credential")		\
	X(MANIFEST, "manifest") X(STATUS_LIST, "status_list")		\
	X(STATEMENT, "statement") X(RESOURCE, "resource")		\
	X(STORY, "story") X(CRISIS_LINE, "crisis_line")			\
	X(WITHDRAWAL, "withdrawal")

#define DIRECTORY_VERDICTS(X)						\
	X(OK, "ok")			/* New and good: keep it. */		\
	X(KNOWN, "known")		/* Exactly what is held already. */	\
	X(STALE, "stale")		/* Good, but not refreshed in time: keep and say so. */ \
	X(EXPIRED, "expired")		/* Stale for too long: do not show. */	\
	X(ROLLBACK, "rollback")		/* Older than what is held. */		\
	X(FORK, "fork")			/* Contradicts what is held. */		\
	X(BAD_PROOF, "bad_proof")						\
	X(WRONG_ORG, "wrong_org")						\
	X(FUTURE, "future")		/* Issued later than now. */		\
	X(UNKNOWN_KIND, "unknown_kind")						\
	X(MALFORMED, "malformed")

#define X(name, text) DIRECTORY_KIND_##name,
enum directory_kind { DIRECTORY_KINDS(X) DIRECTORY_NKINDS };
#undef X
#define X(name, text) DIRECTORY_##name,
enum directory_verdict { DIRECTORY_VERDICTS(X) DIRECTORY_NVERDICTS };
#undef X

enum {
	DIRECTORY_HASH = 65,			/* Hex with NUL. */
	DIRECTORY_RECORD_MAX = 44 * 1024,	/* Canonical bytes: fits one encrypted event. */
	DIRECTORY_MAX = 2000,			/* Records of one organization. */
};
#define DIRECTORY_KEEP_STALE	(30 * 86400000LL)	/* Then STALE becomes EXPIRED. */

/* The last record accepted under an id; seq 0: none. */
struct directory_seen {
	int64_t		seq;
	int64_t		proved;		/* The highest under this id that was proved and is not kept; 0: none. */
	bool		withdrawn;	/* It was a withdrawal: nothing else follows it. */
	char		hash[DIRECTORY_HASH];
};

/* What a record is judged against. */
struct directory_context {
	const char			*org;	/* Whose room it came from. */
	const uint8_t			*key;	/* That organization's record key, 32 bytes. */
	const struct directory_seen	*seen;	/* Of the same id; NULL: none. */
	int64_t				 now;
};

struct directory_record {
	enum directory_kind	 kind;		/* DIRECTORY_NKINDS: one that is not known. */
	bool			 proved;	/* It is its organization's, and not older than what was had: the manifest counts it. */
	const char		*id;		/* Borrowed from the JSON, as the rest. */
	const char		*org;
	int64_t			 seq;
	int64_t			 issued_at;
	int64_t			 expires_at;
	const char		*prev;		/* NULL in the first. */
	const json_t		*body;
	char			 hash[DIRECTORY_HASH];	/* Of this record, for the next prev. */
};

/**
 * directory_check(record, context, ret_verdict, ret_record, ret_reason):
 * Judge a received record.  0 with a verdict and a sentence in ${ret_reason} (empty
 * for OK and KNOWN); or -ENOMEM.  ${ret_record} is set if it is proved, and only then: for OK, KNOWN, STALE and EXPIRED, and for
 * UNKNOWN_KIND, FUTURE and what follows a withdrawal, which are not kept, but counted.
 */
int	directory_check(const json_t *, const struct directory_context *,
	    enum directory_verdict *ret_verdict, struct directory_record *ret_record,
	    struct err *ret_reason) must_check;

/**
 * directory_age(expires_at, now, reason): OK, STALE or EXPIRED, and why if not OK.  What is held grows older: it is judged anew each time
 * that it is shown.
 */
enum directory_verdict directory_age(int64_t expires_at, int64_t now, struct err *reason);

/** directory_peek_id(record): its id before any check, to look up what is held; or NULL. */
const char *directory_peek_id(const json_t *);

/**
 * directory_seal(draft, seed, ret, reterr): build and sign a record.  ${draft} gives
 * kind, id, org, issued_at, expires_at and body (borrowed); seq and prev follow from
 * ${seen}, NULL for a first record.  The caller owns ${ret}.  0, E_BAD (too large, times in
 * the wrong order, a body that has no canonical form) or -ENOMEM.
 */
int	directory_seal(const struct directory_record *draft, const struct directory_seen *,
	    const uint8_t seed[32], json_t **ret, struct err *reterr) must_check;

/** directory_hash(record, ret, reterr): SHA-256 of the canonical form.  0, E_BAD or -ENOMEM. */
int	directory_hash(const json_t *, char ret[DIRECTORY_HASH], struct err *) must_check;

/** directory_kind_name: never NULL.  directory_kind_parse: 0 or E_BAD. */
const char *directory_kind_name(enum directory_kind);
int	directory_kind_parse(const char *, enum directory_kind *) must_check;
const char *directory_verdict_name(enum directory_verdict);

/* One record that is held, or that a manifest counts. */
struct directory_entry {
	const char	*id;
	int64_t		 seq;
};

/**
 * directory_manifest(entries, n, now, ret): the body of a manifest record: count,
 * highest seq, and SHA-256 over "id:seq\n" sorted by id as bytes.  Manifests are
 * not counted.  0, E_BAD (more than DIRECTORY_MAX) or -ENOMEM.
 */
int	directory_manifest(const struct directory_entry *, size_t, int64_t now,
	    json_t **ret) must_check;

/**
 * directory_compare(body, entries, n, ret_missing, ret_reason): hold ${n} records
 * against the body of a manifest.  0: all there, in the latest version.  E_NOTFOUND:
 * ${ret_missing} records are withheld (0: as many as claimed, but not the same or not
 * the latest) and a sentence says so.  E_LATER: more or newer ones are held than the
 * manifest knows, so a newer manifest is due.  E_BAD: not a manifest.  -ENOMEM.
 */
int	directory_compare(const json_t *, const struct directory_entry *, size_t,
	    int64_t *ret_missing, struct err *ret_reason) must_check;

/**
 * directory_state_check(packed, type, state_key, reterr): MSC4362, receiver's side.
 * ${packed} is the state key of the m.room.encrypted event, the others come from
 * inside.  0 if packed is "type:state_key", the type holds no ':' and is not one that
 * Matrix itself acts on (m.*); else E_REFUSED.
 */
int	directory_state_check(const char *packed, const char *type, const char *state_key,
	    struct err *) must_check;

#endif /* !CAIRN_DIRECTORY_H */
