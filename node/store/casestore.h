/* SPDX-License-Identifier: Apache-2.0 */
/*
 * casestore: referrals and the traffic between two nodes.  Everything about a member is sealed.
 */
#ifndef CAIRN_CASESTORE_H
#define CAIRN_CASESTORE_H

#include "db.h"
#include "domain/path.h"

struct case_row {
	char	*id;		/* Referral id, the same on both sides. */
	char	*org;		/* The partner. */
	struct referral r;	/* The machine; each member a column, states by name. */
	char	*request;	/* JSON of the request content; sealed. */
	char	*disclosure;	/* JSON of the disclosure content or NULL; sealed. */
	char	*outcome;	/* Last outcome's JSON or NULL; sealed. */
	char	*reason;	/* Why it ended, or NULL. */
	int64_t	 created, updated;
	int64_t	 clock_due;	/* When staff are to be reminded, or the clock strikes; 0: never. */
	int64_t	 reminded;	/* How often they were, since the last step. */
	char	*part_of;	/* The referral that was forwarded as this one, or NULL. */
};
int	case_put(struct db *, const struct case_row *) must_check;
int	case_get(struct db *, const char *id, struct case_row *) must_check;
int	case_each(struct db *, int (*)(void *, const struct case_row *), void *) must_check;	/* Newest first. */
void	case_free(struct case_row *);

/** case_due(db, now, limit, fn, cookie): those whose clock_due has come.  case_next_due: the earliest, or INT64_MAX. */
int	case_due(struct db *, int64_t now, int64_t limit, int (*)(void *, const struct case_row *), void *) must_check;
int64_t	case_next_due(struct db *);
/**
 * case_lost_each(db, id or NULL for all, fn, cookie): id and organization of those that cannot be read, since keys.db is
 * older than they are: nothing else finds them, no clock of theirs strikes, and none of their contents is sent.
 */
int	case_lost_each(struct db *, const char *id, int (*)(void *, const char *id, const char *org), void *) must_check;
/** case_old_each(db, fn, cookie): the same of those under way that version 3 began: they can be read, and cannot go on. */
int	case_old_each(struct db *, int (*)(void *, const char *id, const char *org), void *) must_check;
int	case_overdue(struct db *, int64_t *) must_check;	/* How many staff were reminded of. */
int	case_children(struct db *, const char *id, int (*)(void *, const struct case_row *), void *) must_check;

/**
 * case_tells(db, id, ret_until, ret_from): until when the consent lets us tell the source (0: it does not), and below which
 * number no news is taken.  E_NOTFOUND.  case_tells_until, case_takes_from (which never falls): set them.
 */
int	case_tells(struct db *, const char *id, int64_t *ret_until, int64_t *ret_from) must_check;
int	case_tells_until(struct db *, const char *id, int64_t) must_check;
int	case_takes_from(struct db *, const char *id, int64_t) must_check;

/**
 * case_page(db, after, limit, fn, cookie): so many of our own that are open and were answered, behind number ${after}, which becomes that of the
 * last; unchanged: there are no more.  case_asked, case_asked_put: of which step or meeting, and of which end of a consent the member was asked.
 */
int	case_page(struct db *, int64_t *after, int64_t limit, int (*)(void *, const struct case_row *), void *) must_check;
int	case_asked(struct db *, const char *id, int64_t *ret_at, int64_t *ret_until) must_check;
int	case_asked_put(struct db *, const char *id, int64_t at, int64_t until) must_check;

/**
 * case_ring(db, id, how): staff are to be told of it; CASE_RING_NOT: no more.  case_rings(db, ret): how, of all.  case_told(db, line): they
 * were told of each, by the line of that time; case_told_of(db, line): were they told of any since then that is as it was, or is one to be told of?  0, E_NOTFOUND.
 */
enum case_ring { CASE_RING_NOT, CASE_RING, CASE_RING_URGENT };
int	case_ring(struct db *, const char *id, enum case_ring) must_check;
int	case_rings(struct db *, enum case_ring *) must_check;
int	case_told(struct db *, int64_t line) must_check;
int	case_told_of(struct db *, int64_t line) must_check;

/** case_turns(db, fn, cookie): those under way and those that ring, ${n} that are alike at a time. */
struct case_turn {
	struct referral	 r;		/* Only side, state, consented and cancelling. */
	bool		 reminded;
	enum case_ring	 ring;
	int64_t		 n, oldest;	/* oldest: since when the first of them is so. */
};
int	case_turns(struct db *, int (*)(void *, const struct case_turn *), void *) must_check;

/* Its steps, in the order in which they came; which of them count says path.h. */
struct step_row {
	struct path_step step;	/* meets_at, channel and supervised are in the content. */
	int64_t	 recorded;
	char	*content;	/* JSON or NULL; sealed. */
	bool	 waits;		/* For the one that it was made on. */
};
/** step_put(db, referral, step): an id counts once.  step_has(db, referral, id): 0: it is taken, be it by one that is apart; E_NOTFOUND. */
int	step_put(struct db *, const char *referral, const struct step_row *) must_check;
int	step_has(struct db *, const char *referral, const char *id) must_check;
/**
 * step_list(db, referral, ret, ret_n): all; the caller frees.  step_apart(db, referral, id): that one is of the tree no more;
 * step_list_apart: those.  step_forget: that one is of it, without its content.
 */
int	step_list(struct db *, const char *referral, struct step_row **, size_t *) must_check;
int	step_list_apart(struct db *, const char *referral, struct step_row **, size_t *) must_check;
int	step_apart(struct db *, const char *referral, const char *id) must_check;
int	step_forget(struct db *, const char *referral, const char *id) must_check;
/**
 * step_waits_no_more(db, referral, id): what it waited for has come.  step_waiting(db, org, ret): how many wait in referrals with that partner, those by which a
 * member leaves or revokes not counted.  step_waiting_long(db, before, ret, ret_one): in how many referrals any waits that came before, and the id of one (NULL: none).
 * step_waiting_oldest(db, before, ret_referral, ret_id): one that came before, by which nobody leaves or revokes; 0, E_NOTFOUND.  The caller frees.  step_drop: it is forgotten.
 */
int	step_waits_no_more(struct db *, const char *referral, const char *id) must_check;
int	step_waiting(struct db *, const char *org, int64_t *) must_check;
int	step_waiting_long(struct db *, int64_t before, int64_t *, char **ret_one) must_check;
int	step_waiting_oldest(struct db *, int64_t before, char **ret_referral, char **ret_id) must_check;
int	step_drop(struct db *, const char *referral, const char *id) must_check;
/** step_old_each(db, referral, fn, cookie): the history of one that version 3 began, oldest first; names as they were. */
struct step_old {
	int64_t		 at;
	const char	*actor, *input, *from, *to;
};
int	step_old_each(struct db *, const char *referral, int (*)(void *, const struct step_old *), void *) must_check;
void	step_list_free(struct step_row *, size_t);

/* Traffic: what we sent and its acknowledgement; what we received, by number. */
struct traffic {
	char	*content_id, *org, *referral, *type;
	int64_t	 seq;
	char	*content;	/* JSON; sealed; NULL once acknowledged. */
	int64_t	 sent_at, acked_at, resend_at, tries;
	int64_t	 refused;	/* Why the partner said that it does not take it (schemas/referral.refused.json); 0: it did not say so. */
};
/** traffic_seq(db, org, by, ret): the next number for ${org}, higher by ${by} than the last (stored). */
int	traffic_seq(struct db *, const char *org, int64_t by, int64_t *) must_check;
int	traffic_put(struct db *, const struct traffic *) must_check;
int	traffic_get(struct db *, const char *content_id, struct traffic *) must_check;
/**
 * traffic_due(db, now, limit, ret, n): unacknowledged with 0 < resend_at <= now, and nothing said
 * earlier of the same referral is: that holds it up, but not once it is silent (below).
 * traffic_next(db): earliest resend_at of these or INT64_MAX.
 */
int	traffic_due(struct db *, int64_t, size_t, struct traffic **, size_t *) must_check;
int64_t	traffic_next(struct db *);
/**
 * traffic_silent(db, referral or NULL for all, ret_silent, ret_stopped): how many were handed to the
 * homeserver TRAFFIC_SILENT times, which takes about an hour, and are not acknowledged; and how many
 * never were and are not sent again.
 */
enum { TRAFFIC_SILENT = 7 };
int	traffic_silent(struct db *, const char *referral, int64_t *, int64_t *) must_check;
/** traffic_open(db, org, type, ret): how many of that type are on their way to ${org}. */
int	traffic_open(struct db *, const char *org, const char *type, int64_t *) must_check;
/** traffic_open_each(db, referral, type, fn, cookie): the content ids of that type that may still be sent; the callback may stop or keep them. */
int	traffic_open_each(struct db *, const char *referral, const char *type, int (*)(void *, const char *), void *) must_check;
/** traffic_untold_each(db, referral, type, before, fn, cookie): the content ids of that type, numbered below ${before}, that were not acknowledged. */
int	traffic_untold_each(struct db *, const char *referral, const char *type, int64_t before, int (*)(void *, const char *), void *) must_check;
void	traffic_free(struct traffic *);
void	traffic_list_free(struct traffic *, size_t);

#endif /* !CAIRN_CASESTORE_H */
