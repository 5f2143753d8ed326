/* SPDX-License-Identifier: Apache-2.0 */
/*
 * inbox: what came in.  A content id is applied once.  An item that cannot be
 * used yet is kept as waiting; one that never can be, as rejected, with its
 * raw bytes (sealed) and the reason.  Both are bounded per sender and in total.
 */
#ifndef CAIRN_INBOX_H
#define CAIRN_INBOX_H

#include "db.h"

/** inbox_seen(db, content_id): 0 if applied before, E_NOTFOUND. */
int	inbox_seen(struct db *, const char *content_id) must_check;
/** inbox_add: remember as applied. -EEXIST if it was. hash: sha256 of the canonical content. */
int	inbox_add(struct db *, const char *content_id, int64_t pid, const char *room_id,
	    const char *type, const char *hash, int64_t at) must_check;
/** inbox_deleted(db, event_id, pid, room_id, at): what is not to be read when it comes; the newest INBOX_DELETED_MAX of one person. */
int	inbox_deleted(struct db *, const char *event_id, int64_t pid, const char *room_id, int64_t at) must_check;

enum {
	INBOX_DELETED_MAX	= 1000,
	INBOX_WAITING_MAX	= 1000,		/* Items of one sender. */
	INBOX_REJECTED_MAX	= 1000,		/* The sender's oldest goes. */
	INBOX_RAW_MAX		= 128 * 1024,	/* Bytes of one item. */
	INBOX_REJECTED_RAW	= 4 * 1024,	/* A rejected one is cut, but a partner's. */
	INBOX_STRANGER_MAX	= 10,		/* Items of one stranger, of whom STRANGER_MAX are kept. */
	INBOX_STRANGER_RAW	= 16 * 1024,
	INBOX_GUESTS_WAITING	= 2000,		/* Items of all guests: past it who has the most loses its oldest. */
	INBOX_GUESTS_REJECTED	= 5000,
};

/* Partners' identities are pinned; guests are on a roster, or were; strangers only sent something. */
enum inbox_class { INBOX_PARTNER, INBOX_GUEST, INBOX_STRANGER };

struct waiting {
	int64_t	 id;
	char	*account, *room_id;	/* room_id NULL: to-device. */
	char	*session_id;		/* Megolm session awaited, or NULL. */
	int64_t	 pid;			/* Sender. */
	char	*raw;			/* The event as received. */
	char	*reason;
	int64_t	 at;
	int64_t	 due;			/* To be looked at again then; 0: when what it lacks comes. */
};
/**
 * waiting_add(db, w, patient, ret_lost): w->id is chosen here.  ${ret_lost}: so many that waited were given up for it.
 *   E_REFUSED	past a bound of its sender (the caller rejects instead)
 *   E_LATER	${patient} only: nothing changed, as the item itself or others would have had to be given up
 * waiting_lost(db, ret): how many were given up in the last WAITING_LOST_DAYS, of partners and guests; refused ones count.
 */
enum { WAITING_LOST_DAYS = 30 };
int	waiting_add(struct db *, const struct waiting *, bool patient, int64_t *ret_lost) must_check;
int	waiting_lost(struct db *, int64_t *) must_check;
/**
 * waiting_session / waiting_person / waiting_devices: lists, oldest first; waiting_list_free.  The last is of that person what does not wait
 * for a Megolm session that has not come: that is waiting_session's.  waiting_drop(db, id): 0, E_NOTFOUND.
 */
int	waiting_session(struct db *, const char *room_id, const char *session_id,
	    struct waiting **, size_t *) must_check;
int	waiting_person(struct db *, int64_t pid, struct waiting **, size_t *) must_check;
int	waiting_devices(struct db *, int64_t pid, struct waiting **, size_t *) must_check;
/** waiting_due(db, now, limit, ret, ret_n): what is to be looked at again now. waiting_next: when the next is, or INT64_MAX. */
int	waiting_due(struct db *, int64_t now, int64_t limit, struct waiting **, size_t *) must_check;
int64_t	waiting_next(struct db *);
void	waiting_list_free(struct waiting *, size_t);
int	waiting_drop(struct db *, int64_t id) must_check;

/** waiting_because(db, id, reason): another reason for what waits. 0, E_NOTFOUND. */
int	waiting_because(struct db *, int64_t id, const char *reason) must_check;

/* Why a sender withheld a session's key, in its own word: the newest WITHHELD_SENDER of one, WITHHELD_MAX of all. */
enum { WITHHELD_SENDER = 100, WITHHELD_MAX = 5000 };
int	withheld_put(struct db *, int64_t pid, const char *room_id, const char *session_id, const char *code) must_check;
/** withheld_get: 0 and a code, which the caller frees; E_NOTFOUND. */
int	withheld_get(struct db *, int64_t pid, const char *room_id, const char *session_id, char **) must_check;

/**
 * rejected_add(db, account, room_id, pid, what, raw, reason, at): ${what} names the thing among its sender's, and may quote it: one that is
 * there already is counted, with the new reason.  NULL: it cannot come again.
 * rejected_taken(db, pid, what): it was taken after all: it is on the list no more.
 */
int	rejected_add(struct db *, const char *account, const char *room_id, int64_t pid, const char *what,
	    const char *raw, const char *reason, int64_t at) must_check;
int	rejected_taken(struct db *, int64_t pid, const char *what) must_check;
/** inbox_counts(db, ret_waiting, ret_rejected). waiting_each and rejected_each(db, limit, fn),
 * newest first: fn(cookie, id, room_id or NULL, reason, at, times): when it came last, and how often it came. */
typedef int (*inbox_fn)(void *, int64_t, const char *, const char *, int64_t, int64_t);
int	inbox_counts(struct db *, int64_t *, int64_t *) must_check;
int	waiting_each(struct db *, int limit, inbox_fn, void *) must_check;
int	rejected_each(struct db *, int limit, inbox_fn, void *) must_check;

#endif /* !CAIRN_INBOX_H */
