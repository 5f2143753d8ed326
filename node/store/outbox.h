/* SPDX-License-Identifier: Apache-2.0 */
/*
 * outbox: every request to be made that must survive a crash, one row each.
 *
 *   event     a room event; NEW until its ciphertext (or, in a room without
 *             encryption, its body) is committed, then READY
 *   todevice  ciphertexts for devices; READY at once
 *   call      any other request; READY at once
 *
 * Rows of one lane go out one at a time in order of id; a row leaves when its
 * answer has been committed.  The transaction id is chosen at insert and kept.
 */
#ifndef CAIRN_OUTBOX_H
#define CAIRN_OUTBOX_H

#include <jansson.h>

#include "db.h"

enum out_kind { OUT_EVENT = 1, OUT_TODEVICE, OUT_CALL };
enum out_state { OUT_NEW = 1, OUT_READY, OUT_FAILED };

struct out {
	int64_t	 id;
	enum out_kind kind;
	enum out_state state;
	char	*account;	/* "node", "steward" or "" (no token). */
	char	*lane;
	char	*purpose;	/* Who handles the answer: a key of app/calls. */
	char	*ref;		/* What the purpose needs: a content id, room tag, ...; or NULL. */
	char	*room_id;	/* Events. */
	char	*type;		/* Events and todevice: the (inner) event type. */
	char	*state_key;	/* NULL: not a state event; sealed at rest. */
	char	*content;	/* Events: inner content as JSON text, sealed at rest. */
	char	*method, *path;	/* What goes out; NULL while NEW.  Path may hold no secret. */
	char	*body;		/* Bytes that go out, sealed at rest; NULL: none. */
	char	*txn;
	int64_t	 attempts, due, created;
	int64_t	 first_try;	/* Since when it may have left: an event, since it is READY. */
	int64_t	 mark;		/* The first mark of the epoch that speaks of it; of a NEW row it means nothing. */
	char	*error;		/* OUT_FAILED: what the server said; sealed at rest. */
};

/** outbox_event(db, account, room, type, state_key, content, purpose, ref, ret_id): a NEW event; lane = room. */
int	outbox_event(struct db *, const char *account, const char *room_id, const char *type,
	    const char *state_key, const json_t *content, const char *purpose, const char *ref,
	    int64_t *ret_id) must_check;
/** outbox_call(db, account, lane, method, path, body, purpose, ref): body may be NULL. */
int	outbox_call(struct db *, const char *account, const char *lane, const char *method,
	    const char *path, const json_t *body, const char *purpose, const char *ref) must_check;
/** outbox_todevice(db, lane, type, body, purpose, ref, ret_id): PUT /sendToDevice/TYPE/TXN with the JSON text ${body} ({"messages": ...}). */
int	outbox_todevice(struct db *, const char *lane, const char *type, const char *body,
	    const char *purpose, const char *ref, int64_t *ret_id) must_check;

/**
 * outbox_due(db, now, limit, ret, ret_n): the heads of all lanes with due <= now
 * and state NEW or READY, the longest due first.  outbox_heads: without their bodies, which may be
 * large and are wanted only when they leave.  outbox_list_free releases.  outbox_next(db, now): the
 * earliest due time of a head after ${now}, or INT64_MAX.
 */
int	outbox_due(struct db *, int64_t now, size_t limit, struct out **, size_t *) must_check;
int	outbox_heads(struct db *, int64_t now, size_t limit, struct out **, size_t *) must_check;
void	outbox_list_free(struct out *, size_t);
int64_t	outbox_next(struct db *, int64_t now);

int	outbox_get(struct db *, int64_t id, struct out *) must_check;	/* 0, E_NOTFOUND */
void	outbox_free(struct out *);
/* These return E_NOTFOUND if there is no such row in a state that allows it. */
/** outbox_ready(db, id, method, path, body): NEW -> READY with the exact bytes. */
int	outbox_ready(struct db *, int64_t id, const char *method, const char *path, const char *body) must_check;
/** outbox_rebody(db, id, body): a READY call is to be made with another body, at once; its attempts still count. */
int	outbox_rebody(struct db *, int64_t id, const json_t *body) must_check;
/** outbox_renew(db, id): READY event -> NEW with a fresh txn (voided ciphertext, or older than 24 h). */
int	outbox_renew(struct db *, int64_t id) must_check;
/** outbox_tried(db, id, now, due): one more attempt; not before ${due}. */
int	outbox_tried(struct db *, int64_t id, int64_t now, int64_t due) must_check;
int	outbox_later(struct db *, int64_t id, int64_t due) must_check;	/* Without counting an attempt. */
/** outbox_wake(db, lane or NULL for all): NEW rows that were put off are due again: what they wait for may have come. */
int	outbox_wake(struct db *, const char *lane) must_check;
int	outbox_done(struct db *, int64_t id) must_check;		/* Delete. */
int	outbox_fail(struct db *, int64_t id, const char *error) must_check;
/** outbox_void(db, purpose, ref): delete all that is unanswered or failed for it. */
int	outbox_void(struct db *, const char *purpose, const char *ref) must_check;
/** outbox_void_each(db, purpose, whole): the same for each ref "WHOLE/PART". */
int	outbox_void_each(struct db *, const char *purpose, const char *whole) must_check;
int	outbox_void_kind(struct db *, enum out_kind) must_check;
int	outbox_forget(struct db *, const char *purpose, const char *ref) must_check;	/* Only the failed. */
/** outbox_count(db, state, ret). outbox_pending(db, purpose, ref): 0 if a live row exists, E_NOTFOUND. */
int	outbox_count(struct db *, enum out_state, int64_t *) must_check;
/** outbox_due_count(db, purpose, now, ret): live rows of it that may leave. */
int	outbox_due_count(struct db *, const char *purpose, int64_t now, int64_t *) must_check;
int	outbox_pending(struct db *, const char *purpose, const char *ref) must_check;
/** outbox_may_have_left(db, purpose, ref): 0 if a live row was tried, E_NOTFOUND. */
int	outbox_may_have_left(struct db *, const char *purpose, const char *ref) must_check;
/** outbox_failed(db, purpose, ref): 0 if the server refused one for good, E_NOTFOUND. */
int	outbox_failed(struct db *, const char *purpose, const char *ref) must_check;
/** outbox_each(db, state, fn, cookie): for doctor; by id. */
int	outbox_each(struct db *, enum out_state, int (*)(void *, const struct out *), void *) must_check;

#endif /* !CAIRN_OUTBOX_H */
