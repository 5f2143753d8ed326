/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dirstore: records: our own (drafts and published) and those of the
 * organizations we follow, with the verdict on each.  What of the latter is found by
 * which words is searchstore.h's.  No member data.
 */
#ifndef CAIRN_DIRSTORE_H
#define CAIRN_DIRSTORE_H

#include <jansson.h>

#include "db.h"

/* The body changed since it was signed; what was signed is to be signed anew, as it was, under another key. */
enum { OWN_CHANGED = 1, OWN_ANEW = 2 };

struct own_record {
	char	*id, *kind;
	char	*source;	/* Where it was imported from ("hsds:service/ID"), unique, or NULL. */
	char	*body;		/* JSON text of the body as last edited. */
	char	*record;	/* JSON text of the last signed record, or NULL. */
	char	*hash;		/* sha256 hex of its canonical form, or NULL. */
	char	*state_key;	/* Opaque key in the directory room. */
	int64_t	 seq;		/* Of the last signed record; 0 if none. */
	int64_t	 dirty;		/* OWN_*; 0: record is what is to be published. */
};
int	own_put(struct db *, const struct own_record *) must_check;	/* By id. E_BAD: body is not JSON. */
int	own_get(struct db *, const char *id, struct own_record *) must_check;
int	own_by_source(struct db *, const char *source, struct own_record *) must_check;
int	own_each(struct db *, const char *kind_or_null, int (*)(void *, const struct own_record *), void *) must_check;
/** own_leap(db): what was issued is to be issued again, with numbers a million higher. */
int	own_leap(struct db *) must_check;
int	own_drop(struct db *, const char *id) must_check;
void	own_free(struct own_record *);

enum { FOLLOWER_NOT, FOLLOWER_IS, FOLLOWER_LEFT };	/* The last: it is said to have left our directory since. */

struct partner {
	char	*org;			/* Organization id of the trust list. */
	char	*directory_room;	/* Its directory room once invited, or NULL. */
	int64_t	 follows;		/* We asked to follow it. */
	int64_t	 follower;		/* FOLLOWER_*: it asked to follow us. */
	int64_t	 loaded;		/* Its records were loaded by /state, and none was refused since because it was not in force. */
	char	*manifest;		/* Last manifest's JSON, or NULL. */
};
int	partner_put(struct db *, const struct partner *) must_check;
int	partner_get(struct db *, const char *org, struct partner *) must_check;
int	partner_by_room(struct db *, const char *room_id, struct partner *) must_check;
int	partner_each(struct db *, int (*)(void *, const struct partner *), void *) must_check;
void	partner_free(struct partner *);

struct seen_record {
	char	*org, *id, *kind;
	int64_t	 seq, expires_at, received_at;
	char	*hash;		/* sha256 hex of the canonical record. */
	char	*record;	/* JSON text. */
	int64_t	 verdict;	/* enum directory_verdict. */
	char	*reason;	/* In words, or NULL. */
	int64_t	 n;		/* Its number, for searchstore.h; not for seen_put. */
	int64_t	 forget_at;	/* What it says is to be forgotten then; 0: never, or it was. */
};
int	seen_put(struct db *, const struct seen_record *) must_check;
int	seen_count(struct db *, const char *org, int64_t *) must_check;
/** seen_orgs(db, fn, cookie): each organization of whom a record is held; stops at fn's first non-zero and returns it. */
int	seen_orgs(struct db *, int (*)(void *, const char *org), void *) must_check;
int	seen_get(struct db *, const char *org, const char *id, struct seen_record *) must_check;
int	seen_at(struct db *, int64_t n, struct seen_record *) must_check;
/** seen_each(db, kind or NULL, org or NULL, fn, cookie): stops at fn's first non-zero and returns it. */
int	seen_each(struct db *, const char *kind, const char *org, int (*)(void *, const struct seen_record *), void *) must_check;
/** seen_indexed(db, n, version), seen_unindexed(db, version, most, ret, ret_n): what is in the index by ${version} of the
 * terms, and up to ${most} that are not; one that was put is not. */
int	seen_indexed(struct db *, int64_t n, int64_t version) must_check;
int	seen_unindexed(struct db *, int64_t version, int64_t most, int64_t **, size_t *) must_check;
/** seen_over(db, now, most, ret, ret_n): up to ${most} whose forget_at has come. */
int	seen_over(struct db *, int64_t now, int64_t most, int64_t **, size_t *) must_check;
void	seen_free(struct seen_record *);

/**
 * What was proved and is not kept: its id and number.  proved_put(db, org, id, seq, manifest, most): unless that many of ${org} are there; a lower number than the
 * one that is there changes nothing, and seen_put of one as high drops it.  proved_seq(db, org, id, ret): 0: none.  proved_manifest(db, org, ret): is one
 * of them a manifest?
 * counted_each(db, org, fn, cookie): the highest number of each record of ${org}, kept or not, but of manifests; stops at fn's first non-zero and returns it.
 */
int	proved_put(struct db *, const char *org, const char *id, int64_t seq, bool manifest, int64_t most) must_check;
int	proved_seq(struct db *, const char *org, const char *id, int64_t *ret) must_check;
int	proved_manifest(struct db *, const char *org, bool *ret) must_check;
int	counted_each(struct db *, const char *org, int (*)(void *, const char *id, int64_t seq), void *) must_check;

/**
 * purge_ask(db, record, now): each follower of now, and who has read it by a query, is to forget it.  purge_done(db, record, org, now): they say that they did.
 * purge_each: by organization; done 0: not yet.  purge_late(db, before, ret): how many asked before have not.
 */
int	purge_ask(struct db *, const char *record, int64_t now) must_check;
int	purge_done(struct db *, const char *record, const char *org, int64_t now) must_check;
int	purge_each(struct db *, const char *record, int (*)(void *, const char *org, int64_t asked, int64_t done), void *) must_check;
int	purge_late(struct db *, int64_t before, int64_t *ret) must_check;

/**
 * read_put(db, record, org): they read it by a query.  read_unasked(db, fn, cookie): who is to forget what they read so, and was
 * not asked; fn may write.  read_drop: they were.
 */
int	read_put(struct db *, const char *record, const char *org) must_check;
int	read_unasked(struct db *, int (*)(void *, const char *record, const char *org), void *) must_check;
int	read_drop(struct db *, const char *record, const char *org) must_check;

#endif /* !CAIRN_DIRSTORE_H */
