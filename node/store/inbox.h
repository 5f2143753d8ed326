/* SPDX-License-Identifier: Apache-2.0 */
/*
 * inbox: what came in.  A content id is applied once.  An item that cannot be
 * used yet is kept as waiting; one that never can be, as rejected, with its
 * raw bytes (sealed) and the reason.  Both are bounded per sender.
 */
#ifndef CAIRN_INBOX_H
#define CAIRN_INBOX_H

#include "db.h"

/** inbox_seen(db, content_id): 0 if applied before, E_NOTFOUND. */
int	inbox_seen(struct db *, const char *content_id) must_check;
/** inbox_add: remember as applied. -EEXIST if it was. hash: sha256 of the canonical content. */
int	inbox_add(struct db *, const char *content_id, int64_t pid, const char *room_id,
	    const char *type, const char *hash, int64_t at) must_check;

enum {
	INBOX_WAITING_MAX	= 1000,		/* Items of one sender. */
	INBOX_REJECTED_MAX	= 1000,		/* The sender's oldest goes. */
	INBOX_RAW_MAX		= 128 * 1024,	/* Bytes of one item; a rejected one is cut. */
};

struct waiting {
	int64_t	 id;
	char	*account, *room_id;	/* room_id NULL: to-device. */
	char	*session_id;		/* Megolm session awaited, or NULL. */
	int64_t	 pid;			/* Sender. */
	char	*raw;			/* The event as received. */
	char	*reason;
	int64_t	 at;
};
/** waiting_add: 0, or E_REFUSED past a bound (the caller rejects instead). w->id is chosen here. */
int	waiting_add(struct db *, const struct waiting *) must_check;
/** waiting_session / waiting_person: lists, oldest first; waiting_list_free. waiting_drop(db, id): 0, E_NOTFOUND. */
int	waiting_session(struct db *, const char *room_id, const char *session_id,
	    struct waiting **, size_t *) must_check;
int	waiting_person(struct db *, int64_t pid, struct waiting **, size_t *) must_check;
void	waiting_list_free(struct waiting *, size_t);
int	waiting_drop(struct db *, int64_t id) must_check;

int	rejected_add(struct db *, const char *account, const char *room_id, int64_t pid,
	    const char *raw, const char *reason, int64_t at) must_check;
/** inbox_counts(db, ret_waiting, ret_rejected). waiting_each and rejected_each(db, limit, fn),
 * newest first: fn(cookie, id, room_id or NULL, reason, at). */
int	inbox_counts(struct db *, int64_t *, int64_t *) must_check;
int	waiting_each(struct db *, int limit, int (*)(void *, int64_t, const char *, const char *, int64_t),
	    void *) must_check;
int	rejected_each(struct db *, int limit, int (*)(void *, int64_t, const char *, const char *, int64_t),
	    void *) must_check;

#endif /* !CAIRN_INBOX_H */
