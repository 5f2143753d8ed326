/* SPDX-License-Identifier: Apache-2.0 */
/*
 * referral: what may happen to a referral, by whom, and what it obliges to.
 *
 * Pure: no I/O, no clock, no allocation.  Source and target each hold a copy
 * of the referral and apply the same inputs to it; a step says only what the
 * own side owes.  The caller stores the new value and turns effects into
 * outbox rows in the same transaction.
 *
 *     draft ─► sent ─► received ─► accepted ─► contacting ─► engaged ─► closed
 *                          └─► ended (declined)     └─► scheduled ─┘
 *
 * The first request identifies nobody, so draft goes to sent without consent.
 * Consent is an input once accepted; its effect is the disclosure, and a later
 * one renews it.  The whole table is in referral.c; an absent row refuses.  How
 * steps made on both sides at once are put in one order: path.h.
 */
#ifndef CAIRN_REFERRAL_H
#define CAIRN_REFERRAL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

/* Name in code, name on the wire and in the database. */
#define REFERRAL_STATES(X)						\
	X(DRAFT, "draft") X(CONSENT_PENDING, "consent_pending")		\
	X(SENT, "sent") X(RECEIVED, "received")				\
	X(INFO_REQUESTED, "info_requested") X(WAITLISTED, "waitlisted")	\
	X(ACCEPTED, "accepted") X(CONTACTING, "contacting")		\
	X(SCHEDULED, "scheduled") X(ENGAGED, "engaged")			\
	X(PAUSED, "paused") X(FORWARDED, "forwarded")			\
	X(CLOSED, "closed") X(ENDED, "ended")

#define REFERRAL_INPUTS(X)						\
	X(ASK_CONSENT, "ask_consent")	/* Ask the member before sending. */	\
	X(SEND, "send")			/* The request leaves; until then nothing does. */ \
	X(RECEIVE, "receive")		/* It arrived; to the source: it was acknowledged. */ \
	X(ACCEPT, "accept") X(DECLINE, "decline")				\
	X(WAITLIST, "waitlist")		/* On the list already: it was reviewed. */ \
	X(ASK_INFO, "ask_info") X(GIVE_INFO, "give_info")			\
	X(FORWARD, "forward")		/* To a third program, as a new referral. */ \
	X(CONSENT, "consent")		/* The member's; the disclosure follows. */ \
	X(CONTACT, "contact")		/* An attempt to reach the member. */	\
	X(SCHEDULE, "schedule")							\
	X(NO_SHOW, "no_show")		/* Or the meeting was called off. */	\
	X(ENGAGE, "engage")		/* First contact succeeded; later: interim news. */ \
	X(PAUSE, "pause") X(RESUME, "resume")					\
	X(CLOSE, "close")		/* With an outcome. */			\
	X(FAIL, "fail")			/* Lost contact, or an error. */	\
	X(WITHDRAW, "withdraw")							\
	X(CONFIRM, "confirm")		/* The target agrees to a late withdrawal. */ \
	X(REVOKE, "revoke")		/* The member takes the consent back. */ \
	X(EXPIRE, "expire")		/* The clock ran out. */		\
	X(REOPEN, "reopen")		/* Begins another leg. */		\
	X(MISTAKE, "mistake")		/* It should never have been entered. */

#define REFERRAL_ACTORS(X)						\
	X(SOURCE, "source") X(TARGET, "target")				\
	X(MEMBER, "member")						\
	X(WARDEN, "warden")		/* Each node's own timer. */

/* How a referral in state ENDED ended. */
#define REFERRAL_ENDS(X)						\
	X(NONE, "none")							\
	X(DECLINED, "declined") X(WITHDRAWN, "withdrawn")		\
	X(CONSENT_REVOKED, "consent_revoked") X(EXPIRED, "expired")	\
	X(FAILED, "failed") X(MISTAKEN, "entered_in_error")

/* How somebody was tried to be reached; a failure needs two ways. */
#define REFERRAL_CHANNELS(X)						\
	X(UNKNOWN, "unknown") X(PHONE, "phone") X(SMS, "sms")		\
	X(EMAIL, "email") X(MATRIX, "matrix") X(POST, "post")		\
	X(IN_PERSON, "in_person")

/* A decline has one of these, a close one of those. */
#define REFERRAL_REASONS(X)						\
	X(NO_CAPACITY, "no_capacity") X(NOT_ELIGIBLE, "not_eligible")	\
	X(OUT_OF_AREA, "out_of_area") X(LANGUAGE, "language")		\
	X(CONFLICT_OF_INTEREST, "conflict_of_interest")			\
	X(SAFETY, "safety") X(SCOPE, "scope") X(DUPLICATE, "duplicate")	\
	X(INCOMPLETE, "incomplete") X(OTHER, "other")

#define REFERRAL_OUTCOMES(X)						\
	X(CONNECTED, "connected") X(ENROLLED, "enrolled")		\
	X(ATTENDED, "attended") X(GOT_HELP, "got_help")		\
	X(PARTLY_HELPED, "partly_helped")				\
	X(DID_NOT_GET_HELP, "did_not_get_help")				\
	X(NOT_ELIGIBLE, "not_eligible") X(NO_CAPACITY, "no_capacity")	\
	X(COULD_NOT_CONTACT, "could_not_contact")			\
	X(MEMBER_DECLINED, "member_declined")				\
	X(REFERRED_ELSEWHERE, "referred_elsewhere")			\
	X(CRISIS_ESCALATED, "crisis_escalated") X(MOVED, "moved")	\
	X(DECEASED, "deceased") X(DUPLICATE, "duplicate")

#define X(name, text) REFERRAL_##name,
enum referral_state { REFERRAL_STATES(X) REFERRAL_NSTATES };
#undef X
#define X(name, text) REFERRAL_IN_##name,
enum referral_input { REFERRAL_INPUTS(X) REFERRAL_NINPUTS };
#undef X
#define X(name, text) REFERRAL_BY_##name,
enum referral_actor { REFERRAL_ACTORS(X) REFERRAL_NACTORS };
#undef X
#define X(name, text) REFERRAL_END_##name,
enum referral_end { REFERRAL_ENDS(X) REFERRAL_NENDS };
#undef X
#define X(name, text) REFERRAL_VIA_##name,
enum referral_channel { REFERRAL_CHANNELS(X) REFERRAL_NCHANNELS };
#undef X
#define X(name, text) REFERRAL_WHY_##name,
enum referral_reason { REFERRAL_REASONS(X) REFERRAL_NREASONS };
#undef X
#define X(name, text) REFERRAL_GOT_##name,
enum referral_outcome { REFERRAL_OUTCOMES(X) REFERRAL_NOUTCOMES };
#undef X

enum referral_side { REFERRAL_AT_SOURCE, REFERRAL_AT_TARGET };

/* What the own side owes after a step; each is an outbox row or a prompt. */
enum referral_effect {
	/* Owed by the source; sends only when it (or its member) acted. */
	REFERRAL_SEND_REQUEST		= 1 << 0,	/* Coarse fields, pseudonym. */
	REFERRAL_SEND_INFO		= 1 << 1,	/* The answer to ask_info. */
	REFERRAL_SEND_DISCLOSURE	= 1 << 2,	/* What the consent covers, with notice. */
	REFERRAL_SEND_CHANGE		= 1 << 3,	/* A step of source or member: withdraw, revoke, pause... */
	REFERRAL_ASK_MEMBER		= 1 << 4,	/* Ask the member for consent. */
	/* Owed by both. */
	REFERRAL_STOP_DISCLOSURE	= 1 << 5,	/* Void every unsent disclosure, at once. */
	/* Owed by the target; sends but the acknowledgement only when it acted. */
	REFERRAL_SEND_ACK		= 1 << 6,
	REFERRAL_SEND_ANSWER		= 1 << 7,	/* accept, decline, waitlist, ask_info, forward. */
	REFERRAL_SEND_PROGRESS		= 1 << 8,	/* contact, schedule, engage... */
	REFERRAL_SEND_OUTCOME		= 1 << 9,	/* close or fail. */
	/* Owed by the side that did not act; both when the clock acted. */
	REFERRAL_NOTIFY_STAFF		= 1 << 10,
};

struct referral {
	enum referral_side	side;		/* Whose copy this is. */
	enum referral_state	state;
	enum referral_end	end;		/* NONE unless state is ENDED. */
	enum referral_input	last_input;	/* Meaningful once state is not DRAFT. */
	enum referral_actor	last_actor;
	bool			consented;	/* A consent was given in this leg, and the member has not taken it back or left. */
	bool			disclosed;	/* One was given at some time, in any leg. */
	bool			cancelling;	/* Source withdrew late; target's confirmation is due. */
	unsigned		attempts;	/* To reach the member; FAIL needs three, */
	unsigned		channels;	/* in two ways: a bit for each referral_channel. */
	unsigned		leg;		/* 1; one more each time it is reopened. */
	int64_t			began;		/* When it was sent. */
	int64_t			since;		/* When the last step was made: the clock runs from there. */
	int64_t			heard;		/* When this side had it, by its own clock; no part of what both sides have. */
	int64_t			meets_at;	/* In SCHEDULED: when; 0: not said. */
};

/* One input, with what its conditions look at. */
struct referral_move {
	enum referral_input	input;
	enum referral_actor	actor;
	int64_t			at;		/* The author's clock; one before the step it follows means the time of that. */
	int64_t			heard;		/* The clock of the side whose copy it is. */
	unsigned		leg;		/* That it belongs to; REOPEN: that it begins. */
	enum referral_channel	channel;	/* CONTACT. */
	int64_t			meets_at;	/* SCHEDULE; 0: not said. */
	bool			supervised;	/* MISTAKE: a supervisor agreed. */
};

/**
 * referral_start(side): a draft at the source.  The target starts from the
 * same draft, applies SEND for the request that arrived, then RECEIVE.
 */
struct referral	referral_start(enum referral_side);

/**
 * referral_step(r, move, ret_next, ret_effects):
 * Apply ${move} to ${r}.  0 and both results; E_EXISTS if this
 * input by this actor was the last one applied and cannot be applied again
 * (nothing to do, answer as before); E_REFUSED if the table has no such row or
 * a condition fails.  Unless 0, ${ret_*} are untouched.  ${ret_next} may be ${r}.
 */
int	referral_step(const struct referral *, const struct referral_move *,
	    struct referral *ret_next, unsigned *ret_effects) must_check;

/**
 * referral_may_say(r, by, move): may that side say it?  The member comes from the source, which says what they want; at the
 * target they are known once something was disclosed to it, and what they say there is that they take that back.
 */
bool	referral_may_say(const struct referral *, enum referral_side by, const struct referral_move *);

/**
 * referral_explain_refusal(r, move, reterr): a sentence for a person:
 * what is wrong, in which state, and what could be done instead.
 */
void	referral_explain_refusal(const struct referral *, const struct referral_move *, struct err *);

/** referral_is_open(state): not forwarded, closed or ended. */
bool	referral_is_open(enum referral_state);

/* Whose turn it is in an open state, and what the clock does. */
struct referral_clock {
	enum referral_actor	owner;
	int64_t			remind_ms;	/* After so long in the state, and again each time. */
	int64_t			expire_ms;	/* Then EXPIRE by WARDEN; 0: never. */
	const char		*owes;		/* "answer the request" */
	const char		*then;		/* What happens if not, for people. */
};

/** referral_clock(r): borrowed; NULL when the referral is not open. */
const struct referral_clock *referral_clock(const struct referral *);

/**
 * referral_waiting(r, reminded): does anybody wait for our staff, who also ask our member; or for somebody else who is late?  Ours is what
 * is owed within days, and what they were reminded of; not that support goes on, or a meeting is to come.
 */
enum referral_waiting { REFERRAL_WAITS_NOT, REFERRAL_WAITS_FOR_US, REFERRAL_WAITS_LATE };
enum referral_waiting referral_waiting(const struct referral *, bool reminded);

/**
 * referral_remind_at(r, n): when staff are reminded for the ${n}-th time, from 1: from the last step, or
 * the meeting, on; a request is answered within business days.  referral_expire_at(r): when EXPIRE may come, and the time that it has:
 * on both sides the same.  referral_strike_at(r): when this side lets it come: a step's date is its author's word, so nobody's
 * time is over before they have had all of it since they heard of the step (docs/adr/0031).  INT64_MAX: never.
 */
int64_t	referral_remind_at(const struct referral *, unsigned);
int64_t	referral_expire_at(const struct referral *);
int64_t	referral_strike_at(const struct referral *);

/**
 * referral_wins(a, b): two inputs were applied to the same earlier state, one
 * on each side.  True if ${a} wins: a member's ending, then revocation, target,
 * member, source, warden; then the lower content id (compared as bytes).  The
 * same on both sides; never by event id, time or order of arrival.
 */
struct referral_claim {
	enum referral_input	input;
	enum referral_actor	actor;
	const char		*id;		/* Our own content id. */
};
bool	referral_wins(const struct referral_claim *, const struct referral_claim *);

/* referral_rank(claim): its place in that order, from 0 on; the first two are a member's. */
enum { REFERRAL_RANK_LEAVE, REFERRAL_RANK_REVOKE, REFERRAL_RANK_OTHER };
unsigned referral_rank(const struct referral_claim *);

/* Wire names; never NULL.  Parsers: 0, or E_BAD for a name not in the list. */
const char *referral_state_name(enum referral_state);
const char *referral_input_name(enum referral_input);
const char *referral_actor_name(enum referral_actor);
const char *referral_end_name(enum referral_end);
const char *referral_reason_name(enum referral_reason);
const char *referral_outcome_name(enum referral_outcome);
const char *referral_channel_name(enum referral_channel);
int	referral_state_parse(const char *, enum referral_state *) must_check;
int	referral_input_parse(const char *, enum referral_input *) must_check;
int	referral_actor_parse(const char *, enum referral_actor *) must_check;
int	referral_end_parse(const char *, enum referral_end *) must_check;
int	referral_reason_parse(const char *, enum referral_reason *) must_check;
int	referral_outcome_parse(const char *, enum referral_outcome *) must_check;
int	referral_channel_parse(const char *, enum referral_channel *) must_check;

#endif /* !CAIRN_REFERRAL_H */
