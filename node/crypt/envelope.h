/* SPDX-License-Identifier: Apache-2.0 */
/*
 * envelope: what is said is opened here and sealed here.
 *
 * Inbound: Olm to-device events and Megolm room events with every check of the
 * Matrix specification (1.15, corrected in 1.19) and a durable replay table.
 * Outbound: a room event goes query, claim, share, shared, encrypted; each arrow
 * is a committed step and no ratchet position is ever used twice.
 */
#ifndef CAIRN_ENVELOPE_H
#define CAIRN_ENVELOPE_H

#include <jansson.h>

#include "crypt.h"
#include "store/outbox.h"

enum {
	ENVELOPE_PLAIN_MAX	= 44 * 1024,	/* Bytes of a sealed event's plaintext. */
	ENVELOPE_MESSAGES	= 100,		/* Rotation: events of one session ... */
};
#define ENVELOPE_PERIOD	(7 * 24 * 3600 * 1000LL)	/* ... and its age. */

#define ENVELOPE_LANE	"todevice"
#define ENVELOPE_SHARE	"share"		/* Purpose of rows that carry room keys. */
#define ENVELOPE_DUMMY	"dummy"		/* Purpose of rows that mend an Olm session, ref is whose, a pid; their answer needs nothing. */

/* Always filled in by the call (as far as known) and always safe to free. */
struct opened {
	char	*type;		/* Inner type. */
	json_t	*content;	/* Inner content. */
	char	*sender;
	int64_t	 pid;		/* Of sender. */
	char	*device_id;	/* Of the device that sent it, as listed by its owner. */
	bool	 trusted;	/* That device is eligible (keys.h) now. */
	char	*room_id;	/* Room event: its room.  m.room_key: the key's. */
	char	*session_id;	/* Room event: its session.  m.room_key: the key's. */
	uint32_t index;		/* Room event: position in the session. */
	char	*state_key;	/* Inner; NULL: not a state event. */
	char	*packed_key;	/* Outer state_key ("type:state_key"), or NULL. */
	bool	 replaces;	/* The clear outer content calls it an edit (m.replace). */
};
void	opened_free(struct opened *);
#define autoopened __attribute__((cleanup(opened_free)))

/* So long a device may be missing in the list of its owner: a homeserver may show an old one. */
#define ENVELOPE_UNLISTED_MS	(24 * 3600 * 1000LL)

/**
 * envelope_open_todevice(c, event, received, ret, reterr): one to-device event,
 * first received at ${received} (ms; for a waiting item, then, not now).
 *   0		decrypted and checked.  m.room_key has been stored (room_id and
 *		session_id tell which waiting events to try again); m.dummy needs
 *		nothing (in a fresh session it has the keys go again to its sender);
 *		any other type is for the caller.
 *   E_LATER	the sender's device is not known yet; the user (ret->pid) is now
 *		outdated, unless asked about since.  Keep the event; try again after
 *		keys_query_answer, and ENVELOPE_UNLISTED_MS after ${received}.
 *   E_EXISTS	this very message was taken before.
 *   E_REFUSED	never acceptable; the text says why.  Also for what arrives in
 *		clear.  If the session is broken, mending it has been prepared.
 */
int	envelope_open_todevice(struct crypt *, const json_t *event, int64_t received,
	    struct opened *, struct err *) must_check;

/** envelope_known(c, room_id, event): was this very event opened before?  0 or E_NOTFOUND; opens nothing. */
int	envelope_known(struct crypt *, const char *room_id, const json_t *event) must_check;

/**
 * envelope_open_event(c, room_id, event, ret, reterr): one m.room.encrypted
 * event of a room, timeline or state.
 *   0		decrypted, checked and noted as seen.
 *   E_LATER	the sender gave no such session (ret->session_id) yet; keep the event.
 *   E_EXISTS	the same event was opened before.
 *   E_REFUSED	never acceptable: replay, wrong room, malformed, ...
 * A state event has packed_key and state_key both; that packed_key equals
 * type:state_key has been checked, as has that the type is not one of those
 * that servers must read (m.room.member, ...).  Owner and role are the caller's.
 */
int	envelope_open_event(struct crypt *, const char *room_id, const json_t *event,
	    struct opened *, struct err *) must_check;

/** envelope_foreign(c, opened): is it an event of a session of our own, at a position that this database did not use?  0, E_NOTFOUND. */
int	envelope_foreign(struct crypt *, const struct opened *) must_check;

/** envelope_again(c, opened): that event is to be opened once more, later: as if it had not been. */
int	envelope_again(struct crypt *, const struct opened *) must_check;

/** envelope_signed(c, event): may the device that made the event's session have keys?  0; E_LATER not yet; E_NOTFOUND: no such session. */
int	envelope_signed(struct crypt *, const json_t *event) must_check;

/** envelope_turn(c, events): a turn begins; its seal steps, of so many events, and its share step divide one budget. */
void	envelope_turn(struct crypt *, size_t);

/**
 * envelope_seal_step(c, row, reterr): one bounded step towards encrypting the
 * OUT_EVENT ${row} (state NEW, in an encrypted room).
 *   0		the row is READY (outbox_ready).
 *   E_EXISTS	progress was made; call again next turn.
 *   E_LATER	waits: for /keys/query, /keys/claim or a share to be answered, until it is
 *		known who is in the room (unsure_has), or for somebody to read it (the text says;
 *		envelope_blocked too).
 *   E_REFUSED	cannot be sealed: room unknown or not encrypted, too long.
 */
int	envelope_seal_step(struct crypt *, const struct out *, struct err *) must_check;

/** envelope_unreadable(c, room_id): all is known of who is in the room, and none of their devices may have keys.  0 or E_NOTFOUND. */
int	envelope_unreadable(struct crypt *, const char *room_id) must_check;

/** envelope_blocked(c, room_id, ret): why the room's next event waits, one sentence the caller frees; 0 or E_NOTFOUND. */
int	envelope_blocked(struct crypt *, const char *room_id, char **) must_check;

/* The next event of the room uses a fresh session: on request, or because a
 * member left, was kicked or banned (a non-join in a limited sync counts). */
int	envelope_rotate(struct crypt *, const char *room_id) must_check;
/* 0 if it will: somebody may have the present one's key who may not any more.  E_NOTFOUND. */
int	envelope_rotates(struct crypt *, const char *room_id) must_check;
int	envelope_member_left(struct crypt *, const char *room_id, int64_t pid) must_check;

/**
 * Rows of purpose ENVELOPE_SHARE:
 * envelope_share_check(c, ref): before each send: 0, or E_REFUSED if a device in
 * it may no longer have the key, or it is not known who is in the room; then the row
 * has been voided and its shares will be made anew, when that is known, without that device.
 * envelope_shared(c, ref): answered 200.  envelope_sharing(c, ref): 0 if others of its
 * session are still on their way, so that who waits for all need not look yet; E_NOTFOUND.
 * envelope_unshared(c, ref): given up
 * (outbox_fail); its devices get the key again in a later row.
 */
int	envelope_share_check(struct crypt *, const char *ref) must_check;
int	envelope_shared(struct crypt *, const char *ref) must_check;
int	envelope_sharing(struct crypt *, const char *ref) must_check;
int	envelope_unshared(struct crypt *, const char *ref) must_check;

/**
 * envelope_share_history(c, room_id, pid): the user newly on the roster of a
 * directory room is to get the first key of every session of that room.
 * envelope_share_step(c): one bounded step of all such work and of mending Olm
 * sessions.  0 nothing to do; E_EXISTS progress; E_LATER waits for a query or claim.
 */
int	envelope_share_history(struct crypt *, const char *room_id, int64_t pid) must_check;
int	envelope_share_step(struct crypt *) must_check;

#endif /* !CAIRN_ENVELOPE_H */
